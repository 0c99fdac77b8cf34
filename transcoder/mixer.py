"""Join sound across switches and gaps without a click.  Sans-I/O.

Where the sound of a tick is missing, what was heard last is played backwards while it
fades: that begins at the very sample where the sound stopped.  Where the source changes,
the old one's continuation fades out while the new one fades in.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from core.timeline import SAMPLE_RATE
from transcoder.resample import Sound

__all__ = ["SoundMixer"]

_JOIN: Final = SAMPLE_RATE // 100
"""Samples of a cross-fade: 10 ms."""


class SoundMixer:
    """One block in, one block out, each tick."""

    def __init__(self, *, block_samples: int) -> None:
        self._silence: Sound = np.zeros((block_samples, 2), dtype=np.int16)
        self._last: Sound = self._silence
        self._was_missing = False
        self._rise = np.linspace(0.0, 1.0, _JOIN, endpoint=False)[:, None]
        self._fall = np.linspace(1.0, 0.0, block_samples)[:, None]

    def mix(self, sound: Sound | None, *, is_cut: bool) -> Sound:
        """Return what is heard this tick.

        Args:
            sound: The source's samples, shape (block, 2), or None if they are missing.
            is_cut: The source differs from the last tick's.
        """
        was_missing, self._was_missing = self._was_missing, sound is None
        if sound is None:
            tail = self._tail()
            self._last = self._silence
            return tail
        out = sound
        if is_cut or was_missing:
            out = sound.copy()
            joined = sound[:_JOIN] * self._rise + self._tail()[:_JOIN] * (1.0 - self._rise)
            out[:_JOIN] = joined.astype(np.int16)
        self._last = out
        return out

    def _tail(self) -> Sound:
        """Return what was heard last, backwards and fading: a continuation without a step."""
        return (self._last[::-1] * self._fall).astype(np.int16)
