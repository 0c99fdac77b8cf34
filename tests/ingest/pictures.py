"""Small generated pictures with sound, and how FFmpeg stamps what it is given."""

from __future__ import annotations

import subprocess
from functools import cache

from tests.ingest.sound import FFMPEGS

__all__ = ["first_stamps_us", "pictures"]

_SOURCE = (
    *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"),
    *("-f", "lavfi", "-i", "sine=sample_rate=48000"),
    *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-x264-params"),
    *("scenecut=0:b-adapt=0", "-c:a", "aac", "-b:a", "64k"),
)


@cache
def pictures(container: str, *options: str, seconds: float = 4) -> bytes:
    """Return a moving picture with B-frames, an IDR each second, and a tone."""
    arguments = (*_SOURCE, "-t", str(seconds), *options, "-f", container, "pipe:1")
    return subprocess.run(
        [FFMPEGS[1], "-v", "error", *arguments], check=True, capture_output=True, timeout=30
    ).stdout


def first_stamps_us(ffmpeg: str, demuxer: str, body: bytes) -> dict[str, tuple[int, int]]:
    """Return the first (dts, pts) of "video" and "audio" in microseconds, as -copyts has them."""
    arguments = ("-copyts", "-f", demuxer, "-i", "pipe:0", "-c", "copy", "-f", "framecrc", "pipe:1")
    done = subprocess.run(
        [ffmpeg, "-v", "error", *arguments],
        input=body,
        capture_output=True,
        timeout=30,
        check=False,
    )
    units: dict[str, tuple[int, int]] = {}
    kinds: dict[str, str] = {}
    found: dict[str, tuple[int, int]] = {}
    for line in done.stdout.decode().splitlines():
        words = line.replace(",", " ").replace(":", " ").split()
        if words[0] == "#tb":
            numerator, denominator = words[2].split("/")
            units[words[1]] = int(numerator), int(denominator)
        elif words[0] == "#media_type":
            kinds[words[1]] = words[2]
        elif not line.startswith("#"):
            per, second = units[words[0]]
            dts, pts = (int(word) * per * 1_000_000 // second for word in words[1:3])
            found.setdefault(kinds[words[0]], (dts, pts))
    return found
