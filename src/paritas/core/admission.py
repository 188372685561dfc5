"""May this instruction enter, and may it settle at once? The decision on ``SubmitInstruction``.

The tests run in the order in which a back office would ask: known and entitled, well formed,
allowed by the calendar, funded. Every refusal is a value with an ISO reason code.
"""

from __future__ import annotations

from collections.abc import Sequence

from paritas.core.exchange import agreements
from paritas.core.exchange.locks import lock_refusal
from paritas.core.exchange.rates import convert_minor, halted
from paritas.core.lifecycle import Status
from paritas.core.queue import is_held_back
from paritas.core.state import (
    PRIORITIES,
    Legs,
    Party,
    State,
    accounts_of,
    mirrored,
    net_outflows,
    trade_key,
)
from paritas.core.verdicts import is_cleared
from paritas.model.commands import SubmitInstruction
from paritas.model.events import (
    AnyEvent,
    InstructionQueued,
    InstructionRefused,
    InstructionSettled,
    SidesMatched,
)
from paritas.model.instructions import Leg, Priority
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.reasons import Reason

Refusal = tuple[Reason, str]

NORMAL = int(Priority.NORMAL)
NOTHING: tuple[AnyEvent, ...] = ()


def submit(state: State, command: SubmitInstruction) -> Sequence[AnyEvent]:
    """Decide on an instruction: settled, queued or refused; nothing for an exact repeat."""
    try:
        sender = state.parties[command.sender]
    except KeyError:
        return _refused(state, Reason.DNOR, "The instructing party is not known.")
    if not sender.is_member:
        return _refused(state, Reason.DNOR, "The instructing party is not a member.")
    reference = command.reference
    if reference in sender.references:
        return _repeat(state, command, sender.references[reference])
    number = len(state.instructions)
    if (
        command.priority == NORMAL
        and not command.returns
        and not command.trade
        and command.conversion is None
    ):
        legs = command.legs
        funded = (
            _common_payment(state, command, legs[0], sender)
            if len(legs) == 1
            else _common_exchange(state, command, legs, sender)
        )
        if funded and not (state.screens and not is_cleared(state, number, command)):
            return (InstructionSettled(number),)
        if funded is not None:
            return (InstructionQueued(number),)
    return _submit_general(state, command, number)


def _common_payment(
    state: State, command: SubmitInstruction, leg: Leg, sender: Party
) -> bool | None:
    """Decide on a common payment: True settles at once, False waits, None needs a closer look.

    It says nothing that the closer look would not say, only sooner: one leg, no reservation,
    return or trade, both accounts open, nothing waiting before it.
    """
    try:
        payer, payee = state.accounts[leg.payer], state.accounts[leg.payee]
    except KeyError:
        return None
    book = payer.book
    amount_minor = leg.amount_minor
    if (
        payer.party is not sender
        or payee.book is not book
        or payee is payer
        or book.accepts_date != command.value_date
        or command.at_ns >= book.closes_ns
        or payer.suspended
        or payee.suspended
        or payer.waiting
        or not 0 < amount_minor <= AMOUNT_MINOR_MAX
        or (command.actor != command.sender and command.actor not in sender.senders)
    ):
        return None
    return payer.balance_minor - amount_minor >= payer.floors[2]


def _common_exchange(
    state: State, command: SubmitInstruction, legs: tuple[Leg, ...], sender: Party
) -> bool | None:
    """Do the same for several legs in which no account occurs twice."""
    accounts = state.accounts
    actor, date, at_ns = command.actor, command.value_date, command.at_ns
    funded = True
    for leg in legs:
        try:
            payer, payee = accounts[leg.payer], accounts[leg.payee]
        except KeyError:
            return None
        book, party = payer.book, payer.party
        amount_minor = leg.amount_minor
        if (
            payee.book is not book
            or book.accepts_date != date
            or at_ns >= book.closes_ns
            or payer.suspended
            or payee.suspended
            or payer.waiting
            or not 0 < amount_minor <= AMOUNT_MINOR_MAX
            or (actor != party.number and actor not in party.senders)
        ):
            return None
        if payer.balance_minor - amount_minor < payer.floors[2]:
            funded = False
    return funded if _starts_with(state, legs, sender) else None


def _starts_with(state: State, legs: tuple[Leg, ...], sender: Party) -> bool:
    """Say whether the sender pays the first of many legs and no account occurs in two of them."""
    touched = {leg.payer for leg in legs} | {leg.payee for leg in legs}
    return bool(
        len(touched) == 2 * len(legs) and legs and state.accounts[legs[0].payer].party is sender
    )


def _submit_general(state: State, command: SubmitInstruction, number: int) -> Sequence[AnyEvent]:
    """Decide on any instruction, step by step, so that a refusal names its reason."""
    refusal = _legs_are_sound(state, command)
    if refusal is not None:
        return (InstructionRefused(number, *refusal),)
    legs = accounts_of(state, command.legs)
    refusal = (
        _entitled(state, command, legs)
        or (_side_is_sound(command, legs) if command.trade else None)
        or (_return_is_sound(state, command) if command.returns else None)
        or _suspended(legs)
        or _calendar(state, command, legs)
    )
    if refusal is not None:
        return (InstructionRefused(number, *refusal),)
    if command.trade:
        partners = state.unmatched.get(mirrored(trade_key(command)))
        queued = InstructionQueued(number)
        return (queued, SidesMatched(partners[0], number)) if partners else (queued,)
    if _settles_at_once(state, command, legs) and (
        not state.screens or is_cleared(state, number, command)
    ):
        return (InstructionSettled(number),)
    return (InstructionQueued(number),)


def _refused(state: State, reason: Reason, text: str) -> tuple[AnyEvent, ...]:
    return (InstructionRefused(len(state.instructions), reason, text),)


def _repeat(state: State, command: SubmitInstruction, earlier: int) -> Sequence[AnyEvent]:
    """The same key again: the same content changes nothing, other content is refused (law 4)."""
    first = state.instructions[earlier]
    assert first is not None
    if content_of(first) == content_of(command):
        return NOTHING
    text = f"Reference {command.reference} was used before, for an instruction with other content."
    return _refused(state, Reason.DU03, text)


def content_of(command: SubmitInstruction) -> tuple[object, ...]:
    """Return what makes two instructions the same: all but when, who signed and the envelope."""
    return (
        command.sender,
        command.reference,
        command.legs,
        command.priority,
        command.value_date,
        command.uetr,
        command.content,
        command.trade,
        command.returns,
        command.conversion,
    )


def _legs_are_sound(state: State, command: SubmitInstruction) -> Refusal | None:
    if not command.legs:
        return Reason.AM12, "An instruction needs at least one leg."
    if not 0 <= command.priority < PRIORITIES:
        return Reason.FF01, f"Priority {command.priority} is none of 0 urgent, 1 high, 2 normal."
    for leg in command.legs:
        refusal = leg_is_sound(state, leg)
        if refusal is not None:
            return refusal
    return None


def leg_is_sound(state: State, leg: Leg) -> Refusal | None:
    """Refuse a leg that no book could post, in whatever instruction or hold it stands."""
    payer = state.accounts.get(leg.payer)
    payee = state.accounts.get(leg.payee)
    if payer is None or payee is None:
        return Reason.AC01, "A leg names an account that does not exist."
    if payer.book is not payee.book:
        return Reason.AM03, "A leg must stay on one book: payer's and payee's accounts are on two."
    if payer is payee:
        return Reason.AC01, "Payer and payee of a leg are the same account."
    if leg.amount_minor == 0:
        return Reason.AM01, "The amount is zero."
    if not 0 < leg.amount_minor <= AMOUNT_MINOR_MAX:
        return Reason.AM12, "The amount is negative or has more than 18 digits."
    return None


def _entitled(state: State, command: SubmitInstruction, legs: Legs) -> Refusal | None:
    """Every payer must have wished it: as actor, by its registered sender, as dealer, by mandate."""
    if legs[0][0].party.number != command.sender:
        return Reason.AGNT, "The instructing member must be the payer of the first leg."
    sender = state.parties[command.sender]
    speaks = command.actor == command.sender or command.actor in sender.senders
    if command.conversion is not None and command.conversion.lock:
        if not speaks:
            return Reason.AG01, "The sender may not instruct for this payer."
        # The dealers agreed by their firm quotes, and the agreement was asked when they were locked.
        return lock_refusal(state, command, command.conversion.lock)
    # The counterparty's leg of a trade is no debit yet: it needs the counterparty's own side.
    own_legs = legs[:1] if command.trade else legs
    if all(
        command.actor == payer.party.number or command.actor in payer.party.senders
        for payer, _, _ in own_legs
    ):
        return None
    if not speaks:
        return _collection_is_sound(state, command, legs)
    return _conversion_is_sound(state, command, legs)


def _collection_is_sound(state: State, command: SubmitInstruction, legs: Legs) -> Refusal | None:
    """A payee collects what the payer's mandate lets it; nobody else instructs for a payer."""
    payer, payee, amount_minor = legs[0]
    collector = payee.party
    if (
        len(legs) != 1
        or command.trade
        or command.returns
        or (command.actor != collector.number and command.actor not in collector.senders)
    ):
        return Reason.AG01, "The sender may not instruct for this payer."
    limit_minor = state.mandates.get((payer.number, collector.number))
    if limit_minor is None and command.actor != collector.number:
        # A payee's sender speaks for other members too: it may simply not be this payer's.
        return Reason.AG01, "The sender may not instruct for this payer."
    if limit_minor is None:
        return Reason.MD01, f"{payer.party.bic} has given {collector.bic} no mandate to collect."
    if amount_minor > limit_minor:
        return Reason.AM02, "The mandate lets less be collected at a time than this."
    return None


def _conversion_is_sound(state: State, command: SubmitInstruction, legs: Legs) -> Refusal | None:
    """Two legs through the appointed dealer, the payer's equal to the payee's at the rate."""
    if len(legs) != 2 or legs[0][1].party is not legs[1][0].party:
        return Reason.AG01, "A payer of one of the legs has not agreed to it."
    book_in, book_out = legs[0][0].book, legs[1][0].book
    pair = (min(book_in.number, book_out.number), max(book_in.number, book_out.number))
    if state.dealers.get(pair) != legs[0][1].party.number:
        return Reason.AG01, f"The pair {book_in.currency}/{book_out.currency} has no such dealer."
    stopped = halted(state, (book_in, book_out), command.at_ns)
    if stopped:
        return Reason.AM03, stopped
    accounts, amounts_minor = (legs[0][0], legs[1][1]), (legs[0][2], legs[1][2])
    down = agreements.dealer_bears_rounding(state, book_in, book_out)
    wanted_minor = convert_minor(amounts_minor[1], book_out.rate, book_in.rate, down=down)
    if amounts_minor[0] != wanted_minor:
        way = "down" if down else "up"
        return Reason.AM09, f"The two amounts do not agree at the dealer's rate, rounded {way}."
    if not agreements.allows_dealer(state, book_in, book_out, legs[0][1].party.number):
        return Reason.AG01, "The dealer is not one of the pair's agreement."
    purpose = command.conversion.purpose if command.conversion is not None else ""
    return agreements.refusal(state, accounts, amounts_minor, purpose)


def _side_is_sound(command: SubmitInstruction, legs: Legs) -> Refusal | None:
    if len(legs) != 2:
        return Reason.AM09, "One side of a trade states two legs: its own and the counterparty's."
    (payer, payee, _), (other_payer, other_payee, _) = legs
    if payer.party is not other_payee.party or payee.party is not other_payer.party:
        return Reason.AGNT, "The two legs of a trade must run between the same two members."
    if payer.book is other_payer.book:
        return Reason.AM03, "The two legs of a trade must be in two currencies."
    return None


def _return_is_sound(state: State, command: SubmitInstruction) -> Refusal | None:
    """A return pays back a settled payment: the same books, the other way, at most its amount."""
    number = command.returns
    if not 0 < number < len(state.instructions) or state.statuses[number] != Status.SETTLED:
        return Reason.NARR, "The payment to be returned has not settled here."
    original = state.instructions[number]
    assert original is not None
    if original.trade or len(original.legs) != len(command.legs):
        return Reason.NARR, "Only a payment can be returned, by as many legs as it had."
    for paid, back in zip(reversed(original.legs), command.legs, strict=True):
        if (back.payer, back.payee) != (paid.payee, paid.payer):
            return Reason.AGNT, "A return must run from the original payee to the original payer."
    # What the payee got is what it can give back.
    paid, back = original.legs[-1], command.legs[0]
    if state.returned_minor.get(number, 0) + back.amount_minor > paid.amount_minor:
        return Reason.AM09, "More would be returned than was paid."
    return None


def _suspended(legs: Legs) -> Refusal | None:
    for payer, payee, _ in legs:
        for account in (payer, payee):
            if account.suspended:
                return Reason.AG10, f"{account.party.bic} is suspended in {account.book.currency}."
    return None


def _calendar(state: State, command: SubmitInstruction, legs: Legs) -> Refusal | None:
    """Past dates, dates too far ahead, and books whose day has passed its cut-off."""
    for payer, _, _ in legs:
        book = payer.book
        if command.value_date < book.date:
            return Reason.DT05, f"The value date is past: the {book.currency} book has moved on."
        if command.value_date > book.date + state.max_days_ahead:
            days = state.max_days_ahead
            return Reason.DT04, f"The value date is more than {days} days ahead."
        past_cut_off = book.day_ended or (
            book.settles_date and (book.accepts_date == 0 or command.at_ns >= book.closes_ns)
        )
        if command.value_date == book.date and past_cut_off:
            return Reason.TM01, f"The {book.currency} book is past its cut-off for this date."
    return None


def _settles_at_once(state: State, command: SubmitInstruction, legs: Legs) -> bool:
    for payer, _, _ in legs:
        if payer.book.settles_date != command.value_date:
            return False
    priority = command.priority
    return all(
        account.balance_minor - amount_minor >= account.floors[priority]
        and not (account.waiting and is_held_back(state, account, priority))
        for account, amount_minor in net_outflows(legs)
    )
