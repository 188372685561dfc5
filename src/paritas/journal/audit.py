"""The audit: everything that anyone can check of a journal, checked from the first row on.

The chain of hashes (law 5), every decision taken anew by the engine and compared with what was
recorded, the other laws on the state, the finality of what settled, who signed what, and that
replaying and deciding anew give the same state bit for bit (law 6). It trusts nothing but the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from paritas.core import engine, invariants, snapshot
from paritas.core.lifecycle import LawBroken, Status
from paritas.core.state import State
from paritas.journal import chain
from paritas.journal.codec import Record, decode_records, split_records
from paritas.journal.proofs import Proofs
from paritas.journal.sqlite import JournalError, Row, SqliteJournal
from paritas.model.commands import (
    AnyCommand,
    DecideHit,
    RecordEvidence,
    RecordMessage,
    RecordProof,
    RecordRefusal,
    SubmitInstruction,
)
from paritas.model.events import AnyEvent

#: After how many rows all laws are checked on the whole state, besides at the end.
LAWS_EVERY_ROWS = 200


class AuditReport(msgspec.Struct, frozen=True):
    """What an audit looked at and what it found. ``breaches`` is empty when all is well."""

    journal: str
    rows: int
    records: int
    settled: int
    refused: int
    waiting: int
    sealed_checked: int
    #: Signed requests whose signature was verified against what is kept of them.
    signatures_checked: int
    head: str
    state: str
    breaches: tuple[str, ...]
    #: Clearings whose certificate was checked.
    clearings: int = 0


Watch = Callable[[State, AnyCommand, Sequence[AnyEvent]], None]
"""Shown each record beside the state in which its command was decided."""


def audit(
    path: Path, progress: Callable[[int], None] = lambda rows: None, watch: Watch | None = None
) -> AuditReport:
    """Audit a journal file; raises JournalError only when it cannot be opened at all."""
    with SqliteJournal(path, read_only=True) as journal:
        auditor = _Auditor(journal, watch)
        return auditor.run(progress)


class _Auditor:
    def __init__(self, journal: SqliteJournal, watch: Watch | None) -> None:
        self.journal = journal
        self.watch = watch
        self.breaches: list[str] = []
        #: Evolved by what was recorded, and by what the engine decides now.
        self.replayed, self.decided = State(), State()
        self.previous, self.seq, self.at_ns, self.epoch = chain.GENESIS, 0, 0, 0
        self.records = self.sealed = 0
        self.proofs = Proofs()

    def run(self, progress: Callable[[int], None]) -> AuditReport:
        """Go through the rows; the first row that cannot be gone through ends the replay."""
        for row in self.journal.rows():
            progress(row.seq)
            try:
                self.check_row(row)
            except (msgspec.DecodeError, LawBroken, LookupError) as error:
                self.breaches.append(f"row {row.seq}: cannot be replayed: {error}")
                break
        self.check_end()
        statuses = self.replayed.statuses
        return AuditReport(
            journal=str(self.journal.path),
            rows=self.seq,
            records=self.records,
            settled=statuses.count(Status.SETTLED),
            refused=statuses.count(Status.REFUSED) + statuses.count(Status.CANCELLED),
            waiting=statuses.count(Status.WAITING),
            sealed_checked=self.sealed,
            signatures_checked=self.proofs.verified,
            head=self.previous.hex(),
            state=sha256(snapshot.dump(self.replayed)).hexdigest(),
            breaches=tuple(self.breaches),
        )

    def breach(self, row: Row, text: str) -> None:
        self.breaches.append(f"row {row.seq}: {text}")

    def check_row(self, row: Row) -> None:
        raw = split_records(row.payload)
        digest = chain.next_hash(self.previous, row.seq, row.at_ns, raw)
        if digest != row.hash:
            self.breach(row, "its hash does not follow from the row before and its records.")
        if row.seq != self.seq + 1:
            self.breach(row, f"follows row {self.seq}: rows are missing.")
        if row.at_ns < self.at_ns or row.epoch < self.epoch:
            self.breach(row, "its time or its epoch goes back.")
        self.previous, self.seq, self.at_ns, self.epoch = row.hash, row.seq, row.at_ns, row.epoch
        records = decode_records(row.payload)
        before = bytes(self.replayed.statuses)
        for position, record in enumerate(records):
            self.check_record(row, position, record)
        for number in _unfinal(before, self.replayed.statuses):
            self.breach(row, f"moves instruction {number} out of a final status.")
        self.check_sealed(row, records)
        self.check_proofs(row, records)
        if row.seq % LAWS_EVERY_ROWS == 0:
            self.breaches += [f"row {row.seq}: {b}" for b in invariants.check_all(self.replayed)]

    def check_record(self, row: Row, position: int, record: Record) -> None:
        command, recorded = record
        self.records += 1
        if command.at_ns > row.at_ns:
            self.breach(row, f"record {position} happened after its own commit.")
        statuses = self.replayed.statuses
        named = {number for event in recorded for number in _named(event)}
        final = {n: statuses[n] for n in named if n < len(statuses) and statuses[n] in _FINAL}
        if self.watch is not None:
            self.watch(self.replayed, command, recorded)
        engine.replay(self.replayed, command, recorded)
        for number, status in final.items():
            if statuses[number] != status:
                text = f"record {position} moves instruction {number} out of a final status."
                self.breach(row, text)
        decided = list(engine.apply(self.decided, command))
        if decided != recorded:
            self.breach(row, f"record {position}: the engine decides {decided}, not {recorded}.")

    def check_sealed(self, row: Row, records: list[Record]) -> None:
        """What lies in the sealed store and was not erased must be what the record's hash names."""
        for position, found in self.journal.sealed_hashes(row.seq):
            command = records[position][0] if position < len(records) else None
            if isinstance(command, SubmitInstruction):
                expected = command.content
            elif isinstance(command, RecordMessage | RecordRefusal | RecordEvidence | RecordProof):
                expected = command.digest
            elif isinstance(command, DecideHit):
                expected = command.reason
            else:
                self.breach(row, f"sealed part {position} belongs to no record.")
                continue
            self.sealed += 1
            if found != expected:
                self.breach(row, f"sealed part {position} is not what its hash names.")

    def check_proofs(self, row: Row, records: list[Record]) -> None:
        """Every request must be proved by whoever acts in it (DESIGN, section 9)."""
        for position, (command, _) in enumerate(records):
            if not command.signature:
                continue
            found = list(self.proofs.follow(command))
            if isinstance(command, RecordProof):
                evidence = self.journal.sealed(row.seq, position)
                body = self._lone_message(row, records, position)
                found += self.proofs.check(command, self.replayed, evidence, body)
            for text in found:
                self.breach(row, f"record {position}: {text}")

    def _lone_message(self, row: Row, records: list[Record], position: int) -> bytes | None:
        """Return the message that a request consisted of, where it is sealed by itself."""
        signature = records[position][0].signature
        for next_one in range(position + 1, min(position + 3, len(records))):
            command = records[next_one][0]
            if isinstance(command, RecordMessage) and command.signature == signature:
                return self.journal.sealed(row.seq, next_one)
        return None

    def check_end(self) -> None:
        self.breaches += invariants.check_all(self.replayed)
        state = snapshot.dump(self.replayed)
        if snapshot.dump(self.decided) != state:
            self.breaches.append("Law 6: deciding anew does not give the recorded state.")
        if snapshot.dump(snapshot.load(state)) != state:
            self.breaches.append("Law 6: a snapshot of the state does not give it back.")


def _named(event: AnyEvent) -> Iterator[int]:
    """Instructions that an event may name; for events about other things, numbers that mean nothing."""
    for field in ("number", "first", "second"):
        number = getattr(event, field, None)
        if number is not None:
            yield number
    yield from getattr(event, "numbers", ())


_FINAL = frozenset(Status) - {Status.WAITING}
#: Turns a status into 255 where it is final and into 0 where it is not.
_FINAL_BITS = bytes(255 if status in _FINAL else 0 for status in range(256))


def _unfinal(before: bytes, after: bytearray) -> Iterator[int]:
    """Yield the numbers whose status was final and is now another.

    A journal may hold millions of statuses, so they are compared whole, as one integer each, and
    looked at one by one only where something is wrong.
    """
    now = bytes(after[: len(before)])
    if now == before:
        return
    changed = int.from_bytes(before, "big") ^ int.from_bytes(now, "big")
    if changed & int.from_bytes(before.translate(_FINAL_BITS), "big"):
        for number, (was, status) in enumerate(zip(before, now, strict=True)):
            if was != status and was in _FINAL:
                yield number


__all__ = ["AuditReport", "JournalError", "audit"]
