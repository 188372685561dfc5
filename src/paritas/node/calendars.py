"""Calendars and clocks: business days, windows in UTC, and ISO 8601 texts to nanoseconds.

The core knows no time zone: what it gets from here are integers, instants as nanoseconds since
1970-01-01T00:00:00Z without leap seconds, and dates as ``date.toordinal()``. All arithmetic is in
integers.
"""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from holidays import HolidayBase

    from paritas.node.scheme import Book

DAY_S = 86_400
SECOND_NS = 1_000_000_000
DAY_NS = DAY_S * SECOND_NS
_MINUTE_NS = 60 * SECOND_NS

#: The first instant that is not one: nanoseconds are kept in 64 bits with a sign (in 2262).
INSTANT_NS_END = 2**63

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_ONE_DAY = datetime.timedelta(days=1)
_ONE_SECOND = datetime.timedelta(seconds=1)

_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", re.ASCII)
_REST = re.compile(r":([0-5][0-9])(?:\.([0-9]{1,9}))?(|Z|[+-][0-9]{2}:[0-5][0-9])", re.ASCII)


class BookCalendar:
    """The business days and the windows of one book.

    A date's window ends on that date at ``closes``. It begins at ``opens`` on the same date or,
    if the book opens later in the day than it closes (22:00 to 06:00), on the calendar day before.

    A local time that the clock skips when summer begins means the first moment after the gap; one
    that the clock shows twice means the first of the two.
    """

    def __init__(self, book: Book) -> None:
        self._zone = ZoneInfo(book.timezone)
        self._weekend = frozenset(book.weekend)
        self._holidays = frozenset(book.holidays)
        self._public_holidays = public_holidays(book.calendar) if book.calendar else None
        #: False for a book without a cut-off: its windows go from midnight to midnight.
        self.has_hours = book.opens_s is not None and book.closes_s is not None
        self._opens_s = book.opens_s or 0
        self._closes_s = DAY_S if book.closes_s is None else book.closes_s
        if self._opens_s >= self._closes_s:
            self._opens_s -= DAY_S

    def is_business_day(self, date: datetime.date) -> bool:
        """Tell whether the book settles on ``date``."""
        if date.weekday() in self._weekend or date in self._holidays:
            return False
        return self._public_holidays is None or date not in self._public_holidays

    def next_business_day(self, date: datetime.date) -> datetime.date:
        """Return the first business day after ``date``.

        Raises OverflowError at the end of the year 9999, where dates end.
        """
        date += _ONE_DAY
        while not self.is_business_day(date):
            date += _ONE_DAY
        return date

    def window_ns(self, date: datetime.date) -> tuple[int, int]:
        """Return when the window of ``date`` opens and closes, in nanoseconds since 1970, UTC.

        It is not asked here whether ``date`` is a business day. A book without hours has a window
        too, from local midnight to the next. A window may be empty (both instants equal) if the
        clock skipped all of it.
        """
        return self._local_ns(date, self._opens_s), self._local_ns(date, self._closes_s)

    def local_date(self, at_ns: int) -> datetime.date:
        """Return the date on the book's wall calendar at an instant."""
        utc = datetime.datetime.fromtimestamp(at_ns // SECOND_NS, datetime.UTC)
        return utc.astimezone(self._zone).date()

    def _local_ns(self, date: datetime.date, clock_s: int) -> int:
        """Return the instant at which the local clock stands ``clock_s`` after midnight."""
        midnight = datetime.datetime.combine(date, datetime.time())
        wall = midnight + datetime.timedelta(seconds=clock_s)
        before_s, after_s = self._offsets_s(wall)
        if before_s < after_s:
            wall = self._gap_start(wall, after_s - before_s)
            before_s, _ = self._offsets_s(wall)
        days = wall.toordinal() - _EPOCH
        wall_s = days * DAY_S + wall.hour * 3600 + wall.minute * 60 + wall.second
        return (wall_s - before_s) * SECOND_NS

    def _offsets_s(self, wall: datetime.datetime) -> tuple[int, int]:
        """Return how far local time is ahead of UTC, by the rule before and after a change.

        The two differ only in a gap (the second is larger) and in an overlap (it is smaller).
        """
        before = self._zone.utcoffset(wall)
        after = self._zone.utcoffset(wall.replace(fold=1))
        assert before is not None and after is not None, "a ZoneInfo has an offset at any time"
        return before // _ONE_SECOND, after // _ONE_SECOND

    def _gap_start(self, wall: datetime.datetime, gap_s: int) -> datetime.datetime:
        """Return the first local time of the gap of ``gap_s`` seconds that ``wall`` lies in."""
        outside_s, inside_s = gap_s, 0
        while outside_s - inside_s > 1:
            middle_s = (outside_s + inside_s) // 2
            before_s, after_s = self._offsets_s(wall - middle_s * _ONE_SECOND)
            if before_s < after_s:
                inside_s = middle_s
            else:
                outside_s = middle_s
        return wall - inside_s * _ONE_SECOND


def has_holiday_calendar(name: str) -> bool:
    """Tell whether the ``holidays`` library has a calendar for a country or market code."""
    # To import it takes about 60 ms, which only those should pay who use it.
    import holidays

    countries = holidays.list_supported_countries(include_aliases=False)
    return name in countries or name in holidays.list_supported_financial(include_aliases=False)


def public_holidays(name: str) -> HolidayBase:
    """Return the public holidays of a country or market; they are worked out year by year.

    Raises NotImplementedError for a name that ``has_holiday_calendar`` does not know.
    """
    import holidays

    if name in holidays.list_supported_countries(include_aliases=False):
        return holidays.country_holidays(name)
    return holidays.financial_holidays(name)


def parse_instant_ns(text: str) -> int | None:
    """Turn an ISO 8601 date and time into nanoseconds since 1970, UTC; None if it is not one.

    The form is ``2026-09-30T09:00:00``, then perhaps 1 to 9 decimals, then perhaps ``Z`` or an
    offset up to 14 hours; without either it is taken as UTC. Refused are 24:00:00, leap seconds,
    blanks, and what lies before 1970 or beyond 64 bits (2262).
    """
    minute_ns = _minute_ns(text[:16])
    rest = _REST.fullmatch(text, 16)
    if minute_ns is None or rest is None:
        return None
    second, decimals, zone = rest.groups("")
    offset_ns = _offset_ns(zone)
    if offset_ns is None:
        return None
    at_ns = minute_ns + int(second + decimals.ljust(9, "0")) - offset_ns
    return at_ns if 0 <= at_ns < INSTANT_NS_END else None


@lru_cache(maxsize=4096)
def _minute_ns(text: str) -> int | None:
    """Return the instant of ``2026-09-30T09:00``, or None; a day has few different ones."""
    if _MINUTE.fullmatch(text) is None:
        return None
    hours, minutes = int(text[11:13]), int(text[14:])
    if hours > 23 or minutes > 59:
        return None
    try:
        days = datetime.date.fromisoformat(text[:10]).toordinal() - _EPOCH
    except ValueError:
        return None
    return (days * DAY_S + hours * 3600 + minutes * 60) * SECOND_NS


@lru_cache(maxsize=256)
def _offset_ns(zone: str) -> int | None:
    """Return how far ``+05:30`` is ahead of UTC; None beyond 14 hours, as XML Schema has it."""
    if zone in ("", "Z"):
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:])
    if minutes > 14 * 60:
        return None
    return (-minutes if zone[0] == "-" else minutes) * _MINUTE_NS


def format_instant(at_ns: int) -> str:
    """Return an instant as ISO 8601 text with milliseconds: ``2026-09-30T09:00:00.000Z``.

    What is below a millisecond is cut off.
    """
    minute, rest_ns = divmod(at_ns, _MINUTE_NS)
    seconds, milliseconds = divmod(rest_ns // 1_000_000, 1000)
    return f"{_minute_text(minute)}:{seconds:02}.{milliseconds:03}Z"


@lru_cache(maxsize=4096)
def _minute_text(minute: int) -> str:
    day, minute = divmod(minute, 24 * 60)
    date = datetime.date.fromordinal(_EPOCH + day).isoformat()
    return f"{date}T{minute // 60:02}:{minute % 60:02}"
