"""The report of settled business dates: one HTML file that needs nothing else, and a text table.

Both say the same in the words of a bank's operations room; the exact integers are in report.json
(``report_data``). Names in it come from messages, so whoever sends a payment could write them:
the template escapes everything, and the file asks nothing of any other server.
"""

from __future__ import annotations

from functools import cache, partial
from math import isqrt

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paritas.node import charts, figures
from paritas.node.report_data import KINDS, BookRow, Count, ReportData, Ring
from paritas.node.ring_charts import HEIGHT, WIDTH, RingChart, ring_chart

_KIND_NAMES = {
    "payment": "Payments in one currency",
    "conversion": "Payments converted by a dealer",
    "exchange": "Halves of PvP exchanges",
}
_LEG_NAMES = {"payment": "one leg", "conversion": "conversion", "exchange": "PvP"}


def render_report(data: ReportData) -> str:
    """Return the whole report as one HTML document, UTF-8, with style and charts inside."""
    say = partial(figures.money, currency=data.value_currency)
    return _template().render(
        data=data,
        say=say,
        own=figures.money,
        millions=partial(figures.millions, currency=data.value_currency),
        elapsed=figures.duration(max(1, data.elapsed_ms // 1000)),
        kind_names=_KIND_NAMES,
        charts={
            "progress": _progress_chart(data),
            "waiting": _waiting_chart(data),
            "settled": _settled_bars(data),
            "liquidity": _liquidity_bars(data),
            "delays": _delay_bars(data),
            "savings": _saving_bars(data),
            "rings": _ring_charts(data),
        },
        heat=_heat(data),
    )


def render_table(data: ReportData) -> RenderableType:
    """Return the report's main table for a terminal; print it with ``rich``."""
    say = partial(figures.money, currency=data.value_currency)
    dates = ", ".join(data.business_dates)
    counts = Table(
        box=box.SIMPLE_HEAD,
        title=Text(f"{data.scheme}, {dates}"),
        title_justify="left",
        pad_edge=False,
    )
    counts.add_column("")
    for heading in ("in", "settled", "refused", "pending"):
        counts.add_column(heading, justify="right")
    counts.add_column(f"settled value ({data.value_currency})", justify="right")
    for row in data.kinds:
        counts.add_row(
            _KIND_NAMES[row.kind],
            *_cells(row.received, row.settled, row.refused, row.pending),
            say(row.settled.value_minor),
        )
    counts.add_section()
    totals = _cells(data.received, data.settled, data.refused, data.pending)
    counts.add_row("All", *totals, say(data.settled.value_minor), style="bold")
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    for name, text in _facts(data):
        facts.add_row(name, Text(text))
    return Group(counts, facts)


def _cells(*counts: Count) -> tuple[str, ...]:
    return tuple(figures.number(count.payments) for count in counts)


def _facts(data: ReportData) -> list[tuple[str, str]]:
    say = partial(figures.money, currency=data.value_currency)
    unit, queue = data.value_currency, data.queue
    return [
        ("Moved on the books", f"{unit} {say(data.gross_minor)} gross, on {len(data.books)} books"),
        (
            "Money needed",
            f"{unit} {say(data.used_minor)}, {figures.percent(data.used_minor, data.gross_minor)} of gross"
            f" ({say(data.net_outflow_minor)} is the day's net outflow)",
        ),
        (
            "Waited in the queue",
            f"{figures.number(queue.waited.payments)} of {figures.number(queue.waited.payments + queue.at_once.payments)}:"
            f" median {figures.duration(queue.delay_median_s)}, mean {figures.duration(queue.delay_mean_s)},"
            f" longest {figures.duration(queue.delay_max_s)}",
        ),
        *_clearing_facts(data),
        ("Through a vehicle currency", f"{unit} {say(data.vehicle.value_minor)}"),
        (
            "Files",
            f"{figures.number(data.files)} read, {len(data.unreadable)} of them unreadable",
        ),
    ]


def _clearing_facts(data: ReportData) -> list[tuple[str, str]]:
    if not data.savings:
        return []
    say = partial(figures.money, currency=data.value_currency)
    unit, total, clearings = data.value_currency, data.savings[0], data.clearings
    facts = [
        (
            "Under other rules",
            f"{unit} {say(total.at_once_minor)} if none waited, {say(total.bilateral_minor)} by bilateral"
            f" offset, {say(total.bound_minor)} by full netting: less there cannot be",
        )
    ]
    if clearings.runs:
        settled = clearings.settled
        facts.append(
            (
                "Cleared together",
                f"{figures.number(settled.payments)} payments of {unit} {say(settled.value_minor)}"
                f" in {clearings.rings} rings; {clearings.proven} of {clearings.runs} answers proven best",
            )
        )
    return facts


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("paritas.node", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=figures.number, duration=figures.duration, clock=figures.clock
    )
    environment.globals["percent"] = figures.percent
    environment.globals["span"] = figures.span
    environment.globals["ring_box"] = f"0 0 {WIDTH} {HEIGHT}"
    source, _, _ = PackageLoader("paritas.node", "templates").get_source(environment, "report.css")
    # The style sheet is ours, not input.
    environment.globals["style"] = Markup(source)
    return environment.get_template("report.html.j2")


def _progress_chart(data: ReportData) -> charts.LineChart:
    return charts.line_chart(
        [figures.clock(point.at) for point in data.series],
        [
            ("filled-payment", "settled", [point.settled.value_minor for point in data.series]),
            ("received", "received", [point.received.value_minor for point in data.series]),
        ],
        partial(figures.mark, currency=data.value_currency),
    )


def _waiting_chart(data: ReportData) -> charts.LineChart:
    waiting = [point.waiting.payments for point in data.series]
    return charts.line_chart(
        [figures.clock(point.at) for point in data.series],
        [("filled-waiting", "waiting", waiting)],
        figures.number,
    )


def _settled_bars(data: ReportData) -> list[charts.Bar]:
    say = partial(figures.money, currency=data.value_currency)
    longest = max((book.gross_minor for book in data.books), default=0)
    bars = []
    for book in data.books:
        parts = [
            (kind, count.value_minor, f"{_LEG_NAMES[kind]}: {say(count.value_minor)}")
            for kind, count in zip(KINDS, _legs(book), strict=True)
        ]
        bars.append(charts.stacked_bar(book.currency, say(book.gross_minor), parts, longest))
    return bars


def _legs(book: BookRow) -> tuple[Count, ...]:
    return book.payment, book.conversion, book.exchange


def _liquidity_bars(data: ReportData) -> list[charts.Bar]:
    say = partial(figures.money, currency=data.value_currency)
    longest = max((max(book.gross_minor, book.used_minor) for book in data.books), default=0)
    bars = []
    for book in data.books:
        share = figures.percent(book.used_minor, book.gross_minor)
        parts = [
            ("gross", book.gross_minor, f"gross: {say(book.gross_minor)}"),
            ("used", book.used_minor, f"needed: {say(book.used_minor)}"),
        ]
        figure = f"{say(book.used_minor)} · {share}"
        bars.append(charts.layered_bar(book.currency, figure, parts, longest))
    return bars


#: How many rings are drawn; the table below them has more.
_RINGS_DRAWN = 6


def _saving_bars(data: ReportData) -> list[charts.Bar]:
    """Four ways of settling, each as the least there can be and what it takes beyond that."""
    if not data.savings:
        return []
    say = partial(figures.money, currency=data.value_currency)
    total = data.savings[0]
    rows = (
        ("Offset between each two, at the end", total.bilateral_minor),
        ("At once, in order of arrival", total.at_once_minor),
        ("As it happened, with queue and clearing", total.happened_minor),
        ("Netted among all, at the end", total.bound_minor),
    )
    longest = max(needed for _, needed in rows)
    bars = []
    for label, needed in rows:
        beyond = max(0, needed - total.bound_minor)
        parts = [
            ("used", needed - beyond, f"could not be spared: {say(needed - beyond)}"),
            ("gross", beyond, f"beyond that: {say(beyond)}"),
        ]
        bars.append(charts.stacked_bar(label, say(needed), parts, longest))
    return bars


def _ring_charts(data: ReportData) -> list[tuple[Ring, RingChart]]:
    names = {member.bic: member.name for member in data.members}
    return [(ring, ring_chart(ring, names)) for ring in data.rings[:_RINGS_DRAWN]]


def _delay_bars(data: ReportData) -> list[charts.Bar]:
    longest = max((bucket.settled.payments for bucket in data.delays), default=0)
    return [
        charts.stacked_bar(
            figures.span(bucket.from_s, bucket.to_s),
            figures.number(bucket.settled.payments),
            [("waited", bucket.settled.payments, figures.number(bucket.settled.payments))],
            longest,
        )
        for bucket in data.delays
    ]


def _heat(data: ReportData) -> dict[str, object]:
    """Return the countries in order of what they paid, and each pair's value and shade."""
    values: dict[tuple[str, str], int] = {}
    paid: dict[str, int] = {}
    for flow in data.flows:
        key = flow.payer_country, flow.payee_country
        values[key] = values.get(key, 0) + flow.settled.value_minor
        paid[key[0]] = paid.get(key[0], 0) + flow.settled.value_minor
        paid.setdefault(key[1], 0)
    highest = max(values.values(), default=0)
    return {
        "countries": sorted(paid, key=lambda country: (-paid[country], country)),
        "values": values,
        "paid": paid,
        # Trade differs by a factor of a thousand between pairs: the square root keeps small ones visible.
        "shades": {key: _shade(value, highest) for key, value in values.items()},
    }


def _shade(value: int, highest: int) -> str:
    """Return the square root of a share, at most 0.6 so that the figure stays readable."""
    hundredths = 60 * isqrt(10_000 * value // highest) // 100 if highest else 0
    return f"{hundredths / 100:.2f}"
