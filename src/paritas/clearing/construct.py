"""A first feasible set, in a few passes over the whole problem: round, repair, fill.

Every pass treats all accounts at once and counts in exact integers, so a million instructions
take seconds.
"""

from __future__ import annotations

import time

import numpy as np

from paritas.clearing.matrix import Bools, Exact, Floats, Ints, Matrix


def construct(
    matrix: Matrix, wanted: Bools, merit: Floats, excluded: Bools, deadline_s: float = np.inf
) -> Bools:
    """Return a feasible set near ``wanted``; of higher ``merit`` is kept or added first.

    After ``deadline_s`` (on ``time.monotonic``) it stops adding, and repairs by the shortest way.
    """
    chosen = repair(matrix, wanted & ~excluded, merit, deadline_s)
    return fill(matrix, chosen, merit, ~excluded, deadline_s)


def repair(matrix: Matrix, wanted: Bools, merit: Floats, deadline_s: float = np.inf) -> Bools:
    """Drop from ``wanted``, least merit first, at every short account until none is short."""
    chosen = wanted.copy()
    left = matrix.room - matrix.outflow(chosen)
    entries = np.flatnonzero(matrix.entry_amount > 0)
    # By account, then by merit: one order serves every pass.
    entries = entries[np.lexsort((merit[matrix.entry_column[entries]], matrix.entry_row[entries]))]
    while True:
        here = entries[left[matrix.entry_row[entries]] < 0]
        here = here[chosen[matrix.entry_column[here]]]
        if not len(here):
            return chosen
        row = matrix.entry_row[here]
        drop = matrix.entry_column[here[_before(row, matrix.entry_amount[here]) < -left[row]]]
        if time.monotonic() > deadline_s:
            # The empty set is always feasible; so is every account that pays nothing.
            drop = matrix.entry_column[here]
        chosen[drop] = False
        _settle(matrix, left, np.unique(drop), 1)


def fill(
    matrix: Matrix, chosen: Bools, merit: Floats, allowed: Bools, deadline_s: float = np.inf
) -> Bools:
    """Add what every one of its payer accounts can pay at once, highest merit first."""
    chosen = chosen.copy()
    left = matrix.room - matrix.outflow(chosen)
    fits = allowed & ~chosen
    entries = np.flatnonzero(matrix.entry_amount > 0)
    entries = entries[fits[matrix.entry_column[entries]]]
    entries = entries[np.lexsort((-merit[matrix.entry_column[entries]], matrix.entry_row[entries]))]
    while time.monotonic() < deadline_s:
        entries = entries[~chosen[matrix.entry_column[entries]]]
        row, column = matrix.entry_row[entries], matrix.entry_column[entries]
        amount = matrix.entry_amount[entries]
        fits = allowed & ~chosen
        fits[column[amount > left[row]]] = False
        here = np.flatnonzero(fits[column])
        over = here[_before(row[here], amount[here]) + amount[here] > left[row[here]]]
        fits[column[over]] = False
        added = np.flatnonzero(fits)
        if not len(added):
            break
        chosen[added] = True
        _settle(matrix, left, added, -1)
    return chosen


def _settle(matrix: Matrix, left: Exact, columns: Ints, sign: int) -> None:
    """Take the columns' outflow from what is left (``sign`` -1), or give it back (1)."""
    start = matrix.by_column.start
    counts = start[columns + 1] - start[columns]
    ends = np.cumsum(counts)
    where = np.arange(counts.sum()) + np.repeat(start[columns] - ends + counts, counts)
    np.add.at(left, matrix.entry_row[where], sign * matrix.entry_amount[where])


def _before(group: Ints, amount: Exact) -> Exact:
    """Return for each entry the sum of those before it in its group (groups lie together)."""
    if not len(group):
        return amount
    running = np.cumsum(amount) - amount
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    lengths = np.diff(np.append(starts, len(group)))
    return running - np.repeat(running[starts], lengths)  # type: ignore[no-any-return]
