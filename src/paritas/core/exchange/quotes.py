"""Dealers' quotes: posted, locked by a payer, used as legs that settle all or none.

A locked quote becomes the legs of one instruction, so a dealer is never left with one of them.
The best price comes first; where one quote is too small, the next best gives the rest: with
prices per unit no other split gives more, but for the roundings. Rounding goes to the dealer:
what is bought is rounded down, what is sold up, for each quote by less than one minor unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from paritas.core.exchange import agreements, rates
from paritas.core.exchange.state import Lock, Pair, Quote, pair_of
from paritas.core.state import NEVER_NS, Account, Book, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, LockEnded, QuotesLocked, Recorded
from paritas.model.exchange import LockedPart
from paritas.model.instructions import Leg
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.reasons import Reason

RECORDED: tuple[AnyEvent, ...] = (Recorded(),)


def admit_dealer(state: State, command: c.AdmitDealer) -> Sequence[AnyEvent]:
    """A dealer is a member with accounts on both books of the pair."""
    if command.actor != c.OPERATOR:
        return refuse(Reason.AG01, "Only the operator of the scheme may do this.")
    dealer = state.parties.get(command.member)
    books = {command.book_a, command.book_b}
    if dealer is None or len(books) != 2 or not books <= dealer.accounts.keys():
        return refuse(Reason.AGNT, "A dealer needs an account on each of the pair's two books.")
    return RECORDED


def record_dealer(state: State, command: c.AdmitDealer, _: int) -> None:
    """From now on it may quote."""
    pair = pair_of(command.book_a, command.book_b)
    state.exchange.dealers.setdefault(pair, set()).add(command.member)


def dismiss_dealer(state: State, command: c.DismissDealer) -> Sequence[AnyEvent]:
    """What was locked before stays locked: the dealer gave its word."""
    if command.actor != c.OPERATOR:
        return refuse(Reason.AG01, "Only the operator of the scheme may do this.")
    if command.member not in state.exchange.dealers.get(
        pair_of(command.book_a, command.book_b), ()
    ):
        return refuse(Reason.NARR, "There is no such dealer for this pair.")
    return RECORDED


def record_dismissal(state: State, command: c.DismissDealer, _: int) -> None:
    """Its right and its quotes for the pair end."""
    pair = pair_of(command.book_a, command.book_b)
    state.exchange.dealers[pair].discard(command.member)
    if not state.exchange.dealers[pair]:
        del state.exchange.dealers[pair]
    for quote in list(state.exchange.quotes.values()):
        if quote.dealer == command.member and pair_of(quote.base, quote.counter) == pair:
            _remove(state, quote)


def set_dealing_limit(state: State, command: c.SetDealingLimit) -> Sequence[AnyEvent]:
    """A dealer's limit is its own to set."""
    account = state.accounts.get(command.account)
    if account is None:
        return refuse(Reason.AC01, "There is no such account.")
    if not _speaks_for(command, account):
        return refuse(Reason.AG01, "Only the dealer sets its own dealing limit.")
    if not 0 <= command.limit_minor <= AMOUNT_MINOR_MAX:
        return refuse(Reason.AM12, "A limit is a non-negative amount of at most 18 digits.")
    return RECORDED


def _speaks_for(command: c.Command, account: Account) -> bool:
    return command.actor == account.party.number or command.actor in account.party.senders


def record_dealing_limit(state: State, command: c.SetDealingLimit, _: int) -> None:
    """Keep the limit."""
    account = state.accounts[command.account]
    key = account.party.number, account.book.number
    state.exchange.dealing_limits[key] = command.limit_minor


def post_quote(state: State, command: c.PostQuote) -> Sequence[AnyEvent]:
    """Only an appointed dealer quotes, and never more for what it sells than for what it buys."""
    base, counter = state.books.get(command.base), state.books.get(command.counter)
    if base is None or counter is None or base is counter:
        return refuse(Reason.AM03, "A quote is for two different books.")
    dealers = state.exchange.dealers.get(pair_of(base.number, counter.number), ())
    if command.actor not in dealers:
        pair = f"{base.currency}/{counter.currency}"
        return refuse(Reason.AG01, f"Only an appointed dealer quotes {pair}.")
    prices = (*command.bid, *command.ask)
    if len(prices) != 4 or not all(0 < number <= AMOUNT_MINOR_MAX for number in prices):
        return refuse(Reason.NARR, "A price is a fraction of two positive integers.")
    if Fraction(*command.bid) > Fraction(*command.ask):
        return refuse(Reason.NARR, "The bid is above the ask.")
    sizes = command.bid_size_minor, command.ask_size_minor
    if not all(0 <= size <= AMOUNT_MINOR_MAX for size in sizes):
        return refuse(Reason.AM12, "A size is a non-negative amount of at most 18 digits.")
    if not command.at_ns < command.valid_until_ns < NEVER_NS:
        return refuse(Reason.DT01, "The quote would have ended before it began.")
    return (Recorded(state.exchange.last_quote + 1),)


def record_quote(state: State, command: c.PostQuote, number: int) -> None:
    """The quote stands, in place of the dealer's earlier one of this reference."""
    exchange = state.exchange
    earlier = exchange.quote_references.get((command.actor, command.reference))
    if earlier is not None:
        _remove(state, exchange.quotes[earlier])
    exchange.last_quote = number
    exchange.quotes[number] = Quote(
        number,
        command.actor,
        command.reference,
        (command.base, command.counter),
        (Fraction(*command.bid), Fraction(*command.ask)),
        (command.bid_size_minor, command.ask_size_minor),
        command.valid_until_ns,
        command.firm,
    )
    exchange.quote_references[command.actor, command.reference] = number


def _remove(state: State, quote: Quote) -> None:
    del state.exchange.quotes[quote.number]
    del state.exchange.quote_references[quote.dealer, quote.reference]


def withdraw_quote(state: State, command: c.WithdrawQuote) -> Sequence[AnyEvent]:
    """A dealer takes back what nobody has locked."""
    quote = state.exchange.quotes.get(command.number)
    if quote is None:
        return refuse(Reason.NARR, f"There is no quote {command.number}.")
    if command.actor != quote.dealer:
        return refuse(Reason.AG01, f"Quote {command.number} belongs to another dealer.")
    return RECORDED


def record_withdrawal(state: State, command: c.WithdrawQuote, _: int) -> None:
    """The quote is gone."""
    _remove(state, state.exchange.quotes[command.number])


# --- locking -----------------------------------------------------------------------------------


def lock_quotes(state: State, command: c.LockQuotes) -> Sequence[AnyEvent]:
    """Set the best live quotes aside, as legs that the payer may instruct in time."""
    payer, payee = state.accounts.get(command.payer), state.accounts.get(command.payee)
    if payer is None or payee is None:
        return refuse(Reason.AC01, "There is no such account.")
    if payer.book is payee.book:
        return refuse(Reason.AM03, "A conversion is between two books.")
    if not _speaks_for(command, payer):
        return refuse(Reason.AG01, "Only the payer, or its registered sender, locks quotes.")
    if (payer.party.number, command.reference) in state.exchange.lock_references:
        return refuse(Reason.DU03, f"Reference {command.reference} was used for a lock before.")
    if not 0 < command.amount_minor <= AMOUNT_MINOR_MAX or command.worst_minor < 0:
        return refuse(Reason.AM12, "An amount is positive, of at most 18 digits.")
    if command.expires_ns <= command.at_ns:
        return refuse(Reason.DT01, "The lock would have ended before it began.")
    offers = [
        o
        for o in _offers(state, payer.book, payee.book, command.at_ns)
        if o.quote.dealer not in (payer.party.number, payee.party.number)
        and agreements.allows_dealer(state, payer.book, payee.book, o.quote.dealer)
    ]
    parts = _best_parts(state, command, offers, payee.book)
    if not parts:
        return refuse(Reason.NARR, "The firm quotes for this pair do not reach for this amount.")
    sold, bought = sum(p.sold_minor for p in parts), sum(p.bought_minor for p in parts)
    if not 0 < sold <= AMOUNT_MINOR_MAX or not 0 < bought <= AMOUNT_MINOR_MAX:
        return refuse(Reason.AM12, "The other amount would be zero, or of more than 18 digits.")
    if command.worst_minor and _is_worse(command, sold, bought):
        return refuse(Reason.NARR, "The best price there is is worse than the worst asked for.")
    refusal = agreements.refusal(state, (payer, payee), (sold, bought), command.purpose)
    if refusal is not None:
        return refuse(*refusal)
    expires_ns = min(
        command.expires_ns, *(state.exchange.quotes[p.quote].valid_until_ns for p in parts)
    )
    legs = tuple(_legs(state, command, payer, payee, parts))
    return (QuotesLocked(state.exchange.last_lock + 1, parts, legs, expires_ns),)


def _is_worse(command: c.LockQuotes, sold_minor: int, bought_minor: int) -> bool:
    if command.is_bought:
        return sold_minor > command.worst_minor
    return bought_minor < command.worst_minor


class _Offer:
    """One side of a quote as a payer sees it: how much it gives for what is sold."""

    __slots__ = ("is_bid", "price", "quote")

    def __init__(self, quote: Quote, is_bid: bool) -> None:
        self.quote = quote
        self.is_bid = is_bid
        #: Bought for one sold, both in minor units.
        self.price = quote.bid if is_bid else 1 / quote.ask

    def size(self, room_minor: int) -> tuple[int, int]:
        """Return the most that may be sold and the most that may be bought.

        ``room_minor`` is what the dealer's own limit leaves it to pay out.
        """
        if self.is_bid:
            most_sold = self.quote.bid_left_minor
            most_bought = min(int(most_sold * self.price), room_minor)
        else:
            most_bought = min(self.quote.ask_left_minor, room_minor)
            most_sold = -int(-most_bought / self.price // 1)
        return most_sold, most_bought


def _offers(state: State, sold: Book, bought: Book, at_ns: int) -> list[_Offer]:
    """Return the live firm quotes that sell ``bought`` for ``sold``, the best price first."""
    offers = []
    for quote in state.exchange.quotes.values():
        if not quote.firm or quote.valid_until_ns <= at_ns:
            continue
        if (quote.base, quote.counter) == (sold.number, bought.number):
            offers.append(_Offer(quote, is_bid=True))
        elif (quote.base, quote.counter) == (bought.number, sold.number):
            offers.append(_Offer(quote, is_bid=False))
    return sorted(offers, key=lambda offer: (-offer.price, offer.quote.number))


def _best_parts(
    state: State, command: c.LockQuotes, offers: Sequence[_Offer], bought: Book
) -> tuple[LockedPart, ...]:
    """Split the amount over the offers, in order; nothing where they do not reach for it."""
    left_minor = command.amount_minor
    room: dict[int, int] = {}
    parts = []
    for offer in offers:
        dealer = offer.quote.dealer
        room_minor = room.get(dealer, _room(state, dealer, bought))
        most_sold, most_bought = offer.size(room_minor)
        if command.is_bought:
            bought_minor = min(left_minor, most_bought)
            sold_minor = -int(-bought_minor / offer.price // 1)
        else:
            # What is sold beyond the price of the last unit that may be bought buys nothing.
            sold_minor = min(left_minor, most_sold)
            bought_minor = int(sold_minor * offer.price)
            if bought_minor > most_bought:
                bought_minor = most_bought
                sold_minor = -int(-bought_minor / offer.price // 1)
        if bought_minor <= 0 or sold_minor <= 0:
            continue
        room[dealer] = room_minor - bought_minor
        parts.append(LockedPart(offer.quote.number, sold_minor, bought_minor))
        left_minor -= bought_minor if command.is_bought else sold_minor
        if not left_minor:
            return tuple(parts)
    return ()


def _room(state: State, dealer: int, book: Book) -> int:
    """Return what a dealer's own limit lets it pay out on a book on the present date."""
    limit_minor = state.exchange.dealing_limits.get((dealer, book.number))
    if limit_minor is None:
        return AMOUNT_MINOR_MAX
    date, dealt_minor = state.exchange.dealt.get((dealer, book.number), (0, 0))
    return max(0, limit_minor - (dealt_minor if date == book.date else 0))


def _legs(
    state: State,
    command: c.LockQuotes,
    payer: Account,
    payee: Account,
    parts: Sequence[LockedPart],
) -> Iterator[Leg]:
    """Yield, for each part, the amount at the reference rate, the spread, and what is bought."""
    has_rate = not rates.halted(state, (payer.book, payee.book), command.at_ns)
    for part in parts:
        dealer = state.parties[state.exchange.quotes[part.quote].dealer]
        takes = dealer.accounts[payer.book.number]
        spread_minor = 0
        if has_rate:
            middle = rates.convert_minor(part.bought_minor, payee.book.rate, payer.book.rate)
            # A price better than the reference rate has no spread to show.
            spread_minor = max(0, part.sold_minor - middle)
        if spread_minor < part.sold_minor:
            yield Leg(payer.number, takes, part.sold_minor - spread_minor)
        if spread_minor:
            yield Leg(payer.number, takes, spread_minor)
        yield Leg(dealer.accounts[payee.book.number], payee.number, part.bought_minor)


def quotes_locked(state: State, command: c.LockQuotes, event: QuotesLocked) -> None:
    """The sizes are taken, and count towards each dealer's limit."""
    exchange = state.exchange
    payer, payee = state.accounts[command.payer], state.accounts[command.payee]
    lock = Lock(event.number, payer.party.number, event.parts, event.legs, event.expires_ns)
    exchange.last_lock = event.number
    exchange.locks[event.number] = lock
    exchange.lock_references[payer.party.number, command.reference] = event.number
    for part in event.parts:
        quote = exchange.quotes[part.quote]
        _take(quote, payer.book.number, part, 1)
        key = quote.dealer, payee.book.number
        if key not in exchange.dealing_limits:
            continue
        date, dealt_minor = exchange.dealt.get(key, (0, 0))
        dealt_minor = dealt_minor if date == payee.book.date else 0
        exchange.dealt[key] = payee.book.date, dealt_minor + part.bought_minor
    state.next_expiry_ns = min(state.next_expiry_ns, event.expires_ns)


def _take(quote: Quote, sold_book: int, part: LockedPart, sign: int) -> None:
    if quote.base == sold_book:
        quote.bid_left_minor -= sign * part.sold_minor
    else:
        quote.ask_left_minor -= sign * part.bought_minor


def expired(state: State, at_ns: int) -> list[AnyEvent]:
    """Return the end of each lock whose time is over."""
    return [LockEnded(n) for n, lock in state.exchange.locks.items() if lock.expires_ns <= at_ns]


def lock_ended(state: State, _: c.Command, event: LockEnded) -> None:
    """What was not used is free again, and no longer counts."""
    lock = state.exchange.locks.pop(event.number)
    sold_book = state.accounts[lock.legs[0].payer].book.number
    bought = state.accounts[lock.legs[-1].payee].book
    for part in lock.parts:
        quote = state.exchange.quotes.get(part.quote)
        if quote is not None:
            _take(quote, sold_book, part, -1)
    for dealer, bought_minor in _paid_out(state, lock).items():
        date, dealt_minor = state.exchange.dealt.get((dealer, bought.number), (0, 0))
        if date == bought.date:
            # A lock of an earlier date no longer counts, so it cannot be given back either.
            state.exchange.dealt[dealer, bought.number] = date, max(0, dealt_minor - bought_minor)


def _paid_out(state: State, lock: Lock) -> dict[int, int]:
    """Return what each dealer pays out by a lock."""
    paid: dict[int, int] = {}
    payee = lock.legs[-1].payee
    for leg in lock.legs:
        if leg.payee == payee:
            dealer = state.accounts[leg.payer].party.number
            paid[dealer] = paid.get(dealer, 0) + leg.amount_minor
    return paid


def pairs_with_ring(state: State, at_ns: int) -> list[tuple[int, ...]]:
    """Return the rings of three books round which live firm quotes give more than they take.

    Such a ring is an arbitrage between dealers; the scheme itself loses nothing by it, and shows it.
    """
    best: dict[Pair, Fraction] = {}
    for quote in state.exchange.quotes.values():
        if quote.firm and quote.valid_until_ns > at_ns:
            there, back = (quote.base, quote.counter), (quote.counter, quote.base)
            if quote.bid_left_minor:
                best[there] = max(best.get(there, Fraction(0)), quote.bid)
            if quote.ask_left_minor:
                best[back] = max(best.get(back, Fraction(0)), 1 / quote.ask)
    books = sorted({book for pair in best for book in pair})
    return [
        (a, b, d)
        for a in books
        for b in books
        for d in books
        if a < b
        and a < d
        and b != d
        and best.get((a, b), 0) * best.get((b, d), 0) * best.get((d, a), 0) > 1
    ]
