"""The journal's public part: its head, its rows, and proofs of single records. For every member."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from paritas.api.calls import Call
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.journal.chain import GENESIS
from paritas.journal.proof import InclusionProof, prove
from paritas.journal.sqlite import Row, SqliteJournal

_MSGPACK = "application/msgpack"
_ROWS, _ROWS_MAX = 100, 1_000
#: An answer ends after the row with which it has more than this.
_BYTES_MAX = 8 << 20


class HeadAnswer(msgspec.Struct, frozen=True):
    """The last durable row."""

    seq: int
    at_ns: int
    epoch: int
    hash: str


class JournalRow(msgspec.Struct, frozen=True):
    """A row as it lies in the journal; ``payload`` is base64 in JSON, bytes in msgpack."""

    seq: int
    epoch: int
    at_ns: int
    payload: bytes
    hash: str


class JournalAnswer(msgspec.Struct, frozen=True):
    """Rows in order; ``cursor`` leads to what follows, "" if nothing does yet."""

    seq: int
    rows: tuple[JournalRow, ...]
    cursor: str


class ProofAnswer(msgspec.Struct, frozen=True):
    """A proof that one record stands in the journal; docs/service.md says how to check it."""

    seq: int
    proof: InclusionProof


async def get_head(call: Call) -> HeadAnswer:
    """Answer with the last durable row."""
    seq = call.node.seq
    row = await call.node.reader.ask(lambda journal: journal.row(seq))
    assert row is not None
    return HeadAnswer(row.seq, row.at_ns, row.epoch, row.hash.hex())


async def get_journal(call: Call) -> JournalAnswer | Response:
    """Answer with rows after a place."""
    upto = call.node.seq
    after = call.query_number("cursor", 0)
    limit = max(1, call.query_number("limit", _ROWS, _ROWS_MAX))

    def read(journal: SqliteJournal) -> list[JournalRow]:
        found, size = [], 0
        for row in journal.rows(after):
            if row.seq > upto:
                break
            found.append(JournalRow(row.seq, row.epoch, row.at_ns, row.payload, row.hash.hex()))
            size += len(row.payload)
            if len(found) >= limit or size >= _BYTES_MAX:
                break
        return found

    rows = await call.node.reader.ask(read)
    cursor = str(rows[-1].seq) if rows and rows[-1].seq < upto else ""
    answer = JournalAnswer(upto, tuple(rows), cursor)
    if _MSGPACK in call.header(b"accept"):
        return Response(msgspec.msgpack.encode(answer), media_type=_MSGPACK)
    return answer


async def get_proof(call: Call) -> ProofAnswer:
    """Answer with the proof of one record."""
    seq, position = call.number("seq"), call.number("position")
    upto = call.node.seq
    row, previous = await call.node.reader.ask(lambda journal: _with_previous(journal, seq))
    proof = prove(row, position, previous) if row is not None and seq <= upto else None
    if proof is None:
        raise Refused("not_found", f"Row {seq} has no record {position}.")
    return ProofAnswer(upto, proof)


def _with_previous(journal: SqliteJournal, seq: int) -> tuple[Row | None, bytes]:
    if seq > 2**63 - 1:
        return None, GENESIS
    row, before = journal.row(seq), journal.row(seq - 1)
    return row, before.hash if before is not None else GENESIS


ROUTES = (
    Route(
        "GET",
        "/v1/journal/head",
        "journal_head",
        "The last durable row and its hash",
        get_head,
        own=False,
        answer=HeadAnswer,
    ),
    Route(
        "GET",
        "/v1/journal",
        "journal",
        "Rows of the journal's public part, to replay and verify",
        get_journal,
        own=False,
        parameters=(
            Parameter("cursor", "The last row that is known."),
            Parameter("limit", f"At most so many rows, up to {_ROWS_MAX}.", int),
        ),
        answer=JournalAnswer,
        gives=(_MSGPACK,),
    ),
    Route(
        "GET",
        "/v1/journal/{seq}/{position}/proof",
        "journal_proof",
        "The proof that one record stands in the journal",
        get_proof,
        own=False,
        parameters=(
            Parameter("seq", "The row."),
            Parameter("position", "The record's place in the row, from 0."),
        ),
        answer=ProofAnswer,
    ),
)
