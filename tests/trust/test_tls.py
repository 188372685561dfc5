"""Mutual TLS: an institution's requests come over a connection that shows its certificate."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from served_node import KEYS, A, B, Served, served

from paritas.api.tls import Tls, read_certificates
from paritas.client import Client, NodeRefused, NodeUnreachable, Settings
from paritas.node.run import SettleError


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign("CA", self.key, x509.BasicConstraints(True, None))
        self._write("ca", self.key, self.certificate)

    def _sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, more: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
        return (
            x509.CertificateBuilder(issuer, subject, key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(more, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, name: str) -> str:
        """Make a certificate and return its fingerprint."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = self._sign(name, key, names)
        self._write(name, key, certificate)
        return certificate.fingerprint(hashes.SHA256()).hex()

    def _write(
        self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.key").write_bytes(pem)
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    found = Authority(tmp_path_factory.mktemp("ca"))
    for name in ("node", "other"):
        found.issue(name)
    for name, key in KEYS.items():
        path = found.folder / f"{name}.ed25519"
        path.touch(0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return found


@pytest.fixture(scope="module")
def node(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = authority.folder
    print_of_a = authority.issue("a")
    file = folder / "certificates.toml"
    file.write_text(f'{A} = ["{print_of_a.upper()}"]\n')
    tls = Tls(folder / "node.pem", folder / "node.key", folder / "ca.pem")
    certificates = read_certificates(file)
    with served(tmp_path_factory.mktemp("node"), tls=tls, certificates=certificates) as found:
        yield found


def balances(node: Served, authority: Authority, who: str, certificate: str) -> int:
    folder = authority.folder
    shown = str(folder / f"{certificate}.pem") if certificate else ""
    settings = Settings(
        node.url,
        who,
        str(folder / f"{who}.ed25519"),
        ca=str(folder / "ca.pem"),
        certificate=shown,
        certificate_key=str(folder / f"{certificate}.key") if certificate else "",
        retries=0,
    )
    with Client(settings) as client:
        return len(client.balances())


def test_the_bound_certificate_lets_in(node: Served, authority: Authority) -> None:
    assert balances(node, authority, A, "a") == 2


@pytest.mark.parametrize("certificate", ["", "other"])
def test_another_connection_does_not(node: Served, authority: Authority, certificate: str) -> None:
    with pytest.raises(NodeRefused) as refused:
        balances(node, authority, A, certificate)
    assert refused.value.code == "unauthenticated"


def test_who_has_none_bound_needs_none(node: Served, authority: Authority) -> None:
    assert balances(node, authority, B, "") == 2
    # And somebody else's certificate gives nobody its owner's rights: the signature says who asks.
    assert balances(node, authority, B, "a") == 2


def test_a_node_without_a_known_certificate_is_not_spoken_to(node: Served) -> None:
    with Client(Settings(node.url, retries=0)) as client, pytest.raises(NodeUnreachable):
        client.balances()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('NOBODY = ["' + "a" * 64 + '"]', "is not a BIC"),
        (f'{A} = ["abc"]', "is not a SHA-256 fingerprint"),
        (f"{A} = []", "is not a BIC with a list"),
        ("=", "cannot be read as TOML"),
    ],
)
def test_a_file_of_certificates_that_cannot_be(tmp_path: Path, text: str, wanted: str) -> None:
    file = tmp_path / "certificates.toml"
    file.write_text(text)
    with pytest.raises(SettleError, match=wanted):
        read_certificates(file)


def test_files_that_do_not_fit_are_said(authority: Authority) -> None:
    folder = authority.folder
    with pytest.raises(SettleError, match="cannot be used for TLS"):
        Tls(folder / "node.pem", folder / "other.key").uvicorn_options()
