"""core.jpeg: whole JPEGs out of bytes in any pieces."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.jpeg import JpegCutter, parse_jpeg_size


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(payload)) + payload


def make_jpeg(
    width: int = 256, height: int = 144, *, comment: bytes = b"", scan: bytes = b"x"
) -> bytes:
    """Write a JPEG's markers; a comment before and after its first scan."""
    frame = segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    begin = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    note = segment(0xFE, comment)
    return b"\xff\xd8" + note + frame + begin + scan + note + begin + scan + b"\xff\xd9"


TRAPS = make_jpeg(
    comment=b"\xff\xd9 inside \xff\xd8", scan=b"\xff\x00\xd9\xff\xd0\xff\x00\xff\xd7a"
)


def test_an_end_inside_a_payload_or_a_stuffed_byte_is_none() -> None:
    other = make_jpeg(16, 16)
    assert JpegCutter().receive(TRAPS + other + TRAPS) == [TRAPS, other, TRAPS]


@given(st.lists(st.integers(min_value=1, max_value=40), max_size=60))
def test_pieces_of_any_size_give_the_same_jpegs(sizes: list[int]) -> None:
    data = TRAPS + make_jpeg() + TRAPS
    cutter, found, at = JpegCutter(), [], 0
    for size in [*sizes, len(data)]:
        found += cutter.receive(data[at : at + size])
        at += size
    assert found == [TRAPS, make_jpeg(), TRAPS]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GIF89a", id="another format"),
        pytest.param(b"\xff\xd8\x00\x10", id="no marker"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x01", id="a segment of no length"),
        pytest.param(make_jpeg() + b"\x00\x00", id="bytes between two"),
        pytest.param(make_jpeg()[:-2] + b"s" * 4_000_000, id="no end"),
    ],
)
def test_what_is_no_jpeg_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        JpegCutter().receive(data)


def test_a_last_ff_waits_for_what_follows() -> None:
    cutter = JpegCutter()
    assert cutter.receive(make_jpeg()[:-1]) == []
    assert cutter.receive(b"\xd9") == [make_jpeg()]


def test_tells_the_size_of_exactly_one() -> None:
    assert parse_jpeg_size(make_jpeg(250, 140)) == (250, 140)
    no_frame = b"\xff\xd8" + segment(0xDA, b"\0" * 6) + b"x\xff\xd9"
    for bad in (
        b"",
        make_jpeg()[:-1],
        make_jpeg() * 2,
        make_jpeg(0, 5),
        no_frame,
        b"\xff\xd8\xff\xd9",
    ):
        with pytest.raises(FormatError):
            parse_jpeg_size(bad)
