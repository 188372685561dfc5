"""The demo's day in the console: a node that goes on from a copy of its journal, for looking at."""

from __future__ import annotations

import shutil
from pathlib import Path

from paritas.api.principals import WatchingAuthenticator
from paritas.api.serve import serve
from paritas.console.pages import ROUTES
from paritas.node.scheme import load_scheme


def watch(out: Path, host: str, port: int) -> None:
    """Serve the console over a finished run until it is told to stop; nobody can change anything.

    The run's own journal stays as it is: the node lives in ``out/node``.
    """
    data = out / "node"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    shutil.copyfile(out / "journal.sqlite", data / "journal.sqlite")
    serve(
        load_scheme(out / "scheme.toml"),
        data,
        lambda node: WatchingAuthenticator(),
        host=host,
        port=port,
        workers=1,
        log_level="warning",
        more=ROUTES,
    )
