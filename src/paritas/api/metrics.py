"""What Prometheus sees: counts and times, never anything of a payment."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from paritas.api.budget import Budget
from paritas.core.lifecycle import Status
from paritas.node.feed import FeedRow
from paritas.node.live import LiveNode, Phase

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_BOUNDS_NS = tuple(int(seconds * 1_000_000_000) for seconds in _SECONDS)


class Metrics(Collector):
    """The metrics of one service; what every request counts is kept in plain numbers."""

    def __init__(self, node: LiveNode, budget: Budget) -> None:
        self._node = node
        self._answers: Counter[tuple[str, int]] = Counter()
        #: route -> how many answers took up to each bound, and more than the last.
        self._times: dict[str, list[int]] = defaultdict(lambda: [0] * (len(_BOUNDS_NS) + 1))
        self._sums_ns: Counter[str] = Counter()
        self._rows = self._records = 0
        self.registry = CollectorRegistry()
        self.registry.register(self)
        for name, text, function in (
            ("paritas_ready", "1 while the node answers", lambda: node.phase is Phase.READY),
            ("paritas_halted", "1 after a law was broken", lambda: node.phase is Phase.HALTED),
            ("paritas_seq", "The last durable row", lambda: node.seq),
            ("paritas_turns_waiting", "Turns that wait", lambda: node.waiting),
            ("paritas_queue", "Instructions that wait", lambda: len(node.state.queue)),
            ("paritas_requests", "Requests on their way", lambda: budget.requests),
            ("paritas_body_bytes", "Bytes of their bodies", lambda: budget.body_bytes),
        ):
            Gauge(name, text, registry=self.registry).set_function(function)
        node.tell(self._follow)

    def answered(self, route: str, status: int, elapsed_ns: int) -> None:
        """Count an answer."""
        self._answers[route, status] += 1
        self._times[route][bisect_left(_BOUNDS_NS, elapsed_ns)] += 1
        self._sums_ns[route] += elapsed_ns

    def _follow(self, row: FeedRow) -> None:
        self._rows += 1
        self._records += len(row.records)

    def collect(self) -> Iterator[Metric]:
        """Yield everything that is counted here, for the registry."""
        labels = ["route", "status"]
        answers = CounterMetricFamily("paritas_answers", "Requests answered", labels=labels)
        for (route, status), count in self._answers.items():
            answers.add_metric([route, str(status)], count)
        yield answers
        text = "From the first byte of a request to its answer"
        times = HistogramMetricFamily("paritas_request_seconds", text, labels=["route"])
        for route, counts in self._times.items():
            total, buckets = 0, []
            for bound, count in zip([*map(str, _SECONDS), "+Inf"], counts, strict=True):
                total += count
                buckets.append((bound, total))
            times.add_metric([route], buckets, self._sums_ns[route] / 1e9)
        yield times
        yield CounterMetricFamily("paritas_rows", "Rows made durable", self._rows)
        yield CounterMetricFamily("paritas_records", "Records made durable", self._records)
        text = "Instructions by status, ended ones since the journal began"
        instructions = CounterMetricFamily("paritas_instructions", text, labels=["status"])
        statuses = self._node.state.statuses
        for status in (Status.SETTLED, Status.REFUSED, Status.CANCELLED):
            instructions.add_metric([status.name.lower()], statuses.count(status))
        yield instructions

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
