"""A clearing problem: accounts, instructions, reference rates; read strictly, checked whole.

Amounts, balances and limits are integers in minor units of their currency. What a problem file
may hold is DESIGN section 6; everything else is refused with one line that names the entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from paritas.clearing.numbers import parse_rate

#: ISO 20022 amounts have at most 18 digits.
AMOUNT_MINOR_MAX = 10**18
_PRIORITY_MAX = 2**31

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
_Signed = Annotated[int, msgspec.Meta(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX)]
_NonNegative = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]
_Positive = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)]
_Priority = Annotated[int, msgspec.Meta(ge=-_PRIORITY_MAX, le=_PRIORITY_MAX)]

_Kind = TypeVar("_Kind")

#: An account's key: member and currency.
Key = tuple[str, str]


class ClearingError(ValueError):
    """Input that cannot be taken; the message is one line: what, where, what to do."""


class Leg(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """One movement on one book, ``amount`` in minor units of ``currency``."""

    payer: _Name = msgspec.field(name="from")
    payee: _Name = msgspec.field(name="to")
    currency: _Name
    amount: _Positive


class Instruction(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """One or more legs that settle all together or not at all."""

    id: _Name | int
    legs: Annotated[tuple[Leg, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    priority: _Priority = 0
    value: _NonNegative | None = None


class Account(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """One member's position in one currency; it may go ``limit`` minor units below zero."""

    member: _Name
    currency: _Name
    balance: _Signed
    limit: _NonNegative = 0

    @property
    def floor(self) -> int:
        """The least balance that clearing may leave, in minor units."""
        return min(-self.limit, self.balance)


class Problem(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Accounts and instructions as read; ``rates`` is reference value per minor unit."""

    accounts: tuple[Account, ...]
    instructions: tuple[Instruction, ...]
    rates: dict[_Name, str] | None = None


def read_problem(path: Path) -> Problem:
    """Read and check the problem file at ``path``.

    :raises ClearingError: naming the file and the first entry that is wrong.
    """
    try:
        return parse_problem(read_bytes(path))
    except ClearingError as error:
        raise ClearingError(f"{path}: {error}") from None


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    :raises ClearingError: with the reason in words when it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClearingError(f"cannot be read: {error.strerror or error}") from None


def parse_problem(text: bytes | str) -> Problem:
    """Decode and check a problem.

    :raises ClearingError: naming the first entry that is wrong.
    """
    problem = decode(text, Problem)
    check_problem(problem)
    return problem


def decode(text: bytes | str, kind: type[_Kind]) -> _Kind:
    """Decode JSON strictly into ``kind``.

    :raises ClearingError: naming the place, for example ``instructions[3].legs[0].amount``.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        raise ClearingError(f"{place.strip('.`') or 'the document'}: {_plain(what)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClearingError(f"not valid JSON: {error}") from None
    except RecursionError:
        raise ClearingError("not valid JSON: it is nested too deep") from None


def _plain(what: str) -> str:
    return what[:1].lower() + what[1:].replace("`", "'").replace("\n", " ")


def check_problem(problem: Problem) -> None:
    """Check what the shape cannot say: doubles, self-legs, rates that are bad or missing.

    :raises ClearingError: naming the first entry that is wrong.
    """
    if not problem.instructions:
        raise ClearingError("instructions: the list is empty; give at least one instruction")
    keys: set[Key] = set()
    for index, account in enumerate(problem.accounts):
        key = (account.member, account.currency)
        if key in keys:
            raise ClearingError(
                f"accounts[{index}]: {account.member} has a second account in {account.currency}; merge them"
            )
        keys.add(key)
    ids: set[str] = set()
    for index, instruction in enumerate(problem.instructions):
        name = str(instruction.id)
        if name in ids:
            raise ClearingError(
                f"instructions[{index}]: id {name!r} is already taken; ids must differ"
            )
        ids.add(name)
        for number, leg in enumerate(instruction.legs):
            if leg.payer == leg.payee:
                raise ClearingError(
                    f"instructions[{index}].legs[{number}]: {leg.payer} pays itself (id {name!r}); remove the leg"
                )
    _check_rates(problem)


def _check_rates(problem: Problem) -> None:
    for currency, text in (problem.rates or {}).items():
        try:
            parse_rate(text)
        except ValueError as error:
            raise ClearingError(f"rates.{currency}: {error}") from None
    rates, only = problem.rates, None
    for index, instruction in enumerate(problem.instructions):
        if instruction.value is not None:
            continue
        for number, leg in enumerate(instruction.legs):
            place = f"instructions[{index}].legs[{number}] (id {str(instruction.id)!r})"
            if rates is not None:
                if leg.currency not in rates:
                    raise ClearingError(
                        f"{place}: no rate for {leg.currency}; add it to rates, or give a value"
                    )
            elif leg.currency != (only := only or leg.currency):
                raise ClearingError(
                    f"{place}: a second currency, {leg.currency} beside {only}, needs rates"
                )


def instruction_values(problem: Problem) -> tuple[list[int], int]:
    """Return every instruction's value as an integer over one common denominator.

    The value is the instruction's own, else the sum over its legs of amount times rate.
    """
    rates = {currency: parse_rate(text) for currency, text in (problem.rates or {}).items()}
    denominator = math.lcm(1, *(rate.denominator for rate in rates.values()))
    whole = {currency: int(rate * denominator) for currency, rate in rates.items()}
    values = []
    for instruction in problem.instructions:
        if instruction.value is not None:
            values.append(instruction.value * denominator)
        else:
            values.append(sum(leg.amount * whole.get(leg.currency, 1) for leg in instruction.legs))
    return values, denominator


def net_outflow(instruction: Instruction) -> dict[Key, int]:
    """Return debits minus credits per account of one instruction, without the zeros."""
    flow: dict[Key, int] = {}
    for leg in instruction.legs:
        payer, payee = (leg.payer, leg.currency), (leg.payee, leg.currency)
        flow[payer] = flow.get(payer, 0) + leg.amount
        flow[payee] = flow.get(payee, 0) - leg.amount
    return {key: amount for key, amount in flow.items() if amount}


def settlement_order(problem: Problem) -> list[int]:
    """Return the instructions' indices from the most to the least urgent."""
    instructions = problem.instructions
    return sorted(range(len(instructions)), key=lambda index: instructions[index].priority)


def all_keys(accounts: Iterable[Account], instructions: Iterable[Instruction]) -> list[Key]:
    """Return every account named or touched: the named first, then as the legs name them."""
    keys = {(account.member, account.currency): None for account in accounts}
    for instruction in instructions:
        for leg in instruction.legs:
            keys[leg.payer, leg.currency] = None
            keys[leg.payee, leg.currency] = None
    return list(keys)
