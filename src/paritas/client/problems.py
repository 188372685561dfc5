"""Why a client has no answer."""

from __future__ import annotations

from paritas.model.told import ToldError


class SettingsError(ToldError):
    """The client does not know whom to ask, or as whom; the text says what to write where."""


class ClientError(ToldError):
    """A question was not answered; the text says what and what to do."""


class NodeRefused(ClientError):  # noqa: N818 - an answer, not an error
    """The node refused; ``code`` is the stable name of the problem, ``reason`` an ISO code if any."""

    def __init__(self, status: int, code: str, reason: str, detail: str) -> None:
        words = " ".join(filter(None, (reason, detail)))
        super().__init__(f"Refused ({code}, HTTP {status}): {words}")
        self.status = status
        self.code = code
        self.reason = reason
        self.detail = detail


class NodeUnreachable(ClientError):  # noqa: N818 - it says where it stands
    """The node could not be reached, or did not answer in time."""
