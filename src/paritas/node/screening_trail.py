"""Why a payment was let through or held: what the journal and its sealed store say about it.

Reads a journal from its first row and keeps, of one payment, every verdict with the lists that it
was made on, what was found, what was decided by whom and why, and how it ended. What has been
erased since is said to be erased; the lists, versions, outcomes and decisions stay.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

import msgspec

from paritas.core import engine
from paritas.core.lifecycle import Status
from paritas.core.state import Book, State
from paritas.core.verdicts import jurisdictions
from paritas.journal.codec import decode_records
from paritas.journal.sqlite import SqliteJournal
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.money import format_amount
from paritas.model.screening import Decision, Outcome, Verdict
from paritas.node.calendars import format_instant
from paritas.node.screener import Details, decode_details


class ListInForce(msgspec.Struct, frozen=True):
    """A version of a list; ``published`` is an ISO date."""

    name: str
    published: str
    entries: int
    sha256: str


class Found(msgspec.Struct, frozen=True):
    """Somebody named in the payment, and the listed entry that it may be."""

    role: str
    name: str
    list_version: str
    entry: str
    entry_id: str
    score: int
    explanation: str
    exempt: bool


class VerdictGiven(msgspec.Struct, frozen=True):
    """The verdict of one jurisdiction: "clear", "hit", "no list bound" or "not screened"."""

    at: str
    currency: str
    issuer: str
    #: Why it is asked: the payment moves its money, or somebody is at home there.
    because: str
    outcome: str
    version: int
    lists: tuple[ListInForce, ...]
    found: tuple[Found, ...] = ()
    #: What was found has been erased after its retention.
    erased: bool = False


class Step(msgspec.Struct, frozen=True):
    """Something that happened to the payment."""

    at: str
    text: str


class Explanation(msgspec.Struct):
    """Everything about one instruction that has the UETR asked for."""

    uetr: str
    number: int
    reference: str
    sender: str
    value_date: str
    legs: tuple[str, ...]
    verdicts: list[VerdictGiven]
    steps: list[Step]
    status: str

    def text(self) -> str:
        """Return it as a person reads it."""
        lines = [
            f"UETR {self.uetr}: instruction {self.number}, reference {self.reference} of"
            f" {self.sender}, value date {self.value_date}",
            *(f"  {leg}" for leg in self.legs),
        ]
        for given in self.verdicts:
            lines += ["", *_verdict_lines(given)]
        lines.append("")
        lines += [f"{step.at}  {step.text}" for step in self.steps]
        lines.append(f"It is {self.status}.")
        return "\n".join(lines)


def _verdict_lines(given: VerdictGiven) -> Iterator[str]:
    yield f"{given.currency} ({given.issuer}), because {given.because}: {given.outcome}, {given.at}"
    for each in given.lists:
        yield (
            f"  list {each.name} of {each.published}, {each.entries:,} entries,"
            f" SHA-256 {each.sha256}"
        )
    for found in given.found:
        exempt = " (exempt: two people have said that it is another)" if found.exempt else ""
        yield f'  {found.role} "{found.name}" and {found.entry} ({found.entry_id}){exempt}:'
        yield f"    {found.explanation}"
    if given.erased:
        yield "  what was found has been erased after its retention"


def explain(journal: SqliteJournal, uetr: str) -> list[Explanation]:
    """Return what there is to say about every instruction with this UETR; a cover shares it."""
    trail = _Trail(journal, uetr.lower())
    for row in journal.rows():
        for position, (command, events) in enumerate(decode_records(row.payload)):
            trail.follow(row.seq, position, command, events)
    return list(trail.found.values())


class _Trail:
    def __init__(self, journal: SqliteJournal, uetr: str) -> None:
        self.journal = journal
        self.uetr = uetr
        self.state = State()
        self.found: dict[int, Explanation] = {}
        self._evidence: dict[bytes, tuple[int, int]] = {}

    def follow(
        self, seq: int, position: int, command: c.AnyCommand, events: Sequence[e.AnyEvent]
    ) -> None:
        """Take note of one record."""
        engine.replay(self.state, command, events)
        at = format_instant(command.at_ns)
        if isinstance(command, c.RecordEvidence):
            self._evidence[command.digest] = (seq, position)
        if isinstance(command, c.SubmitInstruction) and command.uetr.lower() == self.uetr:
            self._submitted(at, command, events)
        if self.found:
            self._followed(at, (seq, position), command, events)

    def _submitted(
        self, at: str, command: c.SubmitInstruction, events: Sequence[e.AnyEvent]
    ) -> None:
        numbers = [event.number for event in events if isinstance(event, _NUMBERED)]
        for number in numbers:
            state = self.state
            sender = state.parties.get(command.sender)
            explanation = Explanation(
                command.uetr,
                number,
                command.reference,
                sender.bic if sender else "somebody unknown",
                datetime.date.fromordinal(max(1, command.value_date)).isoformat(),
                tuple(_leg_text(state, leg) for leg in command.legs),
                [],
                [Step(at, "received")],
                "",
            )
            self.found[number] = explanation
            if not any(isinstance(event, e.InstructionRefused) for event in events):
                explanation.verdicts += self._verdicts(at, command, command.verdicts)

    def _verdicts(
        self, at: str, command: c.SubmitInstruction, verdicts: Sequence[Verdict]
    ) -> Iterator[VerdictGiven]:
        state = self.state
        touched = {book.number: book for book in jurisdictions(state, command.legs)}
        given = {verdict.book: verdict for verdict in verdicts}
        for number in sorted(touched.keys() | given.keys()):
            book = state.books[number]
            because = _because(state, command, book)
            head = (at, book.currency, book.issuer.bic, because)
            verdict = given.get(number)
            if not book.lists:
                yield VerdictGiven(*head, "no list bound", book.list_version, ())
            elif verdict is None:
                yield VerdictGiven(*head, "not screened", book.list_version, _lists(book))
            else:
                outcome = "clear" if verdict.outcome == Outcome.CLEAR else "hit"
                stale = verdict.version != book.list_version
                text = f"{outcome}, on lists no longer in force" if stale else outcome
                found, erased = self._found(verdict.digest)
                lists = () if stale else _lists(book)
                yield VerdictGiven(*head, text, verdict.version, lists, found, erased)

    def _found(self, digest: bytes) -> tuple[tuple[Found, ...], bool]:
        if not digest:
            return (), False
        details = self.details(digest)
        if details is None:
            return (), True
        return (
            tuple(
                Found(
                    finding.role,
                    finding.name or ", ".join(finding.identifiers),
                    finding.hit.version,
                    finding.hit.entry_name,
                    finding.hit.entry_id,
                    finding.hit.score,
                    finding.hit.explanation,
                    finding.exempt,
                )
                for finding in details.findings
            ),
            False,
        )

    def details(self, digest: bytes) -> Details | None:
        """Return what was sealed under a hash, None where it has been erased."""
        place = self._evidence.get(digest)
        private = self.journal.sealed(*place) if place else None
        return decode_details(private) if private else None

    def _followed(
        self, at: str, place: tuple[int, int], command: c.AnyCommand, events: Sequence[e.AnyEvent]
    ) -> None:
        if isinstance(command, c.ScreenAgain) and command.number in self.found:
            explanation = self.found[command.number]
            if any(isinstance(event, e.Recorded) for event in events):
                explanation.steps.append(Step(at, "screened again"))
                instruction = self.state.instructions[command.number]
                assert instruction is not None
                explanation.verdicts += self._verdicts(at, instruction, command.verdicts)
        if isinstance(command, c.DecideHit) and command.number in self.found:
            self._decided(at, place, command, events)
        for number, explanation in self.found.items():
            status = Status(self.state.statuses[number]).name.lower()
            if status != explanation.status:
                explanation.status = status
                reason, text = self.state.reasons.get(number, ("", ""))
                why = f" {reason}: {text}" if reason else ""
                explanation.steps.append(Step(at, f"{status}{why}"))

    def _decided(
        self, at: str, place: tuple[int, int], command: c.DecideHit, events: Sequence[e.AnyEvent]
    ) -> None:
        if any(isinstance(event, e.CommandRefused) for event in events):
            return
        issuer = self.state.books[command.book].issuer.bic
        reason = self.journal.sealed(*place)
        said = f"because: {reason.decode()}" if reason else "for a reason that is erased"
        verb = Decision(command.decision).name.lower()
        steps = self.found[command.number].steps
        steps.append(Step(at, f"{command.person.hex()} of {issuer} says {verb}, {said}"))
        if any(isinstance(event, e.HitDecided) for event in events):
            steps.append(Step(at, f"{issuer} has decided: {verb}"))


_NUMBERED = (e.InstructionSettled, e.InstructionQueued, e.InstructionRefused)


def _lists(book: Book) -> tuple[ListInForce, ...]:
    return tuple(
        ListInForce(
            name,
            datetime.date.fromordinal(version[0]).isoformat(),
            version[1],
            version[2].hex(),
        )
        for name, version in sorted(book.lists.items())
        if version is not None
    )


def _because(state: State, command: c.SubmitInstruction, book: Book) -> str:
    reasons: dict[str, None] = {}
    for leg in command.legs:
        payer, payee = state.accounts[leg.payer], state.accounts[leg.payee]
        if payer.book is book:
            reasons["its money moves"] = None
        for account in (payer, payee):
            if book.number in account.party.homes:
                reasons[f"{account.party.bic} is at home there"] = None
    return " and ".join(reasons) or "a customer is at home there"


def _leg_text(state: State, leg: object) -> str:
    payer = state.accounts.get(getattr(leg, "payer", 0))
    payee = state.accounts.get(getattr(leg, "payee", 0))
    if payer is None or payee is None:
        return "an account that does not exist"
    currency = payer.book.currency
    amount = format_amount(getattr(leg, "amount_minor", 0), currency)
    return f"{currency} {amount} from {payer.party.bic} to {payee.party.bic}"
