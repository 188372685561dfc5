"""The sealed store, read by role: messages as they were received, byte for byte.

The bytes lie in the journal's sealed store; the history says where. Who may read a message:

- the operator reads every one, those that could not be read included;
- whoever sent it;
- whoever may know every payment in it: its payer, its payee once it has settled (never before),
  and the issuer of every book that it touches.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paritas.journal.sqlite import SqliteJournal
from paritas.model.parties import normalise_bic
from paritas.node.history import History
from paritas.node.history_queries import MessageIn, Payment, Search, find


class Role(StrEnum):
    """In which capacity somebody reads."""

    OPERATOR = "operator"
    MEMBER = "member"
    ISSUER = "issuer"


class Reader(msgspec.Struct, frozen=True):
    """Who reads, and as what; the operator needs no BIC."""

    role: Role
    bic: str = ""


class NotEntitledError(PermissionError):
    """The reader may not see this message; the text names no content."""


def may_read(history: History, message: MessageIn, reader: Reader) -> bool:
    """Say whether a reader is entitled to a message."""
    bic = normalise_bic(reader.bic)
    if reader.role is Role.OPERATOR or (bic and normalise_bic(message.sender) == bic):
        return True
    seen, cursor = 0, ""
    while bic:
        page = find(history, Search(message_id=message.message_id), cursor, 1000)
        for payment in page.items:
            if payment.message == message.number:
                seen += 1
                if not _may_know(history, payment, reader.role, bic):
                    return False
        cursor = page.cursor
        if not cursor:
            break
    return seen > 0


def _may_know(history: History, payment: Payment, role: Role, bic: str) -> bool:
    if role is Role.ISSUER:
        return all(history.issuer(leg.currency) == bic for leg in payment.legs)
    if payment.sender == bic:
        return True
    return payment.state == "settled" and any(leg.payee == bic for leg in payment.legs)


def received_bytes(
    history: History, journal: SqliteJournal, message: MessageIn, reader: Reader
) -> bytes | None:
    """Return a message as it was received, or None where it has been erased.

    Raises NotEntitledError.
    """
    if not may_read(history, message, reader):
        raise NotEntitledError(
            f"{reader.bic or reader.role} may not read message {message.number}: it is for those"
            " who sent it and for the parties to all that is in it."
        )
    return journal.sealed(message.seq, message.position)
