"""The newest seconds of each radio channel, for listeners without playlists.  Sans-I/O.

A new listener is sent the newest four seconds at once, so that his player has what it wants to
buffer, and then each chunk as it comes.  Numbers only rise: what comes late is not told, what is
missing is passed over, and the listener goes on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from core.timeline import PART_NS, SOUND_CHUNK_NS

__all__ = [
    "AAC_RENDITION",
    "BURST_NS",
    "CODECS",
    "CONTENT_TYPES",
    "KBPS",
    "Codec",
    "RadioTape",
    "SoundChunk",
]

Codec: TypeAlias = Literal["mp3", "aac"]
CODECS: Final[tuple[Codec, ...]] = get_args(Codec)
CONTENT_TYPES: Final[dict[Codec, str]] = {"mp3": "audio/mpeg", "aac": "audio/aac"}

AAC_RENDITION: Final = "a128"
"""The rendition whose AAC is sent; MP3 has the same bit rate."""

KBPS: Final = 128

BURST_NS: Final = 4_000_000_000
_KEPT_NS: Final = 8_000_000_000
_CHUNK_NS: Final[dict[Codec, int]] = {"mp3": SOUND_CHUNK_NS, "aac": PART_NS}

_STALE_NS: Final = 15_000_000_000
"""A channel that was silent for so long has nothing to begin with."""


@dataclass(frozen=True, slots=True)
class SoundChunk:
    """A few whole frames of sound."""

    number: int
    """Of the chunk of MP3, or of the part of AAC, from the epoch."""

    data: bytes
    framed: bytes
    """The same as a chunk of HTTP/1.1's chunked coding, made once for all listeners."""


class RadioTape:
    """One channel's newest sound in one codec."""

    def __init__(self, codec: Codec) -> None:
        """Begin empty."""
        chunk_ns = _CHUNK_NS[codec]
        self._chunks: deque[SoundChunk] = deque(maxlen=-(-_KEPT_NS // chunk_ns))
        self._burst = -(-BURST_NS // chunk_ns)
        self._grown_ns = 0

    @property
    def newest(self) -> int:
        """Number of the newest chunk; -1 before the first."""
        return self._chunks[-1].number if self._chunks else -1

    def put(self, number: int, data: bytes, *, now_ns: int) -> bool:
        """Take a chunk; False if it is not newer than all others.

        Args:
            number: Of the chunk.
            data: Its frames.
            now_ns: Monotonic moment.
        """
        if number <= self.newest:
            return False
        framed = b"%x\r\n%b\r\n" % (len(data), data)
        self._chunks.append(SoundChunk(number, data, framed))
        self._grown_ns = now_ns
        return True

    def burst(self, *, now_ns: int) -> list[SoundChunk]:
        """Return what a new listener is sent at once; nothing while the channel is silent."""
        if now_ns - self._grown_ns > _STALE_NS:
            return []
        return list(self._chunks)[-self._burst :]

    def after(self, number: int) -> list[SoundChunk]:
        """Return the chunks behind ``number``, of which there is mostly one."""
        found: list[SoundChunk] = []
        for chunk in reversed(self._chunks):
            if chunk.number <= number:
                break
            found.append(chunk)
        found.reverse()
        return found
