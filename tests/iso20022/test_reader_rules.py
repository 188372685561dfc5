"""Each rule beyond the schema: what breaks it, where the finding points, which code refuses."""

from __future__ import annotations

import pytest
from lxml import etree

from paritas.iso20022 import schemas
from paritas.iso20022.element_rules import amount_rule, settled_amount_rule
from paritas.iso20022.extract import plan
from paritas.iso20022.reader import read_message
from paritas.iso20022.tables import Leaf, Table
from paritas.iso20022.values import Finding
from payment_messages import (
    PACS_008_VERSIONS,
    PACS_009_VERSIONS,
    PAYEE,
    PAYER,
    agent,
    app_hdr,
    body_tag,
    group_header,
    message,
    transaction,
)

_BODY = "Document/FIToFICstmrCdtTrf"
_FIRST = f"{_BODY}/CdtTrfTxInf[1]"


def account(identification: str) -> str:
    return f"<DbtrAcct><Id>{identification}</Id></DbtrAcct>"


def with_group(*transactions: str, extra: str = "", count: int | None = None) -> bytes:
    number = len(transactions) if count is None else count
    return message(*transactions, group=group_header(number, extra))


def total(amount: str, currency: str = "INR") -> str:
    return f'<TtlIntrBkSttlmAmt Ccy="{currency}">{amount}</TtlIntrBkSttlmAmt>'


def lei(code: str) -> str:
    """A debtor with an LEI, in the place of its name."""
    return f"<Dbtr><Nm>D</Nm><Id><OrgId><LEI>{code}</LEI></OrgId></Id></Dbtr>"


def debtor(text: str) -> bytes:
    return message().replace(b"<Dbtr><Nm>Importer &amp; Sons</Nm></Dbtr>", text.encode())


FOUR = [transaction(n, amount=a) for n, a in enumerate(["0.10", "0.20", "99.70", "1"], 1)]

# What the message is, then the code, the reason, the path and the transaction of each finding.
CASES: dict[str, tuple[bytes, list[tuple[str, str, str, int]]]] = {
    "zero": (
        message(transaction(amount="0.00")),
        [("rule.amount", "AM01", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "minus zero": (
        message(transaction(amount="-0")),
        [("rule.amount", "AM01", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "negative": (
        message(transaction(amount="-1.00")),
        [("schema.range", "AM12", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "no amount": (
        message(transaction(amount="")),
        [
            ("schema.type", "FF01", f"{_FIRST}/IntrBkSttlmAmt", 0),
            ("rule.amount", "AM01", f"{_FIRST}/IntrBkSttlmAmt", 0),
        ],
    ),
    "JPY with decimals": (
        message(transaction(amount="1.50", currency="JPY")),
        [("rule.decimals", "CH20", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "KWD with four decimals": (
        message(transaction(amount="1.2345", currency="KWD")),
        [("rule.decimals", "CH20", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "six decimals": (
        message(transaction(amount="1.234567")),
        [
            ("schema.digits", "CH20", f"{_FIRST}/IntrBkSttlmAmt", 0),
            ("rule.decimals", "CH20", f"{_FIRST}/IntrBkSttlmAmt", 0),
        ],
    ),
    "KWD with three decimals": (message(transaction(amount="1.234", currency="KWD")), []),
    "JPY with zeros": (message(transaction(amount="100.00", currency="JPY")), []),
    "no currency of that name": (
        message(transaction(currency="ZZZ")),
        [("rule.currency", "AM11", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "gold": (
        message(transaction(currency="XAU")),
        [("rule.currency", "AM11", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "withdrawn currency": (
        message(transaction(currency="DEM")),
        [("rule.currency", "AM11", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "withdrawn currency, only mentioned": (
        message(transaction(after_date='<InstdAmt Ccy="DEM">1</InstdAmt><XchgRate>1</XchgRate>')),
        [],
    ),
    "instructed amount": (
        message(transaction(after_date='<InstdAmt Ccy="CLP">1.5</InstdAmt><XchgRate>1</XchgRate>')),
        [("rule.decimals", "CH20", f"{_FIRST}/InstdAmt", 0)],
    ),
    "17 digits and two decimals": (
        message(transaction(amount="12345678901234567")),
        [("rule.amount", "AM12", f"{_FIRST}/IntrBkSttlmAmt", 0)],
    ),
    "16 digits and two decimals": (message(transaction(amount="9999999999999999.99")), []),
    "count": (
        with_group(*FOUR, count=7),
        [("rule.count", "AM18", f"{_BODY}/GrpHdr/NbOfTxs", -1)],
    ),
    "control sum": (
        with_group(*FOUR, extra="<CtrlSum>101.01</CtrlSum>"),
        [("rule.sum", "AM10", f"{_BODY}/GrpHdr/CtrlSum", -1)],
    ),
    "good control sum": (with_group(*FOUR, extra="<CtrlSum>101</CtrlSum>"), []),
    "control sum over currencies": (
        with_group(
            transaction(1, amount="0.1"),
            transaction(2, amount="7", currency="JPY"),
            extra="<CtrlSum>7.10</CtrlSum>",
        ),
        [],
    ),
    "a sum that a float would get wrong": (
        with_group(
            *(transaction(n, amount="0.10") for n in range(3)), extra="<CtrlSum>0.3</CtrlSum>"
        ),
        [],
    ),
    "a sum that a float would not see": (
        with_group(
            transaction(1, amount="9999999999999999.98"),
            transaction(2, amount="0.01"),
            extra="<CtrlSum>9999999999999999.98</CtrlSum>",
        ),
        [("rule.sum", "AM10", f"{_BODY}/GrpHdr/CtrlSum", -1)],
    ),
    "total": (
        with_group(*FOUR, extra=total("100.99")),
        [("rule.sum", "AM10", f"{_BODY}/GrpHdr/TtlIntrBkSttlmAmt", -1)],
    ),
    "good total": (with_group(*FOUR, extra=total("101.00")), []),
    "total of another currency": (
        with_group(*FOUR, extra=total("101.00", "CNY")),
        [("rule.sum", "AM10", f"{_BODY}/GrpHdr/TtlIntrBkSttlmAmt", -1)],
    ),
    "total with wrong decimals": (
        with_group(transaction(amount="101", currency="JPY"), extra=total("101.5", "JPY")),
        [
            ("rule.decimals", "CH20", f"{_BODY}/GrpHdr/TtlIntrBkSttlmAmt", -1),
            ("rule.sum", "AM10", f"{_BODY}/GrpHdr/TtlIntrBkSttlmAmt", -1),
        ],
    ),
    "no settlement date": (message(transaction(date="")), [("rule.date", "DT01", _FIRST, 0)]),
    "year one": (
        message(transaction(date="<IntrBkSttlmDt>0001-01-01</IntrBkSttlmDt>")),
        [("rule.date", "DT01", f"{_FIRST}/IntrBkSttlmDt", 0)],
    ),
    "year 12026": (
        message(transaction(date="<IntrBkSttlmDt>12026-11-20</IntrBkSttlmDt>")),
        [("rule.date", "DT01", f"{_FIRST}/IntrBkSttlmDt", 0)],
    ),
    "no such day": (
        message(transaction(date="<IntrBkSttlmDt>2026-02-29</IntrBkSttlmDt>")),
        [
            ("schema.type", "FF01", f"{_FIRST}/IntrBkSttlmDt", 0),
            ("rule.date", "DT01", f"{_FIRST}/IntrBkSttlmDt", 0),
        ],
    ),
    "made in the year one": (
        message().replace(b"<CreDtTm>2026", b"<CreDtTm>0001"),
        [("rule.date", "DT01", f"{_BODY}/GrpHdr/CreDtTm", -1)],
    ),
    "the end of a day": (message().replace(b"T09:30:00Z<", b"T24:00:00<"), []),
    "good IBAN": (
        message(transaction(debtor_account=account("<IBAN>GB82WEST12345698765432</IBAN>"))),
        [],
    ),
    "IBAN with wrong check digits": (
        message(transaction(debtor_account=account("<IBAN>GB83WEST12345698765432</IBAN>"))),
        [("rule.iban", "AC01", f"{_FIRST}/DbtrAcct/Id/IBAN", 0)],
    ),
    "account that is no IBAN": (
        message(transaction(debtor_account=account("<Othr><Id>GB83</Id></Othr>"))),
        [],
    ),
    "BIC of no country": (
        message(transaction(agents=agent("InstgAgt", PAYER) + agent("InstdAgt", "BBBBQQB0XXX"))),
        [("rule.bic", "RC01", f"{_FIRST}/InstdAgt/FinInstnId/BICFI", 0)],
    ),
    "BIC of Kosovo": (
        message(transaction(agents=agent("InstgAgt", PAYER) + agent("InstdAgt", "BBBBXKB0XXX"))),
        [],
    ),
    "good LEI": (debtor(lei("529900T8BM49AURSDO55")), []),
    "LEI with wrong check digits": (
        debtor(lei("529900T8BM49AURSDO56")),
        [("rule.lei", "NARR", f"{_FIRST}/Dbtr/Id/OrgId/LEI", 0)],
    ),
    "UETR of another version": (
        message().replace(b"-4b5e-", b"-1b5e-"),
        [("schema.pattern", "FF01", f"{_FIRST}/PmtId/UETR", 0)],
    ),
    "header of another message": (
        message(header=app_hdr("pacs.009.001.08")),
        [("rule.header", "FF01", "AppHdr/MsgDefIdr", -1)],
    ),
    "header of another version": (
        message(header=app_hdr("pacs.008.001.10")),
        [("rule.header", "", "AppHdr/MsgDefIdr", -1)],
    ),
    "header from another institution": (
        message(header=app_hdr(sender="CCCCRUB0XXX")),
        [("rule.sender", "", "AppHdr/Fr", -1)],
    ),
    "header from the same institution": (message(header=app_hdr(sender=PAYER[:8])), []),
    "header from nowhere": (
        message(header=app_hdr(sender="CCCCQQB0XXX")),
        [
            ("rule.bic", "RC01", "AppHdr/Fr/FIId/FinInstnId/BICFI", -1),
            ("rule.sender", "", "AppHdr/Fr", -1),
        ],
    ),
    "header against its schema": (
        message(header=app_hdr().replace("<BizMsgIdr>B-1</BizMsgIdr>", "")),
        [("schema.content", "FF01", "AppHdr/MsgDefIdr", -1)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rule(case: str) -> None:
    data, expected = CASES[case]
    result = read_message(data)
    found = [(f.code, f.reason, f.path, f.transaction) for f in result.findings]
    assert found == expected
    assert result.acceptable == (not any(reason for _, reason, _, _ in expected))
    for finding in result.findings:
        _assert_points_at_its_line(finding, data)


def _assert_points_at_its_line(finding: Finding, data: bytes) -> None:
    tag = finding.path.rpartition("/")[2].partition("[")[0]
    assert f"<{tag}" in data.decode().splitlines()[finding.line - 1]


@pytest.mark.parametrize(
    ("written", "read"),
    [(" 1.00 ", "1.00"), ("+5.00", "5.00"), ("\n7\t", "7"), ("007", "007"), (".5", ".5")],
)
def test_what_a_schema_allows_around_an_amount_is_taken_off(written: str, read: str) -> None:
    result = read_message(message(transaction(amount=written)))
    assert result.findings == ()
    assert result.transactions[0].amount == read


@pytest.mark.parametrize("written", ["2026-11-20Z", "2026-11-20+05:30"])
def test_a_date_is_read_without_time_zone(written: str) -> None:
    date = f"<IntrBkSttlmDt>{written}</IntrBkSttlmDt>"
    result = read_message(message(transaction(date=date)))
    assert result.findings == ()
    assert result.transactions[0].settlement_date == "2026-11-20"


def test_each_wrong_transaction_is_named() -> None:
    wrong = {2: "ZZZ", 5: "ZZY"}
    data = message(*(transaction(n, currency=wrong.get(n, "INR")) for n in range(7)))
    found = read_message(data).findings
    assert [(f.transaction, f.path) for f in found] == [
        (2, f"{_BODY}/CdtTrfTxInf[3]/IntrBkSttlmAmt"),
        (5, f"{_BODY}/CdtTrfTxInf[6]/IntrBkSttlmAmt"),
    ]
    assert "ZZZ" in found[0].text


@pytest.mark.parametrize(
    "amount", ["9" * 5000, "0" * 5000 + "1", "." + "0" * 5000 + "1", "9" * 101]
)
def test_a_number_of_any_length_is_no_trouble(amount: str) -> None:
    data = with_group(
        transaction(amount=amount), extra=f"<CtrlSum>{amount}</CtrlSum>", count=1
    ).replace(b"<NbOfTxs>1<", b"<NbOfTxs>" + b"9" * 5000 + b"<")
    result = read_message(data)
    assert not result.acceptable
    assert all(len(found.text) <= 300 for found in result.findings)


def test_rules_for_amounts_agree_with_money() -> None:
    """What passes here, the intake can turn into money; what it cannot, does not pass."""
    from paritas.model.money import AmountError, parse_amount

    texts = ["1", "1.0", "0.01", "1.234", "1.2340", "999999999999999999", "12345678901234567.1"]
    for currency in ("JPY", "INR", "KWD", "CLF", "ZZZ"):
        for text in texts:
            try:
                fits = parse_amount(text, currency) > 0
            except AmountError:
                fits = False
            assert (settled_amount_rule(text, currency) is None) == fits, (text, currency)
    assert amount_rule("0", "JPY") is None
    assert amount_rule("1.5", "JPY") is not None


def _leaves(table: Table, path: str = "") -> dict[str, Leaf]:
    """All leaves with a rule, by their paths of local names."""
    found: dict[str, Leaf] = {}
    for tag, entry in table.items():
        name = f"{path}/{tag.rpartition('}')[2]}"
        if isinstance(entry, dict):
            found |= _leaves(entry, name)
        elif isinstance(entry, Leaf) and entry.rule is not None:
            found[name] = entry
    return found


@pytest.mark.parametrize("message_type", PACS_008_VERSIONS + PACS_009_VERSIONS)
def test_no_amount_and_no_identifier_of_a_schema_is_forgotten(message_type: str) -> None:
    """Expands the schema as a tree, by itself, and compares."""
    xs = "{http://www.w3.org/2001/XMLSchema}"
    schema = schemas.source(message_type)
    kinds = {str(kind.get("name")): kind for kind in schema.iter(xs + "complexType")}
    names = {"BIC", "BICFI", "AnyBIC", "BICOrBEI", "IBAN", "LEI"}
    names |= {"Ctry", "CtryOfRes", "CtryOfBirth", "SrcCcy", "TrgtCcy", "UnitCcy", "QtdCcy"}

    def expand(element: etree._Element, path: str) -> set[str]:
        kind = kinds.get(str(element.get("type")))
        name = f"{path}/{element.get('name')}"
        if element.get("name") in names or (kind is None and element.get("name") == "Ccy"):
            return {name}
        if kind is None:
            return set()
        if kind.find(f".//{xs}attribute[@name='Ccy']") is not None:
            return {name}
        return set().union(*(expand(child, name) for child in kind.iter(xs + "element")))

    (top,) = kinds["Document"].iter(xs + "element")
    expected = {path.removeprefix(f"/{body_tag(message_type)}") for path in expand(top, "")}
    made = plan(message_type, schemas.namespace(message_type))
    others = {tag: table for tag, table in made.others.items() if tag not in made.groups}
    tables: Table = {**others, **made.groups, made.transaction_tag: made.transaction}
    found = {path for path in _leaves(tables) if not path.startswith(("/Assgnmt", "/MsgHdr"))}
    assert found == expected
    assert len(found) > 40


def test_parties_are_test_banks() -> None:
    assert PAYER[7] == PAYEE[7] == "0"
