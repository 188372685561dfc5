"""The people of a node and their sessions, in one SQLite file that only the node may read.

What proves a person (the password's hash, the second factor's secret) never leaves this module's
callers; a session is kept by the hash of its token, so that the file gives nobody a session.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec

from paritas.model.told import ToldError

FILE = "people.sqlite"

_FORMAT = 1
#: The table of those who sign is asked for every signed request, and read again this often.
_SIGNERS_KEPT_S = 1.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS person(
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, institution TEXT NOT NULL, role TEXT NOT NULL,
    password_hash TEXT NOT NULL, totp_secret TEXT NOT NULL, totp_step INTEGER NOT NULL DEFAULT 0,
    key BLOB UNIQUE, failures INTEGER NOT NULL DEFAULT 0, barred_until_s REAL NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session(
    token_hash BLOB PRIMARY KEY, person TEXT NOT NULL REFERENCES person(id) ON DELETE CASCADE,
    csrf TEXT NOT NULL, began_s REAL NOT NULL, seen_s REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_person ON session(person);
"""


class PeopleError(ToldError):
    """Something cannot be done with the people of this node; the text says what to do instead."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who may log in. ``institution`` is a BIC, "" for the operator's own people."""

    #: 32 hexadecimal digits, random: all that the journal knows of a person.
    id: str
    name: str
    institution: str
    role: str
    password_hash: str
    totp_secret: str
    #: The last time step whose code was used: a code counts once.
    totp_step: int = 0
    #: A public key in the rulebook with which this person signs, if any.
    key: bytes | None = None
    #: Failed attempts since the last good one, and until when none is heard (seconds since 1970).
    failures: int = 0
    barred_until_s: float = 0.0
    #: May log in no more.
    ended: bool = False


class Session(msgspec.Struct, frozen=True):
    """A session as it is kept; moments in seconds since 1970."""

    token_hash: bytes
    person: str
    csrf: str
    began_s: float
    seen_s: float


_PERSON = ", ".join(Person.__struct_fields__)
_SESSION = ", ".join(Session.__struct_fields__)


class PeopleStore:
    """The file of people; its methods may be called from any thread."""

    def __init__(self, directory: Path) -> None:
        """Open, and create if needed, with access for its owner only."""
        self.path = directory / FILE
        try:
            self._lock = threading.RLock()
            self._signers: dict[bytes | None, Person] = {}
            self._signers_read_s = float("-inf")
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA foreign_keys=ON")
            self._db.execute("PRAGMA busy_timeout=5000")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (_FORMAT,))
            found = self._db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()[0]
        except (OSError, sqlite3.Error) as error:
            raise PeopleError(f"{self.path}: cannot be opened ({error}).") from error
        if found != _FORMAT:
            raise PeopleError(f"{self.path}: format {found} is not {_FORMAT}; update Paritas.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Do several things, all or none, with nobody else in between."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _done(self, statement: str, *values: object) -> int:
        """Carry out a statement and return how many rows it changed."""
        with self._lock:
            return self._db.execute(statement, values).rowcount

    # --- people

    def add(self, person: Person) -> None:
        """Enter somebody; raises PeopleError if the name or the key is another's."""
        marks = ", ".join("?" * len(Person.__struct_fields__))
        try:
            values = msgspec.structs.astuple(person)
            self._done(f"INSERT INTO person ({_PERSON}) VALUES ({marks})", *values)
        except sqlite3.IntegrityError:
            raise PeopleError(
                f"{person.name}: this name or key is somebody's already; choose another."
            ) from None

    def _one(self, where: str, value: object) -> Person | None:
        rows = self._rows(f"SELECT {_PERSON} FROM person WHERE {where} = ?", value)
        return _person(rows[0]) if rows else None

    def named(self, name: str) -> Person | None:
        """Return the person of a name."""
        return self._one("name", name)

    def numbered(self, number: str) -> Person | None:
        """Return the person of an id."""
        return self._one("id", number)

    def with_key(self, key: bytes) -> Person | None:
        """Return the person who signs with a key, as it was at most a second ago."""
        now_s = time.monotonic()
        if now_s - self._signers_read_s > _SIGNERS_KEPT_S:
            query = f"SELECT {_PERSON} FROM person WHERE key IS NOT NULL AND NOT ended"
            people = [_person(row) for row in self._rows(query)]
            self._signers = {person.key: person for person in people}
            self._signers_read_s = now_s
        return self._signers.get(key)

    def everybody(self) -> list[Person]:
        """Return all people, by name."""
        return [_person(row) for row in self._rows(f"SELECT {_PERSON} FROM person ORDER BY name")]

    def change(self, person: Person) -> None:
        """Write a person anew, and end the sessions of the one it was."""
        fields = [name for name in Person.__struct_fields__ if name != "id"]
        marks = ", ".join(f"{name} = ?" for name in fields)
        values = [getattr(person, name) for name in fields]
        with self._together():
            self._db.execute(f"UPDATE person SET {marks} WHERE id = ?", (*values, person.id))
            self._db.execute("DELETE FROM session WHERE person = ?", (person.id,))

    def failed(self, person: Person, barred_until_s: float) -> None:
        """Count a failed attempt; until then none is heard."""
        statement = "UPDATE person SET failures = failures + 1, barred_until_s = ? WHERE id = ?"
        self._done(statement, barred_until_s, person.id)

    def use_step(self, person: Person, step: int) -> bool:
        """Use a time step's code; False if it, or a later one, was used before."""
        statement = (
            "UPDATE person SET totp_step = ?, failures = 0, barred_until_s = 0"
            " WHERE id = ? AND totp_step < ?"
        )
        return self._done(statement, step, person.id, step) == 1

    # --- sessions

    def begin_session(self, session: Session, most_each: int) -> None:
        """Keep a session; beyond so many of one person the oldest ends."""
        with self._together():
            self._db.execute(
                f"INSERT INTO session ({_SESSION}) VALUES (?, ?, ?, ?, ?)",
                msgspec.structs.astuple(session),
            )
            self._db.execute(
                "DELETE FROM session WHERE person = ? AND token_hash NOT IN (SELECT token_hash"
                " FROM session WHERE person = ? ORDER BY began_s DESC LIMIT ?)",
                (session.person, session.person, most_each),
            )

    def session(self, token_hash: bytes) -> Session | None:
        """Return a session, whether it has run out or not."""
        rows = self._rows(f"SELECT {_SESSION} FROM session WHERE token_hash = ?", token_hash)
        return Session(*rows[0]) if rows else None  # type: ignore[arg-type]

    def touch(self, token_hash: bytes, seen_s: float) -> None:
        """Note when a session was last used."""
        self._done("UPDATE session SET seen_s = ? WHERE token_hash = ?", seen_s, token_hash)

    def end_session(self, token_hash: bytes) -> None:
        """Forget a session."""
        self._done("DELETE FROM session WHERE token_hash = ?", token_hash)

    def forget_sessions(self, seen_before_s: float, began_before_s: float) -> None:
        """Forget what has run out."""
        statement = "DELETE FROM session WHERE seen_s < ? OR began_s < ?"
        self._done(statement, seen_before_s, began_before_s)


def _person(row: tuple[object, ...]) -> Person:
    person = Person(*row)  # type: ignore[arg-type]
    return msgspec.structs.replace(person, ended=bool(person.ended))


def new_id() -> str:
    """Return an id for a person: random, so that it tells nothing to those who read the journal."""
    return secrets.token_hex(16)
