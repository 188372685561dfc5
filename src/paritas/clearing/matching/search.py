"""The search for what the first selection leaves: whole orders that do not add up by themselves.

Small markets go to HiGHS whole. In larger ones it chooses whole orders and shares of the
rest where orders in part are there to fill up; currencies without them are balanced one by one.
"""

from __future__ import annotations

import numpy as np

from paritas.clearing.matching.best import Best
from paritas.clearing.matching.eliminate import Eliminator
from paritas.clearing.matching.market import Exact
from paritas.clearing.matching.rings import find_rings
from paritas.clearing.matching.rounding import Rounding, in_order
from paritas.clearing.matching.select import first_selection

#: Up to so many orders the program is exact to the unit.
SMALL = 60
#: Up to so many orders HiGHS chooses among them all.
_SHARES_MAX = 50_000
#: The search ends when this part of the bound, at most, is missing.
_NEAR = 1e-6
#: By how many units neighbours in a ring may differ.
_SLACK = 3


def search(best: Best, start: Exact, price: list[int]) -> None:
    """Look for better matches until the deadline, or until little can be missing.

    :param start: what the first selection sells, per order.
    """
    if _solve(best, start) or best.is_near(_NEAR):
        return
    rings = find_rings(best.market, _SLACK, best.deadline_s - 0.5 * best.time_left_s())
    best.offer(Rounding(best.market, rings), as_it_is=True)
    eliminator, is_first = Eliminator(best.market, price), True
    while best.time_left_s() > 0 and not best.is_near(_NEAR):
        best.offer(Rounding(best.market, _by_groups(best, eliminator, start)))
        if not is_first and not best.value:
            return
        is_first = False


def _solve(best: Best, start: Exact) -> bool:
    """Let HiGHS choose; say whether nothing is left to do."""
    # It takes a while to import, and most markets do not need it.
    from paritas.clearing.matching.mip import solve_shares, solve_units

    market, sold = best.market, None
    is_best = False
    if len(market.amount) <= SMALL:
        sold, is_best = solve_units(market, 0.5 * best.time_left_s())
    elif len(market.amount) <= _SHARES_MAX and any(len(pair.partials) for pair in market.pairs):
        expected = max(1, int(np.count_nonzero(start)) // 2)
        found, is_best = solve_shares(market, expected, 0.5 * best.time_left_s())
        sold = None if found is None else in_order(market, *found)
    if sold is None:
        return False
    is_valid = best.offer(Rounding(market, sold), as_it_is=len(market.amount) <= SMALL)
    return is_valid and is_best


def _by_groups(best: Best, eliminator: Eliminator, start: Exact) -> Exact:
    """Balance as many currencies together as can be, then the others among themselves."""
    market = best.market
    total = np.zeros_like(market.amount)
    rest = set(range(len(market.codes)))
    while len(rest) > 1 and best.time_left_s() > 0:
        group, is_whole = set(rest), len(rest) == len(market.codes)
        while len(group) > 1:
            selection, _ = first_selection(market, group)
            sold = start if is_whole else in_order(market, selection.chosen, selection.parts)
            sold, failed = eliminator.balance(sold, group, best.deadline_s)
            if failed is None and Rounding(market, sold).settle():
                total += sold
                break
            is_whole = False
            group.discard(max(group) if failed is None else failed)
        rest -= group if len(group) > 1 else rest
    return total
