"""The types of a schema, as far as patterns are made of them: which child has which type and text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from lxml import etree

from paritas.iso20022.facets import XS, attribute_pattern, text_pattern
from paritas.iso20022.schemas import source


class SchemaTypes:
    """What a pattern needs to know of the types of one schema."""

    def __init__(self, message_type: str) -> None:
        self._source = source(message_type)
        kinds = {
            str(kind.get("name")): kind for kind in self._source.iterchildren(XS + "complexType")
        }
        simple = {
            name for name, kind in kinds.items() if kind.find(XS + "simpleContent") is not None
        }
        self._simple = {name: kinds[name] for name in simple}
        #: The types of elements that hold elements.
        self.complex = {name: kind for name, kind in kinds.items() if name not in simple}
        self._texts: dict[str, tuple[str, dict[str, str]] | None] = {}
        self._children: dict[tuple[str, str], etree._Element | None] = {}

    def child(self, kind: str, tag: str) -> etree._Element | None:
        """Return the one declaration of ``tag`` in a type, None if there is none or several."""
        if (kind, tag) not in self._children:
            found = self.complex[kind].iter(XS + "element") if kind in self.complex else ()
            declared = [each for each in found if each.get("name") == tag]
            self._children[kind, tag] = declared[0] if len(declared) == 1 else None
        return self._children[kind, tag]

    def texts(self, kind: str) -> tuple[str, dict[str, str]] | None:
        """Return the patterns of an element's text and of its attributes, None if unknown."""
        if kind not in self._texts:
            self._texts[kind] = self._read_texts(kind)
        return self._texts[kind]

    def repeated(self, opened: Sequence[tuple[str, str]], tag: str) -> str | None:
        """Return the type of the entries inside what is open, if nothing but entries must follow.

        ``opened`` are elements and their types, outermost first. Each entry is then valid or not
        for itself, and the end tags make a whole document.
        """
        if not opened:
            return None
        children = [child for child, _ in opened[1:]] + [tag]
        declared = None
        for (_, kind), child in zip(opened, children, strict=True):
            declared = self.child(kind, child)
            if declared is None or not _is_last_needed(declared):
                return None
        if declared is None or declared.get("maxOccurs") != "unbounded":
            return None
        return str(declared.get("type"))

    def _read_texts(self, kind: str) -> tuple[str, dict[str, str]] | None:
        attributes: dict[str, str] = {}
        base = kind
        if kind in self._simple:
            (extension,) = self._simple[kind].iter(XS + "extension")
            base = str(extension.get("base"))
            for attribute in extension.iterchildren(XS + "attribute"):
                allowed = attribute_pattern(self._source, str(attribute.get("type")))
                if allowed is not None:
                    attributes[str(attribute.get("name"))] = allowed
        pattern = text_pattern(self._source, base)
        return None if pattern is None else (pattern, attributes)


@cache
def types_of(message_type: str) -> SchemaTypes:
    """Return what is known of the types of a message; raises as `schemas.source` does."""
    return SchemaTypes(message_type)


def _is_last_needed(declared: etree._Element) -> bool:
    """Whether an element is in a plain sequence and all after it may be missing."""
    sequence = declared.getparent()
    if sequence is None or sequence.tag != XS + "sequence" or "maxOccurs" in sequence.attrib:
        return False
    parent = sequence.getparent()
    if parent is None or parent.tag != XS + "complexType":
        return False
    return all(after.get("minOccurs") == "0" for after in declared.itersiblings())
