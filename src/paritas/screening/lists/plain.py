"""The plain form for any other authority: one CSV table, UTF-8, with these columns.

============== ===================================================================================
``id``         the entry; rows with the same id are one entry, so a name may have a row of its own
``kind``       person, organisation, vessel or aircraft; may be empty
``name``       a name, in any script
``quality``    strong or weak; empty is strong. The first strong name of an entry is its main one
``birth``      date of birth: 1961, 1961-03 or 1961-03-04
``country``    two-letter code or English name
``id_type``    what ``id_number`` is: bic, lei, imo, wallet, passport, identity, other
``id_number``  the number
``programme``  why it is listed
``published``  date of the list, in any row
============== ===================================================================================

Only ``id`` and ``name`` must be there. A cell of ``birth``, ``country`` and ``programme`` may hold
several values with semicolons between them.
"""

from __future__ import annotations

from paritas.screening.entities import Entry
from paritas.screening.lists.reading import EntryBuilder, ListError, date_of, kind_of, table

COLUMNS = (
    "id", "kind", "name", "quality", "birth", "country",
    "id_type", "id_number", "programme", "published",
)  # fmt: skip


def read(file: str, data: bytes) -> tuple[tuple[Entry, ...], str]:
    """Return the entries, and the date that the table states or an empty string."""
    entries: dict[str, EntryBuilder] = {}
    published = ""
    for line, row in table(file, data):
        unknown = row.keys() - set(COLUMNS)
        if unknown or not {"id", "name"} <= row.keys():
            raise ListError(
                f"{file}: columns must be among {', '.join(COLUMNS)}, with id and name: "
                f"found {', '.join(row)}"
            )
        if not row["id"]:
            raise ListError(f"{file}, line {line}: no id: give every row the id of its entry")
        entry = entries.get(row["id"])
        if entry is None:
            entry = entries[row["id"]] = EntryBuilder(row["id"], kind_of(row.get("kind", "")))
            primary = True
        else:
            primary = False
        weak = row.get("quality", "").lower() == "weak"
        entry.name(row["name"], weak=weak, primary=primary and not weak)
        for birth in row.get("birth", "").split(";"):
            entry.birth(birth)
        for country in row.get("country", "").split(";"):
            entry.country(country)
        entry.identifier(row.get("id_type", ""), row.get("id_number", ""))
        for programme in row.get("programme", "").split(";"):
            entry.programme(programme)
        published = published or date_of(row.get("published", ""))
    return tuple(entry.build() for entry in entries.values()), published
