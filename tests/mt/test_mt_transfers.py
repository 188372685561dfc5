"""Credit transfers: what is carried where, what is said, and the way back."""

import pytest
from mt_messages import (
    COVER,
    MT103,
    MT202,
    RECEIVER,
    SENDER,
    UETR,
    back,
    document,
    fields_of,
    fin,
    iso_of,
    one,
    text,
    values_of,
)

from paritas.iso20022.payments import (
    CustomerTransfer,
    InstitutionTransfer,
    Party,
    PaymentGroup,
    Underlying,
    pacs008,
    pacs009,
)
from paritas.iso20022.reader import read_message
from paritas.iso20022.writer import Header
from paritas.mt.checking import check_mt
from paritas.mt.translation import from_iso, to_iso

TX = "FIToFICstmrCdtTrf/CdtTrfTxInf"
BANK_TX = "FICdtTrf/CdtTrfTxInf"

CARRIED_103 = {
    "PmtId/InstrId": "REF-1",
    "PmtId/EndToEndId": "ORDER-2026-117",
    "PmtId/UETR": UETR,
    "PmtTpInf/SvcLvl/Cd": "SDVA",
    "IntrBkSttlmAmt": "1250.50",
    "IntrBkSttlmDt": "2026-11-23",
    "SttlmTmReq/CLSTm": "09:15:00+01:00",
    "InstdAmt": "75.10",
    "XchgRate": "16.6511",
    "ChrgBr": "SHAR",
    "ChrgsInf/Amt": "10.00",
    "PrvsInstgAgt1/FinInstnId/BICFI": "GGGGSGS0",
    "InstgAgt/FinInstnId/BICFI": SENDER,
    "InstdAgt/FinInstnId/BICFI": RECEIVER,
    "IntrmyAgt1/FinInstnId/BICFI": "EEEEBRS0",
    "Dbtr/Nm": "Sharma Spices",
    "Dbtr/PstlAdr/TwnNm": "Bengaluru",
    "Dbtr/PstlAdr/Ctry": "IN",
    "Dbtr/PstlAdr/AdrLine": "12 MG Road",
    "DbtrAcct/Id/Othr/Id": "12345678",
    "DbtrAgt/FinInstnId/BICFI": "AAAAINB0XXX",
    "CdtrAgt/FinInstnId/BICFI": "FFFFBRS0XXX",
    "Cdtr/Nm": "Lojas do Norte Ltda",
    "Cdtr/PstlAdr/AdrLine": "Rua das Flores 5",
    "CdtrAcct/Id/Othr/Id": "998877",
    "InstrForCdtrAgt/Cd": "PHOB",
    "Purp/Cd": "GDDS",
    "RgltryRptg/Dtls/Inf": "/ORDERRES/IN//SOFTWARE",
    "RmtInf/Ustrd": "INVOICE 4711 AND 4712",
}


def test_mt103_to_pacs008():
    body, translated = iso_of(fin("103", *MT103))
    assert translated.message_type == "pacs.008.001.08"
    found = {path: text(body, f"{TX}/{path}") for path in CARRIED_103}
    assert found == CARRIED_103
    group = "FIToFICstmrCdtTrf/GrpHdr"
    assert text(body, f"{group}/SttlmInf/SttlmMtd") == "COVE"
    assert text(body, f"{group}/SttlmInf/InstgRmbrsmntAgt/FinInstnId/BICFI") == "CCCCUSS0"
    assert text(body, f"{group}/CreDtTm") == "2026-11-23T10:15:00+00:00"
    # The live reader takes it like any other pacs.008.
    result = read_message(translated.data)
    assert result.acceptable, result.findings
    assert result.message.header_from == SENDER
    # The settlement time's zone, the charges' agents, and the creditor's free address lines.
    assert {finding.code for finding in translated.said} == {"rule.assumed", "rule.address"}


@pytest.mark.parametrize(
    ("number", "fields", "flag"),
    [("103", MT103, ""), ("103", MT103, "STP"), ("202", MT202, ""), ("202", COVER, "COV")],
)
def test_there_and_back(number, fields, flag):
    """MT to ISO 20022 to MT gives the same fields, in the same order."""
    source = fin(number, *fields, flag=flag)
    _, translated = iso_of(source)
    again = back(translated)
    assert again.message_type == one(source).name
    assert fields_of(again.data) == fields_of(source)
    assert one(again.data).user_header == one(source).user_header
    assert (one(again.data).sender, one(again.data).receiver) == (SENDER, RECEIVER)
    assert [finding for finding in again.said if finding.code != "rule.assumed"] == []


LONELY = (
    ":20:REF-2",
    ":23B:CRED",
    ":32A:261123USD10,",
    ":50K:Sharma Spices",
    ":59:Lojas do Norte",
    ":71A:SHA",
)


def test_what_the_way_back_adds_is_what_the_mt_means():
    """Without 52a and 57a sender and receiver are meant; ISO 20022, and so the way back, says it."""
    again = back(iso_of(fin("103", *LONELY))[1])
    assert [text for text in fields_of(again.data) if text not in LONELY] == [
        f":52A:{SENDER}",
        f":57A:{RECEIVER}",
    ]
    assert [text for text in LONELY if text not in fields_of(again.data)] == []


def test_mt205_goes_the_same_way():
    body, translated = iso_of(fin("205", *MT202))
    assert translated.message_type == "pacs.009.001.08"
    assert text(body, f"{BANK_TX}/Cdtr/FinInstnId/BICFI") == "HHHHBRS0XXX"
    assert text(body, f"{BANK_TX}/IntrmyAgt1/FinInstnId/ClrSysMmbId/MmbId") == "021000089"
    assert text(body, f"{BANK_TX}/RmtInf/Ustrd") == "LOAN 8831"
    assert back(translated).message_type == "MT202"


def test_cover():
    body, _ = iso_of(fin("202", *COVER, flag="COV"))
    under = f"{BANK_TX}/UndrlygCstmrCdtTrf"
    assert text(body, f"{BANK_TX}/IntrBkSttlmAmt") == "1250.125"
    assert text(body, f"{BANK_TX}/PmtId/EndToEndId") == "CUST-1"
    assert text(body, f"{under}/Dbtr/Nm") == "Sharma Spices"
    assert text(body, f"{under}/CdtrAgt/FinInstnId/BICFI") == "HHHHBRS0XXX"
    assert text(body, f"{under}/RmtInf/Ustrd") == "INVOICE 4711"
    assert text(body, f"{under}/InstdAmt") == "1250.125"


SETTLEMENT = [
    ((), "", "INDA", ""),
    ((":53B:/C/4455",), "", "INDA", "4455"),
    ((":53A:CCCCUSS0",), "", "COVE", ""),
    ((), "{103:TGT}", "CLRG", ""),
]


@pytest.mark.parametrize(("fields", "more", "method", "account"), SETTLEMENT)
def test_settlement_method(fields, more, method, account):
    source = fin("103", *LONELY[:4], *fields, *LONELY[4:], more=more)
    body, translated = iso_of(source)
    info = "FIToFICstmrCdtTrf/GrpHdr/SttlmInf"
    assert text(body, f"{info}/SttlmMtd") == method
    assert text(body, f"{info}/SttlmAcct/Id/Othr/Id") == account
    again = one(back(translated).data)
    assert again.user_header.get("103", "") == ("TGT" if more else "")
    assert any(field.tag.startswith("53") for field in again.fields) == bool(fields)


def said_of(data, created="", **fields):
    (translated,) = to_iso(data, created)
    return translated


@pytest.mark.parametrize(
    ("number", "fields", "flag", "words"),
    [
        ("103", LONELY[1:], "", "no field 20"),
        ("103", LONELY[:2] + LONELY[3:], "", "no field 32A"),
        ("103", LONELY[:5], "", "no field 71A"),
        ("103", (*LONELY[:2], ":32A:261123JPY1,5", *LONELY[3:]), "", "JPY has 0 decimals"),
        ("103", (*LONELY[:2], ":32A:261323USD1,", *LONELY[3:]), "", "no date"),
        ("103", (*LONELY, ":72:/RETN/99\n/AC04/"), "", "return"),
        ("202", MT202[:7], "", "no field 58A"),
        ("202", COVER[:-4], "COV", "no field 59"),
        ("760", (":20:A",), "", "no counterpart"),
    ],
)
def test_refused_with_a_reason(number, fields, flag, words):
    (translated,) = to_iso(fin(number, *fields, flag=flag))
    assert translated.data is None
    assert words in translated.said[-1].text and translated.said[-1].reason


def test_what_has_no_place_is_said():
    source = fin("103", *LONELY, ":99Z:NOTHING KNOWS THIS", ":53B:PLACE")
    (translated,) = to_iso(source)
    lost = [finding for finding in translated.said if finding.code == "rule.lost"]
    assert [(finding.path, finding.line) for finding in lost] == [(":53B:", 9), (":99Z:", 8)]


GROUP = PaymentGroup(
    message_id="GROUP-1",
    created="2026-11-23T10:15:00Z",
    settlement_date="2026-11-23",
    instructing_agent=SENDER,
    instructed_agent=RECEIVER,
    settlement_method="INDA",
)
HEADER = Header(SENDER, RECEIVER, "GROUP-1", "2026-11-23T10:15:00Z")


def customer(**changes):
    values = {
        "end_to_end_id": "E2E-1",
        "instruction_id": "REF-1",
        "uetr": UETR,
        "currency": "INR",
        "amount_minor": 125050,
        "debtor": Party(
            "Sharma Spices", "IN", "Bengaluru", "560001", "MG Road", "12", account="12"
        ),
        "creditor": Party("Lojas", "BR", "Sao Paulo", iban="BR1800360305000010009795493C1"),
        "debtor_agent": SENDER,
        "creditor_agent": RECEIVER,
        "remittance": "INVOICE 4711",
    }
    return CustomerTransfer(**(values | changes))


def mt_of(*transfers, header=HEADER):
    return from_iso(pacs008(GROUP, list(transfers), header).checked())


def test_pacs008_to_mt103():
    (translated,) = mt_of(customer())
    assert fields_of(translated.data) == [
        ":20:REF-1",
        ":23B:CRED",
        ":32A:261123INR1250,50",
        ":50F:/12\n1/Sharma Spices\n2/MG Road 12\n2/560001\n3/IN/Bengaluru",
        f":52A:{SENDER}",
        f":57A:{RECEIVER}",
        ":59F:/BR1800360305000010009795493C1\n1/Lojas\n3/BR/Sao Paulo",
        ":70:/ROC/E2E-1///URI/INVOICE 4711",
        ":71A:SHA",
    ]
    assert one(translated.data).uetr == UETR
    # The message's own identifier is another than the instruction's, and MT has one reference.
    assert [(f.code, f.path) for f in translated.said] == [
        ("rule.lost", "Document/FIToFICstmrCdtTrf/GrpHdr/MsgId")
    ]
    assert check_mt(translated.data, "")[0]["valid"] is True


CUT = [
    ({"instruction_id": "A" * 17}, "20", "A" * 15 + "+", "PmtId/InstrId"),
    ({"debtor": Party("N" * 80, "IN", "Pune")}, "50F", "N" * 32 + "+\n3/IN/Pune", "Dbtr"),
    ({"debtor": Party("N", "IN", "T" * 35)}, "50F", "3/IN/" + "T" * 29 + "+", "Dbtr"),
    (
        {"debtor": Party("N", "IN", "Pune", street="S" * 70)},
        "50F",
        "S" * 32 + "+\n3/IN/Pune",
        "Dbtr",
    ),
    ({"remittance": "R" * 141}, "70", "R+", "RmtInf"),
    ({"instructions_for_next_agent": ("I" * 140, "J" * 140)}, "72", "+", "InstrForNxtAgt[2]"),
]


@pytest.mark.parametrize(("changes", "tag", "end", "place"), CUT)
def test_what_is_cut_is_marked_and_said(changes, tag, end, place):
    (translated,) = mt_of(customer(**changes))
    value = values_of(translated.data)[tag]
    assert end in value
    cuts = [finding for finding in translated.said if finding.code == "rule.truncated"]
    assert [finding.path.rpartition("CdtTrfTxInf[1]/")[2] for finding in cuts] == [place]
    assert check_mt(translated.data, "")[0]["valid"] is True


def test_characters_that_mt_has_not():
    (translated,) = mt_of(customer(debtor=Party("Müller & Söhne", "DE", "Köln")))
    assert "1/M.ller . S.hne\n3/DE/K.ln" in values_of(translated.data)["50F"]
    assert "rule.characters" in {finding.code for finding in translated.said}


def test_no_line_reads_as_a_mark():
    """A text that would begin a line with a colon or a dash must not become a field or an end."""
    text_ = "x" * 20 + "-}" + ":20:FORGED" + "y" * 20
    for shift in range(15):
        (translated,) = mt_of(customer(remittance="z" * shift + text_))
        message = one(translated.data)
        assert [field.tag for field in message.fields].count("20") == 1
        assert [field.tag for field in message.fields][-1] == "71A"


def test_iso_elements_without_a_place_are_said():
    lei = "5493001KJTIIGC8Y1R12"
    (translated,) = mt_of(customer(debtor=Party("Sharma", "IN", "Pune", lei=lei)))
    (lost,) = [finding for finding in translated.said if finding.path.endswith("LEI")]
    assert lost.path.endswith("Dbtr/Id/OrgId/LEI") and lei in lost.text and lost.line > 0
    assert lost.code == "rule.lost"


def test_conversion_is_carried():
    (translated,) = mt_of(
        customer(instructed_currency="JPY", instructed_minor=2100, exchange_rate="0.5954761904")
    )
    values = values_of(translated.data)
    assert (values["33B"], values["36"]) == ("JPY2100,", "0,5954761904")


def test_a_batch_becomes_one_mt_each():
    results = mt_of(customer(), customer(instruction_id="REF-2", amount_minor=7))
    assert [values_of(each.data)["20"] for each in results] == ["REF-1", "REF-2"]
    assert values_of(results[1].data)["32A"] == "261123INR0,07"


def test_without_header_the_group_says_the_sides():
    (translated,) = mt_of(customer(), header=None)
    assert (one(translated.data).sender, one(translated.data).receiver) == (SENDER, RECEIVER)


def test_pacs009_cover_to_mt202_cov():
    under = Underlying(
        debtor=Party("Sharma Spices", "IN", "Bengaluru"),
        debtor_agent=SENDER,
        creditor_agent=RECEIVER,
        creditor=Party("Lojas", "BR", "Sao Paulo"),
        remittance="INVOICE 4711",
    )
    transfer = InstitutionTransfer(
        end_to_end_id="E2E-1",
        instruction_id="REF-1",
        currency="INR",
        amount_minor=125050,
        debtor=SENDER,
        creditor=RECEIVER,
        underlying=under,
    )
    (translated,) = from_iso(pacs009(GROUP, [transfer], HEADER).checked())
    assert translated.message_type == "MT202 COV"
    assert fields_of(translated.data) == [
        ":20:REF-1",
        ":21:E2E-1",
        ":32A:261123INR1250,50",
        f":52A:{SENDER}",
        f":58A:{RECEIVER}",
        ":50F:/NOTPROVIDED\n1/Sharma Spices\n3/IN/Bengaluru",
        f":52A:{SENDER}",
        f":57A:{RECEIVER}",
        ":59F:1/Lojas\n3/BR/Sao Paulo",
        ":70:INVOICE 4711",
    ]
    assert check_mt(translated.data, "")[0]["valid"] is True


@pytest.mark.parametrize(
    "data",
    [b"", b"<a/>", b"<Document/>", b"no xml", b"<!DOCTYPE a><a/>"],
)
def test_what_is_no_iso_message(data):
    (translated,) = from_iso(data)
    assert translated.data is None and translated.said[0].code == "rule.untranslatable"


def test_no_uetr_is_said():
    (translated,) = to_iso(fin("103", *LONELY, uetr=""))
    assert "rule.uetr" in {finding.code for finding in translated.said}


def test_straight_through_needs_bics():
    stp = Header(SENDER, RECEIVER, "GROUP-1", HEADER.created, "swift.cbprplus.stp.02")
    (marked,) = mt_of(customer(), header=stp)
    assert marked.message_type == "MT103 STP"
    assert check_mt(marked.data, "")[0]["valid"] is True
    named = mt_of(customer(), header=stp)[0].data.replace(
        b":57A:" + RECEIVER.encode(), b":57D:BANK"
    )
    assert check_mt(named, "")[0]["valid"] is False


def test_created_is_taken_from_the_caller():
    (translated,) = to_iso(fin("103", *LONELY), "2026-11-24T09:00:00+05:30")
    body = document(translated)
    assert text(body, "FIToFICstmrCdtTrf/GrpHdr/CreDtTm") == "2026-11-24T09:00:00+05:30"
