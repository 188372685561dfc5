"""The conversation about payments in plain words, beside ``banker``: requests, and what they lead to.

10:00 BBBBCNB0XXX returns T1 INR 100.00 ref R1 [giving CNY 7.00]     pacs.004
10:00 BBBBCNB0XXX collects INR 100.00 from AAAAINB0XXX ref D1        pacs.010
10:00 AAAAINB0XXX initiates INR 100.00 to BBBBCNB0XXX ref P1 [in F]  pain.001
10:00 AAAAINB0XXX asks to cancel T1 [because DUPL] in C1             camt.056
10:00 BBBBCNB0XXX answers T1 RJCR [because CUST] in A1               camt.029
10:00 BBBBCNB0XXX says T1 ACCC [because AC04] in W1                  pacs.002
10:00 AAAAINB0XXX asks the status of T1 in S1                        pacs.028
10:00 AAAAINB0XXX moves INR 100.00 from ACCOUNT to ACCOUNT in L1     camt.050
10:00 AAAAINB0XXX asks for camt.053 of ACCOUNT [of +0] in Q1         camt.060
10:00 AAAAINB0XXX tells PING in E1                                   admi.004
10:00 AAAAINB0XXX confirms receipt of X in K1                        admi.007

mandate AAAAINB0XXX lets BBBBCNB0XXX collect INR 500.00
send T1 as MT                               the file is the MT that says the same

expect R1 in R1 settled, refused            as of any payment
expect C1 answered CNCL | PDCR | RJCR [CUST] [saying "..."]
expect S1 tells T1 ACSC | PDNG | RJCT [AM04]        expect S1 tells nothing
expect L1 receipt ACSC | RJCT [AM04]
expect W1 acknowledged RCVD | RJCT [NARR]
expect Q1 reports camt.052 ACCOUNT 900.00 entries 2
expect P1 initiated ACSC | RJCT [CNOR]
expect AAAAINB0XXX hears pacs.002 ACCC of T1        expect BBBBCNB0XXX hears nothing
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bank_day import DayAtTheBank, read_valid, text_of
from lxml import etree

from paritas.mt.translation import from_iso

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
TIME = r"(?:\+(?P<days>\d+) )?(?P<time>\d\d:\d\d(?::\d\d)?)"
BIC, MONEY = r"[A-Z0-9]{8,11}", r"[A-Z]{3} [0-9.]+"


@dataclass
class Talk:
    """One file of the conversation."""

    label: str
    name: str
    kind: str
    created: str
    said: dict[str, str]
    more: list[dict[str, str]]
    edits: list[tuple[str, str]]

    #: So that it can stand among the messages of a case.
    same_as: str = ""
    payments: Any = ()

    @property
    def id(self) -> str:
        return self.label


_LINES = {
    "pacs.004.001.09": rf"{TIME} (?P<who>{BIC}) returns (?P<what>\S+) (?P<money>{MONEY})"
    rf" ref (?P<ref>\S+)(?: giving (?P<giving>{MONEY}))?(?: dated (?P<dated>\S+))?",
    "pacs.010.001.03": rf"{TIME} (?P<who>{BIC}) collects (?P<money>{MONEY}) from (?P<payer>{BIC})"
    r" ref (?P<ref>\S+)",
    "pain.001.001.09": rf"{TIME} (?P<who>{BIC}) initiates (?P<money>{MONEY}) to (?P<payee>{BIC})"
    r" ref (?P<ref>\S+)(?: in (?P<label>\S+))?",
    "camt.056.001.08": rf"{TIME} (?P<who>{BIC}) asks to cancel (?P<what>\S+)"
    r"(?: because (?P<reason>\w+))? in (?P<label>\S+)",
    "camt.029.001.09": rf"{TIME} (?P<who>{BIC}) answers (?P<what>\S+) (?P<status>\w{{4}})"
    r"(?: because (?P<reason>\w+))? in (?P<label>\S+)",
    "pacs.002.001.10": rf"{TIME} (?P<who>{BIC}) says (?P<what>\S+) (?P<status>\w{{4}})"
    r"(?: because (?P<reason>\w+))? in (?P<label>\S+)",
    "pacs.028.001.03": rf"{TIME} (?P<who>{BIC}) asks the status of (?P<what>\S+) in (?P<label>\S+)",
    "camt.050.001.07": rf"{TIME} (?P<who>{BIC}) moves (?P<money>{MONEY}) from (?P<source>\S+)"
    r" to (?P<target>\S+) in (?P<label>\S+)",
    "camt.060.001.05": rf"{TIME} (?P<who>{BIC}) asks for (?P<wanted>camt\.05\d) of (?P<account>\S+)"
    r"(?: of (?P<date>\S+))? in (?P<label>\S+)",
    "admi.004.001.02": rf"{TIME} (?P<who>{BIC}) tells (?P<event>\S+) in (?P<label>\S+)",
    "admi.007.001.01": rf"{TIME} (?P<who>{BIC}) confirms receipt of (?P<what>\S+) in (?P<label>\S+)",
}


def talk_line(case: Any, line: str) -> bool:
    """Understand a line of the conversation."""
    if match := re.fullmatch(rf"mandate ({BIC}) lets ({BIC}) collect ([A-Z]{{3}}) (\S+)", line):
        payer, payee, currency, limit = match.groups()
        case.others.append(
            f'[[mandate]]\npayer = "{payer}"\npayee = "{payee}"\n'
            f'currency = "{currency}"\nlimit = "{limit}"\n'
        )
        return True
    if match := re.fullmatch(r"send (\S+) as MT", line):
        case.as_mt.add(match[1])
        return True
    for kind, pattern in _LINES.items():
        match = re.fullmatch(pattern, line)
        if match is None:
            continue
        said = {name: value or "" for name, value in match.groupdict().items()}
        created = case.moment(said["days"], said["time"]).isoformat().replace("+00:00", "Z")
        said["today"] = case.today.isoformat()
        if said.get("date"):
            said["date"] = case.day(said["date"]).isoformat()
        if said.get("dated"):
            said["dated"] = case.day(said["dated"]).isoformat()
        label = said.get("label") or said["ref"]
        if label in case.messages:
            case.messages[label].more.append(said)
            return True
        name = f"{len(case.messages) + 1:03d}-{label}.xml"
        case.messages[label] = Talk(label, name, kind, created, said, [], [])
        return True
    return False


# --- the files


def talk_bytes(case: Any, talk: Talk) -> bytes:
    body = _BODIES[talk.kind](case, talk)
    text = (
        f'<BusinessMessage><AppHdr xmlns="{NAMESPACE}head.001.001.02">'
        f"{_agent('Fr', talk.said['who'], 'FIId')}{_agent('To', 'SCHEMEB0XXX', 'FIId')}"
        f"<BizMsgIdr>B-{talk.id}</BizMsgIdr><MsgDefIdr>{talk.kind}</MsgDefIdr>"
        f"<CreDt>{talk.created}</CreDt></AppHdr>"
        f'<Document xmlns="{NAMESPACE}{talk.kind}">{body}</Document></BusinessMessage>'
    ).replace("SCHEMEB0XXX", "SCHMDEB0XXX")
    for old, new in talk.edits:
        assert old in text, f"{talk.label} has no {old!r} in it:\n{text}"
        text = text.replace(old, new)
    return text.encode()


def as_mt(data: bytes) -> bytes:
    (translated,) = from_iso(data)
    assert translated.data is not None, translated.said
    return translated.data


def _agent(tag: str, bic: str, inner: str = "") -> str:
    institution = f"<FinInstnId><BICFI>{bic}</BICFI></FinInstnId>"
    return f"<{tag}>{f'<{inner}>{institution}</{inner}>' if inner else institution}</{tag}>"


def _money(tag: str, money: str) -> str:
    currency, amount = money.split()
    return f'<{tag} Ccy="{currency}">{amount}</{tag}>'


def _group(talk: Talk, *more: str) -> str:
    inner = f"<MsgId>{talk.id}</MsgId><CreDtTm>{talk.created}</CreDtTm>{''.join(more)}"
    return f"<GrpHdr>{inner}</GrpHdr>"


def _original(case: Any, what: str) -> str:
    """Name a payment by its own identifiers, and all of a message by its label alone."""
    for message in case.messages.values():
        for payment in message.payments:
            if payment.ref == what:
                return (
                    f"<OrgnlGrpInf><OrgnlMsgId>{message.id}</OrgnlMsgId>"
                    "<OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>"
                    f"<OrgnlInstrId>I-{what}</OrgnlInstrId><OrgnlTxId>{what}</OrgnlTxId>"
                )
    return f"<OrgnlTxId>{what}</OrgnlTxId>"


def _return(case: Any, talk: Talk) -> str:
    said = talk.said
    giving = _money("RtrdInstdAmt", said["giving"]) if said["giving"] else ""
    payer = next(
        p.payer for m in case.messages.values() for p in m.payments if p.ref == said["what"]
    )
    return (
        f"<PmtRtr>{_group(talk, '<NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>')}"
        f"<TxInf><RtrId>{said['ref']}</RtrId>{_original(case, said['what'])}"
        f"{_money('RtrdIntrBkSttlmAmt', said['money'])}"
        f"<IntrBkSttlmDt>{said['dated'] or said['today']}</IntrBkSttlmDt>{giving}"
        f"{_agent('InstgAgt', said['who'])}{_agent('InstdAgt', payer)}"
        "<RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr>"
    )


def _collection(_: Any, talk: Talk) -> str:
    said = talk.said
    return (
        f"<FIDrctDbt>{_group(talk, '<NbOfTxs>1</NbOfTxs>')}<CdtInstr><CdtId>C</CdtId>"
        f"{_agent('InstgAgt', said['who'])}{_agent('InstdAgt', said['payer'])}"
        f"{_agent('Cdtr', said['who'])}<DrctDbtTxInf><PmtId><InstrId>I-{said['ref']}</InstrId>"
        f"<EndToEndId>E-{said['ref']}</EndToEndId><TxId>{said['ref']}</TxId></PmtId>"
        f"{_money('IntrBkSttlmAmt', said['money'])}"
        f"<IntrBkSttlmDt>{said['today']}</IntrBkSttlmDt>{_agent('Dbtr', said['payer'])}"
        "</DrctDbtTxInf></CdtInstr></FIDrctDbt>"
    )


def _initiation(_: Any, talk: Talk) -> str:
    said = talk.said
    payments = "".join(
        f"<CdtTrfTxInf><PmtId><InstrId>{each['ref']}</InstrId>"
        f"<EndToEndId>E-{each['ref']}</EndToEndId></PmtId>"
        f"<Amt>{_money('InstdAmt', each['money'])}</Amt>{_agent('CdtrAgt', each['payee'])}"
        "<Cdtr><Nm>Exporter 出口</Nm></Cdtr><CdtrAcct><Id><Othr><Id>22</Id></Othr></Id></CdtrAcct>"
        "<RmtInf><Ustrd>Invoice 7</Ustrd></RmtInf></CdtTrfTxInf>"
        for each in (said, *talk.more)
    )
    count = f"<NbOfTxs>{1 + len(talk.more)}</NbOfTxs>"
    return (
        f"<CstmrCdtTrfInitn>{_group(talk, count, '<InitgPty><Nm>Importer</Nm></InitgPty>')}"
        "<PmtInf><PmtInfId>PI</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<ReqdExctnDt><Dt>{said['today']}</Dt></ReqdExctnDt><Dbtr><Nm>Importer</Nm></Dbtr>"
        "<DbtrAcct><Id><Othr><Id>11</Id></Othr></Id></DbtrAcct>"
        f"{_agent('DbtrAgt', said['who'])}{payments}</PmtInf></CstmrCdtTrfInitn>"
    )


def _assignment(talk: Talk) -> str:
    return (
        f"<Assgnmt><Id>{talk.id}</Id>{_agent('Assgnr', talk.said['who'], 'Agt')}"
        f"{_agent('Assgne', 'SCHMDEB0XXX', 'Agt')}<CreDtTm>{talk.created}</CreDtTm></Assgnmt>"
    )


def _cancellation(case: Any, talk: Talk) -> str:
    said = talk.said
    message = case.messages.get(said["what"])
    if message is not None and len(message.payments) > 1:
        group = (
            f"<OrgnlGrpInfAndCxl><OrgnlMsgId>{message.id}</OrgnlMsgId>"
            "<OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId><GrpCxl>true</GrpCxl></OrgnlGrpInfAndCxl>"
        )
        return f"<FIToFIPmtCxlReq>{_assignment(talk)}<Undrlyg>{group}</Undrlyg></FIToFIPmtCxlReq>"
    reason = f"<CxlRsnInf><Rsn><Cd>{said['reason'] or 'DUPL'}</Cd></Rsn></CxlRsnInf>"
    case_of = f"<Case><Id>CASE-{talk.id}</Id>{_agent('Cretr', said['who'], 'Agt')}</Case>"
    item = f"<TxInf>{case_of}{_original(case, said['what'])}{reason}</TxInf>"
    return f"<FIToFIPmtCxlReq>{_assignment(talk)}<Undrlyg>{item}</Undrlyg></FIToFIPmtCxlReq>"


def _resolution(case: Any, talk: Talk) -> str:
    said = talk.said
    status = {"CNCL": "ACCR"}.get(said["status"], said["status"])
    reason = f"<CxlStsRsnInf><Rsn><Cd>{said['reason']}</Cd></Rsn></CxlStsRsnInf>"
    item = (
        f"<TxInfAndSts>{_original(case, said['what'])}<TxCxlSts>{status}</TxCxlSts>"
        f"{reason if said['reason'] else ''}</TxInfAndSts>"
    )
    return (
        f"<RsltnOfInvstgtn>{_assignment(talk)}<Sts><Conf>{said['status']}</Conf></Sts>"
        f"<CxlDtls>{item}</CxlDtls></RsltnOfInvstgtn>"
    )


def _status(case: Any, talk: Talk) -> str:
    said = talk.said
    reason = f"<StsRsnInf><Rsn><Cd>{said['reason']}</Cd></Rsn></StsRsnInf>"
    return (
        f"<FIToFIPmtStsRpt>{_group(talk)}<TxInfAndSts>{_original(case, said['what'])}"
        f"<TxSts>{said['status']}</TxSts>{reason if said['reason'] else ''}"
        "</TxInfAndSts></FIToFIPmtStsRpt>"
    )


def _status_question(case: Any, talk: Talk) -> str:
    item = f"<TxInf>{_original(case, talk.said['what'])}</TxInf>"
    return f"<FIToFIPmtStsReq>{_group(talk)}{item}</FIToFIPmtStsReq>"


def _liquidity(_: Any, talk: Talk) -> str:
    said = talk.said
    source, target = (
        f"<Id><Othr><Id>{said[name]}</Id></Othr></Id>" for name in ("source", "target")
    )
    return (
        f"<LqdtyCdtTrf><MsgHdr><MsgId>{talk.id}</MsgId><CreDtTm>{talk.created}</CreDtTm></MsgHdr>"
        f"<LqdtyCdtTrf><LqdtyTrfId><EndToEndId>{talk.id}</EndToEndId></LqdtyTrfId>"
        f"<CdtrAcct>{target}</CdtrAcct><TrfdAmt>{_money('AmtWthCcy', said['money'])}</TrfdAmt>"
        f"<DbtrAcct>{source}</DbtrAcct></LqdtyCdtTrf></LqdtyCdtTrf>"
    )


def _report_question(_: Any, talk: Talk) -> str:
    said = talk.said
    date = said["date"]
    period = (
        f"<RptgPrd><FrToDt><FrDt>{date}</FrDt><ToDt>{date}</ToDt></FrToDt><Tp>ALLL</Tp></RptgPrd>"
    )
    return (
        f"<AcctRptgReq>{_group(talk)}<RptgReq><ReqdMsgNmId>{said['wanted']}.001.08</ReqdMsgNmId>"
        f"<Acct><Id><Othr><Id>{said['account']}</Id></Othr></Id></Acct>"
        f"{_agent('AcctOwnr', said['who'], 'Agt')}{period if date else ''}</RptgReq></AcctRptgReq>"
    )


def _event(_: Any, talk: Talk) -> str:
    return f"<SysEvtNtfctn><EvtInf><EvtCd>{talk.said['event']}</EvtCd></EvtInf></SysEvtNtfctn>"


def _receipt(_: Any, talk: Talk) -> str:
    return (
        f"<RctAck><MsgId><MsgId>{talk.id}</MsgId></MsgId><Rpt><RltdRef><Ref>{talk.said['what']}</Ref>"
        "</RltdRef><ReqHdlg><StsCd>TS01</StsCd></ReqHdlg></Rpt></RctAck>"
    )


_BODIES: dict[str, Callable[[Any, Talk], str]] = {
    "pacs.004.001.09": _return,
    "pacs.010.001.03": _collection,
    "pain.001.001.09": _initiation,
    "camt.056.001.08": _cancellation,
    "camt.029.001.09": _resolution,
    "pacs.002.001.10": _status,
    "pacs.028.001.03": _status_question,
    "camt.050.001.07": _liquidity,
    "camt.060.001.05": _report_question,
    "admi.004.001.02": _event,
    "admi.007.001.01": _receipt,
}


# --- what a case may expect of it


def _answer(case: Any, day: DayAtTheBank, label: str, root: str) -> etree._Element:
    path = day.out / "answers" / case.messages[label].name
    document = read_valid(path)
    assert etree.QName(document[0]).localname == root, etree.tostring(document).decode()
    return document[0]


def _hearings(day: DayAtTheBank, bic: str) -> Iterator[etree._Element]:
    folder = day.out / "delivered" / bic
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield read_valid(path)


def answered(
    case: Any, day: DayAtTheBank, label: str, status: str, reason: str | None, saying: str | None
) -> None:
    body = _answer(case, day, label, "RsltnOfInvstgtn")
    assert text_of(body, "Sts/Conf") == status, etree.tostring(body).decode()
    item = body.find("{*}CxlDtls/{*}TxInfAndSts")
    found = text_of(item, "CxlStsRsnInf/Rsn/Cd")
    assert found == (reason or ""), found
    assert (saying or "") in text_of(item, "CxlStsRsnInf/AddtlInf")


def tells(
    case: Any, day: DayAtTheBank, label: str, what: str, status: str, reason: str | None
) -> None:
    body = _answer(case, day, label, "FIToFIPmtStsRpt")
    (item,) = [t for t in body.iter("{*}TxInfAndSts") if text_of(t, "OrgnlTxId") == what]
    assert (text_of(item, "TxSts"), text_of(item, "StsRsnInf/Rsn/Cd")) == (status, reason or "")


def tells_nothing(case: Any, day: DayAtTheBank, label: str) -> None:
    body = _answer(case, day, label, "FIToFIPmtStsRpt")
    (item,) = body.iter("{*}TxInfAndSts")
    assert text_of(item, "TxSts") == ""
    assert text_of(item, "StsRsnInf/AddtlInf")


def receipt(case: Any, day: DayAtTheBank, label: str, status: str, reason: str | None) -> None:
    body = _answer(case, day, label, "Rct")
    found = body.find("{*}RctDtls/{*}ReqHdlg")
    assert (text_of(found, "Sts/Cd"), text_of(found, "StsRsn/Rsn/Cd")) == (status, reason or "")


def acknowledged(case: Any, day: DayAtTheBank, label: str, status: str, reason: str | None) -> None:
    body = _answer(case, day, label, "RctAck")
    handled = body.find("{*}Rpt/{*}ReqHdlg")
    assert text_of(handled, "StsCd") == status, etree.tostring(body).decode()
    assert text_of(handled, "Desc").startswith(reason or "")


def reports(
    case: Any, day: DayAtTheBank, label: str, kind: str, account: str, balance: str, count: str
) -> None:
    roots = {"camt.052": "BkToCstmrAcctRpt", "camt.053": "BkToCstmrStmt"}
    body = _answer(case, day, label, roots.get(kind, "BkToCstmrDbtCdtNtfctn"))
    (report,) = [e for e in body if etree.QName(e).localname in ("Rpt", "Stmt", "Ntfctn")]
    assert text_of(report, "Acct/Id/Othr/Id") == account
    assert len(report.findall("{*}Ntry")) == int(count)
    if kind != "camt.054":
        wanted = {"camt.052": "ITBD", "camt.053": "CLBD"}[kind]
        (found,) = [
            text_of(b, "Amt")
            for b in report.iter("{*}Bal")
            if text_of(b, "Tp/CdOrPrtry/Cd") == wanted
        ]
        assert found == balance


def initiated(
    case: Any, day: DayAtTheBank, reference: str, status: str, reason: str | None
) -> None:
    label = next(
        m.label
        for m in case.messages.values()
        if isinstance(m, Talk) and reference in [each.get("ref") for each in (m.said, *m.more)]
    )
    body = _answer(case, day, label, "CstmrPmtStsRpt")
    (item,) = [t for t in body.iter("{*}TxInfAndSts") if text_of(t, "OrgnlInstrId") == reference]
    found = (text_of(item, "TxSts"), text_of(item, "StsRsnInf/Rsn/Cd"))
    assert found == (status, reason or ""), found


def hears(
    case: Any, day: DayAtTheBank, bic: str, kind: str, status: str | None, what: str | None
) -> None:
    """Somebody received a message of this kind, saying this status, about this payment."""
    found = [
        d
        for d in _hearings(day, bic)
        if etree.QName(d).namespace.endswith(f"{kind}.001.{_tail(d)}")
    ]
    assert found, f"{bic} hears no {kind}"
    texts = [{e.text for e in d.iter() if e.text} for d in found]
    wanted = {each for each in (_word(kind, status), what) if each}
    assert any(wanted <= each for each in texts), texts


def _word(kind: str, status: str | None) -> str:
    return {"CNCL": "ACCR"}.get(status or "", status or "") if kind == "camt.029" else status or ""


def _tail(document: etree._Element) -> str:
    return str(etree.QName(document).namespace)[-2:]


def hears_nothing(case: Any, day: DayAtTheBank, bic: str, kind: str | None) -> None:
    heard = [str(etree.QName(d).namespace) for d in _hearings(day, bic)]
    assert not [each for each in heard if not kind or kind in each], heard


_MAY = r"(?: ([A-Z0-9]{4}))?"
EXPECTATIONS: dict[str, Callable[..., None]] = {
    rf'(\S+) answered (\w{{4}}){_MAY}(?: saying "(.*)")?': answered,
    r"(\S+) tells nothing": tells_nothing,
    rf"(\S+) tells (\S+) (\w{{4}}){_MAY}": tells,
    rf"(\S+) receipt (\w{{4}}){_MAY}": receipt,
    rf"(\S+) acknowledged (\w{{4}}){_MAY}": acknowledged,
    r"(\S+) reports (camt\.05\d) (\S+) (\S+) entries (\d+)": reports,
    rf"(\S+) initiated (\w{{4}}){_MAY}": initiated,
    rf"({BIC}) hears nothing(?: of (\S+))?": hears_nothing,
    rf"({BIC}) hears ([a-z]{{4}}\.\d{{3}})(?: (\w{{4}}))?(?: of (\S+))?": hears,
}


def talk_references(talk: Talk) -> list[str]:
    """The payments of a file that is answered by a pacs.002."""
    return [talk.said["ref"]] if talk.kind.startswith(("pacs.004", "pacs.010")) else []


def write_talk(case: Any, talk: Talk, directory: Path) -> None:
    data = talk_bytes(case, talk)
    if talk.label in case.as_mt:
        data = as_mt(data)
    (directory / talk.name).write_bytes(data)
