"""The worked examples with published or brute-forced answers (shared beside the repository)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from paritas.clearing.clear import clear
from paritas.clearing.problem import parse_problem
from paritas.clearing.verify import verify_clearing

SHARED = Path(
    os.environ.get("PARITAS_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
CASES = SHARED / "cases" / "gridlock_examples.json"

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")


def cases() -> dict[str, Any]:
    return json.loads(CASES.read_text()) if CASES.exists() else {}  # type: ignore[no-any-return]


def one_currency(balances: dict[str, int], payments: list[list[Any]]) -> dict[str, Any]:
    return {
        "accounts": [
            {"member": str(m), "currency": "SGD", "balance": b, "limit": 0}
            for m, b in balances.items()
        ],
        "instructions": [
            {
                "id": str(number),
                "legs": [{"from": str(a), "to": str(b), "currency": "SGD", "amount": x}],
            }
            for number, (a, b, x) in enumerate(payments, 1)
        ],
    }


def solve(document: dict[str, Any], rule: str, time_limit_s: float = 20) -> dict[str, Any]:
    problem = parse_problem(json.dumps(document))
    result = clear(problem, rule, time_limit_s)
    verify_clearing(problem, json.dumps(result))
    return result


@pytest.mark.parametrize("name", cases().get("ubin", {}))
def test_ubin_cases_reach_the_optimum_under_both_rules(name: str) -> None:
    case = cases()["ubin"][name]
    document = one_currency(case["balances"], case["payments_debtor_creditor_amount"])
    free = solve(document, "free")
    assert (free["value"], free["gap"]) == (str(case["optimum_value"]), "0")
    fifo = solve(document, "fifo")
    assert fifo["value"] == str(case["fifo_value"])
    assert [int(name) for name in fifo["settled"]] == case["fifo_settled_idx"]
    balances = [entry["balance"] for entry in fifo["balances"]]
    assert balances == case["fifo_final_balances"]


def test_ring_of_five_thousand_payments() -> None:
    ring = cases()["ubin_ring_5000"]
    payments = []
    for payer, payee, big, small, count in ring["edges_from_to_big_small_n"]:
        unit = ring["unit"]
        payments += [[payer, payee, big * unit]] + [[payer, payee, small * unit]] * count
    balances = {str(number): b for number, b in enumerate(ring["balances"], 1)}
    result = solve(one_currency(balances, payments), "free", 4)
    assert result["value"] == str(ring["optimum_value"])
    # Payments that are all alike leave branching nothing to hold on to: the bound stays at
    # what parts of payments could add, less than the smallest two kinds of payment.
    assert int(result["gap"]) <= 5 * ring["unit"]


@pytest.mark.parametrize(
    ("name", "balances", "payments", "value"),
    [
        ("ubin_quorum_gridlock1", None, None, 240),
        ("ubin_quorum_S3LSM2", None, None, 16000),
    ],
)
def test_quorum_cases(name: str, balances: Any, payments: Any, value: int) -> None:
    case = cases()[name]
    named = {str(number): b for number, b in enumerate(case["balances"], 1)}
    result = solve(one_currency(named, case["payments"]), "free")
    assert (result["value"], result["gap"]) == (str(value), "0")
    assert [int(name) for name in result["settled"]] == case["optimum"]["settled"]
    assert [entry["balance"] for entry in result["balances"]] == case["optimum"]["final"]


def exchanges(trades: list[list[Any]], units: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "id": str(number),
            "value": worth,
            "legs": [
                {"from": seller, "to": buyer, "currency": sold, "amount": worth * units[sold]},
                {"from": buyer, "to": seller, "currency": bought, "amount": worth * units[bought]},
            ],
        }
        for number, (seller, buyer, sold, bought, worth) in enumerate(trades, 1)
    ]


def test_exchanges_in_a_ring_need_no_money() -> None:
    case = cases()["multicurrency_own"]
    trades = case["M1_trades(sellbank,buybank,sellccy,buyccy,refvalue)"]
    document = {"accounts": [], "instructions": exchanges(trades, case["rates_units_per_ref"])}
    result = solve(document, "free")
    # A pays INR and is paid RUB by B, and so on round: each needs what only the next brings.
    assert (result["value"], result["gap"]) == (str(case["M1_optimum_refvalue"]), "0")


def test_exchanges_in_three_currencies() -> None:
    case = cases()["multicurrency_own"]
    balances, trades, best, fifo, _ = case["M2"]
    document = {
        "accounts": [
            {"member": member, "currency": code, "balance": balance, "limit": 0}
            for member, held in balances.items()
            for code, balance in held.items()
        ],
        "instructions": exchanges(trades, case["rates_units_per_ref"]),
    }
    result = solve(document, "free")
    assert (result["value"], result["gap"]) == (str(best[0][0]), "0")
    assert [int(name) for name in result["settled"]] == best[1]
    assert solve(document, "fifo")["settled"] == fifo[0]


def test_unequal_cycles_of_simcash() -> None:
    case = cases()["simcash"]["unequal_cycle"]
    result = solve(one_currency(case["balances_ok"], case["payments"]), "free")
    final = {entry["member"]: entry["balance"] for entry in result["balances"]}
    assert final == case["final"]
    short = case["balances_ok"] | {"B": case["fails_when_B"]}
    assert solve(one_currency(short, case["payments"]), "free")["settled"] == []
    four = cases()["simcash"]["four_cycle"]
    result = solve(one_currency(four["balances"], four["payments"]), "free")
    final = {entry["member"]: entry["balance"] for entry in result["balances"]}
    assert final == four["final"]
