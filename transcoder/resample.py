"""Read sound at a fractional position and a slightly different rate.  Sans-I/O.

A studio's clock runs up to some hundred ppm fast or slow against ours, so its sound
is read at a rate up to 0.1 % away from one.  The position lies anywhere between two
samples; what is there is interpolated by a windowed sinc whose taps are polynomials
of the fraction (a Farrow structure): six short convolutions a block.

Why not a library: libsoxr's and libsamplerate's streams keep a state and a delay of
their own, while the switcher must start, stop and restart at an exact position at any
tick, and reads most of the time at rate one, where samples are copied untouched.

**Source:** C. W. Farrow, "A continuously variable digital delay element", 1988.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["MARGIN", "read_block"]

Sound = npt.NDArray[np.int16]
"""Sound: shape (samples, 2), 48 kHz."""

_TAPS: Final = 48
_DEGREE: Final = 5
_KAISER_BETA: Final = 9.0

MARGIN: Final = _TAPS // 2
"""Samples that are read before and behind a block for interpolation."""


def _farrow_taps() -> npt.NDArray[np.float64]:
    """Return the polynomial of each tap: shape (degree + 1, taps), lowest power first."""
    fractions = np.linspace(0.0, 1.0, 65)
    at = np.arange(_TAPS) - (MARGIN - 1)
    distance = at[None, :] - fractions[:, None]
    edge = np.clip(distance / MARGIN, -1.0, 1.0)
    window = np.i0(_KAISER_BETA * np.sqrt(1.0 - edge**2)) / np.i0(_KAISER_BETA)
    taps = np.sinc(distance) * window
    taps /= taps.sum(axis=1, keepdims=True)
    # Centred on one half, where the fit is best conditioned.
    fit = np.polynomial.polynomial.polyfit(fractions - 0.5, taps, _DEGREE)
    return np.asarray(fit, dtype=np.float64)


_POLYNOMIALS: Final = _farrow_taps()


def read_block(sound: Sound, position: float, step: float, count: int) -> Sound:
    """Return ``count`` samples read from ``position`` on, ``step`` apart.

    Args:
        sound: What there is, at least :data:`MARGIN` samples before ``position`` and behind
            the last sample that is read; shape (samples, 2).
        position: Where the first sample is read, in samples from the start of ``sound``.
        step: Distance of the samples read; 1.0 at the nominal rate.
        count: How many samples to return.

    Raises:
        ValueError: If ``sound`` does not reach far enough.
    """
    first = int(np.floor(position))
    if step == 1.0 and first == position:
        block = sound[first : first + count]
        if first < 0 or len(block) < count:
            raise ValueError("the block lies outside the sound")
        return block
    at = position + step * np.arange(count)
    whole = np.floor(at).astype(np.int64)
    start = int(whole[0]) - (MARGIN - 1)
    stop = int(whole[-1]) + MARGIN + 1
    if start < 0 or stop > len(sound):
        raise ValueError("the block and its margins lie outside the sound")
    window = sound[start:stop].astype(np.float64)
    fraction = (at - whole - 0.5)[:, None]
    index = whole - whole[0]
    result = np.zeros((count, 2))
    for taps in _POLYNOMIALS[::-1]:  # Horner's rule in the fraction
        columns = [np.correlate(window[:, side], taps, "valid")[index] for side in (0, 1)]
        result = result * fraction + np.stack(columns, axis=1)
    return np.clip(np.rint(result), -32_768, 32_767).astype(np.int16)
