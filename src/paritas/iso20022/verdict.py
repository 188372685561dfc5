"""The verdict on a message: everything that `paritas check` says of it.

The reader makes values of a message to act on; here nothing is kept, so that checking costs little
more than the parser and the schema. Both apply the same rules (`rules`, `element_rules`, `sums`)
with the same words. Remarks and the rules of a profile come on top.

libxml2 looks through a tree for elements of given names far faster than Python can: what has a
rule is looked up by its name, once for each message type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from lxml import etree

from paritas.iso20022 import rules, schemas
from paritas.iso20022.dates import plain_date
from paritas.iso20022.element_rules import TEXT_MAX, Rule, amount_rule, date_rule
from paritas.iso20022.extract import (
    GroupFields,
    HeaderFields,
    Plan,
    group_fields,
    header_fields,
    message_value,
    plain_amount,
    plan,
)
from paritas.iso20022.message import is_credit_transfer
from paritas.iso20022.parsing import Placed, line_of, namespace_of, type_of_namespace
from paritas.iso20022.sums import Batch, batch_of, batch_problems, statement_problems
from paritas.iso20022.tables import Entry, Found, Leaf, qualified
from paritas.iso20022.usage import characters
from paritas.iso20022.usage.plain import TransferRemarks, message_remarks
from paritas.iso20022.usage.profiles import PLAIN, Profile
from paritas.iso20022.usage.view import View
from paritas.iso20022.validation import FINDINGS_MAX, Places, schema_findings
from paritas.iso20022.values import Finding

_STATEMENT = "camt.053"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_DATES = ("xs:date", "xs:dateTime")


def verdict(
    placed: Placed,
    size_bytes: int,
    profile: Profile = PLAIN,
    *,
    may_be_unreadable: bool = True,
    findings_max: int = FINDINGS_MAX,
) -> list[Finding]:
    """Return the findings about a message whose tree is there, no more than ``findings_max``.

    ``size_bytes`` is the size of its file. ``may_be_unreadable`` says whether its texts can have
    characters in them that nobody can read (`characters.maybe_unreadable`).
    """
    found = _Checking(placed, size_bytes).findings(profile, may_be_unreadable)
    findings = list(islice(found, findings_max + 1))
    if len(findings) > findings_max:
        # Whether it is refused must not hang on which findings are shown.
        reason = next((each.reason for each in chain(findings, found) if each.reason), "")
        text = f"more than {findings_max:,} findings: the others are not shown"
        findings[findings_max:] = [Finding("rule.more", "", 0, text, reason)]
    return findings


class Looked(NamedTuple):
    """What is looked for in the messages of one type, in one namespace."""

    plan: Plan
    #: The rule of each element that has one, by tag.
    rules: Mapping[str, Rule]
    batch: Batch | None

    def ruled_elements(self, top: etree._Element) -> Iterator[tuple[etree._Element, Rule, str]]:
        """Go through the elements below ``top`` that have a rule, each with its currency."""
        rules = self.rules
        for element in top.iter(*rules):
            rule = rules[element.tag]
            currency = element.get("Ccy")
            # A container may have the name that an amount has elsewhere.
            if currency is not None or rule is not amount_rule:
                yield element, rule, currency or ""


@lru_cache(maxsize=256)  # Bounded, because namespaces come from outside.
def looked(message_type: str, namespace: str) -> Looked:
    """Find out, once, what is looked for in a message type, or in an AppHdr of a version."""
    known = plan(message_type, namespace)
    by_tag: dict[str, Rule] = {}
    if known.schema is not None:
        for table in (known.header, known.transaction, *known.groups.values(), known.others):
            _collect(table, by_tag, set())
        by_tag |= _dates(schemas.source(message_type), namespace)
    return Looked(known, by_tag, batch_of(message_type))


def _collect(table: Mapping[str, Entry], by_tag: dict[str, Rule], seen: set[int]) -> None:
    """Flatten the tables of rules: an element of one name has the same rule everywhere."""
    seen.add(id(table))
    for tag, entry in table.items():
        if isinstance(entry, Leaf) and entry.rule is not None:
            by_tag[tag] = entry.rule
        elif isinstance(entry, dict) and id(entry) not in seen:
            _collect(entry, by_tag, seen)


def _dates(schema: etree._Element, namespace: str) -> dict[str, Rule]:
    return {
        qualified(str(element.get("name")), namespace): date_rule
        for element in schema.iter(_XS + "element")
        if element.get("type") in _DATES
    }


class _Checking:
    """One message on its way to a verdict."""

    def __init__(self, placed: Placed, size_bytes: int) -> None:
        self._placed = placed
        self._document = placed.document
        self._size_bytes = size_bytes
        self._namespace = namespace_of(placed.document)
        self._looked = looked(placed.message_type, self._namespace)
        self._places = Places(placed.document)
        self._header = HeaderFields()
        self._group = GroupFields()
        self._group_element: etree._Element | None = None
        #: Instructing and instructed agent of the group, else of the first transaction.
        self._agents = ("", "")

    def findings(self, profile: Profile, may_be_unreadable: bool) -> Iterator[Finding]:
        """Go through everything that is wrong or to be remarked on."""
        placed, known = self._placed, self._looked.plan
        if placed.header is not None:
            yield from self._of_header(placed.header)
        if known.schema is None:
            yield Finding("rule.unsupported", "Document", 0, known.problem, "FF01")
        else:
            yield from schema_findings(self._document, known.schema, self._places, self._size_bytes)
            yield from _of_elements(self._document, self._looked, self._places)
        view = View(placed)
        self._read_group()
        if is_credit_transfer(placed.message_type):
            yield from self._of_transfers(view)
        else:
            yield from rules.element_findings(of_parts(view, self._looked), self._places)
        if placed.header is not None:
            yield from header_and_document(placed, self._header, self._agents)
        yield from self._remarks(view, profile, may_be_unreadable)

    def _remarks(self, view: View, profile: Profile, may_be_unreadable: bool) -> Iterator[Finding]:
        day = (self._header.created or self._group.created)[:10]
        for code, (element, text) in message_remarks(view, day):
            yield self._finding(element, code, text, "")
        if may_be_unreadable:
            for top in (self._placed.header, self._document):
                for element, text in () if top is None else characters.unreadable(top):
                    yield self._finding(element, "rule.characters", text, "")
        for rule, (element, text) in profile.broken(view):
            yield self._finding(element, rule.code, text, "NARR" if rule.refuses else "")

    def _finding(self, element: etree._Element, code: str, text: str, reason: str) -> Finding:
        header = self._placed.header
        if header is not None and (element is header or header in element.iterancestors()):
            return Places(header).finding(element, code, text, reason)
        return self._places.finding(element, code, text, reason)

    def _of_header(self, header: etree._Element) -> Iterator[Finding]:
        namespace = namespace_of(header)
        known = plan(type_of_namespace(namespace), namespace)
        self._header = header_fields(header, known, [])
        if known.schema is None:
            text = f"an AppHdr of namespace {namespace} is unknown here: send head.001.001"
            yield Finding("schema.header", "AppHdr", line_of(header), text, "FF01")
            return
        places = Places(header)
        yield from schema_findings(header, known.schema, places, self._size_bytes)
        yield from _of_elements(header, looked(known.message_type, namespace), places)

    def _read_group(self) -> None:
        groups = self._looked.plan.groups
        for child in self._document[0] if len(self._document) else ():
            if child.tag in groups:
                self._group_element = child
                self._group = group_fields(child, self._looked.plan, [])
                self._agents = (self._group.instructing_agent, self._group.instructed_agent)
                break

    def _of_transfers(self, view: View) -> Iterator[Finding]:
        """Check the transactions of a pacs.008 or pacs.009: dates, sums and remarks."""
        totals, looked_at = rules.Totals(), TransferRemarks(view, self._group_element)
        for code, (element, text) in looked_at.of_group():
            yield self._places.finding(element, code, text, "")
        for transaction in view.body.iterchildren(self._looked.plan.transaction_tag):
            children = view.children(transaction)
            if not totals.count:
                self._agents = (
                    self._agents[0] or view.bic(children.get("InstgAgt")),
                    self._agents[1] or view.bic(children.get("InstdAgt")),
                )
            amount = children.get("IntrBkSttlmAmt")
            if amount is None:
                totals.add_amount("", "")
            else:
                totals.add_amount(plain_amount(amount.text or ""), amount.get("Ccy", ""))
            own = children.get("IntrBkSttlmDt")
            date = "" if own is None else plain_date(own.text or "")
            problem = rules.settlement_date_problem(date or self._group.settlement_date)
            if problem is not None:
                yield self._places.finding(transaction if own is None else own, *problem)
            for code, (element, text) in looked_at.of_transaction(children):
                yield self._places.finding(element, code, text, "")
        if self._group_element is not None:
            message = message_value(self._placed.message_type, self._header, self._group)
            yield from rules.created_findings(message, self._group_element, self._places)
            yield from totals.findings(message, self._group_element, self._places)


def _of_elements(top: etree._Element, known: Looked, places: Places) -> Iterator[Finding]:
    for element, rule, currency in known.ruled_elements(top):
        problem = rule((element.text or "")[:TEXT_MAX], currency)
        if problem is not None:
            yield places.finding(element, *problem)


def of_parts(view: View, known: Looked) -> Iterator[Found]:
    """Compare what a message counts and adds up with what is in it; pacs.008 and 009 elsewhere."""
    if known.batch is not None:
        yield from batch_problems(view.body, view.namespace, known.batch)
    elif view.message == _STATEMENT:
        yield from statement_problems(view)


def header_and_document(
    placed: Placed, header: HeaderFields, agents: tuple[str, str]
) -> list[Finding]:
    """Compare an AppHdr with its Document, whose instructing and instructed agent are given."""
    element = placed.header
    assert element is not None
    found = rules.header_problems(header, placed.message_type, agents[0])
    problem = rules.receiver_problem(header.receiver, agents[1])
    if problem is not None:
        found.append(("To", *problem))
    if not found:
        return []
    places = Places(element)
    return [places.finding(_below(element, name), *each) for name, *each in found]


def _below(element: etree._Element, name: str) -> etree._Element:
    found = element.find("{*}" + name)
    return element if found is None else found
