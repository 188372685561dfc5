"""Status, cancellation and its answer: MT199/299 and pacs.002, MT192/292 and camt.056, MT196/296 and camt.029."""

from __future__ import annotations

import re

from paritas.iso20022.answers import StatusReport, TransactionStatus, pacs002
from paritas.iso20022.writer import (
    Draft,
    Header,
    agent,
    amount,
    branch,
    document,
    leaf,
    leaves,
    uetr,
)
from paritas.model.money import AmountError
from paritas.mt.outgoing import Item, Sides, money, write_items
from paritas.mt.parsing import MtMessage
from paritas.mt.parties import NOT_PROVIDED
from paritas.mt.translating import (
    ASSUMED,
    CUT,
    LOST,
    Fields,
    MtOut,
    Node,
    Said,
    UntranslatableError,
    bounded,
    read_codes,
    say_fields_lost,
)
from paritas.mt.values import read_amount, read_date, utc_minute, write_amount, write_date
from paritas.mt.writing import Envelope

CANCELLATION_TYPE = "camt.056.001.08"
RESOLUTION_TYPE = "camt.029.001.09"

#: The ISO 20022 messages that the numbers of MT in fields 11R and 11S stand for.
ORIGINALS = {
    "103": "pacs.008.001.08",
    "202": "pacs.009.001.08",
    "205": "pacs.009.001.08",
    "210": "camt.057.001.06",
}
_NUMBERS = {"pacs.008": "103", "pacs.009": "202", "camt.057": "210", "pacs.003": "104"}

# Ten lines of 105 characters, each broken after a space.
_SENTENCE_CHARACTERS = 900

_UETR = re.compile("[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}")
_REASON = re.compile(
    "[A-Z]{2}[0-9]{2}|AGNT|CURR|CUST|CUTA|DUPL|FRAD|INDM|LEGL|NARR|NOAS|NOOR|TECH|UPAY"
)
_TRACKER = re.compile(r"//([A-Z]{4})(?:/([A-Z0-9]{1,4}))?(?:/.*)?", re.ASCII)
_STATUSES = frozenset({"ACCC", "ACSC", "ACSP", "PDNG", "RJCT", "ACTC", "ACCP", "RCVD", "ACWC"})
_CONFIRMATIONS = frozenset({"CNCL", "PDCR", "RJCR"})
_SETTLED = re.compile(r"([0-9]{6})?([A-Z]{3})([0-9,]+)", re.ASCII)
_NOTES = frozenset({"REJT", "MREF", "TREF", "TEXT", "UETR", "CHGS"})


def status_report(message: MtMessage, created: str, header: Header | None, said: Said) -> Draft:
    """Translate the status in an MT199 or MT299 to a pacs.002.

    Raises UntranslatableError for one whose text says no status that is understood.
    """
    fields = Fields(message.fields)
    reference, related = bounded(fields, "20"), bounded(fields, "21")
    text = fields.value("79")
    codes = read_codes(text, 50)
    known = dict(reversed(codes))
    status, reason, sentence = _status(text, codes)
    found = _UETR.search(text)
    original = known.get("MREF", "") or related
    report = StatusReport(
        message_id=reference or NOT_PROVIDED,
        created=created,
        original_message_id=original,
        original_message_type=ORIGINALS["103" if message.number == "199" else "202"],
        instructing_agent=message.sender,
        instructed_agent=message.receiver,
    )
    each = TransactionStatus(
        status=status,
        instruction_id=original,
        end_to_end_id=known.get("TREF", ""),
        uetr=message.uetr or (found[0] if found is not None else ""),
        reason=reason,
        text=sentence,
    )
    if len(sentence) > _SENTENCE_CHARACTERS:
        said.add(CUT, ":79:", message.line, "the text is longer than a pacs.002 takes")
    say_fields_lost(fields, said, "pacs.002.001.10")
    said.add(
        ASSUMED, ":21:", message.line, f"the original is taken for a {report.original_message_type}"
    )
    return pacs002(report, [each], header)


def _status(text: str, codes: list[tuple[str, str]]) -> tuple[str, str, str]:
    """Return status, reason and sentence that a field 79 says, in the way of FIN or of gpi."""
    for line in text.split("\n"):
        match = _TRACKER.fullmatch(line.strip())
        if match is not None and match[1] in _STATUSES:
            return match[1], match[2] or "", ""
    if any(code == "REJT" for code, _ in codes):
        for code, sentence in codes:
            if code not in _NOTES:
                return "RJCT", code, sentence
        return "RJCT", "NARR", " ".join(sentence for code, sentence in codes if code == "TEXT")
    raise UntranslatableError("says no status (/REJT/ or a tracker's status) in field 79")


def status_message(out: MtOut, group: Node, tx: Node, report: Node, sides: Sides) -> Envelope:
    """Put one transaction's status of a pacs.002 into an MT199 or MT299."""
    original = tx.text("OrgnlGrpInf/OrgnlMsgNmId") or report.text("OrgnlMsgNmId")
    message_id = group.child("MsgId")
    related = (
        tx.child("OrgnlInstrId", "OrgnlTxId", "OrgnlEndToEndId")
        or tx.child("OrgnlGrpInf/OrgnlMsgId")
        or report.child("OrgnlMsgId")
    )
    text = related.value
    for node in (*tx.all("OrgnlGrpInf/OrgnlMsgId"), *report.all("OrgnlMsgId")):
        if node.peek_value() == text:
            node.take()
    out.add("20", out.cut(message_id.value, 16, "20", message_id))
    out.add("21", out.cut(text or "NONREF", 16, "21", related))
    status = tx.text("TxSts") or report.text("GrpSts")
    reason = tx.child("StsRsnInf") or report.child("StsRsnInf")
    code = reason.text("Rsn/Cd", "Rsn/Prtry")
    sentence = " ".join(node.value for node in reason.all("AddtlInf"))
    tracked = tx.text("OrgnlUETR")
    items: list[Item] = []
    end_to_end = tx.child("OrgnlEndToEndId")
    if status == "RJCT":
        items += [Item("REJT", "99", tx), Item(code or "NARR", sentence, reason)]
        if text:
            items.append(Item("MREF", out.cut(text, 16, "79", related), related))
        if end_to_end and end_to_end is not related:
            items.append(Item("TREF", out.cut(end_to_end.value, 16, "79", end_to_end), end_to_end))
        if tracked:
            items.append(Item("TEXT", f"/UETR/{tracked}", tx))
        write_items(out, "79", items, 35, 50)
    else:
        moment = "".join(utc_minute(sides.created))
        lines = [f"//{moment}+0000", f"//{status}" + (f"/{code}" if code else "")]
        if sides.sender:
            lines.append(f"//{sides.sender}")
        out.add("79", "\n".join(lines))
    return Envelope(
        number="299" if original.startswith("pacs.009") else "199",
        sender=sides.sender,
        receiver=sides.receiver,
        sent=sides.created,
        user_header={"121": tracked},
    )


def cancellation(message: MtMessage, created: str, header: Header | None, said: Said) -> Draft:
    """Translate an MT192 or MT292 to a camt.056; errors as in ``status_report``."""
    fields = Fields(message.fields)
    case, related = bounded(fields, "20") or NOT_PROVIDED, bounded(fields, "21")
    if not related:
        raise UntranslatableError("has no field 21, the reference of what is to be cancelled")
    original, day = _original(fields.value("11S"), "103" if message.number == "192" else "202")
    codes = read_codes(fields.value("79"), 50)
    known = dict(reversed(codes))
    reason = next((code for code, _ in codes if _REASON.fullmatch(code)), "")
    sentence = " ".join(
        text for code, text in codes if text and code not in _NOTES and code != reason
    )
    sentence = " ".join(part for part in (known.get(reason, ""), sentence) if part)
    found = _UETR.search(known.get("UETR", ""))
    money_element, settled = _original_amount(fields, said)
    say_fields_lost(fields, said, CANCELLATION_TYPE)
    transaction = branch(
        "TxInf",
        branch("Case", leaf("Id", case), _creator(message.sender)),
        _original_group(related, original, day),
        leaf("OrgnlInstrId", related),
        uetr("OrgnlUETR", message.uetr or (found[0] if found is not None else "")),
        money_element,
        leaf("OrgnlIntrBkSttlmDt", settled),
        branch(
            "CxlRsnInf",
            branch("Rsn", leaf("Cd", reason)),
            leaves("AddtlInf", sentence, 105, 20),
        ),
    )
    parts = (_assignment(message, case, created), branch("Undrlyg", transaction))
    return Draft(CANCELLATION_TYPE, document(CANCELLATION_TYPE, "FIToFIPmtCxlReq", parts), header)


def _original(value: str, default: str) -> tuple[str, str]:
    """Return the ISO message and the date that a field 11R or 11S names."""
    lines = value.split("\n")
    number = lines[0][:3] or default
    day = read_date(lines[1][:6]) if len(lines) > 1 else ""
    return ORIGINALS.get(number, f"MT{number}"), day


def _original_group(related: str, original: str, day: str) -> str:
    return branch(
        "OrgnlGrpInf",
        leaf("OrgnlMsgId", related),
        leaf("OrgnlMsgNmId", original),
        leaf("OrgnlCreDtTm", f"{day}T00:00:00" if day else ""),
    )


def _original_amount(fields: Fields, said: Said) -> tuple[str, str]:
    each = fields.take("32A", "32B")
    match = _SETTLED.fullmatch(each.value) if each is not None else None
    if each is None or match is None:
        return "", ""
    try:
        amount_minor = read_amount(match[3], match[2])
    except AmountError as error:
        raise UntranslatableError(f"field {each.tag}: {error}") from error
    settled = read_date(match[1] or "")
    return amount("OrgnlIntrBkSttlmAmt", amount_minor, match[2]), settled


def _creator(bic: str) -> str:
    known = agent("Agt", bic)
    return branch("Cretr", known or f"<Pty><Nm>{NOT_PROVIDED}</Nm></Pty>")


def _assignment(message: MtMessage, identifier: str, created: str) -> str:
    unknown = f"<Pty><Nm>{NOT_PROVIDED}</Nm></Pty>"
    return branch(
        "Assgnmt",
        leaf("Id", identifier),
        branch("Assgnr", agent("Agt", message.sender) or unknown),
        branch("Assgne", agent("Agt", message.receiver) or unknown),
        leaf("CreDtTm", created),
    )


def cancellation_message(out: MtOut, root: Node, tx: Node, sides: Sides) -> Envelope:
    """Put one cancellation of a camt.056 into an MT192 or MT292."""
    case = tx.child("Case/Id") or root.child("Case/Id")
    source = case or tx.child("CxlId") or root.child("Assgnmt/Id")
    out.add("20", out.cut(source.value, 16, "20", source))
    (tx.child("Case") or root.child("Case")).take("Cretr")
    tracked, number = _related(out, tx)
    _original_field(out, "11S", tx, number)
    items: list[Item] = []
    reasons = tx.all("CxlRsnInf")
    for reason in reasons:
        code = reason.text("Rsn/Cd", "Rsn/Prtry")
        sentence = " ".join(node.value for node in reason.all("AddtlInf"))
        items.append(Item(code or "NARR", sentence, reason))
    if tracked:
        items.append(Item("UETR", tracked, tx))
    write_items(out, "79", items, 35, 50)
    if money_node := tx.child("OrgnlIntrBkSttlmAmt"):
        currency, amount_minor = money(money_node)
        day = write_date(tx.text("OrgnlIntrBkSttlmDt"))
        value = currency + write_amount(amount_minor, currency)
        out.add("32A" if day else "32B", day + value)
    return _envelope("2" if number in ("202", "205", "210") else "1", "92", tracked, sides)


def _related(out: MtOut, tx: Node) -> tuple[str, str]:
    """Write field 21; returns the UETR and the MT number of the original."""
    related = tx.child("OrgnlInstrId", "OrgnlTxId", "OrgnlEndToEndId", "OrgnlGrpInf/OrgnlMsgId")
    text = related.value
    out.add("21", out.cut(text or "NONREF", 16, "21", related))
    message_id = tx.child("OrgnlGrpInf/OrgnlMsgId")
    if message_id.peek_value() == text:
        message_id.take()
    name = tx.text("OrgnlGrpInf/OrgnlMsgNmId")
    number = name[2:5] if name.startswith("MT") else _NUMBERS.get(name[:8], "103")
    return tx.text("OrgnlUETR"), number


def _original_field(out: MtOut, tag: str, tx: Node, number: str) -> None:
    created = tx.child("OrgnlGrpInf/OrgnlCreDtTm")
    day = write_date(created.value or tx.peek("OrgnlIntrBkSttlmDt"))
    if created.peek_value()[10:16] not in ("", "T00:00"):
        out.say(
            LOST, created, f"only the date of {created.peek_value()} has a place in field {tag}"
        )
    if day:
        out.add(tag, f"{number}\n{day}")


def _envelope(category: str, kind: str, tracked: str, sides: Sides) -> Envelope:
    return Envelope(
        number=category + kind,
        sender=sides.sender,
        receiver=sides.receiver,
        sent=sides.created,
        user_header={"121": tracked},
    )


def resolution(message: MtMessage, created: str, header: Header | None, said: Said) -> Draft:
    """Translate an MT196 or MT296 to a camt.029; errors as in ``status_report``."""
    fields = Fields(message.fields)
    identifier, case = bounded(fields, "20") or NOT_PROVIDED, bounded(fields, "21")
    codes = read_codes(fields.value("76"))
    confirmation = next((code for code, _ in codes if code in _CONFIRMATIONS), "")
    if not confirmation:
        raise UntranslatableError("says neither CNCL, PDCR nor RJCR in field 76")
    answer = dict(codes)[confirmation].lstrip("/")
    reason, sentence = (
        (answer[:4], answer[4:].strip(" /")) if _REASON.match(answer) else ("", answer)
    )
    sentence = " ".join([sentence, *(text for code, text in codes if code != confirmation)]).strip()
    narrative = read_codes(fields.value("77A"))
    found = _UETR.search("".join(text for code, text in narrative if code == "UETR"))
    original, day = _original(fields.value("11R"), "103" if message.number == "196" else "202")
    say_fields_lost(fields, said, RESOLUTION_TYPE)
    details = branch(
        "TxInfAndSts",
        leaf("CxlStsId", identifier),
        branch("RslvdCase", leaf("Id", case), _creator(message.receiver)) if case else "",
        _original_group(NOT_PROVIDED, original, day),
        uetr("OrgnlUETR", message.uetr or (found[0] if found is not None else "")),
        branch(
            "CxlStsRsnInf",
            branch("Rsn", leaf("Cd", reason)),
            leaves("AddtlInf", sentence, 105, 20),
        ),
    )
    parts = (
        _assignment(message, identifier, created),
        branch("Sts", leaf("Conf", confirmation)),
        branch("CxlDtls", details),
    )
    return Draft(RESOLUTION_TYPE, document(RESOLUTION_TYPE, "RsltnOfInvstgtn", parts), header)


def resolution_message(out: MtOut, root: Node, tx: Node, sides: Sides) -> Envelope:
    """Put one answer of a camt.029 into an MT196 or MT296."""
    source = tx.child("CxlStsId") or root.child("Assgnmt/Id")
    out.add("20", out.cut(source.value, 16, "20", source))
    case = tx.child("RslvdCase/Id") or root.child("RslvdCase/Id")
    (tx.child("RslvdCase") or root.child("RslvdCase")).take("Cretr")
    related = case or tx.child("OrgnlInstrId", "OrgnlEndToEndId", "OrgnlGrpInf/OrgnlMsgId")
    out.add("21", out.cut(related.value or "NONREF", 16, "21", related))
    status = root.text("Sts/Conf") or tx.text("TxCxlSts")
    reason = tx.child("CxlStsRsnInf")
    code = reason.text("Rsn/Cd", "Rsn/Prtry")
    sentence = " ".join(node.value for node in reason.all("AddtlInf"))
    answer = f"{code}/{sentence}" if code and sentence else code or sentence
    write_items(out, "76", [Item(status or "NARR", answer, reason)], 6)
    tracked = tx.text("OrgnlUETR")
    if tracked:
        write_items(out, "77A", [Item("UETR", tracked, tx)], 20)
    name = tx.text("OrgnlGrpInf/OrgnlMsgNmId")
    number = name[2:5] if name.startswith("MT") else _NUMBERS.get(name[:8], "103")
    _original_field(out, "11R", tx, number)
    return _envelope("2" if number in ("202", "205", "210") else "1", "96", tracked, sides)
