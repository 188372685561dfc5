"""Idempotency keys: what a key was used for, found again in the journal after a restart.

A key is recorded in the very row of what it asked, so there is no moment at which one is durable
without the other. It is known for a day by the journal's time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paritas.journal.sqlite import SqliteJournal
from paritas.model.commands import AnyCommand, RecordRequest
from paritas.model.events import AnyEvent
from paritas.node.calendars import DAY_NS
from paritas.node.feed import Record

#: How long a key is known.
KEPT_NS = DAY_NS


class Known(msgspec.Struct, frozen=True):
    """A key that was used: for which request, and what was recorded after it in row ``seq``."""

    digest: bytes
    at_ns: int
    seq: int
    records: Sequence[tuple[AnyCommand, Sequence[AnyEvent]]]


class Requests:
    """The keys of the last day, by who used them."""

    def __init__(self) -> None:
        # In order of time, so that the oldest are the first to go.
        self._known: dict[tuple[int, str], Known] = {}

    def find(self, actor: int, key: str) -> Known | None:
        """Return what a party used a key for."""
        return self._known.get((actor, key))

    def follow(self, seq: int, records: Sequence[Record]) -> None:
        """Note the keys of a row."""
        for position, (command, _) in enumerate(records):
            if type(command) is RecordRequest:
                asked = records[position + 1 : position + 1 + command.records]
                known = Known(command.digest, command.at_ns, seq, asked)
                self._known[command.actor, command.key] = known

    def join(self, later: Requests) -> None:
        """Take over what later rows said."""
        self._known.update(later._known)

    def forget(self, now_ns: int) -> None:
        """Forget what is older than a day."""
        while self._known:
            oldest = next(iter(self._known))
            if self._known[oldest].at_ns + KEPT_NS > now_ns:
                return
            del self._known[oldest]


def first_seq_to_know(journal: SqliteJournal, now_ns: int) -> int:
    """Return the last row before the day that keys are known for."""
    return journal.seq_at(now_ns - KEPT_NS)
