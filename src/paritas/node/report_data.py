"""What the report of settled business dates says, as plain data: ``report.json`` is exactly this.

Units. ``*_minor`` counts minor units: of the row's own ``currency`` where the row is about one
currency and the field says ``own_minor``; of the report's value currency everywhere else, converted
at the scheme's reference rates. Each payment is converted on its own and rounded down, and only
then summed, so every sum here can be recomputed from the parts. ``*_s`` are seconds, ``*_at``
ISO 8601 times in UTC.

What is counted. A *payment* is one credit transfer that came in (a CdtTrfTxInf): a customer
payment, a payment to be converted, or one half of a PvP exchange. Its value is its own interbank
settlement amount. What moved on the books is counted by leg: a conversion moves two legs, so the
books' gross is larger than the payments' value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import msgspec

#: Kinds of payment, in the order in which the report shows them.
PAYMENT, CONVERSION, EXCHANGE = "payment", "conversion", "exchange"
KINDS = (PAYMENT, CONVERSION, EXCHANGE)

#: Where the spans of the delay histogram begin.
DELAY_EDGES_S = (0, 60, 300, 900, 3_600, 10_800, 21_600)


class Rate(msgspec.Struct, frozen=True, gc=False):
    """A reference rate: exact decimal text, units of ``currency`` for one of the value currency."""

    currency: str
    units_per_value: str


class Note(msgspec.Struct, frozen=True, gc=False):
    """A fact about the input that the reader must know; ``source`` may be empty."""

    #: "real", "made up" or "".
    kind: str
    text: str
    source: str = ""


class Count(msgspec.Struct, frozen=True, gc=False):
    """A number of payments and their value."""

    payments: int = 0
    value_minor: int = 0


class KindRow(msgspec.Struct, frozen=True, gc=False):
    """What happened to the payments of one kind (see KINDS); received is the sum of the others."""

    kind: str
    received: Count
    settled: Count
    refused: Count
    #: Accepted for a later date: still waiting when the report was made.
    pending: Count


class BookRow(msgspec.Struct, frozen=True, gc=False):
    """One book: what moved on it and the money that it took.

    Legs, not payments: both legs of an exchange or conversion count, each on its own book. Money is
    summed over the book's accounts, contra account left out.
    """

    currency: str
    issuer: str
    #: Local hours, such as "07:00–21:00 Asia/Kolkata", or "always open".
    hours: str
    #: Settled legs by kind: one-leg payments, conversions, exchanges.
    payment: Count
    conversion: Count
    exchange: Count
    #: Gross: all settled legs, in the value currency and in the book's own minor units.
    gross_minor: int
    gross_own_minor: int
    #: Opening balances that were there, and credit lines, on all accounts.
    opening_minor: int
    limit_minor: int
    #: Money used: for each account how far it fell below its opening balance at its lowest, summed.
    used_minor: int
    #: The part of it that no order of settling could spare: opening less closing balance where
    #: that is positive, summed.
    net_outflow_minor: int
    #: Balances below zero at the close: how many accounts and how much.
    overdrawn: int = 0
    overdrawn_minor: int = 0


class MemberRow(msgspec.Struct, frozen=True, gc=False):
    """One member as a sender and receiver; refusals of its own messages are its own."""

    bic: str
    name: str
    country: str
    sent: Count
    settled: Count
    refused: Count
    pending: Count
    #: Settled legs to it.
    received: Count
    #: Over all its accounts; see BookRow.
    opening_minor: int
    used_minor: int
    #: What it sent that settled after waiting, and how long on average.
    waited: Count = Count()
    delay_mean_s: int = 0
    #: What it was to pay that waited when the solver looked, and what of that settled so.
    considered: Count = Count()
    cleared: Count = Count()


class ReasonRow(msgspec.Struct, frozen=True, gc=False):
    """All refusals for one reason: the ISO 20022 external code and what it means, in a sentence."""

    code: str
    meaning: str
    refused: Count


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """One refused payment; every text may come from the sender and is shown as it came."""

    file: str
    reference: str
    payer: str
    payee: str
    #: Amount with currency as the message had it, such as "INR 12.345".
    amount: str
    code: str
    sentence: str


class UnreadableFile(msgspec.Struct, frozen=True, gc=False):
    """A file that could not be read at all, why, and who got the admi.002 ("" if not known)."""

    file: str
    sentence: str
    answered_to: str = ""


class Flow(msgspec.Struct, frozen=True, gc=False):
    """Settled payments from all members of one country to all of another (exchanges left out).

    A payment counts by its payer's and its final payee's country: a dealer between them is not seen.
    """

    payer_country: str
    payee_country: str
    settled: Count


class DelayBucket(msgspec.Struct, frozen=True, gc=False):
    """Settled payments that waited at least ``from_s`` and less than ``to_s`` (0: no end).

    Those that settled at once are not in any bucket: they are ``Queue.at_once``.
    """

    from_s: int
    to_s: int
    settled: Count


class Queue(msgspec.Struct, frozen=True, gc=False):
    """Waiting, over all settled payments: from acceptance to settlement.

    Both halves of an exchange count, and wait from when the second has come. ``at_once`` settled in
    the same moment, ``waited`` later; together they are all that settled. Delays are over those
    that waited; the value-weighted mean is over all: sum of value times delay over sum of value.
    """

    at_once: Count
    waited: Count
    delay_mean_s: int
    delay_median_s: int
    delay_max_s: int
    delay_value_weighted_s: int
    #: When most payments waited at a time, how many and what they were worth.
    longest: Count
    longest_at: str


class SeriesPoint(msgspec.Struct, frozen=True, gc=False):
    """The state at one moment; points are in time order and evenly spaced for the charts."""

    at: str
    #: Accepted so far (what was refused on arrival is not in it), and settled so far.
    received: Count
    settled: Count
    #: Accepted and neither settled nor refused at this moment, unmatched halves included.
    waiting: Count


class Saving(msgspec.Struct, frozen=True, gc=False):
    """Money needed in one currency, or in all (``currency`` is ""), in the value currency's units."""

    currency: str
    #: All settled legs.
    turnover_minor: int
    at_once_minor: int
    bilateral_minor: int
    happened_minor: int
    #: Multilateral netting, which is also the least that any way of settling can do with.
    bound_minor: int


class RingFlow(msgspec.Struct, frozen=True, gc=False):
    """What one member paid another in one currency within a ring."""

    payer: str
    payee: str
    currency: str
    own_minor: int
    value_minor: int


class Ring(msgspec.Struct, frozen=True, gc=False):
    """Instructions that settled together and needed each other; BICs in the order of the ring."""

    at: str
    instructions: int
    members: tuple[str, ...]
    currencies: tuple[str, ...]
    flows: tuple[RingFlow, ...]
    #: All its legs, and the money that moved in the end: the net amounts that were paid.
    value_minor: int
    net_minor: int


class Clearings(msgspec.Struct, frozen=True, gc=False):
    """What the solver beside the engine did: how often it looked, and what it let settle."""

    #: Classes of the queue that were looked at, and of those how many answers are proven best.
    runs: int = 0
    proven: int = 0
    #: Payments that settled together with others because the solver proposed it.
    settled: Count = Count()
    #: Groups of them that needed each other.
    rings: int = 0


class ReportData(msgspec.Struct, frozen=True):
    """Everything that the report shows. See the module for units and for what is counted."""

    title: str
    scheme: str
    value_currency: str
    #: Business dates that were run, ISO, in order.
    business_dates: tuple[str, ...]
    #: First input and last event of the virtual clock.
    first_at: str
    last_at: str
    #: Program and version, for example "paritas 0.1.0".
    software: str
    files: int
    messages: int
    #: Last journal entry: number and hash (hex), by which the report can be tied to its journal.
    journal_seq: int
    journal_hash: str
    #: All payments together.
    received: Count
    settled: Count
    refused: Count
    pending: Count
    #: Over all books; see BookRow.
    gross_minor: int
    opening_minor: int
    limit_minor: int
    used_minor: int
    net_outflow_minor: int
    #: Settled value that passed through a currency of neither party.
    vehicle: Count
    queue: Queue
    kinds: tuple[KindRow, ...]
    books: tuple[BookRow, ...]
    members: tuple[MemberRow, ...]
    reasons: tuple[ReasonRow, ...]
    refusals: tuple[Refusal, ...]
    unreadable: tuple[UnreadableFile, ...]
    flows: tuple[Flow, ...]
    delays: tuple[DelayBucket, ...]
    series: tuple[SeriesPoint, ...]
    rates: tuple[Rate, ...]
    rates_source: str = ""
    notes: tuple[Note, ...] = ()
    #: Mistakes that the workload holds on purpose (a demo says so), 0 for real input.
    deliberate_mistakes: int = 0
    #: How long the run really took, in milliseconds; 0 if it was not measured.
    elapsed_ms: int = 0
    #: Money needed under four ways of settling, the total first; see ``node.saving``.
    savings: tuple[Saving, ...] = ()
    #: How long full netting would have made payments wait, weighted by the value of their legs.
    netting_wait_s: int = 0
    clearings: Clearings = Clearings()
    #: What settled together, those of most value.
    rings: tuple[Ring, ...] = ()


def delay_buckets(waited: Iterable[tuple[int, int]]) -> tuple[DelayBucket, ...]:
    """Return the histogram of delays, from (delay in seconds, value) of each payment that waited."""
    payments, values = [0] * len(DELAY_EDGES_S), [0] * len(DELAY_EDGES_S)
    for delay_s, value_minor in waited:
        bucket = bisect_right(DELAY_EDGES_S, delay_s) - 1
        payments[bucket] += 1
        values[bucket] += value_minor
    ends = (*DELAY_EDGES_S[1:], 0)
    return tuple(
        DelayBucket(start, end, Count(number, value_minor))
        for start, end, number, value_minor in zip(
            DELAY_EDGES_S, ends, payments, values, strict=True
        )
    )
