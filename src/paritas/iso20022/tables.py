"""Tables that say, tag by tag, what a walk over a message takes and what it passes over.

An entry is a table for the children of an element, or a leaf: which field its text is, and by
which rule it is watched. What is taken is written down as paths (`table_of_fields`); what is
watched is read from the schema of the message (`table_of_watched`), so that no amount and no
identifier of any message is forgotten; `merged` makes one table of both, so that one walk does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from lxml import etree

#: Stands between the texts of a repeated field; no XML text can hold it.
SEPARATOR = "\x00"

#: What a leaf can be watched as, by its tag; a leaf with a currency is AMOUNT or SETTLED_AMOUNT.
BIC, IBAN, LEI, AMOUNT, SETTLED_AMOUNT = "BIC", "IBAN", "LEI", "amount", "settled amount"
_IDENTIFIERS = {
    "BIC": BIC,
    "BICFI": BIC,
    "AnyBIC": BIC,
    "BICOrBEI": BIC,
    "IBAN": IBAN,
    "LEI": LEI,
}
_SETTLED = "IntrBkSttlmAmt"

_XS = "{http://www.w3.org/2001/XMLSchema}"


class Leaf(NamedTuple):
    """An element whose text is taken or watched."""

    #: The field of the text; the last one, -1, is for texts that nobody asks for.
    field: int = -1
    #: The field of the currency of an amount, or -1.
    currency: int = -1
    #: Whether the field collects every text of its kind, each after a SEPARATOR.
    repeated: bool = False
    #: What it is watched as, or "".
    watched: str = ""


Entry: TypeAlias = "Leaf | dict[str, Entry]"
Table: TypeAlias = dict[str, Entry]

#: What it is watched as, the element and its text.
Watched: TypeAlias = tuple[str, etree._Element, str]


def walk(element: etree._Element, table: Table, texts: list[str], watched: list[Watched]) -> None:
    """Take from below ``element`` what the table names: the first text of each field counts."""
    for child in element:
        entry = table.get(child.tag)
        if entry is None:
            continue
        if isinstance(entry, dict):
            walk(child, entry, texts, watched)
            continue
        field, currency, repeated, watched_as = entry
        text = child.text or ""
        if repeated:
            texts[field] += SEPARATOR + text
        elif not texts[field]:
            texts[field] = text
            if currency >= 0:
                texts[currency] = child.get("Ccy", "")
        if watched_as:
            watched.append((watched_as, child, text))


def table_of_fields(fields: Sequence[str], paths: Mapping[str, str], namespace: str) -> Table:
    """Make the table of ``paths``, each from an element down to a leaf, to a name in ``fields``.

    ``amount@currency`` names the fields of an amount; ``field*`` is a repeated one.
    """
    index = {name: position for position, name in enumerate(fields)}
    top: Table = {}
    for path, field in paths.items():
        *parents, tag = [qualified(name, namespace) for name in path.split("/")]
        table = top
        for parent in parents:
            inner = table.setdefault(parent, {})
            assert isinstance(inner, dict)
            table = inner
        name, _, currency = field.partition("@")
        table[tag] = Leaf(
            field=index[name.removesuffix("*")],
            currency=index[currency] if currency else -1,
            repeated=name.endswith("*"),
        )
    return top


def table_of_watched(schema: etree._Element, namespace: str) -> Table:
    """Make the table of all that is watched below the top element that a schema declares."""
    kinds = {str(kind.get("name")): kind for kind in schema.iterchildren(_XS + "complexType")}
    made: dict[str, Table] = {}

    def table(name: str) -> Table:
        if name not in made:
            # Known before it is full, for a type that contains itself.
            made[name] = {}
            for element in kinds[name].iter(_XS + "element"):
                entry = _watched(element, kinds) or table_below(element)
                if entry:
                    made[name][qualified(str(element.get("name")), namespace)] = entry
        return made[name]

    def table_below(element: etree._Element) -> Table:
        kind = str(element.get("type"))
        return table(kind) if kind in kinds else {}

    return table_below(next(schema.iterchildren(_XS + "element")))


def _watched(element: etree._Element, kinds: Mapping[str, etree._Element]) -> Leaf | None:
    name = str(element.get("name"))
    if name in _IDENTIFIERS:
        return Leaf(watched=_IDENTIFIERS[name])
    kind = kinds.get(str(element.get("type")))
    attributes = () if kind is None else kind.iter(_XS + "attribute")
    if any(attribute.get("name") == "Ccy" for attribute in attributes):
        return Leaf(watched=SETTLED_AMOUNT if name == _SETTLED else AMOUNT)
    return None


def merged(taken: Table, watched: Table) -> Table:
    """Return one table for a walk that takes and watches."""
    both: Table = dict(watched)
    for tag, entry in taken.items():
        other = both.get(tag)
        if isinstance(entry, dict) and isinstance(other, dict):
            both[tag] = merged(entry, other)
        elif isinstance(entry, Leaf) and isinstance(other, Leaf):
            both[tag] = entry._replace(watched=other.watched)
        else:
            both[tag] = entry
    return both


def below(table: Table, tag: str) -> Table:
    """Return the table for the children of ``tag``, empty if it has none."""
    entry = table.get(tag)
    return entry if isinstance(entry, dict) else {}


def qualified(name: str, namespace: str) -> str:
    """Return the tag as lxml writes it."""
    return f"{{{namespace}}}{name}" if namespace else name
