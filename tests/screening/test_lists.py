"""Each publisher's form is read whole, and what is not whole is refused."""

import pytest

import made_up_lists as made_up
from paritas.screening import IdentifierType, Kind, ListVersion, Quality
from paritas.screening.lists import ListError, accept, difference, read_list
from paritas.screening.lists.countries import country_code
from paritas.screening.lists.reading import date_of

ONE_FILE = {
    "ofac_xml": (made_up.OFAC_XML, "2025-12-24"),
    "ofac_advanced": (made_up.OFAC_ADVANCED, "2025-12-24"),
    "un": (made_up.UN_XML, "2025-04-19"),
    "eu_xml": (made_up.EU_XML, "2026-01-05"),
    "eu_csv": (made_up.EU_CSV, "2026-01-05"),
    "uk_csv": (made_up.UK_CSV, "2025-10-23"),
    "uk_conlist": (made_up.UK_CONLIST, "2025-10-23"),
    "uk_sanctions_list": (made_up.UK_SANCTIONS_LIST, "2025-10-23"),
    "canada": (made_up.CANADA_XML, "2025-03-04"),
    "plain": (made_up.PLAIN_CSV, "2026-02-01"),
}


def read_one(form: str) -> ListVersion:
    return read_list({form: ONE_FILE[form][0].encode()})


def read_ofac_csv() -> ListVersion:
    files = {"sdn.csv": made_up.OFAC_SDN, "alt.csv": made_up.OFAC_ALT, "add.csv": made_up.OFAC_ADD}
    return read_list({name: text.encode() for name, text in files.items()}, published="2025-12-24")


@pytest.mark.parametrize("form", ONE_FILE)
def test_every_form_gives_the_same_person(form: str) -> None:
    version = read_one(form)
    assert version.published == ONE_FILE[form][1]
    person = next(entry for entry in version.entries if entry.kind is Kind.PERSON)
    words = set(person.primary_name.lower().replace(",", "").split())
    assert words == {"ivan", "madeupovich", "testov"}
    assert person.births[0].startswith("1950")
    assert "RU" in person.countries
    names = {name.text.lower(): name for name in person.names}
    if "the tester" in names and form != "canada":
        assert names["the tester"].quality is Quality.WEAK
    for name in person.names:
        assert name.script == ("Cyrl" if name.text.lower() in ("иван тестов", "тестов") else "Latn")
    if form != "canada":
        assert next((i.type, i.value) for i in person.identifiers) == (
            IdentifierType.PASSPORT,
            "AB 1234567",
        )


@pytest.mark.parametrize(
    "form", ["ofac_xml", "uk_csv", "uk_conlist", "uk_sanctions_list", "canada"]
)
def test_ships_have_their_number(form: str) -> None:
    ship = next(entry for entry in read_one(form).entries if entry.kind is Kind.VESSEL)
    assert ship.primary_name.upper() == "PAPER BOAT"
    assert [(i.type, i.value) for i in ship.identifiers] == [(IdentifierType.IMO, "9999993")]


@pytest.mark.parametrize("form", ["un", "eu_xml", "eu_csv", "canada", "plain"])
def test_organisations_have_their_country(form: str) -> None:
    company = next(e for e in read_one(form).entries if e.kind is Kind.ORGANISATION)
    assert company.primary_name.lower() == "imaginary trading llc"
    assert company.countries == ("IR",)


def test_ofac_tables_are_put_together() -> None:
    version = read_ofac_csv()
    person, company, ship = version.entries
    assert [(name.text, name.quality) for name in person.names] == [
        ("TESTOV, Ivan Madeupovich", Quality.STRONG),
        ("THE TESTER", Quality.WEAK),
        ("TESTOFF, Iwan", Quality.STRONG),
    ]
    assert person.births == ("1950-04-04", "1951")
    assert person.programmes == ("SDGT", "CYBER2")
    assert {(i.type, i.value, i.country) for i in person.identifiers} == {
        (IdentifierType.PASSPORT, "AB 1234567", "RU"),
        (IdentifierType.WALLET, "1TestWalletAddressMadeUp0001", ""),
        (IdentifierType.OTHER, "770012345678", "RU"),
    }
    assert company.kind is Kind.ORGANISATION
    assert company.countries == ("IR",)
    assert {(i.type, i.value) for i in company.identifiers} == {
        (IdentifierType.BIC, "TESTIRTH"),
        (IdentifierType.LEI, "529900T8BM49AURSDO55"),
        (IdentifierType.OTHER, "55-77"),
    }
    assert (IdentifierType.IMO, "9999993") in {(i.type, i.value) for i in ship.identifiers}


def test_a_version_is_named_by_list_date_and_content() -> None:
    one = read_one("plain")
    assert one.id == f"{one.authority}/{one.name}@2026-02-01#{one.sha256[:12]}"
    other = read_list({"plain": made_up.PLAIN_CSV.replace("Iran", "Cuba").encode()})
    assert one.list_id == other.list_id
    assert one.id != other.id


def cut_files() -> list[tuple[str, bytes]]:
    found = []
    for form, (text, _) in ONE_FILE.items():
        data = text.encode()
        if text.startswith("<"):
            found += [(form, data[: len(data) * share // 10]) for share in range(1, 10)]
        else:
            lines = data.splitlines(keepends=True)
            found += [
                (form, b"".join(lines[:line]) + lines[line][:5]) for line in range(3, len(lines))
            ]
    sdn = made_up.OFAC_SDN.encode()
    return [*found, ("sdn.csv", sdn[: len(sdn) // 2]), ("sdn.csv", sdn[: sdn.index(b"PAPER")])]


@pytest.mark.parametrize(("form", "data"), cut_files())
def test_a_file_that_is_cut_off_is_refused(form: str, data: bytes) -> None:
    with pytest.raises(ListError):
        read_list({form: data}, published="2026-01-01")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"  \r\n\x1a", "empty"),
        (b"<a/>", "no list known"),
        (b"one,two\r\n1,2\r\n", "no list known"),
        (b"\x00\x01\x02\x00", "zero bytes"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><CONSOLIDATED_LIST>&b;</CONSOLIDATED_LIST>", "DOCTYPE"),
        ("<CONSOLIDATED_LIST/>".encode("utf-16"), "UTF-8"),
        (b"id,name,colour\nA,B,red\n", "columns"),
        (b"id,name\n,B\n", "no id"),
        (b'id,name\nA,"B\n', "fetch it again"),
        (b"id,name\nA,B\n", "date"),
        (b"id,name,published\nA,,2026-01-01\n", "no name"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(ListError, match=said) as caught:
        read_list({"some.file": content})
    assert "\n" not in str(caught.value)


def test_the_stated_number_of_records_is_checked() -> None:
    text = made_up.OFAC_XML.replace("<Record_Count>2<", "<Record_Count>3<")
    with pytest.raises(ListError, match="says it has 3"):
        read_list({"sdn.xml": text.encode()})


def test_entities_are_not_resolved() -> None:
    text = made_up.UN_XML.replace("IVAN", "&lol;")
    with pytest.raises(ListError):
        read_list({"un.xml": text.encode()})


def test_difference_names_what_came_went_and_changed() -> None:
    old = read_one("plain")
    text = made_up.PLAIN_CSV.replace("Иван Тестов", "Иван Тестофф")
    text = text.replace("A2,", "A3,")
    found = difference(old, read_list({"plain": text.encode()}))
    assert [entry.id for entry in found.added] == ["A3"]
    assert [entry.id for entry in found.removed] == ["A2"]
    assert [(before.id, after.id) for before, after in found.changed] == [("A1", "A1")]
    assert difference(old, old).empty


def version_of(count: int, published: str, name: str = "list") -> ListVersion:
    rows = "".join(f"{number},Name {number}\n" for number in range(count))
    return read_list({name: b"id,name\n" + rows.encode()}, name=name, published=published)


GUARDS = [
    (version_of(100, "2026-01-02"), version_of(100, "2026-01-03"), ""),
    (version_of(100, "2026-01-02"), version_of(11, "2026-01-03"), ""),
    (version_of(100, "2026-01-02"), version_of(100, "2026-01-02"), ""),
    (version_of(100, "2026-01-02"), version_of(10, "2026-01-03"), "may be cut off"),
    (version_of(100, "2026-01-02"), version_of(100, "2026-01-01"), "older"),
    (version_of(100, "2026-01-02"), version_of(100, "2026-01-03", "other"), "another list"),
]


@pytest.mark.parametrize(("former", "new", "said"), GUARDS)
def test_guards(former: ListVersion, new: ListVersion, said: str) -> None:
    if not said:
        assert accept(former, new) is new
        return
    for people in ((), ("Ann",), ("Ann", "ann "), ("", "Ann")):
        with pytest.raises(ListError, match=said):
            accept(former, new, people)
    assert accept(former, new, ("Ann", "Ben")) is new


def test_a_list_without_entries_needs_two_people() -> None:
    empty = read_list({"un.xml": b"<CONSOLIDATED_LIST dateGenerated='2025-01-01'/>"})
    for former in (None, read_one("un")):
        with pytest.raises(ListError, match="has no entry"):
            accept(former, empty, ("Ann",))
    assert accept(None, empty, ("Ann", "Ben")) is empty


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1950-04-04", "1950-04-04"),
        ("04 Apr 1950", "1950-04-04"),
        ("Apr 1950", "1950-04"),
        ("1950", "1950"),
        ("circa 1950", "1950"),
        ("1955 to 1958", "1955/1958"),
        ("04/04/1950", "1950-04-04"),
        ("00/00/1950", "1950"),
        ("00/04/1950", "1950-04"),
        ("dd/mm/1950", "1950"),
        ("2025-10-23T00:00:00", "2025-10-23"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_dates(text: str, expected: str) -> None:
    assert date_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Russia", "RU"), ("Russian Federation", "RU"), ("RU", "RU"), ("Russia / Russie", "RU"),
        ("Korea, North", "KP"), ("Democratic People's Republic of Korea", "KP"),
        ("Congo, Democratic Republic of the", "CD"), ("The Gambia", "GM"),
        ("Iran (Islamic Republic of)", "IR"), ("Cote d Ivoire", "CI"), ("Atlantis", ""), ("", ""),
    ],
)  # fmt: skip
def test_countries(text: str, expected: str) -> None:
    assert country_code(text) == expected
