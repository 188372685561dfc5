"""One run of ``paritas settle``: files through the whole system, on virtual time.

The way through it is the way of the live service, on virtual time:

    files -> read in parallel, whole, into a spool      (spool)
          -> wishes, in order of name                   (intake)
          -> commands -> events -> journal              (ledger; business days in between)
          -> answers, notifications, statements         (outputs, in parallel)

Nothing is written for anybody before the journal is durable. If it is killed, the same call goes
on where the journal ends: the same input gives the same commands, the recorded ones answer first.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import msgspec

from paritas.core.lifecycle import ISO_STATUS, Status
from paritas.core.state import State
from paritas.journal.codec import Record, decode_records
from paritas.journal.process import JournalProcess
from paritas.journal.sqlite import SqliteJournal
from paritas.model import commands as c
from paritas.model.events import AnyEvent, CommandRefused
from paritas.node.account_reports import Reports
from paritas.node.business_days import (
    BusinessDays,
    Timer,
    last_use,
    moments,
    period,
    utc_midnight_ns,
    utc_ordinal,
)
from paritas.node.calendars import DAY_NS
from paritas.node.clearing_rounds import Clearings
from paritas.node.conversation import Asking, Conversation, Reply, returned
from paritas.node.cycle_clock import VirtualCycles
from paritas.node.cycle_setoffs import VirtualSetoffs
from paritas.node.directory import Directory, directory_of, setup_commands, state_of
from paritas.node.intake import Wish
from paritas.node.ledger import Ledger
from paritas.node.list_files import load_commands, read_versions
from paritas.node.named_payments import NamedPayments
from paritas.node.obligation_file import ObligationRows, Row
from paritas.node.outputs import Outcome
from paritas.node.scheme import Scheme
from paritas.node.screener import Screening, evidence_commands, screening_of
from paritas.node.solver import Solver
from paritas.node.spool import Input, Share, Spooler, SpoolReader
from paritas.node.views import DayView
from paritas.screening import ListVersion
from paritas.screening.lists import ListError

#: How many files a worker reads at a time, at the most; and how many shares there are at least,
#: so that all workers have enough to do where files are few and large.
_SHARE_FILES = 250
_SHARES_MIN = 24
#: A file's own time is believed from so many days before the first opening up to so many days after
#: the last value date of all input.
_HORIZON_DAYS = 3

Progress = Callable[[str, int, int], None]
"""Told (stage, done, of) now and then."""


class SettleError(Exception):
    """The run cannot begin or go on; the text says what, where and what to do."""


class NodeWindow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A spooled Window as the node takes it up: particulars stay encoded."""

    wishes: tuple[Wish, ...]
    particulars: tuple[msgspec.Raw, ...]


_NODE_WINDOW = msgspec.msgpack.Decoder(NodeWindow)


class Taken(msgspec.Struct, gc=False):
    """An input that was taken up: where it lies, and the outcome of each transaction so far.

    An outcome is the instruction's number where there is one; else (reason, sentence).
    """

    share: int
    place: tuple[int, int]
    name: str
    unreadable: tuple[str, str] | None
    outcomes: list[int | tuple[str, str]]
    refusal: tuple[str, str] | None
    sender: str
    message_type: str
    #: How a request is answered; None for a message with transactions.
    reply: Reply | None = None


class Run:
    """One run of ``settle`` over the inputs of a directory."""

    def __init__(
        self,
        scheme: Scheme,
        out: Path,
        first_day: datetime.date | None,
        *,
        deliver: bool,
        obligations: Sequence[Row] = (),
    ) -> None:
        self.obligations = obligations
        self.scheme = scheme
        self.out = out
        self.first_day = first_day
        self.deliver = deliver
        self.directory: Directory = directory_of(scheme)
        self.state = State()
        self.view = DayView(self.state)
        self.taken: list[Taken] = []
        #: number -> Particulars, encoded: what notifications repeat.
        self.particulars: dict[int, bytes] = {}
        #: Where each instruction came from: number -> (input, index in it).
        self.origin: dict[int, tuple[int, int]] = {}
        self.conversation = Conversation(
            self.state,
            self.decide,
            NamedPayments(self.state, self.particulars),
            Reports(self.state, self.view),
            scheme.name,
        )
        self.shares: list[Share] = []
        #: The lists that bind, by name.
        self.versions: dict[str, ListVersion] = {}
        self.journal_path = out / "journal.sqlite"

    def decide(
        self, command: c.AnyCommand, salt: bytes = b"", private: bytes = b"", path: str = ""
    ) -> Sequence[AnyEvent]:
        """Have the engine decide, and let the view follow."""
        events = self.ledger.decide(command, salt, private, path)
        self.view.follow(command, events)
        return events

    # --- the stages

    def load_lists(self) -> Screening | None:
        """Read and index the lists that bind, for the workers to screen with; None if none does."""
        if not self.scheme.lists:
            return None
        with SqliteJournal(self.journal_path) as journal:
            seal = journal.seal
        try:
            self.versions = read_versions(self.scheme.lists)
            return screening_of(self.scheme, self.versions, state_of(self.scheme), seal)
        except ListError as error:
            raise SettleError(f"A list that binds cannot be used: {error}") from None

    def read(
        self, paths: Sequence[Path], spool: Path, pool: ProcessPoolExecutor, tell: Progress
    ) -> None:
        """Read every file, in parallel, into the spool."""
        with SqliteJournal(self.journal_path) as journal:
            seal = journal.seal
        size = max(1, min(_SHARE_FILES, len(paths) // _SHARES_MIN))
        parts = [paths[i : i + size] for i in range(0, len(paths), size)]
        futures: list[Future[Share]] = []
        for index, part in enumerate(parts):
            spooler = Spooler(spool / f"{index:06d}", self.directory, seal, deliver=self.deliver)
            futures.append(pool.submit(spooler.read, part))
        for index, future in enumerate(futures):
            self.shares.append(future.result())
            tell("reading", min((index + 1) * size, len(paths)), len(paths))

    def settle(self, tell: Progress) -> None:
        """Take up the inputs in order, on virtual time, and run the business days."""
        dates = [dates for share in self.shares for dates in share.dates]
        created = [ns for share in self.shares for ns in share.created_ns]
        rows_ns = [row.at_ns for row in self.obligations]
        row_days = [(utc_ordinal(ns),) for ns in rows_ns]
        first_day, last_day = period([*dates, *row_days], [*created, *rows_ns])
        if self.first_day is not None:
            first_day, last_day = self.first_day, max(self.first_day, last_day)
        with JournalProcess(self.journal_path) as journal, Solver() as solver, Solver() as netting:
            self.ledger = Ledger(self.state, journal, _recorded(self.journal_path))
            horizon_ns = utc_midnight_ns(last_day) + _HORIZON_DAYS * DAY_NS
            days = BusinessDays(
                self.state,
                self.decide,
                self.directory.calendars,
                first_day,
                self._timers(solver, netting, horizon_ns),
            )
            self.days = days
            opening_ns = days.start_ns()
            early = [ns for ns in [*created, *rows_ns] if ns is not None and ns <= horizon_ns]
            start_ns = max(0, opening_ns - _HORIZON_DAYS * DAY_NS, min([*early, opening_ns]))
            self.start_ns = start_ns
            for command in setup_commands(self.scheme, start_ns, days.first_dates):
                self.decide(command)
            # The rulebook stands in a row of its own, so that a node can go on from this journal.
            self.ledger.flush()
            for loading in load_commands(self.state, self.versions, start_ns):
                self.decide(loading)
            self.view.begin()
            days.begin(start_ns)
            uses = last_use(dates)
            times = moments(created, start_ns, horizon_ns)
            total = len(created)
            for index, (share, place, inp, spool) in enumerate(self._inputs()):
                days.advance(next(times), lambda date, i=index: uses.get(date, -1) >= i)  # type: ignore[misc]
                self._take(share, place, inp, spool)
                if index % 100 == 0:
                    tell("settling", index, total)
            days.finish()
            self.ledger.flush()
            journal.wait()
            tell("settling", total, total)

    def _timers(self, solver: Solver, netting: Solver, horizon_ns: int) -> Sequence[Timer]:
        """Cycles first: at the moment of a cut-off nothing enters any more."""
        timers: list[Timer] = []
        if self.scheme.cycles:
            setoffs = VirtualSetoffs(netting, self.decide, self.ledger.recorded)
            cycles = self.scheme.cycles
            timers.append(VirtualCycles(self.state, cycles, self.decide, setoffs.set_off))
        rows = [
            msgspec.structs.replace(row, at_ns=min(row.at_ns, horizon_ns))
            for row in self.obligations
        ]
        self.rows = ObligationRows(rows, self.state, self.directory, self.decide)
        timers.append(self.rows)
        if self.scheme.clearing is not None:
            recorded = self.ledger.recorded
            rules = self.scheme.clearing
            timers.append(Clearings(self.state, rules, solver, self.decide, recorded))
        return timers

    def _inputs(self) -> Iterator[tuple[int, tuple[int, int], Input, SpoolReader]]:
        for number, share in enumerate(self.shares):
            with SpoolReader(share.path) as spool:
                for place in share.inputs:
                    yield number, place, spool.input(place), spool

    def _take(self, share: int, place: tuple[int, int], inp: Input, spool: SpoolReader) -> None:
        """Take up one input: record it, then submit what it wishes."""
        envelope, at_ns = inp.envelope, self.days.now_ns
        taken = Taken(
            share,
            place,
            inp.name,
            envelope.unreadable,
            [],
            None,
            envelope.sender,
            envelope.message_type,
        )
        self.taken.append(taken)
        private = spool.bytes(inp.received) if inp.received[1] else b""
        sealed = inp.salt, private, inp.received_path
        refusal = envelope.unreadable and ("FF01", envelope.unreadable[1])
        if envelope.refusal is not None:
            refusal = (envelope.refusal.reason, envelope.refusal.text)
        if refusal is not None:
            command = c.RecordRefusal(at_ns, 0, b"", 0, inp.name, *refusal, inp.digest)
            self.decide(command, *sealed)
        else:
            refusal = self._record(inp, at_ns, sealed)
        if refusal is not None:
            taken.refusal = refusal
            taken.outcomes = [refusal] * inp.transactions
            return
        message = self.state.messages[envelope.sender, envelope.message_type, envelope.message_id][
            0
        ]
        if inp.other is not None and inp.other.request:
            actor = self.directory.party(envelope.sender)
            asking = Asking(
                actor, envelope.sender, envelope.message_type, envelope.message_id, message, at_ns
            )
            first = len(self.state.instructions)
            taken.reply = self.conversation.take(asking, inp.other.request)
            for number in range(first, len(self.state.instructions)):
                self.origin[number] = (len(self.taken) - 1, 0)
            return
        for window_place in inp.windows:
            window = _NODE_WINDOW.decode(spool.bytes(window_place))
            for wish, particulars in zip(window.wishes, window.particulars, strict=True):
                taken.outcomes.append(self._submit(wish, message, particulars, at_ns))

    def _record(
        self, inp: Input, at_ns: int, sealed: tuple[bytes, bytes, str]
    ) -> tuple[str, str] | None:
        envelope = inp.envelope
        key = (envelope.sender, envelope.message_type, envelope.message_id)
        command = c.RecordMessage(at_ns, 0, b"", *key, inp.digest)
        events = self.decide(command, *sealed)
        if events and isinstance(events[0], CommandRefused):
            return events[0].reason, events[0].text
        return None

    def _submit(
        self, wish: Wish, message: int, particulars: msgspec.Raw, at_ns: int
    ) -> int | tuple[str, str]:
        """Submit a wish and return the number of its instruction, or why it never became one."""
        if wish.original is not None and wish.refusal is None:
            wish = returned(self.state, self.conversation.named, wish)
        if wish.refusal is not None:
            refusal = (wish.refusal.reason, wish.refusal.text)
            self.decide(c.RecordRefusal(at_ns, 0, b"", message, wish.reference, *refusal))
            return refusal
        for sealing in evidence_commands(wish, at_ns):
            self.decide(*sealing)
        events = self.decide(
            c.SubmitInstruction(
                at_ns,
                wish.actor,
                b"",
                wish.sender,
                wish.reference,
                wish.legs,
                wish.priority,
                wish.value_date,
                wish.uetr,
                wish.content,
                message,
                wish.trade,
                returns=wish.returns,
                verdicts=wish.verdicts,
            )
        )
        if not events:
            # The same again: it is answered as the first one is.
            return self.state.parties[wish.sender].references[wish.reference]
        number = len(self.state.instructions) - 1
        self.particulars[number] = bytes(particulars)
        self.origin[number] = (len(self.taken) - 1, len(self.taken[-1].outcomes))
        return number

    # --- what leaves

    def outcome(self, outcome: int | tuple[str, str]) -> Outcome:
        """Say what became of a transaction, at the end of the run."""
        if isinstance(outcome, tuple):
            return Outcome("RJCT", *outcome)
        status, reason, text = self.view.status_of(outcome)
        settled_ns = self.view.settled_ns.get(outcome, 0) if status is Status.SETTLED else 0
        return Outcome(ISO_STATUS[status], reason, text, outcome, settled_ns)


def _recorded(path: Path) -> Iterator[Record]:
    with SqliteJournal(path, read_only=True) as journal:
        for row in journal.rows():
            yield from decode_records(row.payload)
