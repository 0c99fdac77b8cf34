"""What the demo's page says of segments is what they hold."""

from __future__ import annotations

import pytest

from core.errors import FormatError
from core.timeline import UnixNs
from lensong.demo.watch import PlaylistEntry, SegmentStrip, parse_playlist

NOW = UnixNs(1_795_000_000_000_000_000)

PLAYLIST = """#EXTM3U
#EXT-X-VERSION:10
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:467563954
#EXT-X-MAP:URI="../../../media/hytv/360p/ab.mp4"
#EXTINF:3.84,
../../../media/hytv/360p/467563954.m4s
#EXT-X-GAP
#EXTINF:3.84,
../../../media/hytv/360p/467563955.m4s
"""


def test_reads_numbers_headers_and_gaps() -> None:
    header = "../../../media/hytv/360p/ab.mp4"
    assert parse_playlist(PLAYLIST) == [
        PlaylistEntry(467563954, "../../../media/hytv/360p/467563954.m4s", header, gap=False),
        PlaylistEntry(467563955, "../../../media/hytv/360p/467563955.m4s", header, gap=True),
    ]
    with pytest.raises(FormatError):
        parse_playlist("<html>")


def states(strip: SegmentStrip) -> list[object]:
    return [item["state"] for item in strip.describe()]


def test_a_segment_is_green_with_96_pictures_and_180_sound_frames() -> None:
    strip = SegmentStrip(television=True)
    strip.add(10, "video", 96, NOW)
    assert states(strip) == ["waiting"]
    strip.add(10, "audio", 180, NOW)
    strip.add(11, "audio", 180, NOW)
    strip.add(11, "video", 95, NOW)
    assert states(strip) == ["good", "bad"]
    assert strip.unbroken_since is None


def test_radio_has_no_pictures() -> None:
    strip = SegmentStrip(television=False)
    strip.add(10, "audio", 180, NOW)
    assert states(strip) == ["good"]
    assert strip.unbroken_since == NOW


def test_since_begins_again_after_a_missing_segment() -> None:
    strip = SegmentStrip(television=False)
    strip.add(10, "audio", 180, NOW)
    strip.add(11, "audio", None, NOW)
    assert strip.unbroken_since is None
    later = UnixNs(NOW + 3_840_000_000)
    strip.add(12, "audio", 180, later)
    assert strip.unbroken_since == later
    assert states(strip) == ["good", "bad", "good"]


def test_forty_segments_are_kept() -> None:
    strip = SegmentStrip(television=False)
    for msn in range(100):
        strip.add(msn, "audio", 180, NOW)
    assert [item["msn"] for item in strip.describe()] == list(range(60, 100))
    assert strip.knows(99, "audio")
    assert not strip.knows(10, "audio")
    strip.add(10, "audio", None, NOW)  # too old to matter
    assert states(strip) == ["good"] * 40
