"""Returns (pacs.004) and collections (pacs.010), read as transactions like those of a pacs.008.

A return's instructing agent pays and its ``original`` names what it gives back. A collection's
instructing agent is paid: it collects from the instructed agent. The rest of a transaction means
what it means in a credit transfer, so both go the same way from here on.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from paritas.iso20022.dates import plain_date
from paritas.iso20022.extract import plain_amount
from paritas.iso20022.parsing import line_of
from paritas.iso20022.requests import element_bytes, text_at
from paritas.iso20022.values import Finding, Original, Transaction

RETURN = "pacs.004"
COLLECTION = "pacs.010"


def is_reversal(message_type: str) -> bool:
    """Say whether a message of this type is read here."""
    return message_type[:8] in (RETURN, COLLECTION)


def read_reversals(
    message_type: str, document: etree._Element
) -> tuple[tuple[Transaction, ...], tuple[Finding, ...], bytes]:
    """Return the transactions, what is wrong with their sums, and the group header as received.

    The Document must be good by its schema.
    """
    body = document[0]
    group = body.find("{*}GrpHdr")
    assert group is not None
    read = _returns if message_type.startswith(RETURN) else _collections
    transactions = tuple(read(body, group))
    return transactions, tuple(_sums(group, transactions)), element_bytes(group)


def _bic(element: etree._Element, tag: str) -> str:
    return text_at(element, f"{tag}/FinInstnId/BICFI") or text_at(element, f"{tag}/FinInstnId/BIC")


def _amount(element: etree._Element, tag: str) -> tuple[str, str]:
    money = element.find(f"{{*}}{tag}")
    if money is None:
        return "", ""
    return money.get("Ccy", ""), plain_amount(money.text or "")


def _returns(body: etree._Element, group: etree._Element) -> Iterator[Transaction]:
    whole = body.find("{*}OrgnlGrpInf")
    for index, each in enumerate(body.iterfind("{*}TxInf")):
        own = each.find("{*}OrgnlGrpInf")
        original_group = own if own is not None else whole
        currency, amount = _amount(each, "RtrdIntrBkSttlmAmt")
        instructed_currency, instructed_amount = _amount(each, "RtrdInstdAmt")
        original = Original(
            text_at(original_group, "OrgnlMsgId"),
            text_at(original_group, "OrgnlMsgNmId"),
            text_at(each, "OrgnlInstrId"),
            text_at(each, "OrgnlEndToEndId"),
            text_at(each, "OrgnlTxId"),
            text_at(each, "OrgnlUETR"),
            text_at(each, "OrgnlClrSysRef"),
        )
        yield Transaction(
            index=index,
            instruction_id="",
            end_to_end_id=original.end_to_end_id,
            transaction_id=text_at(each, "RtrId"),
            uetr=original.uetr,
            clearing_system_reference=text_at(each, "ClrSysRef"),
            local_instrument="",
            settlement_priority=text_at(each, "SttlmPrty") or "NORM",
            currency=currency,
            amount=amount,
            settlement_date=plain_date(
                text_at(each, "IntrBkSttlmDt") or text_at(group, "IntrBkSttlmDt")
            ),
            instructed_currency=instructed_currency,
            instructed_amount=instructed_amount,
            exchange_rate="",
            charge_bearer=text_at(each, "ChrgBr"),
            instructing_agent=_bic(each, "InstgAgt") or _bic(group, "InstgAgt"),
            instructed_agent=_bic(each, "InstdAgt") or _bic(group, "InstdAgt"),
            debtor=text_at(each, "RtrChain/Dbtr/Pty/Nm"),
            creditor=text_at(each, "RtrChain/Cdtr/Pty/Nm"),
            instructions_for_next_agent=(),
            is_cover=False,
            fragment=_with_group(each, whole) if own is None else element_bytes(each),
            original=original,
        )


def _with_group(each: etree._Element, whole: etree._Element | None) -> bytes:
    """Serialise a TxInf with the OrgnlGrpInf that its message states for all of them."""
    if whole is None:
        return element_bytes(each)
    copy = etree.fromstring(element_bytes(each))
    group = etree.fromstring(element_bytes(whole))
    # The reason given for all is none of OrgnlGrpInf's own parts inside a TxInf.
    for reason in group.findall("{*}RtrRsnInf"):
        group.remove(reason)
    copy.insert(1 if copy[0].tag.endswith("}RtrId") else 0, group)
    return element_bytes(copy)


def _collections(body: etree._Element, group: etree._Element) -> Iterator[Transaction]:
    index = 0
    for credit in body.iterfind("{*}CdtInstr"):
        for each in credit.iterfind("{*}DrctDbtTxInf"):
            currency, amount = _amount(each, "IntrBkSttlmAmt")
            priority = text_at(each, "SttlmPrty")
            if not priority:
                types = (text_at(at, "PmtTpInf/InstrPrty") for at in (each, credit))
                priority = "HIGH" if "HIGH" in types else "NORM"
            yield Transaction(
                index=index,
                instruction_id=text_at(each, "PmtId/InstrId"),
                end_to_end_id=text_at(each, "PmtId/EndToEndId"),
                transaction_id=text_at(each, "PmtId/TxId"),
                uetr=text_at(each, "PmtId/UETR"),
                clearing_system_reference=text_at(each, "PmtId/ClrSysRef"),
                local_instrument="",
                settlement_priority=priority,
                currency=currency,
                amount=amount,
                settlement_date=plain_date(
                    text_at(each, "IntrBkSttlmDt") or text_at(credit, "IntrBkSttlmDt")
                ),
                instructed_currency="",
                instructed_amount="",
                exchange_rate="",
                charge_bearer="",
                instructing_agent=_bic(credit, "InstgAgt") or _bic(group, "InstgAgt"),
                instructed_agent=_bic(credit, "InstdAgt") or _bic(group, "InstdAgt"),
                debtor=_bic(each, "Dbtr") or text_at(each, "Dbtr/FinInstnId/Nm"),
                creditor=_bic(credit, "Cdtr") or text_at(credit, "Cdtr/FinInstnId/Nm"),
                instructions_for_next_agent=(),
                is_cover=False,
                fragment=_with_only(credit, index, each),
            )
            index += 1


def _with_only(credit: etree._Element, index: int, kept: etree._Element) -> bytes:
    """Serialise a CdtInstr with one of its DrctDbtTxInf, whose debtor must not see the others."""
    position = credit.index(kept)
    copy = etree.fromstring(element_bytes(credit))
    tag = kept.tag
    for child in [c for place, c in enumerate(copy) if c.tag == tag and place != position]:
        copy.remove(child)
    # Its total is that of what it no longer holds.
    for total in copy.findall("{*}TtlIntrBkSttlmAmt"):
        copy.remove(total)
    return element_bytes(copy)


def _sums(group: etree._Element, transactions: tuple[Transaction, ...]) -> Iterator[Finding]:
    """NbOfTxs counts the transactions; CtrlSum and the total are the sum of the amounts."""
    stated = text_at(group, "NbOfTxs")
    if not stated.isascii() or not stated.isdigit() or int(stated) != len(transactions):
        text = f"says {stated or 'nothing'}, and there are {len(transactions)} transactions"
        yield _finding(group, "rule.count", "NbOfTxs", text, "AM18")
    total = sum((Decimal(each.amount) for each in transactions if each.amount), Decimal(0))
    control = text_at(group, "CtrlSum")
    if control and Decimal(plain_amount(control)) != total:
        text = f"says {control}, and the amounts come to {total}"
        yield _finding(group, "rule.sum", "CtrlSum", text, "AM10")
    currency, amount = _amount(group, "TtlRtrdIntrBkSttlmAmt")
    currencies = {each.currency for each in transactions}
    if amount and (Decimal(amount) != total or currencies - {currency}):
        text = f"says {currency} {amount}, and the amounts come to {total}"
        yield _finding(group, "rule.sum", "TtlRtrdIntrBkSttlmAmt", text, "AM10")


def _finding(group: etree._Element, code: str, tag: str, text: str, reason: str) -> Finding:
    element = group.find(f"{{*}}{tag}")
    line = line_of(element if element is not None else group)
    return Finding(code, f"GrpHdr/{tag}", line, text, reason)
