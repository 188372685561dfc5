"""The search for what the first selection leaves: whole orders that do not add up by themselves.

Small markets go to HiGHS whole. In larger ones it chooses whole orders and shares of the
rest where orders in part are there to fill up, and currencies without them are balanced one by one.
"""

from __future__ import annotations

import numpy as np

from paritas.clearing.matching.best import Best
from paritas.clearing.matching.eliminate import Eliminator
from paritas.clearing.matching.rounding import Rounding, in_order
from paritas.clearing.matching.select import Selection

#: Up to so many orders the program is exact to the unit.
SMALL = 60
#: Up to so many whole orders HiGHS chooses among them all.
_SHARES_MAX = 50_000
#: The search ends when this part of the bound, at most, is missing.
_NEAR = 1e-6


def search(best: Best, selection: Selection, price: list[int]) -> None:
    """Look for better matches until the deadline, or until little can be missing."""
    # HiGHS takes a while to import, and most markets do not need it.
    from paritas.clearing.matching.mip import solve_shares, solve_units

    market = best.market
    if len(market.amount) <= SMALL:
        sold, is_best = solve_units(market, 0.5 * best.time_left_s())
        if sold is not None and best.offer(Rounding(market, sold), as_it_is=True) and is_best:
            return
    starts = [in_order(market, selection.chosen, selection.parts)]
    has_parts = any(len(pair.partials) for pair in market.pairs)
    if has_parts and len(market.amount) <= _SHARES_MAX:
        expected = int(np.count_nonzero(starts[0])) // 2
        found = solve_shares(market, max(1, expected), 0.4 * best.time_left_s())
        if found is not None:
            starts.append(in_order(market, *found))
            best.offer(Rounding(market, starts[-1]))
    eliminator = Eliminator(market, price)
    number = 0
    while best.time_left_s() > 0 and not best.is_near(_NEAR):
        best.offer(Rounding(market, eliminator.balance(starts[number % len(starts)])))
        number += 1
