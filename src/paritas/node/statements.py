"""The statement of an account for one business date, from the history and the sealed messages."""

from __future__ import annotations

import datetime

import msgspec

from paritas.iso20022.accounts import Account, Entry, EntryKind, Statement, camt053
from paritas.node import history_queries as queries
from paritas.node.archive import Past, question
from paritas.node.calendars import format_instant
from paritas.node.history_queries import Payment, QueryError
from paritas.node.originals import Originals
from paritas.node.outputs import Movement, entry_of

#: A statement of more entries than this is asked for as entries, in pages.
ENTRIES_MAX = 200_000

_ENCODER = msgspec.msgpack.Encoder()


class StatementAsked(msgspec.Struct, frozen=True, array_like=True):
    """Which account and date, how its owner is called, and whether as camt.053."""

    member: str
    currency: str
    date: str
    owner_name: str
    now_ns: int
    as_document: bool


class StatementLine(msgspec.Struct, frozen=True):
    """One entry, in the words of the message that caused it."""

    #: AcctSvcrRef: the same in every notification and statement.
    reference: str
    at_ns: int
    #: Signed, in minor units: below zero is a debit.
    amount_minor: int
    balance_minor: int
    kind: str
    #: The payment's number, 0 where it was none.
    number: int
    transaction_id: str = ""
    end_to_end_id: str = ""
    uetr: str = ""
    counterparty: str = ""
    debtor: str = ""
    creditor: str = ""


class AccountStatement(msgspec.Struct, frozen=True):
    """An account on one business date; opening balance and entries give the closing one.

    ``is_final`` is False until the date has ended. ``document`` is the camt.053, where asked for.
    """

    member: str
    currency: str
    date: str
    is_final: bool
    opening_minor: int
    closing_minor: int
    entries: tuple[StatementLine, ...]
    document: bytes = b""


@question("statement", StatementAsked)
def statement(past: Past, asked: StatementAsked) -> AccountStatement:
    """Draw the statement up; raises QueryError for an account or date that there is not."""
    return _Drawing(past, asked).draw()


class _Drawing:
    def __init__(self, past: Past, asked: StatementAsked) -> None:
        self.past, self.asked = past, asked
        self.history = past.history
        number = self.history.account_number(asked.member, asked.currency)
        if number is None:
            raise QueryError(f"{asked.member} has no account in {asked.currency}.")
        self.account = number
        try:
            self.ordinal = datetime.date.fromisoformat(asked.date).toordinal()
        except ValueError:
            raise QueryError(
                f"date {asked.date[:20]!r} is not a date such as 2026-09-30."
            ) from None
        self._originals = Originals(past)

    def draw(self) -> AccountStatement:
        asked = self.asked
        days = self.history.ask(
            "SELECT d.date, d.closed_ns FROM day d JOIN book b ON b.number = d.book"
            " WHERE b.currency = ? AND d.date <= ? ORDER BY d.date",
            (asked.currency, self.ordinal),
        )
        if not days or days[-1][0] != self.ordinal:
            raise QueryError(
                f"{asked.date} has been no business date of the {asked.currency} book."
            )
        entries = self._entries()
        opening_minor = self._opening(entries)
        closing_minor = entries[-1].balance_minor if entries else opening_minor
        drawn = [self._line(entry) for entry in entries]
        is_final = days[-1][1] is not None
        document = b""
        if asked.as_document:
            if not is_final:
                raise QueryError(f"{asked.date} has not ended yet: its statement comes then.")
            whole = Statement(
                f"STMT-{self.account:06d}-{asked.date}",
                format_instant(asked.now_ns),
                len(days),
                self._named(),
                asked.date,
                opening_minor,
                closing_minor,
            )
            document = camt053(whole, [entry for _, entry in drawn]).checked()
        return AccountStatement(
            asked.member,
            asked.currency,
            asked.date,
            is_final,
            opening_minor,
            closing_minor,
            tuple(line for line, _ in drawn),
            document,
        )

    def _named(self) -> Account:
        asked, issuer = self.asked, self.history.issuer(self.asked.currency)
        identifier = f"{asked.member}-{asked.currency}"
        return Account(identifier, asked.currency, asked.member, issuer, asked.owner_name)

    def _entries(self) -> list[queries.Entry]:
        """Return the date's entries, oldest first."""
        found: list[queries.Entry] = []
        cursor = ""
        while True:
            page = queries.entries(
                self.history,
                self.asked.member,
                self.asked.currency,
                date=self.asked.date,
                cursor=cursor,
                limit=queries.PAGE_MAX,
            )
            found += page.items
            cursor = page.cursor
            if not cursor:
                return found[::-1]
            if len(found) > ENTRIES_MAX:
                text = (
                    f"The statement has more than {ENTRIES_MAX:,} entries: ask for them in pages."
                )
                raise QueryError(text)

    def _opening(self, entries: list[queries.Entry]) -> int:
        if entries:
            return entries[0].balance_minor - entries[0].amount_minor
        before = self.history.ask(
            "SELECT balance_minor FROM entry WHERE account = ? AND date < ?"
            " ORDER BY at_ns DESC, id DESC LIMIT 1",
            (self.account, self.ordinal),
        )
        return int(before[0][0]) if before else 0

    def _line(self, entry: queries.Entry) -> tuple[StatementLine, Entry]:
        payment = None
        if entry.kind == "payment":
            payment = queries.payment(self.history, entry.number)
        told = self._told(entry, payment) if payment is not None else self._own(entry)
        line = StatementLine(
            told.reference,
            entry.at_ns,
            entry.amount_minor,
            entry.balance_minor,
            entry.kind,
            entry.number if payment is not None else 0,
            told.transaction_id,
            told.end_to_end_id,
            told.uetr,
            told.debtor_agent if told.is_credit else told.creditor_agent,
            told.debtor,
            told.creditor,
        )
        return line, told

    def _own(self, entry: queries.Entry) -> Entry:
        """What no payment caused: the issuer's own doing, or what was settled by other means."""
        issuer = self.history.issuer(self.asked.currency)
        is_credit = entry.amount_minor > 0
        parties = (issuer, self.asked.member) if is_credit else (self.asked.member, issuer)
        return Entry(
            f"{entry.kind.upper()}-{entry.id}",
            abs(entry.amount_minor),
            is_credit,
            EntryKind.ISSUE if entry.kind in ("issue", "redeem") else EntryKind.INSTITUTION,
            self.asked.date,
            self.asked.date,
            "",
            "",
            "",
            "",
            "",
            *parties,
        )

    def _told(self, entry: queries.Entry, payment: Payment) -> Entry:
        leg = payment.legs[entry.leg if entry.leg < len(payment.legs) else 0]
        # The second leg of a trade is told in the name of its own payer's side, where it is first.
        mine = [each for each in payment.legs if each.currency == self.asked.currency]
        leg = mine[0] if mine and leg.currency != self.asked.currency else leg
        movement = Movement(
            f"{payment.number:010d}-{entry.leg + 1}",
            abs(entry.amount_minor),
            entry.amount_minor > 0,
            leg.payer,
            leg.payee,
            _ENCODER.encode(self._originals.particulars(payment)),
        )
        return entry_of(movement, self.asked.date)
