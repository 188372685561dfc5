"""Status, cancellation and its answer, both ways."""

import pytest
from mt_messages import (
    MESSAGES,
    MT192,
    MT196,
    MT199,
    TRACKED,
    UETR,
    back,
    fields_of,
    fin,
    iso_of,
    one,
    text,
)

from paritas.iso20022.answers import StatusReport, TransactionStatus, pacs002
from paritas.iso20022.writer import Header
from paritas.mt.checking import check_mt
from paritas.mt.translation import from_iso, to_iso

STATUS = "FIToFIPmtStsRpt/TxInfAndSts"


@pytest.mark.parametrize(
    ("number", "fields", "expected"),
    [
        ("199", MT199, ("RJCT", "AC04", "ACCOUNT CLOSED", "REF-1", "ORDER-1")),
        ("299", TRACKED, ("ACSP", "G002", "", "REF-1", "")),
        ("199", (*MT199[:2], ":79:/REJT/99\n/XX01/"), ("RJCT", "XX01", "", "REF-1", "")),
    ],
)
def test_status_to_pacs002(number, fields, expected):
    body, translated = iso_of(fin(number, *fields))
    assert translated.message_type == "pacs.002.001.10"
    paths = ("TxSts", "StsRsnInf/Rsn/Cd", "StsRsnInf/AddtlInf", "OrgnlInstrId", "OrgnlEndToEndId")
    assert tuple(text(body, f"{STATUS}/{path}") for path in paths) == expected
    assert text(body, f"{STATUS}/OrgnlUETR") == UETR
    original = {"199": "pacs.008.001.08", "299": "pacs.009.001.08"}[number]
    assert text(body, "FIToFIPmtStsRpt/OrgnlGrpInfAndSts/OrgnlMsgNmId") == original


@pytest.mark.parametrize("text_", ["PLEASE CALL BACK", "/RETN/99\n/AC04/", "//HELLO"])
def test_free_text_is_no_status(text_):
    (translated,) = to_iso(fin("199", ":20:A", ":21:B", f":79:{text_}"))
    assert translated.data is None and "says no status" in translated.said[-1].text


@pytest.mark.parametrize("name", ["MT199", "MT299", "MT192", "MT292", "MT196", "MT296"])
def test_there_and_back(name):
    again = back(iso_of(MESSAGES[name])[1])
    assert again.message_type == name
    assert fields_of(again.data) == fields_of(MESSAGES[name])
    assert one(again.data).uetr == UETR


def test_status_report_of_a_batch():
    report = StatusReport(
        "ANSWER-0001-OF-DAY", "2026-11-23T11:00:00Z", "ORIGINAL", "pacs.008.001.08"
    )
    statuses = [
        TransactionStatus("ACSC", instruction_id="REF-1", uetr=UETR),
        TransactionStatus(
            "RJCT", instruction_id="REF-2", reason="AM04", text="No funds: " + "x" * 60
        ),
    ]
    header = Header("AAAAINB0XXX", "BBBBBRS0XXX", "ANSWER-1", "2026-11-23T11:00:00Z")
    settled, refused = from_iso(pacs002(report, statuses, header).checked())
    assert fields_of(settled.data) == [
        ":20:ANSWER-0001-OF-+",
        ":21:REF-1",
        ":79://2611231100+0000\n//ACSC\n//AAAAINB0XXX",
    ]
    assert "/REJT/99\n/AM04/No funds: xxx" in one(refused.data).fields[2].value
    assert [finding.code for finding in settled.said].count("rule.truncated") == 1
    for result in (settled, refused):
        assert check_mt(result.data, "")[0]["valid"] is True


def test_cancellation_to_camt056():
    body, translated = iso_of(fin("192", *MT192))
    assert translated.message_type == "camt.056.001.08"
    under = "FIToFIPmtCxlReq/Undrlyg/TxInf"
    carried = {
        "Case/Id": "CASE-1",
        "OrgnlGrpInf/OrgnlMsgNmId": "pacs.008.001.08",
        "OrgnlGrpInf/OrgnlCreDtTm": "2026-11-20T00:00:00",
        "OrgnlInstrId": "REF-1",
        "OrgnlUETR": UETR,
        "OrgnlIntrBkSttlmAmt": "1250.50",
        "OrgnlIntrBkSttlmDt": "2026-11-23",
        "CxlRsnInf/Rsn/Cd": "DUPL",
        "CxlRsnInf/AddtlInf": "SENT TWICE",
    }
    assert {path: text(body, f"{under}/{path}") for path in carried} == carried


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("/CNCL/", ("CNCL", "", "")),
        ("/PDCR/", ("PDCR", "", "")),
        ("/RJCR/CUST", ("RJCR", "CUST", "")),
        ("/RJCR//AC04/ALREADY PAID", ("RJCR", "AC04", "ALREADY PAID")),
        ("/RJCR/GOODS DELIVERED", ("RJCR", "", "GOODS DELIVERED")),
    ],
)
def test_answer_to_camt029(answer, expected):
    fields = [f":76:{answer}" if field.startswith(":76:") else field for field in MT196]
    body, _ = iso_of(fin("196", *fields))
    reason = "RsltnOfInvstgtn/CxlDtls/TxInfAndSts/CxlStsRsnInf"
    found = (
        text(body, "RsltnOfInvstgtn/Sts/Conf"),
        text(body, f"{reason}/Rsn/Cd"),
        text(body, f"{reason}/AddtlInf"),
    )
    assert found == expected
