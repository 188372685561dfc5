"""How alike two names are, and why: the words are paired, then what is left over is weighed.

The score of a pair of names comes from three things. Each word weighs by how rare it is among the
listed names, so that MOHAMMAD says little and ROTENBERG much. A name is covered as far as its words
are matched in the other; the score is between the larger and the smaller of the two covers, so that
words left over on one side cost little and words left over on both sides cost much. And a match
that stands on common words only is worth less, unless the names are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import NamedTuple

from paritas.screening.words import ALIKE_MIN, Token, known_likeness, likeness

#: The share of the better covered side in the score.
BETTER_SHARE = 0.55
#: Evidence, in bits, from which a match is worth its whole score.
BITS_ENOUGH = 18.0
#: Evidence that a word loses if it is not alike at all; in between it loses its share.
BITS_LOST = 24.0
#: What is left of the score of a match without any evidence.
FLOOR_WITHOUT_BITS = 0.7
#: What is left of the score when two words or more are only alike, when a short word is, and when
#: the whole listed name is one word of several.
ALIKE_TWICE, ALIKE_SHORT, ONE_OF_SEVERAL = 0.85, 0.9, 0.85
#: What a listed name found in a text must have: its evidence, and, if it is one word, its letters.
#: A ship's name is also found after a word that says a ship follows.
TEXT_BITS_MIN, TEXT_LETTERS_MIN = 10.5, 6
VESSEL_WORDS = frozenset(
    [
        "mv",
        "mt",
        "ms",
        "ss",
        "vessel",
        "ship",
        "tanker",
        "mtanker",
        "motorvessel",
        "steamer",
        "yacht",
    ]
)
NEARLY_SAME, WELL_ALIKE = 0.95, 0.88
_SHORT = 4
_JOINED_MIN = 0.85
_JOINED_LETTERS_MIN = 4
INITIAL_ALIKE = 0.7
_INITIALS_MAX = 3


class Pair(NamedTuple):
    """Words of the subject that match words of the listed name; several were written as one."""

    subject: tuple[int, ...]
    listed: tuple[int, ...]
    alike: float
    how: str


class Match(NamedTuple):
    """How alike two names are: score 0 to 1, the pairs, and the evidence in bits."""

    score: float
    pairs: tuple[Pair, ...]
    bits: float


def compare(
    subject: Sequence[Token],
    listed: Sequence[Token],
    *,
    text: bool = False,
    vessel: bool = False,
) -> Match:
    """Compare a name with a listed name; with ``text``, look for the listed name in a text.

    In a text the words around the listed name cost nothing, but two of its words have to be there,
    or its only one; of a ``vessel`` the text has to say so.
    """
    pairs = _paired(subject, listed)
    matched = rest_listed = rest_subject = bits = 0.0
    used_subject: set[int] = set()
    used_listed: set[int] = set()
    for pair in pairs:
        used_subject.update(pair.subject)
        used_listed.update(pair.listed)
        weight = worth = 0.0
        for place in pair.listed:
            weight += listed[place].weight
            worth += listed[place].bits
        matched += weight * pair.alike
        rest_listed += weight * (1 - pair.alike)
        rest_subject += weight * (1 - pair.alike)
        bits += evidence(worth, pair.alike)
    if not matched:
        return Match(0.0, (), 0.0)
    rest_listed += sum([t.weight for place, t in enumerate(listed) if place not in used_listed])
    span = range(len(subject))
    if text:
        span = _span(subject, listed, pairs, bits, vessel)
        if not span:
            return Match(0.0, (), 0.0)
    rest_subject += sum([subject[p].weight for p in span if p not in used_subject])
    score = scored(matched, rest_subject, rest_listed, bits)
    score *= _caution(subject, listed, pairs, text)
    return Match(score, tuple(pairs), bits)


def _caution(
    subject: Sequence[Token], listed: Sequence[Token], pairs: list[Pair], text: bool
) -> float:
    """Return the share of the score that is left for matches of kinds that chance often makes."""
    factor = 1.0
    only_alike = [
        pair
        for pair in pairs
        if pair.alike < WELL_ALIKE
        and pair.how != "initials"
        and any(listed[place].share == 1 for place in pair.listed)
    ]
    if len(only_alike) > 1:
        factor *= ALIKE_TWICE
    if any(
        max(len(listed[p.listed[0]].spelling), len(subject[p.subject[0]].spelling)) <= _SHORT
        for p in only_alike
    ):
        factor *= ALIKE_SHORT
    core = sum(token.share == 1 for token in listed)
    if not text and core == 1 and sum(token.share == 1 for token in subject) > 1:
        factor *= ONE_OF_SEVERAL
    return factor


def evidence(bits: float, alike: float) -> float:
    """Return the evidence of a word that is alike: there are many words that are alike to one."""
    return max(bits - BITS_LOST * (1 - alike), 0.0)


def scored(matched: float, rest_subject: float, rest_listed: float, bits: float) -> float:
    """Return the score from the weights matched and left over, and the evidence."""
    covers = (matched / (matched + rest_subject), matched / (matched + rest_listed))
    score = BETTER_SHARE * max(covers) + (1 - BETTER_SHARE) * min(covers)
    if bits < BITS_ENOUGH and min(covers) < 0.95:
        score *= FLOOR_WITHOUT_BITS + (1 - FLOOR_WITHOUT_BITS) * bits / BITS_ENOUGH
    return score


def _span(
    subject: Sequence[Token],
    listed: Sequence[Token],
    pairs: list[Pair],
    bits: float,
    vessel: bool,
) -> range:
    """Return where in a text the listed name stands, as if that were the name; empty if nowhere."""
    matched = [pair for pair in pairs if any(listed[p].share == 1 for p in pair.listed)]
    places = [place for pair in matched for place in pair.subject]
    core = sum(token.share == 1 for token in listed)
    words = sum(len(pair.listed) for pair in matched)
    nowhere = range(0)
    if not places or max(places) - min(places) > 2 * core or words < min(core, 2):
        return nowhere
    span = range(min(places), max(places) + 1)
    said = bool(span.start) and subject[span.start - 1].text in VESSEL_WORDS
    if vessel and said:
        return span
    letters = sum(len(token.text) for token in listed if token.share == 1)
    in_pieces = any(len(pair.subject) > 1 for pair in matched)
    unsure = vessel or in_pieces or matched[0].alike < NEARLY_SAME or letters < TEXT_LETTERS_MIN
    if core == 1 and unsure:
        return nowhere
    return span if bits >= TEXT_BITS_MIN else nowhere


def _paired(subject: Sequence[Token], listed: Sequence[Token]) -> list[Pair]:
    """Pair words, the best first; then words written as one; then initials."""
    pairs: list[Pair] = []
    free_subject, free_listed = set(range(len(subject))), set(range(len(listed)))
    if len(subject) != len(listed):
        _pair_joined(subject, listed, free_subject, free_listed, pairs, NEARLY_SAME)
    found = []
    for i, left in enumerate(subject):
        for j, right in enumerate(listed):
            alike, how = known_likeness(left, right)
            if alike:
                found.append((alike * (0.1 + right.weight), -abs(i - j), i, j, alike, how))
    found.sort(reverse=True)
    for _, _, i, j, alike, how in found:
        if i in free_subject and j in free_listed:
            free_subject.remove(i)
            free_listed.remove(j)
            pairs.append(Pair((i,), (j,), alike, how))
    if free_subject or free_listed:
        _pair_joined(subject, listed, free_subject, free_listed, pairs, _JOINED_MIN)
    if free_subject and free_listed:
        _pair_initials(subject, listed, free_subject, free_listed, pairs)
    _repeated(subject, listed, free_subject, pairs)
    return pairs


def _repeated(
    subject: Sequence[Token], listed: Sequence[Token], free: set[int], pairs: list[Pair]
) -> None:
    """A word said twice ("Sergey Sergey Shoigu") is no other word."""
    said = {subject[place].spelling for pair in pairs for place in pair.subject}
    for place in list(free):
        if subject[place].spelling in said:
            free.remove(place)
            pairs.append(Pair((place,), (), 1.0, "said again"))


def _pair_joined(
    subject: Sequence[Token],
    listed: Sequence[Token],
    free_subject: set[int],
    free_listed: set[int],
    pairs: list[Pair],
    alike_min: float,
) -> None:
    for run, one, joined_listed in _runs(subject, listed, free_subject, free_listed):
        many, single = (listed, subject) if joined_listed else (subject, listed)
        free_many, free_one = (
            (free_listed, free_subject) if joined_listed else (free_subject, free_listed)
        )
        if one not in free_one or not free_many.issuperset(run):
            continue
        alike = likeness(_run_token(many, run), single[one])[0]
        if alike < alike_min:
            continue
        free_one.remove(one)
        free_many.difference_update(run)
        places = ((one,), run) if joined_listed else (run, (one,))
        how = "written as one word" if joined_listed else "written as several words"
        pairs.append(Pair(places[0], places[1], min(alike, 0.97), how))


def _run_token(tokens: Sequence[Token], run: tuple[int, ...]) -> Token:
    return Token(
        "".join(tokens[place].text for place in run),
        "".join(tokens[place].spelling for place in run),
        "".join(tokens[place].sound for place in run),
    )


def _runs(
    subject: Sequence[Token],
    listed: Sequence[Token],
    free_subject: set[int],
    free_listed: set[int],
) -> list[tuple[tuple[int, ...], int, bool]]:
    """Words side by side, and the single word of the other name that they may be, longest first."""
    found: list[tuple[tuple[int, ...], int, bool]] = []
    for many, free_many, single, free_one, joined_listed in (
        (listed, free_listed, subject, free_subject, True),
        (subject, free_subject, listed, free_listed, False),
    ):
        if len(free_many) < 2 or not free_one:
            continue
        letters = [len(token.text) for token in many]
        shortest = min(map(add, letters, letters[1:]))
        longest = max([len(single[one].text) for one in free_one])
        if longest + 2 < shortest:
            continue
        singles = [one for one in free_one if len(single[one].text) >= _JOINED_LETTERS_MIN]
        initials = {single[one].text[0] for one in singles}
        places: list[tuple[int, int, int, tuple[int, ...]]] = []
        for length in (3, 2):
            for start in range(len(many) - length + 1):
                run = tuple(range(start, start + length))
                for order in (run, run[::-1]) if length == 2 else (run,):
                    initial = many[order[0]].text[0]
                    if initial not in initials or not free_many.issuperset(run):
                        continue
                    together = sum(letters[start : start + length])
                    places += [
                        (one, -length, start, order)
                        for one in singles
                        if single[one].text[0] == initial
                        and abs(together - len(single[one].text)) <= 2
                    ]
        # Stable, so that words in their order come before the same words turned round.
        places.sort(key=lambda place: place[:3])
        found += [(order, one, joined_listed) for one, _, _, order in places]
    return found


def _pair_initials(
    subject: Sequence[Token],
    listed: Sequence[Token],
    free_subject: set[int],
    free_listed: set[int],
    pairs: list[Pair],
) -> None:
    for short, long, free_short, free_long, listed_is_long in (
        (subject, listed, free_subject, free_listed, True),
        (listed, subject, free_listed, free_subject, False),
    ):
        for place in sorted(free_short):
            letters = short[place].text
            if len(letters) > _INITIALS_MAX or not letters.isalpha():
                continue
            whole = [p for p in sorted(free_long) if long[p].share == 1]
            starts = _starts(letters, [long[p].text for p in whole])
            if not starts:
                continue
            run = tuple(whole[index] for index in starts)
            free_short.remove(place)
            free_long.difference_update(run)
            places = ((place,), run) if listed_is_long else (run, (place,))
            pairs.append(Pair(places[0], places[1], INITIAL_ALIKE, "initials"))


def _starts(letters: str, words: list[str]) -> tuple[int, ...]:
    """Where the words begin with the letters, one each: a single letter, or all in order."""
    if len(letters) == 1:
        return next(((i,) for i, word in enumerate(words) if word[0] == letters), ())
    for start in range(len(words) - len(letters) + 1):
        if all(words[start + i][0] == letter for i, letter in enumerate(letters)):
            return tuple(range(start, start + len(letters)))
    return ()


__all__ = ["ALIKE_MIN", "Match", "Pair", "compare", "scored"]
