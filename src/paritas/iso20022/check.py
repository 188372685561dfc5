"""`paritas check`: what is wrong with the messages in files, one result for each message.

A result is ``{"file", "message", "valid", "findings": [{"code", "path", "line", "text"}]}``.
``message`` is the message type, or None where the file does not tell. ``valid`` is None for a type
that has no schema here, false if something would have the message refused, else true: findings
that remain are then remarks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from paritas.iso20022.glance import glance
from paritas.iso20022.parsing import (
    TREE_BYTES_MAX,
    UnreadableError,
    messages_of,
    parse_all,
)
from paritas.iso20022.reader import (
    FILE_BYTES_MAX,
    read_stream,
    regular_file_size,
    start_of_broken,
)
from paritas.iso20022.usage.characters import maybe_unreadable
from paritas.iso20022.usage.profiles import PLAIN, Profile
from paritas.iso20022.validation import FINDINGS_MAX
from paritas.iso20022.values import Finding, ReadResult
from paritas.iso20022.verdict import verdict

_UNSUPPORTED = "rule.unsupported"
STANDARD_INPUT = "-"
# How many findings the messages of one file may have together, and each of them at the least.
_FINDINGS_MAX = 10_000
_FINDINGS_LEAST = 10
#: Reads another format than XML: gives its results, or None where the bytes are not of it.
OtherFormat = Callable[[bytes, str], list[dict[str, Any]] | None]


def only_xml(data: bytes, name: str) -> None:
    """Know no format but XML."""


def check_bytes(
    data: bytes, name: str, other: OtherFormat = only_xml, profile: Profile = PLAIN
) -> list[dict[str, Any]]:
    """Check all messages in a file's bytes; ``name`` is the file that the results name."""
    results = other(data, name)
    if results is not None:
        return results
    if len(data) > TREE_BYTES_MAX:
        return [_result_of_stream(name, BytesIO(data), profile)]
    try:
        root = parse_all(data)
        if not profile.rules.all:
            known = glance(data, root)
            if known is not None:
                return [_result(name, *known)]
        placed = messages_of(root)
    except UnreadableError as error:
        broken = start_of_broken(data)
        return [_result(name, broken.message_type if broken else None, [error.finding])]
    unreadable = maybe_unreadable(data)
    results, left = [], _FINDINGS_MAX
    for each in placed:
        most = min(FINDINGS_MAX, max(left, _FINDINGS_LEAST))
        findings = verdict(
            each, len(data), profile, may_be_unreadable=unreadable, findings_max=most
        )
        left -= len(findings)
        results.append(_result(name, each.message_type, findings))
    return results


def check_paths(
    paths: Iterable[str], other: OtherFormat = only_xml, profile: Profile = PLAIN
) -> Iterator[dict[str, Any]]:
    """Check files of any size, one after the other; whatever is wrong with one, go on.

    A directory stands for the files below it, ``-`` for standard input.
    """
    for name in paths:
        if name == STANDARD_INPUT:
            yield from check_bytes(sys.stdin.buffer.read(FILE_BYTES_MAX + 1), name, other, profile)
        elif Path(name).is_dir():
            files = sorted(str(path) for path in Path(name).rglob("*") if not path.is_dir())
            if not files:
                finding = Finding("xml.directory", "", 0, "a directory without any file", "FF01")
                yield _result(name, None, [finding])
            yield from check_paths(files, other, profile)
        else:
            yield from _check_file(name, other, profile)


def _check_file(name: str, other: OtherFormat, profile: Profile) -> Iterator[dict[str, Any]]:
    path = Path(name)
    try:
        size = regular_file_size(path)
        with path.open("rb") as source:
            if size > TREE_BYTES_MAX:
                yield _result_of_stream(name, source, profile)
            else:
                yield from check_bytes(source.read(TREE_BYTES_MAX + 1), name, other, profile)
    except UnreadableError as error:
        yield _result(name, None, [error.finding])
    except (OSError, ValueError) as error:
        text = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        yield _result(name, None, [Finding("xml.unreadable", "", 0, text, "FF01")])


def check_command(
    paths: list[str], out: TextIO, other: OtherFormat = only_xml, profile: Profile = PLAIN
) -> int:
    """Write one JSON line for each message to ``out``; returns 1 if any is invalid, else 0."""
    code = 0
    for result in check_paths(paths, other, profile):
        out.write(json.dumps(result, ensure_ascii=False) + "\n")
        if result["valid"] is False:
            code = 1
    return code


def _result_of_stream(name: str, source: BinaryIO, profile: Profile) -> dict[str, Any]:
    """Check a file that is too large for a tree, in windows: its schema, amounts and sums.

    Remarks need the whole tree, and so do the rules of a profile.
    """
    windows: Iterable[ReadResult] = read_stream(source)
    if profile.rules.all:
        text = f"larger than {TREE_BYTES_MAX:,} bytes: too large for the profile {profile.name}"
        finding = Finding("rule.too_large", "", 0, text, "NARR")
        windows = chain(windows, [ReadResult(None, (), (finding,))])
    return _result_of(name, windows)


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


def _printable(text: str) -> str:
    """Replace what no UTF-8 terminal or file can take: parts of names that are not text."""
    return text.encode("utf-8", "replace").decode("utf-8")
