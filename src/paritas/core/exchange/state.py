"""What the engine knows of exchange: rates as published, quotes, locks, agreements, swap lines.

Plain mutable objects, as in ``core.state``; only the evolvers of this package change them. A pair
is always (lower book number, higher book number).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from paritas.model.exchange import AgreementTerms, LockedPart, SwapTerms
from paritas.model.instructions import Leg

Pair = tuple[int, int]


def pair_of(one: int, other: int) -> Pair:
    """Return the two books in the order in which a pair is kept."""
    return (min(one, other), max(one, other))


class PublishedRate:
    """The last reference rate that a book's issuer published, and one that is held back, if any."""

    __slots__ = ("at_ns", "date", "held_back", "source")

    def __init__(self, date: int, source: str, at_ns: int) -> None:
        #: The day that the rate is for (ordinal), and the moment at which it was published.
        self.date = date
        self.source = source
        self.at_ns = at_ns
        #: (numerator, denominator) of a rate that jumped and was not confirmed yet.
        self.held_back: tuple[int, int] | None = None


class Quote:
    """A dealer's two-way price for a pair: counter minor units for one base minor unit.

    The dealer buys base at ``bid`` and sells it at ``ask``; what is left of each size is in base
    minor units.
    """

    __slots__ = (
        "ask",
        "ask_left_minor",
        "base",
        "bid",
        "bid_left_minor",
        "counter",
        "dealer",
        "firm",
        "number",
        "reference",
        "valid_until_ns",
    )

    def __init__(
        self,
        number: int,
        dealer: int,
        reference: str,
        books: tuple[int, int],
        prices: tuple[Fraction, Fraction],
        sizes: tuple[int, int],
        valid_until_ns: int,
        firm: bool,
    ) -> None:
        self.number = number
        self.dealer = dealer
        self.reference = reference
        self.base, self.counter = books
        self.bid, self.ask = prices
        self.bid_left_minor, self.ask_left_minor = sizes
        self.valid_until_ns = valid_until_ns
        self.firm = firm


class Lock:
    """Quotes set aside for one payer until ``expires_ns``: the legs that it may instruct."""

    __slots__ = ("expires_ns", "legs", "number", "parts", "party")

    def __init__(
        self,
        number: int,
        party: int,
        parts: tuple[LockedPart, ...],
        legs: tuple[Leg, ...],
        expires_ns: int,
    ) -> None:
        self.number = number
        self.party = party
        self.parts = parts
        self.legs = legs
        self.expires_ns = expires_ns


class Agreement:
    """A bilateral local-currency agreement; in force when both issuers have signed the same text.

    Amounts used are counted on the pair's lower book, in its minor units.
    """

    __slots__ = ("number", "signed", "terms", "used_date", "used_today_minor", "used_total_minor")

    def __init__(self, number: int, terms: AgreementTerms) -> None:
        self.number = number
        #: The ``AgreementTerms`` that were signed.
        self.terms = terms
        #: Numbers of the issuers that have signed.
        self.signed: frozenset[int] = frozenset()
        self.used_date = 0
        self.used_today_minor = 0
        self.used_total_minor = 0


class SwapLine:
    """What two issuers let each other draw, and the mandate of each for drawing by rule."""

    __slots__ = ("drawn_minor", "number", "signed", "terms")

    def __init__(self, number: int, terms: SwapTerms) -> None:
        self.number = number
        #: The ``SwapTerms`` that were signed.
        self.terms = terms
        self.signed: frozenset[int] = frozenset()
        #: Drawn and not repaid, on the pair's lower and on its higher book.
        self.drawn_minor = (0, 0)


class Swap:
    """One drawing: issued on both books, to be redeemed on both at maturity.

    Amounts stand in the order of the line's pair: lower book, higher book.
    """

    __slots__ = (
        "amounts_minor",
        "asked",
        "due",
        "interest_minor",
        "line",
        "maturity",
        "number",
        "reference",
        "wish",
    )

    def __init__(self, number: int, line: int, reference: str, wish: tuple[int, bool]) -> None:
        self.number = number
        self.line = line
        self.reference = reference
        #: What was asked for: (amount, on the higher book).
        self.wish = wish
        #: Issuers that have signed the drawing so far; empty once it is drawn.
        self.asked: frozenset[int] = frozenset()
        self.amounts_minor = (0, 0)
        self.interest_minor = (0, 0)
        #: Business date (ordinal) from which it is due on both books; 0 while it is not drawn.
        self.maturity = 0
        #: True from maturity on while it could not be repaid: its accounts are earmarked.
        self.due = False

    @property
    def owed_minor(self) -> tuple[int, int]:
        """What repays it on each book, interest included."""
        (lower, higher), (on_lower, on_higher) = self.amounts_minor, self.interest_minor
        return (lower + on_lower, higher + on_higher)


class Exchange:
    """Everything the engine knows of exchange."""

    def __init__(self) -> None:
        #: A published rate older than this halts its pairs; 0 lets rates grow old.
        self.max_age_ns = 0
        #: A rate that changes by more than this fraction of the last one is held back; 0 lets it.
        self.max_jump = Fraction(0)
        self.published: dict[int, PublishedRate] = {}

        self.dealers: dict[Pair, set[int]] = {}
        #: (dealer, book) -> the most that the dealer pays out by quotes on a business date.
        self.dealing_limits: dict[tuple[int, int], int] = {}
        #: (dealer, book) -> (business date, locked or paid out on it).
        self.dealt: dict[tuple[int, int], tuple[int, int]] = {}
        self.quotes: dict[int, Quote] = {}
        self.quote_references: dict[tuple[int, str], int] = {}
        self.last_quote = 0
        self.locks: dict[int, Lock] = {}
        self.lock_references: dict[tuple[int, str], int] = {}
        self.last_lock = 0

        self.agreements: dict[int, Agreement] = {}
        #: Conversion that waits -> (agreement, date, amount) that it counts for.
        self.counted: dict[int, tuple[int, int, int]] = {}
        self.lines: dict[int, SwapLine] = {}
        #: Drawings that are asked for or outstanding.
        self.swaps: dict[int, Swap] = {}
        self.swap_references: dict[tuple[int, str], int] = {}
        self.last_swap = 0

    def expiries_ns(self) -> Iterable[int]:
        """Yield the moments at which a lock ends by itself."""
        return (lock.expires_ns for lock in self.locks.values())
