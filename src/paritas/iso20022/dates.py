"""Dates and times of ISO 20022: wider than what the standard library reads.

XML Schema allows a time zone after a date, 24:00:00 for the end of a day, any number of decimals
of a second, years beyond 9999, and no time zone at all, which is read here as UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def date_time_ns(text: str) -> int | None:
    """Return nanoseconds since 1970-01-01T00:00:00Z for an ISODateTime, None if it is none."""
    match = _DATE_TIME.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        return None
    day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(
            hours=int(hour), minutes=int(minute), seconds=int(second)
        )
    except (ValueError, OverflowError):
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    if zone and zone != "Z":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        seconds += offset if zone[0] == "-" else -offset
    return seconds * 1_000_000_000 + int((fraction or "0")[:9].ljust(9, "0"))
