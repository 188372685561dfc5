"""One call of the API: who asks what of which node, and the answers that all handlers give alike."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.requests import Request

from paritas.api.principals import Body, Principal
from paritas.api.problems import Refused
from paritas.api.proofs import evidence_of, person_of, prove
from paritas.api.routes import Handler, Route
from paritas.core.state import Account, Book, Party, State
from paritas.model import commands as c
from paritas.model import events as e
from paritas.model.events import AnyEvent, CommandRefused
from paritas.model.parties import normalise_bic
from paritas.node.calendars import DAY_NS
from paritas.node.ledger import salt_for
from paritas.node.live import LiveNode, Turn

if TYPE_CHECKING:
    from paritas.api.service import Service

T = TypeVar("T")

#: An idempotency key may be as long as this.
KEY_CHARACTERS_MAX = 255
#: How long a proposed change waits for those who must approve it.
CHANGE_LAPSES_NS = 3 * DAY_NS
#: How many things a page holds, unless fewer are asked for, and at most.
PAGE = 100
PAGE_MAX = 1000


class Done(msgspec.Struct, frozen=True):
    """A command was carried out, and lies in row ``seq`` of the journal.

    ``number`` is what it brought into being or concerns, 0 for none. ``waits_for`` says what must
    still happen before it has its effect, such as the other side's wish to cancel.
    """

    seq: int
    number: int = 0
    waits_for: str = ""


class Call:
    """What a handler is given: the request, its body, who asks, and the service."""

    __slots__ = ("_evidence", "body", "headers", "parameters", "principal", "request", "service")

    def __init__(
        self,
        request: Request,
        body: Body,
        principal: Principal,
        service: Service,
        parameters: Mapping[str, str],
    ) -> None:
        self.request = request
        #: Names in lower case; where one came twice, the last.
        self.headers: dict[bytes, bytes] = dict(request.scope["headers"])
        self.body = body
        self.principal = principal
        self.service = service
        #: What stands in the path.
        self.parameters = parameters
        self._evidence: bytes | None = None

    @property
    def node(self) -> LiveNode:
        """The node that is asked."""
        return self.service.node

    @property
    def actor(self) -> int:
        """The number of the party that asks, 0 for the operator.

        Raises Refused where the scheme does not know it.
        """
        institution = self.principal.institution
        if not institution:
            return c.OPERATOR
        party = self.node.state.party_by_bic.get(institution)
        if party is None:
            raise Refused("forbidden", f"{institution} is no party of this scheme.")
        return party.number

    @property
    def person(self) -> bytes:
        """How the journal names whoever acts."""
        return person_of(self.principal)

    def header(self, name: bytes) -> str:
        """Return a header by its name in lower case, "" if it did not come."""
        return self.headers.get(name, b"").decode("latin-1")

    def query(self, name: str, default: str = "") -> str:
        """Return a parameter of the query."""
        return self.request.query_params.get(name, default)

    def query_number(self, name: str, default: int, most: int = 2**63 - 1) -> int:
        """Return a parameter of the query that is a number from 0 on."""
        text = self.query(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
            raise Refused("invalid", f"{name}={text[:40]!r} is not a number from 0 to {most}.")
        return int(text)

    def number(self, name: str = "number") -> int:
        """Return a number that stands in the path."""
        text = self.parameters[name]
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise Refused("not_found", f"{text[:40]!r} is not a number.")
        return int(text)

    def json(self, kind: type[T]) -> T:
        """Decode the body; raises Refused with what is wrong and where."""
        return decode_json(self.body.content, msgspec.json.Decoder(kind))

    def institution(self, state: State, bic: str = "") -> Party:
        """Return the institution that is asked about, by default the asker's own, if it may be seen."""
        name = normalise_bic(bic) if bic else self.principal.institution
        party = state.party_by_bic.get(name)
        if party is None or not self.principal.sees(name):
            raise Refused("not_found", f"There is no institution {name!r} that you may see.")
        return party

    def sees_account(self, account: Account) -> bool:
        """Say whether an account is the asker's own, or on its own book."""
        return self.principal.sees(account.party.bic, account.book.issuer.bic)

    # --- commands

    async def gather_evidence(self, *, body: bool = True) -> None:
        """Make ready what proves this request; without its body where that is sealed by itself."""
        if not self.principal.signature:
            return
        kept = self.body if body else None
        work = partial(evidence_of, self.principal, self.request, kept)
        large = kept is not None and len(kept.content) > 1 << 16
        self._evidence = await asyncio.to_thread(work) if large else work()

    def prove(self, turn: Turn) -> None:
        """Record what proves this request, once, before anything else of it is decided."""
        if self._evidence is not None:
            prove(turn, self.actor, self.principal, self.node.seal, self._evidence)
            self._evidence = None

    async def carry_out(self, make: Callable[[Turn, int], c.AnyCommand]) -> Done:
        """Have the command decided that ``make`` makes, once, whatever its key says; and answer.

        A change that takes several people becomes a proposal, to which the asker is the first of
        them. Raises Refused where the engine refuses it; that too is durable.
        """
        await self.gather_evidence()
        actor, key, digest = self.actor, self.idempotency_key(), b""
        if key:
            digest = self.request_digest()

        def work(turn: Turn) -> tuple[int, c.AnyCommand, Sequence[AnyEvent]]:
            known = self.node.requests.find(actor, key) if key else None
            if known is not None:
                if known.digest != digest:
                    raise Refused("idempotency_key_reused", _REUSED)
                return (known.seq, *known.records[0])
            command = self._proposed(turn, make(turn, actor))
            self.prove(turn)
            start = len(turn.records)
            if key:
                turn.decide(
                    c.RecordRequest(
                        turn.at_ns, actor, self.principal.signature, key, digest, records=1
                    )
                )
            events = turn.decide(command)
            if key:
                self.node.requests.follow(turn.seq, turn.records[start:])
            return turn.seq, command, events

        return done(*await self.node.ask(work))

    def _proposed(self, turn: Turn, command: c.AnyCommand) -> c.AnyCommand:
        if not turn.state.threshold or not isinstance(command, c.AnyChange):
            return command
        head = turn.at_ns, self.actor, self.principal.signature
        person = person_of(self.principal)
        return c.ProposeChange(*head, person, command, turn.at_ns + CHANGE_LAPSES_NS)

    def note_key(self, turn: Turn, key: str, digest: bytes) -> None:
        """Record the key of a submission, whose own references make it happen once.

        Raises Refused where the key came with another request before.
        """
        actor = self.actor
        known = self.node.requests.find(actor, key)
        if known is not None and known.digest != digest:
            raise Refused("idempotency_key_reused", _REUSED)
        self.prove(turn)
        if known is None:
            head = turn.at_ns, actor, self.principal.signature
            turn.decide(c.RecordRequest(*head, key, digest, records=0))
            self.node.requests.follow(turn.seq, turn.records[-1:])

    def idempotency_key(self) -> str:
        """Return the request's key, "" if it has none."""
        key = self.header(b"idempotency-key")
        if len(key) > KEY_CHARACTERS_MAX:
            raise Refused("invalid", f"Idempotency-Key: at most {KEY_CHARACTERS_MAX} characters.")
        return key

    def request_digest(self) -> bytes:
        """Return what makes two requests the same: method, path, query and body.

        It stands in the journal, so it is salted: a body holds what is private.
        """
        digest = hashlib.sha256(salt_for(self.node.seal, "request"))
        digest.update(
            f"{self.request.method} {self.request.url.path}?{self.request.url.query}\n".encode()
        )
        digest.update(self.body.digest())
        return digest.digest()


#: What must still happen after these.
WAITS_FOR: dict[type, str] = {
    e.CancelAsked: "The other side of the trade must ask for it too.",
    e.ChangeProposed: "Another person must approve it: see /v1/changes.",
    e.ChangeApproved: "More people must approve it: see /v1/changes.",
}


def change(method: str, path: str, name: str, summary: str, handler: Handler, **more: Any) -> Route:
    """Return the route of a command: it is answered with ``Done``."""
    return Route(method, path, name, summary, handler, answer=Done, **more)


_REUSED = "This Idempotency-Key came with another request before; use a new key for a new request."


def done(seq: int, command: c.AnyCommand, events: Sequence[AnyEvent]) -> Done:
    """Return the answer to a command that was decided, or raise Refused where it was refused."""
    number = getattr(command, "number", 0)
    waits_for = ""
    for event in events:
        if isinstance(event, CommandRefused):
            raise Refused("refused", event.text, reason=event.reason)
        found = getattr(event, "number", 0)
        waits_for = WAITS_FOR.get(type(event), waits_for)
        number = number or found
    return Done(seq, number, waits_for)


def decode_json(data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode JSON; raises Refused with what is wrong and where."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise Refused("invalid", f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("malformed", f"The body is not JSON: {error}.") from None


def book_named(state: State, currency: str) -> Book:
    """Return the book of a currency, or raise Refused."""
    book = state.book_by_currency.get(currency)
    if book is None:
        raise Refused("not_found", f"The scheme has no book in {currency[:10]!r}.")
    return book


def account_named(state: State, bic: str, currency: str) -> Account:
    """Return an account by its member and currency, or raise Refused."""
    book = book_named(state, currency)
    party = state.party_by_bic.get(normalise_bic(bic))
    number = party.accounts.get(book.number) if party is not None else None
    if number is None:
        raise Refused("not_found", f"{bic[:20]!r} has no account on the {currency} book.")
    return state.accounts[number]
