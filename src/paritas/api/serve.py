"""``paritas serve``: a node with its API, until it is told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from paritas.api.app import create_app
from paritas.api.budget import Limits
from paritas.api.logs import set_up_logs
from paritas.api.principals import Authenticator
from paritas.api.routes import Route
from paritas.api.service import Service
from paritas.api.tls import Tls
from paritas.node.live import LiveNode
from paritas.node.run import SettleError
from paritas.node.scheme import Scheme

#: Seconds that answers on their way are given when the service is told to stop.
_STOP_S = 30


class _Server(uvicorn.Server):
    """Tells the service of the end before connections are waited for, so that followers let go."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and in an orderly way: uvicorn would raise the signal again once it has."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.begin_stop()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises SettleError where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        text = f"{host}:{port}: cannot be listened at ({error.strerror}); name another --port."
        raise SettleError(text) from None
    return listening


def serve(
    scheme: Scheme,
    data: Path,
    prove: Callable[[LiveNode], Authenticator],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int | None = None,
    limits: Limits | None = None,
    log_level: str = "info",
    traces: bool = False,
    tls: Tls | None = None,
    webhooks_anywhere: bool = False,
    more: tuple[Route, ...] = (),
) -> None:
    """Run a node until SIGTERM or SIGINT. Raises SettleError or JournalError if it cannot begin.

    ``prove`` makes, for the node, what proves who asks; ``more`` are routes beside the API's own.
    """
    set_up_logs(log_level)
    secure = tls.uvicorn_options() if tls is not None else {"http": "httptools"}
    listening = listen(host, port)
    try:
        node = LiveNode.open(scheme, data, workers)
    except BaseException:
        listening.close()
        raise
    service = create_app(
        node, prove(node), limits=limits, webhooks_anywhere=webhooks_anywhere, more=more
    )
    app: ASGIApp = service
    if traces:
        from paritas.api.traces import traced

        app = traced(service)
    config = uvicorn.Config(
        app,
        loop="auto",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_STOP_S,
        timeout_keep_alive=60,
        **secure,
    )
    server = _Server(config, service)
    with listening:
        server.run([listening])
