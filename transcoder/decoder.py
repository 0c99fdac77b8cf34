"""The decoder of one input: its feed in, raw pictures and samples into its buffer.

One FFmpeg for one stretch of a feed.  When the feed ends, changes its tracks, or FFmpeg
dies, only this input is without frames for a moment; the relay's cached group of
pictures gives the next decoder a picture at once.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import numpy as np
import structlog

from core.clock import monotonic_ns, unix_ns
from core.errors import FormatError, InputError
from core.tasks import first_error
from core.timeline import UnixNs, frame_at, samples_per_frame, start_of_frame
from transcoder.buffer import InputBuffer, Picture
from transcoder.graph import DecoderPlan, decoder_arguments
from transcoder.pipes import Pipe, read_blocks, read_bytes

__all__ = [
    "DECODER_FAULTS",
    "Decoder",
    "DecoderCounts",
    "FeedStart",
    "parse_feed_headers",
    "place_on_grid",
]

log = structlog.get_logger()

_SAMPLE_BYTES: Final = 4
_STUCK_NS: Final = 5_000_000_000
"""A decoder that is fed and gives nothing for this long is replaced."""

_FEED_BYTES: Final = 256 * 1024
_DEMUXERS: Final = frozenset({"flv", "mpegts", "mp3", "aac", "ogg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStart:
    """What the relay says of the bytes that follow."""

    demuxer: str
    tracks: frozenset[str]
    media_start_us: int
    """Timestamp of the first access unit, as the demuxer reports it."""

    epoch_start_ns: int
    """The same moment on the publish session's anchored timeline."""

    session: str


DECODER_FAULTS: Final = ("decode", "stuck")
"""What happens to a decoder whose feed goes on: it ended, or it gives nothing."""


@dataclass(slots=True)
class DecoderCounts:
    """What one input's decoders have counted, for the metrics."""

    frames: dict[str, int] = field(default_factory=lambda: {"video": 0, "audio": 0})
    errors: dict[str, int] = field(default_factory=lambda: {"video": 0, "audio": 0})
    last_frame_ns: dict[str, int] = field(default_factory=lambda: {"video": 0, "audio": 0})
    restarts: int = 0
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DECODER_FAULTS, 0))
    """Decoders that failed while their feed went on, by what happened."""


def parse_feed_headers(headers: Mapping[str, str]) -> FeedStart:
    """Read the relay's response headers.

    Raises:
        FormatError: If one is missing or is not what the relay may say.
    """
    try:
        start = FeedStart(
            demuxer=headers["Lensong-Format"],
            tracks=frozenset(headers["Lensong-Tracks"].split(",")),
            media_start_us=int(headers["Lensong-Media-Start-Us"]),
            epoch_start_ns=int(headers["Lensong-Epoch-Start-Ns"]),
            session=headers["Lensong-Session"],
        )
    except (KeyError, ValueError) as error:
        raise FormatError("the relay's headers are incomplete") from error
    if start.demuxer not in _DEMUXERS or not start.tracks <= {"video", "audio"}:
        raise FormatError(f"a feed of {start.demuxer} with {sorted(start.tracks)}")
    return start


def place_on_grid(start: FeedStart, *, phase_ns: int, frame_rate: int) -> tuple[int, int]:
    """Return (number of the decoder's first frame, microseconds to add to its timestamps).

    Args:
        start: Where the feed begins.
        phase_ns: The publish session's shift onto the frame grid: the same for every decoder
            of the session, so that one that is restarted gives every frame its old number.
        frame_rate: Frames a second of the programme.
    """
    moment = UnixNs(start.epoch_start_ns - phase_ns)
    frame = frame_at(moment, frame_rate)
    into_ns = moment - start_of_frame(frame, frame_rate)
    return frame, into_ns // 1000 - start.media_start_us


class Decoder:
    """Follow one input's feed and decode it into its buffer."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        session: aiohttp.ClientSession,
        program: str,
        buffer: InputBuffer,
        frame_rate: int,
        size: tuple[int, int] | None,
        new_frames: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; nothing is started before :meth:`run`.

        Args:
            name: Name of the input.
            url: Its feed at the relay.
            session: Carries the internal secret.
            program: Path of FFmpeg.
            buffer: Where decoded media go.
            frame_rate: Frames a second of the programme.
            size: Width and height of the programme's picture; None for radio.
            new_frames: Called from a reader's thread after each picture or block of sound.
        """
        self.name, self._url, self._session = name, url, session
        self._program, self._buffer, self._rate = program, buffer, frame_rate
        self._size = size
        self._new_frames = new_frames
        self._phase: tuple[str, int] = ("", 0)
        self._output_ns = 0
        self.pid: int | None = None
        self.counts = DecoderCounts()

    async def run(self) -> None:
        """Decode one stretch of the feed; return when it ends.

        Raises:
            InputError: If the feed is refused or its decoder fails.
            OSError: If the relay cannot be reached.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=None)
        try:
            async with self._session.get(self._url, timeout=timeout) as response:
                if response.status != 200:  # noqa: PLR2004
                    raise InputError(f"the relay answers {response.status}", code="relay")
                await self._decode(parse_feed_headers(response.headers), response.content)
        except aiohttp.ClientPayloadError:
            return  # ingest went away in the middle: ask again
        except aiohttp.ClientError as error:
            raise InputError(str(error), code="relay") from error

    def _plan(self, start: FeedStart) -> tuple[int, DecoderPlan, Pipe | None, Pipe | None]:
        if self._phase[0] != start.session:
            moment = UnixNs(start.epoch_start_ns)
            half = start_of_frame(1, self._rate) // 2
            nearest = start_of_frame(frame_at(UnixNs(moment + half), self._rate), self._rate)
            self._phase = (start.session, moment - nearest)
        frame, offset_us = place_on_grid(start, phase_ns=self._phase[1], frame_rate=self._rate)
        picture = Pipe() if self._size is not None and "video" in start.tracks else None
        sound = Pipe() if "audio" in start.tracks else None
        if picture is None and (sound is None or self._size is not None):
            raise FormatError("a TV input needs a picture", code="no_picture")
        width, height = self._size or (0, 0)
        plan = DecoderPlan(
            demuxer=start.demuxer,
            offset_us=offset_us,
            width=width,
            height=height,
            frame_rate=self._rate,
            picture_fd=None if picture is None else picture.write_fd,
            sound_fd=None if sound is None else sound.write_fd,
        )
        return frame, plan, picture, sound

    async def _decode(self, start: FeedStart, content: aiohttp.StreamReader) -> None:
        frame, plan, picture, sound = self._plan(start)
        pipes = [pipe for pipe in (picture, sound) if pipe is not None]
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *decoder_arguments(plan),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[pipe.write_fd for pipe in pipes],
            )
        except OSError:
            for pipe in pipes:
                pipe.close()
            raise
        self.pid = process.pid
        self.counts.restarts += 1
        self._buffer.begin(session=start.session, tracks=start.tracks)
        self._output_ns = monotonic_ns()
        threads = []
        if picture is not None:
            threads.append(self._thread("picture", self._read_pictures, picture, frame))
        if sound is not None:
            position = frame * samples_per_frame(self._rate)
            threads.append(self._thread("sound", self._read_sound, sound, position))
        log.info("decoding", input=self.name, pid=process.pid, tracks=sorted(start.tracks))
        fault: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read_errors(process))
                fed = asyncio.Event()
                tasks.create_task(self._watch(process, fed))
                await self._feed(process, content)
                fed.set()
        except* (OSError, InputError, aiohttp.ClientError) as group:
            fault = first_error(group)
        finally:
            self.pid = None
            if process.returncode is None:
                process.kill()
            await process.wait()
            for thread in threads:
                await asyncio.to_thread(thread.join)
        if fault is not None:
            raise self._counted(fault)

    def _counted(self, fault: BaseException) -> BaseException:
        """Count a decoder's fault; return it as what it is."""
        if isinstance(fault, BrokenPipeError | ConnectionResetError):
            fault = InputError("the decoder ended", code="decode")
        if isinstance(fault, InputError) and fault.code in self.counts.faults:
            self.counts.faults[fault.code] += 1
        return fault

    async def _feed(
        self, process: asyncio.subprocess.Process, content: aiohttp.StreamReader
    ) -> None:
        if process.stdin is None:
            return
        while data := await content.read(_FEED_BYTES):
            if process.stdin.is_closing():  # FFmpeg is gone; uvloop takes a write now for a bug
                raise InputError("the decoder ended", code="decode")
            process.stdin.write(data)
            await process.stdin.drain()
            if monotonic_ns() - self._output_ns > _STUCK_NS:
                raise InputError("the decoder gives nothing", code="stuck")
        process.stdin.close()

    async def _watch(self, process: asyncio.subprocess.Process, fed: asyncio.Event) -> None:
        """Wait for FFmpeg's end, which is a fault unless the whole feed was given to it."""
        await process.wait()
        if not fed.is_set():
            raise InputError("the decoder ended", code="decode")

    def _thread(
        self, what: str, body: Callable[[Pipe, int], None], pipe: Pipe, first: int
    ) -> threading.Thread:
        pipe.close_write()
        name = f"decoder-{self.name}-{what}"
        thread = threading.Thread(target=body, args=(pipe, first), name=name, daemon=True)
        thread.start()
        return thread

    def _read_pictures(self, pipe: Pipe, frame: int) -> None:
        width, height = self._size or (0, 0)
        number = frame

        def take(picture: Picture) -> None:
            nonlocal number
            self._buffer.put_picture(number, picture)
            number += 1
            self._count("video")

        try:
            read_blocks(pipe.read_fd, width * height * 3 // 2, take)
        finally:
            pipe.close()

    def _read_sound(self, pipe: Pipe, position: int) -> None:
        rest = b""
        at = position

        def take(data: bytes) -> None:
            nonlocal rest, at
            data = rest + data
            whole = len(data) // _SAMPLE_BYTES * _SAMPLE_BYTES
            rest = data[whole:]
            sound = np.frombuffer(data[:whole], dtype=np.int16).reshape(-1, 2)
            self._buffer.put_sound(at, sound)
            at += len(sound)
            self._count("audio")

        try:
            read_bytes(pipe.read_fd, take)
        finally:
            pipe.close()

    def _count(self, media: str) -> None:
        self._output_ns = monotonic_ns()
        self.counts.frames[media] += 1
        self.counts.last_frame_ns[media] = unix_ns()
        self._new_frames()

    async def _read_errors(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            return
        while line := await process.stderr.readline():
            is_sound = line.startswith((b"[aac", b"[mp3", b"[opus", b"[vorbis", b"[Parsed_ares"))
            self.counts.errors["audio" if is_sound else "video"] += 1
