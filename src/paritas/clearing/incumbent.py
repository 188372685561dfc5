"""The best set found so far, shared by the threads that search; every offer is checked exactly."""

from __future__ import annotations

import threading
import time

import numpy as np

from paritas.clearing.matrix import Bools, Ints, Matrix


class Incumbent:
    """A feasible set of instructions with its exact value, improved by several threads at once."""

    def __init__(self, matrix: Matrix, deadline_s: float) -> None:
        """Start from the empty set; ``deadline_s`` is on the clock of ``time.monotonic``."""
        self.matrix = matrix
        self.deadline_s = deadline_s
        self.lock = threading.Lock()
        self.chosen: Bools = np.zeros(matrix.columns, dtype=bool)
        #: Exact value over the problem's denominator.
        self.value = 0
        self.is_optimal = False
        self.improvements = 0

    def time_left_s(self) -> float:
        """Return the seconds until the deadline."""
        return self.deadline_s - time.monotonic()

    def is_over(self) -> bool:
        """Say whether searching should stop: proven optimal, or out of time."""
        return self.is_optimal or self.time_left_s() <= 0

    def worth(self) -> float:
        """Return the value in the matrix's float units, for heuristics."""
        return self.value / self.matrix.denominator / self.matrix.worth_unit

    def offer(self, chosen: Bools) -> bool:
        """Take a whole set if it is feasible and better; say whether it was taken."""
        with self.lock:
            return self._take(chosen)

    def offer_part(self, base: Bools, free: Ints, choice: Bools) -> bool:
        """Take a new choice for the ``free`` columns, worked out from the set ``base``."""
        changed = free[choice != base[free]]
        if not len(changed):
            return False
        with self.lock:
            chosen = self.chosen.copy()
            chosen[changed] = ~base[changed]
            return self._take(chosen)

    def _take(self, chosen: Bools) -> bool:
        if not self.matrix.is_feasible(chosen):
            return False
        # The difference alone is summed: most of a large set stays as it is.
        values = self.matrix.values
        changed = np.flatnonzero(chosen != self.chosen)
        gain = sum(values[column] if chosen[column] else -values[column] for column in changed)
        if gain <= 0:
            return False
        self.chosen, self.value = chosen, self.value + gain
        self.improvements += 1
        return True
