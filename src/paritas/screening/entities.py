"""The nouns of screening: list versions and their entries, subjects, hits and verdicts.

A list is never changed: each publication becomes a new ``ListVersion``, and every verdict names
the versions it was made on, so that years later one can say why a payment was let through.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a listed entry is; ``UNKNOWN`` where the publisher does not say."""

    PERSON = "person"
    ORGANISATION = "organisation"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    UNKNOWN = "unknown"


class Quality(StrEnum):
    """How far an alias identifies: publishers warn that weak ones are shared by many."""

    STRONG = "strong"
    WEAK = "weak"


class IdentifierType(StrEnum):
    """What an identifier is. ``OTHER`` takes tax, registration and card numbers of any register."""

    BIC = "bic"
    LEI = "lei"
    IMO = "imo"
    WALLET = "wallet"
    PASSPORT = "passport"
    IDENTITY = "identity"
    OTHER = "other"


class ListedName(msgspec.Struct, frozen=True, gc=False):
    """A name as published; ``script`` is the ISO 15924 code of the script it is written in."""

    text: str
    quality: Quality = Quality.STRONG
    primary: bool = False
    script: str = "Latn"


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """A number that identifies, as published, with the country that gave it where known."""

    type: IdentifierType
    value: str
    country: str = ""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One listed person, organisation, vessel or aircraft.

    ``births`` are ISO dates as exact as published (``1961``, ``1961-03``, ``1961-03-04``) or
    ranges of years (``1955/1958``). ``countries`` are ISO 3166-1 alpha-2 codes: nationality,
    address, flag. ``programmes`` are the publisher's words for why it is listed.
    """

    id: str
    kind: Kind
    names: tuple[ListedName, ...]
    births: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    programmes: tuple[str, ...] = ()

    @property
    def primary_name(self) -> str:
        """The name under which the publisher lists the entry."""
        for name in self.names:
            if name.primary:
                return name.text
        return self.names[0].text if self.names else self.id


class ListVersion(msgspec.Struct, frozen=True):
    """One publication of one list, complete; ``published`` is an ISO date."""

    authority: str
    name: str
    published: str
    sha256: str
    entries: tuple[Entry, ...]

    @property
    def list_id(self) -> str:
        """The list, whatever its version: authority and name."""
        return f"{self.authority}/{self.name}"

    @property
    def id(self) -> str:
        """The version: the list, its date and the start of its content's hash."""
        return f"{self.list_id}@{self.published}#{self.sha256[:12]}"


class Form(StrEnum):
    """How a text is read: a whole name, or words among which a listed name may stand."""

    NAME = "name"
    TEXT = "text"


class Subject(msgspec.Struct, frozen=True, gc=False):
    """What is screened: one party of a payment, or one piece of its free text.

    ``reference`` and ``role`` are returned with the verdict and mean nothing here. ``birth`` is an
    ISO date or its beginning. ``identifiers`` are any numbers that came with the party (BIC, LEI,
    passport, wallet, IMO): each is looked up among all listed ones. ``lists`` names the lists
    (``ListVersion.list_id``) that bind here; None means every list loaded.
    """

    name: str
    reference: str = ""
    role: str = ""
    form: Form = Form.NAME
    kind: Kind = Kind.UNKNOWN
    birth: str = ""
    country: str = ""
    identifiers: tuple[str, ...] = ()
    lists: frozenset[str] | None = None


class Link(msgspec.Struct, frozen=True, gc=False):
    """Which words matched: the subject's, the list's, how alike in per cent, and in what way."""

    subject: str
    listed: str
    alike: int
    how: str


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A listed entry that the subject may be; ``score`` is 0 to 100, 100 for the very same.

    ``version`` is the ``ListVersion.id``. ``listed_name`` is the name that matched, or the
    identifier. ``explanation`` is one sentence for the person who decides.
    """

    list_id: str
    version: str
    entry_id: str
    entry_name: str
    kind: Kind
    listed_name: str
    quality: Quality
    score: int
    links: tuple[Link, ...]
    explanation: str


class Verdict(msgspec.Struct, frozen=True):
    """The answer for one subject: clear, or hits with the best first.

    ``versions`` are the list versions that it was made on; ``threshold`` is the score from which
    a match was reported.
    """

    reference: str
    role: str
    hits: tuple[Hit, ...]
    versions: tuple[str, ...]
    threshold: int

    @property
    def clear(self) -> bool:
        """True if no listed entry is alike enough to be looked at."""
        return not self.hits
