"""A payment's history as a timeline to read: what ``paritas status`` prints."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from paritas.journal.sqlite import SqliteJournal
from paritas.model.money import format_amount
from paritas.model.reasons import meaning_of
from paritas.node.calendars import format_instant
from paritas.node.history import History
from paritas.node.history_queries import Payment, Search, Step, find, timeline

#: What the kinds of steps are called where a person reads them, and gpi's reasons.
_WORDS = {
    "received": "received",
    "queued": "accepted, waits",
    "matched": "matched with the other side",
    "moved": "moved in the queue",
    "cancel_asked": "one side asks to cancel",
    "settled": "settled, final",
    "refused": "refused",
    "cancelled": "cancelled",
    "delivered": "delivered to the payee",
    "returned": "paid back",
    "confirmed": "the payee's bank says",
    "recalled": "the payer asks for it back",
    "recall_answered": "the payee answers the recall",
}
_TRACKER_REASONS = {
    "G000": "Passed on to the next agent, tracked",
    "G001": "Passed on to the next agent, not tracked",
    "G002": "Credit may not be confirmed the same day",
    "G003": "Credit awaits documents",
    "G004": "Awaits funds",
}


class Tracked(msgspec.Struct, frozen=True):
    """One payment and its timeline."""

    payment: Payment
    timeline: tuple[Step, ...]


@contextmanager
def history_beside(
    path: Path, tell: Callable[[int, int], None] | None = None
) -> Iterator[tuple[History, SqliteJournal]]:
    """Open a journal for reading with its history, brought up to the journal's last row.

    The history stays beside the journal as ``NAME.history.sqlite``; where nothing may be written
    there, it is built for this call alone. Raises JournalError.
    """
    with SqliteJournal(path, read_only=True) as journal, tempfile.TemporaryDirectory() as private:
        directory = path.parent if os.access(path.parent, os.W_OK) else Path(private)
        with History(directory / f"{path.stem}.history.sqlite", journal.seal) as history:
            history.catch_up(journal, tell)
            yield history, journal


def track(history: History, reference: str) -> tuple[Tracked, ...]:
    """Return every payment with a UETR, else with a reference, oldest first, with its timeline."""
    found = find(history, Search(uetr=reference)) if reference else None
    if found is None or not found.items:
        found = find(history, Search(reference=reference))
    return tuple(Tracked(each, timeline(history, each.number)) for each in reversed(found.items))


def timeline_tables(tracked: tuple[Tracked, ...]) -> Iterator[Table]:
    """Draw each payment's timeline for a person."""
    for each in tracked:
        payment = each.payment
        legs = "; ".join(
            f"{leg.payer} pays {leg.payee} {leg.currency}"
            f" {format_amount(leg.amount_minor, leg.currency)}"
            for leg in payment.legs
        )
        title = f"{payment.uetr or payment.reference}  {payment.tracking}\n{legs}"
        table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False)
        table.add_column("when (UTC)", no_wrap=True)
        for column in ("what", "status", "why"):
            table.add_column(column, overflow="fold")
        for step in each.timeline:
            status = "/".join(filter(None, (step.status, step.reason)))
            why = step.text or _meaning(step.reason)
            if step.other:
                why = f"{why} Payment {step.other}.".strip()
            # As text: what others wrote is never read as markup.
            what = _WORDS.get(step.kind, step.kind)
            table.add_row(*map(Text, (format_instant(step.at_ns), what, status, why)))
        yield table


def _meaning(reason: str) -> str:
    return _TRACKER_REASONS.get(reason) or (meaning_of(reason) if reason else "")
