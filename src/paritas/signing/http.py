"""HTTP Message Signatures (RFC 9421) with Ed25519, and Content-Digest (RFC 9530).

One profile and no other: one signature for each request, over its method, authority, path and
query, the digest of its body, and the headers that change what it means, with the moment, a nonce
and the key's public text as parameters. Written by hand because it stands before every request;
what is signed is built from the request as it arrived, in the order that the signer names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from paritas.model.keys import key_text, parse_key
from paritas.signing.keys import public_bytes

#: What every signature covers, and what it covers too where the request has it.
ALWAYS = ("@method", "@authority", "@path", "@query")
WHERE_PRESENT = ("content-digest", "content-type", "idempotency-key")
_KNOWN = frozenset((*ALWAYS, *WHERE_PRESENT))

_LABEL = "sig1"
_COMPONENTS = re.compile(r'\(((?:"[@a-z-]+"(?: "[@a-z-]+")*)?)\)')
_PARAMETER = re.compile(r';([a-z]+)=(?:"([A-Za-z0-9_+/=.:-]{1,200})"|([0-9]{1,15}))')
_INPUT = re.compile(rf"([a-z][a-z0-9_-]*)=({_COMPONENTS.pattern}(?:{_PARAMETER.pattern})*)")
_BYTES = r":([A-Za-z0-9+/]{0,}={0,2}):"
#: The parameters as most signers write them: a quicker way to the same.
_USUAL = re.compile(
    r';created=([0-9]{1,15});nonce="([A-Za-z0-9_+/=.:-]{16,200})";alg="ed25519"'
    r';keyid="([A-Za-z0-9_-]{43})"'
)
_WRONG_KEY_ID = "keyid is the public key's text, 43 characters."
_key = lru_cache(maxsize=4096)(parse_key)
_SIGNATURE = re.compile(rf"([a-z][a-z0-9_-]*)={_BYTES}")
_DIGEST = re.compile(rf"(sha-256|sha-512)={_BYTES}")
_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
_EMPTY = frozenset((hashlib.sha256().digest(), hashlib.sha512().digest()))


class SignatureError(Exception):
    """A request is not signed as it must be; the text says what is wrong and what to do."""


class Request(msgspec.Struct, frozen=True):
    """What of a request is signed. ``path`` and ``query`` are as they went over the wire.

    ``query`` is without its question mark, "" where there is none. Header names are lower case.
    """

    method: str
    authority: str
    path: str
    query: str
    headers: Mapping[str, str]


class Signed(msgspec.Struct, frozen=True):
    """A signature as it came, nothing of it verified yet."""

    #: The public key that it claims to be made with, 32 bytes.
    key: bytes
    #: Seconds since 1970 (UTC).
    created_s: int
    nonce: str
    signature: bytes
    #: The exact text that was signed.
    base: bytes

    def is_genuine(self) -> bool:
        """Verify it: the claimed key did sign this text."""
        return verifies(self.key, self.signature, self.base)


def verifies(key: bytes, signature: bytes, base: bytes) -> bool:
    """Tell whether an Ed25519 key signed a text; a key or signature that is none did not."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, base)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- reading -----------------------------------------------------------------------------------


def read_signature(request: Request) -> Signed:
    """Read the signature of a request, and build the text that it must be over.

    Raises SignatureError when it is missing, in another form, or leaves out what it must cover.
    """
    headers = request.headers
    given, signature = headers.get("signature-input"), headers.get("signature")
    if given is None or signature is None:
        raise SignatureError("The request is not signed: it needs Signature-Input and Signature.")
    found = _INPUT.fullmatch(given.strip())
    made = _SIGNATURE.fullmatch(signature.strip())
    if found is None or made is None or found[1] != made[1]:
        raise SignatureError("Signature-Input and Signature are not one Ed25519 signature.")
    names, _, parameters = found[2][1:].partition(")")
    components = _components_of(names)
    created_s, nonce, key = _parameters(parameters)
    _check_covered(components, headers)
    base = _base(request, components, found[2])
    return Signed(key, created_s, nonce, _decoded(made[2], "Signature"), base)


@lru_cache(maxsize=64)
def _components_of(names: str) -> tuple[str, ...]:
    """Return the components that are covered; one signer always names the same."""
    components = tuple(name[1:-1] for name in names.split(" ")) if names else ()
    if len(set(components)) != len(components) or not _KNOWN.issuperset(components):
        raise SignatureError("The signature covers something twice, or that is not known here.")
    missing = [name for name in ALWAYS if name not in components]
    if missing:
        raise SignatureError(f"The signature does not cover {', '.join(missing)}.")
    return components


def _parameters(text: str) -> tuple[int, str, bytes]:
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        try:
            return int(usual[1]), usual[2], _key(usual[3])
        except ValueError:
            raise SignatureError(_WRONG_KEY_ID) from None
    found = [(m[1], m[2], m[3]) for m in _PARAMETER.finditer(text)]
    texts = {name: value for name, value, _ in found if value is not None}
    numbers = {name: int(value) for name, _, value in found if value is not None}
    if len(texts) + len(numbers) != len(found):
        raise SignatureError("Signature-Input says a parameter twice.")
    if texts.get("alg", "ed25519") != "ed25519":
        raise SignatureError("Only alg ed25519 is known here.")
    if "created" not in numbers or "nonce" not in texts or "keyid" not in texts:
        raise SignatureError("Signature-Input needs the parameters created, nonce and keyid.")
    if len(texts["nonce"]) < 16:
        raise SignatureError("The nonce is too short: 16 random bytes in base64 are enough.")
    try:
        return numbers["created"], texts["nonce"], _key(texts["keyid"])
    except ValueError:
        raise SignatureError(_WRONG_KEY_ID) from None


def _check_covered(components: tuple[str, ...], headers: Mapping[str, str]) -> None:
    for name in WHERE_PRESENT:
        if name in headers and name not in components:
            raise SignatureError(f"The signature does not cover {name}.")


def _base(request: Request, components: Sequence[str], parameters: str) -> bytes:
    lines = []
    for name in components:
        if name == "@method":
            value = request.method
        elif name == "@authority":
            value = request.authority
        elif name == "@path":
            value = request.path
        elif name == "@query":
            value = f"?{request.query}"
        elif name in request.headers:
            value = request.headers[name].strip()
        else:
            raise SignatureError(f"The signature covers {name}, which the request has not.")
        lines.append(f'"{name}": {value}')
    lines.append(f'"@signature-params": {parameters}')
    return "\n".join(lines).encode("latin-1", "replace")


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SignatureError(f"{what} is not base64 between colons.") from None


def check_digest(header: str | None, digest_of: Callable[[str], bytes]) -> None:
    """Hold Content-Digest against the body; ``digest_of`` takes "sha256" or "sha512".

    Raises SignatureError when it is wrong, or missing where there is a body.
    """
    if header is None:
        if digest_of("sha256") not in _EMPTY:
            raise SignatureError("A request with a body needs Content-Digest, which is signed.")
        return
    found = _DIGEST.fullmatch(header.strip())
    if found is None:
        raise SignatureError("Content-Digest is sha-256=:...: or sha-512=:...:, one of them.")
    if _decoded(found[2], "Content-Digest") != digest_of(_ALGORITHMS[found[1]]):
        raise SignatureError("Content-Digest is not the digest of the body that came.")


# --- making ------------------------------------------------------------------------------------


def content_digest(body: bytes) -> str:
    """Return the Content-Digest header of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def authority_of(url: str) -> str:
    """Return host and port of a URL as they are signed: lower case, without the default port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in (None, default) else f"{host}:{parts.port}"


class Signer:
    """Signs requests with one private key."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.key_text = key_text(public_bytes(private_key))

    def headers(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        created_s: int | None = None,
        nonce: str | None = None,
    ) -> dict[str, str]:
        """Return the headers that make a request a signed one.

        ``headers`` are those that it has anyway, names in lower case. Each call makes another
        nonce: a request that is sent again is signed again. ``created_s`` and ``nonce`` are given
        only to repeat an example.
        """
        parts = urlsplit(url)
        added = {"content-digest": content_digest(body)} if body else {}
        request = Request(
            method, authority_of(url), parts.path or "/", parts.query, {**headers, **added}
        )
        present = [name for name in WHERE_PRESENT if name in request.headers]
        components = [*ALWAYS, *present]
        created = int(time.time()) if created_s is None else created_s
        nonce = nonce or base64.b64encode(secrets.token_bytes(16)).decode()
        names = " ".join(f'"{name}"' for name in components)
        parameters = (
            f'({names});created={created};nonce="{nonce}";alg="ed25519";keyid="{self.key_text}"'
        )
        signature = self._private_key.sign(_base(request, components, parameters))
        added["signature-input"] = f"{_LABEL}={parameters}"
        added["signature"] = f"{_LABEL}=:{base64.b64encode(signature).decode()}:"
        return added
