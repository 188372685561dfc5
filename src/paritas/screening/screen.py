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
    ListedName,
    ListVersion,
    Quality,
    Subject,
    Verdict,
)
from paritas.screening.explain import circumstances, name_hit, number_hit
from paritas.screening.identifiers import IdentifierIndex
from paritas.screening.index import CORE_SHARE, NameIndex
from paritas.screening.matching import compare
from paritas.screening.search import Asked, Search
from paritas.screening.text import FORM_SHARE, PARTICLE_SHARE, Words, words_of
from paritas.screening.words import Array, Token, WordForms

#: The score, of 100, from which a match is reported, if the caller does not choose.
THRESHOLD = 75
#: A longer name is read as a text: nobody is called so, and it may hide a name. ISO 20022 gives a
#: name 140 characters.
_NAME_WORDS_MAX, _NAME_LETTERS_MAX = 16, 140
_WINDOW, _STEP = 16, 8
_BATCH = 8_000
_TOKENS_KEPT = 50_000

_Best = dict[tuple[int, str, str], Hit]


class Screener:
    """Lists that are loaded and indexed, to screen subjects against."""

    def __init__(self, versions: Sequence[ListVersion], threshold: int = THRESHOLD) -> None:
        """``threshold`` is the least score, 0 to 100, that is a hit. Takes about 0.1 ms a name."""
        self.versions = tuple(versions)
        self.threshold = threshold
        self._ids = tuple(version.id for version in versions)
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
        self._identifiers = IdentifierIndex(versions)
        self._tokens: dict[int, list[Token]] = {}

    def screen(self, subjects: Iterable[Subject]) -> list[Verdict]:
        """Return a verdict for each subject, in their order. Larger batches are quicker."""
        everything = list(subjects)
        result: list[Verdict] = []
        for start in range(0, len(everything), _BATCH):
            result.extend(self._screen_batch(everything[start : start + _BATCH]))
        return result

    def _screen_batch(self, subjects: list[Subject]) -> list[Verdict]:
        best: _Best = {}
        asked, owners = _asked(subjects)
        if len(self.index) and len(asked.forms):
            self._screen_names(subjects, asked, owners, best)
        for owner, subject in enumerate(subjects):
            if subject.identifiers or subject.form is Form.TEXT:
                self._screen_numbers(owner, subject, best)
        hits: dict[int, list[Hit]] = {}
        for (owner, _, _), hit in best.items():
            hits.setdefault(owner, []).append(hit)
        return [
            Verdict(
                reference=subject.reference,
                role=subject.role,
                hits=_sorted(hits[owner]) if owner in hits else (),
                versions=self._versions(subject),
                threshold=self.threshold,
            )
            for owner, subject in enumerate(subjects)
        ]

    def _versions(self, subject: Subject) -> tuple[str, ...]:
        if subject.lists is None:
            return self._ids
        return tuple(version.id for version in self.versions if _binds(version, subject))

    def _screen_numbers(self, owner: int, subject: Subject, best: _Best) -> None:
        found = list(self._identifiers.find(subject.identifiers))
        if subject.form is Form.TEXT:
            found.extend(self._identifiers.find_in_text(subject.name))
        for value, (version, entry, identifier) in found:
            if _binds(version, subject):
                best[owner, version.id, entry.id] = number_hit(version, entry, identifier, value)

    def _screen_names(
        self, subjects: list[Subject], asked: Asked, owners: list[int], best: _Best
    ) -> None:
        search = Search(self.index, asked, self.threshold / 100)
        readings, names = search.candidates()
        weights = search.weights
        starts = np.searchsorted(asked.readings, np.arange(len(owners) + 1)).tolist()
        last, tokens = -1, []
        for reading, name in zip(readings.tolist(), names.tolist(), strict=True):
            owner = owners[reading]
            if not _binds(self._rows[name][0], subjects[owner]):
                continue
            if reading != last:
                last = reading
                tokens = _tokens(asked, weights, starts[reading], starts[reading + 1])
            hit = self._compared(subjects[owner], tokens, name, bool(asked.text[reading]))
            if hit is not None:
                key = (owner, hit.version, hit.entry_id)
                if key not in best or best[key].score < hit.score:
                    best[key] = hit

    def _compared(self, subject: Subject, tokens: list[Token], name: int, text: bool) -> Hit | None:
        version, entry, listed_name = self._rows[name]
        if text and listed_name.quality is Quality.WEAK:
            return None
        listed = self._tokens.get(name)
        if listed is None:
            if len(self._tokens) >= _TOKENS_KEPT:
                self._tokens.clear()
            listed = self._tokens[name] = self.index.tokens(name)
        match = compare(
            tokens,
            listed,
            text=text,
            vessel=entry.kind is Kind.VESSEL,
        )
        if round(match.score * 100) < self.threshold - 5:
            return None
        points, clauses = circumstances(subject, entry, listed_name.quality)
        score = max(0, min(100, round(match.score * 100) + points))
        if score < self.threshold:
            return None
        return name_hit(version, entry, listed_name, score, match, (tokens, listed), clauses)


def _binds(version: ListVersion, subject: Subject) -> bool:
    return subject.lists is None or version.list_id in subject.lists


def _sorted(hits: list[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.list_id, hit.entry_id)))


def _asked(subjects: list[Subject]) -> tuple[Asked, list[int]]:
    """Return the words of a batch, and whose subject each reading is."""
    numbers: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    shares: list[float] = []
    text: list[bool] = []
    owners: list[int] = []
    for owner, subject in enumerate(subjects):
        long = subject.form is Form.TEXT or len(subject.name) > _NAME_LETTERS_MAX
        for words in words_of(subject.name, subject.kind):
            is_text = long or len(words.texts) > _NAME_WORDS_MAX
            for piece in _windows(words) if is_text else (words,):
                for word in piece.texts:
                    flat.append(numbers.setdefault(word, len(numbers)))
                shares.extend(piece.shares)
                lengths.append(len(piece.texts))
                text.append(is_text)
                owners.append(owner)
    counts = np.array(lengths, dtype=np.int64)
    forms, rows = WordForms(list(numbers)), np.array(flat, dtype=np.int64)
    readings = np.repeat(np.arange(len(counts)), counts)
    share = np.array(shares, dtype=np.float32)
    core = np.bincount(readings, share >= CORE_SHARE, minlength=len(counts))
    initials = np.zeros(len(counts), dtype=np.int32)
    named = np.flatnonzero(forms.initials[rows] & (share > FORM_SHARE + PARTICLE_SHARE))
    for place in named.tolist():
        for letter in forms.words[rows[place]]:
            initials[readings[place]] |= 1 << (ord(letter) % 32)
    asked = Asked(forms, rows, readings, share, np.array(text, dtype=np.bool_), initials, core)
    return asked, owners


def _windows(words: Words) -> list[Words]:
    """Cut a text into pieces that overlap by half, so that no name is cut in two."""
    count = len(words.texts)
    return [
        Words(words.texts[start : start + _WINDOW], words.shares[start : start + _WINDOW])
        for start in range(0, max(count - _WINDOW + _STEP, 1), _STEP)
    ]


def _tokens(asked: Asked, weights: Array, start: int, end: int) -> list[Token]:
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
