"""How a message becomes money: from what a message says to what its sender wishes.

A pure function over values; docs/messages.md holds its rules as a table, with the test that shows
each. It knows the scheme's directory and calendars, and neither balances nor the time: whether a
wish can be granted is for the engine to say. What can be refused here is refused with the ISO reason
code and a sentence that names no person.
"""

from __future__ import annotations

import datetime
import re

import msgspec

from paritas.iso20022.initiation import is_initiation
from paritas.iso20022.message import is_credit_transfer
from paritas.iso20022.requests import is_request
from paritas.iso20022.reversals import COLLECTION, RETURN, is_reversal
from paritas.iso20022.values import Finding, Message, Original, ReadResult, Transaction
from paritas.model.instructions import Leg, Priority
from paritas.model.money import AmountError, parse_amount
from paritas.model.parties import is_bic, normalise_bic
from paritas.model.reasons import Reason
from paritas.model.screening import Verdict
from paritas.node.calendars import parse_instant_ns
from paritas.node.directory import Directory
from paritas.node.ledger import salt_for, sealed_hash
from paritas.node.other_messages import OtherMessage

CONVERSION = "PXFX"
EXCHANGE = "PVP"

_PRIORITIES = {"URGT": Priority.URGENT, "HIGH": Priority.HIGH, "NORM": Priority.NORMAL}
_EXCHANGE_LEG = re.compile(r"/PVP/([A-Z]{3})([0-9.]{1,20})")
#: An advice of payment (CBPR+ business service) announces a payment that goes another way.
_ADVICE_SERVICE = re.compile(r"swift\.cbprplus\.adv\.[0-9]{2}")


class Refusal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why something is refused: ISO external status reason code and a sentence."""

    reason: str
    text: str


class Evidence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What screening found, to be sealed: ``digest`` is SHA-256(salt || details)."""

    digest: bytes
    salt: bytes
    details: bytes
    pairs: tuple[bytes, ...] = ()


class Wish(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one transaction of a message asks of the engine, or why it cannot be asked.

    The fields are those of ``SubmitInstruction``; with a refusal only ``reference`` counts.
    """

    reference: str
    refusal: Refusal | None
    actor: int = -1
    sender: int = -1
    legs: tuple[Leg, ...] = ()
    priority: int = Priority.NORMAL
    value_date: int = 0
    uetr: str = ""
    content: bytes = b""
    trade: str = ""
    verdicts: tuple[Verdict, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    #: For a return: what it gives back. Which payment that is, is known only when it is taken up:
    #: then ``returns`` is its number.
    original: Original | None = None
    #: For a return: its legs if what it gives back was converted; then ``legs`` may be empty.
    converted: tuple[Leg, ...] = ()
    returns: int = 0


class Envelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a message asks as a whole: its key, who sent it, when, and whether it stands."""

    #: BIC of the sender as far as known: the header's, else the instructing agent's.
    sender: str
    message_type: str
    message_id: str
    #: The header's CreDt, else CreDtTm; None when neither can be read.
    created_ns: int | None
    #: The message could not be read at all: answered by admi.002. (code, sentence).
    unreadable: tuple[str, str] | None = None
    #: The message was read and is refused as a whole.
    refusal: Refusal | None = None


def envelope_of(
    message: Message | None,
    findings: tuple[Finding, ...],
    count: int,
    first_agent: str = "",
    other: OtherMessage | None = None,
) -> Envelope:
    """Judge a message as a whole, by the findings that concern the whole, of all its windows.

    ``count`` is how many transactions were read, ``first_agent`` the instructing agent of the
    first: who sent the message, if neither header nor group header says it. A message that cannot
    be read, that is no payment or has nothing to settle, is unreadable; one that was read and
    breaks its schema or its own sums is refused, every transaction with it. A request (``other``)
    that breaks its schema is unreadable too: nobody can say what it asks.
    """
    unreadable = next((f for f in findings if f.code.startswith(("xml.", "mt."))), None)
    broken = next((f for f in findings if f.code.startswith("schema.")), None)
    if message is None or unreadable is not None:
        code = unreadable.code if unreadable else "xml.unreadable"
        sentence = _sentence(unreadable) if unreadable else "It cannot be read."
        sender, *names = _key(message, first_agent)
        # The end of a broken text may be anything, half a BIC for one.
        known = sender if is_bic(sender) else ""
        return Envelope(known, names[0], names[1], None, unreadable=(code, sentence))
    created_ns = parse_instant_ns(message.header_created)
    if created_ns is None:
        created_ns = parse_instant_ns(message.created)
    key = _key(message, first_agent)
    if other is not None and other.received_type:
        key = (key[0], other.received_type, key[2])
    if other is not None and other.request:
        return _envelope_of_request(key, created_ns, findings)
    if not _has_transactions(message.message_type):
        finding = broken or next(iter(findings), None)
        if is_request(message.message_type):
            code = finding.code if finding else "schema.incomplete"
            sentence = _sentence(finding) if finding else "It says nothing of any payment."
            return Envelope(*key, created_ns, unreadable=(code, sentence))
        sentence = f"{key[1]} is not a message that settles anything here."
        return Envelope(*key, created_ns, unreadable=("rule.not_settled", sentence))
    if not message.message_id or not (count or is_initiation(message.message_type)):
        sentence = _sentence(broken) if broken else "It has no transaction to settle."
        return Envelope(*key, created_ns, unreadable=("schema.incomplete", sentence))
    finding = broken or next(iter(findings), None)
    if finding is not None:
        return Envelope(*key, created_ns, refusal=Refusal(finding.reason, _sentence(finding)))
    settles = message.settlement_method == "CLRG" or message.message_type.startswith(COLLECTION)
    if not settles:
        method = message.settlement_method or "none"
        text = f"Only settlement method CLRG settles here; this message says {method}."
        return Envelope(*key, created_ns, refusal=Refusal(Reason.NARR, text))
    if _ADVICE_SERVICE.fullmatch(message.business_service):
        text = "An advice (ADV) announces a payment and never settles."
        return Envelope(*key, created_ns, refusal=Refusal(Reason.NARR, text))
    return Envelope(*key, created_ns)


def _has_transactions(message_type: str) -> bool:
    return (
        is_credit_transfer(message_type) or is_reversal(message_type) or is_initiation(message_type)
    )


def _envelope_of_request(
    key: tuple[str, str, str], created_ns: int | None, findings: tuple[Finding, ...]
) -> Envelope:
    finding = next(iter(findings), None)
    if finding is not None:
        return Envelope(*key, created_ns, unreadable=(finding.code, _sentence(finding)))
    if not key[2]:
        text = "It has no identifier: nothing tells it from another one."
        return Envelope(*key, created_ns, unreadable=("rule.identifier", text))
    return Envelope(*key, created_ns)


def concerns_whole(finding: Finding) -> bool:
    """Say whether a finding refuses the whole message, not only the transaction it is in.

    How a message addresses the operator, whose BIC no scheme names, refuses nothing.
    """
    of_whole = finding.transaction < 0 or finding.code.startswith("schema.")
    addressed = finding.code.startswith("rule.") and finding.path.startswith("AppHdr/To/")
    return bool(finding.reason) and of_whole and not addressed


def _key(message: Message | None, first_agent: str) -> tuple[str, str, str]:
    if message is None:
        return ("", "", "")
    sender = message.header_from or message.group_instructing_agent or first_agent
    return (normalise_bic(sender), message.message_type, message.message_id)


def _sentence(finding: Finding) -> str:
    """Say a finding as a sentence, with its place."""
    place = f"line {finding.line}, " if finding.line > 0 else ""
    path = finding.path.rpartition("/")[2]
    text = finding.text.removeprefix(f"{path}: ").rstrip(".")
    text = f"{place}{path}: {text}." if path else f"{text}."
    return text[:1].upper() + text[1:]


def wishes_of(result: ReadResult, directory: Directory, seal: bytes) -> tuple[Wish, ...]:
    """Turn the transactions of a message, or of a window of one, into wishes, in their order."""
    assert result.message is not None
    refused: dict[int, Finding] = {}
    for finding in result.findings:
        if finding.reason and finding.transaction >= 0:
            refused.setdefault(finding.transaction, finding)
    wishes = []
    for transaction in result.transactions:
        found = refused.get(transaction.index)
        refusal = Refusal(found.reason, _sentence(found)) if found else None
        wishes.append(_wish(result.message, transaction, refusal, directory, seal))
    return tuple(wishes)


def reference_of(message: Message, transaction: Transaction) -> str:
    """Return the key under which an instruction settles once: TxId, else InstrId.

    Where a transaction has neither, its place in its message is all that names it.
    """
    return (
        transaction.transaction_id
        or transaction.instruction_id
        or f"{message.message_id}#{transaction.index + 1}"
    )


def _wish(
    message: Message,
    transaction: Transaction,
    refusal: Refusal | None,
    directory: Directory,
    seal: bytes,
) -> Wish:
    reference = reference_of(message, transaction)
    payer = normalise_bic(transaction.instructing_agent)
    payee = normalise_bic(transaction.instructed_agent)
    collects = message.message_type.startswith(COLLECTION)
    if collects:
        # Who instructs is paid. Its references are none of the payer's own.
        payer, payee = payee, payer
        reference = f"{payee}/{reference}"
    refusal = refusal or _agents_refusal(message, transaction, payer, payee, directory)
    if refusal is not None:
        return Wish(reference, refusal)
    converted: tuple[_Leg, ...] = ()
    try:
        if transaction.original is not None:
            legs, converted = _legs_back(transaction, payer, payee, directory)
        else:
            legs = _legs(message, transaction, payer, payee, directory)
        value_date = _value_date(transaction, (*legs, *converted), directory)
    except RefusedError as error:
        return Wish(reference, Refusal(error.reason, error.text))
    salt = salt_for(seal, payer, reference)
    actor = directory.party(message.header_from) if message.header_from else -1
    sender = directory.members[payer]
    instructing = directory.members[payee] if collects else sender
    is_exchange = transaction.local_instrument == EXCHANGE
    return Wish(
        reference=reference,
        refusal=None,
        actor=actor if message.header_from else instructing,
        sender=sender,
        legs=_without_currencies(legs),
        priority=_PRIORITIES.get(transaction.settlement_priority, Priority.NORMAL),
        value_date=value_date,
        uetr=transaction.uetr,
        content=sealed_hash(salt, transaction.fragment),
        trade=transaction.end_to_end_id if is_exchange else "",
        original=transaction.original,
        converted=_without_currencies(converted),
    )


def _without_currencies(legs: tuple[_Leg, ...]) -> tuple[Leg, ...]:
    return tuple(Leg(payer, payee, amount_minor) for payer, payee, amount_minor, _ in legs)


def _legs_back(
    transaction: Transaction, payer: str, payee: str, directory: Directory
) -> tuple[tuple[_Leg, ...], tuple[_Leg, ...]]:
    """Return a return's legs if it gives back a plain payment, and if it gives back a converted one.

    Only what is taken up knows which; one of the two may be impossible.
    """
    amount_minor = _amount(transaction.amount, transaction.currency, "RtrdIntrBkSttlmAmt")
    converted: tuple[_Leg, ...] = ()
    if transaction.instructed_currency not in ("", transaction.currency):
        try:
            converted = _conversion(transaction, payer, payee, amount_minor, directory)
        except RefusedError:
            converted = ()
    plain: tuple[_Leg, ...] = ()
    try:
        plain = (_leg(directory, payer, payee, amount_minor, transaction.currency),)
    except RefusedError:
        if not converted:
            raise
    return plain, converted


def _agents_refusal(
    message: Message, transaction: Transaction, payer: str, payee: str, directory: Directory
) -> Refusal | None:
    """Payer is InstgAgt, payee InstdAgt; every payment names originator and beneficiary."""
    pays, is_paid = "InstgAgt", "InstdAgt"
    if message.message_type.startswith(COLLECTION):
        pays, is_paid = is_paid, pays
    if not payer or not payee:
        missing = pays if not payer else is_paid
        text = (
            f"{missing} is missing: it names the member that {'pays' if not payer else 'is paid'}."
        )
        return Refusal(Reason.AGNT, text)
    if payer not in directory.members:
        return Refusal(Reason.DNOR, f"{pays} {payer} is not a member of this scheme.")
    if payee not in directory.members:
        return Refusal(Reason.CNOR, f"{is_paid} {payee} is not a member of this scheme.")
    if message.message_type.startswith(RETURN):
        # Originator and beneficiary are those of the payment that it returns.
        return None
    if transaction.is_cover:
        originator, beneficiary = transaction.cover_debtor, transaction.cover_creditor
    elif message.message_type.startswith("pacs.008."):
        originator, beneficiary = transaction.debtor, transaction.creditor
    else:
        # Payer and payee pay for themselves, and have their names already.
        originator, beneficiary = payer, payee
    if not originator:
        return Refusal(Reason.RR02, "The debtor has no name: originators travel with payments.")
    if not beneficiary:
        return Refusal(Reason.RR03, "The creditor has no name: beneficiaries travel too.")
    return None


class RefusedError(Exception):
    """A transaction that cannot become legs; carries the reason code and the sentence."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


#: (payer's account, payee's account, amount in minor units, currency).
_Leg = tuple[int, int, int, str]


def _legs(
    message: Message, transaction: Transaction, payer: str, payee: str, directory: Directory
) -> tuple[_Leg, ...]:
    currency = transaction.currency
    amount_minor = _amount(transaction.amount, currency, "IntrBkSttlmAmt")
    kind = transaction.local_instrument
    if kind == EXCHANGE:
        if not message.message_type.startswith("pacs.009."):
            raise RefusedError(Reason.NARR, "A PVP trade comes as pacs.009, not as pacs.008.")
        other, other_minor = _counterparty_leg(transaction)
        return (
            _leg(directory, payer, payee, amount_minor, currency),
            _leg(directory, payee, payer, other_minor, other),
        )
    if kind == CONVERSION:
        return _conversion(transaction, payer, payee, amount_minor, directory)
    return (_leg(directory, payer, payee, amount_minor, currency),)


def _conversion(
    transaction: Transaction, payer: str, payee: str, amount_minor: int, directory: Directory
) -> tuple[_Leg, ...]:
    """IntrBkSttlmAmt is the payer's leg to the dealer, InstdAmt the dealer's leg to the payee."""
    currency, other = transaction.currency, transaction.instructed_currency
    if not transaction.instructed_amount:
        text = "PXFX needs InstdAmt: the amount that the payee is to receive."
        raise RefusedError(Reason.AM09, text)
    if other == currency:
        raise RefusedError(Reason.AM03, "PXFX converts between two currencies, not within one.")
    other_minor = _amount(transaction.instructed_amount, other, "InstdAmt")
    for each in (currency, other):
        _book(directory, each)
    dealer = directory.dealers.get((min(currency, other), max(currency, other)))
    if dealer is None:
        raise RefusedError(Reason.AM03, f"The scheme names no dealer for {currency}/{other}.")
    return (
        _leg(directory, payer, dealer, amount_minor, currency),
        _leg(directory, dealer, payee, other_minor, other),
    )


def _counterparty_leg(transaction: Transaction) -> tuple[str, int]:
    """Read the other leg of a trade from InstrForNxtAgt, such as ``/PVP/CNY1234.56``."""
    if not transaction.end_to_end_id:
        raise RefusedError(Reason.NARR, "A PVP trade needs EndToEndId as its trade id.")
    for text in transaction.instructions_for_next_agent:
        match = _EXCHANGE_LEG.fullmatch(text.strip())
        if match is not None:
            return match[1], _amount(match[2], match[1], "InstrForNxtAgt")
    text = "A PVP trade needs InstrForNxtAgt with the other leg, such as /PVP/CNY1234.56."
    raise RefusedError(Reason.NARR, text)


def _amount(text: str, currency: str, where: str) -> int:
    try:
        amount_minor = parse_amount(text, currency)
    except AmountError as error:
        reason = Reason.CH20 if "decimals" in str(error) else Reason.AM12
        raise RefusedError(reason, f"{where}: {error}.") from None
    if amount_minor == 0:
        raise RefusedError(Reason.AM01, f"{where} is zero.")
    return amount_minor


def _book(directory: Directory, currency: str) -> None:
    if currency not in directory.books:
        raise RefusedError(Reason.AM03, f"The scheme has no book in {currency}.")


def _leg(directory: Directory, payer: str, payee: str, amount_minor: int, currency: str) -> _Leg:
    _book(directory, currency)
    for bic in (payer, payee):
        if (bic, currency) not in directory.accounts:
            raise RefusedError(Reason.AC01, f"{bic} has no account on the {currency} book.")
    accounts = directory.accounts
    return accounts[payer, currency], accounts[payee, currency], amount_minor, currency


def _value_date(transaction: Transaction, legs: tuple[_Leg, ...], directory: Directory) -> int:
    try:
        date = datetime.date.fromisoformat(transaction.settlement_date)
    except ValueError:
        text = f"IntrBkSttlmDt {transaction.settlement_date!r} is not a date."
        raise RefusedError(Reason.DT01, text) from None
    for _, _, _, currency in legs:
        if not directory.calendars[currency].is_business_day(date):
            text = f"{date} is not a business day of the {currency} book."
            raise RefusedError(Reason.DT01, text)
    return date.toordinal()
