"""Lists of a live node: put in force, updated without stopping, and what waits screened again.

    outcome = await update_lists(node)     # the files at the scheme's places may be new

A version that looks like a mistake is refused by the engine, and the one in force stays with its
files. Whatever waits and lacks a verdict on the lists in force is screened again, by its message
where it came in one, else by its parties.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from paritas.core.state import State
from paritas.core.verdicts import unscreened
from paritas.iso20022.values import Transaction
from paritas.model import commands as c
from paritas.model.events import CommandRefused
from paritas.node.archive import Past, question
from paritas.node.history_queries import payment as payment_of
from paritas.node.intake import Wish
from paritas.node.list_files import ListStore, load_commands, read_version
from paritas.node.live import LiveNode, Turn
from paritas.node.originals import Originals
from paritas.node.screener import (
    Screening,
    evidence_commands,
    exempt_in,
    of_institutions,
    share,
    shared,
)
from paritas.screening import ListVersion, Screener
from paritas.screening.lists import ListError

#: How many payments are screened again together.
_TOGETHER = 500


class ListOutcome(msgspec.Struct, frozen=True):
    """What became of the files of one list: "in force", "unchanged" or "refused", and why."""

    name: str
    version: str
    outcome: str
    text: str = ""


class UpdateOutcome(msgspec.Struct, frozen=True):
    """What an update of the lists led to; ``screened_again`` counts payments that wait."""

    lists: tuple[ListOutcome, ...]
    screened_again: int


class OriginalsAsked(msgspec.Struct, frozen=True):
    """What the messages said from which these instructions were made."""

    numbers: tuple[int, ...]


@question("originals", OriginalsAsked)
def originals(past: Past, asked: OriginalsAsked) -> tuple[Transaction | None, ...]:
    """Return the transaction of each instruction; None where it came in no message."""
    reader = Originals(past)
    found = []
    for number in asked.numbers:
        payment = payment_of(past.history, number)
        original = reader.of(payment) if payment else None
        transactions = original.transactions if original else {}
        found.append(transactions.get(payment.reference) if payment else None)
    return tuple(found)


async def update_lists(node: LiveNode) -> UpdateOutcome:
    """Read the scheme's lists again, put in force what may be, and screen again what waits."""
    outcomes: list[ListOutcome] = []
    read: dict[str, ListVersion] = {}
    for each in node.scheme.lists:
        try:
            version = await asyncio.to_thread(read_version, each)
        except ListError as error:
            outcomes.append(ListOutcome(each.name, "", "refused", str(error)))
            continue
        refused = await node.ask(partial(_load, version=version))
        if refused is None:
            outcomes.append(ListOutcome(each.name, version.id, "unchanged"))
        elif refused:
            outcomes.append(ListOutcome(each.name, version.id, "refused", refused))
        else:
            outcomes.append(ListOutcome(each.name, version.id, "in force"))
            await asyncio.to_thread(ListStore(node.data / "lists").keep, each, version)
            read[each.name] = version
    if read:
        await _screen_with(node, read)
    return UpdateOutcome(tuple(outcomes), await screen_what_waits(node))


def _load(turn: Turn, version: ListVersion) -> str | None:
    """Put a version in force where its list binds; return why not, "" if it is, None if it was."""
    said: str | None = None
    for command in load_commands(turn.state, {version.list_id: version}, turn.at_ns):
        for event in turn.decide(command):
            if isinstance(event, CommandRefused):
                return event.text
        said = ""
    return said


async def _screen_with(node: LiveNode, new: dict[str, ListVersion]) -> None:
    """Have the workers screen with the lists now in force."""
    present = shared()
    versions = {v.list_id: v for v in present.versions} if present else {}
    versions |= new
    threshold = node.scheme.threshold
    screener = await asyncio.to_thread(Screener, list(versions.values()), threshold)
    # The numbers of the lists are read once they are durable; nothing else changes them meanwhile.
    share(Screening(node.state, screener, node.scheme, node.seal, exempt_in(node.state)))
    node.workers.renew()
    node.heavy.renew()


async def screen_what_waits(node: LiveNode) -> int:
    """Screen whatever waits and lacks a verdict on the lists in force; return how many there were."""
    screening = shared()
    if screening is None:
        return 0
    waiting, _ = await node.read(_waiting)
    for start in range(0, len(waiting), _TOGETHER):
        some = waiting[start : start + _TOGETHER]
        asked = OriginalsAsked(tuple(number for number, *_ in some))
        found = await node.archive.ask("originals", asked, list[Transaction | None])
        payments = [
            (each or of_institutions(bics), wish)
            for each, (_, wish, bics) in zip(found, some, strict=True)
        ]
        wishes = await asyncio.to_thread(_screened, screening, payments)
        judged = list(zip((number for number, *_ in some), wishes, strict=True))
        await node.ask(partial(_record, judged=judged))
    return len(waiting)


def _waiting(state: State) -> list[tuple[int, Wish, list[str]]]:
    """Return what lacks a verdict: its number, what screening needs of it, and its parties."""
    result = []
    for number, _ in unscreened(state):
        command = state.instructions[number]
        assert command is not None
        numbers = [number for leg in command.legs for number in (leg.payer, leg.payee)]
        wish = Wish(
            command.reference,
            None,
            command.actor,
            command.sender,
            command.legs,
            uetr=command.uetr,
        )
        result.append((number, wish, [state.accounts[n].party.bic for n in numbers]))
    return result


def _screened(
    screening: Screening, payments: Sequence[tuple[Transaction, Wish]]
) -> tuple[Wish, ...]:
    return screening.screen([each for each, _ in payments], [wish for _, wish in payments])


def _record(turn: Turn, judged: Sequence[tuple[int, Wish]]) -> None:
    """Record new verdicts where they are still missing."""
    missing = {number: {book.number for book in books} for number, books in unscreened(turn.state)}
    for number, wish in judged:
        verdicts = tuple(v for v in wish.verdicts if v.book in missing.get(number, ()))
        if verdicts:
            for sealing in evidence_commands(wish, turn.at_ns):
                turn.decide(*sealing)
            turn.decide(c.ScreenAgain(turn.at_ns, c.OPERATOR, b"", number, verdicts))
