"""The ASGI application: takes a request, asks who it is, checks the table of routes, answers.

It is Starlette's requests and responses without its middleware: what every request goes through
stands here, in one function, because thousands go through it in a second.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from paritas.api.bodies import read_body, read_small_body
from paritas.api.budget import Budget, Limits
from paritas.api.calls import Call
from paritas.api.events import NoticeCache
from paritas.api.metrics import Metrics
from paritas.api.principals import Authenticator, Body, Principal, Role
from paritas.api.problems import Problem, Refused, response_of
from paritas.api.routes import Route
from paritas.node.history_queries import QueryError
from paritas.node.live import LiveNode, NotReady, Phase
from paritas.node.workers import WorkerError

log = structlog.get_logger("paritas.api")

_PHASE_CODES = {Phase.STOPPING: "stopping"}
_ENCODER = msgspec.json.Encoder()
_JSON_HEAD = (b"content-type", b"application/json")
#: Whoever asks for what is public.
NOBODY = Principal("", "", Role.AUDITOR)


class Service:
    """A node with its routes. ``routes`` may be any; the standard ones are in ``app.ROUTES``."""

    def __init__(
        self,
        node: LiveNode,
        authenticator: Authenticator,
        routes: Sequence[Route],
        limits: Limits | None = None,
    ) -> None:
        self.node = node
        self.authenticator = authenticator
        self.routes = tuple(routes)
        self.budget = Budget(limits or Limits())
        self.metrics = Metrics(node, self.budget)
        self.notices = NoticeCache(node)
        #: Whatever lives as long as the service: followers and the like, ended before the node.
        self.companions: list[Any] = []
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        by_path: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            methods = by_path.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"{route.method} {route.path} is declared twice.")
            methods[route.method] = route
        for path, methods in by_path.items():
            if "{" in path:
                self._patterns.append((_pattern(path), methods))
            else:
                self._exact[path] = methods

    # --- life

    async def begin(self) -> None:
        """Start the node and its companions, in the event loop that they then live in."""
        await self.node.begin()
        for companion in self.companions:
            await companion.begin()

    def begin_stop(self) -> None:
        """Take nothing new; what is on its way is answered."""
        self.node.begin_stop()

    async def stop(self) -> None:
        """End it all; nothing that was answered is lost."""
        self.node.begin_stop()
        for companion in self.companions:
            await companion.stop()
        await self.node.stop()

    # --- one request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            # A web socket: there are none here.
            await send({"type": "websocket.close", "code": 1000})
            return
        began_ns = time.perf_counter_ns()
        method, path = scope["method"], scope["path"]
        route, parameters, problem = self._find(method, path)
        answer: Any
        who = NOBODY
        if route is None:
            assert problem is not None
            answer = response_of(problem)
        else:
            try:
                answer, who = await self._answer(route, parameters, Request(scope, receive))
            except Exception as error:
                answer = response_of(self._problem(error, route))
        status = await self._send(answer, scope, receive, send)
        name = route.name if route is not None else "unknown"
        self.metrics.answered(name, status, time.perf_counter_ns() - began_ns)
        if status >= 400:
            # Every refusal is logged, without anything that the request held.
            log.info(
                "refused",
                route=name,
                status=status,
                institution=who.institution,
                person=who.person,
                role=who.role,
            )

    def _find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], Problem | None]:
        methods = self._exact.get(path)
        parameters: dict[str, str] = {}
        if methods is None:
            for pattern, found in self._patterns:
                match = pattern.fullmatch(path)
                if match is not None:
                    methods, parameters = found, match.groupdict()
                    break
        if methods is None:
            return None, {}, Problem("not_found", f"There is nothing at {path[:200]}.")
        route = methods.get(method)
        if route is None:
            allowed = ", ".join(sorted(methods))
            return None, {}, Problem("method_not_allowed", f"Here one can {allowed}.")
        return route, parameters, None

    async def _answer(
        self, route: Route, parameters: dict[str, str], request: Request
    ) -> tuple[Any, Principal]:
        if route.public:
            return await route.handler(Call(request, Body(), NOBODY, self, parameters)), NOBODY
        budget = self.budget
        limits = budget.limits
        size_bytes = _announced_bytes(request)
        most_bytes = limits.memory_body_bytes if route.streams else limits.json_body_bytes
        # A body that does not say how long it is may be as long as any.
        counted_bytes = most_bytes if size_bytes is None else min(size_bytes, most_bytes)
        budget.enter(counted_bytes)
        try:
            if request.method == "GET":
                return await self._answer_with(route, parameters, request, Body())
            if size_bytes is None or size_bytes > limits.memory_body_bytes:
                async with read_body(request, route, size_bytes or 0, self) as body:
                    return await self._answer_with(route, parameters, request, body)
            content = await read_small_body(request)
            return await self._answer_with(route, parameters, request, Body(content))
        finally:
            budget.leave(counted_bytes)

    async def _answer_with(
        self, route: Route, parameters: dict[str, str], request: Request, body: Body
    ) -> tuple[Any, Principal]:
        principal = await self.authenticator.authenticate(request, body)
        if isinstance(principal, Problem):
            return response_of(principal), NOBODY
        if principal.role not in route.roles:
            text = f"The role {principal.role} may not do this."
            return response_of(Problem("forbidden", text)), principal
        self.budget.enter_of(principal.institution)
        try:
            call = Call(request, body, principal, self, parameters)
            return await route.handler(call), principal
        except Exception as error:
            # Here, so that the log says whose request it was.
            return response_of(self._problem(error, route)), principal
        finally:
            self.budget.leave_of(principal.institution)

    def _problem(self, error: Exception, route: Route) -> Problem:
        if isinstance(error, Refused):
            return error.problem
        if isinstance(error, QueryError):
            return Problem("invalid", str(error))
        if isinstance(error, NotReady):
            code = _PHASE_CODES.get(error.phase, "not_ready")
            return Problem(code, str(error), retry_after_s=self.budget.limits.retry_after_s)
        if isinstance(error, WorkerError) and self.node.phase is Phase.STOPPING:
            return Problem("stopping", "The node is stopping; nothing of this was done.")
        log.error("internal", route=route.name, error=f"{type(error).__name__}: {error}")
        return Problem("internal", "The node could not do this; its log says why.")

    async def _send(self, answer: Any, scope: Scope, receive: Receive, send: Send) -> int:
        if isinstance(answer, Response):
            answer.headers.setdefault("Paritas-Seq", str(self.node.seq))
            await answer(scope, receive, send)
            return answer.status_code
        data = _ENCODER.encode(answer)
        seq = getattr(answer, "seq", self.node.seq)
        headers = [
            _JSON_HEAD,
            (b"content-length", b"%d" % len(data)),
            (b"paritas-seq", b"%d" % seq),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": data})
        return 200

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.begin()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    raise
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


def _announced_bytes(request: Request) -> int | None:
    """Return how many bytes the body is said to have; None where it is not said."""
    announced: int | None = 0
    for name, value in request.scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else None
        if name == b"transfer-encoding":
            announced = None
    return announced


__all__ = ["NOBODY", "Service"]
