"""What follows from fixings alone: instructions that no choice of the others can pay for.

An instruction cannot settle when some account of its payers is short even if every receipt that
is still possible comes; and one must settle when the account it credits could not do without.
Each such implication has a proof that fits into a certificate: a branch whose other side is
closed by one large multiplier at that account.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paritas.clearing.certificate import FREE, Fixing
from paritas.clearing.matrix import Matrix


@dataclass(frozen=True, slots=True)
class Implication:
    """``column`` can only be ``settles``, because account ``row`` would be short otherwise."""

    column: int
    settles: bool
    row: int


class Propagator:
    """Draws every implication of a fixing, exactly."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        debit = matrix.entry_amount > 0
        self._debits = np.flatnonzero(debit)
        self._credits = np.flatnonzero(~debit)
        self._size = np.where(debit, matrix.entry_amount, -matrix.entry_amount)

    def close(self, fixing: Fixing) -> tuple[list[Implication], int]:
        """Extend ``fixing`` in place by what it implies.

        Returns the implications in the order in which they were drawn, and an account that is
        short whatever is chosen, or -1.
        """
        matrix = self._matrix
        found: list[Implication] = []
        while True:
            held = fixing[matrix.entry_column]
            most = matrix.room.copy()
            here = self._credits[held[self._credits] != 0]
            np.add.at(most, matrix.entry_row[here], self._size[here])
            here = self._debits[held[self._debits] == 1]
            np.subtract.at(most, matrix.entry_row[here], self._size[here])
            short = np.flatnonzero(most < 0)
            if len(short):
                return found, int(short[0])
            before = len(found)
            for entries, settles in ((self._debits, False), (self._credits, True)):
                here = entries[held[entries] == FREE]
                here = here[self._size[here] > most[matrix.entry_row[here]]]
                for entry in here.tolist():
                    column = int(matrix.entry_column[entry])
                    if fixing[column] == FREE:
                        fixing[column] = settles
                        found.append(Implication(column, settles, int(matrix.entry_row[entry])))
            if len(found) == before:
                return found, -1
