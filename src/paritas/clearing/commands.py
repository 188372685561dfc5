"""What the commands clear, setoff, match and verify do: files in, files out, one line on an error.

Each returns the exit code: 0 done, 1 refused or failed. The numbers are printed by nobody here;
they are in the result file.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from paritas.clearing.problem import ClearingError, decode, read_bytes, read_problem


def clear_command(
    problem_path: Path, out_path: Path, rule: str = "free", time_limit_s: float = 20.0
) -> int:
    """Clear the problem at ``problem_path`` and write the RESULT to ``out_path``."""
    from paritas.clearing.clear import clear

    started_s = time.monotonic()
    try:
        with _without_collections():
            result = clear(read_problem(Path(problem_path)), rule, time_limit_s, started_s)
            _write(Path(out_path), result)
    except ClearingError as error:
        return _refuse(error)
    return 0


def setoff_command(
    obligations_path: Path,
    out_path: Path,
    across_currencies: bool = False,
    rates_path: Path | None = None,
    consent_path: Path | None = None,
    *,
    own_process: bool = False,
) -> int:
    """Set off the obligations at ``obligations_path`` and write the RESULT to ``out_path``.

    Across currencies, ``rates_path`` holds ``{"CUR": "reference value of one minor unit"}`` and
    ``consent_path`` ``{"MEMBER": {"CUR": limit in minor units}}``. ``own_process`` says that this process does
    nothing else afterwards (a command line), which saves the start of another.
    """
    from paritas.clearing.obligations import read_obligations

    try:
        with _without_collections():
            if across_currencies != (rates_path is not None and consent_path is not None):
                raise ClearingError(
                    "set-off across currencies needs --across-currencies, --rates and --consent together"
                )
            obligations = read_obligations(Path(obligations_path))
            if rates_path is not None and consent_path is not None:
                from paritas.clearing.across import Consent, setoff_across

                rates = _read(Path(rates_path), dict[str, str])
                consent = _read(Path(consent_path), Consent)
                result = setoff_across(obligations, rates, consent)
            else:
                from paritas.clearing.setoff import Setoff

                result = Setoff.solve(obligations, own_process=own_process).result()
            _write(Path(out_path), result)
    except ClearingError as error:
        return _refuse(error)
    return 0


def match_command(orders_path: Path, out_path: Path, time_limit_s: float = 10.0) -> int:
    """Match the orders at ``orders_path`` and write the RESULT to ``out_path``."""
    from paritas.clearing.matching.match import match
    from paritas.clearing.matching.orders import read_orders

    started_s = time.monotonic()
    try:
        with _without_collections():
            result = match(read_orders(Path(orders_path)), time_limit_s, started_s)
            _write_pieces(Path(out_path), result.encode())
    except ClearingError as error:
        return _refuse(error)
    return 0


def verify_command(problem_path: Path, result_path: Path) -> int:
    """Check a result of clear, setoff or match against its problem; print ``valid``, or why not."""
    from paritas.clearing.matching.orders import read_orders
    from paritas.clearing.matching.verify import is_match_result, verify_match
    from paritas.clearing.obligations import read_obligations
    from paritas.clearing.verify import (
        InvalidResultError,
        load_result,
        read_result,
        verify_clearing,
    )
    from paritas.clearing.verify_setoff import verify_setoff

    try:
        with _without_collections():
            text = read_result(Path(result_path))
            if is_match_result(text):
                verify_match(read_orders(Path(problem_path)), text)
            elif "cleared" in load_result(text):
                verify_setoff(read_obligations(Path(problem_path)), text)
            else:
                verify_clearing(read_problem(Path(problem_path)), text)
    except (ClearingError, InvalidResultError) as error:
        return _refuse(error)
    print("valid")
    return 0


def _read(path: Path, kind: Any) -> Any:
    try:
        return decode(read_bytes(path), kind)
    except ClearingError as error:
        raise ClearingError(f"{path}: {error}") from None


def _write(path: Path, result: dict[str, Any]) -> None:
    import json

    try:
        text = msgspec.json.encode(result)
    except OverflowError:
        # Exact multipliers may need more than 64 bits.
        text = json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode()
    _write_pieces(path, [text])


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    try:
        with path.open("wb") as file:
            file.writelines(pieces)
    except OSError as error:
        raise ClearingError(f"{path}: cannot be written: {error.strerror or error}") from None


def _refuse(error: Exception) -> int:
    print(" ".join(str(error).split()), file=sys.stderr)
    return 1


@contextmanager
def _without_collections() -> Iterator[None]:
    """Hold the cyclic garbage collector: millions of live objects make it slow, and none are garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
