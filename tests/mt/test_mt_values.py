"""Amounts, dates, texts: there and back, at the edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritas.model.money import AmountError
from paritas.mt import values

CURRENCIES = st.sampled_from(["INR", "JPY", "KWD", "CLF"])


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("136480,", "USD", 13648000),
        ("0,", "USD", 0),
        ("12,5", "USD", 1250),
        ("000000000012,50", "USD", 1250),
        ("1,", "JPY", 1),
        ("1,125", "KWD", 1125),
        ("10", "USD", 1000),
    ],
)
def test_read_amount(text, currency, minor):
    assert values.read_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1,5", "JPY"),
        ("1,1234", "KWD"),
        ("1.5", "USD"),
        (",", "USD"),
        ("", "USD"),
        ("-1,", "USD"),
        ("1,", "ZZZ"),
        ("9" * 5000 + ",", "USD"),
        ("١,", "USD"),
    ],
)
def test_no_amount(text, currency):
    with pytest.raises(AmountError):
        values.read_amount(text, currency)


@given(st.integers(0, 10**12 - 1), CURRENCIES)
def test_amounts_there_and_back(minor, currency):
    text = values.write_amount(minor, currency)
    assert values.read_amount(text, currency) == minor
    assert len(text) <= 15 and text.count(",") == 1


def test_amount_that_does_not_fit():
    with pytest.raises(AmountError, match="longer than the 15"):
        values.write_amount(10**15, "JPY")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("261123", "2026-11-23"),
        ("240229", "2024-02-29"),
        ("800101", "1980-01-01"),
        ("791231", "2079-12-31"),
        ("230229", ""),
        ("261301", ""),
        ("26112", ""),
        ("26112a", ""),
        ("２61123", ""),
    ],
)
def test_dates(text, day):
    assert values.read_date(text) == day
    if day:
        assert values.write_date(day) == text


@given(st.text("ABC /-:", max_size=400), st.integers(1, 6))
def test_fold_keeps_or_marks(text, lines_max):
    """What fits can be joined again; what does not ends in a plus."""
    lines, is_cut = values.fold(text, 35, lines_max, "//")
    assert len(lines) <= lines_max and all(len(line) <= 35 for line in lines)
    joined = lines[0] + "".join(line[2:] for line in lines[1:])
    if is_cut:
        assert joined.endswith("+") and text.startswith(joined[:-1])
    else:
        assert joined == text


def test_unfold_joins_full_lines():
    assert values.unfold(["A" * 35, "B", "C"], 35) == "A" * 35 + "B C"


def test_supported():
    assert values.supported("Müller & Söhne_1\nx") == "M.ller . S.hne.1\nx"
    assert values.guard_lines("a\n-}\n:20:x") == "a\n.}\n.20:x"
