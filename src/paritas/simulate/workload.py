"""From a year's trade to one day's payments, out of a seed: the same scenario, the same day.

Importers pay exporters. An invoice is in the exporter's currency, in the importer's, or is paid
in the one and received in the other through the dealer of the pair. Banks hold little of the
others' currencies and buy what they lack from each other and from dealers (funding.py).
Randomness chooses who, when and how large; every amount is an integer that follows from the trade
figures and the reference rates by exact fractions.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import msgspec

from paritas.iso20022.payments import CONVERSION, Party
from paritas.model.money import minor_digits
from paritas.simulate import funding
from paritas.simulate.dice import Dice
from paritas.simulate.mistakes import with_mistakes
from paritas.simulate.orders import (
    Order,
    Sending,
    cross_rate,
    positions,
    round_half_up,
    round_up,
    split,
)
from paritas.simulate.scenario import Bank, Company, Economy, Scenario

#: Invoices are first sized in millionths of the value currency.
_MICRO = 10**6
#: Opening balances are rounded up to this many major units, as a treasurer would.
_ROUND_MAJOR = 1_000


class Opening(msgspec.Struct, frozen=True, gc=False):
    """An account as the day begins, in minor units; ``limit_minor`` is how far below zero."""

    balance_minor: int
    limit_minor: int


class Workload(msgspec.Struct, frozen=True):
    """One day: the files in the order they are sent, and the accounts as the day begins."""

    scenario: Scenario
    sendings: tuple[Sending, ...]
    #: By (BIC, currency): every member has an account on every book.
    openings: dict[tuple[str, str], Opening]
    #: How many credit transfers are meant to settle, and how many mistakes were put in.
    sound: int
    mistaken: int


def plan(scenario: Scenario) -> Workload:
    """Make the day's files and opening balances from a scenario; the same for the same seed."""
    dice = Dice(scenario)
    knobs = scenario.workload
    exchanges = knobs.payments * knobs.exchange_percent // 200
    invoices = _invoices(dice, knobs.payments - 2 * exchanges)
    halves = funding.exchanges(dice, invoices, exchanges)
    openings = _openings(scenario, invoices + halves)
    sendings, mistaken = with_mistakes(dice, _sendings(dice, invoices, halves))
    return Workload(
        scenario=scenario,
        sendings=tuple(sorted(sendings, key=lambda sending: (sending.at_s, sending.message_id))),
        openings=openings,
        sound=len(invoices) + len(halves),
        mistaken=mistaken,
    )


def _invoices(dice: Dice, wanted: int) -> list[Order]:
    """Split each pair's trade of one day into invoices; every pair has at least one."""
    scenario = dice.scenario
    flows = {
        (exporter, importer): Fraction(text) * 10**6 / scenario.trade.business_days
        for exporter, row in scenario.trade.flows.items()
        for importer, text in row.items()
    }
    counts = split(max(wanted, len(flows)), [int(flow) + 1 for flow in flows.values()])
    spread = scenario.workload.invoice_spread_percent / 100
    orders = []
    for ((exporter, importer), flow), number in zip(flows.items(), counts, strict=True):
        # The sizes' weights are sampled; what is split by them, and so the sum, is exact.
        weights = [1 + int(1000 * dice.random.lognormvariate(0, spread)) for _ in range(number)]
        for value_micro in split(int(flow * _MICRO), weights):
            orders.append(_invoice(dice, exporter, importer, value_micro))
    return orders


def _invoice(dice: Dice, exporter_code: str, importer_code: str, value_micro: int) -> Order:
    """Make one payment of an importer to an exporter, worth ``value_micro``."""
    scenario, knobs = dice.scenario, dice.scenario.workload
    exporter, importer = scenario.economies[exporter_code], scenario.economies[importer_code]
    payer, payee = dice.bank(importer), dice.bank(exporter)
    converts = dice.percent(knobs.conversion_percent)
    in_exporters = converts or dice.percent(knobs.exporter_currency_percent)
    currency = exporter.currency if in_exporters else importer.currency
    rate = scenario.units_per_value[currency] * 10 ** minor_digits(currency)
    amount_minor = max(1, round_half_up(value_micro * rate / _MICRO))
    at_s = dice.moment(importer, exporter)
    if payer.batches:
        closes = scenario.common_hours(exporter.currency, importer.currency)[1]
        at_s = min(-(-at_s // knobs.batch_seconds) * knobs.batch_seconds, closes - 1)
    number = dice.number()
    order = Order(
        at_s=at_s,
        payer=payer.bic,
        payee=payee.bic,
        currency=currency,
        amount_minor=amount_minor,
        reference=f"INV-{exporter.country}{importer.country}-{number:07d}",
        transaction_id=f"{payer.bic[:6]}{number:09d}",
        uetr=dice.uetr(),
        priority=dice.priority(),
        debtor=_party(dice, importer, payer),
        creditor=_party(dice, exporter, payee),
        settlement_date=scenario.business_date,
    )
    return _converted(scenario, order, importer.currency) if converts else order


def _converted(scenario: Scenario, order: Order, payer_currency: str) -> Order:
    """Let the payer pay in its own currency: the payee's leg at the reference rate, rounded up."""
    rate = cross_rate(scenario.units_per_value, payer_currency, order.currency)
    return msgspec.structs.replace(
        order,
        local_instrument=CONVERSION,
        currency=payer_currency,
        amount_minor=round_up(order.amount_minor * rate),
        other_currency=order.currency,
        other_minor=order.amount_minor,
    )


def _party(dice: Dice, economy: Economy, bank: Bank) -> Party:
    """Choose a company; its account number is the same every time that it meets this bank."""
    index = dice.random.randrange(len(economy.companies))
    company: Company = economy.companies[index]
    account = f"{economy.country}{economy.banks.index(bank) + 1:02d}{index + 1:012d}"
    return Party(company.name, country=economy.country, town=company.town, account=account)


def _openings(scenario: Scenario, orders: list[Order]) -> dict[tuple[str, str], Opening]:
    """Give each account little: a share of what it pays out, and what it could not do without.

    A bank whose economy buys more than it sells ends the day with less of its own currency. It
    must have at least that, or no order of settlement could ever pay for everything; and it must
    be able to make its largest payment. The same holds for a dealer in each of its currencies.
    """
    knobs, openings = scenario.workload, {}
    legs = [*orders, *_dealt(scenario, orders)]
    flows = defaultdict(lambda: (0, 0), positions(legs))
    largest: dict[tuple[str, str], int] = defaultdict(int)
    for leg in legs:
        key = leg.payer, leg.currency
        largest[key] = max(largest[key], leg.amount_minor)
    home = {bank.bic: economy.currency for economy in scenario.economy for bank in economy.banks}
    dealers = {dealer.bic for dealer in scenario.dealer}
    for bic in [*home, *dealers]:
        for currency in scenario.windows:
            key = bic, currency
            received, paid = flows[key]
            least, limit_minor, percent = 0, 0, knobs.foreign_balance_percent
            if bic in dealers:
                least, percent = max(paid - received, largest[key]), knobs.dealer_balance_percent
            elif home[bic] == currency:
                least, percent = max(paid - received, largest[key]), knobs.home_balance_percent
                limit_minor = _rounded(paid * knobs.home_limit_percent // 100, currency)
            balance_minor = _rounded(max(least, paid * percent // 100), currency)
            openings[key] = Opening(balance_minor, limit_minor)
    return openings


def _rounded(amount_minor: int, currency: str) -> int:
    step: int = _ROUND_MAJOR * 10 ** minor_digits(currency)
    return -(-amount_minor // step) * step


def _dealt(scenario: Scenario, orders: list[Order]) -> list[Order]:
    """Return each conversion as the two plain legs over the dealer's accounts."""
    legs = []
    for order in orders:
        if order.local_instrument == CONVERSION:
            dealer = scenario.dealers[frozenset((order.currency, order.other_currency))]
            plain = msgspec.structs.replace(order, local_instrument="")
            legs.append(msgspec.structs.replace(plain, payee=dealer))
            legs.append(
                msgspec.structs.replace(
                    plain,
                    payer=dealer,
                    currency=order.other_currency,
                    amount_minor=order.other_minor,
                )
            )
    return legs


def _sendings(dice: Dice, invoices: list[Order], halves: list[Order]) -> list[Sending]:
    """Put orders into files: one each, but a batching bank's payments of one moment together."""
    batching = {b.bic for economy in dice.scenario.economy for b in economy.banks if b.batches}
    size = dice.scenario.workload.batch_size_max
    batches: dict[tuple[str, int], list[Order]] = defaultdict(list)
    groups: list[list[Order]] = [[half] for half in halves]
    for order in invoices:
        if order.payer in batching:
            batches[order.payer, order.at_s].append(order)
        else:
            groups.append([order])
    for batch in batches.values():
        groups.extend(batch[at : at + size] for at in range(0, len(batch), size))
    groups.sort(key=lambda group: (group[0].at_s, group[0].payer, group[0].transaction_id))
    return [
        Sending(
            at_s=group[0].at_s,
            created_s=group[0].at_s,
            sender=group[0].payer,
            message_id=f"{group[0].payer[:8]}{number:07d}",
            orders=tuple(group),
        )
        for number, group in enumerate(groups, 1)
    ]
