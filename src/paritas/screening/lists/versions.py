"""What changed from one version of a list to the next."""

from __future__ import annotations

import msgspec

from paritas.screening.entities import Entry, ListVersion


class Difference(msgspec.Struct, frozen=True):
    """The entries that came, went, and changed (as they were, as they are), in the list's order."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[tuple[Entry, Entry], ...]

    @property
    def empty(self) -> bool:
        """True if nothing differs but the date."""
        return not (self.added or self.removed or self.changed)


def difference(old: ListVersion, new: ListVersion) -> Difference:
    """Compare two versions of a list by their entries' ids.

    The order in which an entry's names or numbers stand is no change.
    """
    before = {entry.id: entry for entry in old.entries}
    after = {entry.id: entry for entry in new.entries}
    return Difference(
        added=tuple(entry for entry in new.entries if entry.id not in before),
        removed=tuple(entry for entry in old.entries if entry.id not in after),
        changed=tuple(
            (before[entry.id], entry)
            for entry in new.entries
            if entry.id in before and _content(before[entry.id]) != _content(entry)
        ),
    )


def _content(entry: Entry) -> tuple[object, ...]:
    return (
        entry.kind,
        frozenset(entry.names),
        frozenset(entry.births),
        frozenset(entry.countries),
        frozenset(entry.identifiers),
        frozenset(entry.programmes),
    )
