"""The journal in SQLite: one row for each group commit, durable when ``append`` returns.

WAL with ``synchronous=FULL``, set explicitly: NORMAL would sync only at checkpoints. Numbers are
given by the engine. Every append checks that this writer's epoch is still the newest, so that a
writer that was replaced can add nothing. What is private (messages as received, names) goes into
sibling tables in the same commit and can be erased without touching the chain.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec

from paritas.journal import chain
from paritas.journal.codec import FORMAT, join_records

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal(
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    payload BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot(
    seq INTEGER PRIMARY KEY, format INTEGER NOT NULL, hash BLOB NOT NULL, payload BLOB NOT NULL);
-- The sealed store. A row is a part of what record `position` of journal row `seq` seals.
CREATE TABLE IF NOT EXISTS sealed(
    seq INTEGER NOT NULL, position INTEGER NOT NULL, part INTEGER NOT NULL,
    salt BLOB, private BLOB, PRIMARY KEY (seq, position, part));
"""


class JournalError(Exception):
    """The journal cannot be used as it is; the text says what, where and what to do."""


class Sealed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What record ``position`` seals: the journal knows it only as SHA-256(salt || private).

    A large message is named by ``path`` instead and copied from there part by part, so that it
    never lies in memory whole.
    """

    position: int
    salt: bytes
    private: bytes
    path: str = ""

    def parts(self) -> Iterator[bytes]:
        """Yield what is sealed, in parts of at most a megabyte where it lies in a file."""
        if not self.path:
            yield self.private
            return
        with Path(self.path).open("rb") as file:
            while part := file.read(_PART_BYTES):
                yield part


_PART_BYTES = 1 << 20


class Batch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One group commit: the encoded records of row ``seq`` and what is sealed beside them."""

    seq: int
    at_ns: int
    records: list[bytes]
    sealed: list[Sealed] = []


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row as it lies in the journal."""

    seq: int
    epoch: int
    at_ns: int
    payload: bytes
    hash: bytes


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if not read_only:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=20000")
        return connection
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        # Only a connection that could write tidies up SQLite's side files when it closes.
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA query_only=ON")
        return connection
    # A journal in WAL mode on a medium where SQLite may not make its side files.
    uri = path.resolve().as_uri()
    return sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)


class SqliteJournal:
    """A journal file, open for one writer or for reading."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open, and create if needed. Raises JournalError when it is no journal of this format."""
        self.path = path
        if read_only and not path.is_file():
            raise JournalError(f"{path}: there is no journal here.")
        try:
            self._db = _connect(path, read_only=read_only)
            if not read_only:
                self._db.executescript(_SCHEMA)
            self.epoch = 0 if read_only else self._begin_epoch()
            self._check_format()
            row = self._db.execute(
                "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        except sqlite3.Error as error:
            raise JournalError(f"{path}: not a journal that can be opened ({error}).") from error
        self.seq: int = row[0] if row else 0
        self.hash: bytes = row[1] if row else chain.GENESIS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was appended is durable already."""
        self._db.close()

    def _check_format(self) -> None:
        found = self._db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        if found is None or found[0] != FORMAT:
            raise JournalError(
                f"{self.path}: journal format {found and found[0]} is not {FORMAT}; "
                "use the version of Paritas that wrote it."
            )

    def _begin_epoch(self) -> int:
        """Take over from whoever wrote before, who from now on can add nothing."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (FORMAT,))
            self._db.execute(
                "INSERT OR IGNORE INTO meta VALUES ('seal', ?)", (secrets.token_bytes(32),)
            )
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', 0)")
            self._db.execute("UPDATE meta SET value = value + 1 WHERE key = 'epoch'")
            return int(self._db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])

    @property
    def seal(self) -> bytes:
        """The secret from which salts are derived; whoever has it can test guesses at what is sealed."""
        return bytes(self._db.execute("SELECT value FROM meta WHERE key = 'seal'").fetchone()[0])

    def append(self, batch: Batch) -> bytes:
        """Make a batch durable and return its hash; after any exception the outcome is unknown.

        The caller must then throw its state away and replay (DESIGN, section 3).
        """
        if batch.seq != self.seq + 1:
            raise JournalError(f"{self.path}: row {batch.seq} cannot follow row {self.seq}.")
        digest = chain.next_hash(self.hash, batch.seq, batch.at_ns, batch.records)
        row = (batch.seq, self.epoch, batch.at_ns, join_records(batch.records), digest)
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            newest = db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0]
            if newest != self.epoch:
                raise JournalError(f"{self.path}: another writer took over (epoch {newest}).")
            db.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", row)
            for sealed in batch.sealed:
                db.executemany(
                    "INSERT INTO sealed VALUES (?, ?, ?, ?, ?)",
                    (
                        (batch.seq, sealed.position, part, sealed.salt, private)
                        for part, private in enumerate(sealed.parts())
                    ),
                )
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
        self.seq, self.hash = batch.seq, digest
        return digest

    def last_seq(self) -> int:
        """Return the last row's number as it is now; another connection may have added some."""
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0])

    def row(self, seq: int) -> Row | None:
        """Return one row, or None where there is no such row."""
        query = "SELECT seq, epoch, at_ns, payload, hash FROM journal WHERE seq = ?"
        found = self._db.execute(query, (seq,)).fetchone()
        return Row(*found) if found else None

    def seq_at(self, at_ns: int) -> int:
        """Return the last row that was there at a moment, 0 if none; moments never go back."""
        low, high = 0, self.last_seq()
        while low < high:
            middle = (low + high + 1) // 2
            query = "SELECT at_ns FROM journal WHERE seq = ?"
            if self._db.execute(query, (middle,)).fetchone()[0] <= at_ns:
                low = middle
            else:
                high = middle - 1
        return low

    def rows(self, after_seq: int = 0) -> Iterator[Row]:
        """Yield the rows after ``after_seq`` in order."""
        query = "SELECT seq, epoch, at_ns, payload, hash FROM journal WHERE seq > ? ORDER BY seq"
        for row in self._db.execute(query, (after_seq,)):
            yield Row(*row)

    def write_snapshot(self, seq: int, digest: bytes, payload: bytes, format_number: int) -> None:
        """Keep a snapshot of the state after row ``seq``, in place of any earlier one."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM snapshot")
            self._db.execute(
                "INSERT INTO snapshot VALUES (?, ?, ?, ?)", (seq, format_number, digest, payload)
            )

    def snapshot(self, format_number: int) -> tuple[int, bytes] | None:
        """Return (seq, payload) of a snapshot that stands on this chain, or None.

        A snapshot of another format or with a hash that is not the row's is passed over: it is
        only an optimisation.
        """
        found = self._db.execute(
            "SELECT s.seq, s.payload FROM snapshot s JOIN journal j ON j.seq = s.seq"
            " WHERE s.format = ? AND s.hash = j.hash ORDER BY s.seq DESC LIMIT 1",
            (format_number,),
        ).fetchone()
        return (int(found[0]), bytes(found[1])) if found else None

    def sealed(self, seq: int, position: int) -> bytes | None:
        """Return what a record sealed, such as a message as received; None if nothing or erased."""
        query = (
            "SELECT CAST(private AS BLOB) FROM sealed WHERE seq = ? AND position = ? ORDER BY part"
        )
        rows = self._db.execute(query, (seq, position)).fetchall()
        return b"".join(row[0] for row in rows) if rows and rows[0][0] is not None else None

    def sealed_hashes(self, seq: int) -> list[tuple[int, bytes]]:
        """Return (position, SHA-256(salt || private)) of all that row ``seq`` seals and still has."""
        query = (
            "SELECT position, part, CAST(salt AS BLOB), CAST(private AS BLOB) FROM sealed"
            " WHERE seq = ? AND private NOT NULL ORDER BY position, part"
        )
        hashes: dict[int, hashlib._Hash] = {}
        for position, part, salt, private in self._db.execute(query, (seq,)):
            if part == 0:
                hashes[position] = hashlib.sha256(salt)
            hashes[position].update(private)
        return [(position, found.digest()) for position, found in hashes.items()]
