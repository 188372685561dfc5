"""What waits, and holds: how members steer their own liquidity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from paritas.api.calls import PAGE, PAGE_MAX, Call, Done, account_named, change
from paritas.api.principals import OPERATORS, SUBMITTERS, TREASURERS
from paritas.api.routes import Parameter, Route
from paritas.core.state import State, Waiting
from paritas.model import commands as c
from paritas.model.instructions import Leg
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.node import liquidity
from paritas.node.liquidity import Held, Queued
from paritas.node.submissions import AskedLeg

AmountMinor = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]


class QueueAnswer(msgspec.Struct, frozen=True):
    """What waits, in order of arrival; ``cursor`` leads to what follows, "" if nothing does."""

    seq: int
    queue: tuple[Queued, ...]
    cursor: str


class HoldsAnswer(msgspec.Struct, frozen=True):
    """The holds that may be seen."""

    seq: int
    holds: tuple[Held, ...]


# --- the queue


def _sees_waiting(call: Call, state: State, waiting: Waiting) -> bool:
    """Who sends it sees it, and whoever it would debit, and the issuer of a book that it moves on."""
    command = state.instructions[waiting.number]
    assert command is not None
    bics = [state.parties[command.sender].bic]
    for payer, _, _ in waiting.legs:
        bics += payer.party.bic, payer.book.issuer.bic
    return call.principal.sees(*bics)


async def get_queue(call: Call) -> QueueAnswer:
    """Answer with a page of what waits."""
    limit = max(1, call.query_number("limit", PAGE, PAGE_MAX))
    after = call.query_number("cursor", 0)
    currency = call.query("currency")

    def find(state: State) -> list[Queued]:
        found: list[Queued] = []
        for number in _from(state.queue, after):
            waiting = state.queue[number]
            if currency and all(a.book.currency != currency for a in waiting.accounts):
                continue
            if _sees_waiting(call, state, waiting):
                found.append(liquidity.queued(state, waiting))
                if len(found) > limit:
                    break
        return found

    found, seq = await call.node.read(find)
    cursor = str(found[limit - 1].number) if len(found) > limit else ""
    return QueueAnswer(seq, tuple(found[:limit]), cursor)


def _from(queue: dict[int, Waiting], after: int) -> Iterable[int]:
    # The queue is a dictionary in order of arrival, and numbers are given in that order.
    return (number for number in queue if number > after)


class NewPriority(msgspec.Struct, frozen=True):
    """The priority that something waiting is to have."""

    priority: Literal["urgent", "high", "normal"]


class NewPlace(msgspec.Struct, frozen=True):
    """Where something waiting is to stand in its priority's line."""

    place: Literal["front", "end"]


_PRIORITY_NUMBERS = {name: number for number, name in liquidity.PRIORITY_NAMES.items()}


async def post_cancel(call: Call) -> Done:
    """Withdraw what waits."""
    number = call.number()
    signature = call.principal.signature
    return await call.carry_out(
        lambda turn, actor: c.CancelInstruction(turn.at_ns, actor, signature, number)
    )


async def post_priority(call: Call) -> Done:
    """Give what waits another priority."""
    number, signature = call.number(), call.principal.signature
    priority = _PRIORITY_NUMBERS[call.json(NewPriority).priority]
    return await call.carry_out(
        lambda turn, actor: c.SetPriority(turn.at_ns, actor, signature, number, priority)
    )


async def post_reorder(call: Call) -> Done:
    """Move what waits to the front or to the end of its line."""
    number, signature = call.number(), call.principal.signature
    to_front = call.json(NewPlace).place == "front"
    return await call.carry_out(
        lambda turn, actor: c.ReorderQueue(turn.at_ns, actor, signature, number, to_front)
    )


# --- holds


class NewHold(msgspec.Struct, frozen=True):
    """Funds to be earmarked on the leg's payer's account until ``expires_ns``."""

    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=35)]
    leg: AskedLeg
    expires_ns: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Promise(msgspec.Struct, frozen=True):
    """The decision that a hold is promised to."""

    decision: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Decision(msgspec.Struct, frozen=True):
    """A decision taken: capture everything promised to it, or release it."""

    decision: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    capture: bool


async def get_holds(call: Call) -> HoldsAnswer:
    """Answer with the holds that may be seen."""

    def find(state: State) -> tuple[Held, ...]:
        return tuple(
            held
            for held in liquidity.holds(state)
            if call.principal.sees(
                held.payer, held.payee, state.book_by_currency[held.currency].issuer.bic
            )
        )

    found, seq = await call.node.read(find)
    return HoldsAnswer(seq, found)


async def post_hold(call: Call) -> Done:
    """Offer a hold."""
    asked, signature = call.json(NewHold), call.principal.signature
    payer = account_named(call.node.state, asked.leg.payer, asked.leg.currency)
    payee = account_named(call.node.state, asked.leg.payee, asked.leg.currency)
    leg = Leg(payer.number, payee.number, asked.leg.amount_minor)
    return await call.carry_out(
        lambda turn, actor: c.OfferHold(
            turn.at_ns, actor, signature, asked.reference, leg, asked.expires_ns
        )
    )


async def post_withdraw(call: Call) -> Done:
    """Withdraw an offered hold."""
    number, signature = call.number(), call.principal.signature
    return await call.carry_out(
        lambda turn, actor: c.WithdrawHold(turn.at_ns, actor, signature, number)
    )


async def post_promise(call: Call) -> Done:
    """Promise an offered hold to a decision."""
    number, signature = call.number(), call.principal.signature
    decision = call.json(Promise).decision
    return await call.carry_out(
        lambda turn, actor: c.PromiseHold(turn.at_ns, actor, signature, number, decision)
    )


async def post_decision(call: Call) -> Done:
    """Record a decision."""
    asked, signature = call.json(Decision), call.principal.signature
    return await call.carry_out(
        lambda turn, actor: c.DecideHolds(
            turn.at_ns, actor, signature, asked.decision, asked.capture
        )
    )


_NUMBER = (Parameter("number", "The number that it was given."),)


ROUTES = (
    Route(
        "GET",
        "/v1/queue",
        "queue",
        "What waits, why, and what would free it",
        get_queue,
        parameters=(
            Parameter("currency", "Only this currency."),
            Parameter("cursor", "Where the page before ended."),
            Parameter("limit", "At most so many.", int),
        ),
        answer=QueueAnswer,
    ),
    change(
        "POST",
        "/v1/queue/{number}/cancel",
        "cancel",
        "Cancel what waits",
        post_cancel,
        roles=SUBMITTERS,
        parameters=_NUMBER,
    ),
    change(
        "POST",
        "/v1/queue/{number}/priority",
        "set_priority",
        "Give what waits another priority",
        post_priority,
        roles=TREASURERS,
        parameters=_NUMBER,
        request=NewPriority,
    ),
    change(
        "POST",
        "/v1/queue/{number}/reorder",
        "reorder",
        "Move what waits to the front or the end",
        post_reorder,
        roles=TREASURERS,
        parameters=_NUMBER,
        request=NewPlace,
    ),
    Route("GET", "/v1/holds", "holds", "The holds", get_holds, answer=HoldsAnswer),
    change(
        "POST",
        "/v1/holds",
        "offer_hold",
        "Earmark funds",
        post_hold,
        roles=TREASURERS,
        request=NewHold,
    ),
    change(
        "POST",
        "/v1/holds/{number}/withdraw",
        "withdraw_hold",
        "Withdraw an offered hold",
        post_withdraw,
        roles=TREASURERS,
        parameters=_NUMBER,
    ),
    change(
        "POST",
        "/v1/holds/{number}/promise",
        "promise_hold",
        "Promise a hold to a decision",
        post_promise,
        roles=TREASURERS,
        parameters=_NUMBER,
        request=Promise,
    ),
    change(
        "POST",
        "/v1/decisions",
        "decide_holds",
        "Record the decision about promised holds",
        post_decision,
        roles=OPERATORS,
        request=Decision,
    ),
)
