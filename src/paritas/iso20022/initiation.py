"""A corporate's file (pain.001) as the interbank payments that its bank sends for it (pacs.008).

Everything a payee's bank is to know is copied: parties, accounts, agents, purpose, remittance. The
debtor's agent instructs and pays, the creditor's agent is instructed and paid, InstdAmt is what
settles on ReqdExctnDt. A payment without a UETR gets one, made of what identifies it, so that the
same file always gives the same payments.

Versions differ in small things. What the pacs.008 cannot hold is left out of that one payment, down
to names, accounts, agents and remittance text; a payment that cannot be made even so is refused alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from hashlib import sha256

import msgspec
from lxml import etree

from paritas.iso20022.dates import plain_date
from paritas.iso20022.extract import plain_amount
from paritas.iso20022.payments import CUSTOMER_TYPE
from paritas.iso20022.reader import read_message
from paritas.iso20022.requests import text_at
from paritas.iso20022.schemas import namespace
from paritas.iso20022.values import Finding, Message, ReadResult, Transaction

_NAMESPACE = namespace(CUSTOMER_TYPE)
_FROM_2009 = {"BIC": "BICFI", "BICOrBEI": "AnyBIC"}
#: In the order of a CdtTrfTxInf: what is taken from the payment, else from its PmtInf.
_BEFORE_AGENTS = ("IntrmyAgt1", "IntrmyAgt1Acct", "IntrmyAgt2", "IntrmyAgt2Acct")
_PARTIES = ("UltmtDbtr", "Dbtr", "DbtrAcct", "DbtrAgt", "DbtrAgtAcct")
_AFTER = (
    "CdtrAgt",
    "CdtrAgtAcct",
    "Cdtr",
    "CdtrAcct",
    "UltmtCdtr",
    "InstrForCdtrAgt",
    "Purp",
    "RgltryRptg",
    "Tax",
    "RltdRmtInf",
    "RmtInf",
)
_LEVEL_SCHEMES = ("InstrPrty", "SvcLvl", "LclInstrm", "CtgyPurp")
#: What stays where not everything can be carried: the path below each element.
_ESSENTIAL = {
    "Dbtr": ("Nm",),
    "Cdtr": ("Nm",),
    "DbtrAcct": ("Id",),
    "CdtrAcct": ("Id",),
    "DbtrAgt": ("FinInstnId/BICFI",),
    "CdtrAgt": ("FinInstnId/BICFI",),
    "RmtInf": ("Ustrd",),
}


class Initiated(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a pain.001 names one of its payments: the PmtInfId, and its own identifiers."""

    block: str
    instruction_id: str
    end_to_end_id: str
    uetr: str


def is_initiation(message_type: str) -> bool:
    """Say whether a message of this type is read here."""
    return message_type.startswith("pain.001.001.")


def read_initiation(
    message: Message, document: etree._Element
) -> tuple[ReadResult, tuple[Initiated, ...]]:
    """Return the payments of a pain.001, read as those of a pacs.008, and how it names each.

    The Document must be good by its schema.
    """
    body = document[0]
    payments = [
        (block, each)
        for block in body.iterfind("{*}PmtInf")
        for each in block.iterfind("{*}CdtTrfTxInf")
    ]
    initiated = tuple(
        Initiated(
            text_at(block, "PmtInfId"),
            text_at(each, "PmtId/InstrId"),
            text_at(each, "PmtId/EndToEndId"),
            text_at(each, "PmtId/UETR"),
        )
        for block, each in payments
    )
    made = [_transfer(message, *pair, index) for index, pair in enumerate(payments)]
    result = _read(message, made)
    if result is None:
        # One of them breaks the schema: each is tried alone, whole and then with what matters.
        result = _read_alone(message, made)
    findings = [*result.findings, *_refusals(payments), *_sums(body, payments)]
    pacs_type = msgspec.structs.replace(
        result.message or message,
        header_from=message.header_from,
        header_created=message.header_created,
        message_id=message.message_id,
        created=message.created,
        number_of_transactions=message.number_of_transactions,
    )
    transactions = tuple(
        msgspec.structs.replace(each, instruction_id=given.instruction_id)
        for each, given in zip(result.transactions, initiated, strict=True)
    )
    return ReadResult(pacs_type, transactions, tuple(findings), result.group_header), initiated


def _element(tag: str, text: str = "") -> etree._Element:
    element = etree.Element(f"{{{_NAMESPACE}}}{tag}", nsmap={None: _NAMESPACE})  # type: ignore[dict-item]
    element.text = text or None
    return element


def _copy(source: etree._Element) -> etree._Element:
    """Copy an element and all below into the pacs.008's namespace, under the names that it has there."""
    name = etree.QName(source).localname
    copy = _element(_FROM_2009.get(name, name), source.text or "")
    for attribute, value in source.items():
        copy.set(attribute, value)
    copy.extend(_copy(child) for child in source)
    return copy


def _transfer(
    message: Message, block: etree._Element, each: etree._Element, index: int
) -> etree._Element:
    """Make a CdtTrfTxInf in schema order."""
    payer = _bic(block, "DbtrAgt")
    instructed = each.find("{*}Amt/{*}InstdAmt")
    transfer = _element("CdtTrfTxInf")
    transfer.append(_identification(message, each, index, payer))
    types = _payment_types(block, each)
    if len(types):
        transfer.append(types)
    amount = _element(
        "IntrBkSttlmAmt", plain_amount((instructed.text or "") if instructed is not None else "0")
    )
    amount.set("Ccy", instructed.get("Ccy", "") if instructed is not None else "XXX")
    transfer.append(amount)
    date = text_at(block, "ReqdExctnDt/Dt") or text_at(block, "ReqdExctnDt/DtTm")[:10]
    transfer.append(_element("IntrBkSttlmDt", plain_date(date or text_at(block, "ReqdExctnDt"))))
    bearer = text_at(each, "ChrgBr") or text_at(block, "ChrgBr") or "SHAR"
    transfer.append(_element("ChrgBr", bearer))
    for tag, bic in (("InstgAgt", payer), ("InstdAgt", _bic(each, "CdtrAgt"))):
        if bic:
            agent, institution = _element(tag), _element("FinInstnId")
            institution.append(_element("BICFI", bic))
            agent.append(institution)
            transfer.append(agent)
    for tag in (*_BEFORE_AGENTS, *_PARTIES, *_AFTER):
        found = each.findall(f"{{*}}{tag}") or (block.findall(f"{{*}}{tag}"))
        transfer.extend(_copy(one) for one in found)
    return transfer


def _bic(element: etree._Element, tag: str) -> str:
    return text_at(element, f"{tag}/FinInstnId/BICFI") or text_at(element, f"{tag}/FinInstnId/BIC")


def _identification(
    message: Message, each: etree._Element, index: int, payer: str
) -> etree._Element:
    names = (message.header_from, payer, message.message_id, str(index))
    seed = sha256("\0".join((*names, text_at(each, "PmtId/EndToEndId"))).encode()).digest()
    own = f"{message.message_id}/{index + 1}"
    # Unique as the file's MsgId is; a long one is cut, and told apart by what it hashes to.
    transaction_id = own if len(own) <= 35 else f"{own[:10]}-{seed.hex()[:24]}"
    identification = _element("PmtId")
    for tag, text in (
        ("InstrId", text_at(each, "PmtId/InstrId")),
        ("EndToEndId", text_at(each, "PmtId/EndToEndId")),
        ("TxId", transaction_id),
        ("UETR", text_at(each, "PmtId/UETR") or str(uuid.UUID(bytes=seed[:16], version=4))),
    ):
        if text:
            identification.append(_element(tag, text))
    return identification


def _payment_types(block: etree._Element, each: etree._Element) -> etree._Element:
    types = _element("PmtTpInf")
    for tag in _LEVEL_SCHEMES:
        path = f"{{*}}PmtTpInf/{{*}}{tag}"
        found = each.findall(path) or block.findall(path)
        types.extend(_copy(one) for one in found)
    return types


def _frame(message: Message, transfers: list[etree._Element]) -> bytes:
    document, body, group = _element("Document"), _element("FIToFICstmrCdtTrf"), _element("GrpHdr")
    for tag, text in (
        ("MsgId", message.message_id),
        ("CreDtTm", message.created),
        ("NbOfTxs", str(len(transfers))),
    ):
        group.append(_element(tag, text))
    settlement = _element("SttlmInf")
    settlement.append(_element("SttlmMtd", "CLRG"))
    group.append(settlement)
    body.append(group)
    body.extend(transfers)
    document.append(body)
    return etree.tostring(document, encoding="UTF-8")


def _read(message: Message, transfers: list[etree._Element]) -> ReadResult | None:
    """Read the payments as one pacs.008, or None if they are none by its schema."""
    result = read_message(_frame(message, [_copy(each) for each in transfers]))
    broken = any(finding.code.startswith(("xml.", "schema.")) for finding in result.findings)
    return None if broken or len(result.transactions) != len(transfers) else result


def _read_alone(message: Message, transfers: list[etree._Element]) -> ReadResult:
    transactions: list[Transaction] = []
    findings: list[Finding] = []
    header = b""
    for index, transfer in enumerate(transfers):
        result = _read(message, [transfer]) or _read(message, [_essential(transfer)])
        if result is None:
            result = read_message(_frame(message, [_copy(transfer)]))
        header = result.group_header or header
        for each in result.transactions[:1]:
            transactions.append(msgspec.structs.replace(each, index=index))
        for finding in result.findings:
            text = finding.text
            # What breaks the schema is this payment's own, and refuses no other.
            code = finding.code.replace("schema.", "rule.")
            findings.append(Finding(code, finding.path, 0, text, finding.reason, index))
    return ReadResult(message, tuple(transactions), tuple(findings), header)


def _essential(transfer: etree._Element) -> etree._Element:
    """Copy a CdtTrfTxInf without what another version of the standard may have in another form."""
    copy = _copy(transfer)
    plain = {"PmtId", "IntrBkSttlmAmt", "IntrBkSttlmDt", "ChrgBr", "InstgAgt", "InstdAgt"}
    for child in list(copy):
        name = etree.QName(child).localname
        if name in plain:
            continue
        copy_of = _element(name)
        for path in _ESSENTIAL.get(name, ()):
            first, _, rest = path.partition("/")
            for kept in child.findall(f"{{{_NAMESPACE}}}{first}"):
                if rest:
                    below = _element(first)
                    below.extend(kept.findall(f"{{{_NAMESPACE}}}{rest}"))
                    kept = below
                copy_of.append(kept)
        if len(copy_of):
            copy.replace(child, copy_of)
        else:
            copy.remove(child)
    return copy


def _refusals(payments: list[tuple[etree._Element, etree._Element]]) -> Iterator[Finding]:
    """What no pacs.008 can say: cheques, and amounts to be converted at a rate unknown here."""
    for index, (block, each) in enumerate(payments):
        method = text_at(block, "PmtMtd")
        if method != "TRF":
            text = f"only transfers (TRF) settle here; this payment asks for {method}"
            yield Finding("rule.method", "PmtInf/PmtMtd", 0, text, "NARR", index)
        elif each.find("{*}Amt/{*}InstdAmt") is None:
            text = "is missing: an equivalent amount in another currency is not converted here"
            yield Finding("rule.amount", "CdtTrfTxInf/Amt/InstdAmt", 0, text, "AM03", index)
        elif each.find("{*}CdtrAgt") is None:
            text = "is missing: it names the member that is paid"
            yield Finding("rule.agent", "CdtTrfTxInf/CdtrAgt", 0, text, "AGNT", index)


def _sums(
    body: etree._Element, payments: list[tuple[etree._Element, etree._Element]]
) -> Iterator[Finding]:
    stated = text_at(body, "GrpHdr/NbOfTxs")
    if not stated.isascii() or not stated.isdigit() or int(stated) != len(payments):
        text = f"says {stated or 'nothing'}, and there are {len(payments)} payments"
        yield Finding("rule.count", "GrpHdr/NbOfTxs", 0, text, "AM18")
    control = plain_amount(text_at(body, "GrpHdr/CtrlSum"))
    total = sum(
        (_exact(each.findtext("{*}Amt/{*}InstdAmt")) for _, each in payments), start=_exact("0")
    )
    if control and _exact(control) != total:
        text = f"says {control}, and the amounts come to {total}"
        yield Finding("rule.sum", "GrpHdr/CtrlSum", 0, text, "AM10")


def _exact(text: str | None) -> Decimal:
    try:
        return Decimal(plain_amount(text or "0"))
    except InvalidOperation:
        return Decimal(0)
