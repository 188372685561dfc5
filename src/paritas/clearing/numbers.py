"""Exact numbers as text, one way for every result: an integer, a decimal, or ``p/q``."""

from __future__ import annotations

import re
from fractions import Fraction

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+|/[0-9]*[1-9][0-9]*)?", re.ASCII)
_RATE = re.compile(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?", re.ASCII)

#: A rate's numerator and denominator stay below this, so that exact sums stay quick.
_RATE_DIGITS_MAX = 60


def format_number(number: Fraction | int) -> str:
    """Write ``number`` exactly: ``"12"``, ``"12.5"`` where a decimal ends, else ``"37/3"``."""
    number = Fraction(number)
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > _RATE_DIGITS_MAX:
        return f"{number.numerator}/{number.denominator}"
    if places == 0:
        return str(number.numerator)
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    return f"{'-' if number < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def parse_number(text: object) -> Fraction:
    """Read what :func:`format_number` writes.

    :raises ValueError: when ``text`` is not a string of that form.
    """
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not an exact number (integer, decimal or p/q, as a string)")
    return Fraction(text)


def parse_rate(text: str) -> Fraction:
    """Read a reference rate: a positive decimal such as ``"0.0104"`` or ``"1.04E-2"``.

    :raises ValueError: when it is no such decimal (NaN and infinity are none).
    """
    if len(text) > _RATE_DIGITS_MAX or not _RATE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a decimal number")
    rate = Fraction(text)
    if rate == 0:
        raise ValueError("a rate must be greater than 0")
    return rate
