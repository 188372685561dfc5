"""How well screening finds what it should, and how rarely it stops honest names.

Recall is counted on labelled pairs of names (a table with the columns name1, name2, schema,
is_match) and on listed names written otherwise; false alarms on made-up ordinary names.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from paritas.screening.entities import (
    Entry,
    Kind,
    ListedName,
    ListVersion,
    Subject,
)
from paritas.screening.ordinary import ordinary_names
from paritas.screening.screen import Screener
from paritas.screening.tables import FORMS
from paritas.screening.text import words_of

#: The lowest score looked at when curves are drawn.
_LOWEST = 50
_KINDS = {
    "Person": Kind.PERSON,
    "Company": Kind.ORGANISATION,
    "Organization": Kind.ORGANISATION,
    "LegalEntity": Kind.ORGANISATION,
    "Vessel": Kind.VESSEL,
}


class LabelledPair(msgspec.Struct, frozen=True):
    """Two names, and whether a person would say that they are the same."""

    subject: str
    listed: str
    kind: Kind
    same: bool


class Scores(msgspec.Struct, frozen=True):
    """The best score (0 to 100) that each of many subjects reached."""

    scores: tuple[int, ...]

    def share_from(self, threshold: int) -> float:
        """Return which share of the subjects scores at least ``threshold``."""
        return sum(score >= threshold for score in self.scores) / max(len(self.scores), 1)


def read_pairs(path: Path) -> list[LabelledPair]:
    """Read labelled pairs; raises ``ValueError`` if a column is missing."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        missing = {"name1", "name2", "schema", "is_match"} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"{path}: no column {', '.join(sorted(missing))}")
        return [
            LabelledPair(
                row["name1"],
                row["name2"],
                _KINDS.get(row["schema"], Kind.UNKNOWN),
                row["is_match"] == "true",
            )
            for row in rows
        ]


def pair_scores(
    pairs: Sequence[LabelledPair], versions: Sequence[ListVersion]
) -> tuple[Scores, Scores]:
    """Return the scores of the pairs that are the same, and of those that are not.

    Each pair's second name is put on a list beside ``versions``, its first is screened as any name
    would be, and only a hit on its own second name counts.
    """
    entries = tuple(
        Entry(str(number), pair.kind, (ListedName(pair.listed, primary=True),))
        for number, pair in enumerate(pairs)
    )
    version = ListVersion("labelled", "pairs", "2000-01-01", "", entries)
    screener = Screener([*versions, version], threshold=_LOWEST)
    only = frozenset({version.list_id})
    verdicts = screener.screen(Subject(pair.subject, kind=pair.kind, lists=only) for pair in pairs)
    found: dict[bool, list[int]] = {True: [], False: []}
    for number, (pair, verdict) in enumerate(zip(pairs, verdicts, strict=True)):
        own = [hit.score for hit in verdict.hits if hit.entry_id == str(number)]
        found[pair.same].append(max(own, default=0))
    return Scores(tuple(found[True])), Scores(tuple(found[False]))


def ordinary_scores(versions: Sequence[ListVersion], count: int, seed: int) -> Scores:
    """Return the scores of made-up names; those that are listed word for word are left out."""
    listed = {
        frozenset(words.texts)
        for version in versions
        for entry in version.entries
        for name in entry.names
        for words in words_of(name.text, entry.kind)
    }
    names = [
        name
        for name, _ in ordinary_names(count, seed)
        if all(frozenset(words.texts) not in listed for words in words_of(name))
    ]
    screener = Screener(versions, threshold=_LOWEST)
    verdicts = screener.screen(Subject(name) for name in names)
    return Scores(tuple(v.hits[0].score if v.hits else 0 for v in verdicts))


def variant_scores(versions: Sequence[ListVersion], count: int, seed: int) -> Scores:
    """Return the scores that listed names of two words or more reach, each written otherwise."""
    dice = random.Random(seed)
    listed = [
        (version, entry, name)
        for version in versions
        for entry in version.entries
        for name in entry.names
        if name.script == "Latn" and " " in name.text
    ]
    chosen = dice.sample(listed, min(count, len(listed)))
    screener = Screener(versions, threshold=_LOWEST)
    verdicts = screener.screen(
        Subject(varied(name.text, dice), kind=entry.kind) for _, entry, name in chosen
    )
    found = []
    for (version, entry, _), verdict in zip(chosen, verdicts, strict=True):
        own = [h.score for h in verdict.hits if (h.version, h.entry_id) == (version.id, entry.id)]
        found.append(max(own, default=0))
    return Scores(tuple(found))


_SWAPS = (
    ("ph", "f"), ("ou", "u"), ("ee", "i"), ("y", "i"), ("k", "c"), ("v", "w"), ("kh", "h"),
    ("sh", "ch"), ("ai", "ay"), ("q", "k"), ("j", "dj"), ("oo", "u"), ("z", "s"),
)  # fmt: skip


def varied(name: str, dice: random.Random) -> str:
    """Return a name as someone else would write it, or as it comes out with a slip of the hand."""
    words = name.replace(",", "").split()
    for _ in range(dice.choice((1, 1, 1, 2))):
        place = dice.randrange(len(words))
        word = words[place]
        match dice.randrange(7):
            case 0 if len(word) > 4:
                cut = dice.randrange(1, len(word))
                words[place] = word[:cut] + word[cut + 1 :]
            case 1 if len(word) > 4:
                cut = dice.randrange(1, len(word) - 1)
                words[place] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
            case 2 if len(word) > 4:
                cut = dice.randrange(1, len(word))
                words[place] = word[:cut] + dice.choice("aeiounrst") + word[cut + 1 :]
            case 3:
                words = words[place:] + words[:place]
            case 4 if len(words) > 1 and len("".join(words)) > 6:
                place = min(place, len(words) - 2)
                words[place : place + 2] = [words[place] + words[place + 1]]
            case 5 if len(words) > 3:
                del words[dice.randrange(1, len(words) - 1)]
            case _:
                old, new = dice.choice(_SWAPS)
                words[place] = word.lower().replace(old, new, 1)
    return " ".join(words)


def enlarged(version: ListVersion, names: int, seed: int) -> ListVersion:
    """Return a list of about ``names`` names: the list itself and varied copies of its entries."""
    dice = random.Random(seed)
    entries = list(version.entries)
    count = sum(len(entry.names) for entry in entries)
    copies = 0
    while count < names:
        copies += 1
        for entry in version.entries:
            if count >= names:
                break
            copy = tuple(
                ListedName(
                    varied(name.text, dice) if name.text.split() else name.text, name.quality
                )
                for name in entry.names
            )
            entries.append(Entry(f"{entry.id}~{copies}", entry.kind, copy))
            count += len(copy)
    return ListVersion(version.authority, version.name, version.published, "", tuple(entries))


_CYCLES = ("aeiou", "bdgptk", "cjsz", "fvw", "hxq", "lrmny")
_OTHER_LETTERS = str.maketrans(
    {
        letter: cycle[(place + 1) % len(cycle)]
        for lower in _CYCLES
        for cycle in (lower, lower.upper())
        for place, letter in enumerate(cycle)
    }
)


def made_up_list(entries: int, seed: int) -> ListVersion:
    """Return a list of made-up entries, some with an alias, for where no real one is at hand.

    The names are ordinary ones with each letter turned into another, so that ordinary people are
    not on the list, but its words are as many, as long and as common as those of a real one.
    """
    dice = random.Random(seed)
    made = []
    for number, (ordinary, kind) in enumerate(ordinary_names(entries, seed)):
        name = " ".join(
            word if word.lower().strip(".") in FORMS else word.translate(_OTHER_LETTERS)
            for word in ordinary.split(" ")
        )
        names = [ListedName(name, primary=True)]
        if dice.random() < 0.6:
            names.append(ListedName(varied(name, dice)))
        made.append(Entry(str(number), kind, tuple(names)))
    return ListVersion("made-up", "list", "2000-01-01", "", tuple(made))
