"""A large file read in windows says the same as the same file read whole, in constant memory."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paritas.iso20022 import reader
from paritas.iso20022.reader import merge, read_file, read_message, read_messages, read_stream
from paritas.iso20022.values import ReadResult
from payment_messages import agent, group_header, message, transaction


def streamed(data: bytes) -> ReadResult:
    return merge(read_stream(io.BytesIO(data)))


def assert_same(data: bytes) -> None:
    """Both ways give the same values, and the same findings in whatever order."""
    whole, parts = read_messages(data)[0], streamed(data)
    assert parts.message == whole.message
    assert parts.transactions == whole.transactions
    assert sorted(parts.findings, key=repr) == sorted(whole.findings, key=repr)


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_TRANSACTIONS", 2)
    monkeypatch.setattr(reader, "_BLOCK_BYTES", 700)


def test_windows_of_a_thousand() -> None:
    data = message(*(transaction(number) for number in range(1, 2501)))
    windows = list(read_stream(io.BytesIO(data)))
    assert [len(window.transactions) for window in windows] == [1000, 1000, 500]
    assert [found for window in windows for found in window.findings] == []
    indexes = [read.index for window in windows for read in window.transactions]
    assert indexes == list(range(2500))
    assert_same(data)


def test_windows_know_the_group_and_number_their_findings() -> None:
    group = group_header(
        2200, "<IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt>", "" + agent("InstgAgt", "AAAAINB0")
    )
    amounts = {1500: "1.234", 2100: "0", 7: "-5", 1001: "x"}
    data = message(
        *(
            transaction(number, amount=amounts.get(number, "1.00"), date="", agents="")
            for number in range(1, 2201)
        ),
        group=group,
    )
    result = streamed(data)
    assert [(found.code, found.transaction) for found in result.findings] == [
        ("schema.range", 6),
        ("schema.type", 1000),
        ("rule.decimals", 1499),
        ("rule.amount", 2099),
    ]
    assert {read.settlement_date for read in result.transactions} == {"2026-11-23"}
    assert_same(data)


ODDITIES: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "no group header": lambda text: text.replace("<GrpHdr>", "<GrpHdx>").replace(
        "</GrpHdr>", "</GrpHdx>"
    ),
    "group header last": lambda text: text.replace(group_header(9), "").replace(
        "</FIToFI", group_header(9) + "</FIToFI"
    ),
    "no transactions": lambda text: text.replace("<CdtTrfTxInf>", "<Other>").replace(
        "</CdtTrfTxInf>", "</Other>"
    ),
    "text between": lambda text: text.replace("</CdtTrfTxInf>\n", "</CdtTrfTxInf>text", 5),
    "text at the end": lambda text: text.replace("</FIToFI", "text</FIToFI"),
    "text after the body": lambda text: text.replace("</Document", "text</Document"),
    "supplement": lambda text: text.replace(
        "</FIToFI", "<SplmtryData><Envlp><a/></Envlp></SplmtryData></FIToFI"
    ),
    "three supplements": lambda text: text.replace(
        "</FIToFI", "<SplmtryData><Envlp><a/></Envlp></SplmtryData>" * 3 + "</FIToFI"
    ),
    "supplement before the last": lambda text: text.replace(
        transaction(9), "<SplmtryData><Envlp><a/></Envlp></SplmtryData>" + transaction(9)
    ),
    "supplement in the middle": lambda text: text.replace(
        transaction(4), "<SplmtryData><Envlp><a/></Envlp></SplmtryData>" + transaction(4)
    ),
    "junk in the middle": lambda text: text.replace(transaction(4), "<Junk/>" + transaction(4)),
    "two bodies": lambda text: text.replace("</Document", "<FIToFICstmrCdtTrf/></Document"),
    "attribute on the body": lambda text: text.replace(
        "<FIToFICstmrCdtTrf", "<FIToFICstmrCdtTrf a='b'"
    ),
    "another namespace inside": lambda text: text.replace(
        "<CdtTrfTxInf>", '<CdtTrfTxInf xmlns="urn:x">', 3
    ),
    "count is wrong": lambda text: text.replace("<NbOfTxs>9<", "<NbOfTxs>8<"),
    "the first is wrong": lambda text: text.replace("SHAR", "SHAX", 1),
    "all are wrong": lambda text: text.replace("SHAR", "SHAX"),
    "group header is wrong": lambda text: text.replace("CLRG", "CLRX"),
    "header is wrong": lambda text: text.replace("<BizMsgIdr>B-1</BizMsgIdr>", ""),
    "no header": lambda text: (
        "<x>" + text[text.index("<Document") :].replace("BusinessMessage", "x")
    ),
    "empty Document": lambda text: text[: text.index("<FIToFI")] + text[text.index("</Document") :],
    "empty body": lambda text: text[: text.index("<GrpHdr")] + text[text.index("</FIToFI") :],
}


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.usefixtures("small_windows")
def test_odd_messages_get_the_same_verdict(oddity: str) -> None:
    text = message(
        *(transaction(number) for number in range(1, 10)), group=group_header(9)
    ).decode()
    changed = ODDITIES[oddity](text)
    assert oddity == "nothing" or changed != text
    data = changed.encode()
    whole, parts = read_messages(data)[0], streamed(data)
    assert parts.acceptable == whole.acceptable
    assert parts.transactions == whole.transactions
    assert parts.message == whole.message
    places = {(found.path, found.code, found.transaction) for found in whole.findings}
    assert {(found.path, found.code, found.transaction) for found in parts.findings} <= places


_CHILDREN = st.lists(
    st.sampled_from(
        [
            group_header(3),
            transaction(1),
            transaction(2, amount="-1"),
            transaction(3, currency="JPY", amount="1.5"),
            "<SplmtryData><Envlp><a/></Envlp></SplmtryData>",
            "<Junk/>",
        ]
    ),
    max_size=9,
)


@settings(max_examples=300, deadline=None)
@given(_CHILDREN, st.integers(1, 3), st.integers(100, 4000))
def test_any_order_gets_the_same_verdict(children: list[str], window: int, block: int) -> None:
    data = message("".join(children), group="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "WINDOW_TRANSACTIONS", window)
        patch.setattr(reader, "_BLOCK_BYTES", block)
        parts = streamed(data)
    whole = read_messages(data)[0]
    against_schema = [any(f.code.startswith("schema.") for f in r.findings) for r in (parts, whole)]
    assert against_schema[0] == against_schema[1]
    assert parts.acceptable == whole.acceptable
    assert parts.transactions == whole.transactions


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data[:-300], "xml.malformed"),
        (lambda data: data.replace(b"T-9", b"T\0-9"), "xml.malformed"),
        (lambda data: b"\0" * len(data), "xml.encoding"),
        (lambda data: data.decode().encode("utf-16"), "xml.encoding"),
        (lambda data: b"<!DOCTYPE a>" + data[data.index(b"<Bus") :], "xml.doctype"),
        (
            lambda data: b"<!--" + b" " * 5000 + b"--><!DOCTYPE a>" + data[data.index(b"<Bus") :],
            "xml.doctype",
        ),
        (lambda data: b"<a>" + b"<b/>" * 1000 + b"</a>", "xml.no_document"),
        (lambda data: b"", "xml.empty"),
        (lambda data: b" " * 9000, "xml.empty"),
        (lambda data: data.replace(b"pacs.008.001.08", b"camt.053.001.08"), "xml.too_large"),
        (
            lambda data: data.replace(b"</Bus", b'<Document xmlns="urn:x"></Document></Bus'),
            "xml.several",
        ),
    ],
)
def test_traps_are_seen_in_a_stream(change: Callable[[bytes], bytes], code: str) -> None:
    data = change(message(*(transaction(number) for number in range(1, 10))))
    assert [found.code for found in streamed(data).findings] == [code]


def test_an_endless_element_ends() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            start = message().partition(b"<Dbtr>")[0] + b"<Dbtr>" if not self.begun else b""
            self.begun = True
            return start + b"<b/>" * (size // 4)

        begun = False

    result = merge(read_stream(Endless()))  # type: ignore[arg-type]
    assert [found.code for found in result.findings] == ["xml.too_large"]


def test_a_file_is_read_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "batch.xml"
    path.write_bytes(message(*(transaction(number) for number in range(1, 1502))))
    whole = list(read_file(path))
    monkeypatch.setattr(reader, "TREE_BYTES_MAX", 200_000)
    windows = list(read_file(path))
    assert len(whole) == 1 < len(windows)
    assert merge(windows).transactions == whole[0].transactions
    assert read_message(path.read_bytes()) == whole[0]


_PEAK = """
import resource, sys
from payment_messages import message, transaction
from paritas.iso20022.reader import read_stream

count = int(sys.argv[1])
start, end = message(transaction(), group="").split(transaction().encode())

class Source:
    def __init__(self):
        self.left = count
        self.text = start
    def read(self, size):
        while len(self.text) < size and self.left:
            self.left -= 1
            self.text += transaction(self.left).encode()
            if not self.left:
                self.text += end
        block, self.text = self.text[:size], self.text[size:]
        return block

seen = sum(len(window.transactions) for window in read_stream(Source()))
assert seen == count, seen
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_file() -> None:
    def peak_kib(count: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, str(count)],
            env={"PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    assert peak_kib(12_000) < peak_kib(3_000) + 8_000
