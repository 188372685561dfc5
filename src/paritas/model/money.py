"""Money: integers in minor units, and the only places where text becomes an amount and back.

An amount is always an ``int`` that counts the minor unit of its currency (cents, paise, fils).
How many decimals a currency has comes from ISO 4217. No float comes near an amount (law 8).
"""

from __future__ import annotations

import re
from functools import cache

from iso4217 import Currency

#: ISO 20022 allows at most 18 digits in an amount; so does the engine.
AMOUNT_MINOR_MAX = 10**18 - 1

_DECIMAL = re.compile(r"([0-9]*)(?:\.([0-9]*))?", re.ASCII)


class AmountError(ValueError):
    """An amount that cannot be money of its currency; the text says what is wrong with it."""


@cache
def minor_digits(currency: str) -> int:
    """Return how many decimals ``currency`` has after ISO 4217 (JPY 0, INR 2, KWD 3).

    Raises AmountError for a code that ISO 4217 does not list as a payment currency.
    """
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise AmountError(f"{currency} is not a currency of ISO 4217")
    return int(exponent)


def parse_amount(text: str, currency: str) -> int:
    """Turn decimal text into minor units exactly: ``("12.5", "INR")`` gives 1250.

    Trailing zeros beyond the currency's decimals are harmless and accepted (JPY 1.00 is 1).
    Raises AmountError for anything that is not a plain non-negative decimal, has more decimals
    than the currency, or has more than 18 digits.
    """
    digits = minor_digits(currency)
    match = _DECIMAL.fullmatch(text)
    if match is None or text in ("", "."):
        raise AmountError(f"{text!r} is not a plain decimal amount")
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > digits:
        raise AmountError(f"{currency} has {digits} decimals, {text} has {len(fraction)}")
    amount_minor = int((whole or "0") + fraction.ljust(digits, "0"))
    if amount_minor > AMOUNT_MINOR_MAX:
        raise AmountError(f"{text} has more than 18 digits")
    return amount_minor


def format_amount(amount_minor: int, currency: str) -> str:
    """Turn minor units into plain decimal text: ``(1250, "INR")`` gives ``"12.50"``."""
    digits = minor_digits(currency)
    sign = "-" if amount_minor < 0 else ""
    text = str(abs(amount_minor)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"
