"""What issuers, treasurers and the operator set: limits, money, membership, reservations, days."""

from __future__ import annotations

from typing import Annotated

import msgspec

from paritas.api.calls import Call, Done, account_named, book_named, change
from paritas.api.principals import ISSUERS, OPERATORS, TREASURERS, Role
from paritas.api.problems import Refused
from paritas.api.routes import Parameter
from paritas.model import commands as c
from paritas.model.money import AMOUNT_MINOR_MAX

AmountMinor = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]


class NewLimit(msgspec.Struct, frozen=True):
    """How far an account may go below zero, in minor units."""

    limit_minor: AmountMinor


class Money(msgspec.Struct, frozen=True):
    """An amount that comes onto a book or leaves it."""

    amount_minor: Annotated[int, msgspec.Meta(gt=0, le=AMOUNT_MINOR_MAX)]


class NewReservation(msgspec.Struct, frozen=True):
    """What is set aside for urgent, and for high priority, in minor units."""

    urgent_minor: AmountMinor
    high_minor: AmountMinor


async def put_limit(call: Call) -> Done:
    """Set an account's limit."""
    account, signature = _named(call), call.principal.signature
    limit_minor = call.json(NewLimit).limit_minor
    return await call.carry_out(
        lambda turn, actor: c.SetLimit(turn.at_ns, actor, signature, account, limit_minor)
    )


async def post_issue(call: Call) -> Done:
    """Put money on an account."""
    account, signature = _named(call), call.principal.signature
    amount_minor = call.json(Money).amount_minor
    return await call.carry_out(
        lambda turn, actor: c.IssueMoney(turn.at_ns, actor, signature, account, amount_minor)
    )


async def post_redeem(call: Call) -> Done:
    """Take money off an account."""
    account, signature = _named(call), call.principal.signature
    amount_minor = call.json(Money).amount_minor
    return await call.carry_out(
        lambda turn, actor: c.RedeemMoney(turn.at_ns, actor, signature, account, amount_minor)
    )


async def post_suspend(call: Call) -> Done:
    """Stop a member on a book."""
    account, signature = _named(call), call.principal.signature
    return await call.carry_out(
        lambda turn, actor: c.SuspendMember(turn.at_ns, actor, signature, account)
    )


async def post_reinstate(call: Call) -> Done:
    """End a suspension."""
    account, signature = _named(call), call.principal.signature
    return await call.carry_out(
        lambda turn, actor: c.ReinstateMember(turn.at_ns, actor, signature, account)
    )


async def put_reservation(call: Call) -> Done:
    """Set funds of an account aside."""
    account, signature = _named(call), call.principal.signature
    asked = call.json(NewReservation)
    return await call.carry_out(
        lambda turn, actor: c.SetReservation(
            turn.at_ns, actor, signature, account, asked.urgent_minor, asked.high_minor
        )
    )


def _named(call: Call) -> int:
    names = call.parameters["bic"], call.parameters["currency"]
    account = account_named(call.node.state, *names)
    if not call.sees_account(account):
        raise Refused("not_found", f"There is no account {'/'.join(names)!r} that you may see.")
    return account.number


async def post_cut_off(call: Call) -> Done:
    """Take nothing new for a book's present date."""
    number, signature = _book(call), call.principal.signature
    return await call.carry_out(lambda turn, actor: c.CutOff(turn.at_ns, actor, signature, number))


async def post_close(call: Call) -> Done:
    """End a book's business date before its time."""
    number, signature = _book(call), call.principal.signature
    return await call.carry_out(
        lambda turn, actor: c.CloseBook(turn.at_ns, actor, signature, number)
    )


def _book(call: Call) -> int:
    return book_named(call.node.state, call.parameters["currency"]).number


_ACCOUNT = (Parameter("bic", "The member's BIC."), Parameter("currency", "The book's currency."))
_BOOK = (Parameter("currency", "The book's currency."),)
_MOVERS = OPERATORS | {Role.ISSUER}
_IN = "/v1/accounts/{bic}/{currency}"
ROUTES = (
    change(
        "PUT",
        f"{_IN}/limit",
        "set_limit",
        "Set how far an account may go below zero",
        put_limit,
        roles=ISSUERS,
        parameters=_ACCOUNT,
        request=NewLimit,
        four_eyes=True,
    ),
    change(
        "POST",
        f"{_IN}/issue",
        "issue",
        "Put money on an account",
        post_issue,
        roles=ISSUERS,
        parameters=_ACCOUNT,
        request=Money,
        four_eyes=True,
    ),
    change(
        "POST",
        f"{_IN}/redeem",
        "redeem",
        "Take money off an account",
        post_redeem,
        roles=ISSUERS,
        parameters=_ACCOUNT,
        request=Money,
        four_eyes=True,
    ),
    change(
        "POST",
        f"{_IN}/suspend",
        "suspend",
        "Stop a member on a book",
        post_suspend,
        roles=ISSUERS,
        parameters=_ACCOUNT,
        four_eyes=True,
    ),
    change(
        "POST",
        f"{_IN}/reinstate",
        "reinstate",
        "End a suspension",
        post_reinstate,
        roles=ISSUERS,
        parameters=_ACCOUNT,
        four_eyes=True,
    ),
    change(
        "PUT",
        f"{_IN}/reservation",
        "set_reservation",
        "Set funds aside for what is urgent",
        put_reservation,
        roles=TREASURERS,
        parameters=_ACCOUNT,
        request=NewReservation,
    ),
    change(
        "POST",
        "/v1/books/{currency}/cut-off",
        "cut_off",
        "Take nothing new for the present date",
        post_cut_off,
        roles=_MOVERS,
        parameters=_BOOK,
    ),
    change(
        "POST",
        "/v1/books/{currency}/close",
        "close_book",
        "End a book's date before its time",
        post_close,
        roles=_MOVERS,
        parameters=_BOOK,
    ),
)
