"""How many instructions a second the engine settles durably, beside what the machine can do at all.

From msgpack bytes in to durable replies out: commands are decoded from batches, decided, encoded
into records, hashed, appended to a SQLite journal with synchronous=FULL in a process of its own,
and answered in msgpack once their row is durable. All laws are on. Generating the input is not
counted.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import msgspec

from paritas.core.state import State
from paritas.journal.codec import decode_commands, encode_commands
from paritas.journal.process import JournalProcess
from paritas.journal.recovery import recover
from paritas.journal.sqlite import Batch, SqliteJournal
from paritas.model import commands as c
from paritas.model.instructions import Leg
from paritas.node.ledger import Ledger

BATCH = 1_000
_DATE = 739_000
_OPENING_MINOR = 10**12
_REPLIES = msgspec.msgpack.Encoder()
#: How many batches may wait for their row to be durable before their replies leave.
_IN_FLIGHT = 4


class EngineFigure(msgspec.Struct, frozen=True):
    """One measurement: instructions settled per second, and the time of each, in nanoseconds."""

    what: str
    instructions: int
    members: int
    per_second: int
    each_ns: int


def scheme_commands(members: int, books: int) -> list[c.AnyCommand]:
    """Set up books and members with plenty of money; a registered sender may speak for all."""
    commands: list[c.AnyCommand] = []
    for book in range(1, books + 1):
        commands.append(c.CreateBook(0, 0, b"", f"C{book:02d}", f"ISSU{book:02d}B0XXX", _DATE))
    first = books + 1
    commands += [c.AdmitMember(0, 0, b"", f"MB{m:05d}") for m in range(members)]
    commands.append(c.AdmitSender(0, 0, b"", "PLATFORM"))
    platform = first + members
    for m in range(first, first + members):
        commands.append(c.RegisterSender(0, m, b"", m, platform))
    account = 0
    for book in range(1, books + 1):
        for m in range(first, first + members):
            account += 1
            commands.append(c.OpenAccount(0, book, b"", m, book))
            commands.append(c.IssueMoney(0, book, b"", account, _OPENING_MINOR))
        commands.append(c.OpenWindow(0, 0, b"", book, _DATE, 0, 10**18))
    return commands


def payments(count: int, members: int, random: Random) -> Iterator[c.SubmitInstruction]:
    """Yield one-leg payments as a pacs.008 would give them: with UETR and content hash."""
    for number in range(count):
        payer, payee = random.sample(range(members), 2)
        leg = Leg(payer + 1, payee + 1, random.randint(1, 10**6))
        yield _instruction(payer + 2, number, (leg,), random)


def exchanges(count: int, members: int, random: Random) -> Iterator[c.SubmitInstruction]:
    """Yield PvP pairs of two legs on two books, sent by a platform for both parties."""
    for number in range(count):
        one, other = random.sample(range(members), 2)
        legs = (
            Leg(one + 1, other + 1, random.randint(1, 10**6)),
            Leg(members + other + 1, members + one + 1, random.randint(1, 10**6)),
        )
        instruction = _instruction(one + 3, number, legs, random)
        yield msgspec.structs.replace(instruction, actor=members + 3)


def _instruction(
    sender: int, number: int, legs: tuple[Leg, ...], random: Random
) -> c.SubmitInstruction:
    uetr = f"{random.getrandbits(128):032x}"
    uetr = f"{uetr[:8]}-{uetr[8:12]}-4{uetr[13:16]}-8{uetr[17:20]}-{uetr[20:]}"
    return c.SubmitInstruction(
        number, sender, b"", sender, f"PAY{number:012d}", legs, 2, _DATE, uetr, random.randbytes(32)
    )


Maker = Callable[[int, int, Random], Iterator[c.SubmitInstruction]]


def settled_per_second(
    what: str, make: Maker, books: int, count: int, members: int
) -> EngineFigure:
    """Measure one workload; raises AssertionError if anything does not settle or is not durable."""
    batches = _encoded(make(count, members, Random(7)))
    with tempfile.TemporaryDirectory(prefix="paritas-bench-") as folder:
        path = Path(folder) / "journal.sqlite"
        with JournalProcess(path) as journal:
            ledger = Ledger(State(), journal)
            ledger.commit(scheme_commands(members, books))
            journal.wait()
            elapsed_ns = _run(ledger, journal, batches)
        with SqliteJournal(path, read_only=True) as written:
            assert recover(written).statuses == ledger.state.statuses
        assert ledger.state.statuses.count(2) == count
    return EngineFigure(what, count, members, count * 10**9 // elapsed_ns, elapsed_ns // count)


def _encoded(instructions: Iterator[c.SubmitInstruction]) -> list[bytes]:
    batches: list[bytes] = []
    batch: list[c.AnyCommand] = []
    for instruction in instructions:
        batch.append(instruction)
        if len(batch) == BATCH:
            batches.append(encode_commands(batch))
            batch = []
    return batches + ([encode_commands(batch)] if batch else [])


def _run(ledger: Ledger, journal: JournalProcess, batches: list[bytes]) -> int:
    """Return the nanoseconds from the first bytes in to the last durable reply out."""
    waiting: deque[tuple[int, bytes]] = deque()
    replied = 0
    gc.collect()
    gc.freeze()
    gc.disable()
    began_ns = time.perf_counter_ns()
    for data in batches:
        events = ledger.commit(decode_commands(data))
        waiting.append((ledger.seq, _REPLIES.encode(events)))
        if len(waiting) > _IN_FLIGHT:
            seq, reply = waiting.popleft()
            journal.wait(seq)
            replied += len(reply)
    for seq, reply in waiting:
        journal.wait(seq)
        replied += len(reply)
    elapsed_ns = time.perf_counter_ns() - began_ns
    gc.enable()
    gc.unfreeze()
    assert replied
    return elapsed_ns


def bare_append_per_second(count: int) -> int:
    """Return how many records a second SQLite merely appends, unhashed, in rows of a thousand."""
    instructions = _encoded(payments(count, 100, Random(7)))
    with (
        tempfile.TemporaryDirectory(prefix="paritas-bench-") as folder,
        SqliteJournal(Path(folder) / "journal.sqlite") as journal,
    ):
        began_ns = time.perf_counter_ns()
        for seq, data in enumerate(instructions, 1):
            journal.append(Batch(seq, 0, [data]))
        return count * 10**9 // (time.perf_counter_ns() - began_ns)
