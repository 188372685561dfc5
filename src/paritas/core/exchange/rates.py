"""Reference rates: who publishes them, and when a pair halts because its rate cannot be trusted.

Crosses are exact fractions through one value currency, so going round any ring of currencies at
reference rates gives back what went in, less roundings: there is nothing to win against the scheme.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from paritas.core.exchange.state import PublishedRate
from paritas.core.state import Book, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, RateHeldBack, Recorded
from paritas.model.reasons import Reason

RECORDED: tuple[AnyEvent, ...] = (Recorded(),)


def set_rate_rules(state: State, command: c.SetRateRules) -> Sequence[AnyEvent]:
    """The operator says when a rate is too old, or has changed too much, to be used."""
    if command.actor != c.OPERATOR:
        return refuse(Reason.AG01, "Only the operator of the scheme may do this.")
    if command.max_age_ns < 0 or command.jump_numerator < 0 or command.jump_denominator <= 0:
        return refuse(Reason.NARR, "An age and a fraction are not negative.")
    return RECORDED


def record_rate_rules(state: State, command: c.SetRateRules, _: int) -> None:
    """Keep the rules."""
    state.exchange.max_age_ns = command.max_age_ns
    state.exchange.max_jump = Fraction(command.jump_numerator, command.jump_denominator)


def publish_rate(state: State, command: c.PublishRate) -> Sequence[AnyEvent]:
    """Only the issuer publishes its rate; one that jumps counts when it is said a second time."""
    book = state.books.get(command.book)
    if book is None:
        return refuse(Reason.AM03, "There is no such book.")
    if command.actor != book.issuer.number:
        return refuse(Reason.AG01, f"Only {book.issuer.bic}, its issuer, publishes this rate.")
    if command.numerator <= 0 or command.denominator <= 0:
        return refuse(Reason.NARR, "A rate is a fraction of two positive integers.")
    published = state.exchange.published.get(book.number)
    if published is not None and command.date < published.date:
        return refuse(Reason.DT05, "A rate for a later day was published before.")
    rate = (command.numerator, command.denominator)
    if _jumps(state, book, rate) and (published is None or published.held_back != rate):
        return (RateHeldBack(),)
    return RECORDED


def _jumps(state: State, book: Book, rate: tuple[int, int]) -> bool:
    if not state.exchange.max_jump or not book.rate[0]:
        return False
    change = Fraction(*rate) / Fraction(*book.rate) - 1
    return abs(change) > state.exchange.max_jump


def record_published(state: State, command: c.PublishRate, _: int) -> None:
    """The rate counts from now on."""
    book = state.books[command.book]
    book.rate = (command.numerator, command.denominator)
    published = PublishedRate(command.date, command.source, command.at_ns)
    state.exchange.published[book.number] = published


def rate_held_back(state: State, command: c.PublishRate, _: RateHeldBack) -> None:
    """The last rate stays for values; nothing is exchanged at it until the new one is confirmed."""
    published = state.exchange.published.get(command.book)
    if published is None:
        # The book's first rate was the rulebook's, of no day and without a source.
        published = state.exchange.published[command.book] = PublishedRate(0, "", command.at_ns)
    published.held_back = (command.numerator, command.denominator)


def halted(state: State, books: Sequence[Book], at_ns: int) -> str:
    """Say why nothing may be exchanged at the reference rates of these books; "" if it may."""
    for book in books:
        if not book.rate[0]:
            return f"There is no reference rate for {book.currency}."
        published = state.exchange.published.get(book.number)
        if published is None:
            continue
        if published.held_back is not None:
            return f"The reference rate of {book.currency} jumped and is not confirmed yet."
        age_ns = at_ns - published.at_ns
        if state.exchange.max_age_ns and age_ns > state.exchange.max_age_ns:
            return f"The reference rate of {book.currency} is too old."
    return ""


def convert_minor(
    amount_minor: int, rate: tuple[int, int], into: tuple[int, int], *, down: bool = False
) -> int:
    """Return how many minor units of one book buy ``amount_minor`` of another.

    Both rates are minor units for one unit of the value currency, as (numerator, denominator).
    Rounding goes up, to the dealer, by less than one minor unit; or ``down``, to the payer.
    """
    numerator, denominator = amount_minor * into[0] * rate[1], into[1] * rate[0]
    return numerator // denominator if down else -(-numerator // denominator)
