"""What a problem file may hold, and the one line that names what it may not."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from paritas.clearing.commands import clear_command, setoff_command, verify_command
from paritas.clearing.numbers import format_number, parse_number, parse_rate
from paritas.clearing.obligations import parse_obligations
from paritas.clearing.problem import ClearingError, instruction_values, parse_problem


def leg(**changes: Any) -> dict[str, Any]:
    return {"from": "A", "to": "B", "currency": "EUR", "amount": 5} | changes


def document(**changes: Any) -> dict[str, Any]:
    return {
        "accounts": [{"member": "A", "currency": "EUR", "balance": 3, "limit": 0}],
        "instructions": [{"id": "p1", "legs": [leg()]}],
    } | changes


def one(**changes: Any) -> dict[str, Any]:
    return document(instructions=[{"id": "p1", "legs": [leg()]} | changes])


BAD = {
    "not json": ("{", "not valid JSON"),
    "nan": ('{"accounts":[],"instructions":[],"rates":{"EUR":NaN}}', "not valid JSON"),
    "a list": ("[]", "the document"),
    "empty": (json.dumps(document(instructions=[])), "instructions: the list is empty"),
    "unknown field": (json.dumps(document(extra=1)), "unknown field 'extra'"),
    "unknown leg field": (json.dumps(one(legs=[leg(when="now")])), "instructions[0].legs[0]"),
    "no legs": (json.dumps(one(legs=[])), "instructions[0].legs"),
    "negative amount": (json.dumps(one(legs=[leg(amount=-1)])), "legs[0].amount"),
    "zero amount": (json.dumps(one(legs=[leg(amount=0)])), "legs[0].amount"),
    "huge amount": (json.dumps(one(legs=[leg(amount=10**30)])), "legs[0].amount"),
    "float amount": (json.dumps(one(legs=[leg(amount=1.0)])), "legs[0].amount"),
    "text amount": (json.dumps(one(legs=[leg(amount="5")])), "legs[0].amount"),
    "boolean amount": (json.dumps(one(legs=[leg(amount=True)])), "legs[0].amount"),
    "self leg": (json.dumps(one(legs=[leg(to="A")])), "'p1'"),
    "negative value": (json.dumps(one(value=-1)), "instructions[0].value"),
    "priority": (json.dumps(one(priority=1.5)), "instructions[0].priority"),
    "same id": (
        json.dumps(document(instructions=[{"id": "p", "legs": [leg()]}] * 2)),
        "instructions[1]: id 'p'",
    ),
    "same account": (
        json.dumps(document(accounts=document()["accounts"] * 2)),
        "accounts[1]: A has a second account in EUR",
    ),
    "negative limit": (
        json.dumps(
            document(accounts=[{"member": "A", "currency": "EUR", "balance": 0, "limit": -1}])
        ),
        "accounts[0].limit",
    ),
    "two currencies, no rates": (
        json.dumps(one(legs=[leg(), leg(currency="INR")])),
        "legs[1] (id 'p1'): a second currency, INR",
    ),
    "missing rate": (json.dumps(document(rates={"INR": "1"})), "no rate for EUR"),
    "nan rate": (json.dumps(document(rates={"EUR": "NaN"})), "rates.EUR"),
    "infinite rate": (json.dumps(document(rates={"EUR": "1e999"})), "rates.EUR"),
    "negative rate": (json.dumps(document(rates={"EUR": "-1"})), "rates.EUR"),
    "zero rate": (json.dumps(document(rates={"EUR": "0.0"})), "rates.EUR"),
    "rate as number": (json.dumps(document(rates={"EUR": 1.5})), "rates"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_problem_gets_one_line_naming_the_entry(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = BAD[name]
    path = tmp_path / "problem.json"
    path.write_text(text)
    assert clear_command(path, tmp_path / "result.json") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert str(path) in lines[0]
    assert not (tmp_path / "result.json").exists()


BAD_OBLIGATIONS = {
    "empty": (b"", "header: column debtor is missing"),
    "header only": (b"debtor,creditor,currency,amount\n", "no obligations"),
    "unknown column": (b"debtor,creditor,currency,amount,due\nA,B,EUR,1,x\n", "'due'"),
    "double column": (b"debtor,creditor,currency,amount,amount\nA,B,EUR,1,1\n", "occurs twice"),
    "short row": (b"debtor,creditor,currency,amount\nA,B,EUR,1\nA,B,EUR\n", "row 2"),
    "negative": (b"debtor,creditor,currency,amount\nA,B,EUR,-1\n", "row 1: amount '-1'"),
    "zero": (b"debtor,creditor,currency,amount\nA,B,EUR,0\n", "row 1"),
    "huge": (b"debtor,creditor,currency,amount\nA,B,EUR,1" + b"0" * 30 + b"\n", "row 1"),
    "decimal": (b"debtor,creditor,currency,amount\nA,B,EUR,1.5\n", "row 1"),
    "other digits": ("debtor,creditor,currency,amount\nA,B,EUR,\u0661\n".encode(), "row 1"),
    "self": (b"debtor,creditor,currency,amount\nA,A,EUR,1\n", "row 1: A owes itself"),
    "same id": (b"debtor,creditor,currency,amount,id\nA,B,EUR,1,x\nB,A,EUR,1,x\n", "row 2: id"),
    "no name": (b"debtor,creditor,currency,amount\n,B,EUR,1\n", "row 1"),
    "latin-1": (b"debtor,creditor,currency,amount\n\xe9,B,EUR,1\n", "UTF-8"),
    "json field": (b'[{"debtor":"A","creditor":"B","currency":"EUR","amount":1,"x":1}]', "'x'"),
    "json amount": (
        b'[{"debtor":"A","creditor":"B","currency":"EUR","amount":1e30}]',
        "[0].amount",
    ),
}


@pytest.mark.parametrize("name", BAD_OBLIGATIONS)
def test_bad_obligations_get_one_line_naming_the_row(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = BAD_OBLIGATIONS[name]
    path = tmp_path / "obligations.csv"
    path.write_bytes(text)
    assert setoff_command(path, tmp_path / "result.json") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]


def test_missing_files_and_folders_are_one_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = tmp_path / "problem.json"
    problem.write_text(json.dumps(document()))
    assert clear_command(tmp_path / "none.json", tmp_path / "r.json") == 1
    assert clear_command(tmp_path, tmp_path / "r.json") == 1
    assert clear_command(problem, tmp_path / "no" / "r.json") == 1
    assert clear_command(problem, tmp_path / "r.json", rule="lifo") == 1
    assert clear_command(problem, tmp_path / "r.json", time_limit_s=float("nan")) == 1
    assert setoff_command(tmp_path / "none.csv", tmp_path / "r.json") == 1
    assert verify_command(problem, tmp_path / "none.json") == 1
    assert len(capsys.readouterr().err.splitlines()) == 7


def test_commands_write_a_result_that_verifies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem, result = tmp_path / "problem.json", tmp_path / "result.json"
    problem.write_text(json.dumps(document()))
    for rule in ("free", "fifo"):
        assert clear_command(problem, result, rule) == 0
        assert verify_command(problem, result) == 0
    assert capsys.readouterr().out.splitlines() == ["valid", "valid"]


def test_values_are_exact() -> None:
    problem = parse_problem(
        json.dumps(
            document(
                rates={"EUR": "0.1", "INR": "1.5E-3"},
                instructions=[
                    {"id": 1, "legs": [leg(amount=3), leg(currency="INR", amount=10**18)]},
                    {"id": 2, "legs": [leg()], "value": 7},
                ],
            )
        )
    )
    values, denominator = instruction_values(problem)
    assert [Fraction(value, denominator) for value in values] == [
        Fraction(3, 10) + Fraction(15 * 10**14),
        7,
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(12), "12"),
        (Fraction(0), "0"),
        (Fraction(-5, 4), "-1.25"),
        (Fraction(1, 1000), "0.001"),
        (Fraction(-1, 3), "-1/3"),
        (Fraction(10**40 + 1, 2), "5" + "0" * 39 + ".5"),
    ],
)
def test_numbers_as_text_and_back(number: Fraction, text: str) -> None:
    assert format_number(number) == text
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "1e5", "1/0", "1_000", "nan", "0x1", "1.", ".5", 5, None]
)
def test_other_texts_are_no_numbers(text: object) -> None:
    with pytest.raises(ValueError, match="is not an exact number"):
        parse_number(text)


def test_rates() -> None:
    assert parse_rate("1.04E-2") == Fraction(104, 10000)
    for text in ("", "+1", "1e-999", "inf", "1" * 70):
        with pytest.raises(ValueError, match="not a decimal"):
            parse_rate(text)


def test_obligations_read_the_same_from_csv_and_json() -> None:
    text = b"\xef\xbb\xbfid,amount,currency,creditor,debtor\r\nx,5,EUR,B,A\r\n,7,EUR,A,B\r\n"
    entries = [
        {"debtor": "A", "creditor": "B", "currency": "EUR", "amount": 5, "id": "x"},
        {"debtor": "B", "creditor": "A", "currency": "EUR", "amount": 7},
    ]
    assert parse_obligations(text) == parse_obligations(json.dumps(entries).encode())
    with pytest.raises(ClearingError, match=r"\[1\]\.amount"):
        parse_obligations(json.dumps([entries[0], entries[1] | {"amount": -7}]).encode())
