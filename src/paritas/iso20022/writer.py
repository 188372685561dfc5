"""Writing XML: escaped text in schema order, and the check that every message passes to get out.

Builders compose strings with ``leaf`` and ``branch`` in the order of the schema; an element whose
text or content is empty is left out, so optional fields need no conditions. What a builder returns
is a ``Draft``: it can be had as bytes or written to a file, and both ways lead through the schema.
No namespace prefix occurs anywhere: ``Document`` and ``AppHdr`` each declare a default namespace.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import BinaryIO

import msgspec

from paritas.iso20022.gate import ENVELOPE, HEADER_TYPE, OutboundInvalidError, checked, passed
from paritas.iso20022.schemas import namespace
from paritas.model.money import format_amount

NOT_PROVIDED = "NOTPROVIDED"
TRUNCATED = "…"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# XML 1.0 allows no control characters but tab, line feed and carriage return, no surrogates and
# not the last two code points of the plane. A bare carriage return would be read back as a line
# feed, so it needs a reference too.
_UNSAFE = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_find_unsafe = _UNSAFE.search
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}

_BIC = re.compile("[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_UETR = re.compile("[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}")
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}" + _ZONE)
_TIME = re.compile(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?" + _ZONE)

_CHUNK_CHARACTERS = 1 << 16


class Header(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The business application header (head.001.001.02): sender and receiver are BICs."""

    sender: str
    receiver: str
    identifier: str
    #: ISO date and time with zone, for example "2026-11-23T10:00:00Z".
    created: str
    business_service: str = ""


def escape(text: str) -> str:
    """Return ``text`` as XML character data that reads back the same, in text or attribute.

    Characters that XML 1.0 cannot carry at all become U+FFFD, the replacement character.
    """
    return _UNSAFE.sub(lambda match: _REFERENCES.get(match[0], "\ufffd"), text)


def leaf(tag: str, text: str, length: int = sys.maxsize) -> str:
    """Return an element with escaped text, cut as ``clip`` does, or nothing if there is no text."""
    if not text:
        return ""
    if len(text) > length:
        text = clip(text, length)
    # Nearly every text is safe, and this is called some twenty times for each message.
    return f"<{tag}>{text if _find_unsafe(text) is None else escape(text)}</{tag}>"


def branch(tag: str, *content: str) -> str:
    """Return an element around written content, or nothing if all of it is empty."""
    inner = "".join(content)
    return f"<{tag}>{inner}</{tag}>" if inner else ""


def clip(text: str, length: int) -> str:
    """Return ``text`` cut to ``length`` characters; a cut is marked by a last "…"."""
    return text if len(text) <= length else text[: length - 1] + TRUNCATED


def pieces(text: str, length: int, most: int) -> list[str]:
    """Split ``text`` after spaces into at most ``most`` pieces of at most ``length`` characters.

    The pieces joined without anything between them give ``text`` again. What does not fit in them
    is cut and the cut marked by "…".
    """
    result: list[str] = []
    start = 0
    while len(text) - start > length and len(result) < most - 1:
        end = text.rfind(" ", start, start + length) + 1
        if end <= start:
            end = start + length
        result.append(text[start:end])
        start = end
    if start < len(text):
        result.append(clip(text[start:], length))
    return result


def leaves(tag: str, text: str, length: int, most: int) -> str:
    """Return ``text`` in up to ``most`` elements of at most ``length`` characters each."""
    if 0 < len(text) <= length:
        return leaf(tag, text)
    return "".join(leaf(tag, piece) for piece in pieces(text, length, most))


def amount(tag: str, amount_minor: int, currency: str) -> str:
    """Return an amount element: ``("Amt", 1250, "INR")`` gives ``<Amt Ccy="INR">12.50</Amt>``."""
    return f'<{tag} Ccy="{currency}">{format_amount(amount_minor, currency)}</{tag}>'


@lru_cache(maxsize=65536)
def agent(tag: str, bic: str) -> str:
    """Return an institution named by its BIC, or nothing if ``bic`` cannot be one."""
    if _BIC.fullmatch(bic) is None:
        return ""
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>"


def uetr(tag: str, text: str) -> str:
    """Return a UETR element, or nothing if ``text`` is not one as the schemas want it."""
    return f"<{tag}>{text}</{tag}>" if _UETR.fullmatch(text) else ""


@lru_cache(maxsize=65536)
def valid_date(text: str) -> str:
    """Return ``text`` if it is an ISO date as XML Schema knows it, else ""."""
    if _DATE.fullmatch(text) is None:
        return ""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return ""
    return text


@lru_cache(maxsize=65536)
def valid_time(text: str) -> str:
    """Return ``text`` if it is an ISO date and time as XML Schema knows it, else ""."""
    if _TIME.fullmatch(text) is None:
        return ""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text


class Draft:
    """A message that is built but has not left; every way out leads through its schema.

    ``parts`` are the text of the ``Document`` element in order and may be a generator, so that a
    message of any size is written in constant memory; they are consumed by the first way out.
    An entry that occurs once per payment is one part, alone, and begins with a line feed.
    With a header, ``<BusinessMessage>`` (in no namespace) holds ``AppHdr`` and ``Document``.
    """

    __slots__ = ("header", "message_type", "parts")

    def __init__(self, message_type: str, parts: Iterable[str], header: Header | None) -> None:
        self.message_type, self.parts, self.header = message_type, parts, header

    def checked(self) -> bytes:
        """Return the whole message. Raises OutboundInvalidError if it breaks its schema."""
        before, header, after = self._frame()
        parts = list(self.parts)
        data = "".join((_DECLARATION, before, header, *parts, after)).encode()
        try:
            self._pass_header(header)
            for _ in passed(self.message_type, parts):
                pass
        except OutboundInvalidError:
            # The schema's own words about the whole message, with its lines.
            checked(self.message_type, data)
        return data

    def write(self, file: BinaryIO) -> None:
        """Write the message to ``file`` chunk by chunk, each checked before it is written.

        Raises OutboundInvalidError where the schema is broken; ``file`` then holds a beginning only,
        so write beside the place where the message is to appear, and rename.
        """
        before, header, after = self._frame()
        self._pass_header(header)
        file.write((_DECLARATION + before + header).encode())
        for chunk in _chunks(passed(self.message_type, self.parts)):
            file.write(chunk)
        file.write(after.encode())

    def _frame(self) -> tuple[str, str, str]:
        if self.header is None:
            return "", "", ""
        return f"<{ENVELOPE}>", _app_hdr(self.header, self.message_type), f"</{ENVELOPE}>"

    def _pass_header(self, header: str) -> None:
        if header:
            for _ in passed(HEADER_TYPE, (header,)):
                pass


def document(message_type: str, root: str, content: Iterable[str]) -> Iterator[str]:
    """Yield the parts of a ``Document`` whose one child ``root`` holds ``content``."""
    yield f'<Document xmlns="{namespace(message_type)}"><{root}>'
    yield from content
    yield f"</{root}></Document>"


def _app_hdr(header: Header, message_type: str) -> str:
    return "".join(
        (
            f'<AppHdr xmlns="{namespace(HEADER_TYPE)}">',
            branch("Fr", agent("FIId", header.sender)),
            branch("To", agent("FIId", header.receiver)),
            leaf("BizMsgIdr", header.identifier),
            leaf("MsgDefIdr", message_type),
            leaf("BizSvc", header.business_service),
            leaf("CreDt", header.created),
            "</AppHdr>",
        )
    )


def _chunks(parts: Iterable[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    characters = 0
    for part in parts:
        waiting.append(part)
        characters += len(part)
        if characters >= _CHUNK_CHARACTERS:
            yield "".join(waiting).encode()
            waiting.clear()
            characters = 0
    yield "".join(waiting).encode()
