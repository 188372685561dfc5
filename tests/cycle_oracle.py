"""The reference model of netting cycles: everything summed anew each time, one step at a time.

It is mixed into ``oracle.Oracle`` and shares its plain accounts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from paritas.model import commands as c

AMOUNT_MAX = 10**18 - 1
Answer = list[tuple[Any, ...]]


@dataclass
class Debt:
    number: int
    cycle: int
    sender: int
    reference: str
    debtor: int
    creditor: int
    amount: int
    priority: int
    content: bytes
    off: int = 0
    status: str = "submitted"


@dataclass
class Round:
    name: str
    books: tuple[int, ...]
    cut_off_ns: int
    top_up_ns: int
    status: str = "open"
    until_ns: int = 0
    debts: dict[int, Debt] = field(default_factory=dict)


def refused(reason: str) -> Answer:
    return [("CommandRefused", reason)]


class CycleOracle:
    accounts: dict[int, Any]
    books: dict[int, Any]

    def __init__(self) -> None:
        self.rounds: dict[int, Round] = {}
        self.debts: dict[int, Debt] = {}
        self.caps: dict[int, int] = {}

    def speaks_for(self, actor: int, party: int) -> bool:
        raise NotImplementedError

    def sound(self, leg: Any) -> str | None:
        raise NotImplementedError

    def floor(self, number: int, priority: int) -> int:
        raise NotImplementedError

    def wake(self, account: int) -> None:
        raise NotImplementedError

    # --- sums

    def net(self, debts: list[Debt]) -> dict[int, int]:
        accounts = {a for debt in debts for a in (debt.debtor, debt.creditor)}
        net = {
            a: sum(d.amount - d.off for d in debts if d.creditor == a)
            - sum(d.amount - d.off for d in debts if d.debtor == a)
            for a in sorted(accounts)
        }
        return {a: x for a, x in net.items() if x}

    def counting(self, round_: Round) -> list[Debt]:
        return [debt for debt in round_.debts.values() if debt.status == "confirmed"]

    def lack(self, debts: list[Debt]) -> dict[int, int]:
        lacks = {}
        for a, x in self.net(debts).items():
            left = self.accounts[a].balance + x - self.floor(a, 0)
            if x < 0 and left < 0:
                lacks[a] = left
        return lacks

    # --- commands

    def do_OpenCycle(self, s: c.OpenCycle) -> Answer:
        if s.actor:
            return refused("AG01")
        running = ("open", "cut off", "calculated", "topping up")
        if not s.name or any(
            r.name == s.name and r.status in running for r in self.rounds.values()
        ):
            return refused("NARR")
        if not s.books or len(set(s.books)) < len(s.books) or not set(s.books) <= set(self.books):
            return refused("AM03")
        if s.cut_off_ns <= s.at_ns or s.top_up_ns < 0:
            return refused("DT01")
        number = len(self.rounds) + 1
        self.rounds[number] = Round(s.name, s.books, s.cut_off_ns, s.top_up_ns)
        return [("CycleOpened", number)]

    def do_SetDebitCap(self, s: c.SetDebitCap) -> Answer:
        if s.account not in self.accounts:
            return refused("AC01")
        if s.actor != self.books[self.accounts[s.account].book].issuer:
            return refused("AG01")
        if not -1 <= s.cap_minor <= AMOUNT_MAX:
            return refused("AM12")
        self.caps.pop(s.account, None)
        if s.cap_minor >= 0:
            self.caps[s.account] = s.cap_minor
        return [("Recorded", 0)]

    def do_SubmitObligation(self, s: c.SubmitObligation) -> Answer:
        if s.cycle not in self.rounds:
            return refused("NARR")
        reason = self.sound(s.leg)
        if reason:
            return refused(reason)
        debtor, creditor = self.accounts[s.leg.payer], self.accounts[s.leg.payee]
        if s.sender not in (debtor.party, creditor.party):
            return refused("AGNT")
        if not self.speaks_for(s.actor, s.sender):
            return refused("AG01")
        what = (s.cycle, s.leg.payer, s.leg.payee, s.leg.amount_minor, s.priority, s.content)
        for d in self.debts.values():
            if (d.sender, d.reference) == (s.sender, s.reference):
                known = (d.cycle, d.debtor, d.creditor, d.amount, d.priority, d.content)
                return [] if known == what else refused("DU03")
        if s.priority not in (0, 1, 2):
            return refused("FF01")
        round_ = self.rounds[s.cycle]
        if debtor.book not in round_.books:
            return refused("AM03")
        number = len(self.debts) + 1
        debt = Debt(number, s.cycle, s.sender, s.reference, *what[1:])
        reason = self.not_taken(round_, debt, s.at_ns)
        if reason:
            return refused(reason)
        self.debts[number] = round_.debts[number] = debt
        return [("ObligationSubmitted", number)]

    def not_taken(self, round_: Round, debt: Debt, at_ns: int) -> str | None:
        if round_.status != "open" or at_ns >= round_.cut_off_ns:
            return "TM01"
        if self.accounts[debt.debtor].suspended or self.accounts[debt.creditor].suspended:
            return "AG10"
        others = [d for d in self.counting(round_) if d is not debt]
        owes = debt.amount - self.net(others).get(debt.debtor, 0)
        return "AM02" if owes > self.caps.get(debt.debtor, owes) else None

    def do_ConfirmObligation(self, s: c.ConfirmObligation) -> Answer:
        debt = self.debts.get(s.number)
        if debt is None or debt.status != "submitted":
            return refused("NARR")
        parties = [self.accounts[a].party for a in (debt.debtor, debt.creditor)]
        parties.remove(debt.sender)
        if not self.speaks_for(s.actor, parties[0]):
            return refused("AG01")
        reason = self.not_taken(self.rounds[debt.cycle], debt, s.at_ns)
        if reason:
            return refused(reason)
        debt.status = "confirmed"
        return [("ObligationConfirmed", debt.number)]

    def do_WithdrawObligation(self, s: c.WithdrawObligation) -> Answer:
        debt = self.debts.get(s.number)
        if debt is None or debt.status != "submitted":
            return refused("NARR")
        parties = [self.accounts[a].party for a in (debt.debtor, debt.creditor)]
        if not any(self.speaks_for(s.actor, party) for party in parties):
            return refused("AG01")
        return self.end([debt], "DS02")

    def end(self, debts: list[Debt], reason: str) -> Answer:
        for debt in debts:
            debt.status = "ended"
        numbers = tuple(sorted(debt.number for debt in debts))
        return [("ObligationsEnded", numbers, reason)] if numbers else []

    def in_status(self, s: Any, *wanted: str) -> str | None:
        if s.actor:
            return "AG01"
        return None if s.cycle in self.rounds and self.rounds[s.cycle].status in wanted else "NARR"

    def do_CutOffCycle(self, s: c.CutOffCycle) -> Answer:
        reason = self.in_status(s, "open")
        if reason:
            return refused(reason)
        round_ = self.rounds[s.cycle]
        round_.status = "cut off"
        single = [d for d in round_.debts.values() if d.status == "submitted"]
        return [("CycleCutOff", s.cycle), *self.end(single, "TM01")]

    def do_ProposeSetoff(self, s: c.ProposeSetoff) -> Answer:
        reason = self.in_status(s, "cut off")
        if reason:
            return refused(reason)
        counting = self.counting(self.rounds[s.cycle])
        for part in s.parts:
            fits = [
                d
                for d in counting
                if d.number == part.number and 0 < part.amount_minor <= d.amount - d.off
            ]
            if not fits or sum(other.number == part.number for other in s.parts) > 1:
                return refused("NARR")
        before = self.net(counting)
        for part in s.parts:
            self.debts[part.number].off += part.amount_minor
        if self.net(counting) != before or not s.parts:
            for part in s.parts:
                self.debts[part.number].off -= part.amount_minor
            return refused("AM09")
        for debt in counting:
            if debt.off == debt.amount:
                debt.status = "settled"
        return [("ObligationsSetOff", s.cycle)]

    def do_CalculateCycle(self, s: c.CalculateCycle) -> Answer:
        reason = self.in_status(s, "cut off")
        if reason:
            return refused(reason)
        round_ = self.rounds[s.cycle]
        round_.status = "calculated"
        return [("CycleCalculated", s.cycle, tuple(self.net(self.counting(round_)).items()))]

    def do_SettleCycle(self, s: c.SettleCycle) -> Answer:
        reason = self.in_status(s, "calculated", "topping up")
        if reason:
            return refused(reason)
        round_ = self.rounds[s.cycle]
        if any(self.books[b].state not in ("open", "cut off") for b in round_.books):
            return refused("TM01")
        kept = self.counting(round_)
        stopped = [
            d
            for d in kept
            if self.accounts[d.debtor].suspended or self.accounts[d.creditor].suspended
        ]
        kept = [d for d in kept if d not in stopped]
        until_ns = round_.until_ns or min(
            [s.at_ns + round_.top_up_ns, *(self.books[b].closes_ns for b in round_.books)]
        )
        lacks = self.lack(kept)
        if lacks and s.at_ns < until_ns:
            if round_.status == "topping up":
                return refused("AM04")
            round_.status, round_.until_ns = "topping up", until_ns
            return [("CycleShort", s.cycle, until_ns, tuple(lacks.items()))]
        short: list[Debt] = []
        while lacks := self.lack(kept):
            # Any short account will do: the outcome is the same.
            account = max(lacks, key=lambda a: (a % 3, a))
            owed = [d for d in kept if d.debtor == account]
            last = max(owed, key=lambda d: (d.priority, d.number))
            kept.remove(last)
            short.append(last)
        ended = [*self.end(stopped, "AG10"), *self.end(short, "AM04")]
        positions = tuple(self.net(kept).items())
        again = [("CycleCalculated", s.cycle, positions)] if ended else []
        self.pay(positions)
        for debt in kept:
            debt.status = "settled"
        round_.status = "settled"
        return [*ended, *again, ("CycleSettled", s.cycle, positions)]

    def pay(self, positions: tuple[tuple[int, int], ...]) -> None:
        for a, net in positions:
            account = self.accounts[a]
            account.balance += net
            if net < 0:
                urgent, high = account.reserved
                used = min(urgent, -net)
                account.reserved = (urgent - used, high - min(high, -net - used))
        for a, _ in positions:
            self.wake(a)

    def lapse(self, book: int) -> Answer:
        events: Answer = []
        for number, round_ in self.rounds.items():
            if book in round_.books and round_.status not in ("settled", "lapsed"):
                alive = [d for d in round_.debts.values() if d.status in ("submitted", "confirmed")]
                events += self.end(alive, "AB03")
                events.append(("CycleLapsed", number))
                round_.status = "lapsed"
        return events
