"""How fast the served node is: from a request sent to a durable answer read, load on the same machine.

Beside each figure stands what an empty endpoint does that merely parses and schema-checks (or, for
JSON, decodes) the same bodies in the same server, with the same load.
"""

from __future__ import annotations

import asyncio
import datetime
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import msgspec
from rich.table import Table

from paritas.node.scheme import scheme_toml
from paritas.simulate.bench import machine, yardstick_ns
from paritas.simulate.bench_settle import bench_messages, bench_scheme, members

_MEMBERS = 40
_HOST = "127.0.0.1"
_INSTITUTION_HEADER = "Paritas-Principal"


class ServiceFigure(msgspec.Struct, frozen=True):
    """One measurement of the service, and of the empty endpoint beside it."""

    what: str
    requests: int
    #: Payments or instructions.
    items: int
    connections: int
    per_second: int
    median_ms: float
    p99_ms: float
    empty_per_second: int
    ratio_thousandths: int


class ServiceBench(msgspec.Struct, frozen=True):
    """All figures of one run; ``yardstick_ns`` is what SHA-256 over 65 bytes takes."""

    machine: str
    yardstick_ns: int
    figures: tuple[ServiceFigure, ...]


class Load(msgspec.Struct, frozen=True):
    """What is sent: whole requests, as bytes."""

    what: str
    requests: list[bytes]
    items: int
    connections: int


class _Connection(asyncio.Protocol):
    """One client: sends a request, reads the answer, sends the next."""

    def __init__(
        self, requests: Iterator[bytes], taken_ns: list[int], check: Callable[[bytes], None]
    ) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._taken_ns = taken_ns
        self._check = check
        self._buffer = b""
        self._needed = 0
        self._began_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._began_ns = time.perf_counter_ns()
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer = data if not self._buffer else self._buffer + data
        if not self._needed:
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self._buffer[:head_end].lower()
            start = head.index(b"content-length:") + 15
            end = head.find(b"\r\n", start)
            length = int(head[start : end if end >= 0 else None])
            self._needed = head_end + 4 + length
        if len(self._buffer) < self._needed:
            return
        self._taken_ns.append(time.perf_counter_ns() - self._began_ns)
        try:
            self._check(self._buffer)
        except Exception as error:
            self.done.set_exception(error)
            self._transport.close()
            return
        self._buffer, self._needed = b"", 0
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("The server ended the connection."))


async def _send_all(port: int, load: Load, check: Callable[[bytes], None]) -> tuple[int, list[int]]:
    """Return the nanoseconds that all of it took, and those of each request."""
    loop = asyncio.get_running_loop()
    taken_ns: list[int] = []
    requests = iter(load.requests)
    began_ns = time.perf_counter_ns()
    connections = [
        (await loop.create_connection(lambda: _Connection(requests, taken_ns, check), _HOST, port))[
            1
        ]
        for _ in range(load.connections)
    ]
    await asyncio.gather(*(each.done for each in connections))
    return time.perf_counter_ns() - began_ns, taken_ns


def _run(port: int, load: Load, check: Callable[[bytes], None]) -> tuple[int, list[int]]:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send_all(port, load, check))


# --- what is sent


def _request(path: str, media: str, sender: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {_HOST}\r\nContent-Type: {media}\r\n"
        f"{_INSTITUTION_HEADER}: {sender}//system\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def message_load(
    what: str, messages: int, transfers_each: int, connections: int, prefix: str
) -> Load:
    """Return pacs.008 messages, each a request of its payer's system."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    requests = []
    for body in bench_messages(messages, transfers_each, _MEMBERS, date, prefix=prefix):
        start = body.index(b"<BICFI>") + 7
        sender = body[start : start + 11].decode()
        requests.append(_request("/v1/messages", "application/xml", sender, body))
    return Load(what, requests, messages * transfers_each, connections)


def instruction_load(what: str, batches: int, each: int, connections: int, prefix: str) -> Load:
    """Return JSON arrays of instructions of one leg, each a request of its payer's system."""
    random, bics = Random(13), members(_MEMBERS)
    requests = []
    for number in range(batches):
        payer = random.choice(bics)
        others = [bic for bic in bics if bic != payer]
        asked = [
            {
                "reference": f"{prefix}{number:06d}-{index:05d}",
                "legs": [
                    {
                        "payer": payer,
                        "payee": random.choice(others),
                        "currency": "INR",
                        "amount_minor": random.randint(100, 10**6),
                    }
                ],
            }
            for index in range(each)
        ]
        body = msgspec.json.encode(asked)
        requests.append(_request("/v1/instructions", "application/json", payer, body))
    return Load(what, requests, batches * each, connections)


def _check_settled(answer: bytes) -> None:
    if not answer.startswith(b"HTTP/1.1 200") or answer.count(b'"ACSC"') < 1 or b'"RJCT"' in answer:
        raise AssertionError(f"not settled: {answer[:600].decode(errors='replace')}")


def _check_ok(answer: bytes) -> None:
    if not answer.startswith(b"HTTP/1.1 200"):
        raise AssertionError(f"not answered: {answer[:300].decode(errors='replace')}")


# --- servers


class _Server:
    """A server process on a port of its own, ended when left."""

    def __init__(self, code: str, arguments: Sequence[str], port: int) -> None:
        self.port = port
        self._process = subprocess.Popen([sys.executable, "-c", code, *arguments])

    def __enter__(self) -> _Server:
        for _ in range(600):
            if self._process.poll() is not None:
                raise RuntimeError("The server ended at once.")
            try:
                with socket.create_connection((_HOST, self.port), 1) as probe:
                    probe.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    if probe.recv(100).startswith(b"HTTP/1.1 200"):
                        return self
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("The server did not become ready.")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _node(folder: Path) -> _Server:
    (folder / "scheme.toml").write_text(scheme_toml(bench_scheme(_MEMBERS)), encoding="utf-8")
    port = _free_port()
    arguments = ["serve", "--config", str(folder / "scheme.toml"), "--data", str(folder / "data")]
    arguments += ["--port", str(port), "--insecure-trust-callers", "--log-level", "error"]
    return _Server("from paritas.cli import main; main()", arguments, port)


def _empty() -> _Server:
    port = _free_port()
    code = "import sys; from paritas.simulate.bench_empty import run; run(int(sys.argv[1]))"
    return _Server(code, [str(port)], port)


# --- the measurement


def loads(part: int, prefix: str) -> list[Load]:
    """Return the workloads, of which ``part`` is the fraction that is sent."""
    return [
        message_load("single pacs.008", 20_000 // part, 1, 96, f"{prefix}A"),
        message_load("pacs.008 of 500 payments", max(1, 160 // part), 500, 4, f"{prefix}B"),
        instruction_load("JSON arrays of 1,000 instructions", 600 // part, 1_000, 4, f"{prefix}C"),
    ]


def run_service_bench(tell: Callable[[str, int, int], None], *, part: int = 1) -> ServiceBench:
    """Measure the service with one ``part``-th of each workload.

    Raises AssertionError if anything is not settled, RuntimeError if a server does not start.
    """
    figures: list[ServiceFigure] = []
    warming, measured = loads(part, "W"), loads(part, "")
    before_ns = yardstick_ns()
    with tempfile.TemporaryDirectory(prefix="paritas-bench-") as name:
        with _empty() as server:
            empty = [_run(server.port, load, _check_ok) for load in measured]
        with _node(Path(name)) as server:
            for index, (warm, load) in enumerate(zip(warming, measured, strict=True)):
                tell("measuring", index, len(measured))
                few = warm.requests[: max(8, len(warm.requests) // 10)]
                _run(server.port, msgspec.structs.replace(warm, requests=few), _check_settled)
                run = _run(server.port, load, _check_settled)
                figures.append(_figure(load, run, empty[index]))
    tell("measuring", len(measured), len(measured))
    return ServiceBench(machine(), min(before_ns, yardstick_ns()), tuple(figures))


def service_table(bench: ServiceBench) -> Table:
    """Return the figures as a table for a terminal."""
    table = Table(
        "Served node, durable answers", "a second", "median", "p99", "empty endpoint", "ratio"
    )
    for row in bench.figures:
        table.add_row(
            f"{row.what}, {row.connections} connections",
            f"{row.per_second:,}",
            f"{row.median_ms:.0f} ms",
            f"{row.p99_ms:.0f} ms",
            f"{row.empty_per_second:,}",
            f"{row.ratio_thousandths / 1000:.2f}",
        )
    return table


def _figure(load: Load, run: tuple[int, list[int]], empty: tuple[int, list[int]]) -> ServiceFigure:
    elapsed_ns, taken_ns = run
    taken_ns.sort()
    per_second = load.items * 10**9 // elapsed_ns
    empty_per_second = load.items * 10**9 // empty[0]
    return ServiceFigure(
        load.what,
        len(load.requests),
        load.items,
        load.connections,
        per_second,
        taken_ns[len(taken_ns) // 2] / 1e6,
        taken_ns[len(taken_ns) * 99 // 100] / 1e6,
        empty_per_second,
        per_second * 1000 // empty_per_second,
    )
