"""Balances, the forecast of liquidity, and the books' days: what there is, was and will be."""

from __future__ import annotations

from typing import Annotated

import msgspec

from paritas.api.calls import Call, book_named
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.core.state import Account, State
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.node import liquidity
from paritas.node.calendars import parse_instant_ns
from paritas.node.liquidity import Balance, BookDay, Forecast
from paritas.node.questions import BalancesAsked

AmountMinor = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]


class BalancesAnswer(msgspec.Struct, frozen=True):
    """Accounts as they stand at row ``seq``."""

    seq: int
    balances: tuple[Balance, ...]


class PastBalance(msgspec.Struct, frozen=True):
    """An account's balance at a past moment."""

    member: str
    currency: str
    balance_minor: int


class PastBalancesAnswer(msgspec.Struct, frozen=True):
    """Balances as they were at ``at_ns``; ``seq`` is the row up to which the past is known."""

    seq: int
    at_ns: int
    balances: tuple[PastBalance, ...]


class ForecastAnswer(msgspec.Struct, frozen=True):
    """What is to come, account by account."""

    seq: int
    accounts: tuple[Forecast, ...]


class BooksAnswer(msgspec.Struct, frozen=True):
    """The books, and where the business day of each stands."""

    seq: int
    books: tuple[BookDay, ...]


def _accounts(call: Call, state: State) -> list[Account]:
    """Return the accounts that are asked for and may be seen."""
    wanted = call.query("currency")
    if wanted:
        book_named(state, wanted)
    member = call.institution(state, call.query("member")) if call.query("member") else None
    return [
        account
        for _, account in sorted(state.accounts.items())
        if call.sees_account(account)
        and wanted in ("", account.book.currency)
        and (member is None or account.party is member)
    ]


async def get_balances(call: Call) -> BalancesAnswer | PastBalancesAnswer:
    """Answer with the present balances, or with those of a past moment."""
    when = call.query("at")
    if when:
        return await _past_balances(call, when)
    balances, seq = await call.node.read(
        lambda state: tuple(map(liquidity.balance_of, _accounts(call, state)))
    )
    return BalancesAnswer(seq, balances)


async def _past_balances(call: Call, when: str) -> PastBalancesAnswer:
    at_ns = int(when) if when.isascii() and when.isdigit() and len(when) < 20 else None
    at_ns = parse_instant_ns(when) if at_ns is None else at_ns
    if at_ns is None or at_ns >= 2**63:
        text = "at is a moment such as 2026-09-30T09:00:00Z, or nanoseconds since 1970."
        raise Refused("invalid", text)
    if at_ns > call.node.now_ns():
        raise Refused("invalid", "at lies in the future: GET /v1/forecast says what is to come.")
    names, seq = await call.node.read(
        lambda state: tuple((a.party.bic, a.book.currency) for a in _accounts(call, state))
    )
    found = await call.node.archive.ask("balances", BalancesAsked(names, at_ns), list[int])
    balances = (PastBalance(*name, minor) for name, minor in zip(names, found, strict=True))
    return PastBalancesAnswer(seq, at_ns, tuple(balances))


async def get_forecast(call: Call) -> ForecastAnswer:
    """Answer with what is to come at each account."""
    found, seq = await call.node.read(
        lambda state: tuple(liquidity.forecasts(state, _accounts(call, state)))
    )
    return ForecastAnswer(seq, found)


async def get_books(call: Call) -> BooksAnswer:
    """Answer with the books."""
    found, seq = await call.node.read(lambda state: tuple(liquidity.book_days(state)))
    return BooksAnswer(seq, found)


_CURRENCY = Parameter("currency", "Only this currency.")
_MEMBER = Parameter("member", "Only the accounts of this BIC.")

ROUTES = (
    Route(
        "GET",
        "/v1/balances",
        "balances",
        "Balances now, or as they were at a past moment",
        get_balances,
        parameters=(
            _CURRENCY,
            _MEMBER,
            Parameter("at", "A past moment: ISO 8601 with zone, or nanoseconds since 1970."),
        ),
        answer=BalancesAnswer | PastBalancesAnswer,
    ),
    Route(
        "GET",
        "/v1/forecast",
        "forecast",
        "Liquidity to the end of the day: balance, and what waits in and out",
        get_forecast,
        parameters=(_CURRENCY, _MEMBER),
        answer=ForecastAnswer,
    ),
    Route(
        "GET",
        "/v1/books",
        "books",
        "The books and their days",
        get_books,
        own=False,
        answer=BooksAnswer,
    ),
)
