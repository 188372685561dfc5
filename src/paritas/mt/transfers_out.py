"""Credit transfers from ISO 20022: pacs.008 to MT103, pacs.009 to MT202, MT202 COV or MT205."""

from __future__ import annotations

import re

from paritas.mt.codes import (
    CATEGORY_CODES,
    CHARGE_BEARERS,
    CREDITOR_AGENT_CODES,
    INSTRUCTION_ORDER,
    OPERATIONS,
    TIMES,
    needs_instructed_amount,
)
from paritas.mt.elements import read_account
from paritas.mt.outgoing import Item, Sides, agent, money, party, write_items
from paritas.mt.parties import NOT_PROVIDED
from paritas.mt.translating import ASSUMED, CUT, LOST, MtOut, Node, UntranslatableError
from paritas.mt.values import fold, supported, write_amount, write_date
from paritas.mt.writing import Envelope

_CLOCK = re.compile(
    r"(?:[0-9-]{10}T)?([0-9]{2}):([0-9]{2}):[0-9.]+(?:Z|([+-][0-9]{2}):([0-9]{2}))?", re.ASCII
)
_CODED = re.compile(r"/([A-Z0-9]{2,8})/(.*)", re.ASCII | re.DOTALL)
_NO_STRAIGHT = re.compile("5[2-7]D|5[457]B|5[67]C")
_GPI = re.compile(r"G(00[1-9])")


def customer_transfer(out: MtOut, group: Node, tx: Node, sides: Sides) -> Envelope:
    """Put a CdtTrfTxInf of a pacs.008 into the fields of an MT103."""
    items: list[Item] = []
    _previous(tx, items)
    reference(out, group, tx)
    times(out, tx)
    user = {"103": _clearing(out, group), "119": "STP" if ".stp." in sides.service else ""}
    operation, codes = _payment_type(group, tx, items, user)
    out.add("23B", operation)
    codes += _creditor_agent_codes(out, tx, items)
    for code in sorted(codes, key=lambda code: INSTRUCTION_ORDER.index(code[:4])):
        out.add("23E", code)
    if re.fullmatch("[A-Z0-9]{3}", tx.peek("Purp/Prtry")):
        out.add("26T", tx.text("Purp/Prtry"))
    currency, amount_minor = settled_amount(out, group, tx)
    instructed = _instructed(out, tx, sides, currency, amount_minor)
    party(out, "50", tx.child("Dbtr"), tx.child("DbtrAcct"), is_ordering=True)
    agent(out, "52", tx.child("DbtrAgt"), tx.child("DbtrAgtAcct"))
    settlement(out, group)
    _chain(out, tx, items)
    party(out, "59", tx.child("Cdtr"), tx.child("CdtrAcct"), is_ordering=False)
    remittance(out, "70", _remittance_items(tx), 4)
    _charges(out, tx, currency, amount_minor, instructed)
    _next_agent(tx, items)
    write_items(out, "72", items, 6)
    _regulatory(out, tx)
    user["121"] = tx.text("PmtId/UETR")
    by_name = [tag for tag, _ in out.fields if _NO_STRAIGHT.fullmatch(tag)]
    if user["119"] and by_name:
        user["119"] = ""
        out.say(LOST, tx, f"an MT103 STP has no {', '.join(by_name)}: the MT is not marked STP")
    return Envelope(
        number="103",
        sender=sides.sender,
        receiver=sides.receiver,
        sent=sides.created,
        priority=_priority(group, tx),
        user_header={tag: user[tag] for tag in sorted(user)},
    )


def institution_transfer(out: MtOut, group: Node, tx: Node, sides: Sides) -> Envelope:
    """Put a CdtTrfTxInf of a pacs.009 into the fields of an MT202, or MT202 COV."""
    items: list[Item] = []
    user = {"103": _clearing(out, group)}
    debtor_agent = tx.child("DbtrAgt")
    if bic := debtor_agent.text("FinInstnId/BICFI", "FinInstnId/BIC"):
        items.append(Item("INS", bic, debtor_agent))
    _previous(tx, items)
    reference(out, group, tx)
    end_to_end = tx.child("PmtId/EndToEndId")
    out.add("21", out.cut(end_to_end.value or "NONREF", 16, "21", end_to_end))
    times(out, tx)
    operation, codes = _payment_type(group, tx, items, user)
    if operation != "CRED":
        items.append(Item("LOCINS", operation, tx.child("PmtTpInf/LclInstrm/Prtry")))
    items += [Item("CATPURP", code, tx.child("PmtTpInf")) for code in codes]
    settled_amount(out, group, tx)
    agent(out, "52", tx.child("Dbtr"), tx.child("DbtrAcct"))
    settlement(out, group)
    _chain(out, tx, items)
    agent(out, "58", tx.child("Cdtr"), tx.child("CdtrAcct"))
    _creditor_agent_codes(out, tx, items)
    covered = tx.child("UndrlygCstmrCdtTrf")
    if not covered:
        items += _bank_remittance(tx)
    _next_agent(tx, items)
    write_items(out, "72", items, 6)
    if covered:
        user["119"] = "COV"
        _covered(out, covered, sides)
    user["121"] = tx.text("PmtId/UETR")
    return Envelope(
        number="202",
        sender=sides.sender,
        receiver=sides.receiver,
        sent=sides.created,
        priority=_priority(group, tx),
        user_header={tag: user[tag] for tag in sorted(user)},
    )


def _covered(out: MtOut, tx: Node, sides: Sides) -> None:
    """Write sequence B of an MT202 COV: the customer's transfer that it covers."""
    party(out, "50", tx.child("Dbtr"), tx.child("DbtrAcct"), is_ordering=True)
    agent(out, "52", tx.child("DbtrAgt"), tx.child("DbtrAgtAcct"))
    agent(out, "56", tx.child("IntrmyAgt1"), tx.child("IntrmyAgt1Acct"))
    agent(out, "57", tx.child("CdtrAgt"), tx.child("CdtrAgtAcct"))
    party(out, "59", tx.child("Cdtr"), tx.child("CdtrAcct"), is_ordering=False)
    remittance(out, "70", _remittance_items(tx), 4)
    items: list[Item] = []
    _previous(tx, items)
    _creditor_agent_codes(out, tx, items)
    _next_agent(tx, items)
    write_items(out, "72", items, 6)
    if instructed := tx.child("InstdAmt"):
        currency, amount_minor = money(instructed)
        out.add("33B", currency + write_amount(amount_minor, currency))


def reference(out: MtOut, group: Node, tx: Node) -> None:
    """Write field 20: the instruction's identifier, else the next best one."""
    source = tx.child("PmtId/InstrId", "PmtId/TxId") or group.child("MsgId")
    text = source.value
    if not text:
        raise UntranslatableError("has no identifier for field 20")
    out.add("20", out.cut(text, 16, "20", source))
    # The message's and the transaction's own identifiers often repeat the instruction's.
    for other in (group.child("MsgId"), tx.child("PmtId/TxId")):
        if other.peek_value() == text:
            other.take()


def settled_amount(out: MtOut, group: Node, tx: Node) -> tuple[str, int]:
    """Write field 32A and return its currency and amount."""
    node = tx.child("IntrBkSttlmAmt")
    if not node:
        raise UntranslatableError("has no IntrBkSttlmAmt for field 32A")
    currency, amount_minor = money(node)
    day = write_date(tx.text("IntrBkSttlmDt") or group.text("IntrBkSttlmDt"))
    if not day:
        raise UntranslatableError("has no IntrBkSttlmDt for field 32A")
    group.take("IntrBkSttlmDt")
    out.add("32A", f"{day}{currency}{write_amount(amount_minor, currency)}")
    return currency, amount_minor


def _instructed(out: MtOut, tx: Node, sides: Sides, currency: str, amount_minor: int) -> bool:
    """Write fields 33B and 36; returns whether there is a 33B."""
    node = tx.child("InstdAmt")
    if node:
        currency, amount_minor = money(node)
    elif tx.child("ChrgsInf"):
        out.say(ASSUMED, tx.child("ChrgsInf"), "33B, which charges need, repeats the amount of 32A")
    elif needs_instructed_amount(sides.sender, sides.receiver):
        out.say(ASSUMED, tx, "33B, which these countries need, repeats the amount of 32A")
    else:
        return False
    out.add("33B", currency + write_amount(amount_minor, currency))
    rate = tx.child("XchgRate")
    if rate and node:
        text = rate.value
        whole, _, decimals = text.partition(".")
        written = f"{whole},{decimals}"
        if len(written) > 12:
            written = written[:12]
            out.say(CUT, rate, f"rate {text} is cut to {written} in field 36")
        out.add("36", written)
    return True


def times(out: MtOut, tx: Node) -> None:
    """Write fields 13C."""
    for path, code in TIMES.items():
        node = tx.child(path)
        match = _CLOCK.fullmatch(node.peek_value()) if node else None
        if match is not None:
            hours, minutes, zone_hours, zone_minutes = match.groups()
            node.take()
            zone = f"{zone_hours or '+00'}{zone_minutes or '00'}"
            out.add("13C", f"/{code}/{hours}{minutes}{zone}")


def _clearing(out: MtOut, group: Node) -> str:
    """Return block 3 field 103 for a clearing system that has a three letter code."""
    method = group.child("SttlmInf/SttlmMtd")
    text = method.value
    system = group.peek("SttlmInf/ClrSys/Cd")
    if text == "CLRG" and re.fullmatch("[A-Z]{3}", system):
        return group.text("SttlmInf/ClrSys/Cd")
    if text in ("CLRG", "INGA"):
        out.say(LOST, method, f"settlement method {text} has no place in {out.name}")
    return ""


def settlement(out: MtOut, group: Node) -> None:
    """Write fields 53, 54 and 55: the account or the institutions that settle."""
    info = group.child("SttlmInf")
    account = read_account(info.child("SttlmAcct"))
    for number, tag in (
        ("53", "InstgRmbrsmntAgt"),
        ("54", "InstdRmbrsmntAgt"),
        ("55", "ThrdRmbrsmntAgt"),
    ):
        if number == "53" and account and not info.child(tag):
            out.add("53B", f"/{account[:34]}")
        else:
            agent(out, number, info.child(tag), info.child(f"{tag}Acct"))


def _payment_type(
    group: Node, tx: Node, items: list[Item], user: dict[str, str]
) -> tuple[str, list[str]]:
    """Return fields 23B and 23E; what has no code there goes to ``items`` and ``user``."""
    kind = tx.child("PmtTpInf") or group.child("PmtTpInf")
    operation, codes = "CRED", []
    for level in kind.all("SvcLvl"):
        code = level.peek("Cd")
        match = _GPI.fullmatch(code)
        if match is not None and "111" not in user:
            user["111"] = match[1]
            level.text("Cd")
        elif code == "SDVA":
            codes.append(level.text("Cd"))
        else:
            items.append(Item("SVCLVL", level.text("Cd", "Prtry"), level))
    instrument = kind.child("LclInstrm")
    if instrument.peek("Prtry") in OPERATIONS:
        operation = instrument.text("Prtry")
    elif text := instrument.text("Cd", "Prtry"):
        items.append(Item("LOCINS", text, instrument))
    category = kind.child("CtgyPurp")
    if category.peek("Cd") in CATEGORY_CODES:
        codes.append(category.text("Cd"))
    elif text := category.text("Cd", "Prtry"):
        items.append(Item("CATPURP", text, category))
    return operation, codes


def _priority(group: Node, tx: Node) -> str:
    kind = tx.child("PmtTpInf") or group.child("PmtTpInf")
    return "U" if kind.text("InstrPrty") == "HIGH" else "N"


def _creditor_agent_codes(out: MtOut, tx: Node, items: list[Item]) -> list[str]:
    """Return codes for field 23E; instructions that have none go to ``items``."""
    codes: list[str] = []
    for node in tx.all("InstrForCdtrAgt"):
        code, text = node.text("Cd"), node.text("InstrInf")
        if code in CREDITOR_AGENT_CODES and out.name.startswith("MT103"):
            codes.append(out.cut(f"{code}/{text}" if text else code, 35, "23E", node))
        elif code:
            items.append(Item(code, text, node))
        elif text:
            items.append(_coded(text, "ACC", node))
    return codes


def _next_agent(tx: Node, items: list[Item]) -> None:
    for node in tx.all("InstrForNxtAgt"):
        code, text = node.text("Cd"), node.text("InstrInf")
        if code:
            items.append(Item(code, text, node))
        elif text:
            items.append(_coded(text, "REC", node))


def _coded(text: str, code: str, node: Node) -> Item:
    """Keep the code that a text begins with, else give it one."""
    match = _CODED.fullmatch(text)
    return Item(match[1], match[2], node) if match is not None else Item(code, text, node)


def _previous(tx: Node, items: list[Item]) -> None:
    """Put the instructing agents before the sender into field 72, the first of them first."""
    for tag in ("PrvsInstgAgt3", "PrvsInstgAgt2", "PrvsInstgAgt1", "PrvsInstgAgt"):
        for node in tx.all(tag):
            if text := node.text("FinInstnId/BICFI", "FinInstnId/BIC", "FinInstnId/Nm"):
                items.append(Item("INS", text, node))


def _chain(out: MtOut, tx: Node, items: list[Item]) -> None:
    """Write fields 56 and 57; agents between them have only field 72."""
    agent(out, "56", tx.child("IntrmyAgt1"), tx.child("IntrmyAgt1Acct"))
    agent(out, "57", tx.child("CdtrAgt"), tx.child("CdtrAgtAcct"))
    for tag in ("IntrmyAgt2", "IntrmyAgt3"):
        node = tx.child(tag)
        if text := node.text("FinInstnId/BICFI", "FinInstnId/BIC", "FinInstnId/Nm"):
            items.append(Item("INTA", text, node))


def _charges(out: MtOut, tx: Node, currency: str, amount_minor: int, instructed: bool) -> None:
    """Write fields 71A, 71F and 71G."""
    node = tx.child("ChrgBr")
    bearer = node.value
    code = CHARGE_BEARERS.get(bearer, "SHA")
    if bearer not in CHARGE_BEARERS:
        out.say(ASSUMED, node, f"charge bearer {bearer or 'not given'} is SHA in field 71A")
    out.add("71A", code)
    charges = tx.all("ChrgsInf")
    for position, charge in enumerate(charges):
        charge_currency, charge_minor = money(charge.child("Amt"))
        if charge.peek("Agt/FinInstnId/Nm", "Pty/FinInstnId/Nm") == NOT_PROVIDED:
            charge.take("Agt", "Pty")
        if code != "OUR":
            out.add("71F", charge_currency + write_amount(charge_minor, charge_currency))
        elif not position:
            out.add("71G", charge_currency + write_amount(charge_minor, charge_currency))
        else:
            out.say(LOST, charge, "only one charge has a place in field 71G")
    if code == "BEN" and not charges:
        out.say(ASSUMED, node, "71F, which BEN needs, is zero")
        if not instructed:
            out.add("33B", currency + write_amount(amount_minor, currency))
        out.add("71F", f"{currency}0,")


def _regulatory(out: MtOut, tx: Node) -> None:
    """Write field 77B from the first regulatory report's lines."""
    lines: list[str] = []
    for report in tx.all("RgltryRptg"):
        for details in report.all("Dtls/Inf"):
            text = out.plain(details.value, "77B", details)
            if len(lines) == 3 or len(text) > 35:
                out.say(CUT, details, f"{text!r} does not fit field 77B")
            if len(lines) < 3:
                lines.append(text if len(text) <= 35 else text[:34] + "+")
        if lines:
            report.take("DbtCdtRptgInd")
    out.add("77B", "\n".join(lines))


def _remittance_items(tx: Node) -> list[Item]:
    """Return what field 70 says in CBPR+: parties behind, purpose, end-to-end id, remittance."""
    items: list[Item] = []
    for tag, code in (("UltmtCdtr", "ULTB"), ("UltmtDbtr", "ULTD")):
        node = tx.child(tag)
        if name := node.text("Nm", "Id/OrgId/AnyBIC"):
            town, country = node.text("PstlAdr/TwnNm"), node.text("PstlAdr/Ctry")
            place = " ".join(text for text in (country, town) if text)
            items.append(Item(code, f"{name}/{place}" if place else name, node))
    purpose = tx.child("Purp")
    if text := purpose.text("Cd", "Prtry"):
        items.append(Item("PURP", text, purpose))
    end_to_end = tx.child("PmtId/EndToEndId")
    if (text := end_to_end.value) and text != NOT_PROVIDED:
        items.append(Item("ROC", text, end_to_end))
    remittance_node = tx.child("RmtInf")
    if text := remittance_text(remittance_node):
        items.append(Item("URI" if items else "", text, remittance_node))
    return items


def _bank_remittance(tx: Node) -> list[Item]:
    items = []
    if text := tx.text("Purp/Cd", "Purp/Prtry"):
        items.append(Item("PURP", text, tx.child("Purp")))
    if text := remittance_text(tx.child("RmtInf")):
        items.append(Item("BNF", text, tx.child("RmtInf")))
    return items


def remittance_text(node: Node) -> str:
    """Return remittance information as one text: free, then references of structured ones."""
    texts = [each.value for each in node.all("Ustrd")]
    for structured in node.all("Strd"):
        for document in structured.all("RfrdDocInf"):
            if number := document.text("Nb"):
                texts.append(f"/INV/{number}")
        if creditor := structured.text("CdtrRefInf/Ref"):
            texts.append(f"/RFB/{creditor}")
        texts += [each.value for each in structured.all("AddtlRmtInf")]
    return " ".join(text for text in texts if text)


def remittance(out: MtOut, tag: str, items: list[Item], lines_max: int) -> None:
    """Write field 70: one text, in which "//" stands before each code after the first."""
    texts = [f"/{item.code}/{item.text}" if item.code else item.text for item in items]
    if not texts:
        return
    for item in items:
        out.plain(item.text, tag, item.source)
    lines, is_cut = fold(supported("//".join(texts)), 35, lines_max)
    if is_cut:
        out.say(CUT, items[-1].source, f"field {tag} ends in + after {lines_max} lines")
    out.add(tag, "\n".join(lines))
