"""``paritas bench screening``: speed, recall and false alarms, measured and drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from paritas.screening.entities import ListVersion, Subject
from paritas.screening.lists import ListError, read_list
from paritas.screening.ordinary import ordinary_names
from paritas.screening.picture import Curve, Point, draw
from paritas.screening.quality import (
    Scores,
    enlarged,
    made_up_list,
    ordinary_scores,
    pair_scores,
    read_pairs,
    variant_scores,
)
from paritas.screening.screen import THRESHOLD, Screener

#: How many names a payment has: debtor, creditor and their agents.
NAMES_PER_PAYMENT = 4
#: Numbers of listed names that speed is measured at, besides the lists themselves.
LARGER = (85_000, 200_000)
_THRESHOLDS = range(60, 101)
_PAIRS_FILE = "bench_nk_name_cases.csv"


class Speed(msgspec.Struct, frozen=True):
    """What one core did with a cold cache: names on the list, time to index, payments a second."""

    listed_names: int
    index_seconds: float
    payments_per_second: int


class Quality(msgspec.Struct, frozen=True):
    """Shares at one threshold; None where there were no labelled pairs.

    ``recall`` and ``pair_false`` are of labelled pairs, ``variant_recall`` of listed names written
    otherwise, ``false_alarms`` of ordinary names.
    """

    threshold: int
    recall: float | None
    pair_false: float | None
    variant_recall: float
    false_alarms: float


class Report(msgspec.Struct, frozen=True):
    """Everything that was measured."""

    lists: tuple[str, ...]
    speeds: tuple[Speed, ...]
    qualities: tuple[Quality, ...]

    def at(self, threshold: int) -> Quality:
        """Return the quality at a threshold."""
        return next(quality for quality in self.qualities if quality.threshold == threshold)

    def table(self) -> str:
        """Return what a person reads."""
        lines = ["Lists: " + ", ".join(self.lists), ""]
        lines.append("listed names   index s   payments/s and core (4 names each)")
        lines.extend(
            f"{speed.listed_names:>12,}   {speed.index_seconds:>7.1f}   "
            f"{speed.payments_per_second:>10,}"
            for speed in self.speeds
        )
        lines += ["", "threshold   recall   false pairs   variants found   false alarms"]
        for quality in self.qualities:
            if quality.threshold % 5 == 0 or quality.threshold == THRESHOLD:
                mark = "  <- default" if quality.threshold == THRESHOLD else ""
                lines.append(
                    f"{quality.threshold:>9}   {_share(quality.recall):>6}   "
                    f"{_share(quality.pair_false):>11}   {_share(quality.variant_recall):>14}   "
                    f"{quality.false_alarms:>12.2%}{mark}"
                )
        return "\n".join(lines)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def bench(
    lists_dir: Path | None = None,
    *,
    larger: Sequence[int] = LARGER,
    payments: int = 5_000,
    ordinary: int = 20_000,
    variants: int = 5_000,
    picture: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Measure speed and quality, and draw the curve.

    ``lists_dir`` holds publishers' files and, if it is to be used, the labelled pairs; without it a
    made-up list is used. ``say`` hears what is being done. ``picture`` is where the SVG goes.
    """
    versions = lists_in(lists_dir) if lists_dir else [made_up_list(20_000, seed=1)]
    names = sum(len(entry.names) for version in versions for entry in version.entries)
    speeds = []
    for size in (0, *larger):
        say(f"speed at {max(size, names):,} listed names")
        grown = versions
        if size > names:
            grown = [enlarged(versions[0], size - names + _names(versions[0]), 2), *versions[1:]]
        speeds.append(speed(grown, payments))
    say("recall on labelled pairs")
    same: Scores | None = None
    other: Scores | None = None
    if lists_dir and (lists_dir / _PAIRS_FILE).exists():
        same, other = pair_scores(read_pairs(lists_dir / _PAIRS_FILE), versions)
    say("recall on names written otherwise")
    variant = variant_scores(versions, variants, seed=3)
    say("false alarms on ordinary names")
    alarms = ordinary_scores(versions, ordinary, seed=4)
    qualities = tuple(
        Quality(
            threshold,
            same.share_from(threshold) if same else None,
            other.share_from(threshold) if other else None,
            variant.share_from(threshold),
            alarms.share_from(threshold),
        )
        for threshold in _THRESHOLDS
    )
    report = Report(tuple(version.id for version in versions), tuple(speeds), qualities)
    if picture is not None:
        picture.write_text(curve_of(report), encoding="utf-8")
    return report


def _names(version: ListVersion) -> int:
    return sum(len(entry.names) for entry in version.entries)


def speed(versions: Sequence[ListVersion], payments: int) -> Speed:
    """Index the lists, then screen made-up payments that were never seen, on one core."""
    start = time.process_time()
    screener = Screener(versions)
    indexed = time.process_time() - start
    subjects = [Subject(name) for name, _ in ordinary_names(payments * NAMES_PER_PAYMENT, seed=5)]
    start = time.process_time()
    screener.screen(subjects)
    spent = time.process_time() - start
    return Speed(len(screener.index), indexed, int(payments / spent))


def lists_in(folder: Path) -> list[ListVersion]:
    """Read every list in a folder; OFAC's tables of one list are told by "sdn", "alt" and "add".

    A file that is no list is left out. Files without a date of their own take the one in their
    file name, else the first day of 2000: a benchmark compares no dates.
    """
    tables = {
        path.name: path.read_bytes()
        for path in sorted(folder.glob("*.csv"))
        if any(part in path.name.lower() for part in ("sdn", "alt", "add"))
    }
    groups = [tables] if tables else []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".csv", ".xml") and path.name not in tables:
            groups.append({path.name: path.read_bytes()})
    found = []
    for files in groups:
        name = next(iter(files))
        try:
            found.append(read_list(files, name=name, published=_date_in(name)))
        except ListError:
            continue
    if not found:
        raise ListError(f"{folder}: no list in it: put publishers' files there")
    return found


def _date_in(name: str) -> str:
    for start in range(len(name) - 9):
        part = name[start : start + 10]
        if part[4] == part[7] == "-" and part.replace("-", "").isdigit():
            return part
    return "2000-01-01"


def curve_of(report: Report) -> str:
    """Return the picture: recall over false alarms, with the thresholds marked."""
    curves = []
    if report.qualities[0].recall is not None:
        curves.append(
            Curve(
                "labelled pairs",
                tuple(
                    Point(q.false_alarms, q.recall or 0.0, q.threshold) for q in report.qualities
                ),
            )
        )
    curves.append(
        Curve(
            "listed names written otherwise",
            tuple(Point(q.false_alarms, q.variant_recall, q.threshold) for q in report.qualities),
        )
    )
    return draw(curves, THRESHOLD)
