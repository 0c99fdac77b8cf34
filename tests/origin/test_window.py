"""origin.window: what is held, how far the unbroken run reaches, what leaves."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.publication import (
    ChannelState,
    DiscontinuityDeclared,
    HoleDeclared,
    Publication,
    SnapshotEnd,
)
from core.timeline import PartAddress
from origin.window import Change, ChannelWindow, LiveWindow, missing_runs
from tests.origin.broadcast import MSN, Broadcast, make_settings

RADIO = Broadcast(make_settings().channels[1])


def hole(msn: int) -> HoleDeclared:
    return HoleDeclared(channel="hyfm", msn=msn, reason="late")


def fed(*publications: Publication) -> LiveWindow:
    """Return a window that was told these as a snapshot."""
    window = LiveWindow({"hyfm": RADIO.renditions})
    window.begin_snapshot()
    tell(window, [*RADIO.headers(), *publications, SnapshotEnd()])
    return window


def tell(window: LiveWindow, publications: Iterable[Publication]) -> list[Change]:
    return [window.apply(publication) for publication in publications]


def radio(window: LiveWindow) -> ChannelWindow:
    return window.channels["hyfm"]


def edges(window: LiveWindow) -> set[PartAddress | None]:
    return {track.edge for track in radio(window).tracks.values()}


def test_the_edge_follows_the_parts() -> None:
    window = fed(*RADIO.segments(MSN, MSN))
    assert edges(window) == {PartAddress(MSN, 5)}
    (change,) = tell(window, [RADIO.part("a64", MSN + 1, 0)])
    assert change.parts == [("a64", PartAddress(MSN + 1, 0))]
    assert change.edges == {"a64"}
    assert edges(window) == {PartAddress(MSN, 5), PartAddress(MSN + 1, 0)}


def test_what_is_told_twice_changes_nothing() -> None:
    window = fed(*RADIO.segments(MSN, MSN + 1))
    for change in tell(window, [*RADIO.headers(), *RADIO.live(MSN), *RADIO.segments(MSN, MSN + 1)]):
        assert change == Change("hyfm")


def test_six_parts_are_a_segment() -> None:
    window = fed(*RADIO.segments(MSN, MSN))
    changes = tell(window, [RADIO.part("a64", MSN + 1, part) for part in range(6)])
    assert changes[5].segments == [("a64", MSN + 1)]
    segment = radio(window).tracks["a64"].segments[MSN + 1]
    assert b"".join(segment.buffers) == RADIO.segment("a64", MSN + 1).data
    assert window.apply(RADIO.segment("a64", MSN + 1, whole=False)) == Change("hyfm")


def test_parts_wait_for_a_number_of_which_nobody_has_spoken() -> None:
    window = fed(*RADIO.segments(MSN, MSN))
    tell(window, RADIO.live(MSN + 2))
    assert edges(window) == {PartAddress(MSN, 5)}
    window.apply(hole(MSN + 1))
    assert edges(window) == {PartAddress(MSN + 2, 5)}


def test_a_hole_moves_the_edge_when_nothing_follows_yet() -> None:
    window = fed(*RADIO.segments(MSN, MSN))
    change = window.apply(hole(MSN + 1))
    assert change.edges == set(RADIO.renditions)
    assert edges(window) == {PartAddress(MSN + 1, 5)}


def test_a_hole_is_one_for_every_rendition_until_it_is_refilled() -> None:
    window = fed(*RADIO.segments(MSN, MSN))
    tell(window, [RADIO.part("a64", MSN + 1, part) for part in range(6)])
    track = radio(window).tracks["a64"]
    assert track.segments[MSN + 1].listed
    window.apply(hole(MSN + 1))
    assert not track.segments[MSN + 1].listed
    assert b"".join(track.segments[MSN + 1].buffers)  # who was promised the bytes gets them
    change = window.apply(RADIO.segment("a64", MSN + 1))
    assert change.playlists == {"a64"}
    assert track.segments[MSN + 1].listed


def test_a_part_of_a_hole_that_comes_late_is_listed_and_no_more() -> None:
    window = fed(*RADIO.segments(MSN, MSN), hole(MSN + 1))
    changes = tell(window, [RADIO.part("a64", MSN + 1, part) for part in range(6)])
    assert all(change.playlists == {"a64"} for change in changes)
    assert not radio(window).tracks["a64"].segments[MSN + 1].listed


def test_a_packager_with_a_shorter_memory_takes_nothing_away() -> None:
    window = fed(*RADIO.segments(MSN, MSN + 9))
    window.begin_snapshot()
    tell(window, [*RADIO.headers(), *RADIO.segments(MSN + 9, MSN + 10), SnapshotEnd()])
    assert sorted(radio(window).tracks["a64"].segments) == list(range(MSN, MSN + 11))
    assert edges(window) == {PartAddress(MSN + 10, 5)}


def test_what_a_packager_without_memory_will_not_tell_is_missing() -> None:
    """The packager was away for longer than the programme remembers."""
    window = fed(*RADIO.segments(MSN, MSN + 2))
    window.begin_snapshot()
    tell(window, [SnapshotEnd(), *RADIO.headers(), *RADIO.live(MSN + 6)])
    assert edges(window) == {PartAddress(MSN + 6, 5)}
    assert radio(window).is_missing(MSN + 4)


def test_a_refill_that_a_restarted_packager_forgot_stays() -> None:
    window = fed(*RADIO.segments(MSN, MSN), hole(MSN + 1), *RADIO.segments(MSN + 1, MSN + 2))
    window.begin_snapshot()
    tell(window, [*RADIO.headers(), *RADIO.segments(MSN, MSN), hole(MSN + 1), SnapshotEnd()])
    assert radio(window).tracks["a64"].segments[MSN + 1].listed


def test_a_new_origin_lists_a_hole_as_the_others_do() -> None:
    """One rendition was complete: the snapshot tells its segment, then the hole."""
    window = fed(*RADIO.segments(MSN, MSN), RADIO.segment("a64", MSN + 1), hole(MSN + 1))
    assert not radio(window).tracks["a64"].segments[MSN + 1].listed


def test_ninety_seconds_are_kept() -> None:
    window = fed(*RADIO.segments(MSN, MSN + 23))
    assert sorted(radio(window).tracks["a64"].segments) == list(range(MSN, MSN + 24))
    (change,) = tell(window, [RADIO.part("a64", MSN + 24, 0)])
    assert sorted(change.expired_segments) == [(name, MSN) for name in sorted(RADIO.renditions)]
    assert radio(window).tracks["a64"].first == MSN + 1
    assert window.apply(RADIO.segment("a64", MSN)) == Change("hyfm")  # too old to come back


def test_a_header_stays_while_a_segment_uses_it() -> None:
    window = fed(*RADIO.segments(MSN, MSN))
    changed = Broadcast(RADIO.channel, variant=1)
    tell(window, [*changed.headers(), *changed.segments(MSN + 1, MSN + 1)])
    old, new = RADIO.header("a64").hash, changed.header("a64").hash
    assert set(radio(window).tracks["a64"].headers) == {old, new}
    changes = tell(window, changed.segments(MSN + 2, MSN + 24))
    assert set(radio(window).tracks["a64"].headers) == {new}
    assert ("a64", old) in [item for change in changes for item in change.expired_headers]


@pytest.mark.parametrize(
    ("msn", "sequence"), [(MSN, 4), (MSN + 2, 4), (MSN + 3, 5), (MSN + 4, 5), (MSN + 9, 6)]
)
def test_discontinuities_are_counted_with_the_segment_they_begin(msn: int, sequence: int) -> None:
    window = fed(
        DiscontinuityDeclared(channel="hyfm", msn=MSN + 3, sequence=5),
        DiscontinuityDeclared(channel="hyfm", msn=MSN + 9, sequence=6),
    )
    assert radio(window).discontinuity_sequence(msn) == sequence


def test_the_count_outlives_the_discontinuity() -> None:
    window = fed(DiscontinuityDeclared(channel="hyfm", msn=MSN, sequence=5))
    tell(window, RADIO.segments(MSN + 100, MSN + 100))
    assert radio(window).discontinuity_sequence(MSN + 100) == 5


@pytest.mark.parametrize(
    "publication",
    [
        pytest.param(RADIO.part("a64", MSN, 0), id="part before its header"),
        pytest.param(RADIO.segment("a64", MSN), id="segment before its header"),
    ],
)
def test_media_before_their_header_end_the_connection(publication: Publication) -> None:
    window = LiveWindow({"hyfm": RADIO.renditions})
    with pytest.raises(FormatError, match="before their header"):
        window.apply(publication)


def test_a_segment_whose_parts_were_never_told_ends_the_connection() -> None:
    with pytest.raises(FormatError, match="without some of its parts"):
        fed(RADIO.part("a64", MSN, 0), RADIO.segment("a64", MSN, whole=False))


def test_what_is_not_ours_is_ignored() -> None:
    window = LiveWindow({"other": ["a64"]})
    assert window.apply(RADIO.header("a64")) == Change()
    assert window.apply(ChannelState(channel="hyfm", on_air="x", title="", since_ns=0)) == Change()


@given(st.permutations(range(6)), st.integers(min_value=0, max_value=5))
def test_parts_in_any_order_give_the_same_segment(order: list[int], twice: int) -> None:
    window = fed(*RADIO.segments(MSN, MSN))
    tell(window, [RADIO.part("a64", MSN + 1, part) for part in [*order, twice]])
    track = radio(window).tracks["a64"]
    assert track.edge == PartAddress(MSN + 1, 5)
    assert b"".join(track.segments[MSN + 1].buffers) == RADIO.segment("a64", MSN + 1).data


def test_runs_of_missing_numbers() -> None:
    assert missing_runs({5, 1, 2, 9, 3}) == [(1, 3), (5, 5), (9, 9)]
