"""Whether a BIC, an IBAN, an LEI or a currency code can exist: what a pattern cannot say.

Each function returns ``""`` for a good identifier, else what is wrong with it, as the end of a
sentence that begins with the identifier. Nothing here asks a directory: a good BIC may still be
nobody's.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from string import ascii_letters, digits

from paritas.model.money import AmountError, minor_digits

_BIC = re.compile(r"[A-Z0-9]{4}([A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{1,30}", re.ASCII)
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}", re.ASCII)

#: Length of an IBAN by country, after the IBAN registry (ISO 13616).
_IBAN_LENGTHS = {
    length: frozenset(countries.split())
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
}
_IBAN_LENGTH = {
    country: length for length, countries in _IBAN_LENGTHS.items() for country in countries
}

_AS_DIGITS = {character: str(int(character, 36)) for character in digits + ascii_letters}

#: Currencies that ISO 4217 has withdrawn (its list three): an old statement may still name them.
_LIST_THREE = """
    ADP AFA ALK ANG AOK AON AOR ARA ARP ARY ATS AYM AZM BAD BEC BEF BEL BGJ BGK BGL BGN BOP BRB
    BRC BRE BRN BRR BUK BYB BYR CHC CSD CSJ CSK CUC CYP DDM DEM ECS ECV EEK ESA ESB ESP FIM FRF
    GEK GHC GHP GNE GNS GQE GRD GWE GWP HRD HRK IEP ILP ILR ISJ ITL LAJ LSM LTL LTT LUC LUF LUL
    LVL LVR MGF MLF MRO MTL MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ PTE RHD ROK ROL RUR SDD
    SDP SIT SKK SLL SRG STD SUR TJR TMM TPE TRL UAK UGS UGW USS UYN UYP VEB VEF VNC XEU XFO XFU
    XRE YDD YUD YUM YUN ZAL ZMK ZRN ZRZ ZWC ZWD ZWL ZWN ZWR
"""

#: Codes that ISO 3166 keeps free because they are in use elsewhere: no country, but no riddle.
RESERVED_COUNTRIES = frozenset(
    ("AC", "CP", "DG", "EA", "EU", "EZ", "FX", "IC", "SU", "TA", "UK", "UN")
)

_WITHDRAWN_CURRENCIES = frozenset(_LIST_THREE.split())


@cache
def countries() -> frozenset[str]:
    """The two-letter country codes of ISO 3166, and XK, which BICs and IBANs use for Kosovo."""
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line[:1] != "#") | {"XK"}


@lru_cache(maxsize=65536)
def bic_problem(bic: str) -> str:
    """Say what is wrong with a BIC (ISO 9362), or ``""``."""
    match = _BIC.fullmatch(bic)
    if match is None:
        return "is not a BIC: 8 or 11 letters and digits, with the country in the fifth and sixth"
    if match[1] not in countries():
        return f"is not a BIC: {match[1]} is no country"
    return ""


def country_problem(country: str) -> str:
    """Say what is wrong with a country code (ISO 3166-1 alpha-2), or ``""``."""
    if country in countries():
        return ""
    if country == "UK":
        return "is no country of ISO 3166: write GB"
    return "is no country of ISO 3166"


def iban_problem(iban: str) -> str:
    """Say what is wrong with an IBAN (ISO 13616), or ``""``."""
    if _IBAN.fullmatch(iban) is None:
        return "is not an IBAN: a country, two check digits, then letters and digits"
    country = iban[:2]
    if country not in countries():
        return f"is not an IBAN: {country} is no country"
    length = _IBAN_LENGTH.get(country, len(iban))
    if len(iban) != length:
        return f"is not an IBAN: {country} has {length} characters, this has {len(iban)}"
    if _remainder_97(f"{iban[4:]}{_AS_DIGITS[iban[0]]}{_AS_DIGITS[iban[1]]}{iban[2:4]}") != 1:
        return "is not an IBAN: its check digits are wrong"
    return ""


def lei_problem(lei: str) -> str:
    """Say what is wrong with an LEI (ISO 17442), or ``""``."""
    if _LEI.fullmatch(lei) is None:
        return "is not an LEI: 18 letters and digits, then two check digits"
    if _remainder_97(lei) != 1:
        return "is not an LEI: its check digits are wrong"
    return ""


@lru_cache(maxsize=4096)
def currency_digits(currency: str) -> int:
    """Return the decimals of a currency of ISO 4217: -1 for a withdrawn one, -2 for none at all."""
    if len(currency) != 3 or not (currency.isascii() and currency.isupper()):
        return -2
    try:
        return minor_digits(currency)
    except AmountError:
        return -1 if currency in _WITHDRAWN_CURRENCIES else -2


def _remainder_97(text: str) -> int:
    """ISO 7064 MOD 97-10: each letter counts as two digits, A = 10 to Z = 35."""
    if not text.isdigit():
        text = "".join([_AS_DIGITS[character] for character in text])
    return int(text) % 97
