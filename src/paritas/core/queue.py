"""The queue: who may go before whom, and what a change sets free.

At each account the due instructions stand in three lines, one for each priority. A strict line is
served in order, and while anything stands in it, all that is less urgent at that account waits
too. Elsewhere a funded instruction may overtake (bypass FIFO).

Whenever funds, limits, order or windows change at an account, the account is put on ``retry``.
``release`` then takes the accounts in that order and goes through each one's lines once, from
the most urgent to the least; every settlement puts the accounts it touched on ``retry`` again.
So each credit tries what waits for it, in an order that replay and the reference model share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from paritas.core.state import PRIORITIES, Account, State, Waiting
from paritas.model.events import AnyEvent, QueuedSettled


def is_held_back(state: State, account: Account, priority: int) -> bool:
    """Say whether a newcomer of ``priority`` must wait behind what stands at ``account``."""
    return any(account.lines[p] and state.strict(p) for p in range(priority + 1))


def in_turn(state: State, account: Account, waiting: Waiting) -> bool:
    """Say whether no strict line at ``account`` holds ``waiting`` back."""
    priority = waiting.priority
    for more_urgent in range(priority):
        if account.lines[more_urgent] and state.strict(more_urgent):
            return False
    if not state.strict(priority):
        return True
    return account.lines[priority][0][1] == waiting.number


def can_settle(state: State, waiting: Waiting) -> bool:
    """Say whether a due instruction is funded at every account that loses, and in turn there."""
    priority = waiting.priority
    for account, amount_minor in waiting.outflows:
        if account.balance_minor - amount_minor < account.floors[priority]:
            return False
        if not in_turn(state, account, waiting):
            return False
    return True


def put_on_retry(state: State, account: Account) -> None:
    """Remember that something waiting at ``account`` may now settle."""
    if account.waiting and not account.in_retry:
        account.in_retry = True
        state.retry.append(account)


def enter(state: State, waiting: Waiting) -> None:
    """Put an instruction into the lines of the accounts it would debit, if it is due."""
    waiting.due = waiting.is_due()
    if waiting.due:
        for account, amount_minor in waiting.outflows:
            account.enter_line(waiting, amount_minor)


def leave(state: State, waiting: Waiting) -> None:
    """Take an instruction out of its lines, which may set others free."""
    if waiting.due:
        waiting.due = False
        for account, _ in waiting.outflows:
            account.leave_line(waiting)
            put_on_retry(state, account)


def retry(state: State, waiting: Waiting) -> None:
    """Put every account that an instruction would debit on retry."""
    for account, _ in waiting.outflows:
        put_on_retry(state, account)


def refresh(state: State, waiting: Waiting) -> None:
    """Follow a change of windows or membership: the instruction is due now, or no longer."""
    if waiting.due != waiting.is_due():
        if waiting.due:
            leave(state, waiting)
        else:
            enter(state, waiting)
            retry(state, waiting)


def await_partner(state: State, waiting: Waiting) -> None:
    """Let the mirrored side of a trade find this one."""
    assert waiting.trade_key is not None
    state.unmatched.setdefault(waiting.trade_key, []).append(waiting.number)


def stop_awaiting_partner(state: State, waiting: Waiting) -> None:
    """One side of a trade is matched, or ends without a partner."""
    assert waiting.trade_key is not None
    alike = state.unmatched[waiting.trade_key]
    alike.remove(waiting.number)
    if not alike:
        del state.unmatched[waiting.trade_key]
    waiting.trade_key = None


def remove(state: State, waiting: Waiting) -> None:
    """Take an instruction out of the queue for good, whatever became of it."""
    del state.queue[waiting.number]
    if waiting.trade_key is not None:
        stop_awaiting_partner(state, waiting)
    leave(state, waiting)


def release(state: State, apply: Callable[[AnyEvent], None]) -> Sequence[AnyEvent]:
    """Settle all that the accounts on retry let settle; ``apply`` evolves each event at once."""
    settled: list[AnyEvent] = []
    while state.retry:
        account = state.retry.popleft()
        account.in_retry = False
        if all(
            _pass_line(state, account, priority, apply, settled) for priority in range(PRIORITIES)
        ):
            needs = (entry[2] for line in account.lines for entry in line)
            account.least_minor = min(needs, default=0)
    return settled


def _pass_line(
    state: State,
    account: Account,
    priority: int,
    apply: Callable[[AnyEvent], None],
    settled: list[AnyEvent],
) -> bool:
    """Try each instruction of a line once, in order; return False where nothing after it can settle.

    That is when a strict line is left with something in it, or when the account has less than
    anything that waits at it needs.
    """
    strict = state.strict(priority)
    line = account.lines[priority]
    position = 0
    while position < len(line):
        if account.balance_minor - account.floors[0] < account.least_minor:
            return False
        _, number, needs_minor = line[position]
        funded = account.balance_minor - needs_minor >= account.floors[priority]
        if funded and can_settle(state, state.queue[number]):
            event = QueuedSettled(number)
            # It leaves the line, so that the next one stands at its position.
            apply(event)
            settled.append(event)
        elif strict:
            return False
        else:
            position += 1
    return True
