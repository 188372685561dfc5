"""Canada's consolidated list under the Special Economic Measures Act, XML.

Each ``record`` is a person, an organisation or a ship, told by which of its elements are filled.
Element names are English, in newer files with the French after a hyphen.
"""

from __future__ import annotations

import re

from lxml import etree

from paritas.screening.entities import Entry, Kind
from paritas.screening.lists.reading import (
    EntryBuilder,
    ListError,
    date_of,
    joined_name,
    local,
    tidy,
)

_BILINGUAL = re.compile(r"\s+/\s+|\s*\|\s*")


def read(file: str, root: etree._Element) -> tuple[tuple[Entry, ...], str]:
    """Return the entries; the date is that of the file, or else of the latest listing."""
    entries: dict[str, EntryBuilder] = {}
    latest = date_of(root.get("date", "") or root.get("generated", ""))
    stated = bool(latest)
    for number, record in enumerate(root.iterfind("{*}record"), 1):
        row = {local(item).partition("-")[0].lower(): tidy(item.text) for item in record}
        entry = _entry(row, number)
        if not entry.build().names:
            raise ListError(f"{file}, record {number}: has no name: fetch the file again")
        entries[entry.id if entry.id not in entries else f"{entry.id}#{number}"] = entry
        if not stated:
            latest = max(latest, date_of(row.get("dateoflisting", "")))
    return tuple(entry.build() for entry in entries.values()), latest


def _entry(row: dict[str, str], number: int) -> EntryBuilder:
    ship, name = row.get("shipimonumber", ""), row.get("entityorship") or row.get("entity", "")
    person = joined_name((row.get("givenname"), row.get("lastname")))
    kind = Kind.PERSON if person else Kind.VESSEL if ship else Kind.ORGANISATION
    country = _BILINGUAL.split(row.get("country", ""))[0]
    place = ".".join(filter(None, (country, row.get("schedule"), row.get("item"))))
    entry = EntryBuilder(place or str(number), kind)
    for text in _names(person or name):
        entry.name(text, primary=True)
    for alias in re.split(r"[;\n]", row.get("aliases", "")):
        entry.name(alias)
    birth = row.get("dateofbirthorshipbuilddate") or row.get("dateofbirth", "")
    if kind is Kind.PERSON:
        entry.birth(birth)
    entry.identifier("imo", ship)
    entry.country(country)
    entry.programme(country)
    return entry


def _names(text: str) -> list[str]:
    """The English and the French name of an organisation are both its names."""
    return [part for part in _BILINGUAL.split(text) if part]
