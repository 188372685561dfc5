"""How fast ``paritas settle`` is, whole process, beside what one core can merely parse and check.

The limit is measured in the same run, on the same bytes: lxml parses each file and holds it against
its schema, on one core, and does nothing else. What is reported is the ratio.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random

import msgspec
from lxml import etree

from paritas.iso20022.payments import CustomerTransfer, Party, PaymentGroup, pacs008
from paritas.iso20022.schemas import schema
from paritas.iso20022.writer import Header
from paritas.node.scheme import Account, Book, Member, Scheme, scheme_toml

_DATE = "2026-09-30"
_TYPE = "pacs.008.001.08"
_OPENING_MINOR = 10**13
_CITIES = (("Mumbai", "IN"), ("Shanghai", "CN"), ("Recife", "BR"), ("Durban", "ZA"))


class SettleFigure(msgspec.Struct, frozen=True):
    """One measurement: transfers per second, whole process, and beside it the bare limit."""

    what: str
    files: int
    transfers: int
    bytes_each: int
    per_second: int
    bare_per_second: int
    #: per_second over bare_per_second, in thousandths.
    ratio_thousandths: int


def members(count: int) -> list[str]:
    """Return so many test BICs."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [f"BM{letters[n // 26 % 26]}{letters[n % 26]}INB0XXX" for n in range(count)]


def bench_scheme(count: int) -> Scheme:
    """Return a scheme of one always-open book with plenty of money."""
    account = Account("INR", _OPENING_MINOR)
    return Scheme(
        name="Benchmark",
        value_currency="USD",
        rates={"USD": Fraction(1), "INR": Fraction(96)},
        rate_texts={"USD": "1", "INR": "96"},
        books={"INR": Book("INR", "RBISINB0XXX")},
        members={
            bic: Member(bic, f"Bank {bic[:4]}", "IN", {"INR": account}) for bic in members(count)
        },
    )


def write_inputs(folder: Path, files: int, transfers_each: int, count: int) -> list[bytes]:
    """Write the messages, each with a header, as a bank's back office would; return their bytes."""
    folder.mkdir(parents=True)
    contents = list(bench_messages(files, transfers_each, count, _DATE))
    for number, data in enumerate(contents):
        (folder / f"{number:08d}.xml").write_bytes(data)
    return contents


def bench_messages(
    files: int, transfers_each: int, count: int, date: str, *, prefix: str = ""
) -> Iterator[bytes]:
    """Yield pacs.008 messages among so many members; ``prefix`` begins every identification."""
    random, bics = Random(11), members(count)
    for number in range(files):
        payer, payee = random.sample(bics, 2)
        created = f"{date}T{number % 86400 // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
        group = PaymentGroup(
            message_id=f"{prefix}MSG{number:09d}",
            created=created,
            settlement_date=date,
            instructing_agent=payer,
            instructed_agent=payee,
        )
        transfers = [_transfer(random, prefix, number, index) for index in range(transfers_each)]
        header = Header(payer, "PARIINB0XXX", f"{prefix}MSG{number:09d}", created)
        yield pacs008(group, transfers, header).checked()


def _transfer(random: Random, prefix: str, number: int, index: int) -> CustomerTransfer:
    uetr = f"{random.getrandbits(128):032x}"
    return CustomerTransfer(
        instruction_id=f"{prefix}I{number:09d}-{index:05d}",
        end_to_end_id=f"INVOICE {random.randint(1, 10**9)}",
        transaction_id=f"{prefix}T{number:09d}-{index:05d}",
        uetr=f"{uetr[:8]}-{uetr[8:12]}-4{uetr[13:16]}-8{uetr[17:20]}-{uetr[20:]}",
        currency="INR",
        amount_minor=random.randint(100, 10**8),
        debtor_agent="DEUTDEFFXXX",
        creditor_agent="DEUTDEFFXXX",
        purpose="GDDS",
        debtor=_party(random, "Debtor"),
        creditor=_party(random, "Creditor"),
        remittance=f"Goods delivered after contract {random.randint(1, 10**6)}, second instalment of four",
    )


def _party(random: Random, role: str) -> Party:
    town, country = random.choice(_CITIES)
    return Party(
        name=f"{role} and Sons Trading Company {random.randint(1, 9999)} Limited",
        country=country,
        town=town,
        post_code=str(random.randint(10_000, 99_999)),
        street="Long Harbour Road",
        building=str(random.randint(1, 400)),
        iban=_iban("DE", f"{random.randint(0, 10**18 - 1):018d}"),
    )


def _iban(country: str, rest: str) -> str:
    """Return an account number with its ISO 13616 check digits (mod 97-10)."""
    digits = "".join(str(int(letter, 36)) for letter in f"{rest}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{rest}"


def bare_per_second(contents: list[bytes], transfers: int) -> int:
    """Return how many transfers a second one core parses and checks against the schema."""
    validator = schema(_TYPE)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    began_ns = time.perf_counter_ns()
    for data in contents:
        root = etree.fromstring(data, parser)
        assert validator.validate(root[-1])
    return transfers * 10**9 // (time.perf_counter_ns() - began_ns)


def settle_per_second(what: str, files: int, transfers_each: int) -> SettleFigure:
    """Measure ``paritas settle`` as a process of its own, and the bare limit beside it.

    Raises AssertionError if anything does not settle.
    """
    count, transfers = 40, files * transfers_each
    with tempfile.TemporaryDirectory(prefix="paritas-bench-") as name:
        folder = Path(name)
        contents = write_inputs(folder / "in", files, transfers_each, count)
        (folder / "scheme.toml").write_text(scheme_toml(bench_scheme(count)), encoding="utf-8")
        bare_before = bare_per_second(contents, transfers)
        code = "from paritas.cli import main; main()"
        scheme, out = str(folder / "scheme.toml"), str(folder / "out")
        arguments = ["settle", str(folder / "in"), "--scheme", scheme, "--out", out, "--json"]
        began_ns = time.perf_counter_ns()
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], check=True, capture_output=True
        )
        per_second = transfers * 10**9 // (time.perf_counter_ns() - began_ns)
        assert msgspec.json.decode(done.stdout)["settled"]["payments"] == transfers
        # A machine's speed drifts, so the limit is taken before and after, and the better counts.
        bare = max(bare_before, bare_per_second(contents, transfers))
    return SettleFigure(
        what,
        files,
        transfers,
        sum(map(len, contents)) // transfers,
        per_second,
        bare,
        per_second * 1000 // bare,
    )
