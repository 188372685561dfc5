"""CBPR+: SWIFT's usage guidelines for cross-border payments and reporting, releases 2025 and 2026.

The sources are named as the guidelines name their rules (``CBPR_..._FormalRule``); "guideline" is
the restricted message itself (what is mandatory, removed, or shorter than in the base schema). Only
what a message shows by itself is checked: nothing here asks what an underlying message said, what
two banks have agreed, or in which jurisdictions all agents are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from paritas.iso20022.parsing import local_name, namespace_of
from paritas.iso20022.rules import Totals
from paritas.iso20022.usage import addresses, characters
from paritas.iso20022.usage.view import Broken, Rules, View, leaves, text_of

CBPR = Rules("rule.cbpr")

_OLD, _NEW = 2025, 2026
_SERVICE_NUMBERS = {_OLD: "03", _NEW: "04"}

_MESSAGES = """
    admi.024.001.01 camt.025.001.08 camt.029.001.09 camt.052.001.08 camt.053.001.08 camt.054.001.08
    camt.055.001.08 camt.056.001.08 camt.057.001.06 camt.058.001.08 camt.060.001.05 camt.105.001.02
    camt.106.001.02 camt.107.001.01 camt.108.001.01 camt.109.001.01 camt.110.001.01 camt.111.001.01
    pacs.002.001.10 pacs.003.001.08 pacs.004.001.09 pacs.008.001.08 pacs.009.001.08 pacs.010.001.03
    pain.001.001.09 pain.002.001.10 pain.008.001.08
"""
#: The messages of CBPR+ and the version of each, in both releases.
VERSIONS = frozenset(_MESSAGES.split())
_TRANSFERS = ("pacs.008", "pacs.009")
_PAYMENTS = ("pacs.008", "pacs.009", "pacs.004")
_BETWEEN_AGENTS = (*_PAYMENTS, "pacs.002")
_REPORTS = ("camt.052", "camt.053", "camt.054")

_SERVICE = re.compile(r"swift\.cbprplus(?:\.([a-z]{3}))?\.(\d\d)")
_HEADER_VERSION = "head.001.001.02"
_OFFSET = re.compile(r".*[+-](?:0\d|1[0-4]):[0-5]\d", re.DOTALL)
_SLASHES = re.compile(r"/.*|.*/|.*//.*", re.DOTALL)
_COMMODITIES = frozenset(("XAU", "XAG", "XPD", "XPT"))
_AMOUNT_DIGITS_MAX = 14
_INSTRUCTION_CHARACTERS_MAX = 16
_REMITTANCE_CHARACTERS_MAX = 9_000
_REFERENCES = ("MsgId", "InstrId", "EndToEndId", "TxId", "ClrSysRef", "OrgnlMsgId", "OrgnlInstrId")
_PARTIES = ("Dbtr", "Cdtr", "UltmtDbtr", "UltmtCdtr", "InitgPty", "Orgtr")
_IBANS_IN_EUROPE = """
    AT BE BG BV CY CZ DE DK EE ES FI FR GB GF GI GP GR HR HU IE IS IT LI LT LU LV MQ MT NL NO PL PM
    PT RE RO SE SI SJ SK
"""
# Between accounts of these countries a payment that is to go straight through names both by IBAN.
_IBAN_COUNTRIES = (
    frozenset(_IBANS_IN_EUROPE.split()),
    frozenset(("IT", "VA")),
    frozenset(("FR", "MC")),
    frozenset(("ES", "AD")),
    frozenset(("IT", "SM")),
)


def release_of(view: View) -> int:
    """Return the release that holds for a message: by its business service, else by its day."""
    match = _SERVICE.fullmatch(view.head_text("BizSvc"))
    for release, number in _SERVICE_NUMBERS.items():
        if match is not None and match[2] == number:
            return release
    return _NEW if view.day >= addresses.STRUCTURED_FROM else _OLD


# The header


@CBPR.rule("header", "Every message has an AppHdr, head.001.001.02.", "guideline")
def _header(view: View) -> Iterator[Broken]:
    if view.header is None:
        yield view.document, "no AppHdr: CBPR+ messages come with one"
        return
    version = namespace_of(view.header).rpartition(":")[2]
    if version != _HEADER_VERSION:
        yield view.header, f"an AppHdr {version}: CBPR+ has {_HEADER_VERSION}"


@CBPR.rule("message", "CBPR+ has the message, in this version.", "guideline")
def _message(view: View) -> Iterator[Broken]:
    if view.message_type not in VERSIONS:
        known = sorted(each for each in VERSIONS if each.startswith(view.message))
        instead = f"it has {known[0]}" if known else "it has no such message"
        yield view.document, f"{view.message_type} is not used in CBPR+: {instead}"


@CBPR.rule(
    "definition",
    "MsgDefIdr is the message of the Document, with its version.",
    "CBPR_Message_Definition_Identifier_TextualRule",
)
def _definition(view: View) -> Iterator[Broken]:
    element = view.head("MsgDefIdr")
    if element is not None and text_of(element) != view.message_type:
        yield element, f"MsgDefIdr is {text_of(element)}, the Document is {view.message_type}"


@CBPR.rule(
    "service",
    "BizSvc is swift.cbprplus.NN, with .cov for a cover and only then, .adv only for an advice"
    " (pacs.009), .stp only for pacs.008.",
    "CBPR_Business_Service_Usage_TextualRule",
)
def _service(view: View) -> Iterator[Broken]:
    if view.header is None:
        return
    element = view.head("BizSvc")
    service = text_of(element)
    match = _SERVICE.fullmatch(service)
    if element is None or match is None:
        place = view.header if element is None else element
        yield place, f"the business service is {service or 'missing'}, not swift.cbprplus.NN"
        return
    kind = match[1] or ""
    if view.message == "pacs.009" and view.is_cover != (kind == "cov"):
        has = "has" if view.is_cover else "has no"
        yield element, f"{service}, but the message {has} underlying customer credit transfer"
    elif kind in ("cov", "adv") and view.message != "pacs.009":
        yield element, f"{service} is for pacs.009, not {view.message}"
    elif kind == "stp" and view.message != "pacs.008":
        yield element, f"{service} is for pacs.008, not {view.message}"


@CBPR.rule(
    "service_number",
    "BizSvc ends in 03 in the release of 2025 and in 04 in that of 2026.",
    "CBPR_Business_Service_Usage_TextualRule",
    refuses=False,
)
def _service_number(view: View) -> Iterator[Broken]:
    element = view.head("BizSvc")
    match = _SERVICE.fullmatch(text_of(element))
    if element is not None and match is not None and match[2] not in _SERVICE_NUMBERS.values():
        yield element, f"{text_of(element)} is of a release before 2025, which ends in 03"


@CBPR.rule(
    "id",
    "BizMsgIdr is the MsgId of the group header.",
    "CBPR_BusinessMessageIdentifier_FormalRule",
)
def _id(view: View) -> Iterator[Broken]:
    element, inner = view.head("BizMsgIdr"), view.text("GrpHdr/MsgId")
    if element is not None and inner and text_of(element) != inner:
        yield element, f"BizMsgIdr is {text_of(element)}, MsgId is {inner}"


@CBPR.rule(
    "from",
    "The BIC of Fr is the instructing agent's; in 2025 copies are exempt.",
    "CBPR_From_Instructing_Agent_BIC_FormalRule",
    messages=_BETWEEN_AGENTS,
)
def _from(view: View) -> Iterator[Broken]:
    if release_of(view) == _NEW or not _is_copy(view):
        yield from _header_agent(view, "Fr", "InstgAgt", "instructing")


@CBPR.rule(
    "to",
    "The BIC of To is the instructed agent's, unless the message is a copy (COPY, CODU).",
    "CBPR_To_Instructed_Agent_BIC_1_FormalRule",
    messages=_BETWEEN_AGENTS,
)
def _to(view: View) -> Iterator[Broken]:
    if not _is_copy(view):
        yield from _header_agent(view, "To", "InstdAgt", "instructed")


def _is_copy(view: View) -> bool:
    return view.head_text("CpyDplct") in ("COPY", "CODU")


def _header_agent(view: View, party: str, agent: str, word: str) -> Iterator[Broken]:
    element = view.head(f"{party}/FIId/FinInstnId/BICFI")
    inner = {view.text(f"{agent}/FinInstnId/BICFI", each) for each in view.transactions} - {""}
    if element is not None and inner and inner != {text_of(element)}:
        yield element, f"{party} is {text_of(element)}, the {word} agent is {min(inner)}"


@CBPR.rule(
    "priority",
    "Prty of the header is the InstrPrty of the payment.",
    "CBPR_Priority_Instruction_Priority_FormalRule",
    messages=_TRANSFERS,
)
def _priority(view: View) -> Iterator[Broken]:
    element = view.head("Prty")
    inner = {view.text("PmtTpInf/InstrPrty", each) for each in view.transactions} - {""}
    if element is not None and inner and inner != {text_of(element)}:
        yield element, f"Prty is {text_of(element)}, InstrPrty is {min(inner)}"


@CBPR.rule(
    "copy",
    "CpyDplct of the header is the CpyDplctInd of the report.",
    "CBPR_Copy_Duplicate_FormalRule",
    messages=_REPORTS,
)
def _copy(view: View) -> Iterator[Broken]:
    element = view.head("CpyDplct")
    inner = {text_of(each) for each in view.all("CpyDplctInd")}
    if element is not None and inner and inner != {text_of(element)}:
        yield element, f"CpyDplct is {text_of(element)}, CpyDplctInd is {min(inner)}"


# The whole message


@CBPR.rule(
    "time",
    "A date with a time has its UTC offset as +HH:MM or -HH:MM; Z is not used.",
    "CBPR_DateTime",
)
def _time(view: View) -> Iterator[Broken]:
    created = view.head("CreDt")
    times = [] if created is None else [created]
    for element in (*times, *view.all("CreDtTm", "OrgnlCreDtTm", "AccptncDtTm", "DtTm")):
        if text_of(element) and not _OFFSET.fullmatch(text_of(element)):
            yield element, f"{text_of(element)} does not say its UTC offset as +HH:MM"


@CBPR.rule(
    "characters",
    "Texts are of SWIFT's set X and !#$%&*=^_`{|}~\";<>@[\\].",
    "CBPR_RestrictedFINX, extended",
)
def _characters(view: View) -> Iterator[Broken]:
    for top in (view.header, view.document):
        if top is not None:
            yield from characters.outside(leaves(top), characters.NOT_EXTENDED)


@CBPR.rule("reference", "References are of SWIFT's set X.", "CBPR_RestrictedFINXMax35Text")
def _reference(view: View) -> Iterator[Broken]:
    found = [*view.all(*_REFERENCES)]
    identifier = view.head("BizMsgIdr")
    yield from characters.outside(
        iter(found if identifier is None else [identifier, *found]), characters.NOT_X
    )


@CBPR.rule(
    "slash",
    "InstrId and OrgnlInstrId neither begin nor end with a slash and have no two in a row.",
    "CBPR_Instruction_Identification_FormalRule",
)
def _slash(view: View) -> Iterator[Broken]:
    for element in view.all("InstrId", "OrgnlInstrId"):
        if text_of(element) and _SLASHES.fullmatch(text_of(element)):
            yield element, f"{text_of(element)} has a slash at an end, or two in a row"


@CBPR.rule(
    "end_to_end",
    "The first 16 characters of a pacs.009's EndToEndId neither begin nor end with a slash and have"
    " no two in a row: they become field 21 of an MT.",
    "CBPR_End_To_End_Identification_FormalRule",
    messages=("pacs.009",),
)
def _end_to_end(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        element = view.find("PmtId/EndToEndId", transaction)
        start = text_of(element)[:_INSTRUCTION_CHARACTERS_MAX]
        ends = len(start) == _INSTRUCTION_CHARACTERS_MAX and start.endswith("/")
        if element is not None and (start.startswith("/") or ends or "//" in start):
            yield element, f"{start} has a slash at an end, or two in a row"


@CBPR.rule(
    "length",
    "InstrId has at most 16 characters.",
    "CBPR_RestrictedFINXMax16Text",
    messages=_TRANSFERS,
)
def _length(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        element = view.find("PmtId/InstrId", transaction)
        if element is not None and len(text_of(element)) > _INSTRUCTION_CHARACTERS_MAX:
            yield element, f"InstrId has {len(text_of(element))} characters, at most 16"


@CBPR.rule(
    "single",
    "A message has one transaction.",
    "guideline",
    messages=(*_BETWEEN_AGENTS, "pain.001", "camt.056"),
)
def _single(view: View) -> Iterator[Broken]:
    number = view.find("NbOfTxs", view.group)
    if len(view.transactions) > 1:
        yield view.transactions[1], f"{len(view.transactions):,} transactions: CBPR+ has one"
    elif number is not None and text_of(number).lstrip("0") != "1":
        yield number, f"NbOfTxs is {text_of(number)}: CBPR+ has one transaction"


@CBPR.rule(
    "currency",
    "No amount is settled in gold, silver, palladium or platinum (XAU, XAG, XPD, XPT).",
    "CBPR_Interbank_Settlement_Currency_FormalRule",
)
def _currency(view: View) -> Iterator[Broken]:
    for element in view.all("IntrBkSttlmAmt", "OrgnlIntrBkSttlmAmt", "RtrdIntrBkSttlmAmt"):
        if element.get("Ccy") in _COMMODITIES:
            yield element, f"{element.get('Ccy')} is a commodity, not a currency to settle in"


@CBPR.rule("amount", "An amount has at most 14 digits.", "CBPR_Amount", messages=_PAYMENTS)
def _amount(view: View) -> Iterator[Broken]:
    for element in view.all("IntrBkSttlmAmt", "InstdAmt", "RtrdIntrBkSttlmAmt", "RtrdInstdAmt"):
        digits = sum(map(str.isdigit, text_of(element).lstrip("0")))
        if digits > _AMOUNT_DIGITS_MAX:
            yield element, f"{text_of(element)[:40]} has {digits} digits, at most 14"


# Who pays whom


@CBPR.rule(
    "uetr",
    "Every transaction has its UETR, or that of the payment it is about.",
    "guideline",
    messages=(*_BETWEEN_AGENTS, "camt.056"),
)
def _uetr(view: View) -> Iterator[Broken]:
    path = "PmtId/UETR" if view.message in _TRANSFERS else "OrgnlUETR"
    for transaction in view.transactions:
        if not view.text(path, transaction):
            yield transaction, f"no UETR: give {path}"


@CBPR.rule(
    "agents",
    "Instructing and instructed agent are in every transaction, by BICFI.",
    "CBPR_Agent_Point_To_Point_On_SWIFT_TextualRule",
    messages=_BETWEEN_AGENTS,
)
def _agents(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        for agent in ("InstgAgt", "InstdAgt"):
            if not view.text(f"{agent}/FinInstnId/BICFI", transaction):
                yield transaction, f"no BICFI of {agent} in the transaction"


@CBPR.rule(
    "settlement",
    "A pacs.008 settles by INDA, INGA or COVE, a pacs.009 by INDA or INGA, or COVE as an advice:"
    " there is no clearing system (CLRG).",
    "guideline",
    messages=_TRANSFERS,
)
def _settlement(view: View) -> Iterator[Broken]:
    element = view.find("SttlmInf/SttlmMtd", view.group)
    if text_of(element) == "CLRG" and element is not None:
        yield element, "the settlement method CLRG is not used in CBPR+"


@CBPR.rule(
    "agent_name",
    "An agent's name and postal address come together.",
    "CBPR_Agent_Name_Postal_Address_FormalRule",
    messages=(*_PAYMENTS, "pain.001"),
)
def _agent_name(view: View) -> Iterator[Broken]:
    for element in view.all("FinInstnId"):
        children = view.children(element)
        if ("Nm" in children) != ("PstlAdr" in children):
            alone = "a name without address" if "Nm" in children else "an address without name"
            yield element, f"the agent has {alone}"


@CBPR.rule(
    "party_name",
    "A party with a postal address has a name.",
    "CBPR_Party_Name_Postal_Address_FormalRule",
    messages=(*_BETWEEN_AGENTS, "pain.001"),
)
def _party_name(view: View) -> Iterator[Broken]:
    for element in view.parties(*_PARTIES):
        children = view.children(element)
        if "PstlAdr" in children and "Nm" not in children:
            yield element, f"{local_name(element)} has an address without name"


@CBPR.rule(
    "party_bic",
    "Debtor, creditor and who gives a reason have a name or an AnyBIC; debtor and creditor with an"
    " AnyBIC have neither name nor address.",
    "CBPR_Party_Name_Any_BIC_FormalRule, CBPR_Debtor_BIC_Presence_TextualRule",
    messages=("pacs.008", "pacs.009", "pacs.002"),
)
def _party_bic(view: View) -> Iterator[Broken]:
    for element in view.parties("Dbtr", "Cdtr", "Orgtr"):
        children, name = view.children(element), local_name(element)
        has_bic = view.has("Id/OrgId/AnyBIC", element)
        if not has_bic and "Nm" not in children:
            yield element, f"{name} has neither name nor AnyBIC"
        elif has_bic and name != "Orgtr" and ("Nm" in children or "PstlAdr" in children):
            yield element, f"{name} has an AnyBIC: its name and address are not to be given"


@CBPR.rule(
    "address",
    "A postal address names town and country; what else it has are at most 2 lines of 70"
    " characters.",
    "CBPR+ 2026: no unstructured addresses",
    messages=(*_PAYMENTS, "pacs.002", "pacs.003", "pacs.010", "pain.001"),
    releases=(_NEW,),
)
def _address(view: View) -> Iterator[Broken]:
    yield from addresses.against_structure(view)


@CBPR.rule(
    "address_grace",
    "A postal address names town and country, or has only lines: at most 3 of 35 characters.",
    "CBPR_GracePeriod_Structured, _Hybrid and _Unstructured_FormalRule",
    messages=(*_PAYMENTS, "pacs.002", "pacs.003", "pacs.010", "pain.001"),
    releases=(_OLD,),
)
def _address_grace(view: View) -> Iterator[Broken]:
    yield from addresses.against_grace(view)


@CBPR.rule(
    "address_repeated",
    "What an address has in an element of its own is not repeated in a line.",
    "CBPR_Duplication_Postal_Address_TextualRule",
)
def _address_repeated(view: View) -> Iterator[Broken]:
    yield from addresses.repeated_in_lines(view)


@CBPR.rule(
    "straight_through",
    "In a .stp payment within countries that have IBANs debtor and creditor have names and IBANs.",
    "CBPR_Debtor_Creditor_IBAN_FormalRule",
    messages=("pacs.008",),
)
def _straight_through(view: View) -> Iterator[Broken]:
    if ".stp." not in view.head_text("BizSvc"):
        return
    for transaction in view.transactions:
        countries = {
            view.text(f"{agent}/FinInstnId/BICFI", transaction)[4:6]
            for agent in ("DbtrAgt", "CdtrAgt")
        }
        if not any(countries <= group for group in _IBAN_COUNTRIES):
            continue
        for path in ("Dbtr/Nm", "Cdtr/Nm", "DbtrAcct/Id/IBAN", "CdtrAcct/Id/IBAN"):
            if not view.has(path, transaction):
                yield transaction, f"no {path}, though both agents are where IBANs are used"


# Amounts and charges


@CBPR.rule("bearer", "ChrgBr is DEBT, CRED or SHAR.", "guideline", messages=("pacs.008",))
def _bearer(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        element = view.find("ChrgBr", transaction)
        if element is not None and text_of(element) == "SLEV":
            yield element, "ChrgBr SLEV is not used in CBPR+: DEBT, CRED or SHAR"


@CBPR.rule(
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


@CBPR.rule(
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


@CBPR.rule(
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


@CBPR.rule(
    "service_level",
    "A gpi service level is G001 in pacs.008 and a cover, G004 in any other pacs.009.",
    "CBPR_GPI_ServiceLevel_Code_FormalRule",
    messages=_TRANSFERS,
)
def _service_level(view: View) -> Iterator[Broken]:
    right = "G001" if view.message == "pacs.008" or view.is_cover else "G004"
    for transaction in view.transactions:
        for element in view.each("PmtTpInf/SvcLvl/Cd", transaction):
            if re.fullmatch(r"G00[1-9]", text_of(element)) and text_of(element) != right:
                yield element, f"the service level {text_of(element)} is not for it: {right}"


# Answers and reports


@CBPR.rule(
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


@CBPR.rule(
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


@CBPR.rule(
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


@CBPR.rule(
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


@CBPR.rule("page", "Page numbers begin with 1.", "CBPR_PageNumber_FormalRule", messages=_REPORTS)
def _page(view: View) -> Iterator[Broken]:
    for element in view.all("PgNb"):
        if text_of(element) and not text_of(element).strip("0"):
            yield element, "page number 0"


@CBPR.rule(
    "booked",
    "A booked entry has a booking date or a value date.",
    "CBPR_BookingDate_ValueDate_FormalRule",
    messages=("camt.054",),
    releases=(_NEW,),
)
def _booked(view: View) -> Iterator[Broken]:
    for element in view.all("Ntry"):
        if view.text("Sts/Cd", element) != "BOOK":
            continue
        if not view.has("BookgDt", element) and not view.has("ValDt", element):
            yield element, "a booked entry without booking date and value date"
