"""A day at the bank in plain words, for tests: text in, scheme file and ISO 20022 files out.

A case is a few lines. Times are on the case's own clock (UTC unless `clock` names a zone), days count
from `today` (Monday 2026-11-23). A line ``# ...`` is a remark.

    book INR issuer RBISINB0XXX open 09:00-17:00 Asia/Kolkata weekend fri,sat holiday 2026-11-24
    member AAAAINB0XXX INR 1000.00 limit 50.00 urgent 10.00 high 20.00, CNY 50.00 suspended
    dealer AAAAINB0XXX for INR/CNY              sender SSSSGB00XXX for AAAAINB0XXX BBBBCNB0XXX
    rate INR 14.00                              bypass none | normal | all
    days ahead 5                                first day 2026-11-20
    clock Asia/Kolkata                          today 2026-11-27
    clearing every 15m rule fifo changed 0.5
    cycle noon INR,CNY 09:30-12:00 top up 30m without set-off
    list OFAC/SDN bound by RBISINB0XXX: Vladimir Testovsky; Paper Albatross
    deliver

    09:30 AAAAINB0XXX pays BBBBCNB0XXX INR 100.00 ref T1 [options]
    09:30 AAAAINB0XXX pays BBBBCNB0XXX INR 1400.00 to arrive as CNY 100.00 ref T1 [options]
    09:30 AAAAINB0XXX exchanges INR 1000.00 for CNY 70.00 with BBBBCNB0XXX trade X ref T1 [options]

    10:00 AAAAINB0XXX owes BBBBCNB0XXX INR 100.00 in noon ref O1 [urgent] [said by BBBBCNB0XXX]
    10:05 BBBBCNB0XXX agrees O1

The options: ``urgent``, ``high``, ``dated +1`` or ``dated 2026-11-24``, ``in M`` (several payments in
one message M), ``id M`` (its MsgId), ``from BIC`` (the header's sender), ``without header``, ``for
institutions`` (pacs.009), ``without payer`` or ``payee`` (the agents are left out), ``named FILE``.
``+1 09:30`` is the next day. A message is called by its ``in``, else by its ``ref``.

    T1 says NbOfTxs 7                           an element of the message gets another text
    in T1 "<a>" becomes "<b>"                   anything else
    again T1 as T1-again                        the same file once more

    expect T1 settled [+1] [09:30]              expect T1 refused AM04 [saying "..."]
    expect T1 in M settled                      expect M group PART
    expect M unreadable rule.not_settled        expect balance AAAAINB0XXX INR 900.00 [+1]
    expect entries BBBBCNB0XXX INR 2 [+1]       expect delivered BBBBCNB0XXX T1 CNY 100.00
    expect obligation O1 settled                expect obligation O1 ended AM04 [of which CNY 5.00 set off]
    expect position BBBBCNB0XXX INR -50.00 in noon
    expect cycle noon settled 12:01 INR paid 50.00
    expect report settled 2                     expect days INR +0 +1

What is said about payments besides (returns, recalls, status, liquidity, statements) is in ``talk``.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from paritas.iso20022.payments import (
    CONVERSION,
    PVP,
    CustomerTransfer,
    InstitutionTransfer,
    Party,
    PaymentGroup,
    pacs008,
    pacs009,
    pvp_instruction,
)
from paritas.iso20022.writer import Header
from paritas.model.money import AmountError, parse_amount
from settle.talk import Talk, as_mt, talk_line, write_talk

MONDAY = "2026-11-23"
RATES = {"INR": "14", "CNY": "1", "JPY": "20", "KWD": "0.5", "USD": "1"}

BIC = r"[A-Z0-9]{8,11}"
MONEY = r"[A-Z]{3} -?[0-9.]+"
TIME = r"(?:\+(?P<days>\d+) )?(?P<time>\d\d:\d\d(?::\d\d)?)"

_PAYS = re.compile(
    rf"{TIME} (?P<payer>{BIC}) pays (?P<payee>{BIC}) (?P<money>{MONEY})"
    rf"(?: to arrive as (?P<arrives>{MONEY}))? ref (?P<ref>\S+)(?P<options>.*)"
)
_EXCHANGES = re.compile(
    rf"{TIME} (?P<payer>{BIC}) exchanges (?P<money>{MONEY}) for (?P<other>{MONEY})"
    rf" with (?P<payee>{BIC}) trade (?P<trade>\S+) ref (?P<ref>\S+)(?P<options>.*)"
)
_OPTION = re.compile(
    r" (?:(?P<priority>urgent|high)|dated (?P<dated>\S+)|in (?P<message>\S+)|id (?P<id>\S+)"
    rf"|from (?P<sender>{BIC})|(?P<headless>without header)|(?P<institutions>for institutions)"
    r"|without (?P<absent>payer|payee)|named (?P<name>\S+))"
)
_OWES = re.compile(
    rf"{TIME} (?P<debtor>{BIC}) owes (?P<creditor>{BIC}) (?P<money>{MONEY}) in (?P<cycle>\S+)"
    rf" ref (?P<ref>\S+)(?: (?P<priority>urgent|high))?(?: said by (?P<sender>{BIC}))?"
)
_PRIORITIES = {"urgent": "URGT", "high": "HIGH", "": ""}

#: Stands for an amount that money cannot have, until the file is written: no other amount is so.
_STAND_IN_MINOR = 987_654_321
_STAND_IN = re.compile(r'Ccy="[A-Z]{3}">(?:987654321|9876543\.21|987654\.321)<')


class NotUnderstoodError(Exception):
    """A line of a case that means nothing."""


@dataclass
class Payment:
    """One transaction as its line says it."""

    payer: str
    payee: str
    money: str
    ref: str
    created: datetime.datetime
    dated: str
    arrives: str = ""
    other: str = ""
    trade: str = ""
    priority: str = ""
    absent: str = ""


@dataclass
class Message:
    """One file: payments that travel together."""

    label: str
    id: str
    name: str
    sender: str
    has_header: bool
    of_institutions: bool
    payments: list[Payment]
    edits: list[tuple[str, str]] = field(default_factory=list)
    says: list[tuple[str, str]] = field(default_factory=list)
    same_as: str = ""


@dataclass
class Case:
    """What a case says, before anything runs."""

    today: datetime.date = field(default_factory=lambda: datetime.date.fromisoformat(MONDAY))
    clock: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    first_day: datetime.date | None = None
    deliver: bool = False
    days_ahead: int | None = None
    bypass: str = ""
    clearing: str = ""
    cycles: list[str] = field(default_factory=list)
    #: Lines of the obligations' file, by the reference of what is owed.
    owed: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)
    rates: dict[str, str] = field(default_factory=lambda: dict(RATES))
    books: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    messages: dict[str, Any] = field(default_factory=dict)
    #: name -> (the issuers who bind it, the names on it).
    lists: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    expectations: list[str] = field(default_factory=list)
    as_mt: set[str] = field(default_factory=set)

    def day(self, text: str) -> datetime.date:
        """Return the day that "+1" or "2026-11-24" means."""
        if text.startswith("+"):
            return self.today + datetime.timedelta(days=int(text[1:]))
        return datetime.date.fromisoformat(text)

    def moment(self, days: str | None, clock: str) -> datetime.datetime:
        """Return the moment that "+1 09:30" means on the case's clock."""
        date = self.day(f"+{days or 0}")
        time = datetime.time.fromisoformat(clock)
        return datetime.datetime.combine(date, time, self.clock).astimezone(datetime.UTC)


def cases_in(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (title, lines) of each case in a file; what stands before the first holds for all."""
    before, *cases = re.split(r"^case: *", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for case in cases:
        title, _, lines = case.partition("\n")
        yield title.strip(), before + lines


def understand(text: str) -> Case:
    """Read the lines of a case; raises NotUnderstoodError naming the first that means nothing."""
    case = Case()
    for line in text.splitlines():
        words = re.sub(r"\s+", " ", line).strip()
        if words and not words.startswith("#"):
            _line(case, words)
    return case


def _line(case: Case, line: str) -> None:
    verb, _, rest = line.partition(" ")
    if verb == "expect":
        case.expectations.append(rest)
    elif verb == "book":
        case.books.append(_book(rest))
    elif verb == "member":
        case.members.append(_member(rest))
    elif not (
        _setting(case, verb, rest)
        or talk_line(case, line)
        or _payment(case, line)
        or _obligation(case, line)
        or _change(case, line)
    ):
        raise NotUnderstoodError(line)


def _setting(case: Case, verb: str, rest: str) -> bool:
    if verb == "today":
        case.today = datetime.date.fromisoformat(rest)
    elif verb == "clock":
        case.clock = ZoneInfo(rest)
    elif verb == "first":
        case.first_day = datetime.date.fromisoformat(rest.removeprefix("day "))
    elif verb == "deliver":
        case.deliver = True
    elif verb == "days":
        case.days_ahead = int(rest.removeprefix("ahead "))
    elif verb == "bypass":
        case.bypass = rest
    elif verb == "cycle":
        case.cycles.append(_cycle(rest))
    elif verb == "clearing":
        named = {"changed": "changed_share", "limit": "time_limit"}
        words = rest.split()
        lines = [f'{named.get(k, k)} = "{v}"' for k, v in zip(words[::2], words[1::2], strict=True)]
        case.clearing = "\n".join(["[clearing]", *lines, ""])
    elif verb == "rate":
        currency, _, rate = rest.partition(" ")
        case.rates[currency] = rate
    elif verb == "list":
        head, _, names = rest.partition(": ")
        name, _, issuers = head.partition(" bound by ")
        case.lists[name] = issuers.split(), names.split("; ")
    elif verb == "dealer":
        bic, _, pair = rest.partition(" for ")
        one, other = pair.split("/")
        case.others.append(f'[[dealer]]\npair = ["{one}", "{other}"]\nmember = "{bic}"\n')
    elif verb == "sender":
        bic, _, members = rest.partition(" for ")
        named = ", ".join(f'"{member}"' for member in members.split())
        case.others.append(f'[[sender]]\nbic = "{bic}"\nfor = [{named}]\n')
    else:
        return False
    return True


def _book(text: str) -> str:
    match = re.fullmatch(
        rf"([A-Z]{{3}}) issuer ({BIC})(?: open (\d\d:\d\d)-(\d\d:\d\d))?(?: ([A-Z]\w+(?:/\w+)*))?"
        r"(?: weekend (\S+))?(?: holiday (\S+))?",
        text,
    )
    if match is None:
        raise NotUnderstoodError(f"book {text}")
    currency, issuer, opens, closes, zone, weekend, holidays = match.groups()
    lines = ["[[book]]", f'currency = "{currency}"', f'issuer = "{issuer}"']
    lines += [f'timezone = "{zone}"'] if zone else []
    lines += [f'opens = "{opens}"', f'closes = "{closes}"'] if opens else []
    if weekend:
        names = {"fri": "friday", "sat": "saturday", "sun": "sunday"}
        days = [names[day] for day in weekend.split(",") if day != "none"]
        lines.append("weekend = [" + ", ".join(f'"{day}"' for day in days) + "]")
    if holidays:
        lines.append("holidays = [" + ", ".join(f'"{day}"' for day in holidays.split(",")) + "]")
    return "\n".join([*lines, ""])


def _cycle(text: str) -> str:
    match = re.fullmatch(
        r"(\S+) ([A-Z,]+) (\d\d:\d\d)-(\d\d:\d\d)(?: top up (\w+))?( without set-off)?", text
    )
    if match is None:
        raise NotUnderstoodError(f"cycle {text}")
    name, currencies, opens, cutoff, top_up, without = match.groups()
    named = ", ".join(f'"{currency}"' for currency in currencies.split(","))
    lines = ["[[cycle]]", f'name = "{name}"', f"currencies = [{named}]"]
    lines += [f'opens = "{opens}"', f'cutoff = "{cutoff}"']
    lines += [f'top_up = "{top_up}"'] if top_up else []
    lines += ["set_off = false"] if without else []
    return "\n".join([*lines, ""])


def _obligation(case: Case, line: str) -> bool:
    """What one member owes another in a cycle, and the other's word that it is so."""
    if match := _OWES.fullmatch(line):
        said = match.groupdict()
        currency, _, amount = said["money"].partition(" ")
        row = {
            "at": case.moment(said["days"], said["time"]).isoformat().replace("+00:00", "Z"),
            "cycle": said["cycle"],
            "sender": said["sender"] or said["debtor"],
            "debtor": said["debtor"],
            "creditor": said["creditor"],
            "currency": currency,
            "amount": amount,
            "reference": said["ref"],
            "priority": said["priority"] or "",
        }
        case.owed[said["ref"]] = row
        case.rows.append(row)
    elif match := re.fullmatch(rf"{TIME} (?P<bic>{BIC}) agrees (?P<refs>.+)", line):
        moment = case.moment(match["days"], match["time"]).isoformat().replace("+00:00", "Z")
        for ref in match["refs"].split():
            case.rows.append({**case.owed[ref], "at": moment, "sender": match["bic"]})
    else:
        return False
    return True


def write_obligations(case: Case, path: Path) -> None:
    """Write the obligations' file of a case."""
    names = ("at", "cycle", "sender", "debtor", "creditor", "currency", "amount", "reference")
    lines = [",".join((*names, "priority"))]
    lines += [",".join(row[name] for name in (*names, "priority")) for row in case.rows]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _member(text: str) -> str:
    bic, _, rest = text.partition(" ")
    suspended = rest.endswith(" suspended")
    lines = [
        "[[member]]",
        f'bic = "{bic}"',
        f'name = "Bank {bic[:4]}"',
        f'country = "{bic[4:6]}"',
        *(["suspended = true"] if suspended else []),
        "[member.accounts]",
    ]
    for account in rest.removesuffix(" suspended").split(","):
        currency, balance, *more = account.split()
        more = ["debit_cap" if word == "cap" else word for word in more]
        given = {"balance": balance, **dict(zip(more[::2], more[1::2], strict=True))}
        names = {"urgent": "reserved_urgent", "high": "reserved_high"}
        values = ", ".join(f'{names.get(name, name)} = "{value}"' for name, value in given.items())
        lines.append(f"{currency} = {{ {values} }}")
    return "\n".join([*lines, ""])


def _payment(case: Case, line: str) -> bool:
    match = _PAYS.fullmatch(line) or _EXCHANGES.fullmatch(line)
    if match is None:
        return False
    said = match.groupdict()
    options = _options(said["options"], line)
    dated = options.get("dated") or "+0"
    payment = Payment(
        payer=said["payer"],
        payee=said["payee"],
        money=said["money"],
        ref=said["ref"],
        created=case.moment(said["days"], said["time"]),
        dated=dated if dated[0] not in "+2" else case.day(dated).isoformat(),
        arrives=said.get("arrives") or "",
        other=said.get("other") or "",
        trade=said.get("trade") or "",
        priority=options.get("priority", ""),
        absent=options.get("absent", ""),
    )
    label = options.get("message") or payment.ref
    if label in case.messages:
        case.messages[label].payments.append(payment)
        return True
    case.messages[label] = Message(
        label=label,
        id=options.get("id") or label,
        name=options.get("name") or f"{len(case.messages) + 1:03d}-{label}.xml",
        sender=options.get("sender") or payment.payer,
        has_header="headless" not in options,
        of_institutions="institutions" in options or bool(payment.trade),
        payments=[payment],
    )
    return True


def _options(text: str, line: str) -> dict[str, str]:
    options: dict[str, str] = {}
    while text.strip():
        match = _OPTION.match(text)
        if match is None:
            raise NotUnderstoodError(f"{text.strip()!r} in: {line}")
        options |= {name: value for name, value in match.groupdict().items() if value}
        text = text[match.end() :]
    return options


def _change(case: Case, line: str) -> bool:
    """What is wrong with a message on purpose, or the same message again."""
    if match := re.fullmatch(r"again (\S+) as (\S+)", line):
        label, new = match.groups()
        first = case.messages[label]
        name = f"{len(case.messages) + 1:03d}-{new}.xml"
        if isinstance(first, Talk):
            case.messages[new] = replace(first, name=name)
            return True
        case.messages[new] = Message(
            new,
            first.id,
            name,
            first.sender,
            first.has_header,
            first.of_institutions,
            first.payments,
            same_as=label,
        )
    elif match := re.fullmatch(r"(\S+) says (\w+) (.+)", line):
        case.messages[match[1]].says.append((match[2], match[3]))
    elif match := re.fullmatch(r'in (\S+) "(.+)" becomes "(.*)"', line):
        case.messages[match[1]].edits.append((match[2], match[3]))
    else:
        return False
    return True


def scheme_of(case: Case) -> str:
    """Write the scheme file of a case."""
    lines = ["[scheme]", 'name = "A test"', 'value_currency = "USD"']
    if case.days_ahead is not None:
        lines.append(f"max_days_ahead = {case.days_ahead}")
    lines += ["[scheme.rates]", *(f'{c} = "{r}"' for c, r in case.rates.items() if c != "USD"), ""]
    if case.bypass:
        lines += ["[queue]", f'bypass = "{case.bypass}"', ""]
    if case.clearing:
        lines.append(case.clearing)
    lists = [
        f'[[list]]\nname = "{name}"\nbound_by = {json.dumps(issuers)}\nfiles = ["{file}"]\n'
        for (name, (issuers, _)), file in zip(case.lists.items(), _list_files(case), strict=True)
    ]
    return "\n".join(lines + case.books + case.members + case.cycles + case.others + lists)


def _list_files(case: Case) -> list[str]:
    return [f"list-{number}.csv" for number in range(len(case.lists))]


def write_lists(case: Case, directory: Path) -> None:
    """Write the files of a case's lists, beside its scheme."""
    for (_, names), file in zip(case.lists.values(), _list_files(case), strict=True):
        rows = [f'{number},"{name}",2026-11-20' for number, name in enumerate(names)]
        (directory / file).write_text("\n".join(["id,name,published", *rows, ""]), "utf-8")


def write_messages(case: Case, directory: Path) -> None:
    """Write the files of a case."""
    directory.mkdir(parents=True)
    for message in case.messages.values():
        if isinstance(message, Talk):
            write_talk(case, message, directory)
            continue
        if message.same_as:
            data = (directory / case.messages[message.same_as].name).read_bytes()
        else:
            data = message_bytes(message)
            if message.label in case.as_mt:
                data = as_mt(data)
        (directory / message.name).write_bytes(data)


def message_bytes(message: Message) -> bytes:
    """Write one message, with whatever is wrong in it on purpose."""
    first = message.payments[0]
    created = first.created.isoformat().replace("+00:00", "Z")
    group = PaymentGroup(message_id=message.id, created=created)
    business = f"B-{message.id}"
    header = Header(message.sender, first.payee, business, created) if message.has_header else None
    stand_ins: list[str] = []
    if message.of_institutions:
        institutional = [_institutional(payment, stand_ins) for payment in message.payments]
        text = pacs009(group, institutional, header).checked().decode()
    else:
        customers = [_customer(payment, stand_ins) for payment in message.payments]
        text = pacs008(group, customers, header).checked().decode()
    if stand_ins:
        text = re.sub(r"<CtrlSum>.*?</CtrlSum>|<TtlIntrBkSttlmAmt.*?</TtlIntrBkSttlmAmt>", "", text)
    waiting = iter(stand_ins)
    text, count = _STAND_IN.subn(lambda _: 'Ccy="{}">{}<'.format(*next(waiting).split()), text)
    assert count == len(stand_ins), "an amount without its place"
    for element, value in message.says:
        text, count = re.subn(rf"(<{element}[^>]*>)[^<]*", rf"\g<1>{value}", text, count=1)
        assert count == 1, f"{message.label} has no {element}"
    for old, new in message.edits:
        assert old in text, f"{message.label} has no {old!r} in it:\n{text}"
        text = text.replace(old, new)
    return text.encode()


def _money(written: str, stand_ins: list[str]) -> tuple[str, int]:
    """Return currency and minor units; what no writer would write is put in afterwards."""
    currency, _, amount = written.partition(" ")
    try:
        amount_minor = parse_amount(amount, currency)
    except AmountError:
        amount_minor = 0
    if amount_minor == 0:
        stand_ins.append(written)
        return currency, _STAND_IN_MINOR
    return currency, amount_minor


def _common(payment: Payment, stand_ins: list[str]) -> dict[str, object]:
    currency, amount_minor = _money(payment.money, stand_ins)
    return {
        "end_to_end_id": payment.trade or f"E-{payment.ref}",
        "instruction_id": f"I-{payment.ref}"[:35],
        "transaction_id": payment.ref,
        "currency": currency,
        "amount_minor": amount_minor,
        "settlement_date": "" if payment.dated == "never" else payment.dated,
        "settlement_priority": _PRIORITIES[payment.priority],
        "instructing_agent": "" if payment.absent == "payer" else payment.payer,
        "instructed_agent": "" if payment.absent == "payee" else payment.payee,
        "debtor_agent": payment.payer,
        "creditor_agent": payment.payee,
    }


def _customer(payment: Payment, stand_ins: list[str]) -> CustomerTransfer:
    common = _common(payment, stand_ins)
    if payment.arrives:
        currency, amount_minor = _money(payment.arrives, stand_ins)
        common |= {"instructed_currency": currency, "instructed_minor": amount_minor}
        common["local_instrument"] = CONVERSION
    debtor, creditor = Party("Importer & Sons", "IN"), Party("Exporter 出口", "CN")
    return CustomerTransfer(debtor=debtor, creditor=creditor, **common)  # type: ignore[arg-type]


def _institutional(payment: Payment, stand_ins: list[str]) -> InstitutionTransfer:
    common = _common(payment, stand_ins)
    if payment.trade:
        other = pvp_instruction(*_money(payment.other, stand_ins))
        common |= {"local_instrument": PVP, "instructions_for_next_agent": (other,)}
    return InstitutionTransfer(debtor=payment.payer, creditor=payment.payee, **common)  # type: ignore[arg-type]
