"""From the queue to a clearing problem: who could pay what, at which value, as the engine sees it.

A problem is a function of the state and the scope alone, so anyone who replays the journal up to a
BeginClearing draws up the very problem that the solver was given there.

Names: members by BIC, instructions by their number. An account's balance is what it may pay with
in this scope: its balance less holds, less what is reserved for others, plus its limit; in the
problem its own limit is therefore 0. Values are the scheme's: the sum over the legs of amount at
reference rate, in ten-thousandths of the value currency, rounded down, at least 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from paritas.clearing.problem import AMOUNT_MINOR_MAX, Problem
from paritas.clearing.problem import Account as ProblemAccount
from paritas.clearing.problem import Instruction as ProblemInstruction
from paritas.clearing.problem import Leg as ProblemLeg
from paritas.core.proposals import order
from paritas.core.state import PRIORITIES, Account, Book, State, Waiting
from paritas.model.instructions import Scope

#: Values count this part of the value currency's unit.
VALUE_PARTS = 10_000


def problem_of(state: State, scope: int) -> Problem | None:
    """Return the problem of a scope; None where fewer than two instructions wait in turn.

    One alone would have settled already: each credit tries what waits for it.
    """
    candidates = list(_candidates(state, scope))
    if len(candidates) < 2:
        return None
    return Problem(
        accounts=tuple(_accounts(candidates)),
        instructions=tuple(_instruction(waiting) for waiting in candidates),
    )


def rule_of(state: State, scope: int, wished: str) -> str:
    """Return the rule of a scope: ``wished`` where lines may be overtaken, else fifo."""
    if scope == Scope.ALL:
        return "fifo" if any(map(state.strict, range(PRIORITIES))) else wished
    return "fifo" if state.strict(scope) else wished


def _candidates(state: State, scope: int) -> Iterator[Waiting]:
    """What waits in the scope, in the order of the queue, not behind a strict line outside of it."""
    for waiting in sorted(state.queue.values(), key=order):
        if not waiting.due or scope not in (waiting.priority, Scope.ALL):
            continue
        if scope == Scope.ALL or not any(
            account.lines[priority] and state.strict(priority)
            for account, _ in waiting.outflows
            for priority in range(scope)
        ):
            yield waiting


def _accounts(candidates: list[Waiting]) -> Iterator[ProblemAccount]:
    least_urgent: dict[Account, int] = {}
    needed: dict[Account, int] = {}
    for waiting in candidates:
        for account in waiting.accounts:
            needed.setdefault(account, 0)
        for account, amount_minor in waiting.outflows:
            least_urgent[account] = max(least_urgent.get(account, 0), waiting.priority)
            needed[account] += amount_minor
    for account, needs_minor in needed.items():
        free_minor = account.balance_minor - account.floors[least_urgent.get(account, 0)]
        # What goes beyond all that could be paid is nobody's business here.
        free_minor = max(min(free_minor, needs_minor, AMOUNT_MINOR_MAX), -AMOUNT_MINOR_MAX)
        yield ProblemAccount(account.party.bic, account.book.currency, free_minor)


def _instruction(waiting: Waiting) -> ProblemInstruction:
    legs = tuple(
        ProblemLeg(payer.party.bic, payee.party.bic, payer.book.currency, amount_minor)
        for payer, payee, amount_minor in waiting.legs
    )
    return ProblemInstruction(waiting.number, legs, waiting.priority, value_of(waiting))


def value_of(waiting: Waiting) -> int:
    """Return an instruction's value by the scheme's rates, in ten-thousandths of the value currency."""
    worth = sum(worth_of(amount_minor, payer.book) for payer, _, amount_minor in waiting.legs)
    return max(1, min(worth, AMOUNT_MINOR_MAX))


def worth_of(amount_minor: int, book: Book) -> int:
    """Return an amount's worth in ten-thousandths of the value currency, rounded down; 0 without a rate."""
    numerator, denominator = book.rate
    return amount_minor * denominator * VALUE_PARTS // numerator if numerator else 0
