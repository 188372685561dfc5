"""Reading many files in parallel: each worker reads its share and spools what the node needs.

A file is read whole before anything of it is submitted. What was read lies in a spool file, frame
by frame, in the form in which the node takes it up in order: an ``Input`` for each file, and
``Window`` frames of at most 1,000 transactions. Memory stays the same however large a file is.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from paritas.iso20022.answers import StatusReport, TransactionStatus
from paritas.iso20022.parsing import TREE_BYTES_MAX
from paritas.iso20022.reader import FILE_BYTES_MAX, read_file, read_message
from paritas.iso20022.values import Finding, Message, ReadResult, Transaction
from paritas.model.money import AmountError, parse_amount
from paritas.node.directory import Directory
from paritas.node.intake import Envelope, Wish, concerns_whole, envelope_of, wishes_of
from paritas.node.ledger import salt_for
from paritas.node.reading import Reading, needs_reading, read_other
from paritas.node.screener import Screening, shared

#: How many files, and bytes of them, go through each stage of reading together.
_TOGETHER = 50, 1 << 20
_TOGETHER_SCREENED = 250, 4 << 20
#: A file, its bytes if it is small, and a private copy if it is large.
_Opened = tuple[Path, bytes | None, Path | None]

_ENCODER = msgspec.msgpack.Encoder()


class Particulars(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What answers and notifications repeat of one transaction."""

    #: The status to come, with the identifiers and the amount that the sender gave.
    status: TransactionStatus
    message_id: str
    #: "pacs.008.001.08"
    message_type: str
    debtor_agent: str
    creditor_agent: str
    debtor: str
    creditor: str
    #: ISO currency and amount as written, and what it was to be converted into.
    amount: str
    local_instrument: str


class Window(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Up to 1,000 transactions of one message."""

    wishes: tuple[Wish, ...]
    particulars: tuple[Particulars, ...]
    #: The transactions as received, kept only where they are to be delivered.
    fragments: tuple[bytes, ...] = ()


class Input(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One file: what it asks as a whole, and where the rest of it lies in the spool."""

    name: str
    envelope: Envelope
    #: (offset, size) of its windows.
    windows: tuple[tuple[int, int], ...]
    transactions: int
    salt: bytes
    digest: bytes
    #: The bytes as received: (offset, size) in the spool; large files lie in a file of their own.
    received: tuple[int, int]
    received_path: str
    report: StatusReport
    #: GrpHdr as received, for delivery.
    group_header: bytes
    #: Of a message that is no credit transfer: what was received, what it asks, what got lost.
    reading: Reading | None = None


class Share(msgspec.Struct, frozen=True):
    """What a worker made of its share of the files: where, and what the run must know first."""

    path: Path
    #: (offset, size) of each Input.
    inputs: list[tuple[int, int]]
    #: For each input: the value dates that its wishes ask for (ordinals), sorted.
    dates: list[tuple[int, ...]]
    created_ns: list[int | None]


class Spooler:
    """Reads files into one spool file."""

    def __init__(
        self,
        path: Path,
        directory: Directory,
        seal: bytes,
        *,
        deliver: bool,
        screening: Screening | None = None,
    ) -> None:
        self.path = path
        self._directory = directory
        self._seal = seal
        self._deliver = deliver
        #: Lists are too large to travel with every share: a worker that has none takes its own.
        self._screening = screening

    def read(self, paths: Sequence[Path]) -> Share:
        """Read the files in order; nothing that is in them makes it raise."""
        share = Share(self.path, [], [], [])
        self._screening = self._screening or shared()
        with self.path.open("wb", buffering=_BUFFER_BYTES) as file:
            spool = Frames(file)
            for opened in self._opened(paths, spool):
                for inp, dates in self._read_some(opened, spool):
                    share.inputs.append(spool.put(_ENCODER.encode(inp)))
                    share.dates.append(dates)
                    share.created_ns.append(inp.envelope.created_ns)
        return share

    def _opened(self, paths: Sequence[Path], spool: Frames) -> Iterator[list[_Opened]]:
        """Open the files in order and yield as many together as are still small together."""
        together: list[_Opened] = []
        size = 0
        most, bytes_most = _TOGETHER_SCREENED if self._screening else _TOGETHER
        for path in paths:
            data, large = _bytes_of(path, f"{self.path}.{spool.size}-{len(together)}")
            together.append((path, data, large))
            size += len(data or b"")
            if len(together) >= most or size > bytes_most:
                yield together
                together, size = [], 0
        yield together

    def _read_some(
        self, opened: list[_Opened], spool: Frames
    ) -> Iterator[tuple[Input, tuple[int, ...]]]:
        """Read files stage by stage: the same code over many files is a good deal faster."""
        read: list[Iterable[ReadResult]] = [
            read_file(large or path) if data is None else (read_message(data),)
            for path, data, large in opened
        ]
        if self._screening is not None:
            small = (results for results in read if isinstance(results, tuple))
            self._screening.expect(t for results in small for r in results for t in r.transactions)
        for (path, data, large), results in zip(opened, read, strict=True):
            yield self.take_down(printable_name(path), data, large, results, spool)

    def take_down(
        self,
        name: str,
        data: bytes | None,
        large: Path | None,
        results: Iterable[ReadResult],
        spool: Frames,
    ) -> tuple[Input, tuple[int, ...]]:
        """Spool what one file asks, window by window, and then the file as a whole."""
        reading: Reading | None = None
        if data is not None:
            (first,) = results
            if needs_reading(data, first):
                reading = read_other(data, first)
                results = (reading.result,)
        windows: list[tuple[int, int]] = []
        # The first of each kind decides, in whichever window it comes.
        findings: dict[str, Finding] = {}
        dates: set[int] = set()
        count, message, group_header, first_agent = 0, None, b"", ""
        for result in results:
            message = result.message or message
            for finding in filter(concerns_whole, result.findings):
                findings.setdefault(finding.code.partition(".")[0], finding)
            if result.transactions:
                first_agent = first_agent or result.transactions[0].instructing_agent
                window = self._window(result)
                windows.append(spool.put(_ENCODER.encode(window)))
                dates.update(w.value_date for w in window.wishes if w.refusal is None)
                count += len(result.transactions)
            group_header = result.group_header or group_header
        envelope = envelope_of(message, tuple(findings.values()), count, first_agent, reading)
        key = (envelope.sender, envelope.message_type, envelope.message_id)
        salt = salt_for(self._seal, "message", *(key if message else (name,)))
        inp = Input(
            name=name,
            envelope=envelope,
            windows=tuple(windows),
            transactions=count,
            salt=salt,
            digest=_digest(salt, data, large),
            received=spool.put(data) if data is not None else (0, 0),
            received_path=str(large) if large else "",
            report=_report(message, name, envelope.message_type),
            group_header=group_header if self._deliver else b"",
            reading=_kept(reading),
        )
        stands = envelope.refusal is None and envelope.unreadable is None
        return inp, tuple(sorted(dates)) if stands else ()

    def _window(self, result: ReadResult) -> Window:
        message = result.message
        assert message is not None
        wishes = wishes_of(result, self._directory, self._seal)
        if self._screening is not None:
            wishes = self._screening.screen(result.transactions, wishes)
        return Window(
            wishes,
            tuple(particulars_of(message, each) for each in result.transactions),
            tuple(t.fragment for t in result.transactions) if self._deliver else (),
        )


class Frames:
    """Writes frames one after the other and says where each lies."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0

    def put(self, frame: bytes) -> tuple[int, int]:
        """Write a frame and return its (offset, size)."""
        self._file.write(frame)
        place = self.size, len(frame)
        self.size += len(frame)
        return place


_BUFFER_BYTES = 1 << 20


def printable_name(path: Path) -> str:
    """Return a file's name as text; bytes that are no UTF-8 are shown as ``\\xff``."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def _bytes_of(path: Path, copy: str) -> tuple[bytes | None, Path | None]:
    """Return a small file's bytes, or a private copy of a large one that may not change meanwhile.

    Neither, for what is no readable file or too large to be one: the reader says why.
    """
    try:
        # Not to wait for a writer, should it be a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_BYTES_MAX:
                return None, None
            if status.st_size <= TREE_BYTES_MAX:
                return _read_all(descriptor, status.st_size), None
        finally:
            os.close(descriptor)
        shutil.copyfile(path, copy)
    except OSError:
        return None, None
    return None, Path(copy)


def _read_all(descriptor: int, size: int) -> bytes:
    """Read a file that was so large a moment ago; whatever it has grown by is read too."""
    data = os.read(descriptor, size + 1)
    while more := os.read(descriptor, _READ_BYTES) if len(data) != size else b"":
        data += more
    return data


_READ_BYTES = 1 << 20


def _digest(salt: bytes, data: bytes | None, path: Path | None) -> bytes:
    """Return SHA-256(salt || what was received)."""
    digest = hashlib.sha256(salt + (data or b""))
    if path is not None:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.digest()


def particulars_of(message: Message, transaction: Transaction) -> Particulars:
    """Return what answers and notifications repeat of a transaction."""
    try:
        amount_minor = parse_amount(transaction.amount, transaction.currency)
        currency = transaction.currency
    except AmountError:
        amount_minor, currency = 0, ""
    status = TransactionStatus(
        "",
        transaction.instruction_id,
        transaction.end_to_end_id,
        transaction.transaction_id,
        transaction.uetr,
        currency=currency,
        amount_minor=amount_minor,
        settlement_date=transaction.settlement_date,
    )
    return Particulars(
        status,
        message.message_id,
        message.message_type,
        transaction.instructing_agent,
        transaction.instructed_agent,
        transaction.debtor,
        transaction.creditor,
        f"{transaction.currency} {transaction.amount}",
        transaction.local_instrument,
    )


def _kept(reading: Reading | None) -> Reading | None:
    """What the node needs of a reading: its values lie in the windows already."""
    return msgspec.structs.replace(reading, result=ReadResult(None)) if reading else None


def _report(message: Message | None, name: str, message_type: str) -> StatusReport:
    """What the answer says of the original message; its own id and time come when it is written."""
    if message is None:
        return StatusReport("", "", name, "")
    return StatusReport(
        "",
        "",
        message.message_id,
        message_type,
        message.created,
        message.number_of_transactions,
    )


class SpoolReader:
    """Reads frames of a share back, in any order."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            # An empty file cannot be mapped, and nothing would be read from it.
            empty = os.fstat(file.fileno()).st_size == 0
            self._map = None if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __enter__(self) -> SpoolReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._map is not None:
            self._map.close()

    def bytes(self, place: tuple[int, int]) -> bytes:
        """Return a frame as it was put."""
        offset, size = place
        return self._map[offset : offset + size] if self._map is not None else b""

    def input(self, place: tuple[int, int]) -> Input:
        """Return the Input at a place."""
        return _INPUT.decode(self.bytes(place))

    def window(self, place: tuple[int, int]) -> Window:
        """Return the Window at a place."""
        return _WINDOW.decode(self.bytes(place))


_INPUT = msgspec.msgpack.Decoder(Input)
_WINDOW = msgspec.msgpack.Decoder(Window)
