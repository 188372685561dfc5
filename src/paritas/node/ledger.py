"""Group commit: commands in, decided and made durable together, events out."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from paritas.core import engine, invariants
from paritas.core.lifecycle import LawBroken
from paritas.core.state import State
from paritas.journal.codec import encode_record
from paritas.journal.sqlite import Batch, Received, Sealed
from paritas.model.commands import AnyCommand
from paritas.model.events import AnyEvent


class Appender(Protocol):
    """What the ledger needs of a journal: SqliteJournal, or JournalProcess."""

    seq: int

    def append(self, batch: Batch) -> object:
        """Add a batch after row ``seq``."""


class Ledger:
    """The one writer: holds the state, decides on commands and appends them in batches.

    After any exception the state may be ahead of the journal: throw the ledger away and recover.
    """

    def __init__(self, state: State, journal: Appender) -> None:
        self.state = state
        self._journal = journal
        self._book_turn = 0

    @property
    def seq(self) -> int:
        """The last row handed to the journal."""
        return self._journal.seq

    def commit(
        self,
        commands: Sequence[AnyCommand],
        sealed: Sequence[Sealed] = (),
        received: Sequence[Received] = (),
    ) -> list[Sequence[AnyEvent]]:
        """Decide on each command in order and append all of it as one row.

        Returns the events of each command. With a JournalProcess they are durable, and may be
        told to anyone, only after its ``wait``. Raises LawBroken when a law does not hold.
        """
        state, apply = self.state, engine.apply
        decided = [apply(state, command) for command in commands]
        self.check_laws()
        records = [encode_record(*pair) for pair in zip(commands, decided, strict=True)]
        at_ns = max(command.at_ns for command in commands)
        self._journal.append(
            Batch(self._journal.seq + 1, at_ns, records, list(sealed), list(received))
        )
        return decided

    def check_laws(self) -> None:
        """Check law 1 before every commit, on one book in turn; law 2 is checked at each posting."""
        books = self.state.books
        if not books:
            return
        self._book_turn = self._book_turn % len(books) + 1
        for breach in invariants.money_is_conserved(books[self._book_turn]):
            raise LawBroken(breach)


def salt_for(seal: bytes, *key: str) -> bytes:
    """Derive the salt of what is sealed under ``key`` from the journal's secret.

    The same key always gives the same salt, so a repeat of the same content has the same hash and
    is recognised; without the secret a hash tells nothing, even to someone who guesses names.
    """
    return hmac.digest(seal, "\0".join(key).encode(), "sha256")


def sealed_hash(salt: bytes, private: bytes) -> bytes:
    """Return SHA-256(salt || private), all that the journal knows of what is private."""
    return sha256(salt + private).digest()
