"""The fields of a header, a group header and a transaction, each out of one walk.

A table says, for each tag, which field its text is or which table its children have. What no
table names is passed over with all it contains, so the walk touches only what is needed. The
names are those of every version: where a tag was renamed, old and new lead to the same field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from lxml import etree

from paritas.iso20022.dates import plain_date
from paritas.iso20022.values import Message, Transaction


class _Repeated(NamedTuple):
    """A field that collects the text of every element of its kind, one a line."""

    field: int


class _Amount(NamedTuple):
    """The fields of an amount's text and of its currency."""

    amount: int
    currency: int


# The field of the text, one of the above, or a table for the children.
_Entry: TypeAlias = "int | _Repeated | _Amount | dict[str, _Entry]"
_Table: TypeAlias = dict[str, _Entry]

_SEPARATOR = "\x00"  # No XML text can hold it.


@dataclass(frozen=True)
class _Shape:
    """The fields of one kind of element: a name for each, in order, and where each is found."""

    fields: Sequence[str]
    paths: Mapping[str, str]

    def table(self, namespace: str) -> _Table:
        """Return the nested tables for tags in one namespace."""
        prefix = f"{{{namespace}}}" if namespace else ""
        index = {name: position for position, name in enumerate(self.fields)}
        top: _Table = {}
        for path, field in self.paths.items():
            *parents, leaf = [prefix + tag for tag in path.split("/")]
            table = top
            for tag in parents:
                table = table.setdefault(tag, {})  # type: ignore[assignment]
            name, _, currency = field.partition("@")
            if currency:
                table[leaf] = _Amount(index[name], index[currency])
            elif name.endswith("*"):
                table[leaf] = _Repeated(index[name[:-1]])
            else:
                table[leaf] = index[name]
        return top


def _agent(tag: str, field: str) -> dict[str, str]:
    return {f"{tag}/FinInstnId/{bic}": field for bic in ("BICFI", "BIC")}


def _party(tag: str, field: str) -> dict[str, str]:
    """Name and BIC of a debtor or creditor, who is a customer or an institution."""
    organisation = {f"{tag}/Id/OrgId/{bic}": f"{field}_any" for bic in ("AnyBIC", "BICOrBEI")}
    names = {f"{tag}/Nm": f"{field}_name", f"{tag}/FinInstnId/Nm": f"{field}_name"}
    return names | organisation | _agent(tag, f"{field}_bic")


def _header_party(tag: str, field: str) -> dict[str, str]:
    organisation = {f"{tag}/OrgId/Id/OrgId/{bic}": field for bic in ("AnyBIC", "BICOrBEI")}
    return organisation | _agent(f"{tag}/FIId", field)


_HEADER = _Shape(
    ("sender", "receiver", "id", "definition", "service", "created"),
    _header_party("Fr", "sender")
    | _header_party("To", "receiver")
    | {"BizMsgIdr": "id", "MsgDefIdr": "definition", "BizSvc": "service", "CreDt": "created"},
)

_GROUP = _Shape(
    (
        "message_id",
        "created",
        "number_of_transactions",
        "control_sum",
        "total",
        "total_currency",
        "settlement_date",
        "settlement_method",
        "instruction_priority",
        "local_instrument",
        "instructing_agent",
        "instructed_agent",
    ),
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
    | _agent("Assgne/Agt", "instructed_agent"),
)

_TRANSACTION = _Shape(
    (
        "instruction_id",
        "end_to_end_id",
        "transaction_id",
        "uetr",
        "clearing_system_reference",
        "local_instrument",
        "instruction_priority",
        "settlement_priority",
        "amount",
        "currency",
        "settlement_date",
        "instructed_amount",
        "instructed_currency",
        "exchange_rate",
        "charge_bearer",
        "instructing_agent",
        "instructed_agent",
        "debtor_name",
        "debtor_bic",
        "debtor_any",
        "creditor_name",
        "creditor_bic",
        "creditor_any",
        "instructions",
        "underlying",
    ),
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
        "UndrlygCstmrCdtTrf": "underlying*",  # It has no text: the separator says it is there.
    }
    | _agent("InstgAgt", "instructing_agent")
    | _agent("InstdAgt", "instructed_agent")
    | _party("Dbtr", "debtor")
    | _party("Cdtr", "creditor"),
)

_GROUP_TAGS = ("GrpHdr", "Assgnmt", "MsgHdr")


class HeaderFields(NamedTuple):
    """The texts of an AppHdr."""

    sender: str
    receiver: str
    id: str
    definition: str
    service: str
    created: str


class GroupFields(NamedTuple):
    """The texts of a group header, with the defaults for its transactions."""

    message_id: str
    created: str
    number_of_transactions: str
    control_sum: str
    total: str
    total_currency: str
    settlement_date: str
    settlement_method: str
    instruction_priority: str
    local_instrument: str
    instructing_agent: str
    instructed_agent: str


NO_HEADER = HeaderFields(*("",) * len(_HEADER.fields))
NO_GROUP = GroupFields(*("",) * len(_GROUP.fields))


@lru_cache(maxsize=128)  # Bounded, because namespaces come from outside.
def _tables(namespace: str) -> tuple[_Table, _Table, _Table]:
    return _HEADER.table(namespace), _GROUP.table(namespace), _TRANSACTION.table(namespace)


def is_group_header(name: str) -> bool:
    """Say whether an element of this local name begins a message with who, when and how much."""
    return name in _GROUP_TAGS


def header_fields(header: etree._Element, namespace: str) -> HeaderFields:
    """Read an AppHdr of any version."""
    texts = [""] * len(_HEADER.fields)
    _walk(header, _tables(namespace)[0], texts)
    return HeaderFields(*texts)


def group_fields(group: etree._Element, namespace: str) -> GroupFields:
    """Read a GrpHdr of any version (or an Assgnmt or MsgHdr, for what it shares with one)."""
    texts = [""] * len(_GROUP.fields)
    _walk(group, _tables(namespace)[1], texts)
    fields = GroupFields(*texts)
    return fields._replace(
        control_sum=plain_amount(fields.control_sum),
        total=plain_amount(fields.total),
        settlement_date=plain_date(fields.settlement_date),
    )


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
    element: etree._Element, namespace: str, index: int, group: GroupFields, fragment: bytes
) -> Transaction:
    """Read a CdtTrfTxInf of any version of pacs.008 and pacs.009, with the group's defaults."""
    texts = [""] * len(_TRANSACTION.fields)
    _walk(element, _tables(namespace)[2], texts)
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
        underlying,
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
        tuple(instructions.split(_SEPARATOR)[1:]) if instructions else (),
        bool(underlying),
        fragment,
    )


def plain_amount(text: str) -> str:
    """Take off what XML Schema allows around a decimal and what means nothing."""
    if text.isdigit():
        return text
    return text.strip(" \t\r\n").removeprefix("+")


def _walk(element: etree._Element, table: _Table, texts: list[str]) -> None:
    """Put the texts below ``element`` where the table says; the first of a kind counts."""
    for child in element:
        entry = table.get(child.tag)
        if entry is None:
            continue
        if isinstance(entry, int):
            texts[entry] = texts[entry] or child.text or ""
        elif isinstance(entry, dict):
            _walk(child, entry, texts)
        elif isinstance(entry, _Repeated):
            texts[entry.field] += _SEPARATOR + (child.text or "")
        else:
            texts[entry.amount] = texts[entry.amount] or child.text or ""
            texts[entry.currency] = texts[entry.currency] or child.get("Ccy", "")
