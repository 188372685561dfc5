"""What is said about payments beside the money: mandates, confirmations, recalls and their answers.

None of it moves money. A recall asks; only the payee's return (an instruction of its own) pays back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from paritas.core.lifecycle import Status
from paritas.core.state import Party, Recall, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, Recorded
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.reasons import Reason

RECORDED: tuple[AnyEvent, ...] = (Recorded(),)
NOTHING: tuple[AnyEvent, ...] = ()

#: What a payee's bank may say of a payment that it was paid (ISO external payment status codes).
RELAYED = ("ACCC", "ACCP", "ACSC", "ACSP", "ACTC", "ACWC", "PDNG", "RCVD", "RJCT")
#: After these it has nothing more to say.
LAST_WORDS = ("ACCC", "RJCT")
#: What a payee may answer to a recall: it will return the payment, it will not, it does not know yet.
RECALL_ANSWERS = ("CNCL", "RJCR", "PDCR")


def register_mandate(state: State, command: c.RegisterMandate) -> Sequence[AnyEvent]:
    """The owner of an account lets another member collect from it, or ends that."""
    account, payee = state.accounts.get(command.account), state.parties.get(command.payee)
    if account is None:
        return refuse(Reason.AC01, "There is no such account.")
    if command.actor != account.party.number and command.actor not in account.party.senders:
        return refuse(Reason.AG01, "Only the member itself gives a mandate on its account.")
    if payee is None or not payee.is_member or payee is account.party:
        return refuse(Reason.AGNT, "A mandate is given to another member.")
    if not 0 <= command.limit_minor <= AMOUNT_MINOR_MAX:
        return refuse(Reason.AM12, "A mandate's limit is an amount of at most 18 digits.")
    return RECORDED


def _record_mandate(state: State, command: c.RegisterMandate, _: int) -> None:
    key = (command.account, command.payee)
    state.mandates.pop(key, None)
    if command.limit_minor:
        state.mandates[key] = command.limit_minor


def payer_of(state: State, number: int) -> Party:
    """Return who pays an instruction; it must exist."""
    command = state.instructions[number]
    assert command is not None
    return state.parties[command.sender]


def payee_of(state: State, number: int) -> Party:
    """Return who is paid by a settled or waiting instruction: the payee of its last leg, or of its
    first if it is half of a trade."""
    command = state.instructions[number]
    assert command is not None
    return state.accounts[command.legs[0 if command.trade else -1].payee].party


def _settled(
    state: State, number: int, actor: int, party: Callable[[State, int], Party]
) -> tuple[AnyEvent, ...] | None:
    """Refuse what is not said of a settled payment by its ``party``; None if all is well."""
    if not 0 < number < len(state.instructions) or state.statuses[number] != Status.SETTLED:
        return refuse(Reason.NARR, f"Instruction {number} has not settled.")
    owner = party(state, number)
    if actor != owner.number and actor not in owner.senders:
        return refuse(Reason.AG01, f"Instruction {number} is for another member to speak of.")
    return None


def relay_status(state: State, command: c.RelayStatus) -> Sequence[AnyEvent]:
    """The payee's bank speaks of what it was paid; its last word stands."""
    refused = _settled(state, command.number, command.actor, payee_of)
    if refused is not None:
        return refused
    if command.status not in RELAYED:
        return refuse(Reason.NARR, f"{command.status} is no status that a payee's bank gives.")
    said = state.confirmations.get(command.number)
    if said == (command.status, command.reason):
        return NOTHING
    if said is not None and said[0] in LAST_WORDS:
        return refuse(Reason.NARR, f"The payee's bank has said {said[0]}, which is final.")
    return RECORDED


def _record_status(state: State, command: c.RelayStatus, _: int) -> None:
    state.confirmations[command.number] = (command.status, command.reason)


def recall_payment(state: State, command: c.RecallPayment) -> Sequence[AnyEvent]:
    """The payer asks for a settled payment back; the same request again changes nothing."""
    refused = _settled(state, command.number, command.actor, payer_of)
    if refused is not None:
        return refused
    if not command.reference:
        return refuse(Reason.NARR, "A recall needs a reference.")
    original = state.instructions[command.number]
    assert original is not None
    earlier = state.recall_references.get((original.sender, command.reference))
    if earlier is not None:
        if state.recalls[earlier].instruction == command.number:
            return NOTHING
        return refuse(Reason.DU03, f"Reference {command.reference} was used for another recall.")
    if state.returned_minor.get(command.number, 0) >= original.legs[-1].amount_minor:
        return refuse(Reason.NARR, f"Instruction {command.number} has been returned already.")
    return (Recorded(len(state.recalls) + 1),)


def _record_recall(state: State, command: c.RecallPayment, number: int) -> None:
    state.recalls[number] = Recall(number, command.number, command.reference)
    sender = payer_of(state, command.number).number
    state.recall_references[sender, command.reference] = number


def answer_recall(state: State, command: c.AnswerRecall) -> Sequence[AnyEvent]:
    """The payee says whether it will return a payment; that itself is an instruction of its own."""
    recall = state.recalls.get(command.recall)
    if recall is None:
        return refuse(Reason.NARR, f"There is no recall {command.recall}.")
    refused = _settled(state, recall.instruction, command.actor, payee_of)
    if refused is not None:
        return refused
    if command.status not in RECALL_ANSWERS:
        return refuse(Reason.NARR, f"{command.status} is no answer to a recall.")
    if (recall.status, recall.reason) == (command.status, command.reason):
        return NOTHING
    if recall.status not in ("", "PDCR"):
        return refuse(Reason.NARR, f"The recall was answered {recall.status}, which is final.")
    return RECORDED


def _record_answer(state: State, command: c.AnswerRecall, _: int) -> None:
    recall = state.recalls[command.recall]
    recall.status, recall.reason = command.status, command.reason


RECORDERS: dict[type, Callable[[State, Any, int], None]] = {
    c.RegisterMandate: _record_mandate,
    c.RelayStatus: _record_status,
    c.RecallPayment: _record_recall,
    c.AnswerRecall: _record_answer,
}
