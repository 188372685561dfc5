"""Countries as publishers write them, by their ISO 3166-1 alpha-2 code."""

from __future__ import annotations

import re

from paritas.model.parties import is_country

_NAMES = """
AF Afghanistan|AL Albania|DZ Algeria|AD Andorra|AO Angola|AG Antigua and Barbuda|AR Argentina
AM Armenia|AW Aruba|AU Australia|AT Austria|AZ Azerbaijan|BS Bahamas|BH Bahrain|BD Bangladesh
BB Barbados|BY Belarus|BE Belgium|BZ Belize|BJ Benin|BM Bermuda|BT Bhutan|BO Bolivia
BO Bolivia Plurinational State of|BA Bosnia and Herzegovina|BW Botswana|BR Brazil|BN Brunei
BN Brunei Darussalam|BG Bulgaria|BF Burkina Faso|BI Burundi|KH Cambodia|CM Cameroon|CA Canada
CV Cape Verde|CV Cabo Verde|KY Cayman Islands|CF Central African Republic|TD Chad|CL Chile|CN China
CN People s Republic of China|CO Colombia|KM Comoros|CG Congo|CG Congo Republic of the
CG Republic of the Congo|CD Congo Democratic Republic of the|CD Democratic Republic of the Congo
CD DR Congo|CD Congo Democratic Republic|CD The Democratic Republic of the Congo|CR Costa Rica
CI Cote d Ivoire|CI Ivory Coast|HR Croatia|CU Cuba|CW Curacao|CY Cyprus|CZ Czech Republic|CZ Czechia
DK Denmark|DJ Djibouti|DM Dominica|DO Dominican Republic|EC Ecuador|EG Egypt|SV El Salvador
GQ Equatorial Guinea|ER Eritrea|EE Estonia|SZ Eswatini|SZ Swaziland|ET Ethiopia|FJ Fiji|FI Finland
FR France|GA Gabon|GM Gambia|GE Georgia|DE Germany|GH Ghana|GI Gibraltar|GR Greece|GD Grenada
GT Guatemala|GG Guernsey|GN Guinea|GW Guinea-Bissau|GY Guyana|HT Haiti|HN Honduras|HK Hong Kong
HK Hong Kong SAR|HK Hong Kong China|HU Hungary|IS Iceland|IN India|ID Indonesia|IR Iran
IR Iran Islamic Republic of|IR Islamic Republic of Iran|IQ Iraq|IE Ireland|IM Isle of Man
IM Man Isle of|IL Israel|IT Italy|JM Jamaica|JP Japan|JE Jersey|JO Jordan|KZ Kazakhstan|KE Kenya
KI Kiribati|KP North Korea|KP Korea North|KP DPRK|KP Democratic People s Republic of Korea
KP Korea Democratic People s Republic of|KR South Korea|KR Korea South|KR Republic of Korea
KR Korea Republic of|XK Kosovo|KW Kuwait|KG Kyrgyzstan|KG Kyrgyz Republic|LA Laos
LA Lao People s Democratic Republic|LV Latvia|LB Lebanon|LS Lesotho|LR Liberia|LY Libya
LY Libyan Arab Jamahiriya|LI Liechtenstein|LT Lithuania|LU Luxembourg|MO Macau|MO Macao
MG Madagascar|MW Malawi|MY Malaysia|MV Maldives|ML Mali|MT Malta|MH Marshall Islands|MR Mauritania
MU Mauritius|MX Mexico|FM Micronesia|MD Moldova|MD Moldova Republic of|MD Republic of Moldova
MC Monaco|MN Mongolia|ME Montenegro|MA Morocco|MZ Mozambique|MM Myanmar|MM Burma|MM Myanmar Burma
NA Namibia|NR Nauru|NP Nepal|NL Netherlands|NZ New Zealand|NI Nicaragua|NE Niger|NG Nigeria
MK North Macedonia|MK North Macedonia The Republic of|MK Macedonia|NO Norway|OM Oman|PK Pakistan
PW Palau|PS Palestine|PS Palestinian|PS State of Palestine|PS Palestinian Territory Occupied
PS Occupied Palestinian Territories|PS West Bank|PS Gaza|PA Panama|PG Papua New Guinea|PY Paraguay
PE Peru|PH Philippines|PL Poland|PT Portugal|PR Puerto Rico|QA Qatar|RO Romania|RU Russia
RU Russian Federation|RW Rwanda|KN Saint Kitts and Nevis|LC Saint Lucia
VC Saint Vincent and the Grenadines|WS Samoa|SM San Marino|ST Sao Tome and Principe|SA Saudi Arabia
SN Senegal|RS Serbia|SC Seychelles|SL Sierra Leone|SG Singapore|SX Sint Maarten|SK Slovakia
SI Slovenia|SB Solomon Islands|SO Somalia|ZA South Africa|SS South Sudan|ES Spain|LK Sri Lanka
SD Sudan|SD The Sudan|SR Suriname|SE Sweden|CH Switzerland|SY Syria|SY Syrian Arab Republic
TW Taiwan|TW Taiwan Province of China|TJ Tajikistan|TZ Tanzania|TZ United Republic of Tanzania
TZ Tanzania United Republic of|TH Thailand|TL Timor-Leste|TL East Timor|TG Togo|TO Tonga
TT Trinidad and Tobago|TN Tunisia|TR Turkey|TR Turkiye|TM Turkmenistan|TC Turks and Caicos Islands
TV Tuvalu|UG Uganda|UA Ukraine|AE United Arab Emirates|AE UAE|GB United Kingdom|GB UK
GB Great Britain|GB England|GB United Kingdom of Great Britain and Northern Ireland
US United States|US United States of America|US USA|UY Uruguay|UZ Uzbekistan|VU Vanuatu|VE Venezuela
VE Venezuela Bolivarian Republic of|VN Vietnam|VN Viet Nam|VG British Virgin Islands
VG Virgin Islands British|VI Virgin Islands US|YE Yemen|ZM Zambia|ZW Zimbabwe
"""
_WORDS = re.compile(r"[^a-z-]+")


def _key(text: str) -> str:
    return _WORDS.sub(" ", text.lower()).strip().removeprefix("the ").removesuffix(" the")


_CODES = {
    _key(item[3:]): item[:2] for line in _NAMES.split("\n") for item in line.split("|") if item
}


def country_code(text: str) -> str:
    """Return the code of a country named or coded as publishers do; empty if not recognised.

    Of two languages separated by a slash or bar (Canada) the first is read.
    """
    text = re.split(r"\s+/\s+|\|", text, maxsplit=1)[0].strip()
    if len(text) == 2 and is_country(text.upper()):
        return text.upper()
    return _CODES.get(_key(text), "")
