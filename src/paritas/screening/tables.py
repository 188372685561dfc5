"""The words that carry little of a name, and the letters that only look like others.

Company forms, titles and particles are kept when names are compared, but weigh next to nothing:
"Gazprom OAO" and "Gazprom JSC" are the same company as far as a list is concerned.
"""

from __future__ import annotations

import re

#: Company forms that mean nothing else in any name, romanised.
FORMS = frozenset(
    """
    ltd limited llc llp inc incorporated corp corporation co company plc gmbh mbh akg ggmbh
    aktiengesellschaft gesellschaft kommanditgesellschaft sarl srl spa sas sasu ooo oao zao pao
    nao gup fgup mup oo too tov ojsc cjsc pjsc jsc ano fze fzco fzc fzllc pte pty pvt sdn bhd
    tbk sro doo dooel ead eood ood ltda eireli cv rl sicav bvba sprl nv bv oyj aps asa kft zrt
    nyrt sia uab aktiebolag aktieselskab osakeyhtio jointstock obshchestvo otvetstvennostyu
    ogranichennoy ogranichenoy aktsionernoe aktsionernoye otkrytoe otkrytoye zakrytoe publichnoe
    anonim sirketi sti societe societatea raspundere limitata anonyme responsabilite sociedad
    anonima responsabilidad perseroan terbatas sendirian berhad spolka zoo kabushiki kaisha
    yugen godo gaisha kk pjs psc lp est establishment ulc lllp cooperativa wll saog saoc qsc kscc
    """.split()
)

#: Company forms that are also words of persons' names: a form only in what may be a company.
SHORT_FORMS = frozenset(
    "ag sa se as ab ao oy ad ae ap nk kg kd og sl sp sc pt ug ev mb cc pc tm dd ev hf vof ohg".split()
)

#: Several words that together are one company form; the first that fits is taken.
FORM_PHRASES = re.compile(
    r"\b(?:limited liability (?:company|partnership)"
    r"|(?:public |open |closed |private )?jo[iy]nt stock (?:company|compan|co)"
    r"|public limited company|private limited(?: company)?|limited partnership"
    r"|gesellschaft mit beschrankter haftung|free zone (?:establishment|company)"
    r"|obshchestvo s ogranichenn?oy otvetstvennostyu"
    r"|societe a responsabilite limitee|societatea cu raspundere limitata"
    r"|sociedad de responsabilidad limitada|besloten vennootschap"
    r"|sa de cv|sp z oo|co ltd|sdn bhd|kabushiki kaisha)\b"
)

#: A name with none of these can hold no such phrase: looking for one word is quicker.
PHRASE_WORDS = frozenset(
    "liability stock partnership limited mit ogranichennoy ogranichenoy responsabilite raspundere"
    " responsabilidad vennootschap cv oo ltd bhd kaisha zone".split()
)

TITLES = frozenset(
    """
    mr mrs ms miss dr prof professor sir madam lord lady dame hon his her excellency president
    prime minister general gen colonel col major maj captain capt lieutenant lt sergeant brigadier
    admiral marshal monsieur madame herr frau senor senora prasident sheikh shaikh shaykh sheik
    haji hajji hadji hajj mullah mulla maulavi maulawi mawlawi molla qari hafiz ustad ayatollah
    hojjatoleslam sayyid imam emir alhaj eng engineer mv mt ms mts
    """.split()
)

PARTICLES = frozenset(
    """
    al el ul ur ud as ash ad an ar az at bin ben ibn bint bt binti ould wuld de da di do dos das
    del dela della der den des du van von zu zum zur la le les lo los las the of and for und et y
    e i in a an na ha u o og och
    """.split()
)

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
_UNITS += " fifteen sixteen seventeen eighteen nineteen"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

#: Numbers written as words.
NUMBERS = {word: str(value) for value, word in enumerate(_UNITS.split())}
NUMBERS |= {word: str(value) for value, word in enumerate(_ORDINALS.split(), 1)}
NUMBERS |= {word: str(value * 10) for value, word in enumerate(_TENS.split(), 2)}
NUMBERS |= {"fourty": "40", "1st": "1", "2nd": "2", "3rd": "3"}
NUMBERS |= {f"{value}th": str(value) for value in range(4, 100)}

#: Common ways to write the same word shorter, and spellings that differ by country.
ABBREVIATIONS = {
    "intl": "international",
    "natl": "national",
    "govt": "government",
    "dept": "department",
    "bros": "brothers",
    "mfg": "manufacturing",
    "svcs": "services",
    "mgmt": "management",
    "assn": "association",
    "univ": "university",
    "organisation": "organization",
    "labour": "labor",
    "centre": "center",
    "defence": "defense",
    "mohd": "mohammad",
    "muhd": "mohammad",
    "md": "mohammad",
}

#: Letters of other scripts that look like a Latin letter.
LOOKALIKES = str.maketrans(
    {
        # Cyrillic
        **dict(zip("аеорсухкмнтвѕіјԛԝһӏԁгбзчьпиу", "aeopcyxkmhtbsijqwhldr63чbnuy", strict=True)),
        # Greek
        **dict(zip("αοριντυκχγβηεζμτςσωϲϳ", "aopivtukxybnezmtcowcj", strict=True)),
        # Armenian and Cherokee letters that pass for Latin ones
        **dict(zip("օոսցհյ", "onugho", strict=True)),
        **dict(zip("ꭺꭼꮋꮖꭻꮶꮮꮇꮲꭱꮪꭲꮩꮃꮓꮯᏂᎥ", "aehijklmprstvwzchi", strict=True)),
        "ı": "i",
        "ɑ": "a",
        "ɡ": "g",
        "ꞁ": "l",
        "ⅼ": "l",
    }
)
#: The lookalikes that pass for the letter at a glance; a word of only these may be a disguise.
LOOKALIKE_LETTERS = frozenset("аеорсухкмнтвѕіјԛԝһӏԁαορικυχνβηετ")

#: Digits and signs that stand for letters inside a word.
LEET = str.maketrans("013457869$@|", "oieastbbgsal")
