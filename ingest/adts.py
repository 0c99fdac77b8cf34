"""AAC frames with ADTS headers, as Icecast sources send them.  Sans-I/O.

HE-AAC looks like AAC-LC of half the rate here; times come out right either way, since a
frame lasts 1,024 samples of the rate that its header names.

**Source:** ISO/IEC 13818-7, "Audio Data Transport Stream".
"""

from __future__ import annotations

from typing import Final

from core.sound_frames import FrameHeader
from ingest.feed import Chunk, FeedStart
from ingest.icecast_frames import Frame, FrameFinder, FrameTimer

__all__ = ["AdtsFramer", "parse_adts_header"]

_HEADER_BYTES: Final = 7
_CRC_BYTES: Final = 2
_SYNC: Final = 0xFFF
_BLOCK_SAMPLES: Final = 1_024
_RATES: Final = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000),
    *(22_050, 16_000, 12_000, 11_025, 8_000, 7_350),
)


def parse_adts_header(head: bytes) -> FrameHeader | None:
    """Read the seven bytes of a frame's header; None if they are none."""
    word = int.from_bytes(head[:_HEADER_BYTES], "big")
    layer, no_crc, object_type = word >> 41 & 3, word >> 40 & 1, word >> 38 & 3
    rate_index, channels = word >> 34 & 15, word >> 30 & 7
    size, blocks = word >> 13 & 0x1FFF, (word & 3) + 1
    smallest = _HEADER_BYTES + (0 if no_crc else _CRC_BYTES)
    if word >> 44 != _SYNC or layer != 0 or rate_index >= len(_RATES) or size <= smallest:
        return None
    configuration = (object_type, rate_index, channels)
    return FrameHeader(size, blocks * _BLOCK_SAMPLES, _RATES[rate_index], configuration)


def _stands_alone(_: Frame) -> bool:
    """Tell whether decoding may start here: in AAC, everywhere."""
    return True


class AdtsFramer:
    """Cut an AAC source into chunks, each beginning with a whole frame."""

    def __init__(self) -> None:
        self._finder = FrameFinder(parse_adts_header, header_bytes=_HEADER_BYTES)
        self._timer = FrameTimer("aac", _stands_alone)

    def receive(self, data: bytes) -> list[FeedStart | Chunk]:
        """Take bytes; return a start where sound begins or changes, and the chunks.

        Raises:
            FormatError: If this is no AAC with ADTS headers.
        """
        return self._timer.receive(self._finder.receive(data))
