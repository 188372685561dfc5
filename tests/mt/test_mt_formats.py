"""The notation of field formats, and the formats themselves, case by case."""

import pytest

from paritas.mt.formats import FORMATS, matches
from paritas.mt.messages import LAYOUTS, layout

GOOD = [
    ("16x", "REF-1"),
    ("16x", "A" * 16),
    ("3!a15d", "EUR12,5"),
    ("3!a15d", "EUR0,"),
    ("3!a15d", "EUR12345678901234,"),
    ("6!n3!a15d", "261123JPY1,"),
    ("4*35x", "a\nb\nc\nd"),
    ("[/34x]$4*35x", "Name"),
    ("[/34x]$4*35x", "/123\nName"),
    ("[/1!a][/34x]$4!a2!a2!c[3!c]", "AAAAINB0"),
    ("[/1!a][/34x]$4!a2!a2!c[3!c]", "/C\nAAAAINB0XXX"),
    ("[/1!a][/34x]$4!a2!a2!c[3!c]", "/D/12-3\nAAAAINB0XXX"),
    ("[/1!a][/34x]$4!a2!a2!c[3!c]", "//FW021000089\nAAAAINB0XXX"),
    (FORMATS["13C"], "/CLSTIME/0915+0100"),
    (FORMATS["61"], "2611231123D1,5NTRFNONREF//B-1\nSUPPLEMENT"),
    (FORMATS["61"], "261123RC1,5NTRFNONREF"),
    (FORMATS["53B"], "/C/123"),
    (FORMATS["53B"], "MUMBAI"),
    (FORMATS["28C"], "12345/00001"),
    (FORMATS["11S"], "103\n261123\n1234567890"),
    (FORMATS["23E"], "PHOB/20.527"),
]
BAD = [
    ("16x", ""),
    ("16x", "A" * 17),
    ("16x", "A_B"),
    ("16x", "A\nB"),
    ("16x", "Ä"),
    ("16x", "REF-1\n"),
    ("3!a15d", "EU1,5"),
    ("3!a15d", "EUR1.5"),
    ("3!a15d", "EUR15"),
    ("3!a15d", "EUR,5"),
    ("3!a15d", "EUR1,5,"),
    ("3!a15d", "EUR123456789012345,"),
    ("3!a15d", "EUR١,"),
    ("4*35x", "a\nb\nc\nd\ne"),
    ("4*35x", "a" * 36),
    ("4*35x", "a\n\nb"),
    ("[/34x]$4*35x", "\nName"),
    ("[/1!a][/34x]$4!a2!a2!c[3!c]", "AAAAINB"),
    ("[/1!a][/34x]$4!a2!a2!c[3!c]", "12-3\nAAAAINB0"),
    (FORMATS["71A"], "OURS"),
    (FORMATS["61"], "26112C1,5NTRFNONREF"),
    (FORMATS["28C"], "1/"),
]


@pytest.mark.parametrize(("notation", "value"), GOOD)
def test_good(notation, value):
    assert matches(notation, value)


@pytest.mark.parametrize(("notation", "value"), BAD)
def test_bad(notation, value):
    assert not matches(notation, value)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_field_of_a_layout_has_a_format(name):
    """A layout with a field of no format would let anything pass there."""
    own = {"59F", "60M", "62M", "32C", "32D", "50C", "52C", "56C", "57C", "50", "56B", "33B"}
    tags = {tag for item in layout(name) for part in (item, *item.group) for tag in part.tags}
    assert tags - set(FORMATS) - own - {"!"} == set()
    assert layout(name)
