"""The API of a served node: what each endpoint answers, to whom, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import msgspec
import pytest
from served import BRAZIL, CHINA, INDIA, ISSUER, Served, instruction, payment_message

from paritas.journal.proof import InclusionProof, is_proved

XML = {"Content-Type": "application/xml"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    node = Served(tmp_path_factory.mktemp("node"))
    node.start()
    yield node
    assert node.stop() == 0


@pytest.fixture
def india(served: Served) -> Iterator[httpx.Client]:
    with served.client(INDIA) as client:
        yield client


def submit(client: httpx.Client, *asked: dict[str, object]) -> list[dict[str, object]]:
    answer = client.post("/v1/instructions", json=list(asked))
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]  # type: ignore[no-any-return]


def balance(client: httpx.Client, currency: str = "INR", **query: object) -> int:
    answer = client.get("/v1/balances", params={"currency": currency, **query}).json()
    return next(b["balance_minor"] for b in answer["balances"])  # type: ignore[no-any-return]


def test_a_message_settles_and_both_parties_see_it(served: Served, india: httpx.Client) -> None:
    before = balance(india)
    answer = india.post("/v1/messages", content=payment_message("MSG1", ["M1"]), headers=XML)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["status"] == "ACSC"
    assert told["message_id"] == "MSG1"
    [transaction] = told["transactions"]
    assert transaction["reference"] == "M1"
    assert int(answer.headers["Paritas-Seq"]) >= told["seq"]
    assert balance(india) == before - 100
    number = transaction["number"]
    for bic, role, status in (
        (INDIA, "clerk", 200),
        (CHINA, "clerk", 200),
        (BRAZIL, "clerk", 404),
        (ISSUER, "issuer", 200),
        ("", "auditor", 200),
    ):
        with served.client(bic, role) as client:
            found = client.get(f"/v1/payments/{number}")
            assert found.status_code == status, (bic, found.text)
            if status == 200:
                assert [step["kind"] for step in found.json()["timeline"]][:2] == [
                    "received",
                    "settled",
                ]
    uetr = transaction["uetr"]
    assert india.get(f"/v1/payments/{uetr}").json()["payment"]["number"] == number
    page = india.get("/v1/payments", params={"reference": "M1"}).json()
    assert [p["number"] for p in page["payments"]] == [number]


def test_the_same_again_is_answered_the_same_and_other_content_is_refused(
    india: httpx.Client,
) -> None:
    body = payment_message("MSG2", ["M2"])
    first = india.post("/v1/messages", content=body, headers=XML).json()
    before = balance(india)
    again = india.post("/v1/messages", content=body, headers=XML).json()
    assert again["transactions"][0]["number"] == first["transactions"][0]["number"]
    assert again["transactions"][0]["status"] == "ACSC"
    assert balance(india) == before
    other = payment_message("MSG2", ["M2b"])
    refused = india.post("/v1/messages", content=other, headers=XML).json()
    assert (refused["status"], refused["reason"]) == ("RJCT", "DU01")
    [same] = submit(india, instruction("R1"))
    assert submit(india, instruction("R1")) == [same]
    [different] = submit(india, instruction("R1", 999))
    assert (different["status"], different["reason"]) == ("RJCT", "DU03")


def test_many_messages_in_one_request(india: httpx.Client) -> None:
    parts = [payment_message(f"MANY{n}", [f"MANY{n}-1", f"MANY{n}-2"]) for n in range(3)]
    body = b"".join(
        b"--frontier\r\nContent-Type: application/xml\r\n\r\n" + p + b"\r\n" for p in parts
    )
    answer = india.post(
        "/v1/messages",
        content=body + b"--frontier--\r\n",
        headers={"Content-Type": 'multipart/mixed; boundary="frontier"'},
    )
    assert [m["message_id"] for m in answer.json()["messages"]] == ["MANY0", "MANY1", "MANY2"]
    assert all(t["status"] == "ACSC" for m in answer.json()["messages"] for t in m["transactions"])
    cut = india.post(
        "/v1/messages", content=body, headers={"Content-Type": "multipart/mixed; boundary=frontier"}
    )
    assert cut.json()["code"] == "malformed"


def test_answers_as_xml(india: httpx.Client) -> None:
    headers = {**XML, "Accept": "application/xml"}
    answer = india.post("/v1/messages", content=payment_message("MSG3", ["M3"]), headers=headers)
    assert answer.headers["content-type"] == "application/xml"
    assert "<TxSts>ACSC</TxSts>" in answer.text
    assert "<OrgnlEndToEndId>E2E-M3</OrgnlEndToEndId>" in answer.text
    unreadable = india.post("/v1/messages", content=b"<nonsense", headers=headers)
    assert unreadable.status_code == 422
    assert "admi.002.001.01" in unreadable.text


def test_a_large_message_goes_through_a_file(served: Served, india: httpx.Client) -> None:
    references = [f"BIG{n:05d}" for n in range(2400)]
    body = payment_message("BIG", references, amount_minor=1)
    assert len(body) > 1 << 20
    before = balance(india)
    answer = india.post("/v1/messages", content=body, headers=XML).json()
    assert answer["status"] == "ACSC"
    assert [t["reference"] for t in answer["transactions"]] == references
    assert balance(india) == before - len(references)
    assert list((served.folder / "data" / "incoming").iterdir()) == []


def test_an_mt_message(india: httpx.Client) -> None:
    short = TODAY_SHORT
    mt = (
        "{1:F01AAAAINB0AXXX0000000000}{2:I103BBBBCNB0XXXXN}"
        "{3:{121:11111111-1111-4111-8111-111111111111}}{4:\r\n"
        f":20:MT1\r\n:23B:CRED\r\n:32A:{short}INR12,00\r\n:50K:/123\r\nDEBTOR\r\nMUMBAI\r\n"
        ":59:/456\r\nCREDITOR\r\nSHANGHAI\r\n:71A:SHA\r\n-}"
    )
    answer = india.post("/v1/messages", content=mt.encode(), headers={"Content-Type": "text/plain"})
    told = answer.json()
    assert told["message_type"] == "MT103", answer.text
    assert len(told["transactions"]) == 1


def test_what_cannot_be_read_is_a_problem_with_a_code(india: httpx.Client) -> None:
    for path, content, code in (
        ("/v1/messages", b"\xff\xfe nonsense", "unreadable"),
        ("/v1/instructions", b"{", "malformed"),
        ("/v1/instructions", b"[]", "invalid"),
        ("/v1/instructions", b'{"reference": "x", "legs": []}', "invalid"),
        ("/v1/queue/1/priority", b'{"priority": "soon"}', "invalid"),
        ("/v1/nothing", b"", "not_found"),
    ):
        answer = india.post(path, content=content)
        assert answer.headers["content-type"] == "application/problem+json", path
        assert answer.json()["code"] == code, (path, answer.text)
        assert answer.json()["status"] == answer.status_code
    assert india.put("/v1/messages").json()["code"] == "method_not_allowed"


def test_names_that_nobody_has_are_refused_with_their_reason(india: httpx.Client) -> None:
    wrong = [
        (instruction("W1", currency="XXX"), None),
        (
            {
                "reference": "W2",
                "legs": [
                    {"payer": INDIA, "payee": "NOBOINB0XXX", "currency": "INR", "amount_minor": 1}
                ],
            },
            "CNOR",
        ),
        (
            {
                "reference": "W3",
                "legs": [{"payer": INDIA, "payee": CHINA, "currency": "BRL", "amount_minor": 1}],
            },
            "AM03",
        ),
        (
            {
                "reference": "W4",
                "legs": [{"payer": CHINA, "payee": INDIA, "currency": "INR", "amount_minor": 1}],
            },
            "MD01",
        ),
        (instruction("W5", value_date="2020-01-01"), "DT05"),
        (instruction("W6", value_date="soon"), "DT01"),
    ]
    results = submit(india, *(asked for asked, _ in wrong))
    for (_, reason), result in zip(wrong, results, strict=True):
        if reason is None:
            assert result["status"] == "ACSC"
        else:
            assert (result["status"], result["reason"]) == ("RJCT", reason)


def test_the_queue_is_steered_by_its_owner(served: Served, india: httpx.Client) -> None:
    leg = {"payer": BRAZIL, "payee": INDIA, "currency": "INR", "amount_minor": 500}
    with served.client(BRAZIL) as brazil, served.client(BRAZIL, "clerk") as clerk:
        results = submit(brazil, *({"reference": f"Q{n}", "legs": [leg]} for n in range(3)))
        assert [r["status"] for r in results] == ["PDNG"] * 3
        numbers = [r["number"] for r in results]
        queue = brazil.get("/v1/queue").json()["queue"]
        assert [q["number"] for q in queue] == numbers
        assert queue[0]["waits_for"] == "funds"
        assert "INR 5.00" in queue[0]["text"]
        first = brazil.get("/v1/queue", params={"limit": 2}).json()
        rest = brazil.get("/v1/queue", params={"cursor": first["cursor"]}).json()
        assert [q["number"] for q in first["queue"] + rest["queue"]] == numbers
        assert india.get("/v1/queue").json()["queue"] == []
        assert (
            india.get("/v1/forecast", params={"currency": "INR"}).json()["accounts"][0][
                "queued_in_minor"
            ]
            == 1500
        )
        forecast = brazil.get("/v1/forecast").json()["accounts"][0]
        assert (forecast["expected_minor"], forecast["shortfall_minor"]) == (-1500, 1500)

        assert (
            clerk.post(f"/v1/queue/{numbers[2]}/priority", json={"priority": "urgent"}).json()[
                "code"
            ]
            == "forbidden"
        )
        foreign = india.post(f"/v1/queue/{numbers[2]}/cancel").json()
        assert (foreign["code"], foreign["reason"]) == ("refused", "AG01")
        assert (
            brazil.post(f"/v1/queue/{numbers[2]}/priority", json={"priority": "high"}).status_code
            == 200
        )
        assert (
            brazil.post(f"/v1/queue/{numbers[1]}/reorder", json={"place": "front"}).status_code
            == 200
        )
        key = {"Idempotency-Key": "cancel-once"}
        done = brazil.post(f"/v1/queue/{numbers[0]}/cancel", headers=key)
        assert done.status_code == 200
        assert brazil.post(f"/v1/queue/{numbers[0]}/cancel", headers=key).json() == done.json()
        assert brazil.post(f"/v1/queue/{numbers[0]}/cancel").json()["code"] == "refused"
        reused = brazil.post(f"/v1/queue/{numbers[1]}/cancel", headers=key).json()
        assert reused["code"] == "idempotency_key_reused"

        submit(
            india,
            {
                "reference": "FREE",
                "legs": [
                    {"payer": INDIA, "payee": BRAZIL, "currency": "INR", "amount_minor": 1000}
                ],
            },
        )
        assert brazil.get("/v1/queue").json()["queue"] == []
        assert balance(brazil) == 0


def test_a_submission_under_a_key_that_was_used_is_refused(india: httpx.Client) -> None:
    key = {"Idempotency-Key": "submit-once"}
    first = india.post("/v1/instructions", json=instruction("KEY1"), headers=key).json()
    assert (
        india.post("/v1/instructions", json=instruction("KEY1"), headers=key).json()["results"]
        == first["results"]
    )
    other = india.post("/v1/instructions", json=instruction("KEY2"), headers=key).json()
    assert other["code"] == "idempotency_key_reused"
    assert india.get("/v1/payments", params={"reference": "KEY2"}).json()["payments"] == []


def test_balances_of_past_moments(india: httpx.Client) -> None:
    [first] = submit(india, instruction("PAST1", 7))
    story = india.get(f"/v1/payments/{first['number']}").json()
    settled_ns = story["payment"]["ended_ns"]
    after_first = balance(india)
    submit(india, instruction("PAST2", 11))
    assert balance(india, at=settled_ns) == after_first
    assert balance(india, at=settled_ns - 1) == after_first + 7
    assert balance(india) == after_first - 11
    assert balance(india, at="2000-01-01T00:00:00Z") == 0
    assert (
        india.get("/v1/balances", params={"at": "2999-01-01T00:00:00Z"}).json()["code"] == "invalid"
    )


def test_holds_limits_and_money(served: Served, india: httpx.Client) -> None:
    with served.client(INDIA, "treasurer") as treasurer, served.client(ISSUER, "issuer") as issuer:
        leg = {"payer": INDIA, "payee": CHINA, "currency": "INR", "amount_minor": 1000}
        hold = {"reference": "H1", "leg": leg, "expires_ns": 2**62}
        number = treasurer.post("/v1/holds", json=hold).json()["number"]
        assert [h["number"] for h in treasurer.get("/v1/holds").json()["holds"]] == [number]
        [account] = india.get("/v1/balances", params={"currency": "INR"}).json()["balances"]
        assert account["held_minor"] == 1000
        assert (
            treasurer.post(f"/v1/holds/{number}/promise", json={"decision": "D1"}).status_code
            == 200
        )
        assert treasurer.post(f"/v1/holds/{number}/withdraw").json()["code"] == "refused"
        before = balance(india)
        with served.client("", "operator") as operator:
            decided = operator.post("/v1/decisions", json={"decision": "D1", "capture": True})
            assert decided.status_code == 200
        assert balance(india) == before - 1000
        path = f"/v1/accounts/{INDIA}/INR"
        assert treasurer.put(f"{path}/limit", json={"limit_minor": 5}).json()["code"] == "forbidden"
        with served.client(ISSUER, "issuer", "second") as second:
            for method, change, wanted in (
                ("PUT", "limit", {"limit_minor": 5}),
                ("POST", "issue", {"amount_minor": 40}),
                ("POST", "redeem", {"amount_minor": 30}),
            ):
                asked = issuer.request(method, f"{path}/{change}", json=wanted).json()
                assert asked["waits_for"]
                [waits] = issuer.get("/v1/changes").json()["changes"]
                approve = f"/v1/changes/{asked['number']}/approve"
                digest = {"digest": waits["digest"]}
                assert issuer.post(approve, json=digest).json()["code"] == "refused"
                assert second.post(approve, json=digest).json()["waits_for"] == ""
        assert (
            treasurer.put(
                f"{path}/reservation", json={"urgent_minor": 3, "high_minor": 4}
            ).status_code
            == 200
        )
        [account] = india.get("/v1/balances", params={"currency": "INR"}).json()["balances"]
        assert account["balance_minor"] == before - 1000 + 10
        assert (account["limit_minor"], account["reserved_high_minor"]) == (5, 4)
        assert (
            issuer.post(f"/v1/accounts/{INDIA}/CNY/issue", json={"amount_minor": 40}).json()["code"]
            == "not_found"
        )


def test_a_short_hold_expires_by_itself(served: Served) -> None:
    import time

    with served.client(CHINA, "treasurer") as china:
        leg = {"payer": CHINA, "payee": INDIA, "currency": "CNY", "amount_minor": 10}
        expires_ns = time.time_ns() + 200_000_000
        assert (
            china.post(
                "/v1/holds", json={"reference": "SHORT", "leg": leg, "expires_ns": expires_ns}
            ).status_code
            == 200
        )
        while china.get("/v1/holds").json()["holds"]:
            time.sleep(0.05)
        [account] = china.get("/v1/balances", params={"currency": "CNY"}).json()["balances"]
        assert account["held_minor"] == 0


def test_the_journal_can_be_fetched_verified_and_proved(
    served: Served, india: httpx.Client
) -> None:
    import base64

    from paritas.journal import chain
    from paritas.journal.codec import split_records

    submit(india, *(instruction(f"J{n}") for n in range(5)))
    head = india.get("/v1/journal/head").json()
    previous, seq, cursor = chain.GENESIS, 0, "0"
    while seq < head["seq"]:
        page = india.get("/v1/journal", params={"cursor": cursor, "limit": 1000}).json()
        for row in page["rows"]:
            records = split_records(base64.b64decode(row["payload"]))
            previous = chain.next_hash(previous, row["seq"], row["at_ns"], records)
            assert previous.hex() == row["hash"]
            seq = row["seq"]
            if seq == head["seq"]:
                assert row["hash"] == head["hash"]
        cursor = page["cursor"] or str(seq)
    for position in range(5):
        answer = india.get(f"/v1/journal/{head['seq']}/{position}/proof")
        proof = msgspec.convert(
            {
                **answer.json()["proof"],
                "record": base64.b64decode(answer.json()["proof"]["record"]),
            },
            InclusionProof,
        )
        assert is_proved(proof)
        assert proof.hash == head["hash"]
        assert not is_proved(msgspec.structs.replace(proof, record=proof.record + b"x"))
    assert india.get(f"/v1/journal/{head['seq']}/9999/proof").status_code == 404


def test_a_matched_trade_needs_both_to_cancel(served: Served, india: httpx.Client) -> None:
    legs = [
        {"payer": INDIA, "payee": CHINA, "currency": "INR", "amount_minor": 100},
        {"payer": CHINA, "payee": INDIA, "currency": "CNY", "amount_minor": 10**9},
    ]
    with served.client(CHINA) as china:
        [mine] = submit(india, {"reference": "T1", "legs": legs, "trade": "X"})
        [theirs] = submit(china, {"reference": "T1", "legs": legs[::-1], "trade": "X"})
        asked = india.post(f"/v1/queue/{mine['number']}/cancel").json()
        assert "other side" in asked["waits_for"]
        assert china.post(f"/v1/queue/{theirs['number']}/cancel").json()["waits_for"] == ""
        story = india.get(f"/v1/payments/{mine['number']}").json()
        assert story["payment"]["state"] == "cancelled"


def test_statements_add_up_and_are_final_once_the_day_has_ended(served: Served) -> None:
    with served.client(CHINA) as china, served.client("", "operator") as operator:
        leg = {"payer": CHINA, "payee": INDIA, "currency": "CNY", "amount_minor": 25}
        submit(china, {"reference": "ST1", "legs": [leg]})
        with served.client(INDIA) as sender:
            sender.post("/v1/messages", content=payment_message("ST2", ["ST2"]), headers=XML)
        with served.client(ISSUER, "issuer") as issuer:
            assert issuer.get(f"/v1/accounts/{CHINA}/CNY/entries").json()["code"] == "not_found"
        path = f"/v1/accounts/{CHINA}/CNY/statements/{business_date(china, 'CNY')}"
        told = china.get(path).json()["statement"]
        assert not told["is_final"]
        total = sum(entry["amount_minor"] for entry in told["entries"])
        assert told["opening_minor"] + total == told["closing_minor"] == balance(china, "CNY")
        assert told["entries"][-1]["transaction_id"] == "ST1"
        assert china.get(path, headers={"Accept": "application/xml"}).json()["code"] == "invalid"
        assert operator.post("/v1/books/CNY/close").status_code == 200
        final = china.get(path, headers={"Accept": "application/xml"})
        assert final.headers["content-type"] == "application/xml"
        assert "camt.053.001.08" in final.text
        assert "<TxId>ST1</TxId>" in final.text
        entries = china.get(f"/v1/accounts/{CHINA}/CNY/entries", params={"limit": 1}).json()
        assert entries["entries"][0]["amount_minor"] == -25
        india = f"/v1/accounts/{INDIA}/INR/statements/{business_date(china, 'INR')}"
        assert china.get(india).json()["code"] == "not_found"
    with served.client(INDIA) as other:
        lines = other.get(india).json()["statement"]["entries"]
        by_reference = {line["transaction_id"]: line for line in lines}
        # What a message said is told in its own words.
        assert by_reference["ST2"]["end_to_end_id"] == "E2E-ST2"
        assert by_reference["ST2"]["debtor"] == "Debtor Limited"


def test_the_outbox_tells_each_what_it_must_know_and_when(
    served: Served, india: httpx.Client
) -> None:
    def fetch(client: httpx.Client, cursor: str = "") -> tuple[list[tuple[str, str]], str]:
        messages, last = [], False
        while not last:
            page = client.get("/v1/outbox", params={"cursor": cursor, "limit": 1000}).json()
            messages += [(m["message_type"][:8], m["document"]) for m in page["messages"]]
            cursor, last = page["cursor"], page["is_last"]
        return messages, cursor

    with served.client(BRAZIL) as brazil, served.client(CHINA) as china:
        before = f"{india.get('/v1/journal/head').json()['seq']}-999999-0"
        india.post("/v1/messages", content=payment_message("OUT", ["OUT1"]), headers=XML)
        leg = {"payer": BRAZIL, "payee": INDIA, "currency": "INR", "amount_minor": 77}
        [waits] = submit(brazil, {"reference": "OUT2", "legs": [leg]})
        assert waits["status"] == "PDNG"
        assert fetch(brazil, before)[0] == []
        back = {"payer": INDIA, "payee": BRAZIL, "currency": "INR", "amount_minor": 80}
        submit(india, {"reference": "OUT3", "legs": [back]})
        got, _ = fetch(china, before)
        assert [kind for kind, _ in got] == ["camt.054", "pacs.008"]
        assert "OUT1" in got[1][1]
        assert "Creditor Limited" in got[1][1]
        told, _ = fetch(brazil, before)
        kinds = [kind for kind, _ in told]
        assert kinds == ["camt.054", "pacs.009", "pacs.002", "camt.054"]
        assert "<TxSts>ACSC</TxSts>" in told[2][1]
        assert "OUT2" in told[2][1]


def business_date(client: httpx.Client, currency: str) -> str:
    books = client.get("/v1/books").json()["books"]
    return next(book["date"] for book in books if book["currency"] == currency)  # type: ignore[no-any-return]


def test_webhooks_are_called_in_public_and_by_https_only(india: httpx.Client) -> None:
    for url in (
        "http://example.com/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1/x",
    ):
        assert india.post("/v1/webhooks", json={"url": url}).json()["code"] == "invalid", url


def test_bodies_of_unknown_length_and_bodies_that_are_too_long(india: httpx.Client) -> None:
    pieces = iter([b'{"reference": "CHUNKED", "legs": [', b'{"payer": "%b", ' % INDIA.encode()])
    rest = b'"payee": "%b", "currency": "INR", "amount_minor": 1}]}' % CHINA.encode()
    chunked = india.post("/v1/instructions", content=(each for each in [*pieces, rest]))
    assert chunked.json()["results"][0]["status"] == "ACSC"
    announced = india.post("/v1/instructions", content=b" " * (17 << 20))
    assert announced.json()["code"] == "too_large"
    unannounced = india.post("/v1/instructions", content=(b" " * (1 << 20) for _ in range(17)))
    assert unannounced.json()["code"] == "too_large"
    assert india.post("/v1/queue/1/cancel").json()["code"] == "refused"


def test_operation(served: Served, india: httpx.Client) -> None:
    assert httpx.get(f"{served.url}/health").json()["phase"] == "ready"
    metrics = httpx.get(f"{served.url}/metrics").text
    assert 'paritas_answers_total{route="submit_instructions",status="200"}' in metrics
    assert "paritas_ready 1.0" in metrics
    assert [b["currency"] for b in india.get("/v1/books").json()["books"]] == ["INR", "CNY"]
    log = (served.folder / "log").read_text()
    for line in log.splitlines():
        msgspec.json.decode(line)
    # Nothing of any payment is in the log.
    assert "Debtor" not in log
    assert "M1" not in log


from served import TODAY  # noqa: E402

TODAY_SHORT = TODAY[2:].replace("-", "")
