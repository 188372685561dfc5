"""Messages that the system writes in the course of a conversation, beside the answers to payments.

A ``Letter`` holds the values, so that it can be handed to a worker; ``draft_of`` builds the message.
As everywhere, what a sender wrote and what does not fit its element is left out or cut and marked.

    StatusLetter          pacs.002.001.10   relayed to the payer; the answer to a pacs.028
    CancellationLetter    camt.056, as received   a recall, forwarded to the payee
    ResolutionLetter      camt.029.001.09   the answer to a camt.056, the system's or relayed
    ReceiptLetter         camt.025.001.08   the answer to a camt.050
    Acknowledgement       admi.007.001.01   the answer to what asks for nothing
    InitiationLetter      pain.002.001.10   the answer to a pain.001
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby

import msgspec

from paritas.iso20022.answers import (
    SENTENCE_LINES,
    TransactionStatus,
    reason_element,
    transaction_status,
)
from paritas.iso20022.schemas import namespace
from paritas.iso20022.values import Original
from paritas.iso20022.writer import (
    NOT_PROVIDED,
    Draft,
    agent,
    branch,
    document,
    leaf,
    leaves,
    uetr,
)

STATUS_TYPE = "pacs.002.001.10"
RESOLUTION_TYPE = "camt.029.001.09"
RECEIPT_TYPE = "camt.025.001.08"
ACKNOWLEDGEMENT_TYPE = "admi.007.001.01"
INITIATION_STATUS_TYPE = "pain.002.001.10"

#: What is cancelled or comes back, what is refused, what is not known yet; and only part of it.
CANCELLED, NOT_CANCELLED, CANCELLATION_PENDING, PARTLY_CANCELLED = "CNCL", "RJCR", "PDCR", "PECR"

_CODE = re.compile("[A-Z0-9]{4}")
# TxCxlSts has words of its own.
_INDIVIDUAL = {CANCELLED: "ACCR", NOT_CANCELLED: "RJCR", CANCELLATION_PENDING: "PDCR"}


class Letter(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=True, kw_only=True):
    """What every letter says: its own identifier, when it was written, and who writes to whom."""

    message_id: str
    #: ISO date and time.
    created: str
    #: BICs; the sender of a letter of the system's own is "".
    sender: str = ""
    receiver: str = ""


class ToldStatus(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A status, and which message the payment came in."""

    status: TransactionStatus
    original_message_id: str
    original_message_type: str


class StatusLetter(Letter, frozen=True, kw_only=True):
    """What became of some payments."""

    statuses: tuple[ToldStatus, ...]


class CancellationLetter(Letter, frozen=True, kw_only=True):
    """A payer's request to have a payment back, in the version in which it came."""

    message_type: str
    case_id: str
    case_creator: str
    #: The TxInf as received; without it one is made of ``original`` and ``reason``.
    fragment: bytes
    original: Original
    reason: str = ""


class Resolution(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is answered to a request to cancel one payment."""

    original: Original
    #: "CNCL", "RJCR" or "PDCR".
    status: str
    case_id: str = ""
    case_creator: str = ""
    reason: str = ""
    text: str = ""


class ResolutionLetter(Letter, frozen=True, kw_only=True):
    """What is answered to requests to cancel; ``system`` names the scheme where it answers itself."""

    resolutions: tuple[Resolution, ...]
    system: str = ""


class Handled(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of a request: a status code, and why."""

    status: str
    reason: str = ""
    text: str = ""
    #: The request's own identifier for it.
    reference: str = ""


class ReceiptLetter(Letter, frozen=True, kw_only=True):
    """What became of a liquidity transfer."""

    original_message_id: str
    original_message_type: str
    handled: tuple[Handled, ...]


class Acknowledgement(Letter, frozen=True, kw_only=True):
    """A message was received, and what was thought of it."""

    original_message_id: str
    original_message_type: str
    handled: Handled


class InitiationLetter(Letter, frozen=True, kw_only=True):
    """What became of the payments of a pain.001, by their PmtInfId, in its order."""

    original_message_id: str
    original_message_type: str
    original_created: str = ""
    original_number_of_transactions: str = ""
    #: Why the whole is refused, if it is.
    reason: str = ""
    text: str = ""
    statuses: tuple[tuple[str, TransactionStatus], ...] = ()


AnyLetter = (
    StatusLetter
    | CancellationLetter
    | ResolutionLetter
    | ReceiptLetter
    | Acknowledgement
    | InitiationLetter
)


def draft_of(letter: AnyLetter) -> Draft:
    """Build the message that a letter is."""
    if isinstance(letter, StatusLetter):
        return _status_report(letter)
    if isinstance(letter, CancellationLetter):
        return _cancellation(letter)
    if isinstance(letter, ResolutionLetter):
        return _resolution(letter)
    if isinstance(letter, ReceiptLetter):
        return _receipt(letter)
    if isinstance(letter, InitiationLetter):
        return _initiation_status(letter)
    return _acknowledgement(letter)


def _status_report(letter: StatusLetter) -> Draft:
    header = branch(
        "GrpHdr",
        leaf("MsgId", letter.message_id),
        leaf("CreDtTm", letter.created),
        agent("InstgAgt", letter.sender),
        agent("InstdAgt", letter.receiver),
    )
    parts = (header, *map(_told_status, letter.statuses))
    return Draft(STATUS_TYPE, document(STATUS_TYPE, "FIToFIPmtStsRpt", parts), None)


def _told_status(told: ToldStatus) -> str:
    group = branch(
        "OrgnlGrpInf",
        leaf("OrgnlMsgId", told.original_message_id or NOT_PROVIDED, 35),
        leaf("OrgnlMsgNmId", told.original_message_type or NOT_PROVIDED, 35),
    )
    # leaf() leaves an empty text out, so a payment that nobody knows has no TxSts.
    text = transaction_status(told.status)
    return text.replace("<TxInfAndSts>", f"<TxInfAndSts>{group}", 1)


def _assignment(letter: Letter, system: str = "") -> str:
    """Say who assigns the case to whom; the system itself has a name and no BIC."""
    return branch(
        "Assgnmt",
        leaf("Id", letter.message_id),
        branch("Assgnr", _case_party(letter.sender, system or NOT_PROVIDED)),
        branch("Assgne", _case_party(letter.receiver, NOT_PROVIDED)),
        leaf("CreDtTm", letter.created),
    )


def _case_party(bic: str, name: str) -> str:
    return agent("Agt", bic) or branch("Pty", leaf("Nm", name, 140))


def _case(tag: str, case_id: str, creator: str) -> str:
    return branch(tag, leaf("Id", case_id, 35), branch("Cretr", _case_party(creator, NOT_PROVIDED)))


def _original_group(original: Original) -> str:
    return branch(
        "OrgnlGrpInf",
        leaf("OrgnlMsgId", original.message_id or NOT_PROVIDED, 35),
        leaf("OrgnlMsgNmId", original.message_type or NOT_PROVIDED, 35),
    )


def _original_ids(original: Original) -> str:
    return "".join(
        (
            leaf("OrgnlInstrId", original.instruction_id, 35),
            leaf("OrgnlEndToEndId", original.end_to_end_id, 35),
            leaf("OrgnlTxId", original.transaction_id, 35),
        )
    )


def _cancellation(letter: CancellationLetter) -> Draft:
    """Forward a request unchanged but for who assigns it to whom, and without other payments."""
    kind = letter.message_type
    fragment = letter.fragment.decode()
    if not fragment:
        reason = branch("CxlRsnInf", branch("Rsn", _code(letter.reason)))
        fragment = branch(
            "TxInf",
            _original_group(letter.original),
            _original_ids(letter.original),
            # Its place, and whether it exists, depend on the version.
            uetr("OrgnlUETR", letter.original.uetr) if kind[-2:] >= "08" else "",
            reason,
        )
    case = _case("Case", letter.case_id, letter.case_creator) if "<Case>" not in fragment else ""
    text = "".join((_assignment(letter), case, "<Undrlyg>", fragment, "</Undrlyg>"))
    if kind[-2:] in ("01", "02"):
        text = text.replace("BICFI>", "BIC>")
    # The fragment declares the namespace that it is in anyway.
    text = text.replace(f' xmlns="{namespace(kind)}"', "")
    root = "FIToFIPmtCxlReq"
    return Draft(kind, document(kind, root, (text,)), None)


def _resolution(letter: ResolutionLetter) -> Draft:
    statuses = {each.status for each in letter.resolutions}
    confirmed = PARTLY_CANCELLED
    if len(statuses) == 1 or CANCELLATION_PENDING in statuses:
        confirmed = min(statuses, key=lambda status: status != CANCELLATION_PENDING)
    cases = {(each.case_id, each.case_creator) for each in letter.resolutions}
    resolved = _case("RslvdCase", *cases.pop()) if len(cases) == 1 else ""
    details = branch("CxlDtls", *map(_resolved, letter.resolutions))
    content = (
        _assignment(letter, letter.system),
        resolved if letter.resolutions and letter.resolutions[0].case_id else "",
        branch("Sts", leaf("Conf", confirmed)),
        details,
    )
    root = "RsltnOfInvstgtn"
    return Draft(RESOLUTION_TYPE, document(RESOLUTION_TYPE, root, content), None)


def _resolved(each: Resolution) -> str:
    reasons = ""
    if each.reason or each.text:
        reasons = branch(
            "CxlStsRsnInf",
            branch("Rsn", _code(each.reason)),
            leaves("AddtlInf", each.text, 105, SENTENCE_LINES),
        )
    return branch(
        "TxInfAndSts",
        _case("RslvdCase", each.case_id, each.case_creator) if each.case_id else "",
        _original_group(each.original),
        _original_ids(each.original),
        uetr("OrgnlUETR", each.original.uetr),
        leaf("TxCxlSts", _INDIVIDUAL[each.status]),
        reasons,
    )


def _code(reason: str) -> str:
    return leaf("Cd" if _CODE.fullmatch(reason) else "Prtry", reason, 35)


def _receipt(letter: ReceiptLetter) -> Draft:
    original = branch(
        "OrgnlMsgId",
        leaf("MsgId", letter.original_message_id or NOT_PROVIDED, 35),
        leaf("MsgNmId", letter.original_message_type, 35),
    )
    details = "".join(
        branch(
            "RctDtls",
            original,
            branch("OrgnlPmtId", leaf("TxId", each.reference, 35)),
            branch("ReqHdlg", branch("Sts", _code(each.status)), _status_reason(each)),
        )
        for each in letter.handled
    )
    header = branch("MsgHdr", leaf("MsgId", letter.message_id), leaf("CreDtTm", letter.created))
    return Draft(RECEIPT_TYPE, document(RECEIPT_TYPE, "Rct", (header, details)), None)


def _status_reason(each: Handled) -> str:
    return branch(
        "StsRsn",
        branch("Rsn", _code(each.reason)),
        leaves("AddtlInf", each.text, 105, SENTENCE_LINES),
    )


def _acknowledgement(letter: Acknowledgement) -> Draft:
    content = (
        branch("MsgId", leaf("MsgId", letter.message_id), leaf("CreDtTm", letter.created)),
        branch(
            "Rpt",
            branch(
                "RltdRef",
                leaf("Ref", letter.original_message_id or NOT_PROVIDED, 35),
                leaf("MsgNm", letter.original_message_type, 35),
            ),
            branch(
                "ReqHdlg",
                leaf("StsCd", letter.handled.status),
                leaf("Desc", _sentence(letter.handled), 140),
            ),
        ),
    )
    root = "RctAck"
    return Draft(ACKNOWLEDGEMENT_TYPE, document(ACKNOWLEDGEMENT_TYPE, root, content), None)


def _sentence(handled: Handled) -> str:
    return ": ".join(filter(None, (handled.reason, handled.text)))


def _initiation_status(letter: InitiationLetter) -> Draft:
    counts = Counter(status.status for _, status in letter.statuses)
    group = "RJCT" if letter.reason or not counts else _group_status(counts)
    number = letter.original_number_of_transactions
    header = branch(
        "GrpHdr",
        leaf("MsgId", letter.message_id),
        leaf("CreDtTm", letter.created),
        agent("DbtrAgt", letter.receiver),
    )
    original = branch(
        "OrgnlGrpInfAndSts",
        leaf("OrgnlMsgId", letter.original_message_id or NOT_PROVIDED, 35),
        leaf("OrgnlMsgNmId", letter.original_message_type, 35),
        leaf("OrgnlNbOfTxs", number if number.isascii() and number.isdigit() else ""),
        leaf("GrpSts", group),
        reason_element(letter.reason, letter.text),
    )
    blocks = []
    for identifier, block in groupby(letter.statuses, key=lambda each: each[0]):
        statuses = [status for _, status in block]
        of_block = Counter(each.status for each in statuses)
        blocks.append(
            branch(
                "OrgnlPmtInfAndSts",
                leaf("OrgnlPmtInfId", identifier or NOT_PROVIDED, 35),
                leaf("PmtInfSts", _group_status(of_block)),
                *map(_initiated_status, statuses),
            )
        )
    root, kind = "CstmrPmtStsRpt", INITIATION_STATUS_TYPE
    return Draft(kind, document(kind, root, (header, original, *blocks)), None)


def _group_status(counts: Counter[str]) -> str:
    return next(iter(counts)) if len(counts) == 1 else "PART"


def _initiated_status(each: TransactionStatus) -> str:
    return branch(
        "TxInfAndSts",
        leaf("OrgnlInstrId", each.instruction_id, 35),
        leaf("OrgnlEndToEndId", each.end_to_end_id, 35),
        uetr("OrgnlUETR", each.uetr),
        leaf("TxSts", each.status),
        reason_element(each.reason, each.text),
        leaf("ClrSysRef", each.clearing_system_reference),
    )


__all__ = [
    "Acknowledgement",
    "AnyLetter",
    "CancellationLetter",
    "Handled",
    "InitiationLetter",
    "Letter",
    "ReceiptLetter",
    "Resolution",
    "ResolutionLetter",
    "StatusLetter",
    "ToldStatus",
    "draft_of",
]
