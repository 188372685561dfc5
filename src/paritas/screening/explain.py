"""Why a hit is a hit, for the person who decides."""

from __future__ import annotations

from collections.abc import Sequence

from paritas.screening.entities import (
    Entry,
    Hit,
    Identifier,
    Kind,
    Link,
    ListedName,
    ListVersion,
    Quality,
    Subject,
)
from paritas.screening.matching import Match
from paritas.screening.words import Token

#: Points that a date of birth or a country adds to or takes from the score, of 100.
BIRTH_AGREES, BIRTH_DIFFERS, COUNTRY_AGREES, COUNTRY_DIFFERS = 3, -15, 2, -3
#: Points that a weak alias takes.
WEAK = -4
_YEARS_APART = 2
_SCORE_OF_NUMBER = 100


def circumstances(subject: Subject, entry: Entry, quality: Quality) -> tuple[int, list[str]]:
    """Return the points that all but the name adds or takes, and a clause for each."""
    points, clauses = 0, []
    if quality is Quality.WEAK:
        points += WEAK
        clauses.append("the publisher calls this alias weak")
    if subject.birth and entry.births and entry.kind in (Kind.PERSON, Kind.UNKNOWN):
        said = " or ".join(entry.births)
        if any(_born_together(subject.birth, birth) for birth in entry.births):
            points += BIRTH_AGREES
            clauses.append(f"the date of birth {subject.birth} agrees with {said}")
        else:
            points += BIRTH_DIFFERS
            clauses.append(f"the date of birth {subject.birth} differs from {said}")
    if subject.country and entry.countries:
        said = ", ".join(entry.countries)
        if subject.country in entry.countries:
            points += COUNTRY_AGREES
            clauses.append(f"the country {subject.country} agrees")
        else:
            points += COUNTRY_DIFFERS
            clauses.append(f"the country {subject.country} is not among {said}")
    return points, clauses


def _born_together(one: str, other: str) -> bool:
    """Tell whether two dates, each as exact as it is known, may be the same birth."""
    exact = len(one) == len(other) == 10
    if exact and one == other:
        return True
    first, last = _years(other)
    start, end = _years(one)
    return start - _YEARS_APART <= last and first <= end + _YEARS_APART


def _years(date: str) -> tuple[int, int]:
    years = [int(part[:4]) for part in date.split("/") if part[:4].isdigit()]
    return (min(years), max(years)) if years else (0, 9999)


def name_hit(
    version: ListVersion,
    entry: Entry,
    name: ListedName,
    score: int,
    match: Match,
    tokens: tuple[Sequence[Token], Sequence[Token]],
    clauses: list[str],
) -> Hit:
    """Return the hit of a name; ``tokens`` are the subject's and the listed name's."""
    subject, listed = tokens
    links = tuple(
        Link(
            " ".join(subject[place].text for place in pair.subject),
            " ".join(listed[place].text for place in pair.listed),
            round(pair.alike * 100),
            pair.how,
        )
        for pair in match.pairs
    )
    sentences = [f'{score}% like "{name.text}"']
    same = [link.listed for link in links if link.alike == 100 and link.listed]
    if same:
        sentences.append(f"the same: {', '.join(same)}")
    sentences.extend(
        f"{link.subject} is {link.alike}% like {link.listed} ({link.how})"
        for link in links
        if link.alike < 100
    )
    for whose, side in (("listed", listed), ("subject", subject)):
        used = {
            p for pair in match.pairs for p in (pair.listed if side is listed else pair.subject)
        }
        left = [token.text for place, token in enumerate(side) if place not in used]
        if left and not (whose == "subject" and len(left) > 12):
            where = "only in the listed name" if whose == "listed" else "only in the payment"
            sentences.append(f"{where}: {', '.join(left)}")
    sentences.extend(clauses)
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
        explanation="; ".join(sentences) + ".",
    )


def number_hit(version: ListVersion, entry: Entry, identifier: Identifier, value: str) -> Hit:
    """Return the hit of a number that names the entry by itself."""
    return Hit(
        list_id=version.list_id,
        version=version.id,
        entry_id=entry.id,
        entry_name=entry.primary_name,
        kind=entry.kind,
        listed_name=identifier.value,
        quality=Quality.STRONG,
        score=_SCORE_OF_NUMBER,
        links=(Link(value, identifier.value, 100, "the same number"),),
        explanation=(
            f"{value} is the {identifier.type.value} {identifier.value} listed for "
            f'"{entry.primary_name}".'
        ),
    )
