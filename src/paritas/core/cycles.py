"""Netting cycles: obligations that both parties confirm, netted among all, settled in one event.

A cycle is opened over some books, takes obligations until its cut-off, may have parts of them set
off, is calculated, and settles: on each account the one net amount moves, in all currencies at
once (payment-versus-payment). A member that is short has the top-up window. After it, the least
urgent and latest of what short members owe is taken out, only until the rest is covered: each
such step is forced, so the largest covered cycle is unique, whatever the order of the steps.

A cycle settles like an urgent payment: it may use what is reserved for urgent ones, and waits
behind nothing in the queue.
"""

from __future__ import annotations

from collections.abc import Sequence

from paritas.core import queue
from paritas.core.admission import leg_is_sound
from paritas.core.lifecycle import LawBroken
from paritas.core.obligations import Cycle, CycleStatus, Obligation, ObligationStatus
from paritas.core.state import PRIORITIES, Account, Book, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.events import AnyEvent
from paritas.model.instructions import Position, Priority
from paritas.model.money import AMOUNT_MINOR_MAX
from paritas.model.reasons import Reason

Events = Sequence[AnyEvent]

_URGENT = int(Priority.URGENT)
_NO_CYCLE = (Reason.NARR, "There is no such cycle.")
_NOT_OPERATOR = (Reason.AG01, "Only the operator of the scheme runs its cycles.")


# --- opening, caps and obligations -------------------------------------------------------------


def open_cycle(state: State, command: c.OpenCycle) -> Events:
    """The operator opens a cycle; a name is taken while a cycle of that name runs."""
    if command.actor != c.OPERATOR:
        return refuse(*_NOT_OPERATOR)
    if not command.name or any(cycle.name == command.name for cycle in state.running_cycles()):
        return refuse(Reason.NARR, f"A cycle {command.name!r} is running, or the name is empty.")
    if not command.books or len(set(command.books)) != len(command.books):
        return refuse(Reason.AM03, "A cycle runs over one or more books, each named once.")
    if any(book not in state.books for book in command.books):
        return refuse(Reason.AM03, "There is no such book.")
    if command.cut_off_ns <= command.at_ns or command.top_up_ns < 0:
        return refuse(
            Reason.DT01, "A cycle is cut off after it opens, and its window is no less than 0."
        )
    return (e.CycleOpened(len(state.cycles) + 1),)


def set_debit_cap(state: State, command: c.SetDebitCap) -> Events:
    """Only the issuer sets caps on its book (law 9); what is in a cycle already stays."""
    account = state.accounts.get(command.account)
    if account is None:
        return refuse(Reason.AC01, "There is no such account.")
    if command.actor != account.book.issuer.number:
        return refuse(Reason.AG01, f"Only {account.book.issuer.bic}, its issuer, sets this cap.")
    if not -1 <= command.cap_minor <= AMOUNT_MINOR_MAX:
        return refuse(Reason.AM12, "A cap is a non-negative amount of at most 18 digits, or -1.")
    return (e.Recorded(),)


def record_debit_cap(state: State, command: c.SetDebitCap, number: int) -> None:
    """Keep the cap, or forget it."""
    if command.cap_minor < 0:
        state.debit_caps.pop(command.account, None)
    else:
        state.debit_caps[command.account] = command.cap_minor


def _speaks_for(state: State, actor: int, party: int) -> bool:
    return actor == party or actor in state.parties[party].senders


def submit_obligation(state: State, command: c.SubmitObligation) -> Events:
    """Take an obligation, to be confirmed by the other party; an exact repeat changes nothing."""
    cycle = state.cycles.get(command.cycle)
    if cycle is None:
        return refuse(*_NO_CYCLE)
    refusal = leg_is_sound(state, command.leg)
    if refusal is not None:
        return refuse(*refusal)
    debtor, creditor = state.accounts[command.leg.payer], state.accounts[command.leg.payee]
    if command.sender not in (debtor.party.number, creditor.party.number):
        return refuse(Reason.AGNT, "An obligation is submitted by its debtor or its creditor.")
    if not _speaks_for(state, command.actor, command.sender):
        return refuse(Reason.AG01, "Only the member itself, or its registered sender, submits it.")
    earlier = state.obligation_references.get((command.sender, command.reference))
    if earlier is not None:
        if _is_the_same(state.obligations[earlier], command):
            return ()
        return refuse(
            Reason.DU03, f"Reference {command.reference} was used before, with other content."
        )
    if not 0 <= command.priority < PRIORITIES:
        return refuse(Reason.FF01, f"Priority {command.priority} is none of 0, 1, 2.")
    if debtor.book not in cycle.books:
        return refuse(Reason.AM03, f"Cycle {cycle.name} does not run in {debtor.book.currency}.")
    return (
        _not_now(cycle, command.at_ns)
        or _not_allowed(state, cycle, debtor, creditor, command.leg.amount_minor)
        or (e.ObligationSubmitted(len(state.obligations) + 1),)
    )


def _is_the_same(earlier: Obligation, command: c.SubmitObligation) -> bool:
    leg = command.leg
    return (
        earlier.cycle,
        earlier.debtor.number,
        earlier.creditor.number,
        earlier.amount_minor,
        earlier.priority,
        earlier.content,
    ) == (command.cycle, leg.payer, leg.payee, leg.amount_minor, command.priority, command.content)


def _not_now(cycle: Cycle, at_ns: int) -> tuple[AnyEvent, ...]:
    if cycle.status != CycleStatus.OPEN or at_ns >= cycle.cut_off_ns:
        return refuse(Reason.TM01, f"Cycle {cycle.name} is past its cut-off.")
    return ()


def _not_allowed(
    state: State, cycle: Cycle, debtor: Account, creditor: Account, amount_minor: int
) -> tuple[AnyEvent, ...]:
    """Refuse what a suspended member is party to, and what would exceed the debtor's cap."""
    for account in (debtor, creditor):
        if account.suspended:
            return refuse(
                Reason.AG10, f"{account.party.bic} is suspended in {account.book.currency}."
            )
    cap_minor = state.debit_caps.get(debtor.number)
    owes_minor = amount_minor - cycle.positions.get(debtor, 0)
    if cap_minor is not None and owes_minor > cap_minor:
        return refuse(
            Reason.AM02,
            f"{debtor.party.bic} would owe more {debtor.book.currency} in {cycle.name} than its cap.",
        )
    return ()


def _unconfirmed(state: State, number: int) -> Obligation | tuple[AnyEvent, ...]:
    obligation = state.obligations.get(number)
    if obligation is None:
        return refuse(Reason.NARR, f"There is no obligation {number}.")
    if obligation.status != ObligationStatus.SUBMITTED:
        return refuse(
            Reason.NARR, f"Obligation {number} is {obligation.status.name.lower()} already."
        )
    return obligation


def confirm_obligation(state: State, command: c.ConfirmObligation) -> Events:
    """The other party confirms; the cap is looked at again, for others have come since."""
    obligation = _unconfirmed(state, command.number)
    if not isinstance(obligation, Obligation):
        return obligation
    debtor, creditor = obligation.debtor, obligation.creditor
    parties = {debtor.party.number, creditor.party.number}
    (other,) = parties - {obligation.sender}
    if not _speaks_for(state, command.actor, other):
        return refuse(Reason.AG01, "Only the other party confirms an obligation.")
    cycle = state.cycles[obligation.cycle]
    return (
        _not_now(cycle, command.at_ns)
        or _not_allowed(state, cycle, debtor, creditor, obligation.amount_minor)
        or (e.ObligationConfirmed(obligation.number),)
    )


def withdraw_obligation(state: State, command: c.WithdrawObligation) -> Events:
    """Its sender takes it back, or the other party denies it; confirmed, it is binding."""
    obligation = _unconfirmed(state, command.number)
    if not isinstance(obligation, Obligation):
        return obligation
    parties = (obligation.debtor.party.number, obligation.creditor.party.number)
    if not any(_speaks_for(state, command.actor, party) for party in parties):
        return refuse(Reason.AG01, f"Obligation {command.number} is between other members.")
    text = "Taken back or denied before it was confirmed."
    return (e.ObligationsEnded((obligation.number,), Reason.DS02, text),)


# --- from the cut-off to settlement ------------------------------------------------------------


def _operators_cycle(
    state: State, command: c.Command, number: int, *wanted: CycleStatus
) -> Cycle | tuple[AnyEvent, ...]:
    if command.actor != c.OPERATOR:
        return refuse(*_NOT_OPERATOR)
    cycle = state.cycles.get(number)
    if cycle is None:
        return refuse(*_NO_CYCLE)
    if cycle.status not in wanted:
        return refuse(Reason.NARR, f"Cycle {cycle.name} is {cycle.status.name.lower()}.")
    return cycle


def cut_off_cycle(state: State, command: c.CutOffCycle) -> Events:
    """Nothing new; what only one party has said falls out."""
    cycle = _operators_cycle(state, command, command.cycle, CycleStatus.OPEN)
    if not isinstance(cycle, Cycle):
        return cycle
    single = tuple(
        o.number for o in cycle.obligations.values() if o.status == ObligationStatus.SUBMITTED
    )
    text = f"Not confirmed by the other party before the cut-off of {cycle.name}."
    ended = (e.ObligationsEnded(single, Reason.TM01, text),) if single else ()
    return (e.CycleCutOff(cycle.number), *ended)


def propose_setoff(state: State, command: c.ProposeSetoff) -> Events:
    """Discharge the proposed parts if, exactly, they change nobody's position in any currency."""
    cycle = _operators_cycle(state, command, command.cycle, CycleStatus.CUT_OFF)
    if not isinstance(cycle, Cycle):
        return cycle
    net: dict[Account, int] = {}
    seen = set()
    for part in command.parts:
        obligation = cycle.obligations.get(part.number)
        if (
            obligation is None
            or obligation.status != ObligationStatus.CONFIRMED
            or not 0 < part.amount_minor <= obligation.left_minor
            or part.number in seen
        ):
            return refuse(Reason.NARR, f"Obligation {part.number} cannot be set off like this.")
        seen.add(part.number)
        net[obligation.debtor] = net.get(obligation.debtor, 0) - part.amount_minor
        net[obligation.creditor] = net.get(obligation.creditor, 0) + part.amount_minor
    if not seen or any(net.values()):
        return refuse(Reason.AM09, "The parts do not cancel out for every member and currency.")
    return (e.ObligationsSetOff(cycle.number),)


def calculate_cycle(state: State, command: c.CalculateCycle) -> Events:
    """State each position."""
    cycle = _operators_cycle(state, command, command.cycle, CycleStatus.CUT_OFF)
    if not isinstance(cycle, Cycle):
        return cycle
    return (e.CycleCalculated(cycle.number, _as_positions(cycle.positions)),)


def _as_positions(positions: dict[Account, int]) -> tuple[Position, ...]:
    found = ((account.number, net_minor) for account, net_minor in positions.items() if net_minor)
    return tuple(Position(*entry) for entry in sorted(found))


def settle_cycle(state: State, command: c.SettleCycle) -> Events:
    """Settle if all is covered; else begin the top-up window, or after it take out and settle."""
    wanted = (CycleStatus.CALCULATED, CycleStatus.TOPPING_UP)
    cycle = _operators_cycle(state, command, command.cycle, *wanted)
    if not isinstance(cycle, Cycle):
        return cycle
    for book in cycle.books:
        if not book.settles_date:
            return refuse(Reason.TM01, f"The {book.currency} book is closed.")
    trial = _Trial(cycle)
    stopped = trial.take_out_suspended()
    lacks = trial.lacks()
    until_ns = cycle.until_ns or min(
        command.at_ns + cycle.top_up_ns, *(book.closes_ns for book in cycle.books)
    )
    if lacks and command.at_ns < until_ns:
        if cycle.status == CycleStatus.TOPPING_UP:
            return refuse(Reason.AM04, f"Cycle {cycle.name} is short; its top-up window runs.")
        return (e.CycleShort(cycle.number, until_ns, _as_positions(lacks)),)
    short = trial.take_out_until_covered()
    positions = _as_positions(trial.positions)
    ended = [
        e.ObligationsEnded(numbers, reason, text)
        for numbers, reason, text in (
            (stopped, Reason.AG10, "A party to it is suspended."),
            (short, Reason.AM04, f"Taken out of {cycle.name}: the debtor was short."),
        )
        if numbers
    ]
    again = (e.CycleCalculated(cycle.number, positions),) if ended else ()
    return (*ended, *again, e.CycleSettled(cycle.number, positions))


def is_covered(cycle: Cycle) -> bool:
    """Say whether nobody would be short if the cycle settled now."""
    trial = _Trial(cycle)
    trial.take_out_suspended()
    return not trial.lacks()


class _Trial:
    """The cycle on paper: what would move on each account, and what may have to be taken out."""

    def __init__(self, cycle: Cycle) -> None:
        self.positions = dict(cycle.positions)
        #: What each account owes, the first to be taken out last in its list.
        self.owed: dict[Account, list[Obligation]] = {}
        self.all = cycle.confirmed()
        for obligation in sorted(self.all, key=lambda o: (o.priority, o.number)):
            self.owed.setdefault(obligation.debtor, []).append(obligation)
        self.gone: set[int] = set()

    def take_out_suspended(self) -> tuple[int, ...]:
        """Take out what a suspended account is party to, as far as it is not set off."""
        return tuple(
            self._take_out(obligation)
            for obligation in self.all
            if obligation.debtor.suspended or obligation.creditor.suspended
        )

    def _take_out(self, obligation: Obligation) -> int:
        self.gone.add(obligation.number)
        left_minor = obligation.left_minor
        for account, sign in ((obligation.debtor, 1), (obligation.creditor, -1)):
            self.positions[account] = self.positions.get(account, 0) + sign * left_minor
        return obligation.number

    def _lack(self, account: Account) -> int:
        """Return how much the account lacks (below zero), or 0; only what is to be paid counts."""
        net_minor = self.positions.get(account, 0)
        if net_minor >= 0:
            return 0
        return min(0, account.balance_minor + net_minor - account.floors[_URGENT])

    def lacks(self) -> dict[Account, int]:
        """Return what each short account lacks."""
        return {account: lack for account in self.positions if (lack := self._lack(account))}

    def take_out_until_covered(self) -> tuple[int, ...]:
        """Take out the least urgent, latest of what a short account owes until none is short."""
        taken = []
        short = sorted(self.lacks(), key=lambda account: account.number)
        while short:
            account = short.pop()
            while self._lack(account):
                obligation = self.owed[account].pop()
                if obligation.number not in self.gone:
                    taken.append(self._take_out(obligation))
                    short.append(obligation.creditor)
        return tuple(sorted(taken))


def lapse(state: State, book: Book) -> Events:
    """A book closes: the cycles that run over it and have not settled end with it."""
    found: list[AnyEvent] = []
    for cycle in state.running_cycles():
        if book in cycle.books:
            numbers = tuple(o.number for o in cycle.obligations.values() if _is_alive(o))
            text = f"Cycle {cycle.name} had not settled when the {book.currency} book closed."
            found += [e.ObligationsEnded(numbers, Reason.AB03, text)] if numbers else []
            found.append(e.CycleLapsed(cycle.number))
    return found


def _is_alive(obligation: Obligation) -> bool:
    return obligation.status in (ObligationStatus.SUBMITTED, ObligationStatus.CONFIRMED)


# --- how events change the state ---------------------------------------------------------------


def cycle_opened(state: State, command: c.OpenCycle, event: e.CycleOpened) -> None:
    """The cycle is there."""
    books = tuple(state.books[number] for number in command.books)
    state.cycles[event.number] = Cycle(
        event.number, command.name, books, command.cut_off_ns, command.top_up_ns
    )


def obligation_submitted(
    state: State, command: c.SubmitObligation, event: e.ObligationSubmitted
) -> None:
    """The obligation has its number; its reference is taken."""
    leg = command.leg
    obligation = Obligation(
        event.number,
        command.cycle,
        command.sender,
        command.reference,
        state.accounts[leg.payer],
        state.accounts[leg.payee],
        leg.amount_minor,
        command.priority,
        command.content,
    )
    state.obligations[event.number] = obligation
    state.obligation_references[command.sender, command.reference] = event.number
    state.cycles[command.cycle].obligations[event.number] = obligation


def obligation_confirmed(state: State, _: c.AnyCommand, event: e.ObligationConfirmed) -> None:
    """It counts."""
    obligation = state.obligations[event.number]
    obligation.move(e.ObligationConfirmed)
    state.cycles[obligation.cycle].count(obligation, 1)


def obligations_ended(state: State, _: c.AnyCommand, event: e.ObligationsEnded) -> None:
    """They count no longer."""
    for number in event.numbers:
        obligation = state.obligations[number]
        if obligation.status == ObligationStatus.CONFIRMED:
            state.cycles[obligation.cycle].count(obligation, -1)
        obligation.move(e.ObligationsEnded)
        obligation.reason, obligation.text = event.reason, event.text


def cycle_moved(
    state: State, _: c.AnyCommand, event: e.CycleCutOff | e.CycleCalculated | e.CycleLapsed
) -> None:
    """The cycle is a step further."""
    state.cycles[event.cycle].move(type(event))


def cycle_short(state: State, _: c.AnyCommand, event: e.CycleShort) -> None:
    """The top-up window runs."""
    cycle = state.cycles[event.cycle]
    cycle.move(e.CycleShort)
    cycle.until_ns = event.until_ns


def obligations_set_off(state: State, command: c.ProposeSetoff, event: e.ObligationsSetOff) -> None:
    """The parts are discharged; every position must be what it was."""
    cycle = state.cycles[event.cycle]
    cycle.move(e.ObligationsSetOff)
    before = dict(cycle.positions)
    for part in command.parts:
        obligation = cycle.obligations[part.number]
        cycle.count(obligation, -1)
        obligation.set_off_minor += part.amount_minor
        cycle.count(obligation, 1)
        if not obligation.left_minor:
            obligation.move(e.ObligationsSetOff)
    if cycle.positions != before:
        raise LawBroken(f"A set-off in cycle {cycle.number} changes net positions.")


def cycle_settled(state: State, _: c.AnyCommand, event: e.CycleSettled) -> None:
    """Every position moves, all books together; laws 1, 2 and 3 hold for the whole."""
    cycle = state.cycles[event.cycle]
    if event.positions != _as_positions(cycle.positions):
        raise LawBroken(f"Cycle {cycle.number} settles other positions than its own.")
    cycle.move(e.CycleSettled)
    for obligation in cycle.confirmed():
        obligation.move(e.CycleSettled)
    cycle.positions = {}
    for position in event.positions:
        account = state.accounts[position.account]
        account.balance_minor += position.net_minor
        if position.net_minor < 0:
            if account.balance_minor < account.floors[_URGENT]:
                raise LawBroken(f"Law 2: account {account.number} would fall below its floor.")
            account.use_reservation(_URGENT, -position.net_minor)
    for position in event.positions:
        queue.put_on_retry(state, state.accounts[position.account])
