"""What members are told of netting cycles, as tables: CSV files that any spreadsheet opens.

``obligations.csv`` has a line for each row of the obligations' file and for what became of it,
``positions.csv`` one for each cycle, member and currency, ``cycles.csv`` one for each cycle and
currency. Amounts are decimals of the currency; a position below zero was paid, above it received.
The sums of a currency in ``positions.csv`` are zero.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from paritas.core.obligations import Cycle, Obligation, ObligationStatus
from paritas.model.money import format_amount
from paritas.node.calendars import format_instant

if TYPE_CHECKING:
    from paritas.node.run import Run

_OBLIGATIONS = "line,cycle,sender,debtor,creditor,currency,amount,reference,obligation,status,set_off,reason,text"
_POSITIONS = "cycle,date,settled_at,member,currency,owed,was_owed,set_off,taken_out,net"
_CYCLES = (
    "cycle,date,status,settled_at,currency,obligations,gross,set_off,taken_out,net_paid,lacked"
)


def write_cycle_tables(run: Run, directory: Path) -> None:
    """Write the three tables of a run that has come to its end."""
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / "obligations.csv", _OBLIGATIONS, _obligation_lines(run))
    _write(directory / "positions.csv", _POSITIONS, _position_lines(run))
    _write(directory / "cycles.csv", _CYCLES, _cycle_lines(run))


def _write(path: Path, header: str, lines: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(lines)


def _obligation_lines(run: Run) -> Iterator[list[object]]:
    for row, outcome in zip(run.rows.rows, run.rows.outcomes, strict=True):
        found = run.state.obligations.get(outcome.number)
        status, set_off, reason, text = "refused", "", outcome.reason, outcome.text
        if found is not None:
            status = found.status.name.lower()
            set_off = format_amount(found.set_off_minor, row.currency)
            reason, text = (outcome.reason, outcome.text) if reason else (found.reason, found.text)
        yield [
            row.line,
            *(row.cycle, row.sender, row.debtor, row.creditor, row.currency, row.amount),
            *(row.reference, outcome.number or "", status, set_off, reason, text),
        ]


class Sums:
    """The sums of some obligations in minor units; what was ended before it counted is left out."""

    def __init__(self, obligations: Iterable[Obligation]) -> None:
        mine = [o for o in obligations if o.status == ObligationStatus.SETTLED or _was_taken_out(o)]
        self.number = len(mine)
        self.gross_minor = sum(o.amount_minor for o in mine)
        self.set_off_minor = sum(o.set_off_minor for o in mine)
        self.taken_out_minor = sum(o.left_minor for o in mine if _was_taken_out(o))


def _was_taken_out(obligation: Obligation) -> bool:
    """True for what counted in its cycle and could not be settled there."""
    return obligation.status == ObligationStatus.ENDED and obligation.reason in ("AM04", "AG10")


def settled_at(run: Run, cycle: Cycle) -> str:
    """Return when a cycle settled, or ""."""
    found = run.view.cycle_settled.get(cycle.number)
    return format_instant(found[0]) if found else ""


def date_of(cycle: Cycle) -> str:
    """Return the UTC date of a cycle's cut-off."""
    return format_instant(cycle.cut_off_ns)[:10]


def _position_lines(run: Run) -> Iterator[list[object]]:
    for number, (_, positions) in run.view.cycle_settled.items():
        cycle = run.state.cycles[number]
        nets = {position.account: position.net_minor for position in positions}
        accounts = {a for o in cycle.obligations.values() for a in (o.debtor, o.creditor)}
        for account in sorted(accounts, key=lambda each: each.number):
            obligations = cycle.obligations.values()
            owed = Sums(o for o in obligations if o.debtor is account)
            due = Sums(o for o in obligations if o.creditor is account)
            amounts = (
                owed.gross_minor,
                due.gross_minor,
                owed.set_off_minor,
                owed.taken_out_minor,
                nets.get(account.number, 0),
            )
            currency = account.book.currency
            head = [cycle.name, date_of(cycle), settled_at(run, cycle), account.party.bic, currency]
            yield [*head, *(format_amount(each, currency) for each in amounts)]


def _cycle_lines(run: Run) -> Iterator[list[object]]:
    for cycle in run.state.cycles.values():
        lacks = run.view.cycle_lacks.get(cycle.number, ())
        _, positions = run.view.cycle_settled.get(cycle.number, (0, ()))
        for book in cycle.books:
            mine = {account.number for account in book.accounts}
            sums = Sums(o for o in cycle.obligations.values() if o.debtor.book is book)
            paid = -sum(p.net_minor for p in positions if p.account in mine and p.net_minor < 0)
            lacked = -sum(p.net_minor for p in lacks if p.account in mine)
            amounts = (sums.gross_minor, sums.set_off_minor, sums.taken_out_minor, paid, lacked)
            head = [cycle.name, date_of(cycle), cycle.status.name.lower(), settled_at(run, cycle)]
            yield [
                *head,
                *(book.currency, sums.number),
                *(format_amount(each, book.currency) for each in amounts),
            ]
