"""The geometry of the report's charts; the template draws it as SVG.

Horizontal places are percentages and text has a fixed size, so a chart fits a phone and a desk
without being scaled. All of it is computed in integers; nothing here is money any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

#: A curve is drawn in a box of this many units each way and stretched by the browser.
BOX = 1_000
_TICKS_UP, _TICKS_ACROSS = 4, 5


class Part(msgspec.Struct, frozen=True, gc=False):
    """A piece of a bar: CSS class, start and width as percentages, and what it says when asked."""

    style: str
    start: str
    width: str
    text: str


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A horizontal bar with a label above it at the left and a figure at the right."""

    label: str
    figure: str
    parts: tuple[Part, ...]


class Tick(msgspec.Struct, frozen=True, gc=False):
    """A mark on an axis: its place as a percentage, and its text."""

    place: str
    text: str


class Curve(msgspec.Struct, frozen=True, gc=False):
    """One line of a chart: CSS class, name, and SVG paths of the line and the area under it."""

    style: str
    name: str
    line: str
    area: str


class LineChart(msgspec.Struct, frozen=True, gc=False):
    """Curves over the same moments, with their axes."""

    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def place(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` as a percentage that CSS and SVG take, such as ``"28.81%"``."""
    hundredths = 10_000 * part // whole if whole > 0 else 0
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def stacked_bar(
    label: str, figure: str, parts: Sequence[tuple[str, int, str]], longest: int
) -> Bar:
    """Return a bar whose parts (CSS class, size, text) follow each other, against ``longest``."""
    drawn, start = [], 0
    for style, size, text in parts:
        drawn.append(Part(style, place(start, longest), place(size, longest), text))
        start += size
    return Bar(label, figure, tuple(drawn))


def layered_bar(
    label: str, figure: str, parts: Sequence[tuple[str, int, str]], longest: int
) -> Bar:
    """Return a bar whose parts (CSS class, size, text) all start at the left, last on top."""
    drawn = (Part(style, "0%", place(size, longest), text) for style, size, text in parts)
    return Bar(label, figure, tuple(drawn))


def line_chart(
    moments: Sequence[str],
    curves: Sequence[tuple[str, str, Sequence[int]]],
    say: Callable[[int], str],
) -> LineChart:
    """Return a chart of curves (CSS class, name, one value per moment); ``say`` writes a value.

    ``moments`` are the times (HH:MM) of evenly spaced points; some of them become ticks.
    """
    highest = max((value for _, _, values in curves for value in values), default=0)
    step = _round_step(-(-max(highest, 1) // _TICKS_UP))
    top = step * -(-max(highest, 1) // step)
    drawn = []
    for style, name, values in curves:
        points = _points(values, top)
        line = "M" + "L".join(points) if points else ""
        area = f"{line}L{BOX},{BOX}L0,{BOX}Z" if points else ""
        drawn.append(Curve(style, name, line, area))
    up = tuple(Tick(place(top - value, top), say(value)) for value in range(0, top + 1, step))
    return LineChart(tuple(drawn), _across(moments), up)


def _points(values: Sequence[int], top: int) -> list[str]:
    last = max(len(values) - 1, 1)
    return [
        f"{BOX * index // last},{BOX - BOX * value // top}" for index, value in enumerate(values)
    ]


def _across(moments: Sequence[str]) -> tuple[Tick, ...]:
    """Choose ticks at whole hours, as many as fit on a phone; evenly where there are no hours."""
    last = max(len(moments) - 1, 1)
    chosen: Sequence[int] = range(0, len(moments), max(1, -(-len(moments) // _TICKS_ACROSS)))
    for hours in (1, 2, 3, 4, 6, 12):
        whole = [
            index
            for index, moment in enumerate(moments)
            if moment.endswith(":00") and int(moment[:2]) % hours == 0
        ]
        if 2 <= len(whole) <= _TICKS_ACROSS:
            chosen = whole
            break
    return tuple(Tick(place(index, last), moments[index]) for index in chosen)


def _round_step(least: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, ... that is at least ``least``."""
    power: int = 10 ** (len(str(least)) - 1)
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
