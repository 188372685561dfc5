"""The rules by which messages become money, each as a case that a banker can read (rules/*.txt).

`banker` explains the words. Everything is checked on what `paritas settle` wrote for the members, and
every run must also keep the promises of `bank_day.must_hold`.
"""

from __future__ import annotations

import csv
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from bank_day import DayAtTheBank, Status, must_hold, read_valid, text_of
from banker import (
    Case,
    cases_in,
    scheme_of,
    understand,
    write_lists,
    write_messages,
    write_obligations,
)
from lxml import etree

from paritas.iso20022 import schemas
from paritas.node.scheme import load_scheme, parse_scheme
from paritas.node.settle import settle
from settle import talk

RULES = Path(__file__).parent / "rules"
CASES = {
    f"{path.stem}/{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')}": text
    for path in sorted(RULES.glob("*.txt"))
    for title, text in cases_in(path)
}

# Every run forks workers; what is loaded here they need not load each time.
for _message_type in ("pacs.008.001.08", "pacs.009.001.08", "pacs.002.001.10", "camt.053.001.08"):
    schemas.schema(_message_type)


def run(case: Case, directory: Path) -> DayAtTheBank:
    """Write the files of a case, settle them, read what came out and check what must hold."""
    text = scheme_of(case)
    if not (directory / "in").exists():
        write_messages(case, directory / "in")
    obligations = directory / "obligations.csv" if case.rows else None
    if obligations is not None:
        write_obligations(case, obligations)
    scheme = parse_scheme(text, "scheme.toml")
    if case.lists:
        write_lists(case, directory)
        (directory / "scheme.toml").write_text(text, "utf-8")
        scheme = load_scheme(directory / "scheme.toml")
    settle(
        directory / "in",
        scheme,
        directory / "out",
        first_day=case.first_day,
        deliver=case.deliver,
        workers=1,
        obligations=obligations,
    )
    day = DayAtTheBank(directory / "out")
    must_hold(directory / "in", day, tomllib.loads(text))
    return day


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    case = understand(CASES[name])
    assert case.expectations, "a case that expects nothing shows nothing"
    day = run(case, tmp_path)
    for expectation in case.expectations:
        check(case, day, expectation)


def test_no_two_cases_have_one_name() -> None:
    titles = [title for path in RULES.glob("*.txt") for title, _ in cases_in(path)]
    assert len(CASES) == len(titles)


# --- what a case may expect


def check(case: Case, day: DayAtTheBank, line: str) -> None:
    """Compare one ``expect`` line with the files."""
    for pattern, compare in _EXPECTATIONS.items():
        match = re.fullmatch(pattern, line)
        if match is not None:
            compare(case, day, *match.groups())
            return
    raise AssertionError(f"not understood: expect {line}")


def status(case: Case, day: DayAtTheBank, reference: str, label: str | None) -> Status:
    message = case.messages.get(label or reference) or next(
        each
        for each in case.messages.values()
        if any(p.ref == reference for p in each.payments)
        or (isinstance(each, talk.Talk) and reference in talk.talk_references(each))
    )
    answer = day.answer_to(message.name)
    assert answer.original_id == message.id
    (found,) = [each for each in answer.statuses if each.reference == reference]
    return found


def _settled(
    case: Case,
    day: DayAtTheBank,
    reference: str,
    label: str | None,
    days: str | None,
    clock: str | None,
) -> None:
    found = status(case, day, reference, label)
    assert found.status == "ACSC", found
    if clock:
        moment = case.moment(days, clock)
        assert found.settled == moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"), found


def _refused(
    case: Case,
    day: DayAtTheBank,
    reference: str,
    label: str | None,
    reason: str,
    saying: str | None,
) -> None:
    found = status(case, day, reference, label)
    assert (found.status, found.reason) == ("RJCT", reason), found
    assert (saying or "") in found.text, found.text


def _group(case: Case, day: DayAtTheBank, label: str, group: str, reason: str | None) -> None:
    answer = day.answer_to(case.messages[label].name)
    assert (answer.group, answer.reason) == (group, reason or "")


def _unreadable(case: Case, day: DayAtTheBank, label: str, code: str) -> None:
    answer = day.answer_to(case.messages[label].name)
    assert answer.unreadable == code, answer


def _balance(
    case: Case, day: DayAtTheBank, owner: str, currency: str, amount: str, date: str | None
) -> None:
    statements = day.days_of(owner, currency)
    if date:
        statements = [each for each in statements if each.date == case.day(date).isoformat()]
    assert statements[-1].balances["CLBD"] == Decimal(amount)


def _entries(
    case: Case, day: DayAtTheBank, owner: str, currency: str, count: str, date: str | None
) -> None:
    statements = day.days_of(owner, currency)
    if date:
        statements = [each for each in statements if each.date == case.day(date).isoformat()]
    assert sum(len(each.entries) for each in statements) == int(count)


def _code(
    case: Case, day: DayAtTheBank, owner: str, currency: str, reference: str, code: str
) -> None:
    entries = [each for s in day.days_of(owner, currency) for each in s.entries]
    assert [each.code for each in entries if each.transaction_id == reference] == [code]


def _days(case: Case, day: DayAtTheBank, currency: str, dates: str) -> None:
    expected = [case.day(date).isoformat() for date in dates.split()]
    assert sorted({s.date for s in day.statements if s.currency == currency}) == expected


def _report(case: Case, day: DayAtTheBank, what: str, count: str) -> None:
    assert day.report[what]["payments"] == int(count)


def _overdrawn(case: Case, day: DayAtTheBank, currency: str, count: str) -> None:
    (book,) = [each for each in day.report["books"] if each["currency"] == currency]
    assert book["overdrawn"] == int(count)


def delivered(day: DayAtTheBank, payee: str) -> list[etree._Element]:
    folder = day.out / "delivered" / payee
    return [read_valid(path) for path in sorted(folder.iterdir())] if folder.is_dir() else []


def _delivered(
    case: Case, day: DayAtTheBank, payee: str, reference: str, currency: str, amount: str
) -> None:
    transfers = [
        each for message in delivered(day, payee) for each in message.iter("{*}CdtTrfTxInf")
    ]
    (found,) = [each for each in transfers if text_of(each, "PmtId/TxId") == reference]
    money = found.find("{*}IntrBkSttlmAmt")
    assert money is not None
    assert (money.get("Ccy"), money.text) == (currency, amount)


def _not_delivered(case: Case, day: DayAtTheBank, payee: str, reference: str) -> None:
    for message in delivered(day, payee):
        assert reference not in [
            text_of(each, "PmtId/TxId") for each in message.iter("{*}CdtTrfTxInf")
        ]


def table(day: DayAtTheBank, name: str) -> list[dict[str, str]]:
    with (day.out / "cycles" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _obligation(
    case: Case,
    day: DayAtTheBank,
    reference: str,
    status: str,
    reason: str | None,
    money: str | None,
) -> None:
    *_, found = [row for row in table(day, "obligations") if row["reference"] == reference]
    assert (found["status"], found["reason"]) == (status, reason or ""), found
    if money:
        assert money == f"{found['currency']} {found['set_off']}"


def _position(
    case: Case, day: DayAtTheBank, member: str, currency: str, net: str, cycle: str
) -> None:
    (found,) = [
        row
        for row in table(day, "positions")
        if (row["member"], row["currency"], row["cycle"]) == (member, currency, cycle)
    ]
    assert found["net"] == net, found


def _cycle(
    case: Case,
    day: DayAtTheBank,
    name: str,
    status: str,
    days: str | None,
    clock: str | None,
    currency: str | None,
    paid: str | None,
) -> None:
    rows = [row for row in table(day, "cycles") if row["cycle"] == name]
    assert {row["status"] for row in rows} == {status}, rows
    if clock:
        moment = case.moment(days, clock)
        assert {row["settled_at"] for row in rows} == {moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    if currency:
        assert [row["net_paid"] for row in rows if row["currency"] == currency] == [paid]


_BIC, _DAY = r"([A-Z0-9]{11})", r"(?: (\+\d+|\d{4}-\d\d-\d\d))?"
_EXPECTATIONS = {
    r"(\S+)(?: in (\S+))? settled(?: \+(\d+))?(?: (\d\d:\d\d(?::\d\d)?))?": _settled,
    r'(\S+)(?: in (\S+))? refused ([A-Z0-9]{4})(?: saying "(.*)")?': _refused,
    r"(\S+) group (\w{4})(?: ([A-Z0-9]{4}))?": _group,
    r"(\S+) unreadable (\S+)": _unreadable,
    rf"balance {_BIC} ([A-Z]{{3}}) (\S+){_DAY}": _balance,
    rf"entries {_BIC} ([A-Z]{{3}}) (\d+){_DAY}": _entries,
    r"obligation (\S+) (settled|ended|refused|submitted|confirmed)(?: ([A-Z0-9]{4}))?"
    r"(?: of which ([A-Z]{3} \S+) set off)?": _obligation,
    rf"position {_BIC} ([A-Z]{{3}}) (\S+) in (\S+)": _position,
    r"cycle (\S+) (settled|lapsed)(?:(?: \+(\d+))? (\d\d:\d\d))?(?: ([A-Z]{3}) paid (\S+))?": _cycle,
    rf"code {_BIC} ([A-Z]{{3}}) (\S+) (\w{{4}})": _code,
    r"days ([A-Z]{3}) (.+)": _days,
    r"report (\w+) (\d+)": _report,
    r"overdrawn ([A-Z]{3}) (\d+)": _overdrawn,
    rf"delivered {_BIC} (\S+) ([A-Z]{{3}}) (\S+)": _delivered,
    rf"not delivered {_BIC} (\S+)": _not_delivered,
} | talk.EXPECTATIONS
