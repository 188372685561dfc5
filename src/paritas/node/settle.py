"""``paritas settle`` as a function: read, settle, answer, report."""

from __future__ import annotations

import datetime
import gc
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec

from paritas.journal.sqlite import SqliteJournal
from paritas.node import outputs, results
from paritas.node.alone import SPOOL, alone_in
from paritas.node.cycle_tables import write_cycle_tables
from paritas.node.obligation_file import ObligationFileError, read_rows
from paritas.node.report import render_report
from paritas.node.report_data import ReportData
from paritas.node.reporting import report_data
from paritas.node.run import Progress, Run, SettleError
from paritas.node.scheme import Scheme
from paritas.node.screener import Screening, share


def nothing(stage: str, done: int, of: int) -> None:
    """Tell nobody how far it is."""


def inputs_of(directory: Path) -> list[Path]:
    """Return everything in a directory in byte order of name; raises SettleError if it is none."""
    try:
        names = sorted(os.fsencode(entry.name) for entry in os.scandir(directory))
    except OSError as error:
        raise SettleError(
            f"{directory}: cannot be read as a directory ({error.strerror}); name the directory"
            " that holds the messages."
        ) from None
    return [directory / os.fsdecode(name) for name in names]


def settle(
    inputs: Path,
    scheme: Scheme,
    out: Path,
    *,
    first_day: datetime.date | None = None,
    deliver: bool = False,
    title: str = "Settlement",
    tell: Progress = nothing,
    workers: int | None = None,
    obligations: Path | None = None,
) -> ReportData:
    """Settle the files of ``inputs`` under ``scheme``, write everything to ``out``, report.

    ``obligations`` names a file of what members submit to the scheme's netting cycles.

    Raises SettleError when it cannot begin, JournalError when ``out`` holds another run's journal.
    """
    began_ns = time.monotonic_ns()
    paths = inputs_of(inputs)
    _make_directories(inputs, out, deliver=deliver)
    try:
        rows = read_rows(obligations) if obligations is not None else []
    except ObligationFileError as error:
        raise SettleError(str(error)) from None
    run = Run(scheme, out, first_day, deliver=deliver, obligations=rows)
    context = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
    # The run makes millions of small objects that live to its end: collecting them is all cost.
    gc.disable()
    try:
        with (
            alone_in(out),
            tempfile.TemporaryDirectory(prefix=SPOOL, dir=out) as spool,
            # Forked workers inherit the lists that they screen with.
            ProcessPoolExecutor(
                workers or os.cpu_count(), context, _begin_work, (run.load_lists(),)
            ) as pool,
        ):
            run.read(paths, Path(spool), pool, tell)
            run.settle(tell)
            writing = _start_writing(run, pool)
            if run.state.cycles or rows:
                write_cycle_tables(run, out / "cycles")
            data = _report(run, title)
            _wait(writing, tell)
    except BrokenProcessPool:
        raise SettleError(
            "A worker process was ended from outside, perhaps for want of memory; the same call"
            " goes on where the journal ends."
        ) from None
    finally:
        gc.enable()
    elapsed_ms = (time.monotonic_ns() - began_ns) // 1_000_000
    data = msgspec.structs.replace(data, elapsed_ms=elapsed_ms)
    write_report(data, out)
    return data


def _begin_work(screening: Screening | None) -> None:
    """Begin a worker: it ends when the run that it works for is no more, however that ended."""
    share(screening)
    run = multiprocessing.parent_process()
    assert run is not None

    def watch() -> None:
        run.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def write_report(data: ReportData, out: Path) -> None:
    """Write report.json and report.html."""
    (out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=1))
    (out / "report.html").write_text(render_report(data), encoding="utf-8")


def _make_directories(inputs: Path, out: Path, *, deliver: bool) -> None:
    if out.resolve().is_relative_to(inputs.resolve()):
        raise SettleError(f"{out}: lies in {inputs}, where it would be input; name another place.")
    names = ["answers", "notifications", "statements", *(["delivered"] if deliver else [])]
    try:
        for name in names:
            (out / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettleError(f"{out}: cannot be written to ({error.strerror}).") from None


def _start_writing(run: Run, pool: ProcessPoolExecutor) -> list[Future[None]]:
    """Have the workers write everything that leaves, while the report is drawn up."""
    created = results.created_at(run)
    out = run.out
    futures: list[Future[None]] = [
        pool.submit(outputs.write_answers, share, _encoded(answers), out / "answers", created)
        for share, answers in results.answers(run)
    ]
    for tasks in results.account_tasks(run):
        folders = out / "notifications", out / "statements"
        futures.append(pool.submit(outputs.write_accounts, _encoded(tasks), *folders))
    if run.deliver:
        futures += [
            pool.submit(outputs.deliver, share, _encoded(deliveries), out / "delivered")
            for share, deliveries in results.deliveries(run)
        ]
        letters = run.conversation.letters
        futures += [
            pool.submit(outputs.write_letters, _encoded(letters[i : i + 250]), out / "delivered")
            for i in range(0, len(letters), 250)
        ]
    return futures


#: Tasks go to the workers as msgpack: pickling a million small structs would take longer.
_encoded = msgspec.msgpack.Encoder().encode


def _wait(futures: Sequence[Future[None]], tell: Progress) -> None:
    for done, future in enumerate(futures, 1):
        future.result()
        tell("writing", done, len(futures))


def _report(run: Run, title: str) -> ReportData:
    with SqliteJournal(run.journal_path, read_only=True) as journal:
        return report_data(
            run, title=title, journal_hash=journal.hash.hex(), journal_seq=journal.seq
        )
