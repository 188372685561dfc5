"""The linear relaxation, solved by HiGHS: instructions may settle in part.

All of it is floating point: it guides the search and proposes multipliers. What is true is
decided elsewhere, in integers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np

from paritas.clearing.matrix import Bools, Floats, Ints, Matrix

#: What a scaled unit of overdraft costs beside instructions worth 1 on average; it only keeps
#: a relaxation with instructions forced in from being infeasible.
SHORTAGE_COST = 1e4
#: How near to its optimum a sub-problem is solved.
_MIP_GAP = 1e-4
#: Descent aims at this part of the best bound below it, and stops after so many rounds.
_DESCENT_GOAL = 0.05
_DESCENT_ROUNDS = 400


@dataclass(frozen=True)
class Relaxed:
    """A solved relaxation: its optimum, each column's share, each row's multiplier (scaled)."""

    optimum: float
    share: Floats
    multiplier: Floats
    basis: highspy.HighsBasis


def _quiet(threads: int = 1) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", threads)
    return solver


def _model(
    matrix: Matrix, columns: Ints, rows: Ints, room: Floats, shortage_cost: float | None
) -> highspy.HighsLp:
    """Build the model over ``columns``; every entry of theirs must lie in ``rows``."""
    start, row, value = matrix.by_column.take(columns)
    place = np.full(matrix.rows, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    cost = matrix.worth[columns]
    upper = np.ones(len(columns))
    index = place[row]
    if shortage_cost is not None:
        start = np.concatenate([start, start[-1] + 1 + np.arange(len(rows))])
        index = np.concatenate([index, np.arange(len(rows))])
        value = np.concatenate([value, -np.ones(len(rows))])
        cost = np.concatenate([cost, np.full(len(rows), -shortage_cost)])
        upper = np.concatenate([upper, np.full(len(rows), highspy.kHighsInf)])
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(cost), len(rows)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(len(cost)), upper
    model.row_lower_ = np.full(len(rows), -highspy.kHighsInf)
    model.row_upper_ = room
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = start.astype(np.int32)
    model.a_matrix_.index_ = index.astype(np.int32)
    model.a_matrix_.value_ = value
    return model


class Relaxation:
    """One relaxation that is solved again and again under changing fixings, warm from the last."""

    def __init__(
        self,
        matrix: Matrix,
        columns: Ints,
        *,
        room: Floats | None = None,
        shortage_cost: float | None = None,
    ) -> None:
        """Take the relaxation over ``columns``.

        ``room`` (scaled) replaces that of the matrix. With a ``shortage_cost`` accounts may be
        overdrawn at that cost per scaled unit, so that there always is a solution.
        """
        self._columns = columns
        self._solver = _quiet()
        room = matrix.room_scaled if room is None else room
        self._solver.passModel(_model(matrix, columns, np.arange(matrix.rows), room, shortage_cost))
        self._lower = np.zeros(len(columns))
        self._upper = np.ones(len(columns))

    def solve(
        self, lower: Floats | None = None, upper: Floats | None = None, time_limit_s: float = 1e6
    ) -> Relaxed | None:
        """Solve under bounds per column; ``None`` when time or numbers do not allow it."""
        if lower is not None and upper is not None:
            self._solver.setOptionValue("presolve", "off")
            changed = np.flatnonzero((lower != self._lower) | (upper != self._upper))
            self._solver.changeColsBounds(
                len(changed), changed.astype(np.int32), lower[changed], upper[changed]
            )
            self._lower, self._upper = lower, upper
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + time_limit_s)
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._solver.getSolution()
        return Relaxed(
            optimum=self._solver.getInfo().objective_function_value,
            share=np.array(solution.col_value)[: len(self._columns)],
            multiplier=np.abs(np.array(solution.row_dual)),
            basis=self._solver.getBasis(),
        )


def solve_subproblem(
    matrix: Matrix,
    chosen: Bools,
    free: Ints,
    time_limit_s: float,
    shortage_cost: float | None = None,
    gap: float = _MIP_GAP,
    is_over: Callable[[], bool] | None = None,
) -> Bools:
    """Choose anew among the ``free`` columns, the others as in ``chosen``, by HiGHS' MIP.

    With a ``shortage_cost`` (per scaled unit) accounts may be overdrawn, at that cost; without,
    ``chosen`` must be feasible. It ends early when ``is_over`` says so. Returns the choice for ``free``; the caller checks it in integers.
    """
    fixed = chosen.copy()
    fixed[free] = False
    _, row, _ = matrix.by_column.take(free)
    rows = np.unique(row)
    room = (matrix.room_scaled - matrix.outflow_scaled(fixed))[rows]
    model = _model(matrix, free, rows, room, shortage_cost)
    kinds = [highspy.HighsVarType.kInteger] * len(free)
    model.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (model.num_col_ - len(free))
    solver = _quiet()
    solver.setOptionValue("time_limit", time_limit_s)
    solver.setOptionValue("mip_rel_gap", gap)
    solver.setOptionValue("mip_detect_symmetry", False)
    if is_over is not None:
        over = is_over
        solver.cbMipInterrupt.subscribe(lambda event: event.interrupt() if over() else None)
    solver.passModel(model)
    if shortage_cost is None:
        start = highspy.HighsSolution()
        start.col_value = chosen[free].astype(np.float64)
        solver.setSolution(start)
    solver.run()
    share = np.array(solver.getSolution().col_value)[: len(free)]
    return share > 0.5 if len(share) == len(free) else chosen[free]


def relax_by_descent(matrix: Matrix, columns: Ints, time_limit_s: float) -> tuple[Floats, Floats]:
    """Relax a problem too large for a simplex: move the multipliers down the bound's slope.

    At given multipliers each column settles by its own profit; where an account then is short
    its multiplier rises, where money is left it falls (subgradients, with Polyak's step). The
    running average of the settled columns approaches the relaxation's shares (Barahona and
    Anbil's volume algorithm, 2000). Any multipliers prove a bound, so this may stop anywhere.

    Returns (share per column of ``columns``, scaled multiplier per row) of the best bound.
    """
    end_s = time.monotonic() + time_limit_s
    _, row, value = matrix.by_column.take(columns)
    counts = np.diff(matrix.by_column.start)[columns]
    column = np.repeat(np.arange(len(columns)), counts)
    worth = matrix.worth[columns]
    multiplier = np.zeros(matrix.rows)
    center, best_bound = multiplier, float(worth.sum())
    share = np.ones(len(columns))
    step, idle_rounds = 1.0, 0
    for _ in range(_DESCENT_ROUNDS):
        # The direction is that of the averaged shares, which damps the zigzag.
        slope = matrix.room_scaled - np.bincount(row, value * share[column], matrix.rows)
        slope[(slope > 0) & (center == 0)] = 0.0
        length = float(slope @ slope)
        if length == 0.0 or time.monotonic() > end_s:
            break
        multiplier = np.maximum(0, center - step * _DESCENT_GOAL * best_bound / length * slope)
        profit = worth - np.bincount(column, multiplier[row] * value, len(columns))
        settles = profit > 0
        bound = float(multiplier @ matrix.room_scaled + profit[settles].sum())
        share = 0.9 * share + 0.1 * settles
        if bound < best_bound:
            idle_rounds = 0
            step = min(2.0, step * 1.1)
            center, best_bound = multiplier, bound
        else:
            idle_rounds += 1
            if idle_rounds >= 5:
                idle_rounds, step = 0, step * 0.66
    return share, center
