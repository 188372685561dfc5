"""The client for programs that wait for each answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

import httpx

from paritas.client import answers as a
from paritas.client import asking
from paritas.client.asking import Asker, EventLines, Question, read, unreachable
from paritas.client.settings import Settings

T = TypeVar("T")


class Client:
    """One institution's way to its node. Raises NodeRefused and NodeUnreachable, both ClientError."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``transport`` and ``sleep`` take the place of the network and the clock in tests."""
        self._asker = Asker(settings)
        self._http = httpx.Client(transport=transport, **self._asker.transport_options())
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, question: Question[T]) -> T:
        """Ask, and ask again as long as the node says to come later."""
        attempt = 0
        while True:
            url, headers = self._asker.signed(question)
            response, error = None, None
            try:
                response = self._http.request(
                    question.method, url, content=question.content, headers=headers
                )
            except httpx.TransportError as failed:
                error = failed
            wait_s = self._asker.wait_s(attempt, response)
            if wait_s is None:
                break
            attempt += 1
            self._sleep(wait_s)
        if response is None:
            raise unreachable(self._asker.settings, error or OSError()) from error
        return read(question, response.status_code, response.content)

    # --- submitting

    def send_message(self, message: bytes) -> a.MessageAnswer:
        """Submit an ISO 20022 or MT message; what is answered is durable."""
        return self.ask(asking.send_message(message))  # type: ignore[no-any-return]

    def send_message_for_xml(self, message: bytes) -> bytes:
        """Submit a message and return its pacs.002 (or admi.002)."""
        return self.ask(asking.send_message(message, xml=True))  # type: ignore[no-any-return]

    def submit(self, instructions: Sequence[a.Instruction]) -> a.InstructionsAnswer:
        """Submit instructions, in order; each settles, waits or is refused by itself."""
        return self.ask(asking.submit(instructions))

    # --- asking

    def payment(self, name: str | int) -> a.PaymentAnswer:
        """Return a payment by its number or UETR, with its timeline."""
        return self.ask(asking.payment(str(name)))

    def payments(self, **search: str) -> Iterator[a.Payment]:
        """Yield the payments that a search means, newest first, page by page."""
        return self._all(lambda c: asking.payments(search, c), lambda page: page.payments)

    def queue(self, currency: str = "") -> Iterator[a.Queued]:
        """Yield what waits, in order of arrival."""
        return self._all(lambda c: asking.queue(currency, c), lambda page: page.queue)

    def balances(self, currency: str = "", at: str = "") -> tuple[a.Balance, ...]:
        """Return balances, now or at a past moment (ISO 8601 with zone)."""
        return self.ask(asking.balances(currency, at)).balances

    def entries(self, currency: str, date: str = "", bic: str = "") -> Iterator[a.Entry]:
        """Yield an account's entries, newest first; of the own institution if no other is named."""
        name = bic or self._asker.settings.bic
        return self._all(
            lambda c: asking.entries(name, currency, date, c), lambda page: page.entries
        )

    def statement(self, currency: str, date: str, bic: str = "") -> bytes:
        """Return the camt.053 of an account and a business date that has ended."""
        name = bic or self._asker.settings.bic
        return self.ask(asking.statement(name, currency, date))

    def _all(
        self, question: Callable[[str], Question[Any]], items: Callable[[Any], Sequence[T]]
    ) -> Iterator[T]:
        cursor = ""
        while True:
            page = self.ask(question(cursor))
            yield from items(page)
            cursor = page.cursor
            if not cursor:
                return

    # --- steering

    def cancel(self, number: int) -> a.Done:
        """Withdraw what waits."""
        return self.ask(asking.cancel(number))

    def set_priority(self, number: int, priority: str) -> a.Done:
        """Give what waits another priority: urgent, high or normal."""
        return self.ask(asking.set_priority(number, priority))

    def reorder(self, number: int, place: str) -> a.Done:
        """Move what waits to the front or the end of its line."""
        return self.ask(asking.reorder(number, place))

    # --- changes that take several people

    def changes(self) -> tuple[a.Change, ...]:
        """Return the changes that wait and that the institution has to do with."""
        return self.ask(asking.changes()).changes

    def propose(self, change: Mapping[str, Any]) -> a.Done:
        """Propose a change."""
        return self.ask(asking.propose(change))

    def approve(self, number: int, digest: str) -> a.Done:
        """Approve a change, by the SHA-256 of its content."""
        return self.ask(asking.approve(number, digest))

    def withdraw(self, number: int) -> a.Done:
        """Take a change back, or turn it down."""
        return self.ask(asking.withdraw(number))

    # --- following

    def watch(self, kinds: Sequence[str] = (), after: str = "") -> Iterator[a.Notice]:
        """Yield everything that changes, from now on or from after a notice's id, without end.

        When the stream breaks it goes on from the last notice, so nothing is missed or told twice.
        """
        question = asking.events(",".join(kinds))
        attempt = 0
        while True:
            # httpx gives the whole answer a time; a quiet stream says that it lives every 15 s.
            url, headers = self._asker.signed(question, **_resuming(after))
            response, error = None, None
            try:
                with self._http.stream("GET", url, headers=headers) as response:
                    if response.status_code != 200:
                        response.read()
                    else:
                        for notice in _notices(response.iter_lines()):
                            after, attempt = notice.id, 0
                            yield notice
            except httpx.TransportError as failed:
                error = failed
            if response is not None and response.status_code not in (200, 429, 503):
                read(question, response.status_code, response.content)
            retry = response if response is not None and response.status_code != 200 else None
            wait_s = self._asker.wait_s(attempt, retry)
            if wait_s is None:
                raise unreachable(self._asker.settings, error or OSError("the stream ended"))
            attempt += 1
            self._sleep(wait_s)


def _resuming(after: str) -> dict[str, str]:
    return {"last-event-id": after} if after else {}


def _notices(lines: Iterator[str]) -> Iterator[a.Notice]:
    together = EventLines()
    for line in lines:
        notice = together.take(line)
        if notice is not None:
            yield notice
