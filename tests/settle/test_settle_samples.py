"""Every real message that lies beside the project is taken up and answered, whatever it is."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from bank_day import SHARED, DayAtTheBank, text_of
from lxml import etree

from paritas.journal.audit import audit
from paritas.node.scheme import parse_scheme
from paritas.node.settle import settle

SAMPLES = SHARED / "samples"
SCHEME = """
[scheme]
name = "Samples"
value_currency = "USD"
[scheme.rates]
EUR = "0.9"
[[book]]
currency = "EUR"
issuer = "ECBFDEFFXXX"
[[member]]
bic = "MYMBGB2LXXX"
name = "Somebody"
country = "GB"
accounts = { EUR = { balance = "1000000.00" } }
"""


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="there are no samples here")
def test_every_sample_is_answered(tmp_path: Path) -> None:
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    files = [path for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    for index, path in enumerate(files):
        shutil.copy(path, inputs / f"{index:04d}")
    settle(inputs, parse_scheme(SCHEME), out, deliver=True, workers=2)
    # Reading them holds each answer against its schema.
    day = DayAtTheBank(out)
    assert len(day.answers) == len(files)
    requests = Counter(answer.request for answer in day.answers.values())
    for answered in ("RctAck", "RsltnOfInvstgtn", "CstmrPmtStsRpt", "FIToFIPmtStsRpt"):
        assert requests[answered] >= (2 if answered != "FIToFIPmtStsRpt" else 1), requests
    for path in (out / "answers").iterdir():
        # Whoever is refused is told why.
        root = etree.parse(path).getroot()
        if etree.QName(root[0]).localname == "RctAck":
            handled = root[0].find("{*}Rpt/{*}ReqHdlg")
            assert text_of(handled, "StsCd") == "RCVD" or text_of(handled, "Desc"), path
    assert audit(out / "journal.sqlite").breaches == ()
