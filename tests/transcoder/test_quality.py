"""transcoder.quality: real encodings compared with what they were made of."""

from __future__ import annotations

import asyncio

import imageio_ffmpeg
import numpy as np
import pytest

from core.config import ChannelSettings
from core.errors import InputError
from core.ladder import renditions_of
from core.timeline import UnixNs
from tests.transcoder.live_tape import LiveTape
from transcoder.encoder import Output
from transcoder.fragments import MadePart, MadeSound
from transcoder.graph import EncoderPlan
from transcoder.keeper import CATCH_UP_S, EncoderKeeper
from transcoder.quality import QualitySampler
from transcoder.tape import TapeItem

PROGRAM = imageio_ffmpeg.get_ffmpeg_exe()
MSN = 466_900_000
CHANNEL = ChannelSettings(slug="c", name="C", kind="tv", ladder="360p")
RENDITIONS = renditions_of(CHANNEL)
VIDEO = [item for item in RENDITIONS if item.kind == "video"]

PLAN = EncoderPlan(
    renditions=RENDITIONS,
    width=640,
    height=360,
    frame_rate=25,
    preset="low_latency",
    language="vi",
    start=UnixNs(0),
    picture_fd=None,
    sound_fd=-1,
    output_fds={},
)


def busy_picture(frame: int) -> bytearray:
    """A picture with edges and grain: a flat one would be like any other."""
    grain = np.random.default_rng(frame).integers(-6, 6, (360, 640))
    columns = 128 + 60 * np.sin(np.arange(640) / 7 + frame / 5)
    luma = np.clip(columns + grain, 16, 235).astype(np.uint8)
    return bytearray(luma.tobytes() + b"\x80" * (640 * 180))


@pytest.mark.media
@pytest.mark.timeout(90)
async def test_each_rendition_is_compared_with_the_programmes_picture() -> None:
    live = LiveTape(MSN * 96 - 20, busy_picture)
    sampler = QualitySampler(
        program=PROGRAM,
        tape=live.tape,
        renditions=VIDEO,
        size=(640, 360),
        frame_rate=25,
        every_s=0.02,
    )
    loop = asyncio.get_running_loop()
    newest: list[MadePart] = []

    def deliver(output: Output) -> None:
        if isinstance(output.made, MadeSound):
            return
        if isinstance(output.made, MadePart) and output.rendition == VIDEO[0].name:
            newest.append(output.made)
        loop.call_soon_threadsafe(sampler.put, output.rendition, output.made)

    keeper = EncoderKeeper(
        program=PROGRAM,
        plan=PLAN,
        tape=live.tape,
        catch_up_s=CATCH_UP_S,
        deliver=deliver,
        restarted=lambda _: None,
    )
    live.start()
    try:
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(keeper.run()), tasks.create_task(sampler.run())]
            while len(sampler.ssim) < len(VIDEO):  # noqa: ASYNC110 - a thread encodes
                await asyncio.sleep(0.1)
            for task in running:
                task.cancel()
    finally:
        await asyncio.to_thread(live.stop)
    assert set(sampler.ssim) == {item.name for item in VIDEO}
    assert all(0.8 < value <= 1 for value in sampler.ssim.values()), sampler.ssim

    # What is not the programme's picture shows at once.
    part = next(made for made in newest if made.address.part == 0)
    frame = part.address.msn * 96
    media = sampler._headers[VIDEO[0].name].data + part.data
    same = await sampler._compare(VIDEO[0], TapeItem(frame, busy_picture(frame), b""), media)
    other = bytearray(b"\x60" * (640 * 360) + b"\x80" * (640 * 180))
    wrong = await sampler._compare(VIDEO[0], TapeItem(frame, other, b""), media)
    assert same > 0.85
    assert wrong < same - 0.2
    with pytest.raises(InputError):
        await sampler._compare(VIDEO[0], TapeItem(frame, other, b""), media[:200])
