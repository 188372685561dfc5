"""The part of a snapshot that law 7 needs: lists, homes, verdicts, decisions."""

from __future__ import annotations

from typing import Any

import msgspec

from paritas.core.state import State
from paritas.model.screening import Verdict


def dump_screening(state: State) -> list[Any]:
    """Return it as plain sorted data."""
    return [
        [
            [
                book.number,
                sorted(book.lists.items()),
                book.list_version,
                book.bound_from,
                book.blocked.number if book.blocked else 0,
            ]
            for _, book in sorted(state.books.items())
            if book.list_version or book.blocked
        ],
        [
            [party.number, party.homes, party.homes_from]
            for _, party in sorted(state.parties.items())
            if party.homes_from or party.homes
        ],
        sorted(state.rescreened.items()),
        sorted([*key, *decided] for key, decided in state.hit_decisions.items()),
        sorted([*key, sorted(said.items())] for key, said in state.opinions.items()),
        sorted([*key, *exempt] for key, exempt in state.exemptions.items()),
        state.last_order,
    ]


def load_screening(state: State, data: list[Any]) -> None:
    """Put back what ``dump_screening`` wrote; books, accounts and parties are there already."""
    books, homes, rescreened, decided, opinions, exemptions, state.last_order = data
    for number, lists, list_version, bound_from, blocked in books:
        book = state.books[number]
        book.lists = {name: version and tuple(version) for name, version in lists}
        book.list_version, book.bound_from = list_version, bound_from
        book.blocked = state.accounts[blocked] if blocked else None
    for number, home, homes_from in homes:
        party = state.parties[number]
        party.homes, party.homes_from = tuple(home), homes_from
    state.screens = any(book.lists for book in state.books.values())
    state.rescreened = {
        number: tuple(msgspec.convert(verdict, Verdict) for verdict in verdicts)
        for number, verdicts in rescreened
    }
    state.hit_decisions = {(n, book): (what, version) for n, book, what, version in decided}
    state.opinions = {
        (number, book): {person: (what, signed) for person, (what, signed) in said}
        for number, book, said in opinions
    }
    state.exemptions = {
        (book, pair): (expires_ns, person, signed, agreed)
        for book, pair, expires_ns, person, signed, agreed in exemptions
    }
