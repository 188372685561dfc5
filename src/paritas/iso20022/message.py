"""One message, read in windows: schema, rules and values, each window together with the next."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from paritas.iso20022 import extract, rules, schemas
from paritas.iso20022.identifiers import bic_problem
from paritas.iso20022.parsing import Placed, line_of, local_name, message_type_of, namespace_of
from paritas.iso20022.schemas import UnknownMessageTypeError
from paritas.iso20022.validation import FINDINGS_MAX, Places, schema_findings
from paritas.iso20022.values import Finding, Message, ReadResult, Transaction

TRANSACTION_TAG = "CdtTrfTxInf"


def is_credit_transfer(message_type: str) -> bool:
    """Say whether messages of this type have transactions that are read here."""
    return message_type.startswith(("pacs.008.001.", "pacs.009.001."))


def fragments(children: Sequence[etree._Element]) -> list[bytes]:
    """Serialise each CdtTrfTxInf as it stands in its file; ``b""`` for any other element."""
    return [
        etree.tostring(child, encoding="UTF-8", with_tail=False)
        if local_name(child) == TRANSACTION_TAG
        else b""
        for child in children
    ]


class MessageReader:
    """Takes the windows of one message in order and remembers what the later ones need."""

    def __init__(self, placed: Placed) -> None:
        self._header_element = placed.header
        self._type = placed.message_type
        self._namespace = namespace_of(placed.document)
        self._credit_transfer = is_credit_transfer(self._type)
        self._header = extract.NO_HEADER
        self._group = extract.NO_GROUP
        self._group_element: etree._Element | None = None
        self._first_agent = ""
        self._totals = rules.Totals()
        self._element_rules: rules.ElementRules | None = None
        self._seen: set[Finding] = set()
        self._start_findings = self._start()
        self.message = self._message()

    def window(
        self,
        document: etree._Element,
        children: Sequence[etree._Element],
        serialised: Sequence[bytes],
        context_transactions: int = 0,
    ) -> ReadResult:
        """Read the children of a message's body that stand, in this order, in ``document``.

        Before them ``document`` may repeat elements of earlier windows, to be a whole message for
        the schema; ``context_transactions`` says how many of those are transactions.
        """
        first = self._totals.count
        places = Places(document, first - context_transactions)
        findings, self._start_findings = self._start_findings, []
        if self._element_rules is not None:
            findings += self._new(schema_findings(document, self._type, places), first)
            found = self._element_rules.findings(document, places)
            findings += self._new(found, first) if found else ()
        transactions: list[Transaction] = []
        for child, fragment in zip(children, serialised, strict=True):
            if fragment and self._credit_transfer:
                index = first + len(transactions)
                transaction = extract.transaction_value(
                    child, self._namespace, index, self._group, fragment
                )
                findings += rules.transaction_findings(transaction, child, places)
                transactions.append(transaction)
            elif self._group_element is None and extract.is_group_header(local_name(child)):
                self._group_element = child
                self._group = extract.group_fields(child, self._namespace)
                self.message = self._message()
        if not first and transactions:
            self._first_agent = transactions[0].instructing_agent
        self._totals.add(transactions)
        return ReadResult(self.message, tuple(transactions), tuple(findings))

    def finish(self, document: etree._Element) -> list[Finding]:
        """Compare what was read with the headers, once all windows are done."""
        findings: list[Finding] = []
        places = Places(document)
        if self._group_element is not None and self._credit_transfer:
            findings += rules.created_findings(self.message, self._group_element, places)
            findings += self._totals.findings(self.message, self._group_element, places)
        if self._header_element is not None:
            agent = self._group.instructing_agent or self._first_agent
            findings += rules.header_findings(
                self._header, self._header_element, self.message, agent
            )
        return findings

    def _start(self) -> list[Finding]:
        """Read the AppHdr, and see whether there is a schema for the Document."""
        findings = [] if self._header_element is None else self._read_header(self._header_element)
        try:
            schemas.schema(self._type)
            self._element_rules = rules.ElementRules(self._type, self._namespace)
        except UnknownMessageTypeError as error:
            findings.append(Finding("rule.unsupported", "Document", 0, str(error), "FF01"))
        return findings

    def _read_header(self, element: etree._Element) -> list[Finding]:
        namespace = namespace_of(element)
        self._header = extract.header_fields(element, namespace)
        try:
            findings = schema_findings(element, message_type_of(element, None))
        except UnknownMessageTypeError:
            text = f"an AppHdr of namespace {namespace} is unknown here: send head.001.001"
            return [Finding("schema.header", "AppHdr", line_of(element), text, "FF01")]
        for tag, bic in (("Fr", self._header.sender), ("To", self._header.receiver)):
            wrong = bic_problem(bic) if bic else ""
            if wrong:
                party = element.find("{*}" + tag)
                place = element if party is None else party
                findings.append(
                    Places(element).finding(place, "rule.bic", f"{bic} {wrong}", "RC01")
                )
        return findings

    def _message(self) -> Message:
        return extract.message_value(self._type, self._header, self._group)

    def _new(self, findings: list[Finding], first: int) -> list[Finding]:
        """Leave out what was found before, in the elements that this window only repeats."""
        if not findings:
            return findings
        new = [
            finding
            for finding in findings
            if finding.transaction >= first
            or (finding.transaction < 0 and finding not in self._seen)
        ]
        if len(self._seen) < FINDINGS_MAX:
            self._seen.update(finding for finding in new if finding.transaction < 0)
        return new
