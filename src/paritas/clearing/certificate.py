"""Certificates of the free rule: integer multipliers, exact bounds, and the tree of branches."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from paritas.clearing.matrix import Bools, Floats, Matrix
from paritas.clearing.problem import Problem

#: What a branch has fixed, per column: FREE, or 0 or 1.
FREE = -1
Fixing = npt.NDArray[np.int8]

#: The smallest multiplier that matters keeps this many units of the scale.
_UNITS_PER_MULTIPLIER = 10**12


@dataclass
class Leaf:
    """Multipliers by row over the certificate's scale; the zeros are left out."""

    multipliers: dict[int, int]


@dataclass
class Branch:
    """The two ways to go on: the column settles not, or it does."""

    column: int
    zero: Branch | Leaf
    one: Branch | Leaf


def choose_scale(matrix: Matrix) -> int:
    """Choose the multipliers' denominator, a power of ten, fine enough for every account."""
    least = float((matrix.worth_unit / matrix.unit).min())
    scale = 1
    while scale * least < _UNITS_PER_MULTIPLIER:
        scale *= 10
    return scale


def whole_multipliers(matrix: Matrix, multiplier: Floats, scale: int) -> dict[int, int]:
    """Turn the relaxation's scaled multipliers into integers over ``scale``."""
    found: dict[int, int] = {}
    for row in np.flatnonzero(multiplier > 1e-11):
        # A float is an exact fraction, so this rounds once, whatever the sizes.
        exact = Fraction(float(multiplier[row] * matrix.worth_unit / matrix.unit[row]))
        whole = round(exact * scale)
        if whole:
            found[int(row)] = whole
    return found


class Bounds:
    """Exact bounds of leaves, in units of 1 / (scale x denominator of the values)."""

    def __init__(self, matrix: Matrix, scale: int, excluded: Bools) -> None:
        self.matrix = matrix
        self.scale = scale
        self._amount = matrix.entry_amount.astype(object)
        self._room = [int(left) for left in matrix.room]
        self._values = np.array(matrix.values, dtype=object) * scale
        self._included = ~excluded

    def entries(self, column: int) -> list[tuple[int, int]]:
        """Return (row, exact net outflow) of one column."""
        start, end = self.matrix.by_column.start[column : column + 2]
        rows = self.matrix.entry_row[start:end].tolist()
        return list(zip(rows, self._amount[start:end].tolist(), strict=True))

    def leaf(
        self, multipliers: dict[int, int], fixing: Fixing | None = None, factor: int = 1
    ) -> tuple[int, Bools]:
        """Return the exact bound that a leaf's multipliers prove under its fixings.

        The multipliers are integers over ``scale * factor``; so is the bound, times the
        denominator of the values. With it: which columns are worth more than they tie up.
        """
        matrix, denominator = self.matrix, self.matrix.denominator
        weight = np.zeros(matrix.rows, dtype=object)
        for row, whole in multipliers.items():
            weight[row] = whole * denominator
        worth = self._values * factor if factor != 1 else self._values.copy()
        is_hit = np.zeros(matrix.rows, dtype=bool)
        is_hit[list(multipliers)] = True
        hit = np.flatnonzero(is_hit[matrix.entry_row])
        np.subtract.at(
            worth, matrix.entry_column[hit], weight[matrix.entry_row[hit]] * self._amount[hit]
        )
        positive = worth > 0
        counts = self._included & positive
        if fixing is not None:
            counts = (counts & (fixing != 0)) | (fixing == 1)
        ground = sum(whole * self._room[row] for row, whole in multipliers.items())
        return int(ground * denominator + worth[counts].sum()), positive

    def leaf_exact(
        self, multipliers: dict[int, Fraction], fixing: Fixing | None = None
    ) -> tuple[Fraction, Bools]:
        """Return the same for multipliers that are not whole; the bound in this object's units."""
        factor = math.lcm(*(value.denominator for value in multipliers.values()))
        whole = {row: int(value * factor) for row, value in multipliers.items()}
        bound, positive = self.leaf(whole, fixing, factor)
        return Fraction(bound, factor), positive


def certificate_document(
    problem: Problem, matrix: Matrix, scale: int, excluded: Bools, tree: Branch | Leaf
) -> dict[str, Any]:
    """Write a certificate as the result document carries it."""
    ids = [instruction.id for instruction in problem.instructions]
    document: dict[str, Any] = {
        "scale": scale,
        "excluded": [ids[column] for column in np.flatnonzero(excluded)],
    }
    stack: list[tuple[Branch | Leaf, dict[str, Any], str]] = [(tree, document, "tree")]
    while stack:
        node, parent, name = stack.pop()
        entry: dict[str, Any] = {}
        parent[name] = entry
        if isinstance(node, Leaf):
            entry["multipliers"] = list(_entries(matrix, node))
        else:
            entry["branch"] = ids[node.column]
            entry["zero"] = entry["one"] = {}
            stack += [(node.zero, entry, "zero"), (node.one, entry, "one")]
    return document


def _entries(matrix: Matrix, leaf: Leaf) -> Iterable[dict[str, Any]]:
    for row, whole in sorted(leaf.multipliers.items()):
        member, currency = matrix.keys[row]
        yield {"member": member, "currency": currency, "y": whole}
