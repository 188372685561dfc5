"""Mixed-integer programs for HiGHS: small markets to the last unit, larger ones in shares.

What HiGHS proposes is in floats; it is made exact, and checked, by :mod:`rounding`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy
import numpy as np
import numpy.typing as npt

from paritas.clearing.matching.market import Bools, Exact, Market

_Floats = npt.NDArray[np.float64]
_INFINITY = highspy.kHighsInf


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
    market: Market, expected: int, time_limit_s: float
) -> tuple[Bools, list[int]] | None:
    """Choose whole orders, and shares of what the other orders of each pair sell together.

    :param expected: about how many orders will match: what may be left of each currency.
    """
    model = _Model()
    price = np.array([float(price) for price in market.price])
    unit = float((market.amount.astype(np.float64) * price[market.sell]).mean())
    left = [model.row(0, expected * units / unit) for units in price]
    wholes: list[int] = []
    for pair in market.pairs:
        for index in pair.wholes.tolist():
            value = float(market.amount[index]) * price[pair.sell] / unit
            bought = float(market.bought[index]) * price[pair.buy] / unit
            model.column(
                value, 1, [(left[pair.sell], value), (left[pair.buy], -bought)], whole=True
            )
            wholes.append(index)
    parts = [int(market.amount[pair.partials].sum()) for pair in market.pairs]
    for pair, part in zip(market.pairs, parts, strict=True):
        value = part * price[pair.sell] / unit
        model.column(value, 1, [(left[pair.sell], value), (left[pair.buy], -value)], whole=False)
    values, _ = model.solve(time_limit_s, 1e-6)
    if values is None:
        return None
    chosen = np.zeros(len(market.amount), dtype=bool)
    chosen[np.array(wholes, dtype=np.int64)] = values[: len(wholes)] > 0.5
    shares = np.clip(values[len(wholes) :], 0, 1).tolist()
    return chosen, [int(part * share) for part, share in zip(parts, shares, strict=True)]
