"""The hash chain: each row's hash binds the row before it and every record of its batch.

``hash = SHA-256(previous hash || seq || at_ns || root)``, the integers as 8 bytes big-endian, root
the Merkle tree hash of the batch's records after RFC 6962, section 2.1, so that the presence of
one record can be proved without showing the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

#: What the first row's hash follows.
GENESIS = bytes(32)


def merkle_root(records: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 tree hash; leaves are prefixed 0x00, inner nodes 0x01.

    RFC 6962 splits at the largest power of two below n. Pairing neighbours level by level, with
    an odd last node carried up unchanged, builds the same tree without recursion.
    """
    if not records:
        return sha256().digest()
    level = [sha256(b"\0" + record).digest() for record in records]
    while len(level) > 1:
        paired = [
            sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def next_hash(previous: bytes, seq: int, at_ns: int, records: Sequence[bytes]) -> bytes:
    """Return the hash of the row ``seq`` that follows the row with hash ``previous``."""
    head = previous + seq.to_bytes(8, "big") + at_ns.to_bytes(8, "big", signed=True)
    return sha256(head + merkle_root(records)).digest()
