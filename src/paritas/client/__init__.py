"""A member's client: the API of a Paritas node from Python, signed, typed, sync and async.

    from paritas.client import Client, Instruction, Leg, Settings

    with Client(Settings.load()) as client:
        answer = client.submit([Instruction("INV-1", (Leg("AAAAINB0", "BBBBCNB0", "INR", 12_500),))])
        for notice in client.watch():
            ...

It sends again by itself what a node that is busy or starting refuses (429, 503), or what a broken
connection leaves open, always under one idempotency key, so nothing happens twice.
"""

from paritas.client.answers import (
    Balance,
    Change,
    Done,
    Entry,
    Instruction,
    InstructionsAnswer,
    Leg,
    MessageAnswer,
    Notice,
    Outcome,
    Payment,
    PaymentAnswer,
    Queued,
    Step,
)
from paritas.client.asynchronous import AsyncClient
from paritas.client.problems import ClientError, NodeRefused, NodeUnreachable, SettingsError
from paritas.client.settings import Settings
from paritas.client.synchronous import Client

__all__ = [
    "AsyncClient",
    "Balance",
    "Change",
    "Client",
    "ClientError",
    "Done",
    "Entry",
    "Instruction",
    "InstructionsAnswer",
    "Leg",
    "MessageAnswer",
    "NodeRefused",
    "NodeUnreachable",
    "Notice",
    "Outcome",
    "Payment",
    "PaymentAnswer",
    "Queued",
    "Settings",
    "SettingsError",
    "Step",
]
