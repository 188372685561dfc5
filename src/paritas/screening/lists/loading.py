"""From a publisher's files to a list version; which form they have is seen from their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from lxml import etree

from paritas.screening.entities import Entry, ListVersion
from paritas.screening.lists import canada, eu, ofac, plain, uk, un
from paritas.screening.lists.reading import (
    ListError,
    cells,
    date_of,
    decode,
    local,
    parse_xml,
)


def read_list(
    files: Mapping[str, bytes], *, authority: str = "", name: str = "", published: str = ""
) -> ListVersion:
    """Read one list, of one file or of OFAC's three, as file name to content.

    ``authority``, ``name`` and ``published`` (ISO date) are what the caller knows; where they are
    empty the file's own are taken. Raises ``ListError`` if any file is not whole or not a known
    form, or if no date is known. A whole file without entries is read; ``accept`` objects to it.
    """
    if not files:
        raise ListError("no file: name the list's files")
    if len(files) > 1:
        entries, stated = ofac.read_csv(files)
        defaults = ("OFAC", "SDN")
    else:
        ((file, data),) = files.items()
        if data.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"<"):
            entries, stated, defaults = _read_xml(file, parse_xml(file, data))
        else:
            entries, stated, defaults = _read_table(file, data)
    where = ", ".join(files)
    nameless = next((entry.id for entry in entries if not entry.names), None)
    if nameless is not None:
        raise ListError(f"{where}: entry {nameless} has no name: fetch it again")
    date = date_of(published or stated)
    if len(date) != 10:
        raise ListError(f"{where}: says no date: give the date on which it was published")
    return ListVersion(
        authority=authority or defaults[0],
        name=name or defaults[1],
        published=date,
        sha256=_hash(files),
        entries=entries,
    )


def _hash(files: Mapping[str, bytes]) -> str:
    """Hash every file's length and content, whatever the order they were named in."""
    digest = hashlib.sha256()
    for content in sorted(files.values()):
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


_Read = tuple[tuple[Entry, ...], str, tuple[str, str]]


def _read_xml(file: str, root: etree._Element) -> _Read:
    match local(root):
        case "sdnList":
            return *ofac.read_xml(file, root), ("OFAC", "SDN")
        case "Sanctions":
            return *ofac.read_advanced_xml(root), ("OFAC", "SDN")
        case "CONSOLIDATED_LIST":
            return *un.read(root), ("UN", "consolidated")
        case "export":
            return *eu.read_xml(root), ("EU", "consolidated")
        case "ArrayOfFinancialSanctionsTarget":
            return *uk.read_consolidated_xml(root), ("UK", "consolidated")
        case "Designations":
            return *uk.read_sanctions_list_xml(root), ("UK", "sanctions")
        case "data-set":
            return *canada.read(file, root), ("CA", "SEMA")
        case other:
            raise ListError(f"{file}: <{other}> is no list known here: use the plain CSV form")


def _read_table(file: str, data: bytes) -> _Read:
    text = decode(file, data)
    start = text[:4096].lower()
    first_line = start.partition("\n")[0]
    if "entity_logicalid" in first_line or "entity_logical_id" in first_line:
        return *eu.read_csv(file, data), ("EU", "consolidated")
    if first_line.startswith(("last updated", "report date")):
        return *uk.read_csv(file, data), ("UK", "consolidated")
    _, header = next(iter(cells(file, text)))
    if {"id", "name"} <= {cell.strip() for cell in header}:
        return *plain.read(file, data), ("", file)
    if len(header) == 12:
        return *ofac.read_csv({file: data}), ("OFAC", "SDN")
    raise ListError(
        f"{file}: no list known here: use a publisher's own file, or the plain form with the "
        f"columns {', '.join(plain.COLUMNS)}"
    )
