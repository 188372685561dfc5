"""The reference model: what the engine must do, written for clarity and with no care for speed.

It shares the commands with the engine and nothing else. It keeps plain dictionaries, derives
every line, floor and due instruction from scratch each time it is asked, and answers a command
with tuples ``(what, number, reason)``. Property tests and the crash test compare the engine with
it, event by event and balance by balance.
"""

from __future__ import annotations

import copy
import hashlib
import typing
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cycle_oracle import CycleOracle
from paritas.model import commands as c

AMOUNT_MAX = 10**18 - 1
CHANGES = typing.get_args(c.AnyChange)


@dataclass
class Account:
    book: int
    party: int
    balance: int = 0
    limit: int = 0
    reserved: tuple[int, int] = (0, 0)
    suspended: bool = False


@dataclass
class Book:
    currency: str
    issuer: int
    date: int
    state: str = "closed"  # closed, open, cut off, ended
    closes_ns: int = 0
    issued: int = 0
    rate: tuple[int, int] = (0, 1)


@dataclass
class Item:
    number: int
    rank: int
    priority: int
    date: int
    legs: list[tuple[int, int, int]]
    trade: tuple[Any, ...] | None
    partner: int = 0
    asked: set[int] = field(default_factory=set)


@dataclass
class Hold:
    leg: tuple[int, int, int]
    expires_ns: int
    decision: str = ""


@dataclass
class Change:
    proposer: int
    change: Any
    expires_ns: int
    #: (party, person, signed) of all who approved, and of who proposed with party -1.
    yes: list[tuple[int, bytes, bool]]


class Oracle(CycleOracle):
    def __init__(self) -> None:
        super().__init__()
        self.parties: dict[int, str] = {0: ""}
        self.members: set[int] = set()
        self.senders: set[tuple[int, int]] = set()
        self.books: dict[int, Book] = {}
        self.accounts: dict[int, Account] = {}
        self.dealers: dict[frozenset[int], int] = {}
        self.bypass, self.days_ahead = 1, 10
        self.instructions: dict[int, c.SubmitInstruction] = {}
        self.status: dict[int, str] = {}
        self.keys: dict[tuple[int, str], int] = {}
        self.queue: dict[int, Item] = {}
        self.rank_last = self.rank_first = 0
        self.holds: dict[int, Hold] = {}
        self.hold_keys: set[tuple[int, str]] = set()
        self.hold_last = 0
        self.decisions: dict[str, bool] = {}
        self.messages: dict[tuple[str, str, str], bytes] = {}
        self.edge_refusals = 0
        #: key -> (party, from, until)
        self.keys_known: dict[bytes, tuple[int, int, int]] = {}
        self.threshold = 0
        self.proofs = 0
        self.change_last = 0
        self.changes: dict[int, Change] = {}
        self.mandates: dict[tuple[int, int], int] = {}
        self.said: dict[int, tuple[str, str]] = {}
        #: number of the recall -> [instruction, payer, reference, answer, its reason]
        self.recalls: dict[int, list[Any]] = {}
        self.woken: list[int] = []
        self.lists: dict[int, dict[str, tuple[int, int, bytes] | None]] = {}
        self.list_version: dict[int, int] = {}
        self.homes: dict[int, set[int]] = {}
        self.verdicts: dict[int, list[Any]] = {}
        self.decided: dict[tuple[int, int], tuple[int, int]] = {}
        self.opinions: dict[tuple[int, int], dict[bytes, tuple[int, bool]]] = {}
        self.blocked: dict[int, int] = {}
        self.exempt: dict[tuple[int, bytes], list[Any]] = {}
        self.orders = 0
        self.clearings = 0

    # --- what is derived, from scratch each time

    def floor(self, number: int, priority: int) -> int:
        account = self.accounts[number]
        held = sum(hold.leg[2] for hold in self.holds.values() if hold.leg[0] == number)
        return held - account.limit + sum(account.reserved[:priority])

    def outflows(self, legs: list[tuple[int, int, int]]) -> dict[int, int]:
        touched = list(dict.fromkeys(a for payer, payee, _ in legs for a in (payer, payee)))
        net = {
            a: sum(x for p, _, x in legs if p == a) - sum(x for _, q, x in legs if q == a)
            for a in touched
        }
        return {a: x for a, x in net.items() if x > 0}

    def due(self, item: Item) -> bool:
        accounts = [self.accounts[a] for payer, payee, _ in item.legs for a in (payer, payee)]
        cleared = all(self.cleared(n) for n in (item.number, item.partner) if n)
        return (
            item.trade is None
            and cleared
            and all(
                self.books[a.book].state in ("open", "cut off")
                and self.books[a.book].date == item.date
                and not a.suspended
                for a in accounts
            )
        )

    def touched(self, number: int) -> set[int]:
        """The books whose lists bind: of every leg, and where every party is at home."""
        accounts = [
            self.accounts[a]
            for leg in self.instructions[number].legs
            for a in (leg.payer, leg.payee)
        ]
        home = set().union(*(self.homes.get(a.party, set()) for a in accounts))
        return {a.book for a in accounts} | home

    def cleared(self, number: int) -> bool:
        """Law 7, said once more: each jurisdiction that binds a list has let it through."""
        if any(n == number and what != 1 for (n, _), (what, _) in self.decided.items()):
            return False
        given = [v for v in self.verdicts.get(number, []) if self.lists.get(v.book)]
        for book in self.touched(number):
            if self.lists.get(book) and not any(v.book == book for v in given):
                return False
        return all(
            v.version == self.list_version[v.book]
            and (v.outcome == 0 or self.decided.get((number, v.book)) == (1, v.version))
            for v in given
        )

    def line(self, account: int, priority: int) -> list[Item]:
        items = [
            item
            for item in self.queue.values()
            if item.priority == priority and self.due(item) and account in self.outflows(item.legs)
        ]
        return sorted(items, key=lambda item: item.rank)

    def strict(self, priority: int) -> bool:
        return {0: True, 1: priority < 2, 2: False}[self.bypass]

    def behind(self, account: int, priority: int, rank: int) -> bool:
        """Is something strict in front of this place?"""
        return any(
            self.strict(p)
            and any(p < priority or item.rank < rank for item in self.line(account, p))
            for p in range(priority + 1)
        )

    def funded(self, legs: list[tuple[int, int, int]], priority: int) -> bool:
        return all(
            self.accounts[a].balance - x >= self.floor(a, priority)
            for a, x in self.outflows(legs).items()
        )

    def settles(self, item: Item) -> bool:
        return (
            self.due(item)
            and self.funded(item.legs, item.priority)
            and not any(self.behind(a, item.priority, item.rank) for a in self.outflows(item.legs))
        )

    # --- moving money and trying again

    def wake(self, account: int) -> None:
        if account not in self.woken and any(self.line(account, p) for p in (0, 1, 2)):
            self.woken.append(account)

    def move(self, legs: list[tuple[int, int, int]], priority: int) -> None:
        for payer, payee, amount in legs:
            self.accounts[payer].balance -= amount
            self.accounts[payee].balance += amount
        self.consume(legs, priority)

    def consume(self, legs: list[tuple[int, int, int]], priority: int) -> None:
        for a, amount in self.outflows(legs).items():
            urgent, high = self.accounts[a].reserved
            if priority == 0:
                used = min(urgent, amount)
                urgent, amount = urgent - used, amount - used
            if priority <= 1:
                high -= min(high, amount)
            self.accounts[a].reserved = (urgent, high)

    def take_out(self, item: Item, status: str) -> None:
        was_due = self.due(item)
        del self.queue[item.number]
        self.status[item.number] = status
        if item.partner:
            self.status[item.partner] = status
        if was_due:
            for a in self.outflows(item.legs):
                self.wake(a)

    def settle(self, item: Item) -> None:
        self.take_out(item, "settled")
        self.move(item.legs, item.priority)
        for payer, payee, _ in item.legs:
            self.wake(payer)
            self.wake(payee)

    def try_again(self) -> list[tuple[Any, ...]]:
        events = []
        while self.woken:
            account = self.woken.pop(0)
            for priority in (0, 1, 2):
                for item in self.line(account, priority):
                    if self.settles(item):
                        self.settle(item)
                        events.append(("QueuedSettled", item.number))
                    elif self.strict(priority):
                        break
                if self.strict(priority) and self.line(account, priority):
                    break
        return events

    # --- commands

    def apply(self, command: Any) -> list[tuple[Any, ...]]:
        events: list[tuple[Any, ...]] = []
        for number, hold in list(self.holds.items()):
            if not hold.decision and hold.expires_ns <= command.at_ns:
                del self.holds[number]
                self.wake(hold.leg[0])
                events.append(("HoldReleased", number))
        name = type(command).__name__
        routine = isinstance(command, c.LoadListVersion) and not command.insisted
        if self.threshold and isinstance(command, CHANGES) and not routine:
            events.append(("CommandRefused", "AG01"))
        else:
            events += getattr(self, "do_" + name)(command)
        return events + self.try_again()

    def speaks_for(self, actor: int, party: int) -> bool:
        return actor == party or (party, actor) in self.senders

    def sound(self, leg: Any) -> str | None:
        payer, payee = self.accounts.get(leg.payer), self.accounts.get(leg.payee)
        if payer is None or payee is None:
            return "AC01"
        if payer.book != payee.book:
            return "AM03"
        if leg.payer == leg.payee:
            return "AC01"
        if leg.amount_minor == 0:
            return "AM01"
        return None if 0 < leg.amount_minor <= AMOUNT_MAX else "AM12"

    def do_SubmitInstruction(self, s: c.SubmitInstruction) -> list[tuple[Any, ...]]:
        number = max(self.instructions, default=0) + 1
        key = (s.sender, s.reference)
        if s.sender in self.members and key in self.keys:
            first = self.instructions[self.keys[key]]
            same = [
                getattr(first, name) == getattr(s, name)
                for name in (
                    "legs",
                    "priority",
                    "value_date",
                    "uetr",
                    "content",
                    "trade",
                    "returns",
                )
            ]
            if all(same):
                return []
            reason: str | None = "DU03"
        else:
            reason = self.why_not(s)
        self.instructions[number] = s
        self.verdicts[number] = list(s.verdicts)
        if s.sender in self.members:
            self.keys.setdefault(key, number)
        if reason:
            self.status[number] = "refused"
            return [("InstructionRefused", number, reason)]
        legs = [(leg.payer, leg.payee, leg.amount_minor) for leg in s.legs]
        self.rank_last += 1
        trade = (s.trade, s.value_date, legs[0], legs[1]) if s.trade else None
        item = Item(number, self.rank_last, s.priority, s.value_date, legs, trade)
        if self.settles(item):
            self.rank_last -= 1
            self.status[number] = "settled"
            self.move(legs, s.priority)
            for payer, payee, _ in legs:
                self.wake(payer)
                self.wake(payee)
            return [("InstructionSettled", number)]
        self.queue[number] = item
        self.status[number] = "waiting"
        events: list[tuple[Any, ...]] = [("InstructionQueued", number)]
        if trade:
            for first_side in list(self.queue.values()):
                if first_side.trade == (s.trade, s.value_date, legs[1], legs[0]):
                    del self.queue[number]
                    first_side.trade = None
                    first_side.partner = number
                    first_side.priority = min(first_side.priority, s.priority)
                    for a in self.outflows(first_side.legs):
                        self.wake(a)
                    events.append(("SidesMatched", first_side.number, number))
                    break
        return events

    def why_not(self, s: c.SubmitInstruction) -> str | None:
        if s.sender not in self.members:
            return "DNOR"
        if not s.legs:
            return "AM12"
        if s.priority not in (0, 1, 2):
            return "FF01"
        for leg in s.legs:
            reason = self.sound(leg)
            if reason:
                return reason
        return self.not_entitled(s) or self.bad_side(s) or self.bad_return(s) or self.bad_day(s)

    def not_entitled(self, s: c.SubmitInstruction) -> str | None:
        if self.accounts[s.legs[0].payer].party != s.sender:
            return "AGNT"
        debited = s.legs[:1] if s.trade else s.legs
        if all(self.speaks_for(s.actor, self.accounts[leg.payer].party) for leg in debited):
            return None
        if not self.speaks_for(s.actor, s.sender):
            return self.no_mandate(s)
        if len(s.legs) != 2:
            return "AG01"
        pays, gets = s.legs
        dealer = self.accounts[pays.payee].party
        book_in, book_out = self.accounts[pays.payer].book, self.accounts[gets.payer].book
        if self.accounts[gets.payer].party != dealer:
            return "AG01"
        if self.dealers.get(frozenset((book_in, book_out))) != dealer or book_in == book_out:
            return "AG01"
        rate_in, rate_out = self.books[book_in].rate, self.books[book_out].rate
        if not rate_in[0] or not rate_out[0]:
            return "AM03"
        top, bottom = gets.amount_minor * rate_in[0] * rate_out[1], rate_in[1] * rate_out[0]
        quotient, remainder = divmod(top, bottom)
        return None if pays.amount_minor == quotient + (remainder > 0) else "AM09"

    def no_mandate(self, s: c.SubmitInstruction) -> str | None:
        collector = self.accounts[s.legs[0].payee].party
        alone = len(s.legs) == 1 and not s.trade and not s.returns
        if not alone or not self.speaks_for(s.actor, collector):
            return "AG01"
        key = (s.legs[0].payer, collector)
        if key not in self.mandates:
            return "MD01" if s.actor == collector else "AG01"
        return "AM02" if s.legs[0].amount_minor > self.mandates[key] else None

    def bad_side(self, s: c.SubmitInstruction) -> str | None:
        if not s.trade:
            return None
        if len(s.legs) != 2:
            return "AM09"
        own, other = s.legs
        if self.accounts[own.payer].party != self.accounts[other.payee].party:
            return "AGNT"
        if self.accounts[own.payee].party != self.accounts[other.payer].party:
            return "AGNT"
        return "AM03" if self.accounts[own.payer].book == self.accounts[other.payer].book else None

    def bad_return(self, s: c.SubmitInstruction) -> str | None:
        if not s.returns:
            return None
        if self.status.get(s.returns) != "settled":
            return "NARR"
        original = self.instructions[s.returns]
        if original.trade or len(original.legs) != len(s.legs):
            return "NARR"
        ways = [(leg.payee, leg.payer) for leg in original.legs]
        if [(leg.payer, leg.payee) for leg in s.legs] != ways[::-1]:
            return "AGNT"
        paid, back = original.legs[-1], s.legs[0]
        returned = sum(
            other.legs[0].amount_minor
            for n, other in self.instructions.items()
            if other.returns == s.returns and self.status[n] in ("settled", "waiting")
        )
        return "AM09" if returned + back.amount_minor > paid.amount_minor else None

    def bad_day(self, s: c.SubmitInstruction) -> str | None:
        accounts = [self.accounts[a] for leg in s.legs for a in (leg.payer, leg.payee)]
        if any(account.suspended for account in accounts):
            return "AG10"
        for leg in s.legs:
            book = self.books[self.accounts[leg.payer].book]
            if s.value_date < book.date:
                return "DT05"
            if s.value_date > book.date + self.days_ahead:
                return "DT04"
            late = book.state in ("cut off", "ended") or (
                book.state == "open" and s.at_ns >= book.closes_ns
            )
            if s.value_date == book.date and late:
                return "TM01"
        return None

    def own_item(self, s: Any) -> Item | list[tuple[Any, ...]]:
        for item in self.queue.values():
            if s.number in (item.number, item.partner) and s.number:
                instruction = self.instructions[s.number]
                if s.actor == instruction.actor or self.speaks_for(s.actor, instruction.sender):
                    return item
                return [("CommandRefused", "AG01")]
        return [("CommandRefused", "NARR")]

    def do_CancelInstruction(self, s: c.CancelInstruction) -> list[tuple[Any, ...]]:
        item = self.own_item(s)
        if isinstance(item, list):
            return item
        sides = {item.number, item.partner} - {0}
        if s.number in item.asked:
            return [("CommandRefused", "NARR")]
        if sides - item.asked - {s.number}:
            item.asked.add(s.number)
            return [("CancelAsked", s.number)]
        self.take_out(item, "cancelled")
        return [("QueuedCancelled", item.number)]

    def replace(self, item: Item, priority: int, rank: int) -> list[tuple[Any, ...]]:
        due, accounts = self.due(item), self.outflows(item.legs)
        del self.queue[item.number]
        if due:
            for a in accounts:
                self.wake(a)
        item.priority, item.rank = priority, rank
        self.queue[item.number] = item
        self.queue = dict(sorted(self.queue.items()))
        self.rank_last, self.rank_first = max(self.rank_last, rank), min(self.rank_first, rank)
        for a in accounts:
            self.wake(a)
        return [("QueueMoved", item.number, priority, rank)]

    def do_SetPriority(self, s: c.SetPriority) -> list[tuple[Any, ...]]:
        item = self.own_item(s)
        if isinstance(item, list):
            return item
        if s.priority not in (0, 1, 2):
            return [("CommandRefused", "FF01")]
        return self.replace(item, s.priority, self.rank_last + 1)

    def do_ReorderQueue(self, s: c.ReorderQueue) -> list[tuple[Any, ...]]:
        item = self.own_item(s)
        if isinstance(item, list):
            return item
        rank = self.rank_first - 1 if s.to_front else self.rank_last + 1
        return self.replace(item, item.priority, rank)

    def do_BeginClearing(self, s: c.BeginClearing) -> list[tuple[Any, ...]]:
        if s.actor:
            return [("CommandRefused", "AG01")]
        if s.scope not in (0, 1, 2, 3):
            return [("CommandRefused", "NARR")]
        self.clearings += 1
        return [("Recorded", self.clearings)]

    def do_ProposeSettlement(self, s: c.ProposeSettlement) -> list[tuple[Any, ...]]:
        if s.actor:
            return [("CommandRefused", "AG01")]
        if not 0 <= s.clearing <= self.clearings:
            return [("CommandRefused", "NARR")]
        chosen = [
            item
            for item in self.queue.values()
            if self.due(item) and {item.number, item.partner} & (set(s.numbers) - {0})
        ]
        chosen.sort(key=lambda item: (item.priority, item.rank))
        while True:
            for item in chosen:
                if self.blocked_outside(item, chosen):
                    chosen.remove(item)
                    break
            else:
                short = self.short_accounts(chosen)
                if not short:
                    break
                last = [item for item in chosen if set(self.outflows(item.legs)) & short][-1]
                chosen.remove(last)
        if not chosen:
            return [("CommandRefused", "AM04")]
        chosen.sort(key=lambda item: item.number)
        for item in chosen:
            self.take_out(item, "settled")
        for item in chosen:
            for payer, payee, amount in item.legs:
                self.accounts[payer].balance -= amount
                self.accounts[payee].balance += amount
        for a in dict.fromkeys(a for item in chosen for p, q, _ in item.legs for a in (p, q)):
            self.wake(a)
        for item in chosen:
            self.consume(item.legs, item.priority)
            if item.priority != 2:
                for a in self.outflows(item.legs):
                    self.wake(a)
        return [("SetSettled", *(item.number for item in chosen))]

    def blocked_outside(self, item: Item, chosen: list[Item]) -> bool:
        return any(
            other not in chosen
            for a in self.outflows(item.legs)
            for p in range(item.priority + 1)
            if self.strict(p)
            for other in self.line(a, p)
            if p < item.priority or other.rank < item.rank
        )

    def short_accounts(self, chosen: list[Item]) -> set[int]:
        everything = [leg for item in chosen for leg in item.legs]
        short = set()
        for a, amount in self.outflows(everything).items():
            priorities = [item.priority for item in chosen if a in self.outflows(item.legs)]
            if priorities and self.accounts[a].balance - amount < self.floor(a, max(priorities)):
                short.add(a)
        return short

    def do_OfferHold(self, s: c.OfferHold) -> list[tuple[Any, ...]]:
        reason = self.sound(s.leg)
        if reason:
            return [("CommandRefused", reason)]
        payer, payee = self.accounts[s.leg.payer], self.accounts[s.leg.payee]
        if not self.speaks_for(s.actor, payer.party):
            return [("CommandRefused", "AG01")]
        if (payer.party, s.reference) in self.hold_keys:
            return [("CommandRefused", "DU03")]
        if payer.suspended or payee.suspended:
            return [("CommandRefused", "AG10")]
        if self.books[payer.book].state not in ("open", "cut off"):
            return [("CommandRefused", "TM01")]
        if s.expires_ns <= s.at_ns:
            return [("CommandRefused", "DT01")]
        leg = (s.leg.payer, s.leg.payee, s.leg.amount_minor)
        free = payer.balance - self.floor(s.leg.payer, 2)
        if free < s.leg.amount_minor or self.behind(s.leg.payer, 2, self.rank_last + 1):
            return [("CommandRefused", "AM04")]
        self.hold_last += 1
        self.holds[self.hold_last] = Hold(leg, s.expires_ns)
        self.hold_keys.add((payer.party, s.reference))
        return [("HoldOffered", self.hold_last)]

    def not_offered(self, s: Any) -> list[tuple[Any, ...]] | None:
        hold = self.holds.get(s.number)
        if hold is None:
            return [("CommandRefused", "NARR")]
        if not self.speaks_for(s.actor, self.accounts[hold.leg[0]].party):
            return [("CommandRefused", "AG01")]
        return [("CommandRefused", "NARR")] if hold.decision else None

    def do_WithdrawHold(self, s: c.WithdrawHold) -> list[tuple[Any, ...]]:
        refusal = self.not_offered(s)
        if refusal:
            return refusal
        payer = self.holds.pop(s.number).leg[0]
        self.wake(payer)
        return [("HoldReleased", s.number)]

    def do_PromiseHold(self, s: c.PromiseHold) -> list[tuple[Any, ...]]:
        refusal = self.not_offered(s)
        if refusal:
            return refusal
        if not s.decision or s.decision in self.decisions:
            return [("CommandRefused", "NARR")]
        self.holds[s.number].decision = s.decision
        return [("HoldPromised", s.number)]

    def do_DecideHolds(self, s: c.DecideHolds) -> list[tuple[Any, ...]]:
        if s.actor:
            return [("CommandRefused", "AG01")]
        if not s.decision:
            return [("CommandRefused", "NARR")]
        if s.decision in self.decisions:
            return [] if self.decisions[s.decision] == s.capture else [("CommandRefused", "NARR")]
        self.decisions[s.decision] = s.capture
        numbers = [n for n, hold in self.holds.items() if hold.decision == s.decision]
        for n in numbers:
            payer, payee, amount = self.holds.pop(n).leg
            self.wake(payer)
            if s.capture:
                self.accounts[payer].balance -= amount
                self.accounts[payee].balance += amount
                self.wake(payee)
        return [("HoldsDecided", s.capture, *numbers)]

    # --- administration: the tests set up sound schemes, so only what they vary is checked here

    def by_issuer(self, s: Any) -> str | None:
        if s.account not in self.accounts:
            return "AC01"
        issuer = self.books[self.accounts[s.account].book].issuer
        return None if s.actor == issuer else "AG01"

    def do_IssueMoney(self, s: c.IssueMoney) -> list[tuple[Any, ...]]:
        reason = self.by_issuer(s)
        if reason is None and not 0 < s.amount_minor <= AMOUNT_MAX:
            reason = "AM12"
        if (
            reason is None
            and self.books[self.accounts[s.account].book].issued + s.amount_minor > 2**62
        ):
            reason = "AM02"
        if reason:
            return [("CommandRefused", reason)]
        self.accounts[s.account].balance += s.amount_minor
        self.books[self.accounts[s.account].book].issued += s.amount_minor
        self.wake(s.account)
        return [("Recorded", 0)]

    def do_RedeemMoney(self, s: c.RedeemMoney) -> list[tuple[Any, ...]]:
        reason = self.by_issuer(s)
        if reason is None and not 0 < s.amount_minor <= AMOUNT_MAX:
            reason = "AM12"
        if reason is None:
            held = sum(hold.leg[2] for hold in self.holds.values() if hold.leg[0] == s.account)
            if self.accounts[s.account].balance - held < s.amount_minor:
                reason = "AM04"
        if reason:
            return [("CommandRefused", reason)]
        self.accounts[s.account].balance -= s.amount_minor
        self.books[self.accounts[s.account].book].issued -= s.amount_minor
        return [("Recorded", 0)]

    def do_SetLimit(self, s: c.SetLimit) -> list[tuple[Any, ...]]:
        reason = self.by_issuer(s)
        if reason is None and not 0 <= s.limit_minor <= AMOUNT_MAX:
            reason = "AM12"
        if reason:
            return [("CommandRefused", reason)]
        self.accounts[s.account].limit = s.limit_minor
        self.wake(s.account)
        return [("Recorded", 0)]

    def do_SetReservation(self, s: c.SetReservation) -> list[tuple[Any, ...]]:
        if s.account not in self.accounts:
            return [("CommandRefused", "AC01")]
        if not self.speaks_for(s.actor, self.accounts[s.account].party):
            return [("CommandRefused", "AG01")]
        if not (0 <= s.urgent_minor <= AMOUNT_MAX and 0 <= s.high_minor <= AMOUNT_MAX):
            return [("CommandRefused", "AM12")]
        self.accounts[s.account].reserved = (s.urgent_minor, s.high_minor)
        self.wake(s.account)
        return [("Recorded", 0)]

    def change_due(self, change: Any) -> None:
        """Wake, in order of number, the payers of everything whose being due changes."""
        before = {n: self.due(item) for n, item in self.queue.items()}
        change()
        for n, item in self.queue.items():
            if self.due(item) != before[n]:
                for a in self.outflows(item.legs):
                    self.wake(a)

    def suspension(self, s: Any, suspended: bool) -> list[tuple[Any, ...]]:
        reason = self.by_issuer(s)
        if reason:
            return [("CommandRefused", reason)]
        self.change_due(lambda: setattr(self.accounts[s.account], "suspended", suspended))
        return [("Recorded", 0)]

    def do_SuspendMember(self, s: c.SuspendMember) -> list[tuple[Any, ...]]:
        return self.suspension(s, True)

    def do_ReinstateMember(self, s: c.ReinstateMember) -> list[tuple[Any, ...]]:
        return self.suspension(s, False)

    def may_move_day(self, s: Any) -> str | None:
        if s.book not in self.books:
            return "AM03"
        return None if s.actor in (0, self.books[s.book].issuer) else "AG01"

    def touching(self, book: int) -> list[Item]:
        return [
            item
            for item in self.queue.values()
            if any(self.accounts[a].book == book for p, q, _ in item.legs for a in (p, q))
        ]

    def do_OpenWindow(self, s: c.OpenWindow) -> list[tuple[Any, ...]]:
        reason = self.may_move_day(s)
        book = self.books.get(s.book)
        if reason is None and book is not None:
            if book.state in ("open", "cut off"):
                reason = "DT01"
            elif s.date < book.date or (s.date == book.date and book.state == "ended"):
                reason = "DT05"
            elif not s.opens_ns <= s.at_ns < s.closes_ns:
                reason = "TM01"
        if reason or book is None:
            return [("CommandRefused", reason)]
        missed = [item for item in self.touching(s.book) if item.date < s.date]

        def change() -> None:
            book.date, book.state, book.closes_ns = s.date, "open", s.closes_ns

        self.change_due(change)
        for item in missed:
            self.take_out(item, "refused")
        return [("Recorded", 0), *(("QueuedRefused", item.number, "DT01") for item in missed)]

    def do_CutOff(self, s: c.CutOff) -> list[tuple[Any, ...]]:
        reason = self.may_move_day(s)
        if reason is None and self.books[s.book].state not in ("open", "cut off"):
            reason = "TM01"
        if reason:
            return [("CommandRefused", reason)]
        self.books[s.book].state = "cut off"
        return [("Recorded", 0)]

    def do_CloseBook(self, s: c.CloseBook) -> list[tuple[Any, ...]]:
        reason = self.may_move_day(s)
        if reason is None and self.books[s.book].state not in ("open", "cut off"):
            reason = "TM01"
        if reason:
            return [("CommandRefused", reason)]
        book = self.books[s.book]
        ended = [item for item in self.touching(s.book) if item.date <= book.date]
        frozen = {n for (n, _), (what, _) in self.decided.items() if what == 3}
        why = [
            "AB03"
            if item.trade
            or self.funded(item.legs, item.priority)
            or {item.number, item.partner} & frozen
            else "AM04"
            for item in ended
        ]
        self.change_due(lambda: setattr(book, "state", "ended"))
        for item in ended:
            self.take_out(item, "refused")
        return [
            ("Recorded", 0),
            *(
                ("QueuedRefused", item.number, reason)
                for item, reason in zip(ended, why, strict=True)
            ),
            *self.lapse(s.book),
        ]

    # --- screening

    def by_book_issuer(self, s: Any) -> str | None:
        if s.book not in self.books:
            return "AM03"
        return None if s.actor == self.books[s.book].issuer else "AG01"

    def lists_changed(self, book: int, change: Any) -> list[tuple[Any, ...]]:
        def all_of_it() -> None:
            change()
            self.list_version[book] = self.list_version.get(book, 0) + 1

        self.change_due(all_of_it)
        return [("Recorded", self.list_version[book])]

    def do_BindList(self, s: c.BindList) -> list[tuple[Any, ...]]:
        reason = self.by_book_issuer(s)
        if reason is None and (not s.list_id or s.list_id in self.lists.get(s.book, {})):
            reason = "NARR"
        if reason:
            return [("CommandRefused", reason)]
        here = self.lists.setdefault(s.book, {})
        return self.lists_changed(s.book, lambda: here.__setitem__(s.list_id, None))

    def do_UnbindList(self, s: c.UnbindList) -> list[tuple[Any, ...]]:
        reason = self.by_book_issuer(s)
        if reason is None and s.list_id not in self.lists.get(s.book, {}):
            reason = "NARR"
        if reason:
            return [("CommandRefused", reason)]
        return self.lists_changed(s.book, lambda: self.lists[s.book].pop(s.list_id))

    def do_LoadListVersion(self, s: c.LoadListVersion) -> list[tuple[Any, ...]]:
        reason = self.by_book_issuer(s)
        if reason is None and s.list_id not in self.lists.get(s.book, {}):
            reason = "NARR"
        if reason:
            return [("CommandRefused", reason)]
        former = self.lists[s.book][s.list_id]
        new = (s.published, s.entries, s.digest)
        if former == new:
            return [("Recorded", self.list_version[s.book])]
        bad = s.entries <= 0 or (
            former is not None and (s.published < former[0] or s.entries * 10 <= former[1])
        )
        if bad and not s.insisted:
            return [("CommandRefused", "NARR")]
        return self.lists_changed(s.book, lambda: self.lists[s.book].__setitem__(s.list_id, new))

    def do_PlaceMember(self, s: c.PlaceMember) -> list[tuple[Any, ...]]:
        if s.actor:
            return [("CommandRefused", "AG01")]
        if s.member not in self.members:
            return [("CommandRefused", "AGNT")]
        if not set(s.books) <= self.books.keys():
            return [("CommandRefused", "AM03")]
        self.change_due(lambda: self.homes.__setitem__(s.member, set(s.books)))
        return [("Recorded", 0)]

    def do_RecordEvidence(self, s: c.RecordEvidence) -> list[tuple[Any, ...]]:
        return [("CommandRefused", "AG01")] if s.actor else [("Recorded", 0)]

    def waits(self, number: int) -> bool:
        return self.status.get(number) == "waiting"

    def do_ScreenAgain(self, s: c.ScreenAgain) -> list[tuple[Any, ...]]:
        if s.actor:
            return [("CommandRefused", "AG01")]
        if not self.waits(s.number):
            return [("CommandRefused", "NARR")]
        before = {}
        for v in self.verdicts[s.number]:
            if v.book not in before or v.outcome:
                before[v.book] = v
        for v in s.verdicts:
            if not self.lists.get(v.book) or v.version != self.list_version[v.book]:
                return [("CommandRefused", "NARR")]
            if v.book in before and before[v.book].version == v.version and before[v.book] != v:
                return [("CommandRefused", "NARR")]
        for v in s.verdicts:
            before[v.book] = v
            self.opinions.pop((s.number, v.book), None)
        self.change_due(lambda: self.verdicts.__setitem__(s.number, list(before.values())))
        return [("Recorded", 0)]

    def do_DecideHit(self, s: c.DecideHit) -> list[tuple[Any, ...]]:
        reason = self.by_book_issuer(s)
        key = (s.number, s.book)
        version = self.list_version.get(s.book, 0)
        if reason is None:
            hits = [
                v
                for v in self.verdicts.get(s.number, [])
                if v.book == s.book and v.version == version and v.outcome
            ]
            what, on = self.decided.get(key, (1, None))
            if not 0 < len(s.person) <= 64:
                reason = "AG01"
            elif (
                not s.reason
                or s.decision not in (1, 2, 3)
                or not self.waits(s.number)
                or not hits
                or what != 1
                or on == version
            ):
                reason = "NARR"
        first = next((i for i in self.queue.values() if s.number in (i.number, i.partner)), None)
        taken: list[tuple[int, int]] = []
        if reason is None and s.decision == 3 and first is not None:
            blocked = self.blocked.get(s.book, 0)
            taken = [(p, x) for p, _, x in first.legs if self.accounts[p].book == s.book]
            short = any(
                self.accounts[a].balance - sum(x for p, x in taken if p == a) < self.floor(a, 0)
                for a, _ in taken
            )
            if not blocked or not taken or short or any(p == blocked for p, _ in taken):
                reason = "NARR"
        if reason:
            return [("CommandRefused", reason)]
        said = self.opinions.get(key, {})
        others = [
            signed
            for person, (what, signed) in said.items()
            if person != s.person and what == s.decision
        ]
        if not others:
            said[s.person] = (s.decision, bool(s.signature))
            self.opinions[key] = said
            return [("Recorded", 0)]
        if self.has_keys(s.actor, s.at_ns) and not s.signature and not any(others):
            return [("CommandRefused", "AG01")]
        del self.opinions[key]
        self.change_due(lambda: self.decided.__setitem__(key, (s.decision, version)))
        events: list[tuple[Any, ...]] = [("HitDecided", *key, s.decision)]
        for payer, amount in taken:
            self.orders += 1
            self.accounts[payer].balance -= amount
            self.accounts[self.blocked[s.book]].balance += amount
            self.wake(self.blocked[s.book])
            events.append(("MoneyOrdered", self.orders, payer, self.blocked[s.book], amount))
        return events

    def do_NameBlockedAccount(self, s: c.NameBlockedAccount) -> list[tuple[Any, ...]]:
        reason = self.by_issuer(s)
        if reason:
            return [("CommandRefused", reason)]
        self.blocked[self.accounts[s.account].book] = s.account
        self.change_due(lambda: setattr(self.accounts[s.account], "suspended", True))
        return [("Recorded", 0)]

    def do_ExemptPair(self, s: c.ExemptPair) -> list[tuple[Any, ...]]:
        reason = self.by_book_issuer(s)
        known = (s.book, s.pair) in self.exempt
        if reason is None and not 0 < len(s.person) <= 64:
            reason = "AG01"
        if reason is None and (not s.pair or (not s.expires_ns and not known)):
            reason = "NARR"
        expires_ns, people = self.exempt.get((s.book, s.pair), [0, {}])
        agrees = expires_ns == s.expires_ns != 0 and len(people) == 1 and s.person not in people
        signed = bool(s.signature) or any(people.values())
        if reason is None and agrees and self.has_keys(s.actor, s.at_ns) and not signed:
            reason = "AG01"
        year_ns = 366 * 86_400 * 10**9
        if reason is None and s.expires_ns and not 0 < s.expires_ns - s.at_ns <= year_ns:
            reason = "DT01"
        if reason:
            return [("CommandRefused", reason)]
        if not s.expires_ns:
            del self.exempt[s.book, s.pair]
            return [("Recorded", 0)]
        if agrees:
            people[s.person] = bool(s.signature)
        else:
            self.exempt[s.book, s.pair] = [s.expires_ns, {s.person: bool(s.signature)}]
        return [("Recorded", 0)]

    def do_RecordMessage(self, s: c.RecordMessage) -> list[tuple[Any, ...]]:
        key = (s.sender, s.message_type, s.message_id)
        if key not in self.messages:
            self.messages[key] = s.digest
            return [("Recorded", len(self.messages))]
        return [] if self.messages[key] == s.digest else [("CommandRefused", "DU01")]

    def do_RecordRefusal(self, s: c.RecordRefusal) -> list[tuple[Any, ...]]:
        self.edge_refusals += 1
        return [("Recorded", self.edge_refusals)]

    def do_RegisterMandate(self, s: c.RegisterMandate) -> list[tuple[Any, ...]]:
        if s.account not in self.accounts:
            return [("CommandRefused", "AC01")]
        owner = self.accounts[s.account].party
        if not self.speaks_for(s.actor, owner):
            return [("CommandRefused", "AG01")]
        if s.payee not in self.members or s.payee == owner:
            return [("CommandRefused", "AGNT")]
        if not 0 <= s.limit_minor <= AMOUNT_MAX:
            return [("CommandRefused", "AM12")]
        self.mandates.pop((s.account, s.payee), None)
        if s.limit_minor:
            self.mandates[s.account, s.payee] = s.limit_minor
        return [("Recorded", 0)]

    def payee(self, number: int) -> int:
        s = self.instructions[number]
        leg = s.legs[0] if s.trade else s.legs[-1]
        return self.accounts[leg.payee].party

    def do_RelayStatus(self, s: c.RelayStatus) -> list[tuple[Any, ...]]:
        if self.status.get(s.number) != "settled":
            return [("CommandRefused", "NARR")]
        if not self.speaks_for(s.actor, self.payee(s.number)):
            return [("CommandRefused", "AG01")]
        if s.status not in ["ACCC", "ACCP", "ACSC", "ACSP", "ACTC", "ACWC", "PDNG", "RCVD", "RJCT"]:
            return [("CommandRefused", "NARR")]
        before = self.said.get(s.number)
        if before == (s.status, s.reason):
            return []
        if before and before[0] in ("ACCC", "RJCT"):
            return [("CommandRefused", "NARR")]
        self.said[s.number] = (s.status, s.reason)
        return [("Recorded", 0)]

    def do_RecallPayment(self, s: c.RecallPayment) -> list[tuple[Any, ...]]:
        if self.status.get(s.number) != "settled":
            return [("CommandRefused", "NARR")]
        original = self.instructions[s.number]
        if not self.speaks_for(s.actor, original.sender):
            return [("CommandRefused", "AG01")]
        if not s.reference:
            return [("CommandRefused", "NARR")]
        for number, payer, reference, _, _ in self.recalls.values():
            if (payer, reference) == (original.sender, s.reference):
                return [] if number == s.number else [("CommandRefused", "DU03")]
        returned = sum(
            other.legs[0].amount_minor
            for n, other in self.instructions.items()
            if other.returns == s.number and self.status[n] in ("settled", "waiting")
        )
        if returned == original.legs[-1].amount_minor:
            return [("CommandRefused", "NARR")]
        number = len(self.recalls) + 1
        self.recalls[number] = [s.number, original.sender, s.reference, "", ""]
        return [("Recorded", number)]

    def do_AnswerRecall(self, s: c.AnswerRecall) -> list[tuple[Any, ...]]:
        if s.recall not in self.recalls:
            return [("CommandRefused", "NARR")]
        recall = self.recalls[s.recall]
        if not self.speaks_for(s.actor, self.payee(recall[0])):
            return [("CommandRefused", "AG01")]
        if s.status not in ("CNCL", "RJCR", "PDCR"):
            return [("CommandRefused", "NARR")]
        if recall[3:] == [s.status, s.reason]:
            return []
        if recall[3] in ("CNCL", "RJCR"):
            return [("CommandRefused", "NARR")]
        recall[3:] = [s.status, s.reason]
        return [("Recorded", 0)]

    def do_CreateBook(self, s: c.CreateBook) -> list[tuple[Any, ...]]:
        issuer = self.party(s.issuer_bic)
        number = len(self.books) + 1
        self.books[number] = Book(s.currency, issuer, s.date)
        return [("Recorded", number)]

    def party(self, bic: str) -> int:
        for number, known in self.parties.items():
            if known == bic:
                return number
        self.parties[len(self.parties)] = bic
        return len(self.parties) - 1

    def do_AdmitMember(self, s: c.AdmitMember) -> list[tuple[Any, ...]]:
        number = self.party(s.bic)
        self.members.add(number)
        return [("Recorded", number)]

    def do_OpenAccount(self, s: c.OpenAccount) -> list[tuple[Any, ...]]:
        number = len(self.accounts) + 1
        self.accounts[number] = Account(s.book, s.member)
        return [("Recorded", number)]

    def do_RegisterSender(self, s: c.RegisterSender) -> list[tuple[Any, ...]]:
        self.senders.add((s.member, s.sender))
        return [("Recorded", 0)]

    def do_RecordRequest(self, s: c.RecordRequest) -> list[tuple[Any, ...]]:
        return [("Recorded", 0)]

    def do_PassTime(self, s: c.PassTime) -> list[tuple[Any, ...]]:
        return [("Recorded", 0)]

    def do_SetRate(self, s: c.SetRate) -> list[tuple[Any, ...]]:
        self.books[s.book].rate = (s.numerator, s.denominator)
        return [("Recorded", 0)]

    def do_AppointDealer(self, s: c.AppointDealer) -> list[tuple[Any, ...]]:
        self.dealers[frozenset((s.book_a, s.book_b))] = s.member
        return [("Recorded", 0)]

    def do_SetRules(self, s: c.SetRules) -> list[tuple[Any, ...]]:
        if s.actor != 0:
            return [("CommandRefused", "AG01")]
        if s.bypass not in (0, 1, 2) or s.max_days_ahead < 0:
            return [("CommandRefused", "NARR")]
        self.bypass, self.days_ahead = s.bypass, s.max_days_ahead
        for a in self.accounts:
            self.wake(a)
        return [("Recorded", 0)]

    # --- people

    def issuers(self) -> set[int]:
        return {book.issuer for book in self.books.values()}

    def owns_key(self, s: Any) -> str | None:
        if s.party not in self.parties:
            return "AGNT"
        if s.actor == s.party or (s.actor == 0 and s.party not in self.issuers()):
            return None
        return "AG01"

    def do_AddKey(self, s: c.AddKey) -> list[tuple[Any, ...]]:
        reason = self.owns_key(s)
        if reason is None and (len(s.key) != 32 or s.key in self.keys_known):
            reason = "NARR"
        over = s.until_ns != 0 and (s.until_ns <= s.from_ns or s.until_ns <= s.at_ns)
        if reason is None and (s.from_ns < 0 or over):
            reason = "DT01"
        if reason:
            return [("CommandRefused", reason)]
        self.keys_known[s.key] = (s.party, s.from_ns, s.until_ns or 2**63 - 1)
        return [("Recorded", 0)]

    def do_RetireKey(self, s: c.RetireKey) -> list[tuple[Any, ...]]:
        reason = self.owns_key(s)
        party, begins, ends = self.keys_known.get(s.key, (-1, 0, 0))
        if reason is None and (party < 0 or party != s.party or ends <= s.at_ns):
            reason = "NARR"
        if reason:
            return [("CommandRefused", reason)]
        self.keys_known[s.key] = (party, min(begins, s.at_ns), s.at_ns)
        return [("Recorded", 0)]

    def do_SetApprovals(self, s: c.SetApprovals) -> list[tuple[Any, ...]]:
        if s.actor != 0:
            return [("CommandRefused", "AG01")]
        if not 0 < s.threshold <= len(self.issuers()):
            return [("CommandRefused", "NARR")]
        self.threshold = s.threshold
        return [("Recorded", 0)]

    def do_RecordProof(self, s: c.RecordProof) -> list[tuple[Any, ...]]:
        self.proofs += 1
        return [("Recorded", self.proofs)]

    def whose_consent(self, change: Any) -> tuple[set[int], int]:
        """Who must agree: these parties, and this many issuers."""
        name = type(change).__name__
        of_all = name in (
            "CreateBook",
            "AdmitMember",
            "AdmitSender",
            "SetRules",
            "SetApprovals",
            "PlaceMember",
        )
        if of_all or (name in ("AddKey", "RetireKey") and change.actor != change.party):
            return set(), self.threshold or len(self.issuers())
        return {change.actor}, 0

    def tried(self, change: Any, at_ns: int) -> list[tuple[Any, ...]]:
        """What would come of the change if it came now; the state stays as it is."""
        aside = copy.copy(self)
        aside.accounts = {n: copy.copy(account) for n, account in self.accounts.items()}
        aside.books = {n: copy.copy(book) for n, book in self.books.items()}
        aside.keys_known, aside.woken = dict(self.keys_known), []
        aside.caps = dict(self.caps)
        aside.lists = {book: dict(here) for book, here in self.lists.items()}
        aside.list_version, aside.homes = dict(self.list_version), dict(self.homes)
        aside.blocked = dict(self.blocked)
        now = msgspec.structs.replace(change, at_ns=at_ns)
        return getattr(aside, "do_" + type(change).__name__)(now)  # type: ignore[no-any-return]

    def has_keys(self, party: int, at_ns: int) -> bool:
        return any(
            owner == party and begins <= at_ns < ends
            for owner, begins, ends in self.keys_known.values()
        )

    def lapsed(self, at_ns: int) -> list[tuple[Any, ...]]:
        over = [n for n, change in self.changes.items() if change.expires_ns <= at_ns]
        for n in over:
            del self.changes[n]
        return [("ChangeExpired", n) for n in over]

    def do_ProposeChange(self, s: c.ProposeChange) -> list[tuple[Any, ...]]:
        waiting = sum(change.proposer == s.actor for change in self.changes.values())
        events = self.lapsed(s.at_ns)
        outcome = self.tried(s.change, s.at_ns)
        reason = None
        if not 0 < len(s.person) <= 64:
            reason = "AG01"
        elif s.expires_ns <= s.at_ns:
            reason = "DT01"
        elif waiting >= 200:
            reason = "NARR"
        elif outcome[0][0] == "CommandRefused":
            reason = outcome[0][1]
        else:
            parties, count = self.whose_consent(s.change)
            if s.actor not in parties and not (count and s.actor in {0} | self.issuers()):
                reason = "AG01"
        if reason:
            return [*events, ("CommandRefused", reason)]
        self.change_last += 1
        party = s.actor if s.actor in parties or (count and s.actor in self.issuers()) else -1
        yes = [(party, s.person, len(s.signature) == 64)]
        self.changes[self.change_last] = Change(s.actor, s.change, s.expires_ns, yes)
        return [*events, ("ChangeProposed", self.change_last)]

    def do_ApproveChange(self, s: c.ApproveChange) -> list[tuple[Any, ...]]:
        events = self.lapsed(s.at_ns)
        waits = self.changes.get(s.number)
        if waits is None:
            return [*events, ("CommandRefused", "NARR")]
        parties, count = self.whose_consent(waits.change)
        plain = msgspec.structs.replace(waits.change, at_ns=0, signature=b"")
        ours = [yes for yes in waits.yes if yes[0] == s.actor]
        has_keys = s.actor in self.issuers() and self.has_keys(s.actor, s.at_ns)
        reason = None
        if (
            not 0 < len(s.person) <= 64
            or (s.actor not in parties and not (count and s.actor in self.issuers()))
            or s.person in [person for _, person, _ in waits.yes]
            or len(ours) == 2
        ):
            reason = "AG01"
        elif s.content != hashlib.sha256(msgspec.msgpack.encode(plain)).digest():
            reason = "NARR"
        elif has_keys and len(ours) == 1 and len(s.signature) != 64 and not ours[0][2]:
            reason = "AG01"
        if reason:
            return [*events, ("CommandRefused", reason)]
        waits.yes.append((s.actor, s.person, len(s.signature) == 64))
        two = {p for p in self.parties if sum(party == p for party, _, _ in waits.yes) == 2}
        if not parties <= two or len(two & self.issuers()) < count:
            return [*events, ("ChangeApproved", s.number)]
        del self.changes[s.number]
        now = msgspec.structs.replace(waits.change, at_ns=s.at_ns)
        outcome = getattr(self, "do_" + type(now).__name__)(now)
        if outcome[0][0] == "CommandRefused":
            return [*events, ("ChangeFailed", s.number, outcome[0][1])]
        return [*events, ("ChangeApplied", s.number, waits.change, outcome[0][1])]

    def do_WithdrawChange(self, s: c.WithdrawChange) -> list[tuple[Any, ...]]:
        events = self.lapsed(s.at_ns)
        waits = self.changes.get(s.number)
        if waits is None:
            return [*events, ("CommandRefused", "NARR")]
        parties, _ = self.whose_consent(waits.change)
        is_nobody = not 0 < len(s.person) <= 64
        if is_nobody or (s.actor != waits.proposer and s.actor not in parties):
            return [*events, ("CommandRefused", "AG01")]
        del self.changes[s.number]
        return [*events, ("ChangeWithdrawn", s.number)]


def event_tuple(event: Any) -> tuple[Any, ...]:
    """Bring an engine's event into the oracle's form: the name, then its numbers and reason."""
    name = type(event).__name__
    fields = [getattr(event, f) for f in event.__struct_fields__ if f != "text"]
    for plural in ("positions", "lacks"):
        if hasattr(event, plural):
            fields[-1] = tuple((p.account, p.net_minor) for p in getattr(event, plural))
    if name == "SetSettled":
        return (name, *event.numbers)
    if name == "HoldsDecided":
        return (name, event.captured, *event.numbers)
    return (name, *(str(f) if f.__class__.__name__ == "Reason" else f for f in fields))
