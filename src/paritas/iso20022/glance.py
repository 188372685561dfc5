"""A glance at a file whose tags were seen before: is anything wrong with it?

Most of what one sender sends has the same tags in the same order. Which elements have a rule, where
the parts are that must fit each other, and what the tags alone give reason to remark on is found
out once for such a shape. After that only the texts of a message are looked at. The schema is asked
every time.

The glance tells of messages that keep their schema, whose parts fit each other, and of which there is
nothing else to say than what a single element or the header tells. For any other it returns None,
and the verdict takes its full way.

That a text is what stands between two tags is only true where nothing is escaped, no comment or
CDATA section is around, and ``>`` only ends tags: `_pieces` takes no other file. What tags mean is
left to lxml, which reads them with a number for each text.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from lxml import etree

from paritas.iso20022 import rules
from paritas.iso20022.dates import plain_date
from paritas.iso20022.element_rules import TEXT_MAX, Rule
from paritas.iso20022.extract import (
    GroupFields,
    HeaderFields,
    group_fields,
    header_fields,
    message_value,
    plain_amount,
    plain_group,
    plan,
)
from paritas.iso20022.message import is_credit_transfer
from paritas.iso20022.parsing import (
    Placed,
    UnreadableError,
    line_of,
    messages_of,
    namespace_of,
    parse,
    type_of_namespace,
)
from paritas.iso20022.usage import addresses
from paritas.iso20022.usage.plain import TransferRemarks, forbidden_methods, is_settled_by_tags
from paritas.iso20022.usage.view import View
from paritas.iso20022.validation import SENTENCE_MAX, Places
from paritas.iso20022.values import Finding
from paritas.iso20022.verdict import Looked, header_and_document, looked, of_parts

# Shapes come from outside, so their number and their size have bounds.
_SHAPES_MAX = 512
_TAGS_MAX = 800
_CHARACTERS_MAX = 20_000
_SEEN_MAX = 100_000

#: Where a text is: the number of its piece, or the text itself where it is part of the shape.
_Place = int | str


class _Transfer(NamedTuple):
    """Where a transaction says what it settles."""

    amount: _Place
    currency: str
    date: _Place
    #: An instructed amount in the same currency, which is the same unless charges explain it.
    instructed: _Place


class _Ruled(NamedTuple):
    """An element that must keep a rule."""

    rule: Rule
    piece: int
    #: Where in the piece the text begins.
    begin: int
    currency: str
    #: What a finding says of its place, and the way from the root to it.
    path: str
    transaction: int
    way: tuple[int, ...]


class _Shape(NamedTuple):
    """What the tags of a whole file tell."""

    tags: tuple[str, ...]
    looked: Looked
    header_schema: etree.XMLSchema | None
    #: The ways from the root to the header and to the Document, by positions.
    to_header: tuple[int, ...] | None
    to_document: tuple[int, ...]
    ruled: list[_Ruled]
    header: tuple[_Place, ...]
    group: tuple[_Place, ...]
    #: Instructing and instructed agent, of the group or of the first transaction.
    agents: tuple[_Place, _Place]
    transfers: list[_Transfer]
    #: Whether only the texts tell whether there is something to remark on.
    needs_look: bool
    #: The settlement methods to which the rest of the group header does not fit.
    forbidden_methods: frozenset[str]
    #: Whether there is an address without town or country.
    has_poor_address: bool

    def text(self, place: _Place, pieces: Sequence[str]) -> str:
        """Return the text at a place."""
        return pieces[place][len(self.tags[place]) :] if type(place) is int else str(place)

    def texts(self, places: Sequence[_Place], pieces: Sequence[str]) -> list[str]:
        """Return the texts at several places."""
        tags = self.tags
        return [
            pieces[place][len(tags[place]) :] if type(place) is int else str(place)
            for place in places
        ]


class _Shapes:
    """The shapes seen, by the number of their tags."""

    def __init__(self) -> None:
        self._known: dict[int, list[_Shape | tuple[str, ...]]] = {}
        self._count = 0
        self._seen: set[int] = set()

    def find(self, pieces: list[str]) -> _Shape | None:
        """Return the shape of a file; None for a new one, which is learnt when it comes again."""
        for shape in self._known.get(len(pieces), ()):
            tags = shape.tags if isinstance(shape, _Shape) else shape
            if all(map(str.startswith, pieces, tags)):
                return shape if isinstance(shape, _Shape) else None
        return self._learn(pieces)

    def _learn(self, pieces: list[str]) -> _Shape | None:
        tags = tuple([piece[: piece.find(">") + 1] for piece in pieces])
        mark = hash(tags)
        if mark not in self._seen:
            if len(self._seen) >= _SEEN_MAX:
                self._seen.clear()
            self._seen.add(mark)
            return None
        shape = None
        if sum(map(len, tags)) <= _CHARACTERS_MAX:
            with suppress(_NoShapeError, UnreadableError):
                shape = _shape_of(tags)
        if self._count >= _SHAPES_MAX:
            self._known.clear()
            self._count = 0
        # What has no shape is remembered too, so that nobody tries again.
        self._known.setdefault(len(pieces), []).append(shape or tags)
        self._count += 1
        return shape


class _NoShapeError(Exception):
    """These tags are not for a glance; it never leaves this module."""


_shapes = _Shapes()


def glance(data: bytes, root: etree._Element) -> tuple[str, list[Finding]] | None:
    """Return the type of a file's only message and what is to be said of it, or None.

    ``root`` is the tree of ``data``, of which `parsing.parse` is the judge.
    """
    pieces = _pieces(data)
    shape = None if pieces is None else _shapes.find(pieces)
    if shape is None or pieces is None:
        return None
    findings: list[Finding] = []
    for rule, piece, begin, currency, path, transaction, way in shape.ruled:
        problem = rule(pieces[piece][begin : begin + TEXT_MAX], currency)
        if problem is not None:
            code, text, reason = problem
            line = line_of(_at(root, way))
            findings.append(Finding(code, path, line, text[:SENTENCE_MAX], reason, transaction))
    header, document, schema = None, _at(root, shape.to_document), shape.looked.plan.schema
    if shape.to_header is not None and shape.header_schema is not None:
        header = _at(root, shape.to_header)
        if not shape.header_schema.validate(header):
            return None
    if schema is None or not schema.validate(document):
        return None
    placed = Placed(document, header, shape.looked.plan.message_type)
    fitting = _fitting(shape, placed, pieces)
    return None if fitting is None else (placed.message_type, findings + fitting)


def _pieces(data: bytes) -> list[str] | None:
    """Cut a file at each ``<``; None where a text may not be as it is written."""
    if b"&" in data:
        return None
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            return None
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    if data.startswith(b"<?xml", start):
        start = data.find(b"?>", start) + 2
    start = data.find(b"<", start)
    if data.startswith(b"<!--", start):  # A licence, say; more comments are not plain.
        start = data.find(b"<", data.find(b"-->", start))
    try:
        text = data[start + 1 :].decode()
    except UnicodeDecodeError:
        return None
    pieces = text.split("<", _TAGS_MAX)
    # Each piece is a tag and the text behind it.
    return pieces if len(pieces) < _TAGS_MAX and text.count(">") == len(pieces) else None


def _at(root: etree._Element, way: tuple[int, ...]) -> etree._Element:
    for position in way:
        root = root[position]
    return root


def _fitting(shape: _Shape, placed: Placed, pieces: list[str]) -> list[Finding] | None:
    """Compare the parts of a message with each other; None if more than the header does not fit."""
    message_type = placed.message_type
    header = HeaderFields._make(shape.texts(shape.header, pieces))
    group = plain_group(GroupFields._make(shape.texts(shape.group, pieces)))
    if shape.has_poor_address and (header.created or group.created) >= addresses.STRUCTURED_FROM:
        return None
    if is_credit_transfer(message_type):
        if group.settlement_method in shape.forbidden_methods:
            return None
        if not _transfers_fit(shape, message_type, group, pieces):
            return None
        if shape.needs_look and _has_remarks(placed, shape):
            return None
    elif any(of_parts(View(placed), shape.looked)):
        return None
    if placed.header is None:
        return []
    agents = shape.texts(shape.agents, pieces)
    return header_and_document(placed, header, (agents[0], agents[1]))


def _transfers_fit(shape: _Shape, message_type: str, group: GroupFields, pieces: list[str]) -> bool:
    totals = rules.Totals()
    for amount, currency, date, instructed in shape.transfers:
        settled = shape.text(amount, pieces)
        totals.add_amount(plain_amount(settled), currency)
        if instructed and shape.text(instructed, pieces) != settled:
            return False
        day = plain_date(shape.text(date, pieces)) or group.settlement_date
        if rules.settlement_date_problem(day) is not None:
            return False
    message = message_value(message_type, HeaderFields(), group)
    return rules.is_created_plausibly(message) and not totals.problems(message)


def _has_remarks(placed: Placed, shape: _Shape) -> bool:
    view = View(placed)
    group = next((each for each in view.body if each.tag in shape.looked.plan.groups), None)
    remarks = TransferRemarks(view, group)
    transactions = view.body.iterchildren(shape.looked.plan.transaction_tag)
    return any(any(remarks.of_transaction(view.children(each))) for each in transactions)


def _shape_of(tags: tuple[str, ...]) -> _Shape:
    """Find out what the tags tell; lxml reads them, with a number as the text of each leaf."""
    if any(tag.startswith(("!", "?")) for tag in tags):
        raise _NoShapeError
    root = parse(_skeleton(tags).encode())
    placed = messages_of(root)
    known = looked(placed[0].message_type, namespace_of(placed[0].document))
    if len(placed) != 1 or known.plan.schema is None:
        raise _NoShapeError
    only, view = placed[0], View(placed[0])
    header, header_schema, ruled = _header_shape(root, only.header, tags)
    group_element = next((each for each in view.body if each.tag in known.plan.groups), None)
    group = GroupFields()
    if group_element is not None:
        group = group_fields(group_element, known.plan, [])
    children = [view.children(each) for each in view.body.iterchildren(known.plan.transaction_tag)]
    first = children[0] if children else {}
    return _Shape(
        tags=tags,
        looked=known,
        header_schema=header_schema,
        to_header=None if only.header is None else _way(root, only.header),
        to_document=_way(root, only.document),
        ruled=ruled + _ruled(root, only.document, known, tags),
        header=tuple(map(_place, header)),
        group=tuple(map(_place, group)),
        agents=(
            _place(group.instructing_agent or view.bic(first.get("InstgAgt"))),
            _place(group.instructed_agent or view.bic(first.get("InstdAgt"))),
        ),
        transfers=[_transfer(each) for each in children],
        needs_look=len(children) > 1 or not is_settled_by_tags(view, group_element, first),
        forbidden_methods=forbidden_methods(view, group_element),
        has_poor_address=(
            only.message_type.startswith(("pacs.", "pain."))
            and any(addresses.without_town_or_country(view))
        ),
    )


def _skeleton(tags: tuple[str, ...]) -> str:
    """Write tags with the number of its piece as the text of each element that has no children."""
    written = []
    for number, (tag, following) in enumerate(zip(tags, (*tags[1:], ""), strict=True)):
        is_leaf = following.startswith("/") and not tag.startswith("/") and not tag.endswith("/>")
        written.append(f"<{tag}{number}" if is_leaf else f"<{tag}")
    return "".join(written)


def _header_shape(
    root: etree._Element, element: etree._Element | None, tags: tuple[str, ...]
) -> tuple[HeaderFields, etree.XMLSchema | None, list[_Ruled]]:
    if element is None:
        return HeaderFields(), None, []
    namespace = namespace_of(element)
    known = plan(type_of_namespace(namespace), namespace)
    if known.schema is None:
        raise _NoShapeError
    ruled = _ruled(root, element, looked(known.message_type, namespace), tags)
    return header_fields(element, known, []), known.schema, ruled


def _transfer(children: dict[str, etree._Element]) -> _Transfer:
    amount, instructed = children.get("IntrBkSttlmAmt"), children.get("InstdAmt")
    currency = "" if amount is None else amount.get("Ccy", "")
    is_same = instructed is not None and instructed.get("Ccy", "") == currency
    return _Transfer(
        amount=_place_of(amount),
        currency=currency,
        date=_place_of(children.get("IntrBkSttlmDt")),
        instructed=_place_of(instructed) if is_same else "",
    )


def _way(root: etree._Element, element: etree._Element) -> tuple[int, ...]:
    way: list[int] = []
    parent = element.getparent()
    while element is not root and parent is not None:
        way.insert(0, parent.index(element))
        element, parent = parent, parent.getparent()
    return tuple(way)


def _ruled(
    root: etree._Element, top: etree._Element, known: Looked, tags: tuple[str, ...]
) -> list[_Ruled]:
    found, places = [], Places(top)
    for element, rule, currency in known.ruled_elements(top):
        if len(element):
            continue  # A container that has the name of a date elsewhere.
        piece = _place_of(element)
        if type(piece) is not int:
            raise _NoShapeError
        path, transaction = places.place(element)
        way = _way(root, element)
        found.append(_Ruled(rule, piece, len(tags[piece]), currency, path, transaction, way))
    return found


def _place_of(element: etree._Element | None) -> _Place:
    """Return where the text of an element is; of one that is not a leaf nothing is known."""
    if element is None:
        return ""
    if len(element) or element.get("Ccy", "").isdecimal():
        raise _NoShapeError
    return _place(element.text or "")


def _place(text: str) -> _Place:
    return int(text) if text.isdecimal() else text
