"""Anyone's playlists are read, and their faults of syntax named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.probe_playlist import (
    ByteRange,
    Hint,
    MediaPlaylist,
    Multivariant,
    Resource,
    read_playlist,
)

LIVE = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-24T10:00:00.000Z
#EXTINF:2.0,
a7.m4s
#EXT-X-GAP
#EXTINF:1.5,
a8.m4s
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=AES-128,URI="k"
#EXTINF:2.0,
a9.m4s
"""


def media(text: str) -> MediaPlaylist:
    playlist = read_playlist(text.encode()).playlist
    assert isinstance(playlist, MediaPlaylist)
    return playlist


def test_reads_what_a_live_playlist_says() -> None:
    assert read_playlist(LIVE.encode()).faults == ()
    playlist = media(LIVE)
    assert (playlist.media_sequence, playlist.discontinuity_sequence) == (7, 3)
    first, second, third = playlist.segments
    assert (first.msn, first.duration_s, first.header) == (7, 2.0, Resource("init.mp4"))
    assert first.dated
    assert not second.dated
    assert first.date_time == 1_795_514_400_000_000_000
    assert third.date_time == 1_795_514_403_500_000_000
    assert second.gap
    assert third.discontinuity
    assert (first.encryption, third.encryption) == (None, "AES-128")


def test_reads_parts_and_the_hint_behind_the_last_segment() -> None:
    text = LIVE.replace(
        "#EXT-X-TARGETDURATION:2\n",
        "#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n"
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n",
    )
    text += '#EXT-X-PART:DURATION=0.5,URI="p0",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.5,URI="p1"\n'
    text += '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p2"\n'
    playlist = media(text)
    assert playlist.edge == (10, 1)
    assert len(playlist.whole) == 3
    assert playlist.hint == Hint("p2", ranged=False)
    assert playlist.can_block
    assert playlist.part_target_s == 0.5
    last = playlist.segments[-1]
    assert last.resource is None
    assert last.duration_s == 1.0
    assert last.parts[0].independent


def test_a_range_without_an_offset_goes_on_where_the_last_ended() -> None:
    text = "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:2\n"
    text += "#EXTINF:2,\n#EXT-X-BYTERANGE:100@50\na.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:10\na.ts\n"
    ranges = [one.resource and one.resource.range for one in media(text).segments]
    assert ranges == [ByteRange(50, 100), ByteRange(150, 10)]


def test_reads_variants_and_their_sound() -> None:
    text = '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="a",URI="s.m3u8",DEFAULT=YES\n'
    text += '#EXT-X-STREAM-INF:BANDWIDTH=500,CODECS="avc1.64001e,mp4a.40.2",'
    text += 'RESOLUTION=640x360,AUDIO="s"\nv.m3u8\n'
    reading = read_playlist(text.encode())
    assert reading.faults == ()
    assert isinstance(reading.playlist, Multivariant)
    variant = reading.playlist.variants[0]
    assert (variant.width, variant.height, variant.audio) == (640, 360, "s")
    assert variant.codecs == ("avc1.64001e", "mp4a.40.2")
    assert reading.playlist.renditions[0].uri == "s.m3u8"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("#EXTM3U\n", "\ufeff#EXTM3U\n"), "at once"),
        (("#EXT-X-TARGETDURATION:2\n", ""), "no EXT-X-TARGETDURATION"),
        (("VERSION:6\n", "VERSION:6\n#EXT-X-VERSION:6\n"), "EXT-X-VERSION 2 times"),
        (("VERSION:6", "VERSION:5"), "uses MAP, which needs version 6, and says 5"),
        (("#EXTINF:1.5,\n", ""), "an address without EXTINF"),
        (("METHOD=AES-128,URI", "METHOD=AES-128, URI"), "breaks the rules: EXT-X-KEY"),
        (('URI="k"', 'URI="k",METHOD=NONE'), "breaks the rules: EXT-X-KEY"),
        (("#EXTINF:1.5,\n", "#EXTINF:1.5,\x07\n"), "control characters"),
        (("#EXTINF:1.5", "#EXTINF:one"), "cannot be read"),
        (("#EXTINF:1.5", "#EXTINF:nan"), "cannot be read"),
        (("10:00:00.000Z", "10:00:00.000"), "no time zone"),
        (("#EXT-X-GAP\n", "#EXT-X-STREAM-INF:BANDWIDTH=1\n"), "both kinds"),
    ],
)
def test_names_the_fault_of_syntax(change: tuple[str, str], fault: str) -> None:
    assert change[0] in LIVE
    faults = read_playlist(LIVE.replace(*change).encode()).faults
    assert any(fault in one for one in faults), faults


def test_what_is_no_playlist_is_unusable() -> None:
    assert read_playlist(b"<html></html>").playlist is None
    assert read_playlist(b"\xff\xfe").playlist is None
    assert read_playlist(b"").playlist is None


@given(st.binary(max_size=200), st.integers(0, len(LIVE)))
def test_no_bytes_raise(noise: bytes, at: int) -> None:
    reading = read_playlist(LIVE[:at].encode() + noise + LIVE[at:].encode())
    assert reading.playlist is not None or reading.faults or not at
    assert all("\n" not in fault for fault in reading.faults)


def test_a_line_that_cannot_be_read_is_not_quoted() -> None:
    faults = read_playlist(LIVE.replace("#EXTINF:1.5", "#EXTINF:token").encode()).faults
    assert faults[-1] == "cannot be read: ValueError"
