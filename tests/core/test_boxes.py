"""core.boxes: sizes are never trusted."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.boxes import MAX_BOX_BYTES, BoxReader, child, children, iter_boxes
from core.errors import FormatError


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def long_box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(payload)) + payload


def test_reads_short_and_long_sizes() -> None:
    data = box(b"free", b"ab") + long_box(b"mdat", b"cd")
    assert [(b.kind, bytes(b.payload)) for b in iter_boxes(data)] == [
        (b"free", b"ab"),
        (b"mdat", b"cd"),
    ]
    assert b"".join(b.raw for b in iter_boxes(data)) == data


def test_finds_children_along_a_path() -> None:
    data = box(b"moov", box(b"trak", box(b"tkhd", b"1")) + box(b"trak", b""))
    assert bytes(child(data, b"moov", b"trak", b"tkhd")) == b"1"
    assert len(children(child(data, b"moov"), b"trak")) == 2


def test_names_the_box_that_is_not_there() -> None:
    with pytest.raises(FormatError, match="no trak box"):
        child(box(b"moov"), b"moov", b"trak")


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0",  # not even a size
        box(b"free", b"abc")[:-1],
        struct.pack(">I4s", 0, b"mdat"),  # to the end of the file
        struct.pack(">I4s", 7, b"mdat"),  # smaller than its own header
        struct.pack(">I4sQ", 1, b"mdat", 15),
        struct.pack(">I4s", 1, b"mdat"),  # a long size that is not there
    ],
)
def test_refuses_a_size_that_cannot_be(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        list(iter_boxes(data))
    assert caught.value.code == "parse"


@pytest.mark.parametrize("size", [MAX_BOX_BYTES + 1, 2**63, 2**64 - 1])
def test_a_huge_size_asks_for_no_memory(size: int) -> None:
    reader = BoxReader()
    with pytest.raises(FormatError) as caught:
        reader.receive(struct.pack(">I4sQ", 1, b"mdat", size))
    assert caught.value.code == "size"


@given(
    payloads=st.lists(st.binary(max_size=40), max_size=8),
    cuts=st.lists(st.integers(min_value=0, max_value=500), max_size=8),
)
def test_any_cutting_gives_the_same_boxes(payloads: list[bytes], cuts: list[int]) -> None:
    boxes = [(long_box if i % 3 else box)(b"mdat", p) for i, p in enumerate(payloads)]
    data = b"".join(boxes) + b"\0\0"
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reader = BoxReader()
    found = [b for a, z in itertools.pairwise(edges) for b in reader.receive(data[a:z])]
    assert found == boxes
    assert reader.pending_bytes == 2
