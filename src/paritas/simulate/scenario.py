"""The scenario file: the economies, the trade between them and the knobs of a settlement day.

A scenario is TOML. What is real in it (trade flows, reference rates) names its source; what is
made up (banks, companies, knobs) is plain to see. Amounts and rates are decimal text and become
exact fractions, never floats.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from fractions import Fraction
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

SECONDS_PER_DAY = 86_400


class ScenarioError(ValueError):
    """A scenario that cannot be used; the text says where it is wrong and what to do."""


class Bank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A made-up member bank; ``share`` is its weight among the banks of its economy."""

    bic: str
    name: str
    share: int = 1
    #: Whether it collects payments and sends them together instead of one by one.
    batches: bool = False


class Company(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A made-up company that imports and exports."""

    name: str
    town: str


class Economy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One economy: its currency with the issuer's opening hours, its banks and its companies."""

    code: str
    name: str
    #: ISO 3166 alpha-2, as BICs and addresses use it.
    country: str
    currency: str
    #: BIC of the issuer.
    issuer: str
    timezone: str
    #: Local opening hours of the book, "HH:MM".
    opens: str
    closes: str
    banks: tuple[Bank, ...]
    companies: tuple[Company, ...]
    weekend: tuple[str, ...] = ("saturday", "sunday")
    #: Holiday calendar of the ``holidays`` library, or "".
    calendar: str = ""


class Dealer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A made-up dealer: converts, and exchanges with banks, in its currency pairs ("CNY/INR")."""

    bic: str
    name: str
    country: str
    pairs: tuple[str, ...]


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reference rates: units of each currency for one unit of the value currency, as text."""

    source: str
    date: str
    units: dict[str, str]


class Trade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each economy (outer key) sold to each other one in a year: million USD, as text."""

    source: str
    year: str
    business_days: int
    flows: dict[str, dict[str, str]]


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How trade becomes payments. The scenario file explains each knob beside its value."""

    payments: int
    exchange_percent: int
    conversion_percent: int
    exporter_currency_percent: int
    batch_seconds: int
    batch_size_max: int
    quiet_seconds: int
    invoice_spread_percent: int
    urgent_percent: int
    high_percent: int
    home_balance_percent: int
    home_limit_percent: int
    foreign_balance_percent: int
    dealer_balance_percent: int
    hour_weights: tuple[int, ...]


class Mistakes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of each kind of mistake are put in on purpose."""

    unknown_member: int = 0
    unknown_book: int = 0
    wrong_decimals: int = 0
    zero_amount: int = 0
    past_date: int = 0
    far_date: int = 0
    wrong_method: int = 0
    wrong_conversion: int = 0
    after_cut_off: int = 0
    duplicate: int = 0
    changed_duplicate: int = 0
    unmatched_exchange: int = 0
    unfunded_account: int = 0
    truncated_file: int = 0
    document_type: int = 0
    wrong_encoding: int = 0
    not_xml: int = 0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A whole scenario file."""

    name: str
    value_currency: str
    business_date: str
    seed: int
    #: BIC of who runs the system: every message is addressed to it.
    operator: str
    rates: Rates
    trade: Trade
    workload: Knobs
    economy: tuple[Economy, ...]
    dealer: tuple[Dealer, ...]
    mistakes: Mistakes = Mistakes()

    @cached_property
    def economies(self) -> dict[str, Economy]:
        """The economies by code."""
        return {economy.code: economy for economy in self.economy}

    @cached_property
    def units_per_value(self) -> dict[str, Fraction]:
        """Reference rates: currency to exact units for one unit of the value currency."""
        return {currency: Fraction(text) for currency, text in self.rates.units.items()}

    @cached_property
    def dealers(self) -> dict[frozenset[str], str]:
        """BIC of the dealer of each pair of currencies."""
        return {
            frozenset(pair.split("/")): dealer.bic
            for dealer in self.dealer
            for pair in dealer.pairs
        }

    @cached_property
    def day(self) -> date:
        """The business date."""
        return date.fromisoformat(self.business_date)

    @cached_property
    def windows(self) -> dict[str, tuple[int, int]]:
        """Opening and closing of each currency's book: seconds after midnight UTC of the day."""
        return {economy.currency: self._window(economy) for economy in self.economy}

    def _window(self, economy: Economy) -> tuple[int, int]:
        midnight = datetime.combine(self.day, time(), UTC)
        zone = ZoneInfo(economy.timezone)
        opens, closes = (
            datetime.combine(self.day, time.fromisoformat(text), zone) - midnight
            for text in (economy.opens, economy.closes)
        )
        return int(opens.total_seconds()), int(closes.total_seconds())

    def common_hours(self, first: str, second: str) -> tuple[int, int]:
        """Return from when to when both books are open, in seconds after midnight UTC."""
        one, two = self.windows[first], self.windows[second]
        return max(one[0], two[0]), min(one[1], two[1])

    def local_hour(self, economy: Economy, at_s: int) -> int:
        """Return the hour of the day in ``economy`` at ``at_s`` seconds after midnight UTC."""
        midnight = datetime.combine(self.day, time(), ZoneInfo(economy.timezone))
        offset = midnight.utcoffset()
        assert offset is not None
        return (at_s + int(offset.total_seconds())) % SECONDS_PER_DAY // 3600


def load_scenario(path: Path | None = None, payments: int | None = None) -> Scenario:
    """Read and check a scenario file; without a path, the eleven economies of the demo.

    ``payments`` overrides the file's number of payments. Raises ScenarioError, in one line.
    """
    source = path or files("paritas.simulate").joinpath("scenarios/eleven.toml")
    try:
        scenario = msgspec.toml.decode(source.read_bytes(), type=Scenario)
    except OSError as error:
        raise ScenarioError(f"{source}: cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{source}: {error}") from error
    if payments is not None:
        knobs = msgspec.structs.replace(scenario.workload, payments=payments)
        scenario = msgspec.structs.replace(scenario, workload=knobs)
    problems = _problems(scenario)
    if problems:
        raise ScenarioError(f"{source}: " + "; ".join(problems))
    return scenario


def _problems(scenario: Scenario) -> list[str]:
    """Return every mistake that the types alone cannot see, each as a sentence."""
    try:
        windows, rates = scenario.windows, scenario.units_per_value
        flows = [Fraction(text) for row in scenario.trade.flows.values() for text in row.values()]
    except (ValueError, KeyError, ZeroDivisionError) as error:
        return [f"a date, time, zone or figure cannot be read: {error}"]
    return [
        *_knob_problems(scenario.workload),
        *_member_problems(scenario),
        *_flow_problems(scenario, flows),
        *(f"{c} has no rate" for c in windows if rates.get(c, 0) <= 0),
        *_pair_problems(scenario, windows),
    ]


def _knob_problems(knobs: Knobs) -> list[str]:
    problems = [
        f"workload.{name} must be from 0 to 100"
        for name in (
            "exchange_percent",
            "conversion_percent",
            "exporter_currency_percent",
            "urgent_percent",
            "high_percent",
        )
        if not 0 <= getattr(knobs, name) <= 100
    ]
    if len(knobs.hour_weights) != 24 or min(knobs.hour_weights) < 1:
        problems.append("workload.hour_weights must be 24 positive numbers")
    if knobs.payments < 1:
        problems.append("workload.payments must be at least 1")
    return problems


def _member_problems(scenario: Scenario) -> list[str]:
    bics = [bank.bic for economy in scenario.economy for bank in economy.banks]
    bics += [dealer.bic for dealer in scenario.dealer]
    bics += [scenario.operator, *(economy.issuer for economy in scenario.economy)]
    return [
        *(f"{bic} occurs more than once" for bic in sorted({b for b in bics if bics.count(b) > 1})),
        *(
            f"{bic} is not a test BIC: its 8th character must be 0"
            for bic in bics
            if bic[7:8] != "0"
        ),
        *(
            f"{e.code} needs a bank and a company"
            for e in scenario.economy
            if not (e.banks and e.companies)
        ),
    ]


def _flow_problems(scenario: Scenario, flows: list[Fraction]) -> list[str]:
    named = set(scenario.trade.flows) | {i for row in scenario.trade.flows.values() for i in row}
    return [
        *(
            f"trade.flows names {code}, which is no [[economy]]"
            for code in sorted(named - set(scenario.economies))
        ),
        *(["trade.flows must be positive"] if any(flow <= 0 for flow in flows) else []),
    ]


def _pair_problems(scenario: Scenario, windows: dict[str, tuple[int, int]]) -> list[str]:
    problems = []
    currencies = sorted(windows)
    for first in currencies:
        for second in currencies:
            if first >= second:
                continue
            if frozenset((first, second)) not in scenario.dealers:
                problems.append(f"{first}/{second} has no dealer")
            opens, closes = scenario.common_hours(first, second)
            if closes - opens <= scenario.workload.quiet_seconds:
                problems.append(f"{first}/{second} have no common opening hours")
    return problems
