"""Which programme is which, and what new ones are called."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.entries import Draft
from control.matching import Known, match_day, new_id

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EVENING = 1_795_435_200
H = 3_600


def draft(start_s: int, title: str, channel: str = "hytv") -> Draft:
    return Draft(
        line=1,
        channel=channel,
        day=date(2026, 11, 23),
        start_s=start_s,
        end_s=start_s + H,
        title=title,
    )


@pytest.mark.parametrize(
    ("drafts", "known", "found"),
    [
        ([("Tin", 0)], [("a", "Tin", 0)], ["a"]),
        ([("TÍN", 1)], [("a", "Tin", 0)], ["a"]),
        ([("Tin", 4)], [("a", "Tin", 0)], [None]),
        ([("Khác", 0)], [("a", "Tin", 0)], ["a"]),
        # The day moves by an hour: titles win over starts, or rights would change programmes.
        (
            [("Mới", 0), ("Tin", 1), ("Phim", 2)],
            [("a", "Tin", 0), ("b", "Phim", 1)],
            [None, "a", "b"],
        ),
        # A title that comes twice: each goes to the nearest.
        ([("Tin", 0), ("Tin", 2)], [("a", "Tin", 0), ("b", "Tin", 2)], ["a", "b"]),
        ([("Tin", 2)], [("a", "Tin", 0), ("b", "Tin", 3)], ["b"]),
        ([("Tin", 0), ("Tin", 1)], [("a", "Tin", 1)], [None, "a"]),
    ],
)
def test_programmes_are_known_again(
    drafts: list[tuple[str, int]],
    known: list[tuple[str, str, int]],
    found: list[str | None],
) -> None:
    given_drafts = [draft(EVENING + hour * H, title) for title, hour in drafts]
    stored = [Known(name, EVENING + hour * H, title) for name, title, hour in known]
    assert match_day(given_drafts, stored) == found


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 6)), max_size=8, unique=True),
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 6)), max_size=8, unique=True),
)
def test_nobody_is_two_programmes(
    drafts: list[tuple[str, int]], known: list[tuple[str, int]]
) -> None:
    stored = [Known(f"{title}{hour}", EVENING + hour * H, title) for title, hour in known]
    found = match_day([draft(EVENING + hour * H, title) for title, hour in drafts], stored)
    ids = [name for name in found if name is not None]
    assert len(ids) == len(set(ids))
    for (title, hour), name in zip(drafts, found, strict=True):
        if (title, hour) in known:
            assert name == f"{title}{hour}"


@pytest.mark.parametrize(
    ("title", "channel", "name"),
    [
        ("Thời sự", "hytv", "hytv-20261123-1900-thoi-su"),
        ("🎬", "hytv", "hytv-20261123-1900"),
        ("Một tên rất dài không thể nào vừa", "x" * 32, f"{'x' * 32}-20261123-1900-mot-ten-rat"),
    ],
)
def test_ids_are_readable_and_short(title: str, channel: str, name: str) -> None:
    found = new_id(draft(EVENING, title, channel), ZONE, lambda _: False)
    assert found == name
    assert re.fullmatch(r"[a-z0-9-]{1,64}", found)


def test_a_taken_id_gets_a_number() -> None:
    taken = {"hytv-20261123-1900-tin", "hytv-20261123-1900-tin-2"}
    assert new_id(draft(EVENING, "Tin"), ZONE, taken.__contains__) == "hytv-20261123-1900-tin-3"
