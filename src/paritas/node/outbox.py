"""What leaves the node for one institution: later statuses, notifications, and payments passed on.

The outbox is the journal, read with an institution's eyes: nothing is kept of it, so nothing of it
can be lost, and it is made when it is fetched. After settlement, never before, a payee gets the
payment and a camt.054; a payer gets a camt.054, and a pacs.002 for what waited and has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import msgspec

from paritas.iso20022.accounts import Account, Conversion, camt054
from paritas.iso20022.answers import StatusReport, TransactionStatus, pacs002
from paritas.iso20022.gate import OutboundInvalidError
from paritas.iso20022.payments import (
    InstitutionTransfer,
    PaymentGroup,
    delivered,
    format_rate,
    pacs009,
)
from paritas.iso20022.writer import Draft
from paritas.journal.codec import decode_records
from paritas.model import events as e
from paritas.model.money import minor_digits
from paritas.node import history_queries as queries
from paritas.node.archive import Past, question
from paritas.node.calendars import format_instant
from paritas.node.history_queries import Payment, PaymentLeg
from paritas.node.originals import Originals
from paritas.node.outputs import Movement, entry_of

#: An answer ends after so many records were looked at, so that nobody waits long for nothing.
_RECORDS = 50_000
_ENCODER = msgspec.msgpack.Encoder()


class OutboxAsked(msgspec.Struct, frozen=True, array_like=True):
    """What leaves for an institution after a place in the journal, (seq, position, index)."""

    institution: str
    after: tuple[int, int, int]
    limit: int
    upto_seq: int


class Outbound(msgspec.Struct, frozen=True):
    """One message that leaves; ``id`` is its place in the journal, and never changes."""

    id: str
    #: "pacs.002.001.10", "camt.054.001.08", "pacs.008.001.08", ...
    message_type: str
    #: The payment's number.
    number: int
    document: str


class OutboxPage(msgspec.Struct, frozen=True):
    """Messages in order; ``cursor`` is where to go on, now or later."""

    messages: tuple[Outbound, ...]
    cursor: str
    is_last: bool


#: Events that end a payment -> (their numbers, whether it had waited). Others may add their own.
ENDS: dict[type, tuple[Callable[[Any], tuple[int, ...]], bool]] = {
    e.InstructionSettled: (lambda event: (event.number,), False),
    e.QueuedSettled: (lambda event: (event.number,), True),
    e.SetSettled: (lambda event: event.numbers, True),
    e.QueuedRefused: (lambda event: (event.number,), True),
    e.QueuedCancelled: (lambda event: (event.number,), True),
}


@question("outbox", OutboxAsked)
def outbox(past: Past, asked: OutboxAsked) -> OutboxPage:
    """Return what leaves for an institution after a place."""
    maker = _Maker(past, asked.institution)
    found: list[Outbound] = []
    looked_at, reached = 0, asked.after
    for row in past.journal.rows(max(0, asked.after[0] - 1)):
        if row.seq > asked.upto_seq:
            return _page(found, reached, is_last=True)
        for position, (_, events) in enumerate(decode_records(row.payload)):
            if (row.seq, position) < asked.after[:2]:
                continue
            index = 0
            for event in events:
                for make, number in maker.drafts(event, row.at_ns):
                    place = (row.seq, position, index)
                    index += 1
                    if place <= asked.after:
                        continue
                    name = f"PARITAS-{row.seq}-{position}-{index}"
                    found.append(_outbound(place, make(name), number))
                    if len(found) >= asked.limit:
                        return _page(found, place, is_last=False)
            looked_at += 1
        reached = max(reached, (row.seq, 2**62, 0))
        if looked_at >= _RECORDS:
            return _page(found, reached, is_last=False)
    return _page(found, reached, is_last=True)


def _outbound(place: tuple[int, int, int], draft: Draft, number: int) -> Outbound:
    name = "-".join(map(str, place))
    return Outbound(name, draft.message_type, number, draft.checked().decode())


def _page(found: list[Outbound], reached: tuple[int, int, int], *, is_last: bool) -> OutboxPage:
    return OutboxPage(tuple(found), "-".join(map(str, reached)), is_last)


#: Makes a message, given its name.
_Make = Callable[[str], Draft]


class _Maker:
    """Builds what one institution is told of each end of a payment."""

    def __init__(self, past: Past, institution: str) -> None:
        self._past = past
        self._institution = institution
        self._originals = Originals(past)

    def drafts(self, event: Any, at_ns: int) -> Iterator[tuple[_Make, int]]:
        """Yield what makes each message, given its name, and the payment's number."""
        found = ENDS.get(type(event))
        if found is None:
            return
        numbers, waited = found[0](event), found[1]
        for first in numbers:
            payment = queries.payment(self._past.history, first)
            if payment is None:
                continue
            sides = [payment]
            if payment.partner:
                other = queries.payment(self._past.history, payment.partner)
                sides += [other] if other is not None else []
            for side in sides:
                for make in self._of(side, waited, at_ns):
                    yield make, side.number

    def _of(self, payment: Payment, waited: bool, at_ns: int) -> Iterator[_Make]:
        created = format_instant(at_ns)
        if waited and payment.sender == self._institution:
            yield lambda name: self._status(payment, name, created)
        if payment.state != "settled":
            return
        # Of a trade each side tells of its own first leg; the other leg is the other side's.
        legs = payment.legs[:1] if payment.trade else payment.legs
        for index, leg in enumerate(legs):
            if self._institution in (leg.payer, leg.payee):
                yield lambda name, i=index, each=leg: self._notice(payment, i, each, name, created)  # type: ignore[misc]
        if legs[-1].payee == self._institution:
            yield lambda name: self._delivered(payment, name, created)

    def _status(self, payment: Payment, name: str, created: str) -> Draft:
        given = self._originals.particulars(payment).status
        original = self._originals.of(payment).message
        report = StatusReport(
            name,
            created,
            payment.message_id or payment.reference,
            payment.message_type or "pacs.009.001.08",
            original.created if original is not None else "",
            instructed_agent=payment.sender,
        )
        status = TransactionStatus(
            payment.status,
            given.instruction_id,
            given.end_to_end_id,
            given.transaction_id,
            given.uetr,
            payment.reason,
            payment.text,
            format_instant(payment.ended_ns) if payment.state == "settled" else "",
            str(payment.number),
            currency=given.currency,
            amount_minor=given.amount_minor,
            settlement_date=given.settlement_date,
        )
        return pacs002(report, [status])

    def _notice(
        self, payment: Payment, index: int, leg: PaymentLeg, name: str, created: str
    ) -> Draft:
        mine, history = self._institution, self._past.history
        account = Account(
            f"{mine}-{leg.currency}", leg.currency, mine, history.issuer(leg.currency)
        )
        movement = Movement(
            f"{payment.number:010d}-{index + 1}",
            leg.amount_minor,
            leg.payee == mine,
            leg.payer,
            leg.payee,
            _ENCODER.encode(self._originals.particulars(payment)),
            self._conversion(payment),
        )
        return camt054(name, created, account, [entry_of(movement, payment.value_date)])

    def _conversion(self, payment: Payment) -> Conversion | None:
        """What was converted into what, at the rate that the two amounts make."""
        if len(payment.legs) != 2 or payment.trade:
            return None
        pays, gets = payment.legs
        if pays.payee != gets.payer or pays.currency == gets.currency:
            return None
        source = Fraction(pays.amount_minor, 10 ** minor_digits(pays.currency))
        target = Fraction(gets.amount_minor, 10 ** minor_digits(gets.currency))
        amounts = pays.currency, pays.amount_minor, gets.currency, gets.amount_minor
        return Conversion(*amounts, format_rate(source / target))

    def _delivered(self, payment: Payment, name: str, created: str) -> Draft:
        """Return the payment as its payee gets it: its own message where there is one."""
        original = self._originals.of(payment)
        transaction = original.transactions.get(payment.reference)
        if original.message is not None and transaction is not None:
            try:
                return delivered(
                    original.message.message_type,
                    original.group_header,
                    transaction.fragment,
                    name,
                    created,
                    self._conversion(payment),
                )
            except OutboundInvalidError:
                # Converted in a message that has no place for a rate: told plainly instead.
                pass
        leg = payment.legs[0 if payment.trade else -1]
        group = PaymentGroup(name, created, payment.value_date, leg.payer, leg.payee)
        transfer = InstitutionTransfer(
            end_to_end_id=(payment.trade or payment.reference)[:35],
            transaction_id=payment.reference[:35],
            uetr=payment.uetr,
            currency=leg.currency,
            amount_minor=leg.amount_minor,
            debtor=leg.payer,
            creditor=leg.payee,
        )
        return pacs009(group, [transfer])
