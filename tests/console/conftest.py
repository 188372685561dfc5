"""The console's tests use the served node of tests/trust, with passwords hashed the cheap way."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "trust"))

import argon2
import pytest

from paritas.people import login


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> None:
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    login._HASHER, login._NOBODY = cheap, cheap.hash("nobody")
