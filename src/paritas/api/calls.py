"""One call of the API: who asks what of which node."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from paritas.api.principals import Body, Principal


class Call:
    """What a handler is given: the request, its body, who asks, and the node."""

    __slots__ = ("body", "node", "principal", "request")

    def __init__(self, request: Request, body: Body, principal: Principal, node: Any) -> None:
        self.request = request
        self.body = body
        self.principal = principal
        self.node = node
