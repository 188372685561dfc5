"""The page on MT names every finding and every message type that the code knows."""

import re
from pathlib import Path

from paritas.mt.messages import LAYOUTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "mt.md").read_text()


def test_every_code_is_explained():
    sources = (path.read_text() for path in (ROOT / "src" / "paritas" / "mt").glob("*.py"))
    codes = {code for source in sources for code in re.findall(r'"((?:rule|mt)\.[a-z_]+)"', source)}
    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_every_layout_is_listed():
    (paragraph,) = re.findall(r"Layout \(which.*?\.", PAGE, re.DOTALL)
    words = " ".join(paragraph.split())
    assert [name for name in LAYOUTS if name.removeprefix("MT") not in words] == []
