"""The engine and the reference model agree, event by event, on random days biased to the edges."""

from __future__ import annotations

from random import Random

import pytest

from engine_world import Wishes, opening_commands
from oracle import Oracle, event_tuple
from paritas.core import engine, invariants, snapshot
from paritas.core.exchange import tables
from paritas.core.lifecycle import Status
from paritas.core.state import State
from paritas.journal import codec
from paritas.model import events
from paritas.model.events import LockEnded

NAMES = {
    Status.WAITING: "waiting",
    Status.SETTLED: "settled",
    Status.REFUSED: "refused",
    Status.CANCELLED: "cancelled",
}


CYCLE_EVENTS = {
    events.CycleOpened,
    events.ObligationSubmitted,
    events.ObligationConfirmed,
    events.ObligationsEnded,
    events.CycleCutOff,
    events.ObligationsSetOff,
    events.CycleCalculated,
    events.CycleShort,
    events.CycleSettled,
    events.CycleLapsed,
}


def assert_same(state: State, oracle: Oracle) -> None:
    assert {n: a.balance_minor for n, a in state.accounts.items()} == {
        n: a.balance for n, a in oracle.accounts.items()
    }
    assert {n: NAMES[Status(s)] for n, s in enumerate(state.statuses) if n} == oracle.status
    assert {n: a.reserved_minor for n, a in state.accounts.items()} == {
        n: a.reserved for n, a in oracle.accounts.items()
    }


@pytest.mark.parametrize("seed", range(90))
def test_engine_agrees_with_the_reference_model(seed: int) -> None:
    random = Random(seed)
    state, oracle, replayed = State(), Oracle(), State()
    wishes = Wishes(random, state)
    opening = opening_commands(governed=seed % 2 == 1, screened=seed >= 60)
    records = []
    for step in range(len(opening) + 400):
        command = opening[step] if step < len(opening) else wishes.next()
        answer = engine.apply(state, command)
        expected = oracle.apply(command)
        assert [event_tuple(e) for e in answer] == expected, (step, command)
        records.append(codec.encode_record(command, answer))
        if step % 25 == 0:
            assert_same(state, oracle)
            assert invariants.check_all(state) == ()
    assert_same(state, oracle)
    assert invariants.check_all(state) == ()
    for recorded_command, recorded_events in codec.decode_records(codec.join_records(records)):
        engine.replay(replayed, recorded_command, recorded_events)
    live = snapshot.dump(state)
    assert snapshot.dump(replayed) == live
    loaded = snapshot.load(live)
    assert snapshot.dump(loaded) == live
    assert invariants.check_all(loaded) == ()
    for _ in range(40):
        command = wishes.next()
        assert [event_tuple(e) for e in engine.apply(loaded, command)] == oracle.apply(command)


def test_random_days_reach_every_kind_of_event() -> None:
    """A property test is worth what it reaches: every event must occur, and often enough."""
    seen: dict[str, int] = {}
    for seed in range(90):
        state = State()
        wishes = Wishes(Random(seed), state)
        for command in opening_commands(governed=seed % 2 == 1, screened=seed >= 60):
            engine.apply(state, command)
        for _ in range(550):
            for event in engine.apply(state, wishes.next()):
                name = type(event).__name__
                key = f"{name} {event.reason}" if hasattr(event, "reason") else name
                seen[key] = seen.get(key, 0) + 1
    # Exchange has random days of its own, in exchange/test_exchange_properties.py.
    # So have cycles.
    exchange = tables.EVOLVERS.keys() | {LockEnded}
    for event_type in engine.EVOLVERS.keys() - exchange - CYCLE_EVENTS:
        count = sum(n for key, n in seen.items() if key.split()[0] == event_type.__name__)
        assert count >= 20, (event_type.__name__, count)
    for reason in ("DU03", "AM01", "AM12", "AM09", "AGNT", "AG01", "AG10", "DT04", "DT05", "TM01"):
        assert seen.get(f"InstructionRefused {reason}", 0) >= 3, reason
    for reason in ("AG01", "DT01", "NARR", "AM04"):
        assert seen.get(f"CommandRefused {reason}", 0) >= 10, reason
    assert seen.get("ChangeFailed AM04", 0) >= 3
    for reason in ("AM04", "AB03", "DT01"):
        assert seen.get(f"QueuedRefused {reason}", 0) >= 3, reason
