"""The shape of a message: what its tags tell, whatever the texts between them.

Where the fields of a message are, and what of it must keep a rule, depends on its tags alone. Most
messages of one sender have the same tags in the same order, so this is found out once for each
shape and remembered; `quick` then reads such messages without a walk.

Nothing here decides what tags mean. They are written with a number for each text, and lxml reads
them: it says which elements, namespaces and attributes they are, which of them has which text, and
how it would serialise them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from lxml import etree

from paritas.iso20022.element_rules import Rule
from paritas.iso20022.extract import (
    GroupFields,
    HeaderFields,
    Plan,
    TransactionFields,
    plan,
)
from paritas.iso20022.message import is_credit_transfer
from paritas.iso20022.parsing import (
    Placed,
    UnreadableError,
    find_messages,
    namespace_of,
    parse,
    type_of_namespace,
)
from paritas.iso20022.tables import Leaf, Table

# Shapes come from outside, so their number and their size have bounds.
_SHAPES_MAX = 2048
_SHAPE_CHARACTERS_MAX = 8192

_GROUP_TAG = "<GrpHdr>"
_TRANSACTION_TAG = "<CdtTrfTxInf>"
#: Stands in a shape where a text was; no XML can hold it.
_GAP = "\x00"

_Getter: TypeAlias = Callable[[Sequence[str]], tuple[str, ...]]
_cut_texts = re.compile(r">([^<]++)").split
_tags = re.compile(r"<(/?)([^\s/>]+)[^>]*?(/?)>").finditer


class Fields(NamedTuple):
    """Where the fields of an element are among the pieces that its part was cut into."""

    #: Takes the fields from the pieces, followed by ``constants``, then by the repeated fields.
    take: _Getter
    #: What is not there, and the texts of attributes, which are part of the shape.
    constants: list[str]
    #: For each repeated field, in order, its pieces.
    repeated: list[list[int]]
    #: What must keep a rule: the rule, its piece, its currency.
    ruled: list[tuple[Rule, int, str]]


class TransactionShape(NamedTuple):
    """What the tags inside a transaction tell."""

    fields: Fields
    #: The transaction's start tag as it is serialised, with the namespaces that are in scope.
    start_tag: bytes
    is_cover: bool
    tag_count: int


class StartShape(NamedTuple):
    """What the tags before the first transaction tell: envelope, AppHdr and group header."""

    message_type: str
    document_tag: str
    header_tag: str
    plan: Plan
    header_plan: Plan | None
    header: Fields | None
    group: Fields
    group_start_tag: bytes
    #: The tags that are still open, outermost first, as they are written, and those to close them.
    around: str
    end: str
    tag_count: int


class _NoShapeError(Exception):
    """These tags are not for a quick look; it never leaves this module."""


def cut(text: str) -> tuple[list[str], str]:
    """Cut a part of a file into tags, text, tags and so on; also returns its shape.

    A text is what follows a ``>`` and is not empty. The part is plain as `quick` says; that its
    texts have no ``>`` in them is only sure when it has as many as its shape has tags.
    """
    pieces = _cut_texts(text)
    return pieces, _GAP.join(pieces[::2])


@lru_cache(maxsize=_SHAPES_MAX)
def start_shape(shape: str) -> StartShape | None:
    """Say what the tags tell that come before the first transaction; None for unusual ones."""
    if len(shape) > _SHAPE_CHARACTERS_MAX:
        return None
    try:
        return _start_shape(_numbered(shape))
    except (_NoShapeError, UnreadableError):
        return None


@lru_cache(maxsize=_SHAPES_MAX)
def transaction_shape(start: str, end: str, shape: str) -> TransactionShape | None:
    """Say what the tags of a transaction tell, its start tag left out; None for unusual ones.

    ``start`` and ``end`` are the tags around the transaction.
    """
    if len(shape) > _SHAPE_CHARACTERS_MAX:
        return None
    try:
        return _transaction_shape(start, end, _numbered(shape))
    except (_NoShapeError, UnreadableError):
        return None


def _start_shape(text: str) -> StartShape:
    around, end = _still_open(text)
    placed = _only_message(parse((text + end).encode()))
    document, header_element = placed.document, placed.header
    body = document[0] if len(document) == 1 else document
    group = body[0] if len(body) == 1 else body
    namespace = namespace_of(document)
    known = plan(placed.message_type, namespace)
    if (
        group.tag != f"{{{namespace}}}{_GROUP_TAG[1:-1]}"
        or text.count(_GROUP_TAG) != 1
        or known.schema is None
        or not is_credit_transfer(placed.message_type)
    ):
        raise _NoShapeError
    header, header_plan = None, None
    if header_element is not None:
        header_namespace = namespace_of(header_element)
        header_plan = plan(type_of_namespace(header_namespace), header_namespace)
        if header_plan.schema is None:
            raise _NoShapeError
        header = _fields(header_element, header_plan.header, HeaderFields._fields)
    return StartShape(
        message_type=placed.message_type,
        document_tag=str(document.tag),
        header_tag="" if header_element is None else str(header_element.tag),
        plan=known,
        header_plan=header_plan,
        header=header,
        group=_fields(group, known.groups[str(group.tag)], GroupFields._fields),
        group_start_tag=_serialised_start_tag(group, text.partition(_GROUP_TAG)[2]),
        around=around,
        end=end,
        tag_count=text.count(">"),
    )


def _transaction_shape(start: str, end: str, text: str) -> TransactionShape:
    root = parse((start + _TRANSACTION_TAG + text + end).encode())
    body = root
    for _ in range(start.count("<") - 1):
        body = body[0]
    element = body[0]
    start_tag = _serialised_start_tag(element, text)
    namespace = namespace_of(element)
    known = plan(type_of_namespace(namespace), namespace)
    if element.tag != known.transaction_tag:
        raise _NoShapeError
    return TransactionShape(
        fields=_fields(element, known.transaction, TransactionFields._fields),
        start_tag=start_tag,
        is_cover=element.find(known.cover_tag) is not None,
        tag_count=text.count(">"),
    )


def _numbered(shape: str) -> str:
    """Write the tags of a shape with the number of its piece for each text."""
    first, *others = shape.split(_GAP)
    return first + "".join([f">{2 * n + 1}{tags}" for n, tags in enumerate(others)])


def _still_open(text: str) -> tuple[str, str]:
    """Return the start tags that nothing has closed yet, and the tags that would close them."""
    opened: list[tuple[str, str]] = []
    for match in _tags(text):
        closes, name, is_empty = match.groups()
        if not closes:
            opened.append((match[0], f"</{name}>"))
        elif not opened:
            raise _NoShapeError
        if closes or is_empty:
            opened.pop()
    return "".join([tag for tag, _ in opened]), "".join([end for _, end in reversed(opened)])


def _only_message(root: etree._Element) -> Placed:
    placed = find_messages(root)
    if len(placed) != 1 or not placed[0].message_type or not namespace_of(placed[0].document):
        raise _NoShapeError
    return placed[0]


def _serialised_start_tag(element: etree._Element, inside: str) -> bytes:
    """Return the start tag as lxml writes it, if it writes the rest as it stands in the file.

    ``inside`` is all behind the start tag, the end tag included. With other texts than numbers it
    is the same, because a plain text has nothing in it that lxml would write otherwise.
    """
    serialised = etree.tostring(element, encoding="UTF-8", with_tail=False)
    start_tag = serialised.removesuffix(inside.encode())
    if start_tag.count(b"<") != 1 or start_tag.count(b">") != 1:
        raise _NoShapeError
    return start_tag


def _fields(top: etree._Element, table: Table, names: Sequence[str]) -> Fields:
    """Do what `tables.walk` does, but note the numbers that stand for the texts."""
    found = _Noted([None] * len(names))
    tables: dict[etree._Element | None, Table] = {top: table}
    for child in top.iterdescendants():
        entry = tables.get(child.getparent(), {}).get(str(child.tag))
        if isinstance(entry, dict):
            tables[child] = entry
        elif entry is not None:
            # An empty element, or one that should be a leaf and is none, is for the full way.
            if len(child) or not (child.text or "").isdecimal():
                raise _NoShapeError
            _note(Leaf(entry) if isinstance(entry, int) else entry, child, found)
    repeated = sorted(found.repeated)
    # Behind the pieces, whose number the shape need not know, stand the constants, then these.
    behind = len(found.constants) + len(repeated)
    places = [-behind if place is None else place for place in found.places]
    for place, name in enumerate(found.constant_fields, 1):
        places[name] = place - behind
    for place, name in enumerate(repeated):
        places[name] = place - len(repeated)
    return Fields(
        take=itemgetter(*places),
        constants=found.constants,
        repeated=[found.repeated[name] for name in repeated],
        ruled=found.ruled,
    )


@dataclass
class _Noted:
    """What was noted so far, by the numbers of the fields."""

    places: list[int | None]
    constants: list[str] = field(default_factory=lambda: [""])
    constant_fields: list[int] = field(default_factory=list)
    repeated: dict[int, list[int]] = field(default_factory=dict)
    ruled: list[tuple[Rule, int, str]] = field(default_factory=list)


def _note(leaf: Leaf, element: etree._Element, noted: _Noted) -> None:
    place = int(element.text or "")
    currency = element.get("Ccy", "")
    if leaf.repeated:
        noted.repeated.setdefault(leaf.field, []).append(place)
    elif leaf.field >= 0 and noted.places[leaf.field] is None:
        noted.places[leaf.field] = place
        if leaf.currency >= 0:
            noted.constants.append(currency)
            noted.constant_fields.append(leaf.currency)
    if leaf.rule is not None:
        noted.ruled.append((leaf.rule, place, currency))
