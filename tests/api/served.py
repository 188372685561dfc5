"""A served node for tests: a real process on a real port, spoken to with httpx."""

from __future__ import annotations

import datetime
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from paritas.iso20022.payments import CustomerTransfer, Party, PaymentGroup, pacs008
from paritas.iso20022.writer import Header

TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()
INDIA, CHINA, BRAZIL = "AAAAINB0XXX", "BBBBCNB0XXX", "CCCCBRB0XXX"
ISSUER = "RBISINB0XXX"

SCHEME = f"""
[scheme]
name = "Test"
value_currency = "USD"
[scheme.rates]
USD = "1"
INR = "96"
CNY = "7"
[[book]]
currency = "INR"
issuer = "{ISSUER}"
[[book]]
currency = "CNY"
issuer = "PBOCCNB0XXX"
[[member]]
bic = "{INDIA}"
name = "India Bank"
country = "IN"
[member.accounts]
INR = {{ balance = "1000000.00", limit = "100.00" }}
CNY = {{ balance = "500.00" }}
[[member]]
bic = "{CHINA}"
name = "China Bank"
country = "CN"
[member.accounts]
INR = {{ balance = "1000000.00" }}
CNY = {{ balance = "1000.00" }}
[[member]]
bic = "{BRAZIL}"
name = "Brazil Bank"
country = "BR"
[member.accounts]
INR = {{}}
"""


class Served:
    """One node's folder, and the process that serves it."""

    def __init__(self, folder: Path, scheme: str = SCHEME, *options: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.scheme = folder / "scheme.toml"
        self.scheme.write_text(scheme)
        self.options = options
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True) -> Served:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        arguments = ["serve", "--config", str(self.scheme), "--data", str(self.folder / "data")]
        arguments += ["--port", str(self.port), "--insecure-trust-callers", *self.options]
        self.log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from paritas.cli import main; main()", *arguments],
            stderr=self.log,
        )
        while ready and not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ready").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait()
        self.log.close()
        return code

    def client(
        self, bic: str = INDIA, role: str = "system", person: str = "someone", **more: Any
    ) -> httpx.Client:
        headers = {"Paritas-Principal": f"{bic}/{person}/{role}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, **more)

    @property
    def journal(self) -> Path:
        return self.folder / "data" / "journal.sqlite"


def instruction(reference: str, amount_minor: int = 100, **more: Any) -> dict[str, Any]:
    leg = {"payer": INDIA, "payee": CHINA, "currency": "INR", "amount_minor": amount_minor}
    return {"reference": reference, "legs": [leg], **more}


def payment_message(
    message_id: str, references: list[str], *, payer: str = INDIA, amount_minor: int = 100
) -> bytes:
    created = f"{TODAY}T09:00:00Z"
    group = PaymentGroup(
        message_id=message_id,
        created=created,
        settlement_date=TODAY,
        instructing_agent=payer,
        instructed_agent=CHINA,
    )
    transfers = [
        CustomerTransfer(
            end_to_end_id=f"E2E-{reference}",
            transaction_id=reference,
            uetr=f"0000000{index % 10}-0000-4000-8000-{abs(hash(reference)) % 10**12:012d}",
            currency="INR",
            amount_minor=amount_minor,
            debtor_agent=payer,
            creditor_agent=CHINA,
            debtor=Party("Debtor Limited", "IN", "Mumbai"),
            creditor=Party("Creditor Limited", "CN", "Shanghai"),
        )
        for index, reference in enumerate(references)
    ]
    return pacs008(group, transfers, Header(payer, "PARIINB0XXX", message_id, created)).checked()
