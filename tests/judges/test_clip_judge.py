"""Clips in Chromium: what is shown and heard of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.clip_media import MSN
from tests.core.test_clip_exact import archived_sound, clip_of, recording
from tests.judges.judge import missing_for_judges, play_clip

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.timeout(180)]


@pytest.fixture(autouse=True)
def browser() -> None:
    """Skip where there is none."""
    missing = missing_for_judges()
    if missing:
        pytest.skip(missing)


@pytest.mark.parametrize(
    ("start_s", "end_s", "holes"),
    [(3.333, 5.374, ()), (9.012, 13.0, (MSN + 2,)), (6.5, 16.7, (MSN + 2, MSN + 3))],
)
def test_chromium_shows_and_plays_what_belongs_to_the_clip(
    start_s: float, end_s: float, holes: tuple[int, ...], tmp_path: Path
) -> None:
    """From the middle of a group of pictures; out of a hole; over one."""
    made = recording("tv", "quality")
    start_ns, end_ns = round(start_s * 1e9), round(end_s * 1e9)
    clip = clip_of(made, tmp_path, start_ns, end_ns, "360p", "a96", holes=holes)
    report = asyncio.run(play_clip(clip.path))
    first = clip.frames[0]
    expected = {
        round((number - first) / 25, 2): number % 2**32
        for number in clip.frames
        if number // 96 not in holes
    }
    shown = {round(at, 2): number for at, number in report["shown"]}
    # A browser may leave out a picture when the machine is busy, but shows no other.
    assert shown.items() <= expected.items()
    assert min(shown) == min(expected)
    assert len(shown) >= 0.8 * len(expected)
    assert report["last"] == [*expected.values()][-1]
    first_sample, end_sample = clip.samples
    assert len(report["sound"]) == end_sample - first_sample
    assert report["duration"] == pytest.approx((end_sample - first_sample) / 48_000, abs=0.041)
    if not holes:
        heard = np.array(report["sound"])
        wanted = archived_sound("tv", "quality", "a96")[first_sample:end_sample]
        assert np.abs(heard - wanted).max() < 1e-4
        assert np.abs(heard[1:] - wanted[:-1]).max() > 0.1
