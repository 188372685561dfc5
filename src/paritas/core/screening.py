"""Lists that bind, verdicts on what waits, and what an authority decides on a hit (law 7).

The authority is the issuer of the book that binds the list, and it decides for its own book only.
Every decision takes two different people, and the issuer's key where it has one. A rejected or frozen
instruction goes on waiting until its books close and ends as any other that did not settle: nobody
but the authority can tell it from one (no tipping off). No clock releases anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from paritas.core import keys, queue, verdicts
from paritas.core.administration import RECORDED, issuer_only
from paritas.core.state import Account, Book, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, HitDecided, MoneyOrdered, Recorded
from paritas.model.reasons import Reason
from paritas.model.screening import Decision, Outcome, Verdict, doubts

#: A party is exempted for at most a year and a day; then two people look again.
EXEMPTION_NS_MAX = 366 * 86_400 * 10**9

_PERSON_BYTES_MAX = 64
_NOBODY = (Reason.AG01, "It must say who acts.")
_UNSIGNED = (Reason.AG01, "This issuer has keys: one of its two people must sign with one of them.")


def _book_of_issuer(state: State, command: Any) -> Book | tuple[AnyEvent, ...]:
    book = state.books.get(command.book)
    if book is None:
        return refuse(Reason.AM03, "There is no such book.")
    return issuer_only(book, command) or book


# --- lists -------------------------------------------------------------------------------------


def bind_list(state: State, command: c.BindList) -> Sequence[AnyEvent]:
    """From now on what touches the book needs a verdict; before a first version nothing has one."""
    book = _book_of_issuer(state, command)
    if not isinstance(book, Book):
        return book
    if not command.list_id or command.list_id in book.lists:
        return refuse(Reason.NARR, f"List {command.list_id!r} binds already, or has no name.")
    return (Recorded(book.list_version + 1),)


def _record_binding(state: State, command: c.BindList, number: int) -> None:
    book = state.books[command.book]
    if not book.lists:
        book.bound_from = len(state.instructions)
    book.lists[command.list_id] = None
    book.list_version = number
    verdicts.refresh_all(state)


def unbind_list(state: State, command: c.UnbindList) -> Sequence[AnyEvent]:
    """The issuer lets a list go; for what else binds there, all that waits is screened again."""
    book = _book_of_issuer(state, command)
    if not isinstance(book, Book):
        return book
    if command.list_id not in book.lists:
        return refuse(Reason.NARR, f"List {command.list_id!r} does not bind here.")
    return (Recorded(book.list_version + 1),)


def _record_unbinding(state: State, command: c.UnbindList, number: int) -> None:
    book = state.books[command.book]
    del book.lists[command.list_id]
    book.list_version = number
    verdicts.refresh_all(state)


def load_list_version(state: State, command: c.LoadListVersion) -> Sequence[AnyEvent]:
    """A new version, unless it looks like a mistake; the same once more changes nothing."""
    book = _book_of_issuer(state, command)
    if not isinstance(book, Book):
        return book
    if command.list_id not in book.lists:
        return refuse(Reason.NARR, f"List {command.list_id!r} does not bind here: bind it first.")
    former = book.lists[command.list_id]
    if former == (command.published, command.entries, command.digest):
        return (Recorded(book.list_version),)
    found = doubts(former[:2] if former else None, command.published, command.entries)
    if found and not command.insisted:
        text = f"{' '.join(found)} The version in force stays; two different people may insist."
        return refuse(Reason.NARR, text)
    return (Recorded(book.list_version + 1),)


def load_directly(state: State, command: c.LoadListVersion) -> Sequence[AnyEvent]:
    """An update is daily work for one person; only to insist on one takes a change for two."""
    if command.insisted and state.threshold:
        return refuse(Reason.AG01, "To insist takes more than one person: propose it as a change.")
    return load_list_version(state, command)


def _record_version(state: State, command: c.LoadListVersion, number: int) -> None:
    book = state.books[command.book]
    book.lists[command.list_id] = (command.published, command.entries, command.digest)
    book.list_version = number
    verdicts.refresh_all(state)


def place_member(state: State, command: c.PlaceMember) -> Sequence[AnyEvent]:
    """The operator says where a member is at home."""
    if command.actor != c.OPERATOR:
        return refuse(Reason.AG01, "Only the operator of the scheme may do this.")
    party = state.parties.get(command.member)
    if party is None or not party.is_member:
        return refuse(Reason.AGNT, "There is no such member.")
    if not state.books.keys() >= set(command.books):
        return refuse(Reason.AM03, "There is no such book.")
    return RECORDED


def _record_place(state: State, command: c.PlaceMember, number: int) -> None:
    party = state.parties[command.member]
    party.homes = tuple(sorted(set(command.books)))
    party.homes_from = len(state.instructions)
    verdicts.refresh_all(state)


# --- verdicts and decisions --------------------------------------------------------------------


def record_evidence(state: State, command: c.RecordEvidence) -> Sequence[AnyEvent]:
    """The record itself is all there is; what it seals lies beside it."""
    if command.actor != c.OPERATOR:
        return refuse(Reason.AG01, "Only the node that screens may record evidence.")
    return RECORDED


def _record_nothing(state: State, command: c.RecordEvidence, number: int) -> None:
    """The state needs no evidence."""


def screen_again(state: State, command: c.ScreenAgain) -> Sequence[AnyEvent]:
    """Take verdicts on the lists in force, and only where there is none yet."""
    if command.actor != c.OPERATOR:
        return refuse(Reason.AG01, "Only the node that screens may give verdicts.")
    first = state.joined.get(command.number, command.number)
    instruction = state.instructions[command.number] if first in state.queue else None
    if instruction is None:
        return refuse(Reason.NARR, f"Instruction {command.number} does not wait.")
    given = _by_book(state.rescreened.get(command.number, instruction.verdicts))
    for verdict in command.verdicts:
        book = state.books.get(verdict.book)
        if book is None or not book.lists or verdict.version != book.list_version:
            return refuse(Reason.NARR, f"Verdict on book {verdict.book}: not the lists in force.")
        earlier = given.get(verdict.book)
        if earlier is not None and earlier.version == verdict.version and earlier != verdict:
            return refuse(Reason.NARR, f"The verdict on book {verdict.book} stands.")
    return RECORDED


def _by_book(given: tuple[Verdict, ...]) -> dict[int, Verdict]:
    """Return one verdict for each book; of several a hit counts."""
    return {v.book: v for v in sorted(given, key=lambda v: v.outcome != Outcome.CLEAR)}


def _record_verdicts(state: State, command: c.ScreenAgain, number: int) -> None:
    instruction = state.instructions[command.number]
    assert instruction is not None
    given = _by_book(state.rescreened.get(command.number, instruction.verdicts))
    for verdict in command.verdicts:
        given[verdict.book] = verdict
        state.opinions.pop((command.number, verdict.book), None)
    state.rescreened[command.number] = tuple(given[book] for book in sorted(given))
    verdicts.refresh(state, state.queue[state.joined.get(command.number, command.number)])


def decide_hit(state: State, command: c.DecideHit) -> Sequence[AnyEvent]:
    """One person of the authority says what becomes of a hit; with a second one it is decided."""
    book = _book_of_issuer(state, command)
    if not isinstance(book, Book):
        return book
    if not 0 < len(command.person) <= _PERSON_BYTES_MAX:
        return refuse(*_NOBODY)
    if not command.reason:
        return refuse(Reason.NARR, "A decision needs a reason.")
    if command.decision not in tuple(Decision):
        return refuse(Reason.NARR, f"Decision {command.decision} is none of 1, 2, 3.")
    key = command.number, command.book
    if verdicts.hit_of(state, command.number, book) is None:
        return refuse(Reason.NARR, f"Instruction {command.number} waits for no decision here.")
    decided = state.hit_decisions.get(key)
    if decided is not None and (decided[0] != Decision.RELEASE or decided[1] == book.list_version):
        return refuse(Reason.NARR, f"Instruction {command.number} has been decided on here.")
    orders: Sequence[AnyEvent] = ()
    if command.decision == Decision.FREEZE:
        found = _orders(state, command.number, book)
        if isinstance(found, str):
            return refuse(Reason.NARR, found)
        orders = found
    agreeing = [
        signed
        for person, (decision, signed) in state.opinions.get(key, {}).items()
        if person != command.person and decision == command.decision
    ]
    if not agreeing:
        return RECORDED
    if _lacks_signature(book, command, any(agreeing)):
        return refuse(*_UNSIGNED)
    return (HitDecided(*key, command.decision), *orders)


def _lacks_signature(book: Book, command: c.Command, was_signed: bool) -> bool:
    """Law 9: where an issuer has keys, nothing is done on its book without one of them."""
    return not was_signed and not command.signature and keys.signs(book.issuer, command.at_ns)


def _orders(state: State, number: int, book: Book) -> Sequence[MoneyOrdered] | str:
    """Return the orders of money that freezing takes, or why it cannot be ordered."""
    blocked = book.blocked
    if blocked is None:
        return f"{book.issuer.bic} has named no blocked account on its book."
    instruction = state.instructions[state.joined.get(number, number)]
    assert instruction is not None
    orders: list[MoneyOrdered] = []
    taken: dict[Account, int] = {}
    for leg in instruction.legs:
        payer = state.accounts[leg.payer]
        if payer.book is book:
            order = state.last_order + len(orders) + 1
            orders.append(MoneyOrdered(order, payer.number, blocked.number, leg.amount_minor))
            taken[payer] = taken.get(payer, 0) + leg.amount_minor
    if not orders:
        return f"Nothing moves on the {book.currency} book: it can be released or rejected."
    if blocked in taken:
        return "The payer's account is the blocked account."
    if any(account.balance_minor - amount < account.floors[0] for account, amount in taken.items()):
        return "The payer's account has not got this much free: there is nothing to freeze yet."
    return orders


def _record_opinion(state: State, command: c.DecideHit, number: int) -> None:
    opinions = state.opinions.setdefault((command.number, command.book), {})
    opinions[command.person] = (command.decision, bool(command.signature))


def hit_decided(state: State, command: c.DecideHit, event: HitDecided) -> None:
    """Two people agree."""
    key = event.number, event.book
    state.hit_decisions[key] = (event.decision, state.books[event.book].list_version)
    state.opinions.pop(key, None)
    verdicts.refresh(state, state.queue[state.joined.get(event.number, event.number)])


def name_blocked_account(state: State, command: c.NameBlockedAccount) -> Sequence[AnyEvent]:
    """The issuer names an account on its own book; it is suspended from then on."""
    account = state.accounts.get(command.account)
    if account is None:
        return refuse(Reason.AC01, "There is no such account.")
    return issuer_only(account.book, command) or RECORDED


def _record_blocked(state: State, command: c.NameBlockedAccount, number: int) -> None:
    account = state.accounts[command.account]
    account.book.blocked = account
    account.suspended = True
    for waiting in state.queue.values():
        if account in waiting.accounts:
            queue.refresh(state, waiting)


def exempt_pair(state: State, command: c.ExemptPair) -> Sequence[AnyEvent]:
    """A party that is known not to be a listed entry; two people, and not for ever."""
    book = _book_of_issuer(state, command)
    if not isinstance(book, Book):
        return book
    if not 0 < len(command.person) <= _PERSON_BYTES_MAX:
        return refuse(*_NOBODY)
    if not command.pair:
        return refuse(Reason.NARR, "An exemption names the pair that it is for.")
    if command.expires_ns == 0:
        known = (command.book, command.pair) in state.exemptions
        return RECORDED if known else refuse(Reason.NARR, "There is no such exemption.")
    if _agrees(state, command) and _lacks_signature(
        book, command, state.exemptions[command.book, command.pair][2]
    ):
        return refuse(*_UNSIGNED)
    if not command.at_ns < command.expires_ns <= command.at_ns + EXEMPTION_NS_MAX:
        return refuse(Reason.DT01, "An exemption ends within a year.")
    return RECORDED


def _agrees(state: State, command: c.ExemptPair) -> bool:
    """Say whether it is the second person who says the same as the first."""
    expires_ns, person, _, agreed = state.exemptions.get(
        (command.book, command.pair), (0, b"", False, b"")
    )
    return expires_ns == command.expires_ns and person != command.person and not agreed


def _record_exemption(state: State, command: c.ExemptPair, number: int) -> None:
    key = command.book, command.pair
    if command.expires_ns == 0:
        del state.exemptions[key]
    elif _agrees(state, command):
        expires_ns, person, signed, _ = state.exemptions[key]
        state.exemptions[key] = (expires_ns, person, signed, command.person)
    else:
        signed = bool(command.signature)
        state.exemptions[key] = (command.expires_ns, command.person, signed, b"")


def is_exempt(state: State, book: int, pair: bytes, at_ns: int) -> bool:
    """Say whether two people of the authority have said that this party is not this entry."""
    expires_ns, _, _, agreed = state.exemptions.get((book, pair), (0, b"", False, b""))
    return bool(agreed) and at_ns < expires_ns


#: What is a change for two people (``core.approvals``).
CHANGES: dict[type, Callable[[State, Any], Sequence[AnyEvent]]] = {
    c.BindList: bind_list,
    c.UnbindList: unbind_list,
    c.LoadListVersion: load_list_version,
    c.PlaceMember: place_member,
    c.NameBlockedAccount: name_blocked_account,
}

HANDLERS: dict[type, Callable[[State, Any], Sequence[AnyEvent]]] = {
    c.LoadListVersion: load_directly,
    c.RecordEvidence: record_evidence,
    c.ScreenAgain: screen_again,
    c.DecideHit: decide_hit,
    c.ExemptPair: exempt_pair,
}

RECORDERS: dict[type, Callable[[State, Any, int], None]] = {
    c.BindList: _record_binding,
    c.UnbindList: _record_unbinding,
    c.LoadListVersion: _record_version,
    c.PlaceMember: _record_place,
    c.RecordEvidence: _record_nothing,
    c.ScreenAgain: _record_verdicts,
    c.DecideHit: _record_opinion,
    c.NameBlockedAccount: _record_blocked,
    c.ExemptPair: _record_exemption,
}
