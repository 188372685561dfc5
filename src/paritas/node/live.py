"""The live node: one writer, real time, group commit.

Whoever wants something of the state asks for a turn: a function that is given a ``Turn`` and may
decide on commands. Turns are taken one after the other, as many as fit into one row of the journal;
the next row is decided while the one before is on its way to the disk. When a row is durable, those
who asked are answered, and followers are told. Nothing leaves before.

After a failed append nobody knows what is durable: everybody is refused, the state is thrown away
and read again from the journal. A broken law halts the node for good.

    node = LiveNode.open(scheme, data)     # recovers; before the event loop runs
    await node.begin()
    answer = await node.ask(lambda turn: turn.decide(command))
    await node.stop()
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog

from paritas.core.lifecycle import LawBroken
from paritas.core.state import State
from paritas.journal.codec import decode_records
from paritas.journal.process import JournalProcess
from paritas.journal.recovery import keep_snapshot, recover
from paritas.journal.sqlite import Batch, JournalError, SqliteJournal
from paritas.model.commands import AnyCommand
from paritas.model.events import AnyEvent, CommandRefused
from paritas.node import outbox, questions, readings, statements, timers
from paritas.node.alone import alone_in
from paritas.node.archive import Archive
from paritas.node.calendars import BookCalendar
from paritas.node.directory import Directory, directory_of_state, setup_commands
from paritas.node.feed import Feed, FeedRow, JournalReader, Record
from paritas.node.ledger import Ledger
from paritas.node.list_files import ListStore, put_in_force
from paritas.node.requests import Requests, first_seq_to_know
from paritas.node.run import SettleError
from paritas.node.same_scheme import check_same_scheme
from paritas.node.scheme import Scheme
from paritas.node.screener import Screening, exempt_in, share
from paritas.node.timers import Timer
from paritas.node.workers import Context, WorkerPool
from paritas.screening import Screener
from paritas.screening.lists import ListError

log = structlog.get_logger("paritas.node")
T = TypeVar("T")

#: A row is closed when it has so many records or seals so many bytes; so it fits the pipe to the
#: journal's process, and handing it over blocks nothing.
_ROW_RECORDS = 1000
_ROW_SEALED_BYTES = 400_000
#: Rows that may be on their way while the next one is decided.
_ROWS_IN_FLIGHT = 2
_TICK_S = 1.0
#: After a timer's command was refused, its next wish is heard after so long.
_REFUSED_PAUSE_S = 60.0
_NO_LIMIT = 2**62

# Imported for the jobs and questions that they declare, before the processes are forked.
assert outbox and questions and readings and statements


class Phase(StrEnum):
    """Where a node stands in its life."""

    STARTING = "starting"
    READY = "ready"
    #: The journal failed; the state is being read again.
    RECOVERING = "recovering"
    STOPPING = "stopping"
    #: A law was broken: a person must look.
    HALTED = "halted"


class NotReady(Exception):  # noqa: N818 - an answer, not an error
    """The node cannot answer now; ``phase`` says why. What was asked may or may not be durable."""

    def __init__(self, phase: Phase, text: str) -> None:
        super().__init__(text)
        self.phase = phase


_WHY = {
    Phase.STARTING: "The node is starting.",
    Phase.RECOVERING: "The journal could not be written; the node reads it again. Ask again: what"
    " was done is known by its reference.",
    Phase.STOPPING: "The node is stopping; nothing of this was done.",
    Phase.HALTED: "The node has halted: its state contradicts a law. Its operator must look.",
}


class Turn:
    """One asker's turn with the state; everything that is decided in it lies in one row."""

    __slots__ = ("_ledger", "at_ns", "records", "seq", "state")

    def __init__(self, ledger: Ledger, at_ns: int, seq: int, records: list[Record]) -> None:
        self.state: State = ledger.state
        #: The present moment; commands of this turn carry it.
        self.at_ns = at_ns
        #: The row that this turn's decisions will lie in.
        self.seq = seq
        #: (command, events) of the row so far.
        self.records = records
        self._ledger = ledger

    def decide(
        self, command: AnyCommand, salt: bytes = b"", private: bytes = b"", path: str = ""
    ) -> Sequence[AnyEvent]:
        """Decide on one command; ``private``, or the file at ``path``, is sealed with it."""
        events = self._ledger.decide(command, salt, private, path)
        self.records.append((command, events))
        return events

    def decide_all(self, commands: Sequence[AnyCommand]) -> list[Sequence[AnyEvent]]:
        """Decide on many commands, in order."""
        decided = self._ledger.decide_all(commands)
        self.records += zip(commands, decided, strict=True)
        return decided


Work = Callable[[Turn], Any]


class _Handover:
    """What the ledger appends to: it keeps the row until the node takes it."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.batch: Batch | None = None

    def append(self, batch: Batch) -> None:
        self.batch = batch
        self.seq = batch.seq


class _Ask:
    __slots__ = ("future", "size_bytes", "work")

    def __init__(self, work: Work, future: asyncio.Future[Any], size_bytes: int) -> None:
        self.work = work
        self.future = future
        self.size_bytes = size_bytes


#: A row on its way: its number and moment, its records, and who waits for it with which result.
_OnItsWay = tuple[int, int, list[Record], list[tuple[asyncio.Future[Any], Any]]]


class LiveNode:
    """A running node. Made by ``open``; used from one event loop."""

    seal: bytes
    directory: Directory
    requests: Requests
    #: For what is quick, and for what may take minutes and must not hold up the rest.
    workers: WorkerPool
    heavy: WorkerPool
    #: For questions about the past.
    archive: Archive
    reader: JournalReader
    feed: Feed
    _journal: JournalProcess
    _handover: _Handover
    _ledger: Ledger

    def __init__(self, scheme: Scheme, data: Path) -> None:
        self.scheme = scheme
        self.data = data
        self.journal_path = data / "journal.sqlite"
        self.phase = Phase.STARTING
        self.timers: list[Timer] = []
        self.began_ns = time.time_ns()
        self._asks: deque[_Ask] = deque()
        self._rows: deque[_OnItsWay] = deque()
        self._fences: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._scheduled = False
        self._last_ns = 0
        self._open_stack = ExitStack()
        self._tick: asyncio.TimerHandle | None = None
        self._timers_after = 0.0
        self._recovering: asyncio.Task[None] | None = None
        self._follow: list[Callable[[FeedRow], None]] = []
        self._known_size = (0, 0, 0, 0)

    # --- opening

    @classmethod
    def open(cls, scheme: Scheme, data: Path, workers: int | None = None) -> Self:
        """Recover the node that lives in ``data``, or bring it into being there.

        Raises SettleError if another process is at work there or the scheme contradicts the
        journal, JournalError if the journal cannot be read.
        """
        data.mkdir(parents=True, exist_ok=True)
        node = cls(scheme, data)
        node._open_stack.enter_context(alone_in(data))
        try:
            node._open(check_scheme=True)
            if scheme.lists:
                node._load_lists()
        except BaseException:
            node._open_stack.close()
            raise
        context = Context(node.directory, node.seal, node.journal_path)
        node.workers = WorkerPool(workers or max(1, (os.cpu_count() or 2) - 1), context)
        node.heavy = WorkerPool(1, context, nice=5)
        node.archive = Archive(context)
        node.reader = JournalReader(node.journal_path)
        node.feed = Feed(node.reader, node._journal.durable_seq)
        calendars = node.directory.calendars
        node.timers += [timers.business_day_timer(calendars), timers.expiry_timer]
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        return node

    def _open(self, *, check_scheme: bool) -> None:
        """Read the journal and start its process; set the scheme up where there is nothing yet."""
        self.requests = Requests()
        calendars = _calendars(self.scheme)
        with SqliteJournal(self.journal_path) as journal:
            self.seal = journal.seal
            if check_scheme and journal.seq:
                check_same_scheme(self.scheme, journal)
            known_from = first_seq_to_know(journal, time.time_ns())
            replayed: list[int] = []

            def follow(seq: int, _: int, records: Sequence[Record]) -> None:
                if not replayed:
                    replayed.append(seq)
                if seq > known_from:
                    self.requests.follow(seq, records)

            state = recover(journal, follow=follow)
            self._follow_older(journal, known_from, replayed)
        self._journal = JournalProcess(self.journal_path)
        self._handover = _Handover(self._journal.seq)
        self._ledger = Ledger(state, self._handover, batch=_NO_LIMIT)
        if not self._journal.seq:
            self._set_up(calendars)
        self.directory = directory_of_state(self.state, calendars)
        self._known_size = self._size()

    def _follow_older(self, journal: SqliteJournal, known_from: int, replayed: list[int]) -> None:
        """Note what rows say that a snapshot spared from being replayed."""
        first = replayed[0] if replayed else journal.seq + 1
        last = journal.row(journal.seq)
        self._last_ns = last.at_ns if last else 0
        older = Requests()
        for row in journal.rows(known_from):
            if row.seq >= first:
                break
            older.follow(row.seq, decode_records(row.payload))
        older.join(self.requests)
        self.requests = older

    def _set_up(self, calendars: dict[str, BookCalendar]) -> None:
        now_ns = self.now_ns()
        dates = timers.first_dates(calendars, now_ns)
        self._append_now(setup_commands(self.scheme, now_ns, dates))

    def _load_lists(self) -> None:
        """Put the lists that lie there in force, and have the workers to come screen with them.

        Raises SettleError where a list that binds was never in force and cannot be used.
        """
        store = ListStore(self.data / "lists")
        loading = put_in_force(
            self.scheme.lists, self.state, store, self._append_now, self.now_ns()
        )
        versions = []
        try:
            for version, why_not in loading:
                if why_not:
                    log.warning("list not updated", in_force=version.id, why=why_not)
                versions.append(version)
        except ListError as error:
            raise SettleError(f"A list that binds cannot be used: {error}") from None
        screener = Screener(versions, self.scheme.threshold)
        share(Screening(self.state, screener, self.scheme, self.seal, exempt_in(self.state)))

    def _append_now(self, commands: Iterable[AnyCommand]) -> None:
        """Decide and make durable, before the node answers anybody."""
        for command in commands:
            self._ledger.decide(command)
        self._ledger.flush()
        batch, self._handover.batch = self._handover.batch, None
        if batch is not None:
            self._journal.append(batch)
            self._journal.wait()

    async def begin(self) -> None:
        """Start to answer; called once, in the event loop that the node then lives in."""
        await self.workers.begin()
        await self.heavy.begin()
        await self.archive.begin(self.feed)
        self._listen()
        self.phase = Phase.READY
        self._pass_time()
        log.info("ready", seq=self.feed.seq, data=str(self.data))

    def _listen(self) -> None:
        asyncio.get_running_loop().add_reader(self._journal.fileno(), self._acknowledged)

    # --- asking

    @property
    def state(self) -> State:
        """The state, which may be ahead of the journal: ``read`` says what is durable."""
        return self._ledger.state

    @property
    def seq(self) -> int:
        """The last durable row."""
        return self.feed.seq

    @property
    def waiting(self) -> int:
        """How many turns are waiting."""
        return len(self._asks)

    def now_ns(self) -> int:
        """Return the present moment, in nanoseconds since 1970 (UTC), which never goes back."""
        self._last_ns = max(self._last_ns, time.time_ns())
        return self._last_ns

    def ask(self, work: Callable[[Turn], T], size_bytes: int = 0) -> asyncio.Future[T]:
        """Have ``work`` done on its turn; the future has its result once that is durable.

        What ``work`` raises before it decided anything reaches the asker. ``size_bytes`` is about
        what it will seal. Raises NotReady at once where the node cannot take it.
        """
        if self.phase is not Phase.READY:
            raise NotReady(self.phase, _WHY[self.phase])
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._asks.append(_Ask(work, future, size_bytes))
        if not self._scheduled and len(self._rows) < _ROWS_IN_FLIGHT:
            self._scheduled = True
            loop.call_soon(self._decide_row)
        return future

    async def read(self, question: Callable[[State], T]) -> tuple[T, int]:
        """Return what a question to the state gives, once all that it saw is durable; and the row."""
        if self.phase is not Phase.READY:
            raise NotReady(self.phase, _WHY[self.phase])
        answer, seq = question(self.state), self._handover.seq
        if seq > self.feed.seq:
            fence: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._fences.append((seq, fence))
            await fence
        return answer, seq

    def tell(self, follower: Callable[[FeedRow], None]) -> None:
        """Have a quick function told of every row that becomes durable, in the node's own loop."""
        self._follow.append(follower)

    # --- the writer

    def _decide_row(self) -> None:
        """Take turns until a row is full or nobody waits, and hand the row over."""
        self._scheduled = False
        if self.phase not in (Phase.READY, Phase.STOPPING) or not self._asks:
            return
        at_ns = self.now_ns()
        records: list[Record] = []
        turn = Turn(self._ledger, at_ns, self._handover.seq + 1, records)
        answers: list[tuple[asyncio.Future[Any], Any]] = []
        asks, sealed_bytes = self._asks, 0
        try:
            while asks and len(records) < _ROW_RECORDS and sealed_bytes < _ROW_SEALED_BYTES:
                each = asks.popleft()
                if each.future.done():
                    # Whoever asked has gone away before anything was done.
                    continue
                sealed_bytes += each.size_bytes
                before = len(records)
                try:
                    answers.append((each.future, each.work(turn)))
                except Exception as error:
                    if len(records) != before or _is_grave(error):
                        raise
                    answers.append((each.future, error))
            self._hand_over(at_ns, records, answers)
        except Exception as error:
            for future, _ in answers:
                _refuse(future, NotReady(Phase.RECOVERING, _WHY[Phase.RECOVERING]))
            self._fail(error, each.future)
            return
        if asks and len(self._rows) < _ROWS_IN_FLIGHT:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._decide_row)

    def _hand_over(
        self, at_ns: int, records: list[Record], answers: list[tuple[asyncio.Future[Any], Any]]
    ) -> None:
        self._ledger.flush()
        batch, self._handover.batch = self._handover.batch, None
        if batch is None:
            # Nothing was decided; what was seen may still be on its way to the disk.
            if self._rows:
                self._rows[-1][3].extend(answers)
            else:
                _resolve(answers)
            return
        self._rows.append((batch.seq, at_ns, records, answers))
        self._journal.append(batch)
        size = self._size()
        if size != self._known_size:
            self._known_size = size
            self.directory = directory_of_state(self.state, self.directory.calendars)
            self.workers.know(self.directory)
            self.heavy.know(self.directory)

    def _size(self) -> tuple[int, int, int, int]:
        """What changes whenever somebody or something new must be found by name."""
        state = self.state
        return len(state.parties), len(state.accounts), len(state.books), len(state.dealers)

    def _acknowledged(self) -> None:
        """Answer those whose row has become durable."""
        try:
            durable_seq = self._journal.acknowledge()
        except JournalError as error:
            self._fail(error)
            return
        while self._rows and self._rows[0][0] <= durable_seq:
            seq, at_ns, records, answers = self._rows.popleft()
            _resolve(answers)
            row = FeedRow(seq, at_ns, records)
            self.feed.publish(row)
            for follower in self._follow:
                follower(row)
        while self._fences and self._fences[0][0] <= durable_seq:
            _resolve([(self._fences.popleft()[1], None)])
        if self._asks and not self._scheduled:
            self._decide_row()

    # --- time

    def _pass_time(self) -> None:
        """Do what is due by the clock, and look again in a while."""
        loop = asyncio.get_running_loop()
        pause_s = _TICK_S
        if self.phase is Phase.READY and loop.time() >= self._timers_after:
            now_ns = self.now_ns()
            due, next_ns = timers.due_now(self.timers, self.state, now_ns)
            pause_s = min(_TICK_S, max(0.001, (next_ns - now_ns) / 1e9))
            if due:
                # Decided anew on its turn: what waits before it may have changed what is due.
                asked = self.ask(self._do_due)
                asked.add_done_callback(_noted)
                pause_s = _TICK_S
            self.requests.forget(now_ns)
        self._tick = loop.call_later(pause_s, self._pass_time)

    def _do_due(self, turn: Turn) -> None:
        due, _ = timers.due_now(self.timers, turn.state, turn.at_ns)
        for command in due:
            events = turn.decide(command)
            if events and isinstance(events[0], CommandRefused):
                self._timers_after = asyncio.get_running_loop().time() + _REFUSED_PAUSE_S
                log.warning("timer_refused", command=type(command).__name__, why=events[0].text)

    # --- when something fails, and the end

    def _fail(self, error: Exception, asker: asyncio.Future[Any] | None = None) -> None:
        """Refuse everybody; then halt, or read the state again."""
        if self.phase in (Phase.RECOVERING, Phase.HALTED):
            return
        stopping = self.phase is Phase.STOPPING
        self.phase = Phase.HALTED if isinstance(error, LawBroken) else Phase.RECOVERING
        log.error("failed", phase=self.phase, error=f"{type(error).__name__}: {error}")
        asyncio.get_running_loop().remove_reader(self._journal.fileno())
        self._refuse_all(NotReady(self.phase, _WHY[self.phase]), asker)
        self._journal.abandon()
        if self.phase is Phase.RECOVERING and not stopping:
            self._recovering = asyncio.get_running_loop().create_task(self._recover())

    def _refuse_all(self, why: NotReady, asker: asyncio.Future[Any] | None = None) -> None:
        futures = [each.future for each in self._asks]
        futures += [future for row in self._rows for future, _ in row[3]]
        futures += [fence for _, fence in self._fences]
        for future in [*futures, *([asker] if asker is not None else [])]:
            _refuse(future, why)
        self._asks.clear()
        self._rows.clear()
        self._fences.clear()

    async def _recover(self) -> None:
        pause_s = 0.1
        while True:
            try:
                await asyncio.to_thread(self._open, check_scheme=False)
                break
            except (JournalError, OSError, LawBroken) as error:
                log.error("cannot_recover", error=str(error), again_in_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(30.0, pause_s * 2)
        # Rows that were on their way and had reached the disk are told of now.
        for row in await self.reader.rows(self.feed.seq, self._journal.seq, 1_000_000):
            await self._publish_read(row.seq)
        self._listen()
        self.workers.know(self.directory)
        self.heavy.know(self.directory)
        self.phase = Phase.READY
        log.info("recovered", seq=self.feed.seq)

    async def _publish_read(self, seq: int) -> None:
        row = await self.reader.ask(lambda journal: journal.row(seq))
        assert row is not None
        known = FeedRow(row.seq, row.at_ns, decode_records(row.payload))
        self.feed.publish(known)
        for follower in self._follow:
            follower(known)

    def begin_stop(self) -> None:
        """Take nothing new; refuse what waits and was not begun; end all who follow."""
        if self.phase is Phase.READY:
            self.phase = Phase.STOPPING
        for each in self._asks:
            _refuse(each.future, NotReady(Phase.STOPPING, _WHY[Phase.STOPPING]))
        self._asks.clear()
        self.feed.end()

    async def stop(self) -> None:
        """Answer what is on its way, keep a snapshot, and end every process of the node."""
        self.begin_stop()
        if self._tick is not None:
            self._tick.cancel()
        if self._recovering is not None:
            self._recovering.cancel()
        while self._rows and self.phase is Phase.STOPPING:
            await asyncio.sleep(0.001)
        await self.workers.end()
        await self.heavy.end()
        await self.archive.end()
        self.reader.close()
        if self.phase is Phase.STOPPING:
            asyncio.get_running_loop().remove_reader(self._journal.fileno())
            await asyncio.to_thread(self._close_journal)
        self._open_stack.close()
        log.info("stopped", seq=self.feed.seq, phase=self.phase)

    def _close_journal(self) -> None:
        self._journal.close()
        with SqliteJournal(self.journal_path) as journal:
            keep_snapshot(journal, self.state)


def _calendars(scheme: Scheme) -> dict[str, BookCalendar]:
    return {currency: BookCalendar(book) for currency, book in scheme.books.items()}


def _is_grave(error: Exception) -> bool:
    return isinstance(error, LawBroken | JournalError)


def _resolve(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, answer in answers:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _refuse(future: asyncio.Future[Any], why: Exception) -> None:
    if not future.done():
        future.set_exception(why)


def _noted(future: asyncio.Future[Any]) -> None:
    """Nobody waits for it; a refusal is not worth a word, the node has said why."""
    if not future.cancelled():
        future.exception()


__all__ = ["Directory", "LiveNode", "NotReady", "Phase", "Turn", "Work"]
