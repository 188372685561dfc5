"""The CPMI's harmonised ISO 20022 data requirements for cross-border payments, twelve of them.

After "Harmonised ISO 20022 data requirements for enhancing cross-border payments" (CPMI d218,
October 2023): for payments between banks, their returns, and the instructions that begin them. A
requirement is checked as far as a message shows by itself whether it is met; what the report asks "to
the extent possible" is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from paritas.iso20022.parsing import local_name
from paritas.iso20022.rules import Totals
from paritas.iso20022.usage import addresses, characters
from paritas.iso20022.usage.view import Broken, Rules, View, is_below, leaves, text_of

HARMONISED = Rules("rule.harmonised")

_CUSTOMERS = ("pacs.008", "pacs.009", "pacs.004", "pain.001")
_PAYMENTS = ("pacs.008", "pacs.009", "pacs.004")
_RETURN = re.compile(r"/(?:RETN|REJT)/")
_CODED = frozenset(("Purp", "CtgyPurp", "SvcLvl", "Rsn"))
_OFFSET = re.compile(r".*(?:Z|[+-]\d\d:\d\d)", re.DOTALL)
_UNSTRUCTURED_MAX = 140
_AGENT_NAMES = """
    InstgAgt InstdAgt DbtrAgt CdtrAgt IntrmyAgt1 IntrmyAgt2 IntrmyAgt3 PrvsInstgAgt1 PrvsInstgAgt2
    PrvsInstgAgt3 InstgRmbrsmntAgt InstdRmbrsmntAgt ThrdRmbrsmntAgt Dbtr Cdtr
"""
_AGENTS = frozenset(_AGENT_NAMES.split())


@HARMONISED.rule(
    "01.message",
    "The message is the one for its business: a return or rejection is a pacs.004 or pacs.002, not a"
    " new payment that says so in a text; a cover carries the payment it covers.",
    "CPMI d218, requirement 1",
    messages=("pacs.008", "pacs.009"),
)
def _appropriate(view: View) -> Iterator[Broken]:
    for element in view.all("InstrInf", "Ustrd", "AddtlRmtInf"):
        if _RETURN.match(text_of(element)):
            yield element, "a return or rejection in a text: send pacs.004 or pacs.002"
    service = view.head("BizSvc")
    if service is not None and ".cov." in text_of(service) and not view.is_cover:
        yield service, "a cover without the customer's payment that it covers"


@HARMONISED.rule(
    "02.codes",
    "Purpose, category purpose, service level and reasons are codes of the external code sets, not"
    " proprietary.",
    "CPMI d218, requirement 2",
    messages=(*_CUSTOMERS, "pacs.002", "camt.056", "camt.029"),
)
def _codes(view: View) -> Iterator[Broken]:
    for element in view.all("Prtry"):
        above = element.getparent()
        if above is not None and local_name(above) in _CODED:
            yield element, f"{local_name(above)} is proprietary: give a code (Cd)"


@HARMONISED.rule(
    "03.characters",
    "Texts are of the Latin letters, digits and signs that every system carries.",
    "CPMI d218, requirement 3",
)
def _characters(view: View) -> Iterator[Broken]:
    yield from characters.outside(leaves(view.document), characters.NOT_EXTENDED)


@HARMONISED.rule(
    "04.time",
    "Every time is UTC or says its offset from it.",
    "CPMI d218, requirement 4",
)
def _time(view: View) -> Iterator[Broken]:
    created = view.head("CreDt")
    times = [] if created is None else [created]
    for element in (*times, *view.all("CreDtTm", "OrgnlCreDtTm", "AccptncDtTm", "DtTm")):
        if text_of(element) and not _OFFSET.fullmatch(text_of(element)):
            yield element, f"{text_of(element)} does not say its offset from UTC"


@HARMONISED.rule(
    "05.uetr",
    "Every payment, and every message about one, has the payment's UETR.",
    "CPMI d218, requirement 5",
    messages=("pacs.008", "pacs.009", "pacs.004", "pacs.002", "camt.056", "pain.001"),
)
def _uetr(view: View) -> Iterator[Broken]:
    is_payment = view.message in ("pacs.008", "pacs.009", "pain.001")
    path = "PmtId/UETR" if is_payment else "OrgnlUETR"
    for transaction in view.transactions:
        if not view.text(path, transaction):
            yield transaction, f"no UETR: give {path}"


@HARMONISED.rule(
    "06.amounts",
    "What was instructed, exchanged and charged can be seen: charges and rates come with InstdAmt,"
    " another currency with XchgRate, another amount with ChrgsInf; ChrgBr says who bears charges.",
    "CPMI d218, requirement 6",
    messages=("pacs.008",),
)
def _amounts(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        children = view.children(transaction)
        instructed, settled = children.get("InstdAmt"), children.get("IntrBkSttlmAmt")
        if settled is None:
            continue
        if instructed is None:
            if "XchgRate" in children or "ChrgsInf" in children:
                yield transaction, "charges or a rate, but no instructed amount"
        elif instructed.get("Ccy") != settled.get("Ccy"):
            if "XchgRate" not in children:
                yield instructed, "exchanged, but there is no exchange rate"
        elif _differ(instructed, settled) and "ChrgsInf" not in children:
            yield settled, "another amount than instructed, and ChrgsInf does not say why"


def _differ(one: etree._Element, other: etree._Element) -> bool:
    before, after = Totals.number(text_of(one)), Totals.number(text_of(other))
    return before is not None and after is not None and before != after


@HARMONISED.rule(
    "07.accounts",
    "Debtor's and creditor's accounts are given, by IBAN, another number or a proxy.",
    "CPMI d218, requirement 7",
    messages=("pacs.008", "pain.001"),
    refuses=False,
)
def _accounts(view: View) -> Iterator[Broken]:
    for transaction in view.transactions:
        if not _is_account(view, view.find("CdtrAcct", transaction)):
            yield transaction, "the creditor's account is not given (CdtrAcct)"
        debtor = view.find("DbtrAcct", transaction)
        if debtor is None and view.message == "pain.001":
            above = transaction.getparent()
            debtor = None if above is None else view.find("DbtrAcct", above)
        if not _is_account(view, debtor):
            yield transaction, "the debtor's account is not given (DbtrAcct)"


def _is_account(view: View, account: etree._Element | None) -> bool:
    paths = ("Id/IBAN", "Id/Othr/Id", "Prxy/Id")
    return account is not None and any(view.text(path, account) for path in paths)


@HARMONISED.rule(
    "08.institutions",
    "Every financial institution is identified by its BIC or LEI.",
    "CPMI d218, requirement 8",
    messages=_PAYMENTS,
)
def _institutions(view: View) -> Iterator[Broken]:
    for element in view.all("FinInstnId"):
        above = element.getparent()
        if above is None or not is_below(above, _AGENTS):
            continue
        if not view.text("BICFI", element) and not view.text("LEI", element):
            yield element, f"{local_name(above)} has neither BICFI nor LEI"


@HARMONISED.rule(
    "09.entities",
    "An organisation that pays or is paid has a name, and an LEI, a BIC or another identifier whose"
    " scheme is named.",
    "CPMI d218, requirement 9",
    messages=_CUSTOMERS,
)
def _entities(view: View) -> Iterator[Broken]:
    for element in view.parties("Dbtr", "Cdtr"):
        organisation = view.find("Id/OrgId", element)
        if organisation is None:
            continue
        has_code = view.has("AnyBIC", organisation) or view.has("LEI", organisation)
        if not has_code and not view.has("Othr/SchmeNm", organisation):
            yield organisation, "an organisation without LEI, BIC or the scheme of its identifier"
        elif not view.has("AnyBIC", organisation) and not view.has("Nm", element):
            yield element, f"{local_name(element)} has no name"


@HARMONISED.rule(
    "10.persons",
    "A person who pays or is paid has a name, and an address, place and date of birth, or another"
    " identifier whose scheme is named.",
    "CPMI d218, requirement 10",
    messages=_CUSTOMERS,
)
def _persons(view: View) -> Iterator[Broken]:
    for element in view.parties("Dbtr", "Cdtr"):
        if view.has("Id/OrgId", element):
            continue
        person = view.find("Id/PrvtId", element)
        if not view.has("Nm", element):
            yield element, f"{local_name(element)} has no name"
        elif person is None and not view.has("PstlAdr", element):
            yield element, f"{local_name(element)} has a name, but no address and no identifier"
        elif person is not None and not (
            view.has("DtAndPlcOfBirth", person)
            or view.has("Othr/SchmeNm", person)
            or view.has("PstlAdr", element)
        ):
            yield person, "a person's identifier without its scheme"


@HARMONISED.rule(
    "11.address",
    "A postal address names town and country in elements of their own.",
    "CPMI d218, requirement 11",
    messages=_CUSTOMERS,
)
def _address(view: View) -> Iterator[Broken]:
    yield from addresses.without_town_or_country(view)


@HARMONISED.rule(
    "12.remittance",
    "Remittance is one text of at most 140 characters, or structured, or sent elsewhere with a"
    " reference to it.",
    "CPMI d218, requirement 12",
    messages=("pacs.008", "pacs.009", "pain.001"),
)
def _remittance(view: View) -> Iterator[Broken]:
    for element in view.all("RmtInf"):
        texts = view.each("Ustrd", element)
        length = sum(len(text_of(each)) for each in texts)
        if length > _UNSTRUCTURED_MAX:
            yield element, f"{length} characters of unstructured remittance, at most 140"
    for element in view.all("RltdRmtInf"):
        if not view.has("RmtId", element) and not view.has("RmtLctnDtls", element):
            yield element, "remittance sent elsewhere, without a reference to it"
