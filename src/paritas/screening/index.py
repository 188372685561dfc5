"""Which listed names may be alike to a name: many names at once, in numpy.

Each listed name is filed under its anchors only: the heaviest of its words, as few as needed so
that without any of them too little of the name would be left to match. Names that share an alike
anchor with a subject are candidates. They are sifted three times, each time more exactly: by
whether enough words are met, by what those could score at most, and by what they score as alike as
they are. What is left goes on to be compared exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from paritas.screening.common import COMMON, COMMON_BITS
from paritas.screening.matching import (
    ALIKE_TWICE,
    BETTER_SHARE,
    BITS_ENOUGH,
    BITS_LOST,
    FLOOR_WITHOUT_BITS,
    INITIAL_ALIKE,
    ONE_OF_SEVERAL,
    WELL_ALIKE,
)
from paritas.screening.text import Words
from paritas.screening.words import (
    Array,
    KeyTable,
    Token,
    WordForms,
    WordIndex,
    expand,
    spellings_of,
)

#: No name matches of which less than this share is covered, so anchors need not cover more.
COVER_MIN = 0.5
#: Evidence of one word, at most, and the least weight of a word, both against the rarest.
BITS_MAX = 12.0
WEIGHT_MIN = 0.3
#: Words that keep at least this share of their weight are looked at before the exact comparison.
CORE_SHARE = 0.5
#: Likeness from which on other spellings of a word count with it.
_SAME_WORD = 0.85
#: What the exact comparison may add to the score seen here, by pairing words otherwise.
_MARGIN = 0.03
_CHUNK = 20_000
#: Bits per reading in which met words are marked, the last of them never; words kept per name.
_SIGNS, _NO_SIGN, _COLUMNS = 2048, 2047, 8
#: Candidates looked at in one go, so that they fit the processor's cache.
_PIECE = 200_000


class Asked(NamedTuple):
    """A batch of readings: their words, flattened, and the forms of the distinct ones."""

    forms: WordForms
    #: Row of ``forms`` for every word, the reading it is of, and the share of its weight it keeps.
    words: Array
    readings: Array
    shares: Array
    #: Which readings are texts; which letters each has as initials, a bit each; how many of its
    #: words count in full.
    text: Array
    initials: Array
    counts: Array


class NameIndex:
    """The listed names, to be found by names that are alike."""

    def __init__(self, names: Sequence[Words]) -> None:
        """``names`` are readings; results name them by position. Takes about 0.1 ms a name."""
        numbers: dict[str, int] = {}
        flat = [numbers.setdefault(t, len(numbers)) for name in names for t in name.texts]
        self._words = np.array(flat, dtype=np.int64)
        self._lengths = np.array([len(name.texts) for name in names], dtype=np.int64)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._shares = np.array([s for name in names for s in name.shares], dtype=np.float32)
        self._owners = np.repeat(np.arange(len(names)), self._lengths)
        self.words = WordIndex(list(numbers) or ["-"])
        self.bits = self._rarity(len(names))
        self.weights = np.clip(self.bits / BITS_MAX, WEIGHT_MIN, 1.0)
        self._token_weights = (self.weights[self._words] * self._shares).astype(np.float32)
        self.totals = np.bincount(self._owners, self._token_weights, minlength=len(self))
        order = np.lexsort((-self._token_weights, self._owners))
        self._file_anchors(order)
        self._file_heaviest(order)
        self._file_alone()
        self._file_joined()

    def __len__(self) -> int:
        return len(self._lengths)

    def _rarity(self, names: int) -> Array:
        """Bits of each word; a word's other spellings, even wrong ones, make it no rarer."""
        core = self._shares >= CORE_SHARE
        pairs = np.unique(self._words[core] * names + self._owners[core])
        counts = np.bincount(pairs // max(names, 1), minlength=len(self.words.forms)).astype(float)
        total = counts.copy()
        every = self.words.forms.words
        for start in range(0, len(every), _CHUNK):
            forms = WordForms(every[start : start + _CHUNK])
            rows, listed, alike = self.words.find(forms)
            close = (alike >= _SAME_WORD) & (rows + start != listed)
            total += np.bincount(rows[close] + start, counts[listed[close]], minlength=len(every))
        bits = np.log2(max(names, 1) / np.maximum(total, 1))
        # A short list makes no word common: a word is worth there what it is in a long one.
        bits = np.clip(bits + max(0.0, 15 - np.log2(max(names, 1))), 0.0, BITS_MAX + 3)
        spellings = set(spellings_of(sorted(COMMON)))
        common = np.array([spelling in spellings for spelling in self.words.forms.spellings])
        return np.asarray(np.where(common, np.minimum(bits, COMMON_BITS), bits))

    def _file_anchors(self, order: Array) -> None:
        """File each name under its heaviest words; ``order`` sorts words by name and weight."""
        owners, words, weights = self._owners[order], self._words[order], self._token_weights[order]
        running = np.cumsum(weights, dtype=np.float64)
        before = np.concatenate(([0.0], running))[self._starts[owners]]
        left = self.totals[owners] - (running - before - weights)
        anchors = left >= COVER_MIN * self.totals[owners] - 1e-6
        by_word = np.argsort(words[anchors], kind="stable")
        self._postings = owners[anchors][by_word].astype(np.int32)
        counts = np.bincount(words[anchors], minlength=len(self.weights))
        self._posting_counts, self._posting_starts = counts, np.cumsum(counts) - counts

    def _file_heaviest(self, order: Array) -> None:
        """Keep each name's heaviest words in a table, to look at them without searching."""
        count, none = len(self), len(self.weights)
        owners, words, weights = self._owners[order], self._words[order], self._token_weights[order]
        full = self._shares[order] >= CORE_SHARE
        place = np.arange(len(order)) - self._starts[owners]
        kept, over = full & (place < _COLUMNS), full & (place >= _COLUMNS)
        self._heavy = np.full((count, _COLUMNS), none, dtype=np.int32)
        self._heavy[owners[kept], place[kept]] = words[kept]
        self._heavy_weights = np.zeros((count, _COLUMNS), dtype=np.float32)
        self._heavy_weights[owners[kept], place[kept]] = weights[kept]
        self._core_counts = np.bincount(owners[full], minlength=count)
        # What does not count in full is taken as met: only the exact comparison looks at it.
        self._core_totals = np.bincount(owners[full], weights[full], minlength=count)
        # Words that found no place in the table count as if they were met.
        self._over = np.bincount(owners[over], weights[over], minlength=count)
        self._padded_bits = np.append(self.bits, 0.0).astype(np.float32)
        self._signs = np.where(self._heavy == none, _NO_SIGN, self._heavy % _NO_SIGN)
        self._letters = np.zeros(count, dtype=np.int32)
        first = [1 << (ord(word[0]) % 32) for word in self.words.forms.words]
        self._first_letter = np.array([*first, 0], dtype=np.int32)
        np.bitwise_or.at(self._letters, self._owners, self._first_letter[self._words])

    def _file_alone(self) -> None:
        """Keep what a name scores by its heaviest word alone: of a subject of one word, of more."""
        heaviest = self._heavy_weights[:, 0].astype(np.float64)
        cover = heaviest / np.maximum(self._core_totals, 1e-9)
        most = self._padded_bits[self._heavy].max(axis=1, initial=0.0)
        self._alone = np.empty((2, len(self)))
        for row, other in enumerate((np.ones(len(self)), heaviest / (heaviest + WEIGHT_MIN))):
            self._alone[row] = np.where(self._over > 0, 1.0, bound(cover, other, most))

    def _file_joined(self) -> None:
        """File listed words that stand side by side, in either order, as if written as one."""
        runs = self.words.forms.runs.at(self._words)
        keys, names = [], []
        for gap in (1, 2):
            left = np.flatnonzero(self._owners[:-gap] == self._owners[gap:])
            if gap == 2:
                # First and last of three: surname and given name with one between.
                left = left[self._lengths[self._owners[left]] == 3]
            for first, second in ((left, left + gap), (left + gap, left)):
                keys.append(runs.at(first).then(runs.at(second)).hashes)
                names.append(self._owners[left])
        three = np.flatnonzero(self._owners[:-2] == self._owners[2:])
        run = runs.at(three).then(runs.at(three + 1)).then(runs.at(three + 2))
        keys.append(run.hashes)
        names.append(self._owners[three])
        self._joined = KeyTable(np.concatenate(keys), np.concatenate(names))

    def tokens(self, name: int) -> list[Token]:
        """Return the tokens of a listed name."""
        forms = self.words.forms
        start = self._starts[name]
        result = []
        for place in range(start, start + self._lengths[name]):
            word, share = int(self._words[place]), float(self._shares[place])
            result.append(
                Token(
                    forms.words[word],
                    forms.spellings[word],
                    forms.sounds[word],
                    float(self._token_weights[place]),
                    float(self.bits[word]) if share >= CORE_SHARE else 0.0,
                    share,
                )
            )
        return result

    def candidates(self, asked: Asked, score_min: float) -> tuple[Array, Array, Array]:
        """Return pairs (reading, listed name) that may score ``score_min``, and word weights.

        The weights are those of ``asked.forms``: of the listed word most like it, or 1.
        """
        rows, listed, alike = self.words.find(asked.forms)
        weights = np.ones(len(asked.forms))
        order = np.argsort(alike, kind="stable")
        weights[rows[order]] = self.weights[listed[order]]
        core = np.flatnonzero(asked.shares >= CORE_SHARE)
        # A word said twice is no other word, and an initial stands for a word of the listed name.
        said = core[~asked.forms.initials[asked.words[core]]]
        said = np.unique(asked.readings[said] * len(weights) + asked.words[said])
        said_readings, said_words = np.divmod(said, max(len(weights), 1))
        totals = np.bincount(said_readings, weights[said_words], minlength=len(asked.text))
        found = [self._glued(asked, core), self._split(asked, core)]
        readings, words, likes = self._alike_words(asked, core, rows, listed, alike)
        # A reading's words stay together, and pieces are of about the same number of candidates.
        done = np.cumsum(self._posting_counts[words])
        total = int(done[-1]) if len(done) else 0
        cuts = np.searchsorted(done, np.arange(0, total, _PIECE), side="right")
        starts = np.searchsorted(readings, np.unique(readings[cuts])).tolist()
        starts[:1] = [0]
        for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
            piece = Met(readings[start:end], words[start:end], likes[start:end], len(self.weights))
            sharing = self._sharing_anchors(piece, asked, score_min)
            found.append(self._promising(piece, sharing, totals, asked, score_min))
        pairs = np.unique(np.concatenate(found))
        readings, names = np.divmod(pairs, max(len(self), 1))
        return readings, names, weights

    def _alike_words(
        self, asked: Asked, core: Array, rows: Array, listed: Array, alike: Array
    ) -> tuple[Array, Array, Array]:
        """Return reading, listed word and best likeness, sorted by reading and word."""
        counts = np.bincount(rows, minlength=len(asked.forms))
        starts = np.cumsum(counts) - counts
        words = asked.words[core]
        places, owners = expand(starts[words], counts[words])
        codes = asked.readings[core][owners] * len(self.weights) + listed[places]
        likes = alike[places]
        # The best likeness of a word comes first: both are sorted as one number.
        order = np.argsort(codes * 256 - (likes * 255).astype(np.int64))
        codes, likes = codes[order], likes[order]
        first = np.diff(codes, prepend=-1) != 0
        readings, words = np.divmod(codes[first], len(self.weights))
        return readings, words, likes[first]

    def _split(self, asked: Asked, core: Array) -> Array:
        """Pairs of a reading with a listed name of which it has one word as several."""
        readings = asked.readings[core]
        words = asked.forms.runs.at(asked.words[core])
        result = []
        run = words
        for gap in (1, 2):
            count = max(len(core) - gap, 0)
            run = run.at(slice(count)).then(words.at(slice(gap, None)))
            rows = np.flatnonzero(readings[:count] == readings[gap:])
            found, listed = self.words.find_joined(run.hashes[rows])
            places, owners = expand(self._posting_starts[listed], self._posting_counts[listed])
            result.append(readings[rows[found]][owners] * len(self) + self._postings[places])
        return np.concatenate(result)

    def _glued(self, asked: Asked, core: Array) -> Array:
        """Pairs of a reading with a listed name of which it has several words as one."""
        words = asked.words[core]
        long = asked.forms.lengths[words] >= 5
        found, names = self._joined.find(asked.forms.hashes[words[long]])
        return asked.readings[core][long][found] * len(self) + names

    def _sharing_anchors(self, met: Met, asked: Asked, score_min: float) -> Array:
        """Return codes (reading, name), sorted, of which enough words are met.

        A name that cannot score enough by its heaviest word alone must have two. That is seen, a
        few false ones included, from one bit of each word, which is quicker than any search.
        """
        places, owners = expand(self._posting_starts[met.words], self._posting_counts[met.words])
        names = self._postings[places]
        readings = met.readings[owners]
        # A subject of several words has others besides the one met, unless it is a text.
        several = ((asked.counts > 1) & ~asked.text).astype(np.int8)[readings]
        needs_two = self._alone < score_min - _MARGIN
        enough = ~needs_two[several, names]
        enough |= (asked.initials[readings] & self._letters[names]) != 0
        rows = np.flatnonzero(~enough)
        names_left, readings_left = names[rows], readings[rows]
        count = met.meets(readings_left, self._signs[names_left]).sum(axis=1, dtype=np.int8)
        enough[rows[count >= 2]] = True
        pairs = np.sort(readings[enough] * len(self) + names[enough])
        return np.asarray(pairs[np.diff(pairs, prepend=-1) != 0])

    def _promising(
        self, met: Met, pairs: Array, totals: Array, asked: Asked, score_min: float
    ) -> Array:
        """Return those codes (reading, name) that may score enough by the words that are alike."""
        for exact in (False, True):
            readings, names = np.divmod(pairs, max(len(self), 1))
            heavy = self._heavy[names]
            bits, weights = self._padded_bits[heavy], self._heavy_weights[names]
            if exact:
                alike = met.likes_of(readings, heavy)
                bits = np.maximum(bits - BITS_LOST * (1 - alike), 0)
            else:
                alike = met.meets(readings, self._signs[names]).astype(np.float32)
            matched = (alike * weights).sum(axis=1) + self._over[names]
            rows = np.flatnonzero(asked.initials[readings] & self._letters[names])
            begun = self._first_letter[heavy[rows]] & asked.initials[readings[rows], None]
            initials = (weights[rows] * ((begun != 0) & (alike[rows] == 0))).sum(axis=1)
            matched[rows] += INITIAL_ALIKE * initials
            covers = np.minimum(matched / np.maximum(self._core_totals[names], 1e-9), 1.0)
            others = np.minimum(matched / np.maximum(totals[readings], 1e-9), 1.0)
            others[asked.text[readings]] = 1.0
            score = bound(covers, others, (bits * (alike > 0)).sum(axis=1))
            if exact:
                twice = ((alike > 0) & (alike < WELL_ALIKE)).sum(axis=1) > 1
                score = np.where(twice, score * ALIKE_TWICE, score)
            several = (asked.counts[readings] > 1) & ~asked.text[readings]
            one = (self._core_counts[names] == 1) & several
            score = np.where(one, score * ONE_OF_SEVERAL, score)
            pairs = pairs[score >= score_min - _MARGIN]
        return pairs


class Met:
    """The listed words that a piece of a batch meets, by reading."""

    def __init__(self, readings: Array, words: Array, likes: Array, vocabulary: int) -> None:
        """The arrays are parallel, sorted by reading and word; words are below ``vocabulary``."""
        self.readings, self.words = readings, words
        self._likes, self._vocabulary = likes, vocabulary + 1
        self._first = int(readings[0]) if len(readings) else 0
        span = int(readings[-1]) - self._first + 1 if len(readings) else 0
        self._codes = readings * self._vocabulary + words
        self._marks = np.zeros(span * _SIGNS, dtype=np.bool_)
        self._marks[(readings - self._first) * _SIGNS + words % _NO_SIGN] = True

    def meets(self, readings: Array, signs: Array) -> Array:
        """Tell for each row's signs whether its reading meets such a word, nearly always rightly."""
        base = (readings - self._first) * _SIGNS
        return np.asarray(self._marks[base[:, None] + signs])

    def likes_of(self, readings: Array, words: Array) -> Array:
        """Return the likeness of each row's words to its reading, 0 for words not met."""
        if not len(self._codes):
            return np.zeros(words.shape, dtype=np.float32)
        wanted = readings[:, None] * self._vocabulary + words
        places = np.minimum(np.searchsorted(self._codes, wanted), len(self._codes) - 1)
        return np.where(self._codes[places] == wanted, self._likes[places], np.float32(0))


def bound(covers: Array, others: Array, bits: Array) -> Array:
    """Return the score of two covers with the evidence, as ``matching.scored`` does for one."""
    best, least = np.maximum(covers, others), np.minimum(covers, others)
    score = BETTER_SHARE * best + (1 - BETTER_SHARE) * least
    factor = FLOOR_WITHOUT_BITS + (1 - FLOOR_WITHOUT_BITS) * np.minimum(bits / BITS_ENOUGH, 1)
    return np.where(least < 0.9, score * factor, score)
