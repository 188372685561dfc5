"""Whatever lies in the directory: a clear answer for it, and the rest goes on as if it were not there."""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bank_day import Answer, DayAtTheBank
from banker import message_bytes, understand, write_messages
from test_settle_rules import run

WORLD = """
    book INR issuer RBISINB0XXX open 09:00-17:00 UTC
    member AAAAINB0XXX INR 1000.00
    member BBBBCNB0XXX INR 0
"""
GOOD = """
    09:30 AAAAINB0XXX pays BBBBCNB0XXX INR 100.00 ref T1 named 1-good.xml
    09:40 AAAAINB0XXX pays BBBBCNB0XXX INR 100.00 ref T2 named 9-good.xml
"""
CASE = understand(WORLD + GOOD)


def a_payment(**changes: str) -> bytes:
    """A good message, with texts of it replaced."""
    lines = "09:35 AAAAINB0XXX pays BBBBCNB0XXX INR 100.00 ref BAD"
    text = message_bytes(understand(lines).messages["BAD"]).decode()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def settle_with(directory: Path, make: Callable[[Path], None]) -> DayAtTheBank:
    """Settle two good payments and what ``make`` puts between them."""
    write_messages(CASE, directory / "in")
    make(directory / "in")
    day = run(CASE, directory)
    for name, moment in (("1-good.xml", "09:30"), ("9-good.xml", "09:40")):
        (status,) = day.answers[name].statuses
        assert (status.status, status.settled[11:16]) == ("ACSC", moment)
    return day


def bad(directory: Path, data: bytes) -> tuple[DayAtTheBank, Answer]:
    day = settle_with(directory, lambda folder: (folder / "5-bad.xml").write_bytes(data) and None)
    return day, day.answers["5-bad.xml"]


def statement() -> bytes:
    return (
        b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        b"<BkToCstmrStmt><GrpHdr><MsgId>S</MsgId><CreDtTm>2026-11-23T09:35:00Z</CreDtTm></GrpHdr>"
        b"<Stmt><Id>S</Id><Acct><Id><Othr><Id>1</Id></Othr></Id></Acct><Bal><Tp><CdOrPrtry><Cd>OPBD"
        b'</Cd></CdOrPrtry></Tp><Amt Ccy="INR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>'
        b"2026-11-23</Dt></Dt></Bal></Stmt></BkToCstmrStmt></Document>"
    )


def without_declaration(data: bytes) -> bytes:
    return data.partition(b"?>")[2]


UNREADABLE = {
    "truncated XML": (lambda: a_payment()[:-40], "xml.malformed", "AAAAINB0XXX"),
    "truncated in the header": (lambda: a_payment()[:150], "xml.malformed", ""),
    "a DOCTYPE": (
        lambda: b'<!DOCTYPE x [<!ENTITY a "b">]>' + without_declaration(a_payment()),
        "xml.doctype",
        "",
    ),
    "UTF-16": (
        lambda: without_declaration(a_payment()).decode().encode("utf-16"),
        "xml.encoding",
        "",
    ),
    "UTF-16 without a mark": (
        lambda: without_declaration(a_payment()).decode().encode("utf-16-le"),
        "xml.encoding",
        "",
    ),
    "Latin-1": (lambda: a_payment(**{"UTF-8": "ISO-8859-1"}), "xml.encoding", ""),
    "an empty file": (lambda: b"", "xml.empty", ""),
    "nothing but blanks": (lambda: b" \n\t " * 100, "xml.empty", ""),
    "nothing but a mark": (lambda: codecs.BOM_UTF8, "xml.empty", ""),
    "binary": (lambda: bytes(range(256)) * 40, "xml.encoding", ""),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)) * 9, "xml.malformed", ""),
    "a note": (lambda: b"Dear bank, please pay 100 rupees.", "xml.malformed", ""),
    "a SWIFT MT message": (lambda: b"{1:F01AAAAINB0AXXX0000000000}{2:I103}", "mt.no_field", ""),
    "XML that is no message": (lambda: b"<html><body/></html>", "xml.no_document", ""),
    "a Document of nobody": (lambda: b"<Document><a/></Document>", "xml.no_document", ""),
    "a statement": (statement, "rule.not_settled", ""),
    "a message of a version to come": (
        lambda: a_payment(**{"pacs.008.001.08": "pacs.008.001.99"}),
        None,
        "AAAAINB0XXX",
    ),
    "several messages in one file": (
        lambda: b"<all>" + without_declaration(a_payment()) * 2 + b"</all>",
        "xml.several",
        "AAAAINB0XXX",
    ),
    "a message without transactions": (
        lambda: (
            a_payment().partition(b"\n<CdtTrfTxInf>")[0]
            + b"</FIToFICstmrCdtTrf></Document></BusinessMessage>"
        ),
        "schema.incomplete",
        "AAAAINB0XXX",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(name: str, tmp_path: Path) -> None:
    data, code, sender = UNREADABLE[name]
    day, answer = bad(tmp_path, data())
    if code is None:
        # It can be read as far as there are transactions to refuse, so they are refused one by one.
        assert [(each.status, each.reason) for each in answer.statuses] == [("RJCT", "FF01")]
        assert answer.sent_to == sender
        return
    assert answer.unreadable == code
    assert answer.text.endswith(".")
    assert answer.sent_to == sender
    (listed,) = day.report["unreadable"]
    assert listed["file"] == "5-bad.xml"
    assert listed["answered_to"] == sender
    assert listed["sentence"] == answer.text
    assert "5-bad.xml" in (day.out / "report.html").read_text()


def test_two_gigabytes_of_nothing(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        with (folder / "5-bad.xml").open("wb") as file:
            file.truncate(2 * 1024**3)

    began = time.monotonic()
    day = settle_with(tmp_path, make)
    assert day.answers["5-bad.xml"].unreadable == "xml.too_large"
    assert (tmp_path / "out" / "journal.sqlite").stat().st_size < 10_000_000
    # Not how fast it is, but that nobody reads two gigabytes.
    assert time.monotonic() - began < 60


def test_large_file_of_nothing(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        with (folder / "5-bad.xml").open("wb") as file:
            file.truncate(30 * 1024**2)

    day = settle_with(tmp_path, make)
    assert day.answers["5-bad.xml"].unreadable == "xml.encoding"


def test_directory(tmp_path: Path) -> None:
    day = settle_with(tmp_path, lambda folder: (folder / "5-bad.xml").mkdir())
    assert day.answers["5-bad.xml"].unreadable == "xml.directory"


def test_dangling_link(tmp_path: Path) -> None:
    day = settle_with(tmp_path, lambda folder: (folder / "5-bad").symlink_to("nowhere"))
    assert day.answers["5-bad.xml"].unreadable == "xml.unreadable"
    assert "No such file" in day.answers["5-bad.xml"].text


def test_link_to_itself(tmp_path: Path) -> None:
    day = settle_with(tmp_path, lambda folder: (folder / "5-bad").symlink_to("5-bad"))
    assert day.answers["5-bad.xml"].unreadable == "xml.unreadable"


def test_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    day = settle_with(tmp_path, lambda folder: os.mkfifo(folder / "5-bad"))
    assert day.answers["5-bad.xml"].unreadable == "xml.unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "5-bad.xml").write_bytes(b"secret")
        (folder / "5-bad.xml").chmod(0)

    day = settle_with(tmp_path, make)
    assert day.answers["5-bad.xml"].unreadable == "xml.unreadable"


def test_the_same_unreadable_file_twice(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "5-bad.xml").write_bytes(b"<broken")
        (folder / "6-bad.xml").write_bytes(b"<broken")

    day = settle_with(tmp_path, make)
    assert day.answers["5-bad.xml"].unreadable == day.answers["6-bad.xml"].unreadable != ""


NAMES = [
    """Müller & "Söhne" <GmbH> 'Co' ]]> -- ?>""",
    "💸 परेशानी 出口 Çelik Ötzi 🏦",
    "مصرف ‮ evil ‬ שלום",
    "X" * 140,
    "💸" * 70,
    "&#x26;lt;script&#62;alert(1)&lt;/script&gt;",
    "{{ 7 * 7 }} {% raw %} ${x} `id`",
    "a\tb\u00a0c\u200bd\ufeffe",
]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_of_people(name: str, tmp_path: Path) -> None:
    """Names go through everything unchanged and break nothing on their way."""
    written = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    day, answer = bad(tmp_path, a_payment(**{"Importer &amp; Sons": written}))
    assert [each.status for each in answer.statuses] == ["ACSC"]
    notice = day.notifications["BBBBCNB0XXX-INR-2026-11-23.xml"]
    (entry,) = [
        each for each in notice.iterfind(".//{*}Ntry") if each.findtext(".//{*}TxId") == "BAD"
    ]
    assert entry.findtext(".//{*}Dbtr/{*}Pty/{*}Nm") == name
    html = (day.out / "report.html").read_text()
    assert "<script>alert" not in html
    assert "49" not in html.partition("{{")[2][:20]


def test_hostile_identifiers(tmp_path: Path) -> None:
    """Identifiers longer than the schema allows are refused and cut in the answer, never a crash."""
    day, answer = bad(tmp_path, a_payment(**{"<TxId>BAD<": f"<TxId>{'💸' * 140}<"}))
    (status,) = answer.statuses
    assert (status.status, status.reason) == ("RJCT", "FF01")
    assert status.reference == "💸" * 34 + "…"
    assert day.report["refused"]["payments"] == 1


FILE_NAMES = [
    b"5 \xff\xfe not text",
    b"5-" + b"n" * 253,
    b"5-" + "💸".encode() * 63,
    b"5-new\nline.xml",
    b"5-<b>&'\".XML",
    b"5-\xd7\xa9\xd7\x9c\xe2\x80\xae.xml",
    b"5",
]


@pytest.mark.parametrize("name", FILE_NAMES)
@pytest.mark.parametrize("data", [a_payment(), b"<broken"])
def test_hostile_names_of_files(name: bytes, data: bytes, tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / os.fsdecode(name)).write_bytes(data)

    day = settle_with(tmp_path, make)
    (other,) = set(day.answers) - {"1-good.xml", "9-good.xml"}
    assert bool(day.answers[other].unreadable) == (data == b"<broken")
    assert other.lower().endswith(".xml")


def test_names_that_differ_only_in_case_or_ending(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        for name in ("x", "X", "x.xml", "X.XML", "x.2.xml"):
            (folder / name).write_bytes(b"<broken")

    day = settle_with(tmp_path, make)
    assert len({name.casefold() for name in day.answers}) == 7


def test_nothing_at_all(tmp_path: Path) -> None:
    """An empty directory is a quiet day: statements, no answers, no error."""
    (tmp_path / "in").mkdir()
    day = run(CASE, tmp_path)
    assert day.answers == {}
    assert len(day.statements) == 2


def test_nothing_readable(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"\x00")
    day = run(CASE, tmp_path)
    assert [answer.unreadable for answer in day.answers.values()] == ["xml.encoding"]


def test_thousands_of_wrong_amounts_hide_no_wrong_sum(tmp_path: Path) -> None:
    """However many transactions are wrong, a wrong total still refuses the message whole."""
    lines = [
        f"09:35 AAAAINB0XXX pays BBBBCNB0XXX INR {'0.00' if number else '1.00'} ref R{number} in M"
        for number in range(6001)
    ]
    message = understand("\n".join(lines)).messages["M"]
    message.says.append(("NbOfTxs", "6002"))
    _, answer = bad(tmp_path, message_bytes(message))
    assert (answer.group, answer.reason) == ("RJCT", "AM18")
    assert len(answer.statuses) == 6001
