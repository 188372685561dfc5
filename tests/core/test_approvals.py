"""Changes that take several people: who must consent, and in how many ways it does not suffice."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest

from engine_world import DAY, opening_commands
from paritas.core import approvals, engine, invariants, snapshot
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model import events as e

RBI, PBOC, BCB, MEMBER = 1, 2, 3, 4
SIGNED, SESSION = b"s" * 64, b"r" * 16
LATE_NS = 10**15


@pytest.fixture
def state() -> State:
    """Three books, four members; RBI has a key, and the rulebook names two of three issuers."""
    found = State()
    for command in opening_commands(governed=True):
        engine.apply(found, command)
    assert found.threshold == 2
    return found


def limit(account: int = 1, limit_minor: int = 70) -> c.SetLimit:
    return c.SetLimit(0, RBI, b"", account, limit_minor)


def propose(
    state: State, actor: int, person: bytes, change: c.AnyChange, signature: bytes = SIGNED
) -> e.AnyEvent:
    command = c.ProposeChange(1, actor, signature, person, change, LATE_NS)
    return engine.apply(state, command)[-1]


def approve(
    state: State,
    actor: int,
    person: bytes,
    number: int = 1,
    *,
    signature: bytes = SIGNED,
    at_ns: int = 2,
    content: bytes | None = None,
) -> e.AnyEvent:
    if content is None:
        content = state.changes[number].digest if number in state.changes else b""
    command = c.ApproveChange(at_ns, actor, signature, number, content, person)
    return engine.apply(state, command)[-1]


def refused(event: e.AnyEvent, words: str) -> bool:
    return isinstance(event, e.CommandRefused) and words in event.text


def test_nobody_changes_anything_alone(state: State) -> None:
    """Every change is refused as a plain command, whoever sends it."""
    before = snapshot.dump(state)
    changes: list[c.AnyChange] = [
        c.CreateBook(1, 0, SIGNED, "RUB", "CBRURUB0XXX", DAY),
        c.AdmitMember(1, 0, SIGNED, "NEWBINB0XXX"),
        c.AdmitSender(1, 0, SIGNED, "NEWBINB0XXX"),
        c.OpenAccount(1, RBI, SIGNED, MEMBER, 1),
        c.SetLimit(1, RBI, SIGNED, 1, 70),
        c.IssueMoney(1, RBI, SIGNED, 1, 70),
        c.RedeemMoney(1, RBI, SIGNED, 1, 7),
        c.SuspendMember(1, RBI, SIGNED, 1),
        c.ReinstateMember(1, RBI, SIGNED, 1),
        c.RegisterSender(1, MEMBER, SIGNED, MEMBER, MEMBER + 1),
        c.SetRate(1, RBI, SIGNED, 1, 1, 1),
        c.AppointDealer(1, 0, SIGNED, 1, 2, MEMBER),
        c.SetRules(1, 0, SIGNED, 1, 5),
        c.AddKey(1, MEMBER, SIGNED, MEMBER, b"n" * 32),
        c.RetireKey(1, RBI, SIGNED, RBI, b"1" * 32),
        c.SetApprovals(1, 0, SIGNED, 1),
    ]
    assert {type(change) for change in changes} <= set(approvals.CHANGES)
    for change in changes:
        for actor in (0, change.actor):
            (event,) = engine.apply(state, msgspec.structs.replace(change, actor=actor))
            assert refused(event, "more than one person"), change
    assert snapshot.dump(state) == before


def test_two_people_of_the_issuer_set_a_limit(state: State) -> None:
    assert isinstance(propose(state, RBI, b"anna", limit()), e.ChangeProposed)
    assert state.accounts[1].limit_minor == 0
    event = approve(state, RBI, b"bert")
    assert event == e.ChangeApplied(1, limit(), 0)
    assert state.accounts[1].limit_minor == 70
    assert state.changes == {}
    assert approvals.told(c.PassTime(9, 0, b""), event) == (
        msgspec.structs.replace(limit(), at_ns=9),
        e.Recorded(0),
    )


@pytest.mark.parametrize(
    "how", ["the same person", "another institution", "the operator", "nobody"]
)
def test_one_person_is_not_two(state: State, how: str) -> None:
    propose(state, RBI, b"anna", limit())
    actor, person = {
        "the same person": (RBI, b"anna"),
        "another institution": (PBOC, b"bert"),
        "the operator": (0, b"bert"),
        "nobody": (RBI, b""),
    }[how]
    assert isinstance(approve(state, actor, person), e.CommandRefused)
    assert state.accounts[1].limit_minor == 0
    assert isinstance(approve(state, RBI, b"bert"), e.ChangeApplied)


def test_one_person_cannot_speak_for_two_institutions(state: State) -> None:
    rules = c.SetRules(0, 0, b"", 1, 5)
    propose(state, 0, b"anna", rules)
    assert refused(approve(state, RBI, b"anna"), "same person")
    approve(state, RBI, b"bert")
    assert refused(approve(state, PBOC, b"bert"), "same person")


def test_what_is_approved_is_what_was_read(state: State) -> None:
    propose(state, RBI, b"anna", limit())
    other = sha256(approvals.content_of(limit(limit_minor=7))).digest()
    assert refused(approve(state, RBI, b"bert", content=other), "read it again")
    moved = msgspec.structs.replace(limit(), at_ns=99, signature=SIGNED)
    assert sha256(approvals.content_of(moved)).digest() == state.changes[1].digest


def test_only_an_issuers_key_moves_its_book(state: State) -> None:
    """RBI has a key in the rulebook: two people who are only logged in do not suffice (law 9)."""
    propose(state, RBI, b"anna", limit(), SESSION)
    event = approve(state, RBI, b"bert", signature=SESSION)
    assert refused(event, "must sign")
    assert isinstance(approve(state, RBI, b"bert", signature=SIGNED), e.ChangeApplied)
    # With the proposal signed, the other one may be logged in.
    propose(state, RBI, b"anna", limit(limit_minor=5), SIGNED)
    assert isinstance(approve(state, RBI, b"bert", 2, signature=SESSION), e.ChangeApplied)
    # PBOC has no key: there is nothing to sign with.
    other = c.SetLimit(0, PBOC, b"", 5, 70)
    propose(state, PBOC, b"carl", other, SESSION)
    assert isinstance(approve(state, PBOC, b"dora", 3, signature=SESSION), e.ChangeApplied)


def test_the_rulebook_takes_the_issuers_that_it_names(state: State) -> None:
    rules = c.SetRules(0, 0, b"", 2, 5)
    propose(state, 0, b"operator", rules)
    for actor, person in ((RBI, b"a"), (RBI, b"b"), (PBOC, b"c"), (BCB, b"d")):
        assert isinstance(approve(state, actor, person), e.ChangeApproved)
    assert refused(approve(state, RBI, b"third"), "has consented already")
    assert refused(approve(state, MEMBER, b"m"), "does not take the consent")
    assert refused(approve(state, 0, b"o"), "does not take the consent")
    assert state.bypass == 1
    assert isinstance(approve(state, BCB, b"e"), e.ChangeApplied)
    assert (state.bypass, state.max_days_ahead) == (2, 5)


def test_a_pair_of_books_takes_both_issuers_and_no_other(state: State) -> None:
    dealer = c.AppointDealer(0, 0, b"", 1, 3, MEMBER)
    assert refused(propose(state, 0, b"operator", dealer), "Only those whose consent")
    propose(state, RBI, b"a", dealer)
    assert isinstance(approve(state, RBI, b"b"), e.ChangeApproved)
    assert isinstance(approve(state, PBOC, b"c"), e.CommandRefused)
    assert isinstance(approve(state, BCB, b"d"), e.ChangeApproved)
    assert isinstance(approve(state, BCB, b"e"), e.ChangeApplied)
    assert state.dealers[1, 3] == MEMBER


def test_the_operator_cannot_act_for_an_issuer(state: State) -> None:
    for change in (limit(), c.IssueMoney(0, RBI, b"", 1, 5), c.AddKey(0, RBI, b"", RBI, b"k" * 32)):
        event = propose(state, 0, b"operator", change)
        assert refused(event, "Only those whose consent"), change
    for change in (
        msgspec.structs.replace(limit(), actor=0),
        c.AddKey(0, 0, b"", RBI, b"k" * 32),
        c.RetireKey(0, 0, b"", RBI, b"1" * 32),
    ):
        assert isinstance(propose(state, 0, b"operator", change), e.CommandRefused), change


def test_keys_are_rotated_by_their_party_and_restored_by_the_issuers(state: State) -> None:
    own = c.AddKey(0, MEMBER, b"", MEMBER, b"k" * 32, until_ns=500)
    propose(state, MEMBER, b"a", own)
    assert isinstance(approve(state, MEMBER, b"b"), e.ChangeApplied)
    assert state.parties[MEMBER].keys == {b"k" * 32: (0, 500)}
    # A member that lost every key: the issuers enter one for it.
    propose(state, RBI, b"a", c.AddKey(0, 0, b"", MEMBER, b"n" * 32))
    for actor, person in ((RBI, b"b"), (PBOC, b"c")):
        assert isinstance(approve(state, actor, person, 2), e.ChangeApproved)
    assert isinstance(approve(state, PBOC, b"d", 2), e.ChangeApplied)
    propose(state, MEMBER, b"a", c.RetireKey(0, MEMBER, b"", MEMBER, b"n" * 32))
    assert isinstance(approve(state, MEMBER, b"b", 3, at_ns=700), e.ChangeApplied)
    assert state.parties[MEMBER].keys[b"n" * 32] == (0, 700)
    # A key comes once, and to one party.
    for party in (MEMBER, MEMBER + 1):
        again = c.AddKey(0, party, b"", party, b"n" * 32)
        assert refused(propose(state, party, b"x", again), "entered before")


def test_a_change_lapses(state: State) -> None:
    propose(state, RBI, b"anna", limit())
    content = state.changes[1].digest
    command = c.ApproveChange(LATE_NS, RBI, SIGNED, 1, content, b"bert")
    expired, event = engine.apply(state, command)
    assert expired == e.ChangeExpired(1)
    assert refused(event, "no change 1")
    assert state.changes == {}


def test_a_change_is_withdrawn_or_turned_down(state: State) -> None:
    rules = c.SetRules(0, 0, b"", 2, 5)
    dealer = c.AppointDealer(0, 0, b"", 1, 3, MEMBER)
    propose(state, RBI, b"a", rules)
    propose(state, RBI, b"a", dealer)

    def withdraw(actor: int, number: int, person: bytes = b"z") -> e.AnyEvent:
        return engine.apply(state, c.WithdrawChange(3, actor, b"", number, person))[-1]

    # No single issuer stops what takes some of them; each stops what is about its own book.
    assert isinstance(withdraw(PBOC, 1), e.CommandRefused)
    assert isinstance(withdraw(RBI, 1, b""), e.CommandRefused)
    assert withdraw(RBI, 1) == e.ChangeWithdrawn(1)
    assert withdraw(BCB, 2) == e.ChangeWithdrawn(2)
    assert isinstance(withdraw(BCB, 2), e.CommandRefused)


def test_what_cannot_be_done_any_more_fails(state: State) -> None:
    redemption = c.RedeemMoney(0, RBI, b"", 1, 100)
    for _ in range(2):
        propose(state, RBI, b"a", redemption)
    assert isinstance(approve(state, RBI, b"b", 1), e.ChangeApplied)
    event = approve(state, RBI, b"b", 2)
    assert isinstance(event, e.ChangeFailed)
    assert event.reason == "AM04"
    assert state.changes == {}
    assert invariants.check_all(state) == ()


def test_an_institution_has_so_many_changes_waiting(state: State) -> None:
    for _ in range(approvals.PENDING_MAX):
        assert isinstance(propose(state, RBI, b"a", limit()), e.ChangeProposed)
    assert refused(propose(state, RBI, b"a", limit()), "approve or withdraw some")
    assert isinstance(propose(state, PBOC, b"a", c.SetLimit(0, PBOC, b"", 5, 1)), e.ChangeProposed)


def test_the_rule_itself_cannot_be_taken_away(state: State) -> None:
    for threshold in (0, -1, 4):
        event = propose(state, RBI, b"a", c.SetApprovals(0, 0, b"", threshold))
        assert isinstance(event, e.CommandRefused)


def test_what_waits_survives_a_snapshot(state: State) -> None:
    propose(state, RBI, b"anna", limit())
    propose(state, RBI, b"a", c.SetRules(0, 0, b"", 2, 5))
    approve(state, PBOC, b"b", 2)
    dumped = snapshot.dump(state)
    loaded = snapshot.load(dumped)
    assert snapshot.dump(loaded) == dumped
    assert isinstance(approve(loaded, RBI, b"bert", 1), e.ChangeApplied)
    assert loaded.accounts[1].limit_minor == 70
