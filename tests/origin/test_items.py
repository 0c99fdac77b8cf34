"""origin.items: what viewers are told of a programme."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guide import Programme, Takedown
from origin.items import availability, brief_item, full_item, next_change_s

DAY = 86_400
END = 1_000


def programme(**rights: Any) -> Programme:
    return Programme(id="p-1", channel="hytv", start_s=100, end_s=END, title="Thời sự", **rights)


@pytest.mark.parametrize(
    ("rights", "now_s", "archive_days", "expected"),
    [
        ({}, 99, 7, "upcoming"),
        ({}, 100, 7, "startover"),
        ({}, 100, 0, "live"),
        ({"catch_up_days": 0}, 100, 7, "live"),
        ({"catch_up_days": 0}, END, 7, "refused"),
        ({}, END, 7, "catchup"),
        ({}, END, 0, "expired"),
        ({}, 100 + 7 * DAY - 1, 7, "catchup"),
        ({}, 100 + 7 * DAY, 7, "expired"),
        ({"catch_up_days": 3}, END + 3 * DAY - 1, 7, "catchup"),
        ({"catch_up_days": 3}, END + 3 * DAY, 7, "expired"),
        ({"catch_up_days": 30}, 100 + 7 * DAY, 7, "expired"),
        ({"as_run_start_s": 150}, 120, 7, "upcoming"),
        ({"as_run_end_s": 2_000}, 1_500, 7, "startover"),
        ({"blackout": True}, 0, 7, "refused"),
        ({"blackout": True}, 500, 7, "refused"),
    ],
)
def test_what_a_viewer_can_do(
    rights: dict[str, Any], now_s: int, archive_days: int, expected: str
) -> None:
    assert availability(programme(**rights), now_s=now_s, archive_days=archive_days) == expected


def test_a_takedown_of_the_whole_refuses_it() -> None:
    def at(start_s: int, end_s: int) -> str:
        spans = (Takedown(start_s=start_s, end_s=end_s),)
        return availability(programme(), now_s=END, archive_days=7, takedowns=spans)

    assert at(100, END) == "refused"
    assert at(100, END - 1) == "catchup"


RIGHTS = st.fixed_dictionaries(
    {
        "catch_up_days": st.none() | st.integers(0, 9),
        "as_run_start_s": st.none() | st.integers(0, 500),
        "as_run_end_s": st.none() | st.integers(600, 2_000),
    }
)


@given(RIGHTS, st.integers(0, 9), st.integers(0, 9 * DAY), st.integers(1, DAY))
def test_nothing_changes_before_the_next_change(
    rights: dict[str, Any], archive_days: int, now_s: int, ahead_s: int
) -> None:
    item = programme(**rights)
    change_s = next_change_s(item, now_s=now_s, archive_days=archive_days)
    later_s = now_s + ahead_s
    if change_s is None or later_s < change_s:
        assert availability(item, now_s=now_s, archive_days=archive_days) == availability(
            item, now_s=later_s, archive_days=archive_days
        )


def test_the_items() -> None:
    item = programme(
        subtitle="19h", description="Tin", categories=("Tin tức",), series="thoi-su", episode="Số 7"
    )
    whole = {
        "id": "p-1",
        "channel": "hytv",
        "title": "Thời sự",
        "subtitle": "19h",
        "start": 100,
        "stop": 1_000,
        "desc": "Tin",
        "image": "",
        "category": ["Tin tức"],
        "episode": "Số 7",
        "series": "thoi-su",
        "startover_url": None,
        "catchup_url": "/programmes/p-1/index.m3u8",
        "available": "catchup",
    }
    assert full_item(item, "catchup") == whole
    begun = {"startover_url": whole["catchup_url"], "catchup_url": None, "available": "startover"}
    assert full_item(item, "startover") == whole | begun
    assert full_item(item, "expired") == whole | {"catchup_url": None, "available": "expired"}
    assert brief_item(item) == {"id": "p-1", "title": "Thời sự", "start": 100, "stop": 1_000}
    assert brief_item(None) is None
