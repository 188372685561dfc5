"""Fuzzes the readers with atheris: ``python fuzz.py xml|mt CORPUS... [-max_total_time=60]``.

libFuzzer changes bytes; that mostly breaks XML before anything interesting is reached. So half of the
time an element, a text or a field is changed as a whole instead.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))

with atheris.instrument_imports(include=["paritas"]):
    import targets

_TEXTS = (
    *(b"", b" ", b"0", b"-1", b"+1", b".5", b"1e9", b"NaN", b"9" * 30, b" 1.00 ", b"1.00001"),
    *(b"ZZ", b"UK", b"XXX", b"XAU", b"EUR", b"INR", b"COVE", b"CLRG", b"DEBT", b"RJCT", b"PXFX"),
    *(b"2026-02-30", b"0000-00-00", b"2026-11-30T24:00:00Z", b"2026-11-30T10:00:00+15:30", b"24:00:00"),
    *(b"pacs.008.001.08", b"pacs.009.001.08", b"swift.cbprplus.cov.03", b"\xff", b"\xe2\x80\xae"),
    *(b"&amp;", b"&#0;", b"&#x85;", b"&x;", b"<!---->", b"<![CDATA[]]>", b"<?a?>", b"]]>", b"<a>", b"</a>"),
    *(b":20:", b":32A:", b":86:", b":62F:", b"{1:", b"{4:", b"-}", b"//", b"/RETN/99"),
)  # fmt: skip


def mutate(data: bytes, size_max: int, seed: int) -> bytes:
    """Change bytes, or a text, an element or a line as a whole."""
    dice = random.Random(seed)
    if dice.random() < 0.5:
        return atheris.Mutate(data, size_max)
    for _ in range(dice.randint(1, 3)):
        kind = dice.randrange(4)
        pattern = (
            rb">([^<]*)<",
            rb"(<(\w+)[^>]*>[^<]*</\2>)",
            rb"([^\n]*\n)",
            rb":\d\d[A-Z]?:([^\n]*)",
        )[kind]
        spans = [match.span(1) for match in re.finditer(pattern, data[:200_000])]
        if not spans:
            continue
        begin, end = dice.choice(spans)
        other = data[slice(*dice.choice(spans))]
        new = dice.choice((dice.choice(_TEXTS), other, data[begin:end] * 2, b""))
        data = data[:begin] + new + data[end:]
    return data[:size_max]


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    target = {"xml": targets.xml, "mt": targets.mt}[name]
    atheris.Setup([sys.argv[0], *arguments], target, custom_mutator=mutate)
    atheris.Fuzz()
