"""What may be served after the live window."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.guide import GuideSnapshot, Programme, Takedown
from core.rights import Access, Restriction, Restrictions, access_to, restrictions_of

DAY = 86_400


def programme(start_s: int, end_s: int, **rights: Any) -> Programme:
    return Programme(id="a", channel="hytv", start_s=start_s, end_s=end_s, title="A", **rights)


def of(*items: Programme | Takedown, now_s: int) -> Restrictions:
    takedowns = tuple(item for item in items if isinstance(item, Takedown))
    programmes = tuple(item for item in items if isinstance(item, Programme))
    snapshot = GuideSnapshot(channel="hytv", programmes=programmes, takedowns=takedowns)
    return restrictions_of(snapshot, now_s=now_s)


def test_without_words_everything_is_open() -> None:
    assert of(programme(0, 3_600), now_s=DAY * 400).runs == ()


def test_a_blackout_takes_every_segment_it_touches() -> None:
    # 10 s lies in segment 2 (7.68 to 11.52), 20 s in segment 5 (19.2 to 23.04).
    assert of(programme(10, 20, blackout=True), now_s=0).runs == (
        Restriction(2, 5, Access.REFUSED),
    )


def test_live_only_takes_the_segments_that_begin_within_it() -> None:
    found = of(programme(10, 20, catch_up_days=0), now_s=30)
    assert found.runs == (Restriction(3, 5, Access.REFUSED),)
    assert [found.access(msn) for msn in (2, 3, 5, 6)] == [
        Access.OPEN,
        Access.REFUSED,
        Access.REFUSED,
        Access.OPEN,
    ]


def test_days_are_counted_from_the_real_end() -> None:
    show = programme(0, 100, catch_up_days=7, as_run_end_s=200)
    assert access_to(show, now_s=200 + 7 * DAY - 1) is Access.OPEN
    assert access_to(show, now_s=200 + 7 * DAY) is Access.REFUSED


def test_a_takedown_wins_over_all_else() -> None:
    found = of(programme(0, 100, blackout=True), Takedown(start_s=50, end_s=60), now_s=30)
    assert found.runs == (
        Restriction(0, 12, Access.REFUSED),
        Restriction(13, 15, Access.TAKEN_DOWN),
        Restriction(16, 26, Access.REFUSED),
    )


def test_finds_what_lies_between_two_numbers() -> None:
    found = Restrictions(
        [Restriction(5, 9, Access.REFUSED), Restriction(20, 30, Access.TAKEN_DOWN)]
    )
    assert found.within(8, 21) == [
        Restriction(8, 9, Access.REFUSED),
        Restriction(20, 21, Access.TAKEN_DOWN),
    ]
    assert found.within(10, 19) == []


runs = st.builds(
    lambda first, more, access: Restriction(first, first + more, access),
    st.integers(0, 60),
    st.integers(0, 20),
    st.sampled_from([Access.REFUSED, Access.TAKEN_DOWN]),
)


@given(st.lists(runs, max_size=8))
def test_each_number_has_its_strictest_access(items: list[Restriction]) -> None:
    found = Restrictions(items)
    for msn in range(90):
        wanted = max(
            (item.access for item in items if item.first <= msn <= item.last),
            default=Access.OPEN,
        )
        assert found.access(msn) is wanted
    assert all(a.last < b.first for a, b in pairwise(found.runs))
