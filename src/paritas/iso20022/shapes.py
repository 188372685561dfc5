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

GROUP_TAG = "<GrpHdr>"
TRANSACTION_TAG = "<CdtTrfTxInf>"
#: Stands in a shape where a text was; no XML can hold it.
_GAP = "\x00"

Getter: TypeAlias = Callable[[Sequence[str]], tuple[str, ...]]
_cut_texts = re.compile(r">([^<]++)").split
_tags = re.compile(r"<(/?)([^\s/>]+)[^>]*?(/?)>").finditer


@dataclass
class Noted:
    """Which text of a part is which field, and which must keep which rule."""

    #: For each field its text, by number.
    places: list[int | None]
    #: Fields that are currencies, and the text whose currency each is.
    currencies: dict[int, int] = field(default_factory=dict)
    #: For each repeated field its texts.
    repeated: dict[int, list[int]] = field(default_factory=dict)
    ruled: list[tuple[Rule, int]] = field(default_factory=list)
    #: By the text, its currency: the attribute of the element that it is in.
    said_currencies: dict[int, str] = field(default_factory=dict)


class Fields(NamedTuple):
    """Where the fields of an element are among the pieces that its part was cut into."""

    noted: Noted
    #: Takes the fields from the pieces, followed by ``constants``, then by the repeated fields.
    take: Getter
    #: What is not there, and the texts of attributes, which are part of the shape.
    constants: list[str]
    #: For each repeated field, in order, its pieces.
    repeated: list[list[int]]
    #: What must keep a rule: the rule, its piece, its currency.
    ruled: list[tuple[Rule, int, str]]


@dataclass
class TransactionShape:
    """What the tags inside a transaction tell."""

    fields: Fields
    #: The transaction's start tag as it is serialised, with the namespaces that are in scope.
    start_tag: bytes
    is_cover: bool
    tag_count: int
    #: The tags, with a number for each text.
    numbered: str
    #: How many texts of this shape the schema has accepted.
    sights: int = 0


@dataclass
class StartShape:
    """What the tags before the first transaction tell: envelope, AppHdr and group header."""

    message_type: str
    document_tag: str
    header_tag: str
    plan: Plan
    header_plan: Plan | None
    header: Fields | None
    group: Fields
    group_start_tag: bytes
    #: Whether the file is an AppHdr and a Document, and nothing else, in one envelope.
    is_common_file: bool
    #: The tags that are still open, outermost first, as they are written, and those to close them.
    around: str
    end: str
    tag_count: int
    #: The tags, with a number for each text.
    numbered: str
    #: How many texts of this shape the schema has accepted.
    sights: int = 0


class _NoShapeError(Exception):
    """These tags are not for a quick look; it never leaves this module."""


def cut(text: str) -> tuple[list[str], str]:
    """Cut a part of a file into tags, text, tags and so on; also returns its shape.

    A text is what follows a ``>`` and is not empty. That no text has a ``>`` in it is only sure
    when the part has as many as its shape has tags. A shape that is too large is given as ``""``.
    """
    pieces = _cut_texts(text)
    shape = _GAP.join(pieces[::2])
    # What is no shape here must not be remembered either, however large it is.
    return pieces, shape if len(shape) <= _SHAPE_CHARACTERS_MAX else ""


@lru_cache(maxsize=_SHAPES_MAX)
def start_shape(shape: str) -> StartShape | None:
    """Say what the tags tell that come before the first transaction; None for unusual ones."""
    try:
        return _start_shape(_numbered(shape))
    except (_NoShapeError, UnreadableError):
        return None


@lru_cache(maxsize=_SHAPES_MAX)
def transaction_shape(start: str, end: str, shape: str) -> TransactionShape | None:
    """Say what the tags of a transaction tell, its start tag left out; None for unusual ones.

    ``start`` and ``end`` are the tags around the transaction.
    """
    try:
        return _transaction_shape(start, end, _numbered(shape))
    except (_NoShapeError, UnreadableError):
        return None


def _start_shape(text: str) -> StartShape:
    around, end = _still_open(text)
    root, placed = tree_of_start(text, end)
    document, header_element = placed.document, placed.header
    body = document[0] if len(document) == 1 else document
    group = body[0] if len(body) == 1 else body
    namespace = namespace_of(document)
    known = plan(placed.message_type, namespace)
    if (
        group.tag != f"{{{namespace}}}{GROUP_TAG[1:-1]}"
        or text.count(GROUP_TAG) != 1
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
        group_start_tag=_serialised_start_tag(group, text.partition(GROUP_TAG)[2]),
        is_common_file=[header_element, document] == list(root),
        around=around,
        end=end,
        tag_count=text.count(">"),
        numbered=text,
    )


def _transaction_shape(start: str, end: str, text: str) -> TransactionShape:
    element = tree_of_transaction(start, end, text)
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
        numbered=text,
    )


def tree_of_start(numbered: str, end: str) -> tuple[etree._Element, Placed]:
    """Parse the tags before the first transaction; ``end`` closes what is open.

    Raises _NoShapeError where they are not the tags of one message.
    """
    root = parse((numbered + end).encode())
    placed = find_messages(root)
    if len(placed) != 1 or not placed[0].message_type or not namespace_of(placed[0].document):
        raise _NoShapeError
    return root, placed[0]


def tree_of_transaction(around: str, end: str, numbered: str) -> etree._Element:
    """Parse the tags inside a transaction, with those around it."""
    body = parse((around + TRANSACTION_TAG + numbered + end).encode())
    for _ in range(around.count("<") - 1):
        body = body[0]
    return body[0]


def _numbered(shape: str) -> str:
    """Write the tags of a shape with the number of its piece for each text.

    Raises _NoShapeError for a shape with comments, CDATA sections or processing instructions.
    """
    if "<!" in shape or "<?" in shape:
        raise _NoShapeError
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
    found = Noted([None] * len(names))
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
    return _fields_of(found)


def _note(leaf: Leaf, element: etree._Element, noted: Noted) -> None:
    place = int(element.text or "")
    noted.said_currencies[place] = element.get("Ccy", "")
    if leaf.repeated:
        noted.repeated.setdefault(leaf.field, []).append(place)
    elif leaf.field >= 0 and noted.places[leaf.field] is None:
        noted.places[leaf.field] = place
        if leaf.currency >= 0:
            noted.currencies[leaf.currency] = place
    if leaf.rule is not None:
        noted.ruled.append((leaf.rule, place))


def _fields_of(noted: Noted) -> Fields:
    """Say where the fields are among the pieces of a text."""
    constants = ["", *(noted.said_currencies[place] for place in noted.currencies.values())]
    repeated = sorted(noted.repeated)
    # Behind the pieces, whose number the shape need not know, stand the constants, then these.
    behind = len(constants) + len(repeated)
    places = [-behind if place is None else place for place in noted.places]
    for place, name in enumerate(noted.currencies, 1):
        places[name] = place - behind
    for place, name in enumerate(repeated):
        places[name] = place - len(repeated)
    return Fields(
        noted=noted,
        take=itemgetter(*places),
        constants=constants,
        repeated=[noted.repeated[name] for name in repeated],
        ruled=[(rule, place, noted.said_currencies[place]) for rule, place in noted.ruled],
    )
