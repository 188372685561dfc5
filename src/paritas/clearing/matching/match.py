"""Matching: from checked orders to the RESULT with its legs and certificate."""

from __future__ import annotations

import time

import numpy as np

from paritas.clearing.matching.best import Best
from paritas.clearing.matching.bound import Bounds
from paritas.clearing.matching.flow import largest_circulation, multipliers
from paritas.clearing.matching.legs import build_legs
from paritas.clearing.matching.market import build_market
from paritas.clearing.matching.orders import (
    MatchCertificate,
    Matched,
    MatchResult,
    Multiplier,
    Orders,
    Picked,
    Rows,
)
from paritas.clearing.matching.rounding import Rounding
from paritas.clearing.matching.search import SMALL, search
from paritas.clearing.matching.select import capacities, select
from paritas.clearing.numbers import format_number
from paritas.clearing.problem import ClearingError


def match(
    problem: Orders, time_limit_s: float = 10.0, started_s: float | None = None
) -> MatchResult:
    """Match orders with each other, in pairs and rings, for the most value.

    :param problem: checked orders (:func:`~paritas.clearing.matching.orders.parse_orders`).
    :param time_limit_s: when to answer, in seconds; a match that cannot be bettered ends it sooner.
    :param started_s: since when, on ``time.monotonic``; by default since now.
    :raises ClearingError: when ``time_limit_s`` is none that can be used.
    """
    if not 0 < time_limit_s < float("inf"):
        raise ClearingError(f"time limit: {time_limit_s} is not a positive number of seconds")
    deadline_s = (time.monotonic() if started_s is None else started_s) + time_limit_s
    market = build_market(problem)
    arcs = capacities(market)
    flow = largest_circulation(len(market.codes), arcs)
    bounds = Bounds(market)
    price = bounds.improve(multipliers(len(market.codes), arcs, flow))
    best = Best(market, bounds.bound(price), deadline_s)
    sold, missed = select(market, flow)
    is_valid = best.offer(Rounding(market, sold))
    if any(missed) or not is_valid or len(market.amount) <= SMALL:
        search(best, sold, price)
    return _result(best, price)


def _result(best: Best, price: list[int]) -> MatchResult:
    market = best.market
    upper = best.upper * market.unit
    value = best.value * market.unit
    where = np.flatnonzero(best.sold)
    return MatchResult(
        matched=Rows(
            Matched, Picked(market.orders.ids, where), best.sold[where], best.bought[where]
        ),
        matched_value=format_number(value),
        upper_bound=format_number(upper),
        gap=format_number(upper - value),
        rounding=dict(zip(market.codes, best.left, strict=True)),
        legs=build_legs(market, best.sold, best.bought),
        certificate=MatchCertificate(
            1, [Multiplier(code, y) for code, y in zip(market.codes, price, strict=True) if y]
        ),
    )
