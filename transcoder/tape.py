"""The programme's tape: the last seconds of raw frames, written by the switcher, read by encoders.

The switcher appends one item each tick and never waits.  An encoder's writer threads
read by frame number, each at its own pace; one that falls behind the tape's end is
told so.  Because the tape reaches back, an encoder that replaces a dead one starts at
a segment's boundary that is already past and catches up.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from transcoder.buffer import Picture

__all__ = ["Tape", "TapeItem", "TapeLostError"]


class TapeLostError(Exception):
    """The frame asked for has left the tape."""


@dataclass(frozen=True, slots=True)
class TapeItem:
    """One tick of the programme."""

    frame: int
    """Number of the frame since the epoch."""

    picture: Picture | None
    """None for radio."""

    sound: bytes
    """s16le, stereo, 48 kHz."""


class Tape:
    """A bounded run of consecutive ticks."""

    def __init__(self, *, capacity: int) -> None:
        """Make an empty tape that keeps the newest ``capacity`` ticks."""
        self._items: deque[TapeItem] = deque(maxlen=capacity)
        self._grown = threading.Condition()

    @property
    def first(self) -> int | None:
        """Number of the oldest frame, or None while the tape is empty."""
        with self._grown:
            return self._items[0].frame if self._items else None

    @property
    def next(self) -> int | None:
        """Number of the frame that will be appended next, or None while the tape is empty."""
        with self._grown:
            return self._items[-1].frame + 1 if self._items else None

    def append(self, item: TapeItem) -> None:
        """Add one tick; a jump in its number starts the tape anew."""
        with self._grown:
            if self._items and item.frame != self._items[-1].frame + 1:
                self._items.clear()
            self._items.append(item)
            self._grown.notify_all()

    def read(self, frame: int, *, timeout_s: float) -> TapeItem | None:
        """Return frame ``frame``, waiting for it; None if it has not come in time.

        Raises:
            TapeLostError: If the frame is older than the tape, or was jumped over.
        """
        with self._grown:
            self._grown.wait_for(
                lambda: bool(self._items) and self._items[-1].frame >= frame, timeout_s
            )
            if not self._items or self._items[-1].frame < frame:
                return None
            at = frame - self._items[0].frame
            if at < 0:
                raise TapeLostError
            return self._items[at]
