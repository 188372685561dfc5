"""What members are told of as it happens: one notice for each thing that changed, and whom it concerns.

Notices are made from durable rows when somebody follows, never in the settling path; the same row
always gives the same notices, so a follower that comes back misses nothing and gets nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from paritas.core.approvals import consent_needed
from paritas.core.approvals import told as told_of_change
from paritas.core.lifecycle import ISO_STATUS, Status
from paritas.core.state import Account, State
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.instructions import Leg
from paritas.node.feed import FeedRow
from paritas.node.liquidity import PRIORITY_NAMES, QueuedLeg, date_text


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that changed. ``id`` is its place in the journal and orders all notices.

    ``kind`` is payment.settled, payment.waiting, payment.refused, payment.cancelled, payment.matched,
    payment.cancel_asked, payment.moved, message.received, message.refused, hold.offered,
    hold.promised, hold.released, hold.captured, account.limit, account.issued, account.redeemed,
    account.suspended, account.reinstated, account.reservation, book.opened, book.cut_off,
    book.closed, change.proposed, change.approved, change.applied, change.failed,
    change.withdrawn, change.expired, or another for what is added later.
    """

    id: str
    kind: str
    at_ns: int
    seq: int
    #: Of what it is about: the payment's, the hold's or the message's.
    number: int = 0
    reference: str = ""
    uetr: str = ""
    #: In the terms of pacs.002.
    status: str = ""
    reason: str = ""
    text: str = ""
    legs: tuple[QueuedLeg, ...] = ()
    member: str = ""
    currency: str = ""
    amount_minor: int | None = None
    date: str = ""
    priority: str = ""


#: A notice, and the institutions that it concerns; None for everybody.
Concerning = tuple[Notice, frozenset[str] | None]


class _Told(msgspec.Struct):
    """What an event tells, before it has its place."""

    kind: str
    concerns: frozenset[str] | None
    more: dict[str, Any]


Pair = tuple[c.AnyCommand, e.AnyEvent]
_Teller = Callable[[State, Any, Any], Iterator[_Told]]
#: Event type, or command type for Recorded -> what it tells. Others may add their own.
TELLERS: dict[type, _Teller] = {}


def teller(*kinds: type) -> Callable[[_Teller], _Teller]:
    """Declare what events of these kinds (commands, for ``Recorded``) tell."""

    def declare(function: _Teller) -> _Teller:
        for kind in kinds:
            TELLERS[kind] = function
        return function

    return declare


def notices(state: State, row: FeedRow) -> Iterator[Concerning]:
    """Yield what a durable row tells, in order; ``state`` may have gone on since."""
    for position, (command, events) in enumerate(row.records):
        index = 0
        for told_command, event in _unfolded(command, events):
            kind = type(told_command) if type(event) is e.Recorded else type(event)
            function = TELLERS.get(kind)
            if function is None:
                continue
            for told in function(state, told_command, event):
                place = f"{row.seq}-{position}-{index}"
                index += 1
                notice = Notice(place, told.kind, command.at_ns, row.seq, **told.more)
                yield notice, told.concerns


def _unfolded(command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> Iterator[Pair]:
    """Yield each event with its command; after a change that was applied, what it changed."""
    for event in events:
        yield command, event
        if isinstance(event, e.ChangeApplied):
            yield told_of_change(command, event)


def place_of(identifier: str) -> tuple[int, int, int] | None:
    """Return a notice's place from its id, or None if it is none."""
    parts = identifier.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 20 for p in parts):
        return None
    seq, position, index = map(int, parts)
    return seq, position, index


# --- payments


def _payment(state: State, number: int, kind: str, status: Status, **more: Any) -> _Told:
    command = state.instructions[number]
    assert command is not None
    legs, concerns = _legs(state, command.legs)
    sender = state.parties.get(command.sender)
    if sender is not None:
        concerns.add(sender.bic)
    return _Told(
        kind,
        frozenset(concerns),
        {
            "number": number,
            "reference": command.reference,
            "uetr": command.uetr,
            "status": ISO_STATUS.get(status, ""),
            "legs": legs,
            **more,
        },
    )


def _legs(state: State, legs: tuple[Leg, ...]) -> tuple[tuple[QueuedLeg, ...], set[str]]:
    """Return legs by their names, as far as they name accounts; and whom they concern."""
    told, concerns = [], set()
    for leg in legs:
        payer, payee = state.accounts.get(leg.payer), state.accounts.get(leg.payee)
        if payer is None or payee is None:
            continue
        currency = payer.book.currency
        told.append(QueuedLeg(payer.party.bic, payee.party.bic, currency, leg.amount_minor))
        concerns |= {payer.party.bic, payee.party.bic, payer.book.issuer.bic}
    return tuple(told), concerns


def _payer_side(state: State, told: _Told) -> _Told:
    """Cut what concerns a payee out: it hears of a payment only when it has settled."""
    command = state.instructions[told.more["number"]]
    assert command is not None
    concerns = {state.parties[command.sender].bic} if command.sender in state.parties else set()
    for leg in command.legs:
        payer = state.accounts.get(leg.payer)
        if payer is not None:
            concerns |= {payer.party.bic, payer.book.issuer.bic}
    told.concerns = frozenset(concerns)
    return told


def _sides(state: State, first: int) -> Iterator[int]:
    """Yield an instruction and, of a matched trade, the other side that it stands for."""
    yield first
    command = state.instructions[first]
    if command is None or not command.trade:
        return
    # Followers are near the end of what happened, so the newest trades are looked at first.
    for second in reversed(state.joined):
        if state.joined[second] == first:
            yield second
            return


@teller(e.InstructionSettled, e.QueuedSettled)
def _settled(state: State, _: Any, event: Any) -> Iterator[_Told]:
    numbers = [event.number] if type(event) is e.InstructionSettled else _sides(state, event.number)
    for number in numbers:
        yield _payment(state, number, "payment.settled", Status.SETTLED)


@teller(e.SetSettled)
def _set_settled(state: State, _: Any, event: e.SetSettled) -> Iterator[_Told]:
    for first in event.numbers:
        for number in _sides(state, first):
            yield _payment(state, number, "payment.settled", Status.SETTLED)


@teller(e.InstructionQueued)
def _waiting(state: State, _: Any, event: e.InstructionQueued) -> Iterator[_Told]:
    told = _payment(state, event.number, "payment.waiting", Status.WAITING)
    yield _payer_side(state, told)


@teller(e.InstructionRefused)
def _refused(state: State, _: Any, event: e.InstructionRefused) -> Iterator[_Told]:
    why = {"reason": event.reason, "text": event.text}
    told = _payment(state, event.number, "payment.refused", Status.REFUSED, **why)
    yield _payer_side(state, told)


@teller(e.QueuedRefused)
def _queued_refused(state: State, _: Any, event: e.QueuedRefused) -> Iterator[_Told]:
    why = {"reason": event.reason, "text": event.text}
    for number in _sides(state, event.number):
        told = _payment(state, number, "payment.refused", Status.REFUSED, **why)
        yield _payer_side(state, told)


@teller(e.QueuedCancelled)
def _cancelled(state: State, _: Any, event: e.QueuedCancelled) -> Iterator[_Told]:
    for number in _sides(state, event.number):
        told = _payment(state, number, "payment.cancelled", Status.CANCELLED)
        yield _payer_side(state, told)


@teller(e.SidesMatched)
def _matched(state: State, _: Any, event: e.SidesMatched) -> Iterator[_Told]:
    for number in (event.first, event.second):
        yield _payment(state, number, "payment.matched", Status.WAITING)


@teller(e.CancelAsked)
def _cancel_asked(state: State, _: Any, event: e.CancelAsked) -> Iterator[_Told]:
    yield _payment(state, event.number, "payment.cancel_asked", Status.WAITING)


@teller(e.QueueMoved)
def _moved(state: State, _: Any, event: e.QueueMoved) -> Iterator[_Told]:
    priority = {"priority": PRIORITY_NAMES[event.priority]}
    told = _payment(state, event.number, "payment.moved", Status.WAITING, **priority)
    yield _payer_side(state, told)


# --- changes that take several people

_CHANGE_KINDS: dict[type, str] = {
    e.ChangeProposed: "change.proposed",
    e.ChangeApproved: "change.approved",
    e.ChangeApplied: "change.applied",
    e.ChangeFailed: "change.failed",
    e.ChangeWithdrawn: "change.withdrawn",
    e.ChangeExpired: "change.expired",
}


@teller(*_CHANGE_KINDS)
def _change(state: State, command: Any, event: Any) -> Iterator[_Told]:
    """Told to whoever acts; what it is about, the rest are told when it happens."""
    more: dict[str, Any] = {"number": event.number, "text": getattr(event, "text", "")}
    pending = state.changes.get(event.number)
    concerned = {command.actor, *(pending.approvals if pending is not None else ())}
    if pending is not None:
        parties, issuers = consent_needed(state, pending.change)
        concerned |= {pending.proposer, *parties, *(state.issuers() if issuers else ())}
    bics = frozenset(state.parties[number].bic for number in concerned if number in state.parties)
    yield _Told(_CHANGE_KINDS[type(event)], bics - {""}, more)


# --- messages


@teller(c.RecordMessage)
def _message(_: State, command: c.RecordMessage, event: e.Recorded) -> Iterator[_Told]:
    more = {"number": event.number, "reference": command.message_id}
    yield _Told("message.received", frozenset({command.sender}), more)


@teller(c.RecordRefusal)
def _edge(state: State, command: c.RecordRefusal, _: e.Recorded) -> Iterator[_Told]:
    party = state.parties.get(command.actor)
    more = {
        "number": command.message,
        "reference": command.reference,
        "status": "RJCT",
        "reason": command.reason,
        "text": command.text,
    }
    # Whoever sent it; what nobody is known to have sent concerns the operator alone.
    concerns = frozenset({party.bic}) if party is not None and party.bic else frozenset()
    yield _Told("message.refused", concerns, more)


# --- holds


@teller(e.HoldOffered)
def _hold_offered(state: State, command: c.OfferHold, event: e.HoldOffered) -> Iterator[_Told]:
    legs, concerns = _legs(state, (command.leg,))
    more = {"number": event.number, "reference": command.reference, "legs": legs}
    yield _Told("hold.offered", frozenset(concerns), more)


@teller(e.HoldPromised, e.HoldReleased)
def _hold_changed(state: State, command: Any, event: Any) -> Iterator[_Told]:
    kind = "hold.promised" if isinstance(event, e.HoldPromised) else "hold.released"
    yield _Told(kind, _owner(state, event.number), {"number": event.number})


@teller(e.HoldsDecided)
def _holds_decided(state: State, _: Any, event: e.HoldsDecided) -> Iterator[_Told]:
    kind = "hold.captured" if event.captured else "hold.released"
    for number in event.numbers:
        yield _Told(kind, _owner(state, number), {"number": number})


def _owner(state: State, number: int) -> frozenset[str]:
    """Return whom a hold concerns: known as long as its reference is, that is, for ever."""
    for party, reference in reversed(state.hold_references):
        if state.hold_references[party, reference] == number:
            return frozenset({state.parties[party].bic})
    return frozenset()


# --- accounts and books


def _of_account(state: State, number: int) -> tuple[Account, frozenset[str]]:
    account = state.accounts[number]
    return account, frozenset({account.party.bic, account.book.issuer.bic})


_ACCOUNT_KINDS: dict[type, tuple[str, str]] = {
    c.SetLimit: ("account.limit", "limit_minor"),
    c.IssueMoney: ("account.issued", "amount_minor"),
    c.RedeemMoney: ("account.redeemed", "amount_minor"),
    c.SuspendMember: ("account.suspended", ""),
    c.ReinstateMember: ("account.reinstated", ""),
    c.SetReservation: ("account.reservation", "urgent_minor"),
}


@teller(*_ACCOUNT_KINDS)
def _account(state: State, command: Any, _: e.Recorded) -> Iterator[_Told]:
    kind, field = _ACCOUNT_KINDS[type(command)]
    account, concerns = _of_account(state, command.account)
    more: dict[str, Any] = {"member": account.party.bic, "currency": account.book.currency}
    if field:
        more["amount_minor"] = getattr(command, field)
    yield _Told(kind, concerns, more)


_BOOK_KINDS: dict[type, str] = {
    c.OpenWindow: "book.opened",
    c.CutOff: "book.cut_off",
    c.CloseBook: "book.closed",
}


@teller(*_BOOK_KINDS)
def _book(state: State, command: Any, _: e.Recorded) -> Iterator[_Told]:
    book = state.books[command.book]
    more = {"currency": book.currency}
    if isinstance(command, c.OpenWindow):
        more["date"] = date_text(command.date)
    yield _Told(_BOOK_KINDS[type(command)], None, more)
