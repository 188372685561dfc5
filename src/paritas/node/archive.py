"""Questions about the past of a running node, answered in a process of its own.

That process keeps the history (``history``) beside the journal: it follows what has become durable,
whenever there is nothing more urgent to do on the machine, and is up to date with the asker's last
row before it answers. A question is a function over the history and the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from paritas.journal.codec import decode_records
from paritas.journal.sqlite import SqliteJournal
from paritas.node.feed import Feed
from paritas.node.history import History
from paritas.node.history_queries import QueryError
from paritas.node.workers import Context, WorkerError, WorkerPool, job

T = TypeVar("T")

#: The history lies beside the journal and may be deleted at any time.
HISTORY_NAME = "history.sqlite"
#: How often it follows what is new, and at most how many records at a time, so that a question
#: never waits long for it.
_FOLLOW_S = 0.5
_FOLLOW_RECORDS = 5_000
_NICE = 19


class Past:
    """What a question is asked of."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.journal = SqliteJournal(context.journal_path, read_only=True)
        self.history = History(context.journal_path.with_name(HISTORY_NAME), context.seal)

    def catch_up(self, upto_seq: int, records_max: int = 2**62) -> int:
        """Follow the journal up to a row, or as far as so many records go; return the row reached."""
        followed = 0
        for row in self.journal.rows(self.history.seq):
            if row.seq > upto_seq or followed >= records_max:
                break
            records = decode_records(row.payload)
            self.history.follow(row.seq, row.at_ns, records)
            followed += len(records)
        return self.history.seq


Question = Callable[[Past, Any], Any]
#: name -> (the type of what is asked, the function). Modules add to it when they are imported.
QUESTIONS: dict[str, tuple[Any, Question]] = {}


def question(name: str, kind: Any) -> Callable[[Question], Question]:
    """Declare a function to answer the question of this name, which is asked with a ``kind``."""

    def declare(function: Question) -> Question:
        QUESTIONS[name] = kind, function
        return function

    return declare


class _Asked(msgspec.Struct, frozen=True, array_like=True):
    name: str
    upto_seq: int
    what: msgspec.Raw


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """The answer, or why it cannot be asked."""

    answer: msgspec.Raw
    error: str = ""


_ENCODER = msgspec.msgpack.Encoder()
_ASKED = msgspec.msgpack.Decoder(_Asked)
_TOLD = msgspec.msgpack.Decoder(_Told)
_NOTHING = msgspec.Raw(_ENCODER.encode(None))
_past: Past | None = None


def _the_past(context: Context) -> Past:
    """Return this process's own history, opened when it is first needed."""
    global _past
    if _past is None:
        _past = Past(context)
    return _past


def _follow_to(context: Context, upto_seq: int, records_max: int = 2**62) -> Past:
    """Return the past, caught up; after a failure it is opened anew from what it had committed."""
    global _past
    past = _the_past(context)
    try:
        past.catch_up(upto_seq, records_max)
    except BaseException:
        _past = None
        raise
    return past


@job("past.ask")
def _ask(context: Context, payload: bytes) -> bytes:
    asked = _ASKED.decode(payload)
    past = _follow_to(context, asked.upto_seq)
    kind, function = QUESTIONS[asked.name]
    try:
        answer = function(past, msgspec.msgpack.decode(asked.what, type=kind))
    except QueryError as error:
        return _ENCODER.encode(_Told(_NOTHING, str(error)))
    return _ENCODER.encode(_Told(msgspec.Raw(_ENCODER.encode(answer))))


@job("past.follow")
def _follow(context: Context, payload: bytes) -> bytes:
    past = _follow_to(context, int.from_bytes(payload, "big"), _FOLLOW_RECORDS)
    return past.history.seq.to_bytes(8, "big")


class Archive:
    """The node's end: asks questions, and has the history follow."""

    def __init__(self, context: Context) -> None:
        self._pool = WorkerPool(1, context, nice=_NICE)
        self._feed: Feed | None = None
        self._following: asyncio.Task[None] | None = None
        #: The last row that the history is known to hold.
        self.seq = 0

    async def begin(self, feed: Feed) -> None:
        """Begin to follow the feed."""
        self._feed = feed
        await self._pool.begin()
        self._following = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        feed = self._feed
        assert feed is not None
        while not feed.ended:
            if self.seq < feed.seq:
                # A worker that ended is another one soon.
                with contextlib.suppress(WorkerError):
                    reached = await self._pool.run("past.follow", feed.seq.to_bytes(8, "big"))
                    self.seq = int.from_bytes(reached, "big")
            if self.seq >= feed.seq:
                await feed.wait(self.seq)
            await asyncio.sleep(_FOLLOW_S)

    async def ask(self, name: str, what: Any, kind: type[T]) -> T:
        """Ask a question about everything that is durable now; raises QueryError, WorkerError."""
        assert self._feed is not None
        asked = _Asked(name, self._feed.seq, msgspec.Raw(_ENCODER.encode(what)))
        told = _TOLD.decode(await self._pool.run("past.ask", _ENCODER.encode(asked)))
        if told.error:
            raise QueryError(told.error)
        return msgspec.msgpack.decode(told.answer, type=kind)

    async def end(self) -> None:
        """End the process."""
        if self._following is not None:
            self._following.cancel()
        await self._pool.end()
