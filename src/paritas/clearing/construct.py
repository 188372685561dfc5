"""A first feasible set, in a few passes over the whole problem: round, repair, fill.

Every pass treats all accounts at once and counts in exact integers, so a million instructions
take seconds.
"""

from __future__ import annotations

import numpy as np

from paritas.clearing.matrix import Bools, Exact, Floats, Ints, Matrix


def construct(matrix: Matrix, wanted: Bools, merit: Floats, excluded: Bools) -> Bools:
    """Return a feasible set near ``wanted``; of higher ``merit`` is kept or added first."""
    chosen = repair(matrix, wanted & ~excluded, merit)
    return fill(matrix, chosen, merit, ~excluded)


def repair(matrix: Matrix, wanted: Bools, merit: Floats) -> Bools:
    """Drop from ``wanted``, least merit first, at every short account until none is short."""
    chosen = wanted.copy()
    entries = np.flatnonzero(matrix.entry_amount > 0)
    # By account, then by merit: one order serves every pass.
    entries = entries[np.lexsort((merit[matrix.entry_column[entries]], matrix.entry_row[entries]))]
    while True:
        short = np.maximum(0, matrix.outflow(chosen) - matrix.room)
        entries = entries[chosen[matrix.entry_column[entries]]]
        row = matrix.entry_row[entries]
        here = entries[short[row] > 0]
        if not len(here):
            return chosen
        before = _before(matrix.entry_row[here], matrix.entry_amount[here])
        drop = here[before < short[matrix.entry_row[here]]]
        chosen[matrix.entry_column[drop]] = False


def _before(group: Ints, amount: Exact) -> Exact:
    """Return for each entry the sum of those before it in its group (groups lie together)."""
    running = np.cumsum(amount) - amount
    first = np.concatenate([[True], group[1:] != group[:-1]])
    starts = np.flatnonzero(first)
    lengths = np.diff(np.append(starts, len(group)))
    return running - np.repeat(running[starts], lengths)


def fill(matrix: Matrix, chosen: Bools, merit: Floats, allowed: Bools, passes: int = 50) -> Bools:
    """Add what every one of its payer accounts can pay at once, highest merit first."""
    chosen = chosen.copy()
    columns = np.flatnonzero(allowed & ~chosen)
    rank = np.empty(matrix.columns, dtype=np.int64)
    rank[np.argsort(-merit, kind="stable")] = np.arange(matrix.columns)
    debits = np.flatnonzero(matrix.entry_amount > 0)
    for _ in range(passes):
        left = matrix.room - matrix.outflow(chosen)
        fits = np.zeros(matrix.columns, dtype=bool)
        fits[columns] = True
        debits = debits[~chosen[matrix.entry_column[debits]]]
        fits[matrix.entry_column[debits[matrix.entry_amount[debits] > left[matrix.entry_row[debits]]]]] = False
        here = debits[fits[matrix.entry_column[debits]]]
        here = here[np.lexsort((rank[matrix.entry_column[here]], matrix.entry_row[here]))]
        if len(here):
            row, amount = matrix.entry_row[here], matrix.entry_amount[here]
            over = here[_before(row, amount) + amount > left[row]]
            fits[matrix.entry_column[over]] = False
        if not fits.any():
            break
        chosen |= fits
    return chosen
