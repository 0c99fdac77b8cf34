"""Song titles between the bytes of sound, as Shoutcast players ask for them.  Sans-I/O.

A player that asks with ``Icy-MetaData: 1`` is told ``icy-metaint``: after every so many bytes of
sound comes one byte, the sixteenth part of the length of a block of text, and the block.

**Source:** no standard names it; SHOUTcast's servers and VLC's, FFmpeg's and mpv's readers agree.
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["METAINT", "IcyInterleaver", "title_block"]

METAINT: Final = 16_000
"""Bytes of sound between two blocks: one second at 128 kbit/s."""

_UNIT_BYTES: Final = 16
_MAX_BLOCK_BYTES: Final = 255 * _UNIT_BYTES
_FRAME: Final = (b"StreamTitle='", b"';")
_NOTHING_NEW: Final = b"\0"

# Player: most look for the next "';" and take what lies before it for the title.
_HARMLESS: Final = str.maketrans({"'": "’", '"': "”", ";": ","})


def title_block(title: str) -> bytes:
    """Return the block that tells a title, its length byte included.

    Args:
        title: Any text; it is cut, between two characters, to what a block can hold.
    """
    text = unicodedata.normalize("NFC", title).translate(_HARMLESS)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    before, after = _FRAME
    room = _MAX_BLOCK_BYTES - len(before) - len(after)
    said = text.encode()[:room].decode(errors="ignore").encode()
    block = before + said + after
    units = -(-len(block) // _UNIT_BYTES)
    return bytes((units,)) + block.ljust(units * _UNIT_BYTES, b"\0")


class IcyInterleaver:
    """One listener's place between two blocks, and what he was told last."""

    __slots__ = ("_left", "_told")

    def __init__(self) -> None:
        self._left = METAINT
        self._told = b""

    def interleave(self, sound: bytes, block: bytes) -> list[bytes | memoryview]:
        """Return the sound in pieces, not copied, with blocks where they are due.

        Args:
            sound: The next bytes of sound.
            block: What :func:`title_block` made of the title now; told only where it changed.
        """
        if len(sound) < self._left:  # three times in four
            self._left -= len(sound)
            return [sound]
        view, at = memoryview(sound), 0
        pieces: list[bytes | memoryview] = []
        while len(view) - at >= self._left:
            pieces += (view[at : at + self._left], _NOTHING_NEW if block is self._told else block)
            at += self._left
            self._left, self._told = METAINT, block
        if at < len(view):
            pieces.append(view[at:])
            self._left -= len(view) - at
        return pieces
