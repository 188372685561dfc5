"""How commands, events and batches are written: msgpack, array-like, integer tags.

A record is one command with the events that answered it, ``[command, [event, ...]]``. A batch's
payload is the msgpack array of its records. Records are encoded one by one because each is a leaf
of the batch's Merkle tree.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paritas.model.commands import AnyCommand
from paritas.model.events import AnyEvent

#: Written into every journal; a program that does not know it must not touch the journal.
FORMAT = 1

Record = tuple[AnyCommand, list[AnyEvent]]

_ENCODER = msgspec.msgpack.Encoder()
_RECORDS = msgspec.msgpack.Decoder(list[Record])
_RAW_RECORDS = msgspec.msgpack.Decoder(list[msgspec.Raw])
_COMMANDS = msgspec.msgpack.Decoder(list[AnyCommand])


def encode_record(command: AnyCommand, events: Sequence[AnyEvent]) -> bytes:
    """Encode one command with its events."""
    return _ENCODER.encode((command, events))


def encode_records(
    commands: Sequence[AnyCommand], decided: Sequence[Sequence[AnyEvent]]
) -> list[bytes]:
    """Encode commands, each with the events that answered it."""
    encode = _ENCODER.encode
    return [encode(record) for record in zip(commands, decided, strict=True)]


def join_records(records: Sequence[bytes]) -> bytes:
    """Return the payload of a batch: the msgpack array of its encoded records."""
    return b"".join((b"\xdd", len(records).to_bytes(4, "big"), *records))


def split_records(payload: bytes) -> list[bytes]:
    """Return the encoded records of a payload, byte for byte."""
    return [bytes(record) for record in _RAW_RECORDS.decode(payload)]


def decode_records(payload: bytes) -> list[Record]:
    """Decode a payload; raise msgspec.DecodeError or ValidationError if it is none."""
    return _RECORDS.decode(payload)


def encode_commands(commands: Sequence[AnyCommand]) -> bytes:
    """Encode commands as members' systems send them: a msgpack array of commands."""
    return _ENCODER.encode(commands)


def decode_commands(data: bytes) -> list[AnyCommand]:
    """Decode a msgpack array of commands; raise msgspec.ValidationError if it is none."""
    return _COMMANDS.decode(data)
