"""A served node, asked with signatures and by people who log in; then its journal is audited."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from served_node import (
    KEYS,
    PASSWORD,
    PBOC,
    RBI,
    A,
    B,
    Served,
    code_of,
    enter,
    served,
    text_of,
)

from paritas.journal.audit import audit
from paritas.people.store import Person
from paritas.signing.http import Signer


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("node")) as found:
        yield found


def ask(node: Served, who: str, method: str, path: str, body: Any = None, **more: str) -> Any:
    """Ask with the key of ``who``."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if content else {}
    headers |= more
    headers |= Signer(KEYS[who]).headers(method, node.url + path, headers, content)
    return httpx.request(method, node.url + path, content=content, headers=headers)


def pay(reference: str, payer: str = A, payee: str = B, amount_minor: int = 100) -> dict[str, Any]:
    leg = {"payer": payer, "payee": payee, "currency": "INR", "amount_minor": amount_minor}
    return {"reference": reference, "legs": [leg]}


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


# --- keys


def test_a_member_pays_with_its_key(node: Served) -> None:
    answer = ask(node, A, "POST", "/v1/instructions", pay("S1"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["status"] == "ACSC"


def test_another_member_cannot_pay_for_it(node: Served) -> None:
    answer = ask(node, B, "POST", "/v1/instructions", pay("S2"))
    (result,) = answer.json()["results"]
    assert (result["status"], result["reason"]) == ("RJCT", "MD01")


def test_a_stranger_is_nobody(node: Served) -> None:
    answer = ask(node, "stranger", "GET", "/v1/balances")
    assert (answer.status_code, code(answer)) == (401, "signature_invalid")


def test_who_says_nothing_is_nobody(node: Served) -> None:
    answer = httpx.get(node.url + "/v1/balances")
    assert (answer.status_code, code(answer)) == (401, "unauthenticated")
    pretending = {"Paritas-Principal": f"{A}//system"}
    assert httpx.get(node.url + "/v1/balances", headers=pretending).status_code == 401


def test_a_signed_request_counts_once(node: Served) -> None:
    url, content = node.url + "/v1/instructions", json.dumps(pay("S3")).encode()
    headers = {"content-type": "application/json"}
    headers |= Signer(KEYS[A]).headers("POST", url, headers, content)
    assert httpx.post(url, content=content, headers=headers).status_code == 200
    again = httpx.post(url, content=content, headers=headers)
    assert (again.status_code, code(again)) == (401, "signature_replayed")


def test_another_body_does_not_go_with_the_signature(node: Served) -> None:
    url = node.url + "/v1/instructions"
    headers = {"content-type": "application/json"}
    headers |= Signer(KEYS[A]).headers("POST", url, headers, json.dumps(pay("S4")).encode())
    changed = json.dumps(pay("S4", amount_minor=200)).encode()
    answer = httpx.post(url, content=changed, headers=headers)
    assert (answer.status_code, code(answer)) == (401, "signature_invalid")


@pytest.mark.parametrize("seconds", [-120, 60])
def test_an_old_or_early_signature_is_not_heard(node: Served, seconds: int) -> None:
    import time

    url = node.url + "/v1/balances"
    created_s = int(time.time()) + seconds
    headers = Signer(KEYS[A]).headers("GET", url, {}, created_s=created_s)
    answer = httpx.get(url, headers=headers)
    assert (answer.status_code, code(answer)) == (401, "signature_invalid")


def test_a_member_sees_its_own(node: Served) -> None:
    for member in (A, B):
        found = ask(node, member, "GET", "/v1/balances").json()["balances"]
        assert {each["member"] for each in found} == {member}
    issuers = ask(node, RBI, "GET", "/v1/balances").json()["balances"]
    assert {(each["member"], each["currency"]) for each in issuers} == {(A, "INR"), (B, "INR")}


# --- several people


def waiting(node: Served, who: str, number: int) -> dict[str, Any]:
    changes = ask(node, who, "GET", "/v1/changes").json()["changes"]
    return next(change for change in changes if change["number"] == number)


def approve(node: Served, who: str, number: int) -> httpx.Response:
    digest = waiting(node, who, number)["digest"]
    path = f"/v1/changes/{number}/approve"
    return ask(node, who, "POST", path, {"digest": digest})  # type: ignore[no-any-return]


def limit_of(node: Served, bic: str, currency: str) -> int:
    state = node.node.state
    book = state.book_by_currency[currency].number
    return state.accounts[state.party_by_bic[bic].accounts[book]].limit_minor


def test_a_limit_takes_two_keys_of_its_issuer(node: Served) -> None:
    path = f"/v1/accounts/{A}/INR/limit"
    proposed = ask(node, RBI, "PUT", path, {"limit_minor": 700})
    assert proposed.status_code == 200, proposed.text
    assert "Another person" in proposed.json()["waits_for"]
    number = proposed.json()["number"]
    change = waiting(node, RBI, number)
    assert change["kind"] == "SetLimit"
    assert change["says"]["account"] == f"{A} INR"
    assert change["says"]["amount"] == "7.00 INR"
    assert change["needs"] == [RBI]
    assert hashlib.sha256(b64decode(change["content"])).hexdigest() == change["digest"]
    assert limit_of(node, A, "INR") == 0
    # The same key again, another issuer, the operator, the member whom it is about, a wrong digest.
    assert code(approve(node, RBI, number)) == "refused"
    for who in (PBOC, "operator", A):
        body = {"digest": change["digest"]}
        answer = ask(node, who, "POST", f"/v1/changes/{number}/approve", body)
        assert answer.status_code in (403, 404, 409), (who, answer.text)
    wrong = {"digest": "0" * 64}
    assert ask(node, "rbi 2", "POST", f"/v1/changes/{number}/approve", wrong).status_code == 409
    assert limit_of(node, A, "INR") == 0
    assert approve(node, "rbi 2", number).json()["waits_for"] == ""
    assert limit_of(node, A, "INR") == 700


def test_the_operator_moves_no_limit(node: Served) -> None:
    answer = ask(node, "operator", "PUT", f"/v1/accounts/{A}/INR/limit", {"limit_minor": 1})
    assert answer.status_code == 403
    change = {"change": "set_limit", "member": A, "currency": "INR", "limit_minor": 1}
    answer = ask(node, "operator", "POST", "/v1/changes", change)
    assert (answer.status_code, answer.json()["reason"]) == (409, "AG01")


def test_a_new_member_takes_the_issuers_and_can_then_be_paid(node: Served) -> None:
    bic = "CCCCINB0XXX"
    proposed = ask(node, "operator", "POST", "/v1/changes", {"change": "admit_member", "bic": bic})
    number = proposed.json()["number"]
    for who in (RBI, "rbi 2", PBOC):
        assert approve(node, who, number).json()["waits_for"]
    assert bic not in node.node.state.party_by_bic
    assert approve(node, "pboc 2", number).json()["waits_for"] == ""
    opening = {"change": "open_account", "member": bic, "currency": "INR"}
    number = ask(node, RBI, "POST", "/v1/changes", opening).json()["number"]
    assert approve(node, "rbi 2", number).status_code == 200
    answer = ask(node, A, "POST", "/v1/instructions", pay("S5", payee=bic))
    assert answer.json()["results"][0]["status"] == "ACSC", answer.text


def test_money_that_is_issued_enters_the_history(node: Served) -> None:
    change = {"change": "issue", "member": B, "currency": "CNY", "amount_minor": 1_234}
    number = ask(node, PBOC, "POST", "/v1/changes", change).json()["number"]
    assert approve(node, "pboc 2", number).status_code == 200
    now = ask(node, B, "GET", "/v1/balances?currency=CNY").json()["balances"][0]["balance_minor"]
    at = node.node.now_ns()
    past = ask(node, B, "GET", f"/v1/balances?currency=CNY&at={at}").json()["balances"][0]
    assert past["balance_minor"] == now == 10_000 + 1_234


def test_a_key_is_rotated(node: Served) -> None:
    new = "stranger"
    number = ask(node, A, "POST", "/v1/changes", {"change": "add_key", "key": text_of(new)}).json()[
        "number"
    ]
    # One key is one person: the member's treasurer, who logs in, is the other.
    person = enter(node.store, "key treasurer", A, "treasurer")
    with logged_in(node, person) as treasurer:
        digest = waiting(node, A, number)["digest"]
        path = f"/v1/changes/{number}/approve"
        assert treasurer.post(path, json={"digest": digest}).status_code == 200
        assert ask(node, new, "GET", "/v1/balances").status_code == 200
        retiring = {"change": "retire_key", "key": text_of(new)}
        number = ask(node, new, "POST", "/v1/changes", retiring).json()["number"]
        digest = waiting(node, A, number)["digest"]
        path = f"/v1/changes/{number}/approve"
        assert treasurer.post(path, json={"digest": digest}).status_code == 200
    assert ask(node, new, "GET", "/v1/balances").status_code == 401


# --- people


@contextmanager
def logged_in(node: Served, person: Person) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=node.url) as client:
        body = {"name": person.name, "password": PASSWORD, "code": code_of(person)}
        answer = client.post("/v1/session", json=body)
        assert answer.status_code == 200, answer.text
        client.headers["paritas-csrf"] = answer.json()["csrf"]
        yield client


def test_a_person_logs_in_and_out(node: Served) -> None:
    person = enter(node.store, "anna", A, "treasurer")
    with logged_in(node, person) as client:
        (cookie,) = client.cookies.jar
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite").lower() == "strict"
        assert client.get("/v1/session").json()["institution"] == A
        assert {b["member"] for b in client.get("/v1/balances").json()["balances"]} == {A}
        assert client.post("/v1/instructions", json=pay("P1")).status_code == 200
        assert client.delete("/v1/session").status_code == 200
        assert client.get("/v1/balances").status_code == 401
    with httpx.Client(base_url=node.url, cookies={cookie.name: cookie.value}) as client:
        assert code(client.get("/v1/balances")) == "session_ended"


def test_a_change_needs_the_csrf_word(node: Served) -> None:
    with logged_in(node, enter(node.store, "bert", A, "treasurer")) as client:
        del client.headers["paritas-csrf"]
        assert client.get("/v1/balances").status_code == 200
        for word in ({}, {"paritas-csrf": "guessed"}):
            answer = client.post("/v1/instructions", json=pay("P2"), headers=word)
            assert (answer.status_code, code(answer)) == (403, "csrf")


def test_a_log_in_from_a_form_is_not_taken(node: Served) -> None:
    answer = httpx.post(node.url + "/v1/session", data={"name": "anna"})
    assert answer.status_code == 415


# --- afterwards


def test_the_audit_verifies_what_was_signed(node: Served, tmp_path: Path) -> None:
    for reference in ("S8", "S1"):
        assert ask(node, A, "POST", "/v1/instructions", pay(reference)).status_code == 200
    large = [pay(f"L{n}", amount_minor=1) for n in range(1500)]
    assert ask(node, A, "POST", "/v1/instructions", large).status_code == 200
    report = audit(node.journal)
    assert report.breaches == ()
    assert report.signatures_checked >= 3
    copy = tmp_path / "journal.sqlite"
    for change, text in (
        ("UPDATE sealed SET private = replace(private, 'S1', 'S9')", "is not what its hash names"),
        ("DELETE FROM sealed", ""),
    ):
        with sqlite3.connect(node.journal) as source, sqlite3.connect(copy) as target:
            source.backup(target)
            target.execute(change)
        source.close()
        target.close()
        found = audit(copy)
        assert any(text in breach for breach in found.breaches) if text else not found.breaches
    assert found.signatures_checked == 0
