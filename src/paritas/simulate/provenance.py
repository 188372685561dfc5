"""What a report must say about a simulated day: what in it is real, and what is made up."""

from __future__ import annotations

from paritas.node.report_data import Note
from paritas.simulate.scenario import Scenario

REAL, MADE_UP = "real", "made up"


def notes(scenario: Scenario) -> tuple[Note, ...]:
    """Return the report's notes on the day's input, sources included."""
    trade, rates = scenario.trade, scenario.rates
    banks = sum(len(economy.banks) for economy in scenario.economy)
    pairs = sum(len(row) for row in trade.flows.values())
    return (
        Note(
            REAL,
            f"The value traded between the {len(scenario.economy)} economies: {pairs} bilateral flows"
            f" of goods in one year ({trade.year}), each divided by {trade.business_days} business"
            " days. Services, capital and all payments for other things are not in it.",
            trade.source,
        ),
        Note(
            REAL,
            f"The reference rates of {rates.date}. The flows are older than the rates: the day has"
            " the proportions of real trade, not the size of today's.",
            rates.source,
        ),
        Note(
            MADE_UP,
            f"All {banks} banks, the {len(scenario.dealer)} dealers and every company; the BICs are"
            " test BICs.",
        ),
        Note(
            MADE_UP,
            "How a flow splits into invoices, who banks where, which invoices are in the exporter's"
            " and which in the importer's currency, when banks send, and how much money they start"
            f" with. It follows from the knobs of the scenario and from seed {scenario.seed}; the"
            " same seed gives the same day.",
        ),
        Note(
            MADE_UP,
            "The exchanges that fund the banks: whoever lacks a currency buys it at the reference"
            " rate from a bank that has it over, else from the dealer of the pair.",
        ),
        Note(
            MADE_UP,
            "Opening hours, longer than the real ones, so that every two books are open together.",
        ),
    )
