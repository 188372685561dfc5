"""What an account has, what waits at it and what is to come: read from the state, changing nothing."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

from paritas.core.queue import in_turn
from paritas.core.state import Account, State, Waiting
from paritas.model.instructions import Priority
from paritas.model.money import format_amount

PRIORITY_NAMES = {priority.value: priority.name.lower() for priority in Priority}


class Balance(msgspec.Struct, frozen=True):
    """An account as it stands; all amounts in minor units.

    ``available_minor`` is what a normal payment may use: balance and limit, less holds and
    reservations. It is below zero where a limit was lowered under what is used.
    """

    member: str
    currency: str
    balance_minor: int
    limit_minor: int
    held_minor: int
    reserved_urgent_minor: int
    reserved_high_minor: int
    available_minor: int
    waiting: int
    suspended: bool


class QueuedLeg(msgspec.Struct, frozen=True):
    """One leg of what waits."""

    payer: str
    payee: str
    currency: str
    amount_minor: int


class Queued(msgspec.Struct, frozen=True):
    """An instruction that waits, and what it waits for.

    ``waits_for`` is "partner", "window", "suspension", "order" or "funds"; ``text`` says it in a
    sentence, with what would free it.
    """

    number: int
    reference: str
    uetr: str
    sender: str
    priority: str
    value_date: str
    legs: tuple[QueuedLeg, ...]
    waits_for: str
    text: str
    #: It stands at this place, from 1, in its payer's line; 0 while it is not due.
    place: int
    #: Members who have asked to cancel it, of a matched trade.
    cancel_asked: tuple[int, ...] = ()


class Forecast(msgspec.Struct, frozen=True):
    """An account to the end of its book's day, if all that waits for that day settled.

    ``expected_minor`` = balance + queued in - queued out; ``shortfall_minor`` is by how much it would
    fall below what the account may use. ``later`` says the same of later value dates.
    """

    member: str
    currency: str
    date: str
    closes_ns: int
    balance_minor: int
    limit_minor: int
    held_minor: int
    queued_in_minor: int
    queued_out_minor: int
    expected_minor: int
    shortfall_minor: int
    later: tuple[LaterDay, ...]


class LaterDay(msgspec.Struct, frozen=True):
    """What waits for a later value date at an account."""

    date: str
    queued_in_minor: int
    queued_out_minor: int


class Held(msgspec.Struct, frozen=True):
    """A hold: offered, until it expires or is withdrawn, or promised to a decision."""

    number: int
    reference: str
    payer: str
    payee: str
    currency: str
    amount_minor: int
    expires_ns: int
    #: "offered" or "promised".
    status: str
    decision: str


class BookDay(msgspec.Struct, frozen=True):
    """A book and where its business day stands; ``closes_ns`` is 0 while it has no end."""

    currency: str
    issuer: str
    date: str
    is_open: bool
    accepts_new: bool
    closes_ns: int
    issued_minor: int
    accounts: int
    #: Minor units for one unit of the value currency: numerator and denominator.
    rate: tuple[int, int]


def date_text(ordinal: int) -> str:
    """Return a date as ISO text; what is no date of this calendar as its number."""
    if 1 <= ordinal <= datetime.date.max.toordinal():
        return datetime.date.fromordinal(ordinal).isoformat()
    return str(ordinal)


def balance_of(account: Account) -> Balance:
    """Return an account as it stands."""
    urgent, high = account.reserved_minor
    return Balance(
        account.party.bic,
        account.book.currency,
        account.balance_minor,
        account.limit_minor,
        account.held_minor,
        urgent,
        high,
        account.balance_minor - account.floors[Priority.NORMAL],
        account.waiting,
        account.suspended,
    )


def queued(state: State, waiting: Waiting) -> Queued:
    """Return what waits, with its reason."""
    command = state.instructions[waiting.number]
    assert command is not None
    waits_for, text = why_waiting(state, waiting)
    place = 0
    if waiting.due and waiting.outflows:
        line = waiting.outflows[0][0].lines[waiting.priority]
        place = 1 + next(i for i, entry in enumerate(line) if entry[1] == waiting.number)
    return Queued(
        waiting.number,
        command.reference,
        command.uetr,
        state.parties[command.sender].bic,
        PRIORITY_NAMES[waiting.priority],
        date_text(waiting.value_date),
        tuple(
            QueuedLeg(payer.party.bic, payee.party.bic, payer.book.currency, amount_minor)
            for payer, payee, amount_minor in waiting.legs
        ),
        waits_for,
        text,
        place,
        tuple(sorted(waiting.cancel_asked)),
    )


def why_waiting(state: State, waiting: Waiting) -> tuple[str, str]:
    """Say what an instruction waits for, and what would free it."""
    if waiting.trade_key is not None:
        return "partner", "It waits for the other side of its trade."
    for account in waiting.accounts:
        if account.suspended:
            text = f"{account.party.bic} is suspended on the {account.book.currency} book."
            return "suspension", text
        if account.book.settles_date != waiting.value_date:
            day = date_text(waiting.value_date)
            return "window", f"It waits until the {account.book.currency} book is open for {day}."
    for account, amount_minor in waiting.outflows:
        short_minor = account.floors[waiting.priority] + amount_minor - account.balance_minor
        if short_minor > 0:
            currency = account.book.currency
            lacks = f"{currency} {format_amount(short_minor, currency)}"
            return "funds", f"{account.party.bic} lacks {lacks}; a credit of that frees it."
    for account, _ in waiting.outflows:
        if not in_turn(state, account, waiting):
            return "order", "Something more urgent, or earlier, waits at the same account."
    return "funds", "It is funded and will settle when it is tried again."


def forecasts(state: State, accounts: Sequence[Account]) -> list[Forecast]:
    """Return what is to come at each account by the end of its book's day."""
    #: account -> value date -> (coming, going).
    flows: dict[Account, dict[int, list[int]]] = {account: {} for account in accounts}
    for waiting in state.queue.values():
        for payer, payee, amount_minor in waiting.legs:
            date = max(waiting.value_date, payer.book.date)
            if payee in flows:
                flows[payee].setdefault(date, [0, 0])[0] += amount_minor
            if payer in flows:
                flows[payer].setdefault(date, [0, 0])[1] += amount_minor
    return [_forecast(account, flows[account]) for account in accounts]


def _forecast(account: Account, by_date: dict[int, list[int]]) -> Forecast:
    book = account.book
    coming, going = by_date.pop(book.date, [0, 0])
    expected_minor = account.balance_minor + coming - going
    return Forecast(
        account.party.bic,
        book.currency,
        date_text(book.date),
        book.closes_ns if book.settles_date else 0,
        account.balance_minor,
        account.limit_minor,
        account.held_minor,
        coming,
        going,
        expected_minor,
        max(0, account.held_minor - account.limit_minor - expected_minor),
        tuple(LaterDay(date_text(day), *by_date[day]) for day in sorted(by_date)),
    )


def holds(state: State) -> list[Held]:
    """Return every hold, in order of number."""
    return [
        Held(
            hold.number,
            hold.reference,
            hold.payer.party.bic,
            hold.payee.party.bic,
            hold.payer.book.currency,
            hold.amount_minor,
            hold.expires_ns,
            "promised" if hold.decision else "offered",
            hold.decision,
        )
        for _, hold in sorted(state.holds.items())
    ]


def book_days(state: State) -> list[BookDay]:
    """Return every book, in order of number."""
    return [
        BookDay(
            book.currency,
            book.issuer.bic,
            date_text(book.date),
            bool(book.settles_date),
            bool(book.accepts_date),
            book.closes_ns if book.settles_date else 0,
            -book.contra.balance_minor,
            len(book.accounts),
            book.rate,
        )
        for _, book in sorted(state.books.items())
    ]
