"""transcoder.keeper: where a new encoder begins."""

from __future__ import annotations

import pytest

from core.timeline import PartAddress
from transcoder.keeper import first_segment


@pytest.mark.parametrize(
    ("newest", "tape_next", "expected"),
    [
        pytest.param({}, 96 * 100 + 10, 100, id="died before its first part: again from there"),
        pytest.param(
            {"720p": PartAddress(100, 2), "a96": PartAddress(100, 2)}, 96 * 100 + 60, 101,
            id="in the middle of 100: that is a hole, the next boundary is ahead",
        ),
        pytest.param(
            {"720p": PartAddress(100, 5), "a96": PartAddress(100, 4)}, 96 * 101 + 5, 101,
            id="the sound's last part of 100 is lost: 101 from the tape",
        ),
        pytest.param(
            {"720p": PartAddress(101, 0), "a96": PartAddress(101, 0)}, 96 * 101 + 25, 101,
            id="just after a boundary: the same segment again, no hole",
        ),
        pytest.param(
            {"720p": PartAddress(100, 2)}, 96 * 103 + 50, 104, id="long dead: the next boundary"
        ),
    ],
)  # fmt: skip
def test_first_segment(newest: dict[str, PartAddress], tape_next: int, expected: int) -> None:
    begun = 100
    assert first_segment(newest=newest, begun=begun, tape_next=tape_next, frame_rate=25) == expected
