"""The consolidated list of the United Nations Security Council, XML."""

from __future__ import annotations

from lxml import etree

from paritas.screening.entities import Entry, Kind
from paritas.screening.lists.reading import EntryBuilder, date_of, joined_name, text_of, texts

_NAME_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")


def read(root: etree._Element) -> tuple[tuple[Entry, ...], str]:
    """Return the entries and the date on which the file was generated."""
    entries = []
    for path, prefix, kind in (
        ("{*}INDIVIDUALS/{*}INDIVIDUAL", "INDIVIDUAL", Kind.PERSON),
        ("{*}ENTITIES/{*}ENTITY", "ENTITY", Kind.ORGANISATION),
    ):
        for item in root.iterfind(path):
            entries.append(_entry(item, prefix, kind))
    return tuple(entries), date_of(root.get("dateGenerated", ""))


def _entry(item: etree._Element, prefix: str, kind: Kind) -> Entry:
    entry = EntryBuilder(text_of(item, "REFERENCE_NUMBER") or text_of(item, "DATAID"), kind)
    entry.name(joined_name(text_of(item, part) for part in _NAME_PARTS), primary=True)
    entry.name(text_of(item, "NAME_ORIGINAL_SCRIPT"))
    for alias in item.iterfind(f"{{*}}{prefix}_ALIAS"):
        weak = text_of(alias, "QUALITY").lower() == "low"
        # Some cells hold several names.
        for name in text_of(alias, "ALIAS_NAME").split(";"):
            entry.name(name, weak=weak)
        entry.name(text_of(alias, "ALIAS_NAME_ORIGINAL_SCRIPT"), weak=weak)
    for birth in item.iterfind("{*}INDIVIDUAL_DATE_OF_BIRTH"):
        start, end = text_of(birth, "FROM_YEAR"), text_of(birth, "TO_YEAR")
        entry.birth(
            text_of(birth, "DATE")
            or text_of(birth, "YEAR")
            or (f"{start} to {end}" if start and end else start or end)
        )
    for country in texts(item, "NATIONALITY", "VALUE") + texts(
        item, f"{prefix}_ADDRESS", "COUNTRY"
    ):
        entry.country(country)
    for document in item.iterfind("{*}INDIVIDUAL_DOCUMENT"):
        entry.identifier(
            text_of(document, "TYPE_OF_DOCUMENT"),
            text_of(document, "NUMBER"),
            text_of(document, "ISSUING_COUNTRY") or text_of(document, "COUNTRY_OF_ISSUE"),
        )
    entry.programme(text_of(item, "UN_LIST_TYPE"))
    return entry.build()
