"""``paritas send``, ``status``, ``queue``, ``balance``, ``statement``, ``watch``, ``changes``, ``approve``.

Tables are for people; ``--json`` gives what the node answered, one document or one line for each item.
Exit codes: 0 done, 1 refused or failed.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from paritas.client import answers as a
from paritas.client.problems import ClientError
from paritas.client.settings import Settings
from paritas.client.synchronous import Client
from paritas.model.money import AmountError, minor_digits

_STATUS_WORDS = {"ACSC": "settled", "PDNG": "waiting", "RJCT": "refused", "PART": "in part"}


def amount_text(amount_minor: int, currency: str) -> str:
    """Write an amount for people: 1234567 INR gives ``12,345.67``."""
    try:
        digits = minor_digits(currency)
    except AmountError:
        return str(amount_minor)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole:,}.{rest:0{digits}}" if digits else f"{sign}{whole:,}"


def time_text(at_ns: int) -> str:
    """Write a moment for people, in UTC to the second; "" for none."""
    if not at_ns:
        return ""
    return f"{datetime.fromtimestamp(at_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}Z"


def _print_json(value: object) -> None:
    print(msgspec.json.encode(value).decode(), flush=True)


def _table(*columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _legs(legs: Iterable[a.Leg]) -> str:
    return "; ".join(
        f"{leg.payer} > {leg.payee} {amount_text(leg.amount_minor, leg.currency)} {leg.currency}"
        for leg in legs
    )


# --- sending


def send(settings: Settings, files: Sequence[str], *, xml: bool, as_json: bool) -> int:
    """Submit files; 1 if anything in them was refused."""
    with Client(settings) as client:
        refused = False
        for name in files:
            message = _read(name)
            if xml:
                answer = client.send_message_for_xml(message)
                sys.stdout.buffer.write(answer + b"\n")
                sys.stdout.buffer.flush()
                continue
            found = client.send_message(message)
            refused = refused or found.status in ("RJCT", "PART")
            if as_json:
                _print_json(found)
            else:
                _print_sent(name, found)
    return 1 if refused else 0


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ClientError(f"{name}: cannot be read: {error.strerror}.") from None


def _print_sent(name: str, found: a.MessageAnswer) -> None:
    words = _STATUS_WORDS.get(found.status, found.status)
    why = f": {found.reason} {found.text}" if found.reason else ""
    print(f"{name}: {found.message_type} {found.message_id} {words} ({found.status}){why}")
    shown = [each for each in found.transactions if each.status != "ACSC" or each.reason]
    if len(found.transactions) <= 10:
        shown = list(found.transactions)
    for each in shown[:50]:
        why = f": {each.reason} {each.text}" if each.reason else ""
        number = f" as payment {each.number}" if each.number else ""
        print(f"  {each.reference} {_STATUS_WORDS.get(each.status, each.status)}{number}{why}")
    if len(shown) > 50:
        print(f"  and {len(shown) - 50} more; --json shows all")


# --- asking


def status(settings: Settings, name: str, *, as_json: bool) -> int:
    """Show where a payment stands, by number, UETR or reference."""
    with Client(settings) as client:
        found = client.payment(_number_of(client, name))
    if as_json:
        _print_json(found)
    else:
        show_status(found)
    return 1 if found.payment.status == "RJCT" else 0


def _number_of(client: Client, name: str) -> str:
    """Return a payment's number or UETR; any other name is taken for a reference."""
    if name.isdigit() or (len(name) == 36 and name.count("-") == 4):
        return name
    found = [each.number for each in client.payments(reference=name)]
    if not found:
        raise ClientError(f"{name}: there is no payment of this reference that you may see.")
    if len(found) > 1:
        numbers = ", ".join(map(str, found[:10]))
        raise ClientError(f"{name}: several payments have this reference: {numbers}; name one.")
    return str(found[0])


def show_status(found: a.PaymentAnswer) -> None:
    """Print a payment and its timeline."""
    payment = found.payment
    why = f": {payment.reason} {payment.text}" if payment.reason else ""
    print(f"payment {payment.number}: {payment.state} ({payment.status}){why}")
    print(f"reference {payment.reference}, value date {payment.value_date}")
    if payment.uetr:
        print(f"UETR {payment.uetr}")
    if payment.message_id:
        print(f"came in {payment.message_type} {payment.message_id}")
    print(_legs(payment.legs))
    table = _table("when", "what", "why")
    for step in found.timeline:
        other = f"payment {step.other}" if step.other else ""
        words = " ".join(filter(None, (step.reason, step.text, other)))
        table.add_row(time_text(step.at_ns), step.kind, words)
    Console().print(table)


def queue(settings: Settings, currency: str, *, as_json: bool) -> int:
    """List what waits."""
    with Client(settings) as client:
        found = client.queue(currency)
        if as_json:
            for each in found:
                _print_json(each)
            return 0
        table = _table("number", "reference", "priority", "date", "what", "why it waits")
        for each in found:
            table.add_row(
                str(each.number),
                each.reference,
                each.priority,
                each.value_date,
                _legs(each.legs),
                each.text,
            )
    Console().print(table if table.row_count else "Nothing waits.")
    return 0


def balance(settings: Settings, currency: str, at: str, *, as_json: bool) -> int:
    """Show balances, now or at a past moment."""
    with Client(settings) as client:
        found = client.balances(currency, at)
    if as_json:
        _print_json(found)
        return 0
    amounts = ("balance",) if at else ("balance", "limit", "held", "reserved", "available")
    table = _table("member", "currency", *amounts, *(() if at else ("waiting",)), right=amounts)
    for each in found:
        values = [each.balance_minor]
        if not at:
            reserved = each.reserved_urgent_minor + each.reserved_high_minor
            values += [each.limit_minor, each.held_minor, reserved, each.available_minor]
        texts = [amount_text(value, each.currency) for value in values]
        waiting = [] if at else [f"{each.waiting}{' SUSPENDED' if each.suspended else ''}"]
        table.add_row(each.member, each.currency, *texts, *waiting)
    Console().print(table)
    return 0


def statement(settings: Settings, currency: str, date: str, *, xml: bool, as_json: bool) -> int:
    """Show an account's entries of a business date, oldest first, between its two balances."""
    with Client(settings) as client:
        if xml:
            sys.stdout.buffer.write(client.statement(currency, date) + b"\n")
            return 0
        entries = list(client.entries(currency, date))[::-1]
    if as_json:
        for each in entries:
            _print_json(each)
        return 0
    if not entries:
        print(f"No entries in {currency}{' on ' + date if date else ''}.")
        return 0
    table = _table("when", "what", "amount", "balance", right=("amount", "balance"))
    opening_minor = entries[0].balance_minor - entries[0].amount_minor
    table.add_row("", "opening balance", "", amount_text(opening_minor, currency))
    for each in entries:
        what = f"{each.kind} {each.number}" if each.number else each.kind
        amounts = (
            amount_text(each.amount_minor, currency),
            amount_text(each.balance_minor, currency),
        )
        table.add_row(time_text(each.at_ns), what, *amounts)
    table.add_row("", "closing balance", "", amount_text(entries[-1].balance_minor, currency))
    Console().print(table)
    return 0


# --- following


def watch(settings: Settings, kinds: Sequence[str], after: str, *, as_json: bool) -> int:
    """Print everything that changes, until interrupted."""
    with Client(settings) as client:
        for notice in client.watch(kinds, after):
            if as_json:
                _print_json(notice)
            else:
                print(_line(notice), flush=True)
    return 0


def _line(notice: a.Notice) -> str:
    amount = ""
    if notice.amount_minor is not None and notice.currency:
        amount = f"{amount_text(notice.amount_minor, notice.currency)} {notice.currency}"
    words = (
        time_text(notice.at_ns),
        notice.kind,
        str(notice.number) if notice.number else "",
        notice.reference,
        _legs(notice.legs),
        notice.member,
        amount or notice.currency,
        notice.reason,
        notice.text,
    )
    return "  ".join(filter(None, words))


# --- changes that take several people


def changes(settings: Settings, *, as_json: bool) -> int:
    """List what waits for approval."""
    with Client(settings) as client:
        found = client.changes()
    if as_json:
        _print_json(found)
        return 0
    for each in found:
        _print_change(each)
    if not found:
        print("No change waits.")
    return 0


def _print_change(change: a.Change) -> None:
    says = ", ".join(f"{name} {value}" for name, value in change.says.items())
    needs = " and ".join((*change.needs, *_issuers(change.needs_issuers)))
    print(f"change {change.number}: {change.kind}: {says}")
    print(f"  proposed by {change.proposed_by}, until {time_text(change.expires_ns)}")
    given = ", ".join(f"{each.institution} ({each.person})" for each in change.approvals)
    print(f"  takes two people of {needs}; approved by {given or 'nobody yet'}")
    print(f"  digest {change.digest}")


def _issuers(count: int) -> list[str]:
    return [f"{count} issuer{'s' if count > 1 else ''}"] if count else []


def approve(settings: Settings, number: int, digest: str, *, as_json: bool) -> int:
    """Approve a change; what is approved is what was read: the digest is computed here."""
    with Client(settings) as client:
        waiting = {each.number: each for each in client.changes()}
        change = waiting.get(number)
        if change is None:
            raise ClientError(f"Change {number} does not wait, or is not yours to see.")
        found = hashlib.sha256(base64.b64decode(change.content)).hexdigest()
        if found != change.digest:
            raise ClientError(f"Change {number}: the node's digest is not that of its content.")
        if digest and digest != found:
            raise ClientError(f"Change {number} has digest {found}: it is not what you mean.")
        done = client.approve(number, found)
    _print_done(done, f"change {number} approved", as_json=as_json)
    return 0


def _print_done(done: a.Done, words: str, *, as_json: bool) -> None:
    if as_json:
        _print_json(done)
    else:
        print(f"{words}; {done.waits_for or 'it is in force.'}")


def act(settings: Settings, what: str, number: int, value: str, *, as_json: bool) -> int:
    """Cancel, move or re-prioritise what waits, or withdraw a change."""
    with Client(settings) as client:
        calls: dict[str, Any] = {
            "cancel": lambda: client.cancel(number),
            "priority": lambda: client.set_priority(number, value),
            "reorder": lambda: client.reorder(number, value),
            "withdraw": lambda: client.withdraw(number),
        }
        done = calls[what]()
    if as_json:
        _print_json(done)
    else:
        print(f"{number}: {what} done. {done.waits_for}".rstrip())
    return 0
