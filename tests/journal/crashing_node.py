"""A node that the crash test kills: reads commands from a file, commits, answers on stdout.

Run as: python crashing_node.py JOURNAL COMMANDS BATCH process|direct. After each durable batch it
writes one line ``position`` (commands answered so far); it goes on after what its journal holds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from paritas.journal.codec import decode_commands, decode_records
from paritas.journal.process import JournalProcess
from paritas.journal.recovery import recover
from paritas.journal.sqlite import SqliteJournal
from paritas.node.ledger import Ledger


def main(journal_path: Path, commands_path: Path, batch: int, *, own_process: bool) -> None:
    commands = decode_commands(commands_path.read_bytes())
    with SqliteJournal(journal_path) as journal:
        state = recover(journal)
        position = sum(len(decode_records(row.payload)) for row in journal.rows())
        if not own_process:
            run(Ledger(state, journal), None, commands, position, batch)
            return
    with JournalProcess(journal_path) as process:
        run(Ledger(state, process), process, commands, position, batch)


def run(ledger, process, commands, position, batch) -> None:  # type: ignore[no-untyped-def]
    answered = []
    while position < len(commands):
        ledger.commit(commands[position : position + batch])
        position = min(position + batch, len(commands))
        answered.append((ledger.seq, position))
        if process is None:
            answer(answered.pop()[1])
            continue
        while len(answered) > 4:
            seq, upto = answered.pop(0)
            process.wait(seq)
            answer(upto)
    for seq, upto in answered:
        process.wait(seq)
        answer(upto)
    print("done", flush=True)


def answer(position: int) -> None:
    print(position, flush=True)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), own_process=sys.argv[4] == "process"
    )
