"""tests.checker.icy: the strict listener sees what is wrong."""

from __future__ import annotations

import pytest

from tests.checker.icy import ChunkedReader, IcyReader


def test_titles_are_taken_out_wherever_the_bytes_are_cut() -> None:
    body = b"abcd" + b"\x02" + b"StreamTitle='Q\xc3\xaa';".ljust(32, b"\0") + b"efgh\0ij"
    for cut in range(len(body)):
        reader = IcyReader(4)
        reader.receive(body[:cut])
        reader.receive(body[cut:])
        assert (bytes(reader.sound), reader.titles) == (b"abcdefghij", [(4, "Qê")])


@pytest.mark.parametrize("block", [b"StreamTitle='a'b';", b"StreamTitle='a", b"StreamUrl='x';"])
def test_a_block_that_some_radio_would_misread_is_a_fault(block: bytes) -> None:
    reader = IcyReader(4)
    units = -(-len(block) // 16)
    with pytest.raises(AssertionError, match="no block"):
        reader.receive(b"abcd" + bytes((units,)) + block.ljust(units * 16, b"\0"))


def test_chunks_are_joined_and_the_last_one_ends() -> None:
    reader = ChunkedReader()
    assert reader.receive(b"3\r\nab") == b""
    assert reader.receive(b"c\r\n1\r\nd\r\n0\r\n\r\n") == b"abcd"
    assert reader.ended


def test_a_chunk_without_its_end_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="without its end"):
        ChunkedReader().receive(b"1\r\nabcd")
