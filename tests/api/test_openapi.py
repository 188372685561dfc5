"""The published OpenAPI document: complete, and what the service does is what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from served import INDIA, ISSUER, Served, instruction

from paritas.api.app import ROUTES as API
from paritas.api.openapi import document as published
from paritas.api.principals import Role
from paritas.api.problems import CODES
from paritas.console.pages import ROUTES as CONSOLE

ROUTES = (*API, *CONSOLE)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    node = Served(tmp_path_factory.mktemp("node"))
    node.start()
    with node.client() as client:
        client.post("/v1/instructions", json=[instruction(f"O{n}") for n in range(3)])
    yield node
    assert node.stop() == 0


@pytest.fixture(scope="module")
def document(served: Served) -> dict[str, Any]:
    return httpx.get(f"{served.url}/openapi.json").json()  # type: ignore[no-any-return]


def test_every_route_is_described_whole(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert set(described) == {(route.method, route.path) for route in ROUTES}
    names = [operation["operationId"] for operation in described.values()]
    assert len(names) == len(set(names))
    text = str(document)
    for reference in re.findall(r"#/components/schemas/(\w+)", text):
        assert reference in document["components"]["schemas"]
    for route in ROUTES:
        operation = described[route.method, route.path]
        assert operation["summary"]
        if not route.public:
            assert {"401", "403", "429", "503"} <= set(operation["responses"])
        if route.request is not None:
            assert operation["requestBody"]["content"]
    # Every problem that there is can be found in the description.
    told = {code for code in CODES if re.search(rf"\b{code}\b", text)}
    assert told >= set(CODES) - {"method_not_allowed", "not_acceptable"}


def test_each_role_may_ask_what_the_table_says_and_nothing_else(served: Served) -> None:
    institutions = {Role.OPERATOR: "", Role.AUDITOR: "", Role.COMPLIANCE: "", Role.ISSUER: ISSUER}
    for role in Role:
        with served.client(institutions.get(role, INDIA), role) as client:
            for route in API:
                if route.name == "events":
                    continue
                path = re.sub(r"\{\w+\}", "0", route.path)
                answer = client.request(route.method, path)
                if route.path == "/v1/session":
                    # Nobody logs in to a node that believes its callers.
                    assert answer.status_code == 404
                    continue
                if route.public:
                    assert answer.status_code == 200
                    continue
                forbidden = answer.status_code == 403
                assert forbidden == (role not in route.roles), (role, route.name, answer.text)
    with httpx.Client(base_url=served.url) as nobody:
        for route in ROUTES:
            answer = nobody.request(route.method, re.sub(r"\{\w+\}", "0", route.path))
            assert (answer.status_code == 401) == (not route.public)


PUBLISHED = schemathesis.openapi.from_dict(msgspec.json.decode(published(ROUTES)))
OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for operation in (result.ok() for result in PUBLISHED.get_all_operations())
    # A stream has no end.
    if operation.path != "/v1/events"
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_service_does_what_it_publishes(name: str, served: Served) -> None:
    operation = OPERATIONS[name]
    route = next(route for route in ROUTES if route.name == name)
    role = min(route.roles - {Role.AUDITOR} or route.roles)
    bic = {Role.OPERATOR: "", Role.ISSUER: ISSUER}.get(role, INDIA)

    @settings(
        max_examples=8,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
        derandomize=True,
    )
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        headers = {"Paritas-Principal": f"{bic}/someone/{role}"}
        response = case.call(base_url=served.url, headers=headers)
        assert response.status_code not in (500, 501), response.text
        case.validate_response(response, checks=_CHECKS)

    ask()


_CHECKS = [
    schemathesis.checks.CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
]
