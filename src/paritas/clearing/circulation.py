"""Maximum-weight circulation: the most that can be set off with every net position unchanged.

OR-tools' SimpleMinCostFlow finds the flow; node potentials, by Bellman and Ford's relaxation on
what the flow leaves over, prove that it is the largest. Everything is integer.

OR-tools and highspy cannot be imported into one process: only this module imports OR-tools, and
it runs itself as a process of its own (``python -m``) unless it is told that it has one.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

#: Sums of capacities at a node stay below this in OR-tools.
CAPACITY_SAFE = 2**62


class TooLargeError(ArithmeticError):
    """The amounts at one node do not fit into 64 bits together."""


def largest_circulation(
    nodes: int,
    tail: Ints,
    head: Ints,
    capacity: Ints,
    weight: Ints | None = None,
    supply: Ints | None = None,
    *,
    own_process: bool = False,
) -> Ints:
    """Return the circulation (flow per edge) that carries the most in all.

    :param weight: what a unit counts on each edge, by default 1.
    :param supply: what each node sends out more than it takes in, by default 0.
    :param own_process: whether this process never imports highspy, so that OR-tools may run in
        it; that saves the start of another.
    :raises TooLargeError: when 64 bits do not hold the sums at a node.
    """
    if node_sums(nodes, tail, head, capacity).max(initial=0) > CAPACITY_SAFE:
        raise TooLargeError
    flow = np.zeros(len(tail), dtype=np.int64)
    edges = _on_cycles(nodes, tail, head) if supply is None else np.arange(len(tail))
    if not len(edges):
        return flow
    is_used = np.zeros(nodes, dtype=bool)
    is_used[tail[edges]] = is_used[head[edges]] = True
    names, number = np.flatnonzero(is_used), np.cumsum(is_used) - 1
    cost = -np.ones(len(edges), dtype=np.int64) if weight is None else -weight[edges]
    sent = np.zeros(len(names), dtype=np.int64) if supply is None else supply[names]
    arcs = np.stack([number[tail[edges]], number[head[edges]], capacity[edges], cost])
    found = _cheapest_flow(arcs, sent) if own_process else _cheapest_flow_in_child(arcs, sent)
    if found is None:
        raise TooLargeError
    flow[edges] = found
    return flow


def _cheapest_flow(arcs: Ints, supply: Ints) -> Ints | None:
    """Solve (tail, head, capacity, cost) per arc; ``None`` when OR-tools finds it too large."""
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(*arcs)
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    if solver.solve() != solver.OPTIMAL:
        return None
    return np.asarray(solver.flows(numbers), dtype=np.int64)


def _cheapest_flow_in_child(arcs: Ints, supply: Ints) -> Ints | None:
    stream = io.BytesIO()
    np.save(stream, arcs)
    np.save(stream, supply)
    # The child finds what this process finds, however it was started.
    paths = os.pathsep.join(path for path in sys.path if path)
    child = subprocess.run(
        [sys.executable, "-m", "paritas.clearing.circulation"],
        input=stream.getvalue(),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
        check=True,
    )
    flow: Ints = np.load(io.BytesIO(child.stdout))
    return flow if len(flow) == arcs.shape[1] else None


def _main() -> None:
    """Read arcs and supplies from standard input, write the flow to standard output."""
    stream = io.BytesIO(sys.stdin.buffer.read())
    flow = _cheapest_flow(np.load(stream), np.load(stream))
    answer = io.BytesIO()
    np.save(answer, np.zeros(0, dtype=np.int64) if flow is None else flow)
    sys.stdout.buffer.write(answer.getvalue())


def node_sums(nodes: int, tail: Ints, head: Ints, capacity: Ints) -> npt.NDArray[np.float64]:
    """Return, about, the sum of the capacities at each node."""
    sums = np.bincount(tail, capacity, nodes) + np.bincount(head, capacity, nodes)
    return sums.astype(np.float64)


def _on_cycles(nodes: int, tail: Ints, head: Ints) -> Ints:
    """Return the edges left after nodes without debts, or without claims, are peeled off."""
    edges = np.arange(len(tail))
    while True:
        pays = np.zeros(nodes, dtype=bool)
        receives = np.zeros(nodes, dtype=bool)
        pays[tail[edges]] = True
        receives[head[edges]] = True
        kept = edges[receives[tail[edges]] & pays[head[edges]]]
        if len(kept) == len(edges):
            return edges
        edges = kept


def potentials(
    nodes: int, tail: Ints, head: Ints, capacity: Ints, flow: Ints, weight: Ints | None = None
) -> Ints:
    """Return integer potentials that prove the circulation to be the largest.

    For each edge, ``weight + potential[head] - potential[tail]`` is at most 0 where something is
    left, and at least 0 where something flows; so no other circulation carries more.
    """
    left, used = flow < capacity, flow > 0
    source = np.concatenate([tail[left], head[used]])
    target = np.concatenate([head[left], tail[used]])
    weight = np.ones(len(tail), dtype=np.int64) if weight is None else weight
    cost = np.concatenate([-weight[left], weight[used]])
    order = np.argsort(target, kind="stable")
    source, target, cost = source[order], target[order], cost[order]
    starts = (
        np.flatnonzero(np.concatenate([[True], target[1:] != target[:-1]]))
        if len(target)
        else order
    )
    distance = np.zeros(nodes, dtype=np.int64)
    for _ in range(nodes + 1):
        if not len(starts):
            return distance
        nearest = np.minimum.reduceat(distance[source] + cost, starts)
        reached = target[starts]
        better = nearest < distance[reached]
        if not better.any():
            return distance
        distance[reached[better]] = nearest[better]
    raise AssertionError("the circulation is not the largest: its remainder has a paying cycle")


if __name__ == "__main__":
    _main()
