"""Read the box structure of ISO base media files.  Sans-I/O.

Only headers are read; payloads are passed on as views.  Nothing here trusts a
size that the sender wrote: every box is checked against the bytes there are and
against a limit, because a 64-bit size is a cheap way to ask for memory.

**Source:** ISO/IEC 14496-12, "Object-structured file organization".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import FormatError

__all__ = ["MAX_BOX_BYTES", "Box", "BoxReader", "child", "children", "iter_boxes"]

MAX_BOX_BYTES: Final = 64 * 1024 * 1024
"""Largest box that is accepted.  A part at 50 Mbit/s is 4 MB; this leaves room."""

_SHORT_HEADER: Final = 8
_LONG_HEADER: Final = 16


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-character code and its payload."""

    kind: bytes
    """Four bytes, such as ``b"moof"``."""

    payload: memoryview
    """All bytes behind the size and the code."""

    raw: memoryview
    """The whole box, its header included."""


def _box_size(header: bytes | memoryview) -> tuple[int, int] | None:
    """Return (size of the box, size of its header), or None while bytes are missing."""
    if len(header) < _SHORT_HEADER:
        return None
    size = int.from_bytes(header[:4], "big")
    header_bytes = _SHORT_HEADER
    if size == 1:
        if len(header) < _LONG_HEADER:
            return None
        size = int.from_bytes(header[8:16], "big")
        header_bytes = _LONG_HEADER
    if size < header_bytes:  # 0 means "to the end of the file", which a live track has not
        raise FormatError(f"a box claims a size of {size} bytes", code="parse")
    if size > MAX_BOX_BYTES:
        raise FormatError(f"a box of {size} bytes is over {MAX_BOX_BYTES}", code="size")
    return size, header_bytes


def iter_boxes(data: bytes | memoryview) -> Iterator[Box]:
    """Yield the boxes that fill ``data`` exactly.

    Raises:
        FormatError: If a box is cut off or its size is impossible.
    """
    view = memoryview(data)
    at = 0
    while at < len(view):
        sizes = _box_size(view[at : at + _LONG_HEADER])
        if sizes is None or at + sizes[0] > len(view):
            raise FormatError("a box is cut off", code="parse")
        size, header_bytes = sizes
        raw = view[at : at + size]
        yield Box(bytes(raw[4:8]), raw[header_bytes:], raw)
        at += size


def children(data: bytes | memoryview, kind: bytes) -> list[memoryview]:
    """Return the payloads of all boxes of ``kind`` directly inside ``data``."""
    return [box.payload for box in iter_boxes(data) if box.kind == kind]


def child(data: bytes | memoryview, *path: bytes) -> memoryview:
    """Return the payload of the first box along ``path``, such as ``moov``, ``trak``, ``mdia``.

    Raises:
        FormatError: If there is none.
    """
    view = memoryview(data)
    for kind in path:
        found = next((box.payload for box in iter_boxes(view) if box.kind == kind), None)
        if found is None:
            raise FormatError(f"no {kind.decode('latin-1')} box", code="parse")
        view = found
    return view


class BoxReader:
    """Cut a byte stream into whole top-level boxes.

    ``receive()`` takes bytes as they come and returns the boxes they complete;
    at most one box, of at most :data:`MAX_BOX_BYTES`, is held back.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending_bytes(self) -> int:
        """Bytes of the box that is not complete yet."""
        return len(self._buffer)

    def receive(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Take ``data`` and return every box that is now complete, headers included.

        Raises:
            FormatError: If a size is impossible; the reader is of no use afterwards.
        """
        return list(self.cut(data))

    def cut(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Like :meth:`receive`, one box at a time: those before an impossible one are had.

        Raises:
            FormatError: If a size is impossible; the reader is of no use afterwards.
        """
        self._buffer += data
        while True:
            sizes = _box_size(bytes(self._buffer[:_LONG_HEADER]))
            if sizes is None or sizes[0] > len(self._buffer):
                return
            box = bytes(memoryview(self._buffer)[: sizes[0]])
            del self._buffer[: sizes[0]]
            yield box
