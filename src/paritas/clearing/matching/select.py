"""Which whole orders match, and how much of the others, so that value balances everywhere."""

from __future__ import annotations

import time

import numpy as np

from paritas.clearing.matching.flow import Arc, largest_circulation
from paritas.clearing.matching.market import Exact, Market, Pair

#: After so many rounds, a pair whose whole orders do not add up is left out.
_ROUNDS = 20


def capacities(market: Market, codes: set[int] | None = None) -> list[Arc]:
    """Return every pair as an arc that can carry the value of all its orders.

    With ``codes``, pairs that are not of these currencies carry nothing.
    """
    return [
        (pair.sell, pair.buy, total_of(pair, market.amount) * market.price[pair.sell])
        if codes is None or (pair.sell in codes and pair.buy in codes)
        else (pair.sell, pair.buy, 0)
        for pair in market.pairs
    ]


def total_of(pair: Pair, amounts: Exact) -> int:
    """Sum amounts, one per order of the market, over the orders of one pair."""
    return int(amounts[pair.wholes].sum()) + int(amounts[pair.partials].sum())


def select(market: Market, flow: list[int]) -> tuple[Exact, list[int]]:
    """Fill a circulation's flow with orders: the whole ones first, in order of arrival.

    Returns what each order sells, and per pair by how many units that stays below the flow.
    """
    sold = np.zeros_like(market.amount)
    missed = [
        _fill(market, pair, value // market.price[pair.sell], sold)
        for pair, value in zip(market.pairs, flow, strict=True)
    ]
    return sold, missed


def fill_parts(market: Market, pair: Pair, total: int, sold: Exact) -> None:
    """Let the pair's orders in part sell ``total``, in order of arrival: the last one in part."""
    amount = market.amount[pair.partials]
    sold[pair.partials] = np.clip(total - (np.cumsum(amount) - amount), 0, amount)


def _fill(market: Market, pair: Pair, target: int, sold: Exact) -> int:
    parts = int(market.amount[pair.partials].sum())
    amount = market.amount[pair.wholes]
    count = int(np.searchsorted(np.cumsum(amount), target, side="right"))
    sold[pair.wholes[:count]] = amount[:count]
    rest = target - int(amount[:count].sum())
    for place in range(count, len(amount)):
        if rest <= parts:
            break
        if amount[place] <= rest:
            sold[pair.wholes[place]] = amount[place]
            rest -= int(amount[place])
    fill_parts(market, pair, min(rest, parts), sold)
    return max(0, rest - parts)


def fitting_selection(market: Market, deadline_s: float) -> Exact:
    """Return a selection that balances: flows are lowered to what the pairs' orders add up to.

    After ``deadline_s`` (on ``time.monotonic``) pairs that do not add up are left out at once.
    """
    arcs = capacities(market)
    sold = np.zeros_like(market.amount)
    filled = [0] * len(arcs)
    for attempt in range(_ROUNDS + len(arcs)):
        flow = largest_circulation(len(market.codes), arcs)
        is_late = attempt >= _ROUNDS or time.monotonic() > deadline_s
        is_done = True
        for number, pair in enumerate(market.pairs):
            # An arc that was lowered to what its orders add up to may well keep its flow.
            if flow[number] != filled[number]:
                price = market.price[pair.sell]
                sold[pair.wholes] = 0
                if _fill(market, pair, flow[number] // price, sold):
                    reached = 0 if is_late else total_of(pair, sold) * price
                    arcs[number] = (pair.sell, pair.buy, reached)
                    filled[number], is_done = total_of(pair, sold) * price, False
                else:
                    filled[number] = flow[number]
        if is_done:
            break
    return sold
