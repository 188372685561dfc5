"""The table of routes: what can be asked, by whom, and what is answered.

Each module of ``paritas.api`` that answers something declares a ``ROUTES`` tuple; ``app.create_app``
puts them together, checks the permission before the handler runs, and draws up the OpenAPI document
from the same table. To add an endpoint is to add a ``Route``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from paritas.api.principals import EVERYONE, Principal, Role

if TYPE_CHECKING:
    from paritas.api.calls import Call

#: Answers one call: a msgspec struct (written as JSON with status 200), or a whole Response.
Handler = Callable[["Call"], Awaitable[Any]]


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a route, in its path or its query."""

    name: str
    text: str
    type: Any = str
    required: bool = False


class Route(msgspec.Struct, frozen=True):
    """One thing that can be asked.

    ``roles`` says who may ask at all. ``own`` says that the answer is cut to what concerns the
    asker's own institution (``Principal.sees``), and that a change must be the institution's own;
    False is for what every member may know, such as the journal's public part.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    roles: frozenset[Role] = EVERYONE
    own: bool = True
    #: Answered without asking who calls (health, the OpenAPI document).
    public: bool = False
    parameters: tuple[Parameter, ...] = ()
    #: Types that msgspec decodes and encodes; None where there is no body or it is no JSON.
    request: Any = None
    answer: Any = None
    #: Media types besides JSON that are taken and given.
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    #: Codes of ``problems.CODES`` that it may answer with, beside those that every route may.
    problems: tuple[str, ...] = ()
    #: Read the body as a stream into a file where it is large.
    streams: bool = False
    #: A change that needs a second person of the institution before it takes effect.
    four_eyes: bool = False

    def allows(self, principal: Principal) -> bool:
        """Say whether the principal may ask this at all."""
        return principal.role in self.roles


__all__ = ["Handler", "Parameter", "Principal", "Response", "Role", "Route"]
