"""The verdict: as the reader's, whether at a glance or in full, and the remarks on top."""

from __future__ import annotations

import csv
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from usage_messages import (
    camt_054,
    pacs_002,
    pacs_004,
    pacs_008,
    pacs_009,
    pain_001,
    statement,
)

from paritas.iso20022.check import check_bytes
from paritas.iso20022.glance import glance
from paritas.iso20022.parsing import UnreadableError, messages_of, parse_all
from paritas.iso20022.reader import read_messages
from paritas.iso20022.values import Finding
from paritas.iso20022.verdict import verdict
from payment_messages import agent, group_header, message, transaction

SAMPLES = Path(os.environ.get("PARITAS_SHARED", Path(__file__).parents[3] / "shared")) / "samples"
OWN = [
    make().encode()
    for make in (camt_054, pacs_002, pacs_004, pacs_008, pacs_009, pain_001, statement)
] + [message(), message(message_type="pacs.009.001.10")]
#: Said by the verdict alone: the reader leaves what refuses nothing, and other messages' sums.
ON_TOP = re.compile(
    r"rule\.(address|receiver|uetr|settlement|exchange|charges|agents|characters|balance|sum|count)"
)
TEXTS = (
    *(b" ", b"0", b"-1", b"ZZ", b"UK", b"XXX", b" 1.00 ", b"99999999999999999999", b"1.123456"),
    *(b"COVE", b"CLRG", b"SHAR", b"DEBT", b"EUR", b"7", b"1", b"2", b"pacs.008.001.08", b"x" * 200),
    *(b"2026-02-30", b"2026-11-30", b"2026-11-30T10:00:00Z", b"1026-11-30", b"AAAAINB0XXX"),
    *(b"\xc3\x9c", b"\xe2\x80\xae", b"&amp;", b"&#x85;", b"<!-- -->", b"<![CDATA[1]]>", b"]]&gt;"),
)


def files() -> list[bytes]:
    if not SAMPLES.is_dir():
        return OWN
    with (SAMPLES / "MANIFEST.tsv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    real = [row["file"] for row in rows if not row["message"].startswith("MT")]
    return OWN + [(SAMPLES / name).read_bytes() for name in real]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Put other texts in the place of some, and now and then leave out or double an element."""
    for _ in range(dice.randint(1, 3)):
        texts = [match.span(1) for match in re.finditer(rb">([^<]+)<", data)]
        if not texts:
            return data
        begin, end = dice.choice(texts)
        own = data[slice(*dice.choice(texts))]
        data = data[:begin] + dice.choice((*TEXTS, *[own] * 8)) + data[end:]
    elements = [match.span() for match in re.finditer(rb"<(\w+)>[^<]*</\1>", data)]
    if elements and dice.random() < 0.2:
        begin, end = dice.choice(elements)
        data = data[:begin] + data[begin:end] * dice.choice((0, 2)) + data[end:]
    return data


def findings(data: bytes) -> list[list[Finding]]:
    return [verdict(each, len(data)) for each in messages_of(parse_all(data))]


def test_the_verdict_is_the_readers() -> None:
    dice, compared = random.Random(20261122), 0
    for data in files():
        for text in (data, damaged(data, dice)):
            try:
                found = findings(text)
            except UnreadableError:
                continue
            for read, own in zip(read_messages(text), found, strict=True):
                assert set(read.findings) <= set(own)
                more = [each for each in own if each not in read.findings]
                assert all(
                    ON_TOP.fullmatch(each.code) or (each.code == "rule.date" and not each.reason)
                    for each in more
                ), more
                compared += 1
    assert compared > 15


def test_a_glance_says_what_the_verdict_says() -> None:
    dice, told = random.Random(7), 0
    for data in files():
        try:
            for _ in range(3):
                glance(data, parse_all(data))
        except UnreadableError:
            continue
        for text in (data, *(damaged(data, dice) for _ in range(3))):
            try:
                root = parse_all(text)
                placed = messages_of(root)
            except UnreadableError:
                continue
            said = glance(text, root)
            if said is not None:
                (only,) = placed
                assert said == (
                    only.message_type,
                    verdict(only, len(text), may_be_unreadable=False),
                )
                told += 1
    assert told > 20


@pytest.mark.parametrize("data", OWN)
def test_a_file_is_told_at_a_glance_when_its_tags_come_again(data: bytes) -> None:
    data = data.replace(b" &amp; ", b" and ")
    declaration, mark, rest = data.rpartition(b"?>\n")
    for written in (
        data,
        b"\xef\xbb\xbf" + data,
        data.replace(b"\n", b"\r\n"),
        declaration + mark + b"<!-- a > --> " + rest,
    ):
        for _ in range(2):
            glance(written, parse_all(written))
        (only,) = messages_of(parse_all(written))
        expected = (only.message_type, verdict(only, len(written)))
        assert glance(written, parse_all(written)) == expected


# Remarks

_TWO = transaction(1) + transaction(2)
_IN_GROUP = group_header(agents=agent("InstgAgt", "AAAAINB0XXX"))
_ADDRESS = "<PstlAdr><AdrLine>Mint Road 1, Mumbai</AdrLine></PstlAdr>"
_SETTLEMENT = "<SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>"


def settled(method: str, rest: str = "") -> str:
    return group_header().replace(
        _SETTLEMENT, f"<SttlmInf><SttlmMtd>{method}</SttlmMtd>{rest}</SttlmInf>"
    )


def charged(instructed: str, bearer: str = "SHAR", rest: str = "") -> bytes:
    text = message(transaction(after_date=instructed)).decode()
    return text.replace("<ChrgBr>SHAR</ChrgBr>", f"<ChrgBr>{bearer}</ChrgBr>{rest}").encode()


_CHARGES = f'<ChrgsInf><Amt Ccy="INR">5.00</Amt>{agent("Agt", "AAAAINB0XXX")}</ChrgsInf>'
_REMARKED = {
    "address": (message().replace(b"</Nm></Dbtr>", f"</Nm>{_ADDRESS}</Dbtr>".encode()), "Dbtr/PstlAdr"),
    "receiver": (message().replace(b"<BICFI>BBBB", b"<BICFI>CCCC", 1), "AppHdr/To"),
    "sender": (message().replace(b"<BICFI>AAAA", b"<BICFI>CCCC", 1), "AppHdr/Fr"),
    "uetr": (message(transaction(1), transaction(2)), "CdtTrfTxInf[2]/PmtId/UETR"),
    "settlement": (message(group=settled("COVE")), "SttlmInf"),
    "settlement-account": (
        message(group=settled("CLRG", "<SttlmAcct><Id><Othr><Id>1</Id></Othr></Id></SttlmAcct>")),
        "SttlmAcct",
    ),
    "settlement-system": (message(group=settled("INDA", "<ClrSys><Cd>TGT</Cd></ClrSys>")), "ClrSys"),
    "settlement-agent": (
        message(group=settled("INGA", agent("InstgRmbrsmntAgt", "AAAAINB0XXX"))),
        "InstgRmbrsmntAgt",
    ),
    "exchange": (charged('<InstdAmt Ccy="CNY">9.00</InstdAmt>'), "InstdAmt"),
    "exchange-same": (charged('<InstdAmt Ccy="INR">1000.00</InstdAmt><XchgRate>1</XchgRate>'), "XchgRate"),
    "exchange-nothing": (charged("<XchgRate>1</XchgRate>"), "XchgRate"),
    "charges": (charged('<InstdAmt Ccy="INR">1005.00</InstdAmt>'), "IntrBkSttlmAmt"),
    "charges-debt": (charged('<InstdAmt Ccy="INR">1005.00</InstdAmt>', "DEBT", _CHARGES), "IntrBkSttlmAmt"),
    "charges-more": (charged('<InstdAmt Ccy="INR">995.00</InstdAmt>', "SHAR", _CHARGES), "IntrBkSttlmAmt"),
    "charges-nothing": (charged("", "SHAR", _CHARGES), "ChrgsInf"),
    "agents": (message(group=_IN_GROUP), "InstgAgt"),
    "agents-second": (message(transaction(after_agents=agent("IntrmyAgt2", "AAAAINB0XXX"))), "IntrmyAgt2"),
    "agents-account": (
        message(transaction(after_agents="<IntrmyAgt1Acct><Id><Othr><Id>1</Id></Othr></Id></IntrmyAgt1Acct>")),
        "IntrmyAgt1Acct",
    ),
    "date": (pacs_008().replace("09:31:00+05:30", "09:31:00+05:20").encode(), "AppHdr/CreDt"),
    "date-year": (statement().replace("<ValDt><Dt>2026", "<ValDt><Dt>0026", 1).encode(), "ValDt/Dt"),
    "characters": (message().replace(b"Exporter", "Exp\u202eorter".encode()), "Cdtr/Nm"),
    "characters-escaped": (message().replace(b"Exporter", b"Exp&#x85;orter"), "Cdtr/Nm"),
    "count": (statement().replace("<NbOfNtries>3", "<NbOfNtries>4").encode(), "TxsSummry/TtlNtries"),
    "sum": (statement().replace("<Sum>205.00", "<Sum>206.00").encode(), "TxsSummry/TtlCdtNtries"),
    "balance": (statement().replace(">120.00<", ">119.00<").encode(), "Stmt/Bal[2]"),
    "country": (pacs_008().replace("<Ctry>IN", "<Ctry>UK").encode(), "Dbtr/PstlAdr/Ctry"),
}  # fmt: skip


@pytest.mark.parametrize("name", _REMARKED)
def test_remark(name: str) -> None:
    data, place = _REMARKED[name]
    code = f"rule.{name.partition('-')[0]}"
    for _ in range(3):  # In full, and at a glance.
        (result,) = check_bytes(data, "x")
        found = [each for each in result["findings"] if each["code"] == code]
        assert found and found[0]["path"].endswith(place), result["findings"]
        assert found[0]["line"] > 0
        assert result["valid"] is True
        assert len(result["findings"]) == len(found)


def test_conversion_is_asked_for_without_a_rate() -> None:
    kind = "<PmtTpInf><LclInstrm><Prtry>PXFX</Prtry></LclInstrm></PmtTpInf>"
    data = charged('<InstdAmt Ccy="CNY">9.00</InstdAmt>').replace(
        b"</PmtId>", f"</PmtId>{kind}".encode()
    )
    (result,) = check_bytes(data, "x")
    assert result["findings"] == []


def test_before_november_2026_addresses_are_as_they_were() -> None:
    data = _REMARKED["address"][0].replace(b"2026-11-20", b"2026-11-13")
    (result,) = check_bytes(data, "x")
    assert result["findings"] == []


# Batches


def batch(name: str, **changes: str) -> dict[str, Any]:
    make = {"pacs.004": pacs_004, "pain.001": pain_001, "pacs.002": pacs_002}[name]
    text = make()
    for before, after in changes.items():
        text = text.replace(f"<{before}>1<", f"<{before}>{after}<")
    (result,) = check_bytes(text.encode(), "x")
    return result


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (pacs_004().replace("<NbOfTxs>1", "<NbOfTxs>2"), ["GrpHdr/NbOfTxs"]),
        (
            pacs_004().replace(
                "</NbOfTxs>",
                '</NbOfTxs><TtlRtrdIntrBkSttlmAmt Ccy="INR">1.00</TtlRtrdIntrBkSttlmAmt>',
            ),
            ["GrpHdr/TtlRtrdIntrBkSttlmAmt"],
        ),
        (
            pain_001().replace("<NbOfTxs>1</NbOfTxs>", "<NbOfTxs>1</NbOfTxs><CtrlSum>7</CtrlSum>"),
            ["PmtInf/CtrlSum", "GrpHdr/CtrlSum"],
        ),
        (pain_001().replace("<NbOfTxs>1", "<NbOfTxs>3", 1), ["GrpHdr/NbOfTxs"]),
    ],
)
def test_batches(text: str, places: list[str]) -> None:
    (result,) = check_bytes(text.encode(), "x")
    assert result["valid"] is False
    assert [each["code"] in ("rule.count", "rule.sum") for each in result["findings"]] == [
        True
    ] * len(places)
    assert all(each["path"].endswith(p) for each, p in zip(result["findings"], places, strict=True))


# Files


def test_documents_in_a_row_are_messages_of_their_own() -> None:
    one = message(header="").replace(b"<BusinessMessage>", b"").replace(b"</BusinessMessage>", b"")
    bad = one.replace(b">1000.00<", b">0<")
    results = check_bytes(one + b"\n" + bad, "x")
    assert [each["valid"] for each in results] == [True, False]
    assert results[1]["findings"][0]["line"] == 6
    header = message().partition(b"<AppHdr")[2].partition(b"</AppHdr>")[0]
    bare = one.partition(b"?>")[2]
    (result,) = check_bytes(b"<AppHdr" + header + b"</AppHdr>" + bare, "x")
    assert (result["valid"], result["findings"]) == (True, [])


@pytest.mark.parametrize(
    "envelope",
    [
        b"<RequestPayload>%s</RequestPayload>",
        b'<Saa:DataPDU xmlns:Saa="urn:swift:saa:xsd:saa.2.0"><Saa:Body>%s</Saa:Body></Saa:DataPDU>',
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>'
        b"<a><b>%s</b></a></s:Body></s:Envelope>",
        b'<BizMsg xmlns="urn:x">%s</BizMsg>',
        b"<FedwireFundsOutgoing><x><y/>%s</x></FedwireFundsOutgoing>",
    ],
)
def test_any_envelope(envelope: bytes) -> None:
    body = message().partition(b"<BusinessMessage>")[2].partition(b"</BusinessMessage>")[0]
    for _ in range(3):
        (result,) = check_bytes(envelope % body, "x")
        assert (result["valid"], result["findings"]) == (True, [])
    wrong = body.replace(b"<MsgDefIdr>pacs.008", b"<MsgDefIdr>pacs.003")
    (result,) = check_bytes(envelope % wrong, "x")
    assert [each["path"] for each in result["findings"]] == ["AppHdr/MsgDefIdr"]


def test_more_findings_than_anybody_reads_are_cut_off() -> None:
    data = message(*(transaction(n, amount="0") for n in range(1200)))
    (result,) = check_bytes(data, "x")
    assert len(result["findings"]) == 1001
    assert result["findings"][-1]["code"] == "rule.more"
    assert result["valid"] is False
