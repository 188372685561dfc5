"""The solver beside the engine: its process, its problems, and what the journal proves of it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from functools import partial
from pathlib import Path

import msgspec
import pytest

from engine_world import DAY, opening_commands
from paritas.clearing.commands import verify_command
from paritas.clearing.problem import Account, Instruction, Leg, Problem
from paritas.core import engine
from paritas.core.state import State
from paritas.journal.audit import audit
from paritas.journal.codec import decode_records, join_records
from paritas.journal.sqlite import SqliteJournal
from paritas.model import commands as c
from paritas.model.events import Recorded
from paritas.model.instructions import Leg as EngineLeg
from paritas.node import clearing_rounds, run
from paritas.node.clearing_evidence import Evidence
from paritas.node.clearing_rounds import Round
from paritas.node.ledger import Ledger
from paritas.node.queue_problem import problem_of, rule_of
from paritas.node.scheme import Clearing, parse_scheme, scheme_toml
from paritas.node.settle import settle
from paritas.node.solver import NOTHING, Answer, Solver, SolverLost, Task, solve, unpack_proof

RING = Problem(
    accounts=(Account("A", "INR", 10),),
    instructions=tuple(
        Instruction(number, (Leg(payer, payee, "INR", 100),), 0, 100)
        for number, (payer, payee) in enumerate((("A", "B"), ("B", "C"), ("C", "A")), 1)
    ),
)


def test_the_solver_answers_from_a_process_of_its_own() -> None:
    with Solver() as solver:
        solver.begin(Task(RING, "free", 2.0))
        answer = solver.answer()
        assert sorted(answer.settled) == [1, 2, 3]
        assert unpack_proof(answer.proof)["gap"] == "0"
        solver.begin(Task(RING, "fifo", 2.0))
        while not solver.poll(0.1):
            pass
        assert sorted(solver.answer().settled) == [1, 2, 3]


def test_a_solver_that_is_killed_is_lost_and_the_next_one_answers() -> None:
    with Solver() as solver:
        solver.begin(Task(RING, "free", 2.0))
        solver.answer()
        assert solver._process is not None
        os.kill(solver._process.pid, signal.SIGKILL)
        with pytest.raises(SolverLost):
            for _ in range(2):
                solver.begin(Task(RING, "free", 2.0))
                solver.answer()
        solver.begin(Task(RING, "free", 2.0))
        assert len(solver.answer().settled) == 3


def world(reserved: int = 0) -> State:
    """Three members in a ring of rupees; the first has 100 and has set ``reserved`` aside."""
    state = State()
    for command in opening_commands():
        engine.apply(state, command)
    for number, (payer, payee) in enumerate(((1, 2), (2, 3), (3, 1))):
        party = state.accounts[payer].party.number
        if reserved:
            engine.apply(state, c.SetReservation(0, party, b"", payer, reserved, 0))
        leg = EngineLeg(payer, payee, 150)
        priority = 2 if number else 1
        engine.apply(state, c.SubmitInstruction(0, party, b"", party, "R", (leg,), priority, DAY))
    return state


def test_a_problem_says_what_each_may_pay_with_and_what_it_is_worth() -> None:
    problem = problem_of(world(reserved=30), 3)
    assert problem is not None
    assert [item.id for item in problem.instructions] == [1, 2, 3]
    # All is reserved for urgent payments but 70, for the high one and the normal ones alike.
    assert {account.balance for account in problem.accounts} == {70}
    # 1,462 minor units are 7 units of value: 150 of them are 0.7181 units, rounded down.
    assert {item.value for item in problem.instructions} == {7181}
    assert [item.priority for item in problem.instructions] == [1, 2, 2]


def test_what_a_strict_line_holds_back_is_no_candidate_of_a_lower_class() -> None:
    state = world()
    # The high payment of the first member is alone in its class, and strict.
    assert problem_of(state, 1) is None
    normal = problem_of(state, 2)
    assert normal is not None
    assert [item.id for item in normal.instructions] == [2, 3]
    assert (rule_of(state, 1, "free"), rule_of(state, 2, "free")) == ("fifo", "free")
    assert rule_of(state, 3, "free") == "fifo"


def test_a_live_node_drives_a_round_without_waiting() -> None:
    """Other commands may come between; what is gone then is taken out by the engine."""
    state = world()
    a_round = Round(state, Clearing(10**9))
    begun, settled = [], []
    with Solver() as solver:
        while (command := a_round.begin(5)) is not None:
            begun.append(command.scope)
            solver.begin(a_round.begun(engine.apply(state, command)))
            while not solver.poll(0.05):
                party = state.accounts[4].party.number
                leg = (EngineLeg(4, 3, 1),)
                between = c.SubmitInstruction(
                    5, party, b"", party, f"B{len(state.instructions)}", leg, 2, DAY
                )
                engine.apply(state, between)
            settled += engine.apply(state, a_round.proposal(5, solver.answer()))
    assert 3 in begun
    assert [n for event in settled for n in getattr(event, "numbers", ())] == [1, 2, 3]


SCHEME = """
[scheme]
name = "A ring"
value_currency = "USD"
rates = { INR = "14" }
[clearing]
every = "15m"
changed_share = "0.25"
time_limit = "3s"
[[book]]
currency = "INR"
issuer = "RBISINB0XXX"
opens = "09:00"
closes = "17:00"
""" + "".join(
    f'[[member]]\nbic = "{letter * 4}INB0XXX"\nname = "{letter}"\ncountry = "IN"\n'
    f'accounts = {{ INR = {{ balance = "10.00" }} }}\n'
    for letter in "ABCD"
)


def test_the_scheme_says_when_and_how() -> None:
    scheme = parse_scheme(SCHEME)
    assert scheme.clearing is not None
    assert scheme.clearing.every_ns == 900 * 10**9
    assert scheme.clearing.time_limit_ns == 3 * 10**9
    assert parse_scheme(scheme_toml(scheme)) == scheme


def pays(payer: str, payee: str, amount: str, reference: str, minute: int) -> str:
    bics = (f"{letter * 4}INB0XXX" for letter in (payer, payee))
    return f"09:{minute:02} {' pays '.join(bics)} INR {amount} ref {reference}"


@pytest.fixture
def a_day(tmp_path: Path) -> Path:
    """Two rings that cannot both settle, one after the other, and small payments in between."""
    from banker import understand, write_messages

    lines = ["first day 2026-11-23"]
    for turn in range(4):
        minute = 14 * turn
        lines += [
            pays("A", "B", "50.00", f"T{turn}a", minute + 1),
            pays("B", "A", "45.00", f"T{turn}b", minute + 2),
            pays("A", "C", "500.00", f"T{turn}c", minute + 3),
            pays("C", "A", "495.00", f"T{turn}d", minute + 4),
            pays("D", "A", "0.50", f"T{turn}e", minute + 5),
        ]
    write_messages(understand("\n".join(lines)), tmp_path / "in")
    return tmp_path


def settle_day(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Rows of three commands, so that a crash can fall between a clearing and its proposal.
    monkeypatch.setattr(run, "Ledger", partial(Ledger, batch=3))
    settle(directory / "in", parse_scheme(SCHEME), directory / "out", workers=1)
    return directory / "out" / "journal.sqlite"


def proposals(journal: Path) -> list[c.ProposeSettlement]:
    with SqliteJournal(journal, read_only=True) as opened:
        records = [record for row in opened.rows() for record in decode_records(row.payload)]
    return [command for command, _ in records if isinstance(command, c.ProposeSettlement)]


def test_the_audit_draws_up_every_problem_again(
    a_day: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = settle_day(a_day, monkeypatch)
    evidence = Evidence(a_day / "evidence")
    assert audit(journal, watch=evidence.see).breaches == ()
    assert evidence.breaches == []
    assert evidence.checked == len(proposals(journal)) >= 3
    problems = sorted((a_day / "evidence").glob("*.problem.json"))
    assert len(problems) == evidence.checked
    for problem in problems:
        result = problem.with_name(problem.name.replace(".problem.", ".result."))
        assert verify_command(problem, result) == 0, capsys.readouterr().err
    assert any(json.loads(p.read_text())["settled"] for p in a_day.glob("evidence/*.result.json"))


def test_a_certificate_that_claims_too_much_is_found() -> None:
    state = world()
    command = c.BeginClearing(5, 0, b"", 3)
    problem = problem_of(state, 3)
    assert problem is not None
    answer = solve(Task(problem, "free", 1.0))
    other = solve(Task(RING, "free", 1.0))
    cut = c.ProposeSettlement(5, 0, b"", answer.settled[1:], answer.proof, 1)
    for proposal, is_good in (
        (c.ProposeSettlement(5, 0, b"", answer.settled, answer.proof, 1), True),
        (cut, False),
        (c.ProposeSettlement(5, 0, b"", answer.settled, other.proof, 1), False),
        (c.ProposeSettlement(5, 0, b"", answer.settled, b"no proof", 1), False),
        (c.ProposeSettlement(5, 0, b"", (99,), answer.proof, 1), False),
    ):
        evidence = Evidence()
        evidence.see(state, command, (Recorded(1),))
        evidence.see(state, proposal, ())
        assert evidence.checked == 1
        assert (evidence.breaches == []) == is_good, proposal


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.8, 1.0])
def test_a_resumed_run_takes_the_recorded_proposals(
    a_day: Path, monkeypatch: pytest.MonkeyPatch, kept: float
) -> None:
    """A solver limited in time may answer otherwise the second time: it is not asked twice."""
    journal = settle_day(a_day, monkeypatch)
    first = proposals(journal)
    with sqlite3.connect(journal) as database:
        rows = database.execute("SELECT max(seq) FROM journal").fetchone()[0]
        database.execute("DELETE FROM journal WHERE seq > ?", (int(rows * kept),))
        database.execute("DELETE FROM sealed WHERE seq > ?", (int(rows * kept),))
    database.close()
    remaining = proposals(journal)
    asked = []

    def lazy(self: object, task: Task) -> Answer:
        asked.append(task)
        return NOTHING

    monkeypatch.setattr(clearing_rounds.Clearings, "_solve", lazy)
    journal = settle_day(a_day, monkeypatch)
    second = proposals(journal)
    assert second[: len(remaining)] == remaining == first[: len(remaining)]
    assert len(asked) == len(second) - len(remaining)
    assert audit(journal, watch=Evidence().see).breaches == ()


def test_a_proposal_of_an_older_journal_names_no_clearing() -> None:
    old = msgspec.msgpack.encode(([7, 7, 0, b"", [1, 2], b"x"], []))
    ((command, _),) = decode_records(join_records([old]))
    assert command == c.ProposeSettlement(7, 0, b"", (1, 2), b"x", 0)
