"""What the outbox passes on of the conversation: the payee's word, a recall, the answer to one.

The journal holds who said what about which payment; the words themselves are read again from the
sealed message. Where that has been erased, the codes are told without them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from paritas.iso20022.letters import (
    AnyLetter,
    CancellationLetter,
    Resolution,
    ResolutionLetter,
    StatusLetter,
    ToldStatus,
)
from paritas.iso20022.reader import read_message
from paritas.iso20022.requests import Asked, CancellationAnswer, CancellationRequest, StatusWord
from paritas.iso20022.values import Original
from paritas.model import commands as c
from paritas.node import history_queries as queries
from paritas.node.archive import Past
from paritas.node.calendars import format_instant
from paritas.node.history_queries import Payment
from paritas.node.named_payments import delivered_id, original_of
from paritas.node.originals import Originals
from paritas.node.other_messages import is_other, read_other

_FORWARDED = "camt.056.001.08"


def letter_of(past: Past, originals: Originals, command: Any) -> tuple[AnyLetter, int] | None:
    """Return what a recorded command leads to, without MsgId, and the payment that it is about."""
    if isinstance(command, c.RelayStatus):
        return _told(past, command.number, _status, originals, command)
    if isinstance(command, c.RecallPayment):
        return _told(past, command.number, _recall, originals, command)
    if isinstance(command, c.AnswerRecall):
        rows = past.history.ask("SELECT payment FROM recall WHERE number = ?", (command.recall,))
        return _told(past, rows[0][0], _answer, originals, command) if rows else None
    return None


def _told(
    past: Past, number: int, make: Any, originals: Originals, command: Any
) -> tuple[AnyLetter, int] | None:
    payment = queries.payment(past.history, number)
    if payment is None:
        return None
    item, message_type = _item(past, command.message, payment)
    return make(payment, originals, command, item, message_type), number


def _parties(payment: Payment) -> tuple[str, str]:
    """Return payer and payee."""
    return payment.sender, payment.legs[0 if payment.trade else -1].payee


def _item(past: Past, message: int, payment: Payment) -> tuple[Asked | None, str]:
    """Read again what a message said about a payment, and of which type it was."""
    query = "SELECT seq, position, type FROM message WHERE number = ?"
    rows = past.history.ask(query, (message,))
    data = past.journal.sealed(*rows[0][:2]) if rows else None
    if data is None:
        return None, rows[0][2] if rows else ""
    result = read_message(data)
    if not is_other(data, result):
        return None, rows[0][2]
    items = read_other(data, result).request
    if len(items) == 1:
        return items[0], rows[0][2]
    about = (i for i in items if _is_about(getattr(i, "original", Original()), payment))
    return next(about, None), rows[0][2]


def _is_about(original: Original, payment: Payment) -> bool:
    return payment.reference in (original.transaction_id, original.instruction_id) or bool(
        original.uetr and original.uetr.lower() == payment.uetr.lower()
    )


def _status(
    payment: Payment, originals: Originals, command: c.RelayStatus, item: Asked | None, _: str
) -> AnyLetter:
    known = originals.particulars(payment)
    payer, payee = _parties(payment)
    status = msgspec.structs.replace(
        known.status,
        status=command.status,
        reason=command.reason,
        text=item.text if isinstance(item, StatusWord) else "",
        clearing_system_reference=str(payment.number),
    )
    return StatusLetter(
        message_id="",
        created=format_instant(command.at_ns),
        sender=payee,
        receiver=payer,
        statuses=(ToldStatus(status, known.message_id, known.message_type),),
    )


def _recall(
    payment: Payment,
    originals: Originals,
    command: c.RecallPayment,
    item: Asked | None,
    message_type: str,
) -> AnyLetter:
    known = originals.particulars(payment)
    payer, payee = _parties(payment)
    request = item if isinstance(item, CancellationRequest) else None
    one = request is not None and request.original.names_payment
    return CancellationLetter(
        message_id="",
        created=format_instant(command.at_ns),
        sender=payer,
        receiver=payee,
        message_type=message_type if message_type[:4] == "camt" else _FORWARDED,
        case_id=request.case_id if request else command.reference,
        case_creator=(request.case_creator if request else "") or payer,
        fragment=request.fragment if request and one else b"",
        original=msgspec.structs.replace(
            original_of(payment.number, known), message_id=delivered_id(payment.number)
        ),
        reason=command.reason,
    )


def _answer(
    payment: Payment, originals: Originals, command: c.AnswerRecall, item: Asked | None, _: str
) -> AnyLetter:
    known = originals.particulars(payment)
    payer, payee = _parties(payment)
    answer = item if isinstance(item, CancellationAnswer) else None
    resolution = Resolution(
        original_of(payment.number, known),
        command.status,
        answer.case_id if answer else "",
        payer,
        command.reason,
        answer.text if answer else "",
    )
    return ResolutionLetter(
        message_id="",
        created=format_instant(command.at_ns),
        sender=payee,
        receiver=payer,
        resolutions=(resolution,),
    )
