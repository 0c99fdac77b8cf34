"""Cut bytes into whole JPEGs by their markers, and say what one is.  Sans-I/O.

A JPEG is SOI, marker segments that tell their own length, and one or more scans, in which a
byte FF is followed by 00 or a restart marker; EOI ends it.  So its end is found without
decoding, and no FF D9 inside a segment's payload is taken for it.

**Source:** ITU-T T.81, B.1.1 (markers, byte stuffing), B.2 (order of the segments).
"""

from __future__ import annotations

import re
import struct
from typing import Final

from core.errors import FormatError

__all__ = ["MAX_JPEG_BYTES", "JpegCutter", "parse_jpeg_size"]

MAX_JPEG_BYTES: Final = 128 * 1024
"""No thumbnail is larger; white noise of 384x216 is 70 kB."""

_SOI: Final = b"\xff\xd8"
_EOI: Final = 0xD9
_SOS: Final = 0xDA
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive: what every browser shows."""

_AFTER_SCAN: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_MAX_UNFINISHED_BYTES: Final = 16 * MAX_JPEG_BYTES


class JpegCutter:
    """Bytes of a pipe in, whole JPEGs out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._in_scan = False

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes and return the JPEGs that they complete.

        Raises:
            FormatError: If they are not JPEGs one behind the other, or one of them does not end.
        """
        self._buffer += data
        found: list[bytes] = []
        while (end := self._find_end()) is not None:
            found.append(bytes(self._buffer[:end]))
            del self._buffer[:end]
            self._at, self._in_scan = 0, False
        if len(self._buffer) > _MAX_UNFINISHED_BYTES:
            raise FormatError("a JPEG without an end", code="size")
        return found

    def _find_end(self) -> int | None:
        """Return the position behind EOI, or None until it is there; go on where it left off."""
        if self._at == 0:
            if len(self._buffer) < len(_SOI):
                return None
            if self._buffer[:2] != _SOI:
                raise FormatError("a JPEG begins with SOI")
            self._at = 2
        while not self._in_scan or self._leave_scan():
            if len(self._buffer) < self._at + 2:
                return None
            if self._buffer[self._at] != 0xFF:  # noqa: PLR2004 - what every marker begins with
                raise FormatError("a JPEG's segment without a marker")
            if self._buffer[self._at + 1] == _EOI:
                return self._at + 2
            if not self._skip_segment():
                return None
        return None

    def _skip_segment(self) -> bool:
        """Move behind a marker segment; False until it is there."""
        if len(self._buffer) < self._at + 4:
            return False
        marker, length = struct.unpack_from(">xBH", self._buffer, self._at)
        if length < 2:  # noqa: PLR2004 - it counts itself
            raise FormatError("a JPEG's segment of no length")
        if len(self._buffer) < self._at + 2 + length:
            return False
        self._at += 2 + length
        self._in_scan = marker == _SOS
        return True

    def _leave_scan(self) -> bool:
        """Move to the marker that ends the scan; False until it is there."""
        match = _AFTER_SCAN.search(self._buffer, self._at)
        if match is None:
            # A last FF may be the first half of the marker.
            self._at = max(self._at, len(self._buffer) - 1)
            return False
        self._at = match.end() - 2
        self._in_scan = False
        return True


def parse_jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height of one whole JPEG, in pixels.

    Raises:
        FormatError: If it is not exactly one JPEG of a kind that browsers show.
    """
    if JpegCutter().receive(data) != [data]:
        raise FormatError("not one whole JPEG")
    at = 2
    while data[at + 1] not in (_SOS, _EOI):
        (length,) = struct.unpack_from(">H", data, at + 2)
        if data[at + 1] in _FRAMES and length >= 8:  # noqa: PLR2004 - to its width
            height, width = struct.unpack_from(">HH", data, at + 5)
            if width and height:
                return width, height
        at += 2 + length
    raise FormatError("a JPEG without a picture")
