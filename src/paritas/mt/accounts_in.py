"""Statements and notifications to ISO 20022: MT940/950 to camt.053, MT942 to camt.052, MT900/910 to camt.054."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paritas.iso20022.accounts import CREDIT, DEBIT, NOTIFICATION_TYPE, STATEMENT_TYPE
from paritas.iso20022.writer import Draft, Header, amount, branch, clip, document, leaf
from paritas.model.money import AmountError, format_amount
from paritas.model.parties import is_bic
from paritas.mt.elements import account_element, agent_element, party_element
from paritas.mt.parsing import Field, MtMessage
from paritas.mt.parties import NOT_PROVIDED, Party, read_party
from paritas.mt.statements import (
    AVAILABLE,
    CLOSING,
    OPENING,
    Balance,
    Entry,
    read_balance,
    read_number,
    read_sum,
    statement_of,
)
from paritas.mt.translating import (
    ASSUMED,
    CUT,
    LOST,
    Fields,
    Said,
    UntranslatableError,
    bounded,
    say_fields_lost,
)
from paritas.mt.values import read_amount, read_date, read_time

REPORT_TYPE = "camt.052.001.08"

_NO_REFERENCE = frozenset({"", "NONREF"})
_CODES = {"60F": "OPBD", "60M": "OPBD", "62F": "CLBD", "62M": "CLBD", "64": "CLAV", "65": "FWAV"}
_MONEY = re.compile(r"([0-9]{6})([A-Z]{3})([0-9,]+)", re.ASCII)
_MOMENT = re.compile(r"([0-9]{6})([0-9]{4})([+-][0-9]{4})", re.ASCII)
_TEXT_MAX = 500


def statement(message: MtMessage, created: str, header: Header | None, said: Said) -> Draft:
    """Translate an MT940 or MT950, one page, to a camt.053.

    Raises UntranslatableError for a statement of which a balance or an entry cannot be read.
    """
    fields = Fields(message.fields)
    known = statement_of(message)
    for field, text in known.unreadable:
        raise UntranslatableError(f"line {field.line}, field {field.tag}: {text}")
    if known.opening is None and known.closing is None:
        raise UntranslatableError("states neither an opening nor a closing balance")
    reference = _reference(fields)
    account = _account(fields, known.currency)
    number, pagination = _numbers(fields, message, "StmtPgntn")
    parts = [
        _group(reference, created),
        "<Stmt>",
        leaf("Id", reference),
        pagination,
        leaf("LglSeqNb", number),
        leaf("CreDtTm", created),
        account,
        *_balances(fields),
        *_entries(fields, known.entries, known.currency, said),
        _closing_text(fields, "AddtlStmtInf", said),
        "</Stmt>",
    ]
    fields.take("21")
    say_fields_lost(fields, said, STATEMENT_TYPE)
    return Draft(STATEMENT_TYPE, document(STATEMENT_TYPE, "BkToCstmrStmt", parts), header)


def report(message: MtMessage, created: str, header: Header | None, said: Said) -> Draft:
    """Translate an MT942 to a camt.052; errors as in ``statement``."""
    fields = Fields(message.fields)
    known = statement_of(message)
    for field, text in known.unreadable:
        raise UntranslatableError(f"line {field.line}, field {field.tag}: {text}")
    reference = _reference(fields)
    account = _account(fields, known.currency)
    number, pagination = _numbers(fields, message, "RptPgntn")
    floors = [f for f in message.fields if f.tag == "34F" and not f.value[3:].strip("CD0,")]
    for floor in floors:
        fields.take_exact(floor)
    parts = [
        _group(reference, created),
        "<Rpt>",
        leaf("Id", reference),
        pagination,
        leaf("LglSeqNb", number),
        leaf("CreDtTm", _stated(fields) or created),
        account,
        _summary(fields),
        *_entries(fields, known.entries, known.currency, said),
        _closing_text(fields, "AddtlRptInf", said),
        "</Rpt>",
    ]
    fields.take("21")
    say_fields_lost(fields, said, REPORT_TYPE)
    return Draft(REPORT_TYPE, document(REPORT_TYPE, "BkToCstmrAcctRpt", parts), header)


def notification(message: MtMessage, created: str, header: Header | None, said: Said) -> Draft:
    """Translate an MT900 (debit) or MT910 (credit) to a camt.054; errors as in ``statement``."""
    fields = Fields(message.fields)
    reference, related = _reference(fields), bounded(fields, "21")
    settled = fields.take("32A")
    match = _MONEY.fullmatch(settled.value) if settled is not None else None
    if match is None or not read_date(match[1]):
        raise UntranslatableError("has no field 32A with a date and an amount")
    day, currency = read_date(match[1]), match[2]
    try:
        money = amount("Amt", read_amount(match[3], currency), currency)
    except AmountError as error:
        raise UntranslatableError(f"field 32A: {error}") from error
    side = leaf("CdtDbtInd", CREDIT if message.number == "910" else DEBIT)
    stated = _stated(fields)
    parties, agents = _parties(fields, said)
    text = fields.value("72").replace("\n", " ")
    references = branch("Refs", leaf("InstrId", "" if related in _NO_REFERENCE else related))
    details = branch(
        "TxDtls", references, money, side, branch("RltdPties", parties), branch("RltdAgts", agents)
    )
    entry = branch(
        "Ntry",
        money,
        side,
        "<Sts><Cd>BOOK</Cd></Sts>",
        branch("BookgDt", leaf("DtTm", stated)),
        branch("ValDt", leaf("Dt", day)),
        _transaction_code("NTRF"),
        branch("NtryDtls", details),
        leaf("AddtlNtryInf", clip(text, _TEXT_MAX)),
    )
    parts = [
        _group(reference, created),
        branch(
            "Ntfctn",
            leaf("Id", reference),
            leaf("CreDtTm", created),
            _account(fields, currency),
            entry,
        ),
    ]
    say_fields_lost(fields, said, NOTIFICATION_TYPE)
    return Draft(
        NOTIFICATION_TYPE, document(NOTIFICATION_TYPE, "BkToCstmrDbtCdtNtfctn", parts), header
    )


def _reference(fields: Fields) -> str:
    value = fields.value("20").split("\n")[0].strip()
    return clip(value, 35) or NOT_PROVIDED


def _group(reference: str, created: str) -> str:
    return branch("GrpHdr", leaf("MsgId", reference), leaf("CreDtTm", created))


def _account(fields: Fields, currency: str) -> str:
    """Return Acct from field 25; banks often write the currency behind the number."""
    lines = fields.value("25", "25P").split("\n")
    number = lines[0].replace(" ", "")
    is_iban = Party(account=number).is_iban
    if currency and number.endswith(currency) and (is_iban or not number[:2].isalpha()):
        number = number.removesuffix(currency)
    if not number:
        raise UntranslatableError("has no field 25, the account")
    owner = lines[1].strip() if len(lines) > 1 and is_bic(lines[1].strip()) else ""
    element = account_element("Acct", Party(account=number)).removesuffix("</Acct>")
    owner_element = branch(
        "Ownr", branch("Id", branch("OrgId", leaf("AnyBIC", owner))) if owner else ""
    )
    return f"{element}{leaf('Ccy', currency)}{owner_element}</Acct>"


def _numbers(fields: Fields, message: MtMessage, tag: str) -> tuple[str, str]:
    """Return the statement's number and its pagination from field 28."""
    number, page = read_number(fields.value("28C", "28"))
    last = not any(field.tag == "62M" for field in message.fields)
    if not page and last:
        return number, ""
    page_number = str(int(page or "1"))
    pagination = branch(
        tag, leaf("PgNb", page_number), leaf("LastPgInd", "true" if last else "false")
    )
    return number, pagination


def _balances(fields: Fields) -> Iterator[str]:
    for field in fields.take_all(*OPENING, *CLOSING, *AVAILABLE):
        subtype = branch("SubTp", leaf("Cd", "INTM")) if field.tag.endswith("M") else ""
        yield _balance(_CODES[field.tag], subtype, read_balance(field.value))


def _balance(code: str, subtype: str, balance: Balance) -> str:
    return branch(
        "Bal",
        branch("Tp", branch("CdOrPrtry", leaf("Cd", code)), subtype),
        amount("Amt", abs(balance.amount_minor), balance.currency),
        leaf("CdtDbtInd", CREDIT if balance.amount_minor >= 0 else DEBIT),
        branch("Dt", leaf("Dt", balance.day)),
    )


def _entries(
    fields: Fields, entries: tuple[Entry, ...], currency: str, said: Said
) -> Iterator[str]:
    for entry in entries:
        fields.take_exact(entry.field)
        if entry.text_field is not None:
            fields.take_exact(entry.text_field)
        yield _entry(entry, currency, said)


def _entry(entry: Entry, currency: str, said: Said) -> str:
    money = amount("Amt", entry.amount_minor, currency)
    side = leaf("CdtDbtInd", CREDIT if entry.is_credit else DEBIT)
    own = "" if entry.owner_reference in _NO_REFERENCE else entry.owner_reference
    for what in (own, entry.servicer_reference):
        if len(what) > 35:
            said.add(CUT, ":61:", entry.field.line, f"reference {what[:60]!r} is cut, marked by …")
    text = _joined(entry.text_field, said)
    return branch(
        "Ntry",
        money,
        side,
        leaf("RvslInd", "true" if entry.is_reversal else ""),
        "<Sts><Cd>BOOK</Cd></Sts>",
        branch("BookgDt", leaf("Dt", entry.booking_date)),
        branch("ValDt", leaf("Dt", entry.value_date)),
        leaf("AcctSvcrRef", clip(entry.servicer_reference, 35)),
        _transaction_code(entry.kind),
        branch(
            "NtryDtls",
            branch(
                "TxDtls",
                branch("Refs", leaf("EndToEndId", clip(own, 35))),
                money,
                side,
                leaf("AddtlTxInf", clip(entry.supplement, _TEXT_MAX)),
            )
            if own or entry.supplement
            else "",
        ),
        leaf("AddtlNtryInf", text),
    )


def _transaction_code(kind: str) -> str:
    return branch(
        "BkTxCd", branch("Prtry", leaf("Cd", kind or NOT_PROVIDED), leaf("Issr", "SWIFT"))
    )


def _joined(field: Field | None, said: Said) -> str:
    """Return a field 86 as one text of at most 500 characters; full lines go on in the next."""
    if field is None:
        return ""
    lines = [line.rstrip() for line in field.value.split("\n")]
    text = "\n".join(line for line in lines if line.strip())
    if len(text) > _TEXT_MAX:
        said.add(CUT, field.path, field.line, f"cut to {_TEXT_MAX} characters, marked by …")
    return clip(text, _TEXT_MAX)


def _closing_text(fields: Fields, tag: str, said: Said) -> str:
    """Return what the last field 86, which belongs to no entry, says of the whole."""
    texts = [_joined(field, said) for field in fields.take_all("86")]
    return leaf(tag, clip("\n".join(text for text in texts if text), _TEXT_MAX))


def _stated(fields: Fields) -> str:
    """Return date and time of field 13D, "" where it has none."""
    match = _MOMENT.fullmatch(fields.value("13D"))
    return read_time(match[1], match[2], match[3]) if match is not None else ""


def _summary(fields: Fields) -> str:
    """Return TxsSummry from fields 90C and 90D."""
    sums = []
    for field_tag, tag in (("90C", "TtlCdtNtries"), ("90D", "TtlDbtNtries")):
        field = fields.take(field_tag)
        if field is None:
            continue
        try:
            count, currency, sum_minor = read_sum(field.value)
        except (AmountError, ValueError) as error:
            raise UntranslatableError(f"field {field_tag}: {error}") from error
        total = leaf("Sum", format_amount(sum_minor, currency))
        sums.append(branch(tag, leaf("NbOfNtries", str(count)), total))
    return branch("TxsSummry", *sums)


def _parties(fields: Fields, said: Said) -> tuple[str, str]:
    """Return the elements of the related parties and agents of an MT900 or MT910."""
    customer = fields.take("50A", "50F", "50K")
    parties = agents = ""
    if customer is not None:
        party = read_party(customer.tag, customer.value)
        inner = party_element("Pty", party)
        parties = branch("Dbtr", inner) + account_element("DbtrAcct", party)
    for number, tag in (("52", "DbtrAgt"), ("56", "IntrmyAgt1")):
        field = fields.take(f"{number}A", f"{number}D")
        if field is None:
            continue
        party = read_party(field.tag, field.value)
        if party.name == NOT_PROVIDED:
            said.add(ASSUMED, field.path, field.line, "NOTPROVIDED is left out")
            continue
        if party.account:
            text = f"account {party.account} of field {field.tag} has no place"
            said.add(LOST, field.path, field.line, text)
        agents += agent_element(tag, party).partition(f"<{tag}Acct>")[0]
    return parties, agents
