"""Small generated sound, and what FFmpeg makes of it."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import imageio_ffmpeg

FFMPEGS = ("/usr/bin/ffmpeg", imageio_ffmpeg.get_ffmpeg_exe())
"""Debian's 5.1 and the one that pip installs."""

CODECS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-f", "mp3"),
    "aac": ("-c:a", "aac", "-b:a", "96k", "-f", "adts"),
    "opus": ("-c:a", "libopus", "-b:a", "64k", "-page_duration", "200000", "-f", "ogg"),
    "vorbis": ("-c:a", "libvorbis", "-b:a", "96k", "-page_duration", "200000", "-f", "ogg"),
}


def source(seconds: float, *, frequency: int = 440, rate: int = 48_000) -> tuple[str, ...]:
    """Return FFmpeg's arguments for a tone of that length."""
    tone = f"sine=frequency={frequency}:sample_rate={rate}:duration={seconds}"
    return ("-f", "lavfi", "-i", tone, "-ac", "2")


@cache
def sound(codec: str, seconds: float = 4, title: str = "", rate: int = 48_000) -> bytes:
    """Return a tone in that codec."""
    named = ("-metadata", f"title={title}", "-metadata", "artist=Ca sĩ") if title else ()
    arguments = (*source(seconds, rate=rate), *named, *CODECS[codec], "pipe:1")
    return subprocess.run(
        [FFMPEGS[0], "-v", "error", *arguments], check=True, capture_output=True, timeout=30
    ).stdout


def decode(ffmpeg: str, demuxer: str, body: bytes) -> tuple[float, float, str]:
    """Return (first time stamp in s as -copyts has it, seconds of sound, complaints)."""
    arguments = ("-copyts", "-f", demuxer, "-i", "pipe:0", "-f", "s16le", "-ac", "1", "pipe:1")
    done = subprocess.run(
        [ffmpeg, "-hide_banner", "-nostats", *arguments],
        input=body,
        check=True,
        capture_output=True,
        timeout=30,
    )
    said = done.stderr.decode()
    start = re.search(r"start: (-?[0-9.]+)", said)
    rate = re.search(r"Audio: pcm_s16le.*? ([0-9]+) Hz", said)
    assert rate is not None, said
    complaints = "\n".join(line for line in said.splitlines() if "rror" in line or "nvalid" in line)
    seconds = len(done.stdout) / 2 / int(rate[1])
    return float(start[1]) if start else 0.0, seconds, complaints
