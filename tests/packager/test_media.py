"""The packager against what FFmpeg makes by the encoder's recipe."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import pytest

from core.publication import PartPublished, SegmentPublished
from core.timeline import PartAddress
from packager.cutter import HeaderCut, PartCut, UploadCutter
from tests.cmaf_media import MSN, Track, encode_track, make_video
from tests.packager.station import Follower, Station, live_msn, running

pytestmark = [pytest.mark.media, pytest.mark.timeout(120)]


def cut_track(track: Track, frame_rate: int) -> list[PartCut]:
    rendition = make_video(frame_rate=frame_rate)
    (first,) = UploadCutter(rendition, None).receive(track.header)
    assert isinstance(first, HeaderCut)
    found: list[PartCut] = []
    for start in range(0, len(track.fragments), 6):
        cutter = UploadCutter(rendition, first.header)
        for fragment in track.fragments[start : start + 6]:
            found += [cut for cut in cutter.receive(fragment) if isinstance(cut, PartCut)]
        cutter.finish()
    return found


@pytest.mark.parametrize("frame_rate", [25, 50])
async def test_every_fragment_of_ffmpeg_is_a_part_of_the_grid(frame_rate: int) -> None:
    track = await encode_track(make_video(frame_rate=frame_rate), MSN, segments=2)
    cuts = cut_track(track, frame_rate)
    assert [cut.address for cut in cuts] == [
        PartAddress(msn, part) for msn in (MSN, MSN + 1) for part in range(6)
    ]
    assert [cut.independent for cut in cuts] == 4 * [True, False, False]


async def test_what_is_published_plays_to_the_last_frame(station: Station) -> None:
    msn = live_msn() - 1
    async with (
        running(station) as sender,
        Follower.connect(station.settings.packager_socket) as follower,
    ):
        headers: dict[str, bytes] = {}
        for item in station.renditions:
            track = await encode_track(item, msn, segments=2)
            headers[item.name] = track.header
            assert await sender.post(item.name, track.header) == (200, "{}")
            for start in (0, 6):
                body = b"".join(track.fragments[start : start + 6])
                assert await sender.post(item.name, body) == (200, "{}")
        await follower.until(
            lambda item: (
                isinstance(item, SegmentPublished)
                and (item.rendition, item.msn) == ("a32", msn + 1)
            )
        )
    for name, header in headers.items():
        parts = b"".join(
            item.data
            for item in follower.heard
            if isinstance(item, PartPublished) and item.rendition == name
        )
        file = station.folder / f"{name}.mp4"
        await asyncio.to_thread(file.write_bytes, header + parts)
        frames, begin = await asyncio.to_thread(decode, file)
        assert frames == (192 if name == "234p" else 360)
        assert begin == pytest.approx(msn * 3.84, abs=0.001)


def decode(file: Path) -> tuple[int, float]:
    """Return (frames that decode, time of the first one in seconds)."""
    kinds = av.VideoFrame | av.AudioFrame
    with av.open(str(file)) as container:
        frames = [f for f in container.decode(container.streams[0]) if isinstance(f, kinds)]
    assert frames[0].time is not None
    return len(frames), float(frames[0].time)
