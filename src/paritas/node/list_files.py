"""The lists of a scheme, from their files to the commands that put them in force."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from paritas.core.state import State
from paritas.model import commands as c
from paritas.node.scheme_lists import ScreeningList
from paritas.screening import ListVersion
from paritas.screening.lists import ListError, read_list


def read_version(each: ScreeningList) -> ListVersion:
    """Read a list's files; raises ListError if any is missing, not whole or of no known form."""
    contents = {}
    for file in each.files:
        try:
            contents[Path(file).name] = Path(file).read_bytes()
        except OSError as error:
            raise ListError(
                f"{file}: cannot be read ({error.strerror}): put the list there"
            ) from None
    authority, _, name = each.name.partition("/")
    published = each.published.isoformat() if each.published else ""
    return read_list(contents, authority=authority, name=name, published=published)


def read_versions(lists: Sequence[ScreeningList]) -> dict[str, ListVersion]:
    """Read every list of a scheme, by name; raises ListError."""
    return {each.name: read_version(each) for each in lists}


def load_command(
    at_ns: int, actor: int, book: int, version: ListVersion, *, insisted: bool = False
) -> c.LoadListVersion:
    """Return the command that puts a version in force on one book, as its issuer."""
    return c.LoadListVersion(
        at_ns,
        actor,
        b"",
        book,
        version.list_id,
        datetime.date.fromisoformat(version.published).toordinal(),
        len(version.entries),
        bytes.fromhex(version.sha256),
        insisted,
    )


def load_commands(
    state: State, versions: Mapping[str, ListVersion], at_ns: int
) -> Iterator[c.LoadListVersion]:
    """Yield, book by book, what puts these versions in force where they bind and are not yet."""
    for number in sorted(state.books):
        book = state.books[number]
        for name in sorted(book.lists):
            version = versions.get(name)
            if version is None:
                continue
            command = load_command(at_ns, book.issuer.number, number, version)
            if book.lists[name] != (command.published, command.entries, command.digest):
                yield command
