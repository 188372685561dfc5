"""No signed request counts twice: the nonces of the last minute, in bounded memory.

A request is heard for ``WINDOW_S`` after it was signed; so long its nonce is remembered, and not
longer. Nonces are forgotten at a restart, so what was signed before the start, or could have been
with a clock a little ahead, is not heard: signers sign again, which takes them a moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from paritas.api.problems import Problem

#: How long after its moment a signature is heard, and how far a signer's clock may be ahead.
WINDOW_S = 60
AHEAD_S = 2
#: How many nonces are remembered, of all signers and of one.
NONCES_MAX = 1_000_000
NONCES_EACH = 400_000


class NonceMemory:
    """What was signed lately."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        most: int = NONCES_MAX,
        most_each: int = NONCES_EACH,
    ) -> None:
        self._clock = clock
        self._began_s = clock()
        self._most = most
        self._most_each = most_each
        #: Second of signing -> what was signed in it, as hashes of key and nonce, by key.
        self._by_second: dict[int, dict[bytes, set[int]]] = {}
        self._count = 0
        self._counts: dict[bytes, int] = {}

    def why_not(self, created_s: int) -> Problem | None:
        """Say why a signature of that moment is not heard now, None if it is."""
        now_s = self._clock()
        if created_s > now_s + AHEAD_S:
            text = f"It was signed {created_s - now_s:.0f} s in the future: set the signer's clock."
            return Problem("signature_invalid", text)
        if created_s <= now_s - WINDOW_S:
            text = f"It was signed more than {WINDOW_S} s ago: sign it anew."
            return Problem("signature_invalid", text)
        if created_s <= self._began_s + AHEAD_S:
            # The second counts whole, so the next one that is later is heard.
            wait_s = max(1, int(self._began_s + AHEAD_S + 2 - now_s))
            text = "It was signed before the node started, or just then: sign it anew."
            return Problem("not_ready", text, retry_after_s=wait_s)
        return None

    def take(self, key: bytes, nonce: str, created_s: int) -> Problem | None:
        """Remember a genuine signature; a problem if it came before or there is no more room."""
        self._forget()
        by_key = self._by_second.setdefault(created_s, {})
        known = by_key.setdefault(key, set())
        # 64 bits, salted anew in every process: nobody can aim at somebody else's nonce.
        mark = hash(nonce)
        if mark in known:
            return Problem("signature_replayed", "The same signed request came before: sign anew.")
        if self._count >= self._most or self._counts.get(key, 0) >= self._most_each:
            text = "More was signed within a minute than can be remembered; wait, then sign anew."
            return Problem("too_many_requests", text, retry_after_s=5)
        known.add(mark)
        self._count += 1
        self._counts[key] = self._counts.get(key, 0) + 1
        return None

    def _forget(self) -> None:
        """Forget what would not be heard any more."""
        oldest_s = int(self._clock()) - WINDOW_S
        if len(self._by_second) <= WINDOW_S + AHEAD_S:
            return
        for second in [each for each in self._by_second if each < oldest_s]:
            for key, marks in self._by_second.pop(second).items():
                self._count -= len(marks)
                left = self._counts.pop(key, 0) - len(marks)
                if left > 0:
                    self._counts[key] = left
