"""The conversation in a live node, as far as the state alone tells what a message is about."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from paritas.core.state import State
from paritas.iso20022.letters import AnyLetter
from paritas.iso20022.requests import Asked
from paritas.node.account_reports import Report
from paritas.node.calendars import format_instant
from paritas.node.conversation import Asking, Conversation, Decide, returned
from paritas.node.intake import Wish
from paritas.node.named_payments import NamedPayments

_NAMED: WeakKeyDictionary[State, NamedPayments] = WeakKeyDictionary()


def named_payments(state: State) -> NamedPayments:
    """Return what finds payments in a state; made at the first question, and kept with the state."""
    named = _NAMED.get(state)
    if named is None:
        named = _NAMED[state] = NamedPayments(state)
    return named


def answer_request(
    state: State, decide: Decide, asking: Asking, items: Sequence[Asked], *, again: bool
) -> AnyLetter:
    """Act on a request in a live node and return what answers it; its MsgId is given when it leaves.

    What others are to receive is not kept here: the outbox reads it from the journal.
    """
    conversation = Conversation(state, decide, named_payments(state))
    reply = conversation.take(asking, items, again=again)("", format_instant(asking.at_ns))
    assert not isinstance(reply, Report)
    return reply


def returns_resolved(state: State, wishes: Sequence[Wish]) -> Sequence[Wish]:
    """Return the wishes, those of returns with the payments that they give back, or refused."""
    if not any(wish.original is not None for wish in wishes):
        return wishes
    return [
        returned(state, named_payments(state), wish)
        if wish.original is not None and wish.refusal is None
        else wish
        for wish in wishes
    ]
