"""The scan knows nothing of values, so the standard parser is its oracle for which keys exist."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paritas.node.toml_lines import Path, key_lines

TRICKY = '''\
# [not.a] = "table"
title = "a # b = [c]"      # [x]
"quoted.key" = 'C:\\'
"\\u0041\\"" = 1
a.b . "c" = 1.5
multi = """
[x] = "1" \\"""
y = 2 """""
raw = \'\'\'
z = \'1\'\'\'\'
when = 1979-05-27 07:32:00.5-07:00
list = [ # [
  "x", [1, 2],
  { p = { q = -inf } }, # }
]
empty = []
[t.u]
[t]
v = {}
[[m]]
n = 1
[m.o]
p = 2
[[m.k]]
[[m.k]]
q = 3
[[m]]
n = {r = [1,
2]}
'''

LINES: dict[Path, int] = {
    ("title",): 2,
    ("quoted.key",): 3,
    ('A"',): 4,
    ("a", "b", "c"): 5,
    ("multi",): 6,
    ("raw",): 9,
    ("when",): 11,
    ("list",): 12,
    ("list", 0): 13,
    ("list", 1, 1): 13,
    ("list", 2, "p", "q"): 14,
    ("empty",): 16,
    ("t",): 18,
    ("t", "u"): 17,
    ("t", "v"): 19,
    ("m",): 20,
    ("m", 0): 20,
    ("m", 0, "o"): 22,
    ("m", 0, "o", "p"): 23,
    ("m", 0, "k"): 24,
    ("m", 0, "k", 1): 25,
    ("m", 0, "k", 1, "q"): 26,
    ("m", 1): 27,
    ("m", 1, "n", "r", 1): 29,
}


def paths(value: Any, path: Path = ()) -> set[Path]:
    """All ways into a parsed document."""
    found = {path}
    if isinstance(value, dict):
        for name, inner in value.items():
            found |= paths(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            found |= paths(inner, (*path, position))
    return found


def test_each_key_is_on_its_line() -> None:
    lines = key_lines(TRICKY)
    assert {path: lines[path] for path in LINES} == LINES
    assert set(lines) == paths(tomllib.loads(TRICKY))


def test_windows_line_ends_count_once() -> None:
    assert key_lines('a = """x\r\ny"""\r\nb = 1\r\n') == {(): 1, ("a",): 1, ("b",): 3}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", "a=1#c"])
def test_short_texts(text: str) -> None:
    assert set(key_lines(text)) == paths(tomllib.loads(text))


NAMES = st.sampled_from(["a", "b", "c-1", '"d e"', "'f.g'", '"]"', '"\\n="'])
KEYS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
TEXTS = ['"x"', '"[#\\""', "'{=,'", '""', "''", '"""\n["" \\""""', "'''\n]''''", '""""""', "''''''"]
SCALARS = st.sampled_from(["1", "-1.5e3", "true", "2026-12-25", "07:00:00", *TEXTS])
BLANKS = st.sampled_from(["", " ", "\n", " # ]}\n"])


def _arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    elements = st.lists(st.tuples(BLANKS, values, BLANKS).map("".join), max_size=3)
    return elements.map(lambda parts: f"[{','.join(parts)}]")


def _inline_tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(NAMES, values).map(" = ".join), max_size=3)
    return pairs.map(lambda parts: f"{{ {', '.join(parts)} }}")


VALUES = st.recursive(
    SCALARS, lambda values: _arrays(values) | _inline_tables(values), max_leaves=6
)
STATEMENTS = (
    st.tuples(KEYS, VALUES).map(" = ".join)
    | KEYS.map(lambda key: f"[{key}]")
    | KEYS.map(lambda key: f"[[{key}]] # x")
    | BLANKS
)


@settings(deadline=None)
@given(st.lists(STATEMENTS, max_size=10))
def test_the_scan_finds_the_keys_that_the_parser_finds(statements: list[str]) -> None:
    text = ""
    for statement in statements:  # keep those that leave the text valid
        try:
            tomllib.loads(f"{text}{statement}\n")
        except tomllib.TOMLDecodeError:
            continue
        text += f"{statement}\n"
    lines = key_lines(text)
    assert set(lines) == paths(tomllib.loads(text))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
