"""Find the frames of MP3 or AAC sound in bytes that begin anywhere, and time them.  Sans-I/O.

A source of raw frames sends no timestamps: time is the number of samples so far.  FFmpeg's
demuxers of both formats count the same way, from 0 for each body they are given, which
:attr:`ingest.feed.FeedStart.restarts_at_zero` says to the relay.

What lies between frames (ID3 tags, torn frames after a lost connection) is passed over, but not
for ever: a source of 64 kB without one frame sends something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from core.errors import FormatError
from core.sound_frames import FrameHeader
from ingest.feed import Chunk, FeedStart, Track

__all__ = ["Frame", "FrameFinder", "FrameTimer"]

MAX_GARBAGE_BYTES: Final = 64 * 1024
"""Most bytes in a row that belong to no frame."""

MAX_TAG_BYTES: Final = 16 * 1024 * 1024
"""Longest ID3 tag that is passed over; a cover picture is one to five megabytes."""

_ID3V2_HEADER: Final = 10
_ID3V1_BYTES: Final = 128
_FRAMES_PER_CHUNK: Final = 4
_ENTRY_PATIENCE_US: Final = 500_000
_TRACKS: Final[frozenset[Track]] = frozenset({"audio"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame."""

    header: FrameHeader
    data: bytes


class FrameFinder:
    """Cut bytes in any pieces into frames, and find the way back after garbage.

    Out of step, a header is believed when the next frame's header stands at its end and
    agrees; in step, each frame is given out as soon as it is whole, without that wait.
    """

    def __init__(self, parse: Callable[[bytes], FrameHeader | None], *, header_bytes: int) -> None:
        """Prepare.

        Args:
            parse: Reads a header from its first ``header_bytes`` bytes; None if it is none.
            header_bytes: How many bytes ``parse`` needs.
        """
        self._parse = parse
        self._header_bytes = header_bytes
        self._buffer = bytearray()
        self._skip = 0
        self._garbage = 0
        self._in_step: tuple[int, ...] | None = None

    def receive(self, data: bytes) -> list[Frame]:
        """Take ``data`` and return every frame that is now whole.

        Raises:
            FormatError: If there was no frame in the last 64 kB.
        """
        self._buffer += data
        frames: list[Frame] = []
        at = 0
        while True:
            moved, frame = self._step(at)
            if moved == 0:
                break
            at += moved
            if frame is not None:
                frames.append(frame)
        del self._buffer[:at]
        return frames

    def _step(self, at: int) -> tuple[int, Frame | None]:
        """Return (bytes dealt with, a frame if they were one); 0 bytes means: more are needed."""
        left = len(self._buffer) - at
        if not self._skip:
            if left < max(self._header_bytes, _ID3V2_HEADER):
                return 0, None
            self._skip = self._tag_bytes(at)
        if self._skip:
            moved = min(self._skip, left)
            self._skip -= moved
            return moved, None
        header = self._parse(self._header_at(at))
        if header is None:
            return self._pass_over(at), None
        in_step = self._in_step == header.configuration
        if left < header.size + (0 if in_step else self._header_bytes):
            return 0, None
        if not in_step and not self._follows(header, at + header.size):
            return self._pass_over(at), None
        self._in_step = header.configuration
        self._garbage = 0
        return header.size, Frame(header, bytes(self._buffer[at : at + header.size]))

    def _follows(self, header: FrameHeader, at: int) -> bool:
        """Tell whether another frame of the same kind begins at ``at``."""
        following = self._parse(self._header_at(at))
        return following is not None and following.configuration == header.configuration

    def _header_at(self, at: int) -> bytes:
        return bytes(self._buffer[at : at + self._header_bytes])

    def _tag_bytes(self, at: int) -> int:
        """Return the length of the ID3 tag that begins here; 0 where none does."""
        if self._buffer[at : at + 3] == b"TAG":
            return _ID3V1_BYTES
        head = self._buffer[at : at + _ID3V2_HEADER]
        if head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:10]):
            return 0
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]  # seven bits a byte
        footer = _ID3V2_HEADER if head[5] & 0x10 else 0
        if size > MAX_TAG_BYTES:
            raise FormatError("an ID3 tag over 16 MB", code="size")
        return _ID3V2_HEADER + size + footer

    def _pass_over(self, at: int) -> int:
        """Leave bytes that begin no frame, up to where one may begin."""
        self._in_step = None
        sync = self._buffer.find(b"\xff", at + 1)
        tag = self._buffer.find(b"ID3", at + 1)
        found = [place for place in (sync, tag) if place >= 0]
        end = min(found) if found else max(at + 1, len(self._buffer) - 2)
        self._garbage += end - at
        if self._garbage > MAX_GARBAGE_BYTES:
            raise FormatError("64 kB without one frame of the announced format", code="parse")
        return end - at


class FrameTimer:
    """Group frames into chunks of about 0.1 s and count their time.

    Each receive gives out all its frames: a frame never waits for its group to fill.
    """

    def __init__(self, format_: Literal["mp3", "aac"], is_entry: Callable[[Frame], bool]) -> None:
        """Prepare.

        Args:
            format_: FFmpeg's name of the demuxer.
            is_entry: Tells whether a frame can be decoded whole without those before it.
        """
        self._format: Literal["mp3", "aac"] = format_
        self._is_entry = is_entry
        self._configuration: tuple[int, ...] | None = None
        self._base_us = 0
        self._rate = 1
        self._samples = 0
        self._entry_us = 0

    def receive(self, frames: list[Frame]) -> list[FeedStart | Chunk]:
        """Return the chunks of ``frames``, behind a start where the configuration is a new one."""
        events: list[FeedStart | Chunk] = []
        group: list[bytes] = []
        group_us, group_entry = 0, False
        for frame in frames:
            new = frame.header.configuration != self._configuration
            entry = new or self._may_start(frame)
            if group and (new or entry or len(group) == _FRAMES_PER_CHUNK):
                events.append(Chunk(data=b"".join(group), media_us=group_us, entry=group_entry))
                group = []
            if new:
                self._begin(frame.header)
                events.append(self.start())
            if not group:
                group_us, group_entry = self._now_us(), entry
            if entry:
                self._entry_us = self._now_us()
            group.append(frame.data)
            self._samples += frame.header.samples
        if group:
            events.append(Chunk(data=b"".join(group), media_us=group_us, entry=group_entry))
        return events

    def start(self) -> FeedStart:
        """Return what a feed of this format begins with: nothing but the next frame."""
        return FeedStart(format=self._format, tracks=_TRACKS, head=b"", restarts_at_zero=True)

    def _may_start(self, frame: Frame) -> bool:
        return self._is_entry(frame) or self._now_us() - self._entry_us >= _ENTRY_PATIENCE_US

    def _now_us(self) -> int:
        return self._base_us + self._samples * 1_000_000 // self._rate

    def _begin(self, header: FrameHeader) -> None:
        self._base_us = self._now_us()
        self._samples, self._rate = 0, header.sample_rate
        self._configuration = header.configuration
