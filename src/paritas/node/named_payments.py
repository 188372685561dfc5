"""Which payment a message is about: from the identifiers that it gives to numbers of instructions.

Whoever writes about a payment names it as it knows it: by UETR, by its own identifiers, by the
number that the answer gave (ClrSysRef), or as all payments of one message. What is given must all
fit; what is left out does not matter. The payee knows a payment by the MsgId under which it was
delivered, so that fits too.
"""

from __future__ import annotations

from collections.abc import MutableMapping

import msgspec

from paritas.core.state import State
from paritas.iso20022.answers import TransactionStatus
from paritas.iso20022.values import Original
from paritas.node.spool import Particulars

_PARTICULARS = msgspec.msgpack.Decoder(Particulars)
_NOT_PROVIDED = "NOTPROVIDED"


def delivered_id(number: int) -> str:
    """Return the MsgId under which a payee receives a settled payment."""
    return f"PARITAS-{number:010d}"


class NamedPayments:
    """Finds payments by what their messages said of them; grows with the state."""

    def __init__(self, state: State, encoded: MutableMapping[int, bytes]) -> None:
        """``encoded`` are the particulars of each payment, by number."""
        self._state = state
        self.encoded = encoded
        self._indexed = 1
        self._by_key: dict[tuple[str, str], list[int]] = {}

    def particulars(self, number: int) -> Particulars | None:
        """Return what a payment's message said of it; None for what came in no message."""
        data = self.encoded.get(number)
        return _PARTICULARS.decode(data) if data is not None else None

    def find(self, original: Original) -> tuple[int, ...]:
        """Return the numbers of all payments that fit, in their order."""
        self._index()
        found = self._candidates(original)
        fitting = [n for n in dict.fromkeys(found) if self._fits(n, original)]
        # A return shares its UETR with what it returns, which is what is meant.
        first_hand = [n for n in fitting if not self._is_return(n)]
        return tuple(first_hand or fitting)

    def _is_return(self, number: int) -> bool:
        command = self._state.instructions[number]
        return command is not None and command.returns != 0

    def _candidates(self, original: Original) -> list[int]:
        reference = original.clearing_system_reference
        if reference.isascii() and reference.isdigit():
            number = int(reference[:19])
            if 0 < number < len(self._state.instructions):
                return [number]
        for kind, value in (
            ("uetr", original.uetr.lower()),
            ("transaction", original.transaction_id),
            ("instruction", original.instruction_id),
            ("end to end", original.end_to_end_id),
        ):
            if value and (found := self._by_key.get((kind, value))):
                return found
        if original.names_payment:
            return []
        message = original.message_id
        delivered = message.removeprefix("PARITAS-")
        if delivered != message and delivered.isascii() and delivered.isdigit():
            number = int(delivered[:19])
            return [number] if 0 < number < len(self._state.instructions) else []
        return self._by_key.get(("message", message), []) if message else []

    def _fits(self, number: int, original: Original) -> bool:
        known = self.particulars(number)
        if known is None:
            return False
        status = known.status
        pairs = (
            (original.uetr.lower(), status.uetr.lower()),
            (original.transaction_id, status.transaction_id),
            (original.instruction_id, status.instruction_id),
            (original.end_to_end_id, status.end_to_end_id),
        )
        if any(given not in ("", _NOT_PROVIDED, own) for given, own in pairs):
            return False
        return original.message_id in ("", _NOT_PROVIDED, known.message_id, delivered_id(number))

    def _index(self) -> None:
        count = len(self._state.instructions)
        for number in range(self._indexed, count):
            known = self.particulars(number)
            if known is None:
                continue
            status = known.status
            for key in (
                ("uetr", status.uetr.lower()),
                ("transaction", status.transaction_id),
                ("instruction", status.instruction_id),
                ("end to end", status.end_to_end_id),
                ("message", known.message_id),
            ):
                if key[1] and key[1] != _NOT_PROVIDED:
                    self._by_key.setdefault(key, []).append(number)
        self._indexed = count


def original_of(number: int, known: Particulars, *, as_delivered: bool = False) -> Original:
    """Name a payment as its payer does, or as its payee received it."""
    status: TransactionStatus = known.status
    return Original(
        delivered_id(number) if as_delivered else known.message_id,
        known.message_type,
        status.instruction_id,
        status.end_to_end_id,
        status.transaction_id,
        status.uetr,
    )
