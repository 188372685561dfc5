"""Health, readiness, metrics and the OpenAPI document: for machines that look after the node."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from paritas import __version__
from paritas.api.calls import Call
from paritas.api.openapi import document
from paritas.api.problems import Problem, response_of
from paritas.api.routes import Route
from paritas.node.live import Phase


class Health(msgspec.Struct):
    """Whether the process lives, and where it stands in its life."""

    phase: str
    version: str
    seq: int


async def health(call: Call) -> Response | Health:
    """200 while the process can be left to itself; 500 once a law was broken."""
    node = call.node
    if node.phase is Phase.HALTED:
        return response_of(Problem("internal", "The node has halted: a law was broken."))
    return Health(node.phase, __version__, node.seq)


async def ready(call: Call) -> Response | Health:
    """200 while the node answers, else 503."""
    node = call.node
    if node.phase is not Phase.READY:
        return response_of(Problem("not_ready", f"The node is {node.phase}."))
    return Health(node.phase, __version__, node.seq)


async def metrics(call: Call) -> Response:
    """Everything that Prometheus sees."""
    return Response(call.service.metrics.text(), media_type="text/plain; version=0.0.4")


async def openapi(call: Call) -> Response:
    """Return the description of all routes."""
    return Response(document(call.service.routes), media_type="application/json")


ROUTES = (
    Route(
        "GET",
        "/health",
        "health",
        "Whether the process is alive",
        health,
        own=False,
        public=True,
        answer=Health,
        problems=("internal",),
    ),
    Route(
        "GET",
        "/ready",
        "ready",
        "Whether the node answers",
        ready,
        own=False,
        public=True,
        answer=Health,
        problems=("not_ready",),
    ),
    Route(
        "GET",
        "/metrics",
        "metrics",
        "Counts and times for Prometheus; let your proxy keep it from others",
        metrics,
        own=False,
        public=True,
        gives=("text/plain",),
    ),
    Route(
        "GET",
        "/openapi.json",
        "openapi",
        "This description",
        openapi,
        own=False,
        public=True,
        gives=("application/json",),
    ),
)
