"""The result document of a clearing run, built in exact integers from the set it settles."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from paritas.clearing.numbers import format_number
from paritas.clearing.problem import Problem, all_keys


def clearing_result(
    problem: Problem,
    rule: str,
    settled: Iterable[int],
    value: Fraction,
    upper_bound: Fraction,
    certificate: dict[str, Any],
) -> dict[str, Any]:
    """Build the RESULT of DESIGN section 6; ``settled`` are positions in array order."""
    instructions = problem.instructions
    balances = dict.fromkeys(all_keys(problem.accounts, instructions), 0)
    for account in problem.accounts:
        balances[account.member, account.currency] = account.balance
    chosen = sorted(settled)
    for index in chosen:
        for leg in instructions[index].legs:
            balances[leg.payer, leg.currency] -= leg.amount
            balances[leg.payee, leg.currency] += leg.amount
    return {
        "rule": rule,
        "settled": [instructions[index].id for index in chosen],
        "value": format_number(value),
        "upper_bound": format_number(upper_bound),
        "gap": format_number(upper_bound - value),
        "balances": [
            {"member": member, "currency": currency, "balance": balance}
            for (member, currency), balance in balances.items()
        ],
        "certificate": certificate,
    }
