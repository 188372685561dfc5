"""camt.054 and camt.053: what an account's owner is told agrees with what moved."""

import io
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outbound import ANY_TEXT, NOW, UETR, cut, readable, sent, text, texts

from paritas.iso20022.accounts import (
    BANK_TRANSACTION_CODES,
    Account,
    BalanceError,
    Conversion,
    Entry,
    EntryKind,
    Statement,
    camt053,
    camt054,
)
from paritas.iso20022.writer import Header

ACCOUNT = Account("AAAAINB0XXX-INR", "INR", "AAAAINB0XXX", "RBISINB0XXX", "Alpha & Sons Bank")
CREDIT = Entry(
    reference="17-1",
    amount_minor=150025,
    is_credit=True,
    kind=EntryKind.CUSTOMER,
    booking_date="2026-11-23",
    value_date="2026-11-24",
    message_id="M-1",
    instruction_id="I-1",
    end_to_end_id="E-1",
    transaction_id="T-1",
    uetr=UETR,
    debtor_agent="BBBBRUM0XXX",
    creditor_agent="AAAAINB0XXX",
    debtor="Volga Mills",
    creditor="Deccan Looms",
    text="Invoice 12",
)
DEBIT = Entry("18-1", 50, False, EntryKind.EXCHANGE, "2026-11-23", "2026-11-23")

AMOUNTS = st.one_of(st.sampled_from([0, 1, 99, 100, 10**18 - 1]), st.integers(0, 10**18 - 1))
ENTRIES = st.lists(
    st.builds(
        Entry,
        st.just("1-1"),
        AMOUNTS,
        st.booleans(),
        st.sampled_from(EntryKind),
        st.just("2026-11-23"),
        st.just("2026-11-23"),
    ),
    max_size=12,
)


def statement(opening_minor: int, closing_minor: int, **more: int) -> Statement:
    return Statement("S-1", NOW, 7, ACCOUNT, "2026-11-23", opening_minor, closing_minor, **more)


def test_a_notification_names_the_account_its_owner_and_its_issuer() -> None:
    root = sent(camt054("N-1", NOW, ACCOUNT, [CREDIT]))
    assert text(root, "GrpHdr/MsgRcpt/Id/OrgId/AnyBIC") == "AAAAINB0XXX"
    assert text(root, "Acct/Id/Othr/Id") == "AAAAINB0XXX-INR"
    assert text(root, "Acct/Ccy") == "INR"
    assert text(root, "Acct/Ownr/Nm") == "Alpha & Sons Bank"
    assert text(root, "Acct/Ownr/Id/OrgId/AnyBIC") == "AAAAINB0XXX"
    assert text(root, "Acct/Svcr/FinInstnId/BICFI") == "RBISINB0XXX"


def test_an_entry_says_what_moved_and_why() -> None:
    root = sent(camt054("N-1", NOW, ACCOUNT, [CREDIT]))
    assert texts(root, "Ntry/Amt") == ["1500.25"]
    assert texts(root, "Ntry/CdtDbtInd") == ["CRDT"]
    assert texts(root, "Ntry/Sts/Cd") == ["BOOK"]
    assert texts(root, "Ntry/BookgDt/Dt") == ["2026-11-23"]
    assert texts(root, "Ntry/ValDt/Dt") == ["2026-11-24"]
    assert texts(root, "Ntry/AcctSvcrRef") == ["17-1"]
    assert texts(root, "TxDtls/Refs/MsgId") == ["M-1"]
    assert texts(root, "TxDtls/Refs/InstrId") == ["I-1"]
    assert texts(root, "TxDtls/Refs/EndToEndId") == ["E-1"]
    assert texts(root, "TxDtls/Refs/TxId") == ["T-1"]
    assert texts(root, "TxDtls/Refs/UETR") == [UETR]
    assert texts(root, "RltdAgts/DbtrAgt/FinInstnId/BICFI") == ["BBBBRUM0XXX"]
    assert texts(root, "RltdAgts/CdtrAgt/FinInstnId/BICFI") == ["AAAAINB0XXX"]
    assert texts(root, "RltdPties/Dbtr/Pty/Nm") == ["Volga Mills"]
    assert texts(root, "RltdPties/Cdtr/Pty/Nm") == ["Deccan Looms"]
    assert texts(root, "AddtlTxInf") == ["Invoice 12"]


@pytest.mark.parametrize("kind", EntryKind)
@pytest.mark.parametrize("is_credit", [True, False])
def test_each_kind_has_its_bank_transaction_code(kind: EntryKind, is_credit: bool) -> None:
    entry = Entry("1-1", 1, is_credit, kind, "2026-11-23", "2026-11-23")
    root = sent(camt054("N-1", NOW, ACCOUNT, [entry]))
    domain, credit, debit, sub_family = BANK_TRANSACTION_CODES[kind]
    assert text(root, "BkTxCd/Domn/Cd") == domain
    assert text(root, "BkTxCd/Domn/Fmly/Cd") == (credit if is_credit else debit)
    assert text(root, "BkTxCd/Domn/Fmly/SubFmlyCd") == sub_family


def test_a_converted_entry_states_both_legs_and_the_rate() -> None:
    conversion = Conversion("RUB", 120020, "INR", 150025, "0.8")
    entry = Entry(
        "1-1", 150025, True, EntryKind.CUSTOMER, "2026-11-23", "2026-11-23", conversion=conversion
    )
    root = sent(camt054("N-1", NOW, ACCOUNT, [entry]))
    assert text(root, "AmtDtls/InstdAmt/Amt") == "1500.25"
    assert text(root, "AmtDtls/CntrValAmt/Amt") == "1200.20"
    exchange = root.find(".//{*}CcyXchg")
    assert exchange is not None
    assert [each.text for each in exchange] == ["RUB", "INR", "INR", "0.8"]


def test_a_statement_goes_from_opening_to_closing() -> None:
    root = sent(camt053(statement(-1000, 148975), [CREDIT, DEBIT]))
    assert text(root, "Stmt/ElctrncSeqNb") == "7"
    assert texts(root, "Bal/Tp/CdOrPrtry/Cd") == ["OPBD", "CLBD"]
    assert texts(root, "Bal/Amt") == ["10.00", "1489.75"]
    assert texts(root, "Bal/CdtDbtInd") == ["DBIT", "CRDT"]
    assert texts(root, "Bal/Dt/Dt") == ["2026-11-23"] * 2
    assert text(root, "TxsSummry/TtlNtries/NbOfNtries") == "2"
    assert text(root, "TxsSummry/TtlNtries/Sum") == "1500.75"
    assert text(root, "TtlNtries/TtlNetNtry/Amt") == "1499.75"
    assert text(root, "TtlNtries/TtlNetNtry/CdtDbtInd") == "CRDT"
    assert text(root, "TtlCdtNtries/Sum") == "1500.25"
    assert text(root, "TtlDbtNtries/Sum") == "0.50"


def test_a_statement_may_tell_the_limit_and_what_is_available() -> None:
    root = sent(camt053(statement(0, 0, limit_minor=5000, available_minor=4000), []))
    assert texts(root, "Bal/Tp/CdOrPrtry/Cd") == ["OPBD", "CLBD", "CLAV"]
    assert texts(root, "Bal/CdtLine/Incl") == ["false", "true"]
    assert texts(root, "Bal/CdtLine/Amt") == ["50.00", "50.00"]
    assert texts(root, "Bal/Amt") == ["0.00", "0.00", "40.00"]


def test_notification_and_statement_name_an_entry_alike() -> None:
    notified = sent(camt054("N-1", NOW, ACCOUNT, [CREDIT, DEBIT]))
    stated = sent(camt053(statement(0, 149975), [CREDIT, DEBIT]))
    for path in ("AcctSvcrRef", "Amt", "CdtDbtInd", "BookgDt/Dt", "ValDt/Dt", "BkTxCd/Domn/Cd"):
        assert texts(notified, f"Ntry/{path}") == texts(stated, f"Ntry/{path}"), path
        assert len(texts(stated, f"Ntry/{path}")) == 2
    for path in ("EndToEndId", "UETR", "TxId"):
        refs = f"Ntry/NtryDtls/TxDtls/Refs/{path}"
        assert texts(notified, refs) == texts(stated, refs), path


@pytest.mark.parametrize("off_by", [1, -1, 10**20])
def test_a_statement_that_does_not_add_up_is_not_written(off_by: int) -> None:
    with pytest.raises(BalanceError, match=r"AAAAINB0XXX-INR for 2026-11-23: .* not the closing"):
        camt053(statement(0, 149975 + off_by), [CREDIT, DEBIT])


@given(st.integers(-(10**17), 10**17), ENTRIES)
def test_the_balances_and_entries_of_a_statement_add_up_as_written(
    opening_minor: int, entries: list[Entry]
) -> None:
    net = sum(each.amount_minor if each.is_credit else -each.amount_minor for each in entries)
    closing_minor = opening_minor + net
    if abs(closing_minor) >= 10**18:
        return
    root = sent(camt053(statement(opening_minor, closing_minor), entries))
    signed = [
        int(money.replace(".", "")) * (1 if side == "CRDT" else -1)
        for money, side in chain(
            zip(texts(root, "Bal/Amt"), texts(root, "Bal/CdtDbtInd"), strict=True),
            zip(texts(root, "Ntry/Amt"), texts(root, "Ntry/CdtDbtInd"), strict=True),
        )
    ]
    opening, closing, *moved = signed
    assert opening + sum(moved) == closing


@given(ANY_TEXT, ANY_TEXT)
def test_any_names_and_identifiers_give_a_valid_notification(one: str, two: str) -> None:
    account = Account("A-1", "INR", "AAAAINB0XXX", "RBISINB0XXX", one)
    entry = Entry(
        "1-1", 1, True, EntryKind.CUSTOMER, "2026-11-23", "2026-11-23",
        one, two, one, two, one, two, one, two, one, None, two,
    )  # fmt: skip
    root = sent(camt054("N-1", NOW, account, [entry]))
    assert texts(root, "Acct/Ownr/Nm") == [cut(readable(one), 140)] * bool(one)
    assert texts(root, "RltdPties/Dbtr/Pty/Nm") == [cut(readable(two), 140)] * bool(two)
    assert texts(root, "RltdPties/Cdtr/Pty/Nm") == [cut(readable(one), 140)] * bool(one)
    assert texts(root, "AddtlTxInf") == [cut(readable(two), 500)] * bool(two)


def test_many_entries_stream_from_a_generator() -> None:
    header = Header("RBISINB0XXX", "AAAAINB0XXX", "N-1", NOW)
    file = io.BytesIO()
    camt054("N-1", NOW, ACCOUNT, (CREDIT for _ in range(500)), header).write(file)
    assert file.getvalue() == camt054("N-1", NOW, ACCOUNT, [CREDIT] * 500, header).checked()
