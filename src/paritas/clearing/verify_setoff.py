"""The independent checker of set-off results; integers and fractions only, and no solver.

Within one currency: every net position is as it was, and the potentials prove that no other
choice clears more. Across currencies: every shift is within its member's consent, and what a
member's shifts are worth together is the rounding that the result states.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from paritas.clearing.numbers import parse_number, parse_rate
from paritas.clearing.obligations import Obligation
from paritas.clearing.verify import (
    InvalidResultError,
    expect,
    expect_keys,
    load_result,
    require,
)

_KEYS = {"cleared", "cleared_total", "gross_total", "certificate"}
_ACROSS_KEYS = {"rates", "consent", "value", "upper_bound", "shifts", "rounding"}


def verify_setoff(obligations: list[Obligation], text: bytes | str) -> None:
    """Check a set-off result against its obligations.

    :raises InvalidResultError: with one line saying what is wrong, whatever ``text`` holds.
    """
    result = load_result(text)
    try:
        _Check(obligations).run(result)
    except InvalidResultError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InvalidResultError(f"malformed result: {error!r}"[:300]) from None


class _Check:
    def __init__(self, obligations: list[Obligation]) -> None:
        self.obligations = obligations
        self.shift: dict[tuple[str, str], int] = {}
        for o in obligations:
            self.shift[o.debtor, o.currency] = self.shift[o.creditor, o.currency] = 0

    def run(self, result: dict[str, Any]) -> None:
        is_across = "across" in result
        expect_keys(result, _KEYS | ({"across"} if is_across else set()), "the result")
        cleared = self.cleared(result["cleared"])
        for o, amount in zip(self.obligations, cleared, strict=True):
            self.shift[o.debtor, o.currency] -= amount
            self.shift[o.creditor, o.currency] += amount
        totals = self.totals(cleared)
        self.same(result["cleared_total"], totals, "cleared_total")
        self.same(
            result["gross_total"], self.totals([o.amount for o in self.obligations]), "gross_total"
        )
        if is_across:
            self.check_across(result["across"], result["certificate"], cleared)
        else:
            self.check_one_by_one(result["certificate"], totals)

    def cleared(self, entries: Any) -> list[int]:
        place = {
            ("row", row) if o.id is None else ("id", o.id): row - 1
            for row, o in enumerate(self.obligations, 1)
        }
        found: dict[int, int] = {}
        for entry in expect(entries, list, "cleared"):
            name = "row" if "row" in expect(entry, dict, "an entry of cleared") else "id"
            expect_keys(entry, {name, "amount"}, "an entry of cleared")
            require(
                type(entry[name]) in (int, str), "cleared: an id or row is neither number nor text"
            )
            index = place.get((name, entry[name]), -1)
            require(index >= 0, f"cleared: there is no {name} {entry[name]!r}")
            require(index not in found, f"cleared: {name} {entry[name]!r} occurs twice")
            amount = expect(entry["amount"], int, f"cleared: amount of {entry[name]!r}")
            most = self.obligations[index].amount
            require(0 <= amount <= most, f"cleared: {entry[name]!r} clears {amount} of {most}")
            found[index] = amount
        require(len(found) == len(self.obligations), "cleared: an obligation is missing")
        return [found[index] for index in range(len(self.obligations))]

    def totals(self, amounts: list[int]) -> dict[str, int]:
        total: dict[str, int] = {}
        for o, amount in zip(self.obligations, amounts, strict=True):
            total[o.currency] = total.get(o.currency, 0) + amount
        return total

    def same(self, claimed: Any, total: dict[str, int], place: str) -> None:
        expect(claimed, dict, place)
        for currency in {*claimed, *total}:
            amount = expect(claimed.get(currency), int, f"{place} of {currency}")
            expected = total.get(currency)
            require(amount == expected, f"{place} of {currency} is {amount}, recomputed {expected}")

    def potentials(self, entries: Any) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for entry in expect(entries, list, "potentials"):
            expect_keys(entry, {"member", "currency", "potential"}, "a potential")
            key = (entry["member"], entry["currency"])
            require(key in self.shift and key not in found, f"potential of {key}: unknown or twice")
            found[key] = expect(entry["potential"], int, f"potential of {key}")
        require(len(found) == len(self.shift), "potentials: an account is missing")
        return found

    def check_one_by_one(self, certificate: Any, totals: dict[str, int]) -> None:
        for (member, currency), shift in self.shift.items():
            require(not shift, f"the net position of {member} in {currency} changes by {shift}")
        expect_keys(certificate, {"potentials"}, "certificate")
        height = self.potentials(certificate["potentials"])
        bound = dict.fromkeys(totals, 0)
        for o in self.obligations:
            gain = 1 + height[o.creditor, o.currency] - height[o.debtor, o.currency]
            bound[o.currency] += o.amount * max(0, gain)
        for currency, total in totals.items():
            require(
                total == bound[currency],
                f"{total} {currency} is cleared, but the potentials only prove {bound[currency]}",
            )

    def check_across(self, across: Any, certificate: Any, cleared: list[int]) -> None:
        expect_keys(across, _ACROSS_KEYS, "across")
        rates = {
            code: parse_rate(text) for code, text in expect(across["rates"], dict, "rates").items()
        }
        limits = self.limits(across["consent"])
        value = sum(
            (
                amount * rates[o.currency]
                for o, amount in zip(self.obligations, cleared, strict=True)
            ),
            Fraction(0),
        )
        require(parse_number(across["value"]) == value, f"value should be {value}")
        self.check_shifts(across, rates, limits)
        bound = self.bound_across(certificate, rates, limits)
        claimed = parse_number(across["upper_bound"])
        require(claimed == bound, f"upper_bound is {claimed}, but the potentials prove {bound}")

    def limits(self, consent: Any) -> dict[tuple[str, str], int]:
        limits: dict[tuple[str, str], int] = {}
        for member, entries in expect(consent, dict, "consent").items():
            for currency, limit in expect(entries, dict, f"consent.{member}").items():
                require(
                    expect(limit, int, "a limit") >= 0, f"consent.{member}.{currency} is negative"
                )
                if limit and (member, currency) in self.shift:
                    limits[member, currency] = limit
        return limits

    def check_shifts(
        self, across: Any, rates: dict[str, Fraction], limits: dict[tuple[str, str], int]
    ) -> None:
        claimed: dict[tuple[str, str], int] = {}
        for entry in expect(across["shifts"], list, "shifts"):
            expect_keys(entry, {"member", "currency", "amount"}, "a shift")
            claimed[entry["member"], entry["currency"]] = expect(entry["amount"], int, "a shift")
        moved = {key: shift for key, shift in self.shift.items() if shift}
        require(
            claimed == moved and len(across["shifts"]) == len(moved), "shifts: not as recomputed"
        )
        rest: dict[str, Fraction] = {member: Fraction(0) for member, _ in limits}
        most: dict[str, Fraction] = dict(rest)
        for member, currency in limits:
            most[member] += rates[currency]
        for (member, currency), shift in moved.items():
            limit = limits.get((member, currency), 0)
            require(
                abs(shift) <= limit, f"{member} shifts by {shift} {currency}, consented {limit}"
            )
            rest[member] += shift * rates[currency]
        for member, value in rest.items():
            require(abs(value) < most[member] or not value, f"{member} loses or gains {value}")
        stated = {entry["member"]: parse_number(entry["value"]) for entry in across["rounding"]}
        require(
            stated == rest and len(across["rounding"]) == len(rest), "rounding: not as recomputed"
        )

    def bound_across(
        self, certificate: Any, rates: dict[str, Fraction], limits: dict[tuple[str, str], int]
    ) -> Fraction:
        expect_keys(certificate, {"potentials", "members"}, "certificate")
        height = self.potentials(certificate["potentials"])
        own = {
            entry["member"]: expect(entry["potential"], int, "a member's potential")
            for entry in expect(certificate["members"], list, "members")
        }
        whole = math.lcm(1, *(rate.denominator for rate in rates.values()))
        price = {code: int(rate * whole) for code, rate in rates.items()}
        bound = 0
        for o in self.obligations:
            gain = 1 + height[o.creditor, o.currency] - height[o.debtor, o.currency]
            bound += o.amount * price[o.currency] * max(0, gain)
        for (member, currency), limit in limits.items():
            bound += limit * price[currency] * abs(own[member] - height[member, currency])
        return Fraction(bound, whole)
