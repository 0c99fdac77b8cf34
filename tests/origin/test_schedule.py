"""origin.schedule: a channel's guide by time."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guide import Programme
from origin.schedule import Schedule, day_at, day_span

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def programme(name: str, start_s: int, end_s: int, **more: int) -> Programme:
    return Programme(id=name, channel="hytv", start_s=start_s, end_s=end_s, title=name, **more)  # type: ignore[arg-type]


SCHEDULE = Schedule(
    [
        programme("c", 300, 400),
        programme("a", 100, 200),
        programme("b", 200, 300, as_run_start_s=210, as_run_end_s=305),
    ]
)


@pytest.mark.parametrize(
    ("moment_s", "now", "following", "boundary_s"),
    [
        (99, None, "a", 100),
        (100, "a", "b", 200),
        (205, None, "b", 210),
        (210, "b", "c", 300),
        (302, "c", None, 400),  # two are on: the latest begun
        (400, None, None, None),
    ],
)
def test_what_is_on(
    moment_s: int, now: str | None, following: str | None, boundary_s: int | None
) -> None:
    on, after = SCHEDULE.at(moment_s), SCHEDULE.after(moment_s)
    assert (on and on.id, after and after.id) == (now, following)
    assert SCHEDULE.next_boundary_s(moment_s) == boundary_s


def test_a_long_programme_goes_on_behind_a_short_one() -> None:
    schedule = Schedule([programme("long", 0, 1_000), programme("short", 10, 20)])
    on = schedule.at(500)
    assert on is not None
    assert on.id == "long"


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=12)


@given(SPANS, st.integers(0, 90), st.integers(0, 40))
def test_finds_what_a_look_at_each_would_find(
    spans: list[tuple[int, int]], moment_s: int, length_s: int
) -> None:
    items = [programme(f"p{n}", at, at + long) for n, (at, long) in enumerate(spans)]
    schedule = Schedule(items)
    on = {item.id for item in items if item.start_s <= moment_s < item.end_s}
    found = schedule.at(moment_s)
    assert (found is None) == (not on)
    assert found is None or found.id in on
    end_s = moment_s + length_s
    assert {item.id for item in schedule.between(moment_s, end_s)} == {
        item.id for item in items if item.start_s < end_s and item.end_s > moment_s
    }


def test_a_day_is_the_stations() -> None:
    start_s, end_s = day_span(date(2026, 10, 24), ZONE)
    assert (start_s, end_s) == (1_792_774_800, 1_792_861_200)  # 2026-10-23T17:00:00Z and a day on
    assert day_at(start_s, ZONE) == day_at(end_s - 1, ZONE) == date(2026, 10, 24)
    assert day_at(start_s - 1, ZONE) == date(2026, 10, 23)
    assert day_span(date(2026, 10, 24), ZONE, 15)[1] - start_s == 15 * 86_400
