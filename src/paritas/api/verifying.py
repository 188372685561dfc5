"""Verifies signatures beside the event loop: those that come together go to a thread together.

Verifying takes far longer than all else that is done about a request, and without the interpreter's
lock; in a thread of its own it uses another core.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from paritas.signing.http import Signed

_GROUP = 64


class Verifier:
    """Verifies signatures, in groups."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "verify")
        self._waiting: list[tuple[Signed, asyncio.Future[bool]]] = []
        self._busy = False

    def verify(self, signed: Signed) -> asyncio.Future[bool]:
        """Have a signature verified."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((signed, future))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._hand_over, loop)
        return future

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]

        def work() -> None:
            genuine = [signed.is_genuine() for signed, _ in group]
            loop.call_soon_threadsafe(done, genuine)

        def done(genuine: list[bool]) -> None:
            for (_, future), is_genuine in zip(group, genuine, strict=True):
                if not future.done():
                    future.set_result(is_genuine)
            if self._waiting:
                self._hand_over(loop)
            else:
                self._busy = False

        self._thread.submit(work)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)
