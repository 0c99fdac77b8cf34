"""Draw the demo's television picture, frame by frame.  Sans-I/O.

A picture is planar yuv420p in one buffer.  Everything that costs is drawn once: a wide
background that is scrolled by slicing, and the texts as masks.  A frame then takes a few
copies, a hundredth of what FFmpeg's ``geq`` would need.

What machines read: a *strip* of 34 squares of 16 pixels in the bottom left corner (white,
black, then 32 bits, the highest first) holds the frame's number ``floor(unix_time * 25)``
modulo 2**32, and a *flash* square at the top right is white in the first two frames of each
second, when the beep sounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "FLASH_BOX",
    "FLASH_FRAMES",
    "FRAME_RATE",
    "HEIGHT",
    "STRIP_BITS",
    "STRIP_SQUARE",
    "WIDTH",
    "Look",
    "Picture",
    "Texts",
    "read_strip",
]

WIDTH: Final = 640
HEIGHT: Final = 360
FRAME_RATE: Final = 25
STRIP_SQUARE: Final = 16
STRIP_BITS: Final = 32
FLASH_BOX: Final = (WIDTH - 88, 16, 72, 72)
"""Left, top, width and height of the flash, in pixels."""

FLASH_FRAMES: Final = 2

_WHITE: Final = 235
_BLACK: Final = 16
_STEP: Final = 2  # pixels a frame; even, so that chroma moves by whole samples
_BALL: Final = 48

Plane: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one studio, so that a switch is seen from across the room."""

    dark: tuple[int, int, int]
    """Y, U, V of the background's dark end."""

    light: tuple[int, int, int]
    """Y, U, V of its light end."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What is written into the picture, as luma masks of shape (lines, columns)."""

    channel: Plane
    """Name of the channel."""

    mark: Plane
    """Which studio this is."""

    glyphs: Mapping[str, Plane]
    """Digits, colon and space, all of one size."""


class Picture:
    """Makes the frames of one studio."""

    def __init__(self, look: Look, texts: Texts) -> None:
        self._texts = texts
        self._period = WIDTH
        self._background = [
            _scrolling(look, plane, scale) for plane, scale in ((0, 1), (1, 2), (2, 2))
        ]
        size = WIDTH * HEIGHT
        self._buffer = np.zeros(size * 3 // 2, np.uint8)
        self._luma = self._buffer[:size].reshape(HEIGHT, WIDTH)
        half = (HEIGHT // 2, WIDTH // 2)
        self._u = self._buffer[size : size * 5 // 4].reshape(half)
        self._v = self._buffer[size * 5 // 4 :].reshape(half)
        across = np.arange(_BALL) - _BALL / 2 + 0.5
        self._ball = (across[:, None] ** 2 + across[None, :] ** 2) < (_BALL / 2) ** 2

    def draw(self, frame: int, clock: str) -> bytes:
        """Return one frame.

        Args:
            frame: ``floor(unix_time * 25)`` of the moment at which it is shown.
            clock: Local time as ``HH:MM:SS``.
        """
        shift = frame * _STEP % self._period
        half = shift // 2
        self._luma[:] = self._background[0][:, shift : shift + WIDTH]
        self._u[:] = self._background[1][:, half : half + WIDTH // 2]
        self._v[:] = self._background[2][:, half : half + WIDTH // 2]
        self._draw_ball(frame)
        self._draw_texts(frame, clock)
        self._draw_flash(frame)
        self._draw_strip(frame)
        return self._buffer.tobytes()

    def _draw_ball(self, frame: int) -> None:
        """A ball runs from side to side: a repeated or a lost frame is seen as a jerk."""
        room = WIDTH - _BALL
        at = frame * 6 % (2 * room)
        left = at if at < room else 2 * room - at
        top = 236
        self._luma[top : top + _BALL, left : left + _BALL][self._ball] = _WHITE

    def _draw_texts(self, frame: int, clock: str) -> None:
        texts = self._texts
        self._stamp(texts.channel, 20, 16)
        self._stamp(texts.mark, 20, 64)
        self._write(clock, 20, 122)
        self._write(f"{frame:>11}", 20, 180)

    def _write(self, text: str, left: int, top: int) -> None:
        for character in text:
            glyph = self._texts.glyphs[character]
            self._stamp(glyph, left, top)
            left += glyph.shape[1]

    def _stamp(self, mask: Plane, left: int, top: int) -> None:
        height = min(mask.shape[0], HEIGHT - top)
        width = min(mask.shape[1], WIDTH - left)
        area = self._luma[top : top + height, left : left + width]
        np.maximum(area, mask[:height, :width], out=area)

    def _draw_flash(self, frame: int) -> None:
        left, top, width, height = FLASH_BOX
        lit = frame % FRAME_RATE < FLASH_FRAMES
        self._fill(left, top, width, height, _WHITE if lit else _BLACK)

    def _draw_strip(self, frame: int) -> None:
        number = frame % 2**STRIP_BITS
        bits = [1, 0, *(number >> (STRIP_BITS - 1 - place) & 1 for place in range(STRIP_BITS))]
        row = np.repeat(
            np.array([_WHITE if bit else _BLACK for bit in bits], np.uint8), STRIP_SQUARE
        )
        top = HEIGHT - STRIP_SQUARE
        self._fill(0, top, row.size, STRIP_SQUARE, _BLACK)
        self._luma[top:, : row.size] = row

    def _fill(self, left: int, top: int, width: int, height: int, luma: int) -> None:
        self._luma[top : top + height, left : left + width] = luma
        box = np.s_[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
        self._u[box] = 128
        self._v[box] = 128


def _scrolling(look: Look, plane: int, scale: int) -> Plane:
    """Return a background of twice the width that repeats after one width."""
    columns = np.arange(2 * WIDTH // scale) * scale * 2 * np.pi / WIDTH
    rows = np.arange(HEIGHT // scale)[:, None] * scale / HEIGHT
    wave = 0.5 + 0.5 * np.sin(2 * columns[None, :] + 3 * rows)
    wave = 0.7 * wave + 0.3 * rows
    dark, light = look.dark[plane], look.light[plane]
    values: Plane = np.rint(dark + (light - dark) * wave).astype(np.uint8)
    return values


def read_strip(luma: Plane) -> int | None:
    """Read the frame's number modulo 2**32 out of a picture, at any size; None when unreadable.

    Args:
        luma: Plane of shape (lines, columns) of a picture of the same aspect.
    """
    height, width = luma.shape
    row = round((HEIGHT - STRIP_SQUARE / 2) * height / HEIGHT)
    centres = [(place + 0.5) * STRIP_SQUARE * width / WIDTH for place in range(STRIP_BITS + 2)]
    values: Sequence[bool] = [bool(luma[row, int(centre)] > 125) for centre in centres]  # noqa: PLR2004
    if values[:2] != [True, False]:
        return None
    number = 0
    for bit in values[2:]:
        number = number << 1 | bit
    return number
