"""Exact solution of the small linear systems that a basis of the relaxation leaves."""

from __future__ import annotations

from fractions import Fraction

Equation = tuple[dict[int, Fraction], Fraction]


def solve_exact(equations: list[Equation]) -> dict[int, Fraction] | None:
    """Solve sparse equations (coefficients by unknown, right side) exactly.

    The equation with the fewest unknowns goes first, so that the forests that one currency's
    bases are need no fill-in at all. Returns ``None`` where the system has no single solution.
    """
    rows = [(dict(left), right) for left, right in equations]
    using: dict[int, set[int]] = {}
    for number, (left, _) in enumerate(rows):
        for unknown in left:
            using.setdefault(unknown, set()).add(number)
    order: list[tuple[int, Equation]] = []
    open_rows = set(range(len(rows)))
    while open_rows:
        number = min(open_rows, key=lambda candidate: (len(rows[candidate][0]), candidate))
        open_rows.remove(number)
        left, right = rows[number]
        if not left:
            if right:
                return None
            continue
        pivot = min(left, key=lambda unknown: (len(using[unknown]), unknown))
        scale = left[pivot]
        left = {unknown: value / scale for unknown, value in left.items()}
        right /= scale
        order.append((pivot, (left, right)))
        for unknown in left:
            using[unknown].discard(number)
        for other in list(using[pivot]):
            rows[other] = _eliminate(rows[other], left, right, pivot, using, other)
    if len(order) != len(using):
        return None
    solution: dict[int, Fraction] = {}
    for pivot, (left, right) in reversed(order):
        solution[pivot] = right - sum(
            (value * solution[unknown] for unknown, value in left.items() if unknown != pivot),
            Fraction(0),
        )
    return solution


def _eliminate(
    row: Equation,
    pivot_left: dict[int, Fraction],
    pivot_right: Fraction,
    pivot: int,
    using: dict[int, set[int]],
    number: int,
) -> Equation:
    left, right = row
    factor = left[pivot]
    for unknown, value in pivot_left.items():
        rest = left.get(unknown, Fraction(0)) - factor * value
        if rest:
            left[unknown] = rest
            using[unknown].add(number)
        elif unknown in left:
            del left[unknown]
            using[unknown].discard(number)
    return left, right - factor * pivot_right
