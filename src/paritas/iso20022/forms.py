"""Forms: what we write again and again, known by its shape and held against its types by one match.

Whether a document is valid depends on its shape (its tags in order) and, text by text, on the type
of each text; there is nothing else in our schemas. So once the schema has accepted a document, its
shape is turned into one regular expression, the form, in which each text is the pattern of its
type. What matches a form is valid; what does not may be valid and is for the schema to decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, TypeAlias

from paritas.iso20022.facets import XS
from paritas.iso20022.schema_types import types_of
from paritas.iso20022.schemas import namespace, source

#: A form costs about as much as this many checks by the schema, so a rare shape is not worth one.
SIGHTS = 64
#: How many shapes are remembered for one place; then all of them are forgotten.
SHAPES_MAX = 256
#: How many patterns are tried on one text; more would cost as much as the schema.
TRIED_MAX = 8

# For each escape one character that no pattern but that of free text accepts, so that lengths
# count what a reader gets.
_ESCAPES = re.compile("&(?:amp|lt|gt|quot|#13);")
_STAND_IN = "\x7f"
# Beyond U+00FF: surrogates and the two that XML 1.0 forbids.
_find_forbidden = re.compile("[\ud800-\udfff\ufffe\uffff]").search
_without_texts = re.compile('>[^<]+|="[^"]*').sub

_TOKEN = re.compile('<([A-Za-z0-9.]+)( [A-Za-z]+="[^<>"&]*")?>|</([A-Za-z0-9.]+)>|([^<>]+)')


Matcher: TypeAlias = "Callable[[str], re.Match[str] | None]"


class Place(NamedTuple):
    """Where in which documents a text stands: an element of a type, or the beginning of it all."""

    message_type: str
    #: The element and the name of its type.
    tag: str
    kind: str
    #: Whether this is the whole document, or its beginning up to the first of its entries.
    is_document: bool = False
    #: The element of an entry that follows the text; "" if none does.
    following: str = ""


class Form:
    """One shape at its place: what its pattern matches is valid, if one text of the shape was."""

    __slots__ = ("_sights", "_written", "closing", "entries", "pattern")

    def __init__(self, written: str, closing: str, entries: Forms | None) -> None:
        self._written = written
        #: The end tags of what a beginning leaves open, and the forms of the entries that follow.
        self.closing, self.entries = closing, entries
        #: None until the shape was seen often enough.
        self.pattern: re.Pattern[str] | None = None
        self._sights = 0

    def seen(self) -> bool:
        """Take note that the schema has accepted a text of this shape; True if often enough."""
        self._sights += 1
        if self._sights % SIGHTS:
            return False
        if self.pattern is None:
            self.pattern = re.compile(self._written)
        return True


class Forms:
    """The forms known at one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        #: By shape; None for one that can have no form.
        self._known: dict[str, Form | None] = {}
        # Those with a pattern by their number of tags, the last that matched first: to count is
        # cheap, and to find the shape of a text costs more than to try a few patterns.
        self._tried: dict[int, list[tuple[Matcher, Form]]] = {}

    def match(self, text: str) -> Form | None:
        """Return the form that ``text`` matches, None if the schema must decide."""
        tried = self._tried.get(text.count("<"))
        if tried is None or not (text.isascii() or _find_forbidden(text) is None):
            return None
        if "&" in text:
            text = plain(text)
        for index, (matches, form) in enumerate(tried):
            if matches(text) is not None:
                if index:
                    tried.insert(0, tried.pop(index))
                return form
        return None

    def of(self, text: str) -> Form | None:
        """Return the form for the shape of ``text``, valid or not; None if it can have none."""
        shape = _without_texts("", text)
        return self._known[shape] if shape in self._known else form_of(text, self._place)

    def learn(self, text: str) -> None:
        """Remember the shape of a ``text`` that the schema has just accepted at this place."""
        shape = _without_texts("", text)
        if shape not in self._known:
            if len(self._known) >= SHAPES_MAX:
                self._known.clear()
                self._tried.clear()
            self._known[shape] = form_of(text, self._place)
        form = self._known[shape]
        if form is not None and form.seen() and form.pattern is not None:
            tried = self._tried.setdefault(text.count("<"), [])
            if all(other is not form for _, other in tried):
                tried.insert(0, (form.pattern.fullmatch, form))
                del tried[TRIED_MAX:]


@cache
def entry_forms(place: Place) -> Forms:
    """The forms of the entries at a place."""
    return Forms(place)


@cache
def document_forms(message_type: str, following: str = "") -> Forms:
    """The forms of a whole document, or of its beginning before entries named ``following``."""
    top = next(source(message_type).iterchildren(XS + "element"))
    return Forms(Place(message_type, str(top.get("name")), str(top.get("type")), True, following))


def plain(text: str) -> str:
    """Return ``text`` with one plain character for each escape that ``writer.escape`` writes."""
    return _ESCAPES.sub(_STAND_IN, text)


def form_of(text: str, place: Place) -> Form | None:
    """Make the form of a ``text`` that is valid at its place, None where that cannot be done."""
    writer = _FormWriter(place)
    position = 0
    for token in _TOKEN.finditer(text):
        # What is no token (a comment, say) would be missing in the form.
        if token.start() != position or not writer.take(token):
            return None
        position = token.end()
    return writer.form() if position == len(text) else None


class _FormWriter:
    """Makes a form token by token, knowing the type of each open element."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._types = types_of(place.message_type)
        self._written: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._in_text = False

    def take(self, token: re.Match[str]) -> bool:
        """Add a token to the form; False if there can be no form."""
        tag, attribute, end, text = token.groups()
        if text is not None:
            return self._in_text or self._literal(text, text.isspace())
        if end is not None:
            self._in_text = False
            return bool(self._open) and self._literal(token[0], self._open.pop()[0] == end)
        kind = self._kind_of(tag)
        if kind is None:
            return False
        is_top = not self._open
        self._open.append((tag, kind))
        content = self._types.texts(kind)
        if self._place.is_document and is_top:
            declared = f' xmlns="{namespace(self._place.message_type)}"'
            return self._literal(token[0], attribute == declared)
        if content is None:
            return attribute is None and self._literal(token[0], kind in self._types.complex)
        self._in_text = True
        pattern, names = content
        written = re.escape(tag)
        if attribute is not None:
            name = attribute[1:].partition("=")[0]
            if name not in names:
                return False
            written += f' {name}="{names[name]}"'
        self._written.append(f"<{written}>{pattern}")
        return True

    def form(self) -> Form | None:
        closing = "".join(f"</{tag}>" for tag, _ in reversed(self._open))
        place = self._place
        entries = None
        if place.following:
            kind = self._types.repeated(self._open, place.following)
            entries = None if kind is None else Place(place.message_type, place.following, kind)
        if bool(closing) != bool(place.following) or (place.following and entries is None):
            return None
        return Form(
            "".join(self._written), closing, None if entries is None else entry_forms(entries)
        )

    def _kind_of(self, tag: str) -> str | None:
        if self._open:
            declared = self._types.child(self._open[-1][1], tag)
            return None if declared is None else declared.get("type")
        return self._place.kind if tag == self._place.tag else None

    def _literal(self, text: str, expected: bool) -> bool:
        self._written.append(re.escape(text))
        return expected
