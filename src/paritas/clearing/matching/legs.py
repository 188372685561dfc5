"""Who pays whom: what is sold of a currency goes to those who buy it, and the rest to rounding.

Sales and purchases of a currency are laid side by side in order of arrival. Where a member meets
itself it trades payees with others who do. Only when a member sells and buys more than
all others together can take and give does something pass between its own accounts: without a leg.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paritas.clearing.matching.market import Exact, Ints, Market
from paritas.clearing.matching.orders import ROUNDING, MatchLeg, Picked, Rows

#: Payer, payee (members as numbers), amount, order: columns of one length.
_Flows = tuple[Ints, Ints, Exact, Ints]


def build_legs(market: Market, sold: Exact, bought: Exact) -> Rows[MatchLeg]:
    """Return the legs, by currency; each pays out of the order that sells."""
    names = market.orders.members
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    member = np.fromiter(map(numbers.__getitem__, names), np.int64, len(names))
    matched = np.flatnonzero(sold)
    flows: list[_Flows] = []
    for code in range(len(market.codes)):
        sellers = matched[market.sell[matched] == code]
        buyers = matched[market.buy[matched] == code]
        sales = sellers, member[sellers], sold[sellers]
        purchases = member[buyers], bought[buyers]
        flows.append(_cross(sales, purchases, len(numbers)))
    payer, payee, amount, order = (np.concatenate(column) for column in zip(*flows, strict=True))
    parties = [*numbers, ROUNDING]
    currency = np.repeat(np.arange(len(flows)), [len(flow[0]) for flow in flows])
    return Rows(
        MatchLeg,
        Picked(parties, payer),
        Picked(parties, payee),
        Picked(market.codes, currency),
        amount,
        Picked(market.orders.ids, order),
    )


def _cross(sales: tuple[Ints, Ints, Exact], purchases: tuple[Ints, Exact], rounding: int) -> _Flows:
    """Lay sales and purchases of one currency side by side, and part who meets itself."""
    order, seller, sold = sales
    buyer, bought = purchases
    rest = sold.sum() - bought.sum()
    if rest:
        buyer = np.append(buyer, rounding)
        bought = np.append(bought, rest)
    sale, purchase, amount = _side_by_side(sold, bought)
    payer, payee, order = seller[sale], buyer[purchase], order[sale]
    if not np.any(payer == payee):
        return payer, payee, amount, order
    return _trade_with_strangers(*_trade_among_themselves(payer, payee, amount, order))


def _side_by_side(sold: Exact, bought: Exact) -> tuple[Ints, Ints, Exact]:
    """Return the pieces (sale, purchase, amount) of two rows of the same total."""
    sold_until, bought_until = np.cumsum(sold), np.cumsum(bought)
    # Two sorted runs: a stable sort merges them.
    until = np.sort(np.concatenate([sold_until, bought_until]), kind="stable")
    amount = np.diff(until, prepend=until[:1] * 0)
    until, amount = until[amount > 0], amount[amount > 0]
    return np.searchsorted(sold_until, until), np.searchsorted(bought_until, until), amount


def _trade_among_themselves(payer: Ints, payee: Ints, amount: Exact, order: Ints) -> _Flows:
    """Turn the legs from members to themselves against each other.

    Sorted by member on a circle that is turned by the largest member's part, nobody meets itself
    unless that part is more than half.
    """
    own = payer == payee
    mine = np.flatnonzero(own)[np.argsort(payer[own], kind="stable")]
    total = np.zeros(payer.max() + 1, dtype=amount.dtype)
    np.add.at(total, payer[mine], amount[mine])
    buyer, bought = _turn(payer[mine], amount[mine], total.max())
    sale, purchase, pieces = _side_by_side(amount[mine], bought)
    return (
        np.concatenate([payer[~own], payer[mine][sale]]),
        np.concatenate([payee[~own], buyer[purchase]]),
        np.concatenate([amount[~own], pieces]),
        np.concatenate([order[~own], order[mine][sale]]),
    )


def _turn(buyer: Ints, bought: Exact, angle: Any) -> tuple[Ints, Exact]:
    """Begin the circle of buyers ``angle`` before its end; the buyer cut there comes twice."""
    until = np.cumsum(bought)
    start = until[-1] - angle
    cut = int(np.searchsorted(until, start, side="right"))
    if cut == len(until):
        return buyer, bought
    before = start - (until[cut] - bought[cut])
    amounts = np.concatenate([bought[cut:], bought[: cut + 1]])
    amounts[0] -= before
    amounts[-1] = before
    return np.concatenate([buyer[cut:], buyer[: cut + 1]])[amounts > 0], amounts[amounts > 0]


def _trade_with_strangers(payer: Ints, payee: Ints, amount: Exact, order: Ints) -> _Flows:
    """Let a member that still pays itself trade payees with legs that it has no part in."""
    own = payer == payee
    if not own.any():
        return payer, payee, amount, order
    # After the trade among themselves only one member can be left.
    member = int(payer[own][0])
    others = np.flatnonzero((payer != member) & (payee != member))
    mine = np.flatnonzero(own)
    enough = int(np.searchsorted(np.cumsum(amount[others]), amount[mine].sum())) + 1
    others = others[:enough]
    step = min(amount[mine].sum(), amount[others].sum())
    kept = np.ones(len(payer), dtype=bool)
    kept[mine] = kept[others] = False
    # What the member cannot trade away stays between its own accounts: no leg.
    own_part, _ = _first(amount[mine], step)
    part, rest = _first(amount[others], step)
    sale, purchase, pieces = _side_by_side(own_part, part)
    left = rest > 0
    flows = [
        (payer[kept], payee[kept], amount[kept], order[kept]),
        (payer[mine][sale], payee[others][purchase], pieces, order[mine][sale]),
        (payer[others][purchase], payer[mine][sale], pieces, order[others][purchase]),
        (payer[others][left], payee[others][left], rest[left], order[others][left]),
    ]
    columns = [np.concatenate(column) for column in zip(*flows, strict=True)]
    return columns[0], columns[1], columns[2], columns[3]


def _first(amount: Exact, total: Any) -> tuple[Exact, Exact]:
    """Split each amount into its part in the first ``total`` of all, and the rest."""
    before = np.cumsum(amount) - amount
    part = np.clip(total - before, 0, amount)
    return part, amount - part
