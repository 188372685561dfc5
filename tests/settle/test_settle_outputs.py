"""What leaves besides the verdicts: deliveries, the journal's sealed store, the report, the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bank_day import text_of
from banker import scheme_of, understand, write_messages
from lxml import etree
from test_settle_rules import delivered, run

from paritas.journal.codec import decode_records
from paritas.journal.sqlite import SqliteJournal
from paritas.model.commands import RecordMessage, RecordRefusal, SubmitInstruction

WORLD = """
    deliver
    book INR issuer RBISINB0XXX open 09:00-17:00 UTC
    book CNY issuer PBOCCNB0XXX open 09:00-17:00 UTC
    member AAAAINB0XXX INR 10000.00
    member BBBBCNB0XXX INR 0, CNY 0
    member DDDDSGB0XXX INR 0, CNY 1000.00
    dealer DDDDSGB0XXX for INR/CNY
"""
DAY = """
    09:30 AAAAINB0XXX pays BBBBCNB0XXX INR 100.00 ref T1 in M
    09:30 AAAAINB0XXX pays BBBBCNB0XXX INR 1400.00 to arrive as CNY 100.00 ref T2 in M
    09:31 AAAAINB0XXX pays BBBBCNB0XXX INR 0.00 ref T3
    09:32 BBBBCNB0XXX pays AAAAINB0XXX INR 9999.00 ref T4
"""


def transfers(path: Path) -> dict[str, etree._Element]:
    found = etree.parse(path).getroot().iter("{*}CdtTrfTxInf")
    return {text_of(each, "PmtId/TxId"): each for each in found}


def content(element: etree._Element) -> list[tuple[object, ...]]:
    """Everything that an element says, in order."""
    return [(each.tag, dict(each.attrib), each.text) for each in element.iter()]


def test_the_payee_receives_what_the_payer_sent(tmp_path: Path) -> None:
    """Unchanged but for the group header; converted, with its own leg and the rate."""
    case = understand(WORLD + DAY)
    day = run(case, tmp_path)
    sent = transfers(tmp_path / "in" / case.messages["M"].name)
    received = {
        text_of(document[0], "CdtTrfTxInf/PmtId/TxId"): document
        for document in delivered(day, "BBBBCNB0XXX")
    }
    assert received.keys() == {"T1", "T2"}
    for document in received.values():
        assert text_of(document[0], "GrpHdr/NbOfTxs") == "1"
        assert text_of(document[0], "GrpHdr/MsgId").startswith("PARITAS-")
    unchanged = received["T1"][0].find("{*}CdtTrfTxInf")
    assert content(unchanged) == content(sent["T1"])
    converted = received["T2"][0].find("{*}CdtTrfTxInf")
    assert text_of(converted, "XchgRate") == "14"
    rate = converted.find("{*}XchgRate")
    converted.remove(rate)
    amount, original = converted.find("{*}IntrBkSttlmAmt"), sent["T2"].find("{*}IntrBkSttlmAmt")
    assert (amount.get("Ccy"), amount.text) == ("CNY", "100.00")
    amount.set("Ccy", original.get("Ccy"))
    amount.text = original.text
    assert content(converted) == content(sent["T2"])
    assert sorted(path.name for path in (day.out / "delivered").iterdir()) == ["BBBBCNB0XXX"]


def test_nothing_is_delivered_unless_asked(tmp_path: Path) -> None:
    case = understand((WORLD + DAY).replace("deliver\n", ""))
    assert not (run(case, tmp_path).out / "delivered").exists()


def test_the_entries_of_a_conversion_say_what_was_converted(tmp_path: Path) -> None:
    day = run(understand(WORLD + DAY), tmp_path)
    notice = day.notifications["BBBBCNB0XXX-CNY-2026-11-23.xml"]
    (entry,) = notice.iter("{*}Ntry")
    details = entry.find("{*}NtryDtls/{*}TxDtls")
    assert text_of(details, "AmtDtls/InstdAmt/Amt") == "100.00"
    assert text_of(details, "AmtDtls/CntrValAmt/Amt") == "1400.00"
    assert text_of(details, "AmtDtls/CntrValAmt/CcyXchg/XchgRate") == "14"


def test_messages_lie_sealed_and_names_are_nowhere_else(tmp_path: Path) -> None:
    """The journal's records hold hashes; the bytes as received lie in the sealed store beside them."""
    case = understand(WORLD + DAY)
    write_messages(case, tmp_path / "in")
    (tmp_path / "in" / "zzz.xml").write_bytes(b"<broken")
    day = run(case, tmp_path)
    received = {path.read_bytes() for path in (tmp_path / "in").iterdir()}
    sealed, submitted = set(), 0
    with SqliteJournal(day.out / "journal.sqlite", read_only=True) as journal:
        for row in journal.rows():
            for name in (b"Importer", b"Exporter"):
                assert name not in row.payload
            for position, (command, _) in enumerate(decode_records(row.payload)):
                submitted += isinstance(command, SubmitInstruction)
                if isinstance(command, RecordMessage | RecordRefusal):
                    sealed.add(journal.sealed(row.seq, position))
    assert received <= sealed
    assert submitted == 3


def test_the_report_counts_every_payment_once(tmp_path: Path) -> None:
    case = understand(WORLD + DAY + "\n    again M as M-again")
    day = run(case, tmp_path)
    report = day.report
    # In US dollars at 14 rupees: 7.14 and 100.00 settled, 714.21 refused, and what was no amount.
    assert report["received"] == {"payments": 4, "value_minor": 714 + 10000 + 71421}
    assert report["settled"] == {"payments": 2, "value_minor": 10714}
    assert report["refused"] == {"payments": 2, "value_minor": 71421}
    assert {row["code"]: row["refused"]["payments"] for row in report["reasons"]} == {
        "AM01": 1,
        "AM04": 1,
    }
    assert {each["reference"] for each in report["refusals"]} == {"T3", "T4"}
    assert (report["files"], report["messages"]) == (4, 3)
    html = (day.out / "report.html").read_text()
    assert "AM01" in html
    assert "AM04" in html


def settle_command(directory: Path, *more: str) -> subprocess.CompletedProcess[str]:
    source = Path(__file__).parents[2] / "src"
    program = "from paritas.cli import main; main()"
    arguments = ["settle", str(directory / "in"), "--out", str(directory / "out"), *more]
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
    )


def test_refusals_are_no_failure_of_the_command(tmp_path: Path) -> None:
    """Exit 0 when every input has an answer; exit 1, in a line for each, when it cannot begin."""
    case = understand(WORLD + "09:32 BBBBCNB0XXX pays AAAAINB0XXX INR 9999.00 ref T4")
    write_messages(case, tmp_path / "in")
    scheme = tmp_path / "scheme.toml"
    scheme.write_text(scheme_of(case))
    done = settle_command(tmp_path, "--scheme", str(scheme))
    assert (done.returncode, done.stderr) == (0, "")
    scheme.write_text(scheme_of(case).replace('"INR"', '"ZZZ"', 1))
    done = settle_command(tmp_path, "--scheme", str(scheme))
    assert done.returncode == 1
    assert all(line.startswith(f"{scheme}:") for line in done.stderr.splitlines())
    assert settle_command(tmp_path).returncode == 2
