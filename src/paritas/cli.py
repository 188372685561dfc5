"""Paritas settles cross-border payments in the members' own currencies, payment-versus-payment."""

# The commands a person types. This module wires the rooms together, and nothing else does. What a
# command needs is imported when it runs, so that --help and the small commands answer at once.

from __future__ import annotations

import datetime
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Never

from cyclopts import App, CycloptsError, Parameter

from paritas import __version__

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from paritas.client.settings import Settings
    from paritas.node.run import Progress

app = App(
    name="paritas",
    help=__doc__,
    version=f"paritas {__version__}",
    result_action="return_value",
)


@app.command
def settle(
    in_dir: Path,
    /,
    *,
    scheme: Path,
    out: Path,
    date: datetime.date | None = None,
    deliver: bool = False,
    obligations: Path | None = None,
    json: bool = False,
) -> int:
    """Settle a directory of ISO 20022 files, offline and on virtual time.

    OUT gets answers/ (a pacs.002 or admi.002 for every file), notifications/ (camt.054),
    statements/ (camt.053), journal.sqlite, report.html and report.json. Files enter in byte order of
    name. Called again with the same input, a run that was interrupted goes on where it stopped.

    Example: paritas settle messages --scheme scheme.toml --out out/today --date 2026-09-30

    Parameters
    ----------
    in_dir
        The directory with the messages; everything in it is answered.
    scheme
        The scheme file (TOML): books, members, opening balances, limits, rates.
    out
        Where everything is written; it must not hold the journal of other input.
    date
        The first business date; by default the earliest settlement date of the input.
    deliver
        Also write delivered/BIC/: what each payee receives.
    obligations
        What members submit to the scheme's netting cycles (CSV); OUT then gets cycles/ as well.
    json
        Print the report as JSON instead of a table.
    """
    from paritas.node.scheme import load_scheme
    from paritas.node.settle import settle as run

    with _progress() as tell:
        data = run(
            in_dir,
            load_scheme(scheme),
            out,
            first_day=date,
            deliver=deliver,
            obligations=obligations,
            tell=tell,
        )
    _show(data, out, as_json=json)
    return 0


@app.command
def serve(
    *,
    config: Path,
    data: Path = Path("data"),
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int | None = None,
    requests_max: int = 4_000,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
    traces: bool = False,
    name: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    client_ca: Path | None = None,
    client_certificates: Path | None = None,
    insecure_trust_callers: bool = False,
    insecure_webhooks: bool = False,
) -> int:
    """Run a node: settle what members submit over HTTP, on real time, until told to stop.

    docs/service.md says what can be asked, docs/trust.md by whom. Stop it with SIGTERM or Ctrl-C: what was answered is
    durable, what was not is refused.

    Example: paritas serve --config scheme.toml --data /var/lib/paritas --port 8080

    Parameters
    ----------
    config
        The scheme file (TOML) that the node's journal began with, or begins with now.
    data
        Where the node lives: its journal and what goes with it.
    host
        The address to listen at.
    port
        The port to listen at.
    workers
        How many processes read messages; by default one for each core but one.
    requests_max
        How many requests may be on their way at once; more are refused, to come again later.
    log_level
        What is logged, as JSON lines on standard error.
    traces
        Export OpenTelemetry traces, where the extra paritas[traces] is installed.
    name
        A name (host, or host:port) under which members call; signed requests for another are refused.
    tls_certificate
        The node's certificate (PEM), for TLS without a proxy before it.
    tls_key
        Its private key (PEM).
    client_ca
        Who issues client certificates (PEM): ask for one on every connection.
    client_certificates
        Whose is which (TOML: BIC = ["SHA-256 fingerprint", ...]); theirs are then insisted on.
    insecure_trust_callers
        Believe what callers say of themselves. For trying out on one machine, never for money.
    insecure_webhooks
        Call webhooks on plain HTTP and in private networks too. For trying out.
    """
    from paritas.api.budget import Limits
    from paritas.api.principals import TrustingAuthenticator
    from paritas.api.proving import proving
    from paritas.api.serve import serve as run
    from paritas.api.tls import Tls, read_certificates
    from paritas.console.pages import ROUTES as CONSOLE
    from paritas.node.scheme import load_scheme

    if requests_max < 1:
        raise UsageError("paritas serve: --requests-max is at least 1.")
    is_local = host in ("127.0.0.1", "::1", "localhost")
    if insecure_trust_callers and not is_local:
        raise UsageError("paritas serve: --insecure-trust-callers listens on this machine only.")
    if (tls_certificate is None) != (tls_key is None):
        raise UsageError("paritas serve: --tls-certificate and --tls-key go together.")
    if tls_certificate is None and (client_ca or client_certificates):
        raise UsageError("paritas serve: client certificates need --tls-certificate and --tls-key.")
    tls = None
    if tls_certificate is not None and tls_key is not None:
        tls = Tls(tls_certificate, tls_key, client_ca)
    certificates = read_certificates(client_certificates) if client_certificates else None
    names = frozenset(each.lower() for each in name)
    secure_cookies = tls is not None or not is_local
    run(
        load_scheme(config),
        data,
        (lambda node: TrustingAuthenticator())
        if insecure_trust_callers
        else (lambda node: proving(node, data, names, certificates, secure_cookies=secure_cookies)),
        host=host,
        port=port,
        workers=workers,
        limits=Limits(requests=requests_max, requests_each=max(1, requests_max // 2)),
        log_level=log_level,
        traces=traces,
        tls=tls,
        webhooks_anywhere=insecure_webhooks,
        more=CONSOLE,
    )
    return 0


person = App(name="person", help="The people who may log in to a node: enter, list, renew, end.")
app.command(person)


@person.command
def add(
    name: str,
    /,
    *,
    role: Literal["operator", "issuer", "treasurer", "clerk", "compliance", "auditor"],
    institution: str = "",
    key: str = "",
    data: Path = Path("data"),
    scheme: str = "Paritas",
) -> int:
    """Enter a person, who then logs in with a password and a second factor.

    The password is asked for, or read from standard input. The second factor's secret is shown once.

    Example: paritas person add anna --role treasurer --institution AAAAINB0XXX --data data

    Parameters
    ----------
    name
        The name to log in with.
    role
        What the person does; docs/trust.md says what each role may do.
    institution
        The BIC of the person's institution; none for the operator's own people.
    key
        A public key of the institution with which this person signs.
    data
        Where the node lives.
    scheme
        What authenticator apps call it.
    """
    from paritas.people import commands

    return commands.add(data, name, role, institution, key, scheme)


@person.command(name="list")
def list_people(*, data: Path = Path("data"), json: bool = False) -> int:
    """List everybody who may, or might, log in.

    Example: paritas person list --data data --json

    Parameters
    ----------
    data
        Where the node lives.
    json
        Print them as JSON.
    """
    from paritas.people import commands

    return commands.list_people(data, as_json=json)


@person.command
def renew(name: str, /, *, data: Path = Path("data"), scheme: str = "Paritas") -> int:
    """Give a person a new password and a new second factor, as when a telephone is lost.

    Example: paritas person renew anna --data data

    Parameters
    ----------
    name
        The name to log in with.
    data
        Where the node lives.
    scheme
        What authenticator apps call it.
    """
    from paritas.people import commands

    return commands.renew(data, name, scheme)


@person.command
def end(name: str, /, *, data: Path = Path("data")) -> int:
    """End a person's access and open sessions. What the person did stays in the journal.

    Example: paritas person end anna --data data

    Parameters
    ----------
    name
        The name to log in with.
    data
        Where the node lives.
    """
    from paritas.people import commands

    return commands.end(data, name)


@app.command
def keygen(path: Path, /, *, passphrase: bool = False) -> int:
    """Make a key pair to sign with: the private key goes to a file, the public key is printed.

    The public key goes into the rulebook: into the scheme file, or by a change that is approved.

    Example: paritas keygen aaaainb0.pem

    Parameters
    ----------
    path
        The file to make (PKCS #8 PEM); only you may read it, and it is never written over.
    passphrase
        Ask for a passphrase to protect the file with.
    """
    from getpass import getpass

    from paritas.model.keys import key_text
    from paritas.signing.keys import make_key_file

    secret = getpass("Passphrase: ") if passphrase else ""
    if passphrase and getpass("The same again: ") != secret:
        raise UsageError("paritas keygen: the two passphrases differ.")
    print(key_text(make_key_file(path, secret)))
    return 0


@app.command
def check(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)], profile: str = "plain"
) -> int:
    """Check messages, ISO 20022 and MT: one JSON line for each, what is wrong, where, and why.

    A directory stands for all files below it, - for standard input. Exit 1 if anything is invalid.

    Example: paritas check payment.xml inbox/ --profile cbpr+

    Parameters
    ----------
    files
        Files or directories.
    profile
        plain, cbpr+ (cbpr+2025 and cbpr+2026 for one release) or harmonised: whose rules a message
        is to keep beyond its schema.
    """
    from paritas.iso20022.check import check_command
    from paritas.iso20022.usage.profiles import PROFILES
    from paritas.mt.checking import check_if_mt

    if not files:
        raise UsageError("paritas check: name at least one file or directory.")
    if profile not in PROFILES:
        raise UsageError(f"paritas check: --profile {profile}: say one of {', '.join(PROFILES)}.")
    return check_command(list(files), sys.stdout, check_if_mt, PROFILES[profile])


@app.command
def audit(journal: Path, /, *, clearing: Path | None = None, json: bool = False) -> int:
    """Check a journal from its first row: hashes, decisions, laws, finality, clearings, state.

    Exit 1 if anything is broken.

    Example: paritas audit out/demo/journal.sqlite

    Parameters
    ----------
    journal
        The journal file.
    clearing
        Also write each clearing there as problem and result, for paritas verify.
    json
        Print what was found as JSON.
    """
    import msgspec

    from paritas.journal.audit import audit as run
    from paritas.node.clearing_evidence import Evidence

    evidence = Evidence(clearing)
    with _progress() as tell:
        report = run(journal, lambda row: tell("auditing", row, 0), evidence.see)
    report = msgspec.structs.replace(
        report,
        clearings=evidence.checked,
        breaches=(*report.breaches, *evidence.breaches),
    )
    if json:
        print(msgspec.json.encode(report).decode())
    else:
        for breach in report.breaches:
            print(breach)
        verdict = "broken" if report.breaches else "sound"
        print(
            f"{journal}: {verdict}. {report.rows} rows, {report.records} records:"
            f" {report.settled} settled, {report.refused} refused, {report.waiting} waiting;"
            f" {report.sealed_checked} sealed parts match their hashes,"
            f" {report.signatures_checked} signatures their requests;"
            f" {report.clearings} clearings with their certificates."
        )
        print(f"head {report.head}")
        print(f"state {report.state}")
    return 1 if report.breaches else 0


@Parameter(name="*")
@dataclass
class Node:
    """Which node a member's command asks, as whom."""

    url: str = ""
    """The node's address, such as https://node.example (or PARITAS_URL, or the settings file)."""
    bic: str = ""
    """The own institution (or PARITAS_BIC)."""
    key: str = ""
    """The file with the private key that signs (or PARITAS_KEY)."""
    settings: Path | None = None
    """A settings file (TOML: url, bic, key ...) instead of ~/.config/paritas/client.toml."""

    def load(self) -> Settings:
        """Return the settings; raises SettingsError."""
        from paritas.client.settings import Settings

        return Settings.load(self.settings, url=self.url, bic=self.bic, key=self.key)


_HERE = Node()


@app.command
def send(*files: str, xml: bool = False, json: bool = False, node: Node = _HERE) -> int:
    """Send messages to the node, ISO 20022 or MT; what is answered is durable there.

    Exit 1 if anything in them was refused.

    Example: paritas send payment.xml --url https://node.example --key bank.pem

    Parameters
    ----------
    files
        The messages, one in each file; - is standard input.
    xml
        Print the node's pacs.002 for each.
    json
        Print the answer to each as one line of JSON.
    """
    from paritas.client import commands

    if not files:
        raise UsageError("paritas send: name at least one file.")
    return commands.send(node.load(), files, xml=xml, as_json=json)


@app.command
def queue(currency: str = "", /, *, json: bool = False, node: Node = _HERE) -> int:
    """List what waits, why, and what would free it.

    Example: paritas queue INR

    Parameters
    ----------
    currency
        Only this currency.
    json
        Print each as one line of JSON.
    """
    from paritas.client import commands

    return commands.queue(node.load(), currency, as_json=json)


@app.command
def act(
    what: Literal["cancel", "priority", "reorder"],
    number: int,
    value: str = "",
    /,
    *,
    json: bool = False,
    node: Node = _HERE,
) -> int:
    """Cancel what waits, or give it another priority or place.

    Example: paritas act priority 4711 urgent

    Parameters
    ----------
    what
        What to do with it.
    number
        Its number, as paritas queue shows it.
    value
        The priority (urgent, high, normal) or the place (front, end).
    json
        Print the answer as JSON.
    """
    from paritas.client import commands

    allowed = {"priority": ("urgent", "high", "normal"), "reorder": ("front", "end")}.get(
        what, ("",)
    )
    if value not in allowed:
        words = " or ".join(filter(None, allowed)) or "nothing"
        raise UsageError(f"paritas act {what}: after the number comes {words}.")
    return commands.act(node.load(), what, number, value, as_json=json)


@app.command
def balance(currency: str = "", /, *, at: str = "", json: bool = False, node: Node = _HERE) -> int:
    """Show the institution's balances, now or as of a past moment.

    Example: paritas balance INR --at 2026-09-30T17:00:00Z

    Parameters
    ----------
    currency
        Only this currency.
    at
        A past moment, ISO 8601 with its zone.
    json
        Print them as JSON.
    """
    from paritas.client import commands

    return commands.balance(node.load(), currency, at, as_json=json)


@app.command
def statement(
    currency: str,
    /,
    *,
    date: datetime.date | None = None,
    xml: bool = False,
    json: bool = False,
    node: Node = _HERE,
) -> int:
    """Show an account's entries between opening and closing balance, oldest first.

    Example: paritas statement INR --date 2026-09-30

    Parameters
    ----------
    currency
        The book's currency.
    date
        The business date; without it, everything there is.
    xml
        Print the camt.053 of a date that has ended.
    json
        Print each entry as one line of JSON.
    """
    from paritas.client import commands

    day = date.isoformat() if date is not None else ""
    if xml and not day:
        raise UsageError("paritas statement: --xml needs --date.")
    return commands.statement(node.load(), currency, day, xml=xml, as_json=json)


@app.command
def watch(*kinds: str, after: str = "", json: bool = False, node: Node = _HERE) -> int:
    """Print what changes as it happens, until stopped with Ctrl-C.

    Example: paritas watch payment.settled payment.refused --json

    Parameters
    ----------
    kinds
        Only these kinds, such as payment.settled; without any, all.
    after
        Go on after the notice of this id.
    json
        Print each notice as one line of JSON.
    """
    from paritas.client import commands

    return commands.watch(node.load(), kinds, after, as_json=json)


@app.command
def changes(*, json: bool = False, node: Node = _HERE) -> int:
    """List the changes that wait for people's approval.

    Example: paritas changes

    Parameters
    ----------
    json
        Print them as JSON.
    """
    from paritas.client import commands

    return commands.changes(node.load(), as_json=json)


@app.command
def approve(number: int, /, *, digest: str = "", json: bool = False, node: Node = _HERE) -> int:
    """Approve a change with your key, as another person than those who approved it before.

    Example: paritas approve 7 --key officer.pem --digest 9f2c...

    Parameters
    ----------
    number
        The change's number, as paritas changes shows it.
    digest
        The digest that was agreed on another way; nothing else is approved then.
    json
        Print the answer as JSON.
    """
    from paritas.client import commands

    return commands.approve(node.load(), number, digest, as_json=json)


@app.command
def withdraw(number: int, /, *, json: bool = False, node: Node = _HERE) -> int:
    """Take a change of the own institution back, or turn one down that needs its consent.

    Example: paritas withdraw 7

    Parameters
    ----------
    number
        The change's number.
    json
        Print the answer as JSON.
    """
    from paritas.client import commands

    return commands.act(node.load(), "withdraw", number, "", as_json=json)


@app.command
def status(
    payment: str, /, *, journal: Path | None = None, json: bool = False, node: Node = _HERE
) -> int:
    """Show a payment's history as a timeline: received, queued, settled, delivered, confirmed.

    Found by its number, its UETR, else by its TxId or InstrId. Asks the node, or, with --journal, a
    journal file. Exit 1 if there is no such payment.

    Example: paritas status 0f3e8a54-6a1c-4b5e-9d43-2f7c1b8e6a90 --journal out/today/journal.sqlite

    Parameters
    ----------
    payment
        The payment's number, UETR or reference.
    journal
        A journal file; its tables for asking are kept beside it and brought up to date.
    json
        Print the payments and their timelines as JSON.
    """
    if journal is not None:
        return _status_in(journal, payment, as_json=json)
    from paritas.client import commands

    return commands.status(node.load(), payment, as_json=json)


def _status_in(journal: Path, uetr: str, *, as_json: bool) -> int:
    import msgspec
    from rich.console import Console

    from paritas.node.tracking import history_beside, timeline_tables, track

    with _progress() as tell:

        def caught_up(row: int, of: int) -> None:
            tell("catching up", row, of)

        with history_beside(journal, caught_up) as (history, _):
            tracked = track(history, uetr)
    if as_json:
        print(msgspec.json.encode(tracked).decode())
    elif tracked:
        Console().print(*timeline_tables(tracked), sep="\n\n")
    else:
        print(f"{journal}: knows no payment {uetr}; look at its UETR or TxId.", file=sys.stderr)
    return 0 if tracked else 1


@app.command
def erase(journal: Path, /, *, before: datetime.date, json: bool = False) -> int:
    """Erase received messages and names whose retention has ended; the journal stays whole.

    What was received before BEFORE (UTC) can be read by nobody afterwards. Hashes, decisions and
    replay stay as they were: paritas audit finds the journal as sound as before.

    Example: paritas erase out/today/journal.sqlite --before 2021-01-01

    Parameters
    ----------
    journal
        The journal file.
    before
        The first day that is kept.
    json
        Print what was erased as JSON.
    """
    import time

    import msgspec

    from paritas.journal.erasure import erase as run
    from paritas.node.business_days import utc_midnight_ns

    erased = run(journal, utc_midnight_ns(before), time.time_ns())
    if json:
        print(msgspec.json.encode(erased).decode())
    else:
        print(f"{journal}: {erased.messages} messages ({erased.bytes} bytes) erased.")
    return 0


screening_app = App(
    name="screening", help="Ask why screening let a payment through, and compare lists."
)
app.command(screening_app)


@screening_app.command
def explain(uetr: str, /, *, journal: Path, json: bool = False) -> int:
    """Say why a payment was let through or held: lists, versions, verdicts, decisions.

    Exit 1 if the journal knows no such payment.

    Example: paritas screening explain 7f2c6d1e-5a0b-4a51-9f6d-0c1f2e3d4b5a --journal out/journal.sqlite

    Parameters
    ----------
    uetr
        The payment's UETR.
    journal
        The journal file.
    json
        Print it as JSON.
    """
    import msgspec

    from paritas.journal.sqlite import SqliteJournal
    from paritas.node.screening_trail import explain as run

    with SqliteJournal(journal, read_only=True) as opened:
        found = run(opened, uetr)
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        print(
            "\n\n".join(each.text() for each in found) or f"{journal}: no payment has UETR {uetr}."
        )
    return 0 if found else 1


@screening_app.command
def report(*, journal: Path, json: bool = False) -> int:
    """Count, by day and list, what was screened, hit, released, rejected and frozen.

    Example: paritas screening report --journal out/today/journal.sqlite

    Parameters
    ----------
    journal
        The journal file.
    json
        Print it as JSON.
    """
    import msgspec

    from paritas.journal.sqlite import SqliteJournal
    from paritas.node.screening_report import report_text, screening_report

    with SqliteJournal(journal, read_only=True) as opened:
        rows = screening_report(opened)
    if json:
        print(msgspec.json.encode(rows).decode())
    else:
        print(report_text(rows))
    return 0


@screening_app.command
def diff(
    old: Path, new: Path, /, *, published: datetime.date | None = None, json: bool = False
) -> int:
    """Show what a new version of a list adds, removes and changes, and what speaks against it.

    OLD and NEW are a list's file as published, or a directory with the files of one list. Exit 1 if
    the new version would be refused unless two people insist.

    Example: paritas screening diff un-2026-11-20.xml un-2026-11-21.xml

    Parameters
    ----------
    old
        The version in force.
    new
        The new version.
    published
        The new version's date, where its files carry none; the old one's is then the day before.
    json
        Print it as JSON.
    """
    from paritas.node.list_update import compare

    comparison = compare(old, new, published)
    if json:
        import msgspec

        print(msgspec.json.encode(comparison).decode())
    else:
        print(comparison.text())
    return 1 if comparison.doubts else 0


@app.command
def demo(
    *,
    out: Path = Path("out/demo"),
    payments: int | None = None,
    json: bool = False,
    serve: bool = True,
    port: int = 8080,
) -> int:
    """Run a settlement day among eleven economies: real trade, real rates, made-up banks.

    Writes the day's messages to OUT/in, settles them as paritas settle does, and reports. On a
    terminal it then serves the console with the day's data, for looking at, until Ctrl-C.

    Example: paritas demo --out out/demo

    Parameters
    ----------
    out
        Where everything goes; an earlier demo there is replaced.
    payments
        About how many payments the day has; by default what the scenario says.
    json
        Print the report as JSON instead of a table.
    serve
        Serve the console at the end; it never does where standard input is no terminal.
    port
        The port of the console, on this machine only.
    """
    from paritas.simulate.demo import run_demo

    with _progress() as tell:
        data = run_demo(out, payments, tell)
    _show(data, out, as_json=json)
    if serve and not json and sys.stdin is not None and sys.stdin.isatty():
        from paritas.simulate.watch import watch

        print(f"Console: http://127.0.0.1:{port}/ (Ctrl-C ends it)")
        watch(out, "127.0.0.1", port)
    return 0


@app.command
def clear(
    problem: Path,
    /,
    *,
    out: Path,
    rule: Literal["free", "fifo"] = "free",
    time_limit: float = 20.0,
) -> int:
    """Find which queued instructions can settle together, and prove how good the answer is.

    docs/clearing.md says what PROBLEM holds and what the certificate in RESULT means.

    Example: paritas clear problem.json --out result.json --rule free --time-limit 20

    Parameters
    ----------
    problem
        Accounts and instructions (JSON).
    out
        Where the result is written (JSON).
    rule
        free: any subset of the most value; fifo: in order of priority and arrival.
    time_limit
        Seconds, after which the best set found so far is the answer.
    """
    from paritas.clearing.commands import clear_command

    if not 0 < time_limit < 10**6:
        raise UsageError("paritas clear: --time-limit is a positive number of seconds.")
    return clear_command(problem, out, rule, time_limit)


@app.command
def setoff(
    obligations: Path,
    /,
    *,
    out: Path,
    across_currencies: bool = False,
    rates: Path | None = None,
    consent: Path | None = None,
) -> int:
    """Set off as much debt between members as can be, with nobody's net position changed.

    Example: paritas setoff obligations.csv --out result.json

    Parameters
    ----------
    obligations
        CSV (debtor,creditor,currency,amount[,id]) or a JSON array of such objects.
    out
        Where the result is written (JSON).
    across_currencies
        Set off at reference rates too, as far as members consent.
    rates
        Reference value of one minor unit of each currency (JSON), with --across-currencies.
    consent
        How far each member's position in each currency may shift (JSON), with --across-currencies.
    """
    from paritas.clearing.commands import setoff_command

    return setoff_command(obligations, out, across_currencies, rates, consent, own_process=True)


@app.command
def match(orders: Path, /, *, out: Path, time_limit: float = 10.0) -> int:
    """Match exchanges with each other, in pairs and rings over any number of currencies.

    Everyone exchanges at the reference rates and nobody needs a dealer. docs/clearing.md says
    what ORDERS holds and what the certificate in RESULT means.

    Example: paritas match orders.json --out result.json --time-limit 10

    Parameters
    ----------
    orders
        Reference rates and orders (JSON).
    out
        Where the result is written (JSON).
    time_limit
        Seconds, after which the best match found so far is the answer.
    """
    from paritas.clearing.commands import match_command

    if not 0 < time_limit < 10**6:
        raise UsageError("paritas match: --time-limit is a positive number of seconds.")
    return match_command(orders, out, time_limit)


@app.command
def verify(problem: Path, result: Path, /) -> int:
    """Check a result of clear, setoff or match without trusting who made it; print valid, or why not.

    Exit 1 if it is not valid.

    Example: paritas verify problem.json result.json

    Parameters
    ----------
    problem
        What was to be solved.
    result
        What is claimed of it.
    """
    from paritas.clearing.commands import verify_command

    return verify_command(problem, result)


@app.command
def bench(
    what: Literal["settlement", "service", "screening", "check"] = "settlement",
    /,
    *,
    quick: bool = False,
    lists: Path | None = None,
    picture: Path | None = None,
    files: Path | None = None,
    json: bool = False,
) -> int:
    """Measure this machine: settlement (engine and settle), the service, screening or check.

    docs/benchmarks.md and docs/screening.md say what each figure means.

    Example: paritas bench --json

    Parameters
    ----------
    what
        What to measure.
    quick
        A tenth of each workload: a minute instead of several, and less to be trusted.
    lists
        A directory of publishers' list files, for screening; without it a made-up list is used.
    picture
        Where to draw screening's curve of recall and false alarms (SVG).
    files
        A directory of messages, for check, beside made-up ones.
    json
        Print the figures of settlement or service as JSON.
    """
    if what == "screening":
        return _bench_screening(lists, picture, quick=quick)
    if what == "service":
        return _bench_service(quick=quick, as_json=json)
    if what == "check":
        return _bench_check(files, quick=quick)
    import msgspec
    from rich.console import Console

    from paritas.simulate.bench import bench_tables, run_bench

    with _progress() as tell:
        figures = run_bench(tell, quick=quick)
    if json:
        print(msgspec.json.encode(figures).decode())
    else:
        yardsticks = (
            f"{figures.yardstick_before_ns} ns before, {figures.yardstick_after_ns} ns after"
        )
        print(f"{figures.machine}; SHA-256 over 65 bytes {yardsticks}")
        Console().print(*bench_tables(figures), sep="\n")
    return 0


def _bench_service(*, quick: bool, as_json: bool) -> int:
    import msgspec
    from rich.console import Console

    from paritas.simulate.bench_service import run_service_bench, service_table

    with _progress() as tell:
        bench = run_service_bench(tell, part=10 if quick else 1)
    if as_json:
        print(msgspec.json.encode(bench).decode())
    else:
        print(f"{bench.machine}; SHA-256 over 65 bytes {bench.yardstick_ns} ns")
        Console().print(service_table(bench))
    return 0


def _bench_screening(lists: Path | None, picture: Path | None, *, quick: bool) -> int:
    from paritas.screening.bench import bench as run

    if lists is not None and not lists.is_dir():
        raise UsageError(f"paritas bench: {lists} is not a directory of list files.")
    part = 10 if quick else 1
    report = run(
        lists,
        payments=5_000 // part,
        ordinary=20_000 // part,
        variants=5_000 // part,
        picture=picture,
        say=lambda line: print(line, file=sys.stderr),
    )
    print(report.table())
    return 0


def _bench_check(files: Path | None, *, quick: bool) -> int:
    from rich.console import Console

    from paritas.simulate.bench_check import check_table, run_check_bench

    if files is not None and not files.is_dir():
        raise UsageError(f"paritas bench: {files} is not a directory of messages.")
    Console().print(check_table(run_check_bench(files, quick=quick)))
    return 0


class UsageError(Exception):
    """The command line asks for something that cannot be meant; exit 2."""


def _show(data: object, out: Path, *, as_json: bool) -> None:
    import msgspec
    from rich.console import Console

    from paritas.node.report import render_table
    from paritas.node.report_data import ReportData

    assert isinstance(data, ReportData)
    if as_json:
        print(msgspec.json.encode(data).decode())
        return
    Console().print(render_table(data))
    print(f"Report: {out / 'report.html'}")


def _progress() -> AbstractContextManager[Progress]:
    from paritas.node.progress import progress_bar

    return progress_bar()


def _told() -> tuple[type[Exception], ...]:
    """Return the errors that are told as they are; looked up only once one was raised."""
    from paritas.iso20022.schemas import SchemaBundleMissingError
    from paritas.journal.sqlite import JournalError
    from paritas.model.told import ToldError
    from paritas.node.run import SettleError
    from paritas.node.scheme import SchemeErrors
    from paritas.screening.lists.reading import ListError

    schema = SchemaBundleMissingError
    return SchemeErrors, SettleError, JournalError, schema, ListError, ToldError


def main() -> Never:
    """Run the command line; the exit code is 0 done, 1 refused or failed, 2 wrong usage."""
    try:
        code = app(exit_on_error=False, print_error=False)
    except (CycloptsError, UsageError) as error:
        print(f"{error}\nparitas --help says what can be asked.", file=sys.stderr)
        sys.exit(2)
    except _told() as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(
            "Stopped. What is in the journal stays; the same call goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        place = error.filename or "paritas"
        print(f"{place}: {error.strerror or error}; mend it and call again.", file=sys.stderr)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
