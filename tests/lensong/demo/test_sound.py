"""The sounds loop without a seam, and the beep begins each second."""

from __future__ import annotations

import numpy as np

from lensong.demo.sound import SAMPLE_RATE, loop_slice, music_loop, studio_loop


def test_the_beep_fills_the_first_forty_milliseconds_of_a_second() -> None:
    loop = studio_loop(220).astype(np.int32)
    assert loop.shape == (SAMPLE_RATE, 2)
    assert abs(loop[:1920]).max() > 15_000
    assert abs(loop[1920:]).max() < 1_000


def test_slices_join_without_a_seam() -> None:
    loop = studio_loop(220)
    whole = loop_slice(loop, 47_000, 4_000)
    assert whole == loop_slice(loop, 47_000, 1_920) + loop_slice(loop, 48_920, 2_080)
    assert len(whole) == 4_000 * 4


def test_the_music_is_heard_all_the_time_and_never_clips() -> None:
    loop = music_loop().astype(np.int32)
    assert len(loop) == 16 * SAMPLE_RATE
    assert abs(loop).max() < 32_000
    seconds = abs(loop[:, 0]).reshape(16, SAMPLE_RATE).max(axis=1)
    assert seconds.min() > 1_000
