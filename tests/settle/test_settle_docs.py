"""docs/messages.md names a test for every rule, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from test_settle_rules import CASES

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
HERE = Path(__file__).parent
NAMED = re.findall(
    r"\[((?:[^\[\]]|\[[^\]]*\])+)\]\(\.\./tests/settle/([^)]+\.(?:txt|py))\)", PAGE.read_text()
)
FUNCTIONS = {
    path.name: {
        node.name: node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    for path in HERE.glob("test_*.py")
}


@pytest.mark.parametrize(("name", "file"), sorted(set(NAMED)))
def test_a_test_that_is_named_exists(name: str, file: str) -> None:
    if file.endswith(".txt"):
        assert name in CASES
        assert file == f"rules/{name.partition('/')[0]}.txt"
        return
    function, _, parameter = name.partition(": ")
    assert function in FUNCTIONS[file]
    if parameter:
        text = (HERE / file).read_text()
        assert f'"{parameter}"' in text or parameter in text


def test_every_rule_is_named() -> None:
    named = {name for name, _ in NAMED}
    assert set(CASES) - named == set()
    functions = {name.partition(": ")[0] for name in named}
    ours = {
        name
        for file, found in FUNCTIONS.items()
        if file not in ("test_settle_rules.py", Path(__file__).name)
        for name in found
        if name.startswith("test_")
    }
    assert ours - functions == set()
