"""origin.search: titles, however somebody types them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guide import Programme
from core.text import fold
from origin.search import MAX_FOUND, TitleIndex


def programme(number: int, title: str, channel: str = "hytv") -> Programme:
    start_s = number * 100
    return Programme(
        id=f"p{number}", channel=channel, start_s=start_s, end_s=start_s + 100, title=title
    )


INDEX = TitleIndex(
    [
        programme(1, "Thời sự 19h"),
        programme(3, "Nhà nông Đông Hưng", "hyfm"),
        programme(2, "Thời sự tỉnh"),
        programme(4, "Đồng hành cùng nhà nông"),
    ]
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("thoi su", ["p2", "p1"]),
        ("THỜI SỰ", ["p2", "p1"]),
        ("sự thời 19", ["p1"]),
        ("dong", ["p4", "p3"]),
        ("đông hưng", ["p3"]),
        ("nha nong", ["p4", "p3"]),
        ("19h nha", []),  # words of two titles that are neighbours
        ("bóng đá", []),
        ("\u0300", []),
        (" ", []),
    ],
)
def test_finds_titles(query: str, found: list[str]) -> None:
    assert [item.id for item in INDEX.find(query)] == found


def test_finds_the_newest_and_no_more_than_fifty() -> None:
    index = TitleIndex(programme(number, "Thời sự") for number in range(200))
    found = [item.id for item in index.find("thời sự")]
    assert MAX_FOUND == 50
    assert found == [f"p{number}" for number in range(199, 149, -1)]


@given(st.lists(st.text("aáàđd bươ\n19", max_size=8), max_size=10), st.text("aàdđ 1\n", max_size=5))
def test_finds_what_a_look_at_each_title_would_find(titles: list[str], query: str) -> None:
    items = [programme(number, title) for number, title in enumerate(titles)]
    words = fold(query).split()
    expected = [i for i in items if words and all(w in fold(i.title) for w in words)]
    assert TitleIndex(items).find(query) == expected[::-1]
