"""Turns the dataclasses of pyiso20022 into XML schemas, one for each version of each message.

pyiso20022 was generated from the official schemas and keeps nearly all of what they say: names,
order, occurrence, facets and code lists. This module writes it back as XSD. What the
dataclasses lost, and how it is put back:

- a choice looks like a sequence of optional fields: a type whose name ends in `Choice` is one, and
  CHOICES names the older types that hold one without saying so;
- a member that may be absent even when chosen looks like any other: OPTIONAL_IN_CHOICE names them;
- gYear and gYearMonth both became XmlPeriod: an element `Yr` is a year, any other a year and month;
- a date-time that must be in UTC became a text with the pattern `.*Z`: it is a date-time again;
- a wildcard stands exactly once, and is lax unless it says otherwise.

Both tables come from comparing every type with the official schemas at hand, which hold 93% of the
types here, by name. Beyond them, PersonIdentification2 and PaymentTypeInformation2, 4, 5 and 6 (of
2005 and 2006) are taken to be as their numbered siblings are.

The sources are read as syntax, never imported: importing all of them takes three times as long
and runs code that a build has no need to run.

    python build_schemas.py        writes src/paritas/iso20022/xsd, unless it is there and fresh
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from xml.sax.saxutils import quoteattr

ROOT = Path(__file__).resolve().parent
BUNDLE = ROOT / "src" / "paritas" / "iso20022" / "xsd"
PYISO20022 = "1.6.2"
FAMILIES = ("admi", "camt", "head", "pacs", "pain")

# The stamp says from what a bundle was made, so that a wheel built from an sdist can reuse the
# bundle in it, and a changed generator never leaves an old bundle in place.
STAMP = "made-from.txt"

BUILT_IN = {
    "str": "xs:string",
    "bool": "xs:boolean",
    "bytes": "xs:base64Binary",
    "Decimal": "xs:decimal",
    "XmlDate": "xs:date",
    "XmlDateTime": "xs:dateTime",
    "XmlTime": "xs:time",
}
# The facets in the order in which they are written, with their names in pyiso20022.
FACETS = {
    "min_inclusive": "minInclusive",
    "total_digits": "totalDigits",
    "fraction_digits": "fractionDigits",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}
UTC_PATTERN = ".*Z"

# The first and the last member of the choice in a type that does not end in `Choice`. A component
# of ISO 20022 keeps its name only while it keeps its content, so the name alone is enough.
CHOICES = {
    "CashAccountType2": ("Cd", "Prtry"),
    "CashBalanceAvailabilityDate1": ("NbOfDays", "ActlDt"),
    "CreditorReferenceType1": ("Cd", "Prtry"),
    "PaymentTypeInformation1": ("SvcLvl", "ClrChanl"),
    "PaymentTypeInformation2": ("SvcLvl", "ClrChanl"),
    "PaymentTypeInformation3": ("SvcLvl", "ClrChanl"),
    "PaymentTypeInformation4": ("SvcLvl", "ClrChanl"),
    "PaymentTypeInformation5": ("SvcLvl", "ClrChanl"),
    "PaymentTypeInformation6": ("SvcLvl", "ClrChanl"),
    "PersonIdentification2": ("DrvrsLicNb", "OthrId"),
    "PersonIdentification3": ("DrvrsLicNb", "OthrId"),
    "ProprietaryDate1": ("Dt", "DtTm"),
    "ReferredDocumentType1": ("Cd", "Prtry"),
}
# The beginning of a type's name, and the members of its choice that are optional.
OPTIONAL_IN_CHOICE = {
    "MandateRelatedData": ("DrctDbtMndt", "CdtTrfMndt"),
    "PaymentTypeInformation": ("SvcLvl", "ClrChanl"),
    "References74Choice": ("CtrPtyMktInfrstrctrTxId",),
}


class BuildError(Exception):
    """The bundle cannot be made; the message is one line for the person who builds."""


@dataclass(frozen=True)
class Field:
    """One field of a dataclass: an element, an attribute, a wildcard or the text of its element."""

    type_name: str
    is_list: bool
    facts: dict[str, object]

    @property
    def name(self) -> str:
        """The name in XML; empty if the field is a wildcard or a text, which have none."""
        return str(self.facts.get("name", ""))

    @property
    def kind(self) -> object:
        """What the field is in XML: Element, Attribute, Wildcard, or Text if it says nothing."""
        return self.facts.get("type", "Text")


@dataclass(frozen=True)
class ComplexType:
    """One dataclass: a type, or the root element if `namespace` is set."""

    name: str
    base: str | None
    namespace: str | None
    fields: list[Field]

    @property
    def particles(self) -> list[Field]:
        """The elements and wildcards, in the order in which they must stand."""
        return [field for field in self.fields if field.kind in ("Element", "Wildcard")]

    @property
    def choice(self) -> tuple[str, str] | None:
        """The names of the first and last member of the choice in this type, if there is one."""
        if self.name.endswith("Choice"):
            return self.particles[0].name, self.particles[-1].name
        return CHOICES.get(self.name)


@dataclass(frozen=True)
class Message:
    """All that one module of pyiso20022 defines, in its order."""

    codes: dict[str, list[str]]
    types: dict[str, ComplexType]

    @property
    def root(self) -> ComplexType:
        """The root element: Document, or AppHdr for a business application header."""
        return next(found for found in self.types.values() if found.namespace)


# Reading


def read_message(source: str) -> Message:
    """Read the source of one module of pyiso20022; raises BuildError on a form it does not know."""
    codes: dict[str, list[str]] = {}
    types: dict[str, ComplexType] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        base = next((_name(expression) for expression in node.bases), None)
        if base == "Enum":
            codes[node.name] = [str(_literal(value)) for _, value in _assignments(node)]
        else:
            types[node.name] = _read_type(node, base)
    return Message(codes, types)


def _read_type(node: ast.ClassDef, base: str | None) -> ComplexType:
    meta: dict[str, object] = {}
    fields = []
    for statement in node.body:
        if isinstance(statement, ast.ClassDef) and statement.name == "Meta":
            meta = {target: _literal(value) for target, value in _assignments(statement)}
        elif isinstance(statement, ast.AnnAssign):
            fields.append(_read_field(statement))
    namespace = meta.get("namespace")
    return ComplexType(node.name, base, None if namespace is None else str(namespace), fields)


def _read_field(statement: ast.AnnAssign) -> Field:
    """Read `name: None | T = field(...)`, `name: T = ...` or `name: list[T] = ...`."""
    annotation = statement.annotation
    is_list = isinstance(annotation, ast.Subscript)
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.slice
    elif isinstance(annotation, ast.BinOp):
        annotation = annotation.right
    given: dict[str | None, ast.expr] = {}
    if isinstance(statement.value, ast.Call):
        given = {argument.arg: argument.value for argument in statement.value.keywords}
    facts = _literal(given["metadata"]) if "metadata" in given else None
    if not isinstance(facts, dict):
        raise BuildError(f"line {statement.lineno}: a field with its metadata is expected")
    return Field(_name(annotation), is_list, facts)


def _assignments(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            yield _name(statement.targets[0]), statement.value


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    raise BuildError(f"line {node.lineno}: a name is expected, not {ast.unparse(node)}")


def _literal(node: ast.expr) -> object:
    """The value of a literal; a `Decimal("0")` gives its text, which is what a schema needs."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {_literal(key): _literal(value) for key, value in pairs if key is not None}
    if isinstance(node, ast.Call) and _name(node.func) == "Decimal":
        return _literal(node.args[0])
    if isinstance(node, ast.Constant):
        return node.value
    raise BuildError(f"line {node.lineno}: a literal is expected, not {ast.unparse(node)}")


# Writing


class SchemaWriter:
    """Writes one message as a schema; types with the same facets share one named simple type."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._simple_types: dict[tuple[str, ...], str] = {}
        self._simple_lines: list[str] = []
        self._lines: list[str] = []

    def write(self) -> str:
        """The whole schema, as text."""
        root = self._message.root
        # A header's root element extends its type by nothing, so it is declared as that type.
        type_name = root.base or root.name
        types = [found for found in self._message.types.values() if found.base is None]
        for complex_type in types:
            self._write_type(complex_type)
        for name, codes in self._message.codes.items():
            self._write_restriction(name, "xs:string", [("enumeration", code) for code in codes])
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
                f" xmlns={quoteattr(str(root.namespace))}"
                f' targetNamespace={quoteattr(str(root.namespace))} elementFormDefault="qualified">',
                f'<xs:element name="{root.name}" type="{type_name}"/>',
                *self._lines,
                *self._simple_lines,
                "</xs:schema>",
                "",
            ]
        )

    def _write_type(self, complex_type: ComplexType) -> None:
        fields = complex_type.fields
        attributes = [field for field in fields if field.kind == "Attribute"]
        text = next((field for field in fields if field.kind == "Text"), None)
        self._lines.append(f'<xs:complexType name="{complex_type.name}">')
        if text is not None:
            self._lines.append(f'<xs:simpleContent><xs:extension base="{self._type_of(text)}">')
            self._write_attributes(attributes)
            self._lines.append("</xs:extension></xs:simpleContent>")
        else:
            self._write_particles(complex_type)
            self._write_attributes(attributes)
        self._lines.append("</xs:complexType>")

    def _write_particles(self, complex_type: ComplexType) -> None:
        first, last = complex_type.choice or (None, None)
        in_choice = False
        self._lines.append("<xs:sequence>")
        for field in complex_type.particles:
            if field.name == first:
                in_choice = True
                self._lines.append("<xs:choice>")
            self._write_particle(field, _occurs(field, complex_type.name, in_choice))
            if field.name == last:
                in_choice = False
                self._lines.append("</xs:choice>")
        self._lines.append("</xs:sequence>")

    def _write_particle(self, field: Field, occurs: str) -> None:
        if field.kind == "Wildcard":
            namespace = quoteattr(str(field.facts["namespace"]))
            process = field.facts.get("process_contents", "lax")
            self._lines.append(f'<xs:any namespace={namespace} processContents="{process}"/>')
        else:
            self._lines.append(
                f'<xs:element name="{field.name}" type="{self._type_of(field)}"{occurs}/>'
            )

    def _write_attributes(self, attributes: list[Field]) -> None:
        for field in attributes:
            use = ' use="required"' if field.facts.get("required") else ""
            self._lines.append(
                f'<xs:attribute name="{field.name}" type="{self._type_of(field)}"{use}/>'
            )

    def _type_of(self, field: Field) -> str:
        if field.type_name in self._message.codes or field.type_name in self._message.types:
            return field.type_name
        if field.type_name == "XmlPeriod":
            return "xs:gYear" if field.name == "Yr" else "xs:gYearMonth"
        base = BUILT_IN.get(field.type_name)
        if base is None:
            raise BuildError(f"pyiso20022 has a type that is not known here: {field.type_name}")
        if field.facts.get("pattern") == UTC_PATTERN:
            base = "xs:dateTime"
        facets = [(xsd, str(field.facts[own])) for own, xsd in FACETS.items() if own in field.facts]
        return self._restricted(base, facets) if facets else base

    def _restricted(self, base: str, facets: list[tuple[str, str]]) -> str:
        key = (base, *(part for facet in facets for part in facet))
        if key not in self._simple_types:
            name = _simple_type_name(base, dict(facets), len(self._simple_types))
            self._simple_types[key] = name
            self._write_restriction(name, base, facets)
        return self._simple_types[key]

    def _write_restriction(self, name: str, base: str, facets: list[tuple[str, str]]) -> None:
        values = "".join(f"<xs:{facet} value={quoteattr(value)}/>" for facet, value in facets)
        self._simple_lines.append(
            f'<xs:simpleType name="{name}"><xs:restriction base="{base}">{values}'
            "</xs:restriction></xs:simpleType>"
        )


def _simple_type_name(base: str, facets: dict[str, str], number: int) -> str:
    """A name that says something in a validator's message, as ISO 20022's own names do."""
    if list(facets) == ["minLength", "maxLength"] and facets["minLength"] == "1":
        return f"Max{facets['maxLength']}{'Binary' if base == 'xs:base64Binary' else 'Text'}"
    return f"{base.removeprefix('xs:').capitalize()}Restriction{number}"


def _occurs(field: Field, type_name: str, in_choice: bool) -> str:
    """The occurrence attributes; a member of a choice is optional only because others may stand."""
    required = in_choice or field.facts.get("required", False)
    for prefix, optional in OPTIONAL_IN_CHOICE.items():
        if in_choice and type_name.startswith(prefix) and field.name in optional:
            required = False
    minimum = field.facts.get("min_occurs", 1 if required else 0)
    maximum = field.facts.get("max_occurs", "unbounded" if field.is_list else 1)
    return ("" if minimum == 1 else f' minOccurs="{minimum}"') + (
        "" if maximum == 1 else f' maxOccurs="{maximum}"'
    )


# The bundle


def build(bundle: Path = BUNDLE) -> int:
    """Make the bundle in a folder unless a fresh one is there; give the number of its schemas.

    Raises BuildError if pyiso20022 is absent or of another version, or a source is not understood.
    """
    stamp = bundle / STAMP
    count = len(list(bundle.glob("*.xsd")))
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == _made_from(count):
        return count
    sources, licence = _sources(), _licence()
    bundle.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for stale in bundle.glob("*.xsd"):
        stale.unlink()
    for message_type, source in sources.items():
        try:
            schema = SchemaWriter(read_message(source.read_text(encoding="utf-8"))).write()
        except BuildError as error:
            raise BuildError(f"{source}: {error}") from error
        (bundle / f"{message_type}.xsd").write_text(schema, encoding="utf-8", newline="\n")
    (bundle / "LICENSE-pyiso20022").write_text(licence, encoding="utf-8", newline="\n")
    # Last, so that a build that was cut short is made again.
    stamp.write_text(_made_from(len(sources)), encoding="utf-8", newline="\n")
    return len(sources)


def _made_from(count: int) -> str:
    generator = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return f"{count} schemas from pyiso20022 {PYISO20022} by build_schemas.py {generator}\n"


def _licence() -> str:
    """The licence of pyiso20022 (MIT), which asks to go wherever a large part of it goes."""
    found = metadata.distribution("pyiso20022")
    text = found.read_text("licenses/LICENSE") or found.read_text("LICENSE")
    if text is None:
        raise BuildError("pyiso20022 has no licence here: install it again with pip")
    return text


def _sources() -> dict[str, Path]:
    """The source of every message version by its id, found without importing the package."""
    package = util.find_spec("pyiso20022")
    if package is None or not package.submodule_search_locations:
        raise BuildError(
            f"pyiso20022 is not installed here: run pip install pyiso20022=={PYISO20022}"
        )
    version = metadata.version("pyiso20022")
    if version != PYISO20022:
        raise BuildError(f"pyiso20022 is {version} here: run pip install pyiso20022=={PYISO20022}")
    root = Path(package.submodule_search_locations[0])
    return {
        source.stem.replace("_", "."): source
        for family in FAMILIES
        for source in sorted((root / family).glob(f"*/{family}_*.py"))
    }


if __name__ == "__main__":
    try:
        print(f"{build()} schemas in {BUNDLE}")
    except BuildError as problem:
        sys.exit(f"build_schemas: {problem}")
