"""A node served over HTTP for tests: two books, two members, an issuer for each, keys and people."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyotp
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from paritas.api.app import create_app
from paritas.api.proving import Proving
from paritas.api.replay import NonceMemory
from paritas.api.routes import Route
from paritas.api.serve import _Server
from paritas.api.service import Service
from paritas.api.tls import Tls
from paritas.model.keys import key_text
from paritas.node.live import LiveNode
from paritas.node.scheme import parse_scheme
from paritas.people.login import Logins, new_person
from paritas.people.store import PeopleStore, Person

A, B = "AAAAINB0XXX", "BBBBCNB0XXX"
RBI, PBOC = "RBISINB0XXX", "PBOCCNB0XXX"
PASSWORD = "correct horse battery"

#: One key for each number: tests must not depend on chance.
KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([index + 1]) * 32)
    for index, name in enumerate((A, B, RBI, PBOC, "operator", "rbi 2", "pboc 2", "stranger"))
}


def text_of(name: str) -> str:
    return key_text(KEYS[name].public_key().public_bytes_raw())


def scheme_text(threshold: int = 2, *, issuer_keys: bool = True) -> str:
    rbi = f'keys = ["{text_of(RBI)}", "{text_of("rbi 2")}"]' if issuer_keys else ""
    pboc = f'keys = ["{text_of(PBOC)}", "{text_of("pboc 2")}"]' if issuer_keys else ""
    return f"""
[scheme]
name = "Two economies"
value_currency = "USD"
rates = {{ INR = "80", CNY = "7" }}
threshold = {threshold}
keys = ["{text_of("operator")}"]

[[book]]
currency = "INR"
issuer = "{RBI}"
{rbi}

[[book]]
currency = "CNY"
issuer = "{PBOC}"
{pboc}

[[member]]
bic = "{A}"
name = "Bank of Examples"
country = "IN"
keys = ["{text_of(A)}"]
accounts = {{ INR = {{ balance = "1000.00" }}, CNY = {{ balance = "50.00" }} }}

[[member]]
bic = "{B}"
name = "Example and Sons"
country = "CN"
keys = ["{text_of(B)}"]
accounts = {{ INR = {{}}, CNY = {{ balance = "100.00" }} }}
"""


def enter(store: PeopleStore, name: str, institution: str, role: str) -> Person:
    person = new_person(name, institution, role, PASSWORD)
    store.add(person)
    return person


def code_of(person: Person, at_s: float | None = None) -> str:
    return pyotp.TOTP(person.totp_secret).at(int(at_s if at_s is not None else time.time()))


class EarlyNonces(NonceMemory):
    """As if the node had begun a while ago: tests need not wait for its first seconds to pass."""

    def __init__(self) -> None:
        super().__init__()
        self._began_s -= 10


class Served:
    def __init__(self, url: str, service: Service, data: Path, store: PeopleStore) -> None:
        self.url = url
        self.service = service
        self.data = data
        self.store = store
        self.journal = data / "journal.sqlite"

    @property
    def node(self) -> LiveNode:
        return self.service.node


@contextmanager
def served(
    data: Path,
    scheme: str = "",
    *,
    tls: Tls | None = None,
    certificates: dict[str, frozenset[str]] | None = None,
    more: tuple[Route, ...] = (),
) -> Iterator[Served]:
    """Serve a node on a free port, in a thread; end it in good order."""
    node = LiveNode.open(parse_scheme(scheme or scheme_text()), data, workers=1)
    store = PeopleStore(data)
    proving = Proving(
        node,
        Logins(store),
        certificates=certificates,
        secure_cookies=tls is not None,
        nonces=EarlyNonces(),
    )
    service = create_app(node, proving, more=more)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        secure = tls.uvicorn_options() if tls is not None else {"http": "httptools"}
        config = uvicorn.Config(
            service, ws="none", log_config=None, timeout_graceful_shutdown=10, **secure
        )
        # As paritas serve ends: streams let go first, whoever still follows them.
        server = _Server(config, service)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            scheme_word = "http" if tls is None else "https"
            url = f"{scheme_word}://127.0.0.1:{listening.getsockname()[1]}"
            yield Served(url, service, data, store)
        finally:
            server.should_exit = True
            thread.join()
            proving.close()
            store.close()
