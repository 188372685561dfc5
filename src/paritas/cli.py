"""Paritas settles cross-border payments in the members' own currencies, payment-versus-payment."""

# The commands a person types. This module wires the rooms together, and nothing else does. What a
# command needs is imported when it runs, so that --help and the small commands answer at once.

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Never

from cyclopts import App, CycloptsError, Parameter

from paritas import __version__

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from paritas.node.run import Progress

app = App(
    name="paritas",
    help=__doc__,
    version=f"paritas {__version__}",
    result_action="return_value",
)


@app.command
def settle(
    in_dir: Path,
    /,
    *,
    scheme: Path,
    out: Path,
    date: datetime.date | None = None,
    deliver: bool = False,
    json: bool = False,
) -> int:
    """Settle a directory of ISO 20022 files, offline and on virtual time.

    OUT gets answers/ (a pacs.002 or admi.002 for every file), notifications/ (camt.054),
    statements/ (camt.053), journal.sqlite, report.html and report.json. Files enter in byte order of
    name. Called again with the same input, a run that was interrupted goes on where it stopped.

    Example: paritas settle messages --scheme scheme.toml --out out/today --date 2026-09-30

    Parameters
    ----------
    in_dir
        The directory with the messages; everything in it is answered.
    scheme
        The scheme file (TOML): books, members, opening balances, limits, rates.
    out
        Where everything is written; it must not hold the journal of other input.
    date
        The first business date; by default the earliest settlement date of the input.
    deliver
        Also write delivered/BIC/: what each payee receives.
    json
        Print the report as JSON instead of a table.
    """
    from paritas.node.scheme import load_scheme
    from paritas.node.settle import settle as run

    with _progress() as tell:
        data = run(in_dir, load_scheme(scheme), out, first_day=date, deliver=deliver, tell=tell)
    _show(data, out, as_json=json)
    return 0


@app.command
def check(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)], profile: str = "plain"
) -> int:
    """Check messages, ISO 20022 and MT: one JSON line for each, what is wrong, where, and why.

    A directory stands for all files below it, - for standard input. Exit 1 if anything is invalid.

    Example: paritas check payment.xml inbox/ --profile cbpr+

    Parameters
    ----------
    files
        Files or directories.
    profile
        plain, cbpr+ (cbpr+2025 and cbpr+2026 for one release) or harmonised: whose rules a message
        is to keep beyond its schema.
    """
    from paritas.iso20022.check import check_command
    from paritas.iso20022.usage.profiles import PROFILES
    from paritas.mt.checking import check_if_mt

    if not files:
        raise UsageError("paritas check: name at least one file or directory.")
    if profile not in PROFILES:
        raise UsageError(f"paritas check: --profile {profile}: say one of {', '.join(PROFILES)}.")
    return check_command(list(files), sys.stdout, check_if_mt, PROFILES[profile])


@app.command
def audit(journal: Path, /, *, clearing: Path | None = None, json: bool = False) -> int:
    """Check a journal from its first row: hashes, decisions, laws, finality, clearings, state.

    Exit 1 if anything is broken.

    Example: paritas audit out/demo/journal.sqlite

    Parameters
    ----------
    journal
        The journal file.
    clearing
        Also write each clearing there as problem and result, for paritas verify.
    json
        Print what was found as JSON.
    """
    import msgspec

    from paritas.journal.audit import audit as run
    from paritas.node.clearing_evidence import Evidence

    evidence = Evidence(clearing)
    with _progress() as tell:
        report = run(journal, lambda row: tell("auditing", row, 0), evidence.see)
    report = msgspec.structs.replace(
        report,
        clearings=evidence.checked,
        breaches=(*report.breaches, *evidence.breaches),
    )
    if json:
        print(msgspec.json.encode(report).decode())
    else:
        for breach in report.breaches:
            print(breach)
        verdict = "broken" if report.breaches else "sound"
        print(
            f"{journal}: {verdict}. {report.rows} rows, {report.records} records:"
            f" {report.settled} settled, {report.refused} refused, {report.waiting} waiting;"
            f" {report.sealed_checked} sealed parts match their hashes;"
            f" {report.clearings} clearings with their certificates."
        )
        print(f"head {report.head}")
        print(f"state {report.state}")
    return 1 if report.breaches else 0


@app.command
def status(uetr: str, /, *, journal: Path, json: bool = False) -> int:
    """Show a payment's history as a timeline: received, queued, settled, delivered, confirmed.

    Found by its UETR, else by its TxId or InstrId. Exit 1 if the journal knows no such payment.

    Example: paritas status 0f3e8a54-6a1c-4b5e-9d43-2f7c1b8e6a90 --journal out/today/journal.sqlite

    Parameters
    ----------
    uetr
        The payment's UETR or reference.
    journal
        The journal file; its tables for asking are kept beside it and brought up to date.
    json
        Print the payments and their timelines as JSON.
    """
    import msgspec
    from rich.console import Console

    from paritas.node.tracking import history_beside, timeline_tables, track

    with _progress() as tell:

        def caught_up(row: int, of: int) -> None:
            tell("catching up", row, of)

        with history_beside(journal, caught_up) as (history, _):
            tracked = track(history, uetr)
    if json:
        print(msgspec.json.encode(tracked).decode())
    elif tracked:
        Console().print(*timeline_tables(tracked), sep="\n\n")
    else:
        print(f"{journal}: knows no payment {uetr}; look at its UETR or TxId.", file=sys.stderr)
    return 0 if tracked else 1


@app.command
def erase(journal: Path, /, *, before: datetime.date, json: bool = False) -> int:
    """Erase received messages and names whose retention has ended; the journal stays whole.

    What was received before BEFORE (UTC) can be read by nobody afterwards. Hashes, decisions and
    replay stay as they were: paritas audit finds the journal as sound as before.

    Example: paritas erase out/today/journal.sqlite --before 2021-01-01

    Parameters
    ----------
    journal
        The journal file.
    before
        The first day that is kept.
    json
        Print what was erased as JSON.
    """
    import time

    import msgspec

    from paritas.journal.erasure import erase as run
    from paritas.node.business_days import utc_midnight_ns

    erased = run(journal, utc_midnight_ns(before), time.time_ns())
    if json:
        print(msgspec.json.encode(erased).decode())
    else:
        print(f"{journal}: {erased.messages} messages ({erased.bytes} bytes) erased.")
    return 0


@app.command
def demo(*, out: Path = Path("out/demo"), payments: int | None = None, json: bool = False) -> int:
    """Run a settlement day among eleven economies: real trade, real rates, made-up banks.

    Writes the day's messages to OUT/in, settles them as paritas settle does, and reports.

    Example: paritas demo --out out/demo

    Parameters
    ----------
    out
        Where everything goes; an earlier demo there is replaced.
    payments
        About how many payments the day has; by default what the scenario says.
    json
        Print the report as JSON instead of a table.
    """
    from paritas.simulate.demo import run_demo

    with _progress() as tell:
        data = run_demo(out, payments, tell)
    _show(data, out, as_json=json)
    return 0


@app.command
def clear(
    problem: Path,
    /,
    *,
    out: Path,
    rule: Literal["free", "fifo"] = "free",
    time_limit: float = 20.0,
) -> int:
    """Find which queued instructions can settle together, and prove how good the answer is.

    docs/clearing.md says what PROBLEM holds and what the certificate in RESULT means.

    Example: paritas clear problem.json --out result.json --rule free --time-limit 20

    Parameters
    ----------
    problem
        Accounts and instructions (JSON).
    out
        Where the result is written (JSON).
    rule
        free: any subset of the most value; fifo: in order of priority and arrival.
    time_limit
        Seconds, after which the best set found so far is the answer.
    """
    from paritas.clearing.commands import clear_command

    if not 0 < time_limit < 10**6:
        raise UsageError("paritas clear: --time-limit is a positive number of seconds.")
    return clear_command(problem, out, rule, time_limit)


@app.command
def setoff(
    obligations: Path,
    /,
    *,
    out: Path,
    across_currencies: bool = False,
    rates: Path | None = None,
    consent: Path | None = None,
) -> int:
    """Set off as much debt between members as can be, with nobody's net position changed.

    Example: paritas setoff obligations.csv --out result.json

    Parameters
    ----------
    obligations
        CSV (debtor,creditor,currency,amount[,id]) or a JSON array of such objects.
    out
        Where the result is written (JSON).
    across_currencies
        Set off at reference rates too, as far as members consent.
    rates
        Reference value of one minor unit of each currency (JSON), with --across-currencies.
    consent
        How far each member's position in each currency may shift (JSON), with --across-currencies.
    """
    from paritas.clearing.commands import setoff_command

    return setoff_command(obligations, out, across_currencies, rates, consent, own_process=True)


@app.command
def match(orders: Path, /, *, out: Path, time_limit: float = 10.0) -> int:
    """Match exchanges with each other, in pairs and rings over any number of currencies.

    Everyone exchanges at the reference rates and nobody needs a dealer. docs/clearing.md says
    what ORDERS holds and what the certificate in RESULT means.

    Example: paritas match orders.json --out result.json --time-limit 10

    Parameters
    ----------
    orders
        Reference rates and orders (JSON).
    out
        Where the result is written (JSON).
    time_limit
        Seconds, after which the best match found so far is the answer.
    """
    from paritas.clearing.commands import match_command

    if not 0 < time_limit < 10**6:
        raise UsageError("paritas match: --time-limit is a positive number of seconds.")
    return match_command(orders, out, time_limit)


@app.command
def verify(problem: Path, result: Path, /) -> int:
    """Check a result of clear, setoff or match without trusting who made it; print valid, or why not.

    Exit 1 if it is not valid.

    Example: paritas verify problem.json result.json

    Parameters
    ----------
    problem
        What was to be solved.
    result
        What is claimed of it.
    """
    from paritas.clearing.commands import verify_command

    return verify_command(problem, result)


@app.command
def bench(
    what: Literal["settlement", "screening", "check"] = "settlement",
    /,
    *,
    quick: bool = False,
    lists: Path | None = None,
    picture: Path | None = None,
    files: Path | None = None,
    json: bool = False,
) -> int:
    """Measure this machine: settlement (engine, and settle as a whole process), screening or check.

    docs/benchmarks.md and docs/screening.md say what each figure means.

    Example: paritas bench --json

    Parameters
    ----------
    what
        What to measure.
    quick
        A tenth of each workload: a minute instead of several, and less to be trusted.
    lists
        A directory of publishers' list files, for screening; without it a made-up list is used.
    picture
        Where to draw screening's curve of recall and false alarms (SVG).
    files
        A directory of messages, for check, beside made-up ones.
    json
        Print the figures of settlement as JSON.
    """
    if what == "screening":
        return _bench_screening(lists, picture, quick=quick)
    if what == "check":
        return _bench_check(files, quick=quick)
    import msgspec
    from rich.console import Console

    from paritas.simulate.bench import bench_tables, run_bench

    with _progress() as tell:
        figures = run_bench(tell, quick=quick)
    if json:
        print(msgspec.json.encode(figures).decode())
    else:
        yardsticks = (
            f"{figures.yardstick_before_ns} ns before, {figures.yardstick_after_ns} ns after"
        )
        print(f"{figures.machine}; SHA-256 over 65 bytes {yardsticks}")
        Console().print(*bench_tables(figures), sep="\n")
    return 0


def _bench_screening(lists: Path | None, picture: Path | None, *, quick: bool) -> int:
    from paritas.screening.bench import bench as run

    if lists is not None and not lists.is_dir():
        raise UsageError(f"paritas bench: {lists} is not a directory of list files.")
    part = 10 if quick else 1
    report = run(
        lists,
        payments=5_000 // part,
        ordinary=20_000 // part,
        variants=5_000 // part,
        picture=picture,
        say=lambda line: print(line, file=sys.stderr),
    )
    print(report.table())
    return 0


def _bench_check(files: Path | None, *, quick: bool) -> int:
    from rich.console import Console

    from paritas.simulate.bench_check import check_table, run_check_bench

    if files is not None and not files.is_dir():
        raise UsageError(f"paritas bench: {files} is not a directory of messages.")
    Console().print(check_table(run_check_bench(files, quick=quick)))
    return 0


class UsageError(Exception):
    """The command line asks for something that cannot be meant; exit 2."""


def _show(data: object, out: Path, *, as_json: bool) -> None:
    import msgspec
    from rich.console import Console

    from paritas.node.report import render_table
    from paritas.node.report_data import ReportData

    assert isinstance(data, ReportData)
    if as_json:
        print(msgspec.json.encode(data).decode())
        return
    Console().print(render_table(data))
    print(f"Report: {out / 'report.html'}")


def _progress() -> AbstractContextManager[Progress]:
    from paritas.node.progress import progress_bar

    return progress_bar()


def main() -> Never:
    """Run the command line; the exit code is 0 done, 1 refused or failed, 2 wrong usage."""
    from paritas.iso20022.schemas import SchemaBundleMissingError
    from paritas.journal.sqlite import JournalError
    from paritas.node.run import SettleError
    from paritas.node.scheme import SchemeErrors

    try:
        code = app(exit_on_error=False, print_error=False)
    except (CycloptsError, UsageError) as error:
        print(f"{error}\nparitas --help says what can be asked.", file=sys.stderr)
        sys.exit(2)
    except (SchemeErrors, SettleError, JournalError, SchemaBundleMissingError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(
            "Stopped. What is in the journal stays; the same call goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        place = error.filename or "paritas"
        print(f"{place}: {error.strerror or error}; mend it and call again.", file=sys.stderr)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
