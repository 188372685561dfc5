"""The values that a scheme file may hold: each function checks one kind and says what it wants.

Every function takes a raw TOML value and returns the checked one or raises ``InvalidValueError`` with a
sentence whose subject is the key.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from importlib.resources import files

from paritas.model.keys import parse_key
from paritas.model.money import AmountError, minor_digits, parse_amount
from paritas.model.parties import is_bic, is_country, is_lei, normalise_bic
from paritas.node.calendars import DAY_S, SECOND_NS, has_holiday_calendar
from paritas.node.toml_tables import InvalidValueError, meant

#: In the order of ``date.weekday()``: Monday is 0.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DAYS_AHEAD_MAX = 366
_DECIMAL = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,6})([smh])", re.ASCII)
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_LIST_NAME = re.compile(r"[^/@#\s][^/@#\n]{0,30}/[^/@#\n]{1,60}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Control characters, and the two code points that XML cannot carry: names travel in messages.
_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


#: Reads one kind of text.
Read = Callable[[object], str]


def text(value: object) -> str:
    """Return any text."""
    if not isinstance(value, str):
        raise InvalidValueError("must be text in quotes")
    return value


def label(value: object) -> str:
    """Return a name that fits into messages: 1 to 140 characters on one line."""
    name = text(value)
    if not name.strip() or len(name) > 140 or _UNSENDABLE.search(name):
        raise InvalidValueError("must be 1 to 140 characters on one line")
    return name


def flag(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise InvalidValueError("must be true or false, without quotes")
    return value


def days(value: object) -> int:
    """Return a number of days."""
    # In Python, true is an int as well.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _DAYS_AHEAD_MAX:
        raise InvalidValueError(
            f"must be a whole number from 0 to {_DAYS_AHEAD_MAX}, without quotes"
        )
    return value


def duration_ns(value: object) -> int:
    """Return a span of time in nanoseconds: a whole number with s, m or h, at most a week."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or not 0 < int(match[1]) * _UNITS_S[match[2]] <= 7 * DAY_S:
        raise InvalidValueError(
            'must be a time in quotes such as "90s", "15m" or "2h", at most a week'
        )
    return int(match[1]) * _UNITS_S[match[2]] * SECOND_NS


def duration_text(span_ns: int) -> str:
    """Return nanoseconds as ``duration_ns`` reads them: ``"15m"``."""
    span_s = span_ns // SECOND_NS
    unit = next(unit for unit, size in reversed(_UNITS_S.items()) if span_s % size == 0)
    return f"{span_s // _UNITS_S[unit]}{unit}"


def share(value: object) -> Fraction:
    """Return a part of a whole: a decimal above 0, at most 1."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or not 0 < Fraction(value) <= 1:
        raise InvalidValueError('must be a decimal in quotes above 0 and at most 1, such as "0.1"')
    return Fraction(value)


def clearing_rule(value: object) -> str:
    """Return the rule by which the queue is cleared."""
    if value not in ("free", "fifo"):
        raise InvalidValueError('must be "free" or "fifo"')
    return str(value)


def list_name(value: object) -> str:
    """Return the name of a list: its authority and what the authority calls it."""
    name = text(value)
    if not _LIST_NAME.fullmatch(name):
        raise InvalidValueError(f'{name!r} is not the name of a list: write one such as "OFAC/SDN"')
    return name


def threshold(value: object) -> int:
    """Return the score, of 100, from which a match is a hit."""
    if not isinstance(value, int) or isinstance(value, bool) or not 50 <= value <= 100:
        raise InvalidValueError("must be a whole number from 50 to 100, without quotes")
    return value


def bypass(value: object) -> str:
    """Return who may overtake in the queue."""
    if value not in ("normal", "none", "all"):
        raise InvalidValueError('must be "normal", "none" or "all"')
    return str(value)


def bic(value: object) -> str:
    """Return a BIC in its form of 11 characters."""
    code = text(value)
    if not is_bic(code):
        raise InvalidValueError(
            f"{code!r} is not a BIC: 8 or 11 capitals and digits, country code in 5 and 6"
        )
    return normalise_bic(code)


def lei(value: object) -> str:
    """Return an LEI whose check digits are right."""
    code = text(value)
    if not is_lei(code):
        raise InvalidValueError(
            f"{code!r} is not an LEI: 20 capitals and digits, the last two check digits"
        )
    return code


def country(value: object) -> str:
    """Return a country code."""
    code = text(value)
    if not is_country(code):
        raise InvalidValueError(f"{code!r} is not a country of ISO 3166: two capitals, such as IN")
    return code


def is_currency(code: str) -> bool:
    """Tell whether ISO 4217 lists ``code`` as a currency with decimals."""
    try:
        minor_digits(code)
    except AmountError:
        return False
    return True


def currency(value: object) -> str:
    """Return a currency code."""
    code = text(value)
    if not is_currency(code):
        raise InvalidValueError(
            f"{code!r} is not a payment currency of ISO 4217: three capitals, such as INR"
        )
    return code


def amount(code: str) -> Callable[[object], int]:
    """Return the function that reads amounts in the currency ``code`` into minor units.

    If there is no such currency, which is a mistake of its own, only the form is checked.
    """

    def read(value: object) -> int:
        if not isinstance(value, str):
            raise InvalidValueError(
                'must be an amount in quotes, such as "1500000.00", to be exact'
            )
        if value.startswith("-"):
            raise InvalidValueError(f"must not be below zero, as {value} is")
        if not is_currency(code) and _DECIMAL.fullmatch(value):
            return 0
        try:
            return parse_amount(value, code)
        except AmountError as error:
            raise InvalidValueError(
                f'cannot be this amount: {error}; write it such as "1500.00"'
            ) from None

    return read


def rate(value: object) -> str:
    """Return a rate as it is written: a positive decimal."""
    if not isinstance(value, str):
        raise InvalidValueError('must be a decimal in quotes, such as "96.08534228", to be exact')
    if not _DECIMAL.fullmatch(value) or not Fraction(value):
        raise InvalidValueError(f"{value!r} is not a positive decimal, such as 96.08534228")
    return value


def key(value: object) -> str:
    """Return a public key as it is written."""
    code = text(value)
    try:
        parse_key(code)
    except ValueError as error:
        raise InvalidValueError(str(error)) from None
    return code


def issuers_count(value: object) -> int:
    """Return how many issuers a change of the rulebook takes."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidValueError("must be a whole number from 1 on, without quotes")
    return value


@cache
def _timezones() -> frozenset[str]:
    # The list in the tzdata package; to ask zoneinfo would open every file of the system.
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


def timezone(value: object) -> str:
    """Return the name of a time zone."""
    name = text(value)
    if name not in _timezones():
        hint = meant(name, _timezones()) or "; write one such as Asia/Kolkata, or UTC"
        raise InvalidValueError(f"{name!r} is not a time zone of the IANA database{hint}")
    return name


def opening_s(value: object) -> int | None:
    """Return an opening time in seconds after local midnight."""
    return _clock_s(value, DAY_S - 1)


def closing_s(value: object) -> int | None:
    """Return a closing time in seconds after local midnight; 24:00 is the end of the day."""
    return _clock_s(value, DAY_S)


def _clock_s(value: object, maximum_s: int) -> int:
    if isinstance(value, datetime.time) and not value.microsecond:
        value = value.isoformat()
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidValueError('must be a time of day in quotes, such as "09:00"')
    hours, minutes, seconds = (int(part or "0") for part in match.groups())
    clock_s = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or clock_s > maximum_s:
        raise InvalidValueError(f"{value} is not a time of day: correct it")
    return clock_s


def clock_text(clock_s: int) -> str:
    """Return seconds after midnight as a time of day: 32400 gives ``"09:00"``."""
    minutes, seconds = divmod(clock_s, 60)
    short = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{short}:{seconds:02}" if seconds else short


def weekday(value: object) -> int:
    """Return a day of the week, Monday being 0."""
    name = text(value)
    if name not in WEEKDAYS:
        hint = meant(name, WEEKDAYS) or f"; write one of {', '.join(WEEKDAYS)}"
        raise InvalidValueError(f"{name!r} is not a day of the week{hint}")
    return WEEKDAYS.index(name)


def date(value: object) -> datetime.date:
    """Return a calendar date, written as text or as TOML's own date."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return datetime.date.fromisoformat(value)
    except ValueError:
        raise InvalidValueError(f"{value} is no day of the calendar: correct it") from None
    raise InvalidValueError('must be a date in quotes, such as "2026-12-25"')


def calendar(value: object) -> str:
    """Return the name of a holiday calendar that the ``holidays`` library has."""
    name = text(value)
    if not has_holiday_calendar(name):
        raise InvalidValueError(
            f"{name!r} is no holiday calendar: write a country such as IN or a market such as "
            "XECB, or list the days under holidays"
        )
    return name
