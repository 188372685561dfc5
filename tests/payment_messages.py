"""Builds pacs.008 and pacs.009 of any version as bytes, for the tests of the reader.

Plain text and no library, so that the reader is not tested with its own ideas.
"""

from __future__ import annotations

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
PAYER, PAYEE = "AAAAINB0XXX", "BBBBCNB0XXX"
UETR = "0f3e8a54-6a1c-4b5e-9d43-2f7c1b8e6a90"

PACS_008_VERSIONS = [f"pacs.008.001.{version:02d}" for version in range(2, 14)]
PACS_009_VERSIONS = [f"pacs.009.001.{version:02d}" for version in range(2, 13)]


def is_institutional(message_type: str) -> bool:
    return message_type.startswith("pacs.009")


def version_of(message_type: str) -> int:
    return int(message_type[-2:])


def body_tag(message_type: str) -> str:
    if not is_institutional(message_type):
        return "FIToFICstmrCdtTrf"
    return "FinInstnCdtTrf" if version_of(message_type) < 4 else "FICdtTrf"


def bic_tag(message_type: str) -> str:
    """The tag of an institution's BIC was renamed with the third version (ISO 20022:2013)."""
    return "BIC" if version_of(message_type) < 3 else "BICFI"


def agent(tag: str, bic: str, message_type: str = "pacs.008.001.08") -> str:
    name = bic_tag(message_type)
    return f"<{tag}><FinInstnId><{name}>{bic}</{name}></FinInstnId></{tag}>"


def group_header(count: int = 1, extra: str = "", agents: str = "") -> str:
    """``extra`` stands between NbOfTxs and SttlmInf, ``agents`` after it."""
    return (
        "<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-11-20T09:30:00Z</CreDtTm>"
        f"<NbOfTxs>{count}</NbOfTxs>{extra}<SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>"
        f"{agents}</GrpHdr>"
    )


def transaction(
    number: int = 1,
    message_type: str = "pacs.008.001.08",
    amount: str = "1000.00",
    currency: str = "INR",
    date: str = "<IntrBkSttlmDt>2026-11-20</IntrBkSttlmDt>",
    type_information: str = "",
    after_date: str = "",
    agents: str | None = None,
    after_agents: str = "",
    debtor_account: str = "",
    last: str = "",
) -> str:
    if agents is None:
        agents = agent("InstgAgt", PAYER, message_type) + agent("InstdAgt", PAYEE, message_type)
    uetr = f"<UETR>{UETR}</UETR>" if version_of(message_type) >= 8 else ""
    head = (
        f"<CdtTrfTxInf><PmtId><InstrId>I-{number}</InstrId><EndToEndId>E-{number}</EndToEndId>"
        f"<TxId>T-{number}</TxId>{uetr}</PmtId>{type_information}"
        f'<IntrBkSttlmAmt Ccy="{currency}">{amount}</IntrBkSttlmAmt>{date}{after_date}'
    )
    if is_institutional(message_type):
        parties = agent("Dbtr", PAYER, message_type) + agent("Cdtr", PAYEE, message_type)
        return f"{head}{agents}{after_agents}{parties}{last}</CdtTrfTxInf>"
    return (
        f"{head}<ChrgBr>SHAR</ChrgBr>{agents}{after_agents}"
        f"<Dbtr><Nm>Importer &amp; Sons</Nm></Dbtr>{debtor_account}"
        f"{agent('DbtrAgt', PAYER, message_type)}{agent('CdtrAgt', PAYEE, message_type)}"
        f"<Cdtr><Nm>Exporter Çelik</Nm></Cdtr>{last}</CdtTrfTxInf>"
    )


def app_hdr(message_type: str = "pacs.008.001.08", version: str = "02", sender: str = PAYER) -> str:
    created = "2026-11-20T09:31:00Z"
    return (
        f'<AppHdr xmlns="{NAMESPACE}head.001.001.{version}">'
        f"<Fr><FIId><FinInstnId><BICFI>{sender}</BICFI></FinInstnId></FIId></Fr>"
        f"<To><FIId><FinInstnId><BICFI>{PAYEE}</BICFI></FinInstnId></FIId></To>"
        f"<BizMsgIdr>B-1</BizMsgIdr><MsgDefIdr>{message_type}</MsgDefIdr>"
        f"<BizSvc>test.service</BizSvc><CreDt>{created}</CreDt></AppHdr>"
    )


def document(
    *transactions: str, group: str | None = None, message_type: str = "pacs.008.001.08"
) -> str:
    tag = body_tag(message_type)
    group = group_header(len(transactions)) if group is None else group
    content = "\n".join(transactions)
    return (
        f'<Document xmlns="{NAMESPACE}{message_type}"><{tag}>{group}\n{content}</{tag}></Document>'
    )


def message(
    *transactions: str,
    group: str | None = None,
    message_type: str = "pacs.008.001.08",
    header: str | None = None,
) -> bytes:
    """A whole file: a business message with header and document."""
    transactions = transactions or (transaction(message_type=message_type),)
    header = app_hdr(message_type) if header is None else header
    inside = header + document(*transactions, group=group, message_type=message_type)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<BusinessMessage>{inside}</BusinessMessage>'
    return text.encode()
