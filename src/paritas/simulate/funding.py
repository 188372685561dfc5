"""How banks get the currencies they lack: payment-versus-payment exchanges, pair by pair.

After the day's invoices each bank knows which foreign currency it will be short of and which it
will have over. In each pair of currencies the buyers of one meet its sellers, first banks among
themselves, then the dealer of the pair for what remains. No exchange passes through a third
currency. Both halves state both legs, as the two parties would.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import msgspec

from paritas.iso20022.payments import PVP
from paritas.simulate.dice import Dice
from paritas.simulate.orders import Order, cross_rate, positions, round_half_up, split
from paritas.simulate.scenario import Economy

#: The second half of an exchange follows the first within this time.
_SECOND_HALF_SECONDS = 1_200


class Match(msgspec.Struct, frozen=True, gc=False):
    """The buyer gets ``amount_minor`` of ``bought`` from the seller and pays in ``paid``."""

    buyer: str
    seller: str
    bought: Economy
    paid: Economy
    amount_minor: int


def exchanges(dice: Dice, invoices: list[Order], wanted: int) -> list[Order]:
    """Return both halves of about ``wanted`` exchanges that fund the day's invoices.

    There are more where fewer would leave two parties without any.
    """
    needs = {key: paid - got for key, (got, paid) in positions(invoices).items()}
    for key in _forgotten(dice, invoices, needs):
        del needs[key]
    matches = [
        match
        for first, second in combinations(dice.scenario.economy, 2)
        for match in _matches(dice, needs, first, second)
    ]
    if not matches:
        return []
    values = [_value(dice, match) for match in matches]
    counts = split(max(wanted, len(matches)), values)
    return [
        half
        for match, number in zip(matches, counts, strict=True)
        for half in _halves(dice, match, number)
    ]


def _forgotten(
    dice: Dice, invoices: list[Order], needs: dict[tuple[str, str], int]
) -> list[tuple[str, str]]:
    """Choose the accounts that a bank forgets to fund: small ones, but with several payments."""
    payments: dict[tuple[str, str], int] = {}
    for order in invoices:
        if order.local_instrument == "":
            key = order.payer, order.currency
            payments[key] = payments.get(key, 0) + 1
    home = {bank.bic: e.currency for e in dice.scenario.economy for bank in e.banks}
    candidates = sorted(
        key
        for key, need in needs.items()
        if need > 0 and key[1] != home[key[0]] and 3 <= payments.get(key, 0) <= 12
    )
    number = min(dice.scenario.mistakes.unfunded_account, len(candidates))
    return dice.random.sample(candidates, number)


def _matches(
    dice: Dice, needs: dict[tuple[str, str], int], first: Economy, second: Economy
) -> list[Match]:
    """Bring together who buys ``second``'s currency for ``first``'s and who sells it."""
    to_second = cross_rate(dice.scenario.units_per_value, second.currency, first.currency)
    buyers: list[tuple[str, int]] = []
    sellers: list[tuple[str, int]] = []
    for bank in first.banks:
        need = needs.get((bank.bic, second.currency), 0)
        (buyers if need > 0 else sellers).append((bank.bic, abs(need)))
    for bank in second.banks:
        # Who lacks the first currency sells the second for it, and the other way round.
        need = needs.get((bank.bic, first.currency), 0)
        (sellers if need > 0 else buyers).append((bank.bic, round_half_up(abs(need) * to_second)))
    dice.random.shuffle(buyers)
    dice.random.shuffle(sellers)
    dealer = dice.scenario.dealers[frozenset((first.currency, second.currency))]
    return [
        Match(buyer, seller, second, first, amount_minor)
        for buyer, seller, amount_minor in _meet(buyers, sellers, dealer)
    ]


def _meet(
    buyers: list[tuple[str, int]], sellers: list[tuple[str, int]], dealer: str
) -> list[tuple[str, str, int]]:
    """Match buyers with sellers in order; what one side has over goes to the dealer."""
    found: list[tuple[str, str, int]] = []
    sold = [(seller, amount) for seller, amount in reversed(sellers) if amount]
    for buyer, wanted in buyers:
        while wanted and sold:
            seller, amount = sold.pop()
            taken = min(wanted, amount)
            found.append((buyer, seller, taken))
            wanted -= taken
            if amount > taken:
                sold.append((seller, amount - taken))
        if wanted:
            found.append((buyer, dealer, wanted))
    found.extend((dealer, seller, amount) for seller, amount in reversed(sold))
    return found


def _value(dice: Dice, match: Match) -> int:
    """Return the weight of a match among all: its worth in thousandths of the value currency."""
    rate: Fraction = dice.scenario.units_per_value[match.bought.currency]
    return 1 + int(match.amount_minor * 10 / rate)


def _halves(dice: Dice, match: Match, number: int) -> list[Order]:
    """Split a match into exchanges over the day, each told by both parties."""
    weights = [dice.random.randint(50, 150) for _ in range(min(number, match.amount_minor))]
    price = cross_rate(dice.scenario.units_per_value, match.paid.currency, match.bought.currency)
    halves = []
    for bought_minor in split(match.amount_minor, weights):
        # At the reference rate, rounded to the nearest minor unit; the parties agreed on it.
        paid_minor = max(1, round_half_up(bought_minor * price))
        at_s = dice.moment(match.paid, match.bought)
        trade = f"FX-{match.paid.currency}{match.bought.currency}-{dice.number():07d}"
        later_s = at_s + dice.random.randrange(1, _SECOND_HALF_SECONDS)
        buyer = _half(dice, match.buyer, match.seller, trade, at_s)
        seller = _half(dice, match.seller, match.buyer, trade, later_s)
        halves.append(_with_legs(buyer, match.paid, paid_minor, match.bought, bought_minor))
        halves.append(_with_legs(seller, match.bought, bought_minor, match.paid, paid_minor))
    return halves


def _half(dice: Dice, payer: str, payee: str, trade: str, at_s: int) -> Order:
    return Order(
        at_s=at_s,
        payer=payer,
        payee=payee,
        currency="",
        amount_minor=0,
        reference=trade,
        transaction_id=f"{payer[:6]}{dice.number():09d}",
        uetr=dice.uetr(),
        local_instrument=PVP,
        settlement_date=dice.scenario.business_date,
    )


def _with_legs(
    half: Order, own: Economy, own_minor: int, other: Economy, other_minor: int
) -> Order:
    return msgspec.structs.replace(
        half,
        currency=own.currency,
        amount_minor=own_minor,
        other_currency=other.currency,
        other_minor=other_minor,
    )
