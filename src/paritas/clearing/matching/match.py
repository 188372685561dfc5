"""Matching: from checked orders to the RESULT with its legs and certificate."""

from __future__ import annotations

import time

import numpy as np

from paritas.clearing.matching.bound import Bounds
from paritas.clearing.matching.flow import multipliers
from paritas.clearing.matching.legs import build_legs
from paritas.clearing.matching.market import build_market
from paritas.clearing.matching.orders import (
    MatchCertificate,
    Matched,
    MatchResult,
    Multiplier,
    Orders,
)
from paritas.clearing.matching.rounding import Rounding
from paritas.clearing.matching.select import capacities, first_selection
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
    selection, flow = first_selection(market)
    bounds = Bounds(market)
    price = bounds.improve(multipliers(len(market.codes), capacities(market), flow))
    rounding = Rounding(market, selection.chosen, selection.parts)
    rounding.settle()
    upper = bounds.bound(price) * market.unit
    value = rounding.value() * market.unit
    where = np.flatnonzero(rounding.sold).tolist()
    orders = problem.orders
    return MatchResult(
        matched=list(
            map(
                Matched,
                (orders[index].id for index in where),
                rounding.sold[where].tolist(),
                rounding.bought[where].tolist(),
            )
        ),
        matched_value=format_number(value),
        upper_bound=format_number(upper),
        gap=format_number(upper - value),
        rounding=dict(zip(market.codes, rounding.left, strict=True)),
        legs=build_legs(market, rounding.sold, rounding.bought),
        certificate=MatchCertificate(
            1, [Multiplier(code, y) for code, y in zip(market.codes, price, strict=True) if y]
        ),
    )
