"""Changes as they are asked for over the API: names in place of numbers."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from paritas.api.calls import account_named, book_named
from paritas.api.problems import Refused
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model.instructions import Bypass
from paritas.model.keys import parse_key
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.parties import is_bic, normalise_bic
from paritas.node.scheme_words import is_currency

Bic = Annotated[str, msgspec.Meta(min_length=8, max_length=11)]
Currency = Annotated[str, msgspec.Meta(min_length=3, max_length=3)]
KeyText = Annotated[str, msgspec.Meta(min_length=43, max_length=43)]
Ns = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
AmountMinor = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)]
Positive = Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]


class Change(msgspec.Struct, frozen=True, tag_field="change"):
    """A change as it is asked for; ``change`` says which one."""

    def _command(self, state: State, actor: int) -> c.AnyChange:
        raise NotImplementedError


class CreateBook(Change, frozen=True, tag="create_book"):
    """A new currency comes in; ``date`` (ISO) is its first business date."""

    currency: Currency
    issuer: Bic
    date: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]

    def _command(self, state: State, actor: int) -> c.AnyChange:
        try:
            date = datetime.date.fromisoformat(self.date).toordinal()
        except ValueError:
            raise Refused("invalid", f"{self.date!r} is not an ISO date.") from None
        if not is_currency(self.currency):
            raise Refused("invalid", f"{self.currency!r} is no payment currency of ISO 4217.")
        return c.CreateBook(0, c.OPERATOR, b"", self.currency, _bic(self.issuer), date)


class AdmitMember(Change, frozen=True, tag="admit_member"):
    """An institution becomes a member."""

    bic: Bic

    def _command(self, state: State, actor: int) -> c.AnyChange:
        return c.AdmitMember(0, c.OPERATOR, b"", _bic(self.bic))


class AdmitSender(Change, frozen=True, tag="admit_sender"):
    """An institution may be registered as a sender for members."""

    bic: Bic

    def _command(self, state: State, actor: int) -> c.AnyChange:
        return c.AdmitSender(0, c.OPERATOR, b"", _bic(self.bic))


class OpenAccount(Change, frozen=True, tag="open_account"):
    """The issuer opens a member's account on its book."""

    member: Bic
    currency: Currency

    def _command(self, state: State, actor: int) -> c.AnyChange:
        book = book_named(state, self.currency).number
        return c.OpenAccount(0, actor, b"", _party(state, self.member), book)


class SetLimit(Change, frozen=True, tag="set_limit"):
    """The issuer sets how far an account may go below zero."""

    member: Bic
    currency: Currency
    limit_minor: AmountMinor

    def _command(self, state: State, actor: int) -> c.AnyChange:
        account = account_named(state, self.member, self.currency).number
        return c.SetLimit(0, actor, b"", account, self.limit_minor)


class IssueMoney(Change, frozen=True, tag="issue"):
    """The issuer puts money on an account."""

    member: Bic
    currency: Currency
    amount_minor: AmountMinor

    def _command(self, state: State, actor: int) -> c.AnyChange:
        account = account_named(state, self.member, self.currency).number
        return c.IssueMoney(0, actor, b"", account, self.amount_minor)


class RedeemMoney(Change, frozen=True, tag="redeem"):
    """The issuer takes money off an account."""

    member: Bic
    currency: Currency
    amount_minor: AmountMinor

    def _command(self, state: State, actor: int) -> c.AnyChange:
        account = account_named(state, self.member, self.currency).number
        return c.RedeemMoney(0, actor, b"", account, self.amount_minor)


class SuspendMember(Change, frozen=True, tag="suspend"):
    """The issuer stops a member on its book."""

    member: Bic
    currency: Currency

    def _command(self, state: State, actor: int) -> c.AnyChange:
        account = account_named(state, self.member, self.currency).number
        return c.SuspendMember(0, actor, b"", account)


class ReinstateMember(Change, frozen=True, tag="reinstate"):
    """The issuer ends a suspension."""

    member: Bic
    currency: Currency

    def _command(self, state: State, actor: int) -> c.AnyChange:
        account = account_named(state, self.member, self.currency).number
        return c.ReinstateMember(0, actor, b"", account)


class RegisterSender(Change, frozen=True, tag="register_sender"):
    """A member lets another institution send for it."""

    sender: Bic

    def _command(self, state: State, actor: int) -> c.AnyChange:
        return c.RegisterSender(0, actor, b"", actor, _party(state, self.sender))


class SetRate(Change, frozen=True, tag="set_rate"):
    """The reference rate of a book: minor units for one unit of the value currency, a fraction."""

    currency: Currency
    numerator: Positive
    denominator: Positive

    def _command(self, state: State, actor: int) -> c.AnyChange:
        book = book_named(state, self.currency).number
        return c.SetRate(0, actor, b"", book, self.numerator, self.denominator)


class AppointDealer(Change, frozen=True, tag="appoint_dealer"):
    """The member that converts between two currencies."""

    pair: tuple[Currency, Currency]
    member: Bic

    def _command(self, state: State, actor: int) -> c.AnyChange:
        books = [book_named(state, currency).number for currency in self.pair]
        return c.AppointDealer(0, c.OPERATOR, b"", books[0], books[1], _party(state, self.member))


class SetRules(Change, frozen=True, tag="set_rules"):
    """Who may overtake in the queue, and how many days ahead a value date may lie."""

    bypass: Literal["none", "normal", "all"]
    max_days_ahead: Annotated[int, msgspec.Meta(ge=0, le=366)]

    def _command(self, state: State, actor: int) -> c.AnyChange:
        bypass = Bypass[self.bypass.upper()]
        return c.SetRules(0, c.OPERATOR, b"", int(bypass), self.max_days_ahead)


class SetApprovals(Change, frozen=True, tag="set_approvals"):
    """How many issuers a change of the rulebook takes."""

    threshold: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]

    def _command(self, state: State, actor: int) -> c.AnyChange:
        return c.SetApprovals(0, c.OPERATOR, b"", self.threshold)


class AddKey(Change, frozen=True, tag="add_key"):
    """A public key of the asker's own institution, or of ``party`` where the issuers decide on it."""

    key: KeyText
    party: str = ""
    from_ns: Ns = 0
    until_ns: Ns = 0

    def _command(self, state: State, actor: int) -> c.AnyChange:
        speaker, party = _speaker(state, actor, self.party)
        return c.AddKey(0, speaker, b"", party, _key(self.key), self.from_ns, self.until_ns)


class RetireKey(Change, frozen=True, tag="retire_key"):
    """A key signs no longer."""

    key: KeyText
    party: str = ""

    def _command(self, state: State, actor: int) -> c.AnyChange:
        speaker, party = _speaker(state, actor, self.party)
        return c.RetireKey(0, speaker, b"", party, _key(self.key))


Asked = (
    CreateBook
    | AdmitMember
    | AdmitSender
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
    | SetApprovals
    | AddKey
    | RetireKey
)


def command_of(asked: Asked, state: State, actor: int) -> c.AnyChange:
    """Return the command that is meant; raises Refused where a name is unknown."""
    return asked._command(state, actor)


def _bic(text: str) -> str:
    if not is_bic(text):
        raise Refused("invalid", f"{text!r} is not a BIC.")
    return normalise_bic(text)


def _party(state: State, bic: str) -> int:
    party = state.party_by_bic.get(normalise_bic(bic))
    if party is None:
        raise Refused("not_found", f"{bic[:20]!r} is no party of this scheme.")
    return party.number


def _speaker(state: State, actor: int, party: str) -> tuple[int, int]:
    """Return for whom a key is changed, and who speaks: the party itself, else the rulebook."""
    number = _party(state, party) if party else actor
    return (actor if number == actor else c.OPERATOR), number


def _key(text: str) -> bytes:
    try:
        return parse_key(text)
    except ValueError as error:
        raise Refused("invalid", f"{error}.") from None
