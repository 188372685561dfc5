"""The rules for single elements, wherever in a message they stand: identifiers and amounts.

Each is a function from the text of an element and its currency (``""`` if it has none) to a
Problem, or None if all is well. Texts come cut to TEXT_MAX characters: what is longer is wrong
under any rule, and the rules for identifiers remember what they have seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from paritas.iso20022.identifiers import (
    RESERVED_COUNTRIES,
    bic_problem,
    country_problem,
    currency_digits,
    iban_problem,
    lei_problem,
)
from paritas.model.money import AMOUNT_MINOR_MAX

TEXT_MAX = 100

_AMOUNT_DIGITS_MAX = len(str(AMOUNT_MINOR_MAX))
_WHITE_SPACE = " \t\r\n"
_DATE_TIME = re.compile(r"(\d{4})-\d\d-\d\d(?:.*?([+-])(\d\d):(\d\d)\s*$)?", re.ASCII)


class Problem(NamedTuple):
    """What is wrong with an element: the parts of a Finding that do not depend on its place."""

    code: str
    text: str
    reason: str


Rule: TypeAlias = Callable[[str, str], Problem | None]


def _identifier_rule(problem: Callable[[str], str], code: str, reason: str) -> Rule:
    @lru_cache(maxsize=65536)
    def rule(text: str, _: str) -> Problem | None:
        wrong = problem(text)
        return Problem(code, f"{text} {wrong}", reason) if wrong else None

    return rule


bic_rule = _identifier_rule(bic_problem, "rule.bic", "RC01")
iban_rule = _identifier_rule(iban_problem, "rule.iban", "AC01")
lei_rule = _identifier_rule(lei_problem, "rule.lei", "NARR")


@lru_cache(maxsize=4096)
def country_rule(text: str, _: str) -> Problem | None:
    """Check a country; a code that is only reserved, such as UK, is understood: a remark."""
    wrong = country_problem(text)
    reason = "" if text in RESERVED_COUNTRIES else "NARR"
    return Problem("rule.country", f"{text} {wrong}", reason) if wrong else None


def currency_rule(text: str, _: str) -> Problem | None:
    """Check a currency that stands alone, of an account or of a rate; it may be a withdrawn one."""
    return _no_currency(text) if text and currency_digits(text) == -2 else None


@lru_cache(maxsize=65536)
def date_rule(text: str, _: str) -> Problem | None:
    """Remark on a date or time in a year or a time zone that nobody lives in."""
    match = _DATE_TIME.match(text.lstrip(_WHITE_SPACE))
    if match is None:
        return None  # Not a date of this shape: for the schema to say.
    year, sign, hours, minutes = match.groups()
    if not 1900 <= int(year) <= 2199:
        return Problem("rule.date", f"{text}: the year {year} is hardly meant", "")
    if sign and not _is_offset(sign, int(hours), minutes):
        return Problem("rule.date", f"{text}: no clock is at UTC{sign}{hours}:{minutes}", "")
    return None


def _is_offset(sign: str, hours: int, minutes: str) -> bool:
    return minutes in ("00", "15", "30", "45") and hours + (minutes > "00") <= (
        14 if sign == "+" else 12
    )


def amount_rule(text: str, currency: str) -> Problem | None:
    """Check an amount that a message mentions: it may be zero, or in a withdrawn currency."""
    digits = currency_digits(currency)
    if digits < 0:
        # A missing currency is for the schema to say, and a withdrawn one has no decimals here.
        return None if digits == -1 or not currency else _no_currency(currency)
    return _decimals_problem(text, currency, digits)


def settled_amount_rule(text: str, currency: str) -> Problem | None:
    """Check an amount that is to be settled: more than nothing, and within 18 digits."""
    digits = currency_digits(currency)
    if digits < 0:
        return _no_currency(currency) if currency else None
    problem = _decimals_problem(text, currency, digits)
    if problem is not None:
        return problem
    whole, _, fraction = text.strip(_WHITE_SPACE).partition(".")
    whole = whole.lstrip("+-0")
    if not whole and not fraction.strip("0"):
        return Problem("rule.amount", f"{text} {currency}: nothing to settle", "AM01")
    if len(whole) + digits > _AMOUNT_DIGITS_MAX or len(text) == TEXT_MAX:
        said = f"{text} {currency} has more than {_AMOUNT_DIGITS_MAX} digits"
        return Problem("rule.amount", said, "AM12")
    return None


def _no_currency(currency: str) -> Problem:
    return Problem("rule.currency", f"{currency} is not a currency of ISO 4217", "AM11")


def _decimals_problem(text: str, currency: str, digits: int) -> Problem | None:
    fraction = text.partition(".")[2]
    if len(fraction) <= digits:
        return None
    fraction = fraction.rstrip(_WHITE_SPACE).rstrip("0")
    if len(fraction) <= digits:
        return None
    said = f"{currency} has {digits or 'no'} decimals, {text} has {len(fraction)}"
    return Problem("rule.decimals", said, "CH20")
