"""Statements, reports and notifications: there, back, and across many pages."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mt_messages import (
    MESSAGES,
    MT900,
    MT910,
    MT940,
    MT942,
    UETR,
    back,
    document,
    fields_of,
    fin,
    iso_of,
    one,
    text,
    values_of,
)

from paritas.iso20022 import accounts
from paritas.mt.checking import check_mt
from paritas.mt.parsing import read_mt
from paritas.mt.statements import balance_problem, statement_of
from paritas.mt.translation import from_iso, to_iso


def test_mt940_to_camt053():
    body, translated = iso_of(fin("940", *MT940, uetr=""))
    statement = "BkToCstmrStmt/Stmt"
    carried = {
        "Id": "STMT-1",
        "StmtPgntn/PgNb": "1",
        "StmtPgntn/LastPgInd": "true",
        "LglSeqNb": "12",
        "Acct/Id/IBAN": "GB33BUKB20201555555555",
        "Acct/Ccy": "EUR",
        "Bal/Tp/CdOrPrtry/Cd": "OPBD",
        "Bal/Amt": "1000.00",
        "Ntry/Amt": "250.50",
        "Ntry/CdtDbtInd": "CRDT",
        "Ntry/BookgDt/Dt": "2026-11-23",
        "Ntry/ValDt/Dt": "2026-11-23",
        "Ntry/AcctSvcrRef": "BANK-1",
        "Ntry/BkTxCd/Prtry/Cd": "NTRF",
        "Ntry/NtryDtls/TxDtls/Refs/EndToEndId": "INV-4711",
        "Ntry/NtryDtls/TxDtls/AddtlTxInf": "THANKS",
        "Ntry/AddtlNtryInf": "/EREF/INV-4711/ORDP//NAME/Lojas do Norte",
        "AddtlStmtInf": "END OF DAY",
    }
    assert {path: text(body, f"{statement}/{path}") for path in carried} == carried
    codes = [
        each.text
        for each in body.iterfind("{*}BkToCstmrStmt/{*}Stmt/{*}Bal/{*}Tp/{*}CdOrPrtry/{*}Cd")
    ]
    assert codes == ["OPBD", "CLBD", "CLAV", "FWAV"]
    assert translated.message_type == "camt.053.001.08"


def test_mt940_there_and_back():
    source = fin("940", *MT940, uetr="")
    _, translated = iso_of(source)
    again = back(translated)
    # The booking date is said only where it differs from the value date.
    expected = [field.replace("2611231123", "261123") for field in fields_of(source)]
    assert fields_of(again.data) == expected
    assert again.said == ()


@pytest.mark.parametrize("name", ["MT942", "MT910"])
def test_the_others_there_and_back(name):
    again = back(iso_of(MESSAGES[name])[1])
    assert again.message_type == name
    assert fields_of(again.data) == fields_of(MESSAGES[name])


def test_mt900_there_and_back():
    _, translated = iso_of(fin("900", *MT900, uetr=""))
    assert translated.message_type == "camt.054.001.08"
    assert fields_of(back(translated).data) == list(MT900)


def test_mt910_to_camt054():
    body, _ = iso_of(fin("910", *MT910, uetr=""))
    entry = "BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry"
    assert text(body, f"{entry}/CdtDbtInd") == "CRDT"
    assert text(body, f"{entry}/BookgDt/DtTm") == "2026-11-23T11:00:00+05:30"
    details = f"{entry}/NtryDtls/TxDtls"
    assert text(body, f"{details}/RltdPties/Dbtr/Pty/Nm") == "Sharma Spices"
    assert text(body, f"{details}/RltdPties/DbtrAcct/Id/Othr/Id") == "4711"
    assert text(body, f"{details}/RltdAgts/IntrmyAgt1/FinInstnId/BICFI") == "EEEEBRS0"


def test_mt942_to_camt052():
    body, translated = iso_of(fin("942", *MT942, uetr=""))
    report = "BkToCstmrAcctRpt/Rpt"
    assert translated.message_type == "camt.052.001.08"
    assert text(body, f"{report}/CreDtTm") == "2026-11-23T11:00:00+01:00"
    assert text(body, f"{report}/TxsSummry/TtlCdtNtries/Sum") == "750.00"


def test_floor_limit_has_no_place_unless_it_is_zero():
    fields = [":34F:EUR100," if field.startswith(":34F") else field for field in MT942]
    _, translated = iso_of(fin("942", *fields, uetr=""))
    assert [f.path for f in translated.said if f.code == "rule.lost"] == [":34F:"]


def test_mt950_is_chosen_by_the_caller():
    _, translated = iso_of(fin("940", *MT940, uetr=""))
    (result,) = from_iso(translated.data, "MT950")
    assert result.message_type == "MT950"
    assert not any(field.startswith((":86:", ":65:")) for field in fields_of(result.data))
    assert check_mt(result.data, "")[0]["valid"] is True


@pytest.mark.parametrize(
    ("field", "number", "currency"),
    [
        (":25:NL50RABO0156750961 EUR", "NL50RABO0156750961", "EUR"),
        (":25:NL62INGB0001212121EUR", "NL62INGB0001212121", "EUR"),
        (":25:NL92 KNAB 0123 4567 89", "NL92KNAB0123456789", "EUR"),
        (":25:2121.21.211EUR    ", "2121.21.211", "EUR"),
        (":25:ABCEUR", "ABCEUR", "EUR"),
    ],
)
def test_accounts_as_banks_write_them(field, number, currency):
    fields = [field if each.startswith(":25:") else each for each in MT940]
    body, _ = iso_of(fin("940", *fields, uetr=""))
    account = "BkToCstmrStmt/Stmt/Acct"
    assert (text(body, f"{account}/Id/IBAN") or text(body, f"{account}/Id/Othr/Id")) == number
    assert text(body, f"{account}/Ccy") == currency


LINES = [
    (
        "261123D000000000050,00N0701313131319      J. DOE",
        (False, 5000, "N070", "1313131319      J. DOE", ""),
    ),
    ("100722D25,03NOV NONREF", (False, 2503, "NOV", "NONREF", "")),
    ("1501200120C10,5N654NONREF", (True, 1050, "N654", "NONREF", "")),
    ("150120RC10,NTRFA//B", (False, 1000, "NTRF", "A", "B")),
    ("150120RD10,NTRFA//B", (True, 1000, "NTRF", "A", "B")),
    ("180222C4383,23NET0NONREF", (True, 438323, "NET0", "NONREF", "")),
    ("1401010119CR12,45NRNT", (True, 1245, "NRNT", "", "")),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_entries_as_banks_write_them(line, expected):
    message = one(f":20:A\n:60F:C150119EUR0,\n:61:{line}\n:62F:C150121EUR0,".encode())
    (entry,) = statement_of(message).entries
    found = (
        entry.is_credit,
        entry.amount_minor,
        entry.kind,
        entry.owner_reference,
        entry.servicer_reference,
    )
    assert found == expected


@pytest.mark.parametrize(
    ("line", "booked"),
    [
        ("2601011231C1,NTRFX", "2025-12-31"),
        ("2512310102C1,NTRFX", "2026-01-02"),
        ("260301C1,NTRFX", "2026-03-01"),
    ],
)
def test_booking_date_has_the_nearest_year(line, booked):
    message = one(f":20:A\n:60F:C250119EUR0,\n:61:{line}\n:62F:C150121EUR1,".encode())
    assert statement_of(message).entries[0].booking_date == booked


ACCOUNT = accounts.Account("ACC-1", "INR", "BBBBBRS0XXX", "AAAAINB0XXX")


def camt053(entries, opening_minor=0):
    net_minor = sum(each.amount_minor if each.is_credit else -each.amount_minor for each in entries)
    statement = accounts.Statement(
        message_id="STATEMENT-1",
        created="2026-11-23T18:00:00Z",
        sequence_number=7,
        account=ACCOUNT,
        business_date="2026-11-23",
        opening_minor=opening_minor,
        closing_minor=opening_minor + net_minor,
    )
    return accounts.camt053(statement, entries).checked()


def entry(number, amount_minor, is_credit):
    return accounts.Entry(
        reference=f"SVC-{number}",
        amount_minor=amount_minor,
        is_credit=is_credit,
        kind=accounts.EntryKind.CUSTOMER,
        booking_date="2026-11-23",
        value_date="2026-11-23",
        end_to_end_id=f"E2E-{number}",
        uetr=UETR,
        debtor="Sharma Spices",
        creditor="Lojas do Norte",
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.booleans()), max_size=60),
    st.integers(-(10**9), 10**9),
)
def test_pages_of_any_statement_add_up(movements, opening_minor):
    """However many pages a statement needs, each balances and each begins where the last ended."""
    entries = [entry(number, *movement) for number, movement in enumerate(movements)]
    results = from_iso(camt053(entries, opening_minor))
    messages = [one(result.data) for result in results]
    statements = [statement_of(message) for message in messages]
    assert sum(len(each.entries) for each in statements) == len(entries)
    assert all(len(result.data) <= 2000 for result in results)
    assert not any(balance_problem(each) for each in statements)
    for before, after in pairwise(statements):
        assert before.closing.amount_minor == after.opening.amount_minor
    assert statements[0].opening.amount_minor == opening_minor
    assert all(check_mt(result.data, "")[0]["valid"] for result in results)
    tags = [(m.fields[3].tag, next(f.tag for f in m.fields if f.tag[:2] == "62")) for m in messages]
    middle = [("60M", "62M")] * (len(tags) - 2)
    assert tags == (
        [("60F", "62F")] if len(tags) == 1 else [("60F", "62M"), *middle, ("60M", "62F")]
    )


def test_what_a_camt053_says_beside_the_entry():
    # Other banks' statements name the parties of an entry too.
    names = b"<Nm>Sharma Spices</Nm>", b"<Nm>Lojas do Norte</Nm>"
    parties = b"<RltdPties><Dbtr><Pty>%b</Pty></Dbtr><Cdtr><Pty>%b</Pty></Cdtr></RltdPties>" % names
    data = camt053([entry(1, 100, True)]).replace(b"</Refs>", b"</Refs>" + parties)
    (result,) = from_iso(data)
    values = values_of(result.data)
    assert values["61"] == "261123C1,NTRFE2E-1//SVC-1"
    assert values["86"] == "/ORDP//NAME/Sharma Spices/BENM//NAME/Lojas do Norte"
    lost = " ".join(finding.text for finding in result.said if finding.code == "rule.lost")
    assert UETR in lost and "PMNT/RCDT/XBCT is NTRF" in lost


def test_notifications_become_one_mt_each():
    entries = [entry(1, 100, True), entry(2, 5, False)]
    data = accounts.camt054("MESSAGE-1", "2026-11-23T18:00:00Z", ACCOUNT, entries).checked()
    results = from_iso(data)
    assert [result.message_type for result in results] == ["MT910", "MT900"]
    assert [values_of(result.data)["20"] for result in results] == ["SVC-1", "SVC-2"]
    assert values_of(results[0].data)["32A"] == "261123INR1,"
    assert (one(results[0].data).sender, one(results[0].data).receiver) == (
        "AAAAINB0XXX",
        "BBBBBRS0XXX",
    )


def test_a_statement_that_cannot_be_read_is_refused():
    fields = [
        ":61:THIS IS NO ENTRY" if field.startswith(":61:2611231123D") else field for field in MT940
    ]
    (translated,) = to_iso(fin("940", *fields, uetr=""))
    assert translated.data is None
    assert "line 9, field 61" in translated.said[-1].text


def test_a_day_of_pages_is_a_camt053_each():
    pages = b"".join(
        result.data for result in from_iso(camt053([entry(n, n, True) for n in range(200)]))
    )
    assert len(read_mt(pages)) > 2
    results = to_iso(pages)
    bodies = [document(result) for result in results]
    last = [text(body, "BkToCstmrStmt/Stmt/StmtPgntn/LastPgInd") for body in bodies]
    assert last == ["false"] * (len(bodies) - 1) + ["true"]
