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

import time
from typing import Any

import numpy as np

from paritas.clearing.matching.market import Bools, Exact, Ints, Market
from paritas.clearing.matching.rounding import Rounding

#: Orders in each half of each try; all their sums are formed.
_HALVES = (12, 12, 15, 15, 18)


class Eliminator:
    """Balances a choice again and again, each time trying other orders."""

    def __init__(self, market: Market, price: list[int], seed: int = 0) -> None:
        """Take the certificate's prices: orders that they value at 0 are tried first."""
        self._market, self._price = market, price
        self._random = np.random.default_rng(seed)
        self._order = sorted(range(len(market.codes)), key=lambda code: market.price[code])

    def balance(self, sold: Exact, codes: set[int], deadline_s: float) -> tuple[Exact, int | None]:
        """Change amounts sold among the currencies ``codes`` until those balance.

        Returns the amounts, and the first currency that does not balance, if one does not.
        """
        rounding = Rounding(self._market, sold)
        trimmed = self._trimmed(rounding)
        # What orders in part can trim comes last, and need not balance.
        order = [code for code in self._order if code in codes - trimmed]
        order += [code for code in self._order if code in codes & trimmed]
        for place, code in enumerate(order[:-1]):
            window = self._window(rounding, code, len(order))
            if code in trimmed or 0 <= rounding.left[code] <= window:
                continue
            near, far = self._candidates(code, set(order[place + 1 :]))
            if not (
                self._hit(rounding, code, near, window, deadline_s)
                or (len(far) > len(near) and self._hit(rounding, code, far, window, deadline_s))
            ):
                return rounding.sold, code
        return rounding.sold, None

    def _candidates(self, code: int, later: set[int]) -> tuple[Ints, Ints]:
        """Return the whole orders to or from later currencies: those of no gain or loss, and all."""
        near, far = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for pair in self._market.pairs:
            other = pair.buy if pair.sell == code else pair.sell
            if code in (pair.sell, pair.buy) and other in later:
                far.append(pair.wholes)
                if 1 + self._price[pair.sell] - self._price[pair.buy] == 0:
                    near.append(pair.wholes)
        return np.concatenate(near), np.concatenate(far)

    def _window(self, rounding: Rounding, code: int, codes: int) -> int:
        """Return how much may be left of a currency, so that enough is left for the last one."""
        price = self._market.price
        losses = rounding.buyers_losses()
        total = sum(loss * price[other] for other, loss in enumerate(losses))
        share = total // (2 * codes * price[code])
        return min(int(np.count_nonzero(rounding.sold)), max(losses[code], share))

    def _trimmed(self, rounding: Rounding) -> set[int]:
        """Return the currencies that orders in part can balance: both sold and bought by such."""
        sold, bought = set[int](), set[int]()
        for pair in self._market.pairs:
            if np.any(rounding.sold[pair.partials]):
                sold.add(pair.sell)
                bought.add(pair.buy)
        return sold & bought

    def _hit(
        self, rounding: Rounding, code: int, candidates: Ints, window: int, deadline_s: float
    ) -> bool:
        market = self._market
        for half in _HALVES:
            if not len(candidates) or time.monotonic() > deadline_s:
                return False
            tried = self._random.choice(candidates, min(2 * half, len(candidates)), replace=False)
            change = np.where(rounding.sold[tried] > 0, -1, 1)
            effect = change * np.where(
                market.sell[tried] == code, market.amount[tried], -market.bought[tried]
            )
            least = -rounding.left[code]
            found = _best_sum(effect, change * _values(market, tried), least, least + window)
            if found is not None:
                rounding.flip(tried[found])
                return True
            if len(tried) == len(candidates):
                return False
        return False


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
