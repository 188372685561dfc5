"""`paritas check`: one line for each message, whatever the files are."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from paritas.iso20022 import check, reader, schemas
from paritas.iso20022.check import check_bytes, check_command, check_paths
from paritas.iso20022.reader import FILE_BYTES_MAX, read_message, read_stream
from paritas.mt.checking import check_if_mt
from payment_messages import message, transaction

SHARED = Path(os.environ.get("PARITAS_SHARED", Path(__file__).parents[3] / "shared"))
SAMPLES = SHARED / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no shared samples beside this")

MT103 = b"{1:F01AAAAINB0AXXX0000000000}{2:I103BBBBCNB0XXXXN}{4:\r\n:20:REF\r\n-}"


def run(*paths: object) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    code = check_command([str(path) for path in paths], out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_good_and_a_bad_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(message())
    bad.write_bytes(message(transaction(amount="1.5", currency="JPY")))
    assert run(good) == (
        0,
        [{"file": str(good), "message": "pacs.008.001.08", "valid": True, "findings": []}],
    )
    code, (first, second) = run(good, bad)
    assert code == 1
    assert first["valid"] is True
    assert second["valid"] is False
    assert second["findings"] == [
        {
            "code": "rule.decimals",
            "path": "Document/FIToFICstmrCdtTrf/CdtTrfTxInf[1]/IntrBkSttlmAmt",
            "line": 3,
            "text": "JPY has no decimals, 1.5 has 1",
        }
    ]


def test_each_message_of_a_file_has_its_line() -> None:
    body = message().partition(b"?>")[2]
    results = check_bytes(b"<E>" + body + body.replace(b">1000.00<", b">0<") + b"</E>", "two")
    assert [(result["file"], result["valid"]) for result in results] == [
        ("two", True),
        ("two", False),
    ]


def test_a_remark_leaves_a_message_valid() -> None:
    data = message().replace(b"<MsgDefIdr>pacs.008.001.08", b"<MsgDefIdr>pacs.008.001.10")
    (result,) = check_bytes(data, "x")
    assert result["valid"] is True
    assert [found["code"] for found in result["findings"]] == ["rule.header"]


@pytest.mark.parametrize(
    ("data", "message_type"),
    [
        (message().replace(b"pacs.008.001.08", b"pacs.008.001.99"), "pacs.008.001.99"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:seev.031.001.09"/>', "seev.031.001.09"),
    ],
)
def test_what_has_no_schema_is_neither_valid_nor_invalid(data: bytes, message_type: str) -> None:
    (result,) = check_bytes(data, "x")
    assert result["message"] == message_type
    assert result["valid"] is None
    assert [found["code"] for found in result["findings"]] == ["rule.unsupported"]


def test_another_format_is_checked_by_its_own_reader(tmp_path: Path) -> None:
    (tmp_path / "a.fin").write_bytes(MT103)
    (tmp_path / "b.xml").write_bytes(message())
    results = list(check_paths([str(tmp_path)], check_if_mt))
    assert [result["message"] for result in results] == ["MT103", "pacs.008.001.08"]
    assert [result["valid"] for result in results] == [False, True]


def test_a_broken_header_of_an_unknown_message_is_invalid_all_the_same() -> None:
    data = message().replace(b"pacs.008.001.08", b"pacs.008.001.99")
    (result,) = check_bytes(data.replace(b"<BizMsgIdr>B-1</BizMsgIdr>", b""), "x")
    assert result["valid"] is False


def test_what_cannot_be_read_has_a_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    directory.mkdir()
    empty, nothing = tmp_path / "empty.xml", tmp_path / "nothing.xml"
    utf16, good, pipe = tmp_path / "utf16.xml", tmp_path / "good.xml", tmp_path / "pipe"
    empty.touch()
    utf16.write_bytes(message().decode().encode("utf-16"))
    good.write_bytes(message())
    with nothing.open("wb") as file:
        file.truncate(2 * FILE_BYTES_MAX)
    os.mkfifo(pipe)
    code, results = run(empty, directory, tmp_path / "missing", nothing, pipe, utf16, "a\0b", good)
    assert code == 1
    assert [result["valid"] for result in results] == [False] * 7 + [True]
    assert [found["code"] for result in results for found in result["findings"]] == [
        "xml.empty",
        "xml.directory",
        "xml.unreadable",
        "xml.too_large",
        "xml.unreadable",
        "xml.encoding",
        "xml.unreadable",
    ]
    assert all(len(found["text"]) > 10 for result in results for found in result["findings"])


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is readable for root")
def test_a_file_without_permission(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_bytes(message())
    secret.chmod(0)
    (result,) = check_paths([str(secret)])
    assert result["findings"][0]["code"] == "xml.unreadable"


def test_half_a_gigabyte_of_zeros_is_not_read(tmp_path: Path) -> None:
    zeros = tmp_path / "zeros.xml"
    with zeros.open("wb") as file:
        file.truncate(FILE_BYTES_MAX // 2)
    (result,) = check_paths([str(zeros)])
    assert [found["code"] for found in result["findings"]] == ["xml.encoding"]


def test_a_large_file_is_checked_in_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "batch.xml"
    kind = "pacs.008.001.07"  # It has no UETR: that they are alike is a remark on the whole.
    payments = [transaction(n, kind, amount="0" if n == 7 else "1") for n in range(50)]
    path.write_bytes(message(*payments, message_type=kind))
    (whole,) = check_paths([str(path)])
    monkeypatch.setattr(check, "TREE_BYTES_MAX", 1000)
    monkeypatch.setattr(reader, "WINDOW_TRANSACTIONS", 5)
    assert list(check_paths([str(path)])) == [whole]
    assert whole["findings"][0]["path"].endswith("CdtTrfTxInf[8]/IntrBkSttlmAmt")


def _manifest() -> list[dict[str, str]]:
    with (SAMPLES / "MANIFEST.tsv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@needs_samples
def test_real_messages_get_the_verdict_of_the_official_schemas() -> None:
    compared = 0
    for row in _manifest():
        data = (SAMPLES / row["file"]).read_bytes()
        if row["message"].startswith("MT"):
            assert check_if_mt(data, row["file"])
            continue
        (result,) = check_bytes(data, row["file"], check_if_mt)
        assert result["message"] == row["message"]
        codes = [found["code"] for found in result["findings"]]
        if row["message"] in schemas.message_types():
            against_schema = any(code.startswith("schema.") for code in codes)
            assert against_schema == (row["valid_per_official_schema"] == "False"), row["file"]
            compared += 1
        else:
            assert codes[0] == "rule.unsupported"
    assert compared > 200


@needs_samples
def test_valid_real_messages_are_refused_for_nothing_but_wrong_account_numbers() -> None:
    for row in _manifest():
        if row["tier"] == "A-valid" and not row["message"].startswith("MT"):
            result = read_message((SAMPLES / row["file"]).read_bytes())
            refusing = {f.code for f in result.findings if f.reason} - {"rule.unsupported"}
            assert refusing <= {"rule.iban"}, row["file"]


@needs_samples
def test_real_messages_read_alike_whole_and_in_windows() -> None:
    read = 0
    for row in _manifest():
        if row["message"].startswith(("pacs.008", "pacs.009")):
            data = (SAMPLES / row["file"]).read_bytes()
            whole = read_message(data)
            (window,) = read_stream(io.BytesIO(data))
            assert window == whole
            assert all(t.amount and t.currency and t.debtor for t in whole.transactions)
            read += len(whole.transactions)
    assert read > 50
