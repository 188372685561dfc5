"""Commands: what somebody wishes. Each enters the journal with the events that answer it.

Every command begins with ``at_ns`` (the moment it is handled, integer nanoseconds since
1970-01-01T00:00:00Z, given by the node and never going back), ``actor`` (the number of the party
who wishes) and ``signature`` (of the request that it came in: 64 bytes made with a key of the actor,
or 16 that name the request of a person who was logged in; empty for what the node does by itself).
``RecordProof`` stands before the first command of a request and says more of it. On the wire a command is a msgpack array whose first element is its tag; tags are
never reused and fields are only ever appended (DESIGN: the journal's format outlives the code).
"""

from __future__ import annotations

import msgspec

from paritas.model.exchange import AgreementTerms, Conversion, SwapTerms
from paritas.model.instructions import Leg, Part
from paritas.model.screening import Verdict

#: The party that acts for the scheme as a whole: it draws up books and members, and runs the day.
OPERATOR = 0


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What every command carries."""

    at_ns: int
    actor: int
    signature: bytes


class SubmitInstruction(Command, frozen=True, tag=1):
    """Settle these legs, all or none, on ``value_date``.

    ``sender`` is the instructing member, who pays the first leg; ``reference`` is its TxId (else
    InstrId), the key under which it settles at most once. ``content`` is SHA-256(salt || private)
    over what the message says beyond the legs; it makes a repeat comparable and keeps names out
    of the journal. ``message`` is the number of the message it came in, 0 for none.

    ``trade`` makes it one side of a PvP trade: legs are then exactly the own leg and the
    counterparty's, and it waits for the mirrored side. ``returns`` is the number of the settled
    instruction that this one pays back (pacs.004), 0 for none. ``value_date`` is the proleptic
    ordinal of the day, as ``datetime.date.toordinal`` gives it. ``verdicts`` are those of the
    jurisdictions that it touches and that bind a list (law 7); what they say is nobody else's.
    """

    sender: int
    reference: str
    legs: tuple[Leg, ...]
    priority: int
    value_date: int
    uetr: str = ""
    content: bytes = b""
    message: int = 0
    trade: str = ""
    returns: int = 0
    verdicts: tuple[Verdict, ...] = ()
    conversion: Conversion | None = None


class RecordMessage(Command, frozen=True, tag=2):
    """A message was received whole; its key is sender BIC, message type and MsgId (law 4).

    ``digest`` is the salted SHA-256 of the bytes as received, which lie in the sealed store.
    """

    sender: str
    message_type: str
    message_id: str
    digest: bytes


class RecordRefusal(Command, frozen=True, tag=3):
    """Something that came in was refused at the edge, before it could become an instruction.

    ``message`` is the message's number, 0 when the input was not even a message; ``reference``
    is the TxId (else InstrId) as far as it could be read. ``text`` names no person.
    """

    message: int
    reference: str
    reason: str
    text: str
    digest: bytes = b""


class CancelInstruction(Command, frozen=True, tag=4):
    """Withdraw a waiting instruction; one side of a matched trade needs the other side's wish too."""

    number: int


class SetPriority(Command, frozen=True, tag=5):
    """Give a waiting instruction another priority; it goes to the end of that priority's line."""

    number: int
    priority: int


class ReorderQueue(Command, frozen=True, tag=6):
    """Move a waiting instruction to the front or to the end of its priority's line."""

    number: int
    to_front: bool


class ProposeSettlement(Command, frozen=True, tag=7):
    """A solver proposes that these waiting instructions settle together, in one event.

    The engine checks the proposal exactly against the present state and takes out what no longer
    fits. ``certificate`` is the solver's proof of how good the set is; the engine only keeps it.
    ``clearing`` is the number of the BeginClearing whose state the solver saw, 0 for none.
    """

    numbers: tuple[int, ...]
    certificate: bytes = b""
    clearing: int = 0


class OfferHold(Command, frozen=True, tag=8):
    """Earmark the leg's amount on the payer's account until ``expires_ns``."""

    reference: str
    leg: Leg
    expires_ns: int


class WithdrawHold(Command, frozen=True, tag=9):
    """Give up an offered hold."""

    number: int


class PromiseHold(Command, frozen=True, tag=10):
    """Turn an offered hold into a promised one, which ends only by ``decision``."""

    number: int
    decision: str


class DecideHolds(Command, frozen=True, tag=11):
    """The recorded decision: capture all holds promised to it, or release them all."""

    decision: str
    capture: bool


class SetReservation(Command, frozen=True, tag=12):
    """A member sets aside funds of an account for its urgent and its high-priority payments."""

    account: int
    urgent_minor: int
    high_minor: int


class CreateBook(Command, frozen=True, tag=20):
    """Open a currency's book at its issuer; ``date`` is its first business date (ordinal)."""

    currency: str
    issuer_bic: str
    date: int


class AdmitMember(Command, frozen=True, tag=21):
    """Admit an institution, named by its BIC."""

    bic: str


class OpenAccount(Command, frozen=True, tag=22):
    """Open a member's account on a book."""

    member: int
    book: int


class SetLimit(Command, frozen=True, tag=23):
    """The issuer sets how far an account may go below zero."""

    account: int
    limit_minor: int


class IssueMoney(Command, frozen=True, tag=24):
    """The issuer puts money on an account, against its contra account."""

    account: int
    amount_minor: int


class RedeemMoney(Command, frozen=True, tag=25):
    """The issuer takes money off an account, against its contra account."""

    account: int
    amount_minor: int


class SuspendMember(Command, frozen=True, tag=26):
    """The issuer stops a member on its book, named by its account there.

    New instructions are refused, waiting ones freeze, settled ones are final.
    """

    account: int


class ReinstateMember(Command, frozen=True, tag=27):
    """The issuer ends a suspension on its book; what was frozen goes on."""

    account: int


class RegisterSender(Command, frozen=True, tag=28):
    """Let another party send instructions on behalf of ``member``."""

    member: int
    sender: int


class SetRate(Command, frozen=True, tag=29):
    """Reference rate of a book: minor units for one unit of the value currency, as a fraction."""

    book: int
    numerator: int
    denominator: int


class AppointDealer(Command, frozen=True, tag=30):
    """Name the member that converts between two books at the reference rate."""

    book_a: int
    book_b: int
    member: int


class SetRules(Command, frozen=True, tag=31):
    """Set the scheme-wide rules: which waiting payments may be overtaken, days ahead accepted."""

    bypass: int
    max_days_ahead: int


class AdmitSender(Command, frozen=True, tag=32):
    """Make an institution known that may send for members and need not be one."""

    bic: str


class OpenWindow(Command, frozen=True, tag=40):
    """Open a book for a business date. From ``closes_ns`` on nothing new is taken for that date."""

    book: int
    date: int
    opens_ns: int
    closes_ns: int


class CutOff(Command, frozen=True, tag=41):
    """Take nothing new for the book's present date; what waits may still settle."""

    book: int


class CloseBook(Command, frozen=True, tag=42):
    """End the book's business date; what is due and still waits there is refused."""

    book: int


class AddKey(Command, frozen=True, tag=80):
    """Enter an Ed25519 public key of ``party`` in the rulebook.

    ``key`` is the 32 raw bytes (RFC 8032). It signs from ``from_ns`` on and up to, not including,
    ``until_ns``; 0 is no bound. The actor is the party itself, or the operator where the issuers
    decide on it together, as for the first key of a new member.
    """

    party: int
    key: bytes
    from_ns: int = 0
    until_ns: int = 0


class RetireKey(Command, frozen=True, tag=81):
    """End a key: nothing signed with it from now on counts, and it never comes back."""

    party: int
    key: bytes


class SetApprovals(Command, frozen=True, tag=82):
    """From now on changes need two people; those of the rulebook, ``threshold`` issuers besides."""

    threshold: int


class ProposeChange(Command, frozen=True, tag=83):
    """One person of the actor's institution wishes ``change``; others must approve it.

    ``person`` is whoever acts, as the node names people in the journal: opaque, and the same for
    the same person always. ``change`` is a command of the institution that it is for: its own
    ``at_ns`` and ``signature`` mean nothing. It lapses at ``expires_ns``.
    """

    person: bytes
    change: AnyChange
    expires_ns: int


class ApproveChange(Command, frozen=True, tag=84):
    """Another person approves change ``number``; ``content`` is ``content_of`` what was read."""

    number: int
    content: bytes
    person: bytes


class WithdrawChange(Command, frozen=True, tag=85):
    """Take a proposed change back, or, as one whose consent it needs, turn it down."""

    number: int
    person: bytes


class RecordProof(Command, frozen=True, tag=86):
    """Says who made the request from which the commands with the same ``signature`` come.

    Made with ``key``, or by ``person``, who was logged in; the other one may be empty. ``digest``
    is the salted SHA-256 of the evidence, which lies in the sealed store: what was signed, and the
    body (docs/trust.md gives its form).
    """

    key: bytes
    person: bytes
    digest: bytes


class RecordRequest(Command, frozen=True, tag=120):
    """A request came with an idempotency key; the ``records`` that follow are what it asked.

    Written in the row of what it asked, so that the key is known exactly where that is.
    ``digest`` is SHA-256 over the request.
    """

    key: str
    digest: bytes
    records: int


class BeginClearing(Command, frozen=True, tag=50):
    """A solver looks at the queue as it stands now; its answer is a ProposeSettlement.

    ``scope`` is a priority, or 3 for all of them together. The command marks the place in the
    journal from which anyone can draw up the very problem that the solver was given.
    """

    scope: int


class OpenCycle(Command, frozen=True, tag=51):
    """Open a netting cycle over some books; from ``cut_off_ns`` on it takes nothing new.

    A member that is short when it settles has ``top_up_ns`` to bring in what it lacks, but never
    longer than until the first of the books closes.
    """

    name: str
    books: tuple[int, ...]
    cut_off_ns: int
    top_up_ns: int


class SetDebitCap(Command, frozen=True, tag=52):
    """The issuer sets how much an account may owe, net, in one cycle; -1 takes the cap away."""

    account: int
    cap_minor: int


class SubmitObligation(Command, frozen=True, tag=53):
    """The leg's payer owes it to the payee; ``sender`` is one of the two, the other must confirm.

    ``reference`` is the sender's, the key under which it enters a cycle at most once.
    """

    cycle: int
    sender: int
    reference: str
    leg: Leg
    priority: int
    content: bytes = b""


class ConfirmObligation(Command, frozen=True, tag=54):
    """The other party says that the obligation is so; from now on it counts and is binding."""

    number: int


class WithdrawObligation(Command, frozen=True, tag=55):
    """Either party takes back or denies an obligation that is not confirmed."""

    number: int


class CutOffCycle(Command, frozen=True, tag=56):
    """Take nothing new into a cycle; what is not confirmed falls out."""

    cycle: int


class CalculateCycle(Command, frozen=True, tag=57):
    """Work out the multilateral net position of each member in each currency."""

    cycle: int


class SettleCycle(Command, frozen=True, tag=58):
    """Settle all positions in all currencies together, as far as they are covered."""

    cycle: int


class ProposeSetoff(Command, frozen=True, tag=59):
    """A solver proposes parts of a cycle's obligations that cancel out, nobody's position changed.

    The engine checks exactly that they do; ``certificate`` proves that no more could be set off.
    """

    cycle: int
    parts: tuple[Part, ...]
    certificate: bytes = b""


class PassTime(Command, frozen=True, tag=121):
    """Nobody wishes anything; time has come to ``at_ns``, and what ends by then ends now."""


class SetRateRules(Command, frozen=True, tag=90):
    """When a reference rate halts its pairs: older than ``max_age_ns``, or changed by more than a fraction.

    0 lets rates grow old, or jump.
    """

    max_age_ns: int
    jump_numerator: int
    jump_denominator: int = 1


class PublishRate(Command, frozen=True, tag=91):
    """The issuer publishes its book's reference rate for a day (ordinal), and says where it is from.

    As in ``SetRate``: minor units for one unit of the value currency, as a fraction. A rate that
    jumps is held back until it is published a second time.
    """

    book: int
    numerator: int
    denominator: int
    date: int
    source: str


class AdmitDealer(Command, frozen=True, tag=92):
    """Let a member quote for a pair of books."""

    book_a: int
    book_b: int
    member: int


class DismissDealer(Command, frozen=True, tag=93):
    """End a member's right to quote for a pair; its quotes end with it."""

    book_a: int
    book_b: int
    member: int


class SetDealingLimit(Command, frozen=True, tag=94):
    """A dealer says how much it will pay out on its account, by quotes, on one business date."""

    account: int
    limit_minor: int


class PostQuote(Command, frozen=True, tag=95):
    """A dealer's two-way price: counter minor units for one base minor unit, as fractions.

    It buys base at ``bid`` and sells it at ``ask``, each up to a size in base minor units (0: not
    at all). A quote that is not firm is shown and never locked. The same ``reference`` again
    replaces the dealer's quote.
    """

    reference: str
    base: int
    counter: int
    bid: tuple[int, int]
    ask: tuple[int, int]
    bid_size_minor: int
    ask_size_minor: int
    valid_until_ns: int
    firm: bool = True


class WithdrawQuote(Command, frozen=True, tag=96):
    """A dealer takes a quote back; what was locked of it stays locked."""

    number: int


class LockQuotes(Command, frozen=True, tag=97):
    """A payer sets the best quotes aside, to sell from ``payer`` and have ``payee`` receive.

    ``amount_minor`` is what is sold, or, with ``is_bought``, what is bought. ``worst_minor`` is the
    least that must be bought, or the most that may be sold; 0 takes any price.
    """

    reference: str
    payer: int
    payee: int
    amount_minor: int
    is_bought: bool
    expires_ns: int
    worst_minor: int = 0
    purpose: str = ""


class SignAgreement(Command, frozen=True, tag=98):
    """An issuer signs agreement ``number``; it is in force when both have signed the same terms."""

    number: int
    terms: AgreementTerms


class EndAgreement(Command, frozen=True, tag=99):
    """One of its issuers ends an agreement; nothing new is converted under it."""

    number: int


class SignSwapLine(Command, frozen=True, tag=100):
    """An issuer signs swap line ``number``; it may be drawn when both have signed the same terms."""

    number: int
    terms: SwapTerms


class DrawSwap(Command, frozen=True, tag=101):
    """Draw on a line: ``amount_minor`` on its lower book, or its higher one with ``on_higher``.

    The other amount follows from the reference rates. Within both mandates the operator may draw,
    by the scheme's rule, and either issuer; beyond them it needs the signature of both.
    """

    line: int
    amount_minor: int
    on_higher: bool
    reference: str


class RepaySwap(Command, frozen=True, tag=102):
    """A swap's maturity has come: repay it on both books, or earmark what repays it."""

    number: int


class BindList(Command, frozen=True, tag=60):
    """The issuer lets a list bind on its book: what touches the book is screened against it."""

    book: int
    list_id: str


class UnbindList(Command, frozen=True, tag=61):
    """The issuer lets a list bind no longer."""

    book: int
    list_id: str


class LoadListVersion(Command, frozen=True, tag=62):
    """A list that binds on the book is in force in this version from now on.

    ``digest`` is SHA-256 over the publisher's files, ``published`` their date (ordinal). What
    waits does not settle until it is screened again. A version that looks like a mistake (empty,
    ten times smaller, older) is refused unless it is ``insisted`` on, which is a change for two
    people; any other comes directly.
    """

    book: int
    list_id: str
    published: int
    entries: int
    digest: bytes
    insisted: bool = False


class PlaceMember(Command, frozen=True, tag=63):
    """Say in which jurisdictions, named by their books, a member is at home: their lists bind it."""

    member: int
    books: tuple[int, ...]


class RecordEvidence(Command, frozen=True, tag=64):
    """The details of a hit were sealed, which a verdict in a later command names by this hash.

    ``pairs`` are those of a party and an entry (see ``ExemptPair``): the same again has the same.
    """

    digest: bytes
    pairs: tuple[bytes, ...] = ()


class ScreenAgain(Command, frozen=True, tag=65):
    """New verdicts on a waiting instruction, for books whose lists have changed since its last.

    A verdict on the version in force stands: only the authority can lift it.
    """

    number: int
    verdicts: tuple[Verdict, ...]


class DecideHit(Command, frozen=True, tag=66):
    """One person of the authority decides on a hit; it counts when a second one says the same.

    ``decision`` is a ``Decision``; ``person`` is as in ``ProposeChange``; ``reason`` is
    SHA-256(salt || what the person wrote).
    """

    number: int
    book: int
    decision: int
    person: bytes
    reason: bytes


class NameBlockedAccount(Command, frozen=True, tag=67):
    """The issuer names the account that takes frozen money; no instruction moves what it holds."""

    account: int


class ExemptPair(Command, frozen=True, tag=68):
    """One person says that a party is not a listed entry; it counts when a second one says so.

    ``pair`` is SHA-256(salt || the party and the entry). It ends at ``expires_ns``; 0 ends it now,
    for which one person is enough.
    """

    book: int
    pair: bytes
    person: bytes
    expires_ns: int


#: What takes more than one person to do, once ``SetApprovals`` has been carried out.
AnyChange = (
    CreateBook
    | AdmitMember
    | AdmitSender
    | OpenAccount
    | SetLimit
    | SetDebitCap
    | IssueMoney
    | RedeemMoney
    | SuspendMember
    | ReinstateMember
    | RegisterSender
    | SetRate
    | AppointDealer
    | SetRules
    | AddKey
    | RetireKey
    | SetApprovals
    | SetRateRules
    | AdmitDealer
    | DismissDealer
    | SignAgreement
    | EndAgreement
    | SignSwapLine
    | BindList
    | UnbindList
    | LoadListVersion
    | PlaceMember
    | NameBlockedAccount
)


class RegisterMandate(Command, frozen=True, tag=70):
    """A member lets another collect from its account, up to ``limit_minor`` at a time; 0 ends it."""

    account: int
    payee: int
    limit_minor: int


class RelayStatus(Command, frozen=True, tag=71):
    """The payee's bank says what became of a settled payment (pacs.002): it credited or refused it.

    ``status`` and ``reason`` are ISO 20022 external codes; ``message`` is the number of the message.
    """

    number: int
    status: str
    reason: str
    message: int = 0


class RecallPayment(Command, frozen=True, tag=72):
    """The payer asks for a settled payment back (camt.056); only the payee can give it.

    ``reference`` is the payer's own for this request, the key under which it is made once.
    """

    number: int
    reference: str
    reason: str
    message: int = 0


class AnswerRecall(Command, frozen=True, tag=73):
    """The payee answers a recall (camt.029): ``status`` is CNCL, RJCR or PDCR. No money moves."""

    recall: int
    status: str
    reason: str
    message: int = 0


AnyCommand = (
    SubmitInstruction
    | RecordMessage
    | RecordRefusal
    | CancelInstruction
    | SetPriority
    | ReorderQueue
    | ProposeSettlement
    | OfferHold
    | WithdrawHold
    | PromiseHold
    | DecideHolds
    | SetReservation
    | CreateBook
    | AdmitMember
    | OpenAccount
    | SetLimit
    | IssueMoney
    | RedeemMoney
    | SuspendMember
    | ReinstateMember
    | RegisterSender
    | SetRate
    | AppointDealer
    | SetRules
    | AdmitSender
    | OpenWindow
    | CutOff
    | CloseBook
    | AddKey
    | RetireKey
    | SetApprovals
    | ProposeChange
    | ApproveChange
    | WithdrawChange
    | RecordProof
    | BeginClearing
    | RecordRequest
    | PassTime
    | SetRateRules
    | PublishRate
    | AdmitDealer
    | DismissDealer
    | SetDealingLimit
    | PostQuote
    | WithdrawQuote
    | LockQuotes
    | SignAgreement
    | EndAgreement
    | SignSwapLine
    | DrawSwap
    | RepaySwap
    | RegisterMandate
    | RelayStatus
    | RecallPayment
    | AnswerRecall
    | OpenCycle
    | SetDebitCap
    | SubmitObligation
    | ConfirmObligation
    | WithdrawObligation
    | CutOffCycle
    | CalculateCycle
    | SettleCycle
    | ProposeSetoff
    | BindList
    | UnbindList
    | LoadListVersion
    | PlaceMember
    | RecordEvidence
    | ScreenAgain
    | DecideHit
    | NameBlockedAccount
    | ExemptPair
)
