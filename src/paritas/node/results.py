"""What leaves a run: which answer, notification, statement and delivery says what to whom.

Everything is drawn up here from the run's view and handed to the workers that build, check and
write it. Only called once the journal is durable.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import msgspec

from paritas.core.lifecycle import Status
from paritas.core.obligations import ObligationStatus
from paritas.iso20022.accounts import Account, Conversion, Statement
from paritas.iso20022.payments import format_rate
from paritas.iso20022.reversals import COLLECTION
from paritas.model.commands import SubmitInstruction
from paritas.model.money import format_amount, minor_digits
from paritas.node.calendars import format_instant
from paritas.node.outputs import AccountTask, Answer, Delivery, Movement, ReportTask
from paritas.node.reports import Report
from paritas.node.run import Run, Taken
from paritas.node.views import AccountDay, Posting

#: How many documents a worker writes at a time.
_TASKS = 250


def answer_names(taken: list[Taken]) -> list[str]:
    """Return the file name of each answer: the input's own, made unique, ending in .xml."""
    names: list[str] = []
    used: set[str] = set()
    for each in taken:
        stem = _cut(each.name)
        name = stem if stem.lower().endswith(".xml") else f"{stem}.xml"
        count = 1
        while name.casefold() in used:
            count += 1
            name = f"{stem}.{count}.xml"
        used.add(name.casefold())
        names.append(name)
    return names


#: File systems take names of 255 bytes; what is added to one needs its room.
_NAME_BYTES_MAX = 230


def _cut(name: str) -> str:
    """Cut a name that would be too long, never within a character."""
    return name.encode()[:_NAME_BYTES_MAX].decode("utf-8", "ignore")


def created_at(run: Run) -> str:
    """Return the moment at which everything of a run is written: when its last day ended."""
    return format_instant(run.days.now_ns)


def answers(run: Run) -> Iterator[tuple[Path, list[Answer]]]:
    """Yield, share by share, the answers to its inputs."""
    names = answer_names(run.taken)
    by_share: dict[int, list[Answer]] = defaultdict(list)
    for index, (taken, name) in enumerate(zip(run.taken, names, strict=True)):
        outcomes = tuple(run.outcome(each) for each in taken.outcomes)
        message_id = f"PARITAS-{run.days.now_ns // 10**9}-{index + 1:07d}"
        answer = Answer(taken.place, name, message_id, outcomes, taken.refusal)
        if taken.reply is not None:
            reply = taken.reply(message_id, created_at(run))
            answer = Answer(
                taken.place,
                name,
                message_id,
                (),
                letter=None if isinstance(reply, Report) else reply,
                report=_report_task(run, reply) if isinstance(reply, Report) else None,
            )
        by_share[taken.share].append(answer)
    for share, found in by_share.items():
        yield run.shares[share].path, found


def _report_task(run: Run, report: Report) -> ReportTask:
    accounts = []
    for index, day in enumerate(report.days, 1):
        closed = run.view.closed_days(day.account)
        sequence = next((n for n, d in enumerate(closed, 1) if d.date == day.date), len(closed) + 1)
        task = _task(run, day, sequence, report.created)
        name = f"{report.message_id}-{index}"
        statement = msgspec.structs.replace(task.statement, message_id=name)
        accounts.append(msgspec.structs.replace(task, statement=statement))
    return ReportTask(report.kind, report.message_id, report.created, tuple(accounts))


def conversion_of(run: Run, command: SubmitInstruction) -> Conversion | None:
    """Return what was converted into what, for an instruction through a dealer."""
    if len(command.legs) != 2 or command.trade:
        return None
    pays, gets = command.legs
    source = run.state.accounts[pays.payer].book.currency
    target = run.state.accounts[gets.payer].book.currency
    rate = Fraction(run.scheme.rates[source]) / Fraction(run.scheme.rates[target])
    return Conversion(source, pays.amount_minor, target, gets.amount_minor, format_rate(rate))


def rounding_of(run: Run, command: SubmitInstruction) -> tuple[str, Fraction]:
    """Return the currency that a conversion was paid in, and by how much it was rounded up.

    In units of the currency, exactly, below one minor unit: it went to the dealer.
    """
    pays, gets = command.legs
    source = run.state.accounts[pays.payer].book
    target = run.state.accounts[gets.payer].book
    exact_minor = gets.amount_minor * Fraction(*source.rate) / Fraction(*target.rate)
    rounding = (pays.amount_minor - exact_minor) / 10 ** minor_digits(source.currency)
    return source.currency, rounding


def decimal_text(amount: Fraction, currency: str) -> str:
    """Write an exact amount with four decimals more than its currency has, cut off there."""
    digits = minor_digits(currency) + 4
    text = str(amount.numerator * 10**digits // amount.denominator).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"


def _rounding_text(run: Run, command: SubmitInstruction) -> str:
    currency, rounding = rounding_of(run, command)
    return f"Rounded up to the dealer by {decimal_text(rounding, currency)} {currency}."


def _net_movement(run: Run, account: int, posting: Posting) -> Movement:
    """The net amount of a cycle, with the sums behind it in words."""
    cycle = run.state.cycles[posting.cycle]
    currency = run.state.accounts[account].book.currency
    settled = [o for o in cycle.obligations.values() if o.status == ObligationStatus.SETTLED]
    sums = []
    for side in ("debtor", "creditor"):
        mine = [o for o in settled if getattr(o, side).number == account]
        gross = format_amount(sum(o.amount_minor for o in mine), currency)
        off = format_amount(sum(o.set_off_minor for o in mine), currency)
        verb = "owed" if side == "debtor" else "was owed"
        sums.append(f"{verb} {gross} by {len(mine)} obligations, {off} of it set off before")
    return Movement(
        f"C{posting.cycle:09d}",
        posting.amount_minor,
        posting.is_credit,
        "",
        "",
        b"",
        text=f"Net of cycle {cycle.name}: {'; '.join(sums)}.",
        cycle=cycle.name,
    )


def _movement(run: Run, account: int, posting: Posting) -> Movement:
    if posting.cycle:
        return _net_movement(run, account, posting)
    # The legs of a trade stand with its first side; the second leg is told as the second side's own.
    first = run.state.joined.get(posting.number, posting.number)
    command = run.state.instructions[first]
    assert command is not None
    leg = command.legs[posting.leg]
    accounts = run.state.accounts
    conversion = conversion_of(run, command)
    return Movement(
        f"{posting.number:010d}-{posting.leg + 1}",
        posting.amount_minor,
        posting.is_credit,
        accounts[leg.payer].party.bic,
        accounts[leg.payee].party.bic,
        run.particulars[posting.number],
        conversion,
        _rounding_text(run, command) if conversion else "",
    )


def account_tasks(run: Run) -> Iterator[list[AccountTask]]:
    """Yield batches of accounts and dates to be told of, in the order in which the dates ended."""
    created = created_at(run)
    statements: dict[int, int] = defaultdict(int)
    batch: list[AccountTask] = []
    size = 0
    for day in run.view.closed:
        statements[day.account] += 1
        batch.append(_task(run, day, statements[day.account], created))
        size += 1 + len(day.postings)
        if size >= 4 * _TASKS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _task(run: Run, day: AccountDay, sequence: int, created: str) -> AccountTask:
    account = run.state.accounts[day.account]
    currency, bic = account.book.currency, account.party.bic
    date = datetime.date.fromordinal(day.date).isoformat()
    member = run.scheme.members[bic]
    return AccountTask(
        Statement(
            f"STMT-{day.account:06d}-{date}",
            created,
            sequence,
            Account(f"{bic}-{currency}", currency, bic, account.book.issuer.bic, member.name),
            date,
            day.opening_minor,
            day.closing_minor,
            day.limit_minor,
            day.available_minor,
        ),
        f"NTFC-{day.account:06d}-{date}",
        tuple(_movement(run, day.account, posting) for posting in day.postings),
    )


def deliveries(run: Run) -> Iterator[tuple[Path, list[Delivery]]]:
    """Yield, share by share, what the payees of settled payments receive."""
    by_share: dict[int, list[Delivery]] = defaultdict(list)
    for number, (index, position) in run.origin.items():
        if run.state.statuses[number] != Status.SETTLED:
            continue
        command = run.state.instructions[number]
        assert command is not None
        taken = run.taken[index]
        if taken.reply is not None:
            # A liquidity transfer: its payee has its camt.054.
            continue
        conversion = conversion_of(run, command)
        last_leg = command.legs[-1 if conversion else 0]
        payee = run.state.accounts[last_leg.payee].party.bic
        if taken.message_type.startswith(COLLECTION):
            # It is the payer who learns of a collection: the payee has sent it.
            payee = run.state.accounts[command.legs[0].payer].party.bic
        delivery = Delivery(
            taken.place,
            position,
            payee,
            f"PARITAS-{number:010d}",
            run.view.settled_ns[number],
            conversion,
        )
        by_share[taken.share].append(delivery)
    for share, found in by_share.items():
        yield run.shares[share].path, sorted(found, key=lambda each: (each.place, each.index))
