"""A new version of a list, held against the one in force: what changes, and what speaks against it."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from paritas.screening import Entry, ListVersion
from paritas.screening.lists import ListError, difference, read_list
from paritas.screening.lists.guards import objections


class Comparison(msgspec.Struct, frozen=True):
    """Two versions of a list, by what differs; entries as "id name", changed ones with what changed."""

    old: str
    new: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    #: Why the new one would be refused, unless two people insist; empty if it would not.
    doubts: tuple[str, ...]

    def text(self) -> str:
        """Return it as a person reads it."""
        lines = [f"{self.old} -> {self.new}"]
        for sign, entries in (("+", self.added), ("-", self.removed), ("~", self.changed)):
            lines += [f"{sign} {entry}" for entry in entries]
        counts = (len(self.added), len(self.removed), len(self.changed))
        lines.append("{:,} added, {:,} removed, {:,} changed.".format(*counts))
        return "\n".join([*lines, *(f"Refused unless two people insist: {d}" for d in self.doubts)])


def compare(old: Path, new: Path, published: datetime.date | None = None) -> Comparison:
    """Compare two publications; raises ListError where one cannot be read whole."""
    before = published - datetime.timedelta(days=1) if published else None
    return comparison_of(_read(old, before), _read(new, published))


def comparison_of(old: ListVersion, new: ListVersion) -> Comparison:
    """Compare two versions."""
    found = difference(old, new)
    return Comparison(
        old.id,
        new.id,
        tuple(map(_named, found.added)),
        tuple(map(_named, found.removed)),
        tuple(f"{_named(after)}: {_changes(before, after)}" for before, after in found.changed),
        tuple(objections(old, new)),
    )


def _read(path: Path, published: datetime.date | None) -> ListVersion:
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        contents = {file.name: file.read_bytes() for file in files}
    except OSError as error:
        raise ListError(f"{path}: cannot be read ({error.strerror})") from None
    version = read_list(contents, published=published.isoformat() if published else "")
    if not version.authority:
        # A plain list is called by its file, which says nothing about whether it is the same list.
        return msgspec.structs.replace(version, authority="plain", name="list")
    return version


def _named(entry: Entry) -> str:
    return f"{entry.id} {entry.primary_name}"


def _changes(before: Entry, after: Entry) -> str:
    """Say what an entry has gained and lost."""
    gained = _facts(after).keys() - _facts(before).keys()
    lost = _facts(before).keys() - _facts(after).keys()
    said = [f"now {fact}" for fact in sorted(gained)] + [f"no longer {f}" for f in sorted(lost)]
    return "; ".join(said)


def _facts(entry: Entry) -> dict[str, None]:
    facts = [f'"{name.text}" ({name.quality.value})' for name in entry.names]
    facts += [f"born {birth}" for birth in entry.births]
    facts += [f"of {country}" for country in entry.countries]
    facts += [f"{number.type.value} {number.value}" for number in entry.identifiers]
    facts += [f"under {programme}" for programme in entry.programmes]
    return dict.fromkeys([*facts, f"a {entry.kind.value}"])
