"""Set-off across currencies at reference rates, where members consent to it.

A member may allow its net position in a currency to shift, up to a limit each; what it gains in
one currency it then gives in others, of the same reference value. In units of value that is one
circulation: each account gains an edge to its member's own node and one back. Its solution is
in fractions of minor units; per currency it is then rounded to whole ones with every shift
rounded up or down, never more (a flow between whole bounds can be whole). What the rounding
leaves of each member's value is shown, exactly, and sums to nothing over all members.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from paritas.clearing.circulation import (
    CAPACITY_SAFE,
    Ints,
    TooLargeError,
    largest_circulation,
    node_sums,
    potentials,
)
from paritas.clearing.numbers import format_number, parse_rate
from paritas.clearing.obligations import Obligation, check_obligations
from paritas.clearing.problem import AMOUNT_MINOR_MAX, ClearingError
from paritas.clearing.setoff import cleared_entries, total_by_currency

#: Per member and currency: by how many minor units its net position may shift, either way.
Consent = dict[str, dict[str, int]]


def check_terms(obligations: list[Obligation], rates: dict[str, str], consent: Consent) -> None:
    """Check rates (reference value per minor unit) and consents against the obligations.

    :raises ClearingError: naming the entry that is wrong.
    """
    for currency, text in rates.items():
        try:
            parse_rate(text)
        except ValueError as error:
            raise ClearingError(f"rates.{currency}: {error}") from None
    for row, obligation in enumerate(obligations, 1):
        if obligation.currency not in rates:
            raise ClearingError(
                f"row {row}: no rate for {obligation.currency}; add it to the rates"
            )
    for member, limits in consent.items():
        for currency, limit in limits.items():
            if currency not in rates:
                raise ClearingError(f"consent.{member}.{currency}: no rate for {currency}; add one")
            if not 0 <= limit <= AMOUNT_MINOR_MAX:
                raise ClearingError(f"consent.{member}.{currency}: must be from 0 to 10^18")


def setoff_across(
    obligations: list[Obligation], rates: dict[str, str], consent: Consent
) -> dict[str, Any]:
    """Set off across currencies; return the RESULT with shifts and rounding.

    :raises ClearingError: when an obligation, a rate or a consent is not one.
    """
    check_obligations(obligations)
    check_terms(obligations, rates, consent)
    network = _Network(
        obligations, {code: parse_rate(text) for code, text in rates.items()}, consent
    )
    try:
        flow, potential = network.solve()
        cleared = network.round(flow)
    except TooLargeError:
        raise ClearingError(
            "the amounts are too large to be set off in 64-bit integers; split the file"
        ) from None
    return network.result(cleared, potential, rates)


class _Network:
    """Accounts and members as nodes; obligations, then consented shifts both ways, as edges."""

    def __init__(
        self, obligations: list[Obligation], rates: dict[str, Fraction], consent: Consent
    ) -> None:
        self.obligations = obligations
        self.rates = rates
        self.consent = consent
        self.accounts: dict[tuple[str, str], int] = {}
        for o in obligations:
            self.accounts.setdefault((o.debtor, o.currency), len(self.accounts))
            self.accounts.setdefault((o.creditor, o.currency), len(self.accounts))
        # Only accounts that owe or are owed can shift.
        self.limits = {
            key: limit for key in self.accounts if (limit := consent.get(key[0], {}).get(key[1], 0))
        }
        count = len(self.accounts)
        self.members = {
            member: count + number
            for number, member in enumerate(dict.fromkeys(member for member, _ in self.limits))
        }
        self.nodes = count + len(self.members)
        self.tail = np.array([self.accounts[o.debtor, o.currency] for o in obligations])
        self.head = np.array([self.accounts[o.creditor, o.currency] for o in obligations])

    def solve(self) -> tuple[list[Fraction], list[int]]:
        """Return the shift of each account that may shift, in minor units, and the potentials."""
        whole = math.lcm(*(rate.denominator for rate in self.rates.values()))
        prices = {code: int(rate * whole) for code, rate in self.rates.items()}
        inner = [self.accounts[key] for key in self.limits]
        outer = [self.members[member] for member, _ in self.limits]
        tail = np.concatenate([self.tail, np.array(inner + outer, dtype=np.int64)])
        head = np.concatenate([self.head, np.array(outer + inner, dtype=np.int64)])
        exact = [o.amount * prices[o.currency] for o in self.obligations]
        limits = [limit * prices[code] for (_, code), limit in self.limits.items()]
        exact += limits + limits
        # Values that 64 bits do not hold are counted in larger units, rounded down.
        sums = node_sums(self.nodes, tail, head, np.array([float(value) for value in exact]))
        unit = max(1, math.ceil(float(sums.max()) / (CAPACITY_SAFE / 2)))
        capacity = np.array([value // unit for value in exact], dtype=np.int64)
        weight = np.zeros(len(tail), dtype=np.int64)
        weight[: len(self.obligations)] = 1
        flow = largest_circulation(self.nodes, tail, head, capacity, weight)
        potential = potentials(self.nodes, tail, head, capacity, flow, weight)
        count = len(self.obligations)
        out, back = flow[count : count + len(limits)], flow[count + len(limits) :]
        shifts = [
            Fraction((int(gone) - int(come)) * unit, prices[code])
            for (_, code), gone, come in zip(self.limits, out, back, strict=True)
        ]
        return shifts, potential.tolist()

    def round(self, shifts: list[Fraction]) -> Ints:
        """Clear whole minor units, each shift rounded up or down.

        What an account shifts runs over one node per currency, which takes in what it gives.
        """
        codes = {
            code: self.nodes + n for n, code in enumerate(dict.fromkeys(c for _, c in self.limits))
        }
        nodes = self.nodes + len(codes)
        supply = np.zeros(nodes, dtype=np.int64)
        tail, head = self.tail.tolist(), self.head.tolist()
        for key, shift in zip(self.limits, shifts, strict=True):
            least = math.floor(shift)
            supply[self.accounts[key]] -= least
            supply[codes[key[1]]] += least
            if shift != least:
                tail.append(self.accounts[key])
                head.append(codes[key[1]])
        count = len(self.obligations)
        capacity = np.ones(len(tail), dtype=np.int64)
        capacity[:count] = [o.amount for o in self.obligations]
        weight = np.zeros(len(tail), dtype=np.int64)
        weight[:count] = 1
        flow = largest_circulation(nodes, np.array(tail), np.array(head), capacity, weight, supply)
        return flow[:count]

    def result(self, cleared: Ints, potential: list[int], rates: dict[str, str]) -> dict[str, Any]:
        amounts: list[int] = cleared.tolist()
        shifts = dict.fromkeys(self.accounts, 0)
        for obligation, amount in zip(self.obligations, amounts, strict=True):
            shifts[obligation.debtor, obligation.currency] -= amount
            shifts[obligation.creditor, obligation.currency] += amount
        rounding = dict.fromkeys(self.members, Fraction(0))
        for (member, currency), shift in shifts.items():
            if shift:
                rounding[member] += shift * self.rates[currency]
        value = sum(
            (
                amount * self.rates[o.currency]
                for o, amount in zip(self.obligations, amounts, strict=True)
            ),
            Fraction(0),
        )
        return {
            "cleared": cleared_entries(self.obligations, amounts),
            "cleared_total": total_by_currency(self.obligations, amounts),
            "gross_total": total_by_currency(
                self.obligations, (o.amount for o in self.obligations)
            ),
            "across": {
                "rates": rates,
                "consent": self.consent,
                "value": format_number(value),
                "upper_bound": format_number(self._bound(potential)),
                "shifts": [
                    {"member": member, "currency": currency, "amount": shift}
                    for (member, currency), shift in shifts.items()
                    if shift
                ],
                "rounding": [
                    {"member": member, "value": format_number(rest)}
                    for member, rest in rounding.items()
                ],
            },
            "certificate": {
                "potentials": [
                    {"member": member, "currency": currency, "potential": potential[node]}
                    for (member, currency), node in self.accounts.items()
                ],
                "members": [
                    {"member": member, "potential": potential[node]}
                    for member, node in self.members.items()
                ],
            },
        }

    def _bound(self, potential: list[int]) -> Fraction:
        bound = Fraction(0)
        for o in self.obligations:
            fall = (
                potential[self.accounts[o.creditor, o.currency]]
                - potential[self.accounts[o.debtor, o.currency]]
            )
            bound += o.amount * self.rates[o.currency] * max(0, 1 + fall)
        for (member, currency), limit in self.limits.items():
            step = potential[self.members[member]] - potential[self.accounts[member, currency]]
            bound += limit * self.rates[currency] * abs(step)
        return bound
