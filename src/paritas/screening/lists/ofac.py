"""Lists of the Office of Foreign Assets Control (United States), in its three forms.

CSV: ``sdn.csv`` (or ``cons_prim.csv``) with the aliases in ``alt.csv`` and the addresses in
``add.csv``, none with a header; ``-0-`` stands for nothing, the remarks hold dates of birth,
nationalities, numbers and weak aliases, and the files end with a control-Z. XML: ``sdn.xml``. And
the advanced XML, whose reference tables are looked up by number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
    text_of,
    texts,
    tidy,
)

_PRIMARY_COLUMNS, _ALIAS_COLUMNS, _ADDRESS_COLUMNS = 12, 5, 6


def read_csv(files: Mapping[str, bytes]) -> tuple[tuple[Entry, ...], str]:
    """Read the primary file and, where given, those of aliases and addresses.

    Which file is which is told by its columns. Returns the entries and an empty date: the files
    carry none. Aliases and addresses of entries that the primary file lacks are left out, as the
    files may be of different days.
    """
    tables: dict[int, list[tuple[str, int, list[str]]]] = {}
    for file, data in files.items():
        rows = [(file, line, row) for line, row in cells(file, decode(file, data))]
        columns = len(rows[0][2])
        for _, line, row in rows:
            if len(row) != columns:
                raise ListError(
                    f"{file}, line {line}: {len(row)} columns instead of {columns}: "
                    "it may be cut off: fetch it again"
                )
        tables.setdefault(columns, []).extend(rows)
    unknown = tables.keys() - {_PRIMARY_COLUMNS, _ALIAS_COLUMNS, _ADDRESS_COLUMNS}
    if unknown or _PRIMARY_COLUMNS not in tables:
        raise ListError(
            f"{', '.join(files)}: not OFAC's tables: give sdn.csv, and with it alt.csv and add.csv"
        )
    entries: dict[str, EntryBuilder] = {}
    for _, _, row in tables[_PRIMARY_COLUMNS]:
        _read_primary(row, entries)
    for _, _, row in tables.get(_ALIAS_COLUMNS, []):
        if row[0] in entries:
            entries[row[0]].name(row[3])
    for _, _, row in tables.get(_ADDRESS_COLUMNS, []):
        if row[0] in entries:
            entries[row[0]].country(row[4])
    return tuple(entry.build() for entry in entries.values()), ""


def _read_primary(row: list[str], entries: dict[str, EntryBuilder]) -> None:
    kind = kind_of(row[2]) if tidy(row[2]) else Kind.ORGANISATION
    entry = entries[row[0]] = EntryBuilder(row[0].strip(), kind)
    entry.name(row[1], primary=True)
    for programme in re.split(r"\]\s*\[", row[3].strip().strip("[]")):
        entry.programme(programme)
    entry.country(row[9])
    _read_remarks(row[11], entry)


_WEAK_ALIAS = re.compile(r"(?:a\.k\.a\.|f\.k\.a\.|n\.k\.a\.)\s+'(.+)'")
# Numbers whose type is said in words without a digit; all others begin at the first digit.
_TYPED = re.compile(
    r"(?P<type>Passport|SWIFT/BIC|Legal Entity Number|Digital Currency Address - \w+)\s+(?P<value>.+)"
)
_NUMBERED = re.compile(r"(?P<type>[^0-9]*?)\s*(?P<value>\S*\d.*)")
_ISSUED = re.compile(r"(.*?)\s*\(([^()]*)\).*")
_ID_WORDS = (
    "Passport", "National ID", "Identification", "Cedula", "C.U.R.P.", "R.F.C.", "D.N.I.",
    "Tax ID", "Registration", "Business", "Company Number", "Legal Entity", "SWIFT/BIC",
    "Digital Currency", "Vessel Registration", "Unified Social", "SSN", "Commercial Registry",
    "Identity Card", "ID Card", "License", "V.A.T.", "MMSI", "Folio", "Chamber", "Enterprise",
    "RFC", "NIT", "RIF", "Matricula", "Trade License", "C.R. No.", "Electoral", "Birth Cert",
    "Aircraft Tail", "Aircraft Manufacturer",
)  # fmt: skip


def _read_remarks(remarks: str, entry: EntryBuilder) -> None:
    for item in tidy(remarks).split(";"):
        item = item.strip().removesuffix(".")
        if match := _WEAK_ALIAS.fullmatch(item):
            entry.name(match[1], weak=True)
        elif item.startswith(("DOB ", "alt. DOB ")):
            entry.birth(item.partition("DOB ")[2])
        elif item.startswith(("nationality ", "citizen ", "alt. nationality ", "alt. citizen ")):
            entry.country(item.removeprefix("alt. ").partition(" ")[2])
        elif item.removeprefix("alt. ").startswith(_ID_WORDS):
            issued = _ISSUED.fullmatch(item)
            said, country = (issued[1], issued[2]) if issued else (item, "")
            said = said.removeprefix("alt. ")
            if match := _TYPED.fullmatch(said) or _NUMBERED.fullmatch(said):
                entry.identifier(match["type"], match["value"], country)


def read_xml(file: str, root: etree._Element) -> tuple[tuple[Entry, ...], str]:
    """Read ``sdn.xml``: returns the entries and the date of publication."""
    published = date_of(text_of(root, "publshInformation", "Publish_Date"), month_first=True)
    entries = []
    for item in root.iterfind("{*}sdnEntry"):
        kind = kind_of(text_of(item, "sdnType"))
        entry = EntryBuilder(text_of(item, "uid"), kind)
        entry.name(_name(item), primary=True)
        for alias in item.iterfind("{*}akaList/{*}aka"):
            entry.name(_name(alias), weak=text_of(alias, "category").lower() == "weak")
        for path in (
            ("addressList", "address", "country"),
            ("nationalityList", "nationality", "country"),
            ("citizenshipList", "citizenship", "country"),
            ("vesselInfo", "vesselFlag"),
        ):
            for country in texts(item, *path):
                entry.country(country)
        for birth in texts(item, "dateOfBirthList", "dateOfBirthItem", "dateOfBirth"):
            entry.birth(birth)
        for number in item.iterfind("{*}idList/{*}id"):
            entry.identifier(
                text_of(number, "idType"), text_of(number, "idNumber"), text_of(number, "idCountry")
            )
        for programme in texts(item, "programList", "program"):
            entry.programme(programme)
        entries.append(entry.build())
    stated = text_of(root, "publshInformation", "Record_Count").replace(",", "")
    if stated.isdigit() and int(stated) != len(entries):
        raise ListError(
            f"{file}: holds {len(entries):,} entries but says it has {int(stated):,}: "
            "it may be cut off: fetch it again"
        )
    return tuple(entries), published


def _name(item: etree._Element) -> str:
    last, first = text_of(item, "lastName"), text_of(item, "firstName")
    return f"{last}, {first}" if last and first else last or first


def read_advanced_xml(root: etree._Element) -> tuple[tuple[Entry, ...], str]:
    """Read the advanced XML: returns the entries and the date of issue."""
    tables = _Tables(root)
    documents: dict[str, list[etree._Element]] = {}
    for document in root.iterfind("{*}IDRegDocuments/{*}IDRegDocument"):
        documents.setdefault(document.get("IdentityID", ""), []).append(document)
    programmes: dict[str, list[str]] = {}
    for item in root.iterfind("{*}SanctionsEntries/{*}SanctionsEntry"):
        found = texts(item, "SanctionsMeasure", "Comment")
        programmes.setdefault(item.get("ProfileID", ""), []).extend(found)
    entries = []
    for party in root.iterfind("{*}DistinctParties/{*}DistinctParty"):
        for profile in party.iterfind("{*}Profile"):
            entry = EntryBuilder(
                profile.get("ID") or party.get("FixedRef") or "",
                tables.kind(profile.get("PartySubTypeID", "")),
            )
            for identity in profile.iterfind("{*}Identity"):
                _read_identity(identity, entry, tables)
                for document in documents.get(identity.get("ID", ""), []):
                    entry.identifier(
                        tables.word("IDRegDocType", document.get("IDRegDocTypeID", "")),
                        text_of(document, "IDRegistrationNo"),
                        tables.country(document.get("IssuedBy-CountryID", "")),
                    )
            for feature in profile.iterfind("{*}Feature"):
                _read_feature(feature, entry, tables)
            for programme in programmes.get(profile.get("ID", ""), []):
                entry.programme(programme)
            entries.append(entry.build())
    issued = root.find("{*}DateOfIssue")
    return tuple(entries), "" if issued is None else _point(issued)


class _Tables:
    """The reference tables of an advanced file: numbers to words."""

    def __init__(self, root: etree._Element) -> None:
        self._words: dict[tuple[str, str], str] = {}
        self._party_types: dict[str, str] = {}
        self._iso: dict[str, str] = {}
        for item in root.iterfind("{*}ReferenceValueSets/{*}*/{*}*"):
            number, name = item.get("ID", ""), local(item)
            self._words[name, number] = tidy(item.text)
            if name == "PartySubType":
                self._party_types[number] = item.get("PartyTypeID", "")
            if name in ("Country", "AreaCode"):
                self._iso[name + number] = item.get("ISO2") or tidy(item.text)
        self._places = {
            place.get("ID", ""): self._place(place)
            for place in root.iterfind("{*}Locations/{*}Location")
        }

    def _place(self, place: etree._Element) -> str:
        for item in place.iterfind("{*}LocationCountry"):
            return self.country(item.get("CountryID", ""))
        for item in place.iterfind("{*}LocationAreaCode"):
            return self._iso.get("AreaCode" + item.get("AreaCodeID", ""), "")
        return ""

    def word(self, table: str, number: str) -> str:
        return self._words.get((table, number), "")

    def country(self, number: str) -> str:
        return self._iso.get("Country" + number, "")

    def place(self, number: str) -> str:
        return self._places.get(number, "")

    def kind(self, number: str) -> Kind:
        kind = kind_of(self.word("PartySubType", number))
        if kind is Kind.UNKNOWN:
            kind = kind_of(self.word("PartyType", self._party_types.get(number, "")))
        return kind


def _read_identity(identity: etree._Element, entry: EntryBuilder, tables: _Tables) -> None:
    types = {
        group.get("ID", ""): tables.word("NamePartType", group.get("NamePartTypeID", ""))
        for group in identity.iterfind("{*}NamePartGroups/{*}MasterNamePartGroup/{*}NamePartGroup")
    }
    for alias in identity.iterfind("{*}Alias"):
        for name in alias.iterfind("{*}DocumentedName"):
            parts = list(name.iterfind("{*}DocumentedNamePart/{*}NamePartValue"))
            entry.name(
                _documented(parts, types),
                weak=alias.get("LowQuality") == "true",
                primary=alias.get("Primary") == "true" and identity.get("Primary") != "false",
            )


def _documented(parts: Iterable[etree._Element], types: Mapping[str, str]) -> str:
    """Put a name's parts together, the family name first as in the other files."""
    last: list[str | None] = []
    rest: list[str | None] = []
    for part in parts:
        family = types.get(part.get("NamePartGroupID", ""), "") == "Last Name"
        (last if family else rest).append(part.text)
    if last and rest:
        return f"{joined_name(last)}, {joined_name(rest)}"
    return joined_name(last + rest)


def _read_feature(feature: etree._Element, entry: EntryBuilder, tables: _Tables) -> None:
    name = tables.word("FeatureType", feature.get("FeatureTypeID", ""))
    for version in feature.iterfind("{*}FeatureVersion"):
        if "birthdate" in name.lower():
            for period in version.iterfind("{*}DatePeriod"):
                entry.birth(_period(period))
        for place in version.iterfind("{*}VersionLocation"):
            if "place of birth" not in name.lower():
                entry.country(tables.place(place.get("LocationID", "")))
        for detail in version.iterfind("{*}VersionDetail"):
            said = tidy(detail.text)
            if name.startswith(("Digital Currency", "SWIFT", "Legal Entity", "IMO")):
                entry.identifier(name, said)


def _period(period: etree._Element) -> str:
    starts = [_point(item) for item in period.iterfind("{*}Start/{*}From")]
    ends = [_point(item) for item in period.iterfind("{*}End/{*}To")]
    if starts and ends and starts[0] != ends[0]:
        return f"{starts[0][:4]} to {ends[0][:4]}"
    return (starts or ends or [""])[0]


def _point(item: etree._Element) -> str:
    year, month, day = (text_of(item, name) for name in ("Year", "Month", "Day"))
    return date_of(f"{year}-{month or 0}-{day or 0}") if year else ""
