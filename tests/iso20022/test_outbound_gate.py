"""The gate says what the schema says, though it asks the schema only about what is new.

Everything here feeds texts past the builders, which would clip and clean them.
"""

import io
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from outbound import ANY_TEXT, NOW, UETR

from paritas.iso20022 import forms, gate
from paritas.iso20022.accounts import (
    Account,
    Conversion,
    Entry,
    EntryKind,
    Statement,
    camt053,
    camt054,
)
from paritas.iso20022.answers import Reject, StatusReport, TransactionStatus, admi002, pacs002
from paritas.iso20022.facets import XS, text_pattern
from paritas.iso20022.gate import OutboundInvalidError
from paritas.iso20022.payments import (
    CustomerTransfer,
    InstitutionTransfer,
    Party,
    PaymentGroup,
    Underlying,
    pacs008,
    pacs009,
)
from paritas.iso20022.schemas import namespace, schema, source
from paritas.iso20022.writer import Draft, Header, escape

PAYER, PAYEE, ISSUER = "AAAAINB0XXX", "BBBBRUM0", "RBISINB0XXX"
DAY = "2026-11-23"
ACCOUNT = Account("AAAA-INR", "INR", PAYER, ISSUER, "First & Co")
BARE = Entry("R-1", 150025, True, EntryKind.CUSTOMER, DAY, DAY)
FULL = Entry(
    *("R-2", 5, False, EntryKind.EXCHANGE, DAY, DAY, "M", "I", "E", "T", UETR, PAYER, PAYEE),
    *("Asha <1>", "Ivan", Conversion("INR", 5, "KRW", 83, "16.6638893"), 'Said "so".'),
)
STATEMENT = Statement("S-1", NOW, 1, ACCOUNT, DAY, 0, 150020, 10, 7)
REPORT = StatusReport("A-1", NOW, "M-1", "pacs.008.001.08", NOW, "2", ISSUER, PAYER)
SETTLED = TransactionStatus(
    *("ACSC", "I", "E", "T", UETR, "", "", "2026-11-23T10:00:01.5Z", "12", PAYER, PAYEE),
    *("INR", 150025, DAY),
)
REFUSED = TransactionStatus("RJCT", end_to_end_id="E", reason="AM04", text="Short by INR 1.")
PARTY = Party("Asha", "IN", "Pune", "411001", "Main", "7", "5493001KJTIIGC8Y1R12", "", "123")
TRANSFER = {"end_to_end_id": "E", "currency": "INR", "amount_minor": 100, "uetr": UETR}


def samples() -> list[Draft]:
    """Return a document of each builder; entries of two shapes where there are entries."""
    group = PaymentGroup("M-1", NOW, DAY, PAYER, PAYEE, clearing_system="PARITAS")
    customer = CustomerTransfer(
        **TRANSFER, debtor=PARTY, creditor=PARTY, debtor_agent=PAYER, creditor_agent=PAYEE
    )
    cover = InstitutionTransfer(
        **TRANSFER,
        debtor=PAYER,
        creditor=PAYEE,
        instructions_for_next_agent=("/PVP/CNY1.00",),
        underlying=Underlying(PARTY, PAYER, PAYEE, PARTY, "Invoice 7"),
    )
    refused_whole = StatusReport("A-1", NOW, "M-1", "pacs.008.001.08", reason="DU01", text="Twice.")
    return [
        camt054("N-1", NOW, ACCOUNT, [BARE, FULL, BARE]),
        camt053(STATEMENT, [BARE, FULL]),
        pacs002(REPORT, [SETTLED]),
        pacs002(REPORT, [SETTLED, REFUSED, SETTLED]),
        pacs002(refused_whole, []),
        admi002(Reject("bad.xml", "xml.doctype", NOW, "line 2", "It has one.", "<!DOCTYPE x>")),
        pacs008(group, [customer, customer]),
        pacs009(group, [cover]),
        Draft("head.001.001.02", [header_of(pacs002(REPORT, [SETTLED], HEADER))], None),
    ]


HEADER = Header(ISSUER, PAYER, "B-1", NOW, "paritas.1")


def header_of(draft: Draft) -> str:
    found = re.search("<AppHdr.*</AppHdr>", draft.checked().decode())
    assert found is not None
    return found[0]


SAMPLES = len(samples())


@pytest.fixture(autouse=True, scope="module")
def known_at_first_sight() -> Iterator[None]:
    """Make a form of each shape at once, so that the samples' own forms are those that are asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "SIGHTS", 1)
        forget()
        yield
    forget()


def forget() -> None:
    forms.document_forms.cache_clear()
    forms.entry_forms.cache_clear()


def accepted_by_schema(message_type: str, text: str) -> bool:
    """Ask lxml alone, about the whole."""
    try:
        return schema(message_type).validate(etree.fromstring(text.encode()))
    except (etree.XMLSyntaxError, UnicodeEncodeError):
        return False


def accepted(draft: Draft) -> tuple[bool, bool]:
    """Ask both ways out; what has left must be what was to leave."""
    parts = list(draft.parts)
    verdicts = []
    for way in (Draft.checked, written):
        try:
            data = way(Draft(draft.message_type, iter(parts), None))
            assert data.decode().endswith("".join(parts))
            verdicts.append(True)
        except (OutboundInvalidError, UnicodeEncodeError):
            verdicts.append(False)
    return verdicts[0], verdicts[1]


def written(draft: Draft) -> bytes:
    file = io.BytesIO()
    draft.write(file)
    return file.getvalue()


def assert_same_verdict(message_type: str, parts: Iterable[str]) -> bool:
    parts = list(parts)
    expected = accepted_by_schema(message_type, "".join(parts))
    assert accepted(Draft(message_type, parts, None)) == (expected, expected)
    return expected


# Texts at the edge of one type or other; they are put into elements of every type.
LENGTHS = (1, 4, 5, 16, 34, 35, 36, 70, 71, 105, 106, 140, 141, 350, 351, 500, 501)
CHARACTERS = ("A", "0", " ", "\n", "\t", "\r", "\x7f", "\x85", "é", "🏦", "\ufffe", "\x0b", '"')
REFERENCES = ("&amp;", "&lt;", "&gt;", "&quot;", "&#13;", "&apos;", "&#65;", "&#x1F3E6;")
BROKEN = ("&", "&nbsp;", "&#1;", "&amp", ">", "]]>", "<", "<X/>", "<!-- c -->", "<![CDATA[x]]>")
DATES = (
    *("2026-02-28", "2026-02-29", "2026-02-30", "2024-02-29", "2100-02-29", "2000-02-29"),
    *("2026-04-30", "2026-04-31", "2026-12-31", "2026-01-29", "2026-01-32", "2026-13-01"),
    *("2026-00-01", "2026-01-00", "0000-01-01", "0001-01-01", "-0001-01-01", "12026-01-01"),
    *("2026-1-1", "20260101", "2026-11-23Z", "2026-11-23+14:00", "2026-11-23-13:59"),
    *("2026-11-23+14:01", "2026-11-23z", " 2026-11-23 ", "2026-11-23T10:00:00"),
)
TIMES = (
    *("00:00:00", "23:59:59", "24:00:00", "24:00:01", "25:00:00", "10:60:00", "10:00:60"),
    *("10:00", "10:00:00.", "10:00:00.5", "10:00:00.123456789", "10:00:00.1234567890123"),
    *("10:00:00Z", "10:00:00+05:30", "10:00:00-14:00", "10:00:00+14:01", "10:00:00 Z"),
)
NUMBERS = (
    *("0", "1", "-1", "+1", "-0", "1.", ".5", "0.5", "1e3", "1,5", "1.5.5", "NaN", "INF", "٣"),
    *("9" * 17, "9" * 18, "9" * 19, "0" * 18 + "1", "1." + "0" * 17, "1." + "0" * 18),
    *("0.12345", "0.123456", "0.1234567891", "0.12345678912", "1234567890123.12345"),
    *("12345678901234.12345", "9" * 11, "9" * 12, "9" * 10 + ".1", "9" * 11 + ".1"),
    *("1" * 15, "1" * 16, "9" * 13 + ".99999", "9" * 14 + ".99999"),
)
CODES = (
    *("true", "false", "TRUE", "CRDT", "DBIT", "CRDTX", "crdt", "INR", "inr", "IN", "INRR", "ZZZ"),
    *("IN\n", PAYER, PAYEE, "AAAAINB0XX", "AAAAINB0XXXX", "aaaainb0", "AAAAINB0XX\n", UETR),
    *(UETR.upper(), UETR.replace("-4", "-1"), UETR + "0", "SLEV", "CLRG", "NORM", "SHAR"),
    *("5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R1", "GB82WEST12345698765432", ""),
)
LONG = [character * length for character in CHARACTERS + REFERENCES for length in LENGTHS]
EDGES = st.one_of(
    st.sampled_from(LONG),
    st.sampled_from(BROKEN + DATES + NUMBERS + CODES),
    st.sampled_from([f"{day}T{time}" for day in DATES[:8] for time in TIMES]),
    ANY_TEXT.map(escape),
    ANY_TEXT,
)
_TEXTS = re.compile(r'(?<=>)[^<>]*(?=</)|(?<==")[^"]*(?=")')


@settings(max_examples=1500)
@given(st.integers(0, SAMPLES - 1), st.data())
def test_any_text_in_any_place_has_the_verdict_of_the_schema(
    which: int, data: st.DataObject
) -> None:
    draft = samples()[which]
    parts = list(draft.parts)
    assert assert_same_verdict(draft.message_type, parts)
    places = [(n, found) for n, part in enumerate(parts) for found in _TEXTS.finditer(part)]
    number, found = data.draw(st.sampled_from(places))
    text, part = data.draw(EDGES), parts[number]
    parts[number] = part[: found.start()] + text + part[found.end() :]
    assert_same_verdict(draft.message_type, parts)


@settings(max_examples=500)
@given(st.integers(0, SAMPLES - 1), st.data())
def test_any_change_of_shape_has_the_verdict_of_the_schema(which: int, data: st.DataObject) -> None:
    draft = samples()[which]
    parts = list(draft.parts)
    assert assert_same_verdict(draft.message_type, parts)
    number = data.draw(st.sampled_from([n for n, part in enumerate(parts) if part]))
    pieces = re.findall(r"<[^/>][^>]*>[^<>]+</[^>]*>|<[^>]*>|[^<>]+", parts[number])
    one = data.draw(st.integers(0, len(pieces) - 1))
    other = data.draw(st.integers(0, len(pieces) - 1))
    change = data.draw(st.sampled_from(("drop", "repeat", "swap", "insert")))
    if change == "drop":
        del pieces[one]
    elif change == "repeat":
        pieces.insert(other, pieces[one])
    elif change == "swap":
        pieces[one], pieces[other] = pieces[other], pieces[one]
    else:
        foreign = (
            "<X/>",
            "<Amt>1</Amt>",
            "text",
            "<!-- c -->",
            "<?p i?>",
            " ",
            '<A xmlns="">1</A>',
        )
        pieces.insert(one, data.draw(st.sampled_from(foreign)))
    parts[number] = "".join(pieces)
    assert_same_verdict(draft.message_type, parts)


@settings(max_examples=200)
@given(st.integers(0, SAMPLES - 1), st.data())
def test_any_order_of_the_parts_has_the_verdict_of_the_schema(
    which: int, data: st.DataObject
) -> None:
    draft = samples()[which]
    parts = list(draft.parts)
    assert assert_same_verdict(draft.message_type, parts)
    chosen = data.draw(st.permutations(range(len(parts))))
    kept = data.draw(st.integers(0, len(parts)))
    moved = [*parts[:kept], *(parts[index] for index in chosen if index >= kept)]
    assert_same_verdict(draft.message_type, moved)


@cache
def each_type(message_type: str) -> tuple[etree.XMLSchema, list[str]]:
    """Return the schema with an element for each simple type, and the names of the types."""
    tree = deepcopy(source(message_type))
    names = [str(kind.get("name")) for kind in tree.iterchildren(XS + "simpleType")]
    names += ["xs:date", "xs:dateTime", "xs:boolean", "xs:string"]
    for name in names:
        tag = name.replace(":", ".")
        tree.append(tree.makeelement(XS + "element", {"name": tag, "type": name}))
    return etree.XMLSchema(etree.fromstring(etree.tostring(tree))), names


MESSAGE_TYPES = (
    *("camt.054.001.08", "camt.053.001.08", "pacs.002.001.10", "admi.002.001.01"),
    *("pacs.008.001.08", "pacs.009.001.08", "head.001.001.02"),
)


@pytest.mark.parametrize("message_type", MESSAGE_TYPES)
def test_no_pattern_accepts_what_its_type_does_not(message_type: str) -> None:
    validator, names = each_type(message_type)
    numbers_and_codes = (*DATES, *NUMBERS, *CODES, *(f"{DAY}T{time}" for time in TIMES))
    texts = {*LONG, *BROKEN, *numbers_and_codes}
    for name in names:
        pattern = text_pattern(source(message_type), name)
        if pattern is None:
            continue
        accepts = re.compile(f"{pattern}<").fullmatch
        agreed = 0
        for text in texts:
            if "\ufffe" not in text and accepts(forms.plain(text) + "<"):
                tag = name.replace(":", ".")
                document = f'<{tag} xmlns="{namespace(message_type)}">{text}</{tag}>'
                assert validator.validate(etree.fromstring(document)), (name, text)
                agreed += 1
        for example in examples(message_type, name):
            assert accepts(example + "<"), (name, example)
            agreed += 1
        assert agreed, f"no text at all for {name}"


def examples(message_type: str, name: str) -> list[str]:
    """Return texts of an enumeration or of a pattern, so that none goes untried."""
    path = f"{XS}simpleType[@name='{name}']/{XS}restriction/{XS}"
    codes = [str(each.get("value")) for each in source(message_type).iterfind(path + "enumeration")]
    return codes + [
        PATTERNS[str(each.get("value"))] for each in source(message_type).iterfind(path + "pattern")
    ]


PATTERNS = {
    "[A-Z0-9]{4,4}[A-Z]{2,2}[A-Z0-9]{2,2}([A-Z0-9]{3,3}){0,1}": PAYER,
    "[A-Z0-9]{18,18}[0-9]{2,2}": "5493001KJTIIGC8Y1R12",
    "[A-Z]{2,2}": "IN",
    "[A-Z]{3,3}": "INR",
    "[A-Z]{2,2}[0-9]{2,2}[a-zA-Z0-9]{1,30}": "GB82WEST12345698765432",
    "[A-Z]{2,2}[A-Z0-9]{9,9}[0-9]{1,1}": "US0378331005",
    "[0-9]": "7",
    "[0-9]{2}": "07",
    "[0-9]{3}": "007",
    "[0-9]{2,3}": "007",
    "[0-9]{3,4}": "007",
    "[0-9]{1,3}": "7",
    "[0-9]{1,5}": "7",
    "[0-9]{1,15}": "7",
    "[0-9]{8,28}": "12345678",
    "[a-z]{2,2}": "en",
    "[a-zA-Z0-9]{4}": "aB3d",
    "[\\+]{0,1}[0-9]{1,15}": "+7",
    "\\+[0-9]{1,3}-[0-9()+\\-]{1,30}": "+91-(20)+5-5",
    "[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}": UETR,
}


@pytest.mark.parametrize("which", range(SAMPLES))
def test_what_is_known_leaves_without_the_schema(
    which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, again = samples()[which], samples()[which]
    draft.checked()

    def refuse(message_type: str, data: bytes) -> bytes:
        raise AssertionError(f"the schema was asked about {data!r}")

    monkeypatch.setattr(gate, "checked", refuse)
    assert again.checked() == written(samples()[which])


@pytest.mark.parametrize("sights", [1, 3])
def test_a_form_is_made_when_its_shape_was_seen_often_enough(
    sights: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "SIGHTS", sights)
    known = forms.Forms(forms.Place("camt.054.001.08", "Ntry", "ReportEntry10"))
    entry = list(camt054("N-1", NOW, ACCOUNT, [BARE]).parts)[-3]
    for _ in range(sights):
        assert known.match(entry) is None
        known.learn(entry)
    assert known.match(entry) is not None
    assert known.match(entry.replace("CRDT", "DBIT")) is not None
    assert known.match(entry.replace("CRDT", "CRDS")) is None


@pytest.mark.parametrize("odd", ["<!-- c -->", "<?p i?>", "<![CDATA[R]]>", "<X/>", "\x7f"])
def test_what_is_odd_has_no_form(odd: str) -> None:
    place = forms.Place("camt.054.001.08", "Ntry", "ReportEntry10")
    entry = list(camt054("N-1", NOW, ACCOUNT, [BARE]).parts)[-3]
    assert forms.form_of(entry, place) is not None
    assert forms.form_of(entry.replace("<Sts>", f"<Sts>{odd}"), place) is None


@pytest.mark.parametrize(
    ("following", "may_repeat"),
    [("Ntry", True), ("Bal", True), ("Acct", False), ("TxsSummry", False)],
)
def test_entries_are_what_may_repeat_and_end_a_message(following: str, may_repeat: bool) -> None:
    # Acct needs the balances after it; TxsSummry needs nothing, but there is only one.
    beginning = "".join(list(camt053(STATEMENT, [BARE, FULL]).parts)[:3])
    place = forms.Place("camt.053.001.08", "Document", "Document", True, following)
    assert (forms.form_of(beginning, place) is not None) == may_repeat


def test_what_is_no_character_of_xml_is_not_known_to_be_valid() -> None:
    known = forms.Forms(forms.Place("camt.054.001.08", "Ntry", "ReportEntry10"))
    entry = list(camt054("N-1", NOW, ACCOUNT, [BARE]).parts)[-3]
    known.learn(entry)
    for character in ("\ufffe", "\uffff", "\ud800", "\x00", "\r"):
        assert known.match(entry.replace("R-1", character)) is None
    for character in ("\ufffd", "\ue000", "\x7f", "é", "🏦", "&amp;", "&#13;"):
        assert known.match(entry.replace("R-1", character * 35)) is not None
        assert known.match(entry.replace("R-1", character * 36)) is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "SHAPES_MAX", 5)
    known = forms.Forms(forms.Place("pacs.002.001.10", "TxInfAndSts", "PaymentTransaction110"))
    for number in range(40):
        known.learn(f"<TxInfAndSts>{'<StsRsnInf></StsRsnInf>' * number}</TxInfAndSts>")
    assert len(known._known) <= 5
    assert sum(map(len, known._tried.values())) <= 5 * forms.TRIED_MAX


def test_entries_with_as_many_tags_are_told_apart() -> None:
    one = TransactionStatus("ACSC", instruction_id="I")
    other = TransactionStatus("ACSC", transaction_id="T")
    for statuses in ([one], [other], [one, other, one], [other, one, other]):
        parts = list(pacs002(REPORT, statuses).parts)
        assert assert_same_verdict("pacs.002.001.10", parts)
        broken = [part.replace("OrgnlTxId>", "OrgnlTxIdd>") for part in parts]
        assert assert_same_verdict("pacs.002.001.10", broken) == (other not in statuses)


def test_a_bad_entry_among_known_ones_is_named() -> None:
    parts = list(camt054("N-1", NOW, ACCOUNT, [BARE] * 9).parts)
    entries = [n for n, part in enumerate(parts) if part.startswith("\n<Ntry>")]
    parts[entries[6]] = parts[entries[6]].replace('"INR"', '"INRR"')
    with pytest.raises(OutboundInvalidError, match=r"near entry 7: .*INRR"):
        Draft("camt.054.001.08", parts, None).write(io.BytesIO())
    with pytest.raises(OutboundInvalidError, match=r"line 9: .*INRR"):
        Draft("camt.054.001.08", parts, None).checked()


def test_an_end_that_is_more_than_end_tags_is_held_against_the_schema() -> None:
    parts = list(camt054("N-1", NOW, ACCOUNT, [BARE] * 3).parts)
    close = parts.index("</Ntfctn>")
    note = ["<AddtlNtfctnInf>More</AddtlNtfctnInf>"]
    assert assert_same_verdict("camt.054.001.08", parts[:close] + note + parts[close:])
    assert not assert_same_verdict("camt.054.001.08", parts[:close] + note * 2 + parts[close:])
    assert not assert_same_verdict("camt.054.001.08", parts[:close])
    assert not assert_same_verdict("camt.054.001.08", [*parts, "</Document>"])
    late = [*parts[:close], *note, parts[close - 1], *parts[close:]]
    assert not assert_same_verdict("camt.054.001.08", late)
