"""What the clock wishes: books that open and close, and what expires, on the node's real time.

The calendars are the world's. What is due is worked out anew from the state each time, so a node
that was stopped, or asleep over a weekend, goes on as if it had been told late: a day that was missed
whole is passed over, as ``business_days`` does on virtual time.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence

from paritas.core.state import NEVER_NS, Book, State
from paritas.model import commands as c
from paritas.node.calendars import BookCalendar

#: Given the state and the present moment, returns the commands that are due and when to ask again.
Timer = Callable[[State, int], tuple[Sequence[c.AnyCommand], int]]


def first_dates(calendars: Mapping[str, BookCalendar], now_ns: int) -> dict[str, datetime.date]:
    """Return the first business date of each book of a scheme that comes into being now."""
    return {currency: _current(calendar, None, now_ns) for currency, calendar in calendars.items()}


def _current(calendar: BookCalendar, ended: datetime.date | None, now_ns: int) -> datetime.date:
    """Return the business date that is open or the next to open, after the one that ``ended``."""
    local = calendar.local_date(now_ns)
    date = local if ended is None or ended < local else ended + datetime.timedelta(days=1)
    if not calendar.is_business_day(date):
        date = calendar.next_business_day(date)
    while True:
        opens_ns, closes_ns = calendar.window_ns(date)
        if now_ns < closes_ns and opens_ns < closes_ns:
            return date
        date = calendar.next_business_day(date)


def business_day_timer(calendars: Mapping[str, BookCalendar]) -> Timer:
    """Return the timer that opens and closes the books of these calendars."""

    def timer(state: State, now_ns: int) -> tuple[Sequence[c.AnyCommand], int]:
        due: list[c.AnyCommand] = []
        next_ns = NEVER_NS
        for book in state.books.values():
            calendar = calendars.get(book.currency)
            if calendar is not None:
                commands, again_ns = _book_due(book, calendar, now_ns)
                due += commands
                next_ns = min(next_ns, again_ns)
        return due, next_ns

    return timer


def _book_due(
    book: Book, calendar: BookCalendar, now_ns: int
) -> tuple[Sequence[c.AnyCommand], int]:
    date = datetime.date.fromordinal(book.date)
    due: list[c.AnyCommand] = []
    ended: datetime.date | None = date if book.day_ended else None
    if book.settles_date:
        closes_ns = book.closes_ns if calendar.has_hours else calendar.window_ns(date)[1]
        if now_ns < closes_ns:
            return (), closes_ns
        due.append(c.CloseBook(now_ns, c.OPERATOR, b"", book.number))
        ended = date
    following = _following(calendar, book, ended, now_ns)
    opens_ns, closes_ns = calendar.window_ns(following)
    if not calendar.has_hours:
        # A book without hours is always open, for the next date that has not ended.
        opens_ns, closes_ns = min(opens_ns, now_ns), NEVER_NS
    if opens_ns > now_ns:
        return due, opens_ns
    ordinal = following.toordinal()
    due.append(c.OpenWindow(now_ns, c.OPERATOR, b"", book.number, ordinal, opens_ns, closes_ns))
    return due, calendar.window_ns(following)[1]


def _following(
    calendar: BookCalendar, book: Book, ended: datetime.date | None, now_ns: int
) -> datetime.date:
    """Return the date that opens next: never before the book's own date, nor one that ended."""
    date = _current(calendar, ended, now_ns)
    return max(date, datetime.date.fromordinal(book.date)) if ended is None else date


def expiry_timer(state: State, now_ns: int) -> tuple[Sequence[c.AnyCommand], int]:
    """Let offered holds expire in time, even when nobody wishes anything."""
    if state.next_expiry_ns > now_ns:
        return (), state.next_expiry_ns
    return (c.PassTime(now_ns, c.OPERATOR, b""),), NEVER_NS


def due_now(timers: Sequence[Timer], state: State, now_ns: int) -> tuple[list[c.AnyCommand], int]:
    """Ask all timers; return what is due and the moment at which to ask again."""
    due: list[c.AnyCommand] = []
    next_ns = NEVER_NS
    for timer in timers:
        commands, again_ns = timer(state, now_ns)
        due += commands
        next_ns = min(next_ns, again_ns)
    return due, next_ns


__all__ = [
    "Timer",
    "business_day_timer",
    "due_now",
    "expiry_timer",
    "first_dates",
]
