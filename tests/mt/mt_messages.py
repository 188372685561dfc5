"""What the tests of MT share: made-up messages, reading back, the official schemas."""

import os
from functools import cache
from pathlib import Path

from lxml import etree

from paritas.mt.parsing import MtMessage, read_mt
from paritas.mt.translating import Translated
from paritas.mt.translation import from_iso, to_iso

SHARED = Path(os.environ.get("PARITAS_SHARED", Path(__file__).resolve().parents[3] / "shared"))
UETR = "8a562c67-ca16-48ba-b074-65581be6f001"
SENDER, RECEIVER = "AAAAINB0XXX", "BBBBBRS0XXX"
DOCUMENT = "{urn:iso:std:iso:20022:tech:xsd:%s}Document"


def fin(number: str, *fields: str, flag: str = "", uetr: str = UETR, more: str = "") -> bytes:
    """Return a whole output message with CRLF line ends."""
    cover = f"{{119:{flag}}}" if flag else ""
    user = f"{{3:{more}{cover}{{121:{uetr}}}}}" if uetr or flag else ""
    head = (
        "{1:F01BBBBBRS0XXXX0000000000}"
        f"{{2:O{number}1015261123AAAAINB0XXXX00000000002611231015N}}{user}{{4:"
    )
    text = "\r\n".join(field.replace("\n", "\r\n") for field in fields)
    return f"{head}\r\n{text}\r\n-}}".encode()


MT103 = (
    ":20:REF-1",
    ":13C:/CLSTIME/0915+0100",
    ":23B:CRED",
    ":23E:SDVA",
    ":23E:PHOB/20.527.19.60",
    ":32A:261123INR1250,50",
    ":33B:BRL75,10",
    ":36:16,6511",
    ":50F:/12345678\n1/Sharma Spices\n2/12 MG Road\n3/IN/Bengaluru",
    ":52A:AAAAINB0XXX",
    ":53A:CCCCUSS0",
    ":54A:DDDDUSS0",
    ":56A:EEEEBRS0",
    ":57A:FFFFBRS0XXX",
    ":59:/998877\nLojas do Norte Ltda\nRua das Flores 5\nSao Paulo BR",
    ":70:/PURP/GDDS///ROC/ORDER-2026-117///U\nRI/INVOICE 4711 AND 4712",
    ":71A:SHA",
    ":71F:INR10,",
    ":71F:INR5,50",
    ":72:/INS/GGGGSGS0\n/ACC/CALL BEFORE CREDITING THE ACCO\n//UNT OF THE COMPANY",
    ":77B:/ORDERRES/IN//SOFTWARE",
)
MT202 = (
    ":20:BANK-1",
    ":21:ORIGINAL-1",
    ":13C:/SNDTIME/0830+0530",
    ":32A:261123JPY1250000,",
    ":52A:/55-1\nAAAAINB0XXX",
    ":56D://FW021000089\nCORRESPONDENT BANK\nNEW YORK",
    ":57A:FFFFBRS0XXX",
    ":58A:/77-2\nHHHHBRS0XXX",
    ":72:/INS/GGGGSGS0\n/BNF/LOAN 8831\n/REC/NO CHARGES",
)
COVER = (
    ":20:COVER-1",
    ":21:CUST-1",
    ":32A:261123KWD1250,125",
    ":52A:AAAAINB0XXX",
    ":57A:FFFFBRS0XXX",
    ":58A:HHHHBRS0XXX",
    ":72:/INS/GGGGSGS0",
    ":50F:/12345678\n1/Sharma Spices\n2/12 MG Road\n3/IN/Bengaluru",
    ":52A:AAAAINB0XXX",
    ":57A:HHHHBRS0XXX",
    ":59F:/998877\n1/Lojas do Norte\n2/Rua das Flores 5\n3/BR/Sao Paulo",
    ":70:INVOICE 4711",
    ":33B:KWD1250,125",
)
MT940 = (
    ":20:STMT-1",
    ":25:GB33BUKB20201555555555",
    ":28C:12/1",
    ":60F:C261122EUR1000,",
    ":61:2611231123C250,50NTRFINV-4711//BANK-1\nTHANKS",
    ":86:/EREF/INV-4711/ORDP//NAME/Lojas do Norte",
    ":61:2611231123D100,NCHGNONREF//BANK-2",
    ":61:261123RD3,25NMSCREV-9",
    ":62F:C261123EUR1153,75",
    ":64:C261123EUR1100,",
    ":65:C261124EUR1153,75",
    ":86:END OF DAY",
)
MT942 = (
    ":20:RPT-1",
    ":25:12345678",
    ":28C:3/1",
    ":34F:EUR0,",
    ":13D:2611231100+0100",
    ":61:261123C750,NTRFORDER-1//BANK-3",
    ":61:261123D50,NTRFORDER-2",
    ":90D:1EUR50,",
    ":90C:1EUR750,",
)
MT900 = (":20:ADV-1", ":21:REF-1", ":25:12345678", ":32A:261123INR1250,50", ":52A:AAAAINB0XXX")
MT910 = (
    ":20:ADV-2",
    ":21:REF-2",
    ":25:12345678",
    ":13D:2611231100+0530",
    ":32A:261123INR1250,50",
    ":50K:/4711\nSharma Spices\n12 MG Road\nBengaluru IN",
    ":52A:AAAAINB0XXX",
    ":56A:EEEEBRS0",
)
MT192 = (
    ":20:CASE-1",
    ":21:REF-1",
    ":11S:103\n261120",
    f":79:/DUPL/SENT TWICE\n/UETR/{UETR}",
    ":32A:261123INR1250,50",
)
MT196 = (
    ":20:ANSWER-1",
    ":21:CASE-1",
    ":76:/RJCR/AC04",
    f":77A:/UETR/{UETR[:29]}\n//{UETR[29:]}",
    ":11R:103\n261120",
)
REJECTED = f":79:/REJT/99\n/AC04/ACCOUNT CLOSED\n/MREF/REF-1\n/TREF/ORDER-1\n/TEXT//UETR/{UETR}"
MT199 = (":20:STATUS-1", ":21:REF-1", REJECTED)
TRACKED = (":20:STATUS-2", ":21:REF-1", ":79://2611231015+0000\n//ACSP/G002\n//AAAAINB0XXX")

#: One whole message of each type, by its name.
MESSAGES = {
    "MT103": fin("103", *MT103),
    "MT103 STP": fin("103", *MT103, flag="STP"),
    "MT103 REMIT": fin("103", *MT103[:15], *MT103[16:], ":77T:/NARR/ALL OF IT", flag="REMIT"),
    "MT202": fin("202", *MT202),
    "MT202 COV": fin("202", *COVER, flag="COV"),
    "MT205": fin("205", *MT202),
    "MT192": fin("192", *MT192),
    "MT292": fin("292", *(field.replace("103", "202") for field in MT192)),
    "MT196": fin("196", *MT196),
    "MT296": fin("296", *(field.replace("103", "202") for field in MT196)),
    "MT199": fin("199", *MT199),
    "MT299": fin("299", *TRACKED),
    "MT900": fin("900", *MT900, uetr=""),
    "MT910": fin("910", *MT910, uetr=""),
    "MT940": fin("940", *MT940, uetr=""),
    "MT942": fin("942", *MT942, uetr=""),
    "MT950": fin("950", *MT940[:5], *MT940[6:10], uetr=""),
}


def one(data: bytes) -> MtMessage:
    """Read a file of one message."""
    (message,) = read_mt(data)
    return message


def fields_of(data: bytes) -> list[str]:
    """Return the fields as they are written above."""
    return [f":{field.tag}:{field.value}" for field in one(data).fields]


def values_of(data: bytes) -> dict[str, str]:
    """Return the values by tag; the last of a tag counts."""
    return {field.tag: field.value for field in one(data).fields}


def iso_of(data: bytes) -> tuple[etree._Element, Translated]:
    """Translate one MT, hold the result against the official schema, and return its Document."""
    (translated,) = to_iso(data)
    assert translated.data is not None, translated.said
    return document(translated), translated


def document(translated: Translated) -> etree._Element:
    """Return the Document of a translation, checked against the official schema if it is there."""
    assert translated.data is not None
    root = etree.fromstring(translated.data)
    body = root if root.tag.endswith("}Document") else root[1]
    official = official_schema(translated.message_type)
    if official is not None:
        assert official.validate(body), official.error_log
    return body


def back(translated: Translated) -> Translated:
    """Translate a single ISO 20022 message to MT."""
    assert translated.data is not None
    (result,) = from_iso(translated.data)
    assert result.data is not None, result.said
    return result


def text(body: etree._Element, path: str) -> str:
    """Return the text at a path of local names, "" if it is not there."""
    return body.findtext("/".join(f"{{*}}{name}" for name in path.split("/"))) or ""


@cache
def official_schema(message_type: str) -> etree.XMLSchema | None:
    path = SHARED / "iso20022-schemas" / f"{message_type}.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.exists() else None


def sample_files() -> list[Path]:
    """Return the real MT files beside the project, none where they are absent."""
    manifest = SHARED / "samples" / "MANIFEST.tsv"
    if not manifest.exists():
        return []
    rows = [line.split("\t") for line in manifest.read_text().splitlines()[1:]]
    return [SHARED / "samples" / row[0] for row in rows if row[1].startswith("MT")]
