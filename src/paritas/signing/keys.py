"""Ed25519 key pairs (RFC 8032) and the files that private keys live in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from paritas.model.told import ToldError


class KeyFileError(ToldError):
    """A private key cannot be written or read; the text says what, where and what to do."""


def public_bytes(private_key: Ed25519PrivateKey) -> bytes:
    """Return the public half, 32 bytes."""
    return private_key.public_key().public_bytes_raw()


def make_key_file(path: Path, passphrase: str = "") -> bytes:
    """Make a key pair, write the private key as PKCS #8 PEM that only its owner may read.

    Returns the public key. Raises KeyFileError rather than writing over a file that is there.
    """
    private_key = Ed25519PrivateKey.generate()
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError(f"{path}: is there already, and a key is never written over.") from None
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return public_bytes(private_key)


def load_key_file(path: Path, passphrase: str = "") -> Ed25519PrivateKey:
    """Read a private key; raises KeyFileError if it is none, or if others can read it too."""
    try:
        mode = path.stat().st_mode
        pem = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}.") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{path}: others may read this key: chmod 600 {path}.")
    try:
        key = load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError:
        wrong = "has no passphrase" if passphrase else "needs its passphrase"
        raise KeyFileError(f"{path}: the key {wrong}.") from None
    except ValueError:
        raise KeyFileError(
            f"{path}: is no private key in PEM, or the passphrase is wrong."
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: is not an Ed25519 key; paritas keygen makes one.")
    return key
