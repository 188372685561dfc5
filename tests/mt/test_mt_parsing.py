"""The parser: every layout that real files have, and what it makes of anything else."""

import pytest
from mt_messages import MESSAGES, MT103, RECEIVER, SENDER, UETR, fin, one

from paritas.mt.parsing import MARKS_MAX, MT_BYTES_MAX, is_mt, read_mt
from paritas.mt.writing import rewrite


def test_whole_message():
    message = one(fin("103", *MT103, flag="STP", more="{108:MUR1}"))
    assert message.name == "MT103 STP"
    assert (message.sender, message.receiver) == (SENDER, RECEIVER)
    assert message.uetr == UETR
    assert message.user_header["108"] == "MUR1"
    assert message.sent == ("261123", "1015")
    assert [field.tag for field in message.fields][:3] == ["20", "13C", "23B"]
    party = next(field for field in message.fields if field.tag == "50F")
    assert party.value.split("\n") == [
        "/12345678",
        "1/Sharma Spices",
        "2/12 MG Road",
        "3/IN/Bengaluru",
    ]
    assert party.line == 10
    assert not message.findings


def test_input_message():
    message = one(
        b"{1:F01AAAAINB0AXXX0000000000}{2:I103BBBBBRS0XXXXU3003}{4:\n:20:A\n-}{5:{CHK:123}}"
    )
    assert (message.sender, message.receiver) == (SENDER, RECEIVER)
    assert message.trailer == {"CHK": "123"}


STATEMENT = ":20:A\n:25:1\n:28C:1\n:60F:C261122EUR1,\n:62F:C261122EUR1,"
# Bytes, and for each message in them: number, tags and, where it matters, the last value.
CASES = {
    "block 4 only": (b"{4:\n:20:A\n:79:B\n-}", [("", "20 79")]),
    "bare fields": (b":20:A\n:79:B\n", [("", "20 79")]),
    "carriage returns": (b":20:A\r:79:B\r", [("", "20 79")]),
    "doubled line ends": (b":20:A\r\r\n:79:B\r\r\n", [("", "20 79")]),
    "fields on the line of block 4": (b"{2:I199X}{4::20:A\n:79:B\n-}", [("199", "20 79")]),
    "no end": (b"{1:F01X}{2:I199X}{4:\n:20:A", [("199", "20")]),
    "junk after the end": (b"{2:I199X}{4:\n:20:A\n-}$\n\n\x1a", [("199", "20")]),
    "blocks on their own lines": (
        b"{1:X}\n{2:I199X}\n{4:\n:20:A\n-}\n{5:{CHK:1}}",
        [("199", "20")],
    ),
    "two with blocks": (
        b"{1:X}{2:I199X}{4:\n:20:A\n-}\n{1:X}{2:I299X}{4:\n:20:B\n-}",
        [("199", "20"), ("299", "20")],
    ),
    "two, the first without an end": (
        b"{1:X}{2:I199X}{4:\n:20:A\n{1:X}{2:I299X}{4:\n:20:B\n-}",
        [("199", "20"), ("299", "20")],
    ),
    "two on one line": (
        b"{1:X}{2:I199X}{4:\n:20:A\n-}{1:X}{2:I299X}{4:\n:20:B\n-}",
        [("199", "20"), ("299", "20")],
    ),
    "type line before the fields": (
        f"BANK\n940\nBANK\n{STATEMENT}\n-\n".encode(),
        [("940", "20 25 28C 60F 62F")],
    ),
    "type with colons": (f":940:\n{STATEMENT}".encode(), [("940", "20 25 28C 60F 62F")]),
    "type with a number": (
        f"0000 01X\n940 00\n{STATEMENT}\n-XXX\n".encode(),
        [("940", "20 25 28C 60F 62F")],
    ),
    "guessed by its fields": (STATEMENT.encode(), [("940", "20 25 28C 60F 62F")]),
    "two statements without blocks": (
        f"{STATEMENT}\n{STATEMENT}".encode(),
        [("940", "20 25 28C 60F 62F")] * 2,
    ),
    "two statements with dashes": (
        f"940\n{STATEMENT}\n-\n940\n{STATEMENT}\n-".encode(),
        [("940", "20 25 28C 60F 62F")] * 2,
    ),
    "two statements in one block": (
        f"{{2:I940X}}{{4:\n{STATEMENT}\n{STATEMENT}\n-}}".encode(),
        [("940", "20 25 28C 60F 62F"), ("940", "20 25 28C 60F 62F")],
    ),
    "end of file character between": (
        f":940:\n{STATEMENT}\n\x1a{STATEMENT}".encode(),
        [("940", "20 25 28C 60F 62F")] * 2,
    ),
    "empty block 3": (b"{1:X}{2:O940X}{3:}{4:\n:20:A\n-}{5:}", [("940", "20")]),
    "indented": (
        b"\n    {1:X}{2:I199X}{4:\n    :20:A\n    :79:B\n    C\n    -}\n",
        [("199", "20 79")],
    ),
    "a space before the first field": (b"{2:I199X}{4: :20:A\n-}", [("199", "20")]),
    "byte order mark": ("\ufeff:20:A".encode(), [("", "20")]),
    "UTF-16": (":20:A\n:79:B".encode("utf-16"), [("", "20 79")]),
    "Latin-1": (b":20:A\n:79:B\xe9", [("", "20 79")]),
}


@pytest.mark.parametrize("name", CASES)
def test_layouts(name):
    data, expected = CASES[name]
    messages = read_mt(data)
    found = [(m.number, " ".join(field.tag for field in m.fields)) for m in messages]
    assert found == expected
    assert not any(f.code.startswith("mt.") for m in messages for f in m.findings)
    assert is_mt(data)


@pytest.mark.parametrize(
    "data", [b"", b"<a>\n:20:A\n</a>", b"\xef\xbb\xbf <a/>", b"text", b"-\n-\n"]
)
def test_what_is_no_mt(data):
    assert not is_mt(data)


@pytest.mark.parametrize(
    ("start", "text"),
    [
        (b"", "AT\n:00:00\n:30:00/\nEND\n-"),
        (b"{2:I940X}{4:\n", "AT\n:00:00\n:30:00/\n-\nEND\n-"),
    ],
)
def test_text_that_looks_like_marks(start, text):
    """A time in a text is no field, and a dash is no end while the message goes on."""
    fields = f":20:A\n:60F:C261122EUR1,\n:61:261122C1,NTRFX\n:86:{text}\n:62F:C261122EUR2,\n-\n"
    (message,) = read_mt(start + fields.encode())
    assert [field.tag for field in message.fields] == ["20", "60F", "61", "86", "62F"]
    assert message.fields[3].value == text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "mt.empty"),
        (b"hello\nworld", "mt.empty"),
        (bytes(range(256)), "mt.empty"),
        (b"{1:F01AAAAINB0AXXX0000000000}", "mt.no_field"),
        (b"{1:F01X}{2:I103X}{4:\n-}", "mt.no_field"),
        (b"x" * (MT_BYTES_MAX + 1), "mt.too_large"),
        (b":20:A\n:79:B\n" + b":79:B\n" * MARKS_MAX, "mt.too_large"),
    ],
    ids=str,
)
def test_unreadable(data, code):
    assert [f.code for m in read_mt(data) for f in m.findings if f.code.startswith("mt.")] == [code]


@pytest.mark.parametrize("name", MESSAGES)
def test_written_again_is_the_same(name):
    assert rewrite(one(MESSAGES[name])) == MESSAGES[name]


HOSTILE = {
    "line feeds": b"\n",
    "carriage returns": b"\r",
    "braces": b"{",
    "closing braces": b"}",
    "first blocks": b"{1:",
    "fourth blocks": b"{4:",
    "fourth blocks on lines": b"{4:\n",
    "fields": b":20:\n",
    "dashes": b"-\n",
    "ends": b"-}{4:\n",
    "spaces": b" ",
    "zero bytes": b"\0",
    "nested": b"{3:{121:",
    "codes": b":72:/A/\n//",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_work_is_bounded(name):
    """However often something is repeated, no more than the limits is kept of it."""
    piece = HOSTILE[name]
    messages = read_mt(piece * (2_000_000 // len(piece)))
    assert sum(len(message.fields) for message in messages) <= MARKS_MAX
    assert messages
