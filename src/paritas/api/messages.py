"""POST /v1/messages and /v1/instructions: what members submit."""

from __future__ import annotations

import asyncio
import secrets
from email.message import Message as HeaderMessage
from pathlib import Path

import msgspec
from starlette.responses import Response

from paritas.api.calls import Call, decode_json
from paritas.api.principals import SUBMITTERS
from paritas.api.problems import Refused
from paritas.api.routes import Route
from paritas.node.calendars import format_instant
from paritas.node.live import Turn
from paritas.node.outputs import Answer
from paritas.node.outputs import Outcome as AnswerOutcome
from paritas.node.readings import Reading, decode_reading, encode_answering
from paritas.node.submissions import (
    AskedInstruction,
    InstructionSubmission,
    MessageOutcome,
    MessageSubmission,
    Outcome,
)

#: How many instructions are decided in one turn, and how many turns of one request wait at once.
_TURN = 1_000
_AHEAD = 2
_XML = "application/xml"
_MULTIPART = "multipart/mixed"


class MessageAnswer(msgspec.Struct, omit_defaults=True):
    """What became of a message: what its pacs.002 says.

    ``status`` is ACSC, PDNG or RJCT where all transactions have it, else PART. A message that was
    refused whole carries the reason here too.
    """

    seq: int
    message_type: str
    message_id: str
    sender: str
    status: str
    #: The message's number in the journal, left out where it was refused whole.
    number: int = 0
    reason: str = ""
    text: str = ""
    transactions: list[Outcome] = []


class MessagesAnswer(msgspec.Struct):
    """What became of several messages, in their order; ``seq`` is the last row of them."""

    seq: int
    messages: list[MessageAnswer]


class InstructionsAnswer(msgspec.Struct):
    """What became of instructions, in their order; ``seq`` is the row in which the last one lies."""

    seq: int
    results: list[Outcome]


class _Submitted(msgspec.Struct):
    """A message that was taken up: what its answer is made of."""

    reading: bytes
    outcome: MessageOutcome
    at_ns: int


async def post_messages(call: Call) -> Response | MessageAnswer | MessagesAnswer:
    """Submit one message, or several as the parts of multipart/mixed."""
    boundary = _boundary(call.header(b"content-type"))
    # A message is sealed as it came; parts of a body leave out what stands between them.
    await call.gather_evidence(body=bool(boundary))
    if not boundary:
        submitted = [await _submit(call, call.body.content, call.body.path)]
    else:
        if call.body.path is not None:
            text = "Several messages in one request are read in memory; send a large one alone."
            raise Refused("too_large", text)
        parts = _parts(call.body.content, boundary)
        submitted = list(await asyncio.gather(*(_submit(call, part, None) for part in parts)))
    if _XML in call.header(b"accept"):
        return await _xml_answer(call, submitted, several=bool(boundary))
    answers = [_answer(each.outcome) for each in submitted]
    if boundary:
        return MessagesAnswer(max(answer.seq for answer in answers), answers)
    if submitted[0].outcome.unreadable:
        answer = answers[0]
        raise Refused("unreadable", answer.text, reason=answer.reason)
    return answers[0]


async def _submit(call: Call, content: bytes, path: Path | None) -> _Submitted:
    node = call.node
    if path is None:
        encoded = await node.workers.run("read", content)
    else:
        spool = path.with_suffix(".spool")
        encoded = await node.heavy.run("read_file", msgspec.msgpack.encode((str(path), str(spool))))
    try:
        return await _take_up(call, decode_reading(encoded), encoded, content, path)
    finally:
        if path is not None and _XML not in call.header(b"accept"):
            path.with_suffix(".spool").unlink(missing_ok=True)


async def _take_up(
    call: Call, reading: Reading, encoded: bytes, content: bytes, path: Path | None
) -> _Submitted:
    """Give the message its turns: one where it is small, else one for each window of it."""
    node = call.node
    sealed = content, str(path) if path is not None else ""
    submission = MessageSubmission(reading, call.actor, call.principal.signature, *sealed)
    key = call.idempotency_key()
    digest = call.request_digest() if key else b""

    def begin(turn: Turn) -> int:
        if key:
            call.note_key(turn, key, digest)
        call.prove(turn)
        submission.record(turn)
        return turn.at_ns

    if len(reading.input.windows) <= 1 and path is None:

        def work(turn: Turn) -> int:
            begin(turn)
            for window in reading.windows():
                submission.submit(turn, window.wishes)
            return turn.at_ns

        at_ns = await node.ask(work, len(content))
        return _Submitted(encoded, submission.outcome, at_ns)
    await node.ask(begin, min(len(content), 1 << 20))
    asked: list[asyncio.Future[None]] = []
    for window in reading.windows():
        wishes = window.wishes
        asked.append(node.ask(lambda turn, wishes=wishes: submission.submit(turn, wishes)))  # type: ignore[misc]
        if len(asked) >= _AHEAD:
            await asked.pop(0)
    await asyncio.gather(*asked)

    def finish(turn: Turn) -> int:
        submission.refresh(turn)
        return turn.at_ns

    return _Submitted(encoded, submission.outcome, await node.ask(finish))


def _answer(outcome: MessageOutcome) -> MessageAnswer:
    reason, text = outcome.refusal or ("", "")
    statuses = {each.status for each in outcome.outcomes}
    status = "RJCT" if outcome.refusal else (statuses.pop() if len(statuses) == 1 else "PART")
    return MessageAnswer(
        outcome.seq,
        outcome.message_type,
        outcome.message_id,
        outcome.sender,
        status,
        outcome.number,
        reason,
        text,
        outcome.outcomes,
    )


async def _xml_answer(call: Call, submitted: list[_Submitted], *, several: bool) -> Response:
    """Answer with a pacs.002 or admi.002 for each message."""
    documents = await asyncio.gather(*(_document(call, each) for each in submitted))
    headers = {"Paritas-Seq": str(max(each.outcome.seq for each in submitted))}
    if not several:
        status = 422 if submitted[0].outcome.unreadable else 200
        return Response(documents[0], status, headers, _XML)
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: {_XML}\r\n\r\n".encode()
    body = b"".join(head + each + b"\r\n" for each in documents)
    end = f"--{boundary}--\r\n".encode()
    return Response(body + end, 200, headers, f"{_MULTIPART}; boundary={boundary}")


async def _document(call: Call, submitted: _Submitted) -> bytes:
    outcome, at_ns = submitted.outcome, submitted.at_ns
    outcomes = tuple(
        AnswerOutcome(
            each.status,
            each.reason,
            each.text,
            each.number,
            each.settled_ns,
        )
        for each in outcome.outcomes
    )
    message_id = f"PARITAS-{outcome.seq:010d}-{secrets.token_hex(4)}"
    answer = Answer((0, 0), "", message_id, outcomes, outcome.refusal)
    payload = encode_answering(submitted.reading, answer, format_instant(at_ns))
    spool = decode_reading(submitted.reading).spool
    pool = call.node.heavy if spool else call.node.workers
    try:
        return await pool.run("answer", payload)
    finally:
        if spool:
            Path(spool).unlink(missing_ok=True)


def _boundary(content_type: str) -> bytes:
    """Return the boundary of multipart/mixed, b"" for any other content."""
    if not content_type.lower().startswith("multipart/"):
        return b""
    header = HeaderMessage()
    header["content-type"] = content_type
    boundary = header.get_boundary("")
    if header.get_content_type() != _MULTIPART or not boundary:
        raise Refused("unsupported_media_type", f"Several messages come as {_MULTIPART}.")
    return boundary.encode("utf-8", "surrogateescape")


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """Return the contents of the parts (RFC 2046, section 5.1.1)."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise Refused("malformed", "The parts are not ended by their boundary.")
    parts = []
    for piece in pieces[1:-1]:
        _, found, content = piece.partition(b"\r\n\r\n")
        if not found:
            raise Refused("malformed", "A part has no empty line after its headers.")
        parts.append(content)
    return parts


# --- instructions

_INSTRUCTIONS: msgspec.json.Decoder[list[AskedInstruction]] = msgspec.json.Decoder(
    list[AskedInstruction]
)
_INSTRUCTION = msgspec.json.Decoder(AskedInstruction)


async def post_instructions(call: Call) -> InstructionsAnswer:
    """Submit one instruction, or an array of them, in order."""
    content = call.body.content
    if content.lstrip()[:1] == b"[":
        asked = decode_json(content, _INSTRUCTIONS)
    else:
        asked = [decode_json(content, _INSTRUCTION)]
    if not asked:
        raise Refused("invalid", "The array is empty: send at least one instruction.")
    await call.gather_evidence()
    node = call.node
    submission = InstructionSubmission(node.directory, call.actor, call.principal.signature)
    key = call.idempotency_key()
    digest = call.request_digest() if key else b""
    seqs: list[int] = []

    def work(turn: Turn, first: int) -> list[Outcome]:
        if key and not first:
            call.note_key(turn, key, digest)
        call.prove(turn)
        seqs.append(turn.seq)
        return submission.submit(turn, asked[first : first + _TURN])

    turns: list[asyncio.Future[list[Outcome]]] = []
    for first in range(0, len(asked), _TURN):
        turns.append(node.ask(lambda turn, first=first: work(turn, first)))  # type: ignore[misc]
        if len(turns) > _AHEAD:
            await turns[-_AHEAD - 1]
    results = [each for turn in turns for each in await turn]
    return InstructionsAnswer(seqs[-1], results)


MESSAGE_TYPES = (_XML, "text/plain", _MULTIPART)

ROUTES = (
    Route(
        "POST",
        "/v1/messages",
        "submit_messages",
        "Submit ISO 20022 or MT messages; answered as their pacs.002 says, once that is durable",
        post_messages,
        roles=SUBMITTERS,
        request=bytes,
        answer=MessageAnswer | MessagesAnswer,
        takes=MESSAGE_TYPES,
        gives=(_XML, _MULTIPART),
        problems=("unreadable", "too_large", "unsupported_media_type", "idempotency_key_reused"),
        streams=True,
    ),
    Route(
        "POST",
        "/v1/instructions",
        "submit_instructions",
        "Submit one instruction or an array of them; each settles, waits or is refused by itself",
        post_instructions,
        roles=SUBMITTERS,
        request=AskedInstruction | list[AskedInstruction],
        answer=InstructionsAnswer,
        problems=("malformed", "invalid", "too_large", "idempotency_key_reused"),
    ),
)
