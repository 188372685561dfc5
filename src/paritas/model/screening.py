"""Law 7's nouns: what screening found about an instruction, and what an authority decides on it.

Screening itself is no matter of the engine: lists and names are the world's. What it found enters
as data, one verdict for each jurisdiction, and the details stay in the sealed store.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

#: A list with at most one part in this many of the entries it had is taken for a mistake.
SHRINK_MAX = 10


class Outcome(IntEnum):
    """What screening found on all lists that bind in a jurisdiction."""

    CLEAR = 0
    HIT = 1


class Decision(IntEnum):
    """What the authority that bound the list decides on a hit, for its own book."""

    RELEASE = 1
    REJECT = 2
    FREEZE = 3


class Verdict(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The verdict of one jurisdiction, named by its book, on the lists in force there.

    ``version`` is the number that the book had given to its lists when the screening was done.
    ``digest`` is SHA-256(salt || details) of a hit; a clear verdict has none, for the lists and the
    message that it was made on have their own hashes in the journal.
    """

    book: int
    version: int
    outcome: int
    digest: bytes = b""


def doubts(former: tuple[int, int] | None, published: int, entries: int) -> tuple[str, ...]:
    """Return what speaks against a new version of a list, a sentence each.

    ``former`` is the version in force as (date published, entries), None for the first; dates are
    ordinals. A publisher's mistake, or a file cut off on its way, would let listed people pay.
    """
    found = []
    if entries <= 0:
        found.append("It has no entry.")
    if former is not None:
        date, before = former
        if published < date:
            found.append("It is older than the version in force.")
        if entries * SHRINK_MAX <= before:
            found.append(
                f"It has {entries:,} entries where the version in force has {before:,}: it may be"
                " cut off."
            )
    return tuple(found)
