"""Random commands about netting cycles, guided by where each cycle stands, at the edges of its rules."""

from __future__ import annotations

from random import Random

from paritas.core.obligations import Cycle, CycleStatus, ObligationStatus
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model.instructions import Leg, Part

HOUR_NS = 3_600_000_000_000


class CycleWishes:
    def __init__(self, random: Random, state: State, *, may_pass_time: bool = False) -> None:
        """``may_pass_time`` lets a top-up window pass at once, whatever else that ends."""
        self.may_pass_time = may_pass_time
        self.random = random
        self.state = state
        self.count = 0

    def next(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        running = self.state.running_cycles()
        if r.random() < 0.08:
            return self.cap(at_ns)
        if not running or (len(running) < 2 and r.random() < 0.1):
            return self.open(at_ns)
        cycle = r.choice(running)
        if cycle.status == CycleStatus.OPEN:
            if r.random() < 0.06:
                return c.CutOffCycle(at_ns, r.choice((0, 0, 0, 4)), b"", cycle.number)
            return self.obligation(at_ns, cycle)
        number = cycle.number if r.random() < 0.97 else 99
        actor = r.choice((0, 0, 0, 0, 0, 5))
        if cycle.status == CycleStatus.CUT_OFF:
            if r.random() < 0.6:
                return self.setoff(at_ns, actor, cycle)
            return c.CalculateCycle(at_ns, actor, b"", number)
        if r.random() < 0.5:
            return c.SettleCycle(at_ns, actor, b"", number)
        if r.random() < 0.3 and self.may_pass_time:
            return c.SettleCycle(max(at_ns, cycle.until_ns), 0, b"", number)
        return self.top_up(at_ns, cycle)

    def open(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        books = r.sample(list(self.state.books), r.choice((1, 2, 2, 3)))
        if r.random() < 0.1:
            books.append(r.choice((books[0], 99)))
        return c.OpenCycle(
            at_ns,
            r.choice((0, 0, 0, 0, 4)),
            b"",
            r.choice(("noon", "evening", "evening", "")),
            tuple(books),
            at_ns + r.choice((HOUR_NS, HOUR_NS, HOUR_NS // 60, 0)),
            r.choice((0, HOUR_NS // 10, HOUR_NS // 60, -1)),
        )

    def cap(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        account = r.choice(list(self.state.accounts.values()))
        actor = account.book.issuer.number if r.random() < 0.9 else 0
        number = account.number if r.random() < 0.95 else 999
        return c.SetDebitCap(at_ns, actor, b"", number, r.choice((0, 50, 100, 150, -1, -1, -2)))

    def obligation(self, at_ns: int, cycle: Cycle) -> c.AnyCommand:
        r = self.random
        waits = [o for o in cycle.obligations.values() if o.status == ObligationStatus.SUBMITTED]
        if waits and r.random() < 0.5:
            some = r.choice(waits)
            parties = (some.debtor.party.number, some.creditor.party.number)
            other = next(party for party in parties if party != some.sender)
            actor = other if r.random() < 0.92 else r.choice(list(self.state.parties))
            if r.random() < 0.1:
                return c.WithdrawObligation(at_ns, actor, b"", some.number)
            number = some.number if r.random() < 0.95 else 10**6
            return c.ConfirmObligation(at_ns, actor, b"", number)
        book = r.choice(cycle.books) if r.random() < 0.97 else self.state.books[1]
        debtor, creditor = r.sample(book.accounts, 2)
        cap = self.state.debit_caps.get(debtor.number, 60)
        room = debtor.balance_minor - debtor.floors[0]
        amount = r.choice((cap, cap + 1, room, room + 1, 1, 40, 90, 0, r.randint(1, 120)))
        sender = r.choice((debtor, creditor)).party.number
        if r.random() < 0.04:
            sender = r.choice((0, 4, 5))
        actor = sender if r.random() < 0.95 else r.choice(list(self.state.parties))
        self.count += r.random() < 0.95
        return c.SubmitObligation(
            at_ns,
            actor,
            b"",
            cycle.number if r.random() < 0.98 else 99,
            sender,
            f"O{self.count}",
            Leg(debtor.number, creditor.number, amount),
            r.choice((0, 1, 2, 2, 2, 3)) if r.random() < 0.5 else 2,
        )

    def setoff(self, at_ns: int, actor: int, cycle: Cycle) -> c.AnyCommand:
        """Look for a ring of two or three debts and set off the least of them; or nearly."""
        r = self.random
        debts = cycle.confirmed()
        rings = [
            ring
            for a in debts
            for b in debts
            for ring in ([(a, b)] if a.debtor is b.creditor else [(a, b, x) for x in debts])
            if len(set(ring)) == len(ring)
            and all(x.creditor is y.debtor for x, y in zip(ring, (*ring[1:], ring[0]), strict=True))
        ]
        if not rings:
            parts = tuple(Part(d.number, d.left_minor) for d in debts[:2])
            return c.ProposeSetoff(at_ns, actor, b"", cycle.number, parts)
        ring = r.choice(rings)
        amount = min(d.left_minor for d in ring) + r.choice((0, 0, 0, 0, 1))
        parts = tuple(Part(d.number, amount) for d in ring)
        if r.random() < 0.1:
            parts = (*parts, parts[0])
        if r.random() < 0.1:
            parts = (Part(parts[0].number, max(1, amount - 1)), *parts[1:])
        return c.ProposeSetoff(at_ns, actor, b"", cycle.number, parts)

    def top_up(self, at_ns: int, cycle: Cycle) -> c.AnyCommand:
        r = self.random
        owing = [account for account, net in cycle.positions.items() if net < 0]
        account = r.choice(owing or list(self.state.accounts.values()))
        issuer = account.book.issuer.number
        if r.random() < 0.2:
            return c.SuspendMember(at_ns, issuer, b"", account.number)
        lack = account.floors[0] - account.balance_minor - cycle.positions.get(account, 0)
        if lack > 0 and r.random() < 0.5:
            return c.IssueMoney(at_ns, issuer, b"", account.number, lack - r.choice((0, 0, 1)) or 1)
        free = account.balance_minor - account.floors[0] - account.limit_minor
        if free > 0:
            return c.RedeemMoney(at_ns, issuer, b"", account.number, r.randint(1, free))
        return c.ReinstateMember(at_ns, issuer, b"", account.number)
