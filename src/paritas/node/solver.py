"""The solver in a process of its own: a problem goes in, a set with its certificate comes out.

Nothing here waits unless it is asked to: ``begin`` hands a problem over, ``poll`` says whether the
answer has come. The process knows nothing but the problem, so whatever it answers, or if it dies,
only what the engine checks can settle.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import subprocess
import sys
import zlib
from multiprocessing.connection import Connection
from typing import Any, Self

import msgspec

from paritas.clearing.obligations import Obligation
from paritas.clearing.problem import Problem


class Task(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """What the solver is asked: a problem, the rule, and how long it may take in seconds."""

    problem: Problem
    rule: str
    time_limit_s: float


class SetoffTask(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """What the solver of set-offs is asked: obligations, each with a number as its id."""

    obligations: list[Obligation]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What the solver proposes: ids of the set, and its proof as ``pack_proof`` writes it."""

    settled: tuple[int, ...]
    proof: bytes
    #: For a set-off: (id, minor units cleared) of each obligation of which something is.
    cleared: tuple[tuple[int, int], ...] = ()


#: What a solver that was lost has found.
NOTHING = Answer((), b"")


class SolverLost(Exception):  # noqa: N818 - nothing went wrong here: the process is gone
    """The solver's process ended before it answered."""


def pack_proof(result: dict[str, Any]) -> bytes:
    """Return what a RESULT says beyond the set and the balances, which follow from the set."""
    proof = {name: result[name] for name in ("rule", "value", "upper_bound", "gap", "certificate")}
    # Multipliers may need more than 64 bits, which the quicker encoder does not take.
    return zlib.compress(json.dumps(proof, separators=(",", ":")).encode())


def unpack_proof(proof: bytes) -> dict[str, Any]:
    """Return what ``pack_proof`` packed; raises ValueError for anything else."""
    try:
        found: dict[str, Any] = json.loads(zlib.decompress(proof))
    except zlib.error as error:
        raise ValueError(f"not a certificate: {error}") from None
    return found


def solve(task: Task | SetoffTask) -> Answer:
    """Solve a task here and now."""
    if isinstance(task, SetoffTask):
        return _set_off(task)
    from paritas.clearing.clear import clear

    result = clear(task.problem, task.rule, task.time_limit_s)
    return Answer(tuple(result["settled"]), pack_proof(result))


def _set_off(task: SetoffTask) -> Answer:
    from paritas.clearing.setoff import Setoff

    result = Setoff.solve(task.obligations, own_process=True).result()
    cleared = tuple((each["id"], each["amount"]) for each in result["cleared"] if each["amount"])
    proof = {name: result[name] for name in ("cleared_total", "gross_total", "certificate")}
    return Answer((), zlib.compress(json.dumps(proof, separators=(",", ":")).encode()), cleared)


_ENCODER = msgspec.msgpack.Encoder()
_TASK = msgspec.msgpack.Decoder(Task | SetoffTask)
_ANSWER = msgspec.msgpack.Decoder(Answer)


def serve(descriptor: int) -> None:
    """Solve what arrives on a connection until the other side is gone."""
    connection = Connection(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            task = _TASK.decode(connection.recv_bytes())
            connection.send_bytes(_ENCODER.encode(solve(task)))
        except (EOFError, OSError):
            return


class Solver:
    """One solver process; it starts when it is first needed, and again after it was lost.

    Clearing and set-off rest on two libraries that cannot live in one process: for both, take two.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self.is_busy = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, task: Task | SetoffTask) -> None:
        """Hand a task over; raises SolverLost if the process cannot take it."""
        assert not self.is_busy, "One task at a time."
        connection = self._connection or self._start()
        try:
            connection.send_bytes(_ENCODER.encode(task))
        except OSError:
            self.close()
            raise SolverLost from None
        self.is_busy = True

    def _start(self) -> Connection:
        # Not forked: the node has threads, and memory that the solver has no business with.
        self._connection, theirs = multiprocessing.Pipe()
        program = (
            f"import sys; sys.path[:] = {sys.path!r};"
            f" from paritas.node.solver import serve; serve({theirs.fileno()})"
        )
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        return self._connection

    def fileno(self) -> int:
        """Return what an event loop can watch: it becomes readable when the answer has come."""
        assert self._connection is not None
        return self._connection.fileno()

    def poll(self, timeout_s: float = 0.0) -> bool:
        """Say whether the answer to the task has come, or will never come."""
        assert self._connection is not None
        return self._connection.poll(timeout_s)

    def answer(self) -> Answer:
        """Return the answer, waiting for it; raises SolverLost if the process is gone."""
        assert self.is_busy and self._connection is not None
        self.is_busy = False
        try:
            return _ANSWER.decode(self._connection.recv_bytes())
        except (EOFError, OSError):
            self.close()
            raise SolverLost from None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self.is_busy = False
        if self._process is not None and self._connection is not None:
            self._connection.close()
            self._process.kill()
            self._process.wait()
        self._process = self._connection = None
