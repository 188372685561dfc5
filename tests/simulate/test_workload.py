"""The simulated day: the same for a seed, true to the trade figures, and readable as it was meant."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from paritas.iso20022.payments import pvp_instruction
from paritas.iso20022.reader import read_message
from paritas.model.money import parse_amount
from paritas.node.scheme import parse_scheme
from paritas.simulate.files import files_of, scheme_of, scheme_text, write_files
from paritas.simulate.orders import Order, split
from paritas.simulate.scenario import Mistakes, Scenario, ScenarioError, load_scenario
from paritas.simulate.workload import Workload, plan

SHARED = Path(os.environ.get("PARITAS_SHARED", Path(__file__).parents[3] / "shared"))
PAYMENTS = 1_500


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(payments=PAYMENTS)


@pytest.fixture(scope="module")
def clean(scenario: Scenario) -> Workload:
    """A day without mistakes."""
    return plan(msgspec.structs.replace(scenario, mistakes=Mistakes()))


@pytest.fixture(scope="module")
def day(scenario: Scenario) -> Workload:
    return plan(scenario)


@pytest.fixture(scope="module")
def written(day: Workload) -> list[tuple[str, bytes]]:
    return list(files_of(day))


def orders_of(workload: Workload) -> list[Order]:
    return [order for sending in workload.sendings for order in sending.orders]


def digest(workload: Workload) -> str:
    total = hashlib.sha256(scheme_text(workload).encode())
    for name, data in files_of(workload):
        total.update(name.encode() + data)
    return total.hexdigest()


def test_same_seed_same_bytes(scenario: Scenario, day: Workload) -> None:
    assert digest(plan(scenario)) == digest(day)


def test_another_seed_another_day(scenario: Scenario, day: Workload) -> None:
    assert digest(plan(msgspec.structs.replace(scenario, seed=7))) != digest(day)


def test_invoices_sum_to_the_trade_of_a_day(clean: Workload) -> None:
    scenario = clean.scenario
    land = {economy.country: economy.code for economy in scenario.economy}
    value: Counter[tuple[str, str]] = Counter()
    number: Counter[tuple[str, str]] = Counter()
    for order in orders_of(clean):
        if order.debtor is None or order.creditor is None:
            continue
        pair = land[order.creditor.country], land[order.debtor.country]
        # What the exporter is owed: the payee's leg of a conversion, else the payment itself.
        currency = order.other_currency or order.currency
        amount_minor = order.other_minor or order.amount_minor
        value[pair] += Fraction(amount_minor, 100) / scenario.units_per_value[currency]
        number[pair] += 1
    assert len(value) == 110
    for (exporter, importer), total in value.items():
        flow = Fraction(scenario.trade.flows[exporter][importer]) * 10**6 / 250
        # Each invoice is rounded once, by less than one minor unit of the dearest currency.
        assert abs(total - flow) <= number[exporter, importer] * Fraction(1, 100)


def test_number_of_payments(clean: Workload) -> None:
    assert clean.sound == len(orders_of(clean))
    halves = sum(order.local_instrument == "PVP" for order in orders_of(clean))
    assert PAYMENTS - halves <= clean.sound - halves <= PAYMENTS * 9 // 10
    assert plan(load_scenario()).sound == 20_000


def test_conversions_obey_the_rule(clean: Workload) -> None:
    rates = clean.scenario.rates.units
    conversions = [order for order in orders_of(clean) if order.local_instrument == "PXFX"]
    assert len(conversions) > 50
    for order in conversions:
        # Exactly as the rule is worded: payee's leg at the dealer's rate, rounded up.
        payer_rate = Fraction(Decimal(rates[order.currency]))
        payee_rate = Fraction(Decimal(rates[order.other_currency]))
        exact = order.other_minor * payer_rate / payee_rate
        assert order.amount_minor - 1 < exact <= order.amount_minor


def test_exchanges_come_in_mirrored_halves_at_the_cross_rate(clean: Workload) -> None:
    halves: dict[str, list[Order]] = {}
    for order in orders_of(clean):
        if order.local_instrument == "PVP":
            halves.setdefault(order.reference, []).append(order)
    assert len(halves) > 100
    rates = clean.scenario.units_per_value
    for pair in halves.values():
        one, two = pair
        assert (one.payer, one.payee) == (two.payee, two.payer)
        assert (one.currency, one.amount_minor) == (two.other_currency, two.other_minor)
        assert (one.other_currency, one.other_minor) == (two.currency, two.amount_minor)
        assert one.currency != one.other_currency
        price = rates[one.currency] / rates[two.currency]
        tolerance = max(price, 1 / price, Fraction(1))
        assert abs(one.amount_minor - two.amount_minor * price) <= tolerance


def test_everything_is_sent_while_both_books_are_open(clean: Workload) -> None:
    scenario = clean.scenario
    currency_of = {economy.country: economy.currency for economy in scenario.economy}
    for order in orders_of(clean):
        if order.debtor is not None and order.creditor is not None:
            pair = currency_of[order.debtor.country], currency_of[order.creditor.country]
            assert order.currency in pair
        else:
            pair = order.currency, order.other_currency
        opens, closes = scenario.common_hours(*pair)
        assert opens <= order.at_s < closes


def test_the_day_can_be_paid_but_not_at_once(clean: Workload) -> None:
    """Everything together leaves no account below its line; one by one, much must wait."""
    after = {key: opening.balance_minor for key, opening in clean.openings.items()}
    paid: Counter[tuple[str, str]] = Counter()
    for order in orders_of(clean):
        legs = [(order.payer, order.payee, order.currency, order.amount_minor)]
        if order.local_instrument == "PXFX":
            dealer = clean.scenario.dealers[frozenset((order.currency, order.other_currency))]
            legs = [
                (order.payer, dealer, order.currency, order.amount_minor),
                (dealer, order.payee, order.other_currency, order.other_minor),
            ]
        for payer, payee, currency, amount_minor in legs:
            after[payer, currency] -= amount_minor
            after[payee, currency] += amount_minor
            paid[payer, currency] += amount_minor
    assert min(after.values()) >= -2  # an exchange is rounded to the minor unit
    home = {b.bic: e.currency for e in clean.scenario.economy for b in e.banks}
    scarce = [
        clean.openings[key].balance_minor < paid[key]
        for key in paid
        if home.get(key[0], key[1]) != key[1]
    ]
    assert sum(scarce) > len(scarce) // 2


def test_all_bics_are_test_bics(day: Workload, written: list[tuple[str, bytes]]) -> None:
    text = scheme_text(day) + b"".join(data for _, data in written).decode("utf-8", "replace")
    bics = set(re.findall(r"<BICFI>(.*?)</BICFI>", text))
    bics |= set(re.findall(r'(?:bic|issuer|member) = "(.*?)"', text))
    assert len(bics) > 50
    assert [bic for bic in bics if re.fullmatch("[A-Z]{4}[A-Z]{2}[A-Z]0XXX", bic) is None] == []


def test_identifiers_are_unique(clean: Workload) -> None:
    orders = orders_of(clean)
    uetr = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(uetr.fullmatch(order.uetr) for order in orders)
    assert len({order.uetr for order in orders}) == len(orders)
    assert len({(order.payer, order.transaction_id) for order in orders}) == len(orders)
    messages = [(sending.sender, sending.message_id) for sending in clean.sendings]
    assert len(set(messages)) == len(messages)


def test_names_of_files_are_the_order_of_the_day(
    day: Workload, written: list[tuple[str, bytes]]
) -> None:
    names = [name.encode() for name, _ in written]
    assert names == sorted(set(names))
    assert [s.at_s for s in day.sendings] == sorted(s.at_s for s in day.sendings)


def test_files_say_what_was_meant(day: Workload, written: list[tuple[str, bytes]]) -> None:
    assert len(written) == len(day.sendings)
    assert max(len(sending.orders) for sending in day.sendings) > 3
    for sending, (name, data) in zip(day.sendings, written, strict=True):
        result = read_message(data)
        if sending.damage or any(order.amount_minor == 0 for order in sending.orders):
            assert result.findings, name
            continue
        assert result.findings == (), name
        assert result.message is not None
        assert result.message.header_from == sending.sender
        assert result.message.message_id == sending.message_id
        assert len(result.transactions) == len(sending.orders)
        for order, read in zip(sending.orders, result.transactions, strict=True):
            assert parse_amount(read.amount, read.currency) == order.amount_minor
            assert read.currency == order.currency
            assert (read.instructing_agent, read.instructed_agent) == (order.payer, order.payee)
            assert read.local_instrument == order.local_instrument
            assert read.settlement_date == order.settlement_date
            assert (read.end_to_end_id, read.transaction_id) == (
                order.reference,
                order.transaction_id,
            )
            if order.local_instrument == "PXFX":
                assert read.instructed_currency == order.other_currency
                instructed = parse_amount(read.instructed_amount, read.instructed_currency)
                assert instructed == order.other_minor
            if order.local_instrument == "PVP":
                other = pvp_instruction(order.other_currency, order.other_minor)
                assert read.instructions_for_next_agent == (other,)


def test_mistakes_are_as_many_as_the_scenario_says(scenario: Scenario, day: Workload) -> None:
    wanted = msgspec.structs.asdict(scenario.mistakes)
    # An account that is not funded spoils no file: its payments are sound.
    assert day.mistaken == sum(wanted.values()) - wanted["unfunded_account"]
    damage = Counter(sending.damage for sending in day.sendings if sending.damage)
    kinds = ("wrong_decimals", "truncated_file", "document_type", "wrong_encoding", "not_xml")
    assert damage == {kind: wanted[kind] for kind in kinds}
    orders = [order for s in day.sendings if not s.damage for order in s.orders]
    assert sum(order.currency == "USD" for order in orders) == wanted["unknown_book"]
    members = set(scheme_of(day).members)
    assert sum(order.payee not in members for order in orders) == wanted["unknown_member"]
    dates = Counter(order.settlement_date > scenario.business_date for order in orders)
    assert dates[True] == wanted["far_date"]
    late = sum(
        order.at_s >= scenario.windows.get(order.currency, (0, 10**6))[1] for order in orders
    )
    assert late == wanted["after_cut_off"]
    keys = Counter((order.payer, order.transaction_id) for order in orders)
    assert sum(keys.values()) - len(keys) == wanted["duplicate"] + wanted["changed_duplicate"]
    trades = Counter(order.reference for order in orders if order.local_instrument == "PVP")
    single = sum(number == 1 for number in trades.values())
    assert single == wanted["unmatched_exchange"]


def test_scheme_file_reads_back(day: Workload) -> None:
    scheme = parse_scheme(scheme_text(day))
    assert scheme == scheme_of(day)
    assert (len(scheme.books), len(scheme.dealers)) == (11, 55)
    assert all(set(member.accounts) == set(scheme.books) for member in scheme.members.values())


def test_writing_again_leaves_no_file_of_the_day_before(tmp_path: Path) -> None:
    (tmp_path / "235959-999999-OLDBIC.xml").write_text("old")
    (tmp_path / "mine.txt").write_text("kept")
    workload = plan(load_scenario(payments=1))
    seen: list[int] = []
    number = write_files(workload, tmp_path, seen.append)
    assert seen == list(range(1, number + 1))
    assert len(list(tmp_path.glob("*.xml"))) == number
    assert not (tmp_path / "235959-999999-OLDBIC.xml").exists()
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [(10, [1], [10]), (3, [5, 5, 5], [1, 1, 1]), (103, [1, 99], [2, 101]), (2, [1, 10**9], [1, 1])],
)
def test_split(total: int, weights: list[int], parts: list[int]) -> None:
    assert split(total, weights) == parts


def test_split_refuses_what_does_not_go_round() -> None:
    with pytest.raises(ValueError, match="2 cannot be split into 3"):
        split(2, [1, 1, 1])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('"LOTSCNB0XXX"', '"LOTSCNBJXXX"'), "LOTSCNBJXXX is not a test BIC"),
        (('"JADGCNB0XXX"', '"LOTSCNB0XXX"'), "LOTSCNB0XXX occurs more than once"),
        (('EGY = { CHN = "216.8133"', 'ARG = { CHN = "216.8133"'), "names ARG"),
        (('BRL = "5.22423802"', ""), "BRL has no rate"),
        (('RUS = "17412.23"', 'RUS = "-1"'), "must be positive"),
        (('RUS = "17412.23"', 'RUS = "much"'), "cannot be read"),
        (("conversion_percent = 15 ", "conversion_percent = 150 "), "conversion_percent must be"),
        (('opens = "06:30"', 'opens = "17:30"'), "have no common opening hours"),
        (('"CNY/MYR",', ""), "CNY/MYR has no dealer"),
        (("seed = 20260930", 'seed = "x"'), "$.seed"),
        (("seed = 20260930", "sede = 1"), "sede"),
        (("name = ", "name == "), "at line 8"),
    ],
)
def test_a_wrong_scenario_says_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    import paritas.simulate.scenario as module

    text = (Path(module.__file__).parent / "scenarios/eleven.toml").read_text("utf-8")
    assert change[0] in text
    path = tmp_path / "scenario.toml"
    path.write_text(text.replace(change[0], change[1], 1), "utf-8")
    with pytest.raises(ScenarioError) as error:
        load_scenario(path)
    assert complaint in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        load_scenario(tmp_path / "none.toml")


def test_a_scenario_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ScenarioError, match="utf-8"):
        load_scenario(path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the source data is not here")
def test_figures_are_those_of_their_sources(scenario: Scenario) -> None:
    with (SHARED / "data/trade_flows.csv").open() as file:
        source = {(row["exporter"], row["importer"]): row["flow"] for row in csv.DictReader(file)}
    carried = {
        (exporter, importer): text
        for exporter, row in scenario.trade.flows.items()
        for importer, text in row.items()
    }
    assert len(carried) == 110
    assert {pair: source[pair] for pair in carried} == carried
    rates = json.loads(
        (SHARED / "data/rates/usd_2026.9.29.json").read_text(), parse_float=str, parse_int=str
    )["usd"]
    assert {c: rates[c.lower()] for c in scenario.rates.units} == scenario.rates.units
