"""camt.050: liquidity between a member's account, its reservations, and other members' accounts.

An account is named as in its statements, ``BIC-CUR``; what its owner has set aside on it for urgent
and for high-priority payments is named ``BIC-CUR-URGENT`` and ``BIC-CUR-HIGH``. Between these nothing
leaves the account; a transfer to another member's account is a payment like any other.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, MutableMapping, Sequence

import msgspec

from paritas.core.lifecycle import ISO_STATUS, Status
from paritas.core.state import Account, State, account_of
from paritas.iso20022.answers import TransactionStatus
from paritas.iso20022.letters import Handled
from paritas.iso20022.requests import LiquidityTransfer
from paritas.model import commands as c
from paritas.model.events import AnyEvent, CommandRefused
from paritas.model.instructions import Leg, Priority
from paritas.model.money import AmountError, parse_amount
from paritas.model.parties import normalise_bic
from paritas.model.reasons import Reason
from paritas.node.intake import Wish
from paritas.node.screener import evidence_commands, of_institutions, shared
from paritas.node.spool import Particulars

Decide = Callable[..., Sequence[AnyEvent]]

_ENCODER = msgspec.msgpack.Encoder()

SETTLED, REFUSED = "ACSC", "RJCT"
_POTS = {"": -1, "-URGENT": 0, "-HIGH": 1}
_ACCOUNT = re.compile(r"([A-Z0-9]{8}(?:[A-Z0-9]{3})?)-([A-Z]{3})(-URGENT|-HIGH|)", re.ASCII)


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason, self.text = reason, text


class Liquidity:
    """Carries out liquidity transfers."""

    def __init__(
        self,
        state: State,
        decide: Decide,
        particulars: MutableMapping[int, bytes],
    ) -> None:
        """What is paid to others is noted in ``particulars``, for notifications and statements."""
        self._particulars = particulars
        self._state = state
        self._decide = decide

    def move(
        self, transfer: LiquidityTransfer, actor: int, message_id: str, message: int, at_ns: int
    ) -> Callable[[], Handled]:
        """Carry out a transfer; what is returned says, at the end, what became of it."""
        reference = transfer.reference or message_id
        try:
            source, from_pot = self._account(transfer.debtor_account, transfer.debtor, transfer)
            target, to_pot = self._account(transfer.creditor_account, transfer.creditor, transfer)
            amount_minor = _amount(transfer, source)
            if source is target:
                self._move_pots(source, from_pot, to_pot, amount_minor, actor, at_ns)
                return lambda: Handled(SETTLED, reference=reference)
            if (from_pot, to_pot) != (-1, -1):
                text = "A reservation moves only within its own account."
                raise _Refused(Reason.AC01, text)
            leg = Leg(source.number, target.number, amount_minor)
            number = self._pay(transfer, source, leg, actor, reference, message, at_ns)
        except _Refused as refused:
            refusal = Handled(REFUSED, refused.reason, refused.text, reference)
            return lambda: refusal
        return lambda: self._ended(number, reference)

    def _account(
        self, identifier: str, bic: str, transfer: LiquidityTransfer
    ) -> tuple[Account, int]:
        """Find an account and which part of it is meant: -1 for all that is not set aside."""
        match = _ACCOUNT.fullmatch(identifier)
        if identifier and match is None:
            text = f"{identifier} is no account here: write BIC-CUR, as in statements."
            raise _Refused(Reason.AC01, text)
        owner, currency, pot = match.groups() if match else (bic, transfer.currency, "")
        account = account_of(self._state, normalise_bic(owner), currency)
        if account is None:
            raise _Refused(Reason.AC01, f"{owner or 'Nobody'} has no account in {currency or '?'}.")
        return account, _POTS[pot]

    def _move_pots(
        self, account: Account, source: int, target: int, amount_minor: int, actor: int, at_ns: int
    ) -> None:
        if source == target:
            raise _Refused(Reason.AC01, "Both accounts are the same.")
        reserved = list(account.reserved_minor)
        if source >= 0:
            if reserved[source] < amount_minor:
                raise _Refused(Reason.AM04, "Less than this is set aside there.")
            reserved[source] -= amount_minor
        if target >= 0:
            reserved[target] += amount_minor
        command = c.SetReservation(at_ns, actor, b"", account.number, *reserved)
        for event in self._decide(command):
            if isinstance(event, CommandRefused):
                raise _Refused(event.reason, event.text)

    def _pay(
        self,
        transfer: LiquidityTransfer,
        source: Account,
        leg: Leg,
        actor: int,
        reference: str,
        message: int,
        at_ns: int,
    ) -> int:
        """Submit a transfer to another member's account as a payment; return its number."""
        value_date = source.book.date
        if transfer.date:
            try:
                value_date = datetime.date.fromisoformat(transfer.date).toordinal()
            except ValueError:
                text = f"SttlmDt {transfer.date!r} is not a date."
                raise _Refused(Reason.DT01, text) from None
        sender = source.party.number
        command = c.SubmitInstruction(
            at_ns,
            actor,
            b"",
            sender,
            reference,
            (leg,),
            Priority.NORMAL,
            value_date,
            transfer.uetr,
            b"",
            message,
        )
        command = self._screened(command, leg)
        if self._decide(command):
            number = len(self._state.instructions) - 1
            self._particulars[number] = _particulars_of(transfer, source, leg, reference)
            return number
        return source.party.references[reference]

    def _screened(self, command: c.SubmitInstruction, leg: Leg) -> c.SubmitInstruction:
        """Hold the two institutions against the lists that bind, where any does."""
        screening = shared()
        if screening is None:
            return command
        accounts = self._state.accounts
        bics = [accounts[number].party.bic for number in (leg.payer, leg.payee)]
        transfer = of_institutions(bics)
        wish = Wish(command.reference, None, command.actor, command.sender, command.legs)
        (wish,) = screening.screen((transfer,), (wish,))
        for evidence in evidence_commands(wish, command.at_ns):
            self._decide(*evidence)
        return msgspec.structs.replace(command, verdicts=wish.verdicts)

    def _ended(self, number: int, reference: str) -> Handled:
        status = ISO_STATUS[Status(self._state.statuses[number])]
        reason, text = self._state.reasons.get(number, ("", ""))
        return Handled(status, reason, text, reference)


def _particulars_of(
    transfer: LiquidityTransfer, source: Account, leg: Leg, reference: str
) -> bytes:
    currency = source.book.currency
    status = TransactionStatus(
        "",
        transaction_id=reference,
        uetr=transfer.uetr,
        currency=currency,
        amount_minor=leg.amount_minor,
        settlement_date=transfer.date,
    )
    money = f"{currency} {transfer.amount}"
    names = source.party.bic, ""
    known = Particulars(status, reference, "camt.050.001.07", *names, "", "", money, "")
    return _ENCODER.encode(known)


def _amount(transfer: LiquidityTransfer, account: Account) -> int:
    currency = account.book.currency
    if transfer.currency not in ("", currency):
        text = f"The account is in {currency}, and the amount in {transfer.currency}."
        raise _Refused(Reason.AM03, text)
    try:
        amount_minor = parse_amount(transfer.amount, currency)
    except AmountError as error:
        reason = Reason.CH20 if "decimals" in str(error) else Reason.AM12
        raise _Refused(reason, f"{error}.") from None
    if amount_minor == 0:
        raise _Refused(Reason.AM01, "The amount is zero.")
    return amount_minor
