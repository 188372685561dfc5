"""From MT to ISO 20022 and back: which message becomes which, and who is asked to do it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lxml import etree

from paritas.iso20022.gate import OutboundInvalidError
from paritas.iso20022.parsing import Placed, UnreadableError, find_messages, parse
from paritas.iso20022.values import Finding
from paritas.iso20022.writer import Draft, Header, valid_time
from paritas.model.money import AmountError
from paritas.model.parties import is_bic
from paritas.mt import accounts_in, accounts_out, answers, transfers_in, transfers_out
from paritas.mt.outgoing import Sides
from paritas.mt.parsing import FIELD_CHARACTERS_MAX, MtMessage, read_mt
from paritas.mt.translating import (
    ASSUMED,
    REFUSED,
    MtOut,
    Node,
    Notes,
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
    "192": answers.cancellation,
    "292": answers.cancellation,
    "196": answers.resolution,
    "296": answers.resolution,
    "199": answers.status_report,
    "299": answers.status_report,
    "900": accounts_in.notification,
    "910": accounts_in.notification,
    "940": accounts_in.statement,
    "942": accounts_in.report,
    "950": accounts_in.statement,
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
    for field in message.fields:
        if len(field.value) > FIELD_CHARACTERS_MAX:
            text = f"has more than {FIELD_CHARACTERS_MAX:,} characters in field {field.tag}"
            return _refused(message.name, text, field.line)
    if translate is None:
        return _refused(message.name, "has no counterpart here", message.line)
    said = Said()
    moment = _moment(message, created, said)
    try:
        draft = translate(message, moment, _header(message, moment), said)
        data = draft.checked()
    except (UntranslatableError, AmountError, OutboundInvalidError) as error:
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


class _Source:
    """One ISO 20022 message that is being taken apart."""

    def __init__(self, placed: Placed, body: etree._Element, statement: str) -> None:
        notes = Notes()
        self.message_type = placed.message_type
        self.document = placed.document
        self.root = Node(body, notes)
        self.group = self.root.child("GrpHdr")
        self.header = Node(placed.header, notes)
        self.statement = statement
        self.header.take()
        self.group.take("CreDtTm", "NbOfTxs", "CtrlSum", "TtlIntrBkSttlmAmt")

    def put(self, name: str, write: Callable[[MtOut], Envelope], *carried: Node) -> Translated:
        """Make one MT by ``write`` and say what of ``carried`` it did not take."""
        said = Said()
        out = MtOut(self.document, name, said)
        try:
            envelope = write(out)
        except (UntranslatableError, AmountError) as error:
            return _refused(self.message_type, str(error), 0, said)
        for node in carried:
            out.lost(node)
        flag = envelope.user_header.get("119", "")
        out.name = f"MT{envelope.number} {flag}".strip()
        return self.finished(out, envelope, said)

    def finished(self, out: MtOut, envelope: Envelope, said: Said) -> Translated:
        """Write the message and say where it lacks a header."""
        if not is_bic(envelope.sender) or not is_bic(envelope.receiver):
            text = "sender or receiver is not known: all X in blocks 1 and 2"
            said.add(ASSUMED, "AppHdr", 0, text)
        return Translated(
            source=self.message_type,
            message_type=out.name,
            data=write_mt(envelope, out.fields),
            said=tuple(said.findings),
        )

    def sides(self, node: Node) -> Sides:
        """Return sender and receiver as header, group or ``node`` says."""
        return Sides(self.header, self.group, node)


def _from_iso(placed: Placed, statement: str) -> list[Translated]:
    translate = _FROM_ISO.get(placed.message_type[:8])
    body = next(iter(placed.document), None)
    if body is None or translate is None:
        return [_refused(placed.message_type, "has no counterpart here")]
    results = translate(_Source(placed, body, statement))
    return results or [_refused(placed.message_type, "holds nothing that could be translated")]


def _transfers(source: _Source) -> list[Translated]:
    """Translate each transaction of a pacs.008 or pacs.009 on its own."""
    is_customer = source.message_type.startswith("pacs.008")
    write = transfers_out.customer_transfer if is_customer else transfers_out.institution_transfer
    results = []
    for tx in source.root.all("CdtTrfTxInf"):
        covers = bool(tx.child("UndrlygCstmrCdtTrf"))
        name = "MT103" if is_customer else "MT202 COV" if covers else "MT202"
        make = partial(write, group=source.group, tx=tx, sides=source.sides(tx))
        results.append(source.put(name, make, source.group, tx))
    return results


def _statuses(source: _Source) -> list[Translated]:
    """Translate each transaction's status of a pacs.002, or the whole message's."""
    report = source.root.child("OrgnlGrpInfAndSts")
    transactions = source.root.all("TxInfAndSts") or ([report] if report else [])
    results = []
    for tx in transactions:
        make = partial(
            answers.status_message,
            group=source.group,
            tx=tx,
            report=report,
            sides=source.sides(tx),
        )
        results.append(source.put("MT199", make, report, tx))
    return results


def _cancellations(source: _Source) -> list[Translated]:
    return _cases(source, "Undrlyg/TxInf", answers.cancellation_message, "MT192")


def _resolutions(source: _Source) -> list[Translated]:
    return _cases(source, "CxlDtls/TxInfAndSts", answers.resolution_message, "MT196")


def _cases(
    source: _Source, path: str, write: Callable[..., Envelope], name: str
) -> list[Translated]:
    """Translate each transaction of a camt.056 or camt.029."""
    assignment = source.root.child("Assgnmt")
    sides = source.sides(source.root)
    for tag in ("Assgnr", "Assgne"):
        bic = assignment.text(f"{tag}/Agt/FinInstnId/BICFI", f"{tag}/Agt/FinInstnId/BIC")
        if tag == "Assgnr":
            sides.sender = sides.sender or bic
        else:
            sides.receiver = sides.receiver or bic
    sides.created = sides.created or assignment.peek("CreDtTm")
    assignment.take("Id", "CreDtTm")
    return [
        source.put(name, partial(write, root=source.root, tx=tx, sides=sides), assignment, tx)
        for tx in source.root.all(path)
    ]


def _statements(source: _Source) -> list[Translated]:
    """Translate each Stmt of a camt.053 to as many pages as it needs."""
    results: list[Translated] = []
    with_text = source.statement != "MT950"
    for node in source.root.all("Stmt"):
        said = Said()
        out = MtOut(source.document, "MT940" if with_text else "MT950", said)
        sides = _account_sides(source, node)
        try:
            pages = accounts_out.statement_pages(
                out, source.group.child("MsgId"), node, sides.created, with_text
            )
        except (UntranslatableError, AmountError) as error:
            results.append(_refused(source.message_type, str(error), 0, said))
            continue
        out.lost(node)
        envelope = accounts_out.envelope(out.name[2:], sides)
        for fields in pages:
            out.fields = []
            for field in fields:
                out.add(*field)
            results.append(source.finished(out, envelope, said))
            # What was said is said of the whole statement, once.
            said = Said()
    return results


def _reports(source: _Source) -> list[Translated]:
    """Translate each Rpt of a camt.052."""
    results = []
    for node in source.root.all("Rpt"):
        sides = _account_sides(source, node)

        def write(out: MtOut, node: Node = node, sides: Sides = sides) -> Envelope:
            message_id = source.group.child("MsgId")
            accounts_out.report_fields(out, message_id, node, sides.created)
            return accounts_out.envelope("942", sides)

        results.append(source.put("MT942", write, node))
    return results


def _notifications(source: _Source) -> list[Translated]:
    """Translate each entry of a camt.054 on its own."""
    entries = [(node, each) for node in source.root.all("Ntfctn") for each in node.all("Ntry")]
    results = []
    for node, entry in entries:
        sides = _account_sides(source, node)
        node.take("Id", "CreDtTm", "ElctrncSeqNb", "Acct/Ccy")
        only = len(entries) == 1

        def write(
            out: MtOut,
            node: Node = node,
            entry: Node = entry,
            sides: Sides = sides,
            only: bool = only,
        ) -> Envelope:
            message_id = source.group.child("MsgId")
            number = accounts_out.notification_fields(
                out, message_id, node, entry, sides.created, only
            )
            return accounts_out.envelope(number, sides)

        results.append(source.put("MT900", write, node.child("Acct"), entry))
    return results


def _account_sides(source: _Source, node: Node) -> Sides:
    """Return sender and receiver, else the account's servicer and owner."""
    sides = source.sides(node)
    servicer = node.text("Acct/Svcr/FinInstnId/BICFI", "Acct/Svcr/FinInstnId/BIC")
    owner = node.text("Acct/Ownr/Id/OrgId/AnyBIC", "Acct/Ownr/Id/OrgId/BICOrBEI")
    sides.sender = sides.sender or servicer
    sides.receiver = sides.receiver or owner
    return sides


_FROM_ISO: dict[str, Callable[[_Source], list[Translated]]] = {
    "pacs.008": _transfers,
    "pacs.009": _transfers,
    "pacs.002": _statuses,
    "camt.056": _cancellations,
    "camt.029": _resolutions,
    "camt.053": _statements,
    "camt.052": _reports,
    "camt.054": _notifications,
}
