"""Tables that say, tag by tag, what a walk over a message takes and what it passes over.

An entry is a table for the children of an element, or a leaf: which field its text is, and which
rule it must keep. What is taken is written down as paths (`table_of_fields`); what has a rule is
read from the schema of the message (`table_of_rules`), so that no amount and no identifier of any
message is forgotten; `merged` makes one table of both, so that one walk does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from lxml import etree

from paritas.iso20022.element_rules import (
    TEXT_MAX,
    Problem,
    Rule,
    amount_rule,
    bic_rule,
    country_rule,
    currency_rule,
    iban_rule,
    lei_rule,
    settled_amount_rule,
)

#: Stands between the texts of a repeated field; no XML text can hold it.
SEPARATOR = "\x00"

_RULES: Mapping[str, Rule] = {
    "BIC": bic_rule,
    "BICFI": bic_rule,
    "AnyBIC": bic_rule,
    "BICOrBEI": bic_rule,
    "IBAN": iban_rule,
    "LEI": lei_rule,
}
_SETTLED_AMOUNT = "IntrBkSttlmAmt"

# The patterns by which the schemas know a code of a country and of a currency, and the ends of
# the names of the elements that have one. (The names of simple types differ between versions.)
_CODE_RULES: Mapping[str, tuple[Rule, str]] = {
    "[A-Z]{2,2}": (country_rule, ""),
    "[A-Z]{3,3}": (currency_rule, "Ccy"),
}

_XS = "{http://www.w3.org/2001/XMLSchema}"


class Leaf(NamedTuple):
    """An element whose text is taken or has a rule."""

    #: The field of the text; the last one, -1, is for texts that nobody asks for.
    field: int = -1
    #: The field of the currency of an amount; -1 likewise.
    currency: int = -1
    #: Whether the field collects every text of its kind, each after a SEPARATOR.
    repeated: bool = False
    rule: Rule | None = None


# A mere number is the field of a leaf that is nothing else: most are, and this is the hot path.
Entry: TypeAlias = "int | Leaf | dict[str, Entry]"
Table: TypeAlias = dict[str, Entry]

#: An element and what is wrong with it.
Found: TypeAlias = tuple[etree._Element, Problem]


def walk(element: etree._Element, table: Table, texts: list[str], found: list[Found]) -> None:
    """Take from below ``element`` what the table names: the first text of each field counts.

    Adds to ``found`` the elements that break their rule. One flat iteration, which asks each
    element for its parent, is faster than a recursion, which needs an iterator for each.
    """
    tables: dict[etree._Element | None, Table] = {element: table}
    for child in element.iterdescendants():
        known = tables.get(child.getparent())
        if known is None:
            continue
        entry = known.get(child.tag)
        if entry is None:
            continue
        if type(entry) is int:
            if not texts[entry]:
                texts[entry] = child.text or ""
        elif type(entry) is dict:
            tables[child] = entry
        elif type(entry) is Leaf:
            field, currency, repeated, rule = entry
            text = child.text or ""
            said_currency = child.get("Ccy", "")
            if repeated:
                texts[field] += SEPARATOR + text
            elif not texts[field]:
                texts[field] = text
                texts[currency] = said_currency
            if rule is not None:
                problem = rule(text[:TEXT_MAX], said_currency)
                if problem is not None:
                    found.append((child, problem))


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
        number = index[name.removesuffix("*")]
        if currency:
            table[tag] = Leaf(number, currency=index[currency])
        else:
            table[tag] = Leaf(number, repeated=True) if name.endswith("*") else number
    return top


def table_of_rules(schema: etree._Element, namespace: str) -> Table:
    """Make the table of all that has a rule below the top element that a schema declares."""
    kinds = {str(kind.get("name")): kind for kind in schema.iterchildren(_XS + "complexType")}
    patterns = _patterns(schema)
    made: dict[str, Table] = {}

    def table(name: str) -> Table:
        if name not in made:
            # Known before it is full, for a type that contains itself.
            made[name] = {}
            for element in kinds[name].iter(_XS + "element"):
                entry = _ruled(element, kinds, patterns) or table_below(element)
                if entry:
                    made[name][qualified(str(element.get("name")), namespace)] = entry
        return made[name]

    def table_below(element: etree._Element) -> Table:
        kind = str(element.get("type"))
        return table(kind) if kind in kinds else {}

    return table_below(next(schema.iterchildren(_XS + "element")))


def _patterns(schema: etree._Element) -> dict[str, str]:
    """The simple types that are a pattern."""
    return {
        str(kind.get("name")): str(facet.get("value"))
        for kind in schema.iterchildren(_XS + "simpleType")
        for facet in kind.iter(_XS + "pattern")
    }


def _ruled(
    element: etree._Element, kinds: Mapping[str, etree._Element], patterns: Mapping[str, str]
) -> Leaf | None:
    name = str(element.get("name"))
    if name in _RULES:
        return Leaf(rule=_RULES[name])
    rule, ending = _CODE_RULES.get(patterns.get(str(element.get("type")), ""), (None, ""))
    if rule is not None and name.endswith(ending):
        return Leaf(rule=rule)
    kind = kinds.get(str(element.get("type")))
    attributes = () if kind is None else kind.iter(_XS + "attribute")
    if any(attribute.get("name") == "Ccy" for attribute in attributes):
        return Leaf(rule=settled_amount_rule if name == _SETTLED_AMOUNT else amount_rule)
    return None


def merged(taken: Table, ruled: Table) -> Table:
    """Return one table for a walk that takes and checks."""
    both: Table = dict(ruled)
    for tag, entry in taken.items():
        other = both.get(tag)
        if isinstance(entry, dict) and isinstance(other, dict):
            both[tag] = merged(entry, other)
        elif isinstance(other, Leaf) and not isinstance(entry, dict):
            leaf = Leaf(entry) if isinstance(entry, int) else entry
            both[tag] = leaf._replace(rule=other.rule)
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
