"""The journal in a process of its own, so that hashing and syncing overlap with deciding.

SHA-256 over small records holds Python's interpreter lock, so a thread would not help. Batches go
to the process in order and come back as acknowledged sequence numbers; nothing that depends on a
batch may leave before ``wait`` has returned for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

import msgspec

from paritas.journal.sqlite import Batch, JournalError, SqliteJournal

_ENCODER = msgspec.msgpack.Encoder()
_BATCH = msgspec.msgpack.Decoder(Batch)
#: How many batches may be on their way before ``append`` waits for the oldest.
DEPTH = 8


#: Room for several batches on their way, where the system lets a pipe be this large.
_PIPE_BYTES = 1 << 20


def _run(
    path: Path, batches: Connection, acknowledged: Connection, parents: list[Connection]
) -> None:
    """Append what arrives until the connection closes; the first failure ends it."""
    # A forked process holds a copy of the parent's ends too; while it does, it would never see
    # that the parent is gone.
    for connection in parents:
        connection.close()
    # A keyboard interrupt goes to both; this one ends when the parent does, and finishes its row.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not what a server does about it, should this be forked from one.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with SqliteJournal(path) as journal:
            acknowledged.send_bytes(journal.seq.to_bytes(8, "big"))
            while data := batches.recv_bytes():
                journal.append(_BATCH.decode(data))
                acknowledged.send_bytes(journal.seq.to_bytes(8, "big"))
    except (EOFError, BrokenPipeError):
        return
    except Exception as error:  # Whatever it was, the writer must hear of it.
        acknowledged.send_bytes(b"!" + f"{type(error).__name__}: {error}".encode())


class JournalProcess:
    """A writer of the journal at ``path``; appends are in order, durable once waited for."""

    def __init__(self, path: Path) -> None:
        """Start the process; raises JournalError when the journal cannot be opened there."""
        self.path = path
        batches, self._batches = multiprocessing.Pipe(duplex=False)
        self._acknowledged, acknowledged = multiprocessing.Pipe(duplex=False)
        _enlarge(self._batches)
        ours = [self._batches, self._acknowledged]
        self._process = multiprocessing.Process(
            target=_run, args=(path, batches, acknowledged, ours), daemon=True
        )
        self._process.start()
        batches.close()
        acknowledged.close()
        self.durable_seq = self._receive()
        self.seq = self.durable_seq

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> int:
        try:
            answer = self._acknowledged.recv_bytes()
        except (EOFError, OSError) as error:
            raise JournalError(
                f"{self.path}: the journal's process ended; what it was given last may or may not "
                "be durable. Start again: it is read from the journal."
            ) from error
        if answer[:1] == b"!":
            raise JournalError(answer[1:].decode())
        return int.from_bytes(answer, "big")

    def append(self, batch: Batch) -> None:
        """Hand a batch over; it is durable only once ``wait`` for its seq has returned."""
        if batch.seq != self.seq + 1:
            raise JournalError(f"{self.path}: row {batch.seq} cannot follow row {self.seq}.")
        while self.seq - self.durable_seq >= DEPTH:
            self.durable_seq = self._receive()
        try:
            self._batches.send_bytes(_ENCODER.encode(batch))
        except OSError:
            self._receive()
            raise
        self.seq = batch.seq

    def wait(self, seq: int | None = None) -> None:
        """Return once row ``seq``, by default the last one appended, is durable."""
        wanted = self.seq if seq is None else seq
        while self.durable_seq < wanted:
            self.durable_seq = self._receive()

    def fileno(self) -> int:
        """Return the descriptor that can be read when ``acknowledge`` has something to tell."""
        return self._acknowledged.fileno()

    def acknowledge(self) -> int:
        """Return the last durable row, without waiting; raises JournalError if the process failed."""
        while self._acknowledged.poll():
            self.durable_seq = self._receive()
        return self.durable_seq

    def abandon(self) -> None:
        """End the process at once, whatever it was doing; the journal must be read again."""
        self._process.kill()
        self._process.join()
        self._batches.close()
        self._acknowledged.close()

    def close(self) -> None:
        """Wait for what was appended, then end the process."""
        try:
            self.wait()
            self._batches.send_bytes(b"")
        finally:
            self._batches.close()
            self._process.join()
            self._acknowledged.close()


def _enlarge(connection: Connection) -> None:
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        return
    with contextlib.suppress(OSError):
        fcntl.fcntl(connection.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
