"""The scheme file's words on screening: which lists there are, who binds them, where their files lie."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from pathlib import Path

import msgspec

from paritas.node import scheme_words as words
from paritas.node.toml_tables import InvalidValueError, Table, meant


class ScreeningList(msgspec.Struct, frozen=True):
    """A list that binds on the books of the issuers that name it.

    ``name`` is "authority/list". ``files`` are a publisher's own, or one plain CSV; ``published``
    is their date, needed only where they carry none.
    """

    name: str
    bound_by: tuple[str, ...]
    files: tuple[str, ...]
    published: datetime.date | None = None

    def in_folder(self, folder: Path) -> ScreeningList:
        """Return the same with its files as they are seen from the scheme file's folder."""
        files = tuple(str(folder / file) for file in self.files)
        return msgspec.structs.replace(self, files=files)


def read_lists(tables: list[Table], issuers: Collection[str]) -> tuple[ScreeningList, ...]:
    """Read every ``[[list]]``; each must be bound by an issuer of this scheme."""

    def issuer(value: object) -> str:
        bic = words.bic(value)
        if bic not in issuers:
            hint = meant(bic, issuers, likeness=0.9) or ": only an issuer binds a list"
            raise InvalidValueError(f"{bic} issues no book of this scheme{hint}")
        return bic

    found: dict[str, ScreeningList] = {}
    for table in tables:
        name = table.need("name", words.list_name, "")
        bound_by = _several(table, "bound_by", issuer)
        files = _several(table, "files", words.text)
        published = table.take("published", words.date, None)
        if name in found:
            table.report(f"{name} is there already: keep one [[list]] for it", "name")
        elif name:
            found[name] = ScreeningList(name, bound_by, files, published)
    return tuple(found.values())


def _several(table: Table, name: str, read: words.Read) -> tuple[str, ...]:
    values = table.items(name, read, is_needed=True)
    if values == []:
        table.report("is empty: name at least one", name)
    return tuple(dict.fromkeys(value for value in values or () if value))
