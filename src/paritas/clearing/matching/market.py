"""The orders as columns of numbers, grouped by pair of currencies; exact integers throughout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from paritas.clearing.matching.orders import Orders, prices

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Exact integers: int64, or Python integers in an object array where 64 bits do not hold them.
Exact = npt.NDArray[Any]

#: Sums stay below this in int64.
_INT64_SAFE = 2**62


@dataclass(frozen=True)
class Pair:
    """Orders that sell ``sell`` for ``buy`` and would buy something, in order of arrival.

    A unit of ``sell`` buys ``up / down`` units of ``buy``.
    """

    sell: int
    buy: int
    up: int
    down: int
    wholes: Ints
    partials: Ints


@dataclass(frozen=True)
class Market:
    """The columns of all orders; ``bought`` is what each buys if it matches whole.

    ``price`` is per currency and minor unit, in units of value of ``unit`` each.
    """

    orders: Orders
    codes: list[str]
    price: list[int]
    unit: Fraction
    sell: Ints
    buy: Ints
    amount: Exact
    bought: Exact
    pairs: list[Pair]

    @cached_property
    def buying(self) -> list[list[Pair]]:
        """Return the pairs that buy each currency."""
        found: list[list[Pair]] = [[] for _ in self.codes]
        for pair in self.pairs:
            found[pair.buy].append(pair)
        return found

    def buys(self, pair: Pair, sold: Exact) -> Exact:
        """Return what amounts sold in ``pair`` buy: the rate exactly, rounded down."""
        return convert(sold, pair.up, pair.down)

    def balance(self, sold: Exact, bought: Exact) -> list[int]:
        """Return per currency, exactly, what is sold less what is bought."""
        left = np.zeros(len(self.codes), dtype=self.amount.dtype)
        np.add.at(left, self.sell, sold)
        np.subtract.at(left, self.buy, bought)
        return left.tolist()


def convert(amount: Exact, up: int, down: int) -> Exact:
    """Return ``amount * up / down`` rounded down, without overflow."""
    if amount.dtype == object:
        return amount * up // down
    if up * down < _INT64_SAFE:
        whole, rest = np.divmod(amount, down)
        return whole * up + rest * up // down  # type: ignore[no-any-return]
    return (amount.astype(object) * up // down).astype(np.int64)


def build_market(problem: Orders) -> Market:
    """Turn checked orders into columns.

    An order too small to buy a single minor unit is in no pair: nobody gives and gets nothing.
    """
    orders = problem.orders
    price, unit = prices(problem)
    number = {code: index for index, code in enumerate(price)}
    count = len(orders)
    sell = np.fromiter(map(number.__getitem__, problem.sells), np.int64, count)
    buy = np.fromiter(map(number.__getitem__, problem.buys), np.int64, count)
    partial = np.fromiter(map(attrgetter("partial"), orders), dtype=bool, count=len(orders))
    worth = list(price.values())
    # What all sell and all buy together must fit, about, for sums to be exact.
    about = np.array([float(Fraction(units, max(worth))) for units in worth])
    most = np.array(problem.amounts, dtype=np.float64) @ (1 + about[sell] / about[buy])
    amount = np.array(problem.amounts, dtype=np.int64 if most < _INT64_SAFE else object)
    bought = np.zeros_like(amount)
    pairs = []
    key = sell * len(number) + buy
    # Small integers are sorted by their digits, which is quick.
    order = np.argsort(key.astype(np.min_scalar_type(len(number) ** 2)), kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        first, second = int(sell[members[0]]), int(buy[members[0]])
        factor = math.gcd(worth[first], worth[second])
        up, down = worth[first] // factor, worth[second] // factor
        bought[members] = convert(amount[members], up, down)
        members = members[bought[members] > 0]
        if len(members):
            parts = partial[members]
            pairs.append(Pair(first, second, up, down, members[~parts], members[parts]))
    return Market(problem, list(number), worth, unit, sell, buy, amount, bought, pairs)
