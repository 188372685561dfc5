"""The fields of a header, a group header and a transaction, each out of one walk.

The paths are those of every version: where a tag was renamed, old and new lead to the same field.
`plan` puts together, once for each message type, all that its walks need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from paritas.iso20022 import schemas
from paritas.iso20022.dates import plain_date
from paritas.iso20022.tables import (
    SEPARATOR,
    Found,
    Table,
    below,
    merged,
    qualified,
    table_of_fields,
    table_of_rules,
    walk,
)
from paritas.iso20022.values import Message, Transaction


def _agent(tag: str, field: str) -> dict[str, str]:
    return {f"{tag}/FinInstnId/{bic}": field for bic in ("BICFI", "BIC")}


def _party(tag: str, field: str) -> dict[str, str]:
    """Name and BIC of a debtor or creditor, who is a customer or an institution."""
    organisation = {f"{tag}/Id/OrgId/{bic}": f"{field}_any" for bic in ("AnyBIC", "BICOrBEI")}
    names = {f"{tag}/Nm": f"{field}_name", f"{tag}/FinInstnId/Nm": f"{field}_name"}
    return names | organisation | _agent(tag, f"{field}_bic")


def _customer(tag: str, field: str) -> dict[str, str]:
    """Whatever names a customer: its name, or the BIC of an organisation."""
    return {f"{tag}/{path}": field for path in ("Nm", "Id/OrgId/AnyBIC", "Id/OrgId/BICOrBEI")}


def _header_party(tag: str, field: str) -> dict[str, str]:
    organisation = {f"{tag}/OrgId/Id/OrgId/{bic}": field for bic in ("AnyBIC", "BICOrBEI")}
    return organisation | _agent(f"{tag}/FIId", field)


class HeaderFields(NamedTuple):
    """The texts of an AppHdr."""

    sender: str = ""
    receiver: str = ""
    id: str = ""
    definition: str = ""
    service: str = ""
    created: str = ""


_HEADER_PATHS = (
    _header_party("Fr", "sender")
    | _header_party("To", "receiver")
    | {"BizMsgIdr": "id", "MsgDefIdr": "definition", "BizSvc": "service", "CreDt": "created"}
)


class GroupFields(NamedTuple):
    """The texts of a group header, with the defaults for its transactions."""

    message_id: str = ""
    created: str = ""
    number_of_transactions: str = ""
    control_sum: str = ""
    total: str = ""
    total_currency: str = ""
    settlement_date: str = ""
    settlement_method: str = ""
    instruction_priority: str = ""
    local_instrument: str = ""
    instructing_agent: str = ""
    instructed_agent: str = ""


_GROUP_PATHS = (
    {
        "MsgId": "message_id",
        "CreDtTm": "created",
        "NbOfTxs": "number_of_transactions",
        "CtrlSum": "control_sum",
        "TtlIntrBkSttlmAmt": "total@total_currency",
        "IntrBkSttlmDt": "settlement_date",
        "SttlmInf/SttlmMtd": "settlement_method",
        "PmtTpInf/InstrPrty": "instruction_priority",
        "PmtTpInf/LclInstrm/Prtry": "local_instrument",
        # An assignment (camt.056, camt.029) says under other names who sent it to whom.
        "Id": "message_id",
    }
    | _agent("InstgAgt", "instructing_agent")
    | _agent("InstdAgt", "instructed_agent")
    | _agent("Assgnr/Agt", "instructing_agent")
    | _agent("Assgne/Agt", "instructed_agent")
)
_GROUP_NAMES = ("GrpHdr", "Assgnmt", "MsgHdr")


class TransactionFields(NamedTuple):
    """The texts of a CdtTrfTxInf, before the defaults of its group."""

    instruction_id: str
    end_to_end_id: str
    transaction_id: str
    uetr: str
    clearing_system_reference: str
    local_instrument: str
    instruction_priority: str
    settlement_priority: str
    amount: str
    currency: str
    settlement_date: str
    instructed_amount: str
    instructed_currency: str
    exchange_rate: str
    charge_bearer: str
    instructing_agent: str
    instructed_agent: str
    debtor_name: str
    debtor_bic: str
    debtor_any: str
    creditor_name: str
    creditor_bic: str
    creditor_any: str
    instructions: str
    cover_debtor: str
    cover_creditor: str


_TRANSACTION_PATHS = (
    {
        "PmtId/InstrId": "instruction_id",
        "PmtId/EndToEndId": "end_to_end_id",
        "PmtId/TxId": "transaction_id",
        "PmtId/UETR": "uetr",
        "PmtId/ClrSysRef": "clearing_system_reference",
        "PmtTpInf/LclInstrm/Prtry": "local_instrument",
        "PmtTpInf/InstrPrty": "instruction_priority",
        "SttlmPrty": "settlement_priority",
        "IntrBkSttlmAmt": "amount@currency",
        "IntrBkSttlmDt": "settlement_date",
        "InstdAmt": "instructed_amount@instructed_currency",
        "XchgRate": "exchange_rate",
        "ChrgBr": "charge_bearer",
        "InstrForNxtAgt/InstrInf": "instructions*",
    }
    | _agent("InstgAgt", "instructing_agent")
    | _agent("InstdAgt", "instructed_agent")
    | _party("Dbtr", "debtor")
    | _party("Cdtr", "creditor")
    | _customer("UndrlygCstmrCdtTrf/Dbtr", "cover_debtor")
    | _customer("UndrlygCstmrCdtTrf/Cdtr", "cover_creditor")
)

# Each list of texts has one place more, for what only has a rule.
_HEADER_TEXTS = len(HeaderFields._fields) + 1
_GROUP_TEXTS = len(GroupFields._fields) + 1
_TRANSACTION_TEXTS = len(TransactionFields._fields) + 1


@dataclass(frozen=True)
class Plan:
    """All that walks over the messages of one type, in one namespace, need to know."""

    message_type: str
    #: The schema, or None with the reason why there is none.
    schema: etree.XMLSchema | None
    problem: str
    #: For an AppHdr.
    header: Table
    #: For the children of a Document's body: a transaction, group headers, and any others.
    transaction_tag: str
    transaction: Table
    groups: Mapping[str, Table]
    others: Mapping[str, Table]
    cover_tag: str


@lru_cache(maxsize=256)  # Bounded, because namespaces come from outside.
def plan(message_type: str, namespace: str) -> Plan:
    """Prepare for a message type; one without a schema is read by its paths alone.

    Raises SchemaBundleMissingError if there is no bundle at all.
    """
    schema, problem, ruled = None, "", Table()
    try:
        schema = schemas.schema(message_type)
        ruled = table_of_rules(schemas.source(message_type), namespace)
    except schemas.UnknownMessageTypeError as error:
        problem = str(error)
    # A Document has one child, the body, whatever it is called in this version.
    body = next((entry for entry in ruled.values() if isinstance(entry, dict)), Table())
    group = table_of_fields(GroupFields._fields, _GROUP_PATHS, namespace)
    taken = table_of_fields(TransactionFields._fields, _TRANSACTION_PATHS, namespace)
    transaction_tag = qualified("CdtTrfTxInf", namespace)
    header = table_of_fields(HeaderFields._fields, _HEADER_PATHS, namespace)
    return Plan(
        message_type=message_type,
        schema=schema,
        problem=problem,
        header=merged(header, ruled),
        transaction_tag=transaction_tag,
        transaction=merged(taken, below(body, transaction_tag)),
        groups={
            tag: merged(group, below(body, tag))
            for tag in (qualified(name, namespace) for name in _GROUP_NAMES)
        },
        others={tag: entry for tag, entry in body.items() if isinstance(entry, dict)},
        cover_tag=qualified("UndrlygCstmrCdtTrf", namespace),
    )


def header_fields(header: etree._Element, plan: Plan, found: list[Found]) -> HeaderFields:
    """Read an AppHdr of any version; adds to ``found`` what is wrong."""
    texts = [""] * _HEADER_TEXTS
    walk(header, plan.header, texts, found)
    return HeaderFields(*texts[:-1])


def group_fields(group: etree._Element, plan: Plan, found: list[Found]) -> GroupFields:
    """Read a GrpHdr of any version (or an Assgnmt or MsgHdr, for what it shares with one)."""
    texts = [""] * _GROUP_TEXTS
    walk(group, plan.groups[str(group.tag)], texts, found)
    return plain_group(GroupFields(*texts[:-1]))


def plain_group(fields: GroupFields) -> GroupFields:
    """Take off what XML Schema allows around amounts and dates and what means nothing."""
    control_sum, total = plain_amount(fields.control_sum), plain_amount(fields.total)
    settlement_date = plain_date(fields.settlement_date)
    if (control_sum, total, settlement_date) == (
        fields.control_sum,
        fields.total,
        fields.settlement_date,
    ):
        return fields
    return fields._replace(control_sum=control_sum, total=total, settlement_date=settlement_date)


def message_value(message_type: str, header: HeaderFields, group: GroupFields) -> Message:
    """Put together what is known of a message without its transactions."""
    return Message(
        message_type=message_type,
        header_from=header.sender,
        header_to=header.receiver,
        header_id=header.id,
        header_created=header.created,
        business_service=header.service,
        message_id=group.message_id,
        created=group.created,
        number_of_transactions=group.number_of_transactions,
        control_sum=group.control_sum,
        total_currency=group.total_currency,
        total_amount=group.total,
        settlement_method=group.settlement_method,
        group_instructing_agent=group.instructing_agent,
        group_instructed_agent=group.instructed_agent,
    )


def transaction_value(
    element: etree._Element,
    plan: Plan,
    index: int,
    group: GroupFields,
    fragment: bytes,
    found: list[Found],
) -> Transaction:
    """Read a CdtTrfTxInf of any version of pacs.008 and pacs.009, with the group's defaults."""
    texts = [""] * _TRANSACTION_TEXTS
    walk(element, plan.transaction, texts, found)
    is_cover = element.find(plan.cover_tag) is not None
    return transaction_of_texts(texts[:-1], index, group, is_cover, fragment)


def transaction_of_texts(
    texts: Sequence[str], index: int, group: GroupFields, is_cover: bool, fragment: bytes
) -> Transaction:
    """Make a transaction of the texts of its TransactionFields, with the group's defaults."""
    (
        instruction_id,
        end_to_end_id,
        transaction_id,
        uetr,
        clearing_system_reference,
        local_instrument,
        instruction_priority,
        settlement_priority,
        amount,
        currency,
        settlement_date,
        instructed_amount,
        instructed_currency,
        exchange_rate,
        charge_bearer,
        instructing_agent,
        instructed_agent,
        debtor_name,
        debtor_bic,
        debtor_any,
        creditor_name,
        creditor_bic,
        creditor_any,
        instructions,
        cover_debtor,
        cover_creditor,
    ) = texts
    if not settlement_priority:
        urgent = (instruction_priority or group.instruction_priority) == "HIGH"
        settlement_priority = "HIGH" if urgent else "NORM"
    return Transaction(
        index,
        instruction_id,
        end_to_end_id,
        transaction_id,
        uetr,
        clearing_system_reference,
        local_instrument or group.local_instrument,
        settlement_priority,
        currency,
        plain_amount(amount),
        plain_date(settlement_date) or group.settlement_date,
        instructed_currency,
        plain_amount(instructed_amount),
        plain_amount(exchange_rate),
        charge_bearer,
        instructing_agent or group.instructing_agent,
        instructed_agent or group.instructed_agent,
        debtor_bic or debtor_name or debtor_any,
        creditor_bic or creditor_name or creditor_any,
        tuple(instructions.split(SEPARATOR)[1:]) if instructions else (),
        is_cover,
        fragment,
        cover_debtor,
        cover_creditor,
    )


def plain_amount(text: str) -> str:
    """Take off what XML Schema allows around a decimal and what means nothing."""
    if not text or (text[0].isdigit() and text[-1].isdigit()):
        return text
    return text.strip(" \t\r\n").removeprefix("+")
