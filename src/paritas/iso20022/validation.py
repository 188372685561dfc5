"""A tree against its schema: libxml2's complaints as findings with a place and a stable code."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from lxml import etree

from paritas.iso20022.parsing import OPTIONS, line_of, local_name, namespace_of
from paritas.iso20022.tables import qualified
from paritas.iso20022.values import Finding

#: A file can be wrong in as many places as it has elements; nobody reads more than these.
FINDINGS_MAX = 1000

#: A finding's sentence is cut to so many characters: it quotes what it found.
SENTENCE_MAX = 300
_KINDS_MAX = 20

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


class _Siblings(NamedTuple):
    """The children of one element: the position of each among those of its name, and how many."""

    numbers: dict[etree._Element, int]
    counts: Counter[str]


class Places:
    """Says where an element of a Document is: its path, and the transaction that it belongs to.

    ``first_transaction`` is the number, from 0, of the first CdtTrfTxInf in this tree, which is
    not 0 in a later window of a large file.
    """

    def __init__(self, top: etree._Element, first_transaction: int = 0) -> None:
        self._top = top
        self._first_transaction = first_transaction
        # Siblings are counted once, because thousands of them may each have a finding.
        self._siblings: dict[etree._Element, _Siblings] = {}

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
        siblings = self._siblings.get(parent)
        if siblings is None:
            siblings = self._siblings[parent] = _Siblings({}, Counter())
            for child in parent:
                siblings.counts[child.tag] += 1
                siblings.numbers[child] = siblings.counts[child.tag]
        return siblings.numbers[element], siblings.counts[element.tag] == 1

    def finding(self, element: etree._Element, code: str, text: str, reason: str) -> Finding:
        """Make a finding about an element."""
        path, transaction = self.place(element)
        return Finding(code, path, line_of(element), text[:SENTENCE_MAX], reason, transaction)


def schema_findings(
    top: etree._Element, schema: etree.XMLSchema, places: Places, is_large: bool = False
) -> list[Finding]:
    """Check a Document or AppHdr against its schema.

    libxml2 finds the path of each error by counting siblings, so that thousands of errors among
    thousands of siblings take minutes. A large tree is therefore checked as a stream first, where
    errors have no place; they are given one only if there are few.
    """
    if is_large:
        placeless = _placeless_errors(top, schema)
        if not placeless:
            return []
        if len(placeless) > FINDINGS_MAX:
            return _counted(placeless, local_name(top))
    if schema.validate(top):
        return []
    paths = _Paths(top)
    found: dict[tuple[str, int], Finding] = {}
    log: Any = schema.error_log
    for entry in log:
        # libxml2 complains again of the same element when a part of its type has failed.
        finding = _finding(entry, paths.element(entry.path), places)
        found.setdefault((finding.path, finding.line), finding)
        if len(found) >= FINDINGS_MAX:
            break
    return list(found.values())


def _placeless_errors(top: etree._Element, schema: etree.XMLSchema) -> list[etree._LogEntry]:
    parser = etree.XMLParser(schema=schema, **OPTIONS)
    try:
        etree.fromstring(etree.tostring(top, encoding="UTF-8", with_tail=False), parser)
    except etree.XMLSyntaxError:
        log: Any = parser.error_log
        return list(log)
    return []


def _counted(errors: list[etree._LogEntry], path: str) -> list[Finding]:
    """Say of too many errors which kinds there are, the most frequent first."""
    kinds = Counter((_code(entry), _sentence(entry.message)) for entry in errors)
    return [
        Finding(code, path, 0, f"{count:,} times: {text}"[:SENTENCE_MAX], "FF01")
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


class _Paths:
    """Finds the elements that libxml2 names by paths from the checked root.

    A step is ``*[3]``, the third child, or ``prefix:name[3]``, the third of that name. The first
    step is the root itself, which in an envelope is not the file's root.
    """

    def __init__(self, top: etree._Element) -> None:
        self._top = top
        self._children: dict[etree._Element, dict[str, list[etree._Element]]] = {}

    def element(self, path: str | None) -> etree._Element:
        """Return the element at a path, or the nearest one above it that is there."""
        current = self._top
        for step in (path or "").split("/")[2:]:
            name, _, position = step.partition("[")
            children = self._by_name(current).get(name.rpartition(":")[2], [])
            number = int(position[:-1]) if position else 1
            if number > len(children):
                break
            current = children[number - 1]
        return current

    def _by_name(self, element: etree._Element) -> dict[str, list[etree._Element]]:
        children = self._children.get(element)
        if children is None:
            children = self._children[element] = {"*": list(element)}
            for child in children["*"]:
                children.setdefault(local_name(child), []).append(child)
        return children
