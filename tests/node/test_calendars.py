import datetime
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paritas.node.calendars import (
    DAY_NS,
    INSTANT_NS_END,
    SECOND_NS,
    BookCalendar,
    format_instant,
    parse_instant_ns,
)
from paritas.node.scheme import Book

HOUR_S = 3600
HOUR_NS = HOUR_S * SECOND_NS


def calendar(
    timezone: str = "UTC",
    opens_s: int | None = None,
    closes_s: int | None = None,
    weekend: tuple[int, ...] = (),
    holidays: tuple[date, ...] = (),
    public: str = "",
) -> BookCalendar:
    book = Book("INR", "RBISINB0XXX", timezone, opens_s, closes_s, weekend, holidays, public)
    return BookCalendar(book)


def window(book: BookCalendar, day: date) -> tuple[str, str]:
    opens_ns, closes_ns = book.window_ns(day)
    return format_instant(opens_ns)[:19], format_instant(closes_ns)[:19]


def test_a_book_that_names_no_days_settles_on_all_of_them() -> None:
    book = calendar()
    assert not book.has_hours
    assert all(book.is_business_day(date(2026, 12, 21 + day)) for day in range(7))
    assert book.next_business_day(date(2026, 12, 31)) == date(2027, 1, 1)


def test_weekends_and_holidays_are_skipped() -> None:
    book = calendar(weekend=(4, 5), holidays=(date(2026, 9, 27),))
    # Friday 25 and Saturday 26 are the weekend, Sunday 27 is the holiday.
    assert [book.is_business_day(date(2026, 9, day)) for day in range(24, 29)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert book.next_business_day(date(2026, 9, 24)) == date(2026, 9, 28)


@pytest.mark.parametrize(
    ("public", "holiday"),
    [("IN", date(2026, 1, 26)), ("EG", date(2026, 7, 23)), ("XECB", date(2026, 5, 1))],
)
def test_public_holidays_come_from_the_library(public: str, holiday: date) -> None:
    assert calendar().is_business_day(holiday)
    assert not calendar(public=public).is_business_day(holiday)
    assert calendar(public=public).is_business_day(date(2026, 6, 10))


def test_dates_end_with_the_year_9999() -> None:
    with pytest.raises(OverflowError):
        calendar().next_business_day(date.max)


@pytest.mark.parametrize(
    ("timezone", "hours", "day", "expected"),
    [
        ("UTC", (9, 17), date(2026, 9, 30), ("2026-09-30T09:00:00", "2026-09-30T17:00:00")),
        # Half an hour off, no summer time.
        ("Asia/Kolkata", (9, 17), date(2026, 9, 30), ("2026-09-30T03:30:00", "2026-09-30T11:30:00")),
        # Before and after each change in Cairo: the last Friday of April, the last Friday of October.
        ("Africa/Cairo", (9, 17), date(2026, 4, 23), ("2026-04-23T07:00:00", "2026-04-23T15:00:00")),
        ("Africa/Cairo", (9, 17), date(2026, 4, 24), ("2026-04-24T06:00:00", "2026-04-24T14:00:00")),
        ("Africa/Cairo", (9, 17), date(2026, 10, 30), ("2026-10-30T07:00:00", "2026-10-30T15:00:00")),
        # The window opens in summer and closes in winter: 25 hours from midnight to midnight.
        ("Europe/Berlin", (0, 24), date(2026, 10, 25), ("2026-10-24T22:00:00", "2026-10-25T23:00:00")),
        ("Europe/Berlin", (0, 24), date(2026, 3, 29), ("2026-03-28T23:00:00", "2026-03-29T22:00:00")),
        # 02:30 is skipped on 29 March 2026: the first moment after the gap is 03:00 CEST.
        ("Europe/Berlin", (2.5, 17), date(2026, 3, 29), ("2026-03-29T01:00:00", "2026-03-29T15:00:00")),
        # A close after the gap cannot come before an opening within it.
        ("Europe/Berlin", (2.9, 3.25), date(2026, 3, 29), ("2026-03-29T01:00:00", "2026-03-29T01:15:00")),
        # All within the gap: an empty window.
        ("Europe/Berlin", (2, 2.5), date(2026, 3, 29), ("2026-03-29T01:00:00", "2026-03-29T01:00:00")),
        # 02:30 happens twice on 25 October 2026: the first, in summer time, is meant.
        ("Europe/Berlin", (2.5, 17), date(2026, 10, 25), ("2026-10-25T00:30:00", "2026-10-25T16:00:00")),
        # Summer time used to begin at midnight in Sao Paulo: that day began at 01:00, 03:00 UTC.
        ("America/Sao_Paulo", (0, 24), date(2018, 11, 4), ("2018-11-04T03:00:00", "2018-11-05T02:00:00")),
        ("America/Sao_Paulo", (0, 24), date(2019, 2, 16), ("2019-02-16T02:00:00", "2019-02-17T03:00:00")),
        # It ended at midnight too, so the hour before midnight came twice: the day had 25 hours.
        ("America/Sao_Paulo", (23.5, 24), date(2019, 2, 16), ("2019-02-17T01:30:00", "2019-02-17T03:00:00")),
        # Midnight does not exist in Cairo on 24 April 2026.
        ("Africa/Cairo", (0, 24), date(2026, 4, 24), ("2026-04-23T22:00:00", "2026-04-24T21:00:00")),
        # Across midnight: the window of a date ends on it and begins the evening before.
        ("Asia/Shanghai", (22, 6), date(2026, 9, 30), ("2026-09-29T14:00:00", "2026-09-29T22:00:00")),
        ("America/New_York", (21, 19), date(2026, 11, 1), ("2026-11-01T01:00:00", "2026-11-02T00:00:00")),
        # Samoa skipped the whole of 30 December 2011 to cross the date line.
        ("Pacific/Apia", (9, 17), date(2011, 12, 30), ("2011-12-30T10:00:00", "2011-12-30T10:00:00")),
        # Before standard time India's clocks were 5:53:28 ahead: offsets have seconds.
        ("Asia/Kolkata", (0, 24), date(1850, 1, 1), ("1849-12-31T18:06:32", "1850-01-01T18:06:32")),
    ],
)  # fmt: skip
def test_windows(
    timezone: str, hours: tuple[float, float], day: date, expected: tuple[str, str]
) -> None:
    opens_s, closes_s = (int(hour * HOUR_S) for hour in hours)
    book = calendar(timezone, opens_s, closes_s)
    assert book.has_hours
    assert window(book, day) == expected


ZONES = st.sampled_from(
    [
        "America/Sao_Paulo",
        "America/Havana",
        "Europe/London",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
    ]
)
DAYS = st.dates(date(1971, 1, 1), date(2060, 12, 31))


@settings(deadline=None)
@given(ZONES, DAYS)
def test_windows_of_an_open_book_follow_one_another(timezone: str, day: date) -> None:
    book = calendar(timezone)
    opens_ns, closes_ns = book.window_ns(day)
    assert book.window_ns(day + datetime.timedelta(1))[0] == closes_ns
    assert 22 * HOUR_NS < closes_ns - opens_ns < 26 * HOUR_NS
    assert _local_date(timezone, opens_ns) == day
    assert _local_date(timezone, opens_ns - 1) == day - datetime.timedelta(1)


def _local_date(timezone: str, at_ns: int) -> date:
    utc = datetime.datetime.fromtimestamp(at_ns // 10**9, datetime.UTC)
    return utc.astimezone(ZoneInfo(timezone)).date()


@settings(deadline=None)
@given(ZONES, DAYS, st.integers(0, 86_399), st.integers(0, 86_400))
def test_a_window_never_closes_before_it_opens(
    timezone: str, day: date, opens_s: int, closes_s: int
) -> None:
    opens_ns, closes_ns = calendar(timezone, opens_s, closes_s).window_ns(day)
    assert opens_ns <= closes_ns


@settings(deadline=None)
@given(ZONES, DAYS, st.integers(0, 86_399))
def test_a_local_time_that_exists_is_met_exactly(timezone: str, day: date, opens_s: int) -> None:
    book = calendar(timezone, opens_s, 86_400)
    opens_ns, _ = book.window_ns(day)
    utc = datetime.datetime.fromtimestamp(opens_ns // SECOND_NS, datetime.UTC)
    local = utc.astimezone(ZoneInfo(timezone))
    wall = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(seconds=opens_s)
    met = local.replace(tzinfo=None)
    assert local.fold == 0
    # Only a skipped time is moved, forward and by no more than the gap.
    skipped = local.utcoffset() != (local - datetime.timedelta(hours=2)).utcoffset()
    assert met == wall or (skipped and wall < met <= wall + datetime.timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-09-30T09:00:00", 1_790_758_800 * SECOND_NS),
        ("2026-09-30T09:00:00Z", 1_790_758_800 * SECOND_NS),
        ("2026-09-30T14:30:00+05:30", 1_790_758_800 * SECOND_NS),
        ("2026-09-29T19:00:00-14:00", 1_790_758_800 * SECOND_NS),
        ("2026-09-30T09:00:00-00:00", 1_790_758_800 * SECOND_NS),
        ("2026-09-30T09:00:00.5Z", 1_790_758_800_500_000_000),
        ("2026-09-30T09:00:00.000000001+00:00", 1_790_758_800_000_000_001),
        ("2262-04-11T23:47:16.854775807Z", INSTANT_NS_END - 1),
    ],
)
def test_instants(text: str, expected: int) -> None:
    assert parse_instant_ns(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-09-30",
        "2026-09-30T09:00",
        "2026-09-30T09:00Z",
        "2026-09-30 09:00:00Z",
        "2026-09-30t09:00:00z",
        " 2026-09-30T09:00:00Z",
        "2026-09-30T09:00:00Z\n",
        "2026-09-30T24:00:00Z",
        "2026-09-30T09:60:00Z",
        "2026-09-30T09:00:60Z",
        "2026-09-31T09:00:00Z",
        "2026-02-29T09:00:00Z",
        "0000-01-01T09:00:00Z",
        "-2026-09-30T09:00:00Z",
        "12026-09-30T09:00:00Z",
        "2026-09-30T09:00:00.Z",
        "2026-09-30T09:00:00,5Z",
        "2026-09-30T09:00:00.0000000001Z",
        "2026-09-30T09:00:00+0530",
        "2026-09-30T09:00:00+14:01",
        "2026-09-30T09:00:00+05:60",
        "2026-09-30T09:00:00+15:00",
        "2026-09-30T09:00:00-99:00",
        "2026-09-30T09:00:0٣Z",
        "٢٠٢٦-09-30T09:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2262-04-11T23:47:16.854775808Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    assert parse_instant_ns(text) is None


INSTANTS = st.integers(0, INSTANT_NS_END - 1)


@settings(deadline=None)
@given(INSTANTS)
def test_an_instant_keeps_its_milliseconds(at_ns: int) -> None:
    assert parse_instant_ns(format_instant(at_ns)) == at_ns - at_ns % 1_000_000


@settings(deadline=None)
@given(INSTANTS, st.integers(-14 * 60, 14 * 60))
def test_nanoseconds_and_offsets_are_exact(at_ns: int, offset_minutes: int) -> None:
    local_ns = at_ns + offset_minutes * 60 * SECOND_NS
    if not 0 <= local_ns < INSTANT_NS_END:
        local_ns, offset_minutes = at_ns, 0
    hours, minutes = divmod(abs(offset_minutes), 60)
    sign = "-" if offset_minutes < 0 else "+"
    text = f"{format_instant(local_ns)[:19]}.{local_ns % SECOND_NS:09}{sign}{hours:02}:{minutes:02}"
    assert parse_instant_ns(text) == at_ns


@settings(deadline=None)
@given(st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2262, 4, 10)))
def test_the_standard_library_agrees(when: datetime.datetime) -> None:
    elapsed = when - datetime.datetime(1970, 1, 1)
    assert (
        parse_instant_ns(when.isoformat()) == elapsed // datetime.timedelta(microseconds=1) * 1000
    )
    assert format_instant(parse_instant_ns(when.isoformat()) or 0) == (
        when.isoformat(timespec="milliseconds") + "Z"
    )


def test_a_day_has_its_nanoseconds() -> None:
    assert parse_instant_ns("1970-01-02T00:00:00") == DAY_NS
