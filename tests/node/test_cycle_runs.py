"""Cycles in `settle` beyond the rules: bad files, what the journal proves, a run that goes on."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from random import Random

import pytest
from banker import scheme_of, understand, write_messages, write_obligations

from paritas.clearing.commands import verify_command
from paritas.clearing.obligations import Obligation
from paritas.journal.audit import audit
from paritas.node import cycle_setoffs, run
from paritas.node.clearing_evidence import Evidence
from paritas.node.ledger import Ledger
from paritas.node.obligation_file import COLUMNS, ObligationFileError, read_rows
from paritas.node.scheme import parse_scheme, scheme_toml
from paritas.node.settle import settle
from paritas.node.solver import SetoffTask, Solver

MEMBERS = ("AAAAINB0XXX", "BBBBCNB0XXX", "CCCCSGB0XXX", "DDDDMYB0XXX", "EEEEKZB0XXX")


def a_day(random: Random) -> str:
    """Many small obligations in two currencies, most of them confirmed, and a few payments."""
    lines = ["first day 2026-11-23", "cycle noon INR,CNY 09:30-12:00 top up 20m"]
    for currency, issuer in (("INR", "RBISINB0XXX"), ("CNY", "PBOCCNB0XXX")):
        lines.append(f"book {currency} issuer {issuer} open 09:00-17:00")
    lines += [f"member {bic} INR 90.00, CNY 60.00 cap 900.00" for bic in MEMBERS]
    for number in range(60):
        debtor, creditor = random.sample(MEMBERS, 2)
        money = f"{random.choice(('INR', 'CNY'))} {random.randint(5, 200)}.00"
        minute = number % 60
        lines.append(f"10:{minute:02} {debtor} owes {creditor} {money} in noon ref O{number}")
        if random.random() < 0.9:
            lines.append(f"11:{minute:02} {creditor} agrees O{number}")
    for minute in range(0, 60, 6):
        payer, payee = random.sample(MEMBERS, 2)
        lines.append(f"12:{minute:02} {payer} pays {payee} INR 20.00 ref T{minute}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cycles")
    case = understand(a_day(Random("netted")))
    write_messages(case, directory / "in")
    write_obligations(case, directory / "obligations.csv")
    (directory / "scheme.toml").write_text(scheme_of(case))
    settle_day(directory, "whole")
    return directory


def settle_day(directory: Path, out: str) -> Path:
    scheme = parse_scheme((directory / "scheme.toml").read_text())
    assert parse_scheme(scheme_toml(scheme)) == scheme
    obligations = directory / "obligations.csv"
    settle(directory / "in", scheme, directory / out, workers=1, obligations=obligations)
    return directory / out / "journal.sqlite"


def tables(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "cycles").iterdir()}


def test_the_audit_proves_that_no_more_could_be_set_off(day: Path, tmp_path: Path) -> None:
    evidence = Evidence(tmp_path)
    assert audit(day / "whole" / "journal.sqlite", watch=evidence.see).breaches == ()
    assert evidence.breaches == []
    (problem,) = tmp_path.glob("setoff-*.problem.json")
    assert verify_command(problem, tmp_path / problem.name.replace("problem", "result")) == 0
    assert b"settled" in tables(day / "whole")["cycles.csv"]


@pytest.mark.parametrize("kept", [0.6, 0.9])
def test_a_run_that_goes_on_sets_off_what_its_journal_says(
    day: Path, monkeypatch: pytest.MonkeyPatch, kept: float
) -> None:
    monkeypatch.setattr(run, "Ledger", partial(Ledger, batch=5))
    journal = settle_day(day, f"cut-{kept}")
    with sqlite3.connect(journal) as database:
        rows = database.execute("SELECT max(seq) FROM journal").fetchone()[0]
        for table in ("journal", "sealed"):
            database.execute(f"DELETE FROM {table} WHERE seq > ?", (int(rows * kept),))
    database.close()
    settle_day(day, f"cut-{kept}")
    assert tables(day / f"cut-{kept}") == tables(day / "whole")
    assert audit(journal, watch=Evidence().see).breaches == ()


def test_positions_of_a_currency_cancel_out(day: Path) -> None:
    lines = tables(day / "whole")["positions.csv"].decode().splitlines()
    assert lines[0].split(",")[-1] == "net"
    for currency in ("INR", "CNY"):
        nets = [float(line.split(",")[-1]) for line in lines[1:] if f",{currency}," in line]
        assert len(nets) == 5
        assert sum(nets) == 0


def test_without_a_solver_the_cycle_settles_all_the_same(
    day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise cycle_setoffs.SolverLost

    monkeypatch.setattr(cycle_setoffs.Solver, "begin", lost)
    journal = settle_day(day, "lost")
    assert audit(journal).breaches == ()
    rows = tables(day / "lost")["cycles.csv"].decode().splitlines()[1:]
    assert [row.split(",")[2] for row in rows] == ["settled", "settled"]


def test_the_solver_sets_off_a_ring_whole() -> None:
    ring = [Obligation(a, b, "INR", 7 + n, n) for n, (a, b) in enumerate(("AB", "BC", "CA"), 1)]
    with Solver() as solver:
        solver.begin(SetoffTask(ring))
        assert sorted(solver.answer().cleared) == [(1, 8), (2, 8), (3, 8)]


HEADER = ",".join(COLUMNS)
ROW = "2026-11-23T10:00:00Z,noon,A,A,B,INR,5.00,O1"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1"),
        ("at,cycle\n", "line 1"),
        (f"{HEADER},colour\n{ROW},red\n", "colour"),
        (f"{HEADER}\n{ROW},more\n", "line 2"),
        (f"{HEADER}\n{ROW.replace('2026-11-23T', 'soon')}\n", "line 2: at"),
        (f'{HEADER}\n"{ROW}\n', "CSV"),
        ("\udcff", "CSV"),
    ],
)
def test_what_is_no_file_of_obligations_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "obligations.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ObligationFileError) as found:
        read_rows(path)
    assert says in str(found.value)
    assert len(str(found.value).splitlines()) == 1


def test_every_row_has_an_outcome_whatever_it_says(tmp_path: Path) -> None:
    case = understand(a_day(Random("odd")))
    write_messages(case, tmp_path / "in")
    (tmp_path / "scheme.toml").write_text(scheme_of(case))
    a, b = MEMBERS[:2]
    rows = [
        f"2026-11-23T10:00:00Z,noon,{a},{a},{b},INR,5.00,ok",
        f"2026-11-23T10:00:00Z,evening,{a},{a},{b},INR,5.00,no-such-cycle",
        f"2026-11-23T10:00:00Z,noon,{a},{a},{b},JPY,5,no-account",
        f"2026-11-23T10:00:00Z,noon,NOBODYXXXXX,{a},{b},INR,5.00,no-sender",
        f"2026-11-23T10:00:00Z,noon,{MEMBERS[2]},{a},{b},INR,5.00,a-third",
        f"2026-11-23T10:00:00Z,noon,{a},{a},{a},INR,5.00,oneself",
        f"2026-11-23T10:00:00Z,noon,{a},{a},{b},INR,5.001,decimals",
        f"2026-11-23T10:00:00Z,noon,{a},{a},{b},INR,-5,below",
        f"2026-11-23T10:00:00Z,noon,{a},{a},{b},INR,0,nothing",
        f"2099-01-01T00:00:00Z,noon,{a},{a},{b},INR,5.00,far",
        f"1999-01-01T00:00:00Z,noon,{a},{a},{b},INR,5.00,long-ago",
    ]
    (tmp_path / "obligations.csv").write_text("\n".join([HEADER, *rows, ""]))
    settle_day(tmp_path, "out")
    lines = tables(tmp_path / "out")["obligations.csv"].decode().splitlines()[1:]
    status = {line.split(",")[7]: line.split(",")[9] for line in lines}
    assert len(lines) == len(rows)
    assert status.pop("ok") == "ended"
    assert set(status.values()) == {"refused"}
