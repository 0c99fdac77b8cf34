"""Times as guide files write them."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from control.moments import day_bounds, day_of, parse_day, parse_moment
from core.errors import FormatError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EVENING = 1_795_435_200  # 2026-11-23 19:00 in Hưng Yên


@pytest.mark.parametrize(
    "text",
    [
        "20261123190000 +0700",
        "20261123190000+0700",
        "202611231900 +0700",
        "20261123120000 +0000",
        "20261123120000 UTC",
        "20261123190000",
        "2026-11-23T19:00:00+07:00",
        "2026-11-23T12:00:00Z",
        "2026-11-23 19:00",
        "2026-11-23T19:00:00.000",
        "23/11/2026 19:00",
        "23/11/2026 19h00",
        "23-11-2026 19:00:00",
        "@1795435200",
    ],
)
def test_every_way_of_writing_it_is_the_same_moment(text: str) -> None:
    assert parse_moment(text, ZONE).unix_s == EVENING


def test_the_end_of_a_day_may_be_written_24_00() -> None:
    midnight = parse_moment("2026-11-23 24:00", ZONE).unix_s
    assert midnight == parse_moment("2026-11-24 00:00", ZONE).unix_s


def test_zones_are_told_apart() -> None:
    missing = parse_moment("2026-11-23 19:00", ZONE)
    assert (missing.zone, missing.is_stations) == ("", True)
    ours = parse_moment("2026-11-23 19:00 +0700", ZONE)
    assert (ours.zone, ours.is_stations) == ("+0700", True)
    other = parse_moment("2026-11-23 12:00 +0000", ZONE)
    assert (other.zone, other.is_stations) == ("+0000", False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_date"),
        ("19:00", "bad_date"),
        ("20261123", "bad_date"),
        ("20261323190000", "bad_date"),
        ("2026-02-30 19:00", "bad_date"),
        ("2026-11-23 25:00", "bad_date"),
        ("2026-11-23 24:01", "bad_date"),
        ("0001-01-01 00:00", "bad_date"),
        ("9999-12-31 24:00", "bad_date"),
        ("２０２６-11-23 19:00", "bad_date"),
        ("2026-11-23 19:00" + " " * 100 + "x", "bad_date"),
        ("20261123190000 ICT", "bad_zone"),
        ("20261123190000 +7", "bad_zone"),
        ("20261123190000 +2500", "bad_zone"),
        ("20261123190000 +0799", "bad_zone"),
    ],
)
def test_what_is_no_time_is_refused_by_its_fault(text: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_moment(text, ZONE)
    assert caught.value.code == code


def test_a_clock_time_that_summer_time_leaves_out_is_refused() -> None:
    with pytest.raises(FormatError):
        parse_moment("2026-03-29 02:30", ZoneInfo("Europe/Berlin"))


def test_days_are_the_stations() -> None:
    assert parse_day("23/11/2026") == parse_day("2026-11-23") == date(2026, 11, 23)
    assert day_of(EVENING + 5 * 3600 - 1, ZONE) == date(2026, 11, 23)
    assert day_of(EVENING + 5 * 3600, ZONE) == date(2026, 11, 24)
    assert day_bounds(date(2026, 11, 23), ZONE) == (EVENING - 19 * 3600, EVENING + 5 * 3600)
    with pytest.raises(FormatError):
        parse_day("2026-02-30")
