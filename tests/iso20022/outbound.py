"""What the tests of outbound messages share: reading back, the official schemas, any text."""

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import strategies as st
from lxml import etree

from paritas.iso20022.writer import Draft

SHARED = Path(os.environ.get("PARITAS_SHARED", Path(__file__).resolve().parents[3] / "shared"))

UETR = "8a562c67-ca16-48ba-b074-65581be6f001"
NOW = "2026-11-23T10:00:00Z"

# Every code point there is: control characters, surrogates, right-to-left marks and emoji too.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=400)


def sent(draft: Draft) -> etree._Element:
    """Let a message out, hold it against the official schema if there is one, and read it."""
    message_type = draft.message_type
    data = draft.checked()
    root = etree.fromstring(data)
    official = official_schema(message_type)
    if official is not None:
        body = root if root.tag.endswith("}Document") else root[1]
        assert official.validate(body), official.error_log
    assert all(element.prefix is None for element in root.iter())
    return root


@cache
def official_schema(message_type: str) -> etree.XMLSchema | None:
    path = SHARED / "iso20022-schemas" / f"{message_type}.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.exists() else None


def needs_shared(folder: str) -> pytest.MarkDecorator:
    absent = not (SHARED / folder).is_dir()
    return pytest.mark.skipif(absent, reason=f"no folder shared/{folder} beside the project")


def texts(root: etree._Element, path: str) -> list[str]:
    """Return the texts at a path of names such as "TxInfAndSts/TxSts", wherever it begins."""
    wild = "/".join(f"{{*}}{name}" for name in path.split("/"))
    return [element.text or "" for element in root.iterfind(f".//{wild}")]


def text(root: etree._Element, path: str) -> str:
    (only,) = texts(root, path)
    return only


def readable(written: str) -> str:
    """What a reader gets: characters outside XML 1.0's Char production are U+FFFD."""
    return "".join(each if _is_char(ord(each)) else "\ufffd" for each in written)


def _is_char(point: int) -> bool:
    return (
        point in (0x9, 0xA, 0xD)
        or 0x20 <= point <= 0xD7FF
        or 0xE000 <= point <= 0xFFFD
        or 0x10000 <= point <= 0x10FFFF
    )


def cut(written: str, length: int) -> str:
    return written if len(written) <= length else written[: length - 1] + "…"
