"""Credit transfers to ISO 20022: MT103 to pacs.008.001.08, MT202 and MT205 to pacs.009.001.08."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from paritas.iso20022.payments import CUSTOMER_TYPE, INSTITUTION_TYPE
from paritas.iso20022.writer import (
    Draft,
    Header,
    amount,
    branch,
    clip,
    document,
    leaf,
    pieces,
    uetr,
)
from paritas.model.money import AmountError
from paritas.model.parties import is_bic
from paritas.mt.codes import (
    CATEGORY_CODES,
    CHARGE_BEARERS,
    CREDITOR_AGENT_CODES,
    OPERATIONS,
    TIMES,
)
from paritas.mt.elements import (
    account_element,
    agent_element,
    cut_parts,
    party_element,
    remittance_element,
)
from paritas.mt.parsing import Field, MtMessage
from paritas.mt.parties import NOT_PROVIDED, Party, read_party
from paritas.mt.translating import (
    ASSUMED,
    CUT,
    LOST,
    UNSTRUCTURED,
    WITHOUT_UETR,
    Fields,
    Said,
    UntranslatableError,
    bounded,
    read_codes,
    say_fields_lost,
)
from paritas.mt.values import read_amount, read_date, unfold

_SETTLED = re.compile(r"([0-9]{6})([A-Z]{3})([0-9,]+)", re.ASCII)
_AMOUNT = re.compile(r"([A-Z]{3})([0-9,]+)", re.ASCII)
_TIME = re.compile(r"/([A-Z]+)/([0-9]{2})([0-9]{2})([+-][0-9]{2})([0-9]{2})", re.ASCII)
_REMITTANCE_CODE = re.compile(r"(?:^|//)/(ULTB|ULTD|PURP|ROC|URI)/", re.ASCII)
_BEARERS = {code: bearer for bearer, code in CHARGE_BEARERS.items()}
_CODE_CHARACTERS = 35
_COVER = frozenset({"50A", "50F", "50K"})
_RETURNS = frozenset({"RETN", "REJT"})


@dataclass
class Parts:
    """Pieces of a CdtTrfTxInf that several fields together fill."""

    previous: list[str] = field(default_factory=list)
    intermediaries: list[str] = field(default_factory=list)
    for_creditor_agent: list[str] = field(default_factory=list)
    for_next_agent: list[str] = field(default_factory=list)
    service_levels: list[str] = field(default_factory=list)
    local_instrument: str = ""
    category: str = ""
    end_to_end_id: str = ""
    purpose: str = ""
    remittance: str = ""
    ultimate_debtor: str = ""
    ultimate_creditor: str = ""

    def take(self, code: str, text: str) -> bool:
        """Take an item of field 72 that has an element of its own, if there is room in it."""
        lists = {"INS": (self.previous, 3), "INTA": (self.intermediaries, 2)}
        lists["SVCLVL"] = (self.service_levels, 3)
        names = {"LOCINS": "local_instrument", "CATPURP": "category", "PURP": "purpose"}
        if code in lists and len(text) <= _CODE_CHARACTERS:
            texts, most = lists[code]
            if len(texts) < most:
                texts.append(text)
                return True
        elif code in names and len(text) <= _CODE_CHARACTERS and not getattr(self, names[code]):
            setattr(self, names[code], text)
            return True
        elif code == "BNF" and not self.remittance:
            self.remittance = text
            return True
        return False

    def type_element(self, urgent: bool) -> str:
        """Return PmtTpInf."""
        return branch(
            "PmtTpInf",
            leaf("InstrPrty", "HIGH" if urgent else ""),
            *(branch("SvcLvl", _code_or_text(level, 4)) for level in self.service_levels[:3]),
            branch("LclInstrm", leaf("Prtry", clip(self.local_instrument, 35))),
            branch("CtgyPurp", _code_or_text(self.category, 4)),
        )

    def previous_elements(self) -> str:
        """Return PrvsInstgAgt1 to 3; the last one named is the nearest to the sender."""
        nearest = list(reversed(self.previous))[:3]
        return "".join(
            agent_element(f"PrvsInstgAgt{position}", _institution(text))
            for position, text in enumerate(nearest, 1)
        )

    def instructions(self) -> str:
        """Return InstrForCdtrAgt and InstrForNxtAgt."""
        texts = [
            branch("InstrForNxtAgt", leaf("InstrInf", piece))
            for text in self.for_next_agent
            for piece in pieces(text, 140, len(text))
        ]
        return "".join((*self.for_creditor_agent, *texts))


def customer_transfer(message: MtMessage, created: str, header: Header | None, said: Said) -> Draft:
    """Translate an MT103; raises UntranslatableError if what pacs.008 needs is missing."""
    fields = Fields(message.fields)
    parts = Parts()
    reference = _required(fields, "20")
    operation = fields.value("23B")
    parts.local_instrument = operation if operation in OPERATIONS - {"CRED"} else ""
    _service(message, parts, said)
    times = _times(fields, message)
    _instruction_codes(fields, parts, said)
    transaction_type = fields.value("26T")
    day, settled = _settled(fields)
    instructed = _instructed(fields, said)
    chain = _chain(fields, message, said)
    _remittance(fields, parts, said, message)
    _information(fields, parts, said)
    bearer, charges = _charges(fields, said)
    parts.purpose = parts.purpose or transaction_type
    if chain.debtor_agent == Party():
        said.add(ASSUMED, ":52A:", message.line, "the debtor's agent is not named: NOTPROVIDED")
    transfer = "".join(
        (
            "<CdtTrfTxInf>",
            branch(
                "PmtId",
                leaf("InstrId", reference),
                leaf("EndToEndId", parts.end_to_end_id or NOT_PROVIDED),
                uetr("UETR", message.uetr),
            ),
            parts.type_element(message.is_urgent),
            settled,
            leaf("IntrBkSttlmDt", day),
            times,
            instructed,
            leaf("ChrgBr", bearer),
            charges,
            parts.previous_elements(),
            _sides(message),
            chain.elements(parts),
            parts.instructions(),
            branch("Purp", _code_or_text(parts.purpose, 4, proprietary=bool(transaction_type))),
            _regulatory(fields),
            remittance_element(parts.remittance),
            "</CdtTrfTxInf>",
        )
    )
    say_fields_lost(fields, said, CUSTOMER_TYPE)
    group = _group(reference, created, chain.settlement)
    return Draft(
        CUSTOMER_TYPE, document(CUSTOMER_TYPE, "FIToFICstmrCdtTrf", (group, transfer)), header
    )


class _Chain(NamedTuple):
    """Who pays whom in an MT103, through whom, and how the agents settle (SttlmInf)."""

    debtor: Party
    debtor_agent: Party
    settlement: str
    intermediary: Party | None
    creditor_agent: Party
    creditor: Party

    def elements(self, parts: Parts) -> str:
        """Return the elements from the intermediaries to the ultimate creditor."""
        return "".join(
            (
                _intermediaries(self.intermediary, parts),
                branch("UltmtDbtr", leaf("Nm", clip(parts.ultimate_debtor, 140))),
                party_element("Dbtr", self.debtor),
                account_element("DbtrAcct", self.debtor),
                agent_element("DbtrAgt", self.debtor_agent),
                agent_element("CdtrAgt", self.creditor_agent),
                party_element("Cdtr", self.creditor),
                account_element("CdtrAcct", self.creditor),
                branch("UltmtCdtr", leaf("Nm", clip(parts.ultimate_creditor, 140))),
            )
        )


def _chain(fields: Fields, message: MtMessage, said: Said) -> _Chain:
    """Read the parties of an MT103; without 52a and 57a they are its sender and receiver."""
    return _Chain(
        debtor=_customer(fields, said, "50A", "50F", "50K"),
        debtor_agent=_agent(fields, said, "52") or Party(bic=message.sender),
        settlement=_settlement(fields, message, said),
        intermediary=_agent(fields, said, "56"),
        creditor_agent=_agent(fields, said, "57") or Party(bic=message.receiver),
        creditor=_customer(fields, said, "59", "59A", "59F"),
    )


def institution_transfer(
    message: MtMessage, created: str, header: Header | None, said: Said
) -> Draft:
    """Translate an MT202, MT202 COV or MT205; errors as in ``customer_transfer``."""
    split = next(
        (place for place, each in enumerate(message.fields) if each.tag in _COVER),
        len(message.fields),
    )
    fields, covered = Fields(message.fields[:split]), Fields(message.fields[split:])
    parts = Parts()
    reference = _required(fields, "20")
    parts.end_to_end_id = bounded(fields, "21")
    _service(message, parts, said)
    times = _times(fields, message)
    day, settled = _settled(fields)
    debtor = _agent(fields, said, "52") or Party(bic=message.sender)
    settlement = _settlement(fields, message, said)
    intermediary, creditor_agent = _agent(fields, said, "56"), _agent(fields, said, "57")
    creditor = _agent(fields, said, "58")
    if creditor is None:
        raise UntranslatableError("has no field 58A or 58D, the beneficiary institution")
    _information(fields, parts, said)
    underlying = _underlying(covered, said, message) if split < len(message.fields) else ""
    transfer = "".join(
        (
            "<CdtTrfTxInf>",
            branch(
                "PmtId",
                leaf("InstrId", reference),
                leaf("EndToEndId", parts.end_to_end_id or NOT_PROVIDED),
                uetr("UETR", message.uetr),
            ),
            parts.type_element(message.is_urgent),
            settled,
            leaf("IntrBkSttlmDt", day),
            times,
            parts.previous_elements(),
            _sides(message),
            _intermediaries(intermediary, parts),
            agent_element("Dbtr", debtor),
            agent_element("CdtrAgt", creditor_agent) if creditor_agent else "",
            agent_element("Cdtr", creditor),
            parts.instructions(),
            branch("Purp", _code_or_text(parts.purpose, 4)),
            remittance_element(parts.remittance),
            underlying,
            "</CdtTrfTxInf>",
        )
    )
    say_fields_lost(fields, said, INSTITUTION_TYPE)
    group = _group(reference, created, settlement)
    return Draft(
        INSTITUTION_TYPE, document(INSTITUTION_TYPE, "FICdtTrf", (group, transfer)), header
    )


def _underlying(fields: Fields, said: Said, message: MtMessage) -> str:
    """Translate sequence B of an MT202 COV."""
    parts = Parts()
    debtor = _customer(fields, said, "50A", "50F", "50K")
    debtor_agent, intermediary = _agent(fields, said, "52"), _agent(fields, said, "56")
    creditor_agent = _agent(fields, said, "57")
    creditor = _customer(fields, said, "59", "59A", "59F")
    instructed = ""
    if (each := fields.take("33B")) is not None:
        currency, amount_minor = _money(each, _AMOUNT)
        instructed = amount("InstdAmt", amount_minor, currency)
    _remittance(fields, parts, said, message)
    _information(fields, parts, said)
    text = parts.remittance
    if parts.end_to_end_id:
        text = f"/ROC/{parts.end_to_end_id}" + (f"//{text}" if text else "")
    say_fields_lost(fields, said, INSTITUTION_TYPE)
    unknown = Party(name=NOT_PROVIDED)
    return branch(
        "UndrlygCstmrCdtTrf",
        branch("UltmtDbtr", leaf("Nm", clip(parts.ultimate_debtor, 140))),
        party_element("Dbtr", debtor),
        account_element("DbtrAcct", debtor),
        agent_element("DbtrAgt", debtor_agent or unknown),
        parts.previous_elements(),
        _intermediaries(intermediary, parts),
        agent_element("CdtrAgt", creditor_agent or unknown),
        party_element("Cdtr", creditor),
        account_element("CdtrAcct", creditor),
        branch("UltmtCdtr", leaf("Nm", clip(parts.ultimate_creditor, 140))),
        parts.instructions(),
        remittance_element(text),
        instructed,
    )


def _required(fields: Fields, tag: str) -> str:
    value = bounded(fields, tag)
    if not value:
        raise UntranslatableError(f"has no field {tag}")
    return value


def _money(each: Field, form: re.Pattern[str]) -> tuple[str, int]:
    match = form.fullmatch(each.value)
    if match is None:
        raise UntranslatableError(f"field {each.tag} {each.value[:40]!r} is no amount")
    currency, text = match.groups()[-2:]
    try:
        return currency, read_amount(text, currency)
    except AmountError as error:
        raise UntranslatableError(f"field {each.tag}: {error}") from error


def _settled(fields: Fields) -> tuple[str, str]:
    """Return settlement date and IntrBkSttlmAmt from field 32A."""
    each = fields.take("32A")
    if each is None:
        raise UntranslatableError("has no field 32A, date and amount")
    currency, amount_minor = _money(each, _SETTLED)
    day = read_date(each.value[:6])
    if not day:
        raise UntranslatableError(f"field 32A: {each.value[:6]} is no date")
    return day, amount("IntrBkSttlmAmt", amount_minor, currency)


def _instructed(fields: Fields, said: Said) -> str:
    """Return InstdAmt and XchgRate from fields 33B and 36."""
    each, rate = fields.take("33B"), fields.take("36")
    if each is None:
        return ""
    currency, amount_minor = _money(each, _AMOUNT)
    text = rate.value.replace(",", ".").strip(".") if rate is not None else ""
    if text and re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) is None:
        raise UntranslatableError(f"field 36 {text[:20]!r} is no rate")
    return amount("InstdAmt", amount_minor, currency) + leaf("XchgRate", text)


def _customer(fields: Fields, said: Said, *tags: str) -> Party:
    each = fields.take(*tags)
    if each is None:
        raise UntranslatableError(f"has no field {' or '.join(tags)}")
    return _party(each, said)


def _agent(fields: Fields, said: Said, number: str) -> Party | None:
    each = fields.take(*(number + option for option in "ABCD"))
    return None if each is None else _party(each, said)


def _party(each: Field, said: Said) -> Party:
    party = read_party(each.tag, each.value)
    for text in party.rest:
        said.add(LOST, each.path, each.line, f"{text!r} of field {each.tag} has no place")
    if each.tag in ("50K", "59") and party.address:
        text = (
            f"the address of field {each.tag} stays free lines: town and country are not told apart"
        )
        said.add(UNSTRUCTURED, each.path, each.line, text)
    for what in cut_parts(party):
        said.add(CUT, each.path, each.line, f"the {what} of field {each.tag} is cut, marked by …")
    return party


def _settlement(fields: Fields, message: MtMessage, said: Said) -> str:
    """Return SttlmInf: reimbursement agents make it COVE, a service in block 3 CLRG, else INDA."""
    agents: list[str] = []
    account = ""
    for number, tag in (
        ("53", "InstgRmbrsmntAgt"),
        ("54", "InstdRmbrsmntAgt"),
        ("55", "ThrdRmbrsmntAgt"),
    ):
        each = fields.take(*(number + option for option in "ABD"))
        if each is None:
            continue
        party = _party(each, said)
        if number == "53" and each.tag.endswith("B"):
            account = account_element("SttlmAcct", party)
            for text in party.address:
                said.add(LOST, each.path, each.line, f"{text!r} of field 53B has no place")
        else:
            agents.append(agent_element(tag, party))
    service = message.user_header.get("103", "")
    if agents:
        return branch("SttlmInf", leaf("SttlmMtd", "COVE"), *agents)
    if re.fullmatch("[A-Z]{3}", service):
        system = branch("ClrSys", leaf("Cd", service))
        return branch("SttlmInf", leaf("SttlmMtd", "CLRG"), account, system)
    said.add(ASSUMED, "block 3", message.line, "settlement method INDA, as nothing says another")
    return branch("SttlmInf", leaf("SttlmMtd", "INDA"), account)


def _group(reference: str, created: str, settlement: str) -> str:
    return branch(
        "GrpHdr",
        leaf("MsgId", reference),
        leaf("CreDtTm", created),
        leaf("NbOfTxs", "1"),
        settlement,
    )


def _sides(message: MtMessage) -> str:
    """Return InstgAgt and InstdAgt."""
    sides = (("InstgAgt", message.sender), ("InstdAgt", message.receiver))
    return "".join(agent_element(tag, Party(bic=bic)) for tag, bic in sides if is_bic(bic))


def _institution(text: str) -> Party:
    return Party(bic=text) if is_bic(text) else Party(name=text)


def _intermediaries(first: Party | None, parts: Parts) -> str:
    elements = [agent_element("IntrmyAgt1", first)] if first is not None else []
    for text in parts.intermediaries[: 3 - len(elements)]:
        elements.append(agent_element(f"IntrmyAgt{len(elements) + 1}", _institution(text)))
    return "".join(elements)


def _service(message: MtMessage, parts: Parts, said: Said) -> None:
    """Read what block 3 says of the service, and say if it has no UETR."""
    if not uetr("UETR", message.uetr):
        text = "no UETR in block 3: CBPR+ wants one, and only the debtor's agent can give it"
        said.add(WITHOUT_UETR, "block 3", message.line, text)
    number = message.user_header.get("111", "")
    if re.fullmatch("00[1-9]", number):
        parts.service_levels.append(f"G{number}")


def _times(fields: Fields, message: MtMessage) -> str:
    """Return SttlmTmIndctn and SttlmTmReq from fields 13C."""
    paths = {code: path.split("/") for path, code in TIMES.items()}
    settled = next((f.value[:6] for f in message.fields if f.tag == "32A"), "")
    found: dict[str, dict[str, str]] = {"SttlmTmIndctn": {}, "SttlmTmReq": {}}
    for each in [f for f in message.fields if f.tag == "13C"]:
        match = _TIME.fullmatch(each.value)
        if match is None or match[1] not in paths:
            continue
        fields.take_exact(each)
        parent, tag = paths[match[1]]
        clock = f"{match[2]}:{match[3]}:00{match[4]}:{match[5]}"
        found[parent][tag] = f"{read_date(settled)}T{clock}" if "Dt" in tag else clock
    return "".join(
        branch(parent, *(leaf(tag, texts.get(tag, "")) for tag in _order(parent)))
        for parent, texts in found.items()
    )


def _order(parent: str) -> list[str]:
    return [path.split("/")[1] for path in TIMES if path.startswith(f"{parent}/")]


def _instruction_codes(fields: Fields, parts: Parts, said: Said) -> None:
    """Read fields 23E."""
    for each in fields.take_all("23E"):
        code, _, text = each.value.partition("/")
        if code in CREDITOR_AGENT_CODES:
            instruction = leaf("Cd", code) + leaf("InstrInf", text[:140])
            parts.for_creditor_agent.append(branch("InstrForCdtrAgt", instruction))
        elif code == "SDVA":
            parts.service_levels.append(code)
        elif code in CATEGORY_CODES and not parts.category:
            parts.category = code
        else:
            parts.for_next_agent.append(f"/{code}/{text}")


def _information(fields: Fields, parts: Parts, said: Said) -> None:
    """Read field 72: each code to its element, others to instructions for the next agent."""
    each = fields.take("72")
    if each is None:
        return
    for code, text in read_codes(each.value):
        if code in _RETURNS:
            raise UntranslatableError(f"is a return or reject (/{code}/ in field 72), no payment")
        if parts.take(code, text):
            continue
        if code in ("ACC", "UDLC"):
            shown = text if code == "ACC" else f"/{code}/{text}"
            parts.for_creditor_agent += [
                branch("InstrForCdtrAgt", leaf("InstrInf", piece))
                for piece in pieces(shown, 140, len(shown))
            ]
        else:
            shown = text if code in ("", "REC") else f"/{code}/{text}"
            parts.for_next_agent.append(shown)


def _remittance(fields: Fields, parts: Parts, said: Said, message: MtMessage) -> None:
    """Read field 70, and 77T of an MT103 REMIT."""
    each, extended = fields.take("70"), fields.take("77T")
    if each is not None:
        text = unfold(each.value.split("\n"), 35)
        _split_remittance(text, each.value.split("\n"), parts)
    if extended is not None:
        parts.remittance = f"{parts.remittance} {extended.value.replace(chr(10), ' ')}".strip()


def _split_remittance(text: str, lines: list[str], parts: Parts) -> None:
    """Take the coded parts out of a remittance text; the rest is the remittance."""
    pieces = _REMITTANCE_CODE.split(text)
    rest = [pieces[0]]
    for code, value in zip(pieces[1::2], pieces[2::2], strict=True):
        if code == "ROC" and not parts.end_to_end_id:
            parts.end_to_end_id, more = _reference_and_rest(value, lines)
            rest.append(more)
        elif code == "PURP" and not parts.purpose and len(value) <= 35:
            parts.purpose = value
        elif code == "ULTD" and not parts.ultimate_debtor:
            parts.ultimate_debtor = value
        elif code == "ULTB" and not parts.ultimate_creditor:
            parts.ultimate_creditor = value
        else:
            rest.append(value if code == "URI" else f"/{code}/{value}")
    parts.remittance = " ".join(piece for piece in rest if piece)


def _reference_and_rest(value: str, lines: list[str]) -> tuple[str, str]:
    """Split what follows /ROC/: the reference ends with its line, or after 35 characters."""
    first = lines[0].partition("/ROC/")[2] if lines[0].startswith("/ROC/") else ""
    if first and len(lines[0]) < 35 and value.startswith(first):
        return first, value[len(first) :].strip()
    return value[:35], value[35:].strip()


def _charges(fields: Fields, said: Said) -> tuple[str, str]:
    """Return ChrgBr and ChrgsInf; MT does not say which agent takes a charge."""
    each = fields.take("71A")
    if each is None or each.value not in _BEARERS:
        raise UntranslatableError("has no field 71A with BEN, OUR or SHA")
    unknown = agent_element("Agt", Party(name=NOT_PROVIDED))
    charges = []
    for charge in fields.take_all("71F", "71G"):
        currency, amount_minor = _money(charge, _AMOUNT)
        charges.append(branch("ChrgsInf", amount("Amt", amount_minor, currency), unknown))
        text = "which agent takes the charge is not said: NOTPROVIDED"
        said.add(ASSUMED, charge.path, charge.line, text)
    return _BEARERS[each.value], "".join(charges)


def _regulatory(fields: Fields) -> str:
    """Return RgltryRptg from field 77B, line by line."""
    value = fields.value("77B")
    if not value:
        return ""
    lines = [piece for line in value.split("\n") for piece in pieces(line, 35, len(line))]
    return branch("RgltryRptg", branch("Dtls", *(leaf("Inf", line) for line in lines)))


def _code_or_text(text: str, length: int, proprietary: bool = False) -> str:
    """Return Cd for a short code, else Prtry."""
    is_code = re.fullmatch(f"[A-Z0-9]{{1,{length}}}", text) is not None and not proprietary
    return leaf("Cd" if is_code else "Prtry", clip(text, 35))
