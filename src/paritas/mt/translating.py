"""What every translation needs: what came out, what was said, and readers that note what was read.

Nothing is lost silently, because nobody has to think of it: both readers note each element or field
that a translation takes, and whatever was not taken in the end is reported as lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from lxml import etree

from paritas.iso20022.parsing import line_of, local_name
from paritas.iso20022.validation import Places
from paritas.iso20022.values import Finding
from paritas.mt.parsing import Field
from paritas.mt.values import TRUNCATED, guard_lines, one_line, supported

LOST = "rule.lost"
CUT = "rule.truncated"
REPLACED = "rule.characters"
ASSUMED = "rule.assumed"
UNSTRUCTURED = "rule.address"
WITHOUT_UETR = "rule.uetr"
REFUSED = "rule.untranslatable"

#: Beyond so many findings of one translation the last one says that there are more.
SAID_MAX = 200

_SHOWN = 60
_NOT_PROVIDED = frozenset({"NOTPROVIDED", "NONREF"})


class UntranslatableError(Exception):
    """A message that has no counterpart, or lacks what its counterpart cannot do without."""


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the other standard, with all that was said on the way.

    ``data`` is None where there is no translation; the reason is among ``said``. Findings name the
    place in the source: ``rule.lost`` for what is not carried, ``rule.truncated`` for what was cut
    (marked by "+" in an MT), ``rule.characters`` where characters were replaced by points,
    ``rule.assumed`` for what the source does not say and the target needs, ``rule.uetr`` and
    ``rule.address`` for what CBPR+ wants of the result and the source cannot give.
    """

    source: str
    message_type: str
    data: bytes | None
    said: tuple[Finding, ...] = ()


class Said:
    """Collects what is said during one translation."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(self, code: str, path: str, line: int, text: str, reason: str = "") -> None:
        """Note a finding once; beyond the limit nobody reads them."""
        finding = Finding(code, path, line, text[:300], reason)
        if self.is_full:
            self.findings[-1] = Finding(
                LOST, "", 0, f"more than {SAID_MAX} findings: not all named"
            )
        elif finding not in self.findings[-20:]:
            self.findings.append(finding)

    @property
    def is_full(self) -> bool:
        """Whether any further finding would only be counted."""
        return len(self.findings) >= SAID_MAX


class Notes:
    """What is known of one message's elements: which were taken, and the children of each by name.

    A translation looks for some sixty children of the same elements, so they are sorted once.
    """

    def __init__(self) -> None:
        self.taken: set[etree._Element] = set()
        self._children: dict[etree._Element, dict[str, list[etree._Element]]] = {}

    def children(self, element: etree._Element, name: str) -> list[etree._Element]:
        """Return the children of a local name."""
        known = self._children.get(element)
        if known is None:
            known = self._children[element] = {}
            for child in element:
                known.setdefault(local_name(child), []).append(child)
        return known.get(name, [])


class Node:
    """An element of an ISO 20022 message, found by local names; may stand for a missing one.

    ``text`` takes what it reads. Nodes made from one another share the notes of what was taken.
    """

    __slots__ = ("_notes", "element")

    def __init__(self, element: etree._Element | None, notes: Notes) -> None:
        self.element = element
        self._notes = notes

    def __bool__(self) -> bool:
        return self.element is not None

    def all(self, path: str) -> list[Node]:
        """Return every element at a path of local names."""
        found = [self.element] if self.element is not None else []
        for name in path.split("/"):
            found = [child for each in found for child in self._notes.children(each, name)]
        return [Node(element, self._notes) for element in found]

    def child(self, *paths: str) -> Node:
        """Return the first element at the first of the paths that has one."""
        for path in paths:
            if found := self.all(path):
                return found[0]
        return Node(None, self._notes)

    def peek(self, *paths: str) -> str:
        """Return the text at the first of the paths that has one, without taking it."""
        for path in paths:
            for node in self.all(path):
                if node.element is not None and (text := one_line(node.element.text or "")):
                    return text
        return ""

    def text(self, *paths: str) -> str:
        """Return the text at the first of the paths that has one, and take it."""
        for path in paths:
            for node in self.all(path):
                assert node.element is not None
                if text := one_line(node.element.text or ""):
                    self._notes.taken.add(node.element)
                    return text
        return ""

    @property
    def value(self) -> str:
        """The element's own text, taken."""
        if self.element is None:
            return ""
        self._notes.taken.add(self.element)
        return one_line(self.element.text or "")

    def peek_value(self) -> str:
        """Return the element's own text without taking it."""
        return "" if self.element is None else one_line(self.element.text or "")

    def attribute(self, name: str) -> str:
        """Return an attribute of the element, or ""."""
        return "" if self.element is None else str(self.element.get(name, ""))

    def take(self, *paths: str) -> None:
        """Take all below the paths, or below this element, as understood without a place."""
        nodes = [node for path in paths for node in self.all(path)] if paths else [self]
        for node in nodes:
            if node.element is not None:
                self._notes.taken.update(node.element.iter())

    def not_taken(self) -> list[etree._Element]:
        """Return the elements with text, at and below this one, that nothing has taken."""
        if self.element is None:
            return []
        return [
            element
            for element in self.element.iter()
            if not len(element)
            and element not in self._notes.taken
            and (element.text or "").strip()
        ]


class Fields:
    """The fields of an MT message, or of a sequence of it, noting which were taken."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        # By identity, because equal fields are different ones; the message keeps them alive.
        self._taken: set[int] = set()

    def take(self, *tags: str) -> Field | None:
        """Return the first field of one of the tags that nobody has taken, or None."""
        for field in self._fields:
            if field.tag in tags and id(field) not in self._taken:
                self._taken.add(id(field))
                return field
        return None

    def take_exact(self, field: Field) -> None:
        """Take one field that was found otherwise."""
        self._taken.add(id(field))

    def take_all(self, *tags: str) -> list[Field]:
        """Return all fields of the tags, in order."""
        found = [f for f in self._fields if f.tag in tags and id(f) not in self._taken]
        self._taken.update(map(id, found))
        return found

    def value(self, *tags: str) -> str:
        """Return the value of the first field of the tags, or ""."""
        field = self.take(*tags)
        return "" if field is None else field.value

    def not_taken(self) -> list[Field]:
        """Return the fields that nothing has taken."""
        return [field for field in self._fields if id(field) not in self._taken]


class MtOut:
    """The fields of an MT message that is being made from ISO 20022 elements."""

    def __init__(self, document: etree._Element, name: str, said: Said) -> None:
        self.fields: list[tuple[str, str]] = []
        self.name = name
        self._places = Places(document)
        self._said = said

    def add(self, tag: str, value: str) -> None:
        """Add a field, unless it is empty; no line of it reads as a field or as the end."""
        first, line_end, rest = value.partition("\n")
        guarded = first + line_end + guard_lines(rest)
        if guarded != value:
            text = "a line cannot begin with a colon or a dash: a point stands for it"
            self._said.add(REPLACED, f":{tag}:", 0, text)
        if value:
            self.fields.append((tag, guarded))

    def say(self, code: str, source: Node, text: str) -> None:
        """Note a finding about a source element."""
        if source.element is None:
            self._said.add(code, "Document", 0, text)
        else:
            path = self._places.place(source.element)[0]
            self._said.add(code, path, line_of(source.element), text)

    def plain(self, text: str, tag: str, source: Node) -> str:
        """Return a text in character set X, saying so where that changed it."""
        result = supported(text)
        if result != text:
            self.say(REPLACED, source, f"{text[:_SHOWN]!r} is {result[:_SHOWN]!r} in field {tag}")
        return result

    def cut(self, text: str, length: int, tag: str, source: Node) -> str:
        """Return a text of at most ``length`` characters, cut and marked by "+" if it must be."""
        result = self.plain(text, tag, source)
        if len(result) <= length:
            return result
        result = result[: length - 1] + TRUNCATED
        self.say(CUT, source, f"{text[:_SHOWN]!r} is cut to {result!r} in field {tag}")
        return result

    def lost(self, root: Node) -> None:
        """Say which elements below ``root`` were not carried over."""
        for element in root.not_taken():
            text = one_line(element.text or "")
            if self._said.is_full:
                # Places cost time, and this one would not be named.
                self._said.add(LOST, "", 0, "")
                return
            if text not in _NOT_PROVIDED:
                path = self._places.place(element)[0]
                shown = f"{local_name(element)} {text[:_SHOWN]!r} has no place in {self.name}"
                self._said.add(LOST, path, line_of(element), shown)


def bounded(fields: Fields, tag: str, length: int = 35) -> str:
    """Return an identifier's value; raises UntranslatableError for one that ISO 20022 cannot hold."""
    value = fields.value(tag).strip()
    if len(value) > length:
        raise UntranslatableError(f"has {len(value)} characters in field {tag}, more than {length}")
    return value


def say_fields_lost(fields: Fields, said: Said, message_type: str) -> None:
    """Say which fields of an MT were not carried over."""
    for field in fields.not_taken():
        shown = field.value.replace("\n", " ")[:_SHOWN]
        text = f"field {field.tag} {shown!r} has no place in {message_type}"
        said.add(LOST, field.path, field.line, text)


_CODE_LINE = re.compile(r"/([A-Z0-9]{2,8})/(.*)", re.ASCII | re.DOTALL)


def read_codes(value: str, width: int = 35) -> list[tuple[str, str]]:
    """Read a field of coded lines ("/CODE/text", "//" goes on) into codes and texts, in order.

    Text without a code has the code "".
    """
    items: list[tuple[str, str]] = []
    full = False
    for line in value.split("\n"):
        match = _CODE_LINE.fullmatch(line)
        if match is not None:
            items.append((match[1], match[2]))
        elif line.strip():
            more = line[2:] if line.startswith("//") else line
            if items:
                code, text = items[-1]
                joint = "" if full or not text else " "
                items[-1] = (code, text + joint + more)
            else:
                items.append(("", more))
        full = len(line) >= width
    return [(code, text.strip()) for code, text in items]
