"""The gate: no message leaves but through its schema.

The schema itself (``checked``) decides about each shape of document that is new, and about each
text that is out of the ordinary; the rest matches a form of what it has accepted (see ``forms``).
A message of many entries is held in pieces: its beginning with its end tags, and each entry in
such a frame, because the schemas let entries repeat without regard for one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, cast

from lxml import etree

from paritas.iso20022.forms import Form, document_forms
from paritas.iso20022.schemas import schema

HEADER_TYPE = "head.001.001.02"
ENVELOPE = "BusinessMessage"

# The elements that occur once per payment. Builders write each in one string.
_ENTRIES = {f"\n<{tag}>": tag for tag in ("Ntry", "TxInfAndSts", "CdtTrfTxInf")}
_ENTRY_STARTS = tuple(_ENTRIES)

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


def checked(message_type: str, data: bytes) -> bytes:
    """Return ``data`` unchanged if it is valid: ``Document`` and, in an envelope, ``AppHdr``.

    Raises OutboundInvalidError with the schema's line and words if not.
    """
    root = _parse(message_type, data)
    if root.tag == ENVELOPE:
        header, body = root
        _check(HEADER_TYPE, header)
        _check(message_type, body)
    else:
        _check(message_type, root)
    return data


def passed(message_type: str, parts: Iterable[str]) -> Iterator[str]:
    """Yield the text of one ``Document`` (or ``AppHdr``), each part once it is known to be valid.

    The memory is that of its beginning and end and of one entry. Raises OutboundInvalidError,
    without a line, at the first part that is not valid.
    """
    rest = iter(parts)
    before: list[str] = []
    for first in rest:
        if first.startswith(_ENTRY_STARTS):
            break
        before.append(first)
    else:
        yield _passed_whole(message_type, "".join(before))
        return
    beginning = "".join(before)
    frame = _passed_frame(message_type, beginning, first)
    if frame is None or frame.entries is None:
        yield _passed_whole(message_type, "".join((beginning, first, *rest)))
        return
    yield beginning
    known = frame.entries
    for number, part in enumerate(chain((first,), rest), 1):
        if known.match(part) is None:
            if not part.startswith(_ENTRY_STARTS):
                end = "".join((part, *rest))
                if end != frame.closing:
                    _hold(message_type, beginning + first + end, "after the entries: ")
                yield end
                return
            _hold(message_type, f"{beginning}{part}{frame.closing}", f"near entry {number}: ")
            known.learn(part)
        yield part
    _hold(message_type, beginning + first, "after the entries: ")


def _passed_frame(message_type: str, beginning: str, first: str) -> Form | None:
    """Return the form of a valid beginning, None if the schema must see all that follows too."""
    known = document_forms(message_type, _ENTRIES[first[: first.index(">") + 1]])
    frame = known.match(beginning)
    if frame is None:
        frame = known.of(beginning)
        if frame is not None:
            _hold(message_type, f"{beginning}{first}{frame.closing}", "near entry 1: ")
            known.learn(beginning)
    return frame


def _passed_whole(message_type: str, text: str) -> str:
    known = document_forms(message_type)
    if known.match(text) is None:
        _hold(message_type, text)
        known.learn(text)
    return text


def _hold(message_type: str, text: str, where: str = "") -> None:
    """Hold a text that stands for a part of a message against the schema itself."""
    try:
        checked(message_type, text.encode())
    except OutboundInvalidError as error:
        raise OutboundInvalidError(message_type, 0, where + error.detail) from None


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
