"""The exchange state as plain sorted data, and back: a part of ``core.snapshot``."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from paritas.core.exchange.state import (
    Agreement,
    Exchange,
    Lock,
    PublishedRate,
    Quote,
    Swap,
    SwapLine,
)
from paritas.model.exchange import AgreementTerms, LockedPart, SwapTerms
from paritas.model.instructions import Leg


def dump(x: Exchange) -> list[Any]:
    """Return the exchange state as sorted lists."""
    return [
        [x.max_age_ns, *x.max_jump.as_integer_ratio()],
        [[n, p.date, p.source, p.at_ns, p.held_back] for n, p in sorted(x.published.items())],
        sorted([*pair, sorted(dealers)] for pair, dealers in x.dealers.items()),
        sorted([*key, limit] for key, limit in x.dealing_limits.items()),
        sorted([*key, *dealt] for key, dealt in x.dealt.items()),
        [_dump_quote(q) for _, q in sorted(x.quotes.items())],
        [_dump_lock(lock) for _, lock in sorted(x.locks.items())],
        sorted([*key, number] for key, number in x.lock_references.items()),
        [x.last_quote, x.last_lock, x.last_swap],
        [_dump_agreement(a) for _, a in sorted(x.agreements.items())],
        sorted([number, *counted] for number, counted in x.counted.items()),
        [[n, ln.terms, sorted(ln.signed), *ln.drawn_minor] for n, ln in sorted(x.lines.items())],
        [_dump_swap(s) for _, s in sorted(x.swaps.items())],
        sorted([*key, number] for key, number in x.swap_references.items()),
    ]


def _dump_quote(q: Quote) -> list[Any]:
    prices = [*q.bid.as_integer_ratio(), *q.ask.as_integer_ratio()]
    sizes = [q.bid_left_minor, q.ask_left_minor]
    rest = [q.valid_until_ns, q.firm]
    return [q.number, q.dealer, q.reference, q.base, q.counter, prices, sizes, *rest]


def _dump_lock(lock: Lock) -> list[Any]:
    return [lock.number, lock.party, lock.parts, lock.legs, lock.expires_ns]


def _dump_agreement(a: Agreement) -> list[Any]:
    # Without a cap these grow past msgpack's integers.
    used = [a.used_date, str(a.used_today_minor), str(a.used_total_minor)]
    return [a.number, a.terms, sorted(a.signed), *used]


def _dump_swap(s: Swap) -> list[Any]:
    what = [s.number, s.line, s.reference, list(s.wish)]
    return [*what, sorted(s.asked), s.amounts_minor, s.interest_minor, s.maturity, s.due]


def load(data: list[Any]) -> Exchange:
    """Build the exchange state that ``dump`` wrote."""
    x = Exchange()
    rules, published, dealers, limits, dealt, quotes, locks, lock_references, last, *rest = data
    agreements, counted, lines, swaps, swap_references = rest
    x.max_age_ns, x.max_jump = rules[0], Fraction(rules[1], rules[2])
    for number, date, source, at_ns, held_back in published:
        x.published[number] = PublishedRate(date, source, at_ns)
        x.published[number].held_back = tuple(held_back) if held_back else None
    x.dealers = {(a, b): set(members) for a, b, members in dealers}
    x.dealing_limits = {(dealer, book): limit for dealer, book, limit in limits}
    x.dealt = {(dealer, book): (date, amount) for dealer, book, date, amount in dealt}
    for quote in quotes:
        _load_quote(x, quote)
    for number, party, parts, legs, expires_ns in locks:
        as_parts = msgspec.convert(parts, tuple[LockedPart, ...])
        as_legs = msgspec.convert(legs, tuple[Leg, ...])
        x.locks[number] = Lock(number, party, as_parts, as_legs, expires_ns)
    x.lock_references = {(party, ref): number for party, ref, number in lock_references}
    x.last_quote, x.last_lock, x.last_swap = last
    for number, terms, signed, *used in agreements:
        agreement = Agreement(number, msgspec.convert(terms, AgreementTerms))
        agreement.signed = frozenset(signed)
        agreement.used_date = used[0]
        agreement.used_today_minor, agreement.used_total_minor = int(used[1]), int(used[2])
        x.agreements[number] = agreement
    x.counted = {number: (a, date, amount) for number, a, date, amount in counted}
    for number, terms, signed, lower, higher in lines:
        line = SwapLine(number, msgspec.convert(terms, SwapTerms))
        line.signed, line.drawn_minor = frozenset(signed), (lower, higher)
        x.lines[number] = line
    for swap in swaps:
        _load_swap(x, swap)
    x.swap_references = {(line, ref): number for line, ref, number in swap_references}
    return x


def _load_quote(x: Exchange, data: list[Any]) -> None:
    number, dealer, reference, base, counter, prices, sizes, valid_until_ns, firm = data
    bid_n, bid_d, ask_n, ask_d = prices
    x.quotes[number] = Quote(
        number,
        dealer,
        reference,
        (base, counter),
        (Fraction(bid_n, bid_d), Fraction(ask_n, ask_d)),
        (sizes[0], sizes[1]),
        valid_until_ns,
        firm,
    )
    x.quote_references[dealer, reference] = number


def _load_swap(x: Exchange, data: list[Any]) -> None:
    number, line, reference, wish, asked, amounts, interest, maturity, due = data
    swap = Swap(number, line, reference, (wish[0], wish[1]))
    swap.asked = frozenset(asked)
    swap.amounts_minor, swap.interest_minor = (amounts[0], amounts[1]), (interest[0], interest[1])
    swap.maturity, swap.due = maturity, due
    x.swaps[number] = swap
