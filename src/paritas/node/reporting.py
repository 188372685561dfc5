"""From a finished run to the data of its report: every figure from the journal's own events.

What is counted, and in which units, is said in ``report_data``.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate
from statistics import median

import msgspec

from paritas import __version__
from paritas.core.lifecycle import Status
from paritas.core.state import Book
from paritas.model.commands import SubmitInstruction
from paritas.model.parties import normalise_bic
from paritas.model.reasons import meaning_of
from paritas.node.calendars import SECOND_NS, format_instant
from paritas.node.report_data import (
    CONVERSION,
    EXCHANGE,
    KINDS,
    PAYMENT,
    BookRow,
    Clearings,
    Count,
    Flow,
    KindRow,
    MemberRow,
    Note,
    Queue,
    Rate,
    ReasonRow,
    Refusal,
    ReportData,
    SeriesPoint,
    UnreadableFile,
    delay_buckets,
)
from paritas.node.results import decimal_text, rounding_of
from paritas.node.rings import rings
from paritas.node.run import Run
from paritas.node.saving import savings
from paritas.node.solver import unpack_proof
from paritas.node.spool import Particulars, SpoolReader
from paritas.node.values import Values
from paritas.node.views import AccountDay

#: The report names so many refusals one by one; the reasons count all.
_REFUSALS_SHOWN = 200
#: And draws so many rings.
_RINGS_SHOWN = 12
#: Steps between the points of the series, in seconds; the first that gives few enough points.
_STEPS_S = (60, 600, 1_800, 3_600, 21_600, 86_400)
_POINTS_MAX = 200

_LOCAL_INSTRUMENTS = {"PXFX": CONVERSION, "PVP": EXCHANGE}


class Payment(msgspec.Struct, frozen=True, gc=False):
    """One credit transfer that came in, as the report counts it."""

    kind: str
    status: Status
    value_minor: int
    payer: str
    payee: str
    #: Moments in nanoseconds; 0 where there is none.
    received_ns: int = 0
    matched_ns: int = 0
    ended_ns: int = 0
    reason: str = ""


def count(payments: Iterable[Payment]) -> Count:
    """Count payments and add up their values."""
    values = [payment.value_minor for payment in payments]
    return Count(len(values), sum(values))


def report_data(run: Run, *, title: str, journal_hash: str, journal_seq: int) -> ReportData:
    """Draw up the report of a run that has come to its end."""
    values = Values(run.state, run.scheme.value_currency)
    refused, refusals = _refused_at_edge(run, values)
    payments = [*_instructed(run, values), *refused]
    refusals = [*_refused_by_engine(run), *refusals]
    books = _books(run, values)
    settled = [p for p in payments if p.status == Status.SETTLED]
    dates = sorted({day.date for day in run.view.closed})
    used = {number: _used(days) for number, days in _by_account(run).items()}
    saved, netting_wait_s = savings(run, values, used)
    found = rings(run, values)
    return ReportData(
        title=title,
        scheme=run.scheme.name,
        value_currency=run.scheme.value_currency,
        business_dates=tuple(datetime.date.fromordinal(date).isoformat() for date in dates),
        first_at=format_instant(run.start_ns),
        last_at=format_instant(run.days.now_ns),
        software=f"paritas {__version__}",
        files=len(run.taken),
        messages=len(run.state.messages),
        journal_seq=journal_seq,
        journal_hash=journal_hash,
        received=count(payments),
        settled=count(settled),
        refused=count(p for p in payments if _is_refused(p)),
        pending=count(p for p in payments if p.status == Status.WAITING),
        gross_minor=sum(book.gross_minor for book in books),
        opening_minor=sum(book.opening_minor for book in books),
        limit_minor=sum(book.limit_minor for book in books),
        used_minor=sum(book.used_minor for book in books),
        net_outflow_minor=sum(book.net_outflow_minor for book in books),
        vehicle=_vehicle(run, values),
        queue=_queue(payments, settled),
        kinds=tuple(_kind_row(kind, payments) for kind in KINDS),
        books=books,
        members=_members(run, payments, values),
        reasons=_reasons(payments),
        refusals=tuple(refusals[:_REFUSALS_SHOWN]),
        unreadable=tuple(
            UnreadableFile(taken.name, taken.unreadable[1], taken.sender)
            for taken in run.taken
            if taken.unreadable is not None
        ),
        flows=_flows(run, settled),
        delays=delay_buckets(
            (_delay_s(p), p.value_minor) for p in settled if p.ended_ns > p.matched_ns
        ),
        series=_series(run, payments),
        rates=tuple(
            Rate(currency, run.scheme.rate_texts[currency]) for currency in run.scheme.books
        ),
        notes=_notes(run),
        savings=saved,
        netting_wait_s=netting_wait_s,
        clearings=_clearings(run, values, len(found)),
        rings=found[:_RINGS_SHOWN],
    )


def _clearings(run: Run, values: Values, groups: int) -> Clearings:
    proofs = [unpack_proof(proof) for proof in run.view.proofs if proof]
    proven = sum(proof["gap"] == "0" for proof in proofs)
    cleared = [number for _, numbers in run.view.cleared_sets for number in numbers]
    return Clearings(len(proofs), proven, _count_of(run, values, cleared), groups)


def _count_of(run: Run, values: Values, numbers: Iterable[int]) -> Count:
    """Count instructions as payments, both halves of an exchange."""
    accounts = run.state.accounts
    worths = []
    for number in numbers:
        command = run.state.instructions[number]
        assert command is not None
        paid = command.legs if command.trade else command.legs[:1]
        worths += [values.of(leg.amount_minor, accounts[leg.payer].book) for leg in paid]
    return Count(len(worths), sum(worths))


def _notes(run: Run) -> tuple[Note, ...]:
    """Say what no table shows: the rounding of conversions, and what came twice."""
    notes = []
    roundings: dict[str, Fraction] = defaultdict(Fraction)
    for number in run.origin:
        command = run.state.instructions[number]
        assert command is not None
        if run.state.statuses[number] == Status.SETTLED and _kind(command) == CONVERSION:
            currency, rounding = rounding_of(run, command)
            roundings[currency] += rounding
    if roundings:
        each = ", ".join(f"{decimal_text(r, cur)} {cur}" for cur, r in sorted(roundings.items()))
        notes.append(
            Note(
                "",
                f"Conversions are rounded up to the dealer, each by less than a minor unit: {each}.",
            )
        )
    numbers = [each for taken in run.taken for each in taken.outcomes if isinstance(each, int)]
    repeats = len(numbers) - len(set(numbers))
    if repeats:
        notes.append(
            Note("", f"{repeats} transactions came again and were answered as the first time.")
        )
    return tuple(notes)


def _is_refused(payment: Payment) -> bool:
    return payment.status in (Status.REFUSED, Status.CANCELLED)


def _kind(command: SubmitInstruction) -> str:
    if command.trade:
        return EXCHANGE
    return CONVERSION if len(command.legs) > 1 else PAYMENT


def _instructed(run: Run, values: Values) -> Iterable[Payment]:
    """Everything that became an instruction; a repeat of one is not another payment."""
    state, view = run.state, run.view
    for number in run.origin:
        command = state.instructions[number]
        assert command is not None
        first, last = command.legs[0], command.legs[0 if command.trade else -1]
        payer, payee = state.accounts[first.payer], state.accounts[last.payee]
        ended_ns = view.settled_ns.get(number) or view.ended_ns.get(number, 0)
        yield Payment(
            kind=_kind(command),
            status=Status(state.statuses[number]),
            value_minor=values.of(first.amount_minor, payer.book),
            payer=payer.party.bic,
            payee=payee.party.bic,
            received_ns=view.received_ns[number],
            matched_ns=view.accepted_ns.get(number, 0),
            ended_ns=ended_ns,
            reason=state.reasons.get(number, ("",))[0],
        )


def _refused_at_edge(run: Run, values: Values) -> tuple[list[Payment], list[Refusal]]:
    """What never became an instruction, read again from the spool: it is little."""
    payments, refusals = [], []
    for taken in run.taken:
        if taken.unreadable is not None or not any(isinstance(o, tuple) for o in taken.outcomes):
            continue
        for particulars, outcome in zip(_particulars(run, taken), taken.outcomes, strict=True):
            if isinstance(outcome, tuple):
                payer = normalise_bic(particulars.debtor_agent)
                payee = normalise_bic(particulars.creditor_agent)
                kind = _LOCAL_INSTRUMENTS.get(particulars.local_instrument, PAYMENT)
                value_minor = values.of_text(particulars.amount)
                reason, text = outcome
                payments.append(
                    Payment(kind, Status.REFUSED, value_minor, payer, payee, reason=reason)
                )
                given = particulars.status
                reference = given.transaction_id or given.instruction_id
                amount = particulars.amount
                refusals.append(Refusal(taken.name, reference, payer, payee, amount, reason, text))
    return payments, refusals


def _particulars(run: Run, taken: object) -> list[Particulars]:
    share, place = taken.share, taken.place  # type: ignore[attr-defined]
    with SpoolReader(run.shares[share].path) as spool:
        windows = spool.input(place).windows
        return [each for window in windows for each in spool.window(window).particulars]


def _refused_by_engine(run: Run) -> Iterable[Refusal]:
    decoder = msgspec.msgpack.Decoder(Particulars)
    for number, (reason, text) in run.state.reasons.items():
        particulars = decoder.decode(run.particulars[number])
        taken = run.taken[run.origin[number][0]]
        command = run.state.instructions[number]
        assert command is not None
        yield Refusal(
            taken.name,
            command.reference,
            particulars.debtor_agent,
            particulars.creditor_agent,
            particulars.amount,
            reason,
            text,
        )


def _kind_row(kind: str, payments: Sequence[Payment]) -> KindRow:
    mine = [p for p in payments if p.kind == kind]
    return KindRow(
        kind,
        count(mine),
        count(p for p in mine if p.status == Status.SETTLED),
        count(p for p in mine if _is_refused(p)),
        count(p for p in mine if p.status == Status.WAITING),
    )


def _vehicle(run: Run, values: Values) -> Count:
    """Settled value with a leg in a currency that is neither the payer's nor the payee's."""
    found = []
    for number in run.origin:
        command = run.state.instructions[number]
        assert command is not None
        if run.state.statuses[number] == Status.SETTLED and not command.trade:
            books = [run.state.accounts[leg.payer].book for leg in command.legs]
            if any(book not in (books[0], books[-1]) for book in books):
                found.append(values.of(command.legs[0].amount_minor, books[0]))
    return Count(len(found), sum(found))


def _by_account(run: Run) -> dict[int, list[AccountDay]]:
    days: dict[int, list[AccountDay]] = defaultdict(list)
    for day in run.view.closed:
        days[day.account].append(day)
    return days


def _used(days: Sequence[AccountDay]) -> int:
    """How far the account fell below its opening balance at its lowest."""
    return days[0].opening_minor - min(day.lowest_minor for day in days)


def _books(run: Run, values: Values) -> tuple[BookRow, ...]:
    days = _by_account(run)
    return tuple(_book_row(run, book, days, values) for book in run.state.books.values())


def _book_row(run: Run, book: Book, days: dict[int, list[AccountDay]], values: Values) -> BookRow:
    legs: dict[str, list[int]] = {kind: [] for kind in KINDS}
    mine = [days[account.number] for account in book.accounts if account.number in days]
    for each in mine:
        for day in each:
            for posting in day.postings:
                if not posting.is_credit and not posting.cycle:
                    first = run.state.joined.get(posting.number, posting.number)
                    command = run.state.instructions[first]
                    assert command is not None
                    legs[_kind(command)].append(posting.amount_minor)
    payment, conversion, exchange = (
        Count(len(a), sum(values.of(x, book) for x in a)) for a in legs.values()
    )
    openings = [each[0].opening_minor for each in mine]
    closings = [each[-1].closing_minor for each in mine]
    limits = [account.limit_minor for account in book.accounts]
    used = [_used(each) for each in mine]
    net = [max(0, opening - closing) for opening, closing in zip(openings, closings, strict=True)]
    overdrawn = [-closing for closing in closings if closing < 0]
    return BookRow(
        book.currency,
        book.issuer.bic,
        _hours(run, book.currency),
        payment,
        conversion,
        exchange,
        sum(each.value_minor for each in (payment, conversion, exchange)),
        sum(sum(amounts) for amounts in legs.values()),
        sum(values.of(max(0, opening), book) for opening in openings),
        sum(values.of(limit, book) for limit in limits),
        sum(values.of(each, book) for each in used),
        sum(values.of(each, book) for each in net),
        len(overdrawn),
        sum(values.of(each, book) for each in overdrawn),
    )


def _hours(run: Run, currency: str) -> str:
    book = run.scheme.books[currency]
    if book.opens_s is None or book.closes_s is None:
        return "always open"
    clocks = [f"{s // 3600:02d}:{s % 3600 // 60:02d}" for s in (book.opens_s, book.closes_s)]
    return f"{clocks[0]}–{clocks[1]} {book.timezone}"


def _members(run: Run, payments: Sequence[Payment], values: Values) -> tuple[MemberRow, ...]:
    sent: dict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        sent[payment.payer].append(payment)
    credits: dict[str, list[int]] = defaultdict(list)
    opening: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for number, days in _by_account(run).items():
        account = run.state.accounts[number]
        bic = account.party.bic
        opening[bic] += values.of(max(0, days[0].opening_minor), account.book)
        used[bic] += values.of(_used(days), account.book)
        for day in days:
            credits[bic] += [
                values.of(posting.amount_minor, account.book)
                for posting in day.postings
                if posting.is_credit
            ]
    considered, cleared = _shares(run, values)
    return tuple(
        msgspec.structs.replace(
            _member_row(run, bic, sent[bic], credits[bic], opening[bic], used[bic]),
            considered=count_of_values(considered[bic]),
            cleared=count_of_values(cleared[bic]),
        )
        for bic in run.scheme.members
    )


def _shares(run: Run, values: Values) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """What each member was to pay that the solver looked at, and what of it settled so."""
    considered: dict[str, list[int]] = defaultdict(list)
    cleared: dict[str, list[int]] = defaultdict(list)
    done = {number for _, numbers in run.view.cleared_sets for number in numbers}
    for number in sorted(run.view.considered):
        command = run.state.instructions[number]
        assert command is not None
        for leg in command.legs:
            payer = run.state.accounts[leg.payer]
            value = values.of(leg.amount_minor, payer.book)
            considered[payer.party.bic].append(value)
            if number in done:
                cleared[payer.party.bic].append(value)
    return considered, cleared


def count_of_values(found: Sequence[int]) -> Count:
    """Count legs and add up their values."""
    return Count(len(found), sum(found))


def _member_row(
    run: Run, bic: str, sent: list[Payment], credits: list[int], opening: int, used: int
) -> MemberRow:
    member = run.scheme.members[bic]
    waited = [p for p in sent if p.status == Status.SETTLED and p.ended_ns > p.matched_ns]
    return MemberRow(
        bic,
        member.name,
        member.country,
        count(sent),
        count(p for p in sent if p.status == Status.SETTLED),
        count(p for p in sent if _is_refused(p)),
        count(p for p in sent if p.status == Status.WAITING),
        Count(len(credits), sum(credits)),
        opening,
        used,
        count(waited),
        sum(_delay_s(p) for p in waited) // len(waited) if waited else 0,
    )


def _reasons(payments: Sequence[Payment]) -> tuple[ReasonRow, ...]:
    by_code: dict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        if _is_refused(payment):
            by_code[payment.reason].append(payment)
    rows = [ReasonRow(code, meaning_of(code), count(found)) for code, found in by_code.items()]
    return tuple(sorted(rows, key=lambda row: (-row.refused.payments, row.code)))


def _flows(run: Run, settled: Sequence[Payment]) -> tuple[Flow, ...]:
    pairs: dict[tuple[str, str], list[Payment]] = defaultdict(list)
    members = run.scheme.members
    for payment in settled:
        if payment.kind != EXCHANGE:
            countries = members[payment.payer].country, members[payment.payee].country
            pairs[countries].append(payment)
    return tuple(Flow(*pair, count(found)) for pair, found in sorted(pairs.items()))


def _delay_s(payment: Payment) -> int:
    return (payment.ended_ns - payment.matched_ns) // SECOND_NS


def _queue(payments: Sequence[Payment], settled: Sequence[Payment]) -> Queue:
    waited = [p for p in settled if p.ended_ns > p.matched_ns]
    delays = sorted(_delay_s(p) for p in waited)
    value = sum(p.value_minor for p in settled)
    weighted = sum(p.value_minor * _delay_s(p) for p in waited)
    longest, longest_at = _longest(payments)
    return Queue(
        at_once=count(p for p in settled if p.ended_ns <= p.matched_ns),
        waited=count(waited),
        delay_mean_s=sum(delays) // len(delays) if delays else 0,
        delay_median_s=int(median(delays)) if delays else 0,
        delay_max_s=delays[-1] if delays else 0,
        delay_value_weighted_s=weighted // value if value else 0,
        longest=longest,
        longest_at=longest_at,
    )


def _longest(payments: Sequence[Payment]) -> tuple[Count, str]:
    """Return when most payments waited at a time, and how many."""
    steps: list[tuple[int, int, int]] = []
    for p in payments:
        if p.received_ns and p.ended_ns != p.received_ns:
            steps.append((p.received_ns, 1, p.value_minor))
            if p.ended_ns:
                steps.append((p.ended_ns, -1, -p.value_minor))
    waiting = value = 0
    best, best_at = Count(), ""
    for at_ns, change, value_minor in sorted(steps):
        waiting, value = waiting + change, value + value_minor
        if waiting > best.payments:
            best, best_at = Count(waiting, value), format_instant(at_ns)
    return best, best_at


def _series(run: Run, payments: Sequence[Payment]) -> tuple[SeriesPoint, ...]:
    span_s = max(1, (run.days.now_ns - run.start_ns) // SECOND_NS)
    step_s = next((s for s in _STEPS_S if span_s // s <= _POINTS_MAX), _STEPS_S[-1])
    step_ns = step_s * SECOND_NS
    first = run.start_ns // step_ns * step_ns
    moments = range(first, run.days.now_ns + step_ns, step_ns)
    taken = [p for p in payments if p.received_ns and p.ended_ns != p.received_ns]
    taken += [p for p in payments if p.received_ns == p.ended_ns and p.status == Status.SETTLED]
    received = _Cumulative((p.received_ns, p.value_minor) for p in taken)
    settled = _Cumulative((p.ended_ns, p.value_minor) for p in taken if p.status == Status.SETTLED)
    refused = _Cumulative((p.ended_ns, p.value_minor) for p in taken if _is_refused(p))
    points = []
    for at_ns in moments:
        came, done, gone = received.at(at_ns), settled.at(at_ns), refused.at(at_ns)
        waiting = Count(
            came.payments - done.payments - gone.payments,
            came.value_minor - done.value_minor - gone.value_minor,
        )
        points.append(SeriesPoint(format_instant(at_ns), came, done, waiting))
    return tuple(points)


class _Cumulative:
    """How many, and of what value, up to a moment."""

    def __init__(self, steps: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(steps)
        self._moments = [at_ns for at_ns, _ in ordered]
        self._values = [0, *accumulate(value_minor for _, value_minor in ordered)]

    def at(self, at_ns: int) -> Count:
        number = bisect_right(self._moments, at_ns)
        return Count(number, self._values[number])
