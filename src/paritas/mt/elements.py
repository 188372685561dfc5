"""ISO 20022 elements for what MT fields say: agents, parties, accounts, amounts."""

from __future__ import annotations

from paritas.iso20022.writer import branch, clip, leaf, leaves
from paritas.model.parties import is_bic
from paritas.mt.parties import NOT_PROVIDED, ORGANISATION_CODES, Party
from paritas.mt.translating import Node

_ADDRESS_LINES = 7


def agent_element(tag: str, party: Party) -> str:
    """Return an institution and, if ``party`` has an account, the ``Acct`` element after it.

    An institution of which nothing is known is named NOTPROVIDED, as CBPR+ does.
    """
    bic = party.bic if is_bic(party.bic) else ""
    name = party.name or ("" if bic or party.clearing_member else NOT_PROVIDED)
    content = branch(
        "FinInstnId",
        leaf("BICFI", bic),
        branch(
            "ClrSysMmbId",
            branch("ClrSysId", leaf("Cd", party.clearing_system)),
            leaf("MmbId", clip(party.clearing_member, 35)),
        )
        if party.clearing_member
        else "",
        leaf("Nm", clip(name, 140)),
        _address(party) if not bic else "",
    )
    return branch(tag, content) + account_element(f"{tag}Acct", party)


def party_element(tag: str, party: Party) -> str:
    """Return a customer without its account."""
    name = party.name or ("" if party.bic or party.identifier else NOT_PROVIDED)
    return branch(tag, leaf("Nm", clip(name, 140)), _address(party), _identifiers(party))


def account_element(tag: str, party: Party) -> str:
    """Return an account as IBAN or other number, or nothing."""
    if party.is_iban:
        return branch(tag, branch("Id", leaf("IBAN", party.account)))
    return branch(tag, branch("Id", branch("Othr", leaf("Id", clip(party.account, 34)))))


def cut_parts(party: Party) -> list[str]:
    """Name what of a party is longer than its element; the lines of a right field never are."""
    lengths = (
        ("name", party.name, 140),
        ("town", party.town, 35),
        ("account", party.account, 34),
        ("clearing member", party.clearing_member, 35),
        ("identifier", party.identifier, 35),
        ("issuer", party.issuer, 35),
        ("address", max(party.address, key=len, default=""), 70),
        ("address", "x" * len(party.address), _ADDRESS_LINES),
    )
    return [what for what, text, length in lengths if len(text) > length]


def _address(party: Party) -> str:
    lines = [line for line in party.address if line][:_ADDRESS_LINES]
    return branch(
        "PstlAdr",
        leaf("TwnNm", clip(party.town, 35)),
        leaf("Ctry", party.country),
        *(leaf("AdrLine", clip(line, 70)) for line in lines),
    )


def _identifiers(party: Party) -> str:
    other = ""
    if party.identifier:
        other = branch(
            "Othr",
            leaf("Id", clip(party.identifier, 35)),
            branch("SchmeNm", leaf("Cd", party.scheme)),
            leaf("Issr", clip(party.issuer, 35)),
        )
    if is_bic(party.bic):
        known = other if party.scheme in ORGANISATION_CODES else ""
        return branch("Id", branch("OrgId", leaf("AnyBIC", party.bic), known))
    birth = ""
    if party.birth_date:
        birth = branch(
            "DtAndPlcOfBirth",
            leaf("BirthDt", party.birth_date),
            leaf("CityOfBirth", clip(party.birth_town, 35) or NOT_PROVIDED),
            leaf("CtryOfBirth", party.birth_country),
        )
    return branch("Id", branch("PrvtId", birth, other))


def remittance_element(text: str) -> str:
    """Return unstructured remittance information, in as many elements as the text needs."""
    return branch("RmtInf", leaves("Ustrd", text, 140, len(text)))


def read_agent(node: Node, account: Node) -> Party:
    """Read an institution (the parent of FinInstnId) and its account."""
    institution = node.child("FinInstnId")
    bic = institution.text("BICFI", "BIC")
    name = institution.peek("Nm") if bic else institution.text("Nm")
    texts = [] if bic else _address_texts(institution.child("PstlAdr"))
    place = institution.child("PstlAdr")
    return Party(
        account=read_account(account),
        bic=bic if is_bic(bic) else "",
        clearing_system=institution.text("ClrSysMmbId/ClrSysId/Cd"),
        clearing_member=institution.text("ClrSysMmbId/MmbId"),
        name="" if bic else name,
        address=tuple(texts),
        town="" if bic else place.text("TwnNm"),
        country="" if bic else place.text("Ctry"),
    )


def read_customer(node: Node, account: Node) -> Party:
    """Read a debtor or creditor and its account."""
    organisation, person = node.child("Id/OrgId"), node.child("Id/PrvtId")
    other = node.child("Id/OrgId/Othr", "Id/PrvtId/Othr")
    place, birth = node.child("PstlAdr"), person.child("DtAndPlcOfBirth")
    name = node.text("Nm")
    bic = organisation.peek("AnyBIC", "BICOrBEI")
    if not name:
        organisation.text("AnyBIC", "BICOrBEI")
    identifier = Party(
        scheme=other.peek("SchmeNm/Cd"), issuer=other.peek("Issr"), identifier=other.peek("Id")
    )
    return Party(
        account=read_account(account),
        bic="" if name or not is_bic(bic) else bic,
        name=name,
        address=tuple(_address_texts(place)),
        town=place.text("TwnNm"),
        country=place.text("Ctry"),
        scheme=identifier.scheme,
        issuer=identifier.issuer,
        identifier=identifier.identifier,
        birth_date=birth.peek("BirthDt"),
        birth_country=birth.peek("CtryOfBirth"),
        birth_town=birth.peek("CityOfBirth"),
    )


def read_account(node: Node) -> str:
    """Read the number of a cash account, "" where there is none."""
    number = node.text("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id")
    return "" if number == NOT_PROVIDED else number


def _address_texts(address: Node) -> list[str]:
    """Return street and whatever else is in an address beside town and country, then its lines."""
    street = " ".join(text for text in (address.text("StrtNm"), address.text("BldgNb")) if text)
    details = [address.text(tag) for tag in _ADDRESS_DETAILS]
    lines = [node.value for node in address.all("AdrLine")]
    return [text for text in (*details[:2], street, *details[2:], *lines) if text]


_ADDRESS_DETAILS = (
    "Dept",
    "SubDept",
    "BldgNm",
    "Flr",
    "PstBx",
    "Room",
    "PstCd",
    "TwnLctnNm",
    "DstrctNm",
    "CtrySubDvsn",
)
