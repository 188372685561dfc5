"""The state of the system: parties, books, accounts, instructions, the queue and holds.

Plain mutable objects that only ``engine.evolve`` changes. Everything is found by number. What
can be derived (floors, waiting lines) is kept up to date here so that the settling path reads
it in one step; ``snapshot`` leaves it out, and a loaded state derives it again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import TYPE_CHECKING

from paritas.core.exchange.state import Exchange
from paritas.core.lifecycle import Status
from paritas.model.commands import AnyChange, SubmitInstruction
from paritas.model.instructions import Bypass, Leg, Priority
from paritas.model.screening import Verdict

if TYPE_CHECKING:
    from paritas.core.obligations import Cycle, Obligation

PRIORITIES = len(Priority)


class Party:
    """An institution: a member that settles, an issuer, or one that only sends."""

    __slots__ = (
        "accounts",
        "bic",
        "homes",
        "homes_from",
        "is_member",
        "keys",
        "number",
        "references",
        "senders",
    )

    def __init__(self, number: int, bic: str) -> None:
        self.number = number
        self.bic = bic
        self.is_member = False
        #: Parties that may send for it.
        self.senders: set[int] = set()
        #: reference -> instruction number: the key under which an instruction settles once.
        self.references: dict[str, int] = {}
        #: book number -> account number.
        self.accounts: dict[int, int] = {}
        #: Books whose lists bind it wherever it pays (law 7), from instruction ``homes_from`` on.
        self.homes: tuple[int, ...] = ()
        self.homes_from = 0
        #: Ed25519 public key -> (valid from, valid until), until as ``NEVER_NS`` where it has no end.
        self.keys: dict[bytes, tuple[int, int]] = {}


class Book:
    """One currency's accounts, all liabilities of its issuer, and its business day."""

    __slots__ = (
        "accepts_date",
        "accounts",
        "blocked",
        "bound_from",
        "closes_ns",
        "contra",
        "currency",
        "date",
        "day_ended",
        "issuer",
        "list_version",
        "lists",
        "number",
        "rate",
        "settles_date",
    )

    def __init__(self, number: int, currency: str, issuer: Party, date: int) -> None:
        self.number = number
        self.currency = currency
        self.issuer = issuer
        self.accounts: list[Account] = []
        self.contra: Account = Account(0, self, issuer)
        #: Present business date, or the first one while the book was never open (ordinal).
        self.date = date
        #: The date for which it settles now, 0 while it is closed.
        self.settles_date = 0
        #: The date for which it takes new instructions now, 0 from the cut-off on.
        self.accepts_date = 0
        #: From this moment on it takes nothing new for ``accepts_date``.
        self.closes_ns = 0
        #: True from the close of ``date`` until the next opening.
        self.day_ended = False
        #: Minor units for one unit of the value currency, as (numerator, denominator).
        self.rate = (0, 1)
        #: Lists that bind here -> (date published, entries, digest), None before the first version.
        self.lists: dict[str, tuple[int, int, bytes] | None] = {}
        #: Goes up whenever the lists change; a verdict counts for one version only.
        self.list_version = 0
        #: Number of the first instruction that came when a list bound here.
        self.bound_from = 0
        #: Takes frozen money.
        self.blocked: Account | None = None


class Account:
    """One party's position on one book, in integer minor units.

    ``floors`` says, for each priority, how low the balance may go: ``held - limit`` plus the
    funds reserved for what is more urgent. Law 2 is ``balance >= floors[priority]`` after a debit.
    """

    __slots__ = (
        "balance_minor",
        "book",
        "floors",
        "held_minor",
        "in_retry",
        "least_minor",
        "limit_minor",
        "lines",
        "number",
        "party",
        "reserved_minor",
        "suspended",
        "waiting",
    )

    def __init__(self, number: int, book: Book, party: Party) -> None:
        self.number = number
        self.book = book
        self.party = party
        self.balance_minor = 0
        self.limit_minor = 0
        self.held_minor = 0
        #: Reserved for urgent, and for high.
        self.reserved_minor = (0, 0)
        self.floors = (0, 0, 0)
        #: For each priority the due instructions that would debit this account, in order, as
        #: (rank, number, amount needed here).
        self.lines: tuple[list[tuple[int, int, int]], ...] = tuple([] for _ in range(PRIORITIES))
        #: How many stand in ``lines``.
        self.waiting = 0
        #: No due instruction needs less than this from the account; lets a retry be skipped.
        self.least_minor = 0
        self.in_retry = False
        #: Its issuer has stopped the member on this book.
        self.suspended = False

    def set_floors(self) -> None:
        """Derive the floors after a change of limit, holds or reservations."""
        urgent, high = self.reserved_minor
        lowest = self.held_minor - self.limit_minor
        self.floors = (lowest, lowest + urgent, lowest + urgent + high)

    def use_reservation(self, priority: int, amount_minor: int) -> None:
        """A debit of an urgent or high priority uses up what was reserved for it first."""
        urgent, high = self.reserved_minor
        if priority == Priority.URGENT:
            used = min(urgent, amount_minor)
            urgent, amount_minor = urgent - used, amount_minor - used
        if priority <= Priority.HIGH:
            high -= min(high, amount_minor)
        self.reserved_minor = (urgent, high)
        self.set_floors()

    def enter_line(self, waiting: Waiting, needs_minor: int) -> None:
        """Put an instruction that became due into its line."""
        insort(self.lines[waiting.priority], (waiting.rank, waiting.number, needs_minor))
        self.least_minor = min(self.least_minor, needs_minor) if self.waiting else needs_minor
        self.waiting += 1

    def leave_line(self, waiting: Waiting) -> None:
        """Take an instruction out of its line."""
        line = self.lines[waiting.priority]
        del line[bisect_left(line, (waiting.rank, waiting.number, 0))]
        self.waiting -= 1


class Waiting:
    """An instruction that was accepted and has not settled: it waits for a partner, a window or funds."""

    __slots__ = (
        "accounts",
        "cancel_asked",
        "due",
        "held",
        "legs",
        "number",
        "outflows",
        "partner",
        "priority",
        "rank",
        "trade_key",
        "value_date",
    )

    def __init__(self, number: int, rank: int, command: SubmitInstruction, legs: Legs) -> None:
        self.number = number
        self.rank = rank
        self.priority = command.priority
        self.value_date = command.value_date
        self.legs = legs
        #: Every account it touches, once, in order of the legs.
        self.accounts = tuple(
            dict.fromkeys(account for payer, payee, _ in legs for account in (payer, payee))
        )
        #: (account, net amount it loses by all legs together), for those that lose.
        self.outflows = net_outflows(legs)
        #: For one side of a trade: the key its mirrored side will have; "" once matched, or for others.
        self.trade_key: TradeKey | None = trade_key(command) if command.trade else None
        #: Number of the second side of a matched trade, else 0.
        self.partner = 0
        #: Sides that wish to cancel a matched trade.
        self.cancel_asked: frozenset[int] = frozenset()
        #: True while screening (law 7) keeps it from settling; only ``core.screening`` sets it.
        self.held = False
        #: True while nothing but funds and order keep it from settling.
        self.due = False

    def is_due(self) -> bool:
        """Say whether it is matched, cleared, all books settle its date and no account is suspended.

        Whatever settles what waits, be it a credit, a proposal or a cycle, goes by this alone.
        """
        return (
            self.trade_key is None
            and not self.held
            and all(
                account.book.settles_date == self.value_date and not account.suspended
                for account in self.accounts
            )
        )


class Hold:
    """An earmark on an account. Offered: may expire or be withdrawn. Promised: ends by its decision."""

    __slots__ = ("amount_minor", "decision", "expires_ns", "number", "payee", "payer", "reference")

    def __init__(
        self,
        number: int,
        reference: str,
        payer: Account,
        payee: Account,
        amount_minor: int,
        expires_ns: int,
    ) -> None:
        self.number = number
        self.reference = reference
        self.payer = payer
        self.payee = payee
        self.amount_minor = amount_minor
        self.expires_ns = expires_ns
        #: "" while it is only offered.
        self.decision = ""


class PendingChange:
    """A change that waits for people's consent."""

    __slots__ = ("approvals", "change", "digest", "expires_ns", "number", "person", "proposer")

    def __init__(
        self,
        number: int,
        proposer: int,
        person: bytes,
        change: AnyChange,
        digest: bytes,
        expires_ns: int,
    ) -> None:
        self.number = number
        self.proposer = proposer
        self.person = person
        self.change = change
        #: SHA-256 of what the change says.
        self.digest = digest
        self.expires_ns = expires_ns
        #: Number of a consenting party -> its (person, whether a signature came along), in order.
        self.approvals: dict[int, list[tuple[bytes, bool]]] = {}

    def people(self) -> list[tuple[bytes, bool]]:
        """Return everybody who proposed or approved it, whatever the institution."""
        return [(self.person, False), *(who for given in self.approvals.values() for who in given)]


class Recall:
    """A payer's request to have a settled payment back, and what the payee answered."""

    __slots__ = ("instruction", "number", "reason", "reference", "status")

    def __init__(self, number: int, instruction: int, reference: str) -> None:
        self.number = number
        self.instruction = instruction
        self.reference = reference
        #: "" until the payee answers; then CNCL (it will return it), RJCR, or PDCR (not yet known).
        self.status = ""
        self.reason = ""


Legs = tuple[tuple[Account, Account, int], ...]
#: (trade id, value date, own leg, counterparty's leg), legs as (payer, payee, amount).
TradeKey = tuple[str, int, tuple[int, int, int], tuple[int, int, int]]


def accounts_of(state: State, legs: tuple[Leg, ...]) -> Legs:
    """Return the legs with their accounts in place of the numbers; the legs were checked before."""
    accounts = state.accounts
    return tuple((accounts[leg.payer], accounts[leg.payee], leg.amount_minor) for leg in legs)


def net_outflows(legs: Legs) -> tuple[tuple[Account, int], ...]:
    """Return (account, net amount lost) over all legs together, for each account that loses."""
    net: dict[Account, int] = {}
    for payer, payee, amount_minor in legs:
        net[payer] = net.get(payer, 0) + amount_minor
        net[payee] = net.get(payee, 0) - amount_minor
    return tuple((account, amount) for account, amount in net.items() if amount > 0)


def trade_key(command: SubmitInstruction) -> TradeKey:
    """Return the key of one side of a trade as its sender sees it."""
    own, other = command.legs
    return (
        command.trade,
        command.value_date,
        (own.payer, own.payee, own.amount_minor),
        (other.payer, other.payee, other.amount_minor),
    )


def mirrored(key: TradeKey) -> TradeKey:
    """Return the key that the counterparty's side has: the same, with the legs exchanged."""
    trade, value_date, own, other = key
    return (trade, value_date, other, own)


#: Until when, who said so, whether that was signed, who agreed or b"".
Exemption = tuple[int, bytes, bool, bytes]


class State:
    """Everything the engine knows."""

    def __init__(self) -> None:
        operator = Party(0, "")
        self.parties: dict[int, Party] = {0: operator}
        self.party_by_bic: dict[str, Party] = {}
        self.books: dict[int, Book] = {}
        self.book_by_currency: dict[str, Book] = {}
        self.accounts: dict[int, Account] = {}
        #: (lower book, higher book) -> number of the dealer.
        self.dealers: dict[tuple[int, int], int] = {}
        self.bypass = int(Bypass.NORMAL)
        self.max_days_ahead = 10

        #: Instruction n is ``instructions[n]``, its status ``statuses[n]``; number 0 is never given.
        self.instructions: list[SubmitInstruction | None] = [None]
        self.statuses = bytearray([Status.NEW])
        #: number -> (reason, sentence) of what was refused or cancelled.
        self.reasons: dict[int, tuple[str, str]] = {}
        #: number of a settled instruction -> total returned so far, by its returns still alive.
        self.returned_minor: dict[int, int] = {}
        #: second side of a matched trade -> first side.
        self.joined: dict[int, int] = {}

        #: message key -> (number, digest).
        self.messages: dict[tuple[str, str, str], tuple[int, bytes]] = {}
        self.refusals_at_edge = 0

        self.queue: dict[int, Waiting] = {}
        #: Sides of trades that wait for their partner, the first to come first; several may be alike.
        self.unmatched: dict[TradeKey, list[int]] = {}
        self.last_rank = 0
        self.first_rank = 0
        #: How many times a solver was given the queue; see BeginClearing.
        self.clearings = 0

        self.holds: dict[int, Hold] = {}
        self.hold_references: dict[tuple[int, str], int] = {}
        self.last_hold = 0
        #: decision id -> True captured, False released: decided once, for ever.
        self.decisions: dict[str, bool] = {}
        self.exchange = Exchange()
        #: No offered hold and no lock on quotes expires before this.
        self.next_expiry_ns = NEVER_NS

        #: True while a list binds on any book: no other instruction needs a verdict.
        self.screens = False
        #: number -> its verdicts, where they are no longer those that it came with.
        self.rescreened: dict[int, tuple[Verdict, ...]] = {}
        #: (number, book) -> (decision, version of the lists that the hit was on).
        self.hit_decisions: dict[tuple[int, int], tuple[int, int]] = {}
        #: (number, book) -> what each person has said, and whether signed, until two agree.
        self.opinions: dict[tuple[int, int], dict[bytes, tuple[int, bool]]] = {}
        #: (book, pair) -> an exemption, which counts once a second person has agreed.
        self.exemptions: dict[tuple[int, bytes], Exemption] = {}
        self.last_order = 0
        #: key -> number of the party whose it is or was: a key has one owner for ever.
        self.key_owners: dict[bytes, int] = {}
        #: How many issuers a change of the rulebook takes; 0 while the scheme is being set up.
        self.threshold = 0
        self.changes: dict[int, PendingChange] = {}
        self.last_change = 0
        self.proofs = 0
        #: (account, payee party) -> the most that one collection may take.
        self.mandates: dict[tuple[int, int], int] = {}
        #: number of a settled instruction -> (status, reason) as its payee's bank says it.
        self.confirmations: dict[int, tuple[str, str]] = {}
        self.recalls: dict[int, Recall] = {}
        #: (payer, reference) -> number of the recall.
        self.recall_references: dict[tuple[int, str], int] = {}
        self.cycles: dict[int, Cycle] = {}
        self.obligations: dict[int, Obligation] = {}
        #: (sender, its reference) -> obligation number.
        self.obligation_references: dict[tuple[int, str], int] = {}
        #: account number -> how much it may owe, net, in one cycle; without an entry there is no cap.
        self.debit_caps: dict[int, int] = {}

        #: Accounts where something that waits may have become able to settle. Empty between commands.
        self.retry: deque[Account] = deque()

    def issuers(self) -> frozenset[int]:
        """Return the numbers of all issuers."""
        return frozenset(book.issuer.number for book in self.books.values())

    def is_issuer(self, party: Party) -> bool:
        """Tell whether a party has a book."""
        return any(book.issuer is party for book in self.books.values())

    def running_cycles(self) -> list[Cycle]:
        """Return the cycles that have neither settled nor lapsed, in order."""
        return [cycle for cycle in self.cycles.values() if cycle.is_running]

    def strict(self, priority: int) -> bool:
        """Say whether instructions of ``priority`` may not be overtaken."""
        if self.bypass == Bypass.ALL:
            return False
        return self.bypass == Bypass.NONE or priority != Priority.NORMAL


#: Later than any moment of the clock.
NEVER_NS = 2**63 - 1
