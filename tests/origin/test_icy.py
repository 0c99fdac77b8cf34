"""origin.icy: titles between the bytes of sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.icy import IcyInterleaver, title_block
from tests.checker.icy import IcyReader


@pytest.mark.parametrize(
    ("title", "block"),
    [
        ("", b"\x01StreamTitle='';\0"),
        ("A", b"\x01StreamTitle='A';"),
        ("Ab", b"\x02StreamTitle='Ab';" + bytes(15)),
        ("Que\u0302", b"\x02StreamTitle='Qu\xc3\xaa';" + bytes(13)),
    ],
)
def test_a_title_fills_sixteenths(title: str, block: bytes) -> None:
    assert title_block(title) == block


def test_nothing_in_a_title_ends_it_early() -> None:
    reader = IcyReader(1)
    reader.receive(b"x" + title_block("Nhớ'; StreamUrl='http://x';\r\n\0 \"mẹ\""))
    assert reader.titles == [(1, "Nhớ’, StreamUrl=’http://x’,    ”mẹ”")]


@given(title=st.text(max_size=3_000))
def test_any_title_makes_a_block_that_a_strict_reader_takes(title: str) -> None:
    block = title_block(title)
    assert len(block) <= 1 + 255 * 16
    reader = IcyReader(1)
    reader.receive(b"x" + block + b"y")
    assert bytes(reader.sound) == b"xy"


def test_a_long_title_is_cut_between_two_characters() -> None:
    block = title_block("ế" * 2_000)
    assert block[0] == 255
    reader = IcyReader(1)
    reader.receive(b"x" + block)
    assert reader.titles == [(1, "ế" * 1_355)]  # 4080 bytes, less 15, by three


@given(
    chunks=st.lists(
        st.tuples(st.integers(min_value=0, max_value=70_000), st.sampled_from("AB")), max_size=12
    ),
    fill=st.integers(min_value=1, max_value=255),
)
def test_without_the_blocks_the_sound_is_what_it_was(
    chunks: list[tuple[int, str]], fill: int
) -> None:
    blocks = {title: title_block(title) for title in "AB"}
    interleaver, reader = IcyInterleaver(), IcyReader(16_000)
    sound = bytearray()
    for index, (length, title) in enumerate(chunks):
        chunk = bytes((index + at) % fill for at in range(length))
        sound += chunk
        reader.receive(b"".join(interleaver.interleave(chunk, blocks[title])))
    assert bytes(reader.sound) == bytes(sound)
    told = [title for _, title in reader.titles]
    assert all(a != b for a, b in zip(told, told[1:], strict=False))  # noqa: RUF007
    assert bool(told) == (len(sound) >= 16_000)


def test_a_title_is_told_first_and_then_when_it_changes() -> None:
    one, other = title_block("Một"), title_block("Hai")
    interleaver, reader = IcyInterleaver(), IcyReader(16_000)
    for block in (one, one, other, other, one):
        reader.receive(b"".join(interleaver.interleave(bytes(16_000), block)))
    assert reader.titles == [(16_000, "Một"), (48_000, "Hai"), (80_000, "Một")]


def test_sound_is_not_copied_where_no_block_is_due() -> None:
    sound = bytes(3_840)
    assert IcyInterleaver().interleave(sound, b"")[0] is sound
