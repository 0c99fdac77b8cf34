"""Chunk streams: any messages, any split, any header; and what a stranger may not do."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from ingest.rtmp_chunks import ChunkReader, ChunkWriter, Message

LIMIT = 64 * 1024

messages = st.builds(
    Message,
    type_id=st.sampled_from([4, 8, 9, 18, 20]),
    stream_id=st.integers(0, 3),
    timestamp_ms=st.integers(0, 2**32 - 1) | st.sampled_from([0, 40, 0xFFFFFE, 0xFFFFFF, 2**24]),
    payload=st.binary(max_size=600),
)


def read(data: bytes, cuts: list[int] | None = None, limit: int = LIMIT) -> list[Message]:
    reader = ChunkReader(max_message_bytes=limit)
    found: list[Message] = []
    edges = [0, *sorted(cut for cut in cuts or [] if cut < len(data)), len(data)]
    for start, end in itertools.pairwise(edges):
        reader.receive(data[start:end])
        while (message := reader.next_message()) is not None:
            found.append(message)
    assert reader.pending_bytes == 0
    return found


@given(
    st.lists(st.tuples(messages, st.sampled_from([2, 3, 63, 64, 319, 320, 65_599])), max_size=12),
    st.sampled_from([1, 128, 4096]),
    st.lists(st.integers(1, 4_000), max_size=20),
)
def test_what_is_written_is_read_under_any_split(
    sent: list[tuple[Message, int]], chunk_bytes: int, cuts: list[int]
) -> None:
    writer = ChunkWriter()
    data = writer.write(Message(1, 0, 0, chunk_bytes.to_bytes(4, "big")), chunk_stream=2)
    writer.chunk_bytes = chunk_bytes
    data += b"".join(writer.write(message, chunk_stream=number) for message, number in sent)
    assert read(data, cuts) == [message for message, _ in sent]


def test_messages_interleave_on_their_chunk_streams() -> None:
    data = bytes.fromhex("04000000 0000c8 08 01000000") + b"a" * 128
    data += bytes.fromhex("06000000 000003 09 01000000") + b"vvv"
    data += bytes.fromhex("c4") + b"a" * 72
    assert [(m.type_id, len(m.payload)) for m in read(data)] == [(9, 3), (8, 200)]


def test_a_type_3_header_repeats_the_time_stamp_as_a_difference() -> None:
    data = bytes.fromhex("04 000028 000001 08 01000000 61 c4 62 84 000014 63 c4 64")
    assert [m.timestamp_ms for m in read(data)] == [40, 80, 100, 120]


@pytest.mark.parametrize("repeated", [True, False])
def test_the_extended_time_stamp_may_be_missing_in_what_goes_on(*, repeated: bool) -> None:
    stamp = bytes.fromhex("01000000")
    data = bytes.fromhex("04 ffffff 000082 09 01000000") + stamp + b"v" * 128 + b"\xc4"
    data += (stamp if repeated else b"") + b"ww"
    # the tail is longer than a time stamp, so that its absence shows
    data += bytes.fromhex("05 000000 000001 08 01000000 61")
    found = read(data)
    assert found[0].payload == b"v" * 128 + b"ww"
    assert found[0].timestamp_ms == 0x01000000


def test_an_abort_throws_away_what_was_gathered() -> None:
    data = bytes.fromhex("04000000 0000c8 08 01000000") + b"a" * 128
    data += bytes.fromhex("02000000 000004 02 00000000 00000004")
    data += bytes.fromhex("04000000 000001 08 01000000 62")
    assert [m.payload for m in read(data)] == [b"b"]


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("02000000 000004 01 00000000 80000000"),  # chunk size 2^31
        bytes.fromhex("02000000 000004 01 00000000 00000000"),  # chunk size 0
        bytes.fromhex("02000000 000002 01 00000000 0001"),  # half a chunk size
        bytes.fromhex("04000000 ffffff 09 01000000"),  # a message of 16 MB
        bytes.fromhex("c4") + bytes(64),  # type 3 before any other
        bytes.fromhex("84000000") + bytes(64),
        b"".join(
            bytes([number]) + bytes.fromhex("000000 0000ff 08 01000000") + bytes(128)
            for number in range(2, 40)
        ),  # a flood of chunk streams
        bytes.fromhex("04000000 0000c8 08 01000000") + bytes(128) + bytes([4]) + bytes(128),
    ],
)
def test_hostile_chunks_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read(data)


def test_unfinished_messages_are_bounded_together() -> None:
    begun = b"".join(
        bytes([number]) + bytes.fromhex("000000 0003e8 08 01000000") + bytes(999)
        for number in range(3, 30)
    )
    with pytest.raises(FormatError, match="unfinished"):
        read(bytes.fromhex("02000000 000004 01 00000000 000003e7") + begun, limit=1_000)


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    reader = ChunkReader(max_message_bytes=1_000)
    reader.receive(data)
    try:
        while reader.next_message() is not None:
            assert reader.pending_bytes <= len(data)
    except FormatError:
        pass
