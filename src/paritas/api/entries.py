"""GET /v1/accounts/{bic}/{currency}/entries: an account's postings, of which statements are made."""

from __future__ import annotations

import msgspec

from paritas.api.calls import PAGE, PAGE_MAX, Call, account_named
from paritas.api.problems import Refused
from paritas.api.routes import Parameter, Route
from paritas.node.history_queries import Entry, Page
from paritas.node.questions import EntriesAsked


class EntriesAnswer(msgspec.Struct, frozen=True):
    """Entries, newest first; ``cursor`` leads to what follows, "" if nothing does.

    Each entry says the balance after it, so the page before the first one begins where the last
    entry of it ends.
    """

    seq: int
    member: str
    currency: str
    entries: tuple[Entry, ...]
    cursor: str


async def get_entries(call: Call) -> EntriesAnswer:
    """Answer with a page of an account's entries."""
    names = call.parameters["bic"], call.parameters["currency"]
    account = account_named(call.node.state, *names)
    if not call.sees_account(account):
        raise Refused("not_found", f"There is no account {'/'.join(names)!r} that you may see.")
    seq = call.node.seq
    limit = max(1, call.query_number("limit", PAGE, PAGE_MAX))
    member, currency = account.party.bic, account.book.currency
    asked = EntriesAsked(member, currency, call.query("date"), call.query("cursor"), limit)
    page = await call.node.archive.ask("entries", asked, Page[Entry])
    return EntriesAnswer(seq, member, currency, page.items, page.cursor)


ROUTES = (
    Route(
        "GET",
        "/v1/accounts/{bic}/{currency}/entries",
        "entries",
        "An account's entries, newest first",
        get_entries,
        parameters=(
            Parameter("bic", "The member's BIC."),
            Parameter("currency", "The book's currency."),
            Parameter("date", "Only this business date, ISO."),
            Parameter("cursor", "Where the page before ended."),
            Parameter("limit", f"At most so many, up to {PAGE_MAX}.", int),
        ),
        answer=EntriesAnswer,
    ),
)
