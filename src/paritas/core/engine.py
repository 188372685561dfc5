"""The engine: ``handle`` decides, ``evolve`` changes the state, ``apply`` does both for a command.

``handle(state, command)`` only reads and returns events. ``evolve(state, command, event)`` only
writes, and is all that replay needs. Both are total: any command in any state gives events, and
``LawBroken`` is raised only when the state itself contradicts a law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from paritas.core import (
    administration,
    admission,
    approvals,
    changes,
    conversation,
    cycles,
    holds,
    keys,
    proposals,
    screening,
    waiting,
)
from paritas.core.exchange import quotes, tables
from paritas.core.queue import release
from paritas.core.state import State
from paritas.model import commands, events
from paritas.model.commands import AnyCommand
from paritas.model.events import AnyEvent

Handler = Callable[[State, Any], Sequence[AnyEvent]]
Evolver = Callable[[State, Any, Any], None]

HANDLERS: dict[type, Handler] = {
    commands.SubmitInstruction: admission.submit,
    commands.RecordMessage: administration.record_message,
    commands.RecordRefusal: administration.record_refusal,
    commands.CancelInstruction: waiting.cancel,
    commands.SetPriority: waiting.set_priority,
    commands.ReorderQueue: waiting.reorder,
    commands.ProposeSettlement: proposals.propose,
    commands.BeginClearing: proposals.begin,
    commands.OfferHold: holds.offer,
    commands.WithdrawHold: holds.withdraw,
    commands.PromiseHold: holds.promise,
    commands.DecideHolds: holds.decide,
    commands.SetReservation: administration.set_reservation,
    commands.OpenWindow: administration.open_window,
    commands.CutOff: administration.cut_off,
    commands.CloseBook: administration.close_book,
    commands.ProposeChange: approvals.propose,
    commands.ApproveChange: approvals.approve,
    commands.WithdrawChange: approvals.withdraw,
    commands.RecordProof: keys.record_proof,
    commands.RecordRequest: administration.note,
    commands.PassTime: administration.note,
    **tables.HANDLERS,
    # Last, so that what takes several people cannot be done by one through another table.
    **{kind: approvals.directly(handler) for kind, handler in approvals.CHANGES.items()},
    commands.RegisterMandate: conversation.register_mandate,
    commands.RelayStatus: conversation.relay_status,
    commands.RecallPayment: conversation.recall_payment,
    commands.AnswerRecall: conversation.answer_recall,
    commands.OpenCycle: cycles.open_cycle,
    commands.SubmitObligation: cycles.submit_obligation,
    commands.ConfirmObligation: cycles.confirm_obligation,
    commands.WithdrawObligation: cycles.withdraw_obligation,
    commands.CutOffCycle: cycles.cut_off_cycle,
    commands.CalculateCycle: cycles.calculate_cycle,
    commands.SettleCycle: cycles.settle_cycle,
    commands.ProposeSetoff: cycles.propose_setoff,
    **screening.HANDLERS,
}

EVOLVERS: dict[type, Evolver] = {
    events.InstructionSettled: changes.instruction_settled,
    events.InstructionQueued: changes.instruction_queued,
    events.InstructionRefused: changes.instruction_refused,
    events.SidesMatched: changes.sides_matched,
    events.QueuedSettled: changes.queued_settled,
    events.QueuedRefused: changes.queued_refused,
    events.QueuedCancelled: changes.queued_cancelled,
    events.CancelAsked: changes.cancel_asked,
    events.SetSettled: changes.set_settled,
    events.QueueMoved: changes.queue_moved,
    events.CommandRefused: changes.command_refused,
    events.Recorded: changes.recorded,
    events.HoldOffered: changes.hold_offered,
    events.HoldPromised: changes.hold_promised,
    events.HoldReleased: changes.hold_released,
    events.HoldsDecided: changes.holds_decided,
    events.HitDecided: screening.hit_decided,
    events.MoneyOrdered: changes.money_ordered,
    events.ChangeProposed: approvals.change_proposed,
    events.ChangeApproved: approvals.change_approved,
    events.ChangeApplied: changes.change_applied,
    events.ChangeFailed: approvals.change_ended,
    events.ChangeWithdrawn: approvals.change_ended,
    events.ChangeExpired: approvals.change_ended,
    **tables.EVOLVERS,
    events.LockEnded: changes.lock_ended,
    events.CycleOpened: cycles.cycle_opened,
    events.ObligationSubmitted: cycles.obligation_submitted,
    events.ObligationConfirmed: cycles.obligation_confirmed,
    events.ObligationsEnded: cycles.obligations_ended,
    events.CycleCutOff: cycles.cycle_moved,
    events.ObligationsSetOff: cycles.obligations_set_off,
    events.CycleCalculated: cycles.cycle_moved,
    events.CycleShort: cycles.cycle_short,
    events.CycleSettled: cycles.cycle_settled,
    events.CycleLapsed: cycles.cycle_moved,
}


def handle(state: State, command: AnyCommand) -> Sequence[AnyEvent]:
    """Decide on a command, without changing anything."""
    return HANDLERS[type(command)](state, command)


def evolve(state: State, command: AnyCommand, event: AnyEvent) -> None:
    """Change the state by one event of ``command``; raise LawBroken if that cannot be."""
    EVOLVERS[type(event)](state, command, event)


def apply(state: State, command: AnyCommand) -> Sequence[AnyEvent]:
    """Handle a command and evolve by all that follows from it; return every event, in order."""
    expired: Sequence[AnyEvent] = ()
    if command.at_ns >= state.next_expiry_ns:
        expired = [*holds.expired(state, command.at_ns), *quotes.expired(state, command.at_ns)]
        for event in expired:
            evolve(state, command, event)
    decided = handle(state, command)
    for event in decided:
        evolve(state, command, event)
    if state.retry:
        freed = release(state, partial(evolve, state, command))
        return [*expired, *decided, *freed]
    return [*expired, *decided] if expired else decided


def apply_all(state: State, batch: Sequence[AnyCommand]) -> list[Sequence[AnyEvent]]:
    """Apply each command of a batch in order; the same as ``apply`` for each, in one loop."""
    handlers, evolvers = HANDLERS, EVOLVERS
    answers = []
    for command in batch:
        if command.at_ns >= state.next_expiry_ns:
            answers.append(apply(state, command))
            continue
        decided = handlers[type(command)](state, command)
        for event in decided:
            evolvers[type(event)](state, command, event)
        if state.retry:
            freed = release(state, partial(evolve, state, command))
            decided = [*decided, *freed]
        answers.append(decided)
    return answers


def replay(state: State, command: AnyCommand, recorded: Sequence[AnyEvent]) -> None:
    """Evolve by the events that the journal holds for ``command``, deciding nothing anew."""
    for event in recorded:
        evolve(state, command, event)
    # What a live engine would now retry was retried then, and its outcome is among the events.
    while state.retry:
        state.retry.popleft().in_retry = False
