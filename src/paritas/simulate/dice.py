"""The seeded random choices of a simulated day."""

from __future__ import annotations

import random
import uuid
from itertools import count, pairwise

from paritas.simulate.scenario import Bank, Economy, Scenario


class Dice:
    """The seeded random choices that every part of the generator shares; it is consumed in order."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.random = random.Random(scenario.seed)
        self._numbers = count(1)
        self._hours: dict[tuple[str, str], tuple[list[tuple[int, int]], list[int]]] = {}

    def percent(self, percent: int) -> bool:
        """Return true in ``percent`` of 100 cases."""
        return self.random.randrange(100) < percent

    def number(self) -> int:
        """Return the next number, from 1: what makes identifications unique."""
        return next(self._numbers)

    def uetr(self) -> str:
        """Return a version 4 UUID out of the seed."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def bank(self, economy: Economy) -> Bank:
        """Choose a bank of ``economy`` by its share."""
        return self.random.choices(economy.banks, [bank.share for bank in economy.banks])[0]

    def priority(self) -> str:
        """Choose a settlement priority as the knobs say."""
        knobs, draw = self.scenario.workload, self.random.randrange(100)
        if draw < knobs.urgent_percent:
            return "URGT"
        return "HIGH" if draw < knobs.urgent_percent + knobs.high_percent else "NORM"

    def moment(self, sender: Economy, other: Economy) -> int:
        """Choose a second of the day when both books are open and the sender is likely at work."""
        slots, weights = self._slots(sender, other)
        start, end = self.random.choices(slots, weights)[0]
        return self.random.randrange(start, end)

    def _slots(self, sender: Economy, other: Economy) -> tuple[list[tuple[int, int]], list[int]]:
        key = (sender.code, other.code)
        if key not in self._hours:
            opens, closes = self.scenario.common_hours(sender.currency, other.currency)
            last = closes - self.scenario.workload.quiet_seconds
            marks = [opens, *range(opens - opens % 3600 + 3600, last, 3600), last]
            slots = list(pairwise(marks))
            hour_weights = self.scenario.workload.hour_weights
            weights = [
                (end - start) * hour_weights[self.scenario.local_hour(sender, start)]
                for start, end in slots
            ]
            self._hours[key] = slots, weights
        return self._hours[key]
