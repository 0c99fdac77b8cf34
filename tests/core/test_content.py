"""core.content: what is a fault of picture and sound, and from when."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.content import CONTENT_KINDS, ContentLimits, ContentMeter, small_luma
from core.content_settings import ContentSettings, limits_of

RANDOM = np.random.default_rng(7)
SCENE = RANDOM.integers(40, 200, (90, 160)).astype(np.uint8)
NOISE = RANDOM.normal(0, 3_000, (4_800, 2)).astype(np.int16)


def meter() -> ContentMeter:
    return ContentMeter(limits_of(ContentSettings(), is_radio=False))


def flagged(one: ContentMeter) -> set[str]:
    return {kind for kind in CONTENT_KINDS if one.is_flagged(kind)}


def watch(one: ContentMeter, picture: NDArray[np.uint8], *, begin: float, seconds: float) -> None:
    for index in range(round(seconds * 5) + 1):
        one.see(picture, begin + index / 5)


def listen(one: ContentMeter, sound: NDArray[np.int16], *, begin: float, seconds: float) -> None:
    for index in range(round(seconds * 10) + 1):
        one.hear(sound, begin + index / 10)


def test_a_square_is_the_mean_of_its_pixels() -> None:
    plane = RANDOM.integers(0, 256, (24, 40)).astype(np.uint8)
    found = small_luma(bytearray(plane.tobytes() + bytes(480)), width=40, height=24)
    means = plane[::2].reshape(3, 4, 5, 8).mean((1, 3))
    assert np.abs(found - means).max() <= 1


def test_black_is_flagged_after_two_seconds_and_bad_after_ten() -> None:
    one, black = meter(), np.full((90, 160), 16, dtype=np.uint8)
    watch(one, black, begin=0, seconds=1.8)
    assert flagged(one) == set()
    watch(one, black, begin=2, seconds=7.8)
    assert "black" in flagged(one)
    assert one.bad_for(9.9) is None
    assert one.bad_for(10) == "black"
    assert flagged(one) == {"black"}  # it stands still as well, and that is the same fault
    one.see(SCENE, 10.2)
    assert (flagged(one), one.bad_for(10.2)) == (set(), None)


def test_a_still_picture_with_a_key_frames_noise_is_frozen() -> None:
    one = meter()
    for index in range(26):
        one.see(SCENE + np.uint8(index % 10 == 0), index / 5)
    assert flagged(one) == {"freeze"}


def test_a_small_thing_that_moves_is_alive() -> None:
    one = meter()
    for index in range(60):
        picture = SCENE.copy()
        picture[40, index] = 235 if SCENE[40, index] < 128 else 16
        one.see(picture, index / 5)
    assert flagged(one) == set()


@pytest.mark.parametrize(
    ("sound", "seconds", "expected"),
    [
        pytest.param(NOISE * 0 + 300, 5, {"silence"}, id="a line's direct current is silence"),
        pytest.param(NOISE * np.array([1, 0], np.int16), 10, {"mono_loss"}, id="right is lost"),
        pytest.param(NOISE[:, [0, 0]] * np.array([1, -1], np.int16), 10, {"phase"}, id="opposed"),
        pytest.param(NOISE, 30, set(), id="sound"),
    ],
)
def test_sound_is_flagged_after_its_time(
    sound: NDArray[np.int16], seconds: float, expected: set[str]
) -> None:
    one = meter()
    listen(one, sound, begin=0, seconds=seconds - 0.2)
    assert flagged(one) == set()
    listen(one, sound, begin=seconds - 0.1, seconds=0.3)
    assert flagged(one) == expected


def test_a_minute_off_the_target_is_flagged_as_loudness() -> None:
    one = meter()
    listen(one, NOISE // 8, begin=0, seconds=62)
    assert "loudness" in flagged(one)


def test_an_exception_flags_nothing_and_time_begins_at_its_end() -> None:
    one = meter()
    one.excepted = {"silence"}
    listen(one, NOISE * 0, begin=0, seconds=60)
    assert (flagged(one), one.bad_for(60)) == (set(), None)
    one.excepted = ()
    listen(one, NOISE * 0, begin=60.1, seconds=4)
    assert flagged(one) == set()


def test_what_does_not_come_has_no_fault_of_content() -> None:
    one = meter()
    listen(one, NOISE * 0, begin=0, seconds=40)
    assert one.bad_for(40) == "silence"
    one.age(41.2)
    assert (flagged(one), one.bad_for(41.2)) == (set(), None)


def test_zero_seconds_is_never() -> None:
    limits = limits_of(ContentSettings(black_switch_s=0), is_radio=True)
    assert limits.switch_s == {"freeze": 20.0, "silence": 15.0}
    assert isinstance(limits, ContentLimits)
