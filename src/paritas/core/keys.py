"""Public keys in the rulebook: which party signs with which key, from when until when.

The core only keeps them. Signatures are verified at the edge, when a request comes in, and again
by the audit, from the evidence that ``RecordProof`` seals.
"""

from __future__ import annotations

from collections.abc import Sequence

from paritas.core.state import NEVER_NS, Party, State
from paritas.core.waiting import refuse
from paritas.model import commands as c
from paritas.model.events import AnyEvent, Recorded
from paritas.model.reasons import Reason

KEY_BYTES = 32


def is_valid(party: Party, key: bytes, at_ns: int) -> bool:
    """Tell whether ``key`` is the party's and signs for it at a moment."""
    from_ns, until_ns = party.keys.get(key, (0, 0))
    return from_ns <= at_ns < until_ns


def signs(party: Party, at_ns: int) -> bool:
    """Tell whether the party has any key that is valid at a moment."""
    return any(from_ns <= at_ns < until_ns for from_ns, until_ns in party.keys.values())


def add_key(state: State, command: c.AddKey) -> Sequence[AnyEvent]:
    """A key has one owner for ever; an issuer's comes from the issuer alone (law 9)."""
    refusal = _not_entitled(state, command)
    if refusal is not None:
        return refuse(*refusal)
    if len(command.key) != KEY_BYTES:
        return refuse(Reason.NARR, f"An Ed25519 public key has {KEY_BYTES} bytes.")
    if command.key in state.key_owners:
        return refuse(Reason.NARR, "This key was entered before, and a key comes only once.")
    if command.from_ns < 0 or 0 != command.until_ns <= max(command.from_ns, command.at_ns):
        return refuse(Reason.DT01, "The key would be over before it begins.")
    return (Recorded(),)


def retire_key(state: State, command: c.RetireKey) -> Sequence[AnyEvent]:
    """From now on it signs nothing."""
    refusal = _not_entitled(state, command)
    if refusal is not None:
        return refuse(*refusal)
    validity = state.parties[command.party].keys.get(command.key)
    if validity is None or validity[1] <= command.at_ns:
        return refuse(Reason.NARR, "The party has no such key, or it is over already.")
    return (Recorded(),)


def _not_entitled(state: State, command: c.AddKey | c.RetireKey) -> tuple[Reason, str] | None:
    party = state.parties.get(command.party)
    if party is None:
        return Reason.AGNT, "There is no such party."
    if command.actor == party.number:
        return None
    if command.actor == c.OPERATOR and not state.is_issuer(party):
        return None
    return Reason.AG01, "A key is changed by its own party; an issuer's, by nobody else."


def record_key(state: State, command: c.AddKey, number: int) -> None:
    """Carry out ``AddKey``."""
    until_ns = command.until_ns or NEVER_NS
    state.parties[command.party].keys[command.key] = (command.from_ns, until_ns)
    state.key_owners[command.key] = command.party


def record_retirement(state: State, command: c.RetireKey, number: int) -> None:
    """Carry out ``RetireKey``; one that had not begun yet never does."""
    keys = state.parties[command.party].keys
    from_ns, _ = keys[command.key]
    keys[command.key] = (min(from_ns, command.at_ns), command.at_ns)


def record_proof(state: State, command: c.RecordProof) -> Sequence[AnyEvent]:
    """Keep who asked for what follows; whether the signature holds, edge and audit know."""
    return (Recorded(state.proofs + 1),)


def count_proof(state: State, command: c.RecordProof, number: int) -> None:
    """Carry out ``RecordProof``."""
    state.proofs = number
