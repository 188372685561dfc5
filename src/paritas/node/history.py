"""The history: what the journal says, in tables that can be asked.

A follower of the journal, never in the settling path. It is told of each row once that is durable,
and writes one transaction for each; whatever happens to it, it is built again from the journal. It
knows no engine: everything it holds follows from the commands and their events alone.

    history = History(path, journal.seal)
    history.catch_up(journal)                 # at the start
    history.follow(seq, at_ns, records)       # then each row, once it is durable

Asking is in ``history_queries``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from paritas.core.lifecycle import Status
from paritas.journal.codec import Record, decode_records
from paritas.journal.sqlite import JournalError, SqliteJournal
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.instructions import Leg
from paritas.model.parties import normalise_bic
from paritas.model.reasons import Reason
from paritas.node import case_tables
from paritas.node.history_tables import ENTRY_KINDS, SEGMENT_BITS, open_or_build, uetr_key

_SETTLED, _WAITING = int(Status.SETTLED), int(Status.WAITING)
_PAYMENT, _ISSUE, _REDEEM, _HOLD, _ORDER, _CYCLE = range(len(ENTRY_KINDS))

#: Rows are committed together until so many records or seconds have passed.
_COMMIT_RECORDS = 50_000
_COMMIT_SECONDS = 1.0

_REFUSED, _CANCELLED = int(Status.REFUSED), int(Status.CANCELLED)

_INSERTS = {
    "party": "INSERT OR REPLACE INTO party VALUES (?, ?)",
    "book": "INSERT OR REPLACE INTO book VALUES (?, ?, ?, ?, ?)",
    "day": "INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?)",
    "message": f"INSERT INTO message VALUES ({', '.join('?' * 9)})",
    "refusal": f"INSERT INTO refusal VALUES ({', '.join('?' * 8)})",
    "payment": f"INSERT INTO payment VALUES ({', '.join('?' * 19)})",
    "uetr": "INSERT INTO key VALUES (?, ?, ?)",
    "reference": "INSERT OR IGNORE INTO key VALUES (?, ?, ?)",
    "leg": "INSERT INTO leg VALUES (?, ?, ?, ?, ?)",
    "touch": "INSERT OR IGNORE INTO touch VALUES (?, ?)",
    "step": f"INSERT INTO step VALUES ({', '.join('?' * 9)})",
    "entry": f"INSERT INTO entry VALUES ({', '.join('?' * 10)})",
    "recall": "INSERT INTO recall VALUES (?, ?)",
    "hold": f"INSERT INTO hold VALUES ({', '.join('?' * 8)})",
    # After the inserts, because what they change may have come in the same row of the journal.
    "joined": "UPDATE payment SET partner = ? WHERE number = ?",
    "moved": "UPDATE payment SET priority = ? WHERE number = ?",
    "ended": "UPDATE payment SET status = ?, reason = ?, text = ?, ended_ns = ? WHERE number = ?",
    # Numbers only grow, so the first one stays.
    "span": "INSERT INTO span VALUES (?, ?, ?)"
    " ON CONFLICT (date) DO UPDATE SET last = excluded.last",
    "within": "UPDATE message SET first = iif(first, first, ?), last = ? WHERE number = ?",
    "hold_ended": "UPDATE hold SET status = ?, ended_ns = ? WHERE number = ?",
    "account": "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?)",
    **case_tables.INSERTS,
}


class _Book:
    """What the follower must know of a book to write an entry."""

    __slots__ = ("currency", "date", "issuer", "number", "opened_ns", "settles_date")

    def __init__(
        self, number: int, currency: str, issuer: int, date: int, settles_date: int, opened_ns: int
    ) -> None:
        self.number = number
        self.currency = currency
        self.issuer = issuer
        self.date = date
        self.settles_date = settles_date
        self.opened_ns = opened_ns


class _Account:
    """A member's position, as the entries add up."""

    __slots__ = ("balance_minor", "book", "number", "party")

    def __init__(self, number: int, party: int, book: _Book, balance_minor: int) -> None:
        self.number = number
        self.party = party
        self.book = book
        self.balance_minor = balance_minor

    def row(self) -> tuple[int, int, int, int]:
        """Return it as its table has it."""
        return (self.number, self.party, self.book.number, self.balance_minor)


class History:
    """Writes the tables; made by the one thread that follows, asked by any through ``reader``."""

    def __init__(self, path: Path, journal_seal: bytes) -> None:
        """Open the history of the journal with this seal, building the file where it is missing."""
        self.path = path
        self._db = open_or_build(path, journal_seal)
        self._lock = threading.Lock()
        self._uncommitted = 0
        self._commit_due = 0.0
        meta = dict(self._db.execute("SELECT key, value FROM meta"))
        #: The last row of the journal that it holds, and its moment.
        self.seq: int = meta["seq"]
        self.at_ns: int = meta["at_ns"]
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _INSERTS}
        self._load()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what was followed, and close the file."""
        with self._lock:
            self._commit()
            self._db.close()

    def ask(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT over everything that was followed; from any thread."""
        with self._lock:
            return self._db.execute(query, tuple(values)).fetchall()

    def _load(self) -> None:
        ask = self._db.execute
        #: The BIC of each party, by number; the operator is 0.
        self._bics = ["", *(bic for (bic,) in ask("SELECT bic FROM party ORDER BY number"))]
        self._party_by_bic = {bic: number for number, bic in enumerate(self._bics) if number}
        opened = dict(ask("SELECT book, max(opened_ns) FROM day GROUP BY book"))
        self._books = {
            number: _Book(number, currency, issuer, date, settles_date, opened.get(number, 0))
            for number, currency, issuer, date, settles_date in ask("SELECT * FROM book")
        }
        self._accounts = {
            number: _Account(number, party, self._books[book], balance)
            for number, party, book, balance in ask("SELECT * FROM account")
        }
        self._account_numbers = {
            (self.bic(a.party), a.book.currency): a.number for a in self._accounts.values()
        }
        self._next_entry = ask("SELECT coalesce(max(id), 0) + 1 FROM entry").fetchone()[0]
        self._next_step = ask("SELECT coalesce(max(id), 0) + 1 FROM step").fetchone()[0]
        #: number -> legs of what waits.
        self._waiting: dict[int, tuple[Leg, ...]] = {}
        waiting = "SELECT number, payer, payee, amount_minor FROM payment WHERE status = 1"
        for number, *first in ask(waiting).fetchall():
            query = "SELECT payer, payee, amount_minor FROM leg WHERE number = ? ORDER BY leg"
            self._waiting[number] = (Leg(*first), *(Leg(*leg) for leg in ask(query, (number,))))
        joined = "SELECT number, partner FROM payment WHERE status = 1 AND partner NOT NULL"
        self._partner: dict[int, int] = {a: b for a, b in ask(joined) if a < b}
        #: recall -> payment.
        self._recalls: dict[int, int] = dict(ask("SELECT number, payment FROM recall"))
        self._holds: dict[int, Leg] = {
            number: Leg(*leg)
            for number, *leg in ask(
                "SELECT number, payer, payee, amount_minor FROM hold WHERE ended_ns IS NULL"
            )
        }

    def catch_up(
        self, journal: SqliteJournal, tell: Callable[[int, int], None] | None = None
    ) -> int:
        """Follow what the journal holds beyond this history; return the last row's seq.

        Raises JournalError when the journal is shorter than what its history has seen.
        """
        if journal.seq < self.seq:
            raise JournalError(
                f"{self.path}: holds more than {journal.path} does; delete it and call again."
            )
        for row in journal.rows(after_seq=self.seq):
            self.follow(row.seq, row.at_ns, decode_records(row.payload))
            if tell is not None:
                tell(row.seq, journal.seq)
        return self.seq

    def follow(self, seq: int, at_ns: int, records: Sequence[Record]) -> None:
        """Take note of one durable row of the journal.

        What is asked from now on knows it. It is committed together with other rows, as committing
        costs more than following: a crash loses the last second, which is caught up from the
        journal. After any exception this history is to be closed and opened again.
        """
        if seq != self.seq + 1:
            raise JournalError(f"{self.path}: row {seq} cannot follow row {self.seq}.")
        with self._lock:
            self.seq, self.at_ns = seq, at_ns
            for position, (command, events) in enumerate(records):
                for event in events:
                    if type(event) is e.InstructionSettled and len(command.legs) == 1:  # type: ignore[union-attr]
                        self._settled_at_once(command, event.number)  # type: ignore[arg-type]
                    else:
                        _FOLLOWERS[type(event)](self, command, event, position)
            self._write(len(records))

    def _write(self, records: int) -> None:
        db = self._db
        if not self._uncommitted:
            db.execute("BEGIN IMMEDIATE")
            self._commit_due = time.monotonic() + _COMMIT_SECONDS
        rows = self._rows
        self._derive(rows["payment"])
        posted = {row[0] for row in rows["entry"]}
        rows["account"] += [self._accounts[number].row() for number in posted]
        # In the order of their keys rows go in faster.
        rows["entry"].sort()
        rows["touch"].sort()
        for name, of_table in rows.items():
            if of_table:
                db.executemany(_INSERTS[name], of_table)
                of_table.clear()
        self._uncommitted += 1 + records
        if self._uncommitted > _COMMIT_RECORDS or time.monotonic() >= self._commit_due:
            self._commit()

    def _derive(self, payments: Sequence[tuple[Any, ...]]) -> None:
        """Write keys and spans of new payments."""
        uetrs, texts = self._rows["uetr"], self._rows["reference"]
        last_of_date: dict[int, int] = {}
        last_of_message: dict[int, int] = {}
        for row in payments:
            number, uetr = row[0], row[3]
            segment = number >> SEGMENT_BITS
            texts.append((segment, row[2], number))
            if uetr is not None:
                (texts if type(uetr) is str else uetrs).append((segment, uetr, number))
            last_of_message[row[4]] = last_of_date[row[9]] = number
        uetrs.sort()
        texts.sort()
        # Going back from the last, the first is what is left standing.
        first_of_date = {row[9]: row[0] for row in reversed(payments)}
        first_of_message = {row[4]: row[0] for row in reversed(payments)}
        rows = self._rows
        rows["span"] += [(date, first_of_date[date], n) for date, n in last_of_date.items()]
        rows["within"] += [(first_of_message[m], n, m) for m, n in last_of_message.items() if m]

    def _commit(self) -> None:
        if not self._uncommitted:
            return
        meta = [(self.seq, "seq"), (self.at_ns, "at_ns")]
        self._db.executemany("UPDATE meta SET value = ? WHERE key = ?", meta)
        self._db.execute("COMMIT")
        self._uncommitted = 0

    # --- numbers inside, names outside

    def party(self, bic: str) -> int | None:
        """Return the number of a party, or None if nobody has this BIC."""
        return self._party_by_bic.get(normalise_bic(bic))

    def bic(self, party: int) -> str:
        """Return the BIC of a party, "" for the operator or a number that nobody has."""
        return self._bics[party] if 0 <= party < len(self._bics) else ""

    def account(self, number: int) -> tuple[str, str]:
        """Return owner and currency of an account, ("", "") for a number that none has."""
        account = self._accounts.get(number)
        return (self.bic(account.party), account.book.currency) if account else ("", "")

    def account_number(self, bic: str, currency: str) -> int | None:
        """Return the number of a member's account, or None."""
        return self._account_numbers.get((normalise_bic(bic), currency))

    def issuer(self, currency: str) -> str:
        """Return the BIC of a currency's issuer, "" without a book."""
        found = (self.bic(b.issuer) for b in self._books.values() if b.currency == currency)
        return next(found, "")

    # --- payments

    def _settled_at_once(self, command: c.SubmitInstruction, number: int) -> None:
        """The common payment: what ``_accepted`` and ``_post`` do, without the detours."""
        ((leg),) = command.legs
        rows, at_ns, seq = self._rows, command.at_ns, self.seq
        payer, payee = self._accounts[leg.payer], self._accounts[leg.payee]
        amount_minor = leg.amount_minor
        rows["payment"].append(
            (
                number,
                command.sender,
                command.reference,
                uetr_key(command.uetr),
                command.message,
                leg.payer,
                leg.payee,
                amount_minor,
                command.priority,
                command.value_date,
                command.trade or None,
                command.returns or None,
                _SETTLED,
                None,
                None,
                None,
                at_ns,
                at_ns,
                seq,
            )
        )
        rows["touch"] += ((payer.party, number), (payee.party, number))
        entry = self._next_entry
        self._next_entry = entry + 2
        date = payer.book.date
        paid_minor = payer.balance_minor = payer.balance_minor - amount_minor
        got_minor = payee.balance_minor = payee.balance_minor + amount_minor
        rows["entry"] += (
            (leg.payer, at_ns, entry, seq, date, _PAYMENT, number, 0, -amount_minor, paid_minor),
            (leg.payee, at_ns, entry + 1, seq, date, _PAYMENT, number, 0, amount_minor, got_minor),
        )
        if command.returns:
            self._step(command.returns, at_ns, "returned", other=number)

    def _instruction(self, command: c.SubmitInstruction, event: Any, _position: int) -> None:
        """Settled at once in several legs, queued, or refused on arrival."""
        number, at_ns, kind = event.number, command.at_ns, type(event)
        legs = command.legs
        first: tuple[int | None, ...] = (None, None, None)
        if legs:
            first = tuple(map(_stored, (legs[0].payer, legs[0].payee, legs[0].amount_minor)))
        reason = text = None
        status = {e.InstructionSettled: _SETTLED, e.InstructionQueued: _WAITING}.get(kind, _REFUSED)
        if status == _REFUSED:
            reason, text = event.reason, event.text
        row = (
            number,
            _stored(command.sender),
            command.reference,
            uetr_key(command.uetr),
            _stored(command.message),
            *first,
            _stored(command.priority),
            _stored(command.value_date),
            command.trade or None,
            _stored(command.returns) or None,
            status,
            reason,
            text,
            None,
            at_ns,
            None if status == _WAITING else at_ns,
            self.seq,
        )
        self._rows["payment"].append(row)
        self._rows["leg"] += [
            (number, index, *map(_stored, (leg.payer, leg.payee, leg.amount_minor)))
            for index, leg in enumerate(legs)
            if index
        ]
        parties = {_stored(command.sender)} | {
            self._accounts[account].party
            for leg in legs
            for account in (leg.payer, leg.payee)
            if account in self._accounts
        }
        self._rows["touch"] += [(party, number) for party in parties]
        if status == _WAITING:
            self._waiting[number] = legs
            case_tables.follow_verdicts(self._rows, number, at_ns, command.verdicts)
            self._step(number, at_ns, "queued", text=self._why_queued(command))
        elif status == _SETTLED:
            self._post(number, legs, at_ns)
            if command.returns:
                self._step(command.returns, at_ns, "returned", other=number)

    def _why_queued(self, command: c.SubmitInstruction) -> str:
        if command.trade:
            return "Waits for the other side of the trade."
        books = [self._accounts[leg.payer].book for leg in command.legs]
        if any(book.settles_date != command.value_date for book in books):
            return "Waits for its settlement date."
        return "Waits for funds, or for what goes before it."

    def _step(
        self,
        number: int,
        at_ns: int,
        kind: str,
        status: str = "",
        reason: str = "",
        text: str = "",
        other: int = 0,
    ) -> None:
        step = (number, self._next_step, at_ns, self.seq, kind, status, reason, text, other)
        self._rows["step"].append(step)
        self._next_step += 1

    def _post(self, number: int, legs: Sequence[Leg], at_ns: int, kind: int = _PAYMENT) -> None:
        """Write the entries of all legs; each leg of a trade in the name of its own payer's side."""
        second = self._partner.get(number) if kind == _PAYMENT else None
        for index, leg in enumerate(legs):
            told = second if index and second is not None else number
            self._entry(leg.payer, at_ns, kind, told, index, -leg.amount_minor)
            self._entry(leg.payee, at_ns, kind, told, index, leg.amount_minor)

    def _entry(
        self, number: int, at_ns: int, kind: int, cause: int, leg: int, amount_minor: int
    ) -> None:
        account = self._accounts[number]
        account.balance_minor += amount_minor
        what = (kind, cause, leg, amount_minor, account.balance_minor)
        row = (number, at_ns, self._next_entry, self.seq, account.book.date, *what)
        self._rows["entry"].append(row)
        self._next_entry += 1

    def _sides(self, number: int) -> tuple[int, ...]:
        partner = self._partner.pop(number, None)
        return (number,) if partner is None else (number, partner)

    def _queued_settled(self, command: c.AnyCommand, number: int) -> None:
        self._post(number, self._waiting.pop(number), command.at_ns)
        for side in self._sides(number):
            self._waiting.pop(side, None)
            self._rows["ended"].append((_SETTLED, None, None, command.at_ns, side))

    def _settled_later(self, command: c.AnyCommand, event: e.QueuedSettled, _: int) -> None:
        self._queued_settled(command, event.number)

    def _set_settled(self, command: c.AnyCommand, event: e.SetSettled, _: int) -> None:
        for number in event.numbers:
            self._queued_settled(command, number)

    def _ended_unsettled(self, command: c.AnyCommand, event: Any, _: int) -> None:
        cancelled = isinstance(event, e.QueuedCancelled)
        status = _CANCELLED if cancelled else _REFUSED
        reason = Reason.DS02 if cancelled else event.reason
        text = CANCELLED_TEXT if cancelled else event.text
        for side in self._sides(event.number):
            self._waiting.pop(side, None)
            self._rows["ended"].append((status, reason, text, command.at_ns, side))

    def _matched(self, command: c.AnyCommand, event: e.SidesMatched, _: int) -> None:
        self._partner[event.first] = event.second
        self._rows["joined"] += ((event.second, event.first), (event.first, event.second))
        self._step(event.first, command.at_ns, "matched", other=event.second)
        self._step(event.second, command.at_ns, "matched", other=event.first)

    def _cancel_asked(self, command: c.AnyCommand, event: e.CancelAsked, _: int) -> None:
        self._step(event.number, command.at_ns, "cancel_asked")

    def _moved(self, command: c.AnyCommand, event: e.QueueMoved, _: int) -> None:
        self._rows["moved"].append((event.priority, event.number))
        text = (
            f"Priority {('urgent', 'high', 'normal')[event.priority]}, another place in its line."
        )
        self._step(event.number, command.at_ns, "moved", text=text)

    # --- holds

    def _hold_offered(self, command: c.OfferHold, event: e.HoldOffered, _: int) -> None:
        leg = command.leg
        self._holds[event.number] = leg
        what = (leg.payer, leg.payee, leg.amount_minor, "offered", command.at_ns, None)
        self._rows["hold"].append((event.number, command.reference, *what))

    def _hold_promised(self, command: c.PromiseHold, event: e.HoldPromised, _: int) -> None:
        self._rows["hold_ended"].append(("promised", None, event.number))

    def _hold_released(self, command: c.AnyCommand, event: e.HoldReleased, _: int) -> None:
        del self._holds[event.number]
        self._rows["hold_ended"].append(("released", command.at_ns, event.number))

    def _holds_decided(self, command: c.AnyCommand, event: e.HoldsDecided, _: int) -> None:
        for number in event.numbers:
            leg = self._holds.pop(number)
            status = "captured" if event.captured else "released"
            self._rows["hold_ended"].append((status, command.at_ns, number))
            if event.captured:
                self._post(number, (leg,), command.at_ns, _HOLD)

    # --- what is said about payments

    def _relayed(self, command: c.RelayStatus, _number: int, _: int) -> None:
        reason = command.reason
        self._step(command.number, command.at_ns, "confirmed", command.status, reason)

    def _recalled(self, command: c.RecallPayment, number: int, _: int) -> None:
        self._recalls[number] = command.number
        self._rows["recall"].append((number, command.number))
        self._step(command.number, command.at_ns, "recalled", text=f"Reason {command.reason}.")

    def _recall_answered(self, command: c.AnswerRecall, _number: int, _: int) -> None:
        text = " ".join(filter(None, (command.status, command.reason)))
        self._step(self._recalls[command.recall], command.at_ns, "recall_answered", text=text)

    # --- what the commands say that are recorded as they are

    def _recorded(self, command: Any, event: e.Recorded, position: int) -> None:
        _RECORDED[type(command)](self, command, event.number, position)

    def _applied(self, command: Any, event: e.ChangeApplied, position: int) -> None:
        """A change that took several people: told as the command that it is, at this moment."""
        change = msgspec.structs.replace(event.change, at_ns=command.at_ns)
        _RECORDED[type(change)](self, change, event.recorded, position)

    def _party(self, bic: str) -> int:
        number = self._party_by_bic.get(bic)
        if number is None:
            # As the engine does: parties are numbered as they come.
            number = self._party_by_bic[bic] = len(self._bics)
            self._bics.append(bic)
            self._rows["party"].append((number, bic))
        return number

    def _book_row(self, book: _Book) -> None:
        row = (book.number, book.currency, book.issuer, book.date, book.settles_date)
        self._rows["book"].append(row)

    def _book(self, command: c.CreateBook, number: int, _: int) -> None:
        issuer = self._party(command.issuer_bic)
        book = _Book(number, command.currency, issuer, command.date, 0, 0)
        self._books[number] = book
        self._book_row(book)

    def _known(self, command: c.AdmitMember | c.AdmitSender, _number: int, _: int) -> None:
        self._party(command.bic)

    def _account(self, command: c.OpenAccount, number: int, _: int) -> None:
        account = _Account(number, command.member, self._books[command.book], 0)
        self._accounts[number] = account
        self._account_numbers[self.bic(account.party), account.book.currency] = number
        self._rows["account"].append(account.row())

    def _issued(self, command: c.IssueMoney, _number: int, _: int) -> None:
        self._entry(command.account, command.at_ns, _ISSUE, 0, 0, command.amount_minor)

    def _redeemed(self, command: c.RedeemMoney, _number: int, _: int) -> None:
        self._entry(command.account, command.at_ns, _REDEEM, 0, 0, -command.amount_minor)

    def _cycle_settled(self, command: c.AnyCommand, event: e.CycleSettled, _: int) -> None:
        for position in event.positions:
            at_ns, net_minor = command.at_ns, position.net_minor
            self._entry(position.account, at_ns, _CYCLE, event.cycle, 0, net_minor)

    def _swap_drawn(self, command: c.DrawSwap, event: e.SwapDrawn, _: int) -> None:
        for account, amount_minor in zip(event.accounts, event.amounts_minor, strict=True):
            self._entry(account, command.at_ns, _ISSUE, 0, 0, amount_minor)

    def _swap_repaid(self, command: c.RepaySwap, event: e.SwapRepaid, _: int) -> None:
        for account, amount_minor in zip(event.accounts, event.repaid_minor, strict=True):
            self._entry(account, command.at_ns, _REDEEM, 0, 0, -amount_minor)

    def _hit_decided(self, command: c.AnyCommand, event: e.HitDecided, position: int) -> None:
        if isinstance(command, c.DecideHit):
            case_tables.follow_opinion(self._rows, command, self.seq, position)
        key = event.number, event.book
        case_tables.follow_decision(self._rows, *key, event.decision, command.at_ns)

    def _opinion(self, command: c.DecideHit, _number: int, position: int) -> None:
        case_tables.follow_opinion(self._rows, command, self.seq, position)

    def _evidence(self, command: c.RecordEvidence, _number: int, position: int) -> None:
        case_tables.follow_evidence(self._rows, command, self.seq, position)

    def _screened_again(self, command: c.ScreenAgain, _number: int, _: int) -> None:
        key = command.number, command.at_ns
        case_tables.follow_verdicts(self._rows, *key, command.verdicts)

    def _ordered(self, command: c.AnyCommand, event: e.MoneyOrdered, _: int) -> None:
        """An issuer's order; what it was for is told to nobody here."""
        for account, amount_minor in (
            (event.payer, -event.amount_minor),
            (event.payee, event.amount_minor),
        ):
            self._entry(account, command.at_ns, _ORDER, event.number, 0, amount_minor)

    def _message(self, command: c.RecordMessage, number: int, position: int) -> None:
        key = (command.sender, command.message_type, command.message_id)
        self._rows["message"].append((number, *key, command.at_ns, self.seq, position, 0, 0))

    def _refusal(self, command: c.RecordRefusal, number: int, position: int) -> None:
        why = (command.message, command.reference, command.reason, command.text)
        self._rows["refusal"].append((number, *why, command.at_ns, self.seq, position))

    def _opened(self, command: c.OpenWindow, _number: int, _: int) -> None:
        book = self._books[command.book]
        book.date = book.settles_date = command.date
        book.opened_ns = command.at_ns
        self._book_row(book)
        self._rows["day"].append((book.number, book.date, book.opened_ns, None))

    def _closed(self, command: c.CloseBook, _number: int, _: int) -> None:
        book = self._books[command.book]
        self._rows["day"].append((book.number, book.date, book.opened_ns, command.at_ns))
        book.settles_date = 0
        self._book_row(book)

    def _nothing(self, _command: c.AnyCommand, _event: object, _: int) -> None:
        """Nothing changed that is told here."""


def _stored(number: int) -> int:
    """Return a number as a table can hold it: what was refused may have been any number."""
    return max(-(2**63), min(number, 2**63 - 1))


#: The sentence that goes with a withdrawn instruction.
CANCELLED_TEXT = "Cancelled at the wish of those who instructed it."

#: How each event is followed; a new kind of event that touches a payment or an account needs a line.
_FOLLOWERS: dict[type, Callable[[History, Any, Any, int], None]] = {
    e.InstructionSettled: History._instruction,
    e.InstructionQueued: History._instruction,
    e.InstructionRefused: History._instruction,
    e.SidesMatched: History._matched,
    e.QueuedSettled: History._settled_later,
    e.QueuedRefused: History._ended_unsettled,
    e.QueuedCancelled: History._ended_unsettled,
    e.CancelAsked: History._cancel_asked,
    e.SetSettled: History._set_settled,
    e.QueueMoved: History._moved,
    e.CommandRefused: History._nothing,
    e.Recorded: History._recorded,
    e.HoldOffered: History._hold_offered,
    e.HoldPromised: History._hold_promised,
    e.HoldReleased: History._hold_released,
    e.HoldsDecided: History._holds_decided,
    e.ChangeApplied: History._applied,
    e.CycleSettled: History._cycle_settled,
    e.CycleOpened: History._nothing,
    e.ObligationSubmitted: History._nothing,
    e.ObligationConfirmed: History._nothing,
    e.ObligationsEnded: History._nothing,
    e.CycleCutOff: History._nothing,
    e.ObligationsSetOff: History._nothing,
    e.CycleCalculated: History._nothing,
    e.CycleShort: History._nothing,
    e.CycleLapsed: History._nothing,
    e.ChangeProposed: History._nothing,
    e.RateHeldBack: History._nothing,
    e.QuotesLocked: History._nothing,
    e.LockEnded: History._nothing,
    e.SwapAsked: History._nothing,
    e.SwapDue: History._nothing,
    e.SwapDrawn: History._swap_drawn,
    e.SwapRepaid: History._swap_repaid,
    e.ChangeApproved: History._nothing,
    e.ChangeFailed: History._nothing,
    e.ChangeWithdrawn: History._nothing,
    e.ChangeExpired: History._nothing,
    e.HitDecided: History._hit_decided,
    e.MoneyOrdered: History._ordered,
}

#: How each command is followed that was recorded as it says.
_RECORDED: dict[type, Callable[[History, Any, int, int], None]] = {
    c.RecordMessage: History._message,
    c.RecordRefusal: History._refusal,
    c.CreateBook: History._book,
    c.AdmitMember: History._known,
    c.AdmitSender: History._known,
    c.OpenAccount: History._account,
    c.IssueMoney: History._issued,
    c.RedeemMoney: History._redeemed,
    c.OpenWindow: History._opened,
    c.CloseBook: History._closed,
    c.RelayStatus: History._relayed,
    c.RecallPayment: History._recalled,
    c.AnswerRecall: History._recall_answered,
    c.RegisterMandate: History._nothing,
    c.SetReservation: History._nothing,
    c.SetLimit: History._nothing,
    c.SuspendMember: History._nothing,
    c.ReinstateMember: History._nothing,
    c.RegisterSender: History._nothing,
    c.SetRate: History._nothing,
    c.AppointDealer: History._nothing,
    c.SetRules: History._nothing,
    c.CutOff: History._nothing,
    c.AddKey: History._nothing,
    c.RetireKey: History._nothing,
    c.SetApprovals: History._nothing,
    c.RecordProof: History._nothing,
    c.RecordRequest: History._nothing,
    c.PassTime: History._nothing,
    c.BeginClearing: History._nothing,
    c.SetDebitCap: History._nothing,
    c.SignSwapLine: History._nothing,
    c.EndAgreement: History._nothing,
    c.SignAgreement: History._nothing,
    c.WithdrawQuote: History._nothing,
    c.PostQuote: History._nothing,
    c.SetDealingLimit: History._nothing,
    c.DismissDealer: History._nothing,
    c.AdmitDealer: History._nothing,
    c.PublishRate: History._nothing,
    c.SetRateRules: History._nothing,
    # What screening finds and decides is the authority's alone (``node.cases``).
    c.BindList: History._nothing,
    c.UnbindList: History._nothing,
    c.LoadListVersion: History._nothing,
    c.PlaceMember: History._nothing,
    c.RecordEvidence: History._evidence,
    c.ScreenAgain: History._screened_again,
    c.DecideHit: History._opinion,
    c.NameBlockedAccount: History._nothing,
    c.ExemptPair: History._nothing,
}
