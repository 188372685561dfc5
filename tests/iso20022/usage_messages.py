"""Messages that keep every rule of every profile, made up for the tests of usage rules."""

from __future__ import annotations

UETR = "0f3e8a54-6a1c-4b5e-9d43-2f7c1b8e6a90"
_XSD = "urn:iso:std:iso:20022:tech:xsd:"
PAYER, PAYEE = "AAAAINB0XXX", "BBBBCNB0XXX"


def _agent(tag: str, bic: str) -> str:
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>"


_AGENTS = _agent("InstgAgt", PAYER) + _agent("InstdAgt", PAYEE)
_ADDRESS = "<PstlAdr><StrtNm>{}</StrtNm><TwnNm>{}</TwnNm><Ctry>{}</Ctry></PstlAdr>"
DEBTOR = f"<Dbtr><Nm>Asha Rao</Nm>{_ADDRESS.format('Mint Road 1', 'Mumbai', 'IN')}</Dbtr>"
CREDITOR = (
    f"<Cdtr><Nm>Li Trading</Nm>{_ADDRESS.format('Canal Street 8', 'Suzhou', 'CN')}"
    "<Id><OrgId><LEI>254900OPPU84GM83MG36</LEI></OrgId></Id></Cdtr>"
)
_ACCOUNTS = ("<DbtrAcct><Id><Othr><Id>10012</Id></Othr></Id></DbtrAcct>",) * 2
_CUSTOMERS = (
    DEBTOR
    + _ACCOUNTS[0]
    + _agent("DbtrAgt", PAYER)
    + _agent("CdtrAgt", PAYEE)
    + CREDITOR
    + _ACCOUNTS[0].replace("Dbtr", "Cdtr")
)
_REMITTANCE = "<RmtInf><Ustrd>Invoice 7, tea</Ustrd></RmtInf>"


def header(message_type: str, service: str = "swift.cbprplus.03") -> str:
    return (
        f'<AppHdr xmlns="{_XSD}head.001.001.02">'
        f"<Fr><FIId><FinInstnId><BICFI>{PAYER}</BICFI></FinInstnId></FIId></Fr>"
        f"<To><FIId><FinInstnId><BICFI>{PAYEE}</BICFI></FinInstnId></FIId></To>"
        f"<BizMsgIdr>M-1</BizMsgIdr><MsgDefIdr>{message_type}</MsgDefIdr>"
        f"<BizSvc>{service}</BizSvc><CreDt>2026-03-02T09:31:00+05:30</CreDt></AppHdr>"
    )


def _file(message_type: str, content: str, service: str = "swift.cbprplus.03") -> str:
    document = f'<Document xmlns="{_XSD}{message_type}">\n{content}</Document>'
    return f"<Envelope>\n{header(message_type, service)}\n{document}</Envelope>"


def _group(rest: str) -> str:
    return (
        f"<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-02T09:30:00+05:30</CreDtTm>{rest}</GrpHdr>\n"
    )


_SETTLED = "<NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf>"
_IDENTIFIED = (
    f"<PmtId><InstrId>I-1</InstrId><EndToEndId>E-1</EndToEndId><UETR>{UETR}</UETR></PmtId>"
)
_AMOUNT = (
    '<IntrBkSttlmAmt Ccy="INR">1000.00</IntrBkSttlmAmt><IntrBkSttlmDt>2026-03-02</IntrBkSttlmDt>'
)


def pacs_008() -> str:
    return _file(
        "pacs.008.001.08",
        f"<FIToFICstmrCdtTrf>{_group(_SETTLED)}<CdtTrfTxInf>{_IDENTIFIED}\n{_AMOUNT}"
        f"<ChrgBr>SHAR</ChrgBr>\n{_AGENTS}{_CUSTOMERS}{_REMITTANCE}</CdtTrfTxInf>"
        "</FIToFICstmrCdtTrf>",
    )


def pacs_009(*, cover: bool = False) -> str:
    underlying = f"<UndrlygCstmrCdtTrf>{_CUSTOMERS}</UndrlygCstmrCdtTrf>" if cover else ""
    return _file(
        "pacs.009.001.08",
        f"<FICdtTrf>{_group(_SETTLED)}<CdtTrfTxInf>{_IDENTIFIED}\n{_AMOUNT}{_AGENTS}"
        f"{_agent('Dbtr', PAYER)}{_agent('Cdtr', PAYEE)}{underlying}</CdtTrfTxInf></FICdtTrf>",
        "swift.cbprplus.cov.03" if cover else "swift.cbprplus.03",
    )


def pacs_004() -> str:
    return _file(
        "pacs.004.001.09",
        f"<PmtRtr>{_group(_SETTLED)}<TxInf><RtrId>R-1</RtrId><OrgnlGrpInf><OrgnlMsgId>M-0</OrgnlMsgId>"
        "<OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>"
        f"<OrgnlInstrId>I-0</OrgnlInstrId><OrgnlEndToEndId>E-0</OrgnlEndToEndId>"
        f"<OrgnlUETR>{UETR}</OrgnlUETR>"
        '<OrgnlIntrBkSttlmAmt Ccy="INR">1000.00</OrgnlIntrBkSttlmAmt>'
        "<OrgnlIntrBkSttlmDt>2026-03-01</OrgnlIntrBkSttlmDt>"
        '<RtrdIntrBkSttlmAmt Ccy="INR">1000.00</RtrdIntrBkSttlmAmt>'
        f"<IntrBkSttlmDt>2026-03-02</IntrBkSttlmDt><ChrgBr>SHAR</ChrgBr>{_AGENTS}"
        "<RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr>",
    )


def pacs_002() -> str:
    return _file(
        "pacs.002.001.10",
        f"<FIToFIPmtStsRpt>{_group('')}<TxInfAndSts><OrgnlGrpInf><OrgnlMsgId>M-0</OrgnlMsgId>"
        "<OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>"
        f"<OrgnlEndToEndId>E-0</OrgnlEndToEndId><OrgnlUETR>{UETR}</OrgnlUETR><TxSts>RJCT</TxSts>"
        "<StsRsnInf><Orgtr><Nm>Asha Rao</Nm></Orgtr><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"
        f"{_AGENTS}</TxInfAndSts></FIToFIPmtStsRpt>",
    )


def pain_001() -> str:
    return _file(
        "pain.001.001.09",
        f"<CstmrCdtTrfInitn>{_group('<NbOfTxs>1</NbOfTxs><InitgPty><Nm>Asha Rao</Nm></InitgPty>')}"
        "<PmtInf><PmtInfId>M-1</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>1</NbOfTxs>"
        f"<ReqdExctnDt><Dt>2026-03-02</Dt></ReqdExctnDt>{DEBTOR}{_ACCOUNTS[0]}"
        f"{_agent('DbtrAgt', PAYER)}<CdtTrfTxInf><PmtId><EndToEndId>E-1</EndToEndId>"
        f'<UETR>{UETR}</UETR></PmtId><Amt><InstdAmt Ccy="INR">1000.00</InstdAmt></Amt>'
        f"{_agent('CdtrAgt', PAYEE)}{CREDITOR}{_ACCOUNTS[0].replace('Dbtr', 'Cdtr')}{_REMITTANCE}"
        "</CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn>",
    )


def camt_054() -> str:
    return _file(
        "camt.054.001.08",
        f"<BkToCstmrDbtCdtNtfctn>{_group('')}<Ntfctn><Id>N-1</Id>"
        "<NtfctnPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></NtfctnPgntn>"
        "<CreDtTm>2026-03-02T09:30:00+05:30</CreDtTm><CpyDplctInd>COPY</CpyDplctInd>"
        "<Acct><Id><Othr><Id>10012</Id></Othr></Id></Acct>"
        '<Ntry><Amt Ccy="INR">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        "<ValDt><Dt>2026-03-02</Dt></ValDt><BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd></Ntry>"
        "</Ntfctn></BkToCstmrDbtCdtNtfctn>",
    )


def statement() -> str:
    def balance(kind: str, amount: str, side: str) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="INR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
            "<Dt><Dt>2026-03-02</Dt></Dt></Bal>"
        )

    def entry(amount: str, side: str, status: str = "BOOK") -> str:
        return (
            f'<Ntry><Amt Ccy="INR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
            f"<Sts><Cd>{status}</Cd></Sts><ValDt><Dt>2026-03-02</Dt></ValDt>"
            "<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd></Ntry>"
        )

    return _file(
        "camt.053.001.08",
        f"<BkToCstmrStmt>{_group('')}<Stmt><Id>S-1</Id>"
        "<CreDtTm>2026-03-02T19:30:00+05:30</CreDtTm>"
        "<Acct><Id><Othr><Id>10012</Id></Othr></Id><Ccy>INR</Ccy></Acct>"
        f"{balance('OPBD', '50.00', 'DBIT')}{balance('CLBD', '120.00', 'CRDT')}"
        "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries><Sum>235.00</Sum></TtlNtries>"
        "<TtlCdtNtries><NbOfNtries>2</NbOfNtries><Sum>205.00</Sum></TtlCdtNtries></TxsSummry>"
        f"{entry('200.00', 'CRDT')}{entry('30.00', 'DBIT')}{entry('5.00', 'CRDT', 'PDNG')}"
        "</Stmt></BkToCstmrStmt>",
    )
