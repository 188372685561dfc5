"""The shape of a message: what the order of its tags tells, whatever the texts between them.

Where the fields of a message are, and what of it must keep a rule, depends on its tags alone. Most
messages of one sender have the same tags in the same order, so this is found out once for each
shape and remembered; `quick` then reads such messages without a walk.

A shape is given as its tags, joined by ``<``: what `quick` gets when it cuts a plain message at its
angle brackets. Nothing here decides what they mean: lxml reads them, with a letter for every text,
and says which elements, namespaces and attributes they are and how it would serialise them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
_TAGS_CHARACTERS_MAX = 8192

_LETTER = "x"
_GROUP = "GrpHdr"
_TRANSACTION = "CdtTrfTxInf"

Texts: TypeAlias = Callable[[Sequence[str]], tuple[str, ...]]


class Shape(NamedTuple):
    """Where the fields of an element are among its pieces: text, tag, text, tag and so on."""

    #: Takes the fields from the pieces, followed by ``constants``, then by the repeated fields.
    fields: Texts
    #: What is not there, and the texts of attributes, which are part of the shape.
    constants: list[str]
    #: For each repeated field, in order, its pieces.
    repeated: list[list[int]]
    #: What must keep a rule: the rule, its piece, its currency.
    ruled: list[tuple[Rule, int, str]]


class TransactionShape(NamedTuple):
    """What the tags inside a transaction tell."""

    shape: Shape
    #: Takes every text that no tag divides.
    leaves: Texts
    #: The transaction's start tag as it is serialised, with the namespaces that are in scope.
    start_tag: bytes
    is_cover: bool
    element_count: int


class StartShape(NamedTuple):
    """What the tags before the first transaction tell: envelope, AppHdr and group header."""

    message_type: str
    document_tag: str
    header_tag: str
    plan: Plan
    header_plan: Plan | None
    header: Shape | None
    group: Shape
    leaves: Texts
    group_start_tag: bytes
    #: The start tags that are still open, outermost first, joined by ``<``.
    around: str
    #: The tags that close them.
    end: list[str]
    element_count: int


class _NoShapeError(Exception):
    """These tags are not for a quick look; it never leaves this module."""


@lru_cache(maxsize=_SHAPES_MAX)
def start_shape(tags: str) -> StartShape | None:
    """Find the shape of all tags before the first transaction; None if there is none."""
    try:
        return _start_shape(tags.split("<")) if len(tags) <= _TAGS_CHARACTERS_MAX else None
    except (_NoShapeError, UnreadableError):
        return None


@lru_cache(maxsize=_SHAPES_MAX)
def transaction_shape(around: str, message_type: str, tags: str) -> TransactionShape | None:
    """Find the shape of the tags behind a transaction's start tag, up to its end tag.

    ``around`` is the start tags that the transaction stands in, joined by ``<``. Returns None if
    there is no shape.
    """
    try:
        if len(tags) > _TAGS_CHARACTERS_MAX:
            return None
        return _transaction_shape(around.split("<"), message_type, tags.split("<"))
    except (_NoShapeError, UnreadableError):
        return None


def _start_shape(tags: list[str]) -> StartShape:
    around = _open_tags(tags)
    end = ["/" + tag.split()[0] for tag in reversed(around)]
    raw = _with_letters(tags)
    root = _parsed(raw + _closing(end))
    placed = _only_message(root)
    document = placed.document
    body = document[0] if len(document) == 1 else document
    group = body[0] if len(body) == 1 else body
    namespace = namespace_of(document)
    known = plan(placed.message_type, namespace)
    if (
        group.tag != f"{{{namespace}}}{_GROUP}"
        or tags.count(_GROUP) != 1
        or tags[-1] != "/" + _GROUP
        or known.schema is None
        or not is_credit_transfer(placed.message_type)
    ):
        raise _NoShapeError
    pieces = dict(zip(root.iter(), _pieces_of_elements(tags, 1), strict=True))
    header, header_plan = None, None
    if placed.header is not None:
        header_namespace = namespace_of(placed.header)
        header_plan = plan(type_of_namespace(header_namespace), header_namespace)
        if header_plan.schema is None:
            raise _NoShapeError
        header = _shape(placed.header, header_plan.header, HeaderFields._fields, pieces)
    inside_group = raw[raw.index(f"<{_GROUP}>") + len(_GROUP) + 2 : -len(_LETTER)]
    return StartShape(
        message_type=placed.message_type,
        document_tag=str(document.tag),
        header_tag="" if placed.header is None else str(placed.header.tag),
        plan=known,
        header_plan=header_plan,
        header=header,
        group=_shape(group, known.groups[str(group.tag)], GroupFields._fields, pieces),
        leaves=_leaves(root, pieces),
        group_start_tag=_serialised_start_tag(group, inside_group),
        around="<".join(around),
        end=end,
        element_count=len(pieces),
    )


def _transaction_shape(around: list[str], message_type: str, tags: list[str]) -> TransactionShape:
    end = ["/" + tag.split()[0] for tag in reversed(around)]
    inside = _LETTER + _with_letters(tags)
    root = _parsed(_with_letters([*around, _TRANSACTION])[:-1] + inside + _closing(end))
    element = next(root.iter("{*}" + _TRANSACTION))
    known = plan(message_type, namespace_of(element))
    start_tag = _serialised_start_tag(element, inside[: -len(_LETTER)])
    pieces = dict(zip(element.iter(), [0, *_pieces_of_elements(tags, 1)], strict=True))
    return TransactionShape(
        shape=_shape(element, known.transaction, TransactionFields._fields, pieces),
        leaves=_leaves(element, pieces),
        start_tag=start_tag,
        is_cover=element.find(known.cover_tag) is not None,
        element_count=len(pieces),
    )


def _only_message(root: etree._Element) -> Placed:
    placed = find_messages(root)
    if len(placed) != 1 or not placed[0].message_type or not namespace_of(placed[0].document):
        raise _NoShapeError
    return placed[0]


def _open_tags(tags: list[str]) -> list[str]:
    """Return the start tags that nothing has closed yet, outermost first."""
    opened: list[str] = []
    for tag in tags:
        if not tag.startswith("/"):
            opened.append(tag)
        elif not opened:
            raise _NoShapeError
        if tag.startswith("/") or tag.endswith("/"):
            opened.pop()
    return opened


def _with_letters(tags: list[str]) -> str:
    """Write the tags with a letter for each text that may follow one."""
    return "".join([f"<{tag}>{_LETTER}" for tag in tags])


def _closing(end: list[str]) -> str:
    return "".join([f"<{tag}>" for tag in end])


def _parsed(text: str) -> etree._Element:
    return parse(text.encode())


def _pieces_of_elements(tags: list[str], first: int) -> Iterator[int]:
    """Give for each element, in the order of the tree, the piece behind its start tag.

    ``first`` is the piece that the first tag is.
    """
    for number, tag in enumerate(tags):
        if not tag.startswith("/"):
            yield first + 2 * number + 1


def _serialised_start_tag(element: etree._Element, inside: str) -> bytes:
    """Return the start tag as lxml writes it, if it writes the rest as it stands in the file.

    ``inside`` is all behind the start tag, the end tag included. With other texts than letters it
    is the same: a plain text has nothing that lxml would write otherwise, if only it is not empty.
    """
    serialised = etree.tostring(element, encoding="UTF-8", with_tail=False)
    start_tag = serialised.removesuffix(inside.encode())
    if start_tag.count(b"<") != 1 or start_tag.count(b">") != 1:
        raise _NoShapeError
    return start_tag


def _leaves(top: etree._Element, pieces: dict[etree._Element, int]) -> Texts:
    """Take the texts of the elements without children that are not written as empty."""
    places = [pieces[element] for element in top.iter() if not len(element) and element.text]
    # The getter of one single place would not return a tuple.
    return itemgetter(*places, *places[:1]) if places else lambda _: ()


def _shape(
    top: etree._Element,
    table: Table,
    names: Sequence[str],
    pieces: dict[etree._Element, int],
) -> Shape:
    """Do what `tables.walk` does, but note the places of the texts instead of the texts."""
    found = _Noted([None] * len(names))
    tables: dict[etree._Element | None, Table] = {top: table}
    for child in top.iterdescendants():
        entry = tables.get(child.getparent(), {}).get(str(child.tag))
        if isinstance(entry, dict):
            tables[child] = entry
        elif entry is not None:
            if len(child) or not child.text:
                raise _NoShapeError
            _note(Leaf(entry) if isinstance(entry, int) else entry, child, pieces[child], found)
    repeated = sorted(found.repeated)
    # Behind the pieces, whose number the shape need not know, stand the constants, then these.
    behind = len(found.constants) + len(repeated)
    places = [-behind if place is None else place for place in found.places]
    for place, name in enumerate(found.constant_fields, 1):
        places[name] = place - behind
    for place, name in enumerate(repeated):
        places[name] = place - len(repeated)
    return Shape(
        fields=itemgetter(*places),
        constants=found.constants,
        repeated=[found.repeated[name] for name in repeated],
        ruled=found.ruled,
    )


@dataclass
class _Noted:
    """What of a Shape was noted so far, by the numbers of the fields."""

    places: list[int | None]
    constants: list[str] = field(default_factory=lambda: [""])
    constant_fields: list[int] = field(default_factory=list)
    repeated: dict[int, list[int]] = field(default_factory=dict)
    ruled: list[tuple[Rule, int, str]] = field(default_factory=list)


def _note(leaf: Leaf, element: etree._Element, place: int, noted: _Noted) -> None:
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
