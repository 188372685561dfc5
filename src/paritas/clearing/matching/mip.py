"""Mixed-integer programs for HiGHS: small markets to the last unit, larger ones in shares.

What HiGHS proposes is in floats; it is made exact, and checked, by :mod:`rounding`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy
import numpy as np
import numpy.typing as npt

from paritas.clearing.matching.market import Exact, Market, Pair
from paritas.clearing.matching.rounding import Rounding
from paritas.clearing.matching.select import fill_parts

_Floats = npt.NDArray[np.float64]
_INFINITY = highspy.kHighsInf
_TOLERANCE = 1e-9
_SHARES_GAP = 1e-6


@dataclass
class _Model:
    """A program that grows column by column; rows are given as (row, value) with each column."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    entries: list[list[tuple[int, float]]] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)

    def row(self, least: float, most: float) -> int:
        self.least.append(least)
        self.most.append(most)
        return len(self.least) - 1

    def column(
        self, cost: float, upper: float, entries: list[tuple[int, float]], *, whole: bool
    ) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        self.whole.append(whole)
        self.entries.append(entries)
        return len(self.cost) - 1

    def solve(self, time_limit_s: float, gap: float) -> tuple[_Floats | None, bool]:
        """Return the columns' values, if any are found, and whether they are proven optimal."""
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.least)
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = np.array(self.cost)
        model.col_lower_, model.col_upper_ = np.zeros(len(self.cost)), np.array(self.upper)
        model.row_lower_, model.row_upper_ = np.array(self.least), np.array(self.most)
        start = np.cumsum([0, *map(len, self.entries)])
        flat = [entry for entries in self.entries for entry in entries]
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = start.astype(np.int32)
        model.a_matrix_.index_ = np.array([row for row, _ in flat], dtype=np.int32)
        model.a_matrix_.value_ = np.array([value for _, value in flat])
        integer, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        model.integrality_ = [integer if whole else real for whole in self.whole]
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("time_limit", max(0.01, time_limit_s))
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_feasibility_tolerance", _TOLERANCE)
        solver.setOptionValue("primal_feasibility_tolerance", _TOLERANCE)
        solver.passModel(model)
        solver.run()
        if solver.getInfo().primal_solution_status != highspy.kSolutionStatusFeasible:
            return None, False
        values = np.array(solver.getSolution().col_value)
        return values, solver.getModelStatus() == highspy.HighsModelStatus.kOptimal


def solve_units(market: Market, time_limit_s: float) -> tuple[Exact | None, bool]:
    """Choose what each order of a small market sells, to the unit.

    Returns the amounts sold, if any were found, and whether HiGHS takes them for the best.
    """
    model = _Model()
    codes = range(len(market.codes))
    # What is left of a currency: 0 or above, and not more than orders match.
    left = [model.row(0, _INFINITY) for _ in codes]
    over = [model.row(-_INFINITY, 0) for _ in codes]
    worth = max(market.price)
    sold = np.zeros_like(market.amount)
    #: Per order its column, and what a column's value of 1 sells.
    columns: list[tuple[int, int, int]] = []
    for pair in market.pairs:
        cost = market.price[pair.sell] / worth
        for index in pair.wholes.tolist():
            amount, bought = float(market.amount[index]), float(market.bought[index])
            entries = [(left[pair.sell], amount), (left[pair.buy], -bought)]
            counted = [(over[code], -1.0) for code in codes if code not in (pair.sell, pair.buy)]
            counted += [(over[pair.sell], amount - 1), (over[pair.buy], -bought - 1)]
            column = model.column(amount * cost, 1, entries + counted, whole=True)
            columns.append((index, column, int(market.amount[index])))
        for index in pair.partials.tolist():
            amount, bought = float(market.amount[index]), float(market.bought[index])
            # Sold units make bought ones, with a rest below one; both only if it matches.
            rest = model.row(0, pair.down - 1)
            is_sold, is_bought = model.row(-_INFINITY, 0), model.row(0, _INFINITY)
            sells = [(left[pair.sell], 1.0), (over[pair.sell], 1.0)]
            entries = [*sells, (rest, pair.up), (is_sold, 1.0)]
            columns.append((index, model.column(cost, amount, entries, whole=True), 1))
            buys = [(left[pair.buy], -1.0), (over[pair.buy], -1.0)]
            model.column(0, bought, [*buys, (rest, -pair.down), (is_bought, 1.0)], whole=True)
            counted = [(over[code], -1.0) for code in codes]
            model.column(0, 1, [*counted, (is_sold, -amount), (is_bought, -1.0)], whole=True)
    values, is_best = model.solve(time_limit_s, 0.0)
    if values is None:
        return None, False
    for index, column, units in columns:
        sold[index] = round(values[column]) * units
    return sold, is_best


def solve_shares(
    market: Market, sold: Exact, pairs: list[Pair], time_limit_s: float, margin: int = 0
) -> tuple[Exact | None, bool]:
    """Choose anew in some pairs: whole orders, and what the others of each pair sell together.

    :param sold: what each order sells so far; it stays in other pairs.
    :param margin: how many units of each currency are to be left, against errors of the floats.
    :returns: what each order sells then, if that was found, and whether HiGHS takes it for the best.
    """
    model = _Model()
    price = np.array([float(price) for price in market.price])
    unit = float((market.amount.astype(np.float64) * price[market.sell]).mean())
    held = sold.copy()
    for pair in pairs:
        held[pair.wholes] = held[pair.partials] = 0
    expected = int(np.count_nonzero(sold)) // 2
    scale = price / unit
    already = np.array([float(left) for left in Rounding(market, held).left]) * scale
    least, most = margin * scale - already, max(1, expected) * scale - already
    left = [model.row(low, high) for low, high in zip(least.tolist(), most.tolist(), strict=True)]
    wholes: list[int] = []
    for pair in pairs:
        for index in pair.wholes.tolist():
            value = float(market.amount[index]) * scale[pair.sell]
            bought = float(market.bought[index]) * scale[pair.buy]
            entries = [(left[pair.sell], value), (left[pair.buy], -bought)]
            model.column(value, 1, entries, whole=True)
            wholes.append(index)
    for pair in pairs:
        value = int(market.amount[pair.partials].sum()) * scale[pair.sell]
        entries = [(left[pair.sell], value), (left[pair.buy], -value)]
        model.column(value, 1, entries, whole=False)
    values, is_best = model.solve(time_limit_s, _SHARES_GAP)
    if values is None:
        return None, False
    chosen = np.array(wholes, dtype=np.int64)[values[: len(wholes)] > 0.5]
    held[chosen] = market.amount[chosen]
    for pair, share in zip(pairs, values[len(wholes) :].tolist(), strict=True):
        part = int(market.amount[pair.partials].sum())
        fill_parts(market, pair, int(part * min(max(share, 0.0), 1.0)), held)
    return held, is_best
