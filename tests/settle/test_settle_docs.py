"""docs/messages.md names a test for every rule, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

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


def exists(name: str, file: str) -> bool:
    if file.endswith(".txt"):
        return name in CASES and file == f"rules/{name.partition('/')[0]}.txt"
    function, _, parameter = name.partition(": ")
    return function in FUNCTIONS[file] and parameter in (HERE / file).read_text()


def test_every_test_that_is_named_exists() -> None:
    assert len(NAMED) > 150
    assert [each for each in NAMED if not exists(*each)] == []


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
