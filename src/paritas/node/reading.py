"""Reading what is no credit transfer in ISO 20022: other messages, and MT.

Whatever comes in ends as one of two things: transactions, which go the way of every payment, or a
request, which the conversation acts upon. MT is translated first and a pain.001 becomes the interbank
payments that it asks for; the bytes as received are kept as they are.
"""

from __future__ import annotations

import msgspec

from paritas.iso20022.initiation import Initiated, is_initiation, read_initiation
from paritas.iso20022.message import is_credit_transfer
from paritas.iso20022.parsing import UnreadableError, find_messages, parse
from paritas.iso20022.reader import read_message
from paritas.iso20022.requests import Asked, is_request, read_request, request_id
from paritas.iso20022.reversals import is_reversal, read_reversals
from paritas.iso20022.values import Finding, ReadResult
from paritas.mt.checking import findings_of
from paritas.mt.parsing import is_mt, read_mt
from paritas.mt.translating import ASSUMED
from paritas.mt.translation import to_iso

#: A version that the schema bundle lacks is read with care, where it is of these.
_READ_WITHOUT_SCHEMA = ("camt.050.",)

_SAID_MAX = 20


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a file holds that is no credit transfer in ISO 20022."""

    result: ReadResult
    #: What it asks, for a message that has no transactions.
    request: tuple[Asked, ...] = ()
    #: What was received, such as "MT103" or "pain.001.001.09", where ``result`` is of another type.
    received_type: str = ""
    #: For a pain.001: how it names each payment.
    initiated: tuple[Initiated, ...] = ()
    #: What got lost or was assumed in translation, as sentences.
    said: tuple[str, ...] = ()


def needs_reading(data: bytes, result: ReadResult) -> bool:
    """Say whether a file that ``read_message`` has read is to be read here too."""
    if result.message is None or not result.message.message_type:
        return is_mt(data)
    return not is_credit_transfer(result.message.message_type)


def read_other(data: bytes, result: ReadResult) -> Reading:
    """Read a file that ``needs_reading``; whatever its bytes, this does not raise."""
    if is_mt(data):
        return _read_mt(data)
    return _read_xml(data, result)


def _read_xml(data: bytes, result: ReadResult) -> Reading:
    message = result.message
    assert message is not None
    kind = message.message_type
    findings = tuple(
        finding
        for finding in result.findings
        if finding.code != "rule.unsupported" or not kind.startswith(_READ_WITHOUT_SCHEMA)
    )
    result = msgspec.structs.replace(result, findings=findings)
    known = is_reversal(kind) or is_initiation(kind) or is_request(kind)
    if not known or not result.acceptable:
        return Reading(result, received_type=kind if is_initiation(kind) else "")
    try:
        document = find_messages(parse(data))[0].document
    except UnreadableError as error:  # It was read a moment ago.
        return Reading(ReadResult(message, (), (error.finding,)))
    if is_reversal(kind):
        transactions, sums, header = read_reversals(kind, document)
        return Reading(ReadResult(message, transactions, (*findings, *sums), header))
    if is_initiation(kind):
        result, initiated = read_initiation(message, document)
        return Reading(result, received_type=kind, initiated=initiated)
    if not message.message_id:
        identifier = message.header_id or request_id(kind, document)
        message = msgspec.structs.replace(message, message_id=identifier)
        result = msgspec.structs.replace(result, message=message)
    return Reading(result, read_request(kind, document))


def _read_mt(data: bytes) -> Reading:
    messages = read_mt(data)
    if len(messages) > 1:
        text = f"{len(messages)} messages in one file: send one a file"
        return Reading(ReadResult(None, (), (Finding("xml.several", "", 0, text, "FF01"),)))
    (mt,), (translated,) = messages, to_iso(data)
    if translated.data is None:
        last = translated.said[-1]
        code = last.code if last.code.startswith("mt.") else "mt.untranslatable"
        finding = Finding(code, last.path, last.line, last.text, "FF01")
        return Reading(ReadResult(None, (), (finding,)), received_type=mt.name)
    iso = translated.data
    if any(s.code == ASSUMED and "method INDA" in s.text for s in translated.said):
        # The MT says nothing of how it settles, and it was sent here to settle.
        iso = iso.replace(b"<SttlmMtd>INDA</SttlmMtd>", b"<SttlmMtd>CLRG</SttlmMtd>", 1)
    result = read_message(iso)
    reading = _read_xml(iso, result) if needs_reading(iso, result) else Reading(result)
    # Each of these refuses a payment; a field that is wrong in the MT is wrong in what was made of it.
    wrong = tuple(
        msgspec.structs.replace(finding, transaction=-1)
        for finding in findings_of(mt)
        if finding.reason
    )
    findings = (*wrong, *reading.result.findings)
    whole = msgspec.structs.replace(reading.result, findings=findings)
    said = [f"{s.path} {s.text}.".strip() for s in translated.said if "method INDA" not in s.text]
    return Reading(
        whole,
        reading.request,
        received_type=mt.name,
        said=tuple(said[:_SAID_MAX]),
    )
