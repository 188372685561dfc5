"""`paritas check`: what is wrong with the messages in files, one result for each message.

A result is ``{"file", "message", "valid", "findings": [{"code", "path", "line", "text"}]}``.
``message`` is the message type, or None where the file does not tell. ``valid`` is None for a type
that has no schema here, false if something would have the message refused, else true: findings
that remain are then remarks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, TextIO

from paritas.iso20022.parsing import TREE_BYTES_MAX, UnreadableError
from paritas.iso20022.reader import read_messages, read_stream, regular_file_size
from paritas.iso20022.values import Finding, ReadResult

_UNSUPPORTED = "rule.unsupported"
_MT_START_BYTES = 2048
# The blocks of a SWIFT FIN message, or the bare fields that statement files often are.
_MT_BLOCKS = re.compile(rb"\s*\{1:")
_MT_FIELDS = re.compile(rb"(?:[^<\n]{0,80}\n){0,8}:20:")
_MT_TYPE = re.compile(rb"\{2:[IO](\d{3})")
_MT_BARE_TYPE = re.compile(rb"^:?(9\d\d)\b", re.MULTILINE)
_MT_COVER = re.compile(rb"\{119:COV\}")


def check_bytes(data: bytes, name: str) -> list[dict[str, Any]]:
    """Check all messages in a file's bytes; ``name`` is the file that the results name."""
    mt = _mt_type(data)
    if mt is not None:
        text = f"a SWIFT {mt} message is not read here: send its ISO 20022 equivalent"
        return [_result(name, mt, [Finding(_UNSUPPORTED, "", 0, text)])]
    if len(data) > TREE_BYTES_MAX:
        return [_result_of(name, read_stream(BytesIO(data)))]
    return [_result_of(name, [result]) for result in read_messages(data)]


def check_paths(paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Check files of any size, one after the other; whatever is wrong with one, go on."""
    for name in paths:
        path = Path(name)
        try:
            size = regular_file_size(path)
            with path.open("rb") as source:
                if size > TREE_BYTES_MAX:
                    yield _result_of(name, read_stream(source))
                else:
                    yield from check_bytes(source.read(TREE_BYTES_MAX + 1), name)
        except UnreadableError as error:
            yield _result(name, None, [error.finding])
        except (OSError, ValueError) as error:
            text = f"cannot be read: {getattr(error, 'strerror', None) or error}"
            yield _result(name, None, [Finding("xml.unreadable", "", 0, text, "FF01")])


def check_command(paths: list[str], out: TextIO) -> int:
    """Write one JSON line for each message to ``out``; returns 1 if any is invalid, else 0."""
    code = 0
    for result in check_paths(paths):
        out.write(json.dumps(result, ensure_ascii=False) + "\n")
        if result["valid"] is False:
            code = 1
    return code


def _result_of(name: str, windows: Iterable[ReadResult]) -> dict[str, Any]:
    """Put the windows of one message together, without keeping its transactions."""
    message = None
    findings: list[Finding] = []
    for window in windows:
        message = window.message or message
        findings += window.findings
    return _result(name, message.message_type if message else None, findings)


def _result(name: str, message: str | None, findings: list[Finding]) -> dict[str, Any]:
    refusing = {finding.code for finding in findings if finding.reason}
    unsupported = any(finding.code == _UNSUPPORTED for finding in findings)
    valid = False if refusing - {_UNSUPPORTED} else None if unsupported else True
    return {
        "file": _printable(name),
        "message": message or None,
        "valid": valid,
        "findings": [
            {
                "code": finding.code,
                "path": finding.path,
                "line": finding.line,
                "text": _printable(finding.text),
            }
            for finding in findings
        ],
    }


def _mt_type(data: bytes) -> str | None:
    """Return the type of a SWIFT MT message, such as ``MT103``, or None if it is none."""
    start = data[:_MT_START_BYTES]
    blocks = _MT_BLOCKS.match(start)
    if blocks is None and _MT_FIELDS.match(start) is None:
        return None
    number = (_MT_TYPE if blocks else _MT_BARE_TYPE).search(start)
    if number is None:
        return "MT"
    return f"MT{number[1].decode()}" + (" COV" if _MT_COVER.search(start) else "")


def _printable(text: str) -> str:
    """Replace what no UTF-8 terminal or file can take: parts of names that are not text."""
    return text.encode("utf-8", "replace").decode("utf-8")
