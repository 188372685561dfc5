"""Both rules against brute force, and large problems against the checker."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from clearing.problems import BruteForce, market, random_problem
from paritas.clearing.clear import clear
from paritas.clearing.matrix import build_matrix
from paritas.clearing.problem import parse_problem
from paritas.clearing.verify import verify_clearing


@pytest.mark.parametrize("block", range(10))
def test_small_problems_equal_brute_force(block: int) -> None:
    for seed in range(block * 200, block * 200 + 200):
        problem = parse_problem(json.dumps(random_problem(seed)))
        oracle = BruteForce(problem)
        result = clear(problem, "free")
        verify_clearing(problem, json.dumps(result))
        assert (Fraction(result["value"]), result["gap"]) == (oracle.best_free(), "0"), seed
        result = clear(problem, "fifo")
        verify_clearing(problem, json.dumps(result))
        expected = {problem.instructions[index].id for index in oracle.best_fifo()}
        assert set(result["settled"]) == expected, seed


@pytest.mark.parametrize("seed", range(6))
def test_medium_problems_agree_with_another_solver(seed: int) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    currencies = 1 + 2 * (seed % 2)
    problem = market(seed, members=8, instructions=40 + 10 * seed, currencies=currencies)
    matrix = build_matrix(problem)
    table = np.zeros((matrix.rows, matrix.columns))
    table[matrix.entry_row, matrix.entry_column] = matrix.by_column.value
    other = optimize.milp(
        -matrix.worth,
        integrality=np.ones(matrix.columns),
        bounds=optimize.Bounds(0, 1),
        constraints=optimize.LinearConstraint(table, -np.inf, matrix.room_scaled),
        options={"mip_rel_gap": 0},
    )
    result = clear(problem, "free", 10)
    verify_clearing(problem, json.dumps(result))
    value, bound = Fraction(result["value"]), Fraction(result["upper_bound"])
    reference = -other.fun * matrix.worth_unit
    assert float(bound) >= reference * (1 - 1e-6)
    assert float(value) == pytest.approx(reference, rel=1e-6) or result["gap"] != "0"


@pytest.mark.parametrize(("members", "count", "currencies"), [(50, 2500, 1), (30, 2500, 8)])
def test_large_problems_verify(members: int, count: int, currencies: int) -> None:
    problem = market(1, members, count, currencies)
    result = clear(problem, "free", 4)
    verify_clearing(problem, json.dumps(result))
    assert result["settled"]
    # How small the gap is after four seconds depends on the machine; that something was found does not.
    assert Fraction(result["gap"]) < Fraction(result["upper_bound"])
    verify_clearing(problem, json.dumps(clear(problem, "fifo")))


def test_there_is_an_answer_however_short_the_time() -> None:
    problem = market(2, 40, 3000, 5)
    result = clear(problem, "free", 0.001)
    verify_clearing(problem, json.dumps(result))
    assert result["settled"]


def test_amounts_whose_sums_exceed_64_bits() -> None:
    huge = 10**18
    ring = [("A", "B"), ("B", "C"), ("C", "A")] * 10
    problem = parse_problem(
        json.dumps(
            {
                "accounts": [{"member": "A", "currency": "IDR", "balance": 5, "limit": 2}],
                "instructions": [
                    {
                        "id": number,
                        "legs": [
                            {"from": a, "to": b, "currency": "IDR", "amount": huge - number % 3}
                        ],
                    }
                    for number, (a, b) in enumerate(ring)
                ],
            }
        )
    )
    for rule in ("free", "fifo"):
        result = clear(problem, rule, 1)
        verify_clearing(problem, json.dumps(result))
    # Each round leaves B and C one unit more and A two units less, of the 7 that A may spend.
    assert len(clear(problem, "free", 1)["settled"]) >= 9


def test_multipliers_that_need_more_than_64_bits_are_written() -> None:
    problem = market(3, 6, 12)
    result = clear(problem, "free", 5)
    assert result["gap"] == "0"
    verify_clearing(problem, json.dumps(result))
