"""The rules of the profiles: messages that keep them all, and one that breaks each."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from typing import Any

import pytest
from usage_messages import (
    CREDITOR,
    DEBTOR,
    PAYER,
    UETR,
    camt_054,
    pacs_002,
    pacs_004,
    pacs_008,
    pacs_009,
    pain_001,
    statement,
)

from paritas.iso20022.check import check_bytes
from paritas.iso20022.usage.cbpr import CBPR
from paritas.iso20022.usage.harmonised import HARMONISED
from paritas.iso20022.usage.plain import REMARKS
from paritas.iso20022.usage.profiles import PROFILES
from paritas.iso20022.usage.view import Rules

DOCS = Path(__file__).parents[2] / "docs" / "profiles.md"
SAMPLES = Path(os.environ.get("PARITAS_SHARED", Path(__file__).parents[3] / "shared")) / "samples"

GOOD = {
    "pacs.008": pacs_008(),
    "pacs.009": pacs_009(),
    "cover": pacs_009(cover=True),
    "pacs.004": pacs_004(),
    "pacs.002": pacs_002(),
    "pain.001": pain_001(),
    "camt.054": camt_054(),
    "statement": statement(),
}
_BIC = f"<FinInstnId><BICFI>{PAYER}</BICFI></FinInstnId>"
_TOWN = "<TwnNm>Mumbai</TwnNm>"
_REMITTANCE = "<RmtInf><Ustrd>Invoice 7, tea</Ustrd></RmtInf>"
_NEW_SERVICE = ("swift.cbprplus.03", "swift.cbprplus.04")
_INSTRUCTED = '<InstdAmt Ccy="INR">1010.00</InstdAmt><ChrgBr>SHAR'
_CHARGE = f'<ChrgsInf><Amt Ccy="INR">5</Amt><Agt>{_BIC}</Agt></ChrgsInf>'
_STRUCTURED = "<Strd><AddtlRmtInf>x</AddtlRmtInf></Strd>"


def checked(text: str, profile: str) -> dict[str, Any]:
    (result,) = check_bytes(text.encode(), "x", profile=PROFILES[profile])
    return result


def changed(name: str, *changes: tuple[str, str]) -> str:
    text = GOOD[name]
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", GOOD)
def test_a_message_that_keeps_all_rules(name: str, profile: str) -> None:
    text = GOOD[name]
    if profile == "cbpr+2026":
        text = text.replace("cbprplus.03", "cbprplus.04").replace("cov.03", "cov.04")
    result = checked(text, profile)
    assert (result["valid"], result["findings"]) == (True, [])


#: The rule without its prefix, the message, the changes that break it, and where it is found.
CBPR_BROKEN: list[tuple[str, str, list[tuple[str, str]], str]] = [
    ("header", "pacs.008", [("head.001.001.02", "head.001.001.03")], "AppHdr"),
    ("message", "pacs.008", [('xsd:pacs.008.001.08"', 'xsd:pacs.008.001.12"')], "Document"),
    ("definition", "pacs.008", [("<MsgDefIdr>pacs.008", "<MsgDefIdr>pacs.003")], "AppHdr/MsgDefIdr"),
    ("service", "pacs.008", [("cbprplus.03", "cbprplus.cov.03")], "AppHdr/BizSvc"),
    ("service", "pacs.008", [("swift.cbprplus.03", "fed.04")], "AppHdr/BizSvc"),
    ("service", "pacs.009", [("cbprplus.03", "cbprplus.cov.03")], "AppHdr/BizSvc"),
    ("service", "cover", [("cbprplus.cov.03", "cbprplus.03")], "AppHdr/BizSvc"),
    ("service", "pacs.009", [("cbprplus.03", "cbprplus.stp.03")], "AppHdr/BizSvc"),
    ("service_number", "pacs.008", [("cbprplus.03", "cbprplus.02")], "AppHdr/BizSvc"),
    ("id", "pacs.002", [("<BizMsgIdr>M-1", "<BizMsgIdr>M-2")], "AppHdr/BizMsgIdr"),
    ("from", "pacs.008", [(PAYER, "CCCCINB0XXX")], "AppHdr/Fr/FIId/FinInstnId/BICFI"),
    ("to", "pacs.004", [("BBBBCNB0XXX", "CCCCINB0XXX")], "AppHdr/To/FIId/FinInstnId/BICFI"),
    (
        "priority",
        "pacs.008",
        [
            ("</CreDt>", "</CreDt><Prty>HIGH</Prty>"),
            ("</PmtId>", "</PmtId><PmtTpInf><InstrPrty>NORM</InstrPrty></PmtTpInf>"),
        ],
        "AppHdr/Prty",
    ),
    ("copy", "camt.054", [("</CreDt>", "</CreDt><CpyDplct>DUPL</CpyDplct>")], "AppHdr/CpyDplct"),
    ("time", "pacs.008", [("09:30:00+05:30", "04:00:00Z")], "GrpHdr/CreDtTm"),
    ("time", "pacs.008", [("09:31:00+05:30", "04:00:00")], "AppHdr/CreDt"),
    ("characters", "pacs.008", [("Asha Rao", "Asha Rão")], "Dbtr/Nm"),
    ("reference", "pacs.008", [("E-1", "E#1")], "PmtId/EndToEndId"),
    ("slash", "pacs.008", [("I-1", "I//1")], "PmtId/InstrId"),
    ("slash", "pacs.004", [("I-0", "/I0")], "TxInf/OrgnlInstrId"),
    ("end_to_end", "pacs.009", [("E-1", "123456789012345/67")], "PmtId/EndToEndId"),
    ("length", "pacs.008", [("I-1", "12345678901234567")], "PmtId/InstrId"),
    ("single", "pacs.008", [("<NbOfTxs>1", "<NbOfTxs>2")], "GrpHdr/NbOfTxs"),
    ("currency", "pacs.008", [('Ccy="INR"', 'Ccy="XAU"')], "CdtTrfTxInf[1]/IntrBkSttlmAmt"),
    ("amount", "pacs.008", [("1000.00", "1234567890123.45")], "CdtTrfTxInf[1]/IntrBkSttlmAmt"),
    ("uetr", "pacs.008", [(f"<UETR>{UETR}</UETR>", "")], "CdtTrfTxInf[1]"),
    ("uetr", "pacs.002", [(f"<OrgnlUETR>{UETR}</OrgnlUETR>", "")], "TxInfAndSts"),
    ("agents", "pacs.009", [(f"<InstgAgt>{_BIC}</InstgAgt>", "")], "CdtTrfTxInf[1]"),
    ("settlement", "pacs.008", [("INDA", "CLRG")], "GrpHdr/SttlmInf/SttlmMtd"),
    (
        "agent_name",
        "pacs.008",
        [(f"<DbtrAgt>{_BIC}", f"<DbtrAgt>{_BIC.replace('</BICFI>', '</BICFI><Nm>A</Nm>')}")],
        "DbtrAgt/FinInstnId",
    ),
    ("party_name", "pacs.008", [("<Nm>Asha Rao</Nm>", "")], "Dbtr"),
    ("party_bic", "pacs.008", [("<Nm>Asha Rao</Nm>", "")], "Dbtr"),
    ("party_bic", "pacs.008", [("<LEI>254900OPPU84GM83MG36</LEI>", f"<AnyBIC>{PAYER}</AnyBIC>")], "Cdtr"),
    ("address", "pacs.008", [_NEW_SERVICE, (_TOWN, "")], "Dbtr/PstlAdr"),
    ("address", "pain.001", [_NEW_SERVICE, ("<StrtNm>Mint Road 1</StrtNm>", ""), ("<Ctry>IN</Ctry>", "<Ctry>IN</Ctry>" + "<AdrLine>x</AdrLine>" * 3)], "Dbtr/PstlAdr/AdrLine[3]"),
    ("address_grace", "pacs.008", [(_TOWN, "")], "Dbtr/PstlAdr"),
    ("address_grace", "pacs.008", [("<StrtNm>Mint Road 1</StrtNm><TwnNm>Mumbai</TwnNm><Ctry>IN</Ctry>", f"<AdrLine>{'x' * 36}</AdrLine>")], "Dbtr/PstlAdr/AdrLine"),
    ("address_repeated", "pacs.008", [("<Ctry>IN</Ctry>", "<Ctry>IN</Ctry><AdrLine>Old Mumbai</AdrLine>")], "Dbtr/PstlAdr/TwnNm"),
    (
        "straight_through",
        "pacs.008",
        [
            ("cbprplus.03", "cbprplus.stp.03"),
            ("<DbtrAgt><FinInstnId><BICFI>AAAAIN", "<DbtrAgt><FinInstnId><BICFI>AAAADE"),
            ("<CdtrAgt><FinInstnId><BICFI>BBBBCN", "<CdtrAgt><FinInstnId><BICFI>BBBBFR"),
        ],
        "CdtTrfTxInf[1]",
    ),
    ("bearer", "pacs.008", [("SHAR", "SLEV")], "CdtTrfTxInf[1]/ChrgBr"),
    ("charges", "pacs.008", [("<ChrgBr>SHAR", "<ChrgBr>CRED")], "CdtTrfTxInf[1]"),
    ("charges", "pacs.008", [("<ChrgBr>SHAR", _INSTRUCTED)], "CdtTrfTxInf[1]"),
    ("charges", "pacs.008", [("SHAR</ChrgBr>", f"DEBT</ChrgBr>{_CHARGE}{_CHARGE}")], "CdtTrfTxInf[1]/ChrgsInf[2]"),
    ("remittance", "pacs.008", [("</Ustrd>", f"</Ustrd>{_STRUCTURED}")], "RmtInf"),
    ("remittance", "pacs.008", [("</Ustrd>", "</Ustrd><Ustrd>b</Ustrd>")], "RmtInf/Ustrd[2]"),
    ("remittance", "pacs.008", [("<RmtInf>", "<RltdRmtInf><RmtId>1</RmtId></RltdRmtInf><RmtInf>")], "RltdRmtInf"),
    ("remittance", "pain.001", [(_REMITTANCE, f"<RmtInf>{_STRUCTURED.replace('x', 'x' * 9001)}</RmtInf>")], "RmtInf"),
    ("instructions", "pacs.008", [("<RmtInf>", "<InstrForCdtrAgt><Cd>HOLD</Cd></InstrForCdtrAgt><InstrForCdtrAgt><Cd>CHQB</Cd></InstrForCdtrAgt><RmtInf>")], "CdtTrfTxInf[1]"),
    ("instructions", "pacs.008", [("<RmtInf>", "<InstrForCdtrAgt><Cd>HOLD</Cd></InstrForCdtrAgt>" * 2 + "<RmtInf>")], "CdtTrfTxInf[1]"),
    ("service_level", "pacs.009", [("</PmtId>", "</PmtId><PmtTpInf><SvcLvl><Cd>G001</Cd></SvcLvl></PmtTpInf>")], "PmtTpInf/SvcLvl/Cd"),
    ("rejection", "pacs.002", [("<Rsn><Cd>AC04</Cd></Rsn>", "")], "TxInfAndSts"),
    ("rejection", "pacs.002", [("</StsRsnInf>", "</StsRsnInf><FctvIntrBkSttlmDt><Dt>2026-03-02</Dt></FctvIntrBkSttlmDt>")], "FctvIntrBkSttlmDt"),
    ("original", "pacs.002", [("<OrgnlMsgNmId>pacs.008", "<OrgnlMsgNmId>camt.056")], "OrgnlMsgNmId"),
    ("original", "pacs.004", [("<OrgnlMsgNmId>pacs.008", "<OrgnlMsgNmId>pacs.010")], "OrgnlMsgNmId"),
    ("return_once", "pacs.004", [("</RtrRsnInf>", "</RtrRsnInf><OrgnlTxRef><IntrBkSttlmDt>2026-03-01</IntrBkSttlmDt></OrgnlTxRef>")], "OrgnlTxRef/IntrBkSttlmDt"),
    ("payment_block", "pain.001", [("<PmtInfId>M-1", "<PmtInfId>P-1")], "PmtInf/PmtInfId"),
    ("page", "camt.054", [("<PgNb>1", "<PgNb>0")], "PgNb"),
    ("booked", "camt.054", [_NEW_SERVICE, ("<ValDt><Dt>2026-03-02</Dt></ValDt>", "")], "Ntry"),
]  # fmt: skip

HARMONISED_BROKEN: list[tuple[str, str, list[tuple[str, str]], str]] = [
    ("01.message", "pacs.008", [("Invoice 7", "/RETN/99")], "RmtInf/Ustrd"),
    ("01.message", "pacs.009", [("cbprplus.03", "cbprplus.cov.03")], "AppHdr/BizSvc"),
    ("02.codes", "pacs.002", [("<Rsn><Cd>AC04</Cd>", "<Rsn><Prtry>CLOSED</Prtry>")], "Rsn/Prtry"),
    ("02.codes", "pacs.008", [("<RmtInf>", "<Purp><Prtry>TEA</Prtry></Purp><RmtInf>")], "Purp/Prtry"),
    ("03.characters", "pacs.008", [("Li Trading", "李贸易")], "Cdtr/Nm"),
    ("04.time", "statement", [("19:30:00+05:30", "19:30:00")], "Stmt/CreDtTm"),
    ("05.uetr", "pain.001", [(f"<UETR>{UETR}</UETR>", "")], "CdtTrfTxInf"),
    ("05.uetr", "pacs.004", [(f"<OrgnlUETR>{UETR}</OrgnlUETR>", "")], "TxInf"),
    ("06.amounts", "pacs.008", [("<ChrgBr>SHAR", _INSTRUCTED)], "IntrBkSttlmAmt"),
    ("06.amounts", "pacs.008", [("<ChrgBr>SHAR", _INSTRUCTED.replace("INR", "CNY"))], "InstdAmt"),
    ("06.amounts", "pacs.008", [("SHAR</ChrgBr>", f"SHAR</ChrgBr>{_CHARGE}")], "CdtTrfTxInf[1]"),
    ("07.accounts", "pacs.008", [("<CdtrAcct><Id><Othr><Id>10012</Id></Othr></Id></CdtrAcct>", "")], "CdtTrfTxInf[1]"),
    ("07.accounts", "pain.001", [("<DbtrAcct><Id><Othr><Id>10012</Id></Othr></Id></DbtrAcct>", "")], "CdtTrfTxInf"),
    ("08.institutions", "pacs.008", [(f"<DbtrAgt>{_BIC}", "<DbtrAgt><FinInstnId><Nm>Bank</Nm></FinInstnId>")], "DbtrAgt/FinInstnId"),
    ("09.entities", "pacs.008", [("<LEI>254900OPPU84GM83MG36</LEI>", "<Othr><Id>7</Id></Othr>")], "Cdtr/Id/OrgId"),
    ("09.entities", "pacs.008", [("<Nm>Li Trading</Nm>", "")], "Cdtr"),
    ("10.persons", "pacs.008", [(DEBTOR, "<Dbtr><Nm>Asha Rao</Nm></Dbtr>")], "Dbtr"),
    ("10.persons", "pacs.008", [("<Nm>Asha Rao</Nm>", "")], "Dbtr"),
    ("10.persons", "pain.001", [(CREDITOR, "<Cdtr><Nm>Li</Nm><Id><PrvtId><Othr><Id>7</Id></Othr></PrvtId></Id></Cdtr>")], "Cdtr/Id/PrvtId"),
    ("11.address", "cover", [("<TwnNm>Suzhou</TwnNm>", "")], "UndrlygCstmrCdtTrf/Cdtr/PstlAdr"),
    ("12.remittance", "pacs.008", [("Invoice 7", "Invoice 7" + "x" * 130 + "</Ustrd><Ustrd>b")], "RmtInf"),
    ("12.remittance", "pacs.008", [(_REMITTANCE, "<RltdRmtInf/>")], "RltdRmtInf"),
]  # fmt: skip


def _names(cases: list[tuple[str, str, list[tuple[str, str]], str]]) -> list[str]:
    return [f"{rule}-{message}-{number}" for number, (rule, message, _, _) in enumerate(cases)]


@pytest.mark.parametrize(("rule", "name", "changes", "place"), CBPR_BROKEN, ids=_names(CBPR_BROKEN))
def test_cbpr(rule: str, name: str, changes: list[tuple[str, str]], place: str) -> None:
    breaks("cbpr+", CBPR, f"rule.cbpr.{rule}", changed(name, *changes), place)


@pytest.mark.parametrize(
    ("rule", "name", "changes", "place"), HARMONISED_BROKEN, ids=_names(HARMONISED_BROKEN)
)
def test_harmonised(rule: str, name: str, changes: list[tuple[str, str]], place: str) -> None:
    breaks("harmonised", HARMONISED, f"rule.harmonised.{rule}", changed(name, *changes), place)


def breaks(profile: str, rules: Rules, code: str, text: str, place: str) -> None:
    result = checked(text, profile)
    found = [f["path"] for f in result["findings"] if f["code"] == code]
    assert found, result["findings"]
    assert found[0].endswith(place)
    (refuses,) = {rule.refuses for rule in rules.all if rule.code == code}
    assert not refuses or result["valid"] is False


def test_every_rule_of_a_profile_is_broken_by_a_test() -> None:
    broken = {f"rule.cbpr.{rule}" for rule, *_ in CBPR_BROKEN}
    broken |= {f"rule.harmonised.{rule}" for rule, *_ in HARMONISED_BROKEN}
    assert broken == {rule.code for rule in (*CBPR.all, *HARMONISED.all)}
    assert {rule.code[:18] for rule in HARMONISED.all} == {
        f"rule.harmonised.{number:02}" for number in range(1, 13)
    }


def test_a_message_without_header_is_none_of_cbpr() -> None:
    text = re.sub("<AppHdr.*</AppHdr>", "", pacs_008(), flags=re.DOTALL)
    result = checked(text, "cbpr+")
    assert [f["code"] for f in result["findings"]] == ["rule.cbpr.header"]


def test_the_release_follows_the_service_then_the_day() -> None:
    without_town = changed("pacs.008", (_TOWN, ""))
    late = without_town.replace("2026-03-02T", "2026-11-16T").replace("cbprplus.03", "cbprplus.02")
    for text, expected in (
        (without_town, "rule.cbpr.address_grace"),
        (without_town.replace("cbprplus.03", "cbprplus.04"), "rule.cbpr.address"),
        (late, "rule.cbpr.address"),
    ):
        codes = {f["code"] for f in checked(text, "cbpr+")["findings"]}
        assert {code for code in codes if "address" in code} - {"rule.address"} == {expected}
    lines = changed("pacs.008", ("<StrtNm>Mint Road 1</StrtNm><TwnNm>Mumbai</TwnNm><Ctry>IN</Ctry>", "<AdrLine>Mint Road 1, Mumbai</AdrLine>"))  # fmt: skip
    assert checked(lines, "cbpr+2025")["valid"] is True
    assert checked(lines, "cbpr+2026")["valid"] is False


def test_a_file_too_large_for_a_profile_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paritas.iso20022.check.TREE_BYTES_MAX", 100)
    result = checked(pacs_008(), "cbpr+")
    assert (result["valid"], result["findings"][-1]["code"]) == (False, "rule.too_large")
    assert checked(pacs_008(), "plain")["valid"] is True


def test_the_documentation_names_every_rule() -> None:
    said = set(re.findall(r"^\| `([a-z0-9_.]+)`", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    rules = {rule.code for rule in (*CBPR.all, *HARMONISED.all)} | {each.code for each in REMARKS}
    assert rules <= said
    assert {code for code in said if code.startswith(("rule.cbpr", "rule.harm"))} <= rules


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no shared samples beside this")
def test_real_cbpr_messages_break_nothing_but_what_is_wrong_with_them() -> None:
    # They were lifted to later versions than CBPR+ has; four do not repeat their MsgId in the header.
    lifted = {f"rule.cbpr.{rule}" for rule in ("header", "message", "definition")}
    with (SAMPLES / "MANIFEST.tsv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if "__CBPR+_" in row["file"]]
    refused = 0
    for row in rows:
        data = (SAMPLES / row["file"]).read_bytes()
        for result in check_bytes(data, row["file"], profile=PROFILES["cbpr+"]):
            codes = {f["code"] for f in result["findings"] if f["code"].startswith("rule.cbpr.")}
            assert codes <= lifted | {"rule.cbpr.service_number", "rule.cbpr.id"}, row["file"]
            refused += "rule.cbpr.id" in codes
    assert len(rows) > 80
    assert refused == 4
