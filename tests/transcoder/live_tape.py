"""A tape that grows at the pace of life, its pictures numbered as the demo numbers them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import numpy as np

from core.clock import monotonic_ns
from lensong.demo.picture import HEIGHT, STRIP_BITS, STRIP_SQUARE, WIDTH
from transcoder.tape import Tape, TapeItem

__all__ = ["LiveTape", "numbered_picture"]

_RATE: Final = 25


def numbered_picture(frame: int) -> bytearray:
    """Draw a grey picture of 640x360 with the frame's number in its strip."""
    luma = np.full((HEIGHT, WIDTH), 90, dtype=np.uint8)
    bits = [1, 0, *(frame >> (STRIP_BITS - 1 - place) & 1 for place in range(STRIP_BITS))]
    for place, bit in enumerate(bits):
        left = place * STRIP_SQUARE
        luma[HEIGHT - STRIP_SQUARE :, left : left + STRIP_SQUARE] = 235 if bit else 16
    return bytearray(luma.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2))


class LiveTape:
    """Appends a frame each 40 ms, in a thread, until it is stopped."""

    def __init__(
        self, first_frame: int, draw: Callable[[int], bytearray] = numbered_picture
    ) -> None:
        self.tape = Tape(capacity=3 * _RATE)
        self.made_ns: dict[int, int] = {}
        """When each frame was there, by its number."""

        self._first, self._draw = first_frame, draw
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        begun, frame = monotonic_ns(), self._first
        while not self._stopped.wait(
            max(0.0, (frame - self._first) / _RATE - (monotonic_ns() - begun) / 1e9)
        ):
            self.made_ns[frame] = monotonic_ns()
            self.tape.append(TapeItem(frame, self._draw(frame), bytes(4 * 48_000 // _RATE)))
            frame += 1
