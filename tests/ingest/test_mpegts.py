"""Transport streams: where a decoder may start, and what FFmpeg then reports."""

from __future__ import annotations

import itertools

import pytest

from core.errors import FormatError
from ingest.feed import Chunk, FeedStart
from ingest.mpegts import TsFeed, TsOutput
from tests.ingest.pictures import first_stamps_us, pictures
from tests.ingest.sound import FFMPEGS

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]


def read(data: bytes, size: int = 10_000) -> list[TsOutput]:
    feed = TsFeed()
    found: list[TsOutput] = []
    for at in range(0, len(data), size):
        found += feed.receive(data[at : at + size])
    return found


def body_from(items: list[TsOutput], number: int) -> tuple[Chunk, bytes]:
    """Return the entry of that number, and what a decoder that starts there is given."""
    (start,) = [item for item in items if isinstance(item, FeedStart)]
    chunks = [item for item in items if isinstance(item, Chunk)]
    entries = [at for at, chunk in enumerate(chunks) if chunk.entry]
    at = entries[number]
    rest = [
        chunk.data
        for chunk in chunks[at:]
        if chunk.track == "video" or chunk.media_us >= chunks[at].media_us
    ]
    return chunks[at], start.head + b"".join(rest)


@pytest.mark.parametrize("size", [1, 187, 188, 189, 65_536])
def test_any_split_gives_the_same_chunks(size: int) -> None:
    data = pictures("mpegts", seconds=1)
    assert read(data, size) == read(data)


@pytest.mark.parametrize("ffmpeg", FFMPEGS)
@pytest.mark.parametrize("offset_s", [0, 95_300, 95_441.5])
def test_an_entry_is_an_idr_and_its_time_is_what_ffmpeg_reports(
    ffmpeg: str, offset_s: float
) -> None:
    options = ("-pes_payload_size", "0", "-output_ts_offset", str(offset_s))
    items = read(pictures("mpegts", *options))
    for number in (0, 2):
        entry, body = body_from(items, number)
        stamps = first_stamps_us(ffmpeg, "mpegts", body)
        assert entry.reported_us is not None
        assert abs(stamps["video"][1] - entry.reported_us) <= 11  # one tick of 90 kHz
        assert abs(stamps["audio"][1] - entry.reported_us) < 200_000


def test_an_idr_stands_each_second_and_time_goes_on_past_the_wrap() -> None:
    items = read(pictures("mpegts", "-output_ts_offset", "95441.5"))
    entries = [item for item in items if isinstance(item, Chunk) and item.entry]
    assert len(entries) == 4
    steps = {b.media_us - a.media_us for a, b in itertools.pairwise(entries)}
    assert all(abs(step - 1_000_000) <= 12 for step in steps)


def test_in_sound_alone_every_packet_is_an_entry() -> None:
    items = read(pictures("mpegts", "-vn", seconds=2))
    (start,) = [item for item in items if isinstance(item, FeedStart)]
    assert start.tracks == {"audio"}
    chunks = [item for item in items if isinstance(item, Chunk)]
    assert len(chunks) == 5
    assert all(chunk.entry for chunk in chunks)


def test_what_is_no_transport_stream_is_refused() -> None:
    with pytest.raises(FormatError):
        read(b"\x00\x01" * 100_000)


def test_a_stream_is_found_behind_some_garbage() -> None:
    data = pictures("mpegts", seconds=1)
    clean = [item for item in read(data) if isinstance(item, Chunk)]
    assert [item for item in read(b"garbage" * 20 + data) if isinstance(item, Chunk)] == clean


def test_flipped_bits_are_survived_or_refused() -> None:
    data = bytearray(pictures("mpegts", seconds=1))
    for at in range(0, len(data), 97):
        data[at] ^= 1 << at % 8
    try:
        read(bytes(data))
    except FormatError as error:
        assert error.code in {"parse", "size"}  # noqa: PT017
