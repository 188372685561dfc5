"""Search in large neighbourhoods: choose a part of the set anew, exactly, the rest held fixed.

A neighbourhood is a few hundred to a few thousand instructions that HiGHS' MIP solves in a
fraction of a second; how large is learnt per kind, and kinds that gained lately are tried more
often. Threads work at the same time (HiGHS runs outside Python's lock). When two have changed
what does not fit together, the columns in which they differ are one more neighbourhood.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from paritas.clearing.construct import construct
from paritas.clearing.incumbent import Incumbent
from paritas.clearing.matrix import Bools, Floats, Ints
from paritas.clearing.relaxation import solve_subproblem

#: What one neighbourhood should take, and when it is cut off, in seconds.
_TARGET_S = 0.1
_LIMIT_S = 0.5
_SIZE_FIRST, _SIZE_LEAST = 400, 60
#: How many doubtful columns the kernel decides, and what overdrawing costs there.
_KERNEL_SIZE = 2500
_KERNEL_SHORTAGE_COST = 10.0


@dataclass
class _Kind:
    """One way to choose a neighbourhood, and how it has done."""

    choose: Callable[[int], Ints]
    size: float = _SIZE_FIRST
    gain_per_second: float = float("inf")


class Neighbourhoods:
    """The kinds of neighbourhood, chosen by what they gained per second."""

    def __init__(
        self, incumbent: Incumbent, allowed: Bools, share: Floats, multiplier: Floats, seed: int
    ) -> None:
        """Take what may be chosen, and the relaxation's shares and (scaled) multipliers."""
        self._incumbent = incumbent
        self._matrix = matrix = incumbent.matrix
        self._allowed, self._share = allowed, share
        self._price = multiplier + 1e-3 * (multiplier.mean() + 1e-12)
        self._random = np.random.default_rng(seed)
        self._columns = np.flatnonzero(allowed)
        self._members = _groups([member for member, _ in matrix.keys])
        self._currencies = _groups([currency for _, currency in matrix.keys])
        self.kinds = [
            _Kind(self._disagreeing),
            _Kind(self._anywhere),
            _Kind(self._idle_accounts),
            _Kind(self._any_accounts),
            _Kind(self._near_accounts),
        ]
        if self._currencies.max() > 0:
            self.kinds += [
                _Kind(lambda size: self._grouped_accounts(self._members, size)),
                _Kind(lambda size: self._grouped_accounts(self._currencies, size)),
            ]
        for kind in self.kinds:
            kind.size = min(_SIZE_FIRST, max(_SIZE_LEAST, len(self._columns) / 3))

    def pick(self) -> tuple[_Kind, Ints]:
        """Choose a kind and with it the columns to free."""
        gains = np.array([kind.gain_per_second for kind in self.kinds])
        if np.isinf(gains).any():
            kind = self.kinds[int(np.argmax(np.isinf(gains)))]
            kind.gain_per_second = (
                0.0 if gains.min() == np.inf else float(gains[~np.isinf(gains)].max())
            )
        elif self._random.random() < 0.2 or gains.sum() <= 0:
            kind = self.kinds[self._random.integers(len(self.kinds))]
        else:
            kind = self.kinds[self._random.choice(len(gains), p=gains / gains.sum())]
        return kind, np.sort(kind.choose(min(int(kind.size), len(self._columns))))

    def learn(self, kind: _Kind, seconds: float, gain: float) -> None:
        """Record what a neighbourhood gained and how long it took."""
        rate = gain / max(seconds, 1e-3)
        kind.gain_per_second = 0.9 * kind.gain_per_second + 0.1 * rate
        kind.size = kind.size * (
            1.05 if seconds < _TARGET_S else 0.85 if seconds < 0.8 * _LIMIT_S else 0.7
        )
        kind.size = min(max(kind.size, _SIZE_LEAST), len(self._columns) + 1)

    def _anywhere(self, size: int) -> Ints:
        return self._random.choice(self._columns, size, replace=False)

    def _disagreeing(self, size: int) -> Ints:
        """Where the set and the relaxation differ, with some of the rest."""
        differs = np.abs(self._incumbent.chosen[self._columns] - self._share[self._columns]) + 0.1
        keys = differs * self._random.random(len(self._columns))
        return self._columns[np.argpartition(-keys, size - 1)[:size]]

    def _touching(self, rows: Ints, size: int) -> Ints:
        """Return the first ``size`` columns that touch the accounts, in the accounts' order."""
        counts = np.cumsum(self._matrix.by_row.start[rows + 1] - self._matrix.by_row.start[rows])
        enough = int(np.searchsorted(counts, 4 * size)) + 1
        _, columns, _ = self._matrix.by_row.take(rows[:enough])
        columns = columns[self._allowed[columns]]
        unique, first = np.unique(columns, return_index=True)
        return unique[np.argsort(first)[:size]]

    def _any_accounts(self, size: int) -> Ints:
        return self._touching(self._random.permutation(self._matrix.rows), size)

    def _idle_accounts(self, size: int) -> Ints:
        """Accounts with money that lies idle first, weighed by what it is worth there."""
        idle = self._matrix.room_scaled - self._matrix.outflow_scaled(self._incumbent.chosen)
        weight = np.maximum(idle, 0) * self._price + 1e-9
        order = np.argsort(-weight * self._random.random(self._matrix.rows) ** 3)
        return self._touching(order, size)

    def _grouped_accounts(self, group: Ints, size: int) -> Ints:
        """All accounts of one member (or currency), then of another."""
        place = self._random.permutation(group.max() + 1)[group]
        return self._touching(np.lexsort((self._random.random(len(group)), place)), size)

    def _near_accounts(self, size: int) -> Ints:
        """Accounts that instructions tie to one another, grown from a random one."""
        columns = np.zeros(0, dtype=np.int64)
        rows = self._random.integers(self._matrix.rows, size=1)
        while len(columns) < size:
            _, found, _ = self._matrix.by_row.take(rows)
            found = np.unique(found[self._allowed[found]])
            if len(found) <= len(columns):
                break
            columns = found
            if len(columns) >= size:
                break
            few = self._random.choice(columns, min(len(columns), 5), replace=False)
            _, near, _ = self._matrix.by_column.take(few)
            rows = np.unique(np.concatenate([rows, near]))
        if len(columns) > size:
            columns = self._random.choice(columns, size, replace=False)
        return columns if len(columns) else self._anywhere(size)


def _groups(names: list[str]) -> Ints:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)


def improve(
    incumbent: Incumbent, neighbourhoods: Neighbourhoods, until_s: float = float("inf")
) -> None:
    """Search until ``until_s`` or until the incumbent's time is over.

    Each thread runs it with neighbourhoods of its own.
    """
    while not incumbent.is_over() and time.monotonic() < until_s:
        kind, free = neighbourhoods.pick()
        start_s = time.monotonic()
        limit_s = min(_LIMIT_S, max(0.01, incumbent.time_left_s()))
        base, value_before = incumbent.chosen, incumbent.worth()
        choice = solve_subproblem(incumbent.matrix, base, free, limit_s)
        if (choice != base[free]).any() and not incumbent.offer_part(base, free, choice):
            _join(incumbent, base, free, choice)
        neighbourhoods.learn(kind, time.monotonic() - start_s, incumbent.worth() - value_before)


def kernel(
    incumbent: Incumbent, allowed: Bools, share: Floats, multiplier: Floats, time_limit_s: float
) -> None:
    """Settle what the relaxation is sure of; decide the doubtful rest by one sub-problem.

    Doubtful is what the relaxation splits, and what is worth about as much as the money it ties
    up. The sub-problem may overdraw, at a cost; what it overdraws is then repaired. This serves
    where the relaxation splits few instructions: one currency, many payments.
    """
    matrix = incumbent.matrix
    tied = multiplier[matrix.entry_row] * matrix.by_column.value
    doubt = np.abs(matrix.worth - np.bincount(matrix.entry_column, tied, matrix.columns))
    doubt += 1e-4 * np.random.default_rng(0).random(matrix.columns)
    doubt[(share > 1e-6) & (share < 1 - 1e-6)] = -1
    doubt[~allowed] = np.inf
    free = np.sort(np.argsort(doubt)[: min(_KERNEL_SIZE, int(allowed.sum()))])
    wanted = share > 0.5
    wanted[free] = solve_subproblem(matrix, wanted, free, time_limit_s, _KERNEL_SHORTAGE_COST)
    incumbent.offer(construct(matrix, wanted, matrix.worth, ~allowed))


def solve_whole(incumbent: Incumbent, allowed: Bools, time_limit_s: float) -> None:
    """Let HiGHS' MIP have the whole problem; on small ones it soon finds very good sets."""
    base, free = incumbent.chosen, np.flatnonzero(allowed)
    choice = solve_subproblem(
        incumbent.matrix, base, free, time_limit_s, gap=0.0, is_over=incumbent.is_over
    )
    incumbent.offer_part(base, free, choice)


def _join(incumbent: Incumbent, base: Bools, free: Ints, choice: Bools) -> None:
    """Take the best of what this thread and the others have changed since ``base``."""
    mine, current = base.copy(), incumbent.chosen
    mine[free] = choice
    differ = np.flatnonzero(mine != current)
    if len(differ):
        limit_s = min(_TARGET_S, max(0.01, incumbent.time_left_s()))
        best = solve_subproblem(incumbent.matrix, current, differ, limit_s)
        incumbent.offer_part(current, differ, best)


def start_threads(targets: list[Callable[[], None]]) -> list[threading.Thread]:
    """Start one daemon thread per target."""
    threads = [threading.Thread(target=target, daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    return threads
