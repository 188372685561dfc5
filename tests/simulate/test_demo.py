"""The demo, small: planned, written, settled, reported, and audited like anybody's journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from paritas.journal.audit import audit
from paritas.node.report_data import ReportData
from paritas.simulate.demo import run_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReportData]:
    out = tmp_path_factory.mktemp("demo") / "out"
    stages: list[str] = []
    data = run_demo(out, 400, lambda stage, done, of: stages.append(stage))
    assert set(stages) == {"preparing", "reading", "settling", "writing"}
    return out, data


def test_most_of_the_day_settles_and_everything_is_answered(demo: tuple[Path, ReportData]) -> None:
    out, data = demo
    assert data.received.payments == data.settled.payments + data.refused.payments
    assert data.settled.payments > data.received.payments * 8 // 10
    assert data.refused.payments >= data.deliberate_mistakes // 2
    assert len(list((out / "answers").iterdir())) == len(list((out / "in").iterdir())) == data.files
    assert data.vehicle.payments == 0


def test_queues_form_and_exchanges_matter(demo: tuple[Path, ReportData]) -> None:
    _, data = demo
    assert data.queue.waited.payments > 0
    assert {row.kind for row in data.kinds if row.settled.payments} == {
        "payment",
        "conversion",
        "exchange",
    }
    assert len(data.books) == 11
    assert all(book.gross_minor > 0 for book in data.books)


def test_money_is_conserved_over_the_statements(demo: tuple[Path, ReportData]) -> None:
    out, _ = demo
    totals: dict[str, list[int]] = {}
    for path in (out / "statements").iterdir():
        root = etree.parse(path).getroot()
        currency = root.findtext(".//{*}Acct/{*}Ccy")
        signs = {"CRDT": 1, "DBIT": -1}
        balances = {
            bal.findtext("{*}Tp/{*}CdOrPrtry/{*}Cd"): signs[str(bal.findtext("{*}CdtDbtInd"))]
            * int(str(bal.findtext("{*}Amt")).replace(".", ""))
            for bal in root.iter("{*}Bal")
        }
        total = totals.setdefault(str(currency), [0, 0])
        total[0] += balances["OPBD"]
        total[1] += balances["CLBD"]
    assert len(totals) == 11
    assert all(opening == closing for opening, closing in totals.values())


def test_the_report_files_say_the_same(demo: tuple[Path, ReportData]) -> None:
    out, data = demo
    report = json.loads((out / "report.json").read_text())
    assert report["settled"]["payments"] == data.settled.payments
    assert report["journal_hash"] == audit(out / "journal.sqlite").head
    page = (out / "report.html").read_text()
    assert "Eleven economies" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_journal_is_sound(demo: tuple[Path, ReportData]) -> None:
    out, data = demo
    report = audit(out / "journal.sqlite")
    assert report.breaches == ()
    assert report.settled == data.settled.payments
    assert report.sealed_checked == data.files
