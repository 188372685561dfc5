"""What both clients share and what needs no network: questions, signing, when to ask again."""

from __future__ import annotations

import random
import ssl
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from paritas.client import answers as a
from paritas.client.problems import ClientError, NodeRefused, NodeUnreachable, SettingsError
from paritas.client.settings import Settings
from paritas.signing.http import Signer
from paritas.signing.keys import load_key_file

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder()
_JSON = "application/json"
_XML = "application/xml"
#: Seconds that are waited at most between two attempts, whatever the node says.
_WAIT_MAX_S = 60.0


class Question(msgspec.Struct, Generic[T], frozen=True):
    """One request, before it is signed. ``answer`` is what its body is decoded into."""

    method: str
    path: str
    answer: Any
    query: Mapping[str, str] = {}
    content: bytes = b""
    content_type: str = ""
    #: Under which the node does it once, however often it is sent; "" for what changes nothing.
    idempotency_key: str = ""
    accept: str = _JSON

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def headers(self) -> dict[str, str]:
        """Return the headers that say what it is, without signature."""
        found = {"accept": self.accept}
        if self.content_type:
            found["content-type"] = self.content_type
        if self.idempotency_key:
            found["idempotency-key"] = self.idempotency_key
        return found


class Asker:
    """Signs questions and judges answers, for one institution."""

    def __init__(self, settings: Settings) -> None:
        """Raise KeyFileError or SettingsError if the key or the certificates cannot be used."""
        self.settings = settings
        self._signer = (
            Signer(load_key_file(Path(settings.key), settings.passphrase)) if settings.key else None
        )

    def transport_options(self) -> dict[str, Any]:
        """Return what an httpx client is made with."""
        settings = self.settings
        options: dict[str, Any] = {"timeout": settings.timeout_s, "follow_redirects": False}
        if settings.ca or settings.certificate:
            try:
                context = ssl.create_default_context(cafile=settings.ca or None)
                if settings.certificate:
                    context.load_cert_chain(settings.certificate, settings.certificate_key or None)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(f"The TLS files cannot be used ({error}).") from None
            options["verify"] = context
        return options

    def signed(self, question: Question[Any], **more: str) -> tuple[str, dict[str, str]]:
        """Return the URL and all headers; signed anew at each call."""
        url = self.settings.url + question.target
        headers = {**question.headers(), **more}
        if self._signer is not None:
            headers |= self._signer.headers(question.method, url, headers, question.content)
        return url, headers

    def wait_s(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Return after how long to ask again, None for not at all.

        Asked again is what the node says to ask later (429, 503), and what broke on the way: it is
        sent under its idempotency key, or changes nothing.
        """
        if attempt >= self.settings.retries:
            return None
        if response is None:
            return _backoff_s(attempt)
        if response.status_code not in (429, 503):
            return None
        said = response.headers.get("retry-after", "")
        return min(int(said), _WAIT_MAX_S) if said.isdigit() else _backoff_s(attempt)


def _backoff_s(attempt: int) -> float:
    # Spread, so that all who were cut off do not come back at one moment.
    longest_s: float = min(0.2 * 2**attempt, 10.0)
    return longest_s * random.uniform(0.5, 1.0)


def unreachable(settings: Settings, error: Exception) -> NodeUnreachable:
    """Say that the node was not to be had."""
    what = str(error) or type(error).__name__
    return NodeUnreachable(f"{settings.url}: cannot be reached ({what}); is the node up?")


def read(question: Question[T], status: int, content: bytes) -> T:
    """Decode an answer; raises NodeRefused for a problem, ClientError for what is no answer."""
    if status >= 400:
        try:
            problem = msgspec.json.decode(content, type=a.ProblemDetails)
        except msgspec.MsgspecError:
            problem = a.ProblemDetails(detail=content[:200].decode("utf-8", "replace"))
        detail = problem.detail or problem.title
        raise NodeRefused(status, problem.code, problem.reason, detail)
    if question.answer is bytes:
        return content  # type: ignore[return-value]
    try:
        return msgspec.json.decode(content, type=question.answer)  # type: ignore[no-any-return]
    except msgspec.MsgspecError as error:
        text = f"{question.path}: the answer is not what was expected ({error}); is this a node?"
        raise ClientError(text) from None


# --- the questions -----------------------------------------------------------------------------


def _key() -> str:
    return str(uuid.uuid4())


def _command(path: str, body: object, method: str = "POST") -> Question[a.Done]:
    content = _ENCODER.encode(body) if body is not None else b""
    kind = _JSON if content else ""
    return Question(method, path, a.Done, {}, content, kind, _key())


def send_message(message: bytes, *, xml: bool = False) -> Question[Any]:
    """One ISO 20022 or MT message; ``xml`` asks for the pacs.002 itself."""
    kind = _XML if message.lstrip()[:1] == b"<" else "text/plain"
    answer: Any = bytes if xml else a.MessageAnswer
    accept = _XML if xml else _JSON
    return Question("POST", "/v1/messages", answer, {}, message, kind, _key(), accept)


def submit(instructions: Sequence[a.Instruction]) -> Question[a.InstructionsAnswer]:
    """Instructions, in order."""
    content = _ENCODER.encode(instructions)
    return Question("POST", "/v1/instructions", a.InstructionsAnswer, {}, content, _JSON, _key())


def payment(name: str) -> Question[a.PaymentAnswer]:
    """A payment, by its number or UETR."""
    return Question("GET", f"/v1/payments/{quote(name, safe='')}", a.PaymentAnswer)


def payments(search: Mapping[str, str], cursor: str) -> Question[a.PaymentsPage]:
    """A page of the payments that a search means."""
    return Question("GET", "/v1/payments", a.PaymentsPage, _given(search, cursor=cursor))


def queue(currency: str, cursor: str) -> Question[a.QueuePage]:
    """A page of what waits."""
    query = _given({}, currency=currency, cursor=cursor)
    return Question("GET", "/v1/queue", a.QueuePage, query)


def cancel(number: int) -> Question[a.Done]:
    """Withdraw what waits."""
    return _command(f"/v1/queue/{number}/cancel", None)


def set_priority(number: int, priority: str) -> Question[a.Done]:
    """Another priority: urgent, high or normal."""
    return _command(f"/v1/queue/{number}/priority", {"priority": priority})


def reorder(number: int, place: str) -> Question[a.Done]:
    """To the front or the end of its line."""
    return _command(f"/v1/queue/{number}/reorder", {"place": place})


def balances(currency: str, at: str) -> Question[a.BalancesAnswer]:
    """Balances now, or at a past moment."""
    return Question("GET", "/v1/balances", a.BalancesAnswer, _given({}, currency=currency, at=at))


def entries(bic: str, currency: str, date: str, cursor: str) -> Question[a.EntriesPage]:
    """A page of an account's entries, newest first."""
    path = f"/v1/accounts/{quote(bic, safe='')}/{quote(currency, safe='')}/entries"
    return Question("GET", path, a.EntriesPage, _given({}, date=date, cursor=cursor))


def statement(bic: str, currency: str, date: str) -> Question[bytes]:
    """The camt.053 of an account and a business date that has ended."""
    names = "/".join(quote(name, safe="") for name in (bic, currency))
    path = f"/v1/accounts/{names}/statements/{quote(date, safe='')}"
    return Question("GET", path, bytes, accept=_XML)


def changes() -> Question[a.ChangesAnswer]:
    """What waits for approval."""
    return Question("GET", "/v1/changes", a.ChangesAnswer)


def propose(change: Mapping[str, Any]) -> Question[a.Done]:
    """A change, such as ``{"change": "set_limit", "member": ..., ...}``."""
    return _command("/v1/changes", dict(change))


def approve(number: int, digest: str) -> Question[a.Done]:
    """Approve a change whose content has this SHA-256."""
    return _command(f"/v1/changes/{number}/approve", {"digest": digest})


def withdraw(number: int) -> Question[a.Done]:
    """Take a change back, or turn it down."""
    return _command(f"/v1/changes/{number}/withdraw", None)


def events(kinds: str) -> Question[None]:
    """Everything that changes."""
    query = _given({}, kinds=kinds)
    return Question("GET", "/v1/events", None, query, accept="text/event-stream")


def _given(search: Mapping[str, str], **more: str) -> dict[str, str]:
    return {name: value for name, value in {**search, **more}.items() if value != ""}


# --- server-sent events ------------------------------------------------------------------------


class EventLines:
    """Puts the lines of an event stream together to notices (WHATWG HTML, section 9.2)."""

    def __init__(self) -> None:
        self._data: list[str] = []

    def take(self, line: str) -> a.Notice | None:
        """Take the next line, without its end; return the notice that an empty line completes."""
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
            return None
        if line or not self._data:
            return None
        data, self._data = "\n".join(self._data), []
        try:
            return msgspec.json.decode(data, type=a.Notice)
        except msgspec.MsgspecError:
            raise ClientError(f"An event cannot be read: {data[:100]!r}.") from None
