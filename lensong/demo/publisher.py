"""One studio of the demo: a process of its own, so that it can be killed and frozen like one.

``python -m lensong.demo.publisher tv|radio ...`` draws or plays, has FFmpeg encode, and
publishes through the real protocol.  The key comes from the environment.  A studio that loses
its server, or finds that it lost time, ends; whoever started it starts it again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import fontpkg_be_vietnam_pro
import imageio_ffmpeg
import numpy as np
import uvloop

from core.clock import unix_ns
from core.environment import publishing_key
from core.errors import InputError, LensongError
from core.tasks import first_error
from core.timeline import UnixNs, frame_at, start_of_frame
from lensong.demo.flv import FlvReader, FlvTag
from lensong.demo.icecast_source import send_icecast, set_icecast_title
from lensong.demo.picture import FRAME_RATE, Look, Picture, Plane, Texts
from lensong.demo.rtmp_publisher import publish_rtmp
from lensong.demo.sound import SAMPLE_RATE, Samples, loop_slice, music_loop, studio_loop
from lensong.demo.studio_ffmpeg import (
    file_radio_arguments,
    file_tv_arguments,
    radio_arguments,
    text_arguments,
    tv_arguments,
)

__all__ = ["FONT", "main"]

FONT: Final = fontpkg_be_vietnam_pro.ROOT / "files" / "BeVietnamPro-Bold.ttf"

_LOOKS: Final = {
    "studio": Look(dark=(40, 150, 110), light=(120, 160, 90)),
    "backup": Look(dark=(50, 100, 160), light=(130, 90, 175)),
}
_SONGS: Final = (
    "Quan họ Bắc Ninh – Người ơi người ở đừng về",
    "Dân ca Hưng Yên – Trống quân",
    "Ca trù – Hồng hồng tuyết tuyết",
    "Chèo cổ – Đào liễu",
    "Nhạc không lời – Chiều trên phố Hiến",
    "Hát ru – Cái ngủ mày ngủ cho ngoan",
)
_SONG_S: Final = 20
_LOST_TIME_NS: Final = 3_000_000_000  # less is caught up by a burst, as encoders do
_SAMPLES_PER_FRAME: Final = SAMPLE_RATE // FRAME_RATE
_VIETNAM: Final = timezone(timedelta(hours=7))
_READ_BYTES: Final = 64 * 1024
_MAX_JPEG_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Studio:
    """What one studio is told on its command line."""

    kind: str
    host: str
    port: int
    channel: str
    input: str
    title: str
    mark: str
    folder: Path
    file: Path | None


def _parse(argv: Sequence[str] | None) -> _Studio:
    parser = argparse.ArgumentParser(description="A studio of Lensong's demo.")
    parser.add_argument("kind", choices=("tv", "radio"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--title", default="Lensong", help="name of the channel in the picture")
    parser.add_argument("--mark", default="STUDIO", help="the studio's mark in the picture")
    parser.add_argument("--folder", type=Path, required=True, help="for texts and the preview")
    parser.add_argument("--file", type=Path, help="media file instead of what we draw and play")
    return _Studio(**vars(parser.parse_args(argv)))


# Texts


async def _draw_text(folder: Path, text: str, size: tuple[int, int], font_size: int) -> Plane:
    text_file = folder / f"text-{abs(hash((text, font_size)))}.txt"
    await asyncio.to_thread(text_file.write_text, text, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        *text_arguments(text_file, FONT, size, font_size, centred=len(text) == 1),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    grey, _ = await process.communicate()
    if len(grey) != size[0] * size[1]:
        raise InputError("FFmpeg could not draw a text")
    return np.frombuffer(grey, np.uint8).reshape(size[1], size[0])


async def _draw_texts(studio: _Studio) -> Texts:
    characters = "0123456789: "
    cell, line = 28, 56
    async with asyncio.TaskGroup() as tasks:
        channel = tasks.create_task(_draw_text(studio.folder, studio.title, (500, 48), 34))
        mark = tasks.create_task(_draw_text(studio.folder, studio.mark, (300, 56), 42))
        glyphs = {
            letter: tasks.create_task(_draw_text(studio.folder, letter, (cell, line), 44))
            for letter in characters.strip()
        }
    drawn = {letter: task.result() for letter, task in glyphs.items()}
    drawn[" "] = np.zeros((line, cell), np.uint8)
    return Texts(channel.result(), mark.result(), drawn)


# Encoding


@asynccontextmanager
async def _encoder(
    arguments: Sequence[str], *, stdin: int, pass_fds: Sequence[int] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        *arguments,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        pass_fds=tuple(pass_fds),
    )
    for fd in pass_fds:
        os.close(fd)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _read_pipe(fd: int) -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", buffering=0)
    )
    return reader


async def _write_pipe(fd: int) -> asyncio.WriteTransport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_write_pipe(
        asyncio.BaseProtocol, os.fdopen(fd, "wb", buffering=0)
    )
    return transport


async def _frames(channel: str) -> AsyncIterator[int]:
    """Yield the number of each frame at its moment on the wall clock.

    Raises:
        InputError: If time was lost (the process was frozen): the studio starts anew.
    """
    frame = frame_at(unix_ns(), FRAME_RATE) + 1
    while True:
        late_ns = unix_ns() - start_of_frame(frame, FRAME_RATE)
        if late_ns > _LOST_TIME_NS:
            raise InputError(f"{channel}: the studio stood still for {late_ns / 1e9:.1f} s")
        if late_ns < 0:
            await asyncio.sleep(-late_ns / 1e9)
        yield frame
        frame += 1


def _clock(frame: int) -> str:
    seconds = start_of_frame(frame, FRAME_RATE) // 1_000_000_000
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(_VIETNAM):%H:%M:%S}"


async def _feed_tv(
    studio: _Studio,
    picture: Picture,
    stdin: asyncio.StreamWriter,
    sound_pipe: asyncio.WriteTransport,
) -> None:
    sound = await asyncio.to_thread(studio_loop, 220 if studio.input == "studio" else 330)
    async for frame in _frames(studio.channel):
        # FFmpeg stops reading one pipe while the other is empty: both get theirs each tick.
        sound_pipe.write(loop_slice(sound, frame * _SAMPLES_PER_FRAME, _SAMPLES_PER_FRAME))
        stdin.write(picture.draw(frame, _clock(frame)))
        await stdin.drain()


async def _feed_radio(studio: _Studio, stdin: asyncio.StreamWriter) -> None:
    music: Samples = await asyncio.to_thread(music_loop)
    async for frame in _frames(studio.channel):
        stdin.write(loop_slice(music, frame * _SAMPLES_PER_FRAME, _SAMPLES_PER_FRAME))
        await stdin.drain()


async def _keep_preview(reader: asyncio.StreamReader, folder: Path) -> None:
    """Keep the newest small picture in a file, for the demo's page."""
    buffer = bytearray()
    fresh, kept = folder / "preview.new", folder / "preview.jpg"

    def keep(data: bytes) -> None:
        fresh.write_bytes(data)
        fresh.replace(kept)

    while data := await reader.read(_READ_BYTES):
        buffer += data
        end = buffer.rfind(b"\xff\xd9")
        if end >= 0:
            start = buffer.rfind(b"\xff\xd8\xff", 0, end)
            if start >= 0:
                with suppress(OSError):
                    await asyncio.to_thread(keep, bytes(buffer[start : end + 2]))
            del buffer[: end + 2]
        elif len(buffer) > _MAX_JPEG_BYTES:
            buffer.clear()


async def _tags(reader: asyncio.StreamReader) -> AsyncIterator[FlvTag]:
    flv = FlvReader()
    while data := await reader.read(_READ_BYTES):
        for tag in flv.receive(data):
            yield tag


async def _bytes(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while data := await reader.read(4096):
        yield data


# Studios


async def _run_tv(studio: _Studio, key: str) -> None:
    preview_out, preview_in = os.pipe()
    if studio.file is None:
        sound_out, sound_in = os.pipe()
        arguments = tv_arguments(sound_out, preview_in)
        fds, stdin = [sound_out, preview_in], asyncio.subprocess.PIPE
        picture = Picture(_LOOKS.get(studio.input, _LOOKS["studio"]), await _draw_texts(studio))
    else:
        mark = studio.folder / "mark.txt"
        await asyncio.to_thread(mark.write_text, studio.mark, encoding="utf-8")
        arguments = file_tv_arguments(studio.file.absolute(), mark, FONT, preview_in)
        fds, stdin = [preview_in], asyncio.subprocess.DEVNULL
        sound_in, picture = -1, None
    async with _encoder(arguments, stdin=stdin, pass_fds=fds) as encoder:
        if encoder.stdout is None:
            raise RuntimeError("standard output is not piped")
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(_keep_preview(await _read_pipe(preview_out), studio.folder))
            ]
            if picture is not None and encoder.stdin is not None:
                sound_pipe = await _write_pipe(sound_in)
                feeding = _feed_tv(studio, picture, encoder.stdin, sound_pipe)
                helpers.append(tasks.create_task(feeding))
            await publish_rtmp(
                host=studio.host,
                port=studio.port,
                app=studio.channel,
                stream_key=f"{studio.input}.{key}",
                tags=_tags(encoder.stdout),
            )
            for helper in helpers:
                helper.cancel()


async def _run_radio(studio: _Studio, key: str) -> None:
    if studio.file is None:
        arguments, stdin = radio_arguments(), asyncio.subprocess.PIPE
    else:
        arguments = file_radio_arguments(studio.file.absolute())
        stdin = asyncio.subprocess.DEVNULL
    where: dict[str, Any] = {
        "host": studio.host,
        "port": studio.port,
        "mount": f"/{studio.channel}/{studio.input}",
        "password": key,
    }
    async with _encoder(arguments, stdin=stdin) as encoder:
        if encoder.stdout is None:
            raise RuntimeError("standard output is not piped")
        async with asyncio.TaskGroup() as tasks:
            sending = asyncio.Event()
            helpers = [tasks.create_task(_change_titles(where, sending))]
            if encoder.stdin is not None:
                helpers.append(tasks.create_task(_feed_radio(studio, encoder.stdin)))
            await send_icecast(
                **where,
                content_type="audio/mpeg",
                sound=_bytes(encoder.stdout),
                sending=sending,
            )
            for helper in helpers:
                helper.cancel()


async def _change_titles(where: dict[str, Any], sending: asyncio.Event) -> None:
    await sending.wait()
    while True:
        second = unix_ns() // 1_000_000_000
        await set_icecast_title(**where, title=_SONGS[second // _SONG_S % len(_SONGS)])
        await asyncio.sleep(_until_next_song_s(unix_ns()))


def _until_next_song_s(now: UnixNs) -> float:
    return _SONG_S - now / 1e9 % _SONG_S


async def _run(studio: _Studio) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
    await asyncio.to_thread(studio.folder.mkdir, parents=True, exist_ok=True)
    key = publishing_key()
    try:
        await (_run_tv if studio.kind == "tv" else _run_radio)(studio, key)
    except* (LensongError, OSError) as group:
        print(f"{studio.channel}/{studio.input}: {first_error(group)}", file=sys.stderr)
        return_code = 1
    except* asyncio.CancelledError:
        return_code = 0
    else:
        return_code = 1  # FFmpeg has ended: start anew
    return return_code


def main(argv: Sequence[str] | None = None) -> int:
    """Publish until told to stop, or until the server or time is lost."""
    return uvloop.run(_run(_parse(argv)))


if __name__ == "__main__":
    sys.exit(main())
