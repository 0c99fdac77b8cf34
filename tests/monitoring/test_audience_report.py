"""Programmes and minutes joined: figures written out, few people hidden."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from core.guide import Programme
from monitoring.audience_report import render_csv, render_table, report

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START_S = 1_795_000_020  # a whole minute
FIRST = START_S // 60


def programme(minutes: int, title: str = "Thời sự") -> Programme:
    return Programme(
        id="p", channel="hytv", start_s=START_S, end_s=START_S + 60 * minutes, title=title
    )


def test_average_peak_and_ends() -> None:
    counts = {FIRST: 10, FIRST + 1: 30, FIRST + 2: 20, FIRST + 3: 0, FIRST + 4: 99}
    (row,) = report([programme(4)], counts)
    assert (row.average, row.peak, row.peak_s) == (15.0, 30, START_S + 60)
    assert (row.at_start, row.at_end, row.measured, row.is_whole) == (10, 0, 1.0, True)


def test_minutes_that_are_not_known_are_not_zero() -> None:
    (row,) = report([programme(4)], {FIRST: 10, FIRST + 2: 20})
    assert (row.average, row.measured, row.is_whole, row.at_end) == (15.0, 0.5, False, None)
    (nothing,) = report([programme(4)], {})
    assert (nothing.average, nothing.peak, nothing.measured) == (None, None, 0.0)


@pytest.mark.parametrize(("count", "shown"), [(0, "0.0"), (1, "<5"), (4, "<5"), (5, "5.0")])
def test_fewer_than_five_are_hidden_and_nobody_is_not(count: int, shown: str) -> None:
    rows = report([programme(2)], dict.fromkeys((FIRST, FIRST + 1), count))
    line = render_table(rows, ZONE).splitlines()[2]
    assert line.split()[2] == shown
    if shown == "<5":
        assert rows[0].at_start is None
        assert f"{count}," not in render_csv(rows, ZONE).splitlines()[1].partition(",0")[0][50:]


def test_one_minute_of_few_hides_no_whole_programme() -> None:
    (row,) = report([programme(2)], {FIRST: 2, FIRST + 1: 40})
    assert (row.average, row.peak, row.at_start) == (21.0, 40, None)


def test_a_title_is_a_cell_and_no_formula() -> None:
    rows = report([programme(1, '=SUM("A")')], {FIRST: 7})
    line = render_csv(rows, ZONE).splitlines()[1]
    assert line == (
        "2026-11-18T18:07:00+07:00,2026-11-18T18:08:00+07:00,7.0,7,"
        '2026-11-18T18:07:00+07:00,7,7,1.00,"\'=SUM(""A"")"'
    )
