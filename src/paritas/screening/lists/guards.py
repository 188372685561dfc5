"""Which new version of a list may take the place of the one in force.

A publisher's mistake, or a file cut off on its way, would let listed people pay. What looks like
one is refused and the old version stays, unless two people insist.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from paritas.model.screening import doubts
from paritas.screening.entities import ListVersion
from paritas.screening.lists.reading import ListError


def objections(former: ListVersion | None, new: ListVersion) -> list[str]:
    """Return what speaks against putting ``new`` in force after ``former``, a sentence each."""
    if former is not None and former.list_id != new.list_id:
        return [f"{new.id} is another list than {former.id}."]
    known = (_ordinal(former.published), len(former.entries)) if former else None
    return [
        f"{new.id}: {text}" for text in doubts(known, _ordinal(new.published), len(new.entries))
    ]


def _ordinal(date: str) -> int:
    return datetime.date.fromisoformat(date).toordinal()


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
