"""Hits and what is decided on them, as tables of the history; ``cases`` asks them.

A hit is what one jurisdiction's lists found about one payment. It is the authority's alone: nothing
here goes to anybody else (no tipping off).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paritas.model import commands as c
from paritas.model.screening import Outcome, Verdict

SCHEMA = """
CREATE TABLE hit(
    number INTEGER NOT NULL, book INTEGER NOT NULL, version INTEGER NOT NULL, digest BLOB NOT NULL,
    opened_ns INTEGER NOT NULL, decision INTEGER, decided_ns INTEGER,
    PRIMARY KEY (number, book)) WITHOUT ROWID;
CREATE INDEX hit_digest ON hit(digest);
CREATE TABLE evidence(
    digest BLOB PRIMARY KEY, seq INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE pair(pair BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (pair, digest)) WITHOUT ROWID;
-- What each person has said of a hit; rowid is the order.
CREATE TABLE opinion(
    number INTEGER NOT NULL, book INTEGER NOT NULL, version INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    seq INTEGER NOT NULL, position INTEGER NOT NULL, person BLOB NOT NULL, decision INTEGER NOT NULL);
CREATE INDEX opinion_hit ON opinion(number, book);
"""

#: In the order in which they are carried out for a row of the journal.
INSERTS = {
    "evidence": "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?)",
    "pair": "INSERT OR IGNORE INTO pair VALUES (?, ?)",
    "hit_cleared": "DELETE FROM hit WHERE number = ? AND book = ? AND decision IS NULL",
    "hit": "INSERT OR REPLACE INTO hit VALUES (?, ?, ?, ?, ?, NULL, NULL)",
    "opinion": "INSERT INTO opinion SELECT ?, ?, version, ?, ?, ?, ?, ? FROM hit"
    " WHERE number = ? AND book = ?",
    "hit_decided": "UPDATE hit SET decision = ?, decided_ns = ? WHERE number = ? AND book = ?",
}

Rows = dict[str, list[tuple[Any, ...]]]


def follow_evidence(rows: Rows, command: c.RecordEvidence, seq: int, position: int) -> None:
    """Note where something was sealed."""
    rows["evidence"].append((command.digest, seq, position))
    rows["pair"] += [(pair, command.digest) for pair in command.pairs]


def follow_verdicts(rows: Rows, number: int, at_ns: int, verdicts: Sequence[Verdict]) -> None:
    """Note the hits of a payment that waits."""
    for verdict in verdicts:
        rows["hit_cleared"].append((number, verdict.book))
        if verdict.outcome != Outcome.CLEAR:
            rows["hit"].append((number, verdict.book, verdict.version, verdict.digest, at_ns))


def follow_opinion(rows: Rows, command: c.DecideHit, seq: int, position: int) -> None:
    """Note what one person has said."""
    key = command.number, command.book
    said = (command.at_ns, seq, position, command.person, command.decision)
    rows["opinion"].append((*key, *said, *key))


def follow_decision(rows: Rows, number: int, book: int, decision: int, at_ns: int) -> None:
    """Note what two people have agreed on."""
    rows["hit_decided"].append((decision, at_ns, number, book))
