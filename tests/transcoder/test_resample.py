"""transcoder.resample: sound at a fractional position."""

from __future__ import annotations

import numpy as np
import pytest

from transcoder.resample import MARGIN, read_block


def sine(hertz: float, seconds: float) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    at = np.arange(round(48_000 * seconds)) / 48_000
    wave = np.rint(16_000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)
    return np.stack([wave, -wave], axis=1)


def test_at_rate_one_samples_are_copied_untouched() -> None:
    sound = sine(440, 0.1)
    assert np.array_equal(read_block(sound, 100.0, 1.0, 1920), sound[100:2020])


@pytest.mark.parametrize("hertz", [50, 1_000, 5_000, 12_000])
@pytest.mark.parametrize("step", [1.0002, 0.999])
def test_a_sine_stays_a_sine_across_blocks(hertz: float, step: float) -> None:
    """Five blocks one behind the other differ from the ideal sine by less than -70 dB."""
    sound = sine(hertz, 0.5)
    position, blocks = float(MARGIN) + 0.3, []
    for _ in range(5):
        blocks.append(read_block(sound, position, step, 1920))
        position += step * 1920
    heard = np.concatenate(blocks)[:, 0].astype(float)
    at = MARGIN + 0.3 + step * np.arange(len(heard))
    ideal = 16_000 * np.sin(2 * np.pi * hertz * at / 48_000)
    error = np.sqrt(np.mean((heard - ideal) ** 2)) / np.sqrt(np.mean(ideal**2))
    assert 20 * np.log10(error) < -70


def test_the_channels_are_not_mixed() -> None:
    sound = sine(1_000, 0.2)
    block = read_block(sound, 50.5, 1.0003, 960)
    assert np.all(np.abs(block[:, 0].astype(int) + block[:, 1].astype(int)) <= 1)


@pytest.mark.parametrize("position", [0.5, 4_000.0])
def test_a_block_outside_the_sound_is_refused(position: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        read_block(sine(440, 0.1), position, 1.0001, 1920)
