"""The quick look tells nothing that the reader's full way would not tell, and enough to be of use.

Wherever the quick look gives a result, the full way must give the very same one, without findings;
the messages here are made to have the two disagree.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paritas.iso20022 import patterns, reader
from paritas.iso20022.quick import quick_look
from paritas.iso20022.reader import read_message
from paritas.iso20022.shapes import start_shape, transaction_shape
from paritas.iso20022.values import ReadResult
from payment_messages import (
    NAMESPACE,
    PACS_008_VERSIONS,
    PACS_009_VERSIONS,
    PAYEE,
    PAYER,
    agent,
    app_hdr,
    document,
    group_header,
    is_institutional,
    message,
    transaction,
)

_ROOT = Path(__file__).parents[2]
_SHARED = Path(os.environ.get("PARITAS_SHARED", _ROOT.parent / "shared"))


def looked(data: bytes) -> ReadResult | None:
    """What the quick look alone says of a file: by patterns where there are some, by shapes, both."""
    by_patterns = quick_look(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns.Patterns, "match", lambda *_: None)
        patch.setattr(patterns.Patterns, "learn", lambda *_: None)
        assert quick_look(data) == by_patterns
    return by_patterns


@pytest.fixture(autouse=True, scope="module")
def _patterns_at_first_sight() -> Iterator[None]:
    """Make a pattern of each shape at once, and have those of all good messages here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns, "SIGHTS", 1)
        patch.setattr(patterns, "TRIED_MAX", 100)
        for source in _SOURCES:
            assert quick_look(source.encode())
        for source in _VERSIONS:
            assert quick_look(source.encode())
        yield


def full(data: bytes) -> ReadResult:
    """What the full way alone says of a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "quick_look", lambda *_: None)
        return read_message(data)


def agrees(data: bytes) -> bool:
    """Compare the two ways; returns whether the quick look said anything."""
    quick = looked(data)
    if quick is not None:
        said = full(data)
        assert said.findings == ()
        assert quick == said
    return quick is not None


def plain(**changes: str) -> str:
    """A transaction without any reference in its texts."""
    return transaction(**changes).replace("&amp;", "and")  # type: ignore[arg-type]


@pytest.mark.parametrize("message_type", PACS_008_VERSIONS + PACS_009_VERSIONS)
def test_every_version_has_a_quick_look(message_type: str) -> None:
    one = plain(message_type=message_type)
    assert agrees(message(one, message_type=message_type))
    assert agrees(message(one, one, message_type=message_type, header=""))


GOOD: dict[str, bytes] = {
    "no declaration, no envelope": document(plain()).encode(),
    "byte order mark": b"\xef\xbb\xbf" + document(plain()).encode(),
    "single quotes in the declaration": b"<?xml version='1.0' encoding='utf-8'?>"
    + document(plain()).encode(),
    "other scripts": message(plain().replace("Importer", "进口商 Öç \U0001f4b1")),
    "pretty": message(plain().replace("><", ">\n\t <")),
    "no white space at all": message(plain(), plain()).replace(b"\n", b""),
    "a schema location": message(plain()).replace(
        b"<Document ",
        b'<Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" ',
    ),
    "an envelope with a prefix": message(plain())
    .replace(b"<BusinessMessage>", b'<b:Message xmlns:b="urn:b" b:priority="1">')
    .replace(b"</BusinessMessage>", b"</b:Message>"),
    "an envelope with a namespace": message(plain()).replace(
        b"<BusinessMessage>", b'<BusinessMessage xmlns="urn:b">'
    ),
    "many envelopes": message(plain())
    .replace(b"<BusinessMessage>", b"<A><B>t</B><BusinessMessage>")
    .replace(b"</BusinessMessage>", b"</BusinessMessage></A>"),
    "quotes, exclamation and question marks": message(
        plain().replace("Importer", 'Who\'s "there"? I! ]]')
    ),
    "instructions, dealt by several": message(
        plain(
            type_information="<PmtTpInf><LclInstrm><Prtry>PXFX</Prtry></LclInstrm></PmtTpInf>",
            after_date='<InstdAmt Ccy="JPY">10</InstdAmt><XchgRate>1</XchgRate>',
            last="<InstrForNxtAgt><InstrInf>/A/1</InstrInf></InstrForNxtAgt>"
            "<InstrForNxtAgt><InstrInf>/A/2</InstrInf></InstrForNxtAgt>",
        )
    ),
    "what the group says": message(
        plain(date="", agents=""),
        plain(date="", agents="", amount=" +1.50\n"),
        group=group_header(
            2,
            "<CtrlSum>1001.50</CtrlSum><IntrBkSttlmDt>2026-11-20Z</IntrBkSttlmDt>",
            "<PmtTpInf><InstrPrty>HIGH</InstrPrty></PmtTpInf>"
            + agent("InstgAgt", PAYER)
            + agent("InstdAgt", PAYEE),
        ),
    ),
    "the same names elsewhere": message(
        plain(
            debtor_account="<DbtrAcct><Id><Othr><Id>1</Id></Othr></Id><Nm>Other</Nm></DbtrAcct>",
            last="<CdtrAcct><Id><IBAN>GB82WEST12345698765432</IBAN></Id></CdtrAcct>",
        )
    ),
    "supplementary data of its own": message(
        plain(
            last='<SplmtryData><Envlp><Amt xmlns="urn:x" Ccy="no">a<b/>c</Amt></Envlp></SplmtryData>'
        )
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_messages_have_a_quick_look(name: str) -> None:
    assert full(GOOD[name]).findings == ()
    assert agrees(GOOD[name])


NOT_QUICK: dict[str, bytes] = {
    "a reference": message(transaction()),
    "a comment": message(plain().replace("Importer", "Imp<!-- -->orter")),
    "a CDATA section": message(plain().replace("Importer", "<![CDATA[Importer]]>")),
    "an instruction": message(plain().replace("Importer", "Imp<?x y?>orter")),
    "a comment in the header": message(plain()).replace(b">B-1<", b">B<!---->-1<"),
    "an instruction in the header": message(plain()).replace(b">B-1<", b">B<?p?>-1<"),
    "a > in the header": message(plain()).replace(b">B-1<", b">B>1<"),
    "a > in an attribute before the message": message(plain()).replace(
        b"<BusinessMessage>", b"<BusinessMessage a='>'>"
    ),
    "a carriage return": message(plain().replace("><", ">\r\n<")),
    "a > in a text": message(plain().replace("Importer", "Importer > others")),
    "a prefix": message(plain())
    .replace(b"<GrpHdr", b'<p:GrpHdr xmlns:p="%s"' % (NAMESPACE + "pacs.008.001.08").encode())
    .replace(b"</GrpHdr", b"</p:GrpHdr"),
    "white space in a tag": message(plain().replace("<Dbtr>", "<Dbtr >")),
    "white space in an end tag": message(plain().replace("</Dbtr>", "</Dbtr\n>")),
    "other quotes": message(plain().replace('"INR"', "'INR'")),
    "an attribute on a transaction": message(
        plain().replace("<CdtTrfTxInf>", f'<CdtTrfTxInf xmlns="{NAMESPACE}pacs.008.001.08">')
    ),
    "an empty element written in two tags": message(
        plain(last="<SplmtryData><Envlp><a></a></Envlp></SplmtryData>")
    ),
    "a second transaction in supplementary data": message(
        plain(last=f"<SplmtryData><Envlp>{plain()}</Envlp></SplmtryData>")
    ),
    "supplementary data after all": document(plain())
    .replace("</FIToFI", "<SplmtryData><Envlp><a>1</a></Envlp></SplmtryData></FIToFI")
    .encode(),
    "a message of no bank": message(plain(), header=app_hdr(sender="CCCCINB0XXX")),
    "another type": message(plain(), header=app_hdr("pacs.008.001.07")),
    "no rule is kept": message(plain(amount="0.00")),
    "no date": message(plain(date="")),
    "a sum": message(plain(), group=group_header(1, "<CtrlSum>1</CtrlSum>")),
    "the schema": message(plain().replace("SHAR", "NONE")),
    "the schema of the header": message(plain()).replace(b"<BizMsgIdr>B-1</BizMsgIdr>", b""),
}


@pytest.mark.parametrize("name", NOT_QUICK)
def test_whatever_is_unusual_or_wrong_takes_the_full_way(name: str) -> None:
    assert looked(NOT_QUICK[name]) is None
    assert read_message(NOT_QUICK[name]) == full(NOT_QUICK[name])


# Pieces that mean something to XML, to the quick look, or to both, but not the same.
_BITS = [
    *(
        "<",
        ">",
        "/",
        "&",
        "&lt;",
        "&#x3e;",
        "<!---->",
        "<!-- > -->",
        "<!-- < -->",
        "<?p?>",
        "<?p <?>",
    ),
    *("<![CDATA[>]]>", "<![CDATA[<Nm>]]>", "\r", "\n", "\t", " ", "\x00", "'", '"', "]]>", "x"),
    *("<Nm>", "</Nm>", "<Nm/>", "<Nm></Nm>", "<Nm>y</Nm>", '<Nm a=">">', ' a="b"', ' a=">"'),
    *(' Ccy="CNY"', " xmlns='urn:x'", ' xmlns=""', ' xmlns:p="urn:x"', "p:", "<p:Nm>"),
    *("<GrpHdr>", "</GrpHdr>", "<CdtTrfTxInf>", "</CdtTrfTxInf>", "<Document>", "</Document>"),
    *("<AppHdr/>", '<Document xmlns="urn:x"/>', "<IntrBkSttlmDt>", "</IntrBkSttlmDt>", "0", "1.5"),
    *("\x0b", "\x85", "\u2028", "ç", "\ufeff", "\U0001f600"),
]
_SOURCES = [
    *(data.decode() for data in GOOD.values()),
    message(plain(), plain(amount="2"), plain()).decode(),
    message(plain(message_type="pacs.009.001.08"), message_type="pacs.009.001.08").decode(),
]
_PLACES = st.floats(0, 1, exclude_max=True)


@settings(max_examples=1500, deadline=None)
@given(
    st.sampled_from(_SOURCES),
    st.lists(st.tuples(_PLACES, st.sampled_from(_BITS), st.integers(0, 2)), max_size=4),
)
def test_no_edit_makes_the_two_ways_differ(
    source: str, edits: list[tuple[float, str, int]]
) -> None:
    for place, bit, gone in edits:
        at = int(place * len(source))
        source = source[:at] + bit + source[at + gone :]
    agrees(source.encode())


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(_SOURCES), _PLACES, _PLACES, st.sampled_from(_BITS), st.sampled_from(_BITS))
def test_no_pair_of_bits_at_the_edges_of_tags_makes_them_differ(
    source: str, first: float, second: float, before: str, after: str
) -> None:
    """Edits that stay well-formed: at the start or the end of a text, or in a tag."""
    edges = [at for at, letter in enumerate(source) if letter in "<>"]
    places = sorted(edges[int(place * len(edges))] for place in (first, second))
    for at, bit in zip(reversed(places), (after, before), strict=True):
        at += source[at] == ">" and not bit.startswith(" ")
        source = source[:at] + bit + source[at:]
    agrees(source.encode())


# Free texts, and the gaps between tags where white space means nothing.
_FREE_TEXT = re.compile(
    "(?<=>)[^<>]+(?=</(?:Nm|MsgId|InstrId|TxId|EndToEndId|BizMsgIdr|InstrInf)>)"
)
_GAP = re.compile("(?<=>)(?=<)")
_IN_TEXTS = ["x", " ", "'", '"', "/", "=", "?", "!", "ç", "\u2028", "]]", "--", "/>"]
_IN_GAPS = ["\n", " ", "\t", "\n\n  ", "\x85"]
_RARE = [">", "&lt;", "&#10;", "<!-- > -->", "<?p?>", "\r\n", "<![CDATA[y]]>", "<![CDATA[]]>"]


@settings(max_examples=1000, deadline=None)
@given(
    st.sampled_from(_SOURCES),
    st.lists(st.tuples(_PLACES, st.sampled_from(_IN_TEXTS)), max_size=3),
    st.lists(st.tuples(_PLACES, st.sampled_from(_IN_GAPS)), max_size=3),
    st.lists(st.tuples(_PLACES, st.booleans(), st.sampled_from(_RARE)), max_size=1),
)
def test_edits_that_leave_a_message_good(
    source: str,
    texts: list[tuple[float, str]],
    gaps: list[tuple[float, str]],
    rare: list[tuple[float, bool, str]],
) -> None:
    edits = [(_FREE_TEXT, place, bit) for place, bit in texts]
    edits += [(_GAP, place, bit) for place, bit in gaps]
    edits += [(_FREE_TEXT if in_text else _GAP, place, bit) for place, in_text, bit in rare]
    for kind, place, bit in edits:
        found = [match.end() for match in kind.finditer(source)]
        at = found[int(place * len(found))] if found else len(source)
        source = source[:at] + bit + source[at:]
    agrees(source.encode())


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="<&\r\x00"), min_size=1).map(
    lambda text: text[:140]
)


@settings(max_examples=300, deadline=None)
@given(_NAMES, _NAMES, st.sampled_from(["1", "1.00", "1000.5", " 7 ", "+3", "0", "1.234"]))
def test_any_text_is_the_same_both_ways(name: str, other: str, amount: str) -> None:
    first = plain(amount=amount).replace("Importer and Sons", name)
    agrees(message(first, plain().replace("Importer and Sons", other)))


_VERSIONS = [
    message(
        plain(message_type=each, debtor_account=account), message_type=each, group=totals
    ).decode()
    for each in ("pacs.008.001.02", "pacs.008.001.08", "pacs.008.001.13", "pacs.009.001.10")
    for account in ("", "<DbtrAcct><Id><IBAN>GB82WEST12345698765432</IBAN></Id></DbtrAcct>")
    for totals in (
        group_header(1),
        group_header(
            1,
            '<CtrlSum>1000</CtrlSum><TtlIntrBkSttlmAmt Ccy="INR">1000</TtlIntrBkSttlmAmt>'
            "<IntrBkSttlmDt>2026-11-20</IntrBkSttlmDt>",
        ),
    )
    if not (account and is_institutional(each))
]
_ANY_TEXT = re.compile(r'(?<=>)[^<>]*(?=</)|(?<=Ccy=")[^"]*(?=")')
_TYPED = st.one_of(
    st.sampled_from(
        [
            *("", " ", "0", "1", "1.", ".5", "-1", "+1", "1.00", "01.0", "1e3", "1000", "1000.00"),
            *("9" * 18, "9" * 19, "1.12345", "1.123456", "0" * 20, "1000.0000", "1,5"),
            *("INR", "JPY", "inr", "ZZZ", "INRR", "SHAR", "DEBT", "SHARE", "CLRG", "true", "1"),
            *("2026-11-20", "2026-02-29", "2028-02-29", "2026-11-20Z", "2026-11-20+14:00"),
            *("2026-11-31", "1999-01-01", "10000-01-01", "20261120", " 2026-11-20 "),
            *("2026-11-20T09:30:00", "2026-11-20T24:00:00", "2026-11-20T09:30:00.123456789Z"),
            *("2026-11-20T09:30:60Z", "2026-11-20T09:30:00+14:01", "2026-11-20T9:30:00Z"),
            *("AAAAINB0XXX", "AAAAINB0", "AAAAINB0XX", "AAAAQQB0XXX", "aaaainb0xxx"),
            *("GB82WEST12345698765432", "GB82WEST12345698765431", "GB82 WEST", "DE1"),
            *(
                "\x7f",
                "\x80",
                "\ufffd",
                "\ufffe",
                "\uffff",
                "\ud7ff",
                "\ue000",
                "\U0010ffff",
                "\x01",
            ),
        ]
    ),
    st.builds(
        lambda letter, number: letter * number,
        st.sampled_from(["x", "X", "7", "é", "\U0001f3e6", " ", "\n"]),
        st.sampled_from([1, 2, 3, 4, 5, 34, 35, 36, 70, 71, 128, 140, 141, 350, 351]),
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="<&>"), max_size=12),
)


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(_VERSIONS + _SOURCES), st.lists(st.tuples(_PLACES, _TYPED), max_size=2))
def test_any_text_in_any_place_is_judged_as_the_schema_does(
    source: str, texts: list[tuple[float, str]]
) -> None:
    for place, text in texts:
        found = list(_ANY_TEXT.finditer(source))
        begin, end = found[int(place * len(found))].span()
        source = source[:begin] + text + source[end:]
    agrees(source.encode())


def _matches(data: bytes) -> list[bool]:
    """Which of the parts of a message (start, transactions) match a pattern."""
    found: list[bool] = []
    match = patterns.Patterns.match

    def noted(*arguments: object) -> object:
        known = match(*arguments)  # type: ignore[arg-type]
        found.append(known is not None)
        return known

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns.Patterns, "match", noted)
        assert quick_look(data) is not None
    return found


@pytest.mark.parametrize("source", _VERSIONS)
def test_a_known_shape_is_not_parsed(source: str) -> None:
    assert quick_look(source.encode())
    assert _matches(source.encode()) == [True, True]
    other = source.replace("INR", "CNY").replace("E-1", "Another")
    assert _matches(other.encode()) == [True, True]


def test_what_patterns_do_not_know_the_schema_still_accepts() -> None:
    signed = GOOD["what the group says"]
    assert quick_look(signed)
    assert _matches(signed) == [True, True, False]
    # Whatever the schema allows anywhere may hold anything.
    anything = GOOD["supplementary data of its own"]
    assert quick_look(anything)
    assert _matches(anything) == [True, False]


def test_samples_of_others_say_the_same_both_ways() -> None:
    files = sorted(_SHARED.glob("samples/**/*.xml")) if _SHARED.is_dir() else []
    if not files:
        pytest.skip("no shared samples here")
    for path in files:
        data = path.read_bytes()
        agrees(data)
        assert read_message(data) == full(data)


def test_a_thousand_transactions_of_several_shapes() -> None:
    kinds = [plain(), plain(currency="CNY"), plain(after_agents=""), plain(last="")]
    assert agrees(message(*(kinds[n % 4] for n in range(1000))))
    assert not agrees(message(*(kinds[n % 4] for n in range(999)), plain(amount="0")))


def test_large_shapes_are_not_remembered() -> None:
    before = start_shape.cache_info().currsize + transaction_shape.cache_info().currsize
    for number in range(4):
        content = f"<a{number}/>" * 3000
        extra = f"<SplmtryData><Envlp>{content}</Envlp></SplmtryData>"
        assert looked(message(plain(last=extra))) is None
        assert looked(message(plain(), header=f"<H>{content}</H>")) is None
    # The empty shape stands for all of them, once for the start and once for a transaction.
    after = start_shape.cache_info().currsize + transaction_shape.cache_info().currsize
    assert after <= before + 3
