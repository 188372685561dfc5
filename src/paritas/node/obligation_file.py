"""Obligations from a file: what members submit to netting cycles, and confirm, row by row.

CSV in UTF-8 with a header, columns by name: ``at`` (ISO 8601 time), ``cycle`` (its name),
``sender`` (who says it: debtor or creditor), ``debtor``, ``creditor`` (BICs), ``currency``,
``amount`` (decimal), ``reference`` and, if wanted, ``priority`` (urgent, high or normal). A row
that says the same as an earlier one of the other party confirms it. ISO 20022 has no message for
this, so none is pretended.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from paritas.core.obligations import Obligation
from paritas.core.state import NEVER_NS, State
from paritas.model import commands as c
from paritas.model.events import AnyEvent, CommandRefused, ObligationSubmitted
from paritas.model.instructions import Leg, Priority
from paritas.model.money import AmountError, parse_amount
from paritas.model.parties import normalise_bic
from paritas.node.calendars import parse_instant_ns
from paritas.node.directory import Directory

COLUMNS = ("at", "cycle", "sender", "debtor", "creditor", "currency", "amount", "reference")
_PRIORITIES = {"urgent": Priority.URGENT, "high": Priority.HIGH, "normal": Priority.NORMAL, "": 2}


class ObligationFileError(Exception):
    """The file is no such file; the text says which line, what is wrong and what to do."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row: when, who says what; ``line`` counts the file's lines from 1."""

    line: int
    at_ns: int
    cycle: str
    sender: str
    debtor: str
    creditor: str
    currency: str
    amount: str
    reference: str
    priority: str


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of a row: the number of its obligation, or why it has none."""

    number: int
    reason: str = ""
    text: str = ""


def read_rows(path: Path) -> list[Row]:
    """Read a file of obligations, in the order of time and then of the file.

    Raises ObligationFileError for what is not in this form; what a row says is judged later.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [*_rows(path, lines)]
    except OSError as error:
        raise ObligationFileError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ObligationFileError(f"{path}: is no CSV in UTF-8: {error}.") from None
    return sorted(rows, key=lambda row: row.at_ns)


def _rows(path: Path, lines: Iterator[list[str]]) -> Iterator[Row]:
    header = [name.strip() for name in next(lines, [])]
    wrong = [n for n in COLUMNS if header.count(n) != 1]
    wrong += [n for n in header if n not in (*COLUMNS, "priority")]
    if wrong or header.count("priority") > 1:
        raise ObligationFileError(
            f"{path}: line 1: column {', '.join(wrong) or 'priority'} is missing, unknown or twice;"
            f" needed are {','.join(COLUMNS)}[,priority]."
        )
    for line, fields in enumerate(lines, 2):
        if not fields:
            continue
        if len(fields) != len(header):
            raise ObligationFileError(
                f"{path}: line {line}: has {len(fields)} fields where the header has {len(header)}."
            )
        row = dict(zip(header, (field.strip() for field in fields), strict=True))
        at_ns = parse_instant_ns(row.pop("at"))
        if at_ns is None:
            raise ObligationFileError(
                f"{path}: line {line}: at is no time such as 2026-11-23T09:30:00Z."
            )
        yield Row(line, at_ns, priority=row.pop("priority", ""), **row)


class ObligationRows:
    """Brings a file's rows into the engine as their moments come, on virtual time."""

    def __init__(
        self,
        rows: Sequence[Row],
        state: State,
        directory: Directory,
        decide: Callable[[c.AnyCommand], Sequence[AnyEvent]],
    ) -> None:
        self.rows = rows
        #: One for each row that was taken up, in their order.
        self.outcomes: list[Outcome] = []
        self._state = state
        self._directory = directory
        self._decide = decide

    def next_ns(self, now_ns: int) -> int:
        """Return the moment of the next row."""
        if not self.wants_more_days():
            return NEVER_NS
        return max(now_ns, self.rows[len(self.outcomes)].at_ns)

    def run(self, now_ns: int) -> None:
        """Take up the next row."""
        self.outcomes.append(self._take(self.rows[len(self.outcomes)], now_ns))

    def before_close(self, now_ns: int, currency: str) -> None:
        """Rows know no closing of books."""

    def wants_more_days(self) -> bool:
        """Say whether rows are left."""
        return len(self.outcomes) < len(self.rows)

    def _take(self, row: Row, now_ns: int) -> Outcome:
        found = self._command(row, now_ns)
        if isinstance(found, Outcome):
            return found
        events = self._decide(found)
        if not events:
            sender = self._directory.party(row.sender)
            return Outcome(self._state.obligation_references[sender, row.reference])
        event = events[-1]
        if isinstance(event, CommandRefused):
            number = found.number if isinstance(found, c.ConfirmObligation) else 0
            return Outcome(number, event.reason, event.text)
        if isinstance(event, ObligationSubmitted):
            return Outcome(event.number)
        assert isinstance(found, c.ConfirmObligation)
        return Outcome(found.number)

    def _command(self, row: Row, now_ns: int) -> c.SubmitObligation | c.ConfirmObligation | Outcome:
        """Turn a row into what it wishes, or say why that cannot be wished."""
        cycle = next((y for y in self._state.running_cycles() if y.name == row.cycle), None)
        if cycle is None:
            return Outcome(0, "TM01", f"No cycle {row.cycle!r} is open at this time.")
        sender = self._directory.party(row.sender)
        ends = [
            self._directory.accounts.get((normalise_bic(bic), row.currency))
            for bic in (row.debtor, row.creditor)
        ]
        if sender < 0 or None in ends:
            return Outcome(0, "AC01", "A party is not known or has no account in this currency.")
        priority = _PRIORITIES.get(row.priority)
        if priority is None:
            return Outcome(0, "FF01", "The priority is none of urgent, high, normal.")
        try:
            amount_minor = parse_amount(row.amount, row.currency)
        except AmountError as error:
            return Outcome(0, "AM12", f"{error}.")
        leg = Leg(ends[0] or 0, ends[1] or 0, amount_minor)
        said = self._said_by_other(cycle.number, sender, row.reference, leg)
        if said is not None:
            return c.ConfirmObligation(now_ns, sender, b"", said.number)
        head = (now_ns, sender, b"", cycle.number, sender)
        return c.SubmitObligation(*head, row.reference, leg, int(priority))

    def _said_by_other(
        self, cycle: int, sender: int, reference: str, leg: Leg
    ) -> Obligation | None:
        """Find the very same obligation as the other party submitted it under this reference."""
        parties = {self._state.accounts[end].party.number for end in (leg.payer, leg.payee)}
        for other in sorted(parties - {sender}):
            number = self._state.obligation_references.get((other, reference))
            if number is not None and sender in parties:
                found = self._state.obligations[number]
                terms = (found.cycle, found.debtor.number, found.creditor.number)
                if (*terms, found.amount_minor) == (cycle, *msgspec.structs.astuple(leg)):
                    return found
        return None
