"""Numbers that name a listed entry by themselves: BIC, LEI, IMO, wallets, papers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from paritas.model.parties import is_bic
from paritas.screening.entities import Entry, Identifier, IdentifierType, ListVersion

_Found = tuple[ListVersion, Entry, Identifier]

# Which words of a free text are looked up: what has the form of a number that identifies. Short
# plain numbers are left out, for they are invoices and dates far more often.
_IN_TEXT = re.compile(r"IMO\W{0,3}\d{7}(?!\d)|[A-Za-z0-9]{8,}(?:[-/][A-Za-z0-9]+)*")
_DIGITS_MIN = 9
_IMO = re.compile(r"(?:IMO)?(\d{7})")


def normal(value: str) -> str:
    """Return the letters and digits of a number, in capitals; IMO's prefix is dropped."""
    plain = "".join(c for c in value.upper() if c.isascii() and c.isalnum())
    match = _IMO.fullmatch(plain)
    return match[1] if match else plain


class IdentifierIndex:
    """The listed numbers, found by any way of writing them."""

    def __init__(self, versions: Iterable[ListVersion]) -> None:
        """File every identifier of every entry."""
        self._found: dict[str, list[_Found]] = {}
        for version in versions:
            for entry in version.entries:
                for identifier in entry.identifiers:
                    key = _key(identifier)
                    if len(key) >= 4:
                        self._found.setdefault(key, []).append((version, entry, identifier))

    def find(self, values: Iterable[str]) -> Iterator[tuple[str, _Found]]:
        """Yield each given number that is listed, with whose it is."""
        for value in values:
            plain = normal(value)
            for found in self._found.get(plain, ()):
                yield value, found
            if is_bic(plain):
                # A bank is listed with all its branches, whichever BIC of it was published.
                for found in self._found.get(f"BIC {plain[:8]}", ()):
                    yield value, found

    def find_in_text(self, text: str) -> Iterator[tuple[str, _Found]]:
        """Yield the listed numbers that stand in a free text."""
        for match in _IN_TEXT.finditer(text):
            plain = normal(match[0])
            imo = match[0].upper().startswith("IMO")
            if not imo and plain.isdigit() and len(plain) < _DIGITS_MIN:
                continue
            yield from self.find((match[0],))


def _key(identifier: Identifier) -> str:
    plain = normal(identifier.value)
    return f"BIC {plain[:8]}" if identifier.type is IdentifierType.BIC else plain
