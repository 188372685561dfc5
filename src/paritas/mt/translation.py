"""From MT to ISO 20022 and back: which message becomes which, and who is asked to do it."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from paritas.iso20022.parsing import Placed, UnreadableError, find_messages, parse
from paritas.iso20022.values import Finding
from paritas.iso20022.writer import Draft, Header, OutboundInvalidError, valid_time
from paritas.model.parties import is_bic
from paritas.mt import transfers_in, transfers_out
from paritas.mt.parsing import MtMessage, read_mt
from paritas.mt.translating import (
    ASSUMED,
    REFUSED,
    MtOut,
    Node,
    Said,
    Translated,
    UntranslatableError,
)
from paritas.mt.values import read_time
from paritas.mt.writing import Envelope, write_mt

_SERVICE = "swift.cbprplus.02"
_SERVICES = {"STP": "swift.cbprplus.stp.02", "COV": "swift.cbprplus.cov.02"}

_ToIso = Callable[[MtMessage, str, Header | None, Said], Draft]

_TO_ISO: dict[str, _ToIso] = {
    "103": transfers_in.customer_transfer,
    "202": transfers_in.institution_transfer,
    "205": transfers_in.institution_transfer,
}


def to_iso(data: bytes, created: str = "") -> list[Translated]:
    """Translate every MT message of a file to ISO 20022; never raises, never empty.

    ``created`` (ISO date and time with zone) is when the new messages are made; without it, the time
    at which the sender put the MT in, and if that is missing too, the start of its value date.
    """
    return [_to_iso(message, created) for message in read_mt(data)]


def from_iso(data: bytes, statement: str = "MT940") -> list[Translated]:
    """Translate every ISO 20022 message of a file to MT, one for each transaction or page.

    ``statement`` is what a camt.053 becomes, "MT940" or "MT950". Never raises, never empty.
    """
    try:
        placed = find_messages(parse(data))
    except UnreadableError as error:
        return [_refused("", error.finding.text, error.finding.line)]
    if not placed:
        return [_refused("", "has no ISO 20022 Document in it")]
    return [result for each in placed for result in _from_iso(each, statement)]


def _refused(source: str, text: str, line: int = 0, said: Said | None = None) -> Translated:
    findings = tuple(said.findings) if said is not None else ()
    finding = Finding(REFUSED, "", line, f"{source or 'this'} {text}", "FF01")
    return Translated(source=source, message_type="", data=None, said=(*findings, finding))


def _to_iso(message: MtMessage, created: str) -> Translated:
    translate = _TO_ISO.get(message.number)
    unreadable = [finding for finding in message.findings if finding.code.startswith("mt.")]
    if unreadable:
        return Translated(
            source=message.name, message_type="", data=None, said=tuple(message.findings)
        )
    if translate is None:
        return _refused(message.name, "has no counterpart here", message.line)
    said = Said()
    moment = _moment(message, created, said)
    try:
        draft = translate(message, moment, _header(message, moment), said)
        data = draft.checked()
    except (UntranslatableError, OutboundInvalidError) as error:
        return _refused(message.name, str(error), message.line, said)
    return Translated(
        source=message.name, message_type=draft.message_type, data=data, said=tuple(said.findings)
    )


def _moment(message: MtMessage, created: str, said: Said) -> str:
    """Return when the new message is made; see ``to_iso``."""
    if valid_time(created):
        return created
    if moment := read_time(*message.sent):
        said.add(ASSUMED, "block 2", message.line, "the time of the sender is taken as UTC")
        return moment
    days = [field.value[:6] for field in message.fields if field.tag in ("32A", "30")]
    days += [field.value[1:7] for field in message.fields if field.tag.startswith(("62", "60"))]
    for day in days:
        if moment := read_time(day, "0000"):
            text = "when it was made is not said: the start of its day is taken"
            said.add(ASSUMED, "block 2", message.line, text)
            return moment
    return "2000-01-01T00:00:00+00:00"


def _header(message: MtMessage, created: str) -> Header | None:
    sender, receiver = message.sender, message.receiver
    if not is_bic(sender) or not is_bic(receiver):
        return None
    reference = next((f.value for f in message.fields if f.tag == "20" and f.value), "NONREF")
    service = _SERVICES.get(message.user_header.get("119", ""), _SERVICE)
    moment = created.removesuffix("+00:00") + "Z" if created.endswith("+00:00") else created
    return Header(sender, receiver, reference[:35], moment, service)


def _from_iso(placed: Placed, statement: str) -> list[Translated]:
    name = placed.message_type[:8]
    body = next(iter(placed.document), None)
    if body is None or name not in _FROM_ISO:
        return [_refused(placed.message_type, "has no counterpart here")]
    return _FROM_ISO[name](placed, body)


def _transfers(placed: Placed, body: etree._Element) -> list[Translated]:
    """Translate each transaction of a pacs.008 or pacs.009 on its own."""
    taken: set[etree._Element] = set()
    root = Node(body, taken)
    group, header = root.child("GrpHdr"), Node(placed.header, taken)
    header.take()
    group.take("MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "TtlIntrBkSttlmAmt")
    transfers = root.all("CdtTrfTxInf")
    if not transfers:
        return [_refused(placed.message_type, "has no CdtTrfTxInf")]
    return [_transfer(placed, group, header, tx) for tx in transfers]


def _transfer(placed: Placed, group: Node, header: Node, tx: Node) -> Translated:
    is_customer = placed.message_type.startswith("pacs.008")
    covers = bool(tx.child("UndrlygCstmrCdtTrf"))
    name = "MT103" if is_customer else "MT202 COV" if covers else "MT202"
    said = Said()
    out = MtOut(placed.document, name, said)
    sides = transfers_out.Sides(header, group, tx)
    write = transfers_out.customer_transfer if is_customer else transfers_out.institution_transfer
    try:
        envelope = write(out, group, tx, sides)
    except UntranslatableError as error:
        return _refused(placed.message_type, str(error), 0, said)
    out.lost(group)
    out.lost(tx)
    return finished(placed.message_type, out, envelope, said)


def finished(source: str, out: MtOut, envelope: Envelope, said: Said) -> Translated:
    """Write the message and say where it lacks a header."""
    if not is_bic(envelope.sender) or not is_bic(envelope.receiver):
        text = "sender or receiver is not known: blocks 1 and 2 are left out"
        said.add(ASSUMED, "AppHdr", 0, text)
    data = write_mt(envelope, out.fields)
    return Translated(source=source, message_type=out.name, data=data, said=tuple(said.findings))


_FROM_ISO: dict[str, Callable[[Placed, etree._Element], list[Translated]]] = {
    "pacs.008": _transfers,
    "pacs.009": _transfers,
}
