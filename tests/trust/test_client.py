"""A member's client against a served node, and against a pretended one that misbehaves."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from served_node import KEYS, RBI, A, B, Served, served

from paritas.cli import app
from paritas.client import (
    AsyncClient,
    Client,
    Instruction,
    Leg,
    NodeRefused,
    NodeUnreachable,
    Settings,
    SettingsError,
)
from paritas.client.commands import amount_text, time_text
from paritas.iso20022.payments import CustomerTransfer, Party, PaymentGroup, pacs008
from paritas.iso20022.writer import Header

TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("node")) as found:
        yield found


@pytest.fixture(scope="module")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("keys")
    found = {}
    for name, key in KEYS.items():
        path = folder / f"{name}.pem"
        path.touch(0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        found[name] = str(path)
    return found


@pytest.fixture
def settings(node: Served, key_files: dict[str, str]) -> Callable[[str], Settings]:
    return lambda who: Settings(node.url, who, key_files[who])


def payment(reference: str, payer: str = A, payee: str = B, amount_minor: int = 100) -> Instruction:
    return Instruction(reference, (Leg(payer, payee, "INR", amount_minor),))


def message(message_id: str, amount_minor: int) -> bytes:
    created = f"{TODAY}T09:00:00Z"
    group = PaymentGroup(
        message_id=message_id,
        created=created,
        settlement_date=TODAY,
        instructing_agent=A,
        instructed_agent=B,
    )
    transfer = CustomerTransfer(
        end_to_end_id="E2E",
        transaction_id=f"{message_id}-1",
        currency="INR",
        amount_minor=amount_minor,
        debtor_agent=A,
        creditor_agent=B,
        debtor=Party("Debtor Limited", "IN", "Mumbai"),
        creditor=Party("Creditor Limited", "CN", "Shanghai"),
    )
    header = Header(A, "PARIINB0XXX", message_id, created)
    return pacs008(group, [transfer], header).checked()


# --- the SDK


def test_what_is_sent_can_be_followed(settings: Callable[[str], Settings]) -> None:
    with Client(settings(A)) as client:
        before = client.balances("INR")[0].balance_minor
        (outcome,) = client.submit([payment("C1", amount_minor=250)]).results
        assert outcome.status == "ACSC"
        found = client.payment(outcome.number)
        assert found.payment.state == "settled"
        assert "settled" in [step.kind for step in found.timeline]
        assert client.balances("INR")[0].balance_minor == before - 250
        newest = next(client.entries("INR"))
        assert (newest.amount_minor, newest.balance_minor) == (-250, before - 250)


def test_what_waits_is_listed_moved_and_cancelled(settings: Callable[[str], Settings]) -> None:
    with Client(settings(A)) as client:
        large = client.balances("INR")[0].balance_minor + 1
        asked = [payment(f"C2-{n}", amount_minor=large + n) for n in range(3)]
        numbers = [each.number for each in client.submit(asked).results]
        assert [each.number for each in client.queue("INR")] == numbers
        client.set_priority(numbers[2], "urgent")
        client.reorder(numbers[1], "front")
        assert {q.number: q.priority for q in client.queue()}[numbers[2]] == "urgent"
        for number in numbers:
            client.cancel(number)
        assert list(client.queue()) == []
        with pytest.raises(NodeRefused) as refused:
            client.cancel(numbers[0])
        assert refused.value.code == "refused"


def test_pages_are_gone_through(settings: Callable[[str], Settings]) -> None:
    with Client(settings(A)) as client:
        client.submit([payment(f"C3-{n}", amount_minor=1) for n in range(250)])
        references = [
            each.reference for each in client.payments(currency="INR", amount_to_minor="1")
        ]
        assert references == [f"C3-{n}" for n in reversed(range(250))]


def test_the_asynchronous_client_does_the_same(settings: Callable[[str], Settings]) -> None:
    async def work() -> None:
        async with AsyncClient(settings(A)) as client:
            watched = client.watch(["payment.settled"])
            following = asyncio.ensure_future(anext(watched))
            references = []
            # The stream begins at some moment: pay until it tells of one.
            while not following.done():
                references.append(f"C4-{len(references)}")
                (outcome,) = (await client.submit([payment(references[-1])])).results
                assert outcome.status == "ACSC"
                await asyncio.wait([following], timeout=0.2)
            assert following.result().reference in references
            await watched.aclose()
            found = [each async for each in client.payments(reference=references[0])]
            assert [each.reference for each in found] == [references[0]]
            assert (await client.balances("CNY"))[0].currency == "CNY"

    asyncio.run(work())


def test_a_stream_goes_on_after_the_last_notice(settings: Callable[[str], Settings]) -> None:
    with Client(settings(A)) as client:
        seq = client.submit([payment("C5-1")]).seq
        client.submit([payment("C5-2"), payment("C5-3")])
        watched = client.watch(["payment.settled"], after=f"{seq}-0-0")
        assert [next(watched).reference for _ in range(3)] == ["C5-1", "C5-2", "C5-3"]


# --- a pretended node


class Pretended:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, str], bytes] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, headers, content = answer
        return httpx.Response(status, headers=headers, content=content)

    def client(self, key: str, **more: Any) -> Client:
        settings = Settings("https://node.example", A, key, **more)
        return Client(settings, transport=httpx.MockTransport(self), sleep=self.waited.append)


DONE = (200, {}, b'{"seq": 9, "results": []}')
BUSY = (503, {"retry-after": "7"}, b'{"code": "overloaded"}')


def test_what_a_busy_node_refuses_is_sent_again_under_one_key(key_files: dict[str, str]) -> None:
    node = Pretended(BUSY, (429, {}, b""), httpx.ReadTimeout("slow"), DONE)
    with node.client(key_files[A]) as client:
        assert client.submit([payment("R1")]).seq == 9
    assert node.waited[0] == 7
    assert all(wait_s <= 10 for wait_s in node.waited)
    assert len({request.headers["idempotency-key"] for request in node.asked}) == 1
    # Each attempt is signed anew: the node hears a signature once.
    assert len({request.headers["signature-input"] for request in node.asked}) == 4


def test_what_is_refused_for_good_is_not_sent_again(key_files: dict[str, str]) -> None:
    problem = b'{"code": "forbidden", "detail": "The role clerk may not do this."}'
    node = Pretended((403, {}, problem))
    with node.client(key_files[A]) as client, pytest.raises(NodeRefused) as refused:
        client.submit([payment("R2")])
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    assert "The role clerk may not do this." in str(refused.value)
    assert node.waited == []


def test_patience_ends(key_files: dict[str, str]) -> None:
    node = Pretended(*[httpx.ConnectError("refused")] * 3)
    with node.client(key_files[A], retries=2) as client, pytest.raises(NodeUnreachable) as gone:
        client.balances()
    assert "https://node.example" in str(gone.value)
    assert len(node.waited) == 2


def test_what_is_no_node_is_said(key_files: dict[str, str]) -> None:
    node = Pretended((200, {}, b"<html>hello</html>"))
    with node.client(key_files[A]) as client, pytest.raises(Exception, match="is this a node"):
        client.balances()


def test_a_broken_stream_is_taken_up_again(key_files: dict[str, str]) -> None:
    def events(*numbers: int) -> tuple[int, dict[str, str], bytes]:
        lines = "".join(
            f'id: {n}-0-0\nevent: x\ndata: {{"id":"{n}-0-0","kind":"x",\ndata: "at_ns":1,"seq":{n}}}\n\n'
            for n in numbers
        )
        return 200, {}, f": alive\n\n{lines}".encode()

    node = Pretended(events(1, 2), httpx.ReadError("cut"), events(3))
    with node.client(key_files[A]) as client:
        watched = client.watch()
        assert [next(watched).seq for _ in range(3)] == [1, 2, 3]
    assert [r.headers.get("last-event-id") for r in node.asked] == [None, "2-0-0", "2-0-0"]


# --- settings


def test_settings_come_from_file_environment_and_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "client.toml"
    file.write_text('url = "https://file.example/"\nbic = "FILEINB0XXX"\nkey = "bank.pem"\n')
    for name in ("URL", "BIC", "KEY", "PASSPHRASE"):
        monkeypatch.delenv(f"PARITAS_{name}", raising=False)
    monkeypatch.setenv("PARITAS_CLIENT", str(file))
    found = Settings.load()
    assert (found.url, found.bic) == ("https://file.example", "FILEINB0XXX")
    assert found.key == str(tmp_path / "bank.pem")
    monkeypatch.setenv("PARITAS_BIC", "ENVIINB0XXX")
    assert Settings.load(url="http://given.example").bic == "ENVIINB0XXX"
    assert Settings.load(url="http://given.example", bic=A).bic == A


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "No node is named"),
        ('url = "node.example"', "is no URL"),
        ('uri = "https://x"', "is no setting"),
        ("url =", "is not TOML"),
        ('url = "https://x"\nretries = "many"', "do not fit"),
    ],
)
def test_settings_that_do_not_fit_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, wanted: str
) -> None:
    monkeypatch.delenv("PARITAS_URL", raising=False)
    file = tmp_path / "client.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=wanted):
        Settings.load(file)


# --- the commands


@pytest.fixture
def command(
    node: Served, key_files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    def run(who: str, *words: str) -> tuple[int, str]:
        bic = ["--bic", who] if who in (A, B) else []
        options = ["--url", node.url, "--key", key_files[who], *bic]
        code = app([*words, *options], exit_on_error=False)
        return code, capsys.readouterr().out

    return run


def test_send_status_balance_statement(
    command: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    path = tmp_path / "payment.xml"
    path.write_bytes(message("CMD1", 250))
    code, out = command(A, "send", str(path))
    assert code == 0, out
    assert "CMD1 settled (ACSC)" in out
    code, out = command(A, "send", str(path), "--json")
    assert json.loads(out)["transactions"][0]["reference"] == "CMD1-1"
    code, out = command(A, "send", str(path), "--xml")
    assert "<TxSts>ACSC</TxSts>" in out
    path.write_bytes(message("CMD2", 250).replace(b">2.50<", b">2.505<"))
    code, out = command(A, "send", str(path))
    assert (code, "refused (RJCT)" in out) == (1, True)
    code, out = command(A, "status", "CMD1-1")
    assert code == 0
    assert "settled (ACSC)" in out
    assert "2.50 INR" in out
    code, out = command(A, "balance", "INR", "--json")
    (found,) = json.loads(out)
    code, out = command(A, "statement", "INR")
    assert f"{amount_text(found['balance_minor'], 'INR')}" in out.splitlines()[-1]
    assert "-2.50" in out
    assert "opening balance" in out
    code, out = command(A, "queue")
    assert (code, out.strip()) == (0, "Nothing waits.")


def test_two_officers_approve_from_the_command_line(
    command: Callable[..., tuple[int, str]], settings: Callable[[str], Settings]
) -> None:
    with Client(settings(RBI)) as issuer:
        change = {"change": "issue", "member": B, "currency": "INR", "amount_minor": 5}
        number = issuer.propose(change).number
    _, out = command("rbi 2", "changes")
    assert f"change {number}: IssueMoney" in out
    assert "amount 0.05 INR" in out
    with pytest.raises(Exception, match="it is not what you mean"):
        command("rbi 2", "approve", str(number), "--digest", "0" * 64)
    code, out = command("rbi 2", "approve", str(number))
    assert (code, "it is in force" in out) == (0, True)
    _, out = command("rbi 2", "changes", "--json")
    assert json.loads(out) == []


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (1_234_567, "INR", "12,345.67"),
        (-5, "INR", "-0.05"),
        (1000, "JPY", "1,000"),
        (7, "???", "7"),
    ],
)
def test_amounts_for_people(amount_minor: int, currency: str, text: str) -> None:
    assert amount_text(amount_minor, currency) == text


def test_moments_for_people() -> None:
    assert time_text(1_790_000_000_999_999_999) == "2026-09-21 14:13:20Z"
    assert time_text(0) == ""
