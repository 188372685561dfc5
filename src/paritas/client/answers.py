"""What a node answers, as a member's program reads it.

Amounts are integers in minor units, moments nanoseconds since 1970 (UTC), dates ISO 8601. Fields
that a newer node adds are passed over; what a node leaves out has its default.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Leg(msgspec.Struct, frozen=True):
    """One movement on one book: payer and payee by BIC."""

    payer: str
    payee: str
    currency: str
    amount_minor: int


class Instruction(msgspec.Struct, frozen=True, omit_defaults=True):
    """Legs that settle all together or not at all; the first leg's payer instructs.

    ``reference`` is the key under which it settles at most once.
    """

    reference: str
    legs: tuple[Leg, ...]
    priority: Literal["urgent", "high", "normal"] = "normal"
    value_date: str = ""
    uetr: str = ""
    trade: str = ""
    returns: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What became of one instruction: ``status`` is ACSC settled, PDNG waiting, RJCT refused."""

    reference: str
    status: str
    number: int = 0
    reason: str = ""
    text: str = ""
    uetr: str = ""
    settled_ns: int = 0


class InstructionsAnswer(msgspec.Struct, frozen=True):
    """What became of instructions, in their order; ``seq`` is the journal's row of the last."""

    seq: int
    results: tuple[Outcome, ...]


class MessageAnswer(msgspec.Struct, frozen=True):
    """What became of a message: PART where its transactions fared differently."""

    seq: int
    message_type: str
    message_id: str
    sender: str
    status: str
    number: int = 0
    reason: str = ""
    text: str = ""
    transactions: tuple[Outcome, ...] = ()


class Payment(msgspec.Struct, frozen=True):
    """One instruction and where it stands."""

    number: int
    sender: str
    reference: str
    legs: tuple[Leg, ...]
    state: str
    status: str
    uetr: str = ""
    message_type: str = ""
    message_id: str = ""
    priority: int = 2
    value_date: str = ""
    reason: str = ""
    text: str = ""
    tracking: str = ""
    received_ns: int = 0
    ended_ns: int = 0
    seq: int = 0


class Step(msgspec.Struct, frozen=True):
    """One step in a payment's life."""

    at_ns: int
    kind: str
    status: str = ""
    reason: str = ""
    text: str = ""
    other: int = 0
    seq: int = 0


class PaymentAnswer(msgspec.Struct, frozen=True):
    """A payment and its timeline."""

    seq: int
    payment: Payment
    timeline: tuple[Step, ...]


class Queued(msgspec.Struct, frozen=True):
    """Something that waits, why, and what would free it."""

    number: int
    reference: str
    sender: str
    priority: str
    value_date: str
    legs: tuple[Leg, ...]
    waits_for: str
    text: str
    uetr: str = ""
    place: int = 0


class Balance(msgspec.Struct, frozen=True):
    """An account as it stands; of a past moment only the balance is known."""

    member: str
    currency: str
    balance_minor: int
    limit_minor: int = 0
    held_minor: int = 0
    reserved_urgent_minor: int = 0
    reserved_high_minor: int = 0
    available_minor: int = 0
    waiting: int = 0
    suspended: bool = False


class Entry(msgspec.Struct, frozen=True):
    """One posting on an account; below zero is a debit. ``balance_minor`` is what it left."""

    id: int
    at_ns: int
    date: str
    kind: str
    number: int
    leg: int
    amount_minor: int
    balance_minor: int
    seq: int


class Approval(msgspec.Struct, frozen=True):
    """Somebody's yes to a change."""

    institution: str
    person: str
    signed: bool


class Change(msgspec.Struct, frozen=True):
    """A change that waits for approval; ``content`` (base64) is exactly what is approved."""

    number: int
    kind: str
    says: dict[str, str]
    content: str
    digest: str
    proposed_by: str
    expires_ns: int
    approvals: tuple[Approval, ...] = ()
    needs: tuple[str, ...] = ()
    needs_issuers: int = 0


class Done(msgspec.Struct, frozen=True):
    """Something was done; ``waits_for`` says what must still happen before it has its effect."""

    seq: int
    number: int = 0
    waits_for: str = ""


class Notice(msgspec.Struct, frozen=True):
    """Something that changed. ``id`` is where to go on from after a break."""

    id: str
    kind: str
    at_ns: int
    seq: int
    number: int = 0
    reference: str = ""
    uetr: str = ""
    status: str = ""
    reason: str = ""
    text: str = ""
    legs: tuple[Leg, ...] = ()
    member: str = ""
    currency: str = ""
    amount_minor: int | None = None
    date: str = ""
    priority: str = ""


class QueuePage(msgspec.Struct, frozen=True):
    """A page of the queue."""

    queue: tuple[Queued, ...]
    cursor: str = ""


class PaymentsPage(msgspec.Struct, frozen=True):
    """A page of payments."""

    payments: tuple[Payment, ...]
    cursor: str = ""


class EntriesPage(msgspec.Struct, frozen=True):
    """A page of entries."""

    entries: tuple[Entry, ...]
    cursor: str = ""


class BalancesAnswer(msgspec.Struct, frozen=True):
    """Accounts, at row ``seq``."""

    seq: int
    balances: tuple[Balance, ...]


class ChangesAnswer(msgspec.Struct, frozen=True):
    """Changes that wait."""

    changes: tuple[Change, ...]


class ProblemDetails(msgspec.Struct, frozen=True):
    """A refusal (RFC 9457); ``code`` is its stable name."""

    code: str = "unknown"
    title: str = ""
    detail: str = ""
    reason: str = ""
    status: int = 0
