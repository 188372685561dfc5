"""Whole orders alone: balance one currency after the other by trying out sums of a few orders.

A currency that no order in part can trim balances only if the whole orders that are chosen happen
to add up. So currencies are taken one at a time, that of the least valuable unit first. At each,
some of the orders between it and those still to come are put in or taken out, so that
what is left of it lands in a narrow window; what that does to the others is mended when their turn
comes. The last currency has the most valuable unit, and its balance follows from the others'.

A window is hit by meeting in the middle (Horowitz and Sahni 1974): all sums of one half of the
tried orders, sorted, are searched for what each sum of the other half lacks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paritas.clearing.matching.market import Bools, Exact, Ints, Market
from paritas.clearing.matching.rounding import Rounding

#: Orders tried in each half; all their sums are formed.
_HALF = 14
_TRIES = 6


class Eliminator:
    """Balances a choice again and again, each time trying other orders."""

    def __init__(self, market: Market, price: list[int], seed: int = 0) -> None:
        """Take the certificate's prices: orders that they value at 0 are tried first."""
        self._market = market
        self._random = np.random.default_rng(seed)
        self._order = sorted(range(len(market.codes)), key=lambda code: market.price[code])
        #: Per currency, the whole orders to or from later ones: those of no gain or loss, and all.
        self._candidates: dict[int, tuple[Ints, Ints]] = {}
        for place, code in enumerate(self._order):
            later = set(self._order[place + 1 :])
            near, far = [], []
            for pair in market.pairs:
                if (pair.sell == code and pair.buy in later) or (
                    pair.buy == code and pair.sell in later
                ):
                    far.append(pair.wholes)
                    if 1 + price[pair.sell] - price[pair.buy] == 0:
                        near.append(pair.wholes)
            self._candidates[code] = (_join(near), _join(far))

    def balance(self, sold: Exact) -> Exact:
        """Return amounts sold near ``sold`` in which as many currencies as can be balance."""
        rounding = Rounding(self._market, sold)
        trimmed = self._trimmed(rounding)
        for code in self._order[:-1]:
            if code in trimmed:
                continue
            count = int(np.count_nonzero(rounding.sold))
            window = max(1, min(count, rounding.buyers_loss(code)))
            if 0 <= rounding.left[code] <= window:
                continue
            for candidates in self._candidates[code]:
                if len(candidates) and self._hit(rounding, code, candidates, window):
                    break
        return rounding.sold

    def _trimmed(self, rounding: Rounding) -> set[int]:
        """Return the currencies that orders in part can balance: both sold and bought by such."""
        sold, bought = set[int](), set[int]()
        for pair in self._market.pairs:
            if np.any(rounding.sold[pair.partials]):
                sold.add(pair.sell)
                bought.add(pair.buy)
        return sold & bought

    def _hit(self, rounding: Rounding, code: int, candidates: Ints, window: int) -> bool:
        market = self._market
        for _ in range(_TRIES):
            size = min(2 * _HALF, len(candidates))
            tried = self._random.choice(candidates, size, replace=False)
            is_in = rounding.sold[tried] > 0
            change = np.where(is_in, -1, 1)
            effect = change * np.where(
                market.sell[tried] == code, market.amount[tried], -market.bought[tried]
            )
            worth = change * _values(market, tried)
            least = -rounding.left[code]
            found = _best_sum(effect, worth, least, least + window)
            if found is not None:
                flipped = tried[found]
                rounding.flip(flipped)
                return True
        return False


def _join(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _values(market: Market, orders: Ints) -> Any:
    price = np.array([float(price) for price in market.price])
    return market.amount[orders].astype(np.float64) * price[market.sell[orders]]


def _best_sum(effect: Exact, worth: Any, least: int, most: int) -> Bools | None:
    """Choose which effects to take, so that their sum lies in the window; of such, the most worth."""
    half = len(effect) // 2
    first, first_worth = _sums(effect[:half]), _sums(worth[:half])
    second, second_worth = _sums(effect[half:]), _sums(worth[half:])
    order = np.argsort(second, kind="stable")
    second, second_worth = second[order], second_worth[order]
    start = np.searchsorted(second, least - first, side="left")
    end = np.searchsorted(second, most - first, side="right")
    hits = np.flatnonzero(end > start)
    if not len(hits):
        return None
    # Of each first sum's partners one is looked at: they differ little in worth.
    total = first_worth[hits] + second_worth[start[hits]]
    hit = hits[int(np.argmax(total))]
    chosen = np.zeros(len(effect), dtype=bool)
    chosen[:half] = _bits(int(hit), half)
    chosen[half:] = _bits(int(order[start[hit]]), len(effect) - half)
    return chosen


def _sums(items: Any) -> Any:
    """Return the sums of all subsets; the subset's bits number its place."""
    sums = np.zeros(1, dtype=items.dtype)
    for item in items:
        sums = np.concatenate([sums, sums + item])
    return sums


def _bits(number: int, count: int) -> list[bool]:
    return [bool(number >> place & 1) for place in range(count)]
