"""What a journal proves about its clearings: each problem drawn up again, each certificate checked.

A journal holds, for each clearing, the moment at which the solver was given the queue and the
proposal with its proof. The problem is a function of the state of that moment, the balances follow
from the set; so problem and result can be written out in full, in the form that ``paritas verify``
takes, and are checked here by the very same checker.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from paritas.clearing.obligations import Obligation
from paritas.clearing.problem import Problem, check_problem
from paritas.clearing.result import clearing_result
from paritas.clearing.verify import InvalidResultError, verify_clearing
from paritas.clearing.verify_setoff import verify_setoff
from paritas.core.obligations import Cycle
from paritas.core.state import State
from paritas.model import commands as c
from paritas.model.events import AnyEvent, ObligationsSetOff, Recorded, SetSettled
from paritas.model.instructions import Scope
from paritas.node.cycle_setoffs import obligations_of
from paritas.node.queue_problem import problem_of
from paritas.node.solver import unpack_proof


class Evidence:
    """Follows a replay and checks every clearing in it; ``see`` is told each record beforehand."""

    def __init__(self, directory: Path | None = None) -> None:
        """With a ``directory``, each problem and result is also written there."""
        self._directory = directory
        self._open: dict[int, tuple[int, Problem | None]] = {}
        self.checked = 0
        self.breaches: list[str] = []

    def see(self, state: State, command: c.AnyCommand, events: Sequence[AnyEvent]) -> None:
        """Take note of a record; ``state`` is the one that its command was decided in."""
        if isinstance(command, c.BeginClearing) and isinstance(events[0], Recorded):
            problem = problem_of(state, command.scope)
            self._open[events[0].number] = command.scope, problem
        elif isinstance(command, c.ProposeSettlement) and command.clearing in self._open:
            scope, problem = self._open.pop(command.clearing)
            # A solver that was lost has proposed nothing and proved nothing.
            if problem is not None and command.certificate:
                self._check(command, scope, problem, events)

        elif isinstance(command, c.ProposeSetoff) and command.certificate:
            cycle = state.cycles.get(command.cycle)
            if cycle is not None and isinstance(events[0], ObligationsSetOff):
                self._check_setoff(command, cycle)

    def _check_setoff(self, command: c.ProposeSetoff, cycle: Cycle) -> None:
        name = f"setoff-{command.cycle:06d}"
        obligations = obligations_of(cycle)
        try:
            result = setoff_result(obligations, command)
            if self._directory is not None:
                _write(self._directory, name, obligations, result)
            verify_setoff(obligations, result)
        except (ValueError, InvalidResultError, LookupError, TypeError) as error:
            self.breaches.append(f"{name}: its certificate does not hold: {error}")
        self.checked += 1

    def _check(
        self, command: c.ProposeSettlement, scope: int, problem: Problem, events: Sequence[AnyEvent]
    ) -> None:
        name = f"clearing-{command.clearing:06d}-{Scope(scope).name.lower()}"
        settled = tuple(n for e in events if isinstance(e, SetSettled) for n in e.numbers)
        try:
            result = result_of(problem, command)
            if self._directory is not None:
                _write(self._directory, name, problem, result)
            check_problem(problem)
            verify_clearing(problem, result)
        except (ValueError, InvalidResultError, LookupError, TypeError) as error:
            self.breaches.append(f"{name}: its certificate does not hold: {error}")
        self.checked += 1
        proposed = set(command.numbers)
        if not proposed.issuperset(settled):
            self.breaches.append(f"{name}: settled what was not proposed.")


def result_of(problem: Problem, command: c.ProposeSettlement) -> bytes:
    """Return the RESULT of a proposal as JSON; raises ValueError where its proof is none."""
    proof = unpack_proof(command.certificate)
    positions = {item.id: index for index, item in enumerate(problem.instructions)}
    chosen = [positions[number] for number in command.numbers]
    result: dict[str, Any] = clearing_result(
        problem, proof["rule"], chosen, Fraction(0), Fraction(0), proof["certificate"]
    )
    # What is claimed stands as it was claimed; the checker recomputes it.
    result |= {name: proof[name] for name in ("value", "upper_bound", "gap")}
    return json.dumps(result, separators=(",", ":")).encode()


def setoff_result(obligations: list[Obligation], command: c.ProposeSetoff) -> bytes:
    """Return the RESULT of a set-off as JSON; raises ValueError where its proof is none."""
    proof = unpack_proof(command.certificate)
    amounts = {part.number: part.amount_minor for part in command.parts}
    cleared = [{"id": each.id, "amount": amounts.get(each.id, 0)} for each in obligations]  # type: ignore[arg-type]
    names = ("cleared_total", "gross_total", "certificate")
    result = {"cleared": cleared, **{name: proof[name] for name in names}}
    return json.dumps(result, separators=(",", ":")).encode()


def _write(directory: Path, name: str, problem: object, result: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.problem.json").write_bytes(msgspec.json.encode(problem))
    (directory / f"{name}.result.json").write_bytes(result)
