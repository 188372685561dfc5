"""Passwords are hashed the cheap way here; test_people looks at the real way once."""

from __future__ import annotations

import argon2
import pytest

from paritas.people import login


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> None:
    login._HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    login._nobody.cache_clear()
