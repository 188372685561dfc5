"""Logging in and out: people's sessions, in a cookie that scripts cannot read."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from paritas.api.calls import Call, decode_json
from paritas.api.problems import Problem, Refused, response_of
from paritas.api.proving import COOKIE, Proving, session_token
from paritas.api.routes import Route
from paritas.people.login import ABSOLUTE_S
from paritas.people.store import Person

_BODY_BYTES_MAX = 8192
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class Login(msgspec.Struct, frozen=True):
    """What a person proves itself by: the password, and the six digits of the second factor."""

    name: _Text
    password: _Text
    code: Annotated[str, msgspec.Meta(min_length=6, max_length=12)]


class SessionShown(msgspec.Struct, frozen=True):
    """Who is logged in. ``csrf`` goes back in the header ``paritas-csrf`` with every change."""

    person: str
    name: str
    institution: str
    role: str
    csrf: str


class LoggedOut(msgspec.Struct, frozen=True):
    """The session has ended."""


_LOGIN = msgspec.json.Decoder(Login)
_ENCODER = msgspec.json.Encoder()


def _proving(call: Call) -> Proving:
    authenticator = call.service.authenticator
    if not isinstance(authenticator, Proving):
        raise Refused("not_found", "Nobody logs in to this node: it believes its callers.")
    return authenticator


def _shown(person: Person, csrf: str) -> SessionShown:
    return SessionShown(person.id, person.name, person.institution, person.role, csrf)


async def post_session(call: Call) -> Response:
    """Log in."""
    proving = _proving(call)
    request = call.request
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        # A form on another page cannot send this type.
        raise Refused("unsupported_media_type", "A log-in is sent as application/json.")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _BODY_BYTES_MAX:
            raise Refused("too_large", "A log-in is a name, a password and a code.")
    asked = decode_json(bytes(content), _LOGIN)
    begun = await proving.log_in(asked.name, asked.password, asked.code)
    if isinstance(begun, Problem):
        return response_of(begun)
    response = _answer(_shown(begun.person, begun.csrf))
    _set_cookie(response, begun.token, int(ABSOLUTE_S), secure=proving.secure_cookies)
    return response


async def get_session(call: Call) -> SessionShown:
    """Say who is logged in."""
    found = _proving(call).logins.session(session_token(call.request))
    if found is None:
        raise Refused("session_ended", "There is no session, or it has ended: log in.")
    person, session = found
    return _shown(person, session.csrf)


async def delete_session(call: Call) -> Response:
    """Log out. It needs no CSRF word: to be logged out harms nobody."""
    proving = _proving(call)
    proving.logins.log_out(session_token(call.request))
    response = _answer(LoggedOut())
    _set_cookie(response, "", 0, secure=proving.secure_cookies)
    return response


def _answer(shown: SessionShown | LoggedOut) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(_ENCODER.encode(shown), 200, headers, "application/json")


def _set_cookie(response: Response, token: str, max_age_s: int, *, secure: bool) -> None:
    response.set_cookie(
        COOKIE, token, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="strict"
    )


_PROBLEMS = ("malformed", "invalid", "too_large", "not_found")
ROUTES = (
    Route(
        "POST",
        "/v1/session",
        "log_in",
        "Log in with a password and a second factor",
        post_session,
        own=False,
        public=True,
        request=Login,
        answer=SessionShown,
        problems=(*_PROBLEMS, "unsupported_media_type", "unauthenticated", "too_many_requests"),
    ),
    Route(
        "GET",
        "/v1/session",
        "session",
        "Who is logged in",
        get_session,
        own=False,
        public=True,
        answer=SessionShown,
        problems=("session_ended", "not_found"),
    ),
    Route(
        "DELETE",
        "/v1/session",
        "log_out",
        "Log out",
        delete_session,
        own=False,
        public=True,
        answer=LoggedOut,
        problems=("not_found",),
    ),
)
