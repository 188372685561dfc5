"""Which listed names may be alike to a name: many names at once, in numpy.

Each listed name is filed under its anchors only: the heaviest of its words, as few as needed so
that without any of them too little of the name would be left to match. Names that share an alike
anchor with a subject are candidates. They are sifted three times, each time more exactly: by
whether enough words are met, by what those could score at most, and by what they score as alike as
they are. What is left goes on to be compared exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
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
from paritas.screening.text import PARTICLE_SHARE, Words
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
#: Of two words that are all that is met, one must be as alike as this, or the score is too low.
_STRONG = 0.84
_GROUP_MIX = np.uint64(0xBF58476D1CE4E5B9)
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
        self._usual, self.bits = self._rarity(len(names))
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
        self._letters = np.zeros(count, dtype=np.int32)
        first = [1 << (ord(word[0]) % 32) for word in self.words.forms.words]
        self._first_letter = np.array([*first, 0], dtype=np.int32)
        np.bitwise_or.at(self._letters, self._owners, self._first_letter[self._words])

    def _file_groups(self, order: Array) -> None:
        """Put names that differ only in how their words are spelled in a group, under its anchors.

        A group is looked at through its first name, with each word in its usual spelling.
        """
        full = self._shares >= CORE_SHARE
        mixed = (self._usual[self._words[full]].astype(np.uint64) + np.uint64(1)) * _GROUP_MIX
        mixed ^= mixed >> np.uint64(31)
        keys = np.zeros(len(self), dtype=np.uint64)
        np.add.at(keys, self._owners[full], mixed * _GROUP_MIX)
        _, self._heads, self._groups = np.unique(keys, return_index=True, return_inverse=True)
        self._members = np.argsort(self._groups, kind="stable")
        self._member_counts = np.bincount(self._groups, minlength=len(self._heads))
        self._member_starts = np.cumsum(self._member_counts) - self._member_counts
        padded = np.append(self._usual, len(self._usual)).astype(np.int32)
        self._group_heavy = padded[self._heavy[self._heads]]
        none = len(self.weights)
        signs = np.where(self._group_heavy == none, _NO_SIGN, self._group_heavy % _NO_SIGN)
        self._signs = signs.astype(np.int32)
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
        self._postings = owners[anchors][by_word].astype(np.int32)
        counts = np.bincount(words[anchors], minlength=len(self.weights))
        self._posting_counts, self._posting_starts = counts, np.cumsum(counts) - counts
        group_of_head = np.full(len(self), -1, dtype=np.int64)
        group_of_head[self._heads] = np.arange(len(self._heads))
        anchors &= group_of_head[owners] >= 0
        words, groups = self._usual[words[anchors]], group_of_head[owners[anchors]]
        by_word = np.argsort(words, kind="stable")
        self._group_postings = groups[by_word].astype(np.int32)
        counts = np.bincount(words, minlength=len(self.weights))
        self._group_counts, self._group_starts = counts, np.cumsum(counts) - counts
        self._file_pairs(np.bincount(group_of_head[owners[anchors]], minlength=len(self._heads)))

    def _file_pairs(self, anchors: Array) -> None:
        """File each group under each two of its words, one an anchor; ``anchors`` counts those."""
        keys, groups = [], []
        none = len(self.weights)
        for left in range(_COLUMNS):
            for right in range(left + 1, _COLUMNS):
                some = np.flatnonzero((anchors > left) & (self._group_heavy[:, right] != none))
                keys.append(
                    self._pair_keys(self._group_heavy[some, left], self._group_heavy[some, right])
                )
                groups.append(some)
        self._pairs = KeyTable(np.concatenate(keys), np.concatenate(groups))

    def _pair_keys(self, left: Array, right: Array) -> Array:
        """Return one number for two words, whichever comes first."""
        low, high = np.minimum(left, right), np.maximum(left, right)
        return low.astype(np.uint64) * np.uint64(len(self.weights)) + high.astype(np.uint64)

    def _file_alone(self) -> None:
        """Keep what a group scores by its heaviest word alone: of a subject of one word, of more.

        Words beyond those kept make it always worth a second look.
        """
        heads = self._heads
        heaviest = self._heavy_weights[heads, 0].astype(np.float64)
        cover = heaviest / np.maximum(self._core_totals[heads], 1e-9)
        most = self._padded_bits[self._heavy[heads]].max(axis=1, initial=0.0)
        many = self._core_counts[heads] > _COLUMNS
        self._alone_postings: dict[tuple[int, float], tuple[Array, Array, Array]] = {}
        self._alone = np.empty((2, len(heads)))
        for row, other in enumerate((np.ones(len(heads)), heaviest / (heaviest + WEIGHT_MIN))):
            self._alone[row] = np.where(many, 1.0, bound(cover, other, most))

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
        self._joined_names = np.concatenate(names)
        self._joined_weights = np.concatenate(weights)
        self._joined = KeyTable(np.concatenate(keys), np.arange(len(self._joined_names)))

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
        readings, words, likes = self._alike_words(asked, core, rows, listed, alike)
        words_met = Met(readings, words, likes, len(self.weights))
        found = [
            self._glued(words_met, asked, core, weights, totals, score_min),
            self._split(words_met, asked, core, weights, totals, score_min),
        ]
        groups = self._groups_met(asked, core, (rows, listed, alike), words_met, totals, score_min)
        if groups:
            readings_met, grouped = np.divmod(np.concatenate(groups), len(self._heads))
            places, owners = expand(self._member_starts[grouped], self._member_counts[grouped])
            pairs = np.sort(readings_met[owners] * len(self) + self._members[places])
            found.append(self._promising(words_met, pairs, False, totals, asked, score_min))
        pairs = np.unique(np.concatenate(found))
        readings, names = np.divmod(pairs, max(len(self), 1))
        return readings, names, weights

    def _groups_met(
        self,
        asked: Asked,
        core: Array,
        found: tuple[Array, Array, Array],
        words_met: Met,
        totals: Array,
        score_min: float,
    ) -> list[Array]:
        """Return codes (reading, group), in pieces, of groups that may score enough."""
        rows, listed, alike = found
        usual = Usual(rows, self._usual[listed], alike, len(asked.forms))
        # What stands between words of a text, or is an initial, is looked for more widely.
        widely = asked.text | (asked.initials != 0)
        plain = core[~widely[asked.readings[core]]]
        sharing = [
            self._sharing_two(asked, plain, usual),
            self._sharing_one(asked, plain, usual, score_min),
        ]
        codes = np.concatenate(sharing)
        codes.sort()
        codes = codes[np.diff(codes, prepend=-1) != 0]
        met = Met(
            *self._best(words_met.readings, self._usual[words_met.words], words_met.likes),
            len(self.weights),
        )
        result = [
            self._promising(
                met.of(piece // len(self._heads)), piece, True, totals, asked, score_min
            )
            for piece in np.array_split(codes, len(codes) // _PIECE + 1)
        ]
        for piece in met.at(widely[met.readings]).pieces(self._group_counts, _PIECE):
            sharing_any = self._sharing_anchors(piece, asked, score_min)
            result.append(self._promising(piece, sharing_any, True, totals, asked, score_min))
        return result

    def _sharing_two(self, asked: Asked, core: Array, usual: Usual) -> Array:
        """Return codes (reading, group) of groups that have a word of each of two of a reading's."""
        result = [np.zeros(0, dtype=np.int64)]
        readings, words = asked.readings[core], asked.words[core]
        gap = 1
        while len(core) > gap:
            places = np.flatnonzero(readings[:-gap] == readings[gap:])
            if not len(places):
                break
            left, right = words[places], words[places + gap]
            for rows, one, other in usual.crossed(left, right):
                found, groups = self._pairs.find(self._pair_keys(one, other))
                result.append(readings[places[rows[found]]] * len(self._heads) + groups)
            gap += 1
        return np.concatenate(result)

    def _sharing_one(self, asked: Asked, core: Array, usual: Usual, score_min: float) -> Array:
        """Return codes (reading, group) of groups that can score enough by their heaviest word."""
        result = []
        for several in (0, 1):
            some = core[(asked.counts[asked.readings[core]] > 1) == several]
            starts, counts, postings = self._postings_alone(several, score_min)
            places, owners = expand(
                usual.starts[asked.words[some]], usual.counts[asked.words[some]]
            )
            met, readings = usual.words[places], asked.readings[some][owners]
            places, owners = expand(starts[met], counts[met])
            result.append(readings[owners] * len(self._heads) + postings[places])
        return np.concatenate(result)

    def _postings_alone(self, several: int, score_min: float) -> tuple[Array, Array, Array]:
        """Return starts, counts and groups by word, of groups that do not need two."""
        key = (several, score_min)
        if key not in self._alone_postings:
            alone = self._alone[several] >= score_min - _MARGIN
            words = np.repeat(np.arange(len(self._group_counts)), self._group_counts)
            kept = alone[self._group_postings]
            counts = np.bincount(words[kept], minlength=len(self._group_counts))
            found = np.cumsum(counts) - counts, counts, self._group_postings[kept].astype(np.int64)
            self._alone_postings[key] = found
        return self._alone_postings[key]

    def _alike_words(
        self, asked: Asked, core: Array, rows: Array, listed: Array, alike: Array
    ) -> tuple[Array, Array, Array]:
        """Return reading, listed word and best likeness, sorted by reading and word."""
        counts = np.bincount(rows, minlength=len(asked.forms))
        starts = np.cumsum(counts) - counts
        words = asked.words[core]
        places, owners = expand(starts[words], counts[words])
        return self._best(asked.readings[core][owners], listed[places], alike[places])

    def _best(self, readings: Array, words: Array, likes: Array) -> tuple[Array, Array, Array]:
        """Return each reading's words once, with the best likeness, sorted by reading and word."""
        codes = readings * len(self.weights) + words
        # The best likeness of a word comes first: both are sorted as one number.
        order = np.argsort(codes * 256 - (likes * 255).astype(np.int64))
        codes, likes = codes[order], likes[order]
        first = np.diff(codes, prepend=-1) != 0
        readings, words = np.divmod(codes[first], len(self.weights))
        return readings, words, likes[first]

    def _split(
        self,
        met: Met,
        asked: Asked,
        core: Array,
        weights: Array,
        totals: Array,
        score_min: float,
    ) -> Array:
        """Pairs of a reading with a listed name of which it has one word as several."""
        readings = asked.readings[core]
        words = asked.forms.runs.at(asked.words[core])
        own = weights[asked.words[core]]
        result = []
        run, joined = words, own
        for gap in (1, 2):
            count = max(len(core) - gap, 0)
            run = run.at(slice(count)).then(words.at(slice(gap, None)))
            joined = joined[:count] + own[gap:]
            rows = np.flatnonzero(readings[:count] == readings[gap:])
            found, listed = self.words.find_joined(run.hashes[rows])
            places, owners = expand(self._posting_starts[listed], self._posting_counts[listed])
            some, names = readings[rows[found]][owners], self._postings[places]
            others = totals[some] - joined[rows[found]][owners]
            kept = self._may_score(
                met, asked, some, names, self.weights[listed][owners], others, score_min
            )
            result.append(some[kept] * len(self) + names[kept])
        return np.concatenate(result)

    def _glued(
        self,
        met: Met,
        asked: Asked,
        core: Array,
        weights: Array,
        totals: Array,
        score_min: float,
    ) -> Array:
        """Pairs of a reading with a listed name of which it has several words as one."""
        words = asked.words[core]
        long = asked.forms.lengths[words] >= 5
        found, rows = self._joined.find(asked.forms.hashes[words[long]])
        readings, names = asked.readings[core][long][found], self._joined_names[rows]
        others = totals[readings] - weights[words[long]][found]
        kept = self._may_score(
            met, asked, readings, names, self._joined_weights[rows], others, score_min
        )
        return np.asarray(readings[kept] * len(self) + names[kept])

    def _may_score(
        self,
        met: Met,
        asked: Asked,
        readings: Array,
        names: Array,
        joined: Array,
        others: Array,
        score_min: float,
    ) -> Array:
        """Say which pairs may score enough by words written as one, and by what else is met.

        ``joined`` is what those words weigh in the listed name, ``others`` what the reading's
        other words do.
        """
        others = np.maximum(others, 0)
        rest = np.maximum(self.totals[names] - joined, 0)
        alike = met.likes_of(readings, self._heavy[names])
        also = (alike * self._heavy_weights[names]).sum(axis=1) + self._over[names]
        matched = joined + np.minimum(np.minimum(also, others), rest)
        covers, subject = matched / (joined + rest), matched / (joined + others)
        subject[asked.text[readings]] = 1.0
        score = bound(covers, subject, np.full(len(names), BITS_ENOUGH))
        return np.asarray(score >= score_min - _MARGIN)

    def _sharing_anchors(self, met: Met, asked: Asked, score_min: float) -> Array:
        """Return codes (reading, group), sorted, of which enough words are met.

        A group that cannot score enough by its heaviest word alone must have two. That is seen, a
        few false ones included, from one bit of each word, which is quicker than any search.
        """
        places, owners = expand(self._group_starts[met.words], self._group_counts[met.words])
        groups = self._group_postings[places]
        readings = met.readings[owners]
        # A subject of several words has others besides the one met, unless it is a text.
        several = ((asked.counts > 1) & ~asked.text).astype(np.int8)[met.readings][owners]
        needs_two = self._alone < score_min - _MARGIN
        enough = ~needs_two[several, groups]
        if asked.initials[met.readings].any():
            letters = self._letters[self._heads[groups]]
            enough |= (asked.initials[readings] & letters) != 0
        rows = np.flatnonzero(~enough)
        left = groups[rows]
        count = met.count(readings[rows], self._signs[left])
        enough[rows[count >= 2]] = True
        pairs = np.sort(readings[enough] * len(self._heads) + groups[enough])
        return np.asarray(pairs[np.diff(pairs, prepend=-1) != 0])

    def _promising(
        self, met: Met, pairs: Array, grouped: bool, totals: Array, asked: Asked, score_min: float
    ) -> Array:
        """Return those codes that may score enough by the words that are alike.

        They are (reading, group) if ``grouped``, else (reading, name).
        """
        readings, names = np.divmod(pairs, max(len(self._heads) if grouped else len(self), 1))
        heavy = self._group_heavy[names] if grouped else self._heavy[names]
        if grouped:
            names = self._heads[names]
        weights = self._heavy_weights[names]
        alike = met.likes_of(readings, heavy)
        bits = np.maximum(self._padded_bits[heavy] - BITS_LOST * (1 - alike), 0)
        matched = (alike * weights).sum(axis=1) + self._over[names]
        rows = np.flatnonzero(asked.initials[readings] & self._letters[names])
        begun = self._first_letter[heavy[rows]] & asked.initials[readings[rows], None]
        initials = (weights[rows] * ((begun != 0) & (alike[rows] == 0))).sum(axis=1)
        matched[rows] += INITIAL_ALIKE * initials
        # Each word or initial of a name matches one word at most, and none weighs more than 1.
        most = asked.counts + np.bitwise_count(asked.initials)
        most = np.where(asked.text, np.inf, most)
        matched = np.minimum(matched, most[readings])
        covers = np.minimum(matched / np.maximum(self._core_totals[names], 1e-9), 1.0)
        others = np.minimum(matched / np.maximum(totals[readings], 1e-9), 1.0)
        others[asked.text[readings]] = 1.0
        score = bound(covers, others, (bits * (alike > 0)).sum(axis=1))
        twice = ((alike > 0) & (alike < WELL_ALIKE)).sum(axis=1) > 1
        score = np.where(twice, score * ALIKE_TWICE, score)
        several = (asked.counts[readings] > 1) & ~asked.text[readings]
        one = (self._core_counts[names] == 1) & several
        score = np.where(one, score * ONE_OF_SEVERAL, score)
        return np.asarray(pairs[score >= score_min - _MARGIN])


class Usual:
    """What each asked word is alike to, each listed word in its usual spelling, the most alike first."""

    def __init__(self, rows: Array, words: Array, likes: Array, asked: int) -> None:
        """The arrays are parallel: asked word, listed word, likeness; ``asked`` counts the former."""
        order = np.lexsort((-likes, words, rows))
        rows, words, likes = rows[order], words[order], likes[order]
        first = (np.diff(rows, prepend=-1) != 0) | (np.diff(words, prepend=-1) != 0)
        rows, words, likes = rows[first], words[first], likes[first]
        order = np.lexsort((-likes, rows))
        self.words = words[order]
        self.counts = np.bincount(rows, minlength=asked)
        self.starts = np.cumsum(self.counts) - self.counts
        self._strong = np.bincount(rows[likes >= _STRONG], minlength=asked)

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
            cuts = np.searchsorted(done, np.arange(_PIECE, total + _PIECE, _PIECE))
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

    def of(self, readings: Array) -> Met:
        """Return those of a range of readings, given in order."""
        if not len(readings):
            return self.at(slice(0))
        start, end = np.searchsorted(self.readings, (readings[0], readings[-1] + 1)).tolist()
        return self.at(slice(start, end))

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
        marks[(self.readings - first) * _SIGNS + self.words % _NO_SIGN] = True
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
        rows, columns = np.nonzero(self._marks[self._bases(readings)[:, None] + words % _NO_SIGN])
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
