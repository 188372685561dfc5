"""MT messages as bytes, in the form in which the network delivers them (an output message)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paritas.model.parties import is_bic, normalise_bic
from paritas.mt.parsing import MtMessage
from paritas.mt.values import guard_lines, utc_minute

_SESSION = "0000000000"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around the fields: sender and receiver are BICs, ``sent`` an ISO date and time.

    The header has the time in UTC, which is how it is read again.
    """

    number: str
    sender: str = ""
    receiver: str = ""
    sent: str = ""
    #: "N" normal or "U" urgent.
    priority: str = "N"
    user_header: Mapping[str, str] = {}


def write_mt(envelope: Envelope, fields: Sequence[tuple[str, str]]) -> bytes:
    """Write tags and values as one message with CRLF line ends.

    A sender or receiver that is not known is all X in its header block, which is no institution's. A
    line that would read as a field or as the end loses its first character to a point, as in CBPR+.
    """
    day, clock = utc_minute(envelope.sent)
    day, clock = day or "000000", clock or "0000"
    head = (
        f"{{1:F01{terminal(envelope.receiver)}{_SESSION}}}"
        f"{{2:O{envelope.number}{clock}{day}{terminal(envelope.sender)}{_SESSION}{day}{clock}"
        f"{envelope.priority}}}"
    )
    user = "".join(f"{{{tag}:{text}}}" for tag, text in envelope.user_header.items() if text)
    if user:
        head += f"{{3:{user}}}"
    lines = [f":{tag}:{_value(value)}" for tag, value in fields if value]
    return "\r\n".join([head + "{4:", *lines, "-}"]).encode("ascii", "replace")


def rewrite(message: MtMessage) -> bytes:
    """Write a message that was read again, its blocks as they were and its fields as they are."""
    head = ""
    if message.basic_header:
        head += f"{{1:{message.basic_header}}}"
    if message.application_header:
        head += f"{{2:{message.application_header}}}"
    if message.user_header:
        head += "{3:" + "".join(f"{{{t}:{v}}}" for t, v in message.user_header.items()) + "}"
    lines = [f":{field.tag}:{field.value}".replace("\n", "\r\n") for field in message.fields]
    tail = "-}"
    if message.trailer:
        tail += "{5:" + "".join(f"{{{t}:{v}}}" for t, v in message.trailer.items()) + "}"
    return "\r\n".join([head + "{4:", *lines, tail]).encode("utf-8")


def terminal(bic: str) -> str:
    """Return the twelve characters of an institution's logical terminal, all X for none."""
    full = normalise_bic(bic) if is_bic(bic) else "X" * 11
    return f"{full[:8]}X{full[8:]}"


def _value(value: str) -> str:
    first, line_end, rest = value.partition("\n")
    return (first + line_end + guard_lines(rest)).replace("\n", "\r\n")
