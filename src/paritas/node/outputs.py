"""Answers, notifications, statements and deliveries: built, checked against their schemas, written.

These functions run in worker processes. They know nothing of the engine: what became of each
transaction, and what moved on each account, is handed to them as data.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Protocol

import msgspec

from paritas.iso20022.accounts import (
    Conversion,
    Entry,
    EntryKind,
    Statement,
    account_report,
    camt053,
    camt054,
)
from paritas.iso20022.answers import Reject, TransactionStatus, admi002, pacs002_stream
from paritas.iso20022.initiation import is_initiation
from paritas.iso20022.letters import (
    Acknowledgement,
    AnyLetter,
    Handled,
    InitiationLetter,
    draft_of,
)
from paritas.iso20022.payments import delivered
from paritas.iso20022.reversals import RETURN
from paritas.iso20022.writer import Draft
from paritas.node.calendars import format_instant
from paritas.node.intake import EXCHANGE
from paritas.node.spool import Input, Particulars, SpoolReader, Window

#: Above so many transactions or entries a document is written in chunks, in constant memory.
_WHOLE_MAX = 5_000


class Outcome(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of one transaction."""

    #: "ACSC", "RJCT" or "PDNG".
    status: str
    reason: str = ""
    text: str = ""
    #: The engine's number, 0 where it never became an instruction.
    number: int = 0
    settled_ns: int = 0


class Movement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry on an account, with the words of the message that caused it."""

    reference: str
    amount_minor: int
    is_credit: bool
    payer: str
    payee: str
    #: Particulars, encoded.
    particulars: bytes
    conversion: Conversion | None = None
    #: A sentence for a person.
    text: str = ""
    #: The name of the netting cycle whose net amount it is; no message caused it.
    cycle: str = ""


class AccountTask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An account and business date to be told of: the statement's own fields, and the movements."""

    statement: Statement
    notification_id: str
    movements: tuple[Movement, ...]


class ReportTask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The report that answers a camt.060: its kind ("camt.052" and so on) and what it tells of."""

    kind: str
    message_id: str
    created: str
    accounts: tuple[AccountTask, ...]


class Answer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one input is answered: where its Input lies, and the outcomes in its order."""

    place: tuple[int, int]
    file_name: str
    message_id: str
    outcomes: tuple[Outcome, ...]
    #: Why the message was refused as a whole, if it was: reason and sentence.
    refusal: tuple[str, str] | None = None
    #: To a request: the letter or the report that answers it.
    letter: AnyLetter | None = None
    report: ReportTask | None = None


def write_answers(share: Path, answers: bytes, directory: Path, created: str) -> None:
    """Write one pacs.002 or admi.002 for each input of a share; ``answers`` are encoded."""
    with SpoolReader(share) as spool:
        for answer in _ANSWERS.decode(answers):
            inp = spool.input(answer.place)
            draft = answer_draft(inp, answer, spool, created)
            _write(f"{directory}/{answer.file_name}", draft, len(answer.outcomes))


def _write(path: str, draft: Draft, size: int) -> None:
    """Write a checked document; a large one appears only when it is whole."""
    if size <= _WHOLE_MAX:
        _write_bytes(path, draft.checked())
        return
    beside = Path(f"{path}.part")
    with beside.open("wb") as file:
        draft.write(file)
    beside.replace(path)


def _write_bytes(path: str, data: bytes) -> None:
    """Write a small file with no more system calls than it needs; there may be very many."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


class Windows(Protocol):
    """Where the windows of an input lie: a SpoolReader, or what is in memory."""

    def window(self, place: tuple[int, int]) -> Window:
        """Return the window at a place."""


def answer_draft(inp: Input, answer: Answer, spool: Windows, created: str) -> Draft:
    """Return the answer to one input: an admi.002 where it could not be read, else a pacs.002.

    A pain.001 is answered by a pain.002, a request by what goes with it.
    """
    if inp.envelope.unreadable is not None:
        return _reject(inp, created)
    if answer.letter is not None:
        return draft_of(answer.letter)
    if answer.report is not None:
        return report_draft(answer.report)
    if is_initiation(inp.envelope.message_type):
        return draft_of(_initiation_letter(inp, answer, spool, created))
    if not answer.outcomes and answer.refusal is not None and inp.reading is not None:
        # A request that is refused whole: as a repeat of another's MsgId, for instance.
        return draft_of(_refused_request(inp, answer, created))
    return _status_report(inp, answer, spool, created)


def _reject(inp: Input, created: str) -> Draft:
    assert inp.envelope.unreadable is not None
    code, sentence = inp.envelope.unreadable
    return admi002(
        Reject(
            reference=inp.envelope.message_id or inp.name,
            reason=code,
            rejected=created,
            location=inp.name,
            description=sentence,
            data=f"Sent by {inp.envelope.sender}." if inp.envelope.sender else "",
        )
    )


def _status_report(inp: Input, answer: Answer, spool: Windows, created: str) -> Draft:
    reason, text = answer.refusal or ("", "")
    report = msgspec.structs.replace(
        inp.report,
        message_id=answer.message_id,
        created=created,
        instructed_agent=inp.envelope.sender,
        reason=reason,
        text=text,
    )
    counts = Counter(outcome.status for outcome in answer.outcomes)
    return pacs002_stream(report, counts, _statuses(inp, answer, spool))


def _statuses(inp: Input, answer: Answer, spool: Windows) -> Iterator[TransactionStatus]:
    outcomes = iter(answer.outcomes)
    # What a translation lost is said with what became of the payment.
    said = " ".join(inp.reading.said) if inp.reading is not None else ""
    for place in inp.windows:
        for particulars in spool.window(place).particulars:
            outcome, given = next(outcomes), particulars.status
            yield TransactionStatus(
                outcome.status,
                given.instruction_id,
                given.end_to_end_id,
                given.transaction_id,
                given.uetr,
                outcome.reason,
                f"{outcome.text} {said}".strip() if said else outcome.text,
                format_instant(outcome.settled_ns) if outcome.settled_ns else "",
                str(outcome.number) if outcome.number else "",
                currency=given.currency,
                amount_minor=given.amount_minor,
                settlement_date=given.settlement_date,
            )


_ANSWERS = msgspec.msgpack.Decoder(list[Answer])
_LETTERS = msgspec.msgpack.Decoder(list[tuple[str, AnyLetter]])
_TASKS = msgspec.msgpack.Decoder(list[AccountTask])
_PARTICULARS = msgspec.msgpack.Decoder(Particulars)


def write_accounts(tasks: bytes, notifications: Path, statements: Path) -> None:
    """Write the camt.054 (where something moved) and the camt.053 of each account and date.

    ``tasks`` are encoded AccountTasks.
    """
    for task in _TASKS.decode(tasks):
        statement = task.statement
        account, date = statement.account, statement.business_date
        name = f"{account.owner}-{account.currency}-{date}.xml"
        entries = [entry_of(movement, date) for movement in task.movements]
        if entries:
            notice = camt054(task.notification_id, statement.created, account, entries)
            _write(f"{notifications}/{name}", notice, len(entries))
        _write(f"{statements}/{name}", camt053(statement, entries), len(entries))


def entry_of(movement: Movement, date: str) -> Entry:
    """Return an entry as notification and statement have it; ``date`` is the business date."""
    if movement.cycle:
        return Entry(
            movement.reference,
            movement.amount_minor,
            movement.is_credit,
            EntryKind.NETTING,
            date,
            date,
            end_to_end_id=movement.cycle,
            text=movement.text,
        )
    particulars = _PARTICULARS.decode(movement.particulars)
    given = particulars.status
    if particulars.local_instrument == EXCHANGE:
        kind = EntryKind.EXCHANGE
    elif particulars.message_type.startswith(RETURN):
        kind = EntryKind.RETURN
    elif particulars.message_type.startswith("pacs.008."):
        kind = EntryKind.CUSTOMER
    else:
        kind = EntryKind.INSTITUTION
    return Entry(
        movement.reference,
        movement.amount_minor,
        movement.is_credit,
        kind,
        date,
        date,
        particulars.message_id,
        given.instruction_id,
        given.end_to_end_id,
        given.transaction_id,
        given.uetr,
        movement.payer,
        movement.payee,
        particulars.debtor,
        particulars.creditor,
        movement.conversion,
        movement.text,
    )


def report_draft(task: ReportTask) -> Draft:
    """Build the camt.052, camt.053 or camt.054 of several accounts and dates."""
    told = [
        (
            account.statement,
            [entry_of(m, account.statement.business_date) for m in account.movements],
        )
        for account in task.accounts
    ]
    return account_report(task.kind, task.message_id, task.created, told)


def _initiation_letter(
    inp: Input, answer: Answer, spool: Windows, created: str
) -> InitiationLetter:
    reason, text = answer.refusal or ("", "")
    initiated = inp.reading.initiated if inp.reading is not None else ()
    statuses = zip(initiated, _statuses(inp, answer, spool), strict=False)
    return InitiationLetter(
        message_id=answer.message_id,
        created=created,
        receiver=inp.envelope.sender,
        original_message_id=inp.report.original_message_id,
        original_message_type=inp.envelope.message_type,
        original_number_of_transactions=inp.report.original_number_of_transactions,
        reason=reason,
        text=text,
        statuses=tuple(
            (
                each.block,
                msgspec.structs.replace(
                    status, instruction_id=each.instruction_id, uetr=each.uetr or status.uetr
                ),
            )
            for each, status in statuses
        ),
    )


def _refused_request(inp: Input, answer: Answer, created: str) -> Acknowledgement:
    assert answer.refusal is not None
    return Acknowledgement(
        message_id=answer.message_id,
        created=created,
        receiver=inp.envelope.sender,
        original_message_id=inp.envelope.message_id,
        original_message_type=inp.envelope.message_type,
        handled=Handled("RJCT", *answer.refusal),
    )


def write_letters(letters: bytes, directory: Path) -> None:
    """Write what others receive in the course of a conversation; ``letters`` are encoded."""
    for receiver, letter in _LETTERS.decode(letters):
        folder = f"{directory}/{receiver}"
        Path(folder).mkdir(parents=True, exist_ok=True)
        _write(f"{folder}/{letter.message_id}.xml", draft_of(letter), 1)


class Delivery(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One settled payment to pass on to its payee: which transaction of which input, and where to."""

    place: tuple[int, int]
    index: int
    payee: str
    message_id: str
    settled_ns: int
    conversion: Conversion | None = None


_DELIVERIES = msgspec.msgpack.Decoder(list[Delivery])


def deliver(share: Path, deliveries: bytes, directory: Path) -> None:
    """Write what each payee receives: its own message, after settlement and never before.

    ``deliveries`` are encoded; they come in the order of their inputs, and of the transactions in
    each.
    """
    with SpoolReader(share) as spool:
        for place, of_input in groupby(_DELIVERIES.decode(deliveries), key=lambda each: each.place):
            inp = spool.input(place)
            fragments = (f for window in inp.windows for f in spool.window(window).fragments)
            numbered = enumerate(fragments)
            kind = inp.envelope.message_type
            if inp.reading is not None and inp.windows:
                # What was received may have been translated.
                kind = spool.window(inp.windows[0]).particulars[0].message_type
            for delivery in of_input:
                fragment = next(f for index, f in numbered if index == delivery.index)
                draft = delivered(
                    kind,
                    inp.group_header,
                    fragment,
                    delivery.message_id,
                    format_instant(delivery.settled_ns),
                    delivery.conversion,
                )
                folder = f"{directory}/{delivery.payee}"
                Path(folder).mkdir(parents=True, exist_ok=True)
                _write(f"{folder}/{delivery.message_id}.xml", draft, 1)
