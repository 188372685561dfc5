"""Statement fields: balances (60, 62, 64, 65), entries (61, 86), sums (90), and whether they agree.

Banks write these fields each in their own way, so they are read by what can be told apart and not
by the format; where a field cannot be read it is None, and the checker says so.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from paritas.model.money import AmountError, format_amount
from paritas.mt.parsing import Field, MtMessage
from paritas.mt.values import read_amount, read_date

OPENING = ("60F", "60M")
CLOSING = ("62F", "62M")
AVAILABLE = ("64", "65")

_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]+(?:,[0-9]*)?)\s*", re.ASCII)
_ENTRY = re.compile(
    r"([0-9]{6})([0-9]{4})?(R[CD]|E[CD]|[CD])([A-Z])?([0-9]+(?:,[0-9]*)?)([A-Z])(.{0,3})(.*)",
    re.ASCII,
)
_SUM = re.compile(r"([0-9]{1,5})([A-Z]{3})([0-9]+(?:,[0-9]*)?)\s*", re.ASCII)
_NUMBER = re.compile(r"([0-9]{1,10})(?:/([0-9]{1,5}))?\s*", re.ASCII)


class Balance(NamedTuple):
    """A balance of an account on a day; the amount is signed."""

    #: ISO date, "" if no calendar has it.
    day: str
    currency: str
    amount_minor: int


class Entry(NamedTuple):
    """One statement line (61) with the text (86) that explains it."""

    value_date: str
    #: ISO date, the value date's if the line does not say it.
    booking_date: str
    is_credit: bool
    #: A mark RC or RD: the entry takes back an earlier one of the other side.
    is_reversal: bool
    amount_minor: int
    #: The letter and three characters of the transaction type: "NTRF".
    kind: str
    owner_reference: str
    servicer_reference: str
    supplement: str
    text: str
    field: Field
    text_field: Field | None

    @property
    def net_minor(self) -> int:
        """What the entry adds to the balance."""
        return self.amount_minor if self.is_credit else -self.amount_minor


class Statement(NamedTuple):
    """The money of one statement message, as far as it can be read."""

    currency: str
    opening: Balance | None
    closing: Balance | None
    entries: tuple[Entry, ...]
    #: Fields that hold money or a date that cannot be read, and why.
    unreadable: tuple[tuple[Field, str], ...]


def statement_of(message: MtMessage) -> Statement:
    """Read the balances and entries of an MT940, 941, 942 or 950; never raises."""
    currency = _currency_of(message)
    opening = closing = None
    entries: list[Entry] = []
    wrong: list[tuple[Field, str]] = []
    previous: Field | None = None
    for field in message.fields:
        tag = field.tag
        try:
            if tag in OPENING or tag in CLOSING or tag in AVAILABLE:
                balance = read_balance(field.value)
                if tag in OPENING:
                    opening = opening or balance
                elif tag in CLOSING:
                    closing = balance
            elif tag == "61":
                entries.append(read_entry(field, currency))
            elif tag == "86" and previous is not None and previous.tag == "61" and entries:
                entries[-1] = entries[-1]._replace(text=field.value, text_field=field)
        except (AmountError, ValueError) as error:
            wrong.append((field, str(error)))
        previous = field
    return Statement(currency, opening, closing, tuple(entries), tuple(wrong))


def read_balance(value: str) -> Balance:
    """Read a field like "C150116EUR10000,00"; raises ValueError if it says no balance."""
    match = _BALANCE.fullmatch(value)
    if match is None:
        raise ValueError(f"{value[:40]!r} is no balance (C or D, YYMMDD, currency, amount)")
    mark, day, currency, amount = match.groups()
    amount_minor = read_amount(amount, currency)
    if not read_date(day):
        raise ValueError(f"{day} is no date")
    return Balance(read_date(day), currency, amount_minor if mark == "C" else -amount_minor)


def read_entry(field: Field, currency: str) -> Entry:
    """Read a statement line; raises ValueError if date, side or amount cannot be told."""
    first, _, supplement = field.value.partition("\n")
    match = _ENTRY.fullmatch(first)
    if match is None:
        raise ValueError(f"{first[:40]!r} is no statement line (date, side, amount, type)")
    day, booked, mark, _, amount, letter, code, rest = match.groups()
    value_date = read_date(day)
    if not value_date:
        raise ValueError(f"{day} is no date")
    owner, _, servicer = rest.partition("//")
    return Entry(
        value_date=value_date,
        booking_date=_booking_date(value_date, booked),
        is_credit=mark in ("C", "RD", "EC"),
        is_reversal=mark in ("RC", "RD"),
        amount_minor=read_amount(amount, currency),
        kind=(letter + code).rstrip(),
        owner_reference=owner.strip(),
        servicer_reference=servicer.strip(),
        supplement=supplement.replace("\n", " ").strip(),
        text="",
        field=field,
        text_field=None,
    )


def read_sum(value: str) -> tuple[int, str, int]:
    """Read number, currency and amount of a field 90; raises ValueError if it says no sum."""
    match = _SUM.fullmatch(value)
    if match is None:
        raise ValueError(f"{value[:40]!r} is no sum (number, currency, amount)")
    return int(match[1]), match[2], read_amount(match[3], match[2])


def read_number(value: str) -> tuple[str, str]:
    """Read statement and page number of a field 28: ``("19321", "1")``; "" where missing."""
    match = _NUMBER.fullmatch(value)
    return (match[1], match[2] or "") if match is not None else ("", "")


def _currency_of(message: MtMessage) -> str:
    """Return the currency that the first balance or floor limit names; entries do not say it."""
    for field in message.fields:
        if field.tag in OPENING or field.tag in CLOSING:
            match = _BALANCE.fullmatch(field.value)
            if match is not None:
                return match[3]
        elif field.tag == "34F":
            return field.value[:3]
    return ""


def balance_problem(statement: Statement) -> str:
    """Say how opening balance, entries and closing balance disagree, or ``""``."""
    opening, closing = statement.opening, statement.closing
    if opening is None or closing is None or statement.unreadable:
        return ""
    if opening.currency != closing.currency:
        return f"opens in {opening.currency} and closes in {closing.currency}"
    expected_minor = opening.amount_minor + sum(entry.net_minor for entry in statement.entries)
    if expected_minor == closing.amount_minor:
        return ""
    currency = opening.currency
    return (
        f"opening balance {format_amount(opening.amount_minor, currency)} and"
        f" {len(statement.entries)} entries give {format_amount(expected_minor, currency)},"
        f" not {format_amount(closing.amount_minor, currency)}"
    )


def _booking_date(value_date: str, booked: str | None) -> str:
    """Return the booking date, whose year is that of the nearest day to the value date."""
    if not booked:
        return value_date
    year = int(value_date[:4])
    if value_date[5:7] == "12" and booked[:2] == "01":
        year += 1
    elif value_date[5:7] == "01" and booked[:2] == "12":
        year -= 1
    return read_date(f"{year % 100:02d}{booked}") or value_date
