"""The benchmarks measure what they say: everything settles, durably; no test asserts a speed."""

from __future__ import annotations

from paritas.simulate.bench import Bench, bench_tables
from paritas.simulate.bench_engine import (
    bare_append_per_second,
    exchanges,
    payments,
    settled_per_second,
)
from paritas.simulate.bench_service import ServiceBench, run_service_bench, service_table
from paritas.simulate.bench_settle import settle_per_second


def test_every_figure_is_of_work_that_was_done() -> None:
    engine = (
        settled_per_second("payments", payments, 1, 3_000, 10),
        settled_per_second("PvP pairs", exchanges, 2, 2_500, 10),
    )
    settle = (settle_per_second("files", 60, 1), settle_per_second("batches", 2, 100))
    assert [figure.transfers for figure in settle] == [60, 200]
    assert all(figure.per_second > 0 for figure in (*engine, *settle))
    bench = Bench("here", 500, 500, engine, bare_append_per_second(2_000), settle)
    assert [table.row_count for table in bench_tables(bench)] == [3, 2]


def test_the_service_is_measured_with_everything_settled() -> None:
    told: list[tuple[str, int, int]] = []
    bench = run_service_bench(lambda *progress: told.append(progress), part=100)
    assert isinstance(bench, ServiceBench)
    assert [figure.items for figure in bench.figures] == [200, 500, 6_000]
    assert service_table(bench).row_count == 3
