"""The fifo rule: the unique largest set that keeps every payer account's queue order.

Drop, again and again, the last instruction of a short payer account, and with each dropped one
every later one in the queues of its payers; what remains is the set (DESIGN section 6). Each
instruction leaves each queue once, so after one sort the time is linear in the legs.
"""

from __future__ import annotations

from collections import deque

from paritas.clearing.problem import Problem, settlement_order


class _Queues:
    """Accounts as numbers; Python integers throughout, so that no amount overflows."""

    def __init__(self, problem: Problem) -> None:
        numbers = {(a.member, a.currency): n for n, a in enumerate(problem.accounts)}
        #: Balance above the floor if all that is not dropped settles.
        self.room = [account.balance - account.floor for account in problem.accounts]
        self.queues: list[list[int]] = [[] for _ in self.room]
        #: Per instruction: (account, net outflow), and its place in each payer account's queue.
        self.flows: list[list[tuple[int, int]]] = []
        self.places: list[dict[int, int]] = []
        for instruction in problem.instructions:
            flow: list[tuple[int, int]] = []
            for leg in instruction.legs:
                for member, amount in ((leg.payer, leg.amount), (leg.payee, -leg.amount)):
                    number = numbers.setdefault((member, leg.currency), len(self.room))
                    if number == len(self.room):
                        self.room.append(0)
                        self.queues.append([])
                    self.room[number] -= amount
                    flow.append((number, amount))
            self.flows.append(flow)
            self.places.append({number: 0 for number, amount in flow if amount > 0})
        for index in settlement_order(problem):
            for number in self.places[index]:
                self.places[index][number] = len(self.queues[number])
                self.queues[number].append(index)
        self.gone = [False] * len(self.flows)


def fifo_dropped(problem: Problem) -> list[int]:
    """Return the positions of the dropped instructions in the order of dropping."""
    state = _Queues(problem)
    dropped: list[int] = []
    short = deque(number for number, left in enumerate(state.room) if left < 0)
    while short:
        number = short.popleft()
        while state.room[number] < 0:
            pending = [state.queues[number].pop()]
            state.gone[pending[0]] = True
            while pending:
                index = pending.pop()
                dropped.append(index)
                pending += _behind(state, index)
                for account, amount in state.flows[index]:
                    state.room[account] += amount
                    if amount < 0 and state.room[account] < 0:
                        short.append(account)
    return dropped


def _behind(state: _Queues, index: int) -> list[int]:
    """Take what stands behind a dropped instruction out of its payers' queues."""
    found: list[int] = []
    for number, place in state.places[index].items():
        queue = state.queues[number]
        while len(queue) > place:
            later = queue.pop()
            if not state.gone[later]:
                state.gone[later] = True
                found.append(later)
    return found
