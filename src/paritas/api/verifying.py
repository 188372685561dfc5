"""Verifies signatures in the node's worker processes, many at a time when many wait.

Verifying takes longer than all else that is done in the node's own process about a request. A thread
would not do: it comes back for the interpreter's lock after each signature, and waits for it long
while the node is busy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paritas.node.workers import Context, WorkerPool, job
from paritas.signing.http import Signed, verifies

if TYPE_CHECKING:
    from asyncio import Future

_KEY, _SIGNATURE = 32, 64
_GENUINE = b"1"


@job("verify")
def verify_job(_: Context, payload: bytes) -> bytes:
    """Verify one signature; ``payload`` is key, signature and what was signed, one after the other."""
    key, rest = payload[:_KEY], payload[_KEY:]
    return _GENUINE if verifies(key, rest[:_SIGNATURE], rest[_SIGNATURE:]) else b""


def verification(workers: WorkerPool, signed: Signed) -> Future[bytes]:
    """Have a signature verified; the result is empty unless it is genuine."""
    return workers.run("verify", signed.key + signed.signature + signed.base)
