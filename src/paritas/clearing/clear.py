"""Clearing under one of the two rules: from a checked problem to its RESULT document."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

from paritas.clearing.fifo import fifo_dropped
from paritas.clearing.problem import ClearingError, Problem, instruction_values
from paritas.clearing.result import clearing_result

RULES = ("free", "fifo")

#: What is left to do after the search, in seconds: at least, and per instruction.
_FINISH_S = 0.05
_FINISH_PER_INSTRUCTION_S = 6e-6


def clear(
    problem: Problem, rule: str = "free", time_limit_s: float = 20.0, started_s: float | None = None
) -> dict[str, Any]:
    """Choose what settles and return the RESULT of DESIGN section 6.

    :param problem: a checked problem (:func:`~paritas.clearing.problem.parse_problem`).
    :param rule: ``free`` (any subset) or ``fifo`` (the queue order is kept).
    :param time_limit_s: when ``free`` must answer, in seconds; a proof may end it sooner.
    :param started_s: since when, on ``time.monotonic``; by default since now.
    :raises ClearingError: when ``rule`` or ``time_limit_s`` is none that can be used.
    """
    if rule not in RULES:
        raise ClearingError(f"rule: {rule!r} is unknown; use free or fifo")
    if not 0 < time_limit_s < float("inf"):
        raise ClearingError(f"time limit: {time_limit_s} is not a positive number of seconds")
    if rule == "fifo":
        return _clear_fifo(problem)
    # HiGHS takes a while to import, and only this rule needs it.
    from paritas.clearing.free import solve_free

    begin_s = time.monotonic() if started_s is None else started_s
    finish_s = _FINISH_S + _FINISH_PER_INSTRUCTION_S * len(problem.instructions)
    return solve_free(problem, begin_s + max(0.02, time_limit_s - finish_s))


def _clear_fifo(problem: Problem) -> dict[str, Any]:
    dropped = fifo_dropped(problem)
    gone = set(dropped)
    settled = [index for index in range(len(problem.instructions)) if index not in gone]
    values, denominator = instruction_values(problem)
    value = Fraction(sum(values[index] for index in settled), denominator)
    ids = [problem.instructions[index].id for index in dropped]
    return clearing_result(problem, "fifo", settled, value, value, {"dropped": ids})
