"""pacs.002 and admi.002: every message gets an answer, whatever it was."""

import io
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from outbound import ANY_TEXT, NOW, UETR, cut, readable, sent, text, texts

from paritas.iso20022.answers import (
    Reject,
    StatusReport,
    TransactionStatus,
    admi002,
    pacs002,
    pacs002_stream,
)
from paritas.iso20022.gate import OutboundInvalidError
from paritas.iso20022.writer import Header

REPORT = StatusReport(
    "ANSWER-1", NOW, "M-1", "pacs.008.001.08", NOW, "2", "RBISINB0XXX", "AAAAINB0XXX"
)
SETTLED = TransactionStatus(
    "ACSC",
    instruction_id="I-1",
    end_to_end_id="E-1",
    transaction_id="T-1",
    uetr=UETR,
    settled="2026-11-23T10:00:01.5Z",
    clearing_system_reference="1234",
    currency="INR",
    amount_minor=150025,
    settlement_date="2026-11-23",
)
REFUSED = TransactionStatus(
    "RJCT", end_to_end_id="E-2", reason="AM04", text="The account is short by INR 12.50."
)
PENDING = TransactionStatus("PDNG", end_to_end_id="E-3", reason="ZZ-QUEUED")


def test_a_settled_payment() -> None:
    root = sent(pacs002(REPORT, [SETTLED]))
    assert text(root, "GrpHdr/MsgId") == "ANSWER-1"
    assert text(root, "OrgnlGrpInfAndSts/OrgnlMsgId") == "M-1"
    assert text(root, "OrgnlGrpInfAndSts/OrgnlMsgNmId") == "pacs.008.001.08"
    assert text(root, "OrgnlGrpInfAndSts/GrpSts") == "ACSC"
    assert texts(root, "TxInfAndSts/OrgnlInstrId") == ["I-1"]
    assert texts(root, "TxInfAndSts/OrgnlEndToEndId") == ["E-1"]
    assert texts(root, "TxInfAndSts/OrgnlTxId") == ["T-1"]
    assert texts(root, "TxInfAndSts/OrgnlUETR") == [UETR]
    assert texts(root, "TxInfAndSts/TxSts") == ["ACSC"]
    assert texts(root, "TxInfAndSts/StsRsnInf") == []
    assert text(root, "FctvIntrBkSttlmDt/DtTm") == "2026-11-23T10:00:01.5Z"
    assert text(root, "GrpHdr/InstgAgt/FinInstnId/BICFI") == "RBISINB0XXX"
    assert text(root, "GrpHdr/InstdAgt/FinInstnId/BICFI") == "AAAAINB0XXX"
    amount = root.find(".//{*}OrgnlTxRef/{*}IntrBkSttlmAmt")
    assert amount is not None
    assert (amount.text, amount.get("Ccy")) == ("1500.25", "INR")


def test_each_status_may_have_its_own_receiver() -> None:
    status = TransactionStatus("ACSC", instructed_agent="BBBBRUM0XXX")
    root = sent(pacs002(REPORT, [status]))
    assert text(root, "TxInfAndSts/InstdAgt/FinInstnId/BICFI") == "BBBBRUM0XXX"


def test_the_effective_date_may_be_a_date() -> None:
    root = sent(pacs002(REPORT, [TransactionStatus("ACSC", settled="2026-11-23")]))
    assert text(root, "FctvIntrBkSttlmDt/Dt") == "2026-11-23"


def test_a_refusal_carries_its_code_and_its_sentence() -> None:
    root = sent(pacs002(REPORT, [REFUSED]))
    assert text(root, "OrgnlGrpInfAndSts/GrpSts") == "RJCT"
    assert text(root, "TxInfAndSts/StsRsnInf/Rsn/Cd") == "AM04"
    assert text(root, "TxInfAndSts/StsRsnInf/AddtlInf") == REFUSED.text


def test_a_reason_that_is_no_iso_code_is_proprietary() -> None:
    root = sent(pacs002(REPORT, [PENDING]))
    assert text(root, "OrgnlGrpInfAndSts/GrpSts") == "PDNG"
    assert text(root, "TxInfAndSts/StsRsnInf/Rsn/Prtry") == "ZZ-QUEUED"


def test_a_mixed_batch_says_how_many_of_each() -> None:
    root = sent(pacs002(REPORT, [SETTLED, REFUSED, SETTLED]))
    assert text(root, "OrgnlGrpInfAndSts/GrpSts") == "PART"
    assert texts(root, "NbOfTxsPerSts/DtldSts") == ["ACSC", "RJCT"]
    assert texts(root, "NbOfTxsPerSts/DtldNbOfTxs") == ["2", "1"]
    assert texts(root, "TxInfAndSts/TxSts") == ["ACSC", "RJCT", "ACSC"]


REFUSED_WHOLE = StatusReport(
    "ANSWER-1", NOW, "M-1", "pacs.008.001.08", reason="DU01", text="M-1 came before."
)


def test_a_message_refused_whole_says_why_in_the_group() -> None:
    root = sent(pacs002(REFUSED_WHOLE, []))
    assert text(root, "OrgnlGrpInfAndSts/GrpSts") == "RJCT"
    assert text(root, "OrgnlGrpInfAndSts/StsRsnInf/Rsn/Cd") == "DU01"
    assert text(root, "OrgnlGrpInfAndSts/StsRsnInf/AddtlInf") == "M-1 came before."
    assert len(texts(sent(pacs002(REFUSED_WHOLE, [REFUSED, REFUSED])), "TxInfAndSts")) == 2


def test_an_answer_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="refused whole"):
        pacs002(REFUSED_WHOLE, [SETTLED])
    with pytest.raises(ValueError, match="neither a transaction nor a reason"):
        pacs002(REPORT, [])


def test_a_header_names_both_sides() -> None:
    header = Header("RBISINB0XXX", "AAAAINB0XXX", "ANSWER-1", NOW)
    root = sent(pacs002(REPORT, [SETTLED], header))
    assert texts(root, "AppHdr/To/FIId/FinInstnId/BICFI") == ["AAAAINB0XXX"]
    assert texts(root, "AppHdr/MsgDefIdr") == ["pacs.002.001.10"]


def test_a_long_sentence_goes_on_in_the_next_element() -> None:
    sentence = "The payment waits since ten for funds on the account of its payer. " * 8
    root = sent(pacs002(REPORT, [TransactionStatus("RJCT", reason="AM04", text=sentence)]))
    assert len(texts(root, "AddtlInf")) > 5
    assert "".join(texts(root, "AddtlInf")) == sentence


def test_what_the_sender_got_wrong_never_stops_the_answer() -> None:
    root = sent(
        pacs002(
            StatusReport("ANSWER-1", NOW, "", "", "24:00", "two", "", "nobody"),
            [
                TransactionStatus(
                    "RJCT",
                    instruction_id="I" * 36,
                    uetr=UETR.upper(),
                    instructing_agent="nobody",
                    settlement_date="31.12.2026",
                )
            ],
        )
    )
    assert text(root, "OrgnlMsgId") == text(root, "OrgnlMsgNmId") == "NOTPROVIDED"
    assert text(root, "OrgnlInstrId") == "I" * 34 + "…"
    for left_out in ("OrgnlUETR", "OrgnlTxRef", "InstgAgt", "OrgnlCreDtTm", "OrgnlNbOfTxs"):
        assert texts(root, left_out) == []


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_of_a_sender_gives_a_valid_answer(one: str, two: str, three: str) -> None:
    report = StatusReport("ANSWER-1", NOW, one, two, three, one, two, three)
    status = TransactionStatus("RJCT", one, two, three, one, two, three, "", "", one, two)
    root = sent(pacs002(report, [status]))
    assert text(root, "OrgnlMsgId") == (cut(readable(one), 35) or "NOTPROVIDED")
    assert texts(root, "OrgnlInstrId") == [cut(readable(one), 35)] * bool(one)
    assert "".join(texts(root, "AddtlInf")) == readable(three)


@given(st.lists(st.sampled_from([SETTLED, REFUSED, PENDING]), min_size=1, max_size=30))
def test_a_stream_holds_what_the_bytes_hold(statuses: list[TransactionStatus]) -> None:
    file = io.BytesIO()
    pacs002(REPORT, statuses).write(file)
    assert file.getvalue() == pacs002(REPORT, statuses).checked()


STREAM = """
import resource, sys
from paritas.iso20022.answers import StatusReport, TransactionStatus, pacs002_stream

class Nowhere:
    written = 0
    def write(self, data):
        self.written += data.count(b"</TxInfAndSts>")

def peak(number):
    report = StatusReport("A", "2026-11-23T10:00:00Z", "M", "pacs.008.001.08")
    statuses = (TransactionStatus("ACSC", end_to_end_id=str(n)) for n in range(number))
    nowhere = Nowhere()
    pacs002_stream(report, {"ACSC": number}, statuses).write(nowhere)
    assert nowhere.written == number, nowhere.written
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

print(peak(2_000), peak(60_000))
"""


def test_many_statuses_stream_in_constant_memory() -> None:
    pytest.importorskip("resource")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", STREAM], check=True, capture_output=True, text=True, env=environment
    )
    few, many = map(int, run.stdout.split())
    # The trees of 60,000 statuses would take well over 50 MB (here in kB; bytes on macOS).
    assert many < few * 1.2


def test_a_stream_stops_before_the_chunk_that_is_invalid() -> None:
    bad = TransactionStatus("TOO LONG", end_to_end_id="BAD")
    statuses = [*[SETTLED] * 1000, bad, *[SETTLED] * 1000]
    file = io.BytesIO()
    with pytest.raises(OutboundInvalidError, match=r"TxSts.*maxLength"):
        pacs002_stream(REPORT, {"ACSC": 2001}, statuses).write(file)
    assert b"BAD" not in file.getvalue()
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(file.getvalue())


def test_an_unreadable_message_is_told_so() -> None:
    reject = Reject("bad.xml", "xml.doctype", NOW, "line 2", "It has a DOCTYPE.", "<!DOCTYPE x>")
    root = sent(admi002(reject))
    assert text(root, "RltdRef/Ref") == "bad.xml"
    assert text(root, "Rsn/RjctgPtyRsn") == "xml.doctype"
    assert text(root, "Rsn/RjctnDtTm") == NOW
    assert text(root, "Rsn/ErrLctn") == "line 2"
    assert text(root, "Rsn/RsnDesc") == "It has a DOCTYPE."
    assert text(root, "Rsn/AddtlData") == "<!DOCTYPE x>"


@given(ANY_TEXT, st.sampled_from([1, 60, 100]))
def test_an_unreadable_message_may_hold_anything(any_text: str, times: int) -> None:
    long = any_text * times
    root = sent(admi002(Reject(long, long, long, long, long, long)))
    assert text(root, "RltdRef/Ref") == (cut(readable(long), 35) or "NOTPROVIDED")
    assert texts(root, "Rsn/RsnDesc") == [cut(readable(long), 350)] * bool(long)
    assert texts(root, "Rsn/AddtlData") == [cut(readable(long), 20000)] * bool(long)
