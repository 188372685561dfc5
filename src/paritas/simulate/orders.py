"""What a simulated bank sends: credit transfers, and the files that carry them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

import msgspec

from paritas.iso20022.payments import CONVERSION, Party
from paritas.model.money import minor_digits


class Order(msgspec.Struct, frozen=True, gc=False):
    """One credit transfer that a bank sends: a customer payment, or half of a PvP exchange."""

    #: When it is sent, in seconds after midnight UTC of the business date.
    at_s: int
    #: BICs of the member that pays and of the member that is paid.
    payer: str
    payee: str
    currency: str
    amount_minor: int
    #: Also the end-to-end identification.
    reference: str
    transaction_id: str
    uetr: str
    #: "NORM", "HIGH" or "URGT".
    priority: str = "NORM"
    #: "" for a plain payment, "PXFX" for a conversion, "PVP" for half of an exchange.
    local_instrument: str = ""
    #: A conversion's leg to the payee, or the leg that the other half of an exchange brings.
    other_currency: str = ""
    other_minor: int = 0
    #: Originator and beneficiary of a customer payment; None for an exchange between banks.
    debtor: Party | None = None
    creditor: Party | None = None
    #: ISO date.
    settlement_date: str = ""
    #: Anything but "CLRG" is a mistake made on purpose.
    settlement_method: str = "CLRG"


class Sending(msgspec.Struct, frozen=True, gc=False):
    """One file: the payments of one sender that go out together."""

    #: When it arrives, and when its header says that it was made: seconds after midnight UTC.
    at_s: int
    created_s: int
    sender: str
    message_id: str
    orders: tuple[Order, ...]
    #: What is done to the finished bytes: "", or a mistake of ``files.DAMAGES``.
    damage: str = ""


def round_half_up(value: Fraction) -> int:
    """Round a non-negative exact number to the nearest integer, halves up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def round_up(value: Fraction) -> int:
    """Round an exact number up to an integer."""
    return -(-value.numerator // value.denominator)


def cross_rate(units_per_value: dict[str, Fraction], payer: str, payee: str) -> Fraction:
    """Return the exact number of ``payer`` minor units for one ``payee`` minor unit.

    ``units_per_value`` holds each currency's units for one unit of the value currency: the rate
    between two currencies is their quotient, and nothing passes through a third.
    """
    scale = Fraction(10) ** (minor_digits(payer) - minor_digits(payee))
    return units_per_value[payer] / units_per_value[payee] * scale


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split a positive integer into one positive part per weight, about in proportion.

    The parts sum to ``total`` exactly. Raises ValueError if there are more weights than units.
    """
    spare = total - len(weights)
    if spare < 0:
        raise ValueError(f"{total} cannot be split into {len(weights)} positive parts")
    scale = sum(weights)
    marks = [spare * mark // scale for mark in accumulate(weights, initial=0)]
    return [1 + after - before for before, after in pairwise(marks)]


def positions(orders: Iterable[Order]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return what plain payments and exchanges bring and cost each account.

    The key is (BIC, currency); the value is (received, paid) in minor units. A conversion is left
    out: who deals is not the order's to say.
    """
    found: dict[tuple[str, str], tuple[int, int]] = {}

    def add(bic: str, currency: str, received: int, paid: int) -> None:
        before = found.get((bic, currency), (0, 0))
        found[bic, currency] = (before[0] + received, before[1] + paid)

    for order in orders:
        if order.local_instrument != CONVERSION:
            add(order.payee, order.currency, order.amount_minor, 0)
            add(order.payer, order.currency, 0, order.amount_minor)
    return found
