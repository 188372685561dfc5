"""Locked quotes as an instruction meets them: its legs must be exactly those of its lock."""

from __future__ import annotations

from paritas.core.state import State
from paritas.model.commands import SubmitInstruction
from paritas.model.reasons import Reason


def lock_refusal(state: State, command: SubmitInstruction, lock: int) -> tuple[Reason, str] | None:
    """Refuse an instruction that is not exactly what its lock says, or comes too late."""
    found = state.exchange.locks.get(lock)
    if found is None or found.party != command.sender:
        return Reason.NARR, f"There is no lock {lock} of this member, or its time is over."
    if command.trade or command.returns:
        return Reason.NARR, "A conversion at locked quotes is neither side of a trade nor a return."
    if found.legs != command.legs:
        return Reason.AM09, f"The legs are not those of lock {lock}."
    return None


def use_lock(state: State, lock: int) -> None:
    """The lock has become an instruction; its quotes stay used, whatever becomes of that."""
    del state.exchange.locks[lock]
