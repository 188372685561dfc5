"""The scheme file: who settles what, where and when, as an operator writes it down in TOML.

``load_scheme`` reads a file whole, reports every mistake in it at once, and gives a ``Scheme`` in
which all cross-references hold. ``scheme_toml`` writes one. docs/scheme.md explains each word.
"""

from __future__ import annotations

import datetime
import json
import pathlib
from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec

from paritas.clearing.numbers import format_number
from paritas.model.money import AMOUNT_MINOR_MAX, format_amount
from paritas.node import scheme_words as words
from paritas.node.calendars import SECOND_NS
from paritas.node.scheme_lists import ScreeningList, read_lists
from paritas.node.toml_tables import Document, InvalidValueError, Mistake, Table, meant

#: How many calendar days ahead of today a value date may lie, if the file does not say.
MAX_DAYS_AHEAD = 10

#: The score, of 100, from which a match with a listed name is a hit, if the file does not say.
THRESHOLD = 75

_FILE_BYTES_MAX = 16 * 1024 * 1024
_SATURDAY, _SUNDAY = 5, 6


class Account(msgspec.Struct, frozen=True):
    """What a member starts with on one book; all amounts in minor units, none below zero.

    ``limit_minor`` is how far below zero the account may go. The reservations set money aside
    for urgent and for high priority; they may be more than there is at the start.
    """

    currency: str
    balance_minor: int = 0
    limit_minor: int = 0
    reserved_urgent_minor: int = 0
    reserved_high_minor: int = 0
    #: The most that it may owe, net, in one netting cycle; None for no cap.
    debit_cap_minor: int | None = None


class Member(msgspec.Struct, frozen=True):
    """An institution that settles; ``bic`` has 11 characters, ``lei`` is "" if not given."""

    bic: str
    name: str
    country: str
    #: By currency, in the order of the file.
    accounts: dict[str, Account]
    lei: str = ""
    suspended: bool = False


class Book(msgspec.Struct, frozen=True):
    """One currency's book and its calendar; ``issuer`` is a BIC of 11 characters.

    ``opens_s`` and ``closes_s`` are seconds on the local clock after midnight, both None for a
    book that is always open. ``weekend`` counts Monday as 0. ``calendar`` names a holiday
    calendar of the ``holidays`` library, or is "". ``countries`` are those in which the lists that
    bind on the book bind; ``blocked`` is the member whose account takes frozen money, or "".
    """

    currency: str
    issuer: str
    timezone: str = "UTC"
    opens_s: int | None = None
    closes_s: int | None = None
    weekend: tuple[int, ...] = ()
    holidays: tuple[datetime.date, ...] = ()
    calendar: str = ""
    countries: tuple[str, ...] = ()
    blocked: str = ""


class Clearing(msgspec.Struct, frozen=True):
    """When and how the queue is cleared.

    ``every_ns`` is the timer. ``changed_share`` is the part of the queue's worth by which money and
    queue must have changed for a round between two ticks, None for never. ``time_limit_ns`` is for
    each class of priority in a round.
    """

    every_ns: int
    changed_share: Fraction | None = None
    rule: str = "free"
    time_limit_ns: int = 5 * SECOND_NS


class CycleRules(msgspec.Struct, frozen=True):
    """A netting cycle that runs on every day on which all its books are open.

    ``opens_s`` and ``cut_off_s`` are seconds on the local clock after midnight. With ``set_off``
    a solver discharges what it can before anything is calculated.
    """

    name: str
    currencies: tuple[str, ...]
    opens_s: int
    cut_off_s: int
    timezone: str = "UTC"
    top_up_ns: int = 0
    set_off: bool = True


class Mandate(msgspec.Struct, frozen=True):
    """A member lets another collect from its account, up to ``limit_minor`` at a time; BICs."""

    payer: str
    payee: str
    currency: str
    limit_minor: int


class Scheme(msgspec.Struct, frozen=True):
    """A rulebook in which every reference holds: each account has a book, each dealer accounts."""

    name: str
    value_currency: str
    #: Units of the currency for one unit of the value currency, exactly; its own is 1.
    rates: dict[str, Fraction]
    #: The same rates as the file writes them.
    rate_texts: dict[str, str]
    #: By currency, in the order of the file.
    books: dict[str, Book]
    #: By BIC, in the order of the file.
    members: dict[str, Member]
    #: The dealer's BIC by pair of currencies, the pair in alphabetical order.
    dealers: dict[tuple[str, str], str] = {}
    #: For each registered sender's BIC, the members that it may send for.
    senders: dict[str, tuple[str, ...]] = {}
    mandates: tuple[Mandate, ...] = ()
    max_days_ahead: int = MAX_DAYS_AHEAD
    #: Who may overtake whom in the queue: "normal", "none" or "all".
    bypass: str = "normal"
    #: Public keys by BIC of the party that signs with them, "" for the operator; as written.
    keys: dict[str, tuple[str, ...]] = {}
    #: How many issuers a change of the rulebook takes; None is every one there is.
    issuers_threshold: int | None = None
    #: None where no solver runs beside the engine.
    clearing: Clearing | None = None
    cycles: tuple[CycleRules, ...] = ()
    lists: tuple[ScreeningList, ...] = ()
    #: The score, of 100, from which a match with a listed name is a hit.
    threshold: int = THRESHOLD

    @property
    def issuers_needed(self) -> int:
        """How many issuers a change of the rulebook takes."""
        return self.issuers_threshold or len({book.issuer for book in self.books.values()})


class SchemeErrors(Exception):  # noqa: N818 - it carries many
    """A scheme file that cannot be used: all its mistakes, in the order of their lines."""

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(source, mistakes)
        self.source = source
        self.mistakes = mistakes

    def __str__(self) -> str:
        """Return one line per mistake: file, line, key, what is wrong and what to do."""
        return "\n".join(mistake.in_file(self.source) for mistake in self.mistakes)


def load_scheme(path: pathlib.Path | str) -> Scheme:
    """Read a scheme file; raises SchemeErrors with every mistake, an unreadable file included."""
    source = str(path)
    try:
        with pathlib.Path(path).open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        text = f"cannot be read: {error.strerror or error}"
        raise SchemeErrors(source, (Mistake(0, "", text),)) from None
    if len(data) > _FILE_BYTES_MAX:
        text = f"is larger than {_FILE_BYTES_MAX >> 20} MiB: this is not a scheme file"
        raise SchemeErrors(source, (Mistake(0, "", text),))
    try:
        # Some editors put a byte order mark in front; it means nothing in UTF-8.
        scheme = parse_scheme(data.decode("utf-8-sig"), source)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        mistake = Mistake(line, "", "is not UTF-8 text: save the file as UTF-8")
        raise SchemeErrors(source, (mistake,)) from None
    folder = pathlib.Path(path).absolute().parent
    lists = tuple(each.in_folder(folder) for each in scheme.lists)
    return msgspec.structs.replace(scheme, lists=lists)


def parse_scheme(text: str, source: str = "scheme") -> Scheme:
    """Read the text of a scheme file; ``source`` names it in the errors.

    Raises SchemeErrors with every mistake.
    """
    document = Document(text)
    scheme = _Reading(document).scheme()
    mistakes = document.mistakes()
    if mistakes:
        raise SchemeErrors(source, mistakes)
    return scheme


class _Reading:
    """One reading of one document: section by section, each checked against those before."""

    def __init__(self, document: Document) -> None:
        self._root = document.root
        self._books: dict[str, Book] = {}
        self._members: dict[str, Member] = {}
        #: Books that name an account for frozen money, to be looked for among the members.
        self._blocked: list[tuple[Table, Book]] = []
        #: By currency, what all balances read so far come to.
        self._issued_minor: dict[str, int] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def scheme(self) -> Scheme:
        """Read everything; what was mistaken is replaced by neutral values."""
        heading = self._root.table("scheme", is_needed=True)
        name = heading.need("name", words.label, "")
        value_currency = heading.need("value_currency", words.currency, "")
        max_days_ahead = heading.take("max_days_ahead", words.days, MAX_DAYS_AHEAD)
        threshold = heading.take("threshold", words.issuers_count, None)
        self._party_keys(heading, "")
        rate_texts = self._rates(heading.table("rates"), value_currency)
        for table in self._root.tables("book", is_needed=True):
            self._book(table)
        issuers = {book.issuer for book in self._books.values()}
        if threshold is not None and threshold > len(issuers):
            heading.report(f"is more than the {len(issuers)} issuers that there are", "threshold")
        if value_currency:
            self._check_rates(heading, rate_texts)
        for table in self._root.tables("member", is_needed=True):
            self._member(table)
        self._check_blocked()
        queue = self._root.table("queue")
        dealers, senders = self._dealers(), self._senders()
        return Scheme(
            name=name,
            value_currency=value_currency,
            rates={currency: Fraction(text) for currency, text in rate_texts.items()},
            rate_texts=rate_texts,
            books=self._books,
            members=self._members,
            dealers=dealers,
            senders=senders,
            mandates=self._mandates(),
            max_days_ahead=max_days_ahead,
            bypass=queue.take("bypass", words.bypass, "normal"),
            keys=self._keys,
            issuers_threshold=threshold,
            clearing=_clearing(self._root.table("clearing")),
            cycles=self._cycles(),
            lists=read_lists(self._root.tables("list"), issuers),
            threshold=self._root.table("screening").take("threshold", words.threshold, THRESHOLD),
        )

    def _party_keys(self, table: Table, bic: str) -> None:
        """Read the keys of a party; a party that stands in several tables may have some in each."""
        known = {text: owner for owner, texts in self._keys.items() for text in texts}
        for position, text in enumerate(table.items("keys", words.key) or ()):
            if text is None:
                continue
            if known.setdefault(text, bic) != bic:
                owner = known[text] or "the operator"
                table.report(
                    f"is a key of {owner} already: each party has its own", "keys", position
                )
            else:
                self._keys[bic] = tuple(dict.fromkeys((*self._keys.get(bic, ()), text)))

    def _rates(self, table: Table, value_currency: str) -> dict[str, str]:
        rate_texts = {value_currency: "1"} if value_currency else {}
        for name in table.names():
            if not words.is_currency(name):
                table.report(f"{name} is not a payment currency of ISO 4217", name)
            text = table.need(name, words.rate, "1")
            if name != value_currency:
                rate_texts[name] = text
            elif Fraction(text) != 1:
                table.report("the rate of the value currency itself is 1: leave it out", name)
        return rate_texts

    def _check_rates(self, heading: Table, rate_texts: dict[str, str]) -> None:
        for currency in self._books:
            if currency not in rate_texts:
                text = "is missing: the book needs a rate, so that values can be compared"
                heading.report(text, "rates", currency)

    def _book(self, table: Table) -> None:
        currency = table.need("currency", words.currency, "")
        book = Book(
            currency,
            table.need("issuer", words.bic, ""),
            timezone=table.take("timezone", words.timezone, "UTC"),
            opens_s=table.take("opens", words.opening_s, None),
            closes_s=table.take("closes", words.closing_s, None),
            weekend=_weekend(table),
            holidays=_holidays(table),
            calendar=table.take("calendar", words.calendar, ""),
            countries=_countries(table),
            blocked=table.take("blocked", words.bic, ""),
        )
        self._party_keys(table, book.issuer)
        if book.blocked:
            self._blocked.append((table, book))
        for name, other in (("opens", "closes"), ("closes", "opens")):
            if table.has(name) and not table.has(other):
                table.report(f"is missing: a book that {name} also {other}", other)
        if book.opens_s is not None and book.opens_s == book.closes_s:
            text = (
                'is the same as opens: for a whole day write "00:00" to "24:00", '
                "for a book without a cut-off leave out both"
            )
            table.report(text, "closes")
        if currency in self._books:
            table.report(
                f"{currency} has a book already: keep one [[book]] for each currency", "currency"
            )
        elif currency:
            self._books[currency] = book

    def _check_blocked(self) -> None:
        for table, book in self._blocked:
            member = self._members.get(book.blocked)
            if member is None or book.currency not in member.accounts:
                text = f"{book.blocked} has no account in {book.currency}: give it one"
                table.report(text, "blocked")

    def _member(self, table: Table) -> None:
        bic = table.need("bic", words.bic, "")
        member = Member(
            bic,
            table.need("name", words.label, ""),
            table.need("country", words.country, ""),
            self._accounts(table.table("accounts", is_needed=True)),
            lei=table.take("lei", words.lei, ""),
            suspended=table.take("suspended", words.flag, False),
        )
        issued = [book.currency for book in self._books.values() if bic and book.issuer == bic]
        if issued:
            text = f"{bic} is the issuer of {', '.join(issued)}: an issuer cannot be a member"
            table.report(text, "bic")
        self._party_keys(table, bic)
        if bic in self._members:
            table.report(f"{bic} is a member already: put all its accounts in one place", "bic")
        elif bic:
            self._members[bic] = member

    def _accounts(self, table: Table) -> dict[str, Account]:
        accounts = {}
        names = table.names()
        if not names and not table.is_absent:
            table.report("is empty: a member needs at least one account")
        for currency in names:
            read = words.amount(currency)
            values = table.table(currency)
            account = Account(
                currency,
                values.take("balance", read, 0),
                values.take("limit", read, 0),
                values.take("reserved_urgent", read, 0),
                values.take("reserved_high", read, 0),
                values.take("debit_cap", read, None),
            )
            self._check_issued(values, account)
            accounts[currency] = account
            if not words.is_currency(currency):
                table.report(f"{currency} is not a payment currency of ISO 4217", currency)
            elif currency not in self._books:
                table.report(f"there is no book in {currency}: add a [[book]] for it", currency)
        return accounts

    def _check_issued(self, values: Table, account: Account) -> None:
        """Refuse more money on a book than one amount can say: its contra account holds it all."""
        issued_minor = self._issued_minor.get(account.currency, 0) + account.balance_minor
        self._issued_minor[account.currency] = issued_minor
        if issued_minor > AMOUNT_MINOR_MAX >= issued_minor - account.balance_minor:
            text = f"makes all balances in {account.currency} come to more than 18 digits"
            values.report(text, "balance")

    def _dealers(self) -> dict[tuple[str, str], str]:
        dealers: dict[tuple[str, str], str] = {}
        for table in self._root.tables("dealer"):
            bic = table.need("member", self._member_bic, "")
            pair = table.items("pair", self._book_currency, is_needed=True)
            if pair is None:
                continue
            currencies = sorted({currency for currency in pair if currency is not None})
            if len(pair) != 2 or (None not in pair and len(currencies) != 2):
                table.report('must be two different currencies, such as ["INR", "CNY"]', "pair")
            for currency in currencies:
                if bic and currency not in self._members[bic].accounts:
                    text = f"{bic} has no account in {currency}, which a dealer of it needs"
                    table.report(text, "member")
            if len(currencies) == 2:
                key = (currencies[0], currencies[1])
                if key in dealers:
                    table.report(f"{key[0]} and {key[1]} have a dealer already: keep one", "pair")
                dealers[key] = bic
        return dealers

    def _cycles(self) -> tuple[CycleRules, ...]:
        cycles: dict[str, CycleRules] = {}
        for table in self._root.tables("cycle"):
            name = table.need("name", words.label, "")
            currencies = table.items("currencies", self._book_currency, is_needed=True)
            if currencies == []:
                table.report("is empty: a cycle runs in at least one currency", "currencies")
            rules = CycleRules(
                name,
                tuple(dict.fromkeys(currency for currency in currencies or () if currency)),
                table.need("opens", words.opening_s, None) or 0,
                table.need("cutoff", words.closing_s, None) or 0,
                table.take("timezone", words.timezone, "UTC"),
                table.take("top_up", words.duration_ns, 0),
                table.take("set_off", words.flag, True),
            )
            if rules.opens_s == rules.cut_off_s and table.has("opens"):
                table.report("is the same as opens: a cycle needs time between the two", "cutoff")
            if name in cycles:
                table.report(f"there is a cycle {name} already: give each its own name", "name")
            elif name:
                cycles[name] = rules
        return tuple(cycles.values())

    def _senders(self) -> dict[str, tuple[str, ...]]:
        senders: dict[str, tuple[str, ...]] = {}
        for table in self._root.tables("sender"):
            bic = table.need("bic", words.bic, "")
            self._party_keys(table, bic)
            members = table.items("for", self._member_bic, is_needed=True)
            if members == []:
                table.report("is empty: list the BICs of the members it may send for", "for")
            if bic in senders:
                table.report(f"{bic} is a sender already: list all members in one place", "bic")
            elif bic:
                senders[bic] = tuple(dict.fromkeys(member for member in members or () if member))
        return senders

    def _mandates(self) -> tuple[Mandate, ...]:
        mandates: dict[tuple[str, str, str], Mandate] = {}
        for table in self._root.tables("mandate"):
            payer = table.need("payer", self._member_bic, "")
            payee = table.need("payee", self._member_bic, "")
            currency = table.need("currency", self._book_currency, "")
            read = words.amount(currency) if currency else words.text
            mandate = Mandate(payer, payee, currency, table.need("limit", read, 0))  # type: ignore[arg-type]
            for name, bic in (("payer", payer), ("payee", payee)):
                if bic and currency and currency not in self._members[bic].accounts:
                    table.report(f"{bic} has no account in {currency}", name)
            if payer and payer == payee:
                table.report("is the payer itself: a mandate is given to another member", "payee")
            if table.has("limit") and mandate.limit_minor == 0:
                table.report("is zero: leave the mandate out", "limit")
            key = (payer, payee, currency)
            if key in mandates:
                table.report("is the second one of its kind: keep one", "payee")
            mandates[key] = mandate
        return tuple(mandates.values())

    def _member_bic(self, value: object) -> str:
        bic = words.bic(value)
        if bic not in self._members:
            # Another bank's BIC is no help; the same with one character wrong is.
            hint = meant(bic, self._members, likeness=0.9) or ": add a [[member]] for it"
            raise InvalidValueError(f"{bic} is not a member of this scheme{hint}")
        return bic

    def _book_currency(self, value: object) -> str:
        currency = words.currency(value)
        if currency not in self._books:
            raise InvalidValueError(f"there is no book in {currency}: add a [[book]] for it")
        return currency


def _clearing(table: Table) -> Clearing | None:
    if table.is_absent:
        return None
    return Clearing(
        table.need("every", words.duration_ns, SECOND_NS),
        table.take("changed_share", words.share, None),
        table.take("rule", words.clearing_rule, "free"),
        table.take("time_limit", words.duration_ns, 5 * SECOND_NS),
    )


def _countries(table: Table) -> tuple[str, ...]:
    countries = table.items("countries", words.country) or ()
    return tuple(sorted({country for country in countries if country is not None}))


def _holidays(table: Table) -> tuple[datetime.date, ...]:
    days = table.items("holidays", words.date) or ()
    return tuple(sorted({day for day in days if day is not None}))


def _weekend(table: Table) -> tuple[int, ...]:
    """Read a book's weekend; a book that says nothing about its days has none."""
    has_calendar = any(table.has(name) for name in ("opens", "closes", "holidays", "calendar"))
    days = table.items("weekend", words.weekday)
    if days is None:
        return (_SATURDAY, _SUNDAY) if has_calendar else ()
    weekend = tuple(sorted({day for day in days if day is not None}))
    if len(weekend) == 7:
        table.report(
            "leaves no day to settle on: a book needs at least one business day", "weekend"
        )
    return weekend


def scheme_toml(scheme: Scheme) -> str:
    """Write a scheme as a file that ``load_scheme`` reads back as the same scheme.

    Books, members, rates and accounts keep their order; what has its default is left out.
    """
    return "\n".join(_lines(scheme))


def _lines(scheme: Scheme) -> Iterator[str]:
    yield "[scheme]"
    yield f"name = {_quoted(scheme.name)}"
    yield f"value_currency = {_quoted(scheme.value_currency)}"
    if scheme.max_days_ahead != MAX_DAYS_AHEAD:
        yield f"max_days_ahead = {scheme.max_days_ahead}"
    if scheme.issuers_threshold is not None:
        yield f"threshold = {scheme.issuers_threshold}"
    yield from _key_lines(scheme, "")
    yield ""
    yield f"# Units of each currency for one {scheme.value_currency}."
    yield "[scheme.rates]"
    for currency, text in scheme.rate_texts.items():
        if currency != scheme.value_currency:
            yield f"{currency} = {_quoted(text)}"
    yield ""
    if scheme.bypass != "normal":
        yield from ("[queue]", f"bypass = {_quoted(scheme.bypass)}", "")
    issuers = set()
    if scheme.clearing is not None:
        yield from _clearing_lines(scheme.clearing)
    for book in scheme.books.values():
        # An issuer of several books has its keys in the first.
        keys = [] if book.issuer in issuers else _key_lines(scheme, book.issuer)
        issuers.add(book.issuer)
        yield from (*_book_lines(book), *keys, "")
    for member in scheme.members.values():
        yield from _member_lines(member, _key_lines(scheme, member.bic))
    for pair, bic in scheme.dealers.items():
        yield from ("[[dealer]]", f"pair = {_list(pair)}", f"member = {_quoted(bic)}", "")
    for cycle in scheme.cycles:
        yield from _cycle_lines(cycle)
    for bic, members in scheme.senders.items():
        yield from ("[[sender]]", f"bic = {_quoted(bic)}", f"for = {_list(members)}")
        if bic not in scheme.members and bic not in issuers:
            yield from _key_lines(scheme, bic)
        yield ""
    for mandate in scheme.mandates:
        yield "[[mandate]]"
        yield f"payer = {_quoted(mandate.payer)}"
        yield f"payee = {_quoted(mandate.payee)}"
        yield f"currency = {_quoted(mandate.currency)}"
        yield f"limit = {_quoted(format_amount(mandate.limit_minor, mandate.currency))}"
        yield ""
    if scheme.threshold != THRESHOLD:
        yield from ("[screening]", f"threshold = {scheme.threshold}", "")
    for each in scheme.lists:
        yield from (
            "[[list]]",
            f"name = {_quoted(each.name)}",
            f"bound_by = {_list(each.bound_by)}",
        )
        yield f"files = {_list(each.files)}"
        if each.published is not None:
            yield f"published = {_quoted(each.published.isoformat())}"
        yield ""


def _clearing_lines(clearing: Clearing) -> Iterator[str]:
    yield "[clearing]"
    yield f"every = {_quoted(words.duration_text(clearing.every_ns))}"
    if clearing.changed_share is not None:
        yield f"changed_share = {_quoted(format_number(clearing.changed_share))}"
    if clearing.rule != "free":
        yield f"rule = {_quoted(clearing.rule)}"
    if clearing.time_limit_ns != 5 * SECOND_NS:
        yield f"time_limit = {_quoted(words.duration_text(clearing.time_limit_ns))}"
    yield ""


def _book_lines(book: Book) -> Iterator[str]:
    yield "[[book]]"
    yield f"currency = {_quoted(book.currency)}"
    yield f"issuer = {_quoted(book.issuer)}"
    if book.timezone != "UTC":
        yield f"timezone = {_quoted(book.timezone)}"
    if book.opens_s is not None and book.closes_s is not None:
        yield f"opens = {_quoted(words.clock_text(book.opens_s))}"
        yield f"closes = {_quoted(words.clock_text(book.closes_s))}"
    if book.opens_s is not None or book.weekend or book.holidays or book.calendar:
        yield f"weekend = {_list(words.WEEKDAYS[day] for day in book.weekend)}"
    if book.holidays:
        yield f"holidays = {_list(day.isoformat() for day in book.holidays)}"
    if book.calendar:
        yield f"calendar = {_quoted(book.calendar)}"
    if book.countries:
        yield f"countries = {_list(book.countries)}"
    if book.blocked:
        yield f"blocked = {_quoted(book.blocked)}"


def _key_lines(scheme: Scheme, bic: str) -> list[str]:
    return [f"keys = {_list(scheme.keys[bic])}"] if bic in scheme.keys else []


def _cycle_lines(cycle: CycleRules) -> Iterator[str]:
    yield "[[cycle]]"
    yield f"name = {_quoted(cycle.name)}"
    yield f"currencies = {_list(cycle.currencies)}"
    if cycle.timezone != "UTC":
        yield f"timezone = {_quoted(cycle.timezone)}"
    yield f"opens = {_quoted(words.clock_text(cycle.opens_s))}"
    yield f"cutoff = {_quoted(words.clock_text(cycle.cut_off_s))}"
    if cycle.top_up_ns:
        yield f"top_up = {_quoted(words.duration_text(cycle.top_up_ns))}"
    if not cycle.set_off:
        yield "set_off = false"
    yield ""


def _member_lines(member: Member, keys: Iterable[str]) -> Iterator[str]:
    yield "[[member]]"
    yield f"bic = {_quoted(member.bic)}"
    yield f"name = {_quoted(member.name)}"
    yield f"country = {_quoted(member.country)}"
    if member.lei:
        yield f"lei = {_quoted(member.lei)}"
    if member.suspended:
        yield "suspended = true"
    yield from keys
    yield "[member.accounts]"
    for account in member.accounts.values():
        amounts = {
            "balance": account.balance_minor,
            "limit": account.limit_minor,
            "reserved_urgent": account.reserved_urgent_minor,
            "reserved_high": account.reserved_high_minor,
            "debit_cap": account.debit_cap_minor,
        }
        values = ", ".join(
            f"{name} = {_quoted(format_amount(amount_minor, account.currency))}"
            for name, amount_minor in amounts.items()
            if amount_minor or (name == "debit_cap" and amount_minor is not None)
        )
        yield f"{account.currency} = {{ {values} }}" if values else f"{account.currency} = {{}}"
    yield ""


def _quoted(text: str) -> str:
    # A text without control characters is written alike in JSON and in TOML.
    return json.dumps(text, ensure_ascii=False)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"
