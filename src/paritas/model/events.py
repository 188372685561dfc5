"""Events: what was decided about a command. An event never repeats what its command says.

On the wire an event is a msgpack array whose first element is its tag; tags are never reused and
fields are only ever appended. An event stands in the journal under the command that caused it,
and changes the state by ``engine.evolve(state, command, event)``.
"""

from __future__ import annotations

import msgspec

from paritas.model.commands import AnyChange
from paritas.model.exchange import LockedPart
from paritas.model.instructions import Leg, Position


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What every event is."""


class InstructionSettled(Event, frozen=True, tag=1):
    """The instruction of the command was accepted and settled at once."""

    number: int


class InstructionQueued(Event, frozen=True, tag=2):
    """The instruction of the command was accepted and waits."""

    number: int


class InstructionRefused(Event, frozen=True, tag=3):
    """The instruction of the command was refused."""

    number: int
    reason: str
    text: str


class SidesMatched(Event, frozen=True, tag=4):
    """Two sides of a PvP trade found each other; from now on ``first`` stands for both."""

    first: int
    second: int


class QueuedSettled(Event, frozen=True, tag=5):
    """A waiting instruction settled, all its legs at once."""

    number: int


class QueuedRefused(Event, frozen=True, tag=6):
    """A waiting instruction ended without settling."""

    number: int
    reason: str
    text: str


class CancelAsked(Event, frozen=True, tag=7):
    """One side of a matched trade wishes to cancel; the other has not yet."""

    number: int


class QueuedCancelled(Event, frozen=True, tag=12):
    """A waiting instruction was withdrawn by those who may."""

    number: int


class SetSettled(Event, frozen=True, tag=8):
    """These waiting instructions settled together; only all of them together were funded."""

    numbers: tuple[int, ...]


class QueueMoved(Event, frozen=True, tag=9):
    """A waiting instruction has a new priority and place in its line."""

    number: int
    priority: int
    rank: int


class CommandRefused(Event, frozen=True, tag=10):
    """The command changes nothing: it was refused."""

    reason: str
    text: str


class Recorded(Event, frozen=True, tag=11):
    """The command was carried out as it says; ``number`` is what it brought into being, or 0.

    The commands that set something up or simply state a fact need no event of their own kind:
    message, refusal at the edge, book, member, account, limit, issue, redemption, suspension,
    sender, rate, dealer, rules, reservation, window, cut-off, close, clearing,
    debit cap.
    """

    number: int = 0


class HoldOffered(Event, frozen=True, tag=20):
    """The earmark is in place."""

    number: int


class HoldPromised(Event, frozen=True, tag=21):
    """The hold now ends only by its decision."""

    number: int


class HoldReleased(Event, frozen=True, tag=22):
    """An offered hold was withdrawn or expired; the funds are free again."""

    number: int


class HoldsDecided(Event, frozen=True, tag=23):
    """All holds promised to a decision were captured, or all were released."""

    numbers: tuple[int, ...]
    captured: bool


class ChangeProposed(Event, frozen=True, tag=80):
    """The change waits for approvals under this number; its proposer counts as the first."""

    number: int


class ChangeApproved(Event, frozen=True, tag=81):
    """One more person approved the change; it takes others yet."""

    number: int


class ChangeApplied(Event, frozen=True, tag=82):
    """The last approval that it took was given, and the change was carried out as it says.

    ``change`` is repeated because the command above says only its number. ``recorded`` is what it
    brought into being, as in ``Recorded``.
    """

    number: int
    change: AnyChange
    recorded: int = 0


class ChangeFailed(Event, frozen=True, tag=83):
    """The change was approved by all that it took, but cannot be carried out any more."""

    number: int
    reason: str
    text: str


class ChangeWithdrawn(Event, frozen=True, tag=84):
    """The change was taken back or turned down."""

    number: int


class ChangeExpired(Event, frozen=True, tag=85):
    """The change was not approved in time."""

    number: int


class RateHeldBack(Event, frozen=True, tag=90):
    """A published rate jumped: the last one stays, and its pairs halt until it is confirmed."""


class QuotesLocked(Event, frozen=True, tag=91):
    """Quotes are set aside for a payer, who may instruct exactly these legs until ``expires_ns``.

    Of each part first the amount at the reference rate, then the dealer's spread as a leg of its
    own (where there is one), then what the dealer pays.
    """

    number: int
    parts: tuple[LockedPart, ...]
    legs: tuple[Leg, ...]
    expires_ns: int


class LockEnded(Event, frozen=True, tag=92):
    """Locked quotes were not used in time; they are free again."""

    number: int


class SwapAsked(Event, frozen=True, tag=93):
    """One issuer signed a drawing that needs both."""

    number: int


class SwapDrawn(Event, frozen=True, tag=94):
    """Money was issued to an account on each book of a line at once (ordinal ``maturity``)."""

    number: int
    accounts: tuple[int, int]
    amounts_minor: tuple[int, int]
    interest_minor: tuple[int, int]
    maturity: int


class SwapDue(Event, frozen=True, tag=95):
    """A swap is due and not covered: what repays it is earmarked before all else."""

    number: int


class SwapRepaid(Event, frozen=True, tag=96):
    """A swap was repaid from both accounts at once, with its interest."""

    number: int
    accounts: tuple[int, int]
    repaid_minor: tuple[int, int]


class CycleOpened(Event, frozen=True, tag=50):
    """The netting cycle of the command takes obligations."""

    number: int


class ObligationSubmitted(Event, frozen=True, tag=51):
    """The obligation of the command waits for the other party's word."""

    number: int


class ObligationConfirmed(Event, frozen=True, tag=52):
    """Both parties have said it: the obligation counts in its cycle."""

    number: int


class ObligationsEnded(Event, frozen=True, tag=53):
    """These obligations left their cycle without being settled there, as far as not set off."""

    numbers: tuple[int, ...]
    reason: str
    text: str


class CycleCutOff(Event, frozen=True, tag=54):
    """The cycle takes nothing new."""

    cycle: int


class ObligationsSetOff(Event, frozen=True, tag=55):
    """The parts that the command proposes are discharged, each against the others."""

    cycle: int


class CycleCalculated(Event, frozen=True, tag=56):
    """The net positions of the cycle as it stands; those that are zero are left out."""

    cycle: int
    positions: tuple[Position, ...]


class CycleShort(Event, frozen=True, tag=57):
    """These accounts lack this much (below zero); they have until ``until_ns`` to bring it in."""

    cycle: int
    until_ns: int
    lacks: tuple[Position, ...]


class CycleSettled(Event, frozen=True, tag=58):
    """All positions moved, in all currencies together; what the cycle still held is discharged."""

    cycle: int
    positions: tuple[Position, ...]


class CycleLapsed(Event, frozen=True, tag=59):
    """One of its books closed before the cycle settled."""

    cycle: int


class HitDecided(Event, frozen=True, tag=60):
    """Two people of an authority agree on a hit on ``book``; nobody else learns of it."""

    number: int
    book: int
    decision: int


class MoneyOrdered(Event, frozen=True, tag=61):
    """An issuer ordered money of an account to its blocked account; ``number`` counts its orders."""

    number: int
    payer: int
    payee: int
    amount_minor: int


AnyEvent = (
    InstructionSettled
    | InstructionQueued
    | InstructionRefused
    | SidesMatched
    | QueuedSettled
    | QueuedRefused
    | QueuedCancelled
    | CancelAsked
    | SetSettled
    | QueueMoved
    | CommandRefused
    | Recorded
    | HoldOffered
    | HoldPromised
    | HoldReleased
    | HoldsDecided
    | ChangeProposed
    | ChangeApproved
    | ChangeApplied
    | ChangeFailed
    | ChangeWithdrawn
    | ChangeExpired
    | RateHeldBack
    | QuotesLocked
    | LockEnded
    | SwapAsked
    | SwapDrawn
    | SwapDue
    | SwapRepaid
    | CycleOpened
    | ObligationSubmitted
    | ObligationConfirmed
    | ObligationsEnded
    | CycleCutOff
    | ObligationsSetOff
    | CycleCalculated
    | CycleShort
    | CycleSettled
    | CycleLapsed
    | HitDecided
    | MoneyOrdered
)
