"""One message, read in windows: schema, rules and values, each window together with the next."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from paritas.iso20022 import rules
from paritas.iso20022.extract import (
    GroupFields,
    HeaderFields,
    Plan,
    group_fields,
    header_fields,
    message_value,
    plan,
    transaction_value,
)
from paritas.iso20022.parsing import Placed, line_of, namespace_of, type_of_namespace
from paritas.iso20022.tables import Found, walk
from paritas.iso20022.validation import FINDINGS_MAX, Places, schema_findings
from paritas.iso20022.values import Finding, Message, ReadResult, Transaction


def is_credit_transfer(message_type: str) -> bool:
    """Say whether messages of this type have transactions that are read here."""
    return message_type.startswith(("pacs.008.001.", "pacs.009.001."))


class MessageReader:
    """Takes the windows of one message in order and remembers what the later ones need."""

    def __init__(self, placed: Placed) -> None:
        self.plan: Plan = plan(placed.message_type, namespace_of(placed.document))
        self._credit_transfer = is_credit_transfer(placed.message_type)
        self._header_element = placed.header
        self._header = HeaderFields()
        self._group = GroupFields()
        self._group_element: etree._Element | None = None
        self._first_agent = ""
        self._totals = rules.Totals()
        self._message: Message | None = None
        self._seen: set[Finding] = set()
        self._start_findings = self._start()

    @property
    def message(self) -> Message:
        """What is known of the message so far; its group header comes with the first window."""
        if self._message is None:
            self._message = message_value(self.plan.message_type, self._header, self._group)
        return self._message

    def fragments(self, children: Sequence[etree._Element]) -> list[bytes]:
        """Serialise each transaction as it stands in its file; ``b""`` for any other element."""
        tag = self.plan.transaction_tag
        return [
            etree.tostring(child, encoding="UTF-8", with_tail=False) if child.tag == tag else b""
            for child in children
        ]

    def window(
        self,
        document: etree._Element,
        children: Sequence[etree._Element],
        serialised: Sequence[bytes],
        size_bytes: int,
        context_transactions: int = 0,
    ) -> ReadResult:
        """Read the children of a message's body that stand, in this order, in ``document``.

        Before them ``document`` may repeat elements of earlier windows, to be a whole message for
        the schema; ``context_transactions`` says how many of those are transactions.
        ``size_bytes`` is how many bytes of the file this is, or more.
        """
        first = self._totals.count
        places = Places(document, first - context_transactions)
        findings, self._start_findings = self._start_findings, []
        if self.plan.schema is not None:
            against = schema_findings(document, self.plan.schema, places, size_bytes)
            findings += self._new(against, first) if against else ()
        transactions: list[Transaction] = []
        found: list[Found] = []
        for child, fragment in zip(children, serialised, strict=True):
            if fragment and self._credit_transfer:
                index = first + len(transactions)
                transaction = transaction_value(
                    child, self.plan, index, self._group, fragment, found
                )
                findings += rules.transaction_findings(transaction, child, places)
                transactions.append(transaction)
            else:
                self._other_child(child, found)
        if not self._credit_transfer:
            del found[FINDINGS_MAX:]  # Nobody acts on them one by one.
        findings += rules.element_findings(found, places)
        if not first and transactions:
            self._first_agent = transactions[0].instructing_agent
        self._totals.add(transactions)
        header = b""
        if not first and self._group_element is not None:
            header = etree.tostring(self._group_element, encoding="UTF-8", with_tail=False)
        return ReadResult(self.message, tuple(transactions), tuple(findings), header)

    def finish(self, document: etree._Element) -> list[Finding]:
        """Compare what was read with the headers, once all windows are done."""
        findings: list[Finding] = []
        message = self.message
        if self._group_element is not None and self._credit_transfer:
            places = Places(document)
            findings += rules.created_findings(message, self._group_element, places)
            findings += self._totals.findings(message, self._group_element, places)
        if self._header_element is not None:
            agent = self._group.instructing_agent or self._first_agent
            findings += rules.header_findings(
                self._header, self._header_element, message.message_type, agent
            )
        return findings

    def _start(self) -> list[Finding]:
        """Read the AppHdr, and see whether there is a schema for the Document."""
        findings = [] if self._header_element is None else self._read_header(self._header_element)
        if self.plan.schema is None:
            findings.append(Finding("rule.unsupported", "Document", 0, self.plan.problem, "FF01"))
        return findings

    def _read_header(self, element: etree._Element) -> list[Finding]:
        namespace = namespace_of(element)
        header_plan = plan(type_of_namespace(namespace), namespace)
        found: list[Found] = []
        self._header = header_fields(element, header_plan, found)
        if header_plan.schema is None:
            text = f"an AppHdr of namespace {namespace} is unknown here: send head.001.001"
            return [Finding("schema.header", "AppHdr", line_of(element), text, "FF01")]
        places = Places(element)
        findings = schema_findings(element, header_plan.schema, places)
        return findings + rules.element_findings(found, places)

    def _other_child(self, child: etree._Element, found: list[Found]) -> None:
        """Read a child of the body that is no transaction: the group header, or any other."""
        if self._group_element is None and child.tag in self.plan.groups:
            self._group_element = child
            self._group = group_fields(child, self.plan, found)
            self._message = None
        elif child.tag in self.plan.others:
            walk(child, self.plan.others[child.tag], [""], found)

    def _new(self, findings: list[Finding], first: int) -> list[Finding]:
        """Leave out what was found before, in the elements that this window only repeats."""
        new = [
            finding
            for finding in findings
            if finding.transaction >= first
            or (finding.transaction < 0 and finding not in self._seen)
        ]
        if len(self._seen) < FINDINGS_MAX:
            self._seen.update(finding for finding in new if finding.transaction < 0)
        return new
