"""The generator of the schema bundle, on a small message of its own."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from lxml import etree

ROOT = Path(__file__).resolve().parents[1]

SOURCE = """
from __future__ import annotations

class Colour1Code(Enum):
    RED = "RED"
    BLUE = "BLUE"

@dataclass(kw_only=True)
class Amount:
    value: Decimal = field(
        metadata={"required": True, "min_inclusive": Decimal("0"), "fraction_digits": 2}
    )
    ccy: str = field(
        metadata={"name": "Ccy", "type": "Attribute", "required": True, "pattern": r"[A-Z]{3,3}"}
    )

@dataclass(kw_only=True)
class Paint1Choice:
    colr: None | Colour1Code = field(default=None, metadata={"name": "Colr", "type": "Element"})
    mix: list[Colour1Code] = field(
        default_factory=list, metadata={"name": "Mix", "type": "Element", "max_occurs": 2}
    )

@dataclass(kw_only=True)
class Envelope1:
    any_element: None | object = field(
        default=None, metadata={"type": "Wildcard", "namespace": "##any"}
    )

@dataclass(kw_only=True)
class Document:
    class Meta:
        namespace = "urn:test"

    amt: Amount = field(metadata={"name": "Amt", "type": "Element", "required": True})
    pnt: None | Paint1Choice = (
        field(default=None, metadata={"name": "Pnt", "type": "Element"})
    )
    yr: None | XmlPeriod = field(default=None, metadata={"name": "Yr", "type": "Element"})
    note: list[str] = field(
        default_factory=list,
        metadata={"name": "Note", "type": "Element", "min_length": 1, "max_length": 3},
    )
    envlp: Envelope1 = field(metadata={"name": "Envlp", "type": "Element", "required": True})
"""
AMOUNT = '<Amt Ccy="INR">1.50</Amt>'
LAST = '<Envlp><x xmlns="urn:x"/></Envlp>'


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """build_schemas.py, which lies beside the package and not in it."""
    spec = importlib.util.spec_from_file_location("build_schemas", ROOT / "build_schemas.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "build_schemas", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        (AMOUNT + LAST, True),
        (AMOUNT, False),
        (AMOUNT + "<Envlp/>", False),
        (LAST, False),
        ('<Amt Ccy="INR">-1</Amt>' + LAST, False),
        ('<Amt Ccy="INR">1.505</Amt>' + LAST, False),
        ("<Amt>1.50</Amt>" + LAST, False),
        ('<Amt Ccy="inr">1.50</Amt>' + LAST, False),
        (AMOUNT + "<Pnt><Colr>RED</Colr></Pnt>" + LAST, True),
        (AMOUNT + "<Pnt><Colr>GREY</Colr></Pnt>" + LAST, False),
        (AMOUNT + "<Pnt/>" + LAST, False),
        (AMOUNT + "<Pnt><Mix>RED</Mix><Mix>BLUE</Mix></Pnt>" + LAST, True),
        (AMOUNT + "<Pnt><Mix>RED</Mix><Mix>RED</Mix><Mix>RED</Mix></Pnt>" + LAST, False),
        (AMOUNT + "<Pnt><Colr>RED</Colr><Mix>RED</Mix></Pnt>" + LAST, False),
        (AMOUNT + "<Yr>2026</Yr>" + LAST, True),
        (AMOUNT + "<Yr>2026-11</Yr>" + LAST, False),
        (AMOUNT + "<Note>abc</Note>" * 50 + LAST, True),
        (AMOUNT + "<Note>abcd</Note>" + LAST, False),
        ("<Yr>2026</Yr>" + AMOUNT + LAST, False),
    ],
)
def test_a_message_becomes_a_schema(generator: ModuleType, content: str, valid: bool) -> None:
    text = generator.SchemaWriter(generator.read_message(SOURCE)).write()
    schema = etree.XMLSchema(etree.XML(text.encode()))
    assert schema.validate(etree.XML(f'<Document xmlns="urn:test">{content}</Document>')) is valid


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("Decimal = field", "float = field", "a type that is not known here: float"),
        ("[A-Z]{3,3}", '" + CODE + r"', "line 14: a literal is expected"),
        ("list[str]", "list['str']", r"line \d+: a name is expected"),
        (
            '= field(metadata={"name": "Amt"',
            '= dict(facts={"name": "Amt"',
            "a field with its metadata",
        ),
    ],
)
def test_what_is_not_understood_is_said(
    generator: ModuleType, right: str, wrong: str, said: str
) -> None:
    assert right in SOURCE
    with pytest.raises(generator.BuildError, match=said):
        generator.SchemaWriter(generator.read_message(SOURCE.replace(right, wrong))).write()


def test_a_bundle_is_made_again_only_if_it_is_not_fresh(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "test.py"
    source.write_text(SOURCE, encoding="utf-8")
    bundle = tmp_path / "xsd"
    monkeypatch.setattr(generator, "_sources", lambda: {"test.001": source})
    monkeypatch.setattr(generator, "_licence", lambda: "MIT")
    assert generator.build(bundle) == 1
    made = bundle / "test.001.xsd"
    made.write_text("kept", encoding="utf-8")
    assert generator.build(bundle) == 1
    assert made.read_text(encoding="utf-8") == "kept"
    made.unlink()
    assert generator.build(bundle) == 1
    assert made.exists()
    # A file of an older bundle, and a stamp that names another generator: all is made again.
    (bundle / "old.001.xsd").touch()
    (bundle / generator.STAMP).write_text("other", encoding="utf-8")
    assert generator.build(bundle) == 1
    assert made.read_text(encoding="utf-8").startswith("<?xml")
    assert not (bundle / "old.001.xsd").exists()
