"""Character sets: what SWIFT's network carries, and what is no character for anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from paritas.iso20022.parsing import local_name
from paritas.iso20022.usage.view import Broken, leaves

_X = r"0-9A-Za-z/\-?:().,'+ \r\n"
#: SWIFT's character set X.
NOT_X = re.compile(rf"[^{_X}]")
#: Set X and the further characters that CBPR+ allows in names, addresses and remittance.
NOT_EXTENDED = re.compile(rf"[^{_X}!#$%&*=^_`{{|}}~\";<>@\[\\\]]")

# What nobody can read: control characters, what replaces broken ones, private use, no characters,
# and marks that turn the direction of writing around, which is how a payee can be disguised.
_UNREADABLE = (
    "\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffc\ufffd"
    "\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff"
)
_unreadable = re.compile(f"[{_UNREADABLE}]")
# The first bytes of these in UTF-8: is there any reason to look at each text?
_FIRST_BYTES = (b"\x7f", b"\xc2", b"\xe2", b"\xee", b"\xef", b"\xf3", b"\xf4")


def maybe_unreadable(data: bytes) -> bool:
    """Say whether the bytes of a file can hold a character that nobody can read."""
    if b"&" in data and b"&#" in data:
        return True
    return b"\x7f" in data if data.isascii() else any(first in data for first in _FIRST_BYTES)


def unreadable(top: etree._Element) -> Iterator[Broken]:
    """Find texts with a character that nobody can read."""
    for element in leaves(top):
        match = _unreadable.search(element.text or "")
        if match is not None:
            yield element, f"{local_name(element)} has the character {_name(match[0])} in it"


def outside(elements: Iterator[etree._Element], wrong: re.Pattern[str]) -> Iterator[Broken]:
    """Find texts with a character that a set does not have."""
    for element in elements:
        match = None if len(element) else wrong.search(element.text or "")
        if match is not None:
            yield element, f"{local_name(element)} has the character {_name(match[0])} in it"


def _name(character: str) -> str:
    shown = f"{character} " if character.isprintable() else ""
    return f"{shown}(U+{ord(character):04X})"
