"""MPEG audio frames (MP3, and layer II) as Icecast sources send them.  Sans-I/O.

**Source:** ISO/IEC 11172-3 and 13818-3, "Side information".
"""

from __future__ import annotations

from typing import Final

from core.sound_frames import MP3_HEADER_BYTES, parse_mp3_header
from ingest.feed import Chunk, FeedStart
from ingest.icecast_frames import Frame, FrameFinder, FrameTimer

__all__ = ["Mp3Framer"]

_VERSION_1: Final = 3
_LAYER_3: Final = 1
_NO_CRC: Final = 1


def _side_information(frame: Frame) -> int:
    """Return where a layer III frame's side information begins."""
    return MP3_HEADER_BYTES if frame.data[1] & _NO_CRC else MP3_HEADER_BYTES + 2


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
        self._finder = FrameFinder(parse_mp3_header, header_bytes=MP3_HEADER_BYTES)
        self._timer = FrameTimer("mp3", _stands_alone)

    def receive(self, data: bytes) -> list[FeedStart | Chunk]:
        """Take bytes; return a start where sound begins or changes, and the chunks.

        Raises:
            FormatError: If this is no MPEG audio.
        """
        frames = self._finder.receive(data)
        return self._timer.receive([frame for frame in frames if not _describes_a_file(frame)])
