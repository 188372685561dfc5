"""Random exchange commands, biased to the edges, mixed with everything else of ``engine_world``."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from engine_world import DAY, HOUR_NS, Wishes
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model.exchange import AgreementTerms, Conversion, SwapTerms

DEALERS = (4, 5)


def exchange_opening() -> list[c.AnyCommand]:
    """Two dealers for each pair, and a swap line with mandates between the first two issuers."""
    commands: list[c.AnyCommand] = [c.SetRateRules(0, 0, b"", 0, 1, 2)]
    for pair in ((1, 2), (1, 3), (2, 3)):
        commands += [c.AdmitDealer(0, 0, b"", *pair, dealer) for dealer in DEALERS]
    terms = SwapTerms(1, 5, (500, 900), (100, 200), 1, (1, 50), (1, 40))
    commands += [c.SignSwapLine(0, issuer, b"", 1, terms) for issuer in (1, 2)]
    return commands


class ExchangeWishes:
    """An endless stream in which every second command is about exchange."""

    def __init__(self, random: Random, state: State) -> None:
        self.random = random
        self.state = state
        self.others = Wishes(random, state)
        self.count = 0

    def next(self) -> c.AnyCommand:
        command = self.others.next()
        quiet = c.SuspendMember | c.CutOff | c.OpenWindow | c.CloseBook
        while isinstance(command, quiet) and self.random.random() < 0.9:
            command = self.others.next()
        window = self.day(command.at_ns)
        if window is not None:
            return window
        if self.random.random() < 0.4:
            return command
        self.count += 1
        at_ns = command.at_ns
        return self.random.choices(
            (
                self.quote,
                self.lock,
                self.use,
                self.rate,
                self.agreement,
                self.swap,
                self.small,
            ),
            (8, 8, 8, 2, 1, 4, 1),
        )[0](at_ns)

    def day(self, at_ns: int) -> c.AnyCommand | None:
        """Open what is closed, for one date everywhere; now and then end the date."""
        books = list(self.state.books.values())
        for book in books:
            if book.settles_date and (at_ns >= book.closes_ns or not book.accepts_date):
                return c.CloseBook(at_ns, 0, b"", book.number)
        ended = [book for book in books if not book.settles_date]
        if not ended:
            book = self.random.choice(books)
            over = c.CloseBook(at_ns, 0, b"", book.number)
            return over if self.random.random() < 0.02 else None
        if self.random.random() < 0.5:
            return None
        date = max(book.date + book.day_ended for book in books)
        date = min(date, min(book.date + book.day_ended for book in ended) + 1)
        closes_ns = at_ns + 10 * HOUR_NS
        return c.OpenWindow(at_ns, 0, b"", ended[0].number, date, at_ns, closes_ns)

    def book(self) -> int:
        return self.random.choice((1, 2, 3))

    def price(self, base: int, counter: int, times: tuple[int, int]) -> tuple[int, int]:
        """The reference rate of the pair, times a fraction."""
        base_rate, rate = self.state.books[base].rate, self.state.books[counter].rate
        price = Fraction(rate[0] * base_rate[1] * times[0], rate[1] * base_rate[0] * times[1])
        return price.limit_denominator(10**6).as_integer_ratio()

    def quote(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        base, counter = r.sample((1, 2, 3), 2)
        spread = r.choice((0, 1, 5, 5, 20))
        return c.PostQuote(
            at_ns,
            r.choice((*DEALERS, *DEALERS, 6)),
            b"",
            f"Q{r.randint(0, 5)}",
            base,
            counter,
            self.price(base, counter, (100 - spread, 100)),
            self.price(base, counter, (100 + r.choice((spread, spread, spread, -30)), 100)),
            r.choice((0, 5, 40, 1000, 1000)),
            r.choice((5, 40, 1000, 1000, -1)),
            at_ns + r.choice((0, HOUR_NS // 10, HOUR_NS, 10 * HOUR_NS, 10 * HOUR_NS)),
            r.random() < 0.9,
        )

    def lock(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        payer = r.choice(list(self.state.accounts.values()))
        payee = r.choice(list(self.state.accounts.values()))
        if payee.book is payer.book and r.random() < 0.9:
            payee = self.state.accounts[payee.number % 12 + 1 if r.random() < 0.5 else 1]
        actor = payer.party.number if r.random() < 0.95 else 4
        expires_ns = at_ns + r.choice((0, 1, HOUR_NS // 10, HOUR_NS, HOUR_NS, HOUR_NS))
        amount = r.choice((1, 2, 5, 5, 9, 17, 30, 80, 0))
        worst = r.choice((0, 0, 0, 1, amount, 3 * amount))
        reference = f"L{self.count}" if r.random() < 0.97 else "L1"
        return c.LockQuotes(
            at_ns,
            actor,
            b"",
            reference,
            payer.number,
            payee.number,
            amount,
            r.random() < 0.5,
            expires_ns,
            worst,
            r.choice(("GDDS", "GDDS", "")),
        )

    def use(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        locks = list(self.state.exchange.locks.values())
        if not locks:
            return self.lock(at_ns)
        lock = r.choice(locks)
        legs = lock.legs if r.random() < 0.95 else lock.legs[:1]
        number = lock.number if r.random() < 0.97 else 999
        date = self.state.accounts[legs[0].payer].book.date
        return c.SubmitInstruction(
            at_ns,
            lock.party,
            b"",
            lock.party,
            f"X{self.count}",
            legs,
            r.choice((0, 1, 2)),
            date + r.choice((0, 0, 0, 0, 0, 1)),
            conversion=Conversion(number, r.choice(("GDDS", ""))),
        )

    def rate(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        book = self.state.books[self.book()]
        published = self.state.exchange.published.get(book.number)
        rate = book.rate
        times = r.choice((100, 101, 99, 102, 98, 300))
        new = Fraction(rate[0] * times, rate[1] * 100).limit_denominator(100).as_integer_ratio()
        new = new if 1 < new[0] < 10**6 else (731 * book.number, 7)
        if published is not None and published.held_back and r.random() < 0.7:
            new = published.held_back
        actor = book.issuer.number if r.random() < 0.95 else 0
        date = book.date + r.choice((0, 0, -1))
        return c.PublishRate(at_ns, actor, b"", book.number, *new, date, "test")

    def agreement(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        number = r.choice((1, 2))
        terms = AgreementTerms(
            1,
            1 + number,
            DAY,
            DAY + r.choice((5, 5, 100)),
            purposes=r.choice(((), ("GDDS",))),
            daily_cap_minor=r.choice((0, 60)),
            total_cap_minor=r.choice((0, 500)),
            dealer_bears_rounding=r.random() < 0.5,
        )
        signed = self.state.exchange.agreements.get(number)
        if signed is not None and r.random() < 0.8:
            terms = signed.terms
        actor = r.choice((1, 1 + number, 3))
        if r.random() < 0.15:
            return c.EndAgreement(at_ns, actor, b"", number)
        return c.SignAgreement(at_ns, actor, b"", number, terms)

    def swap(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        swaps = list(self.state.exchange.swaps.values())
        if swaps and r.random() < 0.6:
            swap = r.choice(swaps)
            if swap.asked and r.random() < 0.7:
                actor = 2 if 1 in swap.asked else 1
                return c.DrawSwap(at_ns, actor, b"", 1, *swap.wish, swap.reference)
            return c.RepaySwap(at_ns, r.choice((0, 1, 2, 5)), b"", swap.number)
        amount = r.choice((1, 10, 60, 150, 600, 0))
        actor = r.choice((0, 1, 2, 1, 2, 4))
        return c.DrawSwap(at_ns, actor, b"", 1, amount, r.random() < 0.5, f"S{self.count}")

    def small(self, at_ns: int) -> c.AnyCommand:
        r = self.random
        quotes = list(self.state.exchange.quotes.values())
        if quotes and r.random() < 0.4:
            quote = r.choice(quotes)
            return c.WithdrawQuote(at_ns, r.choice((quote.dealer, 6)), b"", quote.number)
        if r.random() < 0.5:
            account = r.choice(list(self.state.accounts.values()))
            actor = account.party.number
            return c.SetDealingLimit(at_ns, actor, b"", account.number, r.choice((30, 200, -1)))
        if r.random() < 0.4:
            return c.DismissDealer(at_ns, 0, b"", 1, 2, 5)
        return c.AdmitDealer(at_ns, 0, b"", 1, 2, 5)
