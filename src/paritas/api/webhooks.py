"""Webhooks: notices sent to an institution's own address, signed, until they have arrived.

Each hook has its place in the journal, kept when a delivery was taken; whatever happens to the node
or to the receiver, it goes on from there. Signed as standardwebhooks.com has it: HMAC-SHA256 over
``id.timestamp.body`` in the header webhook-signature.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import ipaddress
import secrets
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog

from paritas.api.calls import Call
from paritas.api.events import NoticeCache, sees
from paritas.api.principals import TREASURERS, Principal, Role
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.node.live import LiveNode
from paritas.node.notices import Notice, place_of

if TYPE_CHECKING:
    from paritas.api.service import Service

log = structlog.get_logger("paritas.webhooks")

#: How many notices are delivered together, how long a receiver may take, and how often it is tried.
_TOGETHER = 100
_TIMEOUT_S = 10.0
_RETRY_S, _RETRY_MAX_S = 1.0, 3600.0
#: How many hooks an institution may have.
_EACH_MAX = 10

_SCHEMA = """
CREATE TABLE IF NOT EXISTS webhook(
    id TEXT PRIMARY KEY, institution TEXT NOT NULL, url TEXT NOT NULL, kinds TEXT NOT NULL,
    secret BLOB NOT NULL, created_ns INTEGER NOT NULL, place TEXT NOT NULL);
"""


class Hook(msgspec.Struct):
    """One webhook; ``place`` is the id of the last notice that was delivered, or passed over."""

    id: str
    institution: str
    url: str
    kinds: tuple[str, ...]
    secret: bytes
    created_ns: int
    place: str
    failures: int = 0


class NewWebhook(msgspec.Struct, frozen=True):
    """Where notices are to go, and which kinds; none means all."""

    url: Annotated[str, msgspec.Meta(min_length=8, max_length=2000, pattern="^https?://")]
    kinds: Annotated[tuple[str, ...], msgspec.Meta(max_length=50)] = ()


class Webhook(msgspec.Struct, frozen=True, omit_defaults=True):
    """A webhook; ``secret`` is told once, when it is made. ``failures`` counts those in a row."""

    id: str
    url: str
    kinds: tuple[str, ...]
    created_ns: int
    delivered: str
    failures: int = 0
    secret: str = ""


class WebhooksAnswer(msgspec.Struct, frozen=True):
    """The institution's webhooks."""

    seq: int
    webhooks: tuple[Webhook, ...]


class WebhookAnswer(msgspec.Struct, frozen=True):
    """A webhook that was made, with its secret."""

    seq: int
    webhook: Webhook


class Delivered(msgspec.Struct, frozen=True):
    """The body of a delivery."""

    notices: list[Notice]


def signature(secret: bytes, identifier: str, timestamp: int, body: bytes) -> str:
    """Return what the header webhook-signature says of a delivery."""
    signed = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


class Webhooks:
    """All webhooks of a service: kept in a file beside the journal, each delivered by a task."""

    def __init__(self, node: LiveNode, cache: NoticeCache, *, anywhere: bool = False) -> None:
        """``anywhere`` allows plain HTTP and addresses of private networks: for trying out."""
        self._node = node
        self._cache = cache
        self._anywhere = anywhere
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._client: httpx.AsyncClient | None = None
        self.hooks: dict[str, Hook] = {}
        self._path: Path = node.data / "service.sqlite"

    # --- life

    async def begin(self) -> None:
        """Load the hooks and go on with each."""
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)
        rows = await self._write(lambda db: db.execute("SELECT * FROM webhook").fetchall())
        for identifier, institution, url, kinds, secret, created_ns, place in rows:
            names = tuple(filter(None, kinds.split(",")))
            hook = Hook(identifier, institution, url, names, secret, created_ns, place)
            self._start(hook)

    async def stop(self) -> None:
        """End all deliveries; each goes on from its place at the next start."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _write(self, change: Callable[[sqlite3.Connection], Any]) -> Any:
        def put() -> Any:
            with contextlib.closing(sqlite3.connect(self._path)) as db, db:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("PRAGMA synchronous=FULL")
                db.executescript(_SCHEMA)
                return change(db)

        return await asyncio.to_thread(put)

    def _start(self, hook: Hook) -> None:
        self.hooks[hook.id] = hook
        self._tasks[hook.id] = asyncio.get_running_loop().create_task(self._deliver_all(hook))

    async def add(self, institution: str, asked: NewWebhook) -> Hook:
        """Make a hook; it hears of what happens from now on. Raises Refused."""
        if sum(hook.institution == institution for hook in self.hooks.values()) >= _EACH_MAX:
            raise Refused("conflict", f"An institution has at most {_EACH_MAX} webhooks.")
        await self._address(asked.url)
        if any("," in kind or len(kind) > 50 for kind in asked.kinds):
            raise Refused("invalid", "kinds: each is a word such as payment.settled.")
        hook = Hook(
            secrets.token_hex(8),
            institution,
            asked.url,
            asked.kinds,
            secrets.token_bytes(32),
            time.time_ns(),
            f"{self._node.seq}-{2**62}-0",
        )
        row = (hook.id, institution, hook.url, ",".join(hook.kinds), hook.secret, hook.created_ns)
        insert = "INSERT INTO webhook VALUES (?, ?, ?, ?, ?, ?, ?)"
        await self._write(lambda db: db.execute(insert, (*row, hook.place)))
        self._start(hook)
        return hook

    async def remove(self, hook: Hook) -> None:
        """End a hook for good."""
        del self.hooks[hook.id]
        self._tasks.pop(hook.id).cancel()
        await self._write(lambda db: db.execute("DELETE FROM webhook WHERE id = ?", (hook.id,)))

    # --- delivery

    async def _deliver_all(self, hook: Hook) -> None:
        feed = self._node.feed
        place = place_of(hook.place)
        assert place is not None
        after = max(0, place[0] - 1)
        while not feed.ended:
            rows = await feed.after(after)
            if not rows:
                await feed.wait(after)
                continue
            for row in rows:
                mine = [n for n in self._of(hook, row) if (place_of(n.id) or place) > place]
                for first in range(0, len(mine), _TOGETHER):
                    some = mine[first : first + _TOGETHER]
                    await self._deliver(hook, some)
                    await self._keep_place(hook, some[-1].id)
                after = row.seq

    def _of(self, hook: Hook, row: Any) -> list[Notice]:
        who = Principal(hook.institution, "", Role.SYSTEM)
        return [
            notice
            for notice, concerns in self._cache.of(row)
            if sees(who, concerns) and (not hook.kinds or notice.kind in hook.kinds)
        ]

    async def _keep_place(self, hook: Hook, place: str) -> None:
        hook.place = place
        update = "UPDATE webhook SET place = ? WHERE id = ?"
        await self._write(lambda db: db.execute(update, (place, hook.id)))

    async def _deliver(self, hook: Hook, notices: list[Notice]) -> None:
        """Send until it has been taken, waiting twice as long after each failure."""
        body = msgspec.json.encode(Delivered(notices))
        identifier = f"{hook.id}.{notices[0].id}.{notices[-1].id}"
        while True:
            why = await self._send(hook, identifier, body)
            if not why:
                hook.failures = 0
                return
            hook.failures += 1
            pause_s = min(_RETRY_MAX_S, _RETRY_S * 2 ** min(hook.failures - 1, 20))
            log.warning("not_delivered", webhook=hook.id, failures=hook.failures, why=why)
            # Hooks that fail together are not tried together.
            await asyncio.sleep(pause_s * (0.5 + secrets.randbelow(1000) / 1000))

    async def _send(self, hook: Hook, identifier: str, body: bytes) -> str:
        """Send once; return "" if it was taken, else why not."""
        assert self._client is not None
        timestamp = int(time.time())
        try:
            host, address = await self._address(hook.url)
            url = httpx.URL(hook.url)
            headers = {
                "Host": url.netloc.decode(),
                "Content-Type": "application/json",
                "Webhook-Id": identifier,
                "Webhook-Timestamp": str(timestamp),
                "Webhook-Signature": signature(hook.secret, identifier, timestamp, body),
            }
            # To the very address that was looked at, so that a name cannot change its mind.
            answer = await self._client.post(
                url.copy_with(host=address),
                content=body,
                headers=headers,
                extensions={"sni_hostname": host},
            )
        except Refused as refused:
            return str(refused)
        except httpx.HTTPError as error:
            return type(error).__name__
        return "" if answer.is_success else f"answered {answer.status_code}"

    async def _address(self, url: str) -> tuple[str, str]:
        """Return the host of a URL and an address of it; raises Refused where none may be called."""
        try:
            parts = urlsplit(url)
            host, port = (
                parts.hostname or "",
                parts.port or (443 if parts.scheme == "https" else 80),
            )
        except ValueError:
            raise Refused("invalid", "url: this is no address.") from None
        if parts.scheme != "https" and not self._anywhere:
            raise Refused("invalid", "url: only https:// is called.")
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Refused("invalid", f"url: there is no host {host[:100]!r}.") from None
        address = str(found[0][4][0])
        if not self._anywhere and not ipaddress.ip_address(address).is_global:
            raise Refused("invalid", f"url: {host[:100]} is no public address.")
        return host, address


# --- routes


def _shown(hook: Hook, *, secret: bool = False) -> Webhook:
    told = "whsec_" + base64.b64encode(hook.secret).decode() if secret else ""
    return Webhook(hook.id, hook.url, hook.kinds, hook.created_ns, hook.place, hook.failures, told)


def _webhooks(service: Service) -> Webhooks:
    return next(each for each in service.companions if isinstance(each, Webhooks))


async def get_webhooks(call: Call) -> WebhooksAnswer:
    """Answer with the institution's webhooks."""
    hooks = _webhooks(call.service).hooks.values()
    own = (hook for hook in hooks if hook.institution == call.principal.institution)
    return WebhooksAnswer(call.node.seq, tuple(_shown(hook) for hook in own))


async def post_webhook(call: Call) -> WebhookAnswer:
    """Make a webhook."""
    asked = call.json(NewWebhook)
    hook = await _webhooks(call.service).add(call.principal.institution, asked)
    return WebhookAnswer(call.node.seq, _shown(hook, secret=True))


async def delete_webhook(call: Call) -> WebhooksAnswer:
    """Remove a webhook, and answer with those that are left."""
    webhooks = _webhooks(call.service)
    hook = webhooks.hooks.get(call.parameters["id"])
    if hook is None or hook.institution != call.principal.institution:
        raise Refused("not_found", "There is no such webhook of this institution.")
    await webhooks.remove(hook)
    return await get_webhooks(call)


_ROLES = TREASURERS | {Role.OPERATOR, Role.ISSUER}
ROUTES = (
    Route(
        "GET",
        "/v1/webhooks",
        "webhooks",
        "The institution's webhooks",
        get_webhooks,
        roles=_ROLES | {Role.AUDITOR},
        answer=WebhooksAnswer,
    ),
    Route(
        "POST",
        "/v1/webhooks",
        "add_webhook",
        "Have notices sent to an address, from now on; the secret that signs them is told once",
        post_webhook,
        roles=_ROLES,
        request=NewWebhook,
        answer=WebhookAnswer,
    ),
    Route(
        "DELETE",
        "/v1/webhooks/{id}",
        "remove_webhook",
        "Remove a webhook",
        delete_webhook,
        roles=_ROLES,
        parameters=(Parameter("id", "The webhook's id."),),
        answer=WebhooksAnswer,
    ),
)
