"""Which listed names may be alike to a name: many names at once, in numpy.

Each listed name is filed under its anchors only: the heaviest of its words, as few as needed so
that without any of them too little of the name would be left to match. Names that share an
alike anchor with a subject are candidates; their words are then looked up among the words that are
alike to the subject's, and what could score enough goes on to be compared exactly.
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
    NEARLY_SAME,
    ONE_OF_SEVERAL,
)
from paritas.screening.text import Words
from paritas.screening.words import (
    Array,
    KeyTable,
    Token,
    WordForms,
    WordIndex,
    expand,
    joined,
    spellings_of,
)

#: No name matches of which less than this share is covered, so anchors need not cover more.
COVER_MIN = 0.5
#: Evidence of one word, at most, and the least weight of a word, both against the rarest.
BITS_MAX = 12.0
WEIGHT_MIN = 0.3
#: Listed words from which on a common word's forms are counted together.
_SAME_WORD = 0.85
#: Words that stand for no role count in full; the rest is left to the exact comparison.
CORE_SHARE = 0.5
#: What the exact comparison may add to the score seen here: a little by pairing words otherwise,
#: more where there are initials.
_MARGIN, _MARGIN_OF_INITIALS = 0.03, 0.2
_CHUNK = 20_000
#: Bits per reading in which met words are marked, the last of them never; and words per name.
_SIGNS, _SIGN_MASK, _NO_SIGN, _SIGN_COLUMNS = 1024, 511, 1023, 6


class Asked(NamedTuple):
    """A batch of readings: their words, flattened, and the forms of the distinct ones."""

    forms: WordForms
    #: Row of ``forms`` for every word, and the reading it is of.
    words: Array
    readings: Array
    shares: Array
    #: Which readings are texts; which have initials or words that are parts of a listed word, so
    #: that the exact comparison may find much more; how many words of each count in full.
    text: Array
    lenient: Array
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
        self._file_anchors()
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
        # A short list makes no word common: there, too, a word is worth what it would be in a long one.
        bits = np.clip(bits + max(0.0, 15 - np.log2(max(names, 1))), 0.0, BITS_MAX + 3)
        spellings = set(spellings_of(sorted(COMMON)))
        common = np.array([spelling in spellings for spelling in self.words.forms.spellings])
        result: Array = np.where(common, np.minimum(bits, COMMON_BITS), bits)
        return result

    def _file_anchors(self) -> None:
        weights = (self.weights[self._words] * self._shares).astype(np.float32)
        self._token_weights = weights
        self.totals = np.bincount(self._owners, weights, minlength=len(self))
        order = np.lexsort((-weights, self._owners))
        owners, words = self._owners[order], self._words[order]
        running = np.cumsum(weights[order], dtype=np.float64)
        base = np.concatenate(([0.0], running))[self._starts[owners]] if len(owners) else running
        left = self.totals[owners] - (running - base - weights[order])
        anchors = left >= COVER_MIN * self.totals[owners] - 1e-6
        by_word = np.argsort(words[anchors], kind="stable")
        self._postings = owners[anchors][by_word].astype(np.int32)
        counts = np.bincount(words[anchors], minlength=len(self.words.forms))
        self._posting_counts, self._posting_starts = counts, np.cumsum(counts) - counts
        self._sign(order)
        # Only words that count in full are looked at before the exact comparison.
        core = self._shares >= CORE_SHARE
        self._core_words = self._words[core]
        self._core_weights = weights[core]
        self._core_counts = np.bincount(self._owners[core], minlength=len(self))
        self._core_starts = np.cumsum(self._core_counts) - self._core_counts

    def _sign(self, order: Array) -> None:
        """Keep, of each name's heaviest words, a few bits; and what the heaviest scores alone.

        ``order`` sorts the words by name and weight.
        """
        owners, words = self._owners[order], self._words[order]
        place = np.arange(len(order)) - self._starts[owners]
        heavy = (place < _SIGN_COLUMNS) & (self._shares[order] >= CORE_SHARE)
        self._signs = np.full((len(self), _SIGN_COLUMNS), _NO_SIGN, dtype=np.int32)
        self._signs[owners[heavy], place[heavy]] = words[heavy] & _SIGN_MASK
        first = order[place == 0]
        cover = np.ones(len(self))
        named = self._owners[first]
        cover[named] = self._token_weights[first] / np.maximum(self.totals[named], 1e-9)
        most = np.zeros(len(self))
        np.maximum.at(most, self._owners, self.bits[self._words])
        factor = FLOOR_WITHOUT_BITS + (1 - FLOOR_WITHOUT_BITS) * np.minimum(most / BITS_ENOUGH, 1)
        heaviest = cover * self.totals
        # A name of more words than are signed is always looked at.
        many = self._lengths > _SIGN_COLUMNS
        self._alone = np.empty((2, len(self)))
        for row, other in enumerate((np.ones(len(self)), heaviest / (heaviest + WEIGHT_MIN))):
            best, least = np.maximum(cover, other), np.minimum(cover, other)
            score = BETTER_SHARE * best + (1 - BETTER_SHARE) * least
            self._alone[row] = np.where((least >= 0.9) | many, 1.0, score * factor)

    def _file_joined(self) -> None:
        """File listed words that stand side by side, in either order, as if written as one."""
        hashes, lengths = self.words.forms.hashes, self.words.forms.lengths
        keys, names = [], []
        for gap in (1, 2):
            left: Array = np.flatnonzero(self._owners[:-gap] == self._owners[gap:])
            if gap == 2:
                # First and last of three: surname and given name with one between.
                left = left[self._lengths[self._owners[left]] == 3]
            for first, second in ((left, left + gap), (left + gap, left)):
                one, two = self._words[first], self._words[second]
                keys.append(joined(hashes[one], lengths[one], hashes[two]))
                names.append(self._owners[left])
        run = np.flatnonzero(self._owners[:-2] == self._owners[2:])
        one, two, three = (self._words[run + place] for place in range(3))
        pair = joined(hashes[one], lengths[one], hashes[two])
        keys.append(joined(pair, lengths[one] + lengths[two], hashes[three]))
        names.append(self._owners[run])
        self._joined = KeyTable(np.concatenate(keys), np.concatenate(names))

    def tokens(self, name: int) -> list[Token]:
        """Return the tokens of a listed name."""
        forms = self.words.forms
        start = self._starts[name]
        result = []
        for place in range(start, start + self._lengths[name]):
            word, share = int(self._words[place]), float(self._shares[place])
            full = share >= CORE_SHARE
            result.append(
                Token(
                    forms.words[word],
                    forms.spellings[word],
                    forms.sounds[word],
                    float(self._token_weights[place]),
                    float(self.bits[word]) if full else 0.0,
                    share,
                )
            )
        return result

    def candidates(self, asked: Asked, score_min: float) -> tuple[Array, Array, Array]:
        """Return pairs (reading, listed name) that may score ``score_min``, and word weights.

        The weights are those of ``asked.forms``: of the listed word most like it, or 1.
        """
        rows, listed, alike = self.words.find(asked.forms)
        weights = self._weights_of(len(asked.forms), rows, listed, alike)
        core = np.flatnonzero(asked.shares >= CORE_SHARE)
        codes, likes = self._alike_words(asked, core, rows, listed, alike)
        pairs = self._sharing_anchors(codes, asked, score_min)
        readings, names = np.divmod(pairs, max(len(self), 1))
        totals = np.bincount(
            asked.readings[core], weights[asked.words[core]], minlength=len(asked.text)
        )
        kept = self._promising(codes, likes, readings, names, totals, asked, score_min)
        glued = self._glued(asked, core)
        pairs = np.union1d(pairs[kept], glued)
        readings, names = np.divmod(pairs, max(len(self), 1))
        return readings, names, weights

    def _sharing_anchors(self, codes: Array, asked: Asked, score_min: float) -> Array:
        """Return codes (reading, name), sorted, of which enough words are met.

        A name that cannot score enough by its heaviest word alone must have two. That is seen, a
        few false ones included, from one bit of each word, which is quicker than any search.
        """
        readings, words = np.divmod(codes, len(self.weights))
        met = np.zeros(len(asked.text) * _SIGNS, dtype=np.bool_)
        met[readings * _SIGNS + (words & _SIGN_MASK)] = True
        counts = self._posting_counts[words]
        places, owners = expand(self._posting_starts[words], counts)
        names = self._postings[places]
        readings = readings[owners].astype(np.int32)
        # A subject of several words has others besides the one met, unless it is a text.
        several = ((asked.counts > 1) & ~asked.text)[readings].astype(np.int8)
        needed = np.where(self._alone < score_min - _MARGIN, 2, 1).astype(np.int8)
        signs, base = self._signs[names], readings * _SIGNS
        count = np.zeros(len(names), dtype=np.int8)
        for column in range(_SIGN_COLUMNS):
            count += met[base + signs[:, column]]
        kept = (count >= needed[several, names]) | asked.lenient[readings]
        pairs = np.sort(readings[kept].astype(np.int64) * len(self) + names[kept])
        unique: Array = pairs[np.diff(pairs, prepend=-1) != 0]
        return unique

    def _weights_of(self, count: int, rows: Array, listed: Array, alike: Array) -> Array:
        weights = np.ones(count)
        order = np.argsort(alike, kind="stable")
        weights[rows[order]] = self.weights[listed[order]]
        return weights

    def _alike_words(
        self, asked: Asked, core: Array, rows: Array, listed: Array, alike: Array
    ) -> tuple[Array, Array]:
        """Return codes (reading, listed word), sorted, with the best likeness of each."""
        counts = np.bincount(rows, minlength=len(asked.forms))
        starts = np.cumsum(counts) - counts
        words = asked.words[core]
        places, owners = expand(starts[words], counts[words])
        readings = asked.readings[core][owners]
        codes = readings * len(self.weights) + listed[places]
        likes = alike[places]
        joined_codes = self._joined_words(asked, core)
        asked.lenient[joined_codes // len(self.weights)] = True
        codes = np.concatenate((codes, joined_codes))
        likes = np.concatenate((likes, np.full(len(joined_codes), 0.97, dtype=np.float32)))
        # The best likeness of a word comes first: both are sorted as one number.
        order = np.argsort(codes * 256 - (likes * 255).astype(np.int64))
        codes, likes = codes[order], likes[order]
        first = np.diff(codes, prepend=-1) != 0
        return codes[first], likes[first]

    def _joined_words(self, asked: Asked, core: Array) -> Array:
        """Words of a subject that side by side make one listed word."""
        forms, words, readings = asked.forms, asked.words[core], asked.readings[core]
        hashes, lengths = forms.hashes[words], forms.lengths[words]
        result = []
        pair, length = hashes, lengths
        for gap in (1, 2):
            pair = joined(pair[: len(hashes) - gap], length[: len(hashes) - gap], hashes[gap:])
            length = length[: len(hashes) - gap] + lengths[gap:]
            same = readings[: len(pair)] == readings[gap:]
            rows = np.flatnonzero(same)
            found, listed = self.words.find_joined(pair[rows])
            result.append(readings[rows[found]] * len(self.weights) + listed)
        return np.concatenate(result)

    def _glued(self, asked: Asked, core: Array) -> Array:
        """Pairs of a reading with a listed name of which it has several words as one."""
        words = asked.words[core]
        long = asked.forms.lengths[words] >= 5
        found, names = self._joined.find(asked.forms.hashes[words[long]])
        return asked.readings[core][long][found] * len(self) + names

    def _promising(
        self,
        codes: Array,
        likes: Array,
        readings: Array,
        names: Array,
        totals: Array,
        asked: Asked,
        score_min: float,
    ) -> Array:
        """Tell which pairs (reading, name) may score enough by the words that are alike."""
        text = asked.text
        places, pairs = expand(self._core_starts[names], self._core_counts[names])
        words = self._core_words[places]
        wanted = readings[pairs] * len(self.weights) + words
        table = KeyTable(codes.astype(np.uint64), np.arange(len(codes)))
        found, rows = table.find(wanted.astype(np.uint64))
        pairs, words, alike = pairs[found], words[found], likes[rows]
        weight = self._core_weights[places[found]]
        count = len(names)
        matched = np.bincount(pairs, weight * alike, minlength=count)
        bits = np.bincount(
            pairs, np.maximum(self.bits[words] - BITS_LOST * (1 - alike), 0), minlength=count
        )
        covers = matched / np.maximum(self.totals[names], 1e-9)
        others = np.minimum(matched / np.maximum(totals[readings], 1e-9), 1.0)
        others[text[readings]] = 1.0
        best, least = np.maximum(covers, others), np.minimum(covers, others)
        score = BETTER_SHARE * best + (1 - BETTER_SHARE) * least
        factor = FLOOR_WITHOUT_BITS + (1 - FLOOR_WITHOUT_BITS) * np.minimum(bits / BITS_ENOUGH, 1)
        score = np.where(least < 0.9, score * factor, score)
        twice = np.bincount(pairs, alike < NEARLY_SAME, minlength=count) > 1
        score = np.where(twice, score * ALIKE_TWICE, score)
        one = (self._core_counts[names] == 1) & (asked.counts[readings] > 1) & ~text[readings]
        score = np.where(one, score * ONE_OF_SEVERAL, score)
        margin = np.where(asked.lenient[readings], _MARGIN_OF_INITIALS, _MARGIN)
        result: Array = score >= score_min - margin
        return result
