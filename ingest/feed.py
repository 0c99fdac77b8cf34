"""What of a feed must be kept so that a decoder can start at any moment.  Sans-I/O.

A *feed* is the bytes of one publisher in a container that FFmpeg demuxes.  Protocol
modules cut it into :class:`Chunk` s, each with its media time; a decoder that joins is given
the container's head, then everything since the newest *entry*: the last chunk at which
decoding may start.  For sound every chunk is one, and about a second is kept so that a
decoder is fed at once.

One :class:`Anchor` a publish session ties media time to the epoch, so that a decoder that is
started again, or a twin on another host, gives a frame the same number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from core.timeline import UnixNs

__all__ = [
    "Anchor",
    "Chunk",
    "FeedCache",
    "FeedFormat",
    "FeedStart",
    "JumpDetector",
    "Track",
    "as_ffmpeg_reports",
]

Track: TypeAlias = Literal["video", "audio"]
FeedFormat: TypeAlias = Literal["flv", "mpegts", "mp3", "aac", "ogg"]

_SOUND_KEPT_US: Final = 1_200_000
_PICTURES_KEPT_US: Final = 20_000_000
_KEPT_BYTES: Final = 16 * 1024 * 1024
_JUMP_US: Final = 1_000_000
_WRAP_MARGIN_S: Final = 60


@dataclass(frozen=True, slots=True)
class FeedStart:
    """How a feed begins; the same until its tracks or their configuration change."""

    format: FeedFormat
    """FFmpeg's name of the container."""

    tracks: frozenset[Track]
    head: bytes
    """Bytes that a demuxer needs before the first chunk."""

    restarts_at_zero: bool = False
    """The container has no clock (MP3, ADTS): FFmpeg counts from 0 in each body."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some bytes of a feed that belong together."""

    data: bytes
    media_us: int
    """Media time of the first access unit, in microseconds, unwrapped."""

    entry: bool
    """A decoder may start here."""

    track: Track = "audio"
    reported_us: int | None = None
    """``media_us`` as FFmpeg with ``-copyts`` reports it to one who starts here; None: the same."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One moment in both clocks."""

    epoch_ns: UnixNs
    """When the access unit arrived."""

    media_us: int
    """Its media time in microseconds."""

    def epoch_of(self, media_us: int) -> UnixNs:
        """Return the moment of another access unit of the session."""
        return UnixNs(self.epoch_ns + (media_us - self.media_us) * 1_000)


def as_ffmpeg_reports(ticks: int, *, bits: int, ticks_per_s: int) -> int:
    """Return the time stamp that FFmpeg makes of the first one it reads.

    # FFmpeg: a demuxer whose first time stamp lies in the last minute before the wrap
    # takes it for a negative one, so that the wrap is no seam (libavformat/demux.c).

    Args:
        ticks: Time stamp, wrapped or not.
        bits: Width of the container's time stamps: 33 in MPEG-TS, 32 in FLV.
        ticks_per_s: Their unit.
    """
    span = 1 << bits
    wrapped = ticks % span
    return wrapped - span if wrapped >= span - _WRAP_MARGIN_S * ticks_per_s else wrapped


class JumpDetector:
    """Tell a jump of the publisher's time stamps from a network that stood still.

    Each track is compared with itself: sound five seconds off the picture is an offset, not
    a thousand jumps.
    """

    def __init__(self) -> None:
        self._last: dict[Track, tuple[int, UnixNs]] = {}

    def jumped(self, chunk: Chunk, *, now: UnixNs) -> bool:
        """Take a chunk that arrived at ``now``; True when its time does not follow the last."""
        last = self._last.get(chunk.track)
        if last is not None:
            media_us = chunk.media_us - last[0]
            off_us = media_us - (now - last[1]) // 1_000
            if abs(media_us) > _JUMP_US and abs(off_us) > _JUMP_US:
                self._last = {chunk.track: (chunk.media_us, now)}
                return True
        self._last[chunk.track] = (chunk.media_us, now)
        return False


class FeedCache:
    """The chunks a joining decoder starts with, bounded in bytes and in time."""

    def __init__(self, tracks: frozenset[Track]) -> None:
        self._sound_only = "video" not in tracks
        self._chunks: deque[Chunk] = deque()
        self._bytes = 0

    @property
    def chunks(self) -> Sequence[Chunk]:
        """From the entry on; empty while there is none."""
        return self._chunks

    @property
    def size_bytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def add(self, chunk: Chunk) -> None:
        """Keep ``chunk`` as far as a joining decoder needs it."""
        if self._sound_only:
            self._append(chunk)
            while self._bytes > _KEPT_BYTES or (
                chunk.media_us - self._chunks[0].media_us > _SOUND_KEPT_US
            ):
                self._bytes -= len(self._chunks.popleft().data)
            while self._chunks and not self._chunks[0].entry:
                self._bytes -= len(self._chunks.popleft().data)
            return
        if chunk.entry and chunk.track == "video":
            self._clear()
        elif not self._chunks:
            return
        self._append(chunk)
        too_long = chunk.media_us - self._chunks[0].media_us > _PICTURES_KEPT_US
        if too_long or self._bytes > _KEPT_BYTES:
            self._clear()  # a start from so far back would never catch up: wait for an entry

    def _append(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._bytes += len(chunk.data)

    def _clear(self) -> None:
        self._chunks.clear()
        self._bytes = 0
