"""A served node that is killed, stopped, overloaded or loses its journal's writer keeps its word."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from random import Random

import httpx
from served import BRAZIL, CHINA, INDIA, SCHEME, Served, instruction, payment_message

from paritas.journal.audit import audit
from paritas.journal.recovery import recover
from paritas.journal.sqlite import SqliteJournal


class Senders:
    """Several clients that send as fast as they are answered, and note each answer."""

    def __init__(self, served: Served, count: int = 4) -> None:
        self.served = served
        self.answered: dict[str, int] = {}
        self.refused: list[tuple[int, str]] = []
        self.unknown: list[str] = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(n,)) for n in range(count)]

    def __enter__(self) -> Senders:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _send(self, sender: int) -> None:
        with self.served.client() as client:
            for number in range(100_000):
                if self.ended.is_set():
                    return
                reference = f"S{sender}-{number}"
                try:
                    answer = client.post("/v1/instructions", json=instruction(reference, 1))
                except httpx.TransportError:
                    self.unknown.append(reference)
                    return
                if answer.status_code == 200:
                    [result] = answer.json()["results"]
                    assert result["status"] == "ACSC"
                    self.answered[reference] = result["number"]
                else:
                    self.refused.append((answer.status_code, answer.json()["code"]))

    def wait_for(self, count: int) -> None:
        while len(self.answered) < count:
            assert any(thread.is_alive() for thread in self.threads)
            time.sleep(0.005)


def settled_references(path: Path) -> dict[str, int]:
    with SqliteJournal(path, read_only=True) as journal:
        state = recover(journal, use_snapshot=False)
    return {
        command.reference: number
        for number, command in enumerate(state.instructions)
        if command is not None and state.statuses[number] == 2
    }


def test_what_was_answered_before_kill_9_is_settled_once(tmp_path: Path) -> None:
    served, random = Served(tmp_path / "node"), Random(5)
    answered: dict[str, int] = {}
    for round_number in range(2):
        served.start()
        with Senders(served) as senders:
            senders.wait_for(20 + random.randrange(60))
            served.kill()
        answered |= {f"{round_number}:{r}": n for r, n in senders.answered.items()}
        if round_number == 0:
            first = senders.answered
    # A second round sends the same references again: they are answered as they stand.
    settled = settled_references(served.journal)
    for name, number in answered.items():
        assert settled[name.partition(":")[2]] == number
    assert set(first) <= set(settled)
    served.start()
    with served.client() as client:
        [balance] = client.get("/v1/balances", params={"currency": "INR", "member": INDIA}).json()[
            "balances"
        ]
        assert balance["balance_minor"] == 100_000_000 - len(settled)
        for reference, number in list(answered.items())[:5]:
            again = client.post(
                "/v1/instructions", json=instruction(reference.partition(":")[2], 1)
            )
            assert again.json()["results"][0]["number"] == number
    assert served.stop() == 0
    assert audit(served.journal).breaches == ()


def test_a_stop_answers_what_it_began_and_refuses_the_rest(tmp_path: Path) -> None:
    served = Served(tmp_path / "node").start()
    with Senders(served) as senders:
        senders.wait_for(50)
        assert served.stop() == 0
    assert {code for _, code in senders.refused} <= {"stopping"}
    settled = settled_references(served.journal)
    assert {r: settled[r] for r in senders.answered} == senders.answered
    # It starts from its snapshot and goes on.
    served.start()
    with served.client() as client:
        [result] = client.post("/v1/instructions", json=instruction("AFTER", 1)).json()["results"]
        assert result["number"] == len(settled) + 1
    assert served.stop() == 0


def test_when_the_journal_s_writer_dies_everybody_is_refused_until_it_is_read_again(
    tmp_path: Path,
) -> None:
    served = Served(tmp_path / "node").start()
    assert served.process is not None
    writer = _writer_of(served.process.pid, served.journal)
    with Senders(served) as senders:
        senders.wait_for(20)
        os.kill(writer, signal.SIGKILL)
        before = len(senders.answered)
        senders.wait_for(before + 40)
    assert {code for _, code in senders.refused} <= {"not_ready"}
    assert senders.unknown == []
    settled = settled_references(served.journal)
    assert {r: settled[r] for r in senders.answered} == senders.answered
    assert served.stop() == 0
    assert audit(served.journal).breaches == ()


def _writer_of(pid: int, journal: Path) -> int:
    """Return the process of the node that has the journal open for writing."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in map(int, children):
        for descriptor in Path(f"/proc/{child}/fd").iterdir():
            if str(descriptor.readlink()) == str(journal):
                return child
    raise AssertionError("no writer")


def test_a_place_belongs_to_one_node_and_to_the_scheme_that_it_began_with(tmp_path: Path) -> None:
    served = Served(tmp_path / "node").start()
    second = Served(tmp_path / "node").start(ready=False)
    assert second.process is not None
    assert second.process.wait() == 1
    assert "another run is at work" in (served.folder / "log").read_text()
    assert served.stop() == 0
    served.scheme.write_text(SCHEME.replace('limit = "100.00"', 'limit = "200.00"'))
    served.start(ready=False)
    assert served.process.wait() == 1
    last = (served.folder / "log").read_text().splitlines()[-1]
    assert "began with another scheme" in last
    assert "limit_minor 10000" in last


def test_too_much_at_once_is_refused_before_it_is_read(tmp_path: Path) -> None:
    served = Served(tmp_path / "node", SCHEME, "--requests-max", "4").start()
    body = payment_message("HUGE", [f"H{n}" for n in range(300)])
    codes: list[str] = []
    retry: list[str] = []

    def send(number: int) -> None:
        # Each sends its body slowly, so that all are on their way together.
        def slowly() -> object:
            yield body[:1000]
            time.sleep(0.3)
            yield body[1000:]

        with served.client(BRAZIL if number % 2 else CHINA) as client:
            headers = {"Content-Type": "application/xml", "Content-Length": str(len(body))}
            answer = client.post("/v1/messages", content=slowly(), headers=headers)  # type: ignore[arg-type]
            codes.append(answer.json().get("code", "done"))
            retry.append(answer.headers.get("Retry-After", ""))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count("overloaded") >= 1
    assert all(r for c, r in zip(codes, retry, strict=True) if c == "overloaded")
    assert codes.count("done") >= 1
    assert served.stop() == 0


def test_events_resume_without_a_gap(tmp_path: Path) -> None:
    served = Served(tmp_path / "node").start()
    seen: list[tuple[str, str]] = []

    def follow(client: httpx.Client, count: int, last: str) -> str:
        headers = {"Last-Event-ID": last} if last else {}
        with client.stream("GET", "/v1/events?kinds=payment.settled", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            identifier = last
            for line in stream.iter_lines():
                if line.startswith("id: "):
                    identifier = line[4:]
                if line.startswith("data: "):
                    notice = json.loads(line[6:])
                    assert notice["id"] == identifier
                    seen.append((identifier, notice["reference"]))
                    if len(seen) >= count:
                        return identifier
        return identifier

    with served.client() as india:
        head = india.get("/v1/journal/head").json()["seq"]
        batch = [instruction(f"E{n}", 1) for n in range(6)]
        india.post("/v1/instructions", json=batch[:3])
        last = follow(india, 2, f"{head}-0-0")
        last = follow(india, 3, last)
        india.post("/v1/instructions", json=batch[3:])
    served.kill()
    served.start()
    with served.client() as india:
        follow(india, 6, last)
    assert [reference for _, reference in seen] == [f"E{n}" for n in range(6)]
    with served.client(BRAZIL) as brazil, brazil.stream("GET", "/v1/events?after=0-0-0") as stream:
        # Only what concerns everybody: nothing of others' payments.
        text = ""
        for line in stream.iter_lines():
            text += line
            if "book.opened" in text and text.count("book.opened") >= 4:
                break
        assert "payment" not in text
    assert served.stop() == 0
