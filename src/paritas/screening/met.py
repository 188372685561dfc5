"""Which listed words the readings of a batch meet, and how alike they are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np

from paritas.screening.matching import (
    BETTER_SHARE,
    BITS_ENOUGH,
    FLOOR_WITHOUT_BITS,
)
from paritas.screening.words import Array, expand

#: Bits per reading in which met words are marked, the last of them never.
_SIGNS, NO_SIGN = 2048, 2047
#: Of two words that are all that is met, one must be as alike as this, or the score is too low.
STRONG = 0.84
#: Candidates looked at in one go, so that they fit the processor's cache.
PIECE = 200_000


def best(
    readings: Array, words: Array, likes: Array, vocabulary: int
) -> tuple[Array, Array, Array]:
    """Return each reading's words once, with the best likeness, sorted by reading and word."""
    codes = readings * vocabulary + words
    # The best likeness of a word comes first: both are sorted as one number.
    order = np.argsort(codes * 256 - (likes * 255).astype(np.int64))
    codes, likes = codes[order], likes[order]
    first = np.diff(codes, prepend=-1) != 0
    readings, words = np.divmod(codes[first], vocabulary)
    return readings, words, likes[first]


class Usual:
    """What each asked word is alike to, each listed word in its usual spelling, the most alike first."""

    def __init__(self, rows: Array, words: Array, likes: Array, asked: int) -> None:
        """The arrays are parallel: asked word, listed word, likeness; ``asked`` counts the former."""
        rows, words, likes = best(rows, words, likes, int(words.max(initial=0)) + 1)
        order = np.argsort(rows * 256 - (likes * 255).astype(np.int64), kind="stable")
        self.words, self.likes = words[order], likes[order]
        self.counts = np.bincount(rows, minlength=asked)
        self.starts = np.cumsum(self.counts) - self.counts
        self._strong = np.bincount(rows[likes >= STRONG], minlength=asked)

    def crossed(self, left: Array, right: Array) -> Iterator[tuple[Array, Array, Array]]:
        """Yield each two words of which one is strongly alike: row, word of left, word of right.

        ``left`` and ``right`` are parallel asked words.
        """
        strong, weak = self._strong[left], self.counts[left] - self._strong[left]
        for skipped, ones, others in (
            (0, strong, self.counts[right]),
            (strong, weak, self._strong[right]),
        ):
            sizes = ones * others
            starts = self.starts[left] + skipped
            done = np.cumsum(sizes)
            total = int(done[-1]) if len(done) else 0
            cuts = np.searchsorted(done, np.arange(PIECE, total + PIECE, PIECE))
            for begin, end in pairwise((0, *np.unique(np.minimum(cuts + 1, len(sizes))).tolist())):
                offsets, rows = expand(np.zeros(end - begin, dtype=np.int64), sizes[begin:end])
                rows += begin
                one, other = np.divmod(offsets, others[rows])
                yield (
                    rows,
                    self.words[starts[rows] + one],
                    self.words[self.starts[right][rows] + other],
                )


class Met:
    """The listed words that readings meet, and how alike they are."""

    def __init__(self, readings: Array, words: Array, likes: Array, vocabulary: int) -> None:
        """The arrays are parallel, sorted by reading and word; words are below ``vocabulary``."""
        self.readings, self.words, self.likes = readings, words, likes
        self._vocabulary = vocabulary + 1
        self._codes = readings * self._vocabulary + words

    def at(self, rows: Array | slice) -> Met:
        """Return some of them."""
        return Met(self.readings[rows], self.words[rows], self.likes[rows], self._vocabulary - 1)

    def pieces(self, counts: Array, size: int) -> list[Met]:
        """Cut between readings so that each piece has about ``size`` of the words' ``counts``."""
        done = np.cumsum(counts[self.words])
        total = int(done[-1]) if len(done) else 0
        if not total:
            return []
        cuts = np.searchsorted(done, np.arange(0, total, size), side="right")
        starts = np.searchsorted(self.readings, np.unique(self.readings[cuts])).tolist()
        starts[:1] = [0]
        ends = [*starts[1:], len(self.words)]
        return [self.at(slice(start, end)) for start, end in zip(starts, ends, strict=True)]

    @cached_property
    def _marks(self) -> Array:
        """One bit per reading and word met, several words to a bit."""
        first, last = (int(self.readings[0]), int(self.readings[-1])) if len(self.words) else (0, 0)
        marks = np.zeros((last - first + 1) * _SIGNS, dtype=np.bool_)
        marks[(self.readings - first) * _SIGNS + self.words % NO_SIGN] = True
        return marks

    def _bases(self, readings: Array) -> Array:
        """Where each reading's bits begin; readings that meet no word get another's."""
        first, last = (int(self.readings[0]), int(self.readings[-1])) if len(self.words) else (0, 0)
        return ((np.clip(readings, first, last) - first) * _SIGNS).astype(np.int32)

    def count(self, readings: Array, signs: Array) -> Array:
        """Return how many of each row's words its reading meets, seldom too many."""
        base = self._bases(readings)
        result = np.zeros(len(readings), dtype=np.int8)
        for column in range(signs.shape[1]):
            result += self._marks[base + signs[:, column]]
        return result

    def likes_of(self, readings: Array, words: Array) -> Array:
        """Return the likeness of each row's words to its reading, 0 for words not met."""
        result = np.zeros(words.shape, dtype=np.float32)
        if not len(self._codes):
            return result
        # Few words are met; only those need a search.
        rows, columns = np.nonzero(self._marks[self._bases(readings)[:, None] + words % NO_SIGN])
        wanted = readings[rows] * self._vocabulary + words[rows, columns]
        places = np.minimum(np.searchsorted(self._codes, wanted), len(self._codes) - 1)
        found = self._codes[places] == wanted
        result[rows[found], columns[found]] = self.likes[places[found]]
        return result


def bound(covers: Array, others: Array, bits: Array) -> Array:
    """Return the score of two covers with the evidence, as ``matching.scored`` does for one."""
    best, least = np.maximum(covers, others), np.minimum(covers, others)
    score = BETTER_SHARE * best + (1 - BETTER_SHARE) * least
    factor = FLOOR_WITHOUT_BITS + (1 - FLOOR_WITHOUT_BITS) * np.minimum(bits / BITS_ENOUGH, 1)
    return np.where(least < 0.9, score * factor, score)
