"""Branch and bound whose tree is the certificate: each leaf proves its bound in integers.

A node's relaxation is solved in floats; a node is closed only by what its multipliers, rounded
to integers, prove exactly. Best bound first, so that whenever time is over the tree so far
proves the least bound it can.
"""

from __future__ import annotations

import heapq
import itertools
import time
from dataclasses import dataclass, field
from fractions import Fraction

import highspy
import numpy as np

from paritas.clearing.certificate import FREE, Bounds, Fixing, whole_multipliers
from paritas.clearing.construct import construct
from paritas.clearing.exact import Equation, solve_exact
from paritas.clearing.incumbent import Incumbent
from paritas.clearing.matrix import Bools, Floats, Ints, Matrix
from paritas.clearing.propagate import Implication, Propagator
from paritas.clearing.relaxation import SHORTAGE_COST, Relaxation, Relaxed

#: A share this near to 0 or 1 counts as whole.
_WHOLE = 1e-6
#: Deeper nodes are not branched: JSON readers limit how deep a document may nest.
_DEPTH_MAX = 150
#: The tree's leaves together hold at most this many multipliers (the result's size).
_MULTIPLIERS_MAX = 2_000_000
#: Exact multipliers are tried while they need no more digits than this.
_DIGITS_MAX = 300
#: Columns whose losses are tried out before they are estimated, per node.
_TRIALS = 6
#: Up to so many columns, branching is tried out before it is estimated.
_TRIAL_COLUMNS_MAX = 3000
#: What proving an open node costs when the tree is written, in seconds per thousand columns.
_WRITE_S = 2e-3


@dataclass(slots=True, eq=False)
class Node:
    """One node: what its last branch fixed, what follows from that, and what it proves."""

    parent: Node | None
    column: int
    settles: bool
    depth: int
    fixing: Fixing | None
    implied: list[Implication] = field(default_factory=list)
    #: An account that is short whatever is chosen here, or -1.
    short_row: int = -1
    #: The relaxation's optimum and (scaled) multipliers; floats.
    optimum: float = np.inf
    multiplier: Floats | None = None
    #: The exact bound in units of the certificate, and the multipliers that prove it.
    bound: int | Fraction | None = None
    multipliers: dict[int, Fraction] = field(default_factory=dict)
    #: Implied columns without which the bound would not hold.
    relied_on: frozenset[int] = frozenset()
    branch: int = -1
    share: float = 0.0
    children: tuple[Node, Node] | None = None


class BranchAndBound:
    """A search tree over the columns that are not excluded; it can be run in several stints."""

    def __init__(self, incumbent: Incumbent, bounds: Bounds, excluded: Bools) -> None:
        """Prepare the tree; nothing is solved yet."""
        self._incumbent = incumbent
        self._matrix: Matrix = incumbent.matrix
        self.bounds = bounds
        self.excluded = excluded
        self._columns = np.flatnonzero(~excluded)
        self._relaxation = Relaxation(self._matrix, self._columns, shortage_cost=SHORTAGE_COST)
        self._propagator = Propagator(self._matrix)
        self._open: list[tuple[float, int, Node]] = []
        self._counter = itertools.count()
        self._multipliers = 0
        #: Per direction (zero, one): loss per share and worth, summed, and how often seen.
        self._loss = np.zeros((2, self._matrix.columns))
        self._seen = np.zeros((2, self._matrix.columns))
        self.nodes = 0
        self.first_multipliers: dict[int, int] = {}
        fixing = np.full(self._matrix.columns, FREE, dtype=np.int8)
        fixing[excluded] = 0
        self.root = Node(None, -1, False, 0, fixing)

    def start(self, multiplier: Floats) -> None:
        """Solve the root; ``multiplier`` (scaled) are known ones to fall back on."""
        self.first_multipliers = whole_multipliers(self._matrix, multiplier, self.bounds.scale)
        self.root.multiplier = multiplier
        self._visit(self.root)

    def is_closed(self) -> bool:
        """Say whether the tree proves that nothing beats the incumbent, but for rounding."""
        return not self._open

    def excess(self) -> float:
        """Return how far the best open bound lies above the incumbent's value, about."""
        best = -self._open[0][0] if self._open else self._incumbent.worth()
        return (best - self._incumbent.worth()) * self._matrix.worth_unit

    def run(self, deadline_s: float, idle: float = 0.0) -> bool:
        """Branch until closed or ``deadline_s``; say whether there is more to do.

        After each node it waits ``idle`` times as long as the node took: time for others.
        """
        write_s = _WRITE_S * self._matrix.columns / 1000
        while self._open and self._multipliers < _MULTIPLIERS_MAX:
            start_s = time.monotonic()
            if start_s >= deadline_s:
                return True
            if start_s + write_s * len(self._open) >= self._incumbent.deadline_s:
                return False
            _, _, node = heapq.heappop(self._open)
            if self._close(node):
                continue
            if node.branch < 0:
                # It cannot be refined: it stays the bound, and so nothing below it matters.
                heapq.heappush(self._open, (-node.optimum, next(self._counter), node))
                return False
            self._expand(node)
            pause_s = idle * (time.monotonic() - start_s)
            if pause_s:
                time.sleep(max(0.0, min(pause_s, deadline_s - time.monotonic())))
        return False

    def target(self) -> int:
        """Return the incumbent's value in the certificate's units."""
        return self._incumbent.value * self.bounds.scale

    def _expand(self, node: Node) -> None:
        children = []
        for settles in (False, True):
            assert node.fixing is not None
            fixing = node.fixing.copy()
            fixing[node.branch] = settles
            child = Node(node, node.branch, settles, node.depth + 1, fixing)
            child.multiplier = node.multiplier
            self._visit(child)
            self._learn(node.branch, node.share, settles, node.optimum - child.optimum)
            children.append(child)
        node.children = (children[0], children[1])
        node.fixing = node.multiplier = None

    def _visit(self, node: Node) -> None:
        """Close the node, or solve its relaxation, choose where to branch, and keep it open."""
        assert node.fixing is not None
        self.nodes += 1
        node.implied, node.short_row = self._propagator.close(node.fixing)
        if node.short_row >= 0:
            node.optimum = -np.inf
            node.fixing = node.multiplier = None
            return
        relaxed = self._relax(node.fixing)
        if relaxed is not None:
            node.optimum, node.multiplier = relaxed.optimum, relaxed.multiplier
            split = (relaxed.share > _WHOLE) & (relaxed.share < 1 - _WHOLE)
            self._round(relaxed, bool(split.any()))
            if self._close(node, relaxed):
                return
            if node.depth < _DEPTH_MAX:
                self._choose_branch(node, relaxed, split)
        elif node.parent is not None:
            node.optimum = node.parent.optimum
        assert node.multiplier is not None
        self._multipliers += int(np.count_nonzero(node.multiplier))
        heapq.heappush(self._open, (-node.optimum, next(self._counter), node))

    def _relax(self, fixing: Fixing) -> Relaxed | None:
        held = fixing[self._columns]
        return self._relaxation.solve(
            (held == 1).astype(np.float64),
            (held != 0).astype(np.float64),
            max(0.05, self._incumbent.time_left_s()),
        )

    def _close(self, node: Node, relaxed: Relaxed | None = None) -> bool:
        """Close the node if it provably holds nothing better than the incumbent."""
        if node.optimum > self._incumbent.worth() * (1 + 1e-9):
            return False
        self.prove(node)
        assert node.bound is not None
        if node.bound > self.target() and relaxed is not None:
            self._prove_exactly(node, relaxed)
        if node.bound > self.target():
            node.bound = None
            return False
        self._multipliers += len(node.multipliers)
        node.fixing = node.multiplier = None
        return True

    def prove(self, node: Node) -> None:
        """Compute, exactly, what the node's multipliers prove when rounded to integers."""
        assert node.multiplier is not None
        whole = whole_multipliers(self._matrix, node.multiplier, self.bounds.scale)
        self._set_proof(node, {row: Fraction(value) for row, value in whole.items()})

    def _set_proof(self, node: Node, multipliers: dict[int, Fraction]) -> None:
        bound, positive = self.bounds.leaf_exact(multipliers, node.fixing)
        if node.bound is not None and bound >= node.bound:
            return
        node.bound, node.multipliers = bound, multipliers
        # An implied 0 matters where the column would count, an implied 1 where it costs.
        relied_on, at = [], node
        while at is not None:
            relied_on += [
                implied.column
                for implied in at.implied
                if bool(positive[implied.column]) != implied.settles
            ]
            at = at.parent  # type: ignore[assignment]
        node.relied_on = frozenset(relied_on)

    def _prove_exactly(self, node: Node, relaxed: Relaxed) -> None:
        """Recompute the multipliers of a tie without rounding: as the basis defines them."""
        exact = self._basis_multipliers(relaxed)
        if exact is not None and all(value >= 0 for value in exact.values()):
            self._set_proof(node, exact)

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
            entries = self.bounds.entries(column)
            left = {row: Fraction(amount) for row, amount in entries if row in tight}
            value = Fraction(self._matrix.values[column], self._matrix.denominator)
            equations.append((left, value * self.bounds.scale))
        solution = solve_exact(equations)
        if solution is None:
            return None
        digits = max((value.denominator.bit_length() for value in solution.values()), default=0)
        if digits > 3 * _DIGITS_MAX:
            return None
        return {row: value for row, value in solution.items() if value}

    def _round(self, relaxed: Relaxed, is_split: bool) -> None:
        """Offer a set near the relaxation's shares: the shares themselves when they are whole."""
        if is_split and self.nodes > 20 and self.nodes % 32:
            return
        wanted = np.zeros(self._matrix.columns, dtype=bool)
        wanted[self._columns] = relaxed.share > 0.5
        self._incumbent.offer(construct(self._matrix, wanted, self._matrix.worth, self.excluded))

    def _learn(self, column: int, share: float, settles: bool, loss: float) -> None:
        part = 1 - share if settles else share
        worth = max(float(self._matrix.worth[column]), 1e-9)
        loss = min(max(0.0, loss), 10 * worth)
        self._loss[int(settles), column] += loss / (max(part, 0.01) * worth)
        self._seen[int(settles), column] += 1

    def _choose_branch(self, node: Node, relaxed: Relaxed, split: Bools) -> None:
        """Branch where both ways are expected to lose much (pseudo-costs, tried out at first)."""
        assert node.fixing is not None
        places = np.flatnonzero(split)
        if not len(places):
            places = np.flatnonzero(node.fixing[self._columns] == FREE)
            if not len(places):
                return
        columns = self._columns[places]
        share = np.clip(relaxed.share[places], 0.01, 0.99)
        score = self._scores(columns, share)
        if self._matrix.columns <= _TRIAL_COLUMNS_MAX:
            for place in np.argsort(-score)[:_TRIALS]:
                if self._seen[:, columns[place]].min() < 1:
                    self._try_out(node, int(columns[place]), float(share[place]))
            score = self._scores(columns, share)
        best = int(np.argmax(score))
        node.branch, node.share = int(columns[best]), float(share[best])

    def _scores(self, columns: Ints, share: Floats) -> Floats:
        seen = self._seen[:, columns]
        average = self._loss.sum(axis=1) / np.maximum(self._seen.sum(axis=1), 1)
        known = self._loss[:, columns] / np.maximum(seen, 1)
        loss = np.where(seen > 0, known, np.maximum(average, 1e-3)[:, None])
        worth = self._matrix.worth[columns]
        zero, one = loss[0] * share * worth, loss[1] * (1 - share) * worth
        score: Floats = np.maximum(zero, 1e-9) * np.maximum(one, 1e-9)
        return score

    def _try_out(self, node: Node, column: int, share: float) -> None:
        assert node.fixing is not None
        for settles in (False, True):
            fixing = node.fixing.copy()
            fixing[column] = settles
            relaxed = self._relax(fixing)
            if relaxed is not None:
                self._learn(column, share, settles, node.optimum - relaxed.optimum)
