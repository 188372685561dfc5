"""Back-pressure: how much may be on its way through the node at once, before anything is read.

A request takes its place here before its body is read and gives it back when it is answered. So
memory is bounded by what stands here, however fast others send.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from paritas.api.problems import Refused


class Limits(msgspec.Struct, frozen=True):
    """How much is taken on at once; beyond it requests are refused with 429 or 503."""

    requests: int = 4_000
    body_bytes: int = 256 << 20
    #: What one institution may have of ``requests``.
    requests_each: int = 2_000
    #: How many streams of events one institution may follow.
    streams_each: int = 100
    #: Bodies above this go to a file; and how large they may be there, and how many at once.
    memory_body_bytes: int = 1 << 20
    file_body_bytes: int = 1 << 30
    files: int = 4
    #: A JSON body is read whole.
    json_body_bytes: int = 16 << 20
    #: Seconds after which a refused request may come again.
    retry_after_s: int = 1


class Budget:
    """Counts what is on its way."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.requests = 0
        self.body_bytes = 0
        self.files = 0
        self._by_institution: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()

    def enter(self, size_bytes: int) -> None:
        """Take a place for a request whose body has about this size; ``leave`` gives it back."""
        limits = self.limits
        if self.requests >= limits.requests or (
            self.body_bytes + size_bytes > limits.body_bytes and self.requests
        ):
            text = "The node has as much on its way as it takes on; nothing of this was done."
            raise Refused("overloaded", text, retry_after_s=limits.retry_after_s)
        self.requests += 1
        self.body_bytes += size_bytes

    def leave(self, size_bytes: int) -> None:
        """Give a place back."""
        self.requests -= 1
        self.body_bytes -= size_bytes

    def enter_of(self, institution: str) -> None:
        """Take a place out of one institution's share; ``leave_of`` gives it back."""
        by = self._by_institution
        if by[institution] >= self.limits.requests_each:
            text = "Too many requests of this institution are on their way; nothing was done."
            raise Refused("too_many_requests", text, retry_after_s=self.limits.retry_after_s)
        by[institution] += 1

    def leave_of(self, institution: str) -> None:
        """Give it back."""
        by = self._by_institution
        by[institution] -= 1
        if not by[institution]:
            del by[institution]

    def check_stream(self, institution: str) -> None:
        """Refuse one stream more than an institution may have."""
        if self._streams[institution] >= self.limits.streams_each:
            text = f"This institution follows {self.limits.streams_each} times; end one first."
            raise Refused("too_many_requests", text, retry_after_s=60)

    @contextmanager
    def stream(self, institution: str) -> Iterator[None]:
        """Count a stream of events for as long as it lasts."""
        self._streams[institution] += 1
        try:
            yield
        finally:
            self._streams[institution] -= 1

    @contextmanager
    def file(self) -> Iterator[None]:
        """Take a place for a body that goes to a file."""
        if self.files >= self.limits.files:
            text = f"{self.files} large messages are being received; send this one later."
            raise Refused("overloaded", text, retry_after_s=10 * self.limits.retry_after_s)
        self.files += 1
        try:
            yield
        finally:
            self.files -= 1
