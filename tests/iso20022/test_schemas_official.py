"""The schema bundle against the official schemas: the same structure, and the same verdicts.

Both tests need the folder `shared` beside the project (or named by PARITAS_SHARED), and are skipped
where it is absent, because the official schemas may not be copied into the project.
"""

import os
import random
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from paritas.iso20022 import schemas

SHARED = Path(
    os.environ.get("PARITAS_SHARED", Path(__file__).resolve().parents[3] / "shared"),
)
OFFICIAL = sorted(
    path.stem
    for path in (SHARED / "iso20022-schemas").glob("*.xsd")
    if path.stem in schemas.message_types()
)
XSD = "{http://www.w3.org/2001/XMLSchema}"

pytestmark = pytest.mark.skipif(not OFFICIAL, reason="no official schemas beside the project")


# Structure


class Structure:
    """One schema as plain values in which two schemas that accept the same are mostly equal.

    Names of types, the order of facets, and groups with but one group in them do not count.
    """

    def __init__(self, path: Path) -> None:
        root = etree.parse(path).getroot()
        self.namespace = root.get("targetNamespace")
        self._types = {
            child.get("name"): child
            for child in root.iterchildren(XSD + "complexType", XSD + "simpleType")
        }
        self.roots = [
            (child.get("name"), child.get("type")) for child in root.iterchildren(XSD + "element")
        ]

    def simple(self, name: str) -> tuple[object, ...] | None:
        """The built-in type and the facets of a simple type; None if the type is complex."""
        if name.startswith("xs:"):
            return (name,)
        restriction = self._types[name].find(XSD + "restriction")
        if restriction is None or self._types[name].tag == XSD + "complexType":
            return None
        facets = [(etree.QName(facet).localname, facet.get("value")) for facet in restriction]
        return (*(self.simple(restriction.get("base")) or ()), *sorted(facets))

    def complex(self, name: str) -> tuple[object, object, list[etree._Element]]:
        """The text, the attributes and the groups of a complex type."""
        definition = self._types[name]
        extension = definition.find(f"{XSD}simpleContent/{XSD}extension")
        text = None if extension is None else self.simple(extension.get("base"))
        attributes = [
            (attribute.get("name"), attribute.get("use"), self.simple(attribute.get("type")))
            for attribute in definition.iter(XSD + "attribute")
        ]
        return text, attributes, list(definition.iterchildren(XSD + "sequence", XSD + "choice"))


def _shape(particle: etree._Element) -> tuple[object, ...]:
    wanted = ("name", "namespace", "processContents")
    return (
        particle.tag,
        particle.get("minOccurs", "1"),
        particle.get("maxOccurs", "1"),
        *(particle.get(name) for name in wanted),
    )


def _unwrapped(group: etree._Element) -> etree._Element:
    inner = list(group.iterchildren(tag=etree.Element))
    groups = (XSD + "sequence", XSD + "choice")
    if group.tag in groups and len(inner) == 1 and inner[0].tag in groups and not group.attrib:
        return _unwrapped(inner[0])
    return group


def _differences(own: Structure, official: Structure) -> Iterator[str]:
    """Every difference, with the path to it; also checks that it really walked the whole schema."""
    if own.namespace != official.namespace:
        yield f"namespace: {own.namespace}, officially {official.namespace}"
    if [name for name, _ in own.roots] != [name for name, _ in official.roots]:
        yield f"roots: {own.roots}, officially {official.roots}"
    seen = set()
    waiting = [(name, own.roots[0][1], of) for name, of in official.roots[:1]]
    while waiting:
        path, own_name, official_name = waiting.pop()
        if (own_name, official_name) in seen:
            continue
        seen.add((own_name, official_name))
        simple = own.simple(own_name), official.simple(official_name)
        if simple[0] != simple[1]:
            yield f"{path}: {simple[0]}, officially {simple[1]}"
        if None not in simple or simple[0] != simple[1]:
            continue
        own_text, own_attributes, own_groups = own.complex(own_name)
        text, attributes, groups = official.complex(official_name)
        if (own_text, own_attributes, len(own_groups)) != (text, attributes, len(groups)):
            yield f"{path}: {own_text} {own_attributes}, officially {text} {attributes}"
        pairs = list(zip(own_groups, groups, strict=False))
        while pairs:
            one, other = map(_unwrapped, pairs.pop())
            inner = (
                list(one.iterchildren(tag=etree.Element)),
                list(other.iterchildren(tag=etree.Element)),
            )
            if _shape(one) != _shape(other) or len(inner[0]) != len(inner[1]):
                yield f"{path}: {_shape(one)}, officially {_shape(other)}"
            elif one.tag == XSD + "element":
                waiting.append((f"{path}/{one.get('name')}", one.get("type"), other.get("type")))
            pairs += zip(*inner, strict=False)
    assert len(seen) > 5, "the walk ended too soon"


@pytest.mark.parametrize("message_type", OFFICIAL)
def test_the_structure_is_the_official_one(message_type: str) -> None:
    own = Structure(Path(str(schemas._folder())) / f"{message_type}.xsd")
    official = Structure(SHARED / "iso20022-schemas" / f"{message_type}.xsd")
    assert list(_differences(own, official)) == []


# Verdicts

# Enough to meet every kind of change in every message, and still done in seconds.
MUTATIONS = 40
TEXTS = [
    "", " ", "x", "0", "-1", "+1", "1.00", " 1.00 ", "1.000000", "1e2", "INF", ".5", "5.",
    "123456789012345678", "1234567890123456789", "true", "TRUE", "1", "AED", "ZZZ", "aed", "ACSC",
    "CRDT", "XXXX", "2026", "2026-11", "2026-11-20", "2026-02-29", "2026-11-20Z", "24:00:00",
    "23:59:60", "2026-11-20T24:00:00", "2026-11-20T24:00:01", "2026-11-20T08:00:00",
    "2026-11-20T08:00:00.123456789Z", "2026-11-20T08:00:00+14:01", "AAAAINB0XXX", "AAAAINB0", "AAAAINB0X",
    "aaaainb0", "GB29NWBK60161331926819", "eb6305c9-1f7f-49de-aed0-16487c27b42d",
    "EB6305C9-1F7F-49DE-AED0-16487C27B42D", "00000000-0000-1000-8000-000000000000", "+91-9800000000",
    "5493001KJTIIGC8Y1R12", "AAAA", "\u0660", "\u4e2d\u6587", "a\nb", "a\tb", "QUJD", "QUJ", "A" * 35, "A" * 36,
    "A" * 140, "A" * 141, "\U0001f600" * 35, "9" * 15, "9" * 16,
]  # fmt: skip


@cache
def _official_schema(message_type: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SHARED / "iso20022-schemas" / f"{message_type}.xsd"))


def _messages() -> Iterator[tuple[str, str, etree._Element]]:
    """File, message type and root element of every message in the samples with an official schema.

    A header and a document in one envelope are two messages.
    """
    known = {schemas.namespace(message_type): message_type for message_type in OFFICIAL}
    parser = etree.XMLParser(resolve_entities=False)
    for path in sorted((SHARED / "samples").glob("*/*")):
        try:
            tree = etree.parse(path, parser)
        except etree.XMLSyntaxError:
            continue  # MT messages, and XML that nobody can read
        for element in tree.iter("{*}Document", "{*}AppHdr"):
            message_type = known.get(str(etree.QName(element).namespace))
            if message_type is not None:
                # A subtree is checked as a document of its own only when it is one.
                yield path.name, message_type, etree.XML(etree.tostring(element, with_tail=False))


def _findings(schema: etree.XMLSchema, root: etree._Element) -> list[tuple[int, str]]:
    """What the schema finds: empty if it is valid, else the line and the kind of every error."""
    if schema.validate(root):
        return []
    return [(entry.line, entry.type_name) for entry in schema.error_log] or [(0, "invalid")]


def test_the_samples_get_the_official_verdict() -> None:
    valid = invalid = 0
    for file, message_type, root in _messages():
        official = _findings(_official_schema(message_type), root)
        assert _findings(schemas.schema(message_type), root) == official, (file, message_type)
        valid, invalid = valid + (not official), invalid + bool(official)
    assert valid > 250 and invalid > 0


def _mutate(root: etree._Element, chance: random.Random) -> str:
    """Change one thing somewhere in a message, in place; say what."""
    inner = [found for found in root.iter("*") if found.getparent() is not None]
    if not inner:
        return "nothing, for an earlier change took all there was"
    element = chance.choice(inner)
    parent = element.getparent()
    assert parent is not None
    leaves = [found for found in inner if len(found) == 0]
    act = chance.choice(
        ["drop", "repeat", "move", "swap", "rename", "namespace", "attribute", "add", "stray"]
        + ["text"] * 9
        + ["currency"] * 2
    )
    if act == "drop":
        parent.remove(element)
    elif act == "repeat":
        for _ in range(chance.choice([1, 1, 2, 10])):
            element.addnext(deepcopy(element))
    elif act == "move":
        chance.choice(list(root.iter("*"))).append(deepcopy(element))
    elif act == "swap":
        parent.insert(chance.randrange(len(parent)), element)
    elif act == "rename":
        other = chance.choice(list(root.iter("*")))
        element.tag = other.tag
    elif act == "namespace":
        element.tag = etree.QName("urn:other", etree.QName(element).localname)
    elif act == "attribute":
        element.set(chance.choice(["Ccy", "Other"]), "INR")
    elif act == "add":
        names = ["Cd", "Prtry", "Id", "SplmtryData", "Nm", "Amt", "Tp", "Issr", "Dt", "DtTm", "Any"]
        name = etree.QName(etree.QName(root).namespace, chance.choice(names))
        added = etree.Element(name, nsmap={None: str(name.namespace)})
        added.text = chance.choice([None, *TEXTS])
        parent.insert(chance.randrange(len(parent) + 1), added)
    elif act == "stray":
        element.addnext(etree.Comment("between"))
        element.tail = chance.choice(["\n", "text"])
    elif act == "currency":
        with_currency = [found for found in leaves if found.get("Ccy")] or [element]
        chance.choice(with_currency).set("Ccy", chance.choice(["INRX", "inr", "", "ZZZ", " INR "]))
    else:
        leaf = chance.choice(leaves)
        leaf.text = chance.choice(TEXTS)
        return f"{act} {leaf.tag} {leaf.text!r}"
    return f"{act} {element.tag}"


def test_broken_samples_get_the_official_verdict() -> None:
    """Several thousand changes to real messages; the seed is fixed, so a failure can be repeated."""
    chance = random.Random(20022)
    valid = invalid = 0
    for file, message_type, root in _messages():
        own, official = schemas.schema(message_type), _official_schema(message_type)
        for _ in range(MUTATIONS):
            mutant = deepcopy(root)
            what = [_mutate(mutant, chance) for _ in range(chance.choice([1, 1, 1, 2]))]
            expected = _findings(official, mutant)
            assert _findings(own, mutant) == expected, (file, message_type, what)
            valid, invalid = valid + (not expected), invalid + bool(expected)
    assert valid > 1000 and invalid > 1000
