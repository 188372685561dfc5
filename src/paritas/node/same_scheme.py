"""A scheme file that is used again must be the one that its journal began with."""

from __future__ import annotations

import datetime
from itertools import zip_longest
from typing import Any

import msgspec

from paritas.journal.codec import decode_records
from paritas.journal.sqlite import SqliteJournal
from paritas.model.commands import CreateBook
from paritas.node.directory import setup_commands
from paritas.node.run import SettleError
from paritas.node.scheme import Scheme


def check_same_scheme(scheme: Scheme, journal: SqliteJournal) -> None:
    """Hold a scheme file against the commands that its journal began with.

    Raises SettleError with the first contradiction. Dates and moments are the beginning's own.
    """
    first = journal.row(1)
    assert first is not None
    recorded = [command for command, _ in decode_records(first.payload)]
    dates: dict[str, datetime.date] = dict.fromkeys(scheme.books, datetime.date(2000, 1, 3))
    for file, before in zip_longest(setup_commands(scheme, 0, dates), recorded):
        known = before
        if before is not None:
            known = msgspec.structs.replace(before, at_ns=0)
            if isinstance(known, CreateBook) and isinstance(file, CreateBook):
                known = msgspec.structs.replace(known, date=file.date)
        if file != known:
            raise SettleError(
                f"{journal.path}: began with another scheme: it has {_words(known)} where the"
                f" scheme file now has {_words(file)}; use the file that it began with (changes"
                " go through commands), or name another place."
            )


def _words(command: Any) -> str:
    if command is None:
        return "nothing more"
    fields = [f for f in command.__struct_fields__ if f not in ("at_ns", "actor", "signature")]
    said = ", ".join(f"{field} {getattr(command, field)!r}" for field in fields)
    return f"{type(command).__name__}({said})"
