"""Pieces that every MT made from ISO 20022 has: sides, amounts, parties, coded lines."""

from __future__ import annotations

from paritas.model.money import AmountError, parse_amount
from paritas.mt.elements import read_agent, read_customer
from paritas.mt.parties import Written, write_agent, write_customer
from paritas.mt.translating import CUT, LOST, MtOut, Node, UntranslatableError
from paritas.mt.values import fold, same_bic

_AMOUNT_CHARACTERS_MAX = 40


class Sides:
    """Sender and receiver of a message, as its header or its group says."""

    def __init__(self, header: Node, group: Node, transfer: Node) -> None:
        instructing = transfer.child("InstgAgt") or group.child("InstgAgt")
        instructed = transfer.child("InstdAgt") or group.child("InstdAgt")
        self.sender = header.text("Fr/FIId/FinInstnId/BICFI", "Fr/FIId/FinInstnId/BIC")
        self.receiver = header.text("To/FIId/FinInstnId/BICFI", "To/FIId/FinInstnId/BIC")
        for agent, bic in ((instructing, self.sender), (instructed, self.receiver)):
            if not bic or same_bic(bic, agent.peek("FinInstnId/BICFI", "FinInstnId/BIC")):
                agent.text("FinInstnId/BICFI", "FinInstnId/BIC")
        self.sender = self.sender or instructing.peek("FinInstnId/BICFI", "FinInstnId/BIC")
        self.receiver = self.receiver or instructed.peek("FinInstnId/BICFI", "FinInstnId/BIC")
        self.created = header.text("CreDt", "CreDtTm") or group.text("CreDtTm")
        self.service = header.text("BizSvc")


class Item:
    """A piece of field 70 or 72: its code, its text and where it comes from."""

    def __init__(self, code: str, text: str, source: Node) -> None:
        self.code, self.text, self.source = code, text, source


def money(node: Node) -> tuple[str, int]:
    """Return currency and minor units of an amount element; raises UntranslatableError if wrong."""
    currency = node.attribute("Ccy")
    return currency, decimal(node.value, currency)


def decimal(text: str, currency: str) -> int:
    """Return minor units; raises UntranslatableError for what is no amount of the currency."""
    if len(text) > _AMOUNT_CHARACTERS_MAX:
        raise UntranslatableError(f"{text[:40]!r} is no amount")
    try:
        return parse_amount(text, currency)
    except AmountError as error:
        raise UntranslatableError(str(error)) from error


def party(out: MtOut, number: str, node: Node, account: Node, is_ordering: bool) -> None:
    """Write a field 50 or 59 and say what of the party did not fit."""
    known = read_customer(node, account)
    if not known.bic and not known.name and not known.account:
        raise UntranslatableError(f"names no {'debtor' if is_ordering else 'creditor'}")
    written = write_customer(known, is_ordering)
    if known.identifier and known.identifier in written.value:
        node.take("Id/OrgId/Othr", "Id/PrvtId/Othr")
    _party_field(out, number, node, written)


def agent(out: MtOut, number: str, node: Node, account: Node) -> None:
    """Write an institution's field, also where the MT without it would mean the same."""
    if not node:
        return
    known = read_agent(node, account)
    _party_field(out, number, node, write_agent(known))


def _party_field(out: MtOut, number: str, node: Node, written: Written) -> None:
    tag = number + written.option
    for what in written.cut:
        out.say(CUT, node, f"the {what} is cut in field {tag} and marked by +")
    for what in written.lost:
        out.say(LOST, node, f"{what} has no place in field {tag}")
    out.plain(_names(node), tag, node)
    out.add(tag, written.value)


def _names(node: Node) -> str:
    """Return the texts of a party, to see whether set X has their characters."""
    return " ".join(
        text
        for path in ("Nm", "FinInstnId/Nm", "PstlAdr/StrtNm", "PstlAdr/TwnNm", "PstlAdr/AdrLine")
        if (text := node.peek(path))
    )


def write_items(out: MtOut, tag: str, items: list[Item], lines_max: int, width: int = 35) -> None:
    """Write coded lines, each text going on behind "//"; what does not fit is cut and said."""
    lines: list[str] = []
    for item in items:
        text = out.plain(f"/{item.code}/{item.text}", tag, item.source)
        room = lines_max - len(lines)
        if not room:
            out.say(LOST, item.source, f"{text[:60]!r} has no line left in field {tag}")
            lines[-1] = lines[-1][: width - 1] + "+" if lines[-1][-1:] != "+" else lines[-1]
            continue
        folded, is_cut = fold(text, width, room, "//")
        if is_cut:
            out.say(CUT, item.source, f"{text[:60]!r} is cut in field {tag} and marked by +")
        lines += folded
    out.add(tag, "\n".join(lines))
