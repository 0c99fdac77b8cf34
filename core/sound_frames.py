"""Frames of sound that go without a container: their headers, and chunks of them.  Sans-I/O.

**Source:** ISO/IEC 11172-3 and 13818-3, "Header".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import FormatError
from core.timeline import MP3_FRAME_SAMPLES, MP3_FRAMES_PER_CHUNK, SAMPLE_RATE

__all__ = ["MP3_HEADER_BYTES", "FrameHeader", "SoundCutter", "parse_mp3_header"]

MP3_HEADER_BYTES: Final = 4
"""Bytes of a header of MPEG audio, layers II and III."""

_SYNC: Final = 0x7FF
_VERSION_1: Final = 3
_VERSION_2: Final = 2
_LAYER_2: Final = 2
_LAYER_3: Final = 1
_MONO: Final = 3

_KBPS: Final = {
    # (MPEG-1, layer): kbit/s by index; 0, free format, has no size in its header
    (True, _LAYER_2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {_VERSION_1: (44_100, 48_000, 32_000), _VERSION_2: (22_050, 24_000, 16_000)}
_RATES_2_5: Final = (11_025, 12_000, 8_000)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What the header of a frame says."""

    size: int
    """Bytes of the whole frame, its header included."""

    samples: int
    """Samples of each channel in it."""

    sample_rate: int
    """Samples a second."""

    configuration: tuple[int, ...]
    """What stays the same from frame to frame while one decoder can go on."""


def parse_mp3_header(head: bytes) -> FrameHeader | None:
    """Read the four bytes of a frame's header; None if they are none."""
    word = int.from_bytes(head[:MP3_HEADER_BYTES], "big")
    version, layer = word >> 19 & 3, word >> 17 & 3
    bitrate_index, rate_index, padding = word >> 12 & 15, word >> 10 & 3, word >> 9 & 1
    if word >> 21 != _SYNC or version == 1 or layer not in {_LAYER_2, _LAYER_3}:
        return None
    if bitrate_index in {0, 15} or rate_index == 3 or word & 3 == 2:  # noqa: PLR2004 - reserved
        return None
    is_1 = version == _VERSION_1
    rate = _RATES.get(version, _RATES_2_5)[rate_index]
    kbps = _KBPS[is_1, layer][bitrate_index]
    samples = 1_152 if is_1 or layer == _LAYER_2 else 576
    channels = 1 if word >> 6 & 3 == _MONO else 2
    size = samples * kbps * 125 // rate + padding
    return FrameHeader(size, samples, rate, (version, layer, rate, channels))


class SoundCutter:
    """Cut the MP3 of our own encoder into chunks: ten whole frames, 0.24 s.

    Nothing else is passed over: where frames are counted to know their time, one that was
    lost would shift all that follow.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._end = 0  # of the whole frames in the buffer
        self._frames = 0

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes and return the chunks that they complete.

        Raises:
            FormatError: If they are not frames of MP3 at 48 kHz, one behind the other.
        """
        self._buffer += data
        chunks: list[bytes] = []
        while (size := self._next_frame()) is not None:
            self._end += size
            self._frames += 1
            if self._frames == MP3_FRAMES_PER_CHUNK:
                chunks.append(bytes(memoryview(self._buffer)[: self._end]))
                del self._buffer[: self._end]
                self._end = self._frames = 0
        return chunks

    def finish(self) -> None:
        """Tell that no more will come.

        Raises:
            FormatError: If a chunk has begun.
        """
        if self._buffer:
            raise FormatError("the sound ends within a chunk")

    def _next_frame(self) -> int | None:
        """Return the size of the next frame; None while it is not whole."""
        head = bytes(self._buffer[self._end : self._end + MP3_HEADER_BYTES])
        if len(head) < MP3_HEADER_BYTES:
            return None
        header = parse_mp3_header(head)
        if header is None or header.configuration[1] != _LAYER_3:
            raise FormatError("not a frame of MP3")
        if (header.samples, header.sample_rate) != (MP3_FRAME_SAMPLES, SAMPLE_RATE):
            raise FormatError(
                f"MP3 of {header.sample_rate} Hz; the programme's is of {SAMPLE_RATE}", code="codec"
            )
        return header.size if self._end + header.size <= len(self._buffer) else None
