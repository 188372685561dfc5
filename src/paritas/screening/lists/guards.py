"""Which new version of a list may take the place of the one in force.

A publisher's mistake, or a file cut off on its way, would let listed people pay. What looks like
one is refused and the old version stays, unless two people insist.
"""

from __future__ import annotations

from collections.abc import Sequence

from paritas.screening.entities import ListVersion
from paritas.screening.lists.reading import ListError

#: A list that shrinks to less than one part in this is taken for a mistake.
SHRINK_MAX = 10


def objections(former: ListVersion | None, new: ListVersion) -> list[str]:
    """Return what speaks against putting ``new`` in force after ``former``, a sentence each."""
    found = []
    if not new.entries:
        found.append(f"{new.id} has no entry.")
    if former is None:
        return found
    if former.list_id != new.list_id:
        found.append(f"{new.id} is another list than {former.id}.")
    if new.published < former.published:
        found.append(
            f"{new.id} is older than the version in force, which is of {former.published}."
        )
    if len(new.entries) * SHRINK_MAX <= len(former.entries):
        found.append(
            f"{new.id} has {len(new.entries):,} entries where the version in force has "
            f"{len(former.entries):,}: it may be cut off."
        )
    return found


def accept(
    former: ListVersion | None, new: ListVersion, insisted_by: Sequence[str] = ()
) -> ListVersion:
    """Return the version that is to be in force: ``new``.

    Raises ``ListError`` with every objection, unless ``insisted_by`` names two different people.
    A file that could not be read whole never comes here: ``read_list`` has refused it.
    """
    against = objections(former, new)
    people = {person.strip().casefold() for person in insisted_by if person.strip()}
    if against and len(people) < 2:
        raise ListError(
            " ".join(against) + " The version in force stays; two different people may insist."
        )
    return new
