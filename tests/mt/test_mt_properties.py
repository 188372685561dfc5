"""Any message that could be real: nothing is lost without a word, and the way back is the same."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from mt_messages import RECEIVER, SENDER, UETR, back, fields_of, fin, iso_of, one
from test_mt_transfers import GROUP, HEADER

from paritas.iso20022.payments import CustomerTransfer, Party, pacs008
from paritas.mt.checking import check_mt
from paritas.mt.translation import from_iso, to_iso
from paritas.mt.values import one_line, supported

SET_X = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ "
BEGIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789("


def line(longest):
    """A line of set X that begins and ends in something that nothing takes for white space."""
    inner = st.text(SET_X, max_size=longest - 2).map(one_line)
    return st.builds(
        lambda a, b, c: a + b + c, st.sampled_from(BEGIN), inner, st.sampled_from(BEGIN)
    )


def lines(longest, most):
    return st.lists(line(longest), min_size=1, max_size=most).map("\n".join)


REFERENCE = st.from_regex(r"[A-Z0-9]{1,16}", fullmatch=True)
ACCOUNT = st.from_regex(r"/[A-Z0-9]{1,20}", fullmatch=True)
PARTY_K = st.builds(lambda account, text: f"{account}\n{text}", ACCOUNT, lines(35, 4))
PARTY_F = st.builds(
    lambda account, name, street, town: f"{account}\n1/{name}\n2/{street}\n3/IN/{town}",
    ACCOUNT,
    line(33),
    line(33),
    line(30),
)
AMOUNT = st.integers(1, 10**11).map(
    lambda minor: f"{minor // 100},{minor % 100:02}".replace(",00", ",")
)


@settings(max_examples=100, deadline=None)
@given(
    REFERENCE,
    AMOUNT,
    st.one_of(PARTY_K.map(":50K:{}".format), PARTY_F.map(":50F:{}".format)),
    st.one_of(PARTY_K.map(":59:{}".format), PARTY_F.map(":59F:{}".format)),
    st.sampled_from(["BEN", "OUR", "SHA"]),
    line(30),
)
def test_mt103_there_and_back(reference, amount, debtor, creditor, bearer, remittance):
    charges = [f":33B:EUR{amount}", ":71F:EUR1,"] if bearer == "BEN" else []
    source = fin(
        "103",
        f":20:{reference}",
        ":23B:CRED",
        f":32A:261123EUR{amount}",
        *charges[:1],
        debtor,
        f":52A:{SENDER}",
        f":57A:{RECEIVER}",
        creditor,
        f":70:{remittance}",
        f":71A:{bearer}",
        *charges[1:],
    )
    _, translated = iso_of(source)
    again = back(translated)
    assert fields_of(again.data) == fields_of(source)
    assert not any(finding.code in ("rule.lost", "rule.truncated") for finding in translated.said)


ANY = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)
TEXT = st.one_of(ANY, st.text(SET_X, min_size=1, max_size=300)).map(one_line).filter(bool)


def joined(value):
    """Undo the breaking of lines: numbers of 50F, continuations of 72."""
    return re.sub(r"\n(?:[1-8]/|//)?", "", value)


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=4))
def test_nothing_is_lost_without_a_word(name, town, reference, remittance, instructions):
    """Each text stands whole in the MT, or a finding says that it was cut or changed."""
    transfer = CustomerTransfer(
        end_to_end_id=reference[:35],
        instruction_id="REF-1",
        uetr=UETR,
        currency="INR",
        amount_minor=1,
        debtor=Party(name[:140], "IN", town[:35]),
        creditor=Party("Lojas", "BR", "Sao Paulo"),
        debtor_agent=SENDER,
        creditor_agent=RECEIVER,
        remittance=remittance[:140],
        instructions_for_next_agent=tuple(text[:140] for text in instructions),
    )
    (translated,) = from_iso(pacs008(GROUP, [transfer], HEADER).checked())
    (result,) = check_mt(translated.data, "")
    assert result["valid"] is True, (result, translated.data)
    values = [joined(field.value) for field in one(translated.data).fields]
    said = {(f.code, f.path.rpartition("CdtTrfTxInf[1]/")[2]) for f in translated.said}
    places = {code: " ".join(path for each, path in said if each == code) for code, _ in said}
    wanted = {
        "Dbtr": [name[:140], town[:35]],
        "EndToEndId": [reference[:35]],
        "RmtInf": [remittance[:140]],
        "InstrForNxtAgt": [text[:140] for text in instructions],
    }
    for place, texts in wanted.items():
        for text in map(one_line, texts):
            whole = any(supported(text) in value for value in values)
            # A line that would begin with a colon or a dash has a point there, and that is said too.
            cut = ":" in places.get("rule.characters", "") or place in (
                places.get("rule.truncated", "") + places.get("rule.lost", "")
            )
            assert whole or cut or text == "NOTPROVIDED", (
                place,
                text,
            )
            if supported(text) != text and whole:
                assert place in places.get("rule.characters", ""), (place, text)


@settings(max_examples=100, deadline=None)
@given(st.lists(line(35), min_size=1, max_size=6).map("\n".join))
def test_every_line_of_72_is_somewhere(information):
    source = fin(
        "202",
        ":20:REF-1",
        ":21:REL-1",
        ":32A:261123EUR1,",
        f":52A:{SENDER}",
        f":57A:{RECEIVER}",
        f":58A:{RECEIVER}",
        f":72:/BNF/{information}"[:215],
    )
    (translated,) = to_iso(source)
    text = re.sub(r"<[^>]*>", " ", translated.data.decode()).replace("&#13;", "")
    words = set(re.split(r"[^A-Za-z0-9]+", information))
    squeezed = re.sub(r"[^A-Za-z0-9]+", "", text)
    assert all(word in squeezed for word in words)
