"""Swap lines between issuers: money on both books at once, taken back on both at maturity.

A drawing is issuance, so law 9 asks for both issuers: their signatures on the drawing itself, or on
a line whose mandates cover it. Issue and repayment happen on both books in one event each: every
drawn swap is two payment-versus-payment exchanges. At maturity repayment comes before all else:
what is not there is earmarked, so that the accounts pay nothing else before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from paritas.core import queue
from paritas.core.administration import ISSUED_MINOR_MAX
from paritas.core.exchange import rates
from paritas.core.exchange.state import Swap, SwapLine
from paritas.core.lifecycle import LawBroken
from paritas.core.state import Account, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, Recorded, SwapAsked, SwapDrawn, SwapDue, SwapRepaid
from paritas.model.exchange import SwapTerms
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.reasons import Reason

_TENOR_DAYS_MAX = 3660


def sign_line(state: State, command: c.SignSwapLine) -> Sequence[AnyEvent]:
    """Each of the two issuers signs; other terms under the same number are another line."""
    terms = command.terms
    accounts = _accounts(state, terms)
    if accounts is None:
        return refuse(Reason.AC01, "A line names an account on each of two books, the lower first.")
    if command.actor not in _issuers(accounts):
        return refuse(Reason.AG01, "Only the two issuers sign a swap line.")
    refusal = _terms_refusal(terms)
    if refusal or command.number <= 0:
        return refuse(Reason.NARR, refusal or "A line's number is positive.")
    earlier = state.exchange.lines.get(command.number)
    if earlier is not None and earlier.terms != terms:
        return refuse(Reason.DU03, f"Swap line {command.number} was signed with other terms.")
    return (Recorded(command.number),)


def _terms_refusal(terms: SwapTerms) -> str:
    amounts = (*terms.limits_minor, *terms.mandates_minor)
    if not all(0 <= amount <= AMOUNT_MINOR_MAX for amount in amounts):
        return "Limits and mandates are non-negative amounts of at most 18 digits."
    if not 0 < terms.tenor_days <= _TENOR_DAYS_MAX:
        return f"A tenor is from 1 to {_TENOR_DAYS_MAX} days."
    if terms.day_count not in (360, 365):
        return "Days are counted on a year of 360 or of 365."
    for numerator, denominator in (terms.rate_a, terms.rate_b):
        if not 0 <= numerator <= denominator or not 0 < denominator <= 10**12:
            return "A rate of interest is a fraction from 0 to 1."
    return ""


def _accounts(state: State, terms: SwapTerms) -> tuple[Account, Account] | None:
    a, b = state.accounts.get(terms.account_a), state.accounts.get(terms.account_b)
    if a is None or b is None or a.book.number >= b.book.number:
        return None
    return a, b


def _issuers(accounts: tuple[Account, Account]) -> frozenset[int]:
    return frozenset(account.book.issuer.number for account in accounts)


def record_line(state: State, command: c.SignSwapLine, number: int) -> None:
    """Add the issuer's signature."""
    line = state.exchange.lines.setdefault(number, SwapLine(number, command.terms))
    line.signed |= {command.actor}


def _line_accounts(state: State, line: SwapLine) -> tuple[Account, Account]:
    accounts = _accounts(state, line.terms)
    assert accounts is not None
    return accounts


def draw(state: State, command: c.DrawSwap) -> Sequence[AnyEvent]:
    """Draw what both mandates cover, or what both issuers have signed; else note the one signature."""
    line = state.exchange.lines.get(command.line)
    if line is None or line.signed != _issuers(_line_accounts(state, line)):
        return refuse(Reason.NARR, f"There is no swap line {command.line} that both have signed.")
    accounts = _line_accounts(state, line)
    issuers = _issuers(accounts)
    if command.actor != c.OPERATOR and command.actor not in issuers:
        return refuse(Reason.AG01, "Only its issuers, or the operator within their mandates, draw.")
    halted = rates.halted(state, [account.book for account in accounts], command.at_ns)
    if halted:
        return refuse(Reason.AM03, halted)
    if not all(account.book.settles_date for account in accounts):
        return refuse(Reason.TM01, "A swap is drawn while both books are open.")
    number = state.exchange.swap_references.get((command.line, command.reference))
    swap = state.exchange.swaps.get(number) if number is not None else None
    if number is not None and (swap is None or not swap.asked or swap.wish != _wish(command)):
        return refuse(Reason.DU03, f"Reference {command.reference} was used on this line before.")
    amounts_minor = _amounts(command, accounts)
    refusal = _amounts_refusal(line, accounts, amounts_minor)
    if refusal:
        return refuse(Reason.AM02, refusal)
    number = number or state.exchange.last_swap + 1
    signed = (swap.asked if swap is not None else frozenset()) | {command.actor}
    if not issuers <= signed and not _within(
        line.drawn_minor, amounts_minor, line.terms.mandates_minor
    ):
        if command.actor == c.OPERATOR:
            return refuse(Reason.AG01, "The issuers' mandates do not cover this drawing.")
        return (SwapAsked(number),)
    terms = line.terms
    maturity = max(account.book.date for account in accounts) + terms.tenor_days
    interest = tuple(
        -(-amount * rate[0] * terms.tenor_days // (rate[1] * terms.day_count))
        for amount, rate in zip(amounts_minor, (terms.rate_a, terms.rate_b), strict=True)
    )
    numbers = (accounts[0].number, accounts[1].number)
    return (SwapDrawn(number, numbers, amounts_minor, (interest[0], interest[1]), maturity),)


def _wish(command: c.DrawSwap) -> tuple[int, bool]:
    return (command.amount_minor, command.on_higher)


def _amounts(command: c.DrawSwap, accounts: tuple[Account, Account]) -> tuple[int, int]:
    """Return the amounts on both books; the one that follows from the other is rounded up."""
    lower, higher = (account.book.rate for account in accounts)
    if command.on_higher:
        return rates.convert_minor(command.amount_minor, higher, lower), command.amount_minor
    return command.amount_minor, rates.convert_minor(command.amount_minor, lower, higher)


def _amounts_refusal(
    line: SwapLine, accounts: tuple[Account, Account], amounts_minor: tuple[int, int]
) -> str:
    if not all(0 < amount <= AMOUNT_MINOR_MAX for amount in amounts_minor):
        return "An amount drawn is positive, of at most 18 digits."
    if not _within(line.drawn_minor, amounts_minor, line.terms.limits_minor):
        return f"The limits of swap line {line.number} would be passed."
    for account, amount in zip(accounts, amounts_minor, strict=True):
        if amount - account.book.contra.balance_minor > ISSUED_MINOR_MAX:
            return "The book would hold more money than it can count."
    return ""


def _within(
    drawn_minor: tuple[int, int], more_minor: tuple[int, int], limits_minor: tuple[int, int]
) -> bool:
    return all(
        drawn + more <= limit
        for drawn, more, limit in zip(drawn_minor, more_minor, limits_minor, strict=True)
    )


def swap_asked(state: State, command: c.DrawSwap, event: SwapAsked) -> None:
    """One signature is there."""
    _swap(state, command, event.number).asked |= {command.actor}


def _swap(state: State, command: c.DrawSwap, number: int) -> Swap:
    exchange = state.exchange
    swap = exchange.swaps.get(number)
    if swap is None:
        swap = Swap(number, command.line, command.reference, _wish(command))
        exchange.swaps[number] = swap
        exchange.swap_references[command.line, command.reference] = number
        exchange.last_swap = number
    return swap


def swap_drawn(state: State, command: c.DrawSwap, event: SwapDrawn) -> None:
    """Issue on both books."""
    swap = _swap(state, command, event.number)
    swap.asked = frozenset()
    swap.amounts_minor, swap.interest_minor = event.amounts_minor, event.interest_minor
    swap.maturity = event.maturity
    line = state.exchange.lines[swap.line]
    _add_drawn(line, event.amounts_minor, 1)
    accounts = _line_accounts(state, line)
    for account, amount_minor in zip(accounts, event.amounts_minor, strict=True):
        account.book.contra.balance_minor -= amount_minor
        account.balance_minor += amount_minor
        queue.put_on_retry(state, account)


def _add_drawn(line: SwapLine, amounts_minor: tuple[int, int], sign: int) -> None:
    lower, higher = line.drawn_minor
    line.drawn_minor = (lower + sign * amounts_minor[0], higher + sign * amounts_minor[1])


def repay(state: State, command: c.RepaySwap) -> Sequence[AnyEvent]:
    """Repay on both books, if both accounts can; else earmark, once."""
    swap = state.exchange.swaps.get(command.number)
    if swap is None or not swap.maturity:
        return refuse(Reason.NARR, f"There is no drawn swap {command.number}.")
    accounts = _line_accounts(state, state.exchange.lines[swap.line])
    if command.actor != c.OPERATOR and command.actor not in _issuers(accounts):
        return refuse(Reason.AG01, "Only its issuers, or the operator, have a swap repaid.")
    if any(account.book.date < swap.maturity for account in accounts):
        return refuse(Reason.DT04, f"Swap {swap.number} is not due yet.")
    if all(_covered(swap, account, owed) for account, owed in _owed(swap, accounts)):
        numbers = (accounts[0].number, accounts[1].number)
        return (SwapRepaid(swap.number, numbers, swap.owed_minor),)
    if swap.due:
        return refuse(Reason.AM04, f"Swap {swap.number} is due, earmarked and still not covered.")
    return (SwapDue(swap.number),)


def _owed(
    swap: Swap, accounts: tuple[Account, Account]
) -> tuple[tuple[Account, int], tuple[Account, int]]:
    return ((accounts[0], swap.owed_minor[0]), (accounts[1], swap.owed_minor[1]))


def _covered(swap: Swap, account: Account, owed_minor: int) -> bool:
    """Say whether the account has what is owed, beyond what others hold on it; limits do not count.

    A swap is repaid in money, as any redemption is: a limit is no money.
    """
    held_by_others = account.held_minor - (owed_minor if swap.due else 0)
    return account.balance_minor - owed_minor >= held_by_others


def swap_due(state: State, _: c.RepaySwap, event: SwapDue) -> None:
    """Earmark what repays it on both accounts."""
    swap = state.exchange.swaps[event.number]
    swap.due = True
    accounts = _line_accounts(state, state.exchange.lines[swap.line])
    for account, owed_minor in _owed(swap, accounts):
        account.held_minor += owed_minor
        account.set_floors()


def swap_repaid(state: State, _: c.RepaySwap, event: SwapRepaid) -> None:
    """Redeem on both books, with interest; the line may be drawn again."""
    swap = state.exchange.swaps.pop(event.number)
    line = state.exchange.lines[swap.line]
    for account, owed_minor in _owed(swap, _line_accounts(state, line)):
        if not _covered(swap, account, owed_minor):
            raise LawBroken(f"Law 2: account {account.number} cannot repay swap {swap.number}.")
        if swap.due:
            account.held_minor -= owed_minor
            account.set_floors()
        account.book.contra.balance_minor += owed_minor
        account.balance_minor -= owed_minor
        queue.put_on_retry(state, account)
    _add_drawn(line, swap.amounts_minor, -1)


def earmarked(state: State) -> dict[int, int]:
    """Return what due swaps earmark on each account (law 2: held is holds and these)."""
    held: dict[int, int] = {}
    for swap in state.exchange.swaps.values():
        if swap.due:
            accounts = _line_accounts(state, state.exchange.lines[swap.line])
            for account, owed_minor in _owed(swap, accounts):
                held[account.number] = held.get(account.number, 0) + owed_minor
    return held
