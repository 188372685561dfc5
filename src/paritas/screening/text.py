"""A name as written becomes words that can be compared, whatever script or tricks it is written in.

What is undone here: invisible characters (zero width, direction marks, soft hyphens), letters of
other scripts that only look Latin, decorated and full-width letters, emoji, accents, punctuation
inside words, digits for letters, numbers in words, initials run together. Other scripts are
romanised by anyascii. The result is lower-case ASCII words, each with the share of its weight
that its role leaves it: company forms, titles and particles weigh next to nothing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import msgspec
from anyascii import anyascii

from paritas.screening.entities import Kind
from paritas.screening.tables import (
    ABBREVIATIONS,
    FORM_PHRASES,
    FORMS,
    LEET,
    LOOKALIKE_LETTERS,
    LOOKALIKES,
    NUMBERS,
    PARTICLES,
    PHRASE_WORDS,
    SHORT_FORMS,
    TITLES,
)

#: What is left of a word's weight if it is a company form, a title, a particle, or a sign: a
#: single letter or a number.
FORM_SHARE, TITLE_SHARE, PARTICLE_SHARE, SIGN_SHARE = 0.04, 0.1, 0.1, 0.4

# Apostrophes and quotation marks vanish (Qa'ida), other punctuation separates.
_ASCII: dict[int, str | None] = {code: " " for code in range(128) if not chr(code).isalnum()}
_ASCII |= {ord(character): None for character in "'`\"^~"}
_ASCII |= {ord("$"): "s", ord("@"): "a"}
_ASCII |= {code: chr(code).lower() for code in range(128) if chr(code).isupper()}
_ABD = re.compile(r"abd[aeou]{1,2}[lrszn](?=[a-z]{3})")
# A company form written as part of the word before or after it.
_GLUED_FORM = re.compile(
    r"(?P<name>.{4,}?)(?P<form>limited|gmbh|llc|ltda|ltd|sarl|corporation|ojsc|jsc|ooo|plc|bhd)"
    r"|(?P<form_first>gmbh|ooo|oao|ojsc|pjsc|jsc|llc)(?P<name_after>.{4,})"
)
_ABD_WORDS = frozenset(
    ["abd", "abdul", "abdel", "abdal", "abdur", "abdus", "abdoul", "abdol", "abdool", "abdil"]
)
_SYLLABLES = re.compile(r"[A-Z][a-z']*")
_ROMAN = frozenset(
    [
        "ii",
        "iii",
        "iv",
        "vi",
        "vii",
        "viii",
        "ix",
        "xi",
        "xii",
        "xiii",
        "xiv",
        "xv",
        "xvi",
        "xvii",
        "xviii",
        "xix",
        "xx",
    ]
)
_SPECIAL = (
    FORMS
    | SHORT_FORMS
    | TITLES
    | PARTICLES
    | _ROMAN
    | NUMBERS.keys()
    | ABBREVIATIONS.keys()
    | _ABD_WORDS
)
_REWRITTEN = NUMBERS.keys() | ABBREVIATIONS.keys()


class Words(msgspec.Struct, frozen=True, gc=False):
    """The words of one reading of a name, and the share of its weight that each keeps."""

    texts: tuple[str, ...]
    shares: tuple[float, ...]


def script_of(text: str) -> str:
    """Return the ISO 15924 code of the script that most letters of ``text`` are in."""
    counts: dict[str, int] = {}
    for character in text:
        if character.isalpha():
            script = _script(character)
            counts[script] = counts.get(script, 0) + 1
    return max(counts, key=lambda script: counts[script]) if counts else "Zyyy"


_SCRIPTS = {
    "LATIN": "Latn",
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "CJK": "Hani",
    "HANGUL": "Hang",
    "HIRAGANA": "Jpan",
    "KATAKANA": "Jpan",
    "DEVANAGARI": "Deva",
    "BENGALI": "Beng",
    "THAI": "Thai",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
    "KHMER": "Khmr",
    "MYANMAR": "Mymr",
    "ETHIOPIC": "Ethi",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "LAO": "Laoo",
    "TIBETAN": "Tibt",
}


@lru_cache(maxsize=8192)
def _script(character: str) -> str:
    return _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0].split("-")[0], "Zyyy")


def words_of(name: str, kind: Kind = Kind.UNKNOWN) -> tuple[Words, ...]:
    """Return the readings of a name: one, or two where its letters may be a disguise.

    Never raises and takes time in proportion to the text. A name without any letter or digit has
    one reading without words.
    """
    if name.isascii():
        return (_weighed(name.translate(_ASCII).split(), kind),)
    return tuple(_weighed(words, kind) for words in _romanised(name))


# Words met before that need no second look; dropped when there are too many.
_plain: set[str] = set()
_PLAIN_MAX = 500_000


def _is_plain(word: str) -> bool:
    return (
        len(word) > 1
        and word.isalpha()
        and word not in _SPECIAL
        and not word.startswith("abd")
        and _GLUED_FORM.fullmatch(word) is None
    )


def _weighed(raw: list[str], kind: Kind) -> Words:
    if _plain.issuperset(raw):
        return Words(tuple(raw), (1.0,) * len(raw))
    if len(_plain) > _PLAIN_MAX:
        _plain.clear()
    _plain.update(filter(_is_plain, raw))
    words = _joined_initials(raw)
    letters = "".join(words)
    if not letters.isalpha():
        words = [_unleeted(word) for word in words]
    if "abd" in letters:
        words = [part for word in words for part in _parts(word)]
    if not _plain.issuperset(words):
        words = [part for word in words for part in _formed(word)]
    if not PHRASE_WORDS.isdisjoint(words):
        words = FORM_PHRASES.sub(lambda m: m[0].replace(" ", "_"), " ".join(words)).split(" ")
    if not _REWRITTEN.isdisjoint(words):
        words = _numbered([ABBREVIATIONS.get(word, word) for word in words])
    shares = [1.0 if word in _plain else _share(word, kind, len(words)) for word in words]
    if shares and max(shares) < 1:
        # Nothing but forms and particles: then they are the name.
        shares = [1.0] * len(words)
    return Words(tuple([word.replace("_", "") for word in words]), tuple(shares))


def _parts(word: str) -> tuple[str, ...]:
    """Abdulaziz, Abdel Aziz and Abd al-Aziz are one name: "abdul" and what follows."""
    if word in _ABD_WORDS:
        return ("abdul",)
    match = _ABD.match(word)
    if match is None or word.startswith(("abdullah", "abdallah", "abdoullah", "abdulah")):
        return (word,)
    return ("abdul", word[match.end() :])


def _formed(word: str) -> tuple[str, ...]:
    """Part a company form from the word that it is written together with."""
    match = None if word in _SPECIAL or word in _plain else _GLUED_FORM.fullmatch(word)
    return (word,) if match is None else tuple(filter(None, match.groups()))


def _share(word: str, kind: Kind, length: int) -> float:
    if word in FORMS or "_" in word:
        return FORM_SHARE
    if word in SHORT_FORMS and kind is not Kind.PERSON and length > 2 - (kind is not Kind.UNKNOWN):
        return FORM_SHARE
    if word in TITLES and length > 1:
        return TITLE_SHARE
    if word in PARTICLES:
        return PARTICLE_SHARE
    if len(word) == 1 or word.isdigit() or word in _ROMAN:
        return SIGN_SHARE
    return 1.0


def _joined_initials(words: list[str]) -> list[str]:
    """Letters that stand alone side by side are one word: "S. A." is "sa", "P u t i n" putin."""
    if not words or min(map(len, words)) > 1:
        return words
    result: list[str] = []
    run = 0
    for word in words:
        if len(word) == 1 and word.isalpha():
            if run:
                result[-1] += word
            else:
                result.append(word)
            run += 1
        else:
            result.append(word)
            run = 0
    return result


def _unleeted(word: str) -> str:
    if word in NUMBERS or word.isalpha() or word.isdigit():
        return word
    letters = sum(map(str.isalpha, word))
    return word.translate(LEET) if letters >= 2 and not word[-2:].isdigit() else word


def _numbered(words: list[str]) -> list[str]:
    """Write number words in digits; "forty four" is 44."""
    result: list[str] = []
    for word in words:
        digits = NUMBERS.get(word)
        if digits is None:
            result.append(word)
        elif result and len(digits) == 1 and result[-1] in _WHOLE_TENS:
            result[-1] = result[-1][0] + digits
        else:
            result.append(digits)
    # A unit after a whole ten may have been written as a digit ("forty 4").
    return result


_WHOLE_TENS = frozenset(str(tens) for tens in range(20, 100, 10))


def _romanised(name: str) -> list[list[str]]:
    """Return the ways in which a name can be read, the most likely first."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(map(_visible, text))
    words: list[str] = []
    disguised: list[str] = []
    alone = True
    latin = any("a" <= character <= "z" for character in text.lower())
    for word in text.split():
        plain, lookalike = _latin(word)
        words.extend(plain)
        disguised.extend(lookalike or plain)
        alone = alone and (bool(lookalike) or not plain)
    # In a name that is Cyrillic throughout, a word of lookalikes is just a Cyrillic word.
    readings = [words] if disguised == words or not (latin or alone) else [words, disguised]
    if any("\u0600" <= character <= "\u06ff" for character in text):
        readings.extend(_foreign_in_arabic(words))
    return readings


def _foreign_in_arabic(words: list[str]) -> list[list[str]]:
    """Arabic writes p as b and v as f, so foreign names have readings with either."""
    found = []
    for letters in ({"f": "v"}, {"b": "p"}, {"f": "v", "b": "p"}):
        table = str.maketrans(letters)
        other = [word.translate(table) for word in words]
        if other != words and other not in found:
            found.append(other)
    return found


@lru_cache(maxsize=16384)
def _visible(character: str) -> str:
    """Drop what is not seen (format marks, emoji) and turn punctuation into spaces."""
    if character.isascii():
        return character if character.isalnum() or character in "'`\"^~$@" else " "
    category = unicodedata.category(character)
    if category in ("Cf", "Cn", "Co", "Cs", "Sk", "Me") or 0xFE00 <= ord(character) <= 0xFE0F:
        return ""
    if category == "So":
        romanised = anyascii(character)
        return romanised if len(romanised) == 1 and romanised.isalnum() else ""
    if category in ("Lm", "Pi", "Pf") or character in "ʼʾʿ′‘’ʹ׳״":
        return "" if character != "ー" else "-"
    return character if category[0] in "LMN" else " "


def _latin(word: str) -> tuple[list[str], list[str]]:
    """Romanise a word; the second list is its other reading, if it may be a disguise."""
    if word.isascii():
        return word.translate(_ASCII).split(), []
    lowered = word.lower()
    scripts = {_script(character) for character in lowered if character.isalpha()} - {"Zyyy"}
    if len(scripts) > 1 and "Latn" in scripts:
        return _ascii_words(lowered.translate(LOOKALIKES)), []
    plain = _ascii_words(_spelled(word, scripts))
    if scripts & {"Cyrl", "Grek"} and LOOKALIKE_LETTERS.issuperset(lowered):
        return plain, _ascii_words(lowered.translate(LOOKALIKES))
    return plain, []


def _spelled(word: str, scripts: set[str]) -> str:
    if "Arab" in scripts:
        # The article is not heard as part of the word; w and y within it are vowels.
        if word.startswith("ال") and len(word) > 4:
            word = word[2:]
        word = anyascii(word)
        word = word[:1] + word[1:].translate(_SEMIVOWELS)
        return "abdul" if word.strip("`'") == "bd" else word
    if scripts & {"Hani", "Hang"}:
        return " ".join(_SYLLABLES.findall(anyascii(word))) or anyascii(word)
    if scripts <= {"Latn", "Cyrl", "Grek"}:
        decomposed = unicodedata.normalize("NFD", word) if scripts == {"Latn"} else word
        word = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    return anyascii(word)


_SEMIVOWELS = str.maketrans("wy", "ui")


def _ascii_words(text: str) -> list[str]:
    return anyascii(text).translate(_ASCII).split()
