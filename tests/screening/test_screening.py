"""No trick of writing hides a listed name; ordinary names pass; what is said is true."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paritas.screening import (
    Entry,
    Form,
    Identifier,
    IdentifierType,
    Kind,
    ListedName,
    ListVersion,
    Quality,
    Screener,
    Subject,
)
from paritas.screening.bench import bench, lists_in
from paritas.screening.explain import circumstances
from paritas.screening.matching import compare
from paritas.screening.ordinary import ordinary_names
from paritas.screening.quality import made_up_list, ordinary_scores, pair_scores, read_pairs, varied
from paritas.screening.screen import _asked, _tokens
from paritas.screening.search import Search
from paritas.screening.text import words_of
from paritas.screening.words import WordForms, WordIndex, likeness, token_of

SHARED = Path(os.environ.get("PARITAS_SHARED") or Path(__file__).parents[3] / "shared")
LISTS = SHARED / "data" / "lists"


def entry(number: str, name: str, kind: Kind = Kind.PERSON, **more: object) -> Entry:
    names = tuple(ListedName(text, primary=not i) for i, text in enumerate(name.split("|")))
    return Entry(number, kind, names, **more)  # type: ignore[arg-type]


ENTRIES = (
    entry(
        "1",
        "TESTOVSKY, Vladimir Madeupovich",
        births=("1950-04-04",),
        countries=("RU",),
        identifiers=(Identifier(IdentifierType.PASSPORT, "AB 1234567"),),
    ),
    entry("2", "Muhammad Abd al-Rahman AL-KHAYALI"),
    entry("3", "PEREVYDUMKIN, Sergey"),
    entry("4", "Zhong Gouxiang|钟构想"),
    entry("5", "Оборонвыдумка ООО", Kind.ORGANISATION),
    entry("6", "FANTASMA MARITIMA LIMITED LIABILITY COMPANY", Kind.ORGANISATION),
    entry(
        "7",
        "PAPER ALBATROSS",
        Kind.VESSEL,
        identifiers=(Identifier(IdentifierType.IMO, "9999993"),),
    ),
    entry(
        "8",
        "BANK OF NOWHERELAND",
        Kind.ORGANISATION,
        identifiers=(
            Identifier(IdentifierType.BIC, "NWHRRUMM"),
            Identifier(IdentifierType.LEI, "529900T8BM49AURSDO55"),
            Identifier(IdentifierType.WALLET, "1TestWalletAddressMadeUp0001"),
        ),
    ),
    Entry("9", Kind.PERSON, (ListedName("Kuznechikov"), ListedName("Baron Zhuk", Quality.WEAK))),
    entry("10", "GULDASTE", Kind.VESSEL),
)
LIST = ListVersion("TEST", "list", "2026-01-01", "ab" * 32, ENTRIES)
CROWD = made_up_list(3_000, seed=99)


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener([LIST, CROWD])


def found(screener: Screener, subject: Subject) -> set[str]:
    (verdict,) = screener.screen([subject])
    return {hit.entry_id for hit in verdict.hits if hit.list_id == "TEST/list"}


EVASIONS = [
    ("1", "Vladimir Madeupovich Testovsky", "as it is"),
    ("1", "vladimir TESTOVSKY", "the middle name left out"),
    ("1", "Testovsky Vladimir M.", "an initial"),
    ("1", "V. M. Testovsky", "initials"),
    ("1", "Vladimr Testovsky", "a letter missing"),
    ("1", "Vladimir Tsetovsky", "letters swapped"),
    ("1", "Wladimir Testowski", "as Germans and Poles write"),
    ("1", "Владимир Тестовский", "Cyrillic"),
    ("1", "Βλαδίμιρ Τεστόβσκι", "Greek"),
    ("1", "Vlаdimir Tеstоvsky", "Cyrillic letters that look Latin"),
    ("1", "Vladimir Τestovsky", "a Greek letter that looks Latin"),
    ("1", "Vla\u200bdi\u200dmir Testov\u2060sky", "zero-width characters"),
    ("1", "\u202eVladimir\u202c Testovsky\u200f", "direction marks"),
    ("1", "Vla\u00addimir Testov\ufeffsky", "soft hyphens and byte order marks"),
    ("1", "Vladimir😀 Te😀stovsky", "emoji"),
    ("1", "Vladimir️ Testovsky\ufe0f", "variation selectors"),
    ("1", "Ｖｌａｄｉｍｉｒ Ｔｅｓｔｏｖｓｋｙ", "full-width letters"),
    ("1", "𝓥𝓵𝓪𝓭𝓲𝓶𝓲𝓻 𝕿𝖊𝖘𝖙𝖔𝖛𝖘𝖐𝖞", "mathematical letters"),
    ("1", "Ⓥⓛⓐⓓⓘⓜⓘⓡ Ⓣⓔⓢⓣⓞⓥⓢⓚⓨ", "letters in circles"),
    ("1", "Vl̷a̷d̷i̷m̷i̷r̷ Te̶s̶t̶o̶v̶s̶k̶y̶", "letters struck through"),
    ("1", "Vládïmîr Tęstóvský", "accents"),
    ("1", "V.l.a.d.i.m.i.r T-e-s-t-o-v-s-k-y", "points and hyphens between letters"),
    ("1", "V l a d i m i r  T e s t o v s k y", "spaces between letters"),
    ("1", "VladimirTestovsky", "one word"),
    ("1", "TestovskyVladimir", "one word, turned round"),
    ("1", "Vladimir Testov sky", "a word split"),
    ("1", "Vladimir Testovsky Testovsky", "a word said twice"),
    ("1", "Mr. Vladimir Testovsky", "a title"),
    ("1", "Dr Vladimir Testovsky LLC", "a company form"),
    ("1", "Vl4d1m1r T3st0vsky", "digits for letters"),
    ("1", "Vladimir Petrov Madeupovich Testovsky", "a name put in between"),
    ("1", "VLADIMIR\tTESTOVSKY\n", "white space"),
    ("1", "*** Vladimir / 'Testovsky' !!!", "signs around"),
    ("2", "Mohammed Abdulrahman Alkhayali", "as others write the Arabic"),
    ("2", "Mohamad Abdel Rahman El Khayali", "as the French write it"),
    ("2", "محمد عبد الرحمن الخيالي", "Arabic"),
    ("2", "KHAYALI, Muhammed Abd-ur-Rahman", "hyphens, another order"),
    ("3", "Sergei Perevidumkin", "another transliteration"),
    ("3", "Сергей Перевыдумкин", "Cyrillic"),
    ("4", "钟构想", "Chinese"),
    ("4", "Gou Xiang Zhong", "syllables apart"),
    ("4", "ZHONG GOU-XIANG", "syllables hyphened"),
    ("5", "Oboronvydumka OOO", "romanised, Latin form"),
    ("5", "JSC Oboronvydumka", "another company form"),
    ("5", "ОБЩЕСТВО С ОГРАНИЧЕННОЙ ОТВЕТСТВЕННОСТЬЮ «ОБОРОНВЫДУМКА»", "the form in full"),
    ("6", "Fantasma Maritima LLC", "the form shortened"),
    ("6", "Fantasma Marítima L.L.C.", "points in the form"),
    ("6", "FANTASMA-MARITIMA", "no form"),
    ("6", "Fantasmamaritima Ltd", "one word"),
    ("7", "M/V Paper Albatross", "what a ship is called"),
]


@pytest.mark.parametrize(("number", "name", "trick"), EVASIONS, ids=[e[2] for e in EVASIONS])
def test_evasions_are_found(screener: Screener, number: str, name: str, trick: str) -> None:
    assert number in found(screener, Subject(name)), trick


@pytest.mark.parametrize("padding", ["x ", "lorem ", "ъ ", "😀", "a" * 50 + " "])
def test_a_name_hidden_in_ten_thousand_characters_is_found(
    screener: Screener, padding: str
) -> None:
    half = padding * (5_000 // len(padding))
    name = f"{half} Vladimir Testovsky {half}"
    assert "1" in found(screener, Subject(name))


@pytest.mark.parametrize("name", ["", " ", "\u200b", "😀" * 100, "a" * 10_000, "\ud800", "\0"])
def test_names_of_nothing_are_clear(screener: Screener, name: str) -> None:
    assert found(screener, Subject(name)) == set()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(Form))
def test_any_text_gets_a_verdict(name: str, form: Form) -> None:
    (verdict,) = SMALL.screen([Subject(name, form=form)])
    assert all(0 <= hit.score <= 100 for hit in verdict.hits)


SMALL = Screener([LIST])
_NOISE = st.sampled_from("\u200b\u200d\u2060\u202e\u200f\ufeff\u00ad😀")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), _NOISE), max_size=20))
def test_invisible_characters_change_nothing(noise: list[tuple[int, str]]) -> None:
    name = "Vladimir Testovsky"
    for place, character in noise:
        name = name[:place] + character + name[place:]
    assert words_of(name)[0].texts == ("vladimir", "testovsky")


def test_what_is_only_a_little_alike_is_clear(screener: Screener) -> None:
    names = ["Vladimir Ivanov", "Testov Consulting", "Muhammad Ahmad", "Paper Trading Ltd", "Zhong"]
    for name in names:
        assert found(screener, Subject(name)) == set(), name


TEXTS = [
    ("INVOICE 7781 SALARY VLADIMIR TESTOVSKY JUNE", {"1"}),
    ("freight for m/v paper albatross voyage 12", {"7"}),
    ("freight IMO 9999993 voyage 12", {"7"}),
    ("cover via NWHRRUMMXXX ref 991", {"8"}),
    ("pay to wallet 1TestWalletAddressMadeUp0001 today", {"8"}),
    ("passport AB1234567", {"1"}),
    ("vessel Guldaste, cargo wheat", {"10"}),
    ("guldaste carpets and rugs", set()),
    ("payment to Kuznechikov", {"9"}),
    ("for Baron Zhuk", set()),
    ("invoice 9999993 dated 2026-01-01", set()),
    ("cotton textiles, order 12345678, delivery in June", set()),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_free_text(screener: Screener, text: str, expected: set[str]) -> None:
    assert found(screener, Subject(text, form=Form.TEXT)) == expected


NUMBERS = [
    ("NWHRRUMM", "8"),
    ("nwhr ru mm 123", "8"),
    ("529900T8BM49AURSDO55", "8"),
    ("1testwalletaddressmadeup0001", "8"),
    ("IMO 9999993", "7"),
    ("9999993", "7"),
    ("AB-123 45 67", "1"),
]


@pytest.mark.parametrize(("number", "expected"), NUMBERS)
def test_numbers(screener: Screener, number: str, expected: str) -> None:
    subject = Subject("Some Other Name", identifiers=("0", number))
    (verdict,) = screener.screen([subject])
    assert [hit.entry_id for hit in verdict.hits] == [expected]
    assert number in verdict.hits[0].explanation


def test_the_explanation_says_which_words_matched(screener: Screener) -> None:
    subject = Subject("Vladimr Testovsky", birth="1950", country="DE", role="debtor")
    (verdict,) = screener.screen([subject])
    hit = verdict.hits[0]
    assert hit.entry_name == "TESTOVSKY, Vladimir Madeupovich"
    assert hit.version == LIST.id
    links = {(link.subject, link.listed): link.how for link in hit.links}
    assert links["testovsky", "testovsky"] == "the same"
    assert links["vladimr", "vladimir"] == "sounds alike"
    assert hit.explanation == (
        f'{hit.score}% like "TESTOVSKY, Vladimir Madeupovich"; the same: testovsky; vladimr is '
        "89% like vladimir (sounds alike); only in the listed name: madeupovich; the date of "
        "birth 1950 agrees with 1950-04-04; the country DE is not among RU."
    )
    assert verdict.role == "debtor"
    assert verdict.versions == (LIST.id, CROWD.id)
    assert not verdict.clear


@pytest.mark.parametrize(
    ("birth", "sign"),
    [("1950-04-04", 1), ("1950", 1), ("1951-01-01", 1), ("1953", -1), ("1980-04-04", -1), ("", 0)],
)
def test_dates_of_birth(birth: str, sign: int) -> None:
    points, _ = circumstances(Subject("x", birth=birth), ENTRIES[0], Quality.STRONG)
    assert (points > 0) - (points < 0) == sign


def test_a_batch_gives_each_subject_what_it_gets_alone(screener: Screener) -> None:
    names = [name for _, name, _ in EVASIONS] + [name for name, _ in ordinary_names(100, seed=2)]
    names = ["TestovskyVladimir", "", *names, "Qq", "VladimirTestovsky"]
    together = screener.screen([Subject(name) for name in names])
    for name, verdict in zip(names, together, strict=True):
        assert verdict == screener.screen([Subject(name)])[0], name


def test_only_the_lists_that_bind_are_used(screener: Screener) -> None:
    subject = Subject("Vladimir Testovsky", lists=frozenset({"made-up/list"}))
    (verdict,) = screener.screen([subject])
    assert verdict.clear
    assert verdict.versions == (CROWD.id,)


def test_a_person_with_another_date_of_birth_scores_less(screener: Screener) -> None:
    name = "Vladimir Madeupovich Testovsky"
    scores = [
        screener.screen([Subject(name, birth=birth)])[0].hits[0].score
        for birth in ("1950-04-04", "1980-01-01")
    ]
    assert scores == [100, 85]


def every_score(screener: Screener, subject: Subject) -> dict[str, int]:
    """Compare the subject with every listed name, one by one: what the index must not lose."""
    asked, owners = _asked([subject])
    weights = Search(screener.index, asked, 0.75).weights
    result: dict[str, int] = {}
    for reading in range(len(owners)):
        places = [i for i, r in enumerate(asked.readings.tolist()) if r == reading]
        tokens = _tokens(asked, weights, places[0], places[-1] + 1) if places else []
        for row, (version, listed, name) in enumerate(screener._rows):
            match = compare(tokens, screener.index.tokens(row))
            points, _ = circumstances(subject, listed, name.quality)
            score = round(match.score * 100) + points
            key = f"{version.id} {listed.id}"
            if round(match.score * 100) >= 70:
                result[key] = max(result.get(key, 0), min(score, 100))
    return result


def test_the_index_finds_what_comparing_everything_finds() -> None:
    crowd = made_up_list(400, seed=5)
    screener = Screener([LIST, crowd], threshold=75)
    dice = random.Random(6)
    names = [varied(e.primary_name, dice) for e in crowd.entries[::3]]
    names += [name for name, _ in ordinary_names(60, seed=8)]
    lost = total = 0
    for name in names:
        (verdict,) = screener.screen([Subject(name)])
        hits = {f"{hit.version} {hit.entry_id}": hit.score for hit in verdict.hits}
        expected = {k: v for k, v in every_score(screener, Subject(name)).items() if v >= 75}
        assert hits.items() <= expected.items()
        total += len(expected)
        lost += len(expected.keys() - hits.keys())
    assert total > 100
    assert lost <= total * 0.03


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("abcdehiklmorstuyz", min_size=1, max_size=12), min_size=2, max_size=8))
def test_one_pair_and_many_are_measured_alike(words: list[str]) -> None:
    index = WordIndex(sorted(set(words)))
    rows, listed, alike = index.find(WordForms(words))
    for row, number, value in zip(rows.tolist(), listed.tolist(), alike.tolist(), strict=True):
        one, _ = likeness(token_of(words[row]), token_of(index.forms.words[number]))
        assert one == pytest.approx(value, abs=1e-5)


@settings(max_examples=200, deadline=None)
@given(st.text("abdfijklmnrstuv", min_size=5, max_size=14), st.data())
def test_a_word_with_one_letter_left_out_is_found(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    slip = word[:place] + word[place + 1 :]
    spelling = token_of(word).spelling
    spelled = token_of(slip).spelling
    index = WordIndex([word])
    _, _, alike = index.find(WordForms([slip]))
    if len(spelling) >= 5 and spelled in [
        spelling[:i] + spelling[i + 1 :] for i in range(len(spelling))
    ]:
        assert alike[0] >= 0.8 - 1e-6
    assert bool(len(alike)) <= (likeness(token_of(slip), token_of(word))[0] > 0)


def test_made_up_lists_are_measured_without_any_file(tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    report = bench(larger=(), payments=50, ordinary=200, variants=100, picture=picture)
    assert report.qualities[0].recall is None
    assert report.at(75).variant_recall > 0.8
    assert report.speeds[0].payments_per_second > 0
    assert "threshold" in report.table()
    assert picture.read_text().startswith("<svg")


def test_an_empty_screener_clears_everything() -> None:
    (verdict,) = Screener([]).screen([Subject("Anyone at all", identifiers=("1234",))])
    assert verdict.clear
    assert verdict.versions == ()


@pytest.mark.skipif(not LISTS.exists(), reason="the shared lists are not here")
def test_real_lists_meet_the_targets() -> None:
    versions = lists_in(LISTS)
    same, other = pair_scores(read_pairs(LISTS / "bench_nk_name_cases.csv"), versions)
    # What nomenklatura's logic-v2 reaches on these pairs at its own threshold.
    assert same.share_from(75) >= 0.835
    assert other.share_from(75) <= 0.28
    assert ordinary_scores(versions, 6_000, seed=21).share_from(75) < 0.005
