"""What is wrong with an MT message: its fields and their order, and the rules that they say nothing of.

| code | what |
| --- | --- |
| mt.empty, mt.no_field, mt.too_large | not readable as a message at all |
| rule.layout | text or ends that do not belong there, left out: a remark |
| rule.block | a header block or a UETR that has not its form |
| rule.missing, rule.order | a field is missing, or not expected where it stands |
| rule.format | a field has not its SWIFT format |
| rule.amount, rule.decimals, rule.currency | an amount that is no money of its currency, or zero |
| rule.party | the numbered lines of 50F and 59F |
| rule.date, rule.bic, rule.iban, rule.code | what a format lets pass all the same |
| rule.charges, rule.exchange | 33B, 36, 71A, 71F and 71G do not go together (network rules C2, D51 and others) |
| rule.balance, rule.sum | opening balance and entries do not give the closing one; 90C and 90D |

A payment must not be guessed, so all of these refuse it. A statement is history: what has its own
dialect but can be read is a remark, and only what cannot be understood or does not add up refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from paritas.iso20022.identifiers import bic_problem, currency_digits, iban_problem
from paritas.iso20022.values import Finding
from paritas.model.money import AmountError
from paritas.mt.codes import needs_instructed_amount
from paritas.mt.messages import LAYOUTS, layout_problems
from paritas.mt.parsing import FIELD_CHARACTERS_MAX, FINDINGS_MAX, Field, MtMessage, is_mt, read_mt
from paritas.mt.parties import read_party, structured_problem
from paritas.mt.statements import balance_problem, read_sum, statement_of
from paritas.mt.values import read_amount, read_date

UNSUPPORTED = "rule.unsupported"

_UETR = re.compile("[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}")
_DATED_AMOUNT = re.compile(r"([0-9]{6})([A-Z]{3})([0-9,]+)", re.ASCII)
_AMOUNT = re.compile(r"([A-Z]{3})([0-9,]+)", re.ASCII)
_RATE = re.compile(r"[0-9]+,[0-9]*", re.ASCII)
_ADDRESS = re.compile(r"[FAL][0-9]{2}[A-Z0-9]{12}[0-9]{10}|[IO][0-9]{3}[A-Z0-9]{12,43}", re.ASCII)

_STATEMENTS = frozenset({"940", "941", "942", "950"})
_CODES = {
    "23B": frozenset({"CRED", "CRTS", "SPAY", "SPRI", "SSTD"}),
    "71A": frozenset({"BEN", "OUR", "SHA"}),
    "23E": frozenset(
        [
            "CHQB",
            "CORT",
            "HOLD",
            "INTC",
            "PHOB",
            "PHOI",
            "PHON",
            "REPA",
            "SDVA",
            "TELB",
            "TELE",
            "TELI",
        ]
    ),
}
_PARTY_TAG = re.compile(r"5[0-9][ABCDFK]?")
_REFERENCES = frozenset({"20", "21"})
_REASONS = {
    "rule.amount": "AM01",
    "rule.decimals": "CH20",
    "rule.currency": "AM11",
    "rule.date": "DT01",
    "rule.bic": "RC01",
    "rule.iban": "AC01",
    "rule.balance": "AM10",
    "rule.sum": "AM10",
}


def check_mt(data: bytes, name: str) -> list[dict[str, Any]]:
    """Check every message of a file's bytes; ``name`` is the file that the results name.

    A result has the form of ``paritas check``: ``{"file", "message", "valid", "findings": [{"code",
    "path", "line", "text"}]}``. ``valid`` is None for a message type that has no layout here.
    """
    return [_result(name, message) for message in read_mt(data)]


def findings_of(message: MtMessage) -> list[Finding]:
    """Return all that is wrong with a message; a finding without a reason is only a remark."""
    findings = list(message.findings)
    if any(finding.code.startswith("mt.") for finding in findings):
        return findings
    findings += _layout_findings(message)
    for rule in (_blocks, _fields, _customer_rules, _statement_rules):
        findings += rule(message)
    return findings[:FINDINGS_MAX]


def is_known(message: MtMessage) -> bool:
    """Say whether the message type has a layout here."""
    return f"MT{message.number}" in LAYOUTS


def _result(name: str, message: MtMessage) -> dict[str, Any]:
    findings = findings_of(message)
    unreadable = any(finding.code.startswith("mt.") for finding in findings)
    valid: bool | None = not any(finding.reason for finding in findings)
    if not unreadable and not is_known(message):
        shown = message.name if message.number else "this MT message"
        text = f"no layout of {shown} here: only its blocks and fields were read"
        findings.append(Finding(UNSUPPORTED, "", message.line, text))
        valid = None if valid else valid
    return {
        "file": _printable(name),
        "message": message.name if message.number else None if unreadable else "MT",
        "valid": valid,
        "findings": [
            {
                "code": finding.code,
                "path": finding.path,
                "line": finding.line,
                "text": _printable(finding.text),
            }
            for finding in findings
        ],
    }


def _printable(text: str) -> str:
    """Replace what no UTF-8 terminal or file can take."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _finding(message: MtMessage, field: Field, code: str, text: str) -> Finding:
    return Finding(code, field.path, field.line, text, _REASONS.get(code, "FF01"))


def _layout_findings(message: MtMessage) -> Iterator[Finding]:
    # The dialects of statements are told, but what they say counts.
    reason = "" if message.number in _STATEMENTS else "FF01"
    for problem in layout_problems(message):
        if problem.field is None:
            end = message.fields[-1].line if message.fields else message.line
            yield Finding(problem.code, f":{problem.tag}:", end, problem.text, reason)
        else:
            yield Finding(
                problem.code, problem.field.path, problem.field.line, problem.text, reason
            )


def _blocks(message: MtMessage) -> Iterator[Finding]:
    for number, header in (("1", message.basic_header), ("2", message.application_header)):
        if header and _ADDRESS.fullmatch(header) is None:
            text = f"{header[:46]!r} has not the form of block {number}"
            yield Finding("rule.block", f"block {number}", message.line, text)
    uetr = message.uetr
    if uetr and _UETR.fullmatch(uetr) is None:
        text = f"{uetr[:40]!r} is no UETR (a version 4 UUID in small letters)"
        yield Finding("rule.block", "block 3", message.line, text, "FF01")


def _fields(message: MtMessage) -> Iterator[Finding]:
    """Check the values of single fields."""
    if message.number in _STATEMENTS:
        return
    for field in message.fields:
        tag, value = field.tag, field.value
        if len(value) > FIELD_CHARACTERS_MAX:
            continue
        if tag == "32A":
            yield from _money(message, field, _DATED_AMOUNT)
            if value[:6].isdigit() and not read_date(value[:6]):
                yield _finding(message, field, "rule.date", f"{value[:6]} is no date")
        elif tag in ("32B", "33B", "71F", "71G"):
            yield from _money(message, field, _AMOUNT)
        elif tag == "30" and value.isdigit() and not read_date(value):
            yield _finding(message, field, "rule.date", f"{value} is no date")
        elif tag in _CODES and value[:4].rstrip("/") not in _CODES[tag]:
            text = f"{value[:4]} is none of {', '.join(sorted(_CODES[tag]))}"
            yield _finding(message, field, "rule.code", text)
        elif tag in _REFERENCES and (value[:1] == "/" or value[-1:] == "/" or "//" in value):
            text = f"reference {value[:16]} begins or ends with a slash or has two of them"
            yield _finding(message, field, "rule.format", text)
        elif _PARTY_TAG.fullmatch(tag):
            yield from _party(message, field)


def _money(message: MtMessage, field: Field, form: re.Pattern[str]) -> Iterator[Finding]:
    match = form.fullmatch(field.value)
    if match is None:
        return
    currency, text = match.groups()[-2:]
    if currency_digits(currency) < 0:
        problem = f"{currency} is no currency of ISO 4217 in use"
        yield _finding(message, field, "rule.currency", problem)
        return
    try:
        amount_minor = read_amount(text, currency)
    except AmountError as error:
        yield _finding(message, field, "rule.decimals", str(error))
        return
    if not amount_minor and field.tag == "32A":
        yield _finding(message, field, "rule.amount", "the amount is zero")


def _party(message: MtMessage, field: Field) -> Iterator[Finding]:
    party = read_party(field.tag, field.value)
    if field.tag in ("50F", "59F") and (problem := structured_problem(field.value)):
        yield _finding(message, field, "rule.party", problem)
    if field.tag.endswith("A"):
        last = field.value.rpartition("\n")[2]
        if problem := bic_problem(last):
            yield _finding(message, field, "rule.bic", f"{last[:40]} {problem}")
    # Only what cannot be meant otherwise: a number of any bank may begin like an IBAN.
    if party.is_iban and (problem := iban_problem(party.account)) and "check digits" in problem:
        yield Finding("rule.iban", field.path, field.line, f"{party.account[:34]} {problem}")


def _customer_rules(message: MtMessage) -> Iterator[Finding]:
    """Check the network rules of MT103 on charges and the exchange rate."""
    if message.number != "103":
        return
    fields = {field.tag: field for field in message.fields}
    settled, instructed, rate = fields.get("32A"), fields.get("33B"), fields.get("36")
    if settled is not None and instructed is not None:
        differs = settled.value[6:9] != instructed.value[:3]
        if differs and rate is None:
            text = "33B has another currency than 32A, so 36 is needed"
            yield _finding(message, instructed, "rule.exchange", text)
        if not differs and rate is not None:
            text = "33B has the currency of 32A, so 36 is not allowed"
            yield _finding(message, rate, "rule.exchange", text)
    if instructed is None and needs_instructed_amount(message.sender, message.receiver):
        text = "33B is needed between institutions of these countries"
        yield Finding("rule.missing", ":33B:", message.line, text, "FF01")
    if instructed is None and rate is not None:
        yield _finding(message, rate, "rule.exchange", "36 is only allowed with 33B")
    if rate is not None and _RATE.fullmatch(rate.value) and not rate.value.strip("0,"):
        yield _finding(message, rate, "rule.exchange", "the rate is zero")
    yield from _charge_rules(message, fields)


def _charge_rules(message: MtMessage, fields: dict[str, Field]) -> Iterator[Finding]:
    bearer = fields["71A"].value if "71A" in fields else ""
    if bearer == "OUR" and "71F" in fields:
        text = "71F is not allowed when the sender pays all charges (OUR)"
        yield _finding(message, fields["71F"], "rule.charges", text)
    if bearer in ("SHA", "BEN") and "71G" in fields:
        text = f"71G is only allowed with OUR, not with {bearer}"
        yield _finding(message, fields["71G"], "rule.charges", text)
    if bearer == "BEN" and "71F" not in fields:
        yield _finding(message, fields["71A"], "rule.charges", "BEN needs 71F")
    for tag in ("71F", "71G"):
        if tag in fields and "33B" not in fields:
            yield _finding(message, fields[tag], "rule.charges", f"{tag} needs 33B")


def _statement_rules(message: MtMessage) -> Iterator[Finding]:
    if message.number not in _STATEMENTS:
        return
    statement = statement_of(message)
    for field, text in statement.unreadable:
        code = "rule.date" if text.endswith("is no date") else "rule.amount"
        yield _finding(message, field, code, text)
    if problem := balance_problem(statement):
        closing = [field for field in message.fields if field.tag.startswith("62")]
        yield _finding(message, closing[-1], "rule.balance", problem)
    if message.number == "942" and statement.entries:
        yield from _sums(message, statement.entries)


def _sums(message: MtMessage, entries: Iterable[Any]) -> Iterator[Finding]:
    """Compare 90C and 90D with the entries of their side."""
    sides: dict[str, Callable[[Any], bool]] = {
        "90C": lambda entry: entry.is_credit,
        "90D": lambda entry: not entry.is_credit,
    }
    for field in message.fields:
        if field.tag not in sides:
            continue
        try:
            number, _, amount_minor = read_sum(field.value)
        except (AmountError, ValueError) as error:
            yield _finding(message, field, "rule.amount", str(error))
            continue
        amounts = [entry.amount_minor for entry in entries if sides[field.tag](entry)]
        if (number, amount_minor) != (len(amounts), sum(amounts)):
            text = f"{field.value[:30]!r} is not the number and sum of the {len(amounts)} entries"
            yield _finding(message, field, "rule.sum", text)


def check_if_mt(data: bytes, name: str) -> list[dict[str, Any]] | None:
    """Check a file's bytes if they are MT, and give None for anything else."""
    return check_mt(data, name) if is_mt(data) else None
