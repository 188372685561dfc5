"""The nouns of exchange: what is agreed, quoted and drawn between two currencies.

A pair is two books, the lower number first; amounts and rates of a pair stand in that order.
"""

from __future__ import annotations

import msgspec


class Conversion(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an instruction across currencies says beyond its legs.

    ``lock`` is the number of the locked quotes whose legs it instructs, 0 for the scheme's dealer
    at the reference rate. ``purpose`` is the ISO 20022 external purpose code, as far as given.
    """

    lock: int = 0
    purpose: str = ""


class LockedPart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one dealer's quote gives of a conversion: sold to it and bought from it, in minor units."""

    quote: int
    sold_minor: int
    bought_minor: int


class AgreementTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A bilateral local-currency agreement. Empty ``members``, ``purposes`` or ``dealers``: any.

    It holds from ``starts`` to ``ends``, both included (ordinals). Caps are in minor units of the
    pair's lower book, 0 for none; ``dealer_bears_rounding`` turns the last minor unit in the
    payer's favour.
    """

    book_a: int
    book_b: int
    starts: int
    ends: int
    members: tuple[int, ...] = ()
    purposes: tuple[str, ...] = ()
    dealers: tuple[int, ...] = ()
    daily_cap_minor: int = 0
    total_cap_minor: int = 0
    dealer_bears_rounding: bool = False


class SwapTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A swap line between the issuers of two books.

    A drawing issues money to ``account_a`` on the one book and to ``account_b`` on the other, at
    the reference rate, and takes it back at maturity, ``tenor_days`` after the later of the two
    business dates. Interest is simple: amount x rate x days / ``day_count``, rounded up, paid on
    top. ``limits_minor``
    caps what is outstanding on each book; ``mandates_minor`` is how much of that may be drawn
    without signing the drawing itself, by the operator's rule.
    """

    account_a: int
    account_b: int
    limits_minor: tuple[int, int]
    mandates_minor: tuple[int, int]
    tenor_days: int
    #: Yearly rates of interest as (numerator, denominator), on the one and on the other book.
    rate_a: tuple[int, int]
    rate_b: tuple[int, int]
    day_count: int = 360
