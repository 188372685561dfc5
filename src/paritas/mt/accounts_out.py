"""Statements and notifications from ISO 20022: camt.053 to MT940 or MT950, camt.052 to MT942, camt.054 to MT900/910."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from paritas.mt.elements import read_account
from paritas.mt.outgoing import Item, Sides, agent, decimal, money, party, write_items
from paritas.mt.parties import NOT_PROVIDED
from paritas.mt.translating import ASSUMED, CUT, LOST, MtOut, Node, Notes, UntranslatableError
from paritas.mt.values import fold, write_amount, write_date
from paritas.mt.writing import Envelope

#: A message of the network has at most 2,000 characters; headers and balances need the rest.
PAGE_CHARACTERS = 1700

_KIND = re.compile("[NFS][A-Z0-9]{3}", re.ASCII)
_INSTANT = re.compile(
    r"([0-9-]{10})T([0-9]{2}):([0-9]{2})(?::[0-9.]+)?(?:Z|([+-][0-9]{2}):([0-9]{2}))?", re.ASCII
)
_PAGE = re.compile("[0-9]{1,5}", re.ASCII)
_FAMILIES = {"FORX": "NFEX", "SECU": "NSEC", "TRAD": "NDCR", "LDAS": "NLDP"}


@dataclass
class Line:
    """One entry as fields 61 and 86, and what it adds to the balance."""

    fields: list[tuple[str, str]]
    net_minor: int

    @property
    def characters(self) -> int:
        """How much room it takes in a message."""
        return sum(len(tag) + len(value) + 4 for tag, value in self.fields)


@dataclass
class Pages:
    """What all pages of one statement share."""

    reference: str
    account: str
    number: str
    first_page: int
    #: False if the source says that a later page ends the statement.
    is_last: bool
    currency: str


def statement_pages(
    out: MtOut, message_id: Node, node: Node, created: str, with_text: bool
) -> list[list[tuple[str, str]]]:
    """Put a Stmt into the fields of one MT940 or MT950, or of as many pages as it needs.

    Raises UntranslatableError where neither an opening nor a closing balance is stated.
    """
    lines = [
        line
        for entry in node.all("Ntry")
        if (line := _line(out, entry, created, with_text)) is not None
    ]
    opening, closing, available = _balances(out, node)
    known = opening or closing
    if known is None:
        raise UntranslatableError("states neither an opening nor a closing balance")
    currency, _, day = known
    net_minor = sum(line.net_minor for line in lines)
    if opening is None:
        assert closing is not None
        opening = (currency, closing[1] - net_minor, day)
        out.say(ASSUMED, node, "the opening balance is the closing one less the entries")
    if closing is None:
        closing = (currency, opening[1] + net_minor, day)
        out.say(ASSUMED, node, "the closing balance is the opening one and the entries")
    pages = _pages(out, message_id, node, currency, "StmtPgntn")
    texts = _text_field(out, node.child("AddtlStmtInf")) if with_text else []
    first_mark = "M" if pages.first_page > 1 else "F"
    result: list[list[tuple[str, str]]] = []
    balance_minor = opening[1]
    chunks = _chunks(lines)
    if len(chunks) > 1:
        pages.first_page = pages.first_page or 1
    for position, chunk in enumerate(chunks):
        mark = first_mark if not position else "M"
        fields = _page_start(pages, pages.first_page + position)
        fields.append((f"60{mark}", _balance(balance_minor, currency, opening[2])))
        for line in chunk:
            fields += line.fields
            balance_minor += line.net_minor
        if position < len(chunks) - 1:
            fields.append(("62M", _balance(balance_minor, currency, closing[2])))
        else:
            end_mark = "F" if pages.is_last else "M"
            fields.append((f"62{end_mark}", _balance(closing[1], currency, closing[2])))
            fields += [each for each in available if with_text or each[0] == "64"]
            fields += texts
        result.append(fields)
    return result


def report_fields(out: MtOut, message_id: Node, node: Node, created: str) -> None:
    """Put a Rpt into the fields of an MT942."""
    lines = [
        line for entry in node.all("Ntry") if (line := _line(out, entry, created, True)) is not None
    ]
    currency = node.child("Acct/Ccy").peek_value() or node.child("Ntry/Amt").attribute("Ccy")
    currency = currency or node.child("Bal/Amt").attribute("Ccy")
    if not currency:
        raise UntranslatableError("names no currency")
    pages = _pages(out, message_id, node, currency, "RptPgntn")
    for field in _page_start(pages, pages.first_page):
        out.add(*field)
    out.add("34F", f"{currency}0,")
    stated = node.text("CreDtTm") or created
    match = _INSTANT.match(stated)
    if match is None:
        raise UntranslatableError("has no date and time for field 13D")
    zone = f"{match[4] or '+00'}{match[5] or '00'}"
    out.add("13D", f"{write_date(match[1])}{match[2]}{match[3]}{zone}")
    for line in lines:
        for tag, value in line.fields:
            out.add(tag, value)
    _sums(out, node, currency)
    for field in _text_field(out, node.child("AddtlRptInf")):
        out.add(*field)


def notification_fields(
    out: MtOut, message_id: Node, node: Node, entry: Node, created: str, only: bool
) -> str:
    """Put one Ntry of a Ntfctn into the fields of an MT900 or MT910; returns the MT number."""
    is_credit = entry.text("CdtDbtInd") == "CRDT"
    details = entry.child("NtryDtls/TxDtls")
    own = message_id if only else entry.child("AcctSvcrRef", "NtryRef")
    own = own or details.child("Refs/AcctSvcrRef", "Refs/InstrId") or message_id
    out.add("20", out.cut(own.value, 16, "20", own))
    related = details.child("Refs/InstrId") or details.child("Refs/EndToEndId", "Refs/TxId")
    out.add("21", out.cut(related.value or "NONREF", 16, "21", related))
    out.add("25", _account(out, node.child("Acct")))
    currency, amount_minor = money(entry.child("Amt"))
    value_date = entry.text("ValDt/Dt", "ValDt/DtTm") or details.text("RltdDts/IntrBkSttlmDt")
    day = write_date(value_date or entry.peek("BookgDt/Dt", "BookgDt/DtTm"))
    if not day:
        day = write_date(created)
        out.say(ASSUMED, entry, f"the entry has no date: {day}, when the message was made")
    instant = _INSTANT.match(entry.peek("BookgDt/DtTm"))
    if instant is not None:
        entry.text("BookgDt/DtTm")
        zone = f"{instant[4] or '+00'}{instant[5] or '00'}"
        out.add("13D", f"{write_date(instant[1])}{instant[2]}{instant[3]}{zone}")
    out.add("32A", f"{day}{currency}{write_amount(amount_minor, currency)}")
    _repeated(details, entry)
    entry.take("Sts", "BkTxCd")
    _notified_parties(out, details, is_credit)
    items = [
        Item("REC", each.value, each)
        for each in (entry.child("AddtlNtryInf"), details.child("AddtlTxInf"))
        if each.peek_value()
    ]
    items += [
        Item("BNF", each.value, each) for each in details.all("RmtInf/Ustrd") if each.peek_value()
    ]
    write_items(out, "72", [_recoded(item) for item in items], 6)
    return "910" if is_credit else "900"


def envelope(number: str, sides: Sides) -> Envelope:
    """Return what stands around the fields."""
    return Envelope(number=number, sender=sides.sender, receiver=sides.receiver, sent=sides.created)


def _recoded(item: Item) -> Item:
    match = re.match(r"/([A-Z0-9]{2,8})/(.*)", item.text, re.ASCII)
    return Item(match[1], match[2], item.source) if match is not None else item


def _notified_parties(out: MtOut, details: Node, is_credit: bool) -> None:
    related, agents = details.child("RltdPties"), details.child("RltdAgts")
    before = len(out.fields)
    if is_credit:
        debtor = related.child("Dbtr/Pty") or related.child("Dbtr")
        if debtor.peek("Nm", "Id/OrgId/AnyBIC", "Id/OrgId/BICOrBEI"):
            party(out, "50", debtor, related.child("DbtrAcct"), is_ordering=True)
    none = Node(None, Notes())
    institution = agents.child("DbtrAgt") or related.child("Dbtr/Agt")
    if institution.peek("FinInstnId/BICFI", "FinInstnId/BIC", "FinInstnId/Nm"):
        agent(out, "52", institution, none)
    if is_credit:
        agent(out, "56", agents.child("IntrmyAgt1"), none)
    if is_credit and len(out.fields) == before:
        out.say(ASSUMED, details, "who ordered the credit is not said: 52D NOTPROVIDED")
        out.add("52D", NOT_PROVIDED)


def _repeated(details: Node, entry: Node) -> None:
    """Take what a single transaction's details only repeat of its entry."""
    for tag in ("Amt", "CdtDbtInd"):
        if details.peek(tag) == entry.peek(tag):
            details.take(tag)
    reference = entry.peek("AcctSvcrRef")
    if reference and details.peek("Refs/AcctSvcrRef") == reference:
        details.take("Refs/AcctSvcrRef")
    settled = details.peek("RltdDts/IntrBkSttlmDt")
    if settled and settled == entry.peek("ValDt/Dt"):
        details.take("RltdDts/IntrBkSttlmDt")


def _line(out: MtOut, entry: Node, created: str, with_text: bool) -> Line | None:
    """Return an entry as fields 61 and 86; None for one that is not booked."""
    status = entry.text("Sts/Cd", "Sts/Prtry", "Sts")
    if status not in ("BOOK", ""):
        entry.take()
        out.say(LOST, entry, f"the entry is {status}, not booked, and has no place in {out.name}")
        return None
    currency, amount_minor = money(entry.child("Amt"))
    is_credit = entry.text("CdtDbtInd") == "CRDT"
    is_reversal = entry.text("RvslInd") in ("true", "1")
    booked = entry.text("BookgDt/Dt", "BookgDt/DtTm")[:10]
    value_date = entry.text("ValDt/Dt", "ValDt/DtTm")[:10] or booked
    if not value_date:
        value_date = created[:10]
        out.say(ASSUMED, entry, f"the entry has no date: {value_date}, when the message was made")
    details = entry.child("NtryDtls/TxDtls")
    _repeated(details, entry)
    mark = {(True, False): "C", (False, False): "D", (True, True): "RD", (False, True): "RC"}
    text = write_date(value_date)
    text += write_date(booked)[2:] if booked and booked != value_date else ""
    text += mark[is_credit, is_reversal] + write_amount(amount_minor, currency)
    text += _kind(out, entry.child("BkTxCd")) + _owner_reference(out, details)
    servicer = entry.child("AcctSvcrRef") or details.child("Refs/AcctSvcrRef")
    if servicer:
        text += "//" + out.cut(servicer.value, 16, "61", servicer)
    supplement = details.child("AddtlTxInf")
    if supplement:
        text += "\n" + out.cut(supplement.value, 34, "61", supplement)
    fields = [("61", text)]
    if with_text:
        fields += _explanation(out, entry, details)
    return Line(fields, amount_minor if is_credit else -amount_minor)


def _owner_reference(out: MtOut, details: Node) -> str:
    for path in ("Refs/EndToEndId", "Refs/InstrId", "Refs/TxId"):
        node = details.child(path)
        if node.peek_value() not in ("", NOT_PROVIDED):
            text = node.value.replace("//", "/.")
            return out.cut(text, 16, "61", node)
    return "NONREF"


def _kind(out: MtOut, node: Node) -> str:
    """Return the transaction type of field 61; ISO's own codes say more than there is room for."""
    proprietary = node.peek("Prtry/Cd")
    codes = [node.peek(f"Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    node.take()
    if _KIND.fullmatch(proprietary):
        return proprietary
    charges = {"CHRG", "FEES", "COMM"} & set(codes[1:])
    kind = "NCHG" if charges else "NTRF" if codes[0] == "PMNT" else _FAMILIES.get(codes[0], "NMSC")
    shown = proprietary or "/".join(code for code in codes if code)
    if shown:
        out.say(LOST, node, f"bank transaction code {shown} is {kind} in field 61")
    return kind


def _explanation(out: MtOut, entry: Node, details: Node) -> list[tuple[str, str]]:
    """Return field 86: the entry's own text, else what its details say in codes."""
    node = entry.child("AddtlNtryInf")
    if node.peek_value():
        return _text_field(out, node)
    pieces: list[str] = []
    parties = details.child("RltdPties")
    for path, code in (("Dbtr", "ORDP"), ("Cdtr", "BENM")):
        who = parties.child(f"{path}/Pty") or parties.child(path)
        if name := who.text("Nm"):
            pieces.append(f"/{code}//NAME/{name}")
    if text := " ".join(each.value for each in details.all("RmtInf/Ustrd")):
        pieces.append(f"/REMI/{text}")
    if purpose := details.text("Purp/Cd"):
        pieces.append(f"/PURP/{purpose}")
    return _folded(out, "".join(pieces), details)


def _text_field(out: MtOut, node: Node) -> list[tuple[str, str]]:
    """Return a field 86, line by line where the source has lines that fit."""
    if not node.peek_value():
        return []
    assert node.element is not None
    raw = [line.strip() for line in (node.element.text or "").split("\n") if line.strip()]
    text = node.value
    if len(raw) <= 6 and all(len(line) <= 65 for line in raw):
        lines = [out.plain(line, "86", node) for line in raw]
        return [("86", "\n".join(lines))]
    return _folded(out, text, node)


def _folded(out: MtOut, text: str, node: Node) -> list[tuple[str, str]]:
    if not text:
        return []
    lines, is_cut = fold(out.plain(text, "86", node), 65, 6)
    if is_cut:
        out.say(CUT, node, f"{text[:60]!r} is cut in field 86 and marked by +")
    return [("86", "\n".join(lines))]


_Known = tuple[str, int, str]


def _balances(out: MtOut, node: Node) -> tuple[_Known | None, _Known | None, list[tuple[str, str]]]:
    """Return opening and closing balance, and fields 64 and 65."""
    opening: _Known | None = None
    closing: _Known | None = None
    available: dict[str, list[str]] = {"64": [], "65": []}
    for each in node.all("Bal"):
        code = each.peek("Tp/CdOrPrtry/Cd")
        if code not in ("OPBD", "PRCD", "CLBD", "CLAV", "FWAV"):
            continue
        if (code == "PRCD" and opening is not None) or (code == "CLBD" and closing is not None):
            continue
        each.take("Tp", "CdtLine")
        currency, amount_minor = money(each.child("Amt"))
        signed = amount_minor if each.text("CdtDbtInd") != "DBIT" else -amount_minor
        day = each.text("Dt/Dt", "Dt/DtTm")[:10]
        if code in ("OPBD", "PRCD"):
            opening = (currency, signed, day)
        elif code == "CLBD":
            closing = (currency, signed, day)
        else:
            tag = "64" if code == "CLAV" else "65"
            available[tag].append(_balance(signed, currency, day))
    fields = [("64", value) for value in available["64"][:1]]
    return opening, closing, fields + [("65", value) for value in available["65"]]


def _balance(amount_minor: int, currency: str, day: str) -> str:
    mark = "C" if amount_minor >= 0 else "D"
    return f"{mark}{write_date(day)}{currency}{write_amount(abs(amount_minor), currency)}"


def _account(out: MtOut, node: Node) -> str:
    number = read_account(node)
    if not number:
        raise UntranslatableError("names no account for field 25")
    return out.cut(number, 35, "25", node)


def _pages(out: MtOut, message_id: Node, node: Node, currency: str, pagination: str) -> Pages:
    identifier = node.child("Id") or message_id
    reference = out.cut(identifier.value, 16, "20", identifier)
    source = node.child("LglSeqNb") or node.child("ElctrncSeqNb")
    number = source.value
    if not number:
        out.say(ASSUMED, node, "the statement has no number: 1 in field 28C")
    if len(number) > 5:
        out.say(CUT, source, f"number {number} has only its last 5 digits in field 28C")
    pages = node.child(pagination)
    first = pages.text("PgNb")
    last = pages.text("LastPgInd")
    node.take("Acct/Ccy", "TxsSummry", "CreDtTm")
    return Pages(
        reference=reference,
        account=_account(out, node.child("Acct")),
        number=number[-5:] or "1",
        first_page=int(first) if _PAGE.fullmatch(first) else 0,
        is_last=last not in ("false", "0"),
        currency=currency,
    )


def _page_start(pages: Pages, page: int) -> list[tuple[str, str]]:
    # A statement that needs no second page and names none has only its number.
    number = f"{pages.number}/{page}" if page else pages.number
    return [("20", pages.reference), ("25", pages.account), ("28C", number)]


def _chunks(lines: Sequence[Line]) -> list[Sequence[Line]]:
    """Cut the entries into pages that the network takes."""
    starts, room = [0], PAGE_CHARACTERS
    for position, line in enumerate(lines):
        room -= line.characters
        if room < 0 and position > starts[-1]:
            starts.append(position)
            room = PAGE_CHARACTERS - line.characters
    return [lines[start:end] for start, end in pairwise([*starts, len(lines)])]


def _sums(out: MtOut, node: Node, currency: str) -> None:
    """Write fields 90D and 90C from the summary of the report."""
    for tag, path in (("90D", "TxsSummry/TtlDbtNtries"), ("90C", "TxsSummry/TtlCdtNtries")):
        summary = node.child(path)
        number, total = summary.peek("NbOfNtries"), summary.child("Sum")
        if number and total:
            amount_minor = decimal(total.value, currency)
            out.add(tag, f"{number}{currency}{write_amount(amount_minor, currency)}")
