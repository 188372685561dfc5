"""Build hook: makes the schema bundle before an sdist, a wheel or an editable install."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# A build backend does not put the project's own folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import build_schemas


class SchemaBundleHook(BuildHookInterface[Any]):
    """Makes the XSD files that `artifacts` in pyproject.toml then carries along."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle; a fresh one, as an sdist has it, is left as it is."""
        try:
            count = build_schemas.build()
        except build_schemas.BuildError as error:
            self.app.abort(f"schema bundle: {error}")
        self.app.display_info(f"schema bundle: {count} schemas")
