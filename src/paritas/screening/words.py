"""Words that sound or are spelled alike, found for many words at once.

Each word has two simpler forms. Its *spelling* writes alike what languages write differently
(Gaddafi, Qaddafi; Hussein, Husayn). Its *sound* keeps only
classes of consonants. The index files
every listed word under its spelling, its spelling with any one letter left out, and its sound;
two words that share a key are compared letter by letter, and only then are they alike or not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

Array = npt.NDArray[Any]

#: Letters of a word that are looked at; what follows is compared, but not indexed.
WIDTH = 28
#: Words less alike than this count as different.
ALIKE_MIN = 0.72
#: Words that become the same spelling: short ones, and those that were written very differently,
#: are less alike, for the simpler the form the more words share it.
SPELLED_ALIKE, FAR_SPELLED_ALIKE = 0.97, 0.85
_FAR = 0.6

#: Words that are remembered with what they are alike to.
_KNOWN_MAX = 300_000

_SEPARATOR = "\n"
# In this order: what stands for one sound becomes one letter; x is "sh", c is "ch".
_SPELLINGS = (
    ("sch", "x"), ("tch", "c"), ("ch", "c"), ("sh", "x"), ("dzh", "j"), ("zh", "j"),
    ("dj", "j"), ("ph", "f"), ("kh", "k"), ("gh", "g"), ("ck", "k"), ("qu", "k"), ("q", "k"),
    ("th", "t"), ("dh", "d"), ("bh", "b"), ("w", "v"), ("tz", "s"),
    ("ou", "u"), ("oo", "u"), ("ow", "u"), ("ee", "i"), ("ei", "i"), ("ey", "i"), ("ay", "i"),
    ("ai", "i"), ("ie", "i"), ("ae", "i"), ("oe", "u"), ("ue", "u"), ("y", "i"), ("e", "i"),
    ("o", "u"), ("h\n", "\n"), ("z", "s"),
)  # fmt: skip
_DOUBLED = re.compile(r"([a-z])\1+")
_HARD_C = re.compile(r"c(?![hiey])")
_SOUND = str.maketrans("gdpzxcjqwy", "ktbssssk" + "vi", "aeiouy")
_LEADING_VOWEL = re.compile(r"^[aeiou]+", re.MULTILINE)


def spellings_of(words: Sequence[str]) -> list[str]:
    """Return the spelling of each word; all are rewritten in one pass over one string."""
    if not words:
        return []
    text = _SEPARATOR.join(words) + _SEPARATOR
    text = _HARD_C.sub("k", text.replace("sch", "x").replace("ck", "k"))
    for written, letter in _SPELLINGS:
        text = text.replace(written, letter)
    return _DOUBLED.sub(r"\1", text).split(_SEPARATOR)[:-1]


def sounds_of(spellings: Sequence[str]) -> list[str]:
    """Return the sound of each spelling: "muhamid" as "mhmt", a first vowel as "a"."""
    if not spellings:
        return []
    text = _LEADING_VOWEL.sub("A", _SEPARATOR.join(spellings)).translate(_SOUND)
    return text.lower().split(_SEPARATOR)


_BASE = np.uint64(0x9E3779B97F4A7C15)
_BASE_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_POWERS = np.cumprod(np.array([1] + [int(_BASE)] * 255, dtype=np.uint64))
_SOUND_SALT = np.uint64(0xD6E8FEB86659FD93)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_FILTER_BITS = 22


def matrix_of(words: Sequence[str]) -> tuple[Array, Array]:
    """Return the first ``WIDTH`` letters of each word as a matrix of bytes, and the lengths."""
    letters = np.array(words, dtype=f"S{WIDTH}").view(np.uint8).reshape(len(words), WIDTH)
    return letters, (letters != 0).sum(axis=1).astype(np.int64)


def hashes_of(letters: Array) -> Array:
    """Return one number per word that words put side by side can be joined by."""
    result: Array = (letters.astype(np.uint64) * _POWERS[:WIDTH]).sum(axis=1, dtype=np.uint64)
    return result


class Run(NamedTuple):
    """Words, or several written as one: hash, length, first and last letter of each."""

    hashes: Array
    lengths: Array
    first: Array
    last: Array

    def at(self, rows: Array | slice) -> Run:
        """Return the words of some rows."""
        return Run(*(column[rows] for column in self))

    def then(self, right: Run) -> Run:
        """Return each word with the other after it, as one; a letter doubled so is said once."""
        double = self.last == right.first
        powers = _POWERS[np.minimum(self.lengths - double, 255)]
        rest = right.hashes - np.where(double, right.first, 0).astype(np.uint64)
        return Run(
            self.hashes + powers * rest,
            self.lengths + right.lengths - double,
            self.first,
            right.last,
        )


def deletions_of(letters: Array, lengths: Array, length_min: int) -> tuple[Array, Array]:
    """Return the hash of each word with each one letter left out, and the word's row.

    Words shorter than ``length_min`` are left alone: too many words share what would be left.
    """
    rows = np.flatnonzero(lengths >= length_min)
    width = int(lengths[rows].max()) if len(rows) else 0
    terms = letters[rows, :width].astype(np.uint64) * _POWERS[:width]
    before = np.zeros((len(rows), width + 1), dtype=np.uint64)
    np.cumsum(terms, axis=1, out=before[:, 1:])
    after = (before[:, -1:] - before[:, 1:]) * _BASE_INVERSE
    keys = before[:, :-1] + after
    real = np.arange(width) < lengths[rows, None]
    return keys[real], np.broadcast_to(rows[:, None], real.shape)[real]


def expand(starts: Array, counts: Array) -> tuple[Array, Array]:
    """Return, for ranges given by start and count, every index and the range it belongs to."""
    owners = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    offsets = np.arange(len(owners)) - np.repeat(ends - counts, counts)
    return np.repeat(starts, counts) + offsets, owners


class KeyTable:
    """A multimap from 64-bit keys to row numbers; most keys asked for are not in it."""

    def __init__(self, keys: Array, rows: Array) -> None:
        """``keys`` and ``rows`` are parallel."""
        order = np.argsort(keys, kind="stable")
        self._keys, self._rows = keys[order], rows[order].astype(np.int32)
        bits = max(_FILTER_BITS, int(np.ceil(np.log2(len(keys) * 8 + 1))))
        self._shift = np.uint64(64 - bits)
        # Reading one byte of a sparse table is much quicker than a binary search that fails.
        self._filter = np.zeros(1 << bits, dtype=np.bool_)
        self._filter[(keys * _MIX) >> self._shift] = True

    def find(self, keys: Array) -> tuple[Array, Array]:
        """Return pairs (position in ``keys``, row) for every row filed under a key."""
        asked = np.flatnonzero(self._filter[(keys * _MIX) >> self._shift])
        wanted = keys[asked]
        starts = np.searchsorted(self._keys, wanted)
        counts = np.searchsorted(self._keys, wanted, side="right") - starts
        indices, owners = expand(starts, counts)
        return asked[owners], self._rows[indices]


def _keys(spellings: Sequence[str], sounds: Sequence[str]) -> tuple[Array, Array]:
    letters, lengths = matrix_of(spellings)
    keys, rows = [hashes_of(letters)], [np.arange(len(spellings))]
    # A number with one digit changed is another number.
    plain = np.where(_has_digit(letters), 0, lengths)
    for some_keys, some_rows in (
        deletions_of(letters, plain, 4),
        _sound_keys(sounds),
        _without_article(letters, lengths),
    ):
        keys.append(some_keys)
        rows.append(some_rows)
    return np.concatenate(keys), np.concatenate(rows)


def _has_digit(letters: Array) -> Array:
    digits = (letters >= ord("0")) & (letters <= ord("9"))
    return np.asarray(digits.any(axis=1))


def _sound_keys(sounds: Sequence[str]) -> tuple[Array, Array]:
    letters, lengths = matrix_of(sounds)
    rows = np.flatnonzero(lengths >= 3)
    keys, key_rows = deletions_of(letters, lengths, 5)
    exact = hashes_of(letters[rows])
    return np.concatenate((exact, keys)) + _SOUND_SALT, np.concatenate((rows, key_rows))


def _without_article(letters: Array, lengths: Array) -> tuple[Array, Array]:
    """Alrawi and Rawi: the Arabic article written as part of the word."""
    first, second = letters[:, 0], letters[:, 1]
    article = ((first == ord("a")) | (first == ord("i"))) & (second == ord("l"))
    rows = np.flatnonzero(article & (lengths >= 6))
    rest = np.zeros((len(rows), WIDTH), dtype=np.uint8)
    rest[:, : WIDTH - 2] = letters[rows, 2:]
    return hashes_of(rest), rows


class Token(NamedTuple):
    """A word of a name with what it is compared by; ``weight`` has the share of its role in it.

    ``bits`` says how rare the word is among the listed names: the logarithm to base 2 of how many
    names there are for each that has it.
    """

    text: str
    spelling: str
    sound: str
    weight: float = 1.0
    bits: float = 0.0
    share: float = 1.0


def token_of(word: str) -> Token:
    """Return a token by itself, which weighs as if no list knew the word."""
    (spelling,) = spellings_of((word,))
    return Token(word, spelling, sounds_of((spelling,))[0])


_likenesses: dict[tuple[str, str], tuple[float, str]] = {}
_LIKENESSES_MAX = 200_000


def known_likeness(left: Token, right: Token) -> tuple[float, str]:
    """Return ``likeness`` of two words as they were written, remembering it."""
    key = left.text, right.text
    known = _likenesses.get(key)
    if known is None:
        if len(_likenesses) >= _LIKENESSES_MAX:
            _likenesses.clear()
        known = _likenesses[key] = likeness(left, right)
    return known


def likeness(left: Token, right: Token) -> tuple[float, str]:
    """Return how alike two words are, 0 to 1, and in what way.

    It is the measure of ``WordIndex.find``, for one pair; what is less alike than ``ALIKE_MIN``
    counts as 0.
    """
    if left.text == right.text:
        return 1.0, "the same"
    if left.spelling == right.spelling:
        near = len(left.spelling) > 3 and OSA.normalized_similarity(left.text, right.text) >= _FAR
        return (SPELLED_ALIKE if near else FAR_SPELLED_ALIKE), "spelled otherwise"
    same_sound = left.sound == right.sound and len(left.sound) > 2
    least = 0.53 if same_sound else ALIKE_MIN
    one, other = len(left.spelling), len(right.spelling)
    alike = 0.0
    if abs(one - other) <= (1 - least) * max(one, other):
        alike = OSA.normalized_similarity(left.spelling, right.spelling, score_cutoff=least)
    how = "a letter or more differs"
    if same_sound:
        alike, how = max(alike, (alike + 0.9) / 2), "sounds alike"
        if _vowelless(left.spelling) or _vowelless(right.spelling):
            alike = max(alike, 0.9)
    if _same_but_article(left.spelling, right.spelling):
        alike, how = max(alike, 0.93), "with and without the article"
    return (alike, how) if alike >= ALIKE_MIN else (0.0, "")


def _vowelless(spelling: str) -> bool:
    return len(spelling) > 3 and not any(vowel in spelling for vowel in "aiu")


def _same_but_article(left: str, right: str) -> bool:
    short, long = (left, right) if len(left) < len(right) else (right, left)
    return len(long) >= 6 and long[:2] in ("al", "il") and long[2:] == short


def _adjusted(alike: Array, same_sound: Array, vowelless: Array, article: Array) -> Array:
    """Raise the letter-by-letter likeness of words that sound the same."""
    alike = np.minimum(alike, SPELLED_ALIKE)
    alike = np.where(same_sound, np.maximum(alike, (alike + np.float32(0.9)) / 2), alike)
    alike = np.where(same_sound & vowelless, np.maximum(alike, 0.9), alike)
    return np.where(article, np.maximum(alike, 0.93), alike)


class WordForms:
    """Many words with their spellings, sounds and what the comparison asks about them."""

    def __init__(self, words: Sequence[str]) -> None:
        """``words`` are lower-case ASCII; most useful without duplicates."""
        self.words = list(words)
        self.spellings = spellings_of(words)
        self.sounds = sounds_of(self.spellings)
        letters, self.lengths = matrix_of(self.spellings)
        self.hashes = hashes_of(letters)
        ends = letters[np.arange(len(letters)), np.maximum(np.minimum(self.lengths, WIDTH) - 1, 0)]
        self.runs = Run(self.hashes, self.lengths, letters[:, 0], ends)
        sound_letters, sound_lengths = matrix_of(self.sounds)
        # Sounds of one or two letters say too little.
        self.sound_hashes = np.where(sound_lengths > 2, hashes_of(sound_letters), 0)
        rest, rows = _without_article(letters, self.lengths)
        self.bare_hashes = np.zeros(len(self.words), dtype=np.uint64)
        self.bare_hashes[rows] = rest
        vowel = (letters == ord("a")) | (letters == ord("i")) | (letters == ord("u"))
        # A letter alone, or two or three that cannot be a word, may stand for names.
        self.initials = (self.lengths == 1) | ((self.lengths <= 3) & ~vowel.any(axis=1))
        #: One bit for each letter that occurs.
        bits = np.where(letters != 0, np.uint32(1) << (letters & 31).astype(np.uint32), 0)
        self.letters = np.bitwise_or.reduce(bits.astype(np.uint32), axis=1)
        self.vowelless = (self.lengths > 3) & ~vowel.any(axis=1)

    def __len__(self) -> int:
        return len(self.words)

    def keys(self) -> tuple[Array, Array]:
        """Return the keys that the words are filed under, and whose key each is."""
        return _keys(self.spellings, self.sounds)


class Known:
    """What was found for words before: for each, the listed words alike to it and how alike."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        #: Where the words of each begin; one more at the end.
        self._starts = np.zeros(1, dtype=np.int64)
        self._listed = np.zeros(1 << 16, dtype=np.int64)
        self._likes = np.zeros(1 << 16, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._places)

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Return those of some distinct words that were never looked for."""
        return [word for word in words if word not in self._places]

    def add(self, words: Sequence[str], rows: Array, listed: Array, likes: Array) -> None:
        """Remember what was found; ``rows`` count the words, in order."""
        first = len(self._places)
        self._places.update((word, first + row) for row, word in enumerate(words))
        used = int(self._starts[-1])
        ends = used + np.cumsum(np.bincount(rows, minlength=len(words)))
        self._starts = np.concatenate((self._starts, ends))
        while used + len(listed) > len(self._listed):
            self._listed = np.concatenate((self._listed, np.zeros_like(self._listed)))
            self._likes = np.concatenate((self._likes, np.zeros_like(self._likes)))
        self._listed[used : used + len(listed)] = listed
        self._likes[used : used + len(listed)] = likes

    def of(self, words: Sequence[str]) -> tuple[Array, Array, Array]:
        """Return (number of the word, listed word, likeness) for words that are all known."""
        places = np.array([self._places[word] for word in words], dtype=np.int64)
        starts = self._starts[places]
        found, rows = expand(starts, self._starts[places + 1] - starts)
        return rows, self._listed[found], self._likes[found]


class WordIndex:
    """The words of all listed names, to be found by words that are alike."""

    def __init__(self, words: Sequence[str]) -> None:
        """``words`` are the distinct listed words; results name them by position."""
        self.forms = WordForms(words)
        self.numbers = {word: number for number, word in enumerate(words)}
        self._table = KeyTable(*self.forms.keys())
        self._spellings = KeyTable(self.forms.hashes, np.arange(len(words)))
        self._known = Known()

    def find(self, asked: WordForms) -> tuple[Array, Array, Array]:
        """Return triples (number of the asked word, listed word, likeness), sorted.

        Words met before are remembered: names of one kind of business share most of theirs.
        """
        if len(self._known) > _KNOWN_MAX:
            self._known = Known()
        new = self._known.unknown(asked.words)
        if new:
            self._known.add(new, *self._find(asked if len(new) == len(asked) else WordForms(new)))
        return self._known.of(asked.words)

    def _find(self, asked: WordForms) -> tuple[Array, Array, Array]:
        keys, owners = asked.keys()
        positions, found = self._table.find(keys)
        codes = np.sort(owners[positions] * len(self.forms) + found)
        codes = codes[np.diff(codes, prepend=-1) != 0]
        rows, listed = np.divmod(codes, len(self.forms))
        same_sound = (asked.sound_hashes[rows] == self.forms.sound_hashes[listed]) & (
            asked.sound_hashes[rows] != 0
        )
        article = (asked.bare_hashes[rows] == self.forms.hashes[listed]) | (
            asked.hashes[rows] == self.forms.bare_hashes[listed]
        )
        near = same_sound | article | self._may_be_near(asked, rows, listed)
        rows, listed, same_sound, article = (
            rows[near],
            listed[near],
            same_sound[near],
            article[near],
        )
        spelled, other = asked.spellings, self.forms.spellings
        alike = cpdist(
            [spelled[row] for row in rows.tolist()],
            [other[row] for row in listed.tolist()],
            scorer=OSA.normalized_similarity,
            score_cutoff=0.53,
            dtype=np.float32,
        )
        vowelless = asked.vowelless[rows] | self.forms.vowelless[listed]
        alike = _adjusted(alike, same_sound, vowelless, article)
        self._spelled_far(asked, rows, listed, alike)
        same = np.array([self.numbers.get(word, -1) for word in asked.words])
        alike[same[rows] == listed] = 1.0
        kept = alike >= ALIKE_MIN
        return rows[kept], listed[kept], alike[kept]

    def _may_be_near(self, asked: WordForms, rows: Array, listed: Array) -> Array:
        """Say which words have letters enough in common to be alike by their letters.

        One edit gives a word at most one letter that it had not, and takes at most one.
        """
        one, other = asked.letters[rows], self.forms.letters[listed]
        edits = np.maximum(np.bitwise_count(one & ~other), np.bitwise_count(other & ~one))
        one, other = asked.lengths[rows], self.forms.lengths[listed]
        edits = np.maximum(edits, np.abs(one - other))
        longer = np.maximum(one, other)
        return np.asarray((edits <= (1 - ALIKE_MIN) * longer) | (longer >= WIDTH))

    def _spelled_far(self, asked: WordForms, rows: Array, listed: Array, alike: Array) -> None:
        """Lower, in place, what is only spelled alike but was written very differently."""
        spelled = np.flatnonzero(asked.hashes[rows] == self.forms.hashes[listed])
        written = cpdist(
            [asked.words[row] for row in rows[spelled].tolist()],
            [self.forms.words[row] for row in listed[spelled].tolist()],
            scorer=OSA.normalized_similarity,
            dtype=np.float32,
        )
        near = (written >= _FAR) & (asked.lengths[rows[spelled]] > 3)
        alike[spelled] = np.where(near, SPELLED_ALIKE, FAR_SPELLED_ALIKE)

    def find_joined(self, hashes: Array) -> tuple[Array, Array]:
        """Return pairs (position in ``hashes``, listed word spelled exactly so)."""
        return self._spellings.find(hashes)
