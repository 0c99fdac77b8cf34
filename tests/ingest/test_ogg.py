"""Ogg: pages, songs after songs, and the times that FFmpeg reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from ingest.feed import Chunk, FeedStart
from ingest.ogg import OggFramer, PageReader, SongTitle, ogg_crc
from tests.ingest.sound import FFMPEGS, decode, sound


def page(
    body: bytes, *, flags: int = 0, position: int = 0, serial: int = 7, lacing: bytes = b""
) -> bytes:
    lacing = lacing or bytes([len(body)])
    head = b"OggS\0" + bytes([flags]) + position.to_bytes(8, "little", signed=True)
    head += serial.to_bytes(4, "little") + bytes(4)
    tail = bytes([len(lacing)]) + lacing + body
    crc = ogg_crc(head + bytes(4) + tail)
    return head + crc.to_bytes(4, "little") + tail


def opus_head() -> bytes:
    return b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0"


def opus_tags(*comments: str) -> bytes:
    coded = [comment.encode() for comment in comments]
    listed = b"".join(len(one).to_bytes(4, "little") + one for one in coded)
    return (
        b"OpusTags" + (1).to_bytes(4, "little") + b"x" + len(coded).to_bytes(4, "little") + listed
    )


def song(*comments: str, serial: int = 7, positions: tuple[int, ...] = (48_000, 96_000)) -> bytes:
    head = page(opus_head(), flags=2, serial=serial)
    tags = page(opus_tags(*comments), serial=serial)
    return head + tags + b"".join(page(b"\xfc", position=at, serial=serial) for at in positions)


def times(framer: OggFramer, data: bytes) -> list[tuple[int, int | None, bool]]:
    return [
        (event.media_us, event.reported_us, event.entry)
        for event in framer.receive(data)
        if isinstance(event, Chunk)
    ]


def test_the_checksum_is_that_of_the_standard() -> None:
    # The catalogues' check value of polynomial 0x04C11DB7, from 0, not reflected, not inverted.
    assert ogg_crc(b"123456789") == 0x89A1897F


def test_a_song_begins_with_its_header_pages_and_its_name() -> None:
    events = OggFramer().receive(song("artist=Ca sĩ", "TITLE=Bài hát"))
    head = page(opus_head(), flags=2) + page(opus_tags("artist=Ca sĩ", "TITLE=Bài hát"))
    assert events[0] == FeedStart("ogg", frozenset({"audio"}), head)
    assert events[1] == SongTitle("Ca sĩ - Bài hát")
    assert [isinstance(event, Chunk) for event in events[2:]] == [True, True]


def test_time_runs_on_from_song_to_song() -> None:
    framer = OggFramer()
    assert times(framer, song()) == [(0, 0, True), (1_000_000, 1_000_000, True)]
    assert times(framer, song(serial=8)) == [(2_000_000, 0, True), (3_000_000, 1_000_000, True)]


def test_a_nameless_song_ends_the_name_of_the_last() -> None:
    framer = OggFramer()
    framer.receive(song("TITLE=A"))
    assert SongTitle("") in framer.receive(song(serial=8))
    assert SongTitle("") not in framer.receive(song(serial=9))


def test_a_page_that_begins_inside_a_packet_is_no_entry() -> None:
    framer = OggFramer()
    framer.receive(song())
    data = page(b"\xfc" * 255, position=-1, lacing=b"\xff") + page(
        b"\xfc", flags=1, position=144_000
    )
    assert times(framer, data) == [(2_000_000, 2_000_000, True), (2_000_000, 2_000_000, False)]


def test_a_song_joined_in_its_middle_is_entered_where_the_time_is_known() -> None:
    assert times(OggFramer(), song(positions=(4_800_000, 4_848_000))) == [
        (100_000_000, 100_000_000, False),
        (100_000_000, 100_000_000, True),
    ]


def test_header_pages_may_be_many() -> None:
    tags = opus_tags("TITLE=A", "METADATA_BLOCK_PICTURE=" + "x" * 600)
    pieces = (
        page(opus_head(), flags=2)
        + page(tags[:510], lacing=b"\xff\xff")
        + page(tags[510:], flags=1, lacing=bytes([len(tags) - 510]))
    )
    events = OggFramer().receive(pieces + page(b"\xfc", position=48_000))
    assert isinstance(events[0], FeedStart)
    assert events[0].head == pieces
    assert events[1] == SongTitle("A")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (page(b"\x80theora", flags=2), "codec"),
        (page(opus_head(), flags=2) + page(opus_head(), flags=2, serial=8), "tracks"),
        (page(b"\x01vorbis" + bytes(23), flags=2), "codec"),
        (song(positions=(1 << 60,)), "timestamp"),
        (b"OggX" * 50_000, "parse"),
        (page(opus_head(), flags=2) + page(b"x" * 65_025, lacing=b"\xff" * 255) * 17, "size"),
    ],
)
def test_refuses_what_no_radio_sends(data: bytes, code: str) -> None:
    with pytest.raises(FormatError) as refused:
        OggFramer().receive(data)
    assert refused.value.code == code


def test_comments_that_lie_about_their_length_are_read_as_far_as_they_go() -> None:
    lying = (
        b"OpusTags"
        + bytes(4)
        + b"\xff\xff\xff\xff"
        + b"\x07\0\0\0TITLE=A"
        + b"\xff\xff\xff\x7fARTIST="
    )
    events = OggFramer().receive(
        page(opus_head(), flags=2) + page(lying) + page(b"\xfc", position=48_000)
    )
    assert SongTitle("A") in events


def test_finds_the_next_page_behind_a_damaged_one() -> None:
    damaged = bytearray(page(b"\xfc", position=144_000))
    damaged[-1] ^= 1
    framer = OggFramer()
    framer.receive(song())
    assert times(framer, bytes(damaged) + page(b"\xfc", position=192_000)) == [
        (2_000_000, 2_000_000, True)
    ]


@given(st.lists(st.integers(1, 90), max_size=20))
def test_cuts_alike_whatever_the_pieces(cuts: list[int]) -> None:
    data = b"garbage OggS" + song("TITLE=A") + song("TITLE=B", serial=8)
    framer, events, at = OggFramer(), [], 0
    for cut in [*cuts, len(data)]:
        events += framer.receive(data[at : at + cut])
        at += cut
    assert events == OggFramer().receive(data)


@given(
    st.lists(st.sampled_from([b"OggS", b"\0", b"\xff", opus_head(), page(opus_head(), flags=2)]))
)
def test_survives_any_bytes(parts: list[bytes]) -> None:
    PageReader().receive(b"".join(parts))


@pytest.mark.media
@pytest.mark.timeout(90)
@pytest.mark.parametrize("ffmpeg", FFMPEGS)
@pytest.mark.parametrize("codec", ["opus", "vorbis"])
def test_ffmpeg_reports_the_time_that_we_tell(ffmpeg: str, codec: str) -> None:
    framer = OggFramer()
    for number in range(2):
        events = framer.receive(sound(codec, title=f"Bài {number}"))
        start = next(event for event in events if isinstance(event, FeedStart))
        assert SongTitle(f"Ca sĩ - Bài {number}") in events
        chunks = [event for event in events if isinstance(event, Chunk)]
        for at in (0, 1, len(chunks) // 2):
            body = start.head + b"".join(chunk.data for chunk in chunks[at:])
            reported_s, seconds, complaints = decode(ffmpeg, "ogg", body)
            assert complaints == ""
            told_us = chunks[at].reported_us
            assert told_us is not None
            assert reported_s == pytest.approx(told_us / 1e6, abs=2e-6)
            assert seconds == pytest.approx(4.0 - reported_s, abs=0.05)
            assert chunks[at].media_us - told_us == pytest.approx(number * 4_000_000, abs=10_000)
