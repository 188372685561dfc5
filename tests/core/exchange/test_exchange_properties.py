"""On random days full of quotes, locks, agreements and swaps the laws hold and replay is exact."""

from __future__ import annotations

from random import Random

import pytest

from engine_world import opening_commands
from exchange_world import ExchangeWishes, exchange_opening
from paritas.core import engine, invariants, snapshot
from paritas.core.exchange import tables
from paritas.core.state import State
from paritas.journal import codec
from paritas.model import commands as c
from paritas.model import events as e


def day(seed: int, steps: int = 400) -> tuple[State, list[tuple[c.AnyCommand, list[e.AnyEvent]]]]:
    state = State()
    wishes = ExchangeWishes(Random(seed), state)
    done = []
    for command in [*opening_commands(), *exchange_opening()]:
        done.append((command, list(engine.apply(state, command))))
    for step in range(steps):
        command = wishes.next()
        done.append((command, list(engine.apply(state, command))))
        if step % 40 == 0:
            assert invariants.check_all(state) == ()
    assert invariants.check_all(state) == ()
    return state, done


@pytest.mark.parametrize("seed", range(25))
def test_laws_hold_and_replay_is_exact(seed: int) -> None:
    state, done = day(seed)
    live = snapshot.dump(state)
    replayed = State()
    encoded = codec.join_records([codec.encode_record(*record) for record in done])
    for command, events in codec.decode_records(encoded):
        engine.replay(replayed, command, events)
    assert snapshot.dump(replayed) == live
    assert snapshot.dump(snapshot.load(live)) == live


def issued(done: list[tuple[c.AnyCommand, list[e.AnyEvent]]], book_accounts: set[int]) -> int:
    """What the book should have issued, by the journal alone."""
    total = 0
    for command, events in done:
        carried_out: list[object] = [e_.change for e_ in events if isinstance(e_, e.ChangeApplied)]
        if any(isinstance(event, e.Recorded) for event in events):
            carried_out.append(command)
        for change in carried_out:
            if isinstance(change, c.IssueMoney) and change.account in book_accounts:
                total += change.amount_minor
            if isinstance(change, c.RedeemMoney) and change.account in book_accounts:
                total -= change.amount_minor
    return total


@pytest.mark.parametrize("seed", range(25))
def test_swaps_are_issued_and_redeemed_on_both_books_alike(seed: int) -> None:
    state, done = day(seed)
    owed: dict[int, tuple[int, int]] = {}
    interest = [0, 0]
    for _, events in done:
        for event in events:
            if isinstance(event, e.SwapDrawn):
                owed[event.number] = event.amounts_minor
            if isinstance(event, e.SwapRepaid):
                drawn = next(
                    x
                    for _, es in done
                    for x in es
                    if isinstance(x, e.SwapDrawn) and x.number == event.number
                )
                del owed[event.number]
                interest = [a + b for a, b in zip(interest, drawn.interest_minor, strict=True)]
    for index, book in enumerate((state.books[1], state.books[2])):
        accounts = {account.number for account in book.accounts}
        outstanding = sum(amounts[index] for amounts in owed.values())
        expected = issued(done, accounts) + outstanding - interest[index]
        assert -book.contra.balance_minor == expected
        assert state.exchange.lines[1].drawn_minor[index] == outstanding


@pytest.mark.parametrize("seed", range(25))
def test_a_lock_is_the_best_split_and_leaves_no_dealer_with_one_leg(seed: int) -> None:
    state = State()
    wishes = ExchangeWishes(Random(seed), state)
    for command in [*opening_commands(), *exchange_opening()]:
        engine.apply(state, command)
    for _ in range(400):
        command = wishes.next()
        quotes = {n: (q.bid, q.ask, q.base) for n, q in state.exchange.quotes.items()}
        for event in engine.apply(state, command):
            if isinstance(event, e.QuotesLocked):
                assert isinstance(command, c.LockQuotes)
                check_lock(state, command, event, quotes)


def check_lock(state: State, command: c.LockQuotes, event: e.QuotesLocked, quotes: dict) -> None:
    sold = sum(leg.amount_minor for leg in event.legs if leg.payer == command.payer)
    bought = sum(leg.amount_minor for leg in event.legs if leg.payee == command.payee)
    assert command.amount_minor == (bought if command.is_bought else sold)
    assert sold == sum(part.sold_minor for part in event.parts)
    assert bought == sum(part.bought_minor for part in event.parts)
    book_in = state.accounts[command.payer].book.number
    prices = []
    for part in event.parts:
        bid, ask, base = quotes[part.quote]
        price = bid if base == book_in else 1 / ask
        prices.append(price)
        # The dealer gets less than one minor unit more than its price, and never less.
        assert part.sold_minor * price - part.bought_minor >= 0
        assert part.sold_minor * price - part.bought_minor < max(1, price)
    assert prices == sorted(prices, reverse=True)
    dealers = {state.exchange.quotes[part.quote].dealer for part in event.parts}
    for dealer in dealers:
        own = set(state.parties[dealer].accounts.values())
        assert any(leg.payee in own for leg in event.legs)
        assert any(leg.payer in own for leg in event.legs)


def test_random_days_reach_every_kind_of_exchange_event() -> None:
    seen: dict[str, int] = {}
    for seed in range(40):
        for command, events in day(seed)[1]:
            for event in events:
                name = type(event).__name__
                if isinstance(command, c.SubmitInstruction) and command.conversion is not None:
                    name = f"converted {name}"
                seen[name] = seen.get(name, 0) + 1
                if isinstance(event, e.Recorded):
                    kind = type(command).__name__
                    seen[kind] = seen.get(kind, 0) + 1
    wanted = [kind.__name__ for kind in tables.EVOLVERS] + [
        "LockEnded",
        "converted InstructionSettled",
    ]
    wanted += ["converted InstructionQueued", "converted InstructionRefused"]
    wanted += [kind.__name__ for kind in tables.RECORDERS]
    assert {name: seen.get(name, 0) for name in wanted if seen.get(name, 0) < 5} == {}
