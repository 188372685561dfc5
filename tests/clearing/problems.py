"""Random problems for tests, and what brute force says of them."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

from paritas.clearing.problem import Problem, net_outflow, parse_problem, settlement_order

RATES = {"XXA": "1", "XXB": "2.5", "XXC": "0.07"}


def random_problem(seed: int, instructions_max: int = 9) -> dict[str, Any]:
    """A small problem with amounts near the edges of what accounts hold."""
    source = random.Random(seed)
    members = ["A", "B", "C", "D"][: source.randint(2, 4)]
    currencies = list(RATES)[: source.randint(1, 3)]
    balances = {
        (member, currency): source.choice([-2, 0, 1, 3, 5, 8, 50])
        for member in members
        for currency in currencies
    }
    instructions = []
    for number in range(source.randint(1, instructions_max)):
        legs = []
        for _ in range(source.choice([1, 1, 2, 2, 3])):
            payer, payee = source.sample(members, 2)
            currency = source.choice(currencies)
            edge = balances[payer, currency] + source.choice([-1, 0, 1, 2])
            amount = edge if edge > 0 and source.random() < 0.5 else source.randint(1, 9)
            legs.append({"from": payer, "to": payee, "currency": currency, "amount": amount})
        entry: dict[str, Any] = {"id": f"i{number}", "legs": legs}
        if source.random() < 0.3:
            entry["priority"] = source.randint(-1, 2)
        if source.random() < 0.2:
            entry["value"] = source.randint(0, 20)
        instructions.append(entry)
    accounts = [
        {"member": m, "currency": c, "balance": balance, "limit": source.choice([0, 0, 1, 4])}
        for (m, c), balance in balances.items()
        if source.random() < 0.85
    ]
    return {"accounts": accounts, "instructions": instructions, "rates": RATES}


def market(
    seed: int, members: int, instructions: int, currencies: int = 1, liquidity: float = 0.05
) -> Problem:
    """A day's queue: payments, PvP pairs and three-currency rings, opening liquidity a part of gross."""
    source = random.Random(seed)
    names = [f"BANK{number:03d}" for number in range(members)]
    codes = [f"C{number:02d}" for number in range(currencies)]
    rates = {code: f"{source.randint(1, 4000) / 1000:.3f}" for code in codes}
    gross: dict[tuple[str, str], int] = {}
    entries = []
    for number in range(instructions):
        worth = source.lognormvariate(0, 1.2) * 1e5
        shape = source.random() if currencies > 2 else 1.0
        if shape < 0.5:
            payers, coins = source.sample(names, 2), source.sample(codes, 2)
        elif shape < 0.6:
            payers, coins = source.sample(names, 3), source.sample(codes, 3)
        else:
            payers, coins = source.sample(names, 2), [source.choice(codes)]
        legs = []
        for place, code in enumerate(coins):
            payer, payee = payers[place], payers[(place + 1) % len(payers)]
            amount = max(1, int(worth / float(rates[code])))
            gross[payer, code] = gross.get((payer, code), 0) + amount
            legs.append({"from": payer, "to": payee, "currency": code, "amount": amount})
        entries.append({"id": f"P{number}", "legs": legs})
    accounts = [
        {"member": member, "currency": code, "balance": int(liquidity * total), "limit": 0}
        for (member, code), total in gross.items()
    ]
    return parse_problem(
        json.dumps({"accounts": accounts, "instructions": entries, "rates": rates})
    )


class BruteForce:
    """Tries every subset: plain loops, for small problems only."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rates = {code: Fraction(rate) for code, rate in (problem.rates or {}).items()}

    def value(self, subset: set[int]) -> Fraction:
        total = Fraction(0)
        for index in subset:
            instruction = self.problem.instructions[index]
            if instruction.value is not None:
                total += instruction.value
            else:
                total += sum(
                    leg.amount * self.rates.get(leg.currency, 1) for leg in instruction.legs
                )
        return total

    def is_feasible(self, subset: set[int]) -> bool:
        left: dict[tuple[str, str], int] = {}
        floor: dict[tuple[str, str], int] = {}
        for account in self.problem.accounts:
            key = (account.member, account.currency)
            left[key] = account.balance
            floor[key] = min(-account.limit, account.balance)
        for index in subset:
            for key, amount in net_outflow(self.problem.instructions[index]).items():
                left[key] = left.get(key, 0) - amount
        return all(balance >= floor.get(key, 0) for key, balance in left.items())

    def keeps_order(self, subset: set[int]) -> bool:
        order = settlement_order(self.problem)
        payers = [
            {(leg.payer, leg.currency) for leg in instruction.legs}
            for instruction in self.problem.instructions
        ]
        return not any(
            order[early] not in subset
            and order[late] in subset
            and payers[order[early]] & payers[order[late]]
            for early in range(len(order))
            for late in range(early + 1, len(order))
        )

    def subsets(self) -> list[set[int]]:
        count = len(self.problem.instructions)
        return [
            {index for index in range(count) if mask >> index & 1} for mask in range(1 << count)
        ]

    def best_free(self) -> Fraction:
        return max(self.value(s) for s in self.subsets() if self.is_feasible(s))

    def best_fifo(self) -> set[int]:
        return max(
            (s for s in self.subsets() if self.is_feasible(s) and self.keeps_order(s)), key=len
        )
