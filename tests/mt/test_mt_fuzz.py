"""Any bytes at all: a clear verdict, never an exception, never without end."""

import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mt_messages import MESSAGES, document, sample_files

from paritas.mt.checking import check_mt
from paritas.mt.translation import from_iso, to_iso

_PIECES = b"""{1: {2:O103 {2:I940 {3:{121: {4: -} } {5: - :20: :32A: :50F: :50K: :59: :61: :62F: :70:
:72: :79: :86: :60F: :71A:SHA :13C:/CLSTIME/ /ROC/ /INS/ // / 261123 EUR1, C261123EUR1, 1/ 3/IN/ +
AAAAINB0 \xff \xc3\xbc \x00""".split()
PIECES = st.sampled_from([*_PIECES, b"\n", b"\r\n", b"\n-\n", b"9" * 5000])
ANY = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=60).map(b"".join))
KEYS = {"file", "message", "valid", "findings"}


def verdicts(data: bytes) -> None:
    """Read, check and translate bytes; every answer is of its form."""
    for result in check_mt(data, "file"):
        assert set(result) == KEYS and result["valid"] in (True, False, None)
    for translated in to_iso(data):
        assert translated.data is not None or translated.said[-1].reason


@settings(max_examples=300, deadline=None)
@example(b":20:A\n:32A:261123USD" + b"9" * 5000 + b",")
@example(b":20:A\n:28C:" + b"9" * 5000 + b"\n:60F:C261123EUR1,\n:62F:C261123EUR1,")
@example(b":20:A\n:34F:\n:61:261123C1,NTRFX")
@given(ANY)
def test_any_bytes(data):
    verdicts(data)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Change, drop, double or move a few bytes or lines."""
    for _ in range(dice.randint(1, 6)):
        at, size = dice.randrange(len(data) + 1), dice.randint(0, 12)
        piece = data[at : at + size]
        other = dice.randrange(len(data) + 1)
        choice = dice.randrange(5)
        if choice == 0:
            data = data[:at] + dice.randbytes(dice.randint(0, 4)) + data[at + size :]
        elif choice == 1:
            data = data[:at] + data[at + size :]
        elif choice == 2:
            data = data[:at] + piece * dice.randint(2, 9) + data[at:]
        elif choice == 3:
            data = data[:other] + piece + data[other:]
        else:
            lines = data.split(b"\n")
            dice.shuffle(lines)
            data = b"\n".join(lines)
    return data


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(MESSAGES)), st.integers(0, 2**32))
def test_mutated_messages(name, seed):
    """A damaged message is read, or refused; and what comes out is valid ISO 20022."""
    data = mutated(MESSAGES[name], random.Random(seed))
    verdicts(data)
    for translated in to_iso(data):
        if translated.data is not None:
            document(translated)
            for again in from_iso(translated.data):
                assert again.data is not None or again.said[-1].reason


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(MESSAGES)), st.integers(0, 2**32))
def test_mutated_iso_messages(name, seed):
    (translated,) = to_iso(MESSAGES[name])
    for again in from_iso(mutated(translated.data, random.Random(seed))):
        assert again.data is not None or again.said[-1].reason
        if again.data is not None:
            assert check_mt(again.data, "file")


FILES = sample_files()


@pytest.mark.skipif(not FILES, reason="no samples beside the project")
def test_mutated_samples():
    dice = random.Random(20261123)
    longest = 0.0
    for path in FILES:
        data = path.read_bytes()
        for _ in range(5):
            started = time.process_time()
            verdicts(mutated(data, dice))
            longest = max(longest, time.process_time() - started)
    assert longest < 1.0
