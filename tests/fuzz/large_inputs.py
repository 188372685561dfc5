"""Ten megabytes of what is meant to hurt: made here, and read in a process of its own.

Run as a program it writes one JSON line for each input: its name, the seconds of processor time and
the megabytes that its check, or its reading, added to the process at the most.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

BYTES = 10_000_000
_URN = b"urn:iso:std:iso:20022:tech:xsd:"
_TOP = b'<Document xmlns="%spacs.008.001.08">' % _URN
_BODY = _TOP + b"<FIToFICstmrCdtTrf><GrpHdr/>%s</FIToFICstmrCdtTrf></Document>"
_HEADER = b'<x><AppHdr xmlns="%shead.001.001.02"><Rltd>%s</Rltd></AppHdr>%s</Document></x>'
_STATEMENT = (
    b'<Document xmlns="%scamt.053.001.08"><BkToCstmrStmt><Stmt>%s</Stmt></BkToCstmrStmt></Document>'
)
_MT = b"{1:F01AAAAINB0AXXX0000000000}{2:I103BBBBCNB0XXXXN}{4:\r\n%s-}"


def _filled(piece: bytes, size: int = BYTES) -> bytes:
    return piece * (size // len(piece))


INPUTS: dict[str, Callable[[], bytes]] = {
    "empty elements": lambda: _TOP + _filled(b"<a/>") + b"</Document>",
    "elements with blanks": lambda: _TOP + _filled(b"<a/>" + b" " * 13) + b"</Document>",
    "deep nesting": lambda: _TOP + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Document>",
    "an attribute": lambda: _TOP[:-1] + b' a="' + b"x" * BYTES + b'"/>',
    "attributes": lambda: _TOP[:-1] + b"".join(b' a%07d=""' % n for n in range(800_000)) + b"/>",
    "a text": lambda: _TOP + b"x" * (BYTES - 100) + b"</Document>",
    "escapes": lambda: _TOP + _filled(b"&amp;") + b"</Document>",
    "escapes in a wide message": lambda: (
        _BODY
        % (
            _filled(b"<CdtTrfTxInf>xxxxxxxxxxxx</CdtTrfTxInf>", 3_900_000)
            + _filled(b"&amp;", 5_000_000)
        )
    ),
    "entities": lambda: b'<!DOCTYPE a [<!ENTITY b "%s">]><a>' % (b"c" * 100) + _filled(b"&b;"),
    "namespaces": lambda: (
        _TOP[:-1] + b"".join(b' xmlns:a%d="u"' % n for n in range(600_000)) + b"/>"
    ),
    "empty transactions": lambda: _BODY % _filled(b"<CdtTrfTxInf/>"),
    "wrong transactions": lambda: (
        _BODY
        % _filled(b"<CdtTrfTxInf>%s</CdtTrfTxInf>" % (b"<PmtId><InstrId>1</InstrId></PmtId>" * 50))
    ),
    "wrong entries": lambda: (
        _STATEMENT
        % (_URN, _filled(b'<Ntry><Amt Ccy="ZZZ">x</Amt><Sts>BOOK or something else</Sts></Ntry>'))
    ),
    "headers": lambda: b"<x>" + _filled(b"<AppHdr/>" + b" " * 13) + b"</x>",
    "a wrong header": lambda: _HEADER % (_URN, _filled(b"<CreDt>x</CreDt>" + b" " * 13), _TOP),
    "documents": lambda: (
        b"<x>"
        + (_TOP + b"<F>" + b"<IBAN>AXXXXXXXXXXXX</IBAN>" * 420 + b"</F></Document>") * 900
        + b"</x>"
    ),
    "declarations": lambda: _filled(b'<?xml version="1.0"?>' + _TOP + b"</Document>"),
    "comments": lambda: _filled(b"<!-- -->  ") + _TOP + b"</Document>",
    "opening brackets": lambda: b"<" * BYTES,
    "MT: a million fields": lambda: _MT % _filled(b":20:A\r\n"),
    "MT: a block": lambda: b"{1:" + b"F" * BYTES,
    "MT: a field": lambda: b":20:A\n:86:" + b"x" * BYTES,
    "MT: lines of a field": lambda: b":20:A\n:50F:" + _filled(b"1/x\n"),
    "MT: codes": lambda: _MT % (b":20:A\r\n:72:" + _filled(b"/INS/X\r\n")),
    "MT: entries": lambda: (
        b":20:A\n:25:B\n:28C:1\n:60F:C261123EUR0,\n" + _filled(b":61:261123C1,NTRFX\n:86:y\n")
    ),
    "MT: messages": lambda: _filled(_MT % b":20:A\r\n"),
    "MT: braces": lambda: b"{" * BYTES,
    "MT: digits": lambda: b":20:A\n:32A:261123EUR" + b"9" * BYTES + b",",
}


def _status_mb(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    match = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(match[1]) // 1000 if match else 0


def measure(name: str) -> None:
    """Check an input, read or translate it, and write what each took."""
    import targets

    data = INPUTS[name]()
    second = targets.to_iso if name.startswith("MT") else targets.read_message
    checks = {"check": lambda: targets.checked(data, "plain"), "read": lambda: second(data)}
    for what, run in checks.items():
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Forget the peak so far.
        before, began = _status_mb("VmRSS"), time.process_time()
        run()
        took = time.process_time() - began
        line = {"what": what, "seconds": round(took, 2), "mb": _status_mb("VmHWM") - before}
        print(json.dumps({"input": name} | line), flush=True)


if __name__ == "__main__":
    for asked in sys.argv[1:] or INPUTS:
        measure(asked)
