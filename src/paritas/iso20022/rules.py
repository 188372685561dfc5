"""What a schema cannot say of a message: each rule a function from values to findings.

| code | what | reason |
| --- | --- | --- |
| rule.bic, rule.iban, rule.lei | structure, country, length, check digits | RC01, AC01, NARR |
| rule.currency | a currency that ISO 4217 does not list | AM11 |
| rule.decimals | more decimals than the currency has | CH20 |
| rule.amount | an interbank settlement amount of zero, or of more than 18 digits | AM01, AM12 |
| rule.count | NbOfTxs is not the number of transactions | AM18 |
| rule.sum | CtrlSum or TtlIntrBkSttlmAmt is not the sum of the transactions | AM10 |
| rule.date | no settlement date, or one that no calendar of this century has | DT01 |
| rule.header | AppHdr announces another message than the Document is (another version: a remark) | FF01 |
| rule.sender | AppHdr comes from another institution than InstgAgt: a remark | |

That a UETR is a version 4 UUID needs no rule: the schemas have it as a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact
from functools import lru_cache, reduce
from typing import TypeAlias

from lxml import etree

from paritas.iso20022.dates import is_plausible_date, plain_date
from paritas.iso20022.extract import HeaderFields
from paritas.iso20022.tables import Found
from paritas.iso20022.validation import Places
from paritas.iso20022.values import Finding, Message, Transaction

_PLAIN_DECIMAL = re.compile(r"-?(?:[0-9]{1,90}\.?[0-9]{0,90}|\.[0-9]{1,90})", re.ASCII)
# Wide enough for any sum of such numbers, and it would say so if it were not.
_EXACT = Context(prec=250, traps=[Inexact])

_WRITTEN_MAX = 90
# A text of so many characters is no plain decimal.
_TEXT_MAX = 200

#: The child of a header that is wrong, then code, text and reason of the finding.
ChildProblem: TypeAlias = tuple[str, str, str, str]


def element_findings(problems: Iterable[Found], places: Places) -> list[Finding]:
    """Say where the elements are that a walk found to be wrong."""
    return [places.finding(element, *problem) for element, problem in problems]


def transaction_findings(
    transaction: Transaction, element: etree._Element, places: Places
) -> list[Finding]:
    """Check what concerns one transaction as a whole: that it says when it settles."""
    date = transaction.settlement_date
    if has_settlement_date(transaction):
        return []
    if date:
        text = f"the settlement date {date} is in no calendar of this century"
    else:
        text = "no settlement date: give IntrBkSttlmDt here or in GrpHdr"
    found = [child for child in element if str(child.tag).endswith("}IntrBkSttlmDt")]
    return [places.finding(found[0] if found else element, "rule.date", text, "DT01")]


def has_settlement_date(transaction: Transaction) -> bool:
    """Say whether a transaction settles on a day of this century."""
    date = transaction.settlement_date
    return len(date) == 10 and _is_plausible(date)


_is_plausible = lru_cache(maxsize=4096)(is_plausible_date)


class Totals:
    """Counts and sums transactions, exactly, to compare them with the group header at the end."""

    def __init__(self) -> None:
        self.count = 0
        self._sums: dict[str, Decimal] = {}
        # Something that is no amount was among them; the schema has already said so.
        self._broken = False

    def add(self, transactions: Iterable[Transaction]) -> None:
        """Take account of more transactions."""
        for transaction in transactions:
            self.count += 1
            amount = _decimal(transaction.amount[:_TEXT_MAX])
            if amount is None:
                self._broken = True
                continue
            before = self._sums.get(transaction.currency)
            after = amount if before is None else _EXACT.add(before, amount)
            self._sums[transaction.currency] = after

    def findings(self, message: Message, group: etree._Element, places: Places) -> list[Finding]:
        """Compare NbOfTxs, CtrlSum and TtlIntrBkSttlmAmt with what was really there."""
        return [
            places.finding(_child(group, name), code, text, reason)
            for name, code, text, reason in self.problems(message)
        ]

    def problems(self, message: Message) -> list[ChildProblem]:
        """Say which children of the group header are not what was really there."""
        found: list[ChildProblem] = []
        said = message.number_of_transactions
        if said.isdecimal() and len(said) <= _WRITTEN_MAX and int(said) != self.count:
            text = f"NbOfTxs is {said}, the message has {self.count:,}"
            found.append(("NbOfTxs", "rule.count", text, "AM18"))
        if not self._broken:
            found += self._sum_problems(message)
        return found

    def _sum_problems(self, message: Message) -> Iterable[ChildProblem]:
        said = _decimal(message.control_sum[:_TEXT_MAX])
        if said is not None:
            total = reduce(_EXACT.add, self._sums.values(), Decimal(0))
            if said != total:
                text = f"CtrlSum is {message.control_sum}, the amounts add up to {total:f}"
                yield "CtrlSum", "rule.sum", text, "AM10"
        said = _decimal(message.total_amount[:_TEXT_MAX])
        if said is not None:
            currency = message.total_currency
            others = self._sums.keys() - {currency}
            total = self._sums.get(currency, Decimal(0))
            if others:
                text = f"TtlIntrBkSttlmAmt is in {currency}, but there are amounts in {min(others)}"
                yield "TtlIntrBkSttlmAmt", "rule.sum", text, "AM10"
            elif said != total:
                text = (
                    f"TtlIntrBkSttlmAmt is {message.total_amount}, the amounts add up to {total:f}"
                )
                yield "TtlIntrBkSttlmAmt", "rule.sum", text, "AM10"


def header_findings(
    header: HeaderFields, element: etree._Element, message: Message, agent: str
) -> list[Finding]:
    """Compare an AppHdr with the Document that it announces, and with the instructing agent."""
    places = Places(element)
    return [
        places.finding(_child(element, name), code, text, reason)
        for name, code, text, reason in header_problems(header, message, agent)
    ]


def header_problems(header: HeaderFields, message: Message, agent: str) -> list[ChildProblem]:
    """Say which children of an AppHdr do not fit its Document or the instructing agent."""
    found: list[ChildProblem] = []
    if header.definition != message.message_type:
        text = f"MsgDefIdr is {header.definition}, the Document is {message.message_type}"
        # Another version is common where a translator lifted the Document; another message is not.
        same_message = header.definition[:8] == message.message_type[:8]
        reason = "" if same_message else "FF01"
        found.append(("MsgDefIdr", "rule.header", text, reason))
    if header.sender and agent and header.sender[:8] != agent[:8]:
        text = f"comes from {header.sender}, the instructing agent is {agent}"
        found.append(("Fr", "rule.sender", text, ""))
    return found


def created_findings(message: Message, group: etree._Element, places: Places) -> list[Finding]:
    """Check that the message was made on a day of this century."""
    if is_created_plausibly(message):
        return []
    text = f"CreDtTm {message.created} is in no calendar of this century"
    return [places.finding(_child(group, "CreDtTm"), "rule.date", text, "DT01")]


def is_created_plausibly(message: Message) -> bool:
    """Say whether a message was made on a day of this century, as far as it says when."""
    return not message.created or _is_plausible(plain_date(message.created.strip(" \t\r\n")[:10]))


@lru_cache(maxsize=1024)  # The sum of a message is often an amount in it. Texts come cut.
def _decimal(text: str) -> Decimal | None:
    """An exact number, or None if the text is no plain one."""
    return Decimal(text) if _PLAIN_DECIMAL.fullmatch(text) else None


def _child(element: etree._Element, name: str) -> etree._Element:
    """The first child of that name, else the element itself, to have a place to point at."""
    for child in element.iterchildren("{*}" + name):
        return child
    return element
