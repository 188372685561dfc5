"""The OpenAPI 3.1 document, drawn up from the table of routes and the very types that are decoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from types import UnionType
from typing import Any, get_args

import msgspec

from paritas import __version__
from paritas.api.problems import CODES, MEDIA_TYPE, ProblemDetails
from paritas.api.routes import Parameter, Route

_JSON = "application/json"
_REF = "#/components/schemas/{name}"
#: What every route may answer that asks who calls.
_COMMON = (
    "unauthenticated",
    "signature_invalid",
    "signature_replayed",
    "session_ended",
    "csrf",
    "forbidden",
    "malformed",
    "invalid",
    "not_found",
    "too_large",
    "internal",
    "too_many_requests",
    "overloaded",
    "stopping",
    "not_ready",
    "conflict",
)
_CHANGES = ("refused", "idempotency_key_reused")


@lru_cache(maxsize=4)
def document(routes: tuple[Route, ...]) -> bytes:
    """Return the document as JSON."""
    types: list[Any] = [ProblemDetails]
    for route in routes:
        for kind in (route.request, route.answer):
            types += kinds_of(kind) if kind not in (None, bytes) else []
        types += [parameter.type for parameter in route.parameters]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = _Schemas(types, schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, schema_of)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "openapi": "3.1.0",
                "info": {
                    "title": "Paritas",
                    "version": __version__,
                    "summary": "Settlement in the members' own currencies, payment-versus-payment",
                    "description": _DESCRIPTION,
                    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                },
                "paths": paths,
                "components": {
                    "schemas": components,
                    "headers": {
                        "Paritas-Seq": {
                            "description": "The last durable row of the journal.",
                            "schema": {"type": "integer", "minimum": 0},
                        },
                        "Retry-After": {
                            "description": "Seconds after which to try again.",
                            "schema": {"type": "integer", "minimum": 1},
                        },
                    },
                    "securitySchemes": _SECURITY,
                },
                "security": [{"signature": []}, {"session": []}],
            }
        ),
        indent=1,
    )


_DESCRIPTION = (
    "Amounts are integers in minor units (amount_minor), moments are nanoseconds since"
    " 1970-01-01T00:00:00Z. What is answered with 2xx is durable. Every answer carries seq, in its"
    " body or in the header Paritas-Seq. Every refusal is a problem (RFC 9457) with a code that never"
    " changes."
)
_SECURITY = {
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": "HTTP Message Signatures (RFC 9421), Ed25519, over the exact body.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "paritas_session"},
}


class _Schemas:
    """Finds the schema of a type; types may be unhashable unions, so they are compared."""

    def __init__(self, types: Sequence[Any], schemas: Sequence[dict[str, Any]]) -> None:
        self._types = list(types)
        self._schemas = list(schemas)

    def __call__(self, kind: Any) -> dict[str, Any]:
        found = [self._schemas[self._types.index(each)] for each in kinds_of(kind)]
        return found[0] if len(found) == 1 else {"anyOf": found}


def kinds_of(kind: Any) -> list[Any]:
    """Return the kinds of a union, which msgspec knows one by one."""
    return list(get_args(kind)) if isinstance(kind, UnionType) else [kind]


def _operation(route: Route, schema_of: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": _who(route),
        "tags": [route.path.split("/")[2] if route.path.startswith("/v1/") else "operation"],
        "parameters": _parameters(route, schema_of),
        "responses": _responses(route, schema_of),
    }
    if route.public:
        operation["security"] = []
    if route.request is not None:
        operation["requestBody"] = {"required": True, "content": _content(route, schema_of)}
    return operation


def _who(route: Route) -> str:
    if route.public:
        return "For anybody."
    roles = ", ".join(sorted(route.roles))
    own = " Only what concerns the asker's own institution." if route.own else ""
    two = " Takes effect when a second person has agreed." if route.four_eyes else ""
    return f"For the roles {roles}.{own}{two}"


def _parameters(route: Route, schema_of: _Schemas) -> list[dict[str, Any]]:
    declared = {parameter.name: parameter for parameter in route.parameters}
    found = []
    for name in re.findall(r"\{(\w+)\}", route.path):
        parameter = declared.pop(name, Parameter(name, ""))
        found.append(_parameter(parameter, "path", schema_of, required=True))
    found += [
        _parameter(each, "query", schema_of, required=each.required) for each in declared.values()
    ]
    if route.method != "GET" and not route.public:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "A request with the same key is carried out once; known for a day.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    return found


def _parameter(
    each: Parameter, where: str, schema_of: _Schemas, *, required: bool
) -> dict[str, Any]:
    schema = {"type": "string"} if each.type is str else schema_of(each.type)
    return {
        "name": each.name,
        "in": where,
        "required": required,
        "description": each.text,
        "schema": schema,
    }


def _content(route: Route, schema_of: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {media: {"schema": {"type": "string"}} for media in route.takes}
    if route.request is not bytes:
        content[_JSON] = {"schema": schema_of(route.request)}
    return content


def _responses(route: Route, schema_of: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {media: {} for media in route.gives}
    if route.answer is not None:
        content = {_JSON: {"schema": schema_of(route.answer)}, **content}
    seq = {"Paritas-Seq": {"$ref": "#/components/headers/Paritas-Seq"}}
    responses: dict[str, Any] = {"200": {"description": "Done.", "headers": seq}}
    if content:
        responses["200"]["content"] = content
    codes = list(route.problems)
    if not route.public:
        codes += _COMMON
        if route.method != "GET":
            codes += _CHANGES
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(CODES[code][0], []).append(code)
    for status, named in sorted(by_status.items()):
        headers = dict(seq)
        if status in (429, 503):
            headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
        lines = [f"{code}: {CODES[code][1]}." for code in named]
        responses[str(status)] = {
            "description": " ".join(lines),
            "headers": headers,
            "content": {MEDIA_TYPE: {"schema": schema_of(ProblemDetails)}},
        }
    return responses
