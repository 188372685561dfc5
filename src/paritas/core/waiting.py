"""What members may do with instructions that wait: cancel them, move them."""

from __future__ import annotations

from collections.abc import Sequence

from paritas.core.state import PRIORITIES, State, Waiting
from paritas.model.commands import CancelInstruction, Command, ReorderQueue, SetPriority
from paritas.model.events import (
    AnyEvent,
    CancelAsked,
    CommandRefused,
    QueuedCancelled,
    QueueMoved,
)
from paritas.model.reasons import Reason


def refuse(reason: Reason, text: str) -> tuple[AnyEvent, ...]:
    """The one way in which a command that changes nothing is answered."""
    return (CommandRefused(reason, text),)


def _own_waiting(state: State, command: Command, number: int) -> Waiting | tuple[AnyEvent, ...]:
    """Find a waiting instruction of the actor's own, or say why it is not to be had."""
    first = state.joined.get(number, number)
    waiting = state.queue.get(first)
    if waiting is None:
        return refuse(
            Reason.NARR, f"Instruction {number} does not wait: there is nothing to change."
        )
    instruction = state.instructions[number]
    assert instruction is not None
    sender = state.parties[instruction.sender]
    # Whoever collected by mandate instructed it and may withdraw it, as the payer may.
    if command.actor not in (sender.number, instruction.actor, *sender.senders):
        return refuse(Reason.AG01, f"Instruction {number} belongs to another member.")
    return waiting


def cancel(state: State, command: CancelInstruction) -> Sequence[AnyEvent]:
    """Unmatched, its sender may cancel; matched, only both sides together."""
    waiting = _own_waiting(state, command, command.number)
    if not isinstance(waiting, Waiting):
        return waiting
    sides = {waiting.number, waiting.partner} if waiting.partner else {waiting.number}
    asked = waiting.cancel_asked | {command.number}
    if sides <= asked:
        return (QueuedCancelled(waiting.number),)
    if command.number in waiting.cancel_asked:
        return refuse(Reason.NARR, "This side has asked before; the other side has not yet.")
    return (CancelAsked(command.number),)


def set_priority(state: State, command: SetPriority) -> Sequence[AnyEvent]:
    """Another priority; the instruction goes to the end of its new line."""
    waiting = _own_waiting(state, command, command.number)
    if not isinstance(waiting, Waiting):
        return waiting
    if not 0 <= command.priority < PRIORITIES:
        return refuse(Reason.FF01, f"Priority {command.priority} is none of 0, 1, 2.")
    return (QueueMoved(waiting.number, command.priority, state.last_rank + 1),)


def reorder(state: State, command: ReorderQueue) -> Sequence[AnyEvent]:
    """To the front or to the end of its line."""
    waiting = _own_waiting(state, command, command.number)
    if not isinstance(waiting, Waiting):
        return waiting
    rank = state.first_rank - 1 if command.to_front else state.last_rank + 1
    return (QueueMoved(waiting.number, waiting.priority, rank),)
