"""Reading a request's body: small ones into memory, large ones into a file, none beyond its bound."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from starlette.requests import ClientDisconnect, Request

from paritas.api.principals import Body
from paritas.api.problems import Refused
from paritas.api.routes import Route

if TYPE_CHECKING:
    from paritas.api.service import Service

#: Where large bodies lie while they are read, below the node's data.
INCOMING = "incoming"


async def read_small_body(request: Request) -> bytes:
    """Read a body that was announced to be small; the server holds the client to its word."""
    message = await request.receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        # It nearly always has come whole already.
        return bytes(message.get("body", b""))
    chunks = []
    while message["type"] == "http.request":
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await request.receive()
    raise Refused("malformed", "The connection ended before the body did.")


@asynccontextmanager
async def read_body(
    request: Request, route: Route, announced_bytes: int, service: Service
) -> AsyncIterator[Body]:
    """Read the body; a file that it went to is removed when the request is answered."""
    limits = service.budget.limits
    most = limits.file_body_bytes if route.streams else limits.json_body_bytes
    if announced_bytes > most:
        raise Refused("too_large", f"At most {most:,} bytes are taken here.")
    chunks: list[bytes] = []
    size = 0
    in_memory = limits.memory_body_bytes if route.streams else most
    stream = request.stream()
    try:
        async for chunk in stream:
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise Refused("too_large", f"At most {most:,} bytes are taken here.")
            if size > in_memory:
                break
        else:
            yield Body(b"".join(chunks))
            return
        path = service.node.data / INCOMING / uuid.uuid4().hex
        path.parent.mkdir(exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(service.budget.file())
            stack.callback(path.unlink, missing_ok=True)
            body = await _into_file(path, chunks, stream, size, most, request)
            yield body
    except ClientDisconnect:
        raise Refused("malformed", "The connection ended before the body did.") from None


async def _into_file(
    path: Path,
    chunks: list[bytes],
    stream: AsyncIterator[bytes],
    size: int,
    most: int,
    request: Request,
) -> Body:
    wanted = request.headers.get("content-digest", "")
    digests = {
        name: hashlib.new(name)
        for name, word in (("sha256", "sha-256"), ("sha512", "sha-512"))
        if word in wanted
    }

    def take(file: BinaryIO, chunk: bytes) -> None:
        file.write(chunk)
        for digest in digests.values():
            digest.update(chunk)

    with path.open("wb", buffering=1 << 20) as file:
        for chunk in chunks:
            take(file, chunk)
        chunks.clear()
        async for chunk in stream:
            size += len(chunk)
            if size > most:
                raise Refused("too_large", f"At most {most:,} bytes are taken here.")
            take(file, chunk)
    body = Body(path=path)
    for name, digest in digests.items():
        body.know_digest(name, digest.digest())  # type: ignore[arg-type]
    return body
