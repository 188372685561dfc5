"""Statements of accounts: for one business date, as JSON or as camt.053; and entries, in pages."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from paritas.api.calls import PAGE, PAGE_MAX, Call, account_named
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.core.state import Account
from paritas.node.history_queries import Entry, Page
from paritas.node.questions import EntriesAsked
from paritas.node.statements import AccountStatement, StatementAsked

_XML = "application/xml"


class StatementAnswer(msgspec.Struct, frozen=True):
    """The statement of one account and business date."""

    seq: int
    statement: AccountStatement


class EntriesAnswer(msgspec.Struct, frozen=True):
    """Entries, newest first; ``cursor`` leads to what follows, "" if nothing does."""

    seq: int
    entries: tuple[Entry, ...]
    cursor: str


def _account(call: Call) -> Account:
    names = call.parameters["bic"], call.parameters["currency"]
    account = account_named(call.node.state, *names)
    if not call.sees_account(account):
        raise Refused("not_found", f"There is no account {'/'.join(names)!r} that you may see.")
    return account


async def get_statement(call: Call) -> StatementAnswer | Response:
    """Answer with a statement."""
    account = _account(call)
    member = call.node.scheme.members.get(account.party.bic)
    as_document = _XML in call.header(b"accept")
    asked = StatementAsked(
        account.party.bic,
        account.book.currency,
        call.parameters["date"],
        member.name if member is not None else "",
        call.node.now_ns(),
        as_document,
    )
    seq = call.node.seq
    found = await call.node.archive.ask("statement", asked, AccountStatement)
    if as_document:
        return Response(found.document, headers={"Paritas-Seq": str(seq)}, media_type=_XML)
    return StatementAnswer(seq, found)


async def get_entries(call: Call) -> EntriesAnswer:
    """Answer with a page of entries."""
    account = _account(call)
    asked = EntriesAsked(
        account.party.bic,
        account.book.currency,
        call.query("date"),
        call.query("cursor"),
        max(1, call.query_number("limit", PAGE, PAGE_MAX)),
    )
    seq = call.node.seq
    page = await call.node.archive.ask("entries", asked, Page[Entry])
    return EntriesAnswer(seq, page.items, page.cursor)


_IN = "/v1/accounts/{bic}/{currency}"
_ACCOUNT = (Parameter("bic", "The member's BIC."), Parameter("currency", "The book's currency."))
ROUTES = (
    Route(
        "GET",
        f"{_IN}/statements/{{date}}",
        "statement",
        "The statement of a business date, as JSON or, once the date has ended, as camt.053",
        get_statement,
        parameters=(*_ACCOUNT, Parameter("date", "Business date of the book, ISO.")),
        answer=StatementAnswer,
        gives=(_XML,),
    ),
    Route(
        "GET",
        f"{_IN}/entries",
        "entries",
        "The entries of an account, newest first",
        get_entries,
        parameters=(
            *_ACCOUNT,
            Parameter("date", "Only of this business date, ISO."),
            Parameter("cursor", "Where the page before ended."),
            Parameter("limit", f"At most so many, up to {PAGE_MAX}.", int),
        ),
        answer=EntriesAnswer,
    ),
)
