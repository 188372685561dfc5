"""A signed request counts once, in bounded memory, across restarts and wrong clocks."""

from __future__ import annotations

from paritas.api.problems import Problem
from paritas.api.replay import AHEAD_S, WINDOW_S, NonceMemory


class Clock:
    def __init__(self, now_s: float = 1_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def running(clock: Clock, **limits: int) -> NonceMemory:
    """Return the memory of a node that began long ago."""
    memory = NonceMemory(clock, **limits)
    clock.now_s += 1000
    return memory


def code(problem: Problem | None) -> str:
    return problem.code if problem else ""


def test_a_nonce_counts_once_for_each_key() -> None:
    clock = Clock()
    memory, now_s = running(clock), int(clock.now_s)
    assert code(memory.take(b"a", "n1", now_s)) == ""
    assert code(memory.take(b"a", "n1", now_s)) == "signature_replayed"
    assert code(memory.take(b"b", "n1", now_s)) == ""
    assert code(memory.take(b"a", "n2", now_s)) == ""


def test_it_is_heard_for_a_minute_and_known_as_long() -> None:
    clock = Clock()
    memory, signed_s = running(clock), int(clock.now_s)
    for age_s in range(WINDOW_S + 200):
        clock.now_s = signed_s + age_s
        is_heard = memory.why_not(signed_s) is None
        assert is_heard == (age_s < WINDOW_S)
        known = memory.take(b"a", "n", signed_s) if is_heard else None
        assert code(known) == ("" if age_s == 0 or not is_heard else "signature_replayed")
        memory.take(b"a", f"other {age_s}", int(clock.now_s))


def test_what_is_forgotten_takes_no_room() -> None:
    clock = Clock()
    memory = running(clock, most=10_000, most_each=10_000)
    for second in range(500):
        clock.now_s += 1
        for n in range(100):
            assert memory.take(b"a", f"{second}-{n}", int(clock.now_s)) is None
    assert memory._count <= 100 * (WINDOW_S + AHEAD_S + 1)
    assert memory._count == sum(
        len(marks) for by_key in memory._by_second.values() for marks in by_key.values()
    )


def test_memory_has_a_bound_for_all_and_for_each() -> None:
    clock = Clock()
    memory = running(clock, most=30, most_each=20)
    now_s = int(clock.now_s)
    given = [code(memory.take(b"a", str(n), now_s)) for n in range(25)]
    assert given == [""] * 20 + ["too_many_requests"] * 5
    given = [code(memory.take(b"b", str(n), now_s)) for n in range(15)]
    assert given == [""] * 10 + ["too_many_requests"] * 5
    clock.now_s += 3 * WINDOW_S
    for _ in range(2 * WINDOW_S):
        clock.now_s += 1
        memory.take(b"c", str(clock.now_s), int(clock.now_s))
    assert memory.take(b"a", "1", int(clock.now_s)) is None


def test_a_clock_may_be_a_little_ahead() -> None:
    clock = Clock()
    memory = running(clock)
    now_s = int(clock.now_s)
    assert memory.why_not(now_s + AHEAD_S) is None
    assert code(memory.why_not(now_s + AHEAD_S + 1)) == "signature_invalid"


def test_after_a_restart_nothing_old_is_heard() -> None:
    """Whatever could have been heard before the start is refused after it, whosever clock is ahead."""
    clock = Clock()
    before = running(clock)
    stopped_s = clock.now_s
    heard = [
        second
        for second in range(int(stopped_s) - 200, int(stopped_s) + 200)
        if before.why_not(second) is None
    ]
    after = NonceMemory(clock)
    for later_s in range(10):
        clock.now_s = stopped_s + later_s
        for second in heard:
            problem = after.why_not(second)
            assert problem is not None
            assert problem.code in ("not_ready", "signature_invalid")
    # Who asks again after the time that the answer says is heard.
    clock.now_s = stopped_s
    problem = after.why_not(int(stopped_s))
    assert problem is not None
    clock.now_s += problem.retry_after_s
    assert after.why_not(int(clock.now_s)) is None
