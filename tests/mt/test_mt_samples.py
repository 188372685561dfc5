"""Every real MT message beside the project, and every ISO 20022 one: read, checked, translated."""

import pytest
from mt_messages import SHARED, document, sample_files

from paritas.mt.checking import check_mt
from paritas.mt.translation import from_iso, to_iso

FILES = sample_files()
XML_FILES = [
    path
    for path in sorted((SHARED / "samples").glob("*/*"))
    if b"urn:iso:std:iso:20022:tech" in path.read_bytes()
]

pytestmark = pytest.mark.skipif(not FILES, reason="no samples beside the project")

#: What other software wrote wrongly: empty references and a transfer without a beneficiary.
INVALID_TRANSFERS = 5
#: Statements that were made anonymous so that their entries no longer add up.
UNBALANCED_STATEMENTS = 21


def results():
    return [result for path in FILES for result in check_mt(path.read_bytes(), path.name)]


def test_every_sample_parses():
    found = results()
    assert len(found) >= len(FILES) == 147
    unreadable = [r for r in found if any(f["code"].startswith("mt.") for f in r["findings"])]
    assert unreadable == []
    assert all(result["message"] != "MT" for result in found)


def test_the_only_refusals_are_real_mistakes():
    refused = [result for result in results() if result["valid"] is False]
    codes = {
        result["file"]: {f["code"] for f in result["findings"]} & {"rule.balance", "rule.amount"}
        for result in refused
        if result["message"] == "MT940"
    }
    assert all(codes.values())
    assert sum(result["message"] == "MT940" for result in refused) == UNBALANCED_STATEMENTS
    assert sum(result["message"] != "MT940" for result in refused) == INVALID_TRANSFERS


def test_samples_to_iso():
    """What has a counterpart becomes a message that the official schema accepts, and leads back."""
    translated = [each for path in FILES for each in to_iso(path.read_bytes())]
    for each in translated:
        if each.data is None:
            assert each.said[-1].reason
            continue
        document(each)
        for again in from_iso(each.data):
            assert again.data is not None, again.said
            assert not any(
                f["code"].startswith("mt.") for f in check_mt(again.data, "")[0]["findings"]
            )
    assert sum(each.data is not None for each in translated) >= 165


def test_iso_samples_to_mt():
    """Each MT has the formats of its fields, and what was lost or cut on the way was said."""
    made = 0
    for path in XML_FILES:
        for each in from_iso(path.read_bytes()):
            if each.data is None:
                assert each.said[-1].reason
                continue
            made += 1
            (result,) = check_mt(each.data, path.name)
            # Sums, balances and accounts are what the sample itself says.
            wrong = {f["code"] for f in result["findings"]} - {
                "rule.balance",
                "rule.iban",
                "rule.sum",
            }
            assert not wrong, (path.name, result, each.data)
            assert each.data.count(b"+\r\n") == 0 or any(
                finding.code == "rule.truncated" for finding in each.said
            )
    assert made >= 150
