"""The durable rows of a running node, for whoever follows: the newest from memory, all from the journal.

A follower has a place, the last row that it has seen, and asks for what comes after it. It may be as
slow as it likes: it holds nobody up, and what it missed is in the journal.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from paritas.journal.codec import decode_records
from paritas.journal.sqlite import Row, SqliteJournal
from paritas.model.commands import AnyCommand
from paritas.model.events import AnyEvent

Record = tuple[AnyCommand, Sequence[AnyEvent]]
T = TypeVar("T")

#: How many records are kept in memory for followers that keep up, and how many rows are read at once.
_KEPT_RECORDS = 20_000
_ROWS_AT_ONCE = 64


class FeedRow(msgspec.Struct, frozen=True):
    """One durable row, decoded."""

    seq: int
    at_ns: int
    records: Sequence[Record]


class JournalReader:
    """Reads the journal beside its writer, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal-reader")
        self._journal: SqliteJournal | None = None

    async def ask(self, question: Callable[[SqliteJournal], T]) -> T:
        """Return what a question to the journal gives; it may take long, and nothing waits for it."""

        def put() -> T:
            if self._journal is None:
                self._journal = SqliteJournal(self._path, read_only=True)
            return question(self._journal)

        return await asyncio.get_running_loop().run_in_executor(self._thread, put)

    async def rows(self, after_seq: int, upto_seq: int, limit: int) -> list[Row]:
        """Return at most ``limit`` rows after one row, up to another."""

        def read(journal: SqliteJournal) -> list[Row]:
            found = []
            for row in journal.rows(after_seq):
                if row.seq > upto_seq:
                    break
                found.append(row)
                if len(found) >= limit:
                    break
            return found

        return await self.ask(read)

    def close(self) -> None:
        """Close the journal; called when nobody asks any more."""

        def put() -> None:
            if self._journal is not None:
                self._journal.close()

        self._thread.submit(put).result()
        self._thread.shutdown()


class Feed:
    """What has become durable, in order."""

    def __init__(self, reader: JournalReader, seq: int) -> None:
        """``seq`` is the last row that is durable at the start."""
        self._reader = reader
        #: The last durable row.
        self.seq = seq
        self._recent: deque[FeedRow] = deque()
        self._records = 0
        self._news: asyncio.Future[None] | None = None
        self._ended = False

    def publish(self, row: FeedRow) -> None:
        """Tell followers of a row that has just become durable."""
        self.seq = row.seq
        self._recent.append(row)
        self._records += len(row.records)
        while self._records > _KEPT_RECORDS and len(self._recent) > 1:
            self._records -= len(self._recent.popleft().records)
        self._wake()

    def end(self) -> None:
        """End every follower: the node is stopping."""
        self._ended = True
        self._wake()

    @property
    def ended(self) -> bool:
        """True once the node is stopping."""
        return self._ended

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set_result(None)
            self._news = None

    async def wait(self, after_seq: int, timeout_s: float | None = None) -> bool:
        """Wait until there is a row after one row; False if the time is over or the feed ended."""
        deadline = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s
        while self.seq <= after_seq and not self._ended:
            if self._news is None:
                self._news = asyncio.get_running_loop().create_future()
            left = None if deadline is None else deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(asyncio.shield(self._news), left)
            except TimeoutError:
                return False
        return self.seq > after_seq

    async def after(self, seq: int) -> list[FeedRow]:
        """Return some durable rows after one row, in order; none if there is nothing newer."""
        if seq >= self.seq:
            return []
        first = self._recent[0].seq if self._recent else self.seq + 1
        if seq + 1 >= first:
            return [row for row in self._recent if row.seq > seq][:_ROWS_AT_ONCE]
        rows = await self._reader.rows(seq, self.seq, _ROWS_AT_ONCE)
        return [FeedRow(row.seq, row.at_ns, decode_records(row.payload)) for row in rows]

    async def follow(self, after_seq: int) -> AsyncIterator[FeedRow]:
        """Yield every durable row after one row, as they come, until the node stops."""
        while True:
            for row in await self.after(after_seq):
                after_seq = row.seq
                yield row
            if self._ended:
                return
            await self.wait(after_seq)
