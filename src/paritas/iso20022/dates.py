"""Dates of ISO 20022: XML Schema allows a time zone after a date, and white space around it."""

from __future__ import annotations

import re
from datetime import date

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)


def plain_date(text: str) -> str:
    """Return an ISODate without white space and time zone; what is no date comes back as it is."""
    if len(text) == 10 and text[4] == "-":
        return text
    text = text.strip(" \t\r\n")
    match = _DATE.fullmatch(text)
    return match[1] if match else text


def is_plausible_date(text: str) -> bool:
    """Say whether the text is a calendar date of the years 2000 to 2099."""
    if len(text) != 10 or _DATE.fullmatch(text) is None:
        return False
    try:
        return 2000 <= date.fromisoformat(text).year <= 2099
    except ValueError:
        return False
