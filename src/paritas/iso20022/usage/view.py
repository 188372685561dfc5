"""A message as usage rules look at it, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple, TypeAlias

from lxml import etree

from paritas.iso20022.parsing import Placed, local_name, namespace_of
from paritas.iso20022.tables import qualified

#: An element that breaks a rule, and a sentence that says how.
Broken: TypeAlias = tuple[etree._Element, str]

_TRANSACTIONS = {
    "pacs.002": "TxInfAndSts",
    "pacs.003": "DrctDbtTxInf",
    "pacs.004": "TxInf",
    "pacs.008": "CdtTrfTxInf",
    "pacs.009": "CdtTrfTxInf",
    "pacs.010": "CdtInstr/DrctDbtTxInf",
    "camt.029": "CxlDtls/TxInfAndSts",
    "camt.056": "Undrlyg/TxInf",
    "pain.001": "PmtInf/CdtTrfTxInf",
}
_TAX_RECORDS = frozenset(("Tax", "TaxRmt"))


class View:
    """A message and its header, by paths of local names such as ``GrpHdr/MsgId``.

    Nothing is taken for granted: a message that breaks its schema is looked at all the same, and
    what is not there has the text ``""``.
    """

    def __init__(self, placed: Placed) -> None:
        self.document = placed.document
        self.header = placed.header
        self.message_type = placed.message_type
        #: The message without its version, such as "pacs.008".
        self.message = placed.message_type[:8]
        self.body = placed.document[0] if len(placed.document) else placed.document
        self.namespace = namespace_of(self.document)
        self._prefix = len(qualified("", self.namespace))

    def path(self, path: str) -> str:
        """Return a path of local names as lxml writes it for the document."""
        return _qualified_path(path, self.namespace)

    def children(self, element: etree._Element) -> dict[str, etree._Element]:
        """Return the children of an element by local name; of several the last.

        Far faster than to look for each by its path.
        """
        prefix = self._prefix
        return {child.tag[prefix:]: child for child in element}

    def all(self, *names: str) -> Iterator[etree._Element]:
        """Go through all elements of the document that have one of these names."""
        return self.document.iter(*[qualified(name, self.namespace) for name in names])

    def each(self, path: str, start: etree._Element | None = None) -> list[etree._Element]:
        """Return all elements at a path below ``start``, which is the body unless given."""
        return (self.body if start is None else start).findall(self.path(path))

    def find(self, path: str, start: etree._Element | None = None) -> etree._Element | None:
        """Return the first element at a path, or None."""
        return (self.body if start is None else start).find(self.path(path))

    def has(self, path: str, start: etree._Element | None = None) -> bool:
        """Say whether there is an element at a path."""
        return self.find(path, start) is not None

    def text(self, path: str, start: etree._Element | None = None) -> str:
        """Return the text of the first element at a path, ``""`` without one."""
        return text_of(self.find(path, start))

    def head(self, path: str) -> etree._Element | None:
        """Return the first element at a path below the AppHdr, or None."""
        if self.header is None:
            return None
        return self.header.find(_qualified_path(path, namespace_of(self.header)))

    def head_text(self, path: str) -> str:
        """Return the text at a path below the AppHdr, ``""`` without one."""
        return text_of(self.head(path))

    @cached_property
    def group(self) -> etree._Element:
        """The group header or what stands for it; the body if there is none."""
        for name in ("GrpHdr", "Assgnmt", "MsgHdr"):
            found = self.find(name)
            if found is not None:
                return found
        return self.body

    @cached_property
    def transactions(self) -> list[etree._Element]:
        """The transactions, in order, of messages that have any."""
        path = _TRANSACTIONS.get(self.message, "")
        return self.each(path) if path else []

    @cached_property
    def day(self) -> str:
        """The day when the message was made, as ``2026-11-14``, or ``""``."""
        for text in (self.head_text("CreDt"), self.text("CreDtTm", self.group)):
            if len(text) >= 10 and text[4:5] == "-":
                return text[:10]
        return ""

    @property
    def is_cover(self) -> bool:
        """Whether this is a pacs.009 that covers a customer's payment."""
        return any(self.has("UndrlygCstmrCdtTrf", each) for each in self.transactions)

    def bic(self, agent: etree._Element | None) -> str:
        """Return the BIC of an agent, ``""`` if it has none or is not there."""
        if agent is None or not len(agent):
            return ""
        identification = self.children(agent[0])
        return text_of(identification.get("BICFI", identification.get("BIC")))

    def parties(self, *names: str) -> Iterator[etree._Element]:
        """Go through the parties of these names that are no institutions, wherever they stand.

        A party of a return stands one step further down, and one of a tax record is none of a payment.
        """
        for element in self.all(*names):
            above = element.getparent()
            if above is not None and local_name(above) in _TAX_RECORDS:
                continue
            children = self.children(element)
            if "Pty" in children:
                element, children = children["Pty"], self.children(children["Pty"])
            if not {"FinInstnId", "Agt"} & children.keys():
                yield element

    def currency_amount(self, path: str, start: etree._Element) -> tuple[str, str]:
        """Return the currency and the text of an amount."""
        found = self.find(path, start)
        return ("", "") if found is None else (found.get("Ccy", ""), text_of(found))


class UsageRule(NamedTuple):
    """One rule of a profile."""

    code: str
    #: What it asks, as a sentence.
    asks: str
    #: Where it is written.
    source: str
    #: The messages it is for, such as "pacs.008"; none means all.
    messages: tuple[str, ...]
    #: The releases that have it; none means all.
    releases: tuple[int, ...]
    #: Whether breaking it refuses the message under this profile.
    refuses: bool
    check: Callable[[View], Iterable[Broken]]


class Rules:
    """The rules of one profile, in order."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.all: list[UsageRule] = []

    def rule(
        self,
        name: str,
        asks: str,
        source: str,
        *,
        messages: tuple[str, ...] = (),
        releases: tuple[int, ...] = (),
        refuses: bool = True,
    ) -> Callable[[Callable[[View], Iterable[Broken]]], Callable[[View], Iterable[Broken]]]:
        """Register a function as the rule ``prefix.name``."""

        def register(
            check: Callable[[View], Iterable[Broken]],
        ) -> Callable[[View], Iterable[Broken]]:
            self.all.append(
                UsageRule(
                    f"{self._prefix}.{name}", asks, source, messages, releases, refuses, check
                )
            )
            return check

        return register

    def broken(self, view: View, release: int = 0) -> Iterator[tuple[UsageRule, Broken]]:
        """Hold a message against each rule that is for it and for the release."""
        for rule in self.all:
            if rule.messages and view.message not in rule.messages:
                continue
            if rule.releases and release not in rule.releases:
                continue
            for broken in rule.check(view):
                yield rule, broken


def text_of(element: etree._Element | None) -> str:
    """Return the text of an element without the white space around it, ``""`` for None."""
    return "" if element is None else (element.text or "").strip()


def leaves(top: etree._Element) -> Iterator[etree._Element]:
    """Go through the elements that have a text and no children."""
    for element in top.iter(etree.Element):
        if not len(element) and element.text:
            yield element


def is_below(element: etree._Element, names: frozenset[str]) -> bool:
    """Say whether an element has one of these names or lies in one that has."""
    return local_name(element) in names or any(
        local_name(above) in names for above in element.iterancestors()
    )


def _qualified_path(path: str, namespace: str) -> str:
    return "/".join([qualified(step, namespace) for step in path.split("/")])
