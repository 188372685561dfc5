"""Matching: against brute force and scipy's MILP, rounding, legs, tampering, bad input."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from paritas.clearing.commands import match_command, verify_command
from paritas.clearing.matching.flow import largest_circulation, multipliers
from paritas.clearing.matching.match import match
from paritas.clearing.matching.orders import MatchResult, Orders, parse_orders, prices
from paritas.clearing.matching.verify import verify_match
from paritas.clearing.matching.ways import ways
from paritas.clearing.problem import ClearingError
from paritas.clearing.verify import InvalidResultError

RATES = {
    "USD": "0.01",
    "EUR": "0.010837",
    "INR": "0.00011412",
    "IDR": "0.0000006014",
    "KWD": "0.0032578",
}


def problem_of(rates: dict[str, str], *orders: tuple[Any, ...]) -> Orders:
    """Orders as (id, member, sell, buy, amount, partial)."""
    names = ("id", "member", "sell", "buy", "amount", "partial")
    entries = [dict(zip(names, order, strict=True)) for order in orders]
    return parse_orders(json.dumps({"rates": rates, "orders": entries}))


def solved(problem: Orders, time_limit_s: float = 10.0) -> tuple[MatchResult, dict[str, Any]]:
    """Match, and let the checker see it."""
    result = match(problem, time_limit_s)
    text = b"".join(result.encode())
    verify_match(problem, text)
    return result, json.loads(text)


def market(
    seed: int, count: int, partial: float, rates: dict[str, str] = RATES, members: int = 20
) -> Orders:
    """Random orders of about the same value in every currency."""
    source = random.Random(seed)
    orders = []
    for number in range(count):
        sell, buy = source.sample(list(rates), 2)
        amount = max(1, int(source.lognormvariate(0, 1.3) * 2e3 / float(rates[sell])))
        member = f"M{source.randrange(members)}"
        orders.append((f"o{number}", member, sell, buy, amount, source.random() < partial))
    return problem_of(rates, *orders)


def small_market(seed: int) -> Orders:
    source = random.Random(seed)
    codes = ["XXA", "XXB", "XXC", "XXD"][: source.randint(2, 4)]
    rates = {
        code: source.choice(["1", "1", "2", "2.5", "0.5", "0.07", "1.37", "0.4"]) for code in codes
    }
    part, largest = source.choice([0, 0.5, 1]), source.choice([2, 5, 9])
    orders = []
    for number in range(source.randint(1, 6)):
        sell, buy = source.sample(codes, 2)
        amount = source.randint(1, largest) * source.choice([1, 1, 1, 2])
        orders.append((number, source.choice("ABCD"), sell, buy, amount, source.random() < part))
    return problem_of(rates, *orders)


def choices(problem: Orders) -> list[list[tuple[int, int, int]]]:
    """Per order all it can do: (sold, bought, value over the unit)."""
    price, _ = prices(problem)
    found = []
    for order in problem.orders:
        sold = range(1, order.amount + 1) if order.partial else [order.amount]
        options = [
            (amount, amount * price[order.sell] // price[order.buy], amount * price[order.sell])
            for amount in sold
        ]
        found.append([(0, 0, 0), *(option for option in options if option[1])])
    return found


def brute_force(problem: Orders) -> Fraction:
    """The largest value by trying everything."""
    best = 0
    for picked in itertools.product(*choices(problem)):
        value = sum(option[2] for option in picked)
        if value <= best:
            continue
        left: Counter[str] = Counter()
        for order, (sold, bought, _) in zip(problem.orders, picked, strict=True):
            left[order.sell] += sold
            left[order.buy] -= bought
        count = sum(option[0] > 0 for option in picked)
        if all(0 <= units <= count for units in left.values()):
            best = value
    return best * prices(problem)[1]


def test_small_markets_equal_brute_force() -> None:
    tried = 0
    for seed in range(300):
        problem = small_market(seed)
        size = 1
        for options in choices(problem):
            size *= len(options)
        if size > 2_000:
            continue
        tried += 1
        result, _ = solved(problem)
        best = brute_force(problem)
        assert Fraction(result.matched_value) == best, seed
        assert Fraction(result.upper_bound) >= best, seed
    assert tried > 200


def test_a_ring_that_closes_but_for_rounding_is_found() -> None:
    """A pays in INR for RUB, B in RUB for CNY, C in CNY for INR; nobody wants the opposite."""
    rates = {"INR": "0.011", "RUB": "0.0123", "CNY": "0.1371"}
    cny = 80_000
    inr = cny * 1371 // 110
    rub = inr * 110 // 123
    ring = (
        ("a", "A", "INR", "RUB", inr, False),
        ("b", "B", "RUB", "CNY", rub, False),
        ("c", "C", "CNY", "INR", cny, False),
    )
    problem = problem_of(rates, *ring, ("d", "D", "CNY", "RUB", 777, False))
    result, document = solved(problem)
    assert [entry.id for entry in result.matched] == ["a", "b", "c"]
    assert all(0 <= units <= 3 for units in result.rounding.values())
    pays = {(leg["from"], leg["to"]) for leg in document["legs"] if leg["to"] != "ROUNDING"}
    assert pays == {("A", "C"), ("B", "A"), ("C", "B")}
    assert ways(problem, result) == {
        "a": {3: inr},
        "b": {3: rub},
        "c": {3: cny},
    }


def test_rings_of_whole_orders_are_found_among_many_that_do_not_fit() -> None:
    noise = market(5, 400, 0.0)
    entries = [(o.id, o.member, o.sell, o.buy, o.amount, o.partial) for o in noise.orders]
    price, _ = prices(noise)
    # From the most valuable unit on, each sells exactly what the one before buys.
    amount, value = 123_456_789, 0
    for number, (sell, buy) in enumerate((("USD", "INR"), ("INR", "KWD"), ("KWD", "USD"))):
        entries.append((f"ring{number}", f"R{number}", sell, buy, amount, False))
        value += amount * price[sell]
        amount = amount * price[sell] // price[buy]
    problem = problem_of(RATES, *entries)
    result, _ = solved(problem, 2)
    assert Fraction(result.matched_value) >= value * prices(problem)[1]


@pytest.mark.parametrize("seed", range(4))
def test_in_part_the_optimum_is_reached_up_to_the_rounding(seed: int) -> None:
    problem = market(seed, 2_000, 1.0)
    result, _ = solved(problem)
    # A unit of each currency per order that buys it is all that rounding can cost or gain.
    worth = {code: Fraction(rate) for code, rate in problem.rates.items()}
    slack = sum(worth[order.buy] for order in problem.orders)
    best = linear_optimum(problem)
    assert abs(float(Fraction(result.matched_value)) - best) <= float(slack) + 1e-9 * best
    buyers = Counter(order.buy for order in problem.orders)
    assert all(units <= buyers[code] for code, units in result.rounding.items())


def linear_optimum(problem: Orders) -> float:
    """The divisible optimum by scipy, rounding left aside."""
    codes = list(problem.rates)
    rate = np.array([float(problem.rates[code]) for code in codes])
    value: dict[tuple[int, int], float] = {}
    for order in problem.orders:
        pair = codes.index(order.sell), codes.index(order.buy)
        value[pair] = value.get(pair, 0.0) + order.amount * rate[pair[0]]
    rows = np.array([place for pair in value for place in pair])
    columns = np.repeat(np.arange(len(value)), 2)
    signs = np.tile([1.0, -1.0], len(value))
    balance = csr_matrix((signs, (rows, columns)), shape=(len(codes), len(value)))
    most = np.array(list(value.values()))
    found = milp(
        -np.ones(len(most)), bounds=Bounds(0, most), constraints=LinearConstraint(balance, 0, 0)
    )
    return float(-found.fun)


@pytest.mark.parametrize("seed", range(3))
def test_half_whole_comes_within_a_thousandth_of_the_bound(seed: int) -> None:
    result, _ = solved(market(seed, 3_000, 0.5))
    assert Fraction(result.gap) <= Fraction(result.upper_bound) / 1000


def test_medium_markets_agree_with_scipy() -> None:
    """Whole orders among a few in part: the value of scipy's MILP, or the gap says so."""
    for seed in range(3):
        problem = market(seed, 80, 0.4)
        result, _ = solved(problem)
        best = shares_optimum(problem)
        assert float(Fraction(result.upper_bound)) >= best * (1 - 1e-9)
        assert float(Fraction(result.matched_value)) >= best * (1 - 1e-5)


def shares_optimum(problem: Orders) -> float:
    """Whole orders whole, others by any share, every currency balanced in value."""
    codes = list(problem.rates)
    value = np.array([o.amount * float(problem.rates[o.sell]) for o in problem.orders])
    count = len(value)
    rows = [codes.index(o.sell) for o in problem.orders] + [
        codes.index(o.buy) for o in problem.orders
    ]
    balance = csr_matrix(
        (np.concatenate([value, -value]), (rows, np.tile(np.arange(count), 2))),
        shape=(len(codes), count),
    )
    whole = np.array([0 if o.partial else 1 for o in problem.orders])
    found = milp(
        -value,
        integrality=whole,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(balance, -1e-6, 1e-6),
        options={"time_limit": 20},
    )
    return float(-found.fun)


def test_whole_orders_alone_balance_to_the_unit() -> None:
    problem = market(3, 2_500, 0.0, {code: RATES[code] for code in ("USD", "EUR", "INR", "KWD")})
    result, _ = solved(problem, 4)
    assert Fraction(result.gap) <= Fraction(result.upper_bound) / 100
    assert all(order.amount == entry.sold for order, entry in joined(problem, result))


def joined(problem: Orders, result: MatchResult) -> list[tuple[Any, Any]]:
    orders = {order.id: order for order in problem.orders}
    return [(orders[entry.id], entry) for entry in result.matched]


def test_without_rounding_nothing_is_left() -> None:
    """At equal rates nothing is lost, and every unit that is sold is bought."""
    problem = market(1, 500, 0.5, dict.fromkeys(RATES, "1"))
    result, _ = solved(problem)
    assert set(result.rounding.values()) == {0}
    assert result.gap == "0"


def test_no_member_pays_itself() -> None:
    result, document = solved(market(2, 600, 0.7, members=3))
    assert result.matched
    assert all(leg["from"] != leg["to"] for leg in document["legs"])


def test_a_member_alone_with_itself_needs_no_legs() -> None:
    rates = {"USD": "1", "EUR": "1"}
    problem = problem_of(rates, (1, "A", "USD", "EUR", 10, False), (2, "A", "EUR", "USD", 10, True))
    result, document = solved(problem)
    assert result.matched_value == "20"
    assert document["legs"] == []


def test_nobody_sells_for_nothing() -> None:
    rates = {"BIG": "1", "BIT": "0.001"}
    problem = problem_of(rates, (1, "A", "BIT", "BIG", 999, False), (2, "B", "BIG", "BIT", 5, True))
    result, _ = solved(problem)
    assert list(result.matched) == []


def test_huge_amounts_stay_exact() -> None:
    source = random.Random(1)
    rates = {f"XX{letter}": f"{1 + place / 7:.9f}" for place, letter in enumerate("ABCDE")}
    orders = []
    for number in range(300):
        sell, buy = source.sample(list(rates), 2)
        orders.append(
            (number, f"M{number % 9}", sell, buy, source.randint(10**16, 10**17), number % 2 > 0)
        )
    result, _ = solved(problem_of(rates, *orders))
    assert Fraction(result.gap) <= Fraction(result.upper_bound) / 1000


def test_ways_account_for_all_that_is_sold() -> None:
    problem = market(4, 1_000, 0.5)
    result, _ = solved(problem)
    made = ways(problem, result)
    for entry in result.matched:
        assert sum(made[entry.id].values()) == entry.sold
        assert all(length >= 2 and units > 0 for length, units in made[entry.id].items())


def test_circulations_are_largest_and_proven() -> None:
    for seed in range(300):
        source = random.Random(seed)
        nodes = source.randint(2, 6)
        arcs = []
        for _ in range(source.randint(1, 14)):
            tail, head = source.sample(range(nodes), 2)
            arcs.append((tail, head, source.randint(0, 9)))
        flow = largest_circulation(nodes, arcs)
        left = [0] * nodes
        for (tail, head, capacity), carried in zip(arcs, flow, strict=True):
            assert 0 <= carried <= capacity
            left[tail] -= carried
            left[head] += carried
        assert not any(left)
        price = multipliers(nodes, arcs, flow)
        bound = sum(c * max(0, 1 + price[t] - price[h]) for t, h, c in arcs)
        assert bound == sum(flow)


def test_an_answer_comes_at_the_time_limit() -> None:
    result, _ = solved(market(9, 1_500, 0.02), 0.3)
    assert Fraction(result.matched_value) >= 0


Change = Callable[[dict[str, Any]], Any]

CHANGES: dict[str, Change] = {
    "sold": lambda r: r["matched"][0].update(sold=r["matched"][0]["sold"] - 1),
    "sold as float": lambda r: r["matched"][0].update(sold=float(r["matched"][0]["sold"])),
    "sold as true": lambda r: r["matched"][0].update(sold=True),
    "bought": lambda r: r["matched"][0].update(bought=r["matched"][0]["bought"] + 1),
    "id": lambda r: r["matched"][0].update(id="nobody"),
    "matched twice": lambda r: r["matched"].append(r["matched"][0]),
    "one matched less": lambda r: r["matched"].pop(),
    "nothing sold": lambda r: r["matched"][0].update(sold=0, bought=0),
    "value": lambda r: r.update(matched_value=r["matched_value"] + "1"),
    "value as number": lambda r: r.update(matched_value=5),
    "bound": lambda r: r.update(upper_bound="1" + r["upper_bound"]),
    "gap": lambda r: r.update(gap="1" + r["gap"]),
    "rounding": lambda r: r["rounding"].update(EUR=r["rounding"]["EUR"] + 1),
    "rounding of nothing": lambda r: r["rounding"].update(XXX=0),
    "rounding missing": lambda r: r["rounding"].pop("EUR"),
    "leg's payer": lambda r: r["legs"][0].update({"from": "M99"}),
    "leg's payee": lambda r: r["legs"][0].update(to="M99"),
    "leg's currency": lambda r: r["legs"][0].update(
        currency="EUR" if r["legs"][0]["currency"] != "EUR" else "USD"
    ),
    "leg's amount": lambda r: r["legs"][0].update(amount=r["legs"][0]["amount"] + 1),
    "leg's order": lambda r: r["legs"][0].update(order=r["legs"][-1]["order"]),
    "leg of nobody": lambda r: r["legs"][0].update(order="nobody"),
    "leg twice": lambda r: r["legs"].append(r["legs"][0]),
    "leg missing": lambda r: r["legs"].pop(),
    "leg of nothing": lambda r: r["legs"].append({**r["legs"][0], "amount": 0}),
    "leg to itself": lambda r: r["legs"][0].update(to=r["legs"][0]["from"]),
    "scale": lambda r: r["certificate"].update(scale=7),
    "scale of zero": lambda r: r["certificate"].update(scale=0),
    "multiplier": lambda r: r["certificate"]["multipliers"][0].update(y=9),
    "negative multiplier": lambda r: r["certificate"]["multipliers"][0].update(y=-1),
    "multiplier twice": lambda r: r["certificate"]["multipliers"].append(
        r["certificate"]["multipliers"][0]
    ),
    "multiplier of nothing": lambda r: r["certificate"]["multipliers"][0].update(currency="XXX"),
    "more fields": lambda r: r.update(note="hello"),
    "fewer fields": lambda r: r.pop("gap"),
    "leg's field": lambda r: r["legs"][0].update(note="hello"),
    "no certificate": lambda r: r.update(certificate=None),
}


@pytest.fixture(scope="module")
def example() -> tuple[Orders, dict[str, Any]]:
    problem = market(6, 60, 0.6, members=6)
    _, document = solved(problem)
    return problem, document


@pytest.mark.parametrize("name", CHANGES)
def test_tampering_is_found(name: str, example: tuple[Orders, dict[str, Any]]) -> None:
    problem, document = example
    changed = copy.deepcopy(document)
    CHANGES[name](changed)
    with pytest.raises(InvalidResultError) as caught:
        verify_match(problem, json.dumps(changed))
    assert "\n" not in str(caught.value)


def test_every_unit_in_every_leg_and_match_counts(example: tuple[Orders, dict[str, Any]]) -> None:
    problem, document = example
    for table, fields in (("legs", ("amount",)), ("matched", ("sold", "bought"))):
        for place, field in itertools.product(range(len(document[table])), fields):
            changed = copy.deepcopy(document)
            changed[table][place][field] += 1
            with pytest.raises(InvalidResultError):
                verify_match(problem, json.dumps(changed))


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"[]", b"\xff", b'{"matched_value": NaN}', b'{"matched_value":' * 100_000],
)
def test_malformed_results_are_invalid_never_a_traceback(text: bytes) -> None:
    with pytest.raises(InvalidResultError):
        verify_match(market(1, 3, 1.0), text)


ORDER = {"id": "x", "member": "A", "sell": "USD", "buy": "EUR", "amount": 5, "partial": True}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"note": 1}, "orders[0]"),
        ({"amount": 0}, "orders[0].amount"),
        ({"amount": -3}, "orders[0].amount"),
        ({"amount": 10**30}, "orders[0].amount"),
        ({"amount": 1.5}, "orders[0].amount"),
        ({"amount": 10**18, "sell": "KWD", "buy": "IDR"}, "would buy more than"),
        ({"buy": "USD"}, "orders[0] (id 'x'): sells and buys USD"),
        ({"buy": "XXX"}, "orders[0] (id 'x'): no rate for XXX"),
        ({"partial": 1}, "orders[0].partial"),
        ({"id": ""}, "orders[0].id"),
        ({"member": "ROUNDING"}, "orders[0]: member ROUNDING"),
    ],
)
def test_bad_orders_are_named_in_one_line(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ClearingError) as caught:
        parse_orders(json.dumps({"rates": RATES, "orders": [ORDER | change]}))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", ["NaN", "inf", "0", "-1", "", "1/3", "1e999", "0.0"])
def test_bad_rates_are_named(rate: str) -> None:
    with pytest.raises(ClearingError, match=r"rates\.USD"):
        parse_orders(json.dumps({"rates": RATES | {"USD": rate}, "orders": [ORDER]}))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"rates": RATES, "orders": []}, "orders: the list is empty"),
        ({"rates": {}, "orders": [ORDER]}, "no rate for USD"),
        ({"orders": [ORDER]}, "rates"),
        ({"rates": {"USD": 1}, "orders": [ORDER]}, "rates"),
        ({"rates": RATES, "orders": [ORDER, ORDER]}, "orders[1]: id 'x' is already taken"),
        ({"rates": RATES, "orders": [{"id": "x"}]}, "orders[0]"),
        ({"rates": RATES, "orders": [ORDER], "x": 1}, "x"),
    ],
)
def test_bad_problems_are_named(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ClearingError) as caught:
        parse_orders(json.dumps(document))
    assert said in str(caught.value)


def test_the_commands_write_check_and_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orders, result = tmp_path / "orders.json", tmp_path / "result.json"
    problem = market(8, 50, 0.5)
    entries = [
        {
            "id": o.id,
            "member": o.member,
            "sell": o.sell,
            "buy": o.buy,
            "amount": o.amount,
            "partial": o.partial,
        }
        for o in problem.orders
    ]
    orders.write_text(json.dumps({"rates": problem.rates, "orders": entries}))
    assert match_command(orders, result) == 0
    assert list(json.loads(result.read_bytes())) == [
        "matched",
        "matched_value",
        "upper_bound",
        "gap",
        "rounding",
        "legs",
        "certificate",
    ]
    assert verify_command(orders, result) == 0
    assert capsys.readouterr().out == "valid\n"
    document = json.loads(result.read_bytes())
    document["gap"] = "0.5"
    result.write_text(json.dumps(document))
    assert verify_command(orders, result) == 1
    orders.write_text("{}")
    assert match_command(orders, result) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(str(orders))
