"""Identifiers and dates on their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritas.iso20022.dates import is_plausible_date, plain_date
from paritas.iso20022.identifiers import (
    bic_problem,
    countries,
    currency_digits,
    iban_problem,
    lei_problem,
)

# The example of each country in the IBAN registry would do; these are some, of many lengths.
GOOD_IBANS = [
    "NO9386011117947",
    "BE68539007547034",
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "SA0380000000608010167519",
    "FR1420041010050500013M02606",
    "BR1800360305000010009795493C1",
    "EG380019000500000000263180002",
    "KZ86125KZT5004100100",
    "TR330006100519786457841326",
    "MT84MALT011000012345MTLCAST001S",
    "RU0304452522540817810538091310419",
    "XK051212012345678906",
]


@pytest.mark.parametrize("iban", GOOD_IBANS)
def test_good_ibans(iban: str) -> None:
    assert iban_problem(iban) == ""


@pytest.mark.parametrize("iban", GOOD_IBANS)
def test_an_iban_with_two_characters_exchanged_is_wrong(iban: str) -> None:
    at = next(i for i in range(4, len(iban) - 1) if iban[i] != iban[i + 1])
    wrong = iban[:at] + iban[at + 1] + iban[at] + iban[at + 2 :]
    assert "check digits" in iban_problem(wrong)


@pytest.mark.parametrize(
    ("iban", "said"),
    [
        ("", "two check digits"),
        ("GB", "two check digits"),
        ("GB82 WEST 1234 5698 7654 32", "two check digits"),
        ("ÄB82WEST12345698765432", "two check digits"),
        ("QQ82WEST12345698765432", "QQ is no country"),
        ("GB82WEST1234569876543", "22 characters, this has 21"),
        ("DE8937040044053201300", "22 characters, this has 21"),
    ],
)
def test_wrong_ibans(iban: str, said: str) -> None:
    assert said in iban_problem(iban)


def test_a_country_without_ibans_in_the_registry_is_judged_by_its_check_digits() -> None:
    body, country = "0123456789", "IN"
    digits = int("".join(str(int(c, 36)) for c in body + country + "00"))
    good = f"{country}{98 - digits % 97:02d}{body}"
    assert iban_problem(good) == ""
    assert iban_problem(good.replace("9", "8")) != ""


@pytest.mark.parametrize("bic", ["AAAAINB0", "AAAAINB0XXX", "1AB2RU3C", "BANKXKPR"])
def test_good_bics(bic: str) -> None:
    assert bic_problem(bic) == ""


@pytest.mark.parametrize(
    "bic",
    ["", "AAAAINB", "AAAAINB0X", "AAAAINB0XX", "aaaainb0", "AAAA1NB0", "AAAAZZB0", "AAAAINB0XXX "],
)
def test_wrong_bics(bic: str) -> None:
    assert bic_problem(bic) != ""


@pytest.mark.parametrize("lei", ["529900T8BM49AURSDO55", "5493001KJTIIGC8Y1R12"])
def test_good_leis(lei: str) -> None:
    assert lei_problem(lei) == ""
    assert "check digits" in lei_problem(lei[:-1] + str((int(lei[-1]) + 1) % 10))
    assert "18 letters" in lei_problem(lei[:-1])


def test_countries_and_currencies() -> None:
    assert len(countries()) == 250
    assert {"IN", "CN", "RU", "BR", "ZA", "XK"} <= countries()
    assert [currency_digits(code) for code in ("JPY", "INR", "KWD")] == [0, 2, 3]
    assert [currency_digits(code) for code in ("DEM", "ZZZ", "inr", "", "XXX", "ÍNR")] == [
        -1,
        *[-2] * 5,
    ]


@given(st.text(max_size=40))
def test_any_text_gets_an_answer(text: str) -> None:
    for function in (bic_problem, iban_problem, lei_problem, plain_date):
        assert isinstance(function(text), str)
    assert currency_digits(text) >= -2
    assert is_plausible_date(text) in (True, False)


def test_plain_dates() -> None:
    assert plain_date("2026-11-20") == "2026-11-20"
    assert plain_date("2026-11-20+05:30") == "2026-11-20"
    assert plain_date("tomorrow") == "tomorrow"
    assert is_plausible_date("2000-01-01")
    assert not any(map(is_plausible_date, ["1999-12-31", "2100-01-01", "20261120", "2026-W47-5"]))
