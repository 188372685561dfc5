"""Public keys as people write them: 43 characters of base64url, which is also a signature's keyid."""

from __future__ import annotations

import base64
import binascii
import re

_TEXT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def key_text(key: bytes) -> str:
    """Write an Ed25519 public key of 32 bytes as text (RFC 4648, section 5, without padding)."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def parse_key(text: str) -> bytes:
    """Read a key that ``key_text`` wrote; raises ValueError, saying what a key looks like."""
    if _TEXT.fullmatch(text):
        try:
            key = base64.urlsafe_b64decode(text + "=")
        except binascii.Error:
            key = b""
        # Two spare bits in the last character would let one key be written in four ways.
        if len(key) == 32 and key_text(key) == text:
            return key
    raise ValueError(f"{text!r} is not a public key: 43 letters and digits, as paritas keygen says")
