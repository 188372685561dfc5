"""Set-off: the optimum and its proof, one more obligation, and across currencies."""

from __future__ import annotations

import copy
import itertools
import json
import os
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from paritas.clearing.across import setoff_across
from paritas.clearing.commands import setoff_command, verify_command
from paritas.clearing.obligations import Obligation
from paritas.clearing.problem import ClearingError
from paritas.clearing.setoff import Setoff
from paritas.clearing.verify import InvalidResultError
from paritas.clearing.verify_setoff import verify_setoff

SHARED = Path(
    os.environ.get("PARITAS_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
CASES = SHARED / "cases" / "gridlock_examples.json"

RATES = {"XXA": "1", "XXB": "2.37", "XXC": "0.0831"}


def random_obligations(seed: int, edges: int = 15, largest: int = 10**9) -> list[Obligation]:
    source = random.Random(seed)
    members = [f"M{number}" for number in range(source.randint(2, 6))]
    found = []
    for number in range(source.randint(1, edges)):
        debtor, creditor = source.sample(members, 2)
        amount = source.randint(1, source.choice([2, 100, largest]))
        name = f"o{number}" if source.random() < 0.5 else None
        found.append(Obligation(debtor, creditor, source.choice(list(RATES)[:2]), amount, name))
    return found


def best_total(obligations: list[Obligation]) -> int:
    """The largest circulation by trying every amount of every obligation."""
    best = 0
    for amounts in itertools.product(*(range(o.amount + 1) for o in obligations)):
        net: dict[tuple[str, str], int] = {}
        for o, amount in zip(obligations, amounts, strict=True):
            net[o.debtor, o.currency] = net.get((o.debtor, o.currency), 0) - amount
            net[o.creditor, o.currency] = net.get((o.creditor, o.currency), 0) + amount
        if not any(net.values()):
            best = max(best, sum(amounts))
    return best


def test_small_sets_equal_brute_force() -> None:
    """Three hundred small sets, each in a currency of its own, solved as one problem."""
    obligations, expected = [], {}
    for seed in range(300):
        few = [o for o in random_obligations(seed, edges=7, largest=3) if o.amount <= 3]
        currency = f"C{seed}"
        few = [Obligation(o.debtor, o.creditor, currency, o.amount) for o in few]
        if few:
            expected[currency] = best_total(few)
            obligations += few
    assert sum(expected.values()) > 100
    result = Setoff.solve(obligations).result()
    verify_setoff(obligations, json.dumps(result))
    assert result["cleared_total"] == expected


def test_adding_one_by_one_stays_optimal() -> None:
    for seed in range(200):
        obligations = random_obligations(seed)
        setoff, total = Setoff(), 0
        for count, obligation in enumerate(obligations, 1):
            total += setoff.add(obligation)
            verify_setoff(obligations[:count], json.dumps(setoff.result()))
            assert total == sum(setoff.cleared)


def test_adding_to_a_solved_network() -> None:
    source = random.Random(5)
    names = [f"F{number}" for number in range(300)]

    def draw() -> Obligation:
        debtor, creditor = source.sample(names, 2)
        return Obligation(debtor, creditor, "EUR", source.randint(1, 10**6))

    obligations = [draw() for _ in range(3000)]
    setoff = Setoff.solve(obligations)
    for _ in range(50):
        obligations.append(draw())
        setoff.add(obligations[-1])
    verify_setoff(obligations, json.dumps(setoff.result()))


def test_amounts_that_exceed_64_bits_together() -> None:
    huge = 10**18
    obligations = [Obligation("A", "B", "IDR", huge) for _ in range(12)]
    obligations += [Obligation("B", "A", "IDR", huge - 1) for _ in range(12)]
    result = Setoff.solve(obligations).result()
    verify_setoff(obligations, json.dumps(result))
    assert result["cleared_total"] == {"IDR": 24 * (huge - 1)}


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
def test_published_cycle() -> None:
    case = json.loads(CASES.read_text())["sarafu_readme_cycle"]
    obligations = [Obligation(str(a), str(b), "SRF", amount) for a, b, amount in case["edges"]]
    result = Setoff.solve(obligations).result()
    verify_setoff(obligations, json.dumps(result))
    assert result["cleared_total"]["SRF"] == case["max_cleared"]
    assert result["gross_total"]["SRF"] == case["total"]


def test_tampering_is_found() -> None:
    obligations = [
        Obligation("A", "B", "EUR", 5, "x"),
        Obligation("B", "C", "EUR", 7),
        Obligation("C", "A", "EUR", 6),
    ]
    result = Setoff.solve(obligations).result()
    verify_setoff(obligations, json.dumps(result))
    changes: list[Any] = [
        lambda r: r["cleared"][0].update(amount=4),
        lambda r: r["cleared"][0].update(amount=True),
        lambda r: r["cleared"][0].update(id="y"),
        lambda r: r["cleared"][1].update(row=9),
        lambda r: r["cleared"].pop(),
        lambda r: r["cleared"].append(r["cleared"][0]),
        lambda r: [entry.update(amount=entry["amount"] - 1) for entry in r["cleared"]],
        lambda r: r["cleared_total"].update(EUR=14),
        lambda r: r["cleared_total"].update(USD=1),
        lambda r: r["gross_total"].clear(),
        lambda r: r["certificate"]["potentials"].pop(),
        lambda r: r["certificate"]["potentials"][0].update(potential=99),
        lambda r: r["certificate"]["potentials"][0].update(potential=0.5),
        lambda r: r.update(more=1),
        lambda r: r.update(certificate=[]),
    ]
    for number, change in enumerate(changes):
        changed = copy.deepcopy(result)
        change(changed)
        with pytest.raises(InvalidResultError):
            verify_setoff(obligations, json.dumps(changed))
            pytest.fail(f"change {number} was not found")


def test_across_currencies_opens_rings_that_one_currency_does_not() -> None:
    obligations = [
        Obligation("A", "B", "XXA", 237),
        Obligation("B", "A", "XXB", 100),
    ]
    assert sum(Setoff.solve(obligations).cleared) == 0
    consent = {member: {"XXA": 1000, "XXB": 1000} for member in "AB"}
    result = setoff_across(obligations, RATES, consent)
    verify_setoff(obligations, json.dumps(result))
    assert result["cleared_total"] == {"XXA": 237, "XXB": 100}
    assert [entry["value"] for entry in result["across"]["rounding"]] == ["0", "0"]
    # Without B's consent in one of the two currencies nothing can shift.
    result = setoff_across(obligations, RATES, {"A": consent["A"], "B": {"XXA": 1000}})
    assert sum(result["cleared_total"].values()) == 0


def test_across_currencies_rounding_is_shown_and_sums_to_nothing() -> None:
    for seed in range(12):
        obligations = random_obligations(seed, edges=60, largest=10 ** (seed + 3))
        source = random.Random(seed)
        consent = {
            f"M{number}": {
                code: source.randint(0, 10 ** (seed + 2)) for code in RATES if source.random() < 0.7
            }
            for number in range(6)
        }
        result = setoff_across(obligations, RATES, consent)
        verify_setoff(obligations, json.dumps(result))
        rounding = [Fraction(entry["value"]) for entry in result["across"]["rounding"]]
        assert sum(rounding) == 0
        plain = Setoff.solve(obligations).cleared
        value = sum(
            Fraction(RATES[o.currency]) * c for o, c in zip(obligations, plain, strict=True)
        )
        # Each account may round by one unit; what consent adds is never less than that.
        assert Fraction(result["across"]["value"]) >= value - 50


def test_across_currencies_needs_terms_that_fit(tmp_path: Path) -> None:
    obligations = random_obligations(1)
    with pytest.raises(ClearingError, match=r"rates\.XXA"):
        setoff_across(obligations, RATES | {"XXA": "NaN"}, {})
    with pytest.raises(ClearingError, match="no rate for"):
        setoff_across(obligations, {}, {})
    with pytest.raises(ClearingError, match=r"consent\.M1\.XXA"):
        setoff_across(obligations, RATES, {"M1": {"XXA": -1}})


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, rates, consent = (tmp_path / name for name in ("o.csv", "rates.json", "consent.json"))
    rows.write_text("debtor,creditor,currency,amount\nA,B,XXA,237\nB,A,XXB,100\n")
    rates.write_text(json.dumps(RATES))
    consent.write_text(json.dumps({m: {"XXA": 500, "XXB": 500} for m in "AB"}))
    out = tmp_path / "out.json"
    assert setoff_command(rows, out) == 0
    assert verify_command(rows, out) == 0
    assert setoff_command(rows, out, True, rates, consent) == 0
    assert verify_command(rows, out) == 0
    assert capsys.readouterr().out == "valid\nvalid\n"
    assert setoff_command(rows, out, True, rates) == 1
    consent.write_text('{"A": {"XXA": 1.5}}')
    assert setoff_command(rows, out, True, rates, consent) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2
