"""The business days of a run on virtual time: which book opens and closes when.

The calendars are the world's; here they become ``OpenWindow`` and ``CloseBook`` commands, in order
of time. A book with hours opens and closes by its clock. A book without hours is always open: its
date ends when its midnight has passed and no more input is dated on it.

Days that nobody needs are passed over: when nothing waits, no input is dated on them, and time
goes on beyond the day after.
"""

from __future__ import annotations

import datetime
import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from paritas.core.state import NEVER_NS, State
from paritas.model import commands as c
from paritas.node.calendars import DAY_NS, BookCalendar

_CLOSE, _OPEN = 0, 1
_EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()


def utc_midnight_ns(date: datetime.date) -> int:
    """Return the first moment of a date in UTC, or 0 for a date before 1970."""
    return max(0, date.toordinal() - _EPOCH_ORDINAL) * DAY_NS


class Timer(Protocol):
    """Something that is done at moments of its own between the openings and closes of books."""

    def next_ns(self, now_ns: int) -> int:
        """Return the next moment after ``now_ns`` at which it has something to do."""

    def run(self, now_ns: int) -> None:
        """Do it."""

    def before_close(self, now_ns: int, currency: str) -> None:
        """Do what must be done before a book's date ends."""

    def wants_more_days(self) -> bool:
        """Say whether it has something left for later dates."""


class BusinessDays:
    """Moves the books through their days; ``decide`` is given each command as it falls due."""

    def __init__(
        self,
        state: State,
        decide: Callable[[c.AnyCommand], object],
        calendars: Mapping[str, BookCalendar],
        first_day: datetime.date,
        timers: Sequence[Timer] = (),
    ) -> None:
        self._state = state
        self._timers = timers
        self._decide = decide
        self._calendars = calendars
        self.first_dates = {
            currency: _business_day(calendar, first_day) for currency, calendar in calendars.items()
        }
        #: (moment, close or open, currency, date), the next one first.
        self._agenda: list[tuple[int, int, str, datetime.date]] = []
        #: The present date of each book without hours, and the midnight that follows it.
        self._always_open: dict[str, tuple[datetime.date, int]] = {}
        self.now_ns = 0

    def start_ns(self) -> int:
        """Return the earliest moment at which a book opens."""
        return min(
            (
                calendar.window_ns(self.first_dates[currency])[0]
                for currency, calendar in self._calendars.items()
            ),
            default=0,
        )

    def begin(self, now_ns: int) -> None:
        """Open the books without hours, and put the first windows of the others on the agenda."""
        self.now_ns = now_ns
        for currency, calendar in self._calendars.items():
            date = self.first_dates[currency]
            if calendar.has_hours:
                self._plan_opening(currency, date)
            else:
                self._open_always(currency, date)

    def advance(self, to_ns: int, still_to_come: Callable[[int], bool]) -> None:
        """Let time go on to ``to_ns``; ``still_to_come(date)`` says whether input is dated on it."""
        while self._agenda and self._agenda[0][0] <= to_ns:
            self._run_timers(self._agenda[0][0] - 1)
            at_ns, kind, currency, date = heapq.heappop(self._agenda)
            following = self._calendars[currency].next_business_day(date)
            if (
                kind == _CLOSE
                or self._is_needed(currency, date)
                or still_to_come(date.toordinal())
                or self._calendars[currency].window_ns(following)[0] > to_ns
            ):
                self._step(at_ns, kind, currency, date)
            else:
                self._plan_opening(currency, following)
        self._run_timers(to_ns)
        self.now_ns = max(self.now_ns, to_ns)
        for currency, (_, midnight_ns) in self._always_open.items():
            if midnight_ns <= self.now_ns:
                self._move_on(currency, still_to_come)

    def _run_timers(self, until_ns: int) -> None:
        """Let each timer do what falls due up to ``until_ns``, in order of time."""
        while self._timers:
            at_ns, index = min((t.next_ns(self.now_ns), i) for i, t in enumerate(self._timers))
            if at_ns > until_ns:
                return
            self.now_ns = at_ns
            self._timers[index].run(at_ns)

    def _open_always(self, currency: str, date: datetime.date) -> None:
        self._open(currency, date, self.now_ns, NEVER_NS)
        self._always_open[currency] = date, self._calendars[currency].window_ns(date)[1]

    def _move_on(self, currency: str, still_to_come: Callable[[int], bool]) -> None:
        """End the dates of a book without hours that are over, as far as the present moment."""
        calendar, (date, _) = self._calendars[currency], self._always_open[currency]
        while calendar.window_ns(date)[1] <= self.now_ns and not still_to_come(date.toordinal()):
            self._close(currency)
            date = calendar.next_business_day(date)
            while (
                calendar.window_ns(date)[1] <= self.now_ns
                and not self._waits()
                and not still_to_come(date.toordinal())
            ):
                date = calendar.next_business_day(date)
            self._open_always(currency, date)

    def finish(self) -> None:
        """After the last input: end the day, and run further days as long as something waits."""
        for currency, (date, midnight_ns) in self._always_open.items():
            heapq.heappush(self._agenda, (max(self.now_ns, midnight_ns), _CLOSE, currency, date))
        while self._agenda:
            self._run_timers(self._agenda[0][0] - 1)
            at_ns, kind, currency, date = heapq.heappop(self._agenda)
            if kind == _CLOSE or self._is_needed(currency, date):
                self._step(at_ns, kind, currency, date)

    def _is_needed(self, currency: str, date: datetime.date) -> bool:
        return self._waits() or date == self.first_dates[currency]

    def _waits(self) -> bool:
        return bool(self._state.queue) or any(each.wants_more_days() for each in self._timers)

    def _step(self, at_ns: int, kind: int, currency: str, date: datetime.date) -> None:
        self.now_ns = max(self.now_ns, at_ns)
        if kind == _CLOSE:
            self._close(currency)
            self._plan_opening(currency, self._calendars[currency].next_business_day(date))
        else:
            opens_ns, closes_ns = self._calendars[currency].window_ns(date)
            self._open(currency, date, min(opens_ns, self.now_ns), closes_ns)
            heapq.heappush(self._agenda, (closes_ns, _CLOSE, currency, date))

    def _plan_opening(self, currency: str, date: datetime.date) -> None:
        calendar = self._calendars[currency]
        # A window that lies in the past whole (time has jumped over it) or is empty never opens.
        while calendar.window_ns(date)[1] <= max(self.now_ns, calendar.window_ns(date)[0]):
            date = calendar.next_business_day(date)
        heapq.heappush(self._agenda, (calendar.window_ns(date)[0], _OPEN, currency, date))

    def _open(self, currency: str, date: datetime.date, opens_ns: int, closes_ns: int) -> None:
        book = self._state.book_by_currency[currency].number
        command = c.OpenWindow(
            self.now_ns, c.OPERATOR, b"", book, date.toordinal(), opens_ns, closes_ns
        )
        self._decide(command)

    def _close(self, currency: str) -> None:
        for timer in self._timers:
            timer.before_close(self.now_ns, currency)
        book = self._state.book_by_currency[currency].number
        self._decide(c.CloseBook(self.now_ns, c.OPERATOR, b"", book))


def _business_day(calendar: BookCalendar, date: datetime.date) -> datetime.date:
    return date if calendar.is_business_day(date) else calendar.next_business_day(date)


def period(
    dates_of_inputs: Sequence[Sequence[int]], created_ns: Sequence[int | None]
) -> tuple[datetime.date, datetime.date]:
    """Return the first and the last value date (ordinals) that a run's inputs are about.

    The first is the earliest of all, but for slips of the pen, of which one must not carry
    everybody into another year: dates that had long passed when their own message was made, and
    dates more than a year away from those of most inputs. Without any date it is the day of the
    earliest input that says when it was made.
    """
    believed = [
        [date for date in dates if ns is None or date >= utc_ordinal(ns) - _STALE_DAYS]
        for dates, ns in zip(dates_of_inputs, created_ns, strict=True)
    ]
    counts = Counter(date for dates in believed for date in dates)
    if not counts:
        counts = Counter(date for dates in dates_of_inputs for date in dates)
    if not counts:
        day = datetime.date.fromordinal(
            utc_ordinal(min((ns for ns in created_ns if ns), default=0))
        )
        return day, day
    group = max(_groups(sorted(counts)), key=lambda dates: sum(counts[date] for date in dates))
    return datetime.date.fromordinal(group[0]), datetime.date.fromordinal(group[-1])


#: A value date so long before its own message was made is a slip.
_STALE_DAYS = 10
#: Value dates with so many days between them do not belong to one run.
_GAP_DAYS = 366


def utc_ordinal(at_ns: int) -> int:
    """Return the date of a moment in UTC, as ``date.toordinal`` counts."""
    return _EPOCH_ORDINAL + at_ns // DAY_NS


def _groups(dates: Sequence[int]) -> list[list[int]]:
    groups = [[dates[0]]]
    for before, date in pairwise(dates):
        if date - before > _GAP_DAYS:
            groups.append([])
        groups[-1].append(date)
    return groups


def last_use(dates_of_inputs: Sequence[Sequence[int]]) -> Mapping[int, int]:
    """Return, for each date (ordinal) that occurs, the index of the last input dated on it."""
    return {date: index for index, dates in enumerate(dates_of_inputs) for date in dates}


def moments(created_ns: Sequence[int | None], start_ns: int, horizon_ns: int) -> Iterator[int]:
    """Yield the virtual time of each input: its own, but never going back.

    An input without a time, or with one beyond ``horizon_ns`` (no value date lies near it), comes
    at the time of the one before it: one wrong year must not end everybody's day.
    """
    now_ns = start_ns
    for own_ns in created_ns:
        if own_ns is not None and own_ns <= horizon_ns:
            now_ns = max(now_ns, own_ns)
        yield now_ns
