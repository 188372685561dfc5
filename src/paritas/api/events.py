"""What is told as it happens: server-sent events, and the outbox of messages to be fetched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.responses import StreamingResponse

from paritas.api.calls import PAGE, PAGE_MAX, Call
from paritas.api.principals import Principal
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.node.feed import FeedRow
from paritas.node.live import LiveNode
from paritas.node.notices import Concerning, Notice, notices, place_of
from paritas.node.outbox import Outbound, OutboxAsked, OutboxPage

_ENCODER = msgspec.json.Encoder()
#: How often a quiet stream says that it lives, so that nothing between takes it for dead.
_BEAT_S = 15.0


def sees(principal: Principal, concerns: frozenset[str] | None) -> bool:
    """Say whether a principal may be told of something."""
    return concerns is None or principal.sees(*concerns)


class NoticeCache:
    """The notices of the newest rows, made once for all who follow."""

    def __init__(self, node: LiveNode) -> None:
        self._node = node
        self._made: dict[int, list[Concerning]] = {}

    def of(self, row: FeedRow) -> list[Concerning]:
        """Return what a row tells."""
        made = self._made.get(row.seq)
        if made is None:
            made = list(notices(self._node.state, row))
            self._made[row.seq] = made
            if len(self._made) > 64:
                del self._made[next(iter(self._made))]
        return made


async def get_events(call: Call) -> StreamingResponse:
    """Stream notices from now on, or from after the last one that was seen."""
    last = call.header(b"last-event-id") or call.query("after")
    place = place_of(last) if last else (call.node.seq, 2**62, 0)
    if place is None or place[0] > call.node.seq:
        raise Refused("invalid", "Last-Event-ID is none that was given out.")
    kinds = frozenset(filter(None, call.query("kinds").split(",")))
    call.service.budget.check_stream(call.principal.institution)
    stream = _stream(call, place, kinds)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


async def _stream(
    call: Call, place: tuple[int, int, int], kinds: frozenset[str]
) -> AsyncIterator[bytes]:
    with call.service.budget.stream(call.principal.institution):
        yield b"retry: 1000\n\n"
        async for some in _events(call, place, kinds):
            yield some


async def _events(
    call: Call, place: tuple[int, int, int], kinds: frozenset[str]
) -> AsyncIterator[bytes]:
    feed, cache, principal = call.node.feed, call.service.notices, call.principal
    # The row of the last notice is read again: more of it may come after that notice.
    after = max(0, place[0] - 1)
    loop = asyncio.get_running_loop()
    look_s = loop.time() + _BEAT_S
    while True:
        rows = await feed.after(after)
        out = []
        for row in rows:
            after = row.seq
            for notice, concerns in cache.of(row):
                if sees(principal, concerns) and (not kinds or notice.kind in kinds):
                    found = place_of(notice.id)
                    if found is not None and found > place:
                        out.append(_event(notice))
        if out:
            yield b"".join(out)
        if feed.ended and after >= feed.seq:
            return
        if not rows and not await feed.wait(after, _BEAT_S):
            yield b": alive\n\n"
        if loop.time() >= look_s:
            # Whoever may not ask any more is told nothing more.
            look_s = loop.time() + _BEAT_S
            if not call.service.authenticator.still_holds(call.request, principal):
                return


def _event(notice: Notice) -> bytes:
    data = _ENCODER.encode(notice)
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (notice.id.encode(), notice.kind.encode(), data)


class OutboxAnswer(msgspec.Struct, frozen=True):
    """Messages that leave for the institution, in order.

    ``cursor`` is where to go on, now or later; ``is_last`` says that nothing more is there yet.
    """

    seq: int
    messages: tuple[Outbound, ...]
    cursor: str
    is_last: bool


async def get_outbox(call: Call) -> OutboxAnswer:
    """Answer with what leaves for the institution after a place."""
    cursor = call.query("cursor")
    place = place_of(cursor) if cursor else (0, 0, 0)
    if place is None or max(place) >= 2**63:
        raise Refused("invalid", f"cursor {cursor[:60]!r} is none that was given out.")
    limit = max(1, call.query_number("limit", PAGE, PAGE_MAX))
    seq = call.node.seq
    asked = OutboxAsked(call.principal.institution, place, limit, seq)
    page = await call.node.archive.ask("outbox", asked, OutboxPage)
    return OutboxAnswer(seq, page.messages, page.cursor, page.is_last)


ROUTES = (
    Route(
        "GET",
        "/v1/outbox",
        "outbox",
        "Messages for the institution: pacs.002 of what waited, camt.054, payments passed on",
        get_outbox,
        parameters=(
            Parameter("cursor", "Where the answer before ended."),
            Parameter("limit", f"At most so many, up to {PAGE_MAX}.", int),
        ),
        answer=OutboxAnswer,
    ),
    Route(
        "GET",
        "/v1/events",
        "events",
        "Everything that changes, as server-sent events; Last-Event-ID resumes without a gap",
        get_events,
        parameters=(
            Parameter("after", "The id of the last notice that was seen, as Last-Event-ID has it."),
            Parameter("kinds", "Only these kinds, separated by commas."),
        ),
        gives=("text/event-stream",),
    ),
)
