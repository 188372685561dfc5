"""Any command in any state gives events or a refusal, never an exception; and the laws hold."""

from __future__ import annotations

import typing
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine_world import DAY, HOUR_NS, Wishes, opening_commands
from paritas.core import engine, invariants, snapshot
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model.exchange import AgreementTerms, Conversion, SwapTerms
from paritas.model.instructions import Leg, Part
from paritas.model.screening import Verdict

#: Numbers that name something here, and numbers that cannot.
INTEGERS = st.one_of(
    st.integers(-2, 14),
    st.sampled_from([DAY, DAY + 1, HOUR_NS, 10**18, 10**18 - 1, 2**63 - 1, -(2**63), 2**62]),
)
TEXTS = st.sampled_from(
    ["", "R1", "T1", "INR", "BANK0004XXX", "CBNKINB0XXX", "x" * 500, "\0", "सत्य"]
)
LEGS = st.builds(Leg, INTEGERS, INTEGERS, INTEGERS)
VERDICTS = st.builds(
    Verdict, INTEGERS, INTEGERS, st.integers(0, 2), st.sampled_from([b"", b"x" * 32])
)
BY_TYPE: dict[object, st.SearchStrategy[object]] = {
    int: INTEGERS,
    str: TEXTS,
    bytes: st.sampled_from([b"", b"x" * 32]),
    bool: st.booleans(),
    Leg: LEGS,
    tuple[Leg, ...]: st.lists(LEGS, max_size=4).map(tuple),
    tuple[Part, ...]: st.lists(st.builds(Part, INTEGERS, INTEGERS), max_size=4).map(tuple),
    tuple[int, ...]: st.lists(INTEGERS, max_size=6).map(tuple),
    tuple[int, int]: st.tuples(INTEGERS, INTEGERS),
    tuple[str, ...]: st.lists(TEXTS, max_size=2).map(tuple),
    Conversion | None: st.none() | st.builds(Conversion, INTEGERS, TEXTS),
    tuple[bytes, ...]: st.just(()),
    tuple[Verdict, ...]: st.lists(VERDICTS, max_size=3).map(tuple),
}
BY_TYPE[c.AnyChange] = st.deferred(
    lambda: st.one_of([any_of(kind) for kind in typing.get_args(c.AnyChange)])
)


def _terms(kind: type) -> st.SearchStrategy[object]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, *(BY_TYPE[hints[name]] for name in kind.__struct_fields__))


BY_TYPE[AgreementTerms] = _terms(AgreementTerms)
BY_TYPE[SwapTerms] = _terms(SwapTerms)


def any_of(kind: type[c.Command]) -> st.SearchStrategy[c.Command]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, *(BY_TYPE[hints[name]] for name in kind.__struct_fields__))


ANY_COMMAND = st.one_of([any_of(kind) for kind in typing.get_args(c.AnyCommand)])


@settings(max_examples=400)
@given(st.lists(ANY_COMMAND, max_size=25), st.integers(0, 20))
def test_no_command_makes_the_engine_raise(wild: list[c.Command], seed: int) -> None:
    state = State()
    wishes = Wishes(Random(seed), state)
    for command in opening_commands(governed=seed % 2 == 1):
        engine.apply(state, command)
    for _ in range(30):
        engine.apply(state, wishes.next())
    for command in wild:
        encoded = msgspec.msgpack.encode(command)
        assert msgspec.msgpack.decode(encoded, type=c.AnyCommand) == command
        engine.apply(state, typing.cast(c.AnyCommand, command))
    assert invariants.check_all(state) == ()
    dumped = snapshot.dump(state)
    assert snapshot.dump(snapshot.load(dumped)) == dumped


@settings(max_examples=200)
@given(st.lists(ANY_COMMAND, max_size=40))
def test_not_even_before_anything_is_set_up(wild: list[c.Command]) -> None:
    state = State()
    for command in wild:
        engine.apply(state, typing.cast(c.AnyCommand, command))
    assert invariants.check_all(state) == ()


def test_handling_changes_nothing() -> None:
    """``handle`` only reads: after it the state is, bit for bit, what it was before."""
    state = State()
    wishes = Wishes(Random(3), state)
    for command in opening_commands():
        engine.apply(state, command)
    for _ in range(300):
        command = wishes.next()
        before = snapshot.dump(state)
        engine.handle(state, command)
        assert snapshot.dump(state) == before
        engine.apply(state, command)
