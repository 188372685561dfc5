"""Everything in the fuzzer's corpus, and what the fuzzer has found, without the fuzzer."""

from __future__ import annotations

from pathlib import Path

import pytest
import targets

_CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("path", sorted((_CORPUS / "xml").iterdir()), ids=lambda path: path.name)
def test_xml(path: Path) -> None:
    targets.xml(path.read_bytes())


@pytest.mark.parametrize("path", sorted((_CORPUS / "mt").iterdir()), ids=lambda path: path.name)
def test_mt(path: Path) -> None:
    targets.mt(path.read_bytes())
