"""Netting cycles as data: the cycle, its obligations, and their lives, each in one table.

Nothing follows a state without a row: what is settled, or has ended, stays so.
"""

from __future__ import annotations

from enum import IntEnum

from paritas.core.lifecycle import LawBroken
from paritas.core.state import Account, Book
from paritas.model import events


class CycleStatus(IntEnum):
    """Where a cycle stands."""

    OPEN = 0
    CUT_OFF = 1
    CALCULATED = 2
    #: Somebody was short; the top-up window runs until ``Cycle.until_ns``.
    TOPPING_UP = 3
    SETTLED = 4
    LAPSED = 5


class ObligationStatus(IntEnum):
    """Where an obligation stands."""

    SUBMITTED = 0
    CONFIRMED = 1
    SETTLED = 2
    ENDED = 3


CYCLE_TABLE: dict[CycleStatus, dict[type[events.Event], CycleStatus]] = {
    CycleStatus.OPEN: {
        events.CycleCutOff: CycleStatus.CUT_OFF,
        events.CycleLapsed: CycleStatus.LAPSED,
    },
    CycleStatus.CUT_OFF: {
        events.ObligationsSetOff: CycleStatus.CUT_OFF,
        events.CycleCalculated: CycleStatus.CALCULATED,
        events.CycleLapsed: CycleStatus.LAPSED,
    },
    CycleStatus.CALCULATED: {
        events.CycleCalculated: CycleStatus.CALCULATED,
        events.CycleShort: CycleStatus.TOPPING_UP,
        events.CycleSettled: CycleStatus.SETTLED,
        events.CycleLapsed: CycleStatus.LAPSED,
    },
    CycleStatus.TOPPING_UP: {
        events.CycleCalculated: CycleStatus.TOPPING_UP,
        events.CycleSettled: CycleStatus.SETTLED,
        events.CycleLapsed: CycleStatus.LAPSED,
    },
}

OBLIGATION_TABLE: dict[ObligationStatus, dict[type[events.Event], ObligationStatus]] = {
    ObligationStatus.SUBMITTED: {
        events.ObligationConfirmed: ObligationStatus.CONFIRMED,
        events.ObligationsEnded: ObligationStatus.ENDED,
    },
    ObligationStatus.CONFIRMED: {
        events.CycleSettled: ObligationStatus.SETTLED,
        # Only where nothing is left of it.
        events.ObligationsSetOff: ObligationStatus.SETTLED,
        events.ObligationsEnded: ObligationStatus.ENDED,
    },
}


class Obligation:
    """What ``debtor`` owes ``creditor`` in a cycle; ``set_off_minor`` of it is discharged already."""

    __slots__ = (
        "amount_minor",
        "content",
        "creditor",
        "cycle",
        "debtor",
        "number",
        "priority",
        "reason",
        "reference",
        "sender",
        "set_off_minor",
        "status",
        "text",
    )

    def __init__(
        self,
        number: int,
        cycle: int,
        sender: int,
        reference: str,
        debtor: Account,
        creditor: Account,
        amount_minor: int,
        priority: int,
        content: bytes,
    ) -> None:
        self.number = number
        self.cycle = cycle
        #: The party that submitted it; the other one confirms.
        self.sender = sender
        self.reference = reference
        self.debtor = debtor
        self.creditor = creditor
        self.amount_minor = amount_minor
        self.priority = priority
        self.content = content
        self.set_off_minor = 0
        self.status = ObligationStatus.SUBMITTED
        #: Why it ended unsettled.
        self.reason = self.text = ""

    @property
    def left_minor(self) -> int:
        """What is not set off."""
        return self.amount_minor - self.set_off_minor

    def move(self, event_type: type[events.Event]) -> None:
        """Go where an event leads; raise LawBroken where the table knows no such move."""
        try:
            self.status = OBLIGATION_TABLE[self.status][event_type]
        except KeyError:
            raise LawBroken(
                f"{event_type.__name__} cannot happen to obligation {self.number}:"
                f" it is {self.status.name}"
            ) from None


class Cycle:
    """One netting cycle; obligations by number, in the order in which they were submitted."""

    __slots__ = (
        "books",
        "cut_off_ns",
        "name",
        "number",
        "obligations",
        "positions",
        "status",
        "top_up_ns",
        "until_ns",
    )

    def __init__(
        self, number: int, name: str, books: tuple[Book, ...], cut_off_ns: int, top_up_ns: int
    ) -> None:
        self.number = number
        self.name = name
        self.books = books
        self.cut_off_ns = cut_off_ns
        self.top_up_ns = top_up_ns
        #: End of the top-up window, 0 before there is one.
        self.until_ns = 0
        self.status = CycleStatus.OPEN
        self.obligations: dict[int, Obligation] = {}
        #: Net position of each account over what is confirmed and has not ended: kept up to date,
        #: because every submission asks for it. Derived.
        self.positions: dict[Account, int] = {}

    @property
    def is_running(self) -> bool:
        """True until it has settled or lapsed."""
        return self.status in CYCLE_TABLE

    def move(self, event_type: type[events.Event]) -> None:
        """Go where an event leads; raise LawBroken where the table knows no such move."""
        try:
            self.status = CYCLE_TABLE[self.status][event_type]
        except KeyError:
            raise LawBroken(
                f"{event_type.__name__} cannot happen to cycle {self.number}: it is {self.status.name}"
            ) from None

    def count(self, obligation: Obligation, sign: int) -> None:
        """Let what is left of an obligation count in the positions, or with -1 no longer."""
        amount_minor = sign * obligation.left_minor
        for account, moved in (
            (obligation.debtor, -amount_minor),
            (obligation.creditor, amount_minor),
        ):
            position = self.positions.get(account, 0) + moved
            if position:
                self.positions[account] = position
            else:
                self.positions.pop(account, None)

    def confirmed(self) -> list[Obligation]:
        """Return what counts: confirmed, and neither settled nor ended."""
        return [o for o in self.obligations.values() if o.status == ObligationStatus.CONFIRMED]
