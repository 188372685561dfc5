"""Screening subjects against the lists that are loaded.

A ``Screener`` holds list versions and never changes: an update makes another one, while this one
goes on answering.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from paritas.screening.entities import (
    Entry,
    Form,
    Hit,
    Kind,
    Link,
    ListedName,
    ListVersion,
    Quality,
    Subject,
    Verdict,
)
from paritas.screening.index import Asked, NameIndex
from paritas.screening.matching import Match, compare
from paritas.screening.text import FORM_SHARE, Words, words_of
from paritas.screening.words import Token, WordForms

#: The score, of 100, from which a match is reported, if the caller does not choose.
THRESHOLD = 75
#: A name of more words is read as a text: nobody is called so, and it may hide a name.
_NAME_WORDS_MAX = 16
_WINDOW, _STEP = 16, 8
_BATCH = 8_000


class Screener:
    """Lists that are loaded and indexed, to screen subjects against."""

    def __init__(self, versions: Sequence[ListVersion], threshold: int = THRESHOLD) -> None:
        """``threshold`` is the least score, 0 to 100, that is a hit."""
        self.versions = tuple(versions)
        self.threshold = threshold
        self._rows: list[tuple[ListVersion, Entry, ListedName]] = []
        readings: list[Words] = []
        for version in versions:
            for entry in version.entries:
                for name in entry.names:
                    for words in words_of(name.text, entry.kind):
                        if words.texts:
                            readings.append(words)
                            self._rows.append((version, entry, name))
        self.index = NameIndex(readings)
        self._tokens: dict[int, list[Token]] = {}

    def screen(self, subjects: Iterable[Subject]) -> list[Verdict]:
        """Return a verdict for each subject, in their order. Larger batches are quicker."""
        everything = list(subjects)
        result: list[Verdict] = []
        for start in range(0, len(everything), _BATCH):
            result.extend(self._screen_batch(everything[start : start + _BATCH]))
        return result

    def _screen_batch(self, subjects: list[Subject]) -> list[Verdict]:
        asked, owners = _asked(subjects)
        best: dict[tuple[int, str, str], tuple[int, Hit]] = {}
        if len(self.index) and len(asked.forms):
            self._screen_names(subjects, asked, owners, best)
        hits: dict[int, list[Hit]] = {}
        for (owner, _, _), (_, hit) in best.items():
            hits.setdefault(owner, []).append(hit)
        ids = tuple(version.id for version in self.versions)
        return [
            Verdict(
                reference=subject.reference,
                role=subject.role,
                hits=tuple(sorted(hits.get(owner, ()), key=lambda hit: -hit.score)),
                versions=ids,
                threshold=self.threshold,
            )
            for owner, subject in enumerate(subjects)
        ]

    def _screen_names(
        self,
        subjects: list[Subject],
        asked: Asked,
        owners: list[int],
        best: dict[tuple[int, str, str], tuple[int, Hit]],
    ) -> None:
        readings, names, weights = self.index.candidates(asked, self.threshold / 100)
        last, tokens = -1, []
        starts = np.searchsorted(asked.readings, np.arange(len(owners) + 1)).tolist()
        for reading, name in zip(readings.tolist(), names.tolist(), strict=True):
            owner = owners[reading]
            version, entry, listed_name = self._rows[name]
            subject = subjects[owner]
            if subject.lists is not None and version.list_id not in subject.lists:
                continue
            if reading != last:
                last = reading
                tokens = _tokens(asked, weights, starts[reading], starts[reading + 1])
            listed = self._tokens.get(name)
            if listed is None:
                listed = self._tokens[name] = self.index.tokens(name)
            match = compare(
                tokens,
                listed,
                text=bool(asked.text[reading]),
                other_kind=_other_kind(subject.kind, tokens, entry.kind),
            )
            score = round(match.score * 100)
            if score < self.threshold:
                continue
            key = (owner, version.id, entry.id)
            if key not in best or best[key][0] < score:
                hit = _hit(version, entry, listed_name, score, match, tokens, listed)
                best[key] = (score, hit)


def _asked(subjects: list[Subject]) -> tuple[Asked, list[int]]:
    numbers: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    shares: list[float] = []
    text: list[bool] = []
    owners: list[int] = []
    for owner, subject in enumerate(subjects):
        for words in words_of(subject.name, subject.kind):
            is_text = subject.form is Form.TEXT or len(words.texts) > _NAME_WORDS_MAX
            for piece in _windows(words) if is_text else (words,):
                for word in piece.texts:
                    flat.append(numbers.setdefault(word, len(numbers)))
                shares.extend(piece.shares)
                lengths.append(len(piece.texts))
                text.append(is_text)
                owners.append(owner)
    counts = np.array(lengths, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    readings = np.repeat(np.arange(len(counts)), counts)
    asked = Asked(
        forms=WordForms(list(numbers)),
        words=np.array(flat, dtype=np.int64),
        readings=readings,
        places=np.arange(len(flat)) - starts[readings],
        shares=np.array(shares, dtype=np.float32),
        text=np.array(text, dtype=np.bool_),
    )
    return asked, owners


def _other_kind(kind: Kind, tokens: list[Token], listed: Kind) -> bool:
    """Tell whether a company and a person are compared, as far as one can know."""
    if kind is Kind.UNKNOWN and any(token.share <= FORM_SHARE + 1e-6 for token in tokens):
        kind = Kind.ORGANISATION
    if kind is Kind.UNKNOWN or listed is Kind.UNKNOWN:
        return False
    return (kind is Kind.PERSON) != (listed is Kind.PERSON)


def _windows(words: Words) -> list[Words]:
    count = len(words.texts)
    return [
        Words(words.texts[start : start + _WINDOW], words.shares[start : start + _WINDOW])
        for start in range(0, max(count - _WINDOW + _STEP, 1), _STEP)
    ]


def _tokens(asked: Asked, weights: np.ndarray, start: int, end: int) -> list[Token]:
    forms = asked.forms
    result = []
    for place in range(start, end):
        word, share = int(asked.words[place]), float(asked.shares[place])
        result.append(
            Token(
                forms.words[word],
                forms.spellings[word],
                forms.sounds[word],
                float(weights[word]) * share,
                0.0,
                share,
            )
        )
    return result


def _hit(
    version: ListVersion,
    entry: Entry,
    name: ListedName,
    score: int,
    match: Match,
    subject: list[Token],
    listed: list[Token],
) -> Hit:
    links = tuple(
        Link(
            " ".join(subject[place].text for place in pair.subject),
            " ".join(listed[place].text for place in pair.listed),
            round(pair.alike * 100),
            pair.how,
        )
        for pair in match.pairs
    )
    return Hit(
        list_id=version.list_id,
        version=version.id,
        entry_id=entry.id,
        entry_name=entry.primary_name,
        kind=entry.kind,
        listed_name=name.text,
        quality=name.quality,
        score=score,
        links=links,
        explanation="",
    )


__all__ = ["Kind", "Quality", "Screener"]
