"""What a solver proposes: checked exactly, cut down to what is feasible, settled in one event.

The solver saw an earlier state. What is gone since is taken out; then, as long as an account would
end short, the least urgent and latest instruction that debits such an account is dropped, and with
it what stands behind it in strict lines (DESIGN, section 6). Each instruction is dropped at most
once and each account keeps its chosen instructions in order, so the check is near linear in the
legs: it stands in the settling path.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence

from paritas.core.state import Account, State, Waiting
from paritas.core.waiting import refuse
from paritas.model.commands import OPERATOR, BeginClearing, ProposeSettlement
from paritas.model.events import AnyEvent, Recorded, SetSettled
from paritas.model.instructions import Scope
from paritas.model.reasons import Reason

#: Priority, rank and number of an instruction: the more urgent and the earlier first.
Order = tuple[int, int, int]


def begin(state: State, command: BeginClearing) -> Sequence[AnyEvent]:
    """Mark the state that a solver is given; the mark changes nothing but the count of them."""
    if command.actor != OPERATOR:
        return refuse(Reason.AG01, "Only the operator of the scheme has the queue cleared.")
    if command.scope not in tuple(Scope):
        return refuse(Reason.NARR, f"Scope {command.scope} is none of 0, 1, 2, 3.")
    return (Recorded(state.clearings + 1),)


def propose(state: State, command: ProposeSettlement) -> Sequence[AnyEvent]:
    """Settle what of the proposed set can settle together now; an empty rest is refused."""
    if command.actor != OPERATOR:
        return refuse(
            Reason.AG01, "Only the operator of the scheme proposes what settles together."
        )
    if not 0 <= command.clearing <= state.clearings:
        return refuse(Reason.NARR, f"There was no clearing {command.clearing}.")
    proposed = _Proposed(state, command.numbers)
    proposed.drop_out_of_turn()
    proposed.drop_until_funded()
    if not proposed.chosen:
        return refuse(Reason.AM04, "Nothing of the proposed set can settle now.")
    return (SetSettled(tuple(sorted(proposed.chosen))),)


def order(waiting: Waiting) -> Order:
    """Return the place of an instruction among all that wait."""
    return (waiting.priority, waiting.rank, waiting.number)


class _Proposed:
    """A set of waiting instructions, what it would leave on each account, and who pays there."""

    def __init__(self, state: State, numbers: Sequence[int]) -> None:
        self.state = state
        self.chosen: dict[int, Waiting] = {}
        for number in numbers:
            waiting = state.queue.get(state.joined.get(number, number))
            if waiting is not None and waiting.due:
                self.chosen[waiting.number] = waiting
        #: What each account would gain by all chosen legs together.
        self.net: dict[Account, int] = {}
        #: The chosen ones that debit each account, in order; dropped ones stay until they are last.
        self.payers: dict[Account, list[Order]] = {}
        for waiting in self.chosen.values():
            for payer, payee, amount_minor in waiting.legs:
                self.net[payer] = self.net.get(payer, 0) - amount_minor
                self.net[payee] = self.net.get(payee, 0) + amount_minor
            for account, _ in waiting.outflows:
                self.payers.setdefault(account, []).append(order(waiting))
        for line in self.payers.values():
            line.sort()

    def drop_out_of_turn(self) -> None:
        """Drop what a strict line holds back behind an instruction that is not chosen."""
        for account in list(self.payers):
            first = self._first_not_chosen(account)
            if first is not None:
                self._drop_behind(account, first)

    def _first_not_chosen(self, account: Account) -> Order | None:
        for priority, line in enumerate(account.lines):
            if self.state.strict(priority):
                for rank, number, _ in line:
                    if number not in self.chosen:
                        return (priority, rank, number)
        return None

    def drop_until_funded(self) -> None:
        """Drop, again and again, the last of all that debit a short account."""
        #: The last chosen one of each account that was found short, the very last first.
        last: list[tuple[int, int, int, int]] = []
        accounts = {account.number: account for account in self.net}

        def look_at(account: Account) -> None:
            entry = self._last(account)
            if entry is not None and self._is_short(account, entry[0]):
                priority, rank, number = entry
                heapq.heappush(last, (-priority, -rank, -number, account.number))

        for account in self.net:
            look_at(account)
        while last:
            priority, rank, number, at = heapq.heappop(last)
            account = accounts[at]
            found = self._last(account)
            if found is None or not self._is_short(account, found[0]):
                continue
            if found != (-priority, -rank, -number):
                look_at(account)
                continue
            for touched in self._drop(self.chosen[found[2]]):
                look_at(touched)

    def _last(self, account: Account) -> Order | None:
        line = self.payers.get(account)
        while line and line[-1][2] not in self.chosen:
            line.pop()
        return line[-1] if line else None

    def _is_short(self, account: Account, least_urgent: int) -> bool:
        """Say whether it would end below the floor of the least urgent that debits it.

        So funds that are reserved for a priority pay for nothing less urgent.
        """
        net = self.net[account]
        return net < 0 and account.balance_minor + net < account.floors[least_urgent]

    def _drop(self, waiting: Waiting) -> dict[Account, None]:
        """Drop an instruction and all that may not go without it; return the accounts touched."""
        touched: dict[Account, None] = {}
        dropped = [waiting]
        del self.chosen[waiting.number]
        while dropped:
            gone = dropped.pop()
            for payer, payee, amount_minor in gone.legs:
                self.net[payer] += amount_minor
                self.net[payee] -= amount_minor
                touched[payer] = touched[payee] = None
            if self.state.strict(gone.priority):
                for account, _ in gone.outflows:
                    dropped += self._take_behind(account, order(gone))
        return touched

    def _take_behind(self, account: Account, place: Order) -> list[Waiting]:
        line = self.payers[account]
        start = bisect_right(line, place)
        behind = [entry[2] for entry in line[start:] if entry[2] in self.chosen]
        del line[start:]
        return [self.chosen.pop(number) for number in behind]

    def _drop_behind(self, account: Account, place: Order) -> None:
        for waiting in self._take_behind(account, place):
            self.chosen[waiting.number] = waiting
            self._drop(waiting)
