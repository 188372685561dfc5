"""What can still flow in a standing circulation, and the cheapest way through it.

Costs are those at the present potentials, never negative; most steps cost nothing. The search
runs from both ends at once, a whole level of nodes at a time in numpy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_FAR = np.iinfo(np.int64).max // 4
_GROWTH_FIRST = 64
#: How many paths one search yields at most.
_PATHS_MAX = 100
#: So many edges may be added before the index of edges by node is built anew.
_LOOSE_MAX = 5_000


class Column:
    """An int64 array that grows at its end."""

    def __init__(self, values: Ints) -> None:
        self._store = values.astype(np.int64)
        self.size = len(values)

    @property
    def values(self) -> Ints:
        """Return the filled part; writing to it writes to the column."""
        return self._store[: self.size]

    def append(self, value: int) -> None:
        """Add one value."""
        if self.size == len(self._store):
            room = np.zeros(max(_GROWTH_FIRST, self.size), dtype=np.int64)
            self._store = np.concatenate([self._store, room])
        self._store[self.size] = value
        self.size += 1


class _Index:
    """Edges by one of their ends."""

    def __init__(self, nodes: int, end: Ints) -> None:
        self.order = np.argsort(end, kind="stable")
        self.start = np.zeros(nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(end, minlength=nodes), out=self.start[1:])
        #: Edges added since, by node.
        self.loose: dict[int, list[int]] = {}

    def degree(self, nodes: Ints) -> int:
        nodes = nodes[nodes < len(self.start) - 1]
        return int((self.start[nodes + 1] - self.start[nodes]).sum())

    def edges(self, nodes: Ints) -> Ints:
        loose: list[int] = []
        if self.loose:
            for node in nodes.tolist():
                loose += self.loose.get(node, ())
        nodes = nodes[nodes < len(self.start) - 1]
        counts = self.start[nodes + 1] - self.start[nodes]
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        where = np.arange(total) + np.repeat(self.start[nodes] - ends + counts, counts)
        return np.concatenate([self.order[where], np.array(loose, dtype=np.int64)])


@dataclass
class _Side:
    """One end's search: nearest known distance per node, and by which edge it was reached."""

    is_forward: bool
    distance: Ints
    edge: Ints
    #: The most that can flow between the node and the search's end on the way found.
    width: Ints
    buckets: dict[int, list[Ints]]

    @property
    def radius(self) -> int:
        return min(self.buckets, default=_FAR)


class Residual:
    """A circulation with its potentials, and the edges by node."""

    def __init__(self, tail: Ints, head: Ints, amount: Ints, flow: Ints, potential: Ints) -> None:
        """Take edges with their flow, and potentials that prove it optimal."""
        self.tail, self.head = Column(tail), Column(head)
        self.amount, self.flow = Column(amount), Column(flow)
        self.potential = Column(potential)
        self._out: _Index | None = None
        self._in: _Index | None = None

    def link(self) -> tuple[_Index, _Index]:
        """Return the edges by tail and by head; made when first needed."""
        if self._out is None or self._in is None or len(self._out.loose) > _LOOSE_MAX:
            self._out = _Index(self.potential.size, self.tail.values)
            self._in = _Index(self.potential.size, self.head.values)
        return self._out, self._in

    def add(self, tail: int, head: int, amount: int) -> int:
        """Add an edge, send along it what gains, and return by how much the total flow grew."""
        out, into = self.link()
        edge, sent, gained = self.tail.size, 0, 0
        potential = self.potential.values
        while sent < amount and (gain := int(1 + potential[head] - potential[tail])) > 0:
            sides, meetings = self._approach(head, tail, gain)
            gain = int(1 + potential[head] - potential[tail])
            for meeting in meetings.tolist():
                step = self._send(*self._path(sides, meeting), amount - sent)
                sent += step
                gained += gain * step
        self.tail.append(tail)
        self.head.append(head)
        self.amount.append(amount)
        self.flow.append(sent)
        out.loose.setdefault(tail, []).append(edge)
        into.loose.setdefault(head, []).append(edge)
        return gained

    def _send(self, edges: Ints, directions: Ints, most: int) -> int:
        flow, amount = self.flow.values, self.amount.values
        left = np.where(directions > 0, amount[edges] - flow[edges], flow[edges])
        step = min(most, int(left.min(initial=most)))
        flow[edges] += directions * step
        return step

    def _approach(self, start: int, goal: int, limit: int) -> tuple[list[_Side], Ints]:
        """Make the cheapest paths from start to goal cost nothing, by moving potentials.

        Returns the two searches and the nodes where they met on such paths, widest path first;
        none when the cheapest costs ``limit`` or more: then the potentials moved by ``limit``.
        """
        sides = [self._side(start, True), self._side(goal, False)]
        best = _FAR
        while sides[0].radius + sides[1].radius < min(best, limit):
            side, other = self._smaller_first(sides)
            touched = self._expand(side, limit)
            if len(touched):
                best = min(best, int((side.distance[touched] + other.distance[touched]).min()))
        cost = min(best, limit)
        ahead = min(sides[0].radius, cost)
        potential = self.potential.values
        potential -= np.maximum(0, ahead - sides[0].distance)
        potential += np.maximum(0, cost - ahead - sides[1].distance)
        if best >= limit:
            return sides, np.zeros(0, dtype=np.int64)
        meetings = np.flatnonzero(sides[0].distance + sides[1].distance == best)
        width = np.minimum(sides[0].width[meetings], sides[1].width[meetings])
        return sides, meetings[np.argsort(-width)[:_PATHS_MAX]]

    def _side(self, node: int, is_forward: bool) -> _Side:
        distance = np.full(self.potential.size, _FAR, dtype=np.int64)
        distance[node] = 0
        first = np.array([node], dtype=np.int64)
        edge = np.full(self.potential.size, _FAR)
        return _Side(is_forward, distance, edge, edge.copy(), {0: [first]})

    def _smaller_first(self, sides: list[_Side]) -> tuple[_Side, _Side]:
        out, into = self.link()
        sizes = []
        for side in sides:
            fringe = side.buckets[side.radius] if side.buckets else []
            sizes.append(sum(out.degree(nodes) + into.degree(nodes) for nodes in fringe))
        first = 0 if sides[0].buckets and (sizes[0] <= sizes[1] or not sides[1].buckets) else 1
        return sides[first], sides[1 - first]

    def _expand(self, side: _Side, limit: int) -> Ints:
        """Go one step from all nodes at the side's radius; return the nodes that came nearer."""
        radius = side.radius
        fringe = np.unique(np.concatenate(side.buckets.pop(radius)))
        fringe = fringe[side.distance[fringe] == radius]
        out, into = self.link()
        tail, head, potential = self.tail.values, self.head.values, self.potential.values
        fuller, emptier = out.edges(fringe), into.edges(fringe)
        if not side.is_forward:
            fuller, emptier = emptier, fuller
        left, used = (
            self.amount.values[fuller] - self.flow.values[fuller],
            self.flow.values[emptier],
        )
        fuller, left, emptier, used = (
            fuller[left > 0],
            left[left > 0],
            emptier[used > 0],
            used[used > 0],
        )
        rise = potential[tail[fuller]] - potential[head[fuller]] - 1
        fall = potential[head[emptier]] - potential[tail[emptier]] + 1
        near = np.concatenate([head[fuller], tail[emptier]])
        here = np.concatenate([tail[fuller], head[emptier]])
        if not side.is_forward:
            near, here = here, near
        width = np.minimum(side.width[here], np.concatenate([left, used]))
        # An edge's number, or below zero its complement where it is gone against its direction.
        edge = np.concatenate([fuller, ~emptier])
        distance = radius + np.concatenate([rise, fall])
        better = (distance < side.distance[near]) & (distance < limit)
        # Of several ways to one node the nearest, then widest, is written last, and so stays.
        order = np.flatnonzero(better)[np.lexsort((width[better], -distance[better]))]
        near, distance = near[order], distance[order]
        side.distance[near], side.edge[near], side.width[near] = distance, edge[order], width[order]
        for level in np.unique(distance).tolist():
            side.buckets.setdefault(level, []).append(near[distance == level])
        return near

    def _path(self, sides: list[_Side], meeting: int) -> tuple[Ints, Ints]:
        steps: list[int] = []
        for side in sides:
            node = meeting
            while side.edge[node] != _FAR:
                edge = int(side.edge[node])
                steps.append(edge)
                number = edge if edge >= 0 else ~edge
                came_by_head = (edge >= 0) == side.is_forward
                ends = self.tail if came_by_head else self.head
                node = int(ends.values[number])
        edges = np.array([step if step >= 0 else ~step for step in steps], dtype=np.int64)
        return edges, np.array([1 if step >= 0 else -1 for step in steps], dtype=np.int64)
