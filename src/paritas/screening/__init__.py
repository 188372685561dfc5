"""Screening: publishers' lists, matching names against them, and verdicts.

``lists.read_list`` makes a ``ListVersion`` of a publisher's files, ``lists.accept`` guards against
bad ones, and a ``Screener`` of the versions in force answers ``Subject`` with ``Verdict``.
"""

from paritas.screening.entities import (
    Entry,
    Form,
    Hit,
    Identifier,
    IdentifierType,
    Kind,
    Link,
    ListedName,
    ListVersion,
    Quality,
    Subject,
    Verdict,
)
from paritas.screening.screen import THRESHOLD, Screener

__all__ = [
    "THRESHOLD",
    "Entry",
    "Form",
    "Hit",
    "Identifier",
    "IdentifierType",
    "Kind",
    "Link",
    "ListVersion",
    "ListedName",
    "Quality",
    "Screener",
    "Subject",
    "Verdict",
]
