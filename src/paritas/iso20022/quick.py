"""A quick look at a good pacs.008 or pacs.009: the same values without a walk over its tree.

Most messages are good, and most of what one sender sends has the same tags in the same order. The
bytes are cut into tags and texts, the tags are the shape of the message (`shapes`), and the shape
says which of the texts is which field, and which must keep which rule.

That is only right where a text between two tags is exactly what the parser makes of it, so the
look is at plain bytes only: no reference, comment, CDATA section, processing instruction or
carriage return anywhere, and no ``>`` but at the end of a tag. In a well-formed file of that kind
``<`` stands only where a tag begins; so if ``>`` stands there as often, it ends those tags and is
in no text and no attribute. The tree stays the authority on what is well-formed and valid.

The look tells only of messages with which all is well. For any other it returns None, and the
reader takes its full way, which finds out what is wrong and where.
"""

from __future__ import annotations

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
from paritas.iso20022.parsing import Placed, UnreadableError, find_messages
from paritas.iso20022.shapes import Fields, StartShape, cut, start_shape, transaction_shape
from paritas.iso20022.tables import SEPARATOR
from paritas.iso20022.values import Message, ReadResult, Transaction

_TRANSACTION = b"<CdtTrfTxInf>"
_TRANSACTION_END = b"</CdtTrfTxInf>"
_GROUP = b"<GrpHdr>"
_WHITE_SPACE = b" \t\n"


class _NotPlainError(Exception):
    """The message is not for a quick look; it never leaves this module."""


def quick_look(data: bytes, root: etree._Element) -> ReadResult | None:
    """Read a file of one message, if it is plain and nothing is wrong; ``root`` is its tree.

    Returns just what the reader's full way would, which then has no findings, or None.
    """
    try:
        return _look(data, root)
    except (_NotPlainError, UnicodeDecodeError, UnreadableError):
        return None


def _look(data: bytes, root: etree._Element) -> ReadResult | None:
    if b"&" in data or b"\r" in data:
        return None
    first = data.find(_TRANSACTION)
    if first < 0:
        return None
    head = data[:first]
    if head.startswith(b"<?xml"):
        head = head[head.index(b"?>") + 2 :]
    head = head.rstrip(_WHITE_SPACE)
    pieces, shape = cut(head.decode())
    start = start_shape(shape)
    if start is None or head.count(b">") != start.tag_count:
        return None
    placed = _same(start, root)
    group = plain_group(GroupFields._make(_taken(start.group, pieces)))
    header = None if start.header is None else HeaderFields._make(_taken(start.header, pieces))
    message = message_value(start.message_type, header or HeaderFields(), group)
    transactions = _transactions(data, first, start, group)
    # Behind the last transaction there may be supplementary data, which have rules of their own.
    if placed is None or len(placed.document[0]) != 1 + len(transactions):
        return None
    if not (_keeps_rules(message, header, group, transactions) and _is_valid(start, placed)):
        return None
    group_header = start.group_start_tag + head[head.index(_GROUP) + len(_GROUP) :]
    return ReadResult(message, tuple(transactions), (), group_header)


def _taken(fields: Fields, pieces: list[str]) -> tuple[str, ...]:
    """Take the fields, if all that has a rule keeps it; raises _NotPlainError otherwise."""
    for rule, place, currency in fields.ruled:
        if rule(pieces[place][:TEXT_MAX], currency) is not None:
            raise _NotPlainError
    texts = pieces + fields.constants
    for places in fields.repeated:
        texts.append("".join([SEPARATOR + pieces[place] for place in places]))
    return fields.take(texts)


def _transactions(
    data: bytes, begin: int, start: StartShape, group: GroupFields
) -> list[Transaction]:
    """Read the transactions that follow each other from ``begin`` on.

    One after the other is cut out, so that what is looked at is still near the processor.
    """
    transactions: list[Transaction] = []
    around, end = start.around, start.end
    while data.startswith(_TRANSACTION, begin):
        after = data.find(_TRANSACTION_END, begin) + len(_TRANSACTION_END)
        content = data[begin + len(_TRANSACTION) : after]
        begin = data.find(b"<", after)
        pieces, shape = cut(content.decode())
        known = transaction_shape(around, end, shape)
        if known is None or content.count(b">") != known.tag_count:
            raise _NotPlainError
        texts = _taken(known.fields, pieces)
        fragment = known.start_tag + content
        index = len(transactions)
        transaction = transaction_of_texts(texts, index, group, known.is_cover, fragment)
        if not rules.has_settlement_date(transaction):
            raise _NotPlainError
        transactions.append(transaction)
    return transactions


def _keeps_rules(
    message: Message,
    header: HeaderFields | None,
    group: GroupFields,
    transactions: list[Transaction],
) -> bool:
    """Check what concerns the message as a whole."""
    totals = rules.Totals()
    totals.add(transactions)
    agent = group.instructing_agent or transactions[0].instructing_agent
    return (
        rules.is_created_plausibly(message)
        and not totals.problems(message)
        and (header is None or not rules.header_problems(header, message.message_type, agent))
    )


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
