"""The checker finds whatever was tampered with, and never falls over."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clearing.problems import market, random_problem
from paritas.clearing.clear import clear
from paritas.clearing.problem import Problem, parse_problem
from paritas.clearing.verify import InvalidResultError, verify_clearing


def solved(rule: str) -> tuple[Problem, dict[str, Any]]:
    problem = market(7, 6, 40, 3)
    return problem, clear(problem, rule, 5)


def tree_nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for way in ("zero", "one"):
        if way in node:
            yield from tree_nodes(node[way])


Change = Callable[[dict[str, Any]], Any]

BOTH: dict[str, Change] = {
    "rule": lambda r: r.update(rule="fifo" if r["rule"] == "free" else "free"),
    "unknown rule": lambda r: r.update(rule="best"),
    "one settled less": lambda r: r["settled"].pop(),
    "one settled twice": lambda r: r["settled"].append(r["settled"][0]),
    "unknown id": lambda r: r["settled"].append("nobody"),
    "id of another kind": lambda r: r["settled"].append([1]),
    "value": lambda r: r.update(value=r["value"] + "1"),
    "value as number": lambda r: r.update(value=5),
    "bound": lambda r: r.update(upper_bound=r["upper_bound"] + "1"),
    "gap": lambda r: r.update(gap="1" + r["gap"]),
    "balance": lambda r: r["balances"][0].update(balance=r["balances"][0]["balance"] + 1),
    "balance as float": lambda r: r["balances"][0].update(
        balance=float(r["balances"][0]["balance"])
    ),
    "balance missing": lambda r: r["balances"].pop(),
    "balance twice": lambda r: r["balances"].append(r["balances"][0]),
    "balance of nobody": lambda r: r["balances"][0].update(member="nobody"),
    "more fields": lambda r: r.update(note="hello"),
    "fewer fields": lambda r: r.pop("gap"),
    "no certificate": lambda r: r.update(certificate=None),
    "certificate's field": lambda r: r["certificate"].update(extra=1),
}

FREE: dict[str, Change] = {
    "scale": lambda r: r["certificate"].update(scale=1),
    "scale of zero": lambda r: r["certificate"].update(scale=0),
    "scale true": lambda r: r["certificate"].update(scale=True),
    "excluded": lambda r: r["certificate"]["excluded"].extend(r["settled"]),
    "branch on nothing": lambda r: r["certificate"].update(
        tree={"branch": "x", "zero": {}, "one": {}}
    ),
    "tree of numbers": lambda r: r["certificate"].update(tree=5),
    "half a branch": lambda r: r["certificate"]["tree"].pop("one"),
    "no multipliers": lambda r: r["certificate"].update(tree={"multipliers": []}),
    "negative multiplier": lambda r: r["certificate"].update(
        tree={"multipliers": [{"member": "BANK000", "currency": "C00", "y": -1}]}
    ),
    "multiplier of nobody": lambda r: r["certificate"].update(
        tree={"multipliers": [{"member": "x", "currency": "C00", "y": 1}]}
    ),
    "multiplier of a list": lambda r: r["certificate"].update(
        tree={"multipliers": [{"member": [], "currency": "C00", "y": 1}]}
    ),
}

FIFO: dict[str, Change] = {
    "order of dropping": lambda r: r["certificate"]["dropped"].reverse(),
    "dropped short": lambda r: r["certificate"]["dropped"].pop(),
    "dropped twice": lambda r: r["certificate"]["dropped"].append(r["certificate"]["dropped"][0]),
    "dropped and settled": lambda r: r["certificate"]["dropped"].append(r["settled"][0]),
}


@pytest.mark.parametrize(
    ("rule", "name"),
    [(rule, name) for rule, own in (("free", FREE), ("fifo", FIFO)) for name in (*BOTH, *own)],
)
def test_tampering_is_found(rule: str, name: str) -> None:
    problem, result = solved(rule)
    verify_clearing(problem, json.dumps(result))
    changed = copy.deepcopy(result)
    (BOTH | FREE | FIFO)[name](changed)
    with pytest.raises(InvalidResultError) as caught:
        verify_clearing(problem, json.dumps(changed))
    assert "\n" not in str(caught.value)


def test_every_multiplier_and_branch_of_the_best_leaf_counts() -> None:
    """A change anywhere either leaves a proof of the same bound or is refused."""
    problem, result = solved("free")
    for number in range(len(list(tree_nodes(result["certificate"]["tree"])))):
        changed = copy.deepcopy(result)
        node = list(tree_nodes(changed["certificate"]["tree"]))[number]
        if "branch" in node:
            node["zero"], node["one"] = node["one"], node["zero"]
        else:
            node["multipliers"] = []
        try:
            verify_clearing(problem, json.dumps(changed))
        except InvalidResultError:
            continue
        assert changed["upper_bound"] == result["upper_bound"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"rule": NaN}',
        b'{"rule":"free","rule":"free"}',
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"rule":"free","settled":[],"value":"' + b"9" * 5000 + b'","upper_bound":"0","gap":"0",'
        b'"balances":[],"certificate":{}}',
    ],
)
def test_malformed_results_are_invalid_never_a_traceback(text: bytes) -> None:
    problem = parse_problem(json.dumps(random_problem(1)))
    with pytest.raises(InvalidResultError):
        verify_clearing(problem, text)


def test_an_infeasible_set_is_named() -> None:
    problem = parse_problem(
        json.dumps(
            {
                "accounts": [],
                "instructions": [
                    {"id": "p", "legs": [{"from": "A", "to": "B", "currency": "EUR", "amount": 1}]}
                ],
            }
        )
    )
    result = {
        "rule": "free",
        "settled": ["p"],
        "value": "1",
        "upper_bound": "1",
        "gap": "0",
        "balances": [
            {"member": "A", "currency": "EUR", "balance": -1},
            {"member": "B", "currency": "EUR", "balance": 1},
        ],
        "certificate": {"scale": 1, "excluded": [], "tree": {"multipliers": []}},
    }
    with pytest.raises(InvalidResultError, match="A ends at -1 EUR, below its floor 0"):
        verify_clearing(problem, json.dumps(result))
