"""The best match found so far; every offer is made exact and checked."""

from __future__ import annotations

import time

import numpy as np

from paritas.clearing.matching.market import Exact, Market
from paritas.clearing.matching.rounding import Rounding


class Best:
    """What each order sells and buys in the best match so far; at first nothing matches."""

    def __init__(self, market: Market, upper: int, deadline_s: float) -> None:
        """``upper`` bounds the value; ``deadline_s`` is on the clock of ``time.monotonic``."""
        self.market, self.upper, self.deadline_s = market, upper, deadline_s
        self.sold: Exact = np.zeros_like(market.amount)
        self.bought: Exact = np.zeros_like(market.amount)
        self.left = [0] * len(market.codes)
        self.value = 0

    def offer(self, rounding: Rounding, *, as_it_is: bool = False) -> bool:
        """Settle what is proposed, and keep it if it is valid and better; say whether it is valid.

        What is valid already may be taken ``as_it_is``, without cutting for an even rounding.
        """
        if not (as_it_is and rounding.is_settled()) and not rounding.settle():
            return False
        value = rounding.value()
        if value > self.value:
            self.sold, self.bought = rounding.sold, rounding.bought
            self.left, self.value = rounding.left, value
        return True

    def time_left_s(self) -> float:
        """Return the seconds until the deadline."""
        return self.deadline_s - time.monotonic()

    def is_near(self, part: float) -> bool:
        """Say whether no more than a part of the bound is missing."""
        return self.upper - self.value <= part * self.upper
