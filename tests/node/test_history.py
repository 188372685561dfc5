"""The history against the engine: random days, followed row by row, must tell what the state says."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import get_args

import pytest

from engine_world import Wishes, opening_commands
from paritas.core import engine
from paritas.core.lifecycle import Status
from paritas.core.state import State
from paritas.journal.audit import audit
from paritas.journal.codec import decode_records, encode_record
from paritas.journal.erasure import erase
from paritas.journal.sqlite import Batch, JournalError, Sealed, SqliteJournal
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.instructions import Leg
from paritas.node import history as history_module
from paritas.node.history import History
from paritas.node.history_queries import (
    MessageSearch,
    QueryError,
    Search,
    balance_at,
    entries,
    find,
    messages,
    payment,
    timeline,
)
from paritas.node.ledger import salt_for, sealed_hash
from paritas.node.sealed_store import NotEntitledError, Reader, Role, may_read, received_bytes

UETR = "0f3e8a54-6a1c-4b5e-9d43-2f7c1b8e6a90"


def random_day(path: Path, seed: int, count: int = 1500) -> tuple[State, list[dict[int, int]]]:
    """Write a random day to a journal; return the state, and all balances after each row."""
    state, random = State(), Random(seed)
    wishes = Wishes(random, state)
    balances = []
    with SqliteJournal(path) as journal:
        pending = opening_commands()
        while count > 0:
            records = []
            for _ in range(random.randint(1, 60)):
                command = pending.pop(0) if pending else wishes.next()
                records.append(encode_record(command, engine.apply(state, command)))
                count -= 1
            journal.append(Batch(journal.seq + 1, wishes.at_ns, records))
            balances.append({n: a.balance_minor for n, a in state.accounts.items()})
    return state, balances


@pytest.mark.parametrize("seed", range(4))
def test_history_tells_what_the_state_says(tmp_path: Path, seed: int) -> None:
    state, balances = random_day(tmp_path / "journal.sqlite", seed)
    with (
        SqliteJournal(tmp_path / "journal.sqlite", read_only=True) as journal,
        History(tmp_path / "history.sqlite", journal.seal) as history,
    ):
        rows = list(journal.rows())
        for row in rows[: len(rows) // 2]:
            history.follow(row.seq, row.at_ns, decode_records(row.payload))
    # It goes on where it stopped, in another process's memory.
    with (
        SqliteJournal(tmp_path / "journal.sqlite", read_only=True) as journal,
        History(tmp_path / "history.sqlite", journal.seal) as history,
    ):
        assert history.catch_up(journal) == journal.seq
        told = every_payment(history)
        assert [p.number for p in told] == list(range(len(state.instructions) - 1, 0, -1))
        for each in told:
            assert each.state == Status(state.statuses[each.number]).name.lower(), each
            assert (each.reason, each.text) == state.reasons.get(each.number, ("", ""))
            # The state counts what waits to be returned as well.
            assert each.returned_minor <= state.returned_minor.get(each.number, 0)
            check_timeline(history, each.number, each.state)
        for number, account in state.accounts.items():
            bic, currency = account.party.bic, account.book.currency
            assert balance_at(history, bic, currency, 2**62) == account.balance_minor
            posted = entries(history, bic, currency, limit=1000)
            assert not posted.cursor
            assert sum(entry.amount_minor for entry in posted.items) == account.balance_minor
            for row, of_row in zip(rows, balances, strict=True):
                last = next((entry for entry in posted.items if entry.seq <= row.seq), None)
                assert of_row.get(number, 0) == (last.balance_minor if last else 0)


def every_payment(history: History) -> list:
    found, cursor = [], ""
    while True:
        page = find(history, Search(), cursor, 97)
        found += page.items
        cursor = page.cursor
        if not cursor:
            return found


def check_timeline(history: History, number: int, state: str) -> None:
    steps = timeline(history, number)
    moments = [step.at_ns for step in steps]
    assert moments == sorted(moments), steps
    assert steps[0].kind == "received"
    kinds = [step.kind for step in steps]
    if state == "waiting":
        assert "queued" in kinds and not {"settled", "refused", "cancelled"} & set(kinds)
    else:
        assert kinds.count(state) == 1


def test_every_command_and_event_is_followed_or_left_out_on_purpose() -> None:
    assert set(history_module._FOLLOWERS) == set(get_args(e.AnyEvent))
    own_events = {
        c.SubmitInstruction, c.CancelInstruction, c.SetPriority, c.ReorderQueue,
        c.ProposeSettlement, c.OfferHold, c.WithdrawHold, c.PromiseHold, c.DecideHolds,
        c.OpenCycle, c.SubmitObligation, c.ConfirmObligation, c.WithdrawObligation,
        c.CutOffCycle, c.CalculateCycle, c.SettleCycle, c.ProposeSetoff,
        c.LockQuotes, c.DrawSwap, c.RepaySwap,
        c.OpenCycle, c.SubmitObligation, c.ConfirmObligation, c.WithdrawObligation,
        c.CutOffCycle, c.CalculateCycle, c.SettleCycle, c.ProposeSetoff,
        c.ProposeChange, c.ApproveChange, c.WithdrawChange,
    }  # fmt: skip
    assert set(history_module._RECORDED) | own_events == set(get_args(c.AnyCommand))


# --- a small day whose every step is known

SEAL_KEY = ("message", "BANK0003XXX", "pacs.008.001.08", "M1")


def small_day(path: Path) -> None:
    """Two members; one message with two payments, one of which waits until money comes."""
    state = State()
    commands = [
        c.CreateBook(0, 0, b"", "INR", "CBNKINB0XXX", 740_000),
        c.AdmitMember(0, 0, b"", "BANK0002XXX"),
        c.AdmitMember(0, 0, b"", "BANK0003XXX"),
        c.OpenAccount(0, 1, b"", 2, 1),
        c.OpenAccount(0, 1, b"", 3, 1),
        c.IssueMoney(0, 1, b"", 2, 1000),
        c.OpenWindow(0, 0, b"", 1, 740_000, 0, 10**12),
    ]
    with SqliteJournal(path) as journal:
        salt = salt_for(journal.seal, *SEAL_KEY)
        digest = sealed_hash(salt, b"<secret/>")
        commands += [
            c.RecordMessage(5, 0, b"", *SEAL_KEY[1:], digest),
            c.SubmitInstruction(
                5, 3, b"", 3, "T1", (Leg(2, 1, 400),), 2, 740_000, uetr=UETR, message=1
            ),
            c.SubmitInstruction(
                5, 3, b"", 3, "T2", (Leg(2, 1, 700),), 2, 740_000, uetr="odd", message=1
            ),
        ]
        records = [encode_record(x, engine.apply(state, x)) for x in commands]
        journal.append(Batch(1, 5, records, [Sealed(7, salt, b"<secret/>")]))
        more = [
            c.IssueMoney(9, 1, b"", 2, 1),
            c.SubmitInstruction(10, 2, b"", 2, "B1", (Leg(1, 2, 50),), 2, 740_000, returns=1),
        ]
        records = [encode_record(x, engine.apply(state, x)) for x in more]
        journal.append(Batch(2, 10, records))


@pytest.fixture
def small(tmp_path: Path):
    small_day(tmp_path / "journal.sqlite")
    with (
        SqliteJournal(tmp_path / "journal.sqlite", read_only=True) as journal,
        History(tmp_path / "history.sqlite", journal.seal) as history,
    ):
        history.catch_up(journal)
        yield history, journal


def test_a_timeline_tells_each_step(small) -> None:
    history, _ = small
    (found,) = find(history, Search(uetr=UETR.upper())).items
    assert (found.reference, found.uetr, found.message_id) == ("T1", UETR, "M1")
    assert (found.state, found.tracking, found.returned_minor) == ("settled", "ACSP/G000", 50)
    steps = timeline(history, found.number)
    assert [(s.at_ns, s.kind, s.status, s.reason) for s in steps] == [
        (5, "received", "", ""),
        (5, "settled", "ACSC", ""),
        (5, "delivered", "ACSP", "G000"),
        (10, "returned", "", ""),
    ]
    assert steps[-1].other == 3
    second = payment(history, 2)
    assert second is not None and (second.state, second.uetr) == ("waiting", "odd")
    assert second.tracking == "ACSP/G004"


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        (Search(uetr=UETR), [1]),
        (Search(uetr="odd"), [2]),
        (Search(reference="T2"), [2]),
        (Search(message_id="M1"), [2, 1]),
        (Search(member="BANK0002XXX"), [3, 2, 1]),
        (Search(member="BANK9999XXX"), []),
        (Search(date="2027-01-20", member="BANK0003XXX"), [3, 2, 1]),
        (Search(currency="INR", amount_from_minor=400, amount_to_minor=700), [2, 1]),
        (Search(currency="CNY"), []),
        (Search(state="waiting"), [2]),
        (Search(state="settled", amount_to_minor=399), [3]),
    ],
)
def test_payments_are_found(small, search: Search, numbers: list[int]) -> None:
    history, _ = small
    if search.date:
        found = payment(history, 1)
        assert found is not None
        search = Search(date=found.value_date, member=search.member)
    assert [p.number for p in find(history, search).items] == numbers


def test_pages_follow_each_other(small) -> None:
    history, _ = small
    first = find(history, Search(), limit=2)
    assert [p.number for p in first.items] == [3, 2] and first.cursor
    second = find(history, Search(), first.cursor, 2)
    assert [p.number for p in second.items] == [1] and not second.cursor
    one = entries(history, "BANK0002XXX", "INR", limit=1)
    rest = entries(history, "BANK0002XXX", "INR", cursor=one.cursor)
    assert [x.amount_minor for x in (*one.items, *rest.items)] == [-50, 400]
    assert [x.balance_minor for x in (*one.items, *rest.items)] == [350, 400]
    for bad in ("x", "-1", "٣", "1" * 30):
        with pytest.raises(QueryError):
            find(history, Search(), bad)


def test_a_balance_of_the_past(small) -> None:
    history, _ = small
    for at_ns, balance in ((-1, 0), (0, 1000), (4, 1000), (5, 600), (9, 601), (99, 651)):
        assert balance_at(history, "BANK0003XXX", "INR", at_ns) == balance
    with pytest.raises(QueryError):
        balance_at(history, "BANK0003XXX", "CNY", 5)


def test_the_sealed_store_is_read_by_role(small) -> None:
    history, journal = small
    (message,) = messages(history, MessageSearch(uetr=UETR)).items
    assert messages(history, MessageSearch(message_id="M1", to_ns=5)).items == ()
    operator, sender = Reader(Role.OPERATOR), Reader(Role.MEMBER, "BANK0003XXX")
    for reader in (operator, sender, Reader(Role.ISSUER, "CBNKINB0XXX")):
        assert received_bytes(history, journal, message, reader) == b"<secret/>"
    # One of the two payments waits: its payee may not know of it yet.
    payee = Reader(Role.MEMBER, "BANK0002XXX")
    assert not may_read(history, message, payee)
    with pytest.raises(NotEntitledError):
        received_bytes(history, journal, message, payee)
    assert not may_read(history, message, Reader(Role.MEMBER, ""))


def test_erasure_leaves_chain_and_replay_whole(small, tmp_path: Path) -> None:
    history, journal = small
    path = tmp_path / "journal.sqlite"
    head = audit(path).head
    assert audit(path).sealed_checked == 1
    assert erase(path, 5, 20).messages == 0
    assert audit(path).sealed_checked == 1
    gone = erase(path, 6, 20)
    assert (gone.messages, gone.bytes, gone.rows) == (1, len(b"<secret/>"), 1)
    after = audit(path)
    assert (after.breaches, after.sealed_checked, after.head) == ((), 0, head)
    (message,) = messages(history, MessageSearch()).items
    assert received_bytes(history, journal, message, Reader(Role.OPERATOR)) is None
    for file in tmp_path.glob("journal.sqlite*"):
        assert b"<secret/>" not in file.read_bytes()


def test_a_history_of_another_journal_is_built_anew(small, tmp_path: Path) -> None:
    history, journal = small
    history.close()
    with (
        SqliteJournal(tmp_path / "other.sqlite") as other,
        History(tmp_path / "history.sqlite", other.seal) as empty,
    ):
        assert empty.seq == 0 and find(empty, Search()).items == ()
    (tmp_path / "history.sqlite").write_bytes(
        b"no database at all, but long enough to look so" * 99
    )
    with History(tmp_path / "history.sqlite", journal.seal) as again:
        again.catch_up(journal)
        assert len(find(again, Search()).items) == 3
        with pytest.raises(JournalError):
            again.follow(again.seq + 2, 99, [])
