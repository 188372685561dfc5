"""Books, members, accounts, limits, money, rules and the business day.

Each function named after a command decides on it; ``record_...`` counterparts in ``RECORDERS``
carry it out. Law 9 stands here: only its issuer issues, redeems, sets limits and membership on a
book. The operator draws up the scheme and runs the day; it moves no money.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from paritas.core import cycles, queue
from paritas.core.lifecycle import LawBroken
from paritas.core.state import Account, Book, Party, State, Waiting
from paritas.core.verdicts import is_frozen
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, QueuedRefused, Recorded
from paritas.model.instructions import Bypass
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.reasons import Reason

RECORDED: tuple[AnyEvent, ...] = (Recorded(),)

#: A book never issues more than this in sum, so that every balance fits 64 bits wherever it goes.
ISSUED_MINOR_MAX = 2**62

_NOT_OPERATOR = (Reason.AG01, "Only the operator of the scheme may do this.")
_NO_ACCOUNT = (Reason.AC01, "There is no such account.")
_NO_BOOK = (Reason.AM03, "There is no such book.")
_NO_MEMBER = (Reason.AGNT, "There is no such member.")


# --- messages and refusals at the edge ---------------------------------------------------------


def record_message(state: State, command: c.RecordMessage) -> Sequence[AnyEvent]:
    """A message's key with the same bytes changes nothing; with other bytes it is refused."""
    earlier = state.messages.get(_message_key(command))
    if earlier is None:
        return (Recorded(len(state.messages) + 1),)
    if earlier[1] == command.digest:
        return ()
    text = f"Message id {command.message_id} was used before, for a message with other content."
    return refuse(Reason.DU01, text)


def _message_key(command: c.RecordMessage) -> tuple[str, str, str]:
    return (command.sender, command.message_type, command.message_id)


def _record_message(state: State, command: c.RecordMessage, number: int) -> None:
    state.messages[_message_key(command)] = (number, command.digest)


def record_refusal(state: State, command: c.RecordRefusal) -> Sequence[AnyEvent]:
    """What was refused at the edge is kept, with the number under which it can be found."""
    return (Recorded(state.refusals_at_edge + 1),)


def _record_refusal(state: State, command: c.RecordRefusal, number: int) -> None:
    state.refusals_at_edge = number


def note(state: State, command: c.Command) -> Sequence[AnyEvent]:
    """A command that says all there is to say: it stands in the journal and changes nothing."""
    return RECORDED


def _record_nothing(state: State, command: c.Command, number: int) -> None:
    pass


# --- the scheme --------------------------------------------------------------------------------


def create_book(state: State, command: c.CreateBook) -> Sequence[AnyEvent]:
    """One book for each currency, at its issuer."""
    if command.actor != c.OPERATOR:
        return refuse(*_NOT_OPERATOR)
    if not command.currency or command.currency in state.book_by_currency:
        return refuse(Reason.AM03, f"There is a book in {command.currency!r} already.")
    issuer = state.party_by_bic.get(command.issuer_bic)
    if not command.issuer_bic or (issuer is not None and issuer.is_member):
        return refuse(Reason.AGNT, f"{command.issuer_bic!r} cannot be an issuer.")
    return (Recorded(len(state.books) + 1),)


def _party(state: State, bic: str) -> Party:
    party = state.party_by_bic.get(bic)
    if party is None:
        party = Party(len(state.parties), bic)
        state.parties[party.number] = party
        state.party_by_bic[bic] = party
    return party


def _record_book(state: State, command: c.CreateBook, number: int) -> None:
    book = Book(number, command.currency, _party(state, command.issuer_bic), command.date)
    state.books[number] = book
    state.book_by_currency[command.currency] = book


def admit_member(state: State, command: c.AdmitMember) -> Sequence[AnyEvent]:
    """An issuer is never a member: it would settle against its own liabilities."""
    if command.actor != c.OPERATOR:
        return refuse(*_NOT_OPERATOR)
    party = state.party_by_bic.get(command.bic)
    if not command.bic or (party is not None and (party.is_member or state.is_issuer(party))):
        return refuse(Reason.AGNT, f"{command.bic!r} cannot be admitted: it is taken.")
    return (Recorded(party.number if party else len(state.parties)),)


def admit_sender(state: State, command: c.AdmitSender) -> Sequence[AnyEvent]:
    """A sender may be anybody; one that is known already keeps its number."""
    if command.actor != c.OPERATOR:
        return refuse(*_NOT_OPERATOR)
    if not command.bic:
        return refuse(Reason.AGNT, "A sender needs a BIC.")
    party = state.party_by_bic.get(command.bic)
    return (Recorded(party.number if party else len(state.parties)),)


def _record_known_sender(state: State, command: c.AdmitSender, number: int) -> None:
    _party(state, command.bic)


def _record_member(state: State, command: c.AdmitMember, number: int) -> None:
    _party(state, command.bic).is_member = True


def open_account(state: State, command: c.OpenAccount) -> Sequence[AnyEvent]:
    """The issuer opens a member's account on its own book, one for each member."""
    book, member = state.books.get(command.book), state.parties.get(command.member)
    if book is None:
        return refuse(*_NO_BOOK)
    if member is None or not member.is_member:
        return refuse(*_NO_MEMBER)
    if book.number in member.accounts:
        return refuse(Reason.AC01, f"{member.bic} has an account in {book.currency} already.")
    return issuer_only(book, command) or (Recorded(len(state.accounts) + 1),)


def issuer_only(book: Book, command: c.Command) -> tuple[AnyEvent, ...] | None:
    """Refuse what anybody but the book's issuer wishes on its book (law 9)."""
    if command.actor == book.issuer.number:
        return None
    return refuse(Reason.AG01, f"Only {book.issuer.bic}, its issuer, may do this on its book.")


def _record_account(state: State, command: c.OpenAccount, number: int) -> None:
    book, member = state.books[command.book], state.parties[command.member]
    account = Account(number, book, member)
    state.accounts[number] = account
    book.accounts.append(account)
    member.accounts[book.number] = number


def register_sender(state: State, command: c.RegisterSender) -> Sequence[AnyEvent]:
    """A member lets somebody else send for it."""
    member = state.parties.get(command.member)
    if member is None or not member.is_member or command.sender not in state.parties:
        return refuse(*_NO_MEMBER)
    if command.actor != command.member:
        return refuse(Reason.AG01, "Only the member itself may let another send for it.")
    return RECORDED


def _record_sender(state: State, command: c.RegisterSender, number: int) -> None:
    state.parties[command.member].senders.add(command.sender)


def set_rate(state: State, command: c.SetRate) -> Sequence[AnyEvent]:
    """The reference rate of a book, from its issuer or the operator."""
    book = state.books.get(command.book)
    if book is None:
        return refuse(*_NO_BOOK)
    if command.actor not in (c.OPERATOR, book.issuer.number):
        return refuse(Reason.AG01, f"Only {book.issuer.bic} or the operator sets this rate.")
    if command.numerator <= 0 or command.denominator <= 0:
        return refuse(Reason.NARR, "A rate is a fraction of two positive integers.")
    return RECORDED


def _record_rate(state: State, command: c.SetRate, number: int) -> None:
    state.books[command.book].rate = (command.numerator, command.denominator)


def appoint_dealer(state: State, command: c.AppointDealer) -> Sequence[AnyEvent]:
    """The dealer of a pair is a member with accounts on both books."""
    if command.actor != c.OPERATOR:
        return refuse(*_NOT_OPERATOR)
    dealer = state.parties.get(command.member)
    pair = {command.book_a, command.book_b}
    if dealer is None or len(pair) != 2 or not pair <= dealer.accounts.keys():
        return refuse(Reason.AGNT, "A dealer needs an account on each of the pair's two books.")
    return RECORDED


def _record_dealer(state: State, command: c.AppointDealer, number: int) -> None:
    lower, higher = sorted((command.book_a, command.book_b))
    state.dealers[lower, higher] = command.member


def set_rules(state: State, command: c.SetRules) -> Sequence[AnyEvent]:
    """Scheme-wide rules of the queue and the calendar."""
    if command.actor != c.OPERATOR:
        return refuse(*_NOT_OPERATOR)
    if command.bypass not in tuple(Bypass) or command.max_days_ahead < 0:
        return refuse(Reason.NARR, "These rules are out of range.")
    return RECORDED


def _record_rules(state: State, command: c.SetRules, number: int) -> None:
    state.bypass = command.bypass
    state.max_days_ahead = command.max_days_ahead
    for account in state.accounts.values():
        queue.put_on_retry(state, account)


# --- accounts ----------------------------------------------------------------------------------


def _issuers_account(state: State, command: Any) -> Account | tuple[AnyEvent, ...]:
    account = state.accounts.get(command.account)
    if account is None:
        return refuse(*_NO_ACCOUNT)
    return issuer_only(account.book, command) or account


def set_limit(state: State, command: c.SetLimit) -> Sequence[AnyEvent]:
    """An issuer may lower a limit below what is used; the account is then over limit (law 2)."""
    account = _issuers_account(state, command)
    if not isinstance(account, Account):
        return account
    if not 0 <= command.limit_minor <= AMOUNT_MINOR_MAX:
        return refuse(Reason.AM12, "A limit is a non-negative amount of at most 18 digits.")
    return RECORDED


def _record_limit(state: State, command: c.SetLimit, number: int) -> None:
    account = state.accounts[command.account]
    account.limit_minor = command.limit_minor
    account.set_floors()
    queue.put_on_retry(state, account)


def issue_money(state: State, command: c.IssueMoney) -> Sequence[AnyEvent]:
    """Money comes onto a book only here, against the issuer's contra account."""
    account = _issuers_account(state, command)
    if not isinstance(account, Account):
        return account
    if not 0 < command.amount_minor <= AMOUNT_MINOR_MAX:
        return refuse(Reason.AM12, "The amount issued must be positive, of at most 18 digits.")
    if command.amount_minor - account.book.contra.balance_minor > ISSUED_MINOR_MAX:
        return refuse(Reason.AM02, "The book would hold more money than it can count.")
    return RECORDED


def _record_issue(state: State, command: c.IssueMoney, number: int) -> None:
    account = state.accounts[command.account]
    account.book.contra.balance_minor -= command.amount_minor
    account.balance_minor += command.amount_minor
    queue.put_on_retry(state, account)


def redeem_money(state: State, command: c.RedeemMoney) -> Sequence[AnyEvent]:
    """Money leaves a book only here, and only what is there and not held."""
    account = _issuers_account(state, command)
    if not isinstance(account, Account):
        return account
    if not 0 < command.amount_minor <= AMOUNT_MINOR_MAX:
        return refuse(Reason.AM12, "The amount redeemed must be positive, of at most 18 digits.")
    if account.balance_minor - command.amount_minor < account.floors[0] + account.limit_minor:
        return refuse(Reason.AM04, "The account has not got this much free to redeem.")
    return RECORDED


def _record_redemption(state: State, command: c.RedeemMoney, number: int) -> None:
    account = state.accounts[command.account]
    account.book.contra.balance_minor += command.amount_minor
    account.balance_minor -= command.amount_minor


def set_reservation(state: State, command: c.SetReservation) -> Sequence[AnyEvent]:
    """A member reserves funds of its own account."""
    account = state.accounts.get(command.account)
    if account is None:
        return refuse(*_NO_ACCOUNT)
    if command.actor != account.party.number and command.actor not in account.party.senders:
        return refuse(Reason.AG01, "Only the member reserves funds on its account.")
    if not all(
        0 <= amount <= AMOUNT_MINOR_MAX for amount in (command.urgent_minor, command.high_minor)
    ):
        return refuse(Reason.AM12, "A reservation is a non-negative amount of at most 18 digits.")
    return RECORDED


def _record_reservation(state: State, command: c.SetReservation, number: int) -> None:
    account = state.accounts[command.account]
    account.reserved_minor = (command.urgent_minor, command.high_minor)
    account.set_floors()
    queue.put_on_retry(state, account)


def suspend_member(state: State, command: c.SuspendMember) -> Sequence[AnyEvent]:
    """An issuer stops a member on its own book."""
    account = _issuers_account(state, command)
    return RECORDED if isinstance(account, Account) else account


reinstate_member = suspend_member


def _record_suspension(state: State, command: c.SuspendMember, number: int) -> None:
    _set_suspended(state, state.accounts[command.account], True)


def _record_reinstatement(state: State, command: c.ReinstateMember, number: int) -> None:
    _set_suspended(state, state.accounts[command.account], False)


def _set_suspended(state: State, account: Account, suspended: bool) -> None:
    account.suspended = suspended
    for waiting in state.queue.values():
        if account in waiting.accounts:
            queue.refresh(state, waiting)


# --- the business day --------------------------------------------------------------------------


def _operators_book(state: State, command: Any) -> Book | tuple[AnyEvent, ...]:
    book = state.books.get(command.book)
    if book is None:
        return refuse(*_NO_BOOK)
    if command.actor not in (c.OPERATOR, book.issuer.number):
        return refuse(Reason.AG01, f"Only the operator or {book.issuer.bic} moves this book's day.")
    return book


def open_window(state: State, command: c.OpenWindow) -> Sequence[AnyEvent]:
    """A business date opens once; what waited for an earlier date that never opened is refused."""
    book = _operators_book(state, command)
    if not isinstance(book, Book):
        return book
    if book.settles_date:
        return refuse(Reason.DT01, f"The {book.currency} book is open; close it first.")
    if command.date < book.date or (command.date == book.date and book.day_ended):
        return refuse(Reason.DT05, f"The {book.currency} book has ended this date already.")
    if not command.opens_ns <= command.at_ns < command.closes_ns:
        return refuse(Reason.TM01, "A window opens between its own two moments only.")
    text = f"The {book.currency} book did not open on the value date."
    missed = [w for w in _touching(state, book) if w.value_date < command.date]
    return (Recorded(), *(QueuedRefused(w.number, Reason.DT01, text) for w in missed))


def _touching(state: State, book: Book) -> Sequence[Waiting]:
    return [w for w in state.queue.values() if any(a.book is book for a in w.accounts)]


def _record_opening(state: State, command: c.OpenWindow, number: int) -> None:
    book = state.books[command.book]
    book.date = book.settles_date = book.accepts_date = command.date
    book.closes_ns = command.closes_ns
    book.day_ended = False
    for waiting in _touching(state, book):
        queue.refresh(state, waiting)


def cut_off(state: State, command: c.CutOff) -> Sequence[AnyEvent]:
    """Nothing new for the present date; what waits may still settle until the close."""
    book = _operators_book(state, command)
    if not isinstance(book, Book):
        return book
    return RECORDED if book.settles_date else refuse(*_closed(book))


def _closed(book: Book) -> tuple[Reason, str]:
    return Reason.TM01, f"The {book.currency} book is closed."


def _record_cut_off(state: State, command: c.CutOff, number: int) -> None:
    state.books[command.book].accepts_date = 0


def close_book(state: State, command: c.CloseBook) -> Sequence[AnyEvent]:
    """The date ends: what is due by it and touches the book is refused, AM04 or AB03."""
    book = _operators_book(state, command)
    if not isinstance(book, Book):
        return book
    if not book.settles_date:
        return refuse(*_closed(book))
    ended = [w for w in _touching(state, book) if w.value_date <= book.date]
    refused = (_unsettled_at_close(state, book, waiting) for waiting in ended)
    return (Recorded(), *refused, *cycles.lapse(state, book))


def _unsettled_at_close(state: State, book: Book, waiting: Waiting) -> QueuedRefused:
    if waiting.trade_key is not None:
        text = f"No matching side came before the {book.currency} book closed."
        return QueuedRefused(waiting.number, Reason.AB03, text)
    # What was frozen has been paid for: only its payee goes without.
    for account, amount_minor in () if is_frozen(state, waiting) else waiting.outflows:
        if account.balance_minor - amount_minor < account.floors[waiting.priority]:
            text = f"Not funded in {account.book.currency} when the {book.currency} book closed."
            return QueuedRefused(waiting.number, Reason.AM04, text)
    text = f"Could not settle before the {book.currency} book closed."
    return QueuedRefused(waiting.number, Reason.AB03, text)


def _record_close(state: State, command: c.CloseBook, number: int) -> None:
    book = state.books[command.book]
    if not book.settles_date:
        raise LawBroken(f"The {book.currency} book closes twice.")
    book.settles_date = book.accepts_date = 0
    book.day_ended = True
    for waiting in _touching(state, book):
        queue.refresh(state, waiting)


def _record_clearing(state: State, command: c.BeginClearing, number: int) -> None:
    state.clearings = number


RECORDERS: dict[type, Callable[[State, Any, int], None]] = {
    c.RecordMessage: _record_message,
    c.RecordRefusal: _record_refusal,
    c.CreateBook: _record_book,
    c.AdmitMember: _record_member,
    c.AdmitSender: _record_known_sender,
    c.OpenAccount: _record_account,
    c.RegisterSender: _record_sender,
    c.SetRate: _record_rate,
    c.AppointDealer: _record_dealer,
    c.SetRules: _record_rules,
    c.SetLimit: _record_limit,
    c.IssueMoney: _record_issue,
    c.RedeemMoney: _record_redemption,
    c.SetReservation: _record_reservation,
    c.SuspendMember: _record_suspension,
    c.ReinstateMember: _record_reinstatement,
    c.OpenWindow: _record_opening,
    c.CutOff: _record_cut_off,
    c.CloseBook: _record_close,
    c.BeginClearing: _record_clearing,
    c.RecordRequest: _record_nothing,
    c.PassTime: _record_nothing,
    c.SetDebitCap: cycles.record_debit_cap,
}
