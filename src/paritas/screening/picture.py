"""The curve of recall and false alarms, as SVG that stands for itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import log

import msgspec

_WIDTH, _HEIGHT = 720, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 56, 60
#: False alarms shown, in per cent, on a logarithmic axis.
_LEAST, _MOST = 0.01, 5.0
_ACROSS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_COLOURS = ("#0b6e99", "#b5541c")


class Point(msgspec.Struct, frozen=True):
    """Shares from 0 to 1 at a threshold."""

    false_alarms: float
    recall: float
    threshold: int


class Curve(msgspec.Struct, frozen=True):
    """Points of one measurement, by threshold."""

    name: str
    points: tuple[Point, ...]


def _x(share: float) -> float:
    per_cent = min(max(share * 100, _LEAST), _MOST)
    part = log(per_cent / _LEAST) / log(_MOST / _LEAST)
    return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)


def draw(curves: Sequence[Curve], threshold: int) -> str:
    """Return the SVG; the ``threshold`` in use is marked on every curve."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="13" fill="#222">',
            "<title>Recall and false alarms of screening</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
            f'<text x="{_LEFT}" y="24" font-size="16">Found, against honest names stopped</text>',
            *_axes(),
            *(part for i, curve in enumerate(curves) for part in _curve(i, curve, threshold)),
            "</svg>",
            "",
        )
    )


def _axes() -> Iterator[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for tenths in range(0, 11, 2):
        y = _y(tenths / 10)
        yield f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenths * 10}%</text>'
    for per_cent in _ACROSS:
        x = _x(per_cent / 100)
        dashes = ' stroke-dasharray="4 3" stroke-width="2"' if per_cent == 0.5 else ""
        colour = "#888" if per_cent == 0.5 else "#eee"
        yield (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}" stroke="{colour}"{dashes}/>'
        )
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{per_cent:g}%</text>'
    yield (
        f'<text x="{(_LEFT + right) / 2}" y="{bottom + 42}" text-anchor="middle">'
        "ordinary names that raise an alarm (dashed: the limit)</text>"
    )


def _curve(number: int, curve: Curve, threshold: int) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    line = " ".join(f"{_x(p.false_alarms):.1f},{_y(p.recall):.1f}" for p in curve.points)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    for point in curve.points:
        if point.threshold % 10 and point.threshold != threshold:
            continue
        chosen = point.threshold == threshold
        x, y = _x(point.false_alarms), _y(point.recall)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if chosen else 3.5}" fill="{colour}"/>'
        weight = ' font-weight="bold"' if chosen else ""
        yield (
            f'<text x="{x + 7:.1f}" y="{y + 16:.1f}" fill="{colour}"{weight}>'
            f"{point.threshold}</text>"
        )
    x = _LEFT + 320 * number
    yield f'<text x="{x}" y="{44}" fill="{colour}">&#9632; {escape(curve.name)}</text>'
