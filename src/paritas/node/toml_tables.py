"""Reading a TOML file for people: all mistakes at once, each with its line, its key and a remedy.

A ``Document`` parses the text; a ``Table`` hands out its values one key at a time through small
functions that turn a raw value into a checked one or raise ``InvalidValueError``. Nothing stops at a mistake:
it is noted, a neutral value stands in, and reading goes on. Whoever reads must look at
``Document.mistakes()`` before believing anything that was read.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from paritas.node.toml_lines import Path, key_lines

T = TypeVar("T")

_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class InvalidValueError(ValueError):
    """A value that cannot stand; the text is a sentence without its subject, which is the key."""


class Mistake(msgspec.Struct, frozen=True):
    """One thing that is wrong in a file, and what to do about it.

    ``line`` counts from 1, and is 0 where the whole file is meant. ``key`` is the way to the
    value, such as ``member[2].accounts.INR.balance``, with positions counted from 1 as a person
    would; it is empty where no key is to blame.
    """

    line: int
    key: str
    text: str

    def in_file(self, source: str) -> str:
        """Return the mistake as one line for a person: file, line, key, text."""
        place = f"{source}:{self.line}" if self.line else source
        return ": ".join(part for part in (place, self.key, self.text) if part)


class Document:
    """One TOML text and the mistakes that were found in it so far."""

    def __init__(self, text: str) -> None:
        self._mistakes: list[Mistake] = []
        self._tables: list[Table] = []
        self._lines: dict[Path, int] = {(): 1}
        values: dict[str, Any] = {}
        try:
            values = tomllib.loads(text)
            self._lines = key_lines(text)
        except (ValueError, RecursionError) as error:
            self._mistakes.append(_syntax_mistake(error, text))
        #: The table at the top; silent if the text could not be parsed at all.
        self.root = Table(self, (), values, is_absent=bool(self._mistakes))

    def line(self, path: Path) -> int:
        """Return the line of a key, or of the nearest table around it that the file does have."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def report(self, path: Path, text: str) -> None:
        """Note a mistake at a key."""
        self._mistakes.append(Mistake(self.line(path), key_text(path), text))

    def add(self, table: Table) -> None:
        """Remember a table that was looked into, to find the words in it that nobody asked for."""
        self._tables.append(table)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Return all mistakes by line; call it once, when everything has been read."""
        for table in self._tables:
            table.report_unknown()
        return tuple(sorted(self._mistakes, key=lambda mistake: mistake.line))


class Table:
    """One table of the document, and what has been asked of it."""

    def __init__(
        self, document: Document, path: Path, values: dict[str, Any], *, is_absent: bool = False
    ) -> None:
        self.document = document
        self.path = path
        #: True if the file has no such table: that is reported once, not again for every key.
        self.is_absent = is_absent
        self._values = values
        self._known: dict[str, None] = {}
        document.add(self)

    def report(self, text: str, *below: str | int) -> None:
        """Note a mistake at this table or, with ``below``, at something inside it."""
        self.document.report((*self.path, *below), text)

    def has(self, name: str) -> bool:
        """Tell whether the table has a key, whatever its value."""
        self._known[name] = None
        return name in self._values

    def need(self, name: str, read: Callable[[Any], T], neutral: T) -> T:
        """Return the value of a key that must be there; after a mistake, ``neutral``."""
        if self.has(name):
            return self._read(name, read, neutral)
        if not self.is_absent:
            self.report("is missing: add it here", name)
        return neutral

    def take(self, name: str, read: Callable[[Any], T], default: T) -> T:
        """Return the value of a key that may be left out; without it, ``default``."""
        return self._read(name, read, default) if self.has(name) else default

    def items(
        self, name: str, read: Callable[[Any], T], *, is_needed: bool = False
    ) -> list[T | None] | None:
        """Return the elements of a list, None for each that is wrong; None if there is no list."""
        if not self.has(name):
            if is_needed and not self.is_absent:
                self.report("is missing: add it here", name)
            return None
        values = self._values[name]
        if not isinstance(values, list):
            self.report("must be a list in square brackets", name)
            return None
        found: list[T | None] = []
        for position, value in enumerate(values):
            try:
                found.append(read(value))
            except InvalidValueError as error:
                self.report(str(error), name, position)
                found.append(None)
        return found

    def table(self, name: str, *, is_needed: bool = False) -> Table:
        """Return a table inside this one; if there is none, an empty and silent one."""
        path = (*self.path, name)
        if not self.has(name):
            if is_needed and not self.is_absent:
                self.report("is missing: add it here", name)
            return Table(self.document, path, {}, is_absent=True)
        values = self._values[name]
        if not isinstance(values, dict):
            self.report("must be a table: keys with values, in braces or under a heading", name)
            return Table(self.document, path, {}, is_absent=True)
        return Table(self.document, path, values)

    def tables(self, name: str, *, is_needed: bool = False) -> list[Table]:
        """Return the tables that the file writes under ``[[name]]`` headings."""
        values = self._values[name] if self.has(name) else []
        if not isinstance(values, list):
            self.report(f"must be written under a heading in double brackets: [[{name}]]", name)
            return []
        if not values and is_needed and not self.is_absent:
            self.report(f"is missing: at least one [[{name}]] is needed", name)
        found = []
        for position, value in enumerate(values):
            if isinstance(value, dict):
                found.append(Table(self.document, (*self.path, name, position), value))
            else:
                self.report("must be a table: keys with values", name, position)
        return found

    def names(self) -> list[str]:
        """Return all names in a table where the file chooses them, such as currencies."""
        self._known.update(dict.fromkeys(self._values))
        return list(self._values)

    def report_unknown(self) -> None:
        """Note every key that nobody has asked for, with the word that was probably meant."""
        for name in self._values:
            if name not in self._known:
                self.report(f"is no word of a scheme file here{meant(name, self._known)}", name)

    def _read(self, name: str, read: Callable[[Any], T], neutral: T) -> T:
        try:
            return read(self._values[name])
        except InvalidValueError as error:
            self.report(str(error), name)
            return neutral


def key_text(path: Path) -> str:
    """Write a path as a person would: ``("member", 1, "bic")`` gives ``member[2].bic``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            name = part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            text += f".{name}" if text else name
    return text


def meant(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """Return ``"; did you mean X?"`` if a known word is much like ``name``, else ``""``.

    ``likeness``, from 0 to 1, is the part that must agree.
    """
    by_lower = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=likeness)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


def _syntax_mistake(error: Exception, text: str) -> Mistake:
    """Turn the parser's complaint into a mistake; it stops at the first, so there is only one."""
    if isinstance(error, RecursionError):
        return Mistake(0, "", "lists or tables are nested too deeply")
    complaint = str(error)
    position = _POSITION.search(complaint)
    if position is None:
        return Mistake(0, "", f"is not valid TOML: {complaint}")
    last_line = text.count("\n") + 1
    line = int(position[1]) if position[1] else last_line
    sentence = complaint[: position.start()]
    return Mistake(line, "", f"is not valid TOML: {sentence}; correct it to see other mistakes")
