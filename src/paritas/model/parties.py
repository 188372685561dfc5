"""The names of parties: BIC (ISO 9362), LEI (ISO 17442) and country (ISO 3166-1 alpha-2).

Only what the text itself can show is checked here: its form, its country and its check digits.
Whether a party exists is a question for the scheme.
"""

from __future__ import annotations

import re

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS XK YE YT ZA ZM ZW
"""

#: ISO 3166-1 alpha-2, and XK (Kosovo), which ISO leaves to users and banks do use in BICs.
COUNTRIES = frozenset(_CODES.split())

# The form that ISO 20022 calls BICFIDec2014: the older one, letters only in front, is a part of it.
_BIC = re.compile(r"[A-Z0-9]{4}([A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}", re.ASCII)


def is_country(text: str) -> bool:
    """Tell whether ``text`` is a country code of ISO 3166-1 alpha-2, or XK."""
    return text in COUNTRIES


def is_bic(text: str) -> bool:
    """Tell whether ``text`` is a BIC: 8 or 11 capitals and digits around a real country code."""
    match = _BIC.fullmatch(text)
    return match is not None and match[1] in COUNTRIES


def normalise_bic(text: str) -> str:
    """Return the 11 characters of a BIC; 8 name the head office, whose branch code is XXX.

    Two BICs name the same party exactly when their normal forms are equal. Any text that has not
    8 characters is returned unchanged: use ``is_bic`` first where it may be something else.
    """
    return text + "XXX" if len(text) == 8 else text


def is_lei(text: str) -> bool:
    """Tell whether ``text`` is an LEI: 20 characters whose check digits are right.

    The check is ISO 7064 MOD 97-10: with A as 10 up to Z as 35, the digits read as one number
    leave 1 when divided by 97.
    """
    if _LEI.fullmatch(text) is None:
        return False
    return int("".join(str(int(character, 36)) for character in text)) % 97 == 1
