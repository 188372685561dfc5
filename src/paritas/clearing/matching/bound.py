"""The bound that prices of currencies prove on every match, in exact integers (docs/clearing.md).

An order counts at most ``value * gain + price of what it buys * value lost by rounding``, and not
below 0, where ``gain = 1 + price of what it sells - price of what it buys``.
"""

from __future__ import annotations

import math

import numpy as np

from paritas.clearing.matching.market import Market, Pair

_SWEEPS = 3


class Bounds:
    """Bounds of one market; sums over its orders are taken once."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._sums = [_sums(market, pair) for pair in market.pairs]

    def bound(self, price: list[int]) -> int:
        """Return, in the market's units of value, the most that any match can be worth.

        :param price: 0 or more per currency: what a unit of value left over there counts.
        """
        return sum(self._of_pair(number, price) for number in range(len(self._sums)))

    def improve(self, price: list[int]) -> list[int]:
        """Move single prices by 1 where that lowers the bound, a few times over."""
        near: list[list[int]] = [[] for _ in price]
        for number, pair in enumerate(self._market.pairs):
            near[pair.sell].append(number)
            near[pair.buy].append(number)
        price = price.copy()
        for _ in range(_SWEEPS):
            before = price.copy()
            for code, numbers in enumerate(near):
                price[code] = min(
                    (price[code], price[code] + 1, max(0, price[code] - 1)),
                    key=lambda y: self._around(numbers, [*price[:code], y, *price[code + 1 :]]),
                )
            if price == before:
                break
        return price

    def _around(self, numbers: list[int], price: list[int]) -> int:
        return sum(self._of_pair(number, price) for number in numbers)

    def _of_pair(self, number: int, price: list[int]) -> int:
        pair = self._market.pairs[number]
        unit, buy_price = self._market.price[pair.buy], price[pair.buy]
        gain = 1 + price[pair.sell] - buy_price
        whole_value, whole_lost, part_value = self._sums[number]
        # An order that may match in part loses less than one unit of what it buys: that much less
        # as values of what is sold and of what is bought differ at least.
        lost = (unit - math.gcd(unit, self._market.price[pair.sell])) * buy_price
        if gain >= 0:
            return (
                (whole_value + part_value) * gain
                + whole_lost * buy_price
                + lost * len(pair.partials)
            )
        return self._of_small(pair, gain, buy_price) + max(0, unit * gain + lost) * len(
            pair.partials
        )

    def _of_small(self, pair: Pair, gain: int, buy_price: int) -> int:
        """Return what whole orders count at a loss: only those that buy very little can."""
        market, total = self._market, 0
        few = pair.wholes[market.bought[pair.wholes] * -gain < buy_price]
        for index in few.tolist():
            value = int(market.amount[index]) * market.price[pair.sell]
            lost = value - int(market.bought[index]) * market.price[pair.buy]
            total += max(0, value * gain + buy_price * lost)
        return total


def _sums(market: Market, pair: Pair) -> tuple[int, int, int]:
    """Return the whole orders' value and what they lose by rounding, and the others' value."""
    price = market.price[pair.sell]
    whole = int(np.sum(market.amount[pair.wholes])) * price
    kept = int(np.sum(market.bought[pair.wholes])) * market.price[pair.buy]
    return whole, whole - kept, int(np.sum(market.amount[pair.partials])) * price
