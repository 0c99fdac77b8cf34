"""MPEG audio frames (MP3, and layer II) as Icecast sources send them.  Sans-I/O.

**Source:** ISO/IEC 11172-3 and 13818-3, "Header" and "Side information".
"""

from __future__ import annotations

from typing import Final

from ingest.feed import Chunk, FeedStart
from ingest.icecast_frames import Frame, FrameFinder, FrameHeader, FrameTimer

__all__ = ["Mp3Framer", "parse_mp3_header"]

_SYNC: Final = 0x7FF
_VERSION_1: Final = 3
_VERSION_2: Final = 2
_LAYER_2: Final = 2
_LAYER_3: Final = 1
_MONO: Final = 3
_NO_CRC: Final = 1
_HEADER_BYTES: Final = 4

_KBPS: Final = {
    # (MPEG-1, layer): kbit/s by index; 0, free format, has no size in its header
    (True, _LAYER_2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {_VERSION_1: (44_100, 48_000, 32_000), _VERSION_2: (22_050, 24_000, 16_000)}
_RATES_2_5: Final = (11_025, 12_000, 8_000)


def parse_mp3_header(head: bytes) -> FrameHeader | None:
    """Read the four bytes of a frame's header; None if they are none."""
    word = int.from_bytes(head[:_HEADER_BYTES], "big")
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


def _side_information(frame: Frame) -> int:
    """Return where a layer III frame's side information begins."""
    return _HEADER_BYTES if frame.data[1] & _NO_CRC else _HEADER_BYTES + 2


def _stands_alone(frame: Frame) -> bool:
    """Tell whether a frame's sound lies in it alone, and not partly in frames before it.

    ``main_data_begin`` counts the bytes of earlier frames that belong to this one (the bit
    reservoir); a decoder that starts elsewhere is silent for that frame.
    """
    version, layer, _, _ = frame.header.configuration
    if layer != _LAYER_3:
        return True
    at = _side_information(frame)
    first = int.from_bytes(frame.data[at : at + 2], "big")
    return first >> 7 == 0 if version == _VERSION_1 else first >> 8 == 0


def _describes_a_file(frame: Frame) -> bool:
    """Tell whether this is the silent first frame that holds a file's length and seek table.

    # FFmpeg: takes it at its word, and so a programme without end for one of four minutes.
    """
    version, _, _, channels = frame.header.configuration
    sizes = (32, 17) if version == _VERSION_1 else (17, 9)
    at = _side_information(frame) + sizes[channels == 1]
    return frame.data[at : at + 4] in {b"Xing", b"Info"} or frame.data[36:40] == b"VBRI"


class Mp3Framer:
    """Cut an MP3 source into chunks, each beginning with a whole frame."""

    def __init__(self) -> None:
        self._finder = FrameFinder(parse_mp3_header, header_bytes=_HEADER_BYTES)
        self._timer = FrameTimer("mp3", _stands_alone)

    def receive(self, data: bytes) -> list[FeedStart | Chunk]:
        """Take bytes; return a start where sound begins or changes, and the chunks.

        Raises:
            FormatError: If this is no MPEG audio.
        """
        frames = self._finder.receive(data)
        return self._timer.receive([frame for frame in frames if not _describes_a_file(frame)])
