"""How each event changes the state. Only these functions, and those they call, write to it.

They decide nothing: replay runs them alone. What they find impossible is a broken law.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paritas.core import administration, approvals, keys, lifecycle, queue, screening, verdicts
from paritas.core.conversation import RECORDERS as CONVERSATION
from paritas.core.exchange import agreements, quotes
from paritas.core.exchange.locks import use_lock
from paritas.core.exchange.tables import RECORDERS as EXCHANGE_RECORDERS
from paritas.core.lifecycle import LawBroken, Status
from paritas.core.state import (
    NEVER_NS,
    Hold,
    Legs,
    State,
    Waiting,
    accounts_of,
    mirrored,
    net_outflows,
)
from paritas.model import commands, events
from paritas.model.commands import (
    AnyCommand,
    DecideHolds,
    OfferHold,
    PromiseHold,
    SubmitInstruction,
)
from paritas.model.instructions import Priority
from paritas.model.reasons import Reason

RECORDERS: dict[type, Callable[[State, Any, int], None]] = {
    **administration.RECORDERS,
    **CONVERSATION,
    **EXCHANGE_RECORDERS,
    **screening.RECORDERS,
    commands.AddKey: keys.record_key,
    commands.RetireKey: keys.record_retirement,
    commands.SetApprovals: approvals.record_approvals,
    commands.RecordProof: keys.count_proof,
}

NORMAL = int(Priority.NORMAL)
_SETTLING = (events.QueuedSettled, events.SetSettled)
_SETTLED_AT_ONCE = lifecycle.TABLE[Status.NEW][events.InstructionSettled]


def _enter(state: State, command: SubmitInstruction, number: int, status: int) -> None:
    """Give an instruction its number; its reference is taken from now on."""
    if number != len(state.instructions):
        raise LawBroken(f"Instruction {number} is not the next one.")
    state.instructions.append(command)
    state.statuses.append(status)
    sender = state.parties.get(command.sender)
    if sender is not None and sender.is_member:
        sender.references.setdefault(command.reference, number)
        if command.returns and status != Status.REFUSED:
            returned = state.returned_minor.get(command.returns, 0)
            state.returned_minor[command.returns] = returned + command.legs[0].amount_minor
        if status != Status.REFUSED and len(command.legs) > 1:
            agreements.count(state, number, command, waits=status == Status.WAITING)
            if command.conversion is not None and command.conversion.lock:
                use_lock(state, command.conversion.lock)


def instruction_settled(
    state: State, command: SubmitInstruction, event: events.InstructionSettled
) -> None:
    """Accepted and settled in one step."""
    number = event.number
    if state.screens:
        verdicts.demand_cleared(state, number, command)
    if command.priority != NORMAL or command.returns or command.conversion is not None:
        _enter(state, command, number, _SETTLED_AT_ONCE)
        post(state, accounts_of(state, command.legs), command.priority)
        return
    # The common instruction: what _enter and post do, without the detours.
    if number != len(state.instructions):
        raise LawBroken(f"Instruction {number} is not the next one.")
    state.instructions.append(command)
    state.statuses.append(_SETTLED_AT_ONCE)
    accounts = state.accounts
    legs = command.legs
    accounts[legs[0].payer].party.references[command.reference] = number
    if len(legs) == 1:
        leg = legs[0]
        payer, payee = accounts[leg.payer], accounts[leg.payee]
        payer.balance_minor -= leg.amount_minor
        payee.balance_minor += leg.amount_minor
        if payer.balance_minor < payer.floors[0]:
            raise LawBroken(f"Law 2: account {payer.number} would fall below its floor.")
        if payee.waiting:
            queue.put_on_retry(state, payee)
        return
    if state.exchange.agreements:
        agreements.count(state, number, command, waits=False)
    for leg in legs:
        accounts[leg.payer].balance_minor -= leg.amount_minor
        accounts[leg.payee].balance_minor += leg.amount_minor
    for leg in legs:
        payer, payee = accounts[leg.payer], accounts[leg.payee]
        if payer.balance_minor < payer.floors[0]:
            _check_floors(accounts_of(state, legs))
        if payer.waiting:
            queue.put_on_retry(state, payer)
        if payee.waiting:
            queue.put_on_retry(state, payee)


def _check_floors(legs: Legs) -> None:
    """Law 2: whoever lost by all legs together ends at or above the lowest floor."""
    for account, _ in net_outflows(legs):
        if account.balance_minor < account.floors[0]:
            raise LawBroken(f"Law 2: account {account.number} would fall below its floor.")


def post(state: State, legs: Legs, priority: int) -> None:
    """Move the money of all legs together, gross, and check law 2 on what each account lost."""
    for payer, payee, amount_minor in legs:
        payer.balance_minor -= amount_minor
        payee.balance_minor += amount_minor
    _check_floors(legs)
    if priority != NORMAL:
        for account, amount_minor in net_outflows(legs):
            account.use_reservation(priority, amount_minor)
    for payer, payee, _ in legs:
        queue.put_on_retry(state, payer)
        queue.put_on_retry(state, payee)


def instruction_queued(
    state: State, command: SubmitInstruction, event: events.InstructionQueued
) -> None:
    """Accepted; it waits for funds, a window or a partner."""
    _enter(state, command, event.number, Status.WAITING)
    state.last_rank += 1
    waiting = Waiting(event.number, state.last_rank, command, accounts_of(state, command.legs))
    state.queue[event.number] = waiting
    if waiting.trade_key is not None:
        queue.await_partner(state, waiting)
    waiting.held = verdicts.is_held(state, waiting)
    queue.enter(state, waiting)


def instruction_refused(
    state: State, command: SubmitInstruction, event: events.InstructionRefused
) -> None:
    """Refused on arrival. The reference is used up, unless an earlier instruction has it."""
    _enter(state, command, event.number, Status.REFUSED)
    state.reasons[event.number] = (event.reason, event.text)


def sides_matched(state: State, _: AnyCommand, event: events.SidesMatched) -> None:
    """Two sides become one waiting instruction of two legs, at the first side's place."""
    first, second = state.queue[event.first], state.queue.pop(event.second)
    if first.trade_key is None or second.trade_key != mirrored(first.trade_key):
        raise LawBroken(f"Sides {event.first} and {event.second} do not mirror each other.")
    queue.stop_awaiting_partner(state, first)
    queue.stop_awaiting_partner(state, second)
    first.partner = event.second
    # The more urgent wish of the two counts for both.
    first.priority = min(first.priority, second.priority)
    state.joined[event.second] = event.first
    first.held = verdicts.is_held(state, first)
    queue.enter(state, first)
    queue.retry(state, first)


def _end(state: State, number: int, event_type: type[events.Event]) -> Waiting:
    """Take an instruction, and the side joined to it, out of the queue into its final status."""
    waiting = state.queue.get(number)
    if waiting is None:
        raise LawBroken(f"Instruction {number} does not wait.")
    if waiting.held and event_type in _SETTLING:
        raise LawBroken(f"Law 7: instruction {number} settles without being cleared.")
    for side in (number, waiting.partner) if waiting.partner else (number,):
        state.statuses[side] = lifecycle.after(state.statuses[side], event_type)
    queue.remove(state, waiting)
    return waiting


def queued_settled(state: State, _: AnyCommand, event: events.QueuedSettled) -> None:
    """It left the queue by settling."""
    waiting = _end(state, event.number, events.QueuedSettled)
    agreements.end_count(state, event.number, settled=True)
    post(state, waiting.legs, waiting.priority)


def set_settled(state: State, _: AnyCommand, event: events.SetSettled) -> None:
    """Many left the queue together: every leg is posted gross, law 2 holds for the whole."""
    members = [_end(state, number, events.SetSettled) for number in event.numbers]
    for number in event.numbers:
        agreements.end_count(state, number, settled=True)
    post(state, tuple(leg for waiting in members for leg in waiting.legs), Priority.NORMAL)
    for waiting in members:
        if waiting.priority != NORMAL:
            for account, amount_minor in waiting.outflows:
                account.use_reservation(waiting.priority, amount_minor)
                queue.put_on_retry(state, account)


def _end_unsettled(state: State, number: int, event_type: type, reason: str, text: str) -> None:
    waiting = _end(state, number, event_type)
    agreements.end_count(state, number, settled=False)
    for side in (number, waiting.partner) if waiting.partner else (number,):
        state.reasons[side] = (reason, text)
    command = state.instructions[number]
    assert command is not None
    if command.returns:
        state.returned_minor[command.returns] -= command.legs[0].amount_minor


def queued_refused(state: State, _: AnyCommand, event: events.QueuedRefused) -> None:
    """It ended without settling."""
    _end_unsettled(state, event.number, events.QueuedRefused, event.reason, event.text)


def queued_cancelled(state: State, _: AnyCommand, event: events.QueuedCancelled) -> None:
    """It was withdrawn by those who may."""
    text = "Cancelled at the wish of those who instructed it."
    _end_unsettled(state, event.number, events.QueuedCancelled, Reason.DS02, text)


def cancel_asked(state: State, _: AnyCommand, event: events.CancelAsked) -> None:
    """One side of a matched trade wishes to cancel."""
    waiting = state.queue[state.joined.get(event.number, event.number)]
    waiting.cancel_asked |= {event.number}


def queue_moved(state: State, _: AnyCommand, event: events.QueueMoved) -> None:
    """Another priority or place."""
    waiting = state.queue[event.number]
    queue.leave(state, waiting)
    waiting.priority, waiting.rank = event.priority, event.rank
    state.last_rank = max(state.last_rank, event.rank)
    state.first_rank = min(state.first_rank, event.rank)
    queue.enter(state, waiting)
    queue.retry(state, waiting)


def command_refused(_state: State, _command: AnyCommand, _event: events.CommandRefused) -> None:
    """Nothing changes."""


def recorded(state: State, command: AnyCommand, event: events.Recorded) -> None:
    """The command was carried out as it says."""
    RECORDERS[type(command)](state, command, event.number)


def change_applied(state: State, command: AnyCommand, event: events.ChangeApplied) -> None:
    """All consented: what they consented to is carried out."""
    carried_out, _ = approvals.told(command, event)
    del state.changes[event.number]
    RECORDERS[type(carried_out)](state, carried_out, event.recorded)


def hold_offered(state: State, command: OfferHold, event: events.HoldOffered) -> None:
    """The earmark is in place."""
    payer = state.accounts[command.leg.payer]
    payee = state.accounts[command.leg.payee]
    hold = Hold(
        event.number, command.reference, payer, payee, command.leg.amount_minor, command.expires_ns
    )
    state.last_hold = event.number
    state.holds[event.number] = hold
    state.hold_references[payer.party.number, command.reference] = event.number
    payer.held_minor += hold.amount_minor
    payer.set_floors()
    state.next_expiry_ns = min(state.next_expiry_ns, command.expires_ns)


def hold_promised(state: State, command: PromiseHold, event: events.HoldPromised) -> None:
    """The hold now ends only by its decision."""
    state.holds[event.number].decision = command.decision
    _set_next_expiry(state)


def _free(state: State, number: int) -> Hold:
    hold = state.holds.pop(number)
    hold.payer.held_minor -= hold.amount_minor
    hold.payer.set_floors()
    queue.put_on_retry(state, hold.payer)
    return hold


def _set_next_expiry(state: State) -> None:
    state.next_expiry_ns = next_expiry_ns(state)


def next_expiry_ns(state: State) -> int:
    """Return the first moment at which an offered hold or a lock on quotes ends by itself."""
    offered = (hold.expires_ns for hold in state.holds.values() if not hold.decision)
    return min(*offered, *state.exchange.expiries_ns(), NEVER_NS, NEVER_NS)


def hold_released(state: State, _: AnyCommand, event: events.HoldReleased) -> None:
    """An offered hold ended; a promised one cannot end here."""
    if state.holds[event.number].decision:
        raise LawBroken(f"Law 3: hold {event.number} is promised and ends only by its decision.")
    _free(state, event.number)
    _set_next_expiry(state)


def lock_ended(state: State, command: AnyCommand, event: events.LockEnded) -> None:
    """Nobody used the lock in time."""
    quotes.lock_ended(state, command, event)
    _set_next_expiry(state)


def holds_decided(state: State, command: DecideHolds, event: events.HoldsDecided) -> None:
    """All that was promised to the decision moves, or is free again. Nothing can stop it."""
    state.decisions[command.decision] = event.captured
    for number in event.numbers:
        hold = _free(state, number)
        if event.captured:
            hold.payer.balance_minor -= hold.amount_minor
            hold.payee.balance_minor += hold.amount_minor
            queue.put_on_retry(state, hold.payee)


def money_ordered(state: State, _: AnyCommand, event: events.MoneyOrdered) -> None:
    """An issuer's order: what is frozen moves at once, whatever else stands still."""
    payer, payee = state.accounts[event.payer], state.accounts[event.payee]
    if event.number != state.last_order + 1 or payer.book is not payee.book:
        raise LawBroken(f"Order {event.number} is not the next one, or crosses books.")
    state.last_order = event.number
    payer.balance_minor -= event.amount_minor
    payee.balance_minor += event.amount_minor
    if payer.balance_minor < payer.floors[0]:
        raise LawBroken(f"Law 2: account {payer.number} would fall below its floor.")
    queue.put_on_retry(state, payee)
