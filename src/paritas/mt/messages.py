"""Which fields a message type has, in which order, and what is wrong with the fields of a message.

A layout is written like ``20 13C* 52AD? (61 86?)* 62FM``: a tag with its option letters ("-" for no
letter), then "?" for one that may be missing, "*" for any number and "+" for at least one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from paritas.mt.formats import format_problem
from paritas.mt.parsing import Field, MtMessage

_AGENTS = "53ABD? 54ABD? 55ABD? 56ACD? 57ABCD?"
_CUSTOMER = f"20 13C* 23B 23E* 26T? 32A 33B? 36? 50AFK 51A? 52AD? {_AGENTS} 59-AF 70? 71A 71F* 71G? 72? 77B?"
# Straight through: agents only by BIC, and a beneficiary's account.
_STRAIGHT = (
    "20 13C* 23B 23E* 26T? 32A 33B? 36? 50AFK 52A? 53AB? 54A? 55A? 56A? 57A? 59-AF 70? 71A 71F* 71G?"
    " 72? 77B?"
)
_BANK = "20 21 13C* 32A 52AD? 53ABD? 54ABD? 56AD? 57ABD? 58AD 72?"
_COVERED = "50AFK 52AD? 56ACD? 57ABCD? 59-AF 70? 72? 33B?"
_CHARGES = "20 21 25-P? 32BCD 52AD? 71B 72?"
_CHARGE_REQUEST = "20 21 32B 52AD? 57ABD? 71B 72?"
_CANCEL = "20 21 11S 79? !"
_QUERY = "20 21 75 77A? 11RS? 79? !"
_ANSWER = "20 21 76 77A? 11RS? 79? !"
_FREE = "20 21? 79"
_STATEMENT = "20 21? 25-P 28-C 60FM (61 86?)* 62FM 64? 65* 86?"

#: By the name that ``MtMessage.name`` gives; "!" allows any fields after it (copies of others).
LAYOUTS = {
    "MT103": _CUSTOMER,
    "MT103 STP": _STRAIGHT,
    "MT103 REMIT": _CUSTOMER.replace(" 70?", "") + " 77T",
    "MT110": "20 53ABD? 54ABD? 72? (21 30 32AB 50AFK? 52ABD? 59-F)+",
    "MT111": "20 21 30 32AB 52ABD? 59-F? 75?",
    "MT112": "20 21 30 32AB 52ABD? 59-F? 76",
    "MT190": _CHARGES,
    "MT191": _CHARGE_REQUEST,
    "MT192": _CANCEL,
    "MT195": _QUERY,
    "MT196": _ANSWER,
    "MT199": _FREE,
    "MT200": "20 32A 53B? 56AD? 57ABD 72?",
    "MT202": _BANK,
    "MT202 COV": f"{_BANK} {_COVERED}",
    "MT205": _BANK.replace("52AD?", "52AD").replace(" 54ABD?", ""),
    "MT205 COV": f"{_BANK.replace('52AD?', '52AD').replace(' 54ABD?', '')} {_COVERED}",
    "MT210": "20 25? 30 (21 32B 50-CF? 52AD? 56AD?)+",
    "MT290": _CHARGES,
    "MT291": _CHARGE_REQUEST,
    "MT292": _CANCEL,
    "MT295": _QUERY,
    "MT296": _ANSWER,
    "MT299": _FREE,
    "MT900": "20 21 25-P 13D? 32A 52AD? 72?",
    "MT910": "20 21 25-P 13D? 32A 50AFK? 52AD? 56AD? 72?",
    "MT940": _STATEMENT,
    "MT941": "20 21? 25-P 28 13D? 60F? 90D? 90C? 62F 64? 65* 86?",
    "MT942": "20 21? 25-P 28-C 34F 34F? 13D (61 86?)* 90D? 90C? 86?",
    "MT950": "20 25 28-C 60FM 61* 62FM 64?",
}

# Formats that belong to a field of one message type and not of the others.
_OWN_FORMATS = {("MT950", "61"): "6!n[4!n]2a[1!a]15d1!a3!c16x[//16x][$34x]"}

_ITEM = re.compile(r"([0-9]{2})([A-Z-]*)([?*+]?)|(\()|\)([?*+]?)|(!)")


class Item(NamedTuple):
    """A field of a layout, or a group of items that repeats together."""

    tags: frozenset[str]
    required: bool
    repeats: bool
    group: tuple[Item, ...] = ()


class Problem(NamedTuple):
    """What is wrong with a field, or with a layout where ``field`` is None."""

    field: Field | None
    tag: str
    text: str
    #: "rule.format", "rule.missing" or "rule.order".
    code: str


@cache
def layout(name: str) -> tuple[Item, ...]:
    """Return the layout of a message type; empty for one that is not known here."""
    text = LAYOUTS.get(name) or LAYOUTS.get(name.partition(" ")[0], "")
    return tuple(_items(iter(_ITEM.finditer(text))))


def _items(tokens: Iterator[re.Match[str]]) -> list[Item]:
    items: list[Item] = []
    for match in tokens:
        number, options, how, opens, group_how, rest = match.groups()
        if number:
            letters = [option.replace("-", "") for option in options] or [""]
            if len(options) == 1 and options != "-":
                letters = [options]
            tags = frozenset(number + letter for letter in letters)
            items.append(Item(tags, how in ("", "+"), how in ("*", "+")))
        elif opens:
            # The closing token carries how often; it is the last that the inner call takes.
            inner = _items(tokens)
            repeat = inner.pop()
            items.append(Item(frozenset(), repeat.required, True, tuple(inner)))
        elif rest:
            items.append(_ANYTHING)
        else:
            items.append(Item(frozenset(), group_how in ("", "+"), True))
            return items
    return items


_ANYTHING = Item(frozenset({"!"}), False, True)


def layout_problems(message: MtMessage) -> list[Problem]:
    """Compare the fields of a message with the layout of its type, and each with its format."""
    name = message.name
    items = layout(name)
    problems = [
        Problem(field, field.tag, text, "rule.format")
        for field in message.fields
        if (text := format_problem(field.tag, field.value, _OWN_FORMATS.get((name, field.tag), "")))
    ]
    if items:
        walk = _Walk(message.fields)
        walk.items(items)
        walk.rest()
        problems += walk.problems
    return problems


class _Walk:
    """Goes through the fields and the layout side by side, each once."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._at = 0
        #: Where each tag stands, to tell a field in the wrong place from a missing one.
        self._places: dict[str, int] = {field.tag: place for place, field in enumerate(fields)}
        self.problems: list[Problem] = []

    def items(self, items: Sequence[Item]) -> None:
        for item in items:
            if item is _ANYTHING:
                self._at = len(self._fields)
            elif item.group:
                self._group(item)
            else:
                self._field(item)

    def _group(self, item: Item) -> None:
        first = item.group[0].tags
        if item.required and not self._is_next(first):
            self._missing(first)
        while self._is_next(first):
            self.items(item.group)

    def _field(self, item: Item) -> None:
        if not self._is_next(item.tags):
            if item.required:
                self._missing(item.tags)
            return
        self._at += 1
        while item.repeats and self._is_next(item.tags):
            self._at += 1

    def _is_next(self, tags: frozenset[str]) -> bool:
        return self._at < len(self._fields) and self._fields[self._at].tag in tags

    def _missing(self, tags: frozenset[str]) -> None:
        later = [place for tag in tags if (place := self._places.get(tag, -1)) >= self._at]
        if later:
            self._skip_to(min(later))
            self._at += 1
            return
        wanted = " or ".join(sorted(tags))
        self.problems.append(Problem(None, wanted, f"field {wanted} is missing", "rule.missing"))

    def _skip_to(self, place: int) -> None:
        for field in self._fields[self._at : place]:
            text = f"field {field.tag} is not expected here"
            self.problems.append(Problem(field, field.tag, text, "rule.order"))
        self._at = place

    def rest(self) -> None:
        """Report the fields that no part of the layout has taken."""
        self._skip_to(len(self._fields))
