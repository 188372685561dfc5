"""How each order was made: matched with the opposite pair, or in a ring of three or more currencies.

A match is a circulation of value among the currencies, and any circulation is a sum of rings. Rings
of two are taken first, then the shortest that are left, so that as much as can be is called matched.
"""

from __future__ import annotations

from collections import deque

from paritas.clearing.matching.orders import MatchResult, Orders, prices

_Pair = tuple[str, str]


def ways(problem: Orders, result: MatchResult) -> dict[str | int, dict[int, int]]:
    """Return per matched order how much of what it sold went round in rings of which length.

    Length 2 is a match with orders of the opposite pair, 3 and more a ring over so many currencies.
    Amounts are minor units of what the order sells and sum to what it sold; orders of a pair
    take part in order of arrival. What rounding keeps from closing a ring goes to the order's
    last way, or counts as a ring of the shortest length that its pair has.
    """
    price, _ = prices(problem)
    orders = {order.id: order for order in problem.orders}
    flow: dict[_Pair, int] = {}
    for entry in result.matched:
        order = orders[entry.id]
        pair = (order.sell, order.buy)
        flow[pair] = flow.get(pair, 0) + entry.sold * price[order.sell]
    rings = _rings(dict(flow))
    found: dict[str | int, dict[int, int]] = {}
    for entry in result.matched:
        order = orders[entry.id]
        left = rings[order.sell, order.buy]
        found[entry.id] = _take(left, entry.sold, price[order.sell])
    return found


def _take(left: list[list[int]], sold: int, price: int) -> dict[int, int]:
    """Take ``sold`` units out of (length, value) entries, the first ones first; the last never ends."""
    taken: dict[int, int] = {}
    while sold:
        length, value = left[0]
        units = sold if len(left) == 1 else min(sold, value // price)
        if units:
            taken[length] = taken.get(length, 0) + units
            left[0][1] -= units * price
            sold -= units
        if sold:
            left.pop(0)
    return taken


def _rings(flow: dict[_Pair, int]) -> dict[_Pair, list[list[int]]]:
    """Split each pair's value into (length, value), shortest rings first."""
    found: dict[_Pair, dict[int, int]] = {pair: {} for pair in flow}
    following: dict[str, dict[str, int]] = {}
    for (sell, buy), value in flow.items():
        following.setdefault(sell, {})[buy] = value
    # All rings of two, then for each pair in turn the shortest through what is left of it.
    for longest in (2, len(following)):
        for sell, buy in flow:
            while following[sell].get(buy) and (ring := _ring(following, sell, buy, longest)):
                value = min(following[first][second] for first, second in ring)
                for first, second in ring:
                    lengths = found[first, second]
                    lengths[len(ring)] = lengths.get(len(ring), 0) + value
                    following[first][second] -= value
                    if not following[first][second]:
                        del following[first][second]
    # Where only rounding is left of a pair, it counts as a ring of the least length it can have.
    return {
        pair: [list(entry) for entry in sorted(lengths.items())]
        or [[2 if (pair[1], pair[0]) in found else 3, 0]]
        for pair, lengths in found.items()
    }


def _ring(following: dict[str, dict[str, int]], sell: str, buy: str, longest: int) -> list[_Pair]:
    """Return the pairs of the shortest ring through one pair, of ``longest`` at most, or none."""
    if longest == 2:
        return [(sell, buy), (buy, sell)] if sell in following.get(buy, ()) else []
    came_from = {buy: sell}
    queue = deque([buy])
    while queue:
        code = queue.popleft()
        for after in following.get(code, ()):
            if after == sell:
                ring = [(code, sell)]
                while code != sell:
                    ring.append((came_from[code], code))
                    code = came_from[code]
                return ring[::-1]
            if after not in came_from:
                came_from[after] = code
                queue.append(after)
    return []
