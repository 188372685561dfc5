"""Reading one message for a live node: the way of the spool, in memory; a job of the workers."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec

from paritas.iso20022.reader import read_file, read_message
from paritas.iso20022.values import Finding, ReadResult
from paritas.node.intake import Envelope, Wish
from paritas.node.outputs import Answer, answer_draft
from paritas.node.screener import shared
from paritas.node.spool import Frames, Input, Spooler, SpoolReader, Window
from paritas.node.workers import Context, job


class LiveInput(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An Input as the node takes it up; what only answers need stays encoded."""

    name: str
    envelope: Envelope
    windows: tuple[tuple[int, int], ...]
    transactions: int
    salt: bytes
    digest: bytes
    received: tuple[int, int]
    received_path: str
    report: msgspec.Raw
    group_header: bytes


class LiveWindow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A spooled Window as the node takes it up; particulars stay encoded."""

    wishes: tuple[Wish, ...]
    particulars: tuple[msgspec.Raw, ...]


class Reading(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What reading one message gave: its Input, and the frames that the Input points into."""

    input: LiveInput
    frames: bytes
    #: Where the frames lie instead, of a large message.
    spool: str = ""

    def windows(self) -> Iterator[LiveWindow]:
        """Decode the windows of up to 1,000 transactions, in order, one at a time."""
        if not self.spool:
            for offset, size in self.input.windows:
                yield _WINDOW.decode(memoryview(self.frames)[offset : offset + size])
            return
        with SpoolReader(Path(self.spool)) as reader:
            for place in self.input.windows:
                yield _WINDOW.decode(reader.bytes(place))


class _Reading(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The same as the worker writes it."""

    input: Input
    frames: bytes
    spool: str = ""

    def window(self, place: tuple[int, int]) -> Window:
        """Return a window, as a SpoolReader does."""
        return _WHOLE_WINDOW.decode(self.frames[place[0] : place[0] + place[1]])


_ENCODER = msgspec.msgpack.Encoder()
_READING = msgspec.msgpack.Decoder(Reading)
_WINDOW = msgspec.msgpack.Decoder(LiveWindow)
_WHOLE_READING = msgspec.msgpack.Decoder(_Reading)
_WHOLE_WINDOW = msgspec.msgpack.Decoder(Window)
_ANSWERING = msgspec.msgpack.Decoder(tuple[bytes, Answer, str])
_FILE = msgspec.msgpack.Decoder(tuple[str, str])
_NO_PATH = Path()


def decode_reading(data: bytes) -> Reading:
    """Decode what the job ``read`` returns."""
    return _READING.decode(data)


def _spooler(context: Context, path: Path) -> Spooler:
    directory, seal = context.directory, context.seal
    return Spooler(path, directory, seal, deliver=False, screening=shared())


@job("read")
def read(context: Context, data: bytes) -> bytes:
    """Read one message, ISO 20022 or MT; nothing that is in it makes this raise."""
    buffer = BytesIO()
    spooler = _spooler(context, _NO_PATH)
    inp, _ = spooler.take_down("", data, None, (read_any(data),), Frames(buffer))
    # The message itself comes last, and the node has it already.
    return _ENCODER.encode(_Reading(inp, buffer.getvalue()[: inp.received[0]]))


@job("read_file")
def read_file_job(context: Context, payload: bytes) -> bytes:
    """Read a large message from a file, into another; ``payload`` is (file, spool)."""
    path, spool = map(Path, _FILE.decode(payload))
    spooler = _spooler(context, spool)
    with spool.open("wb", buffering=1 << 20) as file:
        inp, _ = spooler.take_down("", None, path, read_file(path), Frames(file))
    return _ENCODER.encode(_Reading(inp, b"", str(spool)))


@job("answer")
def answer(context: Context, payload: bytes) -> bytes:
    """Write the pacs.002 or admi.002 that answers a message; ``payload`` is (reading, answer, created)."""
    encoded, given, created = _ANSWERING.decode(payload)
    reading = _WHOLE_READING.decode(encoded)
    if not reading.spool:
        return answer_draft(reading.input, given, reading, created).checked()
    with SpoolReader(Path(reading.spool)) as spool:
        return answer_draft(reading.input, given, spool, created).checked()


def encode_answering(reading: bytes, given: Answer, created: str) -> bytes:
    """Return the payload of the job ``answer``; ``reading`` as its job returned it."""
    return _ENCODER.encode((reading, given, created))


def read_any(data: bytes) -> ReadResult:
    """Read a message; an MT is translated first, and what is wrong with it refuses it."""
    if data[:1] == b"<":
        return read_message(data)
    # Few nodes are sent MT messages, and those that are not need not load all of this.
    from paritas.mt.parsing import is_mt
    from paritas.mt.translation import to_iso

    if not is_mt(data):
        return read_message(data)
    translated = to_iso(data)
    if len(translated) != 1:
        text = f"{len(translated)} messages in one: send each as a part of its own"
        return ReadResult(None, (), (Finding("xml.several", "", 0, text, "FF01"),))
    found = translated[0]
    if found.data is None:
        wrong = next((f for f in found.said if f.reason), None)
        text = wrong.text if wrong is not None else f"{found.source} settles nothing here"
        return ReadResult(
            None, (), (Finding("xml.mt", "", wrong.line if wrong else 0, text, "FF01"),)
        )
    return read_message(found.data)
