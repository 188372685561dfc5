"""Signed requests: the profile, against another implementation of RFC 9421, and bent in every way."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from paritas.model.keys import key_text, parse_key
from paritas.signing import http
from paritas.signing.http import Request, SignatureError, Signer
from paritas.signing.keys import KeyFileError, load_key_file, make_key_file, public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
BODY = b'{"reference":"R1"}'
URL = "https://Node.Example:443/v1/instructions?dry=1"


def signed(body: bytes = BODY, **headers: str) -> Request:
    given = {"content-type": "application/json", **headers}
    made = Signer(KEY).headers("POST", URL, given, body)
    return Request("POST", "node.example", "/v1/instructions", "dry=1", {**given, **made})


def is_accepted(request: Request, body: bytes = BODY) -> bool:
    try:
        found = http.read_signature(request)
        http.check_digest(
            request.headers.get("content-digest"), lambda name: hashlib.new(name, body).digest()
        )
    except SignatureError:
        return False
    return found.is_genuine()


def test_what_was_signed_is_accepted() -> None:
    request = signed(**{"idempotency-key": "k1"})
    assert is_accepted(request)
    found = http.read_signature(request)
    assert found.key == public_bytes(KEY)
    assert found.base.decode().splitlines()[:6] == [
        '"@method": POST',
        '"@authority": node.example',
        '"@path": /v1/instructions',
        '"@query": ?dry=1',
        f'"content-digest": {http.content_digest(BODY)}',
        '"content-type": application/json',
    ]


def test_another_implementation_agrees() -> None:
    """The library http-message-signatures verifies what is signed here, and signs what is accepted."""
    requests = pytest.importorskip("requests")
    library = pytest.importorskip("http_message_signatures")

    class Keys(library.HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> object:
            assert key_id == key_text(public_bytes(KEY))
            return KEY.public_key()

        def resolve_private_key(self, key_id: str) -> object:
            return KEY

    ours = requests.Request("POST", "https://node.example/v1/instructions?dry=1", data=BODY)
    prepared = ours.prepare()
    prepared.headers["Content-Type"] = "application/json"
    plain = {"content-type": "application/json"}
    prepared.headers.update(Signer(KEY).headers("POST", prepared.url, plain, BODY))
    verifier = library.HTTPMessageVerifier(
        signature_algorithm=library.algorithms.ED25519, key_resolver=Keys()
    )
    (result,) = verifier.verify(prepared)
    assert '"@path"' in result.covered_components

    theirs = requests.Request("POST", "https://node.example/v1/instructions?dry=1", data=BODY)
    prepared = theirs.prepare()
    prepared.headers["Content-Type"] = "application/json"
    prepared.headers["Content-Digest"] = http.content_digest(BODY)
    library.HTTPMessageSigner(
        signature_algorithm=library.algorithms.ED25519, key_resolver=Keys()
    ).sign(
        prepared,
        key_id=key_text(public_bytes(KEY)),
        nonce="AAAAAAAAAAAAAAAAAAAAAA",
        covered_component_ids=(*http.ALWAYS, "content-digest", "content-type"),
        use_existing_digest=True,
        body=BODY,
    )
    headers = {
        name.lower(): value
        for name, value in prepared.headers.items()
        if name.lower() != "content-length"
    }
    request = Request("POST", "node.example", "/v1/instructions", "dry=1", headers)
    assert is_accepted(request)


BENT = {
    "method": {"method": "PUT"},
    "authority": {"authority": "other.example"},
    "path": {"path": "/v1/instructions/"},
    "query": {"query": "dry=0"},
    "no query": {"query": ""},
}


@pytest.mark.parametrize("bent", BENT)
def test_another_request_has_not_that_signature(bent: str) -> None:
    assert not is_accepted(msgspec.structs.replace(signed(), **BENT[bent]))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("content-type", "application/xml"),
        ("content-digest", http.content_digest(b"other")),
        ("idempotency-key", "k2"),
        ("signature", "sig1=:AAAA:"),
        ("signature", "sig2=:AAAA:"),
        ("signature", ""),
        ("signature-input", ""),
        ("signature-input", "sig1=()"),
    ],
)
def test_another_header_has_not_that_signature(header: str, value: str) -> None:
    request = signed(**{"idempotency-key": "k1"})
    assert is_accepted(request)
    assert not is_accepted(
        msgspec.structs.replace(request, headers={**request.headers, header: value})
    )


@pytest.mark.parametrize("header", ["content-digest", "signature", "signature-input"])
def test_a_header_cannot_be_left_out(header: str) -> None:
    request = signed()
    headers = {name: value for name, value in request.headers.items() if name != header}
    assert not is_accepted(msgspec.structs.replace(request, headers=headers))


def test_a_header_that_is_added_later_must_be_signed_too() -> None:
    request = signed()
    headers = {**request.headers, "idempotency-key": "k1"}
    with pytest.raises(SignatureError, match="does not cover idempotency-key"):
        http.read_signature(msgspec.structs.replace(request, headers=headers))


def test_another_body_has_not_that_digest() -> None:
    assert not is_accepted(signed(), BODY + b" ")
    assert not is_accepted(signed(b""), BODY)
    assert is_accepted(signed(b""), b"")


@pytest.mark.parametrize(
    "parameters",
    [
        ';created=1;nonce="AAAAAAAAAAAAAAAAAAAAAA"',
        ';created=1;keyid="KEY"',
        ';nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="KEY"',
        ';created=1;nonce="short";keyid="KEY"',
        ';created=1;created=2;nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="KEY"',
        ';created=1;nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="KEY";alg="hmac-sha256"',
        ';created=1;nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="nobody"',
        ';created="1";nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="KEY"',
    ],
)
def test_parameters_that_cannot_be_are_refused(parameters: str) -> None:
    names = " ".join(f'"{name}"' for name in (*http.ALWAYS, "content-digest", "content-type"))
    text = f"sig1=({names}){parameters}".replace("KEY", key_text(public_bytes(KEY)))
    request = signed()
    headers = {**request.headers, "signature-input": text}
    with pytest.raises(SignatureError):
        http.read_signature(msgspec.structs.replace(request, headers=headers))


@given(st.text(max_size=200), st.text(max_size=80))
def test_no_header_makes_the_reader_raise(given_input: str, signature: str) -> None:
    headers = {"signature-input": given_input, "signature": signature}
    assert not is_accepted(Request("GET", "a", "/", "", headers), b"")


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://Node.example/x", "node.example"),
        ("http://node.example:80", "node.example"),
        ("https://node.example:443", "node.example"),
        ("https://node.example:80", "node.example:80"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_authority(url: str, authority: str) -> None:
    assert http.authority_of(url) == authority


# --- keys


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "bank.pem"
    public = make_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_key_file(path)) == public
    with pytest.raises(KeyFileError, match="never written over"):
        make_key_file(path)
    path.chmod(0o644)
    if os.name == "posix":
        with pytest.raises(KeyFileError, match="chmod 600"):
            load_key_file(path)


def test_a_key_file_may_have_a_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "bank.pem"
    public = make_key_file(path, "a long secret")
    assert public_bytes(load_key_file(path, "a long secret")) == public
    for wrong in ("", "another"):
        with pytest.raises(KeyFileError, match="passphrase"):
            load_key_file(path, wrong)


def test_what_is_no_key_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bank.pem"
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key_file(path)
    path.touch(0o600)
    path.write_text("-----BEGIN")
    with pytest.raises(KeyFileError, match="no private key"):
        load_key_file(path)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_written_in_one_way(key: bytes) -> None:
    text = key_text(key)
    assert len(text) == 43
    assert parse_key(text) == key


@given(st.text(max_size=50))
def test_what_is_no_key_is_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert key_text(parse_key(text)) == text
