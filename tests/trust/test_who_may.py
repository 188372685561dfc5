"""Who may do what: every role at every endpoint, as the table in docs/trust.md says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from served_node import KEYS, PASSWORD, RBI, A, B, Served, code_of, enter, served

from paritas.api.app import ROUTES
from paritas.api.principals import Role
from paritas.signing.http import Signer

DOCS = Path(__file__).parents[2] / "docs" / "trust.md"
HEAD = "| endpoint |"
INSTITUTIONS = {"operator": "", "issuer": RBI}


def table() -> dict[tuple[str, str], set[str]]:
    """Read the table: (method, path) -> the roles that may."""
    lines = iter(DOCS.read_text(encoding="utf-8").splitlines())
    roles = next(
        [c.strip() for c in line.split("|")[2:-1]] for line in lines if line.startswith(HEAD)
    )
    next(lines)
    found = {}
    for line in lines:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        method, path = cells[0].strip("`").split(" ")
        found[method, path] = {r for r, cell in zip(roles, cells[1:], strict=True) if cell == "yes"}
    return found


TABLE = table()
ORDER = ("operator", "issuer", "treasurer", "clerk", "compliance", "auditor", "system")


def row(method: str, path: str, roles: set[str]) -> str:
    cells = " | ".join("yes" if role in roles else "" for role in ORDER)
    return f"| `{method} {path}` | {cells} |"


def test_the_table_says_what_the_routes_say() -> None:
    routes = {(r.method, r.path): {str(role) for role in r.roles} for r in ROUTES if not r.public}
    rows = [row(*where, roles) for where, roles in routes.items() if TABLE.get(where) != roles]
    assert rows == [], "\n".join(["docs/trust.md needs these rows:", *rows])
    assert TABLE.keys() <= routes.keys()
    assert set().union(*TABLE.values()) == set(map(str, Role))


def test_an_auditor_changes_nothing() -> None:
    assert {method for (method, _), roles in TABLE.items() if "auditor" in roles} == {"GET"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("node")) as found:
        yield found


@pytest.fixture(scope="module")
def clients(node: Served) -> Iterator[dict[str, httpx.Client]]:
    """Return somebody of each role: people who are logged in, and a member's system."""
    found: dict[str, httpx.Client] = {}
    for role in Role:
        client = httpx.Client(base_url=node.url, timeout=30)
        if role is Role.SYSTEM:
            client.auth = Signing(A)
        else:
            person = enter(node.store, role, INSTITUTIONS.get(role, A), role)
            body = {"name": role, "password": PASSWORD, "code": code_of(person)}
            client.headers["paritas-csrf"] = client.post("/v1/session", json=body).json()["csrf"]
        found[role] = client
    yield found
    for client in found.values():
        client.close()


class Signing(httpx.Auth):
    def __init__(self, who: str) -> None:
        self.signer = Signer(KEYS[who])

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:
        names = ("content-type", "idempotency-key")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        request.headers.update(
            self.signer.headers(request.method, str(request.url), headers, request.content)
        )
        yield request


def asked(path: str) -> str:
    """Return a path with something in its places; nothing of it exists."""
    names = {"bic": A, "currency": "CNY", "date": "2026-01-05", "id": "999", "number": "999"}
    return re.sub(r"\{(\w+)\}", lambda m: names.get(m[1], "999"), path)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_at_each_endpoint(clients: dict[str, httpx.Client], role: Role) -> None:
    """Whoever may not is refused with 403 forbidden; whoever may gets any other answer."""
    client = clients[role]
    for (method, path), roles in TABLE.items():
        with client.stream(method, asked(path), json={} if method != "GET" else None) as answer:
            if answer.headers["content-type"].startswith("text/event-stream"):
                assert role in roles
                continue
            code = answer.json().get("code", "") if not answer.read().startswith(b"<") else ""
        assert (code == "forbidden") == (role not in roles), (method, path, code)
        assert answer.status_code < 500, (method, path, answer.text)


def test_nobody_gets_in_without_proof(node: Served) -> None:
    for method, path in TABLE:
        answer = httpx.request(method, node.url + asked(path))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path


def test_an_issuer_acts_on_its_own_book_only(clients: dict[str, httpx.Client]) -> None:
    issuer = clients["issuer"]
    for change in ("issue", "redeem"):
        for currency, status in (("INR", 200), ("CNY", 404)):
            path = f"/v1/accounts/{A}/{currency}/{change}"
            assert issuer.post(path, json={"amount_minor": 1}).status_code == status, path


@pytest.mark.parametrize("role", ["treasurer", "clerk", "compliance", "auditor", "system"])
def test_a_members_people_see_their_own(clients: dict[str, httpx.Client], role: str) -> None:
    client = clients[role]
    assert {b["member"] for b in client.get("/v1/balances").json()["balances"]} == {A}
    for path in (f"/v1/accounts/{B}/INR/entries", f"/v1/balances?member={B}"):
        assert client.get(path).status_code == 404, path


def test_every_refusal_is_logged(
    clients: dict[str, httpx.Client], capsys: pytest.CaptureFixture[str]
) -> None:
    import structlog

    with structlog.testing.capture_logs() as logs:
        clients["clerk"].put(f"/v1/accounts/{A}/INR/limit", json={"limit_minor": 1})
        clients["clerk"].get(f"/v1/accounts/{B}/INR/entries")
    said = [(log["route"], log["status"], log["institution"], log["role"]) for log in logs]
    assert said == [("set_limit", 403, A, "clerk"), ("entries", 404, A, "clerk")]
