"""FLV is cut into tags, however its bytes arrive."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from lensong.demo.flv import FlvReader, FlvTag

BYTES = (
    b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
    b"\x08\x00\x00\x03\x00\x00\x15\x00\x00\x00\x00abc\x00\x00\x00\x0e"
    b"\x09\x00\x00\x01\xff\xff\xfe\x01\x00\x00\x00d\x00\x00\x00\x0c"
)
TAGS = [FlvTag(8, 21, b"abc"), FlvTag(9, 0x01FFFFFE, b"d")]


@given(st.lists(st.integers(0, len(BYTES)), max_size=8))
def test_any_cutting_gives_the_same_tags(cuts: list[int]) -> None:
    reader = FlvReader()
    edges = [0, *sorted(cuts), len(BYTES)]
    found = []
    for start, end in itertools.pairwise(edges):
        found += reader.receive(BYTES[start:end])
    assert found == TAGS


def test_other_bytes_are_refused() -> None:
    with pytest.raises(FormatError):
        FlvReader().receive(b"\x00" * 13)
