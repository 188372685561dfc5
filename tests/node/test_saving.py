"""What the report says that waiting and clearing saved: a day counted by hand, and the rings in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from banker import scheme_of, understand, write_messages

from paritas.node.report import render_report
from paritas.node.report_data import ReportData, Ring, RingFlow
from paritas.node.ring_charts import ring_chart
from paritas.node.scheme import parse_scheme
from paritas.node.settle import settle

A, B, C, D = (f"{letter * 4}INB0XXX" for letter in "ABCD")

#: A has 10, D has 50, nobody else anything.
DAY = f"""
book INR issuer RBISINB0XXX open 09:00-17:00 UTC
book CNY issuer PBOCCNB0XXX open 09:00-17:00 UTC
member {A} INR 10.00, CNY 0
member {B} INR 0, CNY 30.00
member {C} INR 0, CNY 0
member {D} INR 50.00, CNY 0
rate INR 1
rate CNY 1
clearing every 1h
first day 2026-11-23
09:10 {A} pays {B} INR 100.00 ref T1
09:20 {B} pays {C} INR 100.00 ref T2
09:30 {C} pays {A} INR 95.00 ref T3
10:10 {D} pays {A} INR 40.00 ref T4
10:20 {A} pays {D} INR 30.00 ref T5
10:30 {B} pays {C} CNY 25.00 ref T6
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    directory: Path = tmp_path_factory.mktemp("saving")
    case = understand(DAY)
    write_messages(case, directory / "in")
    return settle(directory / "in", parse_scheme(scheme_of(case)), directory / "out", workers=1)


def test_money_needed_under_four_ways(report: ReportData) -> None:
    total, inr, cny = report.savings
    # At once: A pays 100 first and B, C pass on what they got: 100. D pays 40 later.
    assert inr.at_once_minor == 100_00 + 40_00
    # Bilateral: A to B 100, B to C 100, C to A 95, D to A 10.
    assert inr.bilateral_minor == 305_00
    # As it happened: the three settled together at ten with 5 of A's 10; D paid 40.
    assert inr.happened_minor == 5_00 + 40_00
    # In the end D is 10 down; A is 5 up and C 5 up.
    assert inr.bound_minor == 10_00
    assert inr.turnover_minor == 365_00
    assert (cny.at_once_minor, cny.bilateral_minor, cny.happened_minor, cny.bound_minor) == (
        (25_00,) * 4
    )
    assert (total.currency, total.bound_minor, total.at_once_minor) == ("", 35_00, 165_00)
    assert total.bound_minor == report.net_outflow_minor
    assert total.happened_minor == report.used_minor
    # From acceptance to five o'clock, weighted by value.
    minutes = (100 * 470 + 100 * 460 + 95 * 450 + 40 * 410 + 30 * 400 + 25 * 390) // 390
    assert report.netting_wait_s // 60 == minutes


def test_the_ring_and_who_was_cleared(report: ReportData) -> None:
    (ring,) = report.rings
    assert (ring.at[11:16], ring.instructions, ring.currencies) == ("10:00", 3, ("INR",))
    assert ring.members in ((A, B, C), (B, C, A), (C, A, B))
    assert (ring.value_minor, ring.net_minor) == (295_00, 5_00)
    assert RingFlow(C, A, "INR", 95_00, 95_00) in ring.flows
    assert report.clearings.settled.payments == 3
    assert report.clearings.proven == report.clearings.runs >= 1
    cleared = {m.bic: (m.considered.payments, m.cleared.payments) for m in report.members}
    assert cleared == {A: (1, 1), B: (1, 1), C: (1, 1), D: (0, 0)}


def test_the_report_draws_it_and_says_who(report: ReportData) -> None:
    html = render_report(report)
    assert "What waiting and clearing saved" in html
    assert html.count('class="ring"') == 1
    assert "Bank CCCC pays Bank AAAA INR 95.00" in html


def test_names_in_a_drawing_are_escaped(report: ReportData) -> None:
    import msgspec

    evil = [msgspec.structs.replace(m, name="<script>alert(1)</script>") for m in report.members]
    html = render_report(msgspec.structs.replace(report, members=tuple(evil)))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("size", [2, 3, 7, 24])
def test_a_ring_of_any_size_is_drawn_within_its_box(size: int) -> None:
    members = tuple(f"M{i:03}INB0XXX" for i in range(size))
    flows = tuple(
        RingFlow(payer, payee, ("INR", "CNY")[i % 2], 10**i % 997, i * 7)
        for i, (payer, payee) in enumerate(zip(members, (*members[1:], members[0]), strict=True))
    )
    ring = Ring("2026-11-23T10:00:00Z", size, members, ("CNY", "INR"), flows, 1, 1)
    chart = ring_chart(ring, {})
    assert len(chart.nodes) == size and len(chart.arrows) == size
    for node in chart.nodes:
        assert 0 < float(node.x) < 360 and 0 < float(node.y) < 300
    # No two stand in one place.
    assert len({(node.x, node.y) for node in chart.nodes}) == size
