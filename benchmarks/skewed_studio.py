"""A studio with a fault, for measuring: its clock runs fast or slow, or it leaves holes.

    LENSONG_PUBLISH_KEY=... python -m benchmarks.skewed_studio --port 1935 --channel hytv \
        --input studio --ppm 200 --sound-hole 40 1 --every 60

Eight seconds are encoded once and published over RTMP again and again, with time stamps
that go on for ever in the source's clock, which runs ``1 + ppm * 1e-6`` seconds a second.

What machines read: each picture carries its number modulo 200 and a flash at every second
(:mod:`lensong.demo.picture`); the left sound is a beep with each flash, the right one a 1 kHz
sine without a seam.  Eight seconds are 200 pictures, four groups of pictures, 375 AAC frames.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import imageio_ffmpeg
import numpy as np
import uvloop

from core.boot import ON_AIR
from core.clock import monotonic_ns
from core.environment import publishing_key
from core.errors import LensongError
from lensong.demo.flv import FlvReader, FlvTag
from lensong.demo.picture import FRAME_RATE, HEIGHT, WIDTH, Look, Picture, Texts
from lensong.demo.rtmp_publisher import publish_rtmp
from lensong.demo.sound import BEEP_HZ, BEEP_S, SAMPLE_RATE

__all__ = ["LOOP_PICTURES", "Hole", "Loop", "encode_loop", "flv_file", "main", "source_tags"]

LOOP_S: Final = 8
LOOP_PICTURES: Final = LOOP_S * FRAME_RATE
_GOP: Final = 50
_AAC_SAMPLES: Final = 1024
_LOOP_SOUNDS: Final = LOOP_S * SAMPLE_RATE // _AAC_SAMPLES
_JOINT: Final = 23
"""The sound is joined at this AAC frame of the loop, 0.49 s, where nothing begins or ends."""

_SOUND, _PICTURE = 8, 9
_QUIET: Final = ("-hide_banner", "-loglevel", "error")


@dataclass(frozen=True, slots=True)
class Hole:
    """What the source leaves out."""

    at_s: float
    """Source time of the first hole."""

    seconds: float
    every_s: float | None = None
    """Source seconds from one hole to the next; None: there is one."""

    def covers(self, media_s: float) -> bool:
        """Tell whether something of that time is left out."""
        since = media_s - self.at_s
        if since < 0:
            return False
        return (since if self.every_s is None else since % self.every_s) < self.seconds


@dataclass(frozen=True, slots=True)
class Loop:
    """Eight seconds of encoded media."""

    headers: tuple[FlvTag, ...]
    pictures: tuple[bytes, ...]
    sounds: tuple[bytes, ...]


def encode_loop() -> Loop:
    """Draw, play and encode; takes about a second.  Call from a thread."""
    pictures = _encode(_draw(), _PICTURE, *_picture_arguments())
    sounds = _encode(_play(), _SOUND, *_sound_arguments())
    frames = [tag.payload for tag in pictures if tag.payload[1] == 1]
    packets = [tag.payload for tag in sounds if tag.payload[1] == 1]
    headers = [next(tag for tag in tags if tag.payload[1] == 0) for tags in (pictures, sounds)]
    # The first packet is the encoder's priming: packet j holds samples from 1024 * (j - 1) on.
    second, third = packets[1 + _LOOP_SOUNDS :], packets[1 + 2 * _LOOP_SOUNDS :]
    return Loop(
        headers=tuple(headers),
        pictures=tuple(frames[:LOOP_PICTURES]),
        sounds=tuple(third[:_JOINT] + second[_JOINT:_LOOP_SOUNDS]),
    )


def _picture_arguments() -> tuple[str, ...]:
    return (
        *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{WIDTH}x{HEIGHT}"),
        *("-framerate", str(FRAME_RATE), "-i", "pipe:0", "-c:v", "libx264", "-threads", "1"),
        *("-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "1500k", "-maxrate", "1500k"),
        *("-bufsize", "1500k", "-g", str(_GOP), "-keyint_min", str(_GOP), "-sc_threshold", "0"),
    )


def _sound_arguments() -> tuple[str, ...]:
    source = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0")
    return (*source, "-c:a", "aac", "-b:a", "192k")


def _draw() -> bytes:
    mask = np.zeros((1, 1), np.uint8)
    texts = Texts(mask, mask, dict.fromkeys("0123456789: ", mask))
    picture = Picture(Look(dark=(40, 150, 110), light=(120, 160, 90)), texts)
    return b"".join(picture.draw(number, "00:00:00") for number in range(LOOP_PICTURES))


def _play() -> bytes:
    """Three loops of beeps on the left and the sine on the right, and some for the last frame."""
    at = np.arange((3 * LOOP_S + 1) * SAMPLE_RATE)
    wave = np.sin(2 * np.pi * BEEP_HZ * at / SAMPLE_RATE)
    beep = wave * (at % SAMPLE_RATE < BEEP_S * SAMPLE_RATE)
    both = np.stack((0.5 * beep, 0.25 * wave), axis=1)
    data: bytes = np.rint(both * 32767).astype("<i2").tobytes()
    return data


def _encode(raw: bytes, kind: int, *arguments: str) -> list[FlvTag]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *_QUIET, *arguments, "-f", "flv", "pipe:1"]
    done = subprocess.run(command, input=raw, stdout=subprocess.PIPE, check=True)
    return [tag for tag in FlvReader().receive(done.stdout) if tag.kind == kind]


def source_tags(
    loop: Loop, *, sound_hole: Hole | None = None, picture_hole: Hole | None = None
) -> Iterator[FlvTag]:
    """Yield the source's tags for ever, in order of their time in its own clock."""
    yield from loop.headers
    pictures, sounds = 0, 0
    while True:
        picture_s = pictures / FRAME_RATE
        sound_s = sounds * _AAC_SAMPLES / SAMPLE_RATE
        if picture_s <= sound_s:
            if picture_hole is None or not picture_hole.covers(picture_s):
                payload = loop.pictures[pictures % LOOP_PICTURES]
                yield FlvTag(_PICTURE, round(picture_s * 1000), payload)
            pictures += 1
        else:
            if sound_hole is None or not sound_hole.covers(sound_s):
                yield FlvTag(_SOUND, round(sound_s * 1000), loop.sounds[sounds % _LOOP_SOUNDS])
            sounds += 1


def flv_file(tags: Iterable[FlvTag], seconds: float) -> bytes:
    """Return so much of a source as a file."""
    found = [b"FLV\x01\x05\x00\x00\x00\x09" + bytes(4)]
    for tag in tags:
        if tag.timestamp_ms >= seconds * 1000:
            break
        size, stamp = len(tag.payload), tag.timestamp_ms
        head = struct.pack(">II", tag.kind << 24 | size, (stamp & 0xFFFFFF) << 8 | stamp >> 24)
        found += [head, bytes(3), tag.payload, struct.pack(">I", 11 + size)]
    return b"".join(found)


async def _pace(tags: Iterator[FlvTag], ppm: float) -> AsyncIterator[FlvTag]:
    """Give each tag when the source's clock reaches it."""
    started_ns = monotonic_ns()
    for tag in tags:
        due_ns = started_ns + round(tag.timestamp_ms * 1_000_000 / (1 + ppm * 1e-6))
        wait_ns = due_ns - monotonic_ns()
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)
        yield tag


async def _run(given: argparse.Namespace) -> int:
    loop = await asyncio.to_thread(encode_loop)
    tags = source_tags(
        loop,
        sound_hole=_hole(given.sound_hole, given.every),
        picture_hole=_hole(given.picture_hole, given.every),
    )
    try:
        await publish_rtmp(
            host="127.0.0.1",
            port=given.port,
            app=given.channel,
            stream_key=f"{given.input}.{publishing_key()}",
            tags=_pace(tags, given.ppm),
        )
    except (LensongError, OSError) as error:
        print(f"{given.channel}/{given.input}: {error}", file=sys.stderr)
    return 1  # a studio ends only when something is wrong


def _hole(given: list[float] | None, every_s: float | None) -> Hole | None:
    return None if given is None else Hole(given[0], given[1], every_s)


def main() -> int:
    """Publish until killed, or until the server is lost."""
    parser = argparse.ArgumentParser(description="A studio with a fault, for measuring.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--ppm", type=float, default=0.0, help="how fast its clock runs")
    for track in ("sound", "picture"):
        parser.add_argument(
            f"--{track}-hole", type=float, nargs=2, metavar=("AT", "SECONDS"), help="left out"
        )
    parser.add_argument("--every", type=float, help="seconds from one hole to the next")
    with suppress(PermissionError):
        os.nice(ON_AIR)  # a real studio has a machine of its own
    return uvloop.run(_run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
