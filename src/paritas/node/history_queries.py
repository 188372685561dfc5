"""What can be asked of a history: payments, timelines, entries, balances at a past moment, messages.

Every list comes in pages, newest first, and a page's ``cursor`` is what the next call is given; ""
is the beginning, and the end. Amounts are in minor units, moments in nanoseconds since 1970 (UTC).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from paritas.core.lifecycle import ISO_STATUS, Status
from paritas.node.history import History
from paritas.node.history_tables import ENTRY_KINDS, SEGMENT_BITS, uetr_key, uetr_text

#: How much a page holds unless less is asked for, and at the most.
PAGE = 100
PAGE_MAX = 1000


T = TypeVar("T")


class QueryError(ValueError):
    """What is asked cannot be meant; the text says what and what to do."""


class PaymentLeg(msgspec.Struct, frozen=True):
    """One leg, by the names of the outside."""

    payer: str
    payee: str
    currency: str
    amount_minor: int


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction and where it stands."""

    number: int
    sender: str
    reference: str
    uetr: str
    #: The message it came in: number, type and MsgId; 0 and "" if none.
    message: int
    message_type: str
    message_id: str
    legs: tuple[PaymentLeg, ...]
    priority: int
    value_date: str
    trade: str
    #: Number of the payment that this one pays back, 0 for none.
    returns: int
    #: Number of the other side of a matched trade, 0 for none.
    partner: int
    #: "waiting", "settled", "refused" or "cancelled".
    state: str
    #: What a pacs.002 says: "PDNG", "ACSC" or "RJCT".
    status: str
    reason: str
    text: str
    #: What a tracker says, in gpi's terms, such as "ACSP/G000" or "ACCC".
    tracking: str
    #: How much of it was paid back.
    returned_minor: int
    received_ns: int
    #: When it settled or ended otherwise, 0 while it waits.
    ended_ns: int
    #: The row of the journal in which it came.
    seq: int


class Step(msgspec.Struct, frozen=True):
    """One step in a payment's life."""

    at_ns: int
    #: "received", "queued", "matched", "settled", "refused", "cancelled", "returned", ...
    kind: str
    #: In the terms of pacs.002 and gpi, "" where neither has a word for it.
    status: str = ""
    reason: str = ""
    text: str = ""
    #: Another payment that it has to do with, 0 for none.
    other: int = 0
    seq: int = 0


class Entry(msgspec.Struct, frozen=True):
    """One posting on an account."""

    id: int
    at_ns: int
    #: Business date of the book.
    date: str
    #: "payment", "issue", "redeem", "hold" or "cycle".
    kind: str
    #: Number of the payment or hold, 0 for issue and redemption; and which of its legs.
    number: int
    leg: int
    #: Signed: below zero is a debit.
    amount_minor: int
    #: After this entry.
    balance_minor: int
    seq: int


class MessageIn(msgspec.Struct, frozen=True):
    """A message as it was received; its bytes lie in the sealed store at (seq, position)."""

    number: int
    sender: str
    message_type: str
    message_id: str
    at_ns: int
    seq: int
    position: int


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of what was asked for; ``cursor`` leads to what follows, "" if nothing does."""

    items: tuple[T, ...]
    cursor: str


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments are meant; what is left empty does not matter, the rest must all hold."""

    uetr: str = ""
    reference: str = ""
    #: MsgId of the message that it came in.
    message_id: str = ""
    #: BIC of any party to it.
    member: str = ""
    #: Value date, ISO.
    date: str = ""
    #: Currency and amount of one of its legs.
    currency: str = ""
    amount_from_minor: int | None = None
    amount_to_minor: int | None = None
    #: "waiting", "settled", "refused" or "cancelled".
    state: str = ""


def payment(history: History, number: int) -> Payment | None:
    """Return a payment by its number, or None."""
    return next(iter(_payments(history, ["p.number = ?"], [number], 1)), None)


def find(history: History, search: Search, cursor: str = "", limit: int = PAGE) -> Page[Payment]:
    """Return the payments that a search means, newest first; raises QueryError."""
    conditions, values = _conditions(history, search)
    if cursor:
        conditions.append("p.number < ?")
        values.append(_number_of(cursor))
    limit = _limited(limit)
    member = history.party(search.member) if search.member else None
    found = _payments(history, conditions, values, limit + 1, member)
    return _page(found, limit, lambda last: str(last.number))


def timeline(history: History, number: int) -> tuple[Step, ...]:
    """Return every step in the life of a payment, in order of time; () if there is none."""
    found = payment(history, number)
    if found is None:
        return ()
    query = "SELECT at_ns, kind, status, reason, text, other, seq FROM step WHERE number = ? ORDER BY id"
    told = [Step(*row) for row in history.ask(query, (number,))]
    steps = [Step(found.received_ns, "received", seq=found.seq)]
    ended = found.ended_ns
    end = Step(ended, found.state, found.status, found.reason, found.text)
    # What is told of a payment after its end (returned, confirmed) has come later than that.
    steps += [step for step in told if step.kind in _BEFORE_THE_END]
    if found.state != "waiting":
        steps.append(end)
        if found.state == "settled":
            steps.append(Step(ended, "delivered", "ACSP", "G000", "Passed on to the payee."))
    steps += [step for step in told if step.kind not in _BEFORE_THE_END]
    return tuple(steps)


_BEFORE_THE_END = frozenset(("queued", "matched", "moved", "cancel_asked"))


def entries(
    history: History,
    member: str,
    currency: str,
    *,
    date: str = "",
    cursor: str = "",
    limit: int = PAGE,
) -> Page[Entry]:
    """Return the postings on a member's account, newest first; of one business date if asked."""
    account = _account(history, member, currency)
    conditions, values = ["account = ?"], [account]
    if date:
        conditions.append("date = ?")
        values.append(_ordinal(date))
    if cursor:
        at_ns, _, entry = cursor.partition("-")
        conditions.append("(at_ns, id) < (?, ?)")
        values += [_number_of(at_ns), _number_of(entry)]
    limit = _limited(limit)
    query = (
        "SELECT id, at_ns, date, kind, number, leg, amount_minor, balance_minor, seq FROM entry"
        f" WHERE {' AND '.join(conditions)} ORDER BY at_ns DESC, id DESC LIMIT ?"
    )
    rows = history.ask(query, (*values, limit + 1))
    found = [
        Entry(number, at_ns, _date(day), ENTRY_KINDS[kind], *rest)
        for number, at_ns, day, kind, *rest in rows
    ]
    return _page(found, limit, lambda last: f"{last.at_ns}-{last.id}")


def balance_at(history: History, member: str, currency: str, at_ns: int) -> int:
    """Return an account's balance as it was at a moment, in minor units; raises QueryError."""
    query = (
        "SELECT balance_minor FROM entry WHERE account = ? AND at_ns <= ?"
        " ORDER BY at_ns DESC, id DESC LIMIT 1"
    )
    rows = history.ask(query, (_account(history, member, currency), at_ns))
    return int(rows[0][0]) if rows else 0


class MessageSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages are meant; what is left empty does not matter, the rest must all hold."""

    message_id: str = ""
    sender: str = ""
    message_type: str = ""
    #: Those that a payment of this UETR came in.
    uetr: str = ""
    #: Received in this span, [from, to).
    from_ns: int = 0
    to_ns: int = 2**63 - 1


def messages(
    history: History, search: MessageSearch, cursor: str = "", limit: int = PAGE
) -> Page[MessageIn]:
    """Return messages as they came in, newest first; raises QueryError."""
    conditions = ["at_ns >= ? AND at_ns < ?"]
    values: list[Any] = [search.from_ns, search.to_ns]
    for column, value in (
        ("id", search.message_id),
        ("sender", search.sender),
        ("type", search.message_type),
    ):
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    if search.uetr:
        key = uetr_key(search.uetr)
        conditions.append(
            f"number IN (SELECT message FROM payment p WHERE p.number IN ({_BY_KEY}) AND p.uetr = ?)"
        )
        values += [key, key]
    if cursor:
        conditions.append("number < ?")
        values.append(_number_of(cursor))
    limit = _limited(limit)
    query = (
        "SELECT number, sender, type, id, at_ns, seq, position FROM message"
        f" WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT ?"
    )
    found = [MessageIn(*row) for row in history.ask(query, (*values, limit + 1))]
    return _page(found, limit, lambda last: str(last.number))


# --- how it is asked


def _page(found: list[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    items = tuple(found[:limit])
    return Page(items, cursor_of(items[-1]) if len(found) > limit else "")


def _limited(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX:
        raise QueryError(f"limit {limit} is not between 1 and {PAGE_MAX}.")
    return limit


def _number_of(cursor: str) -> int:
    # Only what was given out: int() would take signs, blanks and other scripts' digits.
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise QueryError(f"cursor {cursor!r} is none that was given out.")
    return int(cursor)


def _ordinal(date: str) -> int:
    try:
        return datetime.date.fromisoformat(date).toordinal()
    except ValueError:
        raise QueryError(f"date {date!r} is not a date such as 2026-09-30.") from None


def _date(ordinal: int) -> str:
    in_range = 1 <= ordinal <= datetime.date.max.toordinal()
    return datetime.date.fromordinal(ordinal).isoformat() if in_range else str(ordinal)


def _account(history: History, member: str, currency: str) -> int:
    number = history.account_number(member, currency)
    if number is None:
        raise QueryError(f"{member} has no account in {currency}.")
    return number


def _conditions(history: History, search: Search) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []

    def must(condition: str, *given: Any) -> None:
        conditions.append(condition)
        values.extend(given)

    if search.uetr:
        key = uetr_key(search.uetr)
        must(f"p.number IN ({_BY_KEY}) AND p.uetr = ?", key, key)
    if search.reference:
        must(f"p.number IN ({_BY_KEY}) AND p.reference = ?", search.reference, search.reference)
    if search.message_id:
        must(
            "p.message IN (SELECT number FROM message WHERE id = ?)"
            " AND p.number BETWEEN (SELECT min(first) FROM message WHERE id = ?)"
            " AND (SELECT max(last) FROM message WHERE id = ?)",
            *(search.message_id,) * 3,
        )
    if search.state:
        if search.state.upper() not in Status.__members__:
            raise QueryError(f"state {search.state!r} is none of {', '.join(_STATES)}.")
        must("p.status = ?", Status[search.state.upper()])
    if search.date:
        date = _ordinal(search.date)
        must("p.value_date = ?", date)
        number = "t.number" if search.member else "p.number"
        for bound, sign in (("first", ">="), ("last", "<=")):
            must(f"{number} {sign} (SELECT {bound} FROM span WHERE date = ?)", date)
    if search.member and history.party(search.member) is None:
        must("0")
    _leg_conditions(history, search, must)
    return conditions, values


def _leg_conditions(history: History, search: Search, must: Callable[..., None]) -> None:
    """Currency and amount must be those of one and the same leg."""
    of_leg: list[str] = []
    given: list[Any] = []
    if search.currency:
        of_leg.append(
            "payer IN (SELECT a.number FROM account a JOIN book b ON b.number = a.book"
            " WHERE b.currency = ?)"
        )
        given.append(search.currency)
    for sign, amount_minor in ((">=", search.amount_from_minor), ("<=", search.amount_to_minor)):
        if amount_minor is not None:
            of_leg.append(f"amount_minor {sign} ?")
            given.append(amount_minor)
    if of_leg:
        first = " AND ".join(f"p.{each}" for each in of_leg)
        other = " AND ".join(f"l.{each}" for each in of_leg)
        more = f"EXISTS (SELECT 1 FROM leg l WHERE l.number = p.number AND {other})"
        must(f"({first} OR {more})", *given, *given)


#: Numbers by UETR or reference: one look into each segment of the keys.
_BY_KEY = (
    "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s"
    f" WHERE n < (SELECT max(number) >> {SEGMENT_BITS} FROM payment))"
    " SELECT k.number FROM s CROSS JOIN key k ON k.segment = s.n AND k.key = ?"
)

_STATES = tuple(status.name.lower() for status in Status if status is not Status.NEW)

_COLUMNS = (
    "p.number, p.sender, p.reference, p.uetr, p.message, p.payer, p.payee, p.amount_minor,"
    " p.priority, p.value_date, p.trade, p.returns, p.status, p.reason, p.text, p.partner,"
    " p.received_ns, p.ended_ns, p.seq, m.type, m.id"
)


def _payments(
    history: History,
    conditions: list[str],
    values: list[Any],
    limit: int,
    member: int | None = None,
) -> list[Payment]:
    source, order = "payment p", "p.number"
    if member is not None:
        source, order = "touch t CROSS JOIN payment p ON p.number = t.number", "t.number"
        conditions = [each.replace("p.number <", "t.number <") for each in conditions]
        conditions, values = [*conditions, "t.party = ?"], [*values, member]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    query = (
        f"SELECT {_COLUMNS} FROM {source} LEFT JOIN message m ON m.number = p.message"
        f"{where} ORDER BY {order} DESC LIMIT ?"
    )
    return [_payment(history, row) for row in history.ask(query, (*values, limit))]


def _payment(history: History, row: tuple[Any, ...]) -> Payment:
    number, sender, reference, uetr, message, *first = row[:8]
    priority, value_date, trade, returns, status, reason, text, partner = row[8:16]
    received_ns, ended_ns, seq, message_type, message_id = row[16:]
    state = Status(status)
    return Payment(
        number=number,
        sender=history.bic(sender),
        reference=reference,
        uetr=uetr_text(uetr),
        message=message,
        message_type=message_type or "",
        message_id=message_id or "",
        legs=_legs(history, number, first),
        priority=priority,
        value_date=_date(value_date),
        trade=trade or "",
        returns=returns or 0,
        partner=partner or 0,
        state=state.name.lower(),
        status=ISO_STATUS[state],
        reason=reason or "",
        text=text or "",
        tracking=_tracking(history, number, state),
        returned_minor=_returned(history, number) if state is Status.SETTLED else 0,
        received_ns=received_ns,
        ended_ns=ended_ns or 0,
        seq=seq,
    )


def _legs(history: History, number: int, first: list[Any]) -> tuple[PaymentLeg, ...]:
    query = "SELECT payer, payee, amount_minor FROM leg WHERE number = ? ORDER BY leg"
    rows = [first, *history.ask(query, (number,))] if first[0] is not None else []
    legs = []
    for payer, payee, amount_minor in rows:
        (paying, currency), (paid, _) = history.account(payer), history.account(payee)
        legs.append(PaymentLeg(paying, paid, currency, amount_minor))
    return tuple(legs)


def _tracking(history: History, number: int, state: Status) -> str:
    if state in (Status.REFUSED, Status.CANCELLED):
        return "RJCT"
    query = (
        "SELECT status, reason FROM step WHERE number = ? AND status <> '' ORDER BY id DESC LIMIT 1"
    )
    told = history.ask(query, (number,))
    if told:
        return "/".join(filter(None, told[0]))
    return "ACSP/G000" if state is Status.SETTLED else "ACSP/G004"


def _returned(history: History, number: int) -> int:
    query = "SELECT sum(amount_minor) FROM payment WHERE returns = ? AND status = ?"
    return history.ask(query, (number, Status.SETTLED))[0][0] or 0
