"""Webhooks: signed, tried again until they arrive, and going on after a restart."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from served import BRAZIL, SCHEME, Served, instruction

from paritas.api.webhooks import signature


class Receiver:
    """Somebody's server; fails as often as it is told to."""

    def __init__(self) -> None:
        self.failures = 0
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fails = receiver.failures > 0
                receiver.failures -= fails
                if not fails:
                    receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(503 if fails else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def references(self) -> list[str]:
        return [n["reference"] for _, body in self.got for n in json.loads(body)["notices"]]

    def wait_for(self, count: int) -> None:
        while len(self.references()) < count:
            time.sleep(0.02)


def test_webhooks_arrive_signed_and_in_order_whatever_happens(tmp_path: Path) -> None:
    receiver = Receiver()
    served = Served(tmp_path / "node", SCHEME, "--insecure-webhooks").start()
    receiver.failures = 2
    with served.client() as india, served.client(BRAZIL) as brazil:
        asked = {"url": receiver.url, "kinds": ["payment.settled"]}
        made = india.post("/v1/webhooks", json=asked).json()["webhook"]
        secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
        india.post("/v1/instructions", json=[instruction(f"W{n}") for n in range(3)])
        receiver.wait_for(3)
        assert receiver.references() == ["W0", "W1", "W2"]
        for headers, body in receiver.got:
            timestamp = int(headers["webhook-timestamp"])
            expected = signature(secret, headers["webhook-id"], timestamp, body)
            assert headers["webhook-signature"] == expected
        [shown] = india.get("/v1/webhooks").json()["webhooks"]
        assert "secret" not in shown
        assert brazil.get("/v1/webhooks").json()["webhooks"] == []
        assert brazil.delete(f"/v1/webhooks/{made['id']}").json()["code"] == "not_found"
        # Now nothing arrives, and the node is killed before it could try again.
        receiver.failures = 1000
        india.post("/v1/instructions", json=[instruction(f"W{n}") for n in range(3, 6)])
        time.sleep(0.2)
        served.kill()
    receiver.failures = 0
    served.start()
    receiver.wait_for(6)
    assert receiver.references() == [f"W{n}" for n in range(6)]
    with served.client() as india:
        assert india.delete(f"/v1/webhooks/{made['id']}").json()["webhooks"] == []
    assert served.stop() == 0
