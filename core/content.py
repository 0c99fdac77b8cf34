"""Judge what is seen and heard: black, freeze, silence, lost channels, loudness.  Sans-I/O.

One :class:`ContentMeter` stands at one point of a channel and is fed pictures, a few a
second, and sound.  Media time is passed in; whatever is not fed for a while is not there
and therefore has no fault of content: that a signal is missing is somebody else's finding.

Why a picture counts as frozen by two measures.  The mean change alone says nothing of a
presenter before a still background (0.0003 of full scale while she speaks), and a studio's
encoder redraws a still picture at each key frame (up to 0.0023, mean over squares of 8 by
8 pixels, x264 at 0.8 Mbit/s).  So a frozen picture changes little on the whole *and*
nowhere much: a square changes by 0.02 at most at such a key frame, by 0.08 and more where
anything moves.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.loudness import STEP_SAMPLES, GatedLoudness, LoudnessMeter, LoudnessStep, Sound

__all__ = [
    "CONTENT_KINDS",
    "PICTURE_KINDS",
    "SWITCH_KINDS",
    "ContentLimits",
    "ContentMeter",
    "Luma",
    "small_luma",
]

Luma: TypeAlias = NDArray[np.uint8]
"""Brightness of squares of 8 by 8 pixels, 16 (black) to 235 (white)."""

CONTENT_KINDS: Final = ("black", "freeze", "silence", "mono_loss", "phase", "loudness")
PICTURE_KINDS: Final = ("black", "freeze")
SWITCH_KINDS: Final = ("black", "freeze", "silence")
"""Faults for which an input may be left; where several last, the first of these is told."""

_SQUARE: Final = 8
_BLACK_LUMA: Final = 16 + 0.1 * 219
_BLACK_SHARE: Final = 0.98
_STILL_MEAN: Final = 0.004 * 255
_STILL_SQUARE: Final = 0.03 * 255

_QUIET: Final = 10 ** (-60 / 10)
_HEARD: Final = 10 ** (-40 / 10)
_OPPOSED: Final = -0.8
_PHASE_STEPS: Final = 10
_WINDOW_STEPS: Final = 600
_GONE_S: Final = 1.0
_PEAK_STEPS: Final = 100
_LANES: Final = np.uint64(0x00FF00FF00FF00FF)


def small_luma(
    picture: bytearray | memoryview, *, width: int, height: int, stride: int | None = None
) -> Luma:
    """Return the mean brightness of each square of 8 by 8 pixels.

    Every second line is read.  Eight pixels are added at once, as the lanes of a 64-bit word,
    which takes a tenth of the time of numpy's mean.

    Args:
        picture: yuv420p, the luma plane first.
        width: Pixels, at least 8; what is left over at the right and at the foot is not looked at.
        height: Lines, at least 8.
        stride: Bytes from line to line, where that is not ``width``.
    """
    step = width if stride is None else stride
    plane = np.frombuffer(picture, dtype=np.uint8, count=step * height).reshape(height, step)
    rows, columns = height // _SQUARE, width // _SQUARE
    words = np.ascontiguousarray(plane[: rows * _SQUARE : 2, : columns * _SQUARE]).view(np.uint64)
    sums = (words & _LANES) + ((words >> np.uint64(8)) & _LANES)
    squares = sums.reshape(rows, _SQUARE // 2, columns).sum(axis=1)
    lanes = squares.view(np.uint16).reshape(rows, columns, 4)
    means: Luma = (lanes.sum(axis=2, dtype=np.uint16) >> np.uint16(5)).astype(np.uint8)
    return means


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLimits:
    """When a fault is called one."""

    flag_s: Mapping[str, float]
    """Seconds after which a kind is flagged; a kind that is not named never is."""

    switch_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds after which an input is bad for a kind; a kind that is not named never counts."""

    target_lufs: float = -23.0
    tolerance_lu: float = 2.0
    """How far the gated loudness of the last minute may be off."""


class _Timer:
    """How long one fault has lasted, and all its flagged time."""

    def __init__(self, gone_s: float) -> None:
        self.since_s: float | None = None
        self.is_flagged = False
        self.flagged_s = 0.0
        self._gone_s = gone_s
        self._seen_s = 0.0

    def update(self, since_s: float | None, *, now_s: float, flag_s: float | None) -> None:
        """Take the fault's begin, None while there is none."""
        if self.is_flagged:
            self.flagged_s += min(max(0.0, now_s - self._seen_s), self._gone_s)
        self._seen_s = now_s
        self.since_s = since_s
        self.is_flagged = self.lasts(flag_s, now_s)

    def lasts(self, limit_s: float | None, now_s: float) -> bool:
        return limit_s is not None and self.since_s is not None and now_s - self.since_s >= limit_s


class ContentMeter:
    """Everything that is measured of one point of a channel."""

    def __init__(self, limits: ContentLimits, *, gone_s: float = _GONE_S) -> None:
        """Begin with nothing seen or heard.

        Args:
            limits: When a fault is called one; may be replaced at any time.
            gone_s: What is not fed for so many seconds is not there.
        """
        self.limits, self._gone_s = limits, gone_s
        self.excepted: Collection[str] = ()
        """Kinds that are no fault just now: the schedule says so."""

        self._timers = {kind: _Timer(gone_s) for kind in CONTENT_KINDS}
        self._reference: Luma | None = None
        self._still_since_s = 0.0
        self._picture_s = -math.inf
        self._sound_s = -math.inf
        self._rest: Sound = np.zeros((0, 2), dtype=np.int16)
        self._phase: deque[tuple[float, float, float]] = deque(maxlen=_PHASE_STEPS)
        self._loudness = LoudnessMeter()
        self._recent: deque[LoudnessStep] = deque(maxlen=_WINDOW_STEPS)
        self._peaks: deque[float] = deque(maxlen=_PEAK_STEPS)
        self._steps = 0
        self.step: LoudnessStep | None = None
        """The newest step of loudness; None before the first and while there is no sound."""

        self.integrated = GatedLoudness()
        """Since :meth:`restart_integrated`."""

    def restart_integrated(self) -> None:
        """Measure the integrated loudness anew from here: another programme begins."""
        self.integrated = GatedLoudness()

    @property
    def true_peak(self) -> float:
        """Highest true peak of the last 10 s (amplitude, full scale: 1)."""
        return max(self._peaks, default=0.0)

    def is_flagged(self, kind: str) -> bool:
        """Tell whether a kind of fault is there for its flag time."""
        return self._timers[kind].is_flagged

    def flagged_s(self, kind: str) -> float:
        """Return the seconds for which a kind was flagged, all together."""
        return self._timers[kind].flagged_s

    def lasted_s(self, kind: str, now_s: float) -> float:
        """Return how long a kind of fault has lasted, flagged or not; 0 without it."""
        since_s = self._timers[kind].since_s
        return 0.0 if since_s is None else now_s - since_s

    def bad_for(self, now_s: float) -> str | None:
        """Return the kind for which an input is bad now, by the switch times; None if for none."""
        for kind in SWITCH_KINDS:
            if self._timers[kind].lasts(self.limits.switch_s.get(kind), now_s):
                return kind
        return None

    def is_alive(self, now_s: float) -> bool:
        """Tell whether nothing is flagged for which an input may be left."""
        flagged = (kind for kind in self.limits.switch_s if self._timers[kind].is_flagged)
        return next(flagged, None) is None and self.bad_for(now_s) is None

    def see(self, luma: Luma, now_s: float) -> None:
        """Take a picture; some five a second are enough, and the more the sooner it is judged."""
        self._picture_s = now_s
        dark = np.count_nonzero(luma < _BLACK_LUMA)
        is_black = bool(dark >= _BLACK_SHARE * luma.size)
        self._mark("black", now_s, holds=is_black)
        # Against the picture with which the standstill began, not against the one before: a
        # slow pan moves little from one to the next.
        is_still = self._reference is not None and _is_still(self._reference, luma)
        # A black picture stands still as well; that is one fault, not two.
        if not is_still or is_black or "freeze" in self.excepted:
            self._reference, self._still_since_s = luma, now_s
        self._set("freeze", self._still_since_s, now_s)

    def hear(self, sound: Sound, now_s: float) -> list[LoudnessStep]:
        """Take samples; return the steps of loudness that became whole.

        Args:
            sound: Shape (samples, 2), 48 kHz.
            now_s: The moment at which they end.  What of them lies before it is judged as if it
                came then: give blocks that are short against what a fault is to last.
        """
        self._sound_s = now_s
        if len(self._rest):
            sound = np.concatenate((self._rest, sound))
        whole = len(sound) // STEP_SAMPLES * STEP_SAMPLES
        self._rest = sound[whole:].copy()
        for at in range(0, whole, STEP_SAMPLES):
            self._judge_levels(sound[at : at + STEP_SAMPLES], now_s)
        steps = self._loudness.add(sound[:whole])
        for step in steps:
            self._steps += 1
            self.step = step
            self._peaks.append(step.true_peak)
            self._recent.append(step)
            self.integrated.add(step)
            if self._steps % _PHASE_STEPS == 0:
                self._mark("loudness", now_s, holds=self._is_off_target())
        return steps

    def age(self, now_s: float) -> None:
        """Forget the faults of what has not come for a while."""
        if now_s - self._picture_s > self._gone_s:
            self._reference = None
            for kind in PICTURE_KINDS:
                self._set(kind, None, now_s)
        if now_s - self._sound_s > self._gone_s:
            self.step = None
            self._phase.clear()
            self._recent.clear()
            self._peaks.clear()
            for kind in CONTENT_KINDS:
                if kind not in PICTURE_KINDS:
                    self._set(kind, None, now_s)

    def _judge_levels(self, sound: Sound, now_s: float) -> None:
        samples = sound.T / np.float32(32_768)
        # About the mean: a line's direct current is no sound.
        samples -= samples.mean(axis=1, keepdims=True)
        left = float(np.dot(samples[0], samples[0])) / STEP_SAMPLES
        right = float(np.dot(samples[1], samples[1])) / STEP_SAMPLES
        both = float(np.dot(samples[0], samples[1])) / STEP_SAMPLES
        low, high = min(left, right), max(left, right)
        self._mark("silence", now_s, holds=high < _QUIET)
        self._mark("mono_loss", now_s, holds=low < _QUIET and high > _HEARD)
        self._phase.append((left, right, both))
        lefts, rights, boths = (sum(column) for column in zip(*self._phase, strict=True))
        audible = min(lefts, rights) > _QUIET * len(self._phase)
        opposed = audible and boths < _OPPOSED * math.sqrt(lefts * rights)
        self._mark("phase", now_s, holds=opposed)

    def _is_off_target(self) -> bool:
        if len(self._recent) < _WINDOW_STEPS:
            return False
        window = GatedLoudness()
        for step in self._recent:
            window.add(step)
        found = window.integrated
        # Silence is a fault of its own.
        return found is not None and abs(found - self.limits.target_lufs) > self.limits.tolerance_lu

    def _mark(self, kind: str, now_s: float, *, holds: bool) -> None:
        since_s = self._timers[kind].since_s
        self._set(kind, (now_s if since_s is None else since_s) if holds else None, now_s)

    def _set(self, kind: str, since_s: float | None, now_s: float) -> None:
        if kind in self.excepted:
            since_s = None  # its time begins when the exception is over
        self._timers[kind].update(since_s, now_s=now_s, flag_s=self.limits.flag_s.get(kind))


def _is_still(reference: Luma, luma: Luma) -> bool:
    if reference.shape != luma.shape:
        return False
    change = np.abs(luma.astype(np.int16) - reference)
    return bool(change.max() < _STILL_SQUARE) and float(change.mean()) < _STILL_MEAN
