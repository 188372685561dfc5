"""Amounts, dates, BICs and texts of MT fields: from their characters to values and back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from paritas.iso20022.dates import plain_date
from paritas.model.money import AmountError, format_amount, parse_amount
from paritas.mt.formats import SET_X

#: CBPR+ ends a text that was cut with this, and puts the other in place of what set X has not.
TRUNCATED = "+"
REPLACEMENT = "."

_UNSUPPORTED = re.compile(f"[^{SET_X}\n]", re.ASCII)
_AMOUNT = re.compile(r"[0-9]*,[0-9]*|[0-9]+", re.ASCII)
# Longer than any amount with zeros before it; a number of any length would take its time.
_AMOUNT_CHARACTERS_MAX = 40
_LINE_START = re.compile(r"(?m)^[:\-]")
_SPACES = re.compile(r"[\s\u00a0]+")


def read_amount(text: str, currency: str) -> int:
    """Turn an MT amount into minor units exactly: ``("136480,5", "USD")`` gives 13648050.

    Raises AmountError for what is no amount of the currency. The comma may be missing, and zeros
    may lead, as in the files of some banks.
    """
    if len(text) > _AMOUNT_CHARACTERS_MAX or _AMOUNT.fullmatch(text) is None or text == ",":
        raise AmountError(f"{text[:40]!r} is not an amount with a decimal comma")
    return parse_amount(text.replace(",", "."), currency)


def write_amount(amount_minor: int, currency: str) -> str:
    """Return an MT amount; a whole one ends in the comma.

    Raises AmountError for one that needs more than the 15 characters of the fields.
    """
    whole, _, decimals = format_amount(amount_minor, currency).partition(".")
    text = f"{whole},{decimals if decimals.strip('0') else ''}"
    if len(text) > 15:
        raise AmountError(f"amount {text} is longer than the 15 characters of MT")
    return text


def read_date(text: str) -> str:
    """Turn YYMMDD into an ISO date, "" if no calendar has it; 80 to 99 are the last century."""
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        return ""
    century = "19" if text[:2] >= "80" else "20"
    return _calendar_date(f"{century}{text[:2]}-{text[2:4]}-{text[4:]}")


def write_date(text: str) -> str:
    """Turn an ISO date or date and time into YYMMDD, "" if it is none."""
    day = plain_date(text[:10])
    return _calendar_date(day)[2:].replace("-", "")


def _calendar_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        return ""
    return text


def read_time(day: str, clock: str, offset: str = "+0000") -> str:
    """Put YYMMDD, HHMM and ±HHMM together as an ISO date and time, "" if they are none."""
    when = read_date(day)
    digits = clock + offset[1:]
    if not when or len(digits) != 8 or not digits.isdigit() or offset[0] not in "+-":
        return ""
    if clock[:2] > "23" or clock[2:] > "59" or offset[1:3] > "13" or offset[3:] > "59":
        return ""
    return f"{when}T{clock[:2]}:{clock[2:]}:00{offset[:3]}:{offset[3:]}"


def utc_minute(text: str) -> tuple[str, str]:
    """Return an ISO date and time as YYMMDD and HHMM in UTC, two empty texts if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return "", ""
    moment = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    return moment.strftime("%y%m%d"), moment.strftime("%H%M")


def bic11(bic: str) -> str:
    """Return a BIC in 8 characters where its branch is the head office, else as it is."""
    return bic[:8] if len(bic) == 11 and bic.endswith("XXX") else bic


def same_bic(one: str, other: str) -> bool:
    """Say whether two BICs name the same institution."""
    return bool(one) and bic11(one) == bic11(other)


def supported(text: str) -> str:
    """Return the text in character set X: a point stands for each character that it has not."""
    return _UNSUPPORTED.sub(REPLACEMENT, text)


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return _SPACES.sub(" ", text).strip()


def clip(text: str, length: int) -> str:
    """Cut to ``length`` characters; a cut is marked by a last "+"."""
    return text if len(text) <= length else text[: length - 1] + TRUNCATED


def guard_lines(text: str) -> str:
    """Let no line begin with ":" or "-", which would read as a field or as the end."""
    return _LINE_START.sub(REPLACEMENT, text)


def fold(text: str, width: int, lines_max: int, mark: str = "") -> tuple[list[str], bool]:
    """Break a text into lines of ``width``, later ones after ``mark``; True if it was cut.

    Lines are filled to the last character, so that joining them gives the text again. What does not
    fit is cut and marked by "+".
    """
    lines = [text[:width]]
    rest = text[width:]
    step = width - len(mark)
    while rest:
        lines.append(mark + rest[:step])
        rest = rest[step:]
    if len(lines) <= lines_max:
        return lines, False
    last = lines[lines_max - 1]
    lines[lines_max - 1] = last[: width - 1] + TRUNCATED
    return lines[:lines_max], True


def unfold(lines: list[str], width: int) -> str:
    """Join the lines of a narrative: a full line goes on in the next one, others end a word."""
    text = ""
    full = True
    for line in lines:
        text += line if full or not text or not line else " " + line
        full = len(line) >= width
    return text.strip()
