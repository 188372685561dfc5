"""What a message counts and adds up, held against what is in it: batches and statements.

A batch that does not add up is refused, as banks do. A statement that does not is only remarked on:
it is history, and may be one page of several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from lxml import etree

from paritas.iso20022.element_rules import Problem
from paritas.iso20022.extract import plain_amount
from paritas.iso20022.rules import EXACT, Totals
from paritas.iso20022.tables import Found, qualified
from paritas.iso20022.usage.view import View, text_of


class Batch(NamedTuple):
    """Where a message keeps its transactions, and which of their amounts add up to what."""

    #: The tag of a transaction.
    transaction: str
    #: Ways from a transaction to its amount; the first that is there counts.
    amounts: tuple[str, ...]
    #: The total in the header, in one currency, or "".
    total: str = ""
    #: The tag of what holds transactions below the body, or "" where the body itself does.
    block: str = ""


_INSTRUCTED = ("Amt/InstdAmt", "Amt/EqvtAmt/Amt")
_BATCHES = {
    "pacs.003": Batch("DrctDbtTxInf", ("IntrBkSttlmAmt",), "TtlIntrBkSttlmAmt"),
    "pacs.004": Batch("TxInf", ("RtrdIntrBkSttlmAmt",), "TtlRtrdIntrBkSttlmAmt"),
    "pacs.007": Batch("TxInf", ("RvsdIntrBkSttlmAmt",), "TtlRvsdIntrBkSttlmAmt"),
    "pacs.010": Batch("DrctDbtTxInf", ("IntrBkSttlmAmt",), "TtlIntrBkSttlmAmt", "CdtInstr"),
    "pain.001": Batch("CdtTrfTxInf", _INSTRUCTED, "", "PmtInf"),
    "pain.008": Batch("DrctDbtTxInf", ("InstdAmt",), "", "PmtInf"),
    "pain.013": Batch("CdtTrfTx", _INSTRUCTED, "", "PmtInf"),
}
_BALANCE_KINDS = {"OPBD": "opening", "PRCD": "opening", "CLBD": "closing"}


def batch_of(message_type: str) -> Batch | None:
    """Return how messages of this type are batched, or None if they are not."""
    return _BATCHES.get(message_type[:8])


def batch_problems(body: etree._Element, namespace: str, batch: Batch) -> Iterator[Found]:
    """Find the counts and sums in the headers of a batch that its transactions do not make."""
    blocks = [body]
    if batch.block:
        blocks = list(body.iterchildren(qualified(batch.block, namespace)))
    whole = Totals()
    for block in blocks:
        totals = whole if block is body else Totals()
        for transaction in block.iterchildren(qualified(batch.transaction, namespace)):
            amount, currency = _amount(transaction, namespace, batch.amounts)
            totals.add_amount(amount, currency)
            if block is not body:
                whole.add_amount(amount, currency)
        if block is not body and totals.count:
            yield from _header_problems(block, namespace, totals, batch.total)
    header = _child(body, "GrpHdr", namespace)
    # A message about a whole group of another message may have no transaction at all.
    if header is not None and whole.count:
        yield from _header_problems(header, namespace, whole, "" if batch.block else batch.total)


def statement_problems(view: View) -> Iterator[Found]:
    """Find the totals and closing balances that the entries of a camt.053 do not make.

    Reports within the day (camt.052) may sum up more than they list.
    """
    entry_tag, balance_tag = view.path("Ntry"), view.path("Bal")
    for statement in view.body:
        entries = [_Entry.of(view, entry) for entry in statement.iterchildren(entry_tag)]
        summary = _child(statement, "TxsSummry", view.namespace)
        if entries and summary is not None:
            yield from _summary_problems(summary, view.namespace, entries)
        balances = list(statement.iterchildren(balance_tag))
        if len(balances) > 1 and all(entry.amount is not None for entry in entries):
            yield from _balance_problems(view, balances, entries)


class _Entry(NamedTuple):
    """One booked or pending movement; ``amount`` is signed, None if it cannot be read."""

    amount: Decimal | None
    currency: str
    is_booked: bool

    @classmethod
    def of(cls, view: View, entry: etree._Element) -> _Entry:
        """Read an Ntry of any version."""
        children = view.children(entry)
        amount, status = children.get("Amt"), children.get("Sts")
        code = "BOOK"
        if status is not None:
            code = text_of(status[0] if len(status) else status)
        if amount is None:
            return cls(Decimal(0), "", False)
        return cls(_signed(amount, children), amount.get("Ccy", ""), code == "BOOK")


def _signed(amount: etree._Element, children: Mapping[str, etree._Element]) -> Decimal | None:
    value = Totals.number(amount.text or "")
    if value is None:
        return None
    return -value if text_of(children.get("CdtDbtInd")) == "DBIT" else value


def _summary_problems(
    summary: etree._Element, namespace: str, entries: list[_Entry]
) -> Iterator[Found]:
    credits = [e for e in entries if e.amount is not None and e.amount >= 0]
    debits = [e for e in entries if e.amount is not None and e.amount < 0]
    for name, counted in (
        ("TtlNtries", entries),
        ("TtlCdtNtries", credits),
        ("TtlDbtNtries", debits),
    ):
        total = _child(summary, name, namespace)
        # Entries of nothing stand on either side.
        if total is None or any(not entry.amount for entry in entries):
            continue
        number = _text(total, "NbOfNtries", namespace)
        if number.isdecimal() and len(number) < 20 and int(number) != len(counted):
            text = f"{name} says {number} entries, there are {len(counted):,}"
            yield total, Problem("rule.count", text, "")
        said = Totals.number(_text(total, "Sum", namespace))
        added = _sum(abs(entry.amount) for entry in counted if entry.amount is not None)
        if said is not None and said != added:
            yield (
                total,
                Problem("rule.sum", f"{name} says {said:f}, the entries give {added:f}", ""),
            )


def _balance_problems(
    view: View, elements: list[etree._Element], entries: list[_Entry]
) -> Iterator[Found]:
    balances: dict[str, tuple[etree._Element, Decimal | None, str]] = {}
    for element in elements:
        children = view.children(element)
        kind, amount = children.get("Tp"), children.get("Amt")
        if kind is None or amount is None:
            continue
        # Tp/CdOrPrtry/Cd; behind it a SubTp may say that this is one page of several.
        code = kind[0][0] if len(kind) and len(kind[0]) else None
        name = _BALANCE_KINDS.get(text_of(code), "")
        if not name:
            continue
        if name in balances or len(kind) > 1:
            return  # Several days, or one page: too little is known to add up.
        balances[name] = (element, _signed(amount, children), amount.get("Ccy", ""))
    if balances.keys() != {"opening", "closing"}:
        return
    (_, opened, currency), (closing, closed, other) = balances["opening"], balances["closing"]
    booked = [entry for entry in entries if entry.is_booked]
    if opened is None or closed is None or {currency, *(e.currency for e in booked)} != {other}:
        return
    made = _sum([opened, *(entry.amount for entry in booked if entry.amount is not None)])
    if made != closed:
        text = f"the opening balance {opened:f} and the entries give {made:f}, not {closed:f}"
        yield closing, Problem("rule.balance", text, "")


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, amounts, Decimal(0))


def _header_problems(
    header: etree._Element, namespace: str, totals: Totals, total_name: str
) -> Iterator[Found]:
    total = _child(header, total_name, namespace) if total_name else None
    for name, code, text, reason in totals.differences(
        _text(header, "NbOfTxs", namespace),
        plain_amount(_text(header, "CtrlSum", namespace)),
        plain_amount("" if total is None else total.text or ""),
        "" if total is None else total.get("Ccy", ""),
        total_name,
    ):
        found = _child(header, name, namespace)
        yield header if found is None else found, Problem(code, text, reason)


def _amount(transaction: etree._Element, namespace: str, ways: tuple[str, ...]) -> tuple[str, str]:
    for way in ways:
        found: etree._Element | None = transaction
        for step in way.split("/"):
            found = None if found is None else _child(found, step, namespace)
        if found is not None:
            return plain_amount(found.text or ""), found.get("Ccy", "")
    return "", ""


def _child(element: etree._Element, name: str, namespace: str) -> etree._Element | None:
    return next(element.iterchildren(qualified(name, namespace)), None)


def _text(element: etree._Element, name: str, namespace: str) -> str:
    child = _child(element, name, namespace)
    return "" if child is None else child.text or ""
