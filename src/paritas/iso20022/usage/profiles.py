"""The profiles that `paritas check --profile` knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from paritas.iso20022.usage.cbpr import CBPR, release_of
from paritas.iso20022.usage.harmonised import HARMONISED
from paritas.iso20022.usage.view import Broken, Rules, UsageRule, View


class Profile(NamedTuple):
    """A name, its rules, and the release of them that holds for a message."""

    name: str
    rules: Rules
    release: Callable[[View], int]

    def broken(self, view: View) -> Iterator[tuple[UsageRule, Broken]]:
        """Hold a message against the rules of the profile."""
        if self.rules.all:
            yield from self.rules.broken(view, self.release(view))


def _no_release(_: View) -> int:
    return 0


#: Nothing beyond what holds for every message.
PLAIN = Profile("plain", Rules("rule"), _no_release)
PROFILES = {
    profile.name: profile
    for profile in (
        PLAIN,
        Profile("cbpr+", CBPR, release_of),
        Profile("cbpr+2025", CBPR, lambda _: 2025),
        Profile("cbpr+2026", CBPR, lambda _: 2026),
        Profile("harmonised", HARMONISED, _no_release),
    )
}
