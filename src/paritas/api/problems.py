"""Every refusal of the API: RFC 9457 problem details, each with a code that never changes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

#: code -> (HTTP status, what it means for the one who asked). Codes are only ever added.
CODES: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unauthenticated": (401, "It is not proved who asks"),
    "signature_invalid": (401, "The signature does not fit the request"),
    "signature_replayed": (401, "This signed request was received before"),
    "session_ended": (401, "The session has ended"),
    "csrf": (403, "The request may come from another page than it seems"),
    "forbidden": (403, "The one who asks may not do this"),
    "not_found": (404, "There is no such thing, or it may not be seen"),
    "method_not_allowed": (405, "This cannot be done here"),
    "not_acceptable": (406, "The answer cannot be given in this form"),
    "conflict": (409, "It does not fit the present state"),
    "refused": (409, "The engine refused the command"),
    "too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "This form of content is not read here"),
    "invalid": (422, "The request is well formed and says something impossible"),
    "unreadable": (422, "The message cannot be read"),
    "idempotency_key_reused": (422, "The idempotency key came with other content before"),
    "too_many_requests": (429, "Too much is waiting from this side; come back later"),
    "internal": (500, "The node made a mistake"),
    "stopping": (503, "The node is stopping"),
    "not_ready": (503, "The node is not ready"),
    "overloaded": (503, "The node has too much to do; come back later"),
}


class Problem(msgspec.Struct, frozen=True):
    """A refusal. ``detail`` is one sentence: what, where, what to do.

    ``reason`` is an ISO 20022 status reason code where there is one.
    """

    code: str
    detail: str = ""
    reason: str = ""
    #: Seconds after which to try again, for 429 and 503.
    retry_after_s: int = 0

    @property
    def status(self) -> int:
        """The HTTP status."""
        return CODES[self.code][0]


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a refusal (RFC 9457), with ``code`` as the stable name of the problem."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    reason: str = ""


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """Ends a request with a problem."""

    def __init__(self, code: str, detail: str = "", **more: object) -> None:
        self.problem = Problem(code, detail, **more)  # type: ignore[arg-type]
        super().__init__(detail)


_ENCODER = msgspec.json.Encoder()


def response_of(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the HTTP answer of a problem."""
    status, title = CODES[problem.code]
    details = ProblemDetails(
        f"urn:paritas:problem:{problem.code}",
        title,
        status,
        problem.code,
        problem.detail,
        problem.reason,
    )
    more = dict(headers or {})
    if problem.retry_after_s or status in (429, 503):
        more["Retry-After"] = str(problem.retry_after_s or 1)
    if status == 401:
        more["WWW-Authenticate"] = "Signature"
    return Response(_ENCODER.encode(details), status, more, MEDIA_TYPE)
