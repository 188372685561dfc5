"""The worked example in docs/trust.md is right, to the byte."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from paritas.signing.http import Request, Signer, check_digest, read_signature

DOCS = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)\n```", DOCS, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_worked_example() -> None:
    key = load_pem_private_key(block("pem").encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    head, _, body = block("http").partition("\n\n")
    first, *lines = head.split("\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert f"a body of {len(body)} bytes" in DOCS
    method, path, _ = first.split(" ")
    signed = read_signature(Request(method, headers["host"], path, "", headers))
    assert signed.base.decode() == block("text")
    assert signed.is_genuine()
    check_digest(headers["content-digest"], lambda name: hashlib.new(name, body.encode()).digest())
    again = Signer(key).headers(
        method,
        "https://node.example/v1/instructions",
        {name: headers[name] for name in ("content-type", "idempotency-key")},
        body.encode(),
        created_s=signed.created_s,
        nonce=signed.nonce,
    )
    assert {name: headers[name] for name in again} == again
    # Ed25519 is deterministic, so anybody gets this very signature.
    assert base64.b64decode(headers["signature"][6:-1]) == key.sign(block("text").encode())
