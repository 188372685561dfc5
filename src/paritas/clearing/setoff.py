"""Set-off of divisible obligations: the largest total cleared with every net position unchanged.

The problem is a maximum-weight circulation per currency (Fleischman and Dini, "Mathematical
foundations for balancing the payment system in the trade credit market", 2021). The optimum is
exact; integer potentials prove it. One more obligation enters a standing solution by a few
augmenting paths (:meth:`Setoff.add`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from paritas.clearing.circulation import TooLargeError, largest_circulation, potentials
from paritas.clearing.obligations import Obligation, check_obligations
from paritas.clearing.residual import Residual

_Node = tuple[str, str]
_NONE = np.zeros(0, dtype=np.int64)


class Setoff:
    """A standing optimal set-off: obligations, what of each is cleared, and the potentials."""

    def __init__(self) -> None:
        """Start with no obligations."""
        self.obligations: list[Obligation] = []
        self._nodes: dict[_Node, int] = {}
        self._residual = Residual(_NONE, _NONE, _NONE, _NONE, _NONE)

    @classmethod
    def solve(cls, obligations: list[Obligation], *, own_process: bool = False) -> Setoff:
        """Set off many obligations at once.

        :param own_process: see :func:`~paritas.clearing.circulation.largest_circulation`.
        :raises ClearingError: when there are none, or one is not one.
        """
        check_obligations(obligations)
        setoff = cls()
        try:
            setoff._solve(obligations, own_process)
        except TooLargeError:
            # Sums that 64 bits do not hold: one by one, where no sums are formed.
            setoff = cls()
            for obligation in obligations:
                setoff.add(obligation)
        return setoff

    def _solve(self, obligations: list[Obligation], own_process: bool) -> None:
        self.obligations = list(obligations)
        nodes = self._nodes
        debtors = [(o.debtor, o.currency) for o in obligations]
        creditors = [(o.creditor, o.currency) for o in obligations]
        nodes.update(zip(dict.fromkeys(debtors + creditors), itertools.count(), strict=False))
        tail, head = (
            np.fromiter(map(nodes.__getitem__, ends), np.int64, len(ends))
            for ends in (debtors, creditors)
        )
        amount = np.array([o.amount for o in obligations], dtype=np.int64)
        flow = largest_circulation(len(nodes), tail, head, amount, own_process=own_process)
        potential = potentials(len(nodes), tail, head, amount, flow)
        self._residual = Residual(tail, head, amount, flow, potential)

    def add(self, obligation: Obligation) -> int:
        """Add one obligation and make the set-off optimal again.

        :returns: by how many minor units the cleared total has grown.
        """
        ends = []
        for member in (obligation.debtor, obligation.creditor):
            node = self._nodes.setdefault((member, obligation.currency), len(self._nodes))
            if node == self._residual.potential.size:
                self._residual.potential.append(0)
            ends.append(node)
        self.obligations.append(obligation)
        return self._residual.add(ends[0], ends[1], obligation.amount)

    @property
    def cleared(self) -> list[int]:
        """Return the minor units cleared, per obligation."""
        return self._residual.flow.values.tolist()  # type: ignore[no-any-return]

    @property
    def cleared_total(self) -> dict[str, int]:
        """Return the sum cleared per currency, in minor units."""
        return total_by_currency(self.obligations, self.cleared)

    def result(self) -> dict[str, Any]:
        """Return the RESULT of DESIGN section 6, with the potentials as certificate."""
        potential = self._residual.potential.values.tolist()
        return {
            "cleared": cleared_entries(self.obligations, self.cleared),
            "cleared_total": self.cleared_total,
            "gross_total": total_by_currency(
                self.obligations, (o.amount for o in self.obligations)
            ),
            "certificate": {
                "potentials": [
                    {"member": member, "currency": currency, "potential": value}
                    for (member, currency), value in zip(self._nodes, potential, strict=True)
                ]
            },
        }


def total_by_currency(obligations: list[Obligation], amounts: Iterable[int]) -> dict[str, int]:
    """Sum amounts, one per obligation, by the obligations' currencies."""
    currencies = [obligation.currency for obligation in obligations]
    total = dict.fromkeys(currencies, 0)
    for currency, amount in zip(currencies, amounts, strict=True):
        total[currency] += amount
    return total


def cleared_entries(obligations: list[Obligation], cleared: list[int]) -> list[dict[str, Any]]:
    """Return the result's list: each obligation by its id, else by its row counted from 1."""
    return [
        {"row": row, "amount": amount}
        if obligation.id is None
        else {"id": obligation.id, "amount": amount}
        for row, (obligation, amount) in enumerate(zip(obligations, cleared, strict=True), 1)
    ]
