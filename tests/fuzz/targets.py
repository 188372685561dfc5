"""What must hold for any bytes at all: the targets of the fuzzer, and of the tests of its corpus.

A target raises AssertionError, or whatever the code under test lets out, if it does not hold. Nothing
here needs the fuzzer itself.
"""

from __future__ import annotations

import json
import time
from io import BytesIO
from typing import Any

from paritas.iso20022.check import check_bytes
from paritas.iso20022.reader import merge, read_message, read_stream
from paritas.iso20022.usage.profiles import PROFILES
from paritas.iso20022.values import ReadResult
from paritas.mt.checking import check_if_mt, check_mt
from paritas.mt.translation import from_iso, to_iso
from paritas.node.directory import directory_of
from paritas.node.intake import concerns_whole, envelope_of, wishes_of
from paritas.node.scheme import parse_scheme

SECONDS_MAX = 1.0

_SCHEME = """
[scheme]
name = "Two banks"
value_currency = "INR"
[[book]]
currency = "INR"
issuer = "RBISINB0XXX"
[[member]]
bic = "AAAAINB0XXX"
name = "Payer"
country = "IN"
accounts = { INR = { balance = "1.00", limit = "0" } }
[[member]]
bic = "BBBBCNB0XXX"
name = "Payee"
country = "CN"
accounts = { INR = { balance = "1.00", limit = "0" } }
"""
_DIRECTORY = directory_of(parse_scheme(_SCHEME))
_KEYS = ("file", "message", "valid", "findings")


def xml(data: bytes) -> None:
    """Check bytes under every profile, and read them as settle does."""
    began = time.process_time()
    plain = checked(data, "plain")
    for _ in range(2):  # What is told at a glance is what was told in full.
        assert checked(data, "plain") == plain
    for name in ("cbpr+", "harmonised"):
        more = checked(data, name)
        assert len(more) == len(plain)
    read = read_message(data)
    acted_on(read)
    if len(plain) == 1 and read.message is not None and read.transactions:
        assert read.acceptable == (plain[0]["valid"] is True)
    windows = list(read_stream(BytesIO(data)))
    if read.transactions:
        assert merge(windows) == read
    within(began, data)


def mt(data: bytes) -> None:
    """Check bytes as MT, and translate them there and back."""
    began = time.process_time()
    clear(check_mt(data, "file"))
    clear(check_bytes(data, "file", check_if_mt))
    for translated in to_iso(data):
        if translated.data is None:
            assert translated.said[-1].reason
            continue
        clear(check_bytes(translated.data, "file"))
        for back in from_iso(translated.data):
            assert back.data is not None or back.said[-1].reason
    within(began, data)


def checked(data: bytes, profile: str) -> list[dict[str, Any]]:
    """Return the results of a check, each of them clear."""
    results = check_bytes(data, "file", check_if_mt, PROFILES[profile])
    clear(results)
    return results


def clear(results: list[dict[str, Any]]) -> None:
    """Assert that each result is a verdict, with a place and a sentence for each finding."""
    assert results
    for result in results:
        assert tuple(result) == _KEYS
        assert result["valid"] in (True, False, None)
        assert result["valid"] is True or result["findings"]
        for finding in result["findings"]:
            assert finding["code"].startswith(("xml.", "schema.", "rule.", "mt."))
            assert finding["line"] >= 0
            assert 0 < len(finding["text"]) <= 400
        json.dumps(result).encode()


def acted_on(read: ReadResult) -> None:
    """Turn what was read into wishes or refusals, as the intake does."""
    if read.message is None:
        assert read.findings
        return
    whole = tuple(filter(concerns_whole, read.findings))
    envelope_of(read.message, whole, len(read.transactions))
    assert len(wishes_of(read, _DIRECTORY, bytes(32))) == len(read.transactions)


def within(began: float, data: bytes) -> None:
    """Assert that nothing has taken long."""
    seconds = time.process_time() - began
    assert seconds < SECONDS_MAX, f"{seconds:.1f} s for {len(data)} bytes"
