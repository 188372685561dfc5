"""The questions about payments, entries and balances that a running node answers from its history."""

from __future__ import annotations

import msgspec

from paritas.node import history_queries as queries
from paritas.node.archive import Past, question
from paritas.node.history_queries import Entry, Page, Payment, Search, Step


class PaymentsAsked(msgspec.Struct, frozen=True, array_like=True):
    """Payments by number, or by a search, a page at a time. ``seen_by`` is a BIC, or "" for all."""

    number: int = 0
    search: Search = Search()
    cursor: str = ""
    limit: int = queries.PAGE
    seen_by: str = ""


class PaymentStory(msgspec.Struct, frozen=True):
    """A payment with every step of its life."""

    payment: Payment
    timeline: tuple[Step, ...]


class EntriesAsked(msgspec.Struct, frozen=True, array_like=True):
    """The entries of a member's account, newest first, of one business date if asked."""

    member: str
    currency: str
    date: str = ""
    cursor: str = ""
    limit: int = queries.PAGE


class BalancesAsked(msgspec.Struct, frozen=True, array_like=True):
    """Balances of accounts, by (BIC, currency), as they were at a moment."""

    accounts: tuple[tuple[str, str], ...]
    at_ns: int


def _sees(past: Past, payment: Payment, bic: str) -> bool:
    """A party to it, or the issuer of a book that it moves on."""
    if not bic or payment.sender == bic:
        return True
    history = past.history
    return any(bic in (leg.payer, leg.payee, history.issuer(leg.currency)) for leg in payment.legs)


@question("payment", PaymentsAsked)
def payment(past: Past, asked: PaymentsAsked) -> PaymentStory | None:
    """Return one payment by its number, or None where there is none that may be seen."""
    found = queries.payment(past.history, asked.number)
    if found is None or not _sees(past, found, asked.seen_by):
        return None
    return PaymentStory(found, queries.timeline(past.history, found.number))


@question("payments", PaymentsAsked)
def payments(past: Past, asked: PaymentsAsked) -> Page[Payment]:
    """Return a page of payments that a search means and the asker may see, newest first."""
    page = queries.find(past.history, asked.search, asked.cursor, asked.limit)
    return Page(tuple(p for p in page.items if _sees(past, p, asked.seen_by)), page.cursor)


@question("entries", EntriesAsked)
def entries(past: Past, asked: EntriesAsked) -> Page[Entry]:
    """Return a page of entries."""
    return queries.entries(
        past.history,
        asked.member,
        asked.currency,
        date=asked.date,
        cursor=asked.cursor,
        limit=asked.limit,
    )


@question("balances", BalancesAsked)
def balances(past: Past, asked: BalancesAsked) -> list[int]:
    """Return the balances, in the order asked."""
    return [
        queries.balance_at(past.history, member, currency, asked.at_ns)
        for member, currency in asked.accounts
    ]
