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
from paritas.iso20022.element_rules import Problem
from paritas.iso20022.extract import HeaderFields
from paritas.iso20022.tables import Found
from paritas.iso20022.validation import Places
from paritas.iso20022.values import Finding, Message, Transaction

_PLAIN_DECIMAL = re.compile(r"-?(?:[0-9]{1,90}\.?[0-9]{0,90}|\.[0-9]{1,90})", re.ASCII)
#: Wide enough for any sum of such numbers, and it would say so if it were not.
EXACT = Context(prec=250, traps=[Inexact])

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
    problem = settlement_date_problem(transaction.settlement_date)
    if problem is None:
        return []
    found = [child for child in element if str(child.tag).endswith("}IntrBkSttlmDt")]
    return [places.finding(found[0] if found else element, *problem)]


def settlement_date_problem(date: str) -> Problem | None:
    """Say what is wrong with the day on which a transaction is to settle, ``""`` if it has none."""
    if len(date) == 10 and _is_plausible(date):
        return None
    if date:
        text = f"the settlement date {date} is in no calendar of this century"
    else:
        text = "no settlement date: give IntrBkSttlmDt here or in GrpHdr"
    return Problem("rule.date", text, "DT01")


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
            self.add_amount(transaction.amount, transaction.currency)

    def add_amount(self, text: str, currency: str) -> None:
        """Take account of one more transaction, by its amount as it is written."""
        self.count += 1
        amount = _decimal(text[:_TEXT_MAX])
        if amount is None:
            self._broken = True
            return
        before = self._sums.get(currency)
        self._sums[currency] = amount if before is None else EXACT.add(before, amount)

    @property
    def total(self) -> Decimal:
        """The sum of all amounts, whatever their currencies."""
        return reduce(EXACT.add, self._sums.values(), Decimal(0))

    @staticmethod
    def number(text: str) -> Decimal | None:
        """Return an exact number, or None if the text is no plain one."""
        return _decimal(text.strip(" \t\r\n").removeprefix("+")[:_TEXT_MAX])

    def findings(self, message: Message, group: etree._Element, places: Places) -> list[Finding]:
        """Compare NbOfTxs, CtrlSum and TtlIntrBkSttlmAmt with what was really there."""
        return [
            places.finding(_child(group, name), code, text, reason)
            for name, code, text, reason in self.problems(message)
        ]

    def problems(self, message: Message) -> list[ChildProblem]:
        """Say which children of the group header are not what was really there."""
        return self.differences(
            message.number_of_transactions,
            message.control_sum,
            message.total_amount,
            message.total_currency,
        )

    def differences(
        self,
        number: str,
        control_sum: str,
        total: str,
        currency: str,
        total_name: str = "TtlIntrBkSttlmAmt",
    ) -> list[ChildProblem]:
        """Say which of the texts of a header are not what was really there."""
        found: list[ChildProblem] = []
        if number.isdecimal() and len(number) <= _WRITTEN_MAX and int(number) != self.count:
            text = f"NbOfTxs is {number}, the message has {self.count:,}"
            found.append(("NbOfTxs", "rule.count", text, "AM18"))
        if not self._broken:
            found += self._sum_problems(control_sum, total, currency, total_name)
        return found

    def _sum_problems(
        self, control_sum: str, total: str, currency: str, total_name: str
    ) -> Iterable[ChildProblem]:
        said = _decimal(control_sum[:_TEXT_MAX])
        if said is not None and said != self.total:
            text = f"CtrlSum is {control_sum}, the amounts add up to {self.total:f}"
            yield "CtrlSum", "rule.sum", text, "AM10"
        said = _decimal(total[:_TEXT_MAX])
        if said is not None:
            others = self._sums.keys() - {currency}
            added = self._sums.get(currency, Decimal(0))
            if others:
                text = f"{total_name} is in {currency}, but there are amounts in {min(others)}"
                yield total_name, "rule.sum", text, "AM10"
            elif said != added:
                text = f"{total_name} is {total}, the amounts add up to {added:f}"
                yield total_name, "rule.sum", text, "AM10"


def header_findings(
    header: HeaderFields, element: etree._Element, message_type: str, agent: str
) -> list[Finding]:
    """Compare an AppHdr with the Document that it announces, and with the instructing agent."""
    places = Places(element)
    return [
        places.finding(_child(element, name), code, text, reason)
        for name, code, text, reason in header_problems(header, message_type, agent)
    ]


def header_problems(header: HeaderFields, message_type: str, agent: str) -> list[ChildProblem]:
    """Say which children of an AppHdr do not fit its Document or the instructing agent."""
    found: list[ChildProblem] = []
    if header.definition != message_type:
        text = f"MsgDefIdr is {header.definition}, the Document is {message_type}"
        # Another version is common where a translator lifted the Document; another message is not.
        same_message = header.definition[:8] == message_type[:8]
        reason = "" if same_message else "FF01"
        found.append(("MsgDefIdr", "rule.header", text, reason))
    if header.sender and agent and header.sender[:8] != agent[:8]:
        text = f"comes from {header.sender}, the instructing agent is {agent}"
        found.append(("Fr", "rule.sender", text, ""))
    return found


def receiver_problem(receiver: str, agent: str) -> Problem | None:
    """Remark on a header that goes to another institution than the instructed agent."""
    if not receiver or not agent or receiver[:8] == agent[:8]:
        return None
    return Problem("rule.receiver", f"goes to {receiver}, the instructed agent is {agent}", "")


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
