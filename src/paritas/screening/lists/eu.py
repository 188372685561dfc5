"""The consolidated list of financial sanctions of the European Union, XML and CSV (1.0 and 1.1)."""

from __future__ import annotations

from lxml import etree

from paritas.screening.entities import Entry
from paritas.screening.lists.reading import (
    EntryBuilder,
    ListError,
    date_of,
    joined_name,
    kind_of,
    table,
    texts,
    tidy,
)


def read_xml(root: etree._Element) -> tuple[tuple[Entry, ...], str]:
    """Return the entries and the date on which the file was generated."""
    entries = []
    for item in root.iterfind("{*}sanctionEntity"):
        subject = item.find("{*}subjectType")
        word = "" if subject is None else subject.get("classificationCode") or subject.get("code")
        entry = EntryBuilder(
            item.get("euReferenceNumber") or item.get("logicalId") or "", kind_of(word or "")
        )
        for number, alias in enumerate(item.iterfind("{*}nameAlias")):
            whole = alias.get("wholeName") or joined_name(
                alias.get(part) for part in ("firstName", "middleName", "lastName")
            )
            entry.name(whole, weak=alias.get("strong") == "false", primary=not number)
        for birth in item.iterfind("{*}birthdate"):
            entry.birth(
                birth.get("birthdate")
                or _parts(birth.get("year"), birth.get("month"), birth.get("day"))
            )
        for tag in ("citizenship", "address"):
            for place in item.iterfind("{*}" + tag):
                entry.country(place.get("countryIso2Code"))
        for number_item in item.iterfind("{*}identification"):
            entry.identifier(
                number_item.get("identificationTypeCode", "")
                + " "
                + number_item.get("identificationTypeDescription", ""),
                number_item.get("latinNumber") or number_item.get("number") or "",
                number_item.get("countryIso2Code", ""),
            )
        for regulation in item.iterfind("{*}regulation"):
            entry.programme(regulation.get("programme"))
        for remark in texts(item, "remark"):
            _read_remark(remark, entry)
        entries.append(entry.build())
    return tuple(entries), date_of(root.get("generationDate", ""))


def _parts(year: str | None, month: str | None, day: str | None) -> str:
    return f"{year}-{month or 0}-{day or 0}" if tidy(year) and year != "0" else ""


def _read_remark(remark: str, entry: EntryBuilder) -> None:
    if "IMO" in remark:
        entry.identifier("imo", remark[remark.index("IMO") :])


# One row per name, birth date, address or number; what is said of the entity stands in every row.
_COLUMNS = {
    "date": ("fileGenerationDate", "Date_file"),
    "id": ("Entity_EU_ReferenceNumber", "EU_ref_num"),
    "number": ("Entity_LogicalId", "Entity_logical_id"),
    "kind": ("Entity_SubjectType_ClassificationCode", "Entity_SubjectType", "Subject_type"),
    "name": ("NameAlias_WholeName", "Naal_wholename"),
    "strong": ("NameAlias_Strong",),
    "birth": ("BirthDate_BirthDate", "Birt_date"),
    "year": ("BirthDate_Year", "Birt_year"),
    "document": ("Identification_Number", "Iden_number"),
    "document_type": ("Identification_TypeCode", "Iden_typecode"),
    "document_country": ("Identification_CountryIso2Code", "Iden_country"),
    "address": ("Address_CountryIso2Code", "Addr_country"),
    "citizenship": ("Citizenship_CountryIso2Code", "Citi_country"),
    "programme": ("Entity_Regulation_Programme", "Programme"),
}


def read_csv(file: str, data: bytes) -> tuple[tuple[Entry, ...], str]:
    """Return the entries and the date on which the file was generated."""
    entries: dict[str, EntryBuilder] = {}
    published = ""
    for line, row in table(file, data, delimiter=";"):
        said = {
            key: next((row[name] for name in names if row.get(name)), "")
            for key, names in _COLUMNS.items()
        }
        number = said["number"]
        if not number:
            raise ListError(f"{file}, line {line}: no Entity_LogicalId: fetch the file again")
        published = published or date_of(said["date"])
        if number not in entries:
            entries[number] = EntryBuilder(said["id"] or number, kind_of(said["kind"]))
            first = True
        else:
            first = False
        entry = entries[number]
        entry.name(said["name"], weak=said["strong"].lower() == "false", primary=first)
        entry.birth(said["birth"] or said["year"])
        entry.country(said["address"])
        entry.country(said["citizenship"])
        entry.identifier(said["document_type"], said["document"], said["document_country"])
        entry.programme(said["programme"])
    return tuple(entry.build() for entry in entries.values()), published
