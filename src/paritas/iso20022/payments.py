"""Payments as a member writes them (pacs.008.001.08, pacs.009.001.08) and as a payee gets them.

``pacs008`` and ``pacs009`` build whole messages, of one payment or a hundred thousand.
``delivered`` passes one settled payment on, in the version in which it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

import msgspec
from lxml import etree

from paritas.iso20022.accounts import Conversion
from paritas.iso20022.gate import OutboundInvalidError
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
)
from paritas.model.money import AMOUNT_MINOR_MAX, format_amount

CUSTOMER_TYPE = "pacs.008.001.08"
INSTITUTION_TYPE = "pacs.009.001.08"

#: LclInstrm/Prtry of a payment that asks for conversion, and of one half of a PvP trade.
CONVERSION = "PXFX"
PVP = "PVP"

# BaseOneRate: at most 11 digits, of which at most 10 after the point.
_RATE_DIGITS = 11
_RATE_DECIMALS = 10

# Remittance text may occur any number of times, 140 characters each.
_REMITTANCE_LINES = 10

_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
)


class Party(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A debtor or creditor with its structured address and its account (IBAN or other)."""

    name: str
    country: str = ""
    town: str = ""
    post_code: str = ""
    street: str = ""
    building: str = ""
    lei: str = ""
    iban: str = ""
    account: str = ""


class PaymentGroup(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all payments of one message share; empty where each payment says it itself."""

    message_id: str
    #: ISO date and time with zone.
    created: str
    #: ISO date.
    settlement_date: str = ""
    #: BICs: payer and payee.
    instructing_agent: str = ""
    instructed_agent: str = ""
    settlement_method: str = "CLRG"
    #: ClrSys/Prtry, 35 characters.
    clearing_system: str = ""
    local_instrument: str = ""


class Transfer(msgspec.Struct, frozen=True, array_like=True, gc=False, kw_only=True):
    """What a customer's and an institution's credit transfer have in common."""

    end_to_end_id: str
    currency: str
    amount_minor: int
    instruction_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    #: "PXFX", "PVP" or "".
    local_instrument: str = ""
    settlement_date: str = ""
    #: "URGT", "HIGH", "NORM" or "".
    settlement_priority: str = ""
    instructing_agent: str = ""
    instructed_agent: str = ""
    debtor_agent: str = ""
    creditor_agent: str = ""
    #: InstrForNxtAgt/InstrInf, 140 characters each; see ``pvp_instruction``.
    instructions_for_next_agent: tuple[str, ...] = ()
    #: ISO 20022 external purpose code.
    purpose: str = ""
    remittance: str = ""


class CustomerTransfer(Transfer, frozen=True, array_like=True, gc=False, kw_only=True):
    """One payment of a pacs.008. With conversion, the instructed amount is the payee's leg."""

    debtor: Party
    creditor: Party
    charge_bearer: str = "SHAR"
    instructed_currency: str = ""
    instructed_minor: int = 0
    #: See ``format_rate``.
    exchange_rate: str = ""


class Underlying(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The customer's payment that a pacs.009 COV covers."""

    debtor: Party
    debtor_agent: str
    creditor_agent: str
    creditor: Party
    remittance: str = ""


class InstitutionTransfer(Transfer, frozen=True, array_like=True, gc=False, kw_only=True):
    """One payment of a pacs.009: debtor and creditor are BICs."""

    debtor: str
    creditor: str
    underlying: Underlying | None = None


AnyTransfer = TypeVar("AnyTransfer", bound=Transfer)


def pacs008(
    group: PaymentGroup, transfers: Sequence[CustomerTransfer], header: Header | None = None
) -> Draft:
    """Write customers' credit transfers."""
    parts = _parts(group, transfers, _customer_transfer)
    return Draft(CUSTOMER_TYPE, document(CUSTOMER_TYPE, "FIToFICstmrCdtTrf", parts), header)


def pacs009(
    group: PaymentGroup, transfers: Sequence[InstitutionTransfer], header: Header | None = None
) -> Draft:
    """Write institutions' credit transfers: own account, cover, or one half of a PvP trade."""
    parts = _parts(group, transfers, _institution_transfer)
    return Draft(INSTITUTION_TYPE, document(INSTITUTION_TYPE, "FICdtTrf", parts), header)


def pvp_instruction(currency: str, amount_minor: int) -> str:
    """Name the other leg of a PvP trade: ``("CNY", 123456)`` gives "/PVP/CNY1234.56"."""
    return f"/{PVP}/{currency}{format_amount(amount_minor, currency)}"


def format_rate(rate: Fraction) -> str:
    """Return a positive rate as text with the most digits that XchgRate can hold.

    It is rounded, half to even; the amounts on both sides are exact, the rate explains them.
    Raises ValueError for a rate that does not fit: zero or less, under 10**-10, or from 10**11 up.
    """
    whole_digits = len(str(int(rate))) if rate >= 1 else 1
    decimals = min(_RATE_DECIMALS, _RATE_DIGITS - whole_digits)
    if decimals >= 0 and rate > 0:
        scaled = round(rate * 10**decimals)
        digits = str(scaled).rjust(decimals + 1, "0")
        whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
        # Rounding up may have added a digit (9.99...), which then ends in a zero that can go.
        text = f"{whole}.{fraction}".rstrip("0").rstrip(".")
        if scaled > 0 and len(text.replace(".", "").lstrip("0")) <= _RATE_DIGITS:
            return text
    raise ValueError(f"rate {rate} cannot be written with {_RATE_DIGITS} digits")


def delivered(
    message_type: str,
    group_header: bytes,
    fragment: bytes,
    message_id: str,
    created: str,
    conversion: Conversion | None = None,
    header: Header | None = None,
) -> Draft:
    """Build what the payee receives of one settled payment, in the version that the payer used.

    ``group_header`` and ``fragment`` are the GrpHdr and the CdtTrfTxInf of the payer's message,
    serialised with their namespace. All is unchanged but MsgId, CreDtTm, NbOfTxs and the totals,
    which describe the new message of one payment; if converted, IntrBkSttlmAmt is the payee's own leg and XchgRate is stated. Raises
    OutboundInvalidError for a conversion in a message that has no place for a rate (pacs.009).
    """
    frame = "".join(document(message_type, _root_tag(message_type), ()))
    document_element = etree.fromstring(frame, _PARSER)
    root = document_element[0]
    root.append(etree.fromstring(group_header, _PARSER))
    root.append(etree.fromstring(fragment, _PARSER))
    group, transfer = root
    if conversion is not None:
        _convert(message_type, transfer, conversion)
    _renew(group, transfer, message_id, created)
    etree.cleanup_namespaces(document_element)
    return Draft(message_type, (etree.tostring(document_element, encoding="unicode"),), header)


def _root_tag(message_type: str) -> str:
    """Return the name of the message element; the early versions of pacs.009 had another."""
    if message_type.startswith("pacs.008."):
        return "FIToFICstmrCdtTrf"
    if message_type.startswith("pacs.004."):
        return "PmtRtr"
    if message_type.startswith("pacs.010."):
        return "FIDrctDbt"
    return "FinInstnCdtTrf" if message_type in _EARLY_INSTITUTION_TYPES else "FICdtTrf"


_EARLY_INSTITUTION_TYPES = frozenset({"pacs.009.001.02", "pacs.009.001.03"})


def _convert(message_type: str, transfer: etree._Element, conversion: Conversion) -> None:
    """Put the payee's leg and the rate into a pacs.008; the rate belongs just before ChrgBr."""
    places = (
        "{*}AgrdRate",
        "{*}CompstnAmt",
        "{*}ChrgBr",
        "{*}ChrgsInf",
        "{*}ClrSysRef",
        "{*}InstgAgt",
    )
    following = next(transfer.iterchildren(*places), None)
    settlement = _settlement_amount(transfer) if not message_type.startswith("pacs.009.") else None
    if following is None or settlement is None:
        raise OutboundInvalidError(
            message_type, 0, "a converted payment needs XchgRate, which this message has not"
        )
    settlement.text = format_amount(conversion.target_minor, conversion.target_currency)
    settlement.set("Ccy", conversion.target_currency)
    rate = transfer.find("{*}XchgRate")
    if rate is None:
        rate = transfer.makeelement(_sibling(transfer, "XchgRate"))
        following.addprevious(rate)
    rate.text = conversion.rate


def _renew(group: etree._Element, transfer: etree._Element, message_id: str, created: str) -> None:
    """Make the group header speak of this message and its one payment."""
    settlement = _settlement_amount(transfer)
    amount_text = "" if settlement is None else settlement.text or ""
    values = {"MsgId": message_id, "CreDtTm": created, "NbOfTxs": "1", "CtrlSum": amount_text}
    for tag, text in values.items():
        element = group.find(f"{{*}}{tag}")
        if element is not None:
            element.text = text
    total = group.find("{*}TtlIntrBkSttlmAmt")
    if total is None:
        total = group.find("{*}TtlRtrdIntrBkSttlmAmt")
    if total is not None and settlement is not None:
        total.text = amount_text
        total.set("Ccy", settlement.get("Ccy", ""))


def _settlement_amount(transfer: etree._Element) -> etree._Element | None:
    """Find what settles in a transfer, a return, or a collection (one inside its CdtInstr)."""
    for path in ("IntrBkSttlmAmt", "RtrdIntrBkSttlmAmt", "DrctDbtTxInf/{*}IntrBkSttlmAmt"):
        found = transfer.find(f"{{*}}{path}")
        if found is not None:
            return found
    return None


def _sibling(element: etree._Element, tag: str) -> str:
    return f"{{{etree.QName(element).namespace}}}{tag}"


def _parts(
    group: PaymentGroup, transfers: Sequence[AnyTransfer], write: Callable[[AnyTransfer], str]
) -> Iterator[str]:
    yield _group_header(group, len(transfers), _totals(transfers))
    for transfer in transfers:
        yield write(transfer)


def _totals(transfers: Iterable[Transfer]) -> str:
    """Return CtrlSum and the total where all are of one currency and the sum has 18 digits."""
    currency, total_minor = "", 0
    for transfer in transfers:
        if currency not in ("", transfer.currency):
            return ""
        currency = transfer.currency
        total_minor += transfer.amount_minor
    if not 0 < total_minor <= AMOUNT_MINOR_MAX:
        return ""
    control_sum = leaf("CtrlSum", format_amount(total_minor, currency))
    return control_sum + amount("TtlIntrBkSttlmAmt", total_minor, currency)


def _group_header(group: PaymentGroup, number: int, totals: str) -> str:
    return branch(
        "GrpHdr",
        leaf("MsgId", group.message_id),
        leaf("CreDtTm", group.created),
        leaf("NbOfTxs", str(number)),
        totals,
        leaf("IntrBkSttlmDt", group.settlement_date),
        branch(
            "SttlmInf",
            leaf("SttlmMtd", group.settlement_method),
            branch("ClrSys", leaf("Prtry", group.clearing_system)),
        ),
        _payment_type(group.local_instrument),
        agent("InstgAgt", group.instructing_agent),
        agent("InstdAgt", group.instructed_agent),
    )


def _payment_type(local_instrument: str) -> str:
    return branch("PmtTpInf", branch("LclInstrm", leaf("Prtry", local_instrument)))


def _start(transfer: Transfer) -> str:
    """Return what begins every CdtTrfTxInf: identifiers, type, amount, date and priority."""
    return "".join(
        (
            branch(
                "PmtId",
                leaf("InstrId", transfer.instruction_id),
                leaf("EndToEndId", transfer.end_to_end_id or NOT_PROVIDED),
                leaf("TxId", transfer.transaction_id),
                leaf("UETR", transfer.uetr),
            ),
            _payment_type(transfer.local_instrument),
            amount("IntrBkSttlmAmt", transfer.amount_minor, transfer.currency),
            leaf("IntrBkSttlmDt", transfer.settlement_date),
            leaf("SttlmPrty", transfer.settlement_priority),
        )
    )


def _agents(transfer: Transfer) -> str:
    instructing = agent("InstgAgt", transfer.instructing_agent)
    return instructing + agent("InstdAgt", transfer.instructed_agent)


def _end(transfer: Transfer) -> str:
    """Return what follows the creditor: instructions, purpose and remittance."""
    instructions = "".join(
        branch("InstrForNxtAgt", leaf("InstrInf", text, 140))
        for text in transfer.instructions_for_next_agent
    )
    return "".join(
        (
            instructions,
            branch("Purp", leaf("Cd", transfer.purpose)),
            _remittance(transfer.remittance),
        )
    )


def _remittance(text: str) -> str:
    return branch("RmtInf", leaves("Ustrd", text, 140, _REMITTANCE_LINES))


def _customer_transfer(transfer: CustomerTransfer) -> str:
    instructed = ""
    if transfer.instructed_currency:
        instructed = amount("InstdAmt", transfer.instructed_minor, transfer.instructed_currency)
    return "".join(
        (
            "\n<CdtTrfTxInf>",
            _start(transfer),
            instructed,
            leaf("XchgRate", transfer.exchange_rate),
            leaf("ChrgBr", transfer.charge_bearer),
            _agents(transfer),
            _party("Dbtr", transfer.debtor),
            _account("DbtrAcct", transfer.debtor),
            agent("DbtrAgt", transfer.debtor_agent),
            agent("CdtrAgt", transfer.creditor_agent),
            _party("Cdtr", transfer.creditor),
            _account("CdtrAcct", transfer.creditor),
            _end(transfer),
            "</CdtTrfTxInf>",
        )
    )


def _institution_transfer(transfer: InstitutionTransfer) -> str:
    return "".join(
        (
            "\n<CdtTrfTxInf>",
            _start(transfer),
            _agents(transfer),
            agent("Dbtr", transfer.debtor),
            agent("DbtrAgt", transfer.debtor_agent),
            agent("CdtrAgt", transfer.creditor_agent),
            agent("Cdtr", transfer.creditor),
            _end(transfer),
            _underlying(transfer.underlying) if transfer.underlying else "",
            "</CdtTrfTxInf>",
        )
    )


def _underlying(underlying: Underlying) -> str:
    return branch(
        "UndrlygCstmrCdtTrf",
        _party("Dbtr", underlying.debtor),
        _account("DbtrAcct", underlying.debtor),
        agent("DbtrAgt", underlying.debtor_agent),
        agent("CdtrAgt", underlying.creditor_agent),
        _party("Cdtr", underlying.creditor),
        _account("CdtrAcct", underlying.creditor),
        _remittance(underlying.remittance),
    )


def _party(tag: str, party: Party) -> str:
    return branch(
        tag,
        leaf("Nm", party.name, 140),
        branch(
            "PstlAdr",
            leaf("StrtNm", party.street, 70),
            leaf("BldgNb", party.building, 16),
            leaf("PstCd", party.post_code, 16),
            leaf("TwnNm", party.town, 35),
            leaf("Ctry", party.country),
        ),
        branch("Id", branch("OrgId", leaf("LEI", party.lei))),
    )


def _account(tag: str, party: Party) -> str:
    if party.iban:
        return branch(tag, branch("Id", leaf("IBAN", party.iban)))
    return branch(tag, branch("Id", branch("Othr", leaf("Id", party.account))))
