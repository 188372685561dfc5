"""Who and what is named in a payment: all that is held against lists, from one CdtTrfTxInf.

Parties, agents and accounts wherever they stand (a cover holds the customers' payment inside it),
with what identifies them; and the texts that people write. A party is not only what the schema
calls so: whatever has a name is one, so nothing that a sender can name goes unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec
from lxml import etree

_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
)

#: What people call the elements that name somebody.
_ROLES = {
    "Dbtr": "debtor",
    "Cdtr": "creditor",
    "UltmtDbtr": "ultimate debtor",
    "UltmtCdtr": "ultimate creditor",
    "InitgPty": "initiating party",
    "DbtrAgt": "debtor agent",
    "CdtrAgt": "creditor agent",
    "InstgAgt": "instructing agent",
    "InstdAgt": "instructed agent",
    "DbtrAcct": "debtor account",
    "CdtrAcct": "creditor account",
    "DbtrAgtAcct": "debtor agent account",
    "CdtrAgtAcct": "creditor agent account",
    "Invcr": "invoicer",
    "Invcee": "invoicee",
    **{f"IntrmyAgt{n}": "intermediary agent" for n in (1, 2, 3)},
    **{f"IntrmyAgt{n}Acct": "intermediary agent account" for n in (1, 2, 3)},
    **{f"PrvsInstgAgt{n}": "previous instructing agent" for n in (1, 2, 3)},
    "PrvsInstgAgt": "previous instructing agent",
}
#: Texts that people write, by what they are called together.
_TEXTS = {
    "Ustrd": "remittance",
    "AddtlRmtInf": "remittance",
    "InstrInf": "instruction",
    "SplmtryData": "supplementary data",
}
_NUMBERS = frozenset({"BICFI", "BIC", "AnyBIC", "BICOrBEI", "LEI", "IBAN", "Id", "PrxyId"})
_COUNTRIES = ("Ctry", "CtryOfRes", "CtryOfBirth")


class Named(msgspec.Struct, frozen=True, gc=False):
    """Somebody named in a payment, or a text in it; what is not said is "".

    ``kind`` is "person", "organisation" or ""; ``birth`` an ISO date; ``country`` an ISO 3166-1
    code; ``identifiers`` every number that came with it, as written.
    """

    role: str
    name: str
    kind: str = ""
    birth: str = ""
    country: str = ""
    identifiers: tuple[str, ...] = ()
    is_text: bool = False


def named_in(transaction: bytes) -> list[Named]:
    """Return everybody and every text in a transaction, serialised with its namespace."""
    found: list[Named] = []
    texts: dict[str, list[str]] = {}
    _walk(etree.fromstring(transaction, _PARSER), found, texts)
    found.extend(Named(role, " ".join(parts), is_text=True) for role, parts in texts.items())
    return found


@lru_cache(maxsize=4096)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _walk(element: etree._Element, found: list[Named], texts: dict[str, list[str]]) -> None:
    for child in element:
        tag = _local(child.tag)
        role = _ROLES.get(tag)
        if role is not None:
            found.extend(_party(child, role, texts))
        elif tag in _TEXTS:
            parts = filter(None, map(str.strip, map(str, child.itertext())))
            texts.setdefault(_TEXTS[tag], []).extend(parts)
        elif len(child):
            if any(_local(each.tag) == "Nm" for each in child):
                found.extend(_party(child, tag, texts))
            else:
                _walk(child, found, texts)


def _party(element: etree._Element, role: str, texts: dict[str, list[str]]) -> Iterator[Named]:
    """Yield a party under each of its names; an account holder and a contact are named as well."""
    names: list[str] = []
    numbers: list[str] = []
    countries: dict[str, str] = {}
    kind = birth = ""
    for each in element.iterdescendants():
        tag = _local(each.tag)
        if tag == "PrvtId":
            kind = "person"
        elif tag in ("OrgId", "FinInstnId"):
            kind = kind or "organisation"
        text = (each.text or "").strip()
        if not text:
            continue
        if tag == "Nm":
            names.append(text)
        elif tag in _NUMBERS:
            numbers.append(text)
        elif tag == "BirthDt":
            birth = text[:10]
        elif tag in _COUNTRIES:
            countries.setdefault(tag, text)
        elif tag == "AdrLine":
            texts.setdefault(f"{role} address", []).append(text)
    country = next((countries[tag] for tag in _COUNTRIES if tag in countries), "")
    for name in names or ([""] if numbers else []):
        yield Named(role, name, kind, birth, country, tuple(dict.fromkeys(numbers)))
