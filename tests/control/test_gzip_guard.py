"""Gzip is unpacked to the limit and not a byte further."""

from __future__ import annotations

import gzip
import zlib

import pytest

from control.faults import FaultError
from control.gzip_guard import MAX_BYTES, checked, unpack


def refused(data: bytes, limit: int = 100) -> str:
    with pytest.raises(FaultError) as caught:
        unpack(data, limit)
    return caught.value.code


def test_one_member_and_several_joined_and_padded() -> None:
    assert unpack(gzip.compress(b"abc"), 100) == b"abc"
    assert unpack(gzip.compress(b"abc") + gzip.compress(b"def") + bytes(512), 100) == b"abcdef"


def test_the_limit_holds_over_all_members() -> None:
    assert unpack(gzip.compress(b"x" * 100), 100) == b"x" * 100
    assert refused(gzip.compress(b"x" * 101)) == "too_large"
    assert refused(gzip.compress(b"x" * 60) * 2) == "too_large"


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b",
        gzip.compress(b"abc" * 20)[:-4],
        gzip.compress(b"abc" * 20)[:10] + b"\xff" * 30,
        gzip.compress(b"abc") + b"rest",
        zlib.compress(b"abc"),
    ],
)
def test_what_is_damaged_is_refused(data: bytes) -> None:
    assert refused(data) == "bad_gzip"


def test_a_file_is_checked_packed_or_not() -> None:
    assert checked(b"<tv/>") == b"<tv/>"
    assert checked(gzip.compress(b"<tv/>")) == b"<tv/>"
    for data in (bytes(MAX_BYTES + 1), gzip.compress(bytes(MAX_BYTES + 1))):
        with pytest.raises(FaultError) as caught:
            checked(data)
        assert caught.value.code == "too_large"
