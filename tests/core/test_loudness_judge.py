"""core.loudness against a judge that others wrote: FFmpeg's ebur128 filter."""

from __future__ import annotations

import re
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from core.loudness import GatedLoudness, LoudnessMeter, decibels

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

RATE = 48_000


def coloured(random: np.random.Generator, seconds: float, level: float) -> NDArray[np.float64]:
    """Return two channels of noise with little treble, as of many instruments."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(random.normal(0, 1, (count, 2)), axis=0)
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum /= np.sqrt(1 + np.square(hertz / 500.0))[:, None]
    noise = np.fft.irfft(spectrum, count, axis=0)
    scaled: NDArray[np.float64] = level * noise / noise.std()
    return scaled


def made_programme() -> NDArray[np.int16]:
    """Return 60 s: silence, bursts as of speech, music that swells, advertisements, a whisper."""
    random = np.random.default_rng(11)
    speech = coloured(random, 20, 0.06)
    at = np.arange(len(speech)) / RATE
    speech *= (np.sin(2 * np.pi * 0.9 * at) > -0.3)[:, None] * (
        0.6 + 0.4 * np.sin(2 * np.pi * 4 * at)
    )[:, None]
    music = coloured(random, 15, 0.03) * np.linspace(0.3, 3.0, 15 * RATE)[:, None]
    advertisement = np.clip(coloured(random, 10, 0.3), -0.97, 0.97)
    whisper = coloured(random, 9, 0.002) * np.array([1.0, 0.5])
    silence = np.zeros((3 * RATE, 2))
    parts = [silence, speech, music, advertisement, silence, whisper]
    return np.round(np.concatenate(parts) * 32_767).astype(np.int16)


def judged(sound: NDArray[np.int16]) -> dict[str, float]:
    """Return what FFmpeg says of it: I, LRA and Peak of its summary."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-f", "s16le"]
    command += ["-ar", str(RATE), "-ac", "2", "-i", "pipe:0"]
    command += ["-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    run = subprocess.run(command, input=sound.tobytes(), capture_output=True, check=True)
    summary = run.stderr.decode().rpartition("Summary:")[2]
    return {
        name: float(value) for name, value in re.findall(r"(I|LRA|Peak):\s+(-?[0-9.]+)", summary)
    }


@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_ffmpeg_reads_the_same_loudness_range_and_peak(gain: float) -> None:
    sound = (made_programme() * gain).astype(np.int16)
    meter, gated, peak = LoudnessMeter(), GatedLoudness(), 0.0
    for at in range(0, len(sound), RATE // 25):
        for step in meter.add(sound[at : at + RATE // 25]):
            gated.add(step)
            peak = max(peak, step.true_peak)
    judge = judged(sound)
    assert gated.integrated == pytest.approx(judge["I"], abs=0.1)
    assert gated.loudness_range == pytest.approx(judge["LRA"], abs=0.5)
    assert decibels(peak) == pytest.approx(judge["Peak"], abs=0.4)
