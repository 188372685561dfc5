"""From payments that were read to verdicts: what the reading workers do where a list binds.

Everybody and everything named in a payment is held against the lists of every jurisdiction that it
touches: those of its legs' books, those where its parties are at home (both told by the engine's
own rule), and those of its customers' countries. Each jurisdiction has one verdict. What was found
goes into the sealed store; the engine gets an outcome and a salted hash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from paritas.core import engine
from paritas.core.screening import is_exempt
from paritas.core.state import State
from paritas.core.verdicts import jurisdictions
from paritas.iso20022.named import Named, named_in
from paritas.iso20022.values import Transaction
from paritas.iso20022.writer import agent, branch
from paritas.model.commands import RecordEvidence
from paritas.model.events import CommandRefused
from paritas.model.screening import Outcome, Verdict
from paritas.node.directory import countries_of
from paritas.node.intake import Evidence, Wish
from paritas.node.ledger import salt_for, sealed_hash
from paritas.node.list_files import load_commands
from paritas.node.scheme import Scheme
from paritas.screening import Form, Hit, Kind, ListVersion, Screener, Subject
from paritas.screening.lists import ListError
from paritas.screening.text import words_of


class Finding(msgspec.Struct, frozen=True):
    """Somebody named in a payment who may be a listed entry.

    ``pair`` names party and entry together: the same party and the same entry have the same one.
    ``exempt`` says that two people of the authority have said that it is another.
    """

    role: str
    name: str
    birth: str
    country: str
    identifiers: tuple[str, ...]
    pair: str
    exempt: bool
    hit: Hit


class Details(msgspec.Struct, frozen=True):
    """What is sealed of a verdict: the lists it was made on, and everything that was found."""

    reference: str
    uetr: str
    currency: str
    lists: tuple[str, ...]
    threshold: int
    findings: tuple[Finding, ...]


class Bound(msgspec.Struct, frozen=True):
    """The lists in force on one book, and the number under which the book has them."""

    book: int
    currency: str
    number: int
    names: frozenset[str]
    versions: tuple[str, ...]


_ENCODER = msgspec.json.Encoder()
#: Payments of which is remembered what they name.
_KEPT = 10_000
decode_details = msgspec.json.Decoder(Details).decode
_KINDS = {"person": Kind.PERSON, "organisation": Kind.ORGANISATION, "": Kind.UNKNOWN}
_CLEAR, _HIT = int(Outcome.CLEAR), int(Outcome.HIT)


def never_exempt(_book: int, _pair: bytes) -> bool:
    """Exempt nobody."""
    return False


def exempt_in(state: State) -> Callable[[int, bytes], bool]:
    """Exempt whom two people of the authority exempted, as a state has it at the present moment."""
    return lambda book, pair: is_exempt(state, book, pair, time.time_ns())


def of_institutions(bics: Sequence[str]) -> Transaction:
    """Return what stands for the message of an instruction that came without one: its parties."""
    tags = ["Dbtr", "Cdtr", *["IntrmyAgt1"] * len(bics)]
    named = (agent(tag, bic) for tag, bic in zip(tags, dict.fromkeys(bics), strict=False))
    fragment = branch("CdtTrfTxInf", *named).encode()
    texts = dict.fromkeys((field for field in Transaction.__struct_fields__[1:19]), "")
    # Eighteen texts, whose names do not matter here: mypy cannot count them.
    return Transaction(0, *texts.values(), (), False, fragment)  # type: ignore[arg-type, call-arg]


def _subject(named: Named) -> Subject:
    return Subject(
        named.name,
        form=Form.TEXT if named.is_text else Form.NAME,
        kind=_KINDS[named.kind],
        birth=named.birth,
        country=named.country,
        identifiers=named.identifiers,
    )


class Screening:
    """The lists in force, ready to be asked; as it was made it stays."""

    def __init__(
        self,
        state: State,
        screener: Screener,
        scheme: Scheme,
        seal: bytes,
        is_exempt: Callable[[int, bytes], bool] = never_exempt,
    ) -> None:
        """``state`` says which lists bind where, under which numbers; it is only read."""
        self._state = state
        self._screener = screener
        self._seal = seal
        self._is_exempt = is_exempt
        loaded = {version.list_id: version.id for version in screener.versions}
        self._bound = {
            number: Bound(
                number,
                book.currency,
                book.list_version,
                frozenset(book.lists),
                tuple(loaded[name] for name in sorted(book.lists)),
            )
            for number, book in state.books.items()
            if book.lists and book.lists.keys() <= loaded.keys()
        }
        #: What the last payments name, and what was found of each.
        self._named: dict[bytes, list[tuple[Named, Subject]]] = {}
        self._hits: dict[Subject, tuple[Hit, ...]] = {}
        self._by_country: dict[str, list[int]] = {}
        for currency, book in scheme.books.items():
            for country in countries_of(book):
                number = state.book_by_currency[currency].number
                self._by_country.setdefault(country, []).append(number)

    @property
    def versions(self) -> tuple[ListVersion, ...]:
        """The lists that are held against payments."""
        return self._screener.versions

    def expect(self, transactions: Iterable[Transaction]) -> None:
        """Screen everybody named in many payments at once, which is quicker than one by one.

        What was found before is forgotten.
        """
        self._named.clear()
        self._hits.clear()
        self._look_at(transactions)

    def _look_at(self, transactions: Iterable[Transaction]) -> None:
        asked: dict[Subject, None] = {}
        for transaction in transactions:
            if transaction.fragment in self._named:
                continue
            named = named_in(transaction.fragment)
            for bic in (transaction.instructing_agent, transaction.instructed_agent):
                named.append(Named("settlement agent", "", "organisation", identifiers=(bic,)))
            subjects = [(each, _subject(each)) for each in named]
            self._named[transaction.fragment] = subjects
            asked.update((subject, None) for _, subject in subjects if subject not in self._hits)
        verdicts = self._screener.screen(asked) if asked else ()
        for subject, verdict in zip(asked, verdicts, strict=True):
            self._hits[subject] = verdict.hits

    def screen(
        self, transactions: Sequence[Transaction], wishes: Sequence[Wish]
    ) -> tuple[Wish, ...]:
        """Return the wishes that were made of these payments, with their verdicts."""
        if len(self._named) > _KEPT:
            self._named.clear()
            self._hits.clear()
        self._look_at(transactions)
        return tuple(map(self._judged, transactions, wishes))

    def _judged(self, transaction: Transaction, wish: Wish) -> Wish:
        if wish.refusal is not None:
            return wish
        named = self._named[transaction.fragment]
        found = [(each, self._hits[subject]) for each, subject in named if self._hits[subject]]
        given = [self._verdict(self._bound[book], wish, found) for book in self._books(wish, named)]
        return msgspec.structs.replace(
            wish,
            verdicts=tuple(verdict for verdict, _ in given),
            evidence=tuple(evidence for _, evidence in given if evidence is not None),
        )

    def _books(self, wish: Wish, named: Iterable[tuple[Named, Subject]]) -> list[int]:
        """Return the books whose verdict the payment wants."""
        books = {book.number for book in jurisdictions(self._state, (*wish.legs, *wish.converted))}
        for each, _ in named:
            if each.role in ("debtor", "creditor"):
                books.update(self._by_country.get(each.country, ()))
        return sorted(books & self._bound.keys())

    def _verdict(
        self, bound: Bound, wish: Wish, found: Iterable[tuple[Named, tuple[Hit, ...]]]
    ) -> tuple[Verdict, Evidence | None]:
        findings = tuple(
            self._finding(bound, each, hit)
            for each, hits in found
            for hit in hits
            if hit.list_id in bound.names
        )
        if not findings:
            return Verdict(bound.book, bound.number, _CLEAR), None
        details = _ENCODER.encode(
            Details(
                wish.reference,
                wish.uetr,
                bound.currency,
                bound.versions,
                self._screener.threshold,
                findings,
            )
        )
        key = (str(wish.sender), wish.reference, str(bound.book), str(bound.number))
        salt = salt_for(self._seal, "screening", *key)
        digest = sealed_hash(salt, details)
        outcome = _CLEAR if all(finding.exempt for finding in findings) else _HIT
        verdict = Verdict(bound.book, bound.number, outcome, digest)
        pairs = tuple(sorted({bytes.fromhex(finding.pair) for finding in findings}))
        return verdict, Evidence(digest, salt, details, pairs)

    def _finding(self, bound: Bound, named: Named, hit: Hit) -> Finding:
        words = " ".join(words_of(named.name)[0].texts)
        who = (words, named.birth, named.country, *(() if words else named.identifiers))
        key = "\0".join((*who, hit.list_id, hit.entry_id)).encode()
        pair = sealed_hash(salt_for(self._seal, "pair"), key)
        return Finding(
            named.role,
            named.name,
            named.birth,
            named.country,
            named.identifiers,
            pair.hex(),
            self._is_exempt(bound.book, pair),
            hit,
        )


def evidence_commands(wish: Wish, at_ns: int) -> Iterable[tuple[RecordEvidence, bytes, bytes]]:
    """Yield what is to be recorded before a wish is submitted: command, salt, what is sealed."""
    for evidence in wish.evidence:
        command = RecordEvidence(at_ns, 0, b"", evidence.digest, evidence.pairs)
        yield command, evidence.salt, evidence.details


def screening_of(
    scheme: Scheme, versions: dict[str, ListVersion], state: State, seal: bytes
) -> Screening | None:
    """Index a scheme's lists as they will be in force once ``state`` has loaded them.

    ``state`` is one of its own, set up from the scheme: the loading is done on it here, to learn
    the numbers that the engine will give. None where the scheme binds no list. Raises ListError if
    the engine refuses a version.
    """
    if not scheme.lists:
        return None
    for command in load_commands(state, versions, 0):
        for event in engine.apply(state, command):
            if isinstance(event, CommandRefused):
                raise ListError(f"{command.list_id}: {event.text}")
    return Screening(state, Screener(list(versions.values()), scheme.threshold), scheme, seal)


#: What the reading workers of a run screen with; they inherit it when they are forked.
_shared: Screening | None = None


def share(screening: Screening | None) -> None:
    """Set what the workers of this process and those forked from now on screen with."""
    global _shared
    _shared = screening


def shared() -> Screening | None:
    """Return what this process screens with."""
    return _shared
