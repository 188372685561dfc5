"""The laws, as functions that look at a state and say what is broken; nothing found is ().

Laws 1 and 2 are cheap and run at every commit, one book in turn. All of them run in tests, in
simulation and in the audit. Laws 5 and 6 (the journal's chain, replay bit for bit) belong to the
journal and stand in ``journal.audit``; law 8 is kept by the types: amounts are ``int`` throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from paritas.core.exchange.swaps import earmarked
from paritas.core.lifecycle import Status
from paritas.core.obligations import ObligationStatus
from paritas.core.queue import can_settle
from paritas.core.state import Account, Book, State, net_outflows
from paritas.core.verdicts import is_held, jurisdictions
from paritas.model.commands import SubmitInstruction
from paritas.model.screening import Decision, Outcome


def check_all(state: State) -> tuple[str, ...]:
    """Return every breach of every law that can be seen in the state."""
    return tuple(
        breach
        for law in (
            *(money_is_conserved(book) for book in state.books.values()),
            *(floors_are_derived(account) for account in state.accounts.values()),
            holds_add_up(state),
            all_or_none(state),
            settles_once(state),
            queue_is_sound(state),
            cycles_add_up(state),
            nothing_that_could_settle_waits(state),
            said_of_what_settled(state),
            settled_was_screened(state),
        )
        for breach in law
    )


def money_is_conserved(book: Book) -> Iterator[str]:
    """Law 1: the book's accounts, its contra account included, sum to zero."""
    total = book.contra.balance_minor + sum([account.balance_minor for account in book.accounts])
    if total:
        yield f"Law 1: the {book.currency} book sums to {total}, not to zero."


def floors_are_derived(account: Account) -> Iterator[str]:
    """Law 2 rests on the floors: they must say what limit, holds and reservations say."""
    before = account.floors
    account.set_floors()
    if before != account.floors:
        yield f"Law 2: account {account.number} has floors {before}, not {account.floors}."


def holds_add_up(state: State) -> Iterator[str]:
    """Law 2: what is held on an account is the sum of its holds and of what repays due swaps."""
    held = earmarked(state)
    for hold in state.holds.values():
        held[hold.payer.number] = held.get(hold.payer.number, 0) + hold.amount_minor
    for account in state.accounts.values():
        if account.held_minor != held.get(account.number, 0):
            yield f"Law 2: account {account.number} holds {account.held_minor} by no such holds."


def all_or_none(state: State) -> Iterator[str]:
    """Law 3: both sides of a matched trade have the same status."""
    for second, first in state.joined.items():
        if state.statuses[first] != state.statuses[second]:
            yield f"Law 3: sides {first} and {second} of one trade do not stand the same."


def settles_once(state: State) -> Iterator[str]:
    """Law 4: every reference leads to its own instruction, and none settles under two numbers."""
    for party in state.parties.values():
        for reference, number in party.references.items():
            command = state.instructions[number]
            if command is None or command.reference != reference or command.sender != party.number:
                yield f"Law 4: {party.bic} reference {reference} leads to instruction {number}."
    for number, command in enumerate(state.instructions):
        if command is not None and state.statuses[number] == Status.SETTLED:
            party = state.parties[command.sender]
            if party.references.get(command.reference) != number:
                yield f"Law 4: instruction {number} settled without owning its reference."


def cycles_add_up(state: State) -> Iterator[str]:
    """Laws 1 and 4 in netting cycles: positions are the sums of what counts, and cancel out."""
    for cycle in state.cycles.values():
        net: dict[Account, int] = {}
        for obligation in cycle.obligations.values():
            if not 0 <= obligation.set_off_minor <= obligation.amount_minor:
                yield f"Law 4: obligation {obligation.number} is set off by more than it is."
            if obligation.status == ObligationStatus.CONFIRMED:
                left_minor = obligation.left_minor
                net[obligation.debtor] = net.get(obligation.debtor, 0) - left_minor
                net[obligation.creditor] = net.get(obligation.creditor, 0) + left_minor
        if cycle.positions != {account: total for account, total in net.items() if total}:
            yield f"Law 1: the positions of cycle {cycle.number} are not those of its obligations."
        alive = any(_is_alive(o.status) for o in cycle.obligations.values())
        if alive and not cycle.is_running:
            yield f"Law 3: cycle {cycle.number} has ended, and not with all of its obligations."
    for (sender, reference), number in state.obligation_references.items():
        found = state.obligations.get(number)
        if found is None or (found.sender, found.reference) != (sender, reference):
            yield f"Law 4: reference {reference} of party {sender} leads to obligation {number}."


def _is_alive(status: ObligationStatus) -> bool:
    return status in (ObligationStatus.SUBMITTED, ObligationStatus.CONFIRMED)


def queue_is_sound(state: State) -> Iterator[str]:
    """What waits is in the queue, and each line holds exactly what is due there, in order."""
    expected: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for waiting in state.queue.values():
        if waiting.due != waiting.is_due():
            yield f"Queue: instruction {waiting.number} is due, or not, against what is recorded."
        if waiting.held != is_held(state, waiting):
            yield f"Law 7: instruction {waiting.number} is held, or not, against its verdicts."
        if waiting.outflows != net_outflows(waiting.legs):
            yield f"Queue: instruction {waiting.number} has wrong outflows."
        if waiting.due:
            for account, needs_minor in waiting.outflows:
                entry = (waiting.rank, waiting.number, needs_minor)
                expected.setdefault((account.number, waiting.priority), []).append(entry)
    for account in state.accounts.values():
        for priority, line in enumerate(account.lines):
            if line != sorted(expected.get((account.number, priority), [])):
                yield f"Queue: line {priority} of account {account.number} is wrong."
        if account.waiting != sum(len(line) for line in account.lines):
            yield f"Queue: account {account.number} counts its waiting instructions wrongly."
        if account.waiting and account.least_minor > min(_needs(account)):
            yield f"Queue: account {account.number} would skip an instruction that fits."
    sides = {*state.queue, *(w.partner for w in state.queue.values() if w.partner)}
    waits = {n for n, status in enumerate(state.statuses) if status == Status.WAITING}
    if sides != waits:
        yield f"Queue: {sorted(sides ^ waits)} wait in one place only."


def _needs(account: Account) -> Iterable[int]:
    return (entry[2] for line in account.lines for entry in line)


def said_of_what_settled(state: State) -> Iterator[str]:
    """Confirmations, recalls and returns are about what has settled, and give back no more than that."""
    numbers = {*state.confirmations, *state.returned_minor}
    for number in numbers | {recall.instruction for recall in state.recalls.values()}:
        if state.statuses[number] != Status.SETTLED:
            yield f"Instruction {number} is spoken of as settled, and is not."
    for number, returned_minor in state.returned_minor.items():
        original = state.instructions[number]
        if original is None or not 0 <= returned_minor <= original.legs[-1].amount_minor:
            yield f"Instruction {number} has {returned_minor} returned, more than was paid."


def nothing_that_could_settle_waits(state: State) -> Iterator[str]:
    """Each credit retries what waits for it: between commands nothing due is funded and in turn."""
    for waiting in state.queue.values():
        if waiting.due and can_settle(state, waiting):
            yield f"Queue: instruction {waiting.number} could settle and waits."


def settled_was_screened(state: State) -> Iterator[str]:
    """Law 7: what settled has a verdict of each jurisdiction it touches: clear, or released.

    That it was a verdict on the lists in force is checked at the very event (``core.changes``); here
    it must be on lists that were loaded by now. What came before a list bound, or before a member
    was placed, may have settled before it, and is passed over.
    """
    if not state.screens:
        return
    for number, status in enumerate(state.statuses):
        command = state.instructions[number]
        if command is None or status != Status.SETTLED:
            continue
        for book in jurisdictions(state, command.legs):
            if book.lists and number >= book.bound_from and not _was_cleared(state, number, book):
                yield f"Law 7: instruction {number} settled without a verdict in {book.currency}."


def _was_cleared(state: State, number: int, book: Book) -> bool:
    command = state.instructions[number]
    assert command is not None
    given = [
        verdict
        for verdict in state.rescreened.get(number, command.verdicts)
        if verdict.book == book.number and verdict.version <= book.list_version
    ]
    if not given:
        return _was_placed_later(state, number, command, book)
    return all(
        verdict.outcome == Outcome.CLEAR
        or state.hit_decisions.get((number, book.number)) == (Decision.RELEASE, verdict.version)
        for verdict in given
    )


def _was_placed_later(state: State, number: int, command: SubmitInstruction, book: Book) -> bool:
    """Say whether a book bound an instruction only by where a party was placed later on."""
    accounts = [state.accounts[n] for leg in command.legs for n in (leg.payer, leg.payee)]
    return not any(
        account.book is book
        or (book.number in account.party.homes and number >= account.party.homes_from)
        for account in accounts
    )
