"""The conversation over HTTP: what is said about a payment is answered and reaches the other bank."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from served import CHINA, INDIA, TODAY, Served, payment_message

XML = {"Content-Type": "application/xml"}
BOTH = {**XML, "Accept": "application/xml"}
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    node = Served(tmp_path_factory.mktemp("conversation")).start()
    yield node
    assert node.stop() == 0


def document(kind: str, body: str) -> bytes:
    return f'<Document xmlns="{NAMESPACE}{kind}">{body}</Document>'.encode()


def agent(tag: str, bic: str) -> str:
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>"


def group(message_id: str, more: str = "") -> str:
    return f"<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{TODAY}T10:00:00Z</CreDtTm>{more}</GrpHdr>"


def word(message_id: str, reference: str, status: str) -> bytes:
    agents = agent("InstgAgt", CHINA) + agent("InstdAgt", INDIA)
    item = f"<TxInfAndSts><OrgnlTxId>{reference}</OrgnlTxId><TxSts>{status}</TxSts></TxInfAndSts>"
    body = f"<FIToFIPmtStsRpt>{group(message_id, agents)}{item}</FIToFIPmtStsRpt>"
    return document("pacs.002.001.10", body)


def recall(message_id: str, reference: str) -> bytes:
    parties = "".join(
        f"<{tag}>{agent('Agt', bic)}</{tag}>" for tag, bic in (("Assgnr", INDIA), ("Assgne", CHINA))
    )
    assignment = f"<Id>{message_id}</Id>{parties}<CreDtTm>{TODAY}T10:00:00Z</CreDtTm>"
    reason = "<CxlRsnInf><Rsn><Cd>DUPL</Cd></Rsn></CxlRsnInf>"
    item = f"<Undrlyg><TxInf><OrgnlTxId>{reference}</OrgnlTxId>{reason}</TxInf></Undrlyg>"
    body = f"<FIToFIPmtCxlReq><Assgnmt>{assignment}</Assgnmt>{item}</FIToFIPmtCxlReq>"
    return document("camt.056.001.08", body)


def payment_return(message_id: str, reference: str) -> bytes:
    more = "<NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>"
    agents = agent("InstgAgt", CHINA) + agent("InstdAgt", INDIA)
    item = (
        f"<TxInf><RtrId>{message_id}</RtrId><OrgnlTxId>{reference}</OrgnlTxId>"
        f'<RtrdIntrBkSttlmAmt Ccy="INR">1.00</RtrdIntrBkSttlmAmt>'
        f"<IntrBkSttlmDt>{TODAY}</IntrBkSttlmDt>{agents}</TxInf>"
    )
    return document("pacs.004.001.09", f"<PmtRtr>{group(message_id, more)}{item}</PmtRtr>")


def question(message_id: str, reference: str) -> bytes:
    item = f"<TxInf><OrgnlTxId>{reference}</OrgnlTxId>{agent('InstgAgt', INDIA)}</TxInf>"
    body = f"<FIToFIPmtStsReq>{group(message_id, agent('InstgAgt', INDIA))}{item}</FIToFIPmtStsReq>"
    return document("pacs.028.001.03", body)


def liquidity(message_id: str) -> bytes:
    accounts = [f"<Id><Othr><Id>{INDIA}-INR{pot}</Id></Othr></Id>" for pot in ("-HIGH", "")]
    return document(
        "camt.050.001.07",
        f"<LqdtyCdtTrf><MsgHdr><MsgId>{message_id}</MsgId></MsgHdr><LqdtyCdtTrf>"
        f"<CdtrAcct>{accounts[0]}</CdtrAcct>"
        '<TrfdAmt><AmtWthCcy Ccy="INR">5.00</AmtWthCcy></TrfdAmt>'
        f"<DbtrAcct>{accounts[1]}</DbtrAcct></LqdtyCdtTrf></LqdtyCdtTrf>",
    )


def outbox(client: httpx.Client) -> list[tuple[str, str]]:
    messages, cursor = [], ""
    while True:
        page = client.get("/v1/outbox", params={"cursor": cursor} if cursor else {}).json()
        messages += [(m["message_type"][:8], m["document"]) for m in page["messages"]]
        cursor = page["cursor"]
        if page["is_last"]:
            return messages


def test_a_recall_and_a_return(served: Served) -> None:
    with served.client(INDIA) as india, served.client(CHINA) as china:
        paid = india.post("/v1/messages", content=payment_message("P1", ["T1"]), headers=XML)
        assert paid.json()["status"] == "ACSC"

        told = china.post("/v1/messages", content=word("W1", "T1", "ACCC"), headers=BOTH)
        assert b"RctAck" in told.content and b"RCVD" in told.content
        relayed = [text for kind, text in outbox(india) if kind == "pacs.002"]
        assert any("ACCC" in text and "<OrgnlMsgId>P1<" in text for text in relayed)
        # Nobody else speaks for the payee.
        assert (
            india.post("/v1/messages", content=word("W2", "T1", "RJCT"), headers=XML).json()[
                "status"
            ]
            == "RJCT"
        )

        asked = india.post("/v1/messages", content=recall("C1", "T1"), headers=XML).json()
        assert (asked["status"], asked["message_type"]) == ("PDCR", "camt.056.001.08")
        again = india.post("/v1/messages", content=recall("C1", "T1"), headers=BOTH)
        assert b"<Conf>PDCR</Conf>" in again.content
        forwarded = [text for kind, text in outbox(china) if kind == "camt.056"]
        assert len(forwarded) == 1 and "<OrgnlTxId>T1<" in forwarded[0]

        back = china.post("/v1/messages", content=payment_return("R1", "T1"), headers=XML).json()
        assert back["status"] == "ACSC"
        assert any("R1" in text for kind, text in outbox(india) if kind == "pacs.004")
        story = india.get("/v1/payments", params={"reference": "T1"}).json()["payments"][0]
        assert story["returned_minor"] == 100
        ended = india.post("/v1/messages", content=recall("C2", "T1"), headers=XML).json()
        assert (ended["status"], ended["reason"]) == ("RJCR", "ARDT")


def test_status_and_liquidity(served: Served) -> None:
    with served.client(INDIA) as india:
        india.post("/v1/messages", content=payment_message("P2", ["T2"]), headers=XML)
        status = india.post("/v1/messages", content=question("S1", "T2"), headers=BOTH)
        assert b"<TxSts>ACSC</TxSts>" in status.content
        unknown = india.post("/v1/messages", content=question("S2", "T99"), headers=BOTH)
        assert b"<TxSts>" not in unknown.content and b"AddtlInf" in unknown.content
        for message_id, wanted in (("L1", "ACSC"), ("L1", "RJCT"), ("L2", "ACSC")):
            moved = india.post("/v1/messages", content=liquidity(message_id), headers=XML).json()
            assert moved["status"] == wanted, moved


def test_the_journal_is_sound(served: Served) -> None:
    from paritas.journal.audit import audit

    assert audit(Path(served.journal)).breaches == ()
