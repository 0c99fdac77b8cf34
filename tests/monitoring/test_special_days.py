"""monitoring.special_days: which days are special, and which quarters belong to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitoring.special_days import LAST_YEAR, is_special, special_quarters

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    "day",
    [
        date(2025, 1, 29),  # mùng một Tết Ất Tỵ
        date(2026, 2, 17),  # Bính Ngọ
        date(2026, 2, 13),  # four days before
        date(2026, 2, 22),  # mùng sáu
        date(2030, 2, 2),  # a day before China's
        date(2026, 4, 26),  # Giỗ Tổ
        date(2026, 9, 2),
        date(2027, 1, 1),
    ],
)
def test_holidays_are_special(day: date) -> None:
    assert is_special(day)


@pytest.mark.parametrize("day", [date(2026, 2, 12), date(2026, 2, 23), date(2026, 11, 24)])
def test_other_days_are_not(day: date) -> None:
    assert not is_special(day)
    assert is_special(day, [day])


def test_every_new_year_is_a_new_moon_of_winters_end() -> None:
    known_moon = datetime(2026, 2, 17, 12, 1, tzinfo=UTC)  # astronomical almanac
    for year in range(2025, LAST_YEAR + 1):
        begins = [
            day
            for offset in range(366)
            if is_special(day := date(year, 1, 2) + timedelta(days=offset))
        ]
        tet = begins[4]  # four days of it come before
        assert date(year, 1, 21) <= tet <= date(year, 2, 20), tet
        noon = datetime(tet.year, tet.month, tet.day, 5, tzinfo=UTC)
        moons = (noon - known_moon) / timedelta(days=29.530589)
        # Moons are up to fourteen hours off their mean, and the day has twenty-four.
        assert abs(moons - round(moons)) * 29.53 < 1.5, (tet, moons)


def test_a_day_begins_at_midnight_of_the_station() -> None:
    # 1 September 2026, 23:45 in Hưng Yên, is 16:45 UTC; 31 August is an ordinary day.
    first = int(datetime(2026, 8, 31, 16, 45, tzinfo=UTC).timestamp()) // 900
    quarters = special_quarters(first, 3 * 96 + 3, HANOI)
    assert quarters.tolist() == [False, *[True] * 288, False, False]
    named = special_quarters(first, 1, HANOI, [date(2026, 8, 31)])
    assert named.tolist() == [True]
