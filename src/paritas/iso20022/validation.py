"""A tree against its schema: libxml2's complaints as findings with a place and a stable code."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from paritas.iso20022.parsing import line_of, local_name, namespace_of
from paritas.iso20022.tables import qualified
from paritas.iso20022.values import Finding

#: A file can be wrong in as many places as it has elements; nobody reads more than these.
FINDINGS_MAX = 1000

_TEXT_MAX = 300

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

# Counted by libxml2, because thousands of transactions may each have a finding.
_TRANSACTIONS_BEFORE = etree.XPath(
    "count(preceding-sibling::*[local-name() = 'CdtTrfTxInf' and namespace-uri() = $namespace])"
)

_SUBJECT = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'(?:, attribute '([^']*)')?: ")
_NOISE = re.compile(r"\{urn:[^}]*\}|\[facet '\w+'\] ")


class Places:
    """Says where an element of a Document is: its path, and the transaction that it belongs to.

    ``first_transaction`` is the number, from 0, of the first CdtTrfTxInf in this tree, which is
    not 0 in a later window of a large file.
    """

    def __init__(self, top: etree._Element, first_transaction: int = 0) -> None:
        self._top = top
        self._first_transaction = first_transaction

    def place(self, element: etree._Element) -> tuple[str, int]:
        """Return the path from the top, such as ``Document/X/CdtTrfTxInf[3]``, and the index."""
        steps: list[str] = []
        transaction = -1
        current: etree._Element | None = element
        while current is not None:
            name = local_name(current)
            if current is self._top:
                steps.append(name)
                break
            parent = current.getparent()
            if parent is not None and self._is_transaction(current, parent):
                transaction = self._first_transaction + _transactions_before(current)
                steps.append(f"{name}[{transaction + 1}]")
            else:
                steps.append(name + _position(current))
            current = parent
        return "/".join(reversed(steps)), transaction

    def _is_transaction(self, element: etree._Element, parent: etree._Element) -> bool:
        if parent.getparent() is not self._top:
            return False
        return element.tag == qualified("CdtTrfTxInf", namespace_of(self._top))

    def finding(self, element: etree._Element, code: str, text: str, reason: str) -> Finding:
        """Make a finding about an element."""
        path, transaction = self.place(element)
        return Finding(code, path, line_of(element), text[:_TEXT_MAX], reason, transaction)


def schema_findings(top: etree._Element, schema: etree.XMLSchema, places: Places) -> list[Finding]:
    """Check a Document or AppHdr against its schema."""
    if schema.validate(top):
        return []
    found: dict[tuple[str, int], Finding] = {}
    log: Any = schema.error_log
    for entry in log:
        element = _element_at(top, entry.path)
        # libxml2 complains again of the same element when a part of its type has failed.
        finding = _finding(entry, element, places)
        found.setdefault((finding.path, finding.line), finding)
        if len(found) >= FINDINGS_MAX:
            break
    return list(found.values())


def _finding(entry: etree._LogEntry, element: etree._Element, places: Places) -> Finding:
    code = _CODES.get(entry.type_name, "")
    if not code:
        code = "schema.type" if _DATATYPE.fullmatch(entry.type_name) else "schema.invalid"
    text = _sentence(entry.message)
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
    """Find the element that libxml2 names by a path from the checked root.

    The path's first step is the root itself, which in an envelope is not the file's root.
    """
    steps = (path or "").split("/")[2:]
    element = top
    for step in steps:
        name, _, position = step.partition("[")
        index = int(position.rstrip("]")) - 1 if position else 0
        wanted = name.rpartition(":")[2]
        if step.startswith("@"):
            break
        children = [c for c in element if wanted == "*" or local_name(c) == wanted]
        if index >= len(children):
            break
        element = children[index]
    return element


def _transactions_before(element: etree._Element) -> int:
    count: Any = _TRANSACTIONS_BEFORE(element, namespace=namespace_of(element))
    return int(count)


def _position(element: etree._Element) -> str:
    """Return ``[n]`` for the n-th of several siblings of one name, ``""`` for an only one."""
    before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    alone = not before and next(element.itersiblings(element.tag), None) is None
    return "" if alone else f"[{before + 1}]"
