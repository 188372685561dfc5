"""TLS, and mutual TLS: which client certificates an institution's requests must come with.

A certificate is known by its fingerprint, the SHA-256 of its DER form. It does not replace the
signature: a connection says who is at its other end, a signature says who wishes what.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from paritas.model.parties import is_bic, normalise_bic
from paritas.node.run import SettleError

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Tls(msgspec.Struct, frozen=True):
    """The node's own certificate and key (PEM), and the authority of client certificates, if any."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    #: Refuse connections that show no certificate.
    client_required: bool = False

    def uvicorn_options(self) -> dict[str, Any]:
        """Return what uvicorn is configured with; raises SettleError for files that do not fit."""
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate, self.key)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
        except (OSError, ssl.SSLError) as error:
            where = f"{self.certificate}, {self.key}, {self.client_ca or 'no client CA'}"
            raise SettleError(f"{where}: cannot be used for TLS ({error}).") from None
        needs = ssl.CERT_REQUIRED if self.client_required else ssl.CERT_OPTIONAL
        return {
            "ssl_certfile": self.certificate,
            "ssl_keyfile": self.key,
            "ssl_ca_certs": self.client_ca,
            "ssl_cert_reqs": needs if self.client_ca is not None else ssl.CERT_NONE,
            "http": CertificateProtocol,
        }


class CertificateProtocol(HttpToolsProtocol):
    """Tells the application which certificate the connection's other end has shown."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the certificate's fingerprint once for the connection."""
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls is not None else None
        if shown:
            fingerprint = hashlib.sha256(shown).hexdigest()
            self.app_state = {**self.app_state, "client_certificate": fingerprint}
        super().connection_made(transport)


def read_certificates(path: Path) -> dict[str, frozenset[str]]:
    """Read which certificates are whose, from TOML: ``BANKINBBXXX = ["ab12...", ...]``.

    Raises SettleError, with what is wrong.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettleError(f"{path}: cannot be read as TOML ({error}).") from None
    certificates: dict[str, frozenset[str]] = {}
    for bic, texts in found.items():
        if not is_bic(bic) or not isinstance(texts, list) or not texts:
            raise SettleError(f"{path}: {bic}: is not a BIC with a list of fingerprints.")
        prints = [str(text).lower().replace(":", "") for text in texts]
        wrong = next((text for text in prints if not _FINGERPRINT.fullmatch(text)), None)
        if wrong is not None:
            raise SettleError(f"{path}: {bic}: {wrong[:80]!r} is not a SHA-256 fingerprint.")
        certificates[normalise_bic(bic)] = frozenset(prints)
    return certificates
