"""Logging in: a password (argon2id), a second factor (TOTP, RFC 6238), and sessions that end.

Nothing here tells whether a name exists: an unknown one costs as long and is answered alike. After
a few failures in a row a person's attempts are not heard for a time that doubles with each.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from functools import cache
from hashlib import sha256

import argon2
import msgspec
import pyotp

from paritas.people.store import PeopleStore, Person, Session, new_id

#: A session ends when it was not used for so long, and in any case after so long.
IDLE_S = 15 * 60.0
ABSOLUTE_S = 10 * 3600.0
SESSIONS_EACH = 5
#: Attempts that may fail before the next ones are put off, and for how long at first and at most.
FAILURES_FREE = 4
PUT_OFF_S = 2.0
PUT_OFF_MAX_S = 15 * 60.0
PASSWORD_CHARACTERS_MIN = 12
_PASSWORD_BYTES_MAX = 1024
_STEP_S = 30
#: A session's last use is written down at most once in so long.
_TOUCH_S = 20.0

# The second set of parameters that RFC 9106, section 4, recommends: 64 MiB, 3 passes, 4 lanes.
_HASHER = argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


@cache
def _nobody() -> str:
    """Return a hash that no password has, so that an unknown name costs as much as a known one."""
    return _HASHER.hash(secrets.token_hex(16))


class LoginRefused(Exception):  # noqa: N818 - an answer, not an error
    """The log-in did not succeed. ``retry_after_s`` is above 0 where attempts are put off."""

    def __init__(self, text: str, retry_after_s: int = 0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Begun(msgspec.Struct, frozen=True):
    """A session that began: its token, which only the person's browser keeps, and its CSRF word."""

    token: str
    csrf: str
    person: Person


def check_password(password: str) -> None:
    """Raise ValueError if a new password is too short or too long."""
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise ValueError(f"A password has at least {PASSWORD_CHARACTERS_MIN} characters.")
    if len(password.encode()) > _PASSWORD_BYTES_MAX:
        raise ValueError(f"A password has at most {_PASSWORD_BYTES_MAX} bytes.")


def new_person(
    name: str, institution: str, role: str, password: str, key: bytes | None = None
) -> Person:
    """Return a person with a new id and second factor; raises ValueError for a weak password."""
    check_password(password)
    return Person(
        new_id(), name, institution, role, _HASHER.hash(password), pyotp.random_base32(), key=key
    )


def new_proofs(person: Person, password: str) -> Person:
    """Return the person with a new password and second factor; raises ValueError."""
    check_password(password)
    return msgspec.structs.replace(
        person,
        password_hash=_HASHER.hash(password),
        totp_secret=pyotp.random_base32(),
        totp_step=0,
        failures=0,
        barred_until_s=0.0,
    )


def otpauth_uri(person: Person, scheme: str) -> str:
    """Return what an authenticator app reads as a QR code."""
    return pyotp.TOTP(person.totp_secret).provisioning_uri(name=person.name, issuer_name=scheme)


class Logins:
    """Logs people in and out, and knows their sessions.

    ``log_in`` takes a tenth of a second of a core and 64 MiB: run it in a thread, one at a time.
    """

    def __init__(self, store: PeopleStore, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self._clock = clock

    def log_in(self, name: str, password: str, code: str) -> Begun:
        """Begin a session; raises LoginRefused."""
        now_s = self._clock()
        person = self.store.named(name)
        if person is not None and person.barred_until_s > now_s:
            wait_s = int(person.barred_until_s - now_s) + 1
            raise LoginRefused("Too many failed attempts; wait, then try again.", wait_s)
        known = person is not None and not person.ended
        knows = _is_password(person.password_hash if person and known else _nobody(), password)
        step = _step_of(person.totp_secret, code, now_s) if person is not None else 0
        if person is None or not known or not knows or not step:
            self._fail(person, now_s)
        assert person is not None
        if not self.store.use_step(person, step):
            self._fail(person, now_s)
        return self._begin(person, now_s)

    def _fail(self, person: Person | None, now_s: float) -> None:
        if person is not None:
            over = person.failures + 1 - FAILURES_FREE
            put_off_s = min(PUT_OFF_S * 2 ** min(over - 1, 20), PUT_OFF_MAX_S) if over > 0 else 0.0
            self.store.failed(person, now_s + put_off_s)
        raise LoginRefused("Name, password and code do not fit together, or the code was used.")

    def _begin(self, person: Person, now_s: float) -> Begun:
        self.store.forget_sessions(now_s - IDLE_S, now_s - ABSOLUTE_S)
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        session = Session(_hash(token), person.id, csrf, now_s, now_s)
        self.store.begin_session(session, SESSIONS_EACH)
        return Begun(token, csrf, person)

    def session(self, token: str, *, is_use: bool = True) -> tuple[Person, Session] | None:
        """Return whose session a token is and the session, or None if it has ended.

        Asking is using the session, which puts its end off, unless ``is_use`` says otherwise.
        """
        now_s = self._clock()
        session = self.store.session(_hash(token))
        if session is None:
            return None
        if now_s - session.seen_s >= IDLE_S or now_s - session.began_s >= ABSOLUTE_S:
            self.store.end_session(session.token_hash)
            return None
        person = self.store.numbered(session.person)
        if person is None or person.ended:
            return None
        if is_use and now_s - session.seen_s >= _TOUCH_S:
            self.store.touch(session.token_hash, now_s)
        return person, session

    def log_out(self, token: str) -> None:
        """End a session."""
        self.store.end_session(_hash(token))


def fits(session: Session, csrf: str) -> bool:
    """Tell whether a request carries the word that only the session's own page knows."""
    return hmac.compare_digest(session.csrf.encode(), csrf.encode())


def _hash(token: str) -> bytes:
    # The token is 32 random bytes: a plain hash gives nothing to guess.
    return sha256(token.encode()).digest()


def _is_password(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password[:_PASSWORD_BYTES_MAX])
    except argon2.exceptions.VerificationError:
        return False


def _step_of(secret: str, code: str, now_s: float) -> int:
    """Return the time step that a code belongs to, one before or after now included; 0 for none."""
    totp = pyotp.TOTP(secret)
    given = "".join(code.split()).encode()
    now = int(now_s) // _STEP_S
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given):
            return step
    return 0
