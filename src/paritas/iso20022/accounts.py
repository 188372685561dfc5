"""What an account's owner is told: camt.054.001.08 (entries) and camt.053.001.08 (statements).

Both describe entries by the same struct, so an entry has the same AcctSvcrRef in the notification,
which tells all of it, and in the statement, which names it and leaves the rest to the notification.
The account servicer is always the issuer of the currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain

import msgspec

from paritas.iso20022.writer import (
    Draft,
    Header,
    agent,
    amount,
    branch,
    document,
    leaf,
    uetr,
)
from paritas.model.money import AMOUNT_MINOR_MAX, format_amount

REPORT_TYPE = "camt.052.001.08"
NOTIFICATION_TYPE = "camt.054.001.08"
STATEMENT_TYPE = "camt.053.001.08"

CREDIT = "CRDT"
DEBIT = "DBIT"


class BalanceError(Exception):
    """A statement whose opening balance and entries do not give its closing balance."""


class EntryKind(StrEnum):
    """Why money moved; it decides the ISO 20022 bank transaction code of the entry."""

    CUSTOMER = "customer"
    INSTITUTION = "institution"
    EXCHANGE = "exchange"
    RETURN = "return"
    ISSUE = "issue"
    NETTING = "netting"


# ISO 20022 external bank transaction codes: domain, family of a credit, family of a debit,
# sub-family. Foreign exchange has no sub-families of its own, only the generic OTHR. A return
# reverses what was issued (so it credits) or what was received (so it debits). Issue and redeem
# are the servicer's own cash management, for which the list has only "miscellaneous"; so is the net
# amount of a netting cycle, for which it has nothing of its own.
BANK_TRANSACTION_CODES = {
    EntryKind.CUSTOMER: ("PMNT", "RCDT", "ICDT", "XBCT"),
    EntryKind.INSTITUTION: ("PMNT", "RCDT", "ICDT", "FICT"),
    EntryKind.EXCHANGE: ("FORX", "SPOT", "SPOT", "OTHR"),
    EntryKind.RETURN: ("PMNT", "ICDT", "RCDT", "RRTN"),
    EntryKind.ISSUE: ("CAMT", "MCOP", "MDOP", "OTHR"),
    EntryKind.NETTING: ("CAMT", "MCOP", "MDOP", "OTHR"),
}


class Account(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An account as its owner knows it: at most 34 characters of id, and two BICs."""

    identifier: str
    currency: str
    owner: str
    #: The issuer of the currency.
    servicer: str
    owner_name: str = ""


class Conversion(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An exchange through a dealer: the payer's leg (source) became the payee's (target)."""

    source_currency: str
    source_minor: int
    target_currency: str
    target_minor: int
    #: Units of the source currency for one unit of the target currency; see ``format_rate``.
    rate: str


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One movement on an account, in the account's currency; identifiers are the payer's."""

    #: AcctSvcrRef: the engine's own, the same in notification and statement; 35 characters.
    reference: str
    amount_minor: int
    is_credit: bool
    kind: EntryKind
    #: ISO dates.
    booking_date: str
    value_date: str
    message_id: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    #: BICs: payer and payee member of this leg.
    debtor_agent: str = ""
    creditor_agent: str = ""
    #: Names of the parties.
    debtor: str = ""
    creditor: str = ""
    conversion: Conversion | None = None
    #: A sentence for a person; 500 characters.
    text: str = ""


class Statement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One account and business date. Balances are signed minor units."""

    message_id: str
    created: str
    #: Counts the statements of this account, from 1.
    sequence_number: int
    account: Account
    business_date: str
    opening_minor: int
    closing_minor: int
    #: How far the account may go below zero.
    limit_minor: int = 0
    #: What the owner may still pay: closing balance and limit less holds; None to leave it out.
    available_minor: int | None = None


def camt054(
    message_id: str,
    created: str,
    account: Account,
    entries: Iterable[Entry],
    header: Header | None = None,
) -> Draft:
    """Notify the owner of ``account`` of ``entries``, which may be any number, one by one."""
    first = (
        _group_header(message_id, created, account),
        "<Ntfctn>",
        leaf("Id", message_id),
        leaf("CreDtTm", created),
        _account(account),
    )
    body = (_entry(each, account.currency) for each in entries)
    parts = chain(first, body, ("</Ntfctn>",))
    return Draft(
        NOTIFICATION_TYPE, document(NOTIFICATION_TYPE, "BkToCstmrDbtCdtNtfctn", parts), header
    )


def camt053(statement: Statement, entries: Sequence[Entry], header: Header | None = None) -> Draft:
    """State an account for one business date.

    Raises BalanceError unless the opening balance and the entries give the closing balance.
    """
    credits = [each.amount_minor for each in entries if each.is_credit]
    debits = [each.amount_minor for each in entries if not each.is_credit]
    _require_balance(statement, sum(credits) - sum(debits))
    parts = _statement(statement, credits, debits, entries)
    return Draft(STATEMENT_TYPE, document(STATEMENT_TYPE, "BkToCstmrStmt", parts), header)


def account_report(
    kind: str, message_id: str, created: str, told: Sequence[tuple[Statement, Sequence[Entry]]]
) -> Draft:
    """Tell of several accounts and dates in one message: camt.052, camt.053 or camt.054 (``kind``).

    In a camt.052 the closing balance is the one booked so far. Raises BalanceError as ``camt053``
    does, and ValueError for any other kind.
    """
    message_type, root = _REPORTS[kind]
    return Draft(
        message_type, document(message_type, root, _told(kind, message_id, created, told)), None
    )


_REPORTS = {
    "camt.052": (REPORT_TYPE, "BkToCstmrAcctRpt"),
    "camt.053": (STATEMENT_TYPE, "BkToCstmrStmt"),
    "camt.054": (NOTIFICATION_TYPE, "BkToCstmrDbtCdtNtfctn"),
}


def _told(
    kind: str, message_id: str, created: str, told: Sequence[tuple[Statement, Sequence[Entry]]]
) -> Iterator[str]:
    yield _group_header(message_id, created, told[0][0].account)
    for statement, entries in told:
        if kind == "camt.054":
            yield "".join(
                (
                    "<Ntfctn>",
                    leaf("Id", statement.message_id),
                    leaf("CreDtTm", created),
                    _account(statement.account),
                    *(_entry(each, statement.account.currency) for each in entries),
                    "</Ntfctn>",
                )
            )
            continue
        credits = [each.amount_minor for each in entries if each.is_credit]
        debits = [each.amount_minor for each in entries if not each.is_credit]
        _require_balance(statement, sum(credits) - sum(debits))
        text = "".join(_statement_body(statement, credits, debits, entries))
        if kind == "camt.052":
            for code, so_far in (("CLBD", "ITBD"), ("CLAV", "ITAV")):
                text = text.replace(f"<Cd>{code}</Cd>", f"<Cd>{so_far}</Cd>", 1)
            text = f"<Rpt>{text}</Rpt>"
        else:
            text = f"<Stmt>{text}</Stmt>"
        yield text


def _require_balance(statement: Statement, net_minor: int) -> None:
    expected_minor = statement.opening_minor + net_minor
    if expected_minor != statement.closing_minor:
        currency = statement.account.currency
        raise BalanceError(
            f"statement of {statement.account.identifier} for {statement.business_date}:"
            f" opening {format_amount(statement.opening_minor, currency)}"
            f" and entries {format_amount(net_minor, currency)}"
            f" give {format_amount(expected_minor, currency)},"
            f" not the closing balance {format_amount(statement.closing_minor, currency)}:"
            " replay the journal and compare (paritas audit)"
        )


def _statement(
    statement: Statement, credits: list[int], debits: list[int], entries: Iterable[Entry]
) -> Iterator[str]:
    yield _group_header(statement.message_id, statement.created, statement.account)
    yield "<Stmt>"
    yield from _statement_body(statement, credits, debits, entries)
    yield "</Stmt>"


def _statement_body(
    statement: Statement, credits: list[int], debits: list[int], entries: Iterable[Entry]
) -> Iterator[str]:
    account = statement.account
    yield leaf("Id", statement.message_id)
    yield leaf("ElctrncSeqNb", str(statement.sequence_number))
    yield leaf("CreDtTm", statement.created)
    yield _account(account)
    yield from _balances(statement)
    yield branch(
        "TxsSummry",
        branch(
            "TtlNtries",
            leaf("NbOfNtries", str(len(credits) + len(debits))),
            _sum("Sum", sum(credits) + sum(debits), account.currency),
            _net(sum(credits) - sum(debits), account.currency),
        ),
        _sums("TtlCdtNtries", credits, account.currency),
        _sums("TtlDbtNtries", debits, account.currency),
    )
    for each in entries:
        yield _statement_entry(each, account.currency)


def _balances(statement: Statement) -> Iterator[str]:
    currency, day = statement.account.currency, statement.business_date
    line = ""
    if statement.limit_minor:
        limit = amount("Amt", statement.limit_minor, currency)
        line = branch("CdtLine", leaf("Incl", "false"), limit)
    yield _balance("OPBD", "", statement.opening_minor, currency, day)
    yield _balance("CLBD", line, statement.closing_minor, currency, day)
    if statement.available_minor is not None:
        included = line.replace("false", "true", 1)
        yield _balance("CLAV", included, statement.available_minor, currency, day)


def _balance(code: str, credit_line: str, balance_minor: int, currency: str, day: str) -> str:
    return branch(
        "Bal",
        f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>",
        credit_line,
        amount("Amt", abs(balance_minor), currency),
        leaf("CdtDbtInd", CREDIT if balance_minor >= 0 else DEBIT),
        branch("Dt", leaf("Dt", day)),
    )


def _sum(tag: str, sum_minor: int, currency: str) -> str:
    """Return a sum, or nothing where a day's turnover has more digits than ISO 20022 allows."""
    return leaf(tag, format_amount(sum_minor, currency)) if sum_minor <= AMOUNT_MINOR_MAX else ""


def _net(net_minor: int, currency: str) -> str:
    money = _sum("Amt", abs(net_minor), currency)
    side = leaf("CdtDbtInd", CREDIT if net_minor >= 0 else DEBIT)
    return branch("TtlNetNtry", money, side) if money else ""


def _sums(tag: str, amounts_minor: list[int], currency: str) -> str:
    return branch(
        tag,
        leaf("NbOfNtries", str(len(amounts_minor))),
        _sum("Sum", sum(amounts_minor), currency),
    )


def _group_header(message_id: str, created: str, account: Account) -> str:
    return branch(
        "GrpHdr",
        leaf("MsgId", message_id),
        leaf("CreDtTm", created),
        branch("MsgRcpt", _organisation(account)),
    )


def _organisation(account: Account) -> str:
    return branch("Id", branch("OrgId", leaf("AnyBIC", account.owner)))


def _account(account: Account) -> str:
    return branch(
        "Acct",
        branch("Id", branch("Othr", leaf("Id", account.identifier))),
        leaf("Ccy", account.currency),
        branch("Ownr", leaf("Nm", account.owner_name, 140), _organisation(account)),
        agent("Svcr", account.servicer),
    )


def _code(kind: EntryKind, is_credit: bool) -> str:
    domain, credit_family, debit_family, sub_family = BANK_TRANSACTION_CODES[kind]
    family = credit_family if is_credit else debit_family
    return (
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd>"
        f"<SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    )


_CODES = {(kind, side): _code(kind, side) for kind in EntryKind for side in (True, False)}


def _start(entry: Entry, currency: str) -> str:
    """Return what notification and statement say of an entry in the same words."""
    return (
        f"\n<Ntry>{amount('Amt', entry.amount_minor, currency)}"
        f"<CdtDbtInd>{CREDIT if entry.is_credit else DEBIT}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{entry.booking_date}</Dt></BookgDt><ValDt><Dt>{entry.value_date}</Dt></ValDt>"
        f"{leaf('AcctSvcrRef', entry.reference)}{_CODES[entry.kind, entry.is_credit]}"
        "<NtryDtls><TxDtls>"
    )


_ENTRY_END = "</TxDtls></NtryDtls></Ntry>"


def _entry(entry: Entry, currency: str) -> str:
    # Without ``branch`` where its calls would be a fifth of the time of a settlement day's files.
    references = (
        f"{leaf('MsgId', entry.message_id, 35)}{leaf('InstrId', entry.instruction_id, 35)}"
        f"{leaf('EndToEndId', entry.end_to_end_id, 35)}{uetr('UETR', entry.uetr)}"
        f"{leaf('TxId', entry.transaction_id, 35)}"
    )
    parties = f"{_party('Dbtr', entry.debtor)}{_party('Cdtr', entry.creditor)}"
    debtor_agent = agent("DbtrAgt", entry.debtor_agent)
    agents = f"{debtor_agent}{agent('CdtrAgt', entry.creditor_agent)}"
    return (
        f"{_start(entry, currency)}"
        f"{f'<Refs>{references}</Refs>' if references else ''}"
        f"{_conversion(entry.conversion) if entry.conversion else ''}"
        f"{f'<RltdPties>{parties}</RltdPties>' if parties else ''}"
        f"{f'<RltdAgts>{agents}</RltdAgts>' if agents else ''}"
        f"{leaf('AddtlTxInf', entry.text, 500)}{_ENTRY_END}"
    )


def _statement_entry(entry: Entry, currency: str) -> str:
    references = branch(
        "Refs",
        leaf("EndToEndId", entry.end_to_end_id, 35),
        uetr("UETR", entry.uetr),
        leaf("TxId", entry.transaction_id, 35),
    )
    return f"{_start(entry, currency)}{references}{_ENTRY_END}"


def _party(tag: str, name: str) -> str:
    return f"<{tag}><Pty>{leaf('Nm', name, 140)}</Pty></{tag}>" if name else ""


def _conversion(conversion: Conversion) -> str:
    """State both legs: what the payee was to get, and its countervalue in the payer's currency."""
    target = amount("Amt", conversion.target_minor, conversion.target_currency)
    source = amount("Amt", conversion.source_minor, conversion.source_currency)
    return branch(
        "AmtDtls",
        branch("InstdAmt", target),
        branch(
            "CntrValAmt",
            source,
            branch(
                "CcyXchg",
                leaf("SrcCcy", conversion.source_currency),
                leaf("TrgtCcy", conversion.target_currency),
                leaf("UnitCcy", conversion.target_currency),
                leaf("XchgRate", conversion.rate),
            ),
        ),
    )
