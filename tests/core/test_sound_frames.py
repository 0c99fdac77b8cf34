"""core.sound_frames: what a frame's header says, and chunks of ten."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.sound_frames import FrameHeader, SoundCutter, parse_mp3_header

FRAME = bytes.fromhex("fffb9400") + bytes(380)  # 128 kbit/s, 48 kHz, stereo, no CRC


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


@given(cuts=st.lists(st.integers(min_value=1, max_value=9_000), max_size=8))
def test_cuts_chunks_of_ten_frames_however_they_come(cuts: list[int]) -> None:
    frames = [FRAME[:4] + bytes([number]) * 380 for number in range(25)]
    data, cutter = b"".join(frames), SoundCutter()
    edges = [0, *sorted(cut for cut in set(cuts) if cut < len(data)), len(data)]
    made = [chunk for a, b in pairwise(edges) for chunk in cutter.receive(data[a:b])]
    assert made == [b"".join(frames[:10]), b"".join(frames[10:20])]
    with pytest.raises(FormatError, match="within a chunk"):
        cutter.finish()


@pytest.mark.parametrize(
    "wrong",
    [
        b"ID3\x03",
        bytes.fromhex("fffb9000"),  # 44.1 kHz
        bytes.fromhex("fffd8404"),  # layer II
        bytes.fromhex("fff380c4"),  # MPEG-2
    ],
)
def test_what_is_no_frame_of_ours_is_a_fault(wrong: bytes) -> None:
    cutter = SoundCutter()
    cutter.receive(FRAME)
    with pytest.raises(FormatError):
        cutter.receive(wrong + bytes(380))
