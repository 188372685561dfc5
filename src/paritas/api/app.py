"""The standard service: every route that Paritas answers, in one table."""

from __future__ import annotations

from paritas.api import (
    accounts,
    changes,
    events,
    journal,
    liquidity,
    messages,
    operation,
    overview,
    payments,
    queue,
    sessions,
    statements,
    webhooks,
)
from paritas.api.budget import Limits
from paritas.api.principals import Authenticator
from paritas.api.routes import Route
from paritas.api.service import Service
from paritas.node.live import LiveNode

#: To add endpoints is to add a module's ROUTES here.
ROUTES: tuple[Route, ...] = (
    *messages.ROUTES,
    *payments.ROUTES,
    *queue.ROUTES,
    *liquidity.ROUTES,
    *accounts.ROUTES,
    *changes.ROUTES,
    *sessions.ROUTES,
    *statements.ROUTES,
    *journal.ROUTES,
    *events.ROUTES,
    *webhooks.ROUTES,
    *overview.ROUTES,
    *operation.ROUTES,
)


def create_app(
    node: LiveNode,
    authenticator: Authenticator,
    *,
    more: tuple[Route, ...] = (),
    limits: Limits | None = None,
    webhooks_anywhere: bool = False,
) -> Service:
    """Return the ASGI application of a node; ``more`` are routes beside the standard ones.

    ``webhooks_anywhere`` allows webhooks on plain HTTP and in private networks, for trying out.
    """
    service = Service(node, authenticator, (*ROUTES, *more), limits)
    service.companions.append(webhooks.Webhooks(node, service.notices, anywhere=webhooks_anywhere))
    service.companions.append(overview.Figures(node))
    return service
