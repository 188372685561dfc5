"""What follows from the events: entries on accounts, times, and balances at each close.

A view is told of every command and its events, in order, and never speaks to the engine. It keeps
what notifications, statements and the report are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from paritas.core.lifecycle import Status
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.instructions import Leg, Position, Scope


class Posting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One movement on one account: leg ``leg`` of instruction ``number``, seen from the account."""

    number: int
    leg: int
    is_credit: bool
    amount_minor: int
    at_ns: int
    #: The netting cycle whose net amount it is, 0 for a leg of an instruction.
    cycle: int = 0


class AccountDay(msgspec.Struct, gc=False):
    """An account on one business date of its book."""

    account: int
    date: int
    opening_minor: int
    closing_minor: int
    limit_minor: int
    available_minor: int
    #: The lowest balance of the day.
    lowest_minor: int
    postings: list[Posting]


class DayView:
    """Follows the events of a run."""

    def __init__(self, state: State) -> None:
        self._state = state
        #: number -> moment; for a half of a trade ``accepted_ns`` is when its partner had come.
        self.received_ns: dict[int, int] = {}
        self.accepted_ns: dict[int, int] = {}
        self.settled_ns: dict[int, int] = {}
        self.ended_ns: dict[int, int] = {}
        self.partner: dict[int, int] = {}
        #: account -> its present day.
        self._days: dict[int, AccountDay] = {}
        self.closed: list[AccountDay] = []
        #: (book, moment) of each close.
        self.closes: list[tuple[int, int]] = []
        #: What waited when a solver was given the queue, what it let settle together and when, and
        #: the proofs of its answers.
        self.considered: set[int] = set()
        self.cleared_sets: list[tuple[int, tuple[int, ...]]] = []
        self.proofs: list[bytes] = []
        #: Cycle -> when and what it settled, and what was lacking when its window began.
        self.cycle_settled: dict[int, tuple[int, tuple[Position, ...]]] = {}
        self.cycle_lacks: dict[int, tuple[Position, ...]] = {}

    def follow(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> None:
        """Take note of what a command led to."""
        at_ns = command.at_ns
        if isinstance(command, c.ProposeSettlement) and command.clearing:
            self.proofs.append(command.certificate)
            sets = (event.numbers for event in events if isinstance(event, e.SetSettled))
            self.cleared_sets += [(at_ns, numbers) for numbers in sets]
        for event in events:
            kind = type(event)
            if kind is e.Recorded:
                if isinstance(command, c.CloseBook):
                    self.closes.append((command.book, at_ns))
                    self._close(command.book)
                elif isinstance(command, c.BeginClearing):
                    self._consider(command.scope)
            elif kind is e.InstructionSettled:
                assert isinstance(event, e.InstructionSettled)
                number = event.number
                self.received_ns[number] = self.accepted_ns[number] = at_ns
                self._settle(number, at_ns)
            elif kind is e.InstructionQueued:
                assert isinstance(event, e.InstructionQueued)
                self.received_ns[event.number] = self.accepted_ns[event.number] = at_ns
            elif kind is e.InstructionRefused:
                assert isinstance(event, e.InstructionRefused)
                self.received_ns[event.number] = self.ended_ns[event.number] = at_ns
            elif kind is e.QueuedSettled:
                assert isinstance(event, e.QueuedSettled)
                self._settle(event.number, at_ns)
            else:
                self._follow_rare(event, at_ns)

    def _follow_rare(self, event: e.AnyEvent, at_ns: int) -> None:
        if isinstance(event, e.SidesMatched):
            self.partner[event.first] = event.second
            self.accepted_ns[event.first] = self.accepted_ns[event.second] = at_ns
        elif isinstance(event, e.SetSettled):
            # All of it moves at once: no account is ever as low as between two of its legs.
            paid = {each: None for number in event.numbers for each in self._book(number, at_ns)}
            self._note_lowest(paid)
        elif isinstance(event, e.CycleSettled):
            self._settle_cycle(event, at_ns)
        elif isinstance(event, e.CycleShort):
            self.cycle_lacks[event.cycle] = event.lacks
        elif isinstance(event, e.QueuedRefused | e.QueuedCancelled):
            for side in (event.number, self.partner.get(event.number)):
                if side is not None:
                    self.ended_ns[side] = at_ns

    def _consider(self, scope: int) -> None:
        """Beginning a clearing changes nothing, so the state still is what the solver is given."""
        self.considered.update(
            waiting.number
            for waiting in self._state.queue.values()
            if waiting.due and scope in (waiting.priority, Scope.ALL)
        )

    def _settle_cycle(self, event: e.CycleSettled, at_ns: int) -> None:
        """One posting on each account: the net of all that it owed and was owed."""
        self.cycle_settled[event.cycle] = at_ns, event.positions
        for position in event.positions:
            net_minor = position.net_minor
            day = self._day(position.account)
            posting = Posting(0, 0, net_minor > 0, abs(net_minor), at_ns, event.cycle)
            day.postings.append(posting)
            day.closing_minor += net_minor
            day.lowest_minor = min(day.lowest_minor, day.closing_minor)

    def _settle(self, number: int, at_ns: int) -> None:
        self._note_lowest(self._book(number, at_ns))

    def _note_lowest(self, accounts: Iterable[int]) -> None:
        for account in accounts:
            day = self._days[account]
            day.lowest_minor = min(day.lowest_minor, day.closing_minor)

    def _book(self, number: int, at_ns: int) -> dict[int, None]:
        """Post the legs of what settled and return the accounts that paid."""
        command = self._state.instructions[number]
        assert command is not None
        self.settled_ns[number] = at_ns
        second = self.partner.get(number)
        if second is not None:
            self.settled_ns[second] = at_ns
        legs = command.legs
        for index, leg in enumerate(legs):
            # The second leg of a trade is told in the words of its own payer's message.
            told = second if index and second is not None else number
            self._post(leg, Posting(told, index, False, leg.amount_minor, at_ns))
        return {leg.payer: None for leg in legs}

    def _post(self, leg: Leg, debit: Posting) -> None:
        payer, payee = self._day(leg.payer), self._day(leg.payee)
        payer.postings.append(debit)
        payer.closing_minor -= leg.amount_minor
        payee.postings.append(msgspec.structs.replace(debit, is_credit=True))
        payee.closing_minor += leg.amount_minor

    def _day(self, account: int) -> AccountDay:
        day = self._days.get(account)
        if day is None:
            day = self._days[account] = self._new_day(account)
        return day

    def _new_day(self, number: int) -> AccountDay:
        """Begin an account's day at the balance that it will have before its first posting.

        The view hears of an event after the state has changed, so only ``begin`` may ask the
        state; a later day begins where the day before it ended.
        """
        account = self._state.accounts[number]
        balance = account.balance_minor
        return AccountDay(
            number, account.book.date, balance, balance, account.limit_minor, 0, balance, []
        )

    def closed_days(self, account: int) -> list[AccountDay]:
        """Return the business dates of an account that have ended, in order."""
        return [day for day in self.closed if day.account == account]

    def present_day(self, number: int) -> AccountDay:
        """Return a copy of an account's present business date, as far as it has come."""
        account = self._state.accounts[number]
        day = self._day(number)
        return msgspec.structs.replace(
            day,
            date=account.book.date,
            available_minor=account.balance_minor - account.floors[0],
            limit_minor=account.limit_minor,
            postings=list(day.postings),
        )

    def begin(self) -> None:
        """Take the opening balances, once the scheme is set up and before anything settles."""
        for number in self._state.accounts:
            self._day(number)

    def _close(self, book_number: int) -> None:
        book = self._state.books[book_number]
        for account in book.accounts:
            day = self._day(account.number)
            day.date = book.date
            day.available_minor = account.balance_minor - account.floors[0]
            day.limit_minor = account.limit_minor
            self.closed.append(day)
            closing = day.closing_minor
            self._days[account.number] = AccountDay(
                account.number, book.date, closing, closing, account.limit_minor, 0, closing, []
            )

    def status_of(self, number: int) -> tuple[Status, str, str]:
        """Return (status, reason, sentence) of an instruction at the present state."""
        reason, text = self._state.reasons.get(number, ("", ""))
        return Status(self._state.statuses[number]), reason, text
