"""Loudness and true peak after EBU R 128: a meter that is fed blocks of PCM.  Sans-I/O.

The meter answers for every 100 ms of sound with a :class:`LoudnessStep`.  What is made
of the steps is the caller's: a :class:`GatedLoudness` gives the integrated loudness and
the loudness range of any set of steps in a memory that does not grow.

The K-weighting is two recursive sections, which numpy cannot run sample by sample at a
bearable cost.  So it runs as a linear system over runs of 40 samples: within a run the
output is one product of matrices, and the states at the runs' beginnings come from a
doubling scan.  The products are kept small enough for OpenBLAS to stay in one thread.

**Source:** ITU-R BS.1770-4 (filter, gating, true peak), EBU Tech 3341 (windows), EBU
Tech 3342 (loudness range).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.timeline import SAMPLE_RATE

__all__ = [
    "FLOOR_LUFS",
    "STEP_SAMPLES",
    "GatedLoudness",
    "LoudnessMeter",
    "LoudnessStep",
    "Sound",
    "bin_of",
    "decibels",
    "lufs_of",
]

Floats: TypeAlias = NDArray[np.float64]
Sound: TypeAlias = NDArray[np.int16 | np.float32]
"""Samples of a range of 16 bits.  Decoders' float may go beyond it, as what they decode does."""

STEP_SAMPLES: Final = SAMPLE_RATE // 10
"""Samples of a step.  "The gating block duration is 400 ms, the overlap 75 %" (BS.1770-4): a new
block each 100 ms."""

FLOOR_LUFS: Final = -120.0
"""What silence is called, since a logarithm of nothing is no number."""

_CHANNELS: Final = 2
_FULL_SCALE: Final = 32_768.0
_RUN: Final = 40
_FINE: Final = 480
"""Momentary loudness is looked at each 10 ms: at 100 ms a sound of 400 ms that falls between two
steps would be read 0.6 LU too low."""

_STEPS_PER_SECOND: Final = SAMPLE_RATE // STEP_SAMPLES
_FINE_PER_STEP: Final = STEP_SAMPLES // _FINE
_MOMENTARY: Final = 40
_SHORT_TERM: Final = 300
"""Windows of 400 ms and of 3 s, in tens of milliseconds."""

_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = 10.0
_RANGE_GATE_LU: Final = 20.0
_BINS_PER_LU: Final = 10
_BINS: Final = 800
"""From -70 to +10 LUFS; beyond is not possible with two channels."""

# The two sections at 48 kHz (BS.1770-4, tables 1 and 2): a shelf for the head, a high pass.
_SHELF: Final = ((1.53512485958697, -2.69169618940638, 1.19839281085285),
                 (-1.69065929318241, 0.73248077421585))  # fmt: skip
_HIGH_PASS: Final = ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))

_TAPS: Final = 12
_PHASES: Final = 4
_TRUE_RUN: Final = 24
_TRUE_ROWS: Final = 100


def lufs_of(energy: float) -> float:
    """Return the loudness of a K-weighted mean square, summed over channels (full scale: 1)."""
    # "Loudness = -0.691 + 10 log10 of the weighted sum" (BS.1770-4); left and right weigh 1.
    return max(FLOOR_LUFS, -0.691 + 10 * math.log10(energy)) if energy > 0 else FLOOR_LUFS


def _energy_of(lufs: float) -> float:
    return math.pow(10.0, (lufs + 0.691) / 10)


def decibels(amplitude: float) -> float:
    """Return an amplitude (full scale: 1) in dB, at least -120."""
    return max(-120.0, 20 * math.log10(amplitude)) if amplitude > 0 else -120.0


def bin_of(lufs: float) -> int | None:
    """Return the bin of a gating block's loudness; None below the absolute gate."""
    if lufs < _ABSOLUTE_GATE_LUFS:
        return None
    return min(_BINS - 1, int((lufs - _ABSOLUTE_GATE_LUFS) * _BINS_PER_LU))


@dataclass(frozen=True, slots=True)
class LoudnessStep:
    """What 100 ms of sound add."""

    momentary: float | None
    """LUFS of the last 400 ms, which is also the gating block that ends here; None while less
    than that was heard."""

    momentary_max: float | None
    """Highest momentary loudness within the step, looked at each 10 ms."""

    short_term: float | None
    """LUFS of the last 3 s; None while less than that was heard."""

    short_term_max: float | None
    """Highest short-term loudness within the step, looked at each 10 ms."""

    true_peak: float
    """Highest true peak of the second so far (amplitude, full scale: 1); the seconds are the
    meter's own, ten steps each."""


class GatedLoudness:
    """Integrated loudness and loudness range of steps, in bounded memory.

    Gating blocks are counted in bins of 0.1 LU, each with the sum of its blocks' energies:
    only which blocks the relative gate keeps is rounded, not how loud they are.
    """

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._counts = np.zeros(_BINS, dtype=np.int64)
        self._energies = np.zeros(_BINS)
        self._short = np.zeros(_BINS, dtype=np.int64)

    def add(self, step: LoudnessStep) -> None:
        """Take one step; None counts for nothing."""
        if step.momentary is not None and (at := bin_of(step.momentary)) is not None:
            self._counts[at] += 1
            self._energies[at] += _energy_of(step.momentary)
        if step.short_term is not None and (at := bin_of(step.short_term)) is not None:
            self._short[at] += 1

    def merge(
        self, blocks: Mapping[int, int], short_terms: Mapping[int, int], *, energy: float
    ) -> None:
        """Take what was counted elsewhere.

        Args:
            blocks: Number of gating blocks by bin.
            short_terms: Number of short-term values by bin.
            energy: Sum of the energies of ``blocks``; it mends what the bins rounded.
        """
        by_bin = {at: count * _middle(at) for at, count in blocks.items()}
        total = sum(by_bin.values())
        for at, count in blocks.items():
            self._counts[at] += count
            self._energies[at] += by_bin[at] * (energy / total)
        for at, count in short_terms.items():
            self._short[at] += count

    @property
    def blocks(self) -> dict[int, int]:
        """Gating blocks above the absolute gate, by bin."""
        return {int(at): int(self._counts[at]) for at in np.flatnonzero(self._counts)}

    @property
    def short_terms(self) -> dict[int, int]:
        """Short-term values above the absolute gate, by bin."""
        return {int(at): int(self._short[at]) for at in np.flatnonzero(self._short)}

    @property
    def energy(self) -> float:
        """Sum of the energies of :attr:`blocks`."""
        return float(self._energies.sum())

    @property
    def integrated(self) -> float | None:
        """Integrated loudness in LUFS; None while nothing was above the absolute gate."""
        used = self._counts > 0
        if not used.any():
            return None
        # "The relative threshold is 10 LU below the loudness of the blocks above the absolute
        # gate" (BS.1770-4).
        mean = self._energies.sum() / self._counts.sum()
        gate = mean * math.pow(10.0, -_RELATIVE_GATE_LU / 10)
        means = np.divide(self._energies, self._counts, out=np.zeros(_BINS), where=used)
        kept = used & (means >= gate)
        return lufs_of(float(self._energies[kept].sum() / self._counts[kept].sum()))

    @property
    def loudness_range(self) -> float | None:
        """Loudness range in LU; None while no short-term value was above the absolute gate."""
        if not self._short.any():
            return None
        middles = np.array([_middle(at) for at in range(_BINS)])
        mean = float((middles * self._short).sum() / self._short.sum())
        first = bin_of(lufs_of(mean) - _RANGE_GATE_LU) or 0
        counts = self._short.copy()
        counts[:first] = 0
        # "Between the estimates of the 10th and the 95th percentiles" (Tech 3342).
        sums = np.cumsum(counts)
        low, high = (int(np.searchsorted(sums, part * sums[-1])) for part in (0.10, 0.95))
        return (high - low) / _BINS_PER_LU


def _middle(at: int) -> float:
    return _energy_of(_ABSOLUTE_GATE_LUFS + (at + 0.5) / _BINS_PER_LU)


class LoudnessMeter:
    """Stereo at 48 kHz in, a step each 100 ms out."""

    def __init__(self) -> None:
        """Begin as after silence that nobody heard."""
        self._rest: Sound = np.zeros((0, _CHANNELS), dtype=np.int16)
        self._filters = [_KWeighting() for _ in range(_CHANNELS)]
        self._peaks = [_TruePeak() for _ in range(_CHANNELS)]
        self._fine: deque[float] = deque(maxlen=_SHORT_TERM + _FINE_PER_STEP)
        self._steps = 0
        self._second_peak = 0.0

    def add(self, sound: Sound) -> list[LoudnessStep]:
        """Take samples, as many as there are; return the steps that became whole.

        Args:
            sound: Shape (samples, 2).
        """
        if len(self._rest):
            sound = np.concatenate((self._rest, sound))
        whole = len(sound) // STEP_SAMPLES * STEP_SAMPLES
        # A copy: the caller may reuse what it gave.
        self._rest = sound[whole:].copy()
        return [self._step(sound[at : at + STEP_SAMPLES]) for at in range(0, whole, STEP_SAMPLES)]

    def _step(self, sound: Sound) -> LoudnessStep:
        if self._steps % _STEPS_PER_SECOND == 0:
            self._second_peak = 0.0
        self._steps += 1
        energies = np.zeros(_FINE_PER_STEP)
        for channel in range(_CHANNELS):
            samples = np.divide(sound[:, channel], _FULL_SCALE, dtype=np.float64)
            weighted = self._filters[channel].run(samples)
            energies += np.square(weighted, out=weighted).sum(axis=1).reshape(
                _FINE_PER_STEP, -1
            ).sum(axis=1)  # fmt: skip
            peak = self._peaks[channel].highest(samples, at_least=self._second_peak)
            self._second_peak = max(self._second_peak, peak)
        self._fine.extend(energies)
        sums = np.concatenate(((0.0,), np.cumsum(self._fine)))
        momentary, momentary_max = _loudness(sums, _MOMENTARY)
        short_term, short_term_max = _loudness(sums, _SHORT_TERM)
        return LoudnessStep(momentary, momentary_max, short_term, short_term_max, self._second_peak)


def _loudness(sums: Floats, window: int) -> tuple[float | None, float | None]:
    """Return the loudness of the newest window, and the highest of those that end in this step."""
    if len(sums) <= window:
        return None, None
    energies = (sums[window:] - sums[:-window])[-_FINE_PER_STEP:] / (window * _FINE)
    return lufs_of(float(energies[-1])), lufs_of(float(energies.max()))


class _KWeighting:
    """The filter of one channel, over runs of samples."""

    def __init__(self) -> None:
        self._state: Floats = np.zeros(4)

    def run(self, samples: Floats) -> Floats:
        """Return the filtered samples, one run a row."""
        runs = samples.reshape(-1, _RUN)
        found = runs @ _WITHIN
        ends = found[:, _RUN:].copy()
        ends[0] += self._state @ _CARRY[0]
        for power, carry in enumerate(_CARRY):
            reach = 1 << power
            if reach >= len(ends):
                break
            ends[reach:] += ends[:-reach] @ carry
        starts = np.concatenate((self._state[None], ends[:-1]))
        # Far below anything audible: keeps silence from ending in slow subnormal numbers.
        self._state = np.where(np.abs(ends[-1]) < 1e-30, 0.0, ends[-1])  # noqa: PLR2004
        output: Floats = found[:, :_RUN] + starts @ _FROM_STATE
        return output


def _advance(state: Floats, sample: float) -> tuple[float, Floats]:
    """Run one sample through both sections (transposed direct form II)."""
    following = []
    value = sample
    for index, (ahead, back) in enumerate((_SHELF, _HIGH_PASS)):
        first, second = state[2 * index : 2 * index + 2]
        result = ahead[0] * value + first
        following += [
            ahead[1] * value - back[0] * result + second,
            ahead[2] * value - back[1] * result,
        ]
        value = float(result)
    return value, np.array(following)


def _filter_matrices() -> tuple[Floats, Floats, tuple[Floats, ...]]:
    """Return (run to output and end state, start state to output, powers of the carry).

    Every row is what one unit of an input, or of a state, leads to.
    """
    within = np.zeros((_RUN, _RUN + 4))
    for at in range(_RUN):
        state = np.zeros(4)
        for index in range(at, _RUN):
            within[at, index], state = _advance(state, 1.0 if index == at else 0.0)
        within[at, _RUN:] = state
    from_state = np.zeros((4, _RUN))
    carry = np.zeros((4, 4))
    for unit in range(4):
        state = np.eye(4)[unit]
        for index in range(_RUN):
            from_state[unit, index], state = _advance(state, 0.0)
        carry[unit] = state
    powers = [carry]
    while len(powers) < 7:  # 2 ** 7 is more than the 120 runs of a step  # noqa: PLR2004
        powers.append(powers[-1] @ powers[-1])
    return within, from_state, tuple(powers)


_WITHIN, _FROM_STATE, _CARRY = _filter_matrices()


class _TruePeak:
    """Peaks of one channel between its samples, by four times oversampling.

    Where even the greatest possible overshoot would not reach what is known already,
    nothing is interpolated.
    """

    def __init__(self) -> None:
        self._before: Floats = np.zeros(_TAPS - 1)

    def highest(self, samples: Floats, *, at_least: float) -> float:
        """Return the highest true peak; exact where it is above ``at_least``."""
        line = np.concatenate((self._before, samples)).astype(np.float32)
        self._before = samples[-(_TAPS - 1) :].copy()
        highest = max(at_least, float(np.abs(samples).max()))
        reach = _TRUE_RUN + _TAPS - 1
        stride = line.strides[0]
        for first in range(0, len(samples), _TRUE_RUN * _TRUE_ROWS):
            part = line[first : first + _TRUE_RUN * _TRUE_ROWS + _TAPS - 1]
            if float(np.abs(part).max()) * _OVERSHOOT <= highest:
                continue
            rows = (len(part) - _TAPS + 1) // _TRUE_RUN
            runs = np.lib.stride_tricks.as_strided(
                part, (rows, reach), (_TRUE_RUN * stride, stride), writeable=False
            )
            highest = max(highest, float(np.abs(np.ascontiguousarray(runs) @ _BETWEEN).max()))
        return highest


def _interpolation() -> tuple[NDArray[np.float32], float]:
    """Return (run and what is before it to the points between, greatest overshoot).

    A sinc under Kaiser's window, of twelve samples as in BS.1770-4's annex 2; the fourth phase
    would be the samples themselves.
    """
    table = np.zeros((_TRUE_RUN + _TAPS - 1, _TRUE_RUN * (_PHASES - 1)), dtype=np.float32)
    overshoot = 1.0
    for phase in range(1, _PHASES):
        at = np.arange(_TAPS) - (_TAPS // 2 - 1) - phase / _PHASES
        window = np.i0(5.0 * np.sqrt(np.maximum(0.0, 1 - (at / (_TAPS / 2)) ** 2)))
        taps = np.sinc(at) * window
        taps /= taps.sum()
        overshoot = max(overshoot, float(np.abs(taps).sum()))
        for index in range(_TRUE_RUN):
            table[index : index + _TAPS, index * (_PHASES - 1) + phase - 1] = taps
    return table, overshoot


_BETWEEN, _OVERSHOOT = _interpolation()
