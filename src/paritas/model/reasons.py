"""Why something was refused: the ISO 20022 external status reason codes that Paritas uses.

Source: ISO 20022 External Code Sets, ExternalStatusReason1Code. The comment behind each is the
name that the code has there.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """An ISO external status reason code."""

    AB03 = "AB03"  # AbortedSettlementTimeout
    AB08 = "AB08"  # OfflineCreditorAgent
    AC01 = "AC01"  # IncorrectAccountNumber
    AG01 = "AG01"  # TransactionForbidden
    AG10 = "AG10"  # AgentSuspended
    AGNT = "AGNT"  # IncorrectAgent
    AM01 = "AM01"  # ZeroAmount
    AM02 = "AM02"  # NotAllowedAmount
    AM03 = "AM03"  # NotAllowedCurrency
    AM04 = "AM04"  # InsufficientFunds
    AM09 = "AM09"  # WrongAmount
    AM10 = "AM10"  # InvalidControlSum
    AM12 = "AM12"  # InvalidAmount
    AM18 = "AM18"  # InvalidNumberOfTransactions
    CH20 = "CH20"  # DecimalPointsNotCompatibleWithCurrency
    CNOR = "CNOR"  # CreditorBankIsNotRegistered
    DNOR = "DNOR"  # DebtorBankIsNotRegistered
    DS02 = "DS02"  # OrderCancelled
    DT01 = "DT01"  # InvalidDate
    DT04 = "DT04"  # FutureDateNotSupported
    DT05 = "DT05"  # InvalidCutOffDate
    DU01 = "DU01"  # InvalidMessageID
    DU03 = "DU03"  # DuplicateTransaction
    FF01 = "FF01"  # InvalidFileFormat
    NARR = "NARR"  # Narrative
    RC01 = "RC01"  # BankIdentifierIncorrect
    RC03 = "RC03"  # InvalidDebtorBankIdentifier
    RC04 = "RC04"  # InvalidCreditorBankIdentifier
    RR02 = "RR02"  # MissingDebtorNameOrAddress
    RR03 = "RR03"  # MissingCreditorNameOrAddress
    TM01 = "TM01"  # InvalidCutOffTime
