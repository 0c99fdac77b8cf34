"""Media times are judged one after another, and rendition beside rendition."""

from __future__ import annotations

from monitoring.probe_segment import SegmentFacts
from monitoring.probe_timeline import Boundaries, TrackTimeline
from tests.monitoring.probe_values import facts, segment, track

WRAP_S = 2**33 / 90_000


def kinds(*segments: SegmentFacts, marks: str = "", extinf_s: float = 2.0) -> list[str]:
    """Show segments 0, 1, ...; ``marks`` stand before the last."""
    timeline = TrackTimeline("360p")
    found: list[str] = []
    for msn, one in enumerate(segments):
        last = msn == len(segments) - 1
        listed = segment(msn, marks=marks if last else "", duration_s=extinf_s if last else 2.0)
        found += [f"{fault.kind} {fault.where}" for fault in timeline.take(listed, one)]
    return found


def both(start_s: float, **kind: float) -> SegmentFacts:
    return facts(track("video", start_s), track("audio", start_s + kind.get("late_s", 0.0)))


def test_segments_that_go_on_are_good() -> None:
    assert kinds(both(0), both(2), both(4.05)) == []


def test_a_jump_is_told_for_each_track_and_forgiven_at_a_discontinuity() -> None:
    jump = ["timestamps 360p 1", "timestamps 360p 1"]
    assert kinds(both(0), both(12)) == jump
    assert kinds(both(0), both(12), marks="#EXT-X-DISCONTINUITY") == []


def test_the_wrap_of_transport_stream_times_is_no_jump() -> None:
    before = facts(track("video", WRAP_S - 2), container="mpegts")
    after = facts(track("video", 0), container="mpegts")
    assert kinds(before, after) == []


def test_a_length_that_the_media_do_not_have_is_told() -> None:
    assert kinds(both(0), both(2), extinf_s=3.0) == ["extinf 360p 1"]
    assert kinds(both(0), both(2), extinf_s=2.1) == []


def test_a_segment_that_begins_without_a_key_frame_is_told() -> None:
    assert kinds(facts(track("video", 0, key=False))) == ["key_frame 360p 0"]


def test_sound_that_begins_far_from_its_picture_is_told() -> None:
    assert kinds(both(0, late_s=0.4)) == []
    assert kinds(both(0, late_s=0.6)) == ["av_skew 360p 0"]


def test_a_track_that_appears_or_changes_is_told() -> None:
    assert kinds(facts(track("video", 0)), both(2)) == ["timestamps 360p 1"]
    other = facts(track("video", 2, codec="hevc"))
    assert kinds(facts(track("video", 0)), other) == ["timestamps 360p 1"]


def test_after_a_hole_nothing_is_compared() -> None:
    timeline = TrackTimeline("360p")
    assert list(timeline.take(segment(0), both(0))) == []
    timeline.forget()
    assert list(timeline.take(segment(1), both(50))) == []


def beside(own_s: float, *, msn: int = 1, dated: bool = True, sound: bool = False) -> list[str]:
    """Compare a segment of another rendition with watched ones at 0, 2, 4 s."""
    boundaries = Boundaries()
    for number in range(3):
        boundaries.note(segment(number, dated=dated), both(2.0 * number))
    other = facts(track("audio" if sound else "video", own_s))
    return [fault.kind for fault in boundaries.judge("720p", segment(msn, dated=dated), other)]


def test_renditions_are_aligned_by_their_dates() -> None:
    assert beside(2.0) == []
    assert beside(2.2) == ["misaligned"]
    assert beside(2.2, sound=True) == []
    assert beside(2.7, sound=True) == ["av_skew"]


def test_renditions_without_dates_are_cut_at_the_same_times() -> None:
    assert beside(4.0, dated=False, msn=9) == []
    assert beside(2.9, dated=False) == ["misaligned"]
    assert beside(8.0, dated=False) == []
    assert beside(800.0, dated=False) == ["misaligned"]
