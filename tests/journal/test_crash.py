"""kill -9 at any moment: nothing answered is lost, nothing settles twice, replay gives the state."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from engine_world import Wishes, opening_commands
from oracle import Oracle
from paritas.core import engine, snapshot
from paritas.core.lifecycle import Status
from paritas.core.state import State
from paritas.journal.audit import audit
from paritas.journal.codec import decode_records, encode_commands
from paritas.journal.recovery import keep_snapshot, recover
from paritas.journal.sqlite import SqliteJournal
from paritas.model.commands import AnyCommand

NODE = Path(__file__).parent / "crashing_node.py"
SOURCE = Path(__file__).parents[2] / "src"


def a_day(seed: int, count: int) -> list[AnyCommand]:
    """A fixed list of commands, each sensible in the state that the ones before it lead to."""
    state = State()
    commands = opening_commands()
    for command in commands:
        engine.apply(state, command)
    wishes = Wishes(Random(seed), state, signs=False)
    for _ in range(count):
        commands.append(wishes.next())
        engine.apply(state, commands[-1])
    return commands


def run_and_kill(random: Random, journal: Path, commands: Path, how: str) -> tuple[int, bool]:
    """Start the node, kill its whole group (or one process of it) at a random moment.

    Returns how many commands it had answered, and whether it had come to the end.
    """
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{NODE.parent.parent}"}
    node = subprocess.Popen(
        [
            sys.executable,
            str(NODE),
            str(journal),
            str(commands),
            str(random.choice((1, 3, 7))),
            how,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    assert node.stdout is not None
    wanted = random.randint(0, 30)
    answered, done = 0, False
    for line in node.stdout:
        if line.strip() == b"done":
            done = True
            break
        answered = int(line)
        wanted -= 1
        if wanted <= 0:
            time.sleep(random.random() * 0.01)
            break
    if not done:
        children = subprocess.run(
            ["pgrep", "-P", str(node.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        if children and random.random() < 0.3:
            os.kill(int(children[0]), signal.SIGKILL)
        elif random.random() < 0.5:
            os.kill(node.pid, signal.SIGKILL)
        else:
            os.killpg(node.pid, signal.SIGKILL)
    for line in node.stdout:
        # What still lay in the pipe was answered too.
        done = done or line.strip() == b"done"
        answered = int(line) if line.strip().isdigit() else answered
    node.wait()
    return answered, done


@pytest.mark.parametrize("how", ["direct", "process"])
def test_killed_at_random_moments(tmp_path: Path, how: str) -> None:
    random = Random(f"crash {how}")
    day = a_day(11, 2500)
    commands, path = tmp_path / "commands", tmp_path / "journal.sqlite"
    commands.write_bytes(encode_commands(day))
    done, kills = False, 0
    while not done:
        answered, done = run_and_kill(random, path, commands, how)
        kills += not done
        with SqliteJournal(path) as journal:
            recorded = [r for row in journal.rows() for r in decode_records(row.payload)]
            assert len(recorded) >= answered, "an answer was given that is not in the journal"
            assert [command for command, _ in recorded] == day[: len(recorded)]
            state = recover(journal)
            assert snapshot.dump(state) == snapshot.dump(recover(journal, use_snapshot=False))
            if random.random() < 0.5:
                keep_snapshot(journal, state)
    assert kills >= 10, "the node was hardly ever killed: the test shows nothing"

    oracle = Oracle()
    for command in day:
        oracle.apply(command)
    with SqliteJournal(path) as journal:
        state = recover(journal)
    assert {n: a.balance_minor for n, a in state.accounts.items()} == {
        n: a.balance for n, a in oracle.accounts.items()
    }
    names = {Status.WAITING: "waiting", Status.SETTLED: "settled", Status.REFUSED: "refused"}
    names[Status.CANCELLED] = "cancelled"
    assert {n: names[Status(s)] for n, s in enumerate(state.statuses) if n} == oracle.status
    report = audit(path)
    assert report.breaches == ()
    assert report.records == len(day)
