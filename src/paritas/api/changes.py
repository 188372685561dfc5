"""Changes that take several people: propose, read, approve, withdraw (docs/trust.md)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from paritas.api.asked_changes import Asked, command_of
from paritas.api.calls import Call, Done, change, decode_json
from paritas.api.principals import Role
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.core import approvals
from paritas.core.state import PendingChange, State
from paritas.model import commands as c
from paritas.model.instructions import Bypass
from paritas.model.keys import key_text
from paritas.model.money import minor_digits

#: Who may propose and approve for an institution.
CHANGERS = frozenset({Role.OPERATOR, Role.ISSUER, Role.TREASURER, Role.SYSTEM})

# --- what is shown -----------------------------------------------------------------------------


class Approval(msgspec.Struct, frozen=True):
    """Somebody's yes. ``person`` is the number that the journal knows a person by, or a key."""

    institution: str
    person: str
    signed: bool


class ChangeShown(msgspec.Struct, frozen=True):
    """A change that waits.

    ``content`` is exactly what is approved, in base64: msgpack, [tag, 0, actor, "", fields...] as
    the journal writes commands; ``digest`` is its SHA-256 in hexadecimal. Compute it yourself.
    """

    number: int
    #: Which kind of change, such as "IssueMoney", and what it says.
    kind: str
    says: dict[str, str]
    content: str
    digest: str
    proposed_by: str
    expires_ns: int
    approvals: tuple[Approval, ...]
    #: Institutions that must all consent, and how many issuers must, whichever.
    needs: tuple[str, ...]
    needs_issuers: int


class ChangesAnswer(msgspec.Struct, frozen=True):
    """The changes that wait and that the asker has to do with."""

    seq: int
    changes: tuple[ChangeShown, ...]


class Yes(msgspec.Struct, frozen=True):
    """The digest of what is approved: SHA-256 of its ``content``, in hexadecimal."""

    digest: Annotated[str, msgspec.Meta(min_length=64, max_length=64, pattern="^[0-9a-f]+$")]


def _show(state: State, pending: PendingChange) -> ChangeShown:
    content = approvals.content_of(pending.change)
    parties, issuers = approvals.consent_needed(state, pending.change)
    given = tuple(
        Approval(_name(state, party), person.decode("latin-1"), signed)
        for party, people in sorted(pending.approvals.items())
        for person, signed in people
    )
    return ChangeShown(
        pending.number,
        type(pending.change).__name__,
        _says(state, pending.change),
        base64.b64encode(content).decode(),
        pending.digest.hex(),
        _name(state, pending.proposer),
        pending.expires_ns,
        given,
        tuple(_name(state, party) for party in sorted(parties)),
        issuers,
    )


def _name(state: State, party: int) -> str:
    return state.parties[party].bic if party else "operator"


def _says(state: State, change: Any) -> dict[str, str]:
    """Say a command's fields with names in place of numbers."""
    says: dict[str, str] = {}
    for field in change.__struct_fields__[3:]:
        value = getattr(change, field)
        words = _WORDS.get(field)
        says[field] = words(state, value) if words else str(value)
    account = state.accounts.get(getattr(change, "account", 0))
    for field in ("amount_minor", "limit_minor"):
        if account is not None and field in says:
            currency = account.book.currency
            says["amount"] = f"{_decimal(getattr(change, field), currency)} {currency}"
    return says


def _decimal(amount_minor: int, currency: str) -> str:
    digits = minor_digits(currency)
    whole, rest = divmod(amount_minor, 10**digits)
    return f"{whole:,}.{rest:0{digits}}" if digits else f"{whole:,}"


def _account(state: State, number: int) -> str:
    account = state.accounts[number]
    return f"{account.party.bic} {account.book.currency}"


_WORDS: dict[str, Callable[[State, Any], str]] = {
    "account": _account,
    "party": _name,
    "member": _name,
    "sender": _name,
    "book": lambda state, number: state.books[number].currency,
    "book_a": lambda state, number: state.books[number].currency,
    "book_b": lambda state, number: state.books[number].currency,
    "key": lambda _, key: key_text(key),
    "bypass": lambda _, number: Bypass(number).name.lower(),
}


def _concerns(call: Call, state: State, pending: PendingChange) -> bool:
    """Those who proposed it, those who may consent, and the member whom it is about, see it."""
    parties, issuers = approvals.consent_needed(state, pending.change)
    concerned = {pending.proposer, *parties, *(state.issuers() if issuers else ())}
    account = state.accounts.get(getattr(pending.change, "account", 0))
    if account is not None:
        concerned.add(account.party.number)
    for field in ("party", "member"):
        concerned.add(getattr(pending.change, field, pending.proposer))
    return call.principal.sees(*(state.parties[n].bic for n in concerned if n in state.parties))


def _waiting(call: Call, state: State) -> tuple[ChangeShown, ...]:
    now_ns = call.node.now_ns()
    return tuple(
        _show(state, pending)
        for pending in state.changes.values()
        if pending.expires_ns > now_ns and _concerns(call, state, pending)
    )


# --- handlers ----------------------------------------------------------------------------------


async def get_changes(call: Call) -> ChangesAnswer:
    """Answer with what waits for somebody's approval."""
    found, seq = await call.node.read(lambda state: _waiting(call, state))
    return ChangesAnswer(seq, found)


async def post_change(call: Call) -> Done:
    """Propose a change."""
    asked = decode_json(call.body.content, _ASKED)
    command = command_of(asked, call.node.state, call.actor)
    return await call.carry_out(
        lambda turn, actor: msgspec.structs.replace(command, at_ns=turn.at_ns)
    )


async def post_approve(call: Call) -> Done:
    """Approve a change."""
    number, signature = _seen(call), call.principal.signature
    content = bytes.fromhex(call.json(Yes).digest)
    return await call.carry_out(
        lambda turn, actor: c.ApproveChange(
            turn.at_ns, actor, signature, number, content, call.person
        )
    )


async def post_withdraw(call: Call) -> Done:
    """Withdraw a change, or turn it down."""
    number, signature = _seen(call), call.principal.signature
    return await call.carry_out(
        lambda turn, actor: c.WithdrawChange(turn.at_ns, actor, signature, number, call.person)
    )


def _seen(call: Call) -> int:
    number = call.number()
    pending = call.node.state.changes.get(number)
    if pending is None or not _concerns(call, call.node.state, pending):
        raise Refused("not_found", f"There is no change {number} that waits and that you may see.")
    return number


_ASKED: msgspec.json.Decoder[Asked] = msgspec.json.Decoder(Asked)
_NUMBER = (Parameter("number", "The change's number."),)

ROUTES = (
    Route(
        "GET",
        "/v1/changes",
        "changes",
        "What waits for approval",
        get_changes,
        answer=ChangesAnswer,
    ),
    change(
        "POST",
        "/v1/changes",
        "propose_change",
        "Propose a change, as the first of the people it takes",
        post_change,
        roles=CHANGERS,
        request=Asked,
        four_eyes=True,
    ),
    change(
        "POST",
        "/v1/changes/{number}/approve",
        "approve_change",
        "Approve a change, as another person",
        post_approve,
        roles=CHANGERS,
        parameters=_NUMBER,
        request=Yes,
    ),
    change(
        "POST",
        "/v1/changes/{number}/withdraw",
        "withdraw_change",
        "Take a change back, or turn it down",
        post_withdraw,
        roles=CHANGERS,
        parameters=_NUMBER,
    ),
)
