"""The yardstick of the service: a server that parses and checks what it is sent, and does nothing."""

from __future__ import annotations

import msgspec
import uvicorn
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paritas.iso20022.schemas import schema
from paritas.node.submissions import AskedInstruction

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
_INSTRUCTIONS = msgspec.json.Decoder(list[AskedInstruction])


async def _messages(request: Request) -> Response:
    root = etree.fromstring(await request.body(), _PARSER)
    valid = schema("pacs.008.001.08").validate(root[-1])
    return Response(b"{}", 200 if valid else 422)


async def _instructions(request: Request) -> Response:
    _INSTRUCTIONS.decode(await request.body())
    return Response(b"{}")


async def _ready(_: Request) -> Response:
    return Response(b"{}")


def run(port: int) -> None:
    """Serve until told to stop."""
    routes = [
        Route("/v1/messages", _messages, methods=["POST"]),
        Route("/v1/instructions", _instructions, methods=["POST"]),
        Route("/ready", _ready),
    ]
    uvicorn.run(
        Starlette(routes=routes), port=port, log_level="error", access_log=False, http="httptools"
    )
