"""Changes that matter take more than one person (DESIGN, section 9).

A change is a command that waits for consent. An institution consents by two different people. A
change that concerns one institution or one book takes the consent of that institution, or of that
book's issuer: each issuer has a veto over its own book and over no other. What concerns the whole
scheme takes as many issuers as the rulebook names. Where an issuer has keys in the rulebook, its
consent must be signed with one of them: only an issuer's key moves its book (law 9).

Before ``SetApprovals`` the scheme is being set up, and a change is a command like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from paritas.core import administration as admin
from paritas.core import cycles, keys, screening
from paritas.core.exchange import agreements, quotes, rates, swaps
from paritas.core.state import PendingChange, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.reasons import Reason

#: How many different people make an institution's consent.
PEOPLE = 2
#: How many changes of one institution may wait at a time.
PENDING_MAX = 200
_PERSON_BYTES_MAX = 64
#: An Ed25519 signature; what is shorter names the request of a person who was logged in.
SIGNATURE_BYTES = 64

_ENCODER = msgspec.msgpack.Encoder()

Handler = Callable[[State, Any], Sequence[e.AnyEvent]]


def set_approvals(state: State, command: c.SetApprovals) -> Sequence[e.AnyEvent]:
    """The threshold is of those that have a book; it can be changed and never taken away."""
    if command.actor != c.OPERATOR:
        return refuse(Reason.AG01, "Only the operator, with the issuers, may do this.")
    issuers = len(state.issuers())
    if not 1 <= command.threshold <= issuers:
        text = f"The threshold is a number of issuers, from 1 to the {issuers} there are."
        return refuse(Reason.NARR, text)
    return (e.Recorded(),)


def record_approvals(state: State, command: c.SetApprovals, number: int) -> None:
    """Carry out ``SetApprovals``."""
    state.threshold = command.threshold


#: Every change, and the decision on it.
CHANGES: dict[type, Handler] = {
    c.CreateBook: admin.create_book,
    c.AdmitMember: admin.admit_member,
    c.AdmitSender: admin.admit_sender,
    c.OpenAccount: admin.open_account,
    c.SetLimit: admin.set_limit,
    c.SetDebitCap: cycles.set_debit_cap,
    c.IssueMoney: admin.issue_money,
    c.RedeemMoney: admin.redeem_money,
    c.SuspendMember: admin.suspend_member,
    c.ReinstateMember: admin.reinstate_member,
    c.RegisterSender: admin.register_sender,
    c.SetRate: admin.set_rate,
    c.AppointDealer: admin.appoint_dealer,
    c.SetRules: admin.set_rules,
    c.AddKey: keys.add_key,
    c.RetireKey: keys.retire_key,
    c.SetApprovals: set_approvals,
    c.SetRateRules: rates.set_rate_rules,
    c.AdmitDealer: quotes.admit_dealer,
    c.DismissDealer: quotes.dismiss_dealer,
    c.SignAgreement: agreements.sign_agreement,
    c.EndAgreement: agreements.end_agreement,
    c.SignSwapLine: swaps.sign_line,
    **screening.CHANGES,
}

#: What concerns the whole scheme and no book or institution of it alone.
_RULEBOOK = (
    c.CreateBook,
    c.AdmitMember,
    c.AdmitSender,
    c.SetRules,
    c.SetApprovals,
    c.SetRateRules,
    c.PlaceMember,
)


def directly(handler: Handler) -> Handler:
    """Return the decision on a change that comes as a plain command: only while setting up."""

    def decide(state: State, command: c.Command) -> Sequence[e.AnyEvent]:
        if state.threshold:
            return refuse(Reason.AG01, "This takes more than one person: propose it as a change.")
        return handler(state, command)

    return decide


def content_of(change: c.AnyChange) -> bytes:
    """Return what a change says, encoded; its SHA-256 is what those who approve it name.

    The moment and the signature are not part of it: they are those of the approval.
    """
    return _ENCODER.encode(msgspec.structs.replace(change, at_ns=0, signature=b""))


def consent_needed(state: State, change: c.AnyChange) -> tuple[frozenset[int], int]:
    """Return the parties that all must consent, and how many issuers, whichever, besides."""
    if isinstance(change, _RULEBOOK):
        return frozenset(), state.threshold or len(state.issuers())
    if isinstance(change, c.AppointDealer | c.AdmitDealer | c.DismissDealer):
        books = (state.books[change.book_a], state.books[change.book_b])
        return frozenset(book.issuer.number for book in books), 0
    if isinstance(change, c.AddKey | c.RetireKey) and change.actor != change.party:
        return frozenset(), state.threshold or len(state.issuers())
    return frozenset((change.actor,)), 0


# --- the three commands ------------------------------------------------------------------------


def propose(state: State, command: c.ProposeChange) -> Sequence[e.AnyEvent]:
    """A change that could not be carried out now is refused now, before anyone is asked."""
    expired = _expired(state, command.at_ns)
    refusal = _why_not_proposed(state, command)
    if refusal is not None:
        return (*expired, *refusal)
    return (*expired, e.ChangeProposed(state.last_change + 1))


def _why_not_proposed(state: State, command: c.ProposeChange) -> Sequence[e.AnyEvent] | None:
    if not _is_person(command.person):
        return refuse(*_NOBODY)
    if command.expires_ns <= command.at_ns:
        return refuse(Reason.DT01, "The change would lapse before it began.")
    waiting = sum(1 for p in state.changes.values() if p.proposer == command.actor)
    if waiting >= PENDING_MAX:
        text = f"{PENDING_MAX} changes of this institution wait: approve or withdraw some."
        return refuse(Reason.NARR, text)
    decided = _carried_out(state, command.change, command.at_ns)
    if not isinstance(decided, e.Recorded):
        return (decided,)
    parties, issuers = consent_needed(state, command.change)
    if not (_may_consent(state, command.actor, parties, issuers) or _runs(command.actor, issuers)):
        return refuse(Reason.AG01, "Only those whose consent it takes may propose this.")
    return None


def _runs(actor: int, issuers: int) -> bool:
    """The operator draws up what the issuers then decide on."""
    return actor == c.OPERATOR and issuers > 0


def approve(state: State, command: c.ApproveChange) -> Sequence[e.AnyEvent]:
    """One more person; with the last that it takes, the change is carried out."""
    expired = _expired(state, command.at_ns)
    pending = _pending(state, command.number, command.at_ns)
    if not isinstance(pending, PendingChange):
        return (*expired, *pending)
    parties, issuers = consent_needed(state, pending.change)
    refusal = _why_not_approved(state, command, pending, (parties, issuers))
    if refusal is not None:
        return (*expired, *refusal)
    consents = _consents(pending, command.actor)
    ready = parties <= consents and len(consents & state.issuers()) >= issuers
    if not ready:
        return (*expired, e.ChangeApproved(command.number))
    return (*expired, _outcome(state, command, pending))


def _outcome(state: State, command: c.ApproveChange, pending: PendingChange) -> e.AnyEvent:
    decided = _carried_out(state, pending.change, command.at_ns)
    if isinstance(decided, e.Recorded):
        return e.ChangeApplied(command.number, pending.change, decided.number)
    return e.ChangeFailed(command.number, decided.reason, decided.text)


def _why_not_approved(
    state: State,
    command: c.ApproveChange,
    pending: PendingChange,
    needed: tuple[frozenset[int], int],
) -> Sequence[e.AnyEvent] | None:
    if not _is_person(command.person):
        return refuse(*_NOBODY)
    if not _may_consent(state, command.actor, *needed):
        return refuse(Reason.AG01, "This change does not take the consent of this institution.")
    if any(command.person == person for person, _ in pending.people()):
        return refuse(Reason.AG01, "The same person again: another one must approve.")
    given = pending.approvals.get(command.actor, [])
    if len(given) >= PEOPLE:
        return refuse(Reason.AG01, "This institution has consented already.")
    if command.content != pending.digest:
        return refuse(Reason.NARR, "What is approved is not what was proposed: read it again.")
    unsigned = not _is_signed(command) and not any(signed for _, signed in given)
    if unsigned and len(given) == PEOPLE - 1 and _must_sign(state, command):
        text = "This issuer has keys: one of its two people must sign with one of them."
        return refuse(Reason.AG01, text)
    return None


def _is_signed(command: c.Command) -> bool:
    return len(command.signature) == SIGNATURE_BYTES


def _must_sign(state: State, command: c.ApproveChange) -> bool:
    party = state.parties[command.actor]
    return state.is_issuer(party) and keys.signs(party, command.at_ns)


def withdraw(state: State, command: c.WithdrawChange) -> Sequence[e.AnyEvent]:
    """Its own institution takes it back; one that all depends on turns it down."""
    expired = _expired(state, command.at_ns)
    pending = _pending(state, command.number, command.at_ns)
    if not isinstance(pending, PendingChange):
        return (*expired, *pending)
    if not _is_person(command.person):
        return (*expired, *refuse(*_NOBODY))
    parties, _ = consent_needed(state, pending.change)
    if command.actor != pending.proposer and command.actor not in parties:
        text = "Only who proposed a change, or must consent to it, may end it."
        return (*expired, *refuse(Reason.AG01, text))
    return (*expired, e.ChangeWithdrawn(command.number))


_NOBODY = (Reason.AG01, "A change is for people: it must say who acts.")


def _is_person(person: bytes) -> bool:
    return 0 < len(person) <= _PERSON_BYTES_MAX


def _may_consent(state: State, actor: int, parties: frozenset[int], issuers: int) -> bool:
    return actor in parties or (issuers > 0 and actor in state.issuers())


def _consents(pending: PendingChange, approving: int) -> frozenset[int]:
    """Return the parties of which enough people approved, one more of ``approving`` counted."""
    given = {party: len(people) for party, people in pending.approvals.items()}
    given[approving] = given.get(approving, 0) + 1
    return frozenset(party for party, people in given.items() if people >= PEOPLE)


def _pending(state: State, number: int, at_ns: int) -> PendingChange | Sequence[e.AnyEvent]:
    pending = state.changes.get(number)
    if pending is None or pending.expires_ns <= at_ns:
        return refuse(Reason.NARR, f"There is no change {number} that waits.")
    return pending


def _expired(state: State, at_ns: int) -> tuple[e.AnyEvent, ...]:
    """What has lapsed is cleared away whenever changes are dealt with; no clock runs for it."""
    return tuple(e.ChangeExpired(n) for n, p in state.changes.items() if p.expires_ns <= at_ns)


def _carried_out(state: State, change: c.AnyChange, at_ns: int) -> e.Recorded | e.CommandRefused:
    """Decide on a change as if it came now."""
    (decided,) = CHANGES[type(change)](state, msgspec.structs.replace(change, at_ns=at_ns))
    assert isinstance(decided, e.Recorded | e.CommandRefused)
    return decided


# --- what their events do ----------------------------------------------------------------------


def change_proposed(state: State, command: c.ProposeChange, event: e.ChangeProposed) -> None:
    """It waits; where its proposer's institution must consent, the proposer is the first to."""
    parties, issuers = consent_needed(state, command.change)
    digest = sha256(content_of(command.change)).digest()
    pending = PendingChange(
        event.number, command.actor, command.person, command.change, digest, command.expires_ns
    )
    if _may_consent(state, command.actor, parties, issuers):
        pending.approvals[command.actor] = [(command.person, _is_signed(command))]
    state.last_change = event.number
    state.changes[event.number] = pending


def change_approved(state: State, command: c.ApproveChange, event: e.ChangeApproved) -> None:
    """One more person of the actor's institution."""
    given = state.changes[event.number].approvals.setdefault(command.actor, [])
    given.append((command.person, _is_signed(command)))


def change_ended(state: State, command: c.Command, event: Any) -> None:
    """It waits no longer: failed, withdrawn or expired."""
    del state.changes[event.number]


def told(command: c.AnyCommand, event: e.AnyEvent) -> tuple[c.AnyCommand, e.AnyEvent]:
    """Return what a follower should take note of: an applied change as if it had come directly."""
    if isinstance(event, e.ChangeApplied):
        change = msgspec.structs.replace(event.change, at_ns=command.at_ns)
        return change, e.Recorded(event.recorded)
    return command, event
