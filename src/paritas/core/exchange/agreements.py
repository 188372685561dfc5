"""Bilateral local-currency agreements: who may convert what for which purpose, and how much.

A pair for which issuers have an agreement, in force or ended, is governed: nothing is converted
there but under an agreement in force. A pair without any is free.
"""

from __future__ import annotations

from collections.abc import Sequence

from paritas.core.exchange.state import Agreement, pair_of
from paritas.core.state import Account, Book, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, Recorded
from paritas.model.exchange import AgreementTerms
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.reasons import Reason

RECORDED: tuple[AnyEvent, ...] = (Recorded(),)


def sign_agreement(state: State, command: c.SignAgreement) -> Sequence[AnyEvent]:
    """Each of the two issuers signs; other terms under the same number are another agreement."""
    terms = command.terms
    book_a, book_b = state.books.get(terms.book_a), state.books.get(terms.book_b)
    if book_a is None or book_b is None or book_a.number >= book_b.number:
        return refuse(Reason.AM03, "An agreement is about two books, the lower number first.")
    if command.actor not in (book_a.issuer.number, book_b.issuer.number):
        return refuse(Reason.AG01, "Only the two issuers sign an agreement.")
    if terms.ends < terms.starts:
        return refuse(Reason.DT01, "The agreement would have ended before it began.")
    caps = terms.daily_cap_minor, terms.total_cap_minor
    if command.number <= 0 or not all(0 <= cap <= AMOUNT_MINOR_MAX for cap in caps):
        return refuse(Reason.AM12, "A number is positive, a cap an amount of at most 18 digits.")
    earlier = state.exchange.agreements.get(command.number)
    if earlier is not None and earlier.terms != terms:
        return refuse(Reason.DU03, f"Agreement {command.number} was signed with other terms.")
    return (Recorded(command.number),)


def record_signature(state: State, command: c.SignAgreement, number: int) -> None:
    """Add the issuer's signature."""
    agreement = state.exchange.agreements.setdefault(number, Agreement(number, command.terms))
    agreement.signed |= {command.actor}


def end_agreement(state: State, command: c.EndAgreement) -> Sequence[AnyEvent]:
    """Either issuer may end it alone."""
    agreement = state.exchange.agreements.get(command.number)
    if agreement is None:
        return refuse(Reason.NARR, f"There is no agreement {command.number}.")
    if command.actor not in _issuers(state, agreement.terms):
        return refuse(Reason.AG01, "Only its issuers end an agreement.")
    return RECORDED


def record_end(state: State, command: c.EndAgreement, _: int) -> None:
    """It is kept, so that the pair stays governed, and is in force no more."""
    state.exchange.agreements[command.number].signed = frozenset()


def _issuers(state: State, terms: AgreementTerms) -> set[int]:
    return {state.books[n].issuer.number for n in (terms.book_a, terms.book_b)}


def in_force(state: State, agreement: Agreement) -> bool:
    """Say whether both issuers have signed and the date of its lower book is within its dates."""
    terms = agreement.terms
    date = state.books[terms.book_a].date
    return agreement.signed == _issuers(state, terms) and terms.starts <= date <= terms.ends


def _of_pair(state: State, one: Book, other: Book) -> list[Agreement]:
    pair = pair_of(one.number, other.number)
    return [
        agreement
        for _, agreement in sorted(state.exchange.agreements.items())
        if (agreement.terms.book_a, agreement.terms.book_b) == pair
    ]


def allows_dealer(state: State, one: Book, other: Book, dealer: int) -> bool:
    """Say whether a dealer is appointed under some agreement of the pair, or the pair is free."""
    if not state.exchange.agreements:
        return True
    found = _of_pair(state, one, other)
    return not found or any(
        in_force(state, a) and (not a.terms.dealers or dealer in a.terms.dealers) for a in found
    )


def dealer_bears_rounding(state: State, one: Book, other: Book) -> bool:
    """Say whether an agreement in force turns the last minor unit in the payer's favour."""
    return any(
        in_force(state, agreement) and agreement.terms.dealer_bears_rounding
        for agreement in (_of_pair(state, one, other) if state.exchange.agreements else ())
    )


def refusal(
    state: State, accounts: tuple[Account, Account], amounts_minor: tuple[int, int], purpose: str
) -> tuple[Reason, str] | None:
    """Refuse a conversion that no agreement of a governed pair allows; None if it may be.

    ``accounts`` are payer's and payee's, ``amounts_minor`` what is sold and bought.
    """
    if not state.exchange.agreements:
        return None
    found = _of_pair(state, accounts[0].book, accounts[1].book)
    if not found:
        return None
    text = ""
    for agreement in found:
        text = _objection(state, agreement, accounts, amounts_minor, purpose)
        if not text:
            return None
    return Reason.AG01, text


def _objection(
    state: State,
    agreement: Agreement,
    accounts: tuple[Account, Account],
    amounts_minor: tuple[int, int],
    purpose: str,
) -> str:
    terms: AgreementTerms = agreement.terms
    name = f"Agreement {agreement.number}"
    if not in_force(state, agreement):
        return f"{name} is not in force."
    if terms.members:
        for account in accounts:
            if account.party.number not in terms.members:
                return f"{name} does not name {account.party.bic}."
    if terms.purposes and purpose not in terms.purposes:
        return f"{name} does not cover purpose {purpose or '(none)'}."
    amount_minor = _counted(agreement, accounts, amounts_minor)
    book = state.books[terms.book_a]
    used_today = agreement.used_today_minor if agreement.used_date == book.date else 0
    if terms.daily_cap_minor and used_today + amount_minor > terms.daily_cap_minor:
        return f"{name}: the day's cap would be passed."
    if terms.total_cap_minor and agreement.used_total_minor + amount_minor > terms.total_cap_minor:
        return f"{name}: its total cap would be passed."
    return ""


def _counted(
    agreement: Agreement, accounts: tuple[Account, Account], amounts_minor: tuple[int, int]
) -> int:
    """Return the amount on the pair's lower book, which is what the caps count."""
    return amounts_minor[0 if accounts[0].book.number == agreement.terms.book_a else 1]


def ends_of(
    state: State, command: c.SubmitInstruction
) -> tuple[tuple[Account, Account], tuple[int, int]]:
    """Return payer's and payee's account of a conversion, and what is sold and bought in all."""
    payer = state.accounts[command.legs[0].payer]
    payee = state.accounts[command.legs[-1].payee]
    sold = sum(leg.amount_minor for leg in command.legs if leg.payer == payer.number)
    bought = sum(leg.amount_minor for leg in command.legs if leg.payee == payee.number)
    return (payer, payee), (sold, bought)


def is_conversion(state: State, command: c.SubmitInstruction) -> bool:
    """Say whether an instruction converts: by locked quotes, or through the dealer of the pair."""
    if command.conversion is not None and command.conversion.lock:
        return True
    if len(command.legs) != 2 or command.trade:
        return False
    accounts = state.accounts
    first, second = command.legs
    dealer = accounts[first.payee].party
    pair = pair_of(accounts[first.payer].book.number, accounts[second.payer].book.number)
    return accounts[second.payer].party is dealer and state.dealers.get(pair) == dealer.number


def count(state: State, number: int, command: c.SubmitInstruction, *, waits: bool) -> None:
    """Count an accepted conversion towards the caps of the agreement that it is made under."""
    if not state.exchange.agreements or not is_conversion(state, command):
        return
    accounts, amounts_minor = ends_of(state, command)
    purpose = command.conversion.purpose if command.conversion is not None else ""
    for agreement in _of_pair(state, accounts[0].book, accounts[1].book):
        if _objection(state, agreement, accounts, amounts_minor, purpose):
            continue
        date = state.books[agreement.terms.book_a].date
        amount_minor = _counted(agreement, accounts, amounts_minor)
        if agreement.used_date != date:
            agreement.used_date, agreement.used_today_minor = date, 0
        agreement.used_today_minor += amount_minor
        agreement.used_total_minor += amount_minor
        if waits:
            state.exchange.counted[number] = (agreement.number, date, amount_minor)
        return


def end_count(state: State, number: int, *, settled: bool) -> None:
    """A conversion that waited has ended: unsettled, it no longer counts towards any cap."""
    counted = state.exchange.counted.pop(number, None)
    if counted is None or settled:
        return
    of_agreement, date, amount_minor = counted
    agreement = state.exchange.agreements[of_agreement]
    agreement.used_total_minor -= amount_minor
    if agreement.used_date == date:
        agreement.used_today_minor -= amount_minor
