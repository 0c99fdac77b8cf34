"""transcoder.mixer: no click where sound ends, begins or changes."""

from __future__ import annotations

import numpy as np

from transcoder.mixer import SoundMixer
from transcoder.resample import Sound


def tone(first: int, hertz: float = 440.0) -> Sound:
    at = np.arange(first, first + 1920) / 48_000
    wave = np.rint(10_000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)
    return np.stack([wave, wave], axis=1)


def steepest(sound: Sound) -> int:
    return int(np.abs(np.diff(sound[:, 0].astype(int))).max())


def test_a_steady_source_is_untouched() -> None:
    mixer = SoundMixer(block_samples=1920)
    mixer.mix(tone(0), is_cut=True)
    assert np.array_equal(mixer.mix(tone(1920), is_cut=False), tone(1920))


def test_a_gap_fades_without_a_step_and_then_is_silent() -> None:
    """No step is steeper than the tone's own (576 a sample) when the sound is lost."""
    mixer = SoundMixer(block_samples=1920)
    heard = [mixer.mix(tone(i * 1920), is_cut=False) for i in range(3)]
    heard += [mixer.mix(None, is_cut=False) for _ in range(3)]
    heard += [mixer.mix(tone(i * 1920 + 777), is_cut=False) for i in range(3)]
    assert steepest(np.concatenate(heard)[1920:]) <= 600
    assert not heard[4].any()


def test_a_cut_between_two_sources_makes_no_step() -> None:
    mixer = SoundMixer(block_samples=1920)
    heard = [mixer.mix(tone(i * 1920), is_cut=False) for i in range(3)]
    heard += [mixer.mix(tone(i * 1920 + 501, 330.0), is_cut=i == 0) for i in range(2)]
    assert steepest(np.concatenate(heard)[1920:]) <= 620
