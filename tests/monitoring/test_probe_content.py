"""Black, frozen and silent for too long."""

from __future__ import annotations

import numpy as np

from monitoring.probe_content import ContentWatch
from monitoring.probe_segment import Picture, SegmentFacts, SoundBlock

NOISE = np.random.default_rng(5)


def picture(luma: int | None = None, *, dark: float = 0.0) -> Picture:
    plane = NOISE.integers(16, 235, (22, 40)) if luma is None else np.full((22, 40), luma)
    return Picture(0.0, dark, plane.astype(np.uint8))


def sound(*levels: float) -> SoundBlock:
    return SoundBlock(0.0, 2.0, levels, np.zeros((len(levels), 4), np.float32))


def told(*segments: tuple[Picture | None, SoundBlock | None]) -> list[str]:
    """Show segments of 2 s; return what the last one brings."""
    watching = ContentWatch("output")
    found: list[str] = []
    for msn, (one, other) in enumerate(segments):
        facts = SegmentFacts("mp4", (), (one,) if one else (), (other,) if other else ())
        found = [fault.kind for fault in watching.take(facts, 2.0, msn)]
    return found


def test_a_moving_picture_with_sound_is_good() -> None:
    assert told(*[(picture(), sound(-20, -21))] * 1, (picture(), sound(-20, -20))) == []


def test_black_is_told_after_two_seconds_and_is_not_frozen_too() -> None:
    dark = picture(16, dark=1.0)
    assert told((dark, None)) == ["black"]
    assert told((dark, None), (dark, None), (dark, None)) == ["black"]
    assert told(*[(dark, None)] * 9) == ["black"]
    assert told((dark, None), (picture(), None)) == []


def test_a_frozen_picture_is_told_even_if_it_was_encoded_anew() -> None:
    still = picture()
    again = Picture(0.0, 0.0, still.luma.copy())
    again.luma[::2] ^= 1
    assert told((still, None), (again, None), (still, None), (again, None)) == ["freeze"]


def test_a_small_spot_that_moves_is_no_frozen_picture() -> None:
    still = picture(100)
    speaking = Picture(0.0, 0.0, still.luma.copy())
    speaking.luma[0, 0] = 140
    assert told(*[(still, None), (speaking, None)] * 3) == []


def test_silence_is_told_after_five_seconds() -> None:
    quiet = sound(-70, -80)
    assert told((None, quiet), (None, quiet)) == []
    assert told((None, quiet), (None, quiet), (None, quiet)) == ["silence"]
    assert told((None, quiet), (None, sound(-50, -50)), (None, quiet)) == []


def test_one_channel_that_is_lost_is_told_after_ten_seconds() -> None:
    half = sound(-20, -90)
    assert told(*[(None, half)] * 4) == []
    assert told(*[(None, half)] * 5) == ["mono_loss"]
    assert told(*[(None, sound(-90))] * 2) == []
