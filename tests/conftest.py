"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# No test asserts a time: machines are shared and slow at times.
settings.register_profile("paritas", deadline=None)
settings.load_profile("paritas")
