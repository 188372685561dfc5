"""The geometry of a ring: members on a circle, what they pay each other as bowed arrows.

Drawn in a box of fixed units that the browser scales. Places are rounded to tenths of a unit;
nothing here is money any more.
"""

from __future__ import annotations

from math import cos, hypot, pi, sin, sqrt

import msgspec

from paritas.model.money import format_amount
from paritas.node.report_data import Ring, RingFlow

WIDTH, HEIGHT = 360, 300
_RADIUS = 100.0
_NODE = 9.0
#: Colours of the style sheet; a ring of more currencies uses them again.
_COLOURS = 6
_WIDEST, _THINNEST = 5.0, 1.4
_ARROW = 8.0


class Node(msgspec.Struct, frozen=True, gc=False):
    """A member: its place, and where its label stands."""

    x: str
    y: str
    label_x: str
    label_y: str
    anchor: str
    label: str
    text: str


class Arrow(msgspec.Struct, frozen=True, gc=False):
    """A flow: SVG paths of line and head, CSS class of its currency, and what it says when asked."""

    line: str
    head: str
    width: str
    style: str
    text: str


class RingChart(msgspec.Struct, frozen=True, gc=False):
    """One ring, drawn, with its key: (CSS class, currency)."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    key: tuple[tuple[str, str], ...]


def ring_chart(ring: Ring, names: dict[str, str]) -> RingChart:
    """Return the drawing of a ring; ``names`` are the members' by BIC."""
    places = {bic: _place(i, len(ring.members)) for i, bic in enumerate(ring.members)}
    styles = {currency: f"cur-{i % _COLOURS}" for i, currency in enumerate(ring.currencies)}
    largest = max((flow.value_minor for flow in ring.flows), default=0)
    seen: dict[tuple[str, str], int] = {}
    arrows = []
    for flow in ring.flows:
        pair = flow.payer, flow.payee
        seen[pair] = seen.get(pair, 0) + 1
        ends = places[flow.payer], places[flow.payee]
        width = _width(flow.value_minor, largest)
        line, head = _bow(*ends, 0.10 + 0.14 * seen[pair], width)
        text = _says(flow, names)
        arrows.append(Arrow(line, head, f"{width:.1f}", styles[flow.currency], text))
    nodes = tuple(_node(bic, places[bic], names) for bic in ring.members)
    return RingChart(nodes, tuple(arrows), tuple((style, cur) for cur, style in styles.items()))


def _place(index: int, of: int) -> tuple[float, float]:
    angle = 2 * pi * index / of - pi / 2
    # Two stand side by side.
    angle += pi / 2 if of == 2 else 0
    return WIDTH / 2 + _RADIUS * cos(angle), HEIGHT / 2 + _RADIUS * sin(angle)


def _node(bic: str, place: tuple[float, float], names: dict[str, str]) -> Node:
    x, y = place
    out_x, out_y = (x - WIDTH / 2) / _RADIUS, (y - HEIGHT / 2) / _RADIUS
    anchor = "middle" if abs(out_x) < 0.3 else ("start" if out_x > 0 else "end")
    label = f"{bic[:4]} {bic[4:6]}"
    text = f"{names.get(bic, bic)} ({bic})"
    label_x, label_y = x + 15 * out_x, y + 19 * out_y + 4
    return Node(f"{x:.1f}", f"{y:.1f}", f"{label_x:.1f}", f"{label_y:.1f}", anchor, label, text)


def _width(value: int, largest: int) -> float:
    """Return the stroke's width: by the square root, so that small flows stay visible."""
    return _THINNEST + (_WIDEST - _THINNEST) * sqrt(value / largest) if largest else _THINNEST


def _bow(
    start: tuple[float, float], end: tuple[float, float], bend: float, width: float
) -> tuple[str, str]:
    """Return an arrow that bows to its left, so that the way back bows to the other side."""
    (x1, y1), (x2, y2) = start, end
    dx, dy = x2 - x1, y2 - y1
    mid_x, mid_y = (x1 + x2) / 2 + bend * dy, (y1 + y2) / 2 - bend * dx
    from_x, from_y = _towards(start, (mid_x, mid_y), _NODE + 1)
    tip_x, tip_y = _towards(end, (mid_x, mid_y), _NODE + 1)
    size = _ARROW + width
    base_x, base_y = _towards((tip_x, tip_y), (mid_x, mid_y), size)
    side_x, side_y = (tip_y - base_y) * 0.42, (base_x - tip_x) * 0.42
    line = f"M{from_x:.1f},{from_y:.1f}Q{mid_x:.1f},{mid_y:.1f} {base_x:.1f},{base_y:.1f}"
    head = (
        f"M{tip_x:.1f},{tip_y:.1f}L{base_x + side_x:.1f},{base_y + side_y:.1f}"
        f"L{base_x - side_x:.1f},{base_y - side_y:.1f}Z"
    )
    return line, head


def _towards(
    start: tuple[float, float], target: tuple[float, float], distance: float
) -> tuple[float, float]:
    dx, dy = target[0] - start[0], target[1] - start[1]
    length = hypot(dx, dy) or 1.0
    return start[0] + dx * distance / length, start[1] + dy * distance / length


def _says(flow: RingFlow, names: dict[str, str]) -> str:
    amount = format_amount(flow.own_minor, flow.currency)
    payer, payee = (names.get(bic, bic) for bic in (flow.payer, flow.payee))
    return f"{payer} pays {payee} {flow.currency} {amount}"
