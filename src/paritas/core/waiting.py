"""What members and the solver may do with instructions that wait: cancel, move, settle together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paritas.core.state import PRIORITIES, Account, State, Waiting
from paritas.model.commands import (
    CancelInstruction,
    Command,
    ProposeSettlement,
    ReorderQueue,
    SetPriority,
)
from paritas.model.events import (
    AnyEvent,
    CancelAsked,
    CommandRefused,
    QueuedCancelled,
    QueueMoved,
    SetSettled,
)
from paritas.model.instructions import Priority
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


def propose(state: State, command: ProposeSettlement) -> Sequence[AnyEvent]:
    """Check a solver's set exactly: take out what is gone, then drop until all of it is feasible.

    What remains respects the order of strict lines, and every account ends at or above its floor
    after all legs together (DESIGN, section 6). An empty rest is refused.
    """
    chosen: dict[int, Waiting] = {}
    for number in command.numbers:
        waiting = state.queue.get(state.joined.get(number, number))
        if waiting is not None and waiting.due:
            chosen[waiting.number] = waiting
    _drop_out_of_turn(state, chosen)
    while chosen:
        short = _last_of_a_short_payer(chosen.values())
        if short is None:
            return (SetSettled(tuple(sorted(chosen))),)
        del chosen[short.number]
        _drop_out_of_turn(state, chosen)
    return refuse(Reason.AM04, "Nothing of the proposed set can settle now.")


def _drop_out_of_turn(state: State, chosen: dict[int, Waiting]) -> None:
    """Drop, until nothing more falls, what a strict line holds back behind something not chosen."""
    changed = True
    while changed:
        changed = False
        for waiting in sorted(chosen.values(), key=_order):
            if any(_held_back_by_others(state, chosen, waiting, a) for a, _ in waiting.outflows):
                del chosen[waiting.number]
                changed = True


def _held_back_by_others(
    state: State, chosen: dict[int, Waiting], waiting: Waiting, account: Account
) -> bool:
    for priority in range(waiting.priority + 1):
        if not state.strict(priority):
            continue
        for rank, number, _ in account.lines[priority]:
            if priority == waiting.priority and rank >= waiting.rank:
                break
            if number not in chosen:
                return True
    return False


def _order(waiting: Waiting) -> tuple[int, int]:
    return (waiting.priority, waiting.rank)


def _last_of_a_short_payer(chosen: Iterable[Waiting]) -> Waiting | None:
    """Return the least urgent, latest instruction that debits an account which would end short.

    Funds reserved for a priority count only as far as something of that priority uses them: an
    account is short at a priority when what it has above that priority's floor does not cover its
    net outflow.
    """
    net: dict[Account, int] = {}
    least_urgent: dict[Account, int] = {}
    for waiting in chosen:
        for payer, payee, amount_minor in waiting.legs:
            net[payer] = net.get(payer, 0) - amount_minor
            net[payee] = net.get(payee, 0) + amount_minor
        for account, _ in waiting.outflows:
            least_urgent[account] = max(least_urgent.get(account, 0), waiting.priority)
    short = {
        account
        for account, priority in least_urgent.items()
        if net[account] < 0
        and account.balance_minor + net[account] < account.floors[Priority(priority)]
    }
    if not short:
        return None
    return max(
        (w for w in chosen if any(account in short for account, _ in w.outflows)), key=_order
    )
