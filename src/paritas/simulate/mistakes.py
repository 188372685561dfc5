"""What goes wrong on purpose: a handful of bad inputs, so that refusals are seen at work.

Each mistake is a sound order spoilt in one way, under an identification of its own, beside the
sound one; so the day's sums stay what the trade figures say. The scenario counts them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec

from paritas.iso20022.payments import CONVERSION, PVP
from paritas.simulate.dice import Dice
from paritas.simulate.orders import Order, Sending
from paritas.simulate.scenario import SECONDS_PER_DAY

#: A BIC of the right form that no scenario names as a member.
_NOBODY = "NOBDSGB0XXX"
#: A currency that is the value currency at most: no book settles in it.
_NO_BOOK = "USD"
#: What ``files.py`` does to the finished bytes.
_FILE_MISTAKES = ("wrong_decimals", "truncated_file", "document_type", "wrong_encoding", "not_xml")

Spoil = Callable[[Dice, Order], Order]


def with_mistakes(dice: Dice, sendings: list[Sending]) -> tuple[list[Sending], int]:
    """Return the files with the scenario's mistakes added, and how many files those are."""
    sound = [sending for sending in sendings if len(sending.orders) == 1]
    wrong: list[Sending] = []
    for kind, (instrument, spoil) in _SPOILERS.items():
        candidates = [s for s in sound if s.orders[0].local_instrument == instrument]
        for source in _chosen(dice, candidates, kind):
            fresh = _fresh(dice, source)
            order = spoil(dice, fresh.orders[0])
            wrong.append(_resent(fresh, order, order.at_s))
    for kind in _FILE_MISTAKES:
        for source in _chosen(dice, [s for s in sound if _is_plain(s)], kind):
            wrong.append(msgspec.structs.replace(_fresh(dice, source), damage=kind))
    for source in _chosen(dice, sound, "duplicate"):
        # The very same bytes again, later: whoever sent it was not sure that it had arrived.
        wrong.append(msgspec.structs.replace(source, at_s=_later(dice, source.at_s)))
    for source in _chosen(dice, [s for s in sound if _is_plain(s)], "changed_duplicate"):
        order = source.orders[0]
        changed = msgspec.structs.replace(order, amount_minor=order.amount_minor + 1)
        wrong.append(_resent(source, changed, _later(dice, source.at_s)))
    return sendings + wrong, len(wrong)


def _chosen(dice: Dice, candidates: list[Sending], kind: str) -> list[Sending]:
    wanted: int = getattr(dice.scenario.mistakes, kind)
    return dice.random.sample(candidates, min(wanted, len(candidates)))


def _is_plain(sending: Sending) -> bool:
    return sending.orders[0].local_instrument == ""


def _later(dice: Dice, at_s: int) -> int:
    return min(at_s + dice.random.randrange(60, 1_800), SECONDS_PER_DAY - 1)


def _fresh(dice: Dice, source: Sending) -> Sending:
    """Copy a file of one order under identifications of its own."""
    number, order = dice.number(), source.orders[0]
    own = msgspec.structs.replace(
        order,
        reference=f"{order.reference.rsplit('-', 1)[0]}-{number:07d}",
        transaction_id=f"{order.payer[:6]}{number:09d}",
        uetr=dice.uetr(),
    )
    return msgspec.structs.replace(
        source, message_id=f"{source.sender[:8]}X{number:07d}", orders=(own,)
    )


def _resent(source: Sending, order: Order, at_s: int) -> Sending:
    return msgspec.structs.replace(source, at_s=at_s, created_s=at_s, orders=(order,))


def _unknown_member(_: Dice, order: Order) -> Order:
    return msgspec.structs.replace(order, payee=_NOBODY)


def _unknown_book(_: Dice, order: Order) -> Order:
    return msgspec.structs.replace(order, currency=_NO_BOOK)


def _zero_amount(_: Dice, order: Order) -> Order:
    return msgspec.structs.replace(order, amount_minor=0)


def _past_date(dice: Dice, order: Order) -> Order:
    return _dated(dice, order, -7)


def _far_date(dice: Dice, order: Order) -> Order:
    return _dated(dice, order, 400)


def _dated(dice: Dice, order: Order, days: int) -> Order:
    day = dice.scenario.day + timedelta(days=days)
    return msgspec.structs.replace(order, settlement_date=day.isoformat())


def _wrong_method(_: Dice, order: Order) -> Order:
    return msgspec.structs.replace(order, settlement_method="INDA")


def _wrong_conversion(_: Dice, order: Order) -> Order:
    return msgspec.structs.replace(order, amount_minor=order.amount_minor + 1)


def _after_cut_off(dice: Dice, order: Order) -> Order:
    closes = dice.scenario.windows[order.currency][1]
    return msgspec.structs.replace(order, at_s=_later(dice, closes))


def _unmatched_exchange(_: Dice, order: Order) -> Order:
    return order


#: Kind of mistake: which local instrument is spoilt, and how.
_SPOILERS: dict[str, tuple[str, Spoil]] = {
    "unknown_member": ("", _unknown_member),
    "unknown_book": ("", _unknown_book),
    "zero_amount": ("", _zero_amount),
    "past_date": ("", _past_date),
    "far_date": ("", _far_date),
    "wrong_method": ("", _wrong_method),
    "wrong_conversion": (CONVERSION, _wrong_conversion),
    "after_cut_off": ("", _after_cut_off),
    "unmatched_exchange": (PVP, _unmatched_exchange),
}
