"""The scheme file: what a good one becomes, and what each mistake in a bad one is answered with."""

import datetime
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paritas.node.scheme import (
    Account,
    Book,
    Member,
    Scheme,
    SchemeErrors,
    load_scheme,
    parse_scheme,
    scheme_toml,
)

GOOD = """\
[scheme]
name = "Four economies"
value_currency = "USD"
rates = { INR = "96.08534228", CNY = "6.70778353", KWD = "0.3", JPY = "150" }
max_days_ahead = 5

[queue]
bypass = "all"

[[book]]
currency = "INR"
issuer = "RBISINB0XXX"
timezone = "Asia/Kolkata"
opens = "09:00"
closes = "17:30:15"
holidays = ["2026-12-25", 2026-10-02]

[[book]]
currency = "CNY"
issuer = "PBOCCNB0"

[[book]]
currency = "JPY"
issuer = "BOJPJPJ0"
opens = "21:00"
closes = "19:00"
weekend = []
calendar = "JP"

[[member]]
bic = "AAAAINB0"
name = "Bank of Examples"
country = "IN"
lei = "506700GE1G29325QX363"
accounts = { INR = { balance = "1500000000.00", limit = "0.5" }, CNY = {} }

[[member]]
bic = "BBBBCNB0XXX"
name = "Example & Sons"
country = "CN"
suspended = true
[member.accounts.CNY]
balance = "7"
reserved_urgent = "2.00"
reserved_high = "1.00"
[member.accounts.JPY]
balance = "1500.00"

[[dealer]]
pair = ["INR", "CNY"]
member = "AAAAINB0"

[[sender]]
bic = "SSSSGB00"
for = ["AAAAINB0", "BBBBCNB0XXX", "AAAAINB0XXX"]
"""

EXPECTED = Scheme(
    name="Four economies",
    value_currency="USD",
    rates={
        "USD": Fraction(1),
        "INR": Fraction(9608534228, 10**8),
        "CNY": Fraction(670778353, 10**8),
        "KWD": Fraction(3, 10),
        "JPY": Fraction(150),
    },
    rate_texts={
        "USD": "1",
        "INR": "96.08534228",
        "CNY": "6.70778353",
        "KWD": "0.3",
        "JPY": "150",
    },
    books={
        "INR": Book(
            "INR",
            "RBISINB0XXX",
            timezone="Asia/Kolkata",
            opens_s=9 * 3600,
            closes_s=17 * 3600 + 30 * 60 + 15,
            weekend=(5, 6),
            holidays=(datetime.date(2026, 10, 2), datetime.date(2026, 12, 25)),
        ),
        "CNY": Book("CNY", "PBOCCNB0XXX"),
        "JPY": Book("JPY", "BOJPJPJ0XXX", opens_s=21 * 3600, closes_s=19 * 3600, calendar="JP"),
    },
    members={
        "AAAAINB0XXX": Member(
            "AAAAINB0XXX",
            "Bank of Examples",
            "IN",
            {"INR": Account("INR", 150_000_000_000, 50), "CNY": Account("CNY")},
            lei="506700GE1G29325QX363",
        ),
        "BBBBCNB0XXX": Member(
            "BBBBCNB0XXX",
            "Example & Sons",
            "CN",
            {
                "CNY": Account("CNY", 700, reserved_urgent_minor=200, reserved_high_minor=100),
                "JPY": Account("JPY", 1500),
            },
            suspended=True,
        ),
    },
    dealers={("CNY", "INR"): "AAAAINB0XXX"},
    senders={"SSSSGB00XXX": ("AAAAINB0XXX", "BBBBCNB0XXX")},
    max_days_ahead=5,
    bypass="all",
)


def mistakes(text: str) -> list[tuple[int, str, str]]:
    """All mistakes in a text as (line, key, sentence)."""
    with pytest.raises(SchemeErrors) as raised:
        parse_scheme(text)
    return [(mistake.line, mistake.key, mistake.text) for mistake in raised.value.mistakes]


def test_a_good_file() -> None:
    assert parse_scheme(GOOD) == EXPECTED


def test_what_is_written_reads_back_the_same() -> None:
    text = scheme_toml(EXPECTED)
    assert parse_scheme(text) == EXPECTED
    assert scheme_toml(parse_scheme(text)) == text


def test_a_book_without_hours_or_days_has_no_weekend() -> None:
    book = '[[book]]\ncurrency = "USD"\nissuer = "FRNYUS30"\n'
    head = '[scheme]\nname = "x"\nvalue_currency = "USD"\n'
    member = '[[member]]\nbic = "AAAAINB0"\nname = "x"\ncountry = "IN"\naccounts.USD = {}\n'

    def weekend(more: str) -> tuple[int, ...]:
        return parse_scheme(f"{head}{book}{more}\n{member}").books["USD"].weekend

    assert weekend("") == ()
    assert weekend('timezone = "Asia/Kolkata"') == ()
    assert weekend("weekend = ['friday', 'saturday']") == (4, 5)
    assert weekend("opens = '09:00'\ncloses = '24:00'") == (5, 6)
    assert weekend("holidays = ['2026-12-25']") == (5, 6)
    assert weekend("calendar = 'XECB'") == (5, 6)
    assert weekend("holidays = ['2026-12-25']\nweekend = []") == ()


# Each row alters one line of GOOD (a text that occurs in it once, and what replaces it), and
# says where the one mistake is then found, and with which words.
ROWS = [
    # Words and tables
    ("max_days_ahead = 5", "max_day_ahead = 5", 5, "scheme.max_day_ahead", "did you mean max_days"),
    ('opens = "09:00"', 'Opens = "09:00"', 14, "book[1].Opens", "did you mean opens?", "closes also"),
    ("[queue]", "[que]", 7, "que", "did you mean queue?"),
    ("suspended = true", '"a b" = 1', 41, 'member[2]."a b"', "is no word"),
    ('name = "Four economies"', "", 1, "scheme.name", "is missing"),
    ('issuer = "PBOCCNB0"', "", 18, "book[2].issuer", "is missing"),
    ('country = "CN"', "", 37, "member[2].country", "is missing"),
    ('member = "AAAAINB0"', "", 49, "dealer[1].member", "is missing"),
    ('pair = ["INR", "CNY"]', "", 49, "dealer[1].pair", "is missing"),
    # Types
    ('name = "Four economies"', "name = 4", 2, "scheme.name", "text in quotes"),
    ('name = "Four economies"', 'name = " "', 2, "scheme.name", "1 to 140"),
    ('name = "Four economies"', 'name = "a\\nb"', 2, "scheme.name", "on one line"),
    ("suspended = true", 'suspended = "true"', 41, "member[2].suspended", "true or false"),
    ("max_days_ahead = 5", "max_days_ahead = true", 5, "scheme.max_days_ahead", "whole number"),
    ("max_days_ahead = 5", "max_days_ahead = -1", 5, "scheme.max_days_ahead", "whole number"),
    ("max_days_ahead = 5", "max_days_ahead = 367", 5, "scheme.max_days_ahead", "to 366"),
    ('bypass = "all"', 'bypass = "some"', 8, "queue.bypass", '"normal", "none" or "all"'),
    ('bypass = "all"', "bypass = []", 8, "queue.bypass", '"normal", "none" or "all"'),
    ("weekend = []", 'weekend = "sunday"', 27, "book[3].weekend", "list in square"),
    ("CNY = {} }", "CNY = 1 }", 35, "member[1].accounts.CNY", "must be a table"),
    # Parties
    ('issuer = "PBOCCNB0"', 'issuer = "PBOCQQB0"', 20, "book[2].issuer", "is not a BIC"),
    ('bic = "AAAAINB0"\nname', 'bic = "aaaainb0"\nname', 31, "member[1].bic", "is not a BIC",
     "AAAAINB0XXX is not a member"),
    ('country = "CN"', 'country = "ZZ"', 40, "member[2].country", "ISO 3166"),
    ("QX363", "QX364", 34, "member[1].lei", "check digits"),
    ("BBBBCNB0XXX\"\nname", "PBOCCNB0XXX\"\nname", 38, "member[2].bic", "is the issuer of CNY",
     "BBBBCNB0XXX is not a member"),
    ("BBBBCNB0XXX\"\nname", "AAAAINB0XXX\"\nname", 38, "member[2].bic", "is a member already",
     "BBBBCNB0XXX is not a member"),
    # Money
    ('balance = "7"', 'balance = "7.001"', 43, "member[2].accounts.CNY.balance", "has 2 decimals"),
    ('"1500.00"', '"1500.50"', 47, "member[2].accounts.JPY.balance", "JPY has 0 decimals"),
    ('balance = "7"', 'balance = "-7"', 43, "member[2].accounts.CNY.balance", "below zero"),
    ('balance = "7"', "balance = 7", 43, "member[2].accounts.CNY.balance", "in quotes"),
    ('balance = "7"', "balance = 7.5", 43, "member[2].accounts.CNY.balance", "in quotes"),
    ('balance = "7"', 'balance = "7,000"', 43, "member[2].accounts.CNY.balance", "plain decimal"),
    ('limit = "0.5"', 'limit = "1e5"', 35, "member[1].accounts.INR.limit", "plain decimal"),
    ('"2.00"', '"x"', 44, "member[2].accounts.CNY.reserved_urgent", "plain decimal"),
    ('"1.00"', '""', 45, "member[2].accounts.CNY.reserved_high", "plain decimal"),
    ('"1500.00"', f'"1{"0" * 18}"', 47, "member[2].accounts.JPY.balance", "18 digits"),
    # Rates
    ('"USD"', '"USX"', 3, "scheme.value_currency", "ISO 4217"),
    ('"USD"', '"XDR"', 3, "scheme.value_currency", "ISO 4217"),
    (', JPY = "150" }', " }", 4, "scheme.rates.JPY", "is missing"),
    ('"150"', "150", 4, "scheme.rates.JPY", "in quotes"),
    ('"150"', "150.0", 4, "scheme.rates.JPY", "in quotes"),
    ('"150"', '"0.00"', 4, "scheme.rates.JPY", "positive decimal"),
    ('"150"', '"-1"', 4, "scheme.rates.JPY", "positive decimal"),
    ('"150"', '"1/3"', 4, "scheme.rates.JPY", "positive decimal"),
    ('"150"', '"1e999999999"', 4, "scheme.rates.JPY", "positive decimal"),
    ("KWD =", "KWX =", 4, "scheme.rates.KWX", "ISO 4217"),
    ('KWD = "0.3"', 'USD = "2"', 4, "scheme.rates.USD", "leave it out"),
    # Books and accounts
    ('currency = "CNY"', 'currency = "INR"', 19, "book[2].currency", "has a book already",
     "there is no book in CNY"),
    ('currency = "CNY"', 'currency = "XAU"', 19, "book[2].currency", "ISO 4217",
     "there is no book in CNY"),
    ("CNY = {} }", "KWD = {} }", 35, "member[1].accounts.KWD", "no book in KWD",
     "AAAAINB0XXX has no account in CNY"),
    ("CNY = {} }", 'KWX = { limit = "1" }, CNY = {} }', 35, "member[1].accounts.KWX", "ISO 4217"),
    # Days and hours
    ("Asia/Kolkata", "Asia/Kolkatta", 13, "book[1].timezone", "did you mean Asia/Kolkata?"),
    ("Asia/Kolkata", "../etc/passwd", 13, "book[1].timezone", "not a time zone"),
    ('opens = "09:00"', 'opens = "9:00"', 14, "book[1].opens", "time of day"),
    ('opens = "09:00"', 'opens = "24:00"', 14, "book[1].opens", "is not a time of day"),
    ('opens = "09:00"', 'opens = "08:60"', 14, "book[1].opens", "is not a time of day"),
    ('opens = "09:00"', "opens = 9", 14, "book[1].opens", "in quotes"),
    ('opens = "09:00"', "", 10, "book[1].opens", "also opens"),
    ('closes = "17:30:15"', "", 10, "book[1].closes", "also closes"),
    ('closes = "17:30:15"', 'closes = "24:01"', 15, "book[1].closes", "is not a time of day"),
    ('closes = "17:30:15"', 'closes = "09:00"', 15, "book[1].closes", "same as opens"),
    ("2026-12-25", "2026-02-30", 16, "book[1].holidays[1]", "no day of the calendar"),
    ("2026-12-25", "25.12.2026", 16, "book[1].holidays[1]", "must be a date"),
    ("2026-10-02", "2026-10-02T00:00:00", 16, "book[1].holidays[2]", "must be a date"),
    ("weekend = []", 'weekend = ["sundays"]', 27, "book[3].weekend[1]", "did you mean sunday?"),
    ("weekend = []", 'weekend = ["monday", "tuesday", "wednesday", "thursday", "friday", '
     '"saturday", "sunday"]', 27, "book[3].weekend", "at least one business day"),
    ('calendar = "JP"', 'calendar = "QQ"', 28, "book[3].calendar", "no holiday calendar"),
    # Dealers and senders
    ('pair = ["INR", "CNY"]', 'pair = ["INR", "INR"]', 50, "dealer[1].pair", "two different"),
    ('pair = ["INR", "CNY"]', 'pair = ["INR"]', 50, "dealer[1].pair", "two different"),
    ('pair = ["INR", "CNY"]', 'pair = "INRCNY"', 50, "dealer[1].pair", "list in square"),
    ('pair = ["INR", "CNY"]', 'pair = ["INR", "KWD"]', 50, "dealer[1].pair[2]", "no book in KWD"),
    ('pair = ["INR", "CNY"]', 'pair = ["INR", "JPY"]', 51, "dealer[1].member", "no account in JPY"),
    ('member = "AAAAINB0"', 'member = "AAAAINB1"', 51, "dealer[1].member",
     "is not a member of this scheme; did you mean AAAAINB0XXX?"),
    ('member = "AAAAINB0"', 'member = "AAAAINB0"\n[[dealer]]\nmember = "AAAAINB0"\n'
     'pair = ["CNY", "INR"]', 54, "dealer[2].pair", "have a dealer already"),
    ("[[dealer]]", "[dealer]", 49, "dealer", "[[dealer]]"),
    ('"BBBBCNB0XXX", ', '"CCCCCNB0", ', 55, "sender[1].for[2]", "CCCCCNB0XXX is not a member of this scheme: add a [[member]]"),
    ('"AAAAINB0XXX"]', "1]", 55, "sender[1].for[3]", "text in quotes"),
    ('for = ["AAAAINB0", "BBBBCNB0XXX", "AAAAINB0XXX"]', "for = []", 55, "sender[1].for", "is empty"),
    ('for = ["AAAAINB0", "BBBBCNB0XXX", "AAAAINB0XXX"]', "", 53, "sender[1].for", "is missing"),
    ("[[sender]]", '[[sender]]\nbic = "SSSSGB00"\nfor = ["AAAAINB0"]\n[[sender]]', 57,
     "sender[2].bic", "is a sender already"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[3]}: {row[1][:30]}")
def test_each_mistake_is_found_at_its_line_and_key(row: tuple[str, str, int, str, str]) -> None:
    old, new, line, key, words, *others = row
    assert GOOD.count(old) == 1
    found = mistakes(GOOD.replace(old, new))
    here = [text for at_line, at_key, text in found if (at_line, at_key) == (line, key)]
    assert len(here) == 1 and words in here[0], found
    # What follows from a mistake may be reported as well, but nothing else.
    rest = [text for at_line, at_key, text in found if (at_line, at_key) != (line, key)]
    assert all(any(other in text for other in others) for text in rest), rest
    assert bool(rest) is bool(others)


DOZEN = """\
[scheme]
value_currency = "USD"
max_days_ahed = 3
[scheme.rates]
INR = 96.08
CNY = "0"
[[book]]
currency = "INR"
issuer = "RBI"
timezone = "Asia/Calcuta"
[[book]]
currency = "CNY"
issuer = "PBOCCNB0"
holidays = ["25/12/2026"]
[[member]]
bic = "AAAAINB0"
name = "A"
country = "India"
accounts.INR = { balance = "1.005", limit = "-1" }
[[member]]
bic = "PBOCCNB0XXX"
name = "B"
country = "CN"
accounts.CNY = {}
[[dealer]]
member = "AAAAINB0"
pair = ["INR", "CNY"]
"""


def test_twelve_mistakes_are_twelve_lines() -> None:
    found = [(line, key) for line, key, _ in mistakes(DOZEN)]
    assert found == [
        (1, "scheme.name"),
        (3, "scheme.max_days_ahed"),
        (5, "scheme.rates.INR"),
        (6, "scheme.rates.CNY"),
        (9, "book[1].issuer"),
        (10, "book[1].timezone"),
        (14, "book[2].holidays[1]"),
        (18, "member[1].country"),
        (19, "member[1].accounts.INR.balance"),
        (19, "member[1].accounts.INR.limit"),
        (21, "member[2].bic"),
        (26, "dealer[1].member"),
    ]


def test_the_sum_of_a_book_must_fit_an_amount() -> None:
    most = f'"{"9" * 16}.99"'
    text = GOOD.replace("CNY = {} }", f"CNY = {{ balance = {most} }} }}")
    [(line, key, sentence)] = mistakes(text)
    assert (line, key) == (43, "member[2].accounts.CNY.balance")
    assert "more than 18 digits" in sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "scheme"), (1, "book"), (1, "member")]),
        ("scheme = 1\nbook = 2\nmember = [3]\n", [(1, "scheme"), (2, "book"), (3, "member[1]")]),
        ("\n[book]\n[scheme", [(3, "")]),
        ("[scheme]\nname = Four\n", [(2, "")]),
        ("a = 1\nb = 2\na = 3\n", [(3, "")]),
        ("a = 'x", [(1, "")]),
        ("a = '''x\n\n", [(3, "")]),
        (f"a = {'[' * 100_000}", [(0, "")]),
        (f"a = {'1' * 5_000}", [(0, "")]),
        ("a = \x00", [(1, "")]),
    ],
)  # fmt: skip
def test_what_is_hardly_a_file(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(line, key) for line, key, _ in mistakes(text)] == expected


def test_errors_are_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "scheme.toml"
    path.write_text(DOZEN, encoding="utf-8")
    with pytest.raises(SchemeErrors) as raised:
        load_scheme(path)
    lines = str(raised.value).splitlines()
    assert len(lines) == 12
    assert lines[0] == f"{path}:1: scheme.name: is missing: add it here"
    assert lines[1] == (
        f"{path}:3: scheme.max_days_ahed: "
        "is no word of a scheme file here; did you mean max_days_ahead?"
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"[scheme]\nname = 'S\xe3o Paulo'\n")
    endless = Path("/dev/zero")
    for path, words in [
        (tmp_path / "none.toml", "No such file"),
        (tmp_path, "directory"),
        (latin, "latin.toml:2: is not UTF-8"),
        *([(endless, "larger than 16 MiB")] if endless.exists() else []),
    ]:
        with pytest.raises(SchemeErrors, match=words):
            load_scheme(path)


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "scheme.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_scheme(str(path)) == EXPECTED


LABELS = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=140,
).filter(lambda name: bool(name.strip()))
CLOCKS = st.tuples(st.integers(0, 86_399), st.integers(0, 86_400)).filter(
    lambda two: two[0] != two[1]
)
DIGITS = {"INR": 2, "JPY": 0, "KWD": 3, "CLF": 4}


@st.composite
def books(draw: st.DrawFn, currency: str) -> Book:
    opens_s, closes_s = draw(st.none() | CLOCKS) or (None, None)
    return Book(
        currency,
        draw(st.sampled_from(["RBISINB0XXX", "PBOCCNB0001"])),
        draw(st.sampled_from(["UTC", "Asia/Kolkata", "Africa/Cairo"])),
        opens_s,
        closes_s,
        tuple(sorted(draw(st.sets(st.integers(0, 6), max_size=6)))),
        tuple(sorted(draw(st.sets(st.dates(), max_size=3)))),
        draw(st.sampled_from(["", "IN", "XECB"])),
    )


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    currencies = draw(st.lists(st.sampled_from(list(DIGITS)), unique=True, min_size=1))
    rate_texts = {"USD": "1"}
    for currency in currencies:
        rate_texts[currency] = draw(
            st.from_regex(r"[1-9][0-9]{0,5}(\.[0-9]{1,8})?", fullmatch=True)
        )
    amounts = st.integers(0, 10**16)
    members = {}
    for number in range(draw(st.integers(1, 3))):
        bic = f"AAA{number}INB0XXX"
        held = draw(st.lists(st.sampled_from(currencies), unique=True, min_size=1))
        accounts = {
            currency: Account(currency, *draw(st.tuples(amounts, amounts, amounts, amounts)))
            for currency in held
        }
        members[bic] = Member(bic, draw(LABELS), "IN", accounts, suspended=draw(st.booleans()))
    first = members["AAA0INB0XXX"]
    held = sorted(first.accounts)
    return Scheme(
        name=draw(LABELS),
        value_currency="USD",
        rates={currency: Fraction(text) for currency, text in rate_texts.items()},
        rate_texts=rate_texts,
        books={currency: draw(books(currency)) for currency in currencies},
        members=members,
        dealers={(held[0], held[1]): first.bic} if len(held) > 1 else {},
        senders=draw(st.sampled_from([{}, {"SSSSGB00XXX": tuple(members)}])),
        max_days_ahead=draw(st.integers(0, 366)),
        bypass=draw(st.sampled_from(["normal", "none", "all"])),
    )


@settings(deadline=None)
@given(schemes())
def test_any_scheme_survives_writing_and_reading(scheme: Scheme) -> None:
    assert parse_scheme(scheme_toml(scheme)) == scheme


@settings(deadline=None)
@given(st.data())
def test_damage_is_an_answer_never_a_traceback(data: st.DataObject) -> None:
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(lines) - 1))
        junk = data.draw(
            st.sampled_from(
                ["", "[[member]]", "[scheme]", "[book]", "x = 1", "bic = []", "for = {}"]
            )
            | st.sampled_from(
                ["accounts = []", "rates = 1", "pair = [[]]", "holidays = [{}]", "[a.b]"]
            )
            | st.sampled_from(["accounts = { INR = [] }", 'name = "\\u0000"', "currency = {}"])
        )
        lines[position] = junk
    try:
        parse_scheme("\n".join(lines))
    except SchemeErrors as errors:
        assert all(0 <= mistake.line <= len(lines) for mistake in errors.mistakes)
        assert len(str(errors).splitlines()) == len(errors.mistakes)


DOCS = Path(__file__).parents[2] / "docs" / "scheme.md"


def test_the_examples_of_the_documentation_load() -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    least, everything = (parse_scheme(example) for example in examples)
    assert list(least.books) == list(everything.books) == ["INR", "CNY"]
    # "Everything that can be said" leaves out no key of a table that the page explains.
    words = set(re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", DOCS.read_text("utf-8"), re.MULTILINE))
    for word in re.findall(r"\w+", " ".join(words)):
        assert re.search(rf"\b{word} = ", examples[1]), word


# --- keys, and who decides

KEYS = ["A" * 42 + "E", "B" * 42 + "E", "C" * 42 + "E", "D" * 42 + "E"]
GOVERNED = f"""
[scheme]
name = "Two economies"
value_currency = "USD"
rates = {{ INR = "96", CNY = "7" }}
threshold = 1
keys = ["{KEYS[0]}"]

[[book]]
currency = "INR"
issuer = "RBISINB0XXX"
keys = ["{KEYS[1]}", "{KEYS[2]}"]

[[book]]
currency = "CNY"
issuer = "PBOCCNB0XXX"

[[member]]
bic = "AAAAINB0XXX"
name = "Bank of Examples"
country = "IN"
keys = ["{KEYS[3]}"]
accounts = {{ INR = {{}} }}
"""


def test_keys_and_the_threshold_are_read_and_written() -> None:
    scheme = parse_scheme(GOVERNED)
    assert scheme.keys == {
        "": (KEYS[0],),
        "RBISINB0XXX": (KEYS[1], KEYS[2]),
        "AAAAINB0XXX": (KEYS[3],),
    }
    assert scheme.issuers_needed == 1
    assert parse_scheme(scheme_toml(scheme)) == scheme
    unnamed = parse_scheme(GOVERNED.replace("threshold = 1\n", ""))
    assert unnamed.issuers_needed == 2


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("threshold = 1", "threshold = 3", "is more than the 2 issuers"),
        ("threshold = 1", "threshold = 0", "must be a whole number from 1 on"),
        ("threshold = 1", 'threshold = "1"', "must be a whole number from 1 on"),
        (KEYS[3], KEYS[1], "is a key of RBISINB0XXX already"),
        (KEYS[3], "A" * 42 + "B", "is not a public key"),
        (KEYS[3], "short", "is not a public key"),
    ],
)
def test_keys_and_thresholds_that_cannot_be(before: str, after: str, wanted: str) -> None:
    with pytest.raises(SchemeErrors, match=wanted):
        parse_scheme(GOVERNED.replace(before, after))


def test_setting_up_ends_with_the_rule_that_changes_take_several_people() -> None:
    import datetime

    from paritas.core import engine
    from paritas.core.state import State
    from paritas.model.keys import key_text
    from paritas.node.directory import setup_commands

    state = State()
    for command in setup_commands(
        parse_scheme(GOVERNED), 5, dict.fromkeys(("INR", "CNY"), datetime.date(2026, 9, 30))
    ):
        engine.apply(state, command)
    assert state.threshold == 1
    keys = {party.bic: [key_text(key) for key in party.keys] for party in state.parties.values()}
    assert keys == {
        "": [KEYS[0]],
        "RBISINB0XXX": KEYS[1:3],
        "PBOCCNB0XXX": [],
        "AAAAINB0XXX": [KEYS[3]],
    }
