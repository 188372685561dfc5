"""What is wrong with a message: each rule shown by one change to a good message."""

import json

import pytest
from mt_messages import COVER, MESSAGES, MT103, MT202, MT940, MT942, fin, one

from paritas.mt.checking import check_mt, findings_of


@pytest.mark.parametrize("name", MESSAGES)
def test_good_messages_are_valid(name):
    (result,) = check_mt(MESSAGES[name], "file")
    assert result == {"file": "file", "message": name, "valid": True, "findings": []}


def changed(fields, **changes):
    """Return fields with some replaced (``f71A=":71A:OUR"``) or, with "", left out."""
    texts = []
    for field in fields:
        tag = field[1:].partition(":")[0]
        text = changes.get(f"f{tag}", field)
        texts += [text] if text else []
    return texts


BROKEN_103 = [
    ({"f20": ""}, "rule.missing", ":20:"),
    ({"f71A": ""}, "rule.missing", ":71A:"),
    ({"f20": ":20:" + "A" * 17}, "rule.format", ":20:"),
    ({"f20": ":20:/REF"}, "rule.format", ":20:"),
    ({"f20": ":20:RE//F"}, "rule.format", ":20:"),
    ({"f23B": ":23B:XXXX"}, "rule.code", ":23B:"),
    ({"f32A": ":32A:261323INR1250,50"}, "rule.date", ":32A:"),
    ({"f32A": ":32A:261123ZZZ1250,50"}, "rule.currency", ":32A:"),
    ({"f32A": ":32A:261123JPY1250,50"}, "rule.decimals", ":32A:"),
    ({"f32A": ":32A:261123INR0,"}, "rule.amount", ":32A:"),
    ({"f32A": ":32A:261123INR1250.50"}, "rule.format", ":32A:"),
    ({"f36": ""}, "rule.exchange", ":33B:"),
    ({"f33B": ":33B:INR75,10"}, "rule.exchange", ":36:"),
    ({"f36": ":36:0,"}, "rule.exchange", ":36:"),
    ({"f71A": ":71A:OUR"}, "rule.charges", ":71F:"),
    ({"f33B": "", "f36": ""}, "rule.charges", ":71F:"),
    ({"f71F": "", "f71A": ":71A:BEN"}, "rule.charges", ":71A:"),
    ({"f71F": ":71G:INR1,"}, "rule.charges", ":71G:"),
    ({"f52A": ":52A:AAAAXXB0XXX"}, "rule.bic", ":52A:"),
    ({"f52A": ":52A:AAAAINB0XXX\nmore"}, "rule.format", ":52A:"),
    ({"f70": ":70:" + "\n".join("abcde")}, "rule.format", ":70:"),
    ({"f50F": ":50F:/1\n1/A\nB"}, "rule.party", ":50F:"),
    ({"f50F": ":50F:/1\n2/A\n3/IN/B"}, "rule.party", ":50F:"),
    ({"f50F": ":50F:/1\n1/A\n3/IN/B\n2/C"}, "rule.party", ":50F:"),
    ({"f50F": ":50F:/1\n1/A\n3/Bengaluru"}, "rule.party", ":50F:"),
    ({"f77B": ":77B:x\n:99:y"}, "rule.order", ":99:"),
]


@pytest.mark.parametrize(("changes", "code", "path"), BROKEN_103)
def test_customer_transfer_rules(changes, code, path):
    (result,) = check_mt(fin("103", *changed(MT103, **changes)), "file")
    assert result["valid"] is False
    assert (code, path) in {(f["code"], f["path"]) for f in result["findings"]}
    assert all(finding["line"] >= 1 for finding in result["findings"])


def test_finding_names_the_line():
    (result,) = check_mt(fin("103", *changed(MT103, f71A=":71A:ALL")), "file")
    (finding,) = [f for f in result["findings"] if f["path"] == ":71A:"]
    assert finding["line"] == 1 + 1 + sum(text.count("\n") + 1 for text in MT103[:16])


@pytest.mark.parametrize(
    ("number", "fields", "flag", "code"),
    [
        ("202", changed(MT202, f58A=""), "", "rule.missing"),
        ("205", changed(MT202, f52A=""), "", "rule.missing"),
        ("202", [*MT202, ":71A:OUR"], "", "rule.order"),
        ("202", COVER[:7], "COV", "rule.missing"),
        ("202", changed(MT202, f21=""), "", "rule.missing"),
    ],
)
def test_institution_transfer_rules(number, fields, flag, code):
    (result,) = check_mt(fin(number, *fields, flag=flag), "file")
    assert result["valid"] is False
    assert code in {finding["code"] for finding in result["findings"]}


@pytest.mark.parametrize(
    ("changes", "valid", "code"),
    [
        ({"f62F": ":62F:C261123EUR1153,76"}, False, "rule.balance"),
        ({"f62F": ":62F:C261123INR1153,75"}, False, "rule.balance"),
        ({"f62F": ":62F:C261323EUR1153,75"}, False, "rule.date"),
        ({"f62F": ":62F:nothing"}, False, "rule.amount"),
        ({"f60F": ":60F:C261122JPY1000,5"}, False, "rule.amount"),
        # A bank's own way of writing is a remark, as long as it can be read.
        ({"f25": ":25:GB33 BUKB 2020 1555 5555 55 EUR" + "x" * 35}, True, "rule.format"),
        ({"f28C": ":28:012/01"}, True, ""),
        ({"f62F": ":62F:C261123EUR000000000001153,75"}, True, "rule.format"),
    ],
)
def test_statement_rules(changes, valid, code):
    (result,) = check_mt(fin("940", *changed(MT940, **changes)), "file")
    assert result["valid"] is valid
    assert code in {finding["code"] for finding in result["findings"]} | {""}


def test_report_sums():
    good = fin("942", *MT942)
    assert not findings_of(one(good))
    wrong = fin("942", *changed(MT942, f90C=":90C:2EUR750,"))
    assert [finding.code for finding in findings_of(one(wrong))] == ["rule.sum"]


def test_headers():
    message = fin("103", *MT103, uetr="8A562C67-CA16-48BA-B074-65581BE6F001")
    assert [finding.code for finding in findings_of(one(message))] == ["rule.block"]


def test_unknown_type_has_no_verdict():
    (result,) = check_mt(fin("760", ":20:A"), "file")
    assert result["valid"] is None and result["message"] == "MT760"
    assert [finding["code"] for finding in result["findings"]] == ["rule.unsupported"]


def test_unreadable_has_a_verdict():
    (result,) = check_mt(b"no message", "file")
    assert result["valid"] is False and result["message"] is None
    assert [finding["code"] for finding in result["findings"]] == ["mt.empty"]


def test_each_message_of_a_file_has_a_result():
    both = check_mt(MESSAGES["MT103"] + b"\r\n" + MESSAGES["MT940"], "a\udcffb")
    assert [result["message"] for result in both] == ["MT103", "MT940"]
    assert json.dumps(both)
