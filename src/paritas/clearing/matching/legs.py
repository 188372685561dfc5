"""Who pays whom: what is sold of a currency goes to those who buy it, and the rest to rounding.

Sellers and buyers of a currency lie on one circle each, in the same order of members; the circles
are turned against each other so that a member's own sales and purchases do not meet. Where they
still do, two legs trade their payees. Only when a member sells and buys more than all others
together can take and give does something pass between its own accounts: then without a leg.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np

from paritas.clearing.matching.market import Exact, Ints, Market
from paritas.clearing.matching.orders import ROUNDING, MatchLeg

#: Payer, payee (members as numbers), amount, order: columns of one length.
_Flows = tuple[Ints, Ints, Exact, Ints]


def build_legs(market: Market, sold: Exact, bought: Exact) -> list[MatchLeg]:
    """Return the legs, by currency; each pays out of the order that sells."""
    orders = market.orders.orders
    member_names = list(map(attrgetter("member"), orders))
    numbers = {name: number for number, name in enumerate(dict.fromkeys(member_names))}
    member = np.fromiter(map(numbers.__getitem__, member_names), np.int64, len(orders))
    names = [*numbers, ROUNDING]
    ids = list(map(attrgetter("id"), orders))
    legs: list[MatchLeg] = []
    matched = np.flatnonzero(sold)
    matched = matched[np.argsort(member[matched], kind="stable")]
    for number, code in enumerate(market.codes):
        sellers = matched[market.sell[matched] == number]
        buyers = matched[market.buy[matched] == number]
        if not len(sellers):
            continue
        payer, payee, amount, order = _cross(
            (sellers, member[sellers], sold[sellers]),
            (member[buyers], bought[buyers]),
            len(numbers),
        )
        legs += map(
            MatchLeg,
            map(names.__getitem__, payer.tolist()),
            map(names.__getitem__, payee.tolist()),
            [code] * len(payer),
            amount.tolist(),
            map(ids.__getitem__, order.tolist()),
        )
    return legs


def _cross(sales: tuple[Ints, Ints, Exact], purchases: tuple[Ints, Exact], rounding: int) -> _Flows:
    """Pair sales with purchases of one currency; both sorted by member, amounts above 0."""
    order, seller, sold = sales
    buyer, bought = purchases
    rest = sold.sum() - bought.sum()
    if rest:
        buyer = np.append(buyer, rounding)
        bought = np.append(bought, rest)
    buyer, bought = _turn(buyer, bought, _angle(seller, sold, buyer, bought, rounding))
    sold_until, bought_until = np.cumsum(sold), np.cumsum(bought)
    # Two sorted runs: a stable sort merges them.
    until = np.sort(np.concatenate([sold_until, bought_until]), kind="stable")
    amount = np.diff(until, prepend=until[:1] * 0)
    until, amount = until[amount > 0], amount[amount > 0]
    sale = np.searchsorted(sold_until, until)
    payee = buyer[np.searchsorted(bought_until, until)]
    flows = seller[sale], payee, amount, order[sale]
    return flows if not np.any(flows[0] == payee) else _part(flows)


def _angle(seller: Ints, sold: Exact, buyer: Ints, bought: Exact, members: int) -> Any:
    """Return by how much to turn the buyers' circle so that no member meets itself, if one does."""
    sales = np.zeros(members + 1, dtype=sold.dtype)
    purchases = np.zeros(members + 1, dtype=sold.dtype)
    np.add.at(sales, seller, sold)
    np.add.at(purchases, buyer, bought)
    # A member's purchases begin after its sales end.
    return np.max(np.cumsum(sales) - (np.cumsum(purchases) - purchases)) % sales.sum()


def _turn(buyer: Ints, bought: Exact, angle: Any) -> tuple[Ints, Exact]:
    """Begin the circle of buyers ``angle`` before its end; the buyer cut there comes twice."""
    if not angle:
        return buyer, bought
    until = np.cumsum(bought)
    start = until[-1] - angle
    cut = int(np.searchsorted(until, start, side="right"))
    before = start - (until[cut] - bought[cut])
    turned = np.concatenate([buyer[cut:], buyer[: cut + 1]])
    amounts = np.concatenate([bought[cut:], bought[: cut + 1]])
    amounts[0] -= before
    amounts[-1] = before
    return turned[amounts > 0], amounts[amounts > 0]


def _part(flows: _Flows) -> _Flows:
    """Trade payees between a leg from a member to itself and one that it has no part in."""
    payer, payee, amount, order = flows
    rows = [payer.tolist(), payee.tolist(), amount.tolist(), order.tolist()]
    for member in np.unique(payer[payer == payee]).tolist():
        payers, payees = np.array(rows[0]), np.array(rows[1])
        own = np.flatnonzero((payers == member) & (payees == member)).tolist()
        others = np.flatnonzero((payers != member) & (payees != member)).tolist()
        _trade(rows, own, others)
    kept = [place for place in range(len(rows[0])) if rows[0][place] != rows[1][place]]
    dtype = amount.dtype
    columns = [[column[place] for place in kept] for column in rows]
    return (
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=dtype),
        np.array(columns[3], dtype=np.int64),
    )


def _trade(rows: list[list[Any]], own: list[int], others: list[int]) -> None:
    payer, payee, amount, order = rows
    while own and others:
        mine, theirs = own[-1], others[-1]
        step = min(amount[mine], amount[theirs])
        member, other = payer[mine], payee[theirs]
        for place, end in ((mine, other), (theirs, member)):
            if amount[place] == step:
                payee[place] = end
                (own if place == mine else others).pop()
            else:
                amount[place] -= step
                for column, value in zip(
                    rows, (payer[place], end, step, order[place]), strict=True
                ):
                    column.append(value)
