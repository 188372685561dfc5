"""The clock of netting cycles: when they open, are cut off, calculated and settled.

Like the timers of ``node.timers`` it asks the state anew each time what is due, so a node that was
stopped goes on as if it had been told late. Between cut-off and calculation there is a minute for
the solver to propose what can be set off.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence

from paritas.core.cycles import is_covered
from paritas.core.obligations import Cycle, CycleStatus
from paritas.core.state import NEVER_NS, State
from paritas.model import commands as c
from paritas.model.events import AnyEvent, CommandRefused
from paritas.node.calendars import SECOND_NS, BookCalendar
from paritas.node.scheme import Book, CycleRules

#: How long the solver has between cut-off and calculation.
SET_OFF_NS = 60 * SECOND_NS
#: How often it is looked whether a short cycle is covered, or its books are open.
_LOOK_NS = 60 * SECOND_NS

Due = tuple[Sequence[c.AnyCommand], int]


def cycle_timer(cycles: Iterable[CycleRules]) -> Callable[[State, int], Due]:
    """Return the timer of a scheme's cycles: what is due now, and when to ask again."""
    # A cycle's hours are read like a book's, summer time and nights included.
    hours = {
        rules.name: (
            rules,
            BookCalendar(Book("", "", rules.timezone, rules.opens_s, rules.cut_off_s)),
        )
        for rules in cycles
    }

    def timer(state: State, now_ns: int) -> Due:
        due: list[c.AnyCommand] = []
        next_ns = NEVER_NS
        for rules, calendar in hours.values():
            command, again_ns = _due(state, rules, calendar, now_ns)
            due += [command] if command is not None else []
            next_ns = min(next_ns, again_ns)
        return due, next_ns

    return timer


def _due(
    state: State, rules: CycleRules, calendar: BookCalendar, now_ns: int
) -> tuple[c.AnyCommand | None, int]:
    for cycle in state.running_cycles():
        if cycle.name == rules.name:
            return _step(state, cycle, rules, now_ns)
    return _opening(state, rules, calendar, now_ns)


def _next_look(now_ns: int) -> int:
    return (now_ns // _LOOK_NS + 1) * _LOOK_NS


def _step(
    state: State, cycle: Cycle, rules: CycleRules, now_ns: int
) -> tuple[c.AnyCommand | None, int]:
    """Return what takes a running cycle further, or when that will be."""
    head = (now_ns, c.OPERATOR, b"", cycle.number)
    if cycle.status == CycleStatus.OPEN:
        if now_ns < cycle.cut_off_ns:
            return None, cycle.cut_off_ns
        return c.CutOffCycle(*head), now_ns
    if cycle.status == CycleStatus.CUT_OFF:
        at_ns = cycle.cut_off_ns + (SET_OFF_NS if rules.set_off else 0)
        return (None, at_ns) if now_ns < at_ns else (c.CalculateCycle(*head), now_ns)
    if any(not book.settles_date for book in cycle.books):
        return None, _next_look(now_ns)
    if cycle.status == CycleStatus.TOPPING_UP and now_ns < cycle.until_ns and not is_covered(cycle):
        return None, min(cycle.until_ns, _next_look(now_ns))
    return c.SettleCycle(*head), now_ns


def _opening(
    state: State, rules: CycleRules, calendar: BookCalendar, now_ns: int
) -> tuple[c.AnyCommand | None, int]:
    """Open the day's cycle once, when all its books are open; else say when to look again."""
    today = calendar.local_date(now_ns)
    books = [state.book_by_currency[currency] for currency in rules.currencies]
    for days in range(3):
        opens_ns, cut_off_ns = calendar.window_ns(today + datetime.timedelta(days=days))
        if now_ns < opens_ns:
            return None, opens_ns
        if now_ns < cut_off_ns and not _was_opened(state, rules.name, cut_off_ns):
            if any(not book.settles_date for book in books):
                return None, _next_look(now_ns)
            numbers = tuple(book.number for book in books)
            terms = (rules.name, numbers, cut_off_ns, rules.top_up_ns)
            return c.OpenCycle(now_ns, c.OPERATOR, b"", *terms), now_ns
    return None, NEVER_NS


def _was_opened(state: State, name: str, cut_off_ns: int) -> bool:
    return any(
        cycle.name == name and cycle.cut_off_ns == cut_off_ns for cycle in state.cycles.values()
    )


class VirtualCycles:
    """The cycles of a run on virtual time; the solver answers between two moments of it."""

    def __init__(
        self,
        state: State,
        cycles: Sequence[CycleRules],
        decide: Callable[[c.AnyCommand], Sequence[AnyEvent]],
        set_off: Callable[[Cycle, int], None],
    ) -> None:
        """``set_off(cycle, now_ns)`` has a cycle set off that was just cut off."""
        self._state = state
        self._rules = {rules.name: rules for rules in cycles}
        self._timer = cycle_timer(cycles)
        self._decide = decide
        self._set_off = set_off

    def next_ns(self, now_ns: int) -> int:
        """Return the next moment at which something is due."""
        due, again_ns = self._timer(self._state, now_ns)
        return now_ns if due else again_ns

    def run(self, now_ns: int) -> None:
        """Do all that is due."""
        while (due := self._timer(self._state, now_ns)[0]) and self._do(due[0], now_ns):
            pass

    def _do(self, command: c.AnyCommand, now_ns: int) -> bool:
        events = self._decide(command)
        if isinstance(command, c.CutOffCycle):
            cycle = self._state.cycles[command.cycle]
            if self._rules[cycle.name].set_off:
                self._set_off(cycle, now_ns)
        return not isinstance(events[0], CommandRefused)

    def before_close(self, now_ns: int, currency: str) -> None:
        """Settle, as far as it is covered, what is calculated or could be before a book closes."""
        book = self._state.book_by_currency[currency]
        for cycle in self._state.running_cycles():
            if book not in cycle.books:
                continue
            if cycle.status == CycleStatus.CUT_OFF:
                self._decide(c.CalculateCycle(now_ns, c.OPERATOR, b"", cycle.number))
            while cycle.status in (CycleStatus.CALCULATED, CycleStatus.TOPPING_UP):
                command = c.SettleCycle(now_ns, c.OPERATOR, b"", cycle.number)
                if isinstance(self._decide(command)[0], CommandRefused):
                    break

    def wants_more_days(self) -> bool:
        """A cycle that holds obligations is not left behind."""
        return any(cycle.obligations for cycle in self._state.running_cycles())
