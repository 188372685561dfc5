"""Bytes to SWIFT MT messages: blocks, fields and the lines they stand on; nothing makes it fail.

A full message is five blocks, ``{1:...}{2:...}{3:...}{4:`` lines of fields ``-}{5:...}``. Statement
files of banks often have less: only block 4, or bare fields after a line or two of their own. All
of these are read, several in a file, with any line ends. The text is read line by line and no line
is looked at twice, so the time is linear in the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from paritas.iso20022.values import Finding

#: More than a day's statements of a large account; a larger file is refused unread.
MT_BYTES_MAX = 16 * 1024 * 1024

#: Fields are small objects, so a file of nothing but fields must not fill the memory.
FIELDS_MAX = 250_000

#: A file can be wrong in as many places as it has lines; nobody reads more than these.
FINDINGS_MAX = 1000

_FIELD = re.compile(r":([1-9][0-9][A-Z]?|NS):(.*)", re.ASCII | re.DOTALL)
_BLOCK = re.compile(r"\{([1-5S]):", re.ASCII)
_NESTED = re.compile(r"\{([A-Z0-9]{1,8}):([^{}]*)\}", re.ASCII)
_APPLICATION_TYPE = re.compile(r"[IO]([0-9]{3})", re.ASCII)
# "940", ":940:", "940 00" or "MT940" on a line before the first field.
_BARE_TYPE = re.compile(r"\s*(?:MT\s?|:)?([1-9][0-9]{2})(?::|\s+00)?\s*", re.ASCII)
_FRAME_CHARACTERS = "\x00\x01\x02\x03\x04\x1a\ufeff"
_FRAMING = frozenset(_FRAME_CHARACTERS)

# Between messages such a line is clear enough even where the text before it has no end.
_TYPE_LINE = re.compile(r":[1-9][0-9]{2}:\s*", re.ASCII)
_TERMINAL = re.compile(r"[FAL][0-9]{2}([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})", re.ASCII)
_INPUT = re.compile(r"I[0-9]{3}([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})", re.ASCII)
_OUTPUT = re.compile(r"O[0-9]{3}([0-9]{4})([0-9]{6})([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})", re.ASCII)

# In the free text of a statement a line may look like another field (":12:30 o'clock").
_STATEMENT_TAGS = frozenset(
    [
        "13",
        "13D",
        "20",
        "21",
        "25",
        "25P",
        "28",
        "28C",
        "34F",
        "60F",
        "60M",
        "61",
        "62F",
        "62M",
        "64",
        "65",
        "86",
        "90C",
        "90D",
        "NS",
    ]
)


class Field(msgspec.Struct, frozen=True, gc=False):
    """One field: its tag with the option letter ("32A"), its lines joined by "\\n", its line."""

    tag: str
    value: str
    line: int

    @property
    def path(self) -> str:
        """How findings name the field."""
        return f":{self.tag}:"


class MtMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it stands in its file; what is missing is empty."""

    #: The three digits of the message type, "" if nothing says it.
    number: str = ""
    #: Contents of block 1 and 2.
    basic_header: str = ""
    application_header: str = ""
    #: Block 3 and 5 by their tags: ``{"121": uetr, "119": "COV"}``.
    user_header: dict[str, str] = {}
    trailer: dict[str, str] = {}
    fields: tuple[Field, ...] = ()
    #: The line on which the message begins, from 1.
    line: int = 1
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        """The message type as people say it: "MT103", "MT103 STP", "MT202 COV", or "MT"."""
        flag = self.user_header.get("119", "")
        known = flag in ("COV", "STP", "REMIT")
        return f"MT{self.number} {flag}" if known else f"MT{self.number}"

    @property
    def uetr(self) -> str:
        """Block 3, field 121."""
        return self.user_header.get("121", "")

    @property
    def sender(self) -> str:
        """The BIC (11 characters) that sent the message, or ""."""
        match = _OUTPUT.match(self.application_header)
        if match is not None:
            return match[3] + match[4]
        if self.application_header.startswith("I"):
            return _terminal(self.basic_header)
        return ""

    @property
    def receiver(self) -> str:
        """The BIC (11 characters) that the message is for, or ""."""
        match = _INPUT.match(self.application_header)
        if match is not None:
            return match[1] + match[2]
        if self.application_header.startswith("O"):
            return _terminal(self.basic_header)
        return ""

    @property
    def is_urgent(self) -> bool:
        """Whether the priority in block 2 is U."""
        return self.application_header[-1:] == "U" or self.application_header[16:17] == "U"

    @property
    def sent(self) -> tuple[str, str]:
        """Date YYMMDD and time HHMM at which the sender put it in, or two empty texts."""
        match = _OUTPUT.match(self.application_header)
        return (match[2], match[1]) if match is not None else ("", "")


def read_mt(data: bytes) -> list[MtMessage]:
    """Read every message of a file, whatever its bytes; never raises, never empty.

    What cannot be read at all gives one message without fields whose findings (``mt.*``) say why.
    """
    if len(data) > MT_BYTES_MAX:
        text = f"larger than {MT_BYTES_MAX:,} bytes: split it"
        return [MtMessage(findings=(_unreadable("mt.too_large", text),))]
    reader = _Reader(_decoded(data))
    reader.read()
    return reader.messages


def _decoded(data: bytes) -> str:
    """Return the text: MT is ASCII, but files of banks hold what their systems write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16", "replace")
        return data.decode("latin-1")


def _unreadable(code: str, text: str, line: int = 0) -> Finding:
    return Finding(code, "", line, text, "FF01")


def _terminal(basic_header: str) -> str:
    match = _TERMINAL.match(basic_header)
    return match[1] + match[2] if match is not None else ""


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; line feed, carriage return and both end a line.

    Control characters that frame a message on the wire or end a file are taken off.
    """
    number = start = 0
    size = len(text)
    while start < size:
        number += 1
        feed = text.find("\n", start)
        end = size if feed < 0 else feed
        line = text[start:end]
        start = end + 1
        if line[:1] in _FRAMING or line[-1:] in _FRAMING:
            line = line.strip(_FRAME_CHARACTERS)
        if "\r" in line:
            line = line.rstrip("\r")
            # Old Macintosh files have carriage returns only; each begins a line of the same number.
            for part in line.split("\r"):
                yield number, part
        else:
            yield number, line


class _Draft:
    """A message while its lines come in."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.number = ""
        self.blocks: dict[str, str] = {}
        self.user_header: dict[str, str] = {}
        self.trailer: dict[str, str] = {}
        self.fields: list[Field] = []
        self.findings: list[Finding] = []
        #: True from "{4:" or the first bare field to the end of the text.
        self.in_text = False
        self.ended = False
        self.tags: set[str] = set()

    def message(self) -> MtMessage:
        match = _APPLICATION_TYPE.match(self.blocks.get("2", ""))
        number = match[1] if match is not None else self.number or _guess(self.tags)
        return MtMessage(
            number=number,
            basic_header=self.blocks.get("1", ""),
            application_header=self.blocks.get("2", ""),
            user_header=self.user_header,
            trailer=self.trailer,
            fields=tuple(self.fields),
            line=self.line,
            findings=tuple(self.findings[:FINDINGS_MAX]),
        )


def _guess(tags: set[str]) -> str:
    """Say which message has these fields, where no header does."""
    if tags & {"60F", "60M", "62F", "62M"}:
        return "940"
    if "34F" in tags or tags & {"90C", "90D"}:
        return "942"
    if "32A" in tags and "23B" in tags:
        return "103"
    if "32A" in tags and tags & {"58A", "58D"}:
        return "202"
    return ""


class _Reader:
    """Takes lines in order and puts messages together."""

    def __init__(self, text: str) -> None:
        self.messages: list[MtMessage] = []
        self._text = text
        self._draft = _Draft(1)
        self._tag = ""
        self._value: list[str] = []
        self._field_line = 0
        self._number_before_text = ""
        self._fields = 0
        #: A line "-" that ends the text, unless a field of the same message follows.
        self._dash: int | None = None

    def read(self) -> None:
        for number, line in _lines(self._text):
            self._line(number, line)
            if self._fields > FIELDS_MAX:
                text = f"more than {FIELDS_MAX:,} fields: split the file"
                self._draft.findings.append(_unreadable("mt.too_large", text, number))
                break
        self._finish()
        if not self.messages:
            text = "no field and no block of a SWIFT MT message in it: send one, or ISO 20022"
            self.messages.append(MtMessage(findings=(_unreadable("mt.empty", text),)))

    def _line(self, number: int, line: str) -> None:
        if self._dash is not None:
            self._after_dash(line)
        start = line.lstrip()
        if start.startswith("{") and _BLOCK.match(start):
            self._blocks(number, start)
        elif start.startswith("-") and self._is_end(number, start):
            return
        elif line.startswith(":") and (match := _FIELD.match(line)) and self._is_field(match[1]):
            self._begin_field(number, match[1], match[2])
        elif self._tag and not _TYPE_LINE.fullmatch(line):
            self._value.append(line)
        else:
            self._outside(number, line)

    def _after_dash(self, line: str) -> None:
        """Decide about a line "-": the text goes on if a later field of the message follows."""
        if not line.strip():
            return
        self._dash = None
        match = _FIELD.match(line)
        if match is not None and match[1] != "20" and not line.startswith("{"):
            self._value.append("-")
        else:
            self._end_text()

    def _is_end(self, number: int, start: str) -> bool:
        """Take a line that ends the text: "-}" with what follows it, or "-" alone."""
        if not self._draft.in_text:
            return False
        if start.startswith("-}"):
            self._end_text()
            rest = start[2:].strip()
            if rest.startswith("{"):
                self._blocks(number, rest)
            elif rest.strip("$\x03"):
                self._remark(number, "text after the end of the message is left out")
            return True
        if start.rstrip() in ("-", "-XXX"):
            self._dash = number
            return True
        return False

    def _is_field(self, tag: str) -> bool:
        return self._tag != "86" or tag in _STATEMENT_TAGS

    def _begin_field(self, number: int, tag: str, value: str) -> None:
        draft = self._draft
        if tag == "20" and (draft.ended or self._is_next_statement()):
            self._next(number)
        elif draft.ended:
            # A field after "-}" without a new message: the text went on all the same.
            draft.ended = False
        self._end_field()
        if not self._draft.in_text:
            self._draft.in_text = True
            self._draft.number = self._draft.number or self._number_before_text
        self._tag, self._value, self._field_line = tag, [value], number

    def _is_next_statement(self) -> bool:
        """Say whether a field 20 begins another message, where no block does."""
        tags = self._draft.tags | {self._tag}
        if "4" in self._draft.blocks:
            return bool(tags & {"62F", "62M"})
        return "20" in tags

    def _end_field(self) -> None:
        if self._tag:
            value = "\n".join(self._value).rstrip("\n")
            self._draft.fields.append(Field(self._tag, value, self._field_line))
            self._draft.tags.add(self._tag)
            self._fields += 1
        self._tag, self._value = "", []

    def _end_text(self) -> None:
        self._end_field()
        self._draft.in_text = False
        self._draft.ended = True

    def _outside(self, number: int, line: str) -> None:
        """Take a line that belongs to no field: it may name the message type."""
        match = _BARE_TYPE.fullmatch(line[:40])
        if match is not None:
            self._number_before_text = match[1]
            if self._draft.ended or self._draft.fields or self._tag:
                self._next(number)
            self._draft.number = match[1]
        elif line.strip(" \t$\x01\x03\x1a\x00") and self._draft.in_text:
            self._remark(number, "text before the first field is left out")

    def _blocks(self, number: int, text: str) -> None:
        """Take the blocks of a line; the content of block 4 may begin on it and go on."""
        position = 0
        while (match := _BLOCK.match(text, position)) is not None:
            key, start = match[1], match.end()
            if key in "12" and (key in self._draft.blocks or self._draft.in_text):
                self._next(number)
            if key == "4" and self._draft.ended:
                self._next(number)
            if key == "4":
                self._open_text(number, text[start:])
                return
            end = self._block_end(text, start)
            self._keep(number, key, text[start:end])
            position = end + 1
            while position < len(text) and text[position] in " \t$\x01\x03":
                position += 1
        if position < len(text) and text[position:].strip("} \t"):
            self._remark(number, "text between blocks is left out")

    def _open_text(self, number: int, rest: str) -> None:
        self._end_field()
        draft = self._draft
        draft.blocks["4"] = ""
        draft.in_text = True
        if rest.strip():
            inline = rest.rstrip()
            closed = inline.endswith("-}")
            self._line(number, inline.removesuffix("-}") if closed else inline)
            if closed:
                self._end_text()

    def _block_end(self, text: str, start: int) -> int:
        """Return where the brace closes that was opened before ``start``, else the line's end."""
        depth = 1
        for position in range(start, len(text)):
            if text[position] == "{":
                depth += 1
            elif text[position] == "}":
                depth -= 1
                if not depth:
                    return position
        return len(text)

    def _keep(self, number: int, key: str, content: str) -> None:
        draft = self._draft
        if key in "12":
            if not draft.blocks and not draft.fields:
                draft.line = number
            draft.blocks[key] = content
        elif key == "3":
            draft.user_header.update(dict(_NESTED.findall(content)))
        elif key == "5":
            self._end_text()
            draft.trailer.update(dict(_NESTED.findall(content)))

    def _next(self, number: int) -> None:
        self._finish()
        self._draft = _Draft(number)

    def _finish(self) -> None:
        self._end_field()
        draft = self._draft
        if draft.fields or draft.blocks:
            if not draft.fields:
                text = f"{'block 4 has' if '4' in draft.blocks else 'there is'} no field in it"
                draft.findings.append(Finding("mt.no_field", "block 4", draft.line, text, "FF01"))
            elif "4" in draft.blocks and not draft.ended and self._dash is None:
                line = draft.fields[-1].line
                text = 'the text does not end with "-}"'
                draft.findings.append(Finding("rule.layout", "block 4", line, text))
            self.messages.append(draft.message())
        self._dash = None

    def _remark(self, number: int, text: str) -> None:
        if len(self._draft.findings) < FINDINGS_MAX:
            self._draft.findings.append(Finding("rule.layout", "", number, text))
