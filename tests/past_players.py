"""Players that open a list of the past, and where they begin: FFmpeg and PyAV."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from typing import Any, Final

import av
import imageio_ffmpeg
import numpy as np

from tests.recorded_media import expected_number, read_number

__all__ = ["Begun", "begin_with_ffmpeg", "begin_with_pyav"]

_SEGMENT_NS: Final = 3_840_000_000
_PRIMING_NS: Final = 25_000_000
"""An AAC frame that players may decode before the first one that is heard."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a player gave first."""

    player: str
    url: str
    moment_ns: int | None
    """Media time of its first picture or sound, since the epoch; None if it gave nothing."""

    number: int | None = None
    """Burnt into the first picture."""

    fault: str = ""

    def is_right(self, asked_ns: int) -> bool:
        """Tell whether it began 0 to 3.84 s before what was asked for, with the right picture."""
        if self.moment_ns is None:
            return False
        early_ns = asked_ns - self.moment_ns
        shown = self.number is None or self.number == expected_number(self.moment_ns + 1_000_000)
        return 0 <= early_ns < _SEGMENT_NS + _PRIMING_NS and shown


async def begin_with_pyav(url: str) -> Begun:
    """Decode the first picture, or the first sound, as PyAV gives it."""
    return await asyncio.to_thread(_decode, url)


def _decode(url: str) -> Begun:
    options = {"live_start_index": "0", "protocol_whitelist": "file,http,tcp"}
    try:
        with av.open(url, options=options, timeout=10) as container:
            streams = container.streams
            first: Any = next(
                container.decode(streams.video[0] if streams.video else streams.audio[0])
            )
            moment_ns = round(first.pts * first.time_base * 10**9)
            number = None
            if streams.video:
                luma = first.to_ndarray(format="gray")
                number = read_number(np.ascontiguousarray(luma))
            return Begun("pyav", url, moment_ns, number)
    except (av.FFmpegError, StopIteration) as error:
        return Begun("pyav", url, None, fault=str(error))


async def begin_with_ffmpeg(url: str) -> Begun:
    """Read the first packets with FFmpeg's own probe, or with its program where it is not there."""
    probe = await asyncio.to_thread(shutil.which, "ffprobe")
    if probe is not None:
        return await _probe(probe, url)
    program = await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe)
    _, error = await _run(
        program, "-v", "error", "-copyts", "-live_start_index", "0", "-i", url,
        "-frames:v", "1", "-f", "null", "-",
    )  # fmt: skip
    return Begun("ffmpeg", url, None, fault=error or "no ffprobe")


async def _probe(probe: str, url: str) -> Begun:
    output, error = await _run(
        probe, "-v", "error", "-live_start_index", "0", "-show_entries",
        "packet=pts_time,codec_type", "-read_intervals", "%+#8", "-of", "json", url,
    )  # fmt: skip
    packets = json.loads(output or "{}").get("packets", [])
    kinds = {item["codec_type"] for item in packets}
    kind = "video" if "video" in kinds else "audio"
    times = [
        round(float(item["pts_time"]) * 10**9) for item in packets if item["codec_type"] == kind
    ]
    return Begun("ffmpeg", url, min(times) if times else None, fault=error)


async def _run(*arguments: str) -> tuple[bytes, str]:
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30):
            output, error = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return b"", "not done after 30 s"
    return output, error.decode("utf-8", "replace")[:500]
