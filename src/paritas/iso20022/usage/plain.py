"""What any ISO 20022 message should keep, beyond its schema: remarks, because it can be understood.

The rules about settlement, amounts and agents are those that the message definition reports of
pacs.008 and pacs.009 state beside the schemas. What has a message refused is in `rules`,
`element_rules` and `sums`.

Every message is held against these, so they are written for speed: the children of a transaction
are looked up once, by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from lxml import etree

from paritas.iso20022.rules import Totals
from paritas.iso20022.usage import addresses
from paritas.iso20022.usage.view import Broken, View, text_of

Children: TypeAlias = Mapping[str, etree._Element]

_AGENTS = ("InstgAgt", "InstdAgt")
_REIMBURSEMENT = ("InstgRmbrsmntAgt", "InstdRmbrsmntAgt", "ThrdRmbrsmntAgt")
_CHAINS = tuple(
    (f"{agent}{number}", f"{agent}{number - 1}" if number > 1 else "", f"{agent}{number}Acct")
    for agent in ("PrvsInstgAgt", "IntrmyAgt")
    for number in (1, 2, 3)
)
# What needs an agent before it, or the agent itself.
_NEEDS_OTHERS = frozenset(
    [name for agent, before, account in _CHAINS for name in (agent if before else "", account)]
)
_ABOUT_AMOUNTS = frozenset(("InstdAmt", "XchgRate", "ChrgsInf"))


class Remark(NamedTuple):
    """A rule, for those who read about it."""

    code: str
    asks: str
    source: str


#: What is looked at here, and what the verdict looks at itself.
REMARKS = (
    Remark(
        "rule.address",
        "from November 2026 on a payment's postal addresses name town and country",
        "SWIFT Standards Release 2026, CPMI requirement 11",
    ),
    Remark("rule.receiver", "the header's To is the instructed agent", "head.001 definition"),
    Remark("rule.uetr", "no two transactions of a message have the same UETR", "ISO 20022"),
    Remark(
        "rule.settlement",
        "CLRG has no settlement account; only COVE has reimbursement agents, and has one; INDA,"
        " INGA and COVE have no clearing system",
        "pacs.008, pacs.009 definition",
    ),
    Remark(
        "rule.exchange",
        "XchgRate is there if InstdAmt is in another currency than IntrBkSttlmAmt, and only then",
        "pacs.008 definition",
    ),
    Remark(
        "rule.charges",
        "ChrgsInf comes with InstdAmt and explains the difference of the amounts; under DEBT"
        " nothing is taken from the amount, under SHAR and CRED nothing added",
        "pacs.008 definition",
    ),
    Remark(
        "rule.agents",
        "instructing and instructed agent stand in the group header or in the transactions; a second"
        " intermediary or previous agent comes after a first, an agent's account with the agent",
        "pacs.008, pacs.009 definition",
    ),
)


def message_remarks(view: View, day: str) -> Iterator[tuple[str, Broken]]:
    """Say what any message of that day should not be like: the code, the element, a sentence."""
    if day >= addresses.STRUCTURED_FROM and view.message.startswith(("pacs.", "pain.")):
        for broken in addresses.without_town_or_country(view):
            yield "rule.address", broken


class TransferRemarks:
    """What a pacs.008 or pacs.009 should not be like, its transactions one after the other."""

    def __init__(self, view: View, group: etree._Element | None) -> None:
        self._view = view
        self._group: Children = {} if group is None else view.children(group)
        self._is_customers = view.message == "pacs.008"
        self._uetrs: set[str] = set()

    def of_group(self) -> Iterator[tuple[str, Broken]]:
        """Say it of the group header."""
        information = self._group.get("SttlmInf")
        if information is not None:
            children = self._view.children(information)
            method = text_of(children.get("SttlmMtd"))
            for broken in _settlement(information, children, method):
                yield "rule.settlement", broken

    def of_transaction(self, children: Children) -> Iterator[tuple[str, Broken]]:
        """Say it of a transaction, by its children."""
        group = self._group
        for name in _AGENTS:
            if name in group and name in children:
                text = f"{name} stands in the group header as well"
                yield "rule.agents", (children[name], text)
        if not _NEEDS_OTHERS.isdisjoint(children):
            for broken in _agents(children):
                yield "rule.agents", broken
        if self._is_customers and not _ABOUT_AMOUNTS.isdisjoint(children):
            for broken in _exchange(self._view, group, children):
                yield "rule.exchange", broken
            for broken in _charges(self._view, children):
                yield "rule.charges", broken
        identification = children.get("PmtId")
        if identification is not None:
            yield from self._uetr(identification)

    def _uetr(self, identification: etree._Element) -> Iterator[tuple[str, Broken]]:
        element = next(identification.iterchildren(self._view.path("UETR")), None)
        if element is None:
            return
        uetr = text_of(element)
        if uetr in self._uetrs:
            yield "rule.uetr", (element, f"another transaction before has the UETR {uetr}")
        self._uetrs.add(uetr)


def is_settled_by_tags(view: View, group: etree._Element | None, transaction: Children) -> bool:
    """Say whether the tags of a message tell that there is nothing to remark on, whatever its texts.

    It has one transaction. Two amounts in one currency are left to who compares them.
    """
    in_group: Children = {} if group is None else view.children(group)
    instructed, settled = transaction.get("InstdAmt"), transaction.get("IntrBkSttlmAmt")
    has_rate, has_charges = "XchgRate" in transaction, "ChrgsInf" in transaction
    if instructed is None or settled is None:
        amounts_fit = not has_rate and not has_charges
    elif instructed.get("Ccy") == settled.get("Ccy"):
        amounts_fit = not has_rate
    else:
        amounts_fit = has_rate
    return (
        amounts_fit
        and not any(name in in_group and name in transaction for name in _AGENTS)
        and not any(_agents(transaction))
    )


def forbidden_methods(view: View, group: etree._Element | None) -> frozenset[str]:
    """Return the settlement methods to which the rest of a group header does not fit."""
    information = None if group is None else view.find("SttlmInf", group)
    if information is None:
        return frozenset()
    children = view.children(information)
    methods = ("CLRG", "INDA", "INGA", "COVE")
    return frozenset(each for each in methods if any(_settlement(information, children, each)))


def _settlement(information: etree._Element, children: Children, method: str) -> Iterator[Broken]:
    reimbursed = [children[name] for name in _REIMBURSEMENT if name in children]
    if method == "COVE" and not reimbursed:
        yield information, "the settlement method is COVE, but no reimbursement agent is named"
    elif method in ("CLRG", "INDA", "INGA") and reimbursed:
        yield reimbursed[0], f"a reimbursement agent, but the settlement method is {method}"
    if "SttlmAcct" in children and method in ("CLRG", "COVE"):
        text = f"a settlement account, but the settlement method is {method}"
        yield children["SttlmAcct"], text
    if "ClrSys" in children and method in ("INDA", "INGA", "COVE"):
        yield children["ClrSys"], f"a clearing system, but the settlement method is {method}"


def _exchange(view: View, group: Children, children: Children) -> Iterator[Broken]:
    rate, instructed = children.get("XchgRate"), children.get("InstdAmt")
    settled = children.get("IntrBkSttlmAmt")
    if instructed is None or settled is None:
        if rate is not None and settled is not None:
            yield rate, "an exchange rate, but no instructed amount"
        return
    before, after = instructed.get("Ccy", ""), settled.get("Ccy", "")
    if before == after:
        if rate is not None:
            yield rate, f"an exchange rate, but both amounts are in {before}"
    elif rate is None and not _asks_for_conversion(view, group, children):
        yield instructed, f"{before} became {after}, but there is no exchange rate"


def _asks_for_conversion(view: View, group: Children, children: Children) -> bool:
    """Say whether the sender asks for a dealer's rate, which is not the sender's to know."""
    found = children.get("PmtTpInf", group.get("PmtTpInf"))
    return found is not None and view.text("LclInstrm/Prtry", found) == "PXFX"


def _charges(view: View, children: Children) -> Iterator[Broken]:
    charges, instructed = children.get("ChrgsInf"), children.get("InstdAmt")
    settled = children.get("IntrBkSttlmAmt")
    if instructed is None or settled is None:
        if charges is not None and Totals.number(view.text("Amt", charges)):
            yield charges, "charges, but no instructed amount that they were taken from"
        return
    if instructed.text == settled.text or instructed.get("Ccy") != settled.get("Ccy"):
        return
    before, after = Totals.number(instructed.text or ""), Totals.number(settled.text or "")
    if before is None or after is None or before == after:
        return
    bearer = text_of(children.get("ChrgBr"))
    if bearer == "DEBT" and after < before:
        yield settled, "less than the instructed amount, though the debtor bears the charges"
    elif bearer in ("SHAR", "CRED") and after > before:
        yield settled, f"more than the instructed amount, though charges are {bearer}"
    elif charges is None:
        yield settled, "another amount than instructed, and ChrgsInf does not say why"


def _agents(children: Children) -> Iterator[Broken]:
    for agent, before, account in _CHAINS:
        if agent in children:
            if before and before not in children:
                yield children[agent], f"{agent} without {before}"
        elif account in children:
            yield children[account], f"an account of {agent}, who is not named"
