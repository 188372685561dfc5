"""How much money the day's payments take under four ways of settling them, and the least of all.

All four settle the very legs that settled, in the currencies in which they settled. Money needed is
counted on each account and summed; what one account has over does not help another.

- *At once*: each leg settles in the moment in which it was accepted, none waits. An account needs
  the most by which it has paid more than it received at any moment.
- *Bilateral offset*: at the end of the run, each two members offset what they owe each other in a
  currency and pay the difference. An account needs all differences that it pays.
- *As it happened*: how far the account fell below its opening balance at its lowest.
- *Multilateral netting*: at the end of the run each member pays or receives its one net amount.

The last is also a lower bound that needs no solver to prove: however the legs are settled, in
whatever order and together with what else, the account ends lower by its net amount, so it must
have had that much. Waiting is the price of all but the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from paritas.core.lifecycle import Status
from paritas.core.state import Account
from paritas.node.calendars import SECOND_NS
from paritas.node.report_data import Saving

if TYPE_CHECKING:
    from paritas.node.run import Run
    from paritas.node.values import Values


class _Leg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    at_ns: int
    settled_ns: int
    payer: int
    payee: int
    amount_minor: int


def _legs(run: Run) -> Iterator[_Leg]:
    """Every leg that settled, with when it was accepted and when it settled; cycles by net amount."""
    state, view = run.state, run.view
    for number in run.origin:
        if state.statuses[number] != Status.SETTLED or number in state.joined:
            continue
        command = state.instructions[number]
        assert command is not None
        at_ns = view.accepted_ns[number]
        for leg in command.legs:
            yield _Leg(at_ns, view.settled_ns[number], leg.payer, leg.payee, leg.amount_minor)
    for at_ns, positions in view.cycle_settled.values():
        for account, net_minor in map(msgspec.structs.astuple, positions):
            # A net amount has no other side that is one member; 0 is nobody's account.
            payer, payee = (account, 0) if net_minor < 0 else (0, account)
            yield _Leg(at_ns, at_ns, payer, payee, abs(net_minor))


def savings(run: Run, values: Values, happened: dict[int, int]) -> tuple[tuple[Saving, ...], int]:
    """Return the rows, the total first, and how long netting would have made legs wait, in seconds.

    ``happened`` is the money used by account, in the account's own units.
    """
    legs = sorted(_legs(run), key=lambda leg: leg.at_ns)
    at_once, net = _at_once(legs)
    bilateral = _bilateral(legs)
    turnover: dict[int, int] = defaultdict(int)
    for leg in legs:
        turnover[leg.payer] += leg.amount_minor
    rows = []
    for book in run.state.books.values():

        def total(by_account: dict[int, int], accounts: list[Account] = book.accounts) -> int:
            return sum(values.of(max(0, by_account.get(a.number, 0)), a.book) for a in accounts)

        parts = (turnover, at_once, bilateral, happened, net)
        rows.append(Saving(book.currency, *map(total, parts)))
    sums = (
        sum(column) for column in zip(*(msgspec.structs.astuple(r)[1:] for r in rows), strict=True)
    )
    return (Saving("", *sums), *rows), _netting_wait_s(run, values, legs)


def _at_once(legs: list[_Leg]) -> tuple[dict[int, int], dict[int, int]]:
    """Return the most that each account had paid net at any moment, and had paid net at the end."""
    needed: dict[int, int] = defaultdict(int)
    net: dict[int, int] = defaultdict(int)
    position = 0
    while position < len(legs):
        touched = []
        at_ns = legs[position].at_ns
        # What is accepted in one moment settles in it together: nobody pays before it receives.
        while position < len(legs) and legs[position].at_ns == at_ns:
            leg = legs[position]
            net[leg.payer] += leg.amount_minor
            net[leg.payee] -= leg.amount_minor
            touched.append(leg.payer)
            position += 1
        for account in touched:
            needed[account] = max(needed[account], net[account])
    return needed, net


def _bilateral(legs: list[_Leg]) -> dict[int, int]:
    """Return what each account pays when each two accounts settle their difference."""
    between: dict[tuple[int, int], int] = defaultdict(int)
    for leg in legs:
        between[leg.payer, leg.payee] += leg.amount_minor
    needed: dict[int, int] = defaultdict(int)
    for (payer, payee), amount_minor in between.items():
        needed[payer] += max(0, amount_minor - between.get((payee, payer), 0))
    return needed


def _netting_wait_s(run: Run, values: Values, legs: list[_Leg]) -> int:
    """Return the mean wait until a leg's book ends its date, weighted by value."""
    ends: dict[int, list[int]] = defaultdict(list)
    for number, at_ns in run.view.closes:
        ends[number].append(at_ns)
    worth = waited = 0
    for leg in legs:
        book = run.state.accounts[leg.payer or leg.payee].book
        value = values.of(leg.amount_minor, book)
        end_ns = next((ns for ns in ends[book.number] if ns >= leg.settled_ns), leg.settled_ns)
        worth += value
        waited += value * ((end_ns - leg.at_ns) // SECOND_NS)
    return waited // worth if worth else 0
