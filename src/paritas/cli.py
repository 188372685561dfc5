"""The commands a person types. This module wires the rooms together, and nothing else does."""

from __future__ import annotations

import sys
from typing import Never

from cyclopts import App

from paritas import __version__

app = App(name="paritas", help=__doc__, version=__version__)


def main() -> Never:
    """Run the command line; the exit code is 0 done, 1 refused or failed, 2 wrong usage."""
    sys.exit(app())
