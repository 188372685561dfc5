"""Worker processes of a live node: whatever takes long and needs no state is done there.

A job is a name and bytes, and its result is bytes; ``JOBS`` says what the names mean. Jobs that wait
go to a worker together, so that many small messages cost few switches between processes. Workers
are forked before the node's event loop runs and end when their end of the socket closes, so none
outlives its node, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from paritas.node.directory import Directory

#: How many jobs, or how many bytes of jobs, go to a worker together, and how many such groups may
#: be on their way to one worker.
_GROUP_JOBS = 32
_GROUP_BYTES = 1 << 18
_GROUPS_IN_FLIGHT = 2
_LENGTH_BYTES = 4
#: The node's ends of all workers.
_OURS: set[socket.socket] = set()
_FORK: Any = get_context("fork" if hasattr(os, "fork") else "spawn")


class WorkerError(Exception):
    """A job was not done: its worker ended, or the job itself failed; the text says which."""


class Context:
    """What a worker knows besides its jobs."""

    def __init__(self, directory: Directory, seal: bytes, journal_path: Path) -> None:
        self.directory = directory
        self.seal = seal
        self.journal_path = journal_path


Work = Callable[[Context, bytes], bytes]
#: name -> what a worker does. Modules add to it when they are imported, before the pool is made.
JOBS: dict[str, Work] = {}


def job(name: str) -> Callable[[Work], Work]:
    """Declare a function to be the job of this name."""

    def declare(work: Work) -> Work:
        JOBS[name] = work
        return work

    return declare


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    """What came of one job: the result, or the sentence that says why there is none."""

    result: bytes
    error: str = ""


_ENCODER = msgspec.msgpack.Encoder()
_GROUP = msgspec.msgpack.Decoder(list[tuple[str, bytes]])
_ANSWERS = msgspec.msgpack.Decoder(list[_Answer])


def _work(own: socket.socket, theirs: socket.socket, context: Context, nice: int) -> None:
    """Do jobs until the node is gone."""
    theirs.close()
    # The node's ends of other workers came along in the fork; while they are open here, those
    # workers would not see that the node is gone.
    for other in _OURS:
        other.close()
    os.nice(nice)
    # The node decides when its workers end, whoever else sends signals to the whole group.
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The node may close its end while a job is being done; then nobody waits for the answer.
    with own, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream = own.makefile("rb", buffering=1 << 18)
        while head := stream.read(_LENGTH_BYTES):
            group = _GROUP.decode(stream.read(int.from_bytes(head, "big")))
            answers = _ENCODER.encode([_do(context, *each) for each in group])
            own.sendall(len(answers).to_bytes(_LENGTH_BYTES, "big") + answers)


def _do(context: Context, name: str, payload: bytes) -> _Answer:
    try:
        return _Answer(JOBS[name](context, payload))
    except (
        Exception
    ) as error:  # Whatever it was, the node must hear of it, and the next job goes on.
        return _Answer(b"", f"{name}: {type(error).__name__}: {error}")


class _Job:
    __slots__ = ("future", "name", "payload")

    def __init__(self, name: str, payload: bytes, future: asyncio.Future[bytes]) -> None:
        self.name = name
        self.payload = payload
        self.future = future


class _Link(asyncio.Protocol):
    """The node's end of one worker."""

    def __init__(self, pool: WorkerPool, sock: socket.socket, process: Any) -> None:
        self.pool = pool
        self.sock = sock
        self.process = process
        self.transport: asyncio.Transport | None = None
        self.groups: deque[list[_Job]] = deque()
        self.retiring = False
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]

    def send(self, jobs: list[_Job]) -> None:
        """Hand a group of jobs over."""
        assert self.transport is not None
        self.groups.append(jobs)
        data = _ENCODER.encode([(each.name, each.payload) for each in jobs])
        self.transport.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(buffer[:_LENGTH_BYTES], "big")
            if len(buffer) < end:
                return
            answers = _ANSWERS.decode(memoryview(buffer)[_LENGTH_BYTES:end])
            del buffer[:end]
            for each, answer in zip(self.groups.popleft(), answers, strict=True):
                if each.future.done():
                    continue
                if answer.error:
                    each.future.set_exception(WorkerError(answer.error))
                else:
                    each.future.set_result(answer.result)
            if self.retiring and not self.groups:
                self.retire()
            self.pool.hand_out()

    def retire(self) -> None:
        """Take no more jobs, and end with the last one."""
        self.retiring = True
        if not self.groups and self.transport is not None:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        for group in self.groups:
            for each in group:
                if not each.future.done():
                    each.future.set_exception(WorkerError("A worker process ended."))
        self.groups.clear()
        self.pool.lost(self)


class WorkerPool:
    """The workers of one node."""

    def __init__(self, count: int, context: Context, nice: int = 0) -> None:
        """Fork the workers; ``begin`` connects them once the event loop runs.

        ``nice`` is by how much they stand back when there is more to do than the machine can.
        """
        self.context = context
        self._nice = nice
        self._links = [self._fork() for _ in range(count)]
        self._waiting: deque[_Job] = deque()
        self._ending = False

    def _fork(self) -> _Link:
        ours, theirs = socket.socketpair()
        process = _FORK.Process(
            target=_work, args=(theirs, ours, self.context, self._nice), daemon=True
        )
        process.start()
        theirs.close()
        ours.setblocking(False)
        _OURS.add(ours)
        return _Link(self, ours, process)

    async def begin(self) -> None:
        """Connect the workers to the running event loop."""
        for link in self._links:
            await self._connect(link)

    async def _connect(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: link, sock=link.sock)

    def run(self, name: str, payload: bytes) -> asyncio.Future[bytes]:
        """Have a worker do a job; the future raises WorkerError if it is not done."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(name, payload, future))
        # Whatever else comes in during this turn of the loop goes along.
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self.hand_out)
        return future

    def hand_out(self) -> None:
        """Give the workers that have room what waits."""
        waiting = self._waiting
        for link in sorted(self._links, key=lambda each: len(each.groups)):
            if not waiting:
                return
            if link.transport is None or link.retiring or len(link.groups) >= _GROUPS_IN_FLIGHT:
                continue
            jobs: list[_Job] = []
            size = 0
            share = max(1, min(_GROUP_JOBS, -(-len(waiting) // len(self._links))))
            while waiting and len(jobs) < share and size < _GROUP_BYTES:
                jobs.append(waiting.popleft())
                size += len(jobs[-1].payload)
            link.send(jobs)

    def lost(self, link: _Link) -> None:
        """Start another worker in place of one that ended."""
        self._links.remove(link)
        _OURS.discard(link.sock)
        if self._ending:
            return
        another = self._fork()
        self._links.append(another)
        connecting = asyncio.get_running_loop().create_task(self._connect(another))
        connecting.add_done_callback(lambda _: self.hand_out())

    def renew(self) -> None:
        """Fork new workers, which know what this process knows now; the old ones end their jobs."""
        for link in list(self._links):
            link.retire()

    def know(self, directory: Directory) -> None:
        """Give every worker, and every one to come, another directory."""
        self.context.directory = directory
        for link in self._links:
            nothing: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            link.send([_Job("directory", msgspec.msgpack.encode(_pickled(directory)), nothing)])

    async def end(self) -> None:
        """End the workers; jobs that wait are not done."""
        self._ending = True
        for each in self._waiting:
            if not each.future.done():
                each.future.set_exception(WorkerError("The node is stopping."))
        self._waiting.clear()
        links = list(self._links)
        for link in links:
            if link.transport is not None:
                link.transport.close()
            else:
                link.sock.close()
        for link in links:
            await asyncio.to_thread(link.process.join, 5)
            if link.process.is_alive():
                link.process.kill()


def _pickled(directory: Directory) -> bytes:
    # Between processes of one node; never from outside.
    import pickle

    return pickle.dumps(directory)


@job("directory")
def _take_directory(context: Context, payload: bytes) -> bytes:
    import pickle

    context.directory = pickle.loads(msgspec.msgpack.decode(payload))
    return b""


__all__ = ["JOBS", "Context", "WorkerError", "WorkerPool", "job"]
