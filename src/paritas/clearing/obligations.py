"""Obligations for set-off: debts between two members, divisible; read strictly from CSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec

from paritas.clearing.problem import AMOUNT_MINOR_MAX, ClearingError, decode, read_bytes

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
_Positive = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MINOR_MAX)]

_DIGITS_MAX = 40
_COLUMNS = ("debtor", "creditor", "currency", "amount")


class Obligation(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """``debtor`` owes ``creditor`` ``amount`` minor units of ``currency``."""

    debtor: _Name
    creditor: _Name
    currency: _Name
    amount: _Positive
    id: _Name | int | None = None


def read_obligations(path: Path) -> list[Obligation]:
    """Read and check a file of obligations: JSON if it starts with ``[`` or ``{``, else CSV.

    :raises ClearingError: naming the file and the first row that is wrong.
    """
    try:
        return parse_obligations(read_bytes(path))
    except ClearingError as error:
        raise ClearingError(f"{path}: {error}") from None


def parse_obligations(text: bytes) -> list[Obligation]:
    """Decode and check obligations.

    :raises ClearingError: naming the first row that is wrong, counted from 1.
    """
    if text.lstrip()[:1] in (b"[", b"{"):
        obligations = decode(text, list[Obligation])
    else:
        obligations = _parse_csv(text)
    check_obligations(obligations)
    return obligations


def check_obligations(obligations: list[Obligation]) -> None:
    """Check what the shape cannot say: none empty, no debts to oneself, ids that differ.

    :raises ClearingError: naming the first row that is wrong, counted from 1.
    """
    if not obligations:
        raise ClearingError("there are no obligations; give at least one row")
    # Whole columns are checked at once; only a failure looks for the row.
    ids = [obligation.id for obligation in obligations if obligation.id is not None]
    if len(set(map(str, ids))) == len(ids) and not any(
        obligation.debtor == obligation.creditor for obligation in obligations
    ):
        return
    seen: set[str] = set()
    for row, obligation in enumerate(obligations, 1):
        if obligation.debtor == obligation.creditor:
            raise ClearingError(f"row {row}: {obligation.debtor} owes itself; remove the row")
        if obligation.id is not None:
            if str(obligation.id) in seen:
                raise ClearingError(
                    f"row {row}: id {str(obligation.id)!r} is already taken; ids must differ"
                )
            seen.add(str(obligation.id))


def _parse_csv(text: bytes) -> list[Obligation]:
    try:
        lines = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(lines, [])]
        _check_header(header)
        rows = [line for line in lines if line]
        return _columns(header, rows) or list(_rows(header, rows))
    except UnicodeDecodeError:
        raise ClearingError("not UTF-8 text; save the file as UTF-8") from None
    except csv.Error as error:
        raise ClearingError(f"not readable as CSV: {error}") from None


def _check_header(header: list[str]) -> None:
    for name in _COLUMNS:
        if name not in header:
            raise ClearingError(
                f"header: column {name} is missing; needed are {','.join(_COLUMNS)}[,id]"
            )
    for name in header:
        if name not in (*_COLUMNS, "id"):
            raise ClearingError(f"header: column {name!r} is unknown; remove it")
        if header.count(name) > 1:
            raise ClearingError(f"header: column {name} occurs twice; remove one")


def _columns(header: list[str], rows: list[list[str]]) -> list[Obligation]:
    """Take all rows at once, a column at a time; none where one row is wrong."""
    if not rows or set(map(len, rows)) != {len(header)}:
        return []
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    digits = columns["amount"]
    together = "".join(digits)
    if not (together.isascii() and together.isdigit()) or len(max(digits, key=len)) > _DIGITS_MAX:
        return []
    named = [columns[name] for name in ("debtor", "creditor", "currency")]
    if "" in digits or any("" in column for column in named):
        return []
    amounts = list(map(int, digits))
    if min(amounts) < 1 or max(amounts) > AMOUNT_MINOR_MAX:
        return []
    if "id" not in columns:
        return list(map(Obligation, *named, amounts))
    return list(map(Obligation, *named, amounts, (name or None for name in columns["id"])))


def _rows(header: list[str], lines: Iterable[list[str]]) -> Iterable[Obligation]:
    debtor, creditor, currency, amount = (header.index(name) for name in _COLUMNS)
    name = header.index("id") if "id" in header else -1
    for row, line in enumerate(lines, 1):
        if len(line) != len(header):
            raise ClearingError(f"row {row}: {len(line)} fields where the header has {len(header)}")
        digits = line[amount]
        if not (digits.isascii() and digits.isdigit()):
            raise ClearingError(
                f"row {row}: amount {digits[:40]!r} is not a positive integer of minor units"
            )
        units = int(digits) if len(digits) <= _DIGITS_MAX else AMOUNT_MINOR_MAX + 1
        if not 1 <= units <= AMOUNT_MINOR_MAX:
            raise ClearingError(f"row {row}: amount {digits[:40]} must be from 1 to 10^18")
        if not (line[debtor] and line[creditor] and line[currency]):
            raise ClearingError(f"row {row}: debtor, creditor and currency must not be empty")
        yield Obligation(
            line[debtor],
            line[creditor],
            line[currency],
            units,
            (line[name] or None) if name >= 0 else None,
        )
