"""core.sound_frames: what a frame's header says."""

from __future__ import annotations

import pytest

from core.sound_frames import FrameHeader, parse_mp3_header


@pytest.mark.parametrize(
    ("head", "header"),
    [
        ("fffb50c0", FrameHeader(208, 1152, 44_100, (3, 1, 44_100, 1))),
        ("fffb52c0", FrameHeader(209, 1152, 44_100, (3, 1, 44_100, 1))),
        ("fffb9400", FrameHeader(384, 1152, 48_000, (3, 1, 48_000, 2))),
        ("fff380c4", FrameHeader(208, 576, 22_050, (2, 1, 22_050, 1))),
        ("ffe348c4", FrameHeader(288, 576, 8_000, (0, 1, 8_000, 1))),
        ("fffd8404", FrameHeader(384, 1152, 48_000, (3, 2, 48_000, 2))),
        ("fffb00c0", None),  # free format
        ("fffbf0c0", None),
        ("fffb5cc0", None),
        ("ffeb50c0", None),
        ("fff950c0", None),
        ("00fb50c0", None),
    ],
)
def test_reads_a_header(head: str, header: FrameHeader | None) -> None:
    assert parse_mp3_header(bytes.fromhex(head)) == header
