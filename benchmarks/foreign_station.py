"""Somebody else's HLS: FFmpeg's own, of a picture that is drawn here, and a server for it.

The word in the file ``word`` of its folder is what it does wrong: ``black``, or ``stop``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from benchmarks.fault_ways import Breaking
from benchmarks.watched_station import WatchedStation
from core.config import PathSettings
from core.programs import ffmpeg_program

__all__ = ["foreign_says", "foreign_station"]

_WIDTH, _HEIGHT, _RATE = 160, 90, 25
_PICTURES: Final = 11
"""No divisor of the key frames' distance: they would all be alike."""

_BLACK: Final = b"\x10" * (_WIDTH * _HEIGHT) + b"\x80" * (_WIDTH * _HEIGHT // 2)


@asynccontextmanager
async def foreign_station(folder: Path, port: int) -> AsyncIterator[str]:
    """Run it while the block lasts; give the address of its playlist."""
    media = folder / "media"
    await asyncio.to_thread(media.mkdir, parents=True)
    application = web.Application()
    application.router.add_static("/", media)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(_run(media, folder / "word"))
            yield f"http://127.0.0.1:{port}/live.m3u8"
            running.cancel()
    finally:
        await runner.cleanup()


async def _run(media: Path, word: Path) -> None:
    """Encode, until it is stopped, and begin again when it may."""
    program = await asyncio.to_thread(ffmpeg_program, PathSettings())
    while True:
        process = await asyncio.create_subprocess_exec(
            program,
            *("-hide_banner", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p"),
            *("-s", f"{_WIDTH}x{_HEIGHT}", "-r", str(_RATE), "-i", "-"),
            *("-re", "-f", "lavfi", "-i", "sine=f=440:r=48000", "-map", "0:v", "-map", "1:a"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-g", "50"),
            *("-keyint_min", "50", "-sc_threshold", "0", "-b:v", "300k", "-maxrate", "400k"),
            *("-bufsize", "400k", "-c:a", "aac", "-b:a", "64k", "-f", "hls", "-hls_time", "2"),
            *("-hls_list_size", "6", "-hls_delete_threshold", "20"),
            *("-hls_start_number_source", "epoch"),
            *("-hls_flags", "delete_segments+program_date_time", "live.m3u8"),
            cwd=media,
            stdin=asyncio.subprocess.PIPE,
        )
        try:
            await _draw(process, word)
        finally:
            process.kill()
            await process.wait()
        while await asyncio.to_thread(_word, word) == "stop":  # noqa: ASYNC110 - it is a file
            await asyncio.sleep(0.2)


async def _draw(process: asyncio.subprocess.Process, file: Path) -> None:
    """Draw pictures until the word is ``stop``."""
    noise = random.Random(1)  # noqa: S311 - a picture, no secret
    # Large squares: what FFmpeg makes of single dots differs with the bit rate.
    rows = [
        [noise.choices(range(40, 220), k=_WIDTH // 10) for _ in range(9)] for _ in range(_PICTURES)
    ]
    pictures = [
        b"".join(bytes(value for value in row for _ in range(10)) * 10 for row in picture)
        + b"\x80" * (_WIDTH * _HEIGHT // 2)
        for picture in rows
    ]
    if process.stdin is None:
        raise RuntimeError("the pipe is missing")
    loop = asyncio.get_running_loop()
    due, word, number = loop.time(), "", 0
    while word != "stop":
        if number % 5 == 0:
            word = await asyncio.to_thread(_word, file)
        process.stdin.write(_BLACK if word == "black" else pictures[number % len(pictures)])
        await process.stdin.drain()
        number, due = number + 1, due + 1 / _RATE
        await asyncio.sleep(max(0.0, due - loop.time()))


def _word(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except FileNotFoundError:
        return ""


def foreign_says(word: str) -> Breaking:
    """Have the foreign station of a watched one turn black, or stop."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        file = watched.station.folder / "foreign" / "word"
        await asyncio.to_thread(file.write_text, word, encoding="ascii")
        try:
            yield
        finally:
            await asyncio.to_thread(file.unlink)

    return breaking
