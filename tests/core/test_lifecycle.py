"""The life of an instruction is one table, and what is not in it cannot happen."""

from __future__ import annotations

import pytest

from paritas.core import engine, lifecycle
from paritas.core.lifecycle import TABLE, LawBroken, Status
from paritas.model import events


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("event_type", list(engine.EVOLVERS))
def test_only_what_the_table_knows_can_happen(
    status: Status, event_type: type[events.Event]
) -> None:
    if event_type in TABLE.get(status, {}):
        assert lifecycle.after(status, event_type) == TABLE[status][event_type]
    else:
        with pytest.raises(LawBroken, match=event_type.__name__):
            lifecycle.after(status, event_type)


def test_what_is_settled_refused_or_cancelled_is_final() -> None:
    assert set(TABLE) == {Status.NEW, Status.WAITING}
    assert set(lifecycle.ISO_STATUS) == set(Status) - {Status.NEW}


def test_a_status_that_contradicts_an_event_halts() -> None:
    from engine_world import opening_commands
    from paritas.core.state import State
    from paritas.model import commands as c
    from paritas.model.instructions import Leg

    state = State()
    for command in opening_commands():
        engine.apply(state, command)
    too_much = c.SubmitInstruction(0, 4, b"", 4, "R", (Leg(1, 2, 500),), 2, state.books[1].date)
    (queued,) = engine.apply(state, too_much)
    assert isinstance(queued, events.InstructionQueued)
    with pytest.raises(LawBroken):
        engine.evolve(state, too_much, events.QueuedSettled(queued.number))
    with pytest.raises(LawBroken):
        engine.evolve(state, too_much, events.QueuedSettled(99))
    with pytest.raises(LawBroken):
        engine.evolve(state, too_much, events.InstructionSettled(77))
