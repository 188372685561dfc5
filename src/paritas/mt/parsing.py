"""Bytes to SWIFT MT messages: blocks, fields and the lines they stand on; nothing makes it fail.

A full message is five blocks, ``{1:...}{2:...}{3:...}{4:`` lines of fields ``-}{5:...}``. Statement
files of banks often have less: only block 4, or bare fields after a line or two of their own. All
of these are read, several in a file, with any line ends. One expression finds the lines that mean
something (a block, a field, an end); what lies between them is the text of the field before. So the
time is linear in the bytes, and what no line structures costs next to nothing.
"""

from __future__ import annotations

import re

import msgspec

from paritas.iso20022.values import Finding
from paritas.model.parties import is_bic

#: More than a day's statements of a large account; a larger file is refused unread.
MT_BYTES_MAX = 16 * 1024 * 1024

#: How many blocks, fields and ends of a file are read; fields are objects, and cost memory and time.
MARKS_MAX = 100_000
MESSAGES_MAX = 20_000

#: The longest message of the network has so many characters; no field can have more.
FIELD_CHARACTERS_MAX = 10_000

#: A file can be wrong in as many places as it has lines; nobody reads more than these.
FINDINGS_MAX = 1000

_FIELD = re.compile(r":([1-9][0-9][A-Z]?|NS):", re.ASCII)
# A line that means something. It begins with a class of characters, which is what the expression
# engine looks for fast, and only then asks whether a line begins there.
_MARK = re.compile(
    r"""[ \t:{\-](?<![^\n](?s:.))(?:
        (?<=:)(?P<tag>[1-9][0-9][A-Z]?|NS):
        | (?<=:)(?P<type>[1-9][0-9]{2}):[ ]*+$
        | (?:(?<=\{)|(?<=[ \t])[ \t]*+\{)(?P<block>[1-5S]):
        | (?:(?<=-)|(?<=[ \t])[ \t]*+-)(?P<end>\}|(?:XXX)?[ \t]*+$)
    )""",
    re.ASCII | re.MULTILINE | re.VERBOSE,
)
_MARGIN = re.compile(r"\n([ \t]+):20:")
#: How far into a file its first message is looked for.
_MARGIN_CHARACTERS = 65536
_BLOCK = re.compile(r"\{([1-5S]):", re.ASCII)
_BLOCK_CONTENT = re.compile(r"([^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+)\}")
_BLOCK_CHARACTERS_MAX = 8192
_BETWEEN = re.compile(r"[ \t$]*+")
_NESTED = re.compile(r"\{([A-Z0-9]{1,8}):([^{}]*)\}", re.ASCII)
_APPLICATION_TYPE = re.compile(r"[IO]([0-9]{3})", re.ASCII)
# "940", ":940:", "940 00" or "MT940" on a line before the first field.
_BARE_TYPE = re.compile(
    r"^[ \t]*(?:MT[ ]?|:)?([1-9][0-9]{2})(?::|[ ]+00)?[ \t]*$", re.ASCII | re.MULTILINE
)
_TERMINAL = re.compile(r"[FAL][0-9]{2}([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})", re.ASCII)
_INPUT = re.compile(r"I[0-9]{3}([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})", re.ASCII)
_OUTPUT = re.compile(r"O[0-9]{3}([0-9]{4})([0-9]{6})([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})", re.ASCII)
# What frames a message on the wire, and ends a file on some systems, is no part of a message.
_FRAME = re.compile("[\x00-\x04\x1a\ufeff]+")
#: How much of a text without fields is searched for a message type.
_PREFACE_CHARACTERS = 2000

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
            return _known(match[3] + match[4])
        if self.application_header.startswith("I"):
            return _terminal(self.basic_header)
        return ""

    @property
    def receiver(self) -> str:
        """The BIC (11 characters) that the message is for, or ""."""
        match = _INPUT.match(self.application_header)
        if match is not None:
            return _known(match[1] + match[2])
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


def is_mt(data: bytes) -> bool:
    """Say whether a file's first bytes are of MT messages, and not of XML or anything else."""
    start = data[:_MARGIN_CHARACTERS].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return False
    text = _decoded(start)
    match = _MARK.search(text)
    while match is not None and match["tag"] is None and match["block"] is None:
        match = _MARK.search(text, match.end())
    return match is not None


def _decoded(data: bytes) -> str:
    """Return the text, its line ends as "\n".

    MT is ASCII, but files of banks hold what their systems write.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        text = data.decode("utf-16", "replace") if wide else data.decode("latin-1")
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return _without_margin(_FRAME.sub("", text))


def _without_margin(text: str) -> str:
    """Take off the margin of a message that stands indented in its file, as in documents."""
    if text.startswith(":20:") or "\n:20:" in text:
        return text
    match = _MARGIN.search(text, 0, _MARGIN_CHARACTERS)
    return text if match is None else text.replace("\n" + match[1], "\n")


def _unreadable(code: str, text: str, line: int = 0) -> Finding:
    return Finding(code, "", line, text, "FF01")


def _terminal(basic_header: str) -> str:
    match = _TERMINAL.match(basic_header)
    return _known(match[1] + match[2]) if match is not None else ""


def _known(bic: str) -> str:
    """Return a BIC that may be one; headers of test and bank files are often filled up with X."""
    return bic if is_bic(bic) else ""


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
    """Goes from mark to mark and puts messages together."""

    def __init__(self, text: str) -> None:
        self.messages: list[MtMessage] = []
        self._text = text
        self._draft = _Draft(1)
        #: The field that is open: its tag, its line and where its value begins.
        self._tag = ""
        self._field_line = 0
        self._value_at = 0
        #: Where the last "-" line began, which ends the text unless a field goes on with it.
        self._dash_at = -1
        self._dash_end = 0
        #: Up to where the text is accounted for, and the line of the last mark.
        self._seen = 0
        self._line = 1
        self._line_at = 0
        self._number_before_text = ""
        self._marks = 0

    def read(self) -> None:
        """Read the whole text."""
        position = 0
        while (match := _MARK.search(self._text, position)) is not None:
            self._marks += 1
            if self._marks > MARKS_MAX or len(self.messages) >= MESSAGES_MAX:
                text = (
                    f"more than {MARKS_MAX:,} fields or {MESSAGES_MAX:,} messages: split the file"
                )
                self._draft.findings.append(_unreadable("mt.too_large", text, self._line))
                break
            self._count_lines(match.start())
            position = self._mark(match)
        self._finish(len(self._text))
        if not self.messages:
            text = "no field and no block of a SWIFT MT message in it: send one, or ISO 20022"
            self.messages.append(MtMessage(findings=(_unreadable("mt.empty", text),)))

    def _count_lines(self, at: int) -> None:
        self._line += self._text.count("\n", self._line_at, at)
        self._line_at = at

    def _mark(self, match: re.Match[str]) -> int:
        """Take one line that means something; returns where to look for the next."""
        tag, end = match["tag"], match["end"]
        if self._dash_at >= 0 and not self._goes_on(match.start(), tag, end):
            self._end_text(self._dash_at, self._dash_end)
        if self._dash_at >= 0 and end is None:
            self._dash_at = -1
        if tag is not None:
            if self._tag != "86" or tag in _STATEMENT_TAGS:
                self._begin_field(match.start(), match.end(), tag)
        elif match["block"] is not None:
            return self._blocks(match.start("block") - 1)
        elif match["type"] is not None:
            self._end_field(match.start())
            self._outside(match.start(), match.end())
            self._seen = match.end()
        elif self._draft.in_text:
            return self._end_mark(match, end)
        return match.end()

    def _end_mark(self, match: re.Match[str], end: str) -> int:
        """Take "-}" with the blocks after it, or "-" alone."""
        if end != "}":
            if self._dash_at < 0 or "4" in self._draft.blocks:
                self._dash_at = match.start()
            self._dash_end = match.end()
            return match.end()
        self._dash_at = -1
        self._end_text(match.start(), match.end())
        between = _BETWEEN.match(self._text, match.end())
        at = match.end() if between is None else between.end()
        return self._blocks(at) if _BLOCK.match(self._text, at) else match.end()

    def _goes_on(self, at: int, tag: str | None, end: str | None) -> bool:
        """Say whether the text goes on after a line "-", now that the next mark is seen at ``at``.

        It does if a later field of the message follows; in a block 4 after any text, without braces
        only after nothing.
        """
        follows = (tag is not None and tag != "20") or end is not None
        in_block = "4" in self._draft.blocks
        return follows and (in_block or not self._text[self._dash_end : at].strip())

    def _begin_field(self, at: int, value_at: int, tag: str) -> None:
        if tag == "20" and (self._draft.ended or self._is_next_statement()):
            self._next(at)
        self._end_field(at)
        draft = self._draft
        draft.ended = False
        if not draft.in_text:
            self._outside(self._seen, at)
            draft = self._draft
            draft.in_text = True
            draft.number = draft.number or self._number_before_text
        if not draft.fields and not draft.blocks:
            draft.line = self._line
        self._tag, self._field_line, self._value_at = tag, self._line, value_at

    def _is_next_statement(self) -> bool:
        """Say whether a field 20 begins another message, where no block does."""
        tags = self._draft.tags
        if "4" in self._draft.blocks:
            return not tags.isdisjoint(("62F", "62M")) or self._tag in ("62F", "62M")
        return "20" in tags or self._tag == "20"

    def _end_field(self, at: int) -> None:
        if self._tag:
            value = self._text[self._value_at : at].rstrip("\n")
            self._draft.fields.append(Field(self._tag, value, self._field_line))
            self._draft.tags.add(self._tag)
            self._seen = at
        self._tag = ""

    def _end_text(self, at: int, end: int) -> None:
        self._dash_at = -1
        self._end_field(at)
        self._draft.in_text = False
        self._draft.ended = True
        self._seen = end

    def _outside(self, start: int, end: int) -> None:
        """Look at text that belongs to no field: it may name the message type."""
        preface = self._text[max(start, end - _PREFACE_CHARACTERS) : end]
        numbers = _BARE_TYPE.findall(preface)
        if numbers:
            self._number_before_text = numbers[-1]
            if self._draft.ended or self._draft.fields:
                self._next(end)
            self._draft.number = numbers[-1]
        elif self._draft.blocks and preface.strip(" \t\n$"):
            self._remark("text outside of blocks and fields is left out")

    def _blocks(self, at: int) -> int:
        """Take the blocks that stand together from ``at``; returns where their text ends."""
        while self._marks <= MARKS_MAX and (match := _BLOCK.match(self._text, at)) is not None:
            self._marks += 1
            key, start = match[1], match.end()
            if key in "12" and (key in self._draft.blocks or self._draft.in_text):
                self._next(at)
            if key == "4" and self._draft.ended:
                self._next(at)
            if key in "35S" and self._draft.in_text:
                self._end_text(at, at)
            at = self._open_text(at, start) if key == "4" else self._close_block(key, start)
            between = _BETWEEN.match(self._text, at)
            at = at if between is None else between.end()
        self._seen = max(self._seen, at)
        return at

    def _open_text(self, at: int, start: int) -> int:
        """Begin block 4; its first field may stand on the same line."""
        self._end_field(at)
        self._draft.blocks["4"] = ""
        self._draft.in_text = True
        self._draft.ended = False
        between = _BETWEEN.match(self._text, start)
        field = _FIELD.match(self._text, start if between is None else between.end())
        if field is not None:
            self._begin_field(field.start(), field.end(), field[1])
            return field.end()
        return start

    def _close_block(self, key: str, start: int) -> int:
        """Take a block to its closing brace, else to the end of its line."""
        content = _BLOCK_CONTENT.match(self._text, start, start + _BLOCK_CHARACTERS_MAX)
        if content is None:
            line_end = self._text.find("\n", start)
            end = len(self._text) if line_end < 0 else line_end
            self._keep(key, self._text[start : min(end, start + _BLOCK_CHARACTERS_MAX)])
            return end
        self._keep(key, content[1])
        return content.end()

    def _keep(self, key: str, content: str) -> None:
        draft = self._draft
        if key in "12":
            if not draft.blocks and not draft.fields:
                draft.line = self._line
            draft.blocks[key] = content
        elif key == "3":
            draft.user_header.update(dict(_NESTED.findall(content)))
        elif key == "5":
            draft.trailer.update(dict(_NESTED.findall(content)))

    def _next(self, at: int) -> None:
        self._finish(at)
        self._draft = _Draft(self._line)

    def _finish(self, at: int) -> None:
        waits = self._dash_at >= 0
        self._end_field(self._dash_at if waits else at)
        self._dash_at = -1
        draft = self._draft
        if not draft.fields and not draft.blocks:
            return
        if not draft.fields:
            text = f"{'block 4 has' if '4' in draft.blocks else 'there is'} no field in it"
            draft.findings.append(Finding("mt.no_field", "block 4", draft.line, text, "FF01"))
        elif "4" in draft.blocks and not draft.ended and not waits:
            line = draft.fields[-1].line
            text = 'the text does not end with "-}"'
            draft.findings.append(Finding("rule.layout", "block 4", line, text))
        self.messages.append(draft.message())

    def _remark(self, text: str) -> None:
        if len(self._draft.findings) < FINDINGS_MAX:
            self._draft.findings.append(Finding("rule.layout", "", self._line, text))
