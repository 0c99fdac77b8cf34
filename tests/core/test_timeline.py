"""core.timeline: the arithmetic of frames, parts and segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import timeline
from core.timeline import PartAddress, UnixNs

moments = st.integers(min_value=0, max_value=4_102_444_800 * 10**9).map(UnixNs)
rates = st.sampled_from([25, 50])


def test_the_grid_of_today() -> None:
    # 2026-11-23T14:00:00Z is 1795442400 s; 1795442400 / 3.84 = 467563125 exactly.
    moment = UnixNs(1_795_442_400 * 10**9)
    assert timeline.msn_at(moment) == 467_563_125
    assert timeline.address_at(moment) == PartAddress(467_563_125, 0)
    assert timeline.start_of_segment(467_563_125) == 1_795_442_400_000_000_000
    assert timeline.end_of_segment(467_563_125) == 1_795_442_403_840_000_000
    assert timeline.end_of_part(PartAddress(467_563_125, 5)) == 1_795_442_403_840_000_000


@pytest.mark.parametrize(
    ("rate", "frames", "part_frames", "samples"), [(25, 96, 16, 1920), (50, 192, 32, 960)]
)
def test_a_segment_holds_whole_frames(
    rate: int, frames: int, part_frames: int, samples: int
) -> None:
    assert timeline.frames_per_segment(rate) == frames
    assert timeline.frames_per_part(rate) == part_frames
    assert timeline.samples_per_frame(rate) == samples


@pytest.mark.parametrize(
    ("timescale", "segment", "part"),
    [(48_000, 184_320, 30_720), (12_800, 49_152, 8_192), (90_000, 345_600, 57_600)],
)
def test_ticks(timescale: int, segment: int, part: int) -> None:
    assert timeline.segment_ticks(timescale) == segment
    assert timeline.part_ticks(timescale) == part


def test_a_segment_holds_180_aac_frames() -> None:
    assert timeline.segment_ticks(48_000) == 180 * timeline.AAC_FRAME_SAMPLES


@pytest.mark.parametrize("rate", [24, 30, 60])
def test_other_rates_do_not_fit(rate: int) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        timeline.frames_per_part(rate)


def test_a_timescale_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"3\.84 s grid"):
        timeline.segment_ticks(44_101)


def test_a_rate_without_whole_samples() -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        timeline.samples_per_frame(29)


@given(moment=moments)
def test_an_address_contains_its_moment(moment: UnixNs) -> None:
    address = timeline.address_at(moment)
    assert timeline.start_of_part(address) <= moment < timeline.end_of_part(address)
    assert address.msn == timeline.msn_at(moment)
    assert 0 <= address.part < 6


@given(moment=moments)
def test_parts_tile_the_timeline(moment: UnixNs) -> None:
    address = timeline.address_at(moment)
    assert timeline.end_of_part(address) == timeline.start_of_part(address.next())
    assert timeline.address_at(timeline.end_of_part(address)) == address.next()
    assert address < address.next()


@given(moment=moments)
def test_segments_tile_the_timeline(moment: UnixNs) -> None:
    msn = timeline.msn_at(moment)
    assert timeline.start_of_segment(msn) <= moment < timeline.end_of_segment(msn)
    assert timeline.end_of_segment(msn) == timeline.start_of_segment(msn + 1)
    assert PartAddress(msn, 5).next() == PartAddress(msn + 1, 0)


@given(frame=st.integers(min_value=0, max_value=2**38), rate=rates)
def test_a_frame_starts_where_it_is_on_air(frame: int, rate: int) -> None:
    start = timeline.start_of_frame(frame, rate)
    assert timeline.frame_at(start, rate) == frame
    assert timeline.frame_at(UnixNs(start + 1), rate) == frame
    if start:
        assert timeline.frame_at(UnixNs(start - 1), rate) == frame - 1


@given(moment=moments, rate=rates)
def test_a_segment_begins_with_a_frame(moment: UnixNs, rate: int) -> None:
    start = timeline.start_of_segment(timeline.msn_at(moment))
    assert timeline.start_of_frame(timeline.frame_at(start, rate), rate) == start
