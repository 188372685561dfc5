"""The writer: nothing malformed can be written, and nothing invalid can leave."""

import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from outbound import ANY_TEXT, NOW, readable

from paritas.iso20022 import gate, writer
from paritas.iso20022.gate import OutboundInvalidError
from paritas.iso20022.writer import Draft, Header, document
from paritas.model.money import AmountError

REJECT = "admi.002.001.01"
HEADER = Header("RBISINB0XXX", "AAAAINB0XXX", "B-1", NOW, "paritas.1")


def reject(reason: str, header: Header | None = None) -> Draft:
    content = (
        "<RltdRef><Ref>M-1</Ref></RltdRef>\n",
        writer.branch("Rsn", writer.leaf("RjctgPtyRsn", reason)),
    )
    return Draft(REJECT, document(REJECT, REJECT, content), header)


@given(ANY_TEXT)
def test_any_text_reads_back_as_it_was_written(written: str) -> None:
    element = f'<a b="{writer.escape(written)}">{writer.escape(written)}</a>'
    read = etree.fromstring(element.encode())
    assert (read.text or "") == readable(written)
    # Attribute values are normalised by every parser: white space becomes a space.
    assert read.get("b") == readable(written).replace("\t", " ").replace("\n", " ")


def test_each_character_that_xml_reserves_is_escaped() -> None:
    assert writer.escape("a&b<c>d\"e'f\rg") == "a&amp;b&lt;c&gt;d&quot;e'f&#13;g"
    assert writer.escape("\x00\x1f\ud800\ufffe\uffff") == "\ufffd" * 5
    assert writer.escape("\t\n\x7f\x85 é ‏עברית 🏦") == "\t\n\x7f\x85 é ‏עברית 🏦"


def test_what_is_empty_is_left_out() -> None:
    assert writer.leaf("A", "") == ""
    assert writer.branch("A", "", writer.leaf("B", "")) == ""
    assert writer.branch("A", writer.leaf("B", "0")) == "<A><B>0</B></A>"


@given(ANY_TEXT, st.integers(1, 60), st.integers(1, 5))
def test_pieces_join_to_the_text_or_to_its_marked_beginning(
    written: str, length: int, most: int
) -> None:
    pieces = writer.pieces(written, length, most)
    joined = "".join(pieces)
    assert len(pieces) <= most
    assert all(0 < len(piece) <= length for piece in pieces)
    if joined != written:
        assert len(pieces) == most and joined[-1] == "…" and len(pieces[-1]) == length
        assert written.startswith(joined[:-1])


def test_pieces_break_after_spaces_and_break_long_words() -> None:
    assert writer.pieces("one two three", 8, 3) == ["one two ", "three"]
    assert writer.pieces("abcdefghij", 4, 3) == ["abcd", "efgh", "ij"]
    assert writer.pieces("abcdefghij", 4, 2) == ["abcd", "efg…"]


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    assert writer.amount("Amt", 1250, "INR") == '<Amt Ccy="INR">12.50</Amt>'
    assert writer.amount("Amt", 1250, "JPY") == '<Amt Ccy="JPY">1250</Amt>'
    assert writer.amount("Amt", 5, "KWD") == '<Amt Ccy="KWD">0.005</Amt>'
    with pytest.raises(AmountError):
        writer.amount("Amt", 5, '"/>')


@pytest.mark.parametrize("bic", ["AAAAINB0XXX", "AAAAINB0"])
def test_a_bic_names_an_institution(bic: str) -> None:
    assert bic in writer.agent("InstgAgt", bic)


@pytest.mark.parametrize("bic", ["", "aaaainb0", "AAAAINB0XXXX", "AAAAINB0<>&", "AAAAINB0\n"])
def test_what_is_no_bic_names_nobody(bic: str) -> None:
    assert writer.agent("InstgAgt", bic) == ""


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23Z", "2024-02-29+05:30"])
def test_a_date_is_kept(text: str) -> None:
    assert writer.valid_date(text) == text


@pytest.mark.parametrize(
    "text", ["", "2026-02-30", "20261123", "2026-11-23T10:00:00", "0000-01-01"]
)
def test_what_is_no_date_is_dropped(text: str) -> None:
    assert writer.valid_date(text) == ""


@pytest.mark.parametrize(
    "text", ["2026-11-23T10:00:00", "2026-11-23T10:00:00.123Z", "2026-11-23T23:59:59-14:00"]
)
def test_a_time_is_kept(text: str) -> None:
    assert writer.valid_time(text) == text


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23T24:00:00", "2026-11-23T10:00:00+15:00"])
def test_what_is_no_time_is_dropped(text: str) -> None:
    assert writer.valid_time(text) == ""


def test_a_valid_message_leaves_as_one_document_without_prefixes() -> None:
    data = reject("xml.doctype").checked()
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:')
    assert b"xmlns:" not in data


def test_a_header_wraps_both_in_an_envelope_of_no_namespace() -> None:
    root = etree.fromstring(reject("xml.doctype", HEADER).checked())
    assert root.tag == "BusinessMessage"
    assert [etree.QName(child).localname for child in root] == ["AppHdr", "Document"]
    assert root[0].findtext("{*}MsgDefIdr") == REJECT
    assert root[0].findtext("{*}BizSvc") == "paritas.1"


def test_an_invalid_document_does_not_leave() -> None:
    draft = Draft(REJECT, document(REJECT, REJECT, ("\n", "<RltdRef><Ref/></RltdRef>")), None)
    with pytest.raises(
        OutboundInvalidError, match=r"admi\.002\.001\.01 was not sent: line 3: "
    ) as error:
        draft.checked()
    assert error.value.line == 3
    assert "Ref" in error.value.detail


def test_an_invalid_header_does_not_leave() -> None:
    bad = Header("nobody", "AAAAINB0XXX", "B-1", NOW)
    with pytest.raises(OutboundInvalidError, match=r"head\.001\.001\.02"):
        reject("xml.doctype", bad).checked()
    with pytest.raises(OutboundInvalidError, match=r"head\.001\.001\.02"):
        reject("xml.doctype", bad).write(io.BytesIO())


@pytest.mark.parametrize("data", [b"", b"<Document", b"<Document xmlns='urn:x'/>"])
def test_bytes_that_are_no_message_do_not_leave(data: bytes) -> None:
    with pytest.raises(OutboundInvalidError):
        gate.checked(REJECT, data)


@pytest.mark.parametrize("header", [None, HEADER])
def test_a_file_holds_what_the_bytes_hold(header: Header | None) -> None:
    file = io.BytesIO()
    reject("xml.doctype", header).write(file)
    assert file.getvalue() == reject("xml.doctype", header).checked()


def test_nothing_of_an_invalid_chunk_is_written() -> None:
    file = io.BytesIO()
    with pytest.raises(OutboundInvalidError):
        reject("").write(file)
    assert b"Rsn" not in file.getvalue()


def test_a_broken_law_can_cross_processes() -> None:
    error = pickle.loads(pickle.dumps(OutboundInvalidError(REJECT, 3, "detail")))
    assert str(error) == str(OutboundInvalidError(REJECT, 3, "detail"))
