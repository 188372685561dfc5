"""Which finding refuses a whole message and which only its own transaction."""

from __future__ import annotations

from paritas.iso20022.reader import read_message
from paritas.node.directory import directory_of
from paritas.node.intake import concerns_whole, envelope_of, wishes_of
from paritas.node.scheme import parse_scheme
from payment_messages import PAYEE, PAYER, app_hdr, group_header, message, transaction

_SCHEME = f"""
[scheme]
name = "Two banks"
value_currency = "USD"
rates = {{ INR = "1" }}
[[book]]
currency = "INR"
issuer = "RBISINB0XXX"
[[member]]
bic = "{PAYER}"
name = "Payer"
country = "DE"
accounts = {{ INR = {{ balance = "1.00", limit = "0" }} }}
[[member]]
bic = "{PAYEE}"
name = "Payee"
country = "DE"
accounts = {{ INR = {{ balance = "1.00", limit = "0" }} }}
"""
_DIRECTORY = directory_of(parse_scheme(_SCHEME))


def _reasons(data: bytes) -> tuple[str | None, list[str | None]]:
    """Return why the message is refused, and why each of its transactions."""
    result = read_message(data)
    whole = tuple(filter(concerns_whole, result.findings))
    envelope = envelope_of(result.message, whole, len(result.transactions))
    wishes = wishes_of(result, _DIRECTORY, bytes(32))
    refusals = [envelope.refusal, *(wish.refusal for wish in wishes)]
    reasons = [None if refusal is None else str(refusal.reason) for refusal in refusals]
    return reasons[0], reasons[1:]


def test_a_transaction_is_refused_for_its_own_fault() -> None:
    several = transaction(1, currency="ZZZ"), transaction(2), transaction(3, amount="0")
    assert _reasons(message(*several)) == (None, ["AM11", None, "AM01"])


def test_wrong_sums_refuse_the_whole_message() -> None:
    counted = message(transaction(1), transaction(2, amount="0"), group=group_header(4))
    assert _reasons(counted) == ("AM18", [None, "AM01"])


def test_what_is_against_the_schema_anywhere_refuses_the_whole_message() -> None:
    invalid = message(transaction(1), transaction(2, amount="-1"), transaction(3))
    assert _reasons(invalid)[0] == "AM12"


def test_remarks_and_the_operators_own_name_refuse_nothing() -> None:
    assert _reasons(message(header=app_hdr("pacs.008.001.10"))) == (None, [None])
    unheard_of = message().replace(f"<BICFI>{PAYEE}".encode(), b"<BICFI>PARIQQB0XXX", 1)
    assert read_message(unheard_of).findings
    assert _reasons(unheard_of) == (None, [None])
