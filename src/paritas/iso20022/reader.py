"""From the bytes of an ISO 20022 message to typed values and everything that is wrong with it.

One message goes through in windows: `read_message` takes a small file as a single one, while
`read_stream` takes a large file 1,000 transactions at a time and forgets each window before the
next. Both give the same values and the same verdict. Per window:

    parse -> schema -> rules for elements -> values -> rules for transactions
    after the last: rules that compare the whole with its headers

A small file is first given a quick look (`quick`), which knows the values of a plain and good message
without a walk over its tree, and says nothing of any other.

Nothing here raises for what is in a file: whatever is wrong becomes a finding. When the schema
finds a message wrong, its transactions are read all the same, as far as they can be, so that each
can be refused by its own status and none is lost.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from lxml import etree

from paritas.iso20022.extract import (
    GroupFields,
    HeaderFields,
    group_fields,
    header_fields,
    message_value,
    plan,
)
from paritas.iso20022.message import MessageReader, is_credit_transfer
from paritas.iso20022.parsing import (
    TREE_BYTES_MAX,
    Placed,
    UnreadableError,
    checked_start,
    find_messages,
    is_in_envelope,
    malformed,
    messages_of,
    namespace_of,
    no_document,
    parse_all,
    pull_parser,
    recovered_start,
)
from paritas.iso20022.quick import quick_look
from paritas.iso20022.values import Finding, Message, ReadResult

__all__ = [
    "FILE_BYTES_MAX",
    "WINDOW_TRANSACTIONS",
    "is_credit_transfer",
    "merge",
    "read_file",
    "read_message",
    "read_messages",
    "read_stream",
]

#: A larger file is refused unread: 100,000 transactions of three kilobytes are 300 MB.
FILE_BYTES_MAX = 1024 * 1024 * 1024

#: How many transactions of a large file are looked at together.
WINDOW_TRANSACTIONS = 1000

_BLOCK_BYTES = 256 * 1024


def read_message(data: bytes) -> ReadResult:
    """Read a file that holds one message, whatever its bytes; never raises.

    Several messages in one file are a finding (`read_messages` reads each). Data too large for
    one tree is read in windows, and what they give is put together.
    """
    if len(data) > TREE_BYTES_MAX:
        return merge(read_stream(BytesIO(data)))
    results = read_messages(data)
    if len(results) == 1:
        return results[0]
    text = f"{len(results)} messages in one file: send one a file"
    return ReadResult(results[0].message, (), (_finding("xml.several", text),))


def read_messages(data: bytes) -> list[ReadResult]:
    """Read each message of a file of at most TREE_BYTES_MAX bytes; never raises, never empty."""
    result = quick_look(data)
    if result is not None:
        return [result]
    try:
        placed = messages_of(parse_all(data))
    except UnreadableError as error:
        return [ReadResult(start_of_broken(data), (), (error.finding,))]
    return [_read_tree(each, len(data)) for each in placed]


def read_file(path: Path) -> Iterator[ReadResult]:
    """Read a file of any size that holds one message, window by window; never raises.

    What cannot be opened, a directory and the like give one result with a finding.
    """
    try:
        size = regular_file_size(path)
        with path.open("rb") as source:
            if size <= TREE_BYTES_MAX:
                yield read_message(source.read(TREE_BYTES_MAX + 1))
            else:
                yield from read_stream(source)
    except UnreadableError as error:
        yield ReadResult(None, (), (error.finding,))
    except OSError as error:
        text = f"cannot be read: {error.strerror or error}"
        yield ReadResult(None, (), (_finding("xml.unreadable", text),))


def regular_file_size(path: Path) -> int:
    """Return the size of a file that can be read here.

    Raises UnreadableError for what is no regular file or too large, OSError as the system does.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableError("xml.directory", "is a directory: name the files in it")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError("xml.unreadable", "is not a regular file: copy it into one")
    if status.st_size > FILE_BYTES_MAX:
        raise UnreadableError("xml.too_large", f"larger than {FILE_BYTES_MAX:,} bytes: split it")
    return status.st_size


def read_stream(source: BinaryIO) -> Iterator[ReadResult]:
    """Read one large pacs.008 or pacs.009 in windows of up to 1,000 transactions; never raises.

    Memory stays the same however many transactions come. Nothing may be done with a transaction
    before the last window has come, because only then is the whole message known to be good. The
    last window carries the findings about the whole.
    """
    stream = _Stream()
    try:
        yield from stream.read(source)
    except UnreadableError as error:
        message = stream.message or start_of_broken(stream.start)
        yield ReadResult(message, (), (error.finding,))
    except OSError as error:
        text = f"cannot be read: {error.strerror or error}"
        yield ReadResult(stream.message, (), (_finding("xml.unreadable", text),))


def merge(results: Iterable[ReadResult]) -> ReadResult:
    """Put the windows of one message together: the last one knows the message best."""
    windows = list(results)
    return ReadResult(
        windows[-1].message,
        tuple(each for window in windows for each in window.transactions),
        tuple(each for window in windows for each in window.findings),
        next((window.group_header for window in windows if window.group_header), b""),
    )


class _Stream:
    """Feeds a parser and moves what is complete out of its tree, window by window.

    The schema wants a whole message, so every window is checked in a frame: a copy of the
    elements around it, with the first child of the body (the group header) and the last
    transaction of the window before. A body is a group header, then any number of transactions,
    then supplementary data; after one transaction the schema expects the same as after many, so
    the frames are all valid exactly if the whole is.
    """

    def __init__(self) -> None:
        self.start = b""
        self.message: Message | None = None
        self._reader: MessageReader | None = None
        self._live: etree._Element | None = None
        self._frame: etree._Element | None = None

    def read(self, source: BinaryIO) -> Iterator[ReadResult]:
        parser = pull_parser()
        started: Any = parser.read_events()
        read_bytes = waiting_bytes = 0
        try:
            while block := source.read(_BLOCK_BYTES):
                read_bytes += len(block)
                waiting_bytes += len(block)
                if not self.start:
                    block = self.start = checked_start(block)
                parser.feed(block)
                for event in started:
                    self._begin(event[1])
                for window in self._complete_windows(waiting_bytes):
                    waiting_bytes = 0
                    yield window
                if waiting_bytes > TREE_BYTES_MAX:
                    text = f"one element of more than {TREE_BYTES_MAX:,} bytes: send it otherwise"
                    raise UnreadableError("xml.too_large", text)
                if read_bytes > FILE_BYTES_MAX:
                    text = f"larger than {FILE_BYTES_MAX:,} bytes: split it"
                    raise UnreadableError("xml.too_large", text)
            checked_start(self.start)
            parser.close()
        except etree.XMLSyntaxError as error:
            raise malformed(error) from None
        yield self._last_window(waiting_bytes)

    def _begin(self, document: etree._Element) -> None:
        """Take note of a Document that has just begun; its header is complete by then."""
        if not is_in_envelope(document):
            return
        if self._live is not None:
            raise UnreadableError("xml.several", "several messages in one file: send one a file")
        tree = document.getroottree()
        if tree.docinfo.internalDTD is not None:
            raise UnreadableError("xml.doctype", "has a DOCTYPE: take it out")
        placed = messages_of(tree.getroot())[0]
        self._reader = MessageReader(placed)
        self._live = document
        self.message = self._reader.message
        if not is_credit_transfer(placed.message_type):
            text = f"a {placed.message_type} of more than {TREE_BYTES_MAX:,} bytes: split it"
            raise UnreadableError("xml.too_large", text)

    def _complete_windows(self, waiting_bytes: int) -> Iterator[ReadResult]:
        """Yield the windows that are full; the last child of the body may still be growing."""
        if self._live is None or not len(self._live):
            return
        body = self._live[0]
        while len(body) > (wanted := WINDOW_TRANSACTIONS + (self._frame is None)):
            yield self._window(list(islice(body, wanted)), waiting_bytes)
        # A group header alone would not be a whole message for the schema.
        least = 1 if self._frame is not None else 2
        if waiting_bytes > TREE_BYTES_MAX // 2 and len(body) > least:
            yield self._window(list(body)[:-1], waiting_bytes)

    def _window(self, children: list[etree._Element], size_bytes: int) -> ReadResult:
        assert self._reader is not None and self._live is not None
        serialised = self._reader.fragments(children)
        if self._frame is None:
            self._frame = _empty_copy(self._live)
        document = self._frame
        body = document[0]
        tag = self._reader.plan.transaction_tag
        kept = sum(1 for _ in body.iterchildren(tag))
        body.extend(children)
        result = self._reader.window(document, children, serialised, size_bytes, kept)
        self.message = result.message
        _forget(body, tag)
        return result

    def _last_window(self, size_bytes: int) -> ReadResult:
        if self._live is None or self._reader is None:
            raise no_document()
        if not len(self._live):
            return self._reader.window(self._live, (), (), size_bytes)
        body, *others = self._live
        if self._frame is None:
            self._frame = _empty_copy(self._live)
        self._frame[0].tail = body.tail
        self._frame.extend(others)
        result = self._window(list(body), size_bytes)
        findings = (*result.findings, *self._reader.finish(self._frame))
        return msgspec.structs.replace(result, findings=findings)


def _read_tree(placed: Placed, size_bytes: int) -> ReadResult:
    """Read a message whose whole tree is there, as one window."""
    reader = MessageReader(placed)
    document = placed.document
    children = list(document[0]) if len(document) else []
    result = reader.window(document, children, reader.fragments(children), size_bytes)
    findings = (*result.findings, *reader.finish(document))
    return msgspec.structs.replace(result, findings=findings)


def _finding(code: str, text: str) -> Finding:
    return Finding(code, "", 0, text, "FF01")


def start_of_broken(data: bytes) -> Message | None:
    """Read the start of a file that cannot be read whole: what it is and who sent it, or None.

    So that the refusal reaches them.
    """
    root = recovered_start(data)
    if root is None:
        return None
    try:
        placed = next(iter(find_messages(root)), None)
    except UnreadableError:
        return None
    header = next(root.iter("{*}AppHdr"), None) if placed is None else placed.header
    fields, group = HeaderFields(), GroupFields()
    if header is not None:
        fields = header_fields(header, plan("", namespace_of(header)), [])
    if placed is None:
        return None if header is None else message_value(fields.definition, fields, group)
    document_plan = plan("", namespace_of(placed.document))
    for child in placed.document[0] if len(placed.document) else ():
        if child.tag in document_plan.groups:
            group = group_fields(child, document_plan, [])
            break
    return message_value(placed.message_type, fields, group)


def _empty_copy(document: etree._Element) -> etree._Element:
    """Copy a Document and its body with their attributes and texts, but without what is in it."""
    body = document[0]
    copied = etree.Element(document.tag, nsmap=_namespaces(document))
    copied_body = etree.SubElement(copied, body.tag, nsmap=_namespaces(body))
    for original, copy in ((document, copied), (body, copied_body)):
        copy.text = original.text
        copy.sourceline = original.sourceline
        for name, value in original.items():
            copy.set(name, value)
    return copied


def _namespaces(element: etree._Element) -> Any:
    # The stubs do not know that None, the default prefix, may be among the keys.
    return element.nsmap


def _forget(body: etree._Element, transaction_tag: str) -> None:
    """Leave in a frame only what the next window needs before it to be a whole message."""
    children = list(body)
    transactions = list(body.iterchildren(transaction_tag))
    kept = {*children[:1], *children[-1:], *transactions[-1:]}
    for child in children:
        if child not in kept:
            body.remove(child)
