"""Answers to what was sent: pacs.002.001.10 (statuses) and admi.002.001.01 (unreadable).

An answer repeats what the sender wrote, and the sender may have written anything. So what does not
fit its element is left out (UETR, BIC, dates) or cut and marked (identifiers, sentences): a bad
message never makes its own answer impossible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from paritas.iso20022.writer import (
    NOT_PROVIDED,
    Draft,
    Header,
    agent,
    amount,
    branch,
    document,
    leaf,
    leaves,
    uetr,
    valid_date,
    valid_time,
)

STATUS_TYPE = "pacs.002.001.10"
REJECT_TYPE = "admi.002.001.01"

SETTLED = "ACSC"
REFUSED = "RJCT"
PENDING = "PDNG"
MIXED = "PART"

#: AddtlInf may occur any number of times; a sentence of more than this many lines is an essay.
SENTENCE_LINES = 10

_CODE = re.compile("[A-Z0-9]{4}")
_NUMBER = re.compile("[0-9]{1,15}")


class TransactionStatus(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of one transaction; the identifiers are those the sender gave, "" if none."""

    #: "ACSC", "RJCT" or "PDNG".
    status: str
    instruction_id: str = ""
    end_to_end_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    #: An ISO 20022 external status reason code, or a word of our own; and a sentence for a person.
    reason: str = ""
    text: str = ""
    #: When it settled: ISO date, or date and time with zone.
    settled: str = ""
    #: The engine's own number for the instruction.
    clearing_system_reference: str = ""
    #: BICs: who sends this status and to whom, where the report does not say it for all. ISO 20022
    #: means the agents of the status here, never those of the payment.
    instructing_agent: str = ""
    instructed_agent: str = ""
    #: The original amount; no currency where the amount was not money.
    currency: str = ""
    amount_minor: int = 0
    #: IntrBkSttlmDt of the original, ISO date.
    settlement_date: str = ""


class StatusReport(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a pacs.002 says about the original message as a whole."""

    #: The answer's own identifier and creation time (ISO date and time).
    message_id: str
    created: str
    original_message_id: str
    #: For example "pacs.008.001.08".
    original_message_type: str
    original_created: str = ""
    original_number_of_transactions: str = ""
    #: BICs: who answers, and to whom.
    instructing_agent: str = ""
    instructed_agent: str = ""
    #: Why the whole message is refused, if it is: code and sentence.
    reason: str = ""
    text: str = ""


class Reject(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why a message could not be read at all."""

    #: The identifier of the message that was rejected, as far as it could be seen, or its file name.
    reference: str
    #: A short code, for example "xml.doctype".
    reason: str
    rejected: str = ""
    #: Where: an XPath, or line and column; 350 characters.
    location: str = ""
    #: A sentence for a person; 350 characters.
    description: str = ""
    #: Anything more; 20,000 characters.
    data: str = ""


def pacs002(
    report: StatusReport, statuses: Sequence[TransactionStatus], header: Header | None = None
) -> Draft:
    """Answer one message with the status of each of its transactions, in the order given.

    The group status is computed: refused if the report gives a reason, else the one status that
    all transactions have, else PART with the number of each. Raises ValueError for a refused
    message with a transaction that is not, and for no transaction and no reason.
    """
    counts: dict[str, int] = {}
    for each in statuses:
        counts[each.status] = counts.get(each.status, 0) + 1
    return pacs002_stream(report, counts, statuses, header)


def pacs002_stream(
    report: StatusReport,
    counts: Mapping[str, int],
    statuses: Iterable[TransactionStatus],
    header: Header | None = None,
) -> Draft:
    """Do as ``pacs002`` where the statuses come one by one and only their counts are known."""
    group = _group(report, group_status(report, counts), counts)
    parts = chain(group, map(transaction_status, statuses))
    return Draft(STATUS_TYPE, document(STATUS_TYPE, "FIToFIPmtStsRpt", parts), header)


def group_status(report: StatusReport, counts: Mapping[str, int]) -> str:
    """Return GrpSts for so many transactions of each status; errors as in ``pacs002``."""
    if report.reason:
        if set(counts) - {REFUSED}:
            raise ValueError(
                f"message {report.original_message_id} is refused whole ({report.reason}),"
                f" but its transactions are {', '.join(sorted(counts))}"
            )
        return REFUSED
    if not counts:
        raise ValueError(
            f"the answer to {report.original_message_id} has neither a transaction nor a reason"
        )
    return next(iter(counts)) if len(counts) == 1 else MIXED


def admi002(reject: Reject, header: Header | None = None) -> Draft:
    """Tell a sender that a message could not be read."""
    content = (
        branch("RltdRef", leaf("Ref", reject.reference or NOT_PROVIDED, 35)),
        branch(
            "Rsn",
            leaf("RjctgPtyRsn", reject.reason or NOT_PROVIDED, 35),
            leaf("RjctnDtTm", valid_time(reject.rejected)),
            leaf("ErrLctn", reject.location, 350),
            leaf("RsnDesc", reject.description, 350),
            leaf("AddtlData", reject.data, 20000),
        ),
    )
    return Draft(REJECT_TYPE, document(REJECT_TYPE, REJECT_TYPE, content), header)


def _group(report: StatusReport, status: str, counts: Mapping[str, int]) -> tuple[str, str]:
    number = report.original_number_of_transactions
    reason = reason_element(report.reason, report.text)
    return (
        f"<GrpHdr>{leaf('MsgId', report.message_id)}{leaf('CreDtTm', report.created)}"
        f"{agent('InstgAgt', report.instructing_agent)}"
        f"{agent('InstdAgt', report.instructed_agent)}</GrpHdr>",
        f"<OrgnlGrpInfAndSts>{leaf('OrgnlMsgId', report.original_message_id or NOT_PROVIDED, 35)}"
        f"{leaf('OrgnlMsgNmId', report.original_message_type or NOT_PROVIDED, 35)}"
        f"{leaf('OrgnlCreDtTm', valid_time(report.original_created))}"
        f"{leaf('OrgnlNbOfTxs', number if _NUMBER.fullmatch(number) else '')}"
        f"{leaf('GrpSts', status)}{reason}"
        f"{_counts(counts) if status == MIXED else ''}</OrgnlGrpInfAndSts>",
    )


def _counts(counts: Mapping[str, int]) -> str:
    return "".join(
        branch("NbOfTxsPerSts", leaf("DtldNbOfTxs", str(counts[status])), leaf("DtldSts", status))
        for status in sorted(counts)
    )


def transaction_status(each: TransactionStatus) -> str:
    """Write one TxInfAndSts, on a line of its own."""
    original = leaf("IntrBkSttlmDt", valid_date(each.settlement_date))
    if each.currency:
        original = amount("IntrBkSttlmAmt", each.amount_minor, each.currency) + original
    effective = leaf("DtTm" if "T" in each.settled else "Dt", each.settled)
    instructing = agent("InstgAgt", each.instructing_agent)
    # Every transaction begins a line, so that the schema's complaints and diffs can name it.
    # Without ``branch``, whose calls would be felt where there are a hundred thousand.
    return (
        f"\n<TxInfAndSts>{leaf('OrgnlInstrId', each.instruction_id, 35)}"
        f"{leaf('OrgnlEndToEndId', each.end_to_end_id, 35)}"
        f"{leaf('OrgnlTxId', each.transaction_id, 35)}{uetr('OrgnlUETR', each.uetr)}"
        f"{leaf('TxSts', each.status)}{reason_element(each.reason, each.text)}"
        f"{f'<FctvIntrBkSttlmDt>{effective}</FctvIntrBkSttlmDt>' if effective else ''}"
        f"{leaf('ClrSysRef', each.clearing_system_reference)}"
        f"{instructing}{agent('InstdAgt', each.instructed_agent)}"
        f"{f'<OrgnlTxRef>{original}</OrgnlTxRef>' if original else ''}</TxInfAndSts>"
    )


def reason_element(reason: str, text: str) -> str:
    """Write StsRsnInf, or nothing where there is neither code nor sentence."""
    if not reason and not text:
        return ""
    kind = "Cd" if _CODE.fullmatch(reason) else "Prtry"
    return branch(
        "StsRsnInf",
        branch("Rsn", leaf(kind, reason, 35)),
        leaves("AddtlInf", text, 105, SENTENCE_LINES),
    )
