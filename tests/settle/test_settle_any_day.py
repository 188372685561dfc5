"""Days put together by dice: books in any zone with any hours, dates ahead and past, whatever.

Nobody says what should come out; the promises of `bank_day.must_hold` must, and no payment may be
left over.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from banker import understand
from test_settle_rules import run

MEMBERS = ("AAAAINB0XXX", "BBBBCNB0XXX", "CCCCKZB0XXX", "DDDDSGB0XXX")
BOOKS = {"INR": "RBISINB0XXX", "CNY": "PBOCCNB0XXX", "JPY": "BOJPJPB0XXX"}
HOURS = (
    "open 09:00-17:00 Asia/Kolkata",
    "open 20:30-17:15 Asia/Shanghai",
    "open 00:00-24:00 America/Sao_Paulo",
    "open 01:30-03:30 Europe/Berlin weekend none",
    "open 07:00-19:00 Africa/Cairo weekend fri,sat holiday 2026-11-24,2026-11-25",
    "",
    "Pacific/Auckland",
)
AMOUNTS = ("1", "2", "7", "40", "300", "0", "99999999999999")


def a_day(dice: Random) -> str:
    lines = [f"bypass {dice.choice(('none', 'normal', 'all'))}", "deliver"]
    # In the one week the clocks go on in Berlin, in the other nothing happens to them.
    lines.append(f"today {dice.choice(('2026-03-27', '2026-11-23'))}")
    lines.append(f"days ahead {dice.randint(1, 9)}")
    for currency, issuer in BOOKS.items():
        lines.append(f"book {currency} issuer {issuer} {dice.choice(HOURS)}")
    for bic in MEMBERS:
        accounts = (f"{c} {dice.choice(AMOUNTS)} limit {dice.choice(AMOUNTS[:4])}" for c in BOOKS)
        lines.append(f"member {bic} {', '.join(accounts)}")
    lines.append("dealer DDDDSGB0XXX for INR/CNY")
    wishes = [wish for number in range(40) for wish in a_wish(dice, number)]
    # Mostly in order of time: the first that comes late makes all after it late.
    return "\n".join(lines + (sorted(wishes) if dice.random() < 0.8 else wishes))


def a_wish(dice: Random, number: int) -> list[str]:
    days, dated = dice.randint(0, 4), dice.randint(0, 6)
    clock = f"+{days} {dice.randint(0, 23):02}:{dice.randint(0, 59):02}"
    payer, payee = dice.sample(MEMBERS, 2)
    amount, currency = dice.choice(AMOUNTS), dice.choice(list(BOOKS))
    options = f" dated +{dated}{dice.choice(('', ' urgent', ' high'))}"
    kind = dice.random()
    if kind < 0.2:
        legs = {payer: "INR 14 for CNY 1", payee: "CNY 1 for INR 14"}
        return [
            f"{clock} {one} exchanges {legs[one]} with {other} trade X{number} ref T{number}{options}"
            for one, other in ((payer, payee), (payee, payer))
        ]
    if kind < 0.3:
        return [f"{clock} {payer} pays {payee} INR 14 to arrive as CNY 1 ref T{number}{options}"]
    return [f"{clock} {payer} pays {payee} {currency} {amount} ref T{number}{options}"]


@pytest.mark.parametrize("seed", range(12))
def test_any_day(seed: int, tmp_path: Path) -> None:
    day = run(understand(a_day(Random(f"any day {seed}"))), tmp_path)
    statuses = {each.status for answer in day.answers.values() for each in answer.statuses}
    assert "PDNG" not in statuses
