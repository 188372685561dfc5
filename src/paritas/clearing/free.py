"""The free rule: settle any subset, the most value, with a bound on what any set could reach.

Small problems are solved to the proven optimum by branch and bound. On large ones threads search
in large neighbourhoods until the time is over, while the tree tightens the bound. Whatever
happens, the answer is the best feasible set found and a certificate that can be checked.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from paritas.clearing.branch import BranchAndBound
from paritas.clearing.certificate import (
    Bounds,
    Branch,
    Leaf,
    certificate_document,
    choose_scale,
    whole_multipliers,
)
from paritas.clearing.construct import construct
from paritas.clearing.incumbent import Incumbent
from paritas.clearing.matrix import (
    Bools,
    Floats,
    Matrix,
    build_matrix,
    common_step,
    excluded_columns,
)
from paritas.clearing.problem import Problem
from paritas.clearing.relaxation import Relaxation, relax_by_descent
from paritas.clearing.result import clearing_result
from paritas.clearing.search import Neighbourhoods, improve, kernel, solve_whole, start_threads
from paritas.clearing.tree import TreeWriter

#: Up to so many instructions a full proof is sought first; search only helps it along.
_SMALL = 1500
#: Up to so many, the relaxation is solved whole.
_WHOLE_RELAXATION = 60_000
#: The first stint of branch and bound alone; most small problems end in it.
_FIRST_STINT_S = 0.3
#: The tree's share of a core beside the searching threads on large problems.
_TREE_IDLE = 5.0
#: The kernel pays where the relaxation splits at most this part of the instructions.
_KERNEL_SPLIT_MAX = 0.04
#: The part of the time that the kernel may take.
_KERNEL_TIME = 0.2
_WORKERS = 2


@dataclass(frozen=True)
class _Guide:
    """What the relaxation says: the share of each column, the (scaled) multiplier of each row."""

    share: Floats
    multiplier: Floats


def solve_free(problem: Problem, deadline_s: float) -> dict[str, Any]:
    """Return the RESULT of the free rule.

    :param deadline_s: when to answer, on the clock of ``time.monotonic``; what is left to do
        then (writing the certificate) takes a few microseconds per instruction.
    """
    matrix = build_matrix(problem)
    excluded = excluded_columns(matrix)
    incumbent = Incumbent(matrix, deadline_s)
    guide = _relax(matrix, excluded, incumbent)
    thresholds = (0.5, 0.99, 2.0) if matrix.columns <= _WHOLE_RELAXATION else (0.9, 0.5)
    for threshold in thresholds:
        until_s = deadline_s - 0.4 * incumbent.time_left_s()
        wanted = guide.share > threshold
        incumbent.offer(construct(matrix, wanted, matrix.worth, excluded, until_s))
    bounds = Bounds(matrix, choose_scale(matrix), excluded)
    if matrix.columns <= _WHOLE_RELAXATION:
        scale, bound, tree = _search_with_tree(incumbent, bounds, guide, excluded)
    else:
        scale, bound, tree = _search(incumbent, bounds, guide, excluded)
    return clearing_result(
        problem,
        "free",
        np.flatnonzero(incumbent.chosen).tolist(),
        Fraction(incumbent.value, matrix.denominator),
        Fraction(bound, scale * matrix.denominator),
        certificate_document(problem, matrix, scale, excluded, tree),
    )


def _relax(matrix: Matrix, excluded: Bools, incumbent: Incumbent) -> _Guide:
    columns = np.flatnonzero(~excluded)
    share, multiplier = np.zeros(matrix.columns), np.zeros(matrix.rows)
    if len(columns):
        limit_s = max(0.1, 0.35 * incumbent.time_left_s())
        if len(columns) <= _WHOLE_RELAXATION:
            relaxed = Relaxation(matrix, columns).solve(time_limit_s=limit_s)
            if relaxed is not None:
                share[columns], multiplier = relaxed.share, relaxed.multiplier
        else:
            share[columns], multiplier = relax_by_descent(matrix, columns, limit_s)
    return _Guide(share, multiplier)


def _search_with_tree(
    incumbent: Incumbent, bounds: Bounds, guide: _Guide, excluded: Bools
) -> tuple[int, int, Branch | Leaf]:
    search = BranchAndBound(incumbent, bounds, excluded)
    search.start(guide.multiplier)
    is_small = incumbent.matrix.columns <= _SMALL
    if is_small:
        search.run(min(incumbent.deadline_s, time.monotonic() + _FIRST_STINT_S))
    if not search.is_closed():
        workers = 1 if is_small else _WORKERS
        threads = _start_workers(incumbent, guide, excluded, workers)
        if is_small:
            _run_to_proof(search, incumbent)
        else:
            search.run(incumbent.deadline_s, idle=_TREE_IDLE)
            if not search.is_closed():
                time.sleep(max(0.0, incumbent.time_left_s()))
        incumbent.is_optimal = True
        for thread in threads:
            thread.join()
    return TreeWriter(search).write()


def _run_to_proof(search: BranchAndBound, incumbent: Incumbent) -> None:
    """Branch until nothing beats the incumbent; then a little longer for a gap of exactly 0."""
    matrix = incumbent.matrix
    step = float(common_step(matrix.values, matrix.denominator))
    start_s = time.monotonic()
    while search.run(min(incumbent.deadline_s, time.monotonic() + 0.2)):
        if incumbent.time_left_s() <= 0:
            return
        if search.excess() < step:
            spent_s = time.monotonic() - start_s
            search.run(min(incumbent.deadline_s, time.monotonic() + 1.0 + spent_s))
            return


def _start_workers(incumbent: Incumbent, guide: _Guide, excluded: Bools, workers: int) -> list[Any]:
    allowed = ~excluded
    split = (guide.share > 1e-6) & (guide.share < 1 - 1e-6)
    pays = split.sum() <= _KERNEL_SPLIT_MAX * incumbent.matrix.columns

    def work(number: int) -> None:
        limit_s = _KERNEL_TIME * incumbent.time_left_s()
        kinds = Neighbourhoods(incumbent, allowed, guide.share, guide.multiplier, number)
        if incumbent.matrix.columns <= _SMALL:
            improve(incumbent, kinds, time.monotonic() + limit_s)
            solve_whole(incumbent, allowed, 2 * limit_s)
        elif number == 0 and pays and incumbent.matrix.columns <= _WHOLE_RELAXATION:
            kernel(incumbent, allowed, guide.share, guide.multiplier, limit_s)
        improve(incumbent, kinds)

    return start_threads([partial(work, number) for number in range(workers)])


def _search(
    incumbent: Incumbent, bounds: Bounds, guide: _Guide, excluded: Bools
) -> tuple[int, int, Branch | Leaf]:
    """Search without a tree; the relaxation's multipliers are the whole certificate."""
    threads = _start_workers(incumbent, guide, excluded, _WORKERS)
    multipliers = whole_multipliers(incumbent.matrix, guide.multiplier, bounds.scale)
    bound, _ = bounds.leaf(multipliers)
    for thread in threads:
        thread.join()
    return bounds.scale, bound, Leaf(multipliers)
