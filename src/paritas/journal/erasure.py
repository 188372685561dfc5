"""Erasing what is sealed, after its retention, without touching the chain.

The journal knows what is private only by a salted hash. Erasing takes the private bytes and their
salt away for good; rows, hashes, replay and every decision stay as they were, and the audit finds
nothing wrong. What was erased when is noted beside the sealed store.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from paritas.journal.sqlite import JournalError, SqliteJournal

_NOTES = """
CREATE TABLE IF NOT EXISTS erasure(
    at_ns INTEGER NOT NULL, before_ns INTEGER NOT NULL, messages INTEGER NOT NULL,
    bytes INTEGER NOT NULL);
"""


class Erasure(msgspec.Struct, frozen=True):
    """What one call erased."""

    messages: int
    bytes: int
    #: How many rows of the journal lie before the moment given.
    rows: int


def erase(path: Path, before_ns: int, at_ns: int) -> Erasure:
    """Erase all that was sealed in rows committed before ``before_ns``; ``at_ns`` is now.

    Nanoseconds since 1970. Nothing of it can be read from the file afterwards: freed pages are
    overwritten and the write-ahead log is emptied. Called again, it erases what is left. Raises
    JournalError when there is no journal, or somebody holds it so that the log cannot be emptied.
    """
    with SqliteJournal(path, read_only=True):
        pass  # It is a journal, of this format.
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_NOTES)
        erasure = _erase(connection, before_ns, at_ns)
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise JournalError(f"{path}: cannot be erased from ({error}); try again.") from None
    finally:
        connection.close()
    if busy:
        raise JournalError(
            f"{path}: erased, but a reader keeps the old bytes in the write-ahead log; call again"
            " when it has ended."
        )
    return erasure


def _erase(connection: sqlite3.Connection, before_ns: int, at_ns: int) -> Erasure:
    connection.execute("BEGIN IMMEDIATE")
    try:
        query = "SELECT coalesce(max(seq), 0) FROM journal WHERE at_ns < ?"
        (last,) = connection.execute(query, (before_ns,)).fetchone()
        query = (
            "SELECT count(*) FILTER (WHERE part = 0), coalesce(sum(length(private)), 0) FROM sealed"
            " WHERE seq <= ? AND private NOT NULL"
        )
        messages, size = connection.execute(query, (last,)).fetchone()
        erase = "UPDATE sealed SET salt = NULL, private = NULL WHERE seq <= ? AND private NOT NULL"
        connection.execute(erase, (last,))
        if messages:
            note = (at_ns, before_ns, messages, size)
            connection.execute("INSERT INTO erasure VALUES (?, ?, ?, ?)", note)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return Erasure(messages, size, last)
