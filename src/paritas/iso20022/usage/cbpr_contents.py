"""CBPR+: what the guidelines ask of amounts, charges, remittance, answers and reports (see `cbpr`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from paritas.iso20022.rules import Totals
from paritas.iso20022.usage.view import Broken, Rules, View, leaves, text_of

CONTENTS = Rules("rule.cbpr")

_REPORTS = ("camt.052", "camt.053", "camt.054")
_REMITTANCE_CHARACTERS_MAX = 9_000


# Amounts and charges


@CONTENTS.rule("bearer", "ChrgBr is DEBT, CRED or SHAR.", "guideline", messages=("pacs.008",))
def _bearer(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        element = view.find("ChrgBr", transaction)
        if element is not None and text_of(element) == "SLEV":
            yield element, "ChrgBr SLEV is not used in CBPR+: DEBT, CRED or SHAR"


@CONTENTS.rule(
    "charges",
    "CRED has ChrgsInf, if only of zero; DEBT has at most one; amounts that differ in one currency"
    " are explained by ChrgsInf.",
    "CBPR_CRED_FormalRule, CBPR_DEBT_FormalRule, CBPR_DEBT_Rule_1 and CBPR_SHAR_TextualRule",
    messages=("pacs.008", "pacs.004"),
)
def _charges(view: View) -> Iterator[Broken]:
    amounts = {
        "pacs.008": ("InstdAmt", "IntrBkSttlmAmt"),
        "pacs.004": ("RtrdInstdAmt", "RtrdIntrBkSttlmAmt"),
    }
    for transaction in view.transactions:
        bearer, charges = view.text("ChrgBr", transaction), view.each("ChrgsInf", transaction)
        if bearer == "CRED" and not charges:
            yield transaction, "ChrgBr is CRED, but there is no ChrgsInf"
        elif bearer == "DEBT" and len(charges) > 1 and view.message == "pacs.008":
            yield charges[1], "ChrgBr is DEBT: only one ChrgsInf is allowed"
        elif not charges and _differ(view, transaction, *amounts[view.message]):
            yield transaction, "the amounts differ, but there is no ChrgsInf"


def _differ(view: View, transaction: etree._Element, one: str, other: str) -> bool:
    (currency, before), (other_currency, after) = (
        view.currency_amount(one, transaction),
        view.currency_amount(other, transaction),
    )
    numbers: set[Decimal | None] = {Totals.number(before), Totals.number(after)}
    return currency == other_currency and None not in numbers and len(numbers) > 1


# What goes with a payment


@CONTENTS.rule(
    "remittance",
    "Remittance is either one text or structured, with at most 9,000 characters in all, or sent"
    " elsewhere (RltdRmtInf).",
    "CBPR_Remittance_Mutually_Exclusive_, CBPR_Related_Remit_Info_..._FormalRule,"
    " CBPR_Structured_RemittanceInformation_TextualRule",
    messages=("pacs.008", "pacs.009", "pacs.004", "pain.001"),
)
def _remittance(view: View) -> Iterator[Broken]:
    for element in view.all("RmtInf"):
        texts, structured = view.each("Ustrd", element), view.each("Strd", element)
        if texts and structured:
            yield element, "both unstructured and structured remittance"
        elif len(texts) > 1:
            yield texts[1], "more than one unstructured remittance"
        length = sum(len(text_of(leaf)) for each in structured for leaf in leaves(each))
        if length > _REMITTANCE_CHARACTERS_MAX:
            yield element, f"{length:,} characters of remittance, at most 9,000"
    for transaction in view.transactions if view.message == "pacs.008" else ():
        related = view.find("RltdRmtInf", transaction)
        if related is not None and view.has("RmtInf", transaction):
            yield related, "remittance is given here and elsewhere"


@CONTENTS.rule(
    "instructions",
    "Each code of InstrForCdtrAgt stands once; HOLD not with CHQB, TELB not with PHOB.",
    "CBPR_Instruction_for_Creditor_Agent1_, 2_ and _Presence_Code_FormalRule",
    messages=("pacs.008", "pacs.009", "pain.001"),
)
def _instructions(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        codes = [text_of(each) for each in view.each("InstrForCdtrAgt/Cd", transaction)]
        if len(set(codes)) < len(codes):
            yield transaction, "a code of InstrForCdtrAgt stands twice"
        for one, other in (("CHQB", "HOLD"), ("PHOB", "TELB")):
            if one in codes and other in codes:
                yield transaction, f"{other} is not allowed with {one}"


@CONTENTS.rule(
    "service_level",
    "A gpi service level is G001 in pacs.008 and a cover, G004 in any other pacs.009.",
    "CBPR_GPI_ServiceLevel_Code_FormalRule",
    messages=("pacs.008", "pacs.009"),
)
def _service_level(view: View) -> Iterator[Broken]:
    right = "G001" if view.message == "pacs.008" or view.is_cover else "G004"
    for transaction in view.transactions:
        for element in view.each("PmtTpInf/SvcLvl/Cd", transaction):
            if re.fullmatch(r"G00[1-9]", text_of(element)) and text_of(element) != right:
                yield element, f"the service level {text_of(element)} is not for it: {right}"


# Answers and reports


@CONTENTS.rule(
    "rejection",
    "A rejection (RJCT) has a reason and no effective settlement date.",
    "CBPR_Transaction_Status_Reject_Reason_, _Effective_Sett_Date_FormalRule",
    messages=("pacs.002",),
)
def _rejection(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        if view.text("TxSts", transaction) != "RJCT":
            continue
        if not view.has("StsRsnInf/Rsn", transaction):
            yield transaction, "a rejection without a reason (StsRsnInf/Rsn)"
        settled = view.find("FctvIntrBkSttlmDt", transaction)
        if settled is not None:
            yield settled, "a rejection with a settlement date"


@CONTENTS.rule(
    "original",
    "OrgnlMsgNmId is a message that can be answered so: for pacs.002 pacs.003, 004, 008, 009 or 010,"
    " for pacs.004 pacs.002, 008, 009, camt.053, 054 or the MT of the same.",
    "CBPR_OriginalMessageNameIdentification_FormalRule",
    messages=("pacs.002", "pacs.004"),
)
def _original(view: View) -> Iterator[Broken]:
    allowed = {
        "pacs.002": r"pacs\.(?:00[3489]|010)\.001\.\d\d",
        "pacs.004": r"pacs\.00[289]\.001\.\d\d|camt\.05[34]\.001\.\d\d|MT ?(?:103|20[25]|9[0145]0)",
    }[view.message]
    for transaction in view.transactions:
        element = view.find("OrgnlGrpInf/OrgnlMsgNmId", transaction)
        if element is not None and not re.fullmatch(allowed, text_of(element)):
            yield element, f"{text_of(element)} is not what a {view.message} is about"


@CONTENTS.rule(
    "return_once",
    "A return states the original settlement amount and date once: not in OrgnlTxRef as well.",
    "CBPR_Interbank_Settlement_Amount_, _Date_FormalRule",
    messages=("pacs.004",),
)
def _return_once(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        for name in ("IntrBkSttlmAmt", "IntrBkSttlmDt"):
            again = view.find(f"OrgnlTxRef/{name}", transaction)
            if again is not None and view.has(f"Orgnl{name}", transaction):
                yield again, f"Orgnl{name} says it already"


@CONTENTS.rule(
    "payment_block",
    "PmtInfId is the MsgId of the group header.",
    "CBPR_MessageIdentification_PaymentInformationIdentification_FormalRule",
    messages=("pain.001",),
)
def _payment_block(view: View) -> Iterator[Broken]:
    message_id = view.text("GrpHdr/MsgId")
    for element in view.each("PmtInf/PmtInfId"):
        if text_of(element) != message_id:
            yield element, f"PmtInfId is {text_of(element)}, MsgId is {message_id}"


@CONTENTS.rule(
    "page", "Page numbers begin with 1.", "CBPR_PageNumber_FormalRule", messages=_REPORTS
)
def _page(view: View) -> Iterator[Broken]:
    for element in view.all("PgNb"):
        if text_of(element) and not text_of(element).strip("0"):
            yield element, "page number 0"


@CONTENTS.rule(
    "booked",
    "A booked entry has a booking date or a value date.",
    "CBPR_BookingDate_ValueDate_FormalRule",
    messages=("camt.054",),
    releases=(2026,),
)
def _booked(view: View) -> Iterator[Broken]:
    for element in view.all("Ntry"):
        if view.text("Sts/Cd", element) != "BOOK":
            continue
        if not view.has("BookgDt", element) and not view.has("ValDt", element):
            yield element, "a booked entry without booking date and value date"
