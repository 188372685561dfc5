"""Bytes to XML tree, hardened, and where in the tree the message lies.

What is refused before anything reads it: bytes that are not UTF-8 (whatever they declare), any
DOCTYPE, more bytes than the cap. Entities are never resolved, nothing is fetched, nesting ends at
libxml2's 256 levels. Comments and processing instructions are left out, because an element's text
would otherwise end at the first of them.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from lxml import etree

from paritas.iso20022.values import Finding

#: libxml2's tree takes up to thirty times the bytes, so a tree of the whole is for small files.
TREE_BYTES_MAX = 16 * 1024 * 1024

# Real messages take up to fourteen times their bytes, with every element on a line of its own.
_TREE_RATIO_MAX = 16
_DENSE_BYTES = 1024 * 1024

#: A file with more messages than these is refused whole.
MESSAGES_MAX = 1000

#: A message whose tree has more transactions than these is refused whole.
PARTS_MAX = 100_000

#: How deep in envelopes a Document may lie (a SWIFT DataPDU has it on the third level).
_ENVELOPE_DEPTH_MAX = 8

#: How every parser here is made.
OPTIONS: dict[str, Any] = {
    # The parser is told the encoding, so no declaration can make it read the bytes otherwise.
    "encoding": "UTF-8",
    "remove_comments": True,
    "remove_pis": True,
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "no_network": True,
    "huge_tree": False,
    "collect_ids": False,
}
_PARSER = etree.XMLParser(**OPTIONS)
_DECLARATION_BYTES_MAX = 256
_NAMESPACE_MAX = 100
_DECLARED_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([^"']*)["']""")
# Possessive throughout: a hostile prologue must not make it backtrack.
_PROLOGUE_WITH_DOCTYPE = re.compile(rb"(?:\s++|<\?(?>.*?\?>)|<!--(?>.*?-->))*+<!DOCTYPE", re.DOTALL)
_DECLARATION = re.compile(rb"<\?xml\s[^<>\r\n]*?\?>")
# Something after the first root, and an XML declaration that is not at the start.
_SEVERAL_ROOTS = frozenset(
    {etree.ErrorTypes.ERR_DOCUMENT_END, etree.ErrorTypes.ERR_RESERVED_XML_NAME}
)
_MESSAGE_TYPE = re.compile(r"urn:.*[:$]([a-z]{4}\.\d{3}\.\d{3}\.\d{2})", re.ASCII)
_MESSAGE_DEFINITION = re.compile(r"[a-z]{4}\.\d{3}\.\d{3}\.\d{2}", re.ASCII)


class UnreadableError(Exception):
    """The bytes are not a message; ``finding`` says why. It never leaves the reader."""

    def __init__(self, code: str, text: str, line: int = 0, cause: int = 0) -> None:
        super().__init__(text)
        #: libxml2's number for what is wrong, if it was libxml2 that found it.
        self.cause = cause
        self.finding = Finding(code=code, path="", line=line, text=text, reason="FF01")


class Placed(NamedTuple):
    """A Document in its file, with the AppHdr that precedes it, and the type that it says it is."""

    document: etree._Element
    header: etree._Element | None
    message_type: str


def pull_parser() -> etree.XMLPullParser:
    """Return a parser with the same defences that is fed in blocks and reports each Document."""
    return etree.XMLPullParser(events=("start",), tag="{*}Document", **OPTIONS)


def parse(data: bytes, bytes_max: int = TREE_BYTES_MAX) -> etree._Element:
    """Parse a whole file; raises UnreadableError for what is not well-formed or not allowed."""
    if len(data) > bytes_max:
        raise UnreadableError("xml.too_large", f"larger than {bytes_max:,} bytes: split it")
    data = checked_start(data)
    if b"\0" in data:
        raise UnreadableError("xml.encoding", "zero bytes in it: send UTF-8")
    if len(data) > _DENSE_BYTES and _tree_bytes(data) > _TREE_RATIO_MAX * len(data):
        raise UnreadableError("xml.too_dense", "hardly anything but tags in it: no message is so")
    try:
        return etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        raise malformed(error) from None


def _tree_bytes(data: bytes) -> int:
    """Estimate what libxml2's tree of a file takes, from what it has of each kind of node."""
    elements = data.count(b"<") - data.count(b"</")
    texts = data.count(b">") - data.count(b"><")
    attributes = data.count(b'="') + data.count(b"='")
    return 120 * elements + 144 * texts + 220 * attributes


def parse_all(data: bytes, bytes_max: int = TREE_BYTES_MAX) -> etree._Element:
    """Do as ``parse``, and take as one what several documents in a row make: below a new root.

    Files that are put together of others have no root around them, nor has a message whose header
    stands before its Document with no envelope. Lines stay what they are in the file.
    """
    try:
        return parse(data, bytes_max)
    except UnreadableError as error:
        if error.cause not in _SEVERAL_ROOTS:
            raise
        data = checked_start(data)
        rooted = _DECLARATION.sub(lambda found: b" " * len(found[0]), data)
        try:
            root = etree.fromstring(b"<Documents>" + rooted + b"</Documents>", _PARSER)
        except etree.XMLSyntaxError:
            raise error from None
        if len(root) < 2:
            raise
        return root


def checked_start(data: bytes) -> bytes:
    """Refuse what the first bytes of a file already tell; returns them without byte order mark.

    Raises UnreadableError for nothing at all, another encoding than UTF-8, and a DOCTYPE.
    """
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    if not data or data.isspace():
        raise UnreadableError("xml.empty", "nothing in it: send one XML message")
    if data.startswith((b"\0", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or data[1:2] == b"\0":
        raise UnreadableError("xml.encoding", "not UTF-8 (zero bytes or UTF-16): send UTF-8")
    if data.startswith(b"<?xml"):
        end = data.find(b"?>", 0, _DECLARATION_BYTES_MAX)
        if end < 0:
            raise UnreadableError("xml.malformed", "the XML declaration does not end", 1)
        _refuse_other_encoding(data[:end])
    # To look for one character first is faster.
    if b"!" in data and b"<!DOCTYPE" in data and _PROLOGUE_WITH_DOCTYPE.match(data):
        raise UnreadableError("xml.doctype", "has a DOCTYPE: take it out")
    return data


@lru_cache(maxsize=64)
def _refuse_other_encoding(declaration: bytes) -> None:
    match = _DECLARED_ENCODING.search(declaration)
    if match is not None and match[1].upper() != b"UTF-8":
        declared = match[1].decode("ascii", "replace")
        raise UnreadableError("xml.encoding", f"declares {declared}: send UTF-8", 1)


def malformed(error: etree.XMLSyntaxError) -> UnreadableError:
    """Turn the parser's complaint into ours."""
    text = (error.msg or "not XML").partition(", line ")[0]
    said = f"not well-formed XML: {text}"[:300]
    cause: Any = getattr(error, "code", 0)
    return UnreadableError("xml.malformed", said, error.lineno or 0, cause or 0)


def recovered_start(data: bytes) -> etree._Element | None:
    """Return what can be read of the start of a broken file, only to learn who sent it."""
    parser = etree.XMLParser(recover=True, **OPTIONS)
    try:
        return etree.fromstring(checked_start(data[:65536]), parser)
    except (UnreadableError, etree.XMLSyntaxError):
        return None


def find_messages(root: etree._Element) -> list[Placed]:
    """Find each Document below any envelope, in order, with the AppHdr before it.

    A Document or AppHdr inside a Document or AppHdr is content and not looked at here. Raises
    UnreadableError for more than MESSAGES_MAX.
    """
    children = list(islice(root, 3))
    if [local_name(child) for child in children] == ["AppHdr", "Document"] and (
        local_name(root) not in ("AppHdr", "Document")
    ):
        # By far the most common, and no look into the Document is needed.
        header, document = children
        return [Placed(document, header, message_type_of(document, header))]
    found: list[Placed] = []
    waiting: etree._Element | None = None
    for number, element in enumerate(root.iter("{*}Document", "{*}AppHdr")):
        if number > 4 * MESSAGES_MAX:
            raise _too_many_messages()
        if not is_in_envelope(element):
            continue
        if local_name(element) == "AppHdr":
            waiting = element
            continue
        found.append(Placed(element, waiting, message_type_of(element, waiting)))
        waiting = None
        if len(found) > MESSAGES_MAX:
            raise _too_many_messages()
    return found


def _too_many_messages() -> UnreadableError:
    text = f"more than {MESSAGES_MAX:,} messages in one file: send them in several"
    return UnreadableError("xml.several", text)


def messages_of(root: etree._Element) -> list[Placed]:
    """Find the messages of a file; raises UnreadableError if it has none, or one too large."""
    placed = find_messages(root)
    if not placed:
        raise no_document()
    for each in placed:
        if not each.message_type:
            namespace = namespace_of(each.document) or "no namespace"
            text = f"Document is of {namespace}, which is no ISO 20022 message"
            raise UnreadableError("xml.no_document", text, line_of(each.document))
        if max(len(each.document), len(each.document) and len(each.document[0])) > PARTS_MAX:
            text = f"a message of more than {PARTS_MAX:,} transactions: split it"
            raise UnreadableError("xml.too_large", text, line_of(each.document))
    return placed


def no_document() -> UnreadableError:
    """Say that a file has no message in it."""
    return UnreadableError("xml.no_document", "has no ISO 20022 Document in it")


def is_in_envelope(element: etree._Element) -> bool:
    """Say whether a Document or AppHdr is a message's own, and no content of another."""
    around = [local_name(ancestor) for ancestor in element.iterancestors()]
    return len(around) <= _ENVELOPE_DEPTH_MAX and not {"Document", "AppHdr"}.intersection(around)


def message_type_of(document: etree._Element, header: etree._Element | None) -> str:
    """Return the type that the namespace says; without one, the header's MsgDefIdr; or ``""``."""
    namespace = namespace_of(document)
    if namespace:
        return type_of_namespace(namespace)
    definition = "" if header is None else header.findtext("{*}MsgDefIdr") or ""
    return definition if _MESSAGE_DEFINITION.fullmatch(definition) else ""


def type_of_namespace(namespace: str) -> str:
    """Return the message type at the end of a namespace, or ``""``."""
    return _type_of_short(namespace) if len(namespace) <= _NAMESPACE_MAX else ""


@lru_cache(maxsize=1024)  # Bounded in number and length, because namespaces come from outside.
def _type_of_short(namespace: str) -> str:
    match = _MESSAGE_TYPE.fullmatch(namespace)
    return match[1] if match else ""


def local_name(element: etree._Element) -> str:
    """Return the tag without its namespace; ``""`` for what is no element (an entity)."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def line_of(element: etree._Element) -> int:
    """Return the line of the file on which an element begins, 0 where it is not known."""
    line: Any = element.sourceline
    return int(line or 0)


def namespace_of(element: etree._Element) -> str:
    """Return the namespace of the tag, or ``""``."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag[0] == "{" else ""
