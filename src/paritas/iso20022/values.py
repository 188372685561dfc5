"""What a message says, as typed values: the hand-over from the reader to the intake.

Amounts stay text here: only the intake, which knows the scheme, turns them into money. A text that
the message does not carry is ``""``, never ``None``. Texts are as received, but for white space
around amounts and dates, a plus sign before an amount and a time zone after a date: XML Schema
allows them and they mean nothing.
"""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something wrong in a message: where, a stable code, and a sentence for a person.

    ``code`` starts with ``xml.`` (not readable), ``schema.`` (against the message's schema) or
    ``rule.`` (what a schema cannot say). ``path`` leads from Document, with local names and
    positions from 1; ``line`` is that of the file, 0 where it is not known. ``reason`` is the ISO
    20022 external status reason code that a refusal for this finding carries; a finding without
    one is a remark and refuses nothing. ``transaction`` is the index, from 0, of the transaction
    it concerns, or -1 for the whole message.
    """

    code: str
    path: str
    line: int
    text: str
    reason: str = ""
    transaction: int = -1


class Original(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a message names the earlier payment that it is about, as far as it does."""

    message_id: str = ""
    message_type: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    #: OrgnlClrSysRef: the number that the answer to the payment gave.
    clearing_system_reference: str = ""

    @property
    def names_payment(self) -> bool:
        """Whether it names a payment, and not only the message that some came in."""
        return bool(
            self.instruction_id
            or self.end_to_end_id
            or self.transaction_id
            or self.uetr
            or self.clearing_system_reference
        )


class Transaction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One CdtTrfTxInf of a pacs.008 or pacs.009, group defaults already applied."""

    index: int
    instruction_id: str
    end_to_end_id: str
    transaction_id: str
    uetr: str
    clearing_system_reference: str
    #: LclInstrm/Prtry of the transaction, else of the group: "PXFX" asks for conversion, "PVP" is half a trade.
    local_instrument: str
    #: "URGT", "HIGH" or "NORM": SttlmPrty, else HIGH for InstrPrty HIGH, else "NORM".
    settlement_priority: str
    currency: str
    #: IntrBkSttlmAmt as written, for example "1000.00".
    amount: str
    #: IntrBkSttlmDt, ISO date, of the transaction, else of the group, else "".
    settlement_date: str
    instructed_currency: str
    instructed_amount: str
    exchange_rate: str
    charge_bearer: str
    #: BICs: InstgAgt and InstdAgt of the transaction, else of the group.
    instructing_agent: str
    instructed_agent: str
    #: Debtor and creditor as a person would name them (name; for institutions the BIC or name).
    debtor: str
    creditor: str
    #: The text of every InstrForNxtAgt/InstrInf, in order.
    instructions_for_next_agent: tuple[str, ...]
    #: True for a pacs.009 with UndrlygCstmrCdtTrf (COV).
    is_cover: bool
    #: The CdtTrfTxInf element, serialised, whole. Private: goes to the sealed store.
    fragment: bytes
    #: The customers of the covered payment, as a person would name them; "" without a cover.
    cover_debtor: str = ""
    cover_creditor: str = ""
    #: For a return: what it gives back.
    original: Original | None = None


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One payment message without its transactions."""

    #: For example "pacs.008.001.08".
    message_type: str
    #: AppHdr: sender and receiver BIC, business message identifier, CreDt as written; or "".
    header_from: str
    header_to: str
    header_id: str
    header_created: str
    #: BizSvc of the header, or "".
    business_service: str
    #: GrpHdr.
    message_id: str
    created: str
    number_of_transactions: str
    control_sum: str
    total_currency: str
    total_amount: str
    settlement_method: str
    group_instructing_agent: str
    group_instructed_agent: str


class ReadResult(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was read of one message, or of one window of up to 1,000 transactions of a large one.

    ``message`` is None when nothing says what message this is. ``transactions`` is empty for
    every type but pacs.008 and pacs.009, and when the file is not well-formed.
    """

    message: Message | None
    transactions: tuple[Transaction, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: The GrpHdr element, serialised, in the window that has it; b"" in others.
    group_header: bytes = b""

    @property
    def acceptable(self) -> bool:
        """Whether nothing that was found refuses the message or one of its transactions."""
        return not any(finding.reason for finding in self.findings)
