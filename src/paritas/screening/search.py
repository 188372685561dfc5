"""Which listed names may be alike to the names of a batch: all at once, in numpy.

Groups of listed names are looked for by two words of a reading at once, or by one where one can be
enough; readings that are texts or have initials, by one word and a count of the others. What is
found is sifted by what it could score at most, first group by group, then name by name. What is
left goes on to be compared exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paritas.screening.index import CORE_SHARE, NameIndex
from paritas.screening.matching import (
    ALIKE_TWICE,
    BITS_ENOUGH,
    BITS_LOST,
    INITIAL_ALIKE,
    ONE_OF_SEVERAL,
    WELL_ALIKE,
)
from paritas.screening.met import PIECE, Met, Usual, best, bound
from paritas.screening.words import Array, WordForms, expand

#: What the exact comparison may add to the score seen here, by pairing words otherwise.
_MARGIN = 0.03


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


class Joined(NamedTuple):
    """Pairs of a reading and a listed name that have words written as one, or as several.

    ``weights`` is what those words weigh in the listed name, ``others`` what the reading's other
    words do.
    """

    readings: Array
    names: Array
    weights: Array
    others: Array


class Search:
    """One batch against an index: ``candidates`` is the answer."""

    def __init__(self, index: NameIndex, asked: Asked, score: float) -> None:
        """``score`` is the least, 0 to 1, that a candidate may reach."""
        self.index, self.asked = index, asked
        self.score_min = score - _MARGIN
        self.found = index.words.find(asked.forms)
        rows, listed, alike = self.found
        #: Of each asked word: that of the listed word most like it, or 1.
        self.weights = np.ones(len(asked.forms))
        order = np.argsort(alike, kind="stable")
        self.weights[rows[order]] = index.weights[listed[order]]
        self.core = np.flatnonzero(asked.shares >= CORE_SHARE)
        self.totals = self._totals()

    def _totals(self) -> Array:
        """What each reading weighs: a word said twice is no other word, an initial stands for one."""
        asked, core = self.asked, self.core
        said = core[~asked.forms.initials[asked.words[core]]]
        said = np.unique(asked.readings[said] * len(self.weights) + asked.words[said])
        readings, words = np.divmod(said, max(len(self.weights), 1))
        return np.bincount(readings, self.weights[words], minlength=len(asked.text))

    def candidates(self) -> tuple[Array, Array]:
        """Return pairs (reading, listed name) that may score enough, sorted."""
        index = self.index
        readings, groups = np.divmod(self._groups(), max(len(index.heads), 1))
        places, owners = expand(index.member_starts[groups], index.member_counts[groups])
        pairs = np.sort(readings[owners] * len(index) + index.members[places])
        joined = (*self._split(), self._glued())
        wanted = [pairs // max(len(index), 1), *(each.readings for each in joined)]
        met = self._met(np.unique(np.concatenate(wanted)))
        kept = [self._promising(met, pairs, False), *(self._may_score(met, j) for j in joined)]
        readings, names = np.divmod(np.unique(np.concatenate(kept)), max(len(index), 1))
        return readings, names

    def _met(self, readings: Array) -> Met:
        """Return the listed words that some readings, sorted, meet."""
        rows, listed, alike = self.found
        counts = np.bincount(rows, minlength=len(self.asked.forms))
        starts = np.cumsum(counts) - counts
        core = self._of(readings)
        words = self.asked.words[core]
        places, owners = expand(starts[words], counts[words])
        vocabulary = len(self.index.weights)
        some = self.asked.readings[core][owners]
        return Met(*best(some, listed[places], alike[places], vocabulary), vocabulary)

    def _of(self, readings: Array) -> Array:
        """Return where the core words of some readings stand."""
        wanted = np.zeros(len(self.asked.text), dtype=np.bool_)
        wanted[readings] = True
        return self.core[wanted[self.asked.readings[self.core]]]

    # --- groups

    def _groups(self) -> Array:
        """Return codes (reading, group) of groups that may score enough."""
        asked, index = self.asked, self.index
        rows, listed, alike = self.found
        usual = Usual(rows, index.usual[listed], alike, len(asked.forms))
        # What stands between words of a text, or is an initial, is looked for more widely.
        widely = asked.text | (asked.initials != 0)
        plain = self.core[~widely[asked.readings[self.core]]]
        codes = np.concatenate((self._by_two(plain, usual), self._by_one(plain, usual)))
        codes.sort()
        codes = codes[np.diff(codes, prepend=-1) != 0]
        result = [np.zeros(0, dtype=np.int64)]
        for piece in np.array_split(codes, len(codes) // PIECE + 1):
            met = self._met_usually(np.unique(piece // max(len(index.heads), 1)), usual)
            result.append(self._promising(met, piece, True))
        met = self._met_usually(np.flatnonzero(widely), usual)
        for some in met.pieces(index.group_counts, PIECE):
            result.append(self._promising(some, self._by_any(some), True))
        return np.concatenate(result)

    def _met_usually(self, readings: Array, usual: Usual) -> Met:
        """The same as ``_met``, with each listed word in its usual spelling."""
        core = self._of(readings)
        words = self.asked.words[core]
        places, owners = expand(usual.starts[words], usual.counts[words])
        vocabulary = len(self.index.weights)
        some = self.asked.readings[core][owners]
        return Met(*best(some, usual.words[places], usual.likes[places], vocabulary), vocabulary)

    def _by_two(self, core: Array, usual: Usual) -> Array:
        """Codes (reading, group) of groups that have a word of each of two of a reading's."""
        index = self.index
        result = [np.zeros(0, dtype=np.int64)]
        readings, words = self.asked.readings[core], self.asked.words[core]
        for gap in range(1, len(core)):
            places = np.flatnonzero(readings[:-gap] == readings[gap:])
            if not len(places):
                break
            for rows, one, other in usual.crossed(words[places], words[places + gap]):
                found, groups = index.pairs.find(index.pair_keys(one, other))
                result.append(readings[places[rows[found]]] * len(index.heads) + groups)
        return np.concatenate(result)

    def _by_one(self, core: Array, usual: Usual) -> Array:
        """Codes (reading, group) of groups that score enough by one word, taken as the heaviest."""
        asked, index = self.asked, self.index
        result = []
        for several in (0, 1):
            some = core[(asked.counts[asked.readings[core]] > 1) == several]
            starts, counts, postings = index.postings_alone(several, self.score_min)
            words = asked.words[some]
            places, owners = expand(usual.starts[words], usual.counts[words])
            likes, readings = usual.likes[places], asked.readings[some][owners]
            met = usual.words[places]
            places, owners = expand(starts[met], counts[met])
            groups, likes, readings = postings[places], likes[owners], readings[owners]
            heads = index.heads[groups]
            matched = likes * index.heavy_weights[heads, 0] + index.over[heads]
            covers = np.minimum(matched / np.maximum(index.core_totals[heads], 1e-9), 1.0)
            others = np.minimum(matched / np.maximum(self.totals[readings], 1e-9), 1.0)
            bits = np.maximum(index.most_bits[groups] - BITS_LOST * (1 - likes), 0)
            score = bound(covers, others, bits)
            if several:
                score = np.where(index.core_counts[heads] == 1, score * ONE_OF_SEVERAL, score)
            kept = score >= self.score_min
            result.append(readings[kept] * len(index.heads) + groups[kept])
        return np.concatenate(result)

    def _by_any(self, met: Met) -> Array:
        """Codes (reading, group), sorted, of which enough words are met.

        A group that cannot score enough by its heaviest word alone must have two. That is seen, a
        few false ones included, from one bit of each word, which is quicker than any search.
        """
        asked, index = self.asked, self.index
        places, owners = expand(index.group_starts[met.words], index.group_counts[met.words])
        groups = index.group_postings[places]
        readings = met.readings[owners]
        # A subject of several words has others besides the one met, unless it is a text.
        several = ((asked.counts > 1) & ~asked.text).astype(np.int8)[readings]
        enough = index.alone[several, groups] >= self.score_min
        letters = index.letters[index.heads[groups]]
        enough |= (asked.initials[readings] & letters) != 0
        rows = np.flatnonzero(~enough)
        count = met.count(readings[rows], index.signs[groups[rows]])
        enough[rows[count >= 2]] = True
        pairs = np.sort(readings[enough] * len(index.heads) + groups[enough])
        return np.asarray(pairs[np.diff(pairs, prepend=-1) != 0])

    def _promising(self, met: Met, pairs: Array, grouped: bool) -> Array:
        """Return those codes that may score enough by the words that are alike.

        They are (reading, group) if ``grouped``, else (reading, name).
        """
        asked, index = self.asked, self.index
        count = len(index.heads) if grouped else len(index)
        readings, names = np.divmod(pairs, max(count, 1))
        heavy = index.group_heavy[names] if grouped else index.heavy[names]
        if grouped:
            names = index.heads[names]
        weights = index.heavy_weights[names]
        alike = met.likes_of(readings, heavy)
        bits = np.maximum(index.padded_bits[heavy] - BITS_LOST * (1 - alike), 0)
        matched = (alike * weights).sum(axis=1) + index.over[names]
        rows = np.flatnonzero(asked.initials[readings] & index.letters[names])
        begun = index.first_letter[heavy[rows]] & asked.initials[readings[rows], None]
        initials = (weights[rows] * ((begun != 0) & (alike[rows] == 0))).sum(axis=1)
        matched[rows] += INITIAL_ALIKE * initials
        # Each word or initial of a name matches one word at most, and none weighs more than 1.
        most = np.where(asked.text, np.inf, asked.counts + np.bitwise_count(asked.initials))
        matched = np.minimum(matched, most[readings])
        covers = np.minimum(matched / np.maximum(index.core_totals[names], 1e-9), 1.0)
        others = np.minimum(matched / np.maximum(self.totals[readings], 1e-9), 1.0)
        others[asked.text[readings]] = 1.0
        score = bound(covers, others, (bits * (alike > 0)).sum(axis=1))
        twice = ((alike > 0) & (alike < WELL_ALIKE)).sum(axis=1) > 1
        score = np.where(twice, score * ALIKE_TWICE, score)
        several = (asked.counts[readings] > 1) & ~asked.text[readings]
        one = (index.core_counts[names] == 1) & several
        score = np.where(one, score * ONE_OF_SEVERAL, score)
        return np.asarray(pairs[score >= self.score_min])

    # --- words written as one, or as several

    def _split(self) -> tuple[Joined, ...]:
        """Pairs of a reading with a listed name of which it has one word as several."""
        asked, index, core = self.asked, self.index, self.core
        readings = asked.readings[core]
        words = asked.forms.runs.at(asked.words[core])
        own = self.weights[asked.words[core]]
        result = []
        run, joined = words, own
        for gap in (1, 2):
            count = max(len(core) - gap, 0)
            run = run.at(slice(count)).then(words.at(slice(gap, None)))
            joined = joined[:count] + own[gap:]
            rows = np.flatnonzero(readings[:count] == readings[gap:])
            found, listed = index.words.find_joined(run.hashes[rows])
            places, owners = expand(index.posting_starts[listed], index.posting_counts[listed])
            rows = rows[found][owners]
            some = readings[rows]
            others = self.totals[some] - joined[rows]
            weights = index.weights[listed][owners]
            result.append(Joined(some, index.postings[places], weights, others))
        return tuple(result)

    def _glued(self) -> Joined:
        """Pairs of a reading with a listed name of which it has several words as one."""
        asked, index = self.asked, self.index
        long = self.core[asked.forms.lengths[asked.words[self.core]] >= 5]
        words = asked.words[long]
        found, rows = index.joined.find(asked.forms.hashes[words])
        readings = asked.readings[long][found]
        others = self.totals[readings] - self.weights[words[found]]
        return Joined(readings, index.joined_names[rows], index.joined_weights[rows], others)

    def _may_score(self, met: Met, pairs: Joined) -> Array:
        """Return codes (reading, name) of pairs that may score enough by those words and others."""
        index = self.index
        readings, names, joined, others = pairs
        others = np.maximum(others, 0)
        rest = np.maximum(index.totals[names] - joined, 0)
        alike = met.likes_of(readings, index.heavy[names])
        also = (alike * index.heavy_weights[names]).sum(axis=1) + index.over[names]
        matched = joined + np.minimum(np.minimum(also, others), rest)
        covers, subject = matched / (joined + rest), matched / (joined + others)
        subject[self.asked.text[readings]] = 1.0
        score = bound(covers, subject, np.full(len(names), BITS_ENOUGH))
        kept = score >= self.score_min
        return np.asarray(readings[kept] * len(index) + names[kept])
