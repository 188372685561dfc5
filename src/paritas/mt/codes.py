"""The codes of MT fields that both ways of a translation, and the checker, need."""

from __future__ import annotations

#: Field 23B; any other local instrument goes to field 72.
OPERATIONS = frozenset({"CRED", "CRTS", "SPAY", "SPRI", "SSTD"})
#: Codes of field 23E for the creditor's agent, and those that ISO has elsewhere.
CREDITOR_AGENT_CODES = frozenset({"CHQB", "HOLD", "PHOB", "TELB"})
CATEGORY_CODES = frozenset({"CORT", "INTC"})
#: The order in which the codes of field 23E must stand.
INSTRUCTION_ORDER = ("SDVA", "INTC", "CORT", "HOLD", "CHQB", "PHOB", "TELB")
CHARGE_BEARERS = {"DEBT": "OUR", "CRED": "BEN", "SHAR": "SHA"}
#: Field 13C by the elements of ISO 20022.
TIMES = {
    "SttlmTmIndctn/DbtDtTm": "SNDTIME",
    "SttlmTmIndctn/CdtDtTm": "RNCTIME",
    "SttlmTmReq/CLSTm": "CLSTIME",
    "SttlmTmReq/TillTm": "TILTIME",
    "SttlmTmReq/FrTm": "FROTIME",
    "SttlmTmReq/RjctTm": "REJTIME",
}
_INSTRUCTED = """
AD AT BE BG BV CH CY CZ DE DK EE ES FI FR GB GF GI GP GR HR HU IE IS IT LI LT LU LV MC MQ MT NL NO
PL PM PT RE RO SE SI SJ SK SM TF VA
"""
_INSTRUCTED_COUNTRIES = frozenset(_INSTRUCTED.split())


def needs_instructed_amount(sender: str, receiver: str) -> bool:
    """Say whether an MT103 between two institutions needs field 33B (network rule D49)."""
    return {sender[4:6], receiver[4:6]} <= _INSTRUCTED_COUNTRIES
