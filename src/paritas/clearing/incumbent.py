"""The best set found so far, shared by the threads that search; every offer is checked exactly."""

from __future__ import annotations

import threading
import time

import numpy as np

from paritas.clearing.matrix import Bools, Floats, Ints, Matrix


class Incumbent:
    """A feasible set of instructions, its exact value, and who is working on what part of it.

    Threads improve disjoint parts at the same time: each is granted a share of the money that
    lies idle, so that what they bring back fits together however they finish.
    """

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


class Grants:
    """Who may use how much of the idle money, and which columns are being worked on."""

    def __init__(self, matrix: Matrix, workers: int) -> None:
        self._matrix = matrix
        self._granted = np.zeros((workers, matrix.rows))
        self._busy = np.zeros(matrix.columns, dtype=bool)
        self._share = 1.0 if workers == 1 else 0.5

    def take(self, worker: int, chosen: Bools, free: Ints) -> tuple[Ints, Floats]:
        """Grant ``worker`` the columns that no one has; return them and the room withheld."""
        free = free[~self._busy[free]]
        self._busy[free] = True
        idle = np.maximum(0, self._matrix.room_scaled - self._matrix.outflow_scaled(chosen))
        left = np.maximum(0, idle - self._granted.sum(axis=0))
        _, row, _ = self._matrix.by_column.take(free)
        rows = np.unique(row)
        grant = np.zeros(self._matrix.rows)
        grant[rows] = left[rows] * self._share
        self._granted[worker] = grant
        return free, idle - grant

    def release(self, worker: int, free: Ints) -> None:
        """Give back what was granted."""
        self._busy[free] = False
        self._granted[worker] = 0.0
