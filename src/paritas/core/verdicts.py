"""May this settle as far as screening goes? Law 7, as one predicate on the state.

An instruction touches the jurisdictions of the books of its legs and those in which its parties
are at home. Where one of them binds a list, the instruction needs a verdict on the lists in force
there, and that must be clear, or a hit that the authority has released. A verdict of a further
jurisdiction (that of a customer, say) counts in the same way, if it is given.

What is not cleared waits and is not due; ``Waiting.held`` keeps the answer, so that whatever settles
from the queue pays nothing for it. While no list binds anywhere, ``State.screens`` is False and
nothing here is asked at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from paritas.core import queue
from paritas.core.lifecycle import LawBroken, Status
from paritas.core.state import Book, State, Waiting
from paritas.model.commands import SubmitInstruction
from paritas.model.instructions import Leg
from paritas.model.screening import Decision, Outcome, Verdict

_CLEAR = int(Outcome.CLEAR)
_RELEASE = int(Decision.RELEASE)


def jurisdictions(state: State, legs: Collection[Leg]) -> Collection[Book]:
    """Return the books whose lists bind an instruction of these legs, each once."""
    accounts, books = state.accounts, state.books
    found: dict[int, Book] = {}
    for leg in legs:
        payer, payee = accounts[leg.payer], accounts[leg.payee]
        book = payer.book
        found[book.number] = book
        for home in payer.party.homes:
            found[home] = books[home]
        for home in payee.party.homes:
            found[home] = books[home]
    return found.values()


def is_cleared(state: State, number: int, command: SubmitInstruction) -> bool:
    """Say whether an instruction has every verdict that law 7 wants, and no hit stands."""
    verdicts = state.rescreened.get(number, command.verdicts)
    books = state.books
    screened = set()
    for verdict in verdicts:
        book = books.get(verdict.book)
        if book is None or not book.lists:
            continue
        version = verdict.version
        if version != book.list_version:
            return False
        if verdict.outcome != _CLEAR and (
            state.hit_decisions.get((number, verdict.book)) != (_RELEASE, version)
        ):
            return False
        screened.add(verdict.book)
    for book in jurisdictions(state, command.legs):
        if book.lists and book.number not in screened:
            return False
    # What was rejected or frozen anywhere waits for its end only, whatever is found later.
    return not state.hit_decisions or decisions_on(state, number) <= {_RELEASE}


def decisions_on(state: State, number: int) -> set[int]:
    """Return what authorities have decided on an instruction's hits."""
    found = (state.hit_decisions.get((number, book)) for book in state.books)
    return {decided[0] for decided in found if decided is not None}


def is_frozen(state: State, waiting: Waiting) -> bool:
    """Say whether its money, or that of the trade it is a side of, went to a blocked account."""
    if not state.hit_decisions or not waiting.held:
        return False
    return any(
        Decision.FREEZE in decisions_on(state, side) for side in (waiting.number, waiting.partner)
    )


def is_held(state: State, waiting: Waiting) -> bool:
    """Say whether screening keeps it from settling; never half of a trade settles."""
    if not state.screens and not state.hit_decisions:
        return False
    return not all(
        is_cleared(state, side, command)
        for side in (waiting.number, waiting.partner)
        if side and (command := state.instructions[side]) is not None
    )


def refresh(state: State, waiting: Waiting) -> None:
    """Follow a change of lists, verdicts or decisions: it is due now, or no longer."""
    held = is_held(state, waiting)
    if held != waiting.held:
        waiting.held = held
        queue.refresh(state, waiting)


def refresh_all(state: State) -> None:
    """Follow a change of the lists themselves."""
    state.screens = any(book.lists for book in state.books.values())
    for waiting in state.queue.values():
        refresh(state, waiting)


def demand_cleared(state: State, number: int, command: SubmitInstruction) -> None:
    """Law 7, for what settles on arrival; raises LawBroken."""
    if not is_cleared(state, number, command):
        raise LawBroken(f"Law 7: instruction {number} settles without being cleared.")


def unscreened(state: State) -> Iterator[tuple[int, tuple[Book, ...]]]:
    """Yield what waits and lacks a verdict on the lists in force, with the books that lack it.

    These are to be screened again (``ScreenAgain``); each side of a trade by itself.
    """
    for waiting in state.queue.values():
        if not waiting.held:
            continue
        for number in (waiting.number, waiting.partner) if waiting.partner else (waiting.number,):
            command = state.instructions[number]
            assert command is not None
            given = state.rescreened.get(number, command.verdicts)
            wanted = {book.number: book for book in jurisdictions(state, command.legs)}
            wanted |= {v.book: state.books[v.book] for v in given if v.book in state.books}
            current = {v.book for v in given if v.version == state.books[v.book].list_version}
            missing = [b for n, b in sorted(wanted.items()) if b.lists and n not in current]
            if missing:
                yield number, tuple(missing)


def hit_of(state: State, number: int, book: Book) -> Verdict | None:
    """Return the hit on the lists in force at ``book`` that a waiting instruction has, if any."""
    if not 0 < number < len(state.instructions) or state.statuses[number] != Status.WAITING:
        return None
    command = state.instructions[number]
    assert command is not None
    for verdict in state.rescreened.get(number, command.verdicts):
        if (verdict.book, verdict.version) == (book.number, book.list_version) and (
            verdict.outcome != _CLEAR
        ):
            return verdict
    return None
