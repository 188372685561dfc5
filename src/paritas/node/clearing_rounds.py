"""Rounds of clearing beside the engine: when to look at the queue, and class after class.

A round goes through the scopes: urgent, then high, then all together where classes block each
other, then normal. For each there is one ``BeginClearing``, one problem drawn up from the state of
that moment, and one ``ProposeSettlement`` with its certificate. So classes are served
lexicographically: what the more urgent took is gone before the less urgent are looked at.

The live node drives a ``Round`` step by step and never waits for the solver:

    round = Round(state, scheme.clearing)
    command = round.begin(now_ns)       # None: the round is over
    ... commit it: round.begun(events) is the solver's task; solver.begin(task) ...
    ... when solver.poll(): round.proposal(now_ns, solver.answer()) is the command to commit ...

``Clearings`` drives rounds on virtual time, where the solver takes no time at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from paritas.clearing.problem import Problem
from paritas.core.state import NEVER_NS, State
from paritas.model import commands as c
from paritas.model.events import AnyEvent, Recorded
from paritas.model.instructions import Scope
from paritas.node.calendars import SECOND_NS
from paritas.node.queue_problem import problem_of, rule_of, value_of, worth_of
from paritas.node.solver import NOTHING, Answer, Solver, SolverLost, Task

if TYPE_CHECKING:
    from paritas.node.scheme import Clearing

#: How often it is looked whether liquidity has changed enough.
_LOOK_NS = 60 * SECOND_NS

_ORDER = (Scope.URGENT, Scope.HIGH, Scope.ALL, Scope.NORMAL)


class Round:
    """One round: the scopes in their order, each begun, solved and proposed before the next."""

    def __init__(
        self, state: State, rules: Clearing, seen: dict[int, Problem] | None = None
    ) -> None:
        """``seen`` holds the last problem of each scope: the same again has the same answer."""
        self._state = state
        self._rules = rules
        self._scopes = list(_ORDER)
        self._seen = {} if seen is None else seen
        self._problem: Problem | None = None
        self._scope = 0
        self._number = 0

    def begin(self, at_ns: int) -> c.BeginClearing | None:
        """Return the command that begins the next scope in which something waits; None at the end."""
        while self._scopes:
            self._scope = self._scopes.pop(0)
            if self._scope == Scope.ALL and not self._classes_block_each_other():
                continue
            self._problem = problem_of(self._state, self._scope)
            if self._problem is not None and self._problem != self._seen.get(self._scope):
                self._seen[self._scope] = self._problem
                return c.BeginClearing(at_ns, c.OPERATOR, b"", self._scope)
        return None

    def _classes_block_each_other(self) -> bool:
        classes = {waiting.priority for waiting in self._state.queue.values() if waiting.due}
        return len(classes) > 1

    def begun(self, events: Sequence[AnyEvent]) -> Task:
        """Take the number that the engine gave, and return what the solver is asked."""
        assert isinstance(events[0], Recorded) and self._problem is not None
        self._number = events[0].number
        rule = rule_of(self._state, self._scope, self._rules.rule)
        return Task(self._problem, rule, self._rules.time_limit_ns / SECOND_NS)

    @property
    def number(self) -> int:
        """The number of the clearing that was begun last."""
        return self._number

    def proposal(self, at_ns: int, answer: Answer) -> c.ProposeSettlement:
        """Return the command that proposes what the solver found; empty sets too are recorded."""
        return c.ProposeSettlement(
            at_ns, c.OPERATOR, b"", answer.settled, answer.proof, self._number
        )


class Liquidity:
    """What the queue looked like after the last round, to see how much has changed since."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._balances: dict[int, int] = {}
        self._known: set[int] = set()

    def remember(self) -> None:
        """Take the present state as the one that was cleared."""
        accounts = self._state.accounts.values()
        self._balances = {account.number: account.balance_minor for account in accounts}
        self._known = set(self._state.queue)

    def changed(self) -> tuple[int, int]:
        """Return (worth of what changed since, worth of what waits).

        What changed is money that came to or went from accounts where something waits, and
        instructions that are new in the queue.
        """
        changed = waits = 0
        for waiting in self._state.queue.values():
            if waiting.due:
                worth = value_of(waiting)
                waits += worth
                changed += worth if waiting.number not in self._known else 0
        for account in self._state.accounts.values():
            if account.waiting:
                moved = account.balance_minor - self._balances.get(account.number, 0)
                changed += worth_of(abs(moved), account.book)
        return changed, waits


class Clearings:
    """Rounds on virtual time: on the scheme's timer, on changed liquidity, and before each close.

    A solver is limited in time, so its answer is the world's and not the input's. A run that goes
    on where its journal ends takes the recorded proposal instead of asking again.
    """

    def __init__(
        self,
        state: State,
        rules: Clearing,
        solver: Solver,
        decide: Callable[[c.AnyCommand], Sequence[AnyEvent]],
        recorded: Callable[[], c.AnyCommand | None],
    ) -> None:
        """``recorded`` returns the command that the journal holds next, or None at its end."""
        self._state = state
        self._rules = rules
        self._solver = solver
        self._decide = decide
        self._recorded = recorded
        self._seen: dict[int, Problem] = {}
        self._liquidity = Liquidity(state)
        self._step_ns = min(rules.every_ns, _LOOK_NS) if rules.changed_share else rules.every_ns

    def next_ns(self, now_ns: int) -> int:
        """Return the next moment after ``now_ns`` at which to look at the queue."""
        if not self._state.queue:
            return NEVER_NS
        return (now_ns // self._step_ns + 1) * self._step_ns

    def run(self, now_ns: int) -> None:
        """Look at the queue: a round where the timer says so, or where enough has changed."""
        if now_ns % self._rules.every_ns == 0 or self._has_changed():
            self._round(now_ns)

    def before_close(self, now_ns: int, currency: str) -> None:
        """A last round before what waits in a currency is refused."""
        if any(account.waiting for account in self._state.book_by_currency[currency].accounts):
            self._round(now_ns)

    def wants_more_days(self) -> bool:
        """The queue itself asks for the days that it needs."""
        return False

    def _has_changed(self) -> bool:
        if self._rules.changed_share is None:
            return False
        changed, waits = self._liquidity.changed()
        return changed > 0 and changed >= self._rules.changed_share * waits

    def _round(self, now_ns: int) -> None:
        a_round = Round(self._state, self._rules, self._seen)
        while (command := a_round.begin(now_ns)) is not None:
            task = a_round.begun(self._decide(command))
            recorded = self._recorded()
            if isinstance(recorded, c.ProposeSettlement) and recorded.clearing == a_round.number:
                self._decide(recorded)
            else:
                self._decide(a_round.proposal(now_ns, self._solve(task)))
        self._liquidity.remember()

    def _solve(self, task: Task) -> Answer:
        try:
            self._solver.begin(task)
            return self._solver.answer()
        except SolverLost:
            return NOTHING
