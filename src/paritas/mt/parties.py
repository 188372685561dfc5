"""Parties in MT fields: the options A, B, C, D, F, K and no letter, read and written.

An agent (52 to 58) and a customer (50, 59) are read into the same ``Party``, which also says how the
address was given, so that structured lines (50F, 59F) stay structured in ISO 20022.
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from paritas.model.parties import is_bic, is_country
from paritas.mt.values import clip, fold, supported

NOT_PROVIDED = "NOTPROVIDED"

_NUMBERED = re.compile(r"([1-8])/(.*)", re.ASCII)
_PARTY_CODE = re.compile(r"([A-Z]{4})/([A-Z]{2})/(.+)", re.ASCII)
_MARKED_ACCOUNT = re.compile(r"/([A-Z])/(.+)", re.ASCII)
_CLEARING = re.compile(r"//([A-Z]{2})(.*)", re.ASCII)
_BIRTH = re.compile(r"[0-9]{8}", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", re.ASCII)

#: National clearing codes: the two letters of MT and the ISO 20022 external code.
CLEARING_CODES = {
    "AT": "ATBLZ",
    "AU": "AUBSB",
    "BL": "DEBLZ",
    "CC": "CACPA",
    "CN": "CNAPS",
    "CP": "USPID",
    "ES": "ESNCC",
    "FW": "USABA",
    "GR": "GRBIC",
    "HK": "HKNCC",
    "IE": "IENCC",
    "IN": "INFSC",
    "IT": "ITNCC",
    "NZ": "NZNCC",
    "PL": "PLKNR",
    "PT": "PTNCC",
    "RU": "RUCBC",
    "SC": "GBDSC",
    "SW": "CHBCC",
    "ZA": "ZANCC",
}
CLEARING_LETTERS = {code: letters for letters, code in CLEARING_CODES.items()} | {"CHSIC": "SW"}

#: Codes of a party identifier in 50F, which ISO 20022 has as scheme names of a person's id.
PARTY_CODES = frozenset({"ARNU", "CCPT", "CUST", "DRLC", "EMPL", "NIDN", "SOSE", "TXID"})
#: Those of them that ISO 20022 has for an organisation too.
ORGANISATION_CODES = frozenset({"CUST", "EMPL", "TXID"})


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A customer or an institution; what the field does not say is ""."""

    #: IBAN or any other account number, without the slash; "NOTPROVIDED" is none.
    account: str = ""
    bic: str = ""
    #: ISO external clearing system code ("USABA"; "" with a member of none) and member.
    clearing_system: str = ""
    clearing_member: str = ""
    name: str = ""
    #: Address as free lines.
    address: tuple[str, ...] = ()
    #: Of a structured address.
    country: str = ""
    town: str = ""
    #: Identifier: scheme ("CUST"), issuer ("DE/ACME") and the number.
    scheme: str = ""
    issuer: str = ""
    identifier: str = ""
    #: ISO date, country and town.
    birth_date: str = ""
    birth_country: str = ""
    birth_town: str = ""
    #: What the field says and this struct cannot: for the list of what is lost.
    rest: tuple[str, ...] = ()

    @property
    def is_iban(self) -> bool:
        """Whether the account has the form of an IBAN."""
        return _IBAN.fullmatch(self.account) is not None


def read_party(tag: str, value: str) -> Party:
    """Read a field 50 to 59 of any option; never raises, what it cannot place is in ``rest``."""
    option = tag[2:]
    lines = value.split("\n")
    if option == "F":
        return _structured(lines)
    account = clearing = ""
    if len(lines) > 1 or option == "C":
        account, clearing, lines = _identifier(lines)
    elif option == "B" and lines[0].startswith("/"):
        account, clearing, lines = _identifier([*lines])
    system, member = _clearing_member(clearing)
    lines = [line.strip() for line in lines if line.strip()]
    known = Party(
        account="" if account == NOT_PROVIDED else account,
        clearing_system=system,
        clearing_member=member,
    )
    rest = (clearing,) if clearing and not member else ()
    if option in ("A", "C") or (option == "" and len(lines) == 1 and is_bic(lines[0]) and account):
        bic = lines[0] if lines and is_bic(lines[0]) else ""
        more = tuple(lines[1:] if bic else lines)
        return replace(known, bic=bic, rest=(*rest, *more))
    if option == "B":
        return replace(known, address=tuple(lines), rest=rest)
    name = lines[0] if lines else ""
    return replace(known, name=name, address=tuple(lines[1:]), rest=rest)


def _identifier(lines: list[str]) -> tuple[str, str, list[str]]:
    """Take account and clearing code off the first lines, which begin with a slash."""
    account = clearing = ""
    while lines and lines[0].startswith("/"):
        line = lines[0]
        marked = _MARKED_ACCOUNT.fullmatch(line)
        if line.startswith("//"):
            clearing = line
        elif marked is not None:
            account = marked[2]
        elif account:
            break
        else:
            account = line[1:]
        lines = lines[1:]
    return account.strip(), clearing, lines


def _clearing_member(line: str) -> tuple[str, str]:
    match = _CLEARING.fullmatch(line)
    if match is None or not match[2].strip():
        return "", ""
    member = match[2].strip()
    if match[1] == "SW":
        return ("CHSIC" if len(member) == 6 else "CHBCC"), member
    return CLEARING_CODES.get(match[1], ""), member


def _structured(lines: list[str]) -> Party:
    """Read the numbered lines of 50F and 59F."""
    parts: dict[str, list[str]] = {}
    known: dict[str, str] = {}
    rest: list[str] = []
    for position, line in enumerate(lines):
        numbered = _NUMBERED.fullmatch(line)
        if numbered is not None:
            parts.setdefault(numbered[1], []).append(numbered[2].strip())
        elif line.startswith("/") and not position:
            account = line[1:].strip()
            known["account"] = "" if account == NOT_PROVIDED else account
        elif (coded := _PARTY_CODE.fullmatch(line)) is not None and not position:
            known |= _coded_identifier(coded[1], coded[2], coded[3])
        elif line.strip():
            rest.append(line)
    address = parts.get("2", [])
    place = parts.get("3", [])
    if place:
        country, _, town = place[0].partition("/")
        if is_country(country):
            known |= {"country": country, "town": town.strip()}
            address = [*address, *place[1:]]
        else:
            address = [*address, *place]
    known |= _person(parts, rest)
    name = " ".join(parts.get("1", []))
    return replace(Party(), name=name, address=tuple(address), rest=tuple(rest), **known)


def structured_problem(value: str) -> str:
    """Say what is wrong with the lines of 50F or 59F, or ``""``."""
    lines = value.split("\n")
    if lines[0].startswith("/") or _PARTY_CODE.fullmatch(lines[0]) is not None:
        lines = lines[1:]
    numbers = []
    for line in lines:
        match = _NUMBERED.fullmatch(line)
        if match is None:
            return f"{line[:40]!r} does not begin with a number from 1 to 8 and a slash"
        if match[1] == "3" and "3" not in numbers and not is_country(match[2].partition("/")[0]):
            return f"{line[:40]!r} does not begin with a country"
        numbers.append(match[1])
    if numbers[:1] != ["1"]:
        return "has no line 1/, the name"
    if numbers != sorted(numbers):
        return "its numbered lines are not in order"
    return ""


def _coded_identifier(scheme: str, country: str, number: str) -> dict[str, str]:
    """Return scheme, issuer and number; CUST names its issuer between country and number."""
    issuer, _, identifier = number.rpartition("/")
    issuer = f"{country}/{issuer}" if issuer else country
    return {"scheme": scheme, "issuer": issuer, "identifier": identifier}


def _person(parts: dict[str, list[str]], rest: list[str]) -> dict[str, str]:
    """Read date and place of birth and the identifiers of lines 4 to 8."""
    known: dict[str, str] = {}
    born, place = parts.get("4", []), parts.get("5", [])
    if born and place and _BIRTH.fullmatch(born[0]) and is_country(place[0][:2]):
        known["birth_date"] = f"{born[0][:4]}-{born[0][4:6]}-{born[0][6:]}"
        known["birth_country"] = place[0][:2]
        known["birth_town"] = place[0][3:].strip()
    else:
        rest += [f"4/{text}" for text in born] + [f"5/{text}" for text in place]
    for number, scheme in (("6", "CUST"), ("7", "NIDN")):
        for text in parts.get(number, []):
            country, _, identifier = text.partition("/")
            if "scheme" in known or not identifier:
                rest.append(f"{number}/{text}")
            else:
                known |= _coded_identifier(scheme, country, identifier)
    rest += [f"8/{text}" for text in parts.get("8", [])]
    return known


class Written(msgspec.Struct, frozen=True):
    """A party as a field: its option, its lines joined, and what of it did not fit."""

    option: str
    value: str
    #: Names of what was cut and marked with "+".
    cut: tuple[str, ...] = ()
    #: What was left out, in words.
    lost: tuple[str, ...] = ()


def write_agent(party: Party) -> Written:
    """Write an institution: option A with a BIC, else D with clearing code, name and address."""
    lines: list[str] = []
    lost: list[str] = []
    letters = CLEARING_LETTERS.get(party.clearing_system, "")
    if party.clearing_member and letters:
        lines.append(f"//{letters}{party.clearing_member}"[:37])
        if party.account:
            lost.append(f"account {party.account}")
    elif party.account:
        lines.append(f"/{supported(party.account)[:34]}")
    if party.clearing_member and not letters:
        lost.append(f"clearing member {party.clearing_system} {party.clearing_member}".rstrip())
    if party.bic:
        return Written("A", "\n".join([*lines, party.bic]), (), tuple(lost))
    free, cut = _free_lines(party)
    return Written("D", "\n".join([*lines, *free]), cut, tuple(lost))


def write_customer(party: Party, ordering: bool) -> Written:
    """Write a customer: option A with a BIC, F with country and town, else K (50) or none (59)."""
    account = [f"/{supported(party.account)[:34]}"] if party.account else []
    if party.bic and not party.name:
        return Written("A", "\n".join([*account, party.bic]))
    if party.country and party.town and party.name:
        return _written_structured(party, account, ordering)
    free, cut = _free_lines(party)
    return Written("K" if ordering else "", "\n".join([*account, *free]), cut)


def _written_structured(party: Party, account: list[str], ordering: bool) -> Written:
    """Write option F: up to four numbered lines of 33 characters each behind their numbers."""
    cut: list[str] = []
    lines = [*account]
    if ordering and not account:
        coded = f"{party.scheme}/{party.issuer}/{party.identifier}"
        usable = party.scheme in PARTY_CODES and len(coded) <= 35
        lines = [coded if usable and _PARTY_CODE.fullmatch(coded) else f"/{NOT_PROVIDED}"]
    address = [supported(line) for line in _address_texts(party)]
    joined = ", ".join(address)
    names, name_cut = fold(supported(party.name), 33, 2 if len(joined) <= 33 else 1)
    streets, street_cut = address, False
    if len(address) > 3 - len(names) or any(len(line) > 33 for line in address):
        streets, street_cut = fold(joined, 33, 3 - len(names))
    place = f"{party.country}/{supported(party.town)}"
    cut += ["name"] * name_cut + ["address"] * street_cut + ["town"] * (len(place) > 33)
    lines += [f"1/{name}" for name in names] + [f"2/{street}" for street in streets]
    lines.append(f"3/{clip(place, 33)}")
    return Written("F", "\n".join(lines), tuple(cut))


def _address_texts(party: Party) -> list[str]:
    return [line for line in party.address if line]


def _address_lines(party: Party) -> list[str]:
    """Return the whole address as free lines."""
    place = " ".join(text for text in (party.town, party.country) if text)
    return [*_address_texts(party), *([place] if place else [])]


def _free_lines(party: Party) -> tuple[list[str], tuple[str, ...]]:
    """Return name and address in up to four lines of 35, and what of them was cut."""
    name = supported(party.name) or NOT_PROVIDED
    address = [supported(line) for line in _address_lines(party)]
    cut: list[str] = []
    if len(address) <= 3 and all(len(line) <= 35 for line in address):
        lines, name_cut = fold(name, 35, 4 - len(address))
        street_cut = False
    else:
        lines, name_cut = fold(name, 35, 2)
        room = 4 - len(lines)
        streets, street_cut = fold(", ".join(address), 35, room)
        address = streets
    cut += ["name"] * name_cut + ["address"] * street_cut
    return [*lines, *address], tuple(cut)
