"""A tree against its schema: libxml2's complaints as findings with a place and a stable code."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from itertools import islice
from typing import Any

from lxml import etree

from paritas.iso20022.parsing import OPTIONS, line_of, local_name, namespace_of
from paritas.iso20022.tables import qualified
from paritas.iso20022.values import Finding

#: A file can be wrong in as many places as it has elements; nobody reads more than these.
FINDINGS_MAX = 1000

#: A finding's sentence is cut to so many characters: it quotes what it found.
SENTENCE_MAX = 300
_KINDS_MAX = 20
# Among so few children nobody needs to remember a position.
_FEW = 50
# So many errors in a wide tree are given a place.
_PLACED_MAX = 100
_BLOCK_BYTES = 64 * 1024

#: What is smaller than this cannot have so many siblings that their paths take long.
LARGE_BYTES = 64 * 1024
# How many siblings libxml2 may count, at the most, to find the paths of all errors.
_SIBLINGS_COUNTED_MAX = 200_000_000
_count_elements = etree.XPath("count(.//*)")

# A text of which each character is escaped takes a stream quadratic time; schemas allow no more.
_LONG_TEXT = 20_000
_find_long_text = etree.XPath(f"(descendant-or-self::*[text()[string-length() > {_LONG_TEXT}]])[1]")

_CODES = {
    "SCHEMAV_ELEMENT_CONTENT": "schema.content",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "schema.content",
    "SCHEMAV_CVC_TYPE_3_1_2": "schema.content",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "schema.attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "schema.attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "schema.attribute",
    "SCHEMAV_CVC_ELT_1": "schema.root",
    "SCHEMAV_CVC_PATTERN_VALID": "schema.pattern",
    "SCHEMAV_CVC_ENUMERATION_VALID": "schema.enumeration",
    "SCHEMAV_CVC_LENGTH_VALID": "schema.length",
    "SCHEMAV_CVC_MINLENGTH_VALID": "schema.length",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "schema.length",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "schema.digits",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "schema.digits",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "schema.range",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "schema.range",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "schema.range",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "schema.range",
}
_DATATYPE = re.compile(r"SCHEMAV_CVC_DATATYPE_VALID.*|SCHEMAV_CVC_FACET_VALID")
_SETTLED_AMOUNTS = frozenset({"IntrBkSttlmAmt", "InstdAmt", "TtlIntrBkSttlmAmt"})

_SUBJECT = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'(?:, attribute '([^']*)')?: ")
_NOISE = re.compile(r"\{urn:[^}]*\}|\[facet '\w+'\] ")


class _Cursor:
    """Counts the children of one name, from the first on, as far as somebody asks.

    Findings come in the order of the file, so that thousands of siblings are gone through once.
    """

    def __init__(self, parent: etree._Element, tag: str) -> None:
        self._siblings = parent.iterchildren(tag)
        self._at: etree._Element | None = None
        self._number = 0

    def number(self, element: etree._Element) -> int:
        """Return the position of a child, from 1; 0 if the cursor has already passed it."""
        while self._at is not element:
            self._at = next(self._siblings, None)
            if self._at is None:
                return 0
            self._number += 1
        return self._number


class Places:
    """Says where an element of a Document is: its path, and the transaction that it belongs to.

    ``first_transaction`` is the number, from 0, of the first CdtTrfTxInf in this tree, which is
    not 0 in a later window of a large file.
    """

    def __init__(self, top: etree._Element, first_transaction: int = 0) -> None:
        self._top = top
        self._first_transaction = first_transaction
        self._cursors: dict[tuple[etree._Element, str], _Cursor] = {}

    def place(self, element: etree._Element) -> tuple[str, int]:
        """Return the path from the top, such as ``Document/X/CdtTrfTxInf[3]``, and the index."""
        transaction_tag = qualified("CdtTrfTxInf", namespace_of(self._top))
        steps: list[str] = []
        transaction = -1
        current: etree._Element | None = element
        while current is not None:
            parent = None if current is self._top else current.getparent()
            name = local_name(current)
            if parent is None:
                steps.append(name)
                break
            number, alone = self._number(current, parent)
            if current.tag == transaction_tag and parent.getparent() is self._top:
                transaction = self._first_transaction + number - 1
                steps.append(f"{name}[{transaction + 1}]")
            else:
                steps.append(name if alone else f"{name}[{number}]")
            current = parent
        return "/".join(reversed(steps)), transaction

    def _number(self, element: etree._Element, parent: etree._Element) -> tuple[int, bool]:
        """Return the position among the siblings of one name, and whether there are no others."""
        tag = str(element.tag)
        if len(parent) <= _FEW:
            same = [child for child in parent if child.tag == tag]
            return same.index(element) + 1, len(same) == 1
        number = 0
        if (parent, tag) in self._cursors:
            number = self._cursors[parent, tag].number(element)
        if not number:
            cursor = self._cursors[parent, tag] = _Cursor(parent, tag)
            number = cursor.number(element)
        return number, number == 1 and next(element.itersiblings(tag), None) is None

    def finding(self, element: etree._Element, code: str, text: str, reason: str) -> Finding:
        """Make a finding about an element."""
        path, transaction = self.place(element)
        return Finding(code, path, line_of(element), text[:SENTENCE_MAX], reason, transaction)


def schema_findings(
    top: etree._Element,
    schema: etree.XMLSchema,
    places: Places,
    size_bytes: int = LARGE_BYTES,
) -> list[Finding]:
    """Check a Document or AppHdr against its schema; ``size_bytes`` is its size, or more.

    libxml2 finds the path of each error by counting siblings, so that thousands of errors among
    thousands of siblings take minutes. A wide tree is therefore checked as a stream first, where
    errors have no place; they are given one only if there are few.
    """
    if size_bytes >= LARGE_BYTES and _is_wide(top):
        long_texts: Any = _find_long_text(top)
        if long_texts:
            text = f"{local_name(long_texts[0])}: a text of more than {_LONG_TEXT:,} characters"
            return [places.finding(long_texts[0], "schema.length", text, "FF01")]
        placeless = _placeless_errors(top, schema)
        if not placeless:
            return []
        if len(placeless) > _PLACED_MAX:
            return _counted(placeless, local_name(top))
    if schema.validate(top):
        return []
    found: dict[tuple[str, int], Finding] = {}
    log: Any = schema.error_log
    for entry in log:
        # libxml2 complains again of the same element when a part of its type has failed.
        finding = _finding(entry, _element_at(top, entry.path), places)
        found.setdefault((finding.path, finding.line), finding)
        if len(found) >= FINDINGS_MAX:
            break
    return list(found.values())


def _is_wide(top: etree._Element) -> bool:
    """Say whether the paths of errors would take too long, because of too many siblings."""
    elements: Any = _count_elements(top)
    widest = max(2, _SIBLINGS_COUNTED_MAX // (int(elements) + 1))
    return elements > widest and bool(top.xpath(f"boolean(.//*/*[{widest}] | *[{widest}])"))


class _Nothing:
    """A target that makes nothing of what is parsed: no tree, and no call for each element."""

    def close(self) -> None:
        """End."""


def _placeless_errors(top: etree._Element, schema: etree.XMLSchema) -> list[etree._LogEntry]:
    """Find the first errors of a tree, and a few more than are given a place."""
    target: Any = _Nothing()
    parser: Any = etree.XMLParser(target=target, schema=schema, **OPTIONS)
    data = etree.tostring(top, encoding="UTF-8", with_tail=False)
    for begin in range(0, len(data), _BLOCK_BYTES):
        parser.feed(data[begin : begin + _BLOCK_BYTES])
        if len(parser.feed_error_log) > _PLACED_MAX:
            return list(parser.feed_error_log)
    with suppress(etree.XMLSyntaxError):
        parser.close()
    return list(parser.feed_error_log)


def _counted(errors: list[etree._LogEntry], path: str) -> list[Finding]:
    """Say of too many errors which kinds there are, the most frequent first."""
    kinds = Counter((_code(entry), _sentence(entry.message)) for entry in errors)
    return [
        Finding(code, path, 0, f"{count:,} times or more: {text}"[:SENTENCE_MAX], "FF01")
        for (code, text), count in kinds.most_common(_KINDS_MAX)
    ]


def _code(entry: etree._LogEntry) -> str:
    code = _CODES.get(entry.type_name, "")
    if not code:
        code = "schema.type" if _DATATYPE.fullmatch(entry.type_name) else "schema.invalid"
    return code


def _finding(entry: etree._LogEntry, element: etree._Element, places: Places) -> Finding:
    code, text = _code(entry), _sentence(entry.message)
    return places.finding(element, code, text, _reason(code, local_name(element), text))


def _reason(code: str, name: str, text: str) -> str:
    """The whole message is refused as FF01, but a wrong amount can be named as what it is."""
    if name in _SETTLED_AMOUNTS:
        if code == "schema.range":
            return "AM12"
        if code == "schema.digits" and "fractional" in text:
            return "CH20"
    return "FF01"


def _sentence(message: str) -> str:
    """Say it without namespaces: ``Ccy: The value 'X' is not accepted by the pattern``."""
    match = _SUBJECT.match(message)
    subject = ""
    if match is not None:
        subject = (f"{match[1]}, attribute {match[2]}" if match[2] else match[1]) + ": "
        message = message[match.end() :]
    return subject + _NOISE.sub("", message).strip()


def _element_at(top: etree._Element, path: str | None) -> etree._Element:
    """Return the element that libxml2 names by a path from the checked root, or the nearest above.

    A step is ``*[3]``, the third child, or ``prefix:name[3]``, the third of that name. The first
    step is the root itself, which in an envelope is not the file's root.
    """
    current = top
    for step in (path or "").split("/")[2:]:
        name, _, position = step.partition("[")
        name = name.rpartition(":")[2]
        children = current.iterchildren() if name == "*" else current.iterchildren("{*}" + name)
        number = int(position[:-1]) if position else 1
        found = next(islice(children, number - 1, None), None)
        if found is None:
            break
        current = found
    return current
