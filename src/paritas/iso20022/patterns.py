"""From a shape that was seen often to one pattern, which takes the fields of a message and holds
each of its texts against the schema.

Whether a message is valid depends on its tags, its attributes and, text by text, on the type of
each text; there is nothing else in our schemas. The tags and attributes of a shape are those of a
message that lxml has parsed and its schema has accepted. So the pattern writes them out, and for
each text it has the pattern of its type (`facets`). It accepts nothing that the schema would not,
and refuses whatever is out of the ordinary: references, comments, other quotes, a sign before an
amount. What it does not match, lxml and the schema decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from lxml import etree

from paritas.iso20022.element_rules import Rule
from paritas.iso20022.facets import XS
from paritas.iso20022.parsing import (
    UnreadableError,
    local_name,
    namespace_of,
    type_of_namespace,
)
from paritas.iso20022.schema_types import SchemaTypes, types_of
from paritas.iso20022.schemas import UnknownMessageTypeError, source
from paritas.iso20022.shapes import (
    TRANSACTION_TAG,
    Getter,
    Noted,
    StartShape,
    TransactionShape,
    tree_of_start,
    tree_of_transaction,
)

#: A pattern costs about as much as reading so many messages the other way.
SIGHTS = 32
#: How many patterns are tried on one text.
TRIED_MAX = 8
#: How many patterns are kept for one place; then all of them are forgotten.
_PATTERNS_MAX = 256
_GAP = r"[ \t\n]+"
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_number_and_tags = re.compile(r">(\d+)(?=<)").split


class Taker(NamedTuple):
    """Takes the fields of one element from what its pattern has caught."""

    #: From what was caught, followed by "" and the repeated fields.
    take: Getter
    repeated: list[list[int]]
    #: What must keep a rule: the rule, its text, its currency.
    ruled: list[tuple[Rule, int, int]]


class StartPattern(NamedTuple):
    """All before the first transaction."""

    shape: StartShape
    pattern: re.Pattern[str]
    header: Taker | None
    group: Taker


class TransactionPattern(NamedTuple):
    """A whole transaction, with white space before it."""

    shape: TransactionShape
    pattern: re.Pattern[str]
    taker: Taker


class _NoPatternError(Exception):
    """There is no pattern for this shape; it never leaves this module."""


_Shape = TypeVar("_Shape", bound=StartShape | TransactionShape)
_Known = TypeVar("_Known", bound=StartPattern | TransactionPattern)


class Patterns(Generic[_Shape, _Known]):
    """The patterns known for one place, tried where the number of tags is theirs."""

    def __init__(self, make: Callable[[_Shape], _Known | None]) -> None:
        self._make: Callable[[_Shape], _Known | None] = make
        self._known: dict[int, list[_Known]] = {}
        self._number = 0

    def match(self, text: str, begin: int, end: int) -> tuple[_Known, tuple[str, ...]] | None:
        """Return the pattern that a part of a text matches and what it caught, followed by ""."""
        tried = self._known.get(text.count("<", begin, end), [])
        for index, known in enumerate(tried):
            found = known.pattern.fullmatch(text, begin, end)
            if found is None:
                continue
            if index:
                # The last that matched is tried first.
                tried.insert(0, tried.pop(index))
            return known, (*found.groups(), "")
        return None

    def learn(self, shape: _Shape, text: str) -> None:
        """Take note of a text of a shape that the schema has accepted."""
        shape.sights += 1
        if shape.sights % SIGHTS:
            return
        known = self._make(shape)
        if known is None:
            return
        if self._number >= _PATTERNS_MAX:
            self._known.clear()
            self._number = 0
        tried = self._known.setdefault(text.count("<"), [])
        tried.insert(0, known)
        self._number += 1 - len(tried[TRIED_MAX:])
        del tried[TRIED_MAX:]


#: The patterns of a text and of the attributes of an element, by the number of the text.
_Contents = dict[int, tuple[str, dict[str, str]]]


def start_pattern(shape: StartShape) -> StartPattern | None:
    """Make the pattern of all before the first transaction; None if there can be none."""
    try:
        placed = tree_of_start(shape.numbered, shape.end)[1]
        header = shape.header
        contents = _contents(placed.document, _top_type(shape.message_type), shape.message_type)
        if placed.header is not None:
            header_type = type_of_namespace(namespace_of(placed.header))
            contents |= _contents(placed.header, _top_type(header_type), header_type)
        noted = [shape.group.noted, *(() if header is None else (header.noted,))]
        written, caught = _written(shape.numbered, contents, noted)
    except (_NoPatternError, UnreadableError, UnknownMessageTypeError):
        return None
    return StartPattern(
        shape,
        re.compile(written),
        None if header is None else _taker(header.noted, caught),
        _taker(shape.group.noted, caught),
    )


def transaction_pattern(
    around: str, end: str, shape: TransactionShape
) -> TransactionPattern | None:
    """Make the pattern of a transaction in the tags around it; None if there can be none."""
    try:
        element = tree_of_transaction(around, end, shape.numbered)
        kind = _kind_of_transaction(element)
        message_type = type_of_namespace(namespace_of(element))
        contents = _contents(element, kind, message_type)
        written, caught = _written(shape.numbered, contents, [shape.fields.noted])
    except (_NoPatternError, UnreadableError, UnknownMessageTypeError):
        return None
    pattern = re.compile(f"{TRANSACTION_TAG}{written}")
    return TransactionPattern(shape, pattern, _taker(shape.fields.noted, caught))


def _top_type(message_type: str) -> str:
    return str(next(source(message_type).iterchildren(XS + "element")).get("type"))


def _kind_of_transaction(element: etree._Element) -> str:
    """Return the type of a transaction, if nothing but transactions must follow the first."""
    body, document, *_ = element.iterancestors()
    message_type = type_of_namespace(namespace_of(document))
    types, top = types_of(message_type), _top_type(message_type)
    declared = types.child(top, local_name(body))
    kind = None
    if declared is not None:
        opened = [(local_name(document), top), (local_name(body), str(declared.get("type")))]
        kind = types.repeated(opened, local_name(element))
    if kind is None:
        raise _NoPatternError
    return kind


def _contents(top: etree._Element, kind: str, message_type: str) -> _Contents:
    """Return what may stand for each number that is a text below ``top``.

    The other numbers stand between elements, where only white space may be.
    """
    types = types_of(message_type)
    kinds = {top: kind}
    contents: _Contents = {}
    for element in top.iter():
        kind = kinds[element]
        content = types.texts(kind)
        allowed = (_SCHEMA_LOCATION,) if content is None else content[1]
        if any(name not in allowed for name in element.attrib):
            raise _NoPatternError
        if content is None:
            for child in element:
                kinds[child] = _kind_of_child(types, kind, child)
        elif len(element):
            raise _NoPatternError
        elif element.text:
            contents[int(element.text)] = content
    return contents


def _kind_of_child(types: SchemaTypes, kind: str, child: etree._Element) -> str:
    declared = types.child(kind, local_name(child))
    if declared is None or kind not in types.complex:
        raise _NoPatternError
    return str(declared.get("type"))


class _Caught(NamedTuple):
    """The groups of a pattern: by the number of a text, its own and that of its currency."""

    texts: dict[int, int]
    currencies: dict[int, int]


def _written(numbered: str, contents: _Contents, noted: Iterable[Noted]) -> tuple[str, _Caught]:
    """Write the pattern of tags with numbers, with a group for each text that somebody asks for."""
    asked: set[int] = set()
    said: dict[int, str] = {}
    for each in noted:
        asked.update(place for place in each.places if place is not None)
        asked.update(place for places in each.repeated.values() for place in places)
        asked.update(place for _, place in each.ruled)
        said |= each.said_currencies
    tags = _number_and_tags(numbered)
    written, caught, count = [], _Caught({}, {}), 0
    for before, number in zip(tags[::2], map(int, tags[1::2]), strict=False):
        text, attributes = contents.get(number, (_GAP, {}))
        if said.get(number):
            currency = f' Ccy="{said[number]}"'
            if not before.endswith(currency) or "Ccy" not in attributes:
                raise _NoPatternError
            before = before.removesuffix(currency)
            written.append(f'{re.escape(before)} Ccy="({attributes["Ccy"]})"')
            caught.currencies[number] = count
            count += 1
        else:
            written.append(re.escape(before))
        if number in asked:
            caught.texts[number] = count
            count += 1
            text = f"({text})"
        # An empty text would be another shape, which lxml may write differently.
        written.append(f">(?!<){text}")
    written.append(re.escape(tags[-1]))
    return "".join(written), caught


def _taker(noted: Noted, caught: _Caught) -> Taker:
    nothing = len(caught.texts) + len(caught.currencies)
    places = [nothing if place is None else caught.texts[place] for place in noted.places]
    for name, place in noted.currencies.items():
        places[name] = caught.currencies.get(place, nothing)
    repeated = sorted(noted.repeated)
    for index, name in enumerate(repeated, 1):
        places[name] = nothing + index
    return Taker(
        itemgetter(*places),
        [[caught.texts[place] for place in noted.repeated[name]] for name in repeated],
        [
            (rule, caught.texts[place], caught.currencies.get(place, nothing))
            for rule, place in noted.ruled
        ],
    )
