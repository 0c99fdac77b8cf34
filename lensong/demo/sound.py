"""Make the demo's sounds: a beep over a quiet bed, and music for the radio.  Sans-I/O.

All are loops of a whole number of seconds, made once; what follows is slicing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["BEEP_HZ", "BEEP_S", "SAMPLE_RATE", "loop_slice", "music_loop", "studio_loop"]

SAMPLE_RATE: Final = 48_000
BEEP_HZ: Final = 1_000
BEEP_S: Final = 0.04

Samples = npt.NDArray[np.int16]
"""Shape (samples, 2): interleaved stereo."""

_CHORD_S: Final = 4
_CHORDS: Final = (  # semitones above A2; a slow turn in D
    (5, 12, 17, 21, 24),
    (0, 12, 16, 19, 24),
    (2, 9, 14, 17, 26),
    (10, 14, 17, 22, 26),
)
_A2_HZ: Final = 110.0


def studio_loop(bed_hz: int) -> Samples:
    """Return one second: a beep at its first sample, over a quiet tone of ``bed_hz``."""
    moments = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = 0.02 * np.sin(2 * np.pi * bed_hz * moments)
    length = int(SAMPLE_RATE * BEEP_S)
    wave[:length] += 0.5 * np.sin(2 * np.pi * BEEP_HZ * moments[:length])
    return _stereo(wave, wave)


def music_loop() -> Samples:
    """Return sixteen seconds of chords that fade into each other."""
    left = np.zeros(SAMPLE_RATE * _CHORD_S * len(_CHORDS))
    right = np.zeros_like(left)
    length = SAMPLE_RATE * _CHORD_S
    moments = np.arange(length) / SAMPLE_RATE
    swell = np.minimum(1.0, np.minimum(moments / 0.4, (_CHORD_S - moments) / 0.6))
    for place, chord in enumerate(_CHORDS):
        span = slice(place * length, (place + 1) * length)
        for voice, semitone in enumerate(chord):
            pitch = _A2_HZ * 2 ** (semitone / 12)
            tone = np.sin(2 * np.pi * pitch * moments) + 0.3 * np.sin(4 * np.pi * pitch * moments)
            tremble = 1 + 0.2 * np.sin(2 * np.pi * (0.5 + 0.25 * voice) * moments)
            balance = voice / (len(chord) - 1)
            left[span] += 0.06 * swell * tremble * tone * (1 - 0.6 * balance)
            right[span] += 0.06 * swell * tremble * tone * (0.4 + 0.6 * balance)
    return _stereo(left, right)


def loop_slice(loop: Samples, start: int, count: int) -> bytes:
    """Return ``count`` samples of the endless loop from sample ``start`` on, as s16le."""
    at = (start + np.arange(count)) % len(loop)
    return loop[at].astype("<i2", copy=False).tobytes()


def _stereo(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> Samples:
    return np.rint(np.stack((left, right), axis=1) * 32767).astype(np.int16)
