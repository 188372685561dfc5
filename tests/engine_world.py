"""A small scheme to test in, and random commands biased to the edges of what is allowed."""

from __future__ import annotations

from hashlib import sha256
from random import Random

import msgspec

from cycle_wishes import CycleWishes
from paritas.core import approvals
from paritas.core.state import State
from paritas.core.verdicts import hit_of, jurisdictions, unscreened
from paritas.model import commands as c
from paritas.model.instructions import Leg
from paritas.model.screening import Verdict

DAY = 740_000
HOUR_NS = 3_600_000_000_000


def opening_commands(
    members: int = 4,
    currencies: tuple[str, ...] = ("INR", "CNY", "BRL"),
    *,
    governed: bool = False,
    screened: bool = False,
) -> list[c.AnyCommand]:
    """Books, members with an account on each book, a little money, a dealer, open windows.

    ``governed`` ends the setting up: changes then take several people, the rulebook's two issuers.
    ``screened`` lets lists bind on two of the books.
    """
    commands: list[c.AnyCommand] = []
    issuers = {book: 1 + index for index, book in enumerate(range(1, len(currencies) + 1))}
    for index, currency in enumerate(currencies):
        commands.append(c.CreateBook(0, 0, b"", currency, f"CBNK{currency[:2]}B0XXX", DAY))
        commands.append(c.SetRate(0, 0, b"", index + 1, (index + 2) * 731, 7))
    first_member = len(currencies) + 1
    member_numbers = range(first_member, first_member + members)
    commands += [c.AdmitMember(0, 0, b"", f"BANK{m:04d}XXX") for m in member_numbers]
    account = 0
    for book, issuer in issuers.items():
        for member in member_numbers:
            commands.append(c.OpenAccount(0, issuer, b"", member, book))
            account += 1
            commands.append(c.IssueMoney(0, issuer, b"", account, 100))
        commands.append(c.OpenWindow(0, 0, b"", book, DAY, 0, 10 * HOUR_NS))
    commands.append(c.AppointDealer(0, 0, b"", 1, 2, first_member))
    commands.append(c.RegisterSender(0, first_member + 1, b"", first_member + 1, first_member + 2))
    commands.append(c.RegisterSender(0, first_member + 3, b"", first_member + 3, first_member + 2))
    if screened:
        commands += _binding_commands()
    if governed:
        commands.append(c.AddKey(0, 1, b"", 1, b"1" * 32))
        commands.append(c.SetApprovals(0, 0, b"", len(currencies) - 1))
    return commands


def _binding_commands() -> list[c.AnyCommand]:
    """Lists that bind on two of the three books, members at home there, an account that blocks."""
    commands: list[c.AnyCommand] = []
    for book in (1, 2):
        commands.append(c.BindList(0, book, b"", book, "OFAC/SDN"))
        commands.append(c.LoadListVersion(0, book, b"", book, "OFAC/SDN", DAY, 100, b"one"))
        commands.append(c.NameBlockedAccount(0, book, b"", 4 * book))
    commands.append(c.PlaceMember(0, 0, b"", 4, (1,)))
    commands.append(c.PlaceMember(0, 0, b"", 5, (2,)))
    return commands


class Wishes:
    """An endless stream of commands: mostly sensible, some hostile, amounts at the edges."""

    def __init__(self, random: Random, state: State, *, signs: bool = True) -> None:
        self.random = random
        self.state = state
        #: Some commands carry a signature, as if a request had been proved before them.
        self.signs = signs
        self.at_ns = 0
        self.date = DAY
        self.sent: list[c.SubmitInstruction] = []
        self.planned: list[c.AnyCommand] = []
        self.cycles = CycleWishes(random, state)

    def signature(self) -> bytes:
        return self.random.choice((b"", b"n" * 16, b"s" * 64)) if self.signs else b""

    def amount(self, account_number: int) -> int:
        """0, 1, the headroom and its neighbours, or something in between."""
        account = self.state.accounts.get(account_number)
        room = 50 if account is None else account.balance_minor - account.floors[2]
        edges = (room, room, room - 1, room + 1, 1, 0, -1, 10**18, self.random.randint(1, 60))
        weights = (6, 3, 3, 5, 4, 1, 1, 1, 12)
        return self.random.choices(edges, weights)[0]

    def leg(self, payer_member: int | None = None) -> Leg:
        accounts = list(self.state.accounts.values())
        if payer_member is not None:
            accounts = [a for a in accounts if a.party.number == payer_member]
        payer = self.random.choice(accounts)
        payee = self.random.choice([a for a in payer.book.accounts if a is not payer])
        if self.random.random() < 0.03:
            payee = self.random.choice(list(self.state.accounts.values()))
        number = payer.number if self.random.random() < 0.98 else self.random.choice((0, -1, 999))
        return Leg(number, payee.number, self.amount(payer.number))

    def member(self) -> int:
        return self.random.choice([p.number for p in self.state.parties.values() if p.is_member])

    def next(self) -> c.AnyCommand:
        r = self.random
        self.at_ns += r.choice((0, 0, 1, 1000, HOUR_NS // 50))
        moments = [book.closes_ns for book in self.state.books.values() if book.settles_date]
        moments += [hold.expires_ns for hold in self.state.holds.values()]
        if r.random() < 0.05 and moments:
            self.at_ns = max(self.at_ns, r.choice(moments))
        if self.planned:
            return msgspec.structs.replace(self.planned.pop(), at_ns=self.at_ns)
        # Where lists bind, what is shut is soon mended: much has to come together for a decision.
        screened = self.screened_before()
        if screened and r.random() < 0.15 and (mending := self.mending()) is not None:
            return mending
        makers = (
            (self.payment, 40),
            (self.side, 14),
            (self.conversion, 6),
            (self.many_legs, 5),
            (self.give_back, 4),
            (self.repeat, 4),
            (self.gridlock, 6),
            (self.queue_command, 10),
            (self.hold_command, 10),
            (self.account_command, 9),
            (self.change_command, 8),
            (self.day_command, 5),
            (self.message, 2),
            (self.collection, 3),
            (self.word, 5),
            (lambda: self.cycles.next(self.at_ns), 8),
            (self.screening_command, 35 if screened else 0),
        )
        maker = r.choices([m for m, _ in makers], [w for _, w in makers])[0]
        command = maker()
        if isinstance(command, c.SubmitInstruction):
            self.sent.append(command)
        return command

    def submit(self, sender: int, legs: tuple[Leg, ...], **more: object) -> c.SubmitInstruction:
        r = self.random
        actor = sender if r.random() < 0.95 else r.choice(list(self.state.parties))
        fields: dict[str, object] = {
            "reference": f"R{len(self.sent)}",
            "priority": r.choice((0, 1, 2, 2, 2)) if r.random() < 0.99 else 3,
            "value_date": self.date + r.choices((0, 1, -1, 11), (30, 3, 1, 1))[0],
            **more,
        }
        if self.screened_before():
            fields["verdicts"] = self.verdicts(legs)
        return c.SubmitInstruction(self.at_ns, actor, b"", sender, legs=legs, **fields)  # type: ignore[arg-type]

    def screened_before(self) -> bool:
        return any(book.list_version for book in self.state.books.values())

    def verdicts(self, legs: tuple[Leg, ...], careful: float = 0.95) -> tuple[Verdict, ...]:
        """What a node would say: mostly clear, on the lists in force; now and then something else."""
        r = self.random
        known = [leg for leg in legs if {leg.payer, leg.payee} <= self.state.accounts.keys()]
        books = {book.number: book for book in jurisdictions(self.state, known)}
        if r.random() < 0.1:
            books[1] = self.state.books[1]
        result = []
        for number, book in books.items():
            if book.lists and r.random() < careful:
                version = book.list_version - (r.random() < 0.04)
                outcome = r.choices((0, 1), (5, 1))[0]
                result.append(Verdict(number, version, outcome, b"d" if outcome else b""))
        return tuple(result)

    def mending(self) -> c.AnyCommand | None:
        """Open what is closed, close what takes nothing any more, reinstate who is suspended."""
        for book in self.state.books.values():
            if not book.settles_date:
                date = book.date + book.day_ended
                self.date = max(self.date, date)
                closes_ns = self.at_ns + HOUR_NS
                return c.OpenWindow(self.at_ns, 0, b"", book.number, date, self.at_ns, closes_ns)
            if not book.accepts_date or self.at_ns >= book.closes_ns:
                return c.CloseBook(self.at_ns, 0, b"", book.number)
        for account in self.state.accounts.values():
            if account.suspended and account is not account.book.blocked:
                return c.ReinstateMember(
                    self.at_ns, account.book.issuer.number, b"", account.number
                )
        return None

    def screening_command(self) -> c.AnyCommand:
        r = self.random
        held = [w for w in self.state.queue.values() if w.held]
        sides = [n for w in held for n in (w.number, w.partner) if n] or [3]
        stale = [n for n, _ in unscreened(self.state)]
        number = r.choice(stale or sides) if r.random() < 0.95 else r.randrange(60)
        book = r.choice(list(self.state.books.values()))
        hits = [(n, b) for n in sides for b in (1, 2) if hit_of(self.state, n, self.state.books[b])]
        if hits and r.random() < (0.5 if stale else 0.95):
            number, book_number = r.choice(hits)
            book = self.state.books[book_number]
        issuer = book.issuer.number if r.random() < 0.95 else r.choice(list(self.state.parties))
        signature = self.signature()
        head = (self.at_ns, issuer, signature, book.number if r.random() < 0.97 else 99)
        name = r.choice(("OFAC/SDN", "OFAC/SDN", "UN", ""))
        command = self.state.instructions[number] if number < len(self.state.instructions) else None
        again = self.verdicts(command.legs, 1.0) if command is not None else ()
        person = r.choice((b"ann", b"bob", b"ann", b""))
        payers = [self.state.accounts.get(leg.payer) for leg in command.legs] if command else []
        moves = any(payer is not None and payer.book is book for payer in payers)
        decision = r.choice((1, 2, 3, 3, 3) if moves else (1, 1, 2, 3))
        commands: tuple[tuple[c.AnyCommand, float], ...] = (
            (c.DecideHit(self.at_ns, issuer, signature, number, head[3], decision, person, b"why"), 24),
            (c.ScreenAgain(self.at_ns, r.choice((0,) * 9 + (1,)), b"", number, again), 12),
            (c.LoadListVersion(*head, name, DAY + r.choice((0, 0, 1, -1)), r.choice((90, 100, 8)), r.randbytes(1), r.random() < 0.5), 2),
            (c.BindList(*head, name), 1),
            (c.UnbindList(*head, name), 1),
            (c.PlaceMember(self.at_ns, 0, b"", self.member(), tuple({r.choice((1, 2, 3))})), 1),
            (c.NameBlockedAccount(self.at_ns, issuer, b"", book.accounts[-1].number), 0.2),
            (c.ExemptPair(*head, r.randbytes(1), person, r.choice((0, self.at_ns + 10**15))), 2),
            (c.RecordEvidence(self.at_ns, r.choice((0, 0, 4)), b"", b"e"), 1),
        )  # fmt: skip
        chosen = r.choices([each for each, _ in commands], [weight for _, weight in commands])[0]
        if isinstance(chosen, c.DecideHit) and r.random() < 0.7:
            self.planned = [msgspec.structs.replace(chosen, person=b"cay")]
        return chosen

    def payment(self) -> c.AnyCommand:
        sender = self.member() if self.random.random() < 0.98 else self.random.choice((0, 1, 77))
        return self.submit(
            sender, (self.leg(sender if sender in self.state.parties and sender > 3 else None),)
        )

    def side(self) -> c.AnyCommand:
        open_sides = [
            self.state.instructions[n] for alike in self.state.unmatched.values() for n in alike
        ]
        if open_sides and self.random.random() < 0.6:
            first = self.random.choice(open_sides)
            assert first is not None
            legs = tuple(reversed(first.legs))
            if self.random.random() < 0.1:
                legs = (Leg(legs[0].payer, legs[0].payee, legs[0].amount_minor + 1), legs[1])
            sender = self.state.accounts[legs[0].payer].party.number
            return self.submit(sender, legs, trade=first.trade, value_date=first.value_date)
        a, b = self.random.sample([p for p in self.state.parties.values() if p.is_member], 2)
        book, other = self.random.sample(list(self.state.books), 2)
        if self.random.random() < 0.05:
            other = book
        own = Leg(a.accounts[book], b.accounts[book], self.amount(a.accounts[book]))
        back = Leg(b.accounts[other], a.accounts[other], self.amount(b.accounts[other]))
        return self.submit(a.number, (own, back), trade=f"T{self.random.randint(0, 30)}")

    def conversion(self) -> c.AnyCommand:
        (low, high), dealer_number = next(iter(self.state.dealers.items()))
        dealer = self.state.parties[dealer_number]
        book_in, book_out = self.random.sample((low, high), 2)
        a, b = self.random.sample([p for p in self.state.parties.values() if p.is_member], 2)
        out_minor = self.amount(dealer.accounts[book_out])
        rate_in, rate_out = self.state.books[book_in].rate, self.state.books[book_out].rate
        in_minor = -(-out_minor * rate_in[0] * rate_out[1] // (rate_in[1] * rate_out[0]))
        in_minor += self.random.choices((0, 1, -1), (20, 1, 1))[0]
        legs = (
            Leg(a.accounts[book_in], dealer.accounts[book_in], in_minor),
            Leg(dealer.accounts[book_out], b.accounts[book_out], out_minor),
        )
        return self.submit(a.number, legs)

    def many_legs(self) -> c.AnyCommand:
        sender = self.member()
        count = self.random.choice((0, 2, 2, 3, 4))
        legs = tuple(self.leg(sender if self.random.random() < 0.8 else None) for _ in range(count))
        command = self.submit(sender, legs)
        # The one party that may speak for two members tries rings between them.
        speaker = 6
        if self.random.random() < 0.5 and speaker in self.state.parties:
            a, b = self.state.parties[5], self.state.parties[7]
            book, other = self.random.sample(list(self.state.books), 2)
            legs = (
                Leg(a.accounts[book], b.accounts[book], self.amount(a.accounts[book])),
                Leg(b.accounts[other], a.accounts[other], self.amount(b.accounts[other])),
            )
            command = c.SubmitInstruction(
                self.at_ns, speaker, b"", 5, f"R{len(self.sent)}", legs, 2, self.date
            )
        return command

    def gridlock(self) -> c.AnyCommand:
        """A ring of payments that no one of its payers can fund alone, then a proposal to settle it."""
        r = self.random
        book = r.choice(list(self.state.books.values()))
        ring = r.sample(book.accounts, r.choice((2, 3)))
        amount = max(a.balance_minor - a.floors[2] for a in ring) + r.choice((0, 1, 2))
        payments = [
            self.submit(
                payer.party.number,
                (Leg(payer.number, payee.number, amount),),
                reference=f"R{len(self.sent)}-{index}",
                value_date=book.date,
            )
            for index, (payer, payee) in enumerate(zip(ring, [*ring[1:], ring[0]], strict=True))
        ]
        first = len(self.state.instructions)
        numbers = tuple(range(first, first + len(ring)))
        self.planned = [
            c.ProposeSettlement(self.at_ns + HOUR_NS // 50, 0, b"", numbers),
            *payments[1:],
        ]
        return payments[0]

    def give_back(self) -> c.AnyCommand:
        number = self.random.randrange(len(self.state.instructions))
        original = self.state.instructions[number]
        if original is None or not original.legs:
            return self.payment()
        if len(original.legs) == 2 and not original.trade:
            return self.give_converted_back(number, original)
        leg = original.legs[0]
        payee = self.state.accounts.get(leg.payee)
        sender = payee.party.number if payee else 4
        amount = self.random.choice((leg.amount_minor, leg.amount_minor // 2, leg.amount_minor + 1))
        back = Leg(leg.payee, leg.payer, amount)
        return self.submit(sender, (back,), returns=number, value_date=self.date)

    def give_converted_back(
        self, number: int, original: c.SubmitInstruction
    ) -> c.SubmitInstruction:
        pays, gets = original.legs
        accounts = self.state.accounts
        if not {pays.payer, pays.payee, gets.payer, gets.payee} <= accounts.keys():
            return self.submit(4, (Leg(gets.payee, gets.payer, 1),), returns=number)
        back_minor = self.random.choice((gets.amount_minor, 1, gets.amount_minor + 1))
        rate_in, rate_out = accounts[gets.payer].book.rate, accounts[pays.payer].book.rate
        out_minor = back_minor * rate_out[0] * rate_in[1] // (rate_out[1] * rate_in[0] or 1)
        # What the dealer pays must need exactly what is given back, rounded up.
        need_minor = -(-out_minor * rate_in[0] * rate_out[1] // (rate_in[1] * rate_out[0] or 1))
        legs = (
            Leg(gets.payee, gets.payer, need_minor),
            Leg(pays.payee, pays.payer, out_minor),
        )
        sender = accounts[gets.payee].party.number
        return self.submit(sender, legs, returns=number, value_date=self.date)

    def collection(self) -> c.AnyCommand:
        """A mandate, or a payment that its payee collects."""
        r = self.random
        if not self.state.mandates or r.random() < 0.3:
            account = r.choice(list(self.state.accounts.values()))
            actor = account.party.number if r.random() < 0.9 else self.member()
            number = account.number if r.random() < 0.97 else 999
            limit = r.choice((0, 10, 100, 100, -1))
            return c.RegisterMandate(self.at_ns, actor, b"", number, self.member(), limit)
        number, payee = r.choice(list(self.state.mandates))
        payer = self.state.accounts[number]
        if r.random() < 0.1:
            payee = self.member()
        own = self.state.parties[payee].accounts[payer.book.number]
        limit = self.state.mandates.get((number, payee), 5)
        amount = r.choice((limit, limit + 1, 1, self.amount(number)))
        legs = (Leg(number, own, amount),)
        command = self.submit(payer.party.number, legs, value_date=payer.book.date)
        return msgspec.structs.replace(command, actor=payee if r.random() < 0.9 else self.member())

    def word(self) -> c.AnyCommand:
        """Something said about a payment: a confirmation, a recall, an answer to one."""
        r = self.random
        number = r.randrange(len(self.state.instructions) + 1)
        settled = [n for n, status in enumerate(self.state.statuses) if status == 2]
        if settled and r.random() < 0.9:
            number = r.choice(settled[-9:])
        known = number < len(self.state.instructions)
        original = self.state.instructions[number] if known else None
        payer, payee = self.member(), self.member()
        if original is not None and original.legs and r.random() < 0.9:
            payer = original.sender
            leg = original.legs[0 if original.trade else -1]
            account = self.state.accounts.get(leg.payee)
            payee = account.party.number if account else payee
        kind = r.choice(["status", "recall", "recall", "answer", "answer"])
        reason = r.choice(("", "NARR"))
        if kind == "status":
            said = r.choice(("ACCC", "ACSP", "RJCT", "ACSP", "XXXX"))
            return c.RelayStatus(self.at_ns, payee, b"", number, said, reason)
        if kind == "recall" or not self.state.recalls:
            reference = r.choice(("", *(f"C{n}" for n in range(40))))
            return c.RecallPayment(self.at_ns, payer, b"", number, reference, "DUPL")
        recall = r.choice((*self.state.recalls, 999))
        if recall in self.state.recalls and r.random() < 0.9:
            recalled = self.state.instructions[self.state.recalls[recall].instruction]
            assert recalled is not None
            leg = recalled.legs[0 if recalled.trade else -1]
            payee = self.state.accounts[leg.payee].party.number
        said = r.choice(("CNCL", "RJCR", "PDCR", "PDCR", "MAYB"))
        return c.AnswerRecall(self.at_ns, payee, b"", recall, said, reason)

    def repeat(self) -> c.AnyCommand:
        if not self.sent:
            return self.payment()
        first = self.random.choice(self.sent)
        same = (first.sender, first.reference, first.legs, first.priority, first.value_date)
        rest = (first.uetr, first.content, 0, first.trade, first.returns)
        command = c.SubmitInstruction(self.at_ns, first.actor, b"", *same, *rest)
        if self.random.random() < 0.3:
            command = c.SubmitInstruction(
                self.at_ns,
                first.actor,
                b"",
                *same,
                "other",
                first.content,
                0,
                first.trade,
                first.returns,
            )
        return command

    def queue_command(self) -> c.AnyCommand:
        waiting = [n for w in self.state.queue.values() for n in (w.number, w.partner) if n]
        number = self.random.choice(waiting) if waiting and self.random.random() < 0.9 else 3
        instruction = (
            self.state.instructions[number] if number < len(self.state.instructions) else None
        )
        actor = instruction.sender if instruction and self.random.random() < 0.9 else self.member()
        head = (self.at_ns, actor, b"")
        some = self.random.sample(waiting, self.random.randint(0, len(waiting)))
        return self.random.choices(
            (
                c.CancelInstruction(*head, number),
                c.SetPriority(*head, number, self.random.choice((0, 1, 2, 2, 5))),
                c.ReorderQueue(*head, number, self.random.random() < 0.5),
                c.ProposeSettlement(self.at_ns, 0, b"", (*some, 10**6)),
                c.ProposeSettlement(self.at_ns, 0, b"", tuple(waiting)),
                c.BeginClearing(self.at_ns, self.random.choice((0, 0, 0, 4)), b"", number % 5),
                c.ProposeSettlement(
                    self.at_ns,
                    self.random.choice((0, 0, 4)),
                    b"",
                    tuple(waiting),
                    b"proof",
                    self.state.clearings + self.random.choice((-1, 0, 0, 1)),
                ),
            ),
            (3, 2, 2, 3, 2, 1, 1),
        )[0]

    def hold_command(self) -> c.AnyCommand:
        r = self.random
        holds = list(self.state.holds)
        number = r.choice(holds) if holds and r.random() < 0.9 else 999
        hold = self.state.holds.get(number)
        actor = hold.payer.party.number if hold and r.random() < 0.9 else self.member()
        if not holds or r.random() < 0.5:
            leg = self.leg()
            payer = self.state.accounts.get(leg.payer)
            actor = payer.party.number if payer and r.random() < 0.9 else self.member()
            expires_ns = self.at_ns + r.choice((0, 1, HOUR_NS // 10, HOUR_NS))
            return c.OfferHold(self.at_ns, actor, b"", f"H{r.randint(0, 200)}", leg, expires_ns)
        decision = f"D{r.randint(0, 20)}"
        promised = [h.decision for h in self.state.holds.values() if h.decision]
        if promised and r.random() < 0.5:
            decision = r.choice(promised)
        return r.choice(
            (
                c.WithdrawHold(self.at_ns, actor, b"", number),
                c.PromiseHold(self.at_ns, actor, b"", number, decision),
                c.DecideHolds(self.at_ns, r.choice((0, 0, 0, 4)), b"", decision, r.random() < 0.7),
            )
        )

    def account_command(self) -> c.AnyCommand:
        r = self.random
        account = r.choice(list(self.state.accounts.values()))
        issuer = (
            account.book.issuer.number if r.random() < 0.9 else r.choice(list(self.state.parties))
        )
        head = (self.at_ns, issuer, b"", account.number if r.random() < 0.97 else 999)
        amount = r.choice((1, 10, 50, account.balance_minor, account.balance_minor + 1, 0, -1))
        return r.choice(
            (
                c.IssueMoney(*head, amount),
                c.RedeemMoney(*head, amount),
                c.SetLimit(*head, r.choice((0, 0, 5, 40, 100, -1))),
                c.SuspendMember(*head),
                c.ReinstateMember(*head),
                c.ReinstateMember(*head),
                c.SetReservation(
                    self.at_ns,
                    account.party.number if r.random() < 0.9 else self.member(),
                    b"",
                    account.number,
                    r.choice((0, 0, 10, 30)),
                    r.choice((0, 0, 10, -1)),
                ),
            )
        )

    def change_command(self) -> c.AnyCommand:
        """Propose what an account command does, or a rule; approve what waits, or turn it down."""
        r = self.random
        person = b"p%d" % r.randint(0, 9)
        if r.random() < 0.08:
            return self.rivals()
        pending = list(self.state.changes.values())
        if not pending or r.random() < 0.3:
            return self.proposal(person)
        # Rather the oldest ones, so that many come to an end.
        waits = r.choice(pending[:2])
        parties, issuers = approvals.consent_needed(self.state, waits.change)
        concerned = [*parties, *(range(1, 4) if issuers else ())]
        actor = r.choice(concerned) if r.random() < 0.93 else r.choice(list(self.state.parties))
        head = (self.at_ns, actor, self.signature(), waits.number)
        if r.random() < 0.3:
            return c.WithdrawChange(*head, person)
        digest = waits.digest if r.random() < 0.95 else b"other"
        return c.ApproveChange(*head, digest, person if r.random() < 0.97 else b"")

    def rivals(self) -> c.AnyCommand:
        """Propose the same redemption twice, and have both approved: there may be enough for one."""
        account = self.random.choice(list(self.state.accounts.values()))
        issuer, first = account.book.issuer.number, self.state.last_change + 1
        free_minor = max(1, account.balance_minor - account.held_minor)
        change = c.RedeemMoney(0, issuer, b"", account.number, free_minor)
        digest = sha256(approvals.content_of(change)).digest()
        head = (0, issuer, b"s" * 64 if self.signs else b"")
        lapses_ns = self.at_ns + HOUR_NS
        self.planned = [
            c.ApproveChange(*head, first + 1, digest, b"q"),
            c.ApproveChange(*head, first, digest, b"q"),
            c.ProposeChange(*head, b"p", change, lapses_ns),
        ]
        return c.ProposeChange(self.at_ns, issuer, b"", b"p", change, lapses_ns)

    def proposal(self, person: bytes) -> c.AnyCommand:
        r = self.random
        change = self.account_command()
        while isinstance(change, c.SetReservation):
            change = self.account_command()
        key, party = b"%032d" % r.randint(0, 40), r.choice(list(self.state.parties))
        owner = self.state.key_owners.get(key, party)
        speaker = r.choice((0, owner, owner, party))
        change = r.choice(
            (
                change,
                change,
                c.SetRules(5, 0, b"", r.choice((0, 1, 1, 2)), r.choice((10, 10, -1))),
                c.AddKey(5, speaker, b"", party, key, 0, r.choice((0, 0, self.at_ns + HOUR_NS))),
                c.RetireKey(5, speaker, b"", owner, key),
                c.SetApprovals(5, 0, b"", 2),
                *(self.screening_change() if self.screened_before() else ()),
            )
        )
        waiting = [p.change for p in self.state.changes.values()]
        if waiting and r.random() < 0.3:
            # The same again: once it has been carried out, it may not be possible a second time.
            change = r.choice(waiting)
        actor = change.actor if r.random() < 0.9 else r.choice(list(self.state.parties))
        expires_ns = self.at_ns + r.choice((0, HOUR_NS // 10, *[4 * HOUR_NS] * 6))
        return c.ProposeChange(self.at_ns, actor, self.signature(), person, change, expires_ns)

    def screening_change(self) -> tuple[c.AnyChange, ...]:
        r = self.random
        book = r.choice(list(self.state.books.values()))
        head = (5, book.issuer.number, b"", book.number, r.choice(("OFAC/SDN", "UN")))
        return (
            c.BindList(*head),
            c.UnbindList(*head),
            c.LoadListVersion(*head, DAY - 1, r.choice((0, 5)), r.randbytes(1), True),
            c.PlaceMember(5, 0, b"", self.member(), (book.number,)),
        )

    def day_command(self) -> c.AnyCommand:
        r = self.random
        book = r.choice(list(self.state.books.values()))
        actor = r.choice((0, 0, 0, 0, book.issuer.number, 5))
        number = book.number if r.random() < 0.97 else 99
        if r.random() < 0.1:
            return c.SetRules(self.at_ns, 0, b"", r.choice((0, 1, 1, 2)), r.choice((10, 10, 1)))
        if book.settles_date:
            if r.random() < 0.5:
                return c.CutOff(self.at_ns, actor, b"", number)
            return c.CloseBook(self.at_ns, actor, b"", number)
        date = book.date + (r.choice((1, 1, 2)) if book.day_ended else r.choices((0, 1), (9, 1))[0])
        self.date = max(self.date, date if r.random() < 0.7 else self.date)
        closes_ns = self.at_ns + r.choice((HOUR_NS, HOUR_NS // 100))
        return c.OpenWindow(self.at_ns, actor, b"", number, date, self.at_ns, closes_ns)

    def message(self) -> c.AnyCommand:
        r = self.random
        if r.random() < 0.3:
            return c.RecordRefusal(self.at_ns, 0, b"", 0, "X", "FF01", "Unreadable.")
        return c.RecordMessage(
            self.at_ns,
            4,
            b"",
            "BANK",
            "pacs.008.001.08",
            f"M{r.randint(0, 9)}",
            bytes([r.randint(0, 1)]),
        )
