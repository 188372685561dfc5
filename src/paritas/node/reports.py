"""camt.060: account owners ask, and get a camt.052 of the day so far, a camt.053 or a camt.054.

What a report holds is fixed at the moment at which it is asked for.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

from paritas.core.state import Account, State
from paritas.iso20022.letters import Handled
from paritas.iso20022.requests import ReportQuestion
from paritas.model.parties import normalise_bic
from paritas.model.reasons import Reason
from paritas.node.directory import Directory
from paritas.node.views import AccountDay, DayView

_REFUSED = "RJCT"
KINDS = ("camt.052", "camt.053", "camt.054")


class Report(msgspec.Struct, frozen=True, gc=False):
    """The account days that one camt.060 is answered with, all in one message."""

    #: "camt.052", "camt.053" or "camt.054".
    kind: str
    days: tuple[AccountDay, ...]
    #: Who asked, as BIC.
    message_id: str = ""
    created: str = ""


class Reports:
    """Draws up reports from what has happened on the accounts so far."""

    def __init__(self, state: State, directory: Directory, view: DayView) -> None:
        self._state = state
        self._directory = directory
        self._view = view

    def draw_up(
        self, questions: Sequence[ReportQuestion], actor: int, at_ns: int
    ) -> Report | Handled:
        """Return the report that is asked for, or why there is none."""
        kinds = {question.wanted[:8] for question in questions}
        if len(kinds) != 1 or not kinds <= set(KINDS):
            text = "Ask for one of camt.052, camt.053 and camt.054, one kind in one message."
            return Handled(_REFUSED, Reason.NARR, text)
        (kind,) = kinds
        days: list[AccountDay] = []
        for question in questions:
            found = self._days(question, kind, actor)
            if isinstance(found, Handled):
                return found
            days += found
        return Report(kind, tuple(days))

    def _days(self, question: ReportQuestion, kind: str, actor: int) -> list[AccountDay] | Handled:
        accounts = self._accounts(question)
        may_ask = [account for account in accounts if self._may_ask(account, actor)]
        if not may_ask:
            return Handled(_REFUSED, Reason.AC01, "No account of yours is named so.")
        days: list[AccountDay] = []
        for account in may_ask:
            closed = self._view.closed_days(account.number)
            present = self._view.present_day(account.number)
            if kind == "camt.053":
                # Without a date it is the last one that has ended.
                days += _within(closed, question) if question.from_date else closed[-1:]
            else:
                dated = bool(question.from_date or question.to_date)
                days += _within([*closed, present], question) if dated else [present]
        if not days:
            text = "No business date that was asked for has ended; ask for a camt.052 of today."
            if kind != "camt.053":
                text = "There is nothing of the dates that were asked for."
            return Handled(_REFUSED, Reason.DT01, text)
        return days

    def _accounts(self, question: ReportQuestion) -> list[Account]:
        """The account named by its identifier, else those of an owner, else those in a currency."""
        numbers = self._directory.accounts
        owner, _, currency = question.account.rpartition("-")
        if question.account:
            number = numbers.get((normalise_bic(owner), currency))
            return [self._state.accounts[number]] if number is not None else []
        return [
            self._state.accounts[number]
            for (bic, currency), number in numbers.items()
            if bic == normalise_bic(question.owner) and question.currency in ("", currency)
        ]

    def _may_ask(self, account: Account, actor: int) -> bool:
        owner = account.party
        return actor in (owner.number, account.book.issuer.number) or actor in owner.senders


def _within(days: Sequence[AccountDay], question: ReportQuestion) -> list[AccountDay]:
    first, last = question.from_date, question.to_date or "9999-12-31"
    return [day for day in days if first <= datetime.date.fromordinal(day.date).isoformat() <= last]
