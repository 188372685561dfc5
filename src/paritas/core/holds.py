"""Holds: earmarks on an account, the building stone of settlement across nodes.

Offered, a hold may expire or be withdrawn. Promised, it ends only by the recorded decision, which
captures or releases everything promised to it in one event; no suspension, limit cut, closed book
or clock stops that (law 3).
"""

from __future__ import annotations

from collections.abc import Sequence

from paritas.core.admission import leg_is_sound
from paritas.core.queue import is_held_back
from paritas.core.state import Hold, State
from paritas.core.waiting import refuse
from paritas.model.commands import Command, DecideHolds, OfferHold, PromiseHold, WithdrawHold
from paritas.model.events import AnyEvent, HoldOffered, HoldPromised, HoldReleased, HoldsDecided
from paritas.model.instructions import Priority
from paritas.model.reasons import Reason


def offer(state: State, command: OfferHold) -> Sequence[AnyEvent]:
    """Earmark funds that are free now; the same reference with the same content changes nothing."""
    refusal = leg_is_sound(state, command.leg)
    if refusal is not None:
        return refuse(*refusal)
    payer = state.accounts[command.leg.payer]
    payee = state.accounts[command.leg.payee]
    if command.actor != payer.party.number and command.actor not in payer.party.senders:
        return refuse(Reason.AG01, "Only the payer, or its registered sender, offers a hold.")
    earlier = state.hold_references.get((payer.party.number, command.reference))
    if earlier is not None:
        return refuse(Reason.DU03, f"Reference {command.reference} was used for hold {earlier}.")
    if payer.suspended or payee.suspended:
        return refuse(Reason.AG10, "Payer or payee is suspended.")
    if not payer.book.settles_date:
        return refuse(Reason.TM01, f"The {payer.book.currency} book is closed.")
    if command.expires_ns <= command.at_ns:
        return refuse(Reason.DT01, "The hold would have expired before it began.")
    free_minor = payer.balance_minor - payer.floors[Priority.NORMAL]
    if free_minor < command.leg.amount_minor or is_held_back(state, payer, Priority.NORMAL):
        return refuse(Reason.AM04, "The payer's account has not got these funds free.")
    return (HoldOffered(state.last_hold + 1),)


def _offered(state: State, command: Command, number: int) -> Hold | tuple[AnyEvent, ...]:
    hold = state.holds.get(number)
    if hold is None:
        return refuse(Reason.NARR, f"There is no hold {number}.")
    if command.actor != hold.payer.party.number and command.actor not in hold.payer.party.senders:
        return refuse(Reason.AG01, f"Hold {number} belongs to another member.")
    if hold.decision:
        return refuse(Reason.NARR, f"Hold {number} is promised: only its decision ends it.")
    return hold


def withdraw(state: State, command: WithdrawHold) -> Sequence[AnyEvent]:
    """The payer takes an offered hold back."""
    hold = _offered(state, command, command.number)
    return (HoldReleased(hold.number),) if isinstance(hold, Hold) else hold


def promise(state: State, command: PromiseHold) -> Sequence[AnyEvent]:
    """The payer binds an offered hold to a decision that has not been taken yet."""
    hold = _offered(state, command, command.number)
    if not isinstance(hold, Hold):
        return hold
    if not command.decision:
        return refuse(Reason.NARR, "A promise must name the decision that will end it.")
    if command.decision in state.decisions:
        return refuse(Reason.NARR, f"Decision {command.decision} has been taken already.")
    return (HoldPromised(hold.number),)


def decide(state: State, command: DecideHolds) -> Sequence[AnyEvent]:
    """Record a decision once and for ever; the same decision again changes nothing."""
    if command.actor != 0:
        return refuse(Reason.AG01, "Only the node that records decisions may decide.")
    if not command.decision:
        return refuse(Reason.NARR, "A decision needs a name.")
    taken = state.decisions.get(command.decision)
    if taken is not None:
        if taken == command.capture:
            return ()
        return refuse(Reason.NARR, f"Decision {command.decision} was taken the other way.")
    numbers = tuple(n for n, hold in state.holds.items() if hold.decision == command.decision)
    return (HoldsDecided(numbers, command.capture),)


def expired(state: State, at_ns: int) -> Sequence[AnyEvent]:
    """Return the release of each offered hold whose time is over; promised ones know no clock."""
    return [
        HoldReleased(number)
        for number, hold in state.holds.items()
        if not hold.decision and hold.expires_ns <= at_ns
    ]
