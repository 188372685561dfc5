"""Holds the proofs of requests against their evidence: who signed what, as far as it is still there.

A signed request is proved by its record (key and signature), by the rulebook (whose key it is, and
when it is valid) and by the evidence in the sealed store (what was signed). Once the evidence has
been erased, only the first two can be checked.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator

from paritas.core.approvals import SIGNATURE_BYTES
from paritas.core.state import State
from paritas.model.commands import AnyCommand, RecordProof
from paritas.model.keys import key_text
from paritas.signing.http import verifies

_SECOND_NS = 1_000_000_000
_EVIDENCE_BYTES_MAX = 1 << 30
_CREATED = re.compile(rb";created=([0-9]{1,15})")
_KEY_ID = re.compile(rb';keyid="([A-Za-z0-9_-]{43})"')
_DIGEST = re.compile(rb'^"content-digest": (sha-256|sha-512)=:([A-Za-z0-9+/=]*):$', re.MULTILINE)


class Proofs:
    """Follows the records of a journal; each breach is a sentence."""

    def __init__(self) -> None:
        #: Beginning of a signature -> number of the party that made the request.
        self._actors: dict[bytes, int] = {}
        self.verified = 0

    def follow(self, command: AnyCommand) -> Iterator[str]:
        """Look at the next command of the journal; yield what does not fit."""
        if not command.signature:
            return
        name = command.signature[:16]
        if isinstance(command, RecordProof):
            self._actors[name] = command.actor
        elif name not in self._actors:
            yield "carries a signature that no proof before it explains."
        elif self._actors[name] != command.actor:
            yield "acts for another party than the one whose request it came in."

    def check(
        self, command: RecordProof, state: State, evidence: bytes | None, sealed: bytes | None
    ) -> Iterator[str]:
        """Check one proof; ``sealed`` is what the next record seals, the body of a lone message."""
        if len(command.signature) != SIGNATURE_BYTES:
            return
        owner = state.key_owners.get(command.key)
        if owner != command.actor:
            yield f"key {key_text(command.key)} is not of the party that acts."
            return
        if evidence is None:
            return
        base, _, body = _unpacked(evidence).partition(b"\n\n")
        if not verifies(command.key, command.signature, base):
            yield "its signature does not fit its evidence and its key."
            return
        self.verified += 1
        yield from _check_parameters(command, state, base)
        yield from _check_body(base, body or sealed)


def _unpacked(evidence: bytes) -> bytes:
    if evidence[:1] == b'"':
        return evidence
    try:
        return zlib.decompressobj().decompress(evidence, _EVIDENCE_BYTES_MAX)
    except zlib.error:
        return b""


def _check_parameters(command: RecordProof, state: State, base: bytes) -> Iterator[str]:
    parameters = base.rpartition(b'\n"@signature-params": ')[2]
    named, created = _KEY_ID.search(parameters), _CREATED.search(parameters)
    if named is None or named[1].decode() != key_text(command.key):
        yield "what was signed names another key."
    from_ns, until_ns = state.parties[command.actor].keys[command.key]
    # What was signed says whole seconds.
    created_ns = int(created[1]) * _SECOND_NS if created is not None else until_ns
    if not from_ns - _SECOND_NS < created_ns < until_ns:
        yield "the key was not valid when it signed."


def _check_body(base: bytes, body: bytes | None) -> Iterator[str]:
    found = _DIGEST.search(base)
    if found is None or not body:
        return
    digest = hashlib.new(found[1].decode().replace("-", ""), body).digest()
    if base64.b64decode(found[2]) != digest:
        yield "the body that is kept is not the one that was signed."
