"""From a scheme to the engine: the commands that set it up, and the numbers they lead to.

The engine knows parties, books and accounts by number, given in the order of the commands. The
commands follow the order of the scheme file, so the directory can be drawn up from the scheme
alone, by running them on an empty state.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

import msgspec

from paritas.core import engine
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model.instructions import Bypass
from paritas.model.keys import parse_key
from paritas.model.money import minor_digits
from paritas.model.parties import normalise_bic
from paritas.node.calendars import BookCalendar
from paritas.node.scheme import Book, Scheme

_BYPASS = {"none": Bypass.NONE, "normal": Bypass.NORMAL, "all": Bypass.ALL}


def setup_commands(
    scheme: Scheme, at_ns: int, first_dates: Mapping[str, datetime.date]
) -> Iterator[c.AnyCommand]:
    """Yield the commands that bring a scheme into being; ``first_dates`` by currency.

    Who acts is who must: the operator draws up books, members and rules; each issuer opens the
    accounts on its book, sets their limits and issues their opening balances.
    """
    numbers = _numbers(scheme)
    for currency, book in scheme.books.items():
        date = first_dates[currency].toordinal()
        yield c.CreateBook(at_ns, c.OPERATOR, b"", currency, book.issuer, date)
        rate = scheme.rates[currency] * 10 ** minor_digits(currency)
        book_number = numbers.books[currency]
        yield c.SetRate(at_ns, c.OPERATOR, b"", book_number, rate.numerator, rate.denominator)
    for bic in scheme.members:
        yield c.AdmitMember(at_ns, c.OPERATOR, b"", bic)
    yield from _account_commands(scheme, at_ns, numbers)
    for (one, other), bic in scheme.dealers.items():
        pair = numbers.books[one], numbers.books[other]
        yield c.AppointDealer(at_ns, c.OPERATOR, b"", *pair, numbers.parties[bic])
    for sender, members in scheme.senders.items():
        yield c.AdmitSender(at_ns, c.OPERATOR, b"", sender)
        for bic in members:
            member = numbers.parties[bic]
            yield c.RegisterSender(at_ns, member, b"", member, numbers.parties[sender])
    for mandate in scheme.mandates:
        payer, payee = numbers.parties[mandate.payer], numbers.parties[mandate.payee]
        account = numbers.accounts[mandate.payer, mandate.currency]
        yield c.RegisterMandate(at_ns, payer, b"", account, payee, mandate.limit_minor)
    bypass = int(_BYPASS[scheme.bypass])
    yield c.SetRules(at_ns, c.OPERATOR, b"", bypass, scheme.max_days_ahead)
    if scheme.lists:
        yield from _screening_commands(scheme, at_ns, numbers)
    for bic, keys in scheme.keys.items():
        party = numbers.parties[bic] if bic else c.OPERATOR
        for key in keys:
            yield c.AddKey(at_ns, party, b"", party, parse_key(key))
    # From here on nobody changes anything of this alone.
    yield c.SetApprovals(at_ns, c.OPERATOR, b"", scheme.issuers_needed)


def _screening_commands(scheme: Scheme, at_ns: int, numbers: _Numbers) -> Iterator[c.AnyCommand]:
    """Which lists bind where; their versions come later, as a list outlives its versions."""
    for bic, member in scheme.members.items():
        homes = tuple(
            numbers.books[currency]
            for currency, book in scheme.books.items()
            if member.country in countries_of(book)
        )
        if homes:
            yield c.PlaceMember(at_ns, c.OPERATOR, b"", numbers.parties[bic], homes)
    for currency, book in scheme.books.items():
        issuer = numbers.parties[book.issuer]
        if book.blocked:
            account = numbers.accounts[book.blocked, currency]
            yield c.NameBlockedAccount(at_ns, issuer, b"", account)
        for each in scheme.lists:
            if book.issuer in each.bound_by:
                yield c.BindList(at_ns, issuer, b"", numbers.books[currency], each.name)


def countries_of(book: Book) -> tuple[str, ...]:
    """Return the countries in which the lists that bind on a book bind: else its issuer's."""
    return book.countries or (book.issuer[4:6],)


def _account_commands(scheme: Scheme, at_ns: int, numbers: _Numbers) -> Iterator[c.AnyCommand]:
    for bic, member in scheme.members.items():
        party = numbers.parties[bic]
        for currency, account in member.accounts.items():
            issuer = numbers.parties[scheme.books[currency].issuer]
            number = numbers.accounts[bic, currency]
            yield c.OpenAccount(at_ns, issuer, b"", party, numbers.books[currency])
            if account.limit_minor:
                yield c.SetLimit(at_ns, issuer, b"", number, account.limit_minor)
            if account.debit_cap_minor is not None:
                yield c.SetDebitCap(at_ns, issuer, b"", number, account.debit_cap_minor)
            if account.balance_minor:
                yield c.IssueMoney(at_ns, issuer, b"", number, account.balance_minor)
            reserved = account.reserved_urgent_minor, account.reserved_high_minor
            if any(reserved):
                yield c.SetReservation(at_ns, party, b"", number, *reserved)
            if member.suspended:
                yield c.SuspendMember(at_ns, issuer, b"", number)


class _Numbers(msgspec.Struct, frozen=True):
    """The numbers that the engine will give, in the order of ``setup_commands``."""

    parties: dict[str, int]
    books: dict[str, int]
    accounts: dict[tuple[str, str], int]


def _numbers(scheme: Scheme) -> _Numbers:
    bics = [book.issuer for book in scheme.books.values()]
    bics += [*scheme.members, *scheme.senders]
    accounts = [(bic, cur) for bic, member in scheme.members.items() for cur in member.accounts]
    return _Numbers(
        {bic: number for number, bic in enumerate(dict.fromkeys(bics), 1)},
        {currency: number for number, currency in enumerate(scheme.books, 1)},
        {account: number for number, account in enumerate(accounts, 1)},
    )


class Directory(msgspec.Struct, frozen=True):
    """What the intake looks up: parties by BIC, accounts by BIC and currency, dealers, calendars."""

    parties: dict[str, int]
    members: dict[str, int]
    accounts: dict[tuple[str, str], int]
    books: dict[str, int]
    #: Pair of currencies in alphabetical order -> the dealer's BIC.
    dealers: dict[tuple[str, str], str]
    calendars: dict[str, BookCalendar]

    def party(self, bic: str) -> int:
        """Return the number of a party by its BIC of 8 or 11 characters, or -1."""
        return self.parties.get(normalise_bic(bic), -1)


def directory_of_state(state: State, calendars: Mapping[str, BookCalendar]) -> Directory:
    """Draw up the directory of a running node, with all that was admitted since it began."""
    bics = {number: party.bic for number, party in state.parties.items()}
    currencies = {number: book.currency for number, book in state.books.items()}
    return Directory(
        parties={bic: party.number for bic, party in state.party_by_bic.items()},
        members={b: party.number for b, party in state.party_by_bic.items() if party.is_member},
        accounts={(a.party.bic, a.book.currency): n for n, a in state.accounts.items()},
        books={book.currency: number for number, book in state.books.items()},
        dealers={
            (min(pair), max(pair)): bics[dealer]
            for (low, high), dealer in state.dealers.items()
            for pair in ((currencies[low], currencies[high]),)
        },
        calendars=dict(calendars),
    )


def state_of(scheme: Scheme) -> State:
    """Return the state as the scheme sets it up, before any day begins.

    Raises AssertionError if the engine refuses a command: ``load_scheme`` lets no scheme pass for
    which that can be.
    """
    state = State()
    today = dict.fromkeys(scheme.books, datetime.date(2000, 1, 3))
    for command in setup_commands(scheme, 0, today):
        events = engine.apply(state, command)
        assert type(events[0]).__name__ == "Recorded", (command, events)
    return state


def directory_of(scheme: Scheme) -> Directory:
    """Draw up the directory by setting the scheme up in an empty state.

    Raises AssertionError if the engine gives another number than expected.
    """
    state = state_of(scheme)
    accounts = {
        (state.accounts[n].party.bic, state.accounts[n].book.currency): n for n in state.accounts
    }
    numbers = _numbers(scheme)
    assert accounts == numbers.accounts
    assert all(state.party_by_bic[bic].number == n for bic, n in numbers.parties.items())
    return Directory(
        parties=numbers.parties,
        members={bic: numbers.parties[bic] for bic in scheme.members},
        accounts=accounts,
        books=numbers.books,
        dealers=scheme.dealers,
        calendars={currency: BookCalendar(book) for currency, book in scheme.books.items()},
    )
