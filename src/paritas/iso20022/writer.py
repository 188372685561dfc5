"""Writing XML: escaped text in schema order, and the check that every message passes to get out.

Builders compose strings with ``leaf`` and ``branch`` in the order of the schema; an element whose
text or content is empty is left out, so optional fields need no conditions. What a builder returns
is a ``Draft``: it can be had as bytes or written to a file, and both ways lead through the schema.
No namespace prefix occurs anywhere: ``Document`` and ``AppHdr`` each declare a default namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, BinaryIO, cast

import msgspec
from lxml import etree

from paritas.iso20022.schemas import namespace, schema
from paritas.model.money import format_amount

HEADER_TYPE = "head.001.001.02"
NOT_PROVIDED = "NOTPROVIDED"
TRUNCATED = "…"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ENVELOPE = "BusinessMessage"

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

# The elements that occur once per payment: in a stream they are forgotten as soon as checked.
_REPEATED = ("{*}TxInfAndSts", "{*}Ntry", "{*}CdtTrfTxInf")
_CHUNK_CHARACTERS = 1 << 16

# What we check is what we wrote, so external entities cannot occur; closed all the same.
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


class OutboundInvalidError(Exception):
    """A message that we built does not satisfy its own schema: a broken law, never bad input.

    ``message_type`` names the schema, ``line`` (0 where unknown) and ``detail`` what it objects to.
    """

    def __init__(self, message_type: str, line: int, detail: str) -> None:
        self.message_type, self.line, self.detail = message_type, line, detail
        super().__init__(
            f"{message_type} was not sent: line {line}: {detail}: correct its builder or its input"
        )

    def __reduce__(self) -> tuple[type[OutboundInvalidError], tuple[str, int, str]]:
        return type(self), (self.message_type, self.line, self.detail)


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


def leaf(tag: str, text: str) -> str:
    """Return an element with escaped text, or nothing if there is no text."""
    if not text:
        return ""
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
    With a header, ``<BusinessMessage>`` (in no namespace) holds ``AppHdr`` and ``Document``.
    """

    __slots__ = ("header", "message_type", "parts")

    def __init__(self, message_type: str, parts: Iterable[str], header: Header | None) -> None:
        self.message_type, self.parts, self.header = message_type, parts, header

    def checked(self) -> bytes:
        """Return the whole message. Raises OutboundInvalidError if it breaks its schema."""
        before, after = self._frame()
        text = "".join((_DECLARATION, before, *self.parts, after))
        return checked(self.message_type, text.encode())

    def write(self, file: BinaryIO) -> None:
        """Write the message to ``file`` chunk by chunk, each checked before it is written.

        Raises OutboundInvalidError where the schema is broken; ``file`` then holds a beginning only,
        so write beside the place where the message is to appear, and rename.
        """
        before, after = self._frame()
        if before:
            header = before.removeprefix(f"<{_ENVELOPE}>")
            _check(HEADER_TYPE, _parse(HEADER_TYPE, header.encode()))
        file.write((_DECLARATION + before).encode())
        for chunk in _checked_chunks(self.message_type, _chunks(self.parts)):
            file.write(chunk)
        file.write(after.encode())

    def _frame(self) -> tuple[str, str]:
        if self.header is None:
            return "", ""
        return f"<{_ENVELOPE}>{_app_hdr(self.header, self.message_type)}", f"</{_ENVELOPE}>"


def document(message_type: str, root: str, content: Iterable[str]) -> Iterator[str]:
    """Yield the parts of a ``Document`` whose one child ``root`` holds ``content``."""
    yield f'<Document xmlns="{namespace(message_type)}"><{root}>'
    yield from content
    yield f"</{root}></Document>"


def checked(message_type: str, data: bytes) -> bytes:
    """Return ``data`` unchanged if it is valid: ``Document`` and, in an envelope, ``AppHdr``.

    Raises OutboundInvalidError with the schema's line and words if not.
    """
    root = _parse(message_type, data)
    if root.tag == _ENVELOPE:
        header, body = root
        _check(HEADER_TYPE, header)
        _check(message_type, body)
    else:
        _check(message_type, root)
    return data


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


def _parse(message_type: str, data: bytes) -> etree._Element:
    try:
        return etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        raise OutboundInvalidError(message_type, error.lineno or 0, error.msg) from error


def _check(message_type: str, element: etree._Element) -> None:
    validator = schema(message_type)
    if not validator.validate(element):
        first = cast(Sequence[Any], validator.error_log)[0]
        raise OutboundInvalidError(message_type, first.line, first.message)


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


def _checked_chunks(message_type: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each chunk once the validating parser has accepted it, keeping no tree."""
    parser = etree.XMLPullParser(events=("end",), tag=_REPEATED, schema=schema(message_type))
    entries = 0
    try:
        for chunk in chunks:
            parser.feed(chunk)
            # What is not well-formed raises at once, what breaks the schema only when the parser
            # is closed; the log knows it before the chunk leaves.
            if errors := cast(Sequence[Any], parser.feed_error_log):
                raise OutboundInvalidError(
                    message_type, 0, f"near entry {entries + 1}: {errors[0].message}"
                )
            for _, element in parser.read_events():
                entries += 1
                _forget(element)
            yield chunk
        parser.close()
    except etree.XMLSyntaxError as error:
        detail = f"near entry {entries + 1}: {error.msg}"
        raise OutboundInvalidError(message_type, error.lineno or 0, detail) from error


def _forget(element: object) -> None:
    """Empty a checked element and drop its elder siblings, so that memory stays constant."""
    assert isinstance(element, etree._Element)
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]
