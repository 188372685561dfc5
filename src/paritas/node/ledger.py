"""Group commit: commands in, decided and made durable together, events out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b, sha256
from typing import Protocol

from paritas.core import engine, invariants
from paritas.core.lifecycle import LawBroken
from paritas.core.state import State
from paritas.journal.codec import Record, encode_record, encode_records
from paritas.journal.sqlite import Batch, JournalError, Sealed
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

    def __init__(
        self, state: State, journal: Appender, recorded: Iterable[Record] = (), batch: int = 1000
    ) -> None:
        """``recorded`` are records that the journal holds and the state does not know yet.

        They answer the first commands: a run that makes the same commands again goes on where
        the journal ends, in exactly the state that it had.
        """
        self.state = state
        self._journal = journal
        self._recorded = iter(recorded)
        self._next = next(self._recorded, None)
        self._batch = batch
        self._records: list[bytes] = []
        self._sealed: list[Sealed] = []
        self._at_ns = 0
        self._book_turn = 0

    @property
    def seq(self) -> int:
        """The last row handed to the journal."""
        return self._journal.seq

    def decide(
        self, command: AnyCommand, salt: bytes = b"", private: bytes = b"", path: str = ""
    ) -> Sequence[AnyEvent]:
        """Decide on one command and change the state; ``private`` or ``path`` is sealed with it.

        The events may be told to anyone only after a ``flush`` that is durable.
        """
        if self._next is not None:
            record, self._next = self._next, next(self._recorded, None)
            return self._replay(command, record)
        events = engine.apply(self.state, command)
        if salt:
            self._sealed.append(Sealed(len(self._records), salt, private, path))
        self._records.append(encode_record(command, events))
        self._at_ns = max(self._at_ns, command.at_ns)
        if len(self._records) >= self._batch:
            self.flush()
        return events

    def recorded(self) -> AnyCommand | None:
        """Return the command that the journal holds next, None once all of it was answered.

        What the world answers (a solver that is limited in time) is not asked twice: a run that
        goes on takes the recorded command as its own.
        """
        return self._next[0] if self._next is not None else None

    def _replay(self, command: AnyCommand, record: Record) -> Sequence[AnyEvent]:
        if record[0] != command:
            raise JournalError(
                "The journal was made from other input: it goes on only with the very input and"
                " scheme that it began with. Start anew elsewhere."
            )
        engine.replay(self.state, *record)
        return record[1]

    def flush(self) -> None:
        """Append what was decided as one row, after a look at law 1; raises LawBroken if broken."""
        if not self._records:
            return
        self.check_laws()
        batch = Batch(self._journal.seq + 1, self._at_ns, self._records, self._sealed)
        self._records, self._sealed = [], []
        self._journal.append(batch)

    def commit(self, commands: Sequence[AnyCommand]) -> list[Sequence[AnyEvent]]:
        """Decide on commands in order and append all of it as one row; return their events."""
        decided = self.decide_all(commands)
        self.flush()
        return decided

    def decide_all(self, commands: Sequence[AnyCommand]) -> list[Sequence[AnyEvent]]:
        """Decide on commands in order, for the row of the next ``flush``; return their events."""
        decided = engine.apply_all(self.state, commands)
        self._records += encode_records(commands, decided)
        self._at_ns = max(self._at_ns, commands[-1].at_ns)
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
    return blake2b("\0".join(key).encode(), key=seal, digest_size=32).digest()


def sealed_hash(salt: bytes, private: bytes) -> bytes:
    """Return SHA-256(salt || private), all that the journal knows of what is private."""
    return sha256(salt + private).digest()
