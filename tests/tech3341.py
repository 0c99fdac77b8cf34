"""The test signals of EBU Tech 3341, made from their definitions.

The files that EBU publishes are not in this repository; ``benchmarks/ebu_loudness_set.py`` measures
them where somebody has them.  Cases 7 and 8 are recordings of
programmes, which nobody can make from a definition; case 6 has five channels, and Lensong
carries two.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
_FADE_S = 0.01


def stereo(samples: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return a signal (full scale: 1) in both channels."""
    pcm = np.clip(np.round(samples * 32_768), -32_768, 32_767).astype(np.int16)
    return np.stack([pcm, pcm], axis=1)


def tones(parts: Sequence[tuple[float | None, float]], *, hertz: float = 1000) -> NDArray[np.int16]:
    """Return tones one behind the other: (dBFS, or None for silence; seconds)."""
    runs = []
    for level, seconds in parts:
        at = np.arange(round(seconds * RATE)) / RATE
        amplitude = 0.0 if level is None else 10 ** (level / 20)
        runs.append(amplitude * np.sin(2 * np.pi * hertz * at))
    return stereo(np.concatenate(runs))


def peak_tone(divisor: float, phase_degrees: float, amplitude: float) -> NDArray[np.int16]:
    """Return a tone of a fraction of the sampling rate, faded in and out (cases 15 to 19)."""
    at = np.arange(RATE)
    samples = amplitude * np.sin(2 * np.pi * at / divisor + np.radians(phase_degrees))
    fade = np.minimum(1.0, np.minimum(at, at[::-1]) / (_FADE_S * RATE))
    return stereo(samples * fade)


def peak_between_samples(offset: int) -> NDArray[np.int16]:
    """Return a tone with one peak of full scale between samples (cases 20 to 23).

    At four times the rate a tone of a sixth of the lower rate, of half scale, swells to full
    scale once; band-limited as it is, every fourth sample is kept, from ``offset`` on.
    """
    at = np.arange(4 * RATE) - 2 * RATE
    swell = 0.5 + 0.5 * np.exp(-np.square(at / 160.0))
    samples = swell * np.cos(2 * np.pi * at / 24)
    return stereo(samples[offset::4])
