"""A matching problem and its result: orders to exchange, reference rates, what was matched.

Amounts are integers in minor units; an order's ``amount`` is of the currency it sells. The
contract of both documents is in ``docs/clearing.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from operator import attrgetter, eq
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from paritas.clearing.numbers import parse_rate
from paritas.clearing.problem import AMOUNT_MINOR_MAX, ClearingError, decode, read_bytes

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
_Positive = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)]

_Row = TypeVar("_Row")
_ROWS_AT_ONCE = 10_000

#: Who receives, in the legs, what rounding leaves over; no member may be called so.
ROUNDING = "ROUNDING"


class Order(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """``member`` sells ``amount`` minor units of ``sell`` for ``buy``, in part if ``partial``."""

    id: _Name | int
    member: _Name
    sell: _Name
    buy: _Name
    amount: _Positive
    partial: bool


class Orders(msgspec.Struct, forbid_unknown_fields=True, frozen=True, dict=True):
    """The orders in order of arrival; ``rates`` is reference value per minor unit."""

    rates: dict[_Name, str]
    orders: list[Order]

    # Columns are taken out of a million orders once, and used for checking and for solving.

    @cached_property
    def ids(self) -> list[str | int]:
        """Return every order's id."""
        return list(map(attrgetter("id"), self.orders))

    @cached_property
    def members(self) -> list[str]:
        """Return every order's member."""
        return list(map(attrgetter("member"), self.orders))

    @cached_property
    def sells(self) -> list[str]:
        """Return the currency that every order sells."""
        return list(map(attrgetter("sell"), self.orders))

    @cached_property
    def buys(self) -> list[str]:
        """Return the currency that every order buys."""
        return list(map(attrgetter("buy"), self.orders))

    @cached_property
    def amounts(self) -> list[int]:
        """Return every order's amount, in minor units of what it sells."""
        return list(map(attrgetter("amount"), self.orders))


class Matched(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """What an order sells and buys, in minor units."""

    id: str | int
    sold: int
    bought: int


class MatchLeg(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """What one member pays another out of its ``order``, in minor units."""

    payer: str = msgspec.field(name="from")
    payee: str = msgspec.field(name="to")
    currency: str
    amount: int
    order: str | int


class Multiplier(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """The price ``y / scale`` of a currency in the certificate."""

    currency: str
    y: int


class MatchCertificate(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Multipliers from which anyone can compute the bound; currencies not named have 0."""

    scale: int
    multipliers: list[Multiplier]


class Picked(Sequence[Any]):
    """A column of names, kept as numbers into the list of them."""

    def __init__(self, names: Sequence[Any], numbers: npt.NDArray[np.int64]) -> None:
        """Take the names, and for each row the number of its name."""
        self._names, self._numbers = names, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return list(map(self._names.__getitem__, self._numbers[index].tolist()))
        return self._names[self._numbers[index]]


class Rows(Sequence[_Row]):
    """A long table kept as columns, whose rows are made as they are looked at."""

    def __init__(self, kind: Callable[..., _Row], *columns: Any) -> None:
        """Take the rows' type and a column per field (a sequence or an array), all of one length."""
        self._kind, self._columns = kind, columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            place = range(len(self))[index]
            return self[place : place + 1][0]
        parts = [column[index] for column in self._columns]
        lists = [part.tolist() if isinstance(part, np.ndarray) else part for part in parts]
        return list(map(self._kind, *lists))

    def __iter__(self) -> Iterator[_Row]:
        for start in range(0, len(self), _ROWS_AT_ONCE):
            yield from self[start : start + _ROWS_AT_ONCE]

    def encode(self, encoder: msgspec.json.Encoder) -> Iterator[bytes]:
        """Yield the table as a JSON array, some thousand rows at a time."""
        yield b"["
        for start in range(0, len(self), _ROWS_AT_ONCE):
            yield (b"," if start else b"") + encoder.encode(self[start : start + _ROWS_AT_ONCE])[
                1:-1
            ]
        yield b"]"


class MatchResult(msgspec.Struct, frozen=True):
    """The RESULT; values are exact numbers as text (:mod:`paritas.clearing.numbers`)."""

    matched: Rows[Matched]
    matched_value: str
    upper_bound: str
    gap: str
    rounding: dict[str, int]
    legs: Rows[MatchLeg]
    certificate: MatchCertificate

    def encode(self) -> Iterator[bytes]:
        """Yield the RESULT document piece by piece."""
        encoder, mark = msgspec.json.Encoder(), b"{"
        for name in self.__struct_fields__:
            value = getattr(self, name)
            yield mark + encoder.encode(name) + b":"
            if isinstance(value, Rows):
                yield from value.encode(encoder)
            else:
                yield encoder.encode(value)
            mark = b","
        yield b"}"


def read_orders(path: Path) -> Orders:
    """Read and check the orders file at ``path``.

    :raises ClearingError: naming the file and the first entry that is wrong.
    """
    try:
        return parse_orders(read_bytes(path))
    except ClearingError as error:
        raise ClearingError(f"{path}: {error}") from None


def parse_orders(text: bytes | str) -> Orders:
    """Decode and check orders.

    :raises ClearingError: naming the first entry that is wrong.
    """
    problem = decode(text, Orders)
    check_orders(problem)
    return problem


def check_orders(problem: Orders) -> None:
    """Check what the shape cannot say: rates, doubles, unknown or equal currencies.

    :raises ClearingError: naming the first entry that is wrong.
    """
    for currency, text in problem.rates.items():
        try:
            parse_rate(text)
        except ValueError as error:
            raise ClearingError(f"rates.{currency}: {error}") from None
    if not problem.orders:
        raise ClearingError("orders: the list is empty; give at least one order")
    # Whole columns are checked at once; only a failure looks for the entry.
    known = set(problem.sells) | set(problem.buys) <= problem.rates.keys()
    if not known or any(map(eq, problem.sells, problem.buys)):
        _refuse_currency(problem)
    names = problem.ids
    if set(map(type, names)) != {str}:
        names = list(map(str, names))
    if len(set(names)) != len(names):
        _refuse_double(problem.orders)
    if ROUNDING in problem.members:
        raise ClearingError(
            f"orders[{problem.members.index(ROUNDING)}]: member {ROUNDING} is where rounding goes;"
            " rename the member"
        )
    _check_sizes(problem)


def _refuse_currency(problem: Orders) -> None:
    for index, order in enumerate(problem.orders):
        place = f"orders[{index}] (id {str(order.id)!r})"
        if order.sell == order.buy:
            raise ClearingError(f"{place}: sells and buys {order.sell}; name two currencies")
        for currency in (order.sell, order.buy):
            if currency not in problem.rates:
                raise ClearingError(f"{place}: no rate for {currency}; add it to rates")


def _check_sizes(problem: Orders) -> None:
    """Refuse what would buy more than an amount can say."""
    price, _ = prices(problem)
    largest = max(problem.amounts)
    if largest * max(price.values()) <= AMOUNT_MINOR_MAX * min(price.values()):
        return
    for index, order in enumerate(problem.orders):
        if order.amount * price[order.sell] > AMOUNT_MINOR_MAX * price[order.buy]:
            raise ClearingError(
                f"orders[{index}] (id {str(order.id)!r}): would buy more than 10^18"
                f" minor units of {order.buy}; split it"
            )


def _refuse_double(orders: list[Order]) -> None:
    names: set[str] = set()
    for index, order in enumerate(orders):
        if str(order.id) in names:
            raise ClearingError(
                f"orders[{index}]: id {str(order.id)!r} is already taken; ids must differ"
            )
        names.add(str(order.id))


def prices(problem: Orders) -> tuple[dict[str, int], Fraction]:
    """Return a whole price per minor unit of each currency, and the value of a price of 1.

    The prices share no factor, so that they are as small as can be.
    """
    rates = {currency: parse_rate(text) for currency, text in problem.rates.items()}
    denominator = math.lcm(1, *(rate.denominator for rate in rates.values()))
    whole = {currency: int(rate * denominator) for currency, rate in rates.items()}
    factor = math.gcd(*whole.values()) or 1
    return {code: price // factor for code, price in whole.items()}, Fraction(factor, denominator)
