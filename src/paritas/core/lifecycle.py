"""The life of an instruction, whole, in one table.

Two rules hold the table together. What is not in it cannot happen: an event that finds its
instruction in another state is a broken law and halts the node. And a state without a row is
final: nothing leads out of SETTLED, REFUSED or CANCELLED, ever.
"""

from __future__ import annotations

from enum import IntEnum

from paritas.model import events


class LawBroken(Exception):  # noqa: N818 - it is not an error of a caller, it is a broken law
    """The state contradicts a law of the design. The node must halt; nothing may leave it."""


class Status(IntEnum):
    """Where an instruction stands."""

    NEW = 0
    WAITING = 1
    SETTLED = 2
    REFUSED = 3
    CANCELLED = 4


#: What pacs.002 says of each status (ISO 20022 external payment transaction status code).
ISO_STATUS = {
    Status.WAITING: "PDNG",
    Status.SETTLED: "ACSC",
    Status.REFUSED: "RJCT",
    Status.CANCELLED: "RJCT",
}

TABLE: dict[Status, dict[type[events.Event], Status]] = {
    Status.NEW: {
        events.InstructionSettled: Status.SETTLED,
        events.InstructionQueued: Status.WAITING,
        events.InstructionRefused: Status.REFUSED,
    },
    Status.WAITING: {
        events.SidesMatched: Status.WAITING,
        events.CancelAsked: Status.WAITING,
        events.QueueMoved: Status.WAITING,
        events.QueuedSettled: Status.SETTLED,
        events.SetSettled: Status.SETTLED,
        events.QueuedRefused: Status.REFUSED,
        events.QueuedCancelled: Status.CANCELLED,
    },
}


def after(status: int, event_type: type[events.Event]) -> Status:
    """Return the status that follows; raise LawBroken where the table knows no such move."""
    try:
        return TABLE[Status(status)][event_type]
    except KeyError:
        raise LawBroken(
            f"{event_type.__name__} cannot happen to an instruction that is {Status(status).name}"
        ) from None
