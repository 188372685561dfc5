"""From a balance in value to one in whole minor units, by cutting orders that may match in part.

What is left of a currency is what is sold of it less what is bought. Over all currencies, the
value left is exactly what rounding down took from the orders. So when every currency but one
keeps what it should, the last keeps the rest: less than one minor unit per order if its minor
unit is the most valuable, which makes it the *root*.

To cut an order that sells ``c`` and buys ``d`` moves what is left from ``c`` to ``d``. Cuts along
ways from the root bring every currency that is short to 0 or above; then cuts along ways to the
root bring each down to what its own buyers lost by rounding.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import numpy as np

from paritas.clearing.matching.market import Exact, Ints, Market, Pair

#: From a currency to the next one on its way, and the pair whose orders are cut.
_Steps = dict[int, Pair]


class Rounding:
    """Amounts sold and bought per order, and what is left per currency, all exact."""

    def __init__(self, market: Market, sold: Exact) -> None:
        """Take what each order sells; what would buy nothing does not match."""
        self.market = market
        self.sold = sold.copy()
        self.bought = np.zeros_like(sold)
        #: Per pair, its matching orders that may match in part; the last ones are cut first.
        self._matching: dict[int, Ints] = {}
        for pair in market.pairs:
            for orders in (pair.wholes, pair.partials):
                self.bought[orders] = market.buys(pair, self.sold[orders])
            self._matching[id(pair)] = pair.partials[self.bought[pair.partials] > 0]
        #: The pairs with such orders, by the currency they buy and by that they sell.
        self._into: dict[int, list[Pair]] = {}
        self._out_of: dict[int, list[Pair]] = {}
        self.sold[self.bought == 0] = 0
        self.left = market.balance(self.sold, self.bought)

    def settle(self) -> bool:
        """Cut until every currency is left with 0 to as many units as orders match; say if it is."""
        self._into, self._out_of = {}, {}
        for pair in self.market.pairs:
            if len(self._matching[id(pair)]):
                self._into.setdefault(pair.buy, []).append(pair)
                self._out_of.setdefault(pair.sell, []).append(pair)
        for root, members in self._roots():
            toward, order = self._ways(root, members, to_root=True)
            away, away_order = self._ways(root, members, to_root=False)
            for code in reversed(away_order):
                if code in away and self.left[code] < 0:
                    self._cut_bought(away[code], -self.left[code])
            for code in reversed(order):
                if code in toward and (excess := self.left[code] - self.buyers_loss(code)) > 0:
                    self._cut_sold(toward[code], excess)
        return self.is_settled()

    def is_settled(self) -> bool:
        """Say whether what is left of each currency is within the contract's limits."""
        most = int(np.count_nonzero(self.sold))
        return all(0 <= left <= most for left in self.left)

    def value(self) -> int:
        """Return what is sold in all, in the market's units of value."""
        return sum(
            int(self._sum(self.sold, pair)) * self.market.price[pair.sell]
            for pair in self.market.pairs
        )

    def _sum(self, amounts: Exact, pair: Pair) -> int:
        return int(amounts[pair.wholes].sum()) + int(amounts[pair.partials].sum())

    def buyers_losses(self) -> list[int]:
        """Return the same of every currency at once, but each pair's part of a unit is left out."""
        lost = [0] * len(self.left)
        for pair in self.market.pairs:
            exact = self._sum(self.sold, pair) * pair.up // pair.down
            lost[pair.buy] += exact - self._sum(self.bought, pair)
        return lost

    def flip(self, wholes: Ints) -> None:
        """Put whole orders in that are out, and take those out that are in."""
        market = self.market
        for index in wholes.tolist():
            sell, buy = int(market.sell[index]), int(market.buy[index])
            sign = -1 if self.sold[index] else 1
            self.left[sell] += sign * int(market.amount[index])
            self.left[buy] -= sign * int(market.bought[index])
            self.sold[index] = market.amount[index] if sign > 0 else 0
            self.bought[index] = market.bought[index] if sign > 0 else 0

    def buyers_loss(self, code: int) -> int:
        """Return the whole units of a currency that its buyers lose together by rounding."""
        lost = Fraction(0)
        for pair in self.market.buying[code]:
            exact = Fraction(self._sum(self.sold, pair) * pair.up, pair.down)
            lost += exact - self._sum(self.bought, pair)
        return lost.numerator // lost.denominator

    def _roots(self) -> list[tuple[int, set[int]]]:
        """Return the currencies that matched orders tie together, each group with its root.

        The root is what most of them have a way to; of such, the most valuable.
        """
        near: dict[int, set[int]] = {}
        for pair in self.market.pairs:
            if self._sum(self.sold, pair):
                near.setdefault(pair.sell, set()).add(pair.buy)
                near.setdefault(pair.buy, set()).add(pair.sell)
        found, seen = [], set[int]()
        for start in near:
            if start in seen:
                continue
            group, pending = {start}, [start]
            while pending:
                more = near[pending.pop()] - group
                group |= more
                pending += more
            seen |= group
            by_value = sorted(group, key=lambda code: (-self.market.price[code], code))
            # One that all have a way to needs no comparing.
            reach = {}
            for code in by_value:
                reach[code] = len(self._ways(code, group, to_root=True)[0])
                if reach[code] == len(group) - 1:
                    break
            found.append((max(reach, key=lambda code: reach[code]), group))
        return found

    def _ways(self, root: int, members: set[int], *, to_root: bool) -> tuple[_Steps, list[int]]:
        """Return each currency's pair on its shortest way to (or from) the root, nearest first."""
        steps: _Steps = {}
        order = [root]
        queue = deque(order)
        near = self._into if to_root else self._out_of
        while queue:
            for pair in near.get(queue.popleft(), ()):
                there = pair.sell if to_root else pair.buy
                if there in members and there != root and there not in steps:
                    steps[there] = pair
                    order.append(there)
                    queue.append(there)
        return steps, order

    def _cut_sold(self, pair: Pair, excess: int) -> None:
        """Cut what the pair sells by ``excess``, as far as its orders allow."""
        least = -(-pair.down // pair.up)
        for index in self._last_first(pair):
            if excess <= 0:
                return
            sold = int(self.sold[index])
            # An order that still matches still buys something.
            kept = 0 if sold <= excess else max(sold - excess, least)
            self._set(pair, index, kept)
            excess -= sold - kept

    def _cut_bought(self, pair: Pair, shortage: int) -> None:
        """Cut what the pair buys by ``shortage`` or a little more, as far as its orders allow."""
        for index in self._last_first(pair):
            if shortage <= 0:
                return
            bought = int(self.bought[index])
            kept = max(0, bought - shortage)
            # The most that may be sold for what is still bought.
            self._set(pair, index, ((kept + 1) * pair.down - 1) // pair.up if kept else 0)
            shortage -= bought - int(self.bought[index])

    def _last_first(self, pair: Pair) -> list[int]:
        return self._matching[id(pair)][::-1].tolist()  # type: ignore[no-any-return]

    def _set(self, pair: Pair, index: int, sold: int) -> None:
        bought = sold * pair.up // pair.down
        self.left[pair.sell] -= int(self.sold[index]) - sold
        self.left[pair.buy] += int(self.bought[index]) - bought
        self.sold[index], self.bought[index] = sold, bought
        if not sold:
            matching = self._matching[id(pair)]
            self._matching[id(pair)] = matching[matching != index]
