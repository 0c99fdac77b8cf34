"""Successive versions of one media playlist are judged by the rules of HLS."""

from __future__ import annotations

from monitoring.probe_checks import PlaylistWatch
from monitoring.probe_faults import Fault
from monitoring.probe_playlist import MediaPlaylist
from tests.monitoring.probe_values import at, live


def watch(*versions: tuple[float, MediaPlaylist]) -> list[Fault]:
    """Show versions, each at its second."""
    watching = PlaylistWatch("360p")
    faults: list[Fault] = []
    for second, playlist in versions:
        found, _ = watching.take(playlist, at(second))
        faults += found + watching.judge_silence(at(second))
    return faults


def kinds(*versions: tuple[float, MediaPlaylist]) -> list[str]:
    return [fault.kind for fault in watch(*versions)]


def test_a_playlist_that_slides_is_good() -> None:
    assert watch((12, live(0, 5)), (14, live(1, 6)), (15, live(1, 6)), (16, live(2, 7))) == []


def test_only_new_segments_are_given() -> None:
    watching = PlaylistWatch("360p")
    assert [one.msn for one in watching.take(live(0, 3), at(8))[1]] == [0, 1, 2, 3]
    assert [one.msn for one in watching.take(live(1, 5), at(12))[1]] == [4, 5]
    assert watching.edge == 5


def test_a_media_sequence_that_goes_back_is_told_once() -> None:
    faults = watch((20, live(5, 9)), (22, live(0, 4, shift_s=12)), (24, live(1, 5, shift_s=12)))
    assert [(fault.kind, fault.where) for fault in faults] == [("media_sequence", "360p")]
    assert "from 5 to 0" in faults[0].detail


def test_a_leap_over_segments_that_nobody_saw_is_told() -> None:
    assert kinds((20, live(5, 9)), (22, live(15, 19, shift_s=-18))) == ["media_sequence"]


def test_a_client_that_slept_is_not_the_server_s_fault() -> None:
    assert kinds((20, live(5, 9)), (50, live(20, 24))) == []


def test_the_address_of_a_number_never_changes() -> None:
    assert kinds((12, live(0, 5)), (14, live(1, 6, names="b"))) == ["segment_changed"]


def test_an_edge_that_goes_back_is_a_segment_that_vanished() -> None:
    assert kinds((12, live(0, 5)), (14, live(0, 4))) == ["segment_vanished"]


def test_a_playlist_is_stale_after_one_and_a_half_target_durations() -> None:
    assert kinds((12, live(0, 5)), (15.4, live(0, 5))) == []
    faults = watch((12, live(0, 5)), (15.6, live(0, 5)))
    assert [fault.kind for fault in faults] == ["playlist_stale"]
    assert faults[0].detail == "unchanged for 3.6 s, over 3.0 s"


def test_an_ended_playlist_is_never_stale() -> None:
    assert kinds((12, live(0, 5, ended=True)), (60, live(0, 5, ended=True))) == []


def test_a_window_below_three_target_durations_is_told() -> None:
    assert kinds((12, live(0, 5)), (14, live(5, 6))) == ["playlist_window"]


def test_a_short_window_of_a_stream_that_begins_is_good() -> None:
    assert kinds((2, live(0, 0)), (4, live(0, 1)), (6, live(0, 2))) == []


def test_a_segment_longer_than_the_target_is_told_with_its_number() -> None:
    faults = watch((12, live(0, 5, lengths={3: 2.6}, dated=False)))
    assert [(fault.kind, fault.where) for fault in faults] == [("target_duration", "360p 3")]


def test_a_segment_that_rounds_to_the_target_is_good() -> None:
    assert kinds((12, live(0, 5, lengths={3: 2.49}, dated=False))) == []


def test_dates_that_jump_are_told_unless_there_is_a_discontinuity() -> None:
    lying = {3: 1.0}
    assert kinds((12, live(0, 5, lengths=lying))) == ["date_time"]
    assert kinds((12, live(0, 5, lengths=lying, marks={4: "#EXT-X-DISCONTINUITY"}))) == []


def test_a_segment_that_is_dated_anew_is_told() -> None:
    assert "date_time" in kinds((12, live(0, 5)), (14, live(1, 6, shift_s=1)))


def test_an_edge_far_from_the_wall_clock_is_told() -> None:
    assert kinds((12, live(0, 5, shift_s=3600))) == ["clock_drift"]
    assert kinds((3700, live(0, 5))) == ["clock_drift"]
    assert kinds((100, live(0, 5))) == []


def test_an_edge_that_falls_behind_is_told() -> None:
    slow = [(12 + 2.8 * step, live(step, step + 5)) for step in range(12)]
    assert "clock_drift" in kinds(*slow)


def test_discontinuity_numbers_stay_with_their_segments() -> None:
    cut = {2: "#EXT-X-DISCONTINUITY"}
    moved = live(3, 8, head="#EXT-X-DISCONTINUITY-SEQUENCE:1")
    assert kinds((12, live(0, 5, marks=cut)), (14, live(1, 6, marks=cut)), (18, moved)) == []
    # The tag left the playlist, and EXT-X-DISCONTINUITY-SEQUENCE was not raised.
    faults = kinds((12, live(0, 5, marks=cut)), (14, live(1, 6, marks=cut)), (18, live(3, 8)))
    assert faults == ["discontinuity_sequence"]


def test_a_target_duration_that_changes_and_a_small_hold_back_are_told() -> None:
    control = "#EXT-X-SERVER-CONTROL:HOLD-BACK=5.0,CAN-SKIP-UNTIL=10"
    assert kinds((12, live(0, 5, head=control))) == ["server_control", "server_control"]
    other = live(0, 5)
    longer = live(1, 6)
    object.__setattr__(longer, "target_duration_s", 3)
    assert kinds((12, other), (14, longer)) == ["target_duration"]


def test_lag_is_known_where_segments_are_dated() -> None:
    watching = PlaylistWatch("360p")
    watching.take(live(0, 5), at(13.5))
    assert watching.edge_lag_s == 1.5
