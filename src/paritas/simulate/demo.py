"""The demo: a settlement day among eleven economies, from a year's trade to a report.

The day's messages and its scheme are written as files; then the files are settled by the very code
that ``paritas settle`` runs.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import msgspec

from paritas.node.report_data import ReportData
from paritas.node.run import Progress
from paritas.node.scheme import load_scheme
from paritas.node.settle import settle, write_report
from paritas.simulate.files import scheme_text, write_files
from paritas.simulate.provenance import notes
from paritas.simulate.scenario import load_scenario
from paritas.simulate.workload import plan


def run_demo(out: Path, payments: int | None, tell: Progress) -> ReportData:
    """Plan the day, write its files to ``out/in``, settle them into ``out``, report."""
    scenario = load_scenario(payments=payments)
    if out.is_dir() and (out / "scheme.toml").is_file():
        # An earlier demo's; anything else in the way is left alone and refused later.
        shutil.rmtree(out)
    workload = plan(scenario)
    out.mkdir(parents=True, exist_ok=True)
    scheme_path = out / "scheme.toml"
    scheme_path.write_text(scheme_text(workload), encoding="utf-8")
    total = len(workload.sendings)
    write_files(workload, out / "in", lambda done: tell("preparing", done, total))
    data = settle(
        out / "in",
        load_scheme(scheme_path),
        out,
        first_day=datetime.date.fromisoformat(str(scenario.business_date)),
        deliver=True,
        title="A settlement day among eleven economies",
        tell=tell,
    )
    data = msgspec.structs.replace(
        data,
        notes=(*data.notes, *notes(scenario)),
        rates_source=scenario.rates.source,
        deliberate_mistakes=workload.mistaken,
    )
    write_report(data, out)
    return data
