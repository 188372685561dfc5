"""What is read of pacs.008 and pacs.009 of every version, and that nothing hostile gets through."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paritas.iso20022.check import check_bytes
from paritas.iso20022.reader import TREE_BYTES_MAX, read_message, read_messages
from paritas.iso20022.values import ReadResult, Transaction
from payment_messages import (
    NAMESPACE,
    PACS_008_VERSIONS,
    PACS_009_VERSIONS,
    PAYEE,
    PAYER,
    UETR,
    agent,
    app_hdr,
    bic_tag,
    document,
    group_header,
    is_institutional,
    message,
    transaction,
    version_of,
)


def codes(result: ReadResult) -> list[str]:
    return [finding.code for finding in result.findings]


def only(result: ReadResult) -> Transaction:
    (single,) = result.transactions
    return single


@pytest.mark.parametrize("message_type", PACS_008_VERSIONS + PACS_009_VERSIONS)
def test_every_version_is_read_and_good(message_type: str) -> None:
    result = read_message(message(message_type=message_type))
    assert result.findings == ()
    assert result.message is not None
    assert result.message.message_type == message_type
    assert result.message.header_from == PAYER
    assert result.message.header_to == PAYEE
    assert result.message.header_id == "B-1"
    assert result.message.header_created == "2026-11-20T09:31:00Z"
    assert result.message.business_service == "test.service"
    assert result.message.message_id == "M-1"
    assert result.message.created == "2026-11-20T09:30:00Z"
    assert result.message.number_of_transactions == "1"
    assert result.message.settlement_method == "CLRG"
    read = only(result)
    institutional = is_institutional(message_type)
    assert read.index == 0
    assert read.instruction_id == "I-1"
    assert read.end_to_end_id == "E-1"
    assert read.transaction_id == "T-1"
    assert read.uetr == (UETR if version_of(message_type) >= 8 else "")
    assert (read.amount, read.currency) == ("1000.00", "INR")
    assert read.settlement_date == "2026-11-20"
    assert read.charge_bearer == ("" if institutional else "SHAR")
    assert (read.instructing_agent, read.instructed_agent) == (PAYER, PAYEE)
    assert read.debtor == (PAYER if institutional else "Importer & Sons")
    assert read.creditor == (PAYEE if institutional else "Exporter Çelik")
    assert read.settlement_priority == "NORM"
    assert not read.is_cover


@pytest.mark.parametrize("message_type", ["pacs.008.001.02", "pacs.008.001.08", "pacs.009.001.08"])
def test_what_the_group_says_holds_for_each_transaction(message_type: str) -> None:
    group = group_header(
        2,
        '<TtlIntrBkSttlmAmt Ccy="INR">2000</TtlIntrBkSttlmAmt>'
        "<IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt>",
        "<PmtTpInf><InstrPrty>HIGH</InstrPrty>"
        "<LclInstrm><Prtry>PXFX</Prtry></LclInstrm></PmtTpInf>"
        + agent("InstgAgt", PAYER, message_type)
        + agent("InstdAgt", PAYEE, message_type),
    )
    other = agent("InstgAgt", "CCCCRUB0XXX", message_type)
    own = transaction(
        2,
        message_type,
        type_information="<PmtTpInf><InstrPrty>NORM</InstrPrty>"
        "<LclInstrm><Prtry>PVP</Prtry></LclInstrm></PmtTpInf>",
        agents=other,
    )
    plain = transaction(1, message_type, date="", agents="")
    result = read_message(message(plain, own, group=group, message_type=message_type))
    assert [code for code in codes(result) if code != "rule.sender"] == []
    first, second = result.transactions
    assert first.settlement_date == "2026-11-23"
    assert first.local_instrument == "PXFX"
    assert first.settlement_priority == "HIGH"
    assert (first.instructing_agent, first.instructed_agent) == (PAYER, PAYEE)
    assert second.settlement_date == "2026-11-20"
    assert second.local_instrument == "PVP"
    assert second.settlement_priority == "NORM"
    assert (second.instructing_agent, second.instructed_agent) == ("CCCCRUB0XXX", PAYEE)
    assert result.message is not None
    assert result.message.group_instructing_agent == PAYER
    assert (result.message.total_amount, result.message.total_currency) == ("2000", "INR")


def test_conversion_priority_and_instructions_are_read() -> None:
    converted = transaction(
        after_date="<SttlmPrty>URGT</SttlmPrty>"
        '<InstdAmt Ccy="CNY">81.50</InstdAmt><XchgRate>12.27</XchgRate>',
        last="<InstrForNxtAgt><InstrInf>/PVP/CNY1.00</InstrInf></InstrForNxtAgt>"
        "<InstrForNxtAgt><InstrInf>second</InstrInf></InstrForNxtAgt>",
    )
    result = read_message(message(converted))
    read = only(result)
    assert result.findings == ()
    assert read.settlement_priority == "URGT"
    assert (read.instructed_amount, read.instructed_currency) == ("81.50", "CNY")
    assert read.exchange_rate == "12.27"
    assert read.instructions_for_next_agent == ("/PVP/CNY1.00", "second")


@pytest.mark.parametrize("message_type", ["pacs.009.001.02", "pacs.009.001.08", "pacs.009.001.12"])
def test_a_cover_payment_is_known_by_its_underlying_payment(message_type: str) -> None:
    bic = bic_tag(message_type)
    account_holder = f"<FinInstnId><{bic}>{PAYER}</{bic}></FinInstnId>"
    underlying = (
        "<UndrlygCstmrCdtTrf><Dbtr><Nm>Someone</Nm></Dbtr>"
        f"<DbtrAgt>{account_holder}</DbtrAgt><CdtrAgt>{account_holder}</CdtrAgt>"
        "<Cdtr><Nm>Someone else</Nm></Cdtr>"
        '<InstdAmt Ccy="INR">7</InstdAmt></UndrlygCstmrCdtTrf>'
    )
    cover = transaction(message_type=message_type, last=underlying)
    result = read_message(message(cover, message_type=message_type))
    assert result.findings == ()
    assert only(result).is_cover
    assert only(result).debtor == PAYER
    assert only(result).instructed_amount == ""


LAYOUTS = {
    "bare": document(transaction()),
    "envelope": f"<Envelope>{app_hdr()}{document(transaction())}</Envelope>",
    "namespaced": f'<e:Msg xmlns:e="urn:e">{app_hdr()}{document(transaction())}</e:Msg>',
    "deep": "<DataPDU><Header><Message><Document/></Message></Header><Body>"
    f"{app_hdr()}{document(transaction())}</Body></DataPDU>",
    "head 01": f"<M>{app_hdr(version='01')}{document(transaction())}</M>",
    "head 03": f"<M>{app_hdr(version='03')}{document(transaction())}</M>",
    "head 04": f"<M>{app_hdr(version='04')}{document(transaction())}</M>",
}
LAYOUTS["deep"] = LAYOUTS["deep"].replace("<Document/>", "")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_envelope_will_do(layout: str) -> None:
    result = read_message(LAYOUTS[layout].encode())
    assert result.findings == ()
    assert only(result).transaction_id == "T-1"


def test_prefixes_make_no_difference() -> None:
    plain = document(transaction())
    for name in ("Document", "GrpHdr", "CdtTrfTxInf", "FinInstnId", "BICFI", "IntrBkSttlmAmt"):
        plain = plain.replace(f"<{name}", f"<p:{name}").replace(f"</{name}", f"</p:{name}")
    prefixed = plain.replace(" xmlns=", f' xmlns="{NAMESPACE}pacs.008.001.08" xmlns:p=', 1)
    bare = document(transaction()).encode()
    first, second = only(read_message(prefixed.encode())), only(read_message(bare))
    assert second.fragment != first.fragment
    for field in Transaction.__struct_fields__:
        if field != "fragment":
            assert getattr(first, field) == getattr(second, field)


def test_the_fragment_is_the_whole_transaction_and_stands_alone() -> None:
    data = message()
    fragment = only(read_message(data)).fragment
    assert fragment == only(read_message(data)).fragment
    assert fragment.startswith(f'<CdtTrfTxInf xmlns="{NAMESPACE}pacs.008.001.08"'.encode())
    assert "<Nm>Exporter Çelik</Nm>".encode() in fragment
    again = document(fragment.decode()).encode()
    assert only(read_message(again)).creditor == "Exporter Çelik"


def test_other_messages_are_named_and_checked_but_not_read() -> None:
    status = (
        f'<Document xmlns="{NAMESPACE}pacs.002.001.10"><FIToFIPmtStsRpt><GrpHdr>'
        "<MsgId>S-1</MsgId><CreDtTm>2026-11-20T09:30:00Z</CreDtTm></GrpHdr>"
        "</FIToFIPmtStsRpt></Document>"
    )
    result = read_message(status.encode())
    assert result.findings == ()
    assert result.transactions == ()
    assert result.message is not None
    assert result.message.message_type == "pacs.002.001.10"
    assert result.message.message_id == "S-1"


def test_a_version_without_a_schema_is_read_but_refused() -> None:
    data = message().replace(b"pacs.008.001.08", b"pacs.008.001.99")
    result = read_message(data)
    assert codes(result) == ["rule.unsupported"]
    assert not result.acceptable
    assert only(result).amount == "1000.00"


def test_a_header_of_an_unknown_version_is_refused() -> None:
    data = message(header=app_hdr(version="77"))
    assert codes(read_message(data)) == ["schema.header"]


# Text that the parser would cut: each of these must come out whole.
TEXTS = {
    "comment": "Impor<!-- x -->ter",
    "processing instruction": "Impor<?x y?>ter",
    "character reference": "Impor&#116;er",
    "section": "Impor<![CDATA[te]]>r",
    "two comments": "<!-- a -->Importer<!-- b -->",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_is_never_cut(kind: str) -> None:
    data = message().replace(b"Importer &amp; Sons", TEXTS[kind].encode())
    result = read_message(data)
    assert result.findings == ()
    assert only(result).debtor == "Importer"


def test_an_amount_is_never_cut() -> None:
    data = message().replace(b">1000.00<", b">1<!-- x -->00<?y?>0<![CDATA[.5]]>0<")
    assert only(read_message(data)).amount == "1000.50"


def _declared(encoding: str) -> str:
    return message().decode().replace("UTF-8", encoding)


DOCTYPE = '<!DOCTYPE Document [<!ENTITY e "x">]>'
BOMB = (
    '<!DOCTYPE D [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
OUTSIDE = '<!DOCTYPE D [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
_BARE = document(transaction())

TRAPS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "xml.empty"),
    "only white space": (b" \n\t ", "xml.empty"),
    "only a byte order mark": (codecs.BOM_UTF8, "xml.empty"),
    "zeros": (b"\0" * 100_000, "xml.encoding"),
    "a zero byte inside": (message().replace(b"M-1", b"M\0-1"), "xml.encoding"),
    "no XML": (b"Dear Sirs, please pay", "xml.malformed"),
    "truncated": (message()[:-200], "xml.malformed"),
    "two roots": (_BARE.encode() * 2, "xml.several"),
    "something behind the root": (_BARE.encode() + b"<", "xml.malformed"),
    "text behind the root": (_BARE.encode() + b"thanks", "xml.malformed"),
    "a blank before the declaration": (b" " + _declared("UTF-8").encode(), "xml.malformed"),
    "not UTF-8": (message().decode().encode("latin-1"), "xml.malformed"),
    "UTF-16": (_declared("UTF-16").encode("utf-16"), "xml.encoding"),
    "UTF-16 without mark": (_declared("UTF-16").encode("utf-16-le"), "xml.encoding"),
    "UTF-16 big-endian": (_declared("UTF-16").encode("utf-16-be"), "xml.encoding"),
    "UTF-32": (_declared("UTF-32").encode("utf-32"), "xml.encoding"),
    "UTF-7": (_declared("UTF-7").encode("utf-7"), "xml.encoding"),
    "declares UTF-7": (_declared("utf-7").encode(), "xml.encoding"),
    "declares Latin 1": (_declared("ISO-8859-1").encode("latin-1"), "xml.encoding"),
    "EBCDIC": (_declared("cp037").replace("Ç", "C").encode("cp037"), "xml.malformed"),
    "DOCTYPE": ((DOCTYPE + _BARE).encode(), "xml.doctype"),
    "DOCTYPE after all else": (
        f"\ufeff<?xml version='1.0'?>\n<!-- a --><?b c?> {DOCTYPE}{_BARE}".encode(),
        "xml.doctype",
    ),
    "DOCTYPE in UTF-16": ((DOCTYPE + _BARE).encode("utf-16"), "xml.encoding"),
    "many entities": ((BOMB + _BARE.replace("M-1", "&i;")).encode(), "xml.doctype"),
    "entity from a file": ((OUTSIDE + _BARE.replace("M-1", "&e;")).encode(), "xml.doctype"),
    "undeclared entity": (_BARE.replace("M-1", "&e;").encode(), "xml.malformed"),
    "deep": (b"<a>" * 100_000 + b"</a>" * 100_000, "xml.malformed"),
    "huge text": (b"<a>" + b"x" * 12_000_000 + b"</a>", "xml.malformed"),
    "too many bytes": (b"<a>" + b"<b/>" * (TREE_BYTES_MAX // 4) + b"</a>", "xml.too_large"),
    "other XML": (b"<html><body/></html>", "xml.no_document"),
    "a Document of something else": (b'<Document xmlns="urn:x"/>', "xml.no_document"),
    "two messages": (f"<E>{_BARE}{_BARE}</E>".encode(), "xml.several"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_what_is_no_message_is_said_to_be_none(trap: str) -> None:
    data, code = TRAPS[trap]
    result = read_message(data)
    assert codes(result) == [code]
    assert result.transactions == ()
    (finding,) = result.findings
    assert finding.reason == "FF01"
    assert finding.text


def test_a_byte_order_mark_is_harmless() -> None:
    assert read_message(codecs.BOM_UTF8 + message()) == read_message(message())


def test_a_doctype_in_a_comment_is_no_doctype() -> None:
    data = message().replace(b"<BusinessMessage>", b"<BusinessMessage><!-- <!DOCTYPE x> -->")
    assert read_message(data).findings == ()


def test_a_hostile_prologue_does_not_take_long() -> None:
    data = b"<?xml version='1.0'?>" + b" <!-- -->" * 50_000 + b"<a><!-- <!DOCTYPE --></a>"
    assert codes(read_message(data)) == ["xml.no_document"]


def test_the_schema_location_that_a_message_names_is_never_fetched(tmp_path) -> None:  # type: ignore[no-untyped-def]
    anything = tmp_path / "anything.xsd"
    anything.write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')
    named = (
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{NAMESPACE}pacs.008.001.08 {anything.as_uri()}"'
    )
    data = message().replace(b"<Document ", f"<Document {named} ".encode())
    assert read_message(data).findings == ()
    broken = data.replace(b">1000.00<", b">-1<")
    assert codes(read_message(broken)) == ["schema.range"]


def test_who_sent_a_truncated_file_is_known() -> None:
    data = message()
    in_transaction = read_message(data[: data.index(b"<IntrBkSttlmAmt")])
    assert in_transaction.message is not None
    assert in_transaction.message.header_from == PAYER
    assert in_transaction.message.message_id == "M-1"
    in_header = read_message(data[: data.index(b"<BizSvc>")])
    assert in_header.message is not None
    assert in_header.message.header_from == PAYER
    assert in_header.message.message_type == "pacs.008.001.08"


def test_several_messages_in_one_file_are_each_read() -> None:
    data = f"<E>{app_hdr()}{_BARE}{app_hdr()}{_BARE}</E>".encode()
    first, second = read_messages(data)
    assert first.findings == second.findings == ()
    assert only(first).fragment == only(second).fragment


def test_a_document_inside_a_document_is_content() -> None:
    inner = '<SplmtryData><Envlp><Document xmlns="urn:x"/></Envlp></SplmtryData>'
    data = message(transaction(last=inner))
    result = read_message(data)
    assert result.findings == ()
    assert len(result.transactions) == 1


def test_a_document_around_a_message_is_the_message() -> None:
    """Whoever wraps a good message in a Document does not get the good one read."""
    data = message().replace(b"BusinessMessage>", b"p:Document>")
    data = data.replace(
        b"<p:Document", f'<p:Document xmlns:p="{NAMESPACE}pacs.008.001.08"'.encode()
    )
    result = read_message(data)
    assert not result.acceptable
    assert result.transactions == ()


def test_an_invalid_message_loses_no_transaction() -> None:
    data = message(transaction(1), transaction(2, amount="-5.00"), transaction(3))
    data = data.replace(b"<ChrgBr>SHAR</ChrgBr>", b"<ChrgBr>NONE</ChrgBr>", 1)
    result = read_message(data)
    assert [read.transaction_id for read in result.transactions] == ["T-1", "T-2", "T-3"]
    assert [read.amount for read in result.transactions] == ["1000.00", "-5.00", "1000.00"]
    assert [(found.code, found.reason, found.transaction) for found in result.findings] == [
        ("schema.enumeration", "FF01", 0),
        ("schema.range", "AM12", 1),
    ]
    assert result.findings[1].path == ("Document/FIToFICstmrCdtTrf/CdtTrfTxInf[2]/IntrBkSttlmAmt")
    assert result.findings[1].line == 4


def test_texts_that_are_missing_are_empty() -> None:
    data = message("<CdtTrfTxInf/>")
    result = read_message(data)
    read = only(result)
    assert not result.acceptable
    assert (read.transaction_id, read.amount, read.currency) == ("", "", "")
    assert {finding.code for finding in result.findings} == {"schema.content", "rule.date"}


_GOOD = message(transaction(1), transaction(2))
_PIECES = [
    b"",
    b"<",
    b">",
    b"&",
    b"\0",
    b"\xff",
    b"<a>",
    b"</CdtTrfTxInf>",
    b"<!DOCTYPE a>",
    b"<!--",
    b"]]>",
    b"-1",
    b"1e400",
    b"\xd9\xa3",
    b"9" * 5000,
    b'Ccy="',
    b'xmlns="',
    b" ",
    b"24:00:00",
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(_GOOD)),
            st.integers(0, 60),
            st.one_of(st.sampled_from(_PIECES), st.binary(max_size=8)),
        ),
        min_size=1,
        max_size=4,
    )
)
@example([(0, len(_GOOD), b"")])
def test_no_bytes_make_it_raise(edits: list[tuple[int, int, bytes]]) -> None:
    """Whatever is cut out of a good message and put in its place, there is an answer."""
    data = _GOOD
    for start, length, piece in edits:
        data = data[:start] + piece + data[start + length :]
    result = read_message(data)
    assert result.message is not None or result.findings
    for found in result.findings:
        assert found.code.split(".")[0] in {"xml", "schema", "rule"}
        assert -1 <= found.transaction < max(len(result.transactions), 1)
    for checked in check_bytes(data, "file"):
        assert checked["valid"] in (True, False, None)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "transactions that are all wrong",
            message(*[transaction(amount="-1")] * 6000),
        ),
        (
            "one transaction with thousands of errors",
            message(
                transaction(last="<InstrForNxtAgt><InstrInf/></InstrForNxtAgt>" * 20_000),
            ),
        ),
        (
            "a statement with thousands of errors",
            (
                f'<Document xmlns="{NAMESPACE}camt.053.001.08"><BkToCstmrStmt>'
                + "<Stmt>" + "<Ntry/>" * 100_000 + "</Stmt></BkToCstmrStmt></Document>"
            ).encode(),
        ),
    ],
)  # fmt: skip
def test_thousands_of_errors_are_counted_and_not_located(name: str, data: bytes) -> None:
    """Locating each would take libxml2 minutes, which is the point: this test would not end."""
    result = read_message(data)
    assert not result.acceptable
    against_schema = [found for found in result.findings if found.code.startswith("schema.")]
    assert 0 < len(against_schema) <= 20
    if "all wrong" in name:
        assert " times or more: IntrBkSttlmAmt: " in against_schema[0].text
        assert len(result.transactions) == 6000


def test_a_few_errors_among_thousands_of_transactions_are_located() -> None:
    wrong = [transaction(n, amount="-1" if n in (7, 2500) else "1") for n in range(3000)]
    result = read_message(message(*wrong))
    assert [(found.reason, found.transaction) for found in result.findings] == [
        ("AM12", 7),
        ("AM12", 2500),
    ]
