from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paritas.model.parties import COUNTRIES, is_bic, is_country, is_lei, normalise_bic


def test_countries_are_those_of_iso_3166_and_kosovo() -> None:
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    codes = {line.split("\t")[0] for line in table.splitlines() if not line.startswith("#")}
    assert codes | {"XK"} == COUNTRIES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AAAAINB0", True),
        ("AAAAINB0XXX", True),
        ("1A2BXKPR001", True),  # digits in the prefix: the form of 2014
        ("", False),
        ("aaaainb0xxx", False),
        ("AAAAINB", False),
        ("AAAAINB0X", False),
        ("AAAAINB0XX", False),
        ("AAAAINB0XXXX", False),
        ("AAAAQQB0XXX", False),  # QQ is no country
        ("AAAA1NB0XXX", False),
        ("AAAAINB0XXX\n", False),
        (" AAAAINB0XX", False),
        ("AAAAINB٣XXX", False),
    ],
)
def test_is_bic(text: str, expected: bool) -> None:
    assert is_bic(text) is expected


def test_a_bic_of_8_is_the_head_office() -> None:
    assert normalise_bic("AAAAINB0") == normalise_bic("AAAAINB0XXX") == "AAAAINB0XXX"
    assert normalise_bic("AAAAINB0001") == "AAAAINB0001"


def test_is_country() -> None:
    assert is_country("IN")
    assert not is_country("in")
    assert not is_country("ZZ")


# A published example: GLEIF's own.
GLEIF = "506700GE1G29325QX363"


def test_is_lei() -> None:
    assert is_lei(GLEIF)
    assert not is_lei(GLEIF.lower())
    assert not is_lei(GLEIF + "\n")
    assert not is_lei(GLEIF[:-1])
    assert not is_lei("")


@pytest.mark.parametrize("position", range(20))
def test_check_digits_catch_every_digit_or_letter_put_for_another(position: int) -> None:
    alphabet = "0123456789" if GLEIF[position].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for character in alphabet:
        altered = GLEIF[:position] + character + GLEIF[position + 1 :]
        assert is_lei(altered) is (altered == GLEIF)


@settings(deadline=None)
@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18))
def test_check_digits_worked_out_by_hand_are_accepted(prefix: str) -> None:
    remainder = 0
    for character in prefix + "00":
        value = int(character, 36)
        remainder = (remainder * (100 if value > 9 else 10) + value) % 97
    assert is_lei(f"{prefix}{98 - remainder:02}")
