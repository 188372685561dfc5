"""What `paritas check` costs beside the bare parse and schema check of the same messages.

Both are done in one process, message by message in turn, and of each the fastest of several rounds
counts: what else a machine does can only make it slower. The first rounds do not count, as schemas
are loaded and shapes are learnt in them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from lxml import etree
from rich.table import Table

from paritas.iso20022 import schemas
from paritas.iso20022.check import check_bytes
from paritas.iso20022.parsing import (
    UnreadableError,
    messages_of,
    namespace_of,
    parse_all,
    type_of_namespace,
)
from paritas.mt.checking import check_if_mt
from paritas.simulate.bench_settle import write_inputs

_ROUNDS = 12
_ROUNDS_BEFORE = 3


class CheckFigure(msgspec.Struct, frozen=True):
    """One kind of files: what a file takes, checked and bare, in nanoseconds."""

    what: str
    files: int
    bytes_each: int
    check_ns: int
    bare_ns: int
    #: check_ns over bare_ns, in thousandths.
    ratio_thousandths: int


def run_check_bench(folder: Path | None = None, *, quick: bool = False) -> list[CheckFigure]:
    """Measure made-up payments, and the messages below ``folder`` by kind, if it is given.

    Left out there is what has no schema here and what cannot be read: the bare check of it would
    say nothing.
    """
    part = 10 if quick else 1
    with tempfile.TemporaryDirectory(prefix="paritas-bench-") as name:
        single = write_inputs(Path(name) / "single", 200 // part, 1, 10)
        batches = write_inputs(Path(name) / "batch", 1, 1000, 10)
    kinds = {"a payment": single, "a batch of 1,000": batches}
    for message, data in _messages(() if folder is None else sorted(folder.rglob("*"))):
        kinds.setdefault(message, []).append(data)
        kinds.setdefault(f"all of {folder}", []).append(data)
    return [_figure(what, files) for what, files in kinds.items()]


def check_table(figures: Iterable[CheckFigure]) -> Table:
    """Return the figures as a table for a terminal."""
    table = Table("paritas check", "files", "bytes each", "check", "bare", "ratio")
    for figure in figures:
        table.add_row(
            figure.what,
            f"{figure.files:,}",
            f"{figure.bytes_each:,}",
            f"{figure.check_ns / 1000:,.0f} µs",
            f"{figure.bare_ns / 1000:,.0f} µs",
            f"{figure.ratio_thousandths / 1000:.2f}",
        )
    return table


def _messages(paths: Iterable[Path]) -> Iterable[tuple[str, bytes]]:
    for path in paths:
        if not path.is_file():
            continue
        data = path.read_bytes()
        try:
            placed = messages_of(parse_all(data))
        except UnreadableError:
            continue
        known = schemas.message_types()
        if len(placed) != 1 or placed[0].message_type not in known:
            continue
        header = placed[0].header
        if header is None or type_of_namespace(namespace_of(header)) in known:
            yield placed[0].message_type[:8], data


def _figure(what: str, files: Sequence[bytes]) -> CheckFigure:
    bare_ns = check_ns = 0

    for data in files:
        bare, check = _least_ns(_bare(data), partial(check_bytes, data, "", check_if_mt))
        bare_ns += bare
        check_ns += check
    count = len(files)
    return CheckFigure(
        what=what,
        files=count,
        bytes_each=sum(map(len, files)) // count,
        check_ns=check_ns // count,
        bare_ns=bare_ns // count,
        ratio_thousandths=1000 * check_ns // bare_ns,
    )


def _least_ns(*works: Callable[[], object]) -> list[int]:
    """Do works in turn, several times; return the least that each took."""
    least = [10**18] * len(works)
    for number in range(_ROUNDS_BEFORE + _ROUNDS):
        for place, work in enumerate(works):
            began_ns = time.perf_counter_ns()
            work()
            took_ns = time.perf_counter_ns() - began_ns
            if number >= _ROUNDS_BEFORE:
                least[place] = min(least[place], took_ns)
    return least


def _bare(data: bytes) -> Callable[[], object]:
    """Parse as lxml does by itself, and hold header and Document against their schemas."""
    parser = etree.XMLParser()
    (placed,) = messages_of(parse_all(data))
    document_schema = schemas.schema(placed.message_type)
    header_schema = None
    if placed.header is not None:
        header_type = type_of_namespace(namespace_of(placed.header))
        header_schema = schemas.schema(header_type)

    def work() -> None:
        (found,) = messages_of(etree.fromstring(data, parser))
        if header_schema is not None and found.header is not None:
            header_schema.validate(found.header)
        document_schema.validate(found.document)

    return work
