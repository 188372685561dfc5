"""Whole orders that close a ring among themselves, amount by amount.

In a market without orders in part, few orders match; but a purchase and the sale that follows
it in a ring may be of the same amount, but for rounding. Such orders are linked, and rings
are looked for in what is linked: from each order, depth first, to a small depth.
"""

from __future__ import annotations

import time

import numpy as np

from paritas.clearing.matching.market import Exact, Market

#: How many orders a ring has at most, and how many followers of an order are looked at.
_LENGTH_MAX = 6
_FOLLOWERS_MAX = 4


def find_rings(market: Market, slack: int, deadline_s: float) -> Exact:
    """Return what orders sell when rings of whole orders match, the most valuable rings first.

    :param slack: by how many units a sale may exceed the purchase that it serves.
    """
    followers = _followers(market, slack)
    price = np.array([float(price) for price in market.price])
    value = market.amount.astype(np.float64) * price[market.sell]
    sold = np.zeros_like(market.amount)
    is_free = np.ones(len(sold), dtype=bool)
    for start in np.argsort(-value, kind="stable").tolist():
        if time.monotonic() > deadline_s:
            break
        if is_free[start] and start in followers:
            ring = _ring(start, followers, is_free)
            is_free[ring] = False
            sold[ring] = market.amount[ring]
    return sold


def _followers(market: Market, slack: int) -> dict[int, list[int]]:
    """Return for each whole order those that sell what it buys, and up to ``slack`` more."""
    wholes = np.concatenate([np.zeros(0, dtype=np.int64), *(pair.wholes for pair in market.pairs)])
    found: dict[int, list[int]] = {}
    for code in range(len(market.codes)):
        sellers = wholes[market.sell[wholes] == code]
        sellers = sellers[np.argsort(market.amount[sellers], kind="stable")]
        buyers = wholes[market.buy[wholes] == code]
        amounts = market.amount[sellers]
        first = np.searchsorted(amounts, market.bought[buyers], side="left")
        last = np.searchsorted(amounts, market.bought[buyers] + slack, side="right")
        last = np.minimum(last, first + _FOLLOWERS_MAX)
        for place in np.flatnonzero(last > first).tolist():
            found[int(buyers[place])] = sellers[first[place] : last[place]].tolist()
    return found


def _ring(start: int, followers: dict[int, list[int]], is_free: np.ndarray) -> list[int]:
    """Return the orders of a ring through ``start``, or none."""
    path, trail = [start], [iter(followers[start])]
    while trail:
        order = next(trail[-1], None)
        if order is None:
            trail.pop()
            path.pop()
        elif order == start:
            return path
        elif (
            is_free[order] and order not in path and order in followers and len(path) < _LENGTH_MAX
        ):
            path.append(order)
            trail.append(iter(followers[order]))
    return []
