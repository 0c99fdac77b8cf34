"""Decode what was published and look at it: repeated pictures, and sound against picture.

The demo's studios burn each picture's number into a strip, and flash and beep together at
every whole second (:mod:`lensong.demo.picture`).  Decoding is CPU work: call from a thread.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast

import av
import numpy as np
import numpy.typing as npt

from lensong.demo.picture import FLASH_BOX, HEIGHT, WIDTH, read_strip

__all__ = [
    "Picture",
    "Repeats",
    "beep_onsets",
    "decode_pictures",
    "decode_sound",
    "flash_times",
    "lip_sync_ms",
    "repeats_of",
]

_LIT: Final = 125
"""Mean luma above which the flash is on: half way between black (16) and white (235)."""

_BEEP_HZ: Final = 1_000
_WINDOW_S: Final = 0.005
"""Span over which the beep's strength is measured: five of its waves."""

_NEAR_S: Final = 0.45
"""A flash and a beep further apart than this do not belong together; they come every second."""

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture."""

    time_s: float
    """Presentation time since the UNIX epoch."""

    number: int | None
    """What the strip says, modulo 2**32; None where there is none, as in the slate."""

    lit: bool
    """The flash is on."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """How smoothly the pictures go on."""

    pictures: int
    repeated: int
    """Pictures with the number of the one before."""

    longest: int
    """The longest run of repeated pictures."""

    without_number: int
    """Pictures without a strip: slate."""

    backward: int
    """Steps to a smaller number (a backup that is behind the primary); repeats are none."""


def decode_pictures(header: bytes, segments: Iterable[bytes]) -> list[Picture]:
    """Decode consecutive segments of a video rendition."""
    found: list[Picture] = []
    with av.open(io.BytesIO(header + b"".join(segments)), mode="r") as container:
        for frame in container.decode(video=0):
            planes = cast("npt.NDArray[np.uint8]", frame.to_ndarray(format="yuv420p"))
            luma = planes[: frame.height, : frame.width]
            found.append(Picture(float(frame.time or 0), read_strip(luma), _is_lit(luma)))
    return found


def _is_lit(luma: npt.NDArray[np.uint8]) -> bool:
    """Look at the inner half of the flash square, so that blur at its edges does not matter."""
    left, top, width, height = FLASH_BOX
    down, across = luma.shape[0] / HEIGHT, luma.shape[1] / WIDTH
    rows = slice(round((top + height / 4) * down), round((top + 3 * height / 4) * down))
    columns = slice(round((left + width / 4) * across), round((left + 3 * width / 4) * across))
    return float(luma[rows, columns].mean()) > _LIT


def repeats_of(pictures: Sequence[Picture]) -> Repeats:
    """Count the pictures that were shown again."""
    repeated = longest = run = backward = 0
    for before, after in pairwise(pictures):
        same = after.number is not None and after.number == before.number
        run = run + 1 if same else 0
        repeated += same
        longest = max(longest, run)
        if before.number is not None and after.number is not None:
            backward += (after.number - before.number) % 2**32 >= 2**31
    without = sum(picture.number is None for picture in pictures)
    return Repeats(len(pictures), repeated, longest, without, backward)


def flash_times(pictures: Sequence[Picture]) -> list[float]:
    """Return the time of the first lit picture of each flash, in seconds."""
    return [after.time_s for before, after in pairwise(pictures) if after.lit and not before.lit]


def decode_sound(header: bytes, segments: Iterable[bytes]) -> tuple[float, Samples]:
    """Decode consecutive segments of a sound rendition to (time of the first sample, mono).

    The first frame needs the one before, which is not there: it is decoded, and silent in part.
    """
    chunks: list[Samples] = []
    start_s: float | None = None
    with av.open(io.BytesIO(header + b"".join(segments)), mode="r") as container:
        for frame in container.decode(audio=0):
            if start_s is None:
                start_s = float(frame.time or 0)
            planes = cast("npt.NDArray[np.float32]", frame.to_ndarray())
            chunks.append(planes.astype(np.float64).mean(axis=0))
    return start_s or 0.0, np.concatenate(chunks) if chunks else np.zeros(0)


def beep_onsets(start_s: float, samples: Samples, rate: int = 48_000) -> list[float]:
    """Return the time at which each beep begins, in seconds.

    The strength of 1 kHz in a window of 5 ms crosses half of its height when half of the window
    has heard the beep: the onset is the middle of that window.
    """
    length = round(_WINDOW_S * rate)
    if len(samples) < 2 * length:
        return []
    turns = np.exp(-2j * np.pi * _BEEP_HZ * np.arange(len(samples)) / rate)
    sums = np.concatenate(([0], np.cumsum(samples * turns)))
    strength = np.abs(sums[length:] - sums[:-length])
    above = strength > strength.max() / 2
    rises = np.flatnonzero(above[1:] & ~above[:-1]) + 1
    onsets = [start_s + (int(at) + length / 2) / rate for at in rises]
    return [at for i, at in enumerate(onsets) if i == 0 or at - onsets[i - 1] > _NEAR_S]


def lip_sync_ms(flashes: Sequence[float], beeps: Sequence[float]) -> list[float]:
    """Return for each flash how late its beep is, in milliseconds; negative: the beep is early."""
    found: list[float] = []
    for flash in flashes:
        nearest = min(beeps, key=lambda beep: abs(beep - flash), default=None)
        if nearest is not None and abs(nearest - flash) < _NEAR_S:
            found.append(1000 * (nearest - flash))
    return found
