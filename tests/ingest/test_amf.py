"""AMF0: what publishers send is read, what attackers send is refused."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from ingest.amf import AmfValue, decode_amf0, encode_amf0

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts.filter(bool), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(values, max_size=4))
def test_reading_what_was_written_gives_the_same(given_values: list[AmfValue]) -> None:
    assert decode_amf0(encode_amf0(*given_values)) == given_values


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0200036162630040000000000000000101", ["abc", 2.0, True]),
        ("0800000063000161050000 09", [{"a": None}]),
        ("100001540001610101000009", [{"a": True}]),
        ("0a000000020506", [[None, None]]),
        ("0b40000000000000000000", [2.0]),
        ("0c000000026869", ["hi"]),
        ("11060768656c", None),
        ("1103", [True]),
        ("11047f", [127.0]),
        ("110605 6869", ["hi"]),
        ("1104ffffffff", [-1.0]),
    ],
)
def test_reads_every_kind_that_encoders_use(data: str, expected: list[AmfValue] | None) -> None:
    raw = bytes.fromhex(data)
    if expected is None:
        with pytest.raises(FormatError):
            decode_amf0(raw + b"\xff")
    else:
        assert decode_amf0(raw) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"\x02\xff\xffshort",  # a string that lies about its length
        b"\x0c\xff\xff\xff\xffshort",
        b"\x0a\xff\xff\xff\xff" + b"\x05" * 3_000,  # an array that lies about its count
        b"\x0a\x00\x00\x00\x01" * 10_000,  # depth 10 000
        b"\x03\x00\x01a" * 10_000,
        b"\x07\x00\x00",  # a reference: how cycles are made
        b"\x05" * 100_000,
        b"\x03\x00\x01a",
        b"\x11\x0a\x0b\x01",  # an AMF3 object
        b"\x11\x06\x00",  # an AMF3 reference
        b"\x99",
    ],
)
def test_hostile_values_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode_amf0(data)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        decode_amf0(data)


def test_a_text_too_long_for_a_short_string_is_a_long_one() -> None:
    data = encode_amf0("x" * 70_000)
    assert data[:5] == b"\x0c" + struct.pack(">I", 70_000)
    assert decode_amf0(data) == ["x" * 70_000]
