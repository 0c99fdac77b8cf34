"""Cut FFmpeg's FLV into tags.  Sans-I/O.

**Source:** Adobe, "Video file format specification 10.1", annex E.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import FormatError

__all__ = ["FlvReader", "FlvTag"]

_HEADER_BYTES: Final = 9
_TAG_HEADER_BYTES: Final = 11
_PREVIOUS_SIZE_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class FlvTag:
    """One tag, as RTMP carries it in one message."""

    kind: int
    """8 sound, 9 picture, 18 metadata."""

    timestamp_ms: int
    """Decode time in milliseconds, 32 bits."""

    payload: bytes
    """The tag's data."""


class FlvReader:
    """Takes bytes in any pieces and returns whole tags."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0
        self._begun = False

    def receive(self, data: bytes) -> list[FlvTag]:
        """Take ``data`` and return the tags that are now complete.

        Raises:
            FormatError: If it is not FLV.
        """
        self._buffer += data
        if not self._begun:
            if len(self._buffer) < _HEADER_BYTES + _PREVIOUS_SIZE_BYTES:
                return []
            if self._buffer[:3] != b"FLV":
                raise FormatError("not FLV")
            del self._buffer[: _HEADER_BYTES + _PREVIOUS_SIZE_BYTES]
            self._begun = True
        found: list[FlvTag] = []
        at = 0
        while len(self._buffer) - at >= _TAG_HEADER_BYTES:
            head = self._buffer[at : at + _TAG_HEADER_BYTES]
            size = int.from_bytes(head[1:4], "big")
            start = at + _TAG_HEADER_BYTES
            if len(self._buffer) < start + size + _PREVIOUS_SIZE_BYTES:
                break
            stamp = head[7] << 24 | int.from_bytes(head[4:7], "big")
            found.append(FlvTag(head[0] & 0x1F, stamp, bytes(self._buffer[start : start + size])))
            at = start + size + _PREVIOUS_SIZE_BYTES
        del self._buffer[:at]
        return found
