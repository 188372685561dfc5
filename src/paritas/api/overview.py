"""Today at a glance: what moved since the node began to watch, the clearings, the cycles, the scheme.

The figures follow the durable rows, as every view does. They begin with the last day of the journal
when the node starts, and say so: what was before is told by the payments and the statements.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Annotated

import msgspec

from paritas.api.calls import Call
from paritas.api.routes import Route
from paritas.core.state import State
from paritas.journal.codec import decode_records
from paritas.journal.sqlite import Row, SqliteJournal
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.instructions import Leg
from paritas.model.money import minor_digits
from paritas.node.feed import FeedRow
from paritas.node.live import LiveNode

#: One point a minute, for a day.
_POINTS = 1440
_MINUTE_NS = 60 * 10**9
_DAY_NS = 24 * 60 * _MINUTE_NS
#: How many clearings are remembered, and how many legs of each are shown.
_RUNS = 50
_RUN_LEGS = 400

_Minor = Annotated[int, msgspec.Meta(ge=0)]


class CurrencyFigures(msgspec.Struct, frozen=True):
    """What settled on one book, gross, and what its members may use for it, in minor units."""

    currency: str
    settled_minor: int
    waiting_minor: int
    available_minor: int


class QueuePoint(msgspec.Struct, frozen=True):
    """How much had settled and how much waited, at the end of a minute."""

    at_ns: int
    settled: int
    waiting: int


class OverviewAnswer(msgspec.Struct, frozen=True):
    """The day so far, of all that the asker may see; counted from ``since_ns`` on."""

    seq: int
    since_ns: int
    settled: _Minor
    refused: _Minor
    cancelled: _Minor
    waiting: _Minor
    currencies: tuple[CurrencyFigures, ...]
    points: tuple[QueuePoint, ...]


class ClearingRun(msgspec.Struct, frozen=True):
    """One proposal of the solver, and what the engine made of it."""

    at_ns: int
    seq: int
    proposed: int
    settled: tuple[int, ...]
    #: The legs that settled together, by members' BICs; at most the first 400.
    legs: tuple[tuple[str, str, str, int], ...]
    has_certificate: bool


class CyclePosition(msgspec.Struct, frozen=True):
    """What a netting cycle comes to for one account: below zero is to be paid."""

    member: str
    currency: str
    net_minor: int


class CycleShown(msgspec.Struct, frozen=True):
    """A netting cycle and where it stands."""

    number: int
    name: str
    status: str
    currencies: tuple[str, ...]
    cut_off_ns: int
    #: End of the top-up window, 0 before there is one.
    until_ns: int
    obligations: int
    positions: tuple[CyclePosition, ...]


class ClearingsAnswer(msgspec.Struct, frozen=True):
    """The solver's proposals since the node began, newest first, and the netting cycles."""

    seq: int
    runs: tuple[ClearingRun, ...]
    cycles: tuple[CycleShown, ...]


class CurrencyShown(msgspec.Struct, frozen=True):
    """A book of the scheme; ``digits`` are the decimals of its currency."""

    currency: str
    digits: int
    issuer: str


class MemberShown(msgspec.Struct, frozen=True):
    """An institution that settles."""

    bic: str
    name: str
    country: str


class SchemeAnswer(msgspec.Struct, frozen=True):
    """What every member may know of the scheme."""

    seq: int
    name: str
    value_currency: str
    currencies: tuple[CurrencyShown, ...]
    members: tuple[MemberShown, ...]


class _Tally:
    """What an institution has had happen; the operator's, under "", is of all."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.settled_minor: Counter[str] = Counter()
        self.points: deque[QueuePoint] = deque(maxlen=_POINTS)


class Figures:
    """Follows the durable rows; lives as long as the service."""

    def __init__(self, node: LiveNode) -> None:
        self._node = node
        self.since_ns = node.now_ns()
        self._tallies: dict[str, _Tally] = {"": _Tally()}
        self._of_number: dict[int, tuple[str, ...]] = {}
        self.runs: deque[ClearingRun] = deque(maxlen=_RUNS)
        self._minute = 0
        #: What waits at the row that was taken in last: the state may be further on.
        self._waiting = 0

    async def begin(self) -> None:
        """Take in the last day of the journal, then whatever becomes durable."""
        node = self._node
        with SqliteJournal(node.journal_path, read_only=True) as journal:
            for row in _last_day(journal):
                if row.seq <= node.seq:
                    self.follow(FeedRow(row.seq, row.at_ns, list(decode_records(row.payload))))
                    self.since_ns = min(self.since_ns, row.at_ns)
        node.tell(self.follow)

    async def stop(self) -> None:
        """Nothing to end."""

    def tally(self, institution: str) -> _Tally:
        """Return the figures of one institution, or of all."""
        return self._tallies.get(institution) or _Tally()

    def follow(self, row: FeedRow) -> None:
        """Take one durable row in."""
        state = self._node.state
        for command, events in row.records:
            for event in events:
                self._take(state, row, command, event)
        if row.at_ns // _MINUTE_NS != self._minute:
            self._minute = row.at_ns // _MINUTE_NS
            point = QueuePoint(row.at_ns, self._tallies[""].counts["settled"], self._waiting)
            self._tallies[""].points.append(point)

    def _take(self, state: State, row: FeedRow, command: c.AnyCommand, event: e.AnyEvent) -> None:
        match event:
            case e.InstructionSettled() | e.QueuedSettled():
                self._settled(state, event.number)
            case e.SetSettled():
                for number in event.numbers:
                    self._settled(state, number)
                if isinstance(command, c.ProposeSettlement):
                    self.runs.appendleft(_run(state, row, command, event.numbers))
            case e.InstructionQueued():
                self._waiting += 1
            case e.SidesMatched():
                self._waiting -= 1
            case e.InstructionRefused() | e.QueuedRefused():
                self._count(state, event.number, "refused")
            case e.QueuedCancelled():
                self._count(state, event.number, "cancelled")
            case e.CommandRefused() if isinstance(command, c.ProposeSettlement):
                self.runs.appendleft(_run(state, row, command, ()))

        if isinstance(event, e.QueuedSettled | e.QueuedRefused | e.QueuedCancelled):
            self._waiting -= 1
        elif isinstance(event, e.SetSettled):
            self._waiting -= len(event.numbers)

    def _settled(self, state: State, number: int) -> None:
        instruction = state.instructions[number]
        assert instruction is not None
        for tally in self._count(state, number, "settled"):
            for leg in instruction.legs:
                currency = state.accounts[leg.payer].book.currency
                tally.settled_minor[currency] += leg.amount_minor

    def _count(self, state: State, number: int, what: str) -> list[_Tally]:
        instruction = state.instructions[number]
        assert instruction is not None
        names = dict.fromkeys(("", *_concerned(state, instruction.legs)))
        tallies = [self._tallies.setdefault(name, _Tally()) for name in names]
        for tally in tallies:
            tally.counts[what] += 1
        return tallies


def _last_day(journal: SqliteJournal) -> Iterator[Row]:
    """Yield the rows of the journal's last 24 hours."""
    newest = journal.row(journal.seq)
    if newest is not None:
        yield from journal.rows(max(0, journal.seq_at(newest.at_ns - _DAY_NS) - 1))


def _concerned(state: State, legs: tuple[Leg, ...]) -> list[str]:
    found = []
    for leg in legs:
        for number in (leg.payer, leg.payee):
            account = state.accounts.get(number)
            if account is not None:
                found += [account.party.bic, account.book.issuer.bic]
    return found


def _run(
    state: State, row: FeedRow, command: c.ProposeSettlement, numbers: tuple[int, ...]
) -> ClearingRun:
    legs = []
    for number in numbers:
        instruction = state.instructions[number]
        assert instruction is not None
        for leg in instruction.legs:
            payer, payee = state.accounts[leg.payer], state.accounts[leg.payee]
            legs.append((payer.party.bic, payee.party.bic, payer.book.currency, leg.amount_minor))
    has_certificate = bool(command.certificate)
    proposed = len(command.numbers)
    shown = tuple(legs[:_RUN_LEGS])
    return ClearingRun(row.at_ns, row.seq, proposed, numbers, shown, has_certificate)


def _figures(call: Call) -> Figures:
    return next(each for each in call.service.companions if isinstance(each, Figures))


async def get_overview(call: Call) -> OverviewAnswer:
    """Answer with the day so far."""
    figures = _figures(call)
    tally = figures.tally(call.principal.institution)

    def find(state: State) -> tuple[int, tuple[CurrencyFigures, ...]]:
        waiting: Counter[str] = Counter()
        count = 0
        for each in state.queue.values():
            command = state.instructions[each.number]
            assert command is not None
            if call.principal.sees(*_concerned(state, command.legs)):
                count += 1
                for payer, _, amount_minor in each.legs:
                    waiting[payer.book.currency] += amount_minor
        available: Counter[str] = Counter()
        for account in state.accounts.values():
            if call.sees_account(account):
                room = account.balance_minor - account.floors[0]
                available[account.book.currency] += max(0, room)
        return count, tuple(
            CurrencyFigures(
                currency,
                tally.settled_minor[currency],
                waiting[currency],
                available[currency],
            )
            for currency in state.book_by_currency
        )

    (waiting, currencies), seq = await call.node.read(find)
    counts = tally.counts
    return OverviewAnswer(
        seq,
        figures.since_ns,
        counts["settled"],
        counts["refused"],
        counts["cancelled"],
        waiting,
        currencies,
        tuple(tally.points),
    )


async def get_clearings(call: Call) -> ClearingsAnswer:
    """Answer with the solver's proposals and the cycles, cut to what the asker may see."""
    sees = call.principal.sees

    def find(state: State) -> tuple[CycleShown, ...]:
        return tuple(
            CycleShown(
                cycle.number,
                cycle.name,
                cycle.status.name.lower(),
                tuple(book.currency for book in cycle.books),
                cycle.cut_off_ns,
                cycle.until_ns,
                len(cycle.obligations),
                tuple(
                    CyclePosition(account.party.bic, account.book.currency, net_minor)
                    for account, net_minor in sorted(
                        cycle.positions.items(), key=lambda each: each[0].number
                    )
                    if net_minor and call.sees_account(account)
                ),
            )
            for _, cycle in sorted(state.cycles.items(), reverse=True)
        )

    cycles, seq = await call.node.read(find)
    runs = tuple(
        msgspec.structs.replace(run, legs=tuple(leg for leg in run.legs if sees(leg[0], leg[1])))
        for run in _figures(call).runs
    )
    return ClearingsAnswer(seq, runs, cycles)


async def get_scheme(call: Call) -> SchemeAnswer:
    """Answer with what every member may know of the scheme."""
    scheme, node = call.node.scheme, call.node
    found, seq = await node.read(
        lambda state: (
            tuple(
                CurrencyShown(book.currency, minor_digits(book.currency), book.issuer.bic)
                for book in state.books.values()
            ),
            tuple(party.bic for party in state.parties.values() if party.is_member),
        )
    )
    currencies, bics = found
    members = tuple(
        MemberShown(bic, known.name, known.country)
        if (known := scheme.members.get(bic)) is not None
        else MemberShown(bic, "", "")
        for bic in bics
    )
    return SchemeAnswer(seq, scheme.name, scheme.value_currency, currencies, members)


ROUTES = (
    Route(
        "GET",
        "/v1/overview",
        "overview",
        "The day so far: settled, waiting, refused, value and liquidity by book",
        get_overview,
        answer=OverviewAnswer,
    ),
    Route(
        "GET",
        "/v1/clearings",
        "clearings",
        "The solver's proposals and what settled by them, and the netting cycles",
        get_clearings,
        answer=ClearingsAnswer,
    ),
    Route(
        "GET",
        "/v1/scheme",
        "scheme",
        "Books and members of the scheme",
        get_scheme,
        own=False,
        answer=SchemeAnswer,
    ),
)
