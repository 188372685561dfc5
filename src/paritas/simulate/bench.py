"""``paritas bench``: the figures of docs/benchmarks.md, measured again on this machine."""

from __future__ import annotations

import os
import platform
import sqlite3
import timeit
from collections.abc import Callable
from hashlib import sha256

import msgspec
from rich.table import Table

from paritas.simulate.bench_engine import (
    EngineFigure,
    bare_append_per_second,
    exchanges,
    payments,
    settled_per_second,
)
from paritas.simulate.bench_settle import SettleFigure, settle_per_second

#: Each figure is the best of so many runs: what else a machine does can only make it worse.
_RUNS = 3


class Bench(msgspec.Struct, frozen=True):
    """All figures of one run, and the machine they were measured on."""

    machine: str
    #: What SHA-256 over 65 bytes takes in this Python, best of five, before and after everything:
    #: a yardstick for machines that are shared and now fast, now slow.
    yardstick_before_ns: int
    yardstick_after_ns: int
    engine: tuple[EngineFigure, ...]
    #: Records a second that SQLite merely appends, a thousand to a row, synced each time.
    bare_append_per_second: int
    settle: tuple[SettleFigure, ...]


def run_bench(tell: Callable[[str, int, int], None], *, quick: bool = False) -> Bench:
    """Measure everything; ``quick`` takes a tenth of each workload."""
    part = 10 if quick else 1
    engine_jobs = [
        ("payments, one leg", payments, 1, 200_000, 100),
        ("PvP pairs, two legs", exchanges, 2, 100_000, 100),
        ("payments, 10 members", payments, 1, 200_000, 10),
        ("payments, 1,000 members", payments, 1, 200_000, 1_000),
        ("payments, 10,000 of them", payments, 1, 10_000 * part, 100),
        ("payments, 1,000,000 of them", payments, 1, 1_000_000, 100),
    ]
    settle_jobs = [
        ("files of one payment", 20_000, 1),
        ("files of 1,000 payments", 40, 1_000),
    ]
    total = len(engine_jobs) + len(settle_jobs)
    engine, settle = [], []
    before_ns = yardstick_ns()
    for done, (what, make, books, count, members) in enumerate(engine_jobs):
        tell("measuring", done, total)
        runs = [settled_per_second(what, make, books, count // part, members) for _ in range(_RUNS)]
        engine.append(max(runs, key=lambda figure: figure.per_second))
    for done, (what, files, each) in enumerate(settle_jobs, len(engine_jobs)):
        tell("measuring", done, total)
        measured = [settle_per_second(what, files // part, each) for _ in range(_RUNS)]
        settle.append(max(measured, key=lambda figure: figure.ratio_thousandths))
    tell("measuring", total, total)
    bare = bare_append_per_second(200_000 // part)
    return Bench(machine(), before_ns, yardstick_ns(), tuple(engine), bare, tuple(settle))


def yardstick_ns() -> int:
    """Return what SHA-256 over 65 bytes takes, best of five."""
    data, count = bytes(65), 100_000
    return int(min(timeit.repeat(lambda: sha256(data).digest(), number=count)) * 10**9) // count


def machine() -> str:
    """Say what machine this is."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}"
    )


def bench_tables(bench: Bench) -> list[Table]:
    """Return the figures as tables for a terminal."""
    engine = Table("Engine with durable journal", "a second", "each", "of bare append")
    for figure in bench.engine:
        share = figure.per_second * 100 // bench.bare_append_per_second
        each = f"{figure.each_ns / 1000:.2f} µs"
        engine.add_row(figure.what, f"{figure.per_second:,}", each, f"{share}%")
    engine.add_row("bare append, nothing else", f"{bench.bare_append_per_second:,}", "", "100%")
    settle = Table("paritas settle, whole process", "a second", "bare parse and check", "ratio")
    for row in bench.settle:
        ratio = f"{row.ratio_thousandths / 1000:.3f}"
        what = f"{row.what}, {row.bytes_each:,} bytes each"
        settle.add_row(what, f"{row.per_second:,}", f"{row.bare_per_second:,}", ratio)
    return [engine, settle]
