"""File loops: a file becomes a feed; a missing or odd one is said clearly."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from core.errors import InputError
from ingest.files import FileLoop, file_loop_arguments
from ingest.metrics import IngestMetrics
from ingest.relay import Relay
from tests.ingest.pictures import first_stamps_us, pictures
from tests.ingest.sound import FFMPEGS, sound

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def relay(registry: CollectorRegistry) -> Relay:
    metrics = IngestMetrics(registry).for_input("hytv", "loop", "file")
    return Relay("hytv", "loop", protocol="file", metrics=metrics)


async def _write(path: Path, data: bytes) -> None:
    await asyncio.to_thread(path.write_bytes, data)


@pytest.mark.parametrize("ffmpeg", FFMPEGS)
async def test_a_file_plays_for_ever_without_a_jump(
    ffmpeg: str, relay: Relay, registry: CollectorRegistry, tmp_path: Path
) -> None:
    file = tmp_path / "Phim tài liệu -i.mkv"
    await _write(file, await asyncio.to_thread(pictures, "matroska", seconds=1))
    loop = FileLoop(relay, file, program=ffmpeg)
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(loop.run())
        with relay.subscribe() as feed:
            joined = await feed.joined()
            assert joined.start.tracks == {"video", "audio"}
            body = b""
            async for data in feed:
                body += data
                session = relay.session
                assert session is not None
                if session.last_ns - session.since_ns > 2_500_000_000:
                    break
        playing.cancel()
    assert relay.session is None
    stamps = await asyncio.to_thread(first_stamps_us, FFMPEGS[1], "mpegts", body)
    assert abs(stamps["video"][1] - joined.media_start_us) <= 11
    labels = {"channel": "hytv", "input": "loop"}
    assert registry.get_sample_value("lensong_input_timestamp_jumps_total", labels) == 0


async def test_sound_alone_plays_too(relay: Relay, tmp_path: Path) -> None:
    file = tmp_path / "nhạc.mp3"
    await _write(file, await asyncio.to_thread(sound, "mp3", 1))
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(FileLoop(relay, file, program=FFMPEGS[-1]).run())
        with relay.subscribe() as feed:
            assert (await feed.joined()).start.tracks == {"audio"}
        playing.cancel()


async def test_a_missing_file_is_named(relay: Relay, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*gone\.mp4"):
        await FileLoop(relay, tmp_path / "gone.mp4", program=FFMPEGS[-1]).run()
    assert relay.session is None


@pytest.mark.parametrize(
    "content",
    [
        b"no media at all" * 100,
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
    ],
)
async def test_an_unsuitable_file_is_refused_in_ffmpegs_words(
    content: bytes, relay: Relay, tmp_path: Path
) -> None:
    file = tmp_path / "odd.mp4"
    await _write(file, content)
    with pytest.raises(InputError, match=r"odd\.mp4 cannot be played: .+") as raised:
        await FileLoop(relay, file, program=FFMPEGS[-1]).run()
    assert raised.value.code == "decode"
    assert relay.session is None


def test_a_name_is_no_option() -> None:
    arguments = file_loop_arguments(Path("-i"))
    assert "file:-i" in arguments
