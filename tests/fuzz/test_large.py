"""Ten megabytes that are meant to hurt: a verdict, little memory, no long wait.

Measured in a process of its own, because a peak of memory belongs to a process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_MEGABYTES_MAX = 200
#: Far above what they take (docs/benchmarks.md): only what does not end is meant to fail here.
_SECONDS_MAX = 20
#: A few of `large_inputs.INPUTS`, one of each kind; the program runs them all.
_SOME = (
    *("empty elements", "elements with blanks", "deep nesting", "attributes", "entities"),
    *("escapes in a wide message", "empty transactions", "wrong transactions", "wrong entries"),
    *("headers", "documents", "opening brackets"),
    *("MT: a million fields", "MT: a block", "MT: a field", "MT: lines of a field", "MT: messages"),
)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_ten_megabytes_take_no_long_time_and_little_memory() -> None:
    paths = (_ROOT / "src", _ROOT / "tests", _HERE)
    run = subprocess.run(
        [sys.executable, str(_HERE / "large_inputs.py"), *_SOME],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    measured = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(measured) == 2 * len(_SOME)
    for line in measured:
        assert line["mb"] < _MEGABYTES_MAX, line
        assert line["seconds"] < _SECONDS_MAX, line
