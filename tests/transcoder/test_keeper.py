"""transcoder.keeper: where a new encoder begins."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Callable

import av
import imageio_ffmpeg
import numpy as np
import pytest

from core.config import ChannelSettings
from core.ladder import renditions_of
from core.timeline import PartAddress, UnixNs
from lensong.demo.picture import read_strip
from tests.transcoder.live_tape import LiveTape
from transcoder.encoder import Output
from transcoder.fragments import MadeHeader, MadePart
from transcoder.graph import EncoderPlan
from transcoder.keeper import (
    CATCH_UP_S,
    RADIO_CATCH_UP_S,
    EncoderKeeper,
    SpeedMeter,
    first_segment,
)
from transcoder.thumbnails import MadeThumbnail


@pytest.mark.parametrize(
    ("newest", "tape_next", "expected"),
    [
        pytest.param({}, 96 * 100 + 10, 100, id="died before its first part: again from there"),
        pytest.param(
            {"720p": PartAddress(100, 2), "a96": PartAddress(100, 2)}, 96 * 100 + 60, 101,
            id="in the middle of 100: that is a hole, the next boundary is ahead",
        ),
        pytest.param(
            {"720p": PartAddress(100, 5), "a96": PartAddress(100, 4)}, 96 * 101 + 5, 101,
            id="the sound's last part of 100 is lost: 101 from the tape",
        ),
        pytest.param(
            {"720p": PartAddress(101, 0), "a96": PartAddress(101, 0)}, 96 * 101 + 25, 101,
            id="just after a boundary: the same segment again, no hole",
        ),
        pytest.param(
            {"720p": PartAddress(100, 2)}, 96 * 103 + 50, 104, id="long dead: the next boundary"
        ),
    ],
)  # fmt: skip
def test_first_segment(newest: dict[str, PartAddress], tape_next: int, expected: int) -> None:
    found = first_segment(
        newest=newest, begun=100, tape_next=tape_next, frame_rate=25, catch_up_s=CATCH_UP_S
    )
    assert found == expected


def test_speed_is_what_all_encoders_took_together() -> None:
    meter = SpeedMeter()
    frames, speeds = 0, []
    for second in range(60):
        # From the 20th second on an encoder gets half of what it needs, is replaced every six
        # seconds, stands for one and catches up for one.
        starved = second >= 20
        frames += (0, 25, 12, 12, 12, 12)[second % 6] if starved else 25
        meter.note(second * 1_000_000_000, frames)
        speeds.append(meter.frames_per_s)
    assert speeds[1:20] == [25.0] * 19
    assert max(speeds[31:]) < 0.6 * 25
    assert min(speeds[31:]) > 0.4 * 25


@pytest.mark.parametrize("into_segment", range(0, 96 + 50, 5))
def test_a_radios_new_encoder_begins_with_the_segment_that_is_not_whole(into_segment: int) -> None:
    """Sound is encoded so quickly that there is no hole, wherever the last encoder failed."""
    newest = {"a128": PartAddress(100, 2), "mp3": PartAddress(100, 1)}
    found = first_segment(
        newest=newest,
        begun=90,
        tape_next=96 * 100 + into_segment,
        frame_rate=25,
        catch_up_s=RADIO_CATCH_UP_S,
    )
    assert found == 100


MSN = 467_000_000
PROGRAM = imageio_ffmpeg.get_ffmpeg_exe()


class Heard:
    """What a keeper's encoders made, noted on the loop."""

    def __init__(self) -> None:
        self.thumbnails: dict[int, bytes] = {}
        self.headers: dict[str, bytes] = {}
        self.first_parts: dict[int, bytes] = {}
        """Of 234p, by segment."""

        self.restarts: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._grown = asyncio.Event()

    def deliver(self, output: Output) -> None:
        """Take one header or part, in the encoder's thread."""
        self._loop.call_soon_threadsafe(self._take, output)

    def deliver_thumbnail(self, made: MadeThumbnail) -> None:
        """Take one thumbnail, in the encoder's thread."""
        self._loop.call_soon_threadsafe(self._take, made)

    def _take(self, made: Output | MadeThumbnail) -> None:
        match made:
            case MadeThumbnail(msn, data):
                assert self.thumbnails.setdefault(msn, data) == data
            case Output(name, MadeHeader(header)):
                self.headers[name] = header.data
            case Output("234p", MadePart(PartAddress(msn, 0), _, data)):
                self.first_parts[msn] = data
            case _:
                pass
        self._grown.set()

    async def until(self, test: Callable[[], bool]) -> None:
        """Wait until it is so."""
        while not test():
            self._grown.clear()
            await self._grown.wait()


def strip_of(data: bytes, kind: str) -> int | None:
    """Read the number that the first picture of a file shows."""
    with av.open(io.BytesIO(data), "r", format=kind) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gray")
    return read_strip(picture.astype(np.uint8))


@pytest.mark.media
@pytest.mark.timeout(90)
async def test_a_restarted_encoders_thumbnails_keep_their_numbers() -> None:
    """Thumbnail n shows frame n * 96, and so does segment n, before and after a kill."""
    channel = ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")
    live = LiveTape(MSN * 96 - 20)
    heard = Heard()
    keeper = EncoderKeeper(
        program=PROGRAM,
        plan=EncoderPlan(
            renditions=renditions_of(channel),
            width=640,
            height=360,
            frame_rate=25,
            preset="low_latency",
            language="vi",
            start=UnixNs(0),
            picture_fd=None,
            sound_fd=-1,
            output_fds={},
        ),
        tape=live.tape,
        catch_up_s=CATCH_UP_S,
        deliver=heard.deliver,
        restarted=heard.restarts.append,
        deliver_thumbnail=heard.deliver_thumbnail,
    )
    live.start()
    try:
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(keeper.run())
            await heard.until(lambda: MSN + 1 in heard.first_parts)
            assert keeper.current is not None
            assert keeper.current.pid is not None
            os.kill(keeper.current.pid, signal.SIGKILL)
            await heard.until(lambda: len(heard.first_parts) >= 4)
            task.cancel()
    finally:
        await asyncio.to_thread(live.stop)
    assert heard.restarts == ["exit"]
    assert keeper.thumbnail_faults == {}
    assert heard.thumbnails.keys() >= heard.first_parts.keys()
    for msn, data in heard.thumbnails.items():
        assert strip_of(data, "jpeg_pipe") == msn * 96 % 2**32
    for msn, data in heard.first_parts.items():
        assert strip_of(heard.headers["234p"] + data, "mp4") == msn * 96 % 2**32
