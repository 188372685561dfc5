"""The lists of a scheme, from their files to the commands that put them in force."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from paritas.core.state import State
from paritas.model import commands as c
from paritas.node.scheme_lists import ScreeningList
from paritas.screening import ListVersion
from paritas.screening.lists import ListError, read_list


def read_version(each: ScreeningList) -> ListVersion:
    """Read a list's files; raises ListError if any is missing, not whole or of no known form."""
    return _version(each.name, _contents(each), each.published)


def _contents(each: ScreeningList) -> dict[str, bytes]:
    contents = {}
    for file in each.files:
        try:
            contents[Path(file).name] = Path(file).read_bytes()
        except OSError as error:
            raise ListError(
                f"{file}: cannot be read ({error.strerror}): put the list there"
            ) from None
    return contents


def _version(
    list_id: str, contents: Mapping[str, bytes], published: datetime.date | None
) -> ListVersion:
    authority, _, name = list_id.partition("/")
    stated = published.isoformat() if published else ""
    return read_list(contents, authority=authority, name=name, published=stated)


class ListStore:
    """The files of every version that was ever in force at a node, as they were published.

    What is refused never comes in; so the version in force is at hand whatever lies at the
    publisher's place, and years later one can see what a verdict was made on.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, each: ScreeningList, version: ListVersion) -> None:
        """Keep the files that ``version`` was just read from."""
        folder = self._folder / version.sha256
        if folder.is_dir():
            return
        making = folder.with_suffix(".new")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        for name, content in _contents(each).items():
            (making / name).write_bytes(content)
        making.replace(folder)

    def version(self, list_id: str, known: tuple[int, int, bytes]) -> ListVersion:
        """Return a version by what the engine knows of it; raises ListError if it was not kept."""
        published, _, digest = known
        folder = self._folder / digest.hex()
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        if not files:
            raise ListError(f"{list_id}: the version in force was not kept in {self._folder}")
        contents = {file.name: file.read_bytes() for file in files}
        version = _version(list_id, contents, datetime.date.fromordinal(published))
        if version.sha256 != digest.hex():
            raise ListError(f"{folder}: was changed: put the files back as they were published")
        return version


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


def put_in_force(
    lists: Sequence[ScreeningList],
    state: State,
    store: ListStore,
    load: Callable[[Iterable[c.LoadListVersion]], None],
    at_ns: int,
) -> Iterator[tuple[ListVersion, str]]:
    """Yield the version of each list that is in force at a node's start, and why not the file's.

    ``load`` has the engine decide on the commands given to it. What cannot be read, or looks like
    a mistake, leaves the version in force where it is. Raises ListError where there is none.
    """
    for each in lists:
        try:
            version, why_not = read_version(each), ""
            load(load_commands(state, {each.name: version}, at_ns))
            store.keep(each, version)
        except ListError as error:
            version, why_not = None, str(error)
        known = {book.lists[each.name] for book in state.books.values() if each.name in book.lists}
        in_force = next(iter(known))
        if in_force is None:
            raise ListError(why_not or f"{each.name}: the engine refuses it: is it empty?")
        if version is None or version.sha256 != in_force[2].hex():
            why_not = why_not or "it looks like a mistake; paritas screening diff says why"
            version = store.version(each.name, in_force)
        yield version, why_not
