"""Netting cycles: the engine and the reference model agree; what is taken out is as little as can be."""

from __future__ import annotations

from itertools import combinations
from random import Random
from typing import Any

import pytest

from cycle_wishes import HOUR_NS, CycleWishes
from engine_world import opening_commands
from oracle import Oracle, event_tuple
from paritas.core import engine, invariants, snapshot
from paritas.core.lifecycle import LawBroken
from paritas.core.obligations import CYCLE_TABLE, OBLIGATION_TABLE, CycleStatus, ObligationStatus
from paritas.core.state import State
from paritas.journal import codec
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.instructions import Leg, Part, Position


def world() -> tuple[State, Oracle]:
    """Four members with 100 on each of three books, which are open for ten hours."""
    state, oracle = State(), Oracle()
    for command in opening_commands():
        engine.apply(state, command)
        oracle.apply(command)
    return state, oracle


def a_days_command(random: Random, state: State, wishes: CycleWishes, at_ns: int) -> c.AnyCommand:
    """Cycles mostly, and what happens beside them: payments, reservations, the end of a day."""
    if random.random() < 0.85:
        return wishes.next(at_ns)
    book = random.choice(list(state.books.values()))
    payer, payee = random.sample(book.accounts, 2)
    party = payer.party.number
    number = len(state.instructions)
    leg = Leg(payer.number, payee.number, random.randint(1, 130))
    choices: tuple[c.AnyCommand, ...] = (
        c.SubmitInstruction(at_ns, party, b"", party, f"R{number}", (leg,), 2, book.date),
        c.SubmitInstruction(at_ns, party, b"", party, f"R{number}", (leg,), 0, book.date),
        c.SetReservation(at_ns, party, b"", payer.number, random.randint(0, 40), 10),
        c.SetLimit(at_ns, book.issuer.number, b"", payer.number, random.choice((0, 30))),
        c.ReinstateMember(at_ns, book.issuer.number, b"", payer.number),
        c.OfferHold(at_ns, party, b"", f"H{number}", leg, at_ns + HOUR_NS),
    )
    if random.random() < 0.06:
        if book.settles_date:
            return c.CloseBook(at_ns, 0, b"", book.number)
        date, closes_ns = book.date + 1, at_ns + 10 * HOUR_NS
        return c.OpenWindow(at_ns, 0, b"", book.number, date, at_ns, closes_ns)
    return random.choice(choices)


def test_random_cycles_agree_with_the_reference_model() -> None:
    seen: dict[str, int] = {}
    for seed in range(40):
        for key, count in random_cycles(seed).items():
            seen[key] = seen.get(key, 0) + count
    for reached, least in (
        ("CycleSettled", 100),
        ("CycleShort", 40),
        ("CycleLapsed", 20),
        ("ObligationsSetOff", 50),
        ("ObligationsEnded AM04", 20),
        ("ObligationsEnded AG10", 10),
        ("ObligationsEnded AB03", 15),
        ("ObligationsEnded DS02", 20),
        ("ObligationsEnded TM01", 20),
        ("CommandRefused AM02", 20),
        ("CommandRefused AM09", 20),
        ("CommandRefused DU03", 3),
    ):
        assert seen.get(reached, 0) >= least, (reached, seen)


def random_cycles(seed: int) -> dict[str, int]:
    random = Random(seed)
    state, oracle = world()
    wishes = CycleWishes(random, state, may_pass_time=True)
    at_ns, seen, records = 0, {}, []
    for step in range(350):
        command = a_days_command(random, state, wishes, at_ns)
        at_ns = max(command.at_ns, at_ns + random.choice((0, 0, 10**9)))
        answer = list(engine.apply(state, command))
        assert [event_tuple(event) for event in answer] == oracle.apply(command), (step, command)
        records.append(codec.encode_record(command, answer))
        for event in answer:
            key = f"{type(event).__name__} {getattr(event, 'reason', '')}".strip()
            seen[key] = seen.get(key, 0) + 1
        if step % 50 == 0:
            assert invariants.check_all(state) == ()
    assert invariants.check_all(state) == ()
    assert {n: a.balance_minor for n, a in state.accounts.items()} == {
        n: a.balance for n, a in oracle.accounts.items()
    }
    assert {n: o.status.name.lower() for n, o in state.obligations.items()} == {
        n: debt.status for n, debt in oracle.debts.items()
    }
    dumped = snapshot.dump(state)
    replayed = State()
    for command in opening_commands():
        engine.apply(replayed, command)
    for recorded in codec.decode_records(codec.join_records(records)):
        engine.replay(replayed, *recorded)
    assert snapshot.dump(replayed) == dumped == snapshot.dump(snapshot.load(dumped))
    assert invariants.check_all(snapshot.load(dumped)) == ()
    return seen


def run_cycle(state: State, debts: list[tuple[int, int, int, int]], books: tuple[int, ...]) -> None:
    """Open a cycle and put confirmed obligations (debtor, creditor, amount, priority) into it."""
    engine.apply(state, c.OpenCycle(0, 0, b"", "noon", books, HOUR_NS, HOUR_NS))
    number = len(state.cycles)
    for index, (debtor, creditor, amount, priority) in enumerate(debts):
        sender, other = (state.accounts[a].party.number for a in (debtor, creditor))
        leg = Leg(debtor, creditor, amount)
        submit = c.SubmitObligation(0, sender, b"", number, sender, f"{index}", leg, priority)
        (submitted,) = engine.apply(state, submit)
        assert isinstance(submitted, e.ObligationSubmitted)
        (done,) = engine.apply(state, c.ConfirmObligation(0, other, b"", submitted.number))
        assert isinstance(done, e.ObligationConfirmed)
    engine.apply(state, c.CutOffCycle(HOUR_NS, 0, b"", number))
    engine.apply(state, c.CalculateCycle(HOUR_NS, 0, b"", number))


def settle(state: State, at_ns: int) -> list[Any]:
    return list(engine.apply(state, c.SettleCycle(at_ns, 0, b"", len(state.cycles))))


def test_two_currencies_settle_in_one_event_and_only_the_net_moves() -> None:
    state, _ = world()
    run_cycle(state, [(1, 2, 5_000, 2), (2, 1, 4_950, 2), (5, 6, 30, 2)], (1, 2))
    (settled,) = settle(state, HOUR_NS)
    moved = (Position(1, -50), Position(2, 50), Position(5, -30), Position(6, 30))
    assert settled == e.CycleSettled(1, moved)
    assert [state.accounts[n].balance_minor for n in (1, 2, 5, 6)] == [50, 150, 70, 130]


def test_one_currency_short_holds_all_of_them() -> None:
    state, _ = world()
    run_cycle(state, [(1, 2, 30, 2), (5, 6, 101, 2)], (1, 2))
    (short,) = settle(state, HOUR_NS)
    assert short == e.CycleShort(1, 2 * HOUR_NS, (Position(5, -1),))
    assert {a.balance_minor for a in state.accounts.values()} == {100}
    # A unit comes in: the window need not be waited for.
    engine.apply(state, c.IssueMoney(HOUR_NS, 2, b"", 5, 1))
    (settled,) = settle(state, HOUR_NS + 1)
    assert isinstance(settled, e.CycleSettled)
    assert state.accounts[5].balance_minor == 0


def test_after_the_window_the_least_urgent_and_latest_goes_and_no_more() -> None:
    state, _ = world()
    debts = [(1, 2, 60, 2), (1, 2, 50, 2), (1, 2, 40, 0), (1, 3, 30, 2), (2, 4, 180, 1)]
    run_cycle(state, debts, (1,))
    assert isinstance(settle(state, HOUR_NS)[0], e.CycleShort)
    refused = settle(state, 2 * HOUR_NS - 1)
    assert refused[0].reason == "AM04"
    ended, again, settled = settle(state, 2 * HOUR_NS)
    # The first lacks 80: the fourth (latest) and the second go. The second member then lacks
    # nothing: it has 100, receives 100 and owes 180.
    assert ended.numbers == (2, 4)
    assert again.positions == settled.positions
    assert [a.balance_minor for a in state.books[1].accounts] == [0, 20, 100, 280]


@pytest.mark.parametrize("seed", range(60))
def test_no_larger_cycle_was_covered(seed: int) -> None:
    """Among all sets that take out from the end of each debtor's line, the one kept is the largest."""
    random = Random(seed)
    state, _ = world()
    debts = [
        (*random.sample(range(1, 5), 2), random.randint(20, 150), random.choice((1, 2, 2)))
        for _ in range(random.randint(3, 8))
    ]
    run_cycle(state, debts, (1,))
    for event in settle(state, HOUR_NS):
        if isinstance(event, e.CycleShort):
            settle(state, event.until_ns)
    kept = {n for n, o in state.obligations.items() if o.status == ObligationStatus.SETTLED}
    line = sorted(range(len(debts)), key=lambda i: (debts[i][3], i))
    for size in range(len(kept) + 1, len(debts) + 1):
        for chosen in combinations(range(len(debts)), size):
            in_order = all(
                before in chosen
                for debtor in range(1, 5)
                for i, later in enumerate(line)
                if debts[later][0] == debtor and later in chosen
                for before in line[:i]
                if debts[before][0] == debtor
            )
            balances = dict.fromkeys(range(1, 5), 100)
            for index in chosen:
                debtor, creditor, amount, _ = debts[index]
                balances[debtor] -= amount
                balances[creditor] += amount
            assert not in_order or min(balances.values()) < 0, (debts, kept, chosen)


def test_what_is_set_off_needs_no_money_and_stays_when_the_rest_is_taken_out() -> None:
    state, _ = world()
    engine.apply(state, c.OpenCycle(0, 0, b"", "noon", (1,), HOUR_NS, 0))
    parties = [account.party.number for account in state.books[1].accounts]
    for index, (debtor, creditor, amount) in enumerate(((0, 1, 900), (1, 2, 700), (2, 0, 500))):
        leg = Leg(debtor + 1, creditor + 1, amount)
        head = (0, parties[debtor], b"")
        engine.apply(state, c.SubmitObligation(*head, 1, parties[debtor], f"{index}", leg, 2))
        engine.apply(state, c.ConfirmObligation(0, parties[creditor], b"", index + 1))
    engine.apply(state, c.CutOffCycle(HOUR_NS, 0, b"", 1))
    parts = tuple(Part(number, 500) for number in (1, 2, 3))
    (done,) = engine.apply(state, c.ProposeSetoff(HOUR_NS, 0, b"", 1, parts, b"proof"))
    assert done == e.ObligationsSetOff(1)
    assert state.obligations[3].status == ObligationStatus.SETTLED
    engine.apply(state, c.CalculateCycle(HOUR_NS, 0, b"", 1))
    ended, _, settled = settle(state, HOUR_NS)
    # The first owes 400 more and has 100: that rest goes. The second then lacks 100 for its own.
    assert ended.numbers == (1, 2)
    assert settled.positions == ()
    assert [state.obligations[n].set_off_minor for n in (1, 2, 3)] == [500, 500, 500]
    assert invariants.check_all(state) == ()


def test_the_tables_have_no_way_out_of_an_end() -> None:
    for cycle_end in (CycleStatus.SETTLED, CycleStatus.LAPSED):
        assert cycle_end not in CYCLE_TABLE
    for end in (ObligationStatus.SETTLED, ObligationStatus.ENDED):
        assert end not in OBLIGATION_TABLE


def test_a_forged_settlement_breaks_a_law() -> None:
    state, _ = world()
    run_cycle(state, [(1, 2, 30, 2)], (1,))
    command = c.SettleCycle(HOUR_NS, 0, b"", 1)
    with pytest.raises(LawBroken):
        engine.evolve(state, command, e.CycleSettled(1, (Position(2, 31), Position(1, -31))))
    engine.apply(state, command)
    with pytest.raises(LawBroken):
        engine.evolve(state, command, e.CycleSettled(1, ()))


def test_a_cap_holds_for_what_is_confirmed_meanwhile() -> None:
    state, _ = world()
    engine.apply(state, c.SetDebitCap(0, 1, b"", 1, 100))
    engine.apply(state, c.OpenCycle(0, 0, b"", "noon", (1,), HOUR_NS, 0))
    parties = [account.party.number for account in state.books[1].accounts]

    def submit(debtor: int, creditor: int, amount: int, reference: str) -> Any:
        leg, sender = Leg(debtor, creditor, amount), parties[debtor - 1]
        command = c.SubmitObligation(0, sender, b"", 1, sender, reference, leg, 2)
        return engine.apply(state, command)[0]

    def confirm(number: int, creditor: int) -> Any:
        return engine.apply(state, c.ConfirmObligation(0, parties[creditor - 1], b"", number))[0]

    assert submit(1, 2, 101, "A").reason == "AM02"
    assert submit(1, 2, 100, "B").number == 1
    assert submit(1, 3, 60, "C").number == 2
    assert confirm(1, 2) == e.ObligationConfirmed(1)
    assert confirm(2, 3).reason == "AM02"
    # What it is owed makes room.
    assert submit(4, 1, 60, "D").number == 3
    assert confirm(3, 1) == e.ObligationConfirmed(3)
    assert confirm(2, 3) == e.ObligationConfirmed(2)
