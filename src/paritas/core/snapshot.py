"""A state as plain sorted data, and back: for snapshots, and to compare two states bit for bit.

Only what cannot be derived is kept. Every collection is sorted, so equal states give equal bytes
whatever order things happened to be stored in.
"""

from __future__ import annotations

from typing import Any

import msgspec

from paritas.core import changes, queue
from paritas.core.exchange import dump as exchange_dump
from paritas.core.obligations import Cycle, CycleStatus, Obligation, ObligationStatus
from paritas.core.snapshot_screening import dump_screening, load_screening
from paritas.core.state import (
    Account,
    Book,
    Hold,
    Party,
    PendingChange,
    Recall,
    State,
    Waiting,
    accounts_of,
)
from paritas.core.verdicts import is_held
from paritas.model.commands import AnyChange, SubmitInstruction
from paritas.model.reasons import Reason

#: Changes whenever ``dump`` writes something else; a snapshot of another format is not read.
FORMAT = 2

_ENCODER = msgspec.msgpack.Encoder()
_CHANGE = msgspec.msgpack.Decoder(AnyChange)
_INSTRUCTIONS = msgspec.msgpack.Decoder(list[SubmitInstruction])


def dump(state: State) -> bytes:
    """Return the state as msgpack; equal states give equal bytes."""
    return _ENCODER.encode(
        [
            [_dump_party(party) for party in _by_number(state.parties)],
            [_dump_book(book) for book in _by_number(state.books)],
            [_dump_account(account) for account in _by_number(state.accounts)],
            sorted([*pair, dealer] for pair, dealer in state.dealers.items()),
            [state.bypass, state.max_days_ahead],
            _ENCODER.encode(state.instructions[1:]),
            bytes(state.statuses),
            sorted([number, *why] for number, why in state.reasons.items()),
            sorted(state.returned_minor.items()),
            sorted(state.joined.items()),
            sorted([*key, *value] for key, value in state.messages.items()),
            state.refusals_at_edge,
            [_dump_waiting(waiting) for waiting in _by_number(state.queue)],
            [state.last_rank, state.first_rank],
            [_dump_hold(hold) for hold in _by_number(state.holds)],
            sorted([*key, number] for key, number in state.hold_references.items()),
            state.last_hold,
            sorted(state.decisions.items()),
            [state.threshold, state.last_change, state.proofs],
            [_dump_change(change) for change in _by_number(state.changes)],
            state.clearings,
            exchange_dump.dump(state.exchange),
            sorted([*key, limit_minor] for key, limit_minor in state.mandates.items()),
            sorted([number, *said] for number, said in state.confirmations.items()),
            [_dump_recall(recall) for recall in _by_number(state.recalls)],
            [_dump_cycle(cycle) for cycle in _by_number(state.cycles)],
            [_dump_obligation(obligation) for obligation in _by_number(state.obligations)],
            sorted(state.debit_caps.items()),
            dump_screening(state),
        ]
    )


def _by_number(things: dict[int, Any]) -> list[Any]:
    return [things[number] for number in sorted(things)]


def _dump_party(p: Party) -> list[Any]:
    keys = sorted([key, *validity] for key, validity in p.keys.items())
    return [p.number, p.bic, p.is_member, sorted(p.senders), keys]


def _dump_change(p: PendingChange) -> list[Any]:
    change = _ENCODER.encode(p.change)
    approvals = sorted(p.approvals.items())
    return [p.number, p.proposer, p.person, change, p.digest, p.expires_ns, approvals]


def _dump_book(b: Book) -> list[Any]:
    day = [b.date, b.settles_date, b.accepts_date, b.closes_ns, b.day_ended]
    return [b.number, b.currency, b.issuer.number, b.contra.balance_minor, *b.rate, *day]


def _dump_account(a: Account) -> list[Any]:
    amounts = [a.balance_minor, a.limit_minor, a.held_minor, *a.reserved_minor]
    return [a.number, a.book.number, a.party.number, *amounts, a.suspended]


def _dump_waiting(w: Waiting) -> list[Any]:
    return [w.number, w.rank, w.priority, w.partner, sorted(w.cancel_asked)]


def _dump_hold(h: Hold) -> list[Any]:
    legs = [h.payer.number, h.payee.number, h.amount_minor]
    return [h.number, h.reference, *legs, h.expires_ns, h.decision]


def _dump_recall(r: Recall) -> list[Any]:
    return [r.number, r.instruction, r.reference, r.status, r.reason]


def _dump_cycle(y: Cycle) -> list[Any]:
    books = [book.number for book in y.books]
    return [y.number, y.name, books, y.cut_off_ns, y.top_up_ns, y.until_ns, y.status]


def _dump_obligation(o: Obligation) -> list[Any]:
    key = [o.number, o.cycle, o.sender, o.reference]
    leg = [o.debtor.number, o.creditor.number, o.amount_minor]
    return [*key, *leg, o.priority, o.content, o.set_off_minor, o.status, o.reason, o.text]


def load(data: bytes) -> State:
    """Build the state that ``dump`` wrote, deriving what is derived."""
    (
        parties,
        books,
        accounts,
        dealers,
        (bypass, max_days_ahead),
        instructions,
        statuses,
        reasons,
        returned,
        joined,
        messages,
        refusals_at_edge,
        waiting,
        (last_rank, first_rank),
        holds,
        hold_references,
        last_hold,
        decisions,
        (threshold, last_change, proofs),
        pending,
        clearings,
        exchange,
        mandates,
        confirmations,
        recalls,
        cycles,
        obligations,
        debit_caps,
        screening,
    ) = msgspec.msgpack.decode(data)
    state = State()
    state.bypass, state.max_days_ahead = bypass, max_days_ahead
    state.dealers = {(low, high): dealer for low, high, dealer in dealers}
    state.instructions = [None, *_INSTRUCTIONS.decode(instructions)]
    state.statuses = bytearray(statuses)
    state.reasons = {number: (reason, text) for number, reason, text in reasons}
    state.returned_minor = dict(returned)
    state.joined = dict(joined)
    state.messages = {tuple(m[:3]): (m[3], m[4]) for m in messages}
    state.refusals_at_edge = refusals_at_edge
    state.last_rank, state.first_rank = last_rank, first_rank
    state.last_hold = last_hold
    state.hold_references = {(party, ref): number for party, ref, number in hold_references}
    state.decisions = dict(decisions)
    state.threshold, state.last_change, state.proofs = threshold, last_change, proofs
    state.clearings = clearings
    state.exchange = exchange_dump.load(exchange)
    state.mandates = {(account, payee): limit for account, payee, limit in mandates}
    state.confirmations = {number: (status, reason) for number, status, reason in confirmations}
    state.debit_caps = dict(debit_caps)
    _load_parties(state, parties)
    _load_books(state, books, accounts)
    _load_holds(state, holds)
    _load_references(state)
    _load_recalls(state, recalls)
    load_screening(state, screening)
    _load_queue(state, waiting)
    _load_changes(state, pending)
    _load_cycles(state, cycles, obligations)
    return state


def _load_parties(state: State, parties: list[Any]) -> None:
    for number, bic, is_member, senders, keys in parties:
        party = Party(number, bic)
        party.is_member, party.senders = is_member, set(senders)
        party.keys = {key: (from_ns, until_ns) for key, from_ns, until_ns in keys}
        state.key_owners.update(dict.fromkeys(party.keys, number))
        state.parties[number] = party
        if number:
            state.party_by_bic[bic] = party


def _load_books(state: State, books: list[Any], accounts: list[Any]) -> None:
    for number, currency, issuer, contra_minor, numerator, denominator, *day in books:
        book = Book(number, currency, state.parties[issuer], day[0])
        book.contra.balance_minor = contra_minor
        book.rate = (numerator, denominator)
        book.date, book.settles_date, book.accepts_date, book.closes_ns, book.day_ended = day
        state.books[number] = state.book_by_currency[currency] = book
    for number, book_number, party, balance, limit, held, urgent, high, suspended in accounts:
        account = Account(number, state.books[book_number], state.parties[party])
        account.balance_minor, account.limit_minor, account.held_minor = balance, limit, held
        account.reserved_minor, account.suspended = (urgent, high), suspended
        account.set_floors()
        account.book.accounts.append(account)
        account.party.accounts[book_number] = number
        state.accounts[number] = account


def _load_changes(state: State, pending: list[Any]) -> None:
    for number, proposer, person, change, digest, expires_ns, approvals in pending:
        waits = PendingChange(number, proposer, person, _CHANGE.decode(change), digest, expires_ns)
        waits.approvals = {party: [tuple(who) for who in given] for party, given in approvals}
        state.changes[number] = waits


def _load_holds(state: State, holds: list[Any]) -> None:
    for number, reference, payer, payee, amount_minor, expires_ns, decision in holds:
        accounts = state.accounts[payer], state.accounts[payee]
        hold = Hold(number, reference, *accounts, amount_minor, expires_ns)
        hold.decision = decision
        state.holds[number] = hold
    state.next_expiry_ns = changes.next_expiry_ns(state)


def _load_references(state: State) -> None:
    """Whoever was refused for not being a member used up no reference, even if admitted later."""
    for number, command in enumerate(state.instructions):
        if command is not None and state.reasons.get(number, ("",))[0] != Reason.DNOR:
            party = state.parties.get(command.sender)
            if party is not None and party.is_member:
                party.references.setdefault(command.reference, number)


def _load_recalls(state: State, recalls: list[Any]) -> None:
    for number, instruction, reference, status, reason in recalls:
        recall = Recall(number, instruction, reference)
        recall.status, recall.reason = status, reason
        command = state.instructions[instruction]
        assert command is not None
        state.recalls[number] = recall
        state.recall_references[command.sender, reference] = number


def _load_cycles(state: State, cycles: list[Any], obligations: list[Any]) -> None:
    for number, name, books, cut_off_ns, top_up_ns, until_ns, status in cycles:
        runs_over = tuple(state.books[book] for book in books)
        cycle = Cycle(number, name, runs_over, cut_off_ns, top_up_ns)
        cycle.until_ns, cycle.status = until_ns, CycleStatus(status)
        state.cycles[number] = cycle
    for number, cycle_number, sender, reference, debtor, creditor, amount, *more in obligations:
        priority, content, set_off, status, reason, text = more
        accounts = state.accounts[debtor], state.accounts[creditor]
        obligation = Obligation(
            number, cycle_number, sender, reference, *accounts, amount, priority, content
        )
        obligation.set_off_minor, obligation.status = set_off, ObligationStatus(status)
        obligation.reason, obligation.text = reason, text
        state.obligations[number] = obligation
        state.obligation_references[sender, reference] = number
        cycle = state.cycles[cycle_number]
        cycle.obligations[number] = obligation
        if obligation.status == ObligationStatus.CONFIRMED:
            cycle.count(obligation, 1)


def _load_queue(state: State, queued: list[Any]) -> None:
    for number, rank, priority, partner, cancel_asked in queued:
        command = state.instructions[number]
        assert command is not None
        waiting = Waiting(number, rank, command, accounts_of(state, command.legs))
        waiting.priority, waiting.cancel_asked = priority, frozenset(cancel_asked)
        if partner:
            waiting.partner, waiting.trade_key = partner, None
        elif waiting.trade_key is not None:
            queue.await_partner(state, waiting)
        state.queue[number] = waiting
        waiting.held = is_held(state, waiting)
        queue.enter(state, waiting)
