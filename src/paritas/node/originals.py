"""What a payment's own message said, read again from the sealed store: for what is told of it later."""

from __future__ import annotations

import msgspec

from paritas.iso20022.answers import TransactionStatus
from paritas.iso20022.values import Message, Transaction
from paritas.model.money import format_amount
from paritas.node.archive import Past
from paritas.node.history_queries import Payment
from paritas.node.intake import EXCHANGE, reference_of
from paritas.node.readings import read_any
from paritas.node.spool import Particulars, particulars_of

#: How many messages are kept read: what is told of one message mostly lies together.
_KEPT = 16
#: What stands in for the message of an instruction that came as JSON: institutions pay each other.
_PLAIN_TYPE = "pacs.009.001.08"


class Original(msgspec.Struct, frozen=True):
    """A message as it was received, by its transactions' references."""

    message: Message | None
    group_header: bytes
    transactions: dict[str, Transaction]


_NONE = Original(None, b"", {})


class Originals:
    """Reads messages again, and remembers the last few."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._kept: dict[int, Original] = {}

    def of(self, payment: Payment) -> Original:
        """Return a payment's message; one without anything if it had none or it was erased."""
        if not payment.message:
            return _NONE
        known = self._kept.get(payment.message)
        if known is None:
            known = self._kept[payment.message] = self._read(payment.message)
            if len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return known

    def _read(self, number: int) -> Original:
        query = "SELECT seq, position FROM message WHERE number = ?"
        rows = self._past.history.ask(query, (number,))
        data = self._past.journal.sealed(*rows[0]) if rows else None
        if data is None:
            return _NONE
        result = read_any(data)
        if result.message is None:
            return _NONE
        message = result.message
        transactions = {reference_of(message, each): each for each in result.transactions}
        return Original(message, result.group_header, transactions)

    def particulars(self, payment: Payment) -> Particulars:
        """Return what the message said, or what the instruction itself says where there is none."""
        original = self.of(payment)
        transaction = original.transactions.get(payment.reference)
        if original.message is not None and transaction is not None:
            return particulars_of(original.message, transaction)
        first = payment.legs[0]
        status = TransactionStatus(
            "",
            transaction_id=payment.reference,
            end_to_end_id=payment.trade or payment.reference,
            uetr=payment.uetr,
            currency=first.currency,
            amount_minor=first.amount_minor,
            settlement_date=payment.value_date,
        )
        return Particulars(
            status,
            payment.message_id,
            payment.message_type or _PLAIN_TYPE,
            first.payer,
            first.payee,
            "",
            "",
            f"{first.currency} {format_amount(first.amount_minor, first.currency)}",
            EXCHANGE if payment.trade else "",
        )
