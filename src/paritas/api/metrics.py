"""What Prometheus sees: counts and times, never anything of a payment."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from paritas.api.budget import Budget
from paritas.core.lifecycle import Status
from paritas.node.feed import FeedRow
from paritas.node.live import LiveNode, Phase

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """The metrics of one service."""

    def __init__(self, node: LiveNode, budget: Budget) -> None:
        self._node = node
        self.registry = registry = CollectorRegistry()
        self._seconds = Histogram(
            "paritas_request_seconds",
            "From the first byte of a request to its answer",
            ["route"],
            registry=registry,
            buckets=_SECONDS,
        )
        self._answers = Counter(
            "paritas_answers", "Requests answered", ["route", "status"], registry=registry
        )
        self._rows = Counter("paritas_rows", "Rows made durable", registry=registry)
        self._records = Counter("paritas_records", "Records made durable", registry=registry)
        self._instructions = Gauge(
            "paritas_instructions", "Instructions by status", ["status"], registry=registry
        )
        for name, text, function in (
            ("paritas_ready", "1 while the node answers", lambda: node.phase is Phase.READY),
            ("paritas_halted", "1 after a law was broken", lambda: node.phase is Phase.HALTED),
            ("paritas_seq", "The last durable row", lambda: node.seq),
            ("paritas_turns_waiting", "Turns that wait", lambda: node.waiting),
            ("paritas_queue", "Instructions that wait", lambda: len(node.state.queue)),
            ("paritas_requests", "Requests on their way", lambda: budget.requests),
            ("paritas_body_bytes", "Bytes of their bodies", lambda: budget.body_bytes),
        ):
            Gauge(name, text, registry=registry).set_function(function)
        self._bound: dict[str, tuple[Histogram, dict[int, Counter]]] = {}
        node.tell(self._follow)

    def answered(self, route: str, status: int, elapsed_ns: int) -> None:
        """Count an answer."""
        bound = self._bound.get(route)
        if bound is None:
            bound = self._bound[route] = (self._seconds.labels(route), {})
        seconds, answers = bound
        seconds.observe(elapsed_ns / 1e9)
        counter = answers.get(status)
        if counter is None:
            counter = answers[status] = self._answers.labels(route, str(status))
        counter.inc()

    def _follow(self, row: FeedRow) -> None:
        self._rows.inc()
        self._records.inc(len(row.records))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        statuses = self._node.state.statuses
        for status in (Status.WAITING, Status.SETTLED, Status.REFUSED, Status.CANCELLED):
            self._instructions.labels(status.name.lower()).set(statuses.count(status))
        return generate_latest(self.registry)
