"""People: logging in, being put off, sessions that end, second factors that count once."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_node import PASSWORD, A, code_of

from paritas.cli import app
from paritas.people import login
from paritas.people.login import LoginRefused, Logins, fits, new_person, otpauth_uri
from paritas.people.store import PeopleError, PeopleStore, Person

#: Taken before the fixture puts a cheaper one in its place.
HASHER = login._HASHER
BEGAN_S = 1_790_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now_s = BEGAN_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PeopleStore]:
    with PeopleStore(tmp_path) as found:
        yield found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def anna(store: PeopleStore) -> Person:
    person = new_person("anna", A, "treasurer", PASSWORD)
    store.add(person)
    return person


@pytest.fixture
def logins(store: PeopleStore, clock: Clock) -> Logins:
    return Logins(store, clock)


def test_the_file_is_for_its_owner_alone(store: PeopleStore, anna: Person) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert PASSWORD.encode() not in store.path.read_bytes()


def test_passwords_are_hashed_as_rfc_9106_says() -> None:
    assert HASHER.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_name_password_and_code_open_a_session(logins: Logins, clock: Clock, anna: Person) -> None:
    begun = logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s))
    found = logins.session(begun.token)
    assert found is not None
    person, session = found
    assert person.id == anna.id
    assert fits(session, begun.csrf)
    assert not fits(session, "")
    assert begun.token.encode() not in logins.store.path.read_bytes()
    assert logins.session(begun.token + "x") is None
    logins.log_out(begun.token)
    assert logins.session(begun.token) is None


def test_each_of_the_three_must_be_right(logins: Logins, clock: Clock, anna: Person) -> None:
    code = code_of(anna, clock.now_s)
    texts = set()
    for name, password, given in (
        ("nobody", PASSWORD, code),
        ("anna", PASSWORD + "x", code),
        ("anna", PASSWORD, "000000" if code != "000000" else "111111"),
        ("anna", PASSWORD, "१२३४५६"),
    ):
        with pytest.raises(LoginRefused) as refused:
            logins.log_in(name, password, given)
        texts.add(str(refused.value))
    # What was wrong is not said.
    assert len(texts) == 1


def test_a_code_counts_once(logins: Logins, clock: Clock, anna: Person) -> None:
    code = code_of(anna, clock.now_s)
    logins.log_in("anna", PASSWORD, code)
    with pytest.raises(LoginRefused):
        logins.log_in("anna", PASSWORD, code)
    clock.now_s += 30
    logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s))
    # One step of a clock that is slow or fast is let pass, and no earlier one than was used.
    with pytest.raises(LoginRefused):
        logins.log_in("anna", PASSWORD, code)
    clock.now_s += 60
    logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s - 30))
    clock.now_s += 60
    with pytest.raises(LoginRefused):
        logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s - 60))


def test_a_wrong_password_uses_up_no_code(logins: Logins, clock: Clock, anna: Person) -> None:
    code = code_of(anna, clock.now_s)
    with pytest.raises(LoginRefused):
        logins.log_in("anna", "wrong password", code)
    logins.log_in("anna", PASSWORD, code)


def test_failures_put_off_the_next_attempt(
    logins: Logins, clock: Clock, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hashing is not what is tested here.
    monkeypatch.setattr(login, "_is_password", lambda _, given: given == PASSWORD)
    waits = []
    for _ in range(16):
        with pytest.raises(LoginRefused) as refused:
            logins.log_in("anna", "wrong", "000000")
        assert not refused.value.retry_after_s
        person = logins.store.named("anna")
        assert person is not None
        wait_s = person.barred_until_s - clock.now_s
        waits.append(max(0, round(wait_s)))
        if wait_s > 0:
            with pytest.raises(LoginRefused) as put_off:
                logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s))
            assert put_off.value.retry_after_s >= wait_s
            clock.now_s = person.barred_until_s
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s))
    person = logins.store.named("anna")
    assert person is not None
    assert (person.failures, person.barred_until_s) == (0, 0)


def test_a_session_ends_when_it_is_not_used(logins: Logins, clock: Clock, anna: Person) -> None:
    token = logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s)).token
    for _ in range(3):
        clock.now_s += login.IDLE_S - 1
        assert logins.session(token) is not None
    clock.now_s += login.IDLE_S
    assert logins.session(token) is None
    clock.now_s = BEGAN_S
    assert logins.session(token) is None


def test_a_session_ends_in_any_case(logins: Logins, clock: Clock, anna: Person) -> None:
    token = logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s)).token
    while clock.now_s < BEGAN_S + login.ABSOLUTE_S - 600:
        clock.now_s += 600
        assert logins.session(token) is not None
    clock.now_s += 600
    assert logins.session(token) is None


def test_a_person_has_a_few_sessions_at_most(
    logins: Logins, clock: Clock, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "_is_password", lambda _, given: given == PASSWORD)
    tokens = []
    for _ in range(login.SESSIONS_EACH + 2):
        clock.now_s += 30
        tokens.append(logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s)).token)
    assert [logins.session(token) is not None for token in tokens] == [False, False, *[True] * 5]


def test_whoever_has_left_is_out(
    logins: Logins, clock: Clock, anna: Person, tmp_path: Path
) -> None:
    token = logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s)).token
    assert app(["person", "end", "anna", "--data", str(tmp_path)], exit_on_error=False) == 0
    assert logins.session(token) is None
    clock.now_s += 30
    with pytest.raises(LoginRefused):
        logins.log_in("anna", PASSWORD, code_of(anna, clock.now_s))


def test_names_and_keys_are_one_persons(store: PeopleStore, anna: Person) -> None:
    with pytest.raises(PeopleError, match="somebody's already"):
        store.add(new_person("anna", A, "clerk", PASSWORD))
    store.add(new_person("bert", A, "clerk", PASSWORD, b"k" * 32))
    with pytest.raises(PeopleError, match="somebody's already"):
        store.add(new_person("carl", A, "clerk", PASSWORD, b"k" * 32))


@pytest.mark.parametrize("password", ["", "short", "x" * 2000])
def test_a_password_has_a_length(password: str) -> None:
    with pytest.raises(ValueError, match=r"characters|bytes"):
        new_person("anna", A, "clerk", password)


# --- the command


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n" + PASSWORD + "\n"))


def test_a_person_is_entered_and_can_log_in(
    tmp_path: Path, typed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(tmp_path / "data")
    words = ["person", "add", "anna", "--role", "clerk", "--institution", "AAAAINB0"]
    assert app([*words, "--data", data], exit_on_error=False) == 0
    shown = capsys.readouterr().out
    with PeopleStore(tmp_path / "data") as store:
        person = store.named("anna")
        assert person is not None
        assert (person.institution, person.role) == (A, "clerk")
        assert person.totp_secret in shown
        assert otpauth_uri(person, "Paritas") in shown
        Logins(store).log_in("anna", PASSWORD, code_of(person))
    assert app(["person", "renew", "anna", "--data", data], exit_on_error=False) == 0
    assert person.totp_secret not in capsys.readouterr().out
    assert app(["person", "list", "--data", data], exit_on_error=False) == 0
    assert "anna  clerk  AAAAINB0XXX" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--role", "clerk"], "belongs to an institution"),
        (["--role", "operator", "--institution", A], "leave out --institution"),
        (["--role", "clerk", "--institution", "nobody"], "is not a BIC"),
        (["--role", "clerk", "--institution", A, "--key", "x"], "is not a public key"),
    ],
)
def test_who_cannot_be_is_refused(
    tmp_path: Path, typed: None, words: list[str], wanted: str
) -> None:
    with pytest.raises(PeopleError, match=wanted):
        app(["person", "add", "anna", *words, "--data", str(tmp_path)], exit_on_error=False)
