"""What became of payments: by number, UETR or reference, with every step of their lives."""

from __future__ import annotations

import re

import msgspec

from paritas.api.calls import PAGE, PAGE_MAX, Call
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.node.history_queries import Page, Payment, Search, Step
from paritas.node.questions import PaymentsAsked, PaymentStory

_UETR = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class PaymentAnswer(msgspec.Struct, frozen=True):
    """A payment, and every step of its life in order of time."""

    seq: int
    payment: Payment
    timeline: tuple[Step, ...]


class PaymentsAnswer(msgspec.Struct, frozen=True):
    """Payments, newest first; ``cursor`` leads to what follows, "" if nothing does."""

    seq: int
    payments: tuple[Payment, ...]
    cursor: str


async def get_payment(call: Call) -> PaymentAnswer:
    """Answer by number, or by UETR where one payment that may be seen has it."""
    name = call.parameters["id"]
    seq = call.node.seq
    number = 0
    if _UETR.fullmatch(name):
        asked = PaymentsAsked(search=Search(uetr=name.lower()), limit=2, seen_by=_seen_by(call))
        page = await call.node.archive.ask("payments", asked, Page[Payment])
        if len(page.items) > 1:
            text = "Several payments have this UETR; ask GET /v1/payments?uetr= for all of them."
            raise Refused("conflict", text)
        number = page.items[0].number if page.items else 0
    elif name.isascii() and name.isdigit() and len(name) < 20:
        number = int(name)
    asked = PaymentsAsked(number=number, seen_by=_seen_by(call))
    story = await call.node.archive.ask("payment", asked, PaymentStory | None)  # type: ignore[arg-type]
    if story is None:
        raise Refused("not_found", f"There is no payment {name[:40]!r} that you may see.")
    return PaymentAnswer(seq, story.payment, story.timeline)


def _seen_by(call: Call) -> str:
    return call.principal.institution


async def get_payments(call: Call) -> PaymentsAnswer:
    """Answer a search, a page at a time."""
    if unknown := set(call.request.query_params) - _SEARCHED:
        raise Refused("invalid", f"{sorted(unknown)[0][:40]!r} cannot be searched by.")
    search = Search(
        uetr=call.query("uetr").lower(),
        reference=call.query("reference"),
        message_id=call.query("message_id"),
        # Those who do not see everything search among their own.
        member=call.query("member") or _own_member(call),
        date=call.query("date"),
        currency=call.query("currency"),
        amount_from_minor=call.query_number("amount_from_minor", -1)
        if call.query("amount_from_minor")
        else None,
        amount_to_minor=call.query_number("amount_to_minor", -1)
        if call.query("amount_to_minor")
        else None,
        state=call.query("state"),
    )
    limit = call.query_number("limit", PAGE, PAGE_MAX)
    seq = call.node.seq
    asked = PaymentsAsked(0, search, call.query("cursor"), max(1, limit), _seen_by(call))
    page = await call.node.archive.ask("payments", asked, Page[Payment])
    return PaymentsAnswer(seq, page.items, page.cursor)


def _own_member(call: Call) -> str:
    party = call.node.state.party_by_bic.get(call.principal.institution)
    return party.bic if party is not None and party.is_member else ""


_PARAMETERS = (
    Parameter("uetr", "Unique end-to-end transaction reference."),
    Parameter("reference", "TxId, else InstrId, or an instruction's reference."),
    Parameter("message_id", "MsgId of the message that it came in."),
    Parameter("member", "BIC of any party to it."),
    Parameter("date", "Value date, ISO."),
    Parameter("currency", "Currency of one of its legs."),
    Parameter("amount_from_minor", "At least this amount, in minor units.", int),
    Parameter("amount_to_minor", "At most this amount, in minor units.", int),
    Parameter("state", "waiting, settled, refused or cancelled."),
    Parameter("cursor", "Where the page before ended."),
    Parameter("limit", f"At most so many, up to {PAGE_MAX}.", int),
)
_SEARCHED = {parameter.name for parameter in _PARAMETERS}

ROUTES = (
    Route(
        "GET",
        "/v1/payments/{id}",
        "payment",
        "A payment by its number or UETR: its status and timeline",
        get_payment,
        parameters=(Parameter("id", "The payment's number in the journal, or its UETR."),),
        answer=PaymentAnswer,
    ),
    Route(
        "GET",
        "/v1/payments",
        "payments",
        "Search payments",
        get_payments,
        parameters=_PARAMETERS,
        answer=PaymentsAnswer,
    ),
)
