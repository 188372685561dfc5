"""The tables of the history, and how its file is opened: what the follower writes and others read.

The file holds nothing that the journal does not: it may be deleted at any time and is built again.
Rows are written in the order of the journal and, wherever it can be had, in the order of a key,
so that following costs little.
"""

from __future__ import annotations

import contextlib
import sqlite3
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from paritas.node import case_tables

#: Changes with the tables; a file of another version is built anew.
VERSION = 2

SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE party(number INTEGER PRIMARY KEY, bic TEXT NOT NULL);
CREATE INDEX party_bic ON party(bic);
CREATE TABLE book(
    number INTEGER PRIMARY KEY, currency TEXT NOT NULL, issuer INTEGER NOT NULL,
    date INTEGER NOT NULL, settles_date INTEGER NOT NULL);
CREATE TABLE day(
    book INTEGER NOT NULL, date INTEGER NOT NULL, opened_ns INTEGER NOT NULL, closed_ns INTEGER,
    PRIMARY KEY (book, date)) WITHOUT ROWID;
CREATE TABLE account(
    number INTEGER PRIMARY KEY, party INTEGER NOT NULL, book INTEGER NOT NULL,
    balance_minor INTEGER NOT NULL);
-- first, last: the span of numbers within which the payments of a message lie.
CREATE TABLE message(
    number INTEGER PRIMARY KEY, sender TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
    at_ns INTEGER NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE INDEX message_id ON message(id);
CREATE TABLE refusal(
    number INTEGER PRIMARY KEY, message INTEGER NOT NULL, reference TEXT NOT NULL,
    reason TEXT NOT NULL, text TEXT NOT NULL,
    at_ns INTEGER NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE INDEX refusal_reference ON refusal(reference);
CREATE INDEX refusal_message ON refusal(message);
-- payer, payee, amount_minor: the first leg; the others stand in `leg`.
CREATE TABLE payment(
    number INTEGER PRIMARY KEY, sender INTEGER NOT NULL, reference TEXT NOT NULL, uetr,
    message INTEGER NOT NULL, payer INTEGER, payee INTEGER, amount_minor INTEGER,
    priority INTEGER NOT NULL, value_date INTEGER NOT NULL, trade TEXT, returns INTEGER,
    status INTEGER NOT NULL, reason TEXT, text TEXT, partner INTEGER,
    received_ns INTEGER NOT NULL, ended_ns INTEGER, seq INTEGER NOT NULL);
CREATE INDEX payment_waiting ON payment(number) WHERE status = 1;
CREATE INDEX payment_returns ON payment(returns) WHERE returns NOT NULL;
-- UETR (16 bytes) and reference (text) of payments, in segments of 2^16 numbers: what is random is
-- then random only within a part that stays in memory, however large the whole is.
CREATE TABLE key(
    segment INTEGER NOT NULL, key NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (segment, key, number)) WITHOUT ROWID;
-- The span of numbers within which the payments of a value date lie.
CREATE TABLE span(date INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE leg(
    number INTEGER NOT NULL, leg INTEGER NOT NULL, payer INTEGER NOT NULL, payee INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL, PRIMARY KEY (number, leg)) WITHOUT ROWID;
-- Which parties a payment concerns.
CREATE TABLE touch(
    party INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (party, number)) WITHOUT ROWID;
-- What happened to a payment besides being received, settled or refused.
CREATE TABLE step(
    number INTEGER NOT NULL, id INTEGER NOT NULL, at_ns INTEGER NOT NULL, seq INTEGER NOT NULL,
    kind TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,
    other INTEGER NOT NULL, PRIMARY KEY (number, id)) WITHOUT ROWID;
-- Every posting on every account, with the balance after it. amount_minor is signed.
CREATE TABLE entry(
    account INTEGER NOT NULL, at_ns INTEGER NOT NULL, id INTEGER NOT NULL, seq INTEGER NOT NULL,
    date INTEGER NOT NULL, kind INTEGER NOT NULL, number INTEGER NOT NULL, leg INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL, balance_minor INTEGER NOT NULL,
    PRIMARY KEY (account, at_ns, id)) WITHOUT ROWID;
CREATE TABLE recall(number INTEGER PRIMARY KEY, payment INTEGER NOT NULL);
CREATE TABLE hold(
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL, payer INTEGER NOT NULL,
    payee INTEGER NOT NULL, amount_minor INTEGER NOT NULL, status TEXT NOT NULL,
    offered_ns INTEGER NOT NULL, ended_ns INTEGER);
"""

#: A payment's keys lie in the segment ``number >> SEGMENT_BITS``.
SEGMENT_BITS = 16

#: What an entry may come from; ``entry.kind`` is the place in this list.
ENTRY_KINDS = ("payment", "issue", "redeem", "hold", "order", "cycle")

_CACHE_KIB = 64 * 1024


def connect(path: Path) -> sqlite3.Connection:
    """Open a history file for use from any thread, one at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    # It can be built again: a power failure may cost the last batches, never the file.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint=8000")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    return connection


def open_or_build(path: Path, journal_seal: bytes) -> sqlite3.Connection:
    """Open the history of the journal with this seal; an unfit file is replaced by an empty one."""
    mark = [("journal", sha256(b"history of " + journal_seal).hexdigest()), ("version", VERSION)]
    with contextlib.suppress(sqlite3.DatabaseError):
        connection = connect(path)
        found = connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone()
        if found is not None:
            query = "SELECT key, value FROM meta WHERE key IN ('journal', 'version') ORDER BY key"
            with contextlib.suppress(sqlite3.DatabaseError):
                if connection.execute(query).fetchall() == mark:
                    return connection
        connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    connection = connect(path)
    connection.executescript(f"BEGIN;{SCHEMA}{case_tables.SCHEMA}")
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [*mark, ("seq", 0), ("at_ns", 0)])
    connection.execute("COMMIT")
    return connection


def uetr_key(uetr: str) -> bytes | str | None:
    """Return a UETR as it is stored: 16 bytes where it is a UUID in its usual form, else as it is."""
    if len(uetr) != 36:
        return uetr or None
    try:
        key = bytes.fromhex(uetr.replace("-", ""))
    except ValueError:
        return uetr
    return key if len(key) == 16 else uetr


def uetr_text(key: bytes | str | None) -> str:
    """Return the UETR of a stored key."""
    if isinstance(key, bytes):
        return str(UUID(bytes=key))
    return key or ""
