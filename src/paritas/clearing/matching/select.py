"""Which whole orders match, and how much of the others, so that value balances everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paritas.clearing.matching.flow import largest_circulation
from paritas.clearing.matching.market import Bools, Market, Pair


@dataclass
class Selection:
    """The whole orders that match and, per pair, what its other orders sell together.

    ``missed`` is the value by which it stays below the circulation it was made for.
    """

    chosen: Bools
    parts: list[int]
    missed: int


def capacities(market: Market) -> list[tuple[int, int, int]]:
    """Return every pair as an arc that can carry the value of all its orders."""
    return [
        (pair.sell, pair.buy, _total(market, pair) * market.price[pair.sell])
        for pair in market.pairs
    ]


def _total(market: Market, pair: Pair) -> int:
    return int(market.amount[pair.wholes].sum()) + int(market.amount[pair.partials].sum())


def first_selection(market: Market) -> tuple[Selection, list[int]]:
    """Fill the largest circulation, whole orders first, in order of arrival; return its flow too."""
    arcs = capacities(market)
    flow = largest_circulation(len(market.codes), arcs)
    selection = Selection(np.zeros(len(market.amount), dtype=bool), [], 0)
    for pair, value in zip(market.pairs, flow, strict=True):
        price = market.price[pair.sell]
        selection.missed += _fill(market, pair, value // price, selection) * price
    return selection, flow


def _fill(market: Market, pair: Pair, target: int, selection: Selection) -> int:
    """Choose in one pair what sells ``target`` or a little less; return how much less."""
    parts = int(market.amount[pair.partials].sum())
    amount = market.amount[pair.wholes]
    count = int(np.searchsorted(np.cumsum(amount), target, side="right"))
    selection.chosen[pair.wholes[:count]] = True
    rest = target - int(amount[:count].sum())
    for place in range(count, len(amount)):
        if rest <= parts:
            break
        if amount[place] <= rest:
            selection.chosen[pair.wholes[place]] = True
            rest -= int(amount[place])
    selection.parts.append(min(rest, parts))
    return max(0, rest - parts)
