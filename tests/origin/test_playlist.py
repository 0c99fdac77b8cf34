"""origin.playlist: the text of media playlists, written out."""

from __future__ import annotations

import re
from dataclasses import replace

import m3u8
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cmaf import render_segment_type
from core.publication import DiscontinuityDeclared, HoleDeclared, Publication, SnapshotEnd
from origin.playlist import program_date_time, render_i_frames, render_low_latency, render_plain
from origin.window import LiveWindow
from tests.origin.broadcast import MSN, Broadcast, make_settings

TV = Broadcast(make_settings().channels[0])
OTHERS = ("234p", "a96")


def hole(msn: int) -> HoleDeclared:
    return HoleDeclared(channel="hytv", msn=msn, reason="late")


def fed(*publications: Publication) -> LiveWindow:
    window = LiveWindow({"hytv": TV.renditions})
    window.begin_snapshot()
    for publication in (*TV.headers(), *publications, SnapshotEnd()):
        window.apply(publication)
    return window


def plain(window: LiveWindow, rendition: str = "360p") -> str:
    channel = window.channels["hytv"]
    text = render_plain(channel, channel.tracks[rendition])
    assert text is not None
    return text


def low_latency(window: LiveWindow, *, delta: bool = False) -> str:
    channel = window.channels["hytv"]
    others = [channel.tracks[name] for name in OTHERS]
    text = render_low_latency(channel, channel.tracks["360p"], others, delta=delta)
    assert text is not None
    return text


def numbers(text: str) -> list[int]:
    """Return the numbers of the whole segments that a playlist lists."""
    return [int(msn) for msn in re.findall(r"^\S+/(\d+)\.m4s$", text, re.MULTILINE)]


def test_the_plain_playlist() -> None:
    window = fed(*TV.segments(467_500_000, 467_500_001), hole(467_500_002))
    assert plain(window) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:8\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=15.36\n"
        "#EXT-X-MEDIA-SEQUENCE:467500000\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        '#EXT-X-MAP:URI="../../../media/hytv/360p/9b8b61024cb178dc.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:00.000Z\n"
        "#EXTINF:3.84000,\n"
        "../../../media/hytv/360p/467500000.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:03.840Z\n"
        "#EXTINF:3.84000,\n"
        "../../../media/hytv/360p/467500001.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:07.680Z\n"
        "#EXT-X-GAP\n"
        "#EXTINF:3.84000,\n"
        "../../../media/hytv/360p/467500002.m4s\n"
    )


def i_frames(window: LiveWindow) -> str:
    channel = window.channels["hytv"]
    text = render_i_frames(channel, channel.tracks["360p"])
    assert text is not None
    return text


def test_the_i_frame_playlist() -> None:
    """A part here has 164 bytes of moof, 8 of mdat's head, 40 of pictures, the first of 10."""
    window = fed(*TV.segments(467_500_000, 467_500_000), hole(467_500_001))
    assert i_frames(window) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:8\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=15.36\n"
        "#EXT-X-I-FRAMES-ONLY\n"
        "#EXT-X-MEDIA-SEQUENCE:935000000\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        '#EXT-X-MAP:URI="../../../media/hytv/360p/9b8b61024cb178dc.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:00.000Z\n"
        "#EXTINF:1.92000,\n"
        "#EXT-X-BYTERANGE:182@0\n"
        "../../../media/hytv/360p/467500000.m4s\n"
        "#EXTINF:1.92000,\n"
        "#EXT-X-BYTERANGE:182@636\n"
        "../../../media/hytv/360p/467500000.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:03.840Z\n"
        "#EXT-X-GAP\n"
        "#EXTINF:1.92000,\n"
        "../../../media/hytv/360p/467500001.m4s\n"
        "#EXT-X-GAP\n"
        "#EXTINF:1.92000,\n"
        "../../../media/hytv/360p/467500001.m4s\n"
    )


def test_an_i_frame_playlist_without_a_hole_is_of_version_5() -> None:
    text = i_frames(fed(*TV.segments(MSN - 20, MSN)))
    assert text.splitlines()[1] == "#EXT-X-VERSION:5"
    assert numbers(text) == [msn for msn in range(MSN - 9, MSN + 1) for _ in range(2)]


def test_a_range_begins_behind_the_segments_styp() -> None:
    whole = TV.segment("360p", MSN)
    parts = [TV.part("360p", MSN, number).data for number in range(6)]
    with_type = replace(whole, data=render_segment_type(slate=True) + b"".join(parts))
    text = i_frames(fed(TV.segment("360p", MSN - 1), with_type))
    ranges = re.findall(r"BYTERANGE:(\d+)@(\d+)", text)
    assert ranges == [("182", "0"), ("182", "636"), ("182", "28"), ("182", "664")]


def test_the_low_latency_playlist() -> None:
    window = fed(*TV.segments(467_500_000, 467_500_000), *TV.live(467_500_001, range(2)))
    window.apply(TV.part("234p", 467_500_001, 2))
    part = "#EXT-X-PART:DURATION=0.64000,URI="
    assert low_latency(window) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:6\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24.0,HOLD-BACK=15.36,"
        "PART-HOLD-BACK=1.92\n"
        "#EXT-X-PART-INF:PART-TARGET=0.64\n"
        "#EXT-X-MEDIA-SEQUENCE:467500000\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        '#EXT-X-MAP:URI="../../../media/hytv/360p/9b8b61024cb178dc.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:00.000Z\n"
        f'{part}"../../../media/hytv/360p/467500000.0.m4s",INDEPENDENT=YES\n'
        f'{part}"../../../media/hytv/360p/467500000.1.m4s"\n'
        f'{part}"../../../media/hytv/360p/467500000.2.m4s"\n'
        f'{part}"../../../media/hytv/360p/467500000.3.m4s",INDEPENDENT=YES\n'
        f'{part}"../../../media/hytv/360p/467500000.4.m4s"\n'
        f'{part}"../../../media/hytv/360p/467500000.5.m4s"\n'
        "#EXTINF:3.84000,\n"
        "../../../media/hytv/360p/467500000.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T18:40:03.840Z\n"
        f'{part}"../../../media/hytv/360p/467500001.0.m4s",INDEPENDENT=YES\n'
        f'{part}"../../../media/hytv/360p/467500001.1.m4s"\n'
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="../../../media/hytv/360p/467500001.2.m4s"\n'
        '#EXT-X-RENDITION-REPORT:URI="../234p/index.m3u8",LAST-MSN=467500001,LAST-PART=2\n'
        '#EXT-X-RENDITION-REPORT:URI="../a96/index.m3u8",LAST-MSN=467500001,LAST-PART=1\n'
    )


def test_a_delta_leaves_out_what_lies_before_the_skip_boundary() -> None:
    window = fed(*TV.segments(MSN - 20, MSN))
    full, delta = low_latency(window), low_latency(window, delta=True)
    assert numbers(full) == list(range(MSN - 14, MSN + 1))
    assert numbers(delta) == list(range(MSN - 6, MSN + 1))
    assert "#EXT-X-VERSION:9\n" in delta
    assert f"#EXT-X-MEDIA-SEQUENCE:{MSN - 14}\n" in delta
    assert "#EXT-X-SKIP:SKIPPED-SEGMENTS=8\n" in delta
    assert "#EXT-X-MAP" not in delta
    tail = f"#EXT-X-PROGRAM-DATE-TIME:{program_date_time(MSN - 6)}\n"
    assert delta.partition(tail)[2] == full.partition(tail)[2]


def test_there_is_no_delta_that_would_skip_nothing() -> None:
    window = fed(*TV.segments(MSN - 6, MSN))
    channel = window.channels["hytv"]
    assert render_low_latency(channel, channel.tracks["360p"], [], delta=True) is None


@pytest.mark.parametrize(("parts", "first"), [(0, -1), (1, -1), (5, -1)])
def test_parts_are_listed_in_the_three_newest_segments(parts: int, first: int) -> None:
    window = fed(*TV.segments(MSN - 9, MSN), *TV.live(MSN + 1, range(parts)))
    listed = re.findall(r'^#EXT-X-PART:.*/(\d+)\.\d\.m4s"', low_latency(window), re.MULTILINE)
    assert min(map(int, listed)) == MSN + first


def test_the_parts_of_a_hole_that_were_published_are_listed() -> None:
    window = fed(*TV.segments(MSN, MSN), *TV.live(MSN + 1, range(2)))
    window.apply(hole(MSN + 1))
    tail = low_latency(window).partition(f"{program_date_time(MSN + 1)}\n")[2]
    uri = f"../../../media/hytv/360p/{MSN + 1}"
    assert tail.startswith(
        f'#EXT-X-PART:DURATION=0.64000,URI="{uri}.0.m4s",INDEPENDENT=YES\n'
        f'#EXT-X-PART:DURATION=0.64000,URI="{uri}.1.m4s"\n'
        f'#EXT-X-PART:DURATION=0.64000,URI="{uri}.2.m4s",GAP=YES\n'
        f'#EXT-X-PART:DURATION=0.64000,URI="{uri}.3.m4s",GAP=YES\n'
        f'#EXT-X-PART:DURATION=0.64000,URI="{uri}.4.m4s",GAP=YES\n'
        f'#EXT-X-PART:DURATION=0.64000,URI="{uri}.5.m4s",GAP=YES\n'
        "#EXT-X-GAP\n"
        "#EXTINF:3.84000,\n"
        f"{uri}.m4s\n"
        f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="../../../media/hytv/360p/{MSN + 2}.0.m4s"\n'
    )


@pytest.mark.parametrize(("holes", "first"), [([-9], -10), ([-9, -10], -11), ([-8], -9)])
def test_a_playlist_never_starts_with_a_hole(holes: list[int], first: int) -> None:
    facts = [
        fact
        for msn in range(MSN - 14, MSN + 1)
        for fact in ([hole(msn)] if msn - MSN in holes else TV.segments(msn, msn))
    ]
    assert numbers(plain(fed(*facts))) == list(range(MSN + first, MSN + 1))


def test_a_new_configuration_has_its_header_and_a_discontinuity() -> None:
    changed = Broadcast(TV.channel, variant=1)
    window = fed(*TV.segments(MSN, MSN))
    for fact in (
        *changed.headers(),
        DiscontinuityDeclared(channel="hytv", msn=MSN + 1, sequence=1),
        *changed.segments(MSN + 1, MSN + 1),
    ):
        window.apply(fact)
    text = plain(window)
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:0\n" in text
    assert (
        f"../../../media/hytv/360p/{MSN}.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        f'#EXT-X-MAP:URI="../../../media/hytv/360p/{changed.header("360p").hash}.mp4"\n'
    ) in text
    for fact in changed.segments(MSN + 2, MSN + 10):
        window.apply(fact)
    text = plain(window)  # the segment of the discontinuity stands first, or has left
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1\n" in text
    assert "#EXT-X-DISCONTINUITY\n" not in text


def test_a_channel_without_a_whole_segment_has_no_playlist() -> None:
    channel = fed(*TV.live(MSN, range(5))).channels["hytv"]
    assert render_plain(channel, channel.tracks["360p"]) is None
    assert render_low_latency(channel, channel.tracks["360p"], [], delta=False) is None


def test_another_program_reads_the_same() -> None:
    window = fed(*TV.segments(MSN - 20, MSN), *TV.live(MSN + 1, range(3)))
    playlist = m3u8.loads(low_latency(window), uri="http://h/ll/hytv/360p/index.m3u8")
    assert playlist.media_sequence == MSN - 14
    assert playlist.segments[0].absolute_uri == f"http://h/media/hytv/360p/{MSN - 14}.m4s"
    assert playlist.part_inf.part_target == 0.64
    assert playlist.server_control.part_hold_back == 1.92
    assert [report.last_part for report in playlist.rendition_reports] == [2, 2]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("SH"), min_size=1, max_size=40), st.integers(1, 6))
def test_a_playlist_changes_only_as_it_may(course: list[str], parts: int) -> None:
    """Numbers are never taken back, lists grow at the end and shrink at the start."""
    window = fed(*TV.segments(MSN, MSN))
    listed = [MSN]
    for msn, what in enumerate(course, MSN + 1):
        facts = TV.live(msn) if what == "S" else [*TV.live(msn, range(parts % 6)), hole(msn)]
        for fact in facts:
            window.apply(fact)
        channel = window.channels["hytv"]
        text = render_plain(channel, channel.tracks["360p"])
        if text is None:  # for the whole window there was nothing
            assert "S" not in course[max(0, msn - MSN - 23) : msn - MSN]
            continue
        now = numbers(text)
        assert now == list(range(now[0], msn + 1))
        assert now[0] >= listed[0]
        assert not text.partition("#EXTINF")[0].endswith("#EXT-X-GAP\n")
        listed = now
