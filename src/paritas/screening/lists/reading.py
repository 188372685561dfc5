"""What every reader needs: hardened XML, decoded tables, dates, identifiers, entries put together.

A reader either returns every entry of the file or raises ``ListError``: a list that was read in part
would let payments through.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from paritas.screening.entities import (
    Entry,
    Identifier,
    IdentifierType,
    Kind,
    ListedName,
    Quality,
)
from paritas.screening.lists.countries import country_code
from paritas.screening.text import script_of

#: No published list comes near it; a larger file is not a list.
LIST_BYTES_MAX = 512 * 1024 * 1024
_OPTIONS: dict[str, Any] = {
    "encoding": "UTF-8",
    "remove_comments": True,
    "remove_pis": True,
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "no_network": True,
    "huge_tree": False,
    "collect_ids": False,
}
_DOCTYPE = re.compile(rb"(?:\s++|<\?(?>.*?\?>)|<!--(?>.*?-->))*+<!DOCTYPE", re.DOTALL)


class ListError(ValueError):
    """A list file cannot be used; the text says what is wrong, where, and what to do."""


def parse_xml(file: str, data: bytes) -> etree._Element:
    """Parse a list file with entities, network and DOCTYPE off; raises ``ListError``."""
    if not data.strip():
        raise ListError(f"{file}: the file is empty: fetch it again")
    if len(data) > LIST_BYTES_MAX:
        raise ListError(f"{file}: larger than {LIST_BYTES_MAX:,} bytes: this is not a list")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:256]:
        raise ListError(f"{file}: not in UTF-8: convert it to UTF-8")
    if _DOCTYPE.match(data):
        raise ListError(f"{file}: has a DOCTYPE, which no publisher sends: do not trust this file")
    try:
        return etree.fromstring(data, etree.XMLParser(**_OPTIONS))
    except etree.XMLSyntaxError as error:
        raise ListError(
            f"{file}: not complete XML, it breaks at line {error.lineno}: "
            "it may be cut off: fetch it again"
        ) from None


def decode(file: str, data: bytes) -> str:
    """Return the text of a table; raises ``ListError`` if it is empty or not text."""
    if len(data) > LIST_BYTES_MAX:
        raise ListError(f"{file}: larger than {LIST_BYTES_MAX:,} bytes: this is not a list")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    if not text.strip(" \t\r\n\x1a\x00"):
        raise ListError(f"{file}: the file is empty: fetch it again")
    if "\0" in text:
        raise ListError(f"{file}: zero bytes in it: this is not a table")
    return text


def table(
    file: str, data: bytes, delimiter: str = ",", skip: int = 0
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by column name; raises ``ListError`` where a line breaks off."""
    rows = cells(file, decode(file, data), delimiter)
    header: list[str] = []
    for line, row in rows:
        if skip:
            skip -= 1
        elif not header:
            header = [name.strip() for name in row]
        elif len(row) < len(header) - 1 or len(row) > len(header) + 1:
            raise ListError(
                f"{file}, line {line}: {len(row)} columns where the header has {len(header)}: "
                "it may be cut off: fetch it again"
            )
        else:
            yield line, dict(zip(header, (cell.strip() for cell in row), strict=False))


def cells(file: str, text: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not blank; the last row must have an end."""
    text = text.rstrip("\x1a")
    if not text.endswith("\n"):
        text_end = text.rsplit("\n", 1)[-1]
        if text_end.count('"') % 2:
            raise ListError(f"{file}: breaks off within its last line: fetch it again")
    csv.field_size_limit(16 * 1024 * 1024)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row and any(row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ListError(
            f"{file}, line {reader.line_num}: {error}: it may be cut off: fetch it again"
        ) from None


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def texts(element: etree._Element, *path: str) -> list[str]:
    """Return the texts of all descendants by a path of names, whatever their namespace."""
    step = "/".join("{*}" + name for name in path)
    found = element.iterfind(step)
    return [text for text in (tidy(item.text) for item in found) if text]


def text_of(element: etree._Element, *path: str) -> str:
    """Return the first text by a path of names, or an empty string."""
    return next(iter(texts(element, *path)), "")


def tidy(text: str | None) -> str:
    """Return a text with single spaces, and nothing for a publisher's word for nothing."""
    result = " ".join((text or "").split())
    return "" if result.lower() in ("-0-", "na", "n/a", "none", "null", "unknown") else result


def joined_name(parts: Iterable[str | None]) -> str:
    """Put the parts of a name together."""
    return " ".join(part for part in map(tidy, parts) if part)


_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T.*)?")
_SLASHED = re.compile(r"(\d{1,2}|dd|DD)[/.](\d{1,2}|mm|MM)[/.](\d{4})(?: .*)?")
_WORDED = re.compile(r"(?:(\d{1,2})\s+)?([A-Za-z]{3})[a-z]*\.?\s+(\d{4})")


def date_of(text: str, *, month_first: bool = False) -> str:
    """Return a publisher's date in ISO form, as exact as it is given; empty if it says none.

    Known: ISO, day/month/year with zeros or letters for what is unknown (or month first), "04 Apr
    1950", "Apr 1950", a year, and ranges and guesses ("circa 1950", "1955 to 1958").
    """
    text = tidy(text)
    if match := _ISO.fullmatch(text):
        return _iso(match[1], match[2], match[3])
    if match := _SLASHED.fullmatch(text):
        day, month = (match[2], match[1]) if month_first else (match[1], match[2])
        return _iso(match[3], month, day)
    if match := _WORDED.fullmatch(text):
        return _iso(match[3], str(_MONTHS.get(match[2].lower(), 0)), match[1] or "0")
    years = _YEAR.findall(text)
    if not years:
        return ""
    return years[0] if len(set(years)) == 1 else f"{min(years)}/{max(years)}"


def _iso(year: str, month: str, day: str) -> str:
    months = int(month) if month.isdigit() else 0
    days = int(day) if day.isdigit() else 0
    if not 1 <= months <= 12:
        return year
    return f"{year}-{months:02d}-{days:02d}" if 1 <= days <= 31 else f"{year}-{months:02d}"


_IMO = re.compile(r"(?:IMO\D{0,3})?(\d{7})(?!\d)")


def identifier(kind_text: str, value: str, country: str = "") -> Identifier | None:
    """Return an identifier by what the publisher calls it, or None for what identifies nobody."""
    value, name = tidy(value), kind_text.lower()
    if not value:
        return None
    known = IdentifierType.OTHER
    if "swift" in name or name in ("bic", "bank identification code"):
        known, value = IdentifierType.BIC, value.replace(" ", "").upper()
    elif "legal entity" in name or name == "lei":
        known = IdentifierType.LEI
    elif "imo" in name or "vessel registration" in name or value.upper().startswith("IMO"):
        match = _IMO.search(value)
        known, value = (IdentifierType.IMO, match[1]) if match else (known, value)
    elif "digital currency" in name or "wallet" in name or "crypto" in name:
        known = IdentifierType.WALLET
    elif "passport" in name:
        known = IdentifierType.PASSPORT
    elif any(word in name for word in ("national", "identi", "cedula", "d.n.i", "ssn", "card")):
        known = IdentifierType.IDENTITY
    if not any(character.isdigit() for character in value) and known is not IdentifierType.BIC:
        return None
    return Identifier(known, value, country_code(country))


def kind_of(text: str) -> Kind:
    """Return the kind by any publisher's word for it."""
    word = text.strip().lower()
    if word in ("individual", "person", "p", "individuals"):
        return Kind.PERSON
    if word in ("vessel", "ship", "ships"):
        return Kind.VESSEL
    if word == "aircraft":
        return Kind.AIRCRAFT
    if word in ("entity", "enterprise", "e", "organisation", "organization", "company"):
        return Kind.ORGANISATION
    return Kind.UNKNOWN


class EntryBuilder:
    """Collects what a file says about one entry, wherever in the file it says it."""

    def __init__(self, entry_id: str, kind: Kind) -> None:
        """``entry_id`` is the publisher's own number."""
        self.id = entry_id
        self.kind = kind
        self._names: dict[str, ListedName] = {}
        self._births: dict[str, None] = {}
        self._countries: dict[str, None] = {}
        self._identifiers: dict[Identifier, None] = {}
        self._programmes: dict[str, None] = {}

    def name(self, text: str | None, *, weak: bool = False, primary: bool = False) -> None:
        """Add a name; of the same name twice, the stronger stays."""
        text = tidy(text)
        if not text:
            return
        known = self._names.get(text)
        primary = primary or (known is not None and known.primary)
        weak = weak and not primary and (known is None or known.quality is Quality.WEAK)
        quality = Quality.WEAK if weak else Quality.STRONG
        self._names[text] = ListedName(text, quality, primary, script_of(text))

    def birth(self, text: str | None, *, month_first: bool = False) -> None:
        """Add a date of birth in any publisher's form."""
        if date := date_of(text or "", month_first=month_first):
            self._births[date] = None

    def country(self, text: str | None) -> None:
        """Add a country by its code or by any publisher's name for it."""
        if code := country_code(text or ""):
            self._countries[code] = None

    def identifier(self, kind_text: str, value: str, country: str = "") -> None:
        """Add an identifier by what the publisher calls it."""
        if found := identifier(kind_text, value, country):
            self._identifiers[found] = None

    def programme(self, text: str | None) -> None:
        """Add a programme or regime."""
        if text := tidy(text):
            self._programmes[text] = None

    def build(self) -> Entry:
        """Return the entry."""
        return Entry(
            id=self.id,
            kind=self.kind,
            names=tuple(self._names.values()),
            births=tuple(self._births),
            countries=tuple(self._countries),
            identifiers=tuple(self._identifiers),
            programmes=tuple(self._programmes),
        )
