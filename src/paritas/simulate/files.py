"""A workload as the outside sees it: a scheme file and a directory of ISO 20022 files.

What is written here is all that ``paritas settle`` gets to know. The name of a file begins with
the time at which it arrives, so the byte order of the names is the order of the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path

from paritas.iso20022.payments import (
    PVP,
    CustomerTransfer,
    InstitutionTransfer,
    PaymentGroup,
    pacs008,
    pacs009,
    pvp_instruction,
)
from paritas.iso20022.writer import Draft, Header
from paritas.model.money import format_amount
from paritas.node.calendars import SECOND_NS
from paritas.node.scheme import Account, Book, Clearing, Member, Scheme, scheme_toml
from paritas.node.scheme_words import WEEKDAYS
from paritas.simulate.orders import Order, Sending
from paritas.simulate.scenario import Economy
from paritas.simulate.workload import Workload

#: ISO 20022 purpose of a customer's payment: purchase and sale of goods.
_GOODS = "GDDS"
_NAMES = "[0-9]*-[0-9]*-*.xml"


#: The queue is cleared every quarter of an hour, and sooner when much has changed.
_CLEARING = Clearing(
    every_ns=900 * SECOND_NS, changed_share=Fraction(1, 4), time_limit_ns=SECOND_NS
)


def scheme_of(workload: Workload) -> Scheme:
    """Return the rulebook of the simulated scheme, with the balances of the morning."""
    scenario = workload.scenario
    names = [(b.bic, b.name, e.country) for e in scenario.economy for b in e.banks]
    names += [(dealer.bic, dealer.name, dealer.country) for dealer in scenario.dealer]
    one = {scenario.value_currency: Fraction(1)}
    return Scheme(
        name=scenario.name,
        value_currency=scenario.value_currency,
        rates=one | scenario.units_per_value,
        rate_texts={scenario.value_currency: "1"} | scenario.rates.units,
        books={economy.currency: _book(economy) for economy in scenario.economy},
        members={
            bic: Member(bic, name, land, _accounts(workload, bic)) for bic, name, land in names
        },
        dealers={(min(pair), max(pair)): bic for pair, bic in scenario.dealers.items()},
        clearing=_CLEARING,
    )


def scheme_text(workload: Workload) -> str:
    """Return the scheme file, which says where its rates come from and what is made up."""
    rates = workload.scenario.rates
    heading = (
        "# Made by paritas for a simulated day: members and balances are made up.\n"
        f"# The rates are real: {rates.source}.\n\n"
    )
    return heading + scheme_toml(scheme_of(workload))


def write_files(
    workload: Workload, directory: Path, progress: Callable[[int], None] | None = None
) -> int:
    """Write every file of the day into ``directory`` and return how many there are.

    Files of an earlier run are removed first. ``progress`` is called after each file with the
    number written so far. Raises OSError if the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.glob(_NAMES):
        stale.unlink()
    number = 0
    for number, (name, data) in enumerate(files_of(workload), 1):
        (directory / name).write_bytes(data)
        if progress is not None:
            progress(number)
    return number


def files_of(workload: Workload) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file, in the order of the day."""
    midnight = datetime.combine(workload.scenario.day, time(), UTC)
    for number, sending in enumerate(workload.sendings, 1):
        arrives = midnight + timedelta(seconds=sending.at_s)
        created = midnight + timedelta(seconds=sending.created_s)
        data = message_of(sending, workload.scenario.operator, f"{created:%Y-%m-%dT%H:%M:%SZ}")
        name = f"{arrives:%H%M%S}-{number:06d}-{sending.sender}.xml"
        yield name, _DAMAGE[sending.damage](sending, data)


def message_of(sending: Sending, operator: str, created: str) -> bytes:
    """Return the message of one file: head.001 and pacs.008 or pacs.009, valid by its schema."""
    first = sending.orders[0]
    alone = len(sending.orders) == 1
    group = PaymentGroup(
        message_id=sending.message_id,
        created=created,
        settlement_date=first.settlement_date,
        instructing_agent=sending.sender,
        instructed_agent=first.payee if alone else "",
        settlement_method=first.settlement_method,
    )
    header = Header(sending.sender, operator, sending.message_id, created)
    return _draft(group, sending.orders, header, alone).checked()


def _draft(group: PaymentGroup, orders: tuple[Order, ...], header: Header, alone: bool) -> Draft:
    if orders[0].local_instrument == PVP:
        return pacs009(group, [_institution_transfer(order) for order in orders], header)
    return pacs008(group, [_customer_transfer(order, alone) for order in orders], header)


def _customer_transfer(order: Order, alone: bool) -> CustomerTransfer:
    assert order.debtor is not None and order.creditor is not None
    return CustomerTransfer(
        end_to_end_id=order.reference,
        currency=order.currency,
        amount_minor=order.amount_minor,
        transaction_id=order.transaction_id,
        uetr=order.uetr,
        local_instrument=order.local_instrument,
        settlement_priority=order.priority,
        instructed_agent="" if alone else order.payee,
        debtor=order.debtor,
        debtor_agent=order.payer,
        creditor=order.creditor,
        creditor_agent=order.payee,
        purpose=_GOODS,
        remittance=order.reference,
        instructed_currency=order.other_currency,
        instructed_minor=order.other_minor,
    )


def _institution_transfer(order: Order) -> InstitutionTransfer:
    return InstitutionTransfer(
        end_to_end_id=order.reference,
        currency=order.currency,
        amount_minor=order.amount_minor,
        transaction_id=order.transaction_id,
        uetr=order.uetr,
        local_instrument=order.local_instrument,
        settlement_priority=order.priority,
        debtor=order.payer,
        creditor=order.payee,
        instructions_for_next_agent=(pvp_instruction(order.other_currency, order.other_minor),),
    )


def _intact(_: Sending, data: bytes) -> bytes:
    return data


def _wrong_decimals(sending: Sending, data: bytes) -> bytes:
    """Add a third decimal to the amount wherever it stands, so that nothing else is wrong."""
    order = sending.orders[0]
    text = format_amount(order.amount_minor, order.currency).encode()
    return data.replace(b">" + text + b"<", b">" + text + b"5<")


def _truncated(_: Sending, data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def _document_type(_: Sending, data: bytes) -> bytes:
    declaration, rest = data.split(b"\n", 1)
    return declaration + b'\n<!DOCTYPE Document [<!ENTITY who "nobody">]>\n' + rest


def _wrong_encoding(_: Sending, data: bytes) -> bytes:
    return data.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16")


def _not_xml(sending: Sending, _: bytes) -> bytes:
    return f"Please pay as agreed on the telephone. {sending.sender}\n".encode()


#: What a mistake does to the finished bytes.
_DAMAGE: dict[str, Callable[[Sending, bytes], bytes]] = {
    "": _intact,
    "wrong_decimals": _wrong_decimals,
    "truncated_file": _truncated,
    "document_type": _document_type,
    "wrong_encoding": _wrong_encoding,
    "not_xml": _not_xml,
}


def _book(economy: Economy) -> Book:
    return Book(
        currency=economy.currency,
        issuer=economy.issuer,
        timezone=economy.timezone,
        opens_s=_seconds(economy.opens),
        closes_s=_seconds(economy.closes),
        weekend=tuple(sorted(WEEKDAYS.index(day) for day in economy.weekend)),
        calendar=economy.calendar,
    )


def _seconds(clock: str) -> int:
    moment = time.fromisoformat(clock)
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _accounts(workload: Workload, bic: str) -> dict[str, Account]:
    accounts = {}
    for currency in workload.scenario.windows:
        opening = workload.openings[bic, currency]
        accounts[currency] = Account(currency, opening.balance_minor, opening.limit_minor)
    return accounts
