"""Who asks: the seam between the API and whatever proves identity (keys, sessions, certificates).

An ``Authenticator`` turns a request into a ``Principal`` or a ``Problem``. The API asks it once for
each request, before anything of the request is believed; what the principal may then do stands in
the table of routes, and what it may see follows from its institution.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from starlette.requests import Request

from paritas.api.problems import Problem


class Role(StrEnum):
    """What somebody does at an institution, or for the operator of the scheme."""

    OPERATOR = "operator"
    #: An officer of an issuer: money, limits and membership on its own book.
    ISSUER = "issuer"
    TREASURER = "treasurer"
    CLERK = "clerk"
    COMPLIANCE = "compliance"
    #: Reads everything it may see, changes nothing.
    AUDITOR = "auditor"
    #: An institution's own computer, known by the institution's key.
    SYSTEM = "system"


EVERYONE = frozenset(Role)
#: Those who may ask for money to move on their institution's accounts.
SUBMITTERS = frozenset({Role.TREASURER, Role.CLERK, Role.SYSTEM})
#: Those who decide about liquidity: priorities, holds, reservations.
TREASURERS = frozenset({Role.TREASURER, Role.SYSTEM})
#: Those who act for an issuer on its own book; the engine checks whose book it is.
ISSUERS = frozenset({Role.ISSUER, Role.SYSTEM})
OPERATORS = frozenset({Role.OPERATOR})


class Principal(msgspec.Struct, frozen=True):
    """Who asks, proved. ``institution`` is a BIC of 11 characters, "" for the scheme's operator."""

    institution: str
    #: The person's id; "" for an institution's system.
    person: str
    role: Role
    #: Which key or session proved it; written into logs, never shown to others.
    credential: str = ""
    #: The proof itself, kept with every command that comes of the request.
    signature: bytes = b""
    #: The key that made the signature, and the exact text that it signs; empty for a session.
    key: bytes = b""
    evidence: bytes = b""

    @property
    def sees_all(self) -> bool:
        """The operator's own people see every institution; what they may change, routes say."""
        return self.institution == ""

    def sees(self, *institutions: str) -> bool:
        """Say whether something that concerns these institutions may be shown."""
        return self.institution == "" or self.institution in institutions


class Body:
    """What came with a request: in memory, or in a file where it is large."""

    __slots__ = ("_digests", "content", "path")

    def __init__(self, content: bytes = b"", path: Path | None = None) -> None:
        """``path`` names a file that holds the body; ``content`` is then empty."""
        self.content = content
        self.path = path
        self._digests: dict[str, bytes] = {}

    def digest(self, algorithm: Literal["sha256", "sha512"] = "sha256") -> bytes:
        """Return the digest of the whole body (RFC 9530 names these two)."""
        found = self._digests.get(algorithm)
        if found is None:
            digest = hashlib.new(algorithm, self.content)
            if self.path is not None:
                with self.path.open("rb") as file:
                    while part := file.read(1 << 20):
                        digest.update(part)
            found = self._digests[algorithm] = digest.digest()
        return found

    def know_digest(self, algorithm: Literal["sha256", "sha512"], digest: bytes) -> None:
        """Keep a digest that was taken while the body came in, so that it is not read again."""
        self._digests[algorithm] = digest


class Authenticator(Protocol):
    """Proves who asks."""

    async def authenticate(self, request: Request, body: Body) -> Principal | Problem:
        """Return the principal, or the problem (401, 403) that the request is answered with."""

    def still_holds(self, request: Request, principal: Principal) -> bool:
        """Say whether the proof still holds: a stream outlives sessions and keys."""


class WatchingAuthenticator:
    """Lets everybody see everything and nobody change anything: for a demonstration."""

    async def authenticate(self, request: Request, body: Body) -> Principal | Problem:
        """Whoever asks is an auditor of the operator's."""
        return Principal("", "", Role.AUDITOR)

    def still_holds(self, request: Request, principal: Principal) -> bool:
        """Say that it does."""
        return True


class TrustingAuthenticator:
    """Believes what a request says of itself. For tests and a demonstration on one machine only.

    The header ``Paritas-Principal`` is ``BIC/person/role``; BIC and person may be empty.
    """

    HEADER = "paritas-principal"

    async def authenticate(self, request: Request, body: Body) -> Principal | Problem:
        """Take the principal from the header."""
        parts = request.headers.get(self.HEADER, "").split("/")
        if len(parts) != 3 or parts[2] not in set(Role):
            text = "Say who asks in the header Paritas-Principal: BIC/person/role."
            return Problem("unauthenticated", text)
        return Principal(parts[0], parts[1], Role(parts[2]))

    def still_holds(self, request: Request, principal: Principal) -> bool:
        """Say that it does."""
        return True
