"""The conversation about payments: what each request does, what goes out, and what answers it.

A request is acted upon at the moment at which it is taken up; what it asks of the engine is journalled
like any other command. Its answer is drawn up at the end of the run, with what became of it, from a
``Reply``. What is passed on to others (a recall to the payee, the payee's word to the payer) is kept
as letters, to be delivered once the journal is durable.

docs/messages.md has the whole conversation as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from paritas.core.conversation import payee_of, payer_of
from paritas.core.lifecycle import ISO_STATUS, Status
from paritas.core.state import Party, State
from paritas.iso20022.answers import TransactionStatus
from paritas.iso20022.letters import (
    CANCELLATION_PENDING,
    CANCELLED,
    NOT_CANCELLED,
    Acknowledgement,
    AnyLetter,
    CancellationLetter,
    Handled,
    ReceiptLetter,
    Resolution,
    ResolutionLetter,
    StatusLetter,
    ToldStatus,
)
from paritas.iso20022.requests import (
    Asked,
    CancellationAnswer,
    CancellationRequest,
    LiquidityTransfer,
    ReportQuestion,
    StatusQuestion,
    StatusWord,
)
from paritas.iso20022.values import Original
from paritas.model import commands as c
from paritas.model.events import AnyEvent, CancelAsked, CommandRefused, QueuedCancelled
from paritas.model.instructions import Leg
from paritas.model.reasons import Reason
from paritas.node.calendars import format_instant
from paritas.node.directory import Directory
from paritas.node.intake import Refusal, Wish
from paritas.node.liquidity_transfers import Liquidity
from paritas.node.named_payments import NamedPayments, original_of
from paritas.node.reports import Report, Reports

#: What an acknowledgement says of a message that was taken note of, and of one that was not.
RECEIVED, REFUSED = "RCVD", "RJCT"
_UNKNOWN = "No payment here that you may speak of is named so."

Decide = Callable[[c.AnyCommand], Sequence[AnyEvent]]
#: Draws up an answer at the end, given its own message id and time.
Reply = Callable[[str, str], "AnyLetter | Report"]


class Asking(msgspec.Struct, frozen=True, gc=False):
    """A request as it is taken up: who asks, in which message, when."""

    #: The party's number, -1 for somebody unknown, and its BIC as far as known.
    actor: int
    sender: str
    message_type: str
    message_id: str
    #: The message's number in the journal.
    message: int
    at_ns: int


class Conversation:
    """Takes up requests against a state; ``decide`` journals and carries out a command."""

    def __init__(
        self,
        state: State,
        directory: Directory,
        decide: Decide,
        originals: NamedPayments,
        reports: Reports,
        system: str,
    ) -> None:
        """``system`` is the name under which the scheme answers."""
        self._state = state
        self._directory = directory
        self._decide = decide
        self.originals = originals
        self._reports = reports
        self._liquidity = Liquidity(state, directory, decide, originals.encoded)
        self._system = system
        #: What others are to receive: (BIC, letter), in order.
        self.letters: list[tuple[str, AnyLetter]] = []
        #: instruction -> its recalls, the last one last.
        self._recalls: dict[int, list[int]] = {}
        for recall in state.recalls.values():
            self._recalls.setdefault(recall.instruction, []).append(recall.number)
        self._replies: dict[int, Reply] = {}

    def take(self, asking: Asking, items: Sequence[Asked]) -> Reply:
        """Act on a request and return how it is to be answered; the same again is answered the same."""
        known = self._replies.get(asking.message)
        if known is None:
            known = self._replies[asking.message] = self._take(asking, items)
        return known

    def _take(self, asking: Asking, items: Sequence[Asked]) -> Reply:
        if isinstance(items[0], CancellationRequest):
            return self._cancellations(
                asking, [i for i in items if isinstance(i, CancellationRequest)]
            )
        if isinstance(items[0], StatusQuestion):
            return self._status_questions(
                asking, [i for i in items if isinstance(i, StatusQuestion)]
            )
        if isinstance(items[0], LiquidityTransfer):
            return self._transfers(asking, [i for i in items if isinstance(i, LiquidityTransfer)])
        if isinstance(items[0], ReportQuestion):
            return self._report(asking, [i for i in items if isinstance(i, ReportQuestion)])
        handled = [self._tell(asking, item) for item in items]
        wrong = next((each for each in handled if each.status == REFUSED), Handled(RECEIVED))
        return self._acknowledged(asking, wrong)

    def _tell(self, asking: Asking, item: Asked) -> Handled:
        if isinstance(item, StatusWord):
            return self._status_word(asking, item)
        if isinstance(item, CancellationAnswer):
            return self._cancellation_answer(asking, item)
        return Handled(RECEIVED)

    def _acknowledged(self, asking: Asking, handled: Handled) -> Reply:
        def reply(message_id: str, created: str) -> AnyLetter:
            return Acknowledgement(
                message_id=message_id,
                created=created,
                receiver=asking.sender,
                original_message_id=asking.message_id,
                original_message_type=asking.message_type,
                handled=handled,
            )

        return reply

    # --- who may speak of what

    def _speaks_for(self, actor: int, party: Party) -> bool:
        return actor == party.number or actor in party.senders

    def _settled_for_payee(self, asking: Asking, original: Original) -> list[int]:
        """Payments named that have settled, and whose payee asks."""
        return [
            number
            for number in self.originals.find(original)
            if self._state.statuses[number] == Status.SETTLED
            and self._speaks_for(asking.actor, payee_of(self._state, number))
        ]

    def _known_to(self, asking: Asking, number: int) -> bool:
        """The payer may ask about its payment at any time, the payee once it has settled."""
        if self._speaks_for(asking.actor, payer_of(self._state, number)):
            return True
        command = self._state.instructions[number]
        assert command is not None
        if self._state.statuses[number] != Status.SETTLED:
            # Whoever collects has instructed it.
            return command.actor == asking.actor
        return self._speaks_for(asking.actor, payee_of(self._state, number))

    def _letter_id(self) -> str:
        return f"PARITAS-L{len(self.letters) + 1:09d}"

    # --- pacs.002 from the payee's bank, pacs.028

    def _status_word(self, asking: Asking, word: StatusWord) -> Handled:
        numbers = self._settled_for_payee(asking, word.original)
        if not numbers:
            return Handled(REFUSED, Reason.NARR, _UNKNOWN)
        for number in numbers:
            head = asking.at_ns, asking.actor, b"", number
            events = self._decide(c.RelayStatus(*head, word.status, word.reason, asking.message))
            for event in events:
                if isinstance(event, CommandRefused):
                    return Handled(REFUSED, event.reason, event.text)
                self._relay(asking, number, word)
        return Handled(RECEIVED)

    def _relay(self, asking: Asking, number: int, word: StatusWord) -> None:
        """Pass the payee's word on to the payer, in the terms of the payer's own message."""
        payer, payee = payer_of(self._state, number), payee_of(self._state, number)
        told = self._told(number)
        status = msgspec.structs.replace(
            told.status, status=word.status, reason=word.reason, text=word.text
        )
        letter = StatusLetter(
            message_id=self._letter_id(),
            created=format_instant(asking.at_ns),
            sender=payee.bic,
            receiver=payer.bic,
            statuses=(msgspec.structs.replace(told, status=status),),
        )
        self.letters.append((payer.bic, letter))

    def _told(self, number: int, *, to_payee: bool = False) -> ToldStatus:
        """Return the present status of a payment, in the identifiers of its payer or payee."""
        known = self.originals.particulars(number)
        assert known is not None
        reason, text = self._state.reasons.get(number, ("", ""))
        status = msgspec.structs.replace(
            known.status,
            status=ISO_STATUS[Status(self._state.statuses[number])],
            reason=reason,
            text=text,
            clearing_system_reference=str(number),
        )
        original = original_of(number, known, as_delivered=to_payee)
        return ToldStatus(status, original.message_id, original.message_type)

    def _status_questions(self, asking: Asking, questions: Sequence[StatusQuestion]) -> Reply:
        told = [each for question in questions for each in self._answers_to(asking, question)]

        def reply(message_id: str, created: str) -> AnyLetter:
            return StatusLetter(
                message_id=message_id,
                created=created,
                receiver=asking.sender,
                statuses=tuple(told),
            )

        return reply

    def _answers_to(self, asking: Asking, question: StatusQuestion) -> list[ToldStatus]:
        found = []
        for number in self.originals.find(question.original):
            if self._known_to(asking, number):
                of_payer = self._speaks_for(asking.actor, payer_of(self._state, number))
                found.append(self._told(number, to_payee=not of_payer))
        if found:
            return found
        given = question.original
        unknown = TransactionStatus(
            "",
            given.instruction_id,
            given.end_to_end_id,
            given.transaction_id,
            given.uetr,
            Reason.NARR,
            _UNKNOWN,
        )
        return [ToldStatus(unknown, given.message_id, given.message_type)]

    # --- camt.056, camt.029

    def _cancellations(self, asking: Asking, requests: Sequence[CancellationRequest]) -> Reply:
        finals = [final for each in requests for final in self._cancellation(asking, each)]

        def reply(message_id: str, created: str) -> AnyLetter:
            return ResolutionLetter(
                message_id=message_id,
                created=created,
                receiver=asking.sender,
                resolutions=tuple(final() for final in finals),
                system=self._system,
            )

        return reply

    def _cancellation(
        self, asking: Asking, request: CancellationRequest
    ) -> Iterable[Callable[[], Resolution]]:
        """Act on one request; yield, for each payment that it names, what will say how it ended."""
        numbers = [n for n in self.originals.find(request.original) if self._known_to(asking, n)]
        if not numbers:
            yield lambda: _resolution(request, request.original, NOT_CANCELLED, "NOOR", _UNKNOWN)
        for number in numbers:
            known = self.originals.particulars(number)
            assert known is not None
            original = original_of(number, known)
            status, reason, text = self._cancel(asking, request, number)
            if status:
                fixed = _resolution(request, original, status, reason, text)
                yield lambda fixed=fixed: fixed  # type: ignore[misc]
            else:
                yield lambda o=original, n=number: self._ended(request, o, n)  # type: ignore[misc]

    def _cancel(
        self, asking: Asking, request: CancellationRequest, number: int
    ) -> tuple[str, str, str]:
        """Cancel or recall one payment; ("", ...) where only the end will tell."""
        status = Status(self._state.statuses[number])
        if status is Status.CANCELLED:
            return CANCELLED, "", "It was cancelled before."
        if status is Status.REFUSED:
            text = " ".join(self._state.reasons[number])
            return NOT_CANCELLED, Reason.NARR, f"It was refused before: {text}"
        if status is Status.SETTLED:
            return self._recall(asking, request, number)
        command = c.CancelInstruction(asking.at_ns, asking.actor, b"", number)
        for event in self._decide(command):
            if isinstance(event, QueuedCancelled):
                return CANCELLED, "", ""
            if isinstance(event, CancelAsked):
                break
            if isinstance(event, CommandRefused) and event.reason != Reason.NARR:
                return NOT_CANCELLED, event.reason, event.text
        return "", "", ""

    def _recall(
        self, asking: Asking, request: CancellationRequest, number: int
    ) -> tuple[str, str, str]:
        """A settled payment is final: its payee is asked for it."""
        reference = request.cancellation_id or f"{request.case_id}/{number}"
        head = asking.at_ns, asking.actor, b"", number
        events = self._decide(c.RecallPayment(*head, reference, request.reason, asking.message))
        for event in events:
            if isinstance(event, CommandRefused):
                # Whoever is not its payer is told what anybody is told.
                if event.reason == Reason.AG01:
                    return NOT_CANCELLED, "NOOR", _UNKNOWN
                returned = "returned already" in event.text
                return NOT_CANCELLED, "ARDT" if returned else event.reason, event.text
            self._recalls.setdefault(number, []).append(len(self._state.recalls))
            self._forward(asking, request, number)
        return "", "", ""

    def _forward(self, asking: Asking, request: CancellationRequest, number: int) -> None:
        known = self.originals.particulars(number)
        assert known is not None
        payer, payee = payer_of(self._state, number), payee_of(self._state, number)
        letter = CancellationLetter(
            message_id=self._letter_id(),
            created=format_instant(asking.at_ns),
            sender=payer.bic,
            receiver=payee.bic,
            message_type=asking.message_type if asking.message_type[:4] == "camt" else _FORWARDED,
            case_id=request.case_id,
            case_creator=request.case_creator or payer.bic,
            fragment=request.fragment if request.original.names_payment else b"",
            original=original_of(number, known, as_delivered=True),
            reason=request.reason,
        )
        self.letters.append((payee.bic, letter))

    def _ended(self, request: CancellationRequest, original: Original, number: int) -> Resolution:
        """Say how a request ended that had to wait: for the other side of a trade, or the payee."""
        status = Status(self._state.statuses[number])
        recalls = self._recalls.get(number)
        if recalls:
            recall = self._state.recalls[recalls[-1]]
            if self._state.returned_minor.get(number, 0):
                return _resolution(request, original, CANCELLED, "", "It was returned.")
            said = recall.status or CANCELLATION_PENDING
            text = "" if recall.status else "Settled, and so forwarded to the payee's bank."
            return _resolution(request, original, said, recall.reason, text)
        if status is Status.CANCELLED:
            return _resolution(request, original, CANCELLED, "", "Both sides asked for it.")
        if status is Status.WAITING:
            text = "The other side of the trade has not asked for it."
            return _resolution(request, original, CANCELLATION_PENDING, "", text)
        text = "The other side of the trade did not ask for it before the trade ended."
        return _resolution(request, original, NOT_CANCELLED, Reason.NARR, text)

    def _cancellation_answer(self, asking: Asking, answer: CancellationAnswer) -> Handled:
        numbers = self._settled_for_payee(asking, answer.original)
        recalls = [self._recalls[n][-1] for n in numbers if n in self._recalls]
        if not recalls and not answer.original.names_payment:
            recalls = self._recalls_of_case(asking, answer.case_id)
        if not recalls:
            text = "Nobody has asked you for a payment that is named so."
            return Handled(REFUSED, Reason.NARR, text)
        for recall in recalls:
            head = asking.at_ns, asking.actor, b"", recall
            events = self._decide(
                c.AnswerRecall(*head, answer.status, answer.reason, asking.message)
            )
            for event in events:
                if isinstance(event, CommandRefused):
                    return Handled(REFUSED, event.reason, event.text)
                self._relay_answer(asking, self._state.recalls[recall].instruction, answer)
        return Handled(RECEIVED)

    def _recalls_of_case(self, asking: Asking, case_id: str) -> list[int]:
        return [
            recall.number
            for recall in self._state.recalls.values()
            if recall.reference.rpartition("/")[0] == case_id != ""
            and self._speaks_for(asking.actor, payee_of(self._state, recall.instruction))
        ]

    def _relay_answer(self, asking: Asking, number: int, answer: CancellationAnswer) -> None:
        known = self.originals.particulars(number)
        assert known is not None
        payer, payee = payer_of(self._state, number), payee_of(self._state, number)
        resolution = Resolution(
            original_of(number, known),
            answer.status,
            answer.case_id,
            payer.bic,
            answer.reason,
            answer.text,
        )
        letter = ResolutionLetter(
            message_id=self._letter_id(),
            created=format_instant(asking.at_ns),
            sender=payee.bic,
            receiver=payer.bic,
            resolutions=(resolution,),
        )
        self.letters.append((payer.bic, letter))

    # --- camt.050, camt.060

    def _transfers(self, asking: Asking, transfers: Sequence[LiquidityTransfer]) -> Reply:
        ends = [
            self._liquidity.move(
                each, asking.actor, asking.message_id, asking.message, asking.at_ns
            )
            for each in transfers
        ]

        def reply(message_id: str, created: str) -> AnyLetter:
            return ReceiptLetter(
                message_id=message_id,
                created=created,
                receiver=asking.sender,
                original_message_id=asking.message_id,
                original_message_type=asking.message_type,
                handled=tuple(end() for end in ends),
            )

        return reply

    def _report(self, asking: Asking, questions: Sequence[ReportQuestion]) -> Reply:
        report = self._reports.draw_up(questions, asking.actor, asking.at_ns)
        if isinstance(report, Report):
            return lambda message_id, created: msgspec.structs.replace(
                report, message_id=message_id, created=created
            )
        return self._acknowledged(asking, report)

    # --- pacs.004

    def returned(self, wish: Wish) -> tuple[int, tuple[Leg, ...]] | Refusal:
        """Return which payment a return gives back and by which legs, or why none."""
        assert wish.original is not None
        accounts = self._state.accounts
        payers = {accounts[legs[0].payer].party for legs in (wish.legs, wish.converted) if legs}
        numbers = [
            number
            for number in self.originals.find(wish.original)
            if self._state.statuses[number] == Status.SETTLED
            and payee_of(self._state, number) in payers
        ]
        if not numbers:
            text = "No settled payment to the one who returns it is named so."
            return Refusal(Reason.NARR, text)
        if len(numbers) > 1:
            text = "More than one payment is named so: name it by its UETR or TxId."
            return Refusal(Reason.NARR, text)
        original = self._state.instructions[numbers[0]]
        assert original is not None
        converted = len(original.legs) == 2 and not original.trade
        legs = wish.converted if converted else wish.legs
        if legs:
            return numbers[0], legs
        text = "A payment is returned in the currency in which it was paid."
        if converted:
            text = "RtrdInstdAmt must name what the original payer gets, in its own currency."
        return Refusal(Reason.AM03, text)


_FORWARDED = "camt.056.001.08"


def _resolution(
    request: CancellationRequest, original: Original, status: str, reason: str, text: str
) -> Resolution:
    return Resolution(original, status, request.case_id, request.case_creator, reason, text)
