"""`paritas settle` killed at any moment and called again: the same files as if nothing had happened."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from random import Random

import pytest
from bank_day import DayAtTheBank, must_hold
from banker import scheme_of, understand, write_messages

from paritas.journal.audit import audit

SOURCE = Path(__file__).parents[2] / "src"
COMMAND = [sys.executable, "-c", "from paritas.cli import main; main()", "settle"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
MEMBERS = ("AAAAINB0XXX", "BBBBCNB0XXX", "CCCCKZB0XXX", "DDDDSGB0XXX", "EEEEMYB0XXX")
KILLS = 8


def a_day(random: Random) -> str:
    """A day with queues, exchanges, conversions, refusals, a later date, recalls and returns."""
    lines = ["first day 2026-11-23", "deliver", "dealer DDDDSGB0XXX for INR/CNY"]
    # Under fifo a clearing has one answer only, so that runs can be compared file by file.
    lines.append("clearing every 30m rule fifo")
    for currency, issuer in (("INR", "RBISINB0XXX"), ("CNY", "PBOCCNB0XXX")):
        lines.append(f"book {currency} issuer {issuer} open 09:00-17:00 UTC")
    for bic in MEMBERS:
        lines.append(f"member {bic} INR {random.randint(0, 900)}.00 limit 50.00, CNY 100.00")
    for minute in range(200):
        clock = f"{9 + minute // 30:02}:{minute % 30 * 2:02}"
        payer, payee = random.sample(MEMBERS, 2)
        for number in range(random.choice((1, 1, 2, 12))):
            reference = f"T{minute}-{number}"
            amount = random.choice(("1.00", "7.77", "40.00", "300.00", "0.00"))
            urgency = random.choice(("", "", " urgent", " high", " dated +1"))
            line = (
                f"{clock} {payer} pays {payee} INR {amount} ref {reference} in M{minute}{urgency}"
            )
            lines.append(line)
        if minute % 5 == 0:
            trade = f"trade X{minute} ref"
            for one, other, legs in (
                (payer, payee, "INR 14 for CNY 1"),
                (payee, payer, "CNY 1 for INR 14"),
            ):
                lines.append(
                    f"{clock} {one} exchanges {legs} with {other} {trade} P{minute}-{one[0]}"
                )
        if minute % 7 == 0:
            lines.append(f"{clock} {payer} pays {payee} INR 28 to arrive as CNY 2 ref C{minute}")
        lines += what_is_said(minute, clock, payer, payee)
    return "\n".join(lines)


def what_is_said(minute: int, clock: str, payer: str, payee: str) -> list[str]:
    """Every kind of request, now and then, about the payment of its minute."""
    payment = f"T{minute}-0"
    said = {
        3: [f"{payer} asks to cancel {payment} in X{minute}", f"{payee} answers {payment} RJCR in"],
        8: [f"{payee} says {payment} ACCC in", f"{payer} asks the status of {payment} in"],
        13: [f"{payee} returns {payment} INR 1.00 ref"],
        18: [f"{payer} moves INR 1.00 from {payer}-INR to {payer}-INR-HIGH in"],
        23: [
            f"{payer} asks for camt.052 of {payer}-INR in",
            f"{payer} initiates INR 2 to {payee} ref",
        ],
    }
    lines = said.get(minute % 25, [])
    return [
        f"{clock} {line}" if line.endswith(f" X{minute}") else f"{clock} {line} Y{minute}-{index}"
        for index, line in enumerate(lines)
    ]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The input of a day and what an undisturbed run makes of it."""
    directory = tmp_path_factory.mktemp("day")
    case = understand(a_day(Random("a day to be interrupted")))
    write_messages(case, directory / "in")
    (directory / "in" / "zzz-broken.xml").write_bytes(b"<broken")
    (directory / "scheme.toml").write_text(scheme_of(case))
    done = subprocess.run(command(directory, "whole"), env=ENVIRONMENT, capture_output=True)
    assert done.returncode == 0, done.stderr
    return directory


def command(day: Path, out: str, *more: str) -> list[str]:
    options = ["--scheme", str(day / "scheme.toml"), "--out", str(day / out), "--deliver"]
    return [*COMMAND, str(day / "in"), *options, "--date", "2026-11-23", *more]


def files_of(out: Path) -> dict[str, bytes]:
    """Everything that members get."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for folder in ("answers", "notifications", "statements", "delivered")
        for path in (out / folder).rglob("*")
        if path.is_file()
    }


def figures_of(out: Path) -> dict[str, object]:
    report: dict[str, object] = json.loads((out / "report.json").read_text())
    # The journal's secret is another in each run, and so are its hashes.
    for own in ("journal_hash", "journal_seq", "elapsed_ms"):
        del report[own]
    return report


def kill_at(random: Random, run: subprocess.Popen[bytes], out: Path, seconds: float) -> None:
    """Kill a run (or its first process alone) at a random moment of its life or of its writing."""
    trigger = random.choice(("time", "time", "journal", "answers", "statements"))
    until = time.monotonic() + random.random() * seconds
    wanted = random.randint(1, 100)
    while run.poll() is None:
        if trigger == "time":
            due = time.monotonic() > until
        elif trigger == "journal":
            wal = out / "journal.sqlite-wal"
            due = wal.is_file() and wal.stat().st_size > wanted * 3000
        else:
            folder = out / trigger
            due = folder.is_dir() and len(list(folder.iterdir())) >= wanted
        if due:
            kill = random.choice((os.kill, os.killpg))
            kill(run.pid, signal.SIGKILL)
            return
        time.sleep(0.001)


def test_killed_at_random_moments(day: Path) -> None:
    random = Random("settle, killed")
    out, kills, seconds = day / "killed", 0, 1.5
    expected = files_of(day / "whole")
    for _ in range(60):
        began = time.monotonic()
        run = subprocess.Popen(
            command(day, "killed"),
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if kills < KILLS:
            kill_at(random, run, out, seconds)
        # It ends when every process that could write to it has ended.
        _, errors = run.communicate(timeout=60)
        if run.returncode == 0:
            seconds = max(0.5, time.monotonic() - began)
            assert files_of(out) == expected
            if kills >= KILLS:
                break
            # Done before it was killed: what is left to show is shown on a new journal.
            shutil.rmtree(out)
        else:
            assert run.returncode == -signal.SIGKILL, errors.decode()
            kills += 1
    assert kills >= KILLS, "the run was hardly ever killed: the test shows nothing"
    assert figures_of(out) == figures_of(day / "whole")
    report = audit(out / "journal.sqlite")
    assert report.breaches == ()
    assert report.settled == audit(day / "whole" / "journal.sqlite").settled
    assert not list(out.glob(".spool-*")), "a killed run's spool is still there"
    must_hold(day / "in", DayAtTheBank(out), tomllib.loads((day / "scheme.toml").read_text()))


def test_a_finished_run_called_again_changes_nothing(day: Path) -> None:
    shutil.copytree(day / "whole", day / "again")
    before, figures = files_of(day / "again"), figures_of(day / "again")
    journal = audit(day / "again" / "journal.sqlite")
    done = subprocess.run(command(day, "again"), env=ENVIRONMENT, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert files_of(day / "again") == before
    assert figures_of(day / "again") == figures
    assert audit(day / "again" / "journal.sqlite").head == journal.head


@pytest.mark.parametrize("change", ["a file more", "a file less", "another amount", "the scheme"])
def test_other_input_is_one_line(day: Path, tmp_path: Path, change: str) -> None:
    for name in ("in", "whole"):
        shutil.copytree(day / name, tmp_path / name)
    shutil.copy(day / "scheme.toml", tmp_path)
    first = sorted((tmp_path / "in").iterdir())[0]
    if change == "a file more":
        (tmp_path / "in" / "zzzz.xml").write_bytes(b"<broken")
    elif change == "a file less":
        first.unlink()
    elif change == "another amount":
        first.write_bytes(first.read_bytes().replace(b"<MsgId>M0", b"<MsgId>N0"))
    else:
        scheme = (tmp_path / "scheme.toml").read_text()
        (tmp_path / "scheme.toml").write_text(scheme.replace('limit = "50.00"', 'limit = "50.01"'))
    before = files_of(tmp_path / "whole")
    done = subprocess.run(
        command(tmp_path, "whole"), env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "The journal was made from other input" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert files_of(tmp_path / "whole") == before, "what was answered has changed"
    assert audit(tmp_path / "whole" / "journal.sqlite").breaches == ()


def test_two_runs_in_one_place(day: Path) -> None:
    """One of them goes on, the other is told so in one line; nothing gets mixed."""
    together = [
        subprocess.Popen(
            command(day, "together"),
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    errors = [run.communicate(timeout=120)[1].decode() for run in together]
    for run, error in zip(together, errors, strict=True):
        if run.returncode != 0:
            assert "another run is at work there" in error
            assert len(error.splitlines()) == 1
    assert 0 in [run.returncode for run in together]
    assert files_of(day / "together") == files_of(day / "whole")
    assert audit(day / "together" / "journal.sqlite").breaches == ()


def test_output_within_the_input_is_refused(day: Path) -> None:
    arguments = [*COMMAND, str(day / "in"), "--scheme", str(day / "scheme.toml")]
    arguments += ["--out", str(day / "in" / "out")]
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "name another place" in done.stderr
    assert not (day / "in" / "out").exists()


def test_no_directory_is_one_line(day: Path) -> None:
    arguments = [*COMMAND, str(day / "nowhere"), "--scheme", str(day / "scheme.toml")]
    arguments += ["--out", str(day / "out")]
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "nowhere" in done.stderr
