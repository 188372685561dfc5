"""The independent checker of matching results: integers and fractions only, and no solver.

A result is valid when every order sells and buys what the contract says, every currency balances
with its rounding, the legs deliver exactly that, and every number follows from orders, match and
certificate (docs/clearing.md says how).
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import msgspec

from paritas.clearing.matching.orders import (
    ROUNDING,
    MatchCertificate,
    Matched,
    MatchLeg,
    Order,
    Orders,
    prices,
)
from paritas.clearing.numbers import parse_number
from paritas.clearing.verify import InvalidResultError, require

_Account = tuple[str, str]


class _Result(msgspec.Struct, forbid_unknown_fields=True):
    matched: list[Matched]
    matched_value: str
    upper_bound: str
    gap: str
    rounding: dict[str, int]
    legs: list[MatchLeg]
    certificate: MatchCertificate


class _Kind(msgspec.Struct):
    matched_value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def is_match_result(text: bytes) -> bool:
    """Say whether a document claims to be a result of matching."""
    try:
        return msgspec.json.decode(text, type=_Kind).matched_value is not msgspec.UNSET
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def verify_match(problem: Orders, text: bytes | str) -> None:
    """Check a result document against its orders.

    :raises InvalidResultError: with one line saying what is wrong, whatever ``text`` holds.
    """
    try:
        result = msgspec.json.decode(text, type=_Result)
        _Check(problem, result).run()
    except InvalidResultError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidResultError(f"malformed result: {error}"[:300]) from None


class _Check:
    def __init__(self, problem: Orders, result: _Result) -> None:
        self.orders = problem.orders
        self.order = {order.id: order for order in problem.orders}
        self.result = result
        self.price, self.unit = prices(problem)
        self.sold: dict[str | int, int] = {}
        #: What members sell and buy, by member and currency.
        self.sales: Counter[_Account] = Counter()
        self.purchases: Counter[_Account] = Counter()

    def run(self) -> None:
        value = self.check_matched() * self.unit
        total = self.check_rounding()
        bound = self.bound() * self.unit
        for name, number in (
            ("matched_value", value),
            ("upper_bound", bound),
            ("gap", bound - value),
        ):
            claimed = parse_number(getattr(self.result, name))
            require(claimed == number, f"{name} is {claimed}, but recomputed it is {number}")
        self.check_legs(total)

    def check_matched(self) -> int:
        """Check every matched order by itself; return the matched value over the unit."""
        value = 0
        for entry in self.result.matched:
            order = self.order.get(entry.id)
            if order is None or entry.id in self.sold:
                raise InvalidResultError(f"matched: {entry.id!r} is no order's id or occurs twice")
            least = 1 if order.partial else order.amount
            require(
                least <= entry.sold <= order.amount,
                f"matched: {entry.id!r} sells {entry.sold}, and may sell {least} to {order.amount}",
            )
            bought = entry.sold * self.price[order.sell] // self.price[order.buy]
            require(
                entry.bought == bought,
                f"matched: {entry.id!r} buys {entry.bought}, but its rate gives {bought}",
            )
            require(bought > 0, f"matched: {entry.id!r} sells {entry.sold} and gets nothing")
            self.sold[entry.id] = entry.sold
            self.sales[order.member, order.sell] += entry.sold
            self.purchases[order.member, order.buy] += bought
            value += entry.sold * self.price[order.sell]
        return value

    def check_rounding(self) -> dict[str, int]:
        """Check that each currency balances; return what is sold of it in all."""
        sold, bought = Counter[str](), Counter[str]()
        for (_, currency), amount in self.sales.items():
            sold[currency] += amount
        for (_, currency), amount in self.purchases.items():
            bought[currency] += amount
        rounding = self.result.rounding
        require(
            rounding.keys() == self.price.keys(), "rounding: must name each currency with a rate"
        )
        for currency, stated in rounding.items():
            left = sold[currency] - bought[currency]
            require(stated == left, f"rounding of {currency} is {stated}, recomputed {left}")
            most = len(self.sold)
            require(0 <= left <= most, f"rounding of {currency} is {left}, not from 0 to {most}")
        return {currency: sold[currency] for currency in rounding}

    def bound(self) -> Fraction:
        """Return what the multipliers prove, over the unit."""
        scale = self.result.certificate.scale
        require(scale > 0, "certificate: scale must be positive")
        y = dict.fromkeys(self.price, 0)
        named: set[str] = set()
        for entry in self.result.certificate.multipliers:
            require(
                entry.currency in y and entry.currency not in named and entry.y >= 0,
                f"certificate: the multiplier of {entry.currency!r} is unknown, twice or negative",
            )
            named.add(entry.currency)
            y[entry.currency] = entry.y
        total = sum(self.counts(order, scale, y[order.sell], y[order.buy]) for order in self.orders)
        return Fraction(total, scale)

    def counts(self, order: Order, scale: int, sell_y: int, buy_y: int) -> int:
        """Return the most that an order adds to the bound, times scale."""
        value, unit = order.amount * self.price[order.sell], self.price[order.buy]
        gain = scale + sell_y - buy_y
        lost = value % unit
        if value < unit:
            return 0
        if order.partial:
            # It sells what buys one unit at least; of a unit it loses all but one step of value.
            step = math.gcd(self.price[order.sell], unit)
            value, lost = value if gain > 0 else unit, unit - step
        return max(0, value * gain + lost * buy_y)

    def check_legs(self, total: dict[str, int]) -> None:
        """Check that the legs deliver what is matched, as far as it is between two members."""
        paid: Counter[str | int] = Counter()
        given: Counter[_Account] = Counter()
        taken: Counter[_Account] = Counter()
        for leg in self.result.legs:
            order = self.order.get(leg.order)
            if order is None or (leg.payer, leg.currency) != (order.member, order.sell):
                raise InvalidResultError(
                    f"legs: {leg.order!r} is no order of {leg.payer} selling {leg.currency}"
                )
            require(leg.payer != leg.payee, f"legs: {leg.payer} pays itself")
            require(leg.amount > 0, f"legs: {leg.amount} {leg.currency} is not above 0")
            paid[leg.order] += leg.amount
            given[leg.payer, leg.currency] += leg.amount
            taken[leg.payee, leg.currency] += leg.amount
        for name, amount in paid.items():
            sold = self.sold.get(name, 0)
            require(amount <= sold, f"legs: order {name!r} pays {amount}, and sells {sold}")
        expected = {(ROUNDING, code): left for code, left in self.result.rounding.items() if left}
        for account in self.sales.keys() | self.purchases.keys():
            sold, bought = self.sales[account], self.purchases[account]
            # What nobody else could take or give stays between the member's own accounts.
            own = max(0, sold + bought - total[account[1]])
            require(
                given[account] == sold - own,
                f"legs: {account[0]} pays {given[account]} {account[1]}, not {sold - own}",
            )
            if bought > own:
                expected[account] = bought - own
        if taken != expected:
            account = min(
                key for key in taken.keys() | expected.keys() if taken[key] != expected.get(key, 0)
            )
            raise InvalidResultError(
                f"legs: {account[0]} receives {taken[account]} {account[1]}, not {expected.get(account, 0)}"
            )
