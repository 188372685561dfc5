"""A problem as a sparse matrix: one row per account, one column per instruction.

Amounts stay integers (int64, or Python integers in an object array where sums could overflow);
floats appear only in the scaled copy that linear programming and heuristics work on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from paritas.clearing.problem import Key, Problem, instruction_values

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Exact integers: int64, or Python integers in an object array.
Exact = npt.NDArray[Any]

#: Sums of entries stay below this in int64, else Python integers are used.
_INT64_SAFE = 2**62


@dataclass(frozen=True)
class Sparse:
    """Entries grouped by line: those of line ``i`` are ``start[i]:start[i + 1]``."""

    start: Ints
    other: Ints
    value: Floats

    def take(self, lines: Ints) -> tuple[Ints, Ints, Floats]:
        """Return (start, other, value) of the chosen lines, packed in their order."""
        counts = self.start[lines + 1] - self.start[lines]
        start = np.zeros(len(lines) + 1, dtype=np.int64)
        np.cumsum(counts, out=start[1:])
        where = np.arange(start[-1]) + np.repeat(self.start[lines] - start[:-1], counts)
        return start, self.other[where], self.value[where]


@dataclass(frozen=True)
class Matrix:
    """Net outflows of ``columns`` instructions at ``rows`` accounts.

    ``room`` is balance minus floor, ``entry_*`` the non-zero net outflows, sorted by instruction.
    ``unit`` scales each account so that its entries are near 1 in ``scaled``; ``worth`` is each
    instruction's value over the mean value.
    """

    keys: list[Key]
    room: Exact
    entry_row: Ints
    entry_column: Ints
    entry_amount: Exact
    values: list[int]
    denominator: int
    unit: Floats
    room_scaled: Floats
    worth: Floats
    worth_unit: float
    by_column: Sparse
    by_row: Sparse

    @property
    def rows(self) -> int:
        """Return the number of accounts."""
        return len(self.keys)

    @property
    def columns(self) -> int:
        """Return the number of instructions."""
        return len(self.values)

    def outflow(self, chosen: Bools) -> Exact:
        """Return every account's exact net outflow if the chosen instructions settle."""
        where = chosen[self.entry_column]
        return _sum_by(self.entry_row[where], self.entry_amount[where], self.rows)

    def is_feasible(self, chosen: Bools) -> bool:
        """Say, exactly, whether the chosen instructions leave every account at its floor or above."""
        return bool(np.all(self.outflow(chosen) <= self.room))

    def value(self, chosen: Bools) -> Fraction:
        """Return the exact value of the chosen instructions."""
        return Fraction(
            sum(self.values[index] for index in np.flatnonzero(chosen)), self.denominator
        )

    def outflow_scaled(self, chosen: Bools) -> Floats:
        """Return the outflow in scaled units; an approximation, for heuristics only."""
        flows = self.by_column.value * chosen[self.entry_column]
        return np.bincount(self.entry_row, flows, self.rows).astype(np.float64)


def _sum_by(group: Ints, amount: Exact, groups: int) -> Exact:
    total = np.zeros(groups, dtype=amount.dtype)
    np.add.at(total, group, amount)
    return total


def build_matrix(problem: Problem) -> Matrix:
    """Build the matrix; accounts that no entry names have no room."""
    numbers: dict[Key, int] = {}
    room: list[int] = []
    for account in problem.accounts:
        numbers[account.member, account.currency] = len(room)
        room.append(account.balance - account.floor)
    rows: list[int] = []
    amounts: list[int] = []
    counts: list[int] = []
    for instruction in problem.instructions:
        flow: dict[int, int] = {}
        for leg in instruction.legs:
            for member, amount in ((leg.payer, leg.amount), (leg.payee, -leg.amount)):
                number = numbers.setdefault((member, leg.currency), len(numbers))
                flow[number] = flow.get(number, 0) + amount
        before = len(rows)
        for number, amount in flow.items():
            if amount:
                rows.append(number)
                amounts.append(amount)
        counts.append(len(rows) - before)
    room += [0] * (len(numbers) - len(room))
    values, denominator = instruction_values(problem)
    return _assemble(list(numbers), room, (rows, amounts, counts), values, denominator)


def _assemble(
    keys: list[Key],
    room: list[int],
    entries: tuple[list[int], list[int], list[int]],
    values: list[int],
    denominator: int,
) -> Matrix:
    rows, amounts, counts = entries
    largest = sum(map(abs, amounts)) + max(map(abs, room), default=0)
    exact = np.int64 if largest < _INT64_SAFE else np.object_
    row = np.array(rows, dtype=np.int64)
    column = np.repeat(np.arange(len(counts)), counts)
    approximate = np.array(amounts, dtype=np.float64)
    entries_per_row = np.maximum(1, np.bincount(row, minlength=len(keys)))
    unit = np.bincount(row, np.abs(approximate), len(keys)) / entries_per_row
    unit[unit == 0] = 1.0
    scaled = approximate / unit[row]
    # Values may exceed a float's range of exact integers, but not its range.
    worth = np.array([value / denominator for value in values])
    worth_unit = float(worth.mean()) or 1.0
    column_start = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=column_start[1:])
    order = np.argsort(row, kind="stable")
    row_start = np.searchsorted(row[order], np.arange(len(keys) + 1)).astype(np.int64)
    return Matrix(
        keys=keys,
        room=np.array(room, dtype=exact),
        entry_row=row,
        entry_column=column,
        entry_amount=np.array(amounts, dtype=exact),
        values=values,
        denominator=denominator,
        unit=unit,
        room_scaled=np.array([float(left) for left in room]) / unit,
        worth=worth / worth_unit,
        worth_unit=worth_unit,
        by_column=Sparse(column_start, row, scaled),
        by_row=Sparse(row_start, column[order], scaled[order]),
    )


def excluded_columns(matrix: Matrix) -> Bools:
    """Find the instructions that are short at some account even if all other receipts came."""
    inflow = np.where(matrix.entry_amount < 0, -matrix.entry_amount, 0)
    most = matrix.room + _sum_by(matrix.entry_row, inflow, matrix.rows)
    short = matrix.entry_amount > most[matrix.entry_row]
    excluded = np.zeros(matrix.columns, dtype=bool)
    excluded[matrix.entry_column[short]] = True
    return excluded


def common_step(values: list[int], denominator: int) -> Fraction:
    """Return the number of which every set's value is a whole multiple (0 if all values are 0)."""
    return Fraction(math.gcd(*values), denominator)
