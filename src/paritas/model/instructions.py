"""Legs, priorities and the numbers that name things inside a node.

Books, accounts, parties and instructions are named by small integers that the engine gives when
they come into being, recorded in the journal. Outside a node they are named by currency, BIC and
reference; the intake translates. Numbers keep a command at a quarter of its size and let the
engine find an account without hashing a text.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Leg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One movement on one book: ``payer`` and ``payee`` are account numbers of that book."""

    payer: int
    payee: int
    amount_minor: int


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The part of obligation ``number`` that is set off."""

    number: int
    amount_minor: int


class Position(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a netting cycle moves on one account: received less paid, so below zero is to be paid."""

    account: int
    net_minor: int


class Priority(IntEnum):
    """The three settlement priorities (ISO 20022 SttlmPrty); the smaller is served first."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2


class Bypass(IntEnum):
    """Which waiting instructions a later one of the same payer may overtake when it is funded.

    A priority that may not be overtaken is served strictly in order, and whatever waits in it
    also holds back all that is less urgent at the same account.
    """

    NONE = 0
    NORMAL = 1
    ALL = 2


class Scope(IntEnum):
    """What one clearing looks at: the instructions of one priority, or all that wait."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    ALL = 3
