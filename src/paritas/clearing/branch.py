"""Branch and bound whose tree is the certificate: each leaf proves its bound in integers.

A node's relaxation is solved in floats; what it proves is then recomputed exactly from its
multipliers rounded to integers, and only that number closes a node. Best bound first, so that
whenever time is over the tree so far proves the least bound it can.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from dataclasses import dataclass
from fractions import Fraction

import highspy
import numpy as np

from paritas.clearing.certificate import (
    FREE,
    Bounds,
    Branch,
    Fixing,
    Leaf,
    whole_multipliers,
)
from paritas.clearing.construct import construct
from paritas.clearing.exact import Equation, solve_exact
from paritas.clearing.incumbent import Incumbent
from paritas.clearing.matrix import Bools, Floats, Matrix
from paritas.clearing.relaxation import SHORTAGE_COST, Relaxation, Relaxed

#: A share this near to 0 or 1 counts as whole.
_WHOLE = 1e-6
#: Deeper nodes are not branched: JSON readers limit how deep a document may nest.
_DEPTH_MAX = 200
#: The tree's leaves together hold at most this many multipliers (the result's size).
_MULTIPLIERS_MAX = 1_000_000
#: Exact multipliers are tried while they need no more digits than this.
_DIGITS_MAX = 400


@dataclass(slots=True, eq=False)
class _Node:
    """One node: what its last branch fixed, and the best multipliers known for it."""

    parent: _Node | None
    column: int
    settles: bool
    depth: int
    bound: int | Fraction
    multipliers: dict[int, Fraction]
    optimum: float = np.inf
    #: The column to branch on and its share; -1 where the node cannot be branched.
    branch: int = -1
    share: float = 0.0
    children: tuple[_Node, _Node] | None = None


class BranchAndBound:
    """A search tree over the columns that are not excluded; it can be run in several stints."""

    def __init__(self, incumbent: Incumbent, bounds: Bounds, excluded: Bools) -> None:
        """Prepare the tree's root from the incumbent's matrix; nothing is solved yet."""
        self._incumbent = incumbent
        self._matrix: Matrix = incumbent.matrix
        self._bounds = bounds
        self._excluded = excluded
        self._columns = np.flatnonzero(~excluded)
        self._place = np.full(self._matrix.columns, -1, dtype=np.int64)
        self._place[self._columns] = np.arange(len(self._columns))
        self._relaxation = Relaxation(self._matrix, self._columns, shortage_cost=SHORTAGE_COST)
        self._open: list[tuple[int | Fraction, int, _Node]] = []
        self._counter = itertools.count()
        self._multipliers = 0
        #: Per direction (zero, one): loss per share and worth, summed, and how often seen.
        self._loss = np.zeros((2, self._matrix.columns))
        self._seen = np.zeros((2, self._matrix.columns))
        self.nodes = 0
        self.root: _Node | None = None

    def start(self, multiplier: Floats) -> None:
        """Solve the root; ``multiplier`` (scaled) are known ones to fall back on."""
        first = whole_multipliers(self._matrix, multiplier, self._bounds.scale)
        fallback = {row: Fraction(whole) for row, whole in first.items()}
        fixing = np.full(self._matrix.columns, FREE, dtype=np.int8)
        bound = self._bounds.leaf(first, fixing)
        self.root = _Node(None, -1, False, 0, bound, fallback)
        self._solve(self.root, fixing)
        self._push(self.root)

    def is_closed(self) -> bool:
        """Say whether the tree proves that nothing beats the incumbent."""
        target = self._target()
        return not self._open or -self._open[0][0] <= target

    def excess(self) -> Fraction:
        """Return how far the best open bound lies above the incumbent's value."""
        best = -self._open[0][0] if self._open else self._target()
        units = self._bounds.scale * self._matrix.denominator
        return Fraction(max(0, best - self._target())) / units

    def run(self, deadline_s: float, idle: float = 0.0) -> bool:
        """Branch until closed or ``deadline_s``; say whether there is more to do.

        After each node it waits ``idle`` times as long as the node took: time for others.
        """
        while not self.is_closed() and self._multipliers < _MULTIPLIERS_MAX:
            start_s = time.monotonic()
            if start_s >= deadline_s:
                return True
            _, _, node = heapq.heappop(self._open)
            if node.branch < 0:
                # It cannot be refined; it stays the bound.
                heapq.heappush(self._open, (-node.bound, next(self._counter), node))
                return False
            node.children = (self._child(node, False), self._child(node, True))
            self._multipliers -= len(node.multipliers)
            for child in node.children:
                self._push(child)
            pause_s = idle * (time.monotonic() - start_s)
            if pause_s:
                time.sleep(max(0.0, min(pause_s, deadline_s - time.monotonic())))
        return False

    def _target(self) -> int:
        return self._incumbent.value * self._bounds.scale

    def _push(self, node: _Node) -> None:
        self._multipliers += len(node.multipliers)
        if node.bound > self._target():
            heapq.heappush(self._open, (-node.bound, next(self._counter), node))

    def _child(self, parent: _Node, settles: bool) -> _Node:
        node = _Node(
            parent, parent.branch, settles, parent.depth + 1, parent.bound, parent.multipliers
        )
        fixing = self._fixing(node)
        self._solve(node, fixing)
        part = 1 - parent.share if settles else parent.share
        worth = max(float(self._matrix.worth[parent.branch]), 1e-9)
        loss = min(max(0.0, parent.optimum - node.optimum), 10 * worth)
        self._loss[int(settles), parent.branch] += loss / (max(part, _WHOLE) * worth)
        self._seen[int(settles), parent.branch] += 1
        return node

    def _fixing(self, node: _Node) -> Fixing:
        fixing = np.full(self._matrix.columns, FREE, dtype=np.int8)
        while node.parent is not None:
            fixing[node.column] = node.settles
            node = node.parent
        return fixing

    def _solve(self, node: _Node, fixing: Fixing) -> None:
        """Solve the node's relaxation, prove its bound exactly, choose where to branch."""
        self.nodes += 1
        held = fixing[self._columns]
        relaxed = self._relaxation.solve(
            (held == 1).astype(np.float64),
            (held != 0).astype(np.float64),
            max(0.05, self._incumbent.time_left_s()),
        )
        if node.parent is not None:
            # What the parent's multipliers prove here, where one column more is fixed.
            node.bound = self._bounds.leaf_exact(node.multipliers, fixing)
        if relaxed is None:
            return
        node.optimum = relaxed.optimum
        whole = whole_multipliers(self._matrix, relaxed.multiplier, self._bounds.scale)
        self._prove(node, whole, fixing)
        split = (relaxed.share > _WHOLE) & (relaxed.share < 1 - _WHOLE)
        self._round(relaxed, bool(split.any()))
        if node.bound > self._target() and relaxed.optimum <= self._incumbent.worth() * (1 + 1e-9):
            self._prove_exactly(node, relaxed, fixing)
        if node.bound > self._target() and node.depth < _DEPTH_MAX:
            self._choose_branch(node, relaxed, split, held)

    def _prove(self, node: _Node, multipliers: dict[int, int], fixing: Fixing) -> None:
        bound = self._bounds.leaf(multipliers, fixing)
        if bound < node.bound:
            node.bound = bound
            node.multipliers = {row: Fraction(whole) for row, whole in multipliers.items()}

    def _prove_exactly(self, node: _Node, relaxed: Relaxed, fixing: Fixing) -> None:
        """Recompute the multipliers of a tie without rounding: as the basis defines them."""
        exact = self._basis_multipliers(relaxed)
        if exact is None or any(value < 0 for value in exact.values()):
            return
        bound = self._bounds.leaf_exact(exact, fixing)
        if bound < node.bound:
            node.bound, node.multipliers = bound, exact

    def _basis_multipliers(self, relaxed: Relaxed) -> dict[int, Fraction] | None:
        """Solve, exactly, for multipliers (times scale) that price every basic column at 0."""
        basic = highspy.HighsBasisStatus.kBasic
        count = len(self._columns)
        status = relaxed.basis.col_status
        if any(state == basic for state in status[count:]):
            return None
        tight = {row for row, state in enumerate(relaxed.basis.row_status) if state != basic}
        equations: list[Equation] = []
        for place in (place for place in range(count) if status[place] == basic):
            column = int(self._columns[place])
            entries = self._bounds.entries(column)
            left = {row: Fraction(amount) for row, amount in entries if row in tight}
            value = Fraction(self._matrix.values[column], self._matrix.denominator)
            equations.append((left, value * self._bounds.scale))
        solution = solve_exact(equations)
        if solution is None:
            return None
        if max((len(str(value.denominator)) for value in solution.values()), default=0) > _DIGITS_MAX:
            return None
        return {row: value for row, value in solution.items() if value}

    def _round(self, relaxed: Relaxed, is_split: bool) -> None:
        """Offer a set near the relaxation's shares: the shares themselves when they are whole."""
        if is_split and self.nodes > 20 and self.nodes % 16:
            return
        wanted = np.zeros(self._matrix.columns, dtype=bool)
        wanted[self._columns] = relaxed.share > 0.5
        self._incumbent.offer(construct(self._matrix, wanted, self._matrix.worth, self._excluded))

    def _choose_branch(self, node: _Node, relaxed: Relaxed, split: Bools, held: Fixing) -> None:
        """Branch where both ways are expected to lose much (pseudo-costs)."""
        places = np.flatnonzero(split)
        if not len(places):
            places = np.flatnonzero(held == FREE)
            if not len(places):
                return
        columns = self._columns[places]
        share = np.clip(relaxed.share[places], 0.01, 0.99)
        seen = np.maximum(self._seen[:, columns], 1)
        average = self._loss.sum(axis=1) / np.maximum(self._seen.sum(axis=1), 1)
        loss = np.where(
            self._seen[:, columns] > 0,
            self._loss[:, columns] / seen,
            np.maximum(average, 1e-3)[:, None],
        )
        worth = self._matrix.worth[columns]
        score = np.maximum(loss[0] * share * worth, 1e-9) * np.maximum(
            loss[1] * (1 - share) * worth, 1e-9
        )
        best = int(np.argmax(score))
        node.branch, node.share = int(columns[best]), float(share[best])

    def tree(self) -> tuple[int, int, Branch | Leaf]:
        """Return (scale, bound in units of that scale, the tree with whole multipliers)."""
        assert self.root is not None
        leaves: list[_Node] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.children is None:
                leaves.append(node)
            else:
                stack += node.children
        factor = self._common_factor(leaves)
        bound = int(max(leaf.bound for leaf in leaves) * factor)
        return self._bounds.scale * factor, bound, self._document(factor)

    def _common_factor(self, leaves: list[_Node]) -> int:
        factor = 1
        for leaf in leaves:
            for value in leaf.multipliers.values():
                factor = math.lcm(factor, value.denominator)
        return factor

    def _document(self, factor: int) -> Branch | Leaf:
        def build(node: _Node) -> Branch | Leaf:
            if node.children is None:
                return Leaf({row: int(value * factor) for row, value in node.multipliers.items()})
            zero, one = node.children
            return Branch(node.branch, build(zero), build(one))

        assert self.root is not None
        return build(self.root)
