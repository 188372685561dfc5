"""The console's files, served beside the API.

It is one page of plain HTML, CSS and JavaScript that asks the API like any other client: there is
nothing that it may show or do that the API would not allow to the person who is logged in, and no
state of it lives in the node. It needs no build, no network but the node's, and no web socket.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from starlette.responses import Response

from paritas.api.calls import Call
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    # Nothing from elsewhere runs or is shown here, and nobody else frames it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@cache
def _file(name: str) -> bytes | None:
    """Return a file of the console; None if there is none of this name."""
    folder = resources.files("paritas.console") / "static"
    return next((each.read_bytes() for each in folder.iterdir() if each.name == name), None)


def _response(name: str) -> Response:
    content = _file(name)
    if content is None:
        raise Refused("not_found", f"There is nothing at /console/{name[:100]}.")
    return Response(content, 200, _HEADERS, _TYPES[name.rpartition(".")[2]])


async def get_page(call: Call) -> Response:
    """Answer with the page."""
    return _response("index.html")


async def get_file(call: Call) -> Response:
    """Answer with what the page is made of."""
    return _response(call.parameters["file"])


ROUTES = (
    Route(
        "GET",
        "/",
        "console",
        "The console",
        get_page,
        own=False,
        public=True,
        gives=("text/html",),
    ),
    Route(
        "GET",
        "/console/{file}",
        "console_file",
        "A file of the console",
        get_file,
        own=False,
        public=True,
        parameters=(Parameter("file", "Its name.", required=True),),
        gives=("text/css", "text/javascript", "image/svg+xml"),
        problems=("not_found",),
    ),
)
