"""``paritas person``: enter people, list them, give them new proofs, end their access."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import msgspec
import segno

from paritas.model.keys import key_text, parse_key
from paritas.model.parties import is_bic, normalise_bic
from paritas.people.login import check_password, new_person, new_proofs, otpauth_uri
from paritas.people.store import PeopleError, PeopleStore, Person


class PersonShown(msgspec.Struct, frozen=True):
    """A person as the list shows it."""

    id: str
    name: str
    institution: str
    role: str
    key: str
    ended: bool


def add(data: Path, name: str, role: str, institution: str, key: str, scheme: str) -> int:
    """Enter somebody; prints the second factor's secret, which is shown this once."""
    bic = _institution(institution)
    if role == "operator" and bic:
        raise PeopleError("An operator is of the scheme's operator: leave out --institution.")
    if role not in ("operator", "auditor", "compliance") and not bic:
        raise PeopleError(f"A {role} belongs to an institution: name it with --institution BIC.")
    try:
        public_key = parse_key(key) if key else None
        person = new_person(name, bic, role, _password(name), public_key)
    except ValueError as error:
        raise PeopleError(f"{name}: {error}") from None
    data.mkdir(parents=True, exist_ok=True)
    with PeopleStore(data) as store:
        store.add(person)
    print(f"{name} is entered as {role} of {bic or 'the operator'}; id {person.id}.")
    _show_factor(person, scheme)
    return 0


def renew(data: Path, name: str, scheme: str) -> int:
    """Give somebody a new password and second factor; sessions end."""
    with PeopleStore(data) as store:
        person = _known(store, name)
        try:
            person = new_proofs(person, _password(name))
        except ValueError as error:
            raise PeopleError(f"{name}: {error}") from None
        store.change(person)
    print(f"{name} has a new password and a new second factor; old sessions have ended.")
    _show_factor(person, scheme)
    return 0


def end(data: Path, name: str) -> int:
    """End somebody's access, and the sessions that are open."""
    with PeopleStore(data) as store:
        store.change(msgspec.structs.replace(_known(store, name), ended=True, key=None))
    print(f"{name} can log in no more; open sessions have ended.")
    return 0


def list_people(data: Path, *, as_json: bool) -> int:
    """List everybody."""
    with PeopleStore(data) as store:
        people = [_shown(person) for person in store.everybody()]
    if as_json:
        print(msgspec.json.encode(people).decode())
        return 0
    for person in people:
        state = "ended" if person.ended else (f"key {person.key}" if person.key else "")
        words = person.name, person.role, person.institution or "operator", person.id, state
        print("  ".join(filter(None, words)))
    return 0


def _shown(person: Person) -> PersonShown:
    key = key_text(person.key) if person.key else ""
    who = person.id, person.name, person.institution, person.role
    return PersonShown(*who, key, person.ended)


def _known(store: PeopleStore, name: str) -> Person:
    person = store.named(name)
    if person is None:
        raise PeopleError(f"{name}: there is nobody of this name; paritas person list says who is.")
    return person


def _institution(bic: str) -> str:
    if bic and not is_bic(bic):
        raise PeopleError(f"{bic}: is not a BIC: 8 or 11 capitals and digits.")
    return normalise_bic(bic) if bic else ""


def _password(name: str) -> str:
    """Ask for a new password twice; where nobody sits at a terminal, read one line."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\n")
        check_password(password)
        return password
    password = getpass.getpass(f"Password for {name}: ")
    check_password(password)
    if getpass.getpass("The same again: ") != password:
        raise ValueError("the two passwords differ.")
    return password


def _show_factor(person: Person, scheme: str) -> None:
    uri = otpauth_uri(person, scheme)
    print(f"Second factor, shown this once: {person.totp_secret}")
    print(uri)
    if sys.stdout.isatty():
        segno.make(uri, error="l").terminal(compact=True)
