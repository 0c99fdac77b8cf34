"""The judges themselves: they must find what is wrong, and nothing where nothing is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import imageio_ffmpeg
import numpy as np
import pytest
from aiohttp import web

from core.clock import unix_ns
from tests.judges.judge import JudgeError, missing_for_judges, play, run_hls_parser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

GOOD: Final = (
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:3.84,\na.ts\n#EXT-X-ENDLIST\n"
)
BAD: Final = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:3.84,\na.ts\n"
FFMPEG: Final = imageio_ffmpeg.get_ffmpeg_exe()
WIDTH, HEIGHT, RATE = 640, 360, 25


@pytest.fixture(autouse=True)
def _judges_can_work() -> None:
    missing = missing_for_judges()
    if missing:
        pytest.skip(missing)


async def test_hls_parser_names_the_playlist_and_the_rule() -> None:
    faults = await run_hls_parser([("good", GOOD), ("bad", BAD), ("not one", "<html>")])
    assert [fault.name for fault in faults] == ["bad", "not one"]
    assert "less than or equal to the target duration" in faults[0].fault


async def test_hls_parser_finds_nothing_in_nothing() -> None:
    assert await run_hls_parser([]) == []


def frame_with_strip(number: int) -> bytes:
    """Draw a grey picture with the studio's frame number as the demo burns it in."""
    picture = np.full((HEIGHT, WIDTH), 90, dtype=np.uint8)
    bits = [1, 0, *(number >> (31 - place) & 1 for place in range(32))]
    for place, bit in enumerate(bits):
        picture[HEIGHT - 16 :, place * 16 : place * 16 + 16] = 235 if bit else 16
    return picture.tobytes()


async def make_video(folder: Path, *, first_number: int, seconds: int) -> None:
    """Encode numbered pictures and a tone into an HLS playlist of the past."""
    process = await asyncio.create_subprocess_exec(
        *(FFMPEG, "-v", "error"),
        *("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE)),
        *("-i", "pipe:0", "-f", "lavfi", "-i", "sine=440:sample_rate=48000", "-shortest"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "48"),
        *("-c:a", "aac", "-f", "hls", "-hls_time", "1.92", "-hls_playlist_type", "vod"),
        *("-hls_segment_type", "fmp4", str(folder / "index.m3u8")),
        stdin=asyncio.subprocess.PIPE,
    )
    numbers = range(first_number, first_number + seconds * RATE)
    await process.communicate(b"".join(frame_with_strip(number % 2**32) for number in numbers))
    assert process.returncode == 0


@asynccontextmanager
async def serving(folder: Path, *, refuse: str = "") -> AsyncIterator[str]:
    """Serve a folder on loopback, but for the file ``refuse``."""

    async def answer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        headers = {"Access-Control-Allow-Origin": "*"}
        if name == refuse:
            return web.Response(status=404, headers=headers)
        data = await asyncio.to_thread((folder / name).read_bytes)
        return web.Response(body=data, headers=headers)

    application = web.Application()
    application.router.add_get("/{name}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def test_reads_the_clock_that_is_burnt_into_the_picture(tmp_path: Path) -> None:
    first_number = unix_ns() * RATE // 10**9
    await make_video(tmp_path, first_number=first_number, seconds=10)
    async with serving(tmp_path) as site:
        report = await play(f"{site}/index.m3u8", 3, settings={"startPosition": 0})
    assert report["faults"] == []
    assert report["size"] == "640x360"
    assert report["advanced_s"] == pytest.approx(3, abs=0.7)
    first_shown_ms = report["begun_unix_ms"] + report["start_ms"]
    expected_s = first_shown_ms / 1000 - first_number / RATE
    assert report["glass_latency_s"]["median"] == pytest.approx(expected_s, abs=1.5)
    assert report["glass_latency_s"]["max"] - report["glass_latency_s"]["first"] < 0.2


async def test_tells_the_error_and_the_stall_where_a_segment_is_missing(tmp_path: Path) -> None:
    await make_video(tmp_path, first_number=0, seconds=6)
    async with serving(tmp_path, refuse="index1.m4s") as site:
        policy = {"maxTimeToFirstByteMs": 2000, "maxLoadTimeMs": 2000}
        policy |= {"timeoutRetry": None, "errorRetry": None}  # type: ignore[dict-item]
        report = await play(
            f"{site}/index.m3u8",
            4,
            settings={"startPosition": 0, "fragLoadPolicy": {"default": policy}},
        )
    assert [error["details"] for error in report["errors"]][:1] == ["fragLoadError"]
    assert report["faults"]


async def test_says_so_where_nothing_can_be_played(tmp_path: Path) -> None:
    async with serving(tmp_path, refuse="index.m3u8") as site:
        report = await play(f"{site}/index.m3u8", 1)
    assert report["started"] is False
    assert report["faults"][0] == "never started"
    assert report["errors"][0]["details"] == "manifestLoadError"


def test_a_judge_that_fails_says_nothing_about_the_judged() -> None:
    assert not issubclass(JudgeError, AssertionError)
