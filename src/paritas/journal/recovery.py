"""From a journal to the state: the snapshot where there is a sound one, then replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from paritas.core import engine, snapshot
from paritas.core.lifecycle import LawBroken
from paritas.core.state import State
from paritas.journal.codec import Record, decode_records
from paritas.journal.sqlite import JournalError, SqliteJournal


def recover(
    journal: SqliteJournal,
    *,
    use_snapshot: bool = True,
    follow: Callable[[int, int, Sequence[Record]], None] | None = None,
) -> State:
    """Return the state after the journal's last row; deciding nothing, only evolving.

    ``follow`` is told (seq, at_ns, records) of each row that is replayed. Raises JournalError, naming the row, when a row cannot be read or cannot have happened.
    """
    state, seq = State(), 0
    found = journal.snapshot(snapshot.FORMAT) if use_snapshot else None
    if found is not None:
        seq, payload = found
        state = snapshot.load(payload)
    for row in journal.rows(after_seq=seq):
        try:
            records = decode_records(row.payload)
            for command, events in records:
                engine.replay(state, command, events)
            if follow is not None:
                follow(row.seq, row.at_ns, records)
        except (msgspec.DecodeError, LawBroken, LookupError) as error:
            raise JournalError(
                f"{journal.path}: row {row.seq} cannot be replayed ({error}); run paritas audit."
            ) from error
    return state


def keep_snapshot(journal: SqliteJournal, state: State) -> None:
    """Write the state, which must be the one after the journal's last row, as a snapshot."""
    journal.write_snapshot(journal.seq, journal.hash, snapshot.dump(state), snapshot.FORMAT)
