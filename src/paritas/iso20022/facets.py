"""From the simple types of a schema to patterns that accept no text that the schema would not.

A pattern may refuse a text that is valid (a sign before an amount, 24:00:00, spaces around a date):
who asks then asks the schema itself. It never accepts one that is not: this is what the module is
for. Patterns are for text of which `forms` knows that it has no escapes left.
"""

from __future__ import annotations

import re

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"

# What a text may hold below U+0100; `forms` looks for what XML forbids above that, and puts
# one plain character for each escape. A carriage return would be read back as a line feed.
_CHARACTER = r"[^<>&\r\x00-\x08\x0b\x0c\x0e-\x1f]"

# A parser refuses texts of ten million bytes; nobody writes longer ones than this.
_LENGTH_MAX = 20_000

# February's 29th only in the leap years of this century: others are left to the schema.
_DATE = (
    r"(?:[1-9][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13578]|1[02])-(?:29|3[01])|(?:0[469]|11)-(?:29|30))"
    r"|20(?:[02468][048]|[13579][26])-02-29)"
)
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
_BUILT_IN = {
    "xs:string": f"{_CHARACTER}{{0,{_LENGTH_MAX}}}",
    "xs:boolean": "(?:true|false)",
    "xs:date": _DATE + _ZONE,
    "xs:dateTime": f"{_DATE}T{_TIME}{_ZONE}",
}

# The part of the language of XML Schema's patterns that means the same in Python, and that
# matches neither markup nor space: characters and classes of ASCII, groups, choices, counts.
_SAME_IN_PYTHON = re.compile(
    r"(?:[A-Za-z0-9-]|\\[+-]|\[(?:[A-Za-z0-9()+-]|\\[+-])+\]|\(|\)|\||\+|\{[0-9]+(?:,[0-9]+)?\})+"
)
_PLAIN = re.compile("[A-Za-z0-9]+")


def text_pattern(source: etree._Element, kind: str) -> str | None:
    """Return the pattern of the texts of the simple type ``kind``, None if there is none for it."""
    if kind in _BUILT_IN:
        return _BUILT_IN[kind]
    restriction = next(source.iterfind(f"{XS}simpleType[@name='{kind}']/{XS}restriction"), None)
    if restriction is None:
        return None
    facets = [(str(facet.tag).removeprefix(XS), str(facet.get("value"))) for facet in restriction]
    base, values = restriction.get("base"), dict(facets)
    if base == "xs:decimal":
        return _decimal(values)
    if base != "xs:string":
        return None
    if values.keys() == {"enumeration"}:
        return _enumeration([value for _, value in facets])
    if len(values) < len(facets):
        return None
    if values.keys() == {"minLength", "maxLength"}:
        most = min(int(values["maxLength"]), _LENGTH_MAX)
        return f"{_CHARACTER}{{{int(values['minLength'])},{most}}}"
    if values.keys() == {"pattern"}:
        return _translated(values["pattern"])
    return None


def attribute_pattern(source: etree._Element, kind: str) -> str | None:
    """Do as ``text_pattern`` for an attribute, whose white space a parser changes."""
    pattern = text_pattern(source, kind)
    return None if pattern is None or _CHARACTER in pattern else pattern


def _enumeration(values: list[str]) -> str | None:
    if not all(map(_PLAIN.fullmatch, values)):
        return None
    return f"(?:{'|'.join(values)})"


def _translated(pattern: str) -> str | None:
    if _SAME_IN_PYTHON.fullmatch(pattern) is None:
        return None
    # A parenthesis inside a class is a character; all the others become groups without a number.
    grouped = re.sub(
        r"\[[^]]*\]|\(", lambda found: found[0].replace("(", "(?:", found[0] == "("), pattern
    )
    return f"(?:{grouped})"


def _decimal(values: dict[str, str]) -> str | None:
    """Accept unsigned decimals by their written digits: those that count cannot be more."""
    if not values.keys() <= {"totalDigits", "fractionDigits", "minInclusive"}:
        return None
    if (
        values.get("minInclusive", "0") != "0"
        or not {"totalDigits", "fractionDigits"} <= values.keys()
    ):
        return None
    total, fraction = int(values["totalDigits"]), int(values["fractionDigits"])
    whole = f"[0-9]{{1,{total}}}(?=<)"
    if fraction == 0:
        return whole
    return f"(?:{whole}|(?=[0-9.]{{3,{total + 1}}}<)[0-9]+\\.[0-9]{{1,{fraction}}})"
