"""What settled together: the sets that clearing found, taken apart into what hangs together.

A set may hold several rings that have nothing to do with each other. Two instructions hang together
where one pays an account from which the other pays, so that neither could have settled alone; each
such group is told as members and what flowed between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from paritas.core.state import net_outflows
from paritas.node.calendars import format_instant
from paritas.node.report_data import Ring, RingFlow

if TYPE_CHECKING:
    from paritas.node.run import Run
    from paritas.node.values import Values


def rings(run: Run, values: Values) -> tuple[Ring, ...]:
    """Return every ring of a run, the one of most value first."""
    found = [
        _ring(run, values, at_ns, group)
        for at_ns, numbers in run.view.cleared_sets
        for group in _groups(run, numbers)
    ]
    return tuple(sorted(found, key=lambda ring: (-ring.value_minor, ring.at, ring.members)))


def _groups(run: Run, numbers: Sequence[int]) -> Iterator[list[int]]:
    """Take a set apart: instructions with an account in common, of which one gains and one loses."""
    gains: dict[int, list[int]] = defaultdict(list)
    loses: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        for account, side in _sides(run, number):
            (gains if side else loses)[account].append(number)
    parent = {number: number for number in numbers}

    def top(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for account, gaining in gains.items():
        for number in (*gaining, *loses.get(account, ())) if account in loses else ():
            parent[top(number)] = top(gaining[0])
    groups: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        groups[top(number)].append(number)
    return (sorted(group) for group in groups.values())


def _sides(run: Run, number: int) -> Iterator[tuple[int, bool]]:
    command = run.state.instructions[number]
    assert command is not None
    for leg in command.legs:
        yield leg.payer, False
        yield leg.payee, True


def _ring(run: Run, values: Values, at_ns: int, group: Sequence[int]) -> Ring:
    accounts = run.state.accounts
    commands = [run.state.instructions[number] for number in group]
    legs = [leg for command in commands if command is not None for leg in command.legs]
    flows: dict[tuple[str, str, str], int] = defaultdict(int)
    for leg in legs:
        payer, payee = accounts[leg.payer], accounts[leg.payee]
        flows[payer.party.bic, payee.party.bic, payer.book.currency] += leg.amount_minor
    told = tuple(
        RingFlow(*key, own_minor, values.of(own_minor, run.state.book_by_currency[key[2]]))
        for key, own_minor in sorted(flows.items())
    )
    net = net_outflows(tuple((accounts[x.payer], accounts[x.payee], x.amount_minor) for x in legs))
    return Ring(
        format_instant(at_ns),
        len(group),
        _around(told),
        tuple(sorted({flow.currency for flow in told})),
        told,
        sum(flow.value_minor for flow in told),
        sum(values.of(amount_minor, account.book) for account, amount_minor in net),
    )


def _around(flows: Sequence[RingFlow]) -> tuple[str, ...]:
    """Order the members so that each is followed, where it can be, by one whom it pays."""
    pays: dict[str, list[str]] = defaultdict(list)
    for flow in sorted(flows, key=lambda each: -each.value_minor):
        pays[flow.payer].append(flow.payee)
        pays[flow.payee] = pays[flow.payee]
    order: list[str] = []
    rest = sorted(pays, key=lambda bic: (-len(pays[bic]), bic))
    while rest:
        member: str | None = rest[0]
        while member is not None:
            order.append(member)
            rest.remove(member)
            member = next((bic for bic in pays[member] if bic in rest), None)
    return tuple(order)
