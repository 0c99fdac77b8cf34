"""transcoder.decoder: a feed becomes numbered pictures and sound."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import imageio_ffmpeg
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.errors import FormatError, InputError
from core.timeline import start_of_frame
from transcoder.buffer import InputBuffer, Picture
from transcoder.decoder import Decoder, FeedStart, parse_feed_headers, place_on_grid
from transcoder.resample import Sound

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
FRAME = 44_875_000_000
WIDTH, HEIGHT = 320, 180
FEED_HEADERS = {
    "Lensong-Format": "flv",
    "Lensong-Tracks": "video,audio",
    "Lensong-Media-Start-Us": "0",
    "Lensong-Epoch-Start-Ns": "0",
    "Lensong-Session": "s",
}


def start(*, media_us: int = 0, epoch_ns: int = start_of_frame(FRAME, 25)) -> FeedStart:
    return FeedStart(
        demuxer="flv",
        tracks=frozenset({"video", "audio"}),
        media_start_us=media_us,
        epoch_start_ns=epoch_ns,
        session="s",
    )


@pytest.mark.parametrize(
    ("media_us", "ahead_ns", "expected"),
    [
        pytest.param(0, 0, (FRAME, 0), id="on the grid"),
        pytest.param(1_920_000, 0, (FRAME, -1_920_000), id="a later group of pictures"),
        pytest.param(0, 13_000_000, (FRAME, 13_000), id="13 ms into a frame"),
        pytest.param(500, 40_000_000, (FRAME + 1, -500), id="the next frame"),
    ],
)
def test_place_on_grid(media_us: int, ahead_ns: int, expected: tuple[int, int]) -> None:
    feed = start(media_us=media_us, epoch_ns=start_of_frame(FRAME, 25) + ahead_ns)
    assert place_on_grid(feed, phase_ns=0, frame_rate=25) == expected


def test_the_phase_of_a_session_puts_its_frames_on_the_grid() -> None:
    """A source of 25 frames/s that began 13 ms late has whole frames for ever."""
    feed = start(media_us=1_920_000, epoch_ns=start_of_frame(FRAME + 48, 25) + 13_000_000)
    assert place_on_grid(feed, phase_ns=13_000_000, frame_rate=25) == (FRAME + 48, -1_920_000)


@pytest.mark.parametrize(
    "change",
    [{"Lensong-Format": "hls"}, {"Lensong-Tracks": "data"}, {"Lensong-Media-Start-Us": "soon"}],
)
def test_headers_that_the_relay_may_not_say_are_refused(change: dict[str, str]) -> None:
    assert parse_feed_headers(FEED_HEADERS).demuxer == "flv"
    with pytest.raises(FormatError):
        parse_feed_headers(FEED_HEADERS | change)


class Collector(InputBuffer):
    """A buffer that keeps everything it is given."""

    def __init__(self, *, has_picture: bool) -> None:
        super().__init__(
            frame_rate=25, jitter_ms=200, has_picture=has_picture, monotonic_ns=lambda: 0
        )
        self.pictures: dict[int, Picture] = {}
        self.blocks: list[tuple[int, Sound]] = []

    def put_picture(self, number: int, picture: Picture) -> None:
        """Keep a picture."""
        self.pictures[number] = picture

    def put_sound(self, position: int, sound: Sound) -> None:
        """Keep a block of sound."""
        self.blocks.append((position, sound))

    def sound(self) -> Sound:
        """Return all sound, checked to be without a hole."""
        end = self.blocks[0][0]
        for position, block in self.blocks:
            assert position == end
            end += len(block)
        return np.concatenate([block for _, block in self.blocks])


@asynccontextmanager
async def decoder_of(
    file: Path, *, tracks: str, demuxer: str, collector: Collector, radio: bool = False
) -> AsyncIterator[Decoder]:
    data = await asyncio.to_thread(file.read_bytes)

    async def feed(_: web.Request) -> web.Response:
        headers = FEED_HEADERS | {
            "Lensong-Format": demuxer,
            "Lensong-Tracks": tracks,
            "Lensong-Epoch-Start-Ns": str(start_of_frame(FRAME, 25)),
        }
        return web.Response(body=data, headers=headers)

    app = web.Application()
    app.router.add_get("/feeds/c/studio", feed)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Decoder(
            name="studio",
            url=str(server.make_url("/feeds/c/studio")),
            session=session,
            program=FFMPEG,
            buffer=collector,
            frame_rate=25,
            size=None if radio else (WIDTH, HEIGHT),
        )


async def make(folder: Path, name: str, *arguments: str) -> Path:
    file = folder / name
    command = [FFMPEG, "-v", "error", "-y", *arguments, str(file)]
    await asyncio.to_thread(subprocess.run, command, check=True)
    return file


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("video", "sound"),
    [
        pytest.param(
            ("testsrc=s=640x360:r=25:d=4", *H264), ("sine=r=48000:d=4", "2"), id="25 stereo"
        ),
        pytest.param(
            ("testsrc=s=640x480:r=30:d=4", *H264), ("sine=r=44100:d=4", "1"), id="30 mono 44.1"
        ),
        pytest.param(
            ("testsrc=s=720x576:r=25:d=4", *H264, "-flags", "+ilme+ildct", "-vf", "setfield=tff"),
            ("sine=r=48000:d=4", "2"), id="interlaced",
        ),
        pytest.param(
            ("testsrc=s=360x640:r=50:d=4", *H264), ("sine=r=22050:d=4", "1"), id="portrait 50"
        ),
    ],
)  # fmt: skip
async def test_any_input_is_conformed(
    tmp_path: Path, video: Sequence[str], sound: tuple[str, str]
) -> None:
    """Whatever comes, four seconds are 100 pictures of one size and 192 000 samples."""
    file = await make(
        tmp_path, "a.flv", "-f", "lavfi", "-i", video[0], "-f", "lavfi", "-i", sound[0],
        *video[1:], "-c:a", "aac", "-ac", sound[1],
    )  # fmt: skip
    collector = Collector(has_picture=True)
    async with decoder_of(
        file, tracks="video,audio", demuxer="flv", collector=collector
    ) as decoder:
        await decoder.run()
    numbers = sorted(collector.pictures)
    assert numbers[0] == FRAME
    assert numbers == list(range(FRAME, FRAME + len(numbers)))
    assert 98 <= len(numbers) <= 103
    assert {len(picture) for picture in collector.pictures.values()} == {WIDTH * HEIGHT * 3 // 2}
    assert collector.blocks[0][0] == FRAME * 1920
    assert 190_000 <= len(collector.sound()) <= 198_000  # up to two AAC frames of padding
    assert np.abs(collector.sound()).max() > 2_000


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_sound_that_starts_late_and_has_a_hole_stays_in_sync(tmp_path: Path) -> None:
    """Sound from 0.7 s on, with a second missing at 2 s: what is heard is heard in its time."""
    file = await make(
        tmp_path, "late.flv", "-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=5",
        "-itsoffset", "0.7", "-f", "lavfi", "-i",
        "sine=r=48000:d=4.3,aselect=not(between(t\\,1.3\\,2.3))", *H264, "-c:a", "aac", "-ac", "2",
    )  # fmt: skip
    collector = Collector(has_picture=True)
    async with decoder_of(
        file, tracks="video,audio", demuxer="flv", collector=collector
    ) as decoder:
        await decoder.run()
    sound = np.abs(collector.sound()[: 4_800 * 48, 0])
    loud = sound.reshape(-1, 480).max(axis=1) > 500  # 10 ms each
    assert collector.blocks[0][0] == FRAME * 1920
    assert not loud[:67].any()
    assert loud[75:195].all()
    assert not loud[210:290].any()
    assert loud[310:480].all()


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_a_feed_without_sound_gives_pictures(tmp_path: Path) -> None:
    file = await make(tmp_path, "v.flv", "-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=2", *H264)
    collector = Collector(has_picture=True)
    async with decoder_of(file, tracks="video", demuxer="flv", collector=collector) as decoder:
        await decoder.run()
    assert len(collector.pictures) >= 49
    assert not collector.blocks


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_radio_decodes_sound_alone(tmp_path: Path) -> None:
    file = await make(
        tmp_path, "r.mp3", "-f", "lavfi", "-i", "sine=r=44100:d=3", "-c:a", "libmp3lame"
    )
    collector = Collector(has_picture=False)
    async with decoder_of(
        file, tracks="audio", demuxer="mp3", collector=collector, radio=True
    ) as decoder:
        await decoder.run()
    assert 143_000 <= len(collector.sound()) <= 148_000


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_poison_is_an_input_error_and_ends_only_the_decoder(tmp_path: Path) -> None:
    file = tmp_path / "poison.flv"
    await asyncio.to_thread(file.write_bytes, bytes(range(256)) * 4096)
    collector = Collector(has_picture=True)
    async with decoder_of(
        file, tracks="video,audio", demuxer="flv", collector=collector
    ) as decoder:
        with suppress(InputError):  # whether FFmpeg complains or just ends depends on the bytes
            await decoder.run()
    assert not collector.pictures


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_a_decoder_that_is_killed_while_its_feed_goes_on_is_counted() -> None:
    async def feed(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=FEED_HEADERS)
        await response.prepare(request)
        while decoder.pid is None:  # noqa: ASYNC110 - the decoder tells nobody of its process
            await asyncio.sleep(0.01)
        os.kill(decoder.pid, signal.SIGKILL)
        with suppress(ConnectionError):
            while True:  # until nobody reads
                await response.write(bytes(64 * 1024))
        return response

    app = web.Application()
    app.router.add_get("/feeds/c/studio", feed)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        decoder = Decoder(
            name="studio",
            url=str(server.make_url("/feeds/c/studio")),
            session=session,
            program=FFMPEG,
            buffer=Collector(has_picture=True),
            frame_rate=25,
            size=(WIDTH, HEIGHT),
        )
        assert decoder.counts.faults == {"decode": 0, "stuck": 0}
        with pytest.raises(InputError, match="the decoder ended"):
            await decoder.run()
    assert decoder.counts.faults == {"decode": 1, "stuck": 0}


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_an_ingest_that_dies_in_the_middle_of_a_feed_ends_only_the_stretch() -> None:
    """The connection breaks off: the decoder returns, and is started again by its owner."""

    async def feed(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=FEED_HEADERS)
        await response.prepare(request)
        await response.write(b"FLV")
        assert request.transport is not None
        request.transport.abort()
        return response

    app = web.Application()
    app.router.add_get("/feeds/c/studio", feed)
    collector = Collector(has_picture=True)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        decoder = Decoder(
            name="studio",
            url=str(server.make_url("/feeds/c/studio")),
            session=session,
            program=FFMPEG,
            buffer=collector,
            frame_rate=25,
            size=(WIDTH, HEIGHT),
        )
        with suppress(InputError):
            await decoder.run()
    assert decoder.pid is None


async def test_a_tv_feed_without_a_picture_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.mp3"
    await asyncio.to_thread(file.write_bytes, b"x")
    collector = Collector(has_picture=True)
    async with decoder_of(file, tracks="audio", demuxer="mp3", collector=collector) as decoder:
        with pytest.raises(FormatError, match="needs a picture"):
            await decoder.run()
