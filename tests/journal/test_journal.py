"""The journal keeps what it was given, finds every change, and refuses a stale writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine_world import Wishes, opening_commands
from paritas.core import snapshot
from paritas.core.state import State
from paritas.journal import chain
from paritas.journal.audit import _unfinal, audit
from paritas.journal.codec import decode_records, encode_record, join_records, split_records
from paritas.journal.process import JournalProcess
from paritas.journal.recovery import keep_snapshot, recover
from paritas.journal.sqlite import Batch, JournalError, SqliteJournal
from paritas.model.commands import RecordMessage
from paritas.model.events import InstructionSettled, Recorded
from paritas.node.ledger import Ledger


def write_a_day(path: Path, seed: int = 5, count: int = 300, batch: int = 20) -> State:
    with SqliteJournal(path) as journal:
        ledger = Ledger(State(), journal)
        ledger.commit(opening_commands())
        wishes = Wishes(Random(seed), ledger.state, signs=False)
        for _ in range(count // batch):
            for _ in range(batch):
                ledger.commit([wishes.next()])
        return ledger.state


def rfc6962(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word, recursively."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + rfc6962(leaves[:split]) + rfc6962(leaves[split:])).digest()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 65, 1000])
def test_the_root_is_rfc_6962s(count: int) -> None:
    leaves = [str(index).encode() for index in range(count)]
    assert chain.merkle_root(leaves) == rfc6962(leaves)


def test_a_payload_gives_its_records_back_byte_for_byte() -> None:
    command = RecordMessage(1, 0, b"", "BANKINB0XXX", "pacs.008.001.08", "M1", b"d" * 32)
    records = [encode_record(command, [Recorded(7)]), encode_record(command, [])]
    payload = join_records(records)
    assert split_records(payload) == records
    assert decode_records(payload) == [(command, [Recorded(7)]), (command, [])]


def test_reopening_gives_the_live_state_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    live = snapshot.dump(write_a_day(path))
    with SqliteJournal(path) as journal:
        assert snapshot.dump(recover(journal)) == live
        keep_snapshot(journal, snapshot.load(live))
        assert snapshot.dump(recover(journal)) == live
        rest = Ledger(recover(journal), journal)
        rest.commit([RecordMessage(10**15, 0, b"", "A", "B", "C", b"")])
        assert snapshot.dump(recover(journal)) == snapshot.dump(rest.state)
    assert audit(path).breaches == ()


def test_a_snapshot_of_another_chain_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    live = snapshot.dump(write_a_day(path))
    with SqliteJournal(path) as journal:
        journal.write_snapshot(journal.seq, b"other", snapshot.dump(State()), snapshot.FORMAT)
        assert snapshot.dump(recover(journal)) == live
        journal.write_snapshot(
            journal.seq, journal.hash, snapshot.dump(State()), snapshot.FORMAT + 1
        )
        assert snapshot.dump(recover(journal)) == live


def test_the_process_appends_the_same_rows(tmp_path: Path) -> None:
    path, other = tmp_path / "journal.sqlite", tmp_path / "other.sqlite"
    write_a_day(path)
    with SqliteJournal(path, read_only=True) as journal, JournalProcess(other) as process:
        for row in journal.rows():
            process.append(Batch(row.seq, row.at_ns, split_records(row.payload)))
        process.wait()
        with SqliteJournal(other, read_only=True) as copy:
            assert [(r.seq, r.hash) for r in copy.rows()] == [
                (r.seq, r.hash) for r in journal.rows()
            ]


def test_a_stale_writer_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record = encode_record(RecordMessage(1, 0, b"", "A", "B", "C", b""), [Recorded(1)])
    with SqliteJournal(path) as stale, SqliteJournal(path) as newer:
        newer.append(Batch(1, 1, [record]))
        with pytest.raises(JournalError, match="another writer took over"):
            stale.append(Batch(1, 1, [record]))
        newer.append(Batch(2, 1, [record]))
        with pytest.raises(JournalError, match="cannot follow"):
            newer.append(Batch(2, 1, [record]))


def test_a_process_whose_journal_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"this is not a database, it is a letter" * 100)
    with pytest.raises(JournalError, match="not a journal"):
        JournalProcess(tmp_path / "journal.sqlite")
    with pytest.raises(JournalError, match="no journal here"):
        audit(tmp_path / "absent.sqlite")


def change(sql: str, *values: object) -> Callable[[sqlite3.Connection], object]:
    return lambda db: db.execute(sql, values)


TAMPERINGS = {
    "a payload byte": change(
        "UPDATE journal SET payload = CAST(substr(payload, 1, 40) || x'c1' || substr(payload, 42) AS BLOB)"
        " WHERE seq = 5"
    ),
    "a row's time": change("UPDATE journal SET at_ns = at_ns + 1 WHERE seq = 7"),
    "a row's hash": change("UPDATE journal SET hash = zeroblob(32) WHERE seq = 9"),
    "a row taken out": change("DELETE FROM journal WHERE seq = 11"),
    "two rows exchanged": lambda db: [
        db.execute("UPDATE journal SET seq = ? WHERE seq = ?", pair)
        for pair in ((-1, 20), (20, 21), (21, -1))
    ],
    "a sealed part": change("UPDATE sealed SET private = 'Somebody else'"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_audit_finds(tmp_path: Path, name: str) -> None:
    path = tmp_path / "journal.sqlite"
    write_a_day(path)
    with SqliteJournal(path) as journal:
        digest = sha256(b"saltThe letter").digest()
        ledger = Ledger(recover(journal), journal)
        command = RecordMessage(10**15, 0, b"", "A", "B", "C", digest)
        ledger.decide(command, b"salt", b"The letter")
        ledger.flush()
        assert journal.sealed(journal.seq, 0) == b"The letter"
    assert audit(path).breaches == ()
    with sqlite3.connect(path) as db:
        TAMPERINGS[name](db)
    assert audit(path).breaches != ()


def test_the_audit_finds_a_decision_that_the_engine_would_not_take(tmp_path: Path) -> None:
    """A forger who recomputes every hash still has to break the law."""
    path, forged = tmp_path / "journal.sqlite", tmp_path / "forged.sqlite"
    write_a_day(path)
    with SqliteJournal(path, read_only=True) as journal, SqliteJournal(forged) as copy:
        for row in journal.rows():
            records = []
            for command, events in decode_records(row.payload):
                generous = command
                if events and isinstance(events[0], InstructionSettled) and row.seq > 1:
                    # Settled at the wish of somebody who may not speak for the payer.
                    generous = msgspec.structs.replace(command, actor=0)
                records.append(encode_record(generous, events))
            copy.append(Batch(row.seq, row.at_ns, records))
    assert any("the engine decides" in breach for breach in audit(forged).breaches)


def test_erasing_what_is_sealed_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with SqliteJournal(path) as journal:
        digest = sha256(b"saltThe letter").digest()
        command = RecordMessage(1, 0, b"", "A", "B", "C", digest)
        letter = tmp_path / "letter"
        letter.write_bytes(b"The letter")
        ledger = Ledger(State(), journal)
        ledger.decide(command, b"salt", path=str(letter))
        ledger.flush()
        assert journal.sealed(1, 0) == b"The letter"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE sealed SET private = NULL, salt = NULL")
    assert audit(path).breaches == ()
    with SqliteJournal(path) as journal:
        assert journal.sealed(1, 0) is None


def test_the_audit_sees_any_final_status_that_changes() -> None:
    new, waiting, settled, refused = (bytes([status]) for status in (0, 1, 2, 3))
    before = new + settled + waiting + refused + waiting
    assert list(_unfinal(before, bytearray(before + settled))) == []
    assert list(_unfinal(before, bytearray(new + settled * 2 + refused * 2 + waiting))) == []
    assert list(_unfinal(before, bytearray(new + waiting + settled * 2 + waiting))) == [1, 3]
