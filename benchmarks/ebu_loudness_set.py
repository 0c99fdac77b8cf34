"""Measure EBU's own test files with the platform's meter, and hold them against Tech 3341 and 3342.

    python -m benchmarks.ebu_loudness_set FOLDER

FOLDER is where EBU's "loudness test set" was unpacked (EBU gives it to everybody at tech.ebu.ch; it
is not part of this repository).  Each file is read as the platform hears it: 16 bit, stereo,
48 kHz.  Files that are not there and the two of five channels are left out, and said so.  The exit
code is 1 when a file is off, or none was measured.
"""

from __future__ import annotations

import argparse
import re
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.loudness import FLOOR_LUFS, GatedLoudness, LoudnessMeter, LoudnessStep, decibels

__all__ = ["CASES", "Case", "judge", "read_sound"]

_RATE: Final = 48_000
_BLOCK: Final = 1_920
_STEPS_A_SECOND: Final = 10

Steps = Sequence[LoudnessStep]


@dataclass(frozen=True, slots=True)
class Case:
    """What a file is to give."""

    file: str
    """Pattern of its name; EBU's have endings of many kinds."""

    scale: str
    expected: tuple[float, ...]
    """One value, or one a part of the file."""

    measure: Callable[[Steps, int], list[float]]
    """From the steps and the number of parts: what was found, to be held against each value."""

    below: float = 0.1
    above: float = 0.1

    def holds(self, found: Sequence[float]) -> bool:
        """Tell whether every value is within the tolerance."""
        wanted = self.expected if len(self.expected) > 1 else self.expected * len(found)
        return len(found) == len(wanted) and all(
            -self.below <= one - expected <= self.above
            for one, expected in zip(found, wanted, strict=True)
        )


def _gated(steps: Steps) -> GatedLoudness:
    found = GatedLoudness()
    for step in steps:
        found.add(step)
    return found


def _integrated(steps: Steps, _: int) -> list[float]:
    return [_gated(steps).integrated or FLOOR_LUFS]


def _range(steps: Steps, _: int) -> list[float]:
    return [_gated(steps).loudness_range or 0.0]


def _last(steps: Steps, _: int) -> list[float]:
    return [steps[-1].momentary or FLOOR_LUFS, steps[-1].short_term or FLOOR_LUFS]


def _short_terms(steps: Steps, _: int) -> list[float]:
    return [step.short_term or FLOOR_LUFS for step in steps[3 * _STEPS_A_SECOND :]]


def _momentaries(steps: Steps, _: int) -> list[float]:
    return [step.momentary or FLOOR_LUFS for step in steps[_STEPS_A_SECOND:]]


def _short_term_max(steps: Steps, parts: int) -> list[float]:
    return _highest([step.short_term_max for step in steps], parts)


def _momentary_max(steps: Steps, parts: int) -> list[float]:
    return _highest([step.momentary_max for step in steps], parts)


def _highest(values: Sequence[float | None], parts: int) -> list[float]:
    size = len(values) / parts
    cuts = [round(part * size) for part in range(parts + 1)]
    return [
        max(value if value is not None else FLOOR_LUFS for value in values[begin:end])
        for begin, end in pairwise(cuts)
    ]


def _true_peak(steps: Steps, _: int) -> list[float]:
    return [max(decibels(step.true_peak) for step in steps)]


_RAMP: Final = tuple(float(level) for level in range(-38, -18))

CASES: Final = (
    *(
        Case(rf"seq-3341-{case}-16bit.*", "momentary and short-term", (level,), _last)
        for case, level in ((1, -23.0), (2, -33.0))
    ),
    *(
        Case(rf"seq-3341-{case}-16bit.*", "integrated", (level,), _integrated)
        for case, level in ((1, -23.0), (2, -33.0), (3, -23.0), (4, -23.0), (5, -23.0))
    ),
    Case(r"seq-3341-7_.*", "integrated", (-23.0,), _integrated),
    Case(r"seq-3341-(2011-)?8_.*", "integrated", (-23.0,), _integrated),
    Case(r"seq-3341-9-24bit.*", "short-term, from 3 s on", (-23.0,), _short_terms),
    *(
        Case(rf"seq-3341-10-{part}-24bit.*", "highest short-term", (-23.0,), _short_term_max)
        for part in range(1, 21)
    ),
    Case(r"seq-3341-11-24bit.*", "highest short-term", _RAMP, _short_term_max),
    Case(r"seq-3341-12-24bit.*", "momentary, from 1 s on", (-23.0,), _momentaries),
    *(
        Case(rf"seq-3341-13-{part}-24bit.*", "highest momentary", (-23.0,), _momentary_max)
        for part in range(1, 21)
    ),
    Case(r"seq-3341-14-24bit.*", "highest momentary", _RAMP, _momentary_max),
    *(
        Case(rf"seq-3341-{case}-24bit.*", "true peak", (level,), _true_peak, 0.4, 0.2)
        for case, level in [
            *((case, -6.0) for case in range(15, 19)),
            (19, 3.0),
            *((case, 0.0) for case in range(20, 24)),
        ]
    ),
    *(
        Case(rf"seq-3342-{case}-16bit.*", "loudness range", (lra,), _range, 1.0, 1.0)
        for case, lra in ((1, 10.0), (2, 5.0), (3, 20.0), (4, 15.0))
    ),
    Case(r"seq-3341-7_seq-3342-5-.*", "loudness range", (5.0,), _range, 1.0, 1.0),
    Case(r"seq-3341-.*8_seq-3342-6-.*", "loudness range", (15.0,), _range, 1.0, 1.0),
    *(
        Case(rf"1kHz Sine {level} LUFS-16bit.*", "integrated", (float(level),), _integrated)
        for level in (-20, -26, -40)
    ),
)
"""Of five channels are 6 and its twin, and Lensong carries two."""


def read_sound(path: Path) -> NDArray[np.int16]:
    """Return a WAV file's samples, n by 2.

    Raises:
        ValueError: If it is not 16 or 24 bit, stereo, 48 kHz.
    """
    with wave.open(str(path), "rb") as file:
        width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
        if width not in (2, 3) or channels != 2 or rate != _RATE:
            raise ValueError(f"{path.name}: want 16 or 24 bit, stereo, 48 kHz")
        data = file.readframes(file.getnframes())
    if width == 2:
        return np.frombuffer(data, "<i2").reshape(-1, 2)
    octets = np.frombuffer(data, np.uint8).reshape(-1, 3)
    high = octets[:, 1:].copy().view("<i2")[:, 0].astype(np.int32) + (octets[:, 0] >> 7)
    return np.minimum(high, 32_767).astype(np.int16).reshape(-1, 2)


def judge(case: Case, path: Path) -> list[float]:
    """Return what the meter finds in a file."""
    sound, meter = read_sound(path), LoudnessMeter()
    steps = [
        step for at in range(0, len(sound), _BLOCK) for step in meter.add(sound[at : at + _BLOCK])
    ]
    return case.measure(steps, len(case.expected))


def main() -> bool:
    """Measure every file that is there."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    files = sorted(parser.parse_args().folder.glob("*.wav"))
    measured, off = 0, 0
    for case in CASES:
        path = next((one for one in files if re.fullmatch(case.file, one.name)), None)
        if path is None:
            print(f"not there  {case.file}")
            continue
        found = judge(case, path)
        is_good = case.holds(found)
        measured, off = measured + 1, off + (not is_good)
        said = f"{min(found):.2f} to {max(found):.2f}" if len(found) > 1 else f"{found[0]:.2f}"
        print(f"{'good' if is_good else 'OFF '}       {path.name}: {case.scale}: {said}")
    print(f"{measured} measured, {off} off, {len(CASES) - measured} not there")
    return bool(measured) and not off


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
