"""core.content_schedule: what the clock and the guide excuse."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.config import parse_settings
from core.content_schedule import ContentSchedule, excepted_kinds
from core.content_settings import ContentExceptionSettings
from core.errors import ConfigError
from core.guide import GuideSnapshot, Programme

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TUESDAY_S = int(datetime(2026, 11, 24, 7, tzinfo=ZONE).timestamp())


def exception(**values: Any) -> ContentExceptionSettings:
    return ContentExceptionSettings.model_validate({"kinds": ["silence"], **values})


def item(title: str, start_s: int, end_s: int, *categories: str) -> Programme:
    return Programme(
        id=f"p{start_s}",
        channel="hytv",
        start_s=start_s,
        end_s=end_s,
        title=title,
        categories=categories,
    )


def kinds(schedule: ContentSchedule, at_s: float) -> set[str]:
    return set(schedule.kinds_at(at_s))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-24T23:29:59", set()),  # a Tuesday
        ("2026-11-24T23:30:00", {"freeze"}),
        ("2026-11-25T04:59:59", {"freeze"}),
        ("2026-11-25T05:00:00", set()),
        ("2026-11-25T23:40:00", set()),
    ],
)
def test_an_exception_over_midnight_is_of_the_day_on_which_it_begins(
    moment: str, expected: set[str]
) -> None:
    night = exception(kinds=["freeze"], days=["tue"], begin="23:30", end="05:00")
    assert excepted_kinds([night], datetime.fromisoformat(moment)) == expected


@pytest.mark.parametrize(
    ("pattern", "title", "fits"),
    [
        ("Phút mặc niệm", "Phút mặc niệm", True),
        ("phut mac niem", "PHÚT MẶC NIỆM", True),
        ("Phút mặc niệm", "Phút mặc niệm: 27 tháng 7", False),
        ("Phút mặc niệm*", "Phút mặc niệm: 27 tháng 7", True),
        ("*mặc niệm*", "Một phút mặc niệm", True),
        ("Tập ?", "Tập 7", True),
        ("Tập ?", "Tập 12", False),
        ("[Trực tiếp]*", "[Trực tiếp] Lễ viếng", True),
        ("[Trực tiếp]*", "T Lễ viếng", False),
        ("Đờn ca*", "Đo\u031b\u0300n ca tài tử", True),
        ("a.b", "axb", False),
    ],
)
def test_a_title_fits_as_people_read_it(pattern: str, title: str, *, fits: bool) -> None:
    now = datetime.fromtimestamp(TUESDAY_S, ZONE)
    on = item(title, TUESDAY_S, TUESDAY_S + 60)
    assert excepted_kinds([exception(programme=pattern)], now, on) == (
        {"silence"} if fits else set()
    )


def test_a_programme_is_excused_from_its_first_to_its_last_second() -> None:
    schedule = ContentSchedule(ZONE, (exception(programme="Phút mặc niệm"),))
    silent = item("Phút mặc niệm", TUESDAY_S, TUESDAY_S + 60)
    schedule.guide = GuideSnapshot(
        channel="hytv", programmes=(silent, item("Thời sự", TUESDAY_S + 60, TUESDAY_S + 1_800))
    )
    seconds = (-0.1, 0.0, 59.9, 60.0)
    assert [kinds(schedule, TUESDAY_S + at) for at in seconds] == [
        set(), {"silence"}, {"silence"}, set()
    ]  # fmt: skip


def test_the_guide_as_it_ran_counts_and_a_new_one_at_once() -> None:
    schedule = ContentSchedule(ZONE, (exception(programme="Phút mặc niệm"),))
    late = Programme(
        id="p", channel="hytv", start_s=TUESDAY_S, end_s=TUESDAY_S + 60, title="Phút mặc niệm",
        as_run_start_s=TUESDAY_S + 40, as_run_end_s=TUESDAY_S + 100,
    )  # fmt: skip
    schedule.guide = GuideSnapshot(channel="hytv", programmes=(late,))
    assert kinds(schedule, TUESDAY_S + 39) == set()
    assert kinds(schedule, TUESDAY_S + 99) == {"silence"}
    schedule.guide = GuideSnapshot(channel="hytv")
    assert kinds(schedule, TUESDAY_S + 99) == set()


def test_a_category_excuses_and_with_a_title_and_hours_all_must_fit() -> None:
    now = datetime.fromtimestamp(TUESDAY_S, ZONE)
    film = item("Mùa lũ", TUESDAY_S, TUESDAY_S + 60, "Phim", "Phim tài liệu")
    for values, excused in (
        ({"category": "phim*liệu"}, True),
        ({"category": "Ca nhạc"}, False),
        ({"category": "Phim", "programme": "Mùa*"}, True),
        ({"category": "Phim", "programme": "Mưa"}, False),
        ({"category": "Phim", "begin": "07:00", "end": "08:00"}, True),
        ({"category": "Phim", "begin": "08:00", "end": "09:00"}, False),
        ({"category": "Phim", "days": ["tue"]}, True),
        ({"category": "Phim", "days": ["mon", "wed"]}, False),
    ):
        found = excepted_kinds([exception(**values)], now, film)
        assert found == ({"silence"} if excused else set()), values


def test_a_programme_over_midnight_is_of_the_day_on_which_it_begins() -> None:
    midnight_s = TUESDAY_S + 17 * 3_600
    on = item("Hình hiệu", midnight_s - 600, midnight_s + 600)
    wednesday = datetime.fromtimestamp(midnight_s + 300, ZONE)
    assert excepted_kinds([exception(programme="Hình hiệu", days=["tue"])], wednesday, on)
    assert not excepted_kinds([exception(programme="Hình hiệu", days=["wed"])], wednesday, on)


def test_a_guide_that_is_not_there_excuses_nothing_and_is_missed_once() -> None:
    schedule = ContentSchedule(ZONE, (exception(programme="Phút mặc niệm"),))
    assert kinds(schedule, TUESDAY_S) == set()
    assert [schedule.misses_guide(), schedule.misses_guide()] == [True, False]
    for guide in (GuideSnapshot(channel="hytv", programmes=(item("x", 0, 1),)), None):
        known = ContentSchedule(ZONE, (exception(programme="x"),) if guide else ())
        known.guide = guide
        assert not known.misses_guide()
    empty = ContentSchedule(ZONE, (exception(category="x"),))
    empty.guide = GuideSnapshot(channel="hytv")
    assert empty.misses_guide()


def test_the_period_is_the_programme_or_the_hour() -> None:
    schedule = ContentSchedule(ZONE)
    assert schedule.period_at(7_199.9) == 1
    schedule.guide = GuideSnapshot(channel="hytv", programmes=(item("x", 7_100, 7_300),))
    assert [schedule.period_at(at) for at in (7_099, 7_100, 7_300)] == [1, "p7100", 2]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ("", "says no time: write begin and end, or programme, or category"),
        ('begin = "10:00"', "has begin or end alone; write both"),
        ('programme = "x"\nend = "10:00"', "has begin or end alone; write both"),
        ('programme = "**"', "programme '**' fits everything; write some of the name"),
        ('category = " "', "category ' ' fits everything; write some of the name"),
        ('begin = "10:00"\nend = "10:00"', "begins when it ends"),
        ('title = "x"', "title: there is no such setting"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_in_words(values: str, fault: str) -> None:
    text = f"""
[station]
name = "Đài"
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
[[channels.exceptions]]
kinds = ["silence"]
{values}
"""
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, name="test")
    assert "channels[hytv].exceptions[0]" in str(caught.value)
    assert fault in str(caught.value)
