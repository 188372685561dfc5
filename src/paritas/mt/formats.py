"""The notation in which SWIFT says how a field looks, and the formats of the fields read here.

``16x`` is up to 16 characters of set x, ``3!a`` exactly three letters, ``4*35x`` up to four lines
of up to 35, ``[...]`` what may be missing, ``$`` a new line; anything else stands for itself.
"""

from __future__ import annotations

import re
from functools import cache

#: Character set X of the FIN network without its line ends.
SET_X = "A-Za-z0-9/\\-?:().,'+ "

_SETS = {
    "n": "0-9",
    "a": "A-Z",
    "c": "A-Z0-9",
    "h": "A-F0-9",
    "x": SET_X,
    "y": "A-Z0-9 .,\\-()/='+:?!\"%&*<>;",
    "z": SET_X + '=!"%&*<>;{@#_',
    "e": " ",
    "d": "0-9,",
}
_TOKEN = re.compile(r"(?:([0-9]+)\*)?([0-9]+)(!)?(-[0-9]+)?([nachxyzed])|(.)", re.ASCII | re.DOTALL)

# A decimal has one comma, always, and at least one digit before it.
_DECIMAL = r"(?=[0-9]+,[0-9]*(?![0-9,]))"

_BIC = "4!a2!a2!c[3!c]"
_PARTY = "[/1!a][/34x]$"
_AMOUNT = "3!a15d"
_REFERENCE = "16x"

#: Field formats by tag; messages that have another one say so in ``messages``.
FORMATS = {
    "11R": "3!n$6!n[$4!n6!n]",
    "11S": "3!n$6!n[$4!n6!n]",
    "13C": "/8c/4!n1!x4!n",
    "13D": "6!n4!n1!x4!n",
    "20": _REFERENCE,
    "21": _REFERENCE,
    "23B": "4!c",
    "23E": "4!c[/30x]",
    "25": "35x",
    "25P": f"35x${_BIC}",
    "26T": "3!c",
    "28": "5n[/2n]",
    "28C": "5n[/5n]",
    "30": "6!n",
    "32A": "6!n" + _AMOUNT,
    "32B": _AMOUNT,
    "33B": _AMOUNT,
    "34F": "3!a[1!a]15d",
    "36": "12d",
    "50A": f"[/34x]${_BIC}",
    "50F": "35x$4*35x",
    "50K": "[/34x]$4*35x",
    "51A": f"[/1!a][/34x]${_BIC}",
    "59": "[/34x]$4*35x",
    "59A": f"[/34x]${_BIC}",
    "59F": "[/34x]$4*35x",
    "60F": "1!a6!n" + _AMOUNT,
    "60M": "1!a6!n" + _AMOUNT,
    "61": "6!n[4!n]2a[1!a]15d1!a3!c16x[//16x][$34x]",
    "62F": "1!a6!n" + _AMOUNT,
    "62M": "1!a6!n" + _AMOUNT,
    "64": "1!a6!n" + _AMOUNT,
    "65": "1!a6!n" + _AMOUNT,
    "70": "4*35x",
    "71A": "3!a",
    "71B": "6*35x",
    "71F": _AMOUNT,
    "71G": _AMOUNT,
    "72": "6*35x",
    "75": "6*35x",
    "76": "6*35x",
    "77A": "20*35x",
    "77B": "3*35x",
    "77T": "9000z",
    "79": "35*50x",
    "86": "6*65x",
    "90C": "5n" + _AMOUNT,
    "90D": "5n" + _AMOUNT,
}
for _number in range(52, 59):
    FORMATS[f"{_number}A"] = _PARTY + _BIC
    FORMATS[f"{_number}B"] = _PARTY + "[35x]"
    FORMATS[f"{_number}C"] = "/34x"
    FORMATS[f"{_number}D"] = _PARTY + "4*35x"


@cache
def pattern(notation: str) -> re.Pattern[str]:
    """Return the expression that texts of a format match; lines are separated by "\\n".

    A first line that may be missing takes its line end with it.
    """
    first, line_end, rest = notation.partition("$")
    if line_end and first.startswith("["):
        return re.compile(f"(?:(?!\n){_parts(first)}\n)?{_parts(rest)}", re.ASCII)
    return re.compile(_parts(notation), re.ASCII)


def matches(notation: str, value: str) -> bool:
    """Say whether a field's value has the format."""
    return pattern(notation).fullmatch(value) is not None


def _parts(notation: str) -> str:
    return "".join(_part(match) for match in _TOKEN.finditer(notation))


def _part(match: re.Match[str]) -> str:
    lines, length, exact, _, letter, literal = match.groups()
    if literal is not None:
        return {"[": "(?:", "]": ")?", "$": "\n"}.get(literal, re.escape(literal))
    characters = f"[{_SETS[letter]}]"
    if letter == "d":
        return f"{_DECIMAL}{characters}{{2,{length}}}"
    if lines is not None:
        line = f"{characters}{{1,{length}}}"
        return f"{line}(?:\n{line}){{0,{int(lines) - 1}}}"
    return f"{characters}{{{length}}}" if exact else f"{characters}{{1,{length}}}"


def format_problem(tag: str, value: str, notation: str = "") -> str:
    """Say what is wrong with a field's value after its format, or ``""``."""
    wanted = notation or FORMATS.get(tag, "")
    if not wanted or matches(wanted, value):
        return ""
    shown = value.split("\n", 1)[0][:40]
    return f"{shown!r} has not the format {wanted.replace('$', ' newline ')}"
