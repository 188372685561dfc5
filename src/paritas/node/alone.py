"""One process at a time in one place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paritas.node.run import SettleError

try:
    import fcntl
except ImportError:  # Windows; there, two runs in one place end at the journal's epoch.
    fcntl = None  # type: ignore[assignment]

#: What the names of a run's own folders begin with.
SPOOL = ".spool-"


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Keep other runs out of a directory, and clear away what a run that was killed left there.

    The system lets go of the lock when this process ends, however it ends.
    """
    with (out / ".lock").open("w") as lock:
        if fcntl is not None:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                text = (
                    f"{out}: another run is at work there; wait for its end, or name another place."
                )
                raise SettleError(text) from None
        for spool in out.glob(f"{SPOOL}*"):
            shutil.rmtree(spool, ignore_errors=True)
        yield
