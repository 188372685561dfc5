"""What screening did, by day and list: how many payments each list was held against, and what came of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

import msgspec

from paritas.core import engine
from paritas.core.state import State
from paritas.journal.codec import decode_records
from paritas.journal.sqlite import SqliteJournal
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.screening import Decision, Outcome, Verdict
from paritas.node.calendars import DAY_NS
from paritas.node.screener import decode_details

_EPOCH = datetime.date(1970, 1, 1).toordinal()


class DayOfList(msgspec.Struct):
    """One list on one book on one day (UTC); all but the names are counts of payments.

    ``released``, ``rejected`` and ``frozen`` count decisions taken that day. ``exempt`` counts
    clear verdicts that rest on an exemption. A hit whose details are erased counts for every list
    of its book.
    """

    date: str
    currency: str
    issuer: str
    list: str
    published: str
    screened: int = 0
    hits: int = 0
    exempt: int = 0
    released: int = 0
    rejected: int = 0
    frozen: int = 0


class _Counting:
    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal
        self.state = State()
        self.rows: dict[tuple[int, str, str, int], DayOfList] = {}
        self._evidence: dict[bytes, frozenset[str] | None] = {}
        #: (number, book) -> the lists on which the hit stood that waits for a decision.
        self._hit_lists: dict[tuple[int, int], frozenset[str] | None] = {}

    def follow(
        self, seq: int, position: int, command: c.AnyCommand, events: Sequence[e.AnyEvent]
    ) -> None:
        engine.replay(self.state, command, events)
        day = command.at_ns // DAY_NS
        if isinstance(command, c.RecordEvidence):
            private = self.journal.sealed(seq, position)
            lists = None
            if private:
                lists = frozenset(f.hit.list_id for f in decode_details(private).findings)
            self._evidence[command.digest] = lists
        elif isinstance(command, c.SubmitInstruction):
            for event in events:
                if isinstance(event, e.InstructionSettled | e.InstructionQueued):
                    self._screened(day, event.number, command.verdicts)
        elif isinstance(command, c.ScreenAgain):
            if any(isinstance(event, e.Recorded) for event in events):
                self._screened(day, command.number, command.verdicts)
        elif isinstance(command, c.DecideHit):
            for event in events:
                if isinstance(event, e.HitDecided):
                    self._decided(day, event)

    def _of(self, day: int, book_number: int) -> Iterator[tuple[str, DayOfList]]:
        book = self.state.books[book_number]
        for name, version in sorted(book.lists.items()):
            if version is None:
                continue
            key = (day, book.currency, name, version[0])
            if key not in self.rows:
                self.rows[key] = DayOfList(
                    datetime.date.fromordinal(_EPOCH + day).isoformat(),
                    book.currency,
                    book.issuer.bic,
                    name,
                    datetime.date.fromordinal(version[0]).isoformat(),
                )
            yield name, self.rows[key]

    def _screened(self, day: int, number: int, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            found = self._evidence.get(verdict.digest) if verdict.digest else frozenset()
            hit = verdict.outcome != Outcome.CLEAR
            if hit:
                self._hit_lists[number, verdict.book] = found
            for name, row in self._of(day, verdict.book):
                row.screened += 1
                if found is None or name in found:
                    row.hits += hit
                    row.exempt += not hit

    def _decided(self, day: int, event: e.HitDecided) -> None:
        field = {
            Decision.RELEASE: "released",
            Decision.REJECT: "rejected",
            Decision.FREEZE: "frozen",
        }[Decision(event.decision)]
        found = self._hit_lists.get((event.number, event.book))
        for name, row in self._of(day, event.book):
            if found is None or name in found:
                setattr(row, field, getattr(row, field) + 1)


def screening_report(journal: SqliteJournal) -> list[DayOfList]:
    """Return a row for each day, book and version of a list, in this order."""
    counting = _Counting(journal)
    for row in journal.rows():
        for position, (command, events) in enumerate(decode_records(row.payload)):
            counting.follow(row.seq, position, command, events)
    return [counting.rows[key] for key in sorted(counting.rows)]


def report_text(rows: Sequence[DayOfList]) -> str:
    """Return the rows as a person reads them, a line each."""
    names = [f"{r.date}  {r.currency}  {r.list} of {r.published}" for r in rows]
    width = max((len(name) for name in names), default=0)
    lines = []
    for name, row in zip(names, rows, strict=True):
        counts = [f"{row.screened:,} screened", f"{row.hits:,} hits"]
        for field in ("exempt", "released", "rejected", "frozen"):
            if getattr(row, field):
                counts.append(f"{getattr(row, field):,} {field}")
        lines.append(f"{name.ljust(width)}  {', '.join(counts)}")
    return "\n".join(lines) or "Nothing was screened: no list binds."
