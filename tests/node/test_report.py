"""The report: complete, true to its data, and harmless whatever names the payments carry."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import msgspec
import pytest
from lxml import html
from rich.console import Console

from paritas.node import charts, figures
from paritas.node.report import render_report, render_table
from paritas.node.report_data import (
    KINDS,
    BookRow,
    Count,
    DelayBucket,
    Flow,
    KindRow,
    MemberRow,
    Note,
    Queue,
    Rate,
    ReasonRow,
    Refusal,
    ReportData,
    SeriesPoint,
    UnreadableFile,
    delay_buckets,
)


def book(currency: str, gross_minor: int, used_minor: int) -> BookRow:
    return BookRow(
        currency=currency,
        issuer=f"BANK{currency[:2]}B0XXX",
        hours="07:00–21:00 Asia/Kolkata",
        payment=Count(60, gross_minor // 2),
        conversion=Count(10, gross_minor // 4),
        exchange=Count(20, gross_minor - gross_minor // 2 - gross_minor // 4),
        gross_minor=gross_minor,
        gross_own_minor=gross_minor * 96,
        opening_minor=used_minor * 2,
        limit_minor=5_000_00,
        used_minor=used_minor,
        net_outflow_minor=used_minor // 2,
        overdrawn=1,
        overdrawn_minor=700_00,
    )


def sample() -> ReportData:
    """A small day with something in every part of the report."""
    books = (book("INR", 800_000_000_00, 200_000_000_00), book("CNY", 1_200_000_000_00, 90_000_00))
    points = [
        SeriesPoint(
            f"2026-09-30T{hour:02d}:00:00Z",
            Count(hour * 10, hour * 50_000_000_00),
            Count(hour * 9, hour * 45_000_000_00),
            Count(hour, hour * 5_000_000_00),
        )
        for hour in range(24)
    ]
    return ReportData(
        title="A day",
        scheme="Two economies",
        value_currency="USD",
        business_dates=("2026-09-30",),
        first_at="2026-09-30T00:31:09Z",
        last_at="2026-09-30T21:30:00Z",
        software="paritas 0.1.0",
        files=1234,
        messages=1230,
        journal_seq=4321,
        journal_hash="ab" * 32,
        received=Count(2_345, 1_500_000_000_00),
        settled=Count(2_340, 1_480_000_000_00),
        refused=Count(4, 20_000_000_00),
        pending=Count(1, 10_00),
        gross_minor=2_000_000_000_00,
        opening_minor=500_000_000_00,
        limit_minor=10_000_00,
        used_minor=200_090_000_00,
        net_outflow_minor=100_045_000_00,
        vehicle=Count(),
        queue=Queue(
            Count(2_000, 1),
            Count(340, 1),
            4_414,
            2_100,
            38_880,
            1_620,
            Count(463, 104_100_000_00),
            "2026-09-30T10:00:00Z",
        ),
        kinds=tuple(
            KindRow(k, Count(9, 900), Count(7, 700), Count(1, 100), Count(1, 100)) for k in KINDS
        ),
        books=books,
        members=(
            MemberRow(
                "PEEPINB0XXX",
                "Peepal Shade Bank",
                "IN",
                Count(5, 50),
                Count(4, 40),
                Count(1, 10),
                Count(),
                Count(3, 30),
                100,
                90,
                Count(2, 20),
                75,
            ),
        ),
        reasons=(ReasonRow("AM04", "The payer had too little money by the close.", Count(4, 20)),),
        refusals=(
            Refusal(
                "093000-1.xml",
                "INV-1",
                "PEEPINB0XXX",
                "LOTSCNB0XXX",
                "INR 12.345",
                "CH20",
                "INR has 2 decimals.",
            ),
        ),
        unreadable=(UnreadableFile("broken.xml", "It ends in the middle of a message."),),
        flows=(
            Flow("IN", "CN", Count(10, 123_400_000_00)),
            Flow("CN", "IN", Count(5, 2_000_00)),
            Flow("IN", "CN", Count(1, 600_000_00)),
        ),
        delays=(DelayBucket(0, 60, Count(40, 1)), DelayBucket(60, 0, Count(300, 1))),
        series=tuple(points),
        rates=(Rate("INR", "96.08534228"),),
        rates_source="a source of rates",
        notes=(Note("real", "Trade.", "who counted it"), Note("made up", "Banks.")),
        deliberate_mistakes=3,
        elapsed_ms=71_234,
    )


def empty() -> ReportData:
    zero = Count()
    return ReportData(
        title="Nothing",
        scheme="S",
        value_currency="USD",
        business_dates=(),
        first_at="",
        last_at="",
        software="paritas",
        files=0,
        messages=0,
        journal_seq=0,
        journal_hash="",
        received=zero,
        settled=zero,
        refused=zero,
        pending=zero,
        gross_minor=0,
        opening_minor=0,
        limit_minor=0,
        used_minor=0,
        net_outflow_minor=0,
        vehicle=zero,
        queue=Queue(zero, zero, 0, 0, 0, 0, zero, ""),
        kinds=(),
        books=(),
        members=(),
        reasons=(),
        refusals=(),
        unreadable=(),
        flows=(),
        delays=(),
        series=(),
        rates=(),
    )


def text_of(data: ReportData) -> str:
    body = html.fromstring(render_report(data)).xpath("//body")[0]
    return " ".join(" ".join(body.itertext()).split())


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{ 7*7 }}</title></style>"
#: What the code itself looks things up by, or that is no text from outside.
OWN_WORDS = {"value_currency", "currency", "kind", "at", "first_at", "last_at", "longest_at"}


def poisoned(value: Any, name: str = "") -> Any:
    """Return plain data with hostile text wherever a text from outside may stand."""
    if isinstance(value, dict):
        return {key: poisoned(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, name) for item in value]
    return HOSTILE if isinstance(value, str) and name not in OWN_WORDS else value


def test_hostile_names_stay_text() -> None:
    plain = poisoned(msgspec.to_builtins(sample()))
    page = render_report(msgspec.convert(plain, ReportData))
    document = html.fromstring(page)
    assert document.xpath("//script | //img | //iframe | //object | //link | //base | //form") == []
    names = {str(name) for element in document.iter() for name in element.attrib}
    assert [name for name in names if name.lower().startswith("on")] == []
    assert len(document.xpath("//style")) == 1
    shown = document.xpath("//bdi")
    assert len(shown) > 5
    assert {element.text_content() for element in shown} >= {HOSTILE}


def test_asks_nothing_of_other_servers() -> None:
    page = render_report(sample())
    assert "http://" not in page and "https://" not in page and "url(" not in page
    document = html.fromstring(page)
    assert document.xpath("//@src | //@href | //@action | //@data | //@srcset") == []
    policy = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_says_the_figures() -> None:
    text = text_of(sample())
    for phrase in (
        "USD 1.50 bn 2,345 payments in 1,234 files",
        "98.7% USD 1.48 bn, 2,340 payments",
        "10.0% of gross USD 200.1 m for 2.00 bn",
        "85.5% 340 waited, half of them under 35 min",
        "1 wait for a later date",
        "mean 1 h 13 min, median 35 min, longest 10 h 48 min",
        "longest at 10:00 UTC, with 463 worth USD 104.1 m",
        "USD 0: the value of settled payments",
        "3 mistakes were put into this day on purpose",
        "AM04 The payer had too little money by the close. 4",
        "CH20 INR has 2 decimals.",
        "broken.xml It ends in the middle of a message. sender not known",
        "Trade. Source: who counted it.",
        "1 min 11 s of real time",
        "Journal entry 4,321, hash " + "ab" * 32,
        "INR 96.08534228",
        "INR 76.8 bn",
    ):
        assert phrase in text, phrase


def test_who_paid_whom_adds_up() -> None:
    document = html.fromstring(render_report(sample()))
    rows = [
        [" ".join(cell.text_content().split()) for cell in row.xpath("th|td")]
        for row in document.xpath("//table[@class='heat']//tr")
    ]
    assert rows == [
        ["payer", "IN", "CN", "All"],
        ["IN", "·", "124.0", "124.0"],
        ["CN", "<0.1", "·", "<0.1"],
    ]


def test_every_chart_has_a_name_and_a_description() -> None:
    document = html.fromstring(render_report(sample()))
    identifiers = document.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    named = document.xpath("//svg[@role='img']")
    assert len(named) == 5
    for chart in named:
        title, description = chart.get("aria-labelledby").split()
        assert chart.xpath("./title")[0].get("id") == title
        assert chart.xpath("./desc")[0].get("id") == description
        assert chart.xpath("./title")[0].text_content()
    assert len(document.xpath("//details//table")) >= 5
    assert document.xpath("//html/@lang") == ["en"]
    for label in document.xpath("//section/@aria-labelledby"):
        assert len(document.xpath(f"//h2[@id='{label}']")) == 1


def test_a_day_without_anything() -> None:
    text = text_of(empty())
    assert "Nothing was refused." in text
    assert "Every file could be read." in text
    Console(file=StringIO()).print(render_table(empty()))


def test_a_vehicle_currency_is_not_hidden() -> None:
    data = msgspec.structs.replace(sample(), vehicle=Count(3, 14_800_000_00))
    text = text_of(data)
    assert "USD 14.8 m 1.0% of what settled" in text
    assert "None did" not in text
    assert "None did" in text_of(sample())


def test_the_terminal_says_the_same() -> None:
    console = Console(width=110, record=True, file=StringIO())
    console.print(render_table(sample()))
    text = " ".join(console.export_text().split())
    for phrase in (
        "Two economies, 2026-09-30",
        "All 2,345 2,340 4 1 1.48 bn",
        "USD 200.1 m, 10.0% of gross (100.0 m is the day's net outflow)",
        "340 of 2,340: median 35 min, mean 1 h 13 min, longest 10 h 48 min",
        "Through a vehicle currency USD 0",
        "1,234 read, 1 of them unreadable",
    ):
        assert phrase in text, phrase


def test_the_terminal_takes_no_orders_from_names() -> None:
    data = msgspec.structs.replace(sample(), scheme="[bold red]x[/] [link=file:///]y[/link]")
    console = Console(width=110, record=True, file=StringIO())
    console.print(render_table(data))
    assert "[bold red]x[/] [link=file:///]y[/link]" in console.export_text()


def test_report_json_is_the_same_data() -> None:
    data = sample()
    assert msgspec.json.decode(msgspec.json.encode(data), type=ReportData) == data


@pytest.mark.parametrize(
    ("amount_minor", "text"),
    [
        (0, "0"),
        (1, "0.01"),
        (99_999, "999.99"),
        (99_995_0, "10.0 k"),
        (100_000, "1.00 k"),
        (99_949_999, "999.5 k"),
        (99_995_000, "1.00 m"),
        (999_999_99_999, "1.00 bn"),
        (135_918_800_000, "1.36 bn"),
        (10**18 - 1, "10,000.0 tn"),
        (-135_918_800_000, "−1.36 bn"),
    ],
)
def test_money(amount_minor: int, text: str) -> None:
    assert figures.money(amount_minor, "USD") == text


def test_money_knows_the_minor_unit() -> None:
    assert figures.money(1_234_567, "JPY") == "1.23 m"
    assert figures.money(500, "JPY") == "500"
    assert figures.money(1_234_567, "KWD") == "1.23 k"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 100, "0.0%"),
        (1, 100_000, "<0.1%"),
        (99_999, 100_000, ">99.9%"),
        (100, 100, "100.0%"),
        (288, 1_000, "28.8%"),
        (5, 0, "–"),
    ],
)
def test_percent(part: int, whole: int, text: str) -> None:
    assert figures.percent(part, whole) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (71, "1 min 11 s"), (600, "10 min"), (4_414, "1 h 13 min")],
)
def test_duration(seconds: int, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("from_s", "to_s", "text"),
    [
        (0, 60, "under 1 min"),
        (60, 300, "1 to 5 min"),
        (900, 3_600, "15 to 60 min"),
        (3_600, 10_800, "1 to 3 h"),
        (1_800, 7_200, "30 min to 2 h"),
        (21_600, 0, "6 h or more"),
    ],
)
def test_span(from_s: int, to_s: int, text: str) -> None:
    assert figures.span(from_s, to_s) == text


def test_stacked_bar_parts_follow_each_other() -> None:
    bar = charts.stacked_bar("CNY", "9", [("a", 25, "x"), ("b", 50, "y")], 200)
    assert [(p.start, p.width) for p in bar.parts] == [("0.00%", "12.50%"), ("12.50%", "25.00%")]


def test_line_chart_reaches_its_top_and_its_ends() -> None:
    chart = charts.line_chart(
        ["00:00", "00:30", "01:00"], [("s", "name", [0, 40, 20])], lambda value: f"{value} u"
    )
    assert [(tick.place, tick.text) for tick in chart.up] == [
        ("100.00%", "0 u"),
        ("75.00%", "10 u"),
        ("50.00%", "20 u"),
        ("25.00%", "30 u"),
        ("0.00%", "40 u"),
    ]
    assert [tick.text for tick in chart.across] == ["00:00", "01:00"]
    assert chart.curves[0].line == "M0,1000L500,0L1000,500"
    assert re.fullmatch(r"M.*L1000,1000L0,1000Z", chart.curves[0].area)


def test_line_chart_of_a_whole_day_has_ticks_at_whole_hours() -> None:
    moments = [f"{ten // 6:02d}:{ten % 6}0" for ten in range(144)]
    chart = charts.line_chart(moments, [("s", "n", [0] * 144)], str)
    assert [tick.text for tick in chart.across] == ["00:00", "06:00", "12:00", "18:00"]


def test_delays_fall_into_their_spans() -> None:
    buckets = delay_buckets([(0, 5), (59, 6), (60, 7), (21_600, 8), (10**6, 9)])
    counted = {(b.from_s, b.to_s): b.settled for b in buckets if b.settled.payments}
    assert counted == {(0, 60): Count(2, 11), (60, 300): Count(1, 7), (21_600, 0): Count(2, 17)}
    assert [b.from_s for b in buckets[1:]] == [b.to_s for b in buckets[:-1]]
