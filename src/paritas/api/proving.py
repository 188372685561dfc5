"""Proves who asks: by a signature of an institution's key, or by a person's session.

A signed request speaks for the institution that has the key in the rulebook; if one of its people
signs with that key, for that person. A session speaks for a person. Where an institution has
client certificates, its signed requests must come over a connection that shows one of them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.requests import Request

from paritas.api.principals import Body, Principal, Role
from paritas.api.problems import Problem
from paritas.api.replay import NonceMemory
from paritas.api.verifying import verification
from paritas.core import keys
from paritas.core.approvals import SIGNATURE_BYTES
from paritas.model.keys import key_text
from paritas.node.live import LiveNode
from paritas.people.login import Begun, LoginRefused, Logins, fits
from paritas.people.store import PeopleStore, Person
from paritas.signing import http
from paritas.signing.http import SignatureError, Signed

COOKIE = "paritas_session"
CSRF_HEADER = "paritas-csrf"
#: Log-ins that may wait for their turn; a password takes a tenth of a second.
_LOGINS_WAITING = 20
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_SIGNED_HEADERS = frozenset(
    name.encode() for name in (*http.WHERE_PRESENT, "host", "signature", "signature-input")
)


class Proving:
    """The standard authenticator."""

    def __init__(
        self,
        node: LiveNode,
        logins: Logins,
        *,
        authorities: frozenset[str] = frozenset(),
        certificates: Mapping[str, frozenset[str]] | None = None,
        secure_cookies: bool = True,
        nonces: NonceMemory | None = None,
    ) -> None:
        """``authorities`` are the names (host, or host:port) that signed requests may name as the
        one they are for; with none, whatever name a request came under.

        ``certificates`` are fingerprints (SHA-256, hexadecimal) by institution.
        """
        self._node = node
        self.logins = logins
        self._authorities = authorities
        self._certificates = certificates or {}
        self._nonces = nonces or NonceMemory()
        self.secure_cookies = secure_cookies
        self._login_thread = ThreadPoolExecutor(1, "login")
        self._logins_waiting = 0

    def close(self) -> None:
        """End the thread."""
        self._login_thread.shutdown(wait=False)

    async def authenticate(self, request: Request, body: Body) -> Principal | Problem:
        """Return the principal, or the problem (401, 403) that the request is answered with."""
        headers = _signed_headers(request)
        if "signature-input" in headers or "signature" in headers:
            return await self._by_key(request, headers, body)
        return self._by_session(request)

    def still_holds(self, request: Request, principal: Principal) -> bool:
        """Say whether the session goes on, or the key is still valid."""
        if not principal.key:
            token = session_token(request)
            return self.logins.session(token, is_use=False) is not None
        state = self._node.state
        owner = state.parties[state.key_owners[principal.key]]
        return keys.is_valid(owner, principal.key, self._node.now_ns())

    # --- keys

    async def _by_key(
        self, request: Request, headers: dict[str, str], body: Body
    ) -> Principal | Problem:
        scope = request.scope
        authority = headers.get("host", "").lower()
        if self._authorities and authority not in self._authorities:
            return Problem("signature_invalid", f"This node is not {authority[:100]!r}.")
        asked = http.Request(
            scope["method"],
            authority,
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            headers,
        )
        try:
            signed = http.read_signature(asked)
            http.check_digest(
                headers.get("content-digest"),
                lambda name: body.digest("sha512" if name == "sha512" else "sha256"),
            )
        except SignatureError as error:
            return Problem("signature_invalid", str(error))
        return (
            self._nonces.why_not(signed.created_s)
            or self._why_not_owner(request, signed)
            or await self._why_not_genuine(signed)
            or self._nonces.take(signed.key, signed.nonce, signed.created_s)
            or self._owner(signed)
        )

    def _why_not_owner(self, request: Request, signed: Signed) -> Problem | None:
        """Say why the key speaks for nobody here; a stranger's signature is not even verified."""
        state, now_ns = self._node.state, self._node.now_ns()
        owner = state.key_owners.get(signed.key)
        # Now, and not when it says that it was signed: a retired key could sign for the past.
        if owner is None or not keys.is_valid(state.parties[owner], signed.key, now_ns):
            return Problem("signature_invalid", "The rulebook has no such key, or not any more.")
        wanted = self._certificates.get(state.parties[owner].bic)
        shown = request.scope.get("state", {}).get("client_certificate", "")
        if wanted and shown not in wanted:
            text = "This institution's requests come with one of its client certificates."
            return Problem("unauthenticated", text)
        return None

    async def _why_not_genuine(self, signed: Signed) -> Problem | None:
        if len(signed.signature) != SIGNATURE_BYTES:
            return _NOT_GENUINE
        return None if await verification(self._node.workers, signed) else _NOT_GENUINE

    def _owner(self, signed: Signed) -> Principal:
        state = self._node.state
        number = state.key_owners[signed.key]
        proof = {
            "credential": key_text(signed.key),
            "signature": signed.signature,
            "key": signed.key,
            "evidence": signed.base,
        }
        bic = state.parties[number].bic
        person = self.logins.store.with_key(signed.key)
        if person is not None and person.institution == bic and not person.ended:
            return Principal(bic, person.id, Role(person.role), **proof)  # type: ignore[arg-type]
        role = Role.SYSTEM if number else Role.OPERATOR
        return Principal(bic, "", role, **proof)  # type: ignore[arg-type]

    # --- sessions

    def _by_session(self, request: Request) -> Principal | Problem:
        token = session_token(request)
        if not token:
            text = "Sign the request with your institution's key, or log in first."
            return Problem("unauthenticated", text)
        found = self.logins.session(token)
        if found is None:
            return Problem("session_ended", "The session has ended: log in again.")
        person, session = found
        if request.method not in _SAFE and not fits(session, request.headers.get(CSRF_HEADER, "")):
            text = f"A change needs the header {CSRF_HEADER}, with the word given at the log-in."
            return Problem("csrf", text)
        return principal_of(person)

    async def log_in(self, name: str, password: str, code: str) -> Begun | Problem:
        """Begin a session, one attempt after the other."""
        if self._logins_waiting >= _LOGINS_WAITING:
            text = "Many are logging in; try again in a moment."
            return Problem("too_many_requests", text, retry_after_s=5)
        self._logins_waiting += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._login_thread, self.logins.log_in, name, password, code
            )
        except LoginRefused as refused:
            if refused.retry_after_s:
                wait_s = refused.retry_after_s
                return Problem("too_many_requests", str(refused), retry_after_s=wait_s)
            return Problem("unauthenticated", str(refused))
        finally:
            self._logins_waiting -= 1


def proving(
    node: LiveNode,
    data: Path,
    authorities: frozenset[str],
    certificates: Mapping[str, frozenset[str]] | None,
    *,
    secure_cookies: bool,
) -> Proving:
    """Return the standard authenticator of a node, with the people in its directory."""
    return Proving(
        node,
        Logins(PeopleStore(data)),
        authorities=authorities,
        certificates=certificates,
        secure_cookies=secure_cookies,
    )


_NOT_GENUINE = Problem("signature_invalid", "The signature does not fit the request and the key.")


def principal_of(person: Person) -> Principal:
    """Return a logged-in person as who asks; each request has a name of its own in the journal."""
    role = Role(person.role)
    return Principal(person.institution, person.id, role, "session", secrets.token_bytes(16))


def session_token(request: Request) -> str:
    """Return the token that the browser sent, "" if none."""
    header = request.headers.get("cookie", "")
    if COOKIE not in header:
        return ""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _signed_headers(request: Request) -> dict[str, str]:
    """Return the headers that a signature may cover or consist of; several of a name are joined."""
    found: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        if name in _SIGNED_HEADERS:
            key, text = name.decode("latin-1"), value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found
