"""What a solver proposes, against the reference model and at its edges; alike sides of trades."""

from __future__ import annotations

from random import Random

from engine_world import DAY, Wishes, opening_commands
from oracle import Oracle, event_tuple
from paritas.core import engine, invariants
from paritas.core.lifecycle import Status
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model.events import CommandRefused, SetSettled, SidesMatched
from paritas.model.instructions import Leg


def test_what_remains_of_a_proposal_is_what_the_reference_model_leaves() -> None:
    settled = [propose_parts_of_a_long_queue(seed) for seed in range(24)]
    assert sum(count > 0 for count in settled) >= 10, settled


def propose_parts_of_a_long_queue(seed: int) -> int:
    """A queue of all priorities, with reservations; then all, a part, and all again."""
    random = Random(seed)
    state, oracle = State(), Oracle()
    wishes = Wishes(random, state)

    def do(command: c.AnyCommand) -> None:
        assert [event_tuple(e) for e in engine.apply(state, command)] == oracle.apply(command)

    for command in opening_commands():
        do(command)
    at_ns = wishes.at_ns
    do(c.SetRules(at_ns, 0, b"", seed % 3, 10))
    for account in list(state.accounts.values())[:4]:
        party = account.party.number
        do(c.SetReservation(at_ns, party, b"", account.number, random.randint(0, 30), 10))
    for number in range(26):
        legs = []
        for _ in range(random.choice((1, 1, 1, 2))):
            book = random.choice(list(state.books.values()))
            payer, payee = random.sample(book.accounts, 2)
            if legs:
                payer = state.accounts[payer.party.accounts[book.number]]
            legs.append(Leg(payer.number, payee.number, random.randint(95, 125)))
        sender = state.accounts[legs[0].payer].party.number
        legs = [x for x in legs if state.accounts[x.payer].party.number == sender]
        priority = random.choices((0, 1, 2), (1, 1, 4))[0]
        do(
            c.SubmitInstruction(
                at_ns, sender, b"", sender, f"Q{number}", tuple(legs), priority, DAY
            )
        )
    settled = 0
    for share in (1.0, 0.7, 1.0, 0.9):
        waiting = [n for n in state.queue if random.random() < share]
        before = list(state.statuses)
        do(c.ProposeSettlement(at_ns, 0, b"", tuple(waiting)))
        settled += sum(a != b for a, b in zip(before, state.statuses, strict=True))
        assert invariants.check_all(state) == ()
    return settled


def test_only_the_operator_proposes_and_begins() -> None:
    state = State()
    for command in opening_commands():
        engine.apply(state, command)
    for command in (
        c.ProposeSettlement(0, 5, b"", (1,)),
        c.BeginClearing(0, 5, b"", 0),
        c.ProposeSettlement(0, 0, b"", (1,), b"", 1),
        c.BeginClearing(0, 0, b"", 4),
    ):
        (event,) = engine.apply(state, command)
        assert isinstance(event, CommandRefused), command


def test_a_proposal_settles_in_one_event_with_gross_legs() -> None:
    state = State()
    wishes = Wishes(Random(1), state)
    for command in opening_commands():
        engine.apply(state, command)
    ring = state.books[1].accounts[:3]
    amount = 10**6
    for payer, payee in zip(ring, [*ring[1:], ring[0]], strict=True):
        party, leg = payer.party.number, Leg(payer.number, payee.number, amount)
        engine.apply(
            state,
            c.SubmitInstruction(wishes.at_ns, party, b"", party, "R", (leg,), 2, DAY),
        )
    before = [account.balance_minor for account in ring]
    (event,) = engine.apply(state, c.ProposeSettlement(wishes.at_ns, 0, b"", (3, 2, 1, 77)))
    assert event == SetSettled((1, 2, 3))
    assert [account.balance_minor for account in ring] == before
    assert list(state.statuses[1:]) == [Status.SETTLED] * 3


def test_alike_sides_of_trades_match_in_the_order_in_which_they_came() -> None:
    """Two orders for the same exchange under two references are two trades."""
    state = State()
    wishes = Wishes(Random(1), state)
    for command in opening_commands():
        engine.apply(state, command)
    one, other = state.books[1].accounts[:2], state.books[2].accounts
    partner = {account.party.number: account.number for account in other}
    a, b = one[0].party.number, one[1].party.number
    own = Leg(one[0].number, one[1].number, 7)
    back = Leg(partner[b], partner[a], 3)

    def side(sender: int, reference: str, legs: tuple[Leg, Leg]) -> list[object]:
        command = c.SubmitInstruction(
            wishes.at_ns, sender, b"", sender, reference, legs, 2, DAY, trade="T"
        )
        return list(engine.apply(state, command))

    side(a, "A1", (own, back))
    side(a, "A2", (own, back))
    assert SidesMatched(1, 3) in side(b, "B1", (back, own))
    assert SidesMatched(2, 4) in side(b, "B2", (back, own))
    assert not state.unmatched
    assert invariants.check_all(state) == ()
