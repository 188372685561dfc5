"""What proves a request, for the journal: who made it, and the evidence for the sealed store.

The evidence is the text that was signed, an empty line, and the body as it came; a body that is
sealed by itself, such as a message, is left out. Long evidence is compressed (zlib, RFC 1950).
"""

from __future__ import annotations

import zlib

from starlette.requests import Request

from paritas.api.principals import Body, Principal
from paritas.model.commands import RecordProof
from paritas.model.keys import key_text
from paritas.node.ledger import salt_for, sealed_hash
from paritas.node.live import Turn

_PLAIN_BYTES_MAX = 4096


def person_of(principal: Principal) -> bytes:
    """Return how the journal names whoever acts: the person, else the key that signed."""
    if principal.person:
        return principal.person.encode()
    return f"key {key_text(principal.key)}".encode() if principal.key else b""


def evidence_of(principal: Principal, request: Request, body: Body | None) -> bytes:
    """Return the evidence of a request; ``body`` is None where it is sealed by itself."""
    signed = principal.evidence
    if not signed:
        # Nothing was signed: a person was logged in, and this is what was asked.
        signed = f"{request.method} {request.url.path}?{request.url.query}".encode()
    evidence = b"\n\n".join((signed, body.content if body is not None else b""))
    return evidence if len(evidence) <= _PLAIN_BYTES_MAX else zlib.compress(evidence, 1)


def prove(turn: Turn, actor: int, principal: Principal, seal: bytes, evidence: bytes) -> None:
    """Record the proof of a request; it stands before everything that the request asked."""
    signature = principal.signature
    salt = salt_for(seal, "proof", signature.hex())
    head = turn.at_ns, actor, signature
    proof = RecordProof(*head, principal.key, person_of(principal), sealed_hash(salt, evidence))
    turn.decide(proof, salt, evidence)
