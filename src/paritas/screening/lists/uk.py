"""Lists of the United Kingdom.

The consolidated list of the Office of Financial Sanctions Implementation (CSV whose first line is
its date, and XML), which holds one row per name; and the UK Sanctions List of the Foreign Office
that follows it (XML and CSV).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from paritas.screening.entities import Entry, Kind
from paritas.screening.lists.reading import (
    EntryBuilder,
    ListError,
    cells,
    date_of,
    decode,
    joined_name,
    kind_of,
    local,
    table,
    text_of,
    texts,
    tidy,
)

_NAME_ORDER = ("1", "2", "3", "4", "5", "6")
# Cells that hold several values number them: (1) ... (2) ...
_NUMBERED = re.compile(r"\(\d+\)")


def _several(cell: str) -> list[str]:
    return [part for part in (tidy(part) for part in _NUMBERED.split(cell)) if part]


def read_csv(file: str, data: bytes) -> tuple[tuple[Entry, ...], str]:
    """Read either CSV; returns the entries and the date in its first line."""
    _, first = next(iter(cells(file, decode(file, data))))
    published = date_of(first[-1].partition(":")[2] or first[-1])
    entries: dict[str, EntryBuilder] = {}
    for line, raw in table(file, data, skip=1):
        row = {re.sub(r"[^a-z0-9]", "", name.lower()): cell for name, cell in raw.items()}
        number = row.get("groupid") or row.get("uniqueid") or row.get("ofsigroupid") or ""
        if not number:
            raise ListError(f"{file}, line {line}: no Group ID: fetch the file again")
        _read_row(row, entries, number)
    return tuple(entry.build() for entry in entries.values()), published


def _read_row(row: dict[str, str], entries: dict[str, EntryBuilder], number: str) -> None:
    kind = row.get("grouptype") or row.get("designationtype") or row.get("individualentityship", "")
    entry = entries.setdefault(number, EntryBuilder(number, kind_of(kind)))
    said = (row.get("aliastype") or row.get("nametype") or "").lower()
    quality = (row.get("aliasquality") or row.get("aliasstrength") or "").lower()
    entry.name(
        joined_name(row.get(f"name{part}") for part in _NAME_ORDER),
        weak="low" in quality,
        primary=said == "primary name",
    )
    entry.name(row.get("namenonlatinscript"))
    for birth in _several(row.get("dob", "")):
        entry.birth(birth)
    for column in ("nationality", "nationalityies", "country", "addresscountry"):
        for country in _several(row.get(column, "")):
            entry.country(country)
    for column, name in (
        ("passportnumber", "passport"),
        ("nationalidentificationnumber", "national"),
        ("nationalidentifiernumber", "national"),
        ("businessregistrationnumbers", "registration"),
        ("businessregistrationnumber", "registration"),
        ("imonumber", "imo"),
    ):
        for value in _several(row.get(column, "")):
            entry.identifier(name, value)
    _read_note(row.get("otherinformation", ""), entry)
    entry.programme(row.get("regime") or row.get("regimename"))


_IMO_NOTE = re.compile(r"IMO[^0-9]{0,20}(\d{7})")


def _read_note(note: str, entry: EntryBuilder) -> None:
    if entry.kind is Kind.VESSEL:
        for number in _IMO_NOTE.findall(note):
            entry.identifier("imo", number)


def read_consolidated_xml(root: etree._Element) -> tuple[tuple[Entry, ...], str]:
    """Read ``ConList.xml``; it carries no date of its own, so the latest change stands for it."""
    entries: dict[str, EntryBuilder] = {}
    latest = ""
    for item in root.iterfind("{*}FinancialSanctionsTarget"):
        row = {local(child).lower().replace("_", ""): tidy(child.text) for child in item}
        number = row.get("groupid", "")
        if not number:
            raise ListError("a FinancialSanctionsTarget has no GroupID: fetch the file again")
        row["grouptype"] = row.get("grouptypedescription", "")
        row["dob"] = row.get("individualdateofbirth") or row.get("dateofbirth", "")
        row["nationality"] = row.get("individualnationality") or row.get("nationality", "")
        row["passportnumber"] = row.get("individualpassportnumber") or row.get("passportnumber", "")
        row["nationalidentificationnumber"] = row.get("individualninumber") or row.get(
            "ninumber", ""
        )
        row["imonumber"] = row.get("shipimonumber") or row.get("imonumber", "")
        row["businessregistrationnumber"] = row.get("entitybusinessregnumber") or row.get(
            "businessregnumber", ""
        )
        row["aliastype"] = row.get("aliastypename") or row.get("aliastype", "")
        row["regime"] = row.get("regimename", "")
        _read_row(row, entries, number)
        latest = max(latest, date_of(row.get("lastupdated") or row.get("datelisted", "")))
    return tuple(entry.build() for entry in entries.values()), latest


def read_sanctions_list_xml(root: etree._Element) -> tuple[tuple[Entry, ...], str]:
    """Read the UK Sanctions List; returns the entries and the date on which it was generated."""
    entries = []
    for item in root.iterfind("{*}Designation"):
        kind = kind_of(text_of(item, "IndividualEntityShip"))
        entry = EntryBuilder(text_of(item, "UniqueID"), kind)
        for name in item.iterfind("{*}Names/{*}Name"):
            entry.name(
                joined_name(text_of(name, f"Name{part}") for part in _NAME_ORDER),
                weak="low" in text_of(name, "AliasStrength").lower(),
                primary=text_of(name, "NameType").lower() == "primary name",
            )
        for written in texts(item, "NonLatinNames", "NonLatinName", "NameNonLatinScript"):
            entry.name(written)
        _read_details(item, entry)
        entry.programme(text_of(item, "RegimeName"))
        entries.append(entry.build())
    return tuple(entries), date_of(text_of(root, "DateGenerated"))


def _read_details(item: etree._Element, entry: EntryBuilder) -> None:
    person = ("IndividualDetails", "Individual")
    for birth in texts(item, *person, "DOBs", "DOB"):
        entry.birth(birth)
    for country in _each(
        item,
        (*person, "Nationalities", "Nationality"),
        ("Addresses", "Address", "AddressCountry"),
        ("ShipDetails", "Ship", "CurrentBelievedFlags", "CurrentBelievedFlag"),
    ):
        entry.country(country)
    for name, path in (
        ("passport", (*person, "PassportDetails", "Passport", "PassportNumber")),
        ("national", (*person, "NationalIdentifierDetails", "NationalIdentifier", "NationalIdentifierNumber")),
        ("registration", ("EntityDetails", "Entity", "BusinessRegistrationNumbers", "BusinessRegistrationNumber")),
        ("imo", ("ShipDetails", "Ship", "IMONumbers", "IMONumber")),
    ):  # fmt: skip
        for value in texts(item, *path):
            entry.identifier(name, value)


def _each(item: etree._Element, *paths: tuple[str, ...]) -> Iterable[str]:
    for path in paths:
        yield from texts(item, *path)
