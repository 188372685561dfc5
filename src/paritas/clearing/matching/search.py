"""The search for what the first selection leaves: whole orders that do not add up by themselves.

Small markets go to HiGHS whole. In larger ones it chooses whole orders and shares of the
rest where orders in part are there to fill up; currencies without them are balanced one by one.
"""

from __future__ import annotations

import itertools
import time

import numpy as np

from paritas.clearing.matching.best import Best
from paritas.clearing.matching.eliminate import Eliminator
from paritas.clearing.matching.flow import largest_circulation
from paritas.clearing.matching.market import Exact, Pair
from paritas.clearing.matching.rings import find_rings
from paritas.clearing.matching.rounding import Rounding
from paritas.clearing.matching.select import capacities, fitting_selection, select

#: Up to so many orders the program is exact to the unit, if this part of the time suffices.
SMALL = 60
_UNITS_PART = 0.2
#: The part of the time left that one kind of search takes before the other has its turn.
_ROUND = 0.1
#: How often a group of currencies is tried before one of it is left out.
_TRIES = 4
#: Up to so many whole orders HiGHS chooses among them all, and about how many at a time else.
_WHOLES_MAX = 10_000
_NEIGHBOURHOOD = 400
#: The search ends when this part of the bound, at most, is missing.
_NEAR = 1e-6
#: By how many units neighbours in a ring may differ.
_SLACK = 3


def search(best: Best, start: Exact, price: list[int]) -> None:
    """Look for better matches until the deadline, or until little can be missing.

    :param start: what the first selection sells, per order; it need not balance.
    """
    if len(best.market.amount) <= SMALL and _solve_units(best):
        return
    has_parts = any(len(pair.partials) for pair in best.market.pairs)
    if has_parts:
        until_s = best.deadline_s - 0.8 * best.time_left_s()
        best.offer(Rounding(best.market, fitting_selection(best.market, until_s)))
        if _solve_shares(best, start):
            return
    rings = find_rings(best.market, _SLACK, best.deadline_s - 0.5 * best.time_left_s())
    best.offer(Rounding(best.market, rings), as_it_is=True)
    eliminator = Eliminator(best.market, price)
    for number in itertools.count():
        until_s = time.monotonic() + _ROUND * best.time_left_s()
        while True:
            best.offer(Rounding(best.market, _by_groups(best, eliminator, start)))
            if best.time_left_s() <= 0 or best.is_near(_NEAR):
                return
            if time.monotonic() > until_s:
                break
        if not best.value and number > 1:
            return
        if has_parts and best.value and len(best.market.amount) > SMALL:
            _solve_neighbourhoods(best, number)


def _solve_units(best: Best) -> bool:
    """Let HiGHS solve a small market; say whether nothing is left to do."""
    # It takes a while to import, and most markets do not need it.
    from paritas.clearing.matching.mip import solve_units

    sold, is_best = solve_units(best.market, _UNITS_PART * best.time_left_s())
    return sold is not None and best.offer(Rounding(best.market, sold), as_it_is=True) and is_best


def _solve_shares(best: Best, start: Exact) -> bool:
    """Let HiGHS choose among all whole orders; say whether nothing is left to do."""
    from paritas.clearing.matching.mip import solve_shares

    market = best.market
    if sum(len(pair.wholes) for pair in market.pairs) > _WHOLES_MAX:
        return False
    for margin in (0, 2):
        limit_s = 0.35 * best.time_left_s()
        sold, is_best = solve_shares(market, start, market.pairs, limit_s, margin)
        if sold is not None and best.offer(Rounding(market, sold)):
            return is_best
    return False


def _solve_neighbourhoods(best: Best, seed: int) -> None:
    """Choose anew among a few currencies at a time, all else as it is in the best match."""
    from paritas.clearing.matching.mip import solve_shares

    market, random = best.market, np.random.default_rng(seed)
    until_s = time.monotonic() + _ROUND * best.time_left_s()
    while time.monotonic() < until_s and not best.is_near(_NEAR):
        pairs: list[Pair] = []
        size = 0
        chosen = set[int]()
        for code in random.permutation(len(market.codes)).tolist():
            chosen.add(code)
            pairs = [pair for pair in market.pairs if pair.sell in chosen and pair.buy in chosen]
            size = sum(len(pair.wholes) for pair in pairs)
            if size > _NEIGHBOURHOOD:
                break
        sold, _ = solve_shares(market, best.sold, pairs, 1.0)
        if sold is not None:
            best.offer(Rounding(market, sold))


def _by_groups(best: Best, eliminator: Eliminator, start: Exact) -> Exact:
    """Balance as many currencies together as can be, then the others among themselves."""
    market = best.market
    total = np.zeros_like(market.amount)
    rest = set(range(len(market.codes)))
    while len(rest) > 1 and best.time_left_s() > 0:
        group, sold = set(rest), start
        while len(group) > 1:
            if len(group) < len(market.codes):
                arcs = capacities(market, group)
                sold, _ = select(market, largest_circulation(len(market.codes), arcs))
            balanced, failed = _balance(best, eliminator, sold, group)
            if balanced is not None:
                total += balanced
                break
            group.discard(failed)
        rest -= group if len(group) > 1 else rest
    return total


def _balance(
    best: Best, eliminator: Eliminator, sold: Exact, group: set[int]
) -> tuple[Exact | None, int]:
    """Try a few times to balance a group; else return a currency that failed."""
    failed: int | None = None
    for _ in range(_TRIES):
        balanced, failed = eliminator.balance(sold, group, best.deadline_s)
        if failed is None and Rounding(best.market, balanced).settle():
            return balanced, -1
        if best.time_left_s() <= 0:
            break
    return None, max(group) if failed is None else failed
