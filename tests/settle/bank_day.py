"""What a member bank sees of a run: the answers, notifications and statements, read from the files.

Nothing here asks the engine. ``DayAtTheBank`` reads a finished run's directory with plain lxml, and
``must_hold`` are the promises that every run must keep, whatever went in.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

from lxml import etree

from paritas.iso20022 import schemas
from paritas.journal.audit import audit

SHARED = Path(os.environ.get("PARITAS_SHARED", Path(__file__).resolve().parents[3] / "shared"))


@dataclass(frozen=True)
class Status:
    """What a pacs.002 says of one transaction."""

    reference: str
    status: str
    reason: str
    text: str
    settled: str
    number: str


@dataclass
class Answer:
    """One answer file; ``unreadable`` is the code of an admi.002, "" for a pacs.002."""

    name: str
    unreadable: str = ""
    text: str = ""
    related: str = ""
    group: str = ""
    reason: str = ""
    original_id: str = ""
    sent_to: str = ""
    statuses: list[Status] = field(default_factory=list)
    #: The answer to a request: the name of its message element. And to a pain.001: what it says.
    request: str = ""
    initiated: list[Status] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """One entry of a statement or notification."""

    reference: str
    amount: Decimal
    is_credit: bool
    transaction_id: str
    #: Only the notification says it.
    message_id: str = field(compare=False)
    code: str

    @property
    def signed(self) -> Decimal:
        return self.amount if self.is_credit else -self.amount


@dataclass
class Statement:
    """One camt.053."""

    owner: str
    currency: str
    servicer: str
    date: str
    sequence: int
    balances: dict[str, Decimal]
    entries: list[Entry]


@cache
def official(message_type: str) -> etree.XMLSchema | None:
    """The official schema where it lies beside the project."""
    path = SHARED / "iso20022-schemas" / f"{message_type}.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.is_file() else None


def read_valid(path: Path) -> etree._Element:
    """Read a file that left, and hold it against its schema (and the official one)."""
    root = etree.fromstring(path.read_bytes())
    assert all(each.prefix is None for each in root.iter()), f"{path}: a namespace prefix"
    document = root if etree.QName(root).localname == "Document" else root.find("{*}Document")
    message_type = etree.QName(document).namespace.rpartition(":")[2]
    for schema in (schemas.schema(message_type), official(message_type)):
        if schema is not None:
            assert schema.validate(document), f"{path}: {schema.error_log}"
    return document


def text_of(element: etree._Element | None, path: str) -> str:
    """Return the text at a path of local names, or ""."""
    if element is None:
        return ""
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return "" if found is None else found.text or ""


def _all(element: etree._Element, name: str) -> list[etree._Element]:
    return list(element.iterfind(f".//{{*}}{name}"))


class DayAtTheBank:
    """Everything that a run wrote."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.answers = {path.name: _answer(path) for path in _files(out / "answers")}
        self.statements = [_statement(path) for path in _files(out / "statements")]
        self.notifications = {path.name: read_valid(path) for path in _files(out / "notifications")}
        self.report = json.loads((out / "report.json").read_text())

    def answer_to(self, name: str) -> Answer:
        """Return the answer to the input file of that name."""
        return self.answers[name if name.lower().endswith(".xml") else f"{name}.xml"]

    def days_of(self, owner: str, currency: str) -> list[Statement]:
        """Return the statements of an account in the order of their dates."""
        mine = [s for s in self.statements if (s.owner, s.currency) == (owner, currency)]
        return sorted(mine, key=lambda statement: statement.date)


def _files(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


def _answer(path: Path) -> Answer:
    document = read_valid(path)
    if etree.QName(document[0]).localname == "admi.002.001.01":
        why = document[0].find("{*}Rsn")
        return Answer(
            path.name,
            unreadable=text_of(why, "RjctgPtyRsn"),
            text=text_of(why, "RsnDesc"),
            related=text_of(document[0], "RltdRef/Ref"),
            sent_to=text_of(why, "AddtlData").removeprefix("Sent by ").rstrip("."),
        )
    group = document[0].find("{*}OrgnlGrpInfAndSts")
    if etree.QName(document[0]).localname != "FIToFIPmtStsRpt" or group is None:
        # To a request, or to a corporate's file.
        answer = Answer(path.name, request=etree.QName(document[0]).localname)
        if answer.request == "CstmrPmtStsRpt":
            answer.initiated = [_status(each) for each in _all(document, "TxInfAndSts")]
        return answer
    return Answer(
        path.name,
        group=text_of(group, "GrpSts"),
        reason=text_of(group, "StsRsnInf/Rsn/Cd"),
        original_id=text_of(group, "OrgnlMsgId"),
        sent_to=text_of(document[0], "GrpHdr/InstdAgt/FinInstnId/BICFI"),
        statuses=[_status(each) for each in _all(document, "TxInfAndSts")],
    )


def _status(element: etree._Element) -> Status:
    return Status(
        reference=text_of(element, "OrgnlTxId") or text_of(element, "OrgnlInstrId"),
        status=text_of(element, "TxSts"),
        reason=text_of(element, "StsRsnInf/Rsn/Cd"),
        text="".join(each.text or "" for each in _all(element, "AddtlInf")),
        settled=text_of(element, "FctvIntrBkSttlmDt/DtTm"),
        number=text_of(element, "ClrSysRef"),
    )


def entries_in(document: etree._Element) -> list[Entry]:
    """Read the entries of a camt.053 or camt.054."""
    return [
        Entry(
            text_of(each, "AcctSvcrRef"),
            Decimal(text_of(each, "Amt")),
            text_of(each, "CdtDbtInd") == "CRDT",
            text_of(each, "NtryDtls/TxDtls/Refs/TxId"),
            text_of(each, "NtryDtls/TxDtls/Refs/MsgId"),
            text_of(each, "BkTxCd/Domn/Cd"),
        )
        for each in _all(document, "Ntry")
    ]


def _statement(path: Path) -> Statement:
    document = read_valid(path)
    (statement,) = _all(document, "Stmt")
    balances, date = {}, ""
    for balance in _all(statement, "Bal"):
        sign = 1 if text_of(balance, "CdtDbtInd") == "CRDT" else -1
        code = text_of(balance, "Tp/CdOrPrtry/Cd")
        balances[code] = sign * Decimal(text_of(balance, "Amt"))
        date = text_of(balance, "Dt/Dt")
    return Statement(
        owner=text_of(statement, "Acct/Ownr/Id/OrgId/AnyBIC"),
        currency=text_of(statement, "Acct/Ccy"),
        servicer=text_of(statement, "Acct/Svcr/FinInstnId/BICFI"),
        date=date,
        sequence=int(text_of(statement, "ElctrncSeqNb")),
        balances=balances,
        entries=entries_in(document),
    )


# --- what holds of every run


def must_hold(inputs: Path, day: DayAtTheBank, scheme: dict[str, object]) -> None:
    """Check the promises of a run; ``scheme`` is the scheme file as plain TOML tables."""
    _every_input_has_one_answer(inputs, day)
    _every_transaction_has_one_status(inputs, day)
    _statements_follow_each_other(day, scheme)
    _notifications_and_statements_agree(day)
    _money_is_conserved(day)
    _what_settled_was_booked(day)
    _report_agrees(day)
    report = audit(day.out / "journal.sqlite")
    assert report.breaches == (), report.breaches


def _every_input_has_one_answer(inputs: Path, day: DayAtTheBank) -> None:
    assert len(day.answers) == len(list(inputs.iterdir()))


def _every_transaction_has_one_status(inputs: Path, day: DayAtTheBank) -> None:
    for path in inputs.iterdir():
        answer = day.answers.get(path.name)
        if answer is None or answer.unreadable or answer.request:
            continue
        if path.read_bytes().startswith(b"{1:"):
            assert len(answer.statuses) == 1, path.name
            continue
        root = etree.parse(path).getroot()
        sent = [*_all(root, "CdtTrfTxInf"), *_all(root, "DrctDbtTxInf")]
        references = [
            text_of(each, "PmtId/TxId") or text_of(each, "PmtId/InstrId") for each in sent
        ]
        returns = [each for each in _all(root, "TxInf") if text_of(each, "RtrdIntrBkSttlmAmt")]
        references += [text_of(each, "RtrId") for each in returns]
        shown = [each if len(each) <= 35 else each[:34] + "…" for each in references]
        assert [each.reference for each in answer.statuses] == shown, path.name
        for each in answer.statuses:
            assert each.status in ("ACSC", "RJCT", "PDNG")
            if each.status == "RJCT":
                assert each.reason, each
                assert each.text, each
            assert bool(each.settled) == (each.status == "ACSC")
        said = {each.status for each in answer.statuses}
        assert answer.group == (said.pop() if len(said) == 1 else "PART")


def _statements_follow_each_other(day: DayAtTheBank, scheme: dict[str, object]) -> None:
    issuers = {book["currency"]: book["issuer"] for book in scheme["book"]}  # type: ignore[attr-defined]
    dates: dict[str, set[str]] = defaultdict(set)
    for statement in day.statements:
        dates[statement.currency].add(statement.date)
    for member in scheme["member"]:  # type: ignore[attr-defined]
        for currency, account in member["accounts"].items():
            balance = Decimal(account.get("balance", "0"))
            limit = Decimal(account.get("limit", "0"))
            statements = day.days_of(member["bic"], currency)
            assert {each.date for each in statements} == dates[currency]
            assert [each.sequence for each in statements] == list(range(1, len(statements) + 1))
            for each in statements:
                assert each.servicer == issuers[currency]
                assert each.balances["OPBD"] == balance
                balance += sum(entry.signed for entry in each.entries)
                assert each.balances["CLBD"] == balance
                assert balance >= -limit


def _notifications_and_statements_agree(day: DayAtTheBank) -> None:
    with_entries = set()
    for statement in day.statements:
        name = f"{statement.owner}-{statement.currency}-{statement.date}.xml"
        if statement.entries:
            with_entries.add(name)
            assert entries_in(day.notifications[name]) == statement.entries
    assert set(day.notifications) == with_entries


def _money_is_conserved(day: DayAtTheBank) -> None:
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    sides: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for statement in day.statements:
        totals[statement.currency, statement.date] += statement.balances["CLBD"]
        for entry in statement.entries:
            sides[statement.currency, entry.reference].append(entry.signed)
    for currency in {currency for currency, _ in totals}:
        assert len({total for (each, _), total in totals.items() if each == currency}) == 1
    for reference, amounts in sides.items():
        # A cycle's net amounts are one entry for each member, and cancel out among all.
        of_cycle = reference[1].startswith("C")
        assert of_cycle or len(amounts) == 2, f"{reference}: not one debit and one credit"
        assert sum(amounts) == 0, f"{reference}: debit and credit differ"


def _what_settled_was_booked(day: DayAtTheBank) -> None:
    settled = {
        each.number
        for answer in day.answers.values()
        for each in (*answer.statuses, *answer.initiated)
        if each.status == "ACSC"
    }
    booked = {
        str(int(entry.reference.partition("-")[0]))
        for statement in day.statements
        for entry in statement.entries
        if not entry.reference.startswith("C")
    }
    # A camt.050 to another member is booked as well, and its receipt has no number.
    receipts = any(answer.request == "Rct" for answer in day.answers.values())
    assert settled <= booked if receipts else settled == booked


def _report_agrees(day: DayAtTheBank) -> None:
    report = day.report
    ended = sum(report[name]["payments"] for name in ("settled", "refused", "pending"))
    assert report["received"]["payments"] == ended
    assert report["files"] == len(day.answers)
    unreadable = [answer for answer in day.answers.values() if answer.unreadable]
    assert len(report["unreadable"]) == len(unreadable)
    html = (day.out / "report.html").read_text(encoding="utf-8")
    assert html.lower().startswith("<!doctype html>")
