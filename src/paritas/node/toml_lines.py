"""On which line of a TOML text does each key stand?

The standard library's parser says what a TOML text means but not where. This scan says where but
not what: it walks the tokens and notes a line for every key and every array element. It relies
on the text being valid, so call it only on what ``tomllib`` has accepted.
"""

from __future__ import annotations

import re
import tomllib

#: The way to a value: names of tables and, inside arrays, positions counted from 0.
Path = tuple[str | int, ...]

# One alternative per token; the order matters, as three quotes also begin with one.
_TOKEN = re.compile(
    r'''
      (?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<string>"""(?:\\.|[^\\])*?"""(?:"{0,2})
               | \'\'\'.*?\'\'\'(?:'{0,2})
               | "(?:\\.|[^"\\\n])*"
               | '[^'\n]*')
    | (?P<sign>[\[\]{}=,.])
    | (?P<bare>[^\s\#"'\[\]{}=,.]+)
    ''',
    re.VERBOSE | re.DOTALL,
)


def key_lines(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of every table, key and array element of valid TOML.

    The root ``()`` is on line 1. Tables that only exist because a longer name mentions them
    (``a`` in ``[a.b]``) stand where they are first mentioned.
    """
    return _Scan(text).run()


class _Scan:
    """One walk over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        line = 1
        for match in _TOKEN.finditer(text):
            kind, token = str(match.lastgroup), match[0]
            if kind != "blank":
                self._tokens.append((kind, token, line))
            line += token.count("\n")
        self._tokens.append(("end", "", line))
        self._at = 0
        self._lines: dict[Path, int] = {(): 1}
        #: How many tables each array of tables ([[name]]) has so far.
        self._lengths: dict[Path, int] = {}

    def run(self) -> dict[Path, int]:
        """Walk all lines of the text."""
        table: Path = ()
        while self._peek() != "":
            if self._peek() == "\n":
                self._at += 1
            elif self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _line(self) -> int:
        return self._tokens[self._at][2]

    def _note(self, path: Path, line: int) -> None:
        self._lines.setdefault(path, line)

    def _header(self) -> Path:
        """Walk ``[a.b]`` or ``[[a.b]]``; return the path of the table that it begins."""
        line = self._line()
        self._at += 1
        is_array = self._peek() == "["
        self._at += is_array
        names = self._key()
        self._at += 1 + is_array
        path: Path = ()
        for name in names[:-1]:
            path = self._inside((*path, name), line)
        path = (*path, names[-1])
        if is_array:
            self._note(path, line)
            length = self._lengths.get(path, 0)
            self._lengths[path] = length + 1
            path = (*path, length)
        # A header is a better place to point at than an earlier mention.
        self._lines[path] = line
        return path

    def _inside(self, path: Path, line: int) -> Path:
        """Step into a table by name; for an array of tables, into its latest table."""
        self._note(path, line)
        length = self._lengths.get(path, 0)
        return (*path, length - 1) if length else path

    def _key(self) -> list[str]:
        """Walk a key, dotted or not; return its names."""
        names = []
        while self._peek() not in ("=", "]"):
            kind, token, _ = self._tokens[self._at]
            if kind == "string":
                # Its escapes are the parser's business: let it read the string.
                names.append(str(tomllib.loads(f"name = {token}")["name"]))
            elif kind == "bare":
                names.append(token)
            self._at += 1
        return names

    def _pair(self, table: Path) -> None:
        """Walk ``key = value`` inside a table."""
        line = self._line()
        path = table
        for name in self._key():
            path = (*path, name)
            self._note(path, line)
        self._at += 1
        self._value(path)

    def _value(self, path: Path) -> None:
        """Walk one value: an array, an inline table, or a scalar of one or more tokens."""
        if self._peek() == "[":
            self._array(path)
        elif self._peek() == "{":
            self._inline_table(path)
        else:
            # 1.5 and 2026-12-25 09:00:00 are several tokens here.
            while self._peek() not in ("", "\n", ",", "]", "}"):
                self._at += 1

    def _array(self, path: Path) -> None:
        self._at += 1
        position = 0
        while self._peek() != "]":
            if self._peek() in ("\n", ","):
                self._at += 1
                continue
            self._note((*path, position), self._line())
            self._value((*path, position))
            position += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._peek() != "}":
            if self._peek() in ("\n", ","):
                self._at += 1
            else:
                self._pair(path)
        self._at += 1
