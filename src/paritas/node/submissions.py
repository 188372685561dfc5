"""What members submit, as turns of a live node: messages that were read, and instructions of legs."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from paritas.core.lifecycle import ISO_STATUS, Status
from paritas.core.state import State
from paritas.iso20022.letters import AnyLetter
from paritas.model import commands as c
from paritas.model.events import (
    AnyEvent,
    CommandRefused,
    InstructionQueued,
    InstructionRefused,
    InstructionSettled,
    Recorded,
)
from paritas.model.instructions import Leg, Priority
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.parties import normalise_bic
from paritas.model.reasons import Reason
from paritas.node.conversation import Asking
from paritas.node.directory import Directory
from paritas.node.intake import Wish
from paritas.node.live import Turn
from paritas.node.live_conversation import answer_request, returns_resolved
from paritas.node.readings import Reading
from paritas.node.screener import evidence_commands, of_institutions, shared

_NUMBERED = (InstructionSettled, InstructionQueued, InstructionRefused)
_STATUS = [ISO_STATUS.get(Status(status), "") for status in Status]
_RJCT, _ACSC = "RJCT", "ACSC"


class Outcome(msgspec.Struct, omit_defaults=True, gc=False):
    """What became of one instruction so far, in the terms of a pacs.002.

    ``status`` is ACSC settled, PDNG waiting, or RJCT. ``number`` is the instruction's in the journal,
    left out where it never became one.
    """

    reference: str
    status: str
    number: int = 0
    #: ISO 20022 status reason code and a sentence, of what was refused.
    reason: str = ""
    text: str = ""
    uetr: str = ""
    #: When it settled, in nanoseconds since 1970 (UTC); left out where it settled before this.
    settled_ns: int = 0


def outcome_of(state: State, number: int) -> Outcome:
    """Return the present outcome of an instruction."""
    command = state.instructions[number]
    assert command is not None
    reason, text = state.reasons.get(number, ("", ""))
    status = _STATUS[state.statuses[number]]
    return Outcome(command.reference, status, number, reason, text, command.uetr)


def number_of(state: State, command: c.SubmitInstruction, events: Sequence[AnyEvent]) -> int:
    """Return the instruction that a submission became, or had become when it came before."""
    for event in events:
        if isinstance(event, _NUMBERED):
            return event.number
    return state.parties[command.sender].references[command.reference]


# --- messages


class MessageOutcome(msgspec.Struct):
    """What became of a message: refused whole, or the outcome of each of its transactions."""

    sender: str
    message_type: str
    message_id: str
    #: The message's number in the journal, 0 if it was refused whole.
    number: int = 0
    #: Why it was refused whole: reason code and sentence.
    refusal: tuple[str, str] | None = None
    #: It could not be read as a message at all.
    unreadable: bool = False
    outcomes: list[Outcome] = []
    #: The row of the journal in which the last of it lies.
    seq: int = 0
    #: What answers a request, which has no transactions.
    letter: AnyLetter | None = None


class MessageSubmission:
    """A message that was read, on its way through the node: one turn for each window of it.

    ``turns`` gives them in order; each may only be asked for after those before. ``outcome`` is what
    became of the message once the last one has been taken.
    """

    def __init__(
        self, reading: Reading, actor: int, signature: bytes, body: bytes, path: str = ""
    ) -> None:
        """``actor`` is the party that asks; the message lies in ``body``, or in the file ``path``."""
        self._reading = reading
        self._actor = actor
        self._signature = signature
        self._sealed = reading.input.salt, body, path
        envelope = reading.input.envelope
        self.outcome = MessageOutcome(envelope.sender, envelope.message_type, envelope.message_id)
        self._submitted: list[tuple[int, int]] = []

    def record(self, turn: Turn) -> None:
        """Record the message, or its refusal as a whole."""
        inp = self._reading.input
        envelope, outcome = inp.envelope, self.outcome
        outcome.seq = turn.seq
        head = turn.at_ns, self._actor, self._signature
        if envelope.unreadable is not None or envelope.refusal is not None:
            if envelope.refusal is not None:
                refusal = (envelope.refusal.reason, envelope.refusal.text)
            else:
                assert envelope.unreadable is not None
                refusal = ("FF01", envelope.unreadable[1])
            outcome.unreadable = envelope.unreadable is not None
            outcome.refusal = refusal
            command = c.RecordRefusal(*head, 0, envelope.message_id, *refusal, inp.digest)
            turn.decide(command, *self._sealed)
            return
        key = (envelope.sender, envelope.message_type, envelope.message_id)
        known = turn.state.messages.get(key)
        if known is not None and known[1] == inp.digest:
            # The same again: what it holds is answered as it stands, and nothing is sealed twice.
            outcome.number = known[0]
            self._answer_request(turn, again=True)
            return
        events = turn.decide(c.RecordMessage(*head, *key, inp.digest), *self._sealed)
        for event in events:
            if isinstance(event, CommandRefused):
                outcome.refusal = (event.reason, event.text)
            elif isinstance(event, Recorded):
                outcome.number = event.number
        if outcome.refusal is None:
            self._answer_request(turn, again=False)

    def _answer_request(self, turn: Turn, *, again: bool) -> None:
        """Act on a message that has no transactions but asks or says something."""
        other = self._reading.input.other
        if other is None or not other.request:
            return
        outcome = self.outcome
        asking = Asking(
            self._actor,
            outcome.sender,
            outcome.message_type,
            outcome.message_id,
            outcome.number,
            turn.at_ns,
        )
        outcome.letter = answer_request(turn.state, turn.decide, asking, other.request, again=again)

    def submit(self, turn: Turn, wishes: Sequence[Wish]) -> None:
        """Submit one window of the message's transactions."""
        outcome = self.outcome
        outcome.seq = turn.seq
        if outcome.refusal is not None:
            refused = outcome.refusal
            outcome.outcomes += [
                Outcome(wish.reference, _RJCT, 0, *refused, wish.uetr) for wish in wishes
            ]
            return
        for wish in wishes:
            for sealing in evidence_commands(wish, turn.at_ns):
                turn.decide(*sealing)
        wishes = returns_resolved(turn.state, wishes)
        commands = [self._command(turn.at_ns, wish) for wish in wishes]
        decided = turn.decide_all(commands)
        state = turn.state
        for wish, command, events in zip(wishes, commands, decided, strict=True):
            if isinstance(command, c.RecordRefusal):
                refusal = Outcome(wish.reference, _RJCT, 0, command.reason, command.text, wish.uetr)
                outcome.outcomes.append(refusal)
                continue
            number = number_of(state, command, events)
            found = outcome_of(state, number)
            if events and found.status == _ACSC:
                found.settled_ns = turn.at_ns
            self._submitted.append((len(outcome.outcomes), number))
            outcome.outcomes.append(found)

    def _command(self, at_ns: int, wish: Wish) -> c.SubmitInstruction | c.RecordRefusal:
        """Who signs is who acts, whatever the header says; the engine asks whether it may."""
        if wish.refusal is not None:
            refusal = wish.refusal
            head = at_ns, self._actor, self._signature, self.outcome.number
            return c.RecordRefusal(*head, wish.reference, refusal.reason, refusal.text)
        return c.SubmitInstruction(
            at_ns,
            self._actor,
            self._signature,
            wish.sender,
            wish.reference,
            wish.legs,
            wish.priority,
            wish.value_date,
            wish.uetr,
            wish.content,
            self.outcome.number,
            wish.trade,
            wish.returns,
            verdicts=wish.verdicts,
        )

    def refresh(self, turn: Turn) -> MessageOutcome:
        """Return the outcome as it stands now: later windows may have funded what waited before."""
        for index, number in self._submitted:
            if _STATUS[turn.state.statuses[number]] != self.outcome.outcomes[index].status:
                found = self.outcome.outcomes[index] = outcome_of(turn.state, number)
                found.settled_ns = turn.at_ns if found.status == _ACSC else 0
        return self.outcome


# --- instructions


Bic = Annotated[str, msgspec.Meta(min_length=8, max_length=11)]
AmountMinor = Annotated[int, msgspec.Meta(gt=0, le=AMOUNT_MINOR_MAX)]


class AskedLeg(msgspec.Struct, frozen=True, gc=False):
    """One movement on one book: payer and payee by BIC, the amount in minor units."""

    payer: Bic
    payee: Bic
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)]
    amount_minor: AmountMinor


class AskedInstruction(msgspec.Struct, frozen=True, gc=False):
    """Legs that settle all together or not at all.

    The payer of the first leg instructs; ``reference`` is the key under which it settles at most
    once. Without ``value_date`` (ISO date) it is the present business date of the first leg's book.
    ``trade`` makes it one side of a PvP trade, ``returns`` a return of a settled instruction.
    """

    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=35)]
    legs: Annotated[tuple[AskedLeg, ...], msgspec.Meta(min_length=1, max_length=100)]
    priority: Literal["urgent", "high", "normal"] = "normal"
    value_date: Annotated[str, msgspec.Meta(max_length=10)] = ""
    uetr: Annotated[str, msgspec.Meta(max_length=36)] = ""
    trade: Annotated[str, msgspec.Meta(max_length=35)] = ""
    returns: Annotated[int, msgspec.Meta(ge=0)] = 0


_PRIORITIES = {"urgent": Priority.URGENT, "high": Priority.HIGH, "normal": Priority.NORMAL}
_PRIORITY_NUMBERS = {name: int(priority) for name, priority in _PRIORITIES.items()}


class _Unknown(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


_Submitted = c.SubmitInstruction | c.RecordRefusal


def _screened(turn: Turn, commands: list[_Submitted]) -> list[_Submitted]:
    """Give instructions their verdicts where a list binds: they name their institutions only."""
    screening = shared()
    if screening is None:
        return commands
    accounts = turn.state.accounts
    result: list[_Submitted] = []
    for command in commands:
        if isinstance(command, c.RecordRefusal):
            result.append(command)
            continue
        numbers = [number for leg in command.legs for number in (leg.payer, leg.payee)]
        parties = of_institutions([accounts[number].party.bic for number in numbers])
        wish = Wish(command.reference, None, command.actor, command.sender, command.legs)
        (wish,) = screening.screen((parties,), (wish,))
        for sealing in evidence_commands(wish, turn.at_ns):
            turn.decide(*sealing)
        result.append(msgspec.structs.replace(command, verdicts=wish.verdicts))
    return result


class InstructionSubmission:
    """Instructions that came together; asked for a thousand at a time."""

    def __init__(self, directory: Directory, actor: int, signature: bytes) -> None:
        self._directory = directory
        self._actor = actor
        self._signature = signature
        #: (date text, currency) -> ordinal, of what was found to be a business day there.
        self._dates: dict[tuple[str, str], int] = {}

    def submit(self, turn: Turn, asked: Sequence[AskedInstruction]) -> list[Outcome]:
        """Submit instructions in order and return what became of each."""
        commands = _screened(turn, [self._command(turn, each) for each in asked])
        decided = turn.decide_all(commands)
        state = turn.state
        statuses = state.statuses
        outcomes = []
        for command, events in zip(commands, decided, strict=True):
            event = events[0] if events else None
            if type(event) is InstructionSettled:
                outcomes.append(Outcome(command.reference, _ACSC, event.number))
            elif isinstance(command, c.RecordRefusal):
                refused = command.reason, command.text
                outcomes.append(Outcome(command.reference, _RJCT, 0, *refused))
            else:
                number = number_of(state, command, events)
                reason, text = state.reasons.get(number, ("", ""))
                status = _STATUS[statuses[number]]
                outcomes.append(Outcome(command.reference, status, number, reason, text))
        return outcomes

    def _command(
        self, turn: Turn, asked: AskedInstruction
    ) -> c.SubmitInstruction | c.RecordRefusal:
        try:
            accounts = self._directory.accounts
            try:
                legs = tuple(
                    [
                        Leg(
                            accounts[leg.payer, leg.currency],
                            accounts[leg.payee, leg.currency],
                            leg.amount_minor,
                        )
                        for leg in asked.legs
                    ]
                )
                sender = self._directory.members[asked.legs[0].payer]
            except KeyError:
                legs, sender = self._legs_by_any_name(asked)
            text, dates = asked.value_date, self._dates
            date = 0
            for leg in asked.legs if text else ():
                date = dates.get((text, leg.currency)) or self._date(text, leg.currency)
            date = date or turn.state.accounts[legs[0].payer].book.date
        except _Unknown as unknown:
            head = turn.at_ns, self._actor, self._signature, 0
            return c.RecordRefusal(*head, asked.reference, unknown.reason, unknown.text)
        return c.SubmitInstruction(
            turn.at_ns,
            self._actor,
            self._signature,
            sender,
            asked.reference,
            legs,
            _PRIORITY_NUMBERS[asked.priority],
            date,
            asked.uetr,
            b"",
            0,
            asked.trade,
            asked.returns,
        )

    def _legs_by_any_name(self, asked: AskedInstruction) -> tuple[tuple[Leg, ...], int]:
        """Find the accounts where a BIC has 8 characters, or say which name is unknown."""
        found = []
        for leg in asked.legs:
            numbers = []
            for bic, reason in ((leg.payer, Reason.DNOR), (leg.payee, Reason.CNOR)):
                name = normalise_bic(bic)
                if leg.currency not in self._directory.books:
                    raise _Unknown(Reason.AM03, f"The scheme has no book in {leg.currency}.")
                if name not in self._directory.members:
                    raise _Unknown(reason, f"{bic} is not a member of this scheme.")
                number = self._directory.accounts.get((name, leg.currency))
                if number is None:
                    text = f"{bic} has no account on the {leg.currency} book."
                    raise _Unknown(Reason.AC01, text)
                numbers.append(number)
            found.append(Leg(numbers[0], numbers[1], leg.amount_minor))
        return tuple(found), self._directory.members[normalise_bic(asked.legs[0].payer)]

    def _date(self, text: str, currency: str) -> int:
        try:
            date = datetime.date.fromisoformat(text)
        except ValueError:
            raise _Unknown(Reason.DT01, f"{text!r} is not an ISO date.") from None
        calendar = self._directory.calendars.get(currency)
        if calendar is not None and not calendar.is_business_day(date):
            raise _Unknown(Reason.DT01, f"{date} is not a business day of the {currency} book.")
        self._dates[text, currency] = date.toordinal()
        return date.toordinal()


__all__ = [
    "AskedInstruction",
    "AskedLeg",
    "InstructionSubmission",
    "MessageOutcome",
    "MessageSubmission",
    "Outcome",
    "number_of",
    "outcome_of",
]
