"""From a search tree to a certificate's tree: leaves proven, implications made branches."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from paritas.clearing.branch import BranchAndBound, Node
from paritas.clearing.certificate import Bounds, Branch, Leaf
from paritas.clearing.matrix import Matrix
from paritas.clearing.propagate import Implication

#: A certificate that would nest deeper falls back to its root's multipliers.
_NESTING_MAX = 600


class TreeWriter:
    """Writes the tree of a finished search."""

    def __init__(self, search: BranchAndBound) -> None:
        self._search = search
        self._bounds: Bounds = search.bounds
        self._matrix: Matrix = search.bounds.matrix
        self._total = sum(self._matrix.values)
        #: Columns implied on the way from the root, with their implication, in order.
        self._path: dict[int, Implication] = {}
        self._deepest = 0

    def write(self) -> tuple[int, int, Branch | Leaf]:
        """Return the scale, the exact bound in units of it, and the tree."""
        leaves = list(self._leaves())
        for leaf in leaves:
            if leaf.short_row < 0 and leaf.bound is None:
                self._search.prove(leaf)
        denominators = (value.denominator for leaf in leaves for value in leaf.multipliers.values())
        factor = math.lcm(1, *denominators)
        tree, _ = self._build(self._search.root, factor, 0)
        bound = max((leaf.bound or Fraction(0) for leaf in leaves), default=Fraction(0)) * factor
        if self._deepest > _NESTING_MAX:
            return self._root_only()
        return self._bounds.scale * factor, int(bound), tree

    def _leaves(self) -> Iterable[Node]:
        stack = [self._search.root]
        while stack:
            node = stack.pop()
            if node.children is None:
                yield node
            else:
                stack += node.children

    def _root_only(self) -> tuple[int, int, Branch | Leaf]:
        multipliers = self._search.first_multipliers
        return self._bounds.scale, self._bounds.leaf(multipliers)[0], Leaf(multipliers)

    def _build(self, node: Node, factor: int, depth: int) -> tuple[Branch | Leaf, set[int]]:
        """Return the node's part of the tree and the implied columns that it relies on."""
        for implication in node.implied:
            self._path[implication.column] = implication
        depth += len(node.implied)
        self._deepest = max(self._deepest, depth)
        relied_on: set[int]
        tree: Branch | Leaf
        if node.short_row >= 0:
            tree, relied_on = self._shortage(node.short_row, factor), self._behind(node.short_row)
        elif node.children is None:
            whole = {row: int(value * factor) for row, value in node.multipliers.items()}
            tree, relied_on = Leaf(whole), set(node.relied_on)
        else:
            zero, by_zero = self._build(node.children[0], factor, depth + 1)
            one, by_one = self._build(node.children[1], factor, depth + 1)
            tree, relied_on = Branch(node.children[0].column, zero, one), by_zero | by_one
        for implication in reversed(node.implied):
            del self._path[implication.column]
            if implication.column in relied_on:
                relied_on.discard(implication.column)
                relied_on |= self._behind(implication.row)
                other = self._shortage(implication.row, factor)
                zero, one = (other, tree) if implication.settles else (tree, other)
                tree = Branch(implication.column, zero, one)
        return tree, relied_on

    def _behind(self, row: int) -> set[int]:
        """Return the columns, implied before, that make the account as short as it is."""
        entries = slice(self._matrix.by_row.start[row], self._matrix.by_row.start[row + 1])
        columns = self._matrix.by_row.other[entries].tolist()
        debits = (self._matrix.by_row.value[entries] > 0).tolist()
        return {
            column
            for column, debit in zip(columns, debits, strict=True)
            if column in self._path and self._path[column].settles == debit
        }

    def _shortage(self, row: int, factor: int) -> Leaf:
        """Close a leaf in which one account is short by a unit or more, whatever is chosen.

        A multiplier above the total value makes each missing unit outweigh all that could count.
        """
        most = -(-self._total // self._matrix.denominator) + 1
        return Leaf({row: most * self._bounds.scale * factor})
