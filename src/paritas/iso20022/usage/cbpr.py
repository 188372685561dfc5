"""CBPR+: SWIFT's usage guidelines for cross-border payments and reporting, releases 2025 and 2026.

The sources are named as the guidelines name their rules (``CBPR_..._FormalRule``); "guideline" is
the restricted message itself (what is mandatory, removed, or shorter than in the base schema). Only
what a message shows by itself is checked: nothing here asks what an underlying message said, what
two banks have agreed, or in which jurisdictions all agents are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paritas.iso20022.parsing import local_name, namespace_of
from paritas.iso20022.usage import addresses, characters
from paritas.iso20022.usage.cbpr_contents import CONTENTS
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


CBPR.all += CONTENTS.all
