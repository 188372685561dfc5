"""Numbers as people read them: money in the value currency, shares, durations and moments."""

from __future__ import annotations

from paritas.model.money import minor_digits

_SCALES = ((10**3, "k"), (10**6, "m"), (10**9, "bn"), (10**12, "tn"))
_DIGITS = 3
_MINUTE_S, _HOUR_S = 60, 3_600


def number(value: int) -> str:
    """Return an integer with thousands marked: ``20000`` gives ``"20,000"``."""
    return f"{value:,}"


def money(amount_minor: int, currency: str) -> str:
    """Return an amount as short as it can be said: 135,918,800,000 cents give ``"1.36 bn"``.

    Rounded to the nearest, for reading only; the exact integer stays in report.json.
    """
    if amount_minor == 0:
        return "0"
    sign, rest = ("−", -amount_minor) if amount_minor < 0 else ("", amount_minor)
    unit = 10 ** minor_digits(currency)
    text = _decimal(rest, unit, minor_digits(currency))
    for scale, letters in _SCALES:
        # A figure that is rounded to 1,000 or more is said in the next larger scale.
        if len(text.partition(".")[0]) <= _DIGITS:
            break
        decimals = 2 if rest * 1000 < 9_995 * scale * unit else 1
        text = f"{_decimal(rest, scale * unit, decimals)} {letters}"
    return sign + text


def mark(amount_minor: int, currency: str) -> str:
    """Return a round amount for an axis: like ``money``, without zeros after the point."""
    figure, *letters = money(amount_minor, currency).split(" ")
    if "." in figure:
        figure = figure.rstrip("0").rstrip(".")
    return " ".join((figure, *letters))


def millions(amount_minor: int, currency: str) -> str:
    """Return an amount in millions with one decimal, for tables where the unit stands above."""
    tenth = 10 ** (minor_digits(currency) + 5)
    if 0 < 2 * amount_minor < tenth:
        return "<0.1"
    return _decimal(amount_minor, 10 * tenth, 1)


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, ``"28.8%"``; a small share is never shown as nothing."""
    if whole <= 0:
        return "–"
    if 0 < part * 1000 < whole:
        return "<0.1%"
    if whole * 999 < part * 1000 < whole * 1000:
        return ">99.9%"
    return f"{_decimal(part * 100, whole, 1)}%"


def duration(seconds: int) -> str:
    """Return a span of time in its two largest units: ``4414`` gives ``"1 h 14 min"``."""
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < 10 * _MINUTE_S:
        return f"{seconds // _MINUTE_S} min {seconds % _MINUTE_S} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min"
    return f"{seconds // _HOUR_S} h {seconds % _HOUR_S // _MINUTE_S} min"


def span(from_s: int, to_s: int) -> str:
    """Return a range of delays in words: ``(60, 300)`` gives ``"1 to 5 min"``."""
    if not to_s:
        return f"{_round_time(from_s)} or more"
    if from_s == 0:
        return f"under {_round_time(to_s)}"
    unit = " min" if to_s <= _HOUR_S else " h"
    size = _MINUTE_S if to_s <= _HOUR_S else _HOUR_S
    if from_s % size or to_s % size:
        return f"{_round_time(from_s)} to {_round_time(to_s)}"
    return f"{from_s // size} to {to_s // size}{unit}"


def clock(moment: str) -> str:
    """Return hours and minutes of an ISO 8601 time: ``"09:30"``."""
    return moment[11:16]


def _round_time(seconds: int) -> str:
    if seconds % _HOUR_S == 0:
        return f"{seconds // _HOUR_S} h"
    return f"{seconds // _MINUTE_S} min" if seconds % _MINUTE_S == 0 else f"{seconds} s"


def _decimal(dividend: int, divisor: int, decimals: int) -> str:
    """Divide and round to the nearest in integers, thousands marked."""
    scaled = (2 * dividend * 10**decimals + divisor) // (2 * divisor)
    whole, fraction = divmod(scaled, 10**decimals)
    return f"{whole:,}.{fraction:0{decimals}d}" if decimals else f"{whole:,}"
