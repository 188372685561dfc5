"""What messages beside credit transfers ask or say: status, cancellation, liquidity, reports.

``read_request`` takes a Document that its schema has found good and gives the typed values of every
item in it. A message that names no single payment but a whole earlier message (OrgnlGrpInf alone)
gives one item whose ``Original`` has only that message's identifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from lxml import etree

from paritas.iso20022.dates import plain_date
from paritas.iso20022.values import Original

__all__ = [
    "Asked",
    "CancellationAnswer",
    "CancellationRequest",
    "LiquidityTransfer",
    "Notice",
    "Original",
    "ReportQuestion",
    "StatusQuestion",
    "StatusWord",
    "element_bytes",
    "is_request",
    "read_request",
    "request_id",
    "text_at",
]


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=True):
    """What every item is."""


class StatusWord(Item, frozen=True):
    """pacs.002: an agent says what became of a payment."""

    original: Original
    status: str
    reason: str = ""
    text: str = ""


class StatusQuestion(Item, frozen=True):
    """pacs.028: an agent asks what became of a payment."""

    original: Original
    request_id: str = ""


class CancellationRequest(Item, frozen=True):
    """camt.056: an agent asks to cancel a payment, or to have it back."""

    original: Original
    cancellation_id: str = ""
    case_id: str = ""
    case_creator: str = ""
    reason: str = ""
    text: str = ""
    #: The TxInf (or OrgnlGrpInfAndCxl) as received, to be forwarded.
    fragment: bytes = b""


class CancellationAnswer(Item, frozen=True):
    """camt.029: an agent answers such a request; CNCL it returns the payment, RJCR, PDCR."""

    original: Original
    status: str
    case_id: str = ""
    reason: str = ""
    text: str = ""


class LiquidityTransfer(Item, frozen=True):
    """camt.050: move liquidity between two accounts, named by identifier or by their owners' BICs."""

    reference: str
    uetr: str
    debtor: str
    debtor_account: str
    creditor: str
    creditor_account: str
    currency: str
    amount: str
    date: str


class ReportQuestion(Item, frozen=True):
    """camt.060: an account owner asks for a report, statement or notification."""

    request_id: str
    #: "camt.052.001.08" and the like.
    wanted: str
    account: str
    currency: str
    owner: str
    #: ISO dates, "" where it names none.
    from_date: str
    to_date: str


class Notice(Item, frozen=True):
    """Anything that only tells: a system event, a receipt, a reject."""

    what: str = ""


Asked = (
    StatusWord
    | StatusQuestion
    | CancellationRequest
    | CancellationAnswer
    | LiquidityTransfer
    | ReportQuestion
    | Notice
)


def text_at(element: etree._Element | None, path: str) -> str:
    """Return the text at a path of local names, without the white space around it, or ""."""
    if element is None:
        return ""
    steps = "/".join(f"{{*}}{name}" for name in path.split("/"))
    return (element.findtext(steps) or "").strip()


def element_bytes(element: etree._Element) -> bytes:
    """Serialise an element with its namespace."""
    return etree.tostring(element, encoding="UTF-8", with_tail=False)


def is_request(message_type: str) -> bool:
    """Say whether a message of this type is read here."""
    return message_type[:8] in _READERS


def request_id(message_type: str, document: etree._Element) -> str:
    """Return what identifies a message that has neither GrpHdr, Assgnmt nor MsgHdr, or ""."""
    body = document[0] if len(document) else None
    if message_type.startswith("admi.007"):
        return text_at(body, "MsgId/MsgId")
    if message_type.startswith("admi.004"):
        return f"{text_at(body, 'EvtInf/EvtCd')}-{text_at(body, 'EvtInf/EvtTm')}"[:35]
    if message_type.startswith("admi.002"):
        return text_at(body, "RltdRef/Ref")
    return ""


def read_request(message_type: str, document: etree._Element) -> tuple[Asked, ...]:
    """Return what a Document asks, in its order; () for one that asks nothing at all."""
    return tuple(_READERS[message_type[:8]](document[0])) if len(document) else ()


def _agent_at(element: etree._Element | None, path: str) -> str:
    """Return the BIC of an agent or organisation at a path."""
    for tail in ("FinInstnId/BICFI", "FinInstnId/BIC", "Id/OrgId/AnyBIC", "Id/OrgId/BICOrBEI"):
        if found := text_at(element, f"{path}/{tail}" if path else tail):
            return found
    return ""


def _original(
    item: etree._Element | None, group: etree._Element | None, prefix: str = "Orgnl"
) -> Original:
    own = item.find("{*}OrgnlGrpInf") if item is not None else None
    source = own if own is not None else group
    return Original(
        text_at(source, "OrgnlMsgId"),
        text_at(source, "OrgnlMsgNmId"),
        text_at(item, f"{prefix}InstrId"),
        text_at(item, f"{prefix}EndToEndId"),
        text_at(item, f"{prefix}TxId"),
        text_at(item, f"{prefix}UETR"),
        text_at(item, "OrgnlClrSysRef"),
    )


def _reason_of(element: etree._Element, path: str) -> tuple[str, str]:
    """Return the first reason's code and all sentences that go with it."""
    reasons = element.findall("/".join(f"{{*}}{name}" for name in path.split("/")))
    code = next((c for r in reasons if (c := text_at(r, "Rsn/Cd") or text_at(r, "Rsn/Prtry"))), "")
    lines = [line.text or "" for r in reasons for line in r.findall("{*}AddtlInf")]
    return code, " ".join(lines)


def _status_words(body: etree._Element) -> Iterator[Asked]:
    group = body.find("{*}OrgnlGrpInfAndSts")
    transactions = body.findall("{*}TxInfAndSts")
    for each in transactions:
        reason, text = _reason_of(each, "StsRsnInf")
        status = text_at(each, "TxSts") or text_at(group, "GrpSts")
        yield StatusWord(_original(each, group), status, reason, text)
    if not transactions and group is not None:
        reason, text = _reason_of(group, "StsRsnInf")
        yield StatusWord(_original(None, group), text_at(group, "GrpSts"), reason, text)


def _status_questions(body: etree._Element) -> Iterator[Asked]:
    groups = body.findall("{*}OrgnlGrpInf")
    group = groups[0] if len(groups) == 1 else None
    transactions = body.findall("{*}TxInf")
    for each in transactions:
        yield StatusQuestion(_original(each, group), text_at(each, "StsReqId"))
    if not transactions:
        for each in groups:
            yield StatusQuestion(_original(None, each))


def _cancellation_requests(body: etree._Element) -> Iterator[Asked]:
    assignment = body.find("{*}Assgnmt")
    for underlying in body.iterfind("{*}Undrlyg"):
        group = underlying.find("{*}OrgnlGrpInfAndCxl")
        transactions = underlying.findall("{*}TxInf")
        items = transactions or ([group] if group is not None else [])
        for each in items:
            case = next(
                (
                    c
                    for at in (each, group, body)
                    if at is not None and (c := at.find("{*}Case")) is not None
                ),
                None,
            )
            reason, text = _reason_of(each, "CxlRsnInf")
            yield CancellationRequest(
                _original(each if transactions else None, group),
                text_at(each, "CxlId") or text_at(each, "GrpCxlId"),
                text_at(case, "Id") or text_at(assignment, "Id"),
                _agent_at(case, "Cretr/Agt") or _agent_at(assignment, "Assgnr/Agt"),
                reason,
                text,
                element_bytes(each),
            )


#: What a resolution says in other words for "it comes back" and "not yet known".
_RESOLUTIONS = {"ACCR": "CNCL", "IPAY": "CNCL", "CWFW": "CNCL", "INFO": "PDCR", "PACR": "PDCR"}


def _resolution(code: str) -> str:
    code = _RESOLUTIONS.get(code, code)
    return code if code in ("CNCL", "PDCR") else "RJCR"


def _cancellation_answers(body: etree._Element) -> Iterator[Asked]:
    confirmed = text_at(body, "Sts/Conf")
    case_id = text_at(body, "RslvdCase/Id")
    count = 0
    for details in body.iterfind("{*}CxlDtls"):
        group = details.find("{*}OrgnlGrpInfAndSts")
        for each in details.iterfind("{*}TxInfAndSts"):
            count += 1
            reason, text = _reason_of(each, "CxlStsRsnInf")
            yield CancellationAnswer(
                _original(each, group),
                _resolution(text_at(each, "TxCxlSts") or confirmed),
                text_at(each, "RslvdCase/Id") or case_id,
                reason,
                text,
            )
    if not count:
        yield CancellationAnswer(Original(), _resolution(confirmed), case_id)


def _liquidity_transfers(body: etree._Element) -> Iterator[Asked]:
    for each in body.iterfind("{*}LqdtyCdtTrf"):
        money = each.find("{*}TrfdAmt/{*}AmtWthCcy")
        currency = money.get("Ccy", "") if money is not None else ""
        amount = text_at(each, "TrfdAmt/AmtWthCcy") or text_at(each, "TrfdAmt/AmtWthtCcy")
        accounts = [_account_at(each.find(f"{{*}}{tag}")) for tag in ("DbtrAcct", "CdtrAcct")]
        stated = [text_at(each, f"{tag}/Ccy") for tag in ("DbtrAcct", "CdtrAcct")]
        yield LiquidityTransfer(
            text_at(each, "LqdtyTrfId/TxId")
            or text_at(each, "LqdtyTrfId/InstrId")
            or text_at(each, "LqdtyTrfId/EndToEndId"),
            text_at(each, "LqdtyTrfId/UETR"),
            _agent_at(each, "Dbtr"),
            accounts[0],
            _agent_at(each, "Cdtr"),
            accounts[1],
            currency or stated[0] or stated[1],
            amount,
            plain_date(text_at(each, "SttlmDt")),
        )


def _account_at(account: etree._Element | None) -> str:
    return text_at(account, "Id/Othr/Id") or text_at(account, "Id/IBAN")


def _report_questions(body: etree._Element) -> Iterator[Asked]:
    for each in body.iterfind("{*}RptgReq"):
        account = each.find("{*}Acct")
        owner = _agent_at(each, "AcctOwnr/Agt") or _agent_at(each, "AcctOwnr/Pty")
        # A single date, or a span of them, depending on the version.
        span = each.find("{*}RptgPrd/{*}FrToDt")
        yield ReportQuestion(
            text_at(each, "Id"),
            text_at(each, "ReqdMsgNmId"),
            _account_at(account),
            text_at(account, "Ccy"),
            owner,
            plain_date(text_at(span, "FrDt")),
            plain_date(text_at(span, "ToDt")),
        )


def _notices(body: etree._Element) -> Iterator[Asked]:
    yield Notice(text_at(body, "EvtInf/EvtCd"))


_READERS: dict[str, Callable[[etree._Element], Iterator[Asked]]] = {
    "pacs.002": _status_words,
    "pacs.028": _status_questions,
    "camt.056": _cancellation_requests,
    "camt.029": _cancellation_answers,
    "camt.050": _liquidity_transfers,
    "camt.060": _report_questions,
    "admi.002": _notices,
    "admi.004": _notices,
    "admi.007": _notices,
}
