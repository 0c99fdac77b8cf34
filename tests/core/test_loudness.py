"""core.loudness: what EBU Tech 3341 wants of a meter, and what of it is ours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.loudness import (
    FLOOR_LUFS,
    GatedLoudness,
    LoudnessMeter,
    LoudnessStep,
    decibels,
)
from tests.tech3341 import RATE, peak_between_samples, peak_tone, stereo, tones


def steps_of(sound: NDArray[np.int16], block: int = 1_920) -> list[LoudnessStep]:
    meter = LoudnessMeter()
    return [
        step for at in range(0, len(sound), block) for step in meter.add(sound[at : at + block])
    ]


def gated(steps: list[LoudnessStep]) -> GatedLoudness:
    found = GatedLoudness()
    for step in steps:
        found.add(step)
    return found


def integrated(sound: NDArray[np.int16]) -> float:
    value = gated(steps_of(sound)).integrated
    assert value is not None
    return value


@pytest.mark.parametrize(("case", "level"), [(1, -23.0), (2, -33.0)])
def test_tech_3341_cases_1_and_2_read_the_tone_on_every_scale(case: int, level: float) -> None:
    steps = steps_of(tones([(level, 20)]))
    assert case in (1, 2)
    assert steps[-1].momentary == pytest.approx(level, abs=0.1)
    assert steps[-1].short_term == pytest.approx(level, abs=0.1)
    assert gated(steps).integrated == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize(
    ("case", "parts"),
    [
        pytest.param(3, [(-36, 10), (-23, 60), (-36, 10)], id="3"),
        pytest.param(4, [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], id="4"),
        pytest.param(5, [(-26, 20), (-20, 20.1), (-26, 20)], id="5"),
    ],
)
def test_tech_3341_cases_3_to_5_are_gated(case: int, parts: list[tuple[float, float]]) -> None:
    assert case
    assert integrated(tones(parts)) == pytest.approx(-23.0, abs=0.1)


def test_tech_3341_case_9_holds_short_term_constant_after_three_seconds() -> None:
    steps = steps_of(tones([(-20, 1.34), (-30, 1.66)] * 5))
    heard = [step.short_term for step in steps if step.short_term is not None]
    assert len(heard) == 121
    assert heard == pytest.approx([-23.0] * 121, abs=0.1)


@pytest.mark.parametrize("number", range(20))
def test_tech_3341_case_10_finds_three_seconds_wherever_they_begin(number: int) -> None:
    steps = steps_of(tones([(None, number * 0.15), (-23, 3), (None, 1)]))
    highest = max(step.short_term_max or FLOOR_LUFS for step in steps)
    assert highest == pytest.approx(-23.0, abs=0.1)


def test_tech_3341_case_11_follows_short_term_live() -> None:
    parts: list[tuple[float | None, float]] = []
    for number in range(20):
        parts += [(None, number * 0.15), (-38 + number, 3), (None, 3 - number * 0.15)]
    steps = steps_of(tones(parts))
    for number in range(20):
        span = steps[number * 60 : (number + 1) * 60]
        highest = max(step.short_term_max or FLOOR_LUFS for step in span)
        assert highest == pytest.approx(-38 + number, abs=0.1)


def test_tech_3341_case_12_holds_momentary_constant_after_a_second() -> None:
    steps = steps_of(tones([(-20, 0.18), (-30, 0.22)] * 25))
    heard = [step.momentary for step in steps[10:]]
    assert heard == pytest.approx([-23.0] * 90, abs=0.1)


@pytest.mark.parametrize("number", range(20))
def test_tech_3341_case_13_finds_400_ms_wherever_they_begin(number: int) -> None:
    steps = steps_of(tones([(None, number * 0.02), (-23, 0.4), (None, 1)]))
    highest = max(step.momentary_max or FLOOR_LUFS for step in steps)
    assert highest == pytest.approx(-23.0, abs=0.1)


def test_tech_3341_case_14_follows_momentary_live() -> None:
    parts: list[tuple[float | None, float]] = []
    for number in range(20):
        parts += [(None, number * 0.02), (-38 + number, 0.4), (None, 0.4 - number * 0.02)]
    steps = steps_of(tones(parts))
    for number in range(20):
        span = steps[number * 8 : (number + 1) * 8]
        highest = max(step.momentary_max or FLOOR_LUFS for step in span)
        assert highest == pytest.approx(-38 + number, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "phase", "amplitude", "expected"),
    [
        pytest.param(4, 0.0, 0.5, -6.0, id="15"),
        pytest.param(4, 45.0, 0.5, -6.0, id="16"),
        pytest.param(6, 60.0, 0.5, -6.0, id="17"),
        pytest.param(8, 67.5, 0.5, -6.0, id="18"),
        pytest.param(4, 45.0, 1.41, 3.0, id="19"),
    ],
)
def test_tech_3341_cases_15_to_19_see_peaks_between_samples(
    divisor: float, phase: float, amplitude: float, expected: float
) -> None:
    found = max(decibels(step.true_peak) for step in steps_of(peak_tone(divisor, phase, amplitude)))
    assert expected - 0.4 <= found <= expected + 0.2


@pytest.mark.parametrize("offset", range(4))
def test_tech_3341_cases_20_to_23_see_a_single_peak_between_samples(offset: int) -> None:
    found = max(decibels(step.true_peak) for step in steps_of(peak_between_samples(offset)))
    assert -0.4 <= found <= 0.2


def test_tech_3342_case_1_has_a_range_of_ten() -> None:
    """EBU Tech 3342: 20 s at -20, 20 s at -30: LRA 10 ± 1."""
    steps = steps_of(tones([(-20, 20), (-30, 20)]))
    assert gated(steps).loudness_range == pytest.approx(10.0, abs=0.2)


def test_silence_has_no_integrated_loudness_and_no_range() -> None:
    steps = steps_of(np.zeros((10 * RATE, 2), dtype=np.int16))
    found = gated(steps)
    assert (found.integrated, found.loudness_range) == (None, None)
    assert steps[-1].momentary == FLOOR_LUFS
    assert steps[-1].true_peak == 0.0


def test_nothing_is_said_before_a_window_was_heard() -> None:
    steps = steps_of(tones([(-23, 3)]))
    assert [step.momentary is None for step in steps[:4]] == [True, True, True, False]
    assert [step.short_term is None for step in steps[28:]] == [True, False]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 30_000), st.integers(0, 2**32 - 1))
def test_how_the_sound_is_cut_into_blocks_changes_nothing(block: int, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 4_000, (2 * RATE, 2)).astype(np.int16)
    assert steps_of(noise, max(block, 50)) == steps_of(noise)


def test_pieces_merge_to_what_the_whole_is() -> None:
    steps = steps_of(tones([(-36, 10), (-23.04, 30), (-50, 10), (-20, 10)]))
    whole, joined = gated(steps), GatedLoudness()
    for at in range(0, len(steps), 100):
        piece = gated(steps[at : at + 100])
        joined.merge(piece.blocks, piece.short_terms, energy=piece.energy)
    assert joined.integrated == pytest.approx(whole.integrated, abs=0.01)
    assert joined.loudness_range == whole.loudness_range


def test_skipping_quiet_runs_misses_no_peak() -> None:
    """A second of noise up to 16 kHz, louder and softer, has the peak of its interpolation."""
    random = np.random.default_rng(3)
    spectrum = np.fft.rfft(np.abs(np.sin(np.arange(RATE) / 5_000)) * random.uniform(-1, 1, RATE))
    spectrum[16_000:] = 0
    spectrum *= np.exp(1j * np.pi * np.arange(len(spectrum)) / RATE)  # half a sample aside
    samples = np.fft.irfft(spectrum) * 0.4
    # Zeros behind the spectrum interpolate without error.
    exact = np.abs(np.fft.irfft(np.fft.rfft(samples), 16 * RATE) * 16).max()
    found = steps_of(stereo(samples))[9].true_peak
    assert decibels(found) == pytest.approx(decibels(float(exact)), abs=0.2)
    assert decibels(found) > decibels(float(np.abs(samples).max())) + 0.1
