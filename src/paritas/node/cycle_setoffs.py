"""Set-off within a cycle that is cut off: what can be discharged with nobody's position changed.

The obligations stand still after the cut-off, so the problem is a function of the state in which
the proposal is decided, and anyone who replays the journal can draw it up and check the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from paritas.clearing.obligations import Obligation
from paritas.core.obligations import Cycle
from paritas.model import commands as c
from paritas.model.events import AnyEvent
from paritas.model.instructions import Part
from paritas.node.solver import Answer, SetoffTask, Solver, SolverLost


def obligations_of(cycle: Cycle) -> list[Obligation]:
    """Return what may be set off: what counts in the cycle, by BIC, each under its number."""
    return [
        Obligation(
            each.debtor.party.bic,
            each.creditor.party.bic,
            each.debtor.book.currency,
            each.left_minor,
            each.number,
        )
        for each in cycle.confirmed()
    ]


def setoff_task(cycle: Cycle) -> SetoffTask | None:
    """Return what the solver is asked, None where fewer than two obligations count."""
    obligations = obligations_of(cycle)
    return SetoffTask(obligations) if len(obligations) > 1 else None


def setoff_proposal(cycle: Cycle, at_ns: int, answer: Answer) -> c.ProposeSetoff | None:
    """Return the command that proposes what the solver found; None if nothing can be set off."""
    if not answer.cleared:
        return None
    parts = tuple(Part(number, amount_minor) for number, amount_minor in answer.cleared)
    return c.ProposeSetoff(at_ns, c.OPERATOR, b"", cycle.number, parts, answer.proof)


class VirtualSetoffs:
    """Sets cycles off on virtual time; a run that goes on takes what its journal holds instead."""

    def __init__(
        self,
        solver: Solver,
        decide: Callable[[c.AnyCommand], Sequence[AnyEvent]],
        recorded: Callable[[], c.AnyCommand | None],
    ) -> None:
        self._solver = solver
        self._decide = decide
        self._recorded = recorded

    def set_off(self, cycle: Cycle, now_ns: int) -> None:
        """Have a cycle that was just cut off set off, if anything of it can be."""
        task, recorded = setoff_task(cycle), self._recorded()
        if task is None:
            return
        if recorded is not None:
            if isinstance(recorded, c.ProposeSetoff):
                self._decide(recorded)
            return
        try:
            self._solver.begin(task)
            proposal = setoff_proposal(cycle, now_ns, self._solver.answer())
        except SolverLost:
            return
        if proposal is not None:
            self._decide(proposal)
