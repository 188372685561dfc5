"""Cases: hits that wait for a decision of the authority that bound the list, and those decided.

The functions are questions to the archive of a live node (``archive``), and work as well on a history
and a journal at hand. Whoever asks them for somebody must know that it is the authority: nobody
else may learn that there is a case at all.
"""

from __future__ import annotations

from typing import Any

import msgspec

from paritas.model import commands as c
from paritas.model.screening import Decision
from paritas.node.archive import Past, question
from paritas.node.history_queries import Payment
from paritas.node.history_queries import payment as payment_of
from paritas.node.history_tables import uetr_text
from paritas.node.ledger import salt_for, sealed_hash
from paritas.node.screener import Finding, decode_details

_STATES: dict[int | None, str] = {
    None: "open",
    int(Decision.RELEASE): "released",
    int(Decision.REJECT): "rejected",
    int(Decision.FREEZE): "frozen",
}


class Case(msgspec.Struct, frozen=True):
    """One payment's hit on the lists of one book; ``state`` is open, released, rejected or frozen."""

    number: int
    currency: str
    uetr: str
    reference: str
    sender: str
    opened_ns: int
    state: str
    #: What became of the payment so far, in the history's words.
    payment_state: str
    opinions: int


class Opinion(msgspec.Struct, frozen=True):
    """What one person has said; ``reason`` is None where it has been erased."""

    person: str
    decision: str
    at_ns: int
    reason: str | None


class CaseView(msgspec.Struct, frozen=True):
    """Everything that the authority needs to decide."""

    case: Case
    payment: Payment
    #: The lists that it was screened against, and what they found; None where it has been erased.
    lists: tuple[str, ...]
    findings: tuple[Finding, ...] | None
    opinions: tuple[Opinion, ...]
    #: Other cases of the same party and entry on this book, the latest first.
    earlier: tuple[Case, ...]


class CasesAsked(msgspec.Struct, frozen=True):
    """The cases of an authority, by its BIC: the open ones, or all of them."""

    authority: str
    open_only: bool = True
    limit: int = 200


class CaseAsked(msgspec.Struct, frozen=True):
    """One case of an authority."""

    authority: str
    number: int
    currency: str


_SELECT = (
    "SELECT hit.number, book.currency, payment.uetr, payment.reference, party.bic, hit.opened_ns,"
    " hit.decision, (SELECT count(*) FROM opinion WHERE opinion.number = hit.number"
    " AND opinion.book = hit.book AND opinion.version = hit.version)"
    " FROM hit JOIN book ON book.number = hit.book JOIN payment ON payment.number = hit.number"
    " JOIN party ON party.number = payment.sender"
    " JOIN party AS issuer ON issuer.number = book.issuer"
)


@question("cases", CasesAsked)
def cases(past: Past, asked: CasesAsked) -> tuple[Case, ...]:
    """Return an authority's cases, the oldest first."""
    where = " WHERE issuer.bic = ?"
    if asked.open_only:
        where += " AND hit.decision IS NULL"
    rows = past.history.ask(
        f"{_SELECT}{where} ORDER BY hit.opened_ns, hit.number LIMIT ?",
        (asked.authority, asked.limit),
    )
    found = (_case(past, row) for row in rows)
    return tuple(case for case in found if not asked.open_only or case.payment_state == "waiting")


@question("case", CaseAsked)
def case(past: Past, asked: CaseAsked) -> CaseView | None:
    """Return one case whole, or None where this authority has no such case."""
    rows = past.history.ask(
        f"{_SELECT} WHERE issuer.bic = ? AND hit.number = ? AND book.currency = ?",
        (asked.authority, asked.number, asked.currency),
    )
    if not rows:
        return None
    found = _case(past, rows[0])
    payment = payment_of(past.history, asked.number)
    assert payment is not None
    ((book, digest),) = past.history.ask(
        "SELECT hit.book, hit.digest FROM hit JOIN book ON book.number = hit.book"
        " WHERE hit.number = ? AND book.currency = ?",
        (asked.number, asked.currency),
    )
    places = past.history.ask("SELECT seq, position FROM evidence WHERE digest = ?", (digest,))
    private = past.journal.sealed(*places[0]) if places else None
    details = decode_details(private) if private else None
    return CaseView(
        found,
        payment,
        details.lists if details else (),
        details.findings if details else None,
        _opinions(past, asked.number, book),
        _earlier(past, asked.number, book, digest),
    )


def _case(past: Past, row: tuple[Any, ...]) -> Case:
    number, currency, uetr, reference, sender, opened_ns, decision, opinions = row
    payment = payment_of(past.history, number)
    state = payment.state if payment else ""
    return Case(
        *(number, currency, uetr_text(uetr), reference, sender, opened_ns),
        *(_STATES[decision], state, opinions),
    )


def _opinions(past: Past, number: int, book: int) -> tuple[Opinion, ...]:
    rows = past.history.ask(
        "SELECT opinion.person, opinion.decision, at_ns, seq, position FROM opinion"
        " WHERE number = ? AND book = ? ORDER BY rowid",
        (number, book),
    )
    result = []
    for person, decision, at_ns, seq, position in rows:
        reason = past.journal.sealed(seq, position)
        said = reason.decode() if reason is not None else None
        result.append(Opinion(person.hex(), Decision(decision).name.lower(), at_ns, said))
    return tuple(result)


def _earlier(past: Past, number: int, book: int, digest: bytes) -> tuple[Case, ...]:
    rows = past.history.ask(
        f"{_SELECT} WHERE hit.book = ? AND hit.number <> ? AND hit.digest IN (SELECT other.digest"
        " FROM pair JOIN pair AS other ON other.pair = pair.pair WHERE pair.digest = ?)"
        " ORDER BY hit.opened_ns DESC LIMIT 50",
        (book, number, digest),
    )
    return tuple(_case(past, row) for row in rows)


def decision_on(asked: c.DecideHit, reason: str, seal: bytes) -> tuple[c.DecideHit, bytes, bytes]:
    """Return the command of one person's decision with its reason, and what is sealed with it.

    ``asked`` says who decides what on which case; the result is for ``Turn.decide``: command, salt
    and the reason's bytes. The decision counts once a second person has said the same.
    """
    key = (str(asked.number), str(asked.book), asked.person.hex(), str(asked.at_ns))
    salt, private = salt_for(seal, "decision", *key), reason.encode()
    return msgspec.structs.replace(asked, reason=sealed_hash(salt, private)), salt, private
