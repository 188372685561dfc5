"""One file with 100,000 payments: settled whole, answered one by one, read in constant memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from bank_day import DayAtTheBank, must_hold
from banker import scheme_of, understand
from lxml import etree

from paritas.journal.audit import audit
from payment_messages import NAMESPACE, group_header, transaction

SOURCE = Path(__file__).parents[2] / "src"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
PAYMENTS = 100_000

SCHEME = scheme_of(
    understand(
        """
        book INR issuer RBISINB0XXX open 09:00-17:00 UTC
        member AAAAINB0XXX INR 99999000.00
        member BBBBCNB0XXX INR 0
        """
    )
)


def parts(payments: int, last: str = "") -> Iterator[str]:
    """A message of so many payments of 1,000 rupees; the payer has money for all but one."""
    message_type = "pacs.008.001.08"
    yield f'<Document xmlns="{NAMESPACE}{message_type}"><FIToFICstmrCdtTrf>'
    yield group_header(payments)
    for number in range(payments):
        yield transaction(number)
    yield last or "</FIToFICstmrCdtTrf></Document>"


def write(path: Path, payments: int, last: str = "") -> None:
    with path.open("w") as file:
        file.writelines(parts(payments, last))


def settled(directory: Path) -> str:
    """Settle a directory by the command; return what it says on stderr."""
    (directory / "scheme.toml").write_text(SCHEME)
    arguments = ["settle", str(directory / "in"), "--scheme", str(directory / "scheme.toml")]
    program = "from paritas.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments, "--out", str(directory / "out")],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.slow
def test_hundred_thousand_payments_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "batch.xml", PAYMENTS)
    assert settled(tmp_path) == ""
    # Read by lines: each payment has its own in the answer, and each entry in a statement.
    head, *statuses = (
        (tmp_path / "out" / "answers" / "batch.xml").read_text().split("<TxInfAndSts>")
    )
    assert "<GrpSts>PART</GrpSts>" in head
    references = [each.partition("<OrgnlTxId>")[2].partition("<")[0] for each in statuses]
    assert references == [f"T-{number}" for number in range(PAYMENTS)]
    assert all("<TxSts>ACSC</TxSts>" in each for each in statuses[:-1])
    assert "<Cd>AM04</Cd>" in statuses[-1]
    for bic, closing in (("AAAAINB0XXX", "0.00"), ("BBBBCNB0XXX", "99999000.00")):
        name = f"{bic}-INR-2026-11-20.xml"
        text = (tmp_path / "out" / "statements" / name).read_text()
        notice = (tmp_path / "out" / "notifications" / name).read_text()
        assert f'<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="INR">{closing}<' in text
        stated, notified = (
            [each.partition("<BkTxCd>")[0] for each in told.split("<Ntry>")[1:]]
            for told in (text, notice)
        )
        assert len(stated) == PAYMENTS - 1
        assert stated == notified
    report = audit(tmp_path / "out" / "journal.sqlite")
    assert (report.breaches, report.settled) == ((), PAYMENTS - 1)


def test_large_file_cut_off_at_its_end_moves_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "batch.xml", 20_000, last="</FIToFICst")
    write(tmp_path / "in" / "good.xml", 2)
    settled(tmp_path)
    day = DayAtTheBank(tmp_path / "out")
    assert day.answers["batch.xml"].unreadable == "xml.malformed"
    assert [each.status for each in day.answers["good.xml"].statuses] == ["ACSC", "ACSC"]
    must_hold(tmp_path / "in", day, tomllib.loads(SCHEME))


_READING = """
import resource, sys
from pathlib import Path
from paritas.node.directory import directory_of
from paritas.node.scheme import load_scheme
from paritas.node.spool import Spooler
directory = directory_of(load_scheme(sys.argv[1]))
share = Spooler(Path(sys.argv[2]), directory, b"seal", deliver=False).read([Path(sys.argv[3])])
assert len(share.inputs) == 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory in kilobytes as Linux does")
def test_memory_of_the_reader_is_flat(tmp_path: Path) -> None:
    (tmp_path / "scheme.toml").write_text(SCHEME)
    peak_kb = []
    for payments in (30_000, 90_000):
        path = tmp_path / f"{payments}.xml"
        write(path, payments)
        arguments = [str(tmp_path / "scheme.toml"), str(tmp_path / "spool"), str(path)]
        done = subprocess.run(
            [sys.executable, "-c", _READING, *arguments], env=ENVIRONMENT, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        peak_kb.append(int(done.stdout))
    small, large = peak_kb
    # Three times the payments, 40 MB more of text: in memory hardly anything of it.
    assert large < small + 15_000, peak_kb


def test_schema_of_a_large_answer(tmp_path: Path) -> None:
    """An answer that is written in chunks is one well-formed document, with a line for each payment."""
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "batch.xml", 6_000)
    settled(tmp_path)
    data = (tmp_path / "out" / "answers" / "batch.xml").read_bytes()
    assert data.count(b"\n<TxInfAndSts>") == 6_000
    assert etree.fromstring(data) is not None
    assert not list((tmp_path / "out" / "answers").glob("*.part"))
