"""A quick look at a good pacs.008 or pacs.009: the same values without a walk over its tree.

Most messages are good, and most of what one sender sends has the same tags in the same order, with
other texts. Their text is cut into tags and texts, the tags are the shape of the message
(`shapes`), and the shape says which of the texts is which field, and which must keep which rule.
lxml parses the message and holds it against its schema. When it has accepted a shape often enough,
the shape becomes one pattern that does all of that (`patterns`), and lxml is not asked any more.

To cut is only right where a text between two tags is exactly what the parser makes of it, so the
look is at plain text only: no reference, comment, CDATA section, processing instruction or
carriage return anywhere, and no ``>`` but at the end of a tag. In a well-formed file of that kind
``<`` stands only where a tag begins; so if ``>`` stands there as often, it ends those tags and is
in no text and no attribute.

The look tells only of messages with which all is well. For any other it returns None, and the
reader takes its full way, which finds out what is wrong and where.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial

from lxml import etree

from paritas.iso20022 import rules
from paritas.iso20022.element_rules import TEXT_MAX
from paritas.iso20022.extract import (
    GroupFields,
    HeaderFields,
    message_value,
    plain_group,
    transaction_of_texts,
)
from paritas.iso20022.parsing import Placed, UnreadableError, find_messages, parse
from paritas.iso20022.patterns import (
    Patterns,
    Taker,
    TransactionPattern,
    start_pattern,
    transaction_pattern,
)
from paritas.iso20022.shapes import (
    GROUP_TAG,
    TRANSACTION_TAG,
    Fields,
    StartShape,
    TransactionShape,
    cut,
    start_shape,
    transaction_shape,
)
from paritas.iso20022.tables import SEPARATOR
from paritas.iso20022.values import Message, ReadResult, Transaction

#: How many transactions are read, and proved if they are of no known pattern, at a time.
_TOGETHER = 100

_TRANSACTION_END = "</CdtTrfTxInf>"
_WHITE_SPACE = " \t\n"
_DECLARATION = re.compile(
    r"""<\?xml version=(?:"1\.0"|'1\.0')(?: encoding=(?:"(?:UTF|utf)-8"|'(?:UTF|utf)-8'))?[ \t\n]*\?>"""
)
# Beyond U+00FF: what XML forbids, and patterns do not look for.
_find_forbidden = re.compile("[\ufffe\uffff]").search


class _NotPlainError(Exception):
    """The message is not for a quick look; it never leaves this module."""


def quick_look(data: bytes) -> ReadResult | None:
    """Read a file of one message, if it is plain and nothing is wrong with it.

    Returns just what the reader's full way would, which then has no findings, or None.
    """
    try:
        return _look(data.decode())
    except (_NotPlainError, UnicodeDecodeError, UnreadableError):
        return None


def _look(text: str) -> ReadResult | None:
    begin = text.find(TRANSACTION_TAG)
    if begin < 0 or not (text.isascii() or _find_forbidden(text) is None):
        return None
    message = PlainMessage(text[:begin])
    transactions: list[Transaction] = []
    while begin >= 0:
        some, begin = message.read(text, begin)
        transactions += some
    message.finish()
    return ReadResult(message.message, tuple(transactions), (), message.group_header)


class PlainMessage:
    """A plain message of which nothing is wrong so far; its transactions are read some at a time.

    Every method raises _NotPlainError, or UnreadableError, once the message turns out to be of
    another kind.
    """

    def __init__(self, head: str) -> None:
        """``head`` is all before the first transaction."""
        declaration = _DECLARATION.match(head)
        head = head[declaration.end() if declaration else 0 :].rstrip(_WHITE_SPACE)
        found = _STARTS.match(head, 0, len(head))
        if found is not None:
            known, caught = found
            self._shape = known.shape
            header = known.header and _caught(known.header, caught)
            group = _caught(known.group, caught)
        else:
            pieces, shape = _cut(head)
            start = start_shape(shape)
            if start is None or head.count(">") != start.tag_count:
                raise _NotPlainError
            self._shape = start
            header = start.header and _taken(start.header, pieces)
            group = _taken(start.group, pieces)
        self._head = head
        self._is_proven = found is not None
        self._entries = _patterns_inside(self._shape.around, self._shape.end)
        self._header = None if header is None else HeaderFields._make(header)
        self._group = plain_group(GroupFields._make(group))
        self.message: Message = message_value(
            self._shape.message_type, self._header or HeaderFields(), self._group
        )
        self._totals = rules.Totals()

    @property
    def group_header(self) -> bytes:
        """GrpHdr as lxml serialises it."""
        inside = self._head[self._head.index(GROUP_TAG) + len(GROUP_TAG) :]
        return self._shape.group_start_tag + inside.encode()

    def read(self, text: str, begin: int) -> tuple[list[Transaction], int]:
        """Read some transactions from ``begin`` on; return them and where the next one begins.

        That is -1 after the last one, where nothing follows but the end of the message.
        """
        transactions: list[Transaction] = []
        unknown: list[tuple[TransactionShape, str]] = []
        first = self._totals.count
        content, at = "", begin
        while at >= 0 and len(transactions) < _TOGETHER:
            after = text.find(_TRANSACTION_END, at) + len(_TRANSACTION_END)
            found = self._entries.match(text, at, after)
            content = text[at + len(TRANSACTION_TAG) : after]
            if found is not None:
                known, caught = found
                shape, fields = known.shape, _caught(known.taker, caught)
            else:
                shape, fields = self._cut_transaction(content)
                unknown.append((shape, content))
            transaction = transaction_of_texts(
                fields,
                first + len(transactions),
                self._group,
                shape.is_cover,
                shape.start_tag + content.encode(),
            )
            if not rules.has_settlement_date(transaction):
                raise _NotPlainError
            transactions.append(transaction)
            at = self._next(text, after)
        if not first:
            self._check_start(transactions[0])
        self._totals.add(transactions)
        if unknown or not self._is_proven:
            self._prove(unknown, content)
        return transactions, at

    def finish(self) -> None:
        """Compare the sums of all transactions with what the group header says."""
        if self._totals.problems(self.message):
            raise _NotPlainError

    def _cut_transaction(self, content: str) -> tuple[TransactionShape, tuple[str, ...]]:
        pieces, written = _cut(content)
        shape = transaction_shape(self._shape.around, self._shape.end, written)
        if shape is None or content.count(">") != shape.tag_count:
            raise _NotPlainError
        return shape, _taken(shape.fields, pieces)

    def _next(self, text: str, after: int) -> int:
        """Return where the next transaction begins, -1 if the message ends."""
        at = text.find("<", after)
        if text.startswith(TRANSACTION_TAG, at) and not text[after:at].strip(_WHITE_SPACE):
            return at
        if _closing(self._shape.end).fullmatch(text, after) is None:
            raise _NotPlainError
        return -1

    def _check_start(self, first: Transaction) -> None:
        """Check what concerns the message as a whole and is known before its end."""
        agent = self._group.instructing_agent or first.instructing_agent
        header, message = self._header, self.message
        if not rules.is_created_plausibly(message) or (
            header is not None and rules.header_problems(header, message.message_type, agent)
        ):
            raise _NotPlainError

    def _prove(self, unknown: list[tuple[TransactionShape, str]], content: str) -> None:
        """Have the schema judge the start and all that matched no pattern, in a whole message.

        ``content`` is that of a transaction, to have one in any case.
        """
        start = self._shape
        contents = [each for _, each in unknown] or [content]
        parts = "".join([TRANSACTION_TAG + each for each in contents])
        placed = _same(start, parse(f"{self._head}{parts}{start.end}".encode()))
        if placed is None or len(placed.document[0]) != 1 + len(contents):
            raise _NotPlainError
        if not _is_valid(start, placed):
            raise _NotPlainError
        if not self._is_proven:
            _STARTS.learn(start, self._head)
            self._is_proven = True
        for shape, each in unknown:
            self._entries.learn(shape, TRANSACTION_TAG + each)


_STARTS = Patterns(start_pattern)


@lru_cache(maxsize=64)
def _patterns_inside(around: str, end: str) -> Patterns[TransactionShape, TransactionPattern]:
    """Return the patterns of transactions in these tags."""
    return Patterns(partial(transaction_pattern, around, end))


@lru_cache(maxsize=64)
def _closing(end: str) -> re.Pattern[str]:
    """Return the pattern of the end tags of a message."""
    tags = [re.escape(tag) for tag in re.findall("<[^>]*>", end)]
    return re.compile("".join([f"[ \\t\\n]*{tag}" for tag in tags]) + "[ \\t\\n]*")


def _cut(part: str) -> tuple[list[str], str]:
    if "&" in part or "\r" in part:
        raise _NotPlainError
    return cut(part)


def _taken(fields: Fields, pieces: list[str]) -> tuple[str, ...]:
    """Take the fields, if all that has a rule keeps it; raises _NotPlainError otherwise."""
    for rule, place, currency in fields.ruled:
        if rule(pieces[place][:TEXT_MAX], currency) is not None:
            raise _NotPlainError
    texts = pieces + fields.constants
    for places in fields.repeated:
        texts.append("".join([SEPARATOR + pieces[place] for place in places]))
    return fields.take(texts)


def _caught(taker: Taker, caught: tuple[str, ...]) -> tuple[str, ...]:
    """Do as ``_taken`` with what a pattern caught."""
    for rule, place, currency in taker.ruled:
        if rule(caught[place][:TEXT_MAX], caught[currency]) is not None:
            raise _NotPlainError
    for places in taker.repeated:
        caught += ("".join([SEPARATOR + caught[place] for place in places]),)
    return taker.take(caught)


def _same(start: StartShape, root: etree._Element) -> Placed | None:
    """Return the message that the tags are of from the tree; None if it has another one."""
    if start.is_common_file and len(root) == 2:
        header, document = root
        if header.tag != start.header_tag or document.tag != start.document_tag:
            return None
        return Placed(document, header, start.message_type)
    placed = find_messages(root)
    if len(placed) != 1 or placed[0].document.tag != start.document_tag:
        return None
    header_tag = "" if placed[0].header is None else placed[0].header.tag
    return placed[0] if header_tag == start.header_tag else None


def _is_valid(start: StartShape, placed: Placed) -> bool:
    header_plan, schema = start.header_plan, start.plan.schema
    if header_plan is not None and placed.header is not None:
        assert header_plan.schema is not None
        if not header_plan.schema.validate(placed.header):
            return False
    return schema is not None and schema.validate(placed.document)
