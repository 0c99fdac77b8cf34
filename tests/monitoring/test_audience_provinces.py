"""monitoring.audience_provinces: a day by province, without anybody in it."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from monitoring.audience_provinces import by_province, render_csv, render_table
from monitoring.audience_report import FEW

FOUND = {"Hưng Yên": {1: 40, 2: 60}, "": {1: 6}, "US": {1: 3}, "Hà Nội": {2: 4}, "SG": {1: 4}}


def test_the_most_come_first_and_small_ones_are_told_together() -> None:
    rows = by_province(FOUND, 10)
    assert [(row.province, row.average, row.peak) for row in rows] == [
        ("Hưng Yên", 10.0, 60),
        ("không rõ / unknown", 0.6, 6),
        ("nơi khác / elsewhere", 1.1, 7),
    ]


def test_what_is_too_few_all_together_is_hidden() -> None:
    (row,) = by_province({"US": {1: 1}, "SG": {1: 2}}, 10)
    assert (row.average, row.peak) == (None, None)
    assert render_table([row]).splitlines()[-1].split()[-2:] == ["<5", "<5"]
    assert list(csv.reader(io.StringIO(render_csv([row])))) == [
        ["province", "average", "peak"],
        ["nơi khác / elsewhere", "", ""],
    ]


def test_nobody_makes_no_row() -> None:
    assert by_province({}, 0) == []


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c", "d"]),
        st.dictionaries(st.integers(0, 3), st.integers(1, 12), min_size=1),
    )
)
def test_no_figure_below_five_is_told_and_none_is_lost(found: dict[str, dict[int, int]]) -> None:
    rows = by_province(found, 4)
    assert all(row.peak is None or row.peak >= FEW for row in rows)
    told = sum(4 * row.average for row in rows if row.average is not None)
    hidden = any(row.average is None for row in rows)
    total = sum(sum(counts.values()) for counts in found.values())
    assert hidden or abs(told - total) <= 0.3 * len(rows)
