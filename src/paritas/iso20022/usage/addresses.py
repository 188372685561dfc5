"""Postal addresses: structured, hybrid, unstructured, and what each must have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from paritas.iso20022.parsing import local_name
from paritas.iso20022.usage.view import Broken, View, text_of

#: From this day on the networks refuse an address that does not name town and country: the
#: release of November 2026 of SWIFT went live on it.
STRUCTURED_FROM = "2026-11-14"

_LINE_CHARACTERS_MAX = 70
_LINES_MAX = 2
_UNSTRUCTURED_LINE_CHARACTERS_MAX = 35
_UNSTRUCTURED_LINES_MAX = 3
# Shorter values, such as a house number or a country, stand in a line by chance.
_REPEATED_MIN = 4


class Address:
    """One PstlAdr."""

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        children = [(local_name(child), child) for child in element]
        self.lines = [child for name, child in children if name == "AdrLine"]
        self.parts = [child for name, child in children if name not in ("AdrLine", "AdrTp", "")]
        self.names = {local_name(part) for part in self.parts}

    @property
    def missing(self) -> str:
        """What of town and country is not there, as words; ``""`` if both are."""
        words = {"TwnNm": "town (TwnNm)", "Ctry": "country (Ctry)"}
        return " and ".join([word for name, word in words.items() if name not in self.names])


def addresses(view: View) -> Iterator[Address]:
    """Go through the addresses of a message."""
    return map(Address, view.all("PstlAdr"))


def without_town_or_country(view: View) -> Iterator[Broken]:
    """Find addresses that do not name town and country, whatever else they say."""
    for address in addresses(view):
        if address.missing:
            yield address.element, f"the address has no {address.missing}"


def against_structure(view: View) -> Iterator[Broken]:
    """Find addresses that break the rules for structured and hybrid ones."""
    yield from without_town_or_country(view)
    for address in addresses(view):
        if not address.missing:
            yield from _against_lines(address, _LINES_MAX, _LINE_CHARACTERS_MAX)


def against_grace(view: View) -> Iterator[Broken]:
    """Find addresses that break the rules until November 2026: lines alone are still allowed."""
    for address in addresses(view):
        if address.lines and not address.parts:
            yield from _against_lines(
                address, _UNSTRUCTURED_LINES_MAX, _UNSTRUCTURED_LINE_CHARACTERS_MAX
            )
        elif address.missing:
            yield address.element, f"the address has no {address.missing}"
        else:
            yield from _against_lines(address, _LINES_MAX, _LINE_CHARACTERS_MAX)


def _against_lines(address: Address, lines_max: int, characters_max: int) -> Iterator[Broken]:
    if len(address.lines) > lines_max:
        yield address.lines[lines_max], f"{len(address.lines)} address lines, at most {lines_max}"
    for line in address.lines[:lines_max]:
        if len(text_of(line)) > characters_max:
            yield (
                line,
                f"an address line of {len(text_of(line))} characters, at most {characters_max}",
            )


def repeated_in_lines(view: View) -> Iterator[Broken]:
    """Find what an address says in an element of its own and again in a line."""
    for address in addresses(view):
        lines = [text_of(line) for line in address.lines]
        for part in address.parts if lines else ():
            value = text_of(part)
            if len(value) < _REPEATED_MIN or len(value) > _LINE_CHARACTERS_MAX:
                continue
            words = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
            if any(words.search(line) for line in lines):
                yield part, f"{local_name(part)} {value} stands in an address line as well"
