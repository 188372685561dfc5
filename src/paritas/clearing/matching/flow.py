"""The most that can go round among the currencies: an exact largest circulation.

Every amount is counted in units of value, so that what an order brings to one currency it takes
from another. Orders of one pair are one arc; a market is a network of a few currencies, in
which Python's integers are quick enough and never overflow.

All arcs are filled first. What then is too much at some currencies is taken back along the
shortest ways to those where it is missing (each step back costs 1, each step forth regains 1): the
primal-dual method for flows of least cost, with Dinic's blocking flows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

Arc = tuple[int, int, int]


def largest_circulation(nodes: int, arcs: list[Arc]) -> list[int]:
    """Return the flow on each (tail, head, capacity) that is largest in all and balances everywhere."""
    network = _Network(nodes)
    excess = [0] * nodes
    for tail, head, capacity in arcs:
        network.add(head, tail, capacity)
        excess[head] += capacity
        excess[tail] -= capacity
    network.drain(excess)
    # What was not taken back flows; the way forth of an arc taken back holds how much it was.
    return [network.left[2 * number] for number in range(len(arcs))]


def multipliers(nodes: int, arcs: list[Arc], flow: list[int]) -> list[int]:
    """Return the least whole prices, 0 or more, that prove a circulation to be the largest.

    With ``gain = 1 + price[tail] - price[head]`` an arc that could carry more gains at most 0,
    and one that carries something at least 0.
    """
    price = [0] * nodes
    for _ in range(nodes + 1):
        is_settled = True
        for (tail, head, capacity), carried in zip(arcs, flow, strict=True):
            if carried < capacity and price[head] < price[tail] + 1:
                price[head], is_settled = price[tail] + 1, False
            if carried > 0 and price[tail] < price[head] - 1:
                price[tail], is_settled = price[head] - 1, False
        if is_settled:
            return price
    raise AssertionError("the circulation is not the largest: what is left has a gaining cycle")


@dataclass
class _Network:
    """Edges come in twos, the way back of an arc at a cost of 1 and its way forth at -1."""

    nodes: int
    head: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    cost: list[int] = field(default_factory=list)
    edges: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.edges = [[] for _ in range(self.nodes)]

    def add(self, tail: int, head: int, capacity: int) -> None:
        for start, end, room, cost in ((tail, head, capacity, 1), (head, tail, 0, -1)):
            self.edges[start].append(len(self.head))
            self.head.append(end)
            self.left.append(room)
            self.cost.append(cost)

    def drain(self, excess: list[int]) -> None:
        """Send every excess to where something is missing, at the least cost."""
        potential = [0] * self.nodes
        while any(amount > 0 for amount in excess):
            distance = self._distances(excess, potential)
            potential = [p + d for p, d in zip(potential, distance, strict=True)]
            while level := self._levels(excess, potential):
                self._push(excess, potential, level)

    def _distances(self, excess: list[int], potential: list[int]) -> list[int]:
        """Return the cheapest way (at the potentials) from any excess to each node; 0-1-... steps."""
        far = 4 * self.nodes
        distance = [0 if amount > 0 else far for amount in excess]
        queue = deque(node for node, amount in enumerate(excess) if amount > 0)
        while queue:
            node = queue.popleft()
            for edge in self.edges[node]:
                if self.left[edge]:
                    end = self.head[edge]
                    step = distance[node] + self.cost[edge] + potential[node] - potential[end]
                    if step < distance[end]:
                        distance[end] = step
                        queue.append(end)
        # Beyond the nearest shortage nothing needs to be known.
        nearest = min(
            (d for d, amount in zip(distance, excess, strict=True) if amount < 0), default=0
        )
        return [min(d, nearest) for d in distance]

    def _levels(self, excess: list[int], potential: list[int]) -> dict[int, int]:
        """Number the nodes by steps that cost nothing; empty when no shortage is reached."""
        level = {node: 0 for node, amount in enumerate(excess) if amount > 0}
        queue, is_reached = deque(level), False
        while queue:
            node = queue.popleft()
            is_reached = is_reached or excess[node] < 0
            for edge in self.edges[node]:
                end = self.head[edge]
                if self._is_open(edge, node, potential) and end not in level:
                    level[end] = level[node] + 1
                    queue.append(end)
        return level if is_reached else {}

    def _is_open(self, edge: int, node: int, potential: list[int]) -> bool:
        reduced = self.cost[edge] + potential[node] - potential[self.head[edge]]
        return self.left[edge] > 0 and reduced == 0

    def _push(self, excess: list[int], potential: list[int], level: dict[int, int]) -> None:
        """Fill the level graph: depth first, each edge given up once it leads nowhere."""
        place = [0] * self.nodes
        for source in [node for node, amount in enumerate(excess) if amount > 0]:
            path: list[int] = []
            node = source
            while excess[source] > 0:
                if excess[node] < 0:
                    step = min(excess[source], -excess[node], *(self.left[edge] for edge in path))
                    for edge in path:
                        self.left[edge] -= step
                        self.left[edge ^ 1] += step
                    excess[source] -= step
                    excess[node] += step
                    path, node = [], source
                    continue
                edge = self._next_edge(node, place, potential, level)
                if edge >= 0:
                    path.append(edge)
                    node = self.head[edge]
                elif path:
                    node = self.head[path.pop() ^ 1]
                    place[node] += 1
                else:
                    break

    def _next_edge(
        self, node: int, place: list[int], potential: list[int], level: dict[int, int]
    ) -> int:
        edges = self.edges[node]
        while place[node] < len(edges):
            edge = edges[place[node]]
            if (
                self._is_open(edge, node, potential)
                and level.get(self.head[edge]) == level[node] + 1
            ):
                return edge
            place[node] += 1
        return -1
