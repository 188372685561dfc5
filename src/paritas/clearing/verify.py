"""The independent checker: recomputes every number of a clearing result, exactly.

It knows the problem's definition and nothing of the solvers. Integers and fractions only.
A result is valid when the settled set leaves no account below its floor, and every number in it
(value, bound, gap, balances) is what follows from the problem, the set and the certificate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from paritas.clearing import problem as problems
from paritas.clearing.numbers import parse_number

_RESULT_KEYS = {"rule", "settled", "value", "upper_bound", "gap", "balances", "certificate"}


class InvalidResultError(ValueError):
    """The result is not what it claims to be; the message says where."""


def verify_clearing(problem: problems.Problem, text: bytes | str) -> None:
    """Check a result document against its problem.

    :raises InvalidResultError: with one line saying what is wrong, whatever ``text`` holds.
    """
    result = load_result(text)
    try:
        _Check(problem).run(result)
    except InvalidResultError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InvalidResultError(f"malformed result: {error!r}"[:300]) from None


def load_result(text: bytes | str) -> dict[str, Any]:
    """Parse a result document into a dict.

    :raises InvalidResultError: when it is not a JSON object.
    """
    try:
        result = json.loads(text, parse_constant=_refuse, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise InvalidResultError(f"the result is not valid JSON: {error}"[:300]) from None
    return expect(result, dict, "the result")  # type: ignore[no-any-return]


def read_result(path: Path) -> bytes:
    """Read a result file.

    :raises InvalidResultError: with the reason in words when it cannot be read.
    """
    try:
        return problems.read_bytes(path)
    except problems.ClearingError as error:
        raise InvalidResultError(f"{path}: {error}") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return entries


def expect(value: Any, kind: type, place: str) -> Any:
    """Return ``value`` if its type is exactly ``kind`` (True is no integer)."""
    if type(value) is not kind:
        raise InvalidResultError(f"{place} is not of the JSON type it should be")
    return value


def expect_keys(value: Any, keys: set[str], place: str) -> dict[str, Any]:
    """Return ``value`` if it is an object with exactly these keys."""
    if expect(value, dict, place).keys() != keys:
        raise InvalidResultError(f"{place} must have exactly the fields {', '.join(sorted(keys))}")
    return value  # type: ignore[no-any-return]


def require(condition: bool, message: str) -> None:
    """Refuse the result with ``message`` unless ``condition`` holds."""
    if not condition:
        raise InvalidResultError(message)


class _Check:
    """The problem's numbers, by account key and by position of the instruction."""

    def __init__(self, problem: problems.Problem) -> None:
        self.problem = problem
        self.position = {item.id: index for index, item in enumerate(problem.instructions)}
        self.values, self.denominator = problems.instruction_values(problem)
        self.outflows = [problems.net_outflow(item) for item in problem.instructions]
        keys = problems.all_keys(problem.accounts, problem.instructions)
        self.balance = dict.fromkeys(keys, 0)
        self.floor = dict.fromkeys(keys, 0)
        for account in problem.accounts:
            key = (account.member, account.currency)
            self.balance[key], self.floor[key] = account.balance, account.floor

    def run(self, result: dict[str, Any]) -> None:
        expect_keys(result, _RESULT_KEYS, "the result")
        settled = self.indices(result["settled"], "settled")
        self.check_balances(result["balances"], settled)
        value = Fraction(sum(self.values[index] for index in settled), self.denominator)
        if result["rule"] == "fifo":
            self.check_fifo(result["certificate"], settled)
            bound = value
        else:
            require(result["rule"] == "free", "rule is neither free nor fifo")
            bound = self.free_bound(result["certificate"])
        for name, number in (("value", value), ("upper_bound", bound), ("gap", bound - value)):
            claimed = parse_number(result[name])
            require(claimed == number, f"{name} is {claimed}, but recomputed it is {number}")

    def indices(self, ids: Any, place: str) -> list[int]:
        """Turn a list of ids into positions; none unknown, none twice."""
        found: dict[int, None] = {}
        for name in expect(ids, list, place):
            require(type(name) in (str, int), f"{place}: {name!r} is not an id")
            require(name in self.position, f"{place}: no instruction has the id {name!r}")
            index = self.position[name]
            require(index not in found, f"{place}: {name!r} occurs twice")
            found[index] = None
        return list(found)

    def check_balances(self, entries: Any, settled: list[int]) -> None:
        left = dict(self.balance)
        for index in settled:
            for key, amount in self.outflows[index].items():
                left[key] -= amount
        for key, balance in left.items():
            if balance < self.floor[key]:
                raise InvalidResultError(
                    f"{key[0]} ends at {balance} {key[1]}, below its floor {self.floor[key]}"
                )
        seen: set[problems.Key] = set()
        for entry in expect(entries, list, "balances"):
            expect_keys(entry, {"member", "currency", "balance"}, "an entry of balances")
            key = (
                expect(entry["member"], str, "member"),
                expect(entry["currency"], str, "currency"),
            )
            require(key in left and key not in seen, f"balances: {key} is unknown or occurs twice")
            claimed = expect(entry["balance"], int, f"balance of {key}")
            require(claimed == left[key], f"balance of {key} is {claimed}, recomputed {left[key]}")
            seen.add(key)
        require(len(seen) == len(left), "balances: an account that is named or touched is missing")

    # The free rule: weak duality at every leaf of the certificate's tree.

    def free_bound(self, certificate: Any) -> Fraction:
        """Return the largest bound of the tree's leaves (see DESIGN section 6)."""
        expect_keys(certificate, {"scale", "excluded", "tree"}, "certificate")
        scale = expect(certificate["scale"], int, "scale")
        require(scale > 0, "scale must be positive")
        state: list[bool | None] = [None] * len(self.values)
        for index in self.excluded(certificate["excluded"]):
            state[index] = False
        best = max(
            self.leaf_bound(multipliers, scale, state)
            for multipliers in self.leaves(certificate["tree"], state)
        )
        return Fraction(best, scale * self.denominator)

    def excluded(self, ids: Any) -> list[int]:
        """Check that each excluded one is short even if all receipts of others come."""
        most = {key: balance - self.floor[key] for key, balance in self.balance.items()}
        for flows in self.outflows:
            for key, amount in flows.items():
                most[key] += max(0, -amount)
        indices = self.indices(ids, "excluded")
        for index in indices:
            possible = all(amount <= most[key] for key, amount in self.outflows[index].items())
            require(
                not possible, f"excluded: {self.problem.instructions[index].id!r} could be paid"
            )
        return indices

    def leaves(self, tree: Any, state: list[bool | None]) -> Iterator[Any]:
        """Walk the tree; ``state`` says at each leaf what the branches above it have fixed."""
        stack: list[tuple[Any, int, bool | None]] = [(tree, -1, None)]
        while stack:
            node, index, fixed = stack.pop()
            if index >= 0:
                state[index] = fixed
            if node is None:
                continue
            if "branch" in expect(node, dict, "a node of the tree"):
                expect_keys(node, {"branch", "zero", "one"}, "a branch of the tree")
                (branch,) = self.indices([node["branch"]], "branch")
                require(state[branch] is None, f"branch: {node['branch']!r} is already fixed")
                for child in (node["zero"], node["one"]):
                    expect(child, dict, "a node of the tree")
                # Last in, first out: zero, one, then the branch is taken back.
                stack += [(None, branch, None), (node["one"], branch, True)]
                stack.append((node["zero"], branch, False))
            else:
                yield expect_keys(node, {"multipliers"}, "a leaf of the tree")["multipliers"]

    def leaf_bound(self, entries: Any, scale: int, state: list[bool | None]) -> int:
        """Return the leaf's bound times ``scale`` times the values' denominator."""
        weight: dict[problems.Key, int] = {}
        for entry in expect(entries, list, "multipliers"):
            expect_keys(entry, {"member", "currency", "y"}, "a multiplier")
            key = (entry["member"], entry["currency"])
            require(
                key in self.balance and key not in weight, f"multiplier of {key}: unknown or twice"
            )
            require(expect(entry["y"], int, "y") >= 0, f"multiplier of {key} is negative")
            weight[key] = entry["y"] * self.denominator
        bound = sum(y * (self.balance[key] - self.floor[key]) for key, y in weight.items())
        for value, flows, fixed in zip(self.values, self.outflows, state, strict=True):
            if fixed is False:
                continue
            worth = value * scale - sum(weight.get(key, 0) * out for key, out in flows.items())
            if fixed or worth > 0:
                bound += worth
        return bound

    # The fifo rule: replay the dropping.

    def check_fifo(self, certificate: Any, settled: list[int]) -> None:
        """Each drop must be forced, and the rest is feasible: so it is the one largest set."""
        expect_keys(certificate, {"dropped"}, "certificate")
        dropped = self.indices(certificate["dropped"], "dropped")
        require(
            len(dropped) + len(settled) == len(self.values) and not set(dropped) & set(settled),
            "dropped and settled are not the two parts of the whole",
        )
        queues: dict[problems.Key, list[int]] = {}
        for index in problems.settlement_order(self.problem):
            for key in {(leg.payer, leg.currency) for leg in self.problem.instructions[index].legs}:
                queues.setdefault(key, []).append(index)
        rank = {key: {index: n for n, index in enumerate(queue)} for key, queue in queues.items()}
        gone = [False] * len(self.values)
        first_gone = {key: len(queue) for key, queue in queues.items()}
        left = dict(self.balance)
        for flows in self.outflows:
            for key, amount in flows.items():
                left[key] -= amount
        for index in dropped:
            legs = self.problem.instructions[index].legs
            payers = {(leg.payer, leg.currency) for leg in legs}
            forced = False
            for key in payers:
                queue = queues[key]
                while queue and gone[queue[-1]]:
                    queue.pop()
                last_of_short = queue[-1] == index and left[key] < self.floor[key]
                forced = forced or last_of_short or first_gone[key] < rank[key][index]
            require(forced, f"dropped: nothing forces {self.problem.instructions[index].id!r} out")
            gone[index] = True
            for key in payers:
                first_gone[key] = min(first_gone[key], rank[key][index])
            for key, amount in self.outflows[index].items():
                left[key] += amount
        for key, places in rank.items():
            first = first_gone[key]
            late = next((i for i, n in places.items() if n > first and not gone[i]), None)
            if late is not None:
                name = self.problem.instructions[late].id
                raise InvalidResultError(f"settled: {name!r} stands behind a dropped one of {key}")
