"""The listed names, filed so that ``search`` finds those that may be alike to a name.

Each listed name is filed under its anchors only: the heaviest of its words, as few as needed so
that without any of them too little of the name would be left to match. Names that differ only in
how their words are spelled are one group, filed under each anchor and under each two of its words
of which one is an anchor: most names match by two words or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paritas.screening.common import COMMON, COMMON_BITS
from paritas.screening.met import NO_SIGN, bound
from paritas.screening.text import PARTICLE_SHARE, Words
from paritas.screening.words import (
    Array,
    KeyTable,
    Token,
    WordForms,
    WordIndex,
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
_CHUNK = 20_000
#: Words kept per name, the heaviest.
_COLUMNS = 8
_GROUP_MIX = np.uint64(0xBF58476D1CE4E5B9)


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
        self.usual, self.bits = self._rarity(len(names))
        self.weights = np.clip(self.bits / BITS_MAX, WEIGHT_MIN, 1.0)
        self._token_weights = (self.weights[self._words] * self._shares).astype(np.float32)
        self.totals = np.bincount(self._owners, self._token_weights, minlength=len(self))
        order = np.lexsort((-self._token_weights, self._owners))
        self._file_heaviest(order)
        self._file_groups(order)
        self._file_joined()

    def __len__(self) -> int:
        return len(self._lengths)

    def _rarity(self, names: int) -> tuple[Array, Array]:
        """Return for each word its usual spelling on the list, and its bits.

        The usual spelling is the most frequent of the words alike to it. A word is as rare as all
        its spellings together: a wrong one makes it no rarer.
        """
        core = self._shares >= CORE_SHARE
        pairs = np.unique(self._words[core] * names + self._owners[core])
        counts = np.bincount(pairs // max(names, 1), minlength=len(self.words.forms)).astype(float)
        total, usual = counts.copy(), np.arange(len(counts))
        every = self.words.forms.words
        for start in range(0, len(every), _CHUNK):
            forms = WordForms(every[start : start + _CHUNK])
            rows, listed, alike = self.words.find(forms)
            close = alike >= _SAME_WORD
            rows, listed = rows[close] + start, listed[close]
            total += np.bincount(rows, counts[listed] * (rows != listed), minlength=len(every))
            # Of the same count the first word is usual, so that all agree which one it is.
            order = np.lexsort((-listed, counts[listed], rows))
            usual[rows[order]] = listed[order]
        bits = np.log2(max(names, 1) / np.maximum(total, 1))
        # A short list makes no word common: a word is worth there what it is in a long one.
        bits = np.clip(bits + max(0.0, 15 - np.log2(max(names, 1))), 0.0, BITS_MAX + 3)
        spellings = set(spellings_of(sorted(COMMON)))
        common = np.array([spelling in spellings for spelling in self.words.forms.spellings])
        bits = np.where(common, np.minimum(bits, COMMON_BITS), bits)
        return usual, np.minimum(bits, bits[usual])

    def _file_heaviest(self, order: Array) -> None:
        """Keep each name's heaviest words in a table, to look at them without searching."""
        count, none = len(self), len(self.weights)
        owners, words, weights = self._owners[order], self._words[order], self._token_weights[order]
        full = self._shares[order] >= CORE_SHARE
        place = np.arange(len(order)) - self._starts[owners]
        kept, over = full & (place < _COLUMNS), full & (place >= _COLUMNS)
        self.heavy = np.full((count, _COLUMNS), none, dtype=np.int32)
        self.heavy[owners[kept], place[kept]] = words[kept]
        self.heavy_weights = np.zeros((count, _COLUMNS), dtype=np.float32)
        self.heavy_weights[owners[kept], place[kept]] = weights[kept]
        self.core_counts = np.bincount(owners[full], minlength=count)
        # What does not count in full is taken as met: only the exact comparison looks at it.
        self.core_totals = np.bincount(owners[full], weights[full], minlength=count)
        # Words that found no place in the table count as if they were met.
        self.over = np.bincount(owners[over], weights[over], minlength=count)
        self.padded_bits = np.append(self.bits, 0.0).astype(np.float32)
        self.letters = np.zeros(count, dtype=np.int32)
        first = [1 << (ord(word[0]) % 32) for word in self.words.forms.words]
        self.first_letter = np.array([*first, 0], dtype=np.int32)
        np.bitwise_or.at(self.letters, self._owners, self.first_letter[self._words])

    def _file_groups(self, order: Array) -> None:
        """Put names that differ only in how their words are spelled in a group, under its anchors.

        A group is looked at through its first name, with each word in its usual spelling.
        """
        full = self._shares >= CORE_SHARE
        mixed = (self.usual[self._words[full]].astype(np.uint64) + np.uint64(1)) * _GROUP_MIX
        mixed ^= mixed >> np.uint64(31)
        keys = np.zeros(len(self), dtype=np.uint64)
        np.add.at(keys, self._owners[full], mixed * _GROUP_MIX)
        _, self.heads, self._groups = np.unique(keys, return_index=True, return_inverse=True)
        self.members = np.argsort(self._groups, kind="stable")
        self.member_counts = np.bincount(self._groups, minlength=len(self.heads))
        self.member_starts = np.cumsum(self.member_counts) - self.member_counts
        padded = np.append(self.usual, len(self.usual)).astype(np.int32)
        self.group_heavy = padded[self.heavy[self.heads]]
        none = len(self.weights)
        signs = np.where(self.group_heavy == none, NO_SIGN, self.group_heavy % NO_SIGN)
        self.signs = signs.astype(np.int32)
        self._file_anchors(order)
        self._file_alone()

    def _file_anchors(self, order: Array) -> None:
        """File each group under its heaviest words; ``order`` sorts words by name and weight."""
        owners, words, weights = self._owners[order], self._words[order], self._token_weights[order]
        running = np.cumsum(weights, dtype=np.float64)
        before = np.concatenate(([0.0], running))[self._starts[owners]]
        left = self.totals[owners] - (running - before - weights)
        anchors = left >= COVER_MIN * self.totals[owners] - 1e-6
        by_word = np.argsort(words[anchors], kind="stable")
        self.postings = owners[anchors][by_word].astype(np.int32)
        counts = np.bincount(words[anchors], minlength=len(self.weights))
        self.posting_counts, self.posting_starts = counts, np.cumsum(counts) - counts
        group_of_head = np.full(len(self), -1, dtype=np.int64)
        group_of_head[self.heads] = np.arange(len(self.heads))
        anchors &= group_of_head[owners] >= 0
        words, groups = self.usual[words[anchors]], group_of_head[owners[anchors]]
        by_word = np.argsort(words, kind="stable")
        self.group_postings = groups[by_word].astype(np.int32)
        counts = np.bincount(words, minlength=len(self.weights))
        self.group_counts, self.group_starts = counts, np.cumsum(counts) - counts
        self._file_pairs(np.bincount(group_of_head[owners[anchors]], minlength=len(self.heads)))

    def _file_pairs(self, anchors: Array) -> None:
        """File each group under each two of its words, one an anchor; ``anchors`` counts those."""
        keys, groups = [], []
        none = len(self.weights)
        for left in range(_COLUMNS):
            for right in range(left + 1, _COLUMNS):
                some = np.flatnonzero((anchors > left) & (self.group_heavy[:, right] != none))
                keys.append(
                    self.pair_keys(self.group_heavy[some, left], self.group_heavy[some, right])
                )
                groups.append(some)
        self.pairs = KeyTable(np.concatenate(keys), np.concatenate(groups))

    def pair_keys(self, left: Array, right: Array) -> Array:
        """Return one number for two words, whichever comes first."""
        low, high = np.minimum(left, right), np.maximum(left, right)
        return low.astype(np.uint64) * np.uint64(len(self.weights)) + high.astype(np.uint64)

    def _file_alone(self) -> None:
        """Keep what a group scores by its heaviest word alone: of a subject of one word, of more.

        Words beyond those kept make it always worth a second look.
        """
        heads = self.heads
        heaviest = self.heavy_weights[heads, 0].astype(np.float64)
        cover = heaviest / np.maximum(self.core_totals[heads], 1e-9)
        most = self.most_bits = self.padded_bits[self.heavy[heads]].max(axis=1, initial=0.0)
        many = self.core_counts[heads] > _COLUMNS
        self._postings_alone: dict[tuple[int, float], tuple[Array, Array, Array]] = {}
        self.alone = np.empty((2, len(heads)))
        for row, other in enumerate((np.ones(len(heads)), heaviest / (heaviest + WEIGHT_MIN))):
            self.alone[row] = np.where(many, 1.0, bound(cover, other, most))

    def _file_joined(self) -> None:
        """File listed words that stand side by side, in either order, as if written as one."""
        runs = self.words.forms.runs.at(self._words)
        keys, names, weights = [], [], []
        for gap in (1, 2):
            left = np.flatnonzero(self._owners[:-gap] == self._owners[gap:])
            shares = np.minimum(self._shares[left], self._shares[left + gap])
            if gap == 2:
                # First and last of three: surname and given name with one between.
                left = left[(self._lengths[self._owners[left]] == 3) & (shares >= CORE_SHARE)]
            else:
                # A particle is written as part of its word, a company form or a sign is not.
                particle = np.isclose(shares, PARTICLE_SHARE)
                left = left[(shares >= CORE_SHARE) | particle]
            for first, second in ((left, left + gap), (left + gap, left)):
                keys.append(runs.at(first).then(runs.at(second)).hashes)
                names.append(self._owners[left])
                weights.append(self._token_weights[first] + self._token_weights[second])
        three = np.flatnonzero(self._owners[:-2] == self._owners[2:])
        run = runs.at(three).then(runs.at(three + 1)).then(runs.at(three + 2))
        keys.append(run.hashes)
        names.append(self._owners[three])
        weights.append(self._token_weights[three[:, None] + np.arange(3)].sum(axis=1))
        self.joined_names = np.concatenate(names)
        self.joined_weights = np.concatenate(weights)
        self.joined = KeyTable(np.concatenate(keys), np.arange(len(self.joined_names)))

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

    def postings_alone(self, several: int, score_min: float) -> tuple[Array, Array, Array]:
        """Return starts, counts and groups by word, of groups that may score so by one word alone.

        ``several`` is 1 for readings of several words, else 0.
        """
        key = (several, score_min)
        if key not in self._postings_alone:
            words = np.repeat(np.arange(len(self.group_counts)), self.group_counts)
            kept = self.alone[several][self.group_postings] >= score_min
            counts = np.bincount(words[kept], minlength=len(self.group_counts))
            found = np.cumsum(counts) - counts, counts, self.group_postings[kept].astype(np.int64)
            self._postings_alone[key] = found
        return self._postings_alone[key]
