"""pacs.008 and pacs.009: what members send, and what payees receive."""

import io
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from outbound import ANY_TEXT, NOW, SHARED, UETR, cut, needs_shared, readable, sent, text, texts

from paritas.iso20022.accounts import Conversion
from paritas.iso20022.gate import OutboundInvalidError
from paritas.iso20022.payments import (
    CustomerTransfer,
    InstitutionTransfer,
    Party,
    PaymentGroup,
    Underlying,
    delivered,
    format_rate,
    pacs008,
    pacs009,
    pvp_instruction,
)
from paritas.iso20022.schemas import message_types, namespace
from paritas.iso20022.writer import Header

PAYER, PAYEE = "AAAAINB0XXX", "BBBBRUM0XXX"
GROUP = PaymentGroup("M-1", NOW, "2026-11-23", PAYER, PAYEE, clearing_system="PARITAS")
HEADER = Header(PAYER, PAYEE, "M-1", NOW)
LOOMS = Party(
    "Deccan Looms", "IN", "Pune", "411001", "Mill Road", "12b", lei="5493001KJTIIGC8Y1R12"
)
MILLS = Party("Volga Mills", iban="RU0204452560040702810412345678901")
PAYMENT = CustomerTransfer(
    instruction_id="I-1",
    end_to_end_id="E-1",
    transaction_id="T-1",
    uetr=UETR,
    currency="INR",
    amount_minor=150025,
    settlement_priority="HIGH",
    debtor=LOOMS,
    debtor_agent=PAYER,
    creditor_agent=PAYEE,
    creditor=MILLS,
    purpose="GDDS",
    remittance="Invoice 12",
)
PXFX = CustomerTransfer(
    end_to_end_id="E-2",
    local_instrument="PXFX",
    currency="INR",
    amount_minor=150025,
    instructed_currency="RUB",
    instructed_minor=120020,
    exchange_rate="1.25",
    debtor=LOOMS,
    debtor_agent=PAYER,
    creditor_agent=PAYEE,
    creditor=MILLS,
)
HALF_TRADE = InstitutionTransfer(
    end_to_end_id="TRADE-1",
    local_instrument="PVP",
    currency="INR",
    amount_minor=150025,
    debtor=PAYER,
    creditor=PAYEE,
    instructions_for_next_agent=(pvp_instruction("CNY", 123456),),
)

CUSTOMER_TYPES = [f"pacs.008.001.{n:02}" for n in range(2, 14)]
INSTITUTION_TYPES = [f"pacs.009.001.{n:02}" for n in range(2, 13)]
CONVERSION = Conversion("INR", 150025, "RUB", 120020, "1.25")


def test_a_customers_payment() -> None:
    root = sent(pacs008(GROUP, [PAYMENT], HEADER))
    assert root.tag == "BusinessMessage"
    assert text(root, "AppHdr/Fr/FIId/FinInstnId/BICFI") == PAYER
    assert text(root, "AppHdr/MsgDefIdr") == "pacs.008.001.08"
    assert text(root, "GrpHdr/NbOfTxs") == "1"
    assert text(root, "GrpHdr/CtrlSum") == "1500.25"
    assert text(root, "GrpHdr/TtlIntrBkSttlmAmt") == "1500.25"
    assert text(root, "GrpHdr/IntrBkSttlmDt") == "2026-11-23"
    assert text(root, "GrpHdr/SttlmInf/SttlmMtd") == "CLRG"
    assert text(root, "GrpHdr/SttlmInf/ClrSys/Prtry") == "PARITAS"
    assert text(root, "PmtId/UETR") == UETR
    assert text(root, "CdtTrfTxInf/IntrBkSttlmAmt") == "1500.25"
    assert text(root, "CdtTrfTxInf/SttlmPrty") == "HIGH"
    assert text(root, "CdtTrfTxInf/ChrgBr") == "SHAR"
    assert text(root, "Dbtr/PstlAdr/TwnNm") == "Pune"
    assert text(root, "Dbtr/Id/OrgId/LEI") == LOOMS.lei
    assert text(root, "CdtrAcct/Id/IBAN") == MILLS.iban
    assert text(root, "Purp/Cd") == "GDDS"
    assert text(root, "RmtInf/Ustrd") == "Invoice 12"


def test_a_payment_that_asks_for_conversion() -> None:
    root = sent(pacs008(GROUP, [PXFX]))
    assert text(root, "PmtTpInf/LclInstrm/Prtry") == "PXFX"
    assert text(root, "CdtTrfTxInf/InstdAmt") == "1200.20"
    assert text(root, "CdtTrfTxInf/XchgRate") == "1.25"


def test_a_batch_totals_one_currency_and_no_mixture() -> None:
    root = sent(pacs008(GROUP, [PAYMENT, PXFX, PAYMENT]))
    assert text(root, "GrpHdr/NbOfTxs") == "3"
    assert text(root, "GrpHdr/CtrlSum") == "4500.75"
    yen = CustomerTransfer(
        end_to_end_id="E", currency="JPY", amount_minor=1, debtor=LOOMS, creditor=MILLS,
        debtor_agent=PAYER, creditor_agent=PAYEE,
    )  # fmt: skip
    assert texts(sent(pacs008(GROUP, [PAYMENT, yen])), "GrpHdr/CtrlSum") == []


def test_a_batch_streams() -> None:
    file = io.BytesIO()
    pacs008(GROUP, [PAYMENT] * 500, HEADER).write(file)
    assert file.getvalue() == pacs008(GROUP, [PAYMENT] * 500, HEADER).checked()


def test_one_half_of_a_pvp_trade_names_the_other() -> None:
    root = sent(pacs009(GROUP, [HALF_TRADE], HEADER))
    assert text(root, "PmtTpInf/LclInstrm/Prtry") == "PVP"
    assert text(root, "PmtId/EndToEndId") == "TRADE-1"
    assert text(root, "InstrForNxtAgt/InstrInf") == "/PVP/CNY1234.56"
    assert text(root, "Dbtr/FinInstnId/BICFI") == PAYER
    assert text(root, "Cdtr/FinInstnId/BICFI") == PAYEE


def test_a_cover_carries_originator_and_beneficiary() -> None:
    cover = InstitutionTransfer(
        end_to_end_id="E-1",
        currency="INR",
        amount_minor=1,
        debtor=PAYER,
        creditor=PAYEE,
        underlying=Underlying(LOOMS, PAYER, PAYEE, MILLS, "Invoice 12"),
    )
    root = sent(pacs009(GROUP, [cover]))
    assert text(root, "UndrlygCstmrCdtTrf/Dbtr/Nm") == "Deccan Looms"
    assert text(root, "UndrlygCstmrCdtTrf/Cdtr/Nm") == "Volga Mills"


@pytest.mark.parametrize("amount_minor", [-1, 10**18 + 1])
def test_an_amount_that_iso_20022_does_not_know_does_not_leave(amount_minor: int) -> None:
    bad = InstitutionTransfer(
        end_to_end_id="E-1", currency="INR", amount_minor=amount_minor, debtor=PAYER, creditor=PAYEE
    )
    with pytest.raises(OutboundInvalidError):
        pacs009(GROUP, [bad]).checked()


def test_a_payment_of_nobody_does_not_leave() -> None:
    nobody = CustomerTransfer(
        end_to_end_id="E-1",
        currency="INR",
        amount_minor=1,
        debtor=Party(""),
        debtor_agent=PAYER,
        creditor_agent=PAYEE,
        creditor=MILLS,
    )
    with pytest.raises(OutboundInvalidError, match="DbtrAgt"):
        pacs008(GROUP, [nobody]).checked()


@given(ANY_TEXT.filter(bool), ANY_TEXT)
def test_any_name_and_remittance_read_back(name: str, remittance: str) -> None:
    payment = CustomerTransfer(
        end_to_end_id="E-1",
        currency="INR",
        amount_minor=1,
        debtor=Party(name, street=name, building=name, post_code=name, town=name),
        debtor_agent=PAYER,
        creditor_agent=PAYEE,
        creditor=Party("Volga Mills"),
        remittance=remittance,
    )
    root = sent(pacs008(GROUP, [payment]))
    assert texts(root, "Dbtr/Nm") == [cut(readable(name), 140)]
    assert texts(root, "Dbtr/PstlAdr/TwnNm") == [cut(readable(name), 35)]
    assert "".join(texts(root, "RmtInf/Ustrd")) == readable(remittance)


# Rates


@pytest.mark.parametrize(
    ("rate", "written"),
    [
        (Fraction(1), "1"),
        (Fraction(5, 4), "1.25"),
        (Fraction(1, 3), "0.3333333333"),
        (Fraction("96.08534228"), "96.08534228"),
        (Fraction("99999999999"), "99999999999"),
        (Fraction("9.99999999999"), "10"),
        (Fraction("53000.1234567"), "53000.123457"),
    ],
)
def test_a_rate_is_written_with_eleven_digits(rate: Fraction, written: str) -> None:
    assert format_rate(rate) == written


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-1), Fraction(1, 10**11), Fraction(10**11)])
def test_a_rate_that_does_not_fit_is_refused(rate: Fraction) -> None:
    with pytest.raises(ValueError, match="11 digits"):
        format_rate(rate)


@given(st.fractions(Fraction(1, 10**9), 10**10))
def test_a_written_rate_is_the_nearest_that_the_schema_allows(rate: Fraction) -> None:
    written = Decimal(format_rate(rate))
    _, digits, exponent = written.as_tuple()
    assert isinstance(exponent, int)
    assert len(digits) <= 11 and exponent >= -10
    step = Fraction(10) ** -min(10, 11 - max(len(str(int(rate))), 1))
    assert abs(Fraction(written) - rate) <= step / 2


# Delivery


def received(
    message_type: str, transfer: str, prefix: str = "", group: str = ""
) -> tuple[bytes, bytes]:
    """Return GrpHdr and CdtTrfTxInf as a payer of that version may have written them."""
    colon, declaration = ("", "xmlns") if not prefix else (f"{prefix}:", f"xmlns:{prefix}")

    def element(xml: str) -> bytes:
        written = xml.replace("<", f"<{colon}").replace(f"<{colon}/", f"</{colon}")
        if message_type.endswith(".02"):
            written = written.replace("BICFI>", "BIC>")
        return written.replace(">", f' {declaration}="{namespace(message_type)}">', 1).encode()

    header = (
        "<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-11-23T08:00:00Z</CreDtTm><NbOfTxs>7</NbOfTxs>"
        f"{group}<SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf></GrpHdr>"
    )
    return element(header), element(transfer)


def transfer_xml(message_type: str, before_charges: str = "") -> str:
    agent = "<FinInstnId><BICFI>{}</BICFI></FinInstnId>"
    payer, payee = agent.format("AAAAINBBXXX"), agent.format("BBBBRUMMXXX")
    start = "<CdtTrfTxInf><PmtId><EndToEndId>E-1</EndToEndId><TxId>T-1</TxId></PmtId>"
    money = '<IntrBkSttlmAmt Ccy="INR">1500.25</IntrBkSttlmAmt>'
    if message_type.startswith("pacs.009"):
        return f"{start}{money}<Dbtr>{payer}</Dbtr><Cdtr>{payee}</Cdtr></CdtTrfTxInf>"
    return (
        f'{start}{money}<InstdAmt Ccy="RUB">1200.20</InstdAmt>{before_charges}<ChrgBr>SHAR</ChrgBr>'
        f"<Dbtr><Nm>Deccan &amp; Looms</Nm></Dbtr><DbtrAgt>{payer}</DbtrAgt>"
        f"<CdtrAgt>{payee}</CdtrAgt><Cdtr><Nm>Volga Mills</Nm></Cdtr></CdtTrfTxInf>"
    )


@pytest.mark.parametrize("prefix", ["", "ns2"])
@pytest.mark.parametrize("message_type", CUSTOMER_TYPES + INSTITUTION_TYPES)
def test_a_payee_receives_the_payers_version(message_type: str, prefix: str) -> None:
    assert message_type in message_types()
    total = '<CtrlSum>9999</CtrlSum><TtlIntrBkSttlmAmt Ccy="INR">9999</TtlIntrBkSttlmAmt>'
    group, transfer = received(message_type, transfer_xml(message_type), prefix, total)
    root = sent(delivered(message_type, group, transfer, "D-1", NOW))
    assert text(root, "GrpHdr/MsgId") == "D-1"
    assert text(root, "GrpHdr/CreDtTm") == NOW
    assert text(root, "GrpHdr/NbOfTxs") == "1"
    assert text(root, "GrpHdr/CtrlSum") == "1500.25"
    assert text(root, "GrpHdr/TtlIntrBkSttlmAmt") == "1500.25"
    passed_on = root.find(".//{*}CdtTrfTxInf")
    assert passed_on is not None
    assert content(passed_on) == content(etree.fromstring(transfer))


@pytest.mark.parametrize("before_charges", ["", "<XchgRate>9</XchgRate>"])
@pytest.mark.parametrize("message_type", CUSTOMER_TYPES)
def test_a_converted_payment_is_delivered_in_the_payees_currency(
    message_type: str, before_charges: str
) -> None:
    group, transfer = received(message_type, transfer_xml(message_type, before_charges))
    root = sent(delivered(message_type, group, transfer, "D-1", NOW, CONVERSION, HEADER))
    money = root.find(".//{*}CdtTrfTxInf/{*}IntrBkSttlmAmt")
    assert money is not None
    assert (money.text, money.get("Ccy")) == ("1200.20", "RUB")
    assert text(root, "CdtTrfTxInf/XchgRate") == "1.25"


def test_a_rate_stands_before_an_agreed_rate() -> None:
    agreed = "<AgrdRate><PreAgrdXchgRate>1.25</PreAgrdXchgRate></AgrdRate>"
    message_type = "pacs.008.001.13"
    group, transfer = received(message_type, transfer_xml(message_type, agreed))
    root = sent(delivered(message_type, group, transfer, "D-1", NOW, CONVERSION))
    assert text(root, "CdtTrfTxInf/XchgRate") == "1.25"


def test_an_institutions_payment_has_no_place_for_a_rate() -> None:
    group, transfer = received("pacs.009.001.08", transfer_xml("pacs.009.001.08"))
    with pytest.raises(OutboundInvalidError, match="XchgRate"):
        delivered("pacs.009.001.08", group, transfer, "D-1", NOW, CONVERSION)


def test_another_versions_fragment_is_not_delivered() -> None:
    group, transfer = received("pacs.008.001.08", transfer_xml("pacs.008.001.08"))
    with pytest.raises(OutboundInvalidError):
        delivered("pacs.008.001.10", group, transfer, "D-1", NOW).checked()


SAMPLES = [
    SHARED / "samples" / line.split("\t")[0]
    for line in (
        (SHARED / "samples" / "MANIFEST.tsv").read_text().splitlines()
        if (SHARED / "samples").is_dir()
        else []
    )
    if "\tpacs.008." in line or "\tpacs.009." in line
]


@needs_shared("samples")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_real_payment_can_be_delivered(path: Path) -> None:
    parser = etree.XMLParser(remove_comments=True, remove_pis=True)
    root = etree.parse(path, parser).getroot()
    body = next(root.iter("{*}Document"))
    message_type = etree.QName(body).namespace.removeprefix("urn:iso:std:iso:20022:tech:xsd:")
    group = next(body.iter("{*}GrpHdr"))
    for transfer in body.iter("{*}CdtTrfTxInf"):
        fragment = etree.tostring(transfer, with_tail=False)
        draft = delivered(message_type, etree.tostring(group), fragment, "D-1", NOW)
        passed_on = sent(draft).find(".//{*}CdtTrfTxInf")
        assert passed_on is not None
        assert content(passed_on) == content(transfer)


def content(element: etree._Element) -> object:
    """What an element says, whatever prefixes and white space between elements it uses."""
    children = [content(child) for child in element]
    said = None if children else element.text
    return element.tag, dict(element.attrib), said, children
