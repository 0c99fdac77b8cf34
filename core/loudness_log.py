"""A channel's loudness, minute by minute, so that any span can be told later.  Sans-I/O.

Loudness does not add up: the gates look at the whole span.  So a minute keeps how many
gating blocks and short-term values fell into each bin of 0.1 LU, and the sum of the
blocks' energies; whatever span is asked for months later, its minutes are merged and gated
anew.  A minute is one line of JSON; two lines of the same minute (the process was restarted
within it) are both parts of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.errors import FormatError
from core.loudness import STEP_SAMPLES, GatedLoudness, LoudnessStep, decibels
from core.timeline import SAMPLE_RATE

__all__ = [
    "STEPS_PER_MINUTE",
    "LoudnessMinute",
    "LoudnessSpan",
    "MinuteBook",
    "parse_minute",
    "render_minute",
    "sum_minutes",
]

_MINUTE_S: Final = 60
STEPS_PER_MINUTE: Final = _MINUTE_S * SAMPLE_RATE // STEP_SAMPLES
_BINS: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudnessMinute:
    """What was heard in one minute, or in a part of it."""

    start_s: int
    """UNIX seconds, a multiple of 60."""

    steps: int
    """Steps of 100 ms that were measured, at most :data:`STEPS_PER_MINUTE` and one."""

    blocks: Mapping[int, int]
    """Number of gating blocks by bin."""

    short_terms: Mapping[int, int]
    """Number of short-term values by bin."""

    energy: float
    """Sum of the energies of ``blocks``."""

    momentary_max: float | None
    """LUFS; None if less than 400 ms was heard."""

    short_term_max: float | None
    """LUFS; None if less than 3 s was heard."""

    true_peak: float
    """dBTP; -120 for silence.  May be that of the last 0.9 s before the minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudnessSpan:
    """What several minutes are together."""

    steps: int
    integrated: float | None
    """LUFS; None if nothing was above the absolute gate."""

    loudness_range: float | None
    """LU; None likewise."""

    momentary_max: float | None
    short_term_max: float | None
    true_peak: float | None
    """dBTP; None if nothing was measured."""


class MinuteBook:
    """Makes minutes of steps."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._start_s = 0
        self._clear()

    def _clear(self) -> None:
        self._steps = 0
        self._gated = GatedLoudness()
        self._momentary: float | None = None
        self._short_term: float | None = None
        self._peak = 0.0

    def add(self, steps: Iterable[LoudnessStep], now_s: float) -> list[LoudnessMinute]:
        """Take steps that end at ``now_s`` (UNIX); return the minute that is over by that."""
        start_s = int(now_s) // _MINUTE_S * _MINUTE_S
        over = self.take() if start_s != self._start_s else []
        self._start_s = start_s
        for step in steps:
            self._steps += 1
            self._gated.add(step)
            self._momentary = _higher(self._momentary, step.momentary_max)
            self._short_term = _higher(self._short_term, step.short_term_max)
            self._peak = max(self._peak, step.true_peak)
        return over

    def take(self) -> list[LoudnessMinute]:
        """Return what there is of the minute that is not over, and forget it."""
        if not self._steps:
            return []
        minute = LoudnessMinute(
            start_s=self._start_s,
            steps=self._steps,
            blocks=self._gated.blocks,
            short_terms=self._gated.short_terms,
            energy=self._gated.energy,
            momentary_max=self._momentary,
            short_term_max=self._short_term,
            true_peak=decibels(self._peak),
        )
        self._clear()
        return [minute]


def sum_minutes(minutes: Iterable[LoudnessMinute]) -> LoudnessSpan:
    """Return what the minutes are together, gated as one."""
    gated, steps = GatedLoudness(), 0
    momentary: float | None = None
    short_term: float | None = None
    peak: float | None = None
    for minute in minutes:
        steps += minute.steps
        gated.merge(minute.blocks, minute.short_terms, energy=minute.energy)
        momentary = _higher(momentary, minute.momentary_max)
        short_term = _higher(short_term, minute.short_term_max)
        peak = _higher(peak, minute.true_peak)
    return LoudnessSpan(
        steps=steps,
        integrated=gated.integrated,
        loudness_range=gated.loudness_range,
        momentary_max=momentary,
        short_term_max=short_term,
        true_peak=peak,
    )


def render_minute(minute: LoudnessMinute) -> str:
    """Return the minute's line, without its end.

    Bins are written as distance to the bin before and count, in turns: some 4 bytes a bin.
    """
    return json.dumps(
        {
            "start": minute.start_s,
            "steps": minute.steps,
            "blocks": _pack(minute.blocks),
            "short": _pack(minute.short_terms),
            "energy": float(f"{minute.energy:.9g}"),
            "m_max": _rounded(minute.momentary_max),
            "s_max": _rounded(minute.short_term_max),
            "peak": _rounded(minute.true_peak),
        },
        separators=(",", ":"),
    )


def parse_minute(line: str | bytes) -> LoudnessMinute:
    """Read a line back.

    Raises:
        FormatError: If it is not the form of :func:`render_minute`, cut off for instance.
    """
    try:
        values: dict[str, Any] = json.loads(line)
        start_s, steps, energy = int(values["start"]), int(values["steps"]), float(values["energy"])
        if start_s % _MINUTE_S or not 0 < steps <= STEPS_PER_MINUTE + 1 or not energy >= 0:
            raise FormatError("not a minute of loudness")
        return LoudnessMinute(
            start_s=start_s,
            steps=steps,
            blocks=_unpack(values["blocks"]),
            short_terms=_unpack(values["short"]),
            energy=energy,
            momentary_max=None if values["m_max"] is None else float(values["m_max"]),
            short_term_max=None if values["s_max"] is None else float(values["s_max"]),
            true_peak=float(values["peak"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError("not a minute of loudness") from error


def _higher(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _pack(counts: Mapping[int, int]) -> list[int]:
    packed, before = [], 0
    for at in sorted(counts):
        packed += [at - before, counts[at]]
        before = at
    return packed


def _unpack(packed: Sequence[int]) -> dict[int, int]:
    counts, at = {}, 0
    for distance, count in zip(packed[::2], packed[1::2], strict=True):
        at += int(distance)
        if not 0 <= at < _BINS or count <= 0:
            raise FormatError("a bin beyond the scale")
        counts[at] = int(count)
    return counts
