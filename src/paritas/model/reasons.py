"""Why something was refused: the ISO 20022 external status reason codes that Paritas uses.

Source: ISO 20022 External Code Sets, ExternalStatusReason1Code.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """An ISO external status reason code, and what it means here."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Reason:
        """Make a member that is its code, and carries its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    AB03 = "AB03", "Not settled before a book closed, though funded"
    AC01 = "AC01", "No such account"
    AC04 = "AC04", "The account is closed"
    AG01 = "AG01", "Not allowed to the one who asked"
    AG10 = "AG10", "The member is suspended"
    AGNT = "AGNT", "An agent is missing or is the wrong one"
    AM01 = "AM01", "The amount is zero"
    AM02 = "AM02", "The amount is not allowed"
    AM03 = "AM03", "The currency has no book, or is the wrong one"
    AM04 = "AM04", "Not funded before a book closed"
    AM09 = "AM09", "The amount is not what it must be"
    AM10 = "AM10", "The sums of the message do not add up"
    AM11 = "AM11", "The currency is not one of ISO 4217"
    AM12 = "AM12", "The amount is not an amount"
    AM18 = "AM18", "The number of transactions does not add up"
    CH20 = "CH20", "More decimals than the currency has"
    CNOR = "CNOR", "The payee is not a member"
    DNOR = "DNOR", "The payer is not a member"
    DS02 = "DS02", "Cancelled by those who instructed it"
    DT01 = "DT01", "The date is missing, wrong or no business day"
    DT04 = "DT04", "The date is too far ahead"
    DT05 = "DT05", "The date is past"
    DU01 = "DU01", "The message identification was used before"
    DU03 = "DU03", "The transaction identification was used before"
    FF01 = "FF01", "The message breaks the form of its kind"
    MD01 = "MD01", "No mandate to collect"
    NARR = "NARR", "As the sentence says"
    RC01 = "RC01", "A bank identifier is wrong"
    RR02 = "RR02", "The debtor is not named"
    RR03 = "RR03", "The creditor is not named"
    TM01 = "TM01", "Past the cut-off"


def meaning_of(code: str) -> str:
    """Return what a code means, or the code itself where Paritas does not use it."""
    return Reason[code].meaning if code in Reason.__members__ else code
