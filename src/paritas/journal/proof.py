"""Proofs from a journal: that a record is in a row, and that a row follows from another (RFC 6962).

Whoever has a row's hash from a checkpoint that it trusts can check with these functions alone that
one record stands in the journal, without seeing the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from paritas.journal.chain import merkle_root
from paritas.journal.codec import split_records
from paritas.journal.sqlite import Row


class InclusionProof(msgspec.Struct, frozen=True):
    """That record ``position`` of ``records`` stands in row ``seq``. Hashes are in hexadecimal.

    ``path`` is the audit path of RFC 6962, section 2.1.1, from the leaf up. The row's hash is
    SHA-256(previous hash || seq || at_ns || root), the integers as 8 bytes big-endian.
    """

    seq: int
    at_ns: int
    position: int
    records: int
    record: bytes
    path: tuple[str, ...]
    root: str
    previous_hash: str
    hash: str


def prove(row: Row, position: int, previous_hash: bytes) -> InclusionProof | None:
    """Return the proof of one record of a row, or None where the row has no such record."""
    records = split_records(row.payload)
    if not 0 <= position < len(records):
        return None
    return InclusionProof(
        row.seq,
        row.at_ns,
        position,
        len(records),
        records[position],
        tuple(node.hex() for node in inclusion_path(records, position)),
        merkle_root(records).hex(),
        previous_hash.hex(),
        row.hash.hex(),
    )


def inclusion_path(records: Sequence[bytes], position: int) -> list[bytes]:
    """Return the hashes that lead from a record's leaf to the root, from the leaf up."""
    level = [sha256(b"\0" + record).digest() for record in records]
    path = []
    while len(level) > 1:
        beside = position ^ 1
        if beside < len(level):
            path.append(level[beside])
        paired = [
            sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level, position = paired, position // 2
    return path


def is_proved(proof: InclusionProof) -> bool:
    """Check a proof against its own row hash; what that hash is worth, its checkpoint says."""
    if not 0 <= proof.position < proof.records:
        return False
    try:
        path = [bytes.fromhex(node) for node in proof.path]
        previous = bytes.fromhex(proof.previous_hash)
        found = sha256(b"\0" + proof.record).digest()
        position, last = proof.position, proof.records - 1
        for node in path:
            # An odd last node is carried up as it is, until it has a neighbour.
            while position == last and position % 2 == 0 and last:
                position, last = position // 2, last // 2
            left, right = (node, found) if position % 2 else (found, node)
            found = sha256(b"\1" + left + right).digest()
            position, last = position // 2, last // 2
        head = previous + proof.seq.to_bytes(8, "big")
        head += proof.at_ns.to_bytes(8, "big", signed=True)
    except (ValueError, OverflowError):
        return False
    if found.hex() != proof.root:
        return False
    return sha256(head + found).hexdigest() == proof.hash
